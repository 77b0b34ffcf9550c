from odoo import fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..flows.credential_check import CredentialCheck
from ..flows.deadline import one_deadline
from ..flows.languages import translated
from ..flows.order_comparison import OrderComparison
from ..flows.runner import refresh_snapshot


class ExtensivCompareOrder(models.TransientModel):
    """Show what EIM says of one order now beside the sale order, its invoices and its payments. Nothing is changed."""

    _name = "extensiv.compare.order"
    _description = "Compare an Order with EIM"
    _rec_name = "order_id"

    order_id = fields.Many2one("extensiv.order", required=True, readonly=True, ondelete="cascade")
    result = fields.Html(readonly=True, sanitize=False)

    @one_deadline
    def action_read(self):
        """Ask EIM, and show what differs.

        :raise UserError: EIM could not be asked, or refused to answer
        """
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.order_id.check_access("read")
        order, words = self._ask()
        refresh_snapshot(self.env)
        comparison = OrderComparison(self.order_id.sudo().with_company(self.order_id.company_id), order, words)
        comparison.run()
        self.result = self.env["ir.qweb"]._render("extensiv_connector.order_comparison", {"comparison": comparison})
        return self._get_records_action(name=self.env._("Compare with EIM"), target="new")

    def _ask(self):
        """Return the ``wire.Order`` as EIM has it now; None, and EIM's words, where EIM does not give it."""
        account = self.order_id.account_id.sudo()
        if account.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", account.name))
        reference = self.order_id.cust_ref
        with account._asking_eim() as client:
            try:
                return client.get_order(reference), ""
            except eim.Refused as error:
                CredentialCheck(client, account).ask()  # or it is the key that EIM refuses
                return None, translated(self.env, error)

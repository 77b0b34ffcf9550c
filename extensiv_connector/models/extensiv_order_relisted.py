from odoo import fields, models
from odoo.exceptions import UserError

from ..flows import relisting


class ExtensivOrder(models.Model):
    """Orders that were cancelled and that EIM lists as new again, until a person decides."""

    _inherit = "extensiv.order"

    listed_again_at = fields.Datetime(
        "Listed Again",
        readonly=True,
        help="Since when EIM lists the cancelled order as new again. It is not acknowledged until a person decides.",
    )

    _listed_again_idx = models.Index("(account_id) WHERE listed_again_at IS NOT NULL")

    def action_import_after_all(self):
        """Make a new sale order of each of these cancelled orders, which EIM lists as new again.

        :raise UserError: where EIM does not, or the order lives
        """
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        for order in self.sudo():
            if not order.listed_again_at or not relisting.was_cancelled(order):
                raise UserError(
                    self.env._(
                        "Order %s is not imported anew: EIM does not list it as new again, or it was imported already.",
                        order.order_number,
                    )
                )
        for order in self.sudo().filtered(lambda order: not order.payload):
            order._fetch_payload()
        self.sudo()._import_anew()
        self.invalidate_recordset()
        self.account_id.sudo()._remind_responsible()
        if len(self) == 1 and self.state == "failed":
            return self.env["extensiv.account"]._notification(
                self.env._("Not imported"), self.message, "warning", sticky=True
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _import_anew(self):
        """Import these orders for a person, beside their cancelled sale orders; EIM is told by the next pass."""
        Run, person = self.env["extensiv.run"], self.env.user.name
        Run._commit_caller()
        deadline = Run._deadline()
        for account, orders in self.grouped("account_id").items():
            with Run._own_pass(account, deadline) as pass_:
                orders = orders.with_env(pass_.env)
                pass_.repeat_on_conflict(lambda orders=orders: relisting.import_anew(orders, person))
        self.env.ref("extensiv_connector.ir_cron_pull_orders").sudo()._trigger()
        Run._see_what_was_committed()

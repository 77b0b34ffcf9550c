from odoo import fields, models
from odoo.exceptions import UserError

from ..flows import relisting
from ..flows.runner import FlowRun, new_deadline, refresh_snapshot, release_locks
from ..flows.trigger import trigger


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
        person = self.env.user.name
        release_locks(self.env)
        deadline = new_deadline()
        for account, orders in self.grouped("account_id").items():
            with FlowRun.open(account, deadline) as pass_:
                orders = orders.with_env(pass_.env)
                pass_.retry_on_conflict(lambda orders=orders: relisting.import_anew(orders, person))
        trigger(self.env, "orders", self.account_id)
        refresh_snapshot(self.env)

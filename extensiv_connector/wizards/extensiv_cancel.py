from odoo import api, fields, models

from ..flows import cancelled_goods, twins


class ExtensivCancel(models.TransientModel):
    """Cancel a sale order that came from EIM, knowing what EIM will still believe."""

    _name = "extensiv.cancel"
    _description = "Cancel an Order from EIM"

    sale_order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    can_request = fields.Boolean(compute="_compute_can_request")
    request = fields.Boolean(
        "Ask EIM to cancel it too",
        help="Sent within minutes. Whether the cart takes it is up to the cart.",
    )
    picked_goods = fields.Text(
        "Picked Already", compute="_compute_picked_goods", help="Goods to put back, and labels to have voided."
    )
    why_no_request = fields.Char("EIM Is Not Asked", compute="_compute_can_request")

    @api.depends("sale_order_id")
    def _compute_can_request(self):
        for wizard in self:
            account = wizard.sale_order_id.extensiv_account_id.sudo()
            wizard.why_no_request = account and account._why_no_cancel_request()
            wizard.can_request = account and not wizard.why_no_request

    @api.depends("sale_order_id")
    def _compute_picked_goods(self):
        lying = cancelled_goods.find(self.sale_order_id)
        for wizard in self:
            wizard.picked_goods = lying.get(wizard.sale_order_id, False)

    def action_cancel_order(self):
        """Cancel the order here and, where asked for, request it at EIM."""
        self.ensure_one()
        order = self.sale_order_id
        order.with_context(**{cancelled_goods.KNOWS: True}).action_cancel()
        twins.tell_cancelled(order.sudo().extensiv_order_id)
        if self.request and self.can_request:
            order.extensiv_order_id.sudo()._request_cancel()
            order._message_log(body=self.env._("EIM will be asked to cancel the order."))
        else:
            order._message_log(body=self.env._("Cancelled here only: EIM still believes that we ship this order."))
        return {"type": "ir.actions.act_window_close"}

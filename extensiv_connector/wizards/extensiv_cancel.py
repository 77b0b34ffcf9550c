from odoo import fields, models


class ExtensivCancel(models.TransientModel):
    """Cancel a sale order that came from EIM, knowing what EIM will still believe."""

    _name = "extensiv.cancel"
    _description = "Cancel an Order from EIM"

    sale_order_id = fields.Many2one("sale.order", required=True, readonly=True, ondelete="cascade")
    can_request = fields.Boolean(compute="_compute_can_request")
    request = fields.Boolean(
        "Ask EIM to cancel it too",
        help="Sent within minutes. Whether the cart takes it is up to the cart. The route is inferred from EIM's "
        "documentation.",
    )

    def _compute_can_request(self):
        for wizard in self:
            wizard.can_request = wizard.sale_order_id.extensiv_account_id.sudo().request_cancel

    def action_cancel_order(self):
        """Cancel the order here and, where asked for, request it at EIM."""
        self.ensure_one()
        order = self.sale_order_id
        order.action_cancel()
        if self.request and self.can_request:
            order.extensiv_order_id.sudo()._request_cancel()
            order._message_log(body=self.env._("EIM will be asked to cancel the order."))
        else:
            order._message_log(body=self.env._("Cancelled here only: EIM still believes that we ship this order."))
        return {"type": "ir.actions.act_window_close"}

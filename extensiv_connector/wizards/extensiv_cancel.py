from odoo import api, fields, models


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
    why_no_request = fields.Char("EIM Is Not Asked", compute="_compute_can_request")

    @api.depends("sale_order_id")
    def _compute_can_request(self):
        for wizard in self:
            account = wizard.sale_order_id.extensiv_account_id.sudo()
            wizard.why_no_request = account and account._why_no_cancel_request()
            wizard.can_request = account and not wizard.why_no_request

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

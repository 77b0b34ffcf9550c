from odoo import api, fields, models

from ..flows import cancelled_goods


class SaleMassCancelOrders(models.TransientModel):
    """Cancelling orders of a list says what EIM will still believe of those that came from it."""

    _inherit = "sale.mass.cancel.orders"

    extensiv_warning = fields.Text(compute="_compute_extensiv_warning")

    @api.depends("sale_order_ids")
    def _compute_extensiv_warning(self):
        for wizard in self:
            wizard.extensiv_warning = cancelled_goods.warn(wizard.sale_order_ids) or False

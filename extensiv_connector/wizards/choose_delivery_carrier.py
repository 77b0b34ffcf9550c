from odoo import fields, models


class ChooseDeliveryCarrier(models.TransientModel):
    """Odoo's choice of a delivery method. On an order from EIM it chooses the method alone: the buyer paid the cart."""

    _inherit = "choose.delivery.carrier"

    extensiv_cust_ref = fields.Char(related="order_id.extensiv_cust_ref")

    def _get_delivery_rate(self):
        """Ask no carrier for a price that is not charged."""
        if self.extensiv_cust_ref:
            self.delivery_price = 0
            self.display_price = 0
            return {}
        return super()._get_delivery_rate()

from odoo import fields, models


class SaleReport(models.Model):
    """Sales analysis by cart and account."""

    _inherit = "sale.report"

    extensiv_cart_id = fields.Many2one(
        "extensiv.cart", "EIM Cart", readonly=True, groups="extensiv_connector.group_user"
    )
    extensiv_account_id = fields.Many2one(
        "extensiv.account", "EIM Account", readonly=True, groups="extensiv_connector.group_user"
    )

    def _select_additional_fields(self):
        """Add what the order is of; the report groups by the order already."""
        return {
            **super()._select_additional_fields(),
            "extensiv_cart_id": "s.extensiv_cart_id",
            "extensiv_account_id": "s.extensiv_account_id",
        }

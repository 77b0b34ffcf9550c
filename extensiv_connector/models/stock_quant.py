from odoo import models


class StockQuant(models.Model):
    """Every change of a quantity or a reservation wakes the push of stock levels."""

    _name = "stock.quant"
    _inherit = ["stock.quant", "extensiv.stock.trigger.mixin"]
    _stock_trigger_fields = frozenset(
        {"quantity", "reserved_quantity", "location_id", "owner_id", "lot_id", "product_id"}
    )

from odoo import api, models

# What a push depends on; writing anything else of a quant wakes nobody.
COUNTED = {"quantity", "reserved_quantity", "location_id", "owner_id", "lot_id", "product_id"}


class StockQuant(models.Model):
    """Every change of a quantity or a reservation wakes the push of stock levels, once a transaction."""

    _inherit = "stock.quant"

    @api.model_create_multi
    def create(self, vals_list):
        self.env["extensiv.account"]._wake_inventory()
        return super().create(vals_list)

    def write(self, vals):
        if not COUNTED.isdisjoint(vals):
            self.env["extensiv.account"]._wake_inventory()
        return super().write(vals)

    def unlink(self):
        self.env["extensiv.account"]._wake_inventory()
        return super().unlink()

from odoo import models
from odoo.tools import plaintext2html


class StockMove(models.Model):
    _inherit = "stock.move"

    def _get_new_picking_values(self):
        """Put what the buyer asked for where it is packed."""
        values = super()._get_new_picking_values()
        wishes = [order.extensiv_instructions for order in self.sale_line_id.order_id if order.extensiv_instructions]
        if wishes:
            values["note"] = plaintext2html("\n".join(wishes))
        return values

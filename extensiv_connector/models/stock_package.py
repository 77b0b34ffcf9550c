from odoo import models

from ..flows.packages import NUMBER_FIELD
from ..flows.tracking import update_tracking


class StockPackage(models.Model):
    _inherit = "stock.package"

    def write(self, vals):
        """Take up the tracking numbers that carriers' apps keep on packages, also of what left before."""
        result = super().write(vals)
        if any(map(NUMBER_FIELD.fullmatch, vals)) and not self.env.context.get("extensiv_validating"):
            lines = (
                self.env["stock.move.line"]
                .sudo()
                .search([("result_package_id", "child_of", self.ids), ("state", "=", "done")])
            )
            update_tracking(lines.picking_id)
        return result

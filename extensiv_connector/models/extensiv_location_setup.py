from odoo import models


class ExtensivLocation(models.Model):
    """What the check before going live asks of the mapping."""

    _inherit = "extensiv.location"

    def _stock_roots(self):
        """Return the locations of Odoo whose stock, children included, this location of EIM stands for."""
        return self.stock_location_id

    def _overlaps(self, other):
        """Whether some stock belongs to both locations of EIM."""
        return any(
            one.parent_path.startswith(another.parent_path) or another.parent_path.startswith(one.parent_path)
            for one in self._stock_roots() for another in other._stock_roots()
        )

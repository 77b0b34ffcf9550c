from odoo import api, fields, models

from ..flows.level_warning import LevelWarning


class ExtensivLocation(models.Model):
    """What a location's mapping would make of EIM's levels: the preview, and a warning while a form is edited."""

    _inherit = "extensiv.location"

    level_preview = fields.Html("What Would Change", store=False, readonly=True, sanitize=False)

    def action_preview_stock(self):
        """Show EIM's levels of this location beside what would be pushed, also while Push Stock is off."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        mapped = self.filtered(lambda location: location.source == "all" or location.stock_location_id)
        return self.account_id._preview_stock(mapped)

    @api.onchange("push_enabled", "source", "stock_location_id")
    def _onchange_mapping(self):
        """Warn before a mapping changes many levels. EIM is not asked: what it accepted last is what is known."""
        account = self.account_id
        if not (self.push_enabled and account.push_inventory and account.state == "connected"):
            return None
        if self.source != "all" and not self.stock_location_id:
            return None
        levels = LevelWarning(account, self)
        warning = levels.of_settings()
        self.level_preview = warning and levels.largest_changes()
        return warning

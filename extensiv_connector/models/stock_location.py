from collections import defaultdict

from odoo import fields, models

from ..flows.stock_sources import find_sources


class StockLocation(models.Model):
    """What lies where decides which level of EIM counts it: a location that is moved wakes the push."""

    _name = "stock.location"
    _inherit = ["stock.location", "extensiv.stock.trigger.mixin"]
    _stock_trigger_fields = frozenset({"location_id", "active", "usage", "company_id"})

    extensiv_location_ids = fields.Many2many(
        "extensiv.location",
        string="Feeds in EIM",
        compute="_compute_extensiv_location_ids",
        groups="extensiv_connector.group_user",
        help="The locations of EIM whose stock levels count this location.",
    )
    extensiv_pushed_at = fields.Datetime(
        "Last Pushed to EIM",
        compute="_compute_extensiv_location_ids",
        groups="extensiv_connector.group_user",
        help="When EIM last accepted a level of one of them.",
    )

    def _compute_extensiv_location_ids(self):
        Location = self.env["extensiv.location"]
        feeds = defaultdict(Location.browse)
        for account, mapped in Location.search([("push_enabled", "=", True)]).grouped("account_id").items():
            for target, source in zip(mapped, find_sources(account.sudo(), mapped), strict=True):
                for place in self._ids_in(source.location_ids):
                    feeds[place] |= target
        for location in self:
            location.extensiv_location_ids = feeds[location.id]
            location.extensiv_pushed_at = max(filter(None, feeds[location.id].mapped("pushed_at")), default=False)

    def _ids_in(self, location_ids):
        """Return those of ``location_ids`` that are among these."""
        return set(self.ids).intersection(location_ids)

from odoo import fields, models
from odoo.fields import Domain


class StockLocation(models.Model):
    _inherit = "stock.location"

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
        mapped = Location.search(
            Domain("push_enabled", "=", True)
            & (Domain("source", "=", "all") | Domain("stock_location_id", "parent_of", self.ids))
        )
        for location in self:
            feeds = mapped.filtered(lambda target, location=location: target._counts(location))
            location.extensiv_location_ids = feeds
            location.extensiv_pushed_at = max(filter(None, feeds.mapped("pushed_at")), default=False)

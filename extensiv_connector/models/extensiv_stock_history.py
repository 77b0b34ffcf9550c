from odoo import api, fields, models
from odoo.tools import SQL

from ..flows import retention
from ..flows.spreadsheet import quote_export

# Why EIM was told a level. Flows know these keys, see ``flows/stock_levels.py``.
CAUSES = [
    ("first", "First push"),
    ("stock", "Stock changed"),
    ("setting", "Setting changed"),
    ("restated", "Stated again"),
    ("repeated", "Repeated after a lost answer"),
    ("zero", "Set to zero by a person"),
    ("repaired", "Repaired"),
]
LATEST = 5  # what an explanation shows of it


class ExtensivStockHistory(models.Model):
    """One quantity that EIM accepted of a level: when, instead of which, and why."""

    _name = "extensiv.stock.history"
    _description = "EIM Stock Level History"
    _order = "id desc"
    _rec_name = "date"
    _log_access = False  # a flow writes them by the hundred thousand

    level_id = fields.Many2one("extensiv.stock.level", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True)
    sku = fields.Char("SKU", related="level_id.sku")
    location_id = fields.Many2one(related="level_id.location_id")
    account_id = fields.Many2one(related="level_id.account_id")
    product_id = fields.Many2one(related="level_id.product_id", help="What feeds the level now.")
    date = fields.Datetime("Accepted On", required=True, readonly=True, help="When EIM accepted the quantity.")
    quantity_before = fields.Integer(
        "From", readonly=True, aggregator=None, help="What EIM had accepted before; nothing before the first push."
    )
    quantity = fields.Integer("To", readonly=True, aggregator=None, help="What EIM accepted, whole units.")
    cause = fields.Selection(
        CAUSES,
        "Why",
        readonly=True,
        help="Stock changed: a quantity, a reservation, a transfer or an order of the product. Setting changed: "
        "nothing of that, so that a mapping, a buffer, a rule or another setting did it. Stated again: the same, "
        "because somebody or the schedule wanted it told anew. Repeated: EIM had been told, and had not answered. "
        "Repaired: EIM held another quantity than it had accepted.",
    )

    def export_data(self, fields_to_export):
        """Quote what others wrote that begins like a formula."""
        return quote_export(super().export_data(fields_to_export))

    @api.model
    def _latest(self, location, product):
        """Return what a location of EIM was told last of a product."""
        return self.search(
            [("level_id.location_id", "=", location._origin.id), ("level_id.product_id", "=", product.id)], limit=LATEST
        )

    @api.autovacuum
    def _gc_history(self):
        """Keep the history of the last days. The oldest come first: of these alone is looked at."""
        limit = 20_000
        self.env.cr.execute(
            SQL(
                """DELETE FROM extensiv_stock_history WHERE id IN (
                      SELECT id FROM (SELECT id, date FROM extensiv_stock_history ORDER BY id LIMIT %s) AS oldest
                       WHERE date < %s)""",
                limit,
                retention.get_oldest(self.env, "history"),
            )
        )
        deleted = self.env.cr.rowcount
        self.invalidate_model()
        return deleted, deleted == limit

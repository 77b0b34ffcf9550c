from odoo import api, models
from odoo.tools import SQL


class ExtensivStockLevel(models.Model):
    """Zeros that a person decides about: held back until they are confirmed, or asked for."""

    _inherit = "extensiv.stock.level"

    @api.model
    def _confirm_zeros(self, account, pairs):
        """Note that a person confirmed that these levels may become zero; the safety stop does not hold them then.

        A confirmation is used up when EIM accepts a quantity of the level.

        :param pairs: iterable of (location id, SKU), of locations of ``account``
        """
        self._note_pairs(account, pairs, SQL("zero_allowed"))

    @api.model
    def _ask_for_zeros(self, account, pairs):
        """Have EIM told zero once of these levels, whatever the rule of their products says.

        :param pairs: iterable of (location id, SKU), of locations of ``account``
        """
        self._note_pairs(account, pairs, SQL("zero_asked"))

    @api.model
    def _note_pairs(self, account, pairs, column):
        """Set the Boolean ``column`` of the levels of (location id, SKU) ``pairs``, made where they are not known."""
        pairs = sorted(set(pairs))
        if not pairs:
            return
        self.env["extensiv.location"].flush_model(["account_id", "company_id"])
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_stock_level (location_id, company_id, sku, unconfirmed, %(column)s)
               SELECT location.id, location.company_id, noted.sku, FALSE, TRUE
                 FROM unnest(%(locations)s::int[], %(skus)s::text[]) AS noted(location_id, sku)
                 JOIN extensiv_location AS location
                      ON location.id = noted.location_id AND location.account_id = %(account)s
                   ON CONFLICT (location_id, sku) DO UPDATE
                  SET %(column)s = TRUE, held_at = NULL, held_reason = NULL""",
                column=column,
                locations=[location for location, _sku in pairs],
                skus=[sku for _location, sku in pairs],
                account=account.id,
            )
        )
        self.invalidate_model()

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..flows.trigger import trigger
from ..flows.zero_stop import TOUCHED


class ExtensivStockLevel(models.Model):
    """Zeros that a person decides about: held back until they are confirmed, or asked for."""

    _inherit = "extensiv.stock.level"

    @api.depends("quantity", "pushed_at", "remote_quantity", "held_at")
    def _compute_held_quantity(self):
        """What was not read is no number: NULL in the database, which the field reads as 0."""
        self.flush_recordset(["remote_quantity"])
        unread = {
            level
            for [level] in self.env.execute_query(
                SQL(
                    "SELECT id FROM extensiv_stock_level WHERE id = ANY (%s) AND remote_quantity IS NULL",
                    self._origin.ids,
                )
            )
        }
        for level in self:
            level.held_becomes = 0
            if not level.held_at:
                level.held_quantity = False
            elif level.pushed_at:
                level.held_quantity = str(level.quantity)
            else:
                level.held_quantity = "?" if level._origin.id in unread else str(level.remote_quantity)

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
    def _set_zero(self, zeros):
        """Ask for zeros with the next push, and return what to tell the person who wants them.

        :param zeros: ``{account: [(location id, SKU)]}``
        :raise UserError: there is nothing to set to zero
        """
        zeros = {account: pairs for account, pairs in zeros.items() if pairs}
        if not zeros:
            raise UserError(
                self.env._(
                    "There is nothing to set to zero: no SKU that was told to EIM, or no location that is pushed."
                )
            )
        Account = self.env["extensiv.account"]
        for account, pairs in zeros.items():
            self._ask_for_zeros(account, pairs)
        trigger(self.env, "inventory", self.env["extensiv.account"].union(*zeros))
        told = self.env._("EIM is told 0 of %s levels with the next push.", sum(map(len, zeros.values())))
        off = [account.name for account in zeros if account.state != "connected" or not account.push_inventory]
        if not off:
            return Account._notification(self.env._("Set to Zero at EIM"), told)
        by_hand = self.env._("Stock is not pushed by itself for %s: press Push Stock Now there.", ", ".join(off))
        return Account._notification(self.env._("Set to Zero at EIM"), f"{told} {by_hand}", "warning")

    @api.model
    def _hold(self, account, held):
        """Note zeros that wait for a person, those EIM was never told as levels of their own.

        :param held: ``flows.zero_stop.Held`` tuples
        """
        if not held:
            return
        locations, skus, products, reasons, remote = map(list, zip(*held, strict=True))
        self.flush_model()
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_stock_level AS level
                      (location_id, company_id, sku, product_id, unconfirmed, held_at, held_reason, remote_quantity)
               SELECT held.location_id, %(company)s, held.sku, product.id, FALSE, %(now)s, held.reason, held.remote
                 FROM unnest(%(locations)s::int[], %(skus)s::text[], %(products)s::int[], %(reasons)s::text[],
                             %(remote)s::int[]) AS held(location_id, sku, product_id, reason, remote)
                 LEFT JOIN product_product AS product ON product.id = held.product_id
                   ON CONFLICT (location_id, sku) DO UPDATE
                  SET held_at = COALESCE(level.held_at, EXCLUDED.held_at), held_reason = EXCLUDED.held_reason,
                      remote_quantity = EXCLUDED.remote_quantity,
                      product_id = CASE WHEN %(touched)s THEN level.product_id ELSE EXCLUDED.product_id END
                WHERE (level.held_at IS NULL, level.held_reason, level.remote_quantity)
                      IS DISTINCT FROM (FALSE, EXCLUDED.held_reason, EXCLUDED.remote_quantity)""",
                company=account.company_id.id,
                now=fields.Datetime.now(),
                locations=locations,
                skus=skus,
                products=products,
                reasons=reasons,
                remote=remote,
                touched=TOUCHED,
            )
        )
        self.invalidate_model()

    @api.model
    def _release(self, pairs):
        """Let zeros wait no more: they are none any more, or they may be told.

        :param pairs: list of (location id, SKU)
        """
        self._execute_on(
            pairs,
            SQL(
                """UPDATE extensiv_stock_level AS level SET held_at = NULL, held_reason = NULL
                 FROM pair WHERE level.location_id = pair.location_id AND level.sku = pair.sku"""
            ),
        )

    @api.model
    def _drop_noted(self, pairs):
        """Forget what was noted of levels that EIM was never told and that nothing feeds any more."""
        self._execute_on(
            pairs,
            SQL(
                """DELETE FROM extensiv_stock_level AS level USING pair
                WHERE level.location_id = pair.location_id AND level.sku = pair.sku AND NOT %s""",
                TOUCHED,
            ),
        )

    @api.model
    def _execute_on(self, pairs, statement):
        """Run SQL on ``pair(location_id, sku)``."""
        if not pairs:
            return
        self.flush_model()
        locations, skus = map(list, zip(*pairs, strict=True))
        self.env.cr.execute(
            SQL(
                "WITH pair AS (SELECT * FROM unnest(%s::int[], %s::text[]) AS pair(location_id, sku)) %s",
                locations,
                skus,
                statement,
            )
        )
        self.invalidate_model()

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

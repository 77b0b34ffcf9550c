"""What a push of stock keeps of its levels: marked before EIM is told them, written when it answered."""

from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from .read_back import address_of
from .runner import FlowRun
from .sku_feed import TOUCHED
from .unanswered import Unanswered


class StockRead(NamedTuple):
    """When stock was read, naive UTC with its fractions of a second, and the newest move there was.

    A transaction at work just then has an older time, but its moves come later: both together say what changed since.
    ``settled_at`` is before all that other transactions at work just then have written, and may not have shown yet.
    """

    moment: datetime
    last_move_id: int | None
    settled_at: datetime


class StockRecords(FlowRun):
    """A pass that pushes levels, as far as it reads and writes them."""

    def __init__(self, account, deadline):
        super().__init__(account, deadline)
        self.names = {}
        """``{location id: name}``"""
        self.location_key = ""
        self.addresses = {}
        """``{location id: what names it in a push}``, without those whose ID at EIM would have to be known"""
        self.stock_read = None
        """When the pass read what it states."""
        self.accepted = []
        self.refused = {}
        """``{Change: eim.EimError}``; both are what EIM answered and is not written yet."""

    @cached_property
    def unanswered(self):
        return Unanswered(self)

    def read_stock_moment(self):
        """Return the ``StockRead`` of this moment, by the database's clock."""
        [row] = self.env.execute_query(
            SQL(
                """SELECT clock_timestamp() AT TIME ZONE 'UTC', (SELECT MAX(id) FROM stock_move),
                      (SELECT COALESCE(MIN(xact_start) - INTERVAL '1 millisecond', clock_timestamp())
                         FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
                      ) AT TIME ZONE 'UTC'"""
            )
        )
        return StockRead(*row)

    def is_as_pushed(self, location):
        """Whether a location is named still as this pass names it."""
        return (
            location.name == self.names[location.id]
            and address_of(location) == self.addresses.get(location.id, "")
            and self.account.location_key == self.location_key
        )

    def mark_sending(self, changes):
        """Mark levels as about to be pushed, so that what EIM holds of them is not known until it answers."""
        locations, skus, quantities = _columns(changes)
        products = [change.product_id for change in changes]
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_stock_level
                      (location_id, company_id, sku, product_id, unconfirmed, told_quantity)
               SELECT new.location_id, %s, new.sku, product.id, TRUE, new.quantity
                 FROM unnest(%s::int[], %s::text[], %s::int[], %s::int[])
                      AS new(location_id, sku, product_id, quantity)
                 LEFT JOIN product_product AS product ON product.id = new.product_id
                   ON CONFLICT (location_id, sku) DO UPDATE
                  SET product_id = EXCLUDED.product_id, unconfirmed = TRUE, told_quantity = EXCLUDED.told_quantity""",
                self.account.company_id.id,
                locations,
                skus,
                products,
                quantities,
            )
        )
        self.env["extensiv.stock.level"].invalidate_model()

    def unmark(self, changes):
        """Take the mark back of levels that EIM was not told; what it was never told is no level yet."""
        locations, skus, _quantities = _columns(changes)
        unsent = SQL("unnest(%s::int[], %s::text[]) AS unsent(location_id, sku)", locations, skus)
        same = SQL("level.location_id = unsent.location_id AND level.sku = unsent.sku")
        self.env.cr.execute(
            SQL("UPDATE extensiv_stock_level AS level SET unconfirmed = FALSE FROM %s WHERE %s", unsent, same)
        )
        self.env.cr.execute(
            SQL(
                """DELETE FROM extensiv_stock_level AS level USING %s
                WHERE %s AND NOT %s AND held_at IS NULL AND NOT COALESCE(zero_allowed OR zero_asked, FALSE)""",
                unsent,
                same,
                TOUCHED,
            )
        )
        self.env["extensiv.stock.level"].invalidate_model()

    def write_answers(self):
        """Write what EIM accepted, as of when the stock was read, and what it refused, of levels marked before.

        What it accepted of a location that was renamed meanwhile stays unconfirmed: under its new name it is told anew.
        """
        locations = self.account.location_ids.filtered(lambda location: location.id in self.names)
        same = set(locations.filtered(self.is_as_pushed).ids)
        accepted = [change for change in self.accepted if change.location_id in same]
        if accepted:
            self.write_accepted(accepted)
        if self.refused:
            self.env.cr.execute(
                SQL(
                    """UPDATE extensiv_stock_level AS level
                      SET refused_quantity = new.quantity, refused_at = %s, unconfirmed = FALSE,
                          unanswered = NULL, next_try = NULL, cause = NULL
                     FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, quantity)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                    fields.Datetime.now(),
                    *_columns(self.refused),
                )
            )
        self.env["extensiv.stock.level"].invalidate_model()

    def write_accepted(self, changes):
        """Write what EIM accepted, and keep in the history what it replaced, and why."""
        self.env.cr.execute(
            SQL(
                """WITH new AS (
                        SELECT * FROM unnest(%(locations)s::int[], %(skus)s::text[], %(quantities)s::int[],
                                             %(causes)s::text[]) AS new(location_id, sku, quantity, cause)),
                    accepted AS (
                        UPDATE extensiv_stock_level AS level
                           SET quantity = new.quantity, pushed_at = %(moment)s, unconfirmed = FALSE,
                               refused_quantity = NULL, refused_at = NULL, last_move_id = %(last_move)s,
                               held_at = NULL, held_reason = NULL, zero_allowed = FALSE, zero_asked = FALSE,
                               unanswered = NULL, next_try = NULL, cause = NULL
                          FROM new JOIN extensiv_stock_level AS before USING (location_id, sku)
                         WHERE level.id = before.id
                     RETURNING level.id, level.company_id, before.pushed_at IS NOT NULL AS was_known,
                               before.quantity AS quantity_before, new.quantity, new.cause)
               INSERT INTO extensiv_stock_history (level_id, company_id, date, quantity_before, quantity, cause)
               SELECT id, company_id, %(now)s, CASE WHEN was_known THEN quantity_before END, quantity, cause
                 FROM accepted""",
                **dict(zip(("locations", "skus", "quantities"), _columns(changes), strict=True)),
                causes=[change.cause or "stock" for change in changes],
                moment=self.stock_read.moment,
                last_move=self.stock_read.last_move_id,
                now=fields.Datetime.now(),
            )
        )

    def write_unanswered(self, next_tries):
        """Write with how many levels at once EIM gave no usable answer to each.

        :param next_tries: ``{Change: when it is told again}``; the others are by the next pass
        """
        if not (sizes := self.unanswered.sizes):
            return
        self.env.cr.execute(
            SQL(
                """UPDATE extensiv_stock_level AS level SET unanswered = new.size, next_try = new.next_try
                 FROM unnest(%s::int[], %s::text[], %s::int[], %s::timestamp[]) AS new(location_id, sku, size, next_try)
                WHERE level.location_id = new.location_id AND level.sku = new.sku AND level.unconfirmed""",
                [change.location_id for change in sizes],
                [change.sku for change in sizes],
                list(sizes.values()),
                [next_tries.get(change) for change in sizes],
            )
        )
        self.env["extensiv.stock.level"].invalidate_model()

    def write_compared(self, locations):
        """Write that all levels of these locations (ids) were what EIM has, or wait for a person, when stock was read.

        What changes later without a change of stock is made by a setting; a stock that went up and down before, or
        was reserved and left, explains no zero of it.
        """
        self.env.cr.execute(
            SQL(
                "UPDATE extensiv_location SET compared_at = %s, compared_move_id = %s WHERE id = ANY (%s)",
                self.stock_read.settled_at,
                self.stock_read.last_move_id,
                locations,
            )
        )
        self.env["extensiv.location"].invalidate_model(["compared_at", "compared_move_id"])


def _columns(changes):
    """Return the lists of location ids, SKUs and quantities."""
    return (
        [change.location_id for change in changes],
        [change.sku for change in changes],
        [change.quantity for change in changes],
    )

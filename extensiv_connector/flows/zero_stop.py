"""The safety stop: many zeros that no stock explains wait for a person, everything else of a pass goes on."""

import time
from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from ..eim import errors as eim
from .credential_check import may_be_the_key
from .inventory_reading import InventoryReading, read_inventory
from .sku_feed import TOUCHED
from .stock_changes import Accepted, changed_since

# So many zeros are nobody's harm, whatever made them; of more, they stop where they are more than a third.
FEW = 5
THIRD = 3
# EIM is read for so long, of a pass of less than a minute; what was not read is asked again after so many minutes.
READ_SECONDS = 12
READ_AGAIN_MINUTES = 60


class Known(NamedTuple):
    """What is known of a level that would become zero; ``remote_quantity`` is what EIM held when it was read.

    ``since`` (naive UTC, and ``last_move_id``, the newest move then) is when its stock was last known to be what EIM
    was told: when EIM accepted it, or when a later pass found nothing to tell of it.
    """

    product_id: int | None
    quantity: int
    pushed_at: datetime | None
    since: datetime | None
    last_move_id: int | None
    is_allowed: bool
    held_at: datetime | None
    remote_quantity: int | None


NOTHING = Known(None, 0, None, None, None, False, None, None)


class Kept(NamedTuple):
    """A level that an earlier pass or a person left behind: it waits, or EIM was never told it."""

    location_id: int
    sku: str
    is_held: bool
    is_touched: bool

    @property
    def key(self):
        return self[:2]


class Held(NamedTuple):
    """A zero that waits, why, and what EIM held of it, if that was read."""

    location_id: int
    sku: str
    product_id: int | None
    reason: str
    remote_quantity: int | None

    @property
    def key(self):
        return self[:2]


class Suspects(NamedTuple):
    """Zeros of a location of which EIM may hold more, though nothing explains them.

    :param above: how many SKUs are above zero there
    :param remote: ``{SKU: what EIM holds, None: not known}`` of zeros never pushed before
    """

    changes: list
    above: int
    remote: dict


class ZeroStop:
    """Decide which zeros of a pass wait for a person, location by location and all of them together.

    Those are zeros of what EIM holds above zero, or may, and which nobody confirmed, without a change of the
    product's stock since EIM accepted the level, or since a pass found it right. They wait where they are more than
    ``FEW`` and more than a third of what is above zero, in their location or in all of the account; and what waits
    goes on waiting when it gets fewer.

    :param push: the ``StockPush`` whose zeros these are
    """

    def __init__(self, push):
        self.push = push
        self.account = push.account
        self.env = push.env
        self.names = push.names
        self.errors = push.errors
        self.Level = self.env["extensiv.stock.level"]
        self.known = {}  # {(location id, SKU): Known} of the zeros in question
        self.reading = None  # of EIM's inventory, once it was needed
        self.allowed = []  # (location id, SKU) of first zeros that do no harm, not to be looked at again
        self.bases = {}  # {location id: levels above zero}

    def let_through(self, changes):
        """Return the ``Change`` list without the zeros that wait; these are stored and a person is told."""
        zeros = defaultdict(list)
        for change in changes:
            if not change.quantity:
                zeros[change.location_id].append(change)
        kept = self.find_kept()
        waited = {level.location_id for level in kept if level.is_held}
        many = len({change.sku for of_location in zeros.values() for change in of_location}) > FEW
        held = self.find_held(zeros) if many or not waited.isdisjoint(zeros) else []
        if held or self.allowed or kept or self.errors.has_held():
            self.push.retry_on_conflict(lambda: self.store(kept, changes, held))
        if held:
            self.push.messages.append(
                self.env._("%s zeros wait for a person to confirm them, see the errors.", len(held))
            )
        waiting = {level.key for level in held}
        return [change for change in changes if change.key not in waiting]

    # -- which wait

    def find_held(self, zeros):
        """Return the zeros that wait, a ``Held`` each.

        :param zeros: ``{location id: Changes to zero}``
        """
        self.known = self._read_known([change for of_location in zeros.values() for change in of_location])
        doubtful = self._without_explained(
            {location: list(filter(self._is_loss, of_location)) for location, of_location in zeros.items()}
        )
        self.push.commit()  # no snapshot is held while EIM is asked
        together = self._is_many_together(doubtful, {})
        suspects = {}
        for location, in_location in doubtful.items():
            waited = any(self.known[change.key].held_at for change in in_location)
            if waited or together or _is_many(in_location, self._count_above_zero([location])):
                suspects[location] = self._find_suspects(location, in_location)
            else:
                self._allow(in_location)
        together = together and self._is_many_together(
            {location: found.changes for location, found in suspects.items()},
            {location: found.above for location, found in suspects.items()},
        )
        return [
            held
            for location, found in suspects.items()
            for held in self._find_held_in(location, doubtful[location], found, together)
        ]

    def _is_loss(self, change):
        """Whether EIM may hold more than zero, and nobody confirmed the zero."""
        known = self.known[change.key]
        return not known.is_allowed and (not known.pushed_at or known.quantity)

    def _without_explained(self, zeros):
        """Return ``zeros`` without those of products whose stock changed since EIM accepted their level."""
        changed = changed_since(
            self.account,
            [
                Accepted(*change[:3], self.known[change.key].since, self.known[change.key].last_move_id)
                for of_location in zeros.values()
                for change in of_location
                # What feeds the SKU now did so when the level was accepted.
                if change.product_id
                and change.product_id == self.known[change.key].product_id
                and self.known[change.key].pushed_at
            ],
        )
        return {
            location: [change for change in of_location if change.key not in changed]
            for location, of_location in zeros.items()
        }

    def _find_suspects(self, location, zeros):
        """Look up at EIM what it may hold above zero of ``zeros`` in one location that nothing explains."""
        above = self._count_above_zero([location])
        first = [change for change in zeros if not self.known[change.key].pushed_at]
        remote = self._find_remote(location, first) if first else {}
        suspects = [change for change in zeros if remote.get(change.sku) != 0]
        if first:
            above = max(above, self._count_above_at_eim(location, suspects, remote))
        return Suspects(suspects, above, remote)

    def _find_held_in(self, location, zeros, found, together):
        """Return the zeros that wait in one location, of ``zeros`` that nothing explains.

        :param found: ``Suspects`` among them
        :param together: whether the zeros of all locations are many
        """
        suspects = found.changes
        if not together and not _is_many(suspects, found.above):
            suspects = [change for change in suspects if self.known[change.key].held_at]
        waiting = {change.sku for change in suspects}
        self._allow([change for change in zeros if change.sku not in waiting])
        if not suspects:
            return []
        self.bases[location] = found.above
        return [
            Held(*change[:3], _reason(change, self.known[change.key]), found.remote.get(change.sku))
            for change in suspects
        ]

    def _allow(self, zeros):
        """Keep first zeros that go on, so that EIM is not read again for those that this pass has no time for."""
        self.allowed += [change.key for change in zeros if not self.known[change.key].pushed_at]

    def _read_known(self, zeros):
        """Return ``{(location id, SKU): Known}`` of the levels."""
        rows = self.env.execute_query(
            SQL(
                """SELECT level.location_id, level.sku, level.product_id,
                      GREATEST(level.quantity, CASE WHEN level.unconfirmed THEN level.told_quantity END, 0),
                      level.pushed_at,
                      CASE WHEN is_compared THEN location.compared_at ELSE level.pushed_at END,
                      CASE WHEN is_compared THEN location.compared_move_id ELSE level.last_move_id END,
                      COALESCE(level.zero_allowed, FALSE) OR COALESCE(level.zero_asked, FALSE),
                      level.held_at, level.remote_quantity
                 FROM unnest(%s::int[], %s::text[]) AS zero(location_id, sku)
                 JOIN extensiv_stock_level AS level USING (location_id, sku)
                 JOIN extensiv_location AS location ON location.id = level.location_id
                CROSS JOIN LATERAL (
                      SELECT location.compared_at > level.pushed_at
                             AND (level.held_at IS NOT NULL
                                  OR NOT COALESCE(level.unconfirmed, FALSE) AND level.refused_at IS NULL)
                      ) AS compared(is_compared)""",
                [change.location_id for change in zeros],
                [change.sku for change in zeros],
            )
        )
        known = {row[:2]: Known(*row[2:]) for row in rows}
        return {change.key: known.get(change.key, NOTHING) for change in zeros}

    # -- how many are above zero

    def _is_many_together(self, zeros, above):
        """Whether the zeros of all locations are a person's to decide: of more SKUs than a few, and many levels.

        :param zeros: ``{location id: Changes}``
        :param above: ``{location id: levels above zero}`` as far as known
        """
        changes = [change for in_location in zeros.values() for change in in_location]
        if len({change.sku for change in changes}) <= FEW:
            return False
        others = [location for location in self.names if location not in above]
        return _is_many(changes, sum(above.values()) + self._count_above_zero(others))

    def _count_above_zero(self, locations):
        """Return how many levels of the locations (ids) EIM accepted above zero."""
        return self.Level.search_count([("location_id", "in", locations), ("quantity", ">", 0)])

    def _count_above_at_eim(self, location, suspects, remote):
        """Return how many SKUs EIM holds above zero in a location; what could not be read counts as such."""
        unread = sum(remote.get(change.sku, 0) is None for change in suspects)
        if self.reading is None:
            return self.env["extensiv.location"].browse(location).above_zero_count
        name = self.names[location]
        above = sum(1 for (at, _sku), quantity in self.reading.quantities().items() if at == name and quantity > 0)
        return above + unread

    def _find_remote(self, location, first):
        """Return ``{SKU: what EIM holds, None where that is not known}`` of zeros never pushed before.

        EIM is read where it must be: not again for those that wait already, but for what could not be read long ago.
        """
        read_at = self.env["extensiv.location"].browse(location).zeros_read_at
        patient = read_at and read_at > fields.Datetime.subtract(fields.Datetime.now(), minutes=READ_AGAIN_MINUTES)
        remote = {
            change.sku: self.known[change.key].remote_quantity
            for change in first
            if self.known[change.key].held_at and (patient or self.known[change.key].remote_quantity is not None)
        }
        unknown = [change.sku for change in first if change.sku not in remote]
        if unknown:
            self._read()
            quantities = self._find_at_eim(location)
            for sku in unknown:
                seen = self.reading.is_complete or sku in self.reading.items
                remote[sku] = max(0, quantities.get(sku, 0)) if seen else None
        return remote

    def _find_at_eim(self, location):
        """Return ``{SKU: what EIM was read to hold in a location}``.

        What EIM is told of a location that it does not know it may book to another: there, the most it holds counts.
        """
        name = self.names[location]
        quantities = self.reading.quantities()
        here = {sku: quantity for (at, sku), quantity in quantities.items() if at == name}
        if here or self.env["extensiv.location"].browse(location).remote_pk:
            return here
        for (_at, sku), quantity in quantities.items():
            here[sku] = max(quantity, here.get(sku, 0))
        return here

    def _read(self):
        """Read EIM's inventory once a pass, for as long as there is time.

        :raise eim.EimError: EIM asks to wait, or refuses the credentials
        """
        if self.reading is not None:
            return
        client = self.push.client
        max_wait = client.max_wait
        try:
            seconds = min(READ_SECONDS, self.push.seconds_left() / 3)
            self.reading = read_inventory(client, time.monotonic() + seconds, max_wait=2.0)
        except (eim.RateLimited, eim.CredentialsRefused):
            raise
        except eim.EimError as error:
            if may_be_the_key(error):
                self.push.check.ask()
            self.reading = InventoryReading()
        finally:
            client.max_wait = max_wait

    # -- what is stored

    def find_kept(self):
        """Return the ``Kept`` levels of the account, but for zeros that a person asked for."""
        rows = self.env.execute_query(
            SQL(
                """SELECT level.location_id, level.sku, level.held_at IS NOT NULL, %(touched)s
                 FROM extensiv_stock_level AS level
                WHERE level.location_id = ANY (%(locations)s) AND NOT COALESCE(level.zero_asked, FALSE)
                  AND (level.held_at IS NOT NULL OR level.pushed_at IS NULL AND NOT %(touched)s)""",
                touched=TOUCHED,
                locations=list(self.names),
            )
        )
        return [Kept(*row) for row in rows]

    def store(self, kept, changes, held):
        """Write which zeros wait, let go of those that do no more, and tell a person."""
        waiting = {level.key for level in held}
        live = {change.key for change in changes}
        waited = {level.key for level in kept if level.is_held}
        self.forget([level.key for level in kept if not level.is_touched and level.key not in live])
        self.release([level.key for level in kept if level.is_held and level.key not in waiting])
        self.hold(held)
        self.Level._confirm_zeros(self.account, self.allowed)
        locations = self.env["extensiv.location"].browse(list(self.bases))
        if self.reading is not None:
            locations.zeros_read_at = fields.Datetime.now()
        for location in locations:
            if location.above_zero_count != self.bases[location.id]:
                location.above_zero_count = self.bases[location.id]
        newly = {level.location_id for level in held if level.key not in waited}
        self.errors.record_held(held, self.bases, newly)

    def hold(self, held):
        """Write which zeros wait for a person, those EIM was never told as levels of their own.

        :param held: ``Held`` tuples
        """
        if not held:
            return
        locations, skus, products, reasons, remote = map(list, zip(*held, strict=True))
        self.Level.flush_model()
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
                company=self.account.company_id.id,
                now=fields.Datetime.now(),
                locations=locations,
                skus=skus,
                products=products,
                reasons=reasons,
                remote=remote,
                touched=TOUCHED,
            )
        )
        self.Level.invalidate_model()

    def release(self, pairs):
        """Let zeros wait no more: they are none any more, or they may be pushed.

        :param pairs: list of (location id, SKU)
        """
        self._execute_on(
            pairs,
            SQL(
                """UPDATE extensiv_stock_level AS level SET held_at = NULL, held_reason = NULL
                 FROM pair WHERE level.location_id = pair.location_id AND level.sku = pair.sku"""
            ),
        )

    def forget(self, pairs):
        """Delete levels that EIM was never told and that nothing feeds any more."""
        self._execute_on(
            pairs,
            SQL(
                """DELETE FROM extensiv_stock_level AS level USING pair
                WHERE level.location_id = pair.location_id AND level.sku = pair.sku AND NOT %s""",
                TOUCHED,
            ),
        )

    def _execute_on(self, pairs, statement):
        """Run SQL on ``pair(location_id, sku)``."""
        if not pairs:
            return
        self.Level.flush_model()
        locations, skus = map(list, zip(*pairs, strict=True))
        self.env.cr.execute(
            SQL(
                "WITH pair AS (SELECT * FROM unnest(%s::int[], %s::text[]) AS pair(location_id, sku)) %s",
                locations,
                skus,
                statement,
            )
        )
        self.Level.invalidate_model()


def _is_many(zeros, above):
    """Whether so many zeros are a person's to decide, of ``above`` levels above zero."""
    return len(zeros) > FEW and len(zeros) * THIRD > above


def _reason(change, known):
    """Return the key of ``held_reason`` for a zero."""
    if not known.pushed_at:
        return "first"
    if not change.product_id:
        return "unfed"
    return "setting" if change.product_id == known.product_id else "product"

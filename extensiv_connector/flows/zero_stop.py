"""The safety stop: many zeros that no stock explains wait for a person, everything else of a pass goes on."""

import time
from collections import defaultdict
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from ..eim import errors as eim
from .credential_check import may_be_the_key
from .inventory_reading import InventoryReading, read_inventory
from .stock_changes import Accepted, changed_since

# So many zeros are nobody's harm, whatever made them; of more, they stop where they are more than a third.
FEW = 5
THIRD = 3
# EIM is read for so long, of a pass of less than a minute; what was not read is asked again after so many minutes.
READ_SECONDS = 12
READ_AGAIN_MINUTES = 60
# SQL for whether EIM was ever told a ``level``; others note what a person decided, or is to decide, beforehand.
TOUCHED = SQL("(level.pushed_at IS NOT NULL OR level.unconfirmed OR level.refused_at IS NOT NULL)")


class Known(NamedTuple):
    """What is known of a level that would become zero; ``remote_quantity`` is what EIM held when it was read.

    ``since`` (naive UTC, and ``last_move_id``, the newest move then) is when its stock was last known to be what EIM
    was told: when EIM accepted it, or when a later pass found nothing to tell of it.
    """

    product_id: int | None
    quantity: int
    pushed_at: object
    since: object
    last_move_id: int | None
    is_allowed: bool
    held_at: object
    remote_quantity: int | None


NOTHING = Known(None, 0, None, None, None, False, None, None)


class Held(NamedTuple):
    """A zero that waits, why, and what EIM held of it, if that was read."""

    location_id: int
    sku: str
    product_id: int | None
    reason: str
    remote_quantity: int | None


class ZeroStop:
    """Decide which zeros of a pass wait for a person, location by location and all of them together.

    Those are zeros of what EIM holds above zero, or may, and which nobody confirmed, without a change of the
    product's stock since EIM accepted the level, or since a pass found it right. They wait where they are more than
    ``FEW`` and more than a third of what is above zero, in their location or in all of the account; and what waits
    goes on waiting when it gets fewer.

    :param names: ``{location id: name}`` of the account
    """

    def __init__(self, pass_, names):
        self.pass_, self.names = pass_, names
        self.account, self.env = pass_.account, pass_.env
        self.Level = self.env["extensiv.stock.level"]
        self.reading = None  # of EIM's inventory, once it was needed
        self.allowed = []  # (location id, SKU) of first zeros that do no harm, not to be looked at again
        self.bases = {}  # {location id: levels above zero}

    def let_through(self, changes):
        """Return the ``Change`` list without the zeros that wait; these are noted and told to a person."""
        zeros = defaultdict(list)
        for change in changes:
            if not change.quantity:
                zeros[change.location_id].append(change)
        noted = self._noted()
        waited = {location for location, _sku, is_held, _touched in noted if is_held}
        many = len({change.sku for of_location in zeros.values() for change in of_location}) > FEW
        held = self._held(zeros) if many or not waited.isdisjoint(zeros) else []
        if held or self.allowed or noted or self.Level._has_held_errors(self.account, self.names):
            self.pass_.retry_on_conflict(lambda: self._note(noted, changes, held))
        if held:
            self.pass_.messages.append(
                self.env._("%s zeros wait for a person to confirm them, see the errors.", len(held))
            )
        waiting = {(each.location_id, each.sku) for each in held}
        return [change for change in changes if change[:2] not in waiting]

    # -- which wait

    def _held(self, many):
        """Return the zeros that wait, a ``Held`` each.

        :param many: ``{location id: Changes to zero}``
        """
        known = self._known([change for of_location in many.values() for change in of_location])
        doubtful = {
            location: [
                change
                for change in of_location
                if not known[change[:2]].is_allowed and (not known[change[:2]].pushed_at or known[change[:2]].quantity)
            ]
            for location, of_location in many.items()
        }
        doubtful = self._unexplained(doubtful, known)
        self.pass_.commit()  # no snapshot is held while EIM is asked
        together = self._is_many_together(doubtful, {})
        found = {}
        for location, zeros in doubtful.items():
            waited = any(known[change[:2]].held_at for change in zeros)
            if waited or together or _is_many(zeros, self._above_zero([location])):
                found[location] = self._suspects(location, zeros, known)
            else:
                self._allow(location, zeros, known)
        together = together and self._is_many_together(
            {location: suspects for location, (suspects, _above, _remote) in found.items()},
            {location: above for location, (_suspects, above, _remote) in found.items()},
        )
        held = []
        for location, in_location in found.items():
            held += self._held_in(location, doubtful[location], *in_location, known, together)
        return held

    def _suspects(self, location, zeros, known):
        """Look up at EIM what it may hold above zero of ``zeros`` in one location that nothing explains.

        :return: these, how many SKUs are above zero there, and ``{SKU: what EIM holds, None: not known}``
        """
        above = self._above_zero([location])
        first = [change for change in zeros if not known[change[:2]].pushed_at]
        remote = self._remote(location, first, known) if first else {}
        suspects = [change for change in zeros if remote.get(change.sku) != 0]
        if first:
            above = max(above, self._above_at_eim(location, suspects, remote))
        return suspects, above, remote

    def _held_in(self, location, zeros, suspects, above, remote, known, together):
        """Return the zeros that wait in one location, of ``zeros`` that nothing explains.

        :param suspects: see ``_suspects``, as are ``above`` and ``remote``
        :param together: whether the zeros of all locations are many
        """
        if not together and not _is_many(suspects, above):
            suspects = [change for change in suspects if known[change[:2]].held_at]
        waiting = {change.sku for change in suspects}
        self._allow(location, [change for change in zeros if change.sku not in waiting], known)
        if not suspects:
            return []
        self.bases[location] = above
        return [Held(*change[:3], _reason(change, known[change[:2]]), remote.get(change.sku)) for change in suspects]

    def _allow(self, location, zeros, known):
        """Note first zeros that go on, so that EIM is not read again for those that this pass has no time for."""
        self.allowed += [(location, change.sku) for change in zeros if not known[change[:2]].pushed_at]

    def _known(self, zeros):
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
        return {change[:2]: known.get(change[:2], NOTHING) for change in zeros}

    def _unexplained(self, doubtful, known):
        """Return ``doubtful`` without the zeros of products whose stock changed since EIM accepted their level."""
        changed = changed_since(
            self.account,
            [
                Accepted(*change[:3], known[change[:2]].since, known[change[:2]].last_move_id)
                for zeros in doubtful.values()
                for change in zeros
                # What feeds the SKU now did so when the level was accepted.
                if change.product_id
                and change.product_id == known[change[:2]].product_id
                and known[change[:2]].pushed_at
            ],
        )
        return {
            location: [change for change in zeros if change[:2] not in changed] for location, zeros in doubtful.items()
        }

    # -- how many are above zero

    def _is_many_together(self, zeros, above):
        """Whether the zeros of all locations are a person's to decide: of more SKUs than a few, and many levels.

        :param zeros: ``{location id: Changes}``; :param above: ``{location id: levels above zero}`` as far as known
        """
        changes = [change for in_location in zeros.values() for change in in_location]
        if len({change.sku for change in changes}) <= FEW:
            return False
        others = [location for location in self.names if location not in above]
        return _is_many(changes, sum(above.values()) + self._above_zero(others))

    def _above_zero(self, locations):
        """Return how many levels of the locations (ids) EIM accepted above zero."""
        return self.Level.search_count([("location_id", "in", locations), ("quantity", ">", 0)])

    def _above_at_eim(self, location, suspects, remote):
        """Return how many SKUs EIM holds above zero in a location; what could not be read counts as such."""
        unread = sum(remote.get(change.sku, 0) is None for change in suspects)
        if self.reading is None:
            return self.env["extensiv.location"].browse(location).above_zero_count
        name = self.names[location]
        above = sum(1 for (at, _sku), quantity in self.reading.quantities().items() if at == name and quantity > 0)
        return above + unread

    def _remote(self, location, first, known):
        """Return ``{SKU: what EIM holds, None where that is not known}`` of zeros never pushed before.

        EIM is read where it must be: not again for those that wait already, but for what could not be read long ago.
        """
        read_at = self.env["extensiv.location"].browse(location).zeros_read_at
        patient = read_at and read_at > fields.Datetime.subtract(fields.Datetime.now(), minutes=READ_AGAIN_MINUTES)
        remote = {
            change.sku: known[change[:2]].remote_quantity
            for change in first
            if known[change[:2]].held_at and (patient or known[change[:2]].remote_quantity is not None)
        }
        unknown = [change.sku for change in first if change.sku not in remote]
        if unknown:
            self._read()
            quantities = self._at_eim(location)
            for sku in unknown:
                seen = self.reading.is_complete or sku in self.reading.items
                remote[sku] = max(0, quantities.get(sku, 0)) if seen else None
        return remote

    def _at_eim(self, location):
        """Return ``{SKU: what EIM was read to hold in a location}``.

        What EIM is told of a location that it does not know it may book to another: there, the most it holds counts.
        """
        name, quantities = self.names[location], self.reading.quantities()
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
        client = self.pass_.client
        max_wait = client.max_wait
        try:
            seconds = min(READ_SECONDS, self.pass_.seconds_left() / 3)
            self.reading = read_inventory(client, time.monotonic() + seconds, max_wait=2.0)
        except (eim.RateLimited, eim.CredentialsRefused):
            raise
        except eim.EimError as error:
            if may_be_the_key(error):
                self.pass_.check.ask()
            self.reading = InventoryReading()
        finally:
            client.max_wait = max_wait

    # -- what is noted

    def _noted(self):
        """Return ``[(location id, SKU, whether it waits, whether EIM was ever told it)]`` of what was noted before."""
        return self.env.execute_query(
            SQL(
                """SELECT level.location_id, level.sku, level.held_at IS NOT NULL, %(touched)s
                 FROM extensiv_stock_level AS level
                WHERE level.location_id = ANY (%(locations)s) AND NOT COALESCE(level.zero_asked, FALSE)
                  AND (level.held_at IS NOT NULL OR level.pushed_at IS NULL AND NOT %(touched)s)""",
                touched=TOUCHED,
                locations=list(self.names),
            )
        )

    def _note(self, noted, changes, held):
        """Write which zeros wait, let go of those that do no more, and tell a person."""
        waiting = {(each.location_id, each.sku) for each in held}
        live = {change[:2] for change in changes}
        self.Level._drop_noted([row[:2] for row in noted if not row[3] and row[:2] not in live])
        self.Level._release([row[:2] for row in noted if row[2] and row[:2] not in waiting])
        before = {row[:2] for row in noted if row[2]}
        new = [each for each in held if each[:2] not in before]
        self.Level._hold(self.account, held)
        self.Level._confirm_zeros(self.account, self.allowed)
        locations = self.env["extensiv.location"].browse(list(self.bases))
        if self.reading is not None:
            locations.zeros_read_at = fields.Datetime.now()
        for location in locations:
            if location.above_zero_count != self.bases[location.id]:
                location.above_zero_count = self.bases[location.id]
        self.Level._note_held(self.account, self.names, held, self.bases, {each.location_id for each in new})


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

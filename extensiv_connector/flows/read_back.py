"""The proof that what is pushed to a location stands there at EIM, before all of its levels are pushed.

EIM refuses no location that it does not know: it sets one up, maybe under another name, or books to its default
location. So the first level of each location is read back; the location's name among the levels of the SKU is the
proof. The quantity proves nothing, for EIM subtracts recent orders.
"""

from datetime import timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL, groupby

from ..eim import errors as eim
from .credential_check import is_suspicious, may_be_the_key
from .refusals import ALL_REFUSED

LOOK_AGAIN = timedelta(minutes=10)
# Where EIM names no location at all of what it accepted, and a person was told, it is asked again so much later.
SELDOM = timedelta(days=1)
# By so many SKUs a location is looked for that was pushed to before anything was read back; one of them is enough.
SAMPLE = 3


def address_of(location):
    """Return what names a location in a push, by the location key of its account; empty: its ID at EIM is not known."""
    key = location.account_id.location_key
    if key == "pk":
        return location.remote_pk or ""
    if key in ("wms_warehouse_id", "wms_warehouse_name"):
        return location[key] or location.name
    return location.name


class Seen(NamedTuple):
    """What EIM answered for one SKU: its ``wire.LevelAt`` objects, None where it could not be asked, and its error."""

    levels: tuple | None
    error: eim.EimError | None = None

    def names(self):
        """Return the names of the locations, each once."""
        return list(dict.fromkeys(level.location for level in self.levels or () if level.location))


class ReadBack:
    """Which locations a pass may push to, by what was read back of them.

    ``extensiv.location`` remembers it: ``read_back_state``, ``read_back_at`` (when it is looked for again) and
    ``read_back``, committed before the first level is pushed: ``{"sku", "before": {location name: what stood there}}``,
    ``elsewhere``, the names of the locations where it was found instead, and ``listed``, of all where EIM has the SKU.

    :param push: the ``StockPush`` that pushes to them
    """

    def __init__(self, push):
        self.push = push
        self.account = push.account
        self.env = push.env
        self.waiting = set()
        """Ids of the locations that this pass may not push to."""

    def _location(self, location_id):
        return self.env["extensiv.location"].browse(location_id)

    # -- what was pushed before

    def look(self):
        """Look for what earlier passes pushed to locations of which nothing is proven yet, where it is time to.

        :raise eim.EimError: EIM asks to wait, or refuses the credentials
        """
        now = fields.Datetime.now()
        pending = (
            self.env["extensiv.location"]
            .browse(location for location in self.push.pushed_location_ids if location in self.push.addresses)
            .filtered(lambda location: location.read_back_state in ("assumed", "waiting"))
        )
        due = pending.filtered(lambda location: not location.read_back_at or location.read_back_at <= now)
        later = (pending - due).mapped("read_back_at")
        skus = {location.id: self._find_skus(location) for location in due}
        if later:
            self.push.retry_on_conflict(lambda: self._plan(min(later) - now))
        # However slow EIM is to show it, most of the pass is left to push.
        enough = self.push.seconds_left() * 2 / 3 if skus else 0
        for location_id, of_location in skus.items():
            if self.push.seconds_left() < enough:
                self.push.retry_on_conflict(lambda: self._plan(timedelta(minutes=1)))
                break
            self._look_at(location_id, of_location)

    def _find_skus(self, location):
        """Return by which SKUs to look for a location: the one pushed first, or some that EIM accepted before.

        :return: ``{SKU: whether it says something that EIM does not show it there}``; it may leave out zeros
        """
        if location.read_back_state == "waiting":
            return {location.read_back["sku"]: True}
        rows = self.env.execute_query(
            SQL(
                """SELECT sku, quantity FROM extensiv_stock_level WHERE location_id = %s AND pushed_at IS NOT NULL
                ORDER BY quantity > 0 DESC, pushed_at DESC, id LIMIT %s""",
                location.id,
                SAMPLE,
            )
        )
        return {sku: quantity > 0 for sku, quantity in rows}

    def _look_at(self, location_id, skus):
        """Look for a location among the levels of SKUs that were pushed to it, until one shows it.

        :param skus: as ``_find_skus`` returns them
        """
        location = self._location(location_id)
        if not skus:
            self.push.retry_on_conflict(lambda: location.write({"read_back_state": "to_check"}))
            return
        is_last = bool(location.read_back_at)
        before = location.read_back["before"] if location.read_back else None
        self.push.commit()  # no snapshot is held while EIM is asked
        without = []
        for sku, is_telling in skus.items():
            seen = self._read(sku)
            if seen.levels is None or self._find_here(location_id, seen.levels):
                break
            if is_telling:
                without.append((sku, seen))
        else:
            if not without:
                return  # zeros alone: the next pass looks again
            # One that is shown in other locations says more than one of which EIM shows nothing.
            sku, seen = max(without, key=lambda each: bool(each[1].names()))
        elsewhere = self._find_elsewhere(location_id, before, seen)
        # Our other locations may have been pushed to meanwhile, so that a change there says nothing.
        elsewhere = [name for name in elsewhere if name not in self.push.names.values()]
        self._conclude(location_id, sku, seen, elsewhere, is_last)

    # -- the first level

    def in_order(self, changes):
        """Return pairs of a location's id and changes of it, in the order in which they are pushed.

        What is most urgent in any location goes before what is less in another. Locations that are to be proven come
        last, each with all of its changes: that takes its time.

        :param changes: ``Change`` list, the most urgent first
        """
        locations = self.env["extensiv.location"].browse({change.location_id for change in changes})
        unproven = set(locations.filtered(lambda location: location.read_back_state == "to_check").ids)
        has_rounds = len(locations) - len(unproven) > 1
        rounds = groupby(
            changes,
            lambda change: (
                change.location_id in unproven,
                change.urgency if has_rounds and change.location_id not in unproven else 0,
                change.location_id,
            ),
        )
        # Within a round they come in the order of their turn.
        return [(key[2], of_location) for key, of_location in sorted(rounds, key=lambda each: each[0][:2])]

    def let_through(self, location_id, changes):
        """Return the ``Change`` list of one location that may be pushed, or None where there is no time to find out.

        Of a location of which nothing is known, one level is pushed and read back.

        :raise eim.EimError: EIM asks to wait, or refuses the credentials or the location
        """
        state = self._location(location_id).read_back_state
        if state == "to_check":
            return self._push_first(location_id, changes)
        return self._wait(location_id, changes) if state in ("waiting", "refused") else changes

    def _push_first(self, location_id, changes):
        """Push one level, and return as ``let_through``. One that EIM refuses proves nothing: another is pushed."""
        refused = {}
        told = []
        outcome = None
        for change in self._in_order(location_id, changes):
            try:
                before = self._begin(change)
            except eim.RateLimited:
                self.push.record_answers([([*refused], refused)])  # the next pass goes on behind them
                raise
            answer = next(self.push.push_until_answered([change]), None)
            if answer is None and change in self.push.unanswered.alone:
                continue
            if answer is None:
                break  # no time
            if not answer[1]:
                seen = self._read(change.sku)
                elsewhere = self._find_elsewhere(location_id, before, seen)
                outcome = self._conclude(location_id, change.sku, seen, elsewhere)
                told = [change] if outcome in ("proven", "confirmed") else []
                break
            refused.update(answer[1])
            _check_all_refused(refused)
        # What was accepted and is not proven stays unconfirmed: it is pushed again.
        self.push.record_answers([([*told, *refused], refused)])
        done = {*refused, *told, *self.push.unanswered.alone}
        rest = [change for change in changes if change not in done]
        if told or not rest:
            return rest
        return self._wait(location_id, rest) if outcome else None

    def _in_order(self, location_id, changes):
        """Return the changes in the order in which one is tried: the one begun before, then those above zero.

        What EIM gave no usable answer to comes last.
        """
        begun = (self._location(location_id).read_back or {}).get("sku")
        return sorted(changes, key=lambda change: (change.unanswered, change.sku != begun, not change.quantity))

    def _begin(self, change):
        """Read what EIM holds of a SKU, and commit that its level is about to be pushed.

        :return: ``{location name: what stands there}``, None where it could not be read
        """
        known = self._location(change.location_id).read_back or {}
        self.push.commit()
        seen = self._read(change.sku)
        before = None if seen.levels is None else {level.location: _mark(level) for level in seen.levels}
        if known.get("sku") == change.sku and known["before"] is not None and before is not None:
            # Pushed before: what came up since came of that, but in our own locations, which were pushed to as well.
            ours = {name: mark for name, mark in before.items() if name in self.push.names.values()}
            before = {**known["before"], **ours}

        def note():
            self._location(change.location_id).read_back = {"sku": change.sku, "before": before}
            self.push.mark_sending([change])

        self.push.retry_on_conflict(note)
        return before

    def _wait(self, location_id, changes):
        """Have the levels of a location wait, and say so."""
        self.push.total -= len(changes)
        if location_id in self.waiting:
            return []
        self.waiting.add(location_id)
        location = self._location(location_id)
        if location.read_back_state == "refused":
            self.push.retry_on_conflict(lambda: self.push.errors.report_misplaced_again(location))
        if location.read_back_state in ("waiting", "refused"):
            self.push.messages.append(say_waiting(location))
        return []

    # -- what EIM shows

    def _read(self, sku):
        """Read what EIM holds of a SKU.

        :raise eim.EimError: EIM asks to wait, or refuses the credentials
        """
        try:
            return Seen(self.push.client.get_inventory(sku).levels)
        except (eim.RateLimited, eim.CredentialsRefused):
            raise
        except eim.EimError as error:
            if is_suspicious(error):
                self.push.check.ask()
            is_unknown = isinstance(error, eim.Refused) and not isinstance(error, eim.Forbidden)
            return Seen(() if is_unknown else None, error)
        except ValueError:
            return Seen(())  # such a SKU cannot be asked for, nor pushed

    def _find_here(self, location_id, levels):
        """Return the levels that stand in a location, by its name or by the ID under which it was pushed to."""
        pk = self.push.location_key == "pk" and self.push.addresses[location_id]
        return [
            level
            for level in levels
            if level.location == self.push.names[location_id] or (pk and level.remote_pk == pk)
        ]

    def _find_elsewhere(self, location_id, before, seen):
        """Return the names of other locations where a level came up or changed, while none did where it was pushed."""
        if before is None or seen.levels is None:
            return []
        changed = [level for level in seen.levels if before.get(level.location) != _mark(level)]
        if self._find_here(location_id, changed):
            return []
        return Seen(changed).names()

    # -- what is written

    def _conclude(self, location_id, sku, seen, elsewhere, is_last=False):
        """Write what was read back of a location, unless it was renamed meanwhile.

        :param elsewhere: names of the locations in which the level stands instead
        :param is_last: whether it was looked for before
        :return: the location's state
        """
        is_proven = not elsewhere and bool(self._find_here(location_id, seen.levels or ()))

        def write():
            location = self._location(location_id).exists()
            if not location or not self.push.is_as_pushed(location):
                return "to_check"
            if location.read_back_state == "confirmed":
                return "confirmed"  # a person just did
            # What was accepted for long is not stopped by an answer that names no location.
            is_silent = location.read_back_state == "assumed" and not seen.names()
            if is_proven:
                location.write({"read_back_state": "proven", "read_back_at": False, "read_back": False})
                self.push.errors.close_read_back(location)
            elif elsewhere or (is_last and seen.levels is not None and not is_silent):
                self._write_refused(location, sku, seen, elsewhere)
            else:
                self._write_waiting(location, sku, seen, is_last)
            return location.read_back_state

        state = self.push.retry_on_conflict(write)
        if state in ("refused", "waiting", "assumed") and (elsewhere or is_last):
            self.push.failed += 1
        return state

    def _write_refused(self, location, sku, seen, elsewhere):
        """Write that nothing is pushed to a location before a person acts, and tell a person."""
        found = {**(location.read_back or {"before": None}), "sku": sku, "elsewhere": elsewhere, "listed": seen.names()}
        location.write({"read_back_state": "refused", "read_back_at": False, "read_back": found})
        self.push.errors.report_misplaced(location)
        # What was pushed to this location may stand in another of ours now.
        overwritten = self.env["extensiv.stock.level"].search(
            [
                ("location_id.account_id", "=", self.account.id),
                ("location_id.name", "in", elsewhere),
                ("sku", "=", sku),
            ]
        )
        if overwritten:
            overwritten._mark_unconfirmed("repaired")
            self._plan(timedelta())

    def _write_waiting(self, location, sku, seen, is_last):
        """Write when to look for a location again; one that was pushed to before goes on until then."""
        pause = SELDOM if is_last and seen.levels is not None else LOOK_AGAIN
        location.read_back_at = fields.Datetime.now() + pause
        if location.read_back_state == "to_check":
            location.read_back_state = "waiting"
        if is_last:
            self.push.errors.report_not_shown(location, sku, seen)
        self._plan(pause)

    def _plan(self, pause):
        """Have a pass look again after a ``timedelta``."""
        self.account._plan_flow("inventory", max(pause.total_seconds(), 0))


def say_waiting(location):
    """Return why nothing is pushed to a location whose ``read_back_state`` is ``waiting`` or ``refused``."""
    env = location.env
    name = location.name
    if location.read_back_state == "refused":
        if elsewhere := (location.read_back or {}).get("elsewhere"):
            return env._(
                "%(location)s waits for a person: what was pushed to it stands at EIM under %(elsewhere)s. Nothing "
                "more is pushed; its error says what to do.",
                location=name,
                elsewhere=", ".join(elsewhere),
            )
        return env._(
            "%s waits for a person: EIM does not show it for what was pushed to it. Nothing more is pushed; its error "
            "says what to do.",
            name,
        )
    if location.account_id.push_inventory:
        return env._(
            "%s waits: EIM does not show it yet for what was pushed to it. It is looked for again after ten minutes.",
            name,
        )
    return env._(
        "%s waits: EIM does not show it yet for what was pushed to it. Push again after ten minutes.",
        name,
    )


def _check_all_refused(refused):
    """Raise what EIM says where it refuses each level in the same words: then the fault is not theirs.

    :param refused: ``{Change: eim.EimError}``
    """
    errors = list(refused.values())
    if len(errors) == ALL_REFUSED and len({error.message for error in errors}) == 1 and may_be_the_key(errors[0]):
        raise errors[0]


def _mark(level):
    """Return what tells by a level (``wire.LevelAt``) whether it was pushed to since; orders do not change it."""
    if level.moment is None and level.qty_on_hand is None:
        return [None, None if level.qty_available is None else float(level.qty_available)]
    return [
        level.moment and level.moment.isoformat(),
        None if level.qty_on_hand is None else float(level.qty_on_hand),
    ]

"""The push of stock: EIM is told every level that it does not know yet, in batches, location by location."""

import random
import time
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property

from odoo import fields

from ..eim import errors as eim
from ..eim.texts import words_of
from ..eim.throttle import Bucket
from ..eim.wire import Level
from .credential_check import is_suspicious, may_be_the_key
from .read_back import ReadBack, address_of
from .reconciliation import Reconciliation
from .refusals import ALL_REFUSED, SAME_WORDS
from .restating import Restating
from .runner import seconds_until
from .stock_changes import find_causes
from .stock_errors import StockErrors
from .stock_levels import find_locations_to_empty
from .stock_records import StockRecords
from .stock_sources import find_sources
from .zero_stop import ZeroStop

# So many levels at once are marked as about to be pushed; outcomes are written then, and every few seconds: a killed
# pass repeats little.
CHUNK = 2_000
WRITE_SECONDS = 2.0
# So many levels a pass takes into memory, or what EIM allows to tell in its time.
PASS_LEVELS = 20_000
# A pass that could tell nothing of what it took is followed by the next after so many seconds.
STUCK_SECONDS = 300
NEVER = datetime.min


class StockPush(StockRecords):
    """State to EIM every stock level that it does not know yet.

    What is expected is compared with what EIM accepted (``stock_levels``), zeros that nothing explains wait for a
    person (``zero_stop``), and the rest is pushed; to a location of which nothing is proven, one level first
    (``read_back``). Before a call its levels are marked, so that whatever happens, they are pushed until EIM answers.
    """

    flow = "inventory"

    def __init__(self, account, deadline):
        super().__init__(account, deadline)
        self.batch_size = 1
        """How many levels one call pushes."""
        self.pushed_location_ids = []
        self.turns = []
        """The ids of the locations that nothing keeps from being pushed to, in the order of their turn."""
        self.left_over = 0
        """How many levels are left to the next pass from the beginning."""
        self.total = 0
        """How many levels the pass is to push."""
        self.written_at = 0.0
        self.reconciliation = None
        """The ``Reconciliation`` that found what is to be pushed."""
        self.sent = set()
        """The changes that EIM was told of those marked last."""
        self.is_out_of_time = False
        """Whether something was not pushed for lack of time."""

    @cached_property
    def errors(self):
        return StockErrors(self.account, self.names)

    @cached_property
    def read_back(self):
        return ReadBack(self)

    def run(self):
        if self.account.push_all_first:
            self.messages.append(self.account._message_push_all_first())
            return
        self.begin()
        self.retry_on_conflict(self.errors.requeue_due)
        changes = self.find_changes()
        self.commit()  # nothing is locked, and no snapshot held, while EIM is asked
        changes = find_causes(self.account, self.take_most_urgent(ZeroStop(self).let_through(changes)))
        self.commit()
        self.push(changes)

    def is_as_compared(self):
        """Return whether nothing is to be pushed, for nothing changed since all was compared; note that it was again.

        What a whole pass does besides waits for a moment, a person or an open error, see ``idle_conditions``.
        """
        self.begin()
        pushed = self.account.location_ids.filtered("push_enabled").sorted("id")
        if not Reconciliation(self.account, self.turns, sources=find_sources(self.account, pushed)).is_as_before():
            return False
        self.write_compared(pushed.ids)
        self.commit()
        return True

    # -- what is to be pushed

    def begin(self):
        """Take down what every call needs, and when stock is read."""
        locations = self.account.location_ids
        self.names = {location.id: location.name for location in locations}
        self.location_key = self.account.location_key
        self.addresses = {location.id: address for location in locations if (address := address_of(location))}
        self.batch_size = self.account.push_batch_size
        ready = locations.filtered(
            lambda location: location.id in self.addresses and location.read_back_state not in ("waiting", "refused")
        )
        self.turns = ready.sorted(lambda location: (location.turn_at or NEVER, location.id)).ids
        self.stock_read = self.read_stock_moment()

    def find_changes(self):
        """Return the ``Change`` list of what EIM does not know, and record which levels cannot be pushed, and why."""
        self.reconciliation = Reconciliation(self.account, self.turns)
        changes, shared = self.reconciliation.find_changes(self.most())
        expected = self.reconciliation.expected
        self.left_over = expected.left_over
        self.messages += expected.notes
        locations = self.account.location_ids
        self.pushed_location_ids = (locations.filtered("push_enabled") | find_locations_to_empty(self.account)).ids
        self.errors.report_shared(shared)
        self.errors.report_placeless(expected.placeless_ids)
        self.errors.close_of_others(self.pushed_location_ids)
        self.errors.close_left_alone()
        self.errors.report_unknown_pk(
            [location for location in self.pushed_location_ids if location not in self.addresses]
        )
        return [change for change in changes if change.location_id in self.addresses]

    def most(self):
        """Return how many levels the pass may take: EIM allows no more calls in the time that is left."""
        bucket = Bucket()
        calls = bucket.capacity + max(seconds_until(self.deadline), 0) / bucket.seconds_per_token
        return max(PASS_LEVELS, int(calls) * self.batch_size)

    def take_most_urgent(self, changes):
        """Return as many of the changes as the pass may take; the others are left over."""
        most = self.most()
        self.left_over += sum(change.location_id in self.turns for change in changes[most:])
        return changes[:most]

    # -- pushing

    def push(self, changes):
        """Push levels, the most urgent of all locations first, while there is time.

        :raise eim.EimError: EIM could not be asked, or refuses every location
        """
        self.total = len(changes) + self.left_over
        pushed = []
        refused = {}
        try:
            self.read_back.look()
            has_time = self.push_rounds(changes, pushed, refused)
            if not has_time or self.left_over and (self.counts["pushed"] or self.failed):
                self.resume_in = 0
            elif self.left_over:  # a location that EIM refuses fills the pass: at once it would be so again
                self.resume_in = STUCK_SECONDS
            Restating(self).run(refused)
            self.push_unanswered(refused)
        except eim.EimError:
            self.retry_on_conflict(lambda: self.write_unanswered({}))
            self.let_others_begin(changes)
            raise
        finally:
            self.add_message_of_rest()
        if self.resume_in is not None:
            self.let_others_begin(changes)
        self.failed += len(refused)
        pushed = [location for location in pushed if location not in self.read_back.waiting]
        self.retry_on_conflict(lambda: self.errors.record_locations(pushed, refused))
        if self.resume_in is None:
            left = refused.keys() | self.read_back.waiting | (self.names.keys() - self.addresses.keys())
            compared = [location for location in self.pushed_location_ids if location not in left]
            pending = {change.sku for change in changes if change.location_id in left}
            self.retry_on_conflict(lambda: self.write_seen(compared, pending))

    def write_seen(self, compared, pending):
        """Write that all of the account is told, but for what is found again.

        :param compared: as ``write_compared`` takes it
        :param pending: SKUs of what is found again: their location was not told
        """
        self.write_compared(compared)
        if self.reconciliation:
            self.reconciliation.remember(pending, self.stock_read.moment)

    def push_rounds(self, changes, pushed, refused):
        """Push levels as ``push`` does, and return whether there was time for all of these.

        :param pushed: list of the ids of locations, added to, to which there was time to push
        :param refused: ``{location id: eim.Refused}``, added to
        """
        for location, of_location in self.read_back.in_order(changes):
            if location in refused:
                continue
            with self.noting_refusal(location, refused):
                proven = self.read_back.let_through(location, of_location)
                if proven is None or not self.push_location(self.unanswered.split_off(proven)):
                    return False
                pushed.append(location)
        return True

    @contextmanager
    def noting_refusal(self, location, refused):
        """Note that EIM refuses whatever is pushed here to a location.

        :raise eim.EimError: it refuses so every location, or the credentials
        """
        try:
            yield
        except eim.NotFound:
            raise
        except eim.Refused as error:
            self.check.ask()
            refused[location] = error
            if len(refused) == len(self.pushed_location_ids):
                raise

    def let_others_begin(self, changes):
        """Note that the pass began with its first location, and ended early: the next begins with another."""
        locations = {change.location_id for change in changes}
        first = next((location for location in self.turns if location in locations), None)
        if first and len(self.turns) > 1:
            now = fields.Datetime.now()
            self.retry_on_conflict(lambda: self.env["extensiv.location"].browse(first).write({"turn_at": now}))

    def add_message_of_rest(self):
        """Say how many levels were pushed where these are not all."""
        counts = {"told": self.counts["pushed"] + self.failed, "all": self.total}
        if counts["told"] < counts["all"]:
            self.messages.append(
                self.env._("EIM was told %(told)s of %(all)s stock levels; the others follow.", **counts)
                if self.account.push_inventory
                else self.env._("EIM was told %(told)s of %(all)s stock levels; push again for the others.", **counts)
            )

    def push_location(self, changes):
        """Push the levels of one location, marked beforehand, and return whether there was time for all of these."""
        chunk = self.batch_size * max(1, CHUNK // self.batch_size)
        for start in range(0, len(changes), chunk):
            part = changes[start : start + chunk]
            self.retry_on_conflict(lambda part=part: self.mark_sending(part))
            self.sent.clear()
            try:
                if self.push_chunk(part):
                    continue
            except eim.EimError:
                self.unmark_unsent(part)
                raise
            self.unmark_unsent(part)
            return False
        return True

    def unmark_unsent(self, changes):
        """Take back the mark of levels that there was no time to push: they go before no others next time."""
        unsent = [change for change in changes if change not in self.sent and not change.unconfirmed]
        if unsent:
            self.retry_on_conflict(lambda: self.unmark(unsent))

    def push_chunk(self, changes):
        """Push levels that were marked, write what EIM answers, and return whether there was time for all of these."""
        self.record_answers(self.push_batches(changes))
        return not self.is_out_of_time

    def record_answers(self, answers):
        """Write what EIM answers of levels that were marked, as it comes.

        :param answers: iterable of ``(changes, failures)`` as ``push_batch`` takes and returns them
        """
        self.written_at = time.monotonic()
        try:
            for batch, failures in answers:
                self.take_answers(batch, failures)
                if time.monotonic() - self.written_at > WRITE_SECONDS:
                    self.record_result()
            self.refused.update(self.refusals.finish())
        finally:
            self.refusals.drop()  # they are pushed again
            self.record_result()

    def push_batches(self, changes):
        """Push levels call by call while there is time.

        :return: an iterator over ``(changes, failures)``, as ``push_batch`` takes and returns them
        :raise eim.EimError: EIM could not be asked, or refuses whatever it is told
        """
        for start in range(0, len(changes), self.batch_size):
            if not (yield from self.push_until_answered(changes[start : start + self.batch_size])):
                return

    def push_until_answered(self, batch):
        """Push one batch; refused as a whole, it is split until the refused ones stand alone.

        At random, so that the first of them speak for the batch: where all are refused in the same words and none was
        accepted, the fault is not theirs.

        :return: as ``push_batches``, and in the end whether there was time
        """
        parts = [batch]
        alone = {}  # refused by themselves, and not given back yet
        doubted = len(batch) >= ALL_REFUSED
        while parts:
            if not self.has_time():
                self.is_out_of_time = True
                return False
            part = parts.pop()
            started = time.monotonic()
            try:
                failures = self.push_batch(part)
                doubted = False
            except eim.NotFound:
                raise
            except (eim.AnswerLost, eim.Unreadable) as error:
                # Larger parts first, so that a record alone is not all that EIM is asked.
                parts[:0] = self.unanswered.take(part, error, started)
                continue
            except (eim.Refused, eim.Blocked, ValueError) as trouble:
                error = self.read_refusal(part, trouble)
                if len(part) > 1:
                    part = random.sample(part, len(part))
                    parts += [part[len(part) // 2 :], part[: len(part) // 2]]
                    continue
                alone[part[0]] = error
                part = []
                failures = {}
                doubted &= may_be_the_key(error) and len({refusal.message for refusal in alone.values()}) == 1
                if doubted and len(alone) == SAME_WORDS:
                    self.check.ask()
                if doubted and len(alone) == ALL_REFUSED:
                    raise
            if not doubted:
                yield [*part, *alone], {**failures, **alone}
                alone = {}
        if alone:
            yield [*alone], alone
        return True

    def read_refusal(self, changes, trouble):
        """Return as an ``eim.EimError`` why none of ``changes`` was taken, once it is known that it is not the key."""
        if not isinstance(trouble, eim.EimError):
            return eim.Refused(words_of(trouble))
        self.unanswered.answered(changes)
        if is_suspicious(trouble):
            self.check.ask()
        return trouble

    def push_batch(self, changes):
        """Push levels in one call.

        :return: ``{change: eim.Refused}`` of those refused; all others were accepted
        :raise eim.Refused, ValueError: all of them, or nobody knows which
        """
        fresh = set(changes) - self.sent
        self.sent |= fresh
        moment = self.stock_read.moment
        levels = [
            Level(change.sku, self.addresses[change.location_id], change.quantity, change.on_hand, moment)
            for change in changes
        ]
        started = time.monotonic()
        try:
            result = self.client.push_inventory(levels, self.location_key)
        except eim.RateLimited:
            self.sent -= fresh  # EIM did nothing
            raise
        except eim.AnswerLost as error:
            if error.retry_after is not None or not self.unanswered.is_repeated(started):
                raise  # it asks not to be told again at once, or others would wait for it
            result = self.client.push_inventory(levels, self.location_key)
        self.unanswered.answered(changes)
        return self.match_failures(changes, result)

    def match_failures(self, changes, result):
        """Return and raise as ``push_batch``, by what EIM says was refused of ``changes``."""
        failures = {}
        for failure in result.failures:
            at = [change for change in changes if change.sku == failure.key] if failure.key else []
            if failure.index is not None and (not at or changes[failure.index] in at):
                at = [changes[failure.index]]
            error = eim.Refused(failure.message, process_id=result.process_id, route="push_inventory", status=200)
            if not at:
                raise error
            failures.update(dict.fromkeys(at, error))
        words = {error.message for error in failures.values()}
        if (
            len(failures) == len(changes)
            and len(words) == 1
            and all(self.is_named(change.location_id, failures[change].message) for change in changes)
        ):
            # Each by itself, but for the name of their location.
            raise failures[changes[0]]
        return failures

    def is_named(self, location, message):
        """Whether EIM's words name a location (id)."""
        return self.names[location] in message or self.addresses[location] in message

    # -- what EIM gave no usable answer to

    def push_unanswered(self, refused):
        """Push again what EIM gave no usable answer to, in ever smaller parts and as long as there is time.

        :param refused: as ``push_rounds`` has it
        :raise eim.EimError: EIM gave no usable answer to whatever it was told
        """
        if parts := self.unanswered.parts:
            waiting = [change for part in parts for change in part]
            self.retry_on_conflict(lambda: self.mark_sending(waiting))
            self.client.end_by(time.monotonic())  # no call takes longer than it must be given
            try:
                self.push_parts(refused)
            except (eim.AnswerLost, eim.Unreadable) as error:
                if error.retry_after is not None or not self.unanswered.has_answered:
                    raise
            finally:
                self.client.end_by(self.deadline)
        alone = self.unanswered.judge()
        if self.unanswered.sizes:
            self.retry_on_conflict(lambda: self.write_unanswered(self.errors.report_unanswered(alone)))
        self.failed += len(alone)

    def push_parts(self, refused):
        """Push the parts that wait for the end of the pass."""
        while part := self.unanswered.next_part():
            location = part[0].location_id
            if location not in refused:
                with self.noting_refusal(location, refused):
                    if not self.push_chunk(part):
                        self.resume_in = 0
                        return

    # -- what EIM answered is written

    def take_answers(self, batch, failures):
        """Keep what EIM answered of a batch, but for refusals that may be the credentials' fault."""
        taken = [change for change in batch if change not in failures]
        self.accepted += taken
        if taken:
            self.refused.update({**self.refusals.accepted(), **failures})
            return
        for change, error in failures.items():
            names = (change.sku, self.names[change.location_id])
            self.refused.update(self.refusals.refused(change, error, names))

    def record_result(self):
        """Commit what EIM accepted and refused, and show how far the pass is."""
        if self.accepted or self.refused:
            self.retry_on_conflict(self.write_result)
            self.counts["pushed"] += len(self.accepted)
            self.failed += len(self.refused)
        self.accepted = []
        self.refused = {}
        self.written_at = time.monotonic()

    def write_result(self):
        """Write what EIM answered, its errors, and into the run how far the pass is."""
        answered = len(self.accepted) + len(self.refused)
        self.write_answers()
        self.errors.record_answers(self.accepted, self.refused)
        self.env["extensiv.run"].search(
            [
                ("account_id", "=", self.account.id),
                ("flow", "=", "inventory"),
                ("state", "=", "running"),
            ]
        ).message = self.env._(
            "EIM was told %(told)s of %(all)s stock levels.",
            told=self.counts["pushed"] + self.failed + answered,
            all=self.total,
        )

"""The push of stock: EIM is told every level that it does not know yet, in batches, location by location."""

import random
import time
from datetime import datetime
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL, groupby

from ..eim import errors as eim
from ..eim.wire import Level
from .credential_check import is_suspicious, may_be_the_key
from .read_back import ReadBack, address_of
from .refusals import ALL_REFUSED, SAME_WORDS
from .restating import Restating
from .runner import FlowRun
from .stock_errors import StockErrors
from .stock_levels import ExpectedLevels, find_locations_to_empty
from .zero_stop import ZeroStop

# So many levels at once are marked as about to be pushed; outcomes are written then, and every few seconds: a killed
# pass repeats little.
CHUNK = 2_000
WRITE_SECONDS = 2.0


class StockRead(NamedTuple):
    """When stock was read, naive UTC with its fractions of a second, and the newest move there was.

    A transaction at work just then has an older time, but its moves come later: both together say what changed since.
    ``settled_at`` is before all that other transactions at work just then have written, and may not have shown yet.
    """

    moment: datetime
    last_move_id: int | None
    settled_at: datetime


class StockPush(FlowRun):
    """State to EIM every stock level that it does not know yet.

    What is expected is compared with what EIM accepted (``stock_levels``), zeros that nothing explains wait for a
    person (``zero_stop``), and the rest is pushed; to a location of which nothing is proven, one level first
    (``read_back``). Before a call its levels are marked, so that whatever happens, they are pushed until EIM answers.
    """

    flow = "inventory"

    def __init__(self, account, deadline):
        super().__init__(account, deadline)
        self.names = {}
        """``{location id: name}``"""
        self.location_key = ""
        self.addresses = {}
        """``{location id: what names it in a push}``, without those whose ID at EIM would have to be known"""
        self.batch_size = 1
        """How many levels one call pushes."""
        self.stock_read = None
        """When the pass read what it states."""
        self.pushed_location_ids = []
        self.total = 0
        """How many levels the pass is to push."""
        self.accepted = []
        self.refused = {}
        """``{Change: eim.EimError}``; both are what EIM answered and is not written yet."""
        self.written_at = 0.0

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
        self.push(ZeroStop(self).let_through(changes))
        Restating(self).run()

    # -- what is to be pushed

    def begin(self):
        """Take down what every call needs, and when stock is read."""
        locations = self.account.location_ids
        self.names = {location.id: location.name for location in locations}
        self.location_key = self.account.location_key
        self.addresses = {location.id: address for location in locations if (address := address_of(location))}
        self.batch_size = self.account.push_batch_size
        self.stock_read = self.read_stock_moment()

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

    def find_changes(self):
        """Return the ``Change`` list of what EIM does not know, and record which levels cannot be pushed, and why."""
        expected = ExpectedLevels(self.account)
        changes, shared = expected.find_changes()
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

    # -- pushing

    def push(self, changes):
        """Push levels location by location, while there is time.

        :raise eim.EimError: EIM could not be asked, or refuses every location
        """
        self.total = len(changes)
        pushed = []
        refused = {}
        try:
            self.read_back.look()
            for location, of_location in self.read_back.in_order(groupby(changes, attrgetter("location_id"))):
                try:
                    proven = self.read_back.let_through(location, of_location)
                    if proven is None or not self.push_location(proven):
                        self.resume_in = 0
                        break
                    pushed.append(location)
                except eim.NotFound:
                    raise
                except eim.Refused as error:
                    self.check.ask()
                    refused[location] = error
                    if len(refused) == len(self.pushed_location_ids):
                        raise
        finally:
            self.add_message_of_rest()
        self.failed += len(refused)
        pushed = [location for location in pushed if location not in self.read_back.waiting]
        self.retry_on_conflict(lambda: self.errors.record_locations(pushed, refused))
        if self.resume_in is None:
            left = refused.keys() | self.read_back.waiting | (self.names.keys() - self.addresses.keys())
            compared = [location for location in self.pushed_location_ids if location not in left]
            self.retry_on_conflict(lambda: self.write_compared(compared))

    def add_message_of_rest(self):
        """Say how many levels were pushed where these are not all."""
        counts = {"told": self.counts["pushed"] + self.failed, "all": self.total}
        if counts["told"] < counts["all"]:
            self.messages.append(
                self.env._("%(told)s of %(all)s levels told; the others follow.", **counts)
                if self.account.push_inventory
                else self.env._("%(told)s of %(all)s levels told; push again for the others.", **counts)
            )

    def push_location(self, changes):
        """Push the levels of one location, marked beforehand, and return whether there was time for all of these."""
        chunk = self.batch_size * max(1, CHUNK // self.batch_size)
        for start in range(0, len(changes), chunk):
            part = changes[start : start + chunk]
            self.retry_on_conflict(lambda part=part: self.mark_sending(part))
            if not self.push_chunk(part):
                return False
        return True

    def push_chunk(self, changes):
        """Push levels that were marked, write what EIM answers, and return whether there was time for all of these."""
        return self.record_answers(self.push_batches(changes)) == len(changes)

    def record_answers(self, answers):
        """Write what EIM answers of levels that were marked, as it comes.

        :param answers: iterable of ``(changes, failures)`` as ``push_batch`` takes and returns them
        :return: how many levels were answered
        """
        done = 0
        self.written_at = time.monotonic()
        try:
            for batch, failures in answers:
                done += len(batch)
                self.take_answers(batch, failures)
                if time.monotonic() - self.written_at > WRITE_SECONDS:
                    self.record_result()
            self.refused.update(self.refusals.finish())
        finally:
            self.refusals.drop()  # they are pushed again
            self.record_result()
        return done

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
                return False
            part = parts.pop()
            try:
                failures = self.push_batch(part)
                doubted = False
            except eim.NotFound:
                raise
            except (eim.Refused, eim.Blocked, ValueError) as trouble:
                error = trouble if isinstance(trouble, eim.EimError) else eim.Refused(str(trouble))
                if is_suspicious(error):
                    self.check.ask()
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
        return True

    def push_batch(self, changes):
        """Push levels in one call.

        :return: ``{change: eim.Refused}`` of those refused; all others were accepted
        :raise eim.Refused, ValueError: all of them, or nobody knows which
        """
        moment = self.stock_read.moment
        levels = [
            Level(change.sku, self.addresses[change.location_id], change.quantity, change.quantity, moment)
            for change in changes
        ]
        try:
            result = self.client.push_inventory(levels, self.location_key)
        except eim.AnswerLost as error:
            if error.retry_after is not None:
                raise  # it asks not to be told again at once
            result = self.client.push_inventory(levels, self.location_key)
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

    def is_as_pushed(self, location):
        """Whether a location is named still as this pass names it."""
        return (
            location.name == self.names[location.id]
            and address_of(location) == self.addresses.get(location.id, "")
            and self.account.location_key == self.location_key
        )

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
            "%(told)s of %(all)s levels told.",
            told=self.counts["pushed"] + self.failed + answered,
            all=self.total,
        )

    def mark_sending(self, changes):
        """Mark levels as about to be pushed, so that what EIM holds of them is not known until it answers."""
        locations, skus, products, quantities = map(list, zip(*changes, strict=True))
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

    def write_answers(self):
        """Write what EIM accepted, as of when the stock was read, and what it refused, of levels marked before.

        What it accepted of a location that was renamed meanwhile stays unconfirmed: under its new name it is told anew.
        """
        locations = self.account.location_ids.filtered(lambda location: location.id in self.names)
        same = set(locations.filtered(self.is_as_pushed).ids)
        accepted = [change for change in self.accepted if change.location_id in same]
        if accepted:
            self.env.cr.execute(
                SQL(
                    """UPDATE extensiv_stock_level AS level
                      SET quantity = new.quantity, pushed_at = %s, unconfirmed = FALSE,
                          refused_quantity = NULL, refused_at = NULL, last_move_id = %s,
                          held_at = NULL, held_reason = NULL, zero_allowed = FALSE, zero_asked = FALSE
                     FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, quantity)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                    self.stock_read.moment,
                    self.stock_read.last_move_id,
                    *_columns(accepted),
                )
            )
        if self.refused:
            self.env.cr.execute(
                SQL(
                    """UPDATE extensiv_stock_level AS level
                      SET refused_quantity = new.quantity, refused_at = %s, unconfirmed = FALSE
                     FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, quantity)
                    WHERE level.location_id = new.location_id AND level.sku = new.sku""",
                    fields.Datetime.now(),
                    *_columns(self.refused),
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

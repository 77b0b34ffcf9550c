"""Pulling orders: from EIM's list into the inbox, acknowledged, and on into sale orders."""

import logging
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property, partial

from odoo import fields

from ..eim import errors as eim
from ..eim.client import MAX_BATCH
from ..eim.wire import ListedOrder
from ..eim.writing import iso
from . import holds, left_orders, leftovers, relisting
from .batch_acknowledging import BatchAcknowledging
from .credential_check import may_be_the_key
from .exceptions import is_conflict, log_unexpected
from .languages import all_translated, translated
from .list_reading import ListReading, move_back
from .lock import LockLost
from .order_cancellation import OrderCancellation
from .order_import import OrderImport
from .order_inbox import Inbox
from .run_message import say_error
from .runner import BATCH_SECONDS, WAIT_SECONDS, FlowRun
from .status_check import StatusCheck

_logger = logging.getLogger(__name__)

# Acknowledgements of one order a call that are written together: few enough that a killed pass repeats little.
ACKNOWLEDGE_CHUNK = 20
# The list of EIM's that is received, by its status.
NEW = "new"
# What the error about things in EIM's list that are no orders is known by.
UNREADABLE_KEY = "list of new orders"


@dataclass
class Acknowledgement:
    """What came of acknowledging some orders.

    :param done: references that EIM took
    :param failures: ``{reference: eim.EimError}``
    :param stopped_by: the ``eim.EimError`` that ended it early, if one did
    """

    done: list = field(default_factory=list)
    failures: dict = field(default_factory=dict)
    stopped_by: eim.EimError | None = None


@dataclass
class Listed:
    """What EIM's list of new orders held, as far as it was read.

    :param listed_again: references of acknowledged orders
    :param undecided: references of cancelled orders
    :param finished: references of orders that were dealt with before, cancelled or fulfilled
    :param left: ``{(reason, order source): how many}`` of the orders that stay at EIM
    :param on_hold: references of the orders that are on hold there
    :param unreadable: sentences on what is no order
    """

    listed_again: list = field(default_factory=list)
    undecided: list = field(default_factory=list)
    finished: set = field(default_factory=set)
    left: Counter = field(default_factory=Counter)
    on_hold: set = field(default_factory=set)
    unreadable: list = field(default_factory=list)

    def add(self, env, page, stored):
        """Add a ``wire.Page`` and the ``StoredPage`` that came of it."""
        self.listed_again += stored.listed_again
        self.undecided += stored.undecided
        self.finished |= stored.finished
        self.left += stored.left
        self.on_hold |= stored.on_hold
        self.unreadable += [
            env._("Page %(page)s: %(reason)s", page=page.number, reason=reason)
            for reason in all_translated(env, page.unreadable)
        ]


class OrderPull(FlowRun):
    """Receive EIM's new orders, acknowledge and import them."""

    flow = "orders"

    def __init__(self, account, deadline):
        super().__init__(account, deadline)
        self.postponed = set()
        """References whose acknowledgement EIM did not take in this pass."""
        self.listed_again = None
        """References that EIM lists as new though they were acknowledged; None: acknowledging has to wait."""
        self.told = set()
        """Ids of the orders that EIM took, and that another process holds: written down as soon as it does not."""
        self.troubles = []
        """What went wrong in the steps of the pass, in their order."""
        self.is_silent = False
        """Whether EIM was not reached twice in a row, or asks to wait: it is not asked for more in this pass."""

    @cached_property
    def inbox(self):
        return Inbox(self.account)

    @cached_property
    def importer(self):
        return OrderImport(self)

    @cached_property
    def batches(self):
        batches = BatchAcknowledging(self)
        self.commit()  # reading began a transaction; EIM is called holding none
        return batches

    @cached_property
    def cancellations(self):
        return OrderCancellation(self)

    def run(self):
        try:
            self.exchange()
        finally:
            # What the orders reserved is then already deducted.
            self.trigger("inventory")

    # -- the steps

    def exchange(self):
        """Do the steps of the pass, each of which succeeds or fails by itself.

        :raise Exception: what went wrong in one of them, after all were tried
        """
        for step in (self.receive, self.cancellations.pull, self.cancellations.send_requests):
            self.attempt(step, asks_eim=True)
        self.attempt(self.importer.requeue_due)
        self.attempt(self.acknowledge_while_importing)
        self.attempt(StatusCheck(self).ask, asks_eim=True)
        self.attempt(self.acknowledge_again, asks_eim=True)
        self.attempt(self.report_held)
        self.attempt(self.look_for_more)
        self.raise_trouble()

    def attempt(self, step, asks_eim=False):
        """Do one step of the pass; whatever goes wrong in it is told at the end, and holds up no other step.

        A step that asks EIM takes half of the time that is left, so that one which EIM lets wait leaves some. Where one
        had trouble and no time is left, no other is begun.

        :raise eim.CredentialsRefused: EIM refuses the key, which ends the pass
        :raise LockLost: so does the loss of the flow's lock, or of the connection to the database
        """
        if asks_eim and (self.is_silent or (self.troubles and not self.has_time())):
            return
        try:
            if asks_eim:
                with self.half_of_the_time():
                    step()
            else:
                step()
        except eim.CredentialsRefused:
            self.import_without_eim()
            raise
        except eim.EimError as error:
            self.rollback()
            self.note_trouble(error)
        except LockLost:
            raise
        except Exception as error:  # an error of ours is told as such, and holds up nothing either
            if self.is_disconnected():
                raise
            self.rollback()
            if is_conflict(error):
                self.put_off()
                return
            if any(not isinstance(trouble, eim.EimError) for trouble in self.troubles):
                log_unexpected(_logger, error, "A step of EIM orders of account %s stopped, too", self.account.id)
            self.troubles.append(error)

    def note_trouble(self, error):
        """Take note of what EIM answered to a step, and of whether the others can be tried.

        :raise eim.CredentialsRefused: EIM refuses the key
        """
        is_unreached = _is_unreached(error) and bool(self.troubles) and _is_unreached(self.troubles[-1])
        self.is_silent = is_unreached or error.asked
        self.troubles.append(error)
        if isinstance(error, eim.RateLimited):
            self.client.max_wait = 0  # further steps use what tokens there are, and wait for none
        if may_be_the_key(error):
            try:
                self.check.ask()
            except eim.CredentialsRefused:
                self.import_without_eim()
                raise
            except eim.EimError as trouble:
                self.troubles.append(trouble)

    def raise_trouble(self):
        """Raise what went wrong in the steps: an error of ours first, a want of tokens last; the others are said."""
        if not self.troubles:
            return
        worst, *others = sorted(self.troubles, key=_severity)
        said = {say_error(self.env, error) for error in others if _severity(error) == 1}
        if isinstance(worst, eim.EimError):
            said.discard(say_error(self.env, worst))
        self.messages += sorted(said)
        limited = [error.retry_after for error in self.troubles if isinstance(error, eim.RateLimited)]
        if limited:
            self.resume_in = max(*limited, 1)
        raise worst

    def report_held(self):
        """Open the errors of orders that are held as quotations and have none."""
        self.retry_on_conflict(lambda: holds.report_untold(self.account))

    def look_for_more(self):
        """Have the next pass start at once where this one leaves orders behind."""
        if self.troubles:
            if self.importer.find_importable(1):
                self.importer.start_second()
        elif self.listed_again is not None and self.find_unacknowledged(1):
            self.resume_in = 0
        elif self.importer.find_importable(1):
            if self.importer.has_begun or not self.has_time(BATCH_SECONDS):
                self.resume_in = 0
            elif self.resume_in is None:
                # Another process is at these, perhaps for a while: EIM is not asked all the time meanwhile.
                self.put_off()

    def import_without_eim(self):
        """Import what is in the inbox already, which needs nothing more of EIM."""
        self.env.cr.rollback()
        self.importer.requeue_due()
        while self.has_time(BATCH_SECONDS) and self.importer.import_next():
            continue
        if self.importer.find_importable(1):
            self.importer.start_second()

    # -- receive

    def receive(self):
        """Read every page of EIM's ``new`` list into the inbox, each page committed by itself.

        Acknowledging shrinks the list, and records would be skipped: so it waits until the pass has read what it can.
        A list that is too long for one pass is gone on with further to its front, by as much as it shrank.
        """
        since = left_orders.find_first(self.account)
        self.commit()  # nothing is held while EIM is asked
        question = {"status": NEW, "from_date": iso(since) if since else None}
        reading = ListReading(self, NEW, question, keeps_place=False, record=ListedOrder)
        found = Listed()
        try:
            for page in reading.pages():
                stored = self.retry_on_conflict(partial(self.inbox.store, page), wait=WAIT_SECONDS)
                self.counts["received"] += stored.received
                self.skipped += sum(stored.left.values())
                found.add(self.env, page, stored)
        except eim.EimError:
            self.listed_again = found.listed_again
            raise
        self.listed_again = found.listed_again
        if found.left:
            self.messages.append(leftovers.explain(self.env, found.left))
        if reading.is_over:
            self.retry_on_conflict(lambda: self.report_unreadable(found.unreadable))
        if reading.is_whole:
            self.retry_on_conflict(lambda: self.conclude(found, since))
        else:
            self.retry_on_conflict(lambda: leftovers.report(self.account, found.left, is_whole=False))

    def conclude(self, found, since):
        """Draw the conclusions that only the whole list allows.

        :param found: what it ``Listed``, from the moment ``since`` on
        """
        relisting.close_unlisted(self.account, found.undecided)
        relisting.import_alone(self.account, found.finished, self.eim_now())
        leftovers.report(self.account, found.left)
        left_orders.settle(self.account, found.on_hold, "on_hold", since=since)

    def report_unreadable(self, unreadable):
        """Report what EIM's list held that is no order, or that there is no such thing any more.

        :param unreadable: sentences
        """
        Error = self.env["extensiv.error"]
        if not unreadable:
            Error._resolve(self.account, "orders", [UNREADABLE_KEY])
            return
        advice = self.env._("EIM sends something that is no order; the others are pulled. Tell EIM's support.")
        Error._report(
            self.account,
            "orders",
            {UNREADABLE_KEY: {"category": "data", "message": "\n".join([*unreadable, advice])}},
        )

    # -- acknowledge

    def acknowledge_while_importing(self):
        """Acknowledge and import the inbox by turns, until both are done or the time is up.

        :raise eim.EimError: EIM had trouble with acknowledging; what is in the inbox was imported all the same
        """
        if len(self.importer.find_importable(self.account.import_batch_size + 1)) > self.account.import_batch_size:
            self.importer.start_second()
        may_acknowledge = self.listed_again is not None and not self.is_silent
        trouble = None
        patience = self.client.max_wait
        try:
            while self.has_time():
                # Tokens that are there are used at once; importing fills the time in which new ones drip.
                self.client.max_wait = 0
                limited = False
                if may_acknowledge:
                    try:
                        limited = self.acknowledge_received()
                    except eim.EimError as error:
                        self.rollback()
                        trouble = error
                        may_acknowledge = False
                self.client.max_wait = patience
                if not self.has_time(BATCH_SECONDS) or not self.importer.import_next():
                    if limited:
                        self.acknowledge_received()
                    break
        finally:
            self.client.max_wait = patience
        self.write_told()
        if trouble:
            raise trouble

    def acknowledge_received(self):
        """Acknowledge the received orders, as far as tokens and time allow; the next pass does the rest.

        :return: whether it stopped for want of a token
        :raise eim.EimError: EIM had other trouble
        """
        while self.has_time():
            limit = MAX_BATCH if self.batches.is_used else ACKNOWLEDGE_CHUNK
            ids = {order.cust_ref: order.id for order in self.find_unacknowledged(limit)}
            # Nothing is locked, and no snapshot held, while EIM is asked.
            self.commit()
            if not ids:
                return False
            outcome = self.acknowledge_all(list(ids))
            self.told.update(ids[cust_ref] for cust_ref in outcome.done)
            self.told = self.retry_on_conflict(partial(self.record_acknowledged, self.told, outcome))
            self.postponed.update(outcome.failures)
            self.counts["acknowledged"] += len(outcome.done)
            self.failed += len(outcome.failures)
            if isinstance(outcome.stopped_by, eim.RateLimited):
                return True
            if outcome.stopped_by:
                raise outcome.stopped_by
        return False

    def write_told(self):
        """Write down what is still to be of the orders that EIM took; what is not even now is acknowledged again."""
        if self.told:
            self.told = self.retry_on_conflict(partial(self.record_acknowledged, self.told, Acknowledgement()))

    def acknowledge_again(self):
        """Acknowledge orders that EIM lists as new although they were acknowledged.

        Last of all, for after EIM's history was cleared they are thousands, and new orders come first.
        """
        outcome = self.acknowledge_all(self.listed_again or ())
        self.failed += len(outcome.failures)
        self.retry_on_conflict(lambda: self.record_answers(outcome))
        if isinstance(outcome.stopped_by, eim.CredentialsRefused):
            raise outcome.stopped_by

    def find_unacknowledged(self, limit):
        """Return the orders that are still to be acknowledged, oldest first, but those that this pass tried in vain."""
        held = self.env["extensiv.error"]._held_keys(self.account, "orders", step="acknowledge")
        return self.env["extensiv.order"].search_fetch(
            [
                ("account_id", "=", self.account.id),
                ("acknowledged_at", "=", False),
                ("state", "!=", "cancelled"),
                ("cust_ref", "not in", [*held, *self.postponed]),
                ("id", "not in", list(self.told)),
            ],
            ["cust_ref"],
            limit=limit,
            order="id",
        )

    def acknowledge_all(self, cust_refs):
        """Acknowledge orders at EIM, many at a call or one by one; repeating it is harmless.

        :return: an ``Acknowledgement``
        """
        outcome = Acknowledgement()
        try:
            for cust_ref in self.batches.acknowledge(cust_refs, outcome):
                if not self.has_time():
                    break
                self._acknowledge_into(outcome, cust_ref)
            outcome.failures.update(self.refusals.finish())
        except eim.EimError as error:
            self.refusals.drop()  # they are acknowledged again
            outcome.stopped_by = error
        return outcome

    def _acknowledge_into(self, outcome, cust_ref):
        """Acknowledge one order, and add what may be written down by now to ``outcome``.

        :raise eim.EimError: EIM had trouble
        """
        try:
            refusal = self.acknowledge(cust_ref)
        except (eim.RateLimited, eim.CredentialsRefused):
            raise
        except eim.EimError as error:
            # It steps back for a while: the next pass must not stop at the same order again.
            outcome.failures[cust_ref] = error
            raise
        if refusal:
            outcome.failures.update(self.refusals.refused(cust_ref, refusal, (cust_ref,)))
        else:
            outcome.failures.update(self.refusals.accepted())
            outcome.done.append(cust_ref)

    def acknowledge(self, cust_ref):
        """Acknowledge one order, and return EIM's refusal or None.

        :raise eim.EimError: EIM had trouble
        """
        try:
            self.client.acknowledge(cust_ref)
        except eim.Refused as error:
            return None if self._is_past_new(cust_ref) else error
        except eim.Blocked as error:
            return error
        return None

    def _is_past_new(self, cust_ref):
        """Whether EIM has the order beyond ``new`` already, so that a refused acknowledgement is none too many."""
        try:
            return self.client.get_order_status(cust_ref).status not in ("", "new", "error")
        except eim.EimError:
            return False

    def record_acknowledged(self, order_ids, outcome):
        """Write down that received orders are acknowledged, and what EIM answered.

        None is waited for that another process holds, which imports it and may take long.

        :param order_ids: ids of the orders that EIM took
        :param outcome: an ``Acknowledgement``
        :return: ids of the orders of which it is still to be written down
        """
        orders = self.env["extensiv.order"].browse(order_ids).try_lock_for_update(allow_referencing=True)
        orders.acknowledged_at = fields.Datetime.now()
        self.record_answers(outcome)
        return set(order_ids).difference(orders.ids)

    def record_answers(self, outcome):
        """Close the errors of acknowledgements that EIM took, and open one for each that it did not.

        :param outcome: an ``Acknowledgement``
        """
        Error = self.env["extensiv.error"]
        if outcome.done:
            move_back(self.account, NEW, len(outcome.done))
            # Dismissed ones, too: what EIM listed again, and took after all, is told again the next time.
            Error._resolve(self.account, "orders", outcome.done, "acknowledge", states=("open", "dismissed"))
        failed = self.env["extensiv.order"].search(
            [("account_id", "=", self.account.id), ("cust_ref", "in", list(outcome.failures))]
        )
        failures = {}
        for order in failed:
            error = outcome.failures[order.cust_ref]
            failures[order.cust_ref] = {
                "message": self.env._("EIM did not take the acknowledgement: %s", translated(self.env, error)),
                "category": "transient",
                "process_id": error.process_id,
                "document": order,
            }
        Error._report(self.account, "orders", failures, "acknowledge")


def _is_unreached(error):
    """Whether EIM gave no answer at all."""
    if isinstance(error, eim.RateLimited):
        return False
    return isinstance(error, (eim.Transient, eim.AnswerLost)) and error.status is None


def _severity(error):
    if isinstance(error, eim.RateLimited):
        return 2
    return int(isinstance(error, eim.EimError))

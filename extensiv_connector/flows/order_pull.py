"""Pulling orders: from EIM's list into the inbox, acknowledged, and on into sale orders."""

from dataclasses import dataclass, field
from functools import cached_property, partial

from odoo import fields

from ..eim import errors as eim
from . import relisting
from .order_cancellation import OrderCancellation
from .order_import import OrderImport
from .order_inbox import Inbox
from .runner import BATCH_SECONDS, FlowRun
from .status_check import StatusCheck

PAGE_SIZE = 100
# Acknowledgements written together: few enough that a killed pass repeats little.
ACKNOWLEDGE_CHUNK = 20
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


class OrderPull(FlowRun):
    """Receive EIM's new orders, acknowledge and import them."""

    flow = "orders"

    def __init__(self, account, deadline):
        super().__init__(account, deadline)
        self.postponed = set()
        """References whose acknowledgement EIM did not take in this pass."""

    @cached_property
    def inbox(self):
        return Inbox(self.account)

    @cached_property
    def importer(self):
        return OrderImport(self)

    @cached_property
    def cancellations(self):
        return OrderCancellation(self)

    def run(self):
        try:
            self.exchange()
        except eim.EimError:
            self.import_without_eim()
            raise
        finally:
            # What the orders reserved is then already deducted.
            self.trigger("inventory")

    def exchange(self):
        """Do the pass as far as EIM answers."""
        listed_again = self.receive()
        if listed_again is None:  # out of time before the end of the list
            return
        refusal = self.pull_cancellations()
        self.cancellations.send_requests()
        self.importer.requeue_due()
        self.acknowledge_while_importing()
        StatusCheck(self).ask()
        self.acknowledge_again(listed_again)
        if self.find_unacknowledged(1) or self.importer.find_importable(1):
            self.resume_in = 0
        if refusal:
            raise refusal

    def pull_cancellations(self):
        """Cancel here what EIM lists as canceled.

        :return: the error where EIM refuses this list alone: new orders are acknowledged all the same
        :raise eim.EimError: EIM had other trouble, or refuses the key
        """
        try:
            self.cancellations.pull()
        except (eim.Refused, eim.Blocked) as error:
            self.env.cr.rollback()
            self.check.ask()
            return error
        return None

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

        :return: references that EIM lists as new though they were acknowledged, or None when the list's end was not
            reached: acknowledging shrinks the list, and records would be skipped.
        """
        listed_again = []
        undecided = []
        unreadable = []
        number = self.account.receive_page or 1
        is_whole = number == 1
        while True:
            page = self.read_page(number)
            stored = self.retry_on_conflict(partial(self.inbox.store, page))
            self.counts["received"] += stored.received
            self.skipped += stored.skipped
            listed_again += stored.listed_again
            undecided += stored.undecided
            unreadable += [
                self.env._("Page %(page)s: %(reason)s", page=number, reason=reason) for reason in page.unreadable
            ]
            if page.is_last:
                break
            number += 1
            if not self.has_time():
                self.remember_page(number)
                self.resume_in = 0
                return None
        self.remember_page(1)
        self.retry_on_conflict(lambda: self.report_unreadable(unreadable))
        if is_whole:
            self.retry_on_conflict(lambda: relisting.close_unlisted(self.account, undecided))
        return listed_again

    def read_page(self, number):
        """Read one page of EIM's ``new`` list; where the rate limit ends the pass, the next one goes on there."""
        try:
            return self.client.list_orders(
                "new", page=number, limit=PAGE_SIZE, from_date=self.account.import_from or None
            )
        except eim.RateLimited:
            self.remember_page(number)
            raise

    def remember_page(self, number):
        """Remember where a list too long for one pass goes on; 1 is the beginning."""
        if self.account.receive_page != number:
            self.account.receive_page = number
            self.commit()

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
        """Acknowledge and import the inbox by turns, until both are done or the time is up."""
        if len(self.importer.find_importable(self.account.import_batch_size + 1)) > self.account.import_batch_size:
            self.importer.start_second()
        patience = self.client.max_wait
        try:
            while self.has_time(BATCH_SECONDS):
                # Tokens that are there are used at once; importing fills the time in which new ones drip.
                self.client.max_wait = 0
                limited = self.acknowledge_received()
                self.client.max_wait = patience
                if not self.importer.import_next():
                    if limited:
                        self.acknowledge_received()
                    break
        finally:
            self.client.max_wait = patience

    def acknowledge_received(self):
        """Acknowledge the received orders, as far as tokens and time allow; the next pass does the rest.

        :return: whether it stopped for want of a token
        :raise eim.EimError: EIM had other trouble
        """
        while self.has_time():
            ids = {order.cust_ref: order.id for order in self.find_unacknowledged(ACKNOWLEDGE_CHUNK)}
            # Nothing is locked, and no snapshot held, while EIM is asked.
            self.commit()
            if not ids:
                return False
            outcome = self.acknowledge_all(list(ids))
            self.retry_on_conflict(partial(self.record_acknowledged, [ids[ref] for ref in outcome.done], outcome))
            self.postponed.update(outcome.failures)
            self.counts["acknowledged"] += len(outcome.done)
            self.failed += len(outcome.failures)
            if isinstance(outcome.stopped_by, eim.RateLimited):
                return True
            if outcome.stopped_by:
                raise outcome.stopped_by
        return False

    def acknowledge_again(self, cust_refs):
        """Acknowledge orders that EIM lists as new although they were acknowledged.

        Last of all, for after EIM's history was cleared they are thousands, and new orders come first.
        """
        outcome = self.acknowledge_all(cust_refs)
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
            ],
            ["cust_ref"],
            limit=limit,
            order="id",
        )

    def acknowledge_all(self, cust_refs):
        """Acknowledge orders at EIM, one call each; repeating it is harmless.

        :return: an ``Acknowledgement``
        """
        outcome = Acknowledgement()
        try:
            for cust_ref in cust_refs:
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

        :param order_ids: ids of the orders that EIM took
        :param outcome: an ``Acknowledgement``
        """
        self.env["extensiv.order"].browse(order_ids).acknowledged_at = fields.Datetime.now()
        self.record_answers(outcome)

    def record_answers(self, outcome):
        """Close the errors of acknowledgements that EIM took, and open one for each that it did not.

        :param outcome: an ``Acknowledgement``
        """
        Error = self.env["extensiv.error"]
        if outcome.done:
            # Dismissed ones, too: what EIM listed again, and took after all, is told again the next time.
            Error._resolve(self.account, "orders", outcome.done, "acknowledge", states=("open", "dismissed"))
        failed = self.env["extensiv.order"].search(
            [("account_id", "=", self.account.id), ("cust_ref", "in", list(outcome.failures))]
        )
        failures = {}
        for order in failed:
            error = outcome.failures[order.cust_ref]
            failures[order.cust_ref] = {
                "message": self.env._("EIM did not take the acknowledgement: %s", error.message),
                "category": "transient",
                "process_id": error.process_id,
                "document": order,
            }
        Error._report(self.account, "orders", failures, "acknowledge")

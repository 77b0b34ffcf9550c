"""Telling EIM of many shipped orders at a call, from when EIM has shown on one that it takes and keeps them so."""

from functools import partial

from odoo.fields import Datetime, Domain
from odoo.tools import SQL

from ..eim import errors as eim
from ..eim.client import MAX_BATCH
from . import fulfilment
from .languages import translated
from .shipment_outcome import KNOWN_AT_EIM

# What the error that says why EIM is told one by one is known by.
KEY = "telling of many shipments at a call"
STEP = "batch"
# Only where so many wait is it worth while that one of them shows whether EIM takes the form.
WORTH_TRYING = 20
# Lost answers that end a pass: then it is not the orders.
TROUBLES = 3


class ShipmentBatches:
    """The shipments of one pass that EIM takes many at a call.

    The form is tried with one order once EIM takes acknowledgements so, and used while that order reads as shipped with
    its shipments. When EIM refuses it, an error says so until a person has it tried anew.

    :param run: a ``ShipmentPush``
    """

    def __init__(self, run):
        self._run = run
        self._limit = min(run.account.shipments_per_call, MAX_BATCH)
        self._errors = find_errors(run.account)
        self._may_be_used = self._limit > 1 and not any(map(_is_held, self._errors))
        self._troubles = 0

    @property
    def size(self):
        """How many orders a call tells of."""
        return self._limit if self._is_used else 1

    @property
    def _is_used(self):
        return self._may_be_used and self._run.client.updates.can_ship_batch

    def send(self, orders):
        """Tell EIM of ``orders`` in one call where it takes them so, and write down what it answered.

        :return: the ids of those that are to be told one by one
        :raise EimError: EIM had trouble
        """
        ids = orders.ids
        if not self._may_be_used or any(order.extensiv_shipment_state != "ready" for order in orders):
            return ids
        updates = self._run.client.updates
        if not updates.can_ship_batch and updates.may_ship_batch and len(ids) >= WORTH_TRYING:
            self._try_one(ids[0])
            left = self._run.env["sale.order"].browse(ids)
            ids = left.filtered(lambda order: order.extensiv_shipment_state == "ready").ids
        rest = []
        for start in range(0, len(ids), self._limit):
            some = ids[start : start + self._limit]
            rest += self._send(some) if self._is_used and len(some) > 1 and self._run.has_time() else some
        return rest

    def _try_one(self, order_id):
        """Have EIM show by one order what the form does; where it is refused, the order is told as ever."""
        run = self._run
        shipments = self._mark_sending([order_id])
        if not shipments:
            return
        [order] = shipments
        cust_ref = order.extensiv_cust_ref
        try:
            result = self._call(shipments)
        except (eim.Refused, eim.Blocked) as error:
            return self._fall_back(shipments, error)
        if result is None:
            return None
        if result.failures:
            # What it says of the order it may say in either form; told alone, that counts.
            return self._put_back(shipments)
        try:
            status = run.client.get_order_status(cust_ref)
        except eim.EimError as error:
            return self._record_lost(shipments, translated(run.env, error))
        if status.status not in KNOWN_AT_EIM:
            self._may_be_used = False
            return self._record_lost(shipments, run.env._("EIM took the shipment and does not show it yet."))
        self._record(shipments)
        if {parcel.tracking_no for parcel in shipments[order]} <= {parcel.tracking_no for parcel in status.shipments}:
            run.client.updates.trust_ship_batch()
            self._resolve()
        else:
            self._leave(run.env._("EIM calls the order shipped and does not show its tracking numbers."))
        return None

    def _send(self, ids):
        """Tell EIM of several orders in one call; return the ids of those that are to be told one by one."""
        run = self._run
        shipments = self._mark_sending(ids)
        if not shipments:
            return []
        try:
            result = self._call(shipments)
        except (eim.Refused, eim.Blocked) as error:
            self._fall_back(shipments, error)
            return [order.id for order in shipments]
        if result is None:
            return []
        failed = self._find_failed(list(shipments), result)
        if failed is None:
            self._record_lost(shipments, run.env._("EIM does not say which of several shipments it refused."))
            return []
        taken = [order for order in shipments if order not in failed]
        named = [order for order in taken if order.extensiv_cust_ref in result.accepted]
        # Where it names those that it took, one that it names nowhere may have been lost.
        unsaid = [order for order in taken if named and order not in named]
        self._record(named or taken)
        if unsaid:
            self._record_lost(unsaid, run.env._("EIM's answer does not name the order."))
        for (order, failure), cust_ref in zip(
            failed.items(), [order.extensiv_cust_ref for order in failed], strict=True
        ):
            words = eim.Refused(failure.message, process_id=result.process_id, route="ship", status=200)
            run.commit()  # EIM is asked for the order's status
            run.settle(order, cust_ref, words)
        return []

    def _mark_sending(self, ids):
        """Write down what EIM is about to be told of orders; return ``{order: its shipments}``."""
        run = self._run

        def mark():
            progress = fulfilment.read_progress(run.env, SQL("o.id = ANY(%s)", ids))
            found = {status.order: run.mark_sending_alone(status.order, status) for status in progress}
            failed = len([order for order in found if order.extensiv_shipment_state == "failed"])
            return {order: shipments for order, shipments in found.items() if shipments}, failed

        shipments, failed = run.retry_on_conflict(mark)
        run.failed += failed
        return shipments

    def _call(self, shipments):
        """Make the call and return its ``BatchResult``, None where the answer was lost and others may fare better.

        Where nothing was done, the orders wait as they were.

        :raise EimError: EIM had trouble, or refuses the call as a whole
        """
        run = self._run
        references = {order.extensiv_cust_ref: found for order, found in shipments.items()}
        run.commit()  # reading began a transaction; EIM is called holding none
        run.check_lock()
        try:
            return run.client.updates.ship_batch(references)
        except eim.AnswerLost as error:
            if error.unreadable and self._is_used:
                self._may_be_used = False  # in this pass; one garbled answer says nothing of what was seen to work
            elif error.unreadable:
                self._leave(translated(run.env, error), error)
            self._record_lost(shipments, translated(run.env, error))
            self._troubles += 1
            if self._troubles < TROUBLES and error.status is not None and error.retry_after is None:
                return None
            run.resume_in = 60
            raise
        except (eim.Refused, eim.Blocked):
            raise
        except eim.EimError:
            self._put_back(shipments)
            run.resume_in = 60
            raise

    # -- outcomes

    def _find_failed(self, orders, result):
        """Return ``{order: its Failure}`` by the ``BatchResult`` of a call, None where it does not say which failed."""
        by_reference = {order.extensiv_cust_ref: order for order in orders}
        failed = {}
        for failure in result.failures:
            if failure.key in by_reference:
                failed[by_reference[failure.key]] = failure
            elif failure.index is not None:
                failed[orders[failure.index]] = failure
            else:
                return None
        return failed

    def _record(self, orders):
        """Write down that EIM took the shipments of ``orders``."""
        run = self._run

        def record():
            for order in orders:
                run.record_result(order, None, "")

        run.retry_on_conflict(record)
        run.counts["sent"] += len(orders)
        if orders:
            run.held_refusals.accept()

    def _record_lost(self, orders, words):
        """Write down that EIM is to be asked what became of ``orders``."""
        run = self._run
        lost = eim.AnswerLost(words, route="ship")

        def record():
            for order in orders:
                run.record_result(order, lost, "")

        run.retry_on_conflict(record)
        run.failed += len(orders)

    def _put_back(self, orders):
        """Have ``orders``, of which EIM was not told, wait as they were."""
        run = self._run
        run.retry_on_conflict(
            lambda: (
                run.env["sale.order"]
                .browse([order.id for order in orders if order.extensiv_shipment_state == "sending"])
                ._extensiv_set_shipment_state("ready")
            )
        )

    def _fall_back(self, orders, error):
        """Tell one by one after EIM refused a call as a whole: for one of the orders, or because it is none of its own.

        :raise EimError: EIM refuses the key
        """
        self._put_back(orders)
        self._run.check.ask()
        if self._is_used and len(orders) > 1 and not isinstance(error, eim.NotFound):
            self._may_be_used = False  # in this pass; the next tries again, without the order that was in the way
            return
        self._leave(translated(self._run.env, error), error)

    def _leave(self, words, error=None):
        """Use the form no more until a person has it tried anew."""
        run = self._run
        self._may_be_used = False
        run.client.updates.forget_ship_batch()
        failure = {
            "category": "settings",
            "message": run.env._(
                "EIM does not take many shipments at a call: %(words)s It is told of each order by itself, as "
                "reliably, and of no more than about 100 a minute. Retry tries it once more; dismissing this leaves it "
                "off.",
                words=words,
            ),
            "document": run.account,
            "process_id": error and error.process_id,
        }
        report = partial(run.env["extensiv.error"]._report, run.account, "shipments", {KEY: failure}, STEP)
        self._errors |= run.retry_on_conflict(report)

    def _resolve(self):
        """Close the errors that said that it does not work."""
        if self._errors:
            self._run.retry_on_conflict(self._errors._mark_resolved)
            self._errors = self._errors.browse()


def find_errors(account):
    """Return the errors, open or dismissed, that say why EIM is told of the shipments of ``account`` one by one."""
    Error = account.env["extensiv.error"].sudo()
    return Error.search(Error._domain(account, "shipments", [KEY], STEP) & Domain("state", "in", ("open", "dismissed")))


def _is_held(error):
    """Whether the form is not to be tried while this error is there; Retry sets a moment from which it is."""
    return not error.next_try or error.next_try > Datetime.now()

"""Telling EIM of shipments, each order once.

When an order is told, `fulfilment` decides; with what contents, `parcels`; what its outcome means, `shipment_outcome`.
"""

import logging
from datetime import timedelta
from functools import cached_property, partial

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim import errors as eim
from . import fulfilment, kit_fulfilment, missing_carrier, parcels, ship_methods
from .by_hand import put_off
from .deadline import deadline_of
from .exceptions import is_conflict, log_unexpected
from .languages import translated
from .lock import LockLost, flow_lock
from .runner import FlowRun, refresh_snapshot, release_locks
from .shipment_batches import ShipmentBatches
from .shipment_outcome import (
    KNOWN_AT_EIM,
    record_cancelled,
    record_failure,
    record_refusal,
    record_sent,
    report,
)
from .shipment_refusals import HeldRefusals, ask_status
from .tracking import read_told

_logger = logging.getLogger(__name__)

BATCH = 20
# Troubles one after the other that end a pass: then it is not the order, and each may cost 30 s.
TROUBLES = 3
# How long EIM may take to show what a lost call did: only then an order it still has "at_wms" is sent again.
LOST_PAUSE = timedelta(minutes=2)
# What became of a lost call is asked on after a person dismissed its error, but no longer reported.
DISMISSED_PAUSE = timedelta(hours=1)


def send_now(orders):
    """Send the shipments of ``orders`` for a person who waits, as far as the request has time.

    :return: sentences on what is not sent now, and when it is
    :raise UserError: EIM could not be told; of several accounts for none
    """
    release_locks(orders.env)
    by_account = orders.grouped("extensiv_account_id")
    said = []
    refusals = []
    for account, account_orders in by_account.items():
        try:
            said.append(_send_of_account(account, account_orders))
        except UserError as error:
            refusals.append(str(error) if len(by_account) == 1 else f"{account.name}: {error}")
    if len(refusals) == len(by_account):
        raise UserError("\n".join(refusals))
    refresh_snapshot(orders.env)
    return [*refusals, *dict.fromkeys(filter(None, said))]


def _send_of_account(account, orders):
    """Send the shipments of ``orders`` of one account; return what to say of the rest, or an empty text.

    :raise UserError: EIM could not be told
    """
    env = account.env
    deadline = deadline_of(env)
    if not deadline.has_time(account):
        return f"{deadline.explain(account)} {put_off(account, ShipmentPush.flow)}"
    with flow_lock(account, ShipmentPush.flow) as lock:
        if lock:
            with ShipmentPush.open(account, deadline.last_call_at, lock) as push:
                is_busy = not push.send_now(orders.ids)
                push.remember_routes()
    if not lock or is_busy:
        return env._("A run is already at work elsewhere; it sends what is to be told.")
    return put_off(account, ShipmentPush.flow) if push.resume_in is not None else ""


class ShipmentPush(FlowRun):
    """Tell EIM, once, of every order that has left as a whole: intent committed, call, outcome committed.

    Only the holder of the flow's lock comes here, so whoever left an intent without an outcome is dead.
    """

    flow = "shipments"
    _lacks_methods = False  # whether EIM's list of ship methods could not be had in this pass

    @cached_property
    def held_refusals(self):
        """The refusals that may be the credentials' fault."""
        return HeldRefusals(self)

    @cached_property
    def batches(self):
        """The calls that tell of many orders at once, where EIM takes them."""
        return ShipmentBatches(self)

    def run(self):
        self.retry_on_conflict(self.mark_waiting)
        self.retry_on_conflict(self.requeue_due)
        self.push_batches()
        self.plan_next()

    def send_now(self, order_ids):
        """Tell EIM of some orders, until it cannot be reached.

        :return: whether no other process has begun the same meanwhile
        :raise UserError: EIM could not be told
        """
        try:
            with self.connect():
                self.propose_carriers(self.env["sale.order"].browse(order_ids))
                with self.held_refusals.recorded():
                    for order_id in order_ids:
                        if not self.has_time() or self.push(order_id):
                            self.resume_in = 0
                            break
        except LockLost:
            self.rollback()
            return False
        except eim.EimError as error:
            if isinstance(error, eim.CredentialsRefused):
                self.trigger(self.flow)  # a pass says what follows
                self.commit()
            raise UserError(self.env._("EIM could not be told: %s", translated(self.env, error))) from None
        return True

    # -- which orders

    def mark_waiting(self):
        """Mark the orders that have left as a whole, and that no transfer marked."""
        fulfilment.mark_waiting(self.account)

    def requeue_due(self):
        """Take orders up again whose temporary trouble is to be tried once more."""
        due = self.env["extensiv.error"]._due_keys(self.account, self.flow)
        self._search("failed", [("extensiv_cust_ref", "in", due)])._extensiv_set_shipment_state("ready")

    def push_batches(self):
        """Tell EIM of what is due, a batch after the other, as long as there is time.

        :raise EimError: nobody answers there
        """
        troubles = 0
        while self.has_time():
            orders = self.find_due(max(BATCH, self.batches.size))
            if not orders:
                break
            self.propose_carriers(orders)
            with self.held_refusals.recorded():
                for order_id in self.batches.send(orders):
                    if not self.has_time():
                        break
                    trouble = self.push(order_id)
                    troubles = troubles + 1 if trouble else 0
                    if trouble and (troubles == TROUBLES or trouble.status is None or trouble.retry_after is not None):
                        # Nobody answers there, or it asks to wait: the others of this account would fail alike.
                        self.resume_in = 60
                        raise trouble

    def find_due(self, limit):
        """Return orders to be told now: intents without outcome, whose status is asked, then those that are ready."""
        waiting = self.env["extensiv.error"]._waiting_keys(self.account, self.flow)
        lost = [
            ("extensiv_cust_ref", "not in", waiting),
            "|",
            ("extensiv_ask_after", "=", False),
            ("extensiv_ask_after", "<=", fields.Datetime.now()),
        ]
        return self._search("sending", lost, limit=limit, order="id") or self._search("ready", limit=limit, order="id")

    def plan_next(self):
        """Have the next pass come when something is to be done again."""
        now = fields.Datetime.now()
        if self.find_due(1):
            self.resume_in = 0
            return
        error = self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account.id),
                ("flow", "=", self.flow),
                ("state", "=", "open"),
                ("next_try", ">", now),
            ],
            order="next_try",
            limit=1,
        )
        order = self._search("sending", [("extensiv_ask_after", ">", now)], order="extensiv_ask_after", limit=1)
        moments = [*error.mapped("next_try"), *order.mapped("extensiv_ask_after")]
        if moments:
            self.resume_in = max((min(moments) - now).total_seconds(), 1)

    def _search(self, state, domain=(), **options):
        """Return the account's orders with a shipment state."""
        return self.env["sale.order"].search(
            [
                ("extensiv_account_id", "=", self.account.id),
                ("extensiv_shipment_state", "=", state),
                *domain,
            ],
            **options,
        )

    def propose_carriers(self, orders):
        """Fill in what EIM calls the delivery methods of ``orders`` where a person has not yet.

        Where EIM does not say what it lists, it is told by what is known, and the proposal is made another time.

        :raise EimError: EIM refuses the credentials
        """
        carriers = (orders.picking_ids.carrier_id | orders.carrier_id).filtered(
            lambda carrier: not carrier.extensiv_carrier
        )
        if not carriers or self._lacks_methods:
            return
        self.commit()
        try:
            methods = self.client.list_ship_methods()
        except (eim.Refused, eim.Blocked):
            self.check.ask()  # nothing is guessed for a refused key
            methods = ()
        except eim.Unreadable:
            methods = ()
        except (eim.Transient, eim.AnswerLost):
            self._lacks_methods = True  # each try may cost 30 s
            return
        self.retry_on_conflict(lambda: ship_methods.map_by_list(self.account, carriers, methods))

    # -- one order

    def push(self, order_id):
        """Tell EIM of one order: what became of an intent that a dead process or a lost answer left is asked first.

        It is browsed by itself, for each commit forgets what was read, and a batch would be read again for each order.

        :return: the ``EimError`` when EIM had trouble, else None
        :raise RateLimited, CredentialsRefused: the order waits as it was
        """
        order = self.env["sale.order"].browse(order_id)
        is_sending = order.extensiv_shipment_state == "sending"
        trouble = self.check_lost_answer(order) if is_sending else None
        if trouble or order.extensiv_shipment_state != "ready":
            return trouble
        shipments = self.retry_on_conflict(partial(self.mark_sending_alone, order))
        if not shipments:
            self.failed += order.extensiv_shipment_state == "failed"
            return None
        return self.send(order, shipments)

    def mark_sending_alone(self, order, progress=None):
        """Write down the intent; whatever is wrong with this order, the others are told."""
        try:
            with self.env.cr.savepoint():
                return self.mark_sending(order, progress)
        except Exception as error:  # any trouble of ours with one order
            if is_conflict(error):
                raise
            log_unexpected(_logger, error, "The shipment of order %s could not be written", order.id)
            return record_failure(
                order,
                self.env._(
                    "Writing the shipment failed unexpectedly (%s). The server's log says where.", type(error).__name__
                ),
            )

    def mark_sending(self, order, progress=None):
        """Write down what EIM is about to be told of ``order``: the intent.

        :param progress: its ``Progress``, where it was read by now
        :return: the ``wire.Shipment`` objects, or nothing when the order is not to be sent after all
        """
        if order.extensiv_shipment_state != "ready":
            return None
        if order.extensiv_order_id.cancelled_at and not order.extensiv_tells_cancelled:
            return record_cancelled(order)
        if progress is None:
            [progress] = fulfilment.read_progress(self.env, SQL("o.id = %s", order.id))
        if not progress.is_over:
            return order._extensiv_set_shipment_state("waiting")
        if progress.is_off:
            return fulfilment.skip_unconfirmed(order)
        if lacking := missing_carrier.find(self.env, [progress]):
            return missing_carrier.wait_for_carrier(lacking)
        if incomplete := kit_fulfilment.find_incomplete(order):
            kit_fulfilment.wait(incomplete)
            return kit_fulfilment.report(self.account, incomplete)
        shipments, notes = parcels.read_shipments(order)
        if not shipments:
            message = self.env._(
                "Nothing that EIM ordered has left, so there is nothing to tell it. Tell the buyer in the cart "
                "itself, then press Mark as Sent by Hand."
            )
            return record_failure(order, "\n".join([message, *notes]))
        try:
            written = [shipment.to_wire() for shipment in shipments]
        except ValueError as error:
            return record_failure(
                order, self.env._("The shipment cannot be written for EIM: %s", translated(self.env, error))
            )
        order._extensiv_set_shipment_state(
            "sending",
            "\n".join(notes),
            extensiv_shipments=written,
            extensiv_told_tracking=read_told(order),
            extensiv_sending_at=fields.Datetime.now(),
            extensiv_ask_after=False,
        )
        return shipments

    def send(self, order, shipments):
        """Tell EIM what was written down, and write down the outcome.

        :return: the ``EimError`` when EIM had trouble, else None
        :raise RateLimited, CredentialsRefused: the order waits as it was
        """
        cust_ref = order.extensiv_cust_ref
        error = None
        self.commit()  # reading began a transaction; EIM is called holding none
        self.check_lock()  # another process that has it by now may be asking EIM whether it knows of the shipment
        try:
            self.client.ship(cust_ref, shipments)
        except eim.EimError as trouble:
            error = trouble
        return self.settle(order, cust_ref, error)

    def settle(self, order, cust_ref, error):
        """Write down what EIM answered to the shipment of ``order``.

        :param error: the ``EimError`` of the call, or None
        :return: the ``EimError`` when EIM had trouble, else None
        :raise RateLimited, CredentialsRefused: the order waits as it was
        """
        status = ask_status(self.client, cust_ref) if isinstance(error, eim.Refused) else ""
        record = partial(self.record_result, order, error, status)
        if isinstance(error, eim.Refused | eim.Blocked) and status not in (*KNOWN_AT_EIM, "canceled"):
            self.held_refusals.hold(order, error, record, was_sent=True)
            return None
        self.retry_on_conflict(record)
        if isinstance(error, eim.RateLimited):
            raise error
        if error is None or status in KNOWN_AT_EIM:
            self.counts["sent"] += 1
            self.held_refusals.accept()
            return None
        self.failed += 1
        return None if isinstance(error, eim.Refused) else error

    def record_result(self, order, error, status):
        """Write the outcome of a call.

        :param error: the ``EimError`` of the call, or None
        :param status: EIM's of the order, asked after a refusal
        """
        if order.extensiv_shipment_state != "sending":
            return  # a person marked it meanwhile
        if error is None:
            record_sent(order)
        elif isinstance(error, eim.AnswerLost):
            message = self.env._(
                "EIM's answer was lost: %s EIM is asked before anything is sent again.", translated(self.env, error)
            )
            report(order, message, "transient", error)
        elif isinstance(error, eim.RateLimited):
            order._extensiv_set_shipment_state("ready")
        elif isinstance(error, eim.Refused):
            record_refusal(order, error, status)
        else:
            message = self.env._("%s It is tried again by itself.", translated(self.env, error))
            record_failure(order, message, error, "transient")

    # -- an intent without an outcome

    def check_lost_answer(self, order):
        """Ask EIM what became of an intent that has no outcome, and write it down.

        :return: the ``EimError`` when EIM could not be asked
        """
        cust_ref = order.extensiv_cust_ref
        status = ""
        error = None
        self.commit()
        try:
            status = self.client.get_order_status(cust_ref).status
        except eim.RateLimited:
            raise
        except eim.EimError as trouble:
            error = trouble
        record = partial(self.record_status, order, status, error)
        if isinstance(error, eim.Refused | eim.Blocked):
            self.held_refusals.hold(order, error, record, was_sent=False)
            return None
        self.retry_on_conflict(record)
        if order.extensiv_shipment_state == "sent":
            self.counts["sent"] += 1
        return error

    def record_status(self, order, status, error):
        """Write what EIM says of an order that it was, or was not, told of by a lost call."""
        if isinstance(error, eim.Refused):
            message = self.env._(
                "Whether EIM knows of the shipment is unknown: asked for the order, it says “%s”. Look there, then "
                "press Send Shipment Now or Mark as Sent by Hand.",
                translated(self.env, error),
            )
            record_failure(order, message, error)
        elif error is not None and self._is_dismissed(order):
            order.extensiv_ask_after = fields.Datetime.now() + DISMISSED_PAUSE
        elif error is not None:
            report(order, translated(self.env, error), "transient", error)
        elif status in KNOWN_AT_EIM:
            record_sent(order, self.env._("The answer was lost, but EIM has the shipment."))
        elif status == "canceled":
            record_cancelled(order)
        elif self._is_dismissed(order):
            message = self.env._("EIM does not have the shipment; its error was dismissed.")
            order._extensiv_set_shipment_state("failed", message)
        elif (again := order.extensiv_sending_at + LOST_PAUSE) > fields.Datetime.now():
            order.extensiv_ask_after = again
        else:
            order._extensiv_set_shipment_state("ready")

    def _is_dismissed(self, order):
        """Whether a person dismissed the error of the lost call."""
        return bool(
            self.env["extensiv.error"].search_count(
                [
                    ("account_id", "=", order.extensiv_account_id.id),
                    ("flow", "=", self.flow),
                    ("key", "=", order.extensiv_cust_ref),
                    ("state", "=", "dismissed"),
                    ("next_try", "=", False),
                    ("last_seen", ">=", order.extensiv_sending_at),
                ],
                limit=1,
            )
        )

"""The writing routes that a person can prove, each with one record and by the code of its flow."""

from functools import partial

from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim import errors as eim
from . import parcels
from .alerts import AlertFetch
from .batch_acknowledging import find_errors
from .languages import figure
from .order_pull import Acknowledgement, OrderPull
from .read_back import address_of, say_waiting
from .route_proof import OrderProof, Reading, RouteProof
from .runner import new_deadline
from .shipment_outcome import KNOWN_AT_EIM
from .shipment_push import ShipmentPush
from .stock_levels import Change, ExpectedLevels
from .stock_push import StockPush

ACKNOWLEDGED = "at_wms"
LIVING = ("received", "imported", "failed")


class AcknowledgeProof(OrderProof):
    """Acknowledging one order that is in the inbox and not acknowledged yet."""

    route = "acknowledge"
    run_class = OrderPull

    def why_not(self):
        order = self.order
        if order.acknowledged_at:
            return self.env._("Order %s was acknowledged already.", order.order_number)
        if order.state not in LIVING or order.cancelled_at:
            return self.env._("Order %s was cancelled or left alone. Choose another one.", order.order_number)
        return ""

    def work(self, client):
        client.acknowledge(self.order.cust_ref)

    def act(self):
        error = self.call()
        self.run.retry_on_conflict(partial(self.note_answer, error))
        return error

    def note_answer(self, error):
        """Write down what EIM answered, as a pass does."""
        order = self.order
        if error:
            self.run.record_acknowledged([], Acknowledgement(failures={order.cust_ref: error}))
        else:
            self.run.record_acknowledged(order.ids, Acknowledgement(done=[order.cust_ref]))

    def why_pointless(self, before):
        if before.value == "new":
            return ""
        return self.env._(
            "EIM has the order as %s already, so acknowledging it proves nothing. Choose one that it lists as new.",
            before.value,
        )

    def has_effect(self, before, after):
        return after.value == ACKNOWLEDGED


class BatchProof(AcknowledgeProof):
    """Acknowledging one order by the call that takes many."""

    route = "batch_update_order_status"

    def work(self, client):
        result = client.acknowledge_batch([self.order.cust_ref])
        if result.failures:
            raise eim.Refused(result.failures[0].message, process_id=result.process_id, route=self.route, status=200)

    def rely_on(self, path):
        self.run.client.trust_batch()
        self.run.retry_on_conflict(lambda: find_errors(self.account)._mark_resolved())

    def note_answer(self, error):
        # A form that EIM does not take is no trouble of the order, which is acknowledged by itself.
        return None if error else super().note_answer(None)


class CancelProof(OrderProof):
    """Having one order cancelled in its cart."""

    route = "cancel_order_in_cart"
    run_class = OrderPull

    def check_records(self):
        if reason := self.account._why_no_cancel_request():
            raise UserError(reason)
        return super().check_records()

    def why_not(self):
        order = self.order
        if order.state not in (*LIVING, "cancelled") or order.cancelled_at or not order.sale_order_id:
            return self.env._("Order %s was cancelled or left alone. Choose another one.", order.order_number)
        if order.cancel_request == "done":
            return self.env._("EIM was asked to cancel order %s already.", order.order_number)
        if order.sale_order_id.extensiv_shipment_state in ("ready", "sending", "sent"):
            return self.env._("Order %s has left, so it is not cancelled.", order.order_number)
        return ""

    def work(self, client):
        client.cancel_order_in_cart(self.order.cust_ref)

    def act(self):
        before = self.order.cancel_request
        self.run.retry_on_conflict(lambda: self._note_request("due"))  # broken off, a pass asks
        try:
            error = self.call()
        except eim.EimError:
            self.run.retry_on_conflict(lambda: self._note_request(before))
            raise
        self.run.retry_on_conflict(partial(self.run.cancellations.record_answer, self.order.id, error))
        return error

    def _note_request(self, state):
        self.order.cancel_request = state

    def why_pointless(self, before):
        if before.value in ("new", "at_wms"):
            return ""
        return self.env._("EIM has the order as %s, so it is not cancelled. Choose another one.", before.value)

    def has_effect(self, before, after):
        return after.value == "canceled"


class _OneShipmentPush(ShipmentPush):
    """A push of which it is known what EIM answered to the one order."""

    trouble = None

    def record_result(self, order, error, status):
        self.trouble = error
        return super().record_result(order, error, status)


class ShipProof(OrderProof):
    """Telling EIM of one order that has left as a whole and waits to be told."""

    route = "ship"
    run_class = _OneShipmentPush

    def why_not(self):
        if self.order.sale_order_id.extensiv_shipment_state != "ready":
            return self.env._(
                "Order %s is not in Ready: EIM is told of a shipment once, when the whole order has left.",
                self.order.order_number,
            )
        return ""

    def prepare(self):
        self.run.propose_carriers(self.order.sale_order_id)

    def work(self, client):
        shipments, notes = parcels.read_shipments(self.order.sale_order_id)
        if not shipments:
            raise ValueError("\n".join([self.env._("Nothing that EIM ordered has left."), *notes]))
        client.ship(self.order.cust_ref, shipments)

    def act(self):
        run = self.run
        sale = self.order.sale_order_id
        with run.held_refusals.recorded():
            run.push(sale.id)
        if isinstance(run.trouble, eim.AnswerLost):
            run.check_lost_answer(sale)
        if sale.extensiv_shipment_state == "sending":
            run.trigger(run.flow)  # a pass asks again
            run.commit()
        return run.trouble

    def why_pointless(self, before):
        if before.value in ("new", "at_wms", "partial"):
            return ""
        return self.env._("EIM has the order as %s, so this would prove nothing. Choose another one.", before.value)

    def has_effect(self, before, after):
        return after.value in KNOWN_AT_EIM

    def explain_unsent(self):
        return self.order.sale_order_id.extensiv_shipment_message or super().explain_unsent()


class _OneLevelPush(StockPush):
    """A push of which it is known what EIM answered to the one level."""

    trouble = None

    def push_batch(self, changes):
        self.trouble = None
        try:
            failures = super().push_batch(changes)
        except eim.EimError as error:
            self.trouble = error
            raise
        self.trouble = next(iter(failures.values()), None)
        return failures


class LevelProof(RouteProof):
    """Pushing the level of one SKU, ``product``, at one location of EIM, ``location``."""

    route = "push_inventory"
    run_class = _OneLevelPush

    def check_records(self):
        location = self.location
        product = self.product
        if not location or not product:
            raise UserError(self.env._("Choose a location and a product."))
        if location.account_id != self.account:
            raise UserError(self.env._("The location is not of this account."))
        if not location.push_enabled:
            raise UserError(self.env._("Location %s is not pushed: it is mapped to no stock.", location.name))
        if self.account.push_all_first:
            raise UserError(self.account._message_push_all_first())
        if location.read_back_state in ("waiting", "refused"):
            raise UserError(say_waiting(location))
        if not address_of(location):
            raise UserError(
                self.env._("EIM's ID of %s is not known. Press Fetch Locations on the account first.", location.name)
            )
        if self._get_level().held_at:
            raise UserError(
                self.env._(
                    "The zero of %s waits for a person. Look at it among the errors first.", product.default_code
                )
            )
        self.change = self._find_change()

    def _get_level(self):
        return self.env["extensiv.stock.level"].search(
            [("location_id", "=", self.location.id), ("sku", "=", self.product.default_code)], limit=1
        )

    def _find_change(self):
        """Return the ``Change`` that states what is wanted now.

        :raise UserError: nothing is
        """
        expected = ExpectedLevels(self.account)
        rows = self.location.id in expected.source_ids and self.env.execute_query(
            SQL(
                """SELECT location_id, sku, product_id, quantity, on_hand FROM (%s) AS expected
                    WHERE location_id = %s AND product_id = %s AND sku = %s AND NOT shared""",
                expected.sql(),
                self.location.id,
                self.product.id,
                self.product.default_code or "",
            )
        )
        if not rows:
            raise UserError(
                self.env._(
                    "Nothing is pushed of %(product)s to %(location)s. Choose another product.",
                    product=self.product.display_name,
                    location=self.location.name,
                )
            )
        return Change(*rows[0])

    def work(self, client):
        push = StockPush(self.account, new_deadline())
        push.client = client
        push.begin()
        push.push_batch([self.change])

    def act(self):
        run = self.run
        run.begin()
        try:
            run.push([self.change])
        except (eim.RateLimited, eim.CredentialsRefused):
            raise
        except eim.EimError as error:
            return error
        return run.trouble

    def read_remote(self):
        try:
            item = self.run.client.get_inventory(self.change.sku)
        except eim.Forbidden:
            raise
        except eim.Refused:  # EIM's words for an unknown SKU are not known
            return Reading(self.env._("no such SKU"), None)
        names = {self.location.name, self.location.remote_pk}
        there = next((level for level in item.levels if {level.location, level.remote_pk} & names - {"", False}), None)
        if there is None:
            return Reading(self.env._("nothing at this location"), None)
        return Reading(figure(self.env, there.qty_available) if there.qty_available is not None else "?", there)

    def has_effect(self, before, after):
        """EIM may show less than it was told, for recent orders; then the moment that was told says that it took it."""
        there = after.value
        if there is None or there == before.value or there.qty_available is None:
            return False
        told = self.run.stock_read.moment.replace(microsecond=0)
        return there.qty_available == self.change.quantity or (
            there.qty_available < self.change.quantity and there.moment is not None and there.moment >= told
        )

    def get_names(self):
        return {self.product.default_code, self.location.name}


class AlertProof(RouteProof):
    """Dismissing one of EIM's alerts: ``alert``."""

    route = "dismiss_alerts"
    run_class = AlertFetch
    is_repeated = False

    def check_records(self):
        alert = self.alert
        if not alert:
            raise UserError(self.env._("Choose an alert."))
        if alert.account_id != self.account:
            raise UserError(self.env._("The alert is not of this account."))
        if alert.is_order or alert.state != "active":
            raise UserError(self.env._("Choose an active alert; an order that EIM holds in error is none."))

    def work(self, client):
        client.dismiss_alerts([self.alert.remote_id])

    def act(self):
        error = self.call()
        if error is None:
            self.run.retry_on_conflict(lambda: self.alert.write({"state": "closed"}))
        return error

    def read_remote(self):
        client = self.run.client
        listed = self.alert.remote_id in {alert.remote_id for alert in client.list_alerts()}
        if client.alerts_source != "alerts":
            return Reading(self.env._("EIM's list of alerts does not answer"), None)
        return Reading(self.env._("listed") if listed else self.env._("not listed"), listed)

    def why_pointless(self, before):
        if before.value:
            return ""
        return self.env._("EIM does not list the alert, so dismissing it would prove nothing. Fetch the alerts anew.")

    def has_effect(self, before, after):
        return after.value is False

    def get_names(self):
        return {self.alert.remote_id, self.alert.cust_ref}


PROOFS = {
    proof.route: proof for proof in (AcknowledgeProof, ShipProof, BatchProof, LevelProof, AlertProof, CancelProof)
}

"""Shipments where EIM has no path for one order, and takes it in the batch form alone."""

from ..flows.shipment_push import LOST_PAUSE
from .shipments_common import ShipmentCase

BATCH = "batch_update_order_status"
BATCH_PATH = "merchant/orders/update"


class TestShipmentsForm(ShipmentCase):
    def setUp(self):
        super().setUp()
        self.account.answered_routes = False

    def left(self, cust_ref="S-1"):
        """Return an order that has left, ready to be told, and have EIM know the batch form alone from here on."""
        sale = self.order(cust_ref)
        self.ship(sale.picking_ids)
        self.sandbox.sandbox.api.off.add("update_order_status")
        return sale

    def told_with(self, cust_ref="S-1"):
        return [event for event in self.sandbox.store.shipments if event["cust_ref"] == cust_ref]

    def posted(self):
        """Return how many calls of each form were made since EIM knows the batch alone."""
        return [call["route"] for call in self.sandbox.sandbox.calls if call["method"] == "POST"][1:]

    def test_the_batch_form_tells_it_once_and_is_remembered(self):
        for how in ("404", "gateway_403"):
            with self.subTest(how=how):
                self.account.answered_routes = False
                self.sandbox.sandbox.reset(**self.sandbox_options)
                first = self.left(f"{how}-1")
                self.sandbox.sandbox.api.off.clear()
                second = self.left(f"{how}-2")
                self.account.answered_routes = False
                self.sandbox.sandbox.api.unknown_paths = how
                self.push()
                self.assertEqual((first + second).mapped("extensiv_shipment_state"), ["sent", "sent"])
                for sale in first + second:
                    [event] = self.told_with(sale.extensiv_cust_ref)
                    self.assertEqual(len(event["shipments"]), 1)
                self.assertEqual(self.account.answered_routes, {"ship": BATCH_PATH})

    def test_a_button_remembers_it_too(self):
        sale = self.left()
        with self.flows():
            sale.action_extensiv_send()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.account.answered_routes["ship"], BATCH_PATH)

    def test_a_lost_answer_of_the_batch_form_is_asked_for_and_nothing_sent_twice(self):
        sale = self.left()
        self.fault(route=BATCH, kind="lose_answer")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.assertEqual(len(self.told_with()), 1)
        with self.later(seconds=LOST_PAUSE.total_seconds() + 1):
            self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(len(self.told_with()), 1)
        self.assertEqual(self.posted().count(BATCH), 1)

    def test_what_eim_took_and_does_not_show_is_asked_for_before_it_is_sent_again(self):
        sale = self.left()
        self.sandbox.sandbox.api.order_batches = "ignored"
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.push()
        self.assertEqual(self.posted().count(BATCH), 1)
        self.sandbox.sandbox.api.order_batches = "taken"
        for seconds in (130, 300):
            with self.later(seconds=seconds):
                self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(len(self.told_with()), 1)

    def test_what_the_batch_form_refuses_is_said_in_its_words(self):
        sale = self.left()
        self.sandbox.store.known_carriers = ("DHL",)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertIn("Unmapped ship method", sale.extensiv_shipment_message)
        self.assertNotIn("ship", self.account.answered_routes or {})

    def test_an_order_that_eim_has_no_more_flips_nothing(self):
        sale = self.left()
        self.sandbox.store._leave(self.sandbox.store.orders.pop("S-1"))
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertEqual(self.posted().count(BATCH), 0)
        self.assertNotIn("ship", self.account.answered_routes or {})

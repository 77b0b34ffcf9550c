"""Many shipments at a call: once EIM has shown that it takes and keeps them, and each order once all the same."""

from datetime import timedelta
from unittest.mock import patch

from odoo.tests import tagged

from ..eim.updates import OrderUpdates
from ..flows import shipment_batches
from .shipments_common import ShipmentCase

BATCH = "batch_update_order_status"
PATH = "merchant/orders/update"


@tagged("post_install", "-at_install")
class TestShipmentsBatches(ShipmentCase):
    def setUp(self):
        super().setUp()
        self.patch(shipment_batches, "WORTH_TRYING", 3)
        self.account._remember_routes({BATCH: PATH})

    def left(self, count):
        """Return orders that have left."""
        items = [{"item": "TEE-1", "quantity": "1", "price": "5"}]
        references = [f"B-{number}" for number in range(count)]
        self.add_orders(*({"cust_ref": name, "order_source": "Shopify", "items": items} for name in references))
        self.pull()
        sales = self.env["sale.order"].search([("extensiv_cust_ref", "in", references)], order="id")
        for picking in sales.picking_ids:
            picking.write({"carrier_id": self.carrier.id, "carrier_tracking_ref": f"1Z{picking.id}"})
        sales.picking_ids.move_ids.picked = True
        sales.picking_ids._action_done()
        self.sandbox.sandbox.calls.clear()
        return sales

    def prove(self):
        self.account._remember_routes({BATCH: PATH, "ship": PATH})

    def states(self, sales):
        return sales.mapped("extensiv_shipment_state")

    def error(self):
        return self.shipment_error(shipment_batches.KEY, shipment_batches.STEP)

    def assert_each_told(self, sales):
        self.assertEqual(set(self.states(sales)), {"sent"})
        for sale in sales:
            [parcel] = self.told(sale.extensiv_cust_ref)
            self.assertEqual(parcel["tracking_no"], sale.picking_ids.carrier_tracking_ref)

    def test_one_order_shows_it_and_the_others_follow_in_one_call(self):
        sales = self.left(5)
        run = self.push()
        self.assert_each_told(sales)
        self.assertEqual(self.calls("ship", BATCH, "get_order_status"), [BATCH, "get_order_status", BATCH])
        self.assertEqual(self.account.answered_routes["ship"], PATH)
        self.assertEqual(run.done_count, 5)

    def test_a_few_orders_are_told_one_by_one(self):
        sales = self.left(2)
        self.push()
        self.assert_each_told(sales)
        self.assertEqual(self.calls("ship", BATCH), ["ship", "ship"])

    def test_a_person_may_want_one_call_an_order(self):
        self.account.shipments_per_call = 1
        self.prove()
        sales = self.left(4)
        self.push()
        self.assert_each_told(sales)
        self.assertEqual(len(self.calls("ship", BATCH)), 4)

    def test_no_call_tells_of_more_orders_than_a_person_wants(self):
        self.account.shipments_per_call = 2
        sales = self.left(6)
        self.push()
        self.assert_each_told(sales)
        # One shows that it works; then two, two, and what is left.
        self.assertEqual(self.calls(BATCH), [BATCH] * 4)

    def test_what_eim_refuses_of_a_call_is_one_orders_error(self):
        self.prove()
        sales = self.left(4)
        self.change_order("B-2", order_status="canceled")
        run = self.push()
        self.assertEqual(self.states(sales), ["sent", "sent", "failed", "sent"])
        self.assertIn("cancelled at EIM", self.shipment_error("B-2").message)
        self.assertEqual((run.done_count, run.failed_count), (3, 1))
        self.assertEqual(len(self.calls(BATCH)), 1)

    def test_a_refused_form_is_left_and_every_order_told_one_by_one(self):
        self.sandbox.sandbox.api.order_batches = "invalid"
        self.addCleanup(setattr, self.sandbox.sandbox.api, "order_batches", "taken")
        sales = self.left(4)
        self.push()
        self.assert_each_told(sales)
        self.assertIn("does not take many shipments at a call", self.error().message)
        self.sandbox.sandbox.calls.clear()
        self.push()
        self.assertEqual(self.calls(BATCH), [])

    def test_a_form_that_does_nothing_is_seen_by_the_first_order_alone(self):
        self.sandbox.sandbox.api.order_batches = "ignored"
        self.addCleanup(setattr, self.sandbox.sandbox.api, "order_batches", "taken")
        sales = self.left(4)
        self.push()
        self.assertEqual(self.states(sales), ["sending", "sent", "sent", "sent"])
        self.assertEqual(len(self.calls(BATCH)), 1)
        self.assertFalse((self.account.answered_routes or {}).get("ship") == PATH)

    def test_a_lost_answer_has_each_order_asked_about_and_none_told_twice(self):
        self.prove()
        sales = self.left(4)
        self.fault(route=BATCH, kind="lose_answer")
        self.push()
        self.assertEqual(set(self.states(sales)), {"sending"})
        for sale in sales:
            sale.extensiv_sending_at -= timedelta(minutes=3)
        self.env["extensiv.error"].search([("flow", "=", "shipments")]).next_try = sales[0].extensiv_sending_at
        self.sandbox.sandbox.calls.clear()
        self.push()
        self.assert_each_told(sales)
        self.assertEqual(self.calls("ship", BATCH), [])
        self.assertEqual(len(self.calls("get_order_status")), 4)

    def test_what_an_answer_names_neither_as_taken_nor_as_refused_is_asked_about(self):
        self.prove()
        sales = self.left(4)
        whole = OrderUpdates.ship_batch

        def ship_batch(updates, orders):
            return whole(updates, {name: shipments for name, shipments in orders.items() if name != "B-2"})

        with patch.object(OrderUpdates, "ship_batch", ship_batch):
            self.push()
        self.assertEqual(self.states(sales), ["sent", "sent", "sending", "sent"])
        sales[2].extensiv_sending_at -= timedelta(minutes=3)
        self.shipment_error("B-2").next_try = sales[2].extensiv_sending_at
        self.push()
        self.assert_each_told(sales)

    def test_the_rate_limit_leaves_them_as_they_were(self):
        self.prove()
        sales = self.left(3)
        self.fault(route=BATCH, kind="rate_limit")
        run = self.push()
        self.assertEqual(run.state, "partial")
        self.assertEqual(set(self.states(sales)), {"ready"})
        self.push()
        self.assert_each_told(sales)

    def test_an_order_that_cannot_be_written_does_not_hold_up_the_others(self):
        self.prove()
        sales = self.left(3)
        sales[1].extensiv_order_id.cancelled_at = "2024-01-01"
        self.push()
        self.assertEqual(self.states(sales), ["sent", "failed", "sent"])
        self.assertEqual(len(self.calls(BATCH)), 1)

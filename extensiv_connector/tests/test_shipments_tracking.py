"""Tracking numbers that are not needed, come late, change or are taken away."""

from odoo.tests import tagged

from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestShipmentsTracking(ShipmentCase):
    def sent(self, tracking="T1", **options):
        """Return an order that EIM was told of."""
        sale = self.order()
        self.ship(sale.picking_ids, tracking, **options)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        return sale

    def back(self, picking, exchange=False):
        """Have all of a transfer come back; return what is sent instead, if anything."""
        before = picking.move_ids.sale_line_id.order_id.picking_ids
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=picking.id, active_ids=picking.ids, active_model="stock.picking")
            .create({})
        )
        for line in wizard.product_return_moves:
            line.quantity = line.move_id.quantity
        action = wizard.action_create_exchanges() if exchange else wizard.action_create_returns()
        returned = self.env["stock.picking"].browse(action["res_id"])
        self.ship(returned, tracking=False)
        return picking.move_ids.sale_line_id.order_id.picking_ids - before - returned

    # -- delivery methods that give none

    def test_a_delivery_method_that_gives_no_number_is_not_waited_for(self):
        self.carrier.extensiv_no_tracking = True
        sale = self.order()
        self.assertTrue(sale.extensiv_cart_id.wait_tracking)
        self.ship(sale.picking_ids, tracking=False)
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.push()
        self.assertEqual(self.contents(), [(None, {"TEE-1": 2, "MUG-1": 1})])

    def test_saying_so_later_sets_the_waiting_orders_free(self):
        sale = self.order()
        sale.carrier_id = self.carrier
        self.ship(sale.picking_ids, tracking=False)
        sale.picking_ids.carrier_id = False
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.carrier.extensiv_no_tracking = True
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_each_transfer_is_asked_by_its_own_method(self):
        own_van = self.carrier.copy({"name": "Own van", "extensiv_no_tracking": True})
        sale = self.order()
        first = sale.picking_ids
        first.carrier_id = own_van
        self.ship(first, False, quantities={self.tee: 2, self.mug: 0})
        rest = sale.picking_ids - first
        rest.carrier_id = self.carrier
        self.ship(rest, False)
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        rest.carrier_tracking_ref = "T2"
        self.push()
        self.assertEqual(self.contents(), [(None, {"TEE-1": 2}), ("T2", {"MUG-1": 1})])

    # -- after EIM was told

    def errors(self):
        return self.shipment_error("S-1", "tracking")

    def test_an_exchange_after_sending_is_no_alarm(self):
        sale = self.sent()
        replaced = self.back(sale.picking_ids, exchange=True)
        self.assertTrue(replaced)
        replaced.action_assign()
        self.ship(replaced, "T2")
        replaced.carrier_tracking_ref = "T3"
        self.push()
        self.assertFalse(self.errors())
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_a_change_is_said_once_to_a_person_and_on_the_order(self):
        sale = self.sent()
        picking = sale.picking_ids
        for _time in range(3):
            picking.carrier_tracking_ref = "OTHER"
        error = self.errors()
        self.assertEqual(error.attempts, 1)
        said = [body for body in sale.message_ids.mapped("body") if "is now OTHER" in body]
        self.assertEqual(len(said), 1)
        error.action_dismiss()
        picking.carrier_tracking_ref = " OTHER "
        self.assertFalse(self.errors(), "a person knows of it")
        picking.carrier_tracking_ref = "YET-ANOTHER"
        self.assertIn("is now YET-ANOTHER", self.errors().message)

    def test_a_cancelled_label_is_said(self):
        sale = self.sent()
        sale.picking_ids.carrier_tracking_ref = False
        self.assertIn("was taken away, as when its label is cancelled, but EIM was told T1", self.errors().message)
        sale.picking_ids.carrier_tracking_ref = "T1"
        self.assertFalse(self.errors())

    def test_a_number_that_is_added_or_written_in_another_way(self):
        sale = self.sent("T1,T2")
        sale.picking_ids.carrier_tracking_ref = "T2 + T1"
        self.assertFalse(self.errors())
        sale.picking_ids.carrier_tracking_ref = "T1,T2,T3"
        self.assertIn("is now T1, T2, T3", self.errors().message)

    def test_numbers_that_the_contract_has_no_room_for_are_no_alarm(self):
        sale = self.order(lines={"TEE-1": 1})
        self.ship(sale.picking_ids, "T1,T2,T3")
        self.push()
        sale.picking_ids.carrier_tracking_ref = "T1,T2,T3"
        self.assertFalse(self.errors())

    def test_orders_told_before_what_was_told_was_written_down(self):
        sale = self.sent()
        sale.extensiv_told_tracking = False
        sale.picking_ids.carrier_tracking_ref = "T1"
        self.assertFalse(self.errors())
        sale.picking_ids.carrier_tracking_ref = "OTHER"
        self.assertIn("is now OTHER, but EIM was told T1", self.errors().message)

    # -- after the goods came back

    def test_a_number_entered_after_the_goods_came_back_does_not_ship_them(self):
        sale = self.order()
        picking = sale.picking_ids
        self.ship(picking, tracking=False)
        self.back(picking)
        picking.carrier_tracking_ref = "LATE"
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertIn("All that left came back", sale.extensiv_shipment_message)
        self.assertNotIn("ship", self.calls())

    def test_what_came_back_in_part_is_told_and_so_is_what_replaces_it(self):
        sale = self.order()
        picking = sale.picking_ids
        self.ship(picking, tracking=False)
        replaced = self.back(picking, exchange=True)
        picking.carrier_tracking_ref = "LATE"
        self.assertEqual(sale.extensiv_shipment_state, "waiting", "the exchange is still to leave")
        replaced.action_assign()
        self.ship(replaced, "T2")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_a_person_may_tell_it_all_the_same(self):
        sale = self.order()
        picking = sale.picking_ids
        self.ship(picking, tracking=False)
        self.back(picking)
        self.push()
        with self.flows():
            sale.action_extensiv_send()
        self.env.invalidate_all()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

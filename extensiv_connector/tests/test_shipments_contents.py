"""What is told: contents that add up to what was ordered and delivered, under every tracking number."""

from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import Form

from ..eim.wire import ShipMethod
from ..flows.parcels import Packing, Parcel
from ..models.delivery_carrier import BRANDS
from .shipments_common import ShipmentCase


class TestShipmentsContents(ShipmentCase):
    def deliver(self, sale, tracking="1Z999", **options):
        open_pickings = sale.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
        self.ship(open_pickings, tracking, **options)

    def test_a_shipment_has_date_carrier_method_and_the_skus_as_received(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        sale.order_line.product_id.default_code = "renamed here"
        self.deliver(sale)
        self.push()
        [shipment] = self.told()
        self.assertEqual(shipment["carrier"], "UPS")
        self.assertEqual(shipment["method"], "Ground")
        self.assertEqual(shipment["tracking_no"], "1Z999")
        self.assertEqual(shipment["items"], [{"item": "TEE-1", "quantity": 2}, {"item": "MUG-1", "quantity": 1}])
        self.assertEqual(shipment["date"], sale.picking_ids.date_done.replace(microsecond=0).isoformat() + "+00:00")
        self.assertNotIn("package_weight_lbs", shipment)

    def test_the_weight_is_told_in_pounds(self):
        self.tee.weight, self.mug.weight = 1.0, 0.5
        sale = self.order()
        self.deliver(sale)
        self.push()
        self.assertEqual(self.told()[0]["package_weight_lbs"], "5.51")

    def test_what_was_sent_can_be_read_and_is_noted(self):
        sale = self.order()
        self.deliver(sale)
        self.push()
        self.assertIn("UPS Ground 1Z999: 2 × TEE-1, 1 × MUG-1", sale.extensiv_shipments_readable)
        self.assertEqual(sale.picking_ids.extensiv_shipments_readable, sale.extensiv_shipments_readable)
        self.assertIn("2 × TEE-1, 1 × MUG-1", sale.message_ids[0].body)

    def test_two_lines_of_one_sku_add_up(self):
        item = {"item": "TEE-1", "price": "5"}
        sale = self.order(items=[{**item, "quantity": "1"}, {**item, "quantity": "2"}])
        self.deliver(sale)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 3})])

    # -- numbers and parcels

    def test_several_numbers_each_get_something_of_the_contents(self):
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        self.deliver(sale, "T1, T2,T1,T3")
        self.push()
        contents = self.contents()
        self.assertEqual([number for number, _items in contents], ["T1", "T2", "T3"])
        self.assertTrue(all(items for _number, items in contents))
        self.assertEqual(sum(items.get("TEE-1", 0) for _number, items in contents), 3)
        self.assertEqual(sum(items.get("MUG-1", 0) for _number, items in contents), 1)

    def test_more_numbers_than_pieces_lose_no_number(self):
        sale = self.order(lines={"TEE-1": 1})
        self.deliver(sale, "T1,T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1})])
        self.assertEqual(self.told()[0]["tracking_no_secondary"], "T2")
        self.assertIn("1 × TEE-1 left in several boxes", sale.extensiv_shipment_message)

    def test_packages_take_the_numbers_in_turn(self):
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        picking = sale.picking_ids
        self.pack(picking, {self.tee: 2}, {self.tee: 1, self.mug: 1})
        self.validate(picking, "T2,T1")
        self.push()
        self.assertEqual(self.contents(), [("T2", {"TEE-1": 1, "MUG-1": 1}), ("T1", {"TEE-1": 2})])

    def test_a_package_named_as_its_number_has_it(self):
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        picking = sale.picking_ids
        self.pack(picking, {self.tee: 2}, {self.tee: 1, self.mug: 1}, names=("Z2", "Z1"))
        self.validate(picking, "Z1,Z2")
        self.push()
        self.assertEqual(sorted(self.contents()), [("Z1", {"TEE-1": 1, "MUG-1": 1}), ("Z2", {"TEE-1": 2})])

    def test_several_packages_under_one_number_are_one_shipment(self):
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        picking = sale.picking_ids
        packages = self.pack(picking, {self.tee: 2}, {self.tee: 1, self.mug: 1})
        packages.shipping_weight = 2
        self.validate(picking, "T1")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 3, "MUG-1": 1})])
        self.assertEqual(self.told()[0]["package_weight_lbs"], "8.82")

    def test_one_number_for_several_transfers_is_one_shipment(self):
        sale = self.order()
        self.deliver(sale, "T1", quantities={self.tee: 1, self.mug: 0})
        self.deliver(sale, "T1")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 2, "MUG-1": 1})])

    # -- lots and serial numbers

    def test_lots_and_serial_numbers_are_told(self):
        self.tee.tracking, self.mug.tracking = "none", "none"
        lotted, serial = self.env["product.product"].create(
            [
                {"name": "Soap", "default_code": "SOAP", "is_storable": True, "tracking": "lot"},
                {"name": "Phone", "default_code": "PHONE", "is_storable": True, "tracking": "serial"},
            ]
        )
        for product, names in ((lotted, ("LOT-A", "LOT-B")), (serial, ("SN-1", "SN-2"))):
            for name in names:
                lot = self.env["stock.lot"].create({"name": name, "product_id": product.id})
                self._stock(product, 1, lot)
        sale = self.order(lines={"SOAP": 2, "PHONE": 2})
        picking = sale.picking_ids
        picking.action_assign()
        self.validate(picking, "T1")
        self.push()
        items = self.told()[0]["items"]
        self.assertCountEqual(
            items,
            [
                {"item": "SOAP", "quantity": 1, "lot_code": "LOT-A"},
                {"item": "SOAP", "quantity": 1, "lot_code": "LOT-B"},
                {"item": "PHONE", "quantity": 1, "serial_no": "SN-1"},
                {"item": "PHONE", "quantity": 1, "serial_no": "SN-2"},
            ],
        )

    # -- units of measure

    def test_quantities_are_in_the_unit_of_the_order_line(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        self.account.order_policy = "draft"
        self.add_orders({"cust_ref": "S-1", "items": [{"item": "TEE-1", "quantity": "2", "price": "5"}]})
        self.pull()
        sale = self.inbox("S-1").sale_order_id
        sale.order_line.filtered("extensiv_sku").product_uom_id = dozen
        sale.action_confirm()
        self.assertEqual(sale.picking_ids.move_ids.product_qty, 24)
        self.deliver(sale, "T1", quantities={self.tee: 6})
        self.deliver(sale, "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": "0.5"}), ("T2", {"TEE-1": "1.5"})])

    def test_rounded_parts_add_up(self):
        sale = self.order(lines={"TEE-1": 1})
        line = sale.order_line.filtered("extensiv_sku")
        parcels = [Parcel(sale.picking_ids, self.env["stock.package"]) for _part in range(3)]
        packing = Packing(sale)
        packing.digits = 2
        packing.put(line, [(parcel, self.env["stock.lot"], 1 / 3) for parcel in parcels])
        parts = [sum(parcel.items.values()) for parcel in parcels]
        self.assertEqual(parts, [Decimal("0.33"), Decimal("0.34"), Decimal("0.33")])

    # -- what EIM did not order

    def _with_substitute(self, sale):
        """Let a person put another product into the transfer of ``sale``; return the transfer."""
        other = self.env["product.product"].create({"name": "White tee", "is_storable": True})
        self._stock(other, 5)
        with Form(sale.picking_ids) as form, form.move_ids.new() as move:
            move.product_id = other
            move.product_uom_qty = 1
        return sale.picking_ids

    def test_a_substitute_is_told_to_a_person_and_not_sent(self):
        sale = self.order(lines={"TEE-1": 2})
        picking = self._with_substitute(sale)
        self.ship(picking, quantities={self.tee: 1}, backorder=False)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 1})])
        self.assertIn("which did not order it: 1 × White tee", sale.extensiv_shipment_message)

    def test_nothing_but_substitutes_waits_for_a_person(self):
        sale = self.order(lines={"TEE-1": 1})
        picking = self._with_substitute(sale)
        self.ship(picking, quantities={self.tee: 0}, backorder=False)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertIn("Nothing that EIM ordered has left", self.shipment_error().message)
        self.assertNotIn("ship", self.calls())

    def test_more_than_ordered_is_not_told(self):
        sale = self.order(lines={"TEE-1": 2})
        self.deliver(sale, quantities={self.tee: 3})
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2})])
        self.assertIn("EIM ordered 2 and is told no more", sale.extensiv_shipment_message)

    def test_what_a_person_adds_to_a_line_is_not_told_and_what_they_take_off_is_said(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 2})
        sale.order_line.filtered(lambda line: line.extensiv_sku == "TEE-1").product_uom_qty = 3
        sale.order_line.filtered(lambda line: line.extensiv_sku == "MUG-1").product_uom_qty = 1
        self.deliver(sale)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2, "MUG-1": 1})])
        self.assertIn("3 × TEE-1 were delivered, but EIM ordered 2", sale.extensiv_shipment_message)
        self.assertIn("Of 2 × MUG-1 only 1 were delivered", sale.extensiv_shipment_message)

    # -- carriers

    def propose(self, name, methods=()):
        self.carrier.name = name
        return self.carrier._extensiv_proposal([ShipMethod(*method) for method in methods])

    def test_a_carrier_is_proposed_from_eims_list_then_its_kind_then_its_name(self):
        methods = [("ups", "11", "UPS Ground"), ("USPS", "07", "Priority Mail"), ("", "PU", "Pick up")]
        self.assertEqual(self.propose("U.P.S. ground", methods), ("UPS", "UPS Ground"))
        self.assertEqual(self.propose("USPS Priority Mail", methods), ("USPS", "Priority Mail"))
        self.assertEqual(self.propose("Pick up", methods), ("PICK UP", "Pick up"))
        self.assertEqual(self.propose("Local bike"), ("LOCAL BIKE", "Local bike"))
        with patch.dict(BRANDS, {"fixed": "FEDEX"}):
            self.assertEqual(self.propose("Home", methods), ("FEDEX", "Home"))

    def test_the_proposal_is_kept_for_a_person_to_change(self):
        self.carrier.write({"name": "FedEx Home Delivery", "extensiv_carrier": False, "extensiv_method": False})
        sale = self.order()
        self.deliver(sale)
        self.push()
        self.assertEqual(self.carrier.extensiv_carrier, "FEDEX")
        self.assertEqual(self.carrier.extensiv_method, "FedEx Home Delivery")
        self.assertEqual(self.told()[0]["carrier"], "FEDEX")

    def test_without_delivery_method_the_carrier_is_the_one_the_buyer_asked_for(self):
        sale = self.order(carrier="usps", ship_code="usps_priority")
        sale.picking_ids.carrier_id = False
        picking = sale.picking_ids
        picking.carrier_tracking_ref = "T1"
        picking.move_ids.picked = True
        picking.button_validate()
        self.push()
        self.assertEqual(self.told()[0]["carrier"], "USPS")

    def test_a_refused_carrier_is_an_error_of_the_delivery_method_and_ends_with_its_mapping(self):
        self.sandbox.store.known_carriers = ("FEDEX",)
        sales = self.order("S-1") + self.order("S-2")
        for sale in sales:
            self.deliver(sale)
        self.push()
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"failed"})
        errors = self.env["extensiv.error"].search([("flow", "=", "shipments"), ("state", "=", "open")])
        self.assertEqual(errors.res_model, "delivery.carrier")
        self.assertEqual(errors.res_id, self.carrier.id)
        self.assertEqual(errors.category, "settings")
        self.assertIn("Unmapped ship method", errors.message)
        self.carrier.extensiv_carrier = "FEDEX"
        self.assertEqual(errors.state, "resolved")
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"ready"})
        self.push()
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"sent"})

    def test_a_refused_carrier_where_no_delivery_method_was_chosen_says_where_to_choose_one(self):
        self.sandbox.store.known_carriers = ("FEDEX",)
        sale = self.order("S-1", carrier="UPS")
        picking = sale.picking_ids
        picking.carrier_tracking_ref = "T1"
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertFalse(picking.carrier_id)
        self.push()
        error = self.shipment_error("S-1")
        self.assertIn("Unmapped ship method", error.message)
        self.assertIn("No delivery method stands on its transfers", error.message)

    def test_a_refused_carrier_that_was_mapped_at_eim_ends_its_error_with_the_last_order_retried(self):
        self.sandbox.store.known_carriers = ("FEDEX",)
        sales = self.order("S-1") + self.order("S-2")
        for sale in sales:
            self.deliver(sale)
        self.push()
        error = self.shipment_error("delivery method UPS Ground")
        self.sandbox.store.known_carriers = ("FEDEX", "UPS")
        with self.flows():
            sales[0].action_extensiv_send()
        self.env.invalidate_all()
        self.assertEqual(sales[0].extensiv_shipment_state, "sent")
        self.assertEqual(error.state, "open")
        with self.flows():
            error.action_retry()
        self.assertEqual(sales[1].extensiv_shipment_state, "sent")
        self.assertEqual(error.state, "resolved")

    def test_marking_the_last_order_by_hand_ends_the_error_of_the_refused_carrier(self):
        self.sandbox.store.known_carriers = ("FEDEX",)
        sale = self.order()
        self.deliver(sale)
        self.push()
        error = self.shipment_error("delivery method UPS Ground")
        sale.action_extensiv_mark_sent()
        self.assertEqual(error.state, "resolved")

    def test_a_refused_carrier_waits_for_a_person_also_after_temporary_trouble(self):
        self.sandbox.store.known_carriers = ("FEDEX",)
        sale = self.order()
        self.deliver(sale)
        self.fault(route="ship", kind="500")
        self.push()
        for _pass in range(3):
            sale.extensiv_sending_at -= timedelta(minutes=2)
            self.shipment_error().next_try = sale.extensiv_sending_at
            sale.extensiv_ask_after = False
            self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertEqual(self.calls("ship"), ["ship", "ship"])

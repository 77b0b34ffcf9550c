"""What a packer has to know, a line's own location, and lots that buyers asked for: on the order and its transfers."""

import json

from odoo.tests import tagged

from ..eim.wire import Order
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestPackingNotes(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)

    def sold(self, *lines, cust_ref="P-1", **order):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"quantity": "1", "price": "10.00", **line} for line in (lines or [{"item": "TEE-1"}])],
                **order,
            }
        )
        self.pull()
        sale = self.inbox(cust_ref).sale_order_id
        self.assertEqual(sale.state, "sale", self.inbox(cust_ref).message)
        return sale

    def test_pay_on_delivery_says_what_to_collect_on_the_order_its_transfer_and_its_print(self):
        sale = self.sold(pay_type="C.O.D.", balance="10.00")
        self.assertIn("PAY ON DELIVERY: collect 10.00 USD", sale.extensiv_packing_notes)
        self.assertEqual(sale.picking_ids.extensiv_packing_notes, sale.extensiv_packing_notes)
        self.assertIn("collect 10.00 USD", sale.picking_ids.note)

    def test_pay_on_delivery_without_a_balance_says_that_nobody_says_how_much(self):
        self.assertIn("does not say how much", self.sold(pay_type="cash on delivery").extensiv_packing_notes)

    def test_an_open_balance_alone_is_nothing_that_the_carrier_collects(self):
        notes = self.sold(pay_type="Net 30", balance="4.00").extensiv_packing_notes
        self.assertIn("4.00 USD are open (Net 30)", notes)
        self.assertNotIn("PAY ON DELIVERY", notes)

    def test_services_address_and_gifts_are_told(self):
        sale = self.sold(
            special_services={"SIGNATURE_REQUIRED": "Y", "INSURANCE": "N"},
            ship_code_description="UPS Next Day Saturday Delivery",
            ship_address_type="R",
            gift_wrap="Y",
            gift_message="Happy birthday",
        )
        notes = sale.extensiv_packing_notes.splitlines()
        for note in (
            "Signature required",
            "Saturday delivery",
            "Residential address",
            "Gift wrap: yes",
            "Gift message: Happy birthday",
        ):
            self.assertIn(note, notes)
        self.assertNotIn("INSURANCE", sale.extensiv_packing_notes)
        self.assertIn("Commercial address", self.sold(cust_ref="P-2", ship_address_type="C").extensiv_packing_notes)

    def test_what_the_carrier_is_asked_not_to_do_is_not_asked_for(self):
        for number, (services, described) in enumerate(
            (
                ("NO_SIGNATURE_REQUIRED", "FedEx Ground - No Adult Signature Required"),
                ({"signature": "NOT_REQUIRED"}, "UPS Ground, Signature: No"),
                ("Signature is waived, no Saturday delivery", "Cape Cod Express"),
            )
        ):
            notes = self.sold(cust_ref=f"P-{number}", special_services=services, ship_code_description=described)
            lines = notes.extensiv_packing_notes.splitlines()
            self.assertEqual(len(lines), 1, lines)
            self.assertIn("Special services", lines[0])
        both = self.sold(
            cust_ref="P-9", special_services="Adult Signature Required", ship_code_description="No Saturday Delivery"
        )
        self.assertIn("Signature of an adult required", both.extensiv_packing_notes)
        self.assertNotIn("Saturday", both.extensiv_packing_notes)

    def test_what_is_asked_for_in_no_field_is_told_nowhere(self):
        sale = self.sold(gift_wrap="N", special_services="N", balance="0.00")
        self.assertFalse(sale.extensiv_packing_notes)
        self.assertNotIn("Gift wrap", sale.extensiv_instructions or "")

    def test_freight_on_the_buyers_account_is_told_and_its_number_stored_nowhere(self):
        sale = self.sold(ship_account_no="4R7K99", ship_account_zip="93103")
        self.assertIn("Freight on the buyer's own account", sale.extensiv_packing_notes)
        record = sale.extensiv_order_id
        self.env.flush_all()
        for stored in (record.payload, sale.extensiv_packing_notes, sale.extensiv_instructions or ""):
            self.assertNotIn("4R7K99", stored)
        self.assertTrue(Order.from_payload(record.payload).is_freight_collect, "also when it is read again")
        self.assertNotIn("ship_account_no", json.loads(record.payload))

    # -- a line's own location

    def test_a_line_leaves_from_the_warehouse_of_its_own_location(self):
        other = self.env["stock.warehouse"].create({"name": "West", "code": "WE"})
        for name, warehouse in (("WEST", other), ("EAST", self.warehouse)):
            location = self.account.location_ids.filtered(lambda location, name=name: location.name == name)
            location = location or self.env["extensiv.location"].create({"account_id": self.account.id, "name": name})
            location.stock_location_id = warehouse.lot_stock_id
        sale = self.sold({"item": "TEE-1", "line_location": "WEST"}, {"item": "MUG-1"}, location="EAST")
        tee, mug = sale.order_line
        self.assertEqual((tee.warehouse_id, mug.warehouse_id), (other, self.warehouse))
        self.assertEqual(tee.move_ids.warehouse_id, other)
        self.assertEqual(tee.move_ids.location_id, other.lot_stock_id)
        self.assertEqual(mug.move_ids.location_id, self.warehouse.lot_stock_id)
        self.assertEqual(len(sale.picking_ids), 2)
        whole = self.sold({"item": "TEE-1", "line_location": "WEST"}, cust_ref="P-2")
        self.assertEqual(whole.warehouse_id, other, "the only location that the order names")

    def test_a_lines_location_that_nobody_mapped_is_told(self):
        sale = self.sold({"item": "TEE-1", "line_location": "NORTH"})
        self.assertIn("NORTH, which stands for no one warehouse", sale.extensiv_message)
        self.assertEqual(sale.order_line.warehouse_id, sale.warehouse_id)

    # -- lots

    def stock_lots(self, **quantities):
        self.products[0].tracking = "lot"
        lots = self.env["stock.lot"].create(
            [{"name": name.replace("_", "-"), "product_id": self.products[0].id} for name in quantities]
        )
        for lot, quantity in zip(lots, quantities.values(), strict=True):
            self.env["stock.quant"]._update_available_quantity(
                self.products[0], self.warehouse.lot_stock_id, quantity, lot_id=lot
            )
        return lots

    def test_the_lot_asked_for_is_reserved_and_no_other(self):
        _old, new = self.stock_lots(L_1=5, L_2=5)
        sale = self.sold({"item": "TEE-1", "quantity": "2", "lot_number": "L-2"})
        move_lines = sale.picking_ids.move_line_ids
        self.assertEqual(move_lines.lot_id, new)
        self.assertEqual(sum(move_lines.mapped("quantity")), 2)
        self.assertEqual(sale.picking_ids.state, "assigned")
        self.assertFalse(sale.extensiv_missing_lots)
        self.assertIn("Lot asked for: L-2 of TEE-1", sale.extensiv_packing_notes)

    def test_a_lot_that_is_short_or_unknown_is_told_and_no_other_taken_in_its_place(self):
        self.stock_lots(L_1=5, L_2=1)
        short = self.sold({"item": "TEE-1", "quantity": "2", "lot_number": "L-2"})
        self.assertEqual(short.picking_ids.move_line_ids.lot_id.name, "L-2")
        self.assertIn("Lot L-2 of [TEE-1] Black tee was asked for: 1 of 2 are reserved", short.extensiv_missing_lots)
        unknown = self.sold({"item": "TEE-1", "lot_number": "L-9"}, cust_ref="P-2")
        self.assertFalse(unknown.picking_ids.move_line_ids)
        self.assertIn("0 of 1 are reserved", unknown.extensiv_missing_lots)
        self.assertEqual(unknown.picking_ids.extensiv_missing_lots, unknown.extensiv_missing_lots)
        [error] = self.lot_errors("P-2")
        self.assertIn("0 of 1 are reserved", error.message)
        unknown.order_line.extensiv_lot = False
        self.assertFalse(self.lot_errors("P-2"))
        unknown.picking_ids.action_assign()
        self.assertEqual(unknown.picking_ids.move_line_ids.lot_id.name, "L-1", "any lot, once a person says so")
        unknown.invalidate_recordset()
        self.assertFalse(unknown.extensiv_missing_lots)

    def lot_errors(self, key="P-1"):
        return self.env["extensiv.error"].search([("key", "=", key), ("step", "=", "lot"), ("state", "=", "open")])

    def test_what_was_told_of_a_lot_closes_once_it_is_reserved_or_the_order_cancelled(self):
        lot = self.stock_lots(L_2=1)
        sale = self.sold({"item": "TEE-1", "quantity": "2", "lot_number": "L-2"})
        other = self.sold({"item": "TEE-1", "quantity": "1", "lot_number": "L-9"}, cust_ref="P-2")
        self.assertTrue(self.lot_errors() and self.lot_errors("P-2"))
        self.env["stock.quant"]._update_available_quantity(self.products[0], self.warehouse.lot_stock_id, 5, lot_id=lot)
        sale.picking_ids.action_assign()
        self.assertFalse(self.lot_errors())
        sale.invalidate_recordset()
        self.assertFalse(sale.extensiv_missing_lots)
        other.action_cancel()
        self.assertFalse(self.lot_errors("P-2"))

    def test_who_asked_for_a_lot_takes_it_before_another_line_may(self):
        self.stock_lots(L_2=1)
        sale = self.sold({"item": "TEE-1"}, {"item": "TEE-1", "lot_number": "L-2"})
        self.assertEqual(sale.order_line[1].move_ids.move_line_ids.lot_id.name, "L-2")
        self.assertFalse(sale.extensiv_missing_lots)

    def test_a_lot_of_what_has_no_lots_is_told_and_holds_nothing_back(self):
        self.env["stock.quant"]._update_available_quantity(self.products[0], self.warehouse.lot_stock_id, 5)
        sale = self.sold({"item": "TEE-1", "lot_number": "L-1"})
        self.assertEqual(sale.picking_ids.state, "assigned")
        self.assertIn("Odoo keeps no lots of it", sale.extensiv_missing_lots)

    def test_another_companys_lot_of_that_name_is_another(self):
        other = self.env["res.company"].create({"name": "Other"})
        own = self.stock_lots(L_1=5)
        own.company_id = self.company
        own.copy({"name": "L-1", "company_id": other.id})
        sale = self.sold({"item": "TEE-1", "lot_number": "L-1"})
        self.assertEqual(sale.picking_ids.move_line_ids.lot_id, own)

    def test_two_steps_keep_the_lot_from_the_shelf_to_the_truck(self):
        self.warehouse.delivery_steps = "pick_ship"
        self.stock_lots(L_1=5, L_2=5)
        sale = self.sold({"item": "TEE-1", "lot_number": "L-2"})
        pick = sale.picking_ids
        self.assertEqual(pick.move_line_ids.lot_id.name, "L-2")
        self.assertIn("Lot asked for", pick.note)
        pick.move_ids.picked = True
        pick._action_done()
        ship = sale.picking_ids - pick
        self.assertEqual(ship.move_line_ids.lot_id.name, "L-2")
        self.assertEqual(ship.extensiv_packing_notes, sale.extensiv_packing_notes)

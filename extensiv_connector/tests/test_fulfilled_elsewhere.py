"""Orders that a marketplace's own warehouse delivers: booked as delivered, never shipped, never told."""

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..flows.stock_demand import find_unreserved_demand
from ..flows.stock_sources import find_sources
from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestFulfilledElsewhere(ShipmentCase):
    def setUp(self):
        super().setUp()
        self.order("BEFORE", order_source="Amazon_US")
        self.cart = self.inbox("BEFORE").cart_id
        self.cart.fulfilled_elsewhere = True

    def pulled(self, cust_ref="F-1", **lines):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Amazon_US",
                "items": [
                    {"item": sku.replace("_", "-"), "quantity": str(quantity), "price": "5"}
                    for sku, quantity in (lines or {"TEE_1": 2}).items()
                ],
            }
        )
        self.pull()
        return self.inbox(cust_ref)

    def test_it_is_imported_as_delivered_from_a_location_of_its_own(self):
        free = self.tee.free_qty
        sale = self.pulled(TEE_1=2, MUG_1=1).sale_order_id
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.order_line.mapped("qty_delivered"), [2, 1])
        self.assertEqual(sale.delivery_status, "full")
        [transfer] = sale.picking_ids
        self.assertEqual(transfer.state, "done")
        self.assertEqual(transfer.location_id, self.cart.fulfilled_location_id)
        self.assertFalse(transfer.carrier_id)
        self.assertEqual(self.tee.free_qty, free, "nothing of our own stock")
        self.assertEqual(sale.order_line.mapped("qty_to_invoice"), [2, 1])

    def test_it_is_never_told_and_cannot_be_sent(self):
        sale = self.pulled().sale_order_id
        self.push()
        self.assertEqual(self.told("F-1"), [])
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertIn("warehouse of its own", sale.extensiv_shipment_message)
        with self.assertRaisesRegex(UserError, "EIM is not told"):
            sale.action_extensiv_send()

    def test_its_location_lies_outside_every_mapping_all_included(self):
        every = self.env["extensiv.location"].create(
            {"account_id": self.account.id, "name": "ALL", "source": "all", "push_enabled": True}
        )
        above = self.cart.fulfilled_location_id.location_id
        chosen = self.env["extensiv.location"].create(
            {
                "account_id": self.account.id,
                "name": "CHOSEN",
                "source": "chosen",
                "push_enabled": True,
                "stock_location_ids": [Command.set((above | self.cart.fulfilled_location_id).ids)],
            }
        )
        for source in find_sources(self.account, every + chosen):
            self.assertNotIn(self.cart.fulfilled_location_id.id, source.location_ids)
        with self.assertRaisesRegex(ValidationError, "transit location"):
            self.cart.fulfilled_location_id = self.warehouse.lot_stock_id

    def test_a_cart_may_be_made_so(self):
        cart = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": "FBA", "name": "FBA", "fulfilled_elsewhere": True}
        )
        self.assertEqual(cart.fulfilled_location_id.usage, "transit")
        self.assertNotEqual(cart.fulfilled_location_id, self.cart.fulfilled_location_id)

    def test_a_quotation_is_delivered_by_whom_it_was_made_for(self):
        """What its cart says later changes nothing of it."""
        self.account.order_policy = "draft"
        elsewhere = self.pulled("F-3").sale_order_id
        self.cart.fulfilled_elsewhere = False
        ours = self.pulled("F-4").sale_order_id
        for is_elsewhere in (False, True):
            self.cart.fulfilled_elsewhere = is_elsewhere
            names = {demand.order_name for demand in find_unreserved_demand(self.account)}
            self.assertIn(ours.name, names)
            self.assertNotIn(elsewhere.name, names)
        (elsewhere + ours).action_confirm()
        self.assertEqual(elsewhere.picking_ids.location_id, self.cart.fulfilled_location_id)
        self.assertEqual(ours.picking_ids.location_id, self.warehouse.lot_stock_id)

    def test_what_waits_of_it_takes_nothing_off_what_can_be_promised(self):
        record = self.pulled(NOPE=1, TEE_1=3)
        self.assertEqual(record.state, "failed")
        self.account.order_policy = "draft"
        draft = self.pulled("F-2").sale_order_id
        self.assertEqual(draft.state, "draft")
        names = {demand.order_name for demand in find_unreserved_demand(self.account)}
        self.assertFalse(names & {"F-1", draft.name})
        draft.action_confirm()
        self.assertEqual(draft.order_line.qty_delivered, 2)

    def test_tracked_goods_and_services_are_delivered_without_a_word(self):
        self.tee.tracking = "serial"
        self.env["product.product"].create({"name": "Care plan", "default_code": "CARE", "type": "service"})
        sale = self.pulled(TEE_1=2, CARE=1).sale_order_id
        self.assertEqual(sale.state, "sale", self.inbox("F-1").message)
        self.assertEqual(sale.order_line[0].qty_delivered, 2)
        self.assertEqual(len(sale.picking_ids.move_ids), 1)

    def test_what_a_person_adds_is_delivered_from_there_too_and_once(self):
        sale = self.pulled().sale_order_id
        sale.order_line.product_uom_qty = 5
        self.assertEqual(sale.order_line.qty_delivered, 5)
        self.assertEqual(set(sale.picking_ids.mapped("state")), {"done"})

    def test_an_order_that_eim_has_as_shipped_already_is_no_surprise(self):
        self.pulled(NOPE=1)
        self.env["product.product"].create({"name": "Nope", "default_code": "NOPE", "is_storable": True})
        record = self.inbox("F-1")
        record.is_shipped_already = True
        with self.flows():
            record.action_import()
        self.assertEqual(record.sale_order_id.state, "sale")
        self.assertEqual(record.sale_order_id.order_line.qty_delivered, 1)

    def test_a_cancellation_of_what_was_delivered_is_told_to_a_person(self):
        sale = self.pulled().sale_order_id
        self.change_order("F-1", order_status="canceled")
        self.pull()
        self.assertEqual(sale.state, "sale")
        error = self.env["extensiv.error"].search([("key", "=", "F-1"), ("state", "=", "open")])
        self.assertIn("the marketplace's own warehouse has delivered it", error.message)

    def test_a_quotation_is_delivered_from_elsewhere_though_the_cart_is_switched_back(self):
        self.account.order_policy = "draft"
        sale = self.pulled().sale_order_id
        self.cart.write({"fulfilled_elsewhere": False, "fulfilled_location_id": False})
        sale.action_confirm()
        self.assertEqual(sale.picking_ids.state, "done")
        self.assertEqual(sale.picking_ids.location_id.usage, "transit")

    def test_other_carts_ship_as_ever(self):
        sale = self.order("S-9")
        self.assertFalse(sale.extensiv_is_fulfilled_elsewhere)
        self.ship(sale.picking_ids)
        self.push()
        self.assertTrue(self.told("S-9"))

    def test_it_needs_no_address_for_nothing_is_sent_to_one(self):
        self.cart.partner_id = self.env["res.partner"].create({"name": "Marketplace"})
        self.add_orders(
            {
                "cust_ref": "F-9",
                "order_source": "Amazon_US",
                "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}],
                **dict.fromkeys(("cust_address_1", "cust_city", "ship_address_1", "ship_city"), ""),
            }
        )
        self.pull()
        sale = self.inbox("F-9").sale_order_id
        self.assertEqual((sale.state, sale.delivery_status), ("sale", "full"), sale.extensiv_held_by)

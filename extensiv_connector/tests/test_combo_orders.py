"""Combo products and packagings: one SKU of EIM that Odoo sells as several lines, or in another unit."""

from odoo.fields import Command
from odoo.tests import tagged

from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestComboOrders(ShipmentCase):
    def combo(self, *products, sku="SET-1", **choices):
        """Return a combo product with one choice for each of ``products``."""
        combos = self.env["product.combo"].create(
            [
                {"name": f"Choice {product.name}", "combo_item_ids": [Command.create({"product_id": product.id})]}
                for product in products
            ]
        )
        return self.env["product.product"].create(
            {
                "name": "Breakfast set",
                "default_code": sku,
                "type": "combo",
                "list_price": 25,
                "combo_ids": [Command.set(combos.ids)],
                "taxes_id": [Command.clear()],
                **choices,
            }
        )

    def pulled(self, cust_ref="S-1", quantity="1", price="25.00", **line):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": "SET-1", "quantity": quantity, "price": price, **line}],
            }
        )
        self.pull()
        return self.inbox(cust_ref)

    def test_a_combo_becomes_its_items_with_eims_price_shared_out_as_odoo_does(self):
        self.combo(self.tee, self.mug)
        sale = self.pulled(quantity="2").sale_order_id
        combo, *items = sale.order_line
        self.assertEqual(combo.product_id.type, "combo")
        self.assertEqual(combo.price_unit, 0)
        self.assertEqual(combo.extensiv_sku, "SET-1")
        self.assertEqual([item.product_id for item in items], [self.tee, self.mug])
        for item in items:
            self.assertEqual(item.linked_line_id, combo)
            self.assertEqual(item.combo_item_id.product_id, item.product_id)
            self.assertEqual(item.product_uom_qty, 2)
        # 25.00 by 19.99 : 8.00
        self.assertEqual([item.price_unit for item in items], [17.85, 7.15])
        self.assertEqual(f"{sale.amount_total:.2f}", "50.00")
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.picking_ids.move_ids.product_id, self.tee + self.mug)

    def test_the_parts_come_to_eims_amount_to_the_cent_whatever_the_price(self):
        self.combo(self.tee, self.mug)
        for number, (quantity, price, discount) in enumerate(
            (("3", "33.33", "0"), ("3", "10.0033", "0"), ("7", "9.99", "1.11"), ("1", "5", "5"))
        ):
            with self.subTest(quantity=quantity, price=price, discount=discount):
                sale = self.pulled(f"C-{number}", quantity, price, discount=discount).sale_order_id
                self.assertEqual(f"{sale.amount_total:.2f}", f"{sale.extensiv_expected_total:.2f}")
                self.assertEqual(sale.state, "sale", sale.extensiv_message)

    def test_without_a_price_the_cart_says_what_a_combo_costs(self):
        self.combo(self.tee, self.mug)
        sale = self.pulled("C-0", "2", "0").sale_order_id
        self.assertEqual((f"{sale.amount_total:.2f}", sale.state), ("50.00", "draft"))
        sale.extensiv_cart_id.no_prices = "free"
        sale = self.pulled("C-1", "2", "0").sale_order_id
        self.assertEqual((f"{sale.amount_total:.2f}", sale.state), ("0.00", "sale"))

    def test_odoos_taxes_are_those_of_the_items(self):
        self.account.tax_policy = "odoo"
        self.tee.taxes_id = self.env["account.tax"].create(
            {"name": "Ten", "amount": 10, "type_tax_use": "sale", "company_id": self.company.id}
        )
        self.mug.taxes_id = False
        self.combo(self.tee, self.mug)
        self.add_orders(
            {
                "cust_ref": "S-1",
                "items": [{"item": "SET-1", "quantity": "1", "price": "25.00"}],
                "sales_tax": "1.79",
            }
        )
        self.pull()
        sale = self.inbox("S-1").sale_order_id
        self.assertEqual(f"{sale.amount_tax:.2f}", "1.79")
        self.assertEqual(f"{sale.amount_total:.2f}", "26.79")
        self.assertEqual(sale.state, "sale")

    def test_a_combo_that_leaves_a_choice_fails_and_says_what_to_do_whatever_the_policy(self):
        combo = self.combo(self.tee, self.mug)
        combo.combo_ids[0].combo_item_ids = [Command.create({"product_id": self.mug.id})]
        for policy in ("placeholder", "block", "create"):
            self.account.sku_policy = policy
            record = self.pulled(f"F-{policy}")
            self.assertEqual(record.state, "failed")
            self.assertIn("leaves the buyer a choice (Choice Black tee)", record.message)
            self.assertIn("Leave one product in each choice", record.message)
        combo.combo_ids[0].combo_item_ids[1].unlink()
        with self.flows():
            record.action_import()
        self.assertEqual(record.state, "imported", record.message)

    def test_eim_is_told_of_the_combo_once_all_its_items_have_left(self):
        self.combo(self.tee, self.mug)
        sale = self.order(lines={"SET-1": 2, "MUG-1": 1})
        self.ship(sale.picking_ids, tracking="1Z1", quantities={self.mug: 1})
        self.push()
        self.assertEqual(self.told(), [])
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state != "done"), tracking="1Z2")
        self.push()
        told = {}
        for _number, items in self.contents():
            for sku, quantity in items.items():
                told[sku] = told.get(sku, 0) + quantity
        self.assertEqual(told, {"SET-1": 2, "MUG-1": 1})
        self.assertNotIn("Not told", sale.extensiv_shipment_message or "")

    def test_without_a_delivery_method_a_combo_waits_as_any_other_line_does(self):
        self.combo(self.tee)
        sale = self.order(lines={"SET-1": 1})
        sale.picking_ids.carrier_tracking_ref = "1Z1"
        sale.picking_ids.move_ids.picked = True
        sale.picking_ids._action_done()
        self.push()
        self.assertTrue(sale.extensiv_needs_carrier)

    def test_a_packagings_sku_is_a_line_in_its_unit(self):
        six = self.env["uom.uom"].create(
            {"name": "Pack of 6", "relative_factor": 6, "relative_uom_id": self.tee.uom_id.id}
        )
        self.tee.uom_ids = six
        self.env["product.uom"].create({"product_id": self.tee.id, "uom_id": six.id, "barcode": "TEE-6"})
        sale = self.order(lines={"TEE-6": 2})
        line = sale.order_line
        self.assertEqual((line.product_id, line.product_uom_id, line.product_uom_qty), (self.tee, six, 2))
        self.assertEqual(f"{sale.amount_total:.2f}", "10.00")
        self.assertEqual(sale.picking_ids.move_ids.product_qty, 12)
        again = self.order("S-2", lines={"TEE-6": 1})
        self.assertEqual(again.order_line.product_uom_id, six, "by the alias that was learned of it")
        self.ship(sale.picking_ids)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-6": 2})])

    def test_a_combo_cannot_be_chosen_for_a_line_that_waits_for_its_product(self):
        combo = self.combo(self.tee)
        self.account.sku_policy = "placeholder"
        self.add_orders({"cust_ref": "S-1", "items": [{"item": "NOPE", "quantity": "1", "price": "5"}]})
        self.pull()
        line = self.inbox("S-1").sale_order_id.order_line
        wizard = self.env["extensiv.choose.product"].create(
            {"line_id": line.id, "product_id": combo.id, "remember": False}
        )
        with self.assertRaisesRegex(Exception, "becomes several lines"):
            wizard.action_choose()

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows import kit_levels, kits
from ..flows.kit_levels import find_kits
from ..flows.kits import components_sql, explode, find_components
from ..flows.stock_demand import compute_corrections
from ..flows.stock_explanation import explain_level
from ..flows.stock_sources import find_sources
from .test_inventory import InventoryCase


@tagged("post_install", "-at_install")
class TestCombos(InventoryCase):
    """Combos, which need no other app: their level is the least of their items'."""

    def setUp(self):
        super().setUp()
        self.account.quantity_basis = "free"

    def make_combo(self, sku, *choices):
        """Return a combo, a list of products being a choice among these."""
        combos = self.env["product.combo"].create(
            [
                {
                    "name": f"{sku} {number}",
                    "combo_item_ids": [fields.Command.create({"product_id": product.id}) for product in products],
                }
                for number, products in enumerate(choices)
            ]
        )
        return self.env["product.product"].create(
            {"name": sku, "default_code": sku, "type": "combo", "combo_ids": combos.ids}
        )

    def corrections(self, **values):
        self.env.flush_all()
        return compute_corrections(self.account, find_sources(self.account), **values)

    def test_a_combo_is_as_many_as_the_least_of_its_items(self):
        self.make_combo("SET", self.tee, self.mug)
        self.receive(self.tee, 7)
        self.receive(self.mug, 3)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 3, "SET": 3})
        self.receive(self.mug, 12)
        self.push()
        self.assertEqual(self.at_eim()["SET"], 7)

    def test_an_item_of_two_choices_is_taken_twice(self):
        self.make_combo("TWINS", self.tee, self.tee, self.mug)
        self.receive(self.tee, 7)
        self.receive(self.mug, 30)
        self.push()
        self.assertEqual(self.at_eim()["TWINS"], 3)

    def test_what_is_not_tracked_does_not_count(self):
        card = self.env["product.product"].create({"name": "Card"})
        self.make_combo("GIFT", self.tee, card)
        service = self.make_combo("CARDS", card)
        self.receive(self.tee, 7)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 0, "GIFT": 7})
        explained = explain_level(self.east, service)
        self.assertEqual(explained["skus"], [])
        self.assertIn("no part of CARDS", explained["reason"].replace("[CARDS] ", ""))

    def test_a_combo_with_a_choice_has_no_level(self):
        choice = self.make_combo("CHOICE", self.tee + self.mug, self.tee)
        self.receive(self.tee, 7)
        self.receive(self.mug, 7)
        self.push()
        self.assertNotIn("CHOICE", self.at_eim())
        self.assertEqual(find_components(self.account, choice), {})
        self.assertIn("the buyer chooses", explain_level(self.east, choice)["reason"])
        choice.extensiv_stock_rule = "fixed"
        choice.extensiv_fixed_qty = 5
        self.push()
        self.assertEqual(self.at_eim()["CHOICE"], 5)

    def test_the_scarcest_item_is_named(self):
        combo = self.make_combo("SET", self.tee, self.mug)
        self.receive(self.tee, 7)
        self.receive(self.mug, 3)
        [note] = explain_level(self.east, combo)["notes"]
        self.assertIn(f"{self.mug.display_name}: there are 3", note)

    def test_an_order_that_waits_for_a_combo_takes_its_items(self):
        self.make_combo("SET", self.tee, self.mug)
        self.receive(self.tee, 7)
        self.receive(self.mug, 3)
        self.env["extensiv.order"].create(
            {
                "account_id": self.account.id,
                "cust_ref": "C-1",
                "order_number": "C-1",
                "acknowledged_at": fields.Datetime.now(),
                "payload": '{"cust_ref": "C-1", "items": [{"item": "SET", "quantity": "2", "price": "9"}]}',
            }
        )
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 5, "MUG-1": 1, "SET": 1})

    def test_a_quotation_for_a_combo_takes_its_items_once(self):
        combo = self.make_combo("SET", self.tee, self.mug)
        self.receive(self.tee, 7)
        self.receive(self.mug, 7)
        received = self.env["extensiv.order"].create(
            {
                "account_id": self.account.id,
                "cust_ref": "C-1",
                "order_number": "C-1",
                "acknowledged_at": fields.Datetime.now(),
                "state": "imported",
            }
        )
        order = self.sell(combo, 2, confirm=False)
        order.extensiv_order_id = received
        order.order_line = [
            fields.Command.create(
                {
                    "product_id": item.product_id.id,
                    "product_uom_qty": 2,
                    "combo_item_id": item.id,
                    "linked_line_id": order.order_line.id,
                }
            )
            for item in combo.combo_ids.combo_item_ids
        ]
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 5, "MUG-1": 5, "SET": 5})

    def test_a_question_about_some_products_is_about_what_is_made_of_them(self):
        cap = self.env["product.product"].create({"name": "Cap", "default_code": "CAP", "is_storable": True})
        of_both = self.make_combo("BOTH", self.tee, self.mug)
        of_cap = self.make_combo("CAPS", cap)
        for product, quantity in ((self.tee, 7), (self.mug, 3), (cap, 2)):
            self.receive(product, quantity)
        every = self.corrections()
        self.assertEqual(every.kits, of_both + of_cap)
        of_tee = self.corrections(products=[self.tee.id])
        self.assertEqual(of_tee.kits, of_both)
        self.assertEqual(of_tee.quantities, {(self.east.id, of_both.id): 3})
        self.assertEqual(self.corrections(products=[of_cap.id]).quantities, {(self.east.id, of_cap.id): 2})
        self.assertEqual(self.corrections(products=[]).kits, self.env["product.product"])
        parts = self.env.execute_query(components_sql(self.account, of_both.ids))
        self.assertEqual(set(parts), {(of_both.id, self.tee.id, 1.0), (of_both.id, self.mug.id, 1.0)})

    def test_many_combos_are_computed_by_as_few_queries_as_one(self):
        goods = self.env["product.product"].create(
            [{"name": f"Good {number}", "is_storable": True} for number in range(20)]
        )

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            self.corrections()
            explode(self.account, {(product.id, 1.0) for product in find_kits(self.account).products})
            return self.cr.sql_log_count - before

        self.make_combo("SET", self.tee, self.mug)
        queries()
        of_one = queries()
        for number, product in enumerate(goods):
            self.make_combo(f"SET-{number}", product, self.tee)
        self.assertLessEqual(queries(), of_one)

    def test_kits_that_need_attention_are_named_in_the_pass(self):
        with patch.object(kit_levels.Kits, "describe", return_value=["Kits computed one by one: 1 (KIT)."]):
            self.assertEqual(self.push().message, "2 stock levels were pushed. Kits computed one by one: 1 (KIT).")

    def test_without_manufacturing_nothing_of_it_is_asked_for(self):
        self.make_combo("SET", self.tee, self.mug)
        self.receive(self.tee, 7)
        self.receive(self.mug, 3)
        self.enterContext(patch.object(kits, "has_recipes", return_value=False))
        self.enterContext(patch.object(kit_levels, "has_recipes", return_value=False))
        self.assertNotIn("mrp_", kits.recipes_sql(self.env, self.company, kits.ids_sql([self.tee.id])).code)
        self.assertNotIn("mrp_", kits.using_sql(self.env, self.company, [self.tee.id]).code)
        self.assertEqual(set(self.corrections().quantities.values()), {3})

from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from ..flows.stock_explanation import explain_level
from ..flows.trigger import NOTED
from .test_inventory import InventoryCase
from .test_skus import BARCODE, SkuMixin


@tagged("post_install", "-at_install")
class TestChoice(SkuMixin, InventoryCase):
    """What of the stock is pushed at all; what is left out keeps what EIM has of it."""

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.items = {}
        self.receive(self.tee, 7)
        self.receive(self.mug, 5)

    def make_goods(self, count):
        goods = self.env["product.product"].create(
            [{"name": f"Good {n}", "default_code": f"G-{n}", "is_storable": True} for n in range(count)]
        )
        for product in goods:
            self.receive(product, 3)
        return goods

    def test_everything_is_pushed_by_default(self):
        self.assertEqual(self.account.push_choice, "all")
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 5})

    def test_only_skus_that_eim_knows(self):
        self.make_goods(8)
        self.list_at_eim("TEE-1")
        self.account.push_choice = "known"
        self.push()
        self.assertEqual(self.at_eim(), {}, "EIM's list was not read yet")
        self.assertIn("not known to use TEE-1", explain_level(self.east, self.tee)["reason"])
        self.compare_skus()
        self.assertEqual(self.account.known_sku_count, 1)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7})
        self.order_of("MUG-1")
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 4})
        self.make_alias("G-ALT", self.env["product.product"].search([("default_code", "=", "G-0")]))
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 4, "G-ALT": 3}, "a person says that EIM uses it")

    def test_what_eim_took_before_it_goes_on_taking(self):
        self.push()
        self.account.push_choice = "known"
        self.receive(self.tee, 2)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 2, "MUG-1": 5})
        self.tee.active = False
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 0, "what nothing feeds any more is sold out, as ever")

    def test_refusals_of_what_eim_does_not_know_are_no_errors_any_more(self):
        goods = self.make_goods(8)
        self.sandbox.store.levels.refused_skus = set(goods.mapped("default_code"))
        self.push()
        self.assertEqual(len(self.errors()), 8)
        calls = len(self.calls("push_inventory"))
        self.account.push_choice = "known"
        self.assertEqual(self.push().message, "Nothing new.")
        self.assertFalse(self.errors())
        goods[0].list_price = 5
        self.receive(goods[0], 1)
        self.push()
        self.assertEqual(len(self.calls("push_inventory")), calls, "they are not told again")
        self.sandbox.store.levels.refused_skus = frozenset()
        self.order_of("G-0")
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 5, "G-0": 0})

    def test_a_level_whose_answer_was_lost_is_told_until_eim_answers(self):
        self.list_at_eim("TEE-1")
        self.push()
        self.receive(self.mug, 4)
        self.fault(route="push_inventory", kind="lose_answer", count=2)
        self.push()
        self.level("MUG-1").pushed_at = False
        self.account.push_choice = "known"
        with self.later(minutes=2):
            self.push()
        self.assertEqual(self.level("MUG-1").state, "accepted")
        self.assertEqual(self.at_eim()["MUG-1"], 4)

    def test_categories_and_what_is_below_them(self):
        above = self.env["product.category"].create({"name": "Drinks"})
        below = self.env["product.category"].create({"name": "Cups", "parent_id": above.id})
        self.mug.categ_id = below
        self.account.write({"push_choice": "category", "push_categ_ids": [Command.set(above.ids)]})
        self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 5})
        self.assertIn("not among the products", explain_level(self.east, self.tee)["reason"])
        self.tee.categ_id = above
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 5})

    def test_tags_of_templates_and_variants(self):
        tag = self.env["product.tag"].create({"name": "Online"})
        self.mug.product_tmpl_id.product_tag_ids = tag
        self.account.write({"push_choice": "tag", "push_tag_ids": [Command.set(tag.ids)]})
        self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 5})
        self.tee.additional_product_tag_ids = tag
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 5})

    def test_what_leaves_the_choice_keeps_what_eim_has_whatever_becomes_of_it(self):
        self.make_alias("ALT", self.tee)
        self.push()
        category = self.env["product.category"].create({"name": "Cups"})
        self.mug.categ_id = category
        self.account.write({"push_choice": "category", "push_categ_ids": [Command.set(category.ids)]})
        for change in ({}, {"default_code": "TEE-9"}, {"active": False}):
            with self.subTest(change):
                self.tee.write(change)
                self.assertEqual(self.push().message, "Nothing new.")
                self.assertEqual(self.at_eim(), {"TEE-1": 7, "ALT": 7, "MUG-1": 5})
        self.tee.write({"active": True, "default_code": "TEE-1"})
        self.receive(self.tee, 6)
        self.account.push_choice = "all"
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 6, "ALT": 6, "MUG-1": 5})

    def test_the_preview_shows_what_is_left_out_as_left_alone(self):
        self.push()
        category = self.env["product.category"].create({"name": "Cups"})
        self.mug.categ_id = category
        self.account.write({"push_choice": "category", "push_categ_ids": [Command.set(category.ids)]})
        self.receive(self.tee, 0)
        with self.flows():
            preview = self.env["extensiv.stock.preview"]._make(self.account)
        states = {line.sku: line.state for line in preview.line_ids}
        self.assertEqual(states, {"TEE-1": "left", "MUG-1": "same"})
        self.assertEqual(preview.zero_count, 0)

    def test_looking_at_the_preview_learns_what_eim_lists_and_makes_no_alias(self):
        self.tee.barcode = BARCODE
        self.list_at_eim(BARCODE, "MUG-1")
        with self.flows():
            self.env["extensiv.stock.preview"]._make(self.account)
        known = self.env["extensiv.known.sku"].search([("account_id", "=", self.account.id)])
        self.assertEqual(set(known.mapped("sku")), {BARCODE, "MUG-1"})
        self.assertFalse(self.aliases())

    def test_nothing_is_no_choice(self):
        """EIM's levels would stay as they are for ever, and nobody would be told."""
        for choice, model, name in (
            ("category", "product.category", "push_categ_ids"),
            ("tag", "product.tag", "push_tag_ids"),
        ):
            with self.subTest(choice), self.assertRaises(ValidationError), self.env.cr.savepoint():
                self.account.push_choice = choice
            chosen = self.env[model].create({"name": "Chosen"})
            self.account.write({"push_choice": choice, name: [Command.set(chosen.ids)]})
            with (
                self.subTest(choice),
                self.assertRaisesRegex(UserError, "is used: .*Choose another one there first"),
                self.env.cr.savepoint(),
            ):
                chosen.unlink()

    def test_what_comes_under_a_choice_wakes_the_push(self):
        category = self.env["product.category"].create({"name": "Cups"})
        tag = self.env["product.tag"].create({"name": "Online"})
        for values in ({"categ_id": category.id}, {"product_tag_ids": tag.ids}):
            with self.subTest(values):
                self.env.cr.postcommit.clear()
                self.mug.product_tmpl_id.write(values)
                self.assertIn("inventory", self.env.cr.postcommit.data[NOTED])
        self.env.cr.postcommit.clear()
        self.mug.additional_product_tag_ids = tag
        self.assertIn("inventory", self.env.cr.postcommit.data[NOTED])

    def test_choosing_wakes_the_push(self):
        self.env.cr.postcommit.clear()
        self.account.push_choice = "known"
        self.assertTrue(self.env.cr.postcommit.data)

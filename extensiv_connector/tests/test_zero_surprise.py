from odoo.tests import tagged

from .test_inventory import InventoryCase
from .test_skus import SkuMixin

COUNT = 8


@tagged("post_install", "-at_install")
class TestSurprise(SkuMixin, InventoryCase):
    """No setting takes many SKUs from sale before a person confirms it."""

    def setUp(self):
        super().setUp()
        self.goods = self.env["product.product"].create(
            [{"name": f"Good {n}", "default_code": f"G-{n}", "is_storable": True} for n in range(COUNT)]
        )
        for product in self.goods:
            self.receive(product, 5)

    def assert_held(self, skus, reason):
        self.push()
        held = self.env["extensiv.stock.level"].search([("held_at", "!=", False)])
        self.assertEqual(dict.fromkeys(skus, reason), {level.sku: level.held_reason for level in held})
        self.assertEqual({sku: self.at_eim()[sku] for sku in skus}, dict.fromkeys(skus, 5))

    def test_another_basis(self):
        self.account.quantity_basis = "free"
        self.warehouse.out_type_id.reservation_method = "manual"
        for product in self.goods:
            self.sell(product, 5)
        self.push()
        self.account.quantity_basis = "promise"
        self.assert_held(self.goods.mapped("default_code"), "setting")
        self.account.quantity_basis = "free"
        self.assertEqual(self.push().message, "Nothing new.")
        self.assertFalse(self.errors())

    def test_archived_aliases(self):
        for number, product in enumerate(self.goods):
            self.make_alias(f"A-{number}", product)
        self.push()
        aliases = self.aliases()
        aliases.active = False
        self.assert_held(aliases.mapped("sku"), "unfed")

    def test_other_references(self):
        self.push()
        for number, product in enumerate(self.goods):
            product.default_code = f"N-{number}"
        self.assert_held([f"G-{number}" for number in range(COUNT)], "unfed")
        self.assertEqual(self.at_eim()["N-0"], 5)

    def test_a_buffer_of_the_location(self):
        self.push()
        self.east.buffer_qty = 5
        self.assert_held(self.goods.mapped("default_code"), "setting")

    def test_a_place_that_is_left_out(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        for product in self.goods:
            self.receive(product, 0)
            self.receive(product, 5, shelf)
        self.push()
        self.east.excluded_location_ids = shelf
        self.assert_held(self.goods.mapped("default_code"), "setting")

    def test_another_choice_takes_nothing_from_sale(self):
        self.push()
        for values in (
            {"push_choice": "known"},
            {"push_choice": "category", "push_categ_ids": self.env["product.category"].create({"name": "C"}).ids},
            {"push_choice": "tag", "push_tag_ids": self.env["product.tag"].create({"name": "T"}).ids},
        ):
            with self.subTest(values):
                self.account.write(values)
                self.assertEqual(self.push().message, "Nothing new.")

from odoo.tests import tagged

from .test_compare_nightly import CompareCase
from .test_restating import RestatingMixin
from .test_skus import SkuMixin


@tagged("post_install", "-at_install")
class TestToldAgain(RestatingMixin, SkuMixin, CompareCase):
    """Whatever a SKU is, what EIM lost or overwrote of it is compared, told again, and so recorded."""

    def assert_repaired(self, sku, quantity):
        self.hold(sku, 99)
        self.compare(hours=12)
        self.assertEqual(self.outcomes().get(sku), "repaired")
        self.push()
        self.assertEqual(self.at_eim()[sku], quantity)

    def assert_restated(self, sku, quantity):
        self.hold(sku, 99)
        self.age(8, [sku])
        self.push()
        self.assertEqual(self.at_eim()[sku], quantity)

    def test_a_repair_is_called_so_in_the_history(self):
        self.assert_repaired("TEE-1", 4)
        [latest] = self.level("TEE-1").history_ids[0]
        self.assertEqual((latest.quantity_before, latest.quantity, latest.cause), (4, 4, "repaired"))

    def test_a_sku_that_a_second_product_got(self):
        twin = self.env["product.product"].create({"name": "Twin", "default_code": "TEE-1", "is_storable": True})
        self.receive(twin, 50)
        self.push()
        self.assert_restated("TEE-1", 4)
        self.assert_repaired("TEE-1", 4)

    def test_a_sku_that_a_product_left_alone_has_too(self):
        self.env["product.product"].create(
            {"name": "Twin", "default_code": "TEE-1", "is_storable": True, "extensiv_stock_rule": "leave"}
        )
        self.push()
        self.assert_restated("TEE-1", 4)
        self.assert_repaired("TEE-1", 4)

    def test_of_the_skus_that_eim_knows_where_it_refused_another(self):
        other = self.env["product.product"].create({"name": "Other", "default_code": "OTHER", "is_storable": True})
        self.receive(other, 3)
        self.sandbox.store.levels.refused_skus = {"OTHER"}
        self.push()
        self.account.push_choice = "known"
        self.push()
        self.assert_restated("TEE-1", 4)
        self.assert_repaired("TEE-1", 4)

    def test_a_pack(self):
        self.make_alias("SIX", self.mug, uom_id=self.make_pack(self.mug).id)
        self.receive(self.mug, 13)
        self.push()
        self.assertEqual(self.at_eim()["SIX"], 2)
        self.assert_restated("SIX", 2)
        self.assert_repaired("SIX", 2)

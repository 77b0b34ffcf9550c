from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows import reconciliation, stock_candidates
from ..flows.reconciliation import Reconciliation
from ..flows.stock_levels import ExpectedLevels
from .test_reconciliation import SeenCase


@tagged("post_install", "-at_install")
class TestCandidates(SeenCase):
    """Which levels may be wrong is found by one aggregate, and no others are computed exactly."""

    def setUp(self):
        super().setUp()
        self.dozen = self.env.ref("uom.product_uom_dozen")
        with self.act():
            self.goods = self.env["product.product"].create(
                [{"name": f"Good {number}", "default_code": f"G-{number}", "is_storable": True} for number in range(90)]
            )
            for number, product in enumerate(self.goods):
                self.env["stock.quant"]._update_available_quantity(product, self.stock, number * 1.25 + 1)
            self.goods[19].default_code = False
            self.env["extensiv.sku.alias"].create(
                [
                    {"account_id": self.account.id, "sku": f"{kind}-{number}", "product_id": product.id, **values}
                    for number, product in enumerate(self.goods[:20])
                    for kind, values in (("OLD", {}), ("PACK", {"uom_id": self.dozen.id}))
                ]
            )
            self.add_combo()
        self.settle()

    def add_combo(self):
        parts = self.goods[40:42]
        combos = self.env["product.combo"].create(
            [{"name": part.name, "combo_item_ids": [fields.Command.create({"product_id": part.id})]} for part in parts]
        )
        self.combo = self.env["product.product"].create(
            {"name": "Set", "default_code": "SET", "type": "combo", "combo_ids": combos.ids}
        )

    def compare(self, most_sources=8):
        """Return the scope of what is found by candidates, which is to be all that there is to be found, and that."""
        self.env.flush_all()
        turns = self.account.location_ids.ids
        whole = ExpectedLevels(self.account).find_changes(None, turns)
        reconciling = Reconciliation(self.account, turns, full=True)
        with (
            patch.object(reconciliation, "find_candidates", wraps=reconciliation.find_candidates) as find_candidates,
            patch.object(stock_candidates, "MOST_SOURCES", most_sources),
        ):
            self.assertEqual(reconciling.find_changes(), whole)
            find_candidates.assert_called_once()
        return reconciling.scope and set(reconciling.scope.skus), whole[0]

    def set_levels(self, quantities):
        for sku, quantity in quantities.items():
            self.env.cr.execute(
                "UPDATE extensiv_stock_level SET quantity = %s WHERE sku = %s AND location_id = %s",
                [quantity, sku, self.east.id],
            )

    def delete_levels(self, *skus):
        self.env.cr.execute("DELETE FROM extensiv_stock_level WHERE sku = ANY (%s)", [list(skus)])

    def test_of_what_is_right_nothing_is_computed(self):
        """Not even of products with several SKUs, packs and combos among them."""
        self.assertEqual(self.at_eim()["PACK-10"], 1)
        self.assertEqual(self.at_eim()["SET"], 51)
        self.assertEqual(self.compare(), (set(), []))

    def test_wrong_levels_of_products_with_several_skus(self):
        self.set_levels({"G-1": 99, "OLD-2": 99, "PACK-3": 99})
        # Wrong by as much, one up and the other down, and both by the same.
        self.set_levels({"G-4": 5, "OLD-4": 7, "G-5": 3, "OLD-5": 3, "G-6": 0, "OLD-6": 0, "PACK-6": 1})
        self.delete_levels("G-7", "OLD-8", "PACK-9", "G-10", "OLD-10", "PACK-10", "OLD-19", "PACK-19")
        scope, changes = self.compare()
        self.assertEqual({sku.partition("-")[2] for sku in scope}, {*map(str, range(1, 11)), "19"})
        self.assertEqual(len(changes), 3 + 4 + 3 + 3 + 3 + 2)

    def test_levels_of_which_more_is_to_be_said(self):
        for column, value, sku in (
            ("unconfirmed", True, "G-50"),
            ("zero_asked", True, "G-51"),
            ("zero_allowed", True, "OLD-12"),
            ("refused_at", fields.Datetime.now(), "G-53"),
            ("pushed_at", None, "PACK-13"),
        ):
            self.env.cr.execute(f"UPDATE extensiv_stock_level SET {column} = %s WHERE sku = %s", [value, sku])
        scope, _changes = self.compare()
        self.assertLessEqual({"G-50", "G-51", "OLD-12", "G-53", "PACK-13"}, scope)
        self.assertLess(len(scope), 12)

    def test_levels_that_no_product_feeds(self):
        self.env.cr.execute(
            "UPDATE extensiv_stock_level SET product_id = NULL, quantity = 4, sku = 'GONE' WHERE sku = 'G-60'"
        )
        self.env.cr.execute(
            "UPDATE extensiv_stock_level SET product_id = NULL, quantity = 0, sku = 'ZERO' WHERE sku = 'G-61'"
        )
        scope, changes = self.compare()
        self.assertEqual(scope, {"GONE", "G-60", "G-61"})
        self.assertEqual({change.sku: change.quantity for change in changes}, {"GONE": 0, "G-60": 76, "G-61": 77})

    def test_a_sku_that_a_second_product_gets(self):
        self.goods[62].default_code = "OLD-14"
        self.goods[63].default_code = "G-64"
        scope, changes = self.compare()
        self.assertLessEqual({"OLD-14", "G-62", "G-63", "G-64"}, scope)
        self.assertEqual({(change.sku, change.quantity) for change in changes}, {("G-62", 0), ("G-63", 0)})

    def test_a_combo(self):
        self.set_levels({"SET": 50})
        scope, changes = self.compare()
        self.assertIn("SET", scope)
        self.assertEqual([(change.sku, change.quantity) for change in changes], [("SET", 51)])
        # Whatever quants it has.
        self.combo.is_storable = True
        self.set_levels({"SET": 51})
        self.env["stock.quant"]._update_available_quantity(self.combo, self.stock, 500)
        self.assertEqual(self.compare()[1], [])

    def test_several_locations_of_which_each_is_looked_at(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.west.write({"push_enabled": True, "stock_location_id": shelf.id, "read_back_state": "proven"})
        self.east.buffer_qty = 2
        for product in self.goods[10:80]:
            self.env["stock.quant"]._update_available_quantity(product, shelf, 3.5)
        self.settle()
        self.set_levels({"G-30": 1})
        self.env.cr.execute(
            "UPDATE extensiv_stock_level SET quantity = 9 WHERE sku IN ('G-31', 'OLD-15') AND location_id = %s",
            [self.west.id],
        )
        self.env.cr.execute(
            "DELETE FROM extensiv_stock_level WHERE sku IN ('G-32', 'PACK-16') AND location_id = %s", [self.west.id]
        )
        for most_sources in (8, 1):
            with self.subTest(most_sources=most_sources):
                scope, changes = self.compare(most_sources)
                self.assertEqual(
                    {(change.location_id, change.sku) for change in changes},
                    {
                        (self.east.id, "G-30"),
                        *((self.west.id, sku) for sku in ("G-31", "OLD-15", "G-32", "PACK-16")),
                    },
                )
                self.assertEqual(scope, {"G-30", "G-31", "G-32", *self.skus(15), *self.skus(16)})

    def skus(self, number):
        return {f"{kind}-{number}" for kind in ("G", "OLD", "PACK")}

    def test_a_pass_takes_one_process_of_the_database(self):
        self.compare()
        self.env.cr.execute("SELECT current_setting('max_parallel_workers_per_gather')")
        self.assertEqual(self.env.cr.fetchone(), ("0",))

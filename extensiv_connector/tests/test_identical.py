"""A batch confirmed with its memo writes what Odoo writes by itself, to the last column of every table."""

from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..flows import confirm_batch
from .circumstances import meet
from .identical_world import Comparison, World

MIXED = [
    {"lines": [("PLENTY-0", 2), ("PLENTY-1", 1), ("SERVICE", 1)]},
    {"lines": [("PLENTY-1", 3), ("SCARCE", 2), ("CONSU", 1)]},
    {"lines": [("PLENTY-2", 1), ("PLENTY-2", 4), ("LOT", 6)]},
    {"lines": [("SCARCE", 2), ("NONE", 1), ("DOZEN", 1)]},
    {"lines": [("NEGATIVE", 3), ("SERIAL", 2), ("PLENTY-0", 1)], "buyer": 0},
    {"lines": [("LOT", 5), ("SERIAL", 2), ("PLENTY-3", 1000)], "requested_ship_date": "2026-12-24"},
    {"lines": [("PLENTY-3", 1), ("PLENTY-1", 2)], "shipping_handling": "4.50", "sales_tax": "1.10"},
]
"""Orders that meet every product of the world, some of them several times."""


class IdenticalCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = World(cls.env)

    def assertIdentical(self, *circumstances, orders=None, world=None):
        """Check that orders, by default ``MIXED``, imported both ways write the same; return the comparison."""
        world = world or self.world
        meet(world, *circumstances)
        comparison = Comparison(world, orders or MIXED)
        found = comparison.compare()
        self.assertFalse(found, f"With {circumstances}:\n" + "\n".join(found[:40]))
        self.assertTrue(comparison.plain.rows, "there was something to compare")
        return comparison


@tagged("post_install", "-at_install")
class TestComparison(IdenticalCase):
    """The comparison itself: what differs is found."""

    def setUp(self):
        super().setUp()
        self.comparison = Comparison(self.world, MIXED[:2])

    def sales(self):
        return self.world.orders.sale_order_id

    def test_nothing_is_found_where_nothing_differs(self):
        self.world.switch(False)
        self.assertEqual(self.comparison.compare(), [])

    def test_what_is_written_elsewhere_is_found(self):
        cr = self.env.cr
        quant = self.env["stock.quant"].search([("product_id", "=", self.world.products["PLENTY-3"].id)], limit=1)
        tag = self.env["crm.tag"].create({"name": "Tag"})
        category = self.env["product.tag"].create({"name": "Old"})
        self.env.flush_all()

        def update(statement, *values):
            def also():
                self.env.flush_all()
                cr.execute(statement, values)

            return also

        changed = {
            "stock_move ('new', 0) origin": lambda: self.sales().picking_ids.move_ids[0].write({"origin": "X"}),
            "stock_picking ('new', 0) priority": lambda: self.sales().picking_ids[0].write({"priority": "1"}),
            "mail_message ('new'": lambda: self.sales().picking_ids.message_ids[0].unlink(),
            "crm_tag ('new', 0)": lambda: self.env["crm.tag"].create({"name": "New"}),
            "sale_order_tag_rel": lambda: self.sales()[0].write({"tag_ids": tag.ids}),
            f"stock_quant {quant.id} reserved_quantity": update(
                "UPDATE stock_quant SET reserved_quantity = 1 WHERE id = %s", quant.id
            ),
            f"stock_quant {quant.id} write_date": lambda: quant.sudo().write({"user_id": False}),
            "product_tag: deleted": update("DELETE FROM product_tag WHERE id = %s", category.id),
            "after the commit": lambda: cr.postcommit.add(lambda: None),
        }
        found = " ".join(self.comparison.compare(lambda: [also() for also in changed.values()]))
        for what in changed:
            with self.subTest(what=what):
                self.assertIn(what, found)

    def test_an_override_that_reserves_otherwise_is_found(self):
        self.world.put("PLENTY-1", 5, self.world.make_location("Shelf"), day=20)
        comparison = Comparison(self.world, [{"lines": [("PLENTY-1", 2)]}])
        Quant = self.env.registry["stock.quant"]
        with patch.object(Quant, "_get_removal_strategy", lambda *args: "lifo"):
            found = " ".join(comparison.compare())
        self.assertIn("stock_move_line ('new', 0) location_id", found)
        self.assertIn("reserved_quantity", found)


@tagged("post_install", "-at_install")
class TestIdentical(IdenticalCase):
    def test_in_a_plain_shop(self):
        comparison = self.assertIdentical()
        self.assertEqual(comparison.plain.answer["imported"], len(MIXED))
        self.assertEqual(confirm_batch.describe(self.env), [], "every part is on")
        self.assertLess(comparison.batch.queries, comparison.plain.queries * 0.5)

    def test_from_shelves_packages_and_lots_by_each_strategy(self):
        self.assertIdentical(
            "shelves", "lifo", "closest", "least_packages", "packages", "untracked_among_lots", "quants_twice"
        )

    def test_where_stock_is_owed_reserved_of_others_or_counted(self):
        self.assertIdentical(
            "owners", "negative_among_others", "reserved_by_others", "counted_just_now", "no_tracked_lots_left"
        )

    def test_of_a_merchant_with_carriers(self):
        orders = [{**order, "ship_code": "EXPRESS"} if number % 2 else order for number, order in enumerate(MIXED)]
        self.assertIdentical("merchant", "carriers", "lifo_of_the_place", "packing_words", orders=orders)

    def test_in_two_steps_with_routes_of_products_and_analytic_models(self):
        self.assertIdentical("put_away", "own_route", "lead_times", "analytic_models", "costed_first_in")

    def test_in_three_steps_and_made_to_order(self):
        self.assertIdentical("three_steps", "made_to_order", "numbers_without_gaps")

    def test_made_to_order_where_short_with_order_points(self):
        self.assertIdentical("two_steps", "made_to_order_where_short", "order_points")

    def test_from_several_warehouses_beside_another_company(self):
        orders = [{**order, "location": "SECOND"} if number % 2 else order for number, order in enumerate(MIXED)]
        orders[0] = {"lines": [("PLENTY-0", 1), {"item": "PLENTY-1", "quantity": "2", "location": "SECOND"}]}
        self.assertIdentical(
            "several_warehouses", "archived_warehouse", "another_company", "order_points_satisfied", orders=orders
        )

    def test_where_some_orders_cannot_be_confirmed(self):
        comparison = self.assertIdentical("no_rule", "order_points")
        self.assertTrue(comparison.plain.answer["failed"])
        self.assertTrue(comparison.plain.answer["imported"])

    def test_that_fail_with_the_memo_alone_are_found_though_they_are_imported_without(self):
        comparison = Comparison(self.world, MIXED[:2])
        with patch.object(confirm_batch, "_create_references", side_effect=ZeroDivisionError):
            found = comparison.compare()
        self.assertEqual(comparison.batch.answer, comparison.plain.answer)
        self.assertIn("ZeroDivisionError", found[0])

    def test_where_another_app_holds_some(self):
        Sale = self.env.registry["sale.order"]
        confirm = Sale.action_confirm

        def hold_some(sales):
            return confirm(
                sales.filtered(lambda sale: "PLENTY-3" not in sale.order_line.product_id.mapped("default_code"))
            )

        with patch.object(Sale, "action_confirm", hold_some):
            comparison = self.assertIdentical("two_steps", "order_points")
        self.assertEqual(comparison.plain.answer["held"], 2)

    def test_where_people_follow_and_are_told(self):
        self.assertIdentical("notified", "followed", "sales_people", "numbers_by_date")

    def test_with_defaults_of_people_and_buyers_known_before(self):
        self.assertIdentical("defaults_of_people", "known_buyers", "reserved_by_date", "numbers_with_the_day")

    def test_in_another_currency_reserved_by_hand_and_pushed_on(self):
        orders = [{**order, "currency_code": "EUR"} for order in MIXED[:3]] + MIXED[3:5]
        self.assertIdentical("other_currency", "reserved_by_hand", "pushed_on", "all_at_once", orders=orders)

    def test_with_lots_that_buyers_ask_for(self):
        asked = [
            {"lines": [{"item": "LOT", "quantity": "3", "lot_number": lot}, ("LOT", 4)]}
            for lot in ("L-1", "L-2", "L-9")
        ]
        self.assertIdentical("shelves", orders=[*MIXED[2:], *asked])

    def test_of_one_company_of_two(self):
        other = self.env["res.company"].create(
            {"name": "Second company", "currency_id": self.env.company.currency_id.id}
        )
        self.assertIdentical("order_points_satisfied", "shelves", world=World(self.env, other))

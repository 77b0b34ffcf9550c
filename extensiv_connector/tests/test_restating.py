from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from ..flows import restating
from ..flows.stock_push import StockPush
from .test_inventory import InventoryCase


class RestatingMixin:
    """Lets levels be old, so that they are told again."""

    def age(self, days, skus):
        """Let EIM have accepted everything so many days ago, one SKU after the other."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """UPDATE extensiv_stock_level AS level
                      SET pushed_at = %s + sku.rank * INTERVAL '1 second'
                     FROM unnest(%s::text[]) WITH ORDINALITY AS sku(name, rank) WHERE level.sku = sku.name""",
                fields.Datetime.now() - timedelta(days=days),
                skus,
            )
        )
        self.env.cr.execute("UPDATE extensiv_location SET restated_at = NULL")
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestRestating(RestatingMixin, InventoryCase):
    """What EIM accepted is told again, a slice an hour, the oldest first."""

    def setUp(self):
        super().setUp()
        self.goods = self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number:02}", "is_storable": True} for number in range(28)]
        )
        self.receive(self.tee, 4)
        self.push()
        # The first of them longest ago: TEE-1, MUG-1, N-00 ...
        self.skus = ["TEE-1", "MUG-1", *self.goods.mapped("default_code")]
        self.age(8, self.skus)

    def again(self, push=None):
        """Push, and return the SKUs that were told in it."""
        before = self.told()
        self.run = (push or self.push)()
        return {sku for sku, times in self.told().items() if times != before.get(sku)}

    def test_the_oldest_are_told_again_a_slice_an_hour(self):
        self.sandbox.store.levels.items["TEE-1"]["EAST"].qty_available = 99
        self.assertEqual(self.again(), set(self.skus[: restating.LEAST]))
        self.assertEqual(self.run.message, f"{restating.LEAST} stock levels were told again.")
        self.assertEqual(self.run.state, "done")
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        self.assertEqual(self.level("TEE-1").state, "accepted")
        self.assertGreater(self.level("TEE-1").pushed_at, fields.Datetime.now() - timedelta(minutes=1))
        self.assertEqual(self.again(), set())
        self.assertEqual(self.run.message, "Nothing new.")
        with self.later(hours=1):
            self.assertEqual(self.again(), set(self.skus[restating.LEAST : 2 * restating.LEAST]))

    def test_all_of_a_location_within_a_week(self):
        """The slice grows with the location, so that its number in a week stays the same."""
        with patch.object(restating, "LEAST", 1), patch.object(restating, "SLICES", 6):
            for hour in range(6):
                with self.later(hours=hour):
                    self.assertEqual(len(self.again()), 5)
            with self.later(hours=6):
                self.assertEqual(self.again(), set())
        self.assertLess(restating.SLICES + restating.REST_HOURS, 7 * 24)

    def test_what_was_told_not_long_ago_is_not_told_again(self):
        self.age(0, self.skus)
        self.assertEqual(self.again(), set())

    def test_behind_everything_else_and_from_what_is_wanted_now(self):
        order = []
        told = StockPush.push_batch

        def push_batch(push, changes):
            order.append([(change.sku, change.quantity) for change in changes])
            return told(push, changes)

        self.receive(self.tee, 5)
        self.receive(self.goods[20], 7)
        with patch.object(StockPush, "push_batch", push_batch):
            self.again()
        self.assertEqual(set(order[0]), {("TEE-1", 5), ("N-20", 7)})
        self.assertEqual([sku for sku, _quantity in order[1]], self.skus[1 : restating.LEAST + 1])

    def test_a_pass_that_did_not_get_through_tells_nothing_again(self):
        self.receive(self.tee, 5)
        with patch("odoo.addons.extensiv_connector.flows.runner.FlowRun.seconds_left", return_value=4):
            self.assertEqual(self.again(), set())
        self.assertFalse(self.east.restated_at)
        self.assertEqual(len(self.again()), restating.LEAST + 1, "what changed, and then the slice")

    def test_nothing_is_left_behind_where_eim_has_no_time_for_it(self):
        self.fault(route="push_inventory", kind="rate_limit", count=5)
        self.assertEqual(self.again(), set())
        self.assertEqual(self.level("TEE-1").state, "accepted")
        self.sandbox.faults.clear()
        self.assertEqual(len(self.again()), restating.LEAST)

    def test_what_waits_for_a_person_or_eim_is_not_told_again(self):
        self.level("MUG-1").write({"refused_at": fields.Datetime.now(), "refused_quantity": 0})
        self.goods[0].extensiv_stock_rule = "leave"
        self.env["product.product"].create({"name": "Twin", "default_code": "N-01", "is_storable": True})
        # A SKU that a second product got goes on with the one that feeds it.
        self.assertEqual(self.again(), {"TEE-1", *self.skus[3 : restating.LEAST + 2]})

    def test_no_zero_that_the_safety_stop_holds_is_told_and_none_is_raised(self):
        goods = self.goods[:8]
        for product in goods:
            self.receive(product, 3)
        self.push()
        self.age(8, self.skus)
        self.account.buffer_qty = 10
        self.assertFalse(self.again() & set(goods.mapped("default_code")))
        self.assertEqual(self.level("N-00").state, "held")
        with self.later(hours=2):
            self.assertFalse(self.again() & set(goods.mapped("default_code")))
        self.assertEqual(self.at_eim()["N-00"], 3)

    def test_a_location_that_is_not_proven_is_not_told_again(self):
        self.east.read_back_state = "refused"
        self.assertEqual(self.again(), set())

    def test_what_eim_refuses_of_it_is_an_error(self):
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.assertEqual(len(self.again()), restating.LEAST - 1)
        self.assertEqual(self.errors().key, "EAST/TEE-1")
        self.assertEqual(self.level("TEE-1").state, "refused")

    def test_one_that_eim_gives_no_usable_answer_to_keeps_no_other_from_it(self):
        self.fault(route="push_inventory", kind="500", match='"N-01"', count=1000)
        with patch("odoo.addons.extensiv_connector.eim.transport.PAUSES", (0.01, 0.01)):
            self.again()
        told = set(self.skus[: restating.LEAST]) - {"N-01"}
        self.assertTrue(all(self.level(sku).pushed_at > fields.Datetime.now() - timedelta(hours=1) for sku in told))
        self.assertEqual(self.errors().key, "EAST/N-01")
        self.assertTrue(self.level("N-01").next_try)
        self.sandbox.faults.clear()
        with self.later(minutes=2):
            self.assertEqual(self.again(), {"N-01"})
        self.assertFalse(self.errors())

    def test_a_database_that_went_back_in_time_tells_nothing_before_a_person_says_so(self):
        self.account.push_all_first = True
        self.assertEqual(self.again(), set())
        self.assertIn("Push All", self.run.message)

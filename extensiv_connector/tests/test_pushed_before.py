from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows.read_back import ReadBack
from ..flows.stock_push import StockPush
from .test_read_back import ReadBackCase


@tagged("post_install", "-at_install")
class TestPushedBefore(ReadBackCase):
    """Locations that were pushed to before anything was read back."""

    def setUp(self):
        super().setUp()
        self.push()
        self.east.read_back_state = "assumed"

    def test_the_next_pass_looks_though_nothing_changed(self):
        reads = self.reads()
        run = self.push()
        self.assertEqual(run.message, "Nothing new.")
        self.assertEqual(self.reads(), reads + 1)
        self.assertEqual(self.east.read_back_state, "proven")

    def test_pushing_goes_on_until_it_is_known(self):
        self.levels.hidden_locations = {"EAST"}
        self.levels.push([{"sku": "TEE-1", "qty_available": 3, "warehouse": "WEST"}])
        self.receive(self.tee, 8)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 8)
        self.assertEqual(self.east.read_back_state, "assumed")
        self.assertFalse(self.errors())
        self.receive(self.tee, 9)
        with self.later(minutes=5):
            self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 9)
        self.receive(self.tee, 10)
        with self.later(minutes=11):
            self.push()
        self.assertEqual(self.east.read_back_state, "refused")
        self.assertEqual(self.at_eim()["TEE-1"], 9)
        self.assertIn("EAST", self.misplaced().message)

    def test_one_sku_that_shows_it_is_enough(self):
        self.levels.items.pop("TEE-1")
        self.push()
        self.assertEqual(self.east.read_back_state, "proven")

    def test_where_eim_cannot_be_asked_pushing_goes_on(self):
        self.fault(route="get_inventory", kind="500", count=100)
        for minutes in (0, 11, 22):
            self.receive(self.tee, 20 + minutes)
            with self.later(minutes=minutes):
                self.push()
            self.assertEqual(self.at_eim()["TEE-1"], 20 + minutes)
        self.assertEqual(self.misplaced().category, "transient")

    def test_where_eim_names_no_location_at_all_pushing_goes_on_and_a_person_is_told(self):
        self.levels.hidden_locations = {"EAST", "WEST"}
        for days in (0, 1, 2, 3):
            self.receive(self.tee, 20 + days)
            with self.later(days=days):
                self.push()
            self.assertEqual(self.at_eim()["TEE-1"], 20 + days)
        error = self.misplaced()
        self.assertIn("names no location at all", error.message)
        self.assertIn("pushing goes on as before", error.message)
        self.assertEqual(self.retry(), "warning")
        self.assertEqual(self.east.read_back_state, "assumed")
        self.user_pushes_nevertheless(self.east)
        self.assertEqual(self.east.read_back_state, "confirmed")
        self.assertFalse(self.misplaced())

    def test_the_daily_look_costs_little(self):
        self.levels.hidden_locations = {"EAST"}
        self.push()
        with self.later(minutes=11):
            self.push()
        reads = self.reads()
        with self.later(hours=12):
            self.push()
        self.assertEqual(self.reads(), reads)
        self.misplaced().action_dismiss()
        with self.later(hours=25):
            self.push()
        self.assertGreater(self.reads(), reads)
        self.assertFalse(self.misplaced())
        self.levels.hidden_locations = frozenset()
        with self.later(hours=50):
            self.push()
        self.assertEqual(self.east.read_back_state, "proven")

    def test_retry_while_eim_cannot_be_asked_stops_nothing(self):
        self.fault(route="get_inventory", kind="500", count=100)
        for minutes in (0, 11):
            with self.later(minutes=minutes):
                self.push()
        self.receive(self.tee, 9)
        with self.later(minutes=12):
            self.assertEqual(self.retry(), "warning")
        self.assertEqual(self.at_eim()["TEE-1"], 9)
        self.assertEqual(self.east.read_back_state, "assumed")
        self.sandbox.faults.clear()
        with self.later(minutes=13):
            self.assertEqual(self.retry(), "success")
        self.assertEqual(self.east.read_back_state, "proven")

    def test_only_zeros_that_eim_does_not_show_stop_nothing(self):
        self.receive(self.tee, 0)
        self.push()
        self.east.read_back_state = "assumed"
        self.levels.hidden_locations = {"EAST"}
        self.levels.push([{"sku": "TEE-1", "qty_available": 3, "warehouse": "WEST"}])
        for minutes in (0, 11, 22):
            with self.later(minutes=minutes):
                self.push()
        self.assertEqual(self.east.read_back_state, "assumed")
        self.assertFalse(self.errors())

    def test_a_slow_look_leaves_time_to_push(self):
        self.west.write({"push_enabled": True, "stock_location_id": self.annex.id, "read_back_state": "assumed"})
        self.env["extensiv.stock.level"].create(
            {"location_id": self.west.id, "sku": "TEE-1", "pushed_at": fields.Datetime.now(), "quantity": 1}
        )
        self.receive(self.tee, 8)
        spent = []
        left = StockPush.seconds_left

        def read(read_back, sku):
            spent.append(sku)
            return original(read_back, sku)

        original = ReadBack._read
        with (
            patch.object(StockPush, "seconds_left", lambda push: left(push) - 20 * len(spent)),
            patch.object(ReadBack, "_read", read),
        ):
            self.push()
        self.assertEqual(len(spent), 1)
        self.assertEqual(self.at_eim()["TEE-1"], 8)
        self.push()
        self.assertEqual(set((self.east + self.west).mapped("read_back_state")), {"proven"})

"""What is pushed first, how much at once, and whose turn it is."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows import stock_levels, stock_push
from ..flows.runner import run_flow
from ..flows.stock_levels import ExpectedLevels
from .test_inventory import InventoryCase

RUN = "odoo.addons.extensiv_connector.flows.runner"


class UrgencyCase(InventoryCase):
    def setUp(self):
        super().setUp()
        self.east.read_back_state = "proven"
        self.told = []  # (location, SKU) as they were pushed
        original = stock_push.StockPush.push_batch

        def push_batch(push, changes):
            self.told += [(push.names[change.location_id], change.sku) for change in changes]
            return original(push, changes)

        self.startPatcher(patch.object(stock_push.StockPush, "push_batch", push_batch))

    def add_west(self):
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id, "read_back_state": "proven"})

    def make(self, *skus, quantity=5):
        """Make products with stock; return ``{SKU: product}``."""
        products = self.env["product.product"].create(
            [{"name": sku, "default_code": sku, "is_storable": True} for sku in skus]
        )
        for product in products:
            self.receive(product, quantity)
        return dict(zip(skus, products, strict=True))

    def change_all(self):
        """Let there be one level of each urgency to push; return the SKUs in their order."""
        products = self.make("REPEAT", "RISEN", "LOST", "FELL", "ZERO")
        self.push()
        self.told.clear()
        self.receive(products["RISEN"], 6)
        self.receive(products["FELL"], 4)
        self.receive(products["ZERO"], 0)
        self.make("NEW")
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_stock_level SET product_id = NULL WHERE sku = 'REPEAT'")
        self.env["extensiv.stock.level"].invalidate_model()
        self.env["extensiv.stock.level"].search([("sku", "=", "LOST")])._mark_unconfirmed()
        return ["ZERO", "FELL", "LOST", "NEW", "RISEN", "REPEAT"]


@tagged("post_install", "-at_install")
class TestUrgency(UrgencyCase):
    def test_what_may_be_sold_twice_goes_first(self):
        order = self.change_all()
        self.push()
        self.assertEqual([sku for _location, sku in self.told], order)

    def test_it_goes_first_in_whatever_location_it_is(self):
        self.add_west()
        order = self.change_all()
        self.push()
        self.assertEqual(self.told, [(location, sku) for sku in order for location in ("EAST", "WEST")])

    def test_a_zero_that_eim_was_never_told_comes_after_one_that_sells_what_is_gone(self):
        products = self.make("B", "C")
        self.push()
        self.told.clear()
        self.make("A", quantity=0)
        self.receive(products["C"], 0)
        self.push()
        self.assertEqual([sku for _location, sku in self.told], ["C", "A"])

    def test_a_location_to_be_proven_does_not_keep_the_others_waiting(self):
        self.add_west()
        self.make("A", "B")
        self.east.read_back_state = "to_check"
        self.push()
        self.assertEqual([location for location, _sku in self.told], ["WEST"] * 4 + ["EAST"] * 4)


@tagged("post_install", "-at_install")
class TestLimit(UrgencyCase):
    """A pass takes so many levels as it can tell."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(stock_push.StockPush, "most", lambda push: 4))

    def run_pass(self):
        self.env.flush_all()
        with self.flows():
            result = run_flow(self.account, "inventory")
        self.env.invalidate_all()
        return result

    def test_the_rest_is_taken_at_once_by_the_next(self):
        self.make(*"ABCDEFG")
        result = self.run_pass()
        self.assertEqual((result.state, result.resume_in), ("partial", 0))
        self.assertIn("of 9 stock levels", result.message)
        self.assertLess(len(self.at_eim()), 9)
        for _pass in range(3):
            result = self.run_pass()
        self.assertIsNone(result.resume_in)
        self.assertEqual(len(self.at_eim()), 9)
        self.assertEqual(set(self.told_times().values()), {1})
        self.assertTrue(self.east.compared_at)

    def told_times(self):
        return {level["sku"]: level["pushes"] for level in self.sandbox.store.levels.listing("EAST")}

    def test_no_more_is_read_into_memory(self):
        self.make(*"ABCDEFG")
        self.env.flush_all()
        expected = ExpectedLevels(self.account)
        changes, _shared = expected.find_changes(2, self.east.ids)
        # Two of A to G; the zeros of the tee and the mug may take goods from sale, so the safety stop sees them.
        self.assertEqual({change.sku for change in changes}, {"TEE-1", "MUG-1", "A", "B"})
        self.assertEqual(expected.left_over, 5)

    def test_the_safety_stop_sees_all_zeros(self):
        skus = [f"S-{number}" for number in range(12)]
        products = self.make(*skus)
        while self.run_pass().resume_in is not None:
            continue
        self.make("GROWS")
        self.account.buffer_qty = 1000  # no change of stock: all of them would become zero
        self.run_pass()
        held = self.env["extensiv.stock.level"].search([("held_at", "!=", False)])
        self.assertEqual(set(held.mapped("sku")), set(skus))
        self.assertEqual({sku: self.at_eim()[sku] for sku in skus}, dict.fromkeys(skus, 5))
        self.assertIn("12 of the 12 SKUs above zero", self.errors().message)
        # Those that wait take nobody's place.
        self.account.buffer_qty = 0
        self.receive(products["S-3"], 2000)
        self.account.buffer_qty = 1000
        self.make("LATE", quantity=1500)
        for _pass in range(2):
            self.run_pass()
        self.assertEqual((self.at_eim()["S-3"], self.at_eim()["LATE"]), (1000, 500))

    def test_zeros_that_a_person_confirmed_are_not_forgotten_by_a_pass_that_is_full(self):
        skus = [f"S-{number}" for number in range(9)]
        self.make(*skus, quantity=0)
        levels = self.env["extensiv.stock.level"]
        levels._confirm_zeros(self.account, [(self.east.id, sku) for sku in skus])
        self.run_pass()
        self.assertEqual(levels.search_count([("sku", "in", skus)]), 9)
        while self.run_pass().resume_in is not None:
            continue
        self.assertEqual(len(self.at_eim()), 11)

    def test_a_location_that_waits_takes_nobodys_place(self):
        self.add_west()
        self.west.read_back_state = "refused"
        self.west.read_back = {"sku": "TEE-1", "before": {}, "elsewhere": ["X"], "listed": ["X"]}
        self.make(*"ABCDEF")
        for _pass in range(4):
            result = self.run_pass()
        self.assertEqual(len(self.at_eim()), 8)
        self.assertIsNone(result.resume_in, "nothing can be done about the other")

    def test_a_location_that_eim_refuses_is_not_tried_again_at_once(self):
        self.add_west()
        self.account.push_batch_size = 10
        skus = [f"S-{number:02}" for number in range(24)]
        products = self.make(*skus)
        with patch.object(stock_push.StockPush, "most", lambda push: 100):
            self.run_pass()
        self.fault(route="push_inventory", kind="failure", count=1000, message="Unknown warehouse", match='"WEST"')
        for product in products.values():
            self.receive(product, 7)
        with patch.object(stock_push.StockPush, "most", lambda push: 20):
            for _pass in range(4):
                result = self.run_pass()
                # Whose turn it is is told apart by the second.
                self.west.turn_at = self.west.turn_at and fields.Datetime.add(self.west.turn_at, seconds=10)
        self.assertEqual([self.at_eim()[sku] for sku in skus], [7] * 24)
        self.assertEqual(self.errors().key, "WEST")
        self.assertEqual(result.resume_in, stock_push.STUCK_SECONDS)


@tagged("post_install", "-at_install")
class TestTurns(UrgencyCase):
    """Locations take turns where the time of a pass does not suffice."""

    def setUp(self):
        super().setUp()
        self.add_west()
        self.account.push_batch_size = 1
        self.make(*"ABCDEF")

    def push_for(self, calls):
        self.told.clear()
        times = iter([50] * calls + [4] * 100)
        with patch(f"{RUN}.FlowRun.seconds_left", lambda push: next(times)):
            self.push()
        return {location for location, _sku in self.told}

    def test_a_pass_begins_with_the_other_location_after_one_that_ran_out_of_time(self):
        self.receive(self.tee, 1)
        self.receive(self.mug, 1)
        self.assertEqual(self.push_for(3), {"EAST"})
        self.assertEqual(self.push_for(3), {"WEST"})
        self.assertEqual(self.push_for(3), {"EAST"})
        self.assertFalse(self.last_run("inventory").message.startswith("Nothing"))

    def test_a_pass_that_had_time_for_all_changes_nobodys_turn(self):
        self.push()
        self.assertEqual((self.east | self.west).mapped("turn_at"), [False, False])


@tagged("post_install", "-at_install")
class TestMemory(InventoryCase):
    def work_mem(self, **settings):
        """Return what a pass has of the database's memory where the server is set up so."""
        for name, value in settings.items():
            self.env.cr.execute(f"SET LOCAL {name} = '{value}'")
        stock_levels.plan_for_many(self.env)
        self.env.cr.execute("SELECT current_setting('work_mem')")
        return self.env.cr.fetchone()[0]

    def test_it_is_raised_only_within_what_the_server_allows(self):
        for work_mem, maintenance, used in (
            ("4MB", "64MB", "64MB"),
            ("4MB", "1GB", "128MB"),
            ("4MB", "2MB", "4MB"),
            ("512MB", "64MB", "512MB"),
        ):
            with self.subTest(work_mem=work_mem, maintenance=maintenance):
                self.assertEqual(self.work_mem(work_mem=work_mem, maintenance_work_mem=maintenance), used)

    def test_a_server_that_does_not_allow_it_computes_with_its_own(self):
        with patch.object(stock_levels, "PLANNING", "SET LOCAL work_mem = '1kB'"):
            self.assertEqual(self.work_mem(work_mem="4MB"), "4MB")
        self.receive(self.tee, 4)
        with patch.object(stock_levels, "PLANNING", "SET LOCAL work_mem = '1kB'"):
            self.assertEqual(self.push().state, "done")

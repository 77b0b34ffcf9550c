"""Records that EIM answers with HTTP 5xx or garbage, or not at all: they keep nobody else from being pushed."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows.runner import run_flow
from ..flows.stock_push import StockPush
from .test_inventory import InventoryCase

UNANSWERED = "odoo.addons.extensiv_connector.flows.unanswered"
ALWAYS = 10**6


class UnansweredCase(InventoryCase):
    def setUp(self):
        super().setUp()
        self.east.read_back_state = "proven"
        self.account.push_batch_size = 16
        self.startPatcher(patch("odoo.addons.extensiv_connector.eim.transport.PAUSES", (0.01, 0.01)))
        self.told = []  # the SKUs of each batch that was pushed
        original = StockPush.push_batch

        def push_batch(push, changes):
            self.told.append([change.sku for change in changes])
            return original(push, changes)

        self.startPatcher(patch.object(StockPush, "push_batch", push_batch))

    def make(self, count):
        """Make products N-0, N-1 … with 5 of each in stock; return their SKUs."""
        products = self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(count)]
        )
        self.env["stock.quant"].create(
            [{"product_id": product.id, "location_id": self.stock.id, "quantity": 5} for product in products]
        )
        return set(products.mapped("default_code"))

    def bad(self, sku, kind="500", count=ALWAYS, **values):
        """Let EIM give no usable answer to whatever holds a SKU."""
        self.fault(route="push_inventory", kind=kind, match=f'"{sku}"', count=count, **values)

    def pushes(self):
        return len(self.calls("push_inventory"))


@tagged("post_install", "-at_install")
class TestOneBadRecord(UnansweredCase):
    def test_it_stands_alone_with_its_own_error_and_all_others_are_pushed(self):
        skus = self.make(60) | {"TEE-1", "MUG-1"}
        for kind in ("500", "502", "garbage", "cut", "reset", "lose_answer"):
            with self.subTest(kind):
                self.sandbox.faults.clear()
                self.env["extensiv.stock.level"].search([]).unlink()
                self.errors().unlink()
                self.sandbox.store.levels.items.clear()
                self.bad("N-7", kind)
                before = self.pushes()
                run = self.push()
                self.assertEqual(set(self.at_eim()) | {"N-7"}, skus)
                self.assertEqual((run.state, run.done_count, run.failed_count), ("partial", 61, 1))
                error = self.errors()
                self.assertEqual((error.key, error.category, error.attempts), ("EAST/N-7", "transient", 1))
                self.assertGreater(error.next_try, fields.Datetime.now())
                self.assertIn("no usable answer to the level 5 of N-7", error.message)
                level = self.level("N-7")
                self.assertEqual(error.action_open_document()["res_id"], level.id)
                self.assertEqual((level.state, level.next_try), ("waiting", error.next_try))
                # Four batches, one told again at once and then in halves: 8, 4, 2 and 1, each told again at once.
                self.assertLessEqual(self.pushes() - before, 4 + 1 + 4 * 3)
        self.assertEqual(self.account.state, "connected")
        self.assertFalse(self.env["extensiv.error"]._open(self.account, "connection"))

    def test_other_locations_go_on(self):
        self.make(20)
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id, "read_back_state": "proven"})
        self.bad("N-7")
        self.push()
        self.assertEqual(set(self.errors().mapped("key")), {"EAST/N-7", "WEST/N-7"})
        self.assertEqual(len(self.at_eim()), 21)
        self.assertEqual(len(self.at_eim("WEST")), 21)

    def test_several_bad_records_in_a_batch_are_found(self):
        self.make(32)
        bad = {"N-1", "N-2", "N-9", "N-20"}
        for sku in bad:
            self.bad(sku)
        self.push()
        self.assertEqual(len(self.at_eim()), 34 - len(bad))
        self.assertEqual(set(self.errors().mapped("key")), {f"EAST/{sku}" for sku in bad})

    def test_it_is_told_again_at_its_time_and_last(self):
        self.make(3)
        self.bad("N-1")
        self.push()
        before = self.pushes()
        self.assertEqual(self.push().message, "Nothing new.")
        self.assertEqual(self.pushes(), before, "not before its time")
        self.receive(self.tee, 4)
        with self.later(minutes=2):
            self.push()
        self.assertEqual(self.told[-2:], [["TEE-1"], ["N-1"]], "alone, and after everything else")
        error = self.errors()
        self.assertEqual(error.attempts, 2)
        self.assertEqual(self.level("N-1").next_try, error.next_try)
        self.sandbox.faults.clear()
        with self.later(minutes=10):
            self.push()
        self.assertEqual(self.at_eim()["N-1"], 5)
        self.assertFalse(self.errors())
        self.assertEqual((self.level("N-1").unanswered, self.level("N-1").next_try), (0, False))

    def test_another_quantity_is_told_at_once(self):
        self.receive(self.tee, 4)
        self.bad("TEE-1", "lose_answer", count=2)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 4, "EIM took it, and nobody knows")
        self.receive(self.tee, 0)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 0)
        self.assertFalse(self.errors())

    def test_a_zero_that_a_person_asked_for_has_its_time_too(self):
        self.make(3)
        self.push()
        product = self.env["product.product"].search([("default_code", "=", "N-1")])
        product.extensiv_stock_rule = "leave"
        product.action_extensiv_set_zero()
        self.bad("N-1")
        self.push()
        self.assertTrue(self.level("N-1").next_try)
        before = self.pushes()
        self.push()
        self.assertEqual(self.pushes(), before, "not before its time")
        self.sandbox.faults.clear()
        with self.later(minutes=2):
            self.push()
        self.assertEqual(self.at_eim()["N-1"], 0)

    def test_a_person_has_it_told_again_or_dismisses_it(self):
        self.receive(self.tee, 4)
        self.bad("TEE-1", count=2)
        self.push()
        with self.flows():
            self.errors().action_retry()
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        self.receive(self.tee, 9)
        self.bad("TEE-1", count=2)
        self.push()
        self.errors().action_dismiss()
        with self.later(hours=3):
            self.push()
            self.assertEqual(self.at_eim()["TEE-1"], 4)
            self.receive(self.tee, 8)
            self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 8, "another quantity is told")

    def test_known_ones_do_not_eat_the_calls(self):
        skus = self.make(15)
        self.push()
        levels = self.env["extensiv.stock.level"].search([("sku", "in", list(skus))])
        levels.write({"unconfirmed": True, "unanswered": 1})
        self.fault(route="push_inventory", kind="500", count=ALWAYS)
        before = self.pushes()
        self.push()
        self.assertEqual(self.pushes() - before, 10)


@tagged("post_install", "-at_install")
class TestDown(UnansweredCase):
    """EIM that answers nothing is not the records' fault."""

    def test_eim_that_is_down_is_one_error_and_few_calls(self):
        self.make(200)
        self.fault(kind="500", count=ALWAYS)
        run = self.push()
        self.assertEqual(run.state, "failed")
        self.assertFalse(self.errors())
        self.assertEqual(self.env["extensiv.error"]._open(self.account, "connection").mapped("key"), ["inventory"])
        self.assertLessEqual(self.pushes(), 6)
        self.assertEqual(set(self.env["extensiv.stock.level"].search([]).mapped("next_try")), {False})
        self.sandbox.faults.clear()
        self.assertEqual(self.push().state, "done")
        self.assertEqual(len(self.at_eim()), 202)

    def test_eim_that_takes_no_levels_at_all_is_one_error_and_few_calls(self):
        self.make(200)
        self.fault(route="push_inventory", kind="500", count=ALWAYS)
        run = self.push()
        self.assertEqual(run.state, "failed")
        self.assertFalse(self.errors())
        self.assertLessEqual(self.pushes(), 24)
        self.sandbox.faults.clear()
        self.push()
        self.assertEqual(len(self.at_eim()), 202)

    def test_eim_that_goes_down_in_the_middle_ends_the_pass(self):
        self.make(300)
        original = self.sandbox.faults.take
        seen = []

        def take(names, text):
            seen.append(names)
            if len(seen) == 4:
                self.fault(kind="500", count=ALWAYS)
            return original(names, text)

        with patch.object(self.sandbox.faults, "take", take):
            run = self.push()
        self.assertEqual(run.state, "failed")
        self.assertFalse(self.errors())
        self.assertLessEqual(len(seen), 16)

    def test_eim_that_asks_to_wait_ends_the_pass(self):
        self.make(40)
        self.bad("N-7", "503", retry_after="200")
        with self.flows():
            result = run_flow(self.account, "inventory")
        self.assertEqual(result.resume_in, 200)
        self.assertFalse(self.errors())
        self.assertLessEqual(self.pushes(), 3)


@tagged("post_install", "-at_install")
class TestSlow(UnansweredCase):
    """A record for which EIM lets one wait costs little of a pass."""

    def setUp(self):
        super().setUp()
        self.startPatcher(patch(f"{UNANSWERED}.SLOW_SECONDS", 0.15))

    def hang(self, sku, **values):
        self.bad(sku, "timeout", seconds=0.2, **values)

    def test_everything_else_is_told_first_and_it_is_not_repeated_at_once(self):
        self.account.push_batch_size = 4
        self.make(10)
        self.hang("N-1")
        self.push()
        self.assertEqual(len(self.at_eim()), 11)
        with_it = [batch for batch in self.told if "N-1" in batch]
        self.assertEqual([len(batch) for batch in with_it], [4, 2, 1])
        self.assertEqual(self.errors().mapped("key"), ["EAST/N-1"])

    def test_halving_goes_on_in_the_next_passes(self):
        self.make(14)
        self.hang("N-1")
        for number in range(6):
            # There is time for one call that hangs, and for those that do not.
            slow = []
            original = type(self.sandbox.faults).take

            # pylint: disable-next=dangerous-default-value; it is the list of this turn
            def take(faults, names, text, slow=slow, original=original):
                fault = original(faults, names, text)
                slow.extend([fault] if fault else [])
                return fault

            with (
                patch.object(type(self.sandbox.faults), "take", take),
                patch(
                    "odoo.addons.extensiv_connector.flows.runner.FlowRun.has_time",
                    lambda push, seconds=5, slow=slow: not slow,
                ),
            ):
                self.push()
            self.assertEqual(bool(self.errors()), number >= 4, "16, 8, 4, 2, 1")
            if self.errors():
                break
        self.assertEqual(self.errors().mapped("key"), ["EAST/N-1"])
        self.assertEqual(len(self.at_eim()), 15)

    def test_the_first_level_of_a_location_is_another_then(self):
        self.east.read_back_state = "to_check"
        self.receive(self.tee, 4)
        self.receive(self.mug, 2)
        self.hang("TEE-1")
        self.push()
        self.assertEqual(self.east.read_back_state, "proven")
        self.assertEqual(self.at_eim(), {"MUG-1": 2})
        self.assertEqual(self.errors().mapped("key"), ["EAST/TEE-1"])
        self.sandbox.faults.clear()
        with self.later(minutes=2):
            self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 2, "TEE-1": 4})
        self.assertLess(self.level("TEE-1").pushed_at, fields.Datetime.now() + timedelta(minutes=3))

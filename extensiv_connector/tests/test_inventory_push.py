from datetime import timedelta
from itertools import chain, repeat
from unittest.mock import patch

from odoo.tests import tagged

from ..flows import FLOWS, trigger
from ..flows.runner import run_flow
from ..flows.stock_push import StockPush
from ..sandbox.levels import Levels
from ..sandbox.refusal import INVALID, Refused
from .test_inventory import InventoryCase

RUN = "odoo.addons.extensiv_connector.flows.runner"
PUSH = "odoo.addons.extensiv_connector.flows.stock_push"


@tagged("post_install", "-at_install")
class TestPush(InventoryCase):
    """What EIM says to it."""

    def test_a_refused_sku_is_an_error_of_its_own(self):
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.receive(self.tee, 4)
        run = self.push()
        self.assertEqual(run.state, "partial")
        self.assertEqual(run.done_count, 1)
        self.assertEqual(run.failed_count, 1)
        self.assertEqual(self.at_eim(), {"MUG-1": 0})
        error = self.errors()
        self.assertEqual(error.key, "EAST/TEE-1")
        self.assertEqual(error.category, "data")
        self.assertIn("SKU not found: TEE-1", error.message)
        self.assertIn(self.tee._fields["extensiv_push"].string, error.message)
        self.assertTrue(error.process_id)
        level = self.level("TEE-1")
        self.assertEqual(level.refused_quantity, 4)
        self.assertEqual(level.pushed_at, False)
        self.assertEqual(level.state, "refused")
        self.assertEqual(error.action_open_document()["res_id"], level.id)

    def test_a_refused_sku_waits_for_a_change_or_retry(self):
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.receive(self.tee, 4)
        self.push()
        self.push()
        self.assertEqual(len(self.calls("push_inventory")), 2)
        self.assertEqual(self.errors().attempts, 1)
        with self.flows():
            self.errors().action_retry()
        self.assertEqual(len(self.calls("push_inventory")), 3)
        self.assertEqual(self.errors().attempts, 2)
        self.receive(self.tee, 5)
        self.push()
        self.assertEqual(len(self.calls("push_inventory")), 4)
        self.assertEqual(self.errors().attempts, 3)
        self.sandbox.store.levels.refused_skus = frozenset()
        self.env.cr.execute("UPDATE product_product SET write_date = write_date + INTERVAL '1 hour'")
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 5, "the product changed")
        self.assertFalse(self.errors())
        self.assertEqual(self.level("TEE-1").quantity, 5)
        self.assertEqual(self.level("TEE-1").refused_at, False)

    def test_a_batch_refused_as_a_whole_is_split(self):
        products = self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(30)]
        )
        self.sandbox.store.levels.poison_skus = {"N-7", "N-21"}
        run = self.push()
        self.assertEqual(set(self.at_eim()), {*products.mapped("default_code"), "TEE-1", "MUG-1"} - {"N-7", "N-21"})
        self.assertEqual(set(self.errors().mapped("key")), {"EAST/N-7", "EAST/N-21"})
        self.assertEqual(run.done_count, 30)
        self.assertEqual(run.failed_count, 2)

    def test_splitting_ends_in_time_and_keeps_what_it_found(self):
        products = self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(38)]
        )
        original, poison = Levels.push, set(products[::2].mapped("default_code"))

        def push(levels, records):
            if bad := [record["sku"] for record in records if record["sku"] in poison]:
                raise Refused(INVALID, f"No such item: {bad[0]}")
            return original(levels, records)

        with patch.object(Levels, "push", push):
            for _pass in range(12):
                before = len(self.calls("push_inventory"))
                with patch(f"{RUN}.FlowRun.seconds_left", side_effect=chain(repeat(50, 12), repeat(4))):
                    run = self.push()
                self.assertLessEqual(len(self.calls("push_inventory")) - before, 12)
                if run.message == "Nothing new.":
                    break
        self.assertEqual(run.message, "Nothing new.")
        self.assertEqual(set(self.at_eim()), {*products.mapped("default_code"), "TEE-1", "MUG-1"} - poison)
        self.assertEqual(set(self.errors().mapped("key")), {f"EAST/{sku}" for sku in poison})
        self.assertEqual(set(self.errors().mapped("attempts")), {1})

    def test_nothing_is_taken_for_accepted_while_eim_refuses_one_by_a_name_of_its_own(self):
        original = Levels.push

        def push(levels, records):
            known = [record for record in records if record["sku"] != "TEE-1"]
            strange = [{"sku": "tee-1", "index_pos": None, "message": "Unknown"}] if known != records else []
            return original(levels, known) + strange

        with patch.object(Levels, "push", push):
            run = self.push()
        self.assertEqual(run.done_count, 1)
        self.assertEqual(run.failed_count, 1)
        self.assertEqual(self.level("TEE-1").state, "refused")
        self.assertEqual(self.level("MUG-1").state, "accepted")

    def test_everything_refused_in_the_same_words_is_no_fault_of_the_skus(self):
        self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(30)]
        )
        self.fault(route="push_inventory", kind="failure", count=1000, message="Missing WMS Setup")
        run = self.push()
        self.assertEqual(run.state, "failed")
        self.assertIn("Missing WMS Setup", run.message)
        self.assertFalse(self.errors())
        self.sandbox.faults.clear()
        self.push()
        self.assertEqual(len(self.at_eim()), 32)

    def test_a_sku_that_cannot_be_sent_is_an_error_of_its_own(self):
        self.env["product.product"].create({"name": "Odd", "default_code": "ODD\u0007", "is_storable": True})
        self.push()
        self.assertEqual(set(self.at_eim()), {"TEE-1", "MUG-1"})
        self.assertEqual(self.errors().mapped("key"), ["EAST/ODD\u0007"])

    def test_a_lost_answer_is_pushed_again(self):
        self.receive(self.tee, 4)
        self.fault(route="push_inventory", kind="lose_answer")
        run = self.push()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        self.assertEqual(self.told()["TEE-1"], 2)

    def test_trouble_leaves_the_level_unknown_until_eim_accepts_it(self):
        self.receive(self.tee, 4)
        for kind in ("500", "reset", "cut", "garbage"):
            self.fault(route="push_inventory", kind=kind, match="TEE-1", count=2)
            run = self.push()
            self.assertEqual(run.state, "partial", kind)
            level = self.level("TEE-1")
            self.assertEqual((level.pushed_at, level.quantity, level.state), (False, 0, "waiting"), kind)
            level.next_try = False
            self.sandbox.faults.clear()
        run = self.push()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.level("TEE-1").quantity, 4)

    def test_a_lost_answer_is_not_forgotten_when_the_quantity_comes_back(self):
        self.receive(self.tee, 4)
        self.push()
        self.receive(self.tee, 9)
        self.fault(route="push_inventory", kind="lose_answer", count=2)
        self.assertEqual(self.push().state, "partial")
        self.assertEqual(self.at_eim()["TEE-1"], 9)
        self.assertEqual(self.level("TEE-1").quantity, 4)
        self.receive(self.tee, 4)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 4)

    def test_a_lost_answer_is_not_forgotten_when_the_sku_is_gone(self):
        self.receive(self.tee, 4)
        self.fault(route="push_inventory", kind="lose_answer", count=2)
        self.push()
        self.tee.default_code = "TEE-2"
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 0, "TEE-2": 4, "MUG-1": 0})

    def test_the_rate_limit_is_a_pause(self):
        self.account.push_batch_size = 1
        self.fault(route="push_inventory", kind="rate_limit", match="TEE-1")
        run = self.push()
        self.assertEqual(run.state, "partial")
        self.assertIn("of 2 stock levels", run.message)
        self.push()
        self.assertEqual(set(self.at_eim()), {"TEE-1", "MUG-1"})

    def test_progress_is_shown_while_a_pass_runs(self):
        self.account.push_batch_size = 1
        seen = []
        original = StockPush.push_batch

        def push_batch(push, changes):
            seen.append(push.env["extensiv.run"].search([("flow", "=", "inventory")], limit=1).message)
            return original(push, changes)

        with patch.object(StockPush, "push_batch", push_batch), patch(f"{PUSH}.WRITE_SECONDS", 0):
            self.push()
        self.assertEqual(seen, [False, "EIM was told 1 of 2 stock levels."])

    def test_a_pass_ends_in_time_and_the_next_goes_on(self):
        self.account.push_batch_size = 1
        self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(2)]
        )
        with patch(f"{RUN}.FlowRun.seconds_left", side_effect=[50, 50, 50, 4]):
            run = self.push()
        self.assertEqual(
            (run.state, run.done_count, run.message),
            ("partial", 3, "3 stock levels were pushed. EIM was told 3 of 4 stock levels; push again for the others."),
            "no schedule does",
        )
        self.assertEqual(self.push().done_count, 1)
        self.assertEqual(set(self.told().values()), {1}, "nothing is told twice")

    def test_push_everything_again(self):
        self.receive(self.tee, 4)
        self.push()
        self.sandbox.store.levels.items.clear()
        with self.flows():
            self.account.action_push_everything()
        self.assertEqual(self.at_eim(), {"TEE-1": 4, "MUG-1": 0})

    def test_a_location_switched_off_is_left_alone(self):
        self.receive(self.tee, 4)
        self.push()
        self.east.push_enabled = False
        self.receive(self.tee, 9)
        run = self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        self.assertEqual(run.message, "Nothing new.")

    def test_the_errors_of_a_location_that_is_not_pushed_any_more_are_closed(self):
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.push()
        errors = self.errors()
        self.assertEqual(set(errors.mapped("key")), {"EAST/TEE-1", "WEST/TEE-1"})
        self.west.push_enabled = False
        self.push()
        self.assertEqual(self.errors().key, "EAST/TEE-1")
        self.west.push_enabled = True
        self.push()
        self.assertEqual(set(self.errors().mapped("key")), {"EAST/TEE-1", "WEST/TEE-1"}, "EIM refuses it still")
        errors |= self.errors()
        self.west.push_enabled = False
        self.east.unlink()
        self.push()
        self.assertEqual(set(errors.mapped("state")), {"resolved"})

    def test_an_order_pass_wakes_the_push(self):
        with patch.object(trigger, "trigger") as triggered:
            self.pull()
        self.assertIn(("inventory", self.account), [call.args[1:] for call in triggered.mock_calls])

    def test_a_schedule_pushes_only_where_wanted(self):
        cron = self.env.ref("extensiv_connector.ir_cron_push_inventory")
        self.assertEqual(cron.interval_number, 5)
        self.assertEqual(cron.interval_type, "minutes")
        self.assertEqual(cron.active, False)
        with self.flows():
            self.env["extensiv.account"]._cron_push_inventory()
        self.assertFalse(self.calls("push_inventory"))
        self.account.push_inventory = True
        self.assertTrue(cron.active)
        with self.flows():
            self.env["extensiv.account"]._cron_push_inventory()
        self.assertEqual(set(self.at_eim()), {"TEE-1", "MUG-1"})


@tagged("post_install", "-at_install")
class TestWaking(InventoryCase):
    def setUp(self):
        super().setUp()
        self.cron = self.env.ref("extensiv_connector.ir_cron_push_inventory")
        self.account.push_inventory = True
        self.cron.lastcall = False
        self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).unlink()
        self.env.flush_all()
        self.startPatcher(patch.dict(trigger._planned_until, clear=True))
        self.env.cr.postcommit.clear()

    def triggers(self):
        return self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)])

    def wake(self):
        """Do what follows a commit."""
        self.env.flush_all()
        with self.flows():
            self.env.cr.postcommit.run()
        self.env.invalidate_all()

    def test_a_receipt_and_a_reservation_wake_the_push(self):
        self.receive(self.tee, 4)
        self.wake()
        self.assertEqual(len(self.triggers()), 1)
        self.triggers().unlink()
        trigger._planned_until.clear()
        self.sell(self.tee, 1)
        self.wake()
        self.assertEqual(len(self.triggers()), 1)

    def assert_wakes(self, work, wakes=True):
        """Whether ``work()``, written to the database, plans a push after its commit."""
        self.env.flush_all()
        self.env.cr.postcommit.clear()
        work()
        self.env.flush_all()
        self.assertEqual("inventory" in self.env.cr.postcommit.data.get(trigger.NOTED, ()), wakes)

    def test_a_product_that_is_pushed_otherwise_wakes_the_push(self):
        template = self.tee.product_tmpl_id
        for record, values in (
            (self.tee, {"default_code": "TEE-2"}),
            (template, {"default_code": "TEE-3"}),
            (self.tee, {"extensiv_push": False}),
            (template, {"extensiv_push": True}),
            (self.tee, {"extensiv_buffer_qty": 1}),
            (template, {"extensiv_buffer_qty": 2}),
            (self.tee, {"active": False}),
            (template, {"active": True}),
            (template, {"sale_ok": False}),
            (self.tee, {"sale_ok": True}),
            (template, {"is_storable": False}),
        ):
            with self.subTest(model=record._name, **values):
                self.assert_wakes(lambda record=record, values=values: record.write(values))
        new = self.env["product.product"]
        self.assert_wakes(lambda: new.create({"name": "New", "default_code": "NEW", "is_storable": True}))
        self.assert_wakes(new.search([("default_code", "=", "NEW")]).unlink)

    def test_what_else_changes_of_a_product_wakes_nobody(self):
        for record in (self.tee, self.tee.product_tmpl_id):
            self.assert_wakes(
                lambda record=record: record.write(
                    {"name": "Black", "list_price": 3, "standard_price": 2, "barcode": "123", "weight": 1}
                ),
                wakes=False,
            )

    def test_an_alias_wakes_the_push(self):
        aliases = self.env["extensiv.sku.alias"]
        self.assert_wakes(
            lambda: aliases.create({"account_id": self.account.id, "sku": "ALT", "product_id": self.tee.id})
        )
        alias = aliases.search([("sku", "=", "ALT")])
        self.assert_wakes(lambda: alias.write({"sku": "ALT-2"}))
        self.assert_wakes(lambda: alias.write({"product_id": self.mug.id}))
        self.assert_wakes(alias.unlink)

    def test_the_mapping_of_a_location_wakes_the_push(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        for values in (
            {"stock_location_id": shelf.id},
            {"source": "all"},
            {"push_enabled": False},
            {"name": "EASTERN"},
        ):
            with self.subTest(**values):
                self.assert_wakes(lambda values=values: self.east.write(values))
        self.assert_wakes(lambda: self.east.write({"remote_pk": "7"}), wakes=False)

    def test_the_settings_of_the_account_wake_the_push(self):
        owner = self.env["res.partner"].create({"name": "Owner"})
        for values in ({"quantity_basis": "on_hand"}, {"buffer_qty": 1}, {"owner_id": owner.id}):
            with self.subTest(**values):
                self.assert_wakes(lambda values=values: self.account.write(values))
        self.assert_wakes(lambda: self.account.write({"name": "Shops"}), wakes=False)

    def test_a_push_does_not_wake_the_next(self):
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.receive(self.tee, 4)
        self.env["product.product"].create({"name": "Twin", "default_code": "MUG-1", "is_storable": True})
        self.env.flush_all()
        with self.flows():
            result = run_flow(self.account, "inventory")
        self.assertEqual(result.message, "1 failed.")
        self.assertFalse(self.env["extensiv.due"].search([("account_id", "=", self.account.id)]))

    def test_waking_asks_the_database_nothing_before_the_commit(self):
        with self.assertQueryCount(0):
            trigger.trigger(self.env, "inventory")

    def change_often(self):
        """Change stock twenty times; return the moments for which pushes are planned."""
        for quantity in range(20):
            self.receive(self.tee, quantity)
            self.wake()
            trigger._planned_until.clear()
        return sorted(self.triggers().mapped("call_at"))

    def fill_bucket(self, tokens):
        """Let so many calls be left of those that EIM allows."""
        self.env.flush_all()
        bucket = self.env["extensiv.bucket"].search([], order="id desc", limit=1)
        self.env.cr.execute(
            "UPDATE extensiv_bucket SET tokens = %s, counted_at = EXTRACT(EPOCH FROM clock_timestamp()) WHERE id = %s",
            [tokens, bucket.id],
        )

    def test_many_changes_are_one_push_a_minute_while_eim_allows_few_calls(self):
        self.fill_bucket(20)
        calls = self.change_often()
        self.assertEqual(len(calls), 2, "one now, one in a minute")
        self.assertGreaterEqual(calls[1] - calls[0], timedelta(seconds=59))

    def test_many_changes_are_one_push_in_ten_seconds_while_its_bucket_is_over_half_full(self):
        self.fill_bucket(60)
        calls = self.change_often()
        self.assertEqual(len(calls), 2, "one now, one in ten seconds")
        self.assertGreaterEqual(calls[1] - calls[0], timedelta(seconds=9))
        self.assertLessEqual(calls[1] - calls[0], timedelta(seconds=15))

    def test_a_bucket_that_filled_up_meanwhile_is_full(self):
        self.fill_bucket(20)
        self.env.cr.execute("UPDATE extensiv_bucket SET counted_at = counted_at - 30")
        calls = self.change_often()
        self.assertLessEqual(calls[1] - calls[0], timedelta(seconds=15))

    def test_odoo_looks_in_time_for_what_is_due_in_ten_seconds(self):
        # A moment with fractions of a second becomes the next whole one.
        self.assertGreaterEqual(trigger.SOON_SECONDS, FLOWS["inventory"].quick_pause + 1)

    def test_a_transaction_wakes_once(self):
        self.receive(self.tee, 4)
        self.receive(self.mug, 4)
        self.assertEqual(len(self.env.cr.postcommit._funcs), 1)

    def test_nobody_is_woken_while_no_account_wants_it(self):
        self.account.push_inventory = False
        self.receive(self.tee, 4)
        self.wake()
        self.assertFalse(self.triggers())


@tagged("post_install", "-at_install")
class TestRateLimit(InventoryCase):
    sandbox_options = {"orders": 0, "rate_limit": True}

    def test_more_than_eim_allows_is_pushed_in_several_passes(self):
        """A hundred calls are in the bucket, of which twenty are left to other flows."""
        self.account.write({"push_batch_size": 1, "push_inventory": True})
        self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(118)]
        )
        with patch(f"{RUN}.PASS_SECONDS", 8):
            run = self.push()
        self.assertEqual(run.state, "partial")
        self.assertRegex(
            run.message, r"\d+ stock levels were pushed\. EIM was told \d+ of 120 stock levels; the others follow\."
        )
        self.assertGreater(run.done_count, 60)
        self.assertEqual(len(self.at_eim()), run.done_count)
        self.assertEqual(self.sandbox.sandbox.state()["rate_limited"], 0, "EIM never had to refuse")

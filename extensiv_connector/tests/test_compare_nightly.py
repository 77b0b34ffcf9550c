import time
from contextlib import suppress
from types import SimpleNamespace
from unittest.mock import patch

from freezegun import freeze_time

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..flows import deadline, stock_comparison
from ..flows.inventory_reading import read_inventory_on
from ..flows.level_comparison import LevelComparison
from ..models.extensiv_bucket import BucketStore
from ..wizards import extensiv_compare
from .test_inventory import InventoryCase

FLOWS = "odoo.addons.extensiv_connector.flows"


class Killed(BaseException):
    """The process dies: nothing after this runs, and nothing uncommitted stays."""


class CompareCase(InventoryCase):
    def setUp(self):
        super().setUp()
        self.receive(self.tee, 4)
        self.receive(self.mug, 5)
        self.push()
        self.account.push_inventory = True

    def hold(self, sku, quantity, location="EAST"):
        """Let EIM hold another quantity than it was told."""
        self.sandbox.store.levels.items[sku][location].qty_available = quantity

    def compare(self, **later):
        """Compare as the schedule does, and return the run."""
        self.env.flush_all()
        with self.flows():
            if later:
                with self.later(**later):
                    self.env["extensiv.account"]._cron_compare_stock()
            else:
                self.env["extensiv.account"]._cron_compare_stock()
        self.env.invalidate_all()
        return self.last_run("compare")

    def nights(self):
        return self.env["extensiv.compare"].search(
            [("account_id", "=", self.account.id), ("is_nightly", "=", True)], order="id desc"
        )

    def outcomes(self, night=None):
        return {line.sku: line.outcome for line in (night or self.nights()[0]).line_ids}

    def errors(self, key=stock_comparison.WRITTEN_ELSEWHERE, state="open"):
        return self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account.id),
                ("flow", "=", "compare"),
                ("key", "=", key),
                ("state", "=", state),
            ]
        )

    def order(self, cust_ref, quantity, sku="TEE-1", **values):
        self.add_orders({"cust_ref": cust_ref, "items": [{"item": sku, "quantity": quantity, "price": "1"}], **values})


@tagged("post_install", "-at_install")
class TestNight(CompareCase):
    """Every night EIM's stock is compared with what it accepted, and what drifted is told again."""

    def test_what_drifted_is_told_again_and_counted(self):
        self.hold("TEE-1", 9)
        run = self.compare()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.message, "1 of 2 stock levels differed; 1 repaired, 0 explained by open orders at EIM.")
        self.assertEqual(run.done_count, 2)
        self.assertEqual(self.account.compare_message, run.message)
        self.assertEqual(self.outcomes(), {"TEE-1": "repaired"})
        self.assertEqual(self.level("TEE-1").state, "waiting")
        self.assertFalse(self.calls("list_orders"), "EIM's orders take nothing that is more")
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 4, "MUG-1": 5})
        self.assertEqual(self.told(), {"TEE-1": 2, "MUG-1": 1})

    def test_where_all_is_as_accepted_nothing_is_told(self):
        run = self.compare()
        self.assertEqual(run.message, "EIM has all stock levels as it accepted them: 2.")
        self.assertEqual(self.push().message, "Nothing new.")

    def test_what_eim_forgot_is_told_again(self):
        del self.sandbox.store.levels.items["MUG-1"]
        self.compare()
        self.assertEqual(self.outcomes(), {"MUG-1": "repaired"})
        self.push()
        self.assertEqual(self.at_eim()["MUG-1"], 5)

    def test_what_open_orders_explain_is_not_told_again(self):
        self.sandbox.store.levels.deduct_at_locations = True
        self.order("O-1", 2)
        self.order("O-2", 1)
        self.hold("MUG-1", 1)
        self.order("O-3", 1, "MUG-1")
        run = self.compare()
        self.assertEqual(run.message, "2 of 2 stock levels differed; 1 repaired, 1 explained by open orders at EIM.")
        self.assertEqual(self.outcomes(), {"TEE-1": "explained", "MUG-1": "repaired"})
        self.push()
        self.assertEqual(self.told(), {"TEE-1": 1, "MUG-1": 2})

    def test_what_is_at_the_wms_explains_too_and_what_has_left_does_not(self):
        self.hold("TEE-1", 1)
        self.order("O-1", 3, order_status="at_wms")
        self.hold("MUG-1", 4)
        self.order("O-2", 1, "MUG-1", order_status="shipped")
        self.compare()
        self.assertEqual(self.outcomes(), {"TEE-1": "explained", "MUG-1": "repaired"})

    def test_orders_explain_the_smallest_differences_of_a_sku_first(self):
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.push()
        self.hold("TEE-1", 3)
        self.hold("TEE-1", 0, "WEST")
        self.order("O-1", 2)
        self.compare()
        lines = self.nights().line_ids
        self.assertEqual(
            {line.location_id.name: line.outcome for line in lines}, {"EAST": "explained", "WEST": "repaired"}
        )

    def test_what_is_to_be_another_number_is_left_to_the_push(self):
        self.hold("TEE-1", 9)
        self.receive(self.tee, 7)
        self.compare()
        self.assertEqual(self.outcomes(), {"TEE-1": "changes"})
        self.assertIn("1 are pushed anyway: the quantity changed since.", self.nights().message)
        self.assertEqual(self.level("TEE-1").state, "accepted")

    def test_what_waits_or_is_left_alone_is_not_touched(self):
        self.hold("TEE-1", 9)
        self.hold("MUG-1", 9)
        self.level("TEE-1").write({"held_at": fields.Datetime.now(), "held_reason": "setting"})
        self.mug.extensiv_stock_rule = "leave"
        run = self.compare()
        self.assertEqual(run.message, "There was no accepted stock level to compare with EIM.")
        self.assertEqual(self.level("TEE-1").state, "held")

    def test_a_location_that_eim_shows_of_no_sku_is_said_and_not_repaired(self):
        self.sandbox.store.levels.hidden_locations = {"EAST"}
        self.compare()
        self.assertFalse(self.outcomes())
        self.assertIn("EAST", self.nights().unreadable)

    def test_what_is_pushed_while_eim_is_read_is_no_difference(self):
        def read(*args):
            reading = read_inventory_on(*args)
            # What another process does in its pass.
            self.env["extensiv.run"].create(
                {
                    "account_id": self.account.id,
                    "company_id": self.company.id,
                    "flow": "inventory",
                    "started_at": moment,
                    "state": "done",
                }
            )
            self.level("TEE-1").write({"quantity": 6, "pushed_at": moment})
            self.env.flush_all()
            return reading

        moment = fields.Datetime.now()
        self.level("MUG-1").pushed_at = fields.Datetime.subtract(moment, minutes=1)
        with patch(f"{FLOWS}.stock_comparison.read_inventory_on", read):
            run = self.compare()
        self.assertEqual(run.message, "EIM has all stock levels as it accepted them: 1.")

    def test_what_a_pass_at_work_pushed_is_no_difference(self):
        moment = fields.Datetime.subtract(fields.Datetime.now(), seconds=20)
        self.env["extensiv.run"]._begin(self.account, "inventory").started_at = moment
        self.level("TEE-1").write({"quantity": 6, "pushed_at": moment})
        self.level("MUG-1").pushed_at = fields.Datetime.subtract(moment, minutes=1)
        del self.sandbox.store.levels.items["MUG-1"]
        self.compare()
        self.assertEqual(self.outcomes(), {"MUG-1": "repaired"})

    def test_before_push_all_nothing_is_compared(self):
        self.hold("TEE-1", 9)
        self.account.push_all_first = True
        self.assertIn("Push All", self.compare().message)
        self.assertFalse(self.nights())


@tagged("post_install", "-at_install")
class TestByHand(CompareCase):
    """A person compares with the same code, and decides about the push."""

    def press(self, wizard):
        with self.flows():
            wizard.action_read()
        return wizard

    def wizard(self):
        return self.env["extensiv.compare"].create({"account_id": self.account.id})

    def test_what_open_orders_explain_is_listed_and_not_pushed(self):
        self.hold("TEE-1", 1)
        self.order("O-1", 3)
        self.hold("MUG-1", 9)
        wizard = self.press(self.wizard())
        self.assertEqual(wizard.state, "read")
        self.assertEqual(wizard.level_count, 2)
        self.assertEqual(self.outcomes(wizard), {"TEE-1": "explained", "MUG-1": "differs"})
        self.assertEqual(wizard.line_ids.filtered(lambda line: line.sku == "TEE-1").on_orders, 3)
        self.assertEqual(self.level("MUG-1").state, "accepted", "nothing is pushed before a person says so")
        with self.flows():
            wizard.action_push()
        self.assertEqual(self.told(), {"TEE-1": 1, "MUG-1": 2})
        self.assertEqual(self.outcomes(wizard), {"TEE-1": "explained", "MUG-1": "repaired"})
        with self.assertRaises(UserError), self.flows():
            wizard.action_push()

    def test_it_reads_on_over_presses_and_begins_anew_after_the_last(self):
        self.hold("TEE-1", 1)
        with patch("odoo.addons.extensiv_connector.wizards.extensiv_compare.READ_SECONDS", 0):
            wizard = self.press(self.wizard())
            self.assertEqual(wizard.state, "orders", "there was no time to ask for these")
            self.assertFalse(wizard.pushable_count)
        self.press(wizard)
        self.assertEqual(wizard.state, "read")
        self.hold("TEE-1", 4)
        self.press(wizard)
        self.assertEqual(wizard.state, "read")
        self.assertFalse(wizard.line_ids)
        self.assertEqual(wizard.level_count, 2)

    def test_what_took_a_whole_click_to_read_is_kept(self):
        self.hold("TEE-1", 1)
        late = 0

        def slowly(*arguments):
            nonlocal late
            late = 31
            return read_inventory_on(*arguments)

        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + late)
        with (
            patch.object(extensiv_compare, "read_inventory_on", slowly),
            patch.object(extensiv_compare, "time", clock),
            patch.object(deadline, "time", clock),
        ):
            wizard = self.press(self.wizard())
        self.assertEqual(wizard.state, "orders")
        self.assertEqual(self.press(wizard).state, "read")

    def test_it_is_no_night(self):
        self.press(self.wizard())
        self.assertFalse(self.nights())
        self.assertFalse(self.account.compare_message)


@tagged("post_install", "-at_install")
class TestReach(CompareCase):
    """When it runs, how far it comes in a pass, and behind whom."""

    def test_it_runs_where_stock_is_pushed_and_it_is_wanted(self):
        cron = self.env.ref("extensiv_connector.ir_cron_compare_stock")
        self.assertTrue(cron.active)
        self.account.compare_stock = False
        self.assertFalse(cron.active)
        self.account.compare_stock = True
        self.assertTrue(cron.active)
        self.account.push_inventory = False
        self.assertFalse(cron.active)
        self.compare()
        self.assertFalse(self.nights())

    def test_once_a_night(self):
        self.account.responsible_id.tz = "America/New_York"
        at = {}
        for hours in range(0, 48):
            moment = fields.Datetime.add(fields.Datetime.to_datetime("2024-06-03 05:00:00"), hours=hours)  # 1 o'clock
            with freeze_time(moment), self.flows():
                self.env["extensiv.account"]._cron_compare_stock()
            for night in self.nights() - self.env["extensiv.compare"].browse(at):
                # The database's clock goes on as it does.
                self.env.cr.execute("UPDATE extensiv_compare SET create_date = %s WHERE id = %s", [moment, night.id])
                self.env.invalidate_all()
                at[night.id] = hours
        self.assertEqual(list(at.values()), [0, 23, 47])

    def test_a_pass_with_nothing_to_do_says_what_was_found_last(self):
        self.hold("TEE-1", 9)
        found = self.compare().message
        with freeze_time("2024-06-03 15:00:00"):
            run = self.compare()
        self.assertEqual(len(self.nights()), 1)
        self.assertIn(found, run.message)
        self.assertIn("Compared at", run.message)

    def test_it_goes_on_at_its_page(self):
        self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(230)]
        )
        self.push()
        before = len(self.calls("list_inventory"))
        last = list(self.sandbox.store.levels.items)[-1]
        self.hold("TEE-1", 9)
        self.hold(last, 3)
        pages = -(-len(self.sandbox.store.levels.items) // 100)
        with patch(f"{FLOWS}.stock_comparison.READ_SECONDS", 0):
            for page in range(1, pages):
                with patch(f"{FLOWS}.runner.FlowRun.has_time", side_effect=[True, False]):
                    run = self.compare()
                self.assertEqual(run.state, "partial")
                self.assertEqual(self.nights().place["page"], page + 1)
                self.assertEqual(self.level("TEE-1").state, "accepted")
            run = self.compare()
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self.calls("list_inventory")) - before, pages)
        self.assertEqual(self.outcomes(), {"TEE-1": "repaired", last: "repaired"})
        self.assertIn("2 of 232 stock levels", run.message)

    def test_a_killed_pass_loses_nothing(self):
        self.hold("TEE-1", 1)
        self.order("O-1", 1)
        for killed in (
            patch.object(LevelComparison, "take_levels", side_effect=Killed),
            patch.object(LevelComparison, "take_orders", side_effect=Killed),
            patch.object(LevelComparison, "repair", side_effect=Killed),
        ):
            with killed, suppress(Killed):
                self.compare()
            self.assertEqual(self.level("TEE-1").state, "accepted")
        self.compare()
        self.assertEqual(len(self.nights()), 1)
        self.assertEqual(self.nights().line_ids.on_orders, 1)
        self.assertEqual(self.outcomes(), {"TEE-1": "repaired"})

    def test_what_was_read_long_ago_is_not_gone_on_with(self):
        with patch(f"{FLOWS}.runner.FlowRun.has_time", side_effect=[False]):
            self.compare()
        stale = self.nights()
        self.assertEqual(stale.state, "new")
        self.compare(days=1)
        self.assertFalse(stale.exists())
        self.assertEqual(self.nights().state, "read")

    def test_it_leaves_half_of_the_bucket_to_others(self):
        taken = []
        take = BucketStore.take

        def record(store, reserve=0):
            taken.append(reserve)
            return take(store, reserve)

        self.hold("TEE-1", 1)
        with patch.object(BucketStore, "take", record):
            self.compare()
        self.assertEqual(taken, [stock_comparison.RESERVE] * 2)

    def test_trouble_of_eims_ends_the_pass_and_the_next_goes_on(self):
        self.hold("TEE-1", 9)
        self.fault(route="list_inventory", kind="500", count=10)
        self.assertEqual(self.compare().state, "failed")
        self.sandbox.faults.clear()
        self.assertEqual(self.compare(minutes=2).state, "done")
        self.assertEqual(self.outcomes(), {"TEE-1": "repaired"})

    def test_a_list_without_an_end_is_told_and_what_it_had_is_compared(self):
        self.hold("TEE-1", 9)
        page = type(self.sandbox.store.levels).page
        with patch.object(
            type(self.sandbox.store.levels), "page", lambda levels, limit, **_page: page(levels, limit, 1)
        ):
            # A full page, again and again.
            self.sandbox.store.levels.push(
                [{"sku": f"X-{number}", "qty_available": 1, "warehouse": "EAST"} for number in range(100)]
            )
            self.compare()
        self.assertEqual(self.outcomes().get("TEE-1"), "repaired")
        self.assertEqual(len(self.nights().line_ids), 1, "what the list may have had is not taken for missing")
        self.assertTrue(self.errors(stock_comparison.LIST_KEY))
        self.compare(days=2)
        self.assertFalse(self.errors(stock_comparison.LIST_KEY))


@tagged("post_install", "-at_install")
class TestAgainAndAgain(CompareCase):
    """Levels that are wrong every night are written by somebody else."""

    def night(self, quantity=9):
        self.hold("TEE-1", quantity)
        # Nights are told apart by their moment.
        self.env.cr.execute("UPDATE extensiv_compare SET create_date = create_date - INTERVAL '2 days'")
        self.env.invalidate_all()
        self.compare()
        self.push()

    def test_it_is_one_error_after_three_nights_and_ends_with_its_cause(self):
        self.night()
        self.night()
        self.assertFalse(self.errors())
        self.night()
        error = self.errors()
        self.assertIn("Something else writes stock at EIM", error.message)
        self.assertIn("TEE-1 (EAST)", error.message)
        self.assertEqual(error.res_model, "extensiv.account")
        self.assertEqual(error.category, "settings")
        self.assertEqual(error.action_fix()["res_model"], "extensiv.compare")
        self.night()
        self.assertEqual(self.errors(), error)
        self.night(4)
        self.assertFalse(self.errors())

    def test_one_that_was_dismissed_stays_so(self):
        for _night in range(3):
            self.night()
        self.errors().action_dismiss()
        self.night()
        self.assertFalse(self.errors())
        self.night(4)
        for _night in range(3):
            self.night()
        self.assertTrue(self.errors())


@tagged("post_install", "-at_install")
class TestWhoSees(CompareCase):
    def test_what_the_nights_found_is_seen_in_the_company(self):
        self.hold("TEE-1", 9)
        self.compare()
        night = self.nights()
        self.assertEqual(night.create_uid.id, SUPERUSER_ID)
        user = new_test_user(self.env, "night_user", "extensiv_connector.group_user")
        action = self.account.with_user(user).action_open_comparisons()
        seen = self.env[action["res_model"]].with_user(user).search([("is_nightly", "=", True)])
        self.assertEqual(seen, night)
        self.assertEqual(seen.line_ids.sku, "TEE-1")
        self.assertEqual(self.account.with_user(user).compare_message, night.message)
        for action in ("action_read", "action_push"):
            with self.assertRaises(UserError), self.flows():
                getattr(seen, action)()
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "night_stranger",
            "extensiv_connector.group_user",
            company_id=other.id,
            company_ids=other.ids,
        )
        self.assertFalse(self.env["extensiv.compare"].with_user(stranger).search([]))
        with self.assertRaises(AccessError):
            night.with_user(stranger).read(["message"])
        made_up = (
            self.env["extensiv.compare"].with_user(user).create({"account_id": self.account.id, "is_nightly": True})
        )
        self.assertFalse(
            self.env["extensiv.compare"]
            .with_user(new_test_user(self.env, "night_other", "extensiv_connector.group_user"))
            .search([("id", "=", made_up.id)])
        )

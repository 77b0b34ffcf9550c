"""An EIM that does not answer is asked less often and last; it holds up neither other accounts nor its own recovery."""

from contextlib import ExitStack
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows import runner, schedule, stepping_back, webhook
from .common import ConnectorCase

SILENCE = {"kind": "reset", "count": 1000}


class SteppingBackCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.pull_orders = True
        self.env["extensiv.due"].search([]).unlink()

    def run_schedule(self, flow="orders"):
        with self.flows():
            schedule.run_turn(self.env, flow)

    def error(self, flow="orders", account=None):
        return self.env["extensiv.error"]._open(account or self.account, "connection", [flow])

    def fail(self, attempts, flow="orders", account=None, minutes=-1):
        """Let the last passes of ``flow`` have met an EIM that did not answer; the next try is due in ``minutes``."""
        account = account or self.account
        failure = {flow: {"message": "EIM did not answer in time.", "category": "transient"}}
        for _attempt in range(attempts):
            error = self.env["extensiv.error"]._report(account, "connection", failure)
        now = fields.Datetime.now()
        error.write({"last_seen": now - timedelta(hours=1), "next_try": now + timedelta(minutes=minutes)})
        return error

    def add_accounts(self, count):
        accounts = self.account.browse()
        for number in range(count):
            accounts += self.account.copy({"api_user": f"user-{number}", "api_key": "demo-key"})
        accounts.write({"state": "connected", "pull_orders": True})
        return accounts


@tagged("post_install", "-at_install")
class TestSteppingBack(SteppingBackCase):
    def test_a_schedule_waits_for_the_next_try(self):
        self.fault(**SILENCE)
        self.run_schedule()
        error = self.error()
        self.assertGreater(error.next_try, fields.Datetime.now())
        self.sandbox.faults.clear()
        calls = len(self.calls())
        self.run_schedule()
        self.assertEqual(len(self.calls()), calls)
        with self.later(minutes=2):
            self.run_schedule()
        self.assertEqual(error.state, "resolved")

    def test_a_trigger_does_not_hurry_it(self):
        self.fail(3, minutes=5)
        cron = schedule.cron_of(self.env, "orders")
        cron.nextcall = "2099-01-01"
        with self.flows():
            self.account._plan_flow("orders")
            schedule.run_turn(self.env(context={"cron_id": cron.id}), "orders")
        self.assertFalse(self.last_run())

    def test_the_connection_is_tried_every_quarter_of_an_hour_at_least(self):
        self.assertLessEqual(self.fail(9).attempts, 9)
        self.fault(**SILENCE)
        self.run_schedule()
        left = self.error().next_try - fields.Datetime.now()
        self.assertLess(timedelta(minutes=14), left)
        self.assertLessEqual(left, timedelta(minutes=15))

    def test_where_one_of_eims_lists_fails_the_next_pass_comes_as_always(self):
        self.fault(route="list_orders", match="canceled", kind="500", count=1000)
        for cust_ref in ("A-1", "A-2"):
            self.add_orders({"cust_ref": cust_ref})
            self.run_schedule()
            self.assertTrue(self.inbox(cust_ref), "what the other lists say is worked on")
        self.assertEqual(self.error().attempts, 2)
        self.assertNotIn("check_credentials", self.calls()[-5:])

    def test_after_two_failures_one_small_call_finds_out(self):
        error = self.fail(2)
        self.fault(**SILENCE)
        calls = len(self.calls())
        self.run_schedule()
        self.assertEqual(self.calls()[calls:], ["check_credentials"])
        self.assertEqual(error.attempts, 3)
        self.assertTrue(stepping_back.is_waiting(error))
        self.assertEqual(self.last_run().state, "failed")

    def test_after_one_failure_the_pass_itself_tries_again(self):
        self.fail(1)
        calls = len(self.calls())
        self.run_schedule()
        self.assertEqual(self.calls()[calls], "list_orders")

    def test_an_eim_that_answers_the_small_call_has_its_pass(self):
        self.add_orders({"cust_ref": "A-1"})
        for answer in ("500", "gateway_403", "garbage"):
            error = self.fail(2)
            self.fault(route="check_credentials", kind=answer)
            self.run_schedule()
            self.assertEqual(error.state, "resolved", answer)
        self.assertTrue(self.inbox("A-1"))

    def test_an_eim_that_answers_the_small_call_alone_steps_back_all_the_same(self):
        error = self.fail(2)
        self.fault(route="list_orders", **SILENCE)
        self.run_schedule()
        self.assertEqual(error.attempts, 3)
        self.assertTrue(stepping_back.is_waiting(error))

    def test_one_small_call_tells_for_all_flows_that_stepped_back(self):
        orders, shipments = self.fail(2), self.fail(2, "shipments")
        self.account.push_shipments = True
        self.fault(**SILENCE)
        self.run_schedule()
        self.assertEqual((orders + shipments).mapped("attempts"), [3, 3])
        calls = len(self.calls())
        self.run_schedule("shipments")
        self.assertEqual(len(self.calls()), calls)

    def test_a_button_asks_at_once_and_lets_the_schedules_try(self):
        orders, shipments = self.fail(4, minutes=9), self.fail(4, "shipments", minutes=9)
        calls = len(self.calls())
        self.assertEqual(self.pull().state, "done")
        self.assertEqual(self.calls()[calls], "list_orders", "no small call before")
        self.assertEqual(orders.state, "resolved")
        self.assertFalse(stepping_back.is_waiting(shipments))

    def test_a_call_of_eims_webhook_lets_the_schedules_try(self):
        error = self.fail(4, minutes=9)
        with self.flows():
            webhook.receive(self.env.registry, self.account.id, "order_new", b"{}")
        self.env.invalidate_all()
        self.assertFalse(stepping_back.is_waiting(error))
        self.run_schedule()
        self.assertEqual(error.state, "resolved")

    def test_changed_settings_let_the_schedules_try(self):
        for values in ({"route_overrides": "list_carts = cart/list"}, {"push_shipments": True}):
            error = self.fail(4, minutes=9)
            self.account.write(values)
            self.assertFalse(stepping_back.is_waiting(error))

    def test_an_error_of_ours_holds_no_pass_up(self):
        with patch.object(type(self.env["extensiv.order"]), "search_fetch", side_effect=RuntimeError):
            with self.assertLogs("odoo.addons.extensiv_connector", "ERROR"):
                self.run_schedule()
        self.assertFalse(stepping_back.is_waiting(self.error()))
        self.run_schedule()
        self.assertFalse(self.error())

    def test_carts_are_not_looked_for_at_an_eim_that_does_not_answer(self):
        self.fail(3, minutes=4)
        self.assertEqual(stepping_back.find_waiting(self.account), self.account)
        self.env["extensiv.error"].search([]).write({"next_try": fields.Datetime.now()})
        self.assertFalse(stepping_back.find_waiting(self.account))


@tagged("post_install", "-at_install")
class TestFairness(SteppingBackCase):
    """With a clock of the test's own: passes only take time, of which an EIM that hangs takes what it gets."""

    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.asked = []
        self.shares = []
        self.hanging = self.account.browse()

    def run_schedule(self, seconds=45, context=None):
        """Run the schedule in a turn in which it has ``seconds``; note who had a pass, and how much of the turn."""

        def run_flow(account, flow, deadline=None, probe=False):
            self.asked.append(account)
            self.shares.append(deadline - self.now)
            hangs = account in self.hanging
            self.now += min(5 if probe else 30, deadline - self.now) if hangs else 0.5
            if hangs:
                self.fail(1, account=account, minutes=5)
            return runner.Result("failed" if hangs else "done", "")

        self.now = 1000.0
        with ExitStack() as stack:
            for target, name, value in (
                (runner, "run_flow", run_flow),
                (runner, "seconds_until", lambda deadline: deadline - self.now),
                (schedule, "new_deadline", lambda env: self.now + seconds),
            ):
                stack.enter_context(patch.object(target, name, value))
            schedule.run_turn(self.env(context=context or {}), "orders")
        return self.now - 1000.0

    def test_failing_accounts_come_last_and_leave_time_to_other_flows(self):
        accounts = self.add_accounts(12)
        self.hanging = accounts[::3]
        for account in self.hanging:
            self.fail(2, account=account)
        healthy = set(self.account | accounts - self.hanging)
        spent = self.run_schedule(seconds=25)
        self.assertEqual(set(self.asked[: len(healthy)]), healthy)
        self.assertLess(spent, 20)
        tried = set(self.asked[len(healthy) :])
        left = set(self.hanging) - tried
        self.assertTrue(tried and left)
        self.assertEqual(set(self.env["extensiv.due"].search([("flow", "=", "orders")]).account_id), left)

    def test_a_turn_reaches_every_healthy_one_while_the_others_have_stepped_back(self):
        accounts = self.add_accounts(12)
        self.hanging = accounts[::3]
        for account in self.hanging:
            self.fail(3, account=account, minutes=5)
        self.run_schedule()
        self.assertEqual(set(self.asked), set(self.account | accounts - self.hanging))

    def test_accounts_that_fail_in_another_flow_come_last_too(self):
        accounts = self.add_accounts(3)
        self.fail(1, "alerts", accounts[0], minutes=1)
        self.run_schedule()
        self.assertEqual(self.asked[-1], accounts[0])
        self.assertEqual(len(self.asked), 4)

    def test_one_that_hangs_for_the_first_time_does_not_take_the_turn(self):
        accounts = self.add_accounts(3)
        self.hanging = self.account
        self.env["extensiv.run"].create(
            [
                {"account_id": account.id, "flow": "orders", "state": "done", "started_at": "2020-01-01"}
                for account in accounts
            ]
        )
        self.run_schedule()
        self.assertEqual(self.asked[0], self.account)
        self.assertEqual(self.shares[0], 15)
        self.assertEqual(set(self.asked), set(self.account | accounts))

    def test_who_is_alone_may_use_what_is_left(self):
        self.run_schedule()
        self.fail(1)
        self.run_schedule()
        self.assertEqual(self.shares, [45, 45])

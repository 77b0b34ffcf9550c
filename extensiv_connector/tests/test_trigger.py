"""Passes that are started early: for whom, when, and what is not lost."""

import hashlib
import time
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows import runner
from ..flows.trigger import due_accounts, forget_due, plan, trigger
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestTrigger(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.other = self.account.copy({"api_user": "second", "api_key": "second-key"})
        self.other.state = "connected"
        (self.account | self.other).write({"pull_orders": True, "push_inventory": True})
        self.cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        self.cron.lastcall = False
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env["extensiv.due"].search([]).unlink()

    def run_cron(self, **values):
        """Run the schedule as Odoo does; return the accounts that had a pass."""
        asked = []
        self.cron.write(values)
        self.env.flush_all()

        def run_flow(account, flow, deadline=None):
            asked.append(account)
            return runner.Result("done", "")

        accounts = self.env["extensiv.account"].with_context(cron_id=self.cron.id)
        with patch.object(runner, "run_flow", run_flow):
            accounts._cron_pull_orders()
        return asked

    def test_a_trigger_of_one_account_does_not_poll_the_others(self):
        plan(self.env, "orders", self.other.ids)
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        self.assertEqual(self.run_cron(nextcall=tomorrow), [self.other])

    def test_the_schedules_own_turn_polls_every_account(self):
        plan(self.env, "orders", self.other.ids)
        asked = self.run_cron(nextcall=fields.Datetime.now() - timedelta(seconds=1))
        self.assertLessEqual({self.account, self.other}, set(asked))

    def test_a_person_who_runs_the_schedule_by_hand_polls_every_account(self):
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        self.assertLessEqual({self.account, self.other}, set(self.run_cron(nextcall=tomorrow)))

    def test_an_account_that_does_not_want_the_flow_is_not_due(self):
        self.other.pull_orders = False
        plan(self.env, "orders")
        self.assertIn(self.account.id, due_accounts(self.env, "orders"))
        self.assertNotIn(self.other.id, due_accounts(self.env, "orders"))

    def test_a_later_moment_does_not_hide_an_earlier_one(self):
        plan(self.env, "orders", self.account.ids, seconds=0)
        plan(self.env, "orders", self.account.ids, seconds=600)
        self.assertIn(self.account.id, due_accounts(self.env, "orders"))

    def test_an_earlier_moment_is_not_put_off_by_a_later_one(self):
        plan(self.env, "orders", self.account.ids, seconds=600)
        plan(self.env, "orders", self.account.ids, seconds=0)
        self.assertIn(self.account.id, due_accounts(self.env, "orders"))

    def test_what_is_triggered_while_a_pass_runs_is_not_forgotten_at_its_end(self):
        plan(self.env, "orders", self.account.ids)
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        [started_at] = self.env.cr.fetchone()
        plan(self.env, "orders", self.account.ids)
        forget_due(self.account, "orders", started_at)
        self.assertIn(self.account.id, due_accounts(self.env, "orders"))
        forget_due(self.account, "orders", started_at + timedelta(minutes=1))
        self.assertNotIn(self.account.id, due_accounts(self.env, "orders"))

    def test_a_pass_forgets_that_it_was_due(self):
        plan(self.env, "orders", self.account.ids)
        self.pull()
        self.assertNotIn(self.account.id, due_accounts(self.env, "orders"))

    def test_a_pass_that_goes_on_is_due_for_its_account_alone(self):
        def run_flow(account, flow, deadline=None):
            return runner.Result("partial", "", 0 if account == self.other else None)

        with patch.object(runner, "run_flow", run_flow):
            self.env["extensiv.account"]._cron_pull_orders()
        self.assertEqual(due_accounts(self.env, "orders") & {self.account.id, self.other.id}, {self.other.id})

    def test_triggers_of_several_accounts_in_one_transaction_are_all_kept(self):
        self.env.cr.postcommit.clear()
        trigger(self.env, "orders", self.account)
        trigger(self.env, "orders", self.other)
        with self.flows():
            self.env.cr.postcommit.run()
        self.assertLessEqual({self.account.id, self.other.id}, due_accounts(self.env, "orders"))

    def test_accounts_with_different_pauses_are_each_woken_in_their_time(self):
        cron = self.env.ref("extensiv_connector.ir_cron_push_inventory")
        cron.lastcall = fields.Datetime.now()
        # Of the calls of the second account few are left, so it waits for longer.
        key = hashlib.sha256(f"{self.other.base_url}\n{self.other.api_user}".encode()).hexdigest()
        self.env["extensiv.bucket"].search([("key", "=", key)]).unlink()
        self.env["extensiv.bucket"].create({"key": key, "tokens": 1, "counted_at": time.time()})
        plan(self.env, "inventory", (self.account | self.other).ids)
        first, second = sorted(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).mapped("call_at"))
        self.assertGreater(second - first, timedelta(seconds=40))

    def test_a_trigger_that_fails_never_fails_what_was_committed(self):
        self.env.cr.postcommit.clear()
        trigger(self.env, "orders", self.account)
        with (
            self.flows(),
            patch("odoo.addons.extensiv_connector.flows.trigger.plan", side_effect=RuntimeError),
            self.assertLogs("odoo.addons.extensiv_connector.flows.trigger", "ERROR"),
        ):
            self.env.cr.postcommit.run()

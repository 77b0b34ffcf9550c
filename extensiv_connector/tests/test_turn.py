"""How much of a turn of Odoo's scheduler our jobs take: what Odoo's limits leave, and no more than a minute."""

import threading
import time
from types import SimpleNamespace
from unittest.mock import Mock, patch

from odoo.tests import TransactionCase, tagged

from ..flows import runner, schedule, turn
from .common import ConnectorCase

LIMITS = {"workers": 2, "limit_time_real": 120, "limit_time_real_cron": -1, "limit_time_cpu": 60}


class TurnMixin:
    def setUp(self):
        super().setUp()
        self.now = 1000.0
        self.startPatcher(
            patch.object(turn, "time", SimpleNamespace(monotonic=lambda: self.now, time=lambda: self.now))
        )
        self.startPatcher(patch.object(turn._Worker, "last_end", self.now))
        self.set_cpu()

    def set_limits(self, **limits):
        self.startPatcher(patch.object(turn, "config", {**LIMITS, **limits}))

    def set_cpu(self, used=0, limit=60):
        """Let the process have computed ``used`` seconds since the turn began."""
        usage = SimpleNamespace(ru_utime=500 + used, ru_stime=0)
        self.startPatcher(
            patch.multiple(turn.resource, getrlimit=lambda _kind: (500 + limit, -1), getrusage=lambda _who: usage)
        )

    def get_seconds(self, waiting=0, **limits):
        """Return for how long a job of ours may go on that is the first in a turn which begins now."""
        self.set_limits(**limits)
        return turn.Turn().get_deadline(waiting) - self.now


@tagged("post_install", "-at_install")
class TestTurn(TurnMixin, TransactionCase):
    def test_a_worker_that_worked_a_moment_ago_has_time_for_less_than_a_minute(self):
        self.assertEqual(self.get_seconds(), 45)

    def test_a_worker_may_have_slept_over_a_minute_of_its_limit(self):
        turn._Worker.last_end = None
        self.assertEqual(self.get_seconds(), 30)
        turn._Worker.last_end = self.now - 60
        self.assertEqual(self.get_seconds(), 40)

    def test_scheduled_actions_have_a_limit_of_their_own_or_none(self):
        self.assertEqual(self.get_seconds(limit_time_real_cron=60), 40)
        self.assertEqual(self.get_seconds(limit_time_real_cron=0), 45)
        self.assertEqual(self.get_seconds(limit_time_real_cron=3600), 45)

    def test_a_short_limit_leaves_some_time(self):
        turn._Worker.last_end = None
        self.assertEqual(self.get_seconds(limit_time_real_cron=40), 10)

    def test_without_workers_the_thread_knows_when_its_turn_began(self):
        thread = threading.current_thread()
        thread.start_time = self.now - 70
        self.addCleanup(delattr, thread, "start_time")
        self.assertEqual(self.get_seconds(workers=0), 30)
        self.assertEqual(self.get_seconds(workers=0, limit_time_real_cron=0), 30, "0 means the limit of requests there")
        self.assertEqual(self.get_seconds(workers=0, limit_time_real=0), 45)

    def test_the_time_of_others_jobs_counts(self):
        self.set_limits()
        begun = turn.Turn()
        self.now += 85
        self.assertEqual(begun.get_deadline(0) - self.now, 15)
        self.now += 15
        self.assertEqual(begun.get_deadline(0), self.now)

    def test_what_was_computed_in_the_turn_counts(self):
        self.set_cpu(used=42)
        self.assertEqual(self.get_seconds(), 8)
        self.set_cpu(used=58)
        self.assertEqual(self.get_seconds(), 0)
        self.assertEqual(self.get_seconds(workers=0), 45)

    def test_our_jobs_share_the_turn(self):
        self.set_limits()
        begun = turn.Turn()
        self.assertEqual(begun.get_deadline(2) - self.now, 15)
        self.now += 5  # it took less
        self.assertEqual(begun.get_deadline(1) - self.now, 20)
        self.now += 20
        self.assertEqual(begun.get_deadline(0) - self.now, 20)
        self.now += 20
        self.assertEqual(begun.get_deadline(0), self.now)

    def test_a_job_has_enough_for_something_though_many_wait(self):
        self.assertEqual(self.get_seconds(waiting=6), 12)

    def test_jobs_of_one_cursor_are_one_turn(self):
        self.set_limits()
        cr = Mock()
        with turn.job(cr, 1):
            first = turn.get_current()
        self.assertIsNone(turn.get_current())
        with turn.job(cr, 2):
            self.assertIs(turn.get_current(), first)
            self.assertEqual(first.begun, {1, 2})
        with turn.job(Mock(), 1):
            self.assertEqual(turn.get_current().begun, {1})
        self.assertEqual(turn._Worker.last_end, self.now)


@tagged("post_install", "-at_install")
class TestScheduledTurn(TurnMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self.set_limits()
        self.connect()
        self.account.write({"pull_orders": True, "push_shipments": True})
        self.orders, self.shipments = (
            self.env.ref(f"extensiv_connector.ir_cron_{name}") for name in ("pull_orders", "push_shipments")
        )
        self.env["ir.cron.trigger"].search([]).unlink()
        ours = self.env["ir.cron"].search([("cron_name", "like", "Extensiv")])
        ours.write({"nextcall": "2099-01-01", "lastcall": False})
        self.seconds = []

    def run_cron(self, cron, takes=0.0):
        """Let Odoo's scheduler run ``cron`` in a turn of this test; note for how long the pass might go on."""

        def run_flow(account, flow, deadline=None):
            self.seconds.append(deadline - self.now)
            self.now += takes
            return runner.Result("done", "")

        IrCron = self.env["ir.cron"]
        with (
            self.flows(),
            patch.object(runner, "run_flow", run_flow),
            patch.object(runner, "seconds_until", lambda deadline: deadline - self.now),
        ):
            job = IrCron._acquire_one_job(self.env.cr, cron.id, include_not_ready=True)
            type(IrCron)._process_job(self.env.cr, job)
            self.env.cr.clear()  # which is part of the commit that follows in Odoo's loop
        self.env.invalidate_all()

    def end_turn(self):
        turn._turns.clear()

    def test_flows_of_one_turn_share_its_time(self):
        self.end_turn()
        self.shipments.nextcall = "2020-01-01"
        self.run_cron(self.orders, takes=22.5)
        self.run_cron(self.shipments)
        self.assertEqual(self.seconds, [22.5, 22.5], "the second one was due, too")

    def test_what_is_not_due_needs_no_share(self):
        self.end_turn()
        self.run_cron(self.orders)
        self.assertEqual(self.seconds, [45])

    def test_what_does_not_fit_is_triggered_for_the_next_turn(self):
        self.end_turn()
        self.run_cron(self.orders, takes=43)
        self.run_cron(self.shipments)
        self.assertEqual(len(self.seconds), 1)
        due = self.env["extensiv.due"].search([("account_id", "=", self.account.id), ("flow", "=", "shipments")])
        self.assertTrue(due)
        self.assertTrue(self.env["ir.cron.trigger"].search_count([("cron_id", "=", self.shipments.id)]))
        self.end_turn()
        self.run_cron(self.shipments)
        self.assertEqual(self.seconds, [45, 45])

    def test_where_others_took_all_time_a_turn_does_not_follow_at_once(self):
        self.end_turn()
        self.set_cpu(used=57)
        self.run_cron(self.orders)
        self.assertFalse(self.seconds)
        self.env.cr.execute("SELECT MIN(call_at - now() AT TIME ZONE 'UTC') FROM ir_cron_trigger")
        self.assertGreater(self.env.cr.fetchone()[0].total_seconds(), 30)

    def test_what_a_person_runs_by_hand_is_of_no_turn(self):
        self.set_limits(workers=0)
        self.end_turn()
        self.run_cron(self.orders)
        self.assertFalse(turn._turns)
        self.assertGreater(self.seconds[0], 1000, "by the real clock")
        self.assertIsNone(turn.get_current())
        self.assertAlmostEqual(schedule.new_deadline(self.env) - time.monotonic(), runner.PASS_SECONDS, delta=5)

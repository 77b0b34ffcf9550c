"""Several workers that pull orders: which of them serves whom, and that each account is served once a round."""

from contextlib import suppress
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from ..flows import lanes, runner, schedule, turn
from ..flows.trigger import due_accounts, forget_due
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestLanes(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        others = [self.account.copy({"api_user": f"user{number}", "api_key": "key"}) for number in range(3)]
        self.accounts = self.account.union(*others)
        self.accounts.write({"state": "connected", "pull_orders": True})
        self.first = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        self.first.write({"nextcall": fields.Datetime.now() - timedelta(seconds=1), "lastcall": False})
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env["extensiv.due"].search([]).unlink()
        self.asked = []
        self.meanwhile = None

    def set_lanes(self, count):
        self.env["res.config.settings"].create({"extensiv_parallel_passes": count}).execute()
        self.env["ir.cron.trigger"].search([]).unlink()

    def lane(self, number):
        name = "ir_cron_pull_orders" if number == 1 else f"ir_cron_pull_orders_{number}"
        return self.env.ref(f"extensiv_connector.{name}", raise_if_not_found=False)

    def run_lane(self, number):
        """Run a lane as Odoo does; ``meanwhile`` is what happens while it serves its first account."""
        self.env.flush_all()
        Account = self.env["extensiv.account"].with_context(cron_id=self.lane(number).id)
        with patch.object(runner, "run_flow", self.serve):
            Account._cron_pull_orders()

    def serve(self, account, flow, deadline=None, probe=False):
        self.asked.append(account.id)
        meanwhile = self.meanwhile
        self.meanwhile = None
        if meanwhile:
            meanwhile()
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        forget_due(account, flow, self.env.cr.fetchone()[0])
        return runner.Result("done", "")

    def triggered(self):
        return self.env["ir.cron.trigger"].search([]).cron_id

    # -- the scheduled actions

    def test_there_is_one_schedule_until_more_are_asked_for(self):
        self.assertFalse(self.lane(2))
        self.set_lanes(3)
        self.assertTrue(self.lane(2).active and self.lane(3).active)
        self.assertFalse(self.lane(4))

    def test_fewer_lanes_leave_the_others_switched_off(self):
        self.set_lanes(3)
        self.set_lanes(2)
        self.assertTrue(self.lane(2).active)
        self.assertFalse(self.lane(3).active)
        self.assertEqual(lanes.get_count(self.env), 2)

    def test_a_deleted_lane_is_made_anew(self):
        self.set_lanes(2)
        self.lane(2).unlink()
        schedule.toggle(self.env)
        self.assertTrue(self.lane(2).active)

    def test_lanes_stop_with_the_schedule_when_no_account_wants_it(self):
        self.set_lanes(2)
        self.env["extensiv.account"].search([]).pull_orders = False
        self.assertFalse(self.lane(2).active)

    def test_an_update_and_neutralizing_know_the_lanes(self):
        self.set_lanes(2)
        data = self.env["ir.model.data"].search([("model", "=", "ir.cron"), ("res_id", "=", self.lane(2).id)])
        self.assertEqual((data.module, data.noupdate), ("extensiv_connector", True))

    def test_how_many_is_a_number_that_makes_sense(self):
        for count in (0, -1, lanes.MOST + 1):
            with self.assertRaises(ValidationError):
                self.env["res.config.settings"].create({"extensiv_parallel_passes": count})
        for value, count in (("nonsense", 1), ("99", lanes.MOST), ("", 1), ("4", 4)):
            self.env["ir.config_parameter"].set_param(lanes.PARAMETER, value)
            self.assertEqual(lanes.get_count(self.env), count)
        self.assertEqual(lanes.get_count(self.env, "inventory"), 1)

    # -- a round

    def test_two_lanes_serve_each_account_once(self):
        self.set_lanes(2)
        self.meanwhile = lambda: self.run_lane(2)
        self.run_lane(1)
        self.assertEqual(sorted(self.asked), sorted([*self.accounts.ids, self.asked[0]]), "the lock tells the first")
        # What the second one met at work it finds locked, see test_what_was_served_is_not_served_again.
        self.assertFalse(due_accounts(self.env, "orders"))

    def test_a_turn_that_was_killed_serves_none_twice_when_it_begins_anew(self):
        self.set_lanes(2)
        served, late = self.accounts[:2], self.accounts[2:]
        Run = self.env["extensiv.run"]
        for account, moment in [
            *((account, fields.Datetime.now()) for account in served),
            *((account, self.first.nextcall - timedelta(minutes=5)) for account in late),
        ]:
            Run.create({"account_id": account.id, "flow": "orders", "started_at": moment, "state": "done"})
        self.run_lane(1)
        self.assertEqual(sorted(self.asked), sorted(late.ids))
        self.asked.clear()
        served[0]._plan_flow("orders", pause=0)
        self.run_lane(1)
        self.assertIn(served[0].id, self.asked, "something has happened since")

    def test_the_schedules_turn_wakes_the_other_lanes(self):
        self.set_lanes(3)
        self.meanwhile = lambda: self.assertEqual(self.triggered(), self.lane(2) | self.lane(3))
        self.run_lane(1)
        self.assertIsNone(self.meanwhile)

    def test_a_further_lane_begins_no_round(self):
        self.set_lanes(2)
        self.run_lane(2)
        self.assertFalse(self.asked)

    def test_what_is_planned_wakes_all_lanes(self):
        self.set_lanes(2)
        self.account._plan_flow("orders")
        self.assertEqual(self.triggered(), self.first | self.lane(2))

    def test_a_trigger_that_another_lane_has_served_polls_nobody(self):
        self.set_lanes(2)
        self.first.nextcall = fields.Datetime.now() + timedelta(days=1)
        self.account._plan_flow("orders")
        self.run_lane(2)
        self.run_lane(1)
        self.assertEqual(self.asked, self.account.ids)

    def test_what_was_served_is_not_served_again(self):
        self.set_lanes(2)
        account = self.account.with_context(**{lanes.IF_DUE: True})
        with self.flows():
            before = self.env["extensiv.run"].search_count([])
            self.assertEqual(account._run_pass("orders").state, "done")
            self.assertEqual(self.env["extensiv.run"].search_count([]), before)
            self.account._plan_flow("orders")
            account._run_pass("orders")
        self.assertTrue(self.last_run())
        self.assertFalse(due_accounts(self.env, "orders"))

    def test_what_has_no_time_stays_due_and_wakes_all_lanes(self):
        self.set_lanes(2)
        with patch.object(schedule, "new_deadline", lambda env: 0):
            self.run_lane(1)
        self.assertFalse(self.asked)
        self.assertEqual(due_accounts(self.env, "orders"), set(self.accounts.ids))
        self.assertEqual(self.triggered(), self.first | self.lane(2))
        self.assertEqual(self.env["extensiv.due"].search_count([("flow", "=", "orders")]), len(self.accounts))

    def test_what_a_killed_lane_left_is_found_by_the_next(self):
        self.set_lanes(2)

        def be_killed():
            raise KeyboardInterrupt

        self.meanwhile = be_killed
        with suppress(KeyboardInterrupt):
            self.run_lane(1)
        self.run_lane(2)
        self.assertEqual(sorted(self.asked[1:]), sorted(self.accounts.ids))

    def test_lanes_do_not_take_time_from_each_other(self):
        self.set_lanes(3)
        self.env["ir.cron"].search([("cron_name", "like", "Extensiv")]).write({"nextcall": "2099-01-01"})
        (self.first | self.lane(2) | self.lane(3)).write({"nextcall": "2020-01-01"})
        self.env.flush_all()
        self.assertEqual(schedule._count_waiting(self.env, {self.lane(2).id}), 0)
        self.assertEqual(schedule._count_waiting(self.env, set()), 1)
        self.assertIsNone(turn.get_current())

    def test_with_one_lane_nothing_is_noted_in_a_round(self):
        self.meanwhile = lambda: self.assertFalse(self.env["extensiv.due"].search_count([]))
        self.run_lane(1)
        self.assertEqual(sorted(self.asked), sorted(self.accounts.ids))

"""Passes and imports are jobs: one waiting at most for each flow of an account, at the right moment and place."""

from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.addons.extensiv_connector.flows import lanes, runner, schedule, trigger
from odoo.addons.extensiv_connector.tests.common import ConnectorCase
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import Job
from odoo.tests import tagged
from odoo.tools import config, file_open

from .. import jobs


class JobsCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.pull_orders = True
        self.jobs().unlink()

    def jobs(self, method=None, **values):
        domain = [("model_name", "=", "extensiv.account"), ("method_name", "in", [method] if method else jobs.METHODS)]
        return self.env["queue.job"].search([*domain, *((name, "=", value) for name, value in values.items())])

    def run_schedule(self, flow="orders"):
        with self.flows():
            schedule.run_turn(self.env, flow)
            self.env.cr.flush()

    def run_job(self, flow="orders"):
        with self.flows():
            return self.account._run_job(flow)

    def make_old(self):
        """Let the jobs be made two hours ago."""
        ours = self.jobs()
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE queue_job SET date_created = date_created - interval '2 hours' WHERE id = ANY (%s)", [ours.ids]
        )
        ours.invalidate_recordset()

    def fail(self, attempts=3, minutes=-1):
        """Let the last passes of the orders have met an EIM that did not answer; the next try is due in ``minutes``."""
        failure = {"orders": {"message": "EIM did not answer in time.", "category": "transient"}}
        for _attempt in range(attempts):
            error = self.env["extensiv.error"]._report(self.account, "connection", failure)
        now = fields.Datetime.now()
        error.write({"last_seen": now - timedelta(hours=1), "next_try": now + timedelta(minutes=minutes)})
        return error


@tagged("post_install", "-at_install")
class TestPasses(JobsCase):
    def test_the_schedule_makes_a_job_in_the_channel_of_its_flow_and_asks_eim_nothing(self):
        calls = len(self.calls())
        self.run_schedule()
        job = self.jobs()
        self.assertEqual(job.identity_key, f"extensiv/orders/{self.account.id}")
        self.assertEqual(job.channel, "root.extensiv.orders")
        self.assertEqual(job.state, "pending")
        self.assertEqual(job.company_id, self.account.company_id)
        self.assertFalse(job.eta)
        self.assertFalse(self.last_run())
        self.assertEqual(len(self.calls()), calls)

    def test_of_one_flow_of_an_account_one_job_waits_however_often_it_is_planned(self):
        self.run_schedule()
        self.account._plan_flow("orders")
        self.account._plan_flow("orders", 30)
        self.run_schedule()
        self.assertEqual(len(self.jobs()), 1)

    def test_while_one_runs_another_may_wait(self):
        self.run_schedule()
        job = Job.load(self.env, self.jobs().uuid)
        job.set_started()
        job.store()
        self.account._plan_flow("orders")
        self.assertEqual(sorted(self.jobs().mapped("state")), ["pending", "started"])

    def test_what_is_needed_earlier_moves_the_job_that_waits(self):
        self.assertAlmostEqual(self.account._plan_flow("orders", 600), 600, delta=3)
        later = self.jobs().eta
        self.assertIsNone(self.account._plan_flow("orders", 900))
        self.assertEqual(self.jobs().eta, later)
        self.assertAlmostEqual(self.account._plan_flow("orders", 60), 60, delta=3)
        self.assertAlmostEqual(
            self.jobs().eta, fields.Datetime.now() + timedelta(seconds=60), delta=timedelta(seconds=3)
        )

    def test_changes_of_stock_wait_until_the_pause_after_the_last_push_is_over(self):
        self.account.push_inventory = True
        self.jobs().unlink()
        self.env["extensiv.run"]._begin(self.account, "inventory")
        seconds = self.account._plan_flow("inventory")
        self.assertGreater(seconds, 5)
        self.assertEqual(self.jobs().channel, "root.extensiv.inventory")

    def test_a_turn_makes_the_jobs_of_many_accounts_together(self):
        queries = []
        for number in (1, 6):
            for _number in range(number):
                other = self.account.copy({"api_user": f"user {len(queries)} {_number}", "api_key": "demo-key"})
                other.write({"state": "connected", "pull_orders": True})
            self.env.cr.flush()
            self.jobs().unlink()
            self.run_schedule()  # what is cached is read before it counts
            self.jobs().unlink()
            before = self.env.cr.sql_log_count
            self.run_schedule()
            queries.append((len(self.jobs()), self.env.cr.sql_log_count - before))
        (few, queries_of_few), (many, queries_of_many) = queries
        self.assertEqual((few, many), (2, 8))
        self.assertLessEqual((queries_of_many - queries_of_few) / (many - few), 2)

    def test_with_lanes_the_first_makes_the_jobs_and_the_others_only_do_what_nobody_runs(self):
        self.env["res.config.settings"].create({"extensiv_parallel_passes": 3}).execute()
        self.env.cr.flush()
        self.jobs().unlink()
        self.run_schedule()
        self.assertEqual(len(self.jobs()), 1)
        self.assertTrue(trigger.is_due(self.account, "orders"))
        self.jobs().unlink()
        further = lanes.find_further(self.env)[0]
        with self.flows():
            schedule.run_turn(self.env(context={"cron_id": further.id}), "orders")
            self.env.cr.flush()
        self.assertFalse(self.jobs())
        self.assertFalse(self.last_run())
        self.run_job()
        self.assertFalse(trigger.is_due(self.account, "orders"), "a pass forgets what it was noted for")

    def test_a_job_for_an_account_with_nothing_new_costs_a_look_and_leaves_a_count(self):
        self.run_job()
        run = self.last_run()
        self.run_job()
        before = self.env.cr.sql_log_count
        with patch.object(runner.FlowRun, "record", side_effect=AssertionError("a whole pass")):
            self.assertEqual(self.run_job(), "Nothing new.")
        self.assertLessEqual(self.env.cr.sql_log_count - before, 16)
        self.assertEqual(self.last_run(), run)
        self.assertEqual(run.times, 3)

    def test_a_pass_that_is_but_a_count_needs_no_job(self):
        self.account.push_shipments = True
        self.jobs().unlink()
        self.run_job("shipments")
        self.run_schedule("shipments")
        self.assertFalse(self.jobs())
        self.assertEqual(self.last_run("shipments").times, 2)

    def test_a_job_ends_before_odoo_kills_who_does_it(self):
        for limit, seconds in ((120, runner.PASS_SECONDS), (60, 40), (10, 5), (0, runner.PASS_SECONDS)):
            with patch.dict(config.options, limit_time_real=limit):
                self.assertAlmostEqual(runner.seconds_until(jobs.new_deadline()), seconds, delta=1)

    def test_accounts_that_do_not_run_the_flow_get_no_job(self):
        self.assertIsNone(self.account._plan_flow("shipments"))
        self.assertFalse(self.jobs())

    def test_for_no_account_it_is_planned_for_all_that_run_it(self):
        other = self.account.copy({"api_user": "other", "api_key": "demo-key"})
        other.write({"state": "connected", "pull_orders": True})
        self.jobs().unlink()
        self.env["extensiv.account"]._plan_flow("orders")
        self.assertEqual(
            set(self.jobs().mapped("identity_key")),
            {f"extensiv/orders/{account.id}" for account in self.account + other},
        )

    def test_a_job_does_the_pass(self):
        self.add_orders({"cust_ref": "JOB-1", "items": [{"item": "TEE-1", "quantity": "1"}]})
        message = self.run_job()
        self.assertIn("1 order was received", message)
        self.assertEqual(self.inbox("JOB-1").state, "imported")
        self.assertFalse(self.jobs(state="pending"))

    def test_a_rate_limit_is_no_retry_but_a_job_with_its_moment(self):
        self.fault(kind="rate_limit", count=100)
        self.run_job()
        self.assertEqual(self.last_run().state, "partial")
        job = self.jobs(state="pending")
        self.assertGreater(job.eta, fields.Datetime.now())
        self.assertEqual(job.retry, 0)
        self.assertFalse(self.env["extensiv.error"].search([("account_id", "=", self.account.id)]))

    def test_a_job_that_finds_another_process_at_work_comes_back_and_counts_no_try(self):
        @contextmanager
        def held(_account, _flow):
            yield None

        with patch.object(runner, "flow_lock", held), self.assertRaises(RetryableJobError) as raised:
            self.run_job()
        self.assertTrue(raised.exception.ignore_retry)
        self.assertGreater(raised.exception.seconds, 0)

    def test_a_job_of_an_account_that_was_switched_off_meanwhile_asks_eim_nothing(self):
        self.account.pull_orders = False
        calls = len(self.calls())
        self.assertIn("does not run it any more", self.run_job())
        self.assertEqual(len(self.calls()), calls)

    def test_passes_of_an_account_whose_eim_did_not_answer_keep_to_their_own_channel(self):
        self.fail()
        self.account._plan_flow("orders")
        self.assertEqual(self.jobs().channel, "root.extensiv.failing")

    def test_a_job_waits_for_the_next_try_and_looks_first_whether_eim_answers(self):
        error = self.fail(minutes=5)
        calls = len(self.calls())
        self.assertIn("did not answer", self.run_job())
        self.assertEqual(len(self.calls()), calls)
        error.next_try = fields.Datetime.now() - timedelta(minutes=1)
        with patch.object(runner.FlowRun, "probe", autospec=True) as probe:
            self.run_job()
        probe.assert_called_once()

    def test_jobs_may_commit(self):
        for method in jobs.METHODS:
            config = self.env["queue.job.function"].job_config(f"<extensiv.account>.{method}")
            self.assertTrue(config.allow_commit)


@tagged("post_install", "-at_install")
class TestImports(JobsCase):
    def receive(self, count):
        """Have orders received and not imported."""
        first = self.env["extensiv.order"].search_count([])
        self.env["extensiv.order"].create(
            [
                {
                    "account_id": self.account.id,
                    "company_id": self.account.company_id.id,
                    "cust_ref": f"WAITS-{number}",
                    "order_number": f"WAITS-{number}",
                    "payload": {"cust_ref": f"WAITS-{number}", "items": []},
                    "state": "received",
                }
                for number in range(first, first + count)
            ]
        )

    def test_there_are_as_many_jobs_as_batches_up_to_the_setting(self):
        self.account.import_batch_size = 10
        self.env["ir.config_parameter"].set_param(jobs.IMPORT_JOBS, "3")
        self.account._plan_import()
        self.assertFalse(self.jobs("_import_job"))
        self.receive(15)
        self.account._plan_import()
        self.assertEqual(len(self.jobs("_import_job")), 2)
        self.receive(50)
        self.env["extensiv.account"]._plan_import()
        self.assertEqual(
            sorted(self.jobs("_import_job").mapped("identity_key")),
            [f"extensiv/import {number}/{self.account.id}" for number in (1, 2, 3)],
        )
        self.assertEqual(set(self.jobs("_import_job").mapped("channel")), {"root.extensiv.import"})

    def test_a_job_that_leaves_orders_plans_itself_and_no_other(self):
        self.receive(100)
        with patch.object(schedule, "import_batches", return_value=60):
            self.account._import_job(2)
        [job] = self.jobs("_import_job")
        self.assertEqual(job.identity_key, f"extensiv/import 2/{self.account.id}")
        self.assertGreater(job.eta, fields.Datetime.now() + timedelta(seconds=50))

    def test_the_schedule_of_imports_makes_jobs_and_imports_by_itself_only_where_nobody_runs_them(self):
        self.receive(5)
        with patch.object(schedule, "import_batches", side_effect=AssertionError("imported here")):
            self.env["extensiv.account"]._cron_import_orders()
        self.assertEqual(len(self.jobs("_import_job")), 1)
        self.make_old()
        with self.flows(), patch.object(schedule, "import_batches", return_value=None) as importing:
            self.env["extensiv.account"]._cron_import_orders()
        importing.assert_called_once()

    def test_a_job_that_finds_nothing_left_plans_nothing(self):
        with self.flows():
            self.account._import_job(1)
        self.assertFalse(self.jobs("_import_job"))


@tagged("post_install", "-at_install")
class TestRepair(JobsCase):
    def stuck_errors(self, state="open"):
        return self.env["extensiv.error"].search([("step", "=", jobs.STUCK_STEP), ("state", "=", state)])

    def test_where_nobody_runs_jobs_the_schedule_does_the_pass_and_people_are_told(self):
        self.account._plan_flow("orders")
        self.make_old()
        self.run_schedule()
        self.assertEqual(self.last_run().state, "done")
        self.assertIn("job runner", self.stuck_errors().message)
        self.run_job()
        self.assertFalse(self.stuck_errors())
        self.assertTrue(self.stuck_errors("resolved"))

    def test_a_job_for_later_is_not_stuck(self):
        self.account._plan_flow("orders", 3600)
        self.make_old()
        self.run_schedule()
        self.assertFalse(self.last_run())
        self.assertFalse(self.stuck_errors())

    def test_after_a_job_that_failed_or_was_cancelled_the_schedule_makes_another(self):
        for state in ("failed", "cancelled", "done"):
            self.jobs().unlink()
            self.account._plan_flow("orders")
            self.jobs().write({"state": state})
            self.run_schedule()
            self.assertEqual(len(self.jobs(state="pending")), 1, state)

    def test_the_next_pass_closes_the_run_of_a_job_whose_process_died(self):
        dead = self.env["extensiv.run"]._begin(self.account, "orders")
        self.run_job()
        self.assertEqual(dead.state, "failed")
        self.assertIn("Interrupted", dead.message)


@tagged("post_install", "-at_install")
class TestHandingBack(JobsCase):
    def triggers(self, flow):
        cron = schedule.cron_of(self.env, flow)
        return self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])

    def test_uninstalling_triggers_the_schedules_at_the_moments_of_the_jobs_and_forgets_these(self):
        self.triggers("orders").unlink()
        self.env["extensiv.due"].search([]).unlink()
        schedule.cron_of(self.env, "orders").lastcall = False
        self.account._plan_flow("orders", 120)
        moment = self.jobs().eta
        jobs.hand_back(self.env)
        self.assertFalse(self.jobs())
        self.assertAlmostEqual(self.triggers("orders").call_at, moment, delta=timedelta(seconds=3))
        due = self.env["extensiv.due"].search([("flow", "=", "orders")])
        self.assertEqual(due.account_id, self.account)

    def test_a_job_at_work_is_left_to_end(self):
        self.account._plan_flow("orders")
        self.jobs().write({"state": "started"})
        jobs.hand_back(self.env)
        self.assertEqual(self.jobs().state, "started")

    def test_a_job_whose_process_died_is_handed_back_too(self):
        self.env["extensiv.due"].search([]).unlink()
        self.account._plan_flow("orders")
        job = Job.load(self.env, self.jobs().uuid)
        job.set_started()
        job.store()
        self.env.flush_all()
        jobs.hand_back(self.env)
        self.assertFalse(self.jobs(), "nobody holds its lock")
        self.assertEqual(self.env["extensiv.due"].search([("flow", "=", "orders")]).account_id, self.account)

    def test_what_waits_of_many_accounts_is_handed_back_together(self):
        for number in range(5):
            other = self.account.copy({"api_user": f"user {number}", "api_key": "demo-key"})
            other.write({"state": "connected", "pull_orders": True})
        self.env["extensiv.due"].search([]).unlink()
        self.env["extensiv.account"]._plan_flow("orders", pause=0)
        self.assertEqual(len(self.jobs()), 6)
        with patch.object(trigger, "plan", wraps=trigger.plan) as plan:
            jobs.hand_back(self.env)
        plan.assert_called_once()
        self.assertEqual(len(self.env["extensiv.due"].search([("flow", "=", "orders")])), 6)

    def test_no_pass_waits_in_a_neutralized_copy(self):
        self.account._plan_flow("orders")
        self.env.flush_all()
        with file_open("extensiv_connector_queue/data/neutralize.sql") as file:
            self.env.cr.execute(file.read())
        self.env.invalidate_all()
        self.assertEqual(self.jobs().state, "cancelled")

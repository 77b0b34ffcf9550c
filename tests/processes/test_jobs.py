"""Passes as jobs of OCA's job runner: what died is started anew by it, what was lost is found by the schedules."""

import time

import pytest
from test_pull import CONNECT, ORDERS, RECEIVE, assert_each_exactly_once, pulled, skus  # noqa: F401  # one is a fixture
from test_pull import STALL as PULL_STALLS

from dev import LOGS, demo, server
from dev.databases import free_port

# Nobody presses anything: the job runner starts, looks, and works until nothing is left that is due.
RUN_JOBS = """
from dev.jobrunner import Through
through = Through(env)
env.cr.execute("UPDATE extensiv_account SET pull_orders = TRUE")
env.cr.commit()
through.start()

def are_over(cr):
    cr.execute("SELECT 1 FROM queue_job WHERE state IN ('enqueued', 'started') OR (state = 'pending' AND eta IS NULL)")
    return not cr.fetchone()

through.wait_for(are_over)
"""
TURN = """
env["extensiv.account"].search([]).pull_orders = True
env.cr.commit()
env["extensiv.account"]._cron_pull_orders()
env.cr.commit()
print(env["extensiv.run"].search_count([]), env["queue.job"].search_count([("state", "=", "pending")]))
"""
UNINSTALL = """
account = env["extensiv.account"].search([])
account.write({"pull_orders": True, "push_shipments": True})
env["res.config.settings"].create({"extensiv_import_jobs": 3}).execute()
account._plan_flow("orders")
account._plan_flow("shipments", 500)
env["extensiv.due"].search([]).unlink()
env.cr.commit()
env["ir.module.module"].search([("name", "=", "extensiv_connector_queue")]).button_immediate_uninstall()
"""
LEFT = """
SELECT 'job', method_name FROM queue_job WHERE model_name = 'extensiv.account'
 UNION ALL SELECT 'channel', name FROM queue_job_channel WHERE name != 'root'
 UNION ALL SELECT 'function', name FROM queue_job_function WHERE name LIKE '%extensiv%'
 UNION ALL SELECT 'parameter', key FROM ir_config_parameter WHERE key LIKE 'extensiv_connector_queue%'
 UNION ALL SELECT model, name FROM ir_model_data WHERE module = 'extensiv_connector_queue'
"""
DIED = {"method": "order_import.ImportBatch.create_sale_orders", "call": 2, "after": True}
# Orders of a process that died are begun anew a few seconds later.
SECONDS_LATER = "UPDATE extensiv_order SET import_began_at = import_began_at - interval '1 minute'"
SERVER_LOG = LOGS / "process-jobs-server.log"
SECONDS = 90


def test_a_job_whose_process_died_is_started_anew_and_goes_on_where_it_was(odoo, pulled):  # noqa: F811
    odoo.kill_stalled(PULL_STALLS, DIED)
    assert odoo.query("SELECT state FROM queue_job WHERE method_name = '_run_job'") == [("started",)]
    odoo.query(SECONDS_LATER)
    odoo.run(RUN_JOBS)
    assert_each_exactly_once(odoo, pulled)
    assert odoo.query("SELECT state, retry FROM queue_job WHERE method_name = '_run_job'") == [("done", 2)]
    assert odoo.query("SELECT state FROM extensiv_run ORDER BY id") == [("failed",), ("done",)]


@pytest.mark.parametrize("lost", ["DELETE FROM queue_job", "UPDATE queue_job SET state = 'failed'"])
def test_what_a_lost_job_left_the_schedule_has_done_by_another(odoo, pulled, lost):  # noqa: F811
    odoo.kill_stalled(PULL_STALLS, DIED)
    odoo.query(lost)
    odoo.query(SECONDS_LATER)
    assert odoo.run(TURN).split() == ["1", "1"], "the schedule only makes a job"
    odoo.run(RUN_JOBS)
    assert_each_exactly_once(odoo, pulled)


def test_received_orders_are_imported_by_several_jobs_beside_each_other(odoo, pulled):  # noqa: F811
    odoo.run(RECEIVE)
    odoo.query("INSERT INTO ir_config_parameter (key, value) VALUES ('extensiv_connector_queue.import_jobs', '3')")
    odoo.query("UPDATE extensiv_account SET pull_orders = TRUE")
    odoo.run('env["extensiv.account"]._cron_import_orders()')
    assert odoo.query("SELECT state, count(*) FROM extensiv_order GROUP BY 1") == [("imported", ORDERS)]
    assert odoo.query(
        "SELECT count(*), count(DISTINCT extensiv_cust_ref) FROM sale_order WHERE extensiv_cust_ref IS NOT NULL"
    ) == [(ORDERS, ORDERS)]
    assert odoo.query(
        "SELECT count(DISTINCT identity_key) FROM queue_job WHERE method_name = '_import_job' AND state = 'done'"
    ) == [(3,)]


def test_uninstalling_leaves_nothing_and_odoos_schedules_go_on_at_the_moments_of_the_jobs(odoo, pulled):  # noqa: F811
    odoo.run(UNINSTALL)
    assert odoo.query(LEFT) == []
    due = (
        "SELECT flow, due_at > now() AT TIME ZONE 'UTC' + interval '5 minutes' FROM extensiv_due WHERE flow = ANY (%s)"
    )
    assert sorted(odoo.query(due, [["orders", "shipments"]])) == [("orders", False), ("shipments", True)]


def test_in_a_server_with_workers_orders_come_by_themselves(odoo, pulled):  # noqa: F811
    options, environ = demo.with_jobrunner("root:3,root.extensiv:2")
    odoo.query("UPDATE ir_cron SET active = FALSE")
    options += ("--workers=3", f"--gevent-port={free_port()}")
    with server.running(odoo.database, free_port(), SERVER_LOG, *options, **environ) as (web, process):
        [account] = web.call("extensiv.account", "search", [])
        web.call("extensiv.account", "write", [account], {"pull_orders": True})
        assert web.call("extensiv.account", "read", [account], ["pull_orders"])[0]["pull_orders"]
        deadline = time.monotonic() + SECONDS
        while odoo.query("SELECT count(*) FROM sale_order WHERE state = 'sale'") != [(ORDERS,)]:
            assert process.poll() is None and time.monotonic() < deadline, SERVER_LOG.read_text()[-3000:]
            time.sleep(0.2)
        while odoo.query("SELECT 1 FROM queue_job WHERE state IN ('enqueued', 'started')"):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert_each_exactly_once(odoo, pulled)
    log = SERVER_LOG.read_text()
    assert "root.extensiv" in log or "asking Odoo to run job" in log
    assert "Commit is forbidden" not in log and "Traceback" not in log, log[-3000:]

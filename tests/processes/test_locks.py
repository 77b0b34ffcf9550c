"""A flow's lock survives nothing but its transaction, and a pass whose transaction PostgreSQL ends harms nothing."""

import time

from test_shipments import PUSH, ROOMY, STALL, assert_each_told_once, delivered  # noqa: F401  # the last is a fixture

from dev import LOGS

LOCKS = (
    "FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND granted"
    " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)
# Stops before EIM is told of the first shipment until the test lets it go on.
WAIT = (
    ROOMY
    + """
import time
from odoo.addons.extensiv_connector.flows.shipment_push import ShipmentPush
whole = ShipmentPush.send

def waiting(self, *arguments):
    print("stalled", flush=True)
    while True:
        with env.registry.cursor() as cr:
            cr.execute("SELECT 1 FROM ir_config_parameter WHERE key = 'test.go_on'")
            if cr.fetchone():
                break
        time.sleep(0.1)
    return whole(self, *arguments)

ShipmentPush.send = waiting
print(env["extensiv.account"].search([]).action_push_shipments()["params"]["message"], flush=True)
"""
)
HOLD = """
import time
from odoo.addons.extensiv_connector.flows.lock import flow_lock
with flow_lock(env["extensiv.account"].search([]), "shipments") as lock:
    env.cr.commit()
    lock._cr.execute("SHOW transaction_isolation")
    print(lock._cr.fetchone()[0], flush=True)
    time.sleep(600)
"""
PULL = (
    ROOMY
    + """
print(env["extensiv.account"].search([]).action_pull_orders()["params"]["message"], flush=True)
"""
)
# Odoo itself idles for longer while it starts, so the limit holds for connections made from here on.
IMPATIENT = """
from odoo import sql_db
env.cr.execute(f'ALTER DATABASE "{env.cr.dbname}" SET idle_in_transaction_session_timeout = 1500')
env.cr.commit()
for connection in sql_db._Pool._connections:
    connection._pool_in_use or connection.close()
"""
CONNECT = """
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01", "sku_policy": "block",
})
account.action_connect()
env.cr.commit()
"""


def assert_quiet(log):
    text = (LOGS / log).read_text()
    assert " ERROR " not in text and "Traceback" not in text, text[-3000:]


def test_the_lock_is_a_transaction_that_holds_back_nothing(odoo, delivered):  # noqa: F811
    delivered(1)
    holder = odoo.start(HOLD)
    assert holder.stdout.readline().strip() == "read committed"
    [(pid, virtual)] = odoo.query(f"SELECT pid, virtualtransaction {LOCKS}")
    assert virtual
    assert odoo.query(f"SELECT state, backend_xmin FROM pg_stat_activity WHERE pid = {pid}") == [
        ("idle in transaction", None)
    ]
    assert "Already at work elsewhere" in odoo.run(PUSH, {"once": True})
    holder.kill()
    holder.wait()
    deadline = time.monotonic() + 10
    while odoo.query(f"SELECT 1 {LOCKS}"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "Already at work elsewhere" not in odoo.run(PUSH, {"once": True})


def test_who_lost_the_lock_ships_nothing_that_another_process_may_have_shipped(odoo, delivered):  # noqa: F811
    sandbox = delivered(3)
    holder = odoo.start(WAIT)
    assert holder.stdout.readline().strip() == "stalled"
    assert odoo.query(f"SELECT pg_terminate_backend(pid) {LOCKS}") == [(True,)]
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 3)
    odoo.query("INSERT INTO ir_config_parameter (key, value) VALUES ('test.go_on', '1')")
    said, _ = holder.communicate(timeout=60)
    assert holder.returncode == 0
    assert "the next run goes on" in said
    assert_each_told_once(odoo, sandbox, 3)
    assert_quiet("process-0.log")
    assert odoo.query("SELECT count(*) FROM extensiv_run WHERE state = 'running'") == [(0,)]


def test_a_transaction_that_postgresql_ends_for_idling_ends_the_pass_and_the_next_repairs(odoo, start_sandbox):
    sandbox = start_sandbox("--orders", "5")
    odoo.run(CONNECT, {"base_url": sandbox.base_url})
    sandbox.post("/sandbox/faults", {"route": "list_orders", "kind": "timeout", "seconds": 4})
    assert "the next run goes on" in odoo.run(IMPATIENT + PULL)
    assert_quiet("process-run.log")
    assert odoo.query("SELECT state FROM extensiv_run WHERE flow = 'orders'") == [("partial",)]
    odoo.query(f'ALTER DATABASE "{odoo.database}" RESET idle_in_transaction_session_timeout')
    odoo.run(PULL)
    assert sandbox.get("/sandbox/state")["orders"] == {"at_wms": 5}
    assert odoo.query("SELECT key FROM extensiv_error WHERE state = 'open' AND flow = 'connection'") == []


def test_a_pass_whose_own_connection_is_ended_is_repaired_by_the_next(odoo, delivered):  # noqa: F811
    sandbox = delivered(2)
    victim = odoo.start(STALL.replace("time.sleep(600)", "time.sleep(3)"), {"method": "send", "after": False})
    assert victim.stdout.readline().strip() == "stalled"
    odoo.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    victim.communicate(timeout=60)
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 2)

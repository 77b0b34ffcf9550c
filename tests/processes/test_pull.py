"""Orders are pulled exactly once whatever dies, and however many pull at once."""

import time

import pytest
from stall import stalling

CONNECT = """
for sku in args["skus"]:
    env["product.product"].create({"name": sku, "default_code": sku, "is_storable": True})
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01", "import_batch_size": 10,
})
account.action_connect()
env.cr.commit()
"""
PULL = """
while True:
    said = env["extensiv.account"].search([]).action_pull_orders()["params"]
    print(said["type"], said["message"], flush=True)
    run = env["extensiv.run"].search([], limit=1)
    if "waits" not in args or run.state == "done":
        break
"""
RECEIVE = """
from odoo.addons.extensiv_connector.flows.order_import import OrderImport
OrderImport.import_next = lambda self: 0
env["extensiv.account"].search([]).action_pull_orders()
"""
TWO_WORKERS = """
import threading, time
from odoo import api
from odoo.addons.extensiv_connector.flows.order_import import ImportBatch
whole, begun = ImportBatch.create_sale_orders, threading.Event()

def slowly(self, drafts):
    if not begun.is_set():
        begun.set()
        time.sleep(3)
    whole(self, drafts)

def work():
    with env.registry.cursor() as cr:
        api.Environment(cr, api.SUPERUSER_ID, {})["extensiv.account"]._cron_import_orders()
        print("done", flush=True)

ImportBatch.create_sale_orders = slowly
workers = [threading.Thread(target=work) for _ in range(2)]
for worker in workers:
    worker.start()
    begun.wait(60)
for worker in workers:
    worker.join()
"""
FETCH_DURING_A_PULL = """
from odoo import api
model = type(env["extensiv.fetch"])
whole = model._ask_orders

def meanwhile(self, client):
    found = whole(self, client)
    with env.registry.cursor() as cr:
        api.Environment(cr, api.SUPERUSER_ID, {})["extensiv.account"].search([]).action_pull_orders()
    return found

model._ask_orders = meanwhile
print(env["extensiv.fetch"].create({"mode": "dates", "date_from": "2000-01-01"}).action_fetch()["res_model"])
"""
STALL = stalling("extensiv.order", "action_pull_orders")
ORDERS = 40


@pytest.fixture
def pulled(odoo, start_sandbox):
    """Give a sandbox with simple orders and a database connected to it."""
    sandbox = start_sandbox("--orders", str(ORDERS))
    odoo.run(CONNECT, {"base_url": sandbox.base_url, "skus": skus(sandbox)})
    return sandbox


def skus(sandbox):
    orders = sandbox.get("/sandbox/orders")
    return sorted({line["item"] for order in orders for line in order["items"]})


def assert_each_exactly_once(odoo, sandbox):
    assert odoo.query("SELECT state, count(*) FROM extensiv_order GROUP BY state") == [("imported", ORDERS)]
    assert odoo.query(
        "SELECT count(*), count(DISTINCT extensiv_cust_ref) FROM sale_order"
        " WHERE extensiv_cust_ref IS NOT NULL AND state = 'sale'"
    ) == [(ORDERS, ORDERS)]
    assert odoo.query("SELECT count(*) FROM extensiv_order WHERE acknowledged_at IS NULL") == [(0,)]
    assert sandbox.get("/sandbox/state")["orders"] == {"at_wms": ORDERS}
    assert odoo.query("SELECT count(*) FROM extensiv_error WHERE state = 'open'") == [(0,)]


@pytest.mark.parametrize(
    ("method", "call", "after"),
    [
        pytest.param("order_pull.OrderPull.acknowledge_received", 1, False, id="after receiving, before acknowledging"),
        pytest.param("order_pull.OrderPull.acknowledge_all", 1, True, id="after the first batch, before writing down"),
        pytest.param("order_pull.OrderPull.acknowledge_all", 2, True, id="after acknowledging, before writing it down"),
        pytest.param("order_import.OrderImport.import_next", 1, False, id="after acknowledging, before importing"),
        pytest.param("order_import.ImportBatch.create_sale_orders", 2, True, id="in the middle of the second batch"),
        pytest.param("order_import.ImportBatch.record_outcome", 3, True, id="before the third batch is committed"),
    ],
)
def test_killed_process_is_repaired_by_the_next_run(odoo, pulled, method, call, after):
    odoo.kill_stalled(STALL, {"method": method, "call": call, "after": after})
    odoo.run(PULL, {"waits": True})
    assert_each_exactly_once(odoo, pulled)
    assert odoo.query("SELECT count(*) FROM extensiv_run WHERE state = 'running'") == [(0,)]


def test_two_processes_pulling_at_once_lose_nothing_and_show_no_error(odoo, pulled):
    processes = [odoo.start(PULL, {}) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0]
    assert not any("danger" in text for text in said), said
    odoo.run(PULL, {"waits": True})
    assert_each_exactly_once(odoo, pulled)


def test_any_number_of_processes_import_different_orders_of_the_inbox(odoo, pulled):
    odoo.run(RECEIVE)
    importing = 'env["extensiv.order"].search([]).action_import()'
    processes = [odoo.start(importing) for _ in range(2)]
    for process in processes:
        process.communicate(timeout=120)
    assert [process.returncode for process in processes] == [0, 0]
    assert_each_exactly_once(odoo, pulled)


def test_two_workers_that_meet_the_same_new_shipping_method_both_import(odoo, pulled):
    odoo.run(RECEIVE)
    odoo.query("""UPDATE extensiv_order
                     SET payload = jsonb_set(payload::jsonb, '{ship_code}', '"GROUND"')::text""")
    odoo.query("UPDATE extensiv_account SET pull_orders = true")
    assert odoo.run(TWO_WORKERS).split() == ["done", "done"]
    assert_each_exactly_once(odoo, pulled)
    assert odoo.query("SELECT ship_code FROM extensiv_ship_method") == [("GROUND",)]


def test_orders_pulled_while_a_person_fetches_them_are_there_once(odoo, pulled):
    assert odoo.run(FETCH_DURING_A_PULL) == "extensiv.order\n"
    assert_each_exactly_once(odoo, pulled)


def test_a_button_finding_a_pass_at_work_leaves_and_says_so(odoo, pulled):
    holder = odoo.start(STALL, {"method": "order_pull.OrderPull.acknowledge_received", "call": 1, "after": False})
    assert holder.stdout.readline().strip() == "stalled"
    started = time.monotonic()
    assert "Already at work" in odoo.run(PULL, {})
    assert time.monotonic() - started < 60

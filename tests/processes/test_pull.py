"""Orders are pulled exactly once whatever dies, and however many pull at once."""

import time

import pytest
from stall import stalling

from dev import LOGS, databases

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
STALL_AT_ORDER = """
import time
from odoo.addons.extensiv_connector.flows.order_import import ImportBatch
whole = ImportBatch.verify_total

def stalling(self, draft):
    whole(self, draft)
    if draft.record.cust_ref == args["ref"]:
        print("stalled", len(self.orders), flush=True)
        time.sleep(args.get("seconds", 600))

ImportBatch.verify_total = stalling
env["extensiv.account"].search([]).action_pull_orders()
"""
IMPORT = 'env["extensiv.order"].search([("cust_ref", "=", args["ref"])]).action_import()'
STOCK = """
product = env["product.product"].search([("default_code", "=", args["sku"])])
stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
env["stock.quant"]._update_available_quantity(product, stock, 1000)
env.cr.commit()
"""
TO_ONE_SKU = """
UPDATE extensiv_order
   SET payload = jsonb_set(payload::jsonb, '{items}', (
           SELECT jsonb_agg(item || jsonb_build_object('item', %s::text))
             FROM jsonb_array_elements(payload::jsonb -> 'items') AS item
       ))::text
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


def kill_at(odoo, ref):
    """Kill a process in the middle of importing an order, and let that be a while ago; return the orders it was at."""
    victim = odoo.start(STALL_AT_ORDER, {"ref": ref})
    stalled, count = victim.stdout.readline().split()
    assert stalled == "stalled"
    victim.kill()
    victim.wait()
    odoo.query("UPDATE extensiv_order SET import_began_at = import_began_at - interval '1 minute'")
    return int(count)


def test_an_order_whose_process_is_killed_is_imported_alone_and_fails_when_that_is_killed_twice(odoo, pulled):
    odoo.run(RECEIVE)
    [(ref,)] = odoo.query("SELECT cust_ref FROM extensiv_order ORDER BY id OFFSET 14 LIMIT 1")
    assert [kill_at(odoo, ref) for _time in range(3)] == [10, 1, 1]
    assert odoo.query("SELECT state, count(*) FROM extensiv_order GROUP BY state ORDER BY state") == [
        ("imported", ORDERS - 1),
        ("received", 1),
    ]
    odoo.run(PULL, {})
    [(state, message)] = odoo.query("SELECT state, message FROM extensiv_order WHERE cust_ref = %s", [ref])
    assert state == "failed"
    assert "press Retry" in message
    assert odoo.query("SELECT key, message FROM extensiv_error WHERE state = 'open'") == [(ref, message)]
    odoo.run(IMPORT, {"ref": ref})
    assert_each_exactly_once(odoo, pulled)


def test_acknowledging_waits_for_nobody_who_holds_orders(odoo, pulled):
    odoo.kill_stalled(STALL, {"method": "order_pull.OrderPull.acknowledge_received", "call": 1, "after": False})
    with databases.cursor(odoo.database) as cr:
        cr.execute("BEGIN")
        cr.execute("SELECT id FROM extensiv_order ORDER BY id LIMIT 20 FOR UPDATE")
        odoo.run(PULL, {})
        [(duration,)] = odoo.query("SELECT duration FROM extensiv_run WHERE flow = 'orders' ORDER BY id DESC LIMIT 1")
        assert duration < 40  # for as long as it likes
        assert pulled.get("/sandbox/state")["orders"] == {"at_wms": ORDERS}
        assert odoo.query(
            "SELECT state, count(*) FROM extensiv_order WHERE acknowledged_at IS NOT NULL GROUP BY 1"
        ) == [("imported", ORDERS - 20)]
        cr.execute("ROLLBACK")
    odoo.run(PULL, {"waits": True})
    assert_each_exactly_once(odoo, pulled)


def test_two_workers_that_contend_for_one_sku_import_everything_without_a_fault(odoo, pulled):
    odoo.run(RECEIVE)
    sku = skus(pulled)[0]
    odoo.run(STOCK, {"sku": sku})
    odoo.query(TO_ONE_SKU, [sku])
    odoo.query("UPDATE extensiv_account SET pull_orders = true")
    assert odoo.run(TWO_WORKERS).split() == ["done", "done"]
    assert_no_fault("process-run.log")
    odoo.run(PULL, {"waits": True})
    assert_each_exactly_once(odoo, pulled)


def test_a_database_lost_in_the_middle_of_a_batch_is_no_fault_and_puts_no_buyer_into_the_log(odoo, pulled):
    odoo.run(RECEIVE)
    [(ref,)] = odoo.query("SELECT cust_ref FROM extensiv_order ORDER BY id LIMIT 1")
    victim = odoo.start(STALL_AT_ORDER, {"ref": ref, "seconds": 3})
    assert victim.stdout.readline().startswith("stalled")
    [(ended,)] = odoo.query(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks"
        " WHERE relation = 'sale_order'::regclass AND mode = 'RowExclusiveLock'"
        # copies of one template have the same ids: the tests in Odoo run beside this one
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    assert ended == 1
    victim.communicate(timeout=120)
    log = assert_no_fault("process-0.log")
    for order in pulled.get("/sandbox/orders"):
        assert order["cust_last_name"] not in log
    odoo.run(PULL, {"waits": True})
    assert_each_exactly_once(odoo, pulled)


def assert_no_fault(log):
    text = (LOGS / log).read_text()
    assert " ERROR " not in text and "unexpected" not in text, text[-3000:]
    return text


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


def test_two_workers_that_meet_the_same_unknown_sku_make_one_product_of_it(odoo, pulled):
    odoo.run(RECEIVE)
    odoo.query(TO_ONE_SKU, ["NEVER-SEEN"])
    odoo.query("UPDATE extensiv_account SET pull_orders = true, sku_policy = 'create'")
    assert odoo.run(TWO_WORKERS).split() == ["done", "done"]
    assert_no_fault("process-run.log")
    odoo.run(PULL, {"waits": True})
    assert_each_exactly_once(odoo, pulled)
    assert odoo.query("SELECT count(*) FROM product_product WHERE default_code = 'NEVER-SEEN'") == [(1,)]


def test_orders_pulled_while_a_person_fetches_them_are_there_once(odoo, pulled):
    assert odoo.run(FETCH_DURING_A_PULL) == "extensiv.order\n"
    assert_each_exactly_once(odoo, pulled)


def test_a_button_finding_a_pass_at_work_leaves_and_says_so(odoo, pulled):
    holder = odoo.start(STALL, {"method": "order_pull.OrderPull.acknowledge_received", "call": 1, "after": False})
    assert holder.stdout.readline().strip() == "stalled"
    started = time.monotonic()
    assert "Already at work" in odoo.run(PULL, {})
    assert time.monotonic() - started < 300  # what stalls does so for longer

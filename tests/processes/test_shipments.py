"""EIM is told of each order exactly once whatever dies, is lost, or is done at the same time."""

from collections import Counter

import pytest

# The sandbox has no rate limit here, and neither have we.
ROOMY = """
from odoo.addons.extensiv_connector.models.extensiv_bucket import BucketStore

class Roomy(type(BucketStore.bucket)):
    def observe(self, state, now, remaining):
        return state

BucketStore.bucket = Roomy(capacity=10**6)
"""
# Pulls every order of the sandbox and lets each leave as a whole, with a tracking number.
DELIVER = (
    ROOMY
    + """
products = env["product.product"].create([
    {"name": sku, "default_code": sku, "is_storable": True} for sku in args["skus"]])
warehouse = env["stock.warehouse"].search([], limit=1)
for product in products:
    env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 10**5)
env.company.stock_text_confirmation = False
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01",
})
account.action_connect()
env.cr.commit()
while env["extensiv.order"].search_count([("state", "=", "imported")]) < args["orders"]:
    account.action_pull_orders()
    env.invalidate_all()
sales = env["sale.order"].search([("extensiv_cust_ref", "!=", False)])
sales.carrier_id = env["delivery.carrier"].create({"name": "UPS Ground", "extensiv_carrier": "UPS", "product_id":
    env["product.product"].create({"name": "Freight", "type": "service"}).id})
pickings = sales.picking_ids
for start in range(0, len(pickings), 100):
    batch = pickings[start:start + 100]
    for picking in batch:
        picking.carrier_tracking_ref = f"1Z{picking.id}"
    batch.move_ids.picked = True
    batch._action_done()
    env.cr.commit()
"""
)
# Pushes until everything is told. After each pass the three minutes go by that EIM is given to show what it did.
PUSH = (
    ROOMY
    + """
account = env["extensiv.account"].search([])
for number in range(200):
    said = account.action_push_shipments()["params"]
    print(said["type"], said["message"], flush=True)
    env.cr.commit()
    env.invalidate_all()
    if args.get("once") or not env["sale.order"].search_count(
            [("extensiv_shipment_state", "in", ["ready", "sending", "failed"])]):
        break
    env.cr.execute('''
        UPDATE sale_order SET extensiv_sending_at = extensiv_sending_at - interval '3 minutes',
                              extensiv_ask_after = extensiv_ask_after - interval '3 minutes'
         WHERE extensiv_shipment_state = 'sending';
        UPDATE extensiv_error SET next_try = next_try - interval '1 day' WHERE next_try IS NOT NULL;
    ''')
    env.cr.commit()
"""
)
# EIM has shown that it takes many shipments at a call.
MANY_AT_A_CALL = """
path = "merchant/orders/update"
account = env["extensiv.account"].search([])
account._remember_routes({"batch_update_order_status": path, "ship": path})
env.cr.commit()
"""
# Stops for good before or after the named method, having said so: the test kills the process there.
STALL = """
import time
from odoo.addons.extensiv_connector.eim.client import EimClient
from odoo.addons.extensiv_connector.eim.updates import OrderUpdates
from odoo.addons.extensiv_connector.flows.shipment_push import ShipmentPush
owner = {"ship": EimClient, "ship_batch": OrderUpdates}.get(args["method"], ShipmentPush)
whole = getattr(owner, args["method"])

def stalling(self, *arguments, **options):
    if args["after"]:
        whole(self, *arguments, **options)
    print("stalled", flush=True)
    time.sleep(600)

setattr(owner, args["method"], stalling)
env["extensiv.account"].search([]).action_push_shipments()
"""


@pytest.fixture
def delivered(odoo, start_sandbox):
    """Give a function that has a number of orders pulled and delivered, and returns their sandbox."""

    def deliver(orders):
        sandbox = start_sandbox("--orders", str(orders))
        skus = sorted({line["item"] for order in sandbox.get("/sandbox/orders") for line in order["items"]})
        odoo.run(DELIVER, {"base_url": sandbox.base_url, "skus": skus, "orders": orders})
        assert odoo.query(
            "SELECT extensiv_shipment_state, count(*) FROM sale_order WHERE extensiv_cust_ref IS NOT NULL GROUP BY 1"
        ) == [("ready", orders)]
        return sandbox

    return deliver


def assert_each_told_once(odoo, sandbox, orders):
    received = Counter(event["cust_ref"] for event in sandbox.get("/sandbox/shipments"))
    assert set(received.values()) == {1}, [reference for reference, times in received.items() if times > 1]
    assert len(received) == orders
    assert sandbox.get("/sandbox/state")["orders"] == {"shipped": orders}
    assert odoo.query(
        "SELECT extensiv_shipment_state, count(*), count(extensiv_shipped_at) FROM sale_order"
        " WHERE extensiv_cust_ref IS NOT NULL GROUP BY 1"
    ) == [("sent", orders, orders)]
    assert odoo.query("SELECT key FROM extensiv_error WHERE state = 'open'") == []


@pytest.mark.parametrize(
    ("method", "after"),
    [
        pytest.param("mark_waiting", True, id="before the marks are committed"),
        pytest.param("mark_sending", True, id="before the intent is committed"),
        pytest.param("ship", False, id="after the intent is committed, before the call"),
        pytest.param("ship", True, id="after the call, before the outcome is written"),
        pytest.param("record_result", True, id="before the outcome is committed"),
    ],
)
def test_a_killed_process_is_repaired_by_the_next_run(odoo, delivered, method, after):
    sandbox = delivered(3)
    odoo.kill_stalled(STALL, {"method": method, "after": after})
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 3)
    assert odoo.query("SELECT count(*) FROM extensiv_run WHERE state = 'running'") == [(0,)]


@pytest.mark.parametrize(
    ("method", "after"),
    [
        pytest.param("ship_batch", False, id="after the intents are committed, before the call"),
        pytest.param("ship_batch", True, id="after the call, before the outcomes are written"),
        pytest.param("record_result", True, id="before the outcomes are committed"),
    ],
)
def test_a_process_killed_while_it_tells_of_many_at_a_call_is_repaired_by_the_next_run(odoo, delivered, method, after):
    sandbox = delivered(4)
    odoo.run(MANY_AT_A_CALL)
    odoo.kill_stalled(STALL, {"method": method, "after": after})
    assert odoo.query("SELECT DISTINCT extensiv_shipment_state FROM sale_order WHERE extensiv_cust_ref != ''") == [
        ("sending",)
    ]
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 4)


def test_a_process_killed_while_it_repairs_another_is_repaired_too(odoo, delivered):
    sandbox = delivered(2)
    for method in ("ship", "record_status"):
        odoo.kill_stalled(STALL, {"method": method, "after": True})
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 2)


def test_what_a_killed_process_may_still_have_under_way_is_not_sent_again_at_once(odoo, delivered):
    sandbox = delivered(1)
    odoo.kill_stalled(STALL, {"method": "ship", "after": False})
    odoo.run(PUSH, {"once": True})
    assert odoo.query("SELECT extensiv_shipment_state FROM sale_order WHERE extensiv_cust_ref IS NOT NULL") == [
        ("sending",)
    ]
    assert sandbox.get("/sandbox/shipments") == []


def test_500_orders_with_random_faults_are_each_told_exactly_once(odoo, delivered):
    sandbox = delivered(500)
    sandbox.post(
        "/sandbox/settings",
        {
            "random_faults": {
                "rate": 0.15,
                "seed": 5,
                "kinds": ["500", "502", "reset", "lose_answer", "cut", "garbage", "rate_limit"],
            }
        },
    )
    odoo.run(PUSH, {})
    sandbox.post("/sandbox/settings", {"random_faults": {"rate": 0}})
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 500)


def test_two_workers_at_once_tell_each_order_once(odoo, delivered):
    sandbox = delivered(40)
    processes = [odoo.start(PUSH, {"once": True}) for _worker in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert not any("danger" in text for text in said), said
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 40)


def test_two_people_pressing_send_now_tell_it_once(odoo, delivered):
    sandbox = delivered(1)
    pressing = (
        ROOMY
        + """
sale = env["sale.order"].search([("extensiv_cust_ref", "!=", False)])
try:
    print(sale.action_extensiv_send()["params"]["message"])
except Exception as error:
    print(error)
"""
    )
    processes = [odoo.start(pressing) for _person in range(2)]
    said = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    odoo.run(PUSH, {})
    assert_each_told_once(odoo, sandbox, 1)


def test_a_transfer_wakes_the_schedule_once_it_is_committed(odoo, delivered):
    delivered(2)
    assert odoo.query("""
        SELECT count(*) FROM ir_cron_trigger
         WHERE cron_id = (SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_push_shipments')""") == [(0,)], (
        "the account does not want its shipments pushed by schedule"
    )
    odoo.run("""
account = env["extensiv.account"].search([])
account.push_shipments = True
env.cr.commit()
sales = env["sale.order"].search([("extensiv_cust_ref", "!=", False)])
sales.extensiv_shipment_state = "waiting"
for picking in sales.picking_ids:
    picking.carrier_tracking_ref = "CHANGED"
    env.cr.commit()
""")
    moments = odoo.query(
        "SELECT call_at FROM ir_cron_trigger WHERE cron_id ="
        " (SELECT res_id FROM ir_model_data WHERE name = 'ir_cron_push_shipments') ORDER BY call_at"
    )
    assert len(moments) in (1, 2), "one now, one in a minute at most"
    assert (moments[-1][0] - moments[0][0]).total_seconds() in (0, *range(59, 62))

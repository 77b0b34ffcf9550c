"""What telling EIM of shipments costs the warehouse, and how much of EIM's allowance it uses, also of very many."""

from __future__ import annotations

import statistics
import time
from unittest.mock import patch

from odoo.addons.extensiv_connector.flows import fulfilment
from odoo.addons.extensiv_connector.flows.order_import import import_batch
from odoo.addons.extensiv_connector.flows.order_inbox import Inbox

DELIVERIES = 100
PAIRS = 10
ORDERS = 300
WAITING = 5000
BUCKET = 100
PER_SECOND = 1 / 0.6
BATCH = "batch_update_order_status"
PATH = "merchant/orders/update"


def run(bench):
    """`_action_done` on 100 deliveries with the hook and without; then 300 ready orders sent, then 5,000."""
    eim = bench.sandbox("--orders", str(ORDERS + WAITING), "--no-rate-limit")
    account, inbox = receive_orders(bench, eim)
    sales = import_orders(bench, inbox[:ORDERS])
    pickings = sales.picking_ids
    figures = measure_done(bench, pickings[:DELIVERIES])
    deliver(bench, pickings)
    account.shipments_per_call = 1
    figures |= measure_sending(bench, eim, account, sales)
    account.shipments_per_call = 50
    account._remember_routes({BATCH: PATH})  # as acknowledging proves it
    waiting = import_orders(bench, inbox[ORDERS:])
    deliver(bench, waiting.picking_ids)
    return figures | measure_waiting(bench, eim, account, waiting)


def deliver(bench, pickings):
    """Let transfers leave, a hundred at a time."""
    for start in range(0, len(pickings), 100):
        pickings[start : start + 100]._action_done()
        bench.env.cr.commit()
        bench.env.invalidate_all()


def receive_orders(bench, eim):
    """Bring the sandbox's orders in without the calls that acknowledging takes."""
    env = bench.env
    env.company.stock_text_confirmation = False
    warehouse = env["stock.warehouse"].search([], limit=1)
    skus = sorted({line["item"] for order in eim.get("/sandbox/orders") for line in order["items"]})
    for product in env["product.product"].create(
        [{"name": sku, "default_code": sku, "is_storable": True} for sku in skus]
    ):
        env["stock.quant"]._update_available_quantity(product, warehouse.lot_stock_id, 10**5)
    account = env["extensiv.account"].create(
        {
            "name": "Shops",
            "base_url": eim.base_url,
            "api_user": "demo",
            "api_key": "demo-key",
            "import_from": "2000-01-01",
        }
    )
    account.action_connect()
    env.cr.commit()
    client = account._client()
    page = 1
    orders = []
    while len(orders) < ORDERS + WAITING:
        orders += client.list_orders("new", page=page).items
        page += 1
    inbox = Inbox(account).store_fetched(orders)
    inbox.acknowledged_at = account.import_from
    env.cr.commit()
    return account, inbox


def import_orders(bench, inbox):
    """Import received orders, and have their transfers picked, with a tracking number and a carrier each."""
    env = bench.env
    with bench.measure(f"{len(inbox)} orders imported"):
        for start in range(0, len(inbox), 50):
            import_batch(inbox[start : start + 50])
            env.cr.commit()
            env.invalidate_all()
    freight = env["product.product"].create({"name": "Freight", "type": "service"})
    sales = inbox.sale_order_id
    sales.carrier_id = env["delivery.carrier"].create(
        {"name": "UPS Ground", "extensiv_carrier": "UPS", "product_id": freight.id}
    )
    for picking in sales.picking_ids:
        picking.carrier_tracking_ref = f"1Z{picking.id}"
    sales.picking_ids.move_ids.picked = True
    env.cr.commit()
    return sales


def measure_done(bench, pickings):
    """Validate the same deliveries again and again, each time rolled back, in turn with and without the hook."""
    with_hook = []
    without = []
    queries = []
    done_once(bench, pickings)  # warms the caches for both
    for pair in range(PAIRS):
        turns = [(with_hook, fulfilment.mark_delivered), (without, lambda pickings: None)]
        seen = {}
        for times, hook in turns if pair % 2 else reversed(turns):
            with patch.object(fulfilment, "mark_delivered", hook):
                seconds, seen[times is with_hook] = done_once(bench, pickings)
            times.append(seconds)
        queries.append(seen[True] - seen[False])
    overhead = statistics.median(a / b - 1 for a, b in zip(with_hook, without, strict=True))
    extra = max(queries)
    bench.table(
        ["_action_done on 100 deliveries", "seconds (median of 10)", "queries"],
        [
            ["without the connector", statistics.median(without), seen[False]],
            ["with it", statistics.median(with_hook), seen[True]],
        ],
    )
    return {"done_overhead": round(overhead, 4), "done_extra_queries": extra}


def done_once(bench, pickings):
    cr = bench.env.cr
    bench.env.invalidate_all()
    start = time.perf_counter()
    queries = cr.sql_log_count
    pickings._action_done()
    bench.env.flush_all()
    result = time.perf_counter() - start, cr.sql_log_count - queries
    cr.rollback()
    bench.env.invalidate_all()
    return result


def measure_sending(bench, eim, account, sales):
    """Send every order at the pace that EIM's leaky bucket allows."""
    eim.post("/sandbox/settings", {"rate_limit": True})
    bench.env.cr.execute("DELETE FROM extensiv_bucket")
    bench.env.cr.commit()
    before = len(eim.get("/sandbox/calls"))
    start = time.perf_counter()
    while sales.filtered(lambda order: order.extensiv_shipment_state != "sent"):
        account.action_push_shipments()
        bench.env.invalidate_all()
    seconds = time.perf_counter() - start
    calls = len(eim.get("/sandbox/calls")) - before
    allowed = BUCKET + seconds * PER_SECOND
    state = eim.get("/sandbox/state")
    told = [event for event in eim.get("/sandbox/shipments") if not event["refusal"]]
    assert len(told) == len({event["cust_ref"] for event in told}) == ORDERS
    bench.table(
        ["sending", "orders", "calls", "seconds", "calls allowed"],
        [["at the bucket's pace", ORDERS, calls, seconds, allowed]],
    )
    return {"bucket_share": round(calls / allowed, 3), "rate_limited": state["rate_limited"]}


def measure_waiting(bench, eim, account, sales):
    """Send very many orders that wait, behind EIM's limit, in the form that tells of many at a call."""
    bench.env.cr.execute("DELETE FROM extensiv_bucket")
    bench.env.cr.commit()
    before = len(eim.get("/sandbox/calls"))
    start = time.perf_counter()
    is_waiting = [("id", "in", sales.ids), ("extensiv_shipment_state", "!=", "sent")]
    while bench.env["sale.order"].search_count(is_waiting):
        account.action_push_shipments()
        bench.env.invalidate_all()
    seconds = time.perf_counter() - start
    calls = len(eim.get("/sandbox/calls")) - before
    told = [event for event in eim.get("/sandbox/shipments") if not event["refusal"]]
    assert len(told) == len({event["cust_ref"] for event in told}) == ORDERS + WAITING
    per_call = WAITING / calls
    bench.table(
        ["sending what waited", "orders", "calls", "seconds", "orders a call"],
        [["at the bucket's pace", WAITING, calls, seconds, per_call]],
    )
    return {
        "shipments_per_call": round(per_call, 1),
        "waiting_seconds": round(seconds, 1),
        "waiting_rate_limited": eim.get("/sandbox/state")["rate_limited"],
    }

"""How fast orders come into the inbox, and whether acknowledging keeps the pace that EIM's rate limit allows.

Three measurements, each against a sandbox of its own:

* without a rate limit, 10,000 orders into the inbox: `received_per_s`, `peak_mb`;
* with it, whole passes of 300 orders, imported too and acknowledged one by one, beside another flow: `bucket_share` of
  the calls that EIM allows were made, and `rate_limited` of them refused;
* with it, 2,000 orders received and acknowledged many at a call: `ack_per_call` orders in each acknowledging call, the
  first one, in which EIM shows that it takes them so, included, and `orders_per_minute_batch`, from the moment at which
  no call is left of the burst. This is the exchange with EIM alone, what the pass does but for importing: a sale order
  takes Odoo longer than EIM's part of it, so that a whole pass would tell the pace of importing (`make bench
  NAME=orders`), not how many orders the allowed calls are good for.
"""

import threading
import time
from unittest.mock import patch

from odoo.addons.extensiv_connector.eim.errors import EimError, RateLimited
from odoo.addons.extensiv_connector.eim.routes import RESERVED_TOKENS
from odoo.addons.extensiv_connector.eim.throttle import Bucket
from odoo.addons.extensiv_connector.flows.order_pull import OrderPull
from odoo.addons.extensiv_connector.flows.runner import run_flow
from odoo.addons.extensiv_connector.models.extensiv_bucket import BucketStore

ORDERS = 10_000
PACED = 300
SECOND_FLOW_PAUSE = 3.0  # seconds between the calls of the other flow
BATCHED = 2_000
BATCHED_SECONDS = 240  # then enough was seen, also of orders that are acknowledged one by one
ACKNOWLEDGING = ("acknowledge", "batch_update_order_status")


class Roomy(Bucket):
    """A bucket that nothing empties; its row is read and written as ever."""

    def observe(self, state, now, remaining):
        return state


def run(bench):
    """Receive 10,000 orders without a rate limit; with it, import 300 beside another flow, and exchange 2,000."""
    return {**receive(bench), **keep_pace(bench), **exchange_many(bench)}


def connected(bench, sandbox, name):
    account = bench.env["extensiv.account"].create(
        {
            "name": name,
            "base_url": sandbox.base_url,
            "api_user": "demo",
            "api_key": "demo-key",
            "import_from": "2000-01-01",
        }
    )
    account.action_connect()
    bench.env.cr.commit()
    return account


def receive(bench):
    sandbox = bench.sandbox("--orders", str(ORDERS), "--no-rate-limit")
    account = connected(bench, sandbox, "Without a rate limit")
    before = bench.peak_mb()
    with (
        patch.object(BucketStore, "bucket", Roomy(capacity=10**6)),
        bench.measure(f"{ORDERS:,} orders into the inbox") as measured,
        OrderPull.open(account, time.monotonic() + 600) as run,
    ):
        run.client = run.account._client()
        run.receive()
    bench.env.cr.commit()  # to see what the pass committed
    count = bench.env["extensiv.order"].search_count([("account_id", "=", account.id)])
    if count != ORDERS:
        raise AssertionError(f"{count} orders in the inbox instead of {ORDERS}")
    figures = {"received_per_s": round(ORDERS / measured.seconds), "peak_mb": bench.peak_mb()}
    bench.table(
        ["receiving", "orders/s", "MB at most", "MB before"],
        [
            [f"{ORDERS:,} orders", figures["received_per_s"], figures["peak_mb"], before],
            ["wanted", 1000, 400, ""],
        ],
    )
    account.action_disconnect()
    bench.env.cr.commit()
    return figures


def keep_pace(bench):
    sandbox = bench.sandbox("--orders", str(PACED))
    skus = {line["item"] for order in sandbox.get("/sandbox/orders") for line in order["items"]}
    bench.env["product.product"].create([{"name": sku, "default_code": sku} for sku in sorted(skus)])
    account = connected(bench, sandbox, "With the rate limit")
    account.acknowledge_batches = False  # a call an order is what uses the calls up
    bench.env.cr.commit()
    calls_before = sum(sandbox.get("/sandbox/state")["calls"].values())
    # Connecting took tokens; a full bucket again, here and there, is where the measurement starts.
    time.sleep(5)
    waits = []
    done = threading.Event()
    other = threading.Thread(target=ship_meanwhile, args=(account._client(max_wait=20.0), waits, done))
    started = time.monotonic()
    other.start()
    Order = bench.env["extensiv.order"]
    while Order.search_count([("account_id", "=", account.id), ("acknowledged_at", "!=", False)]) < PACED:
        result = run_flow(account, "orders")
        bench.say(f"  {time.monotonic() - started:5.0f} s: {result.message}")
    seconds = time.monotonic() - started
    done.set()
    other.join()
    state = sandbox.get("/sandbox/state")
    calls = sum(state["calls"].values()) - calls_before
    bucket = Bucket()
    allowed = bucket.capacity - RESERVED_TOKENS + seconds / bucket.seconds_per_token
    figures = {"bucket_share": round(calls / allowed, 3), "rate_limited": state["rate_limited"]}
    bench.table(
        ["receiving and acknowledging", "seconds", "calls", "allowed", "share"],
        [
            [
                f"{PACED} orders, and {len(waits)} calls of another flow",
                seconds,
                calls,
                round(allowed),
                figures["bucket_share"],
            ],
            [
                "the same, counting the 20 tokens left to urgent calls as allowed",
                seconds,
                calls,
                round(allowed + RESERVED_TOKENS),
                calls / (allowed + RESERVED_TOKENS),
            ],
            ["wanted", "", "", "", 0.95],
        ],
    )
    bench.say(
        f"  The other flow waited {max(waits):.2f} s for an answer at most; EIM said RateLimit "
        f"{state['rate_limited']} times."
    )
    return figures


def ship_meanwhile(client, waits, done):
    """Call EIM every few seconds as a flow does that may take the reserved tokens."""
    while not done.wait(SECOND_FLOW_PAUSE):
        started = time.monotonic()
        try:
            client.list_ship_methods()
        except EimError:
            return
        waits.append(time.monotonic() - started)


def exchange_many(bench):
    sandbox = bench.sandbox("--orders", str(BATCHED))
    account = connected(bench, sandbox, "Many at a call")
    use_up_calls(account)
    started = time.monotonic()
    while (acknowledged := count_acknowledged(account)) < BATCHED and time.monotonic() < started + BATCHED_SECONDS:
        exchange(account)
        bench.say(f"  {time.monotonic() - started:5.0f} s: {count_acknowledged(account)} acknowledged")
    minutes = (time.monotonic() - started) / 60
    calls = sandbox.get("/sandbox/state")["calls"]
    acknowledging = sum(calls.get(name, 0) for name in ACKNOWLEDGING)
    figures = {
        "ack_per_call": round(acknowledged / acknowledging, 1),
        "orders_per_minute_batch": round(acknowledged / minutes),
    }
    bench.table(
        ["received and acknowledged, no call left at the start", "seconds", "orders/min", "calls", "orders a call"],
        [
            [
                f"{acknowledged:,} orders",
                minutes * 60,
                figures["orders_per_minute_batch"],
                acknowledging,
                figures["ack_per_call"],
            ],
            ["wanted", "", 2000, "", ""],
        ],
    )
    account.action_disconnect()
    bench.env.cr.commit()
    return figures


def use_up_calls(account):
    """Make calls until EIM allows only as many as drip into the bucket."""
    client = account._client(max_wait=0)
    try:
        while True:
            client.list_ship_methods()
    except RateLimited:
        return


def exchange(account):
    """Do what a pass of the orders does with EIM: receive, then acknowledge as far as calls and time allow."""
    with OrderPull.open(account) as run, run.connect():
        run.receive()
        run.client.max_wait = 0
        while run.acknowledge_received() and run.has_time():
            time.sleep(Bucket().seconds_per_token)  # the pass imports meanwhile


def count_acknowledged(account):
    """Return how many of the account's orders EIM has taken the acknowledgement of."""
    account.env.cr.commit()  # to see what the pass committed
    return account.env["extensiv.order"].search_count(
        [("account_id", "=", account.id), ("acknowledged_at", "!=", False)]
    )

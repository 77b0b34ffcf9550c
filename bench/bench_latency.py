"""How long an order takes from EIM to the confirmed sale order: with EIM's webhook, and by asking every 5 minutes."""

import math
import random
import time

from dev import LOGS, databases, server

CALLED = 25
POLLED = 15
PAUSES = (1.0, 9.0)  # seconds between orders that EIM tells of
POLL_SECONDS = 300  # the schedule's, over which the others are spread evenly: any may be unlucky
PATIENCE = 150
LOOK_SECONDS = 0.02
SKU = "LATE-1"


def run(bench):
    """Measure both in a real Odoo with its web and cron workers, EIM's rate limit on; wanted: 5 s at the median."""
    sandbox = bench.sandbox("--orders", "0")
    account = connect(bench, sandbox)
    database = bench.env.cr.dbname
    port = databases.free_port()
    options = ("--workers=2", f"--gevent-port={databases.free_port()}")
    log = LOGS / "bench-latency-odoo.log"
    with (
        databases.cursor(database) as cr,
        server.running(database, port, log, *options, prompt=False) as (odoo, _process),
    ):
        wait_for_first_pass(cr)
        address = f"{odoo.url}/extensiv/webhook/{account.webhook_token}"
        sandbox.post("/sandbox/settings", {"webhook": {"url": address, "key": "demo-key"}})
        moments = list(spread(CALLED))
        called = measure(cr, sandbox, {f"CALLED-{number}": moment for number, moment in enumerate(moments)})
        answers = [call["answer"] for call in sandbox.get("/sandbox/webhook")]
        if set(answers) != {200}:
            raise AssertionError(f"The webhook answered {answers}")
        sandbox.post("/sandbox/settings", {"webhook": None})
        begin_schedule(cr)
        bench.say(f"  {CALLED} orders that EIM told of; now {POLLED} that it does not, over {POLL_SECONDS} s")
        polled = measure(cr, sandbox, {f"POLLED-{number}": number * POLL_SECONDS / POLLED for number in range(POLLED)})
    limited = sandbox.get("/sandbox/state")["rate_limited"]
    bench.table(
        ["from EIM to the confirmed sale order, seconds", "orders", "median", "95 of 100", "longest"],
        [
            ["EIM calls the webhook", CALLED, rank(called, 0.5), rank(called, 0.95), max(called)],
            ["Odoo asks every 5 minutes", POLLED, rank(polled, 0.5), rank(polled, 0.95), max(polled)],
            ["wanted, with the webhook", "", 5, "", ""],
        ],
    )
    bench.say(f"  Each was waited for on the clock, nothing is derived. EIM said RateLimit {limited} times.")
    return {
        "webhook_p50_s": round(rank(called, 0.5), 2),
        "webhook_p95_s": round(rank(called, 0.95), 2),
        "poll_p50_s": round(rank(polled, 0.5), 1),
    }


def connect(bench, sandbox):
    bench.env["product.product"].create({"name": SKU, "default_code": SKU, "is_storable": True})
    account = bench.env["extensiv.account"].create(
        {
            "name": "Latency",
            "base_url": sandbox.base_url,
            "api_user": "demo",
            "api_key": "demo-key",
            "import_from": "2000-01-01",
        }
    )
    account.action_connect()
    account.write({"pull_orders": True, "webhook_enabled": True})
    bench.env.cr.commit()
    return account


def wait_for_first_pass(cr):
    """Wait for the schedule's first turn, from which on the server is as it is at any other time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        cr.execute("SELECT count(*) FROM extensiv_run WHERE flow = 'orders' AND state = 'done'")
        if cr.fetchone()[0]:
            time.sleep(10)
            return
        if time.monotonic() > deadline:
            raise AssertionError("No pass of orders")
        time.sleep(0.5)


def begin_schedule(cr):
    """Have the schedule's next turn a whole interval away, as just after a turn: one interval is measured, not two."""
    cr.execute(
        """UPDATE ir_cron SET nextcall = now() AT TIME ZONE 'UTC' + make_interval(secs => %s)
            WHERE id = (SELECT res_id FROM ir_model_data
                         WHERE module = 'extensiv_connector' AND name = 'ir_cron_pull_orders')""",
        [POLL_SECONDS],
    )


def spread(count):
    """Yield moments, in seconds, as far apart as orders of a busy shop."""
    moment = 0.0
    chance = random.Random(13)
    for _number in range(count):
        yield moment
        moment += chance.uniform(*PAUSES)


def measure(cr, sandbox, moments):
    """Let EIM have orders at their moments; return the seconds that each took until its sale order was confirmed.

    :param moments: ``{reference: seconds from now}``
    """
    started = time.monotonic()
    coming = sorted(moments, key=moments.get)
    since = {}
    taken = []
    while coming or since:
        now = time.monotonic() - started
        if coming and moments[coming[0]] <= now:
            reference = coming.pop(0)
            since[reference] = time.monotonic()
            sandbox.post("/sandbox/orders", {"cust_ref": reference, "items": [{"item": SKU, "quantity": "1"}]})
        cr.execute(
            "SELECT extensiv_cust_ref FROM sale_order WHERE state = 'sale' AND extensiv_cust_ref = ANY (%s)",
            [list(since)],
        )
        for (reference,) in cr.fetchall():
            taken.append(time.monotonic() - since.pop(reference))
        if now > max(moments.values()) + POLL_SECONDS + PATIENCE:
            raise AssertionError(f"Never confirmed: {', '.join(since)}")
        time.sleep(LOOK_SECONDS)
    return taken


def rank(values, share):
    """Return the value that ``share`` of the values do not exceed."""
    return sorted(values)[math.ceil(share * len(values)) - 1]

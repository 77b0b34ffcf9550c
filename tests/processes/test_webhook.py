"""EIM's webhook in a real server: an order is confirmed within seconds, and one that comes just after a pass, too."""

import time

import pytest

from dev import LOGS, server
from dev.databases import free_port

LOG = LOGS / "process-webhook.log"
CONNECT = """
import datetime
env["product.product"].create({"name": "Mug", "default_code": "MUG-1", "is_storable": True})
account = env["extensiv.account"].create(
    {"name": "Shops", "base_url": args, "api_user": "demo", "api_key": "demo-key", "import_from": "2000-01-01"}
)
account.action_connect()
account.write({"pull_orders": True, "webhook_enabled": True})
# The schedule's own turn is far.
env.ref("extensiv_connector.ir_cron_pull_orders").nextcall = datetime.datetime.now() + datetime.timedelta(hours=3)
env.cr.commit()
print(account.webhook_token)
"""
# Of a pass, and of a second one after the pause; a poll would take a minute at least.
SECONDS = 45


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, LOG.read_text()[-3000:]
        time.sleep(0.1)


@pytest.mark.parametrize("workers", [0, 2])
def test_orders_are_confirmed_within_seconds(odoo, start_sandbox, workers):
    sandbox = start_sandbox("--orders", "0")
    token = odoo.run(CONNECT, sandbox.base_url).split()[-1]
    options = [f"--workers={workers}", f"--gevent-port={free_port()}"] if workers else []

    def count(query):
        return odoo.query(f"SELECT count(*) FROM {query}")[0][0]

    def order(number):
        item = {"item": "MUG-1", "quantity": "1", "price": "8.00"}
        sandbox.post("/sandbox/orders", {"cust_ref": f"W{number}", "items": [item]})

    with server.running(odoo.database, free_port(), LOG, *options, prompt=False) as (web, _process):
        webhook = {"url": f"{web.url}/extensiv/webhook/{token}", "key": "demo-key", "repeats": 3}
        sandbox.post("/sandbox/settings", {"webhook": webhook})
        started = time.monotonic()
        for number in range(6):  # the first starts a pass, the others come during and just after it
            order(number)
            time.sleep(0.5)
        wait_until(lambda: count("sale_order WHERE state = 'sale'") == 6, SECONDS)
        seconds = time.monotonic() - started
        assert count("extensiv_run WHERE flow = 'orders'") <= 2 + seconds / 4
        assert {call["answer"] for call in sandbox.get("/sandbox/webhook")} == {200}
        # Before the end, for a server that stops takes the connection from whatever job is at work.
        assert "Traceback" not in LOG.read_text(), LOG.read_text()[-6000:]

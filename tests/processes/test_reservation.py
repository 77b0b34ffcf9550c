"""However many workers import at once, each quant stays one, and what a killed one left is reserved by the next."""

import json

import pytest

from dev import LOGS

WORLD = """
from odoo.addons.extensiv_connector.eim.wire import Order, Page
from odoo.addons.extensiv_connector.flows.order_inbox import Inbox
from odoo.addons.extensiv_connector.sandbox.orders import build_order
products = env["product.product"].create(
    [{"name": f"P-{n}", "default_code": f"P-{n}", "is_storable": True} for n in range(7)]
)
stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
for product in products:
    env["stock.quant"]._update_available_quantity(product, stock, 10_000)
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": "http://127.0.0.1:9", "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01", "import_batch_size": 5,
})
# Disjoint buyers, all with the phone of one relay.
orders = tuple(
    Order.parse(build_order({
        "cust_ref": f"R-{n}", "cust_po_no": f"W-{n}",
        "items": [{"item": f"P-{(n + line) % 7}", "quantity": "1", "price": "5"} for line in range(2)],
        "cust_first_name": "Jane", "cust_last_name": f"Roe {n}", "cust_phone": "8053992278",
        "cust_zip": f"{10000 + n}", "cust_e_mail": f"jane{n}@example.com",
    }))
    for n in range(args)
)
Inbox(account).store(Page(items=orders, number=1, is_last=True))
env.cr.commit()
"""
# Imports, and says what its transactions were refused for.
WORK = """
import json, sys, time
from odoo.addons.extensiv_connector.flows.order_pull import OrderPull
refused = []
whole = OrderPull.rollback

def rollback(self):
    refused.append(type(sys.exc_info()[1]).__name__)
    whole(self)

OrderPull.rollback = rollback
account = env["extensiv.account"].search([])
with OrderPull.open(account, time.monotonic() + 600) as run:
    while run.importer.import_next():
        pass
    print(json.dumps(refused))
"""
# Counts as a worker that imports, so that others import beside it.
BESIDE = """
import time
from odoo.addons.extensiv_connector.flows.reservation import IMPORTING
company = env["extensiv.account"].search([]).company_id
env.cr.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [IMPORTING, company.id])
print("there", flush=True)
time.sleep(600)
"""
KILLED = """
import time
from odoo.addons.extensiv_connector.flows.reservation import Reservation

def stalling(*_arguments):
    print("stalled", flush=True)
    time.sleep(600)

Reservation.reserve = stalling
env["extensiv.order"].search([], limit=3).action_import()
"""
TAKE_UP = """
import time
from odoo.addons.extensiv_connector.flows.order_pull import OrderPull
with OrderPull.open(env["extensiv.account"].search([]), time.monotonic() + 600) as run:
    run.importer.requeue_due()
"""
SECOND_QUANTS = """
SELECT product_id FROM stock_quant AS quant JOIN stock_location AS place ON place.id = quant.location_id
 WHERE place.usage = 'internal' GROUP BY product_id, quant.location_id HAVING count(*) > 1
"""
STATES = (
    "SELECT state, extensiv_reserve_later IS TRUE, count(*) FROM stock_move WHERE picking_id IS NOT NULL GROUP BY 1, 2"
)


@pytest.fixture
def received(odoo):
    """Give a function that puts orders of popular products into the inbox."""
    return lambda count: odoo.run(WORLD, count)


def test_four_workers_that_sell_the_same_products_make_no_second_quant_and_refuse_nothing(odoo, received):
    received(60)
    workers = [odoo.start(WORK) for _worker in range(4)]
    refused = [json.loads(worker.communicate(timeout=120)[0]) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4
    assert refused == [[]] * 4
    assert odoo.query("SELECT state, count(*) FROM extensiv_order GROUP BY state") == [("imported", 60)]
    assert odoo.query(STATES) == [("assigned", False, 120)]
    assert odoo.query(SECOND_QUANTS) == []
    assert odoo.query("SELECT sum(reserved_quantity) FROM stock_quant WHERE quantity > 0") == [(120.0,)]
    for number in range(4):
        log = (LOGS / f"process-{number}.log").read_text()
        assert " ERROR " not in log, log[-3000:]


def test_what_a_killed_worker_left_unreserved_is_reserved_by_the_next_pass(odoo, received):
    received(3)
    beside = odoo.start(BESIDE)
    assert beside.stdout.readline().strip() == "there"
    odoo.kill_stalled(KILLED, {})
    assert odoo.query("SELECT state, count(*) FROM extensiv_order GROUP BY state") == [("imported", 3)]
    assert odoo.query(STATES) == [("confirmed", True, 6)]
    odoo.run(TAKE_UP)
    assert odoo.query(STATES) == [("assigned", False, 6)]
    assert odoo.query(SECOND_QUANTS) == []

"""Stock levels end up right whatever dies in the middle, and nobody who works in the warehouse notices a push."""

import os
import signal

import pytest
from stall import stalling

CONNECT = """
company = env.company
company.stock_text_confirmation = False
env["product.product"].search([("default_code", "!=", False)]).extensiv_push = False
stock = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1).lot_stock_id
products = env["product.product"].create([
    {"name": f"P{number}", "default_code": f"P-{number}", "is_storable": True} for number in range(args["products"])])
for number, product in enumerate(products):
    env["stock.quant"]._update_available_quantity(product, stock, number + 10)
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key", "push_batch_size": 10})
account.action_connect()
location = account.location_ids[0]
location.write({"push_enabled": True, "stock_location_id": stock.id})
env.cr.commit()
print(location.name)
"""
# Every batch is noted and written by itself, so that there are many moments to die in.
SMALL_STEPS = """
from odoo.addons.extensiv_connector.flows import stock_push
stock_push.CHUNK = 1
"""
PUSH = """
account = env["extensiv.account"].search([])
said = account.action_push_inventory()["params"]
print(said["type"], said["message"], flush=True)
"""
STALL = SMALL_STEPS + stalling("extensiv.stock.level", "action_push_inventory")
PRODUCTS = 60


@pytest.fixture
def location(odoo, sandbox):
    """Give the name of the location of EIM that a connected database pushes to."""
    return odoo.run(CONNECT, {"base_url": sandbox.base_url, "products": PRODUCTS}).strip()


def assert_eim_knows_all(odoo, sandbox, location):
    pushed = {level["sku"]: level for level in sandbox.get(f"/sandbox/levels?warehouse={location}")}
    assert {sku: level["qty_available"] for sku, level in pushed.items()} == {
        f"P-{number}": number + 10 for number in range(PRODUCTS)
    }
    assert odoo.query("SELECT count(*) FROM extensiv_stock_level WHERE NOT unconfirmed") == [(PRODUCTS,)]
    assert odoo.query("SELECT count(*) FROM extensiv_run WHERE state = 'running'") == [(0,)]
    assert odoo.query("SELECT count(*) FROM extensiv_error WHERE state = 'open'") == [(0,)]
    return sum(level["pushes"] for level in pushed.values())


@pytest.mark.parametrize(
    ("method", "call", "after"),
    [
        pytest.param("stock_levels.ExpectedLevels.find_changes", 1, True, id="before anything is told"),
        pytest.param("read_back.ReadBack._begin", 1, True, id="about to push the first level"),
        pytest.param("read_back.ReadBack._read", 2, True, id="first level read back, not written down"),
        pytest.param("stock_push.StockPush.mark_sending", 2, True, id="noted, not committed"),
        pytest.param("stock_push.StockPush.push_batch", 3, True, id="after EIM accepted, before it is written down"),
        pytest.param("stock_push.StockPush.write_answers", 4, True, id="written down, not committed"),
        pytest.param("stock_push.StockPush.record_result", 2, True, id="after a commit in the middle"),
    ],
)
def test_killed_push_goes_on_where_it_was(odoo, sandbox, location, method, call, after):
    odoo.kill_stalled(STALL, {"method": method, "call": call, "after": after})
    assert "success" in odoo.run(PUSH)
    # What was written down is not told again: at most the batch at work is.
    assert assert_eim_knows_all(odoo, sandbox, location) <= PRODUCTS + 10


def test_a_first_level_pushed_by_a_killed_pass_is_read_back_by_the_next(odoo, sandbox, location):
    sandbox.post("/sandbox/settings", {"unknown_locations": "made_up"})
    odoo.run('env["extensiv.location"].search([("push_enabled", "=", True)]).name = "South"\nenv.cr.commit()')
    odoo.kill_stalled(STALL, {"method": "stock_push.StockPush.push_batch", "call": 1, "after": True})
    assert "South waits for a person" in odoo.run(PUSH)
    assert len(sandbox.get("/sandbox/levels?warehouse=EIM+SOUTH")) == 1
    [(message,)] = odoo.query("SELECT message FROM extensiv_error WHERE state = 'open'")
    assert "stands at EIM under EIM SOUTH" in message, "though it stood there before the second pass"


def test_two_pushes_at_once_do_the_work_once(odoo, sandbox, location):
    holder = odoo.start(STALL, {"method": "stock_push.StockPush.push_batch", "call": 2, "after": False})
    assert holder.stdout.readline().strip() == "stalled"
    assert "Already at work" in odoo.run(PUSH)
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    odoo.run(PUSH)
    assert_eim_knows_all(odoo, sandbox, location)


# What people do while a push runs, in one transaction each, without Odoo's retries: a conflict would raise, and
# a lock that the push holds would be waited for in vain.
WORK = """
env.cr.execute("SET lock_timeout = '3s'")
env.cr.commit()
env.cr.execute("SET SESSION lock_timeout = '3s'")
env.cr.commit()
products = env["product.product"].search([("default_code", "=like", "P-%")], limit=20)
stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
def receive():
    for product in products:
        env["stock.quant"]._update_available_quantity(product, stock, 5)
def sell():
    order = env["sale.order"].create({
        "partner_id": env["res.partner"].create({"name": "Buyer"}).id,
        "order_line": [(0, 0, {"product_id": product.id, "product_uom_qty": 2}) for product in products]})
    order.action_confirm()
def deliver():
    pickings = env["stock.picking"].search([("state", "=", "assigned")])
    assert pickings
    pickings.move_ids.picked = True
    pickings._action_done()
def edit():
    products.write({"list_price": 12, "description_sale": "New", "extensiv_buffer_qty": 1})
    products[0].active = False
    products[1].default_code = "RENAMED"
def remap():
    env["extensiv.location"].search([("push_enabled", "=", True)]).source = "all"
    env["extensiv.account"].search([]).buffer_qty = 1
for work in (receive, sell, deliver, edit, remap):
    work()
    env.cr.commit()
    print(work.__name__, flush=True)
"""


@pytest.mark.parametrize(
    ("method", "call"),
    [
        pytest.param("stock_push.StockPush.push_batch", 2, id="while EIM is asked"),
        pytest.param("stock_push.StockPush.mark_sending", 2, id="with levels noted and not committed"),
        pytest.param("stock_push.StockPush.write_answers", 2, id="with an outcome written and not committed"),
        pytest.param("stock_levels.ExpectedLevels.find_changes", 1, id="with the difference read and not committed"),
    ],
)
def test_nobody_waits_or_fails_because_a_push_runs(odoo, sandbox, location, method, call):
    if method == "stock_push.StockPush.write_answers":
        odoo.run(PUSH)
        odoo.query("UPDATE extensiv_stock_level SET unconfirmed = TRUE")
    holder = odoo.start(STALL, {"method": method, "call": call, "after": True})
    assert holder.stdout.readline().strip() == "stalled"
    assert odoo.run(WORK).split() == ["receive", "sell", "deliver", "edit", "remap"]
    assert holder.poll() is None


def test_a_change_wakes_the_push_once_a_minute(odoo, sandbox, location):
    odoo.run('env["extensiv.account"].search([]).push_inventory = True\nenv.cr.commit()')
    odoo.query("DELETE FROM ir_cron_trigger")
    odoo.run("""
stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
for product in env["product.product"].search([("default_code", "=like", "P-%")], limit=10):
    env["stock.quant"]._update_available_quantity(product, stock, 5)
    with env.cr.savepoint():
        env["stock.quant"]._update_available_quantity(product, stock, 5)
    env.cr.commit()
""")
    [(planned,)] = odoo.query("""
        SELECT count(*) FROM ir_cron_trigger JOIN ir_cron ON ir_cron.id = cron_id
         WHERE ir_cron.cron_name LIKE 'Extensiv: push stock%'""")
    assert planned in (1, 2), "one now, one in a minute at most"

"""Zeros that no stock explains wait for a person, whatever dies in the middle, and real ones do not."""

import pytest
from stall import stalling
from test_push import CONNECT, PUSH, SMALL_STEPS

PRODUCTS = 20
STALL = SMALL_STEPS + stalling("extensiv.stock.level", "action_push_inventory")
PUSH_THEM = """
from odoo.addons.extensiv_connector.flows import stock_push
stock_push.CHUNK = 1
error = env["extensiv.error"].search([("state", "=", "open")])
"""
# The location's stock is all of a sudden another location's, which is empty.
EMPTY = """
location = env["extensiv.location"].search([("push_enabled", "=", True)])
location.stock_location_id = env["stock.location"].create({
    "name": "Empty", "usage": "internal", "location_id": location.stock_location_id.location_id.id})
env.cr.commit()
"""
# All is sold: each quant goes to nothing in a transaction like any other.
SELL = """
stock = env["stock.warehouse"].search([], limit=1).lot_stock_id
for number, product in enumerate(env["product.product"].search([("default_code", "=like", "P-%")], order="id")):
    env["stock.quant"]._update_available_quantity(product, stock, -number - 10)
env.cr.commit()
"""
HELD = "SELECT count(*) FROM extensiv_stock_level WHERE held_at IS NOT NULL"
OPEN = "SELECT count(*) FROM extensiv_error WHERE state = 'open'"


@pytest.fixture
def location(odoo, sandbox):
    """Give the name of the location of EIM that a connected database pushed to."""
    name = odoo.run(CONNECT, {"base_url": sandbox.base_url, "products": PRODUCTS}).strip()
    odoo.run(PUSH)
    return name


def zeros(sandbox, location):
    levels = sandbox.get(f"/sandbox/levels?warehouse={location}")
    assert len(levels) == PRODUCTS
    return sum(not level["qty_available"] for level in levels)


@pytest.mark.parametrize(
    ("method", "after"),
    [
        pytest.param("zero_stop.ZeroStop.hold", False, id="before the zeros are noted"),
        pytest.param("zero_stop.ZeroStop.hold", True, id="noted, not committed"),
        pytest.param("stock_errors.StockErrors.record_held", True, id="told to a person, not committed"),
    ],
)
def test_a_killed_pass_lets_no_zero_through(odoo, sandbox, location, method, after):
    odoo.run(EMPTY)
    odoo.kill_stalled(STALL, {"method": method, "call": 1, "after": after})
    assert zeros(sandbox, location) == 0
    assert "wait for a person" in odoo.run(PUSH)
    assert (zeros(sandbox, location), odoo.query(HELD), odoo.query(OPEN)) == (0, [(PRODUCTS,)], [(1,)])


def test_what_is_sold_out_is_told_at_once(odoo, sandbox, location):
    odoo.run(SELL)
    odoo.run(PUSH)
    assert (zeros(sandbox, location), odoo.query(OPEN)) == (PRODUCTS, [(0,)])


def test_stock_that_changed_just_before_the_push_explains_no_zero_after_it(odoo, sandbox, location):
    odoo.run(SELL.replace("-number - 10", "1") + PUSH + EMPTY + PUSH)
    assert (zeros(sandbox, location), odoo.query(HELD)) == (0, [(PRODUCTS,)])


def test_a_confirmation_outlives_the_pass_that_was_killed(odoo, sandbox, location):
    odoo.run(EMPTY + PUSH)
    button = stalling("extensiv.stock.level", "action_push_inventory").replace(
        'env["extensiv.account"].search([]).action_push_inventory()', "error.action_push_zeros()"
    )
    odoo.kill_stalled(PUSH_THEM + button, {"method": "stock_push.StockPush.push_batch", "call": 2, "after": True})
    assert 0 < zeros(sandbox, location) <= PRODUCTS
    odoo.run(PUSH)
    assert (zeros(sandbox, location), odoo.query(HELD), odoo.query(OPEN)) == (PRODUCTS, [(0,)], [(0,)])
    assert odoo.query("SELECT count(*) FROM extensiv_stock_level WHERE zero_allowed OR unconfirmed") == [(0,)]

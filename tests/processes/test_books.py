"""Invoices and payments are made once, whatever dies and however many processes make them."""

import pytest

SET_UP = """
for sku in args["skus"]:
    env["product.product"].create({"name": sku, "default_code": sku, "type": "service"})
company = env.company
if not company.chart_template:
    env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
bank = env["account.journal"].search([("type", "=", "bank"), ("company_id", "=", company.id)], limit=1)
bank.inbound_payment_method_line_ids.payment_account_id = env["account.account"].create(
    {"name": "Payouts", "code": "109999", "account_type": "asset_current", "reconcile": True}
)
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01",
})
account.action_connect()
env["extensiv.cart"].search([]).write({
    "invoicing": "confirmed", "register_payments": True, "payment_journal_id": bank.id, "tax_beside_total": "kept",
})
env.cr.commit()
account.action_pull_orders()
"""
SETTLE = """
env["extensiv.cart"]._cron_settle_books()
print("done", flush=True)
"""
STALL = (
    """
import time
from odoo.addons.extensiv_connector.flows import books
whole = books.payments.register

def stalling(sales):
    whole(sales)
    print("stalled", flush=True)
    time.sleep(args["seconds"])

books.payments.register = stalling
"""
    + SETTLE
)
BOOKED = """
SELECT count(*), count(DISTINCT line.order_id), sum(move.amount_residual)
  FROM account_move AS move
  JOIN (SELECT DISTINCT item.move_id, sale.order_id
          FROM sale_order_line AS sale
          JOIN sale_order_line_invoice_rel AS rel ON rel.order_line_id = sale.id
          JOIN account_move_line AS item ON item.id = rel.invoice_line_id) AS line ON line.move_id = move.id
 WHERE move.state = 'posted'
"""
PAID = "SELECT count(*), sum(amount) FROM account_payment WHERE state IN ('in_process', 'paid')"
ORDERS = 12


@pytest.fixture
def paid(odoo, start_sandbox):
    """Give how many orders were confirmed of carts whose paid orders are paid, and what they come to."""
    sandbox = start_sandbox("--orders", str(ORDERS))
    skus = {item["item"] for order in sandbox.get("/sandbox/orders") for item in order["items"]}
    odoo.run(SET_UP, {"base_url": sandbox.base_url, "skus": sorted(skus)})
    [[count, total]] = odoo.query("SELECT count(*), sum(amount_total) FROM sale_order WHERE state = 'sale'")
    assert count
    return count, total


def test_a_killed_process_leaves_nothing_half_done_and_two_make_nothing_twice(odoo, paid):
    count, total = paid
    odoo.kill_stalled(STALL, {"seconds": 600})
    assert odoo.query(BOOKED) == [(0, 0, None)]
    first = odoo.start(STALL, {"seconds": 3})
    assert first.stdout.readline().strip() == "stalled"
    odoo.run(SETTLE)
    first.wait()
    odoo.run(SETTLE)
    assert odoo.query(BOOKED) == [(count, count, 0)]
    assert odoo.query(PAID) == [(count, total)]
    assert odoo.query("SELECT sum(extensiv_registered) FROM sale_order") == [(total,)]
    assert odoo.query("SELECT count(*) FROM sale_order WHERE extensiv_books_at IS NOT NULL") == [(0,)]
    assert odoo.query("SELECT message FROM extensiv_error WHERE step = 'books'") == []

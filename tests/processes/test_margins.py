"""Odoo's app for margins, which the addon does not depend on, and what has none."""

import json

ORDER = """
account = env["extensiv.account"].search([]) or env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01"})
if account.state != "connected":
    account.action_connect()
    env["product.product"].create({"name": "Mug", "default_code": "MUG", "standard_price": 6})
account.action_pull_orders()
env.cr.commit()
"""
INSTALL = 'env["ir.module.module"].search([("name", "=", "sale_margin")]).button_immediate_install()'
SHOW = """
import json
sales = env["sale.order"].search([("extensiv_cust_ref", "!=", False)], order="id")
sales.order_line.filtered(lambda line: line.extensiv_kind == "tax").product_uom_id = env.ref("uom.product_uom_unit")
env.add_to_compute(env["sale.order.line"]._fields["purchase_price"], sales[-1].order_line)
env.add_to_compute(env["sale.order"]._fields["margin_percent"], sales[-1])
env.flush_all()
print(json.dumps([
    [*sale.order_line.mapped("margin"), sale.margin, round(sale.margin_percent, 4)] for sale in sales]))
"""


def order(odoo, sandbox, reference):
    """Have an order of a mug for 10 that costs 6, and 2 of tax, imported."""
    lines = [{"item": "MUG", "quantity": "1", "price": "10.00"}]
    sandbox.post("/sandbox/orders", {"cust_ref": reference, "items": lines, "sales_tax": "2.00"})
    odoo.run(ORDER, {"base_url": sandbox.base_url})


def test_collected_tax_has_no_margin_whether_the_order_or_the_app_came_first(odoo, start_sandbox):
    sandbox = start_sandbox("--orders", "0")
    order(odoo, sandbox, "BEFORE")
    odoo.run(INSTALL)
    order(odoo, sandbox, "AFTER")
    # Of goods, of tax, of the order, and as a part of what the goods brought.
    assert json.loads(odoo.run(SHOW).splitlines()[-1]) == [[4, 0, 4, 0.4]] * 2

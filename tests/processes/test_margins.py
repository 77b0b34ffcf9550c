"""Odoo's app for margins, which the addon does not depend on, and what has none."""

ORDER = """
import json, urllib.request
account = env["extensiv.account"].search([]) or env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01"})
if account.state != "connected":
    account.action_connect()
    env["product.product"].create({"name": "Mug", "default_code": "MUG", "standard_price": 6})
order = {"cust_ref": args["ref"], "items": [{"item": "MUG", "quantity": "1", "price": "10.00"}], "sales_tax": "2.00"}
urllib.request.urlopen(urllib.request.Request(
    args["base_url"] + "/sandbox/orders", json.dumps(order).encode(), {"Content-Type": "application/json"})).read()
env.cr.commit()
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


def test_collected_tax_has_no_margin_whether_the_order_or_the_app_came_first(odoo, sandbox):
    odoo.run(ORDER, base_url=sandbox, ref="BEFORE")
    odoo.run(INSTALL)
    odoo.run(ORDER, base_url=sandbox, ref="AFTER")
    assert odoo.run(SHOW) == [[4, 0, 4, 0.4]] * 2

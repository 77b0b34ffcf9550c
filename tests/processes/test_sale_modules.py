"""Apps of sales that the addon does not depend on do nothing to an order whose buyer paid the cart."""

import json

INSTALL = """
env["ir.module.module"].search([("name", "=", "sale_management")]).button_immediate_install()
"""
PULL = """
import json
mug = env["product.product"].create({"name": "Mug", "default_code": "MUG"})
mail = env["mail.template"].create({
    "name": "Thank you", "model_id": env["ir.model"]._get_id("sale.order"), "subject": "Thank you", "body_html": "Bye",
    "email_from": "shop@example.com", "partner_to": "{{ object.partner_id.id }}"})
env.company.sale_order_template_id = env["sale.order.template"].create({
    "name": "Usual", "mail_template_id": mail.id,
    "sale_order_template_line_ids": [(0, 0, {"product_id": mug.id, "product_uom_qty": 1})]})
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01"})
account.action_connect()
account.action_pull_orders()
env.cr.commit()
sale = env["extensiv.order"].search([]).sale_order_id
print(json.dumps([sale.state, sale.amount_total, env["mail.mail"].search_count([("model", "=", "sale.order")])]))
"""


def test_the_template_of_quotations_mails_no_buyer(odoo, start_sandbox):
    sandbox = start_sandbox("--orders", "0")
    item = {"item": "MUG", "quantity": "1", "price": "8.00"}
    sandbox.post("/sandbox/orders", {"cust_ref": "M-1", "items": [item]})
    odoo.run(INSTALL)
    said = json.loads(odoo.run(PULL, {"base_url": sandbox.base_url}).splitlines()[-1])
    assert said == ["sale", 8.0, 0]

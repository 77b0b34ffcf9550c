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
LOYALTY = """
import json
from odoo.addons.base.models.ir_mail_server import IrMail_Server as server
smtp = []
server.send_email = lambda self, message, *args, **kwargs: smtp.append(message["To"]) or "<id>"
mug = env["product.product"].create({"name": "Mug", "default_code": "MUG"})
gift_card = env.ref("loyalty.gift_card_product_50")
gift_card.default_code = "GIFT"
mail = env["mail.template"].create({
    "name": "Your coupon", "model_id": env["ir.model"]._get_id("loyalty.card"), "subject": "Coupon",
    "body_html": "Yours", "email_from": "shop@example.com", "use_default_to": True})
plan = [(0, 0, {"trigger": "create", "mail_template_id": mail.id})]
env["loyalty.program"].create([
    {"name": "Next order", "program_type": "next_order_coupons", "applies_on": "future", "trigger": "auto",
     "communication_plan_ids": plan, "rule_ids": [(0, 0, {"minimum_qty": 1})],
     "reward_ids": [(0, 0, {"discount": 10})]},
    {"name": "Gift card", "program_type": "gift_card", "applies_on": "future", "trigger": "auto",
     "communication_plan_ids": plan,
     "rule_ids": [(0, 0, {"reward_point_mode": "money", "reward_point_amount": 1, "product_ids": gift_card.ids})],
     "reward_ids": [(0, 0, {"reward_type": "discount", "discount_mode": "per_point", "discount": 1})]}])
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01"})
account.action_connect()
env.cr.commit()

def mails():
    env.invalidate_all()
    return env["mail.mail"].search_count([("model", "=", "loyalty.card")]) + len(smtp)

said = {}
wizard = env["extensiv.fetch"].create({"account_id": account.id, "reference": "L-1"})
for notify in (True, False):
    account.notify_on_import = notify
    env.cr.commit()
    wizard.action_preview()
    said[f"dry run {notify}"] = ["imported and confirmed" in wizard.preview, mails()]
account.action_pull_orders()
env.cr.commit()
sales = env["sale.order"].search([("extensiv_cust_ref", "!=", False)], order="extensiv_cust_ref")
said["imported"] = [sales.mapped("state"), sales.mapped("amount_total"), mails()]
said["cards"] = env["loyalty.card"].search_count([("order_id", "in", sales.ids)])
by_hand = env["sale.order"].create({
    "partner_id": sales[0].partner_id.id, "order_line": [(0, 0, {"product_id": mug.id})]})
by_hand.action_confirm()
said["by hand"] = mails() > 0
print(json.dumps(said))
"""


def test_the_template_of_quotations_mails_no_buyer(odoo, start_sandbox):
    sandbox = start_sandbox("--orders", "0")
    item = {"item": "MUG", "quantity": "1", "price": "8.00"}
    sandbox.post("/sandbox/orders", {"cust_ref": "M-1", "items": [item]})
    odoo.run(INSTALL)
    said = json.loads(odoo.run(PULL, {"base_url": sandbox.base_url}).splitlines()[-1])
    assert said == ["sale", 8.0, 0]


def test_neither_importing_nor_a_dry_run_mails_the_coupons_of_loyalty_programs(odoo, start_sandbox):
    sandbox = start_sandbox("--orders", "0")
    for number in (1, 2):
        items = [{"item": sku, "quantity": "1", "price": "8.00"} for sku in ("MUG", "GIFT")]
        sandbox.post("/sandbox/orders", {"cust_ref": f"L-{number}", "items": items, "cust_e_mail": "ann@example.com"})
    odoo.run(INSTALL.replace("sale_management", "sale_loyalty"))
    said = json.loads(odoo.run(LOYALTY, {"base_url": sandbox.base_url}).splitlines()[-1])
    assert said["dry run True"] == said["dry run False"] == [True, 0]
    assert said["imported"] == [["sale", "sale"], [16.0, 16.0], 0]
    assert said["cards"] > 0, "there was something to mail"
    assert said["by hand"], "the same order entered by hand mails it"

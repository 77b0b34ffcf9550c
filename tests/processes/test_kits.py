"""Kits, which need Manufacturing: a module that the addon does not depend on."""

import json

SELL = """
import json
kit, mug, pen = env["product.product"].create([
    {"name": "Desk kit", "default_code": "KIT-DESK", "is_storable": False},
    {"name": "Mug", "default_code": "MUG-11OZ", "is_storable": True},
    {"name": "Pen", "default_code": "PEN-GEL-3", "is_storable": True},
])
env["mrp.bom"].create({
    "product_tmpl_id": kit.product_tmpl_id.id, "type": "phantom",
    "bom_line_ids": [
        (0, 0, {"product_id": mug.id, "product_qty": 1}), (0, 0, {"product_id": pen.id, "product_qty": 2})],
})
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01",
})
account.action_connect()
account.action_pull_orders()
order = env["extensiv.order"].search([("cust_ref", "=", "KIT-1")])
sale = order.sale_order_id
print(json.dumps({
    "state": order.state, "message": order.message, "sale": sale.state, "total": f"{sale.amount_total:.2f}",
    "lines": [[line.product_id.default_code, line.product_uom_qty] for line in sale.order_line],
    "moves": sorted([move.product_id.default_code, move.product_uom_qty] for move in sale.picking_ids.move_ids),
}))
env.cr.commit()
"""


def test_a_kit_sells_as_a_kit_and_its_components_are_delivered(odoo_with_kits, start_sandbox):
    sandbox = start_sandbox("--orders", "0")
    sandbox.post(
        "/sandbox/orders", {"cust_ref": "KIT-1", "items": [{"item": "KIT-DESK", "quantity": "3", "price": "25.00"}]}
    )
    said = json.loads(odoo_with_kits.run(SELL, {"base_url": sandbox.base_url}).splitlines()[-1])
    assert said == {
        "state": "imported",
        "message": False,
        "sale": "sale",
        "total": "75.00",
        "lines": [["KIT-DESK", 3.0]],
        "moves": [["MUG-11OZ", 3.0], ["PEN-GEL-3", 6.0]],
    }

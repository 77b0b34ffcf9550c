"""What the demonstration's account can do, as a script in Odoo: each once, so that there are records of every kind."""

from __future__ import annotations

import json

from . import ADDON
from .databases import manifest

SCRIPT = """
import json
from odoo.tools.convert import convert_file
for file in args["demo"]:
    convert_file(env, args["addon"], file, {}, "init", noupdate=True)
account = env.ref(args["addon"] + ".extensiv_account_sandbox")
account.write({"base_url": args["base_url"], "import_from": "2000-01-01"})
env.cr.commit()
account.action_connect()
account.write({"pull_orders": True, "push_inventory": True, "push_shipments": True})
account.action_record_calls()
location = account.location_ids[0]
location.write({"push_enabled": True, "stock_location_id": env.ref("stock.stock_location_stock").id})
env.cr.commit()
account.action_pull_orders()
account.action_push_inventory()
orders = env["extensiv.order"].search([])
sales = orders.sale_order_id.filtered(lambda sale: sale.state == "sale")
sales.carrier_id = env["delivery.carrier"].create({
    "name": "UPS Ground", "extensiv_carrier": "UPS",
    "product_id": env["product.product"].create({"name": "Freight", "type": "service"}).id})
pickings = sales.picking_ids.filtered(lambda picking: picking.state == "assigned")
for picking in pickings:
    picking.carrier_tracking_ref = f"1Z{picking.id}"
pickings.move_ids.picked = True
pickings._action_done()
env.cr.commit()
account.action_push_shipments()
account.action_fetch_alerts()
account.action_audit()
account.action_pull_orders()
env.cr.commit()
env.invalidate_all()
print(json.dumps({
    "orders": {
        order.cust_ref: [order.state, sale.state, sale.amount_total, sale.amount_tax, len(sale.order_line)]
        for order in orders for sale in order.sale_order_id},
    "pulled": len(orders),
    "levels": env["extensiv.stock.level"].search_count([]),
    "shipments": env["sale.order"].search_count([("extensiv_shipment_state", "in", ("sending", "sent"))]),
    "errors": {error.key: error.message for error in env["extensiv.error"].search([("state", "=", "open")])},
}))
"""


def arguments(base_url: str) -> dict:
    """Return what the script is given."""
    return {"addon": ADDON, "base_url": base_url, "demo": manifest()["demo"]}


def read(printed: str) -> dict:
    """Return what the script printed: `orders`, `pulled`, `levels`, `shipments`, `errors`."""
    return json.loads(printed.splitlines()[-1])

"""What goes on while disasters happen: orders come, are delivered and cancelled, goods move.

All of it is drawn from the seed. What was done is kept, for `holds` to compare with what is there in the end.
"""

import random

from sandbox.catalogue import CARTS, PRODUCTS
from sandbox.orders import PAYMENT_SECRETS

SKUS = tuple(product.sku for product in PRODUCTS)
STOCK = 400
LOCATION = "EAST"
# A word that stands in every buyer's name, street and mail address and nowhere else: no log may hold it.
BUYER_WORD = "Quillfeather"
CARD = "4111 1111 1111 1111"

SET_UP = """
import datetime
company = env.company
company.stock_text_confirmation = False
env["product.product"].search([("default_code", "!=", False)]).extensiv_push = False
stock = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1).lot_stock_id
products = env["product.product"].create([
    {"name": sku, "default_code": sku, "is_storable": True} for sku in args["skus"]])
for product in products:
    env["stock.quant"]._update_available_quantity(product, stock, args["stock"])
freight = env["product.product"].create({"name": "Freight", "type": "service"})
env["delivery.carrier"].create({
    "name": "UPS Ground", "extensiv_carrier": "UPS", "integration_level": "rate", "product_id": freight.id})
account = env["extensiv.account"].create({
    "name": "Shops", "base_url": args["base_url"], "api_user": "demo", "api_key": "demo-key",
    "import_from": "2000-01-01", "import_batch_size": 10, "responsible_id": env.ref("base.user_admin").id,
})
account.action_connect()
account.location_ids.filtered(lambda location: location.name == args["location"]).write(
    {"push_enabled": True, "stock_location_id": stock.id})
account.write({
    "pull_orders": True, "push_inventory": True, "push_shipments": True, "webhook_enabled": True,
    "setup_step": "done"})
# Odoo's own daily jobs, which a new database has not done yet, would keep its workers busy for a while.
env["ir.cron"].search([("active", "=", True), ("cron_name", "not like", "Extensiv")]).write(
    {"nextcall": datetime.datetime.now() + datetime.timedelta(days=1)})
env.cr.commit()
print(account.webhook_token)
"""


class Shop:
    """The shop's life in a room."""

    def __init__(self, room, orders: int):
        self.room = room
        self.choose = random.Random(f"{room.seed}/shop")
        self.wanted = orders
        self.references: list[str] = []
        self.cancelled: set[str] = set()
        self.delivered: set[str] = set()

    def receive(self, count):
        """Let orders come in at EIM."""
        count = min(count, self.wanted - len(self.references))
        orders = [self._order(len(self.references) + number) for number in range(1, count + 1)]
        if orders:
            self.room.sandbox.post("/sandbox/orders", orders)
            self.references += [order["cust_ref"] for order in orders]
            self.room.say(f"  {count} orders come in, {len(self.references)} of {self.wanted}")

    def _order(self, number):
        choose = random.Random(f"{self.room.seed}/order {number}")
        name = f"{BUYER_WORD}{number:03}"
        values = {
            "cust_ref": f"N{self.room.seed}-{number:03}",
            "cust_po_no": f"PO{number:03}",
            "order_source": choose.choice(tuple(CARTS)),
            "shipping_handling": choose.choice(("0.00", "5.95")),
            "cust_first_name": choose.choice(("Ada", "Søren", "Zoë")),
            "cust_last_name": name,
            "cust_address_1": f"{number} {BUYER_WORD} Lane",
            "cust_city": "Portland",
            "cust_state": "OR",
            "cust_zip": "97205",
            "cust_country": "USA",
            "cust_e_mail": f"{name.lower()}@example.com",
            "items": [
                {"item": sku, "quantity": str(choose.randint(1, 3))}
                for sku in choose.sample(SKUS, choose.randint(1, 3))
            ],
        }
        if choose.random() < 0.3:
            values |= PAYMENT_SECRETS
            values["shipping_instructions"] = f"paid by {CARD}, leave it with {name}"
        return values

    def deliver(self, count):
        """Deliver some orders as a whole, with a tracking number each."""
        ready = self.room.query(
            """SELECT picking.id, sale.extensiv_cust_ref
                 FROM stock_picking AS picking JOIN sale_order AS sale ON sale.id = picking.sale_id
                WHERE picking.state = 'assigned' AND sale.state = 'sale' AND sale.extensiv_cust_ref != ALL (%s)
                ORDER BY sale.extensiv_cust_ref""",
            [list(self.cancelled)],
        )
        carriers = self.room.query("SELECT id FROM delivery_carrier WHERE extensiv_carrier = 'UPS' ORDER BY id LIMIT 1")
        chosen = self.choose.sample(ready, min(count, len(ready)))
        self.room.say(f"  delivers {[reference for _id, reference in chosen]}")
        for picking, reference in chosen:
            self.delivered.add(reference)
            number = f"1Z{reference}-{self.choose.randrange(10**6):06}"
            values = {"carrier_id": carriers[0][0], "carrier_tracking_ref": number}
            moves = [move for (move,) in self.room.query("SELECT id FROM stock_move WHERE picking_id = %s", [picking])]
            for model, method, *arguments in (
                ("stock.picking", "write", [picking], values),
                ("stock.move", "write", moves, {"picked": True}),
                ("stock.picking", "button_validate", [picking]),
            ):
                if not self.room.press(model, method, *arguments)[0]:
                    break

    def cancel(self, count):
        """Let buyers cancel orders that EIM gave us and that nobody delivered yet."""
        at_wms = {order["cust_ref"] for order in self.room.sandbox.get("/sandbox/orders?status=at_wms")}
        possible = sorted(at_wms - self.delivered - self.cancelled)
        for reference in self.choose.sample(possible, min(count, len(possible))):
            self.cancelled.add(reference)
            self.room.sandbox.post(f"/sandbox/orders/{reference}", {"order_status": "canceled"})
            self.room.say(f"  the buyer cancels {reference}")

    def move_goods(self):
        """Let goods come in or go, by a count of the stock."""
        sku = self.choose.choice(SKUS)
        quantity = self.choose.randint(200, 600)
        found = self.room.query(
            """SELECT quant.id FROM stock_quant AS quant
                 JOIN product_product AS product ON product.id = quant.product_id
                 JOIN stock_location AS location ON location.id = quant.location_id
                WHERE product.default_code = %s AND location.usage = 'internal' ORDER BY quant.id LIMIT 1""",
            [sku],
        )
        if found:
            [(quant,)] = found
            self.room.say(f"  counts {quantity} of {sku}")
            if self.room.press("stock.quant", "write", [quant], {"inventory_quantity": quantity})[0]:
                self.room.press("stock.quant", "action_apply_inventory", [quant])

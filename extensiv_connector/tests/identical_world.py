"""Orders that are imported both ways, with the batch's memo and as Odoo does it, and the shop they meet.

What a shop may have is a circumstance: a function of `circumstances`, which changes the world before the orders come.
"""

from datetime import datetime
from unittest.mock import patch

from odoo.fields import Command

from ..eim.wire import Order, Page
from ..flows import order_import, reservation
from ..flows.order_inbox import Inbox
from ..sandbox.orders import build_order
from .written_rows import Ledger, differences

SWITCH = "extensiv_connector.confirm_batch"
OFF = "0"
PLENTY = ("PLENTY-0", "PLENTY-1", "PLENTY-2", "PLENTY-3")
OTHERS = ("SCARCE", "NONE", "NEGATIVE", "LOT", "SERIAL", "SERVICE", "CONSU", "DOZEN")
SKUS = (*PLENTY, *OTHERS)


class World:
    """A company with a warehouse, products by their SKUs, and an account whose orders are imported there."""

    def __init__(self, env, company=None):
        self.company = company or env.company
        self.env = env(context={**env.context, "allowed_company_ids": self.company.ids})
        self.warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        self.stock = self.warehouse.lot_stock_id
        self.categories = {}
        """``{name: category}`` of the circumstances that are met"""
        self.lots = {}
        """``{name: lot}`` of the product LOT"""
        self._make_products()
        self._fill()
        self.account = self.env["extensiv.account"].create(
            {
                "name": "Identical",
                "company_id": self.company.id,
                "base_url": "http://127.0.0.1:9",
                "api_user": "demo",
                "api_key": "demo-key",
                "import_from": "2000-01-01",
            }
        )
        self.cart = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "name": "Shop", "order_source": "Shopify"}
        )
        self.orders = self.env["extensiv.order"]
        """Those that were received last, in the order in which they came."""

    def _make_products(self):
        dozen = self.env.ref("uom.product_uom_dozen")
        special = {
            "LOT": {"tracking": "lot"},
            "SERIAL": {"tracking": "serial"},
            "SERVICE": {"type": "service", "is_storable": False},
            "CONSU": {"is_storable": False},
            "DOZEN": {"uom_id": dozen.id},
        }
        vals_list = [
            {
                "name": f"Product {sku}",
                "default_code": sku,
                "is_storable": True,
                "list_price": 5,
                "standard_price": 2,
                "taxes_id": [Command.clear()],
                "weight": 0.5,
                **special.get(sku, {}),
            }
            for sku in SKUS
        ]
        products = self.env["product.product"].create(vals_list)
        self.products = dict(zip(SKUS, products, strict=True))

    def _fill(self):
        for number, sku in enumerate(PLENTY):
            self.put(sku, 100, day=1 + number)
        self.put("SCARCE", 3)
        self.put("NEGATIVE", -5)
        self.put("DOZEN", 30)
        self.lots["L-1"], self.lots["L-2"] = self.make_lots("LOT", "L-1", "L-2")
        self.put("LOT", 4, lot=self.lots["L-1"], day=5)
        self.put("LOT", 9, lot=self.lots["L-2"], day=3)
        for lot in self.make_lots("SERIAL", "S-1", "S-2", "S-3"):
            self.put("SERIAL", 1, lot=lot)

    # -- what circumstances are made of

    def put(self, sku, quantity, where=None, lot=None, package=None, owner=None, day=1):
        """Put stock there, as if it had come on a day of last year."""
        self.env["stock.quant"]._update_available_quantity(
            self.products[sku],
            where or self.stock,
            quantity,
            lot_id=lot,
            package_id=package,
            owner_id=owner,
            in_date=datetime(2025, 1, day),
        )

    def make_lots(self, sku, *names):
        product = self.products[sku]
        return self.env["stock.lot"].create([{"name": name, "product_id": product.id} for name in names])

    def make_location(self, name, parent=None, **values):
        return self.env["stock.location"].create(
            {"name": name, "location_id": (parent or self.stock).id, "company_id": self.company.id, **values}
        )

    def category(self, name, **values):
        """Return a category of that name, made with ``values`` when it is not there."""
        if name not in self.categories:
            self.categories[name] = self.env["product.category"].create({"name": name, **values})
        return self.categories[name]

    def sell(self, sku, quantity):
        """Confirm an order of somebody else, which takes its stock first."""
        buyer = self.env["res.partner"].create({"name": f"Other buyer of {sku}"})
        line = Command.create({"product_id": self.products[sku].id, "product_uom_qty": quantity})
        sale = self.env["sale.order"].create({"partner_id": buyer.id, "order_line": [line]})
        sale.action_confirm()
        return sale

    # -- orders

    def receive(self, orders):
        """Put ``orders`` into the inbox: each ``{"lines": [(SKU, quantity) or {…}], …}``, the rest as EIM names it."""
        raws = [self.build_raw(number, order) for number, order in enumerate(orders)]
        page = Page(items=tuple(Order.parse(raw) for raw in raws), number=1, is_last=True)
        Inbox(self.account).store(page)
        refs = [raw["cust_ref"] for raw in raws]
        found = self.env["extensiv.order"].search([("account_id", "=", self.account.id), ("cust_ref", "in", refs)])
        self.orders = found.sorted("id")
        assert len(self.orders) == len(orders), self.orders

    def build_raw(self, number, order):
        values = dict(order)
        items = [
            line if isinstance(line, dict) else {"item": line[0], "quantity": str(line[1])}
            for line in values.pop("lines")
        ]
        buyer = values.pop("buyer", number)
        return build_order(
            {
                "cust_ref": f"IDENT-{number}",
                "cust_po_no": f"I{number:04}",
                "order_source": "Shopify",
                "order_date": "2026-11-01T10:00:00+00:00",
                "created_date_time": "2026-11-01T10:00:00+00:00",
                "cust_first_name": "Jane",
                "cust_last_name": f"Roe {buyer}",
                "cust_address_1": f"{buyer} Main St",
                "cust_city": "Santa Barbara",
                "cust_state": "CA",
                "cust_zip": "93103",
                "cust_country": "USA",
                "cust_e_mail": f"jane{buyer}@example.com",
                "cust_phone": f"80539922{buyer:02}",
                "items": [{"price": "5", **item} for item in items],
                **values,
            }
        )

    def switch(self, is_on):
        """Let batches be confirmed with their memo, or by Odoo's own path alone."""
        self.env["ir.config_parameter"].sudo().set_param(SWITCH, False if is_on else OFF)

    def import_orders(self):
        """Import the received orders in one batch; return what became of them."""
        return order_import.import_batch(self.orders)

    def import_and_reserve_later(self):
        """Import the received orders as a worker beside others does: what they need is reserved after it."""
        later = reservation.Later(self.company)
        counts = order_import.ImportBatch(self.orders, later=later).run()
        self.env.flush_all()
        reservation._reserve(self.account, list(later.move_ids))
        return counts


class Comparison:
    """Received orders of a world, imported once by Odoo's own path; ``compare`` says what differs otherwise."""

    def __init__(self, world, orders):
        self.world = world
        world.receive(orders)
        self.ledger = Ledger(world.env)
        world.switch(False)
        self.plain = self.ledger.record(world.import_orders)
        world.switch(True)

    def compare(self, also=None, later=False):
        """Import the orders with the memo; return what differs, a sentence each.

        :param also: a function that is called after it and taken back with it, whose writes must be found
        :param later: whether what the orders need is reserved after them; the mark of it is no difference
        """

        failures = []

        def work():
            answer = self.world.import_and_reserve_later() if later else self.world.import_orders()
            if also:
                also()
            return answer

        with patch.object(order_import.ImportBatch, "tell_of_failure", lambda batch, error: failures.append(error)):
            self.batch = self.ledger.record(work)
        found = differences(self.ledger, self.plain, self.batch)
        if later:
            found = [line for line in found if f" {reservation.LATER}: " not in line]
        if failures and not self.plain.answer["failed"]:
            found.insert(0, f"with the memo it failed, and was imported without: {failures[0]!r}")
        return found

"""The orders that benchmarks import, and the ways in which they do."""

import csv
import io
import time

from odoo.addons.extensiv_connector.eim.wire import Order, Page
from odoo.addons.extensiv_connector.flows.order_inbox import Inbox
from odoo.addons.extensiv_connector.flows.order_pull import OrderPull
from odoo.addons.extensiv_connector.sandbox.orders import build_order

LINES = 3
PRODUCTS = 1000
BATCH = 50


class World:
    """Products, stock, an account, and orders as EIM would send them."""

    def __init__(self, bench):
        self.bench = bench
        self.env = bench.env
        self.number = 0
        env = self.env
        self.products = env["product.product"].create(
            [
                {"name": f"Product {n:04}", "default_code": f"P-{n:04}", "is_storable": True, "list_price": 10 + n % 90}
                for n in range(PRODUCTS)
            ]
        )
        stock = env["stock.warehouse"].search([("company_id", "=", env.company.id)], limit=1).lot_stock_id
        env["stock.quant"].with_context(inventory_mode=True).create(
            [
                {"product_id": product.id, "location_id": stock.id, "inventory_quantity": 100_000}
                for product in self.products
            ]
        ).action_apply_inventory()
        self.account = env["extensiv.account"].create(
            {
                "name": "Bench",
                "base_url": "http://127.0.0.1:9",
                "api_user": "demo",
                "api_key": "demo-key",
                "import_from": "2000-01-01",
                "import_batch_size": BATCH,
            }
        )
        self.by_code = {
            product.default_code: product
            for product in (*self.products, self.account.shipping_product_id, self.account.tax_product_id)
        }
        self.usa = env.ref("base.us")
        self.california = env.ref("base.state_us_5")
        env.cr.commit()

    def raws(self, count, popular=0):
        """Return ``count`` orders of EIM, each of a buyer never seen before; all have the phone of one relay.

        :param popular: of so many products each order has one
        """
        raws = []
        for _ in range(count):
            self.number += 1
            n = self.number
            lines = [
                {
                    "item": self.products[(n * 7 + line * 13) % PRODUCTS].default_code,
                    "quantity": "2",
                    "price": f"{10 + n % 50}.99",
                }
                for line in range(LINES)
            ]
            if popular:
                lines[0]["item"] = self.products[n % popular].default_code
            raws.append(
                build_order(
                    {
                        "cust_ref": f"BENCH-{n}",
                        "cust_po_no": f"B{n:06}",
                        "order_source": "Shopify",
                        "items": lines,
                        "order_date": "2026-11-01T10:00:00+00:00",
                        "created_date_time": "2026-11-01T10:00:00+00:00",
                        "sales_tax": "4.20",
                        "shipping_handling": "5.00",
                        "cust_first_name": "Jane",
                        "cust_last_name": f"Roe {n}",
                        "cust_address_1": f"{n} Main St",
                        "cust_city": "Santa Barbara",
                        "cust_state": "CA",
                        "cust_zip": "93103",
                        "cust_country": "USA",
                        "cust_e_mail": f"jane{n}@example.com",
                        "cust_phone": "8053992278",
                    }
                )
            )
        return raws

    def receive(self, raws):
        """Put orders into the inbox."""
        orders = tuple(Order.parse(raw) for raw in raws)
        Inbox(self.account).store(Page(items=orders, number=1, is_last=True))
        self.env.cr.commit()

    # -- the ways to import; each commits, and returns how many queries it asked

    def import_batch(self, raws):
        with OrderPull.open(self.account, time.monotonic() + 3600) as run:
            run.importer.pace.learn(1, 0.01)  # the first batch of a pass is smaller
            before = run.env.cr.sql_log_count
            run.importer.import_next()
            if run.counts["imported"] != len(raws):
                raise AssertionError(f"{run.counts['imported']} of {len(raws)} orders imported: {run}")
            return run.env.cr.sql_log_count - before

    def odoo_batch(self, raws):
        """Create and confirm as whoever writes a good script would, with the notifications off as ours are."""
        before = self.env.cr.sql_log_count
        env = self.env(
            context={
                **self.env.context,
                "tracking_disable": True,
                "mail_create_nosubscribe": True,
                "mail_auto_subscribe_no_notify": True,
            }
        )
        partners = env["res.partner"].create([self.partner_vals(raw) for raw in raws])
        orders = env["sale.order"].create(
            [self.order_vals(raw, partner) for raw, partner in zip(raws, partners, strict=True)]
        )
        orders.action_confirm()
        self.env.cr.commit()
        asked = self.env.cr.sql_log_count - before
        self.env.invalidate_all()
        return asked

    def odoo_one_by_one(self, raws):
        return sum(self.odoo_batch([raw]) for raw in raws)

    def csv_import(self, raws):
        """Import contacts and orders as a person does with two files, then confirm the orders from the list."""
        before = self.env.cr.sql_log_count
        partner_fields = ["id", "name", "street", "city", "zip", "email", "phone", "country_id", "state_id"]
        self.load(
            "res.partner",
            partner_fields,
            [
                [f"bench.{raw['cust_ref']}", *self.partner_texts(raw), "United States", "California (US)"]
                for raw in raws
            ],
        )
        order_fields = [
            "name",
            "partner_id/id",
            "client_order_ref",
            "date_order",
            "order_line/product_id",
            "order_line/name",
            "order_line/product_uom_qty",
            "order_line/price_unit",
        ]
        rows = []
        for raw in raws:
            head = [raw["cust_po_no"], f"bench.{raw['cust_ref']}", raw["cust_po_no"], "2026-11-01 10:00:00"]
            for code, quantity, price in self.lines_of(raw):
                name = f"[{code}] {self.by_code[code].name}"
                rows.append([*head, name, name, str(quantity), str(price)])
                head = ["", "", "", ""]
        self.load("sale.order", order_fields, rows)
        orders = self.env["sale.order"].search([("client_order_ref", "in", [raw["cust_po_no"] for raw in raws])])
        orders.action_confirm()
        self.env.cr.commit()
        asked = self.env.cr.sql_log_count - before
        if len(orders) != len(raws):
            raise AssertionError(f"{len(orders)} of {len(raws)} orders came through the CSV import")
        self.env.invalidate_all()
        return asked

    def load(self, model, names, rows):
        """What the import screen does with a file: text in, ``load``."""
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        text.seek(0)
        result = self.env[model].load(names, list(csv.reader(text)))
        if not result["ids"]:
            raise AssertionError(result["messages"][:3])

    # -- the same data, in Odoo's words

    def partner_texts(self, raw):
        return [
            f"{raw['cust_first_name']} {raw['cust_last_name']}",
            raw["cust_address_1"],
            raw["cust_city"],
            raw["cust_zip"],
            raw["cust_e_mail"],
            raw["cust_phone"],
        ]

    def partner_vals(self, raw):
        names = ["name", "street", "city", "zip", "email", "phone"]
        return {
            **dict(zip(names, self.partner_texts(raw), strict=True)),
            "country_id": self.usa.id,
            "state_id": self.california.id,
            "company_id": self.env.company.id,
        }

    def lines_of(self, raw):
        """Return ``(internal reference, quantity, price)`` of every line, shipping and tax included."""
        return [
            *((line["item"], float(line["quantity"]), float(line["price"])) for line in raw["items"]),
            (self.account.shipping_product_id.default_code, 1.0, float(raw["shipping_handling"])),
            (self.account.tax_product_id.default_code, 1.0, float(raw["sales_tax"])),
        ]

    def order_vals(self, raw, partner):
        by_code = self.by_code
        return {
            "name": raw["cust_po_no"],
            "partner_id": partner.id,
            "client_order_ref": raw["cust_po_no"],
            "date_order": "2026-11-01 10:00:00",
            "user_id": False,
            "pricelist_id": False,
            "order_line": [
                (
                    0,
                    0,
                    {
                        "product_id": by_code[code].id,
                        "product_uom_qty": quantity,
                        "price_unit": price,
                        "technical_price_unit": price + 1,
                        "discount": 0.0,
                        "tax_ids": [(5, 0, 0)],
                        "name": f"[{code}] {by_code[code].name}",
                    },
                )
                for code, quantity, price in self.lines_of(raw)
            ],
        }

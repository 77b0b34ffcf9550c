"""The shop of the stock's benchmark: a large warehouse with a past, orders that wait, and kits.

Rows are copies of one that Odoo made, by SQL, since Odoo itself would take hours for as many.
"""

from __future__ import annotations

import json

from odoo.tools import SQL

PRODUCTS = 100_000
QUANTS = 1_000_000
LOCATIONS = 3
SHELVES = 20
DONE_MOVES = 2_000_000
RESERVED_MOVES = 18_000
UNRESERVED_MOVES = 2_000
WAITING_ORDERS = 500
ALIASES = 2_000
KITS = 5_000


class World:
    """A connected account whose three locations are mapped to zones of twenty shelves each.

    ``account``; ``products`` are the ids of the products, which follow each other without gaps.
    """

    def __init__(self, env):
        self.env = env
        company = env.company
        company.stock_text_confirmation = False
        # Whatever the database brought along is not pushed: every level is one of the benchmark's.
        env["product.product"].search([("default_code", "!=", False)]).extensiv_push = False
        self.warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
        self.roots = env["stock.location"].create(
            [{"name": f"Zone {number}", "location_id": self.warehouse.lot_stock_id.id} for number in range(LOCATIONS)]
        )
        self.shelves = env["stock.location"].create(
            [{"name": f"Shelf {number}", "location_id": root.id} for root in self.roots for number in range(SHELVES)]
        )
        sample = self._load_products("SKU", PRODUCTS)
        self.products = range(sample.id, sample.id + PRODUCTS)
        self._load_quants(sample)
        self.account = self._connect()
        self._load_moves()
        self._load_waiting_orders()
        self._load_aliases()
        self.vacuum()

    def vacuum(self):
        """Do at once what autovacuum would soon."""
        self.env.cr.commit()
        self.env.cr._cnx.autocommit = True
        self.env.cr.execute("VACUUM ANALYZE")
        self.env.cr._cnx.autocommit = False
        self.env.invalidate_all()

    def _connect(self):
        account = self.env["extensiv.account"].create(
            {"name": "Bench", "base_url": "http://127.0.0.1:1", "api_user": "bench", "api_key": "bench-key"}
        )
        account.write({"state": "connected", "live_database": account._this_database(), "push_inventory": True})
        self.env["extensiv.location"].create(
            [
                {
                    "account_id": account.id,
                    "name": f"EIM {root.name}",
                    "push_enabled": True,
                    "stock_location_id": root.id,
                    "read_back_state": "proven",  # nothing is read back: EIM here only says yes
                }
                for root in self.roots
            ]
        )
        if account.quantity_basis != "promise":
            raise AssertionError(f"A new account's basis is {account.quantity_basis}.")
        return account

    def _load_products(self, code, count):
        """Make products with the SKUs `<code>-<id>`; return the first, of which all others are copies."""
        sample = self.env["product.product"].create({"name": "Sample", "is_storable": True, "list_price": 10})
        sample.default_code = f"{code}-{sample.id}"
        self.env.flush_all()
        self._copy_rows("product_template", sample.product_tmpl_id.id, {"id": "new"}, count - 1)
        self._copy_rows(
            "product_product",
            sample.id,
            {"id": "new", "product_tmpl_id": "new", "default_code": f"'{code}-' || new"},
            count - 1,
            start=f"(SELECT MAX(id) FROM product_template) - {count - 1}",
        )
        # The variants' and the templates' numbers run side by side.
        self.env.cr.execute(
            "UPDATE product_product SET product_tmpl_id = %s + id - %s WHERE id > %s AND id < %s",
            [
                self._max("product_template") - (count - 1),
                sample.id,
                sample.id,
                sample.id + count,
            ],
        )
        return sample

    def _load_quants(self, product):
        """Spread the quants over all products and shelves, as copies of one of ``product``."""
        quant = self.env["stock.quant"].create(
            {"product_id": product.id, "location_id": self.shelves[0].id, "quantity": 1}
        )
        self.env.flush_all()
        self._copy_rows(
            "stock_quant",
            quant.id,
            {
                "id": "new",
                "product_id": self._spread_products("number"),
                "location_id": f"(ARRAY{self.shelves.ids})"
                f"[(number * 31 / {PRODUCTS} + number) % {len(self.shelves)} + 1]",
                "quantity": "(number * 7919) % 50 + 10",
                "reserved_quantity": "(number * 104729) % 10",
            },
            QUANTS - 1,
        )
        quant.reserved_quantity = 0

    def _load_moves(self):
        """Load what left long ago, what is reserved to leave, and what waits for goods that it has not reserved."""
        shelf = self.shelves[0]
        move = self.env["stock.move"].create(
            {
                "product_id": self.products[0],
                "product_uom_qty": 1,
                "location_id": shelf.id,
                "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                "picking_type_id": self.warehouse.out_type_id.id,
            }
        )
        self.env.flush_all()
        places = f"(ARRAY{self.shelves.ids})[number % {len(self.shelves)} + 1]"
        for count, state, quantity, days in (
            (DONE_MOVES, "done", 1, 400),
            (RESERVED_MOVES, "assigned", 1, 2),
            (UNRESERVED_MOVES, "confirmed", 0, 2),
        ):
            when = f"now() AT TIME ZONE 'UTC' - make_interval(mins => 60 + (number * 7 %% {days * 1440})::int)"
            self._copy_rows(
                "stock_move",
                move.id,
                {
                    "id": "new",
                    "product_id": self._spread_products("number * 7919"),
                    "location_id": places,
                    "state": f"'{state}'",
                    "quantity": str(quantity),
                    "create_date": when,
                    "write_date": when,
                    "date": when,
                },
                count,
            )
        move._action_cancel()

    def _load_waiting_orders(self):
        """Load acknowledged orders that are not imported yet, of two lines each."""
        now = self.env.cr.now()
        vals_list = []
        for number in range(WAITING_ORDERS):
            skus = [f"SKU-{self.products[number * 97 + line]}" for line in range(2)]
            payload = {
                "cust_ref": f"W-{number}",
                "order_source": "shopify",
                "currency_code": "USD",
                "grand_total": "20.00",
                "items": [{"item": sku, "quantity": "1", "price": "10.00"} for sku in skus],
            }
            vals_list.append(
                {
                    "account_id": self.account.id,
                    "cust_ref": payload["cust_ref"],
                    "order_number": payload["cust_ref"],
                    "order_date": now,
                    "payload": json.dumps(payload),
                    "line_count": 2,
                    "state": "received",
                    "acknowledged_at": now,
                }
            )
        self.env["extensiv.order"].create(vals_list)

    def _load_aliases(self):
        self.env["extensiv.sku.alias"].create(
            [
                {"account_id": self.account.id, "sku": f"ALIAS-{product}", "product_id": product}
                for product in self.products[: ALIASES * 3 : 3]
            ]
        )

    def add_kits(self):
        """Make kits of two or three components each."""
        sample = self._load_products("KIT", KITS)
        self.env.cr.execute(
            "SELECT id, product_tmpl_id FROM product_product WHERE id >= %s AND id < %s",
            [sample.id, sample.id + KITS],
        )
        kits = self.env.cr.fetchall()
        self.env.invalidate_all()
        self.env["mrp.bom"].create(
            [
                {
                    "product_tmpl_id": template,
                    "type": "phantom",
                    "bom_line_ids": [
                        (0, 0, {"product_id": self.products[number * 19 + line], "product_qty": 1 + line})
                        for line in range(2 + number % 2)
                    ],
                }
                for number, (_kit, template) in enumerate(kits)
            ]
        )
        self.vacuum()

    def change_stock(self):
        """Change what lies there of 1 % of the products in each location, as a transfer would; return how many levels.

        Of the shelves, the one with the first quant is taken.
        """
        self.env.cr.execute(
            """UPDATE stock_quant SET quantity = quantity + 1, write_date = now() AT TIME ZONE 'UTC'
                WHERE id IN (
                      SELECT MIN(quant.id) FROM stock_quant AS quant
                        JOIN stock_location AS shelf ON shelf.id = quant.location_id
                       WHERE quant.product_id %% 100 = 7 AND shelf.id = ANY (%s)
                       GROUP BY quant.product_id, shelf.location_id)""",
            [self.shelves.ids],
        )
        count = self.env.cr.rowcount
        self.env.invalidate_all()
        return count

    def structural_changes(self):
        """Return ``{what: a function that changes it}``: what no quant tells of, a few levels each."""
        env = self.env
        products = env["product.product"].browse(self.products[5::20_000])
        zone = self.shelves[0].location_id
        changes = {
            "a new alias": lambda: env["extensiv.sku.alias"].create(
                [
                    {"account_id": self.account.id, "sku": f"NEW-{product.id}", "product_id": product.id}
                    for product in products
                ]
            ),
            "a new reference": lambda: products[0].write({"default_code": "RENAMED"}),
            "an archived product": lambda: products[1].write({"active": False}),
            "a rule of a product": lambda: products[2].write({"extensiv_stock_rule": "fixed", "extensiv_fixed_qty": 7}),
            "a buffer of a product": lambda: products[3].write({"extensiv_buffer_qty": 1000}),
            "deleted quants": lambda: env.cr.execute(
                "DELETE FROM stock_quant WHERE product_id = ANY (%s)", [products[:2].ids]
            ),
            "a buffer of a location": lambda: self.account.location_ids[0].write({"buffer_qty": 3}),
            "a shelf moved to another zone": lambda: self.shelves[-1].write({"location_id": zone.id}),
        }
        if "mrp.bom" in env and (
            line := env["mrp.bom.line"].search([("product_id", "in", list(self.products))], limit=1)
        ):
            changes["a recipe"] = lambda: line.write({"product_qty": 1000})
        return changes

    # -- copies of rows

    def _spread_products(self, number):
        return f"{self.products[0]} + ({number}) % {PRODUCTS}"

    def _max(self, table):
        self.env.cr.execute(SQL("SELECT MAX(id) FROM %s", SQL.identifier(table)))
        return self.env.cr.fetchone()[0]

    def _columns(self, table, left_out):
        self.env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
        return SQL(", ").join(SQL.identifier(name) for (name,) in self.env.cr.fetchall() if name not in left_out)

    def _copy_rows(self, table, sample, changed, count, start=None):
        """Copy the row ``sample`` of ``table`` ``count`` times.

        :param changed: ``{column: SQL of its value}``, with the copy's ``number``, from 1, and ``new``, its id
        :param start: SQL of the id before the first; the table's highest id by default
        """
        self.env.cr.execute(
            SQL(
                """INSERT INTO %(table)s (%(names)s, %(columns)s)
               SELECT %(values)s, %(columns)s
                 FROM (SELECT number, number + %(start)s AS new
                         FROM generate_series(1::bigint, %(count)s) AS number) AS numbered
                CROSS JOIN (SELECT %(columns)s FROM %(table)s WHERE id = %(sample)s) AS sample""",
                table=SQL.identifier(table),
                columns=self._columns(table, set(changed)),
                count=count,
                sample=sample,
                start=SQL(start or f"(SELECT MAX(id) FROM {table})"),
                names=SQL(", ").join(map(SQL.identifier, changed)),
                values=SQL(", ").join(SQL(value.replace("%%", "%").replace("%", "%%")) for value in changed.values()),
            )
        )
        self.env.cr.execute(
            SQL("SELECT setval(%s, (SELECT MAX(id) FROM %s))", f"{table}_id_seq", SQL.identifier(table))
        )
        self.env.invalidate_all()

"""Stock levels: finding what changed and pushing it, against Odoo's own arithmetic over the same quants."""

from __future__ import annotations

import io
import random
import statistics
import time
from types import SimpleNamespace

from urllib3 import HTTPResponse

from odoo import sql_db
from odoo.addons.extensiv_connector.eim.client import EimClient
from odoo.addons.extensiv_connector.flows import trigger
from odoo.addons.extensiv_connector.flows.stock_levels import ExpectedLevels
from odoo.addons.extensiv_connector.flows.stock_push import StockPush
from odoo.addons.extensiv_connector.flows.stock_sources import find_sources
from odoo.addons.extensiv_connector.models.extensiv_stock_trigger_mixin import ExtensivStockTriggerMixin
from odoo.tools import SQL

PRODUCTS = 100_000
QUANTS = 1_000_000
LOCATIONS = 3
SHELVES = 20
ROUNDS = 5  # of the floor, the changed and the unchanged, in turns
SAMPLE = 2_000  # products of which the ORM computes free_qty
PAIRS = 10  # transfers with and without the connector, in turns
LINES = 100


def run(bench):
    """Compare finding and pushing levels with the bare aggregate, with the ORM, and with Odoo left alone."""
    env = bench.env
    with bench.measure(f"loading {PRODUCTS:,} products and {QUANTS:,} quants"):
        account = load(env)
    first = push_everything(bench, account)
    figures = differences(bench, account)
    orm = orm_seconds(bench, account)
    peak = bench.peak_mb()
    transfer = transfers(bench, account)
    bench.table(
        ["work", "seconds", "levels", "queries"],
        [
            ["(a) changed levels, 1 % changed", figures.changed, figures.found, figures.queries],
            ["(b) changed levels, nothing changed", figures.unchanged, 0, figures.queries],
            ["(c) first push of everything, network at zero cost", first.seconds, first.levels, first.queries],
            ["(d) bare aggregate over the same quants", figures.floor, first.levels, 1],
            [f"(e) ORM free_qty, extrapolated from {SAMPLE:,} products", orm, first.levels, "-"],
        ],
    )
    return {
        "changed_over_floor": round(figures.changed / figures.floor, 2),
        "unchanged_over_floor": round(figures.unchanged / figures.floor, 2),
        "queries": figures.queries,
        "orm_over_changed": round(orm / figures.changed, 1),
        "first_push_levels_per_s": round(first.levels / first.seconds),
        "peak_mb": peak,
        "transfer_overhead": transfer.overhead,
        "transfer_extra_queries": transfer.extra_queries,
    }


# The world


def load(env):
    """Make products, quants and a connected account with mapped locations; return the account."""
    company = env.company
    company.stock_text_confirmation = False
    # Whatever the database brought along is not pushed: every level is one of the benchmark's.
    env["product.product"].search([("default_code", "!=", False)]).extensiv_push = False
    warehouse = env["stock.warehouse"].search([("company_id", "=", company.id)], limit=1)
    roots = env["stock.location"].create(
        [{"name": f"Zone {number}", "location_id": warehouse.lot_stock_id.id} for number in range(LOCATIONS)]
    )
    shelves = env["stock.location"].create(
        [{"name": f"Shelf {number}", "location_id": root.id} for root in roots for number in range(SHELVES)]
    )
    load_quants(env, load_products(env), shelves)
    account = env["extensiv.account"].create(
        {"name": "Bench", "base_url": "http://127.0.0.1:1", "api_user": "bench", "api_key": "bench-key"}
    )
    account.write({"state": "connected", "live_database": account._this_database(), "push_inventory": True})
    env["extensiv.location"].create(
        [
            {
                "account_id": account.id,
                "name": f"EIM {root.name}",
                "push_enabled": True,
                "stock_location_id": root.id,
                "read_back_state": "proven",  # nothing is read back: EIM here only says yes
            }
            for root in roots
        ]
    )
    vacuum(env)
    return account


def load_products(env):
    """Make the products; return the first, of which all others are copies."""
    sample = env["product.product"].create(
        {"name": "Sample", "default_code": "SKU-0", "is_storable": True, "list_price": 10}
    )
    env.flush_all()
    copy_rows(env, "product_template", sample.product_tmpl_id.id, {"id": "new"}, PRODUCTS - 1)
    copy_rows(
        env,
        "product_product",
        sample.id,
        {"id": "new", "product_tmpl_id": "new", "default_code": "'SKU-' || new"},
        PRODUCTS - 1,
        start=f"(SELECT MAX(id) FROM product_template) - {PRODUCTS - 1}",
    )
    return sample


def load_quants(env, product, shelves):
    """Spread the quants over all products and shelves, as copies of one of ``product``."""
    quant = env["stock.quant"].create({"product_id": product.id, "location_id": shelves[0].id, "quantity": 1})
    env.flush_all()
    env.cr.execute("SELECT array_agg(id ORDER BY id) FROM product_product WHERE default_code LIKE 'SKU-%'")
    [products] = env.cr.fetchone()
    env.cr.execute(
        "CREATE TEMP TABLE bench_product AS SELECT row_number() OVER () AS at, id FROM unnest(%s) AS product(id)",
        [products],
    )
    env.cr.execute(
        "CREATE TEMP TABLE bench_shelf AS SELECT row_number() OVER () AS at, id FROM unnest(%s) AS shelf(id)",
        [shelves.ids],
    )
    columns = columns_of(
        env,
        "stock_quant",
        {"id", "product_id", "location_id", "quantity", "reserved_quantity", "create_uid", "write_uid"},
    )
    env.cr.execute(
        SQL(
            """INSERT INTO stock_quant (product_id, location_id, quantity, reserved_quantity, %(columns)s)
           SELECT product.id, shelf.id, (spread.number * 7919) %% 50 + 10, (spread.number * 104729) %% 10, %(columns)s
             FROM generate_series(1::bigint, %(quants)s) AS spread(number)
             JOIN bench_product AS product ON product.at = spread.number %% %(products)s + 1
             JOIN bench_shelf AS shelf
                  ON shelf.at = (spread.number * 31 / %(products)s + spread.number) %% %(shelves)s + 1
            CROSS JOIN (SELECT * FROM stock_quant WHERE id = %(sample)s) AS sample""",
            columns=columns,
            quants=QUANTS,
            products=PRODUCTS,
            shelves=len(shelves),
            sample=quant.id,
        )
    )


def vacuum(env):
    """Do at once what autovacuum would soon."""
    env.cr.commit()
    env.cr._cnx.autocommit = True
    env.cr.execute("VACUUM ANALYZE")
    env.cr._cnx.autocommit = False
    env.invalidate_all()


def columns_of(env, table, left_out):
    env.cr.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s", [table])
    return SQL(", ").join(SQL.identifier(name) for (name,) in env.cr.fetchall() if name not in left_out)


def copy_rows(env, table, sample, changed, count, start=None):
    """Copy the row ``sample`` of ``table`` ``count`` times.

    :param changed: ``{column: SQL of its value}``, with the column's own number as ``new``
    :param start: SQL of the number before the first; the table's highest id by default
    """
    columns = columns_of(env, table, set(changed))
    start = start or f"(SELECT MAX(id) FROM {table})"
    env.cr.execute(
        SQL(
            """INSERT INTO %(table)s (%(names)s, %(columns)s)
           SELECT %(values)s, %(columns)s
             FROM (SELECT number + %(start)s AS new FROM generate_series(1, %(count)s) AS number) AS numbered
            CROSS JOIN (SELECT %(columns)s FROM %(table)s WHERE id = %(sample)s) AS sample""",
            table=SQL.identifier(table),
            columns=columns,
            count=count,
            sample=sample,
            start=SQL(start),
            names=SQL(", ").join(map(SQL.identifier, changed)),
            values=SQL(", ").join(map(SQL, changed.values())),
        )
    )
    env.cr.execute(SQL("SELECT setval(%s, (SELECT MAX(id) FROM %s))", f"{table}_id_seq", SQL.identifier(table)))


# (c) the first push


class Session:
    """A network at zero cost: EIM accepts everything at once."""

    def request(self, *_args, **_kwargs):
        return Accepted()


class Accepted:
    status_code = 200
    headers = {}

    def __init__(self):
        self.raw = HTTPResponse(io.BytesIO(b'{"success_code": true}'), preload_content=False)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        return None


class Unlimited:
    """A bucket that never runs dry."""

    def take(self, reserve):
        return 0

    def observe(self, remaining):
        """EIM's count is of no interest."""


def push_everything(bench, account):
    queries = sql_db.sql_counter
    with (
        bench.measure("(c) first push of everything") as measured,
        StockPush.open(account, time.monotonic() + 3600) as push,
    ):
        push.client = EimClient(account.base_url, "bench", "bench-key", tokens=Unlimited(), session=Session())
        push.run()
    levels = push.counts["pushed"]
    if levels != PRODUCTS * LOCATIONS or push.failed:
        raise AssertionError(f"{levels} levels pushed, {push.failed} failed.")
    bench.env.invalidate_all()
    return SimpleNamespace(seconds=measured.seconds, levels=levels, queries=sql_db.sql_counter - queries)


# (a), (b), (d) the differences


def differences(bench, account):
    env = bench.env
    vacuum(env)
    places = [(source.id, place) for source in find_sources(account) for place in source.location_ids]
    floor = []
    unchanged = []
    changed = []
    for _round in range(ROUNDS):
        env.cr.commit()
        floor.append(timed(lambda: bare_aggregate(env, places))[0])
        env.cr.commit()
        seconds, (found, _shared) = timed(lambda: ExpectedLevels(account).find_changes())
        unchanged.append(seconds)
        if found:
            raise AssertionError(f"{len(found)} levels changed, none should have.")
        env.cr.commit()
        # Rolled back: the next round finds nothing changed again.
        env.cr.execute(
            """UPDATE stock_quant SET quantity = quantity + 1 WHERE id IN (
                      SELECT MIN(quant.id) FROM stock_quant AS quant
                        JOIN unnest(%s::int[], %s::int[]) AS place(mapping, location)
                          ON place.location = quant.location_id
                       WHERE quant.product_id %% 100 = 7 GROUP BY quant.product_id, place.mapping)""",
            [[mapping for mapping, _place in places], [place for _mapping, place in places]],
        )
        expected = env.cr.rowcount
        queries = env.cr.sql_log_count
        env.invalidate_all()
        seconds, (found, _shared) = timed(lambda: ExpectedLevels(account).find_changes())
        queries = env.cr.sql_log_count - queries
        changed.append(seconds)
        if len(found) != expected:
            raise AssertionError(f"{len(found)} levels found changed, not {expected}.")
        env.cr.rollback()
        env.invalidate_all()
    bench.say(f"  floor {spread(floor)}, unchanged {spread(unchanged)}, changed {spread(changed)} s")
    return SimpleNamespace(
        floor=statistics.median(floor),
        unchanged=statistics.median(unchanged),
        changed=statistics.median(changed),
        found=len(found),
        queries=queries,
    )


def bare_aggregate(env, places):
    """Sum up what is free of every product in every mapped location, and nothing else."""
    env.cr.execute(
        """SELECT place.mapping, quant.product_id, SUM(quant.quantity - quant.reserved_quantity)
             FROM stock_quant AS quant
             JOIN unnest(%s::int[], %s::int[]) AS place(mapping, location) ON place.location = quant.location_id
            GROUP BY place.mapping, quant.product_id""",
        [[mapping for mapping, _place in places], [place for _mapping, place in places]],
    )
    return env.cr.rowcount


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def spread(seconds):
    return f"{min(seconds):.2f} … {statistics.median(seconds):.2f} … {max(seconds):.2f}"


# (e) the ORM


def orm_seconds(bench, account):
    """Return the seconds that ``free_qty`` of all products in the mapped locations would take."""
    env = bench.env
    total = 0.0
    for location in account.location_ids:
        env.invalidate_all()
        products = (
            env["product.product"]
            .with_context(location=location.stock_location_id.id)
            .search([("default_code", "=like", "SKU-%")], limit=SAMPLE)
        )
        seconds, _quantities = timed(lambda products=products: products.mapped("free_qty"))
        total += seconds
    env.invalidate_all()
    return total * PRODUCTS / SAMPLE


# transfers


def transfers(bench, account):
    """Validate transfers with the connector's hooks and without, in turns."""
    env = bench.env
    hooks = {name: ExtensivStockTriggerMixin.__dict__[name] for name in ("create", "write", "unlink")}
    seconds = {True: [], False: []}
    queries = {True: [], False: []}
    products = env["product.product"].search([("default_code", "=like", "SKU-%")], limit=LINES * 3)
    env["ir.cron.trigger"].search([]).unlink()
    one_transfer(env, account, products[:LINES])  # warms what is cached
    for pair in range(PAIRS):
        for on in random.sample([True, False], 2):
            for name, hook in hooks.items():
                if on:
                    setattr(ExtensivStockTriggerMixin, name, hook)
                elif name in ExtensivStockTriggerMixin.__dict__:
                    delattr(ExtensivStockTriggerMixin, name)
            # What a process remembers of the last trigger would hide the cost of the first.
            trigger._planned_until.clear()
            first = pair % 3 * LINES
            spent, asked = one_transfer(env, account, products[first : first + LINES])
            seconds[on].append(spent)
            queries[on].append(asked)
    for name, hook in hooks.items():
        setattr(ExtensivStockTriggerMixin, name, hook)
    shares = sorted(on / off for on, off in zip(seconds[True], seconds[False], strict=True))
    overhead = statistics.median(shares) - 1
    extra = statistics.median(queries[True]) - statistics.median(queries[False])
    bench.say(
        f"  transfer of {LINES} lines: off {spread(seconds[False])} s, on {spread(seconds[True])} s, pairs"
        f" {shares[0] - 1:+.1%} … {overhead:+.1%} … {shares[-1] - 1:+.1%}; queries {min(queries[False])} …"
        f" {max(queries[False])} off, {min(queries[True])} … {max(queries[True])} on"
    )
    return SimpleNamespace(overhead=round(overhead, 4), extra_queries=extra)


def one_transfer(env, account, products):
    """Return the seconds and the queries of validating one transfer, commit included."""
    source = account.location_ids[0].stock_location_id.child_ids[0]
    target = account.location_ids[1].stock_location_id.child_ids[0]
    warehouse = source.warehouse_id
    picking = env["stock.picking"].create(
        {
            "picking_type_id": warehouse.int_type_id.id,
            "location_id": source.id,
            "location_dest_id": target.id,
            "move_ids": [
                (
                    0,
                    0,
                    {
                        "product_id": product.id,
                        "product_uom_qty": 1,
                        "location_id": source.id,
                        "location_dest_id": target.id,
                    },
                )
                for product in products
            ],
        }
    )
    picking.action_confirm()
    for move in picking.move_ids:
        move.write({"quantity": 1, "picked": True})
    env.cr.commit()
    env.invalidate_all()
    queries = sql_db.sql_counter
    start = time.perf_counter()
    picking._action_done()
    env.cr.commit()
    return time.perf_counter() - start, sql_db.sql_counter - queries

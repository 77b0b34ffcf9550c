"""Stock levels: finding what changed and pushing it, against Odoo's own arithmetic over the same quants."""

from __future__ import annotations

import io
import os
import random
import statistics
import time
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

from urllib3 import HTTPResponse

from odoo import sql_db
from odoo.addons.extensiv_connector.eim.client import EimClient
from odoo.addons.extensiv_connector.flows import trigger
from odoo.addons.extensiv_connector.flows.reconciliation import Reconciliation
from odoo.addons.extensiv_connector.flows.stock_levels import plan_for_many
from odoo.addons.extensiv_connector.flows.stock_push import StockPush
from odoo.addons.extensiv_connector.flows.stock_sources import find_sources
from odoo.addons.extensiv_connector.models.extensiv_stock_trigger_mixin import ExtensivStockTriggerMixin

from .stock_world import KITS, PRODUCTS, World

ROUNDS = 5  # of the floor, the changed and the unchanged, in turns
SAMPLE = 2_000  # products of which the ORM computes free_qty
PAIRS = 10  # transfers with and without the connector, in turns
LINES = 100


def run(bench):
    """Compare finding and pushing levels with the bare aggregate, with the ORM, and with Odoo left alone.

    First without kits, then with them, in one world.
    """
    bench.env["ir.module.module"].search([("name", "=", "sale_mrp")]).button_immediate_install()
    bench.env = bench.env()  # of the registry with Manufacturing in it
    with bench.measure("loading the world"):
        world = World(bench.env)
    first = push_everything(bench, world)
    plain = differences(bench, world)
    orm = orm_seconds(bench, world)
    with bench.measure(f"loading {KITS:,} kits"):
        world.add_kits()
    push_everything(bench, world)
    kits = differences(bench, world)
    peak = bench.peak_mb()
    transfer = transfers(bench, world.account)
    bench.table(
        ["work", "seconds", "over floor", "levels", "queries"],
        [
            ["bare aggregate, counted", plain.floor, 1.0, first.levels, 1],
            ["the same with the server's workers", plain.floor_with_workers, plain.floor_with_workers / plain.floor]
            + [first.levels, 1],
            *table_rows("without kits", plain),
            *table_rows(f"with {KITS:,} kits", kits),
            ["first push of everything, network at zero cost", first.seconds, "", first.levels, first.queries],
            [f"ORM free_qty, extrapolated from {SAMPLE:,} products", orm, orm / plain.floor, first.levels, ""],
        ],
    )
    return {
        **cpu_ratios(plain, ""),
        **cpu_ratios(kits, "_kits"),
        "changed_over_floor": ratio(plain.changed, plain.floor),
        "unchanged_over_floor": ratio(plain.unchanged, plain.floor),
        "full_over_floor": ratio(plain.full, plain.floor),
        "changed_over_floor_kits": ratio(kits.changed, kits.floor),
        "unchanged_over_floor_kits": ratio(kits.unchanged, kits.floor),
        "full_over_floor_kits": ratio(kits.full, kits.floor),
        "queries": max(plain.queries["unchanged"], plain.queries["changed"]),
        "kits_queries": max(kits.queries[name] - plain.queries[name] for name in ("unchanged", "changed")),
        "orm_over_changed": round(orm / plain.changed, 1),
        "first_push_levels_per_s": round(first.levels / first.seconds),
        "peak_mb": peak,
        "transfer_overhead": transfer.overhead,
        "transfer_extra_queries": transfer.extra_queries,
    }


def table_rows(what, figures):
    return [
        [
            f"{text}, {what}",
            getattr(figures, name),
            getattr(figures, name) / figures.floor,
            count,
            figures.queries[name],
        ]
        for name, text, count in (
            ("unchanged", "nothing changed", 0),
            ("changed", "1 % changed", figures.found),
            ("full", "everything compared", 0),
        )
    ]


def cpu_ratios(figures, suffix):
    """Return the ratios by the seconds of processors, which others that are at work change less than the clock's."""
    if not figures.cpu["floor"]:
        return {}
    return {
        f"{name}_over_floor{suffix}_cpu": ratio(figures.cpu[name], figures.cpu["floor"])
        for name in ("changed", "unchanged", "full")
    }


def ratio(seconds, floor):
    return round(seconds / floor, 2)


# the first push


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


def push_everything(bench, world):
    """Push whatever EIM does not know yet, without waiting for it, in as many passes as that takes."""
    queries = sql_db.sql_counter
    levels = 0
    with bench.measure("push of everything") as measured:
        while True:
            with StockPush.open(world.account, time.monotonic() + 3600) as push:
                push.client = EimClient(
                    world.account.base_url, "bench", "bench-key", tokens=Unlimited(), session=Session()
                )
                push.run()
            levels += push.counts["pushed"]
            if push.failed or not push.counts["pushed"]:
                raise AssertionError(f"{push.failed} levels failed, {push.left_over} were left.")
            if not push.left_over:
                break
    bench.env.invalidate_all()
    return SimpleNamespace(seconds=measured.seconds, levels=levels, queries=sql_db.sql_counter - queries)


# the differences


def differences(bench, world):
    """Find what changed as a pass does: nothing, 1 % of the products, and by the full reconciliation."""
    env = bench.env
    account = world.account
    world.vacuum()
    places = [(source.id, place) for source in find_sources(account) for place in source.location_ids]
    seconds = defaultdict(list)
    cpu = defaultdict(list)
    queries = defaultdict(list)

    def measure(name, work):
        env.cr.commit()
        return measure_in_transaction(name, work)

    def measure_in_transaction(name, work):
        cpu_before = cpu_seconds(env)
        before = env.cr.sql_log_count
        spent, found = timed(work)
        queries[name].append(env.cr.sql_log_count - before)
        seconds[name].append(spent)
        cpu[name].append(cpu_seconds(env) - cpu_before)
        return found

    for _round in range(ROUNDS):
        measure("floor with workers", lambda: bare_aggregate(env, places, with_workers=True))
        measure("floor", lambda: bare_aggregate(env, places))
        for name in ("full", "unchanged"):
            if found := measure(name, lambda name=name: look(account, name == "full")):
                raise AssertionError(f"{len(found)} levels changed, none should have.")
        env.cr.commit()
        # Rolled back: the next round finds nothing changed again.
        expected = world.change_stock()
        found = measure_in_transaction("changed", lambda: look(account))
        if len(found) < expected or set(found) != set(look(account, full=True)):
            raise AssertionError(f"{len(found)} levels found changed; of products alone {expected} did.")
        env.cr.rollback()
        env.invalidate_all()
    check_structure(bench, world)
    bench.say("  " + "; ".join(f"{name} {spread(spent)}" for name, spent in seconds.items()) + " s")
    del cpu["floor with workers"]  # what the workers took is not known
    bench.say("  CPU: " + "; ".join(f"{name} {spread(spent)}" for name, spent in cpu.items()) + " s")
    return SimpleNamespace(
        **{name.replace(" ", "_"): statistics.median(spent) for name, spent in seconds.items()},
        cpu={name: statistics.median(spent) for name, spent in cpu.items()},
        found=len(found),
        queries={name: max(asked) for name, asked in queries.items()},
    )


def check_structure(bench, world):
    """Compare what passes that ask what changed find with what comparing everything does, of each kind of change."""
    env = bench.env
    for what, change in world.structural_changes().items():
        env.cr.commit()
        change()
        env.flush_all()
        found = set(look(world.account))
        if not found or found != set(look(world.account, full=True)):
            raise AssertionError(f"{len(found)} levels found changed after {what}.")
        env.cr.rollback()
        env.invalidate_all()


def look(account, full=False):
    """Find the levels that EIM does not know, as a pass does, and keep what was seen."""
    account.env.invalidate_all()
    reconciliation = Reconciliation(account, full=full)
    changes, _shared = reconciliation.find_changes()
    if not changes:
        reconciliation.remember()
    return changes


def bare_aggregate(env, places, with_workers=False):
    """Sum up what is free of every product in every mapped location, and nothing else, with a pass's settings.

    The sums are counted, for a pass does not ask for all of them either; of rows alone PostgreSQL would add up nothing.

    :param with_workers: in several processes of the server, which a pass does not take
    """
    plan_for_many(env, in_background=not with_workers)
    env.cr.execute(
        """SELECT COUNT(free) FROM (
                  SELECT place.mapping, quant.product_id, SUM(quant.quantity - quant.reserved_quantity) AS free
                    FROM stock_quant AS quant
                    JOIN unnest(%s::int[], %s::int[]) AS place(mapping, location)
                         ON place.location = quant.location_id
                   GROUP BY place.mapping, quant.product_id) AS counted""",
        [[mapping for mapping, _place in places], [place for _mapping, place in places]],
    )
    return env.cr.fetchone()[0]


def cpu_seconds(env):
    """Return the seconds of a processor that this process and its server's have taken, 0 with a server elsewhere."""
    env.cr.execute("SELECT pg_backend_pid() WHERE inet_server_addr() IS NULL")
    if not (row := env.cr.fetchone()):
        return 0
    fields = Path(f"/proc/{row[0]}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def spread(seconds):
    return f"{min(seconds):.2f} … {statistics.median(seconds):.2f} … {max(seconds):.2f}"


# the ORM


def orm_seconds(bench, world):
    """Return the seconds that ``free_qty`` of all products in the mapped locations would take."""
    env = bench.env
    total = 0.0
    for location in world.account.location_ids:
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
    overhead = statistics.median(shares)
    extra = statistics.median(queries[True]) - statistics.median(queries[False])
    bench.say(
        f"  transfer of {LINES} lines: off {spread(seconds[False])} s, on {spread(seconds[True])} s, pairs"
        f" {shares[0]:.3f} … {overhead:.3f} … {shares[-1]:.3f}; queries {min(queries[False])} …"
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

"""Whether the stock of a product changed since EIM accepted a level of it."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from .kits import find_components
from .stock_demand import find_taken
from .stock_sources import find_sources


class Accepted(NamedTuple):
    """A level as EIM has it: of the stock read at ``since`` (naive UTC), when ``last_move_id`` was the newest move."""

    location_id: int
    sku: str
    product_id: int
    since: datetime
    last_move_id: int | None


def find_causes(account, changes):
    """Return the ``Change`` list with why each is pushed: its product's stock changed, or a setting made it another."""
    unknown = [change for change in changes if not change.cause]
    if not unknown:
        return changes
    known = account.env.execute_query(
        SQL(
            """SELECT level.location_id, level.sku, level.product_id, level.pushed_at, level.last_move_id
             FROM unnest(%s::int[], %s::text[], %s::int[]) AS new(location_id, sku, product_id)
             JOIN extensiv_stock_level AS level
                  ON level.location_id = new.location_id AND level.sku = new.sku
                     AND level.product_id = new.product_id
            WHERE level.pushed_at IS NOT NULL""",
            [change.location_id for change in unknown],
            [change.sku for change in unknown],
            [change.product_id for change in unknown],
        )
    )
    by_stock = changed_since(account, [Accepted(*row) for row in known])
    return [
        change if change.cause else change._replace(cause="stock" if change.key in by_stock else "setting")
        for change in changes
    ]


def changed_since(account, levels):
    """Return ``{(location id, SKU)}`` of the ``Accepted`` levels whose product's stock changed since, in their mapping.

    That is a quant, a reservation or a move of the product or, of a kit, of its components, what is owed included; a
    removal date that was reached; and an order that will take it. A setting, a mapping or a rule is none.
    """
    if not levels:
        return set()
    sources = find_sources(account)
    products = account.env["product.product"].browse({level.product_id for level in levels})
    components = {kit.id: parts.ids for kit, parts in find_components(account, products).items()}
    parts = [(level, part) for level in levels for part in (level.product_id, *components.get(level.product_id, ()))]
    changed = _moved(account, sources, parts)
    if account.subtract_waiting and len(changed) < len(levels):
        changed |= _ordered(account, sources, parts)
    return changed


def _moved(account, sources, parts):
    """Return ``{(location id, SKU)}`` of which quants or moves changed.

    :param parts: ``[(Accepted, product id)]``
    """
    env = account.env
    for name in ("stock.quant", "stock.move"):
        env[name].flush_model()
    expired = SQL("FALSE")
    if "removal_date" in env["stock.quant"]._fields:
        expired = SQL("quant.removal_date > level.since AND quant.removal_date <= %s", fields.Datetime.now())
    due = SQL("FALSE")
    if days := _days(account):
        due = SQL("move.date > level.since + %s AND move.date <= %s", days, fields.Datetime.now() + days)
    rows = env.execute_query(
        SQL(
            """WITH level AS (
                SELECT * FROM unnest(%(locations)s::int[], %(skus)s::text[], %(products)s::int[],
                                     %(since)s::timestamp[], %(moves)s::int[])
                           AS level(location_id, sku, product_id, since, last_move_id)),
               place AS (SELECT * FROM unnest(%(sources)s::int[], %(places)s::int[]) AS place(source_id, id))
               SELECT location_id, sku FROM level
                WHERE EXISTS (
                      SELECT FROM stock_quant AS quant
                       WHERE quant.product_id = level.product_id AND %(owner)s
                         AND (quant.write_date > level.since OR %(expired)s)
                         AND (level.location_id, quant.location_id) IN (SELECT source_id, id FROM place))
                   OR EXISTS (
                      SELECT FROM stock_move AS move
                       WHERE move.product_id = level.product_id AND move.state <> 'draft'
                         AND (move.id > level.last_move_id OR move.write_date > level.since OR %(due)s)
                         AND ((level.location_id, move.location_id) IN (SELECT source_id, id FROM place)
                              OR (level.location_id, COALESCE(move.location_final_id, move.location_dest_id))
                                 IN (SELECT source_id, id FROM place)
                              OR (level.location_id, move.location_dest_id) IN (SELECT source_id, id FROM place)))""",
            locations=[level.location_id for level, _part in parts],
            skus=[level.sku for level, _part in parts],
            products=[part for _level, part in parts],
            since=[level.since for level, _part in parts],
            moves=[level.last_move_id for level, _part in parts],
            sources=[source.id for source in sources for _place in source.location_ids],
            places=[place for source in sources for place in source.location_ids],
            expired=expired,
            due=due,
            owner=SQL("quant.owner_id = %s", account.owner_id.id) if account.owner_id else SQL("TRUE"),
        )
    )
    return set(rows)


def _ordered(account, sources, parts):
    """Return ``{(location id, SKU)}`` of which an order that reserves nothing yet came, was changed or fell due.

    :param parts: as ``_moved`` takes them
    """
    days = _days(account)
    orders = defaultdict(list)
    for taken in find_taken(account, sources):
        since = taken.demand.since
        orders[taken.source_id, taken.product_id].append(max(since, taken.demand.due - days) if days else since)
    return {
        (level.location_id, level.sku)
        for level, part in parts
        for since in orders.get((level.location_id, part), ())
        # Orders are timed in whole seconds.
        if since >= level.since.replace(microsecond=0)
    }


def _days(account):
    """Return how long before it leaves an order counts, or an empty time: always."""
    return timedelta(days=max(account.owed_days, 0) if account.quantity_basis == "promise" else 0)

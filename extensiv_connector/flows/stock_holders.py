"""Which orders and transfers hold the goods of a level, by name."""

from datetime import datetime
from typing import NamedTuple

from odoo.tools import SQL

from .owed import OPEN
from .stock_demand import find_taken
from .stock_sources import OdooStock

# So many a person may read; the others are counted.
SHOWN = 50


class Holder(NamedTuple):
    """An order or transfer that keeps goods from being sold once more.

    :param how: ``waits`` (in the inbox or as a quotation), ``owed`` or ``reserved``
    :param quantity: in the product's unit
    :param since: when it came (naive UTC)
    """

    name: str
    how: str
    quantity: float
    since: datetime
    res_model: str
    res_id: int
    words: str


def find_holders(account, sources, products):
    """Return the ``Holder`` list of ``products`` in ``sources``: what the account's basis takes off, the oldest first.

    Only ``SHOWN`` of a kind are named, those that hold most.
    """
    env = account.env
    words = {
        "extensiv.order": env._("waits to be imported"),
        "sale.order": env._("waits as a quotation"),
        "owed": env._("confirmed, and not reserved yet"),
        "reserved": env._("reserved"),
    }
    held = {}
    for each in find_taken(account, sources):
        if each.product_id in products._ids:
            demand = each.demand
            key = ("waits", demand.order_name, demand.res_model, demand.res_id)
            quantity, since = held.get(key, (0.0, demand.since))
            held[key] = (quantity + each.quantity, min(since, demand.since))
    stock = OdooStock(account, sources)
    if account.quantity_basis == "promise":
        held.update(_find_documents(env, "owed", stock.owed_sql(products)))
    if account.quantity_basis in ("promise", "free"):
        held.update(_find_documents(env, "reserved", _reserved_sql(env, stock, products)))
    found = [
        Holder(name, how, quantity, since, model, id_, words.get(how) or words[model])
        for (how, name, model, id_), (quantity, since) in held.items()
    ]
    most = []
    for how in ("waits", "owed", "reserved"):
        of_kind = [holder for holder in found if holder.how == how]
        most += sorted(of_kind, key=lambda holder: -holder.quantity)[:SHOWN]
    return sorted(most, key=lambda holder: (("waits", "owed", "reserved").index(holder.how), holder.since, holder.name))


def _reserved_sql(env, stock, products):
    """Return SQL for ``move_id, quantity`` of what is reserved of ``products`` in the places of ``stock``."""
    env["stock.move.line"].flush_model()
    return SQL(
        """SELECT line.move_id, line.quantity_product_uom AS quantity
             FROM stock_move_line AS line JOIN %(places)s USING (location_id)
            WHERE line.state IN %(open)s AND line.product_id = ANY (%(products)s) AND %(owner)s""",
        places=stock.places,
        open=OPEN,
        products=products.ids,
        owner=SQL("line.owner_id = %s", stock.owner.id) if stock.owner else SQL("TRUE"),
    )


def _find_documents(env, how, held):
    """Return ``{(how, name, model, id): (quantity, since)}`` by the orders, or else the transfers, that hold goods.

    :param held: SQL for ``move_id, quantity``
    """
    rows = env.execute_query(
        SQL(
            """SELECT COALESCE(sale.name, picking.name, move.reference, move.origin, ''),
                      CASE WHEN sale.id IS NOT NULL THEN 'sale.order'
                           WHEN picking.id IS NOT NULL THEN 'stock.picking' ELSE 'stock.move' END,
                      COALESCE(sale.id, picking.id, MIN(move.id)), SUM(held.quantity), MIN(move.create_date)
                 FROM (%s) AS held
                 JOIN stock_move AS move ON move.id = held.move_id
                 LEFT JOIN stock_picking AS picking ON picking.id = move.picking_id
                 LEFT JOIN sale_order_line AS line ON line.id = move.sale_line_id
                 LEFT JOIN sale_order AS sale ON sale.id = line.order_id
                GROUP BY sale.id, picking.id, COALESCE(sale.name, picking.name, move.reference, move.origin, '')
               HAVING SUM(held.quantity) > 0""",
            held,
        )
    )
    found = {}
    for name, model, id_, quantity, since in rows:
        before, oldest = found.get((how, name, model, id_), (0.0, since))
        found[how, name, model, id_] = (before + float(quantity), min(oldest, since))
    return found

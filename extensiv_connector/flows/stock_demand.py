"""What the quants do not say: the kits, and what orders will take that EIM believes we have and that reserve nothing
yet, for acknowledging them must not oversell.
"""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from odoo.fields import Domain
from odoo.tools import SQL

from ..eim.wire import Order
from .stock_sources import OdooStock

QUANTITIES = ("qty_available", "free_qty", "virtual_available", "incoming_qty", "outgoing_qty")


class Demand(NamedTuple):
    """What a line of an order will take and does not reserve yet, in the product's unit."""

    warehouse_id: int | None
    product_id: int
    quantity: float
    since: datetime


# -- waiting orders


def find_unreserved_demand(account):
    """Return the ``Demand`` of the lines of orders that EIM gave us and that reserve nothing yet.

    These are orders we acknowledged that are still in the inbox, or a quotation. EIM itself deducts those that it
    still lists as new. What a line gives back, of a return or an exchange, is not here yet: it is not offered before
    it is.
    """
    env = account.env
    for name in ("extensiv.order", "sale.order", "sale.order.line"):
        env[name].flush_model()
    rows = env.execute_query(
        SQL(
            """SELECT id, payload, cart_id, NULL, NULL, NULL, acknowledged_at FROM extensiv_order
                WHERE account_id = %(account)s AND state IN ('received', 'failed') AND acknowledged_at IS NOT NULL
                  AND is_shipped_already IS NOT TRUE
                UNION ALL
               SELECT NULL, NULL, NULL, sale.warehouse_id, line.product_id,
                      line.product_uom_qty * COALESCE(unit.factor, 1) / COALESCE(own_unit.factor, 1),
                      GREATEST(received.acknowledged_at, line.write_date)
                 FROM sale_order AS sale
                 JOIN extensiv_order AS received ON received.id = sale.extensiv_order_id
                 JOIN sale_order_line AS line ON line.order_id = sale.id
                 JOIN product_product AS product ON product.id = line.product_id
                 JOIN product_template AS template ON template.id = product.product_tmpl_id
                 LEFT JOIN uom_uom AS unit ON unit.id = line.product_uom_id
                 LEFT JOIN uom_uom AS own_unit ON own_unit.id = template.uom_id
                WHERE sale.extensiv_account_id = %(account)s AND sale.state IN ('draft', 'sent')
                  AND received.acknowledged_at IS NOT NULL AND line.product_uom_qty > 0
                  AND received.is_shipped_already IS NOT TRUE""",
            account=account.id,
        )
    )
    quoted = [
        Demand(warehouse, product, float(quantity or 0), since)
        for order, _payload, _cart, warehouse, product, quantity, since in rows
        if not order
    ]
    inbox = [
        (Order.from_payload(payload), cart, since) for order, payload, cart, *_rest, since in rows if order and payload
    ]
    return quoted + (_find_demand_of_inbox(account, inbox) if inbox else [])


def _find_demand_of_inbox(account, inbox):
    """Return the ``Demand`` of inbox orders' lines once they are imported.

    :param inbox: ``[(wire.Order, cart id, since when)]``
    """
    env = account.env
    codes = defaultdict(set)
    for order, _cart, _since in inbox:
        for sku, others in order.codes().items():
            codes[sku] |= others
    matches = env["product.product"]._extensiv_match(account, codes)
    warehouses = account.location_ids._warehouses(account)
    default = env["stock.warehouse"].search([("company_id", "=", account.company_id.id)], limit=1)
    carts = env["extensiv.cart"]
    demand = []
    for order, cart, since in inbox:
        warehouse = (
            warehouses.get(order.location)
            or warehouses.get(order.warehouse_pk)
            or carts.browse(cart).warehouse_id
            or default
        )
        demand += [
            Demand(
                warehouse.id or None,
                matches[line.sku].product.id,
                float(line.quantity) * matches[line.sku].units,
                since,
            )
            for line in order.lines
            if not line.filtered and line.sku and line.quantity and line.quantity > 0 and matches[line.sku].product
        ]
    return demand


def _add_up_demand(account, sources):
    """Return ``{(source id, product): quantity}`` of the waiting orders.

    An order counts in every source of the warehouse that will deliver it.

    :param account: also a form's record, whose orders are those of the saved one
    """
    added_up = defaultdict(float)
    if not account.subtract_waiting or not account._origin:
        return added_up
    products = account.env["product.product"]
    for demand in find_unreserved_demand(account._origin):
        for source in sources:
            if source.warehouse_id in (None, demand.warehouse_id):
                added_up[source.id, products.browse(demand.product_id)] += demand.quantity
    return added_up


# -- kits


def compute_corrections(account, sources):
    """Return the kits, and ``{(source id, product id): quantity}`` to add to what quants and moves say.

    Of a kit that is its availability, as Odoo computes it from what its components have; of any other product what
    waiting orders will take, as a negative quantity.
    """
    kits = find_kits(account)
    demand = _add_up_demand(account, sources)
    if not kits and not demand:
        return kits, {}
    # What is ordered need not be pushed itself.
    ordered = kits.union(*(product for _source, product in demand))
    recipes = kits.env["mrp.bom"]._bom_find(ordered, bom_type="phantom") if "mrp.bom" in account.env else {}
    components = account.env["product.product"].union(
        *(line.product_id for kit, bom in recipes.items() for line, _data in bom.explode(kit, 1)[1])
    )
    taken = _explode(demand, recipes)
    corrections = {key: -quantity for key, quantity in taken.items()}
    stock = OdooStock(account, sources).quantities(components)
    for source in sources:
        available = {
            component.id: dict.fromkeys(
                QUANTITIES,
                component.uom_id.round(
                    stock.get((source.id, component.id), 0) - taken.get((source.id, component.id), 0)
                ),
            )
            for component in components
        }
        computed = kits.with_context(mrp_compute_quantities=available)._compute_quantities_dict(None, None, None)
        corrections.update(
            {(source.id, kit): of_kit["free_qty"] for kit, of_kit in computed.items() if kit in kits._ids}
        )
    return kits, corrections


def _explode(demand, recipes):
    """Return ``{(source id, product id): quantity}`` of ``demand``, where an order for a kit takes its components."""
    taken = defaultdict(float)
    for (source, product), quantity in demand.items():
        if bom := recipes.get(product):
            times = product.uom_id._compute_quantity(quantity, bom.product_uom_id, round=False) / bom.product_qty
            for line, data in bom.explode(product, times)[1]:
                taken[source, line.product_id.id] += line.product_uom_id._compute_quantity(
                    data["qty"], line.product_id.uom_id, round=False
                )
        else:
            taken[source, product.id] += quantity
    return taken


def find_kits(account):
    """Return the products that are sold as kits in the account's company; none without ``mrp``."""
    products = account.env["product.product"]
    if "mrp.bom" not in account.env:
        return products
    aliases = products.env["extensiv.sku.alias"]._search([("account_id", "=", account._origin.id)])
    named = Domain("default_code", "!=", False) | Domain("id", "in", aliases.subselect("product_id"))
    # As superuser, recipes are found of all companies but for the context.
    return (
        products.with_company(account.company_id)
        .with_context(company_id=account.company_id.id)
        .search(
            Domain(
                [
                    ("is_kits", "=", True),
                    ("sale_ok", "=", True),
                    ("extensiv_stock_rule", "!=", "leave"),
                ]
            )
            & named
            & Domain(products._check_company_domain(account.company_id))
        )
    )

"""What the quants do not say: the kits, and what orders will take that reserve nothing yet, for the same goods must not
be sold twice.
"""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from ..eim.wire import Order
from .delivery_source import DeliverySource
from .kit_levels import Kits, find_kits
from .kits import explode
from .owed import due_until


class Demand(NamedTuple):
    """What a line of an order will take and does not reserve yet, in the product's unit; moments are naive UTC.

    ``since`` is when it came or was changed, ``due`` when it is to leave, ``order_name`` what people call the order.
    """

    warehouse_id: int | None
    product_id: int
    quantity: float
    since: datetime
    due: datetime
    route_ids: tuple
    order_name: str
    res_model: str
    res_id: int


class Taken(NamedTuple):
    """What a waiting order will take of a product, or of a component of a kit, in one source."""

    source_id: int
    product_id: int
    quantity: float
    demand: Demand


class Corrections(NamedTuple):
    """What to add to what quants and moves say, ``{(source id, product id): quantity}``.

    Of a kit that is its availability, and ``on_hand`` how many can be made of what is there; of any other product what
    waiting orders will take, as a negative quantity.

    ``kits`` are the products whose level is a number of kits or combos: of a restricted question those that were asked
    about, and those made of any of these. ``found`` says more of them.
    """

    kits: object
    quantities: dict
    on_hand: dict
    found: Kits

    @property
    def untracked_ids(self):
        """The kits without any part whose stock is tracked: they have no level, whatever quants there are of them."""
        return self.found.untracked_ids

    @property
    def notes(self):
        """Sentences for a person on kits that need attention."""
        return self.found.describe()


# -- waiting orders


def find_unreserved_demand(account):
    """Return the ``Demand`` of the lines of orders that EIM gave us and that reserve nothing yet.

    These are orders that are still in the inbox, or a quotation. Of this account those that we acknowledged: EIM itself
    deducts those that it still lists as new. What can be promised is less by those of the company's other accounts,
    too, of which this account's EIM knows nothing. What a line gives back, of a return or an exchange, is not here
    yet: it is not offered before it is.
    """
    env = account.env
    saved = account._origin
    others = saved.browse()
    if account.quantity_basis == "promise":
        same_owner = Domain("owner_id", "=", account.owner_id.id) if account.owner_id else Domain.TRUE
        # A quotation of an archived account may still be confirmed.
        others = (
            env["extensiv.account"]
            .with_context(active_test=False)
            .search(Domain("company_id", "=", account.company_id.id) & Domain("id", "not in", saved.ids) & same_owner)
        )
    for name in ("extensiv.order", "sale.order", "sale.order.line", "extensiv.cart"):
        env[name].flush_model()
    is_ours = SQL(
        """(received.account_id = ANY (%s) OR received.account_id = ANY (%s) AND received.acknowledged_at IS NOT NULL)
           AND received.is_shipped_already IS NOT TRUE""",
        others.ids,
        saved.ids,
    )
    demand = _find_demand_of_quotations(env, is_ours)
    inbox = defaultdict(list)
    for in_account, payload, *rest in env.execute_query(
        SQL(
            """SELECT account_id, payload, cart_id, COALESCE(acknowledged_at, create_date), id
                 FROM extensiv_order AS received
                WHERE state IN ('received', 'failed') AND payload IS NOT NULL AND %s
                  AND NOT EXISTS (SELECT FROM extensiv_cart AS cart WHERE cart.id = received.cart_id
                                     AND cart.fulfilled_elsewhere)""",
            is_ours,
        )
    ):
        if payload:
            inbox[in_account].append((Order.from_payload(payload), *rest))
    for in_account in env["extensiv.account"].browse(inbox):
        if in_account.active or in_account in saved:  # what an archived one received is not imported any more
            demand += _find_demand_of_inbox(in_account, inbox[in_account.id])
    return demand


def _find_demand_of_quotations(env, is_ours):
    """Return the ``Demand`` of the lines of quotations.

    :param is_ours: SQL for whether a ``received`` order counts
    """
    routes = env["sale.order.line"]._fields["route_ids"]
    rows = env.execute_query(
        SQL(
            """SELECT COALESCE(line.extensiv_warehouse_id, sale.warehouse_id), line.product_id,
                      line.product_uom_qty * COALESCE(unit.factor, 1) / COALESCE(own_unit.factor, 1),
                      GREATEST(COALESCE(received.acknowledged_at, received.create_date), line.write_date),
                      COALESCE(sale.commitment_date, %(now)s + make_interval(secs => 86400 * line.customer_lead))
                      - make_interval(secs => 86400 * COALESCE(company.security_lead, 0)),
                      ARRAY(SELECT link.%(route)s FROM %(routes)s AS link WHERE link.%(line)s = line.id),
                      sale.name, 'sale.order', sale.id
                 FROM sale_order AS sale
                 JOIN extensiv_order AS received ON received.id = sale.extensiv_order_id
                 JOIN sale_order_line AS line ON line.order_id = sale.id
                 JOIN product_product AS product ON product.id = line.product_id
                 JOIN product_template AS template ON template.id = product.product_tmpl_id
                 JOIN res_company AS company ON company.id = sale.company_id
                 LEFT JOIN uom_uom AS unit ON unit.id = line.product_uom_id
                 LEFT JOIN uom_uom AS own_unit ON own_unit.id = template.uom_id
                WHERE sale.state IN ('draft', 'sent') AND line.product_uom_qty > 0 AND %(is_ours)s
                  -- Who delivers it was decided when it was made, whatever its cart says now.
                  AND sale.extensiv_is_fulfilled_elsewhere IS NOT TRUE
                  -- The items of a combo are lines of their own.
                  AND template.type <> 'combo'""",
            now=fields.Datetime.now(),
            routes=SQL.identifier(routes.relation),
            line=SQL.identifier(routes.column1),
            route=SQL.identifier(routes.column2),
            is_ours=is_ours,
        )
    )
    return [
        Demand(warehouse, product, float(quantity or 0), since, due, tuple(route_ids), *order)
        for warehouse, product, quantity, since, due, route_ids, *order in rows
    ]


def _find_demand_of_inbox(account, inbox):
    """Return the ``Demand`` of inbox orders' lines once they are imported.

    :param inbox: ``[(wire.Order, cart id, since when, id)]``
    """
    env = account.env
    codes = defaultdict(set)
    for order, *_rest in inbox:
        for sku, others in order.codes().items():
            codes[sku] |= others
    matches = env["product.product"]._extensiv_match(account, codes)
    warehouses = account.location_ids._warehouses(account)
    default = env["stock.warehouse"].search([("company_id", "=", account.company_id.id)], limit=1)
    carts = env["extensiv.cart"]
    now = fields.Datetime.now()
    demand = []
    for order, cart, since, id_ in inbox:
        warehouse = (
            warehouses.get(order.location)
            or warehouses.get(order.warehouse_pk)
            or carts.browse(cart).warehouse_id
            or default
        )
        asked_for = order.requested_ship_date or order.latest_ship_date
        for line in order.lines:
            product = line.sku and not line.filtered and matches[line.sku].product
            if not product or not line.quantity or line.quantity <= 0:
                continue
            due = (asked_for or now + timedelta(days=product.sale_delay)) - timedelta(
                days=account.company_id.security_lead
            )
            demand.append(
                Demand(
                    (warehouses.get(line.location) or warehouse).id or None,
                    product.id,
                    float(line.quantity) * matches[line.sku].units,
                    since,
                    due,
                    (),
                    order.cust_ref,
                    "extensiv.order",
                    id_,
                )
            )
    return demand


def find_taken(account, sources, until=None):
    """Return what the waiting orders will take in each source, a ``Taken`` each; of a kit its components.

    What can be promised is less by it in the sources from which Odoo's rules will take it, so that nothing rises once
    an order is confirmed, and what the vendor delivers or is made to order takes nothing. On the other bases an order
    counts in every source of the warehouse that will deliver it.

    :param account: also a form's record, whose orders are those of the saved one
    :param until: without orders due later (naive UTC); by default the account's own limit
    """
    if not account.subtract_waiting:
        return []
    until = until or due_until(account)
    demand = [each for each in find_unreserved_demand(account) if not until or each.due <= until]
    if not demand:
        return []
    exploded = explode(account, {(each.product_id, each.quantity) for each in demand})
    parts = [exploded[each.product_id, each.quantity] for each in demand]
    if account.quantity_basis == "promise":
        are_in = _places_finder(account, sources, {part for of_one in parts for part, _quantity in of_one})
    else:
        warehouse_sources = {
            warehouse: [source.id for source in sources if source.is_delivered_by(warehouse)]
            for warehouse in {each.warehouse_id for each in demand}
        }

        def are_in(each, _part):
            return warehouse_sources[each.warehouse_id]

    return [
        Taken(source, part, quantity, each)
        for each, of_one in zip(demand, parts, strict=True)
        for part, quantity in of_one
        for source in are_in(each, part)
    ]


def _places_finder(account, sources, product_ids):
    """Return a function of a ``Demand`` and a product id that returns the ids of the sources it is taken from."""
    found = DeliverySource(account.env, account.company_id, product_ids)
    of_place = defaultdict(list)
    for source in sources:
        for place in source.location_ids:
            of_place[place].append(source.id)
    everywhere = [source.id for source in sources if source.warehouse_ids is None]

    def are_in(demand, product_id):
        if not demand.warehouse_id:
            return everywhere
        return of_place.get(found.find(product_id, demand.warehouse_id, demand.route_ids), ())

    return are_in


# -- kits


def compute_corrections(account, sources, until=None, products=None, taken=None):
    """Return the ``Corrections`` of the account's stock in ``sources``.

    :param until: without orders due later (naive UTC); by default the account's own limit
    :param products: ids of products: only what concerns these, and the kits that are made of any of these; by default
        everything
    :param taken: what ``find_taken`` returned for the same sources, where it was asked already
    """
    if taken is None:
        taken = find_taken(account, sources, until)
    totals = sum_taken(taken)
    found = find_kits(account, sources, until, products, totals)
    wanted = None if products is None else set(products)
    corrections = {key: -quantity for key, quantity in totals.items() if wanted is None or key[1] in wanted}
    return Corrections(found.products, {**corrections, **found.quantities}, found.on_hand, found)


def sum_taken(taken):
    """Return ``{(source id, product id): quantity}`` of ``Taken``."""
    totals = defaultdict(float)
    for each in taken:
        totals[each.source_id, each.product_id] += each.quantity
    return totals

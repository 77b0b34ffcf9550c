"""When EIM is told of an order: once it has left as a whole, see ``Progress.is_fulfilled``.

A transfer never waits for EIM. It only has its orders marked as ready and a pass started, and the pass marks what no
transfer did.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL, format_datetime

from . import drop_orders, kit_fulfilment, missing_carrier, services
from .packages import NUMBER_FIELD, is_numbered, text_fields
from .trigger import trigger

# Counted are done moves to a customer, found by their order line whatever route they take; the state of the order's
# deliveries proves nothing, it also holds when they were cancelled. Open is a move that is bound, in the end, for
# outside: a step before the last knows where it leads to, or what it is pulled by is open itself. Goods that came back
# and are put away step by step hold up nothing.
PROGRESS = """
SELECT o.id,
       max(COALESCE(m.date_done, m.date)) FILTER (WHERE m.has_left),
       COALESCE(bool_or(m.is_open), false),
       COALESCE(bool_or(m.id IS NULL AND l.display_type IS NULL AND l.product_uom_qty > 0
                        AND t.type = 'consu'), false),
       COALESCE(bool_and(m.is_tracked) FILTER (WHERE m.has_left), false),
       o.state, o.extensiv_shipment_state, cart.push_shipments IS FALSE, cart.wait_tracking IS TRUE,
       o.carrier_id IS NOT NULL
       OR COALESCE(bool_and(m.carrier_id IS NOT NULL) FILTER (WHERE m.has_left AND
                       (l.extensiv_sku != '' OR l.combo_item_id IS NOT NULL)), true),
       COALESCE(bool_and(m.is_back) FILTER (WHERE m.has_left), false),
       COALESCE(bool_or((l.extensiv_sku != '' OR l.combo_item_id IS NOT NULL)
                        AND l.product_uom_qty > 0 AND t.type = 'service'), false)
       AND NOT COALESCE(bool_or(l.product_uom_qty > 0 AND t.type = 'consu'), false) AS is_services_alone
  FROM sale_order o
  LEFT JOIN extensiv_cart cart ON cart.id = o.extensiv_cart_id
  LEFT JOIN sale_order_line l ON l.order_id = o.id
  LEFT JOIN product_product p ON p.id = l.product_id
  LEFT JOIN product_template t ON t.id = p.product_tmpl_id
  LEFT JOIN LATERAL (
       SELECT move.id, move.date, picking.date_done, picking.carrier_id,
              move.state = 'done' AND move.quantity > 0
              AND (dest.usage = 'customer' OR dest.usage = 'transit' AND dest.company_id IS NULL)
              AND (move.origin_returned_move_id IS NULL OR move.to_refund) AS has_left,
              move.state NOT IN ('done', 'cancel') AND COALESCE(final.usage, dest.usage) != 'internal'
              AND source.usage != 'customer' AND move.origin_returned_move_id IS NULL AS is_open,
              COALESCE(picking.carrier_tracking_ref, '') != '' OR method.extensiv_no_tracking IS TRUE
              OR %(is_numbered)s AS is_tracked,
              move.state = 'done' AND move.quantity <= COALESCE((SELECT sum(back.quantity) FROM stock_move back
                                          WHERE back.origin_returned_move_id = move.id AND back.state = 'done'),
                                        0) AS is_back
         FROM stock_move move
         JOIN stock_location source ON source.id = move.location_id
         JOIN stock_location dest ON dest.id = move.location_dest_id
         LEFT JOIN stock_location final ON final.id = move.location_final_id
         LEFT JOIN stock_picking picking ON picking.id = move.picking_id
         LEFT JOIN delivery_carrier method ON method.id = COALESCE(picking.carrier_id, o.carrier_id)
        WHERE move.sale_line_id = l.id) AS m ON true
 WHERE %(orders)s
 GROUP BY o.id, cart.id ORDER BY o.id"""
READ_BY_PROGRESS = {
    "sale.order": ["state", "extensiv_shipment_state", "carrier_id"],
    "extensiv.cart": ["push_shipments", "wait_tracking"],
    "sale.order.line": [
        "product_uom_qty",
        "product_id",
        "order_id",
        "display_type",
        "extensiv_sku",
        "combo_item_id",
    ],
    "stock.move": [
        "state",
        "quantity",
        "sale_line_id",
        "to_refund",
        "picking_id",
        "date",
        "location_final_id",
        "origin_returned_move_id",
    ],
    "stock.picking": ["carrier_tracking_ref", "carrier_id", "date_done"],
    "delivery.carrier": ["extensiv_no_tracking"],
    "stock.move.line": ["result_package_id", "quantity", "move_id", "package_history_id"],
    "stock.package.history": ["outermost_dest_id"],
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the deliveries of one ``sale.order`` are.

    :param left_at: when the last one left; None: nothing has
    :param is_open: whether a move is still open
    :param has_gap: whether a line has no move yet
    :param is_tracked: whether everything that left has a tracking number, or a delivery method that gives none
    :param state: the order's own
    :param shipment_state: what EIM knows of it
    :param is_off: whether its cart takes no confirmation of shipments
    :param wait_tracking: whether its cart waits for tracking numbers
    :param has_carrier: whether everything that EIM ordered left with a delivery method
    :param came_back: whether all that left came back
    :param is_services_alone: whether EIM ordered services, and there are no goods to leave with them
    """

    order: object
    left_at: datetime | None
    is_open: bool
    has_gap: bool
    is_tracked: bool
    state: str
    shipment_state: str | None
    is_off: bool
    wait_tracking: bool
    has_carrier: bool
    came_back: bool
    is_services_alone: bool

    @property
    def is_over(self):
        """Whether nothing more is to leave: of a cancelled order, also where a line never had a move."""
        return not self.is_open and (not self.has_gap or self.state == "cancel")

    @property
    def is_fulfilled(self):
        """Whether the order has left as a whole: something has, and nothing more is to leave."""
        return self.left_at is not None and self.is_over

    @property
    def can_be_told(self):
        """Whether a person may have EIM told now: of services alone nothing leaves."""
        return self.is_fulfilled or self.is_over and self.is_services_alone

    @property
    def lacks_tracking(self):
        """Whether its cart waits for a tracking number that a transfer does not have."""
        return self.wait_tracking and not self.is_tracked


def get_query(env, orders):
    """Return the query of what ``Progress`` holds, of the orders that the SQL condition ``orders`` on ``o`` selects."""
    return SQL(PROGRESS, orders=orders, is_numbered=is_numbered(env, SQL.identifier("move", "id")))


def read_progress(env, orders):
    """Return the ``Progress`` list of the orders that the SQL condition ``orders`` on ``o`` selects."""
    for model, names in READ_BY_PROGRESS.items():
        env[model].flush_model(names)
    Package = env["stock.package"]
    Package.flush_model(["name", "parent_package_id", *text_fields(Package, NUMBER_FIELD)])
    rows = env.execute_query(get_query(env, orders))
    records = env["sale.order"].browse(row[0] for row in rows)  # read together, however many
    progress = [Progress(record, *row[1:]) for record, row in zip(records, rows, strict=True)]
    unordered = drop_orders.find_unordered(env, [status.order.id for status in progress if status.is_fulfilled])
    return [replace(status, is_open=True) if status.order.id in unordered else status for status in progress]


# -- marking


class Marked(NamedTuple):
    """What became of orders that were looked at: those ready to be told, and those that wait for a person.

    :param lacking: those that lack nothing but a delivery method
    :param incomplete: ``{order: text}`` of those whose kits left with parts missing
    """

    ready: object
    lacking: object
    incomplete: dict

    @property
    def all(self):
        """Every one of these orders."""
        return (self.ready | self.lacking).union(*self.incomplete)


def mark(env, progress):
    """Mark the orders that are ready to be told, and those that there is nothing to tell of.

    Those of a cart that waits for tracking numbers stay as they are until every transfer has one, and so do those that
    left with a carrier that nobody chose, or kits with parts missing. Of services alone nothing leaves: a person
    decides.

    :param progress: ``Progress`` of orders whose shipment state is ``waiting`` or ``skipped``
    :return: ``Marked``
    """
    complete = []
    unconfirmed_ids = []
    nothing_ids = []
    services_ids = []
    back_ids = []
    for status in progress:
        order = status.order
        is_elsewhere = order.extensiv_is_shipped_already or order.extensiv_is_fulfilled_elsewhere
        if not status.is_over or status.state not in ("sale", "cancel") or is_elsewhere:
            continue
        is_skipped = status.shipment_state == "skipped"
        is_of_services = status.is_services_alone and status.state == "sale"
        if not status.is_fulfilled and not is_of_services:
            nothing_ids += [status.order.id] * (not is_skipped)
        elif status.is_off:
            unconfirmed_ids += [status.order.id] * (not is_skipped)
        elif not status.is_fulfilled:
            services_ids += [status.order.id] * (not is_skipped)
        elif status.came_back:
            back_ids += [status.order.id] * (not is_skipped)
        elif not status.lacks_tracking:
            complete.append(status)
    Order = env["sale.order"]
    skip_unconfirmed(Order.browse(unconfirmed_ids))
    Order.browse(nothing_ids)._extensiv_skip(
        env._("Everything was cancelled, or is no goods: nothing is left to ship.")
    )
    services.wait(Order.browse(services_ids))
    Order.browse(back_ids)._extensiv_skip(
        env._(
            "All that left came back before EIM was told, so it is not told. Should the buyer have had it, press Send "
            "Shipment Now; should the order be off, cancel it in its cart."
        )
    )
    lacking = missing_carrier.find(env, complete)
    lacking.filtered(lambda order: order.extensiv_shipment_state == "skipped")._extensiv_set_shipment_state("waiting")
    ready = Order.browse(status.order.id for status in complete) - lacking
    incomplete = kit_fulfilment.find_incomplete(ready)
    kit_fulfilment.wait(incomplete)
    ready -= Order.union(*incomplete)
    ready._extensiv_set_shipment_state("ready")
    return Marked(ready, lacking, incomplete)


def mark_delivered(pickings):
    """Mark the orders that the transfers complete."""
    env = pickings.env
    env["stock.move"].flush_model(["sale_line_id", "picking_id"])
    env["sale.order"].flush_model(["extensiv_shipment_state"])
    # Asked by itself: together with the progress PostgreSQL would look at every order that waits.
    rows = env.execute_query(
        SQL(
            """SELECT DISTINCT o.id FROM stock_move move
                 JOIN sale_order_line line ON line.id = move.sale_line_id
                 JOIN sale_order o ON o.id = line.order_id
                WHERE move.picking_id = ANY(%s) AND o.extensiv_shipment_state IN ('waiting', 'skipped')""",
            list(pickings.ids),
        )
    )
    mark_now(env["sale.order"].browse(order_id for (order_id,) in rows))


def mark_now(orders):
    """Mark ``orders``, which wait or were skipped, after something that they may have waited for."""
    if not orders:
        return
    env = orders.sudo().env
    if mark(env, read_progress(env, SQL("o.id = ANY(%s)", list(orders.ids)))).all:
        # The pass tells a person what those lack that are not ready.
        trigger(orders.env, "shipments")


def mark_waiting(account):
    """Repair what no hook marked, and report orders that wait for a delivery method, or too long for a number."""
    env = account.env
    progress = read_progress(
        env, SQL("o.extensiv_shipment_state = 'waiting' AND o.extensiv_account_id = %s", account.id)
    )
    marked = mark(env, progress)
    missing_carrier.report(account, marked.lacking)
    kit_fulfilment.report(account, marked.incomplete)
    untracked = [
        status
        for status in progress
        if status.is_fulfilled and not status.is_tracked and not status.is_off and status.order not in marked.all
    ]
    _report_untracked(account, untracked)


def _report_untracked(account, untracked):
    """Report once the orders that have waited for a tracking number for as many days as their cart allows."""
    env = account.env
    now = fields.Datetime.now()
    failures = {}
    for status in untracked:
        order = status.order
        patience = timedelta(days=order.extensiv_cart_id.wait_tracking_days)
        if order.extensiv_shipment_message or status.left_at + patience > now:
            continue
        message = env._(
            "Order %(order)s left on %(moment)s without a tracking number. Enter it on the transfer, or press "
            "Send Shipment Now on the order to tell EIM without one.",
            order=order.name,
            moment=format_datetime(env, status.left_at),
        )
        # The message on the order remembers that it was reported.
        order._extensiv_set_shipment_state("waiting", message)
        failures[order.extensiv_cust_ref] = {"message": message, "category": "data", "document": order}
    env["extensiv.error"]._report(account, "shipments", failures)


def skip_unconfirmed(orders):
    """Note that EIM is not told of ``orders``, whose carts take no confirmation."""
    for cart, cart_orders in orders.grouped("extensiv_cart_id").items():
        cart_orders._extensiv_skip(
            orders.env._(
                "The cart takes no confirmation of shipments: Tell of Shipments is off for %s. If EIM is to be "
                "told all the same, have a manager switch it on there, then press Send Shipment Now.",
                cart.name,
            )
        )

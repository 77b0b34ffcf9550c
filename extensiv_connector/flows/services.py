"""Services and digital goods that EIM ordered: nothing of them leaves, and the cart waits to hear of them."""

from collections import Counter
from decimal import Decimal

from odoo import fields

from ..eim.wire import Shipment, ShipmentItem


def find_lines(order):
    """Return the lines of ``order`` that EIM ordered and that no transfer delivers."""
    return order.order_line.filtered(lambda line: line.extensiv_sku and line.product_uom_qty > 0 and _is_service(line))


def _is_service(line):
    if line.product_id.type == "combo":
        items = line.linked_line_ids.filtered("combo_item_id")
        return bool(items) and all(item.product_id.type == "service" for item in items)
    return line.product_id.type == "service"


def find_parcel(order, parcels):
    """Return which of ``parcels``, oldest first, tells of the services of ``order``, or None where its cart wants none.

    It is the last that holds something EIM ordered, or, where none does, the last.
    """
    if order.extensiv_cart_id and not order.extensiv_cart_id.tell_services:
        return None
    return next((parcel for parcel in reversed(parcels) if parcel.items), parcels[-1] if parcels else None)


def get_shipments(order):
    """Return the one ``wire.Shipment`` of an ``order`` of which nothing left and that holds services, else none."""
    lines = find_lines(order)
    if not lines or order._extensiv_left_moves():
        return []
    carrier, method = order.carrier_id._extensiv_names(order) if order.carrier_id else ("", "")
    items = Counter()
    for line in lines:
        items[line.extensiv_sku] += min(line.product_uom_qty, line.extensiv_quantity or line.product_uom_qty)
    return [
        Shipment(
            carrier=carrier,
            method=method,
            tracking_no="",
            date=fields.Datetime.now(),
            items=tuple(ShipmentItem(sku, Decimal(repr(quantity))) for sku, quantity in items.items()),
        )
    ]


def wait(orders):
    """Have ``orders`` of services alone wait for a person, who knows when they were rendered."""
    message = orders.env._(
        "The order holds services alone, so no transfer says when they are done. Press Decide: tell EIM of them, or "
        "close the order without."
    )
    new = orders.filtered(lambda order: order.extensiv_decision != "services")
    new._extensiv_set_shipment_state("waiting", message, extensiv_decision="services")

"""Tracking numbers that change after a transfer left."""

from odoo.tools import SQL

from ..eim.tracking_numbers import read_numbers
from . import fulfilment
from .numbering import list_numbers


def update_tracking(pickings):
    """Take up new tracking numbers of ``pickings`` that are done.

    They set orders free, a number that was taken back is waited for again, and one that EIM was not told is reported.
    """
    fulfilment.mark_delivered(pickings)
    orders = pickings.sudo().move_ids.sale_line_id.order_id.filtered("extensiv_cust_ref")
    for order in orders.filtered(lambda order: order.extensiv_shipment_state == "sent"):
        check_sent_numbers(order)
    ready = orders.filtered(lambda order: order.extensiv_shipment_state == "ready")
    if ready and any(not picking.carrier_tracking_ref for picking in pickings):
        for progress in fulfilment.read_progress(ready.env, SQL("o.id = ANY(%s)", ready.ids)):
            if progress.lacks_tracking:
                progress.order._extensiv_set_shipment_state("waiting")


def read_told(order):
    """Return what EIM is about to be told of the tracking numbers of ``order``, to know later what changed.

    :return: ``{"told": {id of a transfer, as text: its numbers}}``
    """
    numbers = list_numbers(order._extensiv_left_moves().picking_id)
    return {"told": {str(picking.id): found for picking, found in numbers.items()}}


def check_sent_numbers(order):
    """Say of the transfers that EIM was told of which have other tracking numbers by now, each change once.

    EIM takes the shipments of an order only once, so a person has to tell the cart. What left since, such as an
    exchange, EIM was never to be told.
    """
    env = order.env
    Error = env["extensiv.error"]
    record = order.extensiv_told_tracking or _read_told_before(order)
    told = record["told"]
    pickings = order._extensiv_left_moves().picking_id.filtered(lambda picking: str(picking.id) in told)
    changed = {
        picking: numbers
        for picking, numbers in list_numbers(pickings).items()
        if set(numbers) != set(told[str(picking.id)])
    }
    said = {str(picking.id): numbers for picking, numbers in changed.items()}
    if said == record.get("said", {}):
        return
    order.extensiv_told_tracking = {"told": told, "said": said}
    if not changed:
        states = ("open", "dismissed")
        return Error._resolve(order.extensiv_account_id, "shipments", [order.extensiv_cust_ref], "tracking", states)
    message = "\n".join(_describe(env, picking, numbers, told) for picking, numbers in changed.items())
    order._message_log(body=message)
    failure = {"message": message, "category": "data", "document": order}
    Error._report(order.extensiv_account_id, "shipments", {order.extensiv_cust_ref: failure}, "tracking")


def _describe(env, picking, numbers, told):
    """Return in sentences how the numbers of a transfer changed."""
    words = {
        "transfer": picking.name,
        "numbers": ", ".join(numbers),
        "told": ", ".join(told[str(picking.id)]) or env._("none"),
    }
    if not numbers:
        return env._(
            "The tracking number of %(transfer)s was taken away, as when its label is cancelled, but EIM was told "
            "%(told)s and takes shipments only once. Should nothing be under way, tell the cart itself; a new number "
            "is entered in the cart, too. Then dismiss this error.",
            **words,
        )
    return env._(
        "The tracking number of %(transfer)s is now %(numbers)s, but EIM was told %(told)s and takes shipments "
        "only once. Change it in the cart itself, then dismiss this error.",
        **words,
    )


def _read_told_before(order):
    """Return the same as ``read_told`` of an order that was told when that was not written down yet."""
    sent = set()
    for shipment in order.extensiv_shipments or ():
        sent.update(read_numbers(shipment.get("tracking_no"), ()).numbers)
    left = order._extensiv_left_moves().picking_id.filtered(
        lambda picking: not order.extensiv_sending_at or picking.date_done <= order.extensiv_sending_at
    )
    if not order.extensiv_shipments or not left:
        return {"told": {}}
    numbers = list_numbers(left)
    # Which transfer a number that is gone was of, nobody wrote down.
    unknown = sorted(sent.difference(*numbers.values()))
    told = {picking: sorted(sent.intersection(found)) for picking, found in numbers.items()}
    return {"told": {str(picking.id): found or unknown for picking, found in told.items()}}

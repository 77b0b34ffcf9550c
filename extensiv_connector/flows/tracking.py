"""Tracking numbers that change after a transfer left."""

from . import fulfilment
from .parcels import split_numbers


def update_tracking(pickings):
    """Take up new tracking numbers of ``pickings`` that are done.

    They set orders free, a number that was taken back is waited for again, and one that EIM was not told is reported.
    """
    fulfilment.mark_delivered(pickings)
    for picking in pickings.sudo():
        for order in picking.move_ids.sale_line_id.order_id:
            if order.extensiv_shipment_state == "sent":
                check_sent_numbers(order, picking)
            elif (
                order.extensiv_shipment_state == "ready"
                and order.extensiv_cart_id.wait_tracking
                and not picking.carrier_tracking_ref
            ):
                order._extensiv_set_shipment_state("waiting")


def check_sent_numbers(order, picking):
    """Report a tracking number of ``picking`` that EIM was not told: it takes the shipments of an order only once."""
    env = order.env
    Error = env["extensiv.error"]
    sent = {
        number for shipment in order.extensiv_shipments or () for number in split_numbers(shipment.get("tracking_no"))
    }
    numbers = set(split_numbers(picking.carrier_tracking_ref))
    transfers = order._extensiv_left_moves().picking_id
    if not order.extensiv_shipments or picking not in transfers:
        return
    if numbers <= sent and bool(numbers) == bool(sent):
        if all(sent.issuperset(split_numbers(transfer.carrier_tracking_ref)) for transfer in transfers):
            Error._resolve(order.extensiv_account_id, "shipments", [order.extensiv_cust_ref], "tracking")
        return
    message = env._(
        "The tracking number of %(transfer)s is now %(numbers)s, but EIM was told %(told)s and takes shipments "
        "only once. Change it in the cart itself, then dismiss this error.",
        transfer=picking.name,
        numbers=", ".join(sorted(numbers)) or env._("empty"),
        told=", ".join(sorted(sent)) or env._("none"),
    )
    order._message_log(body=message)
    failure = {"message": message, "category": "data", "document": order}
    Error._report(order.extensiv_account_id, "shipments", {order.extensiv_cust_ref: failure}, "tracking")

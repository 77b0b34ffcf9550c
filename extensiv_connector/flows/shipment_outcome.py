"""What became of a shipment, written on its order and as an error where a person is needed."""

import re

from markupsafe import Markup

from odoo import fields

from .languages import translated
from .tracking import check_sent_numbers

# *Inferred* from the known refusal "Unmapped ship method".
CARRIER_WORDS = re.compile(r"ship(ping)?\s*method|carrier", re.IGNORECASE)
KNOWN_AT_EIM = ("shipped", "confirmed")


def record_sent(order, note=None):
    """Note that EIM knows of the shipment."""
    env = order.env
    message = "\n".join(filter(None, (note, order.extensiv_shipment_message)))
    order._extensiv_set_shipment_state("sent", message, extensiv_shipped_at=fields.Datetime.now())
    release_refused_carrier(order)
    head = env._("EIM was told of the shipment:")
    sent = (order.extensiv_shipments_readable or "").splitlines()
    order._message_log(body=Markup("<br/>").join([head, *sent, *message.splitlines()]))
    env["extensiv.error"]._resolve(order.extensiv_account_id, "shipments", [order.extensiv_cust_ref])
    check_sent_numbers(order)  # a number may have been entered between the intent and the outcome


def record_failure(order, message, error=None, category="data"):
    """Note why EIM does not know of the shipment; ``transient`` is tried again, other trouble waits."""
    order._extensiv_set_shipment_state("failed", message)
    release_refused_carrier(order)
    report(order, message, category, error)


def record_refusal(order, error, status):
    """Note that EIM refused the shipment with ``error``.

    :param status: EIM's of the order, asked afterwards; None: it could not be asked
    """
    env = order.env
    if status in KNOWN_AT_EIM:
        note = env._(
            "EIM says that the order is %(status)s already: %(words)s", status=status, words=translated(env, error)
        )
        return record_sent(order, note)
    if status == "canceled":
        return record_cancelled(order, error)
    message = env._("EIM refused the shipment: %s", translated(env, error))
    if status is None:
        # It may have refused because it has the shipment, so the order stays one that EIM is asked for first.
        message = env._("%s EIM is asked before anything is sent again.", message)
        return report(order, message, "transient", error)
    if not CARRIER_WORDS.search(error.message):
        return record_failure(order, message, error)
    carrier = (order._extensiv_left_moves().picking_id.carrier_id or order.carrier_id)[:1]
    if not carrier:
        message = env._(
            "%s\nNo delivery method stands on its transfers. Choose one there or on the order, with the carrier "
            "and the method that EIM knows, then press Retry.",
            message,
        )
        return record_failure(order, message, error)
    return _record_refused_carrier(order, carrier, message, error)


def _record_refused_carrier(order, carrier, message, error):
    """Report the delivery method that EIM refused: one mapping to correct, not one error for each order that uses it.

    Nor one that has the order tried again.
    """
    env = order.env
    if order.extensiv_refused_carrier_id != carrier:
        release_refused_carrier(order)
    order._extensiv_set_shipment_state("failed", message, extensiv_refused_carrier_id=carrier.id)
    env["extensiv.error"]._resolve(order.extensiv_account_id, "shipments", [order.extensiv_cust_ref])
    name, method = carrier._extensiv_names(order)
    failure = {
        "message": env._(
            "EIM refused the carrier “%(carrier)s”, method “%(method)s”, of delivery method %(name)s: "
            "%(words)s Set both on the delivery method; the orders concerned are then sent.",
            carrier=name,
            method=method,
            name=carrier.name,
            words=translated(env, error),
        ),
        "category": "settings",
        "process_id": error.process_id,
        "document": carrier,
    }
    key = f"delivery method {carrier.with_context(lang='en_US').name}"
    env["extensiv.error"]._report(order.extensiv_account_id, "shipments", {key: failure})


def release_refused_carrier(order):
    """Close the error of the delivery method that EIM refused, once no other order of the account waits for it."""
    account = order.extensiv_account_id
    carrier = order.extensiv_refused_carrier_id
    order.extensiv_refused_carrier_id = False
    if carrier and not order.search_count(
        [
            ("extensiv_account_id", "=", account.id),
            ("extensiv_refused_carrier_id", "=", carrier.id),
        ],
        limit=1,
    ):
        carrier._extensiv_open_errors().filtered(lambda error: error.account_id == account)._mark_resolved()


def report(order, message, category, error=None):
    """Report the trouble of an order as its error."""
    env = order.env
    failure = {
        "message": env._("Order %(order)s: %(message)s", order=order.name, message=message),
        "category": category,
        "process_id": error and error.process_id,
        "document": order,
    }
    env["extensiv.error"]._report(order.extensiv_account_id, "shipments", {order.extensiv_cust_ref: failure})


def record_cancelled(order, error=None):
    """Note that EIM has a shipped order as cancelled; a person may have EIM told of it all the same.

    :param error: EIM's answer to the shipment; None: it was not told
    """
    env = order.env
    if error:
        message = env._(
            "The order was cancelled at EIM, which refused the shipment: %s Ask the buyer or the cart, and take the "
            "goods back; or tell the buyer in the cart itself, then press Mark as Sent by Hand.",
            translated(env, error),
        )
    else:
        message = env._(
            "The order was cancelled at EIM before EIM was told that it shipped, so it is not told. Ask the buyer or "
            "the cart, and take the goods back. Where the buyer keeps them, press Decide to tell EIM all the same."
        )
    record_failure(order, message, error)
    order.extensiv_decision = "cancelled"

"""The SKUs of orders that wait: still listed as new by EIM, or received and not imported."""

import time
from collections import defaultdict
from dataclasses import dataclass, field

from ..eim.errors import EimError
from ..eim.wire import Order


@dataclass
class WaitingSku:
    """A SKU that orders wait for.

    :param order_refs: EIM's references of these orders
    :param codes: what else the orders name the SKU by
    """

    order_refs: set = field(default_factory=set)
    codes: set = field(default_factory=set)


def read_new_orders(client, until, from_date=None):
    """Read the orders that EIM lists as new, page by page until ``until`` (``time.monotonic()``).

    :return: the orders, and whether these are all; where EIM stops answering, what was read until then
    """
    orders = []
    page_number = 1
    while time.monotonic() < until:
        client.max_wait = max(0.0, min(client.max_wait, until - time.monotonic()))
        try:
            page = client.list_orders("new", page=page_number, from_date=from_date)
        except EimError:
            return orders, False
        orders += page.items
        page_number += 1
        if page.is_last:
            return orders, True
    return orders, False


def find_waiting_skus(env, account, new_orders):
    """Return ``{SKU: WaitingSku}`` of ``new_orders`` and of the account's inbox, each order counted once."""
    waiting = defaultdict(WaitingSku)
    for order in (*new_orders, *_inbox(env, account)):
        for sku, codes in order.codes().items():
            waiting[sku].order_refs.add(order.cust_ref)
            waiting[sku].codes.update(codes)
    return dict(waiting)


def _inbox(env, account):
    """Yield the ``eim.wire.Order`` of every order that was received and is not imported, as far as it is kept."""
    received = env["extensiv.order"].sudo()
    for record in received.search_fetch(
        [("account_id", "=", account.id), ("state", "in", ("received", "failed"))], ["payload"]
    ):
        try:
            yield Order.from_payload(record.payload or "")
        except (EimError, ValueError):
            continue

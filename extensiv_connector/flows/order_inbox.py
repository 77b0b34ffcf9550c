"""The inbox: which of EIM's orders are ours to take, each of them stored once."""

import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from odoo import fields

from ..eim.wire import Cart
from . import dates, left_orders, relisting
from .exceptions import no_rows_in_log

# Fields of an order that change as EIM works on it.
OF_EIMS_WORK = {"updated_date_time", "delivered_to_wms_date", "order_status"}


@dataclass
class StoredPage:
    """What became of a page of EIM's list.

    :param received: how many orders are new here
    :param listed_again: references of acknowledged ones that EIM lists again
    :param undecided: references of cancelled ones that EIM lists again, or is still to be asked to cancel
    :param finished: references of those that were dealt with before, cancelled or fulfilled
    :param left: ``{(reason, order source): how many}`` of those that stay at EIM; a reason of ``why_left``
    :param on_hold: references of those that are on hold there
    """

    received: int
    listed_again: list
    undecided: list
    finished: set
    left: Counter
    on_hold: set


class Inbox:
    """The inbox of one account; whoever calls it commits."""

    def __init__(self, account):
        self.account = account
        self.env = account.env
        self.orders = account.env["extensiv.order"]
        self._carts_synced = False

    def store(self, page):
        """Insert the orders of a ``wire.Page`` that are ours to take and not known yet: ``wire.ListedOrder`` will do.

        :return: a ``StoredPage``
        """
        carts = self.sync_carts(page.items)
        ours = {}
        left = Counter()
        seen = left_orders.find_seen(self.account, filter(self.is_too_old, page.items))
        stay = []
        for order in page.items:
            if reason := self.why_left(carts.get(order.order_source), order, order.cust_ref in seen):
                left[reason, order.order_source] += 1
                stay.append(order)
            else:
                ours.setdefault(order.cust_ref, order)
        known = self._find_known(ours)
        finished = relisting.find_finished(known)
        undecided = relisting.keep_apart(known, ours)
        self._take_corrected(known, ours)
        self.orders.create([self._prepare_vals(carts, order) for order in self._without(known, ours)])
        acknowledged = (known - undecided).filtered("acknowledged_at").mapped("cust_ref")
        held = self.env["extensiv.error"]._held_keys(self.account, "orders", acknowledged, "acknowledge")
        return StoredPage(
            received=len(ours) - len(known),
            listed_again=[cust_ref for cust_ref in acknowledged if cust_ref not in held],
            undecided=undecided.mapped("cust_ref"),
            finished=set(finished.mapped("cust_ref")),
            left=left,
            on_hold=self.note_left(carts, stay),
        )

    def note_left(self, carts, orders):
        """Remember which of ``orders``, left at EIM, are on hold or too old; return the references of those on hold."""
        known = set(self._find_known([order.cust_ref for order in orders]).mapped("cust_ref")) if orders else ()
        return left_orders.note(
            self.account,
            self,
            [
                order
                for order in orders
                if order.cust_ref not in known and ((cart := carts.get(order.order_source)) is None or cart.active)
            ],
        )

    def store_fetched(self, orders):
        """Store orders that a person asked for; known ones stay as they are.

        :param orders: ``wire.Order`` objects
        :return: the inbox orders, known and new
        """
        carts = self.sync_carts(orders)
        fetched = {order.cust_ref: order for order in orders}
        known = self._find_known(fetched)
        now = fields.Datetime.now()
        vals_list = [
            {
                **self._prepare_vals(carts, order),
                # Beyond ``new`` EIM was told already, by whomever.
                "acknowledged_at": now if order.status not in ("", "new") else False,
            }
            for order in self._without(known, fetched)
        ]
        with no_rows_in_log(self.env.cr):  # a pass may receive the same just now
            return known + self.orders.create(vals_list)

    def sync_carts(self, orders):
        """Return ``{order source: cart}``; a source met for the first time becomes a cart at once."""
        sources = sorted({order.order_source for order in orders if order.order_source})
        carts = self._find_carts()
        # Once at least: a cart that was there before may be what an open share waits for.
        if not self._carts_synced or not carts.keys() >= set(sources):
            new = self.env["extensiv.cart"]._sync_from_eim(self.account, [Cart(source, source) for source in sources])
            # Once orders come by themselves, nobody sets up a cart before its first one.
            new.is_new = self.account.pull_orders
            self._carts_synced = True
            carts = self._find_carts()
        return carts

    def _find_carts(self):
        carts = self.env["extensiv.cart"].with_context(active_test=False)
        found = carts.search_fetch([("account_id", "=", self.account.id)], ["order_source", "active"])
        return {cart.order_source: cart for cart in found}

    def is_ours(self, cart, order):
        """Whether to take an order."""
        return not self.why_left(cart, order)

    def why_left(self, cart, order, was_on_hold=False):
        """Return why an order stays at EIM untouched: ``old``, ``on_hold``, ``stopped`` or ``archived``; empty: ours.

        :param was_on_hold: whether it was seen on hold; then it is ours once it is released, however old it is
        """
        if self.is_too_old(order) and not was_on_hold:
            return "old"
        if order.sending_canceled:
            return "stopped"
        if order.on_hold:
            return "on_hold"
        return "archived" if cart and not cart.active else ""

    def is_too_old(self, order):
        """Whether an order is of before the moment from which orders are imported."""
        since = self.account.import_from
        if not since:
            return False
        if order.created:
            return order.created < since
        # A cart that sends only the day: that of the first Connect is ours.
        return bool(order.order_date) and order.order_date.date() < since.date()

    def _take_corrected(self, known, listed):
        """Take what EIM lists now of orders that are not imported yet, where it differs from what was received.

        Those that another process is importing at this moment are left alone: they have their sale order in a moment.

        :param known: orders of the inbox
        :param listed: ``{reference: wire.Order}``
        """
        waiting = known.filtered(
            lambda order: order.state in ("received", "failed", "ignored") and not listed[order.cust_ref].is_redacted
        )
        waiting.fetch(["payload"])
        differing = waiting.filtered(lambda order: _is_corrected(order.payload, listed[order.cust_ref].payload))
        for order in differing.try_lock_for_update():
            order._take_payload(listed[order.cust_ref])
            if order.state == "failed":
                order.state = "received"

    def _find_known(self, cust_refs):
        return self.orders.search_fetch(
            [("account_id", "=", self.account.id), ("cust_ref", "in", list(cust_refs))],
            ["cust_ref", "acknowledged_at", "state", "sale_order_id"],
        )

    def _without(self, known, orders):
        """Return the orders of ``{reference: wire.Order}`` that are not among ``known``, orders of the inbox."""
        known_refs = set(known.mapped("cust_ref"))
        return [order for cust_ref, order in orders.items() if cust_ref not in known_refs]

    def _prepare_vals(self, carts, order):
        vals = self.orders._prepare_received_vals(self.account, carts.get(order.order_source), order)
        return {**vals, "order_date": dates.ordered_at(order, self.zone)}

    @cached_property
    def zone(self):
        """The time zone of the company, read once for all pages."""
        return dates.zone_of(self.account.company_id)


def _is_corrected(received, listed):
    """Whether one JSON text of an order says anything else than another, but for what EIM notes of its own work."""
    if received == listed:
        return False
    if not received:
        return True
    before, now = (json.loads(text) for text in (received, listed))
    return any(before.get(key) != now.get(key) for key in (before.keys() | now.keys()) - OF_EIMS_WORK)

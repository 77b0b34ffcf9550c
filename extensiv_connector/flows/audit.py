"""The audit: what EIM believes that it gave us, or that has left, against what is here.

Inside one database nothing is lost. A database that was restored from a backup, or a second system that uses the same
key, shows only at EIM: orders that it gave away and that are not here, orders that are open here and shipped there,
cancellations that were heard and forgotten.
"""

from dataclasses import replace
from datetime import timedelta
from functools import cached_property, partial

from odoo import fields

from ..eim import errors as eim
from ..eim.routes import RESERVED_TOKENS
from ..eim.wire import ListedOrder
from ..eim.writing import iso
from . import left_orders, shipped_elsewhere
from .list_reading import ListReading
from .order_cancellation import OrderCancellation
from .order_import import OrderImport
from .order_inbox import Inbox
from .run_message import say_error
from .runner import BATCH_SECONDS, FlowRun
from .status_words import filter_known

STATUSES = ("at_wms", "partial", "shipped_or_confirmed", "canceled")
DAYS = 3
# After a connection was made, or a database was taken for another one; and always of cancellations.
LONG_DAYS = 30
# A little less than a day, so that an hourly schedule does not wander.
INTERVAL = timedelta(hours=23)
LIST = "audit"
UNKNOWN_KEY = "unknown orders"


class Audit(FlowRun):
    """Compare EIM's lists of orders with ours, once a day; take what a person chose of the orders unknown here."""

    flow = "audit"

    @cached_property
    def inbox(self):
        return Inbox(self.account)

    @cached_property
    def cancellations(self):
        return OrderCancellation(self)

    def run(self):
        try:
            self.fetch_chosen()
            self.read_lists()
        finally:
            self.rollback()
            self.import_received()
            self.retry_on_conflict(self.report_unknown)

    # -- EIM's lists

    def read_lists(self):
        """Read EIM's lists one after the other, each as far back as this audit goes.

        :raise eim.EimError: EIM had trouble, or refuses; the next pass goes on there
        """
        account = self.account
        place = (account.list_places or {}).get(LIST)
        if place:
            first = STATUSES.index(place["question"]["status"])
            days = place["note"]["days"]
        elif account.audit_days or not account.audited_at or account.audited_at + INTERVAL < fields.Datetime.now():
            first = 0
            days = account.audit_days or DAYS
        else:
            return
        if not place:
            self.read_older()
        for status in STATUSES[first:]:
            reading = self.read_list(status, days)
            if not reading.is_over:
                return
        self.retry_on_conflict(lambda: self.finish(days))

    def read_list(self, status, days):
        """Read the list of one status, as far as there is time; return its ``ListReading``."""
        now = self.eim_now()
        since = now - timedelta(days=LONG_DAYS if status == "canceled" else days)
        since = max(since, self.account.import_from or since)
        question = {"status": status, "from_date": iso(since), "reserve": RESERVED_TOKENS}
        reading = ListReading(self, LIST, question)
        reading.note = reading.note or {"days": days}
        if status == "canceled":
            self.cancellations.cancel_pages(reading, now)
        else:
            for page in reading.pages():
                self.retry_on_conflict(partial(self.compare, page.items))
        return reading

    def read_older(self):
        """Look at EIM's new orders from before orders are imported: those released since they were on hold are ours.

        Which are on hold is remembered; of the others a person chooses.

        :raise eim.EimError: EIM had trouble, or refuses
        """
        until = self.account.import_from
        if not until:
            return
        since = left_orders.first_looked_at(self.account)
        question = {"from_date": iso(since), "to_date": iso(until), "reserve": RESERVED_TOKENS, "record": ListedOrder}
        listed = set()
        number = 0
        is_whole = False
        while number < left_orders.PAGES and not is_whole and (not number or self.has_time()):
            number += 1
            self.commit()  # nothing is locked while EIM is asked
            page = self.client.list_orders("new", page=number, **question)
            older = replace(page, items=tuple(order for order in page.items if self.inbox.is_too_old(order)))
            stored = self.retry_on_conflict(partial(self.inbox.store, older))
            self.counts["received"] += stored.received
            listed |= {order.cust_ref for order in older.items}
            is_whole = page.is_last
        if is_whole:
            self.retry_on_conflict(lambda: self.forget_older(listed, since, until))

    def forget_older(self, listed, since, until):
        """Forget the older orders that EIM lists as new no more."""
        for state in ("old", "on_hold"):
            left_orders.settle(self.account, listed, state, since, until)

    def finish(self, days):
        """Note that the audit reached its end; one that was asked for meanwhile and goes further back is still due."""
        account = self.account
        vals = {"audited_at": fields.Datetime.now()}
        if account.audit_days <= days:
            vals["audit_days"] = 0
        else:
            self.resume_in = 0
        account.write(vals)
        shipped_elsewhere.close_settled(account)

    def compare(self, listed):
        """Take note of what of ``listed``, ``wire.Order`` objects, is not known or still open here."""
        orders = {order.cust_ref: order for order in listed if not self.inbox.is_too_old(order)}
        known = self.find_known(orders)
        sources = [order.order_source for cust_ref, order in orders.items() if cust_ref not in known]
        archived = set(
            self.env["extensiv.cart"]
            .search([("account_id", "=", self.account.id), ("order_source", "in", sources), ("active", "=", False)])
            .mapped("order_source")
        )
        unknown = [
            order for cust_ref, order in orders.items() if cust_ref not in known and order.order_source not in archived
        ]
        found = self.env["extensiv.unknown.order"]._sync_from_eim(self.account, unknown)
        self.counts["unknown"] += found
        shipped_elsewhere.report(
            self.account,
            {
                order: orders[cust_ref].status
                for cust_ref, order in known.items()
                if order.account_id == self.account and orders[cust_ref].status in shipped_elsewhere.SHIPPED
            },
        )

    def find_known(self, cust_refs):
        """Return ``{reference: order}`` of those that are in the inbox, or in that of an account with the same key."""
        account = self.account.sudo()
        same_key = account.with_context(active_test=False).search(
            [
                ("base_url", "=", account.base_url),
                ("api_user", "=", account.api_user),
                ("merchant_pk", "=", account.merchant_pk),
            ]
        )
        orders = self.env["extensiv.order"].search_fetch(
            [("account_id", "in", (same_key | account).ids), ("cust_ref", "in", list(cust_refs))],
            ["cust_ref", "account_id", "state", "sale_order_id"],
        )
        return {order.cust_ref: order for order in orders.sorted(lambda order: order.account_id == account)}

    # -- what a person chose

    def fetch_chosen(self):
        """Receive the unknown orders that a person chose, as EIM has them now.

        :raise eim.EimError: EIM had trouble; the rest stays chosen
        """
        chosen = self.env["extensiv.unknown.order"].search(
            [("account_id", "=", self.account.id), ("state", "=", "chosen")], order="id"
        )
        references = {record.id: record.cust_ref for record in chosen}
        for record_id, cust_ref in references.items():
            if not self.has_time(BATCH_SECONDS):
                self.resume_in = 0
                return
            self.commit()  # nothing is locked while EIM is asked
            try:
                order = self.client.get_order(cust_ref)
            except (eim.Refused, eim.Blocked, eim.Unreadable) as error:
                self.rollback()
                self.check.judge_one(error)
                self.failed += 1
                self.retry_on_conflict(partial(self.put_back, record_id, error))
            else:
                self.retry_on_conflict(partial(self.receive, record_id, order))

    def receive(self, record_id, order):
        """Receive one chosen ``wire.Order``; one that EIM cancelled meanwhile is not."""
        record = self.env["extensiv.unknown.order"].browse(record_id)
        if order.status == "canceled":
            record.write({"state": "cancelled", "status": order.status})
            return
        if order.on_hold:
            record.write({"state": "on_hold", "status": filter_known(order.status)})
            return
        received = self.inbox.store_fetched([order])
        if order.status in shipped_elsewhere.SHIPPED and not received.sale_order_id:
            received.is_shipped_already = True
        status = filter_known(order.status)
        record.write({"state": "imported", "status": status, "order_id": received.id, "message": False})
        self.counts["received"] += 1

    def put_back(self, record_id, error):
        """Say why a chosen order could not be received; a person decides anew."""
        record = self.env["extensiv.unknown.order"].browse(record_id)
        before = "old" if record.status == "new" else "found"
        record.write({"state": before, "message": say_error(self.env, error)})

    def import_received(self):
        """Import what was received."""
        if not self.counts["received"]:
            return
        importer = OrderImport(self)
        while self.has_time(BATCH_SECONDS) and importer.import_next():
            continue
        if importer.find_importable(1):
            importer.start_second()
        self.trigger("inventory")

    # -- what a person is told

    def report_unknown(self):
        """Keep one error open while orders of EIM's are unknown here and nobody decided about them."""
        report_unknown(self.account, has_news=bool(self.counts["unknown"]))


def report_unknown(account, has_news=False):
    """Open, count anew or close the one error about the unknown orders of ``account``.

    :param has_news: whether some were found just now: an error that was dismissed is then opened again
    """
    env = account.env
    Unknown = env["extensiv.unknown.order"]
    Unknown._forget_known(account)
    count = Unknown.search_count([("account_id", "=", account.id), ("state", "=", "found")])
    Error = env["extensiv.error"]
    if not count:
        Error._resolve(account, "audit", [UNKNOWN_KEY], states=("open", "dismissed"))
        return
    known = Error._open(account, "audit", [UNKNOWN_KEY])
    message = env._(
        "EIM gave us %(count)s orders that are not in this database. Was a backup restored, or does another system use "
        "this key? Look at the list and choose which of them to import; about the others, say that they belong to "
        "another system.",
        count=count,
    )
    if has_news or (known and known.message != message):
        Error._report(account, "audit", {UNKNOWN_KEY: {"message": message, "category": "data", "document": account}})

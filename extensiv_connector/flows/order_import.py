"""Importing: from the inbox into sale orders that are confirmed where their total is EIM's, to the cent."""

import logging
import time
from functools import partial

from . import confirm_batch, fulfilled_elsewhere, holds, lots_asked_for, order_money, tax_question, todo, twins
from .exceptions import is_conflict, is_disconnected
from .failed_orders import find_taken_up
from .import_pace import BATCH_TARGET, Pace
from .import_queue import UNMARKED, ImportQueue
from .languages import all_translated
from .lock import LockLost, read_committed
from .order_confirmation import confirm
from .order_draft import DraftBuilder
from .order_refusal import explain, explain_killed
from .quiet import quiet
from .reservation import LATER, Later, Reservation, take_turn
from .runner import BATCH_SECONDS
from .sku_learning import learn_first, learn_skus

_logger = logging.getLogger(__name__)

# How many times as long orders take that Odoo confirms line by line.
APART_OVER_TOGETHER = 3


class OrderImport:
    """The importing of one pass: which orders, in which transaction.

    Any number of processes may do this at once: each takes rows of the inbox that no other holds.

    :param run: the ``FlowRun`` of the pass, in whose counts it says what it did
    :param only: ids of the orders that are to be imported, by default all that were received
    """

    def __init__(self, run, only=None):
        self.run = run
        self.queue = ImportQueue(run.account, only)
        self.pace = Pace()
        self.reservation = Reservation(run)
        self.has_begun = False
        self.begins_too_large = True
        """Whether an order that is too large for what is left is begun, where there is nothing else to import."""
        self.failed_together = {}
        """``{order id: name of the error after which it is confirmed as Odoo does it}``, see ``confirm_batch``"""

    @property
    def account(self):
        return self.run.account

    @property
    def env(self):
        return self.run.env

    def find_importable(self, limit):
        """Return received orders, but those that this pass put off; ``limit`` at most."""
        return self.queue.find(limit)

    def import_next(self):
        """Import the next orders that fit into the time that is left, in a transaction of their own.

        Where they cannot be imported together, their halves are imported, and committed, each by itself.

        :return: how many orders were dealt with
        """
        run = self.run
        batch = run.retry_on_conflict(self._take)
        if not batch:
            hopeless = run.retry_on_conflict(self._refuse_hopeless)
            self._count(hopeless)
            return sum(hopeless.values())
        self.has_begun = True
        parts = [batch]
        while parts:
            part = parts.pop(0)
            if part is not batch and not run.has_time(self._seconds(part)):
                self._release([part, *parts])
                break
            parts[:0] = self._import_part(part, is_marked=part is batch)
        return len(batch)

    def _take(self):
        """Mark the next orders; return ``{id: weight}``.

        One that is too large for what is left of the pass waits for a whole one, or for one that has nothing else to
        import: a server may be so busy that none is ever whole.
        """
        self.run.commit()
        read_committed(self.env.cr)
        left = self.run.seconds_left()
        fitting = partial(self.queue.take, self.account.import_batch_size, self.pace.together(left))
        if self.run.has_whole_pass():
            return fitting(None)
        if taken := fitting(self.pace.alone(left)):
            return taken
        return {} if self.has_begun or not self.begins_too_large else fitting(None)

    def _import_part(self, part, is_marked):
        """Import orders together, in a transaction of their own.

        :param part: ``{id: weight}``
        :return: the parts to import instead, where that failed for one of them
        """
        run = self.run
        ids = list(part)
        # Who waits for stock that another batch reserves is repeated when that is done; waiting costs the least.
        wait = max(min(BATCH_TARGET, run.seconds_left() / 3), 1)
        try:
            if not is_marked:
                run.retry_on_conflict(partial(self.queue.mark, ids))
            counts, seconds = self._import_in_turn(ids, wait)
        except LockLost:
            raise
        except Exception as error:  # whatever one order does, the others are imported
            if run.is_disconnected():
                raise
            run.rollback()
            if is_conflict(error):
                self._put_off(ids)
                return []
            if isinstance(error, NotTogether) and not error.is_plain:
                self.failed_together.update(dict.fromkeys(ids, type(error.__cause__).__name__))
                return self._in_time(part)
            if len(ids) > 1:
                return _halves(part)
            cause = error.__cause__ if isinstance(error, NotTogether) else error
            counts = run.retry_on_conflict(lambda: refuse(self._lock(ids), partial(explain, cause)))
        else:
            if counts:
                self.pace.learn(sum(part.values()), seconds)
        self._count(counts)
        return []

    def _seconds(self, part):
        """Return how long importing ``part`` may take."""
        slower = 1 if self.failed_together.keys().isdisjoint(part) else APART_OVER_TOGETHER
        return sum(part.values()) * self.pace.seconds * slower

    def _in_time(self, part):
        """Return ``part``, in as many parts as it takes for each to fit into the time that is left."""
        if len(part) == 1 or self.run.has_time(self._seconds(part)):
            return [dict(part)]
        return [fitting for half in _halves(part) for fitting in self._in_time(half)]

    def _import_in_turn(self, ids, wait):
        """Import orders together; what they need is reserved at once, or after it where others import beside.

        :return: the counts of ``ImportBatch.record_outcome``, and the seconds it took
        """
        with take_turn(self.run) as turn:
            self.run.retry_on_conflict(partial(learn_first, self.account, ids))
            counts, seconds, later = self.run.retry_on_conflict(
                partial(self._import_free, ids, turn.is_alone), wait=wait, between=partial(self.queue.refresh, ids)
            )
            if later:
                self.reservation.reserve(turn, later, wait)
        return counts, seconds

    def _import_free(self, ids, reserves_at_once):
        """Import those of the orders that no other process is importing.

        :return: the counts of ``ImportBatch.record_outcome``, the seconds it took, and the ``Later`` of what is
            reserved after it, or None
        """
        start = time.monotonic()
        later = None if reserves_at_once else Later(self.env.company)
        batch = ImportBatch(self._lock(ids), self.failed_together.get(ids[0]), later)
        counts = batch.import_together() if batch.orders else {}
        self.env.flush_all()
        return counts, time.monotonic() - start, later

    def _lock(self, ids):
        orders = self.env["extensiv.order"].browse(ids).try_lock_for_update()
        return orders.filtered(lambda order: order.state == "received")

    def _refuse_hopeless(self):
        """Fail the orders for which processes are killed again and again; return the counts."""
        return refuse(self.queue.find_hopeless(), explain_killed)

    def _put_off(self, ids):
        """Leave orders to another pass: other work kept changing what they need."""
        self.queue.put_off.update(ids)
        self._release([ids])
        self.run.put_off()

    def _release(self, parts):
        """Take the marks off the orders of ``parts``, which are left to another pass."""
        ids = [order_id for part in parts for order_id in part]
        self.run.retry_on_conflict(lambda: self.queue.release(ids))

    def _count(self, counts):
        for state, count in counts.items():
            if state == "failed":
                self.run.failed += count
            else:
                self.run.counts[state] += count

    def start_second(self):
        """Have another worker import beside this pass, where there is one, or after it."""
        self.run.account._plan_import()
        self.run.commit()

    def requeue_due(self):
        """Take failed orders up again whose cause is seen gone or whose time to try again has come.

        First what was left to be reserved: buyers have it already.
        """
        self.reservation.take_up()
        # A person may press Retry on one of them at this moment.
        self.run.retry_on_conflict(self._requeue_due)
        self._settle_taxes()

    def _settle_taxes(self):
        """Put right the orders that waited for a person to say what their tax is."""
        while self.run.has_time(BATCH_SECONDS):
            done = self.run.retry_on_conflict(partial(tax_question.settle, self.account))
            if done < tax_question.BATCH:
                return

    def _requeue_due(self):
        if failed := find_taken_up(self.account):
            failed.try_lock_for_update().write({"state": "received"})


def _halves(part):
    """Return the two halves of ``{id: weight}``."""
    ids = list(part)
    middle = len(ids) // 2
    return [{order_id: part[order_id] for order_id in half} for half in (ids[:middle], ids[middle:])]


def import_batch(orders):
    """Import received ``orders`` of one account, locked by the caller, in the caller's transaction.

    :return: ``{"imported", "held", "failed": how many}``, empty without orders
    :raise OperationalError: on a conflict with another transaction; the caller repeats the whole batch
    """
    return ImportBatch(orders).run() if orders else {}


def refuse(orders, explain_one):
    """Note that locked ``orders`` of one account cannot be imported; return the counts of ``record_outcome``.

    :param explain_one: takes an order and returns its ``Refusal``
    """
    if not orders:
        return {}
    batch = ImportBatch(orders)
    batch.failures = {order: explain_one(order) for order in orders}
    return batch.record_outcome([])


class NotTogether(Exception):
    """Orders cannot be imported in one transaction: one of them has an error, which is the cause of this one.

    :param is_plain: whether they were confirmed as Odoo does it, so that the error is theirs
    """

    def __init__(self, is_plain):
        super().__init__()
        self.is_plain = is_plain


class ImportBatch:
    """Received orders of one account that become sale orders together. Each ends imported, or failed with its reason.

    Everything is resolved and created for the whole batch at once. One that cannot be imported never holds up the
    others: the batch is split until it stands alone.

    :param failed_together: the name of the error after which they are confirmed as Odoo does it, without
        ``confirm_batch``
    :param later: the ``Later`` of what is not reserved as it is confirmed
    """

    def __init__(self, orders, failed_together=None, later=None):
        self.account = orders.account_id
        self.later = later
        self.orders = orders if self.account.notify_on_import else quiet(orders)
        self.env = self.orders.env
        self.failed_together = failed_together
        self.is_plain = bool(failed_together) or not confirm_batch.find_parts(self.env)
        self.failures = {}
        """``{inbox order: Refusal}``"""
        self.matches = {}
        """``{SKU: Match}`` of their lines"""

    def run(self):
        """Import the orders in the caller's transaction; return the counts of ``record_outcome``."""
        return self.record_outcome(self.create_or_split(self.build_drafts()))

    def import_together(self):
        """Import the orders, all of them or none; return the counts of ``record_outcome``.

        :raise NotTogether: one of them cannot be imported, for the error that is its cause
        """
        drafts = self.build_drafts()
        try:
            if drafts:
                self.create_sale_orders(drafts)
        except Exception as error:
            if is_conflict(error) or is_disconnected(self.env.cr):
                raise
            if not self.is_plain:
                self.tell_of_failure(error)
            raise NotTogether(self.is_plain) from error
        return self.record_outcome(drafts)

    def tell_of_failure(self, error):
        """Say in the log that orders failed when they were confirmed together: they are tried once without."""
        _logger.info("Orders that are confirmed together fail, and are tried without: %s", type(error).__name__)

    def build_drafts(self):
        """Read the orders and find what they need; return the drafts of those that can be imported."""
        builder = DraftBuilder(self.account, self.orders)
        drafts = builder.build()
        self.failures.update(builder.failures)
        self.matches = builder.matches
        requested = {draft.wire.requested_shipping for draft in drafts}
        self.account.env["extensiv.ship.method"]._sync_from_eim(self.account, requested)
        return drafts

    def create_or_split(self, drafts):
        """Create the sale orders of ``drafts``; those that fail alone are added to the failures.

        :return: the drafts that have their sale order
        """
        if not drafts:
            return []
        before = [(draft, list(draft.notes), dict(draft.holds)) for draft in drafts]
        try:
            with self.env.cr.savepoint():
                self.create_sale_orders(drafts)
            return drafts
        except Exception as error:  # whatever one order does, the others are imported
            if is_conflict(error) or is_disconnected(self.env.cr):
                raise
            for draft, notes, reasons in before:
                draft.notes = notes
                draft.holds = reasons
            if not self.is_plain:
                self.tell_of_failure(error)
                self.failed_together = type(error).__name__
                self.is_plain = True
                return self.create_or_split(drafts)
            if len(drafts) == 1:
                [draft] = drafts
                self.failures[draft.record] = explain(error, draft.record)
                return []
        half = len(drafts) // 2
        return self.create_or_split(drafts[:half]) + self.create_or_split(drafts[half:])

    def create_sale_orders(self, drafts):
        """Create, verify and confirm the sale orders of ``drafts``: one call each for the whole batch."""
        if self.is_plain:
            self.env = self.orders.env
            self._create_sale_orders(drafts)
            if self.failed_together:
                _logger.warning(
                    "Orders are imported that failed when they were confirmed together: %s", self.failed_together
                )
            return
        with confirm_batch.together(self.orders) as orders:
            self.env = orders.env
            confirm_batch.read_products(self.env, [found for draft in drafts for found in draft.products.values()])
            self._create_sale_orders(drafts)

    def _create_sale_orders(self, drafts):
        self._find_contacts(drafts)
        self._find_pricelists(drafts)
        Inbox = self.env["extensiv.order"]
        sales = self.env["sale.order"].create([Inbox._prepare_sale_vals(self.account, draft) for draft in drafts])
        for draft, sale in zip(drafts, sales, strict=True):
            draft.sale = sale
        order_money.apply_pricelists(drafts)
        for draft in drafts:
            self.verify_total(draft)
            todo.note_address(draft)
        twins.log_new(drafts)
        if self.account.order_policy == "confirm":
            self.confirm(drafts)
        holds.record(drafts)

    def _find_contacts(self, drafts):
        fixed = {
            index: draft.record.cart_id.partner_id
            for index, draft in enumerate(drafts)
            if draft.record.cart_id.partner_id
        }
        contacts = self.env["res.partner"]._extensiv_resolve(
            self.account, [draft.wire for draft in drafts], fixed=fixed
        )
        for draft, found in zip(drafts, contacts, strict=True):
            draft.contacts = found
            is_delivered = fulfilled_elsewhere.is_elsewhere(draft.record) or draft.record.is_shipped_already
            if not is_delivered and any(product.type != "service" for product in draft.products.values()):
                for reason, text in found.holds.items():
                    draft.hold(reason, text)

    def _find_pricelists(self, drafts):
        currencies = self.env["res.currency"].union(*(draft.currency for draft in drafts))
        pricelists = self.env["product.pricelist"]._extensiv_of_currencies(self.account.company_id, currencies)
        for draft in drafts:
            draft.pricelist = pricelists.get(draft.currency)
        order_money.take_pricelists(drafts)

    def verify_total(self, draft):
        """Compare the sale order's total with EIM's to the cent, and note on it what a person should know.

        Where they differ, the order stays a quotation, see ``sale.order._extensiv_verify_total``.
        """
        sale = draft.sale
        order_money.apply_taxes(draft)
        # Only Odoo's own taxes may differ a little, and only from parts that make EIM's total.
        draft.is_right, differences = sale._extensiv_verify_total(draft.untaxed_total, self.account.tax_tolerance)
        draft.notes += draft.contacts.notes
        if draft.is_right:
            draft.notes += differences
        else:
            details = all_translated(self.env, draft.priced.differences)
            draft.hold("total", "\n".join([*differences, *details]), details=details)
        if draft.notes:
            sale.extensiv_lasting_notes = "\n".join(draft.notes)

    def confirm(self, drafts):
        """Confirm the sale orders that are whole and right, as far as no other app holds them."""
        right = self.env["sale.order"].union(*(draft.sale for draft in drafts if draft.is_to_confirm))
        held = confirm(right.with_context(**{LATER: self.later}) if self.later else right)
        if self.later:
            self.later.mark(self.env)
        for draft in drafts:
            if draft.sale in held:
                draft.hold(holds.APP, held[draft.sale])
        asked = right.order_line.filtered("extensiv_lot").order_id
        if self.later:
            asked -= self.later.find_sales(self.env)
        lots_asked_for.report(asked)

    def record_outcome(self, imported):
        """Write to the inbox, and to the list of errors, what became of the orders.

        :param imported: the drafts that have their sale order
        :return: ``{"imported", "held", "failed": how many}``
        """
        for draft in imported:
            draft.record.write(
                {
                    "state": "imported",
                    "sale_order_id": draft.sale.id,
                    "message": draft.sale.extensiv_message,
                    "missing_skus": False,
                    "asked_method": draft.asked_method,
                    **UNMARKED,
                }
            )
        Error = self.env["extensiv.error"]
        failures = {}
        for record, refusal in self.failures.items():
            record.write({"state": "failed", "message": str(refusal), "missing_skus": refusal.missing_skus, **UNMARKED})
            if refusal.is_reported:
                continue
            failures[record.cust_ref] = {
                "message": str(refusal),
                "category": refusal.category,
                "document": record,
                "remedy": refusal.remedy,
            }
        Error._resolve(self.account, "orders", [draft.record.cust_ref for draft in imported])
        held = self.env["sale.order"].union(*(draft.sale for draft in imported if draft.holds))
        holds.report(self.account, held)
        asking = held.filtered(lambda sale: sale.extensiv_tax_policy == "ask")
        tax_question.ask(self.account, asking.extensiv_cart_id)
        Error._report(self.account, "orders", failures)
        # Whatever became of the orders: EIM uses these SKUs.
        learn_skus(self.account, self.matches, "order")
        return {"imported": len(imported) - len(held), "held": len(held), "failed": len(self.failures)}

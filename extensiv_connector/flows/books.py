"""Paid is paid: invoices and payments of the orders of carts that ask for them, as far as these are due.

What is, against what should be: whatever changes an order notes it (``sale.order.extensiv_books_at``) in its own
transaction, and a pass looks at the noted ones. All that is due of an order is made in one transaction, with the note
taken off: a process that is killed leaves nothing half done, and of two processes one comes second and finds it done.
"""

import logging
from datetime import datetime, timedelta, timezone
from functools import partial

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.fields import Domain

from . import credit_notes, invoice_making, packing_notes, payments, schedule, tax_account
from .deadline import deadline_of
from .exceptions import USER_ERRORS, is_conflict, is_disconnected, log_unexpected
from .quiet import quiet
from .runner import BATCH_SECONDS, FlowRun, refresh_snapshot, release_locks

_logger = logging.getLogger(__name__)

CRON = "extensiv_connector.ir_cron_books"
STEP = "books"
BATCH = 25  # orders in one transaction
PAUSE = timedelta(hours=1)  # after which an order that could not be booked is tried again
NOTED = "extensiv_connector.books"


# -- what an order is imported with


def is_on(cart):
    """Whether invoices or payments of ``cart`` are made by themselves."""
    return cart.invoicing in (invoice_making.CONFIRMED, invoice_making.DELIVERED) or cart.register_payments


def prepare_sale_vals(draft):
    """Return what the books of the sale order of a ``Draft`` need: what its cart says, and how it was paid."""
    cart = draft.record.cart_id
    wire = draft.wire
    vals = {
        "extensiv_pay_type": wire.pay_type or False,
        "extensiv_pays_on_delivery": packing_notes.is_on_delivery(wire),
        "extensiv_balance": float(max(wire.balance or 0, 0)),
        # What the cart says later is of later orders.
        "extensiv_invoicing": is_on(cart) and cart.invoicing,
    }
    if term := payments.find_row(cart, wire.pay_type).payment_term_id or cart.payment_term_id:
        vals["payment_term_id"] = term.id
    if cart.fiscal_position_id:
        vals["fiscal_position_id"] = cart.fiscal_position_id.id
    if cart.invoice_journal_id:
        vals["journal_id"] = cart.invoice_journal_id.id
    return vals


# -- when


def new_note():
    """Return a moment of its own (naive UTC): who takes a note off meets whoever writes another meanwhile."""
    return datetime.now(timezone.utc).replace(tzinfo=None)


def find_problems(cart):
    """Return sentences on what of the settings keeps the books of ``cart`` from being right."""
    if not is_on(cart):
        return []
    return tax_account.find_problems(cart) + payments.find_problems(cart)


def toggle(env):
    """Have the books looked at by schedule only while some cart asks for it."""
    if cron := env.ref(CRON, raise_if_not_found=False):
        domain = Domain("invoicing", "in", (invoice_making.CONFIRMED, invoice_making.DELIVERED))
        carts = env["extensiv.cart"].sudo().with_context(active_test=False)
        cron.sudo().with_env(carts.env).toggle("extensiv.cart", domain | Domain("register_payments", "=", True))


def switch(carts):
    """Have the books looked at as ``carts`` say from now on, with an account for the tax that they collect."""
    toggle(carts.env)
    for account in carts.filtered(is_on).account_id:
        if account._collects_tax():
            tax_account.propose(account)


def wake(env):
    """Have the books looked at within a minute after this transaction is committed."""
    postcommit = env.cr.postcommit
    if NOTED not in postcommit.data:
        postcommit.data[NOTED] = True
        postcommit.add(partial(_trigger, env.registry))


def _trigger(registry):
    """Trigger the schedule for the next minute, once however many orders change until then."""
    try:
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cron = env.ref(CRON, raise_if_not_found=False)
            at = fields.Datetime.now().replace(second=0) + timedelta(minutes=1)
            domain = [("cron_id", "=", cron and cron.id), ("call_at", "=", at)]
            if cron and cron.active and not env["ir.cron.trigger"].search_count(domain, limit=1):
                cron._trigger(at)
    except Exception as error:  # what was committed must not look failed; the schedule finds it, too
        log_unexpected(_logger, error, "Triggering the books failed")


# -- a pass


def settle_all(env):
    """Make what is due of the orders of all accounts, by schedule."""
    release_locks(env)
    deadline = schedule.new_deadline(env)
    carts = env["extensiv.cart"].sudo().with_context(active_test=False).search([]).filtered(is_on)
    for account in carts.account_id:
        run = None
        try:
            with FlowRun.open(account, deadline) as run:
                BooksPass(run).settle()
        except psycopg2.Error as error:
            # Others change the same orders again and again, or the database went away: the next pass goes on.
            if not is_conflict(error) and not (run and run.is_disconnected()):
                raise
            _logger.info("EIM's books of account %s: put off (%s)", account.id, type(error).__name__)


def settle_now(account, keys):
    """Make for a person what is due of the orders and carts of ``account`` that errors with ``keys`` are about."""
    deadline = deadline_of(account.env)
    release_locks(account.env)
    with FlowRun.open(account, deadline.at) as run:
        if not BooksPass(run, keys).settle():
            deadline.late[account.id, "orders"] = True
    refresh_snapshot(account.env)


class BooksPass:
    """What a pass makes of the orders of one account.

    :param run: an open ``FlowRun``, whose cursor it uses
    :param keys: EIM's references and order sources that are tried though they failed not long ago
    """

    def __init__(self, run, keys=()):
        self.run = run
        self.keys = set(keys)
        self.seen = set()
        """Ids of orders that this pass dealt with, or that another process holds."""

    @property
    def account(self):
        return self.run.account

    @property
    def env(self):
        return self.run.env

    def settle(self):
        """Make what is due; return whether there was time for all of it."""
        carts = self.run.retry_on_conflict(self.check_carts)
        while self.run.has_time(BATCH_SECONDS):
            done = self.run.retry_on_conflict(partial(self.settle_next, carts))
            if not done:
                self.run.retry_on_conflict(self.review_credits)
                return True
            self.seen |= done
        return False

    def check_carts(self):
        """Tell of the carts whose settings do not allow what they ask for; return the ids of the others."""
        carts = self.account.with_context(active_test=False).cart_ids
        problems = {cart: find_problems(cart) for cart in carts if is_on(cart)}
        failing = {
            cart.order_source: {"message": "\n".join(found), "category": "settings", "document": cart}
            for cart, found in problems.items()
            if found
        }
        Error = self.env["extensiv.error"]
        Error._resolve(self.account, "orders", set(carts.mapped("order_source")) - failing.keys(), STEP)
        for error in Error.search(Error._domain(self.account, "orders", failing, STEP) & Domain("state", "=", "open")):
            if error.message == failing[error.key]["message"]:
                failing.pop(error.key)
        Error._report(self.account, "orders", failing, STEP)
        return [cart.id for cart, found in problems.items() if not found]

    def settle_next(self, cart_ids):
        """Make in one transaction what is due of the next orders; return their ids."""
        found = self.env["sale.order"].search(self.get_domain(cart_ids), limit=BATCH, order="extensiv_books_at, id")
        sales = found.try_lock_for_update()
        if sales:
            Settlement(self.account, sales).run()
        return set(found.ids)

    def get_domain(self, cart_ids):
        """Return the domain of the orders that are to be looked at now."""
        return Domain(
            [
                ("extensiv_account_id", "=", self.account.id),
                ("extensiv_cart_id", "in", cart_ids),
                ("extensiv_books_at", "!=", False),
                ("extensiv_cust_ref", "not in", list(self._find_waiting())),
                ("id", "not in", list(self.seen)),
            ]
        )

    def _find_waiting(self):
        """Return the references of orders that failed not long ago, or that a person wants to be left alone."""
        Error = self.env["extensiv.error"]
        recent = Domain([("state", "=", "open"), ("last_seen", ">", fields.Datetime.now() - PAUSE)])
        dismissed = Domain([("state", "=", "dismissed"), ("next_try", "=", False)])
        return Error._keys(self.account, "orders", None, STEP, recent | dismissed) - self.keys

    def review_credits(self):
        """Say anew what is to be credited of the orders of which it was told."""
        Error = self.env["extensiv.error"]
        told = Error._open(self.account, "orders", None, credit_notes.STEP).mapped("key")
        if told:
            domain = [("extensiv_account_id", "=", self.account.id), ("extensiv_cust_ref", "in", told)]
            credit_notes.report(self.account, self.env["sale.order"].search(domain))


class Settlement:
    """Orders of one account, locked by the caller, of which all that is due is made together.

    One that cannot be booked holds up none of the others: it gets an error that says what to do.
    """

    def __init__(self, account, sales):
        self.account = account
        sales = sales.with_company(account.company_id)
        self.sales = sales if account.notify_on_import else quiet(sales)
        self.failures = {}
        """``{sale order: what a person is told}``"""

    @property
    def env(self):
        return self.sales.env

    def run(self):
        self.settle_or_split(self.sales)
        done = self.sales.filtered(lambda sale: sale not in self.failures)
        self.env.flush_all()
        # A draft that somebody made is waited for: what was paid is registered once it is posted.
        done.filtered(lambda sale: not _find_drafts(sale)).extensiv_books_at = False
        credit_notes.report(self.account, done)
        Error = self.env["extensiv.error"]
        Error._resolve(self.account, "orders", done.mapped("extensiv_cust_ref"), STEP)
        failures = {
            sale.extensiv_cust_ref: {"message": message, "category": "data", "document": sale}
            for sale, message in self.failures.items()
        }
        Error._report(self.account, "orders", failures, STEP)

    def settle_or_split(self, sales):
        """Settle ``sales`` together; where that fails, their halves, until what fails stands alone."""
        try:
            with self.env.cr.savepoint():
                invoice_making.invoice(sales)
                payments.register(sales)
                self.env.flush_all()
        except Exception as error:  # whatever one order does, the others are booked
            if is_conflict(error) or is_disconnected(self.env.cr):
                raise
            if len(sales) == 1:
                self.failures[sales] = self._explain(sales, error)
                return
            half = len(sales) // 2
            self.settle_or_split(sales[:half])
            self.settle_or_split(sales[half:])

    def _explain(self, sale, error):
        """Return why an order could not be booked, and what to do."""
        env = self.env
        if isinstance(error, invoice_making.Unbookable):
            return str(error)
        if isinstance(error, USER_ERRORS):
            return "\n".join(
                [
                    env._(
                        "The invoice of %(order)s, or its payment, was not made, for Odoo refuses: %(reason)s",
                        order=sale.name,
                        reason=error.args[0],
                    ),
                    env._("The order itself is as it was. Put that right, then press Retry, or make both by hand."),
                ]
            )
        log_unexpected(_logger, error, "Booking of sale order %s failed", sale.id)
        return env._(
            "The invoice of %(order)s, or its payment, failed unexpectedly (%(error)s). Tell whoever runs your server: "
            "its log says where. Then press Retry, or make both by hand.",
            order=sale.name,
            error=type(error).__name__,
        )


def _find_drafts(sale):
    return sale.invoice_ids.filtered(lambda move: move.move_type == "out_invoice" and move.state == "draft")

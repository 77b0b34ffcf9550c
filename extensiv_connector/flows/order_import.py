"""Importing: from the inbox into sale orders that are confirmed where their total is EIM's, to the cent."""

from decimal import Decimal

from .exceptions import is_conflict
from .order_confirmation import confirm, report_held
from .order_draft import DraftBuilder
from .order_refusal import explain
from .quiet import quiet
from .runner import BATCH_SECONDS, FlowRun, new_deadline, refresh_snapshot, release_locks
from .sku_learning import learn_skus
from .trigger import trigger_import


class OrderImport:
    """The importing of one pass: which orders, in which transaction.

    Any number of processes may do this at once: each takes rows of the inbox that no other holds.

    :param run: the ``FlowRun`` of the pass, in whose counts it says what it did
    """

    def __init__(self, run):
        self.run = run

    @property
    def account(self):
        return self.run.account

    @property
    def env(self):
        return self.run.env

    def find_importable(self, limit):
        """Return received orders, oldest first."""
        return self.env["extensiv.order"].search(
            [("account_id", "=", self.account.id), ("state", "=", "received")], limit=limit, order="id"
        )

    def import_next(self):
        """Import the next batch of received orders, in a transaction of its own.

        :return: how many orders were dealt with
        """
        counts = self.run.retry_on_conflict(self._import_free)
        for state, count in counts.items():
            if state == "failed":
                self.run.failed += count
            else:
                self.run.counts[state] += count
        return sum(counts.values())

    def _import_free(self):
        """Import a batch of orders that no other process is importing."""
        size = self.account.import_batch_size
        return import_batch(self.find_importable(8 * size).try_lock_for_update(limit=size))

    def start_second(self):
        """Have another worker import beside this pass, where there is one, or after it."""
        trigger_import(self.env)
        self.run.commit()

    def requeue_due(self):
        """Take failed orders up again whose cause is seen gone or whose time to try again has come."""
        # A person may press Retry on one of them at this moment.
        self.run.retry_on_conflict(self._requeue_due)

    def _requeue_due(self):
        failed = self.env["extensiv.order"].search_fetch(
            [("account_id", "=", self.account.id), ("state", "=", "failed")], ["missing_skus", "cust_ref"]
        )
        if not failed:
            return
        # Codes that came with the order may find a product too, but only a whole import reads them again.
        matches = self.env["product.product"]._extensiv_match(
            self.account, {sku: () for order in failed for sku in order.missing_skus or ()}
        )
        due = self.env["extensiv.error"]._due_keys(self.account, "orders", failed.mapped("cust_ref"))
        failed.filtered(
            lambda order: (
                order.cust_ref in due
                or (order.missing_skus and not any(matches[sku].problem for sku in order.missing_skus))
            ),
        ).write({"state": "received"})


def import_now(orders):
    """Import ``orders`` of the inbox for a person; what a request has no time for is left to the schedule."""
    release_locks(orders.env)
    deadline = new_deadline()
    for account, account_orders in orders.grouped("account_id").items():
        with FlowRun.open(account, deadline) as run:
            _import_chosen(run, account_orders.with_env(run.env))
    refresh_snapshot(orders.env)


def _import_chosen(run, orders):
    """Import ``orders`` of the run's account batch by batch, as long as there is time."""
    size = run.account.import_batch_size

    def requeue():
        # Those that wait already are left alone: writing them would conflict with whoever imports them.
        orders._importable_again().filtered(lambda order: order.state != "received").write({"state": "received"})

    def import_free(batch):
        return import_batch(batch.try_lock_for_update().filtered(lambda order: order.state == "received"))

    run.retry_on_conflict(requeue)
    for start in range(0, len(orders), size):
        if not run.has_time(BATCH_SECONDS):
            OrderImport(run).start_second()
            break
        batch = orders[start : start + size]
        run.retry_on_conflict(lambda batch=batch: import_free(batch))


def import_batch(orders):
    """Import received ``orders`` of one account, locked by the caller, in the caller's transaction.

    :return: ``{"imported", "held", "failed": how many}``, empty without orders
    :raise OperationalError: on a conflict with another transaction; the caller repeats the whole batch
    """
    return ImportBatch(orders).run() if orders else {}


class ImportBatch:
    """Received orders of one account that become sale orders together. Each ends imported, or failed with its reason.

    Everything is resolved and created for the whole batch at once. One that cannot be imported never holds up the
    others: the batch is split until it stands alone.
    """

    def __init__(self, orders):
        self.account = orders.account_id
        self.orders = orders if self.account.notify_on_import else quiet(orders)
        self.env = self.orders.env
        self.failures = {}
        """``{inbox order: Refusal}``"""
        self.matches = {}
        """``{SKU: Match}`` of their lines"""

    def run(self):
        drafts = self.build_drafts()
        imported = self.create_or_split(drafts)
        self.record_outcome(imported)
        held = sum(bool(draft.held) for draft in imported)
        return {"imported": len(imported) - held, "held": held, "failed": len(self.failures)}

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
        try:
            with self.env.cr.savepoint():
                self.create_sale_orders(drafts)
            return drafts
        except Exception as error:  # whatever one order does, the others are imported
            if is_conflict(error):
                raise
            if len(drafts) == 1:
                [draft] = drafts
                self.failures[draft.record] = explain(error, draft.record)
                return []
        half = len(drafts) // 2
        return self.create_or_split(drafts[:half]) + self.create_or_split(drafts[half:])

    def create_sale_orders(self, drafts):
        """Create, verify and confirm the sale orders of ``drafts``: one call each for the whole batch."""
        self._find_contacts(drafts)
        self._find_pricelists(drafts)
        Inbox = self.env["extensiv.order"]
        sales = self.env["sale.order"].create([Inbox._prepare_sale_vals(self.account, draft) for draft in drafts])
        for draft, sale in zip(drafts, sales, strict=True):
            draft.sale = sale
            self.verify_total(draft)
        if self.account.order_policy == "confirm":
            self.confirm(drafts)

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

    def _find_pricelists(self, drafts):
        currencies = self.env["res.currency"].union(*(draft.currency for draft in drafts))
        pricelists = self.env["product.pricelist"]._extensiv_of_currencies(self.account.company_id, currencies)
        for draft in drafts:
            draft.pricelist = pricelists.get(draft.currency)

    def verify_total(self, draft):
        """Compare the sale order's total with EIM's to the cent, and note on it what a person should know.

        Where they differ, the order stays a quotation, see ``sale.order._extensiv_verify_total``.
        """
        sale = draft.sale
        if draft.tax_policy == "odoo":
            self._include_taxes(draft)
        # Only Odoo's own taxes may differ a little, and only from parts that make EIM's total.
        only_taxes = draft.tax_policy == "odoo" and draft.priced.matches
        draft.is_right, differences = sale._extensiv_verify_total(
            draft.priced.untaxed_total if only_taxes else None, self.account.tax_tolerance
        )
        notes = [*draft.notes, *draft.contacts.notes]
        draft.messages = [*notes, *draft.missing, *differences]
        if not draft.is_right:
            draft.messages += draft.priced.differences
        if draft.messages:
            sale.write(
                {"extensiv_message": "\n".join(draft.messages), "extensiv_lasting_notes": "\n".join(notes) or False}
            )

    def _include_taxes(self, draft):
        """Turn the lines' prices into ones that hold Odoo's taxes."""
        sale = draft.sale
        sale.order_line._extensiv_include_taxes()
        total = amount_of(sale.currency_id, sale.amount_total)
        if draft.priced.rounding and total - draft.priced.rounding == draft.priced.expected_total:
            # Odoo's taxes take up the rest, above all those included in the prices: the whole is rounded once.
            sale.order_line[-1].unlink()

    def confirm(self, drafts):
        """Confirm the sale orders that are whole and right, as far as no other app holds them."""
        right = [draft.sale for draft in drafts if draft.is_to_confirm]
        held = confirm(self.env["sale.order"].union(*right))
        for draft in drafts:
            draft.held = held.get(draft.sale, "")
            if draft.held:
                draft.sale.extensiv_held_by = draft.held

    def record_outcome(self, imported):
        """Write to the inbox, and to the list of errors, what became of the orders.

        :param imported: the drafts that have their sale order
        """
        for draft in imported:
            draft.record.write(
                {
                    "state": "imported",
                    "sale_order_id": draft.sale.id,
                    "message": "\n".join(filter(None, [*draft.messages, draft.held])) or False,
                    "missing_skus": False,
                }
            )
        Error = self.env["extensiv.error"]
        failures = {}
        for record, refusal in self.failures.items():
            record.write({"state": "failed", "message": str(refusal), "missing_skus": refusal.missing_skus})
            failures[record.cust_ref] = {"message": str(refusal), "category": "data", "document": record}
        Error._resolve(self.account, "orders", [draft.record.cust_ref for draft in imported])
        report_held(self.account, {draft.record: draft.held for draft in imported if draft.held})
        Error._report(self.account, "orders", failures)
        # Whatever became of the orders: EIM uses these SKUs.
        learn_skus(self.account, self.matches, "order")


def amount_of(currency, value):
    """Return one of Odoo's amounts as an exact ``Decimal`` of the currency's digits."""
    return round(Decimal(repr(value)), currency.decimal_places)

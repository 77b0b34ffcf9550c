import logging

from psycopg2.errors import NotNullViolation

from odoo import api, models
from odoo.exceptions import AccessError, MissingError, UserError, ValidationError

from ..flows.exceptions import is_conflict, log_unexpected
from ..flows.order_confirmation import confirm
from ..flows.quiet import quiet
from ..flows.runner import BATCH_SECONDS, FlowRun, new_deadline, refresh_snapshot, release_locks
from ..flows.trigger import trigger_import
from .extensiv_order_prepare import Refusal, asked_shipping

_logger = logging.getLogger(__name__)

SPOKEN = (UserError, ValidationError, AccessError, MissingError)  # errors whose text is meant for people


class ExtensivOrder(models.Model):
    """From the inbox into sale orders: which orders, in which transaction, and what is written of the outcome."""

    _inherit = "extensiv.order"

    # -- which orders, in which transaction

    @api.model
    def _importable(self, account, limit):
        """Return received orders of ``account``, oldest first."""
        return self.search([("account_id", "=", account.id), ("state", "=", "received")], limit=limit, order="id")

    @api.model
    def _import_next(self, pass_):
        """Import the next batch of received orders, in a transaction of its own.

        Any number of processes may do this at once: each takes rows that no other holds.

        :return: how many orders were dealt with
        """
        account = pass_.account

        def work():
            size = account.import_batch_size
            orders = self._importable(account, 8 * size).try_lock_for_update(limit=size)
            return orders._import_batch()

        counts = pass_.retry_on_conflict(work)
        for state, count in counts.items():
            if state == "failed":
                pass_.failed += count
            else:
                pass_.counts[state] += count
        return sum(counts.values())

    def _import_now(self):
        """Import these orders for a person; what a request has no time for is left to the schedule."""
        release_locks(self.env)
        deadline = new_deadline()
        for account, orders in self.grouped("account_id").items():
            with FlowRun.open(account, deadline) as pass_:
                orders = orders.with_env(pass_.env)
                pass_.retry_on_conflict(lambda orders=orders: orders._importable_again().write({"state": "received"}))
                for start in range(0, len(orders), account.import_batch_size):
                    if not pass_.has_time(BATCH_SECONDS):
                        trigger_import(pass_.env)
                        pass_.commit()
                        break
                    batch = orders[start : start + account.import_batch_size]
                    pass_.retry_on_conflict(
                        lambda batch=batch: (
                            batch.try_lock_for_update()
                            .filtered(lambda order: order.state == "received")
                            ._import_batch()
                        )
                    )
        refresh_snapshot(self.env)

    def _importable_again(self):
        """Return the orders that a person may have imported: all but those that have a sale order or were cancelled."""
        return self.filtered(
            lambda order: (
                order.state in ("received", "failed", "ignored")
                or (order.state == "imported" and not order.sale_order_id)
            )
        )

    @api.model
    def _revive(self, account):
        """Take failed orders up again whose cause is seen gone or whose time to try again has come."""
        failed = self.search_fetch(
            [("account_id", "=", account.id), ("state", "=", "failed")], ["missing_skus", "cust_ref"]
        )
        if not failed:
            return
        # Codes that came with the order may find a product too, but only a whole import reads them again.
        matches = self.env["product.product"]._extensiv_match(
            account, {sku: () for order in failed for sku in order.missing_skus or ()}
        )
        due = self.env["extensiv.error"]._due_keys(account, "orders", failed.mapped("cust_ref"))
        failed.filtered(
            lambda order: (
                order.cust_ref in due
                or (order.missing_skus and not any(matches[sku].problem for sku in order.missing_skus))
            ),
        ).write({"state": "received"})

    # -- one batch

    def _import_batch(self):
        """Make sale orders of these received orders of one account. Each ends imported, or failed with its reason.

        Everything is resolved and created for the whole batch at once. One that cannot be imported never holds up
        the others: the batch is split until it stands alone.

        :return: ``{state: how many}``
        :raise OperationalError: on a conflict with another transaction; the caller repeats the whole batch
        """
        if not self:
            return {}
        account = self.account_id
        orders = self if account.notify_on_import else quiet(self)
        drafts, failures = orders._prepare_drafts(account)
        self.env["extensiv.ship.method"]._sync_from_eim(account, {asked_shipping(draft.wire) for draft in drafts})
        imported = orders._create_or_split(account, drafts, failures)
        orders._note_imported(account, imported, failures)
        held = sum(bool(draft.held) for draft in imported)
        return {"imported": len(imported) - held, "held": held, "failed": len(failures)}

    def _create_or_split(self, account, drafts, failures):
        """Create the sale orders of ``drafts``; those that fail alone are added to ``failures``.

        :return: the drafts that have their sale order
        """
        if not drafts:
            return []
        try:
            with self.env.cr.savepoint():
                self._create_sale_orders(account, drafts)
            return drafts
        except Exception as error:  # noqa: BLE001 - whatever one order does, the others are imported
            if is_conflict(error):
                raise
            if len(drafts) == 1:
                failures[drafts[0].record] = self._explain(error, drafts[0].record)
                return []
        half = len(drafts) // 2
        return self._create_or_split(account, drafts[:half], failures) + self._create_or_split(
            account, drafts[half:], failures
        )

    @api.model
    def _explain(self, error, record):
        """Return what to tell a person of an error of Odoo while importing ``record``."""
        if isinstance(error, SPOKEN):
            return Refusal(self.env._("Odoo refused the order: %s", error.args[0]))
        if isinstance(error, NotNullViolation):
            return Refusal(
                self.env._(
                    "Another app requires the field %(field)s of %(table)s, which orders from EIM do not "
                    "have. Give it a "
                    "default value, then retry.",
                    field=error.diag.column_name,
                    table=error.diag.table_name,
                )
            )
        log_unexpected(_logger, error, "Import of inbox order %s failed", record.id)
        return Refusal(
            self.env._(
                "Importing the order failed unexpectedly (%s). The server's log says where.", type(error).__name__
            )
        )

    def _note_imported(self, account, imported, failures):
        """Write to the inbox, and to the list of errors, what became of the orders."""
        Error = self.env["extensiv.error"]
        for draft in imported:
            draft.record.write(
                {
                    "state": "imported",
                    "sale_order_id": draft.sale.id,
                    "message": "\n".join(filter(None, [*draft.told, draft.held])) or False,
                    "missing_skus": False,
                }
            )
        for record, refusal in failures.items():
            record.write({"state": "failed", "message": str(refusal), "missing_skus": refusal.missing_skus})
        Error._resolve(account, "orders", [draft.record.cust_ref for draft in imported])
        self._report_held(account, {draft.record: draft.held for draft in imported if draft.held})
        Error._report(
            account,
            "orders",
            {
                record.cust_ref: {"message": str(refusal), "category": "data", "document": record}
                for record, refusal in failures.items()
            },
        )

    # -- quotations that another app holds

    @api.model
    def _report_held(self, account, held):
        """Open an error for each order whose quotation another app holds; confirming or cancelling it closes it.

        :param held: ``{inbox order: what holds it}``
        """
        self.env["extensiv.error"]._report(
            account,
            "orders",
            {
                order.cust_ref: {"message": reason, "category": "data", "document": order.sale_order_id}
                for order, reason in held.items()
            },
            "confirm",
        )

    def _confirm_held_now(self, account):
        """Try for a person to confirm the quotations of these orders of ``account``, each by itself."""
        release_locks(self.env)
        with FlowRun.open(account, new_deadline()) as pass_:
            for order in self.with_env(pass_.env):
                if not pass_.has_time(BATCH_SECONDS):
                    break
                pass_.retry_on_conflict(lambda order=order: order._confirm_held())

    def _confirm_held(self):
        """Confirm the quotation, or say anew what holds it."""
        account, sale = self.account_id, self.sale_order_id
        if not sale.extensiv_held_by or sale.state in ("sale", "cancel"):
            return
        try:
            with self.env.cr.savepoint():
                held = confirm(sale if account.notify_on_import else quiet(sale))
        except Exception as error:  # noqa: BLE001 - whatever one order does, the others are confirmed
            if is_conflict(error):
                raise
            held = {sale: str(self._explain(error, self))}
        if reason := held.get(sale):
            others = (self.message or "").removesuffix(sale.extensiv_held_by).strip()
            self.message = "\n".join(filter(None, [others, reason]))
            sale.extensiv_held_by = reason
            self._report_held(account, {self: reason})

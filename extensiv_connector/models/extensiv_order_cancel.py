import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..flows import relisting
from ..flows.exceptions import is_conflict, log_unexpected
from ..flows.trigger import trigger
from .extensiv_order_import import SPOKEN

_logger = logging.getLogger(__name__)

# A cancellation may reach EIM's list late: each pass looks back this far behind the last one.
OVERLAP = timedelta(hours=1)


class ExtensivOrder(models.Model):
    """Cancellations, from EIM to here and, where a person asks for it, from here to EIM."""

    _inherit = "extensiv.order"

    cancelled_at = fields.Datetime("Cancelled at EIM", readonly=True)
    cancel_request = fields.Selection(
        [("due", "To be sent"), ("done", "Sent"), ("refused", "Refused")],
        "Cancellation Request",
        readonly=True,
        help="Whether EIM was asked to cancel the order, after it was cancelled here.",
    )

    # -- from EIM

    @api.model
    def _pull_canceled(self, pass_):
        """Read EIM's ``canceled`` list since the last pass that reached its end, and cancel what is ours of it."""
        account, started = pass_.account, fields.Datetime.now()
        since = (account.canceled_until or account.import_from or started) - OVERLAP
        number = 1
        while pass_.has_time():
            page = pass_.client.list_orders("canceled", page=number, from_date=since)
            listed = {order.cust_ref: order.cancel_date or started for order in page.items}
            pass_.counts["cancelled"] += pass_.retry_on_conflict(
                lambda listed=listed: self._cancel_listed(account, listed)
            )
            if page.is_last:
                account.canceled_until = started
                pass_.commit()
                return
            number += 1
        pass_.resume_in = 0

    @api.model
    def _cancel_listed(self, account, listed):
        """Cancel the orders that EIM lists as canceled, each once.

        :param listed: ``{cust_ref: when}``
        :return: how many were dealt with
        """
        orders = self.search(
            [
                ("account_id", "=", account.id),
                ("cust_ref", "in", list(listed)),
                "|",
                ("cancelled_at", "=", False),
                ("listed_again_at", "!=", False),
            ]
        )
        relisting.settle(orders.filtered("listed_again_at"))
        for order in orders:
            order.cancelled_at = listed[order.cust_ref]
        sold = orders.filtered("sale_order_id")
        (orders - sold).write({"state": "cancelled", "message": self.env._("Cancelled by the buyer.")})
        self.env["extensiv.error"]._resolve(account, "orders", (orders - sold).mapped("cust_ref"))
        told = sold._cancel_sales(account)
        (sold - self.union(*told)).write({"state": "cancelled", "message": self.env._("Cancelled by the buyer.")})
        for order, reason in told.items():
            order.message = reason
        self.env["extensiv.error"]._report(
            account,
            "orders",
            {
                order.cust_ref: {"message": reason, "category": "data", "document": order.sale_order_id}
                for order, reason in told.items()
            },
        )
        return len(orders)

    def _cancel_sales(self, account):
        """Cancel the sale orders of which nothing has shipped and nothing was invoiced.

        :return: ``{inbox order: why a person must see to it}``
        """
        told = {}
        shipped = (
            self.env["stock.move"]
            .search(
                [
                    ("sale_line_id.order_id", "in", self.sale_order_id.ids),
                    ("state", "=", "done"),
                    ("location_dest_usage", "=", "customer"),
                ]
            )
            .sale_line_id.order_id
        )
        cancelling = self.browse()
        for order in self:
            sale = order.sale_order_id
            if sale.state == "cancel":
                continue
            if sale in shipped:
                reason = self.env._("something of it has shipped")
            elif sale.invoice_ids.filtered(lambda invoice: invoice.state == "posted"):
                reason = self.env._("it has a posted invoice")
            elif not account.cancel_orders:
                reason = self.env._("the account's settings leave cancelling to a person")
            else:
                cancelling += order
                continue
            told[order] = self.env._(
                "The buyer cancelled order %(order)s, but %(reason)s. Decide what to do, then dismiss this error.",
                order=sale.name,
                reason=reason,
            )
        for order in cancelling:
            try:
                with self.env.cr.savepoint():
                    order.sale_order_id.filtered("locked").action_unlock()
                    order.sale_order_id.action_cancel()
            except Exception as error:  # noqa: BLE001 - whatever one order does, the pass goes on
                if is_conflict(error):
                    raise
                reason = error.args[0] if isinstance(error, SPOKEN) else type(error).__name__
                if not isinstance(error, SPOKEN):
                    log_unexpected(_logger, error, "Cancelling of inbox order %s failed", order.id)
                told[order] = self.env._(
                    "The buyer cancelled order %(order)s, but Odoo refuses to cancel it: %(reason)s",
                    order=order.sale_order_id.name,
                    reason=reason,
                )
        self.sale_order_id._message_log_batch(
            bodies={
                order.sale_order_id.id: told.get(order) or self.env._("The buyer cancelled this order at EIM.")
                for order in self
            }
        )
        return told

    # -- to EIM

    def _request_cancel(self):
        """Have EIM asked to cancel these orders, by the next pass of their account."""
        for order in self:
            if reason := order.account_id._why_no_cancel_request():
                raise UserError(reason)
        self.write({"cancel_request": "due"})
        trigger(self.env, "orders", self.account_id)

    @api.model
    def _send_cancel_requests(self, pass_):
        """Ask EIM for the cancellations that people requested; a refusal is told in EIM's words."""
        account = pass_.account
        due = self.search([("account_id", "=", account.id), ("cancel_request", "=", "due")])
        for order in due.filtered("cancelled_at"):
            # EIM lists it as cancelled: the answer was lost, or the buyer was quicker.
            order._note_cancel_request(None)
        due = due.filtered(lambda order: not order.cancelled_at)
        waiting = self.env["extensiv.error"]._waiting_keys(account, "orders", due.mapped("cust_ref"), "cancel")
        refs = [(order.id, order.cust_ref) for order in due if order.cust_ref not in waiting]
        pass_.commit()

        def note(answers):
            for order_id, error in answers.items():
                pass_.retry_on_conflict(
                    lambda order_id=order_id, error=error: self.browse(order_id)._note_cancel_request(error)
                )

        refusals = pass_.refusals
        try:
            for order_id, cust_ref in refs:
                if not pass_.has_time():
                    pass_.resume_in = 0
                    break
                try:
                    pass_.client.cancel_order_in_cart(cust_ref)
                    note({**refusals.accepted(), order_id: None})
                except (eim.Refused, eim.Blocked) as error:
                    note(refusals.refused(order_id, error, (cust_ref,)))
                except eim.RateLimited:
                    raise
                except eim.EimError as error:
                    note({order_id: error})
            note(refusals.finish())
        finally:
            refusals.drop()  # they are asked for again

    def _note_cancel_request(self, error):
        """Write what EIM answered to the request to cancel this order; ``error`` is None when it agreed."""
        Error = self.env["extensiv.error"]
        if error is None:
            self.cancel_request = "done"
            Error._resolve(self.account_id, "orders", [self.cust_ref], "cancel")
            self.sale_order_id._message_log(body=self.env._("EIM was asked to cancel the order, and agreed."))
            return
        refused = isinstance(error, eim.Refused)
        if refused:
            self.cancel_request = "refused"
        Error._report(
            self.account_id,
            "orders",
            {
                self.cust_ref: {
                    "message": self.env._(
                        "EIM did not cancel order %(order)s: %(words)s Cancel it in the cart itself.",
                        order=self.order_number,
                        words=error.message,
                    ),
                    "category": "data" if refused else "transient",
                    "process_id": error.process_id,
                    "document": self.sale_order_id or self,
                }
            },
            "cancel",
        )

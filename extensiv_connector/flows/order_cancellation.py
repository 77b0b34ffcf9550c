"""Cancellations, from EIM to here and, where a person asks for it, from here to EIM."""

import logging
from datetime import timedelta
from functools import partial

from odoo import fields

from ..eim import errors as eim
from ..eim.writing import iso
from . import cancelled_goods, holds, relisting, twins
from .exceptions import USER_ERRORS, is_conflict, log_unexpected
from .languages import translated
from .list_reading import ListReading
from .runner import WAIT_SECONDS

_logger = logging.getLogger(__name__)

# A cancellation may reach EIM's list late: each pass looks back this far behind the last one.
OVERLAP = timedelta(hours=1)


class OrderCancellation:
    """The cancellations of one pass.

    :param run: the ``FlowRun`` of the pass
    """

    def __init__(self, run):
        self.run = run

    @property
    def account(self):
        return self.run.account

    @property
    def env(self):
        return self.run.env

    # -- from EIM

    def pull(self):
        """Read EIM's ``canceled`` list since the last pass that reached its end, and cancel what is ours of it.

        What that window misses, because EIM's clock was changed or a database was restored, the audit finds.
        """
        run = self.run
        account = self.account
        now = run.eim_now()
        # EIM's clock may have been ahead the last time.
        since = min(account.canceled_until or account.import_from or now, now) - OVERLAP
        question = {"status": "canceled", "from_date": iso(since)}
        reading = ListReading(run, "canceled", question)
        if reading.goes_on:
            now = fields.Datetime.to_datetime(reading.note)
        else:
            reading.note = fields.Datetime.to_string(now)
        self.cancel_pages(reading, now)
        if reading.is_over and not reading.is_broken:
            run.retry_on_conflict(lambda: account.write({"canceled_until": now}))

    def cancel_pages(self, reading, now):
        """Cancel what is ours of a ``ListReading`` of canceled orders; ``now`` is when, where EIM does not say."""
        for page in reading.pages():
            listed = {order.cust_ref: order.cancel_date or now for order in page.items}
            # One of them may be imported at this moment, which takes a while.
            cancel = partial(self.cancel_listed, listed)
            self.run.counts["cancelled"] += self.run.retry_on_conflict(cancel, wait=WAIT_SECONDS)

    def cancel_listed(self, listed):
        """Cancel the orders that EIM lists as canceled, each once.

        :param listed: ``{reference: when}``
        :return: how many were dealt with
        """
        orders = self.env["extensiv.order"].search(
            [
                ("account_id", "=", self.account.id),
                ("cust_ref", "in", list(listed)),
                "|",
                ("cancelled_at", "=", False),
                ("listed_again_at", "!=", False),
            ]
        )
        relisting.close(orders.filtered("listed_again_at"))
        for order in orders:
            order.cancelled_at = listed[order.cust_ref]
        Error = self.env["extensiv.error"]
        sold = orders.filtered("sale_order_id")
        self._mark_cancelled(orders - sold)
        Error._resolve(self.account, "orders", (orders - sold).mapped("cust_ref"))
        alive = self.cancel_sales(sold)
        self._mark_cancelled(sold.filtered(lambda order: order not in alive))
        cancelled_goods.close_believed(self.account, orders.mapped("cust_ref"))
        twins.tell_cancelled(orders)
        holds.reassess(self._union(alive).sale_order_id)
        failures = {}
        for order, reason in alive.items():
            order.message = reason
            failures[order.cust_ref] = {"message": reason, "category": "data", "document": order.sale_order_id}
        Error._report(self.account, "orders", failures)
        return len(orders)

    def _mark_cancelled(self, orders):
        for message, alike in orders.grouped(cancelled_goods.say_cancelled).items():
            alike.write({"state": "cancelled", "message": message})

    def cancel_sales(self, orders):
        """Cancel the sale orders of ``orders`` of which nothing has shipped and nothing was invoiced.

        :return: ``{inbox order: why a person must see to it}``
        """
        alive = {}
        shipped = self._find_shipped(orders.sale_order_id)
        living = orders.filtered(lambda order: order.sale_order_id.state != "cancel")
        lying = cancelled_goods.find(living.sale_order_id)
        for order in living:
            if reason := self._why_alive(order.sale_order_id, shipped):
                alive[order] = self._say_alive(order, lying, self.env._("%s. Decide what to do", reason))
            elif reason := self._cancel_sale(order):
                alive[order] = self._say_alive(order, lying, self.env._("Odoo refuses to cancel it: %s", reason))
        orders.sale_order_id._message_log_batch(
            bodies={
                order.sale_order_id.id: alive.get(order) or self._say_done(order, order in living) for order in orders
            }
        )
        cancelled_goods.report_goods(
            self.account,
            {
                order: lying[order.sale_order_id]
                for order in living - self._union(alive)
                if order.sale_order_id in lying
            },
        )
        return alive

    def _union(self, orders):
        return self.env["extensiv.order"].union(*orders)

    def _say_alive(self, order, lying, reason):
        """Return what a person is told of an order that is cancelled at EIM and alive here."""
        if cancelled_goods.is_our_wish(order):
            text = self.env._(
                "EIM cancelled order %(order)s, as it was asked to from here, but %(reason)s.",
                order=order.sale_order_id.name,
                reason=reason,
            )
        else:
            text = self.env._(
                "The buyer cancelled order %(order)s, but %(reason)s.", order=order.sale_order_id.name, reason=reason
            )
        goods = lying.get(order.sale_order_id)
        parts = [text, goods and cancelled_goods.introduce(self.env, goods), self.env._("Then dismiss this error.")]
        return "\n".join(filter(None, parts))

    def _say_done(self, order, was_living):
        """Return what the sale order of a cancelled order of the inbox says of it."""
        if cancelled_goods.is_our_wish(order):
            return self.env._("EIM has cancelled this order, as it was asked to from here.")
        if not was_living:
            return self.env._("EIM has this order as cancelled, too.")
        return self.env._("The buyer cancelled this order at EIM.")

    def _find_shipped(self, sales):
        """Return those of ``sales`` of which something has left to a customer."""
        return (
            self.env["stock.move"]
            .search(
                [
                    ("sale_line_id.order_id", "in", sales.ids),
                    ("state", "=", "done"),
                    ("location_dest_usage", "=", "customer"),
                ]
            )
            .sale_line_id.order_id
        )

    def _why_alive(self, sale, shipped):
        """Return why ``sale`` is not cancelled by itself, or None.

        :param shipped: the sale orders of which something has shipped
        """
        if sale.extensiv_is_fulfilled_elsewhere and sale in shipped:
            return self.env._("the marketplace's own warehouse has delivered it")
        if sale in shipped:
            return self.env._("something of it has shipped")
        if sale.invoice_ids.filtered(lambda invoice: invoice.state == "posted"):
            return self.env._("it has a posted invoice")
        if not self.account.cancel_orders:
            return self.env._("the account's settings leave cancelling to a person")
        if sale.locked and not self.account.cancel_locked:
            return self.env._("it is locked, and the account's settings leave locked orders to a person")
        return None

    def _cancel_sale(self, order):
        """Cancel the sale order of ``order``, and return why Odoo refuses to, or None."""
        try:
            with self.env.cr.savepoint():
                order.sale_order_id.filtered("locked").action_unlock()
                order.sale_order_id.with_context(**{cancelled_goods.KNOWS: True}).action_cancel()
        except Exception as error:  # whatever one order does, the pass goes on
            if is_conflict(error):
                raise
            if isinstance(error, USER_ERRORS) and error.args[0]:
                return error.args[0]
            log_unexpected(_logger, error, "Cancelling of inbox order %s failed", order.id)
            return type(error).__name__
        return None

    # -- to EIM

    def send_requests(self):
        """Ask EIM for the cancellations that people requested; a refusal is told in EIM's words."""
        run = self.run
        requests = self._find_requests()
        run.commit()
        try:
            for order_id, cust_ref in requests:
                if not run.has_time():
                    run.resume_in = 0
                    break
                self._send(order_id, cust_ref)
            self._record(run.refusals.finish())
        finally:
            run.refusals.drop()  # they are asked for again

    def _find_requests(self):
        """Return ``[(id, reference)]`` of the orders that EIM is to be asked to cancel now."""
        due = self.env["extensiv.order"].search([("account_id", "=", self.account.id), ("cancel_request", "=", "due")])
        for order in due.filtered("cancelled_at"):
            # EIM lists it as cancelled: the answer was lost, or the buyer was quicker.
            self.record_answer(order.id, None)
        due = due.filtered(lambda order: not order.cancelled_at)
        waiting = self.env["extensiv.error"]._waiting_keys(self.account, "orders", due.mapped("cust_ref"), "cancel")
        return [(order.id, order.cust_ref) for order in due if order.cust_ref not in waiting]

    def _send(self, order_id, cust_ref):
        """Ask EIM to cancel one order, and write down what may be by now.

        :raise eim.RateLimited: there is no token left
        """
        refusals = self.run.refusals
        self.run.check_lock()
        try:
            self.run.client.cancel_order_in_cart(cust_ref)
            self._record({**refusals.accepted(), order_id: None})
        except (eim.Refused, eim.Blocked) as error:
            self._record(refusals.refused(order_id, error, (cust_ref,)))
        except eim.RateLimited:
            raise
        except eim.EimError as error:
            self._record({order_id: error})

    def _record(self, answers):
        """Write each of ``answers``, ``{order id: error or None}``, in a transaction of its own."""
        for order_id, error in answers.items():
            self.run.retry_on_conflict(partial(self.record_answer, order_id, error))

    def record_answer(self, order_id, error):
        """Write what EIM answered to the request to cancel an order; ``error`` is None when it agreed."""
        order = self.env["extensiv.order"].browse(order_id)
        Error = self.env["extensiv.error"]
        if error is None:
            order.cancel_request = "done"
            Error._resolve(order.account_id, "orders", [order.cust_ref], "cancel")
            order.sale_order_id._message_log(body=self.env._("EIM was asked to cancel the order, and agreed."))
            return
        refused = isinstance(error, eim.Refused)
        if refused:
            order.cancel_request = "refused"
        Error._report(
            order.account_id,
            "orders",
            {
                order.cust_ref: {
                    "message": self.env._(
                        "EIM did not cancel order %(order)s: %(words)s Cancel it in the cart itself.",
                        order=order.order_number,
                        words=translated(self.env, error),
                    ),
                    "category": "data" if refused else "transient",
                    "process_id": error.process_id,
                    "document": order.sale_order_id or order,
                }
            },
            "cancel",
        )

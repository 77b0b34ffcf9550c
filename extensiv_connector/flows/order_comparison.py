"""Comparing one order with EIM: what EIM says now beside the sale order, its invoices and its payments."""

from dataclasses import dataclass

from odoo.tools import SQL, format_date, format_datetime
from odoo.tools.misc import formatLang

from . import dates, fulfilment, order_amounts
from .order_amounts import PARTS, ZERO
from .order_draft import Draft
from .order_money import amount_of
from .order_refusal import Refusal
from .shipped_elsewhere import SHIPPED
from .status_words import get_words

CANCELED = "canceled"
INVOICES = ("out_invoice", "out_refund")


@dataclass
class Row:
    """One line of the table: a text each for EIM, the sale order, its invoices and its payments."""

    label: str
    eim: str = ""
    sale: str = ""
    invoices: str = ""
    paid: str = ""
    differs: bool = False

    def __getitem__(self, name):
        """Return a column's text, for the table."""
        return getattr(self, name)


class OrderComparison:
    """Compares one order of the inbox with what EIM answered.

    After ``run``, ``rows`` are the table and ``todos`` what a person is to do, sentences; nothing differs without any.

    :param record: the ``extensiv.order``, of the superuser's rights
    :param order: a ``wire.Order``; None where EIM does not give it
    :param words: what EIM said then
    """

    def __init__(self, record, order, words=""):
        self.env = record.env
        self.record = record
        self.sale = record.sale_order_id
        self.order = order
        self.words = words
        self.account = record.account_id
        self.currency = self.sale.currency_id or record.cart_id.currency_id or record.company_id.currency_id
        invoices = self.sale.invoice_ids.filtered(lambda move: move.move_type in INVOICES and move.state != "cancel")
        self.posted = invoices.filtered(lambda move: move.state == "posted")
        self.drafts = invoices - self.posted
        self.rows = []
        self.todos = []
        self.notes = []

    def run(self):
        """Compare."""
        self._compare_status()
        self._compare_dates()
        self._compare_amounts()

    def columns(self):
        """Return ``[(attribute of a row, heading)]`` of the columns that say anything."""
        env = self.env
        headings = {
            "eim": env._("At EIM"),
            "sale": env._("Sale Order"),
            "invoices": env._("Invoices"),
            "paid": env._("Paid"),
        }
        return [(name, text) for name, text in headings.items() if any(getattr(row, name) for row in self.rows)]

    # -- status

    def _compare_status(self):
        env = self.env
        row = Row(env._("Status"), self._say_status(), self._say_sale(), self._say_invoices(), self._say_paid())
        self.rows.append(row)
        before = len(self.todos)
        if self.order is None:
            self.todos.append(
                env._(
                    "EIM does not give this order any more (“%(words)s”): it was cleared or deleted there. Look for "
                    "%(order)s in the cart; what is here stays as it is.",
                    words=self.words,
                    order=self.record.order_number,
                )
            )
        elif self.order.status == CANCELED:
            self._advise_cancelled()
        elif self.sale.state == "cancel":
            self.todos.append(
                env._(
                    "The sale order is cancelled, and EIM still believes that you ship it. Cancel it in the cart and "
                    "refund it there; or, where it is to be shipped after all, set it to quotation and confirm it."
                )
            )
        else:
            self._advise_shipped()
        self._advise_stopped()
        row.differs = len(self.todos) > before

    def _advise_cancelled(self):
        """Say what to do about an order that the buyer cancelled."""
        env = self.env
        sale = self.sale
        if sale and sale.state != "cancel":
            has_left = bool(sale.order_line.move_ids.filtered(lambda move: move.state == "done"))
            self.todos.append(
                env._("The buyer cancelled it, and goods have moved already: have them put back or returned.")
                if has_left
                else env._("The buyer cancelled it: cancel the sale order, too.")
            )
        elif not sale and self.record.state not in ("cancelled", "ignored"):
            self.todos.append(env._("The buyer cancelled it: the next run takes it off the inbox."))
        if self.drafts:
            self.todos.append(env._("Delete the draft of its invoice or credit note."))
        billed = sum(-move.direction_sign * move.amount_total for move in self.posted)
        if self.currency.compare_amounts(billed, 0) > 0:
            self.todos.append(
                env._(
                    "Credit %(amount)s: make a credit note of %(invoices)s, and see that the buyer is refunded in the "
                    "cart. EIM sends no refunds.",
                    amount=self._money(billed),
                    invoices=self._name(self.posted.filtered(lambda move: move.move_type == "out_invoice")),
                )
            )

    def _advise_shipped(self):
        """Say what to do where EIM has the order as shipped and Odoo does not, or the other way round."""
        env = self.env
        sale = self.sale
        if sale.state != "sale" or sale.extensiv_is_fulfilled_elsewhere or sale.extensiv_is_shipped_already:
            return
        [progress] = fulfilment.read_progress(env, SQL("o.id = %s", sale.id))
        if self.order.status in SHIPPED:
            if not progress.is_fulfilled and sale.extensiv_shipment_state != "sent":
                self.todos.append(
                    env._(
                        "EIM has it as shipped, and not everything has left here. Do not ship it twice: find out who "
                        "shipped it, then validate the transfers, or cancel them."
                    )
                )
        elif sale.extensiv_shipment_state == "sent" and self.order.status:
            self.todos.append(
                env._(
                    "EIM was told of the shipment, and does not have it as shipped. Should that last for an hour, have "
                    "a manager send it again."
                )
            )

    def _advise_stopped(self):
        """Say what holds the order at EIM."""
        env = self.env
        if self.order is None:
            return
        if self.order.on_hold:
            self.todos.append(env._("It is on hold at EIM: release it there."))
        if self.order.sending_canceled:
            self.todos.append(env._("Its sending was stopped at EIM: resume it there, or cancel it here."))
        if self.order.status == "error":
            reason = self.order.error_reason or self.order.error_msg or self.order.error_code
            self.todos.append(
                env._("EIM holds it with an error: %s Mend it there.", reason or env._("no reason given."))
            )

    # -- dates

    def _compare_dates(self):
        env = self.env
        if self.order is None:
            return
        here = self.record.cancelled_at if self.record.state == "cancelled" or self.sale.state == "cancel" else None
        if self.order.cancel_date or here:
            self.rows.append(Row(env._("Cancelled on"), self._moment(self.order.cancel_date), self._moment(here)))
        days = [format_date(env, day) for day in self.posted.mapped("invoice_date") if day]
        self.rows.append(
            Row(
                env._("Ordered on"),
                self._moment(dates.ordered_at(self.order, dates.zone_of(self.account.company_id))),
                self._moment(self.sale.date_order),
                ", ".join(dict.fromkeys(days)),
            )
        )

    # -- amounts

    def _compare_amounts(self):
        """Compare the totals, and show what they are made of."""
        env = self.env
        theirs = self._read_theirs()
        ours = order_amounts.of_sale(self.sale) if self.sale else None
        billed = order_amounts.of_invoices(self.posted | self.drafts) if self.posted | self.drafts else None
        totals_differ = bool(theirs and ours and theirs.total != ours.total and not self.sale.extensiv_has_no_total)
        labels = {
            "goods": env._("Goods"),
            "shipping": env._("Shipping"),
            "discount": env._("Discount"),
            "tax": env._("Tax"),
            "rest": env._("Other charges and rounding"),
        }
        for part in PARTS:
            values = [getattr(amounts, part) if amounts else None for amounts in (theirs, ours, billed)]
            if any(values):
                differs = totals_differ and values[0] != values[1]
                self.rows.append(Row(labels[part], *map(self._money, values), differs=differs))
        paid = amount_of(self.currency, self._sum_paid()) if self.posted else None
        totals = [amounts.total if amounts else None for amounts in (theirs, ours, billed)]
        if ours and not billed:
            totals[2] = ZERO
        total = Row(env._("Total"), *map(self._money, totals), self._money(paid))
        self.rows.append(total)
        before = len(self.todos)
        is_alive = self.order is not None and self.order.status != CANCELED and self.sale.state != "cancel"
        if totals_differ and is_alive:
            self._advise_total(theirs.total, ours.total, billed)
        if is_alive and ours:
            self._advise_books(ours, billed, paid)
        total.differs = totals_differ or len(self.todos) > before

    def _read_theirs(self):
        """Return the ``Amounts`` of EIM's order, or None where they cannot be read."""
        if self.order is None:
            return None
        draft = Draft(self.record, self.order)
        draft.currency = self.currency
        if self.order.currency and self.order.currency != self.currency.name:
            self.todos.append(
                self.env._(
                    "EIM has it in %(theirs)s, and here it is in %(ours)s: its amounts are not compared.",
                    theirs=self.order.currency,
                    ours=self.currency.name,
                )
            )
            return None
        try:
            amounts = order_amounts.of_eim(draft, self.account)
        except Refusal as refusal:
            self.todos.append(self.env._("EIM's amounts cannot be read: %s", refusal))
            return None
        self.notes += draft.notes
        if self.sale.extensiv_tax_policy and draft.tax_policy != self.sale.extensiv_tax_policy:
            labels = dict(self.sale._fields["extensiv_tax_policy"]._description_selection(self.env))
            self.notes.append(
                self.env._(
                    "The order was imported with the tax as “%(then)s”; the cart's settings now say “%(now)s”, and "
                    "EIM's amounts are read by these.",
                    then=labels[self.sale.extensiv_tax_policy],
                    now=labels[draft.tax_policy],
                )
            )
        return amounts

    def _advise_total(self, theirs, ours, billed):
        """Say what to do where EIM's total is another than the sale order's."""
        env = self.env
        figures = {"theirs": self._money(theirs), "ours": self._money(ours), "rest": self._money(abs(theirs - ours))}
        if self.sale.state in ("draft", "sent"):
            text = env._(
                "EIM's total is %(theirs)s, the quotation's %(ours)s. Correct its lines, or press Accept the "
                "Difference where you know what it is.",
                **figures,
            )
        elif not billed:
            text = env._(
                "EIM's total is %(theirs)s, the sale order's %(ours)s. EIM sends no later changes: correct the lines "
                "of the sale order before it is invoiced.",
                **figures,
            )
        elif theirs == billed.total:
            text = env._(
                "EIM's total is %(theirs)s, as invoiced, and the sale order's %(ours)s: correct the lines of the sale "
                "order.",
                **figures,
            )
        elif theirs < billed.total:
            text = env._(
                "EIM's total is %(theirs)s, the sale order's %(ours)s. A credit note of %(credit)s is due, and a "
                "refund where the cart has not made it.",
                credit=self._money(billed.total - theirs),
                **figures,
            )
        else:
            text = env._(
                "EIM's total is %(theirs)s, the sale order's %(ours)s. Add the difference of %(rest)s to the sale "
                "order and invoice it, where the buyer paid it.",
                **figures,
            )
        self.todos.append(text)

    def _advise_books(self, ours, billed, paid):
        """Say what is to be invoiced, posted and paid yet."""
        env = self.env
        if self.drafts:
            self.todos.append(env._("Post the draft of its invoice or credit note."))
        if self.sale.invoice_status == "to invoice":
            rest = ours.total - (billed.total if billed else 0)
            self.todos.append(
                env._("Invoice what is to be invoiced now; of the order's total, %s is not yet.", self._money(rest))
                if rest > 0
                else env._("The sale order says that something is to be invoiced or credited: press Create Invoice.")
            )
        open_invoices = self.posted.filtered(lambda move: not move.currency_id.is_zero(move.amount_residual))
        if open_invoices:
            left = sum(-move.direction_sign * move.amount_residual for move in open_invoices)
            self.todos.append(
                env._(
                    "%(invoices)s: %(left)s is open. Register the payment where the buyer paid in the cart.",
                    invoices=self._name(open_invoices),
                    left=self._money(left),
                )
            )

    def _sum_paid(self):
        return sum(-move.direction_sign * (move.amount_total - move.amount_residual) for move in self.posted)

    # -- words

    def _say_status(self):
        if self.order is None:
            return self.env._("Not known")
        words = get_words(self.env)
        return words.get(self.order.status, self.order.status)

    def _say_sale(self):
        env = self.env
        if not self.sale:
            return env._("No sale order (%s)", self._label(self.record, "state"))
        shipment = self._label(self.sale, "extensiv_shipment_state")
        state = self._label(self.sale, "state")
        return env._("%(state)s; shipment: %(shipment)s", state=state, shipment=shipment) if shipment else state

    def _say_invoices(self):
        if not self.posted | self.drafts:
            return self.env._("None") if self.sale else ""
        return self._name(self.posted | self.drafts)

    def _say_paid(self):
        labels = [self._label(move, "payment_state") for move in self.posted]
        return ", ".join(dict.fromkeys(filter(None, labels)))

    def _label(self, record, name):
        return dict(record._fields[name]._description_selection(self.env)).get(record[name], "")

    def _name(self, moves):
        draft = self.env._("draft")
        return ", ".join(
            move.name if move.state == "posted" else f"{draft} {move.name or ''}".strip() for move in moves
        )

    def _money(self, amount):
        return "" if amount is None else formatLang(self.env, float(amount), currency_obj=self.currency)

    def _moment(self, moment):
        return format_datetime(self.env, moment, dt_format="short") if moment else ""

"""Which credit note and refund are due of an order that was invoiced and has changed since: a person is told.

EIM does not say what was refunded, and nothing posted is undone by itself.
"""

from odoo.fields import Domain

from . import invoice_making
from .languages import amount_in

STEP = "credit"


def find_due(sale):
    """Return what is to be credited and what to be given back of an order, both of its currency.

    :return: ``(credit, refund)``
    """
    currency = sale.currency_id
    parts = _find_posted(sale)
    invoices = [move for move in parts if move.move_type == "out_invoice"]
    if not invoices:
        return 0.0, 0.0
    billed = sum(-move.direction_sign * move.amount_total * part for move, part in parts.items())
    open_amount = sum(-move.direction_sign * move.amount_residual * part for move, part in parts.items())
    credit = currency.round(billed - find_worth(sale))
    if credit <= currency.rounding * sum(len(move.invoice_line_ids) for move in invoices):  # what rounding may make
        credit = 0.0
    # What is open is not to be given back: the credit takes it off first.
    refund = max(currency.round(credit - open_amount), 0.0)
    return credit, refund


def _find_posted(sale):
    """Return ``{posted invoice or credit note: what part of it is of the order}``, 1 where it is of no other."""
    parts = {}
    for move in sale.invoice_ids.filtered(lambda move: move.state == "posted"):
        lines = move.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        if lines.sale_line_ids.order_id <= sale:
            parts[move] = 1.0
        elif move.amount_total:
            own = lines.filtered(lambda line: line.sale_line_ids.order_id == sale)
            parts[move] = sum(own.mapped("price_total")) / move.amount_total
    return parts


def find_worth(sale):
    """Return what an order comes to by now: nothing once cancelled, else what was delivered or still will be."""
    if sale.state == "cancel":
        return 0.0
    lines = sale.order_line.filtered(lambda line: not line.display_type and line.product_uom_qty)
    shipped = lines.filtered(lambda line: invoice_making.is_shipped(line) and line.move_ids)
    if sale.extensiv_order_id.cancelled_at and not any(line.qty_delivered > 0 for line in shipped):
        return 0.0
    lacking = {
        line: line.product_uom_qty - max(line.qty_delivered, 0.0)
        for line in shipped
        if all(move.state in ("done", "cancel") for move in line.move_ids)
    }
    return sale.amount_total - sum(
        line.price_total * missing / line.product_uom_qty for line, missing in lacking.items() if missing > 0
    )


def report(account, sales):
    """Tell of each of ``sales`` what is due, or that nothing is any more."""
    Error = account.env["extensiv.error"]
    due = {}
    for sale in sales:
        credit, refund = find_due(sale)
        if credit or refund:
            due[sale.extensiv_cust_ref] = {"message": _say(sale, credit, refund), "category": "data", "document": sale}
    Error._resolve(
        account,
        "orders",
        set(sales.mapped("extensiv_cust_ref")) - due.keys(),
        STEP,
        states=("open", "dismissed"),
    )
    told = Error.search(Error._domain(account, "orders", due, STEP) & Domain("state", "!=", "resolved"))
    for error in told:
        # What a person has read, or dismissed, is not told again.
        if due.get(error.key, {}).get("message") == error.message:
            due.pop(error.key)
    Error._report(account, "orders", due, STEP)


def _say(sale, credit, refund):
    env = sale.env
    names = ", ".join(move.name for move in _find_posted(sale) if move.move_type == "out_invoice")
    is_cancelled = sale.state == "cancel" or sale.extensiv_order_id.cancelled_at
    values = {
        "order": sale.name,
        "invoices": names,
        "credit": _show(sale, credit),
        "refund": _show(sale, refund),
    }
    parts = []
    if credit and is_cancelled:
        parts.append(
            env._(
                "Order %(order)s was cancelled after it was invoiced (%(invoices)s): a credit note of %(credit)s is "
                "due. Open the invoice and press Credit Note.",
                **values,
            )
        )
    elif credit:
        parts.append(
            env._(
                "Order %(order)s comes to less than its invoices (%(invoices)s), for goods came back or are not "
                "delivered any more: a credit note of %(credit)s is due, beside what it changes of shipping, discount "
                "and tax lines. Open the invoice and press Credit Note.",
                **values,
            )
        )
    if refund:
        parts.append(
            env._(
                "The buyer of %(order)s is to get back %(refund)s. Refund it in the cart, and register the payment on "
                "the credit note, in the journal in which the money was received.",
                **values,
            )
        )
    parts.append(env._("This goes away by itself once that is done; dismiss it where nothing is to be done."))
    return "\n".join(parts)


def _show(sale, amount):
    return f"{amount_in(sale.currency_id, amount)} {sale.currency_id.name}"

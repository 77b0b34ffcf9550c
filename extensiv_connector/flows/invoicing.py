"""What of an order from EIM is invoiced, and when.

Goods are invoiced as their products say: as ordered, or as they are delivered. Shipping, discount, tax and whatever
else is no goods go with the first invoice of goods: the buyer paid them, and none of them is owed for nothing. Alone
they are invoiced only at the end, when no goods are to come any more.
"""

from odoo.fields import Command
from odoo.tools import float_compare

KINDS = [
    ("shipping", "Shipping"),
    ("discount", "Discount"),
    ("tax", "Collected tax"),
    ("charge", "Other charge"),
    ("rounding", "Rounding"),
]


def is_amount(line):
    """Whether a sale order ``line`` is neither goods nor a service that is sold: not to be invoiced by itself."""
    return _is_billed(line) and not line._can_be_invoiced_alone()


def _is_billed(line):
    return not line.display_type and not line.is_downpayment


def _is_of_eim(order):
    return order.state == "sale" and order.extensiv_cust_ref


def is_awaited(line):
    """Whether more of a confirmed ``line`` of goods may still be delivered."""
    if line.product_uom_id.compare(line.product_uom_qty, line.qty_delivered) <= 0:
        return False
    if line.order_id.extensiv_is_shipped_already:
        return False
    if line.qty_delivered_method != "stock_move":
        return True  # a person or another app says when it is
    moves = line.sudo().move_ids
    # Without any, such as of a purchase order that nobody confirmed yet, it is still to come.
    return not moves or any(move.state not in ("done", "cancel") and not move.origin_returned_move_id for move in moves)


def waits_for_goods(order):
    """Whether goods of ``order`` are to be delivered, and invoiced then, besides what can be invoiced now."""
    return any(_is_to_come(line) for line in order.order_line)


def _is_to_come(line):
    if not _is_billed(line) or line.product_id.type == "combo" or not line._can_be_invoiced_alone():
        return False
    invoiced = line.qty_invoiced + max(line.qty_to_invoice, 0.0)
    return line.product_uom_id.compare(line.product_uom_qty, invoiced) > 0 and is_awaited(line)


# -- what sale orders and their lines say


def correct_quantities(lines):
    """Correct what Odoo says is to be invoiced of sale order ``lines``, of those from EIM.

    Amounts are invoiced as ordered, whatever their product says: nobody delivers them. So are goods that had left
    before the order came. Of goods that were invoiced ahead nothing is to be taken back while they are to come.
    """
    for line in lines:
        if not _is_of_eim(line.order_id) or not _is_billed(line):
            continue
        if line.extensiv_kind or line.order_id.extensiv_is_shipped_already:
            line.qty_to_invoice = line.product_uom_qty - line.qty_invoiced
        elif line.qty_to_invoice < 0 and is_awaited(line):
            line.qty_to_invoice = 0.0


def correct_status(orders):
    """Correct whether ``orders`` from EIM are to be invoiced, of those with nothing but amounts to invoice."""
    for order in orders:
        if not _is_of_eim(order):
            continue
        open_lines = order.order_line.filtered(lambda line: _is_billed(line) and line.invoice_status == "to invoice")
        if open_lines and all(is_amount(line) for line in open_lines):
            order.invoice_status = "no" if waits_for_goods(order) else "to invoice"


# -- when invoices are made


def choose_lines(order, lines):
    """Return those of ``lines``, what Odoo would invoice of ``order`` now, that are to be invoiced.

    Amounts wait for goods. With the first goods go all of them, but for discounts that are more than this invoice
    bears: these wait for the next one, as long as there is one to come.
    """
    amounts = lines.filtered(is_amount)
    if not amounts or not _is_of_eim(order) or not waits_for_goods(order):
        return lines
    goods = lines.filtered(_is_billed) - amounts
    if not goods:
        return lines.browse()
    total = sum(_get_due(line) for line in goods | amounts)
    if order.currency_id.compare_amounts(total, 0.0) < 0:
        return lines - amounts.filtered(lambda line: _get_due(line) < 0)
    return lines


def _get_due(line):
    """Return what is to be invoiced of ``line``, taxes included."""
    return line.price_total * line.qty_to_invoice / line.product_uom_qty if line.product_uom_qty else 0.0


def settle_cents(invoices):
    """Let the invoices of an order that was invoiced in parts add up to its total.

    Each is rounded by itself, so cents may lack or be too many: the last one has them on a line of its own.
    """
    for invoice in invoices.filtered(lambda move: move.move_type == "out_invoice" and move.state == "draft"):
        orders = invoice.line_ids.sale_line_ids.order_id
        if not orders or not all(_is_of_eim(order) and _is_invoiced_whole(order) for order in orders):
            continue
        siblings = orders.order_line.invoice_lines.move_id.filtered(lambda move: move.state != "cancel")
        if siblings.line_ids.sale_line_ids.order_id - orders or siblings.currency_id != orders.currency_id:
            continue
        currency = orders.currency_id
        billed = sum(move.direction_sign * -move.amount_total for move in siblings)
        rest = currency.round(sum(orders.mapped("amount_total")) - billed)
        lines = siblings.invoice_line_ids.filtered(lambda line: line.display_type == "product")
        # What is more than rounding makes of as many lines was changed by a person.
        if rest and currency.compare_amounts(abs(rest), currency.rounding * len(lines)) <= 0:
            invoice.invoice_line_ids = [Command.create(_prepare_cents(invoice, orders[0], rest))]


def _is_invoiced_whole(order):
    digits = order.env["decimal.precision"].precision_get("Product Unit")
    return all(
        float_compare(line.product_uom_qty, line.qty_invoiced, precision_digits=digits) == 0
        for line in order.order_line
        if _is_billed(line) and line.product_id.type != "combo"
    )


def _prepare_cents(invoice, order, rest):
    return {
        "product_id": order.extensiv_account_id.sudo().discount_product_id.id,
        "name": order.env._("Rounding"),
        "quantity": 1.0,
        "price_unit": rest,
        "tax_ids": [Command.clear()],
        "analytic_distribution": order.extensiv_cart_id.sudo().analytic_distribution,
        "sequence": max(invoice.invoice_line_ids.mapped("sequence"), default=0) + 1,
    }

"""Invoices of orders by what their cart says: of the whole order once it is confirmed, or of each delivery.

An order is invoiced once. What stood on an invoice, a person's included and one that was cancelled or credited since,
is not invoiced by itself again.
"""

import math
from collections import defaultdict

from .order_money import amount_of

CONFIRMED = "confirmed"
DELIVERED = "delivered"


class Unbookable(Exception):
    """An order is not invoiced, or its payment not registered; the text tells a person why and what to do."""


def invoice(sales):
    """Make and post the invoices that are due of ``sales``, one each.

    :return: the invoices
    :raise Unbookable: an order cannot be invoiced as it is
    :raise Exception: what Odoo or an app raised
    """
    moves = sales.env["account.move"]
    quantities = find_quantities(sales)
    due = sales.filtered(lambda sale: any(line.order_id == sale for line in quantities))
    if not due:
        return moves
    for sale in due:
        _check(sale)
    lines = due.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
    # As `_force_lines_to_invoice_policy_order` does: goods that are invoiced on delivery are on the invoice, too.
    for line in lines:
        line.qty_to_invoice = quantities.get(line, 0.0)
    moves = due._create_invoices(grouped=True)
    # What is left to invoice is Odoo's own figure again, also of lines that are on none of these invoices.
    lines.env.add_to_compute(lines._fields["qty_to_invoice"], lines)
    for sale in due:
        _check_total(sale, moves)
    moves.action_post()
    return moves


def _check(sale):
    if sale.order_line.filtered("is_downpayment"):
        raise Unbookable(
            sale.env._(
                "Somebody invoiced a down payment of %s. Make its other invoices by hand, and register what the buyer "
                "paid on them.",
                sale.name,
            )
        )
    if sale.amount_total < 0:
        raise Unbookable(
            sale.env._(
                "The total of %(order)s is %(total)s, and an invoice cannot be negative. Make a credit note by hand, "
                "or correct the lines.",
                order=sale.name,
                total=amount_of(sale.currency_id, sale.amount_total),
            )
        )


def find_quantities(sales):
    """Return ``{line: quantity}`` of what is to be invoiced now of ``sales``, lines with nothing left out."""
    quantities = {}
    for sale in sales:
        if is_alive(sale) and sale.extensiv_invoicing in (CONFIRMED, DELIVERED):
            quantities.update(_of_order(sale))
    return quantities


def is_alive(sale):
    """Whether an order is confirmed and not cancelled by its buyer: what becomes of such a one, a person decides."""
    return sale.state == "sale" and not sale.extensiv_order_id.cancelled_at


def _of_order(sale):
    """Return ``{line: quantity}`` of one order."""
    lines = sale.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment)
    targets = {line: find_target(line) for line in lines}
    goods = lines.filtered(is_shipped)
    # Shipping, discount and tax go with the first goods, or at once where there are none.
    has_begun = not goods or any(targets[line] > 0 for line in goods)
    left = {}
    for line in lines:
        target = targets[line] if is_shipped(line) or has_begun else 0.0
        quantity = line.product_uom_id.round(target - _count_invoiced(line))
        if quantity > 0:
            left[line] = quantity
    return _bear_discounts(left)


def is_shipped(line):
    """Whether transfers say how much of a line is delivered."""
    return line.qty_delivered_method == "stock_move" and not line.order_id.extensiv_is_shipped_already


def find_target(line):
    """Return how much of a line is to stand on invoices by now."""
    if line.order_id.extensiv_invoicing == CONFIRMED or not is_shipped(line):
        return line.product_uom_qty
    return min(max(line.qty_delivered, 0.0), line.product_uom_qty)


def _count_invoiced(line):
    """Return how much of a line stood on an invoice, whatever became of that: who took it back decides what follows."""
    return sum(
        invoiced.product_uom_id._compute_quantity(invoiced.quantity, line.product_uom_id)
        for invoiced in line.invoice_lines
        if invoiced.move_id.move_type == "out_invoice"
    )


def _bear_discounts(left):
    """Leave of discounts to a later delivery what the goods of this one cannot bear: no invoice is negative."""
    worth = {line: line.price_total * quantity / line.product_uom_qty for line, quantity in left.items()}
    gained = sum(value for value in worth.values() if value > 0)
    taken = -sum(value for value in worth.values() if value < 0)
    if gained >= taken:
        return left
    share = gained / taken
    borne = {}
    for line, quantity in left.items():
        if worth[line] < 0:
            unit = line.product_uom_id.rounding
            quantity = math.floor(quantity * share / unit) * unit
        if quantity > 0:
            borne[line] = quantity
    return borne


def is_invoiced(sale):
    """Whether everything of an order stands on invoices, so that these come to its total."""
    lines = sale.order_line.filtered(lambda line: not line.display_type and line.product_uom_qty)
    return all(line.product_uom_id.compare(_count_invoiced(line), line.product_uom_qty) >= 0 for line in lines)


def _check_total(sale, new_moves):
    """Make sure that the invoice of an order comes to its total; what rounding leaves of several is on the last one.

    :raise Unbookable: it does not
    """
    moves = find_moves(sale)[sale].filtered(lambda move: move.state != "cancel")
    if not moves or not moves <= new_moves or not is_invoiced(sale):
        return
    currency = sale.currency_id
    if currency.compare_amounts(sum(moves.mapped("amount_total")), sale.amount_total):
        raise Unbookable(
            sale.env._(
                "The invoice of %(order)s would come to %(invoice)s, the order comes to %(total)s. Compare the taxes "
                "and the fiscal position, or make the invoice by hand.",
                order=sale.name,
                invoice=amount_of(currency, sum(moves.mapped("amount_total"))),
                total=amount_of(currency, sale.amount_total),
            )
        )


def find_moves(sales):
    """Return ``{sale order: its invoices and credit notes}``, those left out that concern other orders, too."""
    found = defaultdict(sales.env["account.move"].browse)
    for sale in sales:
        found[sale] = sale.invoice_ids.filtered(lambda move, sale=sale: move.line_ids.sale_line_ids.order_id <= sale)
    return found

"""Payments of what buyers paid in the cart: in the journal of the cart, or of the way they paid.

The marketplace's payout arrives later, and is matched with the outstanding account of the journal's payment method.
"""

from odoo import fields

from .invoice_making import Unbookable, find_moves, is_alive, is_invoiced
from .languages import amount_in

RECEIVABLE = "asset_receivable"


def fold(pay_type):
    """Return a way of paying as it is compared: carts write ``PayPal`` and ``PAYPAL``."""
    return " ".join((pay_type or "").casefold().split())


def find_row(cart, pay_type):
    """Return what the cart says of a way of paying, empty where it says nothing."""
    name = fold(pay_type)
    return cart.pay_type_ids.filtered(lambda row: fold(row.pay_type) == name)[:1]


def find_methods(journal):
    """Return the ways in which ``journal`` receives money, those first of which the entries are posted."""
    methods = journal.inbound_payment_method_line_ids
    return methods.filtered("payment_account_id") or methods


def find_method(cart, pay_type):
    """Return the ``account.payment.method.line`` that a payment is registered with."""
    row = find_row(cart, pay_type)
    return (row.payment_method_line_id if row.payment_journal_id else None) or cart.payment_method_line_id


def is_registered(cart, pay_type):
    """Whether what was paid in this way is registered."""
    return cart.register_payments and (not (row := find_row(cart, pay_type)) or row.is_paid)


def find_problems(cart):
    """Return sentences on what of the cart's settings keeps payments from being registered."""
    if not cart.register_payments:
        return []
    problems = []
    if not cart.payment_journal_id:
        problems.append(
            cart.env._("Choose the journal of the payments on the cart %s, under Books, Payments In.", cart.name)
        )
    for owner in (cart, *cart.pay_type_ids.filtered(lambda row: row.is_paid and row.payment_journal_id)):
        if owner.payment_journal_id and (problem := _find_problem(owner)):
            problems.append(problem)
    return list(dict.fromkeys(problems))


def _find_problem(owner):
    journal = owner.payment_journal_id
    method = owner.payment_method_line_id
    if not method:
        return owner.env._(
            "The journal %s has no way to receive money: open it, and add a payment method under Incoming Payments.",
            journal.name,
        )
    if not method.payment_account_id:
        return owner.env._(
            "The payment method %(method)s of the journal %(journal)s has no outstanding account, without which a "
            "payment posts no entry: open the journal, and choose the account under Incoming Payments, Outstanding "
            "Receipts accounts.",
            method=method.name,
            journal=journal.name,
        )
    return None


def count_paid(sale):
    """Return how much of an order the buyer had paid when it was received."""
    if sale.extensiv_pays_on_delivery or sale.extensiv_has_no_total:
        return 0.0
    if not is_registered(sale.extensiv_cart_id, sale.extensiv_pay_type):
        return 0.0
    return max(sale.currency_id.round(sale.extensiv_expected_total - sale.extensiv_balance), 0.0)


def register(sales):
    """Register what was paid on the posted invoices of ``sales``, each payment once.

    :return: the payments
    :raise Unbookable: an invoice is of several orders
    :raise Exception: what Odoo or an app raised
    """
    due = [part for sale in sales if is_alive(sale) for part in _find_due(sale)]
    Payment = sales.env["account.payment"]
    if not due:
        return Payment
    payments = Payment.create([_prepare_vals(*part) for part in due])
    payments.action_post()
    plan = []
    for payment, (sale, move, amount, _rest) in zip(payments, due, strict=True):
        lines = payment.move_id.line_ids.filtered(lambda line: line.account_type == RECEIVABLE)
        plan.append(lines | _find_open(move))
        move.matched_payment_ids += payment
        sale.extensiv_registered += amount
    sales.env["account.move.line"]._reconcile_plan(plan)
    return payments


def _find_due(sale):
    """Yield ``(sale order, invoice, amount, rest)`` of what is to be registered.

    ``rest``: what the order is more than EIM's total, taxes that differ within the account's tolerance: written off.
    """
    currency = sale.currency_id
    paid = count_paid(sale)
    if not paid:
        return
    invoices = sale.invoice_ids.filtered(lambda move: move.move_type == "out_invoice" and move.state == "posted")
    settled = sum(invoice.amount_total - invoice.amount_residual for invoice in invoices)
    # What was registered once counts, though somebody took it back: who did knows why.
    left = currency.round(paid - max(settled, sale.extensiv_registered))
    invoices = invoices.sorted("id")
    borne = _find_borne(sale, invoices)
    for invoice in invoices:
        amount = currency.round(min(invoice.amount_residual, left))
        if amount <= 0:
            continue
        if invoice not in find_moves(sale)[sale]:
            raise Unbookable(
                sale.env._(
                    "The invoice %(invoice)s is of several orders: register on it by hand what was paid for "
                    "%(order)s, %(amount)s %(currency)s.",
                    invoice=invoice.name,
                    order=sale.name,
                    amount=amount_in(currency, amount),
                    currency=currency.name,
                )
            )
        rest = 0.0
        if borne and invoice == invoices[-1:]:
            rest = currency.round(invoice.amount_residual - left)
            amount = left if abs(rest) <= abs(borne) else amount
            rest = rest if abs(rest) <= abs(borne) else 0.0
        left = currency.round(left - amount)
        yield sale, invoice, amount, rest


def _find_borne(sale, invoices):
    """Return what a whole, invoiced order is more than EIM's total, where the account's settings bear that."""
    borne = sale.currency_id.round(sale.amount_total - sale.extensiv_expected_total)
    tolerance = sale.extensiv_account_id.tax_tolerance
    if sale.currency_id.compare_amounts(abs(borne), tolerance) > 0 or sale.extensiv_balance or not is_invoiced(sale):
        return 0.0
    return borne if sale.currency_id.is_zero(sum(invoices.mapped("amount_total")) - sale.amount_total) else 0.0


def _find_open(move):
    return move.line_ids.filtered(lambda line: line.account_type == RECEIVABLE and not line.reconciled)


def _prepare_vals(sale, move, amount, rest):
    """Return the values of the payment of ``amount`` on an invoice of which ``rest`` is written off."""
    method = find_method(sale.extensiv_cart_id, sale.extensiv_pay_type)
    receivable = _find_open(move)
    date = _find_date(move, method.journal_id)
    vals = {
        "date": date,
        "amount": amount,
        "payment_type": "inbound",
        "partner_type": "customer",
        "memo": " ".join(filter(None, (move.name, sale.name))),
        "journal_id": method.journal_id.id,
        "payment_method_line_id": method.id,
        "company_id": move.company_id.id,
        "currency_id": move.currency_id.id,
        "partner_id": move.commercial_partner_id.id,
        "destination_account_id": receivable[:1].account_id.id,
        "payment_reference": sale.client_order_ref or sale.name,
    }
    if rest:
        vals["write_off_line_vals"] = [_prepare_write_off(sale, move, rest, date)]
        return vals
    is_whole = move.currency_id.is_zero(amount - move.amount_residual)
    if date == move.date and is_whole and move.currency_id != move.company_currency_id:
        # The invoice's lines were converted one by one: no difference of a cent is to be booked for that.
        vals["force_balance"] = sum(receivable.mapped("amount_residual"))
    return vals


def _prepare_write_off(sale, move, rest, date):
    product = sale.extensiv_account_id.discount_product_id.with_company(move.company_id)
    company_currency = move.company_currency_id
    return {
        "name": sale.env._("Rounding"),
        "account_id": product._get_product_accounts()["income"].id,
        "partner_id": move.commercial_partner_id.id,
        "currency_id": move.currency_id.id,
        "amount_currency": rest,
        "balance": move.currency_id._convert(rest, company_currency, move.company_id, date),
    }


def _find_date(move, journal):
    """Return when the payment is booked: with the invoice, later where that period has been locked since."""
    if move.company_id._get_violated_lock_dates(move.date, False, journal):
        return max(fields.Date.context_today(move), move.date)
    return move.date

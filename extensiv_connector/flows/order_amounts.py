"""What an order comes to, part by part: by EIM, on its sale order, on its invoices."""

from dataclasses import dataclass
from decimal import Decimal

from . import order_money
from .order_money import ODOO_TAXES, amount_of

ZERO = Decimal(0)
# The parts, in the order in which they are shown; they add up to the total.
PARTS = ("goods", "shipping", "discount", "tax", "rest")
_PART_OF_KIND = {"shipping": "shipping", "discount": "discount", "tax": "tax", "charge": "rest", "rounding": "rest"}


@dataclass
class Amounts:
    """The parts of a total, ``Decimal`` of the currency's digits; what takes away is negative."""

    goods: Decimal = ZERO
    shipping: Decimal = ZERO
    discount: Decimal = ZERO
    tax: Decimal = ZERO
    rest: Decimal = ZERO

    @property
    def total(self):
        return sum((getattr(self, part) for part in PARTS), ZERO)

    def add(self, part, amount):
        setattr(self, part, getattr(self, part) + amount)


def of_eim(draft, account):
    """Return what EIM's order comes to, read as one that is imported: by what its cart says of taxes and prices.

    :param draft: a ``Draft`` with its order as EIM has it now, and its currency
    :raise Refusal: its figures cannot be read
    """
    order_money.price(draft, account)
    priced = draft.priced
    tax = priced.sales_tax if draft.tax_policy in ODOO_TAXES else priced.tax
    amounts = Amounts(shipping=priced.shipping, discount=-priced.order_discount, tax=tax)
    if draft.tax_policy == "odoo_included":
        amounts.goods = priced.expected_total - amounts.total
    else:
        amounts.goods = sum((line.subtotal for line in priced.lines), ZERO)
        amounts.rest = priced.expected_total - amounts.total
    return amounts


def of_sale(sale):
    """Return what a sale order comes to."""
    currency = sale.currency_id
    amounts = Amounts()
    for line in sale.order_line.filtered(lambda line: not line.display_type and not line.is_downpayment):
        amounts.add(_find_part(line), amount_of(currency, line.price_subtotal))
    return _settle(amounts, currency, sale.amount_untaxed, sale.amount_total)


def of_invoices(invoices):
    """Return what ``invoices`` and credit notes of one currency come to."""
    amounts = Amounts()
    for invoice in invoices:
        sign = -invoice.direction_sign
        own = Amounts()
        for line in invoice.invoice_line_ids.filtered(lambda line: line.display_type == "product"):
            part = _find_part(line.sale_line_ids[0]) if line.sale_line_ids else "rest"
            own.add(part, amount_of(invoice.currency_id, line.price_subtotal))
        _settle(own, invoice.currency_id, invoice.amount_untaxed, invoice.amount_total)
        for part in PARTS:
            amounts.add(part, sign * getattr(own, part))
    return amounts


def _find_part(line):
    """Return what part a sale order ``line`` is of."""
    return _PART_OF_KIND.get(line.extensiv_kind) or ("shipping" if line.is_delivery else "goods")


def _settle(amounts, currency, untaxed, total):
    """Add the taxes that Odoo computed, and what the lines alone do not add up to."""
    amounts.tax += amount_of(currency, total) - amount_of(currency, untaxed)
    amounts.rest += amount_of(currency, total) - amounts.total
    return amounts

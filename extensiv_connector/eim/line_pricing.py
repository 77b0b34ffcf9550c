"""How one line of an order of EIM's becomes a line of a sale order: pure rules, every amount a ``Decimal``.

``pricing`` says what holds of the whole order. A line keeps EIM's price, or EIM's price with Odoo's percentage, only
where Odoo makes EIM's amount of it to the cent; otherwise it carries a net price.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from .rounding import ZERO, Money, plain, raw_amount
from .texts import Figure, _, join
from .wire import OrderLine


@dataclass(frozen=True, slots=True)
class PricedLine:
    """One line of the sale order. ``price_unit`` is to be stored unrounded, as Odoo does."""

    line: OrderLine
    quantity: Decimal
    price_unit: Decimal
    discount: Decimal  # percentage with the digits that Odoo keeps, 0 when not used
    amount: Decimal  # what EIM adds up: extended_amount, or (price - discount) * quantity where it sent none
    subtotal: Decimal  # what Odoo shows before taxes
    note: str  # names the discount where the net price is carried instead

    @property
    def raw(self) -> float:
        """The amount before rounding, in Odoo's own order of operations."""
        return raw_amount(self.price_unit, self.discount, self.quantity)


def price_line(line: OrderLine, money: Money, quantity_digits: int, discount_digits: int) -> PricedLine:
    """Price one line.

    :raise ValueError: the reason why Odoo cannot hold it.
    """
    quantity = money.read(line.quantity, _("the quantity"))
    price = money.read(line.price, _("the price"))
    discount = money.read(line.discount, _("the discount")) or ZERO
    amount = money.read(line.extended_amount, _("the extended amount"))
    if quantity is None:
        raise ValueError(_("the quantity is missing or is not a number"))
    if quantity <= 0:
        raise ValueError(_("the quantity is negative") if quantity else _("the quantity is zero"))
    if quantity != round(quantity, quantity_digits):
        raise ValueError(
            _(
                "the quantity %(quantity)s has more decimals than Odoo's Product Unit (%(digits)s)",
                quantity=Figure(plain(quantity)),
                digits=quantity_digits,
            )
        )
    if amount is None:
        if price is None:
            raise ValueError(_("neither the price nor the extended amount can be read"))
        amount = money.read((price - discount) * quantity, _("the amount"))

    for price_unit, percentage in _candidates(price, discount, discount_digits):
        if money.fits(price_unit, percentage, quantity, amount):
            break
    else:
        price_unit = money.net_price(amount, quantity)
        percentage = ZERO

    note = "" if percentage else _note(line, money)
    subtotal = money.round_float(raw_amount(price_unit, percentage, quantity))
    return PricedLine(line, quantity, price_unit, percentage, amount, subtotal, note)


def net_line(priced: PricedLine, money: Money) -> PricedLine:
    """Return a line with the net price that makes its amount, in place of a price and a discount."""
    amount = money.round(priced.amount)
    price_unit = money.net_price(amount, priced.quantity)
    note = priced.note or _note(priced.line, money)
    return replace(priced, price_unit=price_unit, discount=ZERO, subtotal=amount, note=note)


def taxless_line(priced: PricedLine, net: Decimal, money: Money) -> PricedLine:
    """Return a line whose price includes its tax with the price without it, which ``net`` is of the whole line.

    :raise ValueError: it is too large for Odoo's floats.
    """
    price_unit = money.net_price(net, priced.quantity)
    note = join([_note(priced.line, money), _("%(amount)s with tax", amount=money.show(priced.amount))], "\n")
    return replace(priced, price_unit=price_unit, discount=ZERO, amount=net, subtotal=net, note=note)


def amount_of(line: OrderLine, money: Money) -> Decimal:
    """Return the amount of a line as far as it can be read."""
    try:
        amount = money.read(line.extended_amount, "")
        if amount is not None:
            return amount
        price = money.read(line.price, "") or ZERO
        discount = money.read(line.discount, "") or ZERO
        return money.read((price - discount) * (money.read(line.quantity, "") or ZERO), "")
    except ValueError:
        return ZERO


def _note(line: OrderLine, money: Money) -> str:
    """Name the discount that a net price no longer shows."""
    discount = money.read(line.discount, _("the discount"))
    if not discount:
        return ""
    price = money.read(line.price, _("the price"))
    amount = money.show(abs(discount))
    if price is None and discount > 0:
        return _("Discount %(amount)s per unit", amount=amount)
    if price is None:
        return _("Surcharge %(amount)s per unit", amount=amount)
    listed = money.show(price)
    if discount > 0:
        return _("Discount %(amount)s per unit (price %(price)s)", amount=amount, price=listed)
    return _("Surcharge %(amount)s per unit (price %(price)s)", amount=amount, price=listed)


def _candidates(price: Decimal | None, discount: Decimal, discount_digits: int) -> Iterator[tuple[Decimal, Decimal]]:
    """Ways to carry a line, the most telling first: ``(price_unit, discount percentage)``."""
    if price is None:
        return
    # A surcharge is no discount, and Odoo shows none: it goes into the net price.
    if discount and price and 0 < discount / price <= 1:
        percentage = (discount / price * 100).quantize(Decimal(1).scaleb(-discount_digits), ROUND_HALF_UP)
        if percentage:
            yield price, percentage
    yield price - discount, ZERO


def find_differences(priced: PricedLine, money: Money) -> Iterator[str]:
    """Say where EIM's amount of a line is not what its price and discount make."""
    if priced.line.price is None:
        return
    price = money.read(priced.line.price, _("the price"))
    discount = money.read(priced.line.discount, _("the discount")) or ZERO
    computed = (price - discount) * priced.quantity
    if abs(computed - priced.amount) > money.unit / 2:
        yield _(
            "EIM's amount %(amount)s is not (price %(price)s - discount %(discount)s) x %(quantity)s = %(computed)s.",
            amount=money.show(priced.amount),
            price=money.show(price),
            discount=money.show(discount),
            quantity=Figure(plain(priced.quantity)),
            computed=money.show(computed),
        )

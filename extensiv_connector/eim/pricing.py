"""How an order of EIM becomes priced lines of a sale order: pure rules, every amount a ``Decimal``.

EIM adds up ``extended_amount = (price - discount) * quantity`` of the lines, then
``grand_total = sub_total + sales_tax + shipping_handling - order_discount``, where ``order_discount``
already holds every ``addl_discount``. So ``extended_amount`` rules a line, ``grand_total`` the order.

Odoo multiplies floats and rounds each line (``round_per_line``) or only their sum (``round_globally``, its
default). A line keeps EIM's price, or EIM's price with Odoo's percentage, only where Odoo makes EIM's amount
of it to the cent; otherwise it carries a net price. What rounding leaves over, at most half a cent a line, is
told as ``rounding``. The sentences of ``differences`` and ``problems`` are in English and stay so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from .wire import Order, OrderLine

ZERO = Decimal(0)
READ_DIGITS = 12  # finer parts of an amount are nobody's money
FLOAT_DIGITS = 14  # beyond, Odoo's rounding of a float is no longer sure of the last digit


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
        return _raw(self.price_unit, self.discount, self.quantity)


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """The whole order. Where ``problems`` is not empty it cannot be imported and the amounts mean nothing.

    ``shipping``, ``-order_discount``, ``tax`` and ``rounding``, where not zero, become one line each, in this
    order after ``lines``.
    """

    lines: tuple[PricedLine, ...]
    shipping: Decimal
    order_discount: Decimal  # positive takes away
    tax: Decimal  # of the tax line: 0 unless the policy is ``line``
    rounding: Decimal
    sales_tax: Decimal  # what EIM says, whatever the policy
    untaxed_total: Decimal  # lines + shipping - order_discount + rounding, as Odoo adds them up
    computed_total: Decimal  # untaxed_total + sales_tax, without sales_tax for ``ignore``
    expected_total: Decimal  # grand_total, less sales_tax for ``ignore``
    differences: tuple[str, ...]  # plain sentences; they hold nothing up while ``matches``
    problems: tuple[str, ...]

    @property
    def matches(self) -> bool:
        """The parts add up to EIM's expected total, to the cent."""
        return self.computed_total == self.expected_total


def price_order(
    order: Order,
    *,
    digits: int = 2,
    unit: Decimal | None = None,
    tax_policy: str = "line",
    round_globally: bool = True,
    quantity_digits: int = 2,
    discount_digits: int = 2,
) -> PricedOrder:
    """Price the unfiltered lines of an order, in their order. Never raises: reasons are in ``problems``.

    :param digits: decimal places of the order's currency.
    :param unit: what its amounts are multiples of where that is not one of the last place, such as 0.05.
    :param tax_policy: ``line`` (EIM's tax as a line), ``odoo`` (Odoo's taxes), ``ignore`` (not on the order).
    :param round_globally: the company's ``tax_calculation_rounding_method`` is ``round_globally``.
    :param quantity_digits: the decimal precision *Product Unit*: Odoo would round finer quantities silently.
    :param discount_digits: the decimal precision *Discount*: Odoo would round a finer percentage silently.
    """
    money = _Money(digits, unit or Decimal(1).scaleb(-digits), round_globally)
    pricing = _Pricing(order, money, tax_policy)
    pricing.read_lines(quantity_digits, discount_digits)
    pricing.read_amounts()
    pricing.decide_tax()
    pricing.decide_total()
    pricing.settle_rounding()
    pricing.describe_differences()
    return pricing.priced()


class _Pricing:
    """One order on its way to a ``PricedOrder``: each method takes up what those before it left."""

    def __init__(self, order: Order, money: "_Money", tax_policy: str):
        self.order = order
        self.money = money
        self.tax_policy = tax_policy
        self.problems: list[str] = []
        self.differences: list[str] = []

    # -- what EIM sent

    def read_lines(self, quantity_digits: int, discount_digits: int) -> None:
        """Price the lines that EIM does not filter."""
        self.lines: list[PricedLine] = []
        for position, line in enumerate(self.order.lines, 1):
            if line.filtered:
                continue
            label = f"Line {line.line_no or position} ({line.sku or 'no SKU'})"
            try:
                priced = _price_line(line, self.money, quantity_digits, discount_digits)
                self.lines.append(priced)
                self.differences += [f"{label}: {difference}" for difference in _line_differences(priced, self.money)]
            except ValueError as reason:
                self.problems.append(f"{label}: {reason}.")
        if all(line.filtered for line in self.order.lines):
            filtered = "EIM filters every line of the order."
            self.problems.append(filtered if self.order.lines else "The order has no lines.")

    def read_amounts(self) -> None:
        """Read the amounts of the whole order, and add up those of its lines."""
        self.shipping = self._read(self.order.shipping_handling, "The shipping") or ZERO
        self.order_discount = self._read(self.order.order_discount, "The order's discount") or ZERO
        self.header_tax = self._read(self.order.sales_tax, "The sales tax")
        self.sub_total = self._read(self.order.sub_total, "The sub total")
        self.grand_total = self._read(self.order.grand_total, "The grand total")
        line_taxes = [self._read(priced.line.tax, "The tax of a line") or ZERO for priced in self.lines]
        self.line_tax = sum(line_taxes, ZERO)
        self.goods = sum((priced.amount for priced in self.lines), ZERO)
        self.before_tax = self.goods + self.shipping - self.order_discount

    def _read(self, value: Decimal | None, label: str) -> Decimal | None:
        try:
            return self.money.read(value, label)
        except ValueError as reason:
            self.problems.append(f"{reason}.")
            return None

    # -- what is concluded

    def decide_tax(self) -> None:
        """Decide what EIM's sales tax is, and what of it the policy levies."""
        self.sales_tax = self.header_tax or ZERO
        if not self.header_tax and self.line_tax and self._is_explained_by_line_tax():
            self.sales_tax = self.line_tax
            shown = self.money.show(self.line_tax)
            self.differences.append(f"The sales tax {shown} is the sum of the lines' taxes.")
        self.levied = ZERO if self.tax_policy == "ignore" else self.sales_tax
        self.parts = self.before_tax + self.levied

    def _is_explained_by_line_tax(self) -> bool:
        """Whether the lines' taxes make the grand total right: only some carts give them, and not all rightly."""
        with_tax = self.before_tax + self.line_tax
        total = self.grand_total
        if total is None and self.header_tax is None:
            total = with_tax
        if total is None:
            return False
        slack = self.money.slack(self.lines, (self.shipping, self.order_discount, self.line_tax))
        return abs(with_tax - total) <= slack < abs(self.before_tax - total)

    def decide_total(self) -> None:
        """Decide what the order's total is expected to be."""
        if self.grand_total is None:
            self.expected = self.money.round(self.parts)
            shown = self.money.show(self.expected)
            self.differences.append(f"EIM sent no grand total: {shown} is the sum of its parts.")
        else:
            sent = self.grand_total - self.sales_tax + self.levied
            self.expected = self.money.round(sent)
            self.problems += _total_problems(sent, self.expected, self.money)

    def settle_rounding(self) -> None:
        """Find what rounding leaves over, and the total that Odoo computes with it."""
        self.extras = [self.money.round(amount) for amount in (self.shipping, -self.order_discount, self.levied)]
        self.slack = self.money.slack(self.lines, (self.shipping, self.order_discount, self.levied))
        self._settle()
        # Where the sum lies on half a unit, the noise of floats decides. Net prices leave no such half.
        is_unsure = self.money.total(self.lines, [*self.extras, self.rounding]) != self.computed
        if is_unsure or self.computed != self.expected:
            as_sent = (self.lines, self.rounding, self.computed)
            self.lines = [_net_line(priced, self.money) for priced in self.lines]
            self._settle()
            if not is_unsure and self.computed != self.expected:
                self.lines, self.rounding, self.computed = as_sent  # the difference is EIM's own

    def _settle(self) -> None:
        # A total that rounding does not explain is EIM's own difference: told, never hidden in the rounding.
        totals = (self.expected, self.money.round(self.parts))
        self.rounding, self.computed = self.money.settle(self.lines, self.extras, totals, self.slack)

    # -- what a person is told

    def describe_differences(self) -> None:
        """Say where EIM's totals are not the sum of its parts."""
        money = self.money
        if self.sub_total is not None and abs(self.sub_total - self.goods) > self.slack:
            self.differences.append(
                f"EIM's sub total {money.show(self.sub_total)} differs from the sum of the lines"
                f" {money.show(self.goods)} by {money.show(abs(self.sub_total - self.goods))}."
            )
        if self.computed != self.expected:
            self._describe_total()
        if not money.holds(self.computed) or not money.holds(self.expected):
            self.problems.append("The order's total has more digits than Odoo computes exactly.")

    def _describe_total(self) -> None:
        money = self.money
        name = "grand total"
        tax = f" + tax {money.show(self.levied)}"
        if self.tax_policy == "ignore":
            name = "grand total without its sales tax"
            tax = ""
        difference = abs(self.expected - self.computed)
        self.differences.append(
            f"EIM's {name} {money.show(self.expected)} differs by {money.show(difference)} from"
            f" {money.show(self.computed)}: lines {money.show(self.goods)} + shipping {money.show(self.shipping)}"
            f" - discount {money.show(self.order_discount)}{tax}."
        )
        if len(self.lines) < len(self.order.lines):
            self.differences.append("Lines that EIM filters are left out, and its total may hold their amounts.")

    def priced(self) -> PricedOrder:
        """Return the order as far as it came."""
        shipping, discount, levied = self.extras
        return PricedOrder(
            lines=tuple(self.lines),
            shipping=shipping,
            order_discount=-discount + ZERO,
            tax=levied if self.tax_policy == "line" else ZERO,
            rounding=self.rounding,
            sales_tax=self.money.round(self.sales_tax),
            untaxed_total=self.computed - levied,
            computed_total=self.computed,
            expected_total=self.expected,
            differences=tuple(self.differences),
            problems=tuple(self.problems),
        )


def _price_line(line: OrderLine, money: "_Money", quantity_digits: int, discount_digits: int) -> PricedLine:
    """Price one line.

    :raise ValueError: the reason why Odoo cannot hold it.
    """
    quantity = money.read(line.quantity, "the quantity")
    price = money.read(line.price, "the price")
    discount = money.read(line.discount, "the discount") or ZERO
    amount = money.read(line.extended_amount, "the extended amount")
    if quantity is None:
        raise ValueError("the quantity is missing or is not a number")
    if quantity <= 0:
        raise ValueError(f"the quantity is {'zero' if not quantity else 'negative'}")
    if quantity != round(quantity, quantity_digits):
        raise ValueError(
            f"the quantity {_plain(quantity)} has more decimals than Odoo's Product Unit ({quantity_digits})"
        )
    if amount is None:
        if price is None:
            raise ValueError("neither the price nor the extended amount can be read")
        amount = money.read((price - discount) * quantity, "the amount")

    for price_unit, percentage in _candidates(price, discount, discount_digits):
        if money.fits(price_unit, percentage, quantity, amount):
            break
    else:
        price_unit = money.net_price(amount, quantity)
        percentage = ZERO

    note = "" if percentage else _note(line, money)
    subtotal = money.round_float(_raw(price_unit, percentage, quantity))
    return PricedLine(line, quantity, price_unit, percentage, amount, subtotal, note)


def _net_line(priced: PricedLine, money: "_Money") -> PricedLine:
    amount = money.round(priced.amount)
    price_unit = money.net_price(amount, priced.quantity)
    note = _note(priced.line, money)
    return replace(priced, price_unit=price_unit, discount=ZERO, subtotal=amount, note=note)


def _note(line: OrderLine, money: "_Money") -> str:
    """Name the discount that a net price no longer shows."""
    discount = money.read(line.discount, "the discount")
    if not discount:
        return ""
    name = "Discount" if discount > 0 else "Surcharge"
    price = money.read(line.price, "the price")
    listed = "" if price is None else f" (price {money.show(price)})"
    return f"{name} {money.show(abs(discount))} per unit{listed}"


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


def _line_differences(priced: PricedLine, money: "_Money") -> Iterator[str]:
    if priced.line.price is None:
        return
    price = money.read(priced.line.price, "the price")
    discount = money.read(priced.line.discount, "the discount") or ZERO
    computed = (price - discount) * priced.quantity
    if abs(computed - priced.amount) > money.unit / 2:
        yield (
            f"EIM's amount {money.show(priced.amount)} is not (price {money.show(price)} - discount"
            f" {money.show(discount)}) x {_plain(priced.quantity)} = {money.show(computed)}."
        )


def _total_problems(sent: Decimal, expected: Decimal, money: "_Money") -> Iterator[str]:
    if abs(expected - sent) > Decimal(1).scaleb(-money.digits) / 2:
        shown = money.show(sent)
        unit = _plain(money.unit)
        yield f"EIM's total {shown} cannot be held: Odoo rounds the currency to {unit}."


@dataclass(frozen=True, slots=True)
class _Money:
    """The currency's digits and smallest amount, the company's way to round, and Odoo's arithmetic with them."""

    digits: int
    unit: Decimal
    round_globally: bool

    def holds(self, value: Decimal) -> bool:
        # adjusted() looks at the exponent alone, so that no absurd one is ever computed with
        return value.is_finite() and (not value or value.adjusted() < FLOAT_DIGITS - self.digits)

    def read(self, value: Decimal | None, label: str) -> Decimal | None:
        """Return a value of EIM fit to compute with.

        :raise ValueError: not a finite number, or one too large for Odoo's floats.
        """
        if value is None:
            return None
        if not self.holds(value):
            raise ValueError(f"{label} is {'too large' if value.is_finite() else 'not a number'}")
        return round(value, READ_DIGITS) if value else ZERO

    def round(self, value: Decimal) -> Decimal:
        """To the currency's unit, half away from zero."""
        return (value / self.unit).quantize(Decimal(1), ROUND_HALF_UP) * self.unit + ZERO

    def round_float(self, value: float) -> Decimal:
        """As Odoo's ``float_round``: half away from zero after a nudge of four units in the last place."""
        nudged = value * float(1 / self.unit) * (1 + 2**-50)
        return Decimal(nudged).to_integral_value(ROUND_HALF_UP) * self.unit + ZERO

    def show(self, value: Decimal) -> str:
        """With the currency's digits, and more only where the value has more."""
        return _plain(value, self.digits)

    def fits(self, price_unit: Decimal, percentage: Decimal, quantity: Decimal, amount: Decimal) -> bool:
        """Whether Odoo makes ``amount`` of it, to the cent."""
        raw = _raw(price_unit, percentage, quantity)
        if abs(Decimal(raw) - amount) > self.unit or self.round_float(raw) != self.round(amount):
            return False
        if not self.round_globally or self.is_whole(amount):
            return True
        # Neither side rounds the line, so parts of a cent add up and must be the same.
        return abs(Decimal(raw) - amount) <= self.unit / 100

    def net_price(self, amount: Decimal, quantity: Decimal) -> Decimal:
        """The shortest price that gives ``amount`` within a hundredth of the unit.

        :raise ValueError: it is too large for Odoo's floats.
        """
        exact = amount / quantity
        if not self.holds(exact):
            raise ValueError("the net price is too large")
        for places in (self.digits, 4, 6, 9):
            price = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
            close = abs(price * quantity - amount) <= self.unit / 100
            if close and self.fits(price, ZERO, quantity, amount):
                return price
        return exact

    def is_whole(self, amount: Decimal) -> bool:
        return amount == self.round(amount)

    def slack(self, lines: list[PricedLine], extras: tuple[Decimal, ...]) -> Decimal:
        """The most that rounding explains: half a unit a line, and nothing where all are whole units."""
        exact = [line.price_unit * line.quantity * (100 - line.discount) / 100 for line in lines]
        amounts = [*exact, *(line.amount for line in lines), *extras]
        if all(self.is_whole(amount) for amount in amounts):
            return ZERO
        return self.unit / 2 * (len(lines) + sum(bool(extra) for extra in extras))

    def total(self, lines: list[PricedLine], extras: list[Decimal]) -> Decimal:
        """The total before rounding's own line, added up as Odoo does."""
        by_line = sum((line.subtotal for line in lines), ZERO) + sum(extras, ZERO)
        raw = sum(line.raw for line in lines) + sum(map(float, extras))
        # Odoo leaves a sum of exactly nothing as its rounded lines make it.
        return self.round_float(raw) if self.round_globally and raw else self.round(by_line)

    def settle(
        self,
        lines: list[PricedLine],
        extras: list[Decimal],
        totals: tuple[Decimal, ...],
        slack: Decimal,
    ) -> tuple[Decimal, Decimal]:
        """The rest to the first of ``totals`` within ``slack``, or nothing; and the total with it."""
        bare = self.total(lines, extras)
        rounding = next((total - bare for total in totals if abs(total - bare) <= slack), ZERO)
        return rounding, bare + rounding


def _raw(price_unit: Decimal, percentage: Decimal, quantity: Decimal) -> float:
    return float(quantity) * (float(price_unit) * (1 - float(percentage) / 100.0))


def _plain(value: Decimal, digits: int = 0) -> str:
    places = max(digits, -value.normalize().as_tuple().exponent)
    return f"{value:.{places}f}"

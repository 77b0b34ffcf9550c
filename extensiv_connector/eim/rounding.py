"""A currency's smallest amount, a company's way to round, and Odoo's arithmetic with them; amounts are ``Decimal``.

A *line* here is whatever has a ``price_unit``, a ``discount`` in percent, a ``quantity``, an ``amount``, a ``subtotal``
and ``raw``, its amount before rounding.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from .texts import Figure, _

ZERO = Decimal(0)
READ_DIGITS = 12  # finer parts of an amount are nobody's money
FLOAT_DIGITS = 14  # beyond, Odoo's rounding of a float is no longer sure of the last digit


@dataclass(frozen=True, slots=True)
class Money:
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
            if value.is_finite():
                raise ValueError(_("%(amount)s is too large", amount=label))
            raise ValueError(_("%(amount)s is not a number", amount=label))
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
        return Figure(plain(value, self.digits))

    def fits(self, price_unit: Decimal, percentage: Decimal, quantity: Decimal, amount: Decimal) -> bool:
        """Whether Odoo makes ``amount`` of it, to the cent."""
        raw = raw_amount(price_unit, percentage, quantity)
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
            raise ValueError(_("the net price is too large"))
        for places in (self.digits, 4, 6, 9):
            price = exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
            close = abs(price * quantity - amount) <= self.unit / 100
            if close and self.fits(price, ZERO, quantity, amount):
                return price
        return exact

    def is_whole(self, amount: Decimal) -> bool:
        return amount == self.round(amount)

    def slack(self, lines: list, extras: tuple[Decimal, ...]) -> Decimal:
        """The most that rounding explains: half a unit a line, and nothing where all are whole units."""
        exact = [line.price_unit * line.quantity * (100 - line.discount) / 100 for line in lines]
        amounts = [*exact, *(line.amount for line in lines), *extras]
        if all(self.is_whole(amount) for amount in amounts):
            return ZERO
        return self.unit / 2 * (len(lines) + sum(bool(extra) for extra in extras))

    def total(self, lines: list, extras: list[Decimal]) -> Decimal:
        """The total before rounding's own line, added up as Odoo does."""
        by_line = sum((line.subtotal for line in lines), ZERO) + sum(extras, ZERO)
        raw = sum(line.raw for line in lines) + sum(map(float, extras))
        # Odoo leaves a sum of exactly nothing as its rounded lines make it.
        return self.round_float(raw) if self.round_globally and raw else self.round(by_line)

    def settle(
        self,
        lines: list,
        extras: list[Decimal],
        totals: tuple[Decimal, ...],
        slack: Decimal,
    ) -> tuple[Decimal, Decimal]:
        """The rest to the first of ``totals`` within ``slack``, or nothing; and the total with it."""
        bare = self.total(lines, extras)
        rounding = next((total - bare for total in totals if abs(total - bare) <= slack), ZERO)
        return rounding, bare + rounding


def raw_amount(price_unit: Decimal, percentage: Decimal, quantity: Decimal) -> float:
    """Return a line's amount before rounding, in Odoo's own order of operations."""
    return float(quantity) * (float(price_unit) * (1 - float(percentage) / 100.0))


def plain(value: Decimal, digits: int = 0) -> str:
    """Return a number as people write it, with at least so many decimals."""
    places = max(digits, -value.normalize().as_tuple().exponent)
    return f"{value:.{places}f}"

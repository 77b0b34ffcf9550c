"""How an order of EIM becomes priced lines of a sale order: pure rules, every amount a ``Decimal``.

EIM adds up ``extended_amount = (price - discount) * quantity`` of the lines, then
``grand_total = sub_total + sales_tax + shipping_handling - order_discount``, where ``order_discount``
already holds every ``addl_discount``. So ``extended_amount`` rules a line, ``grand_total`` the order.

Odoo multiplies floats and rounds each line (``round_per_line``) or only their sum (``round_globally``, its
default). A line keeps EIM's price, or EIM's price with Odoo's percentage, only where Odoo makes EIM's amount
of it to the cent; otherwise it carries a net price. What rounding leaves over, at most half a cent a line, is
told as ``rounding``. The sentences of ``differences``, ``notes`` and ``problems`` are ``texts``.

Tax that EIM's total is without is either included in the prices or the marketplace's own, see ``taxes``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from .line_pricing import PricedLine, amount_of, find_differences, net_line, price_line, taxless_line
from .rounding import ZERO, Money, plain
from .taxes import ADDED, ASK, INCLUDED, KEPT, share_out
from .texts import Figure, Text, _, labelled
from .wire import Order


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
    computed_total: Decimal  # untaxed_total, and the sales tax that is levied on top of it
    expected_total: Decimal  # grand_total, without the tax and the filtered lines that are not on the order
    differences: tuple[str, ...]  # plain sentences; they hold nothing up while ``matches``
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()  # plain sentences about what was concluded, always told
    tax_meaning: str = ""  # one of ``taxes``, empty without tax
    has_no_prices: bool = False  # EIM sent none for any line, nor a total that shows that they are free
    has_total: bool = True  # EIM sent one

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
    tax_beside_total: str = "",
    round_globally: bool = True,
    quantity_digits: int = 2,
    discount_digits: int = 2,
) -> PricedOrder:
    """Price the lines of an order that are ours, in their order. Never raises: reasons are in ``problems``.

    :param digits: decimal places of the order's currency.
    :param unit: what its amounts are multiples of where that is not one of the last place, such as 0.05.
    :param tax_policy: ``line`` (EIM's tax as a line), ``odoo`` (Odoo's taxes), ``ignore`` (not on the order).
    :param tax_beside_total: what tax is that EIM's total is without, ``included`` or ``kept``; empty: nobody said yet.
    :param round_globally: the company's ``tax_calculation_rounding_method`` is ``round_globally``.
    :param quantity_digits: the decimal precision *Product Unit*: Odoo would round finer quantities silently.
    :param discount_digits: the decimal precision *Discount*: Odoo would round a finer percentage silently.
    """
    money = Money(digits, unit or Decimal(1).scaleb(-digits), round_globally)
    pricing = _Pricing(order, money, tax_policy, tax_beside_total)
    pricing.read_lines(quantity_digits, discount_digits)
    pricing.read_amounts()
    pricing.decide_prices()
    pricing.decide_tax()
    pricing.decide_total()
    pricing.take_out_tax()
    pricing.settle_rounding()
    pricing.describe_differences()
    return pricing.priced()


class _Pricing:
    """One order on its way to a ``PricedOrder``: each method takes up what those before it left."""

    def __init__(self, order: Order, money: Money, tax_policy: str, tax_beside_total: str):
        self.order = order
        self.money = money
        self.tax_policy = tax_policy
        self.tax_beside_total = tax_beside_total
        self.problems: list[str] = []
        self.differences: list[str] = []
        self.notes: list[str] = []

    # -- what EIM sent

    def read_lines(self, quantity_digits: int, discount_digits: int) -> None:
        """Price the lines that EIM does not filter, and of which there is something."""
        self.lines: list[PricedLine] = []
        self.unpriced: list[str] = []
        has_no_amounts = _has_no_amounts(self.order, self.money)
        for position, line in enumerate(self.order.lines, 1):
            if line.is_left_out:
                continue
            label = _("Line %(number)s (%(sku)s)", number=line.line_no or position, sku=line.sku or _("no SKU"))
            read = replace(line, extended_amount=None) if has_no_amounts else line
            if read.price is None and read.extended_amount is None:
                self.unpriced.append(label)
                read = replace(read, price=ZERO)
            try:
                priced = price_line(read, self.money, quantity_digits, discount_digits)
                self.differences += [labelled(label, difference) for difference in find_differences(priced, self.money)]
                self.lines.append(replace(priced, line=line))
            except ValueError as reason:
                self.problems.append(_sentence(labelled(label, reason.args[0])))
        if not self.order.lines:
            self.problems.append(_("The order has no lines."))
        elif all(line.is_left_out for line in self.order.lines):
            filtered = all(line.filtered for line in self.order.lines)
            self.problems.append(
                _("EIM filters every line of the order.") if filtered else _("No line of the order has a quantity.")
            )

    def read_amounts(self) -> None:
        """Read the amounts of the whole order, and add up those of its lines."""
        self.shipping = self._read(self.order.shipping_handling, _("The shipping")) or ZERO
        self.order_discount = self._read(self.order.order_discount, _("The order's discount")) or ZERO
        self.header_tax = self._read(self.order.sales_tax, _("The sales tax"))
        self.sub_total = self._read(self.order.sub_total, _("The sub total"))
        self.grand_total = self._read(self.order.grand_total, _("The grand total"))
        line_taxes = [self._read(priced.line.tax, _("The tax of a line")) or ZERO for priced in self.lines]
        self.line_tax = sum(line_taxes, ZERO)
        self.goods = sum((priced.amount for priced in self.lines), ZERO)
        self.before_tax = self.goods + self.shipping - self.order_discount
        # Not of these lines what is not ours, but it may be in the total.
        self.filtered = sum((amount_of(line, self.money) for line in self.order.lines if line.filtered), ZERO)

    def _read(self, value: Decimal | None, label: str) -> Decimal | None:
        try:
            return self.money.read(value, label)
        except ValueError as reason:
            self.problems.append(_sentence(reason.args[0]))
            return None

    # -- what is concluded

    def decide_prices(self) -> None:
        """Decide what lines without prices are, and whether totals of nothing are totals at all."""
        self.has_no_prices = False
        if not any(priced.amount or priced.price_unit for priced in self.lines):
            # A total that is the shipping alone shows that the goods are free.
            charged = self.before_tax + (self.header_tax or ZERO)
            self.has_no_prices = bool(self.lines) and not (self.grand_total and self.grand_total == charged)
        elif self.unpriced:
            self._decide_unpriced()
        if not self.grand_total and not self.sub_total and self.goods and self.before_tax + (self.header_tax or ZERO):
            if self.grand_total is not None:
                self.notes.append(_("EIM's totals are zero beside priced lines, and taken as absent."))
            self.grand_total = None
            self.sub_total = None

    def _decide_unpriced(self) -> None:
        if self.grand_total is not None and self._explain_total(self.header_tax or ZERO) is not None:
            self.notes += [
                _("%(line)s has no price; the total shows that it is free.", line=label) for label in self.unpriced
            ]
        else:
            self.problems += [
                _sentence(labelled(label, _("neither the price nor the extended amount can be read")))
                for label in self.unpriced
            ]

    def decide_tax(self) -> None:
        """Decide what EIM's sales tax is, and what of it is levied on top of the prices."""
        self.sales_tax = self.header_tax or ZERO
        if not self.header_tax and self.line_tax:
            self._decide_line_tax()
        self.is_beside_total = False
        self.filtered_in_total = ZERO
        if explained := self._explain_total(self.sales_tax):
            in_total, self.filtered_in_total = explained
            self.is_beside_total = in_total != self.sales_tax
        self.tax_meaning = self._find_meaning() if self.sales_tax else ""
        self.levied = self.sales_tax if self.tax_meaning == ADDED else ZERO
        self.parts = self.before_tax + self.levied

    def _decide_line_tax(self) -> None:
        """Take the lines' taxes for the order's, where the total is right with them, or without any tax."""
        is_explained = self._is_explained_by_line_tax()
        if is_explained or (self.grand_total is not None and self._explain_total(ZERO)):
            self.sales_tax = self.line_tax
            if is_explained:
                shown = self.money.show(self.line_tax)
                self.differences.append(_("The sales tax %(amount)s is the sum of the lines' taxes.", amount=shown))

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

    def _explain_total(self, tax: Decimal) -> tuple[Decimal, Decimal] | None:
        """Return what of the tax and of the filtered lines makes the grand total right, the nearest of what may.

        :return: ``(tax, amount of filtered lines)`` that it holds; None where nothing does, or EIM sent no total
        """
        if self.grand_total is None:
            return None
        pairs = [(in_total, filtered) for filtered in (ZERO, self.filtered) for in_total in (tax, ZERO)]
        nearest = min(pairs, key=lambda pair: abs(self.before_tax + sum(pair) - self.grand_total))
        slack = self.money.slack(self.lines, (self.shipping, self.order_discount, tax))
        return nearest if abs(self.before_tax + sum(nearest) - self.grand_total) <= slack else None

    def _find_meaning(self) -> str:
        if self.tax_policy == "ignore":
            return KEPT
        if not self.is_beside_total:
            return ADDED
        if self.tax_beside_total == INCLUDED and not abs(self.sales_tax) < self.goods + self.shipping:
            return ASK  # no price holds such a tax
        return self.tax_beside_total or ASK

    def decide_total(self) -> None:
        """Decide what the order's total is expected to be."""
        if self.grand_total is None:
            self.expected = self.money.round(self.parts)
            shown = self.money.show(self.expected)
            self.differences.append(_("EIM sent no grand total: %(amount)s is the sum of its parts.", amount=shown))
            return
        sent = self.grand_total - self.filtered_in_total
        if self.tax_meaning == KEPT and not self.is_beside_total:
            sent -= self.sales_tax
        self.expected = self.money.round(sent)
        self.problems += _total_problems(sent, self.expected, self.money)
        if self.filtered_in_total:
            shown = self.money.show(self.filtered_in_total)
            self.notes.append(
                _("EIM's total holds %(amount)s of lines that it filters, which are left out here.", amount=shown)
            )

    def take_out_tax(self) -> None:
        """Take the tax that is to have a line of its own out of the prices that include it."""
        if self.tax_meaning != INCLUDED or self.tax_policy != "line":
            return
        self.levied = self.money.round(self.sales_tax)
        discount = self.money.round(self.order_discount)
        amounts = [priced.amount for priced in self.lines]
        if self.line_tax == self.sales_tax:
            taxes = [priced.line.tax or ZERO for priced in self.lines]
            net = [self.money.round(amount - tax) for amount, tax in zip(amounts, taxes, strict=True)]
        else:
            # What remains to the cent, whatever parts of a cent EIM's amounts have.
            taken = sum(amounts, ZERO) + self.shipping - (self.expected + discount - self.levied)
            *net, self.shipping = share_out([*amounts, self.shipping], taken, self.money.unit)
        try:
            self.lines = [
                taxless_line(priced, amount, self.money) for priced, amount in zip(self.lines, net, strict=True)
            ]
        except ValueError as reason:
            self.problems.append(_sentence(labelled(_("The prices without tax"), reason.args[0])))

    def settle_rounding(self) -> None:
        """Find what rounding leaves over, and the total that Odoo computes with it."""
        self.extras = [self.money.round(amount) for amount in (self.shipping, -self.order_discount, self.levied)]
        self.slack = self.money.slack(self.lines, (self.shipping, self.order_discount, self.levied))
        self._settle()
        # Where the sum lies on half a unit, the noise of floats decides. Net prices leave no such half.
        is_unsure = self.money.total(self.lines, [*self.extras, self.rounding]) != self.computed
        if is_unsure or self.computed != self.expected:
            as_sent = (self.lines, self.rounding, self.computed)
            self.lines = [net_line(priced, self.money) for priced in self.lines]
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
        sub_totals = (self.goods, self.goods + self.filtered_in_total)
        if self.sub_total is not None and all(abs(self.sub_total - goods) > self.slack for goods in sub_totals):
            self.differences.append(
                _(
                    "EIM's sub total %(total)s differs from the sum of the lines %(computed)s by %(difference)s.",
                    total=money.show(self.sub_total),
                    computed=money.show(self.goods),
                    difference=money.show(abs(self.sub_total - self.goods)),
                )
            )
        if self.computed != self.expected:
            self._describe_total()
        if not money.holds(self.computed) or not money.holds(self.expected):
            self.problems.append(_("The order's total has more digits than Odoo computes exactly."))

    def _describe_total(self) -> None:
        money = self.money
        shown = {
            "total": money.show(self.expected),
            "difference": money.show(abs(self.expected - self.computed)),
            "computed": money.show(self.computed),
            "goods": money.show(self.goods),
            "shipping": money.show(self.shipping),
            "discount": money.show(self.order_discount),
        }
        if self.tax_meaning == KEPT or self.tax_policy == "ignore":
            difference = _(
                "EIM's grand total without its sales tax %(total)s differs by %(difference)s from %(computed)s: "
                "lines %(goods)s + shipping %(shipping)s - discount %(discount)s.",
                **shown,
            )
        else:
            difference = _(
                "EIM's grand total %(total)s differs by %(difference)s from %(computed)s: lines %(goods)s + shipping "
                "%(shipping)s - discount %(discount)s + tax %(tax)s.",
                tax=money.show(self.levied),
                **shown,
            )
        self.differences.append(difference)
        if any(line.filtered for line in self.order.lines):
            self.differences.append(_("Lines that EIM filters are left out, and its total may hold their amounts."))

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
            notes=tuple(self.notes),
            tax_meaning=self.tax_meaning,
            has_no_prices=self.has_no_prices,
            has_total=bool(self.grand_total),
        )


def _has_no_amounts(order: Order, money: Money) -> bool:
    """Whether the lines' amounts and the order's totals are all zero where prices are not: they are absent, then."""
    lines = [line for line in order.lines if not line.is_left_out]
    if order.sub_total or order.grand_total or any(line.extended_amount for line in lines):
        return False
    return any(amount_of(replace(line, extended_amount=None), money) for line in lines)


def _total_problems(sent: Decimal, expected: Decimal, money: Money) -> Iterator[str]:
    if abs(expected - sent) > Decimal(1).scaleb(-money.digits) / 2:
        yield _(
            "EIM's total %(total)s cannot be held: Odoo rounds the currency to %(unit)s.",
            total=money.show(sent),
            unit=Figure(plain(money.unit)),
        )


def _sentence(clause):
    return Text("%(clause)s.", clause=clause)

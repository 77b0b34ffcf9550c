"""What a cart's tax is: on top of its prices, included in them, or kept by the marketplace, by the order's figures."""

from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from test_money import ROUNDINGS, ZERO, amounts, line, odoo_total, order, rounded

from eim.pricing import price_order
from eim.taxes import ADDED, ASK, INCLUDED, KEPT, share_out

TWELVE = order(line("1", "12"), tax="2", total="12")


def test_tax_that_is_in_the_total_is_added():
    priced = price_order(order(line("1", "10"), tax="2", total="12"))
    assert (priced.tax_meaning, priced.tax, priced.untaxed_total) == (ADDED, 2, 10)


@pytest.mark.parametrize(
    ("answer", "meaning", "revenue", "tax"),
    [("", ASK, "12", "0"), ("included", INCLUDED, "10", "2"), ("kept", KEPT, "12", "0")],
)
def test_tax_beside_the_total_is_what_the_cart_says(answer, meaning, revenue, tax):
    priced = price_order(TWELVE, tax_beside_total=answer)
    assert priced.tax_meaning == meaning and priced.matches and not priced.problems
    assert priced.expected_total == 12
    assert (priced.untaxed_total, priced.tax, priced.sales_tax) == (Decimal(revenue), Decimal(tax), 2)


@pytest.mark.parametrize(("total", "expected"), [("12", "10"), ("10", "10")])
def test_a_marketplace_keeps_its_tax_inside_or_outside_the_total(total, expected):
    priced = price_order(order(line("1", "10"), tax="2", total=total), tax_policy="ignore")
    assert priced.tax_meaning == KEPT and priced.matches
    assert (priced.expected_total, priced.tax) == (Decimal(expected), 0)


def test_an_answer_changes_nothing_where_the_figures_speak():
    for answer in ("included", "kept"):
        priced = price_order(order(line("1", "10"), tax="2", total="12"), tax_beside_total=answer)
        assert priced.tax_meaning == ADDED and priced.tax == 2


def test_tax_of_the_lines_alone_is_asked_about_too():
    source = order(line("1", "12", tax="2"), tax="0", total="12")
    assert price_order(source).tax_meaning == ASK
    assert price_order(source, tax_beside_total="included").untaxed_total == 10


def test_the_lines_own_taxes_say_what_each_includes():
    source = order(line("1", "12", tax="2"), line("1", "6"), shipping="5", tax="2", total="23")
    priced = price_order(source, tax_beside_total="included")
    assert [item.amount for item in priced.lines] == [10, 6] and priced.shipping == 5
    assert priced.lines[0].note == "12.00 with tax"


def test_tax_of_the_order_is_taken_out_of_goods_and_shipping_in_proportion():
    priced = price_order(order(line("2", "6"), shipping="6", tax="3", total="18"), tax_beside_total="included")
    assert (priced.lines[0].price_unit, priced.lines[0].subtotal, priced.shipping) == (5, 10, 5)


def test_no_price_holds_more_tax_than_it_is():
    priced = price_order(order(line("1", "12"), tax="13", total="12"), tax_beside_total="included")
    assert priced.tax_meaning == ASK and priced.tax == 0


def test_with_odoos_taxes_prices_that_include_the_tax_stay():
    priced = price_order(TWELVE, tax_policy="odoo", tax_beside_total="included")
    assert priced.tax_meaning == INCLUDED and priced.lines[0].price_unit == 12 and priced.expected_total == 12


def test_filtered_lines_and_tax_may_both_be_beside_or_in_the_total():
    lines = line("1", "10"), line("1", "5", filtered=True)
    beside = price_order(order(*lines, tax="2", total="15"))
    assert beside.tax_meaning == ASK and beside.expected_total == 10
    inside = price_order(order(*lines, tax="2", total="17"), tax_policy="ignore")
    assert inside.tax_meaning == KEPT and inside.expected_total == 10


@given(
    parts=st.lists(st.decimals("-50", "2000", places=3), min_size=1, max_size=7),
    taken=st.decimals("0", "49", places=2),
    digits=st.sampled_from([0, 2, 3]),
)
def test_what_is_taken_is_shared_out_to_the_last_unit(parts, taken, digits):
    total = sum(parts)
    assume(total > taken)
    unit = Decimal(1).scaleb(-digits)
    shares = share_out(parts, taken, unit)
    assert abs(sum(shares) - (total - taken)) <= unit / 2
    for part, share in zip(parts, shares, strict=True):
        assert share % unit == 0
        assert abs(share - part * (total - taken) / total) < unit


@st.composite
def of_any_kind(draw):
    """An order of each kind of tax, with filtered lines and lines of nothing: ``(order, digits, policy, answer)``."""
    digits = draw(st.sampled_from([0, 2, 2, 3]))
    unit = Decimal(1).scaleb(-digits)
    lines = []
    for _index in range(draw(st.integers(1, 5))):
        price = draw(amounts(0, 2000, digits + draw(st.integers(0, 2))))
        quantity = draw(st.integers(1, 40).map(Decimal))
        amount = price * quantity
        lines.append(line(quantity, price, None, rounded(amount, digits) if draw(st.booleans()) else amount))
    shipping = draw(st.one_of(st.none(), amounts(0, 50, digits)))
    discount = draw(st.one_of(st.none(), amounts(0, 5, digits)))
    goods = sum(item.extended_amount for item in lines)
    before = goods + (shipping or 0) - (discount or 0)
    tax = draw(amounts(0, 300, digits))
    filtered = draw(amounts(0, 40, digits))
    total = before + draw(st.sampled_from([ZERO, tax])) + draw(st.sampled_from([ZERO, filtered]))
    lines.append(line("1", filtered, filtered=True))
    lines.append(line("0", draw(amounts(0, 50, digits))))
    source = order(*draw(st.permutations(lines)), shipping=shipping, discount=discount, tax=tax, total=total)
    policy = draw(st.sampled_from(["line", "odoo", "ignore"]))
    return source, digits, unit, policy, draw(st.sampled_from(["", "included", "kept"]))


@ROUNDINGS
@given(drawn=of_any_kind())
@settings(max_examples=400, deadline=None)
def test_whatever_its_tax_is_an_order_comes_to_its_total_to_the_cent(round_globally, drawn):
    source, digits, unit, policy, answer = drawn
    priced = price_order(
        source, digits=digits, tax_policy=policy, tax_beside_total=answer, round_globally=round_globally
    )
    assert not priced.problems and priced.matches
    assert len(priced.lines) == len(source.lines) - 2
    if priced.tax_meaning != ADDED or policy != "odoo":
        assert odoo_total(priced, round_globally, digits) == priced.expected_total
    if priced.tax_meaning == INCLUDED and policy == "line":
        assert priced.tax == rounded(source.sales_tax, digits)
        assert abs(priced.rounding) <= unit / 2 * (len(priced.lines) + 3)
    if priced.tax_meaning in (KEPT, ASK):
        assert priced.tax == 0

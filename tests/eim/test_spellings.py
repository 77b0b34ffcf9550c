"""Numbers, dates and words as people's exports write them are read as what they mean, else as absent."""

from datetime import datetime
from decimal import Decimal

import pytest
from eim_builders import raw_order
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eim import parsing
from eim.amounts import decimal_mark, read_amount
from eim.dates import is_no_date
from eim.wire import ListedOrder, Order


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("12,34,567.8", "1234567.8"),
        ("1,234", "1234"),
        ("12,5", "12.5"),
        ("12,50", "12.50"),
        ("0,125", "0.125"),
        ("1234,567", "1234.567"),
        (",5", "0.5"),
        ("$12.00", "12.00"),
        ("US$ 1,200.00", "1200.00"),
        ("EUR 12,00", "12.00"),
        ("12.00 USD", "12.00"),
        ("12,00 €", "12.00"),
        ("-$5.00", "-5.00"),
        ("$-5.00", "-5.00"),
        ("(12.00)", "-12.00"),
        ("12.00-", "-12.00"),
        ("\u221212.00", "-12.00"),
        ("12,-", "12"),
        ("12.--", "12"),
        ("\u20ac 1.250,\u2013", "1250"),
        ("-12,-", "-12"),
    ],
)
def test_an_amount_is_read_as_what_it_means(value, expected):
    assert parsing.number(value, is_money=True) == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "-",
        ".",
        "12,34,56",
        "1,23.45",
        "1.2.3",
        "1 2",
        "--5",
        "(-5)",
        "5%",
        "12 pcs",
        "five",
        "1,234.567,8",
        "$",
        "١,٥",
    ],
)
def test_what_may_be_another_number_is_none(value):
    assert parsing.number(value, is_money=True) is None


def test_the_currency_stands_beside_amounts_and_no_quantities():
    assert parsing.number("5 USD") is None
    assert parsing.number("1,200") == 1200


@pytest.mark.parametrize(
    ("values", "mark"),
    [
        (["12,50", "1.234"], ","),
        (["12.50", "1,234"], "."),
        (["1,234", "5"], ""),
        (["1.234,5"], ","),
        (["1,234,567"], "."),
        (["12,50", "12.50"], ""),
        ([None, 5, ["1,5"], "x,y"], ""),
    ],
)
def test_the_other_numbers_of_a_record_show_its_decimal_mark(values, mark):
    assert decimal_mark(values) == mark


def test_a_number_that_could_be_either_is_read_as_the_order_writes_its_numbers():
    nothing = dict.fromkeys(("sub_total", "sales_tax", "shipping_handling"), "0.00")
    items = [{"item": "A", "quantity": "1", "price": "1.234", "extended_amount": "1.234"}]
    assert Order.parse(raw_order(items=items, **nothing, grand_total="1234,00")).lines[0].price == 1234
    assert Order.parse(raw_order(items=items, **nothing, grand_total="1.234")).lines[0].price == Decimal("1.234")
    listed = raw_order(items=items, **nothing, grand_total="1.234") | {"sub_total": "1234,00"}
    assert ListedOrder.parse(listed).grand_total == Order.parse(listed).grand_total == 1234


@given(value=st.decimals("-999999999", "999999999", places=2), style=st.sampled_from([",.", ".,", " ,", "'.", " ."]))
def test_however_thousands_are_written_the_number_is_the_same(value, style):
    thousands, decimals = style
    text = f"{value:,.2f}".replace(",", "T").replace(".", decimals).replace("T", thousands)
    assert read_amount(text) == value


@given(st.text(alphabet="0123456789.,'-()$€ kE\u00a0", max_size=20))
@settings(max_examples=500)
def test_reading_an_amount_never_fails(value):
    number = parsing.number(value, is_money=True)
    assert number is None or number.is_finite() and abs(number) < 10**15


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2024/03/14", datetime(2024, 3, 14, 12)),
        ("20240314", datetime(2024, 3, 14, 12)),
        ("03/14/2024", datetime(2024, 3, 14, 12)),
        ("14/03/2024", datetime(2024, 3, 14, 12)),
        ("14.03.2024", datetime(2024, 3, 14, 12)),
        ("3-14-2024", datetime(2024, 3, 14, 12)),
        ("03/03/2024", datetime(2024, 3, 3, 12)),
        ("3/14/24", datetime(2024, 3, 14, 12)),
        ("14-Mar-2024", datetime(2024, 3, 14, 12)),
        ("Mar 14, 2024", datetime(2024, 3, 14, 12)),
        ("Thursday, March 14th, 2024", datetime(2024, 3, 14, 12)),
        ("Thu, 14 Mar 2024 10:20:30 +0200", datetime(2024, 3, 14, 8, 20, 30)),
        ("03/14/2024 1:05 PM", datetime(2024, 3, 14, 13, 5)),
        ("03/14/2024 12:05 a.m.", datetime(2024, 3, 14, 0, 5)),
        ("14/03/2024, 23:59", datetime(2024, 3, 14, 23, 59)),
        # may be two days, or none
        ("03/04/2024", None),
        ("01/02/03", None),
        ("31/02/2024", None),
        ("14/14/2024", None),
        ("Foo 14, 2024", None),
        ("03/14/2024 13:05 PM", None),
        ("March", None),
    ],
)
def test_a_date_is_read_where_it_can_only_be_one_day(value, expected):
    assert parsing.moment(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "0000-00-00", "0000-00-00 00:00:00", "00/00/0000", "0001-01-01T00:00:00Z", "1900-01-01", "1/1/1900",
        "1899-12-30", "12/30/1899", "30.12.1899 00:00", "1970-01-01T00:00:00+00:00", "1753-01-01", "9999-12-31",
        "00000000", "N/A", "null", "-", " ",
    ],
)  # fmt: skip
def test_the_dates_that_old_systems_write_for_none_are_none_and_nothing_is_said(value):
    order = Order.parse(raw_order(requested_ship_date=value, order_date=value))
    assert order.requested_ship_date is order.order_date is None
    assert not order.oddities and not order.problems


def test_no_real_day_is_taken_for_none():
    assert not any(map(is_no_date, ("2001-01-01", "2024-12-31", "12/30/1999", "20240101", "1970-02-01", "tomorrow")))


@given(
    day=st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)),
    style=st.sampled_from(["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d", "%d %b %Y", "%B %d, %Y"]),
)
@example(day=datetime(2024, 3, 4), style="%d/%m/%Y")
def test_a_date_is_never_read_as_another_day(day, style):
    found = parsing.moment(day.strftime(style))
    assert found is None or found.date() == day.date()
    if day.day > 12 or "%b" in style.lower() or style.startswith("%Y"):
        assert found


@pytest.mark.parametrize(
    "word", ["N/A", "n/a", "NULL", "null", "None", "none", "-", "--", "...", "#N/A", "(none)", "undefined", " - "]
)
def test_words_that_stand_for_nothing_are_nothing(word):
    order = Order.parse(
        raw_order(
            cust_company=word,
            cust_address_2=word,
            cust_state=word,
            ship_company=word,
            po_number=word,
            promo_code=word,
            currency_code=word,
            cust_po_no=word,
            sales_tax=word,
            items=[
                {
                    "item": "A",
                    "quantity": "1",
                    "price": "1",
                    "discount": word,
                    "alt_sku": word,
                    "aliases": {"UPC": word},
                }
            ],
        )
    )
    assert not any((order.billing.company, order.billing.address_2, order.billing.state, order.delivery))
    assert not any((order.po_number, order.promo_code, order.currency, order.cust_po_no))
    assert order.order_number == order.cust_ref
    assert order.sales_tax is order.lines[0].discount is None
    assert order.codes() == {"A": set()}
    assert not order.problems and not order.oddities


def test_what_may_be_a_name_is_one():
    order = Order.parse(raw_order(cust_first_name="Jennifer", cust_last_name="Null", cust_company="Test"))
    assert (order.billing.name, order.billing.company) == ("Jennifer Null", "Test")
    assert Order.parse(raw_order(cust_first_name="Na", cust_last_name="Nil")).billing.name == "Na Nil"
    assert Order.parse(raw_order(cust_first_name="Null", cust_last_name="None")).billing.name == ""
    assert Order.parse(raw_order(cust_first_name="Jennifer", cust_last_name="null")).billing.name == "Jennifer"


def test_a_line_without_a_sku_is_no_problem_of_reading():
    order = Order.parse(raw_order(items=[{"item": None, "quantity": "1", "price": "2", "Description": "Tip"}]))
    assert not order.problems and order.lines[0].sku == "" and order.lines[0].label == "Tip"
    assert order.codes() == {}


def test_a_line_of_zero_units_stands_in_nobodys_way():
    order = Order.parse(raw_order(items=[{"item": "x" * 300, "quantity": "0.00", "price": "abc"}]))
    assert not order.problems and not order.oddities and order.lines[0].is_left_out

"""The made-up data: consistent, varied, the same for the same seed and day."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from sandbox.catalogue import BY_SKU, PRODUCTS
from sandbox.demonstration import demonstration
from sandbox.orders import build_order, simple_orders
from sandbox.shapes import PII_REMOVED

DAY = date(2026, 3, 9)
ORDERS = demonstration(1, DAY)
SIMPLE = list(simple_orders(50, 1, DAY))


def amount(record, key):
    return Decimal(str(record[key]))


@pytest.mark.parametrize("order", ORDERS + SIMPLE, ids=lambda order: order["cust_ref"])
def test_money_follows_the_definitions_to_the_cent(order):
    cent = Decimal("0.01")
    for line in order["items"]:
        extended = (amount(line, "price") - amount(line, "discount")) * amount(line, "quantity")
        assert abs(amount(line, "extended_amount") - extended) <= cent / 2
        assert amount(line, "extended_amount") == amount(line, "extended_amount").quantize(cent)
    assert amount(order, "sub_total") == sum(amount(line, "extended_amount") for line in order["items"])
    assert amount(order, "order_discount") >= sum(amount(line, "addl_discount") for line in order["items"])
    assert amount(order, "sales_tax") >= sum(amount(line, "tax") for line in order["items"])
    assert amount(order, "grand_total") == (
        amount(order, "sub_total")
        + amount(order, "sales_tax")
        + amount(order, "shipping_handling")
        - amount(order, "order_discount")
    )


def test_same_seed_and_day_give_the_same_orders():
    assert demonstration(1, DAY) == ORDERS
    assert list(simple_orders(50, 1, DAY)) == SIMPLE
    assert demonstration(2, DAY) != ORDERS
    assert demonstration(1, date(2026, 3, 10)) != ORDERS
    assert list(simple_orders(50, 2, DAY)) != SIMPLE


def test_references_are_unique():
    for orders in (ORDERS, SIMPLE):
        assert len({order["cust_ref"] for order in orders}) == len(orders)


def test_orders_are_dated_in_the_days_before_the_start_and_sorted():
    created = [order["created_date_time"] for order in ORDERS]
    assert created == sorted(created)
    assert created[0] > "2026-02-26" and created[-1] < "2026-03-09T00:00:00+00:00"


def lines(orders):
    return [line for order in orders for line in order["items"]]


def countries(orders):
    return {order["cust_country"] for order in orders}


# What the demonstration has to contain, and how one recognizes it.
CASES = {
    "five carts": lambda new: len({order["order_source"] for order in new}) >= 5,
    "ISO-3, ISO-2 and named countries": lambda new: {"USA", "DEU", "FR", "Canada"} <= countries(new),
    "text beyond ASCII": lambda new: {"陽子", "Łukasz", "Zoë", "نور"} <= {o["cust_first_name"] for o in new},
    "unit discount": lambda new: any(0 < amount(x, "discount") < amount(x, "price") for x in lines(new)),
    "all of a line free": lambda new: any(amount(x, "discount") == amount(x, "price") > 0 for x in lines(new)),
    "an order for nothing": lambda new: any(amount(order, "grand_total") == 0 for order in new),
    "line discount inside the order's": lambda new: any(
        0 < sum(amount(x, "addl_discount") for x in order["items"]) == amount(order, "order_discount") for order in new
    ),
    "order discount beyond the lines'": lambda new: any(
        0 < sum(amount(x, "addl_discount") for x in order["items"]) < amount(order, "order_discount") for order in new
    ),
    "order discount alone": lambda new: any(
        amount(order, "order_discount") > 0 and not any(amount(x, "addl_discount") for x in order["items"])
        for order in new
    ),
    "tax in the header only": lambda new: any(
        amount(order, "sales_tax") and not any(amount(x, "tax") for x in order["items"]) for order in new
    ),
    "tax on lines": lambda new: any(amount(x, "tax") for x in lines(new)),
    "free and paid shipping": lambda new: len({amount(o, "shipping_handling") > 0 for o in new}) == 2,
    "a kit": lambda new: any(BY_SKU[x["item"]].components for x in lines(new) if x["item"] in BY_SKU),
    "a filtered line": lambda new: any(x["filtered_sku"] == "Y" for x in lines(new)),
    "quantities as text and number": lambda new: {type(x["quantity"]) for x in lines(new)} == {str, int},
    "no delivery address": lambda new: any(
        all(value is None for key, value in order.items() if key.startswith("ship_a") and key[-1].isdigit())
        and order["ship_last_name"] is None
        for order in new
    ),
    "no currency": lambda new: any(order["currency_code"] is None for order in new),
    "a company": lambda new: any(order["ship_company"] for order in new),
    "a price of four digits": lambda new: any(amount(x, "price") * 100 % 1 for x in lines(new)),
    "payment secrets": lambda new: any(order["credit_card_no"] and order["cvv"] for order in new),
    "payment secrets further down": lambda new: any("cvv2" in json.dumps(order) for order in new),
    "a number used by two carts": lambda new: max(Counter(o["cust_po_no"] for o in new).values()) == 2,
    "an order that will reappear": lambda new: any(order.get("reappears") for order in new),
    "an unknown SKU": lambda new: any(x["item"] == "SCARF-RED" for x in lines(new)),
    "a reference with a slash": lambda new: any("/" in order["cust_ref"] for order in new),
    "a held order": lambda new: sum(order["on_hold"] == "Y" for order in new) == 1,
    "a stopped order": lambda new: sum(order["sending_canceled"] == "Y" for order in new) == 1,
}


@pytest.mark.parametrize("case", CASES)
def test_demonstration_contains(case):
    assert CASES[case]([order for order in ORDERS if order["order_status"] == "new"])


def test_demonstration_has_every_other_status_and_a_redacted_order():
    statuses = Counter(order["order_status"] for order in ORDERS)
    assert statuses == {"new": 42, "canceled": 1, "error": 1, "shipped": 1, "confirmed": 1}
    redacted = [order for order in ORDERS if order["cust_last_name"] == PII_REMOVED]
    assert [order["order_status"] for order in redacted] == ["shipped"]
    assert redacted[0]["shipments"][0]["tracking_no"]


def test_an_order_carries_every_field_of_the_service():
    assert len(ORDERS[0]) >= 144
    assert {"pre_auth_amt", "cass_error_ship", "num_to_ship", "cust_e_mail", "ship_title"} <= set(ORDERS[0])


def test_kit_costs_less_than_its_parts_and_has_known_ones():
    kits = [product for product in PRODUCTS if product.components]
    assert kits
    for kit in kits:
        parts = sum(Decimal(BY_SKU[sku].price) * quantity for sku, quantity in kit.components)
        assert Decimal(kit.price) < parts


def test_barcodes_are_valid_and_unique():
    codes = [product.upc for product in PRODUCTS]
    assert len(set(codes)) == len(codes)
    for code in codes:
        odd, even = (sum(map(int, code[start:11:2])) for start in (0, 1))
        assert (odd * 3 + even + int(code[11])) % 10 == 0


def test_values_given_to_build_order_are_kept_even_where_they_do_not_add_up():
    order = build_order({"cust_ref": "A", "grand_total": "1.00", "items": [{"item": "MUG-11OZ", "quantity": 2}]})
    assert (order["sub_total"], order["grand_total"], order["items"][0]["quantity"]) == ("24.00", "1.00", 2)

"""What an order says beside goods, money and addresses: services, balances, lots, and accounts that are not kept."""

import json

import pytest
from eim_builders import raw_order

from eim.wire import ListedOrder, Order


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Signature Required", "Signature Required"),
        (["SIG", "SAT"], "SIG, SAT"),
        ({"SIGNATURE": "Y", "INSURANCE": "N", "NOTE": "ring"}, "SIGNATURE, NOTE: ring"),
        ("N", ""),
        (0, ""),
        (None, ""),
        ([], ""),
        ({}, ""),
    ],
)
def test_special_services_come_as_text_list_or_map_and_what_says_no_is_left_out(said, read):
    order = Order.parse(raw_order(special_services=said))
    assert order.special_services == read
    assert Order.from_payload(order.payload) == order


def test_that_freight_is_charged_to_an_account_is_kept_and_its_number_is_not():
    order = Order.parse(raw_order(ship_account_no="4R7K99"))
    assert order.is_freight_collect
    assert "4R7K99" not in order.payload
    again = Order.from_payload(order.payload)
    assert again == order and again.is_freight_collect
    for nothing in (None, "", "  ", {}):
        assert not Order.parse(raw_order(ship_account_no=nothing)).is_freight_collect


def test_a_lines_lot_and_location_are_read_and_may_be_anything():
    items = [{"item": "A", "quantity": "1", "price": "1", "lot_number": "L-1", "line_location": " WEST "}]
    [line] = Order.parse(raw_order(items=items)).lines
    assert (line.lot_number, line.location) == ("L-1", "WEST")
    items[0].update(lot_number={"x": 1}, line_location=[7])
    [line] = Order.parse(raw_order(items=items)).lines
    assert (line.lot_number, line.location) == ("", "")


def test_the_original_of_a_split_order_is_read_in_a_list_too():
    raw = raw_order(cust_ref="A-2", cust_ref_original="A-1")
    assert (
        Order.parse(raw).cust_ref_original == ListedOrder.parse(json.loads(json.dumps(raw))).cust_ref_original == "A-1"
    )

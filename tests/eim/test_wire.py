"""Reading is tolerant, writing is strict, and what is kept reads the same again."""

import json
import re
from datetime import datetime
from decimal import Decimal

import pytest
from eim_builders import raw_order
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eim import parsing, sanitizing
from eim.errors import Unreadable
from eim.wire import (
    Address,
    Alert,
    Alias,
    BatchResult,
    Cart,
    Failure,
    InventoryItem,
    ListedOrder,
    Location,
    Order,
    OrderStatus,
    Shipment,
    codes_of,
)

quick = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))

texts = st.text(st.characters(), max_size=30) | st.sampled_from(
    [
        "",
        " ",
        "Y",
        "0.00",
        "12.50",
        "2024-03-01",
        "\x00",
        "\ud800",
        "a\nb",
        "4111 1111 1111 1111",
        "**PII Removed**",
    ]
)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
order_keys = st.sampled_from([*raw_order(), "ship_city", "aliases", "cancel_date", "custom_field_1", "gift_message"])
line_keys = st.sampled_from([*raw_order()["items"][0]])


def test_order_is_read():
    order = Order.parse(raw_order())
    line = order.lines[0]
    assert (order.cust_ref, order.order_number, order.currency) == ("R-100", "#100", "CAD")
    assert order.order_date == datetime(2024, 3, 1, 12)
    assert order.created == datetime(2024, 3, 1, 10, 20, 30)
    assert order.billing.name == "Zoë Ångström"
    assert order.delivery is None
    assert order.grand_total == Decimal("22.55")
    assert (line.sku, line.quantity, line.price, line.discount) == ("PEN-1", 2, 10, 2)
    assert line.description == "A pen"
    assert not (line.filtered or line.aliases or order.problems or order.oddities or order.on_hold)


@quick
@given(st.dictionaries(order_keys, values, max_size=6), st.dictionaries(line_keys, values, max_size=4))
def test_nothing_in_an_order_raises_and_its_payload_reads_the_same(changes, line_changes):
    raw = raw_order(**changes)
    if "cust_ref" in changes:
        raw["cust_ref"] = "R-100"
    if isinstance(raw["items"], list) and "items" not in changes:
        raw["items"] = [raw["items"][0] | line_changes, line_changes]
    order = Order.parse(raw)
    assert Order.from_payload(order.payload) == order
    order.payload.encode()
    assert "\x00" not in order.payload and "\\u0000" not in order.payload
    json.loads(order.payload, parse_constant=pytest.fail)


@quick
@given(st.dictionaries(order_keys, values, max_size=6))
def test_an_order_of_a_list_reads_as_the_whole_order_does(changes):
    raw = raw_order(**changes)
    try:
        whole = Order.parse(raw)
    except Unreadable as error:
        with pytest.raises(Unreadable, match=re.escape(error.message)):
            ListedOrder.parse(raw)
        return
    listed = ListedOrder.parse(raw)
    names = [
        *Order.__dataclass_fields__,
        "order_number",
        "line_count",
        "requested_shipping",
        "is_redacted",
        "buyer",
        "skus",
    ]
    assert {name: getattr(listed, name) for name in names} == {name: getattr(whole, name) for name in names}
    assert listed.codes() == whole.codes()


def test_an_order_of_a_list_is_read_no_further_than_it_is_asked(monkeypatch):
    monkeypatch.setattr(Order, "parse", lambda raw: pytest.fail("read as a whole"))
    listed = ListedOrder.parse(raw_order())
    assert (listed.cust_ref, listed.order_number, listed.grand_total) == ("R-100", "#100", Decimal("22.55"))
    assert (listed.buyer, listed.skus) != ("", ())
    assert not hasattr(listed, "no_such_field")


@pytest.mark.parametrize(
    ("said", "buyer"),
    [
        ({"cust_first_name": "Mary", "cust_last_name": "Doe", "cust_company": "Doe Ltd"}, "Mary Doe"),
        ({"cust_company": "Doe Ltd", "ship_first_name": "Ann"}, "Doe Ltd"),
        ({"ship_first_name": "Ann", "ship_last_name": "Lee"}, "Ann Lee"),
        ({"cust_first_name": "**PII Removed**", "cust_last_name": "**PII Removed**"}, ""),
        ({}, ""),
    ],
)
def test_an_order_is_known_by_its_buyer(said, buyer):
    raw = {"cust_ref": "R-1", **said}
    assert Order.parse(raw).buyer == ListedOrder.parse(raw).buyer == buyer


def test_an_order_is_known_by_its_skus_each_once_without_what_is_not_ours():
    items = [{"item": "B"}, {"item": "A"}, {"item": "B"}, {"item": "FEE", "filtered_sku": "Y"}, {"item": " "}, "x", {}]
    for lines in (items, {str(number): item for number, item in enumerate(items)}):
        raw = {"cust_ref": "R-1", "items": lines}
        assert Order.parse(raw).skus == ListedOrder.parse(raw).skus == ("B", "A")


@quick
@given(values)
def test_any_value_is_an_order_or_refused_as_unreadable(value):
    try:
        order = Order.parse(value)
    except Unreadable:
        return
    assert order.cust_ref


@quick
@given(values)
def test_no_list_raises(value):
    Cart.parse_all(value)
    Location.parse_all(value)
    Alias.parse_all(value)
    BatchResult.parse(value, 3)
    Shipment.parse_all(value, [])
    if isinstance(value, dict):
        Alert.parse(value)
        for record in (InventoryItem, OrderStatus):
            try:
                record.parse(value)
            except Unreadable:
                pass


@quick
@given(st.lists(texts | st.integers() | st.floats(), max_size=5))
def test_what_was_read_before_changes_no_number_or_moment(read):
    """Readings are remembered; the second of equal texts must be the first's, and never another's."""
    again = [(parsing.number(value), parsing.moment(value)) for value in [*read, *read]]
    parsing._number.cache_clear()
    parsing._moment.cache_clear()
    assert again == [(parsing.number(value), parsing.moment(value)) for value in read] * 2


@pytest.mark.parametrize("read", [parsing.number, parsing.moment])
def test_only_numbers_and_moments_are_remembered_and_only_so_many(read):
    remembered = getattr(parsing, f"_{read.__name__}")
    remembered.cache_clear()
    for value in ("", "1 Rue de la Paix", "Zoë", "a" * 40, f"{'0' * 60}1", f"2024-03-01T10:20:30.{'0' * 60}"):
        read(value)
    assert remembered.cache_info().currsize == 0
    for number in range(6_000):
        read(str(number))
        read(f"{2000 + number % 200}-01-{number % 28 + 1:02d}")
    assert 0 < remembered.cache_info().currsize <= 4096


@quick
@given(values)
def test_cleaning_again_changes_nothing(value):
    cleaned = sanitizing.clean(value)
    assert sanitizing.clean(cleaned) == cleaned
    json.dumps(cleaned, allow_nan=False).encode()


@pytest.mark.parametrize(
    "cust_ref",
    [None, "", "  ", "x" * 251, "a\x00b", "a\nb", "a\ud800", "\u2028", ".", "..", [], True, "a\ufffd"],
)
def test_an_order_that_nothing_can_be_called_is_refused(cust_ref):
    with pytest.raises(Unreadable):
        Order.parse(raw_order(cust_ref=cust_ref))


def test_what_cleaning_takes_away_makes_no_two_orders_or_skus_one():
    with pytest.raises(Unreadable, match=r"“A\\x00B”.*“AB”"):
        Order.parse(raw_order(cust_ref="A\x00B"))
    lines = [{"item": "A\x00B", "quantity": 1}, {"item": "AB", "quantity": 2}, {"item": "AB\ud800", "quantity": 3}]
    order = Order.parse(raw_order(items=lines))
    assert [line.sku for line in order.lines] == ["A\\x00B", "AB", "AB\\ud800"]
    assert Order.from_payload(order.payload).lines == order.lines
    assert order.problems == ()


@pytest.mark.parametrize("cust_ref", [" 7 ", "x" * 250, "A/b?c#d%2F é+&;", "7\u00a08"])
def test_identity_is_kept_to_the_character(cust_ref):
    order = Order.parse(raw_order(cust_ref=cust_ref, items=[{"item": cust_ref, "quantity": 1}]))
    assert order.cust_ref == order.lines[0].sku == cust_ref


def test_what_cannot_be_read_is_said():
    items = [
        {"item": "A", "quantity": "two"},
        "nonsense",
        {"item": "x" * 300, "quantity": "1", "price": "1,5,5"},
    ]
    order = Order.parse(raw_order(items=items, grand_total="NaN", created_date_time="yesterday", cust_city=["x"]))
    assert order.grand_total is order.created is None
    assert [line.sku for line in order.lines] == ["A", "", ""]
    assert len(order.problems) == 3
    # An amount or a date that cannot be read is taken as absent; only a quantity holds the order up.
    assert sorted(order.oddities) == [
        "Line 3: price is not a number (1,5,5).",
        "created_date_time is not a date (yesterday).",
        "cust_city is not text.",
        "grand_total is not a number (NaN).",
    ]
    assert order.is_total_unread
    assert "Line 1: quantity is not a number (two)." in order.problems
    assert "Line 2: cannot be read." in order.problems


def test_the_codes_of_an_order_are_those_of_the_lines_that_are_ours_to_ship():
    first = Order.parse(
        {
            "cust_ref": "R-1",
            "items": [
                {"item": "A", "alt_sku": "A-ALT", "aliases": [{"code_type": "UPC", "code": "012"}]},
                {"item": "A", "alt_sku": "A-2"},
                {"item": "B", "filtered_sku": "Y"},
                {"item": ""},
            ],
        }
    )
    assert first.codes() == {"A": {"A-ALT", "A-2", "012"}}
    second = Order.parse({"cust_ref": "R-2", "items": [{"item": "A"}, {"item": "C"}]})
    assert codes_of([first, second]) == {"A": {"A-ALT", "A-2", "012"}, "C": set()}


def test_what_shipping_an_order_asks_for_is_the_code_else_its_words_else_the_carrier():
    asked = {"ship_code": "GND", "ship_code_description": "Ground", "carrier": "UPS"}
    said = []
    for name in [*asked, None]:
        said.append(Order.parse({"cust_ref": "R-1", **asked}).requested_shipping)
        asked.pop(name, None)
    assert said == ["GND", "Ground", "UPS", ""]


def test_personal_data_that_eim_removed_are_seen_in_either_address():
    assert not Order.parse(raw_order()).is_redacted
    assert Order.parse(raw_order(cust_address_1="**PII Removed**")).is_redacted
    assert Order.parse(
        raw_order(ship_first_name="**PII Removed**", ship_address_1="1 Main St", ship_country="USA")
    ).is_redacted


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("8.0000", "8"),
        (" 1 ", "1"),
        (1, "1"),
        (10.12, "10.12"),
        ("-4", "-4"),
        (1e-7, "0.0000001"),
        (0.1 + 0.2, "0.30000000000000004"),
        (".5", "0.5"),
    ],
)
def test_numbers(value, expected):
    assert parsing.number(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value", ["", "1_0", "١", "1e99", "1" * 16, "NaN", "Infinity", "1,5,5", True, [], {}, None, 10**400, 1e308]
)
def test_no_numbers(value):
    assert parsing.number(value) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2018-08-27", datetime(2018, 8, 27, 12)),
        ("2018-08-27T02:24:58+00:00", datetime(2018, 8, 27, 2, 24, 58)),
        ("2018-08-27T02:24:58.123Z", datetime(2018, 8, 27, 2, 24, 58)),
        ("2018-08-27 02:24:58", datetime(2018, 8, 27, 2, 24, 58)),
        ("2018-08-26T19:24:58-0700", datetime(2018, 8, 27, 2, 24, 58)),
        ("2018-08-27T02:24+05:30", datetime(2018, 8, 26, 20, 54)),
        ("0000-00-00", None),
        ("2018-02-30", None),
        ("0001-01-01T00:00:00+14:00", None),
        (1535336698, None),
    ],
)
def test_moments(value, expected):
    assert parsing.moment(value) == expected


@pytest.mark.parametrize("value", ["Y", "y", "yes", 1, "1", True, "true"])
def test_yes(value):
    assert parsing.flag(value)


@pytest.mark.parametrize("value", ["N", "", None, 0, "0", False, "no", [], {}, "2"])
def test_no(value):
    assert not parsing.flag(value)


def test_text_is_one_line_that_an_index_holds_and_notes_keep_theirs():
    order = Order.parse(
        raw_order(
            cust_city="  New\u00a0\n York\x00 ",
            cust_zip=93103,
            gift_message="Dear\nyou\x00\ud800",
            gift_wrap="x" * 20_000,
        )
    )
    assert order.billing.city == "New York"
    assert order.billing.zip == "93103"
    assert order.gift_message == "Dear\nyou"
    assert len(order.gift_wrap) == sanitizing.MAX_TEXT
    assert len(Order.parse(raw_order(cust_company="\U0001f600" * 999)).billing.company) == 250


def test_addresses():
    assert Address(last_name="**pii REMOVED**").is_redacted
    assert Address(title="Dr", first_name="", last_name="No").name == "No"
    assert Order.parse(raw_order(ship_country="USA", ship_phone="1")).delivery is None
    assert Order.parse(raw_order(ship_city="Graz")).delivery == Address(city="Graz")


def test_a_record_too_deep_or_too_large_cannot_exhaust_us():
    deep = value = {}
    for _level in range(5_000):
        value["more"] = value = {}
    order = Order.parse(raw_order(extra=deep))
    assert order.payload.count("more") < sanitizing.MAX_DEPTH
    with pytest.raises(Unreadable):
        Order.parse(raw_order(extra=[[0] * 100_000] * 3))
    with pytest.raises(Unreadable):
        Order.parse(raw_order(extra=["x" * 9_000] * 1_000))


@pytest.mark.parametrize(
    ("response", "sources"),
    [
        (["Shopify", "Amazon_US2", "Shopify"], ["Shopify", "Amazon_US2"]),
        (
            [{"order_source": "Ebay_CA", "name": "eBay"}, {"cart": "Etsy"}, {"id": 7}],
            ["Ebay_CA", "Etsy", "7"],
        ),
        ({"Shopify": "My shop", "Etsy": {}}, ["Shopify", "Etsy"]),
        ({"12": "Shopify", "13": {"order_source": "Etsy"}}, ["Shopify", "Etsy"]),
        ({"order_source": "Shopify"}, ["Shopify"]),
        ([], []),
        (None, []),
    ],
)
def test_carts_in_every_shape(response, sources):
    assert [cart.order_source for cart in Cart.parse_all(response)] == sources


@pytest.mark.parametrize(
    ("response", "locations"),
    [
        (["EAST"], [("EAST", "")]),
        ([{"pk": 2352, "warehouse": "EAST"}], [("EAST", "2352")]),
        ({"2352": {"warehouse": "EAST"}, "2489": "WEST"}, [("EAST", "2352"), ("WEST", "2489")]),
        ([], []),
    ],
)
def test_locations_in_every_shape(response, locations):
    assert [(location.name, location.remote_pk) for location in Location.parse_all(response)] == locations


def test_a_location_by_which_the_wms_knows_it():
    [east] = Location.parse_all([{"pk": 1, "warehouse": "EAST", "wms_warehouse_id": 7, "wms_warehouse_name": "Wing"}])
    assert (east.name, east.wms_warehouse_id, east.wms_warehouse_name) == ("EAST", "7", "Wing")
    [west] = Location.parse_all([{"pk": 2, "warehouse": "WEST", "wms_warehouse_id": None}])
    assert (west.wms_warehouse_id, west.wms_warehouse_name) == ("", "")


def test_inventory():
    item = InventoryItem.parse(
        {
            "sku": "A",
            "qty_available": 10,
            "qty_on_hand": "15.0",
            "aliases": {"UPC": "123"},
            "warehouses": {
                "2352": {
                    "warehouse": "EAST",
                    "qty_available": "3",
                    "wms_datetime": "2016-08-27T02:24:58+00:00",
                }
            },
        }
    )
    assert item.aliases == (Alias("UPC", "123"),)
    assert item.levels[0].location == "EAST"
    assert item.levels[0].qty_available == 3
    assert InventoryItem.parse({"sku": "A", "aliases": [], "warehouses": []}).levels == ()
    assert Alias.parse_all([{"code_type": "UPC", "code": "123"}]) == item.aliases


def test_batch_answers():
    failed = [
        {"cust_ref": "B", "message": "OrderDuplicate"},
        {"cust_ref": None, "index_pos": 2, "message": "Bad"},
    ]
    result = BatchResult.parse({"success": [{"cust_ref": "A"}], "failed": failed}, 3)
    assert result.failures == (Failure("B", None, "OrderDuplicate"), Failure("", 2, "Bad"))
    assert result.accepted == {"A"}
    assert not BatchResult.parse({"success": True}, 3).accepted
    assert BatchResult.parse({"failed": [{"index_pos": 3}]}, 3).failures[0].index is None
    assert BatchResult.parse({"failed": "all of it"}, 3).failures == (Failure("", None, "all of it"),)
    assert BatchResult.parse(None, 3) == BatchResult.parse({"failed": []}, 3) == BatchResult()

"""One method a call: what it asks, what it makes of the answer, where it looks when EIM has no such route."""

from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from eim_builders import raw_order
from eim_service import ok, raw, refusal

from eim.errors import AnswerLost, CredentialsRefused, NotFound, Refused, Unreadable
from eim.wire import Alert, Failure, Level, Merchant, Shipment, ShipmentItem, ShipMethod

MISSING = raw(404, "Not here", content_type="text/html")
WHEN = datetime(2024, 3, 1)


def orders(count, first=1):
    return [raw_order(cust_ref=f"R-{number}") for number in range(first, first + count)]


def test_credentials(service, connect):
    service.script = [ok([])]
    connect().check_credentials()
    assert service.paths == ["/v1/merchant/inventory?limit=1"]
    service.script = [refusal("Invalid API credentials", code="Failure")]
    with pytest.raises(CredentialsRefused, match="Invalid API credentials"):
        connect().check_credentials()
    service.script = [MISSING]
    with pytest.raises(NotFound):
        connect().check_credentials()


def test_order_pages(service, connect):
    service.script = [ok(orders(2), total_records="3"), ok(orders(1, 3), total_records="3")]
    client = connect()
    page = client.list_orders("new", limit=2, from_date=WHEN, order_source="A&B")
    assert [order.cust_ref for order in page.items] == ["R-1", "R-2"]
    assert (page.number, page.is_last, page.total) == (1, False, 3)
    assert client.list_orders("new", page=2, limit=2).is_last
    url = urlsplit(service.paths[0])
    assert url.path == "/v1/merchant/orders/list/new"
    query = parse_qs(url.query)
    assert query["from_date"] == ["2024-03-01T00:00:00+00:00"] and "%2B00" in url.query
    assert (query["limit"], query["page"], query["order_source"]) == (["2"], ["1"], ["A&B"])
    assert "to_date" not in query


@pytest.mark.parametrize(
    ("count", "total", "is_last"),
    [(2, None, False), (1, None, True), (0, "9", True), (2, "2", True), (2, "0", False)],
)
def test_the_last_page(service, connect, count, total, is_last):
    service.script = [ok(orders(count), **({"total_records": total} if total else {}))]
    assert connect().list_orders("new", limit=2).is_last is is_last


def test_one_bad_order_does_not_hold_up_its_page(service, connect):
    service.script = [ok([raw_order(), {"cust_po_no": "lost"}, None, raw_order(cust_ref="R-2")])]
    page = connect().list_orders("new")
    assert [order.cust_ref for order in page.items] == ["R-100", "R-2"]
    assert page.unreadable == ("Entry 2: The cust_ref is missing.", "Entry 3: It is not an object.")


@pytest.mark.parametrize("response", [None, [], {}, ""])
def test_an_empty_list_in_every_spelling(service, connect, response):
    service.script = [ok(response)]
    page = connect().list_orders("new")
    assert page.items == () and page.is_last


def test_a_list_that_is_none(service, connect):
    service.script = [ok("nothing of the kind", **{"X-CartRover-Process-ID": "p-1"})]
    with pytest.raises(Unreadable) as caught:
        connect().list_orders("new")
    assert (caught.value.process_id, caught.value.route) == ("p-1", "list_orders")


def test_pages_are_asked_for_sensibly(connect):
    for options in ({"limit": 0}, {"limit": 101}, {"page": 0}):
        with pytest.raises(ValueError):
            connect().list_orders("new", **options)


def test_one_order(service, connect):
    service.script = [ok([raw_order(cust_ref="A")])]
    assert connect().get_order("A").cust_ref == "A"
    with pytest.raises(Unreadable):
        connect().get_order("B")
    service.script = [ok([])]
    with pytest.raises(NotFound):
        connect().get_order("A")
    service.script = [ok({"cust_ref": "A"})]
    with pytest.raises(Unreadable):
        connect().get_order_status("A")


@pytest.mark.parametrize("cust_ref", ["", "..", "a\nb", None])
def test_an_order_without_name_is_not_asked_for(service, connect, cust_ref):
    for call in (connect().get_order, connect().acknowledge, connect().cancel_order_in_cart):
        with pytest.raises(ValueError):
            call(cust_ref)
    assert not service.requests


def test_writing(service, connect):
    service.script = [ok()]
    client = connect()
    client.ship("A", [Shipment("UPS", "Ground", "1Z9", WHEN, (ShipmentItem("PEN", 2),))])
    client.dismiss_alerts(["7", 8])
    client.dismiss_alerts([])
    assert [body for _method, _path, _headers, body in service.requests] == [
        {
            "order_status": "shipped",
            "shipments": [
                {
                    "carrier": "UPS",
                    "method": "Ground",
                    "tracking_no": "1Z9",
                    "date": "2024-03-01T00:00:00+00:00",
                    "items": [{"item": "PEN", "quantity": 2}],
                }
            ],
        },
        [7, 8],
    ]
    for mistake in (lambda: client.ship("A", []), lambda: client.dismiss_alerts(["order/A"])):
        with pytest.raises(ValueError):
            mistake()
    assert len(service.requests) == 2


def test_a_yes_with_a_no_in_it_is_a_no(service, connect):
    service.script = [ok({"success": [], "failed": [{"cust_ref": "A", "message": "Already shipped"}]})]
    with pytest.raises(Refused, match="Already shipped"):
        connect().acknowledge("A")


def test_inventory_push(service, connect):
    service.script = [ok({"failed": [{"sku": "B", "message": "Unknown SKU"}]}, **{"X-CartRover-Process-ID": "p-2"})]
    levels = [Level("A", "EAST", 1, 2, WHEN), Level("B", "EAST", 0, 0, WHEN)]
    result = connect().push_inventory(levels)
    assert result.failures == (Failure("B", None, "Unknown SKU"),)
    assert result.process_id == "p-2"
    method, path, _headers, body = service.requests[0]
    assert (method, path) == ("POST", "/v1/merchant/inventory")
    assert body[0] == {
        "sku": "A",
        "qty_available": 1,
        "qty_on_hand": 2,
        "warehouse": "EAST",
        "wms_datetime": "2024-03-01T00:00:00+00:00",
    }
    service.script = [raw(200, '{"success_code": true}')]
    assert connect().push_inventory(levels).failures == ()
    assert connect().push_inventory([]).failures == ()
    assert len(service.requests) == 2
    service.script = [raw(200, '{"success_code": true}')]
    connect().push_inventory(levels, "pk")
    assert service.requests[-1][3][0]["inventory_warehouse_pk"] == "EAST"


def test_cancelling_is_off_until_a_path_is_set(service, connect):
    assert not connect().can_cancel
    with pytest.raises(NotFound, match="No path is known for cancel_order_in_cart"):
        connect().cancel_order_in_cart("A/1")
    assert not service.requests
    service.script = [ok({"success": True})]
    client = connect(overrides={"cancel_order_in_cart": "merchant/orders/cancel_order_in_cart"})
    assert client.can_cancel
    client.cancel_order_in_cart("A/1")
    [(method, path, _headers, body)] = service.requests
    assert (method, path, body) == ("POST", "/v1/merchant/orders/cancel_order_in_cart", [{"cust_ref": "A/1"}])
    service.script = [ok({"success": [], "failed": [{"cust_ref": "A/1", "message": "Too late"}]})]
    with pytest.raises(Refused, match="Too late"):
        client.cancel_order_in_cart("A/1")


def test_an_override_is_the_only_candidate(service, connect):
    service.script = [ok(["EAST"])]
    connect(overrides={"list_locations": "my/places"}).list_locations()
    assert service.paths == ["/v1/my/places"]


def test_locations_from_inventory(service, connect):
    item = {"sku": "A", "warehouses": {"1": {"warehouse": "EAST"}, "2": {"warehouse": "WEST"}}}
    service.script = [*[MISSING] * 5, ok([item] * 100), ok([item])]
    assert [(place.name, place.remote_pk) for place in connect().list_locations()] == [
        ("EAST", "1"),
        ("WEST", "2"),
    ]
    assert len(service.requests) == 7


def test_carts_from_orders(service, connect):
    service.script = [ok([]), ok([raw_order(order_source="Etsy"), raw_order(order_source=None)])]
    assert [cart.order_source for cart in connect().list_carts()] == ["Etsy"]
    assert "/orders/list/any?" in service.paths[1] and "from_date=" in service.paths[1]
    service.script = [MISSING, refusal("Too much"), ok([raw_order()])]
    assert [cart.order_source for cart in connect().list_carts()] == ["Shopify"]
    assert "/orders/list/new_or_at_wms?" in service.paths[-1]


def test_alerts(service, connect):
    entry = {
        "id": 7,
        "title": "Unmapped ship method",
        "body": "Map it",
        "created_date_time": "2024-03-01 00:00:00",
    }
    service.script = [MISSING, ok([entry, {"subject": "nameless"}])]
    client = connect()
    assert client.list_alerts() == (Alert("7", WHEN, "", "Unmapped ship method", "Map it", ""),)
    assert client.alerts_source == "alerts"


def test_alerts_from_orders_in_error(service, connect):
    order = raw_order(error_code="E1", error_msg="Missing WMS Setup", error_reason="No warehouse")
    service.script = [*[MISSING] * 4, ok([order])]
    client = connect()
    (alert,) = client.list_alerts()
    assert (alert.remote_id, alert.subject, alert.message) == (
        "order/R-100",
        "E1",
        "Missing WMS Setup\nNo warehouse",
    )
    assert client.alerts_source == "orders"


def test_the_other_lists(service, connect):
    client = connect()
    service.script = [ok([{"carrier": "FEDEX", "code": "50", "description": "Ground"}, {"carrier": "UPS"}])]
    assert client.list_ship_methods() == (ShipMethod("FEDEX", "50", "Ground"),)
    assert client.list_cart_ship_methods("Best Buy/CA") == (ShipMethod("FEDEX", "50", "Ground"),)
    assert service.paths[-1] == "/v1/cart/shipmethod/list/Best%20Buy%2FCA"
    service.script = [ok({"1": {"merchant_pk": 17, "merchant": "Acme"}})]
    assert client.list_merchants() == (Merchant("17", "Acme"),)
    service.script = [ok([raw_order()])]
    assert client.list_skipped_orders()[0].cust_ref == "R-100"
    service.script = [ok({"sku": "A/1", "name": None, "aliases": [{"code_type": "UPC", "code": "1"}]})]
    assert client.get_product("A/1").aliases[0].code == "1"
    assert client.get_inventory("A/1").qty_available is None


def test_a_lost_answer_is_not_a_refusal(service, connect):
    service.script = [raw(200, '{"success_code": tr', declared=400)]
    with pytest.raises(AnswerLost):
        connect().push_inventory([Level("A", "EAST", 1, 1, WHEN)])

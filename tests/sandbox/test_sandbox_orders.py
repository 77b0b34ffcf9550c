"""Orders over HTTP: lists, acknowledging, shipping, cancelling, and what is refused."""

from urllib.parse import quote

import pytest

OK = {"success_code": True}


def refs(orders):
    return [order["cust_ref"] for order in orders]


def refusal(answer):
    assert answer["success_code"] is False
    return answer["error_code"], answer.get("message") or answer.get("status_message")


def parcel(*items, **values):
    items = [{"item": item, "quantity": quantity} for item, quantity in items]
    return {"carrier": "UPS", "method": "11", "tracking_no": "1Z1", "items": items} | values


@pytest.fixture
def order(eim):
    """Reference of a new order of two mugs and a cap."""
    items = [{"item": "MUG-11OZ", "quantity": "2"}, {"item": "CAP-NVY", "quantity": 1}]
    return eim.control("orders", {"cust_ref": "A/1 ü", "items": items})[0]["cust_ref"]


# Lists


def test_pages_have_20_orders_unless_asked_otherwise_and_tell_the_total(eim):
    answer = eim.send("GET", "merchant/orders/list/new")
    assert len(answer.json()["response"]) == 20
    assert answer.headers["total-records"] == "42"
    pages = [refs(eim.get("merchant/orders/list/new", limit=15, page=page)["response"]) for page in (1, 2, 3, 4)]
    assert [len(page) for page in pages] == [15, 15, 12, 0]
    assert sum(pages, []) == refs(eim.list_all("new")[0])


@pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 0}, {"limit": "x"}, {"page": 0}, {"page": "-1"}])
def test_paging_beyond_what_is_allowed_is_refused(eim, params):
    assert refusal(eim.get("merchant/orders/list/new", **params))[0] == "Invalid"


def test_money_comes_as_text_and_nulls_as_null(eim):
    order = eim.get("merchant/orders/list/new", limit=1)["response"][0]
    assert isinstance(order["grand_total"], str) and isinstance(order["items"][0]["price"], str)
    assert order["cust_company"] is None
    assert eim.get("merchant/inventory/CAP-RED-2019")["response"]["aliases"] == []


def test_acknowledging_shrinks_the_list_so_that_reading_on_skips_orders(eim):
    first = refs(eim.get("merchant/orders/list/new", limit=20)["response"])
    before = refs(eim.list_all("new")[0])
    for reference in first:
        assert eim.update(reference, order_status="at_wms") == OK
    second = refs(eim.get("merchant/orders/list/new", limit=20, page=2)["response"])
    assert second == before[40:]
    assert eim.list_all("at_wms")[1] == 20


def test_acknowledging_again_is_harmless(eim, order):
    assert eim.update(order, order_status="at_wms") == OK
    assert eim.update(order, order_status="at_wms") == OK
    held = eim.control(f"orders/{quote(order, safe='')}")
    assert held["acknowledged"] == 2
    assert held["order"]["order_status"] == "at_wms" and held["order"]["delivered_to_wms_date"]


def test_filtered_lines_extras_and_aliases_come_only_when_asked_for(eim):
    [held] = [o for o in eim.control("orders") if len(o["items"]) == 2 and o["items"][1]["filtered_sku"] == "Y"]
    path = f"merchant/orders/{held['cust_ref']}"
    plain = eim.get(path)["response"]
    assert [line["item"] for line in plain["items"]] == ["MUG-TRAVEL"]
    assert "order_extras" not in plain and "aliases" not in plain["items"][0]
    asked = eim.get(
        path,
        include_filtered_items="Y",
        include_order_extras="Y",
        include_line_extras="Y",
        include_aliases="Y",
    )["response"]
    assert [line["item"] for line in asked["items"]] == ["MUG-TRAVEL", "SHIPPING-PROTECTION"]
    assert asked["order_extras"] == [] and asked["items"][0]["line_extras"] == []
    assert asked["items"][0]["aliases"] == {"UPC": "614141000074"} and asked["items"][1]["aliases"] == []


def test_orders_of_one_cart(eim):
    orders, total = eim.list_all("new", order_source="Ebay_CA")
    assert {order["order_source"] for order in orders} == {"Ebay_CA"}
    assert len(orders) == total < 42


@pytest.mark.parametrize(
    ("status", "moment"),
    [
        ("new", "created_date_time"),
        ("canceled", "cancel_date"),
        ("at_wms", "delivered_to_wms_date"),
        ("error", "updated_date_time"),
        ("shipped", "updated_date_time"),
        ("confirmed", "updated_date_time"),
        ("shipped_or_confirmed", "updated_date_time"),
        ("new_or_at_wms", "created_date_time"),
        ("any", "created_date_time"),
    ],
)
def test_dates_filter_on_the_moment_that_belongs_to_the_status(eim, status, moment):
    old = {
        "created_date_time": "2020-05-01T12:00:00+00:00",
        "updated_date_time": "2021-05-01T12:00:00+00:00",
        "cancel_date": "2021-05-01T12:00:00+00:00",
        "delivered_to_wms_date": "2021-05-01T12:00:00+00:00",
    }
    first = {"shipped_or_confirmed": "confirmed", "new_or_at_wms": "at_wms", "any": "at_wms"}.get(status, status)
    eim.control("orders", {"cust_ref": "OLD", "order_status": first, **old})
    year = old[moment][:4]

    def found(start, end):
        zone = "T00:00:00+00:00"
        return refs(eim.list_all(status, from_date=f"{start}{zone}", to_date=f"{end}{zone}")[0])

    assert found(f"{year}-04-30", f"{year}-05-02") == ["OLD"]
    assert found(f"{year}-05-02", f"{year}-06-02") == []
    assert found(f"{year}-04-02", f"{year}-05-01") == []


def cancel(eim, *references):
    return eim.post("merchant/orders/cancel_order_in_cart", [{"cust_ref": reference} for reference in references])


def test_canceled_list_goes_by_when_it_was_canceled_not_ordered(eim, order):
    assert cancel(eim, order) == {**OK, "response": {"success": True}}
    canceled = eim.get(f"merchant/orders/{quote(order, safe='')}")["response"]["cancel_date"]
    assert order in refs(eim.list_all("canceled", from_date=canceled)[0])


@pytest.mark.parametrize("moment", ["2020-01-01", "2020-01-01T00:00:00", "2020-01-01T00:00:00 00:00", "yesterday"])
def test_a_date_without_zone_is_refused(eim, moment):
    # the third is what becomes of a "+" that was not encoded
    answer = eim.get("merchant/orders/list/new", from_date=moment)
    assert refusal(answer)[0] == "Invalid" and "from_date" in refusal(answer)[1]


def test_unknown_status_reference_and_path(eim):
    assert refusal(eim.get("merchant/orders/list/cancelled"))[0] == "Invalid"
    assert refusal(eim.get("merchant/orders/NOBODY")) == ("Invalid", "Order not found: NOBODY")
    assert refusal(eim.get("merchant/orders/status/NOBODY"))[0] == "Invalid"
    assert refusal(eim.update("NOBODY", order_status="at_wms"))[0] == "Invalid"
    assert eim.send("GET", "merchant/nothing").status_code == 404
    assert eim.send("DELETE", "merchant/inventory").status_code == 405


# Updates


@pytest.mark.parametrize("body", [{}, {"order_status": "confirmed"}, {"order_status": ["at_wms"]}, [], "at_wms", None])
def test_an_update_without_a_status_it_knows_is_refused(eim, order, body):
    answer = eim.post(f"merchant/orders/update/{quote(order, safe='')}", body)
    assert refusal(answer)[0] == "Invalid"


@pytest.mark.parametrize("data", [b"", b"{", b"order_status=at_wms", b"\xff"])
def test_a_body_that_is_not_json_is_refused(eim, order, data):
    answer = eim.send("POST", f"merchant/orders/update/{quote(order, safe='')}", data=data).json()
    assert refusal(answer) == ("Invalid", "Body is not valid JSON")


def test_a_shipment_is_taken_once(eim, order):
    eim.update(order, order_status="at_wms")
    shipments = [
        parcel(("MUG-11OZ", 2)),
        parcel(("CAP-NVY", "1"), tracking_no="1Z2", date="2026-03-09T10:00:00+00:00"),
    ]
    assert eim.update(order, order_status="shipped", shipments=shipments) == OK
    again = eim.update(order, order_status="shipped", shipments=shipments)
    assert refusal(again) == ("Failure", "Order has already been shipped")
    received = eim.control(f"shipments?cust_ref={quote(order, safe='')}")
    assert [event["refusal"] for event in received] == [None, "Order has already been shipped"]
    assert received[0]["shipments"] == shipments
    assert eim.control("state")["shipments"] == 1
    status = eim.get(f"merchant/orders/status/{quote(order, safe='')}")["response"]
    assert status["order_status"] == "shipped"
    assert [shipment["tracking_no"] for shipment in status["shipments"]] == ["1Z1", "1Z2"]
    assert status["shipments"][0]["sscc_barcode"] is None and status["shipments"][0]["items"][0]["carton_code"] is None


@pytest.mark.parametrize(
    ("shipments", "said"),
    [
        (None, "shipments"),
        ([], "shipments"),
        ({}, "shipments"),
        (["x"], "carrier"),
        ([{"tracking_no": "1"}], "carrier"),
        ([parcel(("TEE-BLK-M", 1))], "not on the order"),
        ([parcel(("mug-11oz", 1))], "not on the order"),
        ([parcel((["MUG-11OZ"], 1))], "not on the order"),
        ([parcel(("MUG-11OZ", 3))], "quantity"),
        ([parcel(("MUG-11OZ", 2)), parcel(("MUG-11OZ", 1))], "quantity"),
        ([parcel(("MUG-11OZ", 0))], "quantity"),
        ([parcel(("MUG-11OZ", "many"))], "quantity"),
        ([parcel(("MUG-11OZ", 1), date="2026-03-09 10:00:00")], "time zone"),
        ([parcel(items=[1])], "list of objects"),
    ],
)
def test_shipments_that_cannot_be_are_refused(eim, order, shipments, said):
    answer = eim.update(order, order_status="shipped", shipments=shipments)
    assert said in refusal(answer)[1]
    assert eim.get(f"merchant/orders/{quote(order, safe='')}")["response"]["order_status"] == "new"


def test_carriers_can_be_limited_and_tracking_demanded(eim, order):
    eim.control("settings", {"known_carriers": ["USPS"], "tracking_required": True})
    assert refusal(eim.update(order, order_status="shipped", shipments=[parcel()])) == (
        "Failure",
        "Unmapped ship method",
    )
    untracked = [parcel(carrier="USPS", tracking_no="")]
    assert "tracking_no" in refusal(eim.update(order, order_status="shipped", shipments=untracked))[1]
    assert eim.update(order, order_status="shipped", shipments=[parcel(carrier="USPS")]) == OK


def test_a_marketplace_loses_its_buyer_once_shipped(eim):
    eim.control("orders", {"cust_ref": "AMZ", "order_source": "Amazon_US2"})
    assert eim.update("AMZ", order_status="shipped", shipments=[parcel()]) == OK
    order = eim.get("merchant/orders/AMZ")["response"]
    assert order["cust_e_mail"] == order["cust_last_name"] == "**PII Removed**"
    assert order["cust_country"] == "USA" and order["cust_company"] is None


def test_what_is_canceled_cannot_be_acknowledged_or_shipped_and_the_shipped_not_canceled(eim, order):
    for _time in range(2):
        assert cancel(eim, order)["response"] == {"success": True}
    assert refusal(eim.update(order, order_status="at_wms"))[0] == "Failure"
    assert refusal(eim.update(order, order_status="shipped", shipments=[parcel()]))[0] == "Failure"
    [shipped] = eim.list_all("shipped")[0]
    assert cancel(eim, shipped["cust_ref"]) == {
        **OK,
        "response": {"success": False, "message": "Order is already shipped"},
    }


def test_an_update_never_cancels(eim, order):
    assert refusal(eim.update(order, order_status="canceled"))[0] == "Invalid"
    batch = eim.post(
        "merchant/orders/update",
        [{"cust_ref": order, "order_status": "canceled"}, {"cust_ref": "X"}],
    )
    assert len(batch["response"]["failed"]) == 2
    assert eim.control(f"orders/{quote(order, safe='')}")["order"]["order_status"] == "new"


def test_a_batch_is_partly_done(eim, order):
    body = [
        {"cust_ref": order, "order_status": "at_wms"},
        {"cust_ref": "X", "order_status": "at_wms"},
        {"a": 1},
    ]
    answer = eim.post("merchant/orders/update", body)
    assert answer["success_code"] is True
    assert answer["response"]["success"] == [{"cust_ref": order}]
    failed = answer["response"]["failed"]
    assert [(one["cust_ref"], one["index_pos"]) for one in failed] == [("X", 1), (None, 2)]
    assert failed[1]["message"] == "Order missing required field(s): cust_ref"
    canceled = cancel(eim, order, "X")
    assert [one["cust_ref"] for one in canceled["response"]["failed"]] == ["X"]
    assert refusal(eim.post("merchant/orders/cancel_order_in_cart", {}))[0] == "Invalid"


def test_a_batch_has_fifty_orders_at_most(eim, order):
    assert refusal(eim.post("merchant/orders/update", [{"cust_ref": order, "order_status": "at_wms"}] * 51))
    assert eim.control(f"orders/{quote(order, safe='')}")["order"]["order_status"] == "new"


@pytest.mark.parametrize(("how", "status"), [("404", 404), ("invalid", 200), ("gateway_403", 403), ("garbage", 200)])
def test_batches_may_be_refused_while_single_orders_are_taken(eim, order, how, status):
    eim.control("settings", {"order_batches": how})
    answer = eim.send("POST", "merchant/orders/update", json=[{"cust_ref": order, "order_status": "at_wms"}])
    assert answer.status_code == status and '"success_code": true' not in answer.text
    assert eim.update(order, order_status="at_wms") == OK
    eim.control("settings", {"order_batches": "taken"})
    assert eim.post("merchant/orders/update", [{"cust_ref": order, "order_status": "at_wms"}])["success_code"] is True


def test_batches_may_be_taken_and_nothing_done(eim, order):
    eim.control("settings", {"order_batches": "ignored"})
    answer = eim.post("merchant/orders/update", [{"cust_ref": order, "order_status": "at_wms"}])
    assert answer["response"] == {"success": [{"cust_ref": order}], "failed": []}
    assert eim.control(f"orders/{quote(order, safe='')}")["order"]["order_status"] == "new"


# The life that the sandbox can be told to give an order


def test_an_order_reappears_as_new_once(eim):
    [reappearing] = [ref for ref, held in eim.running.store.orders.items() if held.reappears]
    assert eim.update(reappearing, order_status="at_wms") == OK
    assert reappearing in refs(eim.list_all("new")[0])
    assert eim.update(reappearing, order_status="at_wms") == OK
    assert reappearing not in refs(eim.list_all("new")[0])


def test_orders_can_be_held_released_canceled_and_cleared(eim, order):
    path = f"orders/{quote(order, safe='')}"
    expected = eim.control("state")["expected"]["pulled"]
    assert eim.control(path, {"on_hold": "Y"}, "PATCH")["on_hold"] == "Y"
    assert eim.control("state")["expected"]["pulled"] == expected - 1
    eim.control(path, {"on_hold": "N", "cust_city": "Zürich"})
    assert eim.get(f"merchant/{path}")["response"]["cust_city"] == "Zürich"
    eim.update(order, order_status="at_wms")
    assert eim.control(path, {"order_status": "new"})["order_status"] == "new"
    assert order in refs(eim.list_all("new")[0])
    assert eim.control(path, {"order_status": "canceled"})["cancel_date"]
    assert set(eim.control(path)["moments"]) == {"created", "at_wms", "new", "canceled"}
    assert [event["order_status"] for event in eim.control(path)["history"]] == ["at_wms"]


def test_orders_can_be_added_whole_or_in_part_or_raw(eim):
    added = eim.control("orders", [{}, {"cust_ref": "B", "items": [{"item": "CAP-NVY", "quantity": 3}]}])
    assert added[0]["grand_total"] == "19.00" and added[1]["grand_total"] == "46.50"
    eim.control("orders?raw=1", {"cust_ref": "C", "items": None, "grand_total": {}, "cust_city": "\ud800\u0000"})
    raw = eim.get("merchant/orders/C")["response"]
    assert (raw["items"], raw["grand_total"], raw["cust_city"]) == (None, {}, "\ud800\u0000")
    assert eim.session.post(f"{eim.base_url}/sandbox/orders", json={"cust_ref": "B"}).status_code == 400
    assert eim.session.post(f"{eim.base_url}/sandbox/orders/B", json={"cust_ref": "D"}).status_code == 400


def test_what_is_expected_comes_from_the_data(eim):
    assert eim.control("state")["expected"] == {"pulled": 40, "imported": 38, "failed": 2, "acknowledged": 40}
    for order in eim.list_all("new")[0]:
        if order["on_hold"] == order["sending_canceled"] == "N":
            eim.update(order["cust_ref"], order_status="at_wms")
    state = eim.control("state")
    assert state["expected"] == {"pulled": 40, "imported": 38, "failed": 2, "acknowledged": 40}
    assert state["acknowledged"] == 40
    assert state["orders"]["new"] == 3  # held, stopped, and the one that reappeared
    assert state["calls"]["acknowledge"] == 40


def test_simple_orders_are_all_to_be_imported(serve):
    eim = serve(orders=150)
    assert eim.control("state")["expected"] == {
        "pulled": 150,
        "imported": 150,
        "failed": 0,
        "acknowledged": 150,
    }
    assert len(eim.list_all("new")[0]) == 150
    state = eim.control("reset", {"orders": 3, "seed": 4, "lines": 2, "skus": ["X", "Y"]})
    assert state["orders"] == {"new": 3} and state["calls"] == {}
    assert {line["item"] for order in eim.control("orders") for line in order["items"]} == {"X", "Y"}

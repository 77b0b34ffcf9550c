"""Routes whose path nobody knows: candidates in turn, what answered remembered, nothing ever done twice."""

from datetime import datetime

import pytest
from eim_builders import raw_order
from eim_service import ok, raw, refusal

from eim.errors import AnswerLost, Blocked, EimError, NotFound, Refused, Transient
from eim.routes import ROUTES
from eim.wire import Cart, Failure, Location, Shipment, ShipmentItem, ShipMethod

MISSING = raw(404, "Not here", content_type="text/html")
PAGE = raw(403, "<html>Forbidden</html>", content_type="text/html")
UNKNOWN = refusal("Unknown API call", status=404)
LOST = raw(200, '{"success_code": tr', declared=400)
PARCEL = Shipment("UPS", "Ground", "1Z9", datetime(2024, 3, 1), (ShipmentItem("PEN", 2),))
ORDER_PATH = "/v1/merchant/orders/update/A"
BATCH_PATH = "/v1/merchant/orders/update"
STATUS_PATH = "/v1/merchant/orders/status/A"


def status(status, cust_ref="A"):
    return ok({"cust_ref": cust_ref, "order_status": status})


def candidates(name):
    return [f"/v1/{path}" for path in ROUTES[name].paths]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("list_locations", lambda client: client.list_locations()),
        ("list_alerts", lambda client: client.list_alerts()),
        ("list_skipped_orders", lambda client: client.list_skipped_orders()),
        ("dismiss_alerts", lambda client: client.dismiss_alerts([7])),
    ],
)
@pytest.mark.parametrize("missing", [MISSING, PAGE, UNKNOWN, raw(410, "Gone"), raw(401, "<html>")])
def test_each_candidate_is_tried_until_one_answers_and_remembered(service, connect, name, call, missing):
    answer = ok([raw_order(warehouse="EAST", alert_id=7)])
    for number, path in enumerate(ROUTES[name].paths):
        service.requests.clear()
        service.script = [missing] * number + [answer]
        client = connect()
        call(client)
        assert service.paths == candidates(name)[: number + 1]
        assert client.learned == {name: path}
        service.requests.clear()
        service.script = [answer]
        later = connect(known_paths=client.answered)
        call(later)
        assert (service.paths, later.learned) == ([f"/v1/{path}"], {})


def test_the_paths_are_those_of_the_contract():
    assert ROUTES["list_locations"].paths == (
        "merchant/warehouse/list", "merchant/warehouse", "merchant/warehouses", "merchant/warehouses/list",
        "wms/warehouse/list",
    )  # fmt: skip
    assert ROUTES["list_alerts"].paths == (
        "merchant/alert/list", "merchant/alerts/list", "merchant/alerts", "merchant/alert",
    )  # fmt: skip
    assert ROUTES["dismiss_alerts"].paths == ("merchant/alert/dismiss", "merchant/alerts/dismiss")
    assert ROUTES["batch_update_order_status"].paths == ("merchant/orders/update",)
    assert {ROUTES[name].mark for name in ("acknowledge", "ship", "batch_update_order_status")} == {"N"}


def test_a_path_that_answers_no_more_is_forgotten_and_the_candidates_are_tried_anew(service, connect):
    known = {"list_locations": "wms/warehouse/list", "get_product": "x"}
    service.script = [MISSING, ok([{"inventory_warehouse": "EAST"}])]
    client = connect(known_paths=known)
    assert client.list_locations()[0].name == "EAST"
    assert service.paths == ["/v1/wms/warehouse/list", "/v1/merchant/warehouse/list"]
    assert client.learned == {"list_locations": "merchant/warehouse/list"}
    service.script = [*[MISSING] * 5, ok([])]
    client = connect(known_paths=known)
    assert client.list_locations() == ()
    assert client.learned == {"list_locations": None}


@pytest.mark.parametrize("noun", ["alert", "alerts"])
def test_dismissing_follows_the_noun_that_answered_the_list(service, connect, noun):
    service.script = [ok([])]
    connect(known_paths={"list_alerts": f"merchant/{noun}/list"}).dismiss_alerts([7])
    connect(known_paths={"list_alerts": f"merchant/{noun}"}).dismiss_alerts([7])
    connect(overrides={"list_alerts": f"merchant/{noun}"}).dismiss_alerts([7])
    assert service.paths == [f"/v1/merchant/{noun}/dismiss"] * 3


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (LOST, AnswerLost),
        (raw(500, "oops"), AnswerLost),
        (raw(200, "<html>"), AnswerLost),
        (refusal("Alert not found"), Refused),
        (refusal("No such alert", status=400), Refused),
        (refusal("Not yours", status=403), Refused),
        (ok({"success": False, "message": "No"}), Refused),
    ],
)
def test_nothing_is_told_again_at_another_path_after_a_lost_answer_or_a_refusal(service, connect, answer, error):
    service.script = [answer]
    with pytest.raises(error):
        connect().dismiss_alerts([7])
    assert service.paths == ["/v1/merchant/alert/dismiss"]


def test_where_no_candidate_takes_it_it_is_not_found(service, connect):
    service.script = [UNKNOWN, PAGE]
    client = connect(known_paths={"dismiss_alerts": "merchant/alerts/dismiss"})
    with pytest.raises(NotFound, match="on none of merchant/alerts/dismiss, merchant/alert/dismiss"):
        client.dismiss_alerts([7])
    assert client.learned == {"dismiss_alerts": None}


def test_one_order_is_no_list_of_skipped_orders(service, connect):
    """EIM may take ``skipped`` for the reference of an order."""
    service.script = [ok(raw_order(cust_ref="skipped")), refusal("Invalid status"), ok([raw_order(cust_ref="S-1")])]
    client = connect()
    assert [order.cust_ref for order in client.list_skipped_orders()] == ["S-1"]
    assert service.paths == candidates("list_skipped_orders")
    assert client.answered == {"list_skipped_orders": "merchant/orders/skipped/list"}
    service.script = [ok([])]
    client = connect()
    assert client.list_skipped_orders() == ()
    assert client.answered == {}, "nothing may also mean that EIM has no order of that name"


def test_locations_are_read_by_the_keys_of_the_contract(service, connect):
    service.script = [
        ok(
            [
                {
                    "pk": 3101,
                    "inventory_warehouse": "EAST",
                    "wms_warehouse_id": "E1",
                    "wms_warehouse_name": "East hall",
                },
                {"pk": 3102, "inventory_warehouse": "WEST", "default": "Y"},
                {"pk": 3103, "wms_warehouse_name": "North hall", "wms_warehouse_id": "N1"},
            ]
        )
    ]
    assert connect().list_locations() == (
        Location("EAST", "3101", "E1", "East hall"),
        Location("WEST", "3102"),
        Location("North hall", "3103", "N1", "North hall"),
    )


def test_ship_methods_of_a_cart_say_what_they_are_mapped_to(service, connect):
    service.script = [ok([{"cart_code": "Standard", "wms_code": "11"}, {"cart_code": "Express", "wms_code": None}, {}])]
    assert connect().list_cart_ship_methods("Shopify") == (
        ShipMethod("", "Standard", "", "11"),
        ShipMethod("", "Express", ""),
    )


@pytest.mark.parametrize(
    ("response", "carts"),
    [
        (["Etsy", "eBay"], [Cart("Etsy", "Etsy"), Cart("eBay", "eBay")]),
        ([{"cart_id": 7, "order_source": "Etsy", "description": "Prints"}], [Cart("Etsy", "Prints")]),
        ([{"cart": "Etsy", "id": 7}, {"name": "eBay"}], [Cart("Etsy", "Etsy"), Cart("eBay", "eBay")]),
        ([{"description": "Etsy", "id": 7}, {"id": 8}], [Cart("Etsy", "Etsy"), Cart("8", "8")]),
        ({"7": {"order_source": "Etsy"}, "eBay": {}}, [Cart("Etsy", "Etsy"), Cart("eBay", "eBay")]),
    ],
)
def test_carts_in_every_shape(service, connect, response, carts):
    service.script = [ok(response)]
    assert list(connect().list_carts()) == carts


# Acknowledging and shipping


def acknowledge(client):
    client.acknowledge("A")


def ship(client):
    client.ship("A", [PARCEL])


TOLD = [("acknowledge", acknowledge, "new", "at_wms"), ("ship", ship, "at_wms", "shipped")]


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
@pytest.mark.parametrize("missing", [UNKNOWN, MISSING, raw(410, "Gone")])
def test_an_order_is_told_in_the_batch_form_where_its_path_is_not_found(
    service, connect, name, call, before, after, missing
):
    service.script = [missing, status(before), ok(), status(after)]
    client = connect()
    call(client)
    assert service.paths == [ORDER_PATH, STATUS_PATH, BATCH_PATH, STATUS_PATH]
    [record] = service.requests[2][3]
    assert (record["cust_ref"], record["order_status"]) == ("A", after)
    assert client.answered[name] == "merchant/orders/update"
    assert client.can_acknowledge_batch is (name == "acknowledge")
    service.requests.clear()
    service.script = [ok()]
    call(connect(known_paths=client.answered))
    assert service.paths == [BATCH_PATH]


def test_a_shipment_told_in_the_batch_form_takes_no_more_tokens_than_another(service, connect):
    calls = []
    service.script = [UNKNOWN, status("at_wms"), ok(), status("shipped")]
    ship(connect(on_call=calls.append))
    assert [call.route for call in calls] == ["ship", "get_order_status", "ship", "get_order_status"]


def test_a_path_that_works_is_remembered(service, connect):
    service.script = [ok()]
    client = connect()
    acknowledge(client)
    assert client.learned == {"acknowledge": "merchant/orders/update/{cust_ref}"}
    assert service.paths == [ORDER_PATH]


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
def test_a_deleted_order_flips_nothing(service, connect, name, call, before, after):
    service.script = [UNKNOWN, refusal("Order not found: A")]
    client = connect()
    with pytest.raises(NotFound, match="Unknown API call"):
        call(client)
    assert service.paths == [ORDER_PATH, STATUS_PATH]
    assert client.answered == {}


@pytest.mark.parametrize(("call", "told"), [(acknowledge, "at_wms"), (ship, "confirmed"), (ship, "canceled")])
def test_an_order_that_is_past_it_is_told_of_in_no_other_form(service, connect, call, told):
    service.script = [UNKNOWN, status(told)]
    client = connect()
    with pytest.raises(NotFound):
        call(client)
    assert (service.paths, client.answered) == ([ORDER_PATH, STATUS_PATH], {})


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (LOST, AnswerLost),
        (raw(500, "oops"), AnswerLost),
        (raw(200, "<html>"), AnswerLost),
        (refusal("Order is closed"), Refused),
        (refusal("Order is closed", status=400), Refused),
        (refusal("Order is closed", status=403), Refused),
        (ok({"success": False, "message": "Order is closed"}), Refused),
        (ok({"failed": [{"cust_ref": "A", "message": "Order is closed"}]}), Refused),
    ],
)
def test_no_other_form_is_tried_after_a_lost_answer_or_a_refusal(
    service, connect, name, call, before, after, answer, error
):
    service.script = [answer]
    client = connect()
    with pytest.raises(error):
        call(client)
    assert (service.paths, client.answered) == ([ORDER_PATH], {})


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
def test_a_path_that_an_override_sets_is_the_only_one(service, connect, name, call, before, after):
    service.script = [UNKNOWN]
    with pytest.raises(NotFound):
        call(connect(overrides={name: "my/orders/{cust_ref}"}))
    assert service.paths == ["/v1/my/orders/A"]


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
@pytest.mark.parametrize("refused", [UNKNOWN, PAGE])
def test_where_the_batch_form_is_none_either_the_first_refusal_counts(
    service, connect, name, call, before, after, refused
):
    service.script = [MISSING, status(before), refused]
    client = connect()
    with pytest.raises(NotFound, match="without a reason"):
        call(client)
    assert client.answered == {}


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
def test_what_the_batch_form_says_of_the_order_counts(service, connect, name, call, before, after):
    service.script = [UNKNOWN, status(before), ok({"failed": [{"cust_ref": "A", "message": "Unmapped ship method"}]})]
    client = connect()
    with pytest.raises(Refused, match="Unmapped ship method"):
        call(client)
    assert client.answered == {}


def test_an_order_that_still_reads_new_was_not_acknowledged(service, connect):
    service.script = [UNKNOWN, status("new"), ok(), status("new")]
    client = connect()
    with pytest.raises(NotFound):
        acknowledge(client)
    assert client.answered == {}


@pytest.mark.parametrize("answer", [status("at_wms"), refusal("No"), raw(500, ""), refusal("", code="RateLimit")])
def test_a_shipment_that_does_not_show_is_as_one_whose_answer_was_lost(service, connect, answer):
    service.script = [UNKNOWN, status("at_wms"), ok(), answer]
    client = connect(max_wait=0)
    with pytest.raises(AnswerLost) as caught:
        ship(client)
    assert (caught.value.route, client.answered) == ("ship", {})


@pytest.mark.parametrize("answer", [LOST, raw(200, "<html>"), raw(502, "<html>")])
def test_a_shipment_whose_answer_is_lost_is_told_once(service, connect, answer):
    service.script = [UNKNOWN, status("at_wms"), answer]
    with pytest.raises(AnswerLost):
        ship(connect())
    assert service.paths == [ORDER_PATH, STATUS_PATH, BATCH_PATH]


@pytest.mark.parametrize("answer", [raw(500, ""), refusal("", code="RateLimit")])
def test_where_the_status_cannot_be_asked_nothing_is_told(service, connect, answer):
    service.script = [UNKNOWN, answer]
    with pytest.raises(Transient):
        ship(connect(max_wait=0))
    assert BATCH_PATH not in service.paths


def test_a_gateways_page_for_one_order_flips_nothing(service, connect):
    service.script = [PAGE, status("new"), ok(), status("at_wms")]
    client = connect()
    acknowledge(client)
    assert client.answered == {}, "the order may be what the gateway dislikes"
    service.script = [ok(), PAGE]
    client = connect()
    client.acknowledge("B")
    service.requests.clear()
    with pytest.raises(Blocked):
        acknowledge(client)
    assert service.paths == [ORDER_PATH]
    assert client.answered == {"acknowledge": "merchant/orders/update/{cust_ref}"}


@pytest.mark.parametrize("known", [{}, {"acknowledge": "merchant/orders/update/{cust_ref}"}])
def test_a_gateways_page_for_every_order_is_one_for_the_path(service, connect, known):
    client = connect(known_paths=known)
    service.script = [PAGE, status("new", "B"), ok(), status("at_wms", "B")]
    try:
        client.acknowledge("B")
    except EimError as error:
        assert known and isinstance(error, Blocked)
    service.script = [PAGE, status("new"), ok(), status("at_wms")]
    acknowledge(client)
    assert client.answered["acknowledge"] == "merchant/orders/update"


def test_a_form_that_is_not_found_any_more_is_forgotten(service, connect):
    known = {"acknowledge": "merchant/orders/update", "batch_update_order_status": "merchant/orders/update"}
    service.script = [UNKNOWN, ok()]
    client = connect(known_paths=known)
    acknowledge(client)
    assert service.paths == [BATCH_PATH, ORDER_PATH]
    assert client.answered["acknowledge"] == "merchant/orders/update/{cust_ref}"
    client = connect(known_paths=known)
    client.forget_batch()
    assert client.learned == {"acknowledge": None, "batch_update_order_status": None}


@pytest.mark.parametrize(("name", "call", "before", "after"), TOLD)
def test_an_order_that_is_found_in_neither_form_flips_nothing(service, connect, name, call, before, after):
    client = connect(known_paths={name: "merchant/orders/update"})
    service.script = [UNKNOWN, UNKNOWN]
    with pytest.raises(NotFound):
        call(client)
    assert (service.paths, client.learned) == ([BATCH_PATH, ORDER_PATH], {})


def test_a_form_that_a_gateway_blocks_is_kept_for_one_order_and_forgotten_for_two(service, connect):
    client = connect(known_paths={"acknowledge": "merchant/orders/update"})
    service.script = [PAGE]
    with pytest.raises(Blocked):
        acknowledge(client)
    assert (service.paths, client.learned) == ([BATCH_PATH], {})
    service.script = [PAGE, ok()]
    client.acknowledge("B")
    assert client.learned == {"acknowledge": "merchant/orders/update/{cust_ref}"}


# Many at a call


def test_acknowledging_many_at_a_call_is_trusted_once_it_worked(service, connect):
    service.script = [ok({"failed": [{"cust_ref": None, "index_pos": 1, "message": "Gone"}]})]
    client = connect()
    assert not client.can_acknowledge_batch
    assert client.acknowledge_batch(["A", "B"]).failures == (Failure("", 1, "Gone"),)
    [(_method, path, _headers, body)] = service.requests
    assert path == BATCH_PATH
    assert body == [{"cust_ref": "A", "order_status": "at_wms"}, {"cust_ref": "B", "order_status": "at_wms"}]
    assert not client.can_acknowledge_batch, "nobody has read back that it worked"
    client.trust_batch()
    assert client.can_acknowledge_batch
    later = connect(known_paths=client.answered)
    assert later.can_acknowledge_batch
    later.forget_batch()
    assert (later.can_acknowledge_batch, later.learned) == (False, {"batch_update_order_status": None})


def test_a_batch_has_fifty_orders_at_most_and_none_is_no_call(service, connect):
    client = connect()
    assert client.acknowledge_batch([]).failures == ()
    for references in (["A"] * 51, ["A", ""], ["A\nB"]):
        with pytest.raises(ValueError):
            client.acknowledge_batch(references)
    assert not service.requests


def test_an_override_sets_the_path_of_the_batch_and_it_is_to_be_tried_anew(service, connect):
    service.script = [ok()]
    client = connect(
        overrides={"batch_update_order_status": "/v1/merchant/orders/batch"},
        known_paths={"batch_update_order_status": "merchant/orders/update"},
    )
    assert not client.can_acknowledge_batch
    client.acknowledge_batch(["A"])
    assert service.paths == ["/v1/merchant/orders/batch"]
    client.trust_batch()
    assert client.learned == {"batch_update_order_status": "merchant/orders/batch"}


# -- shipments, many at a call


def test_shipments_are_told_many_at_a_call_from_when_that_is_trusted(service, connect):
    calls = []
    client = connect(known_paths={"batch_update_order_status": "merchant/orders/update"}, on_call=calls.append)
    updates = client.updates
    assert (updates.may_ship_batch, updates.can_ship_batch) == (True, False)
    service.script = [ok({"success": [], "failed": [{"cust_ref": "B", "index_pos": 1, "message": "Gone"}]})]
    result = updates.ship_batch({"A": [PARCEL], "B": [PARCEL, PARCEL]})
    assert result.failures == (Failure("B", 1, "Gone"),)
    assert service.paths == [BATCH_PATH]
    [[first, second]] = [request[3] for request in service.requests]
    assert (first["cust_ref"], first["order_status"], len(first["shipments"])) == ("A", "shipped", 1)
    assert len(second["shipments"]) == 2
    assert [call.route for call in calls] == ["ship"], "it takes no more tokens than another shipment"
    updates.trust_ship_batch()
    later = connect(known_paths=client.answered).updates
    assert later.can_ship_batch
    later.forget_ship_batch()
    assert not later.can_ship_batch


def test_a_path_that_a_person_set_is_not_replaced_by_the_batch(connect):
    updates = connect(
        overrides={"ship": "merchant/ship/{cust_ref}"},
        known_paths={"batch_update_order_status": "merchant/orders/update"},
    ).updates
    assert (updates.may_ship_batch, updates.can_ship_batch) == (False, False)


def test_shipments_that_cannot_be_sent_are_no_call(service, connect):
    updates = connect().updates
    for orders in ({f"A{number}": [PARCEL] for number in range(51)}, {"A": []}, {"A\nB": [PARCEL]}):
        with pytest.raises(ValueError):
            updates.ship_batch(orders)
    assert not service.requests


@pytest.mark.parametrize(
    ("answer", "unreadable"),
    [(raw(200, "<html>"), True), (raw(302, ""), True), (LOST, False), (raw(502, "<html>"), False)],
)
def test_a_lost_answer_says_whether_one_came_that_is_none_of_eims(service, connect, answer, unreadable):
    service.script = [answer]
    with pytest.raises(AnswerLost) as caught:
        connect().acknowledge_batch(["A"])
    assert caught.value.unreadable is unreadable

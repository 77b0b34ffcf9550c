"""What happens on the wire, told apart as the flows must treat it. The server is real, the pauses are not."""

import gzip
import json
import logging
import socket
import time
import traceback
from datetime import datetime, timezone

import pytest
from eim_builders import raw_order
from eim_service import Service, drips, drops, ok, raw, refusal, reset, silence

from eim.client import EimClient
from eim.errors import (
    AnswerLost,
    Blocked,
    CertificateInvalid,
    CredentialsRefused,
    EimError,
    Forbidden,
    NotFound,
    OutOfTime,
    RateLimited,
    Refused,
    Transient,
    Unreadable,
)
from eim.throttle import MemoryTokens
from eim.transport import http_date
from eim.wire import Level, Shipment, ShipmentItem

HTML = raw(502, "<html>Bad gateway</html>", content_type="text/html")
CUT = raw(200, '{"success_code": true, "resp', declared=500)
PARCEL = Shipment("UPS", "Ground", "1Z9", None, (ShipmentItem("A", 1),))
NOON = datetime(2024, 3, 1, 12, tzinfo=timezone.utc)
GARBAGE = raw(200, "<html>Please log in</html>", content_type="text/html")

TROUBLE = [
    (HTML, Transient),
    (raw(500, '{"success_code": false, "error_code": "Failure", "message": "Oops"}'), Transient),
    (reset, Transient),
    (silence(3), Transient),
    (CUT, Unreadable),
    (raw(200, '{"success_code": true, "resp'), Unreadable),
]


@pytest.mark.parametrize(("trouble", "error"), TROUBLE)
def test_a_get_is_repeated_and_then_said(service, connect, slept, trouble, error):
    service.script = [trouble]
    with pytest.raises(EimError) as caught:
        connect(timeout=1.0).list_carts() if error is Transient else connect(timeout=1.0).get_order("A")
    assert type(caught.value) is error
    assert 2 <= len(service.requests) <= 3
    assert len(slept) == len(service.requests) - 1 and max(slept) <= 1.5


@pytest.mark.parametrize(("trouble", "_error"), TROUBLE)
def test_a_get_succeeds_once_the_trouble_is_over(service, connect, trouble, _error):
    service.script = [trouble, ok({"cust_ref": "A", "order_status": "new"})]
    assert connect(timeout=1.0).get_order_status("A").status == "new"
    assert len(service.requests) == 2


def test_a_host_of_several_addresses_that_accepts_no_connection_takes_no_longer_than_a_call(
    connect, slept, monkeypatch
):
    monkeypatch.setattr("eim.transport.CONNECT_SECONDS", 0.1)
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting.connect(full.getsockname())  # the one that the queue has room for: further ones are kept waiting
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", full.getsockname())
        monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: [address] * 4)
        start = time.monotonic()
        with pytest.raises(Transient):
            connect(timeout=20).list_carts()
        assert time.monotonic() - start < 15  # each address has less than 20 s


def test_near_the_deadline_limits_shrink_and_nothing_is_repeated(service, connect, slept, monkeypatch):
    monkeypatch.setattr("eim.transport.LEAST_SECONDS", 0.2)
    service.script = [silence(25)]
    client = connect(timeout=30.0)
    started = time.monotonic()
    client.end_by(started + 0.1)
    with pytest.raises(Transient):
        client.list_carts()
    assert time.monotonic() - started < 15
    assert len(service.requests) == 1 and not slept


@pytest.mark.parametrize("trouble", [*[trouble for trouble, _error in TROUBLE], GARBAGE, drops(1.0), raw(200, "")])
def test_a_post_is_sent_once_and_its_answer_lost(service, connect, slept, trouble):
    service.script = [trouble]
    with pytest.raises(AnswerLost):
        connect(timeout=0.3).ship("A", [PARCEL])
    assert len(service.requests) == 1 and not slept


def test_an_answer_with_odd_headers_is_no_refusal_of_what_was_sent(service, connect):
    body = b'{"success_code": true, "resp'
    lengths = b"Content-Length: 5\r\nContent-Length: %d\r\n\r\n" % len(body)
    service.script = [drips(b"HTTP/1.1 200 OK\r\n" + lengths + body, b"", 0)]
    with pytest.raises(AnswerLost):
        connect().ship("A", [PARCEL])
    assert len(service.requests) == 1


def test_a_post_that_never_left_is_transient():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client = EimClient(f"http://127.0.0.1:{unused.getsockname()[1]}", "u", "k", sleep=lambda seconds: None)
        with pytest.raises(Transient):
            client.ship("A", [PARCEL])


def test_an_answer_that_comes_in_drops_is_not_waited_for(service, connect):
    service.script = [drops(3.0)]
    with pytest.raises(Transient):
        connect(timeout=0.3).get_order("A")


def test_an_answer_without_end_is_not_read_on(service, connect, monkeypatch):
    monkeypatch.setattr("eim.transport.MAX_ANSWER", 1_000_000)
    service.script = [ok("x" * 3_000_000)]
    with pytest.raises(Unreadable):
        connect().get_order("A")
    assert len(service.requests) == 1


@pytest.mark.parametrize("body", ["[1]", "null", "{}", '{"success_code": null}', "[" * 100_000, '{"response": []}'])
def test_json_that_is_no_answer(service, connect, body):
    service.script = [raw(200, body)]
    with pytest.raises(EimError) as caught:
        connect().get_order("A")
    assert isinstance(caught.value, Unreadable | Refused)


@pytest.mark.parametrize("yes", [True, "true", "True", 1, "1"])
def test_success_in_every_spelling(service, connect, yes):
    service.script = [raw(200, json.dumps({"success_code": yes, "response": {"cust_ref": "A"}}))]
    assert connect().get_order("A").cust_ref == "A"


@pytest.mark.parametrize("no", [False, "false", 0, "0", "maybe", [], {}])
def test_refusal_in_every_spelling(service, connect, no):
    service.script = [raw(200, json.dumps({"success_code": no, "status_message": "No.", "error_response": {"a": 1}}))]
    with pytest.raises(Refused, match="No.") as caught:
        connect().acknowledge("A")
    assert caught.value.detail == '{"a": 1}'
    assert len(service.requests) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refusal("Wrong", status=401), Forbidden),
        (raw(401, ""), Blocked),
        (raw(403, "<html>"), Blocked),
        (raw(403, '{"message": "Missing Authentication Token"}'), Blocked),
        (ok({"success": False, "message": "Not today"}), Refused),
        (refusal("Nothing there", status=404), NotFound),
        (refusal("Wrong data", status=422), Refused),
        (raw(418, "teapot"), Refused),
        (refusal("Over API Limit. Please slow down requests.", code="RateLimit"), RateLimited),
        (raw(429, ""), RateLimited),
    ],
)
@pytest.mark.parametrize("call", ["get_order_status", "acknowledge"])
def test_answers_told_apart(service, connect, answer, error, call):
    service.script = [answer]
    with pytest.raises(EimError) as caught:
        getattr(connect(), call)("A")
    assert type(caught.value) is error
    assert caught.value.route == call
    # Where the path of an acknowledgement may be unknown, the order's status is asked before anything else is tried.
    asks = error in (Blocked, NotFound) and call == "acknowledge"
    tries = 3 if error is RateLimited and call == "get_order_status" else 1
    assert len(service.requests) == tries + asks


@pytest.mark.parametrize("no", [False, 0, "false", "0", "No"])
def test_a_response_that_says_no_inside_a_yes_is_a_refusal_of_every_call(service, connect, no):
    inside = ok({"success": no, "error_code": "Failure", "message": "The order is gone."})
    client = connect(overrides={"cancel_order_in_cart": "my/cancel", "batch_update_order_status": "my/batch"})
    for call in (
        lambda: client.get_order("A"),
        lambda: client.list_orders("new"),
        lambda: client.acknowledge("A"),
        lambda: client.ship("A", [PARCEL]),
        lambda: client.cancel_order_in_cart("A"),
        lambda: client.acknowledge_batch(["A", "B"]),
        lambda: client.push_inventory([Level("A", "EAST", 1, 1, NOON)]),
        lambda: client.dismiss_alerts([7]),
    ):
        service.script = [inside]
        with pytest.raises(Refused, match="The order is gone.") as caught:
            call()
        assert (type(caught.value), caught.value.code) == (Refused, "Failure")
    service.script = [ok({"success": no, "message": "Over API Limit. Please slow down requests."})]
    with pytest.raises(RateLimited):
        client.acknowledge("A")


@pytest.mark.parametrize("yes", [True, 1, "true", None, "", [], [{"cust_ref": "A"}]])
def test_a_response_that_says_yes_or_what_was_done_is_none(service, connect, yes):
    service.script = [ok({"success": yes, "failed": []})]
    connect().acknowledge("A")
    service.script = [ok({"success": yes, "failed": [{"cust_ref": "B", "message": "No"}]})]
    client = connect(overrides={"batch_update_order_status": "my/batch"})
    assert [failure.key for failure in client.acknowledge_batch(["A", "B"]).failures] == ["B"]


@pytest.mark.parametrize("answer", [refusal("Who are you?", status=401), raw(403, "<html>"), raw(401, "")])
def test_401_and_403_lead_to_the_next_candidate_and_the_next_list(service, connect, answer):
    service.script = [answer, ok([{"warehouse": "EAST"}])]
    assert [place.name for place in connect().list_locations()] == ["EAST"]
    service.script = [*[answer] * 5, ok([{"sku": "A", "warehouses": {"1": {"warehouse": "EAST"}}}])]
    assert [place.name for place in connect().list_locations()] == ["EAST"]
    service.script = [answer, ok([raw_order(order_source="Etsy")])]
    assert [cart.order_source for cart in connect().list_carts()] == ["Etsy"]
    service.script = [*[answer] * 4, ok([raw_order()])]
    client = connect()
    assert [alert.cust_ref for alert in client.list_alerts()] == ["R-100"]
    assert client.alerts_source == "orders"


@pytest.mark.parametrize("answer", [refusal("Who are you?", status=401), raw(403, "<html>"), refusal("Bad key")])
def test_only_the_check_says_that_the_credentials_are_refused(service, connect, answer):
    service.script = [answer]
    with pytest.raises(CredentialsRefused) as caught:
        connect().check_credentials()
    assert (caught.value.route, caught.value.cause) == ("check_credentials", "")
    for call in (connect().list_ship_methods, connect().list_merchants, lambda: connect().get_order("A")):
        with pytest.raises(EimError) as caught:
            call()
        assert not isinstance(caught.value, CredentialsRefused)


def test_a_client_remembers_whether_eim_did_anything_for_it(service, connect):
    service.script = [refusal("No"), HTML]
    client = connect()
    for _call in range(2):
        with pytest.raises(EimError):
            client.acknowledge("A")
    assert not client.served
    service.script = [ok()]
    client.acknowledge("A")
    assert client.served


def test_an_invalid_certificate_has_its_own_words_and_is_not_tried_again(slept, self_signed):
    client = EimClient(self_signed, "u", "k", sleep=slept.append, timeout=5.0)
    for call in (client.check_credentials, lambda: client.acknowledge("A")):
        with pytest.raises(CertificateInvalid, match="certificate"):
            call()
    assert not slept


def test_rate_limit_says_how_long_and_empties_the_bucket(service, connect, slept):
    service.script = [raw(429, "", Retry_After="7")]
    tokens = MemoryTokens(clock=lambda: 0.0)
    with pytest.raises(RateLimited) as caught:
        connect(tokens=tokens).acknowledge("A")
    assert caught.value.retry_after == 7
    assert tokens.take(0) == pytest.approx(1.8)


def test_no_token_in_time(service, connect, slept):
    service.script = [ok()]
    now = [0.0]
    tokens = MemoryTokens(clock=lambda: now[0])

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds

    client = connect(tokens=tokens, sleep=sleep)
    for _call in range(79):
        client.acknowledge("A")
    assert sum(slept) == pytest.approx(0.6)  # 78 leave 20 of 98, the next one waits for its token
    client.check_credentials()
    tokens.observe(5)
    with pytest.raises(RateLimited) as caught:
        client.acknowledge("A")
    assert caught.value.retry_after == pytest.approx((21 - 3) * 0.6)
    assert len(service.requests) == 80


def test_what_eim_counts_reaches_the_bucket(service, connect):
    class Tokens:
        seen = []

        def take(self, reserve):
            return 0

        def observe(self, remaining):
            self.seen.append(remaining)

    name = "X-CartRover-Api-Minute-Hits-Remaining"
    service.script = [ok(**{name: "42"}), ok(**{name: "many"}), ok(**{name: "-1"}), ok()]
    client = connect(tokens=Tokens())
    for _call in range(4):
        client.acknowledge("A")
    assert Tokens.seen == [42]


def test_the_support_id_is_on_errors_and_calls(service, connect):
    calls = []
    service.script = [raw(200, '{"success_code": false, "message": "No"}', **{"X-CartRover-Process-ID": "p-77"})]
    with pytest.raises(Refused) as caught:
        connect(on_call=calls.append).acknowledge("A/1")
    assert (caught.value.process_id, caught.value.status) == ("p-77", 200)
    (call,) = calls
    assert (call.route, call.method, call.status, call.process_id, call.error) == (
        "acknowledge",
        "POST",
        200,
        "p-77",
        "Refused",
    )
    assert call.path == "merchant/orders/update/A%2F1" and call.milliseconds >= 0


@pytest.mark.parametrize(
    ("header", "moment"),
    [
        ("Fri, 01 Mar 2024 12:00:00 GMT", NOON),
        ("Fri, 01 Mar 2024 07:00:00 -0500", NOON),
        ("Fri, 01 Mar 2024 12:00:00 -0000", NOON),
        ("Fri, 01 Mar 2024 12:00:00", NOON),
        ("Fri, 01 Mar 99999999999999999999 12:00:00 GMT", None),
        ("yesterday", None),
        (None, None),
    ],
)
def test_eims_clock_is_read_whatever_the_header_looks_like(header, moment):
    assert http_date(header) == moment


def test_redirects_stay_on_the_host(service, connect):
    other = Service()
    other.script = [ok()]
    try:
        for location in (
            f"{other.url}/v1/x",
            f"//127.0.0.1:{other.server.server_port}/x",
            "https://127.0.0.1/x",
        ):
            service.script = [raw(302, "", Location=location)]
            with pytest.raises(Unreadable):
                connect().get_order("A")
            with pytest.raises(AnswerLost):
                connect().acknowledge("A")
        assert not other.requests
    finally:
        other.close()
    service.requests.clear()
    service.script = [raw(301, "", Location="/v1/elsewhere"), ok({"cust_ref": "A"})]
    assert connect().get_order("A").cust_ref == "A"
    assert [path.partition("?")[0] for path in service.paths] == ["/v1/merchant/orders/A", "/v1/elsewhere"]
    service.script = [raw(301, "", Location="/v1/elsewhere")]
    with pytest.raises(Unreadable):
        connect().get_order("A")


def test_gzip_and_foreign_encodings(service, connect):
    body = json.dumps({"success_code": True, "response": {"cust_ref": "A", "cust_city": "Zürich"}}, ensure_ascii=False)
    service.script = [
        raw(200, gzip.compress(body.encode()), Content_Encoding="gzip"),
        raw(200, body.encode("latin-1")),
    ]
    client = connect()
    assert client.get_order("A").billing.city == "Zürich"
    assert client.get_order("A").billing.city == "Z\ufffdrich"


def test_what_is_sent(service, connect):
    service.script = [ok()]
    client = connect(merchant_pk=" 17 ")
    client.acknowledge("a/b?ü .%2F")
    method, path, headers, body = service.requests[0]
    assert (method, path) == ("POST", "/v1/merchant/orders/update/a%2Fb%3F%C3%BC%20.%252F")
    assert body == {"order_status": "at_wms"}
    assert headers["X-Merchant-Pk"] == "17"
    assert headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("extensiv_connector/")
    assert headers["Authorization"].startswith("Basic ")
    assert "api_key" not in path


def test_the_credential_is_shown_nowhere(service, connect, caplog):
    key, pair = "S3cret-Key!", "c2hvcC11c2VyOlMzY3JldC1LZXkh"
    caplog.set_level(logging.DEBUG)
    client = connect(timeout=0.2)
    shown = [repr(client), repr(client._transport), repr(client._transport._auth), str(vars(client))]
    told = refusal(f"The key {key} of shop-user is wrong ({pair})", error_response={"sent": f"Basic {pair}"})
    for answer in (told, HTML, reset, silence(0.4), CUT, GARBAGE, raw(302, "", Location="http://x.example/")):
        for call in (
            client.check_credentials,
            lambda: client.ship("A", [PARCEL]),
            lambda: client.get_order("A"),
        ):
            service.script = [answer]
            try:
                call()
                pytest.fail("the answer should have been an error")
            except EimError as error:
                assert error.__cause__ is None and not isinstance(error.__context__, OSError)
                shown += [repr(error), str(vars(error)), "".join(traceback.format_exc())]
                lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
                shown += [line for line in lines if "test_transport" not in line]
    assert all(headers["Authorization"] == f"Basic {pair}" for _m, _p, headers, _b in service.requests)
    for text in [*shown, caplog.text]:
        assert key not in text and pair not in text
    assert "process" in caplog.text


@pytest.mark.parametrize("silent", [reset, silence(25), drops(25)])
def test_a_probe_of_an_eim_that_does_not_answer_is_one_short_try(service, connect, slept, silent):
    service.script = [silent]
    client = connect(timeout=30.0)
    started = time.monotonic()
    with pytest.raises(Transient):
        client.probe(0.3)
    assert time.monotonic() - started < 5
    assert len(service.requests) == 1 and not slept


@pytest.mark.parametrize("answer", [ok([]), HTML, CUT, GARBAGE, refusal("No."), raw(403, "<html>No.</html>")])
def test_a_probe_takes_whatever_is_said_for_an_answer(service, connect, slept, answer):
    service.script = [answer]
    client = connect()
    client.probe()
    assert len(service.requests) == 1 and not slept
    assert not client.served, "it says nothing of what EIM does of its work"


def test_a_probe_waits_where_eim_asks_for_it(service, connect):
    service.script = [refusal("Over API limit", code="RateLimit")]
    with pytest.raises(RateLimited):
        connect().probe()


def test_after_a_strict_deadline_nothing_is_sent(service, connect, slept):
    service.script = [ok({"cust_ref": "A", "order_status": "new"})] * 2
    client = connect()
    client.end_by(time.monotonic() + 60, is_strict=True)
    client.get_order_status("A")
    client.end_by(time.monotonic(), is_strict=True)
    for ask in (lambda: client.get_order_status("A"), lambda: client.ship("A", [PARCEL])):
        with pytest.raises(OutOfTime):
            ask()
    assert len(service.requests) == 1 and not slept
    client.end_by(time.monotonic())
    assert client.get_order_status("A").status == "new", "a pass ends what it began"


def test_no_token_is_waited_for_beyond_the_deadline(service, connect, slept):
    class Empty:
        def take(self, reserve):
            return 3.0

        def observe(self, remaining):
            pass

    client = connect(tokens=Empty(), max_wait=20.0)
    client.end_by(time.monotonic() + 1)
    with pytest.raises(RateLimited):
        client.list_carts()
    assert not slept and not service.requests

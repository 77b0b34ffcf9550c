"""Every way in which the sandbox can be told to misbehave, over real connections."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

import pytest
import requests

CHECK = "merchant/inventory"


def break_next(eim, **fault):
    return eim.control("faults", fault)


@pytest.fixture
def order(eim):
    return eim.control("orders", {"cust_ref": "F1"})[0]["cust_ref"]


def status_of(eim, reference):
    return eim.control(f"orders/{reference}")["order"]["order_status"]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("rate_limit", 200, "RateLimit"),
        ("invalid", 200, "Invalid"),
        ("failure", 200, "Failure"),
        ("401", 401, "Invalid"),
        ("403", 403, "Invalid"),
    ],
)
def test_refusals(eim, order, kind, status, code):
    break_next(eim, kind=kind)
    answer = eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "at_wms"})
    assert answer.status_code == status
    assert answer.json()["error_code"] == code and answer.json()["success_code"] is False
    assert answer.headers["X-CartRover-Process-ID"]
    assert status_of(eim, order) == "new"
    assert eim.update(order, order_status="at_wms") == {"success_code": True}


def test_a_rate_limit_told_to_is_not_counted_as_one_provoked(eim):
    break_next(eim, kind="rate_limit")
    answer = eim.send("GET", CHECK)
    assert answer.json()["message"] == "Over API Limit. Please slow down requests."
    assert answer.headers["X-CartRover-Api-Minute-Hits-Remaining"] == "0"
    assert eim.control("state")["rate_limited"] == 0


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        (500, 500, "text/plain"),
        ("502", 502, "text/html"),
        ("503", 503, "text/html"),
        ("429", 429, "text/plain"),
        ("gateway_401", 401, "text/html"),
        ("gateway_403", 403, "text/html"),
        ("garbage", 200, "application/json"),
    ],
)
def test_bodies_that_are_no_answer(eim, order, kind, status, content_type):
    break_next(eim, kind=kind)
    answer = eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "at_wms"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content_type)
    with pytest.raises(requests.JSONDecodeError):
        answer.json()
    assert status_of(eim, order) == "new"


def test_a_message_of_ones_own(eim):
    break_next(eim, kind="invalid", message="Missing WMS Setup")
    assert eim.get(CHECK)["message"] == "Missing WMS Setup"


def test_a_no_inside_a_yes(eim, order):
    break_next(eim, kind="no_inside", message="Not today")
    answer = {"success_code": True, "response": {"success": False, "message": "Not today"}}
    assert eim.update(order, order_status="at_wms") == answer
    assert status_of(eim, order) == "new"


@pytest.mark.parametrize(("form", "status"), [(200, 200), (401, 401), (403, 403), ("gateway_403", 403)])
def test_keys_are_revoked_after_some_calls_until_told_otherwise(eim, order, form, status):
    eim.control("settings", {"revoked": {"form": form, "after": 2}})
    assert [eim.send("GET", CHECK).json()["success_code"] for _call in range(2)] == [True, True]
    for path in (CHECK, "wms/shipmethod/list"):
        answer = eim.send("GET", path)
        assert (answer.status_code, answer.headers["Content-Type"] == "text/html") == (status, form == "gateway_403")
        assert "success_code" not in answer.text or answer.json()["message"] == "Invalid API user or key"
    eim.control("settings", {"revoked": None})
    assert eim.update(order, order_status="at_wms") == {"success_code": True}


def test_an_unknown_form_of_revoking_is_told(eim):
    answer = eim.session.post(f"{eim.base_url}/sandbox/settings", json={"revoked": {"form": 404}})
    assert answer.status_code == 400 and "unknown form" in answer.json()["error"]


@pytest.mark.parametrize("auth", [("cart", "cart-key"), ("warehouse", "warehouse-key"), ("demo", "demo-key")])
def test_the_ship_methods_answer_to_every_kind_of_key_and_the_check_only_to_a_merchants(eim, auth):
    assert eim.send("GET", "wms/shipmethod/list", auth=auth).json()["success_code"] is True
    assert eim.send("GET", CHECK, auth=auth).json()["success_code"] is (auth[0] == "demo")
    merchants = eim.send("GET", "wms/merchant/list", auth=auth).json()
    assert merchants["success_code"] is (auth[0] == "warehouse")


def test_a_reset_connection(eim, order):
    break_next(eim, kind="reset")
    with pytest.raises(requests.ConnectionError) as raised:
        eim.update(order, order_status="at_wms")
    assert "reset" in str(raised.value).lower()
    assert status_of(eim, order) == "new"


def test_a_body_cut_in_half(eim):
    break_next(eim, kind="cut", route="list_orders")
    with pytest.raises(requests.exceptions.ChunkedEncodingError) as raised:
        eim.send("GET", "merchant/orders/list/new")
    assert "IncompleteRead" in str(raised.value)
    assert len(eim.list_all("new")[0]) == 42


@pytest.mark.parametrize("seconds", [0, 10])
def test_the_work_done_and_its_answer_lost(eim, order, seconds):
    break_next(eim, kind="lose_answer", seconds=seconds)
    with pytest.raises(requests.ReadTimeout if seconds else requests.ConnectionError):
        eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "at_wms"}, timeout=2)
    assert status_of(eim, order) == "at_wms"
    assert eim.control("calls")[-1]["outcome"] == "fault: lose_answer"


def test_no_answer_in_time(eim, order):
    break_next(eim, kind="timeout")
    with pytest.raises(requests.ReadTimeout):
        eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "at_wms"}, timeout=0.2)
    assert status_of(eim, order) == "new"


def test_a_timeout_ends_with_a_reset(eim):
    break_next(eim, kind="timeout", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        eim.send("GET", CHECK)


def test_others_are_answered_while_one_waits(eim):
    break_next(eim, kind="timeout", route="list_carts")
    with ThreadPoolExecutor(1) as pool:
        auth = ("demo", "demo-key")
        waiting = pool.submit(requests.get, f"{eim.base_url}/v1/cart/list", auth=auth, timeout=1)
        while eim.control("faults"):
            time.sleep(0.01)
        assert eim.get(CHECK)["success_code"] is True
        assert not waiting.done()
        assert isinstance(waiting.exception(), requests.ReadTimeout)


@pytest.mark.parametrize("kind", ["429", "503", "500", "rate_limit"])
def test_a_fault_may_say_for_how_long_to_wait(eim, kind):
    break_next(eim, kind=kind, retry_after="120")
    assert eim.send("GET", CHECK).headers["Retry-After"] == "120"
    assert "Retry-After" not in eim.send("GET", CHECK).headers


def test_a_fault_waits_for_its_route_its_match_and_its_count(eim, order):
    break_next(eim, kind="500", route="acknowledge", match="F1", count=2)
    assert eim.send("GET", CHECK).status_code == 200
    eim.control("orders", {"cust_ref": "G1"})
    assert eim.update("G1", order_status="at_wms") == {"success_code": True}
    body = {"json": {"order_status": "at_wms"}}
    assert [eim.send("POST", f"merchant/orders/update/{order}", **body).status_code for _ in range(3)] == [
        500,
        500,
        200,
    ]
    assert eim.control("faults") == []


def test_a_match_looks_into_the_body_and_a_route_has_its_general_name(eim, order):
    break_next(eim, kind="500", route="update_order_status", match='"shipped"')
    assert eim.update(order, order_status="at_wms") == {"success_code": True}
    assert eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "shipped"}).status_code == 500


def test_faults_are_listed_and_forgotten(eim):
    eim.control("faults", [{"kind": "500"}, {"kind": "502", "route": "ship"}])
    assert [(fault["kind"], fault["route"]) for fault in eim.control("faults")] == [
        ("500", "*"),
        ("502", "ship"),
    ]
    assert eim.control("faults", method="DELETE") == []
    assert eim.get(CHECK)["success_code"] is True


@pytest.mark.parametrize("fault", [{"kind": "nothing"}, {"kind": "200"}, {"kind": "500", "often": 1}, [1], "x"])
def test_an_unknown_fault_is_told(eim, fault):
    answer = eim.session.post(f"{eim.base_url}/sandbox/faults", json=fault)
    assert answer.status_code == 400 and answer.json()["error"]


def test_random_faults_are_the_same_for_the_same_seed(eim):
    def outcomes():
        eim.control("settings", {"random_faults": {"rate": 0.3, "seed": 7, "kinds": ["500", "invalid"]}})
        found = []
        for _ in range(40):
            answer = eim.send("GET", "cart/list")
            found.append(answer.status_code if answer.status_code != 200 else answer.json()["success_code"])
        return found

    first = outcomes()
    assert {500, True, False} == set(first)
    assert 0.1 < sum(outcome is not True for outcome in first) / len(first) < 0.6
    assert outcomes() == first
    assert eim.control("faults")[0]["rate"] == 0.3


def test_reset_forgets_faults(eim):
    eim.control("faults", {"kind": "500", "count": 9})
    eim.control("reset", {})
    assert eim.control("faults") == []
    assert eim.send("GET", CHECK).status_code == 200


def test_a_call_that_is_ignored_is_answered_as_if_it_were_done(eim, order):
    break_next(eim, route="acknowledge", kind="ignored")
    answer = eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "at_wms"})
    assert answer.status_code == 200 and answer.json() == {"success_code": True}
    assert status_of(eim, order) == "new"


@pytest.mark.parametrize("offset", [7200, -7200])
def test_a_clock_that_is_off_dates_answers_and_records(eim, order, offset):
    eim.control("settings", {"clock_offset": offset})
    right = datetime.now(timezone.utc)
    answer = eim.send("POST", f"merchant/orders/update/{order}", json={"order_status": "at_wms"})
    said = parsedate_to_datetime(answer.headers["Date"])
    noted = datetime.fromisoformat(eim.control(f"orders/{order}")["moments"]["at_wms"])
    for moment in (said, noted):
        assert abs((moment - right).total_seconds() - offset) < 30
    eim.control("settings", {"clock_offset": 0})
    said = parsedate_to_datetime(eim.send("GET", CHECK).headers["Date"])
    assert abs((said - right).total_seconds()) < 30

"""Credentials, rate limit, connections, the page, and the sandbox as a process."""

import ast
import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from sandbox.bucket import Bucket
from sandbox.server import running_sandbox

FOLDER = Path(__file__).parents[2] / "extensiv_connector" / "sandbox"
REMAINING = "X-CartRover-Api-Minute-Hits-Remaining"


class Clock:
    """Seconds that pass only when told to."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


# Credentials


@pytest.mark.parametrize("auth", [None, ("demo", "wrong"), ("demo", ""), ("nobody", "demo-key"), ("", "")])
def test_other_credentials_are_refused(eim, auth):
    answer = eim.send("GET", "merchant/inventory?limit=1", auth=auth)
    assert answer.status_code == 200
    assert answer.json() == {
        "success_code": False,
        "error_code": "Invalid",
        "message": "Invalid API user or key",
    }
    assert answer.headers["X-CartRover-Process-ID"] and answer.headers[REMAINING]


@pytest.mark.parametrize("value", ["Basic", "Basic %%%", "Bearer abc", "Basic ZGVtbw==", "Basic /////w=="])
def test_a_broken_header_is_refused(eim, value):
    answer = eim.send("GET", "merchant/inventory", auth=None, headers={"Authorization": value})
    assert answer.json()["message"] == "Invalid API user or key"


def test_credentials_in_the_address_are_refused_even_if_right(eim):
    answer = eim.get("merchant/inventory", api_user="demo", api_key="demo-key")
    assert answer["success_code"] is False and "header" in answer["message"]


def test_further_users(serve):
    eim = serve(users={"second": "key:with:colons"})
    assert eim.send("GET", "cart/list", auth=("second", "key:with:colons")).json()["success_code"] is True


# Rate limit


def test_the_bucket_holds_100_and_gives_one_back_every_600_ms():
    clock = Clock()
    bucket = Bucket(clock)
    assert [bucket.take() for _ in range(100)] == [(True, left) for left in range(99, -1, -1)]
    assert bucket.take() == (False, 0)
    clock.seconds += 0.59
    assert bucket.take() == (False, 0)
    clock.seconds += 0.01
    assert bucket.take() == (True, 0)
    assert bucket.take() == (False, 0)
    for _ in range(1000):  # waiting exactly as long as needed is always enough
        clock.seconds += 0.6
        assert bucket.take() == (True, 0)
    clock.seconds += 3600
    assert bucket.take() == (True, 99)


def test_over_the_limit_is_answered_with_200_and_counted(serve):
    clock = Clock()
    eim = serve(rate_limit=True, clock=clock, users={"second": "key"})
    answers = [eim.send("GET", "cart/list") for _ in range(102)]
    assert [int(answer.headers[REMAINING]) for answer in answers] == [*range(99, -1, -1), 0, 0]
    assert {answer.status_code for answer in answers} == {200}
    assert (
        answers[100].json()
        == answers[101].json()
        == {
            "success_code": False,
            "error_code": "RateLimit",
            "message": "Over API Limit. Please slow down requests.",
        }
    )
    assert eim.control("state")["rate_limited"] == 2
    assert eim.send("GET", "cart/list", auth=("second", "key")).headers[REMAINING] == "99"
    clock.seconds += 1.2
    assert [eim.get("cart/list")["success_code"] for _ in range(3)] == [True, True, False]


def test_the_sandboxs_own_routes_cost_nothing(serve):
    eim = serve(rate_limit=True, clock=Clock())
    for _ in range(110):
        eim.control("state")
    assert eim.send("GET", "cart/list").headers[REMAINING] == "99"
    eim.control("settings", {"rate_limit": False})
    assert [eim.send("GET", "cart/list").headers[REMAINING] for _ in range(2)] == ["100", "100"]


# Connections


def test_every_answer_has_an_id_of_its_own(eim):
    answers = [eim.send("GET", "cart/list"), eim.send("GET", "nothing"), eim.send("PUT", "cart/list")]
    eim.control("faults", {"kind": "502"})
    answers.append(eim.send("GET", "cart/list"))
    ids = [answer.headers["X-CartRover-Process-ID"] for answer in answers]
    assert len(set(ids)) == 4
    assert [call["process_id"] for call in eim.control("calls")] == ids


def test_a_connection_is_kept_for_the_next_call(eim):
    ports = set()
    for path in ("cart/list", "merchant/orders/list/new", "nothing", "merchant/inventory"):
        with eim.send("GET", path, stream=True) as answer:
            ports.add(answer.raw._connection.sock.getsockname()[1])
            assert answer.content
    eim.post("merchant/inventory", [])
    assert len(ports) == 1


def test_a_chunked_body_is_read(eim):
    body = json.dumps([{"sku": "MUG-11OZ", "qty_available": 1}]).encode()
    answer = eim.send("POST", "merchant/inventory", data=iter([body[:9], body[9:]]))
    assert answer.json() == {"success_code": True}
    assert eim.get("cart/list")["success_code"] is True


def test_it_listens_on_the_loopback_interface_alone(eim):
    sockets = eim.running.server.socket
    assert sockets.getsockname()[0] == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", eim.running.server.port), timeout=2)


def test_it_is_gone_when_the_block_is_left():
    with running_sandbox(orders=1, rate_limit=False) as running, requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{running.base_url}/sandbox/state").json()["orders"] == {"new": 1}
        running.store.add({"cust_ref": "MORE"})
        assert session.get(f"{running.base_url}/sandbox/state").json()["orders"] == {"new": 2}
        port = running.server.port
        running.server.stop()
        with pytest.raises(requests.ConnectionError):  # a connection kept alive is closed as well
            session.get(f"{running.base_url}/sandbox/state")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def test_calls_are_remembered_in_order(eim):
    eim.get("cart/list")
    eim.get("merchant/inventory", limit=1)
    eim.update("NOBODY", order_status="at_wms")
    calls = eim.control("calls")
    assert [(call["route"], call["outcome"]) for call in calls] == [
        ("list_carts", "success"),
        ("check_credentials", "success"),
        ("acknowledge", "Invalid"),
    ]
    assert eim.control(f"calls?since={calls[1]['number']}") == calls[2:]
    assert eim.control("calls", method="GET") == calls
    assert eim.control("state")["calls"] == {"list_carts": 1, "check_credentials": 1, "acknowledge": 1}
    moment = calls[0]["moment"].replace("+", "%2B")
    assert eim.control(f"calls?since={moment}") == calls
    assert eim.control("calls?since=2999-01-01T00:00:00%2B00:00") == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "nothing", 404),
        ("DELETE", "orders", 404),
        ("GET", "orders/NOBODY", 400),
        ("GET", "orders?status=x", 400),
        ("GET", "state?merchant=1", 400),
        ("GET", "calls?since=x", 400),
    ],
)
def test_a_wrong_call_of_its_own_routes_is_told(eim, method, path, status):
    answer = eim.session.request(method, f"{eim.base_url}/sandbox/{path}")
    assert answer.status_code == status and answer.json()["error"]


# The page


def test_the_page_shows_what_is_held(eim):
    eim.post("merchant/inventory", [{"sku": "CAP-NVY", "qty_available": 3, "warehouse": "WEST"}])
    eim.control("orders", {"cust_ref": "P/1"})
    parcel = {"carrier": "UPS", "tracking_no": "1Z77", "items": [{"item": "TEE-BLK-M", "quantity": 1}]}
    eim.update("P/1", order_status="shipped", shipments=[parcel])
    eim.control("faults", {"kind": "502", "route": "ship"})
    answer = eim.session.get(f"{eim.base_url}/?status=shipped")
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for text in (
        "new 42",
        "1Z77",
        "1 × TEE-BLK-M",
        "WEST",
        "Inventory feed",
        "push_inventory",
        "502",
        "/order/P%2F1",
        "To be pulled: 40",
    ):
        assert text in answer.text, text
    order = eim.session.get(f"{eim.base_url}/order/P%2F1")
    assert order.status_code == 200 and "T-shirt, black, M" in order.text
    assert eim.session.get(f"{eim.base_url}/order/NOBODY").status_code == 404
    assert eim.session.get(f"{eim.base_url}/?status=x&page=99999999999").status_code == 200
    assert eim.session.post(f"{eim.base_url}/").status_code == 405


def test_the_page_loads_nothing_and_runs_nothing(eim):
    text = eim.session.get(eim.base_url).text
    assert not re.search(r"<script|<link|<img|src=|https?://", text)


def test_the_page_escapes_whatever_an_order_or_a_call_holds(eim):
    evil = "<script>alert('1')</script>\"&amp;\ud800"
    values = {key: evil for key in ("cust_po_no", "order_source", "order_date", "cust_first_name", "grand_total")}
    eim.control(
        "orders?raw=1",
        {
            "cust_ref": f"E{evil}",
            "on_hold": "N",
            **values,
            "items": [{"item": evil, "quantity": evil, "Description": evil}],
        },
    )
    eim.control("orders?raw=1", {"cust_ref": "<b>/1", "items": evil, **values})
    eim.control("alerts", {"subject": evil, "message": evil, "order_source": evil})
    eim.control("faults", {"kind": "500", "route": evil, "match": evil})
    eim.update("<b>/1", order_status="shipped", shipments=[{"carrier": evil, "items": [{"item": evil}]}])
    eim.post("merchant/inventory", [{"sku": "<b>S", "qty_available": 3}])
    eim.send("GET", "merchant/orders/<script>")
    pages = [eim.session.get(f"{eim.base_url}{path}").text for path in ("/?page=1", "/order/%3Cb%3E%2F1")]
    assert "&lt;b&gt;S" in pages[0] and "&lt;script&gt;alert(&#39;1&#39;)" in pages[0]
    for text in pages:
        assert "<script" not in text and "<b>S" not in text and "<b>/1" not in text
        assert text.count("&amp;amp;")


# The process


@pytest.fixture
def start():
    """Give a function that runs the folder as a person would and returns the process and its address."""
    started = []

    def run(*options):
        process = subprocess.Popen(
            [sys.executable, str(FOLDER), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        started.append(process)
        line = process.stdout.readline()
        return process, re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)[1]

    yield run
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_runs_as_a_folder_and_ends_at_once(start, number):
    process, address = start(
        *("--port", "0", "--orders", "25", "--seed", "3", "--no-rate-limit"),
        *("--user", "u", "--key", "k", "--user", "v", "--key", "l"),
    )
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{address}/sandbox/state").json()["orders"] == {"new": 25}
        assert session.get(f"{address}/v1/cart/list", auth=("v", "l")).json()["success_code"] is True
        answer = session.get(f"{address}/v1/merchant/orders/list/new", auth=("u", "k"))
        assert answer.headers[REMAINING] == "100" and answer.headers["total-records"] == "25"
        session.post(f"{address}/sandbox/faults", json={"kind": "timeout"})
        process.send_signal(number)
        assert process.wait(timeout=5) == 0
    assert process.stderr.read() == ""


def test_a_user_without_a_key_is_told():
    run = subprocess.run([sys.executable, str(FOLDER), "--user", "u"], capture_output=True, text=True, check=False)
    assert run.returncode == 2 and "--user and --key go together" in run.stderr


def test_it_imports_nothing_of_odoo_and_nothing_of_the_connector():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 1 and (node.module or "").count(".") == 0, path
            for name in names:
                root = name.split(".")[0]
                assert root in {"markupsafe", "werkzeug", "sandbox"} | sys.stdlib_module_names, (path, name)

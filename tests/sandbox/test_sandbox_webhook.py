"""The sandbox's webhook: what it sends, and how it may behave."""

import contextlib
import hashlib
import hmac
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


class Receiver:
    """Takes calls as Odoo does, checking their signature."""

    def __init__(self, key):
        self.calls = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
                status = 200 if self.headers["X-Webhook-Signature"] == signed else 401
                receiver.calls.append((self.headers["X-Webhook-Event"], json.loads(body), status))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def wait(self, count):
        """Return the calls once there are so many."""
        deadline = time.monotonic() + 10
        while len(self.calls) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(0.2)  # there are no more
        assert len(self.calls) == count, self.calls
        return self.calls


@pytest.fixture
def receiver():
    receiver = Receiver("hook-key")
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.02,))
    thread.start()
    with contextlib.closing(receiver.server.socket):
        yield receiver
        receiver.server.shutdown()
        thread.join()


def listen(eim, receiver, **options):
    eim.control("settings", {"webhook": {"url": receiver.url, "key": "hook-key", **options}})


def test_new_orders_and_changed_statuses_are_told_in_the_shape_of_the_contract(eim, receiver):
    listen(eim, receiver)
    eim.control("orders", {"cust_ref": "H1", "items": [{"item": "TEE-BLK-M", "quantity": "2"}]})
    [(event, body, status)] = receiver.wait(1)
    assert (event, status) == ("order_new", 200)
    [order] = body["orders"]
    assert order["cust_ref"] == "H1"
    assert order["items"][0]["item"] == "TEE-BLK-M"

    eim.update("H1", order_status="at_wms")
    eim.control("orders/H1", {"order_status": "canceled"})
    for (event, body, status), expected in zip(receiver.wait(3)[1:], ("at_wms", "canceled"), strict=True):
        assert (event, status) == ("order_update", 200)
        [order] = body["orders"]
        assert set(order) == {"cust_ref", "cust_po_no", "delivered_to_wms_date", "order_status", "shipments"}
        assert (order["cust_ref"], order["order_status"]) == ("H1", expected)
    assert [call["answer"] for call in eim.control("webhook")] == [200, 200, 200]


def test_shipments_are_told(eim, receiver):
    eim.control("orders", {"cust_ref": "H1", "items": [{"item": "TEE-BLK-M", "quantity": "2"}]})
    listen(eim, receiver)
    shipment = {"carrier": "UPS", "tracking_no": "1Z", "items": [{"item": "TEE-BLK-M", "quantity": "2"}]}
    eim.update("H1", order_status="shipped", shipments=[shipment])
    [(_event, body, _status)] = receiver.wait(1)
    assert body["orders"][0]["shipments"][0]["tracking_no"] == "1Z"


def test_calls_may_be_repeated_mixed_up_and_cumulative(eim, receiver):
    eim.control("orders", [{"cust_ref": "H1"}, {"cust_ref": "H2"}])
    listen(eim, receiver, repeats=1, mixed_up=True, cumulative=True)
    eim.update("H1", order_status="at_wms")
    eim.update("H2", order_status="at_wms")
    told = [[order["cust_ref"] for order in body["orders"]] for _event, body, _status in receiver.wait(4)]
    assert told == [["H1", "H2"], ["H1", "H2"], ["H1"], ["H1"]]


def test_it_is_off_at_first_and_after_a_reset(eim, receiver):
    eim.control("orders", {"cust_ref": "H1"})
    listen(eim, receiver)
    eim.control("reset", {})
    eim.control("orders", {"cust_ref": "H2"})
    receiver.wait(0)


def test_who_is_not_there_or_refuses_does_no_harm(eim, receiver):
    eim.control("settings", {"webhook": {"url": "http://127.0.0.1:9/", "key": "hook-key"}})
    eim.control("orders", {"cust_ref": "H1"})
    eim.control("settings", {"webhook": {"url": receiver.url, "key": "another"}})
    eim.control("orders", {"cust_ref": "H2"})
    assert receiver.wait(1)[0][2] == 401
    assert eim.control("webhook")[0]["answer"] == 401
    assert eim.control("state")["orders"]["new"] >= 2

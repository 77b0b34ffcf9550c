"""EIM's webhook: signed calls to one address, told of new orders and of changed statuses."""

import hashlib
import hmac
import json
import threading
import time
import urllib.request
from collections import deque

NEW = "order_new"
UPDATE = "order_update"
UPDATE_FIELDS = ("cust_ref", "cust_po_no", "delivered_to_wms_date", "order_status", "shipments")
SECONDS = 10  # an address that does not answer is given up after
GATHERED_SECONDS = 0.3  # calls that are mixed up were waiting together for so long
UPDATES_TOLD = 50  # orders in a cumulative call


class Webhook:
    """The webhook of one merchant, off at first. Calls leave from a thread of their own: nobody waits for them.

    :param url: where to call; empty: off
    :param key: signs the calls
    :param repeats: how many more times each call is sent
    :param mixed_up: whether calls that wait together are sent in the wrong order
    :param cumulative: whether an update tells of all orders that changed so far
    """

    def __init__(self, url="", key="", repeats=0, mixed_up=False, cumulative=False):
        self.url = url
        self.key = key
        self.repeats = repeats
        self.mixed_up = mixed_up
        self.cumulative = cumulative
        self.sent: deque = deque(maxlen=1000)  # what was answered: event, cust_refs, HTTP status or what went wrong
        self._updates: dict[str, dict] = {}
        self._waiting: list[tuple[str, list[dict]]] = []
        self._lock = threading.Lock()
        self._is_sending = False

    def tell_new(self, raw: dict) -> None:
        """Tell of a new order, whole."""
        self._tell(NEW, raw)

    def tell_update(self, raw: dict) -> None:
        """Tell of an order's status."""
        self._tell(UPDATE, {field: raw.get(field) for field in UPDATE_FIELDS})

    def _tell(self, event: str, record: dict) -> None:
        if not self.url:
            return
        record = json.loads(json.dumps(record))  # as it is now
        with self._lock:
            records = [record]
            if event == UPDATE and self.cumulative:
                self._updates.pop(record["cust_ref"], None)
                self._updates[record["cust_ref"]] = record
                records = list(self._updates.values())[-UPDATES_TOLD:]
            self._waiting.append((event, records))
            if self._is_sending:
                return
            self._is_sending = True
        threading.Thread(target=self._send_waiting, daemon=True, name="extensiv-sandbox-webhook").start()

    def _send_waiting(self) -> None:
        while True:
            if self.mixed_up:
                time.sleep(GATHERED_SECONDS)
            with self._lock:
                calls = self._waiting
                self._waiting = []
                if not calls:
                    self._is_sending = False
                    return
            if self.mixed_up:
                calls.reverse()
            for event, records in calls:
                for _time in range(1 + self.repeats):
                    self._send(event, records)

    def _send(self, event: str, records: list[dict]) -> None:
        body = json.dumps({"orders": records}).encode()
        signature = hmac.new(self.key.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Webhook-Event": event, "X-Webhook-Signature": signature}
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            request = urllib.request.Request(self.url, body, headers)
            with opener.open(request, timeout=SECONDS) as answer:
                result = answer.status
        except (OSError, ValueError) as error:  # HTTP's refusals are errors of this kind, too
            result = getattr(error, "code", None) or type(error).__name__
        self.sent.append({"event": event, "cust_refs": [record["cust_ref"] for record in records], "answer": result})

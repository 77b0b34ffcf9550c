"""EIM as a whole: who may call, how often, what goes wrong, and what is remembered of each call."""

import json
import threading
import time
import uuid
from base64 import b64decode
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

from .api import Api, Call
from .bucket import CAPACITY, Bucket
from .catalogue import MERCHANTS
from .faults import Fault, Faults
from .refusal import FAILURE, INVALID, RATE_LIMIT, SLOW_DOWN, Refused, UnknownPath
from .shapes import iso, utc_now
from .store import Store

MERCHANT_USER = "demo"
MERCHANT_KEY = "demo-key"
WAREHOUSE_USER = "warehouse"
WAREHOUSE_KEY = "warehouse-key"
CART_USER = "cart"
CART_KEY = "cart-key"
CALLS_REMEMBERED = 20_000
GATEWAY_PAGE = "<html><head><title>{status}</title></head><body><h1>{status} {words}</h1><hr>nginx</body></html>"
REVOKED_FORMS = (200, 401, 403, "gateway_401", "gateway_403")


@dataclass(slots=True)
class Answer:
    """What goes back over the wire, and how it may end otherwise.

    ``hold`` seconds pass before it is sent; ``dropped`` resets the connection instead; ``cut`` sends half of
    the body.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    hold: float = 0.0
    dropped: bool = False
    cut: bool = False


class Service:
    """Everything the sandbox holds.

    :param rate_limit: whether the bucket is kept
    :param users: further credentials of merchant level, ``{api_user: api_key}``
    :param clock: seconds for the rate limit; :param now: the moment that records and answers are dated with
    :param data: arguments for :class:`store.Store`: ``seed``, ``orders``, ``day`` ...
    """

    def __init__(
        self, *, rate_limit: bool = True, users: dict | None = None, clock=time.monotonic, now=utc_now, **data
    ):
        self.lock = threading.RLock()
        self.users = {
            MERCHANT_USER: MERCHANT_KEY,
            WAREHOUSE_USER: WAREHOUSE_KEY,
            CART_USER: CART_KEY,
        } | (users or {})
        self._now = now
        self.clock_offset = 0.0
        self._clock = clock
        self.faults = Faults()
        self.reset(rate_limit=rate_limit, **data)

    def reset(self, *, rate_limit: bool = True, **data) -> None:
        """Begin anew with the data that ``data`` call for; faults, settings and counts are forgotten.

        :raise TypeError: an argument that no store knows
        """
        store = Store(now=self.now, **data)
        with self.lock:
            self._data = data
            self.stores = {"": store}
            self.api = Api()
            self.rate_limit = rate_limit
            self.buckets: dict[str, Bucket] = {}
            self.rate_limited = 0
            self.calls: deque = deque(maxlen=CALLS_REMEMBERED)
            self.counted: Counter = Counter()
            self.call_number = 0
            self.clock_offset = 0.0
            self.faults.clear()
            self.revoke(None)

    def now(self) -> datetime:
        """Return the moment by EIM's clock, which may be some seconds off."""
        return self._now() + timedelta(seconds=self.clock_offset)

    def revoke(self, form: int | str | None, after: int = 0, message: str = "Invalid API user or key") -> None:
        """Refuse every credential, known or not, once ``after`` more calls were answered; None: no longer.

        :param form: one of ``REVOKED_FORMS``: the HTTP status of EIM's refusal, or a gateway's page
        :raise ValueError: unknown form
        """
        if form is not None and form not in REVOKED_FORMS:
            raise ValueError(f"unknown form {form!r}; known: {', '.join(map(str, REVOKED_FORMS))}")
        with self.lock:
            self._revoked = form
            self._revoked_after = after
            self._revoked_words = message

    @property
    def store(self) -> Store:
        """What is held for the merchant of the merchant-level credentials."""
        return self.stores[""]

    def store_of(self, merchant_pk: str) -> Store:
        """Return what is held for a merchant of the warehouse (ten simple orders at first); ``""`` is ours.

        :raise KeyError: unknown merchant
        """
        with self.lock:
            if merchant_pk not in self.stores:
                if merchant_pk not in MERCHANTS:
                    raise KeyError(merchant_pk)
                day: date | None = self._data.get("day")
                self.stores[merchant_pk] = Store(seed=int(merchant_pk), orders=10, day=day, now=self.now)
            return self.stores[merchant_pk]

    def handle(self, method: str, target: str, headers, body: bytes) -> Answer:
        """Answer a call under ``/v1``; ``target`` is the path and query as they came, still encoded."""
        started = time.perf_counter()
        call = Call("unknown", "", {})
        answer = None
        outcome = "success"
        process_id = uuid.uuid4().hex
        remaining = CAPACITY
        fault = None
        text = target + "\n" + body.decode(errors="replace")
        try:
            user = self._authenticate(headers, target)
            remaining = self._take_token(user)
            call, refusal = self._read(method, target, body)
            fault = self.faults.take(call.names, text) or self._refuse_batch(call)
            if fault:
                outcome = f"fault: {fault.kind}"
            answer = self._take_revocation() or self._fault_before(fault)
            if answer is None:
                if refusal:
                    raise refusal
                answer = self._perform(call, user, headers)
        except Refused as error:
            if not fault:
                outcome = error.code
            if error.code == RATE_LIMIT:
                remaining = 0
            if isinstance(error, UnknownPath) and self.api.unknown_paths == "gateway_403":
                answer = _gateway_page(403)
            else:
                answer = refusal_answer(error, old_form=call.route in ("get_inventory", "get_product"))
        self._fault_after(fault, answer)
        answer.headers["X-CartRover-Process-ID"] = process_id
        answer.headers["X-CartRover-Api-Minute-Hits-Remaining"] = str(remaining)
        self._remember(call, method, target, answer, outcome, process_id, started)
        return answer

    def _refuse_batch(self, call: Call) -> Fault | None:
        """Return what befalls every batch of orders while EIM does not take it."""
        kind = self.api.order_batches
        is_refused = call.route == "batch_update_order_status" and kind not in ("taken", "ignored")
        return Fault(kind=kind, message="Unknown API call" if kind == "invalid" else "") if is_refused else None

    def _take_revocation(self) -> Answer | None:
        """Return a gateway's page where credentials are revoked in that form.

        :raise Refused: they are revoked in another
        """
        with self.lock:
            form = self._revoked
            left = self._revoked_after
            self._revoked_after = max(0, left - 1)
        if form is None or left:
            return None
        if isinstance(form, str):
            return _gateway_page(int(form.removeprefix("gateway_")))
        raise Refused(INVALID, self._revoked_words, form)

    def _authenticate(self, headers, target: str) -> str:
        if "api_key=" in urlsplit(target).query:
            raise Refused(INVALID, "Send the credentials in the Authorization header, never in the address")
        scheme, _space, encoded = headers.get("Authorization", "").partition(" ")
        try:
            user, _colon, key = b64decode(encoded, validate=True).decode().partition(":")
        except ValueError:
            user = key = ""
        if scheme.lower() != "basic" or not user or self.users.get(user) != key:
            raise Refused(INVALID, "Invalid API user or key")
        return user

    def _take_token(self, user: str) -> int:
        if not self.rate_limit:
            return CAPACITY
        with self.lock:
            bucket = self.buckets.setdefault(user, Bucket(self._clock))
            allowed, remaining = bucket.take()
            if not allowed:
                self.rate_limited += 1
                raise Refused(RATE_LIMIT, SLOW_DOWN)
        return remaining

    def _read(self, method: str, target: str, body: bytes) -> tuple[Call, Refused | None]:
        """Return the call and why it is refused already, so that a fault may still befall it first."""
        url = urlsplit(target)
        arguments = dict(parse_qsl(url.query, keep_blank_values=True))
        # Split before decoding: a reference or SKU may hold a slash.
        parts = [unquote(part) for part in url.path.strip("/").split("/")[1:]]
        call = Call("unknown", "", arguments)
        if method not in ("GET", "POST"):
            return call, Refused(INVALID, "Only GET and POST are known", 405)
        try:
            call.route, call.key = self.api.resolve(method, parts)
            if method == "POST":
                call.body = json.loads(body)
        except Refused as error:
            return call, error
        except ValueError:
            return call, Refused(INVALID, "Body is not valid JSON")
        return call, None

    def _perform(self, call: Call, user: str, headers) -> Answer:
        warehouse_level = user == WAREHOUSE_USER
        if call.route == "list_merchants":
            if not warehouse_level:
                raise Refused(INVALID, "These credentials are not of warehouse level")
            merchant_pk = ""
        elif call.route == "list_ship_methods":
            merchant_pk = ""  # it answers to every kind of key
        elif user == CART_USER:
            raise Refused(INVALID, "These credentials are not of merchant level")
        else:
            merchant_pk = headers.get("X-Merchant-Pk", "") if warehouse_level else ""
            if warehouse_level and merchant_pk not in MERCHANTS:
                raise Refused(INVALID, f"Missing or unknown X-Merchant-Pk: {merchant_pk}")
        with self.lock:
            result = self.api.perform(call, self.store_of(merchant_pk))
        answer = Answer(result.body())
        if result.total is not None:
            answer.headers["total-records"] = str(result.total)
        return answer

    def _fault_before(self, fault: Fault | None) -> Answer | None:
        """Return the answer of a fault that keeps the work from being done."""
        if fault is None or fault.kind in ("cut", "lose_answer"):
            return None
        if fault.kind in ("timeout", "reset"):
            return Answer(dropped=True, hold=fault.seconds)
        if fault.kind == "rate_limit":
            raise Refused(RATE_LIMIT, fault.message or SLOW_DOWN)
        if fault.kind == "invalid":
            raise Refused(INVALID, fault.message or "Invalid data")
        if fault.kind == "failure":
            raise Refused(FAILURE, fault.message or "The request failed")
        if fault.kind == "no_inside":
            response = {"success": False, "message": fault.message or "The request failed"}
            return Answer(json.dumps({"success_code": True, "response": response}).encode())
        if fault.kind == "ignored":
            return Answer(b'{"success_code": true}')
        if fault.kind.startswith("gateway_"):
            return _gateway_page(int(fault.kind.removeprefix("gateway_")), fault.message)
        if fault.kind == "garbage":
            return Answer((fault.message or "<?php Notice: undefined index").encode(), hold=fault.seconds)
        status = int(fault.kind)
        if status in (401, 403):
            raise Refused(INVALID, fault.message or "Invalid API user or key", status)
        if 502 <= status <= 504:
            return _gateway_page(status, fault.message, fault.seconds)
        return Answer((fault.message or "Internal Server Error").encode(), status, "text/plain", hold=fault.seconds)

    def _fault_after(self, fault: Fault | None, answer: Answer) -> None:
        """Spoil the answer to work that was done, and say for how long to wait."""
        if fault and fault.retry_after:
            answer.headers["Retry-After"] = str(fault.retry_after)
        if fault and fault.kind == "cut":
            answer.cut = True
        if fault and fault.kind == "lose_answer":
            answer.dropped = True
            answer.hold = fault.seconds

    def _remember(self, call, method, target, answer, outcome, process_id, started) -> None:
        with self.lock:
            self.call_number += 1
            self.counted[call.names[0]] += 1
            self.calls.append(
                {
                    "number": self.call_number,
                    "moment": iso(self.now()),
                    "method": method,
                    "path": target,
                    "route": call.names[0],
                    "status": 0 if answer.dropped else answer.status,
                    "outcome": outcome,
                    "process_id": process_id,
                    "milliseconds": round((time.perf_counter() - started) * 1000, 2),
                }
            )

    def state(self, merchant_pk: str = "") -> dict:
        """Return the figures of ``GET /sandbox/state``."""
        with self.lock:
            counts = self.store_of(merchant_pk).counts()
            return {**counts, "calls": dict(self.counted), "rate_limited": self.rate_limited}


def _gateway_page(status: int, message: str = "", seconds: float = 0.0) -> Answer:
    words = {401: "Authorization Required", 403: "Forbidden"}.get(status, "Bad Gateway")
    page = message or GATEWAY_PAGE.format(status=status, words=words)
    return Answer(page.encode(), status, "text/html", hold=seconds)


def refusal_answer(error: Refused, old_form: bool = False) -> Answer:
    """Return EIM's answer to a refused call; the ``old_form`` has ``status_message`` for ``message``."""
    key = "status_message" if old_form else "message"
    body = {"success_code": False, "error_code": error.code, key: error.message}
    return Answer(json.dumps(body).encode(), error.status)

"""The sandbox's own routes under ``/sandbox``: look at what it holds, change it, and have it misbehave.

No credentials, no rate limit; answers are JSON. ``?merchant=7001`` means a warehouse's merchant, not ours.

GET ``state``: figures: orders by status, acknowledged, expected, calls, rate_limited, levels, shipments.
GET ``orders?status=``: the orders as EIM holds them, oldest first.
POST ``orders?raw=1``: add an order or a list of them; what is missing is made up, unless ``raw``.
GET ``orders/<cust_ref>``: ``order``, ``history`` of what was asked about it, ``acknowledged``, ``moments``.
POST or PATCH ``orders/<cust_ref>``: change its fields; a new ``order_status`` moves it.
GET ``levels?warehouse=&sku=``: the levels as pushed.
GET ``shipments?cust_ref=``: every shipment received, refused ones with their ``refusal``.
GET ``calls?since=``: the calls after a number or since an ISO moment.
GET ``alerts``, POST ``alerts``: the alerts; add one.
POST ``skipped``: add an order, or a list of them, that EIM skipped.
POST ``reset``: ``{seed, orders, rate_limit, lines, skus}``, all optional: begin anew.
GET ``webhook``: what was sent by EIM's webhook, and what was answered; the setting ``webhook`` switches it on.
GET, POST, DELETE ``faults``: those waiting; add one or a list (see ``faults``); forget all.
POST ``settings``: those of ``_SETTINGS``, and ``random_faults`` (see ``faults.Faults.set_random``).

EIM as each guess would have it, by settings: a route elsewhere (``paths``) or nowhere (``routes``), a gateway before
unknown paths (``unknown_paths``), orders updated in the batch form alone (``routes``: ``update_order_status`` off) or
never (``order_batches``). An HTML 403 for one order is a fault: ``gateway_403`` with ``match``.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from .api import ALERT_KEYS, ORDER_BATCHES, PATHS
from .levels import LOCATION_KEYS, UNKNOWN_LOCATIONS
from .refusal import INVALID, Refused
from .service import Answer, Service
from .shapes import iso, parse_iso
from .store import Store
from .webhook import Webhook


@dataclass(frozen=True, slots=True)
class Request:
    """A call under ``/sandbox``: the ``store`` of the merchant it means, its query and its body."""

    sandbox: Service
    store: Store
    arguments: dict
    content: object

    @property
    def entries(self) -> list:
        """The body as a list, where one thing may stand for itself."""
        return self.content if isinstance(self.content, list) else [self.content]


def control(sandbox: Service, method: str, target: str, body: bytes) -> Answer:
    """Answer a call under ``/sandbox``; what is wrong with it is said in ``error`` under HTTP 400 or 404."""
    url = urlsplit(target)
    arguments = dict(parse_qsl(url.query, keep_blank_values=True))
    name, *rest = [unquote(part) for part in url.path.strip("/").split("/")[1:]]
    routine = _ROUTINES.get(("POST" if method == "PATCH" else method, name, len(rest)))
    if routine is None:
        return _answer({"error": f"there is no {method} {url.path}"}, 404)
    try:
        content = json.loads(body) if body else {}
        with sandbox.lock:
            store = sandbox.store_of(arguments.get("merchant", ""))
            return _answer(routine(Request(sandbox, store, arguments, content), *rest))
    except Refused as error:
        return _answer({"error": error.message}, 400)
    except KeyError as error:
        return _answer({"error": f"unknown: {error.args[0]}"}, 400)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        return _answer({"error": str(error) or type(error).__name__}, 400)


def _answer(content: object, status: int = 200) -> Answer:
    return Answer(json.dumps(content).encode(), status)


# What is held


def _orders(request: Request):
    status = request.arguments.get("status")
    orders = request.store.by_status[status] if status else request.store.orders
    return [order.raw for order in orders.values()]


def _add_orders(request: Request):
    add = request.store.insert if request.arguments.get("raw") == "1" else request.store.add
    return [add(values).raw for values in request.entries]


def _order(request: Request, reference: str):
    order = request.store.get(reference)
    moments = {name: iso(moment) for name, moment in order.moments.items()}
    return {"order": order.raw, "history": order.history, "acknowledged": order.acknowledged, "moments": moments}


def _change_order(request: Request, reference: str):
    return request.store.change(reference, request.content).raw


def _levels(request: Request):
    return request.store.levels.listing(request.arguments.get("warehouse", ""), request.arguments.get("sku", ""))


def _shipments(request: Request):
    reference = request.arguments.get("cust_ref")
    return [event for event in request.store.shipments if reference in (None, event["cust_ref"])]


def _calls(request: Request):
    since = request.arguments.get("since", "0")
    if since.isdigit():
        return [call for call in request.sandbox.calls if call["number"] > int(since)]
    moment = parse_iso(since)
    return [call for call in request.sandbox.calls if parse_iso(call["moment"]) >= moment]


def _add_skipped(request: Request):
    request.store.skipped.extend(request.entries)
    return request.store.skipped


def _reset(request: Request):
    request.sandbox.reset(**request.content)
    return request.sandbox.state()


# What goes wrong


def _faults(request: Request):
    return request.sandbox.faults.listing()


def _add_faults(request: Request):
    for values in request.entries:
        request.sandbox.faults.add(values)
    return _faults(request)


def _clear_faults(request: Request):
    request.sandbox.faults.clear()
    return _faults(request)


# Settings


def _settings(request: Request):
    sandbox = request.sandbox
    places = {"sandbox": sandbox, "api": sandbox.api, "store": request.store, "levels": request.store.levels}
    for name, value in request.content.items():
        if name == "random_faults":  # {"rate": 0.1, "seed": 1, "kinds": ["500"], "seconds": 0}
            sandbox.faults.set_random(**value)
            continue
        if name == "revoked":  # {"form": 200, "after": 3}: every key from the fourth call on; see Sandbox.revoke
            sandbox.revoke(**(value or {"form": None}))
            continue
        place, attribute, check = _SETTINGS[name]
        setattr(places[place], attribute, check(value, getattr(places[place], attribute)))
    return request.content


def _as(kind: Callable) -> Callable:
    return lambda value, _present: kind(value)


def _one_of(*shapes: str) -> Callable:
    def check(value, _present):
        return value if value in shapes else _refuse("shape", value)

    return check


def _switched_off(value: dict, present: set) -> set:
    switched = set(present)
    for name, state in value.items():
        if name not in PATHS or state not in ("on", "off"):
            raise Refused(INVALID, f"routes: a name of {', '.join(PATHS)} to 'on' or 'off', not {name} to {state!r}")
        (switched.add if state == "off" else switched.discard)(name)
    return switched


def _paths(value: dict, present: dict) -> dict:
    return present | {
        name: path.strip("/") if name in PATHS else _refuse("route", name) for name, path in value.items()
    }


def _carts(value: list, _present: dict) -> dict:
    return {source: source for source in value}


def _locations(value: list, present: dict) -> dict:
    return {name: present.get(name, 3101 + number) for number, name in enumerate(value)}


def _webhook(value: dict | None, _present: Webhook) -> Webhook:
    return Webhook(**(value or {}))


def _wms_locations(value: dict, _present: dict) -> dict:
    return {name: (str(wms_id), str(wms_name)) for name, (wms_id, wms_name) in value.items()}


def _refuse(what: str, value: object):
    raise Refused(INVALID, f"unknown {what}: {value}")


# name -> the object that holds the setting, its attribute there, and what makes the attribute of the value given and
# of what it is at present, or refuses
_SETTINGS: dict[str, tuple[str, str, Callable]] = {
    "routes": ("api", "off", _switched_off),  # {"list_alerts": "off"}: answers 404
    "paths": ("api", "paths", _paths),  # {"list_alerts": "merchant/alert/list"}: answers there and nowhere else
    "unknown_paths": ("api", "unknown_paths", _one_of("404", "gateway_403")),  # EIM's JSON, or a gateway's page
    # How the batch of orders is answered: as it should, never (by a kind of fault), or well and nothing done.
    "order_batches": ("api", "order_batches", _one_of(*ORDER_BATCHES)),
    "carts": ("store", "carts", _carts),  # the order sources set up
    "carts_shape": ("api", "carts_shape", _one_of("strings", "objects", "map")),
    "alerts_shape": ("api", "alerts_shape", _one_of(*ALERT_KEYS)),  # which of the known keys an alert has
    "locations": ("levels", "locations", _locations),  # names, in order; the first is the default
    "wms_locations": ("levels", "wms", _wms_locations),  # {"EAST": ["W-1", "East wing"]}: WMS ID and name
    "location_key": ("levels", "location_key", _one_of(*LOCATION_KEYS)),  # which names the location of a pushed level
    "unknown_locations": ("levels", "unknown_locations", _one_of(*UNKNOWN_LOCATIONS)),  # what becomes of one in a push
    "hide_locations": ("levels", "hidden_locations", _as(frozenset)),  # names not shown in what is read of a SKU
    "refuse_skus": ("levels", "refused_skus", _as(frozenset)),  # in inventory pushes, each by itself
    "refuse_batches_with": ("levels", "poison_skus", _as(frozenset)),  # SKUs that have the whole push refused
    "deduct_orders": ("levels", "deduct_orders", _as(bool)),  # whether inventory shown is less by what new orders take
    "deduct_at_locations": ("levels", "deduct_at_locations", _as(bool)),  # off the locations, too, not the sum alone
    "known_carriers": (
        "store",
        "known_carriers",
        _as(tuple),
    ),  # any other is "Unmapped ship method"; empty: any will do
    "tracking_required": ("store", "tracking_required", _as(bool)),
    "counts_pieces": ("store", "counts_pieces", _as(bool)),
    "webhook": ("store", "webhook", _webhook),  # {"url", "key", ...}, see Webhook; null: off
    "rate_limit": ("sandbox", "rate_limit", _as(bool)),
    "clock_offset": ("sandbox", "clock_offset", _as(float)),  # seconds by which EIM's clock is fast
}
_ROUTINES: dict[tuple[str, str, int], Callable] = {
    ("GET", "state", 0): lambda request: request.sandbox.state(request.arguments.get("merchant", "")),
    ("GET", "orders", 0): _orders,
    ("POST", "orders", 0): _add_orders,
    ("GET", "orders", 1): _order,
    ("POST", "orders", 1): _change_order,
    ("GET", "levels", 0): _levels,
    ("GET", "shipments", 0): _shipments,
    ("GET", "calls", 0): _calls,
    ("GET", "alerts", 0): lambda request: request.store.alerts,
    ("POST", "alerts", 0): lambda request: request.store.add_alert(request.content),
    ("POST", "skipped", 0): _add_skipped,
    ("GET", "webhook", 0): lambda request: list(request.store.webhook.sent),
    ("POST", "reset", 0): _reset,
    ("GET", "faults", 0): _faults,
    ("POST", "faults", 0): _add_faults,
    ("DELETE", "faults", 0): _clear_faults,
    ("POST", "settings", 0): _settings,
}

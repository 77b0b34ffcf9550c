"""The sandbox's own routes under ``/sandbox``: look at what it holds, change it, and have it misbehave.

No credentials, no rate limit; answers are JSON. ``?merchant=7001`` means a warehouse's merchant, not ours.

GET ``state``: figures: orders by status, acknowledged, expected, calls, rate_limited, levels, shipments.
GET ``orders?status=``: the orders as held, oldest first.
POST ``orders?raw=1``: add an order or a list of them; what is missing is made up, unless ``raw``.
GET ``orders/<cust_ref>``: ``order``, ``history`` of what was asked about it, ``acknowledged``, ``moments``.
POST or PATCH ``orders/<cust_ref>``: change its fields; a new ``order_status`` moves it.
GET ``levels?warehouse=&sku=``: the levels as pushed.
GET ``shipments?cust_ref=``: every shipment received, refused ones with their ``refusal``.
GET ``calls?since=``: the calls after a number or since an ISO moment.
GET ``alerts``, POST ``alerts``: the alerts; add one.
POST ``skipped``: add an order, or a list of them, that EIM skipped.
POST ``reset``: ``{seed, orders, rate_limit, lines, skus}``, all optional: begin anew.
GET, POST, DELETE ``faults``: those waiting; add one or a list (see ``faults``); forget all.
POST ``settings``: see ``_SETTINGS``.
"""

import json
from collections.abc import Callable
from urllib.parse import parse_qsl, unquote, urlsplit

from .api import ALERT_KEYS, PATHS
from .refusal import INVALID, Refused
from .sandbox import Answer, Sandbox
from .shapes import iso, parse_iso
from .store import Store


def control(sandbox: Sandbox, method: str, target: str, body: bytes) -> Answer:
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
            return _answer(routine(sandbox, store, arguments, content, *rest))
    except Refused as error:
        return _answer({"error": error.message}, 400)
    except KeyError as error:
        return _answer({"error": f"unknown: {error.args[0]}"}, 400)
    except (ArithmeticError, AttributeError, TypeError, ValueError) as error:
        return _answer({"error": str(error) or type(error).__name__}, 400)


def _answer(content: object, status: int = 200) -> Answer:
    return Answer(json.dumps(content).encode(), status)


def _many(content: object) -> list:
    return content if isinstance(content, list) else [content]


def _state(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    return sandbox.state(arguments.get("merchant", ""))


def _orders(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    held = store.by_status[arguments["status"]] if arguments.get("status") else store.orders
    return [order.raw for order in held.values()]


def _add_orders(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    add = store.insert if arguments.get("raw") == "1" else store.add
    return [add(values).raw for values in _many(content)]


def _order(sandbox: Sandbox, store: Store, arguments: dict, content: object, reference: str):
    held = store.get(reference)
    moments = {name: iso(moment) for name, moment in held.moments.items()}
    return {"order": held.raw, "history": held.history, "acknowledged": held.acknowledged, "moments": moments}


def _change_order(sandbox: Sandbox, store: Store, arguments: dict, content: object, reference: str):
    return store.change(reference, content).raw


def _levels(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    return store.levels.listing(arguments.get("warehouse", ""), arguments.get("sku", ""))


def _shipments(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    return [event for event in store.shipments if arguments.get("cust_ref") in (None, event["cust_ref"])]


def _calls(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    since = arguments.get("since", "0")
    if since.isdigit():
        return [call for call in sandbox.calls if call["number"] > int(since)]
    moment = parse_iso(since)
    return [call for call in sandbox.calls if parse_iso(call["moment"]) >= moment]


def _alerts(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    return store.alerts


def _add_alert(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    return store.add_alert(content)


def _add_skipped(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    store.skipped.extend(_many(content))
    return store.skipped


def _reset(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    sandbox.reset(**content)
    return sandbox.state()


def _faults(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    return sandbox.faults.listing()


def _add_faults(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    for values in _many(content):
        sandbox.faults.add(values)
    return sandbox.faults.listing()


def _clear_faults(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    sandbox.faults.clear()
    return sandbox.faults.listing()


def _settings(sandbox: Sandbox, store: Store, arguments: dict, content: object):
    for name, value in content.items():
        _SETTINGS[name](sandbox, store, value)
    return content


def _set_routes(sandbox: Sandbox, store: Store, value: dict) -> None:
    for name, state in value.items():
        if name not in PATHS or state not in ("on", "off"):
            raise Refused(INVALID, f"routes: a name of {', '.join(PATHS)} to 'on' or 'off', not {name} to {state!r}")
        (sandbox.api.off.add if state == "off" else sandbox.api.off.discard)(name)


def _set_paths(sandbox: Sandbox, store: Store, value: dict) -> None:
    for name, path in value.items():
        sandbox.api.paths[name] = path.strip("/") if name in PATHS else _unknown("route", name)


def _set_carts_shape(sandbox: Sandbox, store: Store, value: str) -> None:
    sandbox.api.carts_shape = value if value in ("strings", "objects", "map") else _unknown("shape", value)


def _set_alerts_shape(sandbox: Sandbox, store: Store, value: str) -> None:
    sandbox.api.alerts_shape = value if value in ALERT_KEYS else _unknown("shape", value)


def _set_carts(sandbox: Sandbox, store: Store, value: list) -> None:
    store.carts = {source: source for source in value}


def _set_locations(sandbox: Sandbox, store: Store, value: list) -> None:
    known = store.levels.locations
    store.levels.locations = {name: known.get(name, 3101 + number) for number, name in enumerate(value)}


def _set_refused_skus(sandbox: Sandbox, store: Store, value: list) -> None:
    store.levels.refused_skus = frozenset(value)


def _set_poison_skus(sandbox: Sandbox, store: Store, value: list) -> None:
    store.levels.poison_skus = frozenset(value)


def _set_deduct_orders(sandbox: Sandbox, store: Store, value: bool) -> None:
    store.levels.deduct_orders = bool(value)


def _set_known_carriers(sandbox: Sandbox, store: Store, value: list) -> None:
    store.known_carriers = tuple(value)


def _set_tracking_required(sandbox: Sandbox, store: Store, value: bool) -> None:
    store.tracking_required = bool(value)


def _set_rate_limit(sandbox: Sandbox, store: Store, value: bool) -> None:
    sandbox.rate_limit = bool(value)


def _set_revoked(sandbox: Sandbox, store: Store, value: dict | None) -> None:
    sandbox.revoke(**(value or {"form": None}))


def _set_random_faults(sandbox: Sandbox, store: Store, value: dict) -> None:
    sandbox.faults.set_random(**value)


def _unknown(what: str, value: object):
    raise Refused(INVALID, f"unknown {what}: {value}")


_SETTINGS: dict[str, Callable] = {
    "routes": _set_routes,  # {"list_alerts": "off"}: answers 404
    "paths": _set_paths,  # {"list_alerts": "merchant/alert/list"}: answers there and nowhere else
    "carts": _set_carts,  # the order sources set up
    "carts_shape": _set_carts_shape,  # strings, objects, map
    "alerts_shape": _set_alerts_shape,  # plain, second, third: which of the known keys an alert has
    "locations": _set_locations,  # names, in order
    "refuse_skus": _set_refused_skus,  # in inventory pushes, each by itself
    "refuse_batches_with": _set_poison_skus,  # SKUs that have the whole push refused
    "deduct_orders": _set_deduct_orders,  # whether inventory shown is less by what new orders take
    "known_carriers": _set_known_carriers,  # any other is "Unmapped ship method"; empty: any will do
    "tracking_required": _set_tracking_required,
    "rate_limit": _set_rate_limit,
    "revoked": _set_revoked,  # {"form": 200, "after": 3}: every key from the fourth call on; see Sandbox.revoke
    "random_faults": _set_random_faults,  # {"rate": 0.1, "seed": 1, "kinds": ["500"], "seconds": 0}
}
_ROUTINES: dict[tuple[str, str, int], Callable] = {
    ("GET", "state", 0): _state,
    ("GET", "orders", 0): _orders,
    ("POST", "orders", 0): _add_orders,
    ("GET", "orders", 1): _order,
    ("POST", "orders", 1): _change_order,
    ("GET", "levels", 0): _levels,
    ("GET", "shipments", 0): _shipments,
    ("GET", "calls", 0): _calls,
    ("GET", "alerts", 0): _alerts,
    ("POST", "alerts", 0): _add_alert,
    ("POST", "skipped", 0): _add_skipped,
    ("POST", "reset", 0): _reset,
    ("GET", "faults", 0): _faults,
    ("POST", "faults", 0): _add_faults,
    ("DELETE", "faults", 0): _clear_faults,
    ("POST", "settings", 0): _settings,
}

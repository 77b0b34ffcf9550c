"""EIM's merchant API: which path does what, and what it answers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from .catalogue import BY_SKU, CART_SHIPPING, CART_TYPES, MERCHANTS, SHIP_METHODS
from .order import EXTRAS
from .refusal import INVALID, Refused, UnknownPath
from .shapes import parse_iso
from .store import Store

DEFAULT_LIMIT = 20
MAXIMUM_LIMIT = 100
LARGEST_BATCH = 50  # orders

# Name -> method and path under /v1. Of an inferred path with several likely spellings the first answers here, the
# others are unknown; a setting changes which.
PATHS = {
    "list_inventory": ("GET", "merchant/inventory"),
    "push_inventory": ("POST", "merchant/inventory"),
    "get_inventory": ("GET", "merchant/inventory/{key}"),
    "get_product": ("GET", "merchant/product/{key}"),
    "list_carts": ("GET", "cart/list"),
    "list_cart_types": ("GET", "cart/listall"),
    "list_locations": ("GET", "merchant/warehouse/list"),
    "list_orders": ("GET", "merchant/orders/list/{key}"),
    "list_skipped_orders": ("GET", "merchant/orders/skipped"),
    "get_order_status": ("GET", "merchant/orders/status/{key}"),
    "get_order": ("GET", "merchant/orders/{key}"),
    "update_order_status": ("POST", "merchant/orders/update/{key}"),
    "batch_update_order_status": ("POST", "merchant/orders/update"),
    "cancel_order_in_cart": ("POST", "merchant/orders/cancel_order_in_cart"),
    "list_ship_methods": ("GET", "wms/shipmethod/list"),
    "list_cart_ship_methods": ("GET", "cart/shipmethod/list/{key}"),
    "list_alerts": ("GET", "merchant/alert/list"),
    "dismiss_alerts": ("POST", "merchant/alert/dismiss"),
    "list_merchants": ("GET", "wms/merchant/list"),
}
# What a call of update_order_status is also known as, by the status it asks for.
STATUS_NAMES = {"at_wms": "acknowledge", "shipped": "ship"}
# How EIM takes the batch of orders: as it should, not at all (a kind of fault), or by doing nothing about it.
ORDER_BATCHES = ("taken", "404", "invalid", "gateway_403", "garbage", "ignored")
ALERT_KEYS = {
    "plain": {},
    "second": {"alert_id": "id", "subject": "title", "message": "body", "created_date_time": "date"},
    "third": {"alert_id": "pk", "subject": "type", "message": "text", "created_date_time": "date"},
}


@dataclass(slots=True)
class Call:
    """A call as it came: ``key`` is the last part of the path, decoded, ``body`` the JSON of a POST, read."""

    route: str
    key: str
    arguments: dict[str, str]
    body: object = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every name by which a fault or a count may know it, the most telling first."""
        status = self.body.get("order_status") if isinstance(self.body, dict) else None
        if self.route == "update_order_status" and isinstance(status, str) and status in STATUS_NAMES:
            return (STATUS_NAMES[status], self.route)
        if self.route == "list_inventory" and self.arguments.get("limit") == "1":
            return ("check_credentials", self.route)
        return (self.route,)


@dataclass(slots=True)
class Result:
    """What a call answers: ``response`` as JSON, maybe none, and how many records the whole list has."""

    response: bytes = b""
    total: int | None = None

    def body(self) -> bytes:
        """Return the whole answer, encoded."""
        return b'{"success_code": true' + (b', "response": ' + self.response if self.response else b"") + b"}"


class Api:
    """The routes over what EIM holds: which of them answer, where, and in which of the known shapes."""

    def __init__(self):
        self.paths = {name: path for name, (_method, path) in PATHS.items()}
        self.off: set[str] = set()
        self.unknown_paths = "404"
        self.order_batches = "taken"
        self.carts_shape = "objects"
        self.alerts_shape = "plain"

    def resolve(self, method: str, parts: list[str]) -> tuple[str, str]:
        """Return the route of a path given in decoded ``parts``, and its key.

        :raise UnknownPath: no route answers there
        """
        found = None
        for name, path in self.paths.items():
            pattern = path.split("/")
            if PATHS[name][0] != method or name in self.off or len(pattern) != len(parts):
                continue
            if pattern == parts:
                return name, ""
            if pattern[-1] == "{key}" and pattern[:-1] == parts[:-1]:
                found = found or (name, parts[-1])
        if found is None:
            raise UnknownPath(INVALID, "Unknown API call", 404)
        return found

    def perform(self, call: Call, store: Store) -> Result:
        """Do what a call asks for.

        :raise Refused: EIM would not
        """
        handler: Callable = getattr(self, f"_{call.route}")
        return handler(call, store)

    # Orders

    def _list_orders(self, call, store):
        arguments = _paging(call.arguments)
        for key in ("from_date", "to_date"):
            if call.arguments.get(key):
                arguments[key] = _moment(call.arguments[key], key)
        arguments["order_source"] = call.arguments.get("order_source")
        orders, total = store.list_orders(call.key, arguments)
        asked = _asked(call.arguments)
        return Result(b"[" + b", ".join([held.encoded(asked) for held in orders]) + b"]", total)

    def _get_order(self, call, store):
        return Result(store.get(call.key).encoded(_asked(call.arguments)))

    def _get_order_status(self, call, store):
        raw = store.get(call.key).raw
        fields = ("cust_ref", "cust_po_no", "delivered_to_wms_date", "order_status", "shipments")
        return _json({field: raw.get(field) for field in fields})

    def _list_skipped_orders(self, call, store):
        return _page(store.skipped, call.arguments)

    def _update_order_status(self, call, store):
        if not isinstance(call.body, dict) or str(call.body.get("order_status")) not in STATUS_NAMES:
            # "canceled" too: orders are cancelled by a call of its own.
            raise Refused(INVALID, "Order missing or invalid field(s): order_status")
        store.update_status(call.key, call.body)
        return Result()

    def _batch_update_order_status(self, call, store):
        def update(record):
            self._update_order_status(_one(record), store)

        if isinstance(call.body, list) and len(call.body) > LARGEST_BATCH:
            raise Refused(INVALID, f"At most {LARGEST_BATCH} orders")
        return _batch(call.body, _one if self.order_batches == "ignored" else update)

    def _cancel_order_in_cart(self, call, store):
        def cancel(record):
            store.update_status(_one(record).key, {"order_status": "canceled"})

        if isinstance(call.body, list) and len(call.body) == 1:
            try:
                cancel(call.body[0])
            except Refused as error:
                # Seen of a cart-level cancel: the call succeeds, and its response says no.
                return _json({"success": False, "message": error.message})
            return _json({"success": True})
        return _batch(call.body, cancel)

    # Stock

    def _list_inventory(self, call, store):
        return _json(store.levels.page(**_paging(call.arguments)))

    def _get_inventory(self, call, store):
        return _json(store.levels.shown(call.key))

    def _push_inventory(self, call, store):
        if not isinstance(call.body, list) or not call.body:
            raise Refused(INVALID, "Body must be a list of inventory records")
        failed = store.levels.push(call.body)
        if not failed:
            return Result()
        refused = {failure["index_pos"] for failure in failed}
        success = [{"sku": record["sku"]} for index, record in enumerate(call.body) if index not in refused]
        return _json({"success": success, "failed": failed})

    def _get_product(self, call, store):
        product = BY_SKU.get(call.key)
        if product is None and call.key not in store.levels.items:
            raise Refused(INVALID, f"Product not found: {call.key}")
        return _json(
            {
                "sku": call.key,
                "name": None,
                "description": product.name if product else "",
                "retail_price": float(product.price) if product else None,
                "wholesale_price": None,
                "weight_lbs": product.weight_lbs if product else None,
                "wms_product_main_id": None,
                "last_updated_datetime": "2024-05-02 09:26:25",
                "aliases": [{"code_type": "UPC", "code": product.upc}] if product else [],
            }
        )

    def _list_locations(self, call, store):
        return _json(store.levels.listed())

    # Carts, ship methods, alerts, merchants

    def _list_carts(self, call, store):
        carts = [
            {"cart_id": str(700 + number), "order_source": source, "description": name}
            for number, (source, name) in enumerate(store.carts.items())
        ]
        if self.carts_shape == "strings":
            return _json(list(store.carts))
        if self.carts_shape == "map":
            return _json({cart["cart_id"]: cart for cart in carts} or [])
        return _json(carts)

    def _list_cart_types(self, call, store):
        return _json(list(CART_TYPES))

    def _list_ship_methods(self, call, store):
        return _json(list(SHIP_METHODS))

    def _list_cart_ship_methods(self, call, store):
        if call.key not in store.carts:
            raise Refused(INVALID, f"Unknown cart: {call.key}")
        mapped = {method["description"]: method["code"] for method in SHIP_METHODS}
        methods = CART_SHIPPING.get(call.key, ())
        return _json([{"cart_code": code, "wms_code": mapped.get(text)} for _carrier, code, text, _price in methods])

    def _list_alerts(self, call, store):
        keys = ALERT_KEYS[self.alerts_shape]
        return _json([{keys.get(key, key): value for key, value in alert.items()} for alert in store.alerts])

    def _dismiss_alerts(self, call, store):
        def dismiss(number):
            known = [alert for alert in store.alerts if alert["alert_id"] == number]
            if isinstance(number, bool) or not known:
                raise Refused(INVALID, f"Alert not found: {number}")
            store.alerts.remove(known[0])

        return _batch(call.body, dismiss)

    def _list_merchants(self, call, store):
        return _json([{"merchant_pk": pk, "name": name} for pk, name in MERCHANTS.items()])


def _json(response: object) -> Result:
    return Result(json.dumps(response).encode())


def _asked(arguments: dict) -> frozenset:
    switches = (*EXTRAS, "include_filtered_items")
    return frozenset(switch for switch in switches if arguments.get(switch) == "Y")


def _paging(arguments: dict) -> dict:
    paging = {}
    for key, default, highest in (("limit", DEFAULT_LIMIT, MAXIMUM_LIMIT), ("page", 1, 10**9)):
        text = arguments.get(key, str(default))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= highest:
            raise Refused(INVALID, f"{key} must be a number from 1 to {highest}")
        paging[key] = int(text)
    return paging


def _page(records: list, arguments: dict) -> Result:
    paging = _paging(arguments)
    first = (paging["page"] - 1) * paging["limit"]
    return _json(records[first : first + paging["limit"]])


def _moment(text: str, key: str):
    try:
        return parse_iso(text)
    except ValueError as error:
        raise Refused(INVALID, f"{key} must be ISO 8601 with a time zone: {quote(text)}") from error


def _one(record: object) -> Call:
    """Read a record of a batch as the call it stands for."""
    if not isinstance(record, dict) or not isinstance(record.get("cust_ref"), str) or not record["cust_ref"]:
        raise Refused(INVALID, "Order missing required field(s): cust_ref")
    return Call("update_order_status", record["cust_ref"], {}, record)


def _batch(body: object, work: Callable[[object], object]) -> Result:
    """Do ``work`` for each record of a list; what is refused is told in ``failed``, the rest is done."""
    if not isinstance(body, list) or not body:
        raise Refused(INVALID, "Body must be a list")
    success = []
    failed = []
    for index, record in enumerate(body):
        name = record if not isinstance(record, dict) else record.get("cust_ref")
        key = "cust_ref" if isinstance(record, (dict, str)) else "id"
        try:
            work(record)
            success.append({key: name})
        except Refused as error:
            failed.append({key: name, "index_pos": index, "message": error.message})
    return _json({"success": success, "failed": failed})

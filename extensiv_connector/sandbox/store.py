"""What EIM holds for one merchant: its orders, alerts, carts and the shipments it was told."""

from collections import Counter, deque
from collections.abc import Iterable
from datetime import date
from itertools import chain, islice

from .catalogue import CARTS
from .demonstration import demonstration
from .levels import Levels
from .order import Order, units
from .orders import build_order, simple_orders
from .refusal import FAILURE, INVALID, Refused
from .shapes import iso, parse_iso, redact, shipment_shape, utc_now
from .webhook import Webhook

# What a list of orders holds, and which moment of an order its dates filter on.
LISTS = {
    "new": (("new",), "created"),
    "at_wms": (("at_wms",), "at_wms"),
    "new_or_at_wms": (("new", "at_wms"), "created"),
    "partial": (("partial",), "shipped"),
    "shipped": (("shipped",), "shipped"),
    "confirmed": (("confirmed",), "confirmed"),
    "shipped_or_confirmed": (("shipped", "confirmed"), "shipped"),
    "error": (("error",), "error"),
    "canceled": (("canceled",), "canceled"),
    "any": (None, "created"),
}
# What may be asked of an order -> the statuses it may be asked in.
_MAY_FOLLOW = {
    "at_wms": ("new", "at_wms", "partial", "shipped", "confirmed"),
    "canceled": ("new", "at_wms", "error", "canceled"),
}
STATUSES = ("new", "at_wms", "partial", "shipped", "confirmed", "error", "canceled")


class Store:
    """One merchant's share of EIM. Its methods are called with the sandbox's lock held.

    :param day: the day that made-up orders are dated before
    :param orders: how many simple orders to make up instead of the demonstration
    :param simple: further arguments for :func:`orders.simple_orders`
    """

    def __init__(self, seed: int = 1, orders: int | None = None, day: date | None = None, now=utc_now, **simple):
        self.now = now
        self.orders: dict[str, Order] = {}
        self.by_status: dict[str, dict[str, Order]] = {status: {} for status in STATUSES}
        self.pending: Counter = Counter()  # units of a SKU on orders that are still new
        self.levels = Levels(now, self.pending)
        self.carts = {source: name for source, (_type, name) in CARTS.items()}
        self.shipments: deque = deque(maxlen=100_000)  # every one received, refused ones too
        self.alerts: list[dict] = []
        self.skipped: list[dict] = []
        self.known_carriers: tuple[str, ...] = ()  # empty: any
        self.tracking_required = False
        self.counts_pieces = True  # whether more than was ordered is refused
        self.webhook = Webhook()
        self._numbers = 0
        day = day or now().date()
        made_up = demonstration(seed, day) if orders is None else simple_orders(orders, seed, day, **simple)
        for raw in made_up:
            self.insert(raw)
        if orders is None:
            self._add_messages()

    # Orders

    def add(self, values: dict) -> Order:
        """Add an order of the ``values`` given, everything else made up."""
        self._numbers += 1
        now = iso(self.now())
        made_up = {
            "cust_ref": f"T{self._numbers:05d}",
            "created_date_time": now,
            "updated_date_time": now,
            "order_date": now,
        }
        return self.insert(build_order(made_up | values))

    def insert(self, raw: dict) -> Order:
        """Hold the order ``raw`` as it is.

        :raise Refused: no reference, or one that is held already; an unknown status
        """
        reference = raw.get("cust_ref")
        if not isinstance(reference, str) or not reference:
            raise Refused(INVALID, "Order missing required field(s): cust_ref")
        if reference in self.orders:
            raise Refused(FAILURE, "OrderDuplicate")
        held = Order(raw)
        self._check_status(held.status)
        self.orders[reference] = held
        source = raw.get("order_source")
        if isinstance(source, str) and source:
            self.carts.setdefault(source, source)
        held.moments = {"created": self._moment(raw.get("created_date_time"))}
        if held.status != "new":
            told = {"canceled": "cancel_date", "at_wms": "delivered_to_wms_date"}.get(held.status, "updated_date_time")
            held.moments[held.status] = self._moment(raw.get(told))
            if held.status in ("partial", "confirmed"):
                held.moments["shipped"] = held.moments[held.status]
        self._enter(held)
        if held.status == "new":
            self.webhook.tell_new(held.raw)
        return held

    def get(self, reference: str) -> Order:
        """Return an order.

        :raise Refused: unknown reference
        """
        held = self.orders.get(reference)
        if held is None:
            raise Refused(INVALID, f"Order not found: {reference}")
        return held

    def change(self, reference: str, values: dict) -> Order:
        """Change fields of an order as EIM's people or the cart would; a new ``order_status`` moves it.

        :raise Refused: unknown reference or status
        """
        held = self.get(reference)
        values = dict(values)
        status = values.pop("order_status", held.status)
        self._check_status(status)
        if values.pop("cust_ref", reference) != reference:
            raise Refused(INVALID, "cust_ref cannot change")
        self._leave(held)
        held.raw.update(values)
        self._enter(held)
        if status != held.status:
            self._move(held, status)
        self._touch(held)
        return held

    def list_orders(self, status: str, arguments: dict) -> tuple[list[Order], int]:
        """Return a page of a list and how many orders the whole list has.

        :param arguments: ``limit``, ``page``, ``from_date``, ``to_date`` (moments), ``order_source``
        :raise Refused: unknown status
        """
        if status not in LISTS:
            raise Refused(INVALID, f"Invalid order status: {status}")
        statuses, moment = LISTS[status]
        shelves = [self.by_status[name] for name in statuses] if statuses else [self.orders]
        found: Iterable[Order] = chain.from_iterable(shelf.values() for shelf in shelves)
        total = sum(map(len, shelves))
        start = arguments.get("from_date")
        end = arguments.get("to_date")
        source = arguments.get("order_source")
        if start or end or source:
            found = [
                held
                for held in found
                if (not source or held.raw.get("order_source") == source)
                and (not start or moment in held.moments and held.moments[moment] >= start)
                and (not end or moment in held.moments and held.moments[moment] <= end)
            ]
            total = len(found)
        first = (arguments["page"] - 1) * arguments["limit"]
        return list(islice(found, first, first + arguments["limit"])), total

    def update_status(self, reference: str, body: dict) -> None:
        """Do what a caller asks about an order: ``at_wms``, ``shipped`` (with ``shipments``) or ``canceled``.

        :raise Refused: unknown reference, status that cannot follow, shipments that EIM would not take
        """
        status = body["order_status"]
        shipments = body.get("shipments")
        held = self.get(reference)
        refusal = None
        try:
            if status == "shipped":
                self._check_shipments(held, shipments)
            elif held.status not in _MAY_FOLLOW[status]:
                raise Refused(FAILURE, f"Order is already {held.status}")
        except Refused as error:
            refusal = error.message
            raise
        finally:
            event = {"moment": iso(self.now()), "order_status": status}
            event |= {"shipments": shipments, "refusal": refusal}
            held.history.append(event)
            if status == "shipped":
                self.shipments.append({"cust_ref": reference, **event})
        if status == "at_wms":
            self._acknowledge(held)
        elif status == "shipped":
            held.raw["shipments"] = [shipment_shape(shipment) for shipment in shipments]
            held.raw["num_shipped"] = held.raw.get("num_to_ship")
            held.raw["num_to_ship"] = "0"
            if str(held.raw.get("order_source")).startswith("Amazon"):
                redact(held.raw)
            self._move(held, "shipped")
        elif held.status != "canceled":
            self._move(held, "canceled")
        self._touch(held)

    def _acknowledge(self, held: Order) -> None:
        held.acknowledged += 1
        held.raw["delivered_to_wms_date"] = iso(self.now())
        if held.reappears:
            # "Clearing orders" in EIM: it is shown as new once more.
            held.reappears = False
        elif held.status == "new":
            self._move(held, "at_wms")

    def _check_shipments(self, held: Order, shipments: object) -> None:
        if held.status in ("shipped", "confirmed"):
            raise Refused(FAILURE, "Order has already been shipped")
        if held.status in ("canceled", "error"):
            raise Refused(FAILURE, f"Order is {held.status}")
        if not isinstance(shipments, list) or not shipments:
            raise Refused(INVALID, "Order missing required field(s): shipments")
        left = Counter()
        for line in held.lines():
            left[str(line.get("item"))] += units(line.get("quantity"))
        for shipment in shipments:
            self._check_shipment(shipment, left)

    def _check_shipment(self, shipment: object, left: Counter) -> None:
        if not isinstance(shipment, dict) or not shipment.get("carrier"):
            raise Refused(INVALID, "Shipment missing required field(s): carrier")
        if self.known_carriers and shipment["carrier"] not in self.known_carriers:
            raise Refused(FAILURE, "Unmapped ship method")
        if self.tracking_required and not shipment.get("tracking_no"):
            raise Refused(INVALID, "Shipment missing required field(s): tracking_no")
        if shipment.get("date") is not None:
            try:
                parse_iso(shipment["date"])
            except ValueError as error:
                raise Refused(INVALID, "Shipment date must be ISO 8601 with a time zone") from error
        items = shipment.get("items") or []
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise Refused(INVALID, "Shipment items must be a list of objects")
        for item in items:
            quantity = units(item.get("quantity"))
            if not isinstance(item.get("item"), str) or item["item"] not in left:
                raise Refused(INVALID, f"Item is not on the order: {item.get('item')}")
            if quantity <= 0 or (quantity > left[item["item"]] and self.counts_pieces):
                raise Refused(INVALID, f"Invalid quantity of item {item['item']}: {item.get('quantity')}")
            left[item["item"]] -= quantity

    def _check_status(self, status: object) -> None:
        if status not in STATUSES:
            raise Refused(INVALID, f"Invalid order status: {status}")

    def _move(self, held: Order, status: str) -> None:
        self._leave(held)
        held.raw["order_status"] = status
        held.moments[status] = self.now()
        if status == "canceled":
            held.raw["cancel_date"] = iso(held.moments[status])
        if status in ("partial", "confirmed"):
            held.moments.setdefault("shipped", held.moments[status])
        self._enter(held)
        self.webhook.tell_update(held.raw)

    def _enter(self, held: Order) -> None:
        self.by_status[held.status][held.raw["cust_ref"]] = held
        if held.status == "new":
            for line in held.lines():
                self.pending[str(line.get("item"))] += units(line.get("quantity"))

    def _leave(self, held: Order) -> None:
        del self.by_status[held.status][held.raw["cust_ref"]]
        if held.status == "new":
            for line in held.lines():
                self.pending[str(line.get("item"))] -= units(line.get("quantity"))

    def _touch(self, held: Order) -> None:
        held.raw["updated_date_time"] = iso(self.now())
        held.changed()

    def _moment(self, text: object):
        try:
            return parse_iso(text)
        except ValueError:
            return self.now()

    # The rest

    def add_alert(self, values: dict) -> dict:
        """List an alert; its number and moment are given by EIM."""
        number = max((alert["alert_id"] for alert in self.alerts), default=9000) + 1
        alert = {
            "alert_id": number,
            "subject": "",
            "message": "",
            "created_date_time": iso(self.now()),
            "order_source": None,
            "cust_ref": None,
        }
        self.alerts.append(alert | values)
        return self.alerts[-1]

    def counts(self) -> dict:
        """Return what is held and what the connector has to make of it."""
        pulled = [held for held in self.orders.values() if held.is_pulled]
        failed = sum(held.cannot_be_imported for held in pulled)
        return {
            "orders": {status: len(shelf) for status, shelf in self.by_status.items() if shelf},
            "acknowledged": sum(bool(held.acknowledged) for held in self.orders.values()),
            "expected": {
                "pulled": len(pulled),
                "imported": len(pulled) - failed,
                "failed": failed,
                "acknowledged": len(pulled),
            },
            "levels": self.levels.pushed,
            "shipments": sum(not event["refusal"] for event in self.shipments),
        }

    def _add_messages(self) -> None:
        for held in self.by_status["error"].values():
            self.add_alert(
                {
                    "subject": held.raw["error_msg"],
                    "message": held.raw["error_reason"],
                    "order_source": held.raw["order_source"],
                    "cust_ref": held.raw["cust_ref"],
                }
            )
        self.add_alert(
            {
                "subject": "Inventory feed",
                "order_source": "Ebay_CA",
                "message": "eBay refused 1 of 13 quantities: the listing of POSTER-A2 has ended",
            }
        )
        self.add_alert(
            {
                "subject": "Cart access",
                "order_source": "Etsy",
                "message": "The permission that Etsy gave ends in 14 days. Renew it on the cart's page.",
            }
        )
        self.skipped.append(
            {
                "cust_ref": "5501233990",
                "cust_po_no": "0991",
                "order_source": "Shopify",
                "order_status": "skipped",
                "error_reason": "Fulfilled in Shopify before it was downloaded",
                "created_date_time": iso(self.now()),
            }
        )

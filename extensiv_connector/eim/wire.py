"""Typed objects for what travels between EIM and us: orders here, the rest imported from ``records``.

Reading is tolerant: numbers as strings, ``[]`` for an empty map, nulls, unknown fields and wrong types
never raise; what could not be read is ``None`` (or ``""``) and said in ``problems``. Only an order without a
usable ``cust_ref`` is refused (``Unreadable``), for nothing could be done with it. Writing is strict.
Money and quantities are ``Decimal``; moments are naive UTC ``datetime``; text is ``str``, ``""`` when absent,
stripped, without NUL or lone surrogates, shortened where absurdly long. ``cust_ref`` and ``sku`` are
identities, kept to the character. Payment secrets are dropped first, at any depth (``cleaning``); of anything
but an order only the named fields are read at all.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from .cleaning import clean
from .errors import Unreadable
from .reading import Fields, flag, identity, maps, number, text
from .records import (
    Alert,
    Alias,
    BatchResult,
    Cart,
    Failure,
    InventoryItem,
    Level,
    LevelAt,
    Location,
    Merchant,
    Page,
    Product,
    ShipMethod,
    iso,
    writable,
)

__all__ = [
    "Address", "Alert", "Alias", "BatchResult", "Cart", "Failure", "InventoryItem", "Level", "LevelAt",
    "Location", "Merchant", "Order", "OrderLine", "OrderStatus", "Page", "Product", "Shipment",
    "ShipmentItem", "ShipMethod",
]  # fmt: skip

REDACTED = "**pii removed**"
MAX_PAYLOAD = 5_000_000  # characters of one order's JSON text

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Address:
    """A billing (``cust_*``) or delivery (``ship_*``) address; every part is text, ``""`` when absent."""

    company: str = ""
    title: str = ""
    first_name: str = ""
    last_name: str = ""
    address_1: str = ""
    address_2: str = ""
    address_3: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    country: str = ""
    phone: str = ""
    email: str = ""

    @property
    def name(self) -> str:
        """The person's name: title left out, first and last joined."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def is_empty(self) -> bool:
        """Nothing in any part."""
        return not any(self._parts())

    @property
    def is_redacted(self) -> bool:
        """Some part reads ``**PII Removed**`` (any case)."""
        return any(REDACTED in part.lower() for part in self._parts())

    @property
    def is_destination(self) -> bool:
        """Says where or to whom, not only a country, a phone or an e-mail."""
        return any(self._parts()[:-3])

    @classmethod
    def parse(cls, fields, prefix):
        """Read the parts that begin with ``prefix`` (``cust_``, ``ship_``)."""
        return cls(*[fields.text(key) for key in _ADDRESS_KEYS[prefix]])

    def _parts(self):
        return (
            self.company, self.title, self.first_name, self.last_name, self.address_1, self.address_2,
            self.address_3, self.city, self.state, self.zip, self.country, self.phone, self.email,
        )  # fmt: skip


_ADDRESS_KEYS = {
    prefix: [prefix + ("e_mail" if part == "email" else part) for part in Address.__dataclass_fields__]
    for prefix in ("cust_", "ship_")
}


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One line of an order: ``extended_amount = (price - discount) * quantity``.

    ``sku`` is ``""`` and ``quantity`` is ``None`` where EIM's cannot be used; the order's ``problems`` then
    say why.
    """

    line_no: str
    sku: str
    quantity: Decimal | None
    price: Decimal | None
    discount: Decimal | None  # pre-tax, per unit
    addl_discount: Decimal | None  # post-tax, whole line, already inside the order's order_discount
    extended_amount: Decimal | None
    tax: Decimal | None  # whole line
    shipping_surcharge: Decimal | None  # information only
    line_item_id: str
    comment: str
    description: str
    alt_sku: str
    lot_number: str
    filtered: bool
    aliases: tuple[Alias, ...]

    @classmethod
    def parse(cls, raw, position, problems):
        """Read the line at ``position`` (from 1), adding to ``problems``; no object is an empty line."""
        where = f"Line {position}: "
        if not isinstance(raw, dict):
            problems.append(f"{where}cannot be read.")
            raw = {}
        filtered = flag(raw.get("filtered_sku"))
        # Whatever a line that is left out says: it stands in nobody's way.
        fields = Fields(raw, [] if filtered else problems, where)
        try:
            sku = identity(raw.get("item"), "SKU")
        except Unreadable as error:
            fields.problems.append(where + error.message)
            sku = ""
        return cls(
            line_no=fields.text("line_no"),
            sku=sku,
            quantity=fields.number("quantity"),
            price=fields.number("price"),
            discount=fields.number("discount"),
            addl_discount=fields.number("addl_discount"),
            extended_amount=fields.number("extended_amount"),
            tax=fields.number("tax"),
            shipping_surcharge=fields.number("shipping_surcharge"),
            line_item_id=fields.text("line_item_id"),
            comment=fields.note("line_comment"),
            description=fields.note("Description") or fields.note("description"),
            alt_sku=fields.text("alt_sku"),
            lot_number=fields.text("lot_number"),
            filtered=filtered,
            aliases=Alias.parse_all(raw.get("aliases")),
        )


@dataclass(frozen=True, slots=True)
class ShipmentItem:
    """What of a SKU is in a parcel; ``sku`` exactly as the order gave it."""

    sku: str
    quantity: Decimal
    line_no: str = ""
    lot_code: str = ""
    serial_no: str = ""

    def to_wire(self):
        """Return the item as EIM takes it.

        :raise ValueError: no SKU, or a quantity that is not above zero
        """
        quantity = number(self.quantity if type(self.quantity) in (int, str) else str(self.quantity))
        if quantity is None or quantity <= 0:
            raise ValueError(f"The shipped quantity of {self.sku!r} must be above zero, not {self.quantity!r}.")
        whole = quantity == quantity.to_integral_value()
        item = {"item": writable(self.sku, "SKU"), "quantity": int(quantity) if whole else f"{quantity:f}"}
        optional = {"line_no": self.line_no, "lot_code": self.lot_code, "serial_no": self.serial_no}
        return item | {key: writable(value, key) for key, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel, told to EIM or read back from it. ``date`` is naive UTC."""

    carrier: str
    method: str
    tracking_no: str
    date: datetime | None
    items: tuple[ShipmentItem, ...]
    weight_lbs: Decimal | None = None

    @classmethod
    def parse_all(cls, value, problems):
        """Read the ``shipments`` of an order or a status; an item without SKU or quantity is passed over."""
        shipments = []
        for position, raw in enumerate(maps(value), 1):
            fields = Fields(raw, problems, f"Shipment {position}: ")
            items = []
            for entry in maps(raw.get("items")):
                sku, quantity = entry.get("item"), number(entry.get("quantity"))
                if isinstance(sku, (str, int)) and sku and quantity is not None:
                    rest = (text(entry.get(key)) for key in ("line_no", "lot_code", "serial_no"))
                    items.append(ShipmentItem(str(sku), quantity, *rest))
            shipments.append(
                cls(
                    carrier=fields.text("carrier"),
                    method=fields.text("method"),
                    tracking_no=fields.text("tracking_no"),
                    date=fields.moment("date"),
                    items=tuple(items),
                    weight_lbs=fields.number("package_weight_lbs"),
                )
            )
        return tuple(shipments)

    def to_wire(self):
        """Return the parcel as EIM takes it.

        :raise ValueError: nothing in it, a quantity not above zero, or text that cannot be sent
        """
        if not self.items:
            raise ValueError("A shipment without items is not sent.")
        parcel = {"items": [item.to_wire() for item in self.items]}
        for key, value in (
            ("carrier", self.carrier),
            ("method", self.method),
            ("tracking_no", self.tracking_no),
        ):
            if value:
                parcel[key] = writable(value, key)
        if self.date:
            parcel["date"] = iso(self.date)
        if self.weight_lbs is not None:
            parcel["package_weight_lbs"] = f"{self.weight_lbs:f}"
        return parcel


@dataclass(frozen=True, slots=True)
class Order:
    """An order as EIM sent it; ``payload`` is its JSON text without secrets, for ``from_payload`` to read."""

    cust_ref: str
    cust_po_no: str
    order_source: str
    status: str
    order_date: datetime | None  # a bare date is taken as noon UTC, so that no time zone moves the day
    created: datetime | None
    updated: datetime | None
    requested_ship_date: datetime | None
    expected_delivery_date: datetime | None
    latest_ship_date: datetime | None
    billing: Address
    delivery: Address | None  # None: EIM gave none, deliver to the billing address
    customer_id: str
    ship_address_type: str
    carrier: str
    ship_code: str
    ship_code_description: str
    sub_total: Decimal | None
    order_discount: Decimal | None
    sales_tax: Decimal | None
    shipping_handling: Decimal | None
    grand_total: Decimal | None
    currency: str  # "" : the company's
    location: str
    warehouse_pk: str
    shipping_instructions: str
    gift_message: str
    gift_wrap: str
    promo_code: str
    po_number: str
    pay_type: str
    custom_fields: tuple[str, ...]  # custom_field_1..5, "" where absent
    cancel_date: datetime | None
    sending_canceled: bool
    on_hold: bool
    error_code: str
    error_msg: str
    error_reason: str
    lines: tuple[OrderLine, ...]
    shipments: tuple[Shipment, ...]
    problems: tuple[str, ...]  # what could not be read, one plain sentence each
    payload: str
    oddities: tuple[str, ...] = ()  # as problems, of addresses, dates and shipments, which hold no order up

    @property
    def order_number(self) -> str:
        """The number the buyer knows: ``cust_po_no``, else ``cust_ref``."""
        return self.cust_po_no or self.cust_ref

    @classmethod
    def parse(cls, raw: dict) -> "Order":
        """Read one order of EIM's JSON.

        :raise Unreadable: it is no object, too large, or has no ``cust_ref`` that a later call could use
        """
        if not isinstance(raw, dict):
            raise Unreadable("The order is not an object.")
        raw = clean(raw)
        cust_ref = identity(raw.get("cust_ref"), "cust_ref")
        payload = _to_json(raw)
        if len(payload) > MAX_PAYLOAD:
            raise Unreadable("The order is too large to be one of EIM's.")
        problems, oddities = [], []
        fields, lenient = Fields(raw, problems), Fields(raw, oddities)
        delivery = Address.parse(lenient, "ship_")
        items = raw.get("items")
        if isinstance(items, dict):
            items = list(items.values())
        elif items and not isinstance(items, list):
            fields.say("items", "is not a list")
            items = ()
        return cls(
            cust_ref=cust_ref,
            cust_po_no=fields.text("cust_po_no"),
            order_source=fields.text("order_source"),
            status=fields.text("order_status"),
            order_date=lenient.moment("order_date"),
            created=lenient.moment("created_date_time"),
            updated=lenient.moment("updated_date_time"),
            requested_ship_date=lenient.moment("requested_ship_date"),
            expected_delivery_date=lenient.moment("expected_delivery_date"),
            latest_ship_date=lenient.moment("latest_ship_date"),
            billing=Address.parse(lenient, "cust_"),
            delivery=delivery if delivery.is_destination else None,
            customer_id=fields.text("customer_id"),
            ship_address_type=fields.text("ship_address_type"),
            carrier=fields.text("carrier"),
            ship_code=fields.text("ship_code"),
            ship_code_description=fields.text("ship_code_description"),
            sub_total=fields.number("sub_total"),
            order_discount=fields.number("order_discount"),
            sales_tax=fields.number("sales_tax"),
            shipping_handling=fields.number("shipping_handling"),
            grand_total=fields.number("grand_total"),
            currency=fields.text("currency_code").upper(),
            location=fields.text("location"),
            warehouse_pk=fields.text("inventory_warehouse_pk"),
            shipping_instructions=fields.note("shipping_instructions"),
            gift_message=fields.note("gift_message"),
            gift_wrap=fields.note("gift_wrap"),
            promo_code=fields.text("promo_code"),
            po_number=fields.text("po_number"),
            pay_type=fields.text("pay_type"),
            custom_fields=tuple([fields.note(key) for key in _CUSTOM_FIELDS]),
            cancel_date=lenient.moment("cancel_date"),
            sending_canceled=fields.flag("sending_canceled"),
            on_hold=fields.flag("on_hold"),
            error_code=fields.text("error_code"),
            error_msg=fields.note("error_msg"),
            error_reason=fields.note("error_reason"),
            lines=tuple([OrderLine.parse(item, index, problems) for index, item in enumerate(items or (), 1)]),
            shipments=Shipment.parse_all(raw.get("shipments"), oddities),
            problems=tuple(problems),
            payload=payload,
            oddities=tuple(oddities),
        )

    @classmethod
    def from_payload(cls, payload: str) -> "Order":
        """Read the JSON text that ``payload`` holds."""
        return cls.parse(json.loads(payload))


_CUSTOM_FIELDS = tuple(f"custom_field_{number}" for number in range(1, 6))


@dataclass(frozen=True, slots=True)
class OrderStatus:
    """How far EIM is with an order."""

    cust_ref: str
    status: str
    shipments: tuple[Shipment, ...]

    @classmethod
    def parse(cls, raw):
        """Read the answer of ``merchant/orders/status``.

        :raise Unreadable: no ``cust_ref`` or no status: nothing may be concluded from it
        """
        status = text(raw.get("order_status"))
        if not status:
            raise Unreadable("EIM answered without the order's status.")
        cust_ref = identity(raw.get("cust_ref"), "cust_ref")
        return cls(cust_ref, status, Shipment.parse_all(raw.get("shipments"), []))

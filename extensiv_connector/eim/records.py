"""Typed objects for everything but orders: carts, locations, stock, products, alerts, batches and pages.

Each ``parse`` reads one entry of an answer, tolerantly, and returns ``None`` for what names nothing. Where
the contract does not know an answer's shape, what is accepted is *inferred*.
"""

from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal

from .cleaning import clean
from .errors import Unreadable
from .reading import first, identity, maps, moment, note, number, text


@dataclass(frozen=True, slots=True)
class Alias:
    """Another code of a SKU: ``code_type`` such as ``UPC`` and the ``code``."""

    code_type: str
    code: str

    @classmethod
    def parse_all(cls, value):
        """Read a list of ``{"code_type", "code"}`` or a map ``{code type: code}``, both are seen."""
        if not value:
            return ()
        if isinstance(value, dict):
            pairs = value.items()
        else:
            pairs = ((item.get("code_type"), item.get("code")) for item in maps(value))
        return tuple(cls(text(code_type), text(code)) for code_type, code in pairs if text(code))


@dataclass(frozen=True, slots=True)
class Cart:
    """An order source EIM has set up."""

    order_source: str
    name: str

    @classmethod
    def parse_all(cls, response):
        """Read a list of strings or objects, one object or a map by source (*inferred*), each source once."""
        carts = {}
        if isinstance(response, dict) and not text(first(response, *_CART_KEYS)):
            entries = response.items()
        else:
            entries = ((None, entry) for entry in (response if isinstance(response, (list, tuple)) else [response]))
        for key, entry in entries:
            if isinstance(entry, dict):
                source = text(first(entry, *_CART_KEYS)) or text(key)
                name = text(first(entry, "name", "description"))
            elif key is None or key.isdigit():
                source, name = text(entry), ""
            else:
                source, name = text(key), text(entry)
            if source:
                carts.setdefault(source, cls(source, name or source))
        return tuple(carts.values())


_CART_KEYS = ("order_source", "cart_id", "cart", "name", "description", "id")


@dataclass(frozen=True, slots=True)
class Location:
    """An EIM "warehouse": stock is pushed by its name."""

    name: str
    remote_pk: str

    @classmethod
    def parse_all(cls, response):
        """Read a list of names or objects, one object, or a map pk → name or object (all *inferred*)."""
        locations = {}
        if isinstance(response, dict) and not text(first(response, *_LOCATION_NAMES)):
            entries = response.items()
        else:
            entries = (("", entry) for entry in (response if isinstance(response, (list, tuple)) else [response]))
        for key, entry in entries:
            if isinstance(entry, dict):
                name = text(first(entry, *_LOCATION_NAMES))
                key = first(entry, *_LOCATION_PKS) or key
            else:
                name = text(entry)
            if name:
                locations.setdefault(name, cls(name, text(key)))
        return tuple(locations.values())


_LOCATION_NAMES = ("warehouse", "name", "warehouse_name", "description", "location", "code")
_LOCATION_PKS = ("inventory_warehouse_pk", "warehouse_pk", "pk", "warehouse_id", "id", "record_no")


@dataclass(frozen=True, slots=True)
class LevelAt:
    """What EIM holds of one SKU in one location."""

    location: str
    remote_pk: str
    qty_available: Decimal | None
    qty_on_hand: Decimal | None
    moment: datetime | None


@dataclass(frozen=True, slots=True)
class InventoryItem:
    """What EIM holds of one SKU, in all and by location."""

    sku: str
    qty_available: Decimal | None
    qty_on_hand: Decimal | None
    aliases: tuple[Alias, ...]
    levels: tuple[LevelAt, ...]

    @classmethod
    def parse(cls, raw):
        """Read one entry of ``merchant/inventory``.

        :raise Unreadable: it has no usable SKU
        """
        warehouses = raw.get("warehouses")
        if isinstance(warehouses, dict):
            entries = warehouses.items()
        else:
            entries = ((first(entry, *_LOCATION_PKS), entry) for entry in maps(warehouses))
        return cls(
            sku=identity(raw.get("sku"), "SKU"),
            qty_available=number(raw.get("qty_available")),
            qty_on_hand=number(raw.get("qty_on_hand")),
            aliases=Alias.parse_all(raw.get("aliases")),
            levels=tuple(
                LevelAt(
                    text(first(entry, *_LOCATION_NAMES)),
                    text(pk),
                    number(entry.get("qty_available")),
                    number(entry.get("qty_on_hand")),
                    moment(entry.get("wms_datetime")),
                )
                for pk, entry in entries
                if isinstance(entry, dict)
            ),
        )


@dataclass(frozen=True, slots=True)
class Level:
    """A level to push: whole units of ``sku`` in the location named ``location``, as of ``moment`` (UTC)."""

    sku: str
    location: str
    qty_available: int
    qty_on_hand: int
    moment: datetime

    def to_wire(self):
        """Return the record of ``update_inventory`` (its keys are *inferred* from what EIM answers).

        :raise ValueError: a SKU or location that names nothing, a quantity that is negative or not whole
        """
        for quantity in (self.qty_available, self.qty_on_hand):
            if type(quantity) is not int or quantity < 0:
                raise ValueError(f"The quantity of {self.sku!r} must be a whole number from 0, not {quantity!r}.")
        return {
            "sku": writable(self.sku, "SKU"),
            "qty_available": self.qty_available,
            "qty_on_hand": self.qty_on_hand,
            "warehouse": writable(self.location, "location"),
            "wms_datetime": iso(self.moment),
        }


@dataclass(frozen=True, slots=True)
class Product:
    """A product as EIM knows it."""

    sku: str
    name: str
    description: str
    aliases: tuple[Alias, ...]

    @classmethod
    def parse(cls, raw):
        """Read the answer of ``merchant/product``.

        :raise Unreadable: it has no usable SKU
        """
        return cls(
            sku=identity(raw.get("sku"), "SKU"),
            name=text(raw.get("name")),
            description=note(raw.get("description")),
            aliases=Alias.parse_all(raw.get("aliases")),
        )


@dataclass(frozen=True, slots=True)
class ShipMethod:
    """A shipping method that the WMS or a cart knows."""

    carrier: str
    code: str
    description: str

    @classmethod
    def parse(cls, raw):
        """Read one entry; ``None`` without a code."""
        code = text(first(raw, "code", "ship_code", "method"))
        return cls(text(raw.get("carrier")), code, text(raw.get("description"))) if code else None


@dataclass(frozen=True, slots=True)
class Alert:
    """One of EIM's alerts.

    ``remote_id`` is a number as text; ``order/<cust_ref>`` where EIM has no alerts route and an order in
    error stands for the alert, which cannot be dismissed.
    """

    remote_id: str
    date: datetime | None
    order_source: str
    subject: str
    message: str
    cust_ref: str

    @classmethod
    def parse(cls, raw):
        """Read one entry of ``list_alerts`` (fields *inferred*); ``None`` without an id."""
        raw = clean(raw)
        remote_id = text(first(raw, "alert_id", "id", "pk"))
        if not remote_id:
            return None
        return cls(
            remote_id=remote_id,
            date=moment(first(raw, "created_date_time", "date")),
            order_source=text(raw.get("order_source")),
            subject=text(first(raw, "subject", "title", "type")),
            message=note(first(raw, "message", "body", "text")),
            cust_ref=text(raw.get("cust_ref")),
        )

    @classmethod
    def of_order(cls, order):
        """Return the alert that an order in status ``error`` stands for."""
        return cls(
            remote_id=f"order/{order.cust_ref}",
            date=order.updated or order.created,
            order_source=order.order_source,
            subject=order.error_code or "Order in error",
            message="\n".join(filter(None, (order.error_msg, order.error_reason))),
            cust_ref=order.cust_ref,
        )


@dataclass(frozen=True, slots=True)
class Merchant:
    """A merchant that a 3PL's warehouse-level key may act for."""

    merchant_pk: str
    name: str

    @classmethod
    def parse(cls, raw):
        """Read one entry of ``wms/merchant/list`` (fields *inferred*); ``None`` without a key."""
        pk = text(first(raw, "merchant_pk", "pk", "id", "merchant_id"))
        name = text(first(raw, "merchant", "name", "company", "merchant_name", "description"))
        return cls(pk, name) if pk else None


@dataclass(frozen=True, slots=True)
class Failure:
    """One record of a batch that EIM refused: ``index`` in the batch sent (from 0), or the key, or both.

    With neither, nobody knows which record it was: nothing of the batch can be taken for accepted.
    """

    key: str
    index: int | None
    message: str


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What EIM made of a batch; what is not among the failures was accepted."""

    failures: tuple[Failure, ...] = ()
    process_id: str = ""

    @classmethod
    def parse(cls, response, size, process_id=""):
        """Read the answer to a batch of ``size`` records; one without ``failed`` says that all were accepted.

        That ``index_pos`` counts from 0 is seen in an example; that inventory answers like orders is
        *inferred*.
        """
        failed = response.get("failed") if isinstance(response, dict) else None
        if failed and not isinstance(failed, list):
            failed = list(failed.values()) if isinstance(failed, dict) else [failed]
        failures = []
        for entry in failed or ():
            entry = entry if isinstance(entry, dict) else {"message": entry}
            index = number(entry.get("index_pos"))
            index = int(index) if index is not None and index == index.to_integral_value() else None
            key = first(entry, "sku", "cust_ref")
            failures.append(
                Failure(
                    key=key if isinstance(key, str) else text(key),
                    index=index if index is not None and 0 <= index < size else None,
                    message=note(first(entry, "message", "status_message", "error")) or "EIM gave no reason.",
                )
            )
        return cls(tuple(failures), process_id)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``total`` is EIM's, where sent; ``unreadable`` says what was passed over."""

    items: tuple
    number: int
    is_last: bool
    total: int | None = None
    unreadable: tuple[str, ...] = ()


def iso(when):
    """Return a naive UTC (or aware) ``datetime`` as EIM writes it: ``2018-08-27T02:24:58+00:00``."""
    when = when.replace(tzinfo=timezone.utc) if when.tzinfo is None else when.astimezone(timezone.utc)
    return when.replace(microsecond=0).isoformat()


def writable(value, what):
    """Return ``value`` if it can be sent as the name of something.

    :raise ValueError: it is no text, empty, too long, or has characters that no screen shows
    """
    try:
        return identity(value if isinstance(value, str) else None, what)
    except Unreadable as error:
        raise ValueError(f"{error.message} EIM is not told.") from None

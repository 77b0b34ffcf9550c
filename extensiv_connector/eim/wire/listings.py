"""What EIM lists beside orders and stock: carts, products, ship methods, alerts, merchants, and a list's pages.

Each ``parse`` reads one entry of an answer, tolerantly, and returns ``None`` for what names nothing. Where
the contract does not know an answer's shape, what is accepted is *inferred*.
"""

from dataclasses import dataclass
from datetime import datetime

from ..parsing import first, identity, is_nothing, maps, moment, note, text, words
from ..sanitizing import clean
from ..texts import _


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
        return tuple([cls(text(code_type), code) for code_type, value in pairs if not is_nothing(code := text(value))])


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
                name = words(first(entry, "name", "description"))
            elif key is None or key.isdigit():
                source = text(entry)
                name = ""
            else:
                source = text(key)
                name = words(entry)
            if source:
                carts.setdefault(source, cls(source, name or source))
        return tuple(carts.values())


_CART_KEYS = ("order_source", "cart_id", "cart", "name", "description", "id")


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
            name=words(raw.get("name")),
            description=note(raw.get("description")),
            aliases=Alias.parse_all(raw.get("aliases")),
        )


@dataclass(frozen=True, slots=True)
class ShipMethod:
    """A shipping method that the WMS or a cart knows; ``wms_code``: the WMS's method that a cart's is mapped to."""

    carrier: str
    code: str
    description: str
    wms_code: str = ""

    @classmethod
    def parse(cls, raw):
        """Read one entry; ``None`` without a code."""
        code = text(first(raw, "cart_code", "code", "ship_code", "method"))
        if not code:
            return None
        return cls(text(raw.get("carrier")), code, words(raw.get("description")), text(raw.get("wms_code")))


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
        remote_id = text(first(raw, "alert_id", "id", "pk"))  # as EIM has it: it is dismissed by that
        raw = clean(raw)
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
            subject=order.error_code or _("Order in error"),
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
        name = words(first(raw, "merchant", "name", "company", "merchant_name", "description"))
        return cls(pk, name) if pk else None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; ``total`` is EIM's, where sent; ``unreadable`` says what was passed over.

    ``limit`` is how many entries were asked for.
    """

    items: tuple
    number: int
    is_last: bool
    total: int | None = None
    unreadable: tuple[str, ...] = ()
    limit: int = 100

    @property
    def count(self):
        """How many entries EIM sent, readable or not."""
        return len(self.items) + len(self.unreadable)

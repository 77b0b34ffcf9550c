"""Parcels: what EIM is told of a shipment, and how far it is with an order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..errors import Unreadable
from ..parsing import Fields, identity, maps, number, text
from ..sanitizing import clean
from ..writing import iso, writable


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
                sku = entry.get("item")
                quantity = number(entry.get("quantity"))
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
class OrderStatus:
    """How far EIM is with an order."""

    cust_ref: str
    status: str
    shipments: tuple[Shipment, ...]

    @classmethod
    def parse(cls, raw):
        """Read the answer of ``merchant/orders/status``.

        :raise Unreadable: too large, no ``cust_ref`` or no status: nothing may be concluded from it
        """
        raw = clean(raw)
        status = text(raw.get("order_status"))
        if not status:
            raise Unreadable("EIM answered without the order's status.")
        cust_ref = identity(raw.get("cust_ref"), "cust_ref")
        return cls(cust_ref, status, Shipment.parse_all(raw.get("shipments"), []))

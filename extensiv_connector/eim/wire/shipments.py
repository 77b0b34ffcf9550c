"""Parcels: what EIM is told of a shipment, and how far it is with an order."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..errors import Unreadable
from ..parsing import Fields, identity, maps, number, text
from ..sanitizing import clean
from ..texts import _
from ..writing import iso, writable

_BOX = ("box_length_in", "box_width_in", "box_height_in")


@dataclass(frozen=True, slots=True)
class ShipmentItem:
    """What of a SKU is in a parcel; ``sku`` exactly as the order gave it.

    :param carton_num: which of the order's cartons it is in
    :param carton_code: what is on that carton's label, where the parcel has several cartons
    :param box: length, width and height of that carton in inches
    :param weight_lbs: that of the carton
    """

    sku: str
    quantity: Decimal
    line_no: str = ""
    lot_code: str = ""
    serial_no: str = ""
    carton_num: str = ""
    carton_code: str = ""
    box: tuple[Decimal, Decimal, Decimal] | None = None
    weight_lbs: Decimal | None = None

    def to_wire(self):
        """Return the item as EIM takes it.

        :raise ValueError: no SKU, or a quantity that is not above zero
        """
        quantity = number(self.quantity if type(self.quantity) in (int, str) else str(self.quantity))
        if quantity is None or quantity <= 0:
            raise ValueError(
                _(
                    "The shipped quantity of %(sku)s must be above zero, not %(quantity)s.",
                    sku=repr(self.sku),
                    quantity=repr(self.quantity),
                )
            )
        whole = quantity == quantity.to_integral_value()
        item = {"item": writable(self.sku, "SKU"), "quantity": int(quantity) if whole else f"{quantity:f}"}
        optional = {key: getattr(self, key) for key in _ITEM_TEXTS}
        item |= {key: writable(value, key) for key, value in optional.items() if value}
        return item | _write_box(self.box, self.weight_lbs)


_ITEM_TEXTS = ("line_no", "lot_code", "serial_no", "carton_num", "carton_code")


@dataclass(frozen=True, slots=True)
class Shipment:
    """One parcel, told to EIM or read back from it. ``date`` is naive UTC.

    :param box: length, width and height in inches
    :param secondary_no: the number of a second box with the same contents
    :param sscc: the serial shipping container code on its label
    """

    carrier: str
    method: str
    tracking_no: str
    date: datetime | None
    items: tuple[ShipmentItem, ...]
    weight_lbs: Decimal | None = None
    secondary_no: str = ""
    sscc: str = ""
    bill_of_lading: str = ""
    box: tuple[Decimal, Decimal, Decimal] | None = None

    @classmethod
    def parse_all(cls, value, problems):
        """Read the ``shipments`` of an order or a status; an item without SKU or quantity is passed over."""
        shipments = []
        for position, raw in enumerate(maps(value), 1):
            fields = Fields(raw, problems, _("Shipment %(number)s", number=position))
            items = []
            for entry in maps(raw.get("items")):
                sku = entry.get("item")
                quantity = number(entry.get("quantity"))
                if isinstance(sku, (str, int)) and sku and quantity is not None:
                    rest = (text(entry.get(key)) for key in _ITEM_TEXTS)
                    weight = number(entry.get("package_weight_lbs"))
                    items.append(ShipmentItem(str(sku), quantity, *rest, _read_box(entry), weight))
            shipments.append(
                cls(
                    carrier=fields.text("carrier"),
                    method=fields.text("method"),
                    tracking_no=fields.text("tracking_no"),
                    date=fields.moment("date"),
                    items=tuple(items),
                    weight_lbs=fields.number("package_weight_lbs"),
                    secondary_no=fields.text("tracking_no_secondary"),
                    sscc=fields.text("sscc_barcode"),
                    bill_of_lading=fields.text("bill_of_lading"),
                    box=_read_box(raw),
                )
            )
        return tuple(shipments)

    def to_wire(self):
        """Return the parcel as EIM takes it.

        :raise ValueError: nothing in it, a quantity not above zero, or text that cannot be sent
        """
        if not self.items:
            raise ValueError(_("A shipment without items is not sent."))
        parcel = {"items": [item.to_wire() for item in self.items]}
        for key, value in (
            ("carrier", self.carrier),
            ("method", self.method),
            ("tracking_no", self.tracking_no),
            ("tracking_no_secondary", self.secondary_no),
            ("sscc_barcode", self.sscc),
            ("bill_of_lading", self.bill_of_lading),
        ):
            if value:
                parcel[key] = writable(value, key)
        if self.date:
            parcel["date"] = iso(self.date)
        return parcel | _write_box(self.box, self.weight_lbs)


def _read_box(raw):
    """Return length, width and height of a carton, None where one of them is not known."""
    sides = tuple(number(raw.get(key)) for key in _BOX)
    return sides if all(side is not None and side > 0 for side in sides) else None


def _write_box(box, weight_lbs):
    """Return the keys of a carton's measures, as far as they are known."""
    measures = dict(zip(_BOX, box or (), strict=False))
    if weight_lbs is not None:
        measures["package_weight_lbs"] = weight_lbs
    return {key: f"{value:f}" for key, value in measures.items()}


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
            raise Unreadable(_("EIM answered without the order's status."))
        cust_ref = identity(raw.get("cust_ref"), "cust_ref")
        return cls(cust_ref, status, Shipment.parse_all(raw.get("shipments"), []))

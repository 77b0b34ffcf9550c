"""Typed objects for what travels between EIM and us: ``orders``, ``shipments``, ``stock`` and ``listings``.

Reading is tolerant: numbers as strings, ``[]`` for an empty map, nulls, unknown fields and wrong types never raise;
what could not be read is ``None`` (or ``""``) and said in ``problems``, in English. Only an order without a usable
``cust_ref`` is refused (``Unreadable``), for nothing could be done with it. Writing is strict.
Money and quantities are ``Decimal``; moments are naive UTC ``datetime``; text is ``str``, ``""`` when absent, stripped,
without NUL or lone surrogates, shortened where absurdly long. ``cust_ref`` and ``sku`` are identities, kept to the
character. Payment secrets are dropped or masked first, at any depth (``sanitizing``), but in what something is looked
up by; of anything but an order only the named fields are read at all.
"""

from .addresses import REDACTED, Address
from .listings import Alert, Alias, Cart, Merchant, Page, Product, ShipMethod
from .orders import ListedOrder, Order, OrderLine, codes_of
from .shipments import OrderStatus, Shipment, ShipmentItem
from .stock import LOCATION_KEYS, BatchResult, Failure, InventoryItem, Level, LevelAt, Location

__all__ = [
    "LOCATION_KEYS", "Address", "Alert", "Alias", "BatchResult", "Cart", "Failure", "InventoryItem", "Level", "LevelAt",
    "ListedOrder", "Location", "Merchant", "Order", "OrderLine", "OrderStatus", "Page", "Product", "Shipment",
    "ShipmentItem", "ShipMethod", "codes_of",
]  # fmt: skip

"""An order as EIM holds it."""

import json
from decimal import Decimal, InvalidOperation

from .catalogue import BY_SKU

# What a list or an order carries only when asked to: query argument -> key of the order, key of its lines.
EXTRAS = {
    "include_order_extras": "order_extras",
    "include_line_extras": "line_extras",
    "include_aliases": "aliases",
}


class Order:
    """An order as EIM holds it: its fields, the moments of its life and what it was told about it."""

    __slots__ = ("_encoded", "acknowledged", "history", "moments", "raw", "reappears")

    def __init__(self, raw: dict):
        self.reappears = bool(raw.pop("reappears", False))
        self.raw = raw
        self.moments: dict = {}
        self.history: list[dict] = []
        self.acknowledged = 0
        self._encoded: dict[frozenset, bytes] = {}

    @property
    def status(self) -> str:
        return self.raw.get("order_status") or "new"

    @property
    def is_pulled(self) -> bool:
        """Whether the connector has pulled it or has to."""
        free = "Y" not in (self.raw.get("on_hold"), self.raw.get("sending_canceled"))
        return bool(self.acknowledged) or (self.status == "new" and free)

    @property
    def cannot_be_imported(self) -> bool:
        """Whether a line names a SKU that the demonstration's products do not have."""
        return any(str(line.get("item")) not in BY_SKU for line in self.lines())

    def lines(self) -> list[dict]:
        """Return the lines that are ours to ship."""
        items = self.raw.get("items")
        lines = [line for line in items if isinstance(line, dict)] if isinstance(items, list) else []
        return [line for line in lines if line.get("filtered_sku") != "Y"]

    def encoded(self, asked: frozenset = frozenset()) -> bytes:
        """Return its JSON with what was ``asked`` for, encoded once until it changes."""
        if asked not in self._encoded:
            self._encoded[asked] = json.dumps(self._shown(asked)).encode()
        return self._encoded[asked]

    def changed(self) -> None:
        """Forget the encoded JSON."""
        self._encoded = {}

    def _shown(self, asked: frozenset) -> dict:
        shown = {key: value for key, value in self.raw.items() if key != "order_extras"}
        if "include_order_extras" in asked:
            shown["order_extras"] = self.raw.get("order_extras") or []
        if isinstance(self.raw.get("items"), list):
            # Inferred: the argument's name says that filtered lines are left out unless asked for.
            lines = self.raw["items"] if "include_filtered_items" in asked else self.lines()
            shown["items"] = [self._shown_line(line, asked) for line in lines]
        return shown

    def _shown_line(self, line: dict, asked: frozenset) -> dict:
        if not isinstance(line, dict):
            return line
        shown = {key: value for key, value in line.items() if key not in ("line_extras", "aliases")}
        for argument in ("include_line_extras", "include_aliases"):
            if argument in asked:
                key = EXTRAS[argument]
                shown[key] = line.get(key) or (_upc(line) if key == "aliases" else [])
        return shown


def _upc(line: dict) -> dict | list:
    product = BY_SKU.get(str(line.get("item")))
    return {"UPC": product.upc} if product else []


def units(value: object) -> Decimal:
    """Read a quantity, however it was typed; what is none counts as 0."""
    try:
        quantity = Decimal(str(value))
    except InvalidOperation:
        return Decimal()
    return quantity if quantity.is_finite() else Decimal()

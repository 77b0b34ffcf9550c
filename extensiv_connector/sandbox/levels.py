"""The stock levels EIM was told, by SKU and location."""

from collections import Counter
from dataclasses import dataclass
from itertools import islice

from .catalogue import BY_SKU, FORGOTTEN_SKU, LOCATIONS
from .refusal import INVALID, Refused
from .shapes import iso, parse_iso

# Which key of a pushed record may name its location.
LOCATION_KEYS = ("warehouse", "inventory_warehouse", "wms_warehouse_id", "wms_warehouse_name", "inventory_warehouse_pk")
# What may become of a level for a location that EIM does not know: refused; set up under a name of EIM's own, or as
# given; booked to the default location.
UNKNOWN_LOCATIONS = ("refused", "made_up", "as_given", "default")


@dataclass(slots=True)
class Level:
    """Absolute quantities of a SKU in one location, whole units, and how often they were told."""

    qty_available: int
    qty_on_hand: int
    wms_datetime: str
    pushes: int = 0


class Levels:
    """Every level EIM holds. SKUs are case-sensitive, quantities absolute.

    :param pending: units of a SKU on orders still new, which EIM deducts from what it shows
    """

    def __init__(self, now, pending: Counter):
        self._now = now
        self._pending = pending
        self.locations = dict(LOCATIONS)
        self.wms: dict[str, tuple[str, str]] = {}  # location -> its WMS ID and WMS name, where they are not its name
        self.location_key = "warehouse"  # no other key of a pushed record is read
        self.unknown_locations = "refused"
        self.hidden_locations: frozenset[str] = frozenset()  # taken, and not shown with their SKUs (yet)
        self.refused_skus: frozenset[str] = frozenset()  # each refused by itself
        self.poison_skus: frozenset[str] = frozenset()  # a batch with one of them is refused as a whole
        self.deduct_orders = True
        self.deduct_at_locations = False  # off what locations show, too, and not off the sum alone
        self.pushed = 0  # levels that somebody pushed
        long_ago = "2019-03-01T08:00:00+00:00"
        self.items: dict[str, dict[str, Level]] = {
            sku: {name: Level(0, 0, long_ago) for name in self.locations} for sku in (*BY_SKU, FORGOTTEN_SKU)
        }

    def push(self, records: list) -> list[dict]:
        """Take a batch of levels; return those refused, each with its ``sku``, ``index_pos`` and ``message``.

        :raise Refused: the whole batch
        """
        if any(isinstance(record, dict) and str(record.get("sku")) in self.poison_skus for record in records):
            raise Refused(INVALID, "Inventory update contains invalid data")
        failed = []
        for index, record in enumerate(records):
            try:
                self._push_one(record)
            except Refused as error:
                sku = record.get("sku") if isinstance(record, dict) else None
                failed.append({"sku": sku, "index_pos": index, "message": error.message})
        return failed

    def _push_one(self, record: object) -> None:
        if not isinstance(record, dict) or not isinstance(record.get("sku"), str) or not record["sku"]:
            raise Refused(INVALID, "Inventory record missing required field(s): sku")
        sku = record["sku"]
        if sku in self.refused_skus:
            raise Refused(INVALID, f"SKU not found: {sku}")
        available = _whole(record, "qty_available")
        on_hand = _whole(record, "qty_on_hand") if record.get("qty_on_hand") is not None else available
        location = self._location_of(record)
        moment = record.get("wms_datetime") or iso(self._now())
        try:
            parse_iso(moment)
        except ValueError as error:
            raise Refused(INVALID, "wms_datetime must be ISO 8601 with a time zone") from error
        levels = self.items.setdefault(sku, {})
        pushes = levels[location].pushes if location in levels else 0
        self.pushed += not pushes
        levels[location] = Level(available, on_hand, moment, pushes + 1)

    def _location_of(self, record: dict) -> str:
        """Return where a level is booked; a location that is not known is set up where the switch says so.

        :raise Refused: it is not known, and refused
        """
        default = next(iter(self.locations))
        named = record.get(self.location_key)
        if not named:
            return default
        for location, pk in self.locations.items():
            wms = self.wms.get(location, (location, location))
            keys = {"wms_warehouse_id": wms[0], "wms_warehouse_name": wms[1], "inventory_warehouse_pk": str(pk)}
            if str(named) == keys.get(self.location_key, location):
                return location
        if self.unknown_locations == "refused":
            raise Refused(INVALID, f"Unknown warehouse: {named}")
        if self.unknown_locations == "default":
            return default
        name = str(named)
        if self.unknown_locations == "made_up":
            name = f"EIM {name.strip().upper()}"
        self.locations.setdefault(name, max(self.locations.values()) + 1)
        return name

    def listed(self) -> list[dict]:
        """Return the locations as EIM lists them; the first is the default."""
        return [
            {
                "pk": pk,
                "inventory_warehouse": name,
                "wms_warehouse_id": self.wms.get(name, (None, None))[0],
                "wms_warehouse_name": self.wms.get(name, (None, None))[1],
                "default": "N" if number else "Y",
            }
            for number, (name, pk) in enumerate(self.locations.items())
        ]

    def shown(self, sku: str) -> dict:
        """Return a SKU as EIM shows it.

        Inferred: locations show what was pushed, the sum above them less what new orders take, at least 0.

        :raise Refused: unknown SKU
        """
        if sku not in self.items:
            raise Refused(INVALID, f"SKU not found: {sku}")
        levels = self.items[sku]
        deducted = max(0, int(self._pending[sku])) if self.deduct_orders and sku in self._pending else 0
        product = BY_SKU.get(sku)
        at_locations = self._without(levels, deducted if self.deduct_at_locations else 0)
        return {
            "sku": sku,
            "qty_available": max(0, sum(level.qty_available for level in levels.values()) - deducted),
            "qty_on_hand": sum(level.qty_on_hand for level in levels.values()),
            "wms_datetime": max((level.wms_datetime for level in levels.values()), default=None),
            "aliases": {"UPC": product.upc} if product else [],
            "warehouses": {
                str(self.locations.get(name, 0)): {
                    "warehouse": name,
                    "qty_available": at_locations[name],
                    "qty_on_hand": level.qty_on_hand,
                    "wms_datetime": level.wms_datetime,
                }
                for name, level in levels.items()
                if name not in self.hidden_locations
            }
            or [],
        }

    @staticmethod
    def _without(levels: dict, deducted: int) -> dict[str, int]:
        """Return what locations show available where `deducted` units are taken off the first that have them."""
        shown = {}
        for name, level in levels.items():
            shown[name] = max(0, level.qty_available - deducted)
            deducted -= level.qty_available - shown[name]
        return shown

    def page(self, limit: int, page: int) -> list[dict]:
        """Return a page of all SKUs as EIM shows them."""
        first = (page - 1) * limit
        return [self.shown(sku) for sku in islice(self.items, first, first + limit)]

    def listing(self, location: str = "", sku: str = "") -> list[dict]:
        """Return the levels that somebody pushed, exactly as pushed, of one location or SKU if given."""
        return [
            {
                "warehouse": name,
                "sku": key,
                "qty_available": level.qty_available,
                "qty_on_hand": level.qty_on_hand,
                "wms_datetime": level.wms_datetime,
                "pushes": level.pushes,
            }
            for key, levels in self.items.items()
            for name, level in levels.items()
            if level.pushes and location in ("", name) and sku in ("", key)
        ]


def _whole(record: dict, key: str) -> int:
    value = record.get(key)
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Refused(INVALID, f"{key} must be a whole number of 0 or more")
    return value

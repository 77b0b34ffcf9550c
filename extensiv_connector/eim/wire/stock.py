"""Stock: EIM's locations, what EIM holds of a SKU, the levels to push, and what EIM made of a batch."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..parsing import first, identity, maps, moment, note, number, text
from ..texts import _
from ..writing import iso, writable
from .listings import Alias


@dataclass(frozen=True, slots=True)
class Location:
    """An EIM "warehouse": stock is pushed by its name."""

    name: str
    remote_pk: str
    wms_warehouse_id: str = ""
    wms_warehouse_name: str = ""

    @classmethod
    def parse_all(cls, response):
        """Read a list of names or objects, one object, or a map pk → name or object (all *inferred*)."""
        locations = {}
        if isinstance(response, dict) and not text(first(response, *_LOCATION_NAMES)):
            entries = response.items()
        else:
            entries = (("", entry) for entry in (response if isinstance(response, (list, tuple)) else [response]))
        for key, entry in entries:
            location = cls._parse(entry, key) if isinstance(entry, dict) else cls(text(entry), text(key))
            if location.name:
                locations.setdefault(location.name, location)
        return tuple(locations.values())

    @classmethod
    def _parse(cls, entry, key):
        return cls(
            name=text(first(entry, *_LOCATION_NAMES)),
            remote_pk=text(first(entry, *_LOCATION_PKS) or key),
            wms_warehouse_id=text(entry.get("wms_warehouse_id")),
            wms_warehouse_name=text(entry.get("wms_warehouse_name")),
        )


_LOCATION_NAMES = (
    "inventory_warehouse",
    "warehouse",
    "name",
    "warehouse_name",
    "description",
    "location",
    "code",
    "wms_warehouse_name",
    "wms_warehouse_id",
)
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

    @property
    def identity(self):
        """What tells it from the others of a list."""
        return self.sku

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


LOCATION_KEYS = {
    "warehouse": "warehouse",
    "inventory_warehouse": "inventory_warehouse",
    "wms_warehouse_id": "wms_warehouse_id",
    "wms_warehouse_name": "wms_warehouse_name",
    "pk": "inventory_warehouse_pk",
}
"""How a pushed level may name its location -> the key of the record that does (all *inferred*)."""


@dataclass(frozen=True, slots=True)
class Level:
    """A level to push: whole units of ``sku``, as of ``moment`` (UTC).

    ``location`` is what names the location under the key with which the level is pushed: its name, its pk …
    """

    sku: str
    location: str
    qty_available: int
    qty_on_hand: int
    moment: datetime

    def to_wire(self, location_key="warehouse"):
        """Return the record of ``update_inventory`` (its keys are *inferred* from what EIM answers).

        :param location_key: a key of ``LOCATION_KEYS``
        :raise ValueError: a SKU or location that names nothing, a quantity that is negative or not whole
        """
        for quantity in (self.qty_available, self.qty_on_hand):
            if type(quantity) is not int or quantity < 0:
                raise ValueError(
                    _(
                        "The quantity of %(sku)s must be a whole number from 0, not %(quantity)s.",
                        sku=repr(self.sku),
                        quantity=repr(quantity),
                    )
                )
        return {
            "sku": writable(self.sku, "SKU"),
            "qty_available": self.qty_available,
            "qty_on_hand": self.qty_on_hand,
            LOCATION_KEYS[location_key]: writable(self.location, "location"),
            "wms_datetime": iso(self.moment),
        }


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
    """What EIM made of a batch; what is not among the failures was accepted.

    :param accepted: the references or SKUs that the answer names as taken; it need not name any
    """

    failures: tuple[Failure, ...] = ()
    process_id: str = ""
    accepted: frozenset[str] = frozenset()

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
            failures.append(
                Failure(
                    key=_name_of(entry),
                    index=index if index is not None and 0 <= index < size else None,
                    message=note(first(entry, "message", "status_message", "error")) or _("EIM gave no reason."),
                )
            )
        taken = response.get("success") if isinstance(response, dict) else None
        return cls(tuple(failures), process_id, frozenset(map(_name_of, maps(taken))) - {""})


def _name_of(entry):
    key = first(entry, "sku", "cust_ref")
    return key if isinstance(key, str) else text(key)

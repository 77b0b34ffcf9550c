"""EIM's own stock levels, and what its open orders will take of them, read page by page while there is time."""

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

from odoo import fields

from ..eim.client import MAX_LIMIT
from ..eim.errors import EimError, EndlessList
from ..eim.paging import Pages
from ..eim.writing import iso

# An order that EIM still holds open after so many days is nobody's any more.
OPEN_DAYS = 90


@dataclass
class InventoryReading:
    """What was read of EIM's inventory.

    :param items: ``{SKU: eim.wire.InventoryItem}``
    :param unreadable: sentences on the entries that were passed over
    :param next_page: where reading goes on
    :param place: the same as ``eim.paging.Pages`` remembers it, plain JSON
    :param is_complete: whether the last page was read
    :param endless: EIM's list comes to no end, or not to the one that it says: why; what was read is what there is
    """

    items: dict = field(default_factory=dict)
    unreadable: list = field(default_factory=list)
    next_page: int = 1
    place: dict | None = None
    is_complete: bool = False
    endless: str = ""

    @property
    def is_over(self):
        """Whether there is nothing more to read, be it that the list leads nowhere."""
        return self.is_complete or bool(self.endless)

    def quantities(self):
        """Return ``{(location name, SKU): whole units}`` of every level; one without a quantity counts as 0."""
        return {
            (level.location, item.sku): int(level.qty_available or 0)
            for item in self.items.values()
            for level in item.levels
            if level.location
        }

    def take(self, page):
        """Add what a page says."""
        self.items.update((item.sku, item) for item in page.items)
        self.unreadable += page.unreadable


@dataclass
class OpenOrdersReading:
    """What was read of EIM's open orders; ``ordered`` is ``{SKU: units}``, all else as in ``InventoryReading``."""

    ordered: Counter = field(default_factory=Counter)
    next_page: int = 1
    place: dict | None = None
    is_complete: bool = False
    endless: str = ""

    @property
    def is_over(self):
        return self.is_complete or bool(self.endless)

    def take(self, page):
        """Add what a page says."""
        for order in page.items:
            for line in order.lines:
                if line.sku and not line.filtered and line.quantity and line.quantity > 0:
                    self.ordered[line.sku] += float(line.quantity)


def read_inventory(client, until, first_page=1, max_wait=20.0):
    """Read EIM's inventory from ``first_page`` on, at least one page, until ``until`` (``time.monotonic()``).

    The client's own wait for a token shrinks with the time that is left.

    :return: an ``InventoryReading``; where EIM stops answering, what was read until then
    :raise EimError: not even the first page was answered
    """
    place = {"page": first_page, "count": (first_page - 1) * MAX_LIMIT}
    reading = InventoryReading(next_page=first_page)
    return _read(client, lambda number: client.list_inventory(page=number), reading, place, until, max_wait)


def read_inventory_on(client, until, place, reserve=None, max_wait=5.0):
    """Read EIM's inventory as ``read_inventory`` from the ``place`` of an earlier reading on, None: from its beginning.

    A list that leads nowhere is no error: the reading says so.

    :param reserve: tokens that are left to more urgent calls
    """
    reading = InventoryReading(next_page=(place or {}).get("page", 1))

    def ask(number):
        return client.list_inventory(page=number, reserve=reserve)

    return _read_on(client, ask, reading, place, until, max_wait)


def read_open_orders_on(client, until, place, reserve=0, max_wait=5.0):
    """Read what EIM's open orders will take, as ``read_inventory_on`` reads.

    That EIM takes from its levels what it lists as new is its word; that it may go on doing so while an order is at the
    WMS, until the level is told anew, is *inferred*.

    :return: an ``OpenOrdersReading``
    """
    since = fields.Datetime.now() - timedelta(days=OPEN_DAYS)
    reading = OpenOrdersReading(next_page=(place or {}).get("page", 1))

    def ask(number):
        return client.list_orders("new_or_at_wms", page=number, from_date=iso(since), reserve=reserve)

    return _read_on(client, ask, reading, place, until, max_wait)


def _read_on(client, ask, reading, place, until, max_wait):
    """Read as ``_read``; a list that leads nowhere is over."""
    try:
        return _read(client, ask, reading, place, until, max_wait)
    except EndlessList as error:
        reading.endless = error.message
    return reading


def _read(client, ask, reading, place, until, max_wait):
    """Read the pages that ``ask`` gives into ``reading``.

    :raise EimError: not even the first page was answered
    """
    pages = Pages(ask, place)
    first_page = pages.number
    while not reading.is_complete and (reading.next_page == first_page or time.monotonic() < until):
        client.max_wait = max(0.0, min(max_wait, until - time.monotonic()))
        try:
            page = pages.read()
        except EimError as error:
            if reading.next_page == first_page:
                raise
            if isinstance(error, EndlessList):
                reading.endless = error.message
            break
        reading.take(page)
        reading.next_page = pages.number
        reading.place = pages.place
        reading.is_complete = pages.is_over
    return reading

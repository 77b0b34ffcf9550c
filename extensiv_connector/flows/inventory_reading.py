"""EIM's own stock levels, read page by page for as long as there is time."""

import time
from dataclasses import dataclass, field

from ..eim.client import MAX_LIMIT
from ..eim.errors import EimError
from ..eim.paging import Pages


@dataclass
class InventoryReading:
    """What was read of EIM's inventory.

    :param items: ``{SKU: eim.wire.InventoryItem}``
    :param unreadable: sentences on the entries that were passed over
    :param next_page: where reading goes on
    :param is_complete: whether the last page was read
    """

    items: dict = field(default_factory=dict)
    unreadable: list = field(default_factory=list)
    next_page: int = 1
    is_complete: bool = False

    def quantities(self):
        """Return ``{(location name, SKU): whole units}`` of every level; one without a quantity counts as 0."""
        return {
            (level.location, item.sku): int(level.qty_available or 0)
            for item in self.items.values()
            for level in item.levels
            if level.location
        }


def read_inventory(client, until, first_page=1, max_wait=20.0):
    """Read EIM's inventory from ``first_page`` on, at least one page, until ``until`` (``time.monotonic()``).

    The client's own wait for a token shrinks with the time that is left.

    :return: an ``InventoryReading``; where EIM stops answering, what was read until then
    :raise EimError: not even the first page was answered
    """
    reading = InventoryReading(next_page=first_page)
    before = {"page": first_page, "count": (first_page - 1) * MAX_LIMIT}
    pages = Pages(lambda number: client.list_inventory(page=number), before)
    while not reading.is_complete and (reading.next_page == first_page or time.monotonic() < until):
        client.max_wait = max(0.0, min(max_wait, until - time.monotonic()))
        try:
            page = pages.read()
        except EimError:
            if reading.next_page == first_page:
                raise
            break
        reading.items.update((item.sku, item) for item in page.items)
        reading.unreadable += page.unreadable
        reading.next_page = pages.number
        reading.is_complete = pages.is_over
    return reading

"""Reading a list of EIM's page by page, and noticing one that leads nowhere."""

import hashlib

from .errors import EndlessList
from .texts import _


class Pages:
    """The pages of one list, read one after the other.

    How many entries a list has, EIM says with each page. Whether that is so is counted here: a list of which less comes
    than EIM says, and one that answers what it answered before, ends with an error instead of going on for ever.

    :param ask: takes the number of a page and returns a ``Page``
    :param place: what ``place`` of an earlier reading of the same list was, to go on there; with ``gone``, how many of
        the entries that were read left the list since then, so that the others moved to its front
    """

    def __init__(self, ask, place=None):
        place = place or {}
        self._ask = ask
        self.number = place.get("page", 1)
        self.is_over = False
        self._count = place.get("count", 0)
        self._last = place.get("last", "")
        self._seen = set()
        if place.get("gone"):
            self._move_back(place["gone"])

    @property
    def place(self):
        """Where reading goes on, as plain JSON."""
        return {"page": self.number, "count": self._count, "last": self._last}

    def read(self):
        """Return the next page; ``is_over`` then says whether it was the last.

        :raise EndlessList: the list does not come to an end, or ended before it should; it is over
        :raise EimError: as EIM answers; the same page is read the next time
        """
        page = self._ask(self.number)
        self._check_is_new(page)
        self._count += page.count
        self.is_over = self._is_last(page)
        self.number += 1
        if self.is_over and page.total is not None and page.total > self._count:
            raise EndlessList(
                _(
                    "EIM says that the list has %(total)s entries, and gives %(count)s.",
                    total=page.total,
                    count=self._count,
                )
            )
        return page

    def _move_back(self, gone):
        """Go on at the page that begins with, or before, the first entry that was not read."""
        pages = self.number - 1
        left = max(self._count - gone, 0)
        whole = left * pages // self._count if self._count else 0
        self._count = self._count * whole // pages if pages else 0
        self.number = whole + 1
        self._last = ""

    def _check_is_new(self, page):
        """Notice a page of which every entry was there before.

        :raise EndlessList: it is such a page
        """
        names = [item.identity for item in page.items]
        mark = hashlib.sha256("\n".join((*names, *page.unreadable)).encode(errors="replace")).hexdigest()[:16]
        if page.count and (mark == self._last or (names and self._seen.issuperset(names))):
            self.is_over = True
            raise EndlessList(
                _("EIM answers page %(number)s of the list with what it answered before.", number=self.number)
            )
        self._last = mark
        self._seen.update(names)

    def _is_last(self, page):
        if not page.count:
            return True
        is_full = page.count >= page.limit
        if page.total is None:
            return not is_full
        # A number that is reached within a full page may be that of the page: the next page shows it.
        is_of_page = is_full and (self._count > page.total or self.number == 1 and self._count == page.total)
        return self._count >= page.total and not is_of_page

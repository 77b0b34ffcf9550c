"""The pages of EIM's web application and of its help, all built from one base address each.

EIM does not publish the paths of its pages, only what to press once one is logged in. A page without a known path is
therefore its front page, and whoever links it also says what to press there.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urljoin

APP = "https://app.cartrover.com"
HELP = "https://support-im.extensiv.com"


class Page(NamedTuple):
    """A page of EIM's.

    :param path: under the base address; empty where it is not public
    :param mark: S seen, I inferred, as in ``routes``
    :param base: the address it is under, where that is not the application's
    """

    path: str = ""
    mark: str = "I"
    base: str = ""


PAGES = {
    "front": Page("", "S"),
    # All that follows is reached from the front page by its menu; their paths are inferred to be behind it.
    "signup": Page(),
    "wms": Page(),
    "carts": Page(),
    "orders": Page(),
    "locations": Page(),
    "alerts": Page(),
    # The guide on creating locations has no address of its own that is public: the how-tos, where it can be searched.
    # Features and prices have no public address that is known to last: Extensiv's own site, where both are.
    "pricing": Page("", "I", "https://www.extensiv.com"),
    "help_locations": Page("/portal/en/kb/cartrover/general-support/cartrover-how-tos", "I", HELP),
}


def page_address(name: str, base: str = "", path: str = "") -> str:
    """Return the address of a page.

    :param name: a key of ``PAGES``
    :param base: instead of EIM's own address, for pages of the application
    :param path: instead of the page's own
    :raise KeyError: there is no such page
    """
    page = PAGES[name]
    address = (page.base or base or APP).rstrip("/")
    return urljoin(f"{address}/", (path or page.path).lstrip("/")).rstrip("/")

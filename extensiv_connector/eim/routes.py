"""Every route of EIM in one table, each with where its path comes from."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from .texts import _

RESERVED_TOKENS = 20  # left to receiving and shipments by what can wait

SEEN = "S"
CALL_KNOWN = "N"
INFERRED = "I"
MARKS = {
    SEEN: _("seen in an official client or document"),
    CALL_KNOWN: _("the call is known, its path is inferred"),
    INFERRED: _("inferred"),
}


@dataclass(frozen=True)
class Route:
    """One call of EIM.

    :param paths: below ``/v1``, candidates in the order of trying; empty: off until an override gives one
    :param mark: a key of ``MARKS``
    :param reserve: tokens that the call leaves alone for more urgent ones
    :param follows: the route whose answering candidate says which noun this one has
    """

    name: str
    method: str
    paths: tuple
    mark: str
    reserve: int = 0
    follows: str = ""

    @property
    def writes(self):
        """Whether the call changes something at EIM, and so is never repeated by itself."""
        return self.method != "GET"

    @property
    def inferred(self):
        """In words, where the path comes from."""
        return MARKS[self.mark]

    @property
    def parts(self):
        """The names between braces that a path of this route may hold."""
        return _PARTS.get(self.name, ())


_PARTS = {
    "list_orders": ("status",),
    "get_order": ("cust_ref",),
    "get_order_status": ("cust_ref",),
    "acknowledge": ("cust_ref",),
    "ship": ("cust_ref",),
    "get_inventory": ("sku",),
    "get_product": ("sku",),
    "list_cart_ship_methods": ("order_source",),
}

ROUTES = {
    route.name: route
    for route in (
        Route("check_credentials", "GET", ("merchant/inventory",), SEEN),
        Route("list_carts", "GET", ("cart/list",), SEEN),
        Route(
            "list_locations",
            "GET",
            (
                "merchant/warehouse/list",
                "merchant/warehouse",
                "merchant/warehouses",
                "merchant/warehouses/list",
                "wms/warehouse/list",
            ),
            CALL_KNOWN,
        ),
        Route("list_orders", "GET", ("merchant/orders/list/{status}",), SEEN),
        Route("get_order", "GET", ("merchant/orders/{cust_ref}",), SEEN),
        Route("get_order_status", "GET", ("merchant/orders/status/{cust_ref}",), SEEN),
        Route("acknowledge", "POST", ("merchant/orders/update/{cust_ref}",), CALL_KNOWN, RESERVED_TOKENS),
        Route("ship", "POST", ("merchant/orders/update/{cust_ref}",), CALL_KNOWN),
        Route("cancel_order_in_cart", "POST", (), CALL_KNOWN),
        Route("batch_update_order_status", "POST", ("merchant/orders/update",), CALL_KNOWN, RESERVED_TOKENS),
        Route(
            "list_skipped_orders",
            "GET",
            ("merchant/orders/skipped", "merchant/orders/list/skipped", "merchant/orders/skipped/list"),
            CALL_KNOWN,
        ),
        Route("push_inventory", "POST", ("merchant/inventory",), CALL_KNOWN, RESERVED_TOKENS),
        Route("list_inventory", "GET", ("merchant/inventory",), SEEN, RESERVED_TOKENS),
        Route("get_inventory", "GET", ("merchant/inventory/{sku}",), SEEN, RESERVED_TOKENS),
        Route("get_product", "GET", ("merchant/product/{sku}",), SEEN),
        Route("list_ship_methods", "GET", ("wms/shipmethod/list",), SEEN),
        Route("list_cart_ship_methods", "GET", ("cart/shipmethod/list/{order_source}",), SEEN),
        Route(
            "list_alerts",
            "GET",
            ("merchant/alert/list", "merchant/alerts/list", "merchant/alerts", "merchant/alert"),
            CALL_KNOWN,
        ),
        Route(
            "dismiss_alerts",
            "POST",
            ("merchant/alert/dismiss", "merchant/alerts/dismiss"),
            CALL_KNOWN,
            follows="list_alerts",
        ),
        Route("list_merchants", "GET", ("wms/merchant/list",), SEEN),
    )
}

_PATH = re.compile(r"[A-Za-z0-9._~-]+(?:/(?:[A-Za-z0-9._~-]+|\{[a-z_]+\}))*")


def check_override(name, path):
    """Return an override's path as the client uses it (below ``/v1``, no slash around it).

    :raise ValueError: no such route, or no path of it, in a sentence for the person who typed it
    """
    route = ROUTES.get(name)
    if route is None:
        routes = ", ".join(ROUTES)
        raise ValueError(_("There is no route named %(name)s; the routes are %(routes)s.", name=name, routes=routes))
    path = str(path).strip().removeprefix("/").removesuffix("/").removeprefix("v1/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(path.split("/")):
        raise ValueError(
            _("The path of %(name)s must look like merchant/orders/{cust_ref}, without host or query.", name=name)
        )
    if sorted(re.findall(r"\{([a-z_]+)\}", path)) != sorted(route.parts):
        if not route.parts:
            raise ValueError(_("The path of %(name)s must hold nothing between braces.", name=name))
        wanted = ", ".join(f"{{{part}}}" for part in route.parts)
        raise ValueError(_("The path of %(name)s must hold %(parts)s between braces, once.", name=name, parts=wanted))
    return path


def fill(path, parts):
    """Return ``path`` with its parts URL-encoded, ``/`` included.

    :raise ValueError: an empty part, or ``.`` or ``..``, which every HTTP library would take for a step of
        the path
    """
    encoded = {}
    for name, value in parts.items():
        value = str(value)
        if value in ("", ".", ".."):
            raise ValueError(_("EIM cannot be asked for the %(name)s %(value)s.", name=name, value=repr(value)))
        try:
            encoded[name] = quote(value, safe="")
        except UnicodeEncodeError:
            raise ValueError(_("The %(name)s has characters that cannot be sent.", name=name)) from None
    return path.format_map(encoded)

"""Which of Odoo's methods confirming in batches relies on, and whether they are those it was made for.

Each part of ``confirm_batch`` knows how some methods of Odoo work: what they call, in which order, and what that
depends on. Of each of them ``known_methods.json`` lists the implementations that were read and compared, by a digest of
their source, in Odoo and in the modules named here. Where another app overrides one, or an update of Odoo changes one,
the parts that rely on it are off: that costs speed, never an order. ``python -m dev.known_methods`` writes the list.
"""

import hashlib
import inspect
import json
from functools import cache
from pathlib import Path
from weakref import WeakKeyDictionary

LIST = Path(__file__).with_suffix(".json")
OURS = "odoo.addons.extensiv_connector.models."
DECORATORS = "odoo.orm.decorators"

MODULES = (
    "account",
    "analytic",
    "base",
    "delivery",
    "delivery_stock_picking_batch",
    "mail",
    "mass_mailing",
    "mrp",
    "mrp_account",
    "mrp_subcontracting",
    "mrp_subcontracting_dropshipping",
    "point_of_sale",
    "portal",
    "product_expiry",
    "project_stock",
    "purchase_mrp",
    "purchase_stock",
    "rating",
    "repair",
    "sale",
    "sale_gelato_stock",
    "sale_loyalty",
    "sale_loyalty_delivery",
    "sale_margin",
    "sale_mrp",
    "sale_project",
    "sale_project_stock",
    "sale_purchase_stock",
    "sale_stock",
    "sale_stock_margin",
    "sms",
    "stock",
    "stock_account",
    "stock_delivery",
    "stock_dropshipping",
    "stock_landed_costs",
    "stock_picking_batch",
    "stock_sms",
    "utm",
    "website_sale",
    "website_sale_stock",
)
MIXINS = frozenset(
    {
        "base",
        "analytic.mixin",
        "mail.activity.mixin",
        "mail.thread",
        "mail.thread.main.attachment",
        "portal.mixin",
        "utm.mixin",
    }
)
_RESERVING = (
    "_action_assign",
    "_should_bypass_reservation",
    "_update_reserved_quantity",
    "_update_reserved_quantity_vals",
)
_QUANTS = (
    "_gather",
    "_get_available_quantity",
    "_get_gather_domain",
    "_get_removal_strategy",
    "_get_removal_strategy_order",
    "_get_reserve_quantity",
    "_update_available_quantity",
    "_update_reserved_quantity",
    "try_lock_for_update",
)
PARTS = {
    "analytic": {"account.analytic.distribution.model": ("_get_applicable_models",)},
    "defaults": {
        "sale.order": ("default_get",),
        "sale.order.line": ("default_get",),
        "stock.move": ("default_get",),
        "stock.move.line": ("default_get",),
    },
    "lines": {
        "stock.move": (*_RESERVING, "_recompute_state"),
        "stock.move.line": ("create", "_compute_quantity_product_uom"),
        "stock.quant": _QUANTS,
    },
    "messages": {
        "stock.move": ("_assign_picking", "_assign_picking_post_process"),
        "stock.picking": (
            "message_post",
            "message_post_with_source",
            "_message_compute_author",
            "_message_compute_parent_id",
            "_message_create",
            "_message_post_after_hook",
            "_notify_thread",
            "_process_attachments_for_post",
        ),
    },
    "numbers": {
        "ir.sequence": ("next_by_id", "_next", "_next_do", "get_next_char"),
        "stock.picking": ("create",),
    },
    "orderpoints": {"stock.move": ("_trigger_scheduler",)},
    "quants": {"stock.move": _RESERVING, "stock.quant": _QUANTS},
    "references": {
        "sale.order.line": ("_action_launch_stock_rule", "_get_qty_procurement", "_prepare_reference_vals"),
        "stock.picking": ("action_confirm",),
        "stock.move": ("_trigger_scheduler",),
    },
    "rules": {"stock.rule": ("_search_rule_for_warehouses", "_filter_warehouse_routes")},
    "transfers": {
        "sale.order.line": ("_action_launch_stock_rule", "_prepare_reference_vals"),
        "stock.move": (
            "_action_confirm",
            "_assign_picking",
            "_assign_picking_post_process",
            "_key_assign_picking",
            "_merge_moves",
            "_search_picking_for_assignation",
            "_search_picking_for_assignation_domain",
        ),
    },
}
"""``{part: {model: methods that it relies on}}``"""

_digests = WeakKeyDictionary()


@cache
def read_list():
    """Return ``{qualified name of a method: digests of its source}``."""
    return {name: frozenset(digests) for name, digests in json.loads(LIST.read_text()).items()}


def find_strange(registry):
    """Return ``{part: names of methods that it was not made for}`` of the parts that have such."""
    strange = {}
    for part, models in PARTS.items():
        found = [
            name
            for model, methods in models.items()
            for method in methods
            for name in _strange_implementations(registry[model], method)
        ]
        if found:
            strange[part] = sorted(set(found))
    return strange


def _strange_implementations(model, method):
    """Yield the name of each implementation of a method that is not listed."""
    for class_ in model.__mro__:
        function = vars(class_).get(method)
        if function is None:
            continue
        function = getattr(function, "__func__", function)
        while _module_of(function) == DECORATORS:
            function = function.__wrapped__
        module = _module_of(function)
        if module.startswith(OURS):
            continue
        name = f"{module}.{getattr(function, '__qualname__', method)}"
        if hasattr(function, "__wrapped__") or _digest_of(function) not in read_list().get(name, ()):
            yield name


def _module_of(function):
    """Return where a function was written; a decorator may have given it the name of what it wraps."""
    return getattr(function, "__globals__", {}).get("__name__", "")


def _digest_of(function):
    """Return the digest of a function's source, None where that is not to be had."""
    try:
        if function not in _digests:
            _digests[function] = digest(inspect.getsource(function.__code__))
        return _digests[function]
    except (AttributeError, OSError, TypeError):
        return None


def digest(source):
    """Return what the list has of the source of a method."""
    return hashlib.sha256(source.encode()).hexdigest()[:16]

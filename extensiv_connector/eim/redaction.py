"""Bodies of calls as the log may keep them: their shape and what is technical, nothing of a person or a payment."""

import json

from .cleaning import clean
from .errors import EimError

MAX_SHOWN = 20_000  # characters of one body
HIDDEN = "***"
# What may be shown, by the field's name; everything else keeps its name and loses its value, because a cart may
# put a person's data into any field.
_SHOWN = frozenset({
    "success_code", "error_code", "message", "status_message", "error_response", "error_msg", "error_reason",
    "response", "success", "failed", "index_pos",
    "cust_ref", "cust_po_no", "order_source", "order_status", "sending_canceled", "on_hold", "cancel_date",
    "created_date_time", "updated_date_time", "order_date", "requested_ship_date", "delivered_to_wms_date",
    "location", "warehouse", "inventory_warehouse_pk", "warehouse_pk", "pk", "id", "cart_id", "alert_id",
    "currency_code", "sub_total", "order_discount", "sales_tax", "shipping_handling", "grand_total",
    "line_no", "item", "sku", "quantity", "price", "discount", "addl_discount", "extended_amount", "tax",
    "filtered_sku", "lot_number", "alt_sku", "code", "code_type", "wms_datetime", "qty_available", "qty_on_hand",
    "carrier", "method", "ship_code", "ship_code_description", "tracking_no", "date",
})  # fmt: skip


def redact(body):
    """Return a JSON value as text for the log, at most ``MAX_SHOWN`` characters; ``""`` for nothing."""
    if body is None:
        return ""
    try:
        text = json.dumps(_redact(clean(body), "response"), ensure_ascii=False, indent=1)
    except EimError:
        return HIDDEN
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"


def _redact(value, name):
    if isinstance(value, dict):
        return {key: _redact(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_redact(item, name) for item in value]
    return value if value in (None, "", True, False) or str(name).lower() in _SHOWN else HIDDEN

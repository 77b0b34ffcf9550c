"""What EIM was told of a shipment, as a person reads it: numbers and moments in the reader's language and time zone."""

from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation

from odoo.tools.misc import format_datetime, formatLang

SHOWN_AS_CANCELLED = (False, "waiting", "ready", "failed", "skipped")
"""States of the shipment of a cancelled order that say nothing more than that it does not ship."""


def describe(env, shipment):
    """Return one ``shipment``, exactly as EIM was sent it, in a line."""
    head = " ".join(filter(None, map(shipment.get, ("carrier", "method", "tracking_no", "tracking_no_secondary"))))
    items = ", ".join(
        f"{_number(env, item['quantity'])} × {item['item']}"
        + "".join(f" ({item[key]})" for key in ("lot_code", "serial_no") if item.get(key))
        for item in shipment["items"]
    )
    rest = [shipment[key] for key in ("sscc_barcode", "bill_of_lading") if shipment.get(key)]
    if shipment.get("package_weight_lbs"):
        rest.append(env._("%s lb", _number(env, shipment["package_weight_lbs"])))
    if shipment.get("date"):
        rest.append(_moment(env, shipment["date"]))
    return f"{head}: {items}" + (f" ({', '.join(rest)})" if rest else "")


def _number(env, value):
    """Return a number with the digits that it has and no zeros after them."""
    try:
        number = Decimal(str(value)).normalize()
    except InvalidOperation:
        return str(value)
    return formatLang(env, float(number), digits=max(0, -number.as_tuple().exponent))


def _moment(env, text):
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return format_datetime(env, moment, tz=env.context.get("tz") or False, dt_format="short")

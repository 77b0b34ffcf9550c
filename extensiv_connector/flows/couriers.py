"""Who really carries a parcel that an aggregator of carriers was asked to send, where its app knows it."""

import re

BRANDS = ("USPS", "UPS", "FEDEX", "DHL")
# Where apps of aggregators keep it on the transfer: `easypost_oca_carrier_name`, `shipment_courier`, `courier_name` …
COURIER_FIELD = re.compile(r"(\w+_)?(courier(_name)?|carrier_name)")
# The same on the delivery method, where it buys from one courier alone.
OF_METHOD = ("easypost_delivery_type", "sendcloud_shipping_id.carrier", "shiprocket_courier_ids.name")


def courier_of(picking):
    """Return the courier of a transfer as EIM is told it, or an empty text where no app says so."""
    for name, known in sorted(picking._fields.items()):
        is_own = known.store and not (known.related and "carrier_id" in known.related)
        if is_own and known.type in ("char", "selection", "many2one") and COURIER_FIELD.fullmatch(name):
            value = picking[name]
            if text := (value.display_name if known.type == "many2one" else value):
                return to_brand(text)
    return ""


def courier_of_method(delivery):
    """Return the courier that a delivery method of an aggregator buys from, or an empty text."""
    for path in OF_METHOD:
        records = delivery
        *relations, name = path.split(".")
        for relation in relations:
            records = records[relation] if relation in records._fields else records.browse()
        if name in records._fields and len(records) == 1 and records[name]:
            return to_brand(records[name])
    return ""


def to_brand(text):
    """Return the brand in ``text`` as EIM knows it, such as UPS in “UPSDAP” and FEDEX in “fedex_ground”.

    Else the whole of it in upper case.
    """
    words = [word for word in re.split(r"[^A-Z0-9]+", text.upper()) if word]
    for brand in BRANDS:
        if brand in words:
            return brand
    compact = "".join(words)
    return next((brand for brand in BRANDS if compact.startswith(brand)), text.strip().upper())

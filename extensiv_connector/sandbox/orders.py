"""Orders as EIM would send them: from a few given values to every field, with money that adds up."""

import random
from datetime import date, datetime, time, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from .buyers import FIRST_NAMES, LAST_NAMES, STREETS, TOWNS
from .catalogue import BY_SKU, CARTS, PRODUCTS
from .order import units
from .shapes import ADDRESS_FIELDS, iso, line_shape, order_shape

CENT = Decimal("0.01")
# Test numbers of the card networks: the connector must drop them before anything else sees them.
PAYMENT_SECRETS = {
    "credit_card_no": "4111111111111111",
    "expiration_date": "12/29",
    "cvv": "737",
    "cc_last_four": "1111",
    "check_account_no": "000123456789",
    "check_bank_id": "110000000",
    "pre_auth_code": "PA-778812",
    "pre_auth_id": "ch_test_51",
    "ship_account_no": "A1B2C3",
}


def money(amount) -> str:
    """Write ``amount`` as EIM does, rounded half up to the cent."""
    return str(Decimal(amount).quantize(CENT, ROUND_HALF_UP))


def rate(amount) -> str:
    """Write a unit price or a line's discount as EIM does, with four digits."""
    return str(Decimal(amount).quantize(Decimal("0.0001"), ROUND_HALF_UP))


def address(kind: str, buyer: dict) -> dict:
    """Return the ``kind`` (``cust`` or ``ship``) fields of a ``buyer`` given by plain address field names."""
    return {f"{kind}_{field}": buyer.get(field) for field in ADDRESS_FIELDS}


def build_line(number: int, values: dict) -> dict:
    """Return a whole line from the ``values`` given; what is missing is taken from the catalogue or computed.

    ``quantity`` is left as it is typed: EIM sends ``"1"`` and ``1`` alike. So is what a cart left out.
    """
    product = BY_SKU.get(values.get("item"))
    line = line_shape() | {"line_no": str(number), "line_item_id": f"L{number:03d}"}
    if product:
        line |= {"price": rate(product.price), "Description": product.name}
    line |= values
    for field in ("price", "discount", "addl_discount"):
        if values.get(field) is not None and not isinstance(values[field], str):
            line[field] = rate(values[field])
    if "extended_amount" not in values:
        line["extended_amount"] = money((units(line["price"]) - units(line["discount"])) * units(line["quantity"]))
    return line


def build_order(values: dict) -> dict:
    """Return a whole order from the ``values`` given.

    A missing line or buyer is made up; missing money is computed by EIM's formulas, so that an order is
    consistent unless ``values`` say otherwise. Nothing given is changed.
    """
    values = dict(values)
    items = values.pop("items", None)
    lines = [build_line(number, line) for number, line in enumerate(items or [{"item": PRODUCTS[0].sku}], 1)]
    reference = values.get("cust_ref")
    order = order_shape() | {
        "record_no": reference,
        "cust_po_no": reference,
        "order_source": "Shopify",
        "currency_code": "USD",
        "pay_type": "CC",
    }
    if not any(values.get(f"cust_{field}") for field in ADDRESS_FIELDS):
        order |= address("cust", fallback_buyer(str(reference)))
    order |= values
    order["items"] = lines
    if "sub_total" not in values:
        order["sub_total"] = money(sum((units(line["extended_amount"]) for line in lines), Decimal()))
    if "order_discount" not in values:
        order["order_discount"] = money(sum((units(line["addl_discount"]) for line in lines), Decimal()))
    if "sales_tax" not in values:
        order["sales_tax"] = money(sum((units(line["tax"]) for line in lines), Decimal()))
    if "grand_total" not in values:
        order["grand_total"] = grand_total(order)
    if "total_qty" not in values:
        order["total_qty"] = order["num_to_ship"] = str(sum(units(line["quantity"]) for line in lines))
    return order


def grand_total(order: dict) -> str:
    """Return ``sub_total + sales_tax + shipping_handling - order_discount``, EIM's definition."""
    amount = {field: units(order[field]) for field in ("sub_total", "sales_tax", "shipping_handling", "order_discount")}
    return money(amount["sub_total"] + amount["sales_tax"] + amount["shipping_handling"] - amount["order_discount"])


def fallback_buyer(key: str) -> dict:
    """Return a buyer of the United States made up from ``key``, the same for the same key."""
    choose = random.Random(key)
    first = choose.choice(FIRST_NAMES)
    last = choose.choice(LAST_NAMES)
    city, state, postcode = choose.choice(TOWNS)
    return {
        "first_name": first,
        "last_name": last,
        "address_1": f"{choose.randrange(1, 999)} {choose.choice(STREETS)}",
        "address_2": "",
        "city": city,
        "state": state,
        "zip": postcode,
        "country": "USA",
        "phone": f"+1 {choose.randrange(201, 990)}-555-01{choose.randrange(100):02d}",
        "e_mail": f"{first}.{last}.{choose.randrange(10**8):08d}@example.com".lower(),
    }


def day_start(day: date) -> datetime:
    """Return midnight UTC of ``day``: made-up orders are dated before it, whenever that day they are made."""
    return datetime.combine(day, time(), timezone.utc)


def simple_orders(count: int, seed: int, day: date, lines: int = 0, skus: tuple = ()):
    """Yield ``count`` plain valid orders, each of a new buyer, all created in the week before ``day``.

    :param lines: lines an order; 0 for one to three
    :param skus: what they sell; the catalogue when empty
    """
    skus = skus or tuple(product.sku for product in PRODUCTS)
    choose = random.Random(f"simple/{seed}")
    start = day_start(day) - timedelta(days=7)
    sources = tuple(CARTS)
    for index in range(count):
        created = iso(start + timedelta(seconds=index * 7 * 86400 // count))
        source = sources[index % len(sources)]
        reference = f"{source[:2].upper()}{seed}-{index + 1:06d}"
        items = [
            {
                "item": sku,
                "quantity": str(choose.randrange(1, 4)),
                "price": rate(Decimal(choose.randrange(300, 9000)) / 100),
            }
            for sku in choose.sample(skus, min(lines or choose.randrange(1, 4), len(skus)))
        ]
        yield build_order(
            {
                "cust_ref": reference,
                "order_source": source,
                "order_date": created,
                "created_date_time": created,
                "updated_date_time": created,
                "shipping_handling": choose.choice(("0.00", "5.95", "8.40")),
                "sales_tax": money(choose.randrange(0, 900) / Decimal(100)),
                "items": items,
                **address("cust", fallback_buyer(reference)),
            }
        )

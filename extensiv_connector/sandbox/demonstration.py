"""The demonstration orders: every case a shopkeeper meets, dated in the days before the start.

The same seed and day give the same orders. Of them 40 are to be pulled; two of those fail, for an unknown SKU
and for one that differs in case. Every amount is in the currency of the demonstration company, USD.
"""

import random
from datetime import date, timedelta
from decimal import Decimal

from . import buyers
from .catalogue import CART_SHIPPING, CARTS, PRODUCTS
from .orders import PAYMENT_SECRETS, address, build_order, day_start, fallback_buyer, money
from .shapes import iso, redact, shipment_shape

PULLED = 40
FORMER_STATUSES = ("shipped", "confirmed")

# What each order shows, and what makes it so. ``buyer`` and ``recipient`` are addresses; where there is
# no recipient, EIM's ``ship_*`` are all null. ``age`` is in hours before the day of the start.
_CASES = (
    (
        "plain, paid shipping, tax in the header only",
        {
            "order_source": "Shopify",
            "buyer": buyers.MARY,
            "recipient": buyers.MARY,
            "shipping_handling": "5.95",
            "sales_tax": "2.61",
            "items": [{"item": "TEE-BLK-M", "quantity": "2"}],
        },
    ),
    (
        "the same buyer again, to her office; unit discount",
        {
            "order_source": "Shopify",
            "buyer": buyers.MARY,
            "recipient": buyers.MARYS_OFFICE,
            "shipping_handling": "5.95",
            "po_number": "PO-7781",
            "ship_address_type": "C",
            "items": [{"item": "MUG-11OZ", "quantity": "6", "discount": "1.5000"}],
        },
    ),
    (
        "a gift to her sister; free shipping",
        {
            "order_source": "Etsy",
            "buyer": buyers.MARY,
            "recipient": buyers.SISTER,
            "gift_wrap": "Y",
            "gift_message": "Happy birthday, Ruth!\nLove <3 & see you soon",
            "items": [{"item": "POSTER-A2", "quantity": 1}],
        },
    ),
    (
        "discount after tax on one line, inside the order's discount",
        {
            "order_source": "WooCommerce",
            "buyer": buyers.EMILY,
            "recipient": buyers.EMILY,
            "shipping_handling": "6.00",
            "items": [
                {"item": "HOODIE-GRY-L", "addl_discount": "4.9000"},
                {"item": "CAP-NVY", "quantity": "2"},
            ],
        },
    ),
    (
        "a discount on the order alone",
        {
            "order_source": "WooCommerce",
            "buyer": buyers.ZOE,
            "recipient": buyers.ZOE,
            "promo_code": "WELCOME10",
            "order_discount": "10.00",
            "shipping_handling": "6.00",
            "items": [{"item": "HOODIE-GRY-L"}, {"item": "TOTE-CANVAS", "quantity": "3"}],
        },
    ),
    (
        "a discount on the order and one on a line, contained in it",
        {
            "order_source": "BigCommerce",
            "buyer": buyers.JUERGEN,
            "recipient": buyers.JUERGEN,
            "order_discount": "12.50",
            "shipping_handling": "8.40",
            "shipping_instructions": "Anlieferung nur Mo–Fr, 8–12 Uhr, Rampe 2",
            "items": [
                {"item": "MUG-TRAVEL", "quantity": "4", "addl_discount": "7.5000"},
                {"item": "NOTEBOOK-A5", "quantity": "5"},
            ],
        },
    ),
    (
        "all of it for nothing: 100 % off",
        {
            "order_source": "Shopify",
            "buyer": buyers.LIAM,
            "recipient": buyers.LIAM,
            "promo_code": "INFLUENCER",
            "items": [{"item": "CAP-NVY", "discount": "15.5000"}],
        },
    ),
    (
        "one free article beside a paid one",
        {
            "order_source": "BigCommerce",
            "buyer": buyers.JOSE,
            "recipient": buyers.JOSE,
            "items": [
                {"item": "TEE-WHT-M"},
                {"item": "STICKER/10", "discount": "3.5000", "line_comment": "Free with any T-shirt"},
            ],
        },
    ),
    (
        "tax on the lines, and so in the header",
        {
            "order_source": "Amazon_US2",
            "buyer": buyers.MARKETPLACE,
            "recipient": buyers.MARKETPLACE,
            "items": [
                {"item": "TOTE-CANVAS", "quantity": "2", "tax": "1.75"},
                {"item": "PEN-GEL-3", "tax": "0.39"},
            ],
        },
    ),
    (
        "no delivery address of its own, no currency named",
        {
            "order_source": "WooCommerce",
            "buyer": buyers.LUKASZ,
            "currency_code": None,
            "shipping_handling": "6.00",
            "items": [{"item": "NOTEBOOK-A5", "quantity": "3"}],
        },
    ),
    (
        "a kit",
        {
            "order_source": "Shopify",
            "buyer": buyers.SATO,
            "recipient": buyers.SATO,
            "shipping_handling": "14.50",
            "items": [{"item": "KIT-DESK", "quantity": "2"}, {"item": "PEN-GEL-3"}],
        },
    ),
    (
        "a line that EIM filtered",
        {
            "order_source": "Shopify",
            "buyer": buyers.NOOR,
            "recipient": buyers.NOOR,
            "shipping_handling": "5.95",
            "items": [
                {"item": "MUG-TRAVEL"},
                {
                    "item": "SHIPPING-PROTECTION",
                    "price": "0.0000",
                    "Description": "Shipping protection",
                    "filtered_sku": "Y",
                },
            ],
        },
    ),
    (
        "a price of four digits",
        {
            "order_source": "BigCommerce",
            "buyer": buyers.BRUNO,
            "recipient": buyers.BRUNO,
            "items": [{"item": "STICKER/10", "quantity": "3", "price": "3.3325"}],
        },
    ),
    (
        "from eBay in Canada",
        {
            "order_source": "Ebay_CA",
            "buyer": buyers.MARTIN,
            "recipient": buyers.MARTIN,
            "shipping_handling": "12.75",
            "sales_tax": "4.91",
            "items": [{"item": "HOODIE-GRY-L", "quantity": 1}],
        },
    ),
    (
        "from eBay in Canada, country by its name",
        {
            "order_source": "Ebay_CA",
            "buyer": buyers.SUSAN,
            "recipient": buyers.SUSAN,
            "shipping_handling": "12.75",
            "items": [{"item": "TEE-BLK-L", "quantity": 2}, {"item": "CAP-NVY", "quantity": 1}],
        },
    ),
    (
        "paid by card, its number among the data",
        {
            "order_source": "BigCommerce",
            "buyer": buyers.EMILY,
            "recipient": buyers.EMILY,
            **PAYMENT_SECRETS,
            "order_extras": {
                "gateway": {"card_number": "4242424242424242", "cvv2": "999"},
                "utm_source": "newsletter",
            },
            "items": [{"item": "TEE-BLK-M"}],
        },
    ),
    (
        "the number of another cart's order",
        {
            "order_source": "WooCommerce",
            "buyer": buyers.JUERGEN,
            "recipient": buyers.JUERGEN,
            "cust_po_no": "1001",
            "items": [{"item": "MUG-11OZ"}],
        },
    ),
    (
        "shown as new once more after it was acknowledged",
        {
            "order_source": "Shopify",
            "buyer": buyers.ZOE,
            "recipient": buyers.ZOE,
            "reappears": True,
            "items": [{"item": "TOTE-CANVAS"}],
        },
    ),
    (
        "a SKU that nobody knows",
        {
            "order_source": "Shopify",
            "buyer": buyers.LIAM,
            "recipient": buyers.LIAM,
            "items": [
                {"item": "MUG-11OZ"},
                {"item": "SCARF-RED", "price": "22.0000", "Description": "Scarf, red"},
            ],
        },
    ),
    (
        "a SKU that differs in case",
        {
            "order_source": "Etsy",
            "buyer": buyers.JOSE,
            "recipient": buyers.JOSE,
            "items": [{"item": "poster-a2", "price": "18.0000", "Description": "Poster, A2"}],
        },
    ),
    (
        "held at EIM",
        {
            "order_source": "Shopify",
            "buyer": buyers.SUSAN,
            "recipient": buyers.SUSAN,
            "on_hold": "Y",
            "items": [{"item": "HOODIE-GRY-L", "quantity": "12"}],
        },
    ),
    (
        "its sending was stopped by a person",
        {
            "order_source": "BigCommerce",
            "buyer": buyers.MARTIN,
            "recipient": buyers.MARTIN,
            "sending_canceled": "Y",
            "items": [{"item": "TEE-WHT-M"}],
        },
    ),
    (
        "canceled by the buyer",
        {
            "order_source": "Shopify",
            "buyer": buyers.LUKASZ,
            "recipient": buyers.LUKASZ,
            "order_status": "canceled",
            "items": [{"item": "MUG-TRAVEL"}],
        },
    ),
    (
        "EIM could not read its address",
        {
            "order_source": "Amazon_US2",
            "buyer": buyers.MARKETPLACE,
            "order_status": "error",
            "error_code": "Invalid",
            "error_msg": "Unmapped ship method",
            "error_reason": "Ship code 'Next US D2D Dom' is mapped to nothing",
            "items": [{"item": "TEE-BLK-M"}],
        },
    ),
    (
        "shipped last week; the marketplace has removed the buyer",
        {
            "order_source": "Amazon_US2",
            "buyer": buyers.MARKETPLACE,
            "recipient": buyers.MARKETPLACE,
            "age": 190,
            "order_status": "shipped",
            "items": [{"item": "CAP-NVY"}],
        },
    ),
    (
        "confirmed last week",
        {
            "order_source": "Shopify",
            "buyer": buyers.EMILY,
            "recipient": buyers.EMILY,
            "age": 200,
            "order_status": "confirmed",
            "items": [{"item": "PEN-GEL-3", "quantity": "2"}],
        },
    ),
)


def demonstration(seed: int, day: date) -> list[dict]:
    """Return the demonstration orders, oldest first.

    The key ``reappears`` is for the store: EIM shows the order as new once more after it was acknowledged.
    """
    choose = random.Random(f"demonstration/{seed}")
    cases = [dict(values) for _what, values in _CASES]
    pulled = sum(_is_pulled(case) for case in cases)
    cases += [_everyday_order(choose, index) for index in range(PULLED - pulled)]
    orders = [_finish(case, index, choose, day) for index, case in enumerate(cases)]
    return sorted(orders, key=lambda order: order["created_date_time"])


def _is_pulled(case: dict) -> bool:
    free = "Y" not in (case.get("on_hold"), case.get("sending_canceled"))
    return free and case.get("order_status", "new") == "new"


def _everyday_order(choose: random.Random, index: int) -> dict:
    source = tuple(CARTS)[index % len(CARTS)]
    buyer = choose.choice(buyers.ABROAD) if index % 4 == 3 else fallback_buyer(f"everyday/{choose.random()}")
    sold = choose.sample(PRODUCTS, choose.randrange(1, 4))
    return {
        "order_source": source,
        "buyer": buyer,
        "recipient": buyer if index % 3 else None,
        "shipping_handling": choose.choice(CART_SHIPPING[source])[3],
        "sales_tax": money(Decimal(choose.randrange(0, 600)) / 100),
        "items": [{"item": product.sku, "quantity": str(choose.randrange(1, 4))} for product in sold],
    }


def _finish(case: dict, index: int, choose: random.Random, day: date) -> dict:
    source = case["order_source"]
    buyer = case.pop("buyer")
    recipient = case.pop("recipient", None)
    created = day_start(day) - timedelta(hours=case.pop("age", 2 + index * 4), minutes=choose.randrange(60))
    reference, number = _reference(source, index, choose)
    price = case.get("shipping_handling", "0.00")
    methods = CART_SHIPPING[source]
    method = next((method for method in methods if method[3] == price), methods[0])
    carrier, code, description, _price = method
    values = {
        "cust_ref": reference,
        "cust_po_no": number,
        "record_no": str(880_000 + index),
        "carrier": carrier,
        "ship_code": code,
        "ship_code_description": description,
        # Some carts give the moment, others the day alone.
        "order_date": created.date().isoformat() if index % 3 == 0 else iso(created - timedelta(minutes=11)),
        "created_date_time": iso(created),
        "updated_date_time": iso(created),
        "mark_in_progress_date": iso(created + timedelta(seconds=1)),
        "latest_ship_date": iso(created + timedelta(days=4)) if source == "Amazon_US2" else None,
        "customer_id": str(4000 + index),
        "ship_address_type": "R",
        **address("cust", buyer),
        **(address("ship", recipient) if recipient else {}),
    }
    order = build_order(values | case)
    _add_history(order, created)
    return order


def _reference(source: str, index: int, choose: random.Random) -> tuple[str, str]:
    """Return the ``cust_ref`` and the ``cust_po_no`` as the cart would number them."""
    if source == "Amazon_US2":
        reference = f"113-{choose.randrange(10**6, 10**7)}-{choose.randrange(10**6, 10**7)}"
        return reference, reference
    if source == "Ebay_CA":
        reference = f"{10 + index:02d}-{choose.randrange(10**4, 10**5)}-{choose.randrange(10**4, 10**5)}"
        return reference, reference
    if source == "BigCommerce":  # a slash and a space, which a path must encode
        return f"BC/{500 + index} A", str(500 + index)
    if source == "Shopify":
        return str(5_501_234_000 + index), str(1001 + index)
    return f"{source[:4].upper()}-{2000 + index}", str(2000 + index)


def _add_history(order: dict, created) -> None:
    """Give an order that is not new what happened to it since."""
    status = order["order_status"]
    if status == "canceled":
        order["cancel_date"] = iso(created + timedelta(hours=1))
    if status in FORMER_STATUSES:
        shipped = iso(created + timedelta(hours=20))
        parcel = {
            "carrier": "UPS",
            "method": "11",
            "tracking_no": "1Z999AA10123456784",
            "date": shipped,
            "items": [{"item": line["item"], "quantity": line["quantity"]} for line in order["items"]],
        }
        order |= {
            "delivered_to_wms_date": iso(created + timedelta(minutes=10)),
            "updated_date_time": shipped,
            "num_shipped": order["total_qty"],
            "num_to_ship": "0",
            "shipments": [shipment_shape(parcel)],
        }
        if order["order_source"].startswith("Amazon"):
            redact(order)

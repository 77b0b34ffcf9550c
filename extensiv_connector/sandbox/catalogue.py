"""What the demonstration merchant sells, where it keeps it and through which carts."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Product:
    """A product under its SKU; ``price`` in USD as text, ``weight_lbs`` in pounds as text."""

    sku: str
    name: str
    price: str
    weight_lbs: str
    upc: str
    components: tuple[tuple[str, int], ...] = ()  # of a kit: (SKU, quantity)


PRODUCTS = (
    Product("TEE-BLK-M", "T-shirt, black, M", "19.00", "0.40", "614141000012"),
    Product("TEE-BLK-L", "T-shirt, black, L", "19.00", "0.42", "614141000029"),
    Product("TEE-WHT-M", "T-shirt, white, M", "19.00", "0.40", "614141000036"),
    Product("HOODIE-GRY-L", "Hooded sweatshirt, grey, L", "49.00", "1.30", "614141000043"),
    Product("CAP-NVY", "Cap, navy", "15.50", "0.25", "614141000050"),
    Product("MUG-11OZ", "Mug, 11 oz", "12.00", "0.80", "614141000067"),
    Product("MUG-TRAVEL", "Travel mug, 16 oz", "24.90", "0.95", "614141000074"),
    Product("TOTE-CANVAS", "Canvas tote bag", "9.99", "0.35", "614141000081"),
    Product("NOTEBOOK-A5", "Notebook, A5, dotted", "7.25", "0.60", "614141000098"),
    Product("PEN-GEL-3", "Gel pens, set of 3", "4.50", "0.10", "614141000104"),
    Product("POSTER-A2", "Poster, A2", "18.00", "0.30", "614141000111"),
    Product("STICKER/10", "Stickers, set of 10", "3.50", "0.05", "614141000128"),
    Product(
        "KIT-DESK",
        "Desk kit: mug, notebook and pens",
        "21.00",
        "1.50",
        "614141000135",
        (("MUG-11OZ", 1), ("NOTEBOOK-A5", 1), ("PEN-GEL-3", 1)),
    ),
)
BY_SKU = {product.sku: product for product in PRODUCTS}

# Known to EIM from long ago and to nobody else: what a comparison of SKUs has to find.
FORGOTTEN_SKU = "CAP-RED-2019"

# name -> primary key
LOCATIONS = {"EAST": 3101, "WEST": 3102}

# order_source -> (type, name)
CARTS = {
    "Shopify": ("Shopify", "Shopify - Northwind Goods"),
    "Amazon_US2": ("Amazon Seller Central", "Amazon.com"),
    "BigCommerce": ("BigCommerce", "BigCommerce - Outlet"),
    "Ebay_CA": ("eBay", "eBay.ca"),
    "WooCommerce": ("WooCommerce", "WooCommerce - Blog shop"),
    "Etsy": ("Etsy", "Etsy - Northwind Prints"),
}
CART_TYPES = (
    "Amazon Seller Central",
    "Amazon Vendor Central",
    "API Access",
    "Best Buy Canada",
    "BigCommerce",
    "ChannelAdvisor",
    "eBay",
    "Ecwid",
    "Etsy",
    "Faire",
    "Magento 2",
    "Shopify",
    "ShipStation",
    "Walmart",
    "WooCommerce",
)

# What the merchant's warehouse ships with: codes belong to the account.
SHIP_METHODS = (
    {"carrier": "USPS", "code": "03", "description": "USPS Ground Advantage"},
    {"carrier": "USPS", "code": "07", "description": "USPS Priority Mail"},
    {"carrier": "UPS", "code": "11", "description": "UPS Ground"},
    {"carrier": "UPS", "code": "14", "description": "UPS 2nd Day Air"},
    {"carrier": "FEDEX", "code": "42", "description": "FedEx Home Delivery"},
    {"carrier": "DHL", "code": "61", "description": "DHL Express Worldwide"},
    {"carrier": "", "code": "PU", "description": "Pick up"},
)

# What a buyer can choose in a cart: (carrier, ship_code, description, price).
CART_SHIPPING = {
    "Shopify": (
        (None, "Standard", "Standard shipping", "5.95"),
        (None, "Express", "Express shipping", "14.50"),
    ),
    "Amazon_US2": (
        (None, "Std US D2D Dom", "Standard", "0.00"),
        (None, "Second US D2D Dom", "Two-Day", "9.99"),
    ),
    "BigCommerce": (
        ("UPS", "UPS Ground", "UPS Ground", "8.40"),
        (None, "freeshipping", "Free shipping", "0.00"),
    ),
    "Ebay_CA": ((None, "CA_PostExpeditedParcel", "Canada Post Expedited Parcel", "12.75"),),
    "WooCommerce": (
        (None, "flat_rate", "Flat rate", "6.00"),
        (None, "free_shipping", "Free shipping", "0.00"),
    ),
    "Etsy": (("USPS", "usps_priority", "USPS Priority Mail", "7.10"),),
}

# What a warehouse-level key may act for: primary key -> name.
MERCHANTS = {"7001": "Harbour Goods", "7002": "Pine & Co"}

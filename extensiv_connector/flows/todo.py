"""To Do: the orders of the inbox that need a person, what each needs one for, and what is done for many at once."""

from collections import Counter, defaultdict

from odoo.tools import SQL

from . import holds

# What an order needs a person for, the most urgent first.
KINDS = ("failed", "held", "again", "method", "address", "cart")

# Parts of a delivery address without which nothing is delivered, by the fields of ``res.partner``.
ADDRESS_PARTS = {"street": "street", "city": "city", "country": "country_id", "state": "state_id"}


# -- which orders


def select(env, kinds=KINDS):
    """Return SQL for ``(id, kind)`` of the orders of the inbox that need a person for one of ``kinds``."""
    for model in ("extensiv.order", "extensiv.cart", "extensiv.account", "sale.order", "res.partner"):
        env[model].flush_model(READ[model])
    return SQL(" UNION ").join([SELECTS[kind] for kind in KINDS if kind in kinds] or [NOTHING])


READ = {
    "extensiv.order": ["account_id", "cart_id", "state", "listed_again_at", "sale_order_id", "asked_method"],
    "extensiv.cart": ["active", "is_new", "push_shipments"],
    "extensiv.account": ["push_shipments"],
    "sale.order": [
        "state",
        "carrier_id",
        "partner_shipping_id",
        "extensiv_order_id",
        "extensiv_is_held",
        "extensiv_address_doubt",
        "extensiv_needs_carrier",
        "extensiv_shipment_state",
    ],
    "res.partner": [*ADDRESS_PARTS.values()],
}
NOTHING = SQL("SELECT NULL::integer AS id, NULL AS kind WHERE FALSE")
SELECTS = {
    "failed": SQL("SELECT id, 'failed' AS kind FROM extensiv_order WHERE state = 'failed'"),
    "held": SQL(
        """SELECT sale.extensiv_order_id AS id, 'held' AS kind
             FROM sale_order sale WHERE sale.extensiv_is_held AND sale.extensiv_order_id IS NOT NULL"""
    ),
    "again": SQL("SELECT id, 'again' AS kind FROM extensiv_order WHERE listed_again_at IS NOT NULL"),
    # A carrier that the cart names is told to EIM as it is, and where nobody is told, nobody has to choose.
    "method": SQL(
        """SELECT received.id, 'method' AS kind
             FROM extensiv_order received
             JOIN sale_order sale ON sale.id = received.sale_order_id
             JOIN extensiv_account account ON account.id = received.account_id
             LEFT JOIN extensiv_cart cart ON cart.id = received.cart_id
            WHERE sale.extensiv_shipment_state = 'waiting' AND sale.state = 'sale' AND sale.carrier_id IS NULL
              AND (sale.extensiv_needs_carrier
                   OR received.asked_method IS NOT NULL AND account.push_shipments
                      AND COALESCE(cart.push_shipments, TRUE))"""
    ),
    "address": SQL(
        """SELECT sale.extensiv_order_id AS id, 'address' AS kind
             FROM sale_order sale JOIN res_partner partner ON partner.id = sale.partner_shipping_id
            WHERE sale.extensiv_address_doubt IS NOT NULL AND sale.extensiv_order_id IS NOT NULL
              AND sale.state IN ('draft', 'sent', 'sale') AND sale.extensiv_shipment_state = 'waiting'
              AND (position('street' IN sale.extensiv_address_doubt) > 0 AND COALESCE(partner.street, '') = ''
                   OR position('city' IN sale.extensiv_address_doubt) > 0 AND COALESCE(partner.city, '') = ''
                   OR position('country' IN sale.extensiv_address_doubt) > 0 AND partner.country_id IS NULL
                   OR position('state' IN sale.extensiv_address_doubt) > 0 AND partner.state_id IS NULL)"""
    ),
    "cart": SQL(
        """SELECT received.id, 'cart' AS kind
             FROM extensiv_order received JOIN extensiv_cart cart ON cart.id = received.cart_id
            WHERE cart.is_new AND cart.active AND received.state IN ('received', 'failed', 'imported')"""
    ),
}


def find_kinds(orders):
    """Return ``{id: [kind]}`` of those of ``orders`` of the inbox that need a person, the most urgent kind first."""
    if not orders.ids:
        return {}
    rows = orders.env.execute_query(
        SQL("SELECT id, kind FROM (%s) todo WHERE id = ANY (%s)", select(orders.env), orders.ids)
    )
    kinds = defaultdict(list)
    for order_id, kind in sorted(rows, key=lambda row: KINDS.index(row[1])):
        kinds[order_id].append(kind)
    return kinds


def count(accounts):
    """Return ``{account id: Counter of the orders of each kind, "all": of each order once}``."""
    rows = accounts.env.execute_query(
        SQL(
            """SELECT received.account_id, todo.kind, todo.id
                 FROM (%s) todo JOIN extensiv_order received ON received.id = todo.id
                WHERE received.account_id = ANY (%s)""",
            select(accounts.env),
            accounts.ids,
        )
    )
    counts = defaultdict(Counter)
    seen = set()
    for account_id, kind, order_id in rows:
        counts[account_id][kind] += 1
        counts[account_id]["all"] += order_id not in seen
        seen.add(order_id)
    return counts


# -- what importing notes for it


def note_address(draft):
    """Note on the sale order of ``draft`` what its delivery address lacks: nothing is delivered without that.

    A state lacks where the order names one that Odoo does not know, of a country that has states.
    """
    partner = draft.contacts.delivery
    lacking = [part for part, field in ADDRESS_PARTS.items() if part != "state" and not partner[field]]
    sent = draft.wire.delivery or draft.wire.billing
    if sent.state and not partner.state_id and partner.country_id.state_ids:
        lacking.append("state")
    needs_none = all(product.type == "service" for product in draft.products.values())
    if lacking and not needs_none:
        draft.sale.extensiv_address_doubt = ",".join(lacking)


def find_lacking(sale):
    """Return the parts of ``sale``'s delivery address that lacked when it was imported, and still do."""
    parts = (sale.extensiv_address_doubt or "").split(",")
    return [part for part in parts if part and not sale.partner_shipping_id[ADDRESS_PARTS[part]]]


# -- what a person reads


def explain(order, kind):
    """Return what ``order`` of the inbox needs a person for, and what to do."""
    env = order.env
    sale = order.sudo().sale_order_id
    if kind == "failed":
        return order.message or ""
    if kind == "held":
        return holds.get_message(sale)
    if kind == "again":
        return env._(
            "It was cancelled, and EIM lists it as new again. Press Import After All on the order, or cancel it at EIM."
        )
    if kind == "method":
        return _explain_method(order, sale)
    if kind == "address":
        parts = {
            "street": env._("the street"),
            "city": env._("the city"),
            "country": env._("the country"),
            "state": env._("a state that Odoo knows"),
        }
        return env._(
            "The delivery address lacks %s. Correct it on the sale order, or press Address Is Right.",
            ", ".join(parts[part] for part in find_lacking(sale)),
        )
    return env._(
        "%s sent its first orders, and nobody looked at its settings yet. Open the cart, then press Cart Is Right.",
        order.cart_id.name,
    )


def _explain_method(order, sale):
    env = order.env
    if order.asked_method:
        return env._(
            "It asks for “%s”, and nobody chose a delivery method for that. Press Map Methods.", order.asked_method
        )
    return sale.extensiv_shipment_message or env._(
        "It has no delivery method. Choose one on the sale order, or for all of its kind on the cart."
    )


# -- what is done for many at once


def find_skus(orders):
    """Return ``{account: {SKU: [text, how many orders]}}`` of what ``orders`` of the inbox lack a product for."""
    skus = defaultdict(dict)
    for order in orders:
        found = dict.fromkeys(order.state == "failed" and order.missing_skus or (), "")
        sale = order.sudo().sale_order_id
        if sale.extensiv_is_held:
            for line in sale.order_line.filtered(lambda line: line.extensiv_needs_product and line.extensiv_sku):
                found[line.extensiv_sku] = line.name
        for sku, text in found.items():
            known = skus[order.account_id].setdefault(sku, ["", 0])
            known[0] = known[0] or text
            known[1] += 1
    return skus


def set_product(account, sku, product):
    """Put ``product`` on every line of ``account``'s held quotations that waits for the product of ``sku``.

    :return: the failed orders of the inbox that lacked it, to be imported again
    """
    env = account.env
    lines = env["sale.order.line"].search(
        [
            ("order_id.extensiv_account_id", "=", account.id),
            ("order_id.extensiv_is_held", "=", True),
            ("extensiv_sku", "=", sku),
        ]
    )
    waiting = lines.filtered("extensiv_needs_product")
    waiting._extensiv_set_product(product)
    holds.reassess(waiting.order_id)
    failed = env["extensiv.order"].search_fetch(
        [("account_id", "=", account.id), ("state", "=", "failed")], ["missing_skus"]
    )
    return failed.filtered(lambda order: sku in (order.missing_skus or ()))


def fill_method(account, code, carts, carrier):
    """Give ``carrier`` to the orders of ``account`` that ask for ``code`` and have no delivery method yet.

    Their open transfers get it too, as where a person chooses it on the order.

    :param carts: of which the orders are; empty: of any
    """
    env = account.env
    domain = [
        ("account_id", "=", account.id),
        ("asked_method", "=", code),
        ("sale_order_id.carrier_id", "=", False),
        ("sale_order_id.state", "in", ("draft", "sent", "sale")),
        ("sale_order_id.extensiv_shipment_state", "=", "waiting"),
    ]
    if carts:
        domain.append(("cart_id", "in", carts.ids))
    sales = env["extensiv.order"].search(domain).sale_order_id
    if sales:
        sales.carrier_id = carrier
        open_transfers = sales.picking_ids.filtered(
            lambda transfer: transfer.state not in ("done", "cancel") and not transfer.carrier_id
        )
        open_transfers.filtered(lambda transfer: transfer.picking_type_code == "outgoing").carrier_id = carrier
    return len(sales)

"""Orders with one number: one that was split, or edited in the cart and sent anew under another reference of EIM's.

The inbox tells them apart, for it keeps each order ever received: the first of a number has it as its name, the others
with a count behind it, whichever process imports them and in whatever turn.
"""

from collections import defaultdict

from odoo.fields import Domain


def find(orders):
    """Return ``{order of the inbox: the others that have its number or were split from it}``, oldest first."""
    Order = orders.env["extensiv.order"]
    if not orders:
        return {}
    refs = orders.mapped("cust_ref")
    originals = [ref for ref in orders.mapped("original_ref") if ref]
    related = Order.search_fetch(
        Domain("account_id", "in", orders.account_id.ids)
        & (
            Domain("order_number", "in", orders.mapped("order_number"))
            | Domain("cust_ref", "in", originals)
            | Domain("original_ref", "in", refs)
        ),
        ["account_id", "cart_id", "order_number", "original_ref", "cust_ref"],
        order="id",
    )
    by_number = defaultdict(list)
    by_ref = {}
    by_original = defaultdict(list)
    for order in related:
        by_number[order.account_id, order.cart_id, order.order_number].append(order.id)
        by_ref[order.account_id, order.cust_ref] = order.id
        if order.original_ref:
            by_original[order.account_id, order.original_ref].append(order.id)
    found = {}
    for order in orders:
        account = order.account_id
        ids = {
            *by_number[account, order.cart_id, order.order_number],
            *by_original[account, order.cust_ref],
            *filter(None, [by_ref.get((account, order.original_ref))]),
        }
        found[order] = Order.browse(sorted(ids - {order.id}))
    return found


def name_of(draft):
    """Return the name of the sale order of ``draft``: the cart's prefix and the number, counted where it is not the
    first of that number.
    """
    record = draft.record
    name = f"{record.cart_id.prefix or ''}{record.order_number}"
    earlier = [
        twin
        for twin in draft.twins
        if twin.id < record.id and (twin.cart_id, twin.order_number) == (record.cart_id, record.order_number)
    ]
    return f"{name}-{len(earlier) + 1}" if earlier else name


def log_new(drafts):
    """Say on the earlier sale orders of ``drafts``, just imported, that another came with their number."""
    bodies = {}
    for draft in drafts:
        for sale in draft.twins.sale_order_id.filtered(lambda sale: sale.state != "cancel"):
            bodies.setdefault(sale, []).append(draft.sale.name)
    for sale, names in bodies.items():
        text = sale.env._(
            "Another order with this number came: %s. It was split, or edited in the cart and sent anew: make sure "
            "that nothing ships twice.",
            ", ".join(names),
        )
        bodies[sale] = text
    if bodies:
        sales = next(iter(bodies)).union(*bodies)
        sales._message_log_batch(bodies={sale.id: text for sale, text in bodies.items()})


def tell_cancelled(orders):
    """Say on the sale orders that share a number with cancelled ``orders`` of the inbox that these were cancelled."""
    bodies = {}
    for order, others in find(orders).items():
        for sale in (others - orders).sale_order_id.filtered(lambda sale: sale.state != "cancel"):
            bodies.setdefault(sale, []).append(order.sale_order_id.name or order.order_number)
    if not bodies:
        return
    sales = next(iter(bodies)).union(*bodies)
    sales._message_log_batch(
        bodies={
            sale.id: sale.env._(
                "%s, which has the same number in the cart, was cancelled. This one was not: it is shipped, unless you "
                "cancel it as well.",
                ", ".join(names),
            )
            for sale, names in bodies.items()
        }
    )


def describe(orders):
    """Return ``{order of the inbox: text}`` on the others with the number of each, as they are now."""
    texts = {}
    for order, others in find(orders).items():
        if others:
            texts[order] = order.env._(
                "Has the same number in the cart as %s: it was split, or edited there and sent anew. Make sure that "
                "nothing ships twice.",
                ", ".join(_name_state(other) for other in others),
            )
    return texts


def _name_state(order):
    """Return what a twin is called, and what became of it."""
    env = order.env
    sale = order.sale_order_id
    name = sale.name or env._("EIM's %s", order.cust_ref)
    states = dict((sale or order)._fields["state"]._description_selection(env))
    state = states[(sale or order).state]
    return f"{name} ({state})"

"""Orders that are open here and that EIM has as shipped: told on the order and its transfers before they ship twice."""

from odoo.tools import SQL

from . import fulfilment

# What the error about an order that was shipped elsewhere is known by.
STEP = "shipped elsewhere"
SHIPPED = ("partial", "shipped", "confirmed")
# EIM was told by us, is being told just now, or is not to be told: nothing is left that could ship a second time.
DEALT_WITH = ("sending", "sent", "skipped")


def may_ship(order):
    """Return whether Odoo might still ship an order of the inbox of which it never told EIM that it shipped.

    Of one that is to be sent again, or failed, a late or repeated word of EIM's is about what Odoo caused itself.
    """
    sale = order.sale_order_id
    if sale:
        is_over = sale.state == "cancel" or sale.extensiv_shipment_state in DEALT_WITH
        return not (is_over or sale.extensiv_sending_at)
    return order.state in ("received", "failed") and not order.is_shipped_already


def find_shippable(orders):
    """Return those of ``orders`` of the inbox that might ship a second time: what has left as a whole cannot."""
    open_here = orders.filtered(may_ship)
    sales = open_here.sale_order_id
    progress = fulfilment.read_progress(orders.env, SQL("o.id = ANY (%s)", list(sales.ids))) if sales else []
    left = sales.browse(one.order.id for one in progress if one.is_fulfilled)
    return open_here.filtered(lambda order: order.sale_order_id not in left)


def report(account, shipped):
    """Report orders that EIM has as shipped, on the orders, on their open transfers and in the list of errors.

    :param shipped: ``{order of the inbox: EIM's status}``; those that cannot ship any more are passed over
    """
    env = account.env
    Error = env["extensiv.error"]
    open_here = {order: shipped[order] for order in find_shippable(env["extensiv.order"].union(*shipped))}
    keys = [order.cust_ref for order in open_here]
    known = set(Error._open(account, "orders", keys, STEP).mapped("key"))
    known |= Error._held_keys(account, "orders", keys, STEP)
    failures = {
        order.cust_ref: {
            "message": _message(order, status),
            "category": "data",
            "document": order.sale_order_id or order,
        }
        for order, status in open_here.items()
        if order.cust_ref not in known
    }
    sales = {
        order.sale_order_id: failures[order.cust_ref]["message"]
        for order in open_here
        if order.cust_ref in failures and order.sale_order_id
    }
    orders = env["sale.order"].union(*sales)
    orders._message_log_batch(bodies={sale.id: message for sale, message in sales.items()})
    transfers = orders.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
    transfers._message_log_batch(bodies={transfer.id: sales[transfer.sale_id] for transfer in transfers})
    Error._report(account, "orders", failures, STEP)


def _message(order, status):
    return order.env._(
        "EIM says that order %(order)s is %(status)s, but nothing was sent to EIM from here: somebody shipped it "
        "elsewhere. Do not ship it a second time: ask in the cart, then cancel its delivery, or dismiss this error "
        "where Odoo is to ship it all the same.",
        order=order.sale_order_id.name or order.order_number,
        status=status,
    )


def close(account, cust_refs):
    """Close the errors about orders that EIM does not have as shipped, or that cannot ship any more."""
    account.env["extensiv.error"]._resolve(account, "orders", cust_refs, STEP)


def close_settled(account):
    """Close the errors about orders that cannot ship any more: somebody cancelled them, or EIM was told."""
    errors = account.env["extensiv.error"]._open(account, "orders", step=STEP)
    orders = account.env["extensiv.order"].search(
        [("account_id", "=", account.id), ("cust_ref", "in", errors.mapped("key"))]
    )
    close(account, (orders - find_shippable(orders)).mapped("cust_ref"))

"""Orders that are open here and that EIM has as shipped: told on the order and its transfers before they ship twice."""

from odoo.tools import SQL

from . import fulfilment

# What the error about an order that was shipped elsewhere is known by.
STEP = "shipped elsewhere"
# The key of the one error of an account about all those of which another system tells EIM.
ALL_KEY = "orders shipped elsewhere"
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
    is_waiting = order.state in ("received", "failed") and not order.is_shipped_already
    return is_waiting and not order.cart_id.fulfilled_elsewhere


def find_shippable(orders):
    """Return those of ``orders`` of the inbox that might ship a second time: what has left as a whole cannot."""
    open_here = orders.filtered(may_ship)
    sales = open_here.sale_order_id
    progress = fulfilment.read_progress(orders.env, SQL("o.id = ANY (%s)", list(sales.ids))) if sales else []
    left = sales.browse(one.order.id for one in progress if one.is_fulfilled)
    return open_here.filtered(lambda order: order.sale_order_id not in left)


def report(account, shipped):
    """Report orders that EIM has as shipped, on the orders, on their open transfers and in the list of errors.

    Where EIM is not told of shipments from here, another system tells it, and that it does is no surprise: there it is
    one error of the account, which opens the list.

    :param shipped: ``{order of the inbox: EIM's status}``; those that cannot ship any more are passed over
    """
    env = account.env
    Error = env["extensiv.error"]
    open_here = find_shippable(env["extensiv.order"].union(*shipped))
    keys = open_here.mapped("cust_ref")
    dismissed = Error._held_keys(account, "orders", keys, STEP)
    open_here = open_here.filtered(lambda order: order.cust_ref not in dismissed)
    told_here = open_here.filtered(_is_told_from_here)
    known = set(Error._open(account, "orders", keys, STEP).mapped("key"))
    new = told_here.filtered(lambda order: order.cust_ref not in known)
    messages = {order: get_message(order, shipped[order]) for order in new}
    _log(messages)
    failures = {
        order.cust_ref: {"message": message, "category": "data", "document": order.sale_order_id or order}
        for order, message in messages.items()
    }
    Error._report(account, "orders", failures, STEP)
    if others := open_here - told_here:
        _report_together(account, {order: shipped[order] for order in others})


def _is_told_from_here(order):
    """Whether EIM is told of the shipment of ``order`` from here, as far as settings go."""
    return order.account_id.push_shipments and (not order.cart_id or order.cart_id.push_shipments)


def _report_together(account, shipped):
    """Report ``{order: EIM's status}`` of those that another system tells EIM of: one error an account."""
    orders = account.env["extensiv.order"].union(*shipped)
    new = orders.filtered(lambda order: not order.shipped_elsewhere)
    for status, of_status in orders.grouped(shipped.get).items():
        of_status.filtered(lambda order, status=status: order.shipped_elsewhere != status).shipped_elsewhere = status
    _log({order: get_message(order, shipped[order]) for order in new})
    # They had errors of their own as long as EIM was told from here.
    account.env["extensiv.error"]._resolve(account, "orders", orders.mapped("cust_ref"), STEP)
    _report_count(account, has_news=bool(new))


def _report_count(account, has_news=False):
    """Open, count anew or close the one error about the orders that another system tells EIM of.

    :param has_news: whether some were found just now: an error that was dismissed is then opened again
    """
    env = account.env
    Error = env["extensiv.error"]
    count = env["extensiv.order"].search_count([("account_id", "=", account.id), ("shipped_elsewhere", "!=", False)])
    if not count:
        Error._resolve(account, "orders", [ALL_KEY], STEP, states=("open", "dismissed"))
        return
    message = env._(
        "EIM has %(count)s orders as shipped that are open here. Push Shipments is off for them, so another system "
        "tells EIM. Look at the list: where it also ships the goods, cancel the deliveries here, so that nothing ships "
        "twice. Where Odoo ships them, dismiss this error.",
        count=count,
    )
    known = Error._open(account, "orders", [ALL_KEY], STEP)
    if has_news or (known and known.message != message):
        failure = {"message": message, "category": "data", "document": account}
        Error._report(account, "orders", {ALL_KEY: failure}, STEP)


def _log(messages):
    """Write ``{order of the inbox: text}`` on the sale orders and their open transfers."""
    sales = {order.sale_order_id: text for order, text in messages.items() if order.sale_order_id}
    if not sales:
        return
    orders = next(iter(sales)).union(*sales)
    orders._message_log_batch(bodies={sale.id: text for sale, text in sales.items()})
    transfers = orders.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
    transfers._message_log_batch(bodies={transfer.id: sales[transfer.sale_id] for transfer in transfers})


def get_message(order, status):
    """Return what a person is told of an order of the inbox that EIM has as ``status``."""
    return order.env._(
        "EIM says that order %(order)s is %(status)s, but nothing was sent to EIM from here: somebody shipped it "
        "elsewhere. Do not ship it a second time: ask in the cart, then cancel its delivery, or dismiss this error "
        "where Odoo is to ship it all the same.",
        order=order.sale_order_id.name or order.order_number,
        status=status,
    )


def find_told(orders):
    """Return ``{order of the inbox: text}`` of those of ``orders`` shipped elsewhere, while nobody dismissed it."""
    open_errors = orders.env["extensiv.error"].search(
        [
            ("account_id", "in", orders.account_id.ids),
            ("flow", "=", "orders"),
            ("step", "=", STEP),
            ("state", "=", "open"),
            ("key", "in", [*orders.mapped("cust_ref"), ALL_KEY]),
        ]
    )
    own = {(error.account_id, error.key): error.message for error in open_errors}
    told = {}
    for order in orders:
        if text := own.get((order.account_id, order.cust_ref)):
            told[order] = text
        elif order.shipped_elsewhere and (order.account_id, ALL_KEY) in own:
            told[order] = get_message(order, order.shipped_elsewhere)
    return told


def close(account, cust_refs):
    """Close the errors about orders that EIM does not have as shipped, or that cannot ship any more."""
    account.env["extensiv.error"]._resolve(account, "orders", cust_refs, STEP)
    together = find_together(account).filtered(lambda order: order.cust_ref in cust_refs)
    if together:
        together.shipped_elsewhere = False
        _report_count(account)


def find_together(account):
    """Return the orders that the account's one error is about."""
    return account.env["extensiv.order"].search([("account_id", "=", account.id), ("shipped_elsewhere", "!=", False)])


def close_settled(account):
    """Close the errors about orders that cannot ship any more: somebody cancelled them, or EIM was told."""
    errors = account.env["extensiv.error"]._open(account, "orders", step=STEP)
    orders = account.env["extensiv.order"].search(
        [("account_id", "=", account.id), ("cust_ref", "in", errors.mapped("key"))]
    )
    orders |= find_together(account)
    if settled := orders - find_shippable(orders):
        close(account, set(settled.mapped("cust_ref")))

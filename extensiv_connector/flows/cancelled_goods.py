"""What is left of an order that is cancelled: goods picked and packed already, labels bought, and what EIM believes."""

from collections import Counter

from .languages import figure
from .packages import read_labels

# What the error is known by about goods of a cancelled order that somebody has to put back.
STEP = "picked goods"
# ... and about an order that somebody cancelled here, of which EIM was not told.
BELIEVED = "cancelled here"
KNOWS = "extensiv_eim_knows"
"""Set in the context where whoever cancels an order says himself what EIM knows of it."""


def find(sales):
    """Return ``{sale order: text}`` on the goods of ``sales`` that were picked and on the labels bought for them.

    To be asked before they are cancelled: an open transfer then forgets what it held.
    """
    texts = {}
    moves = (sales.order_line.move_ids | sales.picking_ids.move_ids).sudo()
    of_sale = {sale: sale.order_line.move_ids | sale.picking_ids.move_ids for sale in sales}
    moves.move_line_ids.fetch(["quantity", "picked", "result_package_id", "location_id", "product_id"])
    for sale, sale_moves in of_sale.items():
        parts = [*_find_moved(sale, sale_moves.sudo()), *_find_picked(sale_moves.sudo()), *_find_labels(sale)]
        if parts:
            texts[sale] = "\n".join(parts)
    return texts


def _find_moved(sale, moves):
    """Yield sentences on what a step before the last has brought somewhere, and is still there."""
    there = Counter()
    for line in moves.filtered(lambda move: move.state == "done").move_line_ids:
        if _is_inside(line.location_id) and _is_inside(line.location_dest_id):
            quantity = line.quantity_product_uom
            there[line.product_id, line.location_dest_id, line.result_package_id] += quantity
            there[line.product_id, line.location_id, line.package_id] -= quantity
        elif _is_inside(line.location_id):
            there[line.product_id, line.location_id, line.package_id] -= line.quantity_product_uom
    stock = sale.warehouse_id.sudo().lot_stock_id
    for (product, location, package), quantity in there.items():
        if product.uom_id.compare(quantity, 0) > 0 and not _is_below(location, stock):
            yield _describe(sale.env, product, quantity, location, package)


def _find_picked(moves):
    """Yield sentences on what was put aside in transfers that are still open."""
    open_moves = moves.filtered(lambda move: move.state not in ("done", "cancel"))
    for line in open_moves.move_line_ids.filtered(_is_picked):
        yield moves.env._(
            "%(quantity)s × %(product)s, picked in %(transfer)s from %(location)s%(package)s.",
            quantity=figure(line.env, line.quantity),
            product=line.product_id.display_name,
            transfer=line.picking_id.name or line.reference,
            location=line.location_id.display_name,
            package=_in_package(line.env, line.result_package_id),
        )


def _is_picked(line):
    """Whether somebody put aside what a move line holds; a package that is reserved as a whole still stands there."""
    is_packed = line.result_package_id and line.result_package_id != line.package_id
    return bool(line.quantity and (line.picked or is_packed))


def _find_labels(sale):
    """Yield sentences on the labels of transfers that have not left."""
    for transfer in sale.picking_ids.sudo():
        if transfer.state not in ("done", "cancel") and (labels := read_labels(transfer)):
            yield sale.env._(
                "Label %(number)s%(carrier)s on %(transfer)s: have the carrier void it.",
                number=", ".join(labels),
                carrier=f" ({transfer.carrier_id.name})" if transfer.carrier_id else "",
                transfer=transfer.name,
            )


def _describe(env, product, quantity, location, package):
    return env._(
        "%(quantity)s × %(product)s, lying in %(location)s%(package)s.",
        quantity=figure(env, quantity),
        product=product.display_name,
        location=location.display_name,
        package=_in_package(env, package),
    )


def _in_package(env, package):
    return env._(", in package %s", package.name) if package else ""


def _is_inside(location):
    return location.usage in ("internal", "transit")


def _is_below(location, stock):
    return bool(stock) and (location.parent_path or "").startswith(stock.parent_path or "-")


def introduce(env, text):
    """Return what a person is told of goods that were picked."""
    return env._("Picked already; put the goods back:\n%s", text)


def log(sales, lying):
    """Write on ``sales``, just cancelled, what is left of each and what EIM still believes.

    Where somebody cancelled who does not work here, a buyer in the portal, an error tells of it.

    :param lying: ``{sale order: text}`` of ``find``
    """
    env = sales.env
    is_said = env.context.get(KNOWS)
    bodies = {}
    for sale in sales:
        texts = []
        if not is_said and _believes_in(sale):
            texts.append(env._("Cancelled here only: EIM still believes that we ship this order."))
        if sale in lying:
            texts.append(introduce(env, lying[sale]))
        if texts:
            bodies[sale.id] = "\n".join(texts)
    if bodies:
        sales.browse(bodies)._message_log_batch(bodies=bodies)
    if not is_said and not env.user._is_internal():
        report_unknown(sales.filtered(_believes_in))


def _believes_in(sale):
    """Whether EIM has the order as ours to ship, and nothing told it of the cancellation."""
    received = sale.sudo().extensiv_order_id
    is_ours = bool(sale.extensiv_cust_ref) and not sale.extensiv_is_fulfilled_elsewhere
    return is_ours and not received.cancelled_at and received.cancel_request != "done"


def report_unknown(sales):
    """Tell a person of ``sales`` that a buyer cancelled here, of which EIM knows nothing."""
    for account, orders in sales.sudo().grouped("extensiv_account_id").items():
        account.env["extensiv.error"]._report(
            account,
            "orders",
            {
                order.extensiv_cust_ref: {
                    "message": account.env._(
                        "%s was cancelled in the portal. EIM still believes that we ship it: cancel and refund it in "
                        "the cart as well, then dismiss this error.",
                        order.name,
                    ),
                    "category": "data",
                    "document": order,
                }
                for order in orders
            },
            BELIEVED,
        )


def report_goods(account, lying):
    """Tell a person of the goods of orders that EIM has cancelled.

    :param lying: ``{order of the inbox: text}``
    """
    account.env["extensiv.error"]._report(
        account,
        "orders",
        {
            order.cust_ref: {
                "message": account.env._(
                    "%(order)s was cancelled. %(goods)s\nThen dismiss this error.",
                    order=order.sale_order_id.name,
                    goods=introduce(account.env, text),
                ),
                "category": "data",
                "document": order.sale_order_id,
            }
            for order, text in lying.items()
        },
        STEP,
    )


def warn(sales):
    """Return what a person should know before cancelling ``sales`` of a list, or an empty text."""
    env = sales.env
    ours = sales.filtered(lambda sale: sale.extensiv_cust_ref and sale.state != "cancel")
    texts = []
    if believed := ours.filtered(_believes_in):
        texts.append(
            env._(
                "%(count)s of these orders came from EIM, which still believes that we ship them. Cancelling here does "
                "not reach the carts: cancel and refund them there as well.",
                count=len(believed),
            )
        )
    for sale, text in find(ours).items():
        texts.append(f"{sale.name}: {introduce(env, text)}")
    return "\n".join(texts)


def close_believed(account, cust_refs):
    """Close what was told of orders that were cancelled here, for EIM has them as cancelled now."""
    account.env["extensiv.error"]._resolve(account, "orders", cust_refs, BELIEVED)


def is_our_wish(order):
    """Whether EIM was asked from here to cancel an ``order`` of the inbox, so that it is no news of the buyer's."""
    return order.cancel_request in ("due", "done")


def say_cancelled(order):
    """Return why an ``order`` of the inbox is cancelled."""
    if is_our_wish(order):
        return order.env._("Cancelled at EIM, as it was asked to from here.")
    return order.env._("Cancelled by the buyer.")

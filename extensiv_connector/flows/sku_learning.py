"""What is learned of the SKUs that EIM uses: from the lines of orders, and from its own list."""

from collections import defaultdict

from ..eim.errors import EimError
from ..eim.wire import Order
from .lock import read_committed


def learn_skus(account, matches, origin):
    """Note that EIM uses SKUs; of those found by another code of a product, keep an alias, under which it is pushed.

    :param matches: ``{SKU: Match}``, of an order's lines or of EIM's list
    :param origin: ``order`` or ``list``
    """
    account.env["extensiv.known.sku"]._note(account, matches, origin)
    account.env["extensiv.sku.alias"]._learn(account, matches, origin)


def learn_first(account, order_ids):
    """Learn the SKUs that orders of the inbox are the first to name, in a transaction of its own.

    Two workers would else learn them together with their orders, and one of them would have to import all of its orders
    again. The transaction reads what others commit, so that whoever comes second has nothing to learn.
    """
    env = account.env
    read_committed(env.cr)
    codes = defaultdict(set)
    for record in env["extensiv.order"].browse(order_ids):
        try:
            order = Order.from_payload(record.payload or "")
        except (EimError, ValueError):
            continue
        for sku, others in order.codes().items():
            codes[sku] |= others
    known = env["extensiv.known.sku"].search([("account_id", "=", account.id), ("sku", "in", list(codes))])
    new = {sku: codes[sku] for sku in codes.keys() - set(known.mapped("sku"))}
    if new:
        learn_skus(account, env["product.product"]._extensiv_match(account, new), "order")


def learn_list(account, items):
    """Learn from EIM's own list as ``learn_skus``.

    :param items: iterable of ``eim.wire.InventoryItem``
    """
    codes = {item.sku: tuple(alias.code for alias in item.aliases) for item in items}
    learn_skus(account, account.env["product.product"]._extensiv_match(account, codes), "list")

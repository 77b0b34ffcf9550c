"""What is learned of the SKUs that EIM uses: from the lines of orders, and from its own list."""


def learn_skus(account, matches, origin):
    """Note that EIM uses SKUs; of those found by another code of a product, keep an alias, under which it is pushed.

    :param matches: ``{SKU: Match}``, of an order's lines or of EIM's list
    :param origin: ``order`` or ``list``
    """
    account.env["extensiv.known.sku"]._note(account, matches, origin)
    account.env["extensiv.sku.alias"]._learn(account, matches, origin)


def learn_list(account, items):
    """Learn from EIM's own list as ``learn_skus``.

    :param items: iterable of ``eim.wire.InventoryItem``
    """
    codes = {item.sku: tuple(alias.code for alias in item.aliases) for item in items}
    learn_skus(account, account.env["product.product"]._extensiv_match(account, codes), "list")

"""Orders that left with a carrier that nobody chose: they wait for one, since EIM is told the carrier only once."""

LACKING = "delivery method for "
"""What the keys of errors about delivery methods that nobody chose begin with."""
SHOWN = 5  # orders named in one error


def find(env, progress):
    """Return the orders of ``progress``, a ``Progress`` list, that left with a carrier that nobody chose.

    What was mapped since an order was imported is its delivery method from now on.
    """
    Order = env["sale.order"]
    Method = env["extensiv.ship.method"]
    lacking_ids = []
    mapped_ids = {}
    unchosen = Order.browse(status.order.id for status in progress if not status.has_carrier)
    for account, orders in unchosen.grouped("extensiv_account_id").items():
        carriers = Method._carriers(account)
        for order in orders:
            code, carrier = order._extensiv_requested_shipping()
            if delivery := Method._chosen(carriers, order.extensiv_cart_id, code):
                mapped_ids.setdefault(delivery, []).append(order.id)
            elif not carrier:
                lacking_ids.append(order.id)
    for delivery, order_ids in mapped_ids.items():
        Order.browse(order_ids).with_context(extensiv_choosing=True).carrier_id = delivery
    return Order.browse(lacking_ids)


def wait_for_carrier(orders):
    """Have ``orders`` wait for a delivery method, say so on each, and report it."""
    _record_waiting(orders)
    for account, account_orders in orders.grouped("extensiv_account_id").items():
        orders.env["extensiv.error"]._report(account, "shipments", _failures(account, account_orders))


def report(account, lacking):
    """Report once the orders that lack a delivery method, and close the errors of what was chosen since.

    :param lacking: every order of the account that lacks one
    """
    Error = account.env["extensiv.error"]
    failures = _failures(account, lacking)
    Error.search(
        [
            ("account_id", "=", account.id),
            ("flow", "=", "shipments"),
            ("state", "=", "open"),
            ("res_model", "!=", "delivery.carrier"),
            ("key", "=like", f"{LACKING}%"),
            ("key", "not in", list(failures)),
        ]
    )._mark_resolved()
    new = lacking.filtered(lambda order: not order.extensiv_needs_carrier)
    new_keys = {_key_of(order, _code_of(order)) for order in new}
    _record_waiting(new)
    Error._report(account, "shipments", {key: failures[key] for key in failures if key in new_keys})


def report_again(account):
    """Have the next pass report anew the orders that lack a delivery method, for a person who asks."""
    account.env["sale.order"].search(
        [
            ("extensiv_account_id", "=", account.id),
            ("extensiv_shipment_state", "=", "waiting"),
            ("extensiv_needs_carrier", "=", True),
        ]
    ).extensiv_needs_carrier = False


def _record_waiting(orders):
    """Write on ``orders`` that they wait for a delivery method, and how one is chosen."""
    env = orders.env
    for code, code_orders in orders.grouped(_code_of).items():
        message = env._(
            "Nobody chose a delivery method, and EIM takes a shipment with its carrier only once. Choose one on "
            "the order or its transfer: EIM is then told by itself."
        )
        if code:
            message += " " + env._(
                "Or choose one for “%s” under Configuration, Shipping Methods, for every order that asks for it.",
                code,
            )
        code_orders._extensiv_set_shipment_state("waiting", message, extensiv_needs_carrier=True)


def _failures(account, orders):
    """Return the failures to report of ``orders``: one for all that one choice would help."""
    if not orders:
        return {}
    Method = orders.env["extensiv.ship.method"]
    codes = {order: _code_of(order) for order in orders}
    # A person may have deleted what was proposed, or keep the code for another cart alone.
    Method._sync_from_eim(account, codes.values(), any_cart=False)
    methods = {
        method.ship_code: method
        for method in Method.search(
            [("account_id", "=", account.id), ("cart_id", "=", False), ("ship_code", "in", list(codes.values()))]
        )
    }
    failures = {}
    for code, code_orders in orders.grouped(codes.get).items():
        if code:
            failures[_key_of(code_orders[0], code)] = _failure_of_code(code_orders, methods[code], code)
            continue
        for cart, cart_orders in code_orders.grouped("extensiv_cart_id").items():
            failures[_key_of(cart_orders[0], code)] = _failure_of_cart(cart_orders, cart)
    return failures


def _key_of(order, code):
    """Return the key of the error about ``order``: the ``code`` it asks for, or its cart where it asks for nothing."""
    return f"{LACKING}{code}" if code else f"{LACKING}orders of {order.extensiv_cart_id.order_source or '-'}"


def _failure_of_code(orders, method, code):
    """Return the failure to report of ``orders`` that ask for ``code``, which ``method`` is to map."""
    message = orders.env._(
        "Orders that ask for “%(code)s” left without a delivery method: %(orders)s. EIM is not told of them, "
        "for it takes a shipment with its carrier only once. Press Open the Mapping and choose the delivery "
        "method of “%(code)s”, or choose one on each order; they are then sent by themselves.",
        code=code,
        orders=_names(orders),
    )
    return {"message": message, "category": "settings", "document": method}


def _failure_of_cart(orders, cart):
    """Return the failure to report of ``orders`` of a cart that ask for nothing."""
    message = orders.env._(
        "Orders of %(cart)s that ask for no shipping method left without a delivery method: %(orders)s. EIM is "
        "not told of them, for it takes a shipment with its carrier only once. Press Open the Mapping and "
        "choose the cart's delivery method, or choose one on each order; they are then sent by themselves.",
        cart=cart.name or orders.env._("no cart"),
        orders=_names(orders),
    )
    return {"message": message, "category": "settings", "document": cart}


def _names(orders):
    return ", ".join(orders[:SHOWN].mapped("name")) + (" …" if len(orders) > SHOWN else "")


def _code_of(order):
    code, _carrier = order._extensiv_requested_shipping()
    return code

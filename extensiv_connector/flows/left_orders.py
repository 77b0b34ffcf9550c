"""New orders that are left at EIM: on hold there, or from before orders are imported. They are remembered and listed.

An order from before that moment is never taken for its own date or for having changed: that would ship old orders
again. But one that was seen on hold is taken once EIM releases it, and of the others a person may choose some.
"""

from datetime import timedelta

# How far back, before the moment from which orders are imported, EIM's new orders are looked at, and how many pages.
DAYS = 90
PAGES = 20
# So many older orders that are left are read past by each pass for the sake of one that was seen on hold. Where there
# are more, the daily audit finds that it was released.
MANY = 200


def find_seen(account, orders):
    """Return the references of those of ``orders``, as EIM lists them, that were seen on hold before."""
    listed = [order.cust_ref for order in orders]
    return set(_records(account, ["on_hold"], [("cust_ref", "in", listed)]).mapped("cust_ref")) if listed else set()


def find_first(account):
    """Return the moment from which EIM's list of new orders is to be read, or None: of all that there are.

    That is the one from which orders are imported, or the first moment of an older order that was seen on hold.
    """
    since = account.import_from
    if not since:
        return None
    seen = _records(account, ["on_hold"], [("listed_at", "<", since)], order="listed_at", limit=1)
    if not seen:
        return since
    left = _records(account, ["old"], [("listed_at", ">=", seen.listed_at)], limit=MANY + 1)
    return since if len(left) > MANY else seen.listed_at


def note(account, inbox, orders):
    """Remember those of ``orders`` that are on hold, and those that are left for their date.

    :param inbox: the account's ``Inbox``
    :param orders: ``wire.Order`` or ``wire.ListedOrder`` objects that are new at EIM and not known here
    :return: the references of those on hold
    """
    Unknown = account.env["extensiv.unknown.order"]
    on_hold = [order for order in orders if order.on_hold and not order.sending_canceled]
    old = [order for order in orders if not order.on_hold and not order.sending_canceled and inbox.is_too_old(order)]
    if on_hold:
        Unknown._sync_from_eim(account, on_hold, "on_hold")
    if old:
        Unknown._sync_from_eim(account, old, "old")
    return {order.cust_ref for order in on_hold}


def settle(account, listed, state, since=None, until=None):
    """Forget those in ``state`` that EIM lists as new no more; those that were received say so.

    :param listed: references that it does list, of all between the moments ``since`` and ``until``
    """
    domain = [("cust_ref", "not in", list(listed))]
    if since:
        domain.append(("listed_at", ">=", since))
    if until:
        domain.append(("listed_at", "<", until))
    gone = _records(account, [state], domain)
    if gone:
        gone._forget_known(account)
        gone.filtered(lambda record: record.state == state).unlink()


def first_looked_at(account):
    """Return how far back EIM's older orders are looked at."""
    return account.import_from - timedelta(days=DAYS)


def _records(account, states, domain, **options):
    return account.env["extensiv.unknown.order"].search(
        [("account_id", "=", account.id), ("state", "in", states), *domain], **options
    )

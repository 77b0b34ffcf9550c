"""The looks that show whether a pass of an account has nothing to do, of which nothing here waits: see ``idle``.

Each takes the account, the moment by ``time.monotonic()`` when it must end, and what ``idle_conditions.KNOWN`` says; it
returns whether there is nothing. What it is not sure of, the whole pass does.
"""

import psycopg2

from odoo import fields

from .. import flows
from ..eim.wire import ListedOrder
from ..eim.writing import iso
from . import left_orders
from .exceptions import is_conflict
from .failed_orders import find_taken_up
from .order_cancellation import OVERLAP
from .runner import release_locks


def _look_at_orders(account, deadline, known):
    """Whether EIM lists no order as new but those on hold that it listed before, and none as canceled since."""
    in_company = account.with_context(allowed_company_ids=account.company_id.ids)
    if known["may_be_taken_up"] and find_taken_up(in_company):
        return False
    on_hold = set(known["on_hold"])
    since = left_orders.find_first(account) if on_hold else account.import_from
    with account._eim(deadline, log=False) as client:
        release_locks(account.env)  # reading the account began a transaction; EIM is called holding none
        new = client.list_orders("new", from_date=iso(since) if since else None, record=ListedOrder)
        if not new.is_last or new.count != len(new.items) or len(new.items) != known["skipped"]:
            return False
        if not all(order.on_hold and not order.sending_canceled for order in new.items):
            return False
        if {order.cust_ref for order in new.items} != on_hold:
            return False
        now = client.date or fields.Datetime.now()
        since = min(account.canceled_until or since or now, now) - OVERLAP
        canceled = client.list_orders("canceled", from_date=iso(since), record=ListedOrder)
        return canceled.is_last and not canceled.count and not client.learned


def _look_at_stock(account, deadline, _known):
    """Whether nothing was written since the last pass that may make a level another one; EIM is not asked."""
    release_locks(account.env)
    try:
        with flows.FLOWS["inventory"].run_class.open(account, deadline) as push:
            return push.is_as_compared()
    except psycopg2.Error as error:
        if not is_conflict(error):
            raise
        return False  # somebody changes a location at this moment


def _look_at_alerts(account, deadline, _known):
    """Whether EIM lists no alert."""
    with account._eim(deadline, log=False) as client:
        release_locks(account.env)
        return not client.list_alerts() and client.alerts_source == account.alerts_source and not client.learned


# {flow: its look}; the others ask nothing more where nothing waits.
LOOKS = {"orders": _look_at_orders, "inventory": _look_at_stock, "alerts": _look_at_alerts}

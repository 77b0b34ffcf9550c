"""EIM's webhook: whether a call of it is EIM's, and what it has Odoo look at.

A call only says *look now*: nothing that it brings is taken as truth, the pass that it starts asks EIM.
"""

import hashlib
import hmac
import json
import logging

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL

from ..eim.errors import Unreadable
from ..eim.wire import OrderStatus
from . import status_check, stepping_back
from .exceptions import log_unexpected
from .status_check import PAUSE

_logger = logging.getLogger(__name__)

# The log of calls knows these calls by it.
ROUTE = "webhook"
EVENTS = ("order_new", "order_update")
# Of one call; EIM's own have a few, and what is beyond them the next poll finds.
MAX_ORDERS = 1000


def is_signed(body, signature, key):
    """Return whether ``signature`` (lower-case hex) is that of ``body`` (the raw bytes), made with ``key``."""
    expected = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))


def receive(registry, account_id, event, body):
    """Do what a call of EIM's is for, after it was answered; on a cursor of its own, never raising.

    :param event: what ``X-Webhook-Event`` says, anything
    :param body: bytes, anything
    """
    try:
        with registry.cursor() as cr:
            account = api.Environment(cr, SUPERUSER_ID, {})["extensiv.account"].browse(account_id)
            stepping_back.clear(account)  # EIM is there
            note_call(account, event if event in EVENTS else "")
            if account.pull_orders and is_news(account, event, body):
                account._plan_flow("orders", pause=PAUSE)
    except Exception as error:  # EIM has its answer already; what is missed, the next poll finds
        log_unexpected(_logger, error, "A call of EIM's webhook for account %s came to nothing", account_id)


def is_news(account, event, body):
    """Return whether a call has something to look at; orders whose status is to be asked are marked."""
    if event == "order_update":
        return status_check.mark(account, read_statuses(body))
    return event == "order_new"


def read_statuses(body):
    """Return ``{(reference, status)}`` of what an ``order_update`` says, as far as it can be read."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return set()
    entries = content.get("orders") if isinstance(content, dict) else None
    statuses = set()
    for entry in entries[:MAX_ORDERS] if isinstance(entries, list) else ():
        try:
            order = OrderStatus.parse(entry if isinstance(entry, dict) else {})
        except Unreadable:
            continue
        statuses.add((order.cust_ref, order.status))
    return statuses


def note_call(account, event):
    """Note in the log of calls when EIM called last, once in a pause; it only inserts, so it conflicts with nobody."""
    account.env.cr.execute(
        SQL(
            """INSERT INTO extensiv_call (account_id, company_id, date, route, method, path, status)
               SELECT id, company_id, date_trunc('second', clock_timestamp() AT TIME ZONE 'UTC'), %(route)s, 'POST',
                      %(event)s, 200
                 FROM extensiv_account AS account
                WHERE id = %(account)s
                  AND NOT EXISTS (
                      SELECT FROM extensiv_call
                       WHERE account_id = account.id AND route = %(route)s
                         AND date > clock_timestamp() AT TIME ZONE 'UTC' - make_interval(secs => %(pause)s))""",
            route=ROUTE,
            event=event,
            account=account.id,
            pause=float(PAUSE),
        )
    )

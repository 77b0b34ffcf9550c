"""Passes that find nothing new, which nearly all are: they cost a look, and leave a count.

Of all accounts of a turn one query finds those whose last pass found nothing and of which nothing here waits since.
Then a pass is a short look at EIM's lists, where the flow asks EIM at all; if they are empty, the record of the passes
before counts one more. Whatever else there is, the whole pass is done; and once a day in any case, for the record of
such passes is of a day at most. The calls of a look that finds nothing are not logged.
"""

import time
from datetime import timedelta
from typing import NamedTuple

from odoo import fields
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim.errors import EimError
from ..eim.wire import ListedOrder
from ..eim.writing import iso
from . import audit, stock_comparison
from .database_identity import find_differences, read_identity
from .order_cancellation import OVERLAP
from .runner import release_locks


class Calm(NamedTuple):
    """An account of which nothing here waits for a flow.

    ``run_id`` is the record of its last passes, ``at`` the moment by the database (naive UTC), ``seen_at`` by
    ``time.monotonic()``.
    """

    flow: str
    run_id: int
    at: object
    seen_at: float

    def look(self, account, deadline):
        """Do the pass of ``account``, whose lock the caller holds; return whether it found nothing.

        :param deadline: when a pass must end, by ``time.monotonic()``: this takes half of the time until then at most
        """
        began = time.monotonic()
        ask = LOOKS.get(self.flow)
        if ask:
            try:
                with account._eim(began + max(deadline - began, 0) / 2, log=False) as client:
                    release_locks(account.env)  # reading the account began a transaction; EIM is called holding none
                    if not ask(account, client) or client.learned:
                        return False
            except (EimError, UserError):  # the whole pass says what is wrong
                return False
        return _count(account, self, began)


def find_calm(accounts, flow):
    """Return ``{account id: Calm}`` of those ``accounts`` that have nothing to do for ``flow`` as far as is known here.

    A pass of ``flow`` that found nothing was the last thing that happened: no setting was changed since.
    """
    if flow not in CONDITIONS or not accounts:
        return {}
    env = accounts.env
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """SELECT account.id, before.id, %(now)s
                 FROM extensiv_account AS account
                CROSS JOIN LATERAL (
                      SELECT * FROM extensiv_run
                       WHERE account_id = account.id AND flow = %(flow)s ORDER BY id DESC LIMIT 1) AS before
                WHERE account.id = ANY (%(accounts)s) AND %(idle)s AND before.skipped_count = 0
                  AND account.write_date <= before.write_date AND account.check_refused_at IS NULL
                  AND (account.record_until IS NULL OR account.record_until < %(now)s)
                  AND NOT COALESCE(account.list_places, '{}')::jsonb ?| %(lists)s
                  AND NOT EXISTS (
                      SELECT FROM extensiv_error
                       WHERE account_id = account.id AND state = 'open'
                         AND (flow = %(flow)s OR (flow = 'connection' AND key IN (%(flow)s, 'credentials'))))
                  AND NOT EXISTS (
                      SELECT FROM extensiv_due
                       WHERE account_id = account.id AND flow = %(flow)s AND cust_ref IS NOT NULL)
                  AND %(nothing)s""",
            flow=flow,
            accounts=accounts.ids,
            now=_NOW,
            idle=SQL(env["extensiv.run"]._idle_condition()),
            lists=["new", "canceled", audit.LIST],
            nothing=CONDITIONS[flow],
        )
    )
    seen_at = time.monotonic()
    # In a copy of the database, which a whole pass notices, nobody is asked.
    this = read_identity(env) if rows else {}
    here = accounts.filtered(
        lambda account: (
            this.keys() <= (known := account.live_database or {}).keys() and not find_differences(known, this)
        )
    )
    return {account: Calm(flow, run, at, seen_at) for account, run, at in rows if account in here._ids}


def _count(account, calm, began):
    """Count a pass that found nothing and began at ``began``; return whether nothing else happened meanwhile."""
    at = calm.at + timedelta(seconds=began - calm.seen_at)
    counted = account.env.execute_query(
        SQL(
            """WITH forgotten AS (
                    DELETE FROM extensiv_due
                     WHERE account_id = %(account)s AND flow = %(flow)s AND due_at <= %(at)s AND cust_ref IS NULL)
               UPDATE extensiv_run AS before
                  SET times = before.times + 1, last_at = date_trunc('second', %(at)s::timestamp),
                      duration = %(seconds)s, write_date = %(now)s
                FROM extensiv_account AS account
               WHERE before.id = %(run)s AND account.id = before.account_id AND account.write_date <= before.write_date
                 AND NOT EXISTS (
                     SELECT FROM extensiv_run
                      WHERE account_id = %(account)s AND flow = %(flow)s AND id > before.id)
            RETURNING before.id""",
            account=account.id,
            flow=calm.flow,
            at=at,
            now=_NOW,
            run=calm.run_id,
            seconds=time.monotonic() - began,
        )
    )
    return bool(counted)


def _look_at_orders(account, client):
    """Whether EIM lists no order as new, and none as canceled since the last whole pass."""
    since = account.import_from
    new = client.list_orders("new", from_date=iso(since) if since else None, record=ListedOrder)
    if new.count or not new.is_last:
        return False
    now = client.date or fields.Datetime.now()
    since = min(account.canceled_until or since or now, now) - OVERLAP
    canceled = client.list_orders("canceled", from_date=iso(since), record=ListedOrder)
    return canceled.is_last and not canceled.count


def _look_at_alerts(account, client):
    """Whether EIM lists no alert."""
    return not client.list_alerts() and client.alerts_source == account.alerts_source


_NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")
_ZONE = """COALESCE((SELECT person.tz FROM res_users JOIN res_partner AS person ON person.id = res_users.partner_id
                      WHERE res_users.id = account.responsible_id),
                    (SELECT ours.tz FROM res_company JOIN res_partner AS ours ON ours.id = res_company.partner_id
                      WHERE res_company.id = account.company_id), 'UTC')"""

# {flow: what must hold of an ``account`` so that nothing here waits for a pass}
CONDITIONS = {
    "orders": SQL(
        """NOT EXISTS (SELECT FROM extensiv_order
                        WHERE account_id = account.id AND state IN ('received', 'failed'))
       AND NOT EXISTS (SELECT FROM extensiv_order
                        WHERE account_id = account.id AND acknowledged_at IS NULL AND state != 'cancelled')
       AND NOT EXISTS (SELECT FROM extensiv_order WHERE account_id = account.id AND listed_again_at IS NOT NULL)
       AND NOT EXISTS (SELECT FROM extensiv_order WHERE account_id = account.id AND shipped_elsewhere IS NOT NULL)
       AND NOT (account.request_cancel AND EXISTS (
                SELECT FROM extensiv_order WHERE account_id = account.id AND cancel_request = 'due'))
       AND NOT EXISTS (SELECT FROM sale_order WHERE extensiv_account_id = account.id AND extensiv_is_held)
       AND NOT EXISTS (SELECT FROM extensiv_cart_share WHERE account_id = account.id AND state IN ('sent', 'opened'))
       AND NOT EXISTS (SELECT FROM extensiv_unknown_order WHERE account_id = account.id)
       AND NOT EXISTS (
           SELECT FROM stock_move WHERE extensiv_reserve_later AND company_id = account.company_id)"""
    ),
    # Where stock is pushed, only a whole pass knows what became of it.
    "inventory": SQL(
        """NOT EXISTS (SELECT FROM extensiv_location WHERE account_id = account.id AND push_enabled)
       AND NOT EXISTS (SELECT FROM extensiv_stock_level AS level
                         JOIN extensiv_location AS location ON location.id = level.location_id
                        WHERE location.account_id = account.id AND (level.zero_asked OR level.unconfirmed))"""
    ),
    # Only orders whose goods did not all leave may wait for something that no hook marked.
    "shipments": SQL(
        """NOT EXISTS (SELECT FROM sale_order
                        WHERE extensiv_account_id = account.id
                          AND extensiv_shipment_state IN ('waiting', 'ready', 'sending', 'failed'))"""
    ),
    "alerts": SQL("NOT EXISTS (SELECT FROM extensiv_alert WHERE account_id = account.id AND state = 'active')"),
    "audit": SQL(
        """COALESCE(account.audit_days, 0) = 0 AND account.audited_at > %s - %s::interval
       AND NOT EXISTS (SELECT FROM extensiv_unknown_order WHERE account_id = account.id)""",
        _NOW,
        audit.INTERVAL - timedelta(minutes=5),
    ),
    "compare": SQL(
        """EXISTS (SELECT FROM (
                          SELECT create_date, message FROM extensiv_compare
                           WHERE account_id = account.id AND is_nightly AND create_uid = 1
                           ORDER BY id DESC LIMIT 1) AS last
                    WHERE last.message IS NOT NULL AND last.create_date > %s - CASE
                          WHEN EXTRACT(hour FROM now() AT TIME ZONE %s) < %s THEN %s::interval
                          ELSE %s::interval END)""",
        _NOW,
        SQL(_ZONE),
        stock_comparison.NIGHT_ENDS,
        stock_comparison.GAP - timedelta(minutes=5),
        stock_comparison.OVERDUE - timedelta(minutes=5),
    ),
}
# {flow: what asks EIM}; others ask it nothing where nothing waits.
LOOKS = {"orders": _look_at_orders, "alerts": _look_at_alerts}

"""Passes that find nothing new, which nearly all are: they cost a look, and leave a count.

Of all accounts of a turn one query finds those whose last pass found nothing and of which nothing here can have become
due since (``idle_conditions``). Then a pass is a short look (``idle_looks``): at EIM's lists where the flow asks EIM,
at what was written since where it tells EIM of stock. If there is nothing, the record of the passes before counts one
more. Whatever else there is, the whole pass is done; and once a day in any case, for the record of such passes is of a
day at most. The calls of a look that finds nothing are not logged.
"""

import time
from datetime import timedelta
from typing import NamedTuple

from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim.errors import EimError
from . import audit, idle_conditions, idle_looks
from .database_identity import find_differences, read_identity

_NOW = SQL("(clock_timestamp() AT TIME ZONE 'UTC')")


class Calm(NamedTuple):
    """An account of which nothing here waits for a flow.

    ``run_id`` is the record of its last passes; ``known`` is what the look has to know, see ``idle_conditions.KNOWN``;
    ``at`` is the moment by the database (naive UTC), ``seen_at`` by ``time.monotonic()``.
    """

    flow: str
    run_id: int
    known: dict
    at: object
    seen_at: float

    def look(self, account, deadline):
        """Do the pass of ``account``, whose lock the caller holds; return whether it found nothing.

        :param deadline: when a pass must end, by ``time.monotonic()``: this takes half of the time until then at most
        """
        began = time.monotonic()
        look = idle_looks.LOOKS.get(self.flow)
        if look:
            try:
                if not look(account, began + max(deadline - began, 0) / 2, self.known):
                    return False
            except (EimError, UserError):  # the whole pass says what is wrong
                return False
        return _count(account, self, began)


def find_calm(accounts, flow):
    """Return ``{account id: Calm}`` of those ``accounts`` that have nothing to do for ``flow`` as far as is known here.

    A pass of ``flow`` that found nothing was the last thing that happened: no setting was changed since.
    """
    if flow not in idle_conditions.CONDITIONS or not accounts:
        return {}
    env = accounts.env
    env.flush_all()
    rows = env.execute_query(
        SQL(
            """SELECT account.id, before.id, %(known)s, %(now)s
                 FROM extensiv_account AS account
                CROSS JOIN LATERAL (
                      SELECT * FROM extensiv_run
                       WHERE account_id = account.id AND flow = %(flow)s ORDER BY id DESC LIMIT 1) AS before
                WHERE account.id = ANY (%(accounts)s) AND %(idle)s
                  AND (before.skipped_count = 0 OR %(flow)s = 'orders')
                  AND account.write_date <= before.write_date AND account.check_refused_at IS NULL
                  AND (account.record_until IS NULL OR account.record_until < %(now)s)
                  AND NOT COALESCE(account.list_places, '{}')::jsonb ?| %(lists)s
                  AND NOT EXISTS (
                      SELECT FROM extensiv_error AS error
                       WHERE account_id = account.id AND state = 'open'
                         AND (flow = %(flow)s AND (%(unheeded)s) IS NOT TRUE
                              OR flow = 'connection' AND key IN (%(flow)s, 'credentials')))
                  AND NOT EXISTS (
                      SELECT FROM extensiv_due
                       WHERE account_id = account.id AND flow = %(flow)s AND cust_ref IS NOT NULL)
                  AND %(nothing)s""",
            flow=flow,
            accounts=accounts.ids,
            now=_NOW,
            idle=SQL(env["extensiv.run"]._idle_condition()),
            lists=["new", "canceled", audit.LIST],
            unheeded=idle_conditions.UNHEEDED.get(flow, SQL("FALSE")),
            known=idle_conditions.KNOWN.get(flow, SQL("NULL")),
            nothing=idle_conditions.CONDITIONS[flow](env),
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
    return {account: Calm(flow, run, known, at, seen_at) for account, run, known, at in rows if account in here._ids}


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

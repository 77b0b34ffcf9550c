"""Stepping back from an EIM that does not answer: passes come less often, behind the others, and after a short look.

What a pass ended with is an open error of the connection for its flow. Its ``next_try`` lies behind ``last_seen`` where
EIM did nothing that the pass asked for: only then scheduled passes wait for it. Where one of EIM's lists fails and the
others answer, the next pass is to have what these say.
"""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

from .. import flows

# From so many failures in a row on, a short call finds out whether EIM answers before a pass asks for anything.
PROBE_AFTER = 2


def find_failing(accounts):
    """Return ``{account: its open errors of passes}`` of those ``accounts`` that have some."""
    errors = accounts.env["extensiv.error"].search_fetch(
        [("account_id", "in", accounts.ids), ("state", "=", "open"), *_domain(flows.SCHEDULED)],
        ["account_id", "key", "attempts", "next_try", "last_seen"],
    )
    return errors.grouped("account_id")


def find_waiting(accounts, flow=None):
    """Return those of ``accounts`` of which ``flow``, by default any, waits for its next try."""
    return accounts.browse(
        account.id
        for account, errors in find_failing(accounts).items()
        if any(is_waiting(error) for error in errors if flow in (None, error.key))
    )


def is_waiting(error):
    """Whether scheduled passes wait for the next try."""
    return bool(error.next_try) and error.next_try > fields.Datetime.now()


def needs_probe(errors):
    """Whether the EIM of an account is to be asked whether it answers at all, before a pass asks for anything.

    :param errors: of passes of whatever flow; empty where all go well
    """
    return any(error.attempts >= PROBE_AFTER and has_stepped_back(error) for error in errors)


def has_stepped_back(error):
    """Whether EIM did nothing of what the pass asked for."""
    return bool(error.next_try) and error.next_try > error.last_seen


def report(run, failure, retry_after=None):
    """Report that a pass ended with trouble of the connection, and from when on scheduled passes try again.

    An EIM that does not answer at all has told so for all flows of the account that stepped back already, so that each
    does not find out for itself.

    :param run: a ``FlowRun``
    :param failure: see ``extensiv.error._report``
    :param retry_after: seconds for which EIM asks to be left alone
    """
    Error = run.env["extensiv.error"]
    names = {run.flow}
    now = fields.Datetime.now()
    if retry_after is not None:
        failure = {**failure, "next_try": now + timedelta(seconds=retry_after)}
    elif not run.is_probing and (run.client is None or run.client.served):
        failure = {**failure, "next_try": now}
    elif run.is_probing:
        others = Error.search([("account_id", "=", run.account.id), ("state", "=", "open"), *_domain(flows.SCHEDULED)])
        names.update(others.filtered(has_stepped_back).mapped("key"))
    Error._report(run.account, "connection", dict.fromkeys(names, failure))


def clear(accounts):
    """Have scheduled passes try again at once: something says that EIM may answer by now."""
    accounts.env.flush_all()
    accounts.env.execute_query(
        SQL(
            """UPDATE extensiv_error SET next_try = %(now)s
                WHERE id IN (
                      SELECT id FROM extensiv_error
                       WHERE account_id = ANY (%(accounts)s) AND flow = 'connection' AND step IS NULL
                         AND key = ANY (%(flows)s) AND state = 'open' AND next_try > %(now)s AND next_try > last_seen
                         FOR NO KEY UPDATE SKIP LOCKED)
            RETURNING id""",
            now=fields.Datetime.now(),
            accounts=accounts.ids,
            flows=list(flows.SCHEDULED),
        )
    )
    accounts.env["extensiv.error"].invalidate_model(["next_try"], flush=False)


def _domain(names):
    """Return the domain of what passes of these flows ended with."""
    return [("flow", "=", "connection"), ("key", "in", list(names)), ("step", "=", False)]

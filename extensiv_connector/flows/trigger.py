"""Starting passes early: after a change, or where a pass goes on.

Nothing depends on it. What is not triggered, the schedule finds.
"""

import logging
import threading
import time
from datetime import datetime, timedelta
from functools import partial

import psycopg2

from odoo import SUPERUSER_ID, api, fields, sql_db
from odoo.tools import SQL

from .. import flows
from ..eim.throttle import Bucket
from . import lanes
from .exceptions import log_unexpected

_logger = logging.getLogger(__name__)

NOTED = "extensiv_connector.trigger"
# {(database, flow, account id, or None for all): until when a pass is known to wait, by time.monotonic()}, of this
# process: most triggers of a busy warehouse then cost nothing.
_planned_until = {}

# Odoo looks at once for what is due now, and but once a minute for what is due later. What is due within so many
# seconds is not left to that.
SOON_SECONDS = 15


def trigger(env, flow, accounts=None):
    """Have a pass of ``flow`` start soon after this transaction is committed, however often this is called in it.

    Noted in the transaction: savepoints come and go in it, and a rolled back one triggers nothing.

    :param accounts: of these accounts alone; by default of every account that wants the flow
    """
    postcommit = env.cr.postcommit
    noted = postcommit.data.get(NOTED)
    if noted is None:
        noted = postcommit.data[NOTED] = {}
        postcommit.add(partial(_plan_noted, env.registry, noted))
    noted.setdefault(flow, set()).update([None] if accounts is None else accounts.ids)


def trigger_import(env, seconds=0):
    """Have received orders imported beside the pull, by another worker where there is one.

    :param seconds: until then; by default at once
    """
    cron = env.ref(flows.IMPORT_CRON, raise_if_not_found=False)
    if cron and seconds:
        now = fields.Datetime.now()
        _trigger_at(cron.sudo(), now + timedelta(seconds=seconds), now)
    elif cron:
        cron.sudo()._trigger()


def plan(env, flow, accounts=None, seconds=0.0, pause=None):
    """Note that passes of ``flow`` are due in ``seconds``, and trigger its schedule for that moment.

    Not sooner than the pause after its schedule started last; where a pass is due before that moment already,
    nothing more is noted. It only inserts, so it conflicts with nobody.

    :param accounts: ids; by default every account that wants the flow. Those that do not want it are left out.
    :param pause: seconds; by default the flow's
    :return: seconds until the pass, or None where nothing was noted
    """
    flow = flows.FLOWS[flow]
    cron = env.ref(flow.cron, raise_if_not_found=False)
    if not cron:
        return None
    cron = cron.sudo()
    env.flush_all()
    now = SQL("clock_timestamp() AT TIME ZONE 'UTC'")
    planned = env.execute_query(
        SQL(
            """INSERT INTO extensiv_due (account_id, company_id, flow, due_at)
               SELECT account.id, account.company_id, %(flow)s, moment.due_at
                 FROM extensiv_account AS account
                CROSS JOIN LATERAL (SELECT make_interval(secs => %(pause)s) AS pause) AS of_account
                CROSS JOIN LATERAL (
                      SELECT GREATEST(
                             %(now)s + make_interval(secs => %(seconds)s),
                             lastcall + pause,
                             (SELECT MAX(call_at) + pause
                                FROM ir_cron_trigger WHERE cron_id = ir_cron.id AND call_at <= %(now)s)) AS due_at
                        FROM ir_cron WHERE id = %(cron)s AND active) AS moment
                WHERE account.active AND account.state = 'connected' AND %(wanted)s AND %(chosen)s
                  AND NOT EXISTS (
                      SELECT FROM extensiv_due AS due
                       WHERE due.account_id = account.id AND due.flow = %(flow)s AND due.cust_ref IS NULL
                         AND due.due_at > %(now)s AND due.due_at <= moment.due_at)
            RETURNING due_at, %(now)s""",
            now=now,
            flow=flow.name,
            seconds=float(seconds),
            pause=_pause_sql(flow) if pause is None else float(pause),
            cron=cron.id,
            wanted=SQL(" AND ").join(
                [SQL("account.%s", SQL.identifier(name)) for name in flow.switches] or [SQL("TRUE")]
            ),
            chosen=SQL("TRUE") if accounts is None else SQL("account.id = ANY (%s)", list(accounts)),
        )
    )
    if not planned:
        return None
    due_at, now = min(planned)
    triggered = datetime.min
    for moment in sorted(moment for moment, _now in planned):
        # Accounts have pauses of their own: a trigger for the first one would leave the others to the schedule.
        if moment > triggered:
            triggered = _trigger_at(cron, moment, now)
            for lane in lanes.find_further(env, flow.name):  # the first one may be at work, for a while
                _trigger_at(lane, moment, now)
    return max((due_at - now).total_seconds(), 0.0)


def wake(env, flow, seconds):
    """Trigger the schedule of ``flow``, and its further lanes, for what is noted as due already."""
    cron = env.ref(flows.FLOWS[flow].cron, raise_if_not_found=False)
    if not cron:
        return
    now = fields.Datetime.now()
    for lane in cron.sudo() | lanes.find_further(env, flow):
        _trigger_at(lane, now + timedelta(seconds=seconds), now)


def wake_further(env, flow):
    """Have the further lanes of ``flow`` look at once for what is due."""
    for lane in lanes.find_further(env, flow):
        lane._trigger()


def note_due(accounts, flow):
    """Note for the lanes of ``flow`` that a pass of each of ``accounts`` is due now; nothing is triggered."""
    accounts.env.execute_query(
        SQL(
            """INSERT INTO extensiv_due (account_id, company_id, flow, due_at)
               SELECT id, company_id, %(flow)s, %(now)s FROM extensiv_account
                WHERE id = ANY (%(accounts)s)
                  AND NOT EXISTS (
                      SELECT FROM extensiv_due AS due
                       WHERE due.account_id = extensiv_account.id AND due.flow = %(flow)s AND due.cust_ref IS NULL
                         AND due.due_at <= %(now)s)
            RETURNING id""",
            flow=flow,
            accounts=accounts.ids,
            now=SQL("clock_timestamp() AT TIME ZONE 'UTC'"),
        )
    )


def is_due(account, flow):
    """Whether a pass of ``flow`` is due for ``account`` now."""
    [[due]] = account.env.execute_query(
        SQL(
            """SELECT EXISTS (SELECT FROM extensiv_due
                WHERE account_id = %s AND flow = %s AND cust_ref IS NULL
                  AND due_at <= clock_timestamp() AT TIME ZONE 'UTC')""",
            account.id,
            flow,
        )
    )
    return due


def _pause_sql(flow):
    """Return SQL for the pause of ``flow`` on an ``account``, in seconds: short while EIM allows many calls.

    Of a credential that has no row in ``extensiv.bucket`` no call was ever made.
    """
    if flow.quick_pause is None:
        return SQL("%s", float(flow.pause))
    bucket = Bucket()
    return SQL(
        """CASE WHEN COALESCE(
             (SELECT tokens + (EXTRACT(EPOCH FROM clock_timestamp()) - counted_at) / %(refill)s FROM extensiv_bucket
               WHERE key = encode(sha256(convert_to(account.base_url || E'\n' || account.api_user, 'UTF8')), 'hex')),
             %(capacity)s) > %(capacity)s / 2 THEN %(quick)s ELSE %(pause)s END""",
        refill=bucket.seconds_per_token,
        capacity=bucket.capacity,
        quick=float(flow.quick_pause),
        pause=float(flow.pause),
    )


def pauses(accounts, flow):
    """Return ``{account id: seconds}`` that must have passed since the last start of ``flow``."""
    query = SQL(
        "SELECT account.id, (%s)::float FROM extensiv_account AS account WHERE account.id = ANY (%s)",
        _pause_sql(flows.FLOWS[flow]),
        accounts.ids,
    )
    return dict(accounts.env.execute_query(query))


def _trigger_at(cron, due_at, now):
    """Trigger ``cron`` for ``due_at``, unless it is already, and return the moment.

    Triggers know whole seconds; one that came a moment too early would find nothing due.
    """
    call_at = due_at.replace(microsecond=0) + timedelta(seconds=bool(due_at > now and due_at.microsecond))
    known = (
        cron.env["ir.cron.trigger"]
        .sudo()
        .search_count(
            [("cron_id", "=", cron.id), ("call_at", ">=", call_at), ("call_at", "<=", call_at + timedelta(seconds=1))],
            limit=1,
        )
    )
    if known:
        return call_at
    cron._trigger(call_at)
    if 0 < (wait := (call_at - now).total_seconds()) <= SOON_SECONDS:
        cron.env.cr.postcommit.add(partial(_look_again, cron.env.cr.dbname, wait))
    return call_at


def _look_again(database, seconds):
    """Have Odoo's schedules look in ``seconds`` for what is due then.

    By a timer of this process, for a scheduled action that waited for it would keep others from their turn. Should the
    process end before, they look within the minute.
    """
    timer = threading.Timer(seconds, _notify_schedules, [database])
    timer.name = "extensiv_connector.trigger"
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError:  # the process ends, or may have no more threads; what is committed must not look failed
        _logger.info("No timer could be started; the schedules look within the minute.")


def _notify_schedules(database):
    """Wake Odoo's schedules, as a trigger of the present does (``ir.cron._notifydb``)."""
    try:
        with sql_db.db_connect("postgres").cursor() as cr:
            cr.execute("SELECT pg_notify('cron_trigger', %s)", [database])
    except psycopg2.Error as error:
        _logger.info("The schedules were not woken (%s); they look within the minute.", type(error).__name__)


def due_accounts(env, flow):
    """Return the ids of the accounts of which a pass of ``flow`` is due."""
    return {
        account
        for (account,) in env.execute_query(
            SQL(
                """SELECT account_id FROM extensiv_due
                    WHERE flow = %s AND due_at <= clock_timestamp() AT TIME ZONE 'UTC'""",
                flow,
            )
        )
    }


def forget_due(account, flow, started_at):
    """Forget that a pass was due which began at ``started_at`` (naive UTC); what was noted since stays.

    So do orders whose status is to be asked: ``status_check`` forgets each once EIM was asked.
    """
    account.env.cr.execute(
        SQL(
            "DELETE FROM extensiv_due WHERE account_id = %s AND flow = %s AND due_at <= %s AND cust_ref IS NULL",
            account.id,
            flow,
            started_at,
        )
    )


def _plan_noted(registry, noted):
    """Plan what a committed transaction noted, without ever failing what was committed just now."""
    for flow, accounts in noted.items():
        keys = [None] if None in accounts else sorted(accounts)
        now = time.monotonic()
        waiting = [key for key in keys if _planned_until.get((registry.db_name, flow, key), 0) <= now]
        if not waiting:
            continue
        try:
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                seconds = env["extensiv.account"].browse([] if None in waiting else waiting)._plan_flow(flow)
        except Exception as error:  # what was committed must not look failed; the schedule finds it, too
            log_unexpected(_logger, error, "Triggering %s failed", flow)
            continue
        if seconds:
            _planned_until.update({(registry.db_name, flow, key): now + seconds for key in waiting})

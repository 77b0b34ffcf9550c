"""The schedules of the flows: when they run at all, and which accounts have their turn."""

import logging
import time
from datetime import datetime

import psycopg2

from odoo import fields
from odoo.tools import SQL

from .. import flows
from . import idle, lanes, runner, stepping_back, trigger, turn
from .trigger import due_accounts

# Seconds that an account's pass may take at least, though others wait: enough to import a batch.
ACCOUNT_SECONDS = 15

_logger = logging.getLogger(__name__)


def cron_of(env, flow):
    """Return the scheduled action of ``flow``, empty while it is not installed yet or was deleted."""
    return env.ref(flows.SCHEDULED[flow].cron, raise_if_not_found=False) or env["ir.cron"]


def account_domain(flow):
    """Return the domain of the accounts that the schedule of ``flow`` serves."""
    return [("state", "=", "connected"), *((switch, "=", True) for switch in flows.SCHEDULED[flow].switches)]


def toggle(env, changed=None):
    """Run a schedule only while some account wants it (as ``fetchmail`` does).

    :param changed: accounts whose settings changed, which are then tried again at once
    """
    if changed:
        stepping_back.clear(changed)
    for flow in flows.SCHEDULED:
        if cron := cron_of(env, flow).sudo():
            cron.toggle("extensiv.account", account_domain(flow))
    if importing := env.ref(flows.IMPORT_CRON, raise_if_not_found=False):
        importing.sudo().toggle("extensiv.account", account_domain("orders"))
    lanes.toggle(env, account_domain(lanes.FLOW))


def switch_on(env, flow):
    """Switch the schedule of ``flow`` on, and its further lanes."""
    cron_of(env, flow).sudo().active = True
    if flow == lanes.FLOW:
        lanes.toggle(env, account_domain(flow))


def run_turn(env, flow):
    """Run a pass of ``flow`` for every account whose turn it is, the one longest waiting first, failing ones last.

    Ends within the time that is left to it; what is left starts again by a trigger. Nothing is reported as remaining:
    Odoo would repeat the job at once, for ten times the pass's length (``ir.cron._run_job``).
    """
    passes = ScheduledPasses(env, flow, new_deadline(env))
    passes.run()
    if env.context.get("ir_cron_progress_id"):
        env["ir.cron"]._commit_progress(passes.count, remaining=0)
    Account = env["extensiv.account"].sudo()
    for account_id, seconds in passes.resume.items():
        Account.browse(account_id)._plan_flow(flow, seconds)
    if passes.postponed and passes.in_lanes:
        trigger.wake(env, flow, _pause_until_next_turn())  # what they are due for is noted still
    elif passes.postponed:
        # In a moment, for a trigger of this very second may be taken for the one that started this turn.
        Account.browse(passes.postponed)._plan_flow(flow, _pause_until_next_turn(), pause=0)


class ScheduledPasses:
    """The passes of one flow in one turn.

    :param deadline: when they must end, by ``time.monotonic()``
    """

    def __init__(self, env, flow, deadline):
        self.env = env
        self.flow = flow
        self.deadline = deadline
        self.count = 0
        """How many accounts are due."""
        self.resume = {}
        """``{account id: seconds}`` until a pass goes on."""
        self.postponed = []
        """Ids of accounts that had no time."""
        self.in_lanes = lanes.get_count(env, flow) > 1 or lanes.is_further(env)
        """Whether other processes may serve the same accounts at this moment."""

    def run(self):
        accounts = self._get_due()
        self.count = len(accounts)
        errors = stepping_back.find_failing(accounts)
        failing = accounts.filtered(lambda account: account in errors)
        self._run_each(accounts - failing, self.deadline, {})
        # Each may be waited for in vain; the other flows of this turn are to find some time left.
        left = max(runner.seconds_until(self.deadline), 0) if self.count > 1 else 0
        self._run_each(failing, self.deadline - left / 2, errors)

    def _get_due(self):
        """Return the accounts whose turn it is, the one longest waiting first."""
        accounts = self.env["extensiv.account"].sudo().search(account_domain(self.flow))
        due = due_accounts(self.env, self.flow)
        is_early = _was_triggered(self.env) and (due or self.in_lanes)
        if is_early or lanes.is_further(self.env):
            accounts = accounts.filtered(lambda account: account.id in due)
        accounts -= stepping_back.find_waiting(accounts, self.flow)
        started = self.env["extensiv.run"]._last_start(accounts, self.flow)
        if self.in_lanes and not is_early and not lanes.is_further(self.env):
            begun = _get_round_start(self.env)
            accounts = accounts.filtered(
                lambda account: account.id in due or started.get(account.id, (datetime.min, 0))[0] < begun
            )
            trigger.note_due(accounts, self.flow)
            if len(accounts) > 1:
                trigger.wake_further(self.env, self.flow)
            runner.release_locks(self.env)
        return accounts.sorted(lambda account: started.get(account.id, (datetime.min, 0)))

    def _run_each(self, accounts, deadline, errors):
        """Run the passes of ``accounts``; those for which no time is left are postponed.

        :param errors: ``{account: its open errors}``
        """
        calm = idle.find_calm(accounts, self.flow)
        runner.release_locks(self.env)
        Account = self.env["extensiv.account"].sudo()
        for account in accounts:
            left = runner.seconds_until(deadline)
            if left < runner.CALL_SECONDS:
                self.postponed.append(account.id)
                continue
            # Others had their turns meanwhile: it may be switched off, disconnected, archived or deleted by now.
            if not Account.search_count([("id", "=", account.id), *account_domain(self.flow)]):
                continue
            if self.in_lanes:
                if not trigger.is_due(account, self.flow):
                    continue  # another lane served it
                account = account.with_context(**{lanes.IF_DUE: True})
            if account.id in calm:
                account = account.with_context(**{runner.CALM: calm[account.id]})
            is_last = self.count == 1 or (account == accounts[-1] and account not in errors)
            end = deadline if is_last else get_share(deadline, left)
            result = account._start_pass(self.flow, end, stepping_back.needs_probe(errors.get(account, ())))
            if result and result.resume_in is not None:
                self.resume[account.id] = result.resume_in


def get_share(deadline, left):
    """Return when the work for one account must end, so that one which EIM lets wait leaves time to those behind it.

    :param deadline: when the work for all must end, by ``time.monotonic()``
    :param left: seconds until then
    """
    return deadline - left + min(left, max(left / 3, ACCOUNT_SECONDS))


def new_deadline(env):
    """Return when a scheduled action of ours that begins now must end, by ``time.monotonic()``."""
    current = turn.get_current()
    return current.get_deadline(_count_waiting(env, current.begun)) if current else runner.new_deadline()


def _count_waiting(env, begun):
    """Return how many schedules of ours that ask EIM or import are due, of those that had no turn yet.

    :param begun: ids of those that had
    """
    names = [*(flow.cron for flow in flows.SCHEDULED.values()), flows.IMPORT_CRON, flows.SHARE_CRON]
    crons = env["ir.cron"].union(*filter(None, (env.ref(name, raise_if_not_found=False) for name in names)))
    # Lanes are for other workers, and share no turn with each other.
    of_lanes = lanes.find_all(env)
    crons = crons - of_lanes if begun & set(of_lanes.ids) else crons
    now = SQL("clock_timestamp() AT TIME ZONE 'UTC'")
    [[count]] = env.execute_query(
        SQL(
            """SELECT COUNT(*) FROM ir_cron AS cron
                WHERE id = ANY (%(crons)s) AND active
                  AND (nextcall <= %(now)s
                       OR EXISTS (SELECT FROM ir_cron_trigger WHERE cron_id = cron.id AND call_at <= %(now)s))""",
            crons=[cron.id for cron in crons if cron.id not in begun],
            now=now,
        )
    )
    return count


def _pause_until_next_turn():
    """Return in how many seconds to try again what had no time.

    At once where our own jobs took it; where Odoo's limits leave none from the outset, one turn after the other would
    come to nothing.
    """
    current = turn.get_current()
    return 1 if current is None or current.had_time else 60


def import_beside(env):
    """Import received orders beside the pull: takes what other processes do not hold."""
    runner.release_locks(env)
    deadline = new_deadline(env)
    for account in env["extensiv.account"].sudo().search(account_domain("orders")):
        seconds = account._import_beside(deadline)
        if seconds is not None:
            account._plan_import(seconds)
            return


def import_batches(account, deadline):
    """Import batches of received orders of ``account`` that no other process holds.

    :param deadline: when to end, by ``time.monotonic()``
    :return: seconds until it goes on, None: nothing is left that this process could take
    """
    began_at = fields.Datetime.now()
    start = time.monotonic()
    began = False
    run = None
    try:
        with flows.FLOWS["orders"].run_class.open(account, deadline) as run:
            # It often has what the pull of the same turn left: what is too large for that waits for the next pull.
            run.importer.begins_too_large = False
            while run.has_time(runner.SIDE_BATCH_SECONDS) and run.importer.import_next():
                began = True
            _record_import(run, began_at, start)
            if not run.has_time(runner.SIDE_BATCH_SECONDS) and run.importer.find_importable(1):
                return 1 if began else 60
    except psycopg2.Error:
        if not run or not run.is_disconnected():
            raise
        _logger.info("Import of EIM's orders of account %s: the connection to the database was lost", account.id)
        return runner.LOST_SECONDS
    return None


def _record_import(run, began_at, start):
    """Leave a record of what a process imported beside the pull, if it was anything: the pull counts only its own.

    :param start: when it began, by ``time.monotonic()``
    """
    if not run.failed and not any(run.counts.values()):
        return
    vals = run.describe(start)
    run.retry_on_conflict(lambda: run.env["extensiv.run"]._record_import(run.account, began_at, vals))


def _was_triggered(env):
    """Whether this scheduled action started for a trigger before its turn: only accounts that are due run then."""
    if not (cron_id := env.context.get("cron_id")):
        return False
    cron = env["ir.cron"].sudo().browse(cron_id)
    now = fields.Datetime.now()
    return cron.nextcall > now and bool(
        env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron_id), ("call_at", "<=", now)], limit=1)
    )


def _get_round_start(env):
    """Return the moment for which Odoo's scheduler planned this turn (naive UTC), by hand one that is still to come.

    It stays the same until the turn has ended: what was served since then is not served again where the process of a
    turn was killed, and Odoo begins it anew.
    """
    cron = env["ir.cron"].sudo().browse(env.context.get("cron_id"))
    return cron.nextcall if cron else datetime.max

"""The schedules of the flows: when they run at all, and which accounts have their turn."""

from odoo import fields

from .. import flows
from . import runner
from .trigger import due_accounts, plan


def cron_of(env, flow):
    """Return the scheduled action of ``flow``, empty while it is not installed yet or was deleted."""
    return env.ref(flows.SCHEDULED[flow].cron, raise_if_not_found=False) or env["ir.cron"]


def account_domain(flow):
    """Return the domain of the accounts that the schedule of ``flow`` serves."""
    return [("state", "=", "connected"), *((switch, "=", True) for switch in flows.SCHEDULED[flow].switches)]


def toggle(env):
    """Run a schedule only while some account wants it (as ``fetchmail`` does)."""
    for flow in flows.SCHEDULED:
        if cron := cron_of(env, flow).sudo():
            cron.toggle("extensiv.account", account_domain(flow))
    if importing := env.ref(flows.IMPORT_CRON, raise_if_not_found=False):
        importing.sudo().toggle("extensiv.account", account_domain("orders"))


def run_turn(env, flow):
    """Run a pass of ``flow`` for every account whose turn it is, the one longest waiting first.

    Ends within the time of one pass; what is left starts again by a trigger. Nothing is reported as remaining:
    Odoo would repeat the job at once, for ten times the pass's length (``ir.cron._run_job``).
    """
    Account = env["extensiv.account"].sudo()
    accounts = Account.search(account_domain(flow))
    if _was_triggered(env) and (due := due_accounts(env, flow)):
        accounts = accounts.filtered(lambda account: account.id in due)
    started = env["extensiv.run"]._last_start(accounts, flow)
    resume = {}
    deadline = runner.new_deadline()
    for account in accounts.sorted(lambda account: started.get(account.id, 0)):
        if runner.seconds_until(deadline) < runner.CALL_SECONDS:
            resume[account.id] = 0
            continue
        # Others had their turns meanwhile: it may be switched off, disconnected, archived or deleted by now.
        if not Account.search_count([("id", "=", account.id), *account_domain(flow)]):
            continue
        result = runner.run_flow(account, flow, deadline)
        if result.resume_in is not None:
            resume[account.id] = result.resume_in
    if env.context.get("ir_cron_progress_id"):
        env["ir.cron"]._commit_progress(len(accounts), remaining=0)
    for account_id, seconds in resume.items():
        plan(env, flow, [account_id], seconds)


def import_beside(env):
    """Import received orders beside the pull: takes what other processes do not hold."""
    runner.release_locks(env)
    deadline = runner.new_deadline()
    for account in env["extensiv.account"].sudo().search(account_domain("orders")):
        with flows.FLOWS["orders"].run_class.open(account, deadline) as run:
            while run.has_time(runner.SIDE_BATCH_SECONDS) and run.importer.import_next():
                continue


def _was_triggered(env):
    """Whether this scheduled action started for a trigger before its turn: only accounts that are due run then."""
    if not (cron_id := env.context.get("cron_id")):
        return False
    cron = env["ir.cron"].sudo().browse(cron_id)
    now = fields.Datetime.now()
    return cron.nextcall > now and bool(
        env["ir.cron.trigger"].sudo().search_count([("cron_id", "=", cron_id), ("call_at", "<=", now)], limit=1)
    )

"""The jobs of passes and imports: when they are due, which there are already, and what becomes of those nobody runs.

Of each flow of an account, and of each of its import jobs, one waits at most: that is what its identity key is for. Of
one that runs already another may wait, for what changed since.

Nothing depends on a job. One that failed, was cancelled or deleted leaves what the next pass goes on from, and the
schedules look in their time for what is due; one whose process died is started anew by the job runner.
"""

import math
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

from psycopg2.errors import OperationalError

from odoo import SUPERUSER_ID
from odoo.addons.extensiv_connector import flows
from odoo.addons.extensiv_connector.flows import runner, stepping_back, trigger
from odoo.addons.extensiv_connector.flows.exceptions import is_conflict
from odoo.addons.extensiv_connector.flows.schedule import account_domain, cron_of
from odoo.addons.queue_job.job import ENQUEUED, PENDING, STARTED, WAIT_DEPENDENCIES, Job
from odoo.addons.queue_job.jobrunner.runner import PG_ADVISORY_LOCK_ID
from odoo.tools import SQL, config

WAITING = (WAIT_DEPENDENCIES, PENDING, ENQUEUED)
METHODS = ("_run_job", "_import_job")
CHANNELS = {
    "orders": "extensiv_connector_queue.channel_orders",
    "inventory": "extensiv_connector_queue.channel_inventory",
    "shipments": "extensiv_connector_queue.channel_shipments",
}
OTHERS_CHANNEL = "extensiv_connector_queue.channel_others"
FAILING_CHANNEL = "extensiv_connector_queue.channel_failing"
IMPORT_CHANNEL = "extensiv_connector_queue.channel_import"
IMPORT_JOBS = "extensiv_connector_queue.import_jobs"
"""The system parameter that says how many jobs import orders of one account at once."""
DEFAULT_IMPORT_JOBS = 2

# Flows whose pass is but a count where nothing waits here: that takes no longer than to make a job.
COUNTED = frozenset({"shipments", "audit", "compare"})
NOTED = "extensiv_connector_queue.passes"
# Seconds of a request's limit that are left to a call or batch in flight, and to the record of the pass.
SPARE_SECONDS = 20

# A job that was due for so long will not be run: nobody runs jobs, or far too few. The schedule then does the pass.
STUCK = timedelta(minutes=15)
# The step under which errors of the connection tell of it.
STUCK_STEP = "queue"


def pass_key(account_id, flow):
    return f"extensiv/{flow}/{account_id}"


def import_key(account_id, number):
    return f"extensiv/import {number}/{account_id}"


def plan_passes(accounts, flow, seconds=0.0, pause=None):
    """Have jobs do passes of ``flow``: of those of ``accounts`` whose schedule runs it, or of all that do.

    :param seconds: until then
    :param pause: seconds that must have passed since the last start; by default the flow's own
    :return: seconds until the first job that was made or moved, or None
    """
    env = _own_env(accounts.env)
    cron = cron_of(env, flow)
    if not cron.active:
        return None
    accounts = env["extensiv.account"].search([*account_domain(flow), *_among(accounts)])
    pauses = trigger.pauses(accounts, flow) if pause is None else dict.fromkeys(accounts.ids, pause)
    starts = _last_starts(accounts, flow) if any(pauses.values()) else {}
    failing = stepping_back.find_failing(accounts)
    now = _now()
    wanted = {}
    for account in accounts:
        due_at = _in(now, seconds)
        if account.id in starts:
            due_at = max(due_at, starts[account.id] + timedelta(seconds=pauses[account.id]))
        channel = FAILING_CHANNEL if account in failing else CHANNELS.get(flow, OTHERS_CHANNEL)
        wanted[pass_key(account.id, flow)] = Wanted(
            account, "_run_job", flow, due_at, channel, cron.priority, flows.label_of(env, flow)
        )
    return _plan(env, wanted, now)


def note_pass(account, flow):
    """Have a job do a pass of ``flow``, which is made with those of the other accounts, before they are committed."""
    precommit = account.env.cr.precommit
    noted = precommit.data.get(NOTED)
    if noted is None:
        noted = precommit.data[NOTED] = defaultdict(set)
        precommit.add(partial(_plan_noted, account.env, noted))
    noted[flow].add(account.id)


def _plan_noted(env, noted):
    for flow, account_ids in noted.items():
        plan_passes(env["extensiv.account"].browse(account_ids), flow, pause=0)


def plan_imports(accounts, seconds=0.0, numbers=None):
    """Have jobs import what ``accounts``, or all, have received: so many of each as there are batches, up to a limit.

    :param seconds: until then
    :param numbers: which of an account's import jobs; by default as many as there is work for
    """
    env = _own_env(accounts.env)
    cron = env.ref(flows.IMPORT_CRON, raise_if_not_found=False)
    if not cron or not cron.active:
        return
    accounts = env["extensiv.account"].search([*account_domain("orders"), *_among(accounts)])
    received = env["extensiv.order"]._read_group(
        [("account_id", "in", accounts.ids), ("state", "=", "received")], ["account_id"], ["__count"]
    )
    most = import_jobs(env)
    now = _now()
    due_at = _in(now, seconds)
    wanted = {}
    for account, count in received:
        batches = math.ceil(count / account.import_batch_size)
        for number in numbers or range(1, min(batches, most) + 1):
            wanted[import_key(account.id, number)] = Wanted(
                account, "_import_job", number, due_at, IMPORT_CHANNEL, cron.priority, env._("Import %s", number)
            )
    _plan(env, wanted, now)


def import_jobs(env):
    """Return how many jobs import orders of one account at once."""
    value = env["ir.config_parameter"].sudo().get_param(IMPORT_JOBS, "")
    return max(int(value), 1) if value.isdigit() else DEFAULT_IMPORT_JOBS


@dataclass(frozen=True)
class Wanted:
    """A job that is to be there.

    :param method: of the account, called with ``argument``
    :param due_at: naive UTC
    :param channel: its external id
    """

    account: object
    method: str
    argument: object
    due_at: datetime
    channel: str
    priority: int
    label: str


def _plan(env, wanted, now):
    """Make the jobs that are not there, and have those that are due later come earlier.

    :param wanted: ``{identity key: Wanted}``
    :return: seconds until the first that was made or moved, or None
    """
    waiting = env["queue.job"].search_fetch(
        [("identity_key", "in", list(wanted)), ("state", "in", WAITING)], ["identity_key", "state", "eta"]
    )
    moments = {}
    for key, jobs in waiting.grouped("identity_key").items():
        due_at = wanted.pop(key).due_at
        if all(job.state == PENDING and job.eta and job.eta > due_at for job in jobs):
            if _move(jobs, due_at):
                moments[key] = due_at
    moments.update({key: job.due_at for key, job in wanted.items()})
    _create(env, wanted, now)
    return max((min(moments.values()) - now).total_seconds(), 0.0) if moments else None


def _create(env, wanted, now):
    """Make jobs as ``with_delay`` does, which makes one at a time.

    :param wanted: ``{identity key: Wanted}``, none of which waits
    """
    channels = {name: env.ref(name).complete_name for name in {job.channel for job in wanted.values()}}
    made = []
    for key, job in wanted.items():
        account = job.account.with_company(job.account.company_id)
        made.append(
            Job(
                getattr(account, job.method),
                args=(job.argument,),
                eta=job.due_at if job.due_at > now else None,
                identity_key=key,
                channel=channels[job.channel],
                priority=job.priority,
                description=f"Extensiv: {job.label}, {account.name}",
            )
        )
    Jobs = env["queue.job"]
    # Nobody follows a job, nor is told that there is one: to look whom it concerns would take queries for each.
    Jobs = Jobs.with_context(_job_edit_sentinel=Jobs.EDIT_SENTINEL, tracking_disable=True)
    Jobs.create([job._store_values(create=True) for job in made])


def _move(jobs, due_at):
    """Have waiting jobs start earlier; return whether they do.

    Whoever changes one at this moment starts it or moves it, too: nobody is waited for, and nothing fails for it.
    """
    try:
        with jobs.env.cr.savepoint():
            jobs.env.cr.execute(
                SQL(
                    """UPDATE queue_job SET eta = %s
                        WHERE id IN (SELECT id FROM queue_job WHERE id = ANY (%s) AND state = %s
                                        FOR NO KEY UPDATE SKIP LOCKED)""",
                    due_at,
                    jobs.ids,
                    PENDING,
                ),
                log_exceptions=False,
            )
            return bool(jobs.env.cr.rowcount)
    except OperationalError as error:
        if not is_conflict(error):
            raise
        return False
    finally:
        jobs.invalidate_recordset(["eta"], flush=False)


def _own_env(env):
    """Return an environment in which jobs are made: not a person's, with nothing of what a person works with."""
    return env(user=SUPERUSER_ID, su=True, context={})


def _among(accounts):
    return [("id", "in", accounts.ids)] if accounts.ids else []


def _last_starts(accounts, flow):
    """Return ``{account id: when its last pass of flow began}``."""
    return {
        account: moment for account, (moment, _run) in accounts.env["extensiv.run"]._last_start(accounts, flow).items()
    }


def _now():
    """Return the moment (naive UTC) in whole seconds, as jobs know moments."""
    return datetime.now(timezone.utc).replace(tzinfo=None, microsecond=0)


def _in(now, seconds):
    """Return the moment in so many seconds, rather a second late than one early: a token would not be there yet."""
    return now + timedelta(seconds=math.ceil(seconds) + 1) if seconds > 0 else now


def new_deadline():
    """Return when what a job does must end, by ``time.monotonic()``: before Odoo kills who does it, as any request."""
    limit = config["limit_time_real"]
    left = max(limit - SPARE_SECONDS, limit / 2) if limit else math.inf
    return min(runner.new_deadline(), time.monotonic() + left)


# -- jobs that nobody runs


def is_stuck(account, flow):
    """Whether a job of ``flow`` on the account has waited for long since it was due."""
    return _is_overdue(account.env, [("identity_key", "=", pass_key(account.id, flow))])


def is_import_stuck(env):
    """Whether a job that imports has waited for long since it was due."""
    return _is_overdue(env, [("model_name", "=", "extensiv.account"), ("method_name", "=", "_import_job")])


def _is_overdue(env, domain):
    long_ago = _now() - STUCK
    due = ["|", ("eta", "<", long_ago), "&", ("eta", "=", False), ("date_created", "<", long_ago)]
    return bool(_own_env(env)["queue.job"].search_count([*domain, ("state", "in", WAITING), *due], limit=1))


def report_stuck(account, flow):
    """Tell people that nobody runs jobs."""
    failure = {
        "message": account.env._(
            "Jobs wait for %(minutes)s minutes and more, so the schedule does their work, one account after the other. "
            "Either no job runner is at work on this server, or it runs too few jobs at once: Settings, Extensiv says "
            "what to enter where.",
            minutes=int(STUCK.total_seconds() // 60),
        ),
        "category": "settings",
        "document": account,
    }
    account.env["extensiv.error"]._report(account, "connection", {flow: failure}, STUCK_STEP)


def resolve_stuck(account, flow):
    account.env["extensiv.error"]._resolve(account, "connection", [flow], STUCK_STEP)


# -- when the addon goes


def hand_back(env):
    """Have Odoo's schedules do at their moments what waits as jobs or died, and forget the jobs and the settings.

    Those that run stay: they end well, as long as their processes live.
    """
    env = _own_env(env)
    jobs = env["queue.job"].search(
        [("model_name", "=", "extensiv.account"), ("method_name", "in", METHODS), ("state", "!=", STARTED)]
    )
    jobs += _find_dead(env)
    now = _now()
    importing = False
    passes = defaultdict(set)  # {(flow, seconds): ids of accounts}
    for job in jobs.filtered(lambda job: job.state in (*WAITING, STARTED)):
        if job.method_name == "_import_job":
            importing = True
        else:
            seconds = max((job.eta - now).total_seconds(), 0) if job.eta else 0
            passes[job.args[0], seconds].update(job.records.ids)
    for (flow, seconds), account_ids in passes.items():
        trigger.plan(env, flow, account_ids, seconds)
    if importing:
        trigger.trigger_import(env)
    jobs.unlink()
    env["extensiv.error"].search([("flow", "=", "connection"), ("step", "=", STUCK_STEP)]).unlink()
    env["ir.config_parameter"].search([("key", "=", IMPORT_JOBS)]).unlink()


def _find_dead(env):
    """Return our jobs whose processes died: nobody holds their locks."""
    rows = env.execute_query(
        SQL(
            """SELECT job.id FROM queue_job AS job JOIN queue_job_lock AS lock ON lock.queue_job_id = job.id
                WHERE job.model_name = 'extensiv.account' AND job.method_name IN %s AND job.state = %s
                  FOR NO KEY UPDATE OF lock SKIP LOCKED""",
            METHODS,
            STARTED,
        )
    )
    return env["queue.job"].browse(job_id for (job_id,) in rows)


# -- what the settings page shows


def count(env):
    """Return ``{"started", "due", "later"}``: how many of our jobs there are of each."""
    env = _own_env(env)
    ours = [("model_name", "=", "extensiv.account"), ("method_name", "in", METHODS)]
    waiting = [*ours, ("state", "in", WAITING)]
    later = env["queue.job"].search_count([*waiting, ("eta", ">", _now())])
    return {
        "started": env["queue.job"].search_count([*ours, ("state", "=", STARTED)]),
        "due": env["queue.job"].search_count(waiting) - later,
        "later": later,
    }


def is_runner_there(env):
    """Whether a job runner holds the lock by which runners agree which of them serves this database."""
    [[there]] = env.execute_query(
        SQL(
            """SELECT EXISTS (
                   SELECT FROM pg_locks
                    WHERE locktype = 'advisory' AND granted AND objsubid = 1
                      AND (classid::bigint << 32) + objid::bigint = %s
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))""",
            PG_ADVISORY_LOCK_ID,
        )
    )
    return there

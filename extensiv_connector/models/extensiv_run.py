import logging
import random
import time
import traceback
import zlib
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from psycopg2.errors import IntegrityError, OperationalError, UniqueViolation

from odoo import SUPERUSER_ID, api, fields, models, modules
from odoo.exceptions import ConcurrencyError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ..eim import errors as eim
from ..flows.credential_check import CredentialCheck
from ..flows.refusals import Refusals
from .extensiv_call import CallLog

_logger = logging.getLogger(__name__)

FLOWS = {
    "connection": "Connection",
    "orders": "Orders",
    "inventory": "Inventory",
    "shipments": "Shipments",
    "alerts": "Alerts",
}
# The account's switch of a flow; EIM's alerts are fetched for every connected account.
SWITCHES = {"orders": "pull_orders", "inventory": "push_inventory", "shipments": "push_shipments"}
# What a flow is there for: the word of its tally that a run counts as done.
DONE = {"orders": "imported", "inventory": "pushed", "shipments": "sent", "alerts": "fetched"}
# A scheduled worker is killed after 120 s (limit_time_real); a pass ends well before, whatever EIM does.
PASS_SECONDS = 50
CONFLICT_TRIES = 5
# A pass that reached its end, or one that was cut short and still got something done; and one that shows trouble.
GOOD = "(state = 'done' OR (state = 'partial' AND done_count > 0))"
BAD = "(state = 'failed' OR failed_count > 0)"


@dataclass
class Pass:
    """One pass of a flow on an account, as the flow sees it.

    ``account`` lives on a cursor of the pass's own, which the flow commits as it goes. A flow counts what it did in
    ``tally`` (by a word a person reads), ``failed`` and ``skipped``, adds sentences to ``notes``, and sets
    ``again_in`` (seconds) when more is waiting.
    """

    account: object
    client: object
    deadline: float
    tally: Counter = field(default_factory=Counter)
    failed: int = 0
    skipped: int = 0
    notes: list = field(default_factory=list)
    again_in: float | None = None

    @property
    def env(self):
        return self.account.env

    @cached_property
    def check(self):
        """Whether EIM takes the credentials, which only its check decides."""
        return CredentialCheck(self.client, self.account)

    @cached_property
    def refusals(self):
        """What EIM refuses in the same words, and may not be written down yet."""
        return Refusals(self.check)

    def connect(self, log):
        """Make the client, which ends with the pass; ``log`` is a ``CallLog``."""
        self.client = self.account._client(on_call=log)
        self.client.end_by(self.deadline)
        return self.check  # remembers the credentials that the client has

    def seconds_left(self):
        return self.deadline - time.monotonic()

    def commit(self):
        """Commit what was done and forget what was read, so that a long pass stays small."""
        self.env.cr.commit()
        self.env.invalidate_all()

    def repeat_on_conflict(self, work):
        """Commit ``work()`` and return its result, repeated in a new transaction on a serialization failure.

        As ``odoo.service.model.retrying`` does for requests, but with pauses that fit into a pass. A row that
        another process has just made too (a cart, a shipping method, an order fetched by hand) is found the next time.

        :raise OperationalError: when the fifth try conflicts too
        """
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                result = work()
                self.commit()
                return result
            except (IntegrityError, OperationalError, ConcurrencyError) as error:
                self.env.cr.rollback()
                self.env.transaction.reset()
                if attempt == CONFLICT_TRIES or not (is_conflict(error) or isinstance(error, UniqueViolation)):
                    raise
                time.sleep(0.05 * 2**attempt * random.uniform(0.5, 1.5))


def is_conflict(error):
    """Whether a database error says that another transaction was quicker, so that repeating may work."""
    return isinstance(error, (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError))


def log_unexpected(logger, error, message, *args):
    """Log an error of ours with its place but without its text: database errors quote whole rows of personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", message % args, type(error).__name__, frames)


class ExtensivRun(models.Model):
    """One pass of one flow on one account: when, how long, what it did. And the rules that every pass keeps."""

    _name = "extensiv.run"
    _description = "EIM Run"
    _order = "id desc"
    _rec_name = "started_at"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    flow = fields.Selection(list(FLOWS.items()), required=True, readonly=True)
    started_at = fields.Datetime(required=True, readonly=True, index=True)
    duration = fields.Float("Seconds", readonly=True, aggregator="avg")
    done_count = fields.Integer("Done", readonly=True)
    failed_count = fields.Integer("Failed", readonly=True)
    skipped_count = fields.Integer("Skipped", readonly=True)
    state = fields.Selection(
        [("running", "Running"), ("done", "Done"), ("partial", "Partly Done"), ("failed", "Failed")],
        required=True,
        readonly=True,
    )
    message = fields.Char(readonly=True)

    _account_flow_idx = models.Index("(account_id, flow, id)")
    _good_idx = models.Index(f"(account_id, flow, id) WHERE {GOOD}")
    _bad_idx = models.Index(f"(account_id, flow, id) WHERE {BAD}")

    @api.autovacuum
    def _gc_runs(self):
        """Keep 30 days of runs."""
        old = fields.Datetime.subtract(fields.Datetime.now(), days=30)
        limit = 10_000
        runs = self.search([("started_at", "<", old)], limit=limit)
        runs.unlink()
        return len(runs), len(runs) == limit

    @api.autovacuum
    def _gc_interrupted(self):
        """Close the runs of dead processes that no further run of their flow has closed, for it was switched off."""
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        self.search([("state", "=", "running"), ("started_at", "<", long_ago)])._note_interrupted()

    def _note_interrupted(self):
        self.write({"state": "failed", "message": self.env._("Interrupted; the next run goes on from there.")})

    # -- what the account shows

    @api.model
    def _newest(self, accounts, condition=None):
        """Return ``{(account id, flow): id of the newest run}``, of the runs that meet a condition in SQL.

        The comparison of whole rows makes PostgreSQL walk the index of account and flow: of an equality it would think
        that the newest runs of all are soon among them, and read a million where a flow never ran.
        """
        if not accounts.ids:
            return {}
        return {
            (account, flow): run
            for account, flow, run in self.env.execute_query(
                SQL(
                    """SELECT account.id, flow.name, run.id
                 FROM unnest(%s) AS account(id) CROSS JOIN unnest(%s) AS flow(name)
                 JOIN LATERAL (
                      SELECT id, account_id, flow FROM extensiv_run
                       WHERE (account_id, flow, id) <= (account.id, flow.name::varchar, 2147483647) AND %s
                       ORDER BY account_id DESC, flow DESC, id DESC LIMIT 1
                      ) AS run ON run.account_id = account.id AND run.flow = flow.name""",
                    accounts.ids,
                    list(FLOWS),
                    SQL(condition or "TRUE"),
                )
            )
        }

    @api.model
    def _last_of_each_flow(self, accounts):
        """Return ``{(account id, flow): run}`` of the newest runs."""
        return {key: self.browse(run) for key, run in self._newest(accounts).items()}

    @api.model
    def _last_good_and_bad(self, accounts):
        """Return ``{(account id, flow): (newest good run, newest bad run)}``, either of them perhaps empty."""
        good, bad = self._newest(accounts, GOOD), self._newest(accounts, BAD)
        ids = {*good.values(), *bad.values()}
        runs = dict(zip(ids, self.browse(ids), strict=True))  # one prefetch for all
        return {key: (runs.get(good.get(key), self), runs.get(bad.get(key), self)) for key in good | bad}

    @api.model
    def _last_start(self, accounts, flow):
        """Return ``{account id: a number that grows with its last run}``."""
        last = self._last_of_each_flow(accounts)
        return {account: run.id for (account, of_flow), run in last.items() if of_flow == flow}

    # -- the pass

    @api.model
    def _deadline(self):
        return time.monotonic() + PASS_SECONDS

    @api.model
    def _seconds_until(self, deadline):
        return deadline - time.monotonic()

    @api.model
    def _commit_caller(self):
        """Commit what the caller did so far: nobody's locks are held while EIM is asked."""
        self.env.flush_all()
        if not modules.module.current_test:
            self.env.cr.commit()

    @api.model
    def _see_what_was_committed(self):
        """End the caller's snapshot, which may be older than what was done on another cursor meanwhile."""
        self._commit_caller()
        self.env.invalidate_all()

    @api.model
    def _run_pass(self, account, flow, deadline=None):
        """Run one pass of ``flow`` on ``account`` and record it; returns when done or out of time.

        The pass works as superuser in the account's company, on a cursor of its own that it commits as it goes.

        :return: the finished ``Result`` (state, message, again_in)
        """
        self._commit_caller()
        with self._only_pass(account, flow) as free:
            if not free:
                return Result("partial", self.env._("Already at work elsewhere; its result will appear here."))
            with self._own_pass(account, deadline or self._deadline()) as pass_:
                result = self._record_run(pass_, flow)
        self._see_what_was_committed()
        return result

    @contextmanager
    def _own_pass(self, account, deadline):
        """Give a ``Pass`` on a cursor of its own, as superuser in the account's company."""
        with self.env.registry.cursor() as cr:
            env = api.Environment(
                cr,
                SUPERUSER_ID,
                {
                    "lang": self.env.lang or "en_US",
                    "allowed_company_ids": account.company_id.ids,
                },
            )
            yield Pass(account.with_env(env), None, deadline)

    @contextmanager
    def _only_pass(self, account, flow):
        """Hold the lock of ``flow`` on ``account``, or yield False at once when another process has it.

        The lock belongs to the session of a connection of its own: PostgreSQL frees it when the process dies.
        """
        key = (zlib.crc32(f"extensiv_connector/{flow}".encode()) - 2**31, account.id)
        with self.env.registry.cursor() as cr:
            cr.execute("SELECT pg_try_advisory_lock(%s, %s)", key)
            [free] = cr.fetchone()
            cr.commit()
            try:
                yield free
            finally:
                if free:
                    cr.execute("SELECT pg_advisory_unlock(%s, %s)", key)
                    cr.commit()

    @api.model
    def _record_run(self, pass_, flow):
        """Run the flow between the two writes that record it."""
        account, env = pass_.account, pass_.env
        start = time.monotonic()
        # Holding the lock proves that whoever left these is dead.
        env["extensiv.run"].search(
            [("account_id", "=", account.id), ("flow", "=", flow), ("state", "=", "running")],
        )._note_interrupted()
        run = env["extensiv.run"].create(
            {
                "account_id": account.id,
                "company_id": account.company_id.id,
                "flow": flow,
                "started_at": fields.Datetime.now(),
                "state": "running",
            }
        )
        env.cr.commit()
        try:
            state = self._run_flow(pass_, flow)
        except Exception as error:  # noqa: BLE001 - the run's record must say it; the traceback is logged
            env.cr.rollback()
            env.transaction.reset()
            log_unexpected(_logger, error, "EIM %s of account %s stopped", flow, account.id)
            stopped = env._("Stopped by an unexpected error (%s); see the server's log.", type(error).__name__)
            pass_.notes.append(stopped)
            env["extensiv.error"]._report(account, "connection", {flow: {"message": stopped, "category": "transient"}})
            state = "failed"
        words = {
            "received": env._("received"),
            "acknowledged": env._("acknowledged"),
            "imported": env._("imported"),
            "cancelled": env._("cancelled"),
            "pushed": env._("pushed"),
            "sent": env._("sent"),
            "fetched": env._("fetched"),
            "failed": env._("failed"),
            "skipped": env._("left at EIM"),
        }
        counts = {**pass_.tally, "failed": pass_.failed, "skipped": pass_.skipped}
        told = ", ".join(f"{counts[key]} {word}" for key, word in words.items() if counts.get(key))
        message = " ".join(filter(None, [told and f"{told}.", *pass_.notes])) or env._("Nothing new.")
        run.write(
            {
                "state": state,
                "duration": time.monotonic() - start,
                "done_count": pass_.tally[DONE[flow]],
                "failed_count": pass_.failed,
                "skipped_count": pass_.skipped,
                "message": message,
            }
        )
        env.cr.commit()
        pass_.repeat_on_conflict(account._remind_responsible)
        return Result(state, message, pass_.again_in)

    @api.model
    def _run_flow(self, pass_, flow):
        """Let the flow do its work and turn what EIM answers into the run's state."""
        account, env = pass_.account, pass_.env
        if account._is_copy():
            account._become_draft_copy()
            pass_.notes.append(account.state_message)
            env.cr.commit()
            return "failed"
        try:
            with CallLog(account) as log:
                pass_.connect(log)
                # Each flow lives on the model whose records it moves; the account knows where.
                try:
                    getattr(account, f"_work_{flow}")(pass_)
                except (eim.Refused, eim.Blocked) as error:
                    env.cr.rollback()  # nothing is locked while EIM is asked
                    raise pass_.check.judge(error) from None
        except eim.RateLimited as error:
            # Not a failure: the bucket is empty, the next pass goes on when there is a token.
            env.cr.rollback()
            pass_.again_in = max(error.retry_after, 1)
            pass_.notes.append(env._("Waiting for EIM's rate limit; goes on by itself."))
            return "partial"
        except eim.EimError as error:
            env.cr.rollback()
            pass_.failed += 1
            pass_.notes.append(self._note_trouble(pass_, flow, error))
            return "failed"
        pass_.repeat_on_conflict(lambda: account._note_good_pass(flow, pass_.check))
        return "partial" if pass_.failed or pass_.again_in is not None else "done"

    @api.model
    def _note_trouble(self, pass_, flow, error):
        """Write that ``error`` ended the pass, and return the sentence for the run's record."""
        account, Error = pass_.account, pass_.env["extensiv.error"]
        if isinstance(error, eim.CredentialsRefused):
            return pass_.repeat_on_conflict(lambda: account._note_refused_check(flow, error, pass_.check))
        Error._report(
            account,
            "connection",
            {
                flow: {
                    "message": Error._explain_connection(error),
                    "category": "settings" if isinstance(error, eim.Refused) else "transient",
                    "process_id": error.process_id,
                }
            },
        )
        pass_.commit()
        return pass_.env._("EIM: %s", error.message)


@dataclass
class Result:
    """How a pass ended: the run's state, what to tell a person, seconds until it goes on (None: by schedule)."""

    state: str
    message: str
    again_in: float | None = None

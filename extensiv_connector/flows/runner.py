"""One pass of one flow on one account: its lock, cursor, time and record, and what EIM's errors mean for it."""

import logging
import random
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial

import psycopg2
from psycopg2.errors import IntegrityError, OperationalError, UniqueViolation

from odoo import SUPERUSER_ID, api, fields, modules
from odoo.exceptions import ConcurrencyError

from .. import flows
from ..eim import errors as eim
from . import lanes, stepping_back, trigger, turn
from .credential_check import CredentialCheck
from .deadline import is_unanswered
from .exceptions import is_conflict, is_disconnected, log_unexpected, no_rows_in_log
from .explanations import explain
from .languages import reader_of
from .lock import LockLost, find_holder, flow_lock
from .refusals import Refusals
from .run_message import compose, say_error

_logger = logging.getLogger(__name__)

# A scheduled worker is killed after 120 s (limit_time_real); a pass ends well before, whatever EIM does.
PASS_SECONDS = 50
CONFLICT_TRIES = 5
# Seconds that must be left to begin something: a call of EIM's, a batch of orders, a batch beside another pass.
CALL_SECONDS = 5
BATCH_SECONDS = 10
SIDE_BATCH_SECONDS = 15
# Of the time of a pass so much must be left that what takes longer than any pass may begin.
WHOLE_SHARE = 0.8
# Seconds until a pass goes on that other work stood in the way of.
PUT_OFF_SECONDS = 30
# Seconds that a step which others' rows may hold up waits for them before it is repeated.
WAIT_SECONDS = 3
# Where EIM asks a failed pass to come again after some seconds, it does not come sooner than after so many.
LEAST_PAUSE = 10
# Seconds that a lock is held at most by a process that is well: a pass and its last call take far less.
HANGING_SECONDS = 600
# On an account's context: the ``idle.Calm`` that its turn found.
CALM = "extensiv_calm"
# Seconds until a pass is repeated whose connection to the database was lost.
LOST_SECONDS = 60


@dataclass
class Result:
    """How a pass ended: the run's state, what to tell a person, seconds until it goes on (None: by schedule).

    ``is_unanswered``: EIM was not reached, or did not answer. ``is_busy``: nothing was done, for another process is at
    the same flow of the account.
    """

    state: str
    message: str
    resume_in: float | None = None
    is_unanswered: bool = False
    is_busy: bool = False
    failed: int = 0


class FlowRun:
    """One pass of one flow on one account. A flow's class says in ``run`` what a pass does.

    ``account`` lives on a cursor of the pass's own, which the flow commits as it goes. A flow counts what it did in
    ``counts`` (by a word a person reads), ``failed`` and ``skipped``, adds sentences to ``messages``, and sets
    ``resume_in`` (seconds) when more is waiting.
    """

    flow = None
    """The flow's name, where the pass is one of a flow."""
    lock = None
    """The ``Lock`` of the flow on the account, where the pass holds it."""

    def __init__(self, account, deadline):
        self.account = account
        self.client = None
        self.deadline = deadline
        self.counts = Counter()
        self.failed = 0
        self.skipped = 0
        self.messages = []
        self.resume_in = None
        self.is_probing = False
        """Whether the pass finds out at this moment if EIM answers at all."""
        self.is_unanswered = False
        self.is_refused = False
        """Whether EIM ended the pass: as one failure it is counted, and told in words of its own."""

    @classmethod
    @contextmanager
    def open(cls, account, deadline=None, lock=None):
        """Give a pass on a cursor of its own, as superuser in the account's company.

        :param deadline: when it must end, by ``time.monotonic()``; by default after the time of one pass
        :param lock: the ``Lock`` that the pass holds
        """
        with account.env.registry.cursor() as cr:
            context = {"lang": reader_of(account), "allowed_company_ids": account.company_id.ids}
            env = api.Environment(cr, SUPERUSER_ID, context)
            run = cls(account.with_env(env), deadline or new_deadline())
            run.lock = lock
            yield run

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

    @contextmanager
    def connect(self):
        """Have a client, which ends with the pass."""
        with self.account._eim(self.deadline) as self.client:
            check = self.check  # remembers the credentials that the client has
            self.commit()  # reading them began a transaction; EIM is called holding none
            yield check

    # -- what a flow does

    def run(self):
        """Do the work of the pass.

        :raise EimError: EIM could not be asked, or refuses
        """
        raise NotImplementedError

    def remember_routes(self):
        """Keep which of EIM's paths answered in this pass, and which do no longer, for those to come."""
        if self.client is not None and self.client.learned:
            self.retry_on_conflict(self._keep_routes)

    def _keep_routes(self):
        """Keep what was learned, unless another account of EIM's was entered meanwhile."""
        self.account.invalidate_recordset()
        if not self.check.is_of_before(self.account):
            self.account._remember_routes(self.client.learned)

    def seconds_left(self):
        return seconds_until(self.deadline)

    def has_time(self, seconds=CALL_SECONDS):
        """Whether there is time to begin something that takes ``seconds``: ``CALL_SECONDS``, ``BATCH_SECONDS``."""
        return self.seconds_left() > seconds

    def has_whole_pass(self):
        """Whether nearly all of a pass's time is left: what takes longer than that may begin now, or never.

        Where other schedules share the turn, the pass's own part is less; what counts then is when Odoo would kill it.
        """
        current = turn.get_current()
        return current.has_share(WHOLE_SHARE) if current else self.has_time(WHOLE_SHARE * PASS_SECONDS)

    @contextmanager
    def half_of_the_time(self):
        """Let what is done here end when half of the time that is left is over."""
        whole = self.deadline
        self.deadline -= max(self.seconds_left(), 0) / 2
        self.client.end_by(self.deadline)
        try:
            yield
        finally:
            self.deadline = whole
            self.client.end_by(whole)

    def eim_now(self):
        """Return the moment by EIM's clock (naive UTC), as far as EIM said it in this pass; else by ours."""
        return self.client.date or fields.Datetime.now()

    def commit(self):
        """Commit what was done and forget what was read, so that a long pass stays small.

        :raise LockLost: another process may be at work by now; what was done is committed
        """
        self.env.cr.commit()
        self.env.invalidate_all()
        self.check_lock()

    def check_lock(self):
        """Make sure, before what must not be done twice, that no other process is at work.

        :raise LockLost: one may be
        """
        if self.lock:
            self.lock.check()

    def rollback(self):
        """Forget what was done since the last commit."""
        self.env.cr.rollback()
        self.env.transaction.reset()

    def retry_on_conflict(self, work, wait=None, between=None):
        """Commit ``work()`` and return its result, repeated in a new transaction on a serialization failure.

        As ``odoo.service.model.retrying`` does for requests, but with pauses that fit into a pass. A row that
        another process has just made too (a cart, a shipping method, an order fetched by hand) is found the next time.

        :param wait: seconds that a try waits for the rows of others, and that must be left for a further try; by
            default as long as it takes
        :param between: what is done, and committed, before the pause that each further try is made after
        :raise OperationalError: when the fifth try conflicts too
        """
        for attempt in range(1, CONFLICT_TRIES + 1):
            try:
                with no_rows_in_log(self.env.cr):
                    if wait:
                        self.env.cr.execute("SET LOCAL lock_timeout = %s", [f"{int(wait * 1000)}ms"])
                    result = work()
                    self.commit()
                return result
            except (IntegrityError, OperationalError, ConcurrencyError) as error:
                if self.is_disconnected():
                    raise
                self.rollback()
                is_last = attempt == CONFLICT_TRIES or (wait and not self.has_time(wait))
                if is_last or not (is_conflict(error) or isinstance(error, UniqueViolation)):
                    raise
                if between:
                    between()
                    self.commit()
                time.sleep(0.05 * 2**attempt * random.uniform(0.5, 1.5))

    def trigger(self, flow):
        """Have a pass of another flow of this account start soon after what is done now is committed."""
        trigger.trigger(self.env, flow, self.account)

    # -- the pass and its record

    def probe(self):
        """Ask EIM something small, before a pass that may wait for each of its calls.

        :raise eim.EimError: it does not answer
        """
        self.is_probing = True
        self.client.probe()
        self.is_probing = False

    def record(self, probe=False):
        """Do the pass between the two writes that record it; return its ``Result``.

        :param probe: whether it first finds out if EIM answers at all
        """
        account = self.account
        start = time.monotonic()
        record = self.env["extensiv.run"]._begin(account, self.flow)
        self.env["extensiv.error"]._resolve(account, "connection", [self.flow], "hanging")
        started_at = self._now()
        self.env.cr.commit()
        try:
            state = self._attempt(probe)
        except LockLost:
            state = self._record_lock_lost()
        except Exception as error:  # whatever it is, the run's record must say it; the traceback is logged
            if self.is_disconnected():
                raise
            state = self._record_conflict() if is_conflict(error) else self._record_unexpected(error)
        self.lock = None  # nothing follows that another process would have to wait for
        message = self._message()

        is_idle = state == "done" and not self.failed and not any(self.counts.values())

        def finish():
            record._conclude({**self.describe(start), "state": state, "message": message}, is_idle)
            trigger.forget_due(account, self.flow, started_at)

        self.retry_on_conflict(finish)
        self.remember_routes()
        self.retry_on_conflict(account._remind_responsible)
        return Result(state, message, self.resume_in, self.is_unanswered, failed=self.failed)

    def describe(self, start):
        """Return what the record of a pass says that it did since ``start``, by ``time.monotonic()``."""
        return {
            "duration": time.monotonic() - start,
            "done_count": self.counts[flows.FLOWS[self.flow].done],
            "failed_count": self.failed,
            "skipped_count": self.skipped,
            "message": self._message(),
        }

    def _now(self):
        """Return the database's own moment (naive UTC), by which due moments are noted."""
        self.env.cr.execute("SELECT clock_timestamp() AT TIME ZONE 'UTC'")
        return self.env.cr.fetchone()[0]

    def _attempt(self, probe):
        """Let the flow do its work; return the run's state by what EIM answered."""
        account = self.account
        if not self.retry_on_conflict(account._recognise_database):
            self.messages.append(account.state_message)
            return "failed"
        try:
            with self.connect():
                try:
                    if probe:
                        self.probe()
                    self.run()
                except (eim.Refused, eim.Blocked) as error:
                    self.env.cr.rollback()  # nothing is locked while EIM is asked
                    raise self.check.judge(error) from None
        except eim.RateLimited as error:
            # Not a failure: the bucket is empty, the next pass goes on when there is a token.
            self.env.cr.rollback()
            self.resume_in = max(error.retry_after, 1)
            self.messages.append(self.env._("EIM's rate limit is reached; the run goes on by itself."))
            return "partial"
        except eim.EimError as error:
            return self._record_refusal(error)
        self.retry_on_conflict(lambda: self.check.record_success(account, self.flow))
        return "partial" if self.failed or self.resume_in is not None else "done"

    def _record_refusal(self, error):
        """Note that EIM ended the pass with ``error``; return the run's state."""
        self.env.cr.rollback()
        self.failed += 1
        self.is_refused = True
        self.is_unanswered = is_unanswered(error)
        if error.retry_after is not None:
            self.resume_in = max(error.retry_after, LEAST_PAUSE)
        if isinstance(error, eim.CredentialsRefused):
            message = self.retry_on_conflict(lambda: self.check.record_refusal(self.account, self.flow, error))
            self.messages.append(message)
            return "failed"
        failure = {
            "message": explain(self.env, error),
            "category": "settings" if isinstance(error, eim.Refused) else "transient",
            "process_id": error.process_id,
        }
        stepping_back.report(self, failure, self.resume_in if error.asked else None)
        self.messages.append(say_error(self.env, error))
        self.commit()
        return "failed"

    def is_disconnected(self):
        """Whether the pass's own connection to the database was lost."""
        return is_disconnected(self.env.cr)

    def put_off(self):
        """Leave to the next pass what other work, which was quicker each time, stood in the way of."""
        self.resume_in = PUT_OFF_SECONDS
        message = self.env._("Some of it was put off, for other work was at the same records; goes on by itself.")
        if message not in self.messages:
            self.messages.append(message)

    def _record_conflict(self):
        """Note that the pass ended early; return the run's state."""
        self.rollback()
        self.put_off()
        _logger.info("EIM %s of account %s: put off, others changed the same records", self.flow, self.account.id)
        return "partial"

    def _record_lock_lost(self):
        """Note that the pass ended early; return the run's state."""
        self.rollback()
        self.resume_in = LOST_SECONDS
        self.messages.append(get_lost_message(self.env))
        _logger.info("EIM %s of account %s: the lock was lost", self.flow, self.account.id)
        return "partial"

    def _record_unexpected(self, error):
        """Note that the pass stopped for an error of ours; return the run's state."""
        self.rollback()
        log_unexpected(_logger, error, "EIM %s of account %s stopped", self.flow, self.account.id)
        stopped = self.env._("Stopped by an unexpected error (%s); see the server's log.", type(error).__name__)
        self.messages.append(stopped)
        failure = {"message": stopped, "category": "transient", "next_try": fields.Datetime.now()}
        self.env["extensiv.error"]._report(self.account, "connection", {self.flow: failure})
        return "failed"

    def report_hanging(self, pid, seconds):
        """Record that another process has held the flow's lock for longer than a pass can take.

        :param pid: PostgreSQL's number of its connection
        :return: what is told
        """
        message = self.env._(
            "Already at work elsewhere for %(minutes)s minutes, though a run takes one: that process of Odoo hangs, "
            "and nothing of %(flow)s is done meanwhile. Ask whoever runs the server to restart Odoo, or to end "
            "PostgreSQL's process %(pid)s.",
            minutes=int(seconds // 60),
            flow=flows.label_of(self.env, self.flow),
            pid=pid,
        )
        failure = {"message": message, "category": "settings", "document": self.account}
        self.env["extensiv.error"]._report(self.account, "connection", {self.flow: failure}, "hanging")
        self.account._remind_responsible()
        return message

    def _message(self):
        """Return in sentences what the pass did."""
        failed = self.failed - self.is_refused  # that EIM was not reached, or refuses, is said by itself
        counts = {**self.counts, "failed": failed, "skipped": self.skipped}
        return compose(self.env, counts, self.messages)


def new_deadline():
    """Return when a pass that begins now must end, by ``time.monotonic()``."""
    return time.monotonic() + PASS_SECONDS


def seconds_until(deadline):
    return deadline - time.monotonic()


def release_locks(env):
    """Commit what the caller did so far: nobody's locks are held while EIM is asked."""
    env.flush_all()
    if not modules.module.current_test:
        env.cr.commit()


def refresh_snapshot(env):
    """End the caller's snapshot, which may be older than what was done on another cursor meanwhile."""
    release_locks(env)
    env.invalidate_all()


def run_flow(account, flow, deadline=None, probe=False):
    """Run one pass of ``flow`` on ``account`` and record it; returns when done or out of time.

    :param probe: whether the pass first finds out if EIM answers at all
    :return: the finished ``Result``
    """
    env = account.env
    run_class = flows.FLOWS[flow].run_class
    run = None
    account.fetch(["company_id"])  # read later, it would begin a transaction that stays open
    release_locks(env)
    try:
        with flow_lock(account, flow) as lock:
            if not lock:
                return Result("partial", _say_busy(account, run_class), is_busy=True)
            if _was_idle(account, flow, deadline or new_deadline()):
                release_locks(env)
                return Result("done", env._("Nothing new."))
            with run_class.open(account, deadline, lock) as run:
                if account.env.context.get(lanes.IF_DUE) and not trigger.is_due(run.account, flow):
                    return Result("done", env._("Another process did it just now."))
                result = run.record(probe)
    except psycopg2.Error:
        if not run or not run.is_disconnected():
            raise
        _logger.info("EIM %s of account %s: the connection to the database was lost", flow, account.id)
        return Result("partial", get_lost_message(env), LOST_SECONDS)
    refresh_snapshot(env)
    return result


def _was_idle(account, flow, deadline):
    """Whether a look showed that the pass has nothing to do, where the turn found that nothing here waits."""
    calm = account.env.context.get(CALM)
    if not calm or (account.env.context.get(lanes.IF_DUE) and not trigger.is_due(account, flow)):
        return False
    return calm.look(account, deadline)


def get_lost_message(env):
    return env._("The connection to the database was lost; the next run goes on from there.")


def _say_busy(account, run_class):
    """Return what to tell of a pass that another process is at; one that hangs becomes an error for a person."""
    holder = find_holder(account, run_class.flow)
    if holder and holder[1] >= HANGING_SECONDS:
        with run_class.open(account) as run:
            return run.retry_on_conflict(partial(run.report_hanging, *holder))
    return account.env._("Already at work elsewhere; its result will appear here.")

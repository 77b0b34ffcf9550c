"""The time of one turn of a cron worker, which its jobs share: those of other modules, and all of ours.

Odoo's limits of wall time and of CPU are for a whole turn, not for each job, and who exceeds one is killed in the
middle of its work. So our jobs end well before, whatever else the turn did, and others have their turn in a minute.
"""

import os
import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from weakref import WeakKeyDictionary

from odoo.http import request
from odoo.service.server import SLEEP_INTERVAL
from odoo.tools import config

if os.name == "posix":
    import resource

# Seconds of one turn that all our jobs take together; a call in flight may take a few more.
OUR_SECONDS = 45
# Seconds of the limit that are left to a call or batch in flight, and to the jobs of others behind ours.
SPARE_SECONDS = 20
SPARE_CPU_SECONDS = 10
# A job of ours that begins has at least so many seconds where so many are left, though others wait.
LEAST_SECONDS = 12
# A worker says that it is alive and then sleeps: so long at most, and its watch runs meanwhile.
LONGEST_SLEEP = SLEEP_INTERVAL + 10

_turn = ContextVar("extensiv_connector_turn", default=None)
# {cursor: its turn}. Odoo's scheduler has one cursor a turn; its ``cache`` is emptied by each job's commit.
_turns = WeakKeyDictionary()


class _Worker:
    """What this process knows of its turns."""

    last_end = None
    """When its last job ended, by ``time.monotonic()``; it slept no longer than since then."""


class Turn:
    """What Odoo's limits leave to our jobs in a turn that begins now."""

    def __init__(self):
        self.begun = set()
        """Ids of the scheduled actions that had their turn."""
        self.had_time = False
        """Whether a job of ours had time for its work."""
        self._end = time.monotonic() + _wall_seconds()
        self._our_end = None
        self._whole = 0

    def get_deadline(self, waiting):
        """Return when a job of ours that begins now must end, by ``time.monotonic()``; perhaps it has no time at all.

        :param waiting: how many other jobs of ours are due in this turn, and get as much of what is left
        """
        now = time.monotonic()
        if self._our_end is None:
            self._our_end = min(self._end, now + OUR_SECONDS)
            self._whole = self._seconds_left()
        left = self._seconds_left()
        self.had_time |= left >= LEAST_SECONDS
        return now + max(left / (1 + waiting), min(left, LEAST_SECONDS))

    def has_share(self, share):
        """Whether so much is left of what our jobs had when the first of them began.

        :param share: between 0 and 1
        """
        return self._seconds_left() >= share * self._whole

    def _seconds_left(self):
        end = self._end if self._our_end is None else self._our_end
        return max(min(end - time.monotonic(), _cpu_seconds()), 0)


def get_current():
    """Return the ``Turn`` of the scheduled action that runs in this thread; None where Odoo's scheduler runs none."""
    return _turn.get()


@contextmanager
def job(cron_cr, cron_id):
    """Let a scheduled action, whoever's, be one of the turn that ``cron_cr`` belongs to; the first begins it.

    What a person, a script or a test runs by hand is of no turn.
    """
    if not _is_scheduler():
        yield
        return
    turn = _turns.get(cron_cr)
    if turn is None:
        turn = _turns[cron_cr] = Turn()
    turn.begun.add(cron_id)
    token = _turn.set(turn)
    try:
        yield
    finally:
        _turn.reset(token)
        _Worker.last_end = time.monotonic()


def _is_scheduler():
    """Whether this thread is one of Odoo's scheduler."""
    return not request and bool(config["workers"] or getattr(threading.current_thread(), "type", None) == "cron")


def _wall_seconds():
    """Return for how many seconds our jobs may go on in a turn that begins now, infinite where Odoo sets no limit."""
    limit, spent = _worker_limit() if config["workers"] else _thread_limit()
    if not limit:
        return float("inf")
    return max(limit - spent - min(SPARE_SECONDS, limit / 3), limit / 4)


def _worker_limit():
    """Return after how many seconds a worker is killed, and how many have passed at most.

    Its watch begins before it sleeps until it is woken, and nobody notes when that was. So it slept as long as it can,
    or since its last job.
    """
    limit = config["limit_time_real_cron"]
    since = float("inf") if _Worker.last_end is None else time.monotonic() - _Worker.last_end
    return config["limit_time_real"] if limit < 0 else limit, min(since, LONGEST_SLEEP)


def _thread_limit():
    """Return after how many seconds a server without workers starts anew for a slow thread, and how many have passed.

    There, a limit of 0 for scheduled actions means that of requests.
    """
    limit = config["limit_time_real_cron"]
    started = getattr(threading.current_thread(), "start_time", None)
    spent = time.time() - started if started else 0
    return limit if limit > 0 else config["limit_time_real"], spent


def _cpu_seconds():
    """Return how many seconds our jobs may last, so that they reach no worker's limit of CPU though they only compute.

    Odoo sets the limit anew for each turn of a worker.
    """
    if not config["workers"] or os.name != "posix":
        return float("inf")
    soft, _hard = resource.getrlimit(resource.RLIMIT_CPU)
    if soft == resource.RLIM_INFINITY:
        return float("inf")
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spare = min(SPARE_CPU_SECONDS, config["limit_time_cpu"] / 3)
    return soft - usage.ru_utime - usage.ru_stime - spare

"""The lock of a flow on an account: one process at a time.

It belongs to a transaction of its own that stays open, so a pool of connections in transaction mode leaves it its
session, and PostgreSQL frees it when the process dies. The transaction reads what others commit (READ COMMITTED): with
a snapshot that is kept it would hold back vacuum.
"""

import logging
import zlib
from contextlib import contextmanager

import psycopg2

from odoo import modules
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class LockLost(Exception):
    """PostgreSQL ended the transaction that held the lock; another process may be at work by now."""


class Lock:
    """A lock that is held, unless PostgreSQL ended its transaction: for being idle, or with its connection."""

    def __init__(self, cr):
        self._cr = cr

    def check(self):
        """Make sure that the lock is still held, which also tells PostgreSQL that its transaction is not idle.

        :raise LockLost: it is not
        """
        try:
            self._cr.execute("SELECT 1", log_exceptions=False)
        except psycopg2.Error as error:
            raise LockLost from error


def read_committed(cr):
    """Let a transaction that did nothing yet read what others commit: it is never refused for that.

    It is for statements that lock the rows they decide by, or insert what nobody has inserted, and for no others.
    """
    if not modules.module.current_test:  # whose cursors share one transaction
        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")


@contextmanager
def own_transaction(env, name):
    """Give a cursor whose transaction holds locks and reads what others commit; both end with the block.

    :param name: of what the locks are, for the log
    """
    cr = env.registry.cursor()
    try:
        read_committed(cr)
        yield cr
    finally:
        try:
            cr.commit()
            cr.close()
        except psycopg2.Error as error:
            _logger.info("The lock of %s was lost: %s", name, type(error).__name__)


@contextmanager
def flow_lock(account, flow):
    """Hold the lock of ``flow`` on ``account`` and give it, or None at once when another process has it."""
    with own_transaction(account.env, f"EIM {flow} of account {account.id}") as cr:
        cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _key(account, flow))
        [free] = cr.fetchone()
        yield Lock(cr) if free else None


def find_holder(account, flow):
    """Return ``(process id in PostgreSQL, seconds)`` of who holds the lock and since when, or None."""
    first, second = _key(account, flow)
    rows = account.env.execute_query(
        SQL(
            """SELECT holder.pid, EXTRACT(EPOCH FROM clock_timestamp() - holder.xact_start)::float
                 FROM pg_locks AS lock
                 JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
                 JOIN pg_database AS database ON database.oid = lock.database
                WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 2
                  AND lock.classid::bigint = %s AND lock.objid::bigint = %s
                  AND database.datname = current_database() AND holder.xact_start IS NOT NULL""",
            first % 2**32,  # PostgreSQL shows both without their sign
            second,
        )
    )
    return rows[0] if rows else None


def _key(account, flow):
    return zlib.crc32(f"extensiv_connector/{flow}".encode()) - 2**31, account.id

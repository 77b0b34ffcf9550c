"""Errors that are not EIM's: which of them say that another transaction was quicker, and how they are logged."""

import logging
import traceback
from contextlib import contextmanager

import psycopg2
from psycopg2.errors import InFailedSqlTransaction, UniqueViolation

from odoo.exceptions import AccessError, ConcurrencyError, MissingError, UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

_sql_logger = logging.getLogger("odoo.sql_db")

EXPECTED = (UniqueViolation, *PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)
"""What the database raises where two do the same at once."""
USER_ERRORS = (UserError, ValidationError, AccessError, MissingError)
"""Errors whose text is meant for people."""


def is_conflict(error):
    """Whether a database error says that another transaction was quicker, so that repeating may work."""
    return isinstance(error, (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError))


def is_disconnected(cr):
    """Whether the cursor's connection to the database was lost.

    Psycopg2 does not always know after the first statement that failed for it: the next one shows.
    """
    if cr.closed:  # its connection may serve another by now, unless that is closed, too
        return bool(cr.connection.closed)
    try:
        with cr.connection.cursor() as probe:
            probe.execute("SELECT 1")
    except InFailedSqlTransaction:
        return False
    except psycopg2.Error:
        return True
    return False


def log_unexpected(logger, error, message, *args):
    """Log an error of ours with its place but without its text: database errors quote whole rows of personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", message % args, type(error).__name__, frames)


@contextmanager
def no_rows_in_log(cr):
    """Have Odoo log no rows of a statement on ``cr`` that fails: buyers' names and addresses are among them.

    One that fails because another transaction was quicker, or the database went away, is simply repeated, and not
    logged at all.
    """
    if "execute" in vars(cr):  # within another one already
        yield
        return
    execute = cr.execute

    def execute_quietly(query, params=None, log_exceptions=True):
        try:
            return execute(query, params, log_exceptions=False)
        except EXPECTED:
            raise
        except Exception as error:
            if log_exceptions and not is_disconnected(cr):
                statement = query.code if isinstance(query, SQL) else query
                diagnosis = getattr(error, "diag", None)
                reason = diagnosis and diagnosis.message_primary or type(error).__name__
                _sql_logger.error("bad query: %s\nERROR: %s", statement, reason)
            raise

    cr.execute = execute_quietly
    try:
        yield
    finally:
        del cr.execute

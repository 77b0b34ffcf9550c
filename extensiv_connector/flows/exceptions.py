"""Errors that are not EIM's: which of them say that another transaction was quicker, and how they are logged."""

import traceback
from contextlib import contextmanager
from functools import partial

from odoo.exceptions import AccessError, ConcurrencyError, MissingError, UserError, ValidationError
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

USER_ERRORS = (UserError, ValidationError, AccessError, MissingError)
"""Errors whose text is meant for people."""


def is_conflict(error):
    """Whether a database error says that another transaction was quicker, so that repeating may work."""
    return isinstance(error, (*PG_CONCURRENCY_EXCEPTIONS_TO_RETRY, ConcurrencyError))


def log_unexpected(logger, error, message, *args):
    """Log an error of ours with its place but without its text: database errors quote whole rows of personal data."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s: %s\n%s", message % args, type(error).__name__, frames)


@contextmanager
def no_rows_in_log(cr):
    """Have Odoo log no statement that fails on ``cr``: it would quote whole rows, buyers' names and addresses.

    For work whose conflicts are expected, and whose other errors are logged by ``log_unexpected``.
    """
    if "execute" in vars(cr):  # within another one already
        yield
        return
    cr.execute = partial(cr.execute, log_exceptions=False)
    try:
        yield
    finally:
        del cr.execute

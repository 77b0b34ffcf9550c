"""One deadline for all that a person's request asks of EIM or imports, of however many records and accounts.

Every button that may ask EIM is marked ``@one_deadline``; whatever works for it finds the same ``Deadline`` by
``deadline_of(env)``. It hangs on the request's cursor, which all environments of the request share: a parameter would
go through every helper, a key of the context would come back from the browser with the next click, and what Odoo offers
for a transaction (``cr.cache``) is emptied by each commit. Passes by schedule have deadlines of their own.
"""

import time
from contextlib import contextmanager
from functools import wraps

from odoo.http import request

from ..eim import errors as eim
from ..eim import transport

# What a person waits, at most. Odoo kills a worker that a request keeps for 120 s (limit_time_real), proxies lose
# patience after a minute.
REQUEST_SECONDS = 40
_NAME = "extensiv_deadline"


class Deadline:
    """When a request must have ended, and what it found out on the way.

    ``at`` is the moment, by ``time.monotonic()``. ``late`` holds the passes that were put off: ``{(account id, flow):
    whether they come by themselves}``.
    """

    def __init__(self):
        self.at = time.monotonic() + REQUEST_SECONDS
        self.late = {}
        self._left = {}

    @property
    def last_call_at(self):
        """The moment after which EIM is not asked anything new: an answer may take its time."""
        return self.at - transport.LEAST_SECONDS

    def has_time(self, account=None):
        """Whether EIM may still be asked something, for ``account``: not where it left a question unanswered."""
        return time.monotonic() < self.last_call_at and not (account and account.id in self._left)

    def leave(self, account, reason):
        """Ask nothing more for ``account``: each further record would wait for an answer as long as the last one.

        :param reason: what came of the last question, a sentence
        """
        self._left[account.id] = reason

    def explain(self, account):
        """Return why nothing (more) is asked for ``account``."""
        if reason := self._left.get(account.id):
            return account.env._(
                "EIM was not asked any more for %(name)s: %(reason)s", name=account.name, reason=reason
            )
        return account.env._("There was no time left to ask EIM for %s.", account.name)


def one_deadline(button):
    """Mark a method that a person calls, and that may ask EIM or import: all that it does has one ``Deadline``."""

    @wraps(button)
    def timed(self, *args, **kwargs):
        with _running(self.env.cr):
            return button(self, *args, **kwargs)

    timed.has_one_deadline = True
    return timed


def deadline_of(env):
    """Return the ``Deadline`` of the request of ``env``; one of its own for who calls without a button."""
    return vars(env.cr).get(_NAME) or Deadline()


@contextmanager
def _running(cr):
    """Have a ``Deadline`` on the cursor, the one that is there where a button calls another."""
    if _NAME in vars(cr):
        yield
        return
    setattr(cr, _NAME, Deadline())
    try:
        yield
    finally:
        # A web request keeps its own to the end, and so what Odoo repeats of it after a conflict has no longer.
        if not request:
            delattr(cr, _NAME)


def is_unanswered(error):
    """Whether ``error`` says that EIM was not reached, did not answer, or may not be asked for a while."""
    return (
        isinstance(error, eim.Transient | eim.AnswerLost)
        and error.status is None
        and not isinstance(error, eim.OutOfTime)
    )

"""EIM's calls on their way into the log."""

import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields

_logger = logging.getLogger(__name__)

BATCH = 200


class CallLog:
    """Takes a client's calls and writes them in batches, on a cursor of its own: a flow never waits for its log.

    Use it as ``on_call`` of a client and as a context manager around the work, or call :meth:`flush` at its end.
    """

    def __init__(self, account):
        self._registry = account.env.registry
        self._about = {"account_id": account.id, "company_id": account.company_id.id}
        self._waiting = []

    def __call__(self, call):
        self._waiting.append(
            {
                **self._about,
                "date": fields.Datetime.now(),
                "route": call.route,
                "method": call.method,
                "path": call.path,
                "status": call.status or 0,
                "milliseconds": call.milliseconds,
                "process_id": call.process_id or False,
                "error": call.error or False,
                "sent": call.sent or False,
                "received": call.received or False,
            }
        )
        if len(self._waiting) >= BATCH:
            self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.flush()

    def flush(self):
        """Write what has gathered; a log that cannot be written is said in the server's log and disturbs nobody."""
        vals_list = self._waiting
        self._waiting = []
        if not vals_list:
            return
        try:
            with self._registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["extensiv.call"].create(vals_list)
        except psycopg2.Error as error:
            _logger.warning("%s calls of EIM could not be logged: %s", len(vals_list), type(error).__name__)

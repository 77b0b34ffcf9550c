import logging

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models

_logger = logging.getLogger(__name__)

KEPT_DAYS = 7
BATCH = 200


class ExtensivCall(models.Model):
    """One call of EIM's API, for developers: what was asked, what came back, how long it took."""

    _name = "extensiv.call"
    _description = "EIM Call"
    _order = "id desc"
    _rec_name = "route"
    _log_access = False

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    date = fields.Datetime(required=True, readonly=True, index=True)
    route = fields.Char(required=True, readonly=True)
    method = fields.Char(readonly=True)
    path = fields.Char(readonly=True, help="Below /v1, without its query.")
    status = fields.Integer("HTTP Status", readonly=True, aggregator=None)
    milliseconds = fields.Integer(readonly=True, aggregator="avg")
    process_id = fields.Char("EIM Process ID", readonly=True, help="What EIM's support asks for.")
    error = fields.Char(readonly=True, help="How the call failed; empty when it did not.")
    sent = fields.Text(
        readonly=True,
        groups="extensiv_connector.group_manager",
        help="Only while recording is on; values that could be a person's or a payment's are masked.",
    )
    received = fields.Text(
        readonly=True,
        groups="extensiv_connector.group_manager",
        help="Only while recording is on; values that could be a person's or a payment's are masked.",
    )

    @api.autovacuum
    def _gc_calls(self):
        """Keep the calls of the last days."""
        limit = 10_000
        old = self.search([("date", "<", fields.Datetime.subtract(fields.Datetime.now(), days=KEPT_DAYS))], limit=limit)
        old.unlink()
        return len(old), len(old) == limit


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
        vals_list, self._waiting = self._waiting, []
        if not vals_list:
            return
        try:
            with self._registry.cursor() as cr:
                api.Environment(cr, SUPERUSER_ID, {})["extensiv.call"].create(vals_list)
        except psycopg2.Error as error:
            _logger.warning("%s calls of EIM could not be logged: %s", len(vals_list), type(error).__name__)

from odoo import api, fields, models

from ..flows import retention
from ..flows.webhook import ROUTE


class ExtensivCall(models.Model):
    """One call of EIM's API, for developers: what was asked, what came back, how long it took.

    And, as route *webhook*, when EIM called us: ``flows/webhook.py``.
    """

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

    _webhook_idx = models.Index(f"(account_id, date) WHERE route = '{ROUTE}'")

    @api.autovacuum
    def _gc_calls(self):
        """Keep the calls of the last days."""
        limit = 10_000
        old = self.search([("date", "<", retention.get_oldest(self.env, "calls"))], limit=limit)
        old.unlink()
        return len(old), len(old) == limit

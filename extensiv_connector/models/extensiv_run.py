from odoo import api, fields, models
from odoo.tools import SQL

from ..flows import FLOWS, SELECTION

# A pass that reached its end, or one that was cut short and still got something done; and one that shows trouble.
SUCCEEDED = "(state = 'done' OR (state = 'partial' AND done_count > 0))"
TROUBLED = "(state = 'failed' OR failed_count > 0)"


class ExtensivRun(models.Model):
    """The record of one pass of one flow on one account: when, how long, what it did."""

    _name = "extensiv.run"
    _description = "EIM Run"
    _order = "id desc"
    _rec_name = "started_at"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    flow = fields.Selection(SELECTION, required=True, readonly=True)
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
    _good_idx = models.Index(f"(account_id, flow, id) WHERE {SUCCEEDED}")
    _bad_idx = models.Index(f"(account_id, flow, id) WHERE {TROUBLED}")

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
        self.search([("state", "=", "running"), ("started_at", "<", long_ago)])._record_interrupted()

    def _record_interrupted(self):
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
        good = self._newest(accounts, SUCCEEDED)
        bad = self._newest(accounts, TROUBLED)
        ids = {*good.values(), *bad.values()}
        runs = dict(zip(ids, self.browse(ids), strict=True))  # one prefetch for all
        return {key: (runs.get(good.get(key), self), runs.get(bad.get(key), self)) for key in good | bad}

    @api.model
    def _last_start(self, accounts, flow):
        """Return ``{account id: a number that grows with its last run}``."""
        last = self._last_of_each_flow(accounts)
        return {account: run.id for (account, of_flow), run in last.items() if of_flow == flow}

    # -- what a pass writes

    @api.model
    def _begin(self, account, flow):
        """Return a new run of ``flow``, which the caller holds the lock of."""
        # Holding the lock proves that whoever left these is dead.
        self.search(
            [("account_id", "=", account.id), ("flow", "=", flow), ("state", "=", "running")]
        )._record_interrupted()
        return self.create(
            {
                "account_id": account.id,
                "company_id": account.company_id.id,
                "flow": flow,
                "started_at": fields.Datetime.now(),
                "state": "running",
            }
        )

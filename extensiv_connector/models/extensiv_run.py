from odoo import api, fields, models
from odoo.tools import SQL
from odoo.tools.misc import format_datetime

from ..flows import FLOWS, SELECTION, retention

# A pass that reached its end, or one that was cut short and still got something done; and one that shows trouble.
SUCCEEDED = "(state = 'done' OR (state = 'partial' AND done_count > 0))"
TROUBLED = "(state = 'failed' OR failed_count > 0)"
# To what a pass that finds nothing new is added: a record ``before`` of such passes, of a day at most.
IDLE = "(before.is_idle AND before.started_at > clock_timestamp() AT TIME ZONE 'UTC' - interval '1 day')"


# What is imported beside the pull of orders has records of its own: it is no pass, for it asks EIM nothing.
IMPORT = "import"


class ExtensivRun(models.Model):
    """The record of one pass of one flow on one account: when, how long, what it did."""

    _name = "extensiv.run"
    _description = "EIM Run"
    _order = "id desc"
    _rec_name = "started_at"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, index=True)
    flow = fields.Selection([*SELECTION, (IMPORT, "Import Beside")], required=True, readonly=True)
    started_at = fields.Datetime(required=True, readonly=True, index=True)
    last_at = fields.Datetime(
        compute="_compute_last_at",
        store=True,
        help="When the last of the runs began that this line stands for. Runs that find nothing new one after the "
        "other are one line, for a day.",
    )
    times = fields.Integer(default=1, readonly=True, aggregator="sum", help="How many runs this line stands for.")
    is_idle = fields.Boolean("Found Nothing New", readonly=True)
    repeated = fields.Char(compute="_compute_repeated")
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
        """Keep the runs of the last days."""
        old = retention.get_oldest(self.env, "runs")
        limit = 10_000
        runs = self.search([("last_at", "<", old)], limit=limit)
        runs.unlink()
        return len(runs), len(runs) == limit

    @api.autovacuum
    def _gc_interrupted(self):
        """Close the runs of dead processes that no further run of their flow has closed, for it was switched off."""
        long_ago = fields.Datetime.subtract(fields.Datetime.now(), hours=1)
        self.search([("state", "=", "running"), ("started_at", "<", long_ago)])._record_interrupted()

    def _record_interrupted(self):
        self.write({"state": "failed", "message": self.env._("Interrupted; the next run goes on from there.")})

    # -- what is shown

    @api.depends("flow", "started_at")
    def _compute_display_name(self):
        """Name a run as a person does: by its flow, and when it began."""
        flows = dict(self._fields["flow"]._description_selection(self.env))
        for run in self:
            moment = run.started_at and format_datetime(self.env, run.started_at, dt_format="short")
            run.display_name = " ".join(filter(None, (flows.get(run.flow), moment)))

    @api.depends("started_at")
    def _compute_last_at(self):
        for run in self:
            run.last_at = run.started_at

    @api.depends("times", "last_at")
    def _compute_repeated(self):
        """Say of passes that found nothing new how many there were, and when the last one was."""
        for run in self:
            run.repeated = run.times > 1 and self.env._(
                "%(times)s times, last at %(moment)s", times=run.times, moment=format_datetime(self.env, run.last_at)
            )

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
        """Return ``{account id: what grows with its last pass}``."""
        last = {
            account: run for (account, of_flow), run in self._last_of_each_flow(accounts).items() if of_flow == flow
        }
        self.browse(run.id for run in last.values()).fetch(["last_at"])
        return {account: (run.last_at, run.id) for account, run in last.items()}

    @api.model
    def _last_good(self, accounts):
        """Return ``{(account id, flow): when the last good pass began}``."""
        good = self._newest(accounts, SUCCEEDED)
        runs = self.browse(good.values())
        runs.fetch(["last_at"])
        moments = {run.id: run.last_at for run in runs}
        return {key: moments[run] for key, run in good.items()}

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

    @api.model
    def _record_import(self, account, began_at, vals):
        """Record what was imported beside the pull, which is over.

        :param began_at: when it began (naive UTC)
        :param vals: what ``flows.runner.FlowRun.describe`` says of it
        """
        return self.create(
            {
                "account_id": account.id,
                "company_id": account.company_id.id,
                "flow": IMPORT,
                "started_at": began_at,
                "state": "partial" if vals["failed_count"] else "done",
                **vals,
            }
        )

    @api.model
    def _idle_condition(self):
        """Return the condition in SQL of a record ``before`` to which a pass that finds nothing new is added."""
        return IDLE

    def _conclude(self, vals, is_idle):
        """Write how the pass ended.

        One that found nothing new, as the one before it did, is added to that one's record and leaves none of its own;
        so a day of such passes is one record.

        :param is_idle: whether it did nothing at all
        """
        self.ensure_one()
        if not is_idle or not self._add_idle(vals):
            self.write({**vals, "is_idle": is_idle})

    def _add_idle(self, vals):
        """Add this pass to the record of the one before it; return whether that was idle in the same way."""
        self.flush_recordset()
        added = self.env.execute_query(
            SQL(
                """UPDATE extensiv_run AS before
                      SET times = before.times + 1, last_at = this.started_at, duration = %(duration)s,
                          write_date = clock_timestamp() AT TIME ZONE 'UTC'
                     FROM extensiv_run AS this
                    WHERE this.id = %(this)s AND %(same)s
                      AND before.skipped_count = %(skipped)s AND before.message = %(message)s
                      AND before.id = (
                          SELECT MAX(id) FROM extensiv_run
                           WHERE account_id = this.account_id AND flow = this.flow AND id < this.id)
                RETURNING before.id""",
                this=self.id,
                duration=vals["duration"],
                skipped=vals["skipped_count"],
                message=vals["message"],
                same=SQL(self._idle_condition()),
            )
        )
        if added:
            self.env.execute_query(SQL("DELETE FROM extensiv_run WHERE id = %s RETURNING id", self.id))
            self.env["extensiv.run"].invalidate_model(flush=False)
        return bool(added)

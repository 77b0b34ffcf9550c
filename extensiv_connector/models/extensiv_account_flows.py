from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import IMPORT_CRON, SCHEDULED, label_of, runner
from ..flows.order_pull import OrderPull
from ..flows.trigger import due_accounts, plan


class ExtensivAccount(models.Model):
    """The flows of an account: which run by schedule, what a schedule and a button do."""

    _inherit = "extensiv.account"

    # -- schedules

    @api.model
    def _cron_of(self, flow):
        """Return the scheduled action of ``flow``, empty while it is not installed yet or was deleted."""
        return self.env.ref(SCHEDULED[flow].cron, raise_if_not_found=False) or self.env["ir.cron"]

    @api.model
    def _import_cron(self):
        """Return the scheduled action that imports beside the pull."""
        return self.env.ref(IMPORT_CRON, raise_if_not_found=False) or self.env["ir.cron"]

    def _toggle_crons(self):
        """Run a schedule only while some account wants it (as ``fetchmail`` does)."""
        for flow in SCHEDULED:
            if cron := self._cron_of(flow).sudo():
                cron.toggle("extensiv.account", self._due_domain(flow))
        if importing := self._import_cron().sudo():
            importing.toggle("extensiv.account", self._due_domain("orders"))

    @api.model
    def _due_domain(self, flow):
        switch = SCHEDULED[flow].switch
        return [("state", "=", "connected"), *([(switch, "=", True)] if switch else [])]

    # -- passes

    def action_pull_orders(self):
        """Pull the account's orders now and say what was done."""
        return self._run_flow("orders")

    def action_push_shipments(self):
        """Tell EIM now of all orders that have left as a whole."""
        return self._run_flow("shipments")

    def action_fetch_alerts(self):
        """Fetch EIM's alerts now."""
        return self._run_flow("alerts")

    def _run_flow(self, flow):
        """Run one pass of ``flow`` for a person, who is told what it did."""
        self.ensure_one()
        self.check_access("read")
        self.env["extensiv.error"]._check_user()
        if self.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", self.name))
        result = runner.run_flow(self, flow)
        kind = {"done": "success", "partial": "warning", "failed": "danger"}[result.state]
        return self._notification(label_of(self.env, flow), result.message, kind, sticky=kind == "danger")

    @api.model
    def _cron_pull_orders(self):
        self._cron_run("orders")

    @api.model
    def _cron_push_inventory(self):
        self._cron_run("inventory")

    @api.model
    def _cron_push_shipments(self):
        self._cron_run("shipments")

    @api.model
    def _cron_fetch_alerts(self):
        self._cron_run("alerts")

    @api.model
    def _cron_import_orders(self):
        """Import received orders beside the pull: a second worker takes what the first does not hold."""
        runner.release_locks(self.env)
        deadline = runner.new_deadline()
        for account in self.sudo().search(self._due_domain("orders")):
            with OrderPull.open(account, deadline) as run:
                while run.has_time(runner.SIDE_BATCH_SECONDS) and run.importer.import_next():
                    continue

    @api.model
    def _cron_run(self, flow):
        """Run a pass of ``flow`` for every account whose turn it is, the one longest waiting first.

        Ends within the time of one pass; what is left starts again by a trigger. Nothing is reported as remaining:
        Odoo would repeat the job at once, for ten times the pass's length (``ir.cron._run_job``).
        """
        accounts = self.sudo().search(self._due_domain(flow))
        if self._was_triggered() and (due := due_accounts(self.env, flow)):
            accounts = accounts.filtered(lambda account: account.id in due)
        started = self.env["extensiv.run"]._last_start(accounts, flow)
        resume = {}
        deadline = runner.new_deadline()
        for account in accounts.sorted(lambda account: started.get(account.id, 0)):
            if runner.seconds_until(deadline) < runner.CALL_SECONDS:
                resume[account.id] = 0
                continue
            # Others had their turns meanwhile: it may be switched off, disconnected, archived or deleted by now.
            if not self.sudo().search_count([("id", "=", account.id), *self._due_domain(flow)]):
                continue
            result = runner.run_flow(account, flow, deadline)
            if result.resume_in is not None:
                resume[account.id] = result.resume_in
        if self.env.context.get("ir_cron_progress_id"):
            self.env["ir.cron"]._commit_progress(len(accounts), remaining=0)
        for account_id, seconds in resume.items():
            plan(self.env, flow, [account_id], seconds)

    @api.model
    def _was_triggered(self):
        """Whether this scheduled action started for a trigger before its turn: only accounts that are due run then."""
        if not (cron_id := self.env.context.get("cron_id")):
            return False
        cron, now = self.env["ir.cron"].sudo().browse(cron_id), fields.Datetime.now()
        return cron.nextcall > now and bool(
            self.env["ir.cron.trigger"]
            .sudo()
            .search_count([("cron_id", "=", cron_id), ("call_at", "<=", now)], limit=1)
        )

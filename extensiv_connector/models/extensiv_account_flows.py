from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from .extensiv_run import FLOWS, SWITCHES

CRONS = {
    "orders": "extensiv_connector.ir_cron_pull_orders",
    "inventory": "extensiv_connector.ir_cron_push_inventory",
    "shipments": "extensiv_connector.ir_cron_push_shipments",
    "alerts": "extensiv_connector.ir_cron_fetch_alerts",
}


class ExtensivAccount(models.Model):
    """The flows of an account: which run by schedule, what a schedule and a button do."""

    _inherit = "extensiv.account"

    # -- schedules

    @api.model
    def _cron_of(self, flow):
        """Return the scheduled action of ``flow``, empty while it is not installed yet or was deleted."""
        return self.env.ref(CRONS[flow], raise_if_not_found=False) or self.env["ir.cron"]

    @api.model
    def _import_cron(self):
        """Return the scheduled action that imports beside the pull."""
        return self.env.ref("extensiv_connector.ir_cron_import_orders", raise_if_not_found=False) or self.env["ir.cron"]

    def _toggle_crons(self):
        """Run a schedule only while some account wants it (as ``fetchmail`` does)."""
        for flow in CRONS:
            if cron := self._cron_of(flow).sudo():
                cron.toggle("extensiv.account", self._due_domain(flow))
        if importing := self._import_cron().sudo():
            importing.toggle("extensiv.account", self._due_domain("orders"))

    @api.model
    def _due_domain(self, flow):
        switch = [(SWITCHES[flow], "=", True)] if flow in SWITCHES else []
        return [("state", "=", "connected"), *switch]

    # -- passes

    def action_pull_orders(self):
        """Pull the account's orders now and say what was done."""
        return self._run_now("orders")

    def _run_now(self, flow):
        """Run one pass of ``flow`` for a person, who is told what it did."""
        self.ensure_one()
        self.check_access("read")
        self.env["extensiv.error"]._check_user()
        if self.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", self.name))
        result = self.env["extensiv.run"]._run_pass(self, flow)
        kind = {"done": "success", "partial": "warning", "failed": "danger"}[result.state]
        return self._notification(FLOWS[flow], result.message, kind, sticky=kind == "danger")

    @api.model
    def _cron_pull_orders(self):
        self._cron_run("orders")

    @api.model
    def _cron_import_orders(self):
        """Import received orders beside the pull: a second worker takes what the first does not hold."""
        runs = self.env["extensiv.run"]
        runs._commit_caller()
        deadline = runs._deadline()
        for account in self.sudo().search(self._due_domain("orders")):
            with runs._own_pass(account, deadline) as pass_:
                while pass_.seconds_left() > 15 and pass_.env["extensiv.order"]._import_next(pass_):
                    continue

    @api.model
    def _cron_run(self, flow):
        """Run a pass of ``flow`` for every account that wants it, the one longest waiting first.

        Ends within the time of one pass; what is left starts again by a trigger. Nothing is reported as remaining:
        Odoo would repeat the job at once, for ten times the pass's length (``ir.cron._run_job``).
        """
        accounts = self.sudo().search(self._due_domain(flow))
        runs = self.env["extensiv.run"]
        started = runs._last_start(accounts, flow)
        again = []
        deadline = runs._deadline()
        for account in accounts.sorted(lambda account: started.get(account.id, 0)):
            if runs._seconds_until(deadline) < 5:
                again.append(0)
                break
            # Others had their turns meanwhile: it may be switched off, disconnected, archived or deleted by now.
            if not self.sudo().search_count([("id", "=", account.id), *self._due_domain(flow)]):
                continue
            result = runs._run_pass(account, flow, deadline=deadline)
            if result.again_in is not None:
                again.append(result.again_in)
        if self.env.context.get("ir_cron_progress_id"):
            self.env["ir.cron"]._commit_progress(len(accounts), remaining=0)
        if again:
            wait = min(again)
            at = fields.Datetime.now() + timedelta(seconds=wait) if wait > 1 else None
            self._cron_of(flow)._trigger(at)

    def _work_orders(self, pass_):
        """Do one pass of the orders' flow, see ``extensiv.run``."""
        self.env["extensiv.order"]._pull(pass_)

from odoo import api, models
from odoo.addons.extensiv_connector.flows import idle, lanes, runner, stepping_back
from odoo.addons.extensiv_connector.flows.schedule import account_domain
from odoo.addons.queue_job.exception import RetryableJobError

from .. import jobs

# Seconds until a job comes back that found another process at the same flow of its account.
BUSY_SECONDS = 15


class ExtensivAccount(models.Model):
    """Passes and imports are jobs. The schedules stay on: they only find which passes are due."""

    _inherit = "extensiv.account"

    @api.model
    def _plan_flow(self, flow, seconds=0.0, pause=None):
        """Have a job do a pass, see the first addon."""
        return jobs.plan_passes(self, flow, seconds, pause)

    def _start_pass(self, flow, deadline=None, probe=False):
        """Leave the pass to a job; do it here where it is but a count, or where jobs wait, for nobody runs them.

        Further lanes do only the latter, for the first one has jobs made for all accounts.
        """
        self.ensure_one()
        if runner.CALM in self.env.context and flow in jobs.COUNTED:
            return super()._start_pass(flow, deadline, probe)
        if jobs.is_stuck(self, flow):
            jobs.report_stuck(self, flow)
            return super()._start_pass(flow, deadline, probe)
        if lanes.IF_DUE not in self.env.context or not lanes.is_further(self.env):
            jobs.note_pass(self, flow)
        return None

    @api.model
    def _plan_import(self, seconds=0.0):
        """Have several jobs import what was received, see the first addon."""
        jobs.plan_imports(self, seconds)

    @api.model
    def _cron_import_orders(self):
        """Have jobs import what nobody planned; import it here where they wait for nothing."""
        if jobs.is_import_stuck(self.env):
            return super()._cron_import_orders()
        return jobs.plan_imports(self)

    # -- what jobs do

    def _run_job(self, flow):
        """Do a pass of ``flow`` on this account, and plan how it goes on.

        :return: what is told of the job
        :raise RetryableJobError: another process is at the same flow; it counts as no try
        """
        account = self._serve_job(flow)
        if not account:
            return self.env._("This account does not run it any more.")
        errors = stepping_back.find_failing(account).get(account, ())
        if any(error.key == flow and stepping_back.is_waiting(error) for error in errors):
            return self.env._("EIM did not answer the last time. The schedule starts it when it is time to try again.")
        jobs.resolve_stuck(account, flow)
        if account.id in (calm := idle.find_calm(account, flow)):
            account = account.with_context(**{runner.CALM: calm[account.id]})
        result = account._run_pass(flow, jobs.new_deadline(), stepping_back.needs_probe(errors))
        if result.is_busy:
            raise RetryableJobError(result.message, seconds=BUSY_SECONDS, ignore_retry=True)
        if result.resume_in is not None:
            account._plan_flow(flow, result.resume_in)
        return result.message

    def _import_job(self, number):
        """Import received orders of this account beside other processes, and plan how that goes on.

        :param number: which of the account's import jobs this is
        :return: what is told of the job
        """
        account = self._serve_job("orders")
        if not account:
            return self.env._("This account does not run it any more.")
        seconds = account._import_beside(jobs.new_deadline())
        if seconds is None:
            return self.env._("Nothing is left that this job could take.")
        jobs.plan_imports(account, seconds, [number])
        return self.env._("Orders are left; goes on by itself.")

    def _serve_job(self, flow):
        """Return this account, as the schedule does, where ``flow`` still runs on it; it may be gone by now."""
        return self.sudo().search([("id", "in", self.ids), *account_domain(flow)])

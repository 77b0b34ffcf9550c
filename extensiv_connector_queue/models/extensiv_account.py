from odoo import api, models
from odoo.addons.extensiv_connector.flows import runner, stepping_back
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
        """Leave the pass to a job; do it here where jobs wait for nothing, for nobody runs them."""
        self.ensure_one()
        if jobs.is_stuck(self, flow):
            jobs.report_stuck(self, flow)
            return super()._start_pass(flow, deadline, probe)
        jobs.plan_passes(self, flow, pause=0)
        return None

    @api.model
    def _plan_import(self, seconds=0.0):
        """Have several jobs import what was received, see the first addon."""
        jobs.plan_imports(self, seconds)

    # -- what jobs do

    def _run_job(self, flow):
        """Do a pass of ``flow`` on this account, and plan how it goes on.

        :return: what is told of the job
        :raise RetryableJobError: another process is at the same flow; it counts as no try
        """
        account = self._serve_job(flow)
        if not account:
            return self.env._("This account does not run it any more.")
        if stepping_back.find_waiting(account, flow):
            return self.env._("EIM did not answer the last time. The schedule starts it when it is time to try again.")
        jobs.resolve_stuck(account, flow)
        errors = stepping_back.find_failing(account).get(account, ())
        result = account._run_pass(flow, probe=stepping_back.needs_probe(errors))
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
        seconds = account._import_beside(runner.new_deadline())
        if seconds is None:
            return self.env._("Nothing is left that this job could take.")
        jobs.plan_imports(account, seconds, [number])
        return self.env._("Orders are left; goes on by itself.")

    def _serve_job(self, flow):
        """Return this account, as the schedule does, where ``flow`` still runs on it; it may be gone by now."""
        return self.sudo().search([("id", "in", self.ids), *account_domain(flow)])

from odoo import models

from ..flows import turn


class IrCron(models.Model):
    """Scheduled actions: their turns are noted, for Odoo's limits of time are for all jobs of one."""

    _inherit = "ir.cron"

    @classmethod
    def _process_job(cls, cron_cr, job):
        with turn.job(cron_cr, job["id"]):
            return super()._process_job(cron_cr, job)

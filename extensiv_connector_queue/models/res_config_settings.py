import os

from odoo import api, fields, models
from odoo.addons.queue_job.jobrunner.runner import _channels
from odoo.tools import config

from .. import jobs
from ..advice import Advice, Server, capacity_of


class ResConfigSettings(models.TransientModel):
    """What jobs of passes need of the server."""

    _inherit = "res.config.settings"

    extensiv_import_jobs = fields.Integer(
        "Import Jobs of an Account",
        config_parameter=jobs.IMPORT_JOBS,
        default=jobs.DEFAULT_IMPORT_JOBS,
        help="How many jobs import received orders of one account at once, beside its pull of orders. They "
        "compute: no more than the machine has processors.",
    )
    extensiv_queue_state = fields.Text("Jobs Now", compute="_compute_extensiv_queue")
    extensiv_queue_advice = fields.Text("Sensible for This Server", compute="_compute_extensiv_queue")
    extensiv_queue_channels = fields.Char("Channels", compute="_compute_extensiv_queue")

    @api.depends_context("lang")
    def _compute_extensiv_queue(self):
        advice = Advice.of(self._extensiv_server())
        for settings in self:
            settings.extensiv_queue_state = self._extensiv_say_state()
            settings.extensiv_queue_advice = self._extensiv_say_advice(advice)
            settings.extensiv_queue_channels = f"channels = {advice.channels}"

    @api.model
    def _extensiv_server(self):
        """Return what this server allows, as far as this process knows."""
        self.env.cr.execute("SELECT current_setting('max_connections')::int")
        [connections] = self.env.cr.fetchone()
        return Server(
            workers=config["workers"],
            cron_threads=config["max_cron_threads"],
            processors=os.cpu_count() or 1,
            pool=config["db_maxconn"],
            connections=connections,
        )

    @api.model
    def _extensiv_say_state(self):
        """Return what becomes of jobs: how many may run, run and wait, and whether anybody runs them."""
        figures = jobs.count(self.env)
        said = [
            self.env._(
                "%(capacity)s at once by the configuration that this process read; %(started)s at work, %(due)s due, "
                "%(later)s for later.",
                capacity=capacity_of(_channels()),
                **figures,
            )
        ]
        if not jobs.is_runner_there(self.env):
            said.append(
                self.env._(
                    "No job runner is at work on this database. Add queue_job to server_wide_modules in Odoo's "
                    "configuration and restart Odoo; until then the schedules do the runs, later than usual."
                )
            )
        return "\n".join(said)

    @api.model
    def _extensiv_say_advice(self, advice):
        """Return in sentences what to configure, and what it takes."""
        server = advice.server
        if server.workers:
            first = self.env._(
                "%(jobs)s runs at once: with %(workers)s workers, half of them stay free for people.",
                jobs=advice.jobs,
                workers=server.workers,
            )
        else:
            first = self.env._(
                "%(jobs)s runs at once: this server has no workers, and its threads share one processor. With many "
                "accounts, let it have workers.",
                jobs=advice.jobs,
            )
        second = self.env._(
            "They, the schedules and people take up to %(connections)s connections of PostgreSQL, which gives %(most)s "
            "to all of Odoo's servers together.",
            connections=advice.connections,
            most=server.connections,
        )
        said = [first, second]
        if not advice.fits:
            said.append(self.env._("That is too many: raise max_connections of PostgreSQL, or have fewer workers."))
        return "\n".join(said)

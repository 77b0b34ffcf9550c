import logging
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.modules.registry import Registry

_logger = logging.getLogger(__name__)

WAKE_PAUSE = timedelta(minutes=1)


class ExtensivAccount(models.Model):
    """The flow of shipments: its schedule, its button, and being woken by transfers."""

    _inherit = "extensiv.account"

    shipments_run_state = fields.Selection(
        lambda self: self.env["extensiv.run"]._fields["state"].selection,
        "Shipment Pass",
        compute="_compute_shipments_run",
    )
    shipments_run_message = fields.Char("Shipment Pass Result", compute="_compute_shipments_run")

    def _compute_shipments_run(self):
        last = self.env["extensiv.run"]._last_of_each_flow(self)
        for account in self:
            run = last.get((account.id, "shipments"), self.env["extensiv.run"])
            account.shipments_run_state = run.state
            account.shipments_run_message = run.message

    def action_push_shipments(self):
        """Tell EIM now of all orders that have left as a whole."""
        return self._run_now("shipments")

    @api.model
    def _cron_push_shipments(self):
        self._cron_run("shipments")

    def _work_shipments(self, pass_):
        """Do one pass of the shipments' flow, see ``extensiv.run``."""
        self.env["sale.order"]._extensiv_push(pass_)

    @api.model
    def _wake_shipments(self):
        """Have the schedule come early once this transaction is committed.

        Nothing depends on it: what is not woken, the schedule finds.
        """
        postcommit, dbname = self.env.cr.postcommit, self.env.cr.dbname
        if "extensiv_connector.shipments" not in postcommit.data:
            postcommit.data["extensiv_connector.shipments"] = True
            postcommit.add(lambda: _wake(dbname))

    @api.model
    def _trigger_shipments(self):
        """Trigger the schedule, at most once a minute."""
        cron, now = self._cron_of("shipments").sudo(), fields.Datetime.now()
        if not cron.active or self.env["ir.cron.trigger"].sudo().search_count(
            [("cron_id", "=", cron.id), ("call_at", "<=", now + WAKE_PAUSE)], limit=1
        ):
            return
        soonest = cron.lastcall + WAKE_PAUSE if cron.lastcall else now
        cron._trigger(soonest if soonest > now else None)


def _wake(dbname):
    try:
        with Registry(dbname).cursor() as cr:
            api.Environment(cr, SUPERUSER_ID, {})["extensiv.account"]._trigger_shipments()
    except psycopg2.Error:
        # The transfer is committed and must not fail now; the schedule comes anyway.
        _logger.warning("The schedule of shipments could not be woken", exc_info=True)

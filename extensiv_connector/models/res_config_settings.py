import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..flows import lanes, monitoring, schedule


class ResConfigSettings(models.TransientModel):
    """What concerns the whole database: how many passes at once, and who watches from outside."""

    _inherit = "res.config.settings"

    extensiv_parallel_passes = fields.Integer(
        "Parallel Runs",
        config_parameter=lanes.PARAMETER,
        default=1,
        help="How many accounts' orders are pulled at the same time, where Odoo has as many workers for scheduled "
        "actions (max_cron_threads). An account whose EIM does not answer then holds up one of them only. 1 is right "
        "for one account.",
    )
    extensiv_health_token = fields.Char(
        "Monitoring Token",
        compute="_compute_extensiv_health",
        help="Send it as Authorization: Bearer, followed by the token. Who has it reads when each flow had its last "
        "good run and how many errors are open: no names, no orders.",
    )
    extensiv_health_url = fields.Char("Monitoring Address", compute="_compute_extensiv_health")

    def _compute_extensiv_health(self):
        token = self.env["ir.config_parameter"].sudo().get_param(monitoring.TOKEN)
        for settings in self:
            settings.extensiv_health_token = token
            settings.extensiv_health_url = f"{settings.get_base_url()}{monitoring.ROUTE}"

    @api.constrains("extensiv_parallel_passes")
    def _check_extensiv_parallel_passes(self):
        for settings in self:
            if not 1 <= settings.extensiv_parallel_passes <= lanes.MOST:
                raise ValidationError(
                    self.env._(
                        "Parallel Runs is a number from 1 to %s. For more, spread the accounts with the add-on for "
                        "a job queue.",
                        lanes.MOST,
                    )
                )

    def set_values(self):
        result = super().set_values()
        schedule.toggle(self.env(su=True))
        return result

    def _check_extensiv_administrator(self):
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator can do this."))

    def action_extensiv_new_health_token(self):
        """Make a token with which monitoring may ask; one that there was is worth nothing any more."""
        self._check_extensiv_administrator()
        self.env["ir.config_parameter"].sudo().set_param(monitoring.TOKEN, secrets.token_urlsafe(32))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_extensiv_forget_health_token(self):
        """Have monitoring find nothing any more."""
        self._check_extensiv_administrator()
        self.env["ir.config_parameter"].sudo().set_param(monitoring.TOKEN, False)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

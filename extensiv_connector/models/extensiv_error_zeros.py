from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.stock_errors import ZEROS
from ..flows.trigger import trigger


class ExtensivError(models.Model):
    """The buttons of an error about zeros that wait for a person."""

    _inherit = "extensiv.error"

    holds_zeros = fields.Boolean(compute="_compute_holds_zeros")

    @api.depends("flow", "key", "res_model", "state")
    def _compute_holds_zeros(self):
        for error in self:
            error.holds_zeros = (
                error.state != "resolved"
                and error.flow == "inventory"
                and error.res_model == "extensiv.location"
                and (error.key or "").endswith(ZEROS)
            )

    def action_push_zeros(self):
        """Confirm the zeros that wait in the locations of these errors, and push now."""
        self._check_user()
        errors = self.sudo().filtered("holds_zeros")
        if not errors:
            raise UserError(self.env._("No zeros wait here."))
        if off := errors.account_id.filtered(lambda account: account.state != "connected"):
            raise UserError(self.env._("%s is not connected. Press Connect first.", ", ".join(off.mapped("name"))))
        Level = self.env["extensiv.stock.level"].sudo()
        for account, of_account in errors.grouped("account_id").items():
            waiting = Level.search_fetch(
                [("location_id", "in", of_account.mapped("res_id")), ("held_at", "!=", False)], ["location_id", "sku"]
            )
            Level._confirm_zeros(account, [(level.location_id.id, level.sku) for level in waiting])
        trigger(self.env, "inventory")  # should another pass be at work just now
        for account in errors.account_id:
            notification = account.with_env(self.env)._run_flow("inventory")
        errors.account_id._remind_responsible()
        return notification

    def action_show_zeros(self):
        """Open the levels that wait in the location of this error."""
        self.ensure_one()
        self.check_access("read")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_stock_level_held_action"),
            "domain": [("location_id", "=", self.res_id), ("held_at", "!=", False)],
        }

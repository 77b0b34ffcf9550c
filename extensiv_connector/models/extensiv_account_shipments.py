from odoo import fields, models


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

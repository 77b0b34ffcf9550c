from odoo import fields, models


class ExtensivError(models.Model):
    _inherit = "extensiv.error"

    def _retry(self, account, flow):
        """Have the orders tried again that these errors of the flow of shipments are about."""
        if flow != "shipments":
            return super()._retry(account, flow)
        carriers = self.filtered(lambda error: error.res_model == "delivery.carrier").mapped("res_id")
        self.filtered(lambda error: error.state == "open").write({"next_try": fields.Datetime.now()})
        self.env["sale.order"].search([
            ("extensiv_account_id", "=", account.id), ("extensiv_shipment_state", "=", "failed"),
            "|", ("extensiv_cust_ref", "in", self.mapped("key")), ("extensiv_refused_carrier_id", "in", carriers),
        ])._extensiv_retry()
        account._run_now(flow)

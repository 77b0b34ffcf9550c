from odoo import models


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    def _get_computed_taxes(self):
        """Keep collected tax free of taxes, also where somebody updates those of the invoice."""
        taxes = super()._get_computed_taxes()
        if taxes and "tax" in self.sudo().sale_line_ids.mapped("extensiv_kind"):
            return taxes.browse()
        return taxes

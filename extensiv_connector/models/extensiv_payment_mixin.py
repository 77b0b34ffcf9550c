from odoo import api, fields, models

from ..flows import payments


class ExtensivPaymentMixin(models.AbstractModel):
    """How what was paid in a cart is registered, and the terms of what was not: the cart's, or of one way of paying."""

    _name = "extensiv.payment.mixin"
    _inherit = "extensiv.mapping.mixin"
    _description = "Payments of an EIM Cart"

    payment_term_id = fields.Many2one(
        "account.payment.term", "Payment Terms", tracking=True, check_company=True, ondelete="restrict"
    )
    payment_journal_id = fields.Many2one(
        "account.journal",
        "Journal",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('type', 'in', ('bank', 'cash', 'credit'))]",
    )
    payment_method_line_id = fields.Many2one(
        "account.payment.method.line",
        "Payment Method",
        tracking=True,
        compute="_compute_payment_method_line_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="set null",
        domain="[('journal_id', '=', payment_journal_id), ('payment_type', '=', 'inbound')]",
    )

    @api.depends("payment_journal_id")
    def _compute_payment_method_line_id(self):
        for record in self:
            if record.payment_method_line_id.journal_id != record.payment_journal_id:
                record.payment_method_line_id = payments.find_methods(record.payment_journal_id)[:1]

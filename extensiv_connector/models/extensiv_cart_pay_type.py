from odoo import fields, models


class ExtensivCartPayType(models.Model):
    """What is special about the orders of a cart that were paid in one way, by EIM's ``pay_type``."""

    _name = "extensiv.cart.pay.type"
    _inherit = "extensiv.payment.mixin"
    _description = "Way of Paying in an EIM Cart"
    _order = "cart_id, pay_type, id"
    _rec_name = "pay_type"
    _check_company_auto = True

    cart_id = fields.Many2one("extensiv.cart", required=True, index=True, ondelete="cascade")
    account_id = fields.Many2one(related="cart_id.account_id")
    company_id = fields.Many2one(related="cart_id.company_id", store=True, precompute=True)
    pay_type = fields.Char(
        "Way of Paying",
        required=True,
        tracking=True,
        help="As the cart's orders name it; it stands on each sale order. Capitals make no difference.",
    )
    is_paid = fields.Boolean(
        "Paid in the Cart",
        default=True,
        tracking=True,
        help="Off: the buyer pays you later, by invoice for example. No payment is registered.",
    )
    payment_journal_id = fields.Many2one(help="Where these payments are registered. Empty: as the cart says.")
    payment_term_id = fields.Many2one(help="Of these orders. Empty: as the cart says.")

    _pay_type_once = models.UniqueIndex(
        "(cart_id, (lower(trim(pay_type))))", "This cart has a row for this way of paying already."
    )

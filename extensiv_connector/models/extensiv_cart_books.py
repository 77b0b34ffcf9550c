from odoo import api, fields, models

from ..eim.taxes import INCLUDED, KEPT
from ..flows import books, cart_currency, tax_question


class ExtensivCartBooks(models.Model):
    """What a cart's orders are in the books: their currency, prices and taxes, their invoices and payments."""

    _inherit = "extensiv.cart"  # pylint: disable=consider-merging-classes-inherited  # what its orders are in the books

    # -- prices and taxes

    tax_policy = fields.Selection(
        lambda self: self.env["extensiv.account"]._fields["tax_policy"]._description_selection(self.env),
        "Taxes",
        tracking=True,
        help="Empty: as the account says. Kept by the marketplace: whether EIM's total holds the tax or not.",
    )
    tax_beside_total = fields.Selection(
        [(INCLUDED, "Included in the prices"), (KEPT, "Kept by the marketplace")],
        "Tax Beside the Total",
        tracking=True,
        help="What tax is that EIM says of an order and its total is without. Empty: the first such order is held and "
        "you are asked; the answer is applied to all that wait. Included: it is taken out of the prices, or with "
        "Odoo's taxes these are computed so that prices and total stay.",
    )
    tax_question = fields.Text(compute="_compute_tax_question")
    no_prices = fields.Selection(
        [("quotation", "Leave as quotation"), ("pricelist", "The pricelist's prices"), ("free", "Free of charge")],
        "Orders Without Prices",
        required=True,
        default="quotation",
        tracking=True,
        help="What becomes of an order for which EIM sends no prices at all. As quotation: at the pricelist's prices, "
        "which a person confirms or corrects.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        tracking=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        context={"active_test": False},
        help="Of orders that name none. Proposed from the order source, such as Amazon_CA, else the company's.",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Maps the taxes and accounts of the cart's orders. Empty: Odoo's choice by the delivery address.",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Stands on the cart's orders of its currency, and prices those for which EIM sends no prices, where the "
        "cart says so. The prices that EIM sends stay. Empty: the customer's, or one of the order's currency.",
    )

    # -- invoices and payments

    payment_term_id = fields.Many2one(help="Of the cart's orders and invoices. Empty: the customer's.")
    invoice_journal_id = fields.Many2one(
        "account.journal",
        "Invoices In",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('type', '=', 'sale')]",
        help="The journal of the cart's invoices, also of those made by hand. Empty: Odoo's choice.",
    )
    invoicing = fields.Selection(
        [
            ("hand", "Made by a person"),
            ("confirmed", "When the order is confirmed"),
            ("delivered", "With each delivery"),
        ],
        "Invoices",
        required=True,
        default="hand",
        tracking=True,
        help="Of orders that are imported from now on. When confirmed: of the whole order, goods that Odoo invoices on "
        "delivery included. With each delivery: of what has left, shipping, discount and tax with the first goods. "
        "They are posted. An order is invoiced once: what a person invoiced or took back is left to that person.",
    )
    register_payments = fields.Boolean(
        "Paid Is Paid",
        tracking=True,
        help="What the buyer paid in the cart is registered on the posted invoices of orders that are imported from "
        "now on. Not what is paid on delivery, nor what EIM says is still open.",
    )
    payment_journal_id = fields.Many2one(
        string="Payments In",
        help="Where the payments are registered. The marketplace's payout is matched with its outstanding account.",
    )
    payment_method_line_id = fields.Many2one(
        help="It needs an outstanding account, which holds what the payout will bring."
    )
    pay_type_ids = fields.One2many(
        "extensiv.cart.pay.type",
        "cart_id",
        "Ways of Paying",
        help="Orders that were paid in another way than most: by EIM's pay_type, which stands on each sale order.",
    )
    books_problem = fields.Text(compute="_compute_books_problem", compute_sudo=True)

    # -- computes

    @api.depends("order_source", "account_id")
    def _compute_currency_id(self):
        proposed = cart_currency.propose(self.env, self.mapped("order_source"))
        for cart in self:
            cart.currency_id = proposed.get(cart.order_source) or cart.account_id.company_id.currency_id

    @api.depends("tax_beside_total", "tax_policy")
    def _compute_tax_question(self):
        for cart in self:
            cart.tax_question = not tax_question.is_answered(cart) and tax_question.describe(cart.sudo())

    @api.depends(
        "invoicing",
        "tax_policy",
        "account_id.tax_policy",
        "account_id.tax_account_id",
        "register_payments",
        "payment_journal_id",
        "payment_method_line_id.payment_account_id",
        "pay_type_ids.is_paid",
        "pay_type_ids.payment_journal_id",
        "pay_type_ids.payment_method_line_id.payment_account_id",
    )
    def _compute_books_problem(self):
        for cart in self:
            cart.books_problem = "\n".join(books.find_problems(cart)) or False

    # -- actions

    @api.model
    def _cron_settle_books(self):
        """Make the invoices and payments that are due, see ``flows/books``."""
        books.settle_all(self.env)

    def action_tax_included(self):
        """Say that the prices include the tax that EIM's totals are without, and put right the orders that wait."""
        return self._answer_tax(INCLUDED)

    def action_tax_kept(self):
        """Say that the marketplace keeps the tax that EIM's totals are without, and put right the orders that wait."""
        return self._answer_tax(KEPT)

    def _answer_tax(self, answer):
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        self.tax_beside_total = answer
        for account in self.account_id.sudo():
            tax_question.settle_now(account)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

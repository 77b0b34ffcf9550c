from odoo import api, fields, models
from odoo.exceptions import UserError


class ExtensivSkuAlias(models.Model):
    """Another SKU under which the carts of an account sell a product."""

    _name = "extensiv.sku.alias"
    _inherit = ["extensiv.stock.trigger.mixin", "extensiv.mapping.mixin"]
    _description = "EIM SKU Alias"
    _order = "account_id, sku, id"
    _rec_name = "sku"
    _check_company_auto = True
    _stock_trigger_fields = frozenset({"account_id", "sku", "product_id"})

    account_id = fields.Many2one("extensiv.account", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    sku = fields.Char("SKU", required=True, tracking=True, help="Exactly as the carts spell it; capitals matter.")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        tracking=True,
        check_company=True,
        index=True,
        ondelete="cascade",
        help="What is sold under this SKU.",
    )

    is_left_alone = fields.Boolean(compute="_compute_is_left_alone")

    _sku_unique = models.Constraint("UNIQUE(account_id, sku)", "This SKU is the alias of a product already.")

    @api.depends("product_id.extensiv_stock_rule", "product_id.active")
    def _compute_is_left_alone(self):
        for alias in self:
            product = alias.product_id
            alias.is_left_alone = bool(product) and (product.extensiv_stock_rule == "leave" or not product.active)

    @api.model_create_multi
    def create(self, vals_list):
        """Tell of new aliases too: unlike carts and locations they do not come from EIM, a person decides them."""
        aliases = super().create(vals_list)
        for account, account_aliases in aliases.grouped("account_id").items():
            account.sudo()._message_log(
                body=self.env._(
                    "New aliases: %s.",
                    ", ".join(f"{alias.sku} = {alias.product_id.display_name}" for alias in account_aliases),
                ),
                author_id=self.env.user.partner_id.id,
            )
        return aliases

    @api.model
    def _set_product(self, account, sku, product):
        """Let later orders of ``account`` find ``product`` under ``sku``.

        :raise UserError: it is the alias of another product, and the user may not change aliases
        """
        known = self.sudo().search([("account_id", "=", account.id), ("sku", "=", sku)])
        if not known:
            self.sudo().create({"account_id": account.id, "sku": sku, "product_id": product.id})
        elif known.product_id != product:
            if not known.with_env(self.env).has_access("write"):
                raise UserError(
                    self.env._(
                        "“%(sku)s” is the alias of %(product)s already, and only an Extensiv manager may change that. "
                        "Ask one, or go on without remembering the alias.",
                        sku=sku,
                        product=known.product_id.display_name,
                    )
                )
            known.product_id = product

    def action_set_zero(self):
        """Have EIM told zero of these SKUs once, in every location to which stock is pushed.

        :raise UserError: a product is pushed, so that the zero would not stay
        """
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        self.product_id._extensiv_check_left_alone()
        return (
            self.env["extensiv.stock.level"]
            .sudo()
            ._set_zero(
                {
                    account: [
                        (location.id, sku)
                        for location in account.location_ids.filtered("push_enabled")
                        for sku in aliases.mapped("sku")
                    ]
                    for account, aliases in self.sudo().grouped("account_id").items()
                }
            )
        )

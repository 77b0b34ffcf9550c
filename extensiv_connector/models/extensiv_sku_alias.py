from odoo import fields, models


class ExtensivSkuAlias(models.Model):
    """Another SKU under which the carts of an account sell a product."""

    _name = "extensiv.sku.alias"
    _inherit = "extensiv.stock.trigger.mixin"
    _description = "EIM SKU Alias"
    _order = "account_id, sku, id"
    _rec_name = "sku"
    _check_company_auto = True
    _stock_trigger_fields = frozenset({"account_id", "sku", "product_id"})

    account_id = fields.Many2one("extensiv.account", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    sku = fields.Char("SKU", required=True, help="Exactly as the carts spell it; capitals matter.")
    product_id = fields.Many2one(
        "product.product",
        required=True,
        check_company=True,
        index=True,
        ondelete="cascade",
        help="What is sold under this SKU.",
    )

    _sku_unique = models.Constraint("UNIQUE(account_id, sku)", "This SKU is the alias of a product already.")

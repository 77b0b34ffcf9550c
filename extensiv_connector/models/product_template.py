from odoo import api, fields, models

from .product_product import SERVICE_PRODUCTS, STOCK_RULES

# What a product says for its only variant, and what is said where nobody said anything.
OF_VARIANT = {"extensiv_stock_rule": "push", "extensiv_fixed_qty": 0, "extensiv_push": True, "extensiv_buffer_qty": 0}


class ProductTemplate(models.Model):
    """What a product without variants says of its stock at EIM is its only variant's."""

    _name = "product.template"
    _inherit = ["product.template", "extensiv.stock.trigger.mixin"]
    # The rest is the variants'.
    _stock_trigger_fields = frozenset({"sale_ok", "is_storable", "type", "company_id", "categ_id", "product_tag_ids"})

    extensiv_stock_rule = fields.Selection(
        STOCK_RULES,
        "Stock at EIM",
        compute="_compute_extensiv_stock_rule",
        inverse="_inverse_extensiv_stock_rule",
        copy=False,
        help="Push: EIM is told the product's stock. Leave Alone: what EIM holds of it is not touched, not even set to "
        "zero. Fixed Quantity: EIM is told the same number whatever the stock is, for what is never short.",
    )
    extensiv_fixed_qty = fields.Integer(
        "Quantity for EIM",
        compute="_compute_extensiv_fixed_qty",
        inverse="_inverse_extensiv_fixed_qty",
        copy=False,
        help="The number that each location of EIM to which stock is pushed is told, as it stands: without stock, "
        "buffers and waiting orders. A cart that adds up several locations shows their sum.",
    )
    extensiv_push = fields.Boolean(
        "Push Stock to EIM",
        compute="_compute_extensiv_push",
        inverse="_inverse_extensiv_push",
        copy=False,
        help="Follows the rule for the stock at EIM. Off: the product is left alone, EIM's level of it is not touched.",
    )
    extensiv_buffer_qty = fields.Float(
        "Buffer for EIM",
        digits="Product Unit",
        compute="_compute_extensiv_buffer_qty",
        inverse="_inverse_extensiv_buffer_qty",
        copy=False,
        help="Kept back in every location of EIM, besides the account's own buffer.",
    )

    extensiv_to_review = fields.Boolean(
        "To Review",
        compute="_compute_extensiv_to_review",
        search="_search_extensiv_to_review",
        help="The connector made this product of an order's line whose SKU belonged to none.",
    )

    def _force_default_sale_tax(self, companies):
        """Leave what is no goods of EIM's orders without the taxes that Odoo gives all else, of each new company."""
        return super(ProductTemplate, self._extensiv_taxable())._force_default_sale_tax(companies)

    def _force_default_purchase_tax(self, companies):
        """See ``_force_default_sale_tax``."""
        return super(ProductTemplate, self._extensiv_taxable())._force_default_purchase_tax(companies)

    def _extensiv_taxable(self):
        """Return those of these products that do not stand for an amount of EIM's; these have the taxes one chose."""
        if self.env.context.get("extensiv_without_taxes"):
            return self.browse()
        accounts = self.env["extensiv.account"].sudo().with_context(active_test=False)
        accounts = accounts.search([("company_id", "!=", False)])
        chosen = (
            self.env["product.product"]
            .union(*(account[f"{kind}_product_id"] for account in accounts for kind in SERVICE_PRODUCTS))
            .product_tmpl_id
        )
        references = set(SERVICE_PRODUCTS.values())
        return self.filtered(lambda template: template not in chosen and template.default_code not in references)

    @api.model_create_multi
    def create(self, vals_list):
        """Give the only variant, made with the product, what was said of it."""
        templates = super().create(vals_list)
        for template, vals in zip(templates, vals_list, strict=True):
            # A form sends the defaults, too, which nobody chose.
            if chosen := {
                name: vals[name] for name, default in OF_VARIANT.items() if vals.get(name, default) != default
            }:
                template.write(chosen)
        return templates

    @api.depends("product_variant_ids.extensiv_stock_rule")
    def _compute_extensiv_stock_rule(self):
        self._compute_template_field_from_variant_field("extensiv_stock_rule", default="push")

    def _inverse_extensiv_stock_rule(self):
        self._set_product_variant_field("extensiv_stock_rule")

    @api.depends("product_variant_ids.extensiv_fixed_qty")
    def _compute_extensiv_fixed_qty(self):
        self._compute_template_field_from_variant_field("extensiv_fixed_qty")

    def _inverse_extensiv_fixed_qty(self):
        self._set_product_variant_field("extensiv_fixed_qty")

    @api.depends("product_variant_ids.extensiv_push")
    def _compute_extensiv_push(self):
        self._compute_template_field_from_variant_field("extensiv_push", default=True)

    def _inverse_extensiv_push(self):
        self._set_product_variant_field("extensiv_push")

    @api.depends("product_variant_ids.extensiv_buffer_qty")
    def _compute_extensiv_buffer_qty(self):
        self._compute_template_field_from_variant_field("extensiv_buffer_qty")

    def _inverse_extensiv_buffer_qty(self):
        self._set_product_variant_field("extensiv_buffer_qty")

    @api.depends("product_variant_ids.extensiv_to_review")
    def _compute_extensiv_to_review(self):
        for template in self:
            template.extensiv_to_review = any(template.product_variant_ids.mapped("extensiv_to_review"))

    def _search_extensiv_to_review(self, operator, value):
        return [("product_variant_ids.extensiv_to_review", operator, value)]

    def action_extensiv_reviewed(self):
        """Note that these products are as they should be."""
        return self.with_context(active_test=False).product_variant_ids.action_extensiv_reviewed()

    def action_extensiv_set_zero(self):
        """Have EIM told zero of these products once, though they are left alone."""
        return self.with_context(active_test=False).product_variant_ids.action_extensiv_set_zero()

    def action_extensiv_history(self):
        """Open what EIM was told of the stock of these products."""
        return self.with_context(active_test=False).product_variant_ids.action_extensiv_history()

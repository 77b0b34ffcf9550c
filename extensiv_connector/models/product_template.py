from odoo import api, fields, models


class ProductTemplate(models.Model):
    """What a product without variants says of its stock at EIM is its only variant's."""

    _name = "product.template"
    _inherit = ["product.template", "extensiv.stock.trigger.mixin"]
    _stock_trigger_fields = frozenset({"sale_ok", "is_storable", "type", "company_id"})  # the rest is the variants'

    extensiv_push = fields.Boolean(
        "Push Stock to EIM",
        compute="_compute_extensiv_push",
        inverse="_inverse_extensiv_push",
        copy=False,
        help="Off: EIM is told zero of this product once, and nothing more.",
    )
    extensiv_buffer_qty = fields.Float(
        "Buffer for EIM",
        digits="Product Unit",
        compute="_compute_extensiv_buffer_qty",
        inverse="_inverse_extensiv_buffer_qty",
        copy=False,
        help="Kept back in every location of EIM, besides the account's own buffer.",
    )

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

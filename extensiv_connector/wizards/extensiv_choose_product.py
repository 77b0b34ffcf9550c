from odoo import fields, models
from odoo.exceptions import UserError


class ExtensivChooseProduct(models.TransientModel):
    """Put the right product on a line that was imported with a placeholder."""

    _name = "extensiv.choose.product"
    _description = "Choose the Product of an EIM Line"

    line_id = fields.Many2one("sale.order.line", required=True, readonly=True, ondelete="cascade")
    sku = fields.Char(related="line_id.extensiv_sku", related_sudo=False)
    description = fields.Text(related="line_id.name", related_sudo=False)
    company_id = fields.Many2one(related="line_id.company_id")
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        domain="[('sale_ok', '=', True), ('type', '!=', 'combo')]",
        help="Price, discount, taxes and text of the line stay as the cart sent them.",
    )
    remember = fields.Boolean(
        "Remember as Alias", default=True, help="Later orders with this SKU find the product by themselves."
    )

    def action_choose(self):
        """Set the product, keep everything else, verify the total again."""
        self.ensure_one()
        line = self.line_id
        if not self.product_id:
            raise UserError(self.env._("Choose a product."))
        if not line.extensiv_needs_product:
            raise UserError(self.env._("This line has its product."))
        order = line.order_id
        if self.remember and line.extensiv_sku:
            self.env["extensiv.sku.alias"]._set_product(order.extensiv_account_id, line.extensiv_sku, self.product_id)
        line._extensiv_set_product(self.product_id)
        order._extensiv_reassess()
        return {"type": "ir.actions.act_window_close"}

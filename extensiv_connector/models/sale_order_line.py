from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import fulfilled_elsewhere, lots_asked_for
from ..flows.recorded import check_written_by_connector, is_refused


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    extensiv_sku = fields.Char("EIM SKU", readonly=True, copy=False, help="The SKU exactly as EIM sent it.")
    extensiv_quantity = fields.Float(
        "EIM Quantity",
        digits="Product Unit",
        readonly=True,
        copy=False,
        help="How many EIM ordered, whatever a person changes afterwards: it is told of no more as shipped.",
    )
    extensiv_line_no = fields.Char("EIM Line", readonly=True, copy=False)
    extensiv_lot = fields.Char(
        "Lot Asked For",
        copy=False,
        help="The lot that the buyer asked for: no other is reserved by itself. Empty it to take any.",
    )
    extensiv_warehouse_id = fields.Many2one(
        "stock.warehouse",
        "Leaves From",
        readonly=True,
        copy=False,
        check_company=True,
        help="EIM assigned this line to a location of its own.",
    )
    extensiv_needs_product = fields.Boolean(compute="_compute_extensiv_needs_product")

    @api.model
    def _has_field_access(self, field, operation):
        return not is_refused(self, field, operation) and super()._has_field_access(field, operation)

    @api.model
    def _check_field_access(self, field, operation):
        check_written_by_connector(self, field, operation)
        return super()._check_field_access(field, operation)

    def write(self, vals):
        """Say anew what is missing of lots that buyers asked for, where a person takes another."""
        result = super().write(vals)
        if "extensiv_lot" in vals:
            lots_asked_for.report(self.order_id)
        return result

    @api.depends("extensiv_sku", "product_id", "order_id.extensiv_account_id.placeholder_product_id")
    def _compute_extensiv_needs_product(self):
        for line in self:
            placeholder = line.order_id.extensiv_account_id.sudo().placeholder_product_id
            line.extensiv_needs_product = bool(placeholder and line.extensiv_sku) and line.product_id == placeholder

    @api.depends("extensiv_warehouse_id")
    def _compute_warehouse_id(self):
        """Let the line's own location of EIM decide."""
        result = super()._compute_warehouse_id()
        for line in self.filtered("extensiv_warehouse_id"):
            line.warehouse_id = line.extensiv_warehouse_id
        return result

    def _compute_discount(self):
        """Leave the discount of an imported line: Odoo would reset it whenever the quantity changes."""
        others = self.filtered(lambda line: not line.extensiv_line_no)
        return super(SaleOrderLine, others)._compute_discount()

    def _extensiv_include_taxes(self):
        """Turn the net prices of new lines into the prices that taxes included in the price start from."""
        for line in self:
            included = line.tax_ids.filtered("price_include")
            if included and line.price_unit:
                gross = included._get_tax_details(
                    line.price_unit,
                    1.0,
                    rounding_method="round_globally",
                    product=line.product_id,
                    special_mode="total_excluded",
                )["total_included"]
                line.write({"price_unit": gross, "technical_price_unit": gross + 1.0})

    def _prepare_procurement_values(self):
        """Deliver the orders of a warehouse's merchant from that merchant's stock."""
        values = super()._prepare_procurement_values()
        if owner := self.order_id.extensiv_account_id.sudo().owner_id:
            values["restrict_partner_id"] = owner.id
        return values

    def _action_launch_stock_rule(self, **kwargs):
        """Deliver nothing of an order that has left before it was received here, or that others deliver."""
        elsewhere = self.filtered(lambda line: line.order_id.extensiv_is_fulfilled_elsewhere)
        fulfilled_elsewhere.deliver(elsewhere)
        to_deliver = (self - elsewhere).filtered(lambda line: not line.order_id.extensiv_is_shipped_already)
        return super(SaleOrderLine, to_deliver)._action_launch_stock_rule(**kwargs)

    def action_extensiv_choose_product(self):
        """Open the choice of the product for a line that was imported without one."""
        self.ensure_one()
        if not self.extensiv_needs_product:
            raise UserError(self.env._("This line has its product."))
        return self.env["extensiv.choose.product"]._get_records_action(
            name=self.env._("Choose Product"),
            target="new",
            context={"default_line_id": self.id},
        )

    def _extensiv_set_product(self, product):
        """Put ``product`` on an imported line, keeping price, discount, taxes, quantity and text as EIM sent them."""
        if product.type == "combo":
            raise UserError(
                self.env._(
                    "%s is a combo, which becomes several lines. Add an alias of the SKU to it, cancel this "
                    "quotation, and "
                    "have the order imported anew.",
                    product.display_name,
                )
            )
        for line in self:
            # The first line says "Unknown SKU …" in the language of whoever imported it.
            first, *rest = line.name.split("\n", 1)
            line.write(
                {
                    "product_id": product.id,
                    "name": "\n".join([product.display_name if line.extensiv_sku in first else first, *rest]),
                    "product_uom_qty": line.product_uom_qty,
                    "price_unit": line.price_unit,
                    "technical_price_unit": line.price_unit + 1.0,
                    "discount": line.discount,
                    "tax_ids": [fields.Command.set(line.tax_ids.ids)],
                }
            )
            order = line.order_id.sudo()
            policy = order.extensiv_cart_id.tax_policy or order.extensiv_account_id.tax_policy
            if policy == "odoo" and not line.tax_ids:
                # The placeholder has none: only the product says which taxes Odoo charges.
                line._compute_tax_ids()
                line._extensiv_include_taxes()

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import confirm_batch, fulfilled_elsewhere, invoicing, lots_asked_for, margins, technical_fields
from ..flows.languages import in_language_of
from ..flows.order_money import ODOO_TAXES
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
    extensiv_kind = fields.Selection(
        invoicing.KINDS,
        "EIM Amount",
        readonly=True,
        copy=False,
        help="What this line stands for that is no goods. It is invoiced with goods, alone only once none are to come.",
    )
    extensiv_needs_product = fields.Boolean(compute="_compute_extensiv_needs_product")

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return technical_fields.hide(self, super().fields_get(allfields, attributes))

    def _register_hook(self):
        """Take the margin off lines of before, where Odoo's app for margins was installed just now."""
        if margins.APP in self.pool.updated_modules:
            margins.clear(self.env)
        return super()._register_hook()

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

    @api.depends("extensiv_sku", "extensiv_line_no", "product_id", "order_id.extensiv_placeholder_id")
    def _compute_extensiv_needs_product(self):
        for line in self:
            order = line.order_id.sudo()
            placeholder = order.extensiv_placeholder_id or order.extensiv_account_id.placeholder_product_id
            is_from_eim = bool(line.extensiv_sku or line.extensiv_line_no)
            line.extensiv_needs_product = bool(placeholder and is_from_eim) and line.product_id == placeholder

    @api.depends("extensiv_warehouse_id")
    def _compute_warehouse_id(self):
        """Let the line's own location of EIM decide."""
        result = super()._compute_warehouse_id()
        for line in self.filtered("extensiv_warehouse_id"):
            line.warehouse_id = line.extensiv_warehouse_id
        return result

    def _compute_discount(self):
        """Leave the discount of an imported line: Odoo would reset it whenever the quantity changes."""
        is_left = not self.env.context.get("extensiv_by_pricelist")
        others = self.filtered(lambda line: not (is_left and line.extensiv_line_no))
        return super(SaleOrderLine, others)._compute_discount()

    def _compute_tax_ids(self):
        """Keep collected tax free of taxes, also where somebody updates those of the order."""
        collected = self.filtered(lambda line: line.extensiv_kind == "tax")
        collected.tax_ids = False
        return super(SaleOrderLine, self - collected)._compute_tax_ids()

    # -- invoicing, see flows/invoicing

    def _can_be_invoiced_alone(self):
        return not self.extensiv_kind and super()._can_be_invoiced_alone()

    def _compute_qty_to_invoice(self):
        result = super()._compute_qty_to_invoice()
        invoicing.correct_quantities(self)
        return result

    def _compute_purchase_price(self):
        """Give what is passed on to others its price as its cost; only Odoo's app for margins calls this."""
        passed_on = self.filtered(lambda line: line.extensiv_kind in margins.PASSED_ON)
        for line in passed_on:
            line.purchase_price = line.price_unit
        return super(SaleOrderLine, self - passed_on)._compute_purchase_price()

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

    def _extensiv_take_out_taxes(self):
        """Turn the prices of new lines, which hold all taxes, into those of which Odoo makes them with its taxes."""
        for line in self:
            added = line.tax_ids.filtered(lambda tax: not tax.price_include)
            if added and line.price_unit:
                price = line.tax_ids._get_tax_details(
                    line.price_unit,
                    1.0,
                    rounding_method="round_globally",
                    product=line.product_id,
                    special_mode="total_included",
                )["total_excluded"]
                line.write({"price_unit": price, "technical_price_unit": price + 1.0})
                line._extensiv_include_taxes()

    def _extensiv_price_by_pricelist(self):
        """Give lines for which EIM sent no price the pricelist's, as if they were entered by hand."""
        lines = self.with_context(force_price_recomputation=True, extensiv_by_pricelist=True)
        lines._compute_price_unit()
        lines._compute_discount()

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
        with confirm_batch.delivering(to_deliver, **kwargs):
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
        if self and product.type == "combo":
            raise UserError(
                self.env._(
                    "%s is a combo, which becomes several lines. Add an alias of the SKU to it, cancel this "
                    "quotation, and have the order imported anew.",
                    product.display_name,
                )
            )
        for line in self:
            # The first line says "Unknown SKU …" in the language of whoever imported it.
            first, *rest = line.name.split("\n", 1)
            is_unknown = not line.extensiv_sku or line.extensiv_sku in first
            own = in_language_of(line.order_id.partner_id, product).get_product_multiline_description_sale()
            line.write(
                {
                    "product_id": product.id,
                    "name": "\n".join([own if is_unknown else first, *rest]),
                    "product_uom_qty": line.product_uom_qty,
                    "price_unit": line.price_unit,
                    "technical_price_unit": line.price_unit + 1.0,
                    "discount": line.discount,
                    "tax_ids": [fields.Command.set(line.tax_ids.ids)],
                }
            )
            if line.order_id.extensiv_has_no_total:
                line._extensiv_price_by_pricelist()
            policy = line.order_id.extensiv_tax_policy
            if policy in ODOO_TAXES and not line.tax_ids:
                # The placeholder has none: only the product says which taxes Odoo charges.
                line._compute_tax_ids()
                if line.order_id.extensiv_has_no_total:
                    continue  # a pricelist's price is with or without taxes as the product's is
                if policy == "odoo":
                    line._extensiv_include_taxes()
                else:
                    line._extensiv_take_out_taxes()

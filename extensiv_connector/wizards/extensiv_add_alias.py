from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.deadline import one_deadline


class ExtensivAddAlias(models.TransientModel):
    """Say which product is meant by a SKU that no product has, and have its orders imported."""

    _name = "extensiv.add.alias"
    _description = "Add an EIM SKU Alias"

    error_id = fields.Many2one("extensiv.error", required=True, readonly=True, ondelete="cascade")
    account_id = fields.Many2one(related="error_id.account_id")
    company_id = fields.Many2one(related="error_id.company_id")
    sku = fields.Char("SKU", required=True, readonly=True)
    left_count = fields.Integer("Further SKUs", readonly=True)
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        help="What is sold under this SKU. Later orders find it by themselves.",
    )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        error = self.env["extensiv.error"].browse(values.get("error_id"))
        missing = self._still_missing(error)
        sku = next(iter(missing), False)
        return {
            **values,
            "sku": sku,
            "left_count": max(len(missing) - 1, 0),
            "product_id": sku and self._probable_product(missing[sku]),
        }

    @api.model
    def _probable_product(self, match):
        """Return the id of the one product for sale that differs by its spelling alone; a person confirms it."""
        probable = [product for product in match.alike if product.active and product.sale_ok]
        return len(probable) == 1 and probable[0].id

    @api.model
    def _still_missing(self, error):
        """Return ``{SKU: Match}`` of what the error's order lacks that still belongs to no product."""
        skus = error._get_missing_skus().get(error, [])
        matches = self.env["product.product"].sudo()._extensiv_match(error.account_id, {sku: () for sku in skus})
        return {sku: matches[sku] for sku in skus if matches[sku].problem}

    @one_deadline
    def action_add(self):
        """Add the alias; ask for the next missing SKU, or import every order that waited for these."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.account_id.check_access("read")
        if not self.product_id:
            raise UserError(self.env._("Choose the product that is meant."))
        self.env["extensiv.sku.alias"]._set_product(self.account_id, self.sku, self.product_id)
        error = self.error_id
        if self._still_missing(error):
            return error._fix_alias()
        waiting = self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account_id.id),
                ("flow", "=", "orders"),
                ("state", "=", "open"),
                ("res_model", "=", "extensiv.order"),
            ]
        )
        missing = waiting._get_missing_skus()
        tried = error | waiting.filtered(lambda other: self.sku in missing.get(other, ()))
        said = tried.action_retry()
        said["params"]["message"] = f"{self._say_added(tried)}\n{said['params']['message']}"
        said["params"]["next"] = {"type": "ir.actions.act_window_close"}
        return said

    def _say_added(self, tried):
        """Return what became of the SKU, and of the orders whose errors were ``tried`` again for it."""
        orders = self.env["extensiv.order"].browse(
            tried.filtered(lambda error: error.res_model == "extensiv.order").mapped("res_id")
        )
        return self.env._(
            "%(sku)s is %(product)s from now on. Orders that waited for it: %(waited)s, of them imported now: "
            "%(imported)s.",
            sku=self.sku,
            product=self.product_id.display_name,
            waited=len(orders),
            imported=len(orders.filtered(lambda order: order.state == "imported")),
        )

from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ExtensivCarrierMethod(models.Model):
    """What EIM is told that a delivery method is: one of the ship methods that it lists for the account."""

    _name = "extensiv.carrier.method"
    _inherit = "extensiv.mapping.mixin"
    _description = "Delivery Method at EIM"
    _order = "account_id, delivery_carrier_id, cart_id, id"
    _rec_name = "delivery_carrier_id"
    _check_company_auto = True

    account_id = fields.Many2one("extensiv.account", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    cart_id = fields.Many2one(
        "extensiv.cart",
        tracking=True,
        check_company=True,
        ondelete="cascade",
        domain="[('account_id', '=', account_id)]",
        help="Empty: orders of every cart.",
    )
    delivery_carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        required=True,
        tracking=True,
        index=True,
        check_company=True,
        ondelete="cascade",
    )
    method_id = fields.Many2one(
        "extensiv.eim.method",
        "EIM's Ship Method",
        required=True,
        tracking=True,
        check_company=True,
        ondelete="cascade",
        domain="[('account_id', '=', account_id)]",
        help="EIM is told its carrier and its code.",
    )
    is_proposed = fields.Boolean(
        "Proposed",
        readonly=True,
        help="Found by the name of the delivery method. Choose another where that is not what it is.",
    )

    _once = models.UniqueIndex(
        "(account_id, delivery_carrier_id, (COALESCE(cart_id, 0)))", "This delivery method is mapped already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        mappings = super().create(vals_list)
        mappings.delivery_carrier_id.sudo()._extensiv_retry_refused()
        return mappings

    def write(self, vals):
        if "method_id" in vals:
            vals = {"is_proposed": False, **vals}
        result = super().write(vals)
        self.delivery_carrier_id.sudo()._extensiv_retry_refused()
        return result

    @api.constrains("account_id", "cart_id", "method_id")
    def _check_account(self):
        for mapping in self:
            if (mapping.method_id.account_id | mapping.cart_id.account_id) != mapping.account_id:
                raise ValidationError(
                    self.env._("%s: choose a cart and a ship method of the same account.", mapping.display_name)
                )

    @api.model
    def _method_of(self, carrier, order):
        """Return the ship method that EIM is told for ``order``, delivered with ``carrier``, or an empty one."""
        mappings = self.search(
            [
                ("account_id", "=", order.extensiv_account_id.id),
                ("delivery_carrier_id", "=", carrier.id),
                ("cart_id", "in", (False, order.extensiv_cart_id.id)),
            ]
        )
        return (mappings.filtered("cart_id") or mappings).method_id[:1]

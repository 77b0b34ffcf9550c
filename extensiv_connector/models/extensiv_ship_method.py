from odoo import api, fields, models

from ..flows import todo
from ..flows.trigger import trigger


class ExtensivShipMethod(models.Model):
    """What a cart asks for, and the delivery method that does it. Codes are proposed as orders bring them."""

    _name = "extensiv.ship.method"
    _inherit = "extensiv.mapping.mixin"
    _description = "EIM Shipping Method"
    _order = "account_id, ship_code, id"
    _rec_name = "ship_code"
    _check_company_auto = True

    account_id = fields.Many2one("extensiv.account", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    cart_id = fields.Many2one(
        "extensiv.cart",
        check_company=True,
        ondelete="cascade",
        domain="[('account_id', '=', account_id)]",
        help="Empty: orders of every cart.",
    )
    ship_code = fields.Char(
        "Asked For", required=True, tracking=True, help="The shipping method exactly as EIM's orders name it."
    )
    delivery_carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        check_company=True,
        tracking=True,
        help="What an order that asks for this is delivered with. Empty: chosen by a person.",
    )

    _code_unique = models.UniqueIndex(
        "(account_id, (COALESCE(cart_id, 0)), ship_code)", "This shipping method is mapped already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        methods = super().create(vals_list)
        methods._fill_waiting()
        methods._trigger_shipments()
        return methods

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"delivery_carrier_id", "ship_code", "cart_id"}:
            self._fill_waiting()
            self._trigger_shipments()
        return result

    def _fill_waiting(self):
        """Give the delivery methods to the orders that ask for these and have none yet."""
        for method in self.sudo().filtered("delivery_carrier_id"):
            todo.fill_method(method.account_id, method.ship_code, method.cart_id, method.delivery_carrier_id)

    @api.model
    def _map(self, account, code, carrier):
        """Map ``code`` to ``carrier`` wherever ``account`` lists it without one; for all carts where it lists none."""
        known = self.search([("account_id", "=", account.id), ("ship_code", "=", code)])
        if unmapped := known.filtered(lambda method: not method.delivery_carrier_id):
            unmapped.delivery_carrier_id = carrier
        elif not known.filtered(lambda method: not method.cart_id):
            self.create({"account_id": account.id, "ship_code": code, "delivery_carrier_id": carrier.id})

    def _trigger_shipments(self):
        """Have orders sent that left before anybody said what they are delivered with."""
        if any(method.delivery_carrier_id for method in self):
            trigger(self.env, "shipments")

    @api.model
    def _carriers(self, account):
        """Return ``{(cart id or False, ship code): delivery method}`` of what is mapped."""
        return {
            (method.cart_id.id, method.ship_code): method.delivery_carrier_id
            for method in self.search([("account_id", "=", account.id), ("delivery_carrier_id", "!=", False)])
        }

    @api.model
    def _chosen(self, carriers, cart, code):
        """Return the delivery method of an order, or an empty one where a person has to choose.

        What a buyer asked for and nobody mapped is not delivered with the cart's own method: it may have been paid for.

        :param carriers: of :meth:`_carriers`; :param code: what the order asks for, perhaps empty
        """
        if not code:
            return cart.delivery_carrier_id
        return carriers.get((cart.id, code)) or carriers.get((False, code)) or cart.delivery_carrier_id.browse()

    @api.model
    def _sync_from_eim(self, account, codes, any_cart=True):
        """Propose the codes met in orders that are not listed yet.

        :param any_cart: whether one that is listed for a single cart counts as listed
        """
        codes = {code for code in codes if code}
        if not codes:
            return
        domain = [("account_id", "=", account.id), ("ship_code", "in", list(codes))]
        known = set(self.search(domain if any_cart else [*domain, ("cart_id", "=", False)]).mapped("ship_code"))
        self.create([{"account_id": account.id, "ship_code": code} for code in sorted(codes - known)])

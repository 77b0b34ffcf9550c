from odoo import api, fields, models


class ExtensivCart(models.Model):
    """An order source of EIM: a shop or marketplace that orders come from."""

    _name = "extensiv.cart"
    _description = "EIM Cart"
    _order = "account_id, name, id"
    _check_company_auto = True

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    order_source = fields.Char(required=True, readonly=True, help="EIM's own name of the cart, as its orders carry it.")
    name = fields.Char(required=True)
    prefix = fields.Char(
        required=True,
        copy=False,
        help="Stands in front of the order number, so that the name of a sale order tells where it came from.",
    )
    active = fields.Boolean(default=True, help="Orders of an archived cart stay in EIM, untouched.")
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        check_company=True,
        help="Delivers the orders that EIM assigns to no location of a warehouse. Empty: Odoo's own choice.",
    )
    team_id = fields.Many2one("crm.team", "Sales Team", check_company=True)
    user_id = fields.Many2one(
        "res.users",
        "Salesperson",
        check_company=True,
        domain="[('share', '=', False)]",
        help="Empty: imported orders have no salesperson.",
    )
    tag_ids = fields.Many2many("crm.tag", string="Tags", help="Put on every order of the cart.")
    partner_id = fields.Many2one(
        "res.partner",
        "Fixed Customer",
        check_company=True,
        help="For marketplaces: every order is this customer's, and the delivery address becomes its child.",
    )
    tax_policy = fields.Selection(
        lambda self: self.env["extensiv.account"]._fields["tax_policy"].selection,
        "Taxes",
        help="Empty: as the account says.",
    )
    order_count = fields.Integer(compute="_compute_order_count")

    _order_source_unique = models.Constraint(
        "UNIQUE(account_id, order_source)",
        "This cart exists already.",
    )
    _prefix_unique = models.Constraint(
        "UNIQUE(company_id, prefix)",
        "Another cart of this company uses this prefix. Each needs its own.",
    )

    def _compute_order_count(self):
        counts = dict(self.env["extensiv.order"]._read_group([("cart_id", "in", self.ids)], ["cart_id"], ["__count"]))
        for cart in self:
            cart.order_count = counts.get(cart, 0)

    @api.model
    def _take_over(self, account, carts):
        """Add the carts of ``account`` that are not known yet; archived ones count as known.

        :param carts: ``eim.wire.Cart`` objects as EIM lists them, or as met in orders
        :return: the new carts
        """
        Cart = self.env["extensiv.cart"].sudo().with_context(active_test=False)
        known = set(Cart.search([("account_id", "=", account.id)]).mapped("order_source"))
        taken = set(Cart.search([("company_id", "=", account.company_id.id)]).mapped("prefix"))
        vals_list = []
        for cart in carts:
            if not cart.order_source or cart.order_source in known:
                continue
            known.add(cart.order_source)
            prefix = self._propose_prefix(cart.name or cart.order_source, taken)
            taken.add(prefix)
            vals_list.append(
                {
                    "account_id": account.id,
                    "order_source": cart.order_source,
                    "name": cart.name or cart.order_source,
                    "prefix": prefix,
                }
            )
        return Cart.create(vals_list)

    @api.model
    def _propose_prefix(self, name, taken):
        """Return the first free prefix: two letters and a colon, three where taken, then on; numbered at the end."""
        letters = "".join(character for character in name.upper() if character.isalnum()) or "CART"
        for length in range(min(2, len(letters)), len(letters) + 1):
            if (prefix := f"{letters[:length]}:") not in taken:
                return prefix
        number = 2
        while (prefix := f"{letters}{number}:") in taken:
            number += 1
        return prefix

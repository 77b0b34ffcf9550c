from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..flows.trigger import trigger


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
        copy=False,
        help="Stands in front of the order number, so that the name of a sale order tells where it came from. Proposed "
        "from the kind of cart, else from the order source. Capitals and blanks around it make no difference.",
    )
    no_prefix = fields.Boolean(
        copy=False,
        help="Sale orders of this cart have the order number alone as their name. One cart of a company can do so.",
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
    _prefix_once = models.UniqueIndex(
        "(company_id, (lower(trim(COALESCE(prefix, '')))))",
        "Another cart of this company uses this prefix, or has none either. Each needs its own; capitals make no "
        "difference.",
    )

    @api.constrains("prefix", "no_prefix")
    def _check_prefix(self):
        for cart in self:
            if not cart.prefix and not cart.no_prefix:
                raise ValidationError(
                    self.env._(
                        "Enter the prefix of %s. If its orders are to have none, tick No Prefix on the cart's form.",
                        cart.name,
                    )
                )

    def _compute_order_count(self):
        counts = dict(self.env["extensiv.order"]._read_group([("cart_id", "in", self.ids)], ["cart_id"], ["__count"]))
        for cart in self:
            cart.order_count = counts.get(cart, 0)

    # -- create and write

    @api.model_create_multi
    def create(self, vals_list):
        """Give a cart that comes without a prefix one of its own."""
        vals_list = [dict(self._tidy_prefix(vals)) for vals in vals_list]
        self._propose_prefixes(
            [
                vals
                for vals in vals_list
                if "prefix" not in vals and vals.get("account_id") and vals.get("order_source")
            ],
            vals_list,
        )
        return super().create(vals_list)

    def write(self, vals):
        corrected = self._off_by_kind(vals)
        result = super().write(self._tidy_prefix(vals))
        corrected._correct_kind()
        if vals.get("delivery_carrier_id"):
            trigger(self.env, "shipments")
        return result

    @api.model
    def _tidy_prefix(self, vals):
        """Return ``vals`` with the prefix as it is stored, and with none where a person wants none."""
        if vals.get("no_prefix"):
            return {**vals, "prefix": False}
        if "prefix" not in vals:
            return vals
        # What nobody sees would tell nobody where an order came from.
        prefix = "".join(character for character in vals["prefix"] or "" if character.isprintable()).strip()
        return {**vals, "prefix": prefix, "no_prefix": False} if prefix else {**vals, "prefix": False}

    @api.model
    def _take_over(self, account, carts):
        """Add the carts of ``account`` that are not known yet; archived ones count as known.

        :param carts: ``eim.wire.Cart`` objects as EIM lists them, or as met in orders
        :return: the new carts
        """
        Cart = self.env["extensiv.cart"].sudo().with_context(active_test=False)
        known = set(Cart.search([("account_id", "=", account.id)]).mapped("order_source"))
        new = {cart.order_source: cart for cart in carts if cart.order_source and cart.order_source not in known}
        created = Cart.create(
            [
                {"account_id": account.id, "order_source": source, "name": cart.name or source}
                for source, cart in new.items()
            ]
        )
        self.env["extensiv.cart.share"].sudo()._connect_new(account)
        return created

    def action_answer_share(self):
        """Say that this cart is what the merchant of a share connected, whose form shows it as new."""
        self.ensure_one()
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        self.env["extensiv.cart.share"]._choose(self.env.context.get("extensiv_share_id"), self)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    # -- prefixes

    @api.model
    def _propose_prefixes(self, lacking, vals_list):
        """Put a free prefix into each of ``lacking``, which are among ``vals_list``, the carts about to be made.

        It comes from the integration, not from what the shop calls itself: a list of carts names the shop, an order
        only its source, and both are to propose the same.
        """
        if not lacking:
            return
        companies = {
            account.id: account.company_id
            for account in self.env["extensiv.account"]
            .sudo()
            .browse({vals["account_id"] for vals in vals_list if vals.get("account_id")})
        }
        taken = {company.id: set() for company in companies.values()}
        for cart in self.sudo().with_context(active_test=False).search([("company_id", "in", list(taken))]):
            taken[cart.company_id.id].add((cart.prefix or "").lower())
        for vals in vals_list:
            if vals.get("account_id"):
                taken[companies[vals["account_id"]].id].add((vals.get("prefix") or "").lower())
        kinds = self._kinds(lacking)
        for vals in lacking:
            of_company = taken[companies[vals["account_id"]].id]
            kind = kinds[vals["order_source"]]
            vals["prefix"] = self._propose_prefix(kind.name or vals["order_source"], of_company)
            of_company.add(vals["prefix"].lower())

    @api.model
    def _propose_prefix(self, name, taken):
        """Return the first free prefix: two letters and a colon, three where taken, then on; numbered at the end.

        :param taken: the prefixes in use, in lower case
        """
        letters = "".join(character for character in name.upper() if character.isalnum()) or "CART"
        for length in range(min(2, len(letters)), len(letters) + 1):
            if (prefix := f"{letters[:length]}:").lower() not in taken:
                return prefix
        number = 2
        while (prefix := f"{letters}{number}:").lower() in taken:
            number += 1
        return prefix

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..eim.taxes import INCLUDED, KEPT
from ..flows import books, cart_currency, fulfilled_elsewhere, payments, renamed_carts, tax_question
from ..flows.trigger import trigger

# Fields with which orders may be booked that waited for them.
BOOKS = {"invoicing", "register_payments", "payment_journal_id", "payment_method_line_id", "tax_policy"}


class ExtensivCart(models.Model):
    """An order source of EIM: a shop or marketplace that orders come from."""

    _name = "extensiv.cart"
    _inherit = ["extensiv.mapping.mixin", "analytic.mixin"]
    _description = "EIM Cart"
    _order = "account_id, name, id"
    _check_company_auto = True

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    order_source = fields.Char(required=True, readonly=True, help="EIM's own name of the cart, as its orders carry it.")
    name = fields.Char(required=True)
    prefix = fields.Char(
        tracking=True,
        copy=False,
        help="Stands in front of the order number, so that the name of a sale order tells where it came from. Proposed "
        "from the kind of cart, else from the order source. Capitals and blanks around it make no difference.",
    )
    no_prefix = fields.Boolean(
        tracking=True,
        copy=False,
        help="Sale orders of this cart have the order number alone as their name. One cart of a company can do so.",
    )
    is_new = fields.Boolean(
        "New",
        readonly=True,
        copy=False,
        help="Its first orders came by themselves, and nobody has looked at its settings yet.",
    )
    active = fields.Boolean(default=True, tracking=True, help="Orders of an archived cart stay in EIM, untouched.")
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        tracking=True,
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
        tracking=True,
        check_company=True,
        help="For marketplaces: every order is this customer's, and the delivery address becomes its child.",
    )
    tax_policy = fields.Selection(
        lambda self: self.env["extensiv.account"]._fields["tax_policy"]._description_selection(self.env),
        "Taxes",
        tracking=True,
        help="Empty: as the account says. Kept by the marketplace: whether EIM's total holds the tax or not.",
    )
    tax_beside_total = fields.Selection(
        [(INCLUDED, "Included in the prices"), (KEPT, "Kept by the marketplace")],
        "Tax Beside the Total",
        tracking=True,
        help="What tax is that EIM says of an order and its total is without. Empty: the first such order is held and "
        "you are asked; the answer is applied to all that wait. Included: it is taken out of the prices, or with "
        "Odoo's taxes these are computed so that prices and total stay.",
    )
    tax_question = fields.Text(compute="_compute_tax_question")
    no_prices = fields.Selection(
        [("quotation", "Leave as quotation"), ("pricelist", "The pricelist's prices"), ("free", "Free of charge")],
        "Orders Without Prices",
        required=True,
        default="quotation",
        tracking=True,
        help="What becomes of an order for which EIM sends no prices at all. As quotation: at the pricelist's prices, "
        "which a person confirms or corrects.",
    )
    currency_id = fields.Many2one(
        "res.currency",
        tracking=True,
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        precompute=True,
        context={"active_test": False},
        help="Of orders that name none. Proposed from the order source, such as Amazon_CA, else the company's.",
    )
    no_sku_product_id = fields.Many2one(
        "product.product",
        "Lines Without a SKU",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('sale_ok', '=', True)]",
        help="Stands on lines that name no product: a tip, an engraving, a fee. A service, as a rule. Empty: as the "
        "account says of unknown SKUs.",
    )
    mail_buyers = fields.Boolean(
        "Mail the Buyer",
        tracking=True,
        compute="_compute_mail_buyers",
        store=True,
        readonly=False,
        precompute=True,
        help="Off: Odoo sends the cart's buyers no mail and no text message when an order is confirmed or delivered, "
        "whatever the company's settings say. Many marketplaces forbid them, and tell their buyers themselves; it "
        "starts off for those that are known to. What somebody writes to a buyer by hand is sent all the same.",
    )
    type_id = fields.Many2one(
        "extensiv.cart.type",
        "Kind",
        tracking=True,
        compute="_compute_type_id",
        store=True,
        readonly=False,
        precompute=True,
        index=True,
        ondelete="set null",
        help="Found by the name of the order source; change it where that is not what it is.",
    )
    type_image = fields.Image(related="type_id.image_128", string="Picture")
    order_download = fields.Selection(related="type_id.order_download")
    inventory_sync = fields.Selection(related="type_id.inventory_sync")
    shipment_confirmation = fields.Selection(related="type_id.shipment_confirmation")
    cancellation = fields.Selection(related="type_id.cancellation")
    requirements = fields.Text(related="type_id.requirements")
    limits = fields.Text(related="type_id.limits")
    unsupported = fields.Char("Not Supported", compute="_compute_unsupported")

    push_shipments = fields.Boolean(
        "Tell of Shipments",
        tracking=True,
        compute="_compute_push_shipments",
        store=True,
        readonly=False,
        precompute=True,
        help="Off for carts that take no confirmation: their orders are never told as shipped, and end as Skipped. It "
        "starts off where the catalogue says that the kind of cart takes none. Orders that were skipped stay so when "
        "it is switched on; Send Shipment Now tells of one.",
    )
    wait_tracking = fields.Boolean(
        "Wait for Tracking",
        tracking=True,
        default=True,
        help="Tell of an order only once each of its transfers has a tracking number. Some carts refuse shipments "
        "without one.",
    )
    wait_tracking_days = fields.Integer(
        "Days to Wait",
        tracking=True,
        default=2,
        help="After this many days without a tracking number a person is told. The order goes on waiting.",
    )
    tell_services = fields.Boolean(
        "Tell of Services",
        tracking=True,
        default=True,
        help="Services and digital goods that the cart ordered with goods are told as shipped with the last parcel. "
        "Off: they are never told, and some carts then keep the order as shipped in part.",
    )
    tell_further_boxes = fields.Boolean(
        "Tell of Further Boxes",
        tracking=True,
        help="For one piece that left in more than two boxes. EIM takes two tracking numbers with one shipment. On: "
        "each further number is told as a shipment of the same item, which some carts count as a further piece. Off: "
        "it is not told, and the order says so.",
    )
    delivery_carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        tracking=True,
        check_company=True,
        help="What orders that ask for no shipping method are delivered with. Empty: chosen by a person, and until "
        "then EIM is not told that they were shipped.",
    )

    product_categ_id = fields.Many2one(
        "product.category",
        "Category of New Products",
        tracking=True,
        ondelete="restrict",
        help="Of the products that are made of unknown SKUs, where the account asks for that. Empty: Odoo's own "
        "choice.",
    )
    fulfilled_elsewhere = fields.Boolean(
        tracking=True,
        help="The marketplace delivers these orders from a warehouse of its own, such as FBA. They are imported as "
        "delivered from a location of their own, which counts in no level of EIM: nothing is picked, shipped or told.",
    )
    fulfilled_location_id = fields.Many2one(
        "stock.location",
        "Delivered From",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('usage', '=', 'transit'), ('company_id', '!=', False)]",
        help="Stands for the marketplace's warehouse: made when Fulfilled Elsewhere is switched on. Goods that you "
        "send there are transferred to it.",
    )
    renamed_from_id = fields.Many2one(
        "extensiv.cart",
        "Looks Like",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="A known cart that this new one may be, under another name. Until a person has answered, its orders are "
        "not imported.",
    )

    order_count = fields.Integer(compute="_compute_order_count")

    # -- its books
    payment_term_id = fields.Many2one(
        "account.payment.term",
        "Payment Terms",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Of the cart's orders and invoices. Empty: the customer's.",
    )
    fiscal_position_id = fields.Many2one(
        "account.fiscal.position",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Maps the taxes and accounts of the cart's orders. Empty: Odoo's choice by the delivery address.",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        help="Stands on the cart's orders of its currency, and prices those for which EIM sends no prices, where the "
        "cart says so. The prices that EIM sends stay. Empty: the customer's, or one of the order's currency.",
    )
    invoice_journal_id = fields.Many2one(
        "account.journal",
        "Invoices In",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('type', '=', 'sale')]",
        help="The journal of the cart's invoices, also of those made by hand. Empty: Odoo's choice.",
    )
    invoicing = fields.Selection(
        [
            ("hand", "Made by a person"),
            ("confirmed", "When the order is confirmed"),
            ("delivered", "With each delivery"),
        ],
        "Invoices",
        required=True,
        default="hand",
        tracking=True,
        help="Of orders that are imported from now on. When confirmed: of the whole order, goods that Odoo invoices on "
        "delivery included. With each delivery: of what has left, shipping, discount and tax with the first goods. "
        "They are posted. An order is invoiced once: what a person invoiced or took back is left to that person.",
    )
    register_payments = fields.Boolean(
        "Paid Is Paid",
        tracking=True,
        help="What the buyer paid in the cart is registered on the posted invoices of orders that are imported from "
        "now on. Not what is paid on delivery, nor what EIM says is still open.",
    )
    payment_journal_id = fields.Many2one(
        "account.journal",
        "Payments In",
        tracking=True,
        check_company=True,
        ondelete="restrict",
        domain="[('type', 'in', ('bank', 'cash', 'credit'))]",
        help="Where the payments are registered. The marketplace's payout is matched with its outstanding account.",
    )
    payment_method_line_id = fields.Many2one(
        "account.payment.method.line",
        "Payment Method",
        tracking=True,
        compute="_compute_payment_method_line_id",
        store=True,
        readonly=False,
        precompute=True,
        ondelete="set null",
        domain="[('journal_id', '=', payment_journal_id), ('payment_type', '=', 'inbound')]",
        help="It needs an outstanding account, which holds what the payout will bring.",
    )
    pay_type_ids = fields.One2many(
        "extensiv.cart.pay.type",
        "cart_id",
        "Ways of Paying",
        help="Orders that were paid in another way than most: by EIM's pay_type, which stands on each sale order.",
    )
    books_problem = fields.Text(compute="_compute_books_problem", compute_sudo=True)

    _order_source_unique = models.Constraint(
        "UNIQUE(account_id, order_source)",
        "This cart exists already.",
    )
    _prefix_once = models.UniqueIndex(
        "(company_id, (lower(trim(COALESCE(prefix, '')))))",
        "Another cart of this company uses this prefix, or has none either. Each needs its own; capitals make no "
        "difference.",
    )

    _wait_tracking_days_positive = models.Constraint(
        "CHECK(wait_tracking_days BETWEEN 0 AND 365)",
        "The days to wait for a tracking number are a number from 0 to 365.",
    )

    # -- computes and constraints

    @api.depends("payment_journal_id")
    def _compute_payment_method_line_id(self):
        for cart in self:
            if cart.payment_method_line_id.journal_id != cart.payment_journal_id:
                cart.payment_method_line_id = payments.find_methods(cart.payment_journal_id)[:1]

    @api.depends(
        "invoicing",
        "tax_policy",
        "account_id.tax_policy",
        "account_id.tax_account_id",
        "register_payments",
        "payment_journal_id",
        "payment_method_line_id.payment_account_id",
        "pay_type_ids.is_paid",
        "pay_type_ids.payment_journal_id",
        "pay_type_ids.payment_method_line_id.payment_account_id",
    )
    def _compute_books_problem(self):
        for cart in self:
            cart.books_problem = "\n".join(books.find_problems(cart)) or False

    @api.constrains("fulfilled_elsewhere", "fulfilled_location_id")
    def _check_fulfilled_location(self):
        for cart in self.filtered("fulfilled_elsewhere"):
            if cart.fulfilled_location_id.usage != "transit" or not cart.fulfilled_location_id.company_id:
                raise ValidationError(
                    self.env._(
                        "Choose a transit location of the company as the one that %s delivers from: an internal "
                        "location could count in what EIM is told.",
                        cart.name,
                    )
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

    @api.depends("order_source", "account_id")
    def _compute_currency_id(self):
        proposed = cart_currency.propose(self.env, self.mapped("order_source"))
        for cart in self:
            cart.currency_id = proposed.get(cart.order_source) or cart.account_id.company_id.currency_id

    @api.depends("tax_beside_total", "tax_policy")
    def _compute_tax_question(self):
        for cart in self:
            cart.tax_question = not tax_question.is_answered(cart) and tax_question.describe(cart.sudo())

    @api.depends("order_source")
    def _compute_type_id(self):
        found = self.env["extensiv.cart.type"]._find(set(self.mapped("order_source")))
        for cart in self:
            cart.type_id = found[cart.order_source]

    @api.depends(
        "active",
        "push_shipments",
        "type_id.name",
        "type_id.order_download",
        "type_id.inventory_sync",
        "type_id.shipment_confirmation",
        "account_id.pull_orders",
        "account_id.push_inventory",
        "account_id.push_shipments",
        "account_id.live_orders",
        "account_id.live_inventory",
        "account_id.live_shipments",
        "account_id.setup_step",
    )
    def _compute_unsupported(self):
        for cart in self:
            flows = cart.account_id._flows_to_run() if cart.account_id else set()
            lacking = (
                [
                    label
                    for flow, support, label in (
                        ("orders", cart.order_download, self.env._("pulling orders")),
                        ("inventory", cart.inventory_sync, self.env._("pushing stock")),
                        ("shipments", cart.shipment_confirmation, self.env._("pushing shipments")),
                    )
                    if support == "none" and flow in flows and (flow != "shipments" or cart.push_shipments)
                ]
                if cart.active
                else []
            )
            cart.unsupported = bool(lacking) and self.env._(
                "%(kind)s does not support %(functions)s.", kind=cart.type_id.name, functions=", ".join(lacking)
            )

    @api.depends("type_id")
    def _compute_mail_buyers(self):
        """Start as the kind of cart has it; where the kind was wrong, so was what rested on it."""
        for cart in self:
            cart.mail_buyers = not cart.type_id.forbids_mails

    @api.depends("type_id")
    def _compute_push_shipments(self):
        """Start off where the kind takes no confirmation, but for a cart that EIM was told of before.

        A person's choice stays, unless the kind on which it rested was wrong.
        """
        silent = self.filtered(lambda cart: cart.type_id.shipment_confirmation == "none")
        known = silent._get_confirmed()
        for cart in self:
            before = cart._origin
            if cart in silent:
                cart.push_shipments = before in known and before.push_shipments
            elif not before or before.type_id != cart.type_id and before.shipment_confirmation == "none":
                cart.push_shipments = True
            else:
                cart.push_shipments = before.push_shipments

    def _off_by_kind(self, vals):
        """Return the carts that are not told because of the kind that writing ``vals`` corrects."""
        if "type_id" not in vals or "push_shipments" in vals:
            return self.browse()
        return self.filtered(lambda cart: not cart.push_shipments and cart.shipment_confirmation == "none")

    def _correct_kind(self):
        """Have these carts told, which were off by their kind, where the one that a person chose takes it.

        The record alone does not know its kind of before; a form's onchange does, and may not show the switch.
        """
        self.filtered(lambda cart: cart.shipment_confirmation != "none").push_shipments = True

    def _get_confirmed(self):
        """Return the carts of which EIM took a shipment, or may have: a mark by hand tells it nothing."""
        self.env["sale.order"].flush_model(["extensiv_cart_id", "extensiv_shipment_state", "extensiv_shipments"])
        rows = self.env.execute_query(
            SQL(
                """SELECT cart.id FROM extensiv_cart cart
                    WHERE cart.id = ANY(%s) AND EXISTS (
                          SELECT FROM sale_order o
                           WHERE o.extensiv_cart_id = cart.id AND o.extensiv_shipment_state IN ('sent', 'sending')
                             AND o.extensiv_shipments IS NOT NULL)""",
                self._origin.ids,
            )
        )
        return self.browse(row[0] for row in rows)

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
        for vals in vals_list:
            if vals.get("fulfilled_elsewhere") and not vals.get("fulfilled_location_id"):
                account = self.env["extensiv.account"].sudo().browse(vals["account_id"])
                location = fulfilled_elsewhere.make_location(account, vals.get("name") or vals.get("order_source"))
                vals["fulfilled_location_id"] = location.id
        carts = super().create(vals_list)
        if any(books.is_on(cart) for cart in carts):
            books.switch(carts)
        return carts

    def write(self, vals):
        if not self.env.su and "is_new" not in vals:
            vals = {**vals, "is_new": False}  # a person looks at its settings
        corrected = self._off_by_kind(vals)
        if vals.get("fulfilled_elsewhere") and "fulfilled_location_id" not in vals:
            for cart in self.filtered(lambda cart: not cart.fulfilled_location_id):
                location = fulfilled_elsewhere.make_location(cart.account_id.sudo(), cart.name)
                cart.fulfilled_location_id = location.sudo(False)
        result = super().write(self._tidy_prefix(vals))
        corrected._correct_kind()
        if vals.get("delivery_carrier_id"):
            trigger(self.env, "shipments")
        if vals.get("tax_beside_total") or vals.get("tax_policy"):
            trigger(self.env, "orders", self.account_id)  # of those that wait for the answer
        if vals.keys() & BOOKS:
            books.switch(self)
            books.wake(self.env)  # for orders that waited for the settings
        return result

    @api.model
    def _cron_settle_books(self):
        """Make the invoices and payments that are due, see ``flows/books``."""
        books.settle_all(self.env)

    def action_tax_included(self):
        """Say that the prices include the tax that EIM's totals are without, and put right the orders that wait."""
        return self._answer_tax(INCLUDED)

    def action_tax_kept(self):
        """Say that the marketplace keeps the tax that EIM's totals are without, and put right the orders that wait."""
        return self._answer_tax(KEPT)

    def _answer_tax(self, answer):
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        self.tax_beside_total = answer
        for account in self.account_id.sudo():
            tax_question.settle_now(account)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

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
    def _sync_from_eim(self, account, carts):
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
        renamed_carts.ask(created, {cart.order_source for cart in carts})
        return created

    def action_is_renamed(self):
        """Go on with the known cart that this one is the new name of: its settings, its orders."""
        self.ensure_one()
        self._check_question()
        return renamed_carts.merge(self.sudo()).with_env(self.env)._get_records_action()

    def action_is_new(self):
        """Import the orders of this cart, which is one of its own."""
        self.ensure_one()
        self._check_question()
        renamed_carts.accept_as_new(self.sudo())
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _check_question(self):
        """:raise UserError: nobody is asked whether this cart was renamed, or the user may not say"""
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        if not self.renamed_from_id:
            raise UserError(self.env._("%s is known as a cart of its own.", self.name))

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
            prefixes = taken[companies[vals["account_id"]].id]
            kind = kinds[vals["order_source"]]
            vals["prefix"] = self._propose_prefix(kind.name or vals["order_source"], prefixes)
            prefixes.add(vals["prefix"].lower())

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

    # -- kinds

    @api.model
    def _kinds(self, vals_list):
        """Return ``{order source: kind}`` of carts about to be made."""
        found = self.env["extensiv.cart.type"]._find({vals["order_source"] for vals in vals_list})
        for vals in vals_list:
            if vals.get("type_id"):
                found[vals["order_source"]] = self.env["extensiv.cart.type"].browse(vals["type_id"])
        return found

    def _set_kind(self, kind):
        """Note what kind of cart it is, where its order source does not tell; until it has orders its prefix follows.

        :param kind: the ``extensiv.cart.type`` that somebody was asked to connect
        """
        self.ensure_one()
        if self.type_id:
            return
        vals = {"type_id": kind.id}
        if self.prefix and not self.order_count:
            others = self.with_context(active_test=False).search(
                [("company_id", "=", self.company_id.id), ("id", "!=", self.id)]
            )
            taken = {(prefix or "").lower() for prefix in others.mapped("prefix")}
            vals["prefix"] = self._propose_prefix(kind.name, taken)
        self.write(vals)

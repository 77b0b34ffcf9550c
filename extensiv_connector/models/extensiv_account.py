from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..eim.credentials import check_base_url, check_merchant_pk
from ..eim.pages import APP
from ..eim.routes import ROUTES, check_override
from ..flows import SWITCHED

CREDENTIALS = ("base_url", "api_user", "api_key", "merchant_pk")


class ExtensivAccount(models.Model):
    """The connection to one EIM account: credentials, settings, the buttons and the scheduled actions."""

    _name = "extensiv.account"
    _description = "Extensiv Integration Manager Account"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, default="Extensiv Integration Manager", tracking=True)
    active = fields.Boolean(default=True, tracking=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        tracking=True,
        help="Orders are imported into this company and stock is taken from its warehouses.",
    )
    state = fields.Selection(
        [("draft", "Not Connected"), ("connected", "Connected"), ("error", "Refused")],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="Connected: EIM accepted the API user and key. Refused: EIM's check refused them since, twice, a minute "
        "apart; press Connect once they are right again.",
    )
    state_message = fields.Char(readonly=True, copy=False, help="Why the account is in this state.")
    api_user = fields.Char(
        "API User",
        groups="extensiv_connector.group_manager",
        copy=False,
        help="EIM shows it on the WMS set-up page: choose API Access Only and press Test WMS Connection.",
    )
    api_key = fields.Char(
        "API Key",
        groups="extensiv_connector.group_manager",
        copy=False,
        help="EIM shows it beside the API user. It is never logged or shown again here.",
    )
    merchant_pk = fields.Char(
        "Merchant ID",
        copy=False,
        tracking=True,
        help="Only for the key of a warehouse (3PL): the merchant on whose behalf this account acts.",
    )
    base_url = fields.Char(
        "API Address",
        required=True,
        default="https://api.cartrover.com",
        tracking=True,
        help="The address of EIM's API without /v1. Only https, or http on this machine.",
    )
    alerts_url = fields.Char(
        "Alerts Page",
        default=APP,
        help="EIM's page of alerts, opened from our list of them. EIM does not publish its path: the front page leads "
        "to it by Alerts.",
    )
    route_overrides = fields.Text(
        copy=False,
        help="For developers: one route a line as name = path, where EIM answers under another path than ours. "
        f"Routes: {', '.join(sorted(ROUTES))}",
    )
    answered_routes = fields.Json(readonly=True, copy=False)
    responsible_id = fields.Many2one(
        "res.users",
        default=lambda self: self.env.user,
        check_company=True,
        tracking=True,
        domain="[('share', '=', False)]",
        help="Who is told when something needs a person.",
    )

    pull_orders = fields.Boolean(
        tracking=True,
        copy=False,
        help="Every 5 minutes, pull new orders of the carts into sale orders.",
    )
    push_inventory = fields.Boolean(
        tracking=True,
        copy=False,
        help="Push the stock of the mapped locations whenever it changes.",
    )
    push_shipments = fields.Boolean(
        tracking=True,
        copy=False,
        help="Push carrier, tracking and contents once a whole order has left.",
    )

    import_from = fields.Datetime(
        "Import Orders From",
        copy=False,
        tracking=True,
        help="Older orders stay in EIM, untouched. Set to the moment of the first Connect.",
    )
    order_policy = fields.Selection(
        [("confirm", "Confirm"), ("draft", "Leave as quotation")],
        required=True,
        default="confirm",
        tracking=True,
        help="What becomes of an imported order whose total is right.",
    )
    sku_policy = fields.Selection(
        [("block", "Keep the order in the inbox"), ("placeholder", "Import with a placeholder")],
        "Unknown SKUs",
        required=True,
        default="block",
        tracking=True,
        help="What becomes of an order whose SKU belongs to no product. With a placeholder it becomes a quotation "
        "on whose lines a person chooses the products.",
    )
    placeholder_product_id = fields.Many2one(
        "product.product",
        "Placeholder",
        check_company=True,
        tracking=True,
        default=lambda self: self._default_service_product("placeholder"),
        help="Stands on lines whose SKU belongs to no product, until a person chooses one.",
    )
    tax_policy = fields.Selection(
        [("line", "One line with EIM's tax"), ("odoo", "Odoo's taxes"), ("ignore", "Remitted by the marketplace")],
        "Taxes",
        required=True,
        default="line",
        tracking=True,
        help="One line: the tax exactly as the buyer paid it. Odoo's taxes: computed by fiscal position and product "
        "taxes, and compared with EIM's. Remitted by the marketplace: the tax is left off the order and noted.",
    )
    tax_tolerance = fields.Float(
        digits="Product Price",
        default=0.05,
        tracking=True,
        help="With Odoo's taxes: an order whose taxes alone differ from EIM's by no more than this is confirmed, "
        "and the difference told. Above it the order stays a quotation.",
    )
    cancel_orders = fields.Boolean(
        default=True,
        tracking=True,
        help="Cancel a sale order when the buyer cancelled and nothing has shipped. Otherwise a person is told.",
    )
    request_cancel = fields.Boolean(
        "Request Cancellations",
        tracking=True,
        help="Let people ask EIM to cancel an order there when they cancel it here. EIM does not publish the path of "
        "this call: ask EIM's support for it and enter it in developer mode, under Advanced.",
    )
    can_cancel_at_eim = fields.Boolean(compute="_compute_can_cancel_at_eim")
    payload_days = fields.Integer(
        "Keep Orders as Received",
        default=90,
        tracking=True,
        help="Days after which an imported, cancelled or ignored order as EIM sent it is emptied: it holds personal "
        "data. The sale order keeps what it needs. 0 keeps it for ever.",
    )
    notify_on_import = fields.Boolean(
        "Notify on Import",
        help="Send the notifications that Odoo sends for an order entered by hand, such as the message to its "
        "salesperson and the coupons and tickets that other apps mail to the buyer. Off: importing notifies nobody.",
    )
    shipping_product_id = fields.Many2one(
        "product.product",
        check_company=True,
        tracking=True,
        domain="[('type', '=', 'service')]",
        default=lambda self: self._default_service_product("shipping"),
        help="The product of the line that carries the shipping charge.",
    )
    discount_product_id = fields.Many2one(
        "product.product",
        check_company=True,
        tracking=True,
        domain="[('type', '=', 'service')]",
        default=lambda self: self._default_service_product("discount"),
        help="The product of the line that carries the discount on the whole order.",
    )
    tax_product_id = fields.Many2one(
        "product.product",
        check_company=True,
        tracking=True,
        domain="[('type', '=', 'service')]",
        default=lambda self: self._default_service_product("tax"),
        help="The product of the line that carries the tax as the cart charged it.",
    )
    import_batch_size = fields.Integer(
        default=50,
        help="How many orders are created and confirmed together. A batch that fails is split.",
    )

    canceled_until = fields.Datetime(readonly=True, copy=False)
    receive_page = fields.Integer(readonly=True, copy=False, default=1)
    live_database = fields.Char(readonly=True, copy=False)

    cart_ids = fields.One2many("extensiv.cart", "account_id", "Carts", context={"active_test": False})
    location_ids = fields.One2many("extensiv.location", "account_id", "Locations")
    order_count = fields.Integer(compute="_compute_counts")
    failed_order_count = fields.Integer("Failed Orders", compute="_compute_counts")
    error_count = fields.Integer("Open Errors", compute="_compute_counts")
    orders_run_id = fields.Many2one("extensiv.run", "Last Order Pass", compute="_compute_last_runs")
    orders_run_state = fields.Selection(
        lambda self: self.env["extensiv.run"]._fields["state"].selection, "Order Pass", compute="_compute_last_runs"
    )
    orders_run_message = fields.Char("Order Pass Result", compute="_compute_last_runs")

    _credential_unique = models.UniqueIndex(
        "(base_url, api_user, (COALESCE(merchant_pk, ''))) WHERE state != 'draft'",
        "Another account is connected with the same API user. Two would pull the same orders.",
    )
    _placeholder_needed = models.Constraint(
        "CHECK(sku_policy != 'placeholder' OR placeholder_product_id IS NOT NULL)",
        "Choose the placeholder product that stands for unknown SKUs.",
    )
    _tax_tolerance_positive = models.Constraint(
        "CHECK(tax_tolerance >= 0)",
        "The tax tolerance cannot be negative.",
    )
    _import_batch_size_positive = models.Constraint(
        "CHECK(import_batch_size > 0)",
        "The batch size of the import must be at least 1.",
    )

    # -- computes and constraints

    @api.model
    def _default_service_product(self, kind):
        return self.env["product.product"]._extensiv_service_products()[kind]

    def _compute_counts(self):
        states = {
            (account, state): count
            for account, state, count in self.env["extensiv.order"]._read_group(
                [("account_id", "in", self.ids)], ["account_id", "state"], ["__count"]
            )
        }
        errors = dict(
            self.env["extensiv.error"]._read_group(
                [("account_id", "in", self.ids), ("state", "=", "open")], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.order_count = sum(count for (of, _state), count in states.items() if of == account)
            account.failed_order_count = states.get((account, "failed"), 0)
            account.error_count = errors.get(account, 0)

    @api.depends("route_overrides")
    def _compute_can_cancel_at_eim(self):
        for account in self:
            names = {line.partition("=")[0].strip() for line in (account.route_overrides or "").splitlines()}
            account.can_cancel_at_eim = "cancel_order_in_cart" in names

    def _compute_last_runs(self):
        last = self.env["extensiv.run"]._last_of_each_flow(self)
        for account in self:
            run = account.orders_run_id = last.get((account.id, "orders"), self.env["extensiv.run"])
            account.orders_run_state = run.state
            account.orders_run_message = run.message

    @api.constrains("base_url", "merchant_pk")
    def _check_can_be_sent(self):
        for account in self:
            try:
                check_base_url(account.base_url)
                check_merchant_pk(account.merchant_pk)
            except ValueError as error:
                raise ValidationError(str(error)) from None

    @api.constrains("route_overrides")
    def _check_route_overrides(self):
        for account in self:
            account._routes()

    @api.constrains("company_id")
    def _check_company_unchanged(self):
        for account in self:
            if (
                self.env["extensiv.order"]
                .sudo()
                .search_count([("account_id", "=", account.id), ("company_id", "!=", account.company_id.id)], limit=1)
            ):
                raise ValidationError(
                    self.env._(
                        "%(account)s has orders in another company already. Archive it and connect a new account.",
                        account=account.name,
                    )
                )

    def _check_not_mapped(self, company):
        """Refuse another company while locations are mapped: its stock is another, and all of it would become zero.

        :param company: id
        """
        for account in self:
            mapped = account.sudo().location_ids.filtered(
                lambda location: location.stock_location_id or location.push_enabled
            )
            if account.company_id.id != company and mapped:
                raise ValidationError(
                    self.env._(
                        "%(account)s belongs to %(company)s, whose stock its locations %(locations)s are mapped to. "
                        "Switch Push Stock off on them and empty their location of Odoo first; then change the "
                        "company, and map them anew.",
                        account=account.name,
                        company=account.company_id.name,
                        locations=", ".join(mapped.mapped("name")),
                    )
                )

    def _routes(self):
        """Return the overrides as ``{route name: path}``.

        :raise ValidationError: for a line that is no route of EIM's
        """
        routes = {}
        for line in (self.route_overrides or "").splitlines():
            if not line.strip():
                continue
            name, _equals, path = (part.strip() for part in line.partition("="))
            try:
                routes[name] = check_override(name, path)
            except ValueError as error:
                raise ValidationError(
                    self.env._("“%(line)s” is not of the form name = path: %(reason)s", line=line, reason=error)
                ) from None
        return routes

    def _why_no_cancel_request(self):
        """Return why EIM cannot be asked to cancel orders of this account, or an empty text."""
        if not self.can_cancel_at_eim:
            return self.env._(
                "EIM does not publish the path of its call cancel_order_in_cart. Ask EIM's support for it; a manager "
                "then enters it on the account, in developer mode under Advanced, as cancel_order_in_cart = path."
            )
        if not self.request_cancel:
            return self.env._("%s is not set to request cancellations at EIM.", self.name)
        return ""

    # -- create, write, delete

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create([self._clean_vals(vals) for vals in vals_list])
        accounts._toggle_crons()
        return accounts

    def write(self, vals):
        vals = self._clean_vals(vals)
        if "company_id" in vals:
            self._check_not_mapped(vals["company_id"])
        changed = self.filtered(
            lambda account: (
                account.state != "draft"
                and any(name in vals and (vals[name] or "") != (account.sudo()[name] or "") for name in CREDENTIALS)
            )
        )
        result = super().write(vals)
        if "company_id" in vals:
            self.check_access("write")  # where it is now: before writing, Odoo asks the rules of where it was
        if changed and "state" not in vals:
            changed.write(
                {"state": "draft", "state_message": self.env._("The connection's settings changed. Press Connect.")}
            )
        if {"active", "state", *(flow.switch for flow in SWITCHED.values())} & vals.keys():
            self._toggle_crons()
        return result

    def unlink(self):
        result = super().unlink()
        self._toggle_crons()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_with_orders(self):
        if self.env["extensiv.order"].sudo().search_count([("account_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._(
                    "An account that pulled orders remembers which, so that none comes twice. Archive it instead."
                )
            )

    @api.model
    def _clean_vals(self, vals):
        """Write what people paste in one way: no blanks around a key, no capitals, slash or /v1 in the address."""
        vals = dict(vals)
        for name in CREDENTIALS:
            if isinstance(vals.get(name), str):
                vals[name] = vals[name].strip()
        if vals.get("base_url"):
            vals["base_url"] = vals["base_url"].lower().rstrip("/").removesuffix("/v1").rstrip("/")
        return vals

    # -- helpers

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group("extensiv_connector.group_manager"):
            raise UserError(self.env._("Only an Extensiv manager can do this."))

    @api.model
    def _notification(self, title, message, kind="success", sticky=False):
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": title,
                "message": message,
                "type": kind,
                "sticky": sticky,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    def _remember_alias(self, sku, product):
        """Let later orders find ``product`` under ``sku``."""
        aliases = self.env["extensiv.sku.alias"].sudo()
        known = aliases.search([("account_id", "=", self.id), ("sku", "=", sku)])
        if known:
            known.product_id = product
        else:
            aliases.create({"account_id": self.id, "sku": sku, "product_id": product.id})

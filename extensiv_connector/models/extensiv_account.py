from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..eim.credentials import check_base_url, check_merchant_pk
from ..eim.pages import APP
from ..eim.routes import ROUTES
from ..flows import SCHEDULED, SWITCHED, languages, schedule
from ..flows.sku_choice import CHOICE_FIELDS
from ..flows.trigger import trigger

ACTIVITY = "extensiv_connector.mail_activity_type_eim"
WHICH_DATABASE = "extensiv_connector.mail_activity_type_which_database"
API_HOSTS = "extensiv_connector.api_hosts"
"""The system parameter that names further hosts which may be sent the credentials, with commas between them."""
SECRETS = ("api_key", "webhook_key")
"""What managers write and nobody but the superuser reads, see ``extensiv_account_connection``."""
CREDENTIALS = ("base_url", "api_user", "api_key", "merchant_pk")
# What decides by which schedules an account is served, and how; and what is pushed of its stock.
SCHEDULE_FIELDS = {
    "active",
    "state",
    "route_overrides",
    *(name for flow in SCHEDULED.values() for name in flow.switches),
}
STOCK_FIELDS = {
    "quantity_basis",
    "owed_days",
    "buffer_qty",
    "owner_id",
    "subtract_waiting",
    "location_key",
    "location_ids",
    "state",
    "push_inventory",
    *CHOICE_FIELDS,
}
SETUP_STEPS = [
    ("connect", "Connect"),
    ("carts", "Carts"),
    ("settings", "Settings"),
    ("live", "Go Live"),
    ("done", "Finished"),
]


def _service_product(kind, text):
    """Return the field of the product for one kind of lines that are no goods."""
    return fields.Many2one(
        "product.product",
        required=True,
        check_company=True,
        tracking=True,
        ondelete="restrict",
        domain="[('type', '=', 'service')]",
        default=lambda self: self._default_service_product(kind),
        help=text,
    )


class ExtensivAccount(models.Model):
    """The connection to one EIM account: credentials and settings. What is done with it stands in the files beside."""

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
        help="EIM shows it beside the API user. It is never logged or shown again here: enter another to replace it.",
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
        help="The address of EIM's API without /v1. Only https, or http on this machine; another host than EIM's "
        "only where an administrator added it to API Hosts under Settings, Extensiv.",
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
    route_proofs = fields.Json(readonly=True, copy=False)
    location_key = fields.Selection(
        [
            ("warehouse", "Its name, as warehouse"),
            ("inventory_warehouse", "Its name, as inventory_warehouse"),
            ("wms_warehouse_id", "Its WMS ID, as wms_warehouse_id"),
            ("wms_warehouse_name", "Its WMS name, as wms_warehouse_name"),
            ("pk", "EIM's ID, as inventory_warehouse_pk"),
        ],
        required=True,
        default="warehouse",
        tracking=True,
        help="How a pushed level names its location. EIM does not publish it: each of these is inferred. Where EIM "
        "lists no WMS ID or name of a location, its name stands for it. A change has everything pushed again.",
    )
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
        "Push Stock",
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
        [
            ("block", "Keep the order in the inbox"),
            ("placeholder", "Import with a placeholder"),
            ("create", "Create the product"),
        ],
        "Unknown SKUs",
        required=True,
        default="block",
        tracking=True,
        help="What becomes of an order whose SKU belongs to no product. With a placeholder it becomes a quotation "
        "on whose lines a person chooses the products. A product that is created is marked to be reviewed.",
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
        [("line", "One line with EIM's tax"), ("odoo", "Odoo's taxes"), ("ignore", "Kept by the marketplace")],
        "Taxes",
        required=True,
        default="line",
        tracking=True,
        help="One line: the tax exactly as the buyer paid it. Odoo's taxes: computed by fiscal position and product "
        "taxes, and compared with EIM's. Kept by the marketplace: it remits the tax, which is left off the order.",
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
    shipping_product_id = _service_product("shipping", "The product of the line that carries the shipping charge.")
    discount_product_id = _service_product(
        "discount", "The product of the line that carries the discount on the whole order."
    )
    tax_product_id = _service_product("tax", "The product of the line that carries the tax as the cart charged it.")
    charge_product_id = _service_product(
        "charge", "The product of the line that carries what a cart charged in no field of EIM's, such as duties."
    )
    acknowledge_batches = fields.Boolean(
        "Acknowledge Many at a Call",
        default=True,
        tracking=True,
        help="Tell EIM of up to 50 received orders in one call, once it has shown on one order that it takes them so. "
        "Off: one call an order.",
    )
    acknowledge_batches_since = fields.Datetime(readonly=True, copy=False)
    import_batch_size = fields.Integer(
        default=50,
        help="How many orders are created and confirmed together. A batch that fails is split.",
    )

    owner_id = fields.Many2one(
        "res.partner",
        "Stock Owner",
        check_company=True,
        tracking=True,
        help="For a warehouse that keeps others' stock (3PL): only what this owner has is pushed, and orders are "
        "delivered from it alone. Empty: the stock of all owners, as Odoo itself counts.",
    )
    buffer_qty = fields.Float(
        "Buffer",
        digits="Product Unit",
        tracking=True,
        help="Kept back of every SKU in every location, in the product's unit. A location and a product may each have "
        "a further buffer of their own.",
    )
    subtract_waiting = fields.Boolean(
        "Subtract Waiting Orders",
        default=True,
        tracking=True,
        help="Orders that were acknowledged to EIM but reserve nothing yet, because they wait in the inbox or are "
        "still quotations, are taken off until they do; on the basis To promise, those of the company's other accounts "
        "as well. Without it the carts could sell their goods once more.",
    )
    push_batch_size = fields.Integer(
        default=50, help="How many levels are pushed in one call. A batch that EIM refuses is split."
    )
    push_again_at = fields.Datetime(readonly=True, copy=False)

    silence_hours = fields.Integer(
        "Silence Alarm",
        default=6,
        tracking=True,
        help="Hours without a good run of a flow that is switched on, after which the responsible person is told. "
        "0: never.",
    )
    daily_mail = fields.Boolean(
        tracking=True,
        help="Send the responsible person a mail each day on which errors are open, orders wait or EIM has alerts.",
    )
    watched_since = fields.Datetime(
        readonly=True, copy=False, help="When the flows were last switched on: silence counts from here at most."
    )
    record_until = fields.Datetime(
        "Recording Until",
        readonly=True,
        copy=False,
        help="Until then the log of calls keeps what was sent and received, with values masked.",
    )

    setup_step = fields.Selection(
        SETUP_STEPS,
        default="connect",
        required=True,
        readonly=True,
        copy=False,
        tracking=True,
        help="Where the guided set-up is. It waits there for as long as you like.",
    )
    setup_reached = fields.Selection(
        SETUP_STEPS,
        "Set-up Came To",
        compute="_compute_setup_reached",
        store=True,
        copy=False,
        help="The furthest step that the guided set-up came to; those before it are finished.",
    )
    live_orders = fields.Boolean(
        "Pull Orders Once Live", default=True, help="Go Live switches on: new orders of the carts become sale orders."
    )
    live_inventory = fields.Boolean(
        "Push Stock Once Live",
        default=True,
        help="Go Live switches on: the stock of the mapped locations is pushed whenever it changes.",
    )
    live_shipments = fields.Boolean(
        "Push Shipments Once Live",
        default=True,
        help="Go Live switches on: carrier, tracking and contents are pushed once a whole order has left.",
    )
    live_checks = fields.Json(readonly=True, copy=False)
    live_checked_at = fields.Datetime("Checked", readonly=True, copy=False)

    canceled_until = fields.Datetime(readonly=True, copy=False)
    list_places = fields.Json(readonly=True, copy=False)
    audit_days = fields.Integer(readonly=True, copy=False)
    audited_at = fields.Datetime("Last Audit", readonly=True, copy=False)
    live_database = fields.Json(readonly=True, copy=False)
    is_known_copy = fields.Boolean(readonly=True, copy=False)
    push_all_first = fields.Boolean(readonly=True, copy=False)
    check_refused_at = fields.Datetime(readonly=True, copy=False)
    alerts_source = fields.Selection(
        [("alerts", "EIM's list of alerts"), ("orders", "Orders in error")],
        readonly=True,
        copy=False,
        help="Where the last run found the alerts. EIM's route for them is not documented; where it does not answer, "
        "the orders that EIM holds in its error state are listed instead.",
    )

    cart_ids = fields.One2many("extensiv.cart", "account_id", "Carts", context={"active_test": False})
    location_ids = fields.One2many("extensiv.location", "account_id", "Locations")

    _credential_unique = models.UniqueIndex(
        "(base_url, api_user, (COALESCE(merchant_pk, ''))) WHERE state != 'draft'",
        "Another account is connected with the same API user. Two would pull the same orders.",
    )
    _webhook_token_unique = models.UniqueIndex("(webhook_token) WHERE webhook_token IS NOT NULL")
    _placeholder_needed = models.Constraint(
        "CHECK(sku_policy != 'placeholder' OR placeholder_product_id IS NOT NULL)",
        "Choose the placeholder product that stands for unknown SKUs.",
    )
    _tax_tolerance_positive = models.Constraint(
        "CHECK(tax_tolerance >= 0)",
        "The tax tolerance cannot be negative.",
    )
    _import_batch_size_positive = models.Constraint(
        "CHECK(import_batch_size BETWEEN 1 AND 1000)",
        "The batch size of the import is a number from 1 to 1000.",
    )
    _push_batch_size_positive = models.Constraint(
        "CHECK(push_batch_size BETWEEN 1 AND 1000)",
        "The batch size of the push is a number from 1 to 1000.",
    )
    _buffer_qty_positive = models.Constraint("CHECK(buffer_qty >= 0)", "The buffer cannot be negative.")
    _silence_hours_positive = models.Constraint(
        "CHECK(silence_hours BETWEEN 0 AND 8760)",
        "The hours of the silence alarm are a number from 0 to 8760, which is a year.",
    )
    # -- defaults, computes, constraints

    @api.model
    def _default_service_product(self, kind):
        return self.env["product.product"]._extensiv_service_products()[kind]

    @api.constrains("base_url", "merchant_pk")
    def _check_can_be_sent(self):
        for account in self:
            try:
                check_base_url(account.base_url)
                check_merchant_pk(account.merchant_pk)
            except ValueError as error:
                raise ValidationError(languages.translated(self.env, error)) from None
            account._check_host()

    @api.constrains("route_overrides")
    def _check_route_overrides(self):
        for account in self:
            account._routes()

    @api.constrains("alerts_url")
    def _check_alerts_url(self):
        for account in self:
            if account.alerts_url and not account.alerts_url.startswith(("https://", "http://")):
                raise ValidationError(self.env._("The address of the alerts page begins with https://."))

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

    # -- create, write, delete

    @api.model_create_multi
    def create(self, vals_list):
        accounts = super().create([self._clean_vals(vals) for vals in vals_list])
        schedule.toggle(self.env)
        return accounts

    def write(self, vals):
        vals = self._clean_vals(vals)
        if vals.get("state") == "connected" or any(vals.get(flow.switch) for flow in SWITCHED.values()):
            vals["watched_since"] = fields.Datetime.now()
        if "company_id" in vals:
            moved = self.filtered(lambda account: account.company_id.id != vals["company_id"])
            moved.sudo().location_ids._check_unmapped()
        reconnecting = self.filtered(lambda account: account._is_other_connection(vals))
        rekeyed = self.filtered(lambda account: account.route_proofs and account._is_changed(vals, CREDENTIALS))
        reassigned = self.filtered(
            lambda account: "responsible_id" in vals and account.responsible_id.id != vals["responsible_id"]
        )
        readdressed = self.filtered(lambda account: account._is_changed(vals, ["location_key"]))
        # At another account of EIM's, locations of the same name are others.
        replaced = self.filtered(lambda account: account._is_changed(vals, ["base_url", "api_user", "merchant_pk"]))
        result = super().write(vals)
        if "company_id" in vals:
            self.check_access("write")  # where it is now: before writing, Odoo asks the rules of where it was
        readdressed.location_ids._begin_anew()
        replaced.location_ids._forget_address()
        replaced._forget_routes()
        if reconnecting and "state" not in vals:
            reconnecting.write(
                {"state": "draft", "state_message": self.env._("The connection's settings changed. Press Connect.")}
            )
        rekeyed.route_proofs = False  # what was proven for another key says nothing of this one
        if SCHEDULE_FIELDS & vals.keys():
            schedule.toggle(self.env, self)
        if STOCK_FIELDS & vals.keys():
            trigger(self.env, "inventory", self)
        if reassigned:
            reassigned.sudo().activity_unlink([ACTIVITY])
            reassigned.sudo()._remind_responsible()
        return result

    def unlink(self):
        result = super().unlink()
        schedule.toggle(self.env)
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
        for name in {*CREDENTIALS, *SECRETS}:
            if isinstance(vals.get(name), str):
                vals[name] = vals[name].strip()
        if vals.get("webhook_key") == "":
            del vals["webhook_key"]  # blanks forget no key: a button does, for EIM's calls are then signed otherwise
        if vals.get("base_url"):
            vals["base_url"] = vals["base_url"].lower().rstrip("/").removesuffix("/v1").rstrip("/")
        return vals

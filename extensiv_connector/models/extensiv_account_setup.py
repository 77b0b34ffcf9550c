from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import format_datetime

from ..eim.parsing import text
from ..flows import SWITCHED, books, by_hand, label_of, lengths, location_proposal, tax_account
from ..flows.deadline import one_deadline
from ..flows.live_check import SAMPLE, LiveCheck
from .extensiv_account import SETUP_STEPS


class ExtensivAccount(models.Model):
    """The guided set-up: four steps that can be left, resumed and undone, and the merchants of a warehouse's key."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # the guided set-up

    live_report = fields.Html("Check Before Going Live", compute="_compute_live_report", sanitize=False)
    unsupported = fields.Text("Not Supported", compute="_compute_unsupported")
    shipping_tax_ids = fields.Many2many(
        "account.tax",
        string="Tax on Shipping",
        compute="_compute_shipping_tax_ids",
        inverse="_inverse_shipping_tax_ids",
        check_company=True,
        domain="[('type_tax_use', '=', 'sale')]",
        help="With Odoo's taxes: those of the shipping charge, before the fiscal position. They are the taxes of the "
        "shipping product in this company.",
    )
    tax_account_id = fields.Many2one(
        "account.account",
        "Account of Collected Tax",
        compute="_compute_tax_account_id",
        inverse="_inverse_tax_account_id",
        check_company=True,
        domain=f"[('account_type', 'in', {tax_account.LIABILITIES})]",
        help="The liability on which the tax that carts collect is booked until you remit it, instead of income: the "
        "account of the tax product in this company. The buyer's fiscal position may map it to another.",
    )

    tax_account_problem = fields.Text(compute="_compute_tax_account_problem")

    def copy_data(self, default=None):
        """Name a copy so: two accounts of one name could not be told apart anywhere."""
        copies = super().copy_data(default)
        if "name" not in (default or {}):
            for account, vals in zip(self, copies, strict=True):
                vals["name"] = self.env._("%s (copy)", text(account.name, lengths.NAME - 20))
        return copies

    # -- computes

    @api.depends("setup_step")
    def _compute_setup_reached(self):
        names = [name for name, _label in SETUP_STEPS]
        for account in self:
            reached = account.setup_reached or names[0]
            step = account.setup_step
            # Closing the guide finishes no step, going live does.
            if step == "done" and not any(account[flow.switch] for flow in SWITCHED.values()):
                step = reached
            account.setup_reached = max(reached, step, key=names.index)

    @api.depends("live_checks")
    def _compute_live_report(self):
        for account in self:
            account.live_report = account.live_checks and self.env["ir.qweb"]._render(
                "extensiv_connector.live_report", {"checks": account.live_checks}
            )

    @api.depends("shipping_product_id.taxes_id", "company_id")
    def _compute_shipping_tax_ids(self):
        for account in self:
            taxes = account.sudo().shipping_product_id.taxes_id
            account.shipping_tax_ids = taxes._filter_taxes_by_company(account.company_id)

    def _inverse_shipping_tax_ids(self):
        """Give the shipping product the taxes; those that it has in other companies stay."""
        for account in self:
            product = account.sudo().shipping_product_id
            others = product.taxes_id - product.taxes_id._filter_taxes_by_company(account.company_id)
            product.taxes_id = others | account.shipping_tax_ids

    @api.depends("tax_product_id.property_account_income_id", "company_id")
    def _compute_tax_account_id(self):
        for account in self:
            account.tax_account_id = tax_account.get_own(account)

    @api.depends("tax_account_id", "tax_policy", "cart_ids.tax_policy", "cart_ids.active")
    def _compute_tax_account_problem(self):
        """Say where collected tax is booked as income, as it was before an account of its own could be chosen."""
        for account in self:
            mark, text = tax_account.check(account) if account.id and account._collects_tax() else ("ok", "")
            account.tax_account_problem = mark == "stop" and text

    def _inverse_tax_account_id(self):
        for account in self:
            tax_account.put_own(account, account.tax_account_id)
        books.wake(self.env)  # for orders that waited for it

    def _collects_tax(self):
        """Whether orders of some cart have the tax as the cart collected it, on a line."""
        self.ensure_one()
        carts = self.cart_ids.filtered("active")
        return "line" in ({cart.tax_policy or self.tax_policy for cart in carts} or {self.tax_policy})

    def _uses_odoo_taxes(self):
        """Whether orders of some cart have Odoo's taxes."""
        self.ensure_one()
        carts = self.cart_ids.filtered("active")
        policies = {cart.tax_policy or self.tax_policy for cart in carts} or {self.tax_policy}
        return "odoo" in policies

    @api.depends("cart_ids.unsupported")
    def _compute_unsupported(self):
        for account in self:
            account.unsupported = (
                "\n".join(dict.fromkeys(cart.unsupported for cart in account.cart_ids if cart.unsupported)) or False
            )

    def _flows_to_run(self):
        """Return the flows that run by schedule, or will once the guide has gone live."""
        self.ensure_one()
        names = {name for name, flow in SWITCHED.items() if self[flow.switch]}
        if self.setup_step != "done":
            names |= {name for name, flow in SWITCHED.items() if self[flow.setup_choice]}
        return names

    # -- the steps

    @api.model
    def _action_after_install(self):
        """Return what opens after *Activate* in Apps: a first account's form, or what Odoo opens when there is no need.

        A URL, so that the web client is loaded anew, with the menus and scripts that it did not have yet. Odoo keeps
        the question open when the addon was installed by command line, and asks it after the next app's installation.
        """
        needed = self.env.user.has_group("extensiv_connector.group_manager") and not self.search_count([], limit=1)
        return {
            "type": "ir.actions.act_url",
            "target": "self",
            "url": "/odoo/action-extensiv_connector.extensiv_account_action/new" if needed else "/odoo",
        }

    @one_deadline
    def action_setup_next(self):
        """Go on to the next step; the last one begins with its check."""
        return self._setup_move(1)

    @one_deadline
    def action_setup_back(self):
        """Go back one step; nothing is lost."""
        return self._setup_move(-1)

    def _setup_move(self, by):
        self.ensure_one()
        self._check_manager()
        names = [name for name, _label in SETUP_STEPS[:-1]]
        step = (
            names[max(0, min(names.index(self.setup_step) + by, len(names) - 1))]
            if self.setup_step in names
            else "live"
        )
        return self._setup_go(step)

    @one_deadline
    def action_setup_goto(self):
        """Go to the step that the pressed button names."""
        self.ensure_one()
        self._check_manager()
        return self._setup_go(self.env.context["setup_step"])

    def _setup_go(self, step):
        if step not in ("connect", "done") and self.state != "connected":
            raise UserError(self.env._("Press Connect first: the other steps need to ask EIM."))
        self.setup_step = step
        if step == "settings":
            tax_account.propose(self)
            location_proposal.propose(self)
        if step == "live":
            self._check_live()
        return True

    def action_setup_close(self):
        """Close the guide; what runs is then switched on and off by hand."""
        self._check_manager()
        self.setup_step = "done"
        return True

    @one_deadline
    def action_setup_resume(self):
        """Open the guide again where it makes sense; what runs goes on running."""
        self.ensure_one()
        self._check_manager()
        self._choose_what_runs()
        return self._setup_go("settings" if self.state == "connected" else "connect")

    @one_deadline
    def action_setup_cart(self):
        """Open the guide where a cart is set up: at *Carts*, or at *Connect* first; what runs goes on running."""
        self.ensure_one()
        self._check_manager()
        self.check_access("write")
        self._choose_what_runs()
        self._setup_go("carts" if self.state == "connected" else "connect")
        return self._get_records_action(name=self.env._("Set up a cart"))

    def _choose_what_runs(self):
        """Let the guide's choices be what runs by now, switched by hand since: Go Live again changes nothing else."""
        running = {flow.setup_choice: self[flow.switch] for flow in SWITCHED.values()}
        if any(running.values()):
            self.write(running)

    @one_deadline
    def action_check_live(self):
        """Make the check again."""
        self.ensure_one()
        self._check_manager()
        self._check_live()
        return True

    def _check_live(self):
        """Make every check and keep the results.

        Asks EIM for the next orders, holding no lock; an unreachable EIM is one of the results.
        """
        self.ensure_one()
        if self.state == "connected" and not self._is_copy():
            with self._asking_eim() as client:
                orders = client.list_orders("new", limit=SAMPLE, from_date=self.import_from or None).items
                if not orders and self.import_from:
                    # None yet since the first Connect: older ones show what the carts sell just as well.
                    orders = client.list_orders("new", limit=SAMPLE).items
        else:
            orders = ()
        tax_account.propose(self)
        self.write({"live_checks": LiveCheck(self, orders).results(), "live_checked_at": fields.Datetime.now()})

    @one_deadline
    def action_go_live(self):
        """Switch on what was chosen; the schedules start at once.

        Where a third or more of EIM's SKUs would become 0, or products wait for a decision whether they are pushed,
        nothing is switched on yet: a window shows them and asks.

        :raise UserError: something stands in the way, see the check; or EIM could not be asked for its stock
        """
        self.ensure_one()
        self._check_before_live()
        if self.live_inventory and self.location_ids.filtered("push_enabled"):
            preview = self.env["extensiv.stock.preview"]._make(self, is_going_live=True)
            if preview._needs_answer():
                return preview._open()
        return self._go_live()

    def _check_before_live(self):
        """Make the check again.

        :raise UserError: something stands in the way
        """
        self._check_manager()
        self._check_live()
        stops = [check["text"] for check in self.live_checks if check["mark"] == "stop"]
        if stops:
            raise UserError("\n".join(stops))

    def _go_live(self):
        self.write(
            {
                **{flow.switch: self[flow.setup_choice] for flow in SWITCHED.values()},
                "setup_step": "done",
            }
        )
        running = [flow for flow in SWITCHED if flow in self._flows_to_run()]
        for flow in running:
            self._plan_flow(flow)
        said = self.env._(
            "The schedules have started: %s. The first runs begin at once, and this page shows how far they are.",
            ", ".join(label_of(self.env, flow) for flow in running),
        )
        if self.pull_orders and self.import_from:
            older = self.env._("Orders from before %s stay at EIM.", format_datetime(self.env, self.import_from))
            said = f"{said} {older}"
        return self._notification(self.env._("Live"), said, links=[by_hand.link_to_runs(self)])

    def action_undo_live(self):
        """Stop the schedules and go back to the step before; settings, carts and orders stay."""
        self.ensure_one()
        self._check_manager()
        self._choose_what_runs()
        self.write({**{flow.switch: False for flow in SWITCHED.values()}, "setup_step": "live"})
        return True

    # -- beside the guide

    def action_import_products(self):
        """Open Odoo's import of products, for instance of the file that *Compare SKUs* gives.

        :raise UserError: Odoo's app for it, which comes with the web client, was uninstalled
        """
        self._check_manager()
        self.check_access("read")
        if "base_import.import" not in self.env:
            raise UserError(self.env._("Odoo's import is not installed: look for base_import in Apps."))
        return self.env["ir.actions.client"]._for_xml_id("extensiv_connector.import_products_action")

    @one_deadline
    def action_sku_report(self):
        """Compare EIM's inventory with the products here."""
        self.ensure_one()
        self._check_manager()
        return self.env["extensiv.sku.report"]._make(self)

    @one_deadline
    def action_create_missing_products(self):
        """Create the products that EIM's SKUs lack here, and say how many."""
        self.ensure_one()
        self._check_manager()
        begun = self._run_watched("action_create_missing_products")
        return begun or self.env["extensiv.sku.report"]._create_missing(self)

    def _same_key(self):
        """Return every account that uses this account's API user, archived ones included."""
        account = self.sudo()
        return account.with_context(active_test=False).search(
            [("base_url", "=", account.base_url), ("api_user", "=", account.api_user)]
        )

    @one_deadline
    def action_list_merchants(self):
        """List the merchants that a warehouse's key may act for."""
        self.ensure_one()
        self._check_manager()
        return self.env["extensiv.merchants"]._make(self)

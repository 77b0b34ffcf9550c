from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..flows import audit, by_hand, label_of, lengths, list_reading, runner, schedule, stepping_back, trigger, watched
from ..flows.deadline import one_deadline
from ..flows.level_warning import LevelWarning
from ..flows.sku_choice import count_known


class ExtensivAccount(models.Model):
    """What starts a flow of an account, and what pushing its stock would change."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # what starts passes

    quantity_basis = fields.Selection(
        [
            ("promise", "To promise: free to use, less what is owed to orders and transfers"),
            ("free", "Free to use: on hand, less what is reserved"),
            ("on_hand", "On hand"),
            ("forecast", "Forecast: on hand, plus incoming, less outgoing"),
        ],
        required=True,
        default="promise",
        tracking=True,
        help="To promise is what the next buyer can be promised: what is on hand, less what is reserved, less what "
        "confirmed orders and transfers need and have not reserved yet. The others are Odoo's own figures. They may "
        "rise when an order is confirmed, because it does not wait any more and reserves nothing yet; To promise never "
        "does.",
    )
    owed_days = fields.Integer(
        "Only What Is Due Within",
        tracking=True,
        help="Days. What leaves later takes nothing off what can be promised until then; goods already reserved for it "
        "stay reserved. 0: everything counts, whenever it is due.",
    )
    compare_stock = fields.Boolean(
        "Compare Every Night",
        default=True,
        tracking=True,
        help="While Push Stock is on, EIM's stock is read every night and compared with what it accepted. What "
        "differs, and no open order of EIM's explains, is told again.",
    )
    compare_message = fields.Char("Last Night", compute="_compute_compare_message")
    push_choice = fields.Selection(
        [
            ("all", "All goods for sale"),
            ("known", "Only SKUs that EIM knows"),
            ("category", "Products of some categories"),
            ("tag", "Products with a tag"),
        ],
        "Which SKUs",
        required=True,
        default="all",
        tracking=True,
        help="Whose stock EIM is told. EIM knows a SKU that it listed, that an order came with, that an alias names or "
        "of which it accepted a level. What is left out is left alone: what EIM holds of it stays, it is not set to 0.",
    )
    push_categ_ids = fields.Many2many(
        "product.category",
        string="Categories",
        tracking=True,
        ondelete="restrict",
        help="Their products and those of the categories below them are pushed.",
    )
    push_tag_ids = fields.Many2many(
        "product.tag",
        string="Tags",
        tracking=True,
        ondelete="restrict",
        help="Products with one of these tags are pushed.",
    )
    known_sku_count = fields.Integer(
        "SKUs EIM Knows",
        compute="_compute_known_sku_count",
        help="Compare SKUs reads EIM's list; orders and accepted levels add to it by themselves.",
    )

    cancel_locked = fields.Boolean(
        "Cancel Locked Orders",
        default=True,
        tracking=True,
        help="Unlock and cancel a locked sale order, too, when the buyer cancelled. Off: a locked order stays as it "
        "is, and a person is told.",
    )
    shipments_per_call = fields.Integer(
        default=50,
        tracking=True,
        help="How many shipped orders EIM is told of in one call while very many wait: up to 50, once it has shown on "
        "one order that it takes and keeps shipments so. 1: one call an order.",
    )

    level_count = fields.Integer("Stock Levels", compute="_compute_level_count")
    stock_warning = fields.Text(compute="_compute_stock_warning")
    level_preview = fields.Html("What Would Change", store=False, readonly=True, sanitize=False)

    _shipments_per_call_possible = models.Constraint(
        "CHECK(shipments_per_call BETWEEN 1 AND 50)", "EIM takes from 1 to 50 shipped orders in one call."
    )
    _owed_days_positive = models.Constraint(
        "CHECK(owed_days BETWEEN 0 AND 3650)",
        "The days within which orders must be due are a number from 0 to 3650, which is ten years.",
    )
    _payload_days_positive = models.Constraint(
        "CHECK(payload_days BETWEEN 0 AND 36500)",
        "The days for which orders are kept as received are a number from 0 to 36500. 0 keeps them for ever.",
    )
    _name_short = models.Constraint(
        "CHECK(char_length(name) <= 100)", "Give the account a shorter name, of at most 100 characters."
    )

    @api.constrains(lengths.find_fields)
    def _check_lengths(self):
        lengths.check(self)

    # -- buttons

    def _check_manager(self):
        if not self.env.su and not self.env.user.has_group("extensiv_connector.group_manager"):
            raise UserError(self.env._("Only an Extensiv manager can do this."))

    @api.model
    def _notification(self, title, message, kind="success", sticky=False, links=()):
        """Return what tells a person what was done.

        :param links: where more is shown of it, below the message: ``[{"url", "label"}]``
        """
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": title,
                "message": "\n".join([message.replace("%", "%%") if links else message, *("%s" for _link in links)]),
                "links": list(links),
                "type": kind,
                "sticky": sticky,
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    @one_deadline
    def action_pull_orders(self):
        """Pull the account's orders now and say what was done."""
        return self._run_watched("action_pull_orders") or self._run_flow("orders")

    @one_deadline
    def action_push_inventory(self):
        """Push what EIM does not know yet, now, and say what was done; what a click has no time for follows."""
        return self._run_watched("action_push_inventory") or self._run_flow("inventory")

    @one_deadline
    def action_push_shipments(self):
        """Tell EIM now of all orders that have left as a whole."""
        return self._run_watched("action_push_shipments") or self._run_flow("shipments")

    @one_deadline
    def action_fetch_alerts(self):
        """Fetch EIM's alerts now."""
        return self._run_flow("alerts")

    @one_deadline
    def action_audit(self):
        """Compare now what EIM believes that it gave us, or that has left, with what is here; 30 days back."""
        self.ensure_one()
        self.check_access("read")
        self.env["extensiv.error"]._check_user()
        if begun := self._run_watched("action_audit"):
            return begun
        self.sudo()._request_audit()
        return self._run_flow("audit")

    def _request_audit(self, days=audit.LONG_DAYS):
        """Have EIM's lists of the last ``days`` compared with what is here, by the next audit."""
        for account in self:
            account.audit_days = max(account.audit_days, days)
            account.list_places = list_reading.without(account.list_places, audit.LIST)
        trigger.trigger(self.env, "audit", self)

    def _is_audit_open(self):
        """Whether a requested audit has not reached its end, or nobody decided yet about what it found."""
        self.ensure_one()
        return bool(
            self.audit_days
            or self.env["extensiv.unknown.order"].search_count(
                [("account_id", "=", self.id), ("state", "in", ("found", "chosen"))], limit=1
            )
        )

    def _run_watched(self, button):
        """Return what has the browser press ``button`` and go on showing the page, with the progress on it.

        Only where the form says that it shows the progress: elsewhere there is nothing to return.
        """
        return watched.begin(self, button) if len(self) == 1 and self.state == "connected" else None

    def _run_flow(self, flow):
        """Run one pass of ``flow`` on each of these accounts for a person, who is told what it did.

        :raise UserError: none of them is connected
        """
        self.check_access("read")
        self.env["extensiv.error"]._check_user()
        connected = self.filtered(lambda account: account.state == "connected")
        if not connected:
            raise UserError(
                self.env._("%s is not connected. Press Connect first.", ", ".join(self.mapped("display_name")))
            )
        stepping_back.clear(connected.sudo())  # a person may know that EIM is there again
        results = {account: by_hand.run_flow(account, flow) for account in connected._healthy_first(flow)}
        kinds = {by_hand.judge(self.env, account, flow, result) for account, result in results.items()}
        kind = next(each for each in ("danger", "warning", "info", "success") if each in kinds)
        said = [
            result.message if len(self) == 1 else f"{account.name}: {result.message}"
            for account, result in results.items()
        ]
        said += [self.env._("%s is not connected. Press Connect first.", account.name) for account in self - connected]
        links = by_hand.find_links(self, flow, results[self]) if len(self) == 1 else ()
        return self._notification(
            label_of(self.env, flow), "\n".join(said), kind, kind == "danger" or bool(links), links
        )

    def _healthy_first(self, flow):
        """Return these accounts, those last whose connection failed in the last pass of ``flow``: EIM may hang."""
        failing = set(
            self.env["extensiv.error"]
            .sudo()
            .search([("account_id", "in", self.ids), ("flow", "=", "connection"), ("state", "=", "open")])
            .filtered(lambda error: error.key == flow and not error.step)
            .account_id.ids
        )
        return self.sorted(lambda account: account.id in failing)

    @one_deadline
    def action_push_everything(self):
        """Push every level again, whatever EIM accepted before."""
        self._check_manager()
        self.ensure_one()
        if self.push_all_first and self.pull_orders and self._is_audit_open():
            raise UserError(
                self.env._(
                    "First it must be known which orders EIM gave to the database before this one: the audit looks for "
                    "them, and finds orders that a person decides about, under Orders Unknown Here. Goods that these "
                    "orders take would be offered again."
                )
            )
        self.write({"push_again_at": fields.Datetime.now(), "push_all_first": False})
        self.env["extensiv.error"].sudo()._resolve(self, "connection", ["inventory"], "levels")
        self.sudo()._remind_responsible()
        return self.action_push_inventory()

    # -- when passes run and who runs them: what an addon with another scheduler than Odoo's overrides

    @api.model
    def _plan_flow(self, flow, seconds=0.0, pause=None):
        """Have a pass of ``flow`` start in ``seconds`` for these accounts; for an empty recordset, for all that run it.

        Accounts whose schedule does not run the flow are left out. Every change, button, pass that goes on and call of
        the webhook comes here, once what it concerns is committed; it must conflict with nobody.

        :param pause: seconds that must have passed since the flow's last start; by default the flow's own
        :return: seconds until the first of these passes, or None where nothing more had to be planned
        """
        return trigger.plan(self.env, flow, self.ids or None, seconds, pause)

    def _start_pass(self, flow, deadline=None, probe=False):
        """Do the pass of ``flow`` on this account that the schedule has found due, or leave it to another process.

        :param deadline: when a pass done here must end, by ``time.monotonic()``
        :param probe: see ``_run_pass``
        :return: the ``runner.Result``; None where another process does the pass, and plans by itself how it goes on
        """
        return self._run_pass(flow, deadline, probe)

    def _run_pass(self, flow, deadline=None, probe=False):
        """Do one pass of ``flow`` on this account, here and now, and record it.

        :param deadline: when it must end, by ``time.monotonic()``; by default after the time of one pass
        :param probe: whether it first finds out if EIM answers at all (``stepping_back.needs_probe``)
        :return: the ``runner.Result``, whose ``resume_in`` says in how many seconds it is to go on, None: by schedule
        """
        self.ensure_one()
        return runner.run_flow(self, flow, deadline, **({"probe": True} if probe else {}))

    @api.model
    def _plan_import(self, seconds=0.0):
        """Have received orders of these accounts imported in ``seconds`` beside the pull, by other processes.

        :param seconds: until then; an empty recordset stands for all accounts
        """
        trigger.trigger_import(self.env, seconds)

    def _import_beside(self, deadline):
        """Import batches of this account's received orders which no other process holds, until ``deadline``.

        Any number of processes may do so at once.

        :param deadline: by ``time.monotonic()``
        :return: seconds until it is to be planned anew, for orders are left; None where none are left to this process
        """
        self.ensure_one()
        return schedule.import_batches(self, deadline)

    # -- schedules

    @api.model
    def _cron_pull_orders(self):
        schedule.run_turn(self.env, "orders")

    @api.model
    def _cron_push_inventory(self):
        schedule.run_turn(self.env, "inventory")

    @api.model
    def _cron_push_shipments(self):
        schedule.run_turn(self.env, "shipments")

    @api.model
    def _cron_fetch_alerts(self):
        schedule.run_turn(self.env, "alerts")

    @api.model
    def _cron_audit(self):
        schedule.run_turn(self.env, "audit")

    @api.model
    def _cron_compare_stock(self):
        schedule.run_turn(self.env, "compare")

    @api.model
    def _cron_import_orders(self):
        """Import received orders beside the pull: a second worker takes what the first does not hold."""
        schedule.import_beside(self.env)

    # -- stock

    @api.constrains("push_choice", "push_categ_ids", "push_tag_ids")
    def _check_choice(self):
        """Refuse a choice of nothing: all of EIM's levels would stay as they are, whatever becomes of the stock."""
        for account in self:
            if account.push_choice == "category" and not account.push_categ_ids:
                raise ValidationError(self.env._("Choose the categories whose products are pushed."))
            if account.push_choice == "tag" and not account.push_tag_ids:
                raise ValidationError(self.env._("Choose the tags of the products that are pushed."))

    @api.depends("push_choice")
    def _compute_known_sku_count(self):
        for account in self:
            account.known_sku_count = count_known(account.sudo()) if account.push_choice == "known" else 0

    def _compute_level_count(self):
        counts = dict(
            self.env["extensiv.stock.level"]._read_group(
                [("location_id.account_id", "in", self.ids)], ["location_id"], ["__count"]
            )
        )
        for account in self:
            account.level_count = sum(count for location, count in counts.items() if location.account_id == account)

    @api.depends(
        "location_ids.push_enabled",
        "location_ids.source",
        "location_ids.stock_location_id",
        "location_ids.stock_location_ids",
        "location_ids.excluded_location_ids",
        "location_ids.read_back_state",
        "quantity_basis",
    )
    def _compute_stock_warning(self):
        for account in self:
            locations = account.location_ids
            account.stock_warning = "\n".join(locations._waiting_warnings() + locations._warnings()) or False

    def _compute_compare_message(self):
        """Say what the last comparison found that came to its end."""
        last = {
            account: compare
            for account, compare in self.env["extensiv.compare"]
            .sudo()
            ._read_group(
                [("account_id", "in", self.ids), ("is_nightly", "=", True), ("state", "=", "read")],
                ["account_id"],
                ["id:max"],
            )
        }
        compares = self.env["extensiv.compare"].sudo().browse(last.values())
        messages = {compare.account_id: compare.message for compare in compares}
        for account in self:
            account.compare_message = messages.get(account)

    def action_open_comparisons(self):
        """Open what the nights found."""
        self.ensure_one()
        return self._get_filtered_action("extensiv_compare")

    def action_compare(self):
        """Open the comparison of EIM's stock with what it accepted."""
        self.ensure_one()
        return self.env["extensiv.compare"]._get_records_action(
            name=self.env._("Compare with EIM"), target="new", context={"default_account_id": self.id}
        )

    @one_deadline
    def action_preview_stock(self):
        """Show EIM's levels beside what would be pushed to every location that is pushed, or mapped at least."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        locations = self.location_ids
        mapped = locations.filtered("push_enabled") or locations.filtered(lambda location: location._is_mapped())
        return self._preview_stock(mapped)

    def _preview_stock(self, locations):
        """Open the preview of ``locations``, pushed or not.

        :raise UserError: nothing is mapped, or EIM could not be asked
        """
        self.ensure_one()
        self.check_access("read")
        if self.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", self.name))
        if not locations:
            raise UserError(
                self.env._("No location of Odoo stands for a location of EIM yet. Map one under Locations.")
            )
        return self.env["extensiv.stock.preview"]._make(self, locations)._open()

    @api.onchange(
        "quantity_basis",
        "owed_days",
        "buffer_qty",
        "owner_id",
        "subtract_waiting",
        "push_choice",
        "push_categ_ids",
        "push_tag_ids",
    )
    def _onchange_stock_settings(self):
        """Warn before a setting changes many levels. EIM is not asked: what it accepted last is what is known."""
        if not self.push_inventory or self.state != "connected":
            return None
        levels = LevelWarning(self)
        warning = levels.of_settings()
        self.level_preview = warning and levels.largest_changes()
        return warning

    @api.onchange("push_inventory")
    def _onchange_push_inventory(self):
        """Say what switching stock on would push, as far as is known without asking EIM."""
        if not self.push_inventory or self._origin.push_inventory or self.state != "connected":
            return None
        levels = LevelWarning(self)
        warning = levels.of_first_push()
        if warning:
            self.level_preview = levels.largest_changes()
        return warning

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..flows import (
    SELECTION,
    audit,
    batch_acknowledging,
    holds,
    relisting,
    retention,
    retrying,
    schedule,
    shipped_elsewhere,
    watched,
)
from ..flows.deadline import one_deadline
from ..flows.error_names import name_key
from ..flows.runner import refresh_snapshot
from ..flows.spreadsheet import quote_export
from ..flows.stock_errors import ZEROS
from ..flows.trigger import trigger

RETRY_MINUTES = (1, 2, 5, 15, 60)
# Flows that are tried again sooner: whether EIM answers again is found out by one short call.
LONGEST_MINUTES = {"connection": 15}
# The field by which people know what errors are about: orders and locations.
NAMES = {"extensiv.order": "order_number", "sale.order": "name", "extensiv.location": "name"}

# Errors about one of these are put right there, not on the thing that failed.
MAPPINGS = ("extensiv.location", "extensiv.ship.method", "extensiv.cart", "delivery.carrier")


class ExtensivError(models.Model):
    """Something between Odoo and EIM that failed, until its cause is gone.

    One open record per account, flow, thing and step.
    """

    _name = "extensiv.error"
    _description = "EIM Error"
    _order = "id desc"
    _rec_name = "concerns"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    flow = fields.Selection(SELECTION, required=True, readonly=True)
    key = fields.Char(
        required=True, readonly=True, help="What the flow knows it by: EIM's reference, location and SKU, or a flow."
    )
    step = fields.Char(
        readonly=True,
        help="What failed of it: acknowledge, batch, cancel, tracking, schedule, silence, hanging. Empty: the thing "
        "itself.",
    )
    concerns = fields.Char(
        compute="_compute_concerns",
        search="_search_concerns",
        help="The order by the number the buyer knows, the location and SKU, or the part of the connection.",
    )
    category = fields.Selection(
        [("data", "Data"), ("settings", "Settings"), ("transient", "Temporary")],
        required=True,
        readonly=True,
        help="Data and settings wait for a person; temporary trouble is tried again by itself.",
    )
    message = fields.Text(required=True, readonly=True)
    attempts = fields.Integer(readonly=True, default=1)
    next_try = fields.Datetime(readonly=True, help="When it is tried again by itself; empty: a person must act.")
    process_id = fields.Char("EIM Process ID", readonly=True, help="What EIM's support asks for.")
    state = fields.Selection(
        [("open", "Open"), ("resolved", "Resolved"), ("dismissed", "Dismissed")],
        default="open",
        required=True,
        readonly=True,
        index=True,
    )
    last_seen = fields.Datetime(readonly=True, default=fields.Datetime.now)
    res_model = fields.Char(readonly=True)
    res_id = fields.Many2oneReference("Document", model_field="res_model", readonly=True)

    fix = fields.Selection(
        [
            ("alias", "Add Alias"),
            ("mapping", "Open the Mapping"),
            ("account", "Open the Account"),
            ("schedule", "Switch the Schedule On"),
            ("import", "Import After All"),
            ("unknown", "Show the Orders"),
            ("elsewhere", "Show the Orders Shipped Elsewhere"),
            ("compare", "What the Nights Found"),
            ("fetch", "Fetch Again"),
            ("open", "Open What Is Wrong"),
            ("product", "Choose Products"),
            ("difference", "Accept the Difference"),
            ("confirm", "Confirm"),
        ],
        "How to Fix",
        compute="_compute_fix",
    )
    remedy = fields.Json(readonly=True, help="Which button helps, and what it opens: fix, model, ids.")
    holds_zeros = fields.Boolean(compute="_compute_holds_zeros")

    _one_open = models.UniqueIndex(
        "(account_id, flow, key, (COALESCE(step, ''))) WHERE state = 'open'",
        "This error is open already.",
    )
    _key_not_empty = models.Constraint("CHECK(key != '')", "An error concerns something.")

    # -- what people see

    @api.depends("key", "res_model", "res_id")
    @api.depends_context("lang")
    def _compute_concerns(self):
        """An order goes by its number; EIM's reference, which is the key, is nothing that a person looks for."""
        names = {}
        for model, errors in self.filtered(lambda error: error.res_model in NAMES).grouped("res_model").items():
            names.update(
                ((model, record.id), record[NAMES[model]])
                for record in self.env[model]
                .sudo()
                .search_fetch([("id", "in", errors.mapped("res_id"))], [NAMES[model]])
            )
        for error in self:
            name = names.get((error.res_model, error.res_id))
            error.concerns = name or name_key(self.env, error.flow, error.key or "")

    def _search_concerns(self, operator, value):
        if operator not in ("ilike", "in"):
            return NotImplemented
        domains = [[("key", operator, value)]]
        for model, name in NAMES.items():
            found = self.env[model].sudo()._search([(name, operator, value)])
            domains.append([("res_model", "=", model), ("res_id", "in", found)])
        return Domain.OR(domains)

    @api.depends("state", "flow", "key", "category", "res_model", "res_id", "remedy")
    @api.depends_context("uid")
    def _compute_fix(self):
        missing = self._get_missing_skus()
        of_held = holds.get_fixes(self)
        for error in self:
            if error.state == "resolved":
                error.fix = False
            elif error in of_held:
                error.fix = of_held[error]
            else:
                # What has the SKU, and cannot be sold, is put right rather than avoided by an alias.
                error.fix = "alias" if missing.get(error) and not error.remedy else error._get_fix()

    def _get_fix(self):
        """Return the key of ``fix``, or False where only the thing itself can be put right."""
        if self.flow == "connection":
            if self.step == "schedule":
                return self.env.user.has_group("extensiv_connector.group_manager") and "schedule"
            return self.category == "settings" and "account"
        if self.flow == "orders" and self.step == relisting.STEP:
            return "import"
        if self.remedy:
            return self.remedy["fix"]
        if self.flow == "audit" and self.key == audit.UNKNOWN_KEY:
            return "unknown"
        if self.step == shipped_elsewhere.STEP and self.key == shipped_elsewhere.ALL_KEY:
            return "elsewhere"
        if self.flow == "compare":
            return "compare"
        if self.flow == "orders" and self.step == batch_acknowledging.STEP:
            return "account"
        # EIM's words for a shipping method that it does not know.
        if self.flow == "shipments" and "ship method" in self.message.lower():
            return "mapping"
        return self.res_model in MAPPINGS and "mapping"

    def _get_missing_skus(self):
        """Return ``{error: SKUs for which an alias would do}``, of orders that wait for their products."""
        errors = self.filtered(lambda error: error.res_model == "extensiv.order")
        skus = {
            order.id: order.missing_skus
            for order in self.env["extensiv.order"].search_fetch(
                [("id", "in", errors.mapped("res_id")), ("state", "=", "failed")], ["missing_skus"]
            )
        }
        return {error: skus[error.res_id] for error in errors if skus.get(error.res_id)}

    @api.depends("flow", "key", "res_model", "state")
    def _compute_holds_zeros(self):
        for error in self:
            error.holds_zeros = (
                error.state != "resolved"
                and error.flow == "inventory"
                and error.res_model == "extensiv.location"
                and (error.key or "").endswith(ZEROS)
            )

    def export_data(self, fields_to_export):
        """Quote what others wrote that begins like a formula."""
        return quote_export(super().export_data(fields_to_export))

    # -- actions

    @one_deadline
    def action_retry(self):
        """Try again what failed, now, and say what came of it."""
        self._check_user()
        if begun := watched.begin(self, "action_retry"):
            return begun
        errors = self.sudo()
        # Of a dismissed one it says that a person takes it up again.
        errors.filtered(lambda error: error.state != "resolved").write({"next_try": fields.Datetime.now()})
        for (account, flow), failed in errors.grouped(lambda error: (error.account_id, error.flow)).items():
            retrying.retry(failed, account, flow)
        refresh_snapshot(self.env)
        errors.account_id._remind_responsible()
        left = errors._open_now()
        said = [
            left.message or errors.concerns
            if len(errors) == 1
            else self.env._("%(done)s of %(all)s solved.", done=len(errors) - len(left), all=len(errors)),
            *retrying.say_late(left),
        ]
        return self.env["extensiv.account"]._notification(
            self.env._("Still failing") if left else self.env._("Solved"),
            "\n".join(said),
            "warning" if left else "success",
        )

    def action_dismiss(self):
        """Take the errors off the list; what failed is left alone until it fails anew or a person retries it."""
        self._check_user()
        errors = self.sudo().filtered(lambda error: error.state == "open")
        errors.write({"state": "dismissed", "next_try": False})
        for (account, flow), dismissed in errors.grouped(lambda error: (error.account_id, error.flow)).items():
            retrying.stop(dismissed, account, flow)
        errors.account_id._remind_responsible()
        return True

    def action_open_document(self):
        """Open what the error is about; for who does not sell, the order of the inbox behind a sale order.

        :raise UserError: when it no longer exists
        """
        self.ensure_one()
        document = self.res_model and self.env[self.res_model].browse(self.res_id).exists()
        if not document:
            raise UserError(self.env._("There is no document to open for this error."))
        if document._name == "sale.order" and not self.env.user.has_group("sales_team.group_sale_salesman"):
            document = document.sudo().extensiv_order_id.sudo(False) or document
        return document._get_records_action()

    @one_deadline
    def action_fix(self):
        """Open where a person puts the cause right, or do so where that is a matter of one click."""
        self.ensure_one()
        self._check_user()
        if not self.fix:
            raise UserError(self.env._("There is no button that fixes this. The message says what to do."))
        fixes = {
            "alias": self._fix_alias,
            "mapping": self._fix_mapping,
            "account": self._fix_account,
            "schedule": self._fix_schedule,
            "import": self._fix_import,
            "unknown": self._fix_unknown,
            "elsewhere": self._fix_elsewhere,
            "compare": self.account_id.action_open_comparisons,
            "fetch": lambda: self._get_order().action_fetch_again(),
            "open": self._fix_open,
            "product": lambda: self._get_order().action_choose_products(),
            "difference": lambda: self._get_order().action_accept_difference(),
            "confirm": self.action_retry,
        }
        return fixes[self.fix]()

    def _fix_alias(self):
        return self.env["extensiv.add.alias"]._get_records_action(
            name=self.env._("Add an Alias"), target="new", context={"default_error_id": self.id}
        )

    def _fix_mapping(self):
        if self.res_model in MAPPINGS and self.res_model != "extensiv.ship.method":
            return self.action_open_document()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_ship_method_action"),
            "context": {"search_default_account_id": self.account_id.id},
        }

    def _fix_account(self):
        return self.account_id._get_records_action()

    def _fix_schedule(self):
        self.account_id._check_manager()
        schedule.switch_on(self.env, self.key)
        self.sudo()._mark_resolved()
        self.account_id.sudo()._remind_responsible()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _fix_unknown(self):
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_unknown_order_action"),
            "context": {"search_default_found": True, "search_default_account_id": self.account_id.id},
        }

    def _fix_elsewhere(self):
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_order_action"),
            "context": {"search_default_shipped_elsewhere": True, "search_default_account_id": self.account_id.id},
        }

    def _fix_import(self):
        return self.env["extensiv.order"].browse(self.res_id).action_import_after_all()

    def _fix_open(self):
        """Open what is to be put right first.

        :raise UserError: it is no more
        """
        records = self.env[self.remedy["model"]].browse(self.remedy["ids"]).exists()
        if not records:
            raise UserError(self.env._("What was wrong is no more. Press Retry."))
        return records._get_records_action(name=self.env._("What Is Wrong"))

    def _get_order(self):
        """Return the order of the inbox that this error is about."""
        return self.env["extensiv.order"].search(
            [("account_id", "=", self.account_id.id), ("cust_ref", "=", self.key)], limit=1
        )

    @one_deadline
    def action_push_zeros(self):
        """Confirm the zeros that wait in the locations of these errors, and push now."""
        self._check_user()
        errors = self.sudo().filtered("holds_zeros")
        if not errors:
            raise UserError(self.env._("No zeros wait here."))
        if off := errors.account_id.filtered(lambda account: account.state != "connected"):
            raise UserError(self.env._("%s is not connected. Press Connect first.", ", ".join(off.mapped("name"))))
        Level = self.env["extensiv.stock.level"].sudo()
        for account, account_errors in errors.grouped("account_id").items():
            waiting = Level.search_fetch(
                [("location_id", "in", account_errors.mapped("res_id")), ("held_at", "!=", False)],
                ["location_id", "sku"],
            )
            Level._confirm_zeros(account, [(level.location_id.id, level.sku) for level in waiting])
        trigger(self.env, "inventory")  # should another pass be at work just now
        notification = errors.account_id.with_env(self.env)._run_flow("inventory")
        errors.account_id._remind_responsible()
        return notification

    def action_show_zeros(self):
        """Open the levels that wait in the location of this error."""
        self.ensure_one()
        self.check_access("read")
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_stock_level_held_action"),
            "domain": [("location_id", "=", self.res_id), ("held_at", "!=", False)],
        }

    def _check_user(self):
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("extensiv_connector.group_user"):
            raise UserError(self.env._("Only an Extensiv user can do this."))

    def _open_now(self):
        """Return the open errors of the same things; one that was dismissed may have failed anew."""
        known = {(error.account_id, error.flow, error.key, error.step) for error in self}
        return self.search(
            [("account_id", "in", self.account_id.ids), ("key", "in", self.mapped("key")), ("state", "=", "open")]
        ).filtered(lambda error: (error.account_id, error.flow, error.key, error.step) in known)

    # -- what flows call

    @api.model
    def _report(self, account, flow, failures, step=False):
        """Record failures, one open error each; a known one counts up and keeps its place.

        Temporary trouble is tried again after 1, 2, 5, 15 and 60 minutes, then hourly; that of the connection at least
        every 15 minutes.

        :param failures: ``{key: {"message", "category"[, "process_id", "document", "next_try", "remedy"]}}``; a
            ``next_try`` where temporary trouble is tried again at a moment of its own; a ``remedy``, plain JSON, where
            a button helps: the key of ``fix``, and the model and ids of what it opens
        :param step: what failed of these things; empty: the things themselves
        :return: the open errors
        """
        if not failures:
            return self.browse()
        now = fields.Datetime.now()
        known = {error.key: error for error in self._open(account, flow, failures, step)}
        vals_list = []
        for key, failure in failures.items():
            attempts = known[key].attempts + 1 if key in known else 1
            document = failure.get("document")
            vals = {
                "message": failure["message"],
                "category": failure["category"],
                "process_id": failure.get("process_id") or False,
                "remedy": failure.get("remedy") or False,
                "attempts": attempts,
                "last_seen": now,
                "next_try": failure["category"] == "transient"
                and failure.get("next_try", now + self._pause(flow, attempts)),
                "res_model": document._name if document else False,
                "res_id": document.id if document else False,
            }
            if key in known:
                known[key].write(vals)
            else:
                vals_list.append({"account_id": account.id, "flow": flow, "key": key, "step": step, **vals})
        return self.union(*known.values(), self.create(vals_list))

    @api.model
    def _pause(self, flow, attempts):
        minutes = RETRY_MINUTES[min(attempts, len(RETRY_MINUTES)) - 1]
        return timedelta(minutes=min(minutes, LONGEST_MINUTES.get(flow, minutes)))

    @api.model
    def _domain(self, account, flow, keys=None, step=False):
        """Return the domain of the errors about a step of some things, or of all."""
        domain = Domain([("account_id", "=", account.id), ("flow", "=", flow), ("step", "=", step)])
        return domain if keys is None else domain & Domain("key", "in", list(keys))

    @api.model
    def _open(self, account, flow, keys=None, step=False):
        """Return the open errors."""
        return self.search(self._domain(account, flow, keys, step) & Domain("state", "=", "open"))

    @api.model
    def _due_keys(self, account, flow, keys=None, step=False):
        """Return the things whose temporary trouble is to be tried again by now."""
        due = Domain([("category", "=", "transient"), ("next_try", "<=", fields.Datetime.now())])
        return self._keys(account, flow, keys, step, due & Domain("state", "=", "open"))

    @api.model
    def _waiting_keys(self, account, flow, keys=None, step=False):
        """Return the things whose temporary trouble is to be left alone for a while."""
        waiting = Domain([("state", "=", "open"), ("next_try", ">", fields.Datetime.now())])
        return self._keys(account, flow, keys, step, waiting)

    @api.model
    def _held_keys(self, account, flow, keys=None, step=False):
        """Return the things with which ``step`` is not tried by itself: dismissed, or failed again not long ago.

        What failed once is tried again by the very next pass.
        """
        waiting = Domain([("state", "=", "open"), ("attempts", ">", 1), ("next_try", ">", fields.Datetime.now())])
        dismissed = Domain([("state", "=", "dismissed"), ("next_try", "=", False)])
        return self._keys(account, flow, keys, step, waiting | dismissed)

    @api.model
    def _keys(self, account, flow, keys, step, domain):
        return set(self.search_fetch(self._domain(account, flow, keys, step) & domain, ["key"]).mapped("key"))

    @api.model
    def _resolve(self, account, flow, keys=None, step=False, states=("open",)):
        """Close the errors whose cause is gone; all of the flow, whatever their step, when ``keys`` is None."""
        domain = Domain([("account_id", "=", account.id), ("flow", "=", flow), ("state", "in", states)])
        if keys is not None:
            domain &= self._domain(account, flow, keys, step)
        self.search(domain)._mark_resolved()

    @api.autovacuum
    def _gc_messages(self):
        """Empty what errors said that were resolved long ago: it may name buyers."""
        limit = 10_000
        emptied = self.env._("Emptied, for it is long over.")
        old = retention.get_oldest(self.env, "messages")
        errors = self.search(
            [("state", "=", "resolved"), ("write_date", "<", old), ("message", "!=", emptied)], limit=limit
        )
        errors.write({"message": emptied, "process_id": False})
        return len(errors), len(errors) == limit

    def _mark_resolved(self):
        self.write({"state": "resolved", "next_try": False})

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..flows import SELECTION
from ..flows.runner import refresh_snapshot

RETRY_MINUTES = (1, 2, 5, 15, 60)
# The field by which people know what errors are about: orders and locations.
NAMES = {"extensiv.order": "order_number", "sale.order": "name", "extensiv.location": "name"}


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
        help="What failed of it: acknowledge, cancel, tracking, schedule, silence. Empty: the thing itself.",
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

    _one_open = models.UniqueIndex(
        "(account_id, flow, key, (COALESCE(step, ''))) WHERE state = 'open'",
        "This error is open already.",
    )
    _key_not_empty = models.Constraint("CHECK(key != '')", "An error concerns something.")

    # -- what people see

    @api.depends("key", "res_model", "res_id")
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
            error.concerns = names.get((error.res_model, error.res_id)) or error.key

    def _search_concerns(self, operator, value):
        if operator not in ("ilike", "in"):
            return NotImplemented
        domains = [[("key", operator, value)]]
        for model, name in NAMES.items():
            found = self.env[model].sudo()._search([(name, operator, value)])
            domains.append([("res_model", "=", model), ("res_id", "in", found)])
        return Domain.OR(domains)

    # -- actions

    def action_retry(self):
        """Try again what failed, now, and say what came of it."""
        self._check_user()
        errors = self.sudo()
        # Of a dismissed one it says that a person takes it up again.
        errors.filtered(lambda error: error.state != "resolved").write({"next_try": fields.Datetime.now()})
        for (account, flow), failed in errors.grouped(lambda error: (error.account_id, error.flow)).items():
            failed._retry(account, flow)
        refresh_snapshot(self.env)
        errors.account_id._remind_responsible()
        left = errors._open_now()
        kind = "warning" if left else "success"
        message = (
            self.env._(
                "%(done)s of %(all)s solved.",
                done=len(errors) - len(left),
                all=len(errors),
            )
            if len(errors) != 1
            else left.message or errors.concerns
        )
        return self.env["extensiv.account"]._notification(
            self.env._("Still failing") if left else self.env._("Solved"), message, kind
        )

    def action_dismiss(self):
        """Take the errors off the list; what failed is left alone until it fails anew or a person retries it."""
        self._check_user()
        errors = self.sudo().filtered(lambda error: error.state == "open")
        errors.write({"state": "dismissed", "next_try": False})
        for (account, flow), dismissed in errors.grouped(lambda error: (error.account_id, error.flow)).items():
            if leave := getattr(dismissed, f"_leave_{flow}", None):
                leave(account)
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
        return {
            "type": "ir.actions.act_window",
            "res_model": document._name,
            "res_id": document.id,
            "views": [(False, "form")],
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

    def _retry(self, account, flow):
        """Have the flow try these again: ``_retry_<flow>`` where only they are tried, else a whole pass."""
        if retry := getattr(self, f"_retry_{flow}", None):
            retry(account)
        elif account.state == "connected":
            account._run_flow(flow)

    # -- what flows call

    @api.model
    def _report(self, account, flow, failures, step=False):
        """Record failures, one open error each; a known one counts up and keeps its place.

        Temporary trouble is tried again after 1, 2, 5, 15 and 60 minutes, then hourly.

        :param failures: ``{key: {"message", "category"[, "process_id", "document"]}}``
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
                "attempts": attempts,
                "last_seen": now,
                "next_try": failure["category"] == "transient" and now + self._pause(attempts),
                "res_model": document._name if document else False,
                "res_id": document.id if document else False,
            }
            if key in known:
                known[key].write(vals)
            else:
                vals_list.append({"account_id": account.id, "flow": flow, "key": key, "step": step, **vals})
        return self.union(*known.values(), self.create(vals_list))

    @api.model
    def _pause(self, attempts):
        return timedelta(minutes=RETRY_MINUTES[min(attempts, len(RETRY_MINUTES)) - 1])

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

    def _mark_resolved(self):
        self.write({"state": "resolved", "next_try": False})

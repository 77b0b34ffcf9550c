from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.release import version as odoo_version
from odoo.tools.misc import format_datetime

from ..eim import errors as eim
from ..eim.routes import CALL_KNOWN, INFERRED, ROUTES, SEEN
from ..flows.masking import make_mask
from ..flows.route_proofs import PROOFS
from ..flows.runner import release_locks

MARKS = [(SEEN, "Seen"), (CALL_KNOWN, "Call known, path inferred"), (INFERRED, "Inferred"), ("proven", "Proven")]
STATES = [("good", "Answered"), ("bad", "Does not answer"), ("note", "Not tried")]


class Tried(NamedTuple):
    """What came of trying a route.

    :param state: a key of ``STATES``
    """

    state: str
    answer: str


class ExtensivDiagnosis(models.TransientModel):
    """The page that settles EIM's contract: every route, what answered, and what was proven."""

    # one kind of question a file; it only adds
    _inherit = "extensiv.diagnosis"  # pylint: disable=consider-merging-classes-inherited

    account_state = fields.Selection(related="account_id.state")
    was_connected = fields.Boolean(compute="_compute_was_connected")
    tried_at = fields.Datetime("EIM Was Asked", readonly=True)
    route_ids = fields.One2many("extensiv.diagnosis.route", "diagnosis_id", "Routes", readonly=True)
    routes_text = fields.Text("Routes as Text", compute="_compute_routes_text")

    @api.depends("account_id.live_database")
    def _compute_was_connected(self):
        for diagnosis in self:
            diagnosis.was_connected = bool(diagnosis.account_id.sudo().live_database)

    # -- actions

    def action_open_routes(self):
        """Show every route of EIM, with what it answered and what was proven."""
        self.ensure_one()
        self._check_reader()
        if not self.route_ids:
            self.sudo()._fill_routes({})
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_diagnosis_routes_action"),
            "res_id": self.id,
        }

    def action_try_routes(self):
        """Try each route that only reads, and show what it answers."""
        self.ensure_one()
        self._check_reader()
        if self.account_id.state != "connected":
            raise UserError(self.env._("%s is not connected. Press Connect first.", self.account_id.name))
        self.account_id._check_is_no_copy()
        release_locks(self.env)
        this = self.sudo().with_company(self.account_id.company_id)
        with this._eim() as client:
            _nothing, error = this._ask(client, lambda asked: asked.check_credentials())
            if error:
                raise UserError(this._not_asked(error).sentence)
            this._lines_routes(client)
        return self.action_open_routes()

    def action_open_account(self):
        """Open the account, where it is connected."""
        self.ensure_one()
        return self.account_id._get_records_action()

    def _check_reader(self):
        """Refuse whoever may not see the account.

        :raise AccessError, UserError: they may not
        """
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        self.account_id.check_access("read")

    # -- what answered

    def _prepare_tried(self, answer, error):
        """Return as ``Tried`` what came of trying a route, as ``_ask`` answers it."""
        if answer is None and error is None:
            return Tried("note", self.env._("Not tried: EIM holds nothing to ask it for"))
        if error is None:
            _path, entries = answer
            words = self.env._("Answered") if entries is None else self.env._("Answered, entries: %s", entries)
            return Tried("good", words)
        if isinstance(error, eim.RateLimited):
            return Tried("note", self.env._("Not tried: EIM's calls are used up for the moment"))
        process = self.env._(", process %s", error.process_id) if error.process_id else ""
        return Tried(
            "bad",
            self.env._(
                "Does not answer: %(words)s (%(kind)s%(process)s)",
                words=error.message,
                kind=type(error).__name__,
                process=process,
            ),
        )

    def _fill_routes(self, tried):
        """List every route anew.

        :param tried: ``{route name: Tried}``; of others the log of calls says what answered last
        """
        now = fields.Datetime.now()
        logged = self._get_logged_answers()
        vals_list = []
        for name in ROUTES:
            vals = {"name": name, **logged.get(name, {})}
            if name in tried:
                vals |= {"answer_state": tried[name].state, "answer": tried[name].answer, "answered_at": now}
            vals_list.append(fields.Command.create(vals))
        self.write({"route_ids": [fields.Command.clear(), *vals_list], "tried_at": bool(tried) and now})

    def _get_logged_answers(self):
        """Return ``{route name: values}`` of the last call of each route in the log of calls."""
        last = self.env["extensiv.call"]._read_group(
            [("account_id", "=", self.account_id.id), ("route", "in", list(ROUTES))], ["route"], ["id:max"]
        )
        found = {}
        for call in self.env["extensiv.call"].browse([call_id for _route, call_id in last]):
            process = self.env._(", process %s", call.process_id) if call.process_id else ""
            words = (
                self.env._("Did not answer: %(kind)s%(process)s", kind=call.error, process=process)
                if call.error
                else self.env._("Answered")
            )
            found[call.route] = {
                "answer_state": "bad" if call.error else "good",
                "answer": words,
                "answered_at": call.date,
            }
        return found

    # -- as text

    @api.depends("route_ids.answer", "account_id.route_proofs", "account_id.route_overrides")
    def _compute_routes_text(self):
        for diagnosis in self:
            diagnosis.routes_text = diagnosis.route_ids and diagnosis._get_routes_text()

    def _get_routes_text(self):
        """Return the page as text for a support request: no order, SKU, person or credential is named."""
        account = self.account_id.sudo()
        lines = [
            self.env._(
                "Routes of EIM, by the Extensiv connector %(version)s, Odoo %(odoo)s, %(now)s UTC",
                version=self._version(),
                odoo=odoo_version,
                now=fields.Datetime.to_string(fields.Datetime.now()),
            ),
            self.env._("A warehouse's key") if account.merchant_pk else self.env._("A merchant's key"),
        ]
        for route in self.route_ids:
            lines += ["", *route._as_text()]
        mask = make_mask({account.api_user, account.api_key, account.merchant_pk})
        return mask("\n".join(lines))


class ExtensivDiagnosisRoute(models.TransientModel):
    """One of EIM's routes: where its path comes from, what answered there, and whether it was proven."""

    _name = "extensiv.diagnosis.route"
    _description = "Route of EIM"
    _order = "id"

    diagnosis_id = fields.Many2one("extensiv.diagnosis", required=True, readonly=True, index=True, ondelete="cascade")
    account_id = fields.Many2one(related="diagnosis_id.account_id")
    name = fields.Char("Route", required=True, readonly=True)
    purpose = fields.Text("What It Is For", compute="_compute_route")
    path = fields.Text(compute="_compute_route", help="Below /v1, with the method.")
    mark = fields.Selection(MARKS, "Known From", compute="_compute_route")
    answer = fields.Text("What Answered", readonly=True)
    answer_state = fields.Selection(STATES, readonly=True)
    answered_at = fields.Datetime("When", readonly=True)
    proof_state = fields.Selection(
        [
            ("proven", "Proven"),
            ("refused", "Refused"),
            ("unclear", "Unclear"),
            ("outdated", "Outdated"),
            ("open", "Not proven yet"),
        ],
        "Proof",
        compute="_compute_proof",
    )
    proof = fields.Text("Result of the Proof", compute="_compute_proof")
    can_prove = fields.Boolean(compute="_compute_proof")

    @api.depends("name", "account_id.route_overrides", "account_id.route_proofs", "account_id.answered_routes")
    def _compute_route(self):
        purposes = self._get_purposes()
        for line in self:
            route = ROUTES[line.name]
            path = line.account_id._get_route_path(line.name)
            line.purpose = purposes.get(line.name, line.name)
            line.path = f"{route.method} {path}" if path else self.env._("%s, no path known", route.method)
            proof = line.account_id._get_route_proof(line.name)
            line.mark = "proven" if proof and proof["result"] == "proven" else route.mark

    @api.model
    def _get_purposes(self):
        """Return in a plain sentence what each route is for."""
        return {
            "check_credentials": self.env._("Ask whether EIM takes the API user and key."),
            "list_carts": self.env._("List the carts set up at EIM."),
            "list_locations": self.env._("List EIM's locations."),
            "list_orders": self.env._("List orders: new ones to pull, canceled ones."),
            "get_order": self.env._("Read one order."),
            "get_order_status": self.env._("Read how far EIM is with one order."),
            "acknowledge": self.env._("Tell EIM that an order is in Odoo."),
            "ship": self.env._("Tell EIM that an order has shipped, with tracking."),
            "cancel_order_in_cart": self.env._("Ask EIM to cancel an order in its cart."),
            "batch_update_order_status": self.env._("Tell EIM at once that many orders are in Odoo."),
            "list_skipped_orders": self.env._("List the orders that EIM skipped."),
            "push_inventory": self.env._("Tell EIM the stock of SKUs."),
            "list_inventory": self.env._("Read EIM's stock, page by page."),
            "get_inventory": self.env._("Read EIM's stock of one SKU."),
            "get_product": self.env._("Read one SKU and its other codes."),
            "list_ship_methods": self.env._("List the shipping methods that EIM knows."),
            "list_cart_ship_methods": self.env._("List the shipping methods of one cart."),
            "list_alerts": self.env._("List EIM's alerts."),
            "dismiss_alerts": self.env._("Take an alert off EIM's list."),
            "list_merchants": self.env._("List the merchants of a warehouse's key."),
        }

    @api.depends("name", "account_id.route_overrides", "account_id.route_proofs", "account_id.answered_routes")
    def _compute_proof(self):
        for line in self:
            account = line.account_id
            proof = account._get_route_proof(line.name)
            known = bool(account._get_route_path(line.name))
            is_provable = line.name in PROOFS and known
            if line.name == "cancel_order_in_cart":
                is_provable = is_provable and account.request_cancel
            line.can_prove = is_provable and account.state == "connected" and account.active
            line.proof_state = proof["result"] if proof else line.name in PROOFS and "open"
            line.proof = line._get_hint(known)
            if proof:
                person = self.env["res.users"].sudo().browse(proof["by"]).exists().name
                line.proof = ", ".join(filter(None, (line._get_proof_text(), person and self.env._("by %s", person))))

    def _get_hint(self, known):
        """Return what is to be done before the route can be proven, or an empty text."""
        if self.name not in PROOFS:
            return False
        if not known:
            return self.env._(
                "Ask EIM's support for its path, and enter it in developer mode, under Advanced, as %s = path.",
                self.name,
            )
        if self.name == "cancel_order_in_cart" and not self.account_id.request_cancel:
            return self.env._("Switch Request Cancellations on first.")
        return False

    def _get_proof_text(self):
        """Return what came of the last proof, and not who did it."""
        proof = self.account_id._get_route_proof(self.name)
        about = {
            "date": self._format(proof["at"]),
            "before": proof["before"],
            "after": proof["after"],
            "answer": proof["answer"],
            "path": proof["path"],
        }
        texts = {
            "proven": self.env._("Proven on %(date)s: %(before)s → %(after)s", **about),
            "refused": self.env._("Refused on %(date)s: %(answer)s", **about),
            "unclear": self.env._("Unclear on %(date)s: %(answer)s (%(before)s → %(after)s)", **about),
            "outdated": self.env._("Tried on %(date)s at %(path)s, which is not called any more", **about),
        }
        parts = [texts[proof["result"]]]
        if proof.get("proven_at") and proof["result"] != "outdated":
            parts.append(self.env._("worked on %s", self._format(proof["proven_at"])))
        if proof["process_id"]:
            parts.append(self.env._("process %s", proof["process_id"]))
        return ", ".join(parts)

    def _format(self, moment):
        return format_datetime(self.env, fields.Datetime.to_datetime(moment), dt_format="short")

    def _as_text(self):
        """Return the lines of the report on this route."""
        self.ensure_one()
        route = ROUTES[self.name]
        proof = self.account_id._get_route_proof(self.name)
        lines = [f"{self.name}: {self.path} ({route.inferred})"]
        if self.answer:
            when = self.answered_at and fields.Datetime.to_string(self.answered_at)
            lines.append(f"    {self.answer} ({when} UTC)")
        if proof:
            lines.append(f"    {self._get_proof_text()}")
        elif self.name in PROOFS:
            lines.append(f"    {self.env._('Not proven')}")
        return lines

    def action_prove(self):
        """Have the route proven with one record that a person chooses.

        :raise UserError: it cannot be
        """
        self.ensure_one()
        self.env["extensiv.account"]._check_manager()
        self.check_access("read")
        self.account_id.check_access("write")
        if not self.can_prove:
            raise UserError(
                self._get_hint(bool(self.account_id._get_route_path(self.name)))
                or self.env._("This route cannot be proven: it only reads, or the account is not connected.")
            )
        return self.env["extensiv.prove"].create({"account_id": self.account_id.id, "route": self.name})._open()

from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.release import version as odoo_version
from odoo.tools.misc import format_datetime

from ..eim import errors as eim
from ..eim.routes import CALL_KNOWN, INFERRED, ROUTES, SEEN
from ..eim.updates import BATCH
from ..flows import batch_acknowledging
from ..flows.account_choice import check_chosen
from ..flows.deadline import one_deadline
from ..flows.languages import translated
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
    process_id: str = ""


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

    @api.depends("account_id")
    def _compute_display_name(self):
        for diagnosis in self:
            diagnosis.display_name = self.env._("EIM's Routes")

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

    @one_deadline
    def action_try_routes(self):
        """Try each route that only reads, and list what it answers."""
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
        check_chosen(self.account_id, Domain.TRUE)
        self.account_id.check_access("read")

    # -- what answered

    def _prepare_tried(self, name, answer, error):
        """Return as ``Tried`` what came of trying the route ``name``, as ``_ask`` answers it."""
        if answer is None and error is None:
            return Tried("note", self.env._("Not tried: EIM holds nothing to ask it for"))
        if error is None:
            path, entries = answer
            words = self.env._("Answered") if entries is None else self.env._("Answered, entries: %s", entries)
            if path != self.account_id._get_route_path(name):  # the next pass that calls it keeps where it answers
                words = self.env._("%(words)s, at %(path)s", words=words, path=path)
            return Tried("good", words)
        if isinstance(error, eim.RateLimited):
            return Tried("note", self.env._("Not tried: EIM's calls are used up for the moment"))
        if isinstance(error, eim.OutOfTime):
            return Tried("note", self.env._("Not tried: there was no time left. Press Ask EIM again"))
        words = self.env._(
            "Does not answer: %(words)s (%(kind)s)", words=translated(self.env, error), kind=type(error).__name__
        )
        return Tried("bad", words, error.process_id or "")

    def _fill_routes(self, tried):
        """List every route anew.

        :param tried: ``{route name: Tried}``; of others the log of calls says what answered last
        """
        now = fields.Datetime.now()
        if tried and not self.account_id.merchant_pk:
            tried["list_merchants"] = Tried("note", self.env._("Not tried: only for a warehouse's key"))
        vals_list = [
            {
                "name": name,
                "tried_at": name in tried and now,
                "tried_state": name in tried and tried[name].state,
                "tried_answer": name in tried and tried[name].answer,
                "tried_process_id": name in tried and tried[name].process_id,
            }
            for name in ROUTES
        ]
        commands = [fields.Command.create(vals) for vals in vals_list]
        self.write({"route_ids": [fields.Command.clear(), *commands], "tried_at": bool(tried) and now})

    # -- as text

    @api.depends("route_ids.tried_answer", "account_id.route_proofs", "account_id.route_overrides")
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
        for route in self.route_ids.filtered(lambda line: line.name in ROUTES):
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
    tried_answer = fields.Text(readonly=True)
    tried_state = fields.Selection(STATES, readonly=True)
    tried_at = fields.Datetime(readonly=True)
    tried_process_id = fields.Char(readonly=True)
    answer = fields.Text(compute="_compute_answer")
    answer_state = fields.Selection(STATES, compute="_compute_answer")
    answered_at = fields.Datetime("When", compute="_compute_answer")
    answered = fields.Text("What Answered", compute="_compute_answer", help="And when: as tried here, or called last.")
    process_id = fields.Char("EIM Process ID", compute="_compute_answer", help="What EIM's support asks for.")
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
        unnamed = self.filtered(lambda line: line.name not in ROUTES)  # of a form that is not filled in yet
        unnamed.update({"purpose": False, "path": False, "mark": False})
        for line in self - unnamed:
            route = ROUTES[line.name]
            path = line.account_id._get_route_path(line.name)
            line.purpose = purposes.get(line.name, line.name)
            line.path = f"{route.method} {path}" if path else self.env._("%s, no path known", route.method)
            proof = line.account_id._get_route_proof(line.name)
            # One order that EIM refuses does not make undone what worked before.
            worked = proof and (
                proof["result"] == "proven" or (proof.get("proven_at") and proof["result"] != "outdated")
            )
            line.mark = "proven" if worked else route.mark

    @api.depends("tried_answer", "tried_state", "tried_at")
    def _compute_answer(self):
        """What was tried on this page says more than the log of calls, but for what was called since."""
        logged = self._get_logged_calls()
        for line in self:
            call = logged.get((line.account_id, line.name))
            if call and (not line.tried_at or call.date > line.tried_at):
                line.answered_at = call.date
                line.answer_state = "bad" if call.error else "good"
                line.answer = (
                    self.env._("Last call failed: %s", call.error) if call.error else self.env._("Last call answered")
                )
                line.process_id = call.process_id
            else:
                line.answered_at = line.tried_at
                line.answer_state = line.tried_state
                line.answer = line.tried_answer
                line.process_id = line.tried_process_id
            moment = line.answered_at and line._write_moment(line.answered_at)
            line.answered = "\n".join(filter(None, (line.answer, moment)))

    def _get_logged_calls(self):
        """Return ``{(account, route name): the last call}`` of these routes in the log of calls."""
        last = self.env["extensiv.call"]._read_group(
            [("account_id", "in", self.account_id.ids), ("route", "in", self.mapped("name"))],
            ["account_id", "route"],
            ["id:max"],
        )
        calls = self.env["extensiv.call"].browse([call_id for _account, _route, call_id in last])
        return {(call.account_id, call.route): call for call in calls}

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
        unnamed = self.filtered(lambda line: line.name not in ROUTES)
        unnamed.update({"can_prove": False, "proof_state": False, "proof": False})
        for line in self - unnamed:
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
                words = (line._get_proof_text(line._write_moment), person and self.env._("by %s", person))
                line.proof = ", ".join(filter(None, words))
                if line.name == BATCH:  # a pass may have left since what was proven
                    line.proof += f"\n{batch_acknowledging.describe(account)}"

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
        if self.name == BATCH:
            return batch_acknowledging.describe(self.account_id)
        return self.env._("Not proven yet")

    def _get_proof_text(self, write_moment):
        """Return what came of the last proof, and not who did it.

        :param write_moment: a function that writes a naive UTC moment
        """
        proof = self.account_id._get_route_proof(self.name)
        about = {
            "date": write_moment(fields.Datetime.to_datetime(proof["at"])),
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
        if not proof.get("proven_at") or proof["result"] == "outdated":
            return texts[proof["result"]]
        worked = self.env._("Worked on %s", write_moment(fields.Datetime.to_datetime(proof["proven_at"])))
        return f"{worked}. {texts[proof['result']]}"

    def _write_moment(self, moment):
        return format_datetime(self.env, moment, dt_format="short")

    def _as_text(self):
        """Return the lines of the report on this route, its moments in UTC."""
        self.ensure_one()

        def write_moment(moment):
            return f"{moment:%Y-%m-%d %H:%M:%S} UTC"

        found = [f"{self.name}: {self.path} ({translated(self.env, ROUTES[self.name].inferred)})"]
        if self.answer:
            process = self.process_id and self.env._("process %s", self.process_id)
            moment = self.answered_at and write_moment(self.answered_at)
            found.append(", ".join(filter(None, (self.answer, moment, process))))
        proof = self.account_id._get_route_proof(self.name)
        if proof:
            process = proof["process_id"] and self.env._("process %s", proof["process_id"])
            found.append(", ".join(filter(None, (self._get_proof_text(write_moment), process))))
        elif self.name == BATCH and self.account_id.acknowledge_batches_since:
            found.append(self.env._("Works since %s", write_moment(self.account_id.acknowledge_batches_since)))
        elif self.name in PROOFS:
            found.append(self.env._("Not proven yet"))
        return [found[0], *(f"    {line}" for line in found[1:])]

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

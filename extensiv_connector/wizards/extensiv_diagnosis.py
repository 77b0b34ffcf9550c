from contextlib import contextmanager
from dataclasses import dataclass

import pytz

from odoo import api, fields, models, release
from odoo.fields import Domain

from ..eim import errors as eim
from ..eim.texts import words_of
from ..flows import label_of, lengths
from ..flows.account_choice import check_chosen, explain_missing, find_only
from ..flows.credential_check import CredentialCheck
from ..flows.deadline import deadline_of, one_deadline
from ..flows.eim_pages import page_url
from ..flows.explanations import advise_certificate, explain_refusal
from ..flows.languages import translated
from ..flows.masking import make_mask
from ..flows.runner import release_locks

PACIFIC = pytz.timezone("America/Los_Angeles")  # what EIM's own screens show
PATIENCE = 10.0  # seconds for an answer: many questions are asked, and one that hangs must not keep the others waiting


@dataclass
class Line:
    """One plain sentence of the diagnosis.

    :param mark: a key of ``_get_marks``; ``look`` is what only EIM's own screens show
    :param todo: what the person does about it
    :param url: where
    """

    mark: str
    sentence: str
    todo: str = ""
    url: str = ""


def masked(lines, words):
    """Return the lines with ``words`` and every mail address masked."""
    hide = make_mask(words)
    return [Line(line.mark, hide(line.sentence), hide(line.todo), line.url) for line in lines]


class ExtensivDiagnosis(models.TransientModel):
    """Say in plain sentences why an order is not here, why a level is wrong, or whether the account is well.

    It only asks: nothing is changed at EIM, in Odoo or in the log of calls.
    """

    _name = "extensiv.diagnosis"
    _description = "EIM Diagnosis"

    account_id = fields.Many2one(
        "extensiv.account",
        default=lambda self: find_only(self.env, Domain.TRUE) or find_only(self.env),
    )
    missing = fields.Char(compute="_compute_missing", help="Why no account can be chosen.")
    order_number = fields.Char(
        "Order", help="The number the buyer knows, the name of the sale order, or EIM's reference."
    )
    sku = fields.Char("SKU", help="Exactly as the carts spell it; capitals matter.")
    result = fields.Html(readonly=True, sanitize=False)
    text = fields.Text("As Text", readonly=True, help="Without credentials and personal data.")

    @api.constrains(lengths.find_fields)
    def _check_lengths(self):
        lengths.check(self)

    @api.depends("account_id")
    def _compute_missing(self):
        for diagnosis in self:
            diagnosis.missing = not diagnosis.account_id and explain_missing(self.env, Domain.TRUE)

    @one_deadline
    def action_diagnose(self):
        """Ask EIM and Odoo, and show what was found."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        check_chosen(self.account_id, Domain.TRUE)
        self.account_id.check_access("read")
        sections = self._diagnose()
        self.result = self.env["ir.qweb"]._render(
            "extensiv_connector.diagnosis", {"sections": sections, "marks": self._get_marks()}
        )
        self.text = self._as_text(sections)
        return self._get_records_action(name=self.env._("Diagnosis"), target="new")

    def _diagnose(self):
        """Return ``[(title, lines)]`` on what was asked for; on the account when nothing was."""
        release_locks(self.env)
        this = self.sudo().with_company(self.account_id.company_id)
        sections = []
        with this._eim() as client:
            if number := (self.order_number or "").strip():
                sections.append((self.env._("Order %s", number), this._diagnose_order(client, number)))
            if sku := (self.sku or "").strip():
                sections.append((self.env._("SKU %s", sku), this._diagnose_sku(client, sku)))
            if not sections:
                sections.append((self.env._("Account %s", self.account_id.name), this._diagnose_account(client)))
        secrets = {this.account_id.api_user, this.account_id.api_key}
        return [(title, masked(lines, secrets)) for title, lines in sections]

    # -- asking EIM

    @contextmanager
    def _eim(self):
        """Give a client whose calls are not logged, or None where EIM must not be asked."""
        account = self.account_id
        if account.state == "draft" or account._is_copy() or not (account.api_user and account.api_key):
            yield None
            return
        deadline = deadline_of(self.env).last_call_at
        with account._eim(deadline, wait=10, log=False, is_strict=True, timeout=PATIENCE) as client:
            yield client

    def _ask(self, client, question):
        """Return ``(answer, error)``, one of them None, of a function that takes the client."""
        if client is None:
            return None, eim.Transient(self.env._("The account is not connected, so EIM was not asked."))
        try:
            return question(client), None
        except eim.EimError as error:
            return None, CredentialCheck(client, self.account_id).judge(error)
        except ValueError as error:
            return None, eim.Refused(words_of(error))

    def _not_asked(self, error):
        """Return the line on an answer that did not come."""
        if self.account_id.state == "draft":
            return Line("bad", translated(self.env, error), self.env._("Press Connect on the account."))
        if isinstance(error, eim.CredentialsRefused):
            return Line(
                "bad",
                self.env._("EIM refuses the API user or key: %s", explain_refusal(self.env, error)),
                self.env._("Enter both again as EIM's WMS set-up page shows them, and press Connect."),
            )
        process = self.env._(" (process %s)", error.process_id) if error.process_id else ""
        return Line(
            "bad",
            self.env._(
                "EIM could not be asked: %(words)s%(process)s", words=translated(self.env, error), process=process
            ),
            advise_certificate(self.env, error) or self.env._("Try again in some minutes."),
        )

    # -- words

    def _get_marks(self):
        """Return ``{mark of a line: what is read for it}``."""
        return {
            "good": self.env._("OK"),
            "bad": self.env._("PROBLEM"),
            "note": self.env._("NOTE"),
            "look": self.env._("LOOK"),
        }

    def _pacific(self, moment):
        """Return a naive UTC moment as EIM's screens show it."""
        local = pytz.utc.localize(moment).astimezone(PACIFIC)
        return self.env._("%s (Pacific)", f"{local:%Y-%m-%d %H:%M} {local.tzname()}")

    def _moment(self, moment):
        """Return a naive UTC moment for people here and for comparing with EIM's screens."""
        local = fields.Datetime.context_timestamp(self, moment)
        return f"{local:%Y-%m-%d %H:%M} {local.tzname()}, {self._pacific(moment)}"

    def _eim_page(self, name):
        """Return the address of one of EIM's pages."""
        return page_url(self.env, name, self.account_id)

    def _look_at_eim(self, *steps):
        """Return lines on what only EIM's own screens show, in the order of looking.

        :param steps: ``(page of EIM's, sentence)``
        """
        return [
            Line("look", f"{number}. {sentence}", url=self._eim_page(page))
            for number, (page, sentence) in enumerate(steps, 1)
        ]

    def _ask_of_run(self, name):
        """Return the steps on a run of a cart, which only EIM's page of the cart shows."""
        return (
            (
                "carts",
                self.env._(
                    "Open Carts and the cart. When was the %(name)s? EIM shows Pacific time, where it is now %(now)s.",
                    name=name,
                    now=self._pacific(fields.Datetime.now()),
                ),
            ),
            ("alerts", self.env._("Was that run successful? If it failed, EIM's alerts say why.")),
        )

    def _open_alerts(self, order_source=None):
        """Return lines on EIM's active alerts about a cart, or all."""
        domain = [("account_id", "=", self.account_id.id), ("state", "=", "active")]
        if order_source:
            domain.append(("order_source", "in", [order_source, False]))
        return [
            Line(
                "bad",
                self.env._(
                    "EIM has an alert about %(cart)s: %(subject)s",
                    cart=alert.order_source or self.env._("the account"),
                    subject=alert.subject or alert.message,
                ),
                self.env._("Mend it at EIM; its page of alerts says more."),
                self._eim_page("alerts"),
            )
            for alert in self.env["extensiv.alert"].search(domain, limit=5)
        ]

    def _open_errors(self, flow, keys):
        """Return lines on our open errors of these things."""
        return [
            Line(
                "bad",
                self.env._("%(flow)s: %(message)s", flow=label_of(self.env, error.flow), message=error.message),
                self.env._("Open Errors, fix it as it says, then press Retry."),
            )
            for error in self.env["extensiv.error"].search(
                [("account_id", "=", self.account_id.id), ("flow", "=", flow), ("state", "=", "open"), *keys], limit=5
            )
        ]

    def _lines_flow(self, name):
        """Return the lines on whether a flow runs by schedule, and how its last pass ended."""
        flow = next(
            (known for known in self.account_id._get_flow_health()[self.account_id] if known["flow"] == name), None
        )
        if flow is None:
            return []
        does = {
            "orders": self.env._("Pulling orders"),
            "inventory": self.env._("Pushing stock"),
            "shipments": self.env._("Pushing shipping information"),
            "alerts": self.env._("Fetching alerts"),
            "audit": self.env._("Comparing orders with EIM"),
            "compare": self.env._("Comparing stock with EIM"),
        }[name]
        if not flow["on"]:
            return [
                Line(
                    "bad",
                    self.env._(
                        "%(does)s does not run by itself: %(reason)s.", does=does, reason=flow["off_reason"].lower()
                    ),
                    self.env._("Switch it on in the account, or press its button there."),
                )
            ]
        last = self.env._("never yet") if not flow["good"] else self._moment(flow["good"].last_at)
        lines = [Line("good", self.env._("%(does)s runs by itself; last good run: %(last)s.", does=does, last=last))]
        if flow["bad"] and (not flow["good"] or flow["bad"].id > flow["good"].id):
            lines.append(Line("bad", self.env._("Its last run had trouble: %s", flow["bad"].message or "")))
        return lines

    # -- the result as text

    def _as_text(self, sections):
        """Return the diagnosis as text for a support request."""
        lines = [
            self.env._(
                "Diagnosis by the Extensiv connector %(version)s, Odoo %(odoo)s, %(now)s UTC",
                version=self._version(),
                odoo=release.version,
                now=fields.Datetime.to_string(fields.Datetime.now()),
            )
        ]
        marks = self._get_marks()
        for title, found in sections:
            lines += ["", f"== {title} =="]
            for line in found:
                lines.append(f"[{marks[line.mark]}] {line.sentence}")
                lines += [f"    -> {line.todo}"] if line.todo else []
        return "\n".join(lines)

    def _version(self):
        return self.env["ir.module.module"].sudo().search([("name", "=", "extensiv_connector")]).installed_version

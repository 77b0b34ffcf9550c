import logging
import secrets
from contextlib import contextmanager, nullcontext
from urllib.parse import urlsplit

from odoo import api, fields, http, models
from odoo.exceptions import UserError, ValidationError

from ..eim import errors as eim
from ..eim.client import EimClient
from ..eim.credentials import is_eim_host, is_loopback
from ..eim.routes import check_override
from ..eim.routing import Routing
from ..eim.updates import BATCH, OrderUpdates
from ..flows import batch_acknowledging, found_at_eim, shipment_batches
from ..flows.call_log import CallLog
from ..flows.credential_check import CredentialCheck
from ..flows.deadline import deadline_of, is_unanswered, one_deadline
from ..flows.explanations import advise_certificate, explain_refusal
from ..flows.hosts import read_hosts
from ..flows.languages import translated
from ..flows.runner import new_deadline, release_locks
from ..flows.webhook import ROUTE as WEBHOOK
from .extensiv_account import API_HOSTS, CREDENTIALS, SECRETS
from .extensiv_bucket import BucketStore

_logger = logging.getLogger(__name__)

# What a list, a search, a filter or an export might do with a field, and must not with a secret.
NO_USE = ("searchable", "sortable", "groupable", "exportable", "aggregator")


class WarehouseKey(UserError):
    """The key is a warehouse's, and no merchant is set; the list of merchants is the way on."""


class ExtensivAccount(models.Model):
    """Connecting to EIM: the credentials, which nobody reads, and what a button asks of it."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # what is asked of EIM

    can_cancel_at_eim = fields.Boolean(compute="_compute_can_cancel_at_eim")
    webhook_enabled = fields.Boolean(
        "Webhook", copy=False, tracking=True, help="Let EIM call Odoo, so that orders are here within seconds."
    )
    webhook_token = fields.Char(
        compute="_compute_webhook_token", store=True, copy=False, groups="extensiv_connector.group_manager"
    )
    webhook_key = fields.Char(
        groups="extensiv_connector.group_manager",
        copy=False,
        help="With what EIM signs its calls. Empty: the API key above. It is never logged or shown again here.",
    )
    has_webhook_key = fields.Boolean(compute="_compute_has_secrets", groups="extensiv_connector.group_manager")
    webhook_url = fields.Char(
        "Webhook Address", compute="_compute_webhook_url", groups="extensiv_connector.group_manager"
    )
    webhook_warning = fields.Text(compute="_compute_webhook_url", groups="extensiv_connector.group_manager")
    webhook_called_at = fields.Datetime(
        "Last Call", compute="_compute_webhook_called_at", help="When EIM's webhook called last, in the last 7 days."
    )
    has_api_key = fields.Boolean(compute="_compute_has_secrets", groups="extensiv_connector.group_manager")

    @api.depends("route_overrides")
    def _compute_can_cancel_at_eim(self):
        for account in self:
            names = {line.partition("=")[0].strip() for line in (account.route_overrides or "").splitlines()}
            account.can_cancel_at_eim = "cancel_order_in_cart" in names

    # -- secrets: written by managers, read by the superuser alone

    @api.depends("api_key", "webhook_key")
    def _compute_has_secrets(self):
        """Say whether there is one: nobody reads it."""
        for account in self:
            account.has_api_key = bool(account.sudo().api_key)
            account.has_webhook_key = bool(account.sudo().webhook_key)

    @api.model
    def _has_field_access(self, field, operation):
        if operation == "read" and field.name in SECRETS and not self.env.su:
            return False
        return super()._has_field_access(field, operation)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        """Let who may write a secret have a field for it in forms, where it is always empty."""
        result = super().fields_get(allfields, attributes)
        for name in SECRETS:
            field = self._fields[name]
            if name in result or (allfields and name not in allfields) or not self._has_field_access(field, "write"):
                continue
            description = field.get_description(self.env, attributes=attributes)
            result[name] = {**description, **{key: False for key in NO_USE if key in description}}
        return result

    @api.readonly
    def read(self, fields=None, load="_classic_read"):
        """Leave the secrets out where everything is asked for; who asks for one is refused."""
        return super().read(fields or self._get_readable(), load=load)

    @api.model
    @api.readonly
    def search_read(self, domain=None, fields=None, offset=0, limit=None, order=None, **read_kwargs):
        """Leave the secrets out as ``read`` does."""
        return super().search_read(domain, fields or self._get_readable(), offset, limit, order, **read_kwargs)

    @api.model
    def _get_readable(self):
        """Return the names of what a person reads where everything is asked for; empty for the superuser: all."""
        return [] if self.env.su else [name for name in self.fields_get(attributes=()) if name not in SECRETS]

    def web_read(self, specification):
        hidden = self._get_hidden(specification)
        asked = {name: spec for name, spec in specification.items() if name not in hidden}
        return [{**values, **hidden} for values in super().web_read(asked)]

    def onchange(self, values, field_names, fields_spec):
        hidden = self._get_hidden({**values, **fields_spec})
        values = {name: value for name, value in values.items() if name not in hidden}
        asked = {name: spec for name, spec in fields_spec.items() if name not in hidden}
        changed = [name for name in field_names if name not in hidden]
        if field_names and not changed:
            return {"value": {}}  # without a changed field, Odoo would take the form for a new one
        result = super().onchange(values, changed, asked)
        if not field_names:
            result["value"].update(hidden)
        return result

    @api.model
    def _get_hidden(self, asked):
        """Return what a form sees of the secrets among the fields ``asked``: ``{name: False}``.

        Who may not write them is refused by Odoo.
        """
        return {
            name: False
            for name in SECRETS
            if name in asked and not self.env.su and self._has_field_access(self._fields[name], "write")
        }

    def _check_host(self):
        """Refuse an address where the credentials have no business.

        :raise ValidationError: it is neither EIM's, nor this machine, nor named by an administrator
        """
        host = urlsplit(self.base_url).hostname or ""
        named = read_hosts(self.env["ir.config_parameter"].sudo().get_param(API_HOSTS))
        if not (is_eim_host(host) or is_loopback(host) or host in named):
            raise ValidationError(
                self.env._(
                    "%(host)s is no host of EIM's, so it is not sent the API key. If it is to be, have an "
                    "administrator add it to API Hosts under Settings, Extensiv.",
                    host=host,
                )
            )

    # -- routes

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
                    self.env._(
                        "“%(line)s” is not of the form name = path: %(reason)s",
                        line=line,
                        reason=translated(self.env, error),
                    )
                ) from None
        return routes

    def _remember_routes(self, learned):
        """Keep which paths answered, beside what another pass kept meanwhile.

        :param learned: of an ``EimClient``: ``{route name: path}``, None for one that answers no more
        """
        kept = self.answered_routes or {}
        routes = {name: path for name, path in {**kept, **learned}.items() if path}
        if routes == kept:
            return
        vals = {"answered_routes": routes}
        if kept.get(BATCH) != routes.get(BATCH):
            vals["acknowledge_batches_since"] = BATCH in routes and fields.Datetime.now()
        self.write(vals)

    def _forget_routes(self):
        """Forget which paths answered, and what EIM said of many orders at a call: another account tells for itself."""
        for account in self:
            if account.answered_routes:
                account.write({"answered_routes": False, "acknowledge_batches_since": False})
            (batch_acknowledging.find_errors(account) | shipment_batches.find_errors(account))._mark_resolved()

    def _is_other_connection(self, vals):
        """Whether ``vals`` change the credentials of an account that is not in draft."""
        return self.state != "draft" and self._is_changed(vals, CREDENTIALS)

    def _is_changed(self, vals, names):
        """Whether ``vals`` change a text field of ``names``."""
        return any(name in vals and (vals[name] or "") != (self.sudo()[name] or "") for name in names)

    def _get_route_path(self, name):
        """Return the path that a route is called at: entered by a person, else remembered, else the likeliest."""
        return OrderUpdates(Routing(None, self._routes(), self.answered_routes), None).current(name)

    def _get_route_proof(self, name):
        """Return what is kept of the last proof of a route, as ``flows.route_proof`` writes it.

        ``result`` is ``outdated`` where the route is called at another path by now.
        """
        proof = (self.route_proofs or {}).get(name)
        if proof and proof["path"] != self._get_route_path(name):
            return {**proof, "result": "outdated"}
        return proof

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

    # -- EIM's webhook

    @api.depends("webhook_enabled")
    def _compute_webhook_token(self):
        """Make an address when the webhook is switched on; it stays the same from then on."""
        for account in self:
            token = account._origin.webhook_token
            is_stored = account._origin == account
            account.webhook_token = token or (account.webhook_enabled and is_stored and secrets.token_urlsafe(32))

    @api.depends("webhook_enabled", "webhook_token", "pull_orders")
    def _compute_webhook_url(self):
        for account in self:
            base = account.get_base_url()
            token = account._origin.webhook_token
            shown = account.webhook_enabled and token
            account.webhook_url = shown and f"{base}/extensiv/webhook/{token}"
            account.webhook_warning = shown and account._get_webhook_warning(base)

    def _get_webhook_warning(self, base):
        """Return why calls under the address ``base`` would come to nothing, or False."""
        # As Odoo itself finds the database of a request that has no session.
        if http.db_list(force=True, host=urlsplit(base).netloc) != [self.env.cr.dbname]:
            return self.env._(
                "Calls to this address do not arrive: Odoo's server has several databases, and the host name %(host)s "
                "does not select this one. Whoever runs the server sets its dbfilter, so that it does.",
                host=urlsplit(base).netloc,
            )
        if not self.pull_orders:
            return self.env._("Calls come to nothing while Pull Orders is off.")
        return False

    def _compute_webhook_called_at(self):
        calls = self.env["extensiv.call"].sudo()
        last = dict(
            calls._read_group([("account_id", "in", self.ids), ("route", "=", WEBHOOK)], ["account_id"], ["date:max"])
        )
        for account in self:
            account.webhook_called_at = last.get(account._origin)

    @api.model
    def _of_webhook(self, token):
        """Return the account that listens under ``token``, and the key that signs, or ``(empty, "")``."""
        account = self.sudo().search_fetch(
            [("webhook_token", "=", token), ("webhook_enabled", "=", True), ("state", "=", "connected")],
            ["webhook_key", "api_key"],
            limit=1,
        )
        return account, account.webhook_key or account.api_key or ""

    def action_forget_webhook_key(self):
        """Have EIM's calls signed with the API key from now on."""
        self._check_manager()
        self.check_access("write")
        self.sudo().webhook_key = False

    def action_renew_webhook(self):
        """Give the webhook another address: what knows the present one reaches nothing any more."""
        self._check_manager()
        self.check_access("write")
        for account in self.filtered("webhook_enabled"):
            account.webhook_token = secrets.token_urlsafe(32)
            account._message_log(body=self.env._("The webhook has a new address, made by %s.", self.env.user.name))

    @one_deadline
    def action_connect(self):
        """Check the credentials against EIM, then fetch carts and locations.

        A warehouse's key without a merchant leads to the list of its merchants.

        :raise UserError: with EIM's own words when it refuses; the account stays as it was
        """
        try:
            problems = self._connect()
        except WarehouseKey:
            result = self.env["extensiv.merchants"]._make(self)
        else:
            result = self._notify_asked(
                self.env._("Connected"),
                self.env._(
                    "Found at EIM: carts: %(carts)s, locations: %(locations)s.",
                    carts=len(self.cart_ids),
                    locations=len(self.location_ids),
                ),
                problems,
            )
        self.filtered(
            lambda account: account.state == "connected" and account.setup_step == "connect"
        ).setup_step = "carts"
        return result

    def _connect(self):
        """Connect these accounts, see ``action_connect``; return sentences on those that could not be."""
        self._check_manager()

        def ask(client, _account):
            client.check_credentials()
            return client.list_carts(), client.list_locations(), client.learned

        answers, problems = self._ask_each(ask, connecting=True)
        for account, (carts, locations, learned) in answers.items():
            account.sudo().write(
                {
                    "state": "connected",
                    "state_message": False,
                    "check_refused_at": False,
                    "import_from": account.import_from or fields.Datetime.now(),
                }
            )
            account.sudo()._remember_routes(learned)
            account.sudo()._request_audit()
            account.cart_ids._sync_from_eim(account, carts)
            account.location_ids._sync_from_eim(account, locations)
            self.env["extensiv.error"].sudo()._resolve(account, "connection")
            account._take_over()
            account.sudo()._remind_responsible()
        return problems

    def action_disconnect(self):
        """Stop all flows of the account until the next Connect; nothing is forgotten."""
        self._check_manager()
        self.write({"state": "draft", "state_message": self.env._("Disconnected by %s.", self.env.user.name)})

    @one_deadline
    def action_check_carts(self):
        """Fetch the carts that are set up at EIM; known ones keep their settings."""
        self._check_manager()
        answers, problems = self._ask_each(lambda client, _account: client.list_carts())
        new = [
            cart.name for account, carts in answers.items() for cart in account.cart_ids._sync_from_eim(account, carts)
        ]
        return self._notify_asked(self.env._("Carts"), found_at_eim.say_carts(self.env, answers, new), problems)

    @one_deadline
    def action_fetch_locations(self):
        """Fetch EIM's locations; known ones keep their mapping."""
        self._check_manager()
        answers, problems = self._ask_each(lambda client, _account: client.list_locations())
        new = self.env["extensiv.location"].union(
            *(account.location_ids._sync_from_eim(account, listed) for account, listed in answers.items())
        )
        message = found_at_eim.say_locations(self.env, answers, new)
        return self._notify_asked(self.env._("Locations"), message, problems)

    def _ask_each(self, question, connecting=False):
        """Ask EIM something for each of these accounts, as far as the request has time.

        :param question: a function of an ``EimClient`` and the account
        :return: ``{account: answer}``, and a sentence on each account for which EIM was not asked or did not answer
        :raise UserError: there is no answer at all; of one account alone as ``_asking_eim`` raises it
        """
        answers = {}
        problems = []
        for account in self:
            try:
                with account._asking_eim(connecting) as client:
                    answers[account] = question(client, account)
            except UserError as error:
                if len(self) == 1:
                    raise
                problems.append(f"{account.name}: {error}")
        if problems and not answers:
            raise UserError("\n".join(problems))
        return answers, problems

    @api.model
    def _notify_asked(self, title, message, problems):
        """Return the notification of what EIM answered, and of the accounts for which it did not."""
        if not problems:
            return self._notification(title, message)
        again = self.env._("Press the button again for these.")
        return self._notification(title, "\n".join([message, *problems, again]), "warning", sticky=True)

    # -- asking EIM

    @contextmanager
    def _eim(self, deadline=None, wait=5.0, log=True, is_strict=False, timeout=30.0):
        """Give an ``EimClient`` that shares this credential's allowance with every other process.

        :param deadline: when it stops asking, by ``time.monotonic()``; by default after the time of one pass
        :param wait: seconds it sleeps for a token before it raises ``RateLimited``
        :param log: whether its calls go into the log of calls
        :param is_strict: whether it asks nothing more after ``deadline``, whoever tries
        :param timeout: seconds for an answer to be complete
        """
        with CallLog(self) if log else nullcontext() as calls:
            client = self._client(max_wait=wait, on_call=calls, timeout=timeout)
            client.end_by(deadline or new_deadline(), is_strict)
            yield client

    def _client(self, max_wait=5.0, on_call=None, transport=None, timeout=30.0):
        """Return an ``EimClient`` that shares this credential's allowance with every other process.

        :param max_wait: seconds it sleeps for a token before it raises ``RateLimited``
        :param on_call: what is told of each call, a ``CallLog``
        :param transport: a ``Preview`` where nothing is to be sent
        :param timeout: seconds for an answer to be complete
        """
        self.ensure_one()
        self.check_access("read")
        account = self.sudo()
        if not account.api_user or not account.api_key:
            raise UserError(self.env._("Enter the API user and the API key first."))
        return EimClient(
            account.base_url,
            account.api_user,
            account.api_key,
            merchant_pk=account.merchant_pk or "",
            tokens=BucketStore(self.env.registry, account.base_url, account.api_user),
            overrides=account._routes(),
            known_paths=account.answered_routes,
            max_wait=max_wait,
            on_call=on_call,
            record=bool(on_call) and account._is_recording(),
            transport=transport,
            timeout=timeout,
        )

    @contextmanager
    def _asking_eim(self, connecting=False):
        """Give a client for a button, which asks as long as the request has time (``flows.deadline``).

        EIM's refusals become ``UserError`` in EIM's words. Where it does not answer, it is not asked for a further
        record of this account in this request.

        :raise UserError: also in a copy of the database that was connected, but for Connect, which takes over
        """
        if not connecting:
            self._check_is_no_copy()
        deadline = deadline_of(self.env)
        if not deadline.has_time(self):
            raise UserError(deadline.explain(self))
        release_locks(self.env)
        try:
            with self._eim(deadline.last_call_at, wait=20.0, is_strict=True) as client:
                try:
                    yield client
                except eim.EimError as error:
                    _logger.info("EIM account %s: %s (process %s)", self.id, type(error).__name__, error.process_id)
                    raise CredentialCheck(client, self).judge(error) from None
        except eim.EimError as error:
            if is_unanswered(error):
                deadline.leave(self, translated(self.env, error))
            raise self._get_user_error(error) from None

    def _get_user_error(self, error):
        """Return what a person is told of an ``EimError``."""
        if isinstance(error, eim.CredentialsRefused):
            kind = WarehouseKey if error.cause == "merchant" else UserError
            return kind(self.env._("EIM refused: %s", explain_refusal(self.env, error)))
        if isinstance(error, eim.Refused):
            return UserError(self.env._("EIM refused: %s", translated(self.env, error)))
        if isinstance(error, eim.OutOfTime):
            return UserError(deadline_of(self.env).explain(self))
        host = urlsplit(self.base_url).hostname
        advice = advise_certificate(self.env, error)
        reason = " ".join(filter(None, [translated(self.env, error), advice]))
        return UserError(self.env._("%(host)s could not be asked: %(reason)s", host=host, reason=reason))

import logging
from contextlib import contextmanager, nullcontext
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..eim import errors as eim
from ..eim.client import EimClient
from ..eim.routes import check_override
from ..flows.call_log import CallLog
from ..flows.credential_check import CredentialCheck
from ..flows.database_identity import explain_differences, find_differences, read_identity
from ..flows.explanations import advise_certificate, explain_refusal
from ..flows.runner import new_deadline, release_locks
from .extensiv_account import CREDENTIALS, WHICH_DATABASE
from .extensiv_bucket import BucketStore

_logger = logging.getLogger(__name__)


class WarehouseKey(UserError):
    """The key is a warehouse's, and no merchant is set; the list of merchants is the way on."""


class ExtensivAccount(models.Model):
    """Connecting to EIM, what a button asks of it, and who must not ask: a copy of the database."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # what is asked of EIM

    can_cancel_at_eim = fields.Boolean(compute="_compute_can_cancel_at_eim")
    other_database = fields.Text(compute="_compute_other_database")

    @api.depends("route_overrides")
    def _compute_can_cancel_at_eim(self):
        for account in self:
            names = {line.partition("=")[0].strip() for line in (account.route_overrides or "").splitlines()}
            account.can_cancel_at_eim = "cancel_order_in_cart" in names

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

    def _is_other_connection(self, vals):
        """Whether ``vals`` change the credentials of an account that is not in draft."""
        return self.state != "draft" and any(
            name in vals and (vals[name] or "") != (self.sudo()[name] or "") for name in CREDENTIALS
        )

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

    def action_connect(self):
        """Check the credentials against EIM, then fetch carts and locations.

        A warehouse's key without a merchant leads to the list of its merchants.

        :raise UserError: with EIM's own words when it refuses; the account stays as it was
        """
        try:
            self._connect()
        except WarehouseKey:
            if len(self) > 1:
                raise
            result = self.env["extensiv.merchants"]._make(self)
        else:
            result = self._notification(
                self.env._("Connected"),
                self.env._(
                    "%(carts)s carts and %(locations)s locations found.",
                    carts=len(self.cart_ids),
                    locations=len(self.location_ids),
                ),
            )
        self.filtered(
            lambda account: account.state == "connected" and account.setup_step == "connect"
        ).setup_step = "carts"
        return result

    def _connect(self):
        """Connect these accounts, see ``action_connect``."""
        self._check_manager()
        for account in self:
            with account._asking_eim(connecting=True) as client:
                client.check_credentials()
                carts = client.list_carts()
                locations = client.list_locations()
            account.sudo().write(
                {
                    "state": "connected",
                    "state_message": False,
                    "check_refused_at": False,
                    "import_from": account.import_from or fields.Datetime.now(),
                    "answered_routes": client.answered,
                }
            )
            account.cart_ids._sync_from_eim(account, carts)
            account.location_ids._sync_from_eim(account, locations)
            self.env["extensiv.error"].sudo()._resolve(account, "connection")
            account._take_over()
            account.sudo()._remind_responsible()

    def action_disconnect(self):
        """Stop all flows of the account until the next Connect; nothing is forgotten."""
        self._check_manager()
        self.write({"state": "draft", "state_message": self.env._("Disconnected by %s.", self.env.user.name)})

    def action_check_carts(self):
        """Fetch the carts that are set up at EIM; known ones keep their settings."""
        self._check_manager()
        for account in self:
            with account._asking_eim() as client:
                carts = client.list_carts()
            new = account.cart_ids._sync_from_eim(account, carts)
        return self._notification(
            self.env._("Carts"),
            self.env._("%(found)s carts at EIM, %(new)s of them new.", found=len(carts), new=len(new)),
        )

    def action_fetch_locations(self):
        """Fetch EIM's locations; known ones keep their mapping."""
        self._check_manager()
        for account in self:
            with account._asking_eim() as client:
                locations = client.list_locations()
            new = account.location_ids._sync_from_eim(account, locations)
        return self._notification(
            self.env._("Locations"),
            self.env._("%(found)s locations at EIM, %(new)s of them new.", found=len(locations), new=len(new)),
        )

    # -- asking EIM

    @contextmanager
    def _eim(self, deadline=None, wait=5.0, log=True):
        """Give an ``EimClient`` that shares this credential's allowance with every other process.

        :param deadline: when it stops asking, by ``time.monotonic()``; by default after the time of one pass
        :param wait: seconds it sleeps for a token before it raises ``RateLimited``
        :param log: whether its calls go into the log of calls
        """
        with CallLog(self) if log else nullcontext() as calls:
            client = self._client(max_wait=wait, on_call=calls)
            client.end_by(deadline or new_deadline())
            yield client

    def _client(self, max_wait=5.0, on_call=None):
        """Return an ``EimClient`` that shares this credential's allowance with every other process.

        :param max_wait: seconds it sleeps for a token before it raises ``RateLimited``
        :param on_call: what is told of each call, a ``CallLog``
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
        )

    @contextmanager
    def _asking_eim(self, connecting=False):
        """Give a client for a button; EIM's refusals become ``UserError`` in EIM's words.

        :raise UserError: in a copy of the database that was connected, but for Connect, which takes over
        """
        if self._is_copy() and not connecting:
            raise UserError(self._message_copy())
        release_locks(self.env)
        try:
            with self._eim(wait=20.0) as client:
                try:
                    yield client
                except eim.EimError as error:
                    _logger.info("EIM account %s: %s (process %s)", self.id, type(error).__name__, error.process_id)
                    raise CredentialCheck(client, self).judge(error) from None
        except eim.EimError as error:
            raise self._get_user_error(error) from None

    def _get_user_error(self, error):
        """Return what a person is told of an ``EimError``."""
        if isinstance(error, eim.CredentialsRefused):
            kind = WarehouseKey if error.cause == "merchant" else UserError
            return kind(self.env._("EIM refused: %s", explain_refusal(self.env, error)))
        if isinstance(error, eim.Refused):
            return UserError(self.env._("EIM refused: %s", error.message))
        host = urlsplit(self.base_url).hostname
        advice = advise_certificate(self.env, error)
        reason = " ".join(filter(None, [error.message, advice]))
        return UserError(self.env._("%(host)s could not be asked: %(reason)s", host=host, reason=reason))

    # -- copies of the database

    @api.depends("live_database", "is_known_copy", "state")
    def _compute_other_database(self):
        """Ask what this database is, until a manager has said so."""
        this = self._this_database()
        for account in self:
            asked = account.sudo().live_database and not account.is_known_copy
            differs = asked and find_differences(account.sudo().live_database, this)
            account.other_database = account._message_other_database(this) if differs else False

    @api.model
    def _this_database(self):
        """Return the identity of this database, see ``flows.database_identity``."""
        return read_identity(self.env)

    def _is_copy(self):
        """Whether the account went live in another database than this one."""
        known = self.sudo().live_database
        return bool(known) and bool(find_differences(known, self._this_database()))

    def _message_copy(self):
        if self.is_known_copy:
            return self.env._(
                "This database is a copy of the one that was connected, so EIM is not asked. Press Connect only if "
                "this one is to take over."
            )
        return self.env._(
            "This database looks like a copy of the one that was connected, or like a restored backup, so EIM is not "
            "asked. A manager says which on the account: This Is a Copy, or This One Goes On."
        )

    def _message_other_database(self, this):
        """Return what a person is told of a database that is not the one that was connected.

        :param this: the identity of this one
        """
        return self.env._(
            "This is not the database that was connected: %(differences)s. So nothing is pulled or pushed. Is it a "
            "copy, for tests for example? Press This Is a Copy: it then stays silent. Was a backup restored, or did "
            "Odoo move to another server? Press This One Goes On, and make sure that the other one does not.",
            differences=explain_differences(self.env, self.sudo().live_database, this),
        )

    def _recognise_database(self):
        """Return whether this is the database in which the account went live; in another one it stops, and says so.

        What was not known of the database yet is noted.
        """
        account = self.sudo()
        this = self._this_database()
        known = account.live_database or {}
        if find_differences(known, this):
            self._stop_in_other_database(this)
            return False
        if this.keys() - known.keys():
            account.live_database = {**this, **known}
        return True

    def _stop_in_other_database(self, this):
        """Stop until a manager says what this database is, and ask for it: once, by activity and by mail."""
        if self.state == "draft":
            return  # the pass of another flow was quicker
        message = self._message_other_database(this)
        self.write({"state": "draft", "state_message": message, "is_known_copy": False})
        template = self.env.ref("extensiv_connector.mail_template_other_database", raise_if_not_found=False)
        for person in self._get_people_to_ask():
            to_person = self.with_context(lang=person.lang)
            # Odoo's own mail about an activity would be a second one.
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                WHICH_DATABASE,
                user_id=person.id,
                summary=to_person.env._("A copy, or a restored backup?"),
                note=to_person._message_other_database(this),
            )
            if template and person.email:
                template.with_context(lang=person.lang).send_mail(
                    self.id, email_values={"recipient_ids": person.partner_id.ids}
                )

    def _get_people_to_ask(self):
        """Return the responsible person, or where there is none, the managers of the account's company."""
        managers = self.env["res.users"].search(
            [
                ("all_group_ids", "in", self.env.ref("extensiv_connector.group_manager").ids),
                ("company_ids", "in", self.company_id.ids),
                ("share", "=", False),
            ]
        )
        return self._get_notified_user() or managers

    def action_is_copy(self):
        """Say that this database is a copy: it stays silent, and asks no more."""
        self._check_manager()
        self._check_other_database()
        self.write(
            {
                "state": "draft",
                "is_known_copy": True,
                "state_message": self.env._(
                    "%(user)s said that this database is a copy. Nothing is pulled or pushed.", user=self.env.user.name
                ),
            }
        )
        self.sudo().activity_unlink([WHICH_DATABASE])
        return True

    def action_goes_on(self):
        """Say that this database goes on in place of the one that was connected: a backup was restored, or it moved."""
        self._check_manager()
        self._check_other_database()
        return self.action_connect()

    def _check_other_database(self):
        """
        :raise UserError: an account went live in this very database
        """
        for account in self:
            account.check_access("write")
            if not account._is_copy():
                raise UserError(self.env._("%s was connected in this very database.", account.name))

    def _take_over(self):
        """Let this database be the one in which the account is live."""
        account = self.sudo()
        was_other = self._is_copy()
        account.write({"live_database": self._this_database(), "is_known_copy": False})
        account.activity_unlink([WHICH_DATABASE])
        if was_other:
            account._after_taking_over()
        if account.push_all_first:
            account._report_push_all_first()

    def _after_taking_over(self):
        """Begin to find out what the database that went on before this one did since.

        Its stock levels are newer than what is known here: none is pushed until a person presses Push All.
        """
        self.push_all_first = True
        self._message_log(body=self.env._("%s lets this database go on.", self.env.user.name))

    def _report_push_all_first(self):
        failure = {"message": self._message_push_all_first(), "category": "settings", "document": self}
        self.env["extensiv.error"]._report(self, "connection", {"inventory": failure}, "levels")

    def _message_push_all_first(self):
        return self.env._(
            "This database goes on in place of another, so its stock may be old, and no level is pushed. Look whether "
            "the quantities in Odoo are right, then press Push All."
        )

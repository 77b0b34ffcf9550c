import logging
from datetime import timedelta
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..eim.client import EimClient
from ..flows.call_log import CallLog
from ..flows.credential_check import CredentialCheck
from ..flows.runner import new_deadline, release_locks
from ..flows.trigger import plan
from .extensiv_bucket import BucketStore

_logger = logging.getLogger(__name__)

# The key under which the list of errors says that EIM refuses the credentials, whatever flow met it.
CREDENTIALS_KEY = "credentials"
# The check is asked anew so long after EIM refused it first; schedules may start a little early.
ASK_AGAIN = timedelta(minutes=1)
EARLIEST = timedelta(seconds=45)
# A refusal so long ago is another one: since then no pass has asked.
FORGOTTEN = timedelta(hours=1)


class WarehouseKey(UserError):
    """The key is a warehouse's, and no merchant is set; the list of merchants is the way on."""


class ExtensivAccount(models.Model):
    """Connecting to EIM, what a button asks of it, and who must not ask: a copy of the database."""

    _inherit = "extensiv.account"

    check_refused_at = fields.Datetime(readonly=True, copy=False)

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
            return self.env["extensiv.merchants"]._make(self)
        return self._notification(
            self.env._("Connected"),
            self.env._(
                "%(carts)s carts and %(locations)s locations found.",
                carts=len(self.cart_ids),
                locations=len(self.location_ids),
            ),
        )

    def _connect(self):
        """Connect these accounts, see ``action_connect``."""
        self._check_manager()
        for account in self:
            with account._asking_eim(connecting=True) as client:
                client.check_credentials()
                carts, locations = client.list_carts(), client.list_locations()
            account.sudo().write(
                {
                    "state": "connected",
                    "state_message": False,
                    "check_refused_at": False,
                    "import_from": account.import_from or fields.Datetime.now(),
                    "answered_routes": client.answered,
                }
            )
            account.sudo().live_database = self._this_database()
            account.cart_ids._take_over(account, carts)
            account.location_ids._sync_from_eim(account, locations)
            self.env["extensiv.error"].sudo()._resolve(account, "connection")
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
            new = account.cart_ids._take_over(account, carts)
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

    def _asking_eim(self, connecting=False):
        """Give a client for a button; EIM's refusals become ``UserError`` in EIM's words.

        :raise UserError: in a copy of the database that was connected, but for Connect, which takes over
        """
        if self._is_copy() and not connecting:
            raise UserError(
                self.env._(
                    "This database looks like a copy of the one that was connected, so EIM is not asked. Press Connect "
                    "only if this one is to take over."
                )
            )
        release_locks(self.env)
        return _AskingEim(self)

    # -- what passes find out about the credentials

    def _note_refused_check(self, flow, error, check):
        """Write that EIM's check refused the credentials in a pass of ``flow``.

        The first time is told and asked again a minute later; only a refusal then stops the account. EIM's alerts
        never do: nothing waits for them. What a pass meets with credentials of before says nothing.

        :param error: ``eim.CredentialsRefused``; :param check: the pass's ``CredentialCheck``
        :return: the sentence for the run's record
        """
        self.invalidate_recordset()
        if check.is_of_before(self):
            return self.env._("The connection's settings changed meanwhile; what EIM refused says nothing of them.")
        Error = self.env["extensiv.error"]
        now = fields.Datetime.now()
        message = Error._explain_connection(error)
        first = self.check_refused_at
        stopped = flow != "alerts" and bool(first) and EARLIEST <= now - first <= FORGOTTEN
        if stopped:
            self.write({"state": "error", "state_message": self._say_refused(error), "check_refused_at": False})
        elif flow != "alerts":
            message = self.env._("%s\nEIM is asked once more in a minute, before anything stops.", message)
            if not first or now - first > FORGOTTEN:
                first = self.check_refused_at = now
            plan(self.env, flow, self.ids, max((first + ASK_AGAIN - now).total_seconds(), 0))
        Error._report(
            self,
            "connection",
            {
                CREDENTIALS_KEY: {
                    "message": message,
                    "category": "settings" if stopped else "transient",
                    "process_id": error.process_id,
                }
            },
        )
        return self.env._("EIM: %s", error.message)

    def _note_good_pass(self, flow, check):
        """Close the errors of the connection that a pass of ``flow`` has shown to be over.

        :param check: the pass's ``CredentialCheck``
        """
        Error = self.env["extensiv.error"]
        keys = [flow]
        if check.was_served and not check.is_of_before(self):
            keys.append(CREDENTIALS_KEY)
            if self.check_refused_at:
                self.check_refused_at = False
        Error._resolve(self, "connection", keys)
        Error._resolve(self, "connection", [flow], "silence")

    @api.model
    def _say_refused(self, error):
        """Return EIM's words and, where it was found out, what is wrong with the credentials.

        :param error: ``eim.CredentialsRefused``
        """
        causes = {
            "level": self.env._(
                "EIM knows the key, but not as a merchant's: it is of another level, a cart's for example. The right "
                "one stands in EIM under Merchants ▸ API Keys."
            ),
            "merchant": self.env._(
                "It is the key of a warehouse, which acts for several merchants. Press “A warehouse's key? Choose its "
                "merchants”."
            ),
            "other_merchant": self.env._(
                "The key is a warehouse's, but the Merchant ID is none of its merchants. Correct it, or press “A "
                "warehouse's key? Choose its merchants”."
            ),
        }
        return " ".join(filter(None, [error.message, causes.get(error.cause)]))

    # -- copies of the database

    @api.model
    def _this_database(self):
        """Name and uuid of this database: a copy made without neutralizing differs in one of them."""
        return f"{self.env.cr.dbname} {self.env['ir.config_parameter'].sudo().get_param('database.uuid')}"

    def _is_copy(self):
        """Whether the account went live in another database than this one."""
        return bool(self.sudo().live_database) and self.sudo().live_database != self._this_database()

    def _become_draft_copy(self):
        """Stop a copy of the database from talking to the live shop until a manager connects on purpose."""
        self.write(
            {
                "state": "draft",
                "state_message": self.env._(
                    "This database looks like a copy of the one that was connected, so nothing is pulled or pushed. "
                    "Press Connect only if this one is to take over."
                ),
            }
        )


class _AskingEim:
    """Context manager of :meth:`ExtensivAccount._asking_eim`."""

    def __init__(self, account):
        self.account = account

    def __enter__(self):
        self.log = CallLog(self.account)
        self.client = self.account._client(max_wait=20.0, on_call=self.log)
        self.client.end_by(new_deadline())
        return self.client

    def __exit__(self, _type, error, _traceback):
        if isinstance(error, eim.EimError):
            _logger.info("EIM account %s: %s (process %s)", self.account.id, type(error).__name__, error.process_id)
            error = CredentialCheck(self.client, self.account).judge(error)
        self.log.flush()
        if isinstance(error, eim.EimError):
            raise self._say(error) from None

    def _say(self, error):
        """Return what a person is told of an ``EimError``."""
        account, env = self.account, self.account.env
        if isinstance(error, eim.CredentialsRefused):
            kind = WarehouseKey if error.cause == "merchant" else UserError
            return kind(env._("EIM refused: %s", account._say_refused(error)))
        if isinstance(error, eim.Refused):
            return UserError(env._("EIM refused: %s", error.message))
        host = urlsplit(account.base_url).hostname
        advice = account.env["extensiv.error"]._advise_certificate(error)
        reason = " ".join(filter(None, [error.message, advice]))
        return UserError(env._("%(host)s could not be asked: %(reason)s", host=host, reason=reason))

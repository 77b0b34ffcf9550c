import logging
from urllib.parse import urlsplit

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..eim.client import EimClient
from ..flows.call_log import CallLog
from ..flows.runner import new_deadline, release_locks
from .extensiv_bucket import BucketStore

_logger = logging.getLogger(__name__)


class ExtensivAccount(models.Model):
    """Connecting to EIM, what a button asks of it, and who must not ask: a copy of the database."""

    _inherit = "extensiv.account"

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

        :raise UserError: with EIM's own words when it refuses; the account stays as it was
        """
        self._check_manager()
        for account in self:
            with account._asking_eim(connecting=True) as client:
                client.check_credentials()
                carts, locations = client.list_carts(), client.list_locations()
            account.sudo().write(
                {
                    "state": "connected",
                    "state_message": False,
                    "import_from": account.import_from or fields.Datetime.now(),
                    "answered_routes": client.answered,
                }
            )
            account.sudo().live_database = self._this_database()
            account.cart_ids._take_over(account, carts)
            account.location_ids._take_over(account, locations)
            self.env["extensiv.error"].sudo()._resolve(account, "connection")
            account.sudo()._remind_responsible()
        return self._notification(
            self.env._("Connected"),
            self.env._(
                "%(carts)s carts and %(locations)s locations found.",
                carts=len(self.cart_ids),
                locations=len(self.location_ids),
            ),
        )

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
            new = account.location_ids._take_over(account, locations)
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
        client = self.account._client(max_wait=20.0, on_call=self.log)
        client.end_by(new_deadline())
        return client

    def __exit__(self, _type, error, _traceback):
        self.log.flush()
        if isinstance(error, eim.EimError):
            env, host = self.account.env, urlsplit(self.account.base_url).hostname
            _logger.info("EIM account %s: %s (process %s)", self.account.id, type(error).__name__, error.process_id)
            if isinstance(error, eim.CredentialsRefused | eim.Refused):
                raise UserError(env._("EIM refused: %s", error.message)) from None
            raise UserError(env._("%(host)s could not be asked: %(reason)s", host=host, reason=error.message)) from None

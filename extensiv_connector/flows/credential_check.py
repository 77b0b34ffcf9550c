"""Whether EIM takes the credentials: asked when a refusal may be theirs, at most once a pass."""

from datetime import timedelta

from odoo import fields

from ..eim.errors import Blocked, CredentialsRefused, EimError, Forbidden, Refused
from .explanations import explain, explain_refusal
from .run_message import say_error

CHECK_PATIENCE = 5.0  # seconds that the check waits for a token, also where the flow itself waits less
# The key under which the list of errors says that EIM refuses the credentials, whatever flow met it.
CREDENTIALS_KEY = "credentials"
# The check is asked anew so long after EIM refused it first; schedules may start a little early.
ASK_AGAIN = timedelta(minutes=1)
EARLIEST = timedelta(seconds=45)
# A refusal so long ago is another one: since then no pass has asked.
FORGOTTEN = timedelta(hours=1)


class CredentialCheck:
    """The check of the credentials in one pass.

    :param client: an ``EimClient``
    :param account: an ``extensiv.account`` as it was when the client was made
    """

    def __init__(self, client, account):
        self._client = client
        self._merchant_pk = account.sudo().merchant_pk or ""
        self._begun_with = _credentials(account)
        self.passed = False

    @property
    def was_served(self):
        """Whether EIM did anything that was asked in this pass, as it does for good credentials alone."""
        return self._client.served

    def ask(self):
        """Ask EIM's check, unless it was passed in this pass already.

        :raise CredentialsRefused: with its cause, as far as EIM lets find it out
        :raise EimError: EIM could not be asked, so nothing is known
        """
        if self.passed:
            return
        patience = self._client.max_wait
        self._client.max_wait = max(patience, CHECK_PATIENCE)
        try:
            self._client.check_credentials()
        except CredentialsRefused as error:
            error.cause = find_cause(self._client, self._merchant_pk)
            raise
        finally:
            self._client.max_wait = patience
        self.passed = True

    def judge(self, error):
        """Return what really ended the pass: ``error``, or that the credentials are refused."""
        if isinstance(error, CredentialsRefused) and not error.cause:
            error.cause = find_cause(self._client, self._merchant_pk)
        if may_be_the_key(error):
            try:
                self.ask()
            except CredentialsRefused as refused:
                return refused
            except EimError:
                return error
        return error

    def judge_one(self, error):
        """Find out whether a refusal of one record is one of the key.

        :raise EimError: it is, or EIM could not be asked
        """
        if is_suspicious(error):
            self.ask()

    def is_of_before(self, account):
        """Whether the account has other credentials by now than this pass began with, or is to do nothing any more."""
        return account.state != "connected" or _credentials(account) != self._begun_with

    # -- what a pass found out

    def record_refusal(self, account, flow, error):
        """Write that EIM's check refused the credentials in a pass of ``flow``.

        The first time is told and asked again a minute later; only a refusal then stops the account. EIM's alerts
        never do: nothing waits for them. What a pass meets with credentials of before says nothing.

        :param error: ``CredentialsRefused``
        :return: the sentence for the run's record
        """
        account.invalidate_recordset()
        env = account.env
        if self.is_of_before(account):
            return env._("The connection's settings changed meanwhile; what EIM refused says nothing of them.")
        now = fields.Datetime.now()
        message = explain(env, error)
        first = account.check_refused_at
        stopped = flow != "alerts" and bool(first) and EARLIEST <= now - first <= FORGOTTEN
        if stopped:
            account.write({"state": "error", "state_message": explain_refusal(env, error), "check_refused_at": False})
        elif flow != "alerts":
            message = env._("%s\nEIM is asked once more in a minute, before anything stops.", message)
            if not first or now - first > FORGOTTEN:
                first = account.check_refused_at = now
            account._plan_flow(flow, max((first + ASK_AGAIN - now).total_seconds(), 0))
        failure = {
            "message": message,
            "category": "settings" if stopped else "transient",
            "process_id": error.process_id,
        }
        env["extensiv.error"]._report(account, "connection", {CREDENTIALS_KEY: failure})
        return say_error(env, error)

    def record_success(self, account, flow):
        """Close the errors of the connection that a good pass of ``flow`` has shown to be over."""
        Error = account.env["extensiv.error"]
        keys = [flow]
        if self.was_served and not self.is_of_before(account):
            keys.append(CREDENTIALS_KEY)
            if account.check_refused_at:
                account.check_refused_at = False
        Error._resolve(account, "connection", keys)
        Error._resolve(account, "connection", [flow], "silence")


def may_be_the_key(error):
    """Whether EIM, or what stands before it, refused, so that refused credentials may be behind it.

    A refusal without a status is ours: nothing was asked.
    """
    return isinstance(error, (Refused, Blocked)) and error.status is not None


def is_suspicious(error):
    """Whether one such answer is enough to ask the check."""
    return isinstance(error, (Forbidden, Blocked))


def find_cause(client, merchant_pk):
    """Return why the check refuses credentials, see ``CredentialsRefused``.

    EIM's list of ship methods answers to every kind of key, its list of merchants only to a warehouse's.
    """
    try:
        client.list_ship_methods()
    except EimError:
        return ""
    try:
        merchants = client.list_merchants()
    except EimError:
        merchants = ()
    if not merchants:
        return "level"
    if not merchant_pk:
        return "merchant"
    return "" if merchant_pk in {merchant.merchant_pk for merchant in merchants} else "other_merchant"


def _credentials(account):
    """Return a number that differs where the credentials do."""
    account = account.sudo()
    return hash((account.base_url, account.api_user, account.api_key, account.merchant_pk))

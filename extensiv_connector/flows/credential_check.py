"""Whether EIM takes the credentials: asked when a refusal may be theirs, at most once a pass."""

from ..eim.errors import Blocked, CredentialsRefused, EimError, Forbidden, Refused

CHECK_PATIENCE = 5.0  # seconds that the check waits for a token, also where the flow itself waits less


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

    def is_of_before(self, account):
        """Whether the account has other credentials by now than this pass began with, or is to do nothing any more."""
        return account.state != "connected" or _credentials(account) != self._begun_with


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

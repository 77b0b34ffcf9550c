"""Which account a dialog is about: the only one there is, and in words what is missing where there is none."""

from odoo.exceptions import UserError
from odoo.fields import Domain

CONNECTED = Domain("state", "=", "connected")


def find_only(env, domain=CONNECTED):
    """Return the account that meets ``domain`` where just one does, else none: a person chooses among several."""
    accounts = env["extensiv.account"].search(domain, limit=2)
    return accounts if len(accounts) == 1 else accounts.browse()


def explain_missing(env, domain=CONNECTED):
    """Return in sentences why no account can be chosen, False where one can."""
    Account = env["extensiv.account"]
    if Account.search_count(domain, limit=1):
        return False
    if Account.search_count([], limit=1):
        return env._(
            "No account is connected. Open it under Configuration, Accounts, and press Connect; then come back."
        )
    return env._(
        "There is no account yet. Create one under Configuration, Accounts: enter the API user and key that EIM's WMS "
        "set-up page shows, and press Connect; then come back."
    )


def check_chosen(account, domain=CONNECTED):
    """Make sure that an account is chosen.

    :raise UserError: says what to do
    """
    if not account:
        raise UserError(explain_missing(account.env, domain) or account.env._("Choose the account first."))

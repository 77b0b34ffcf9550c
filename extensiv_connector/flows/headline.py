"""Whether all is well with an account, in a word: the first line of its card on the dashboard."""

from . import SWITCHED

WELL = "well"
IDLE = "idle"
"""Nothing is wrong, and nothing is done either."""
TROUBLE = "trouble"


def say(account, shown, is_leftover=False):
    """Return ``WELL``, ``IDLE`` or ``TROUBLE``, and the sentence that says so.

    :param shown: the card's values, see ``extensiv.account._compute_dashboard``
    :param is_leftover: whether accounts of merchants work with its key, see ``find_leftovers``
    """
    env = account.env
    if account.state == "draft":
        return IDLE, _say_draft(account, is_leftover)
    if account.state == "error":
        return TROUBLE, account.state_message or env._("EIM refuses the credentials.")
    if trouble := _say_trouble(env, shown):
        return TROUBLE, trouble
    if not any(account[flow.switch] for flow in SWITCHED.values()):
        return IDLE, _say_idle(account)
    if shown["errors"]:
        return WELL, env._("Temporary trouble is being tried again.")
    return WELL, env._("All is well.")


def find_leftovers(accounts):
    """Return those of ``accounts`` whose key, a warehouse's, the accounts of its merchants work with.

    The guide needed them to list the merchants; nothing is done with them any more.
    """
    drafts = accounts.sudo().filtered(lambda account: account.state == "draft" and not account.merchant_pk)
    users = [user for user in drafts.mapped("api_user") if user]
    if not users:
        return accounts.browse()
    merchants = drafts.search([("merchant_pk", "!=", False), ("api_user", "in", users)])
    keys = {(merchant.base_url, merchant.api_user) for merchant in merchants}
    return accounts.browse(account.id for account in drafts if (account.base_url, account.api_user) in keys)


def _say_draft(account, is_leftover):
    env = account.env
    if is_leftover:
        return env._("Not needed any more: the accounts of its merchants work with this key. Archive it.")
    if account.state_message:
        return env._("Not connected, so nothing runs. %s", account.state_message)
    return env._("Not connected, so nothing runs. Enter API user and key, and press Connect.")


def _say_idle(account):
    env = account.env
    if account.setup_step == "done":
        return env._("Connected, and nothing runs: every function is off.")
    step = dict(account._fields["setup_step"]._description_selection(env))[account.setup_step]
    return env._("Connected, and not live yet: nothing runs. Next in the guide: %s.", step)


def _say_trouble(env, shown):
    if stopped := [flow["name"] for flow in shown["flows"] if flow["wanted"] and not flow["on"]]:
        return env._("The schedule is off: %s.", ", ".join(stopped))
    if shown["needs_person"]:
        return env._("Errors waiting for a person: %s.", shown["needs_person"])
    if shown["held"]:
        # Also where their errors were dismissed: they are still no orders.
        return env._("Held as quotation: %s.", shown["held"])
    if shown["late"]:
        return env._("Shipments that left and EIM was not told of: %s.", shown["late"])
    if shown["alerts"]:
        return env._("EIM has alerts about the carts.")
    return ""

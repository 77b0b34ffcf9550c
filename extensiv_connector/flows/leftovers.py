"""Orders that stay at EIM for ever: each pass reads them in vain, so a person is told before they are many."""

from collections import Counter

STEP = "left at EIM"
STOPPED_KEY = "stopped orders"
# A whole page of EIM's list that each pass reads for nothing.
MANY = 100


def explain(env, left):
    """Return in a sentence why orders are left at EIM, or an empty text.

    :param left: ``{(reason, order source): how many}``, see ``Inbox.why_left``
    """
    counts = Counter()
    for (reason, _source), count in left.items():
        counts[reason] += count
    reasons = {
        "old": env._("from before Import Orders From"),
        "on_hold": env._("on hold there"),
        "stopped": env._("whose sending was stopped there"),
        "archived": env._("of a cart that is archived here"),
    }
    said = ", ".join(f"{counts[reason]} {words}" for reason, words in reasons.items() if counts[reason])
    return said and env._("Left there: %s.", said)


def report(account, left, is_whole=True):
    """Report what EIM lists as new and is left there, where it is much, and close what is so no longer.

    :param left: ``{(reason, order source): how many}``, see ``Inbox.why_left``
    :param is_whole: whether that is of the whole list: a part of it shows of nothing that it is so no longer
    """
    env = account.env
    archived = Counter()
    stopped = 0
    for (reason, source), count in left.items():
        if reason == "archived":
            archived[source] += count
        elif reason in ("on_hold", "stopped"):
            stopped += count
    carts = (
        env["extensiv.cart"]
        .with_context(active_test=False)
        .search([("account_id", "=", account.id), ("order_source", "in", list(archived))])
    )
    failures = {
        cart.order_source: {
            "message": env._(
                "EIM holds %(count)s new orders of %(cart)s, which is archived here. They are left there, and every "
                "run has to read past them. Stop the cart at EIM, or cancel its orders there; or unarchive it here "
                "to import them.",
                count=archived[cart.order_source],
                cart=cart.name,
            ),
            "category": "settings",
            "document": cart,
        }
        for cart in carts
        if archived[cart.order_source] >= MANY
    }
    if stopped >= MANY:
        failures[STOPPED_KEY] = {
            "message": env._(
                "EIM holds %s new orders whose sending was stopped or that are on hold. They are left there, and every "
                "run has to read past them. Cancel at EIM those that nobody will release.",
                stopped,
            ),
            "category": "settings",
        }
    Error = env["extensiv.error"]
    if is_whole:
        gone = Error._open(account, "orders", step=STEP).filtered(lambda error: error.key not in failures)
        Error._resolve(account, "orders", gone.mapped("key"), STEP)
    dismissed = Error._held_keys(account, "orders", list(failures), STEP)
    Error._report(account, "orders", {key: failure for key, failure in failures.items() if key not in dismissed}, STEP)

"""EIM's statuses of an order, in words for a person."""


def get_words(env):
    """Return ``{EIM's status: what a person reads}`` of all that its contract names."""
    return {
        "new": env._("New"),
        "at_wms": env._("Received by us"),
        "partial": env._("Shipped in part"),
        "shipped": env._("Shipped"),
        "confirmed": env._("Shipped, the cart was told"),
        "error": env._("Error"),
        "canceled": env._("Cancelled"),
    }


def filter_known(env, status):
    """Return ``status`` where it has words, else False."""
    return status in get_words(env) and status

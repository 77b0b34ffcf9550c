"""EIM's statuses of an order, in words for a person."""

# All that EIM's contract names.
KNOWN = ("new", "at_wms", "partial", "shipped", "confirmed", "error", "canceled")


def get_words(env):
    """Return ``{EIM's status: what a person reads}`` of all that are ``KNOWN``."""
    words = (
        env._("New"),
        env._("Received by us"),
        env._("Shipped in part"),
        env._("Shipped"),
        env._("Shipped, the cart was told"),
        env._("Error"),
        env._("Cancelled"),
    )
    return dict(zip(KNOWN, words, strict=True))


def filter_known(status):
    """Return ``status`` where it has words, else False."""
    return status in KNOWN and status

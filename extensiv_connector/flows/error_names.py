"""What an error is about, in the reader's language, where a flow knows it by words of its own."""

from . import SCHEDULED, label_of


def name_key(env, flow, key):
    """Return what a person reads for the ``key`` of an error of ``flow``: the key itself, where it is a name."""
    if flow == "connection" and key in SCHEDULED:
        return label_of(env, key)
    if key in (names := _names(env)):
        return names[key]
    for start, name in _named_after(env).items():
        if key.startswith(start):
            return name % key.removeprefix(start)
    return key


def _names(env):
    return {
        "credentials": env._("credentials"),
        "list of new orders": env._("list of new orders"),
        "stopped orders": env._("stopped orders"),
        "orders shipped elsewhere": env._("orders shipped elsewhere"),
        "acknowledging many at a call": env._("acknowledging many at a call"),
        "telling of many shipments at a call": env._("telling of many shipments at a call"),
        "unknown orders": env._("unknown orders"),
        "inventory list": env._("stock list"),
        "stock written elsewhere": env._("stock written elsewhere"),
    }


def _named_after(env):
    """Return ``{beginning of a key: what is read for it}``, the longer ones first."""
    return {
        "delivery method for orders of ": env._("delivery method for orders of %s"),
        "delivery method for ": env._("delivery method for %s"),
        "delivery method ": env._("delivery method %s"),
        "cart ": env._("cart %s"),
    }

"""Strict writing of single values: what EIM could not read back is not sent."""

from datetime import timezone

from .errors import Unreadable
from .parsing import identity
from .texts import _


def iso(when):
    """Return a naive UTC (or aware) ``datetime`` as EIM writes it: ``2018-08-27T02:24:58+00:00``."""
    when = when.replace(tzinfo=timezone.utc) if when.tzinfo is None else when.astimezone(timezone.utc)
    return when.replace(microsecond=0).isoformat()


def writable(value, what):
    """Return ``value`` if it can be sent as the name of something.

    :raise ValueError: it is no text, empty, too long, or has characters that no screen shows
    """
    try:
        return identity(value if isinstance(value, str) else None, what)
    except Unreadable as error:
        raise ValueError(_("%(reason)s EIM is not told.", reason=error.message)) from None

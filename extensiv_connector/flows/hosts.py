"""Lists of hosts and addresses that an administrator enters, read alike wherever they count."""

import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*")


def read_hosts(text):
    """Return the hosts that a text names, separated by commas or blanks, in small letters."""
    return [host for host in (text or "").lower().replace(",", " ").split() if host]


def find_strange(text):
    """Return what of such a text is no host: an address with https:// or a path, for instance."""
    return [host for host in read_hosts(text) if not _HOST.fullmatch(host)]


def is_secure_address(text):
    """Whether a text is the plain https address of a host, perhaps with a path."""
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018  (a number that is none raises)
    except ValueError:
        return False
    is_plain = parts.scheme == "https" and not (parts.username or parts.password or parts.query or parts.fragment)
    return is_plain and bool(_HOST.fullmatch((parts.hostname or "").lower()))

"""Where to and as whom: the address of EIM and the credential."""

import base64
import ipaddress
import re
from urllib.parse import urlsplit

from requests.auth import AuthBase

from .texts import _

DOMAINS = ("cartrover.com", "extensiv.com")
"""Where EIM's API is."""
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]+\]")


def check_base_url(base_url):
    """Return ``https://host[:port]``, without a slash at its end.

    :raise ValueError: not https (http is for loopback alone), or more than a host and a port, in a sentence
        for the person who typed it; it never repeats the address, which may hold a password
    """
    base_url = str(base_url or "").strip()
    try:
        url = urlsplit(base_url)
        host = url.hostname or ""
        port = url.port
    except ValueError:
        raise ValueError(_("The address of EIM cannot be read; it looks like https://api.cartrover.com.")) from None
    name = f"[{host}]" if ":" in host else host
    plain = name + (f":{port}" if port is not None else "")
    if not _HOST.fullmatch(name) or url.netloc.lower() != plain.lower() or not base_url.isprintable():
        raise ValueError(
            _("The address of EIM must be https and a host without user or password: https://api.cartrover.com.")
        )
    if url.path not in ("", "/") or url.query or url.fragment or "?" in base_url or "#" in base_url:
        raise ValueError(_("The address of EIM ends with the host; leave out /v1 and whatever follows."))
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(host)):
        raise ValueError(_("The address of EIM must begin with https://; http:// is only for this machine itself."))
    return f"{url.scheme}://{plain}"


def check_merchant_pk(merchant_pk):
    """Return the merchant's key as a header can carry it, perhaps empty.

    :raise ValueError: it cannot, in a sentence for the person who typed it
    """
    merchant_pk = str(merchant_pk or "").strip()
    if not merchant_pk.isascii() or not merchant_pk.isprintable():
        raise ValueError(_("The merchant's key has characters that cannot be sent."))
    return merchant_pk


def is_eim_host(host):
    """Whether ``host`` is EIM's own, or one below its domains."""
    return any(host == domain or host.endswith(f".{domain}") for domain in DOMAINS)


def is_loopback(host):
    """Whether ``host`` is this machine itself, by its name or number."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Credential(AuthBase):
    """HTTP Basic for one API user; shows itself nowhere."""

    __slots__ = ("_header", "_shown")

    def __init__(self, api_user, api_key):
        pair = base64.b64encode(f"{api_user}:{api_key}".encode()).decode()
        self._header = f"Basic {pair}"
        words = [re.escape(secret) for secret in (api_key, pair) if secret]
        words += [rf"(?<!\w){re.escape(api_user)}(?!\w)"] if api_user else []
        self._shown = re.compile("|".join(words) or r"(?!)")

    def __call__(self, request):
        request.headers["Authorization"] = self._header
        return request

    def __repr__(self):
        return "<Credential>"

    def hide_in(self, words):
        """Return ``words`` of EIM's with what they repeat of the credential masked."""
        return self._shown.sub("***", words)

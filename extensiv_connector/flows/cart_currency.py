"""Which currency a cart's orders have that name none: the one that its order source speaks of, ``Amazon_CA``."""

import re

from .countries import find_countries

# What is no country and has a currency, and endings of addresses that say nothing of a country.
CODES = {"EU": "EUR"}
NO_COUNTRIES = frozenset(
    {"ai", "biz", "cc", "co", "com", "fm", "gg", "info", "io", "ly", "me", "net", "org", "shop", "tv"}
)
_PARTS = re.compile(r"[^\W_]+")


def propose(env, sources):
    """Return ``{order source: currency}`` of those that end in a country or a currency; the others are left out."""
    ends = {source: list(_ends(source or "")) for source in sources}
    texts = {text for found in ends.values() for text in found}
    countries = find_countries(env, texts) if texts else {}
    codes = {CODES.get(text, text) for text in texts if len(text) == 3 or text in CODES}
    currencies = {
        currency.name: currency
        for currency in env["res.currency"].with_context(active_test=False).search([("name", "in", list(codes))])
    }
    proposed = {}
    for source, found in ends.items():
        for text in found:
            currency = currencies.get(CODES.get(text, text)) or (text in countries and countries[text].currency_id)
            if currency:
                proposed[source] = currency
                break
    return proposed


def _ends(source):
    """Yield what may name a country at the end of an order source, the longest first.

    Short words are codes in capitals, or the end of an address: ``My Shop`` is not in Malaysia.
    """
    words = [(found.group(), found.start()) for found in _PARTS.finditer(source)]
    words = [(word.rstrip("0123456789"), start) for word, start in words]
    words = [(word, start) for word, start in words if word]
    if len(words) < 2:
        return
    (before, _), (last, start) = words[-2:]
    if len(words) > 2 and len(last) > 3:
        yield f"{before} {last}"
    if len(last) > 3 or last.isupper() and len(last) > 1:
        yield last
    elif source[start - 1] == "." and last.lower() not in NO_COUNTRIES:
        yield last.upper()

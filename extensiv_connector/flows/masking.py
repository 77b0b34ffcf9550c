"""What a text must not say where it may leave the house: of a buyer, of credentials, any mail address."""

import re

_MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
# A postcode may read like a year or an hour; a moment is nobody's secret.
_MOMENT = r"(?P<moment>\d{4}-\d\d-\d\d \d\d:\d\d)"


def get_personal_words(order):
    """Return what ``order``, a ``wire.Order``, says of the buyer: the addresses' parts but codes of two letters."""
    words = set()
    for address in filter(None, (order.billing, order.delivery)):
        parts = (getattr(address, name) for name in address.__dataclass_fields__)
        words |= {part for part in (address.name, *parts) if len(part) > 2}
    return words


def make_mask(words):
    """Return a function that masks ``words`` and every mail address in a text."""
    longest_first = sorted(filter(None, words), key=len, reverse=True)
    pattern = re.compile("|".join((_MOMENT, *(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest_first))))

    def mask(text):
        return _MAIL_ADDRESS.sub("***", pattern.sub(lambda found: found["moment"] or "***", text))

    return mask

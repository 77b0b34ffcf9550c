"""Tracking numbers, as carriers' apps and people write them into one text."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

_LINK = re.compile(r"(?:https?://|www\.)(?:(?!https?://|www\.)\S)+", re.IGNORECASE)
_SEPARATORS = re.compile(r"[+,;\r\n\v\f\u2028\u2029]|\s/\s")
# What a link calls the number that it leads to, and what else it may carry that looks like one.
_NAMED = re.compile(r"tra?c?k|label|parcel|piece|consign|shipment|waybill|awb|barcode|colis|sendung", re.IGNORECASE)
_OTHERS = re.compile(r"zip|post|date|lang|locale|country|account|client|order|utm_|phone", re.IGNORECASE)
_NUMBER = re.compile(r"[A-Z0-9][A-Z0-9-]{4,39}")


@dataclass(frozen=True, slots=True)
class Numbers:
    """What a text says.

    :param numbers: each once, in the order of the text; a link of which no number can be read stands for itself
        where there is no number beside it
    :param joined: the parts of the text that had blanks, which belong to one number
    :param links: the links of which no number could be read
    """

    numbers: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    links: tuple[str, ...] = ()


def read_numbers(text, boxes=()):
    """Return the ``Numbers`` of ``text``.

    They stand apart by ``+``, ``,``, ``;``, a ``/`` between blanks, or the ends of lines. Blanks alone separate only
    where there are then as many numbers as boxes; else people wrote one number in groups of digits.

    :param boxes: how many boxes the numbers may be for, where that can be counted in several ways
    """
    tokens = []
    links = []
    for piece, is_link in _cut(text or ""):
        if not is_link:
            tokens += [token for token in map(str.strip, _SEPARATORS.split(piece)) if token]
        elif found := read_link(piece):
            tokens += found
        else:
            links.append(piece)
    groups = [_visible(token) for token in tokens]
    groups = [group for group in groups if group]
    apart = list(dict.fromkeys(part for group in groups for part in group))
    if len(apart) > 1 and len(apart) in boxes:
        return Numbers(tuple(apart), (), tuple(links))
    numbers = tuple(dict.fromkeys("".join(group) for group in groups))
    joined = tuple(dict.fromkeys(" ".join(group) for group in groups if len(group) > 1))
    return Numbers(numbers or tuple(links), joined, tuple(links))


def read_link(link):
    """Return the tracking numbers that a ``link`` leads to, none where it is not plain which they are."""
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        return []
    arguments = []
    for query in (parts.query, parts.fragment.rpartition("?")[2]):
        # A plus is a blank to forms, and a separator to those who write several numbers.
        arguments += [(name, _split(value)) for name, value in parse_qsl(query)]
    named = [number for name, found in arguments if _NAMED.search(name) for number in found if re.search(r"\d", number)]
    if named:
        return list(dict.fromkeys(named))
    others = [found for name, found in arguments if not _OTHERS.search(name) and found and all(map(_is_number, found))]
    if len(others) == 1:
        return list(dict.fromkeys(others[0]))
    segments = f"{parts.path}/{parts.fragment.partition('?')[0]}".split("/") if not others else []
    for segment in reversed(segments):
        found = _split(unquote(segment))
        if found and all(map(_is_number, found)):
            return list(dict.fromkeys(found))
    return []


def _cut(text):
    """Yield the parts of ``text``, and whether each is a link; words beside a link are no numbers."""
    end = 0
    links = list(_LINK.finditer(text))
    for match in links:
        yield _numeric(text[end : match.start()]), False
        yield match.group().rstrip("+,;/.)"), True
        end = match.end()
    rest = text[end:]
    yield (_numeric(rest) if links else rest), False


def _numeric(text):
    """Return ``text`` without what has no digit in it, such as the carrier's name before a link."""
    return ",".join(token for token in _SEPARATORS.split(text) if re.search(r"\d", token))


def _visible(token):
    """Return the parts of ``token`` between its blanks, without characters that nobody sees."""
    parts = ("".join(character for character in part if character.isprintable()) for part in token.split())
    return [part for part in parts if part]


def _split(value):
    return [part for part in re.split(r"[\s+,;]+", value) if part]


def _is_number(text):
    """Whether ``text`` looks like a tracking number: five characters or more, half of them digits."""
    digits = sum(character.isdigit() for character in text)
    return digits * 2 >= len(text) and bool(
        _NUMBER.fullmatch(text) or _NUMBER.fullmatch(text.upper()) and text.islower()
    )

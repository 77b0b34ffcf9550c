"""Numbers as people's exports write them: ``1,234.50``, ``1.234,50``, ``1 234,50``, ``$12.00``, ``(12.00)``.

EIM's own have a dot before the decimals and nothing else, and are read elsewhere, faster. Here a text is read where
it can only mean one number. A single mark with three digits after it may be either kind: what the record's other
numbers show decides, else it is what EIM itself means by a dot, and thousands for any other.
"""

import re
from decimal import Decimal

MAX_DIGITS = 15
MAX_LENGTH = 40  # characters of what is still a number

_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_CURRENCY = r"(?:[A-Z]{3}|[A-Za-z]{0,3}[$\u00a2-\u00a5\u20a0-\u20cf])"
_MONEY = re.compile(
    rf"(?P<sign>[-+]?)(?:{_CURRENCY} ?)?(?P<inner>[-+]?)(?P<body>[\d.,' ]*\d[.,]?)(?: ?{_CURRENCY})?", re.ASCII
)
_PLAIN = re.compile(r"(?P<sign>[-+]?)(?P<inner>)(?P<body>[\d.,' ]*\d[.,]?)", re.ASCII)
# A dash in the place of the decimals, "12,-": there are none.
_NO_DECIMALS = re.compile(r"(?<=\d[.,])[-\u2013\u2014]{1,2}(?![\d.,])")
# Thousands, and lakhs and crores, the last group always of three.
_GROUPED = re.compile(r"\d{1,3}(?P<mark>[.,' ])(?:\d{2,3}(?P=mark))*\d{3}", re.ASCII)


def read_amount(value, mark="", is_money=True):
    """Return the number that a text means.

    :param mark: what the record's other numbers have before their decimals, ``.`` or ``,``; empty: they do not show it
    :param is_money: a currency's sign or code may stand beside it
    :raise ValueError: it is none, or cannot be told
    """
    if len(value) > MAX_LENGTH:
        raise ValueError
    text = _SPACES.sub(" ", value).strip().replace("\u2212", "-").replace("\u2019", "'")
    text = _NO_DECIMALS.sub("", text)
    is_negative = False
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1].strip()
        is_negative = True
    elif text.endswith("-"):
        text = text[:-1].strip()
        is_negative = True
    found = (_MONEY if is_money else _PLAIN).fullmatch(text)
    if not found:
        raise ValueError
    signs = found["sign"] + found["inner"]
    if len(signs) + is_negative > 1:
        raise ValueError
    number = Decimal(_in_eims_form(found["body"].strip(), mark))
    if number.adjusted() >= MAX_DIGITS:
        raise ValueError
    return -number if is_negative or signs == "-" else number


def decimal_mark(values):
    """Return what stands before the decimals of a record's numbers, ``.`` or ``,``; empty where nothing shows it.

    :param values: what the record has for its numbers, of any type
    """
    marks = {_shown_mark(value.strip()) for value in values if type(value) is str and len(value) <= MAX_LENGTH}
    marks.discard("")
    return marks.pop() if len(marks) == 1 else ""


def _shown_mark(text):
    """Return the decimal mark that one text shows beyond doubt, or nothing, as of a zero: that is EIM's own."""
    if not any(digit in text for digit in "123456789"):
        return ""
    last = max(text.rfind("."), text.rfind(","))
    if last < 0:
        return ""
    mark = text[last]
    other = "," if mark == "." else "."
    if other in text:
        return mark
    if text.count(mark) > 1:
        return other  # groups of thousands, one like the other
    digits = len(text) - len(text.rstrip("0123456789 )-"))
    after = sum(character.isdigit() for character in text[last:])
    return mark if digits and after != 3 else ""


def _in_eims_form(body, mark):
    """Return digits with marks as EIM writes a number.

    :raise ValueError: the marks make no number
    """
    kinds = {character for character in body if not character.isdigit()}
    if not kinds:
        return body
    last = max(body.rfind(kind) for kind in kinds)
    decimal = body[last]
    whole = body[:last]
    decimals = body[last + 1 :]
    others = kinds - {decimal}
    if decimal in "' " or body.count(decimal) > 1:
        return _ungrouped(body)
    if not others and len(decimals) == 3 and _may_be_thousands(whole):
        is_decimal = decimal == mark if mark else decimal == "."
        return f"{whole}.{decimals}" if is_decimal else whole + decimals
    return f"{_ungrouped(whole) if others else whole or '0'}.{decimals or '0'}"


def _may_be_thousands(whole):
    return 1 <= len(whole) <= 3 and not whole.startswith("0")


def _ungrouped(text):
    """Return a whole number without the marks of its thousands.

    :raise ValueError: they are no groups, or of two kinds
    """
    found = _GROUPED.fullmatch(text)
    if not found:
        raise ValueError
    return text.replace(found["mark"], "")

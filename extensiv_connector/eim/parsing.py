"""Tolerant reading of single values: whatever EIM sends, a typed value or nothing, and never an exception."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from .amounts import read_amount
from .dates import is_no_date, read_date
from .errors import Unreadable
from .sanitizing import clean_text
from .texts import _, labelled

MAX_SHORT = 250  # characters of a name, a city, a code: what an index of PostgreSQL can still hold
MAX_IDENTITY = 250  # characters of a cust_ref or a SKU, which are refused and never shortened

MAX_REMEMBERED = 50  # characters of a number or moment whose reading is remembered
_NUMBER = re.compile(r"[+-]?(?:\d{1,15}(?:\.\d{0,25})?|\.\d{1,25})(?:[eE][+-]?\d{1,2})?", re.ASCII)
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,]\d+)?)?\s?(?:([Zz])|([+-])(\d\d):?(\d\d))?)?",
    re.ASCII,
)
_NO_IDENTITY = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffd-\uffff]")
_YES = ("y", "yes", "true", "t", "1")
# What says that there is nothing, wherever it stands. "Na" and "Nil" are people's names, and "Test" may be one.
_NOTHING = frozenset({
    "n/a", "n.a.", "n.a", "n\\a", "#n/a", "null", "(null)", "[null]", "<null>", "none", "(none)", "[none]", "<none>",
    "undefined", "not applicable", "not available", "(empty)", "(blank)",
})  # fmt: skip
_LONGEST_NOTHING = max(map(len, _NOTHING))


def text(value, limit=MAX_SHORT):
    """Return ``value`` as one stripped line of at most ``limit`` characters; ``""`` for what is no text."""
    if value is None:
        return ""
    if type(value) is not str:
        value = _plain(value)
    if not value.isprintable():
        value = " ".join(clean_text(value, looked_up=True).split())
    value = value.strip()
    return value if len(value) <= limit else value[: limit - 1] + "…"


def words(value, limit=MAX_SHORT):
    """Return what ``text`` returns, without payment secrets: for what nothing is looked up by."""
    return text(clean_text(value if type(value) is str else _plain(value)), limit)


def note(value):
    """Return ``value`` as stripped text that may have several lines, without payment secrets."""
    if value is None:
        return ""
    return clean_text(value if type(value) is str else _plain(value)).strip()


def is_nothing(value):
    """Whether a text only says that there is nothing: ``N/A``, ``none``, ``null``, or no letter or digit at all."""
    if not value or len(value) > _LONGEST_NOTHING:
        return not value
    return value.casefold() in _NOTHING or not (value[0].isalnum() or any(map(str.isalnum, value)))


def identity(value, what):
    """Return a ``cust_ref`` or SKU exactly as received: it names the thing in every later call.

    :raise Unreadable: absent, longer than ``MAX_IDENTITY``, with characters that no screen shows, or ``.``
        and ``..``, which a URL cannot carry
    """
    value = value if type(value) is str else _plain(value)
    if not value.strip():
        raise Unreadable(_("The %(name)s is missing.", name=what))
    if len(value) > MAX_IDENTITY:
        raise Unreadable(_("The %(name)s is longer than %(most)s characters.", name=what, most=MAX_IDENTITY))
    if value in (".", ".."):
        raise Unreadable(_("The %(name)s has characters that cannot be used.", name=what))
    if not (value.isascii() and value.isprintable()) and _NO_IDENTITY.search(value):
        rest = _NO_IDENTITY.sub("", value)
        raise Unreadable(
            _(
                "The %(name)s “%(value)s” has characters that cannot be used; without them it would be “%(rest)s”, "
                "which may be another.",
                name=what,
                value=visible(value),
                rest=rest,
            )
        )
    return value


def visible(value):
    """Return ``value`` with the characters that no screen shows written out (``\\x00``)."""
    return repr(value)[1:-1]


def number(value, mark="", is_money=False):
    """Return a finite ``Decimal`` of less than 10^15, or ``None`` for nothing or what is no number.

    :param mark: see ``amounts.read_amount``, as ``is_money``
    """
    if type(value) is float or type(value) is int:
        value = repr(value) if -1e15 < value < 1e15 else ""
    if type(value) is not str:
        return None
    try:
        if mark != ",":
            return _number(value) if len(value) <= MAX_REMEMBERED else _read_number(value)
    except ValueError:
        pass
    try:
        return read_amount(value, mark, is_money)
    except ValueError:
        return None


def _read_number(value):
    value = value.strip()
    if not _NUMBER.fullmatch(value):
        raise ValueError
    result = Decimal(value)
    if result.adjusted() >= 15:
        raise ValueError
    return result


def moment(value):
    """Return a naive UTC ``datetime`` without fractions, or ``None``.

    A bare date is noon UTC, so that no time zone moves the day; a time without zone is UTC. What old systems write for
    no date is nothing.
    """
    if type(value) is not str:
        return None
    try:
        return _moment(value) if len(value) <= MAX_REMEMBERED else _read_moment(value)
    except (ValueError, OverflowError):
        return None


def _read_moment(value):
    found = _MOMENT.fullmatch(value.strip())
    if is_no_date(value):
        raise ValueError
    if not found:
        return read_date(value)
    year, month, day, hour, minute, second, _utc, sign, zone_hours, zone_minutes = found.groups()
    if not "1900" <= year <= "2200":
        raise ValueError
    result = datetime(
        int(year),
        int(month),
        int(day),
        int(hour) if hour else 12,
        int(minute or 0),
        min(int(second or 0), 59),
    )
    if sign and (zone_hours != "00" or zone_minutes != "00"):
        offset = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
        result = result - offset if sign == "+" else result + offset
    return result


# A list of orders holds few distinct amounts and quantities, most of them zero, and each of its moments several times.
# What is neither is not remembered: an exception is not, and it might be something of a person.
_number = lru_cache(maxsize=4096)(_read_number)
_moment = lru_cache(maxsize=1024)(_read_moment)


def flag(value):
    """Return whether ``value`` says yes: ``Y``, ``true``, ``1`` in any spelling."""
    if value is None or value == "N":
        return False
    return value is True or (type(value) in (str, int) and str(value).strip().lower() in _YES)


def first(raw, *keys):
    """Return the first value among ``keys`` that is neither absent nor empty, else ``None``."""
    for key in keys:
        value = raw.get(key)
        if value not in (None, "", [], {}):
            return value
    return None


def maps(value):
    """Return the objects of a list, or of a map's values; whatever else they hold is passed over."""
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return []
    return [item for item in value if isinstance(item, dict)]


def _plain(value):
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


class Fields:
    """One object of a clean answer, read field by field; what cannot be read is said in ``problems``.

    :param where: what the object is, to begin a problem's sentence with (``Line 2``)
    :param mark: what stands before the decimals of its numbers, see ``amounts.decimal_mark``
    """

    __slots__ = ("raw", "problems", "where", "mark")

    def __init__(self, raw, problems, where="", mark=""):
        self.raw = raw
        self.problems = problems
        self.where = where
        self.mark = mark

    def text(self, key):
        value = self.raw.get(key)
        if value is None:
            return ""
        if type(value) is str and len(value) <= MAX_SHORT and value.isprintable():
            return value.strip()
        if value and isinstance(value, (dict, list)):
            self.say(_("%(field)s is not text.", field=key))
        return text(value)

    def code(self, key):
        """Return the text of a name or code; ``""`` where it only says that there is none."""
        value = self.text(key)
        return "" if is_nothing(value) else value

    def note(self, key):
        value = self.raw.get(key)
        if value is None:
            return ""
        if type(value) is str and len(value) <= MAX_SHORT and value.isprintable():
            return value.strip()
        return clean_text(value if type(value) is str else _plain(value), looked_up=True).strip()

    def flag(self, key):
        return flag(self.raw.get(key))

    def number(self, key):
        """Return a quantity or another plain number."""
        return self._number(key, is_money=False)

    def money(self, key):
        """Return an amount, beside which its currency may stand."""
        return self._number(key, is_money=True)

    def _number(self, key, is_money):
        value = self.raw.get(key)
        if value is None or value == "" or value == []:
            return None
        result = number(value, self.mark, is_money)
        if result is None and not is_nothing(str(value).strip()):
            self.say(_("%(field)s is not a number (%(value)s).", field=key, value=text(value, 40)))
        return result

    def moment(self, key):
        value = self.raw.get(key)
        if value is None or value == [] or value == "":
            return None
        result = moment(value)
        if result is None and not _says_no_moment(value):
            self.say(_("%(field)s is not a date (%(value)s).", field=key, value=text(value, 40)))
        return result

    def say(self, problem):
        """Add a problem, a ``Text``, with where it is."""
        self.problems.append(labelled(self.where, problem) if self.where else problem)


def _says_no_moment(value):
    return type(value) is str and (is_nothing(value.strip()) or is_no_date(value))

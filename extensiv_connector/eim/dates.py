"""Dates as people's exports write them, where they can only mean one day, and those that mean none.

EIM's own are ISO 8601 and read elsewhere, faster.
"""

import re
from datetime import date, datetime, timedelta

FIRST_YEAR = 1980  # nothing that a cart sells is older, nor is a cart
LAST_YEAR = 2200
NOON = 12  # of a bare date, so that no time zone moves the day
MAX_LENGTH = 50  # characters of what is still a date

# What systems hold where there is no date, as day, month and year in the order of their size.
_NO_DATES = frozenset({
    (0, 0, 0), (0, 0, 1900), (1, 1, 1), (1, 1, 1753), (1, 1, 1900), (2, 1, 1900), (1, 2, 1900), (12, 30, 1899),
    (12, 31, 1899), (1, 1, 1970), (12, 31, 1969), (12, 31, 9999), (1, 1, 9999),
})  # fmt: skip
_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_LONG_MONTHS = "january february march april may june july august september october november december sept".split()

_CLOCK = r"(?P<hour>\d\d?):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,]\d+)?)?(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
_TIME = rf"(?:(?:[T ]|, ?| at ){_CLOCK})?"
_ZONE = r"(?: ?(?:(?P<utc>Z|UTC|GMT)|(?P<sign>[-+])(?P<zone_hours>\d\d):?(?P<zone_minutes>\d\d)))?"
_NUMERIC = re.compile(rf"(?P<a>\d{{1,4}})(?P<mark>[-/.])(?P<b>\d\d?)(?P=mark)(?P<c>\d{{1,4}}){_TIME}{_ZONE}", re.ASCII)
_COMPACT = re.compile(rf"(?P<a>\d{{4}})(?P<b>\d\d)(?P<c>\d\d){_TIME}{_ZONE}", re.ASCII)
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
_DAY = r"(?P<day>\d\d?)(?:st|nd|rd|th)?"
_MONTH = r"(?P<month>[a-z]{3,9})\.?"
_DAY_AND_NAME = re.compile(
    rf"{_WEEKDAY}{_DAY}[ .\-/]{{1,2}}{_MONTH},?[ .\-/]{{1,2}}(?P<year>\d{{4}}){_TIME}{_ZONE}",
    re.ASCII | re.IGNORECASE,
)
_NAME_AND_DAY = re.compile(
    rf"{_WEEKDAY}{_MONTH}[ \-/]{_DAY},?[ \-/](?P<year>\d{{4}}){_TIME}{_ZONE}", re.ASCII | re.IGNORECASE
)
_HEAD = re.compile(r"(\d{1,4})[-/.](\d{1,4})[-/.](\d{1,4})(?!\d)|(\d{4})(\d\d)(\d\d)(?!\d)", re.ASCII)


def is_no_date(value):
    """Whether a text is what a system writes where it has no date: ``0000-00-00``, ``1900-01-01``, ``12/30/1899``."""
    found = _HEAD.match(value.strip()) if len(value) <= MAX_LENGTH else None
    return bool(found) and tuple(sorted(int(part) for part in found.groups() if part is not None)) in _NO_DATES


def read_date(value):
    """Return the naive UTC ``datetime`` that a text means; a bare date is noon.

    :raise ValueError: it is none, or may be two
    """
    if len(value) > MAX_LENGTH:
        raise ValueError
    text = " ".join(value.split())
    found = _NUMERIC.fullmatch(text) or _COMPACT.fullmatch(text)
    if found:
        days = _numeric_days(found["a"], found["b"], found["c"])
    else:
        found = _DAY_AND_NAME.fullmatch(text) or _NAME_AND_DAY.fullmatch(text)
        days = _named_days(found) if found else set()
    if len(days) != 1:
        raise ValueError
    [day] = days
    return _at_time(day, found)


def _numeric_days(first, second, third):
    """Return the days that three numbers can mean: the year first or last, and day and month either way round."""
    if len(first) > 2:
        orders = [(first, second, third)]
    elif len(third) > 2:
        orders = [(third, first, second), (third, second, first)]
    else:
        orders = [
            (f"20{third:0>2}", first, second),
            (f"20{third:0>2}", second, first),
            (f"20{first:0>2}", second, third),
        ]
    days = {_day(int(year), int(month), int(day)) for year, month, day in orders}
    return days - {None}


def _named_days(found):
    name = found["month"].lower()
    if name not in _MONTHS and name not in _LONG_MONTHS:
        return set()
    day = _day(int(found["year"]), _MONTHS[name[:3]], int(found["day"]))
    return {day} if day else set()


def _day(year, month, day):
    if not FIRST_YEAR <= year <= LAST_YEAR:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _at_time(day, found):
    """Return a day's moment as ``found`` says it.

    :raise ValueError: there is no such time
    """
    if not found["hour"]:
        return datetime(day.year, day.month, day.day, NOON)
    hour = int(found["hour"])
    if found["half"]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if found["half"] in "Pp" else 0)
    moment = datetime(day.year, day.month, day.day, hour, int(found["minute"]), min(int(found["second"] or 0), 59))
    if not found["sign"]:
        return moment
    offset = timedelta(hours=int(found["zone_hours"]), minutes=int(found["zone_minutes"]))
    return moment - offset if found["sign"] == "+" else moment + offset

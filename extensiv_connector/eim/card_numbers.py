"""Numbers of payment cards in any text, however they are written, and the expiry and CVV beside them.

A card number is what begins as a network's numbers do, is as long as that network issues them, and has the right
check digit (Luhn); one number in ten has it by chance. So what looks like ordinary data of an order by its form is left
alone: a GTIN, a phone after its ``+``, the fraction of a decimal, phones and dates and Amazon's order numbers in a row.
"""

import html
import re
import unicodedata
from itertools import pairwise
from urllib.parse import unquote

MASK = "****"
MASK_BESIDE = "**"  # not longer than the shortest that it stands for, so that masking never makes a text longer
LEAST = 12  # digits, and so characters, of the shortest number
LONGEST = 19
_GTIN_LENGTHS = (12, 13)  # Visa and Maestro issued such numbers long ago, shops number their goods so every day
_PHONE_LENGTH = 15  # digits of a phone in international form, at most

_NETWORK = re.compile(
    r"""
      4(?:\d{12}|\d{15}|\d{18})                                            # Visa: 13, 16, 19
    | (?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}       # Mastercard: 16
    | 3[47]\d{13}                                                          # American Express: 15
    | (?:30[0-5]\d|3095|36\d\d|3[89]\d\d)\d{10,15}                          # Diners Club: 14 to 19
    | 35(?:2[89]|[3-8]\d)\d{12,15}                                         # JCB: 16 to 19
    | (?:6011|64[4-9]\d|65\d\d|62\d\d|81[0-6]\d|817[01])\d{12,15}             # Discover, UnionPay: 16 to 19
    | (?:5018|5020|5038|5893|6304|6759|676[1-3])\d{8,15}                    # Maestro: 12 to 19
    | 220[0-4]\d{12,15}                                                    # Mir: 16 to 19
    | (?:60\d\d|508\d|8[12]\d\d|5019|506\d|507[89]|63[6-9]\d)\d{12}            # RuPay, Dankort, Verve, Elo …: 16
    """,
    re.VERBOSE | re.ASCII,
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)

# What may stand between two digits: any few characters that are neither letters nor digits, or &nbsp; and the like.
_MAY_HOLD = re.compile(r"[2-68](?<![0-9].)(?=[^A-Za-z]{11})(?:[^0-9A-Za-z]{0,5}[0-9]){11}", re.DOTALL)
# Other digits, too, and what NFKC makes digits of
_MAY_HOLD_OTHER = re.compile(
    r"[2-68\x80-\U0010ffff](?<![0-9].)(?=[^A-Za-z]{11})(?:[\W_]{0,5}[\d²³¹⁰-⁹₀-₉①-⒛⓪\U0001f100-\U0001f10a]){11}",
    re.DOTALL,
)
_RUN = re.compile(r"\d(?:(?:[\W_]{0,5}|&[A-Za-z]{2,6};)\d){11,}")
_ESCAPED = re.compile(r"\\+(?:u([0-9a-fA-F]{4})|[nrt])")
_DIGITS = re.compile(r"\d+")
_FRACTION = re.compile(r"(?<![\d.])\d{1,4}\.$")
_OWN_GROUPS = ([4, 6, 5], [4, 6, 4])  # American Express, Diners Club
_AMAZON_ORDER = [3, 7, 7]
_PLAIN_GAPS = frozenset("_~\N{MINUS SIGN}\N{MIDDLE DOT}\N{BULLET}\t\r\n")

_EXPIRY = r"(?:0?[1-9]|1[0-2])\s?[/.\-]\s?(?:20)?\d\d|20\d\d\s?[/\-]\s?(?:0[1-9]|1[0-2])"
_MONTH = r"(?:jan|feb|mar|apr|ma[iy]|jun|jul|aug|sep|o[ck]t|nov|de[cz])[a-z]*[\W_]{0,3}(?:20)?\d\d"
_SHORT = r"\d{6}|\d{3,4}"  # a CVV, or an expiry without a sign between
_END = r"(?![\w/]|[.,]\d)"
_WHOLE_SHORT = re.compile(rf"\s*(?:{_EXPIRY}|{_SHORT})\s*", re.ASCII)
_AFTER = re.compile(rf"(\*{{4}})(?:[\W_]{{1,5}}(?:{_EXPIRY}|{_SHORT}){_END}){{1,4}}")
_BEFORE = re.compile(rf"(?:(?<![\w/.,])(?:{_EXPIRY}|{_SHORT})[\W_]{{1,5}}){{1,4}}(\*{{4}})")
_TRACK = re.compile(r"(\*{4})(?:=|\^[^^?]*\^)[^?;\s]*")
_EXPIRY_ANYWHERE = re.compile(rf"(?<![\w/.\-])(?:{_EXPIRY}){_END}")
_LABELLED = re.compile(
    r"((?<![a-z])(?:c\W?v\W?[vcnd]2?|cid|csc|cvx2?|pin|pr(?:ü|ue)f(?:ziffer|nummer)"
    r"|(?:security|sec\.?|verification|card|3[ -]?digit)[\s_-]?(?:code|value|no|number)"
    r"|exp(?:\.|iry|ires?|iration|ir)?(?:[\s_-]?(?:date|month|year))?|(?:valid|good)[\s_-]?(?:thru|through|until|to)"
    r"|g(?:ü|ue)ltig(?:\sbis)?|mm\s?/\s?yy(?:yy)?)(?![a-z])[^\d\n]{0,12}?)"
    rf"(?:{_EXPIRY}|{_MONTH}|{_SHORT}|\d\d)(?!\d)",
    re.IGNORECASE,
)


def may_hold(text):
    """Return whether ``text`` may hold a card number; it is quick, and sure where it says no."""
    pattern = _MAY_HOLD if text.isascii() else _MAY_HOLD_OTHER
    return pattern.search(text) is not None or ("&" in text and ";" in text) or "\\" in text


def mask(text):
    """Return ``text`` with card numbers, and what stands beside them, masked; the same object where there are none."""
    for readable in _readings(text):
        masked = _mask_numbers(readable)
        if masked is not readable:
            # Once more: without the one, another may be seen.
            return mask(_mask_beside(unicodedata.normalize("NFKC", masked)))
    return text


def mask_labelled(text):
    """Return ``text``, which stands beside a card number, with a CVV or expiry masked that is named as such."""
    return _LABELLED.sub(rf"\1{MASK_BESIDE}", text)


def is_expiry_or_code(text):
    """Return whether ``text`` as a whole can be the expiry or the CVV of a card."""
    return bool(_WHOLE_SHORT.fullmatch(text))


def is_card_number(digits):
    """Return whether ``digits`` begin as a network's numbers do, are as long as those, and have their check digit."""
    if not _NETWORK.fullmatch(digits):
        return False
    values = [int(digit) for digit in digits]
    return (sum(values[-1::-2]) + sum(_DOUBLED[value] for value in values[-2::-2])) % 10 == 0


def _readings(text):
    """Yield ``text`` as it stands and, where that is another, as a browser and a reader make of it."""
    yield text
    readable = unquote(text) if "%" in text else text
    readable = html.unescape(readable) if "&#" in readable else readable
    readable = _ESCAPED.sub(_unescape, readable) if "\\" in readable else readable
    readable = readable if readable.isascii() else unicodedata.normalize("NFKC", readable)
    if readable != text:
        yield readable


def _unescape(found):
    char = chr(int(found[1] or "20", 16))
    return char if char.isprintable() else " "


def _mask_numbers(text):
    pieces = []
    end = 0
    for run in _RUN.finditer(text):
        for start, stop in _find(text, *run.span()):
            if start >= end:
                pieces += [text[end:start], MASK]
            end = max(end, stop)
    return "".join([*pieces, text[end:]]) if pieces else text


def _find(text, start, end):
    """Yield ``(start, end)`` of each card number among the digits of ``text[start:end]``, in their order."""
    groups = [found.span() for found in _DIGITS.finditer(text, start, end)]
    for first, (begin, _end) in enumerate(groups):
        digits = ""
        longest = None
        for last, (group_begin, group_end) in enumerate(groups[first : first + LONGEST], first + 1):
            digits += _ascii(text[group_begin:group_end])
            if len(digits) > LONGEST or digits[0] in "0179":
                break
            if len(digits) < LEAST or not is_card_number(digits) or _ends_amazon_order(text, groups, first, last):
                continue
            if _is_written_so(text, groups[first:last], digits):
                longest = group_end
        if longest:
            yield begin, longest


def _ends_amazon_order(text, groups, first, last):
    """Return whether ``groups[first:last]`` are the last two of three that make one of Amazon's order numbers."""
    three = groups[max(first - 1, 0) : last]
    gaps = {text[end:start] for (_, end), (start, _) in pairwise(three)}
    return first > 0 and [end - start for start, end in three] == _AMAZON_ORDER and gaps == {"-"}


def _ascii(digits):
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)


def _is_written_so(text, groups, digits):
    """Return whether the digits stand there as those of a card do, and not as other data of an order does."""
    begin = groups[0][0]
    if text[begin - 1 : begin] == "+" and len(digits) <= _PHONE_LENGTH:
        return False
    if len(groups) == 1:
        is_gtin = len(digits) in _GTIN_LENGTHS and _has_gtin_check(digits)
        return not is_gtin and not _FRACTION.search(text[max(begin - 6, 0) : begin])
    sizes = [end - start for start, end in groups]
    gaps = {text[end:start] for (_, end), (start, _) in pairwise(groups)}
    plain = all(_is_plain(char) for gap in gaps for char in gap)
    regular = sizes in _OWN_GROUPS or (len(set(sizes[:-1])) == 1 and sizes[-1] <= sizes[0])
    if regular and (sizes[0] > 3 or plain or len(gaps) == 1):
        return True
    # Numbers that stand in a row by chance are told from one that is written in groups.
    if not plain or len(digits) < 14 or sizes == _AMAZON_ORDER:
        return False
    parts = [_ascii(text[start:end]) for start, end in groups]
    return not any(_is_phone(*three) or _is_date(*three) for three in zip(parts, parts[1:], parts[2:], strict=False))


def _is_plain(char):
    """Return whether a character is a blank, a dash of any kind, or shows nothing."""
    return char in _PLAIN_GAPS or unicodedata.category(char) in ("Zs", "Zl", "Zp", "Pd", "Cf", "Mn")


def _is_phone(area, exchange, line):
    return (len(area), len(exchange), len(line)) == (3, 3, 4) and area[0] > "1" and exchange[0] > "1"


def _is_date(first, second, third):
    year = first if len(first) == 4 else third
    others = (second, third) if year is first else (first, second)
    return (
        len(year) == 4 and "1900" <= year < "2200" and all(len(part) <= 2 and 1 <= int(part) <= 31 for part in others)
    )


def _has_gtin_check(digits):
    values = [int(digit) for digit in digits]
    return (sum(values[-1::-2]) + 3 * sum(values[-2::-2])) % 10 == 0


def _mask_beside(text):
    text = mask_labelled(_TRACK.sub(r"\1", text))
    text = _BEFORE.sub(r"\1", _AFTER.sub(r"\1", text))
    return _EXPIRY_ANYWHERE.sub(MASK_BESIDE, text)

"""What carts write of addresses: HTML in place of letters, streets in other lines, postcodes and what they say."""

import html
import re

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")

# What a line of an address begins or ends with that says where in a building, and no street.
_UNIT = re.compile(
    r"""
    (?:apt|apartment|appt|appartement|apto|suite|ste|unit|room|rm|floor|fl|flr|level|lvl|bldg|building|block|blk|tower
      |lot|gate|bay|dock|door|entrance|stair|staircase|flat|penthouse|ph|lobby|dept|department|box|slot|space|spc|trailer
      |trlr|hangar|wing|etage|stock|stiege|top|wohnung|whg|tur|haus|geb|gebaude|piso|planta|puerta|escalera|esc|local
      |oficina|interior|int|bloque|bloco|andar|sala|conjunto|batiment|bat|bât|étage|porte|escalier|scala|interno|piano
      |bus|verdieping|attn|attention|c/o|care\s+of|co|zh|z\.\s?h)\b
    | \#
    | \d+(?:st|nd|rd|th|\.|º|er|e|ème|eme)?\s*(?:floor|fl|flr|og|etage|stock|piso|andar|étage|verdieping)\b
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PO_BOX = re.compile(
    r"(?:p\.?\s*o\.?\s*box|post\s*office\s*box|postfach|apartado|caixa\s+postal|casella\s+postale|postbus|boite\s+postale|b\.?p\.?\s*\d|gpo\s+box|packstation|postfiliale)",
    re.IGNORECASE,
)
# 510 Milpas St; 12-14 Rue X; 221B Baker Street
_NUMBER_FIRST = re.compile(
    r"\d{1,6}(?:[-/]\d{1,6})?\s?[A-Za-z]?,?\s+(?!(?:st|nd|rd|th)\b|(?:bis|ter|quater)$)"
    r"(?:[^\W\d_]{2}.*|[^\W\d_]\W.+)",  # not a number with its letter, 12 B
    re.IGNORECASE,
)
# Hauptstraße 5; Calle Mayor, 12 B; Via Roma 3/A
_NUMBER_LAST = re.compile(r"[^\W\d_][^\d]{2,}\s\d{1,5}\s?(?:[A-Za-z]|[-/]\s?\w{1,4})?", re.IGNORECASE)


def read_entities(text):
    """Return ``text`` with its HTML entities read, once: ``&amp;eacute;`` is ``&eacute;``.

    Only those that a semicolon ends, or ``AT&TRADE`` would be a sign.
    """
    return _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text


def arrange_lines(lines, names=()):
    """Return the lines of an address with the street first, and without empty ones.

    :param lines: the lines as they came
    :param names: of person and company, folded: a first line that repeats one of them, above a street, says no more
    """
    lines = [line for line in lines if line]
    if len(lines) > 1 and not is_street(lines[0]):
        street = next((place for place, line in enumerate(lines) if is_street(line)), 0)
        if street and " ".join(lines[0].split()).casefold() in names:
            lines = lines[1:]
            street -= 1
        if street and _says_no_street(lines[0]):
            lines = [lines[street], *lines[:street], *lines[street + 1 :]]
    return lines


def is_street(line):
    """Whether a line of an address is surely a street with its number, or the box that stands for one."""
    if _PO_BOX.match(line):
        return True
    if _UNIT.match(line):
        return False
    return bool(_NUMBER_FIRST.fullmatch(line) or _NUMBER_LAST.fullmatch(line))


def _says_no_street(line):
    return bool(_UNIT.match(line)) or not any(map(str.isdigit, line))


# -- postcodes

# US: the first three digits of a ZIP code, of each state.
_US_ZIPS = {
    "AL": "350-352 354-369", "AK": "995-999", "AZ": "850-853 855-857 859-860 863-865", "AR": "716-729",
    "CA": "900-908 910-928 930-961", "CO": "800-816", "CT": "060-069", "DE": "197-199", "DC": "200 202-205 569",
    "FL": "320-339 341-342 344 346-347 349", "GA": "300-319 398-399", "HI": "967-968", "ID": "832-838",
    "IL": "600-620 622-629", "IN": "460-479", "IA": "500-516 520-528", "KS": "660-662 664-679", "KY": "400-427",
    "LA": "700-701 703-708 710-714", "ME": "039-049", "MD": "206-212 214-219", "MA": "010-027 055", "MI": "480-499",
    "MN": "550-551 553-567", "MS": "386-397", "MO": "630-631 633-641 644-658", "MT": "590-599", "NE": "680-681 683-693",
    "NV": "889-891 893-895 897-898", "NH": "030-038", "NJ": "070-089", "NM": "870-871 873-875 877-884",
    "NY": "005 063 100-149", "NC": "270-289", "ND": "580-588", "OH": "430-459", "OK": "730-731 734-741 743-749",
    "OR": "970-979", "PA": "150-191 193-196", "PR": "006-007 009", "RI": "028-029", "SC": "290-299", "SD": "570-577",
    "TN": "370-385", "TX": "733 750-770 772-799 885", "UT": "840-847", "VT": "050-054 056-059",
    "VA": "201 220-246", "WA": "980-986 988-994", "WV": "247-268", "WI": "530-532 534-535 537-549", "WY": "820-831",
}  # fmt: skip
# Canada: the first letter of a postal code, of each province.
_CA_LETTERS = {
    "NL": "A", "NS": "B", "PE": "C", "NB": "E", "QC": "GHJ", "ON": "KLMNP", "MB": "R", "SK": "S", "AB": "T", "BC": "V",
    "NU": "X", "NT": "X", "YT": "Y",
}  # fmt: skip
# Australia: ranges of postcodes, of each state.
_AU_CODES = {
    "NSW": "1000-2599 2619-2899 2921-2999", "ACT": "0200-0299 2600-2618 2900-2920", "VIC": "3000-3999 8000-8999",
    "QLD": "4000-4999 9000-9999", "SA": "5000-5999", "WA": "6000-6999", "TAS": "7000-7999", "NT": "0800-0999",
}  # fmt: skip
# How postcodes look where the whole name of a state tells the country.
_FORMATS = {
    "US": r"\d{5}(?:-?\d{4})?", "CA": r"[A-Z]\d[A-Z]\d[A-Z]\d", "AU": r"\d{4}", "DE": r"\d{5}", "AT": r"\d{4}",
    "CH": r"\d{4}", "IT": r"\d{5}", "ES": r"\d{5}", "FR": r"\d{5}", "NL": r"\d{4}[A-Z]{2}", "BE": r"\d{4}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}", "IE": r"[A-Z]\d[\dW][A-Z\d]{4}", "SE": r"\d{5}", "NO": r"\d{4}",
    "FI": r"\d{5}", "PL": r"\d{2}-?\d{3}", "PT": r"\d{4}-?\d{3}", "BR": r"\d{5}-?\d{3}", "MX": r"\d{5}",
    "JP": r"\d{3}-?\d{4}", "CN": r"\d{6}", "IN": r"\d{6}", "RU": r"\d{6}", "KR": r"\d{5}", "NZ": r"\d{4}",
    "TR": r"\d{5}", "TH": r"\d{5}", "MY": r"\d{5}", "ID": r"\d{5}", "RO": r"\d{6}", "AR": r"[A-Z]?\d{4}(?:[A-Z]{3})?",
}  # fmt: skip


def is_of_state(country, state, postcode):
    """Whether a postcode is one of a state's; ``None`` where nothing is known of the country's postcodes.

    :param country: its ISO-2 code
    :param state: its code, without the country's
    """
    code = re.sub(r"\s", "", postcode).upper()
    if country not in ("US", "CA", "AU"):
        return None
    if not re.fullmatch(_FORMATS[country], code):
        return False
    if country == "CA":
        return code[0] in _CA_LETTERS.get(state, "")
    ranges = (_US_ZIPS if country == "US" else _AU_CODES).get(state, "")
    digits = code[:3] if country == "US" else code
    return any(_is_within(digits, each) for each in ranges.split())


def is_abroad_too(country, state, postcode):
    """Whether another country has a state of this code with such postcodes: Trento's are as those of Memphis, TN."""
    return (country, state) == ("US", "TN") and re.fullmatch(r"38[01]\d\d", postcode.strip()) is not None


def has_format(country, postcode):
    """Whether a postcode looks as those of a country do; False of a country whose format is not known."""
    form = _FORMATS.get(country)
    return bool(form) and bool(re.fullmatch(form, re.sub(r"\s", "", postcode).upper()))


def _is_within(digits, each):
    first, _dash, last = each.partition("-")
    return first <= digits <= (last or first)

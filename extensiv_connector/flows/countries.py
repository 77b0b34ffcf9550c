"""Countries and states by whatever EIM calls them: ISO codes, names in English and in the company's language."""

import re
import unicodedata
from functools import lru_cache

from babel import Locale
from babel.core import get_global

# What people and shops write beside the ISO codes, Babel's English names and Odoo's own.
COMMON_NAMES = {
    "america": "US",
    "cape verde": "CV",
    "czech republic": "CZ",
    "england": "GB",
    "great britain": "GB",
    "holland": "NL",
    "hong kong": "HK",
    "korea": "KR",
    "macao": "MO",
    "macau": "MO",
    "myanmar": "MM",
    "republic of ireland": "IE",
    "republic of korea": "KR",
    "scotland": "GB",
    "swaziland": "SZ",
    "turkey": "TR",
    "united states of america": "US",
    "wales": "GB",
}


@lru_cache(maxsize=1)
def _code_by_key():
    """Return ``{place_key: ISO-2 code}`` of ISO-3 and withdrawn codes (Babel's aliases) and of English names.

    A withdrawn code that several countries followed (``SUN``) says nothing.
    """
    territories = Locale("en").territories
    aliases = get_global("territory_aliases")
    return {
        **{alias.casefold(): codes[0] for alias, codes in aliases.items() if len(codes) == 1},
        **{place_key(name): code for code, name in territories.items() if len(code) == 2},
        **COMMON_NAMES,
    }


def place_key(text):
    """Return a place's name or code for comparing: case, accents, dots, dashes and "the" do not count."""
    characters = unicodedata.normalize("NFKD", text or "")
    plain = "".join(character for character in characters if not unicodedata.combining(character))
    words = re.sub(r"[\W_]+", " ", re.sub(r"[.'’]", "", plain.casefold()).replace("&", " and ")).split()
    return " ".join(words[1:] if words[:1] == ["the"] else words)


def find_countries(env, texts):
    """Find countries by ISO-2 code, ISO-3 code or name.

    :param texts: what EIM sent, any number of texts
    :return: ``{text: country}`` of those that are known
    """
    keys = {text: place_key(text) for text in texts if text}
    codes = {
        key: [code for code in (key.upper(), _code_by_key().get(key, "")) if len(code) == 2] for key in keys.values()
    }
    # Odoo's own list decides: Babel also knows the European Union and other places that are no country.
    wanted = list({code for pair in codes.values() for code in pair})
    by_code = {country.code: country for country in env["res.country"].search_fetch([("code", "in", wanted)], ["code"])}
    by_key = {key: next((by_code[code] for code in pair if code in by_code), None) for key, pair in codes.items()}
    if not all(by_key.values()):
        by_name = _countries_by_name(env)
        by_key = {key: country or by_name.get(key) for key, country in by_key.items()}
    return {text: by_key[key] for text, key in keys.items() if by_key[key]}


def _countries_by_name(env):
    """Return ``{place_key: country}`` of Odoo's names, in English and in the company's language."""
    by_name = {}
    for lang in dict.fromkeys(["en_US", env.company.partner_id.lang or "en_US"]):
        for country in env["res.country"].with_context(lang=lang).search_fetch([], ["name"]):
            by_name.setdefault(place_key(country.name), country.with_env(env))
    return by_name


def find_states(countries):
    """Return ``{(country id, place_key): state}`` of the countries' states, by code and by name.

    Codes with and without the country (``US-CA``); a code goes before another state's name.
    """
    if not countries:
        return {}
    states = countries.env["res.country.state"].search_fetch(
        [("country_id", "in", countries.ids)], ["code", "name", "country_id"], order="id"
    )
    found = {}
    for state in states:
        country = place_key(state.country_id.code)
        code = place_key(state.code).removeprefix(f"{country} ")
        found.setdefault((state.country_id.id, code), state)
        found.setdefault((state.country_id.id, f"{country} {code}"), state)
    for state in states:
        for name in (state.name, state.name.partition("(")[0]):
            found.setdefault((state.country_id.id, place_key(name)), state)
    return found

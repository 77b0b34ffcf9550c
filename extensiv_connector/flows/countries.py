"""Countries and states by whatever EIM calls them, among those that Odoo has."""

from collections import defaultdict

from ..eim.places import country_codes, is_uk_nation, own_country, place_key, state_names
from ..eim.postal import has_format, is_abroad_too, is_of_state


def find_countries(env, texts):
    """Find countries by ISO-2 code, ISO-3 code or name, in English, the company's language or the country's own.

    :param texts: what EIM sent, any number of texts
    :return: ``{text: country}`` of those that are known
    """
    codes = {text: country_codes(text) for text in texts if text and place_key(text)}
    found = _by_code(env, codes)
    if missing := codes.keys() - found.keys():
        by_name = _countries_by_name(env)
        found.update({text: by_name[place_key(text)] for text in missing if place_key(text) in by_name})
    if missing := codes.keys() - found.keys():
        found.update(_by_code(env, {text: [own_country(text)] for text in missing}))
    return found


def _by_code(env, codes):
    """Return ``{text: country}`` of ``{text: ISO-2 codes, the surest first}``.

    Odoo's own list decides: Babel also knows the European Union and other places that are no country.
    """
    wanted = list({code for each in codes.values() for code in each if code})
    by_code = {country.code: country for country in env["res.country"].search_fetch([("code", "in", wanted)], ["code"])}
    found = {text: next(filter(None, map(by_code.get, each)), None) for text, each in codes.items()}
    return {text: country for text, country in found.items() if country}


def _countries_by_name(env):
    """Return ``{place_key: country}`` of Odoo's names, in English and in the company's language."""
    by_name = {}
    for lang in dict.fromkeys(["en_US", env.company.partner_id.lang or "en_US"]):
        for country in env["res.country"].with_context(lang=lang).search_fetch([], ["name"]):
            by_name.setdefault(place_key(country.name), country.with_env(env))
    return by_name


def find_states(countries):
    """Return ``{(country id, place_key): state}`` of the countries' states, by code and by name.

    Codes with and without the country (``US-CA``); a code goes before another state's name, and Odoo's name of a state
    before what another is also called.
    """
    if not countries:
        return {}
    states = countries.env["res.country.state"].search_fetch(
        [("country_id", "in", countries.ids)], ["code", "name", "country_id"], order="id"
    )
    found = {}
    for state in states:
        country = place_key(state.country_id.code)
        code = _bare_code(state)
        found.setdefault((state.country_id.id, code), state)
        found.setdefault((state.country_id.id, f"{country} {code}"), state)
    for state in states:
        for name in (state.name, state.name.partition("(")[0]):
            found.setdefault((state.country_id.id, place_key(name)), state)
    for state in states:
        for name in state_names(state.country_id.code, state.code):
            found.setdefault((state.country_id.id, place_key(name)), state)
    return found


def infer_countries(env, pairs):
    """Return ``{(state, postcode): country}`` of those that leave no doubt.

    No doubt is left by a postcode that is one of the very state's; where nobody knows the postcodes of each state, by
    the whole name of a state that no other country has, and a postcode that looks as that country's do.

    :param pairs: states and postcodes as EIM sent them, of addresses that name no country
    """
    keys = {pair: place_key(pair[0]) for pair in pairs if place_key(pair[0]) and pair[1]}
    if not keys:
        return {}
    by_code, by_name = _states_everywhere(env, set(keys.values()))
    inferred = {}
    for pair, key in keys.items():
        candidates = {(state.country_id.code, _bare_code(state).upper()) for state in by_code[key] | by_name[key]}
        sure = {
            country
            for country, state in candidates
            if is_of_state(country, state, pair[1]) and (by_name[key] or not is_abroad_too(country, state, pair[1]))
        }
        if not sure:
            named = {
                state.country_id.code
                for state in by_name[key]
                if is_of_state(state.country_id.code, _bare_code(state).upper(), pair[1]) is None
            }
            named |= {"GB"} if is_uk_nation(pair[0]) else set()
            sure = {country for country in named if has_format(country, pair[1])} if len(named) == 1 else set()
        if len(sure) == 1:
            inferred[pair] = sure.pop()
    countries = _by_code(env, {code: [code] for code in inferred.values()})
    return {pair: countries[code] for pair, code in inferred.items() if code in countries}


def _states_everywhere(env, keys):
    """Return the states of all countries by code and by name: twice ``{place_key: states}`` of ``keys``."""
    State = env["res.country.state"]
    by_code = defaultdict(State.browse)
    by_name = defaultdict(State.browse)
    for state in State.search_fetch([], ["code", "name", "country_id"]):
        code = _bare_code(state)
        for key in {code, f"{place_key(state.country_id.code)} {code}"} & keys:
            by_code[key] |= state
        names = [state.name, state.name.partition("(")[0], *state_names(state.country_id.code, state.code)]
        for key in {place_key(name) for name in names} & keys:
            # What is no longer than a code says no more than one.
            (by_name if len(key) > 3 else by_code)[key] |= state
    return by_code, by_name


def _bare_code(state):
    """Return a state's code for comparing, without the country's."""
    return place_key(state.code).removeprefix(f"{place_key(state.country_id.code)} ")

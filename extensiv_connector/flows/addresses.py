"""EIM's addresses in Odoo's terms: cleaned, with country, state and phone found.

Nothing that an address says raises: what cannot be understood is kept as text.
"""

import re
from dataclasses import dataclass, fields, replace

import phonenumbers

from odoo.addons.phone_validation.tools.phone_validation import phone_parse
from odoo.exceptions import UserError

from ..eim.persons import is_no_company, phone_extension, seems_person
from ..eim.places import is_uk_nation, place_key
from ..eim.postal import arrange_lines, read_entities
from ..eim.wire import REDACTED, Address
from .countries import find_countries, find_states, infer_countries

POSTAL = ("street", "street2", "city", "zip", "state_id", "country_id")

# Characters kept of each part. Odoo indexes a contact's name, and its name after its company's, with a btree,
# whose rows hold 2,700 bytes.
LIMIT = 200
LIMITS = {
    "company": 150,
    "first_name": 75,
    "last_name": 75,
    "email": 254,
    "phone": 64,
    "zip": 32,
    "country": 100,
}

WHO = ("company", "first_name", "last_name")
WHERE = ("address_1", "address_2", "address_3", "city", "zip", "state", "country")


@dataclass(frozen=True, slots=True)
class Place:
    """An address in Odoo's terms: ``phone`` as stored, ``number`` normalised; ``notes`` for a person."""

    name: str
    company: str
    email: str
    phone: str
    number: str
    extension: str
    street: str
    street2: str
    city: str
    zip: str
    state_id: int | bool
    country_id: int | bool
    notes: tuple[str, ...] = ()

    @property
    def postal(self):
        """The values of the postal address."""
        return {name: getattr(self, name) for name in POSTAL}


# -- comparing


def fold(text):
    """Return ``text`` for comparing: case and blanks do not count."""
    return " ".join((text or "").split()).casefold()


def zip_key(text):
    """Return a zip for comparing: without blanks, and without the extension that makes it more precise."""
    key = fold(text).replace(" ", "")
    return key[:5] if re.fullmatch(r"\d{5}-\d{4}", key) else key


def postal_key(values):
    """Return the values of a postal address (``POSTAL``) for comparing; a street may stand in either line."""
    street, *rest = arrange_lines([values["street"] or "", values["street2"] or ""]) or [""]
    return (
        fold(street),
        fold(", ".join(rest)),
        fold(values["city"]),
        zip_key(values["zip"]),
        values["state_id"],
        values["country_id"],
    )


# -- the two addresses of an order


def addresses_of(order):
    """Return the addresses of the buyer and of the delivery, cleaned, each filled up from the other.

    What billing leaves open is taken from the delivery where that does not name somebody else; no delivery
    address, or one that only names somebody, is the billing address.
    """
    billing, delivery = _name_persons(order, _clean(order.billing), _clean(order.delivery or Address()))
    if not any(_who(billing)) or _who(billing) == _who(delivery):
        billing = _filled(billing, delivery, [WHO, WHERE, ("phone",), ("email",)])
    if not any(_who(delivery)) and not _has(delivery, WHERE):
        return billing, billing
    return billing, _filled(delivery, billing, [WHERE])


def is_long(address):
    """Whether a part of ``address`` has to be shortened."""
    return any(len(text) > LIMITS.get(part, LIMIT) for part, text in _texts(address) if part != "title")


def _clean(address):
    """Return ``address`` without its title and what was redacted, blanks collapsed and over-long text cut.

    What stands for no company is none, nor is a person's own name.
    """
    parts = {
        part: "" if REDACTED in text.lower() else text[: LIMITS.get(part, LIMIT)].strip()
        for part, text in _texts(address)
    }
    person = fold(f"{parts['first_name']} {parts['last_name']}")
    company = parts["company"]
    if is_no_company(company) or (fold(company) == person and seems_person(company)):
        parts["company"] = ""
    return replace(address, **{**parts, "title": ""})


def _name_persons(order, *addresses):
    """Return cleaned ``addresses`` of an order, whose only name is a person's in the company's field, with that person.

    A buyer who says to be commercial is taken at their word.
    """
    names = {name for address in addresses for name in _who(address) if name}
    companies = {address.company for address in addresses if address.company}
    # An order need not say what kind of address it is delivered to.
    is_commercial = getattr(order, "ship_address_type", "").strip().upper().startswith("C")
    if len(names) != 1 or not companies or is_commercial or not seems_person(next(iter(companies))):
        return addresses
    return [
        replace(address, company="", last_name=address.company[: LIMITS["last_name"]]) if address.company else address
        for address in addresses
    ]


def _texts(address):
    return [(part.name, " ".join(read_entities(getattr(address, part.name)).split())) for part in fields(Address)]


def _who(address):
    return fold(address.company), fold(f"{address.first_name} {address.last_name}")


def _has(address, block):
    """Whether ``block`` is there; a state and a country alone are no address."""
    return any(getattr(address, part) for part in block if part not in ("state", "country"))


def _filled(address, other, blocks):
    """Return ``address`` with those of ``blocks`` that it does not have taken from ``other``."""
    missing = [part for block in blocks if not _has(address, block) and _has(other, block) for part in block]
    return replace(address, **{part: getattr(other, part) for part in missing})


# -- Odoo's terms


def read_places(company, addresses):
    """Return ``{address: Place}`` of cleaned addresses, with a few queries for all of them.

    :param company: the ``res.company`` whose country's habits hold for a phone without a country
    """
    env = company.env
    countries = find_countries(env, {address.country for address in addresses})
    inferred = infer_countries(env, {(address.state, address.zip) for address in addresses if not address.country})
    states = find_states(env["res.country"].union(*countries.values(), *inferred.values()))
    places = {}
    phones = {}
    for address in addresses:
        if address.country:
            country = countries.get(address.country, env["res.country"])
        else:
            country = inferred.get((address.state, address.zip), env["res.country"])
        phone = address.phone, country
        if phone not in phones:
            phones[phone] = _read_phone(*phone, company)
        places[address] = _read_place(address, country, states, *phones[phone])
    return places


def _read_place(address, country, states, phone, number):
    """Return ``address`` as a :class:`Place`.

    A state or country that is not found stands beside the city: there a label has it in about its place.
    """
    env = country.env
    notes = []
    state = states.get((country.id, place_key(address.state)))
    # A place without states repeats its own name ("Singapore").
    repeated = {place_key(text) for text in (address.city, country.name, country.code)}
    is_told = state or place_key(address.state) in repeated or (country.code == "GB" and is_uk_nation(address.state))
    lost_state = "" if is_told else address.state
    lost_country = "" if country else address.country
    if lost_state:
        notes.append(env._("The state “%s” is unknown; it is kept beside the city.", lost_state))
    if lost_country:
        notes.append(env._("The country “%s” is unknown; it is kept beside the city.", lost_country))
    if country and not address.country:
        notes.append(env._("The address names no country; by its state and postcode it is in %s.", country.name))
    name = " ".join(filter(None, [address.first_name, address.last_name]))
    lines = [address.address_1, address.address_2, address.address_3]
    street, *rest = arrange_lines(lines, {fold(name), fold(address.company)} - {""}) or [""]
    return Place(
        name=name,
        company=address.company,
        email=address.email,
        phone=phone,
        number=number,
        extension=phone_extension(address.phone),
        street=street,
        street2=", ".join(rest),
        city=", ".join(filter(None, [address.city, lost_state, lost_country])),
        zip=address.zip,
        state_id=state.id if state else False,
        country_id=country.id,
        notes=tuple(notes),
    )


def _read_phone(text, country, company):
    """Return ``text`` as it is stored, and its E.164 number or ``""``.

    The number is the one that Odoo finds for the stored text, by the company's country where the address has
    none. Only a text that loses nothing is rewritten: an extension or letters stay as they came.
    """
    try:
        parsed = phone_parse(text, (country or company.country_id).code)
    except UserError:
        return text, ""
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if re.fullmatch(r"\+?[\d\s().\-/]+", text) and (country or text.startswith("+")):
        text = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    return text, number

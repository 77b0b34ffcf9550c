"""Who is who: what a buyer, a company and an address of orders are recognised by, and what says nothing of anybody."""

from collections import defaultdict
from dataclasses import dataclass, field

from odoo.tools import SQL, email_normalize

from ..eim.persons import company_key, is_anybodys, is_same_company, phone_extension
from .addresses import POSTAL, fold, postal_key


@dataclass(eq=False, slots=True)
class Known:
    """A contact for orders of the batch: of the database (``record``), or to be created (``values``).

    The first seven are as compared; ``email`` and ``number`` are ``""`` where they are not one person's. ``parent``
    is the commercial entity; of a new address, its buyer.
    """

    name: str
    company: str
    email: str
    number: str
    extension: str
    phone: str
    postal: tuple
    parent: "Known | None" = None
    record: object = None
    values: dict = field(default_factory=dict)
    former: tuple = ()  # `Known`s that the contact was merged with

    @property
    def entity(self):
        """The commercial entity, whose addresses its people use too."""
        return self.parent or self

    @property
    def is_company(self):
        return self.record.is_company if self.record else self.values["is_company"]

    @property
    def company_names(self):
        """What its company is called, and was before it was merged with another."""
        return [self.company, *(known.name for known in self.entity.former if self.entity.is_company)]

    def identities(self):
        """Yield the keys by which a buyer is recognised, the surest first.

        Without e-mail and phone only the same name at the whole same address is the same buyer; a name alone
        is nobody.
        """
        if self.email:
            yield "email", self.name, self.email
        if self.number:
            yield "phone", self.name, self.number, self.postal[3]
        if not self.email and not self.number and self.postal[0]:
            yield "address", self.name, self.phone, self.postal

    def company_identities(self, person):
        """Yield the keys by which a company is recognised: its name and e-mail, phone, or street and zip.

        :param person: the `Known` whose e-mail and phone count: the company itself, or one of its people
        """
        for known in (self, *self.former):
            name = company_key(known.name)
            if person.email:
                yield "email", name, person.email
            if person.number:
                yield "phone", name, person.number, person.extension
            for postal in dict.fromkeys([self.postal, known.postal]):
                if postal[0] and postal[3]:
                    yield "address", name, postal[0], postal[3]

    def is_at(self, name, place):
        """Whether this is the address of ``name`` at ``place``.

        A phone that the order does not give is no difference; one kept as text is compared as text.
        """
        if self.name != name or self.postal != postal_key(place.postal):
            return False
        if place.phone.startswith("+") and place.number:
            return self.number == place.number
        return not place.phone or self.phone == fold(place.phone)

    def choose(self, found, identity):
        """Return the one of ``found``, which share an ``identity`` with this buyer, that is the buyer; or None.

        The person of another company is somebody else, for it is the company that pays. Who is known without a company
        stays so. What names no company is bought for one only where it goes to the address that is known.
        """
        if identity[0] == "phone":
            found = self._with_extension(found)
        for is_same in (
            lambda known: known.company == self.company,
            lambda known: any(is_same_company(name, self.company) for name in known.company_names),
            lambda known: not known.company,
            lambda known: not self.company and self._is_at_home_of(known),
        ):
            if same := next(filter(is_same, found), None):
                return same
        return None

    def _with_extension(self, found):
        """Return those of ``found`` whose phone may be this one: a relay gives each buyer an extension of its own."""
        alike = [known for known in found if known.extension == self.extension]
        return alike or [known for known in found if not (known.extension and self.extension)]

    def _is_at_home_of(self, known):
        """Whether what is bought may be for the company of ``known``: nothing says that it goes elsewhere."""
        if known.entity is known or not any(self.postal[:4]):
            return True
        places = [each.postal for each in (known, known.entity, *known.former) if any(each.postal[:4])]
        return not places or any((self.postal[0], self.postal[3]) == (place[0], place[3]) for place in places)


class NobodysReach:
    """E-mail addresses and phones that tell nobody apart: written for whoever gives none, or the merchant's own.

    A cart writes the merchant's where the order was taken by phone or at the till.
    """

    def __init__(self):
        self.emails = defaultdict(set)  # {e-mail: names of the only ones whom it tells}
        self.numbers = set()

    def find_own(self, env, emails):
        """Find what is of the merchant and its brands, and which of ``emails`` are of its people, by one query."""
        env["res.partner"].flush_model(["name", "email_normalized", "phone_sanitized"])
        for model, names in (
            ("res.company", ["partner_id"]),
            ("extensiv.account", ["owner_id"]),
            ("extensiv.cart", ["partner_id"]),
            ("res.users", ["partner_id", "active", "share"]),
        ):
            env[model].flush_model(names)
        rows = env.execute_query(
            SQL(
                """SELECT p.email_normalized, p.phone_sanitized, p.name
                     FROM res_partner p
                    WHERE p.id IN (SELECT partner_id FROM res_company
                                    UNION SELECT owner_id FROM extensiv_account
                                    UNION SELECT partner_id FROM extensiv_cart)
                    UNION ALL
                   SELECT p.email_normalized, NULL, p.name
                     FROM res_users u JOIN res_partner p ON p.id = u.partner_id
                    WHERE u.active AND NOT u.share AND p.email_normalized = ANY(%(emails)s)""",
                emails=list(emails),
            )
        )
        for email, number, name in rows:
            if email:
                self.emails[email].update(filter(None, [fold(name)]))
            if number:
                self.numbers.add(number)

    def strip(self, known):
        """Take from ``known`` what does not tell who it is."""
        if is_anybodys(known.email) or (known.email in self.emails and known.name not in self.emails[known.email]):
            known.email = ""
        if known.number in self.numbers:
            known.number = ""
        return known


def known_of(partner, parent):
    """Return the :class:`Known` of a contact of the database, whose commercial entity ``parent`` is, or None."""
    values = {name: partner[name].id if name.endswith("_id") else partner[name] for name in POSTAL}
    return Known(
        name=fold(partner.name or partner.parent_id.name),
        company=fold(partner.commercial_company_name),
        email=partner.email_normalized or "",
        number=partner.phone_sanitized or "",
        extension=phone_extension(partner.phone),
        phone=fold(partner.phone),
        postal=postal_key(values),
        parent=parent,
        record=partner,
        former=tuple(_read_former(name, each) for name, all_of in _former(partner).items() for each in all_of),
    )


def wanted_of(place, name, is_company):
    """Return the :class:`Known` of the buyer that ``place`` speaks of, called ``name``."""
    return Known(
        name=fold(name),
        company=fold(place.company),
        email=email_normalize(place.email, strict=False) or "",
        number=place.number,
        extension=place.extension,
        phone=fold(place.phone),
        postal=postal_key(place.postal),
        values={
            "name": name,
            "email": place.email,
            "phone": place.phone,
            "customer_rank": 1,
            "is_company": is_company,
            **place.postal,
        },
    )


# -- contacts that were merged


def remember_merged(survivor, merged):
    """Have orders that name one of ``merged`` contacts, which are about to go, find ``survivor``."""
    former = _former(survivor)
    for partner in merged:
        known = known_of(partner, None)
        own = {
            "email": known.email,
            "number": known.number,
            "extension": known.extension,
            "phone": known.phone,
            "postal": known.postal,
        }
        for name, all_of in [*_former(partner).items(), (known.name, [own])]:
            kept = former.setdefault(name, [])
            kept += [each for each in all_of if each not in kept]
    survivor.extensiv_former = former


def _former(partner):
    """Return a copy of what ``partner`` was merged with, ``{name: [what it was reached by]}``."""
    return {name: list(all_of) for name, all_of in (partner.extensiv_former or {}).items()}


def _read_former(name, own):
    return Known(
        name=name,
        company="",
        email=own["email"],
        number=own["number"],
        extension=own["extension"],
        phone=own["phone"],
        postal=tuple(own["postal"]),
    )

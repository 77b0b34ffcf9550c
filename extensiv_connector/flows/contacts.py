"""The contacts of orders: a buyer is found or made, and so is each address that it does not have."""

from collections import defaultdict
from dataclasses import dataclass, field

from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL, email_normalize

from .addresses import LIMIT, POSTAL, addresses_of, fold, is_long, postal_key, read_places
from .exceptions import no_rows_in_log

READ = [
    "name",
    "email",
    "email_normalized",
    "phone",
    "phone_sanitized",
    "parent_id",
    "commercial_partner_id",
    "commercial_company_name",
    "is_company",
    "active",
    "type",
    "company_id",
    *POSTAL,
]


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contacts of one order, single ``res.partner`` records; ``notes`` are sentences for a person."""

    partner: object
    invoice: object
    delivery: object
    notes: tuple[str, ...] = ()


@dataclass(eq=False, slots=True)
class _Known:
    """A contact for orders of the batch: of the database (``record``), or to be created (``values``).

    The first six are as compared. ``parent`` is the commercial entity; of a new address, its buyer.
    """

    name: str
    company: str
    email: str
    number: str
    phone: str
    postal: tuple
    parent: "_Known | None" = None
    record: object = None
    values: dict = field(default_factory=dict)

    @property
    def entity(self):
        """The commercial entity, whose addresses its people use too."""
        return self.parent or self

    @property
    def is_company(self):
        return self.record.is_company if self.record else self.values["is_company"]

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

    def company_identities(self, email, number):
        """Yield the keys by which a company is recognised: its name and e-mail, phone, or street and zip.

        :param email: of the company or of one of its people; so is ``number``
        """
        if email:
            yield "email", self.name, email
        if number:
            yield "phone", self.name, number
        if self.postal[0] and self.postal[3]:
            yield "address", self.name, self.postal[0], self.postal[3]

    def is_at(self, name, place):
        """Whether this is the address of ``name`` at ``place``.

        A phone that the order does not give is no difference; one kept as text is compared as text.
        """
        if self.name != name or self.postal != postal_key(place.postal):
            return False
        if place.phone.startswith("+") and place.number:
            return self.number == place.number
        return not place.phone or self.phone == fold(place.phone)


class ContactBatch:
    """The contacts of a batch of orders: looked up together, decided one by one, created together.

    A buyer is an active contact of ``company``, or a shared one, with the same e-mail and name, else with the same
    phone, name and zip; else a new one. An archived contact was put aside by somebody and is not used. Nothing that a
    contact says is changed: an address it does not have is a new child.

    :param company: the ``res.company`` of the account
    :param fixed: ``{index in orders: partner}`` of carts whose orders all have one customer
    """

    def __init__(self, env, company, fixed):
        self.env = env
        self.partners = env["res.partner"]
        self.company = company
        self.fixed = fixed
        self.known = {}  # partner id: _Known
        self.buyers = defaultdict(list)  # identity: _Knowns
        self.companies = {}  # company identity: _Known
        self.addresses = defaultdict(list)  # (parent, type): _Knowns
        self.searches = []  # (domain, ids found)
        self.new = {"entity": [], "person": [], "address": []}  # in the order of creation

    def resolve(self, orders):
        """Return a list of :class:`Contacts`, one for each of ``orders``.

        :param orders: list of ``eim.wire.Order``
        :raise ConcurrencyError: another process has just made one of the contacts; the next transaction finds it
        """
        pairs = [addresses_of(order) for order in orders]
        places = read_places(self.company.with_env(self.env), {address for pair in pairs for address in pair})
        pairs = [(places[billing], places[delivery]) for billing, delivery in pairs]
        wanted = {
            index: self._wanted(order, billing)
            for index, (order, (billing, _delivery)) in enumerate(zip(orders, pairs, strict=True))
            if index not in self.fixed
        }
        self._look_up_buyers(wanted.values())
        buyers = [
            self._buyer(*wanted[index]) if index in wanted else self._of_database(self.fixed[index])
            for index in range(len(orders))
        ]
        self._look_up_addresses(buyers, pairs)
        invoices = self._fixed_invoices()
        chosen = []
        for index, (buyer, (billing, delivery)) in enumerate(zip(buyers, pairs, strict=True)):
            invoice = self._address(buyer, billing, "invoice") if index in wanted else invoices[buyer]
            chosen.append((buyer, invoice, self._address(buyer, delivery, "delivery")))
        self._meet_others()
        for level in self.new.values():
            self._create(level)
        return [
            Contacts(*(known.record for known in three), self._notes(order, three[0], *pair))
            for order, three, pair in zip(orders, chosen, pairs, strict=True)
        ]

    # -- buyers

    def _wanted(self, order, place):
        """Return the buyer that ``place`` speaks of, and its company where the buyer is a person of one."""
        name = place.name or place.company or place.email
        name = name or self.env._("Customer %s", order.order_number)[:LIMIT]
        is_company = fold(name) == fold(place.company)
        values = {"name": name, "email": place.email, "phone": place.phone, "customer_rank": 1}
        buyer = _Known(
            name=fold(name),
            company=fold(place.company),
            email=email_normalize(place.email, strict=False) or "",
            number=place.number,
            phone=fold(place.phone),
            postal=postal_key(place.postal),
            values={**values, **place.postal, "is_company": is_company},
        )
        if not place.company or is_company:
            return buyer, None
        # The address is the company's: Odoo gives its people the same.
        buyer.values = {**values, "is_company": False}
        return buyer, _Known(
            name=buyer.company,
            company=buyer.company,
            email="",
            number="",
            phone="",
            postal=buyer.postal,
            values={"name": place.company, "is_company": True, "customer_rank": 1, **place.postal},
        )

    def _look_up_buyers(self, wanted):
        """Read every contact that one of ``wanted`` might be, and their commercial entities: two queries."""
        emails = {buyer.email for buyer, _company in wanted} - {""}
        numbers = {buyer.number for buyer, _company in wanted} - {""}
        companies = {(company or buyer).values["name"] for buyer, company in wanted if buyer.company}
        bare = {buyer.values["name"] for buyer, _company in wanted if not buyer.email and not buyer.number}
        domain = Domain("email_normalized", "in", list(emails))
        domain |= Domain("phone_sanitized", "in", list(numbers))
        if companies:
            domain |= _named(companies) & Domain("is_company", "=", True)
        if bare:
            unreachable = Domain([("email_normalized", "=", False), ("phone_sanitized", "=", False)])
            domain |= _named(bare) & unreachable
        domain &= Domain("type", "=", "contact") | Domain("parent_id", "=", False)
        for partner in self._search(domain):
            self._register(self._of_database(partner))

    def _search(self, domain):
        """Search active contacts of the company, of those above it and shared ones, the oldest first."""
        domain &= Domain([("company_id", "in", [False, *self.company.parent_ids.ids]), ("active", "=", True)])
        found = self.partners.search_fetch(domain, READ, order="id")
        self.searches.append((domain, set(found.ids)))
        return found

    def _of_database(self, partner):
        """Return the :class:`_Known` of a contact of the database, always the same one."""
        if partner.id not in self.known:
            entity = partner.commercial_partner_id
            values = {name: partner[name].id if name.endswith("_id") else partner[name] for name in POSTAL}
            self.known[partner.id] = _Known(
                name=fold(partner.name or partner.parent_id.name),
                company=fold(partner.commercial_company_name),
                email=partner.email_normalized or "",
                number=partner.phone_sanitized or "",
                phone=fold(partner.phone),
                postal=postal_key(values),
                parent=self._of_database(entity) if entity != partner else None,
                record=partner,
            )
        return self.known[partner.id]

    def _register(self, buyer):
        """Let orders find ``buyer``, and its company by the same e-mail and phone."""
        for identity in buyer.identities():
            self.buyers[identity].append(buyer)
        entity = buyer.entity
        if entity.is_company and (not entity.record or entity.record.active):
            for identity in entity.company_identities(buyer.email, buyer.number):
                self.companies.setdefault(identity, entity)

    def _buyer(self, buyer, company):
        """Return the contact that is ``buyer``; where there is none, ``buyer`` becomes one.

        The person of another company is somebody else, for it is the company that pays. Who is known without
        a company stays so.
        """
        for identity in buyer.identities():
            found = self.buyers[identity]
            same = [known for known in found if known.company == buyer.company]
            same = same or [known for known in found if not known.company or not buyer.company]
            if same:
                return same[0]
        if buyer.company:
            own = company or buyer
            identities = own.company_identities(buyer.email, buyer.number)
            entity = next(filter(None, map(self.companies.get, identities)), None)
            if entity and not company:
                return entity
            if not entity:
                entity = own
                self.new["entity"].append(entity)
            if company:
                buyer.parent = entity
                buyer.postal = entity.postal
                self.new["person"].append(buyer)
        else:
            self.new["entity"].append(buyer)
        self._register(buyer)
        return buyer

    # -- addresses

    def _look_up_addresses(self, buyers, pairs):
        """Read the addresses that orders might use again; by name, as a fixed customer has many thousands."""
        of_database = [two for two in zip(buyers, pairs, strict=True) if two[0].entity.record]
        parents = {known.record.id for buyer, _pair in of_database for known in (buyer, buyer.entity) if known.record}
        if not of_database:
            return
        names = {_label(buyer, place) for buyer, pair in of_database for place in pair}
        addresses = self._search(
            Domain(
                [
                    ("parent_id", "in", list(parents)),
                    ("type", "in", ["invoice", "delivery", "other"]),
                ]
            )
            & (_named(names) | Domain("name", "=", False))
        )
        for partner in addresses:
            address = self._of_database(partner)
            for kind in ("invoice", "delivery") if partner.type == "other" else (partner.type,):
                self.addresses[self._of_database(partner.parent_id), kind].append(address)

    def _fixed_invoices(self):
        """Return ``{fixed customer: its invoice address}``: the child for that, else itself."""
        if not self.fixed:
            return {}
        customers = self.partners.union(*self.fixed.values())
        children = self._search(Domain([("parent_id", "in", customers.ids), ("type", "=", "invoice")]))
        first = {child.parent_id: child for child in reversed(children)}
        return {self._of_database(customer): self._of_database(first.get(customer, customer)) for customer in customers}

    def _address(self, buyer, place, kind):
        """Return the contact for ``place``: ``buyer``, an address it has, or a new child of type ``kind``."""
        label = _label(buyer, place)
        if not any([place.street, place.city, place.zip]) or buyer.is_at(fold(label), place):
            return buyer
        for parent in dict.fromkeys([buyer, buyer.entity]):
            for address in self.addresses[parent, kind]:
                if address.is_at(fold(label), place):
                    return address
        address = _Known(
            name=fold(label),
            company="",
            email="",
            number=place.number,
            phone=fold(place.phone),
            postal=postal_key(place.postal),
            parent=buyer,
            values={"name": label, "type": kind, "email": place.email, "phone": place.phone, **place.postal},
        )
        self.addresses[buyer, kind].append(address)
        self.new["address"].append(address)
        return address

    # -- what comes of it

    def _meet_others(self):
        """Make sure that no other process makes the same contacts at this moment.

        This transaction does not see what was committed after it began. So wait until whoever makes one of
        them has committed, then look again in a transaction of its own.
        """
        made = [*self.new["entity"], *self.new["person"]]
        keys = {repr(("buyer", known.name, known.email or known.number)) for known in made}
        keys |= {
            repr(("address", known.parent.record.id, known.name, known.postal))
            for known in self.new["address"]
            if known.parent.record
        }
        if not keys:
            return
        self.env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(key) FROM ("
                "SELECT DISTINCT hashtextextended(text, 0) AS key FROM unnest(%s) AS text ORDER BY key) AS keys",
                list(keys),
            )
        )
        with self.env.registry.cursor() as cr, no_rows_in_log(cr):
            now = self.partners.with_env(self.env(cr=cr))
            if any(set(now.search(domain).ids) - found for domain, found in self.searches):
                raise ConcurrencyError(self.env._("Another process has just made one of these contacts."))

    def _create(self, level):
        """Create the new contacts of one level, in one call.

        They belong to the account's company, as those of Odoo's own web shop do: what one company knows of
        its customers is not the next one's. A child goes with its parent.
        """
        vals_list = []
        for known in level:
            vals = {"company_id": self.company.id, **known.values}
            if known.parent:
                parent = known.parent.record
                vals.update(parent_id=parent.id, company_id=parent.company_id.id)
            vals_list.append(vals)
        for known, record in zip(level, self.partners.create(vals_list), strict=True):
            known.record = record

    def _notes(self, order, buyer, billing, delivery):
        """Return what a person should know of the contacts."""
        env = self.env
        notes = []
        sent = [address for address in (order.billing, order.delivery) if address]
        if any(address.is_redacted for address in sent):
            notes.append(env._("EIM has removed personal data from this order; the contacts hold the rest."))
        if any(is_long(address) for address in sent):
            notes.append(env._("An over-long text of the address was shortened."))
        is_fixed = buyer.record in self.fixed.values()
        if billing.email and not is_fixed and fold(buyer.record.email) != fold(billing.email):
            notes.append(env._("The order gives an e-mail address that the contact lacks: %s", billing.email))
        return tuple(dict.fromkeys([*notes, *billing.notes, *delivery.notes]))


def _label(buyer, place):
    """Return the name on an address of ``buyer``: the person's, after the company's where that is another."""
    company = place.company if fold(place.company) not in (buyer.company, buyer.name) else ""
    name = buyer.record.name if buyer.record else buyer.values["name"]
    return ", ".join(filter(None, [company, place.name])) or name


def _named(names):
    """Return a domain of the contacts with one of ``names``, whatever the case."""
    return Domain.custom(
        to_sql=lambda model, alias, query: SQL(
            "lower(%s) = ANY(ARRAY(SELECT lower(name) FROM unnest(%s) AS name))",
            model._field_to_sql(alias, "name", query),
            list(names),
        )
    )

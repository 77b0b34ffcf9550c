"""The contacts of orders: a buyer is found or made, and so is each address that it does not have."""

from collections import defaultdict
from dataclasses import dataclass, field

from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL

from ..eim.persons import is_anybodys, is_same_company
from .addresses import LIMIT, POSTAL, addresses_of, fold, is_long, postal_key, read_places
from .buyers import Known, NobodysReach, known_of, wanted_of
from .contact_search import formerly_named, named, search_one_of_each, without, zipped
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
    "extensiv_former",
    *POSTAL,
]
NO_ADDRESS = "address"
"""The reason to hold an order of a fixed customer that names no delivery address."""
ADDRESS_TYPES = ["invoice", "delivery", "other"]


@dataclass(frozen=True, slots=True)
class Contacts:
    """The contacts of one order, single ``res.partner`` records.

    ``notes`` are sentences for a person; ``holds`` is ``{reason: sentence}`` of what a person must see to first.
    """

    partner: object
    invoice: object
    delivery: object
    notes: tuple[str, ...] = ()
    holds: dict = field(default_factory=dict)


class ContactBatch:
    """The contacts of a batch of orders: looked up together, decided one by one, created together.

    A buyer is an active contact of ``company``, or a shared one, with the same e-mail and name, else with the same
    phone, name and zip; else a new one. A contact is also known by what those merged into it were known by. An
    archived contact was put aside by somebody and is not used. Nothing that a contact says is changed: an address it
    does not have is a new child.

    :param company: the ``res.company`` of the account
    :param fixed: ``{index in orders: partner}`` of carts whose orders all have one customer
    """

    def __init__(self, env, company, fixed):
        self.env = env
        self.partners = env["res.partner"]
        self.company = company
        self.fixed = fixed
        self.nobodys = NobodysReach()
        self.known = {}  # partner id: Known
        self.buyers = defaultdict(list)  # identity: Knowns
        self.companies = {}  # company identity: Known
        self.addresses = defaultdict(list)  # (parent, type): Knowns
        self.invoices = {}  # parent: Known, its address for invoices as somebody entered it
        self.searches = []  # (domain, ids found)
        self.claims = set()  # what the new contacts are recognised by, see `_claims_of`
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
        self._look_up_invoices(buyers)
        chosen = []
        for index, (buyer, (billing, delivery)) in enumerate(zip(buyers, pairs, strict=True)):
            is_fixed = index in self.fixed
            invoice = self.invoices.get(buyer, buyer) if is_fixed else self._invoice(buyer, billing)
            chosen.append((buyer, invoice, self._address(buyer, delivery, "delivery", is_fixed)))
        self._meet_others()
        for level in self.new.values():
            self._create(level)
        return [
            Contacts(
                *(known.record for known in three),
                notes=self._notes(order, three[0], *pair),
                holds=self._holds(pair[1]) if index in self.fixed else {},
            )
            for index, (order, three, pair) in enumerate(zip(orders, chosen, pairs, strict=True))
        ]

    # -- buyers

    def _wanted(self, order, place):
        """Return the buyer that ``place`` speaks of, and its company where the buyer is a person of one."""
        name = place.name or place.company or place.email
        name = name or self.env._("Customer %s", order.order_number)[:LIMIT]
        is_company = fold(name) == fold(place.company)
        buyer = wanted_of(place, name, is_company)
        if not place.company or is_company:
            return buyer, None
        # The address is the company's: Odoo gives its people the same.
        company = Known(
            name=buyer.company,
            company=buyer.company,
            email="",
            number="",
            extension="",
            phone="",
            postal=buyer.postal,
            values={"name": place.company, "is_company": True, "customer_rank": 1, **place.postal},
        )
        for part in POSTAL:
            del buyer.values[part]
        return buyer, company

    def _look_up_buyers(self, wanted):
        """Read every contact that one of ``wanted`` might be, and their commercial entities."""
        wanted = list(wanted)
        if not wanted:
            return
        emails = {buyer.email for buyer, _company in wanted} - {""}
        numbers = {buyer.number for buyer, _company in wanted} - {""}
        self.nobodys.find_own(self.env, emails)
        for buyer, _company in wanted:
            self.nobodys.strip(buyer)
        found = self._search_buyers(wanted, emails, numbers)
        for partner in found.sorted("id"):
            self._register(self._of_database(partner))

    def _search_buyers(self, wanted, emails, numbers):
        """Return the contacts that one of ``wanted`` might be: of its name, and its e-mail or else its phone and zip.

        Of what many have no more is read for it: a relay's phone, a marketplace's e-mail, a name that says nothing.
        """
        buyers = [buyer for buyer, _company in wanted]
        names = {buyer.values["name"] for buyer in buyers}
        companies = {(company or buyer).values["name"] for buyer, company in wanted if buyer.company}
        zips = {buyer.postal[3] for buyer in buyers}
        bare = {buyer.values["name"] for buyer in buyers if not buyer.email and not buyer.number and buyer.postal[0]}
        by_email = Domain("email_normalized", "in", list(emails))
        by_phone = Domain("phone_sanitized", "in", list(numbers))
        domain = named(names) & (by_email | (by_phone & zipped(zips)))
        if companies:
            domain |= named(companies) & Domain("is_company", "=", True)
        if bare:
            nobodys = without("email_normalized", emails) & without("phone_sanitized", numbers)
            domain |= named(bare) & zipped(zips) & nobodys
        is_buyer = Domain("type", "=", "contact") | Domain("parent_id", "=", False)
        found = self._search(domain & is_buyer) | self._search(formerly_named(names | companies) & is_buyer)
        entities = found.filtered("is_company").ids
        if companies and entities:
            # Who shares a company's phone or e-mail is of that company, whatever the name; one of them says it.
            theirs = Domain("commercial_partner_id", "in", entities) & is_buyer & self._is_usable()
            ids = search_one_of_each(self.partners, theirs, "email_normalized", emails)
            ids += search_one_of_each(self.partners, theirs, "phone_sanitized", numbers)
            found |= self._search(Domain("id", "in", ids))
        return found

    def _is_usable(self):
        """Return the domain of active contacts of the company, of those above it and shared ones."""
        return Domain([("company_id", "in", [False, *self.company.parent_ids.ids]), ("active", "=", True)])

    def _search(self, domain, order="id"):
        """Search contacts that may be used, the oldest first."""
        domain &= self._is_usable()
        found = self.partners.search_fetch(domain, READ, order=order)
        self.searches.append((domain, set(found.ids)))
        return found

    def _of_database(self, partner):
        """Return the :class:`Known` of a contact of the database, always the same one."""
        if partner.id not in self.known:
            entity = partner.commercial_partner_id
            known = known_of(partner, self._of_database(entity) if entity != partner else None)
            for each in (known, *known.former):
                self.nobodys.strip(each)
            self.known[partner.id] = known
        return self.known[partner.id]

    def _register(self, buyer):
        """Let orders find ``buyer``, and its company by the same e-mail and phone."""
        for known in (buyer, *buyer.former):
            for identity in known.identities():
                self.buyers[identity].append(buyer)
        entity = buyer.entity
        if entity.is_company and (not entity.record or entity.record.active):
            for known in (buyer, *buyer.former):
                for identity in entity.company_identities(known):
                    self.companies.setdefault(identity, entity)

    def _buyer(self, buyer, company):
        """Return the contact that is ``buyer``; where there is none, ``buyer`` becomes one."""
        for identity in buyer.identities():
            if same := buyer.choose(self.buyers[identity], identity):
                return same
        if buyer.company:
            own = company or buyer
            entity = next(filter(None, map(self.companies.get, own.company_identities(buyer))), None)
            if entity and not company:
                return entity
            if not entity:
                entity = own
                self.new["entity"].append(entity)
                self.claims.update(("company", *identity) for identity in own.company_identities(buyer))
            if company:
                buyer.parent = entity
                buyer.postal = entity.postal
                self.new["person"].append(buyer)
        else:
            self.new["entity"].append(buyer)
        self.claims.update(("buyer", *identity) for identity in buyer.identities())
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
                    ("type", "in", ADDRESS_TYPES),
                ]
            )
            & (named(names) | Domain("name", "=", False))
        )
        for partner in addresses:
            address = self._of_database(partner)
            for kind in ("invoice", "delivery") if partner.type == "other" else (partner.type,):
                self.addresses[self._of_database(partner.parent_id), kind].append(address)

    def _look_up_invoices(self, buyers):
        """Read the addresses for invoices entered by hand for fixed customers, known companies and their people."""
        fixed = self.partners.union(*self.fixed.values())
        companies = {buyer for buyer in buyers if buyer.entity.record and buyer.entity.is_company}
        parents = fixed.union(*(known.record for buyer in companies for known in (buyer, buyer.entity) if known.record))
        if not parents:
            return
        of_orders = Domain("extensiv_address_of", "!=", False)
        children = Domain([("parent_id", "in", parents.ids), ("type", "=", "invoice")])
        for child in self._search(children & ~of_orders, order=None):  # in the order in which Odoo would choose
            self.invoices.setdefault(self._of_database(child.parent_id), self._of_database(child))

    def _invoice(self, buyer, place):
        """Return where ``buyer`` is invoiced: as Odoo would where somebody entered it for a company, else ``place``."""
        for parent in dict.fromkeys([buyer, buyer.entity]):
            if parent in self.invoices:
                same = [
                    known for known in self.addresses[parent, "invoice"] if known.is_at(_label_key(buyer, place), place)
                ]
                return same[0] if same else self.invoices[parent]
        return self._address(buyer, place, "invoice")

    def _address(self, buyer, place, kind, is_fixed=False):
        """Return the contact for ``place``: ``buyer``, an address it has, or a new child of type ``kind``."""
        label = _label(buyer, place)
        if not any([place.street, place.city, place.zip]) or buyer.is_at(fold(label), place):
            return buyer
        for parent in dict.fromkeys([buyer, buyer.entity]):
            for address in self.addresses[parent, kind]:
                if address.is_at(fold(label), place):
                    return address
        address = Known(
            name=fold(label),
            company="",
            email="",
            number=place.number,
            extension=place.extension,
            phone=fold(place.phone),
            postal=postal_key(place.postal),
            parent=buyer,
            values={
                "name": label,
                "type": kind,
                "email": place.email,
                "phone": place.phone,
                "extensiv_address_of": "recipient" if is_fixed else "buyer",
                **place.postal,
            },
        )
        self.addresses[buyer, kind].append(address)
        self.new["address"].append(address)
        return address

    # -- what comes of it

    def _meet_others(self):
        """Make sure that no other process makes the same contacts at this moment.

        This transaction does not see what was committed after it began. So wait until whoever makes one of
        them has committed, then look again in a transaction of its own. Somebody else's contact that is found by the
        same search, for its relay's phone or its name, is no conflict.
        """
        claims = self.claims | {
            ("address", known.parent.record.id, known.name, known.postal)
            for known in self.new["address"]
            if known.parent.record
        }
        if not claims:
            return
        self.env.cr.execute(
            SQL(
                "SELECT pg_advisory_xact_lock(key) FROM ("
                "SELECT DISTINCT hashtextextended(text, 0) AS key FROM unnest(%s) AS text ORDER BY key) AS keys",
                [repr(claim) for claim in claims],
            )
        )
        with self.env.registry.cursor() as cr, no_rows_in_log(cr):
            now = self.partners.with_env(self.env(cr=cr))
            others = set()
            for domain, found in self.searches:
                others.update(set(now.search(domain).ids) - found)
            if any(not claims.isdisjoint(self._claims_of(other)) for other in now.browse(others)):
                raise ConcurrencyError(self.env._("Another process has just made one of these contacts."))

    def _claims_of(self, partner):
        """Return what a contact that another process made is recognised by, as one that this batch makes would be."""
        entity = partner.commercial_partner_id
        known = known_of(partner, known_of(entity, None) if entity != partner else None)
        claims = {("address", partner.parent_id.id, known.name, known.postal)}
        for each in (known, *known.former, known.entity):
            self.nobodys.strip(each)
            claims.update(("buyer", *identity) for identity in each.identities())
            if known.entity.is_company:
                claims.update(("company", *identity) for identity in known.entity.company_identities(each))
        return claims

    def _create(self, level):
        """Create the new contacts of one level, in one call.

        They belong to the account's company, as those of Odoo's own web shop do: what one company knows of
        its customers is not the next one's. A child goes with its parent.
        """
        vals_list = []
        language = self.company.partner_id.lang
        for known in level:
            vals = {"company_id": self.company.id, **({"lang": language} if language else {}), **known.values}
            if known.parent:
                parent = known.parent.record
                vals.update(parent_id=parent.id, company_id=parent.company_id.id)
                vals.pop("lang", None)  # as its parent's
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
        is_new = billing.email and fold(buyer.record.email) != fold(billing.email)
        if is_new and not is_fixed and not is_anybodys(fold(billing.email)):
            notes.append(env._("The order gives an e-mail address that the contact lacks: %s", billing.email))
        return tuple(dict.fromkeys([*notes, *billing.notes, *delivery.notes]))

    def _holds(self, delivery):
        """Return what keeps an order of a fixed customer from being shipped: to itself, it would be."""
        return {} if delivery.street else {NO_ADDRESS: _say_no_address(self.env)}


def check_address(sale, _stored):
    """Return what is said of ``sale``, which did not say where it is delivered to, until somebody enters it."""
    is_known = sale.partner_shipping_id != sale.partner_id and sale.partner_shipping_id.street
    return "" if is_known else _say_no_address(sale.env)


def _say_no_address(env):
    return env._(
        "The order does not say where it is delivered to, and its customer is the same for all orders of the cart. "
        "Enter a delivery address on the quotation and confirm it."
    )


def _label(buyer, place):
    """Return the name on an address of ``buyer``: the person's, after the company's where that is another."""
    own = (buyer.company, buyer.name)
    is_own = fold(place.company) in own or any(is_same_company(place.company, name) for name in own)
    company = "" if is_own else place.company
    name = buyer.record.name if buyer.record else buyer.values["name"]
    return ", ".join(filter(None, [company, place.name])) or name


def _label_key(buyer, place):
    return fold(_label(buyer, place))

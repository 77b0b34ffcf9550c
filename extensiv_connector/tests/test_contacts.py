"""Who the buyer is, and where the parcel goes."""

from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.errors import DivisionByZero, LockNotAvailable

from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL, email_normalize, mute_logger

from ..eim.wire import Order
from ..flows.addresses import POSTAL, zip_key
from ..flows.contacts import ContactBatch
from ..flows.countries import find_countries

JANE = {
    "first_name": "Jane",
    "last_name": "Roe",
    "address_1": "510 Milpas St",
    "city": "Santa Barbara",
    "state": "CA",
    "zip": "93103",
    "country": "USA",
    "phone": "805 399 2278",
    "e_mail": "jane@example.com",
}
DOCK = {
    "first_name": "Jane",
    "last_name": "Roe",
    "address_1": "7 Dock Rd",
    "address_2": "Gate 2",
    "address_3": "Bay 9",
    "city": "Portland",
    "state": "Oregon",
    "zip": "97201-1234",
    "country": "US",
    "phone": "503-555-0100",
}
ACME = {**JANE, "company": "Acme Inc."}
REDACTED = "**PII Removed**"


@tagged("post_install", "-at_install")
class ContactsCase(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env = cls.env(context={**cls.env.context, "tracking_disable": True})
        cls.company = cls.env.company
        cls.company.country_id = cls.env.ref("base.us")
        cls.account = cls.env["extensiv.account"].create(
            {
                "name": "Contacts",
                "base_url": "http://127.0.0.1:9",
                "api_user": "contacts",
                "api_key": "key",
            }
        )
        cls.partners = cls.env["res.partner"].with_company(cls.company)

    def order(self, billing=None, delivery=None, **values):
        """Build an order; ``billing`` and ``delivery`` without their prefixes."""
        self.count = getattr(self, "count", 0) + 1
        raw = {"cust_ref": f"R-{self.count}", "cust_po_no": f"W-{self.count}", **values}
        for prefix, address in (("cust_", JANE if billing is None else billing), ("ship_", delivery or {})):
            raw.update({prefix + part: text for part, text in address.items()})
        return Order.parse(raw)

    def resolve(self, *orders, fixed=None):
        return self.partners._extensiv_resolve(self.account, list(orders), fixed)

    def one(self, billing=None, delivery=None, **values):
        [contacts] = self.resolve(self.order(billing, delivery, **values))
        return contacts

    def contact(self, **values):
        return self.env["res.partner"].create({"name": "Jane Roe", **values})

    def state(self, code):
        return self.company.country_id.state_ids.filtered(lambda state: state.code == code)

    def created_by(self, work):
        """Return the contacts that ``work`` creates."""
        last = self.env["res.partner"].with_context(active_test=False).search([], order="id desc", limit=1)
        work()
        return self.env["res.partner"].search([("id", ">", last.id)])


class TestBuyer(ContactsCase):
    def test_new_buyer_is_as_the_order_says(self):
        found = self.one()
        self.assertRecordValues(
            found.partner,
            [
                {
                    "name": "Jane Roe",
                    "email": "jane@example.com",
                    "street": "510 Milpas St",
                    "city": "Santa Barbara",
                    "zip": "93103",
                    "state_id": self.state("CA").id,
                    "country_id": self.env.ref("base.us").id,
                    "phone": "+1 805-399-2278",
                    "is_company": False,
                    "parent_id": False,
                    "type": "contact",
                }
            ],
        )
        self.assertEqual(found.invoice, found.partner)
        self.assertEqual(found.delivery, found.partner)
        self.assertEqual(found.notes, ())

    def test_same_buyer_is_one_contact_in_a_batch_and_ever_after(self):
        one, two = self.resolve(self.order(), self.order(delivery=DOCK))
        again = self.created_by(lambda: self.assertEqual(self.one().partner, one.partner))
        self.assertEqual(one.partner, two.partner)
        self.assertFalse(again)

    def test_email_case_and_blanks_do_not_count(self):
        known = self.contact(email="Jane@Example.com")
        self.assertEqual(self.one({**JANE, "e_mail": "  JANE@example.COM "}).partner, known)

    def test_name_case_and_blanks_do_not_count(self):
        known = self.contact(name="JANE  ROE", email="jane@example.com")
        self.assertEqual(self.one({**JANE, "last_name": " roe "}).partner, known)

    def test_same_email_and_another_name_is_another_contact(self):
        known = self.contact(name="John Roe", email="jane@example.com")
        self.assertNotEqual(self.one().partner, known)

    def test_same_phone_name_and_zip_is_the_buyer(self):
        known = self.contact(phone="(805) 399-2278", zip="93103-4321", country_id=self.env.ref("base.us").id)
        self.assertEqual(self.one({**JANE, "e_mail": None}).partner, known)
        found = self.one({**JANE, "e_mail": "jane@other.example"})
        self.assertEqual(found.partner, known)
        self.assertIn("jane@other.example", found.notes[0])

    def test_same_phone_and_another_zip_or_name_is_another_contact(self):
        known = self.contact(phone="805 399 2278", zip="10001", country_id=self.env.ref("base.us").id)
        known |= self.contact(name="John Roe", phone="805 399 2278", zip="93103")
        self.assertNotIn(self.one().partner, known)

    def test_name_alone_is_nobody(self):
        known = self.contact()
        known |= self.contact(email="jane@other.example", street="510 Milpas St", zip="93103")
        bare = {"first_name": "Jane", "last_name": "Roe"}
        one, two = self.resolve(self.order(bare), self.order(bare))
        self.assertNotIn(one.partner, known)
        self.assertNotEqual(one.partner, two.partner)

    def test_without_email_and_phone_the_whole_address_is_the_buyer(self):
        bare = {**JANE, "e_mail": None, "phone": None}
        first = self.one(bare).partner
        self.assertEqual(self.one(bare).partner, first)
        self.assertNotEqual(self.one({**bare, "address_1": "511 Milpas St"}).partner, first)
        self.assertNotEqual(self.one().partner, first)

    def test_archived_contact_is_not_used(self):
        known = self.contact(email="jane@example.com", active=False)
        self.assertNotEqual(self.one().partner, known)

    def test_contact_of_another_company_is_not_seen(self):
        other = self.env["res.company"].create({"name": "Other"})
        known = self.contact(email="jane@example.com", company_id=other.id)
        found = self.one()
        self.assertNotEqual(found.partner, known)
        self.assertEqual(found.partner.company_id, self.company)

    def test_a_branch_uses_the_contacts_of_the_company_above_it(self):
        known = self.contact(email="jane@example.com", company_id=self.company.id)
        self.account.company_id = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.assertEqual(self.one().partner, known)
        first, again = (self.resolve(self.order(), fixed={0: known})[0].delivery for _time in range(2))
        self.assertEqual(first, again)

    def test_shared_contact_is_used_and_its_addresses_are_shared(self):
        known = self.contact(email="jane@example.com")
        found = self.one()
        self.assertEqual(found.partner, known)
        self.assertFalse(found.invoice.company_id)

    def test_the_oldest_of_doubles_is_used(self):
        known = self.contact(email="jane@example.com")
        self.contact(email="jane@example.com")
        self.assertEqual(self.one().partner, known)

    def test_nothing_of_a_contact_is_overwritten(self):
        known = self.contact(email="Jane@Example.com", phone="000", street="Elsewhere 1", comment="Ours")
        before = known.read()[0]
        found = self.one(ACME, DOCK)
        self.env.flush_all()
        known.invalidate_recordset()
        after = known.read()[0]
        computed = {"child_ids", "is_blacklisted", "activity_state"}
        self.assertEqual(found.partner, known)
        self.assertFalse({name for name in after if after[name] != before[name]} - computed)
        self.assertEqual(known.child_ids, found.invoice | found.delivery)

    def test_missing_name_is_the_company_else_the_email_else_the_order(self):
        self.assertEqual(self.one({"company": "Acme Inc.", "zip": "93103"}).partner.name, "Acme Inc.")
        self.assertEqual(self.one({"e_mail": "jane@example.com"}).partner.name, "jane@example.com")
        self.assertEqual(self.one({}, cust_po_no="W-77").partner.name, "Customer W-77")

    def test_missing_billing_is_the_delivery(self):
        found = self.one({}, DOCK)
        self.assertEqual(found.partner.street, "7 Dock Rd")
        self.assertEqual(found.partner, found.delivery)
        # what billing does say stays
        found = self.one({"e_mail": "jane@example.com", "phone": "805 399 2278"}, DOCK)
        self.assertRecordValues(
            found.partner,
            [{"name": "Jane Roe", "street": "7 Dock Rd", "email": "jane@example.com", "phone": "+1 805-399-2278"}],
        )

    def test_somebody_else_receiving_gives_the_buyer_nothing(self):
        gift = {**DOCK, "first_name": "Bob", "e_mail": "bob@example.com"}
        found = self.one({"first_name": "Jane", "last_name": "Roe"}, gift)
        self.assertFalse(found.partner.street or found.partner.email or found.partner.phone)
        self.assertRecordValues(
            found.delivery, [{"name": "Bob Roe", "street": "7 Dock Rd", "email": "bob@example.com"}]
        )

    def test_language_is_odoos_default(self):
        self.assertEqual(self.one().partner.lang, self.env["res.partner"].default_get(["lang"])["lang"])

    def test_new_buyers_are_customers(self):
        self.assertEqual(self.one(ACME).partner.customer_rank, 1)

    def test_invalid_email_is_kept_as_given(self):
        self.assertEqual(self.one({**JANE, "e_mail": "jane at home"}).partner.email, "jane at home")

    def test_title_is_not_part_of_the_name(self):
        self.assertEqual(self.one({**JANE, "title": "Dr."}).partner.name, "Jane Roe")


class TestRedacted(ContactsCase):
    def test_redacted_parts_are_neither_written_nor_matched(self):
        known = self.contact(name=REDACTED, email=REDACTED, phone=REDACTED, street=REDACTED)
        gone = dict.fromkeys(JANE, REDACTED)
        one, two = self.resolve(self.order(gone, gone), self.order({**gone, "city": "Portland"}))
        self.assertEqual(one.partner.name, f"Customer W-{self.count - 1}")
        self.assertEqual(one.delivery, one.partner)
        self.assertNotIn(known, one.partner | two.partner)
        self.assertNotEqual(one.partner, two.partner)
        self.assertEqual(two.partner.city, "Portland")
        for found in (one, two):
            values = found.partner.read(["name", "email", "phone", *POSTAL])[0]
            self.assertNotIn("pii", str(values).lower())
            self.assertIn("removed personal data", found.notes[0])

    def test_redacted_billing_is_the_delivery(self):
        found = self.one(dict.fromkeys(JANE, "**pii removed**"), DOCK)
        self.assertEqual(found.partner.name, "Jane Roe")
        self.assertEqual(found.partner.street, "7 Dock Rd")


class TestCompanies(ContactsCase):
    def test_company_with_its_person(self):
        found = self.one(ACME)
        company = found.partner.parent_id
        self.assertRecordValues(
            company, [{"name": "Acme Inc.", "is_company": True, "street": "510 Milpas St", "email": False}]
        )
        self.assertRecordValues(
            found.partner,
            [
                {
                    "name": "Jane Roe",
                    "is_company": False,
                    "type": "contact",
                    "commercial_partner_id": company.id,
                    "street": "510 Milpas St",
                    "email": "jane@example.com",
                }
            ],
        )
        self.assertEqual(found.invoice, found.partner)
        self.assertFalse(self.created_by(lambda: self.assertEqual(self.one(ACME).partner, found.partner)))

    def test_colleague_joins_the_company(self):
        company = self.one(ACME).partner.parent_id
        joe = {**ACME, "first_name": "Joe", "e_mail": "joe@example.com"}
        same_office = self.one({**joe, "phone": None}).partner
        same_phone = self.one({**joe, "first_name": "Jim", "zip": "1"}).partner
        self.assertEqual(same_office.parent_id, company)
        self.assertEqual(same_phone.parent_id, company)

    def test_same_company_name_alone_is_another_company(self):
        company = self.one(ACME).partner.parent_id
        joe = {**ACME, "first_name": "Joe", "e_mail": "joe@example.com"}
        found = self.one({**joe, "phone": None, "zip": "10001"})
        self.assertNotEqual(found.partner.parent_id, company)
        self.assertTrue(found.partner.parent_id.is_company)

    def test_known_company_keeps_its_address(self):
        company = self.env["res.partner"].create(
            {"name": "ACME inc.", "is_company": True, "email": "jane@example.com", "street": "1 Head Office"}
        )
        found = self.one(ACME)
        self.assertEqual(found.partner.parent_id, company)
        self.assertEqual(company.street, "1 Head Office")
        self.assertRecordValues(
            found.invoice,
            [{"name": "Jane Roe", "type": "invoice", "street": "510 Milpas St", "parent_id": found.partner.id}],
        )
        self.assertFalse(self.created_by(lambda: self.assertEqual(self.one(ACME).invoice, found.invoice)))

    def test_known_company_without_address_stays_without(self):
        company = self.env["res.partner"].create({"name": "Acme Inc.", "is_company": True, "email": "jane@example.com"})
        self.assertEqual(self.one(ACME).partner.parent_id, company)
        self.assertFalse(company.street or company.phone or company.country_id)

    def test_the_person_of_another_company_is_somebody_else(self):
        first = self.one(ACME).partner
        second = self.one({**ACME, "company": "Beta LLC"}).partner
        self.assertNotEqual(second, first)
        self.assertEqual(second.parent_id.name, "Beta LLC")

    def test_the_same_person_without_naming_the_company(self):
        first = self.one(ACME).partner
        self.assertEqual(self.one(JANE).partner, first)

    def test_known_private_buyer_stays_private(self):
        known = self.one(JANE).partner
        found = self.one(ACME)
        self.assertEqual(found.partner, known)
        self.assertFalse(known.parent_id)
        self.assertEqual(found.invoice.name, "Acme Inc., Jane Roe")

    def test_company_without_a_person_is_the_buyer(self):
        alone = {**ACME, "first_name": None, "last_name": ""}
        found = self.one(alone)
        self.assertRecordValues(
            found.partner, [{"name": "Acme Inc.", "is_company": True, "parent_id": False, "email": "jane@example.com"}]
        )
        self.assertEqual(self.one(alone).partner, found.partner)
        self.assertEqual(self.one({**alone, "e_mail": None, "phone": None}).partner, found.partner)

    def test_two_new_people_of_one_new_company(self):
        one, two = self.resolve(
            self.order(ACME), self.order({**ACME, "first_name": "Joe", "e_mail": "joe@example.com"})
        )
        self.assertNotEqual(one.partner, two.partner)
        self.assertEqual(one.partner.parent_id, two.partner.parent_id)

    def test_the_recipients_company_is_on_the_label(self):
        found = self.one(JANE, {**DOCK, "company": "Fulfilment Co"})
        self.assertEqual(found.delivery.name, "Fulfilment Co, Jane Roe")
        employee = {**ACME, "first_name": "Joe", "e_mail": "joe@example.com"}
        self.assertEqual(self.one(employee, {**DOCK, "company": "ACME Inc."}).delivery.name, "Jane Roe")


class TestAddresses(ContactsCase):
    def test_other_delivery_address_is_a_child_reused_when_equal(self):
        found = self.one(JANE, DOCK)
        self.assertRecordValues(
            found.delivery,
            [
                {
                    "name": "Jane Roe",
                    "type": "delivery",
                    "parent_id": found.partner.id,
                    "street": "7 Dock Rd",
                    "street2": "Gate 2, Bay 9",
                    "zip": "97201-1234",
                    "city": "Portland",
                    "phone": "+1 503-555-0100",
                    "state_id": self.state("OR").id,
                    "company_id": self.company.id,
                }
            ],
        )
        self.assertEqual(found.invoice, found.partner)
        written = {**DOCK, "address_1": " 7  DOCK rd", "zip": "97201", "state": "or", "country": "usa"}
        dialled = {**DOCK, "phone": "(503) 555 0100"}
        one, two = self.resolve(self.order(JANE, written), self.order(JANE, dialled))
        self.assertEqual({one.delivery, two.delivery}, {found.delivery})

    def test_each_difference_is_another_address(self):
        changes = [
            {},
            {"first_name": "Bob"},
            {"address_1": "8 Dock Rd"},
            {"address_2": "Gate 3"},
            {"city": "Salem"},
            {"zip": "97202"},
            {"state": "WA"},
            {"country": "CA"},
            {"phone": "503-555-0101"},
        ]
        found = self.resolve(*(self.order(JANE, {**DOCK, **change}) for change in changes))
        self.assertEqual(len({contacts.delivery for contacts in found}), len(changes))
        self.assertEqual(len({contacts.partner for contacts in found}), 1)

    def test_equal_addresses_of_a_batch_are_one(self):
        one, two = self.resolve(self.order(JANE, DOCK), self.order(JANE, DOCK))
        self.assertEqual(one.delivery, two.delivery)

    def test_a_known_buyer_who_moved_has_new_addresses(self):
        known = self.contact(email="jane@example.com", street="Old St 1")
        found = self.one(JANE, JANE)
        self.assertRecordValues(
            found.invoice | found.delivery,
            [{"type": kind, "parent_id": known.id, "street": "510 Milpas St"} for kind in ("invoice", "delivery")],
        )
        self.assertEqual(known.street, "Old St 1")
        self.assertEqual(found.invoice.email, "jane@example.com")

    def test_address_made_by_hand_is_reused(self):
        known = self.one().partner
        by_hand = self.env["res.partner"].create(
            {
                "parent_id": known.id,
                "type": "other",
                "street": "7 Dock Rd",
                "street2": "Gate 2, bay 9",
                "city": "Portland",
                "zip": "97201",
                "state_id": self.state("OR").id,
                "country_id": self.env.ref("base.us").id,
                "phone": "5035550100",
            }
        )
        self.assertEqual(self.one(JANE, DOCK).delivery, by_hand)

    def test_a_companys_address_is_used_by_its_people_and_a_colleagues_is_not(self):
        jane = self.one(ACME, DOCK)
        joe = {**ACME, "first_name": "Joe", "e_mail": "joe@example.com"}
        found = self.one(joe, DOCK)
        self.assertEqual(found.partner.parent_id, jane.partner.parent_id)
        self.assertEqual(found.delivery.parent_id, found.partner)
        jane.delivery.parent_id = jane.partner.parent_id
        found.delivery.active = False
        self.assertEqual(self.one(joe, DOCK).delivery, jane.delivery)

    def test_archived_address_is_not_used(self):
        first = self.one(JANE, DOCK).delivery
        first.active = False
        self.assertNotEqual(self.one(JANE, DOCK).delivery, first)

    def test_no_delivery_address_is_the_billing_address(self):
        found = self.one(JANE, dict.fromkeys(DOCK))
        self.assertEqual(found.delivery, found.partner)

    def test_only_a_recipient_lives_at_the_billing_address(self):
        found = self.one(JANE, {"first_name": "Bob"})
        self.assertRecordValues(
            found.delivery, [{"name": "Bob", "street": "510 Milpas St", "zip": "93103", "type": "delivery"}]
        )

    def test_delivery_without_phone_is_still_the_buyers_address(self):
        found = self.one(JANE, {**JANE, "phone": None})
        self.assertEqual(found.delivery, found.partner)

    def test_delivery_address_is_never_taken_for_a_buyer(self):
        gift = {**DOCK, "first_name": "Bob", "e_mail": "bob@example.com"}
        delivery = self.one(JANE, gift).delivery
        self.assertNotEqual(self.one(gift).partner, delivery)


class TestFixedCustomer(ContactsCase):
    def test_one_customer_for_all_orders(self):
        market = self.env["res.partner"].create({"name": "Marketplace", "is_company": True})
        orders = [self.order(JANE, DOCK), self.order(JANE), self.order({}, {}), self.order(JANE, DOCK)]
        found = self.resolve(*orders, fixed=dict.fromkeys(range(4), market))
        self.assertEqual({contacts.partner for contacts in found}, {market})
        self.assertEqual({contacts.invoice for contacts in found}, {market})
        self.assertRecordValues(
            found[0].delivery | found[1].delivery,
            [
                {"name": "Jane Roe", "street": "7 Dock Rd", "parent_id": market.id, "type": "delivery"},
                {"name": "Jane Roe", "street": "510 Milpas St", "parent_id": market.id, "type": "delivery"},
            ],
        )
        self.assertEqual(found[2].delivery, market)
        self.assertEqual(found[3].delivery, found[0].delivery)
        [again] = self.resolve(self.order(JANE, DOCK), fixed={0: market})
        self.assertEqual(again.delivery, found[0].delivery)
        self.assertEqual(found[0].notes, ())

    def test_its_own_invoice_address(self):
        market = self.env["res.partner"].create({"name": "Marketplace"})
        office = self.env["res.partner"].create({"name": "Office", "parent_id": market.id, "type": "invoice"})
        self.assertEqual(self.resolve(self.order(), fixed={0: market})[0].invoice, office)

    def test_beside_other_carts(self):
        market = self.env["res.partner"].create({"name": "Marketplace"})
        one, two = self.resolve(self.order(), self.order(), fixed={1: market})
        self.assertEqual(two.partner, market)
        self.assertEqual(one.partner.name, "Jane Roe")


class TestPlaces(ContactsCase):
    def place(self, **parts):
        found = self.one({**JANE, "e_mail": None, "phone": None, "address_1": str(parts), **parts})
        return found.partner, found.notes

    def test_countries_by_codes_and_names(self):
        texts = {
            "US": ["US", "us", "USA", "usa", "U.S.A.", "United States", "united states of america"],
            "GB": ["GB", "GBR", "UK", "U.K.", "Great Britain", "United Kingdom", "England"],
            "DE": ["DEU", "Germany"],
            "NL": ["NLD", "The Netherlands", "Holland"],
            "KR": ["KOR"],
            "CI": ["CIV", "Cote d'Ivoire"],
            "CZ": ["CZE", "Czechia", "Czech Republic"],
            "TR": ["Turkey"],
            "RU": ["RUS", "Russian Federation", "Russia"],
            "BA": ["Bosnia and Herzegovina"],
            "XK": ["XK"],
        }
        found = find_countries(self.env, [text for group in texts.values() for text in group])
        self.assertEqual(
            {text: found[text].code for text in found}, {text: code for code, group in texts.items() for text in group}
        )

    def test_countries_by_the_names_in_this_database(self):
        self.env.ref("base.fr").name = "Hexagone"
        self.assertEqual(find_countries(self.env, ["HEXAGONE"])["HEXAGONE"].code, "FR")

    def test_what_is_no_country_is_none(self):
        texts = ["SUN", "EU", "XX", "?", " ", "Atlantis", "ZZZ"]
        self.assertFalse(find_countries(self.env, texts))

    def test_unknown_country_is_kept_and_told(self):
        partner, notes = self.place(country="Atlantis", state="CA")
        self.assertFalse(partner.country_id or partner.state_id)
        self.assertEqual(partner.city, "Santa Barbara, CA, Atlantis")
        self.assertEqual(len(notes), 2)
        self.assertIn("Atlantis", notes[1])

    def test_missing_country_is_not_guessed(self):
        partner, _notes = self.place(country=None)
        self.assertFalse(partner.country_id or partner.state_id)
        self.assertEqual(partner.city, "Santa Barbara, CA")

    def test_states_by_code_or_name(self):
        for country, code, texts in [
            ("US", "CA", ["CA", "ca", "California", "CALIFORNIA ", "US-CA"]),
            ("US", "DC", ["D.C.", "DC"]),
            ("CA", "QC", ["Québec", "Quebec", "CA-QC"]),
            ("DE", "DE-BY", ["BY", "DE-BY", "de by"]),
        ]:
            for text in texts:
                partner, notes = self.place(country=country, state=text)
                state = partner.state_id
                self.assertEqual(state.country_id.code, country)
                self.assertEqual(state.code, code)
                self.assertEqual(notes, ())

    def test_unknown_state_is_kept_and_told(self):
        partner, notes = self.place(state="Ecotopia")
        self.assertFalse(partner.state_id)
        self.assertEqual(partner.city, "Santa Barbara, Ecotopia")
        self.assertIn("Ecotopia", notes[0])

    def test_state_that_repeats_the_city_or_country_is_no_news(self):
        self.assertEqual(self.place(country="SG", city="Singapore", state="Singapore")[1], ())

    def test_zip_extension(self):
        self.assertEqual(self.place(zip="93103-1234")[0].zip, "93103-1234")
        self.assertEqual(zip_key("93103-1234"), zip_key(" 93103 "))
        self.assertEqual(zip_key("sw1a 1aa"), zip_key("SW1A1AA"))
        self.assertNotEqual(zip_key("12345-678"), zip_key("12345"))


class TestPhones(ContactsCase):
    def phone(self, text, country="US"):
        found = self.one({**JANE, "phone": text, "country": country, "state": None})
        return found.delivery.phone, found.notes

    def test_valid_numbers_are_international(self):
        for text, country, expected in [
            ("18053992278", "US", "+1 805-399-2278"),
            ("(805) 399-2278", "USA", "+1 805-399-2278"),
            ("030 901820", "Germany", "+49 30 901820"),
            ("+33 1 70 18 99 00", "US", "+33 1 70 18 99 00"),
            ("+33170189900", None, "+33 1 70 18 99 00"),
        ]:
            self.assertEqual(self.phone(text, country), (expected, ()))

    def test_extension_and_letters_are_kept_and_the_number_still_known(self):
        for text in ("805-399-2278 x123", "8053992278 ext. 5", "1-800-FLOWERS"):
            self.assertEqual(self.phone(text), (text, ()))
        known = self.one({**JANE, "phone": "805-399-2278 x123", "e_mail": None}).partner
        self.assertEqual(self.one({**JANE, "e_mail": None}).partner, known)

    def test_nonsense_is_kept_and_no_matter_for_a_warning_on_the_order(self):
        for text in ("call me", "12", "0" * 60, "+", "☎", "n/a", "+999 12345678"):
            phone, notes = self.phone(text)
            self.assertEqual(phone, text)
            self.assertEqual(notes, ())

    def test_without_a_country_the_text_stays_and_the_same_buyer_is_found(self):
        bare = {**JANE, "country": None, "state": None, "e_mail": None}
        first = self.one(bare)
        self.assertEqual(first.partner.phone, "805 399 2278")
        self.assertEqual(self.one(bare).partner, first.partner)


class TestAnyText(ContactsCase):
    def test_html_is_text(self):
        script = "<script>alert(1)</script>"
        partner = self.one({part: script for part in JANE}).partner
        self.assertEqual(partner.street, script)
        self.assertFalse(partner.comment)
        shown = {"fields": ["name", "address", "email"]}
        html = self.env["ir.qweb.field.contact"].value_to_html(partner, shown)
        self.assertNotIn("<script>", html)
        self.assertIn("&lt;script&gt;", html)

    def test_line_breaks_are_blanks(self):
        self.assertEqual(self.one({**JANE, "address_1": "510\r\nMilpas\tSt"}).partner.street, "510 Milpas St")

    def test_absurdly_long_text_is_shortened_and_told(self):
        found = self.one({**dict.fromkeys(ACME, "\U0001f600" * 5000), "company": "é" * 5000}, DOCK)
        self.env.flush_all()
        self.assertLessEqual(len(found.partner.name), 151)
        self.assertIn("shortened", " ".join(found.notes))

    def test_any_address_has_contacts_and_changes_none(self):
        known = self.contact(email="jane@example.com", street="Elsewhere 1", phone="+1 805-399-2278")
        before = known.read(["name", "email", "phone", "comment", *POSTAL])
        text = st.one_of(
            st.none(),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
            st.sampled_from([*JANE.values(), *DOCK.values(), REDACTED, "Acme Inc.", "a@b", "x" * 3000, "+1"]),
        )
        parts = st.sampled_from([*JANE, "company", "title", "address_2", "address_3"])
        address = st.dictionaries(parts, text)

        @settings(
            max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        @given(st.lists(st.tuples(address, address), min_size=1, max_size=8))
        def check(pairs):
            orders = [self.order(*pair) for pair in pairs]
            savepoint = self.env.cr.savepoint()
            try:
                found = self.resolve(*orders)
                self.env.flush_all()
                self.assertEqual(len(found), len(orders))
                for contacts in found:
                    self.assertTrue(contacts.partner.name)
                    for contact in (contacts.invoice, contacts.delivery):
                        self.assertIn(contacts.partner, contact | contact.parent_id)
                self.assertEqual(known.read(list(before[0])), before)
                again = self.created_by(
                    lambda: self.resolve(
                        *(
                            order
                            for order in orders
                            if email_normalize(order.billing.email) and not order.billing.is_redacted
                        )
                    )
                )
                self.assertFalse(again.filtered("email_normalized"))
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        check()


class TestAtOnce(ContactsCase):
    def elsewhere(self, **values):
        """Commit a contact in another transaction, as another process would; removed after the test."""

        def remove():
            with self.registry.cursor() as cr:
                self.env(cr=cr)["res.partner"].browse(partner_id).unlink()

        with self.registry.cursor() as cr:
            partner_id = self.env(cr=cr)["res.partner"].create({"name": "Jane Roe", **values}).id
        self.addCleanup(remove)

    def test_contact_made_by_another_process_is_not_made_again(self):
        self.elsewhere(email="jane@example.com")
        with self.assertRaises(ConcurrencyError):
            self.one()

    def test_address_made_by_another_process_is_not_made_again(self):
        market = self.env.ref("base.main_partner")
        self.elsewhere(parent_id=market.id, type="delivery", street="7 Dock Rd")
        with self.assertRaises(ConcurrencyError):
            self.resolve(self.order(JANE, DOCK), fixed={0: market})

    def test_other_contacts_of_other_processes_do_not_matter(self):
        self.elsewhere(email="jane@other.example")
        self.assertTrue(self.one().partner)

    def test_a_look_at_other_processes_that_fails_puts_no_buyer_into_the_log(self):
        broken = Domain.custom(to_sql=lambda *_: SQL("(1 / 0)::text = %s", JANE["e_mail"]))
        search = ContactBatch._search

        def searching(batch, domain):
            batch.searches.append((broken, set()))
            return search(batch, domain)

        with (
            patch.object(ContactBatch, "_search", searching),
            self.assertLogs("odoo.sql_db", "ERROR") as log,
            self.assertRaises(DivisionByZero),
        ):
            self.one()
        self.assertNotIn(JANE["e_mail"], str(log.output))

    def test_the_same_new_buyer_waits_for_the_other_process(self):
        self.one()
        with self.registry.cursor() as cr:
            cr.execute("SET LOCAL lock_timeout = '50ms'")
            partners = self.partners.with_env(self.env(cr=cr))
            account = type("Account", (), {"company_id": self.company.with_env(partners.env)})
            with self.assertRaises(LockNotAvailable), mute_logger("odoo.sql_db"):
                partners._extensiv_resolve(account, [self.order()])


class TestSets(ContactsCase):
    def orders(self, count):
        return [
            self.order(
                {**JANE, "first_name": f"J{index}", "e_mail": f"j{index}@example.com"},
                {**DOCK, "address_1": f"{index} Dock Rd"},
            )
            for index in range(count)
        ]

    def queries(self, count, again=False):
        """Count the queries of resolving ``count`` buyers, of the second time when ``again``."""
        self.resolve(self.order())
        orders = self.orders(count)
        if again:
            self.resolve(*orders)
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        self.resolve(*orders)
        return self.env.cr.sql_log_count - before

    def test_known_buyers_cost_the_same_few_queries_for_any_batch(self):
        self.assertEqual(self.queries(5, again=True), self.queries(60, again=True))
        self.assertLessEqual(self.queries(60, again=True), 12)

    def test_indexes_are_there(self):
        self.env.cr.execute("SELECT indexname FROM pg_indexes WHERE tablename = 'res_partner'")
        names = {name for [name] in self.env.cr.fetchall()}
        wanted = {f"res_partner_extensiv_{part}_index" for part in ("email", "phone", "name")}
        self.assertLessEqual(wanted, names)

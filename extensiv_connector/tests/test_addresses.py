"""Where the parcel goes, and where the invoice."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.tools import email_normalize

from ..flows.addresses import POSTAL, zip_key
from ..flows.countries import find_countries
from .contacts_common import ACME, DOCK, JANE, REDACTED, ContactsCase


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
        partner, _notes = self.place(country=None, zip=None)
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
        for text in ("call me", "12", "0" * 60, "+999 12345678"):
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

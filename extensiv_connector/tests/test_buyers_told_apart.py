"""Two buyers are not one, and one buyer is not two."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from odoo.exceptions import ConcurrencyError
from odoo.tests import new_test_user

from ..flows.contacts import ContactBatch
from .contacts_common import ACME, DOCK, JANE, ContactsCase
from .drawn_buyers import BUYERS

RELAY = "+1 415-419-8616"
OTHER_STREET = {"address_1": "9 Home Lane", "zip": "93105"}


class TestSharedAddresses(ContactsCase):
    def test_an_address_for_whoever_gives_none_makes_no_two_buyers_one(self):
        for email in ("noreply@shop.example.com", "do-not-reply@shop.example.com", "none@none.com", "na@na.com"):
            shared = {**JANE, "e_mail": email, "phone": None}
            one, two, again = self.resolve(
                self.order(shared), self.order({**shared, **OTHER_STREET}), self.order(shared)
            )
            self.assertNotEqual(one.partner, two.partner)
            self.assertEqual(again.partner, one.partner, "the same name at the same address")
            self.assertEqual(self.one(shared).partner, one.partner, "and ever after")
            self.assertEqual(one.partner.email, email)
            self.assertEqual(one.notes, ())

    def test_who_has_such_an_address_is_known_by_phone(self):
        known = self.one({**JANE, "e_mail": "noreply@shop.example.com"}).partner
        found = self.one({**JANE, "e_mail": "donotreply@other.example.com"})
        self.assertEqual(found.partner, known)
        self.assertEqual(found.notes, (), "nobody needs to know of the other")

    def test_the_merchants_own_addresses_make_no_two_buyers_one(self):
        self.company.write({"email": "shop@ours.example", "phone": "+1 805-555-0100"})
        clerk = new_test_user(self.env, login="clerk", name="Joe Clerk", email="joe@ours.example")
        brand = self.contact(name="Brand", is_company=True, email="sales@brand.example")
        self.account.owner_id = brand
        for email in ("shop@ours.example", "joe@ours.example", "Sales@brand.example"):
            taken_by_phone = {**JANE, "e_mail": email, "phone": None}
            one, two = self.resolve(self.order(taken_by_phone), self.order({**taken_by_phone, **OTHER_STREET}))
            self.assertNotEqual(one.partner, two.partner)
        own_phone = {**JANE, "e_mail": None, "phone": "805 555 0100"}
        one, two = self.resolve(self.order(own_phone), self.order({**own_phone, "address_1": "9 Home Lane"}))
        self.assertNotEqual(one.partner, two.partner)
        bought = {**JANE, "first_name": "Joe", "last_name": "Clerk", "e_mail": "joe@ours.example"}
        self.assertEqual(self.one(bought).partner, clerk.partner_id, "what a person buys with the own address")

    def test_a_relays_phone_with_another_extension_is_another_buyer(self):
        relayed = {**JANE, "e_mail": None}
        one, two, again = self.resolve(
            self.order({**relayed, "phone": f"{RELAY} ext. 11111"}),
            self.order({**relayed, "phone": f"{RELAY} ext. 22222"}),
            self.order({**relayed, "phone": f"{RELAY} x11111"}),
        )
        self.assertNotEqual(one.partner, two.partner)
        self.assertEqual(again.partner, one.partner)
        for contacts, extension in ((one, "11111"), (two, "22222")):
            found = self.one({**relayed, "phone": f"{RELAY}, ext {extension}"})
            self.assertEqual(found.partner, contacts.partner)

    def test_the_same_email_is_the_same_buyer_whatever_extension_the_relay_gives(self):
        one, two = self.resolve(*(self.order({**JANE, "phone": f"{RELAY} ext. {number}"}) for number in (1, 2)))
        self.assertEqual(one.partner, two.partner)

    def test_a_company_behind_a_relay_is_not_joined_by_a_stranger(self):
        one, two = self.resolve(
            self.order({**ACME, "e_mail": None, "phone": f"{RELAY} ext. 1"}),
            self.order({**ACME, **OTHER_STREET, "first_name": "Joe", "e_mail": None, "phone": f"{RELAY} ext. 2"}),
        )
        self.assertNotEqual(one.partner.parent_id, two.partner.parent_id)


class TestCompaniesKnown(ContactsCase):
    def test_a_company_written_another_way_is_no_other(self):
        found = self.one(ACME)
        for company in ("ACME, Inc", "Acme", "The Acme Inc."):
            again = self.one({**ACME, "company": company})
            self.assertEqual(again.partner, found.partner, company)
            self.assertEqual(again.delivery, found.partner)

    def test_a_private_purchase_stays_private(self):
        at_work = self.one(ACME).partner
        at_home = self.one({**JANE, **OTHER_STREET}).partner
        self.assertFalse(at_home.commercial_partner_id.is_company)
        self.assertEqual(self.one({**JANE, **OTHER_STREET}).partner, at_home)
        self.assertEqual(self.one({**JANE, **DOCK, "e_mail": JANE["e_mail"]}).partner, at_home)
        self.assertEqual(self.one(ACME).partner, at_work)

    def test_a_private_buyer_whose_company_is_known_is_one(self):
        at_home = self.one({**JANE, **OTHER_STREET}).partner
        company = self.contact(name="Acme Inc.", is_company=True, email="jane@example.com", phone="805 399 2278")
        self.assertEqual(self.one({**ACME, **OTHER_STREET}).partner, at_home)
        self.assertEqual(self.one({**JANE, **OTHER_STREET}).partner, at_home)
        self.assertFalse(at_home.parent_id)
        self.assertFalse(company.child_ids)

    def test_what_goes_to_the_companys_address_without_naming_it_is_the_same_buyers(self):
        at_work = self.one(ACME).partner
        self.assertEqual(self.one(JANE).partner, at_work)
        company = self.contact(name="Beta LLC", is_company=True)
        joe = self.contact(name="Joe Doe", email="joe@beta.example", parent_id=company.id)
        bought = {**JANE, "first_name": "Joe", "last_name": "Doe", "e_mail": "joe@beta.example", "phone": None}
        self.assertEqual(self.one(bought).partner, joe, "nothing says that it goes elsewhere than to the company")

    def test_what_stands_for_no_company_is_none(self):
        for text in ("N/A", "-", "Private", "residential", "none", "Home"):
            found = self.one({**JANE, "company": text, "e_mail": f"{len(text)}@example.com"}, {**DOCK, "company": text})
            self.assertFalse(found.partner.parent_id or found.partner.is_company)
            self.assertEqual(found.delivery.name, "Jane Roe")

    def test_a_person_who_is_the_companys_only_name_is_a_person(self):
        alone = {**JANE, "first_name": None, "last_name": None, "company": "Jane Roe"}
        found = self.one(alone, {**DOCK, "first_name": None, "last_name": None, "company": "Jane Roe"})
        self.assertRecordValues(found.partner, [{"name": "Jane Roe", "is_company": False, "parent_id": False}])
        self.assertEqual(found.delivery.name, "Jane Roe")
        self.assertEqual(self.one(JANE).partner, found.partner)
        self.assertFalse(self.one({**JANE, "company": "JANE ROE", "e_mail": "b@example.com"}).partner.is_company)

    def test_where_something_says_otherwise_it_is_a_company(self):
        alone = {**JANE, "first_name": None, "last_name": None}
        for company in ("Roe Plumbing", "Jane Roe LLC", "Acme", "Springfield School"):
            self.assertTrue(self.one({**alone, "company": company, "e_mail": None, "phone": None}).partner.is_company)
        named = self.one({**alone, "company": "Blue Bottle", "e_mail": None}, {**DOCK, "first_name": "Bob"})
        self.assertTrue(named.partner.is_company, "the order has another name")
        known = self.contact(name="Blue Heron", is_company=True, email="blue@example.com")
        self.assertEqual(self.one({**alone, "company": "Blue Heron", "e_mail": "blue@example.com"}).partner, known)


class TestManyWithOnePhone(ContactsCase):
    def count_read(self):
        """Return a list of how many contacts each search finds from here on."""
        read = []
        search = ContactBatch._search

        def searching(batch, domain, **values):
            found = search(batch, domain, **values)
            read.append(len(found))
            return found

        self.patch(ContactBatch, "_search", searching)
        return read

    def test_contacts_that_share_a_phone_or_an_email_are_not_read(self):
        shared = {"phone": "+1 805-399-2278", "country_id": self.env.ref("base.us").id}
        self.env["res.partner"].create([{"name": f"Buyer {number}", **shared} for number in range(30)])
        self.env["res.partner"].create([{"name": f"Other {number}", "email": JANE["e_mail"]} for number in range(30)])
        read = self.count_read()
        self.one()
        self.one(ACME)
        self.assertLessEqual(max(read), 2)

    def test_of_namesakes_that_share_a_phone_those_of_the_zip_are_read(self):
        named = {"name": "Amazon Customer", "country_id": self.env.ref("base.us").id}
        self.env["res.partner"].create(
            [{**named, "phone": "+1 805-399-2278", "zip": f"{number:05}"} for number in range(30)]
        )
        self.env["res.partner"].create([{**named, "zip": f"{number:05}"} for number in range(30)])
        known = self.contact(**named, phone="+1 805-399-2278", zip="93103-1234")
        read = self.count_read()
        buyer = {**JANE, "first_name": "Amazon", "last_name": "Customer", "e_mail": None}
        self.assertEqual(self.one(buyer).partner, known)
        self.one({**buyer, "phone": None})
        self.assertLessEqual(max(read), 1)

    def test_of_a_companys_people_that_share_a_phone_one_is_read(self):
        market = self.env["res.partner"].create({"name": "Market Inc.", "is_company": True})
        shared = {"parent_id": market.id, "type": "contact", "phone": "+1 805-399-2278"}
        self.env["res.partner"].create(
            [{**shared, "name": f"Buyer {number}", "email": f"{number}@example.com"} for number in range(30)]
        )
        read = self.count_read()
        found = self.one({**JANE, "company": "Market Inc."})
        self.assertEqual(found.partner.parent_id, market)
        self.assertLessEqual(max(read), 2)

    def test_other_workers_contacts_with_the_same_phone_are_no_conflict(self):
        self.elsewhere(name="Bob Smith", phone="+1 805-399-2278", email="jane@example.com")
        self.assertTrue(self.one().partner)
        shared = {"name": "JANE  roe", "phone": "+1 805-399-2278", "country_id": self.env.ref("base.us").id}
        self.elsewhere(**shared, zip="10001-2345")
        with self.assertRaises(ConcurrencyError):
            self.one({**JANE, "zip": "10001", "e_mail": "other@example.com"})
        self.assertTrue(self.one({**JANE, "zip": "60601", "e_mail": "other@example.com"}).partner)

    def test_a_company_made_by_another_process_is_not_made_again(self):
        self.elsewhere(name="ACME  Inc.", is_company=True, email="jane@example.com")
        with self.assertRaises(ConcurrencyError):
            self.one(ACME)
        namesake = {**ACME, "e_mail": "joe@example.com", "phone": "503-555-0100", "address_1": "1 Pine St"}
        self.assertTrue(self.one(namesake).partner.parent_id)

    def elsewhere(self, **values):
        """Commit a contact in another transaction, as another process would; removed after the test."""

        def remove():
            with self.registry.cursor() as cr:
                self.env(cr=cr)["res.partner"].browse(partner_id).unlink()

        with self.registry.cursor() as cr:
            partner_id = self.env(cr=cr)["res.partner"].create(values).id
        self.addCleanup(remove)


class TestAnyBuyer(ContactsCase):
    def test_any_buyer_is_found_again_and_told_from_one_elsewhere(self):
        """The same order twice is one buyer's; of a shared address and another street, it is another's."""
        buyer = st.fixed_dictionaries({}, optional={k: v for k, v in BUYERS.items() if k.startswith("cust_")})

        @settings(
            max_examples=40, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
        )
        @given(buyer)
        def check(parts):
            billing = {key.removeprefix("cust_"): text for key, text in parts.items()}
            billing = {**billing, "first_name": "Jane", "last_name": "Roe", "address_1": "510 Milpas St"}
            savepoint = self.env.cr.savepoint()
            try:
                one, two = self.resolve(self.order(billing), self.order(billing))
                self.assertEqual(one.partner, two.partner)
                again = self.created_by(lambda: self.assertEqual(self.one(billing).partner, one.partner))
                self.assertFalse(again)
                if "none" in billing.get("e_mail", "") and not one.partner.phone:
                    self.assertNotEqual(self.one({**billing, "address_1": "9 Home Lane"}).partner, one.partner)
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all()

        check()

"""Who the buyer is."""

from unittest.mock import patch

from psycopg2.errors import DivisionByZero, LockNotAvailable

from odoo.exceptions import ConcurrencyError
from odoo.fields import Domain
from odoo.tools import SQL, mute_logger

from ..flows.addresses import POSTAL
from ..flows.contacts import ContactBatch
from .contacts_common import ACME, DOCK, JANE, REDACTED, ContactsCase


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
        dock = {"first_name": "Jane", "last_name": "Roe", "address_1": "7 Dock Rd", "city": "Salem", "state": "OR"}
        place = {"street": "7 Dock Rd", "city": "Salem", "state_id": self.state("OR").id, "zip": "97301"}
        self.elsewhere(parent_id=market.id, type="delivery", country_id=self.env.ref("base.us").id, **place)
        with self.assertRaises(ConcurrencyError):
            self.resolve(self.order(JANE, {**dock, "country": "US", "zip": "97301"}), fixed={0: market})
        self.assertTrue(self.resolve(self.order(JANE, {**dock, "country": "US", "zip": "97302"}), fixed={0: market}))

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

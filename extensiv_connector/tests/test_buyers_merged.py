"""Contacts that were merged are one buyer, whichever of their names an order has."""

from odoo.tests import new_test_user

from .contacts_common import ACME, JANE, ContactsCase

MARY = {**JANE, "first_name": "Mary"}


class TestMerged(ContactsCase):
    def merge(self, *partners, into, user=None):
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard = wizard.with_user(user) if user else wizard
        wizard._merge([partner.id for partner in (*partners, into)], into.with_env(wizard.env))
        self.env.flush_all()
        self.env.invalidate_all()

    def test_the_merged_name_finds_the_survivor(self):
        jane = self.one().partner
        mary = self.one(MARY).partner
        self.assertNotEqual(mary, jane)
        self.merge(mary, into=jane)
        found = self.created_by(lambda: self.assertEqual(self.one(MARY).partner, jane))
        self.assertFalse(found.filtered(lambda partner: not partner.parent_id))
        self.assertEqual(self.one().partner, jane)

    def test_and_so_does_the_email_or_the_phone_that_went(self):
        kept = self.one({**JANE, "e_mail": "new@example.com", "phone": None}).partner
        gone = self.one({**JANE, "e_mail": "old@example.com", "phone": "805 399 2278"}).partner
        self.merge(gone, into=kept)
        self.assertEqual(self.one({**JANE, "e_mail": "old@example.com", "phone": None}).partner, kept)
        self.assertEqual(self.one({**JANE, "e_mail": None}).partner, kept)

    def test_what_was_merged_is_not_forgotten_when_the_survivor_is_merged(self):
        one, two, three = (self.one({**JANE, "first_name": name}).partner for name in ("Jane", "Mary", "Ann"))
        self.merge(one, into=two)
        self.merge(two, into=three)
        for name in ("Jane", "Mary", "Ann"):
            self.assertEqual(self.one({**JANE, "first_name": name}).partner, three)

    def test_a_merged_companys_name_finds_the_survivor(self):
        jane = self.one(ACME).partner
        company = self.contact(name="Umbrella Holding", is_company=True)
        self.merge(jane.parent_id, into=company)
        self.assertEqual(jane.parent_id, company)
        self.assertEqual(self.one(ACME).partner, jane)
        colleague = {**ACME, "first_name": "Joe", "e_mail": "joe@example.com"}
        self.assertEqual(self.one(colleague).partner.parent_id, company)

    def test_what_goes_to_an_address_that_was_merged_is_the_survivors(self):
        company = self.contact(name="Umbrella Holding", is_company=True, street="1 Pine St", zip="10001")
        colleague = self.contact(name="Mary Roe", parent_id=company.id)
        jane = self.one().partner
        self.merge(jane, into=colleague)
        self.assertEqual(self.one().partner, colleague, "Jane's home is the survivor's")
        acme = self.one({**ACME, "first_name": "Ann"}).partner.parent_id
        self.merge(acme, into=company)
        joe = {**ACME, "first_name": "Joe", "e_mail": "joe@other.example", "phone": None}
        self.assertEqual(self.one(joe).partner.parent_id, company, "Acme's street is the survivor's")
        nobody = dict.fromkeys(("first_name", "last_name", "e_mail", "phone"))
        self.assertEqual(self.one({**ACME, **nobody}).partner, company)

    def test_another_of_the_merged_name_is_another(self):
        jane = self.one().partner
        self.merge(self.one(MARY).partner, into=jane)
        self.assertNotEqual(self.one({**MARY, "e_mail": "mary@other.example", "phone": None}).partner, jane)

    def test_whoever_may_merge_and_knows_nothing_of_the_connector(self):
        clerk = new_test_user(self.env, "clerk", "base.group_user,base.group_partner_manager")
        jane = self.one().partner
        self.merge(self.one(MARY).partner, into=jane, user=clerk)
        self.assertEqual(self.one(MARY).partner, jane)

    def test_a_contact_becomes_no_recipient_by_taking_one_in(self):
        market = self.contact(name="Marketplace", is_company=True)
        [contacts] = self.resolve(self.order(), fixed={0: market})
        jane = self.one({**JANE, "e_mail": "jane@other.example", "phone": None}).partner
        self.merge(contacts.delivery, into=jane)
        self.assertFalse(jane.extensiv_address_of)

    def test_erasing_a_buyer_forgets_what_was_merged(self):
        jane = self.one().partner
        self.merge(self.one(MARY).partner, into=jane)
        self.assertIn("mary", str(jane.extensiv_former))
        jane.action_extensiv_erase_buyer()
        self.assertFalse(jane.extensiv_former)

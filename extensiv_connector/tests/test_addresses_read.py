"""Addresses as carts write them, and what is printed of them."""

from odoo.addons.extensiv_connector.flows.countries import find_countries, infer_countries

from .contacts_common import ACME, DOCK, JANE, ContactsCase


class TestReadAddresses(ContactsCase):
    def place(self, **parts):
        found = self.one({**JANE, "e_mail": None, "phone": None, **parts})
        return found.partner, found.notes

    def test_entities_are_read_once_everywhere(self):
        partner = self.one(
            {
                **JANE,
                "first_name": "Andr&eacute;",
                "last_name": "O&#39;Brien",
                "company": "Smith &amp;amp; Sons",
                "address_1": "5 M&uuml;ller &amp; Co Rd",
                "e_mail": "o&#39;brien@example.com",
            }
        ).partner
        self.assertRecordValues(
            partner, [{"name": "André O'Brien", "street": "5 Müller & Co Rd", "email": "o'brien@example.com"}]
        )
        self.assertEqual(partner.parent_id.name, "Smith &amp; Sons")

    def test_a_street_in_the_second_line_moves_up(self):
        partner, _notes = self.place(address_1=None, address_2="510 Milpas St", address_3="Apt 4")
        self.assertRecordValues(partner, [{"street": "510 Milpas St", "street2": "Apt 4"}])
        partner, _notes = self.place(address_1="Apt 4", address_2="510 Milpas St")
        self.assertRecordValues(partner, [{"street": "510 Milpas St", "street2": "Apt 4"}])
        partner, _notes = self.place(address_1="Jane Roe", address_2="511 Milpas St")
        self.assertEqual(partner.street, "511 Milpas St")
        self.assertFalse(partner.street2, "the name stands above the address already")

    def test_an_address_of_before_whose_street_is_in_the_second_line_is_used(self):
        known = self.contact(email="jane@example.com", street2="510 Milpas St", city="Santa Barbara", zip="93103")
        known.write({"state_id": self.state("CA").id, "country_id": self.env.ref("base.us").id})
        self.assertEqual(self.one({**JANE, "phone": None}).delivery, known)

    def test_nations_of_the_united_kingdom(self):
        for country in ("England", "Scotland", "Wales", "Northern Ireland", "GB-ENG", "N. Ireland"):
            partner, notes = self.place(country=country, state="Kent", zip="TN1 1AA")
            self.assertEqual(partner.country_id.code, "GB", country)
            self.assertEqual((partner.state_id.name, notes), ("Kent", ()))
        for state in ("England", "Scotland", "Northern Ireland", "GB-WLS"):
            partner, notes = self.place(country="GBR", state=state, city="London")
            self.assertEqual((partner.country_id.code, partner.city, notes), ("GB", "London", ()), state)

    def test_parts_of_countries_in_whatever_language(self):
        for country, state, code in [
            ("CA", "Québec", "QC"), ("CAN", "Colombie-Britannique", "BC"), ("CA", "Newfoundland", "NL"),
            ("DE", "Bavaria", "DE-BY"), ("DE", "Nordrhein-Westfalen", "DE-NW"), ("DE", "NRW", "DE-NW"),
            ("BE", "Oost-Vlaanderen", "VOV"), ("BE", "Anvers", "VAN"), ("ES", "Vizcaya", "BI"), ("ES", "Gerona", "GI"),
            ("ES", "A Coruña", "C"), ("IT", "Milan", "MI"), ("IT", "Bozen", "BZ"), ("CH", "Geneva", "GE"),
            ("JP", "Tokyo", "JP-13"), ("JP", "東京都", "JP-13"), ("CN", "Guangdong", "粤"), ("KR", "서울", "KR-11"),
            ("FI", "Nyland", "FI-18"), ("SE", "Skåne", "SE-M"), ("AT", "Vienna", "9"), ("MX", "CDMX", "CMX"),
            ("PT", "Lisbon", "11"), ("PL", "Mazowsze", "MZ"),
        ]:  # fmt: skip
            partner, notes = self.place(country=country, state=state, zip=None)
            self.assertEqual((partner.state_id.code, notes), (code, ()), state)

    def test_countries_by_iso_names_and_their_own(self):
        texts = {
            "DE": ["Deutschland", "GERMANY"],
            "AT": ["Österreich"],
            "CH": ["Schweiz", "Suisse", "Svizzera"],
            "ES": ["España", "ESP"],
            "JP": ["日本"],
            "KR": ["Korea, Republic of", "대한민국"],
            "IR": ["Iran (Islamic Republic of)"],
            "TW": ["Taiwan, Province of China"],
            "MD": ["Moldova, Republic of"],
            "LA": ["Lao People's Democratic Republic"],
        }
        found = find_countries(self.env, [text for group in texts.values() for text in group])
        self.assertEqual(
            {text: found[text].code for text in found}, {text: code for code, group in texts.items() for text in group}
        )

    def test_a_missing_country_is_inferred_only_where_nothing_is_in_doubt(self):
        sure = {
            ("CA", "93103"): "US", ("California", "93103-1234"): "US", ("NY", "10001"): "US", ("QC", "H2X 1Y4"): "CA",
            ("Ontario", "K1A0B1"): "CA", ("NSW", "2000"): "AU", ("Bayern", "80331"): "DE", ("Bavaria", "80331"): "DE",
            ("England", "SW1A 1AA"): "GB", ("Florida", "33101"): "US", ("Zuid-Holland", "3011 AB"): "NL",
            ("Tennessee", "38122"): "US", ("TN", "37201"): "US",
        }  # fmt: skip
        doubtful = [
            ("CA", "09100"), ("CA", "10001"), ("CA", ""), ("", "93103"), ("BY", "80331"), ("Ecotopia", "93103"),
            ("Limburg", "3500"), ("California", "ABC"), ("MA", "2101"), ("England", "80331"),
            ("TN", "38122"),  # Memphis, Tennessee, or Trento in Italy
        ]  # fmt: skip
        found = infer_countries(self.env, {*sure, *doubtful})
        self.assertEqual({pair: country.code for pair, country in found.items()}, sure)

    def test_an_inferred_country_is_told_and_used(self):
        partner, notes = self.place(country=None, phone="(805) 399-2278")
        self.assertRecordValues(partner, [{"phone": "+1 805-399-2278", "city": "Santa Barbara"}])
        self.assertEqual((partner.country_id.code, partner.state_id.code), ("US", "CA"))
        self.assertIn("United States", notes[0])
        partner, _notes = self.place(country="Atlantis")
        self.assertFalse(partner.country_id, "a country that is named and unknown is not another")


class TestInvoiceAddresses(ContactsCase):
    def setUp(self):
        super().setUp()
        self.acme = self.contact(name="Acme Inc.", is_company=True, email="jane@example.com", street="1 Head Office")
        self.payable = self.contact(name="Accounts Payable", type="invoice", parent_id=self.acme.id, street="PO Box 9")

    def test_a_known_companys_invoice_address_is_used(self):
        found = self.one(ACME, DOCK)
        self.assertEqual(found.partner.parent_id, self.acme)
        self.assertEqual(found.invoice, self.payable)
        self.assertEqual(found.delivery.street, "7 Dock Rd")
        alone = self.one({**ACME, "first_name": None, "last_name": None})
        self.assertEqual(alone.partner, self.acme)
        self.assertEqual(alone.invoice, self.payable)
        self.assertEqual(
            found.invoice, self.env["res.partner"].browse(found.partner.address_get(["invoice"])["invoice"])
        )

    def test_the_persons_own_goes_first_and_the_one_that_the_order_names_before_all(self):
        jane = self.one(ACME).partner
        own = self.contact(name="Jane's Office", type="invoice", parent_id=jane.id, street="2 Side St")
        self.assertEqual(self.one(ACME).invoice, own)
        named = self.contact(
            name="Jane Roe",
            type="invoice",
            parent_id=jane.id,
            street="510 Milpas St",
            city="Santa Barbara",
            zip="93103",
            state_id=self.state("CA").id,
            country_id=self.env.ref("base.us").id,
            phone="805 399 2278",
        )
        self.assertEqual(self.one(ACME).invoice, named)

    def test_what_was_made_for_an_order_is_no_choice_for_the_next(self):
        self.payable.unlink()
        first = self.one(ACME).invoice
        self.assertEqual(first.extensiv_address_of, "buyer")
        moved = self.one({**ACME, "address_1": "77 New St"}).invoice
        self.assertEqual(moved.street, "77 New St")

    def test_an_archived_one_is_not_used(self):
        self.payable.active = False
        self.assertEqual(self.one(ACME).invoice.street, "510 Milpas St")


class TestRecipients(ContactsCase):
    def setUp(self):
        super().setUp()
        self.brand = self.contact(name="Brand Inc.", is_company=True)

    def label(self, partner):
        options = {"widget": "contact", "fields": ["name", "address"], "no_marker": True}
        return self.env["ir.qweb.field.contact"].value_to_html(partner, options)

    def test_the_brand_is_not_every_recipients_company(self):
        [found] = self.resolve(self.order(JANE, DOCK), fixed={0: self.brand})
        self.assertEqual(found.delivery.parent_id, self.brand)
        self.assertEqual(found.delivery.commercial_partner_id, self.brand, "the brand is who is invoiced")
        self.assertNotIn("Brand", self.label(found.delivery))
        self.assertIn("Jane Roe", self.label(found.delivery))
        self.assertNotIn("Brand", found.delivery.contact_address)
        self.assertFalse(found.delivery.commercial_company_name)
        self.brand.name = "Brand AG"
        self.assertNotIn("Brand", self.label(found.delivery))

    def test_the_recipients_own_company_is_printed(self):
        [found] = self.resolve(self.order(JANE, {**DOCK, "company": "Beta LLC"}), fixed={0: self.brand})
        self.assertIn("Beta LLC, Jane Roe", self.label(found.delivery))
        self.assertNotIn("Brand", self.label(found.delivery))

    def test_a_buyer_of_a_company_has_it_on_the_label(self):
        found = self.one(ACME, DOCK)
        self.assertIn("Acme Inc.", self.label(found.delivery))

    def test_an_order_that_says_no_delivery_address_is_held(self):
        nowhere, somewhere, city = self.resolve(
            self.order({}, {}),
            self.order(JANE, {}),
            self.order({"first_name": "Jane", "city": "Portland"}),
            fixed=dict.fromkeys(range(3), self.brand),
        )
        self.assertIn("does not say where", nowhere.holds["address"])
        self.assertEqual(somewhere.holds, {})
        self.assertIn("address", city.holds)
        self.assertEqual(self.one({}).holds, {}, "only the fixed customer would be shipped to in the buyer's place")

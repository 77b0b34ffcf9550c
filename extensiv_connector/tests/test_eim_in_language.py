"""What the connector says itself about EIM is in the reader's language, EIM's own words and the log are not."""

from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools.translate import code_translations

from ..eim import errors as eim
from ..eim import texts
from ..eim.texts import join, labelled
from ..flows import (
    audit,
    batch_acknowledging,
    credential_check,
    error_names,
    languages,
    leftovers,
    missing_carrier,
    order_pull,
    renamed_carts,
    shipment_batches,
    shipped_elsewhere,
    stock_comparison,
)
from .common import ConnectorCase


class Marked(dict):
    """Translates every text of the addon by brackets around it."""

    def get(self, source, default=None):
        return f"⟦{source}⟧"


@tagged("post_install", "-at_install")
class TestEimInLanguage(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("de_DE")
        cls.german = cls.env(context={**cls.env.context, "lang": "de_DE"})

    def setUp(self):
        super().setUp()
        self.startPatcher(
            patch.dict(code_translations.python_translations, {("extensiv_connector", "de_DE"): Marked()})
        )

    def test_a_sentence_is_said_with_its_values_and_the_sentences_in_it(self):
        said = join([texts._("EIM has trouble of its own (HTTP %(status)s).", status=503), "Closed for lunch."])
        error = eim.Transient(said)
        self.assertEqual(str(error), "EIM has trouble of its own (HTTP 503). Closed for lunch.")
        self.assertEqual(
            languages.translated(self.german, error),
            "⟦⟦EIM has trouble of its own (HTTP 503).⟧ Closed for lunch.⟧",
        )
        about = ValueError(labelled(texts._("Line %(number)s", number=2), "100 % off"))
        self.assertEqual(languages.translated(self.german, about), "⟦⟦Line 2⟧: 100 % off⟧")
        self.assertEqual(languages.translated(self.german, eim.Refused("Kein SKU")), "Kein SKU")

    def test_a_number_has_the_readers_decimal_point_and_all_its_digits(self):
        self.assertEqual(languages.figure(self.german, 1234567.25), "1234567,25")
        self.assertEqual(languages.figure(self.german, 0.1 + 0.2), "0,3")
        self.assertEqual(languages.figure(self.env, -0.0), "0")

    def test_a_run_says_in_the_responsible_persons_language_what_eim_did_not_answer(self):
        self.connect()
        self.account.responsible_id.lang = "de_DE"
        self.fault(route="list_orders", kind="500", count=20)
        with self.assertLogs("odoo.addons.extensiv_connector", "DEBUG") as log:
            self.pull()
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertIn("⟦EIM has trouble of its own (HTTP 500).⟧", error.message)
        self.assertNotIn("⟦", "".join(log.output))

    def test_what_cannot_be_imported_says_why_in_that_language(self):
        self.connect()
        self.account.responsible_id.lang = "de_DE"
        self.add_orders({"cust_ref": "Q-1", "items": [{"item": "TEE-1", "quantity": "-2", "price": "5"}]})
        self.pull()
        self.assertIn("⟦the quantity is negative⟧", self.inbox("Q-1").message)

    def test_the_labels_of_a_selection_that_another_field_has_are_translated(self):
        field = self.env["ir.model.fields"]._get("extensiv.account", "tax_policy")
        label = field.selection_ids.filtered(lambda option: option.value == "odoo")
        label.with_context(lang="de_DE").name = "Steuern von Odoo"
        shown = self.german["extensiv.cart"].fields_get(["tax_policy"])["tax_policy"]["selection"]
        self.assertIn(("odoo", "Steuern von Odoo"), shown)

    def test_the_products_of_charges_have_a_name_in_each_language(self):
        product = self.env["product.product"]._extensiv_service_products()["charge"]
        product.default_code = "RENAMED"
        made = self.env["product.product"]._extensiv_service_products()["charge"]
        self.assertEqual(made.with_context(lang="en_US").name, "Other Charges")
        self.assertEqual(made.with_context(lang="de_DE").name, "⟦Other Charges⟧")

    def test_whatever_words_a_flow_knows_an_error_by_are_translated(self):
        cart = self.env["extensiv.cart"].new({"order_source": "MyShop"})
        keys = [
            *(credential_check.CREDENTIALS_KEY, order_pull.UNREADABLE_KEY, leftovers.STOPPED_KEY),
            *(shipped_elsewhere.ALL_KEY, batch_acknowledging.KEY, shipment_batches.KEY, audit.UNKNOWN_KEY),
            *(stock_comparison.LIST_KEY, stock_comparison.WRITTEN_ELSEWHERE, renamed_carts.get_key(cart)),
            *(f"{missing_carrier.LACKING}express", f"{missing_carrier.LACKING}orders of MyShop"),
        ]
        for key in keys:
            self.assertIn("⟦", error_names.name_key(self.german, "orders", key), key)
            self.assertEqual(
                error_names.name_key(self.env, "orders", key), key.replace("inventory list", "stock list"), key
            )
        self.assertEqual(error_names.name_key(self.german, "orders", "1019"), "1019")

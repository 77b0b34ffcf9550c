from odoo.tests import Form, TransactionCase, tagged

from ..flows.sku_spelling import differences, find_alike, is_clean, visible
from .common import ConnectorCase

ZERO_WIDTH = "\u200b"
BYTE_ORDER_MARK = "\ufeff"
SOFT_HYPHEN = "\u00ad"
NO_BREAK = "\u00a0"
FULL_WIDTH_TEE = "\uff34\uff25\uff25-1"


@tagged("post_install", "-at_install")
class TestSpelling(TransactionCase):
    def test_what_differs_is_named(self):
        for sku, kinds in {
            "tee-1": ["capitals"],
            " TEE-1 ": ["blanks"],
            "TEE -1": ["blanks"],
            f"TEE{NO_BREAK}-1": ["blanks"],
            f"TEE{ZERO_WIDTH}-1": ["invisible"],
            f"{BYTE_ORDER_MARK}TEE-1": ["invisible"],
            f"TEE{SOFT_HYPHEN}-1": ["invisible"],
            FULL_WIDTH_TEE: ["lookalike"],
            f" tee{ZERO_WIDTH}-1": ["capitals", "blanks", "invisible"],
        }.items():
            with self.subTest(visible(sku)):
                self.assertEqual(differences(sku, "TEE-1"), kinds)
                self.assertEqual(differences("TEE-1", sku), kinds)

    def test_a_no_break_blank_differs_from_a_blank(self):
        self.assertEqual(differences(f"TEE{NO_BREAK}1", "TEE 1"), ["blanks"])

    def test_all_of_a_spelling_is_seen(self):
        self.assertEqual(visible(" TEE 1"), "␣TEE␣1")
        self.assertEqual(
            visible(f"TEE{ZERO_WIDTH}1{BYTE_ORDER_MARK}"), "TEE⟨zero width space⟩1⟨zero width no-break space⟩"
        )
        self.assertEqual(visible(f"TEE{NO_BREAK}1"), "TEE⟨no-break space⟩1")
        self.assertEqual(visible("\uff34EE"), "\uff34⟨U+FF34⟩EE")
        self.assertNotEqual(visible("CAF\u00c9"), visible("CAFE\u0301"), "composed or not")

    def test_clean_is_what_a_person_would_type(self):
        for sku in ("TEE-1", "tee 1", "CAF\u00c9", "茶-1"):
            self.assertTrue(is_clean(sku), sku)
        for sku in (" TEE-1", "TEE  1", f"TEE{ZERO_WIDTH}", FULL_WIDTH_TEE, f"TEE{NO_BREAK}1"):
            self.assertFalse(is_clean(sku), visible(sku))


@tagged("post_install", "-at_install")
class TestAlikeSkus(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.tee, self.mug = self.products

    def _match(self, sku):
        return self.env["product.product"]._extensiv_match(self.account, {sku: ()})[sku]

    def test_nothing_is_matched_by_itself(self):
        for sku in ("tee-1", "TEE-1 ", f"TEE{ZERO_WIDTH}-1", FULL_WIDTH_TEE):
            with self.subTest(visible(sku)):
                match = self._match(sku)
                self.assertFalse(match.product)
                self.assertFalse(match.found)
                self.assertEqual(match.alike, (self.tee,))

    def test_both_spellings_and_the_difference_are_told(self):
        message = self._match("tee-1").problem
        for said in ("tee-1", "TEE-1", "Black tee", "only by capitals", "add an alias"):
            self.assertIn(said, message)
        self.assertIn("Correct the SKU in the cart", self._match(f"TEE-1{ZERO_WIDTH}").problem)
        self.assertIn("TEE-1⟨zero width space⟩", self._match(f"TEE-1{ZERO_WIDTH}").problem)
        self.mug.default_code = " MUG-1"
        message = self._match("MUG-1").problem
        self.assertIn("␣MUG-1", message)
        self.assertIn("Correct it on the product", message)

    def test_barcodes_and_aliases_are_looked_at_too(self):
        self.tee.barcode = "bar-77"
        self.assertEqual(self._match("BAR-77").alike, (self.tee,))
        self.env["extensiv.sku.alias"]._set_product(self.account, "Old-Mug", self.mug)
        match = self._match("OLD-MUG")
        self.assertEqual(match.alike, (self.mug,))
        self.assertIn("alias Old-Mug", match.problem)

    def test_another_companys_product_is_not_told(self):
        self.tee.company_id = self.env["res.company"].create({"name": "Theirs"})
        self.assertFalse(self._match("tee-1").alike)

    def test_what_is_altogether_unknown_is_told_as_before(self):
        match = self._match("NEVER-SEEN")
        self.assertFalse(match.alike)
        self.assertIn("is not an internal reference of any product", match.problem)

    def test_one_query_finds_all_of_a_batch(self):
        skus = [f"tee-{number}" for number in range(300)]
        find_alike(self.env, self.account, skus[:1])
        with self.assertQueryCount(1):
            alike = find_alike(self.env, self.account, skus)
        self.assertEqual([other.code for other in alike["tee-1"]], ["TEE-1"])

    def test_an_order_that_waits_offers_the_product_as_alias(self):
        self.add_orders({"cust_ref": "S-1", "items": [{"item": "tee-1", "quantity": 1, "price": "5.00"}]})
        self.pull()
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("flow", "=", "orders")])
        self.assertIn("only by capitals", error.message)
        self.assertEqual(error.fix, "alias")
        action = error.action_fix()
        form = Form(self.env[action["res_model"]].with_context(**action["context"]))
        self.assertEqual(form.sku, "tee-1")
        self.assertEqual(form.product_id, self.tee)
        with self.flows():
            form.save().action_add()
        self.assertEqual(self.inbox("S-1").state, "imported")
        self.assertEqual(self.inbox("S-1").sale_order_id.order_line.filtered("extensiv_sku").product_id, self.tee)

    def test_of_several_alike_none_is_chosen(self):
        self.mug.default_code = "TEE -1"
        self.add_orders({"cust_ref": "S-1", "items": [{"item": "tee-1", "quantity": 1, "price": "5.00"}]})
        self.pull()
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("flow", "=", "orders")])
        form = Form(self.env["extensiv.add.alias"].with_context(default_error_id=error.id))
        self.assertFalse(form.product_id)

"""What a customer reads is in the customer's language, and what people are told in theirs."""

from odoo.tests import new_test_user, tagged

from ..flows.runner import FlowRun
from .common import ConnectorCase

ADDRESS = {"cust_first_name": "Jeanne", "cust_last_name": "Roy", "cust_e_mail": "jeanne@example.com"}


@tagged("post_install", "-at_install")
class TestLanguages(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        tee = cls.products[0]
        tee.description_sale = "Washed twice"
        tee.with_context(lang="fr_FR").write({"name": "T-shirt noir", "description_sale": "Lavé deux fois"})

    def setUp(self):
        super().setUp()
        self.connect()

    def lines(self, **values):
        self.add_orders(
            {"cust_ref": "L-1", "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}], **ADDRESS, **values}
        )
        self.pull()
        return self.inbox("L-1").sale_order_id.order_line

    def test_a_line_is_in_the_customers_language_as_odoo_writes_it(self):
        self.env["res.partner"].create({"name": "Jeanne Roy", "email": "jeanne@example.com", "lang": "fr_FR"})
        line = self.lines()[0]
        self.assertEqual(line.order_id.partner_id.lang, "fr_FR")
        by_hand = self.env["sale.order"].create(
            {"partner_id": line.order_id.partner_id.id, "order_line": [(0, 0, {"product_id": line.product_id.id})]}
        )
        self.assertEqual(line.name, "[TEE-1] T-shirt noir\nLavé deux fois")
        self.assertEqual(line.name, by_hand.order_line.name)

    def test_the_carts_own_words_follow(self):
        items = [{"item": "TEE-1", "quantity": "1", "price": "5", "Description": "Tee, XL", "line_comment": "For Ann"}]
        line = self.lines(items=items)[0]
        self.assertEqual(line.name, "[TEE-1] Black tee\nWashed twice\nTee, XL\nFor Ann")

    def test_a_product_that_is_chosen_later_is_in_the_customers_language(self):
        self.env["res.partner"].create({"name": "Jeanne Roy", "email": "jeanne@example.com", "lang": "fr_FR"})
        self.account.placeholder_product_id = self.env["product.product"].create({"name": "Unknown", "type": "service"})
        self.account.sku_policy = "placeholder"
        line = self.lines(items=[{"item": "NOPE", "quantity": "1", "price": "5"}])[0]
        line._extensiv_set_product(self.products[0])
        self.assertEqual(line.name.split("\n")[:2], ["[TEE-1] T-shirt noir", "Lavé deux fois"])

    def test_new_buyers_have_the_companys_language(self):
        self.company.partner_id.lang = "fr_FR"
        line = self.lines()[0]
        self.assertEqual(line.order_id.partner_id.lang, "fr_FR")
        self.assertEqual(line.name.split("\n")[0], "[TEE-1] T-shirt noir")

    def test_a_pass_speaks_the_language_of_who_is_in_charge_a_button_that_of_who_pressed_it(self):
        person = new_test_user(self.env, "luc", "extensiv_connector.group_manager", lang="fr_FR")
        self.account.responsible_id = person
        scheduled = self.account.with_context(lang=None)
        with self.flows(), FlowRun.open(scheduled) as run:
            self.assertEqual(run.env.lang, "fr_FR")
        other = new_test_user(self.env, "lucy", "extensiv_connector.group_manager", lang="en_US")
        pressed = self.account.with_user(other).with_context(lang="en_US")
        with self.flows(), FlowRun.open(pressed) as run:
            self.assertEqual(run.env.lang, "en_US")

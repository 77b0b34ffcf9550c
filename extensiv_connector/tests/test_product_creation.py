"""Products made of the lines of orders whose SKU belongs to none."""

from psycopg2.errors import UniqueViolation

from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestProductCreation(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.sku_policy = "create"

    def pulled(self, *lines, cust_ref="N-1", **order):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": "NEW-1", "quantity": "1", "price": "12.50", **line} for line in lines or ({},)],
                **order,
            }
        )
        self.pull()
        return self.inbox(cust_ref)

    def made(self, sku="NEW-1"):
        return self.env["product.product"].with_context(active_test=False).search([("default_code", "=", sku)])

    def test_the_product_is_made_of_the_line_and_the_order_goes_on(self):
        category = self.env["product.category"].create({"name": "From the shop"})
        self.pulled({"item": "TEE-1"}, cust_ref="N-0").cart_id.product_categ_id = category
        record = self.pulled(
            {"Description": "Green cap", "discount": "2.50", "aliases": [{"code_type": "UPC", "code": "012345678905"}]}
        )
        [product] = self.made()
        self.assertEqual(product.name, "Green cap")
        self.assertEqual(product.barcode, "012345678905")
        self.assertEqual(product.list_price, 12.5)
        self.assertEqual(product.categ_id, category)
        self.assertTrue(product.is_storable)
        self.assertEqual(record.sale_order_id.state, "sale", record.message)
        self.assertEqual(record.sale_order_id.order_line.product_id, product)
        self.assertEqual(f"{record.sale_order_id.amount_total:.2f}", "10.00")
        self.assertTrue(record.sale_order_id.picking_ids)
        self.assertIn("SKU NEW-1 belonged to no product, so one was made", record.sale_order_id.extensiv_message)

    def test_it_is_marked_to_be_reviewed_and_its_stock_left_alone(self):
        self.pulled()
        [product] = self.made()
        Template = self.env["product.template"]
        self.assertIn(product.product_tmpl_id, Template.search([("extensiv_to_review", "=", True)]))
        self.assertEqual(product.extensiv_stock_rule, "leave")
        product.product_tmpl_id.action_extensiv_reviewed()
        self.assertFalse(product.extensiv_to_review)
        self.assertNotIn(product.product_tmpl_id, Template.search([("extensiv_to_review", "=", True)]))

    def test_once_per_sku_in_a_batch_and_later(self):
        for ref in ("N-1", "N-2"):
            self.add_orders({"cust_ref": ref, "items": [{"item": "NEW-1", "quantity": "1", "price": "5"}] * 2})
        self.pull()
        self.pulled(cust_ref="N-3")
        self.assertEqual(len(self.made()), 1)
        for ref in ("N-1", "N-2", "N-3"):
            self.assertEqual(self.inbox(ref).sale_order_id.state, "sale")

    def test_the_database_takes_no_second_one_of_another_process(self):
        self.pulled()
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            self.env["product.product"].create(
                {
                    "name": "Twice",
                    "extensiv_created_sku": "NEW-1",
                    "extensiv_created_company_id": self.company.id,
                }
            )

    def test_a_barcode_that_is_anothers_or_none_is_left_out(self):
        self.env["product.product"].create({"name": "Old", "barcode": "5012345678900"})
        self.pulled(
            {"item": "NEW-1", "aliases": [{"code_type": "UPC", "code": "2468NotARealUPCMate"}]},
            {"item": "NEW-2", "aliases": [{"code_type": "EAN", "code": "4006381333931"}]},
            {"item": "NEW-3", "aliases": [{"code_type": "EAN", "code": "4006381333931"}]},
        )
        self.assertFalse(self.made().barcode)
        self.assertEqual(self.made("NEW-2").barcode, "4006381333931")
        self.assertFalse(self.made("NEW-3").barcode)

    def test_what_a_product_has_already_or_nearly_is_for_a_person(self):
        self.products[0].active = False
        self.assertIn("archived product", self.pulled({"item": "TEE-1"}).message)
        record = self.pulled({"item": "mug-1"}, cust_ref="N-2")
        self.assertEqual(record.state, "failed")
        self.assertIn("differ only by", record.message)
        self.assertFalse(self.made("mug-1"))

    def test_of_two_spellings_that_come_together_one_is_made(self):
        for ref, sku in (("N-1", "new-1"), ("N-2", "NEW-1")):
            self.add_orders({"cust_ref": ref, "items": [{"item": sku, "quantity": "1", "price": "5"}]})
        self.pull()
        self.assertEqual(len(self.made("new-1") | self.made("NEW-1")), 1)
        [late] = (self.inbox("N-1") | self.inbox("N-2")).filtered(lambda record: record.state == "failed")
        self.assertIn("differ only by", late.message)

    def test_a_made_product_whose_reference_was_changed_is_named_not_made_again(self):
        self.pulled()
        self.made().default_code = "OWN-1"
        record = self.pulled(cust_ref="N-2")
        self.assertEqual(record.state, "failed")
        self.assertIn("A product was made of SKU NEW-1 before", record.message)
        self.assertIn("Add an alias", record.message)

    def test_other_policies_make_none(self):
        for policy in ("block", "placeholder"):
            self.account.sku_policy = policy
            self.pulled(cust_ref=f"N-{policy}")
        self.assertFalse(self.made())

    def test_the_price_is_the_companys_currency(self):
        eur = self.env.ref("base.EUR")
        eur.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": eur.id, "rate": 0.5, "name": "2000-01-01", "company_id": self.company.id}
        )
        self.pulled(currency_code="EUR")
        self.assertEqual(self.made().list_price, 25.0)

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, tagged
from odoo.tools.translate import code_translations

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestOrderLines(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def pulled(self, *lines, cust_ref="L-1", **order):
        """Pull one order with these lines and return it from the inbox."""
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"quantity": "1", "price": "10.00", **line} for line in lines],
                **order,
            }
        )
        self.pull()
        return self.inbox(cust_ref)

    # -- which product

    def test_sku_is_matched_exactly_and_case_sensitively(self):
        self.assertEqual(self.pulled({"item": "tee-1"}).state, "failed")

    def test_the_accounts_alias_decides_before_the_internal_reference(self):
        self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "TEE-1", "product_id": self.products[1].id}
        )
        self.assertEqual(self.pulled({"item": "TEE-1"}).sale_order_id.order_line.product_id, self.products[1])

    def test_barcode_and_eims_aliases_come_last(self):
        self.products[0].barcode = "4006381333931"
        record = self.pulled({"item": "4006381333931"})
        self.assertEqual(record.sale_order_id.order_line.product_id, self.products[0])
        record = self.pulled({"item": "SHOP-77", "aliases": {"UPC": "4006381333931"}}, cust_ref="L-2")
        self.assertEqual(record.sale_order_id.order_line.product_id, self.products[0])

    def test_two_products_with_one_sku_is_an_error_that_names_both(self):
        self.env["product.product"].create({"name": "Other tee", "default_code": "TEE-1"})
        record = self.pulled({"item": "TEE-1"})
        self.assertEqual(record.state, "failed")
        self.assertIn("Black tee", record.message)
        self.assertIn("Other tee", record.message)

    def test_another_companys_product_is_none_of_ours(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.env["product.product"].create({"name": "Theirs", "default_code": "THEIRS", "company_id": other.id})
        self.assertEqual(self.pulled({"item": "THEIRS"}).state, "failed")

    def test_a_branch_sells_its_parents_products(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        self.products.company_id = self.company
        self.account.company_id = branch
        sale = self.pulled({"item": "TEE-1"}).sale_order_id
        self.assertEqual(sale.company_id, branch)
        self.assertEqual(sale.state, "sale")

    def test_archived_and_unsaleable_products_are_named_as_such(self):
        self.products[0].active = False
        self.assertIn("archived product", self.pulled({"item": "TEE-1"}).message)
        self.products[1].sale_ok = False
        self.assertIn("not for sale", self.pulled({"item": "MUG-1"}, cust_ref="L-2").message)

    # -- quantities and texts

    def test_quantities_as_text_number_or_fraction(self):
        sale = self.pulled({"item": "TEE-1", "quantity": "2.5"}, {"item": "MUG-1", "quantity": 3}).sale_order_id
        self.assertEqual(sale.order_line.mapped("product_uom_qty"), [2.5, 3.0])

    def test_an_order_without_any_quantity_or_with_a_negative_one_is_refused_with_a_reason(self):
        self.assertIn("No line of the order has a quantity", self.pulled({"item": "TEE-1", "quantity": "0"}).message)
        self.assertIn("quantity is negative", self.pulled({"item": "TEE-1", "quantity": "-1"}, cust_ref="L-2").message)

    def test_filtered_lines_are_left_out_and_told(self):
        record = self.pulled({"item": "TEE-1"}, {"item": "WARRANTY", "filtered_sku": "Y", "price": "0.00"})
        self.assertEqual(record.sale_order_id.order_line.mapped("extensiv_sku"), ["TEE-1"])
        self.assertIn("WARRANTY", record.sale_order_id.extensiv_message)

    def test_a_filtered_line_without_a_sku_stands_in_nobodys_way(self):
        record = self.pulled(
            {"item": "TEE-1"}, {"item": "", "filtered_sku": "Y", "Description": "Gift wrap", "price": "0"}
        )
        self.assertEqual(record.state, "imported")
        self.assertIn("Gift wrap", record.sale_order_id.extensiv_message)

    def test_texts_end_up_where_a_shopkeeper_looks(self):
        sale = self.pulled(
            {"item": "TEE-1", "Description": "Tee, the soft one", "line_comment": "Engrave: J&R"},
            po_number="PO-9",
            gift_message="Happy <b>birthday</b>",
            shipping_instructions="Ring twice",
            custom_field_2="VIP",
            requested_ship_date="2027-01-05",
        ).sale_order_id
        self.assertIn("Tee, the soft one", sale.order_line.name)
        self.assertIn("Engrave: J&R", sale.order_line.name)
        self.assertEqual(sale.client_order_ref, "PO-9")
        for text in ("Happy <b>birthday</b>", "Ring twice", "VIP"):
            self.assertIn(text, sale.extensiv_instructions)
        self.assertEqual(str(sale.commitment_date.date()), "2027-01-05")
        self.assertIn("Ring twice", sale.picking_ids.note)
        self.assertNotIn("<b>birthday", sale.picking_ids.note)

    def test_latest_ship_date_is_the_commitment_where_none_was_requested(self):
        sale = self.pulled({"item": "TEE-1"}, latest_ship_date="2027-01-06").sale_order_id
        self.assertEqual(str(sale.commitment_date.date()), "2027-01-06")

    # -- placeholder

    def test_placeholder_keeps_everything_until_a_person_chooses_the_product(self):
        self.account.sku_policy = "placeholder"
        record = self.pulled(
            {"item": "NEW-9", "quantity": "2", "price": "20.00", "discount": "5.00"},
            {"item": "TEE-1"},
            sales_tax="1.00",
        )
        sale = record.sale_order_id
        line = sale.order_line[0]
        self.assertEqual(sale.state, "draft")
        self.assertEqual(line.product_id, self.account.placeholder_product_id)
        self.assertIn("NEW-9", line.name)
        with self.assertRaisesRegex(UserError, "Choose the products of NEW-9"):
            sale.action_confirm()
        action = line.action_extensiv_choose_product()
        with Form(self.env["extensiv.choose.product"].with_context(**action["context"])) as form:
            form.product_id = self.products[1]
        form.save().action_choose()
        self.assertEqual(line.product_id, self.products[1])
        self.assertEqual(line.price_unit, 20.0)
        self.assertEqual(line.discount, 25.0)
        self.assertEqual(line.product_uom_qty, 2.0)
        self.assertFalse(line.tax_ids)
        self.assertNotIn("Unknown SKU", line.name)
        self.assertEqual(f"{sale.amount_total:.2f}", "41.00")
        self.assertFalse(sale.extensiv_message)
        sale.action_confirm()
        self.assertEqual(sale.state, "sale")
        again = self.pulled({"item": "NEW-9"}, cust_ref="L-2")
        self.assertEqual(again.sale_order_id.order_line.product_id, self.products[1], "the alias was recorded")

    def test_the_product_s_name_replaces_unknown_sku_in_whatever_language_it_was_imported(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.account.sku_policy = "placeholder"
        line = self.pulled({"item": "NEW-9", "line_comment": "Gift wrap"}).sale_order_id.order_line
        french = {"Unknown SKU %s": "Article inconnu : %s"}
        with patch.dict(code_translations.python_translations, {("extensiv_connector", "fr_FR"): french}):
            line.with_context(lang="fr_FR")._extensiv_set_product(self.products[0])
        self.assertEqual(line.name, f"{self.products[0].display_name}\nGift wrap")

    def choose(self, line, product):
        self.env["extensiv.choose.product"].create({"line_id": line.id, "product_id": product.id}).action_choose()

    def test_choosing_the_product_keeps_the_notes_that_are_not_about_it(self):
        self.account.sku_policy = "placeholder"
        sale = self.pulled(
            {"item": "NEW-9"},
            {"item": "WARRANTY", "filtered_sku": "Y", "price": "0"},
            sales_tax="1.00",
            grand_total="12.00",
            cust_state="Nowhere",
        ).sale_order_id
        self.choose(sale.order_line[0], self.products[0])
        for kept in ("WARRANTY", "Nowhere", "11.00"):
            self.assertIn(kept, sale.extensiv_message)
        self.assertNotIn("NEW-9", sale.extensiv_message)

    def test_the_chosen_product_brings_the_taxes_where_odoo_computes_them(self):
        self.account.write({"sku_policy": "placeholder", "tax_policy": "odoo"})
        self.products[0].taxes_id = self.env["account.tax"].create(
            {
                "name": "Tax 20",
                "amount": 20,
                "type_tax_use": "sale",
                "company_id": self.company.id,
                "price_include_override": "tax_included",
            }
        )
        sale = self.pulled({"item": "NEW-9"}, sales_tax="2.00").sale_order_id
        self.assertEqual(f"{sale.amount_total:.2f}", "10.00")
        self.choose(sale.order_line, self.products[0])
        self.assertEqual(f"{sale.amount_total:.2f}", "12.00")
        self.assertEqual(sale.extensiv_message, False)

    def test_a_line_that_a_person_added_waits_for_no_product(self):
        self.account.sku_policy = "placeholder"
        sale = self.pulled({"item": "NEW-9"}).sale_order_id
        sale.order_line = [Command.create({"product_id": self.account.placeholder_product_id.id})]
        self.choose(sale.order_line[0], self.products[0])
        sale.action_confirm()
        self.assertEqual(sale.state, "sale")

    def test_a_plain_salesman_may_choose_the_product(self):
        self.account.sku_policy = "placeholder"
        sale = self.pulled({"item": "NEW-9"}).sale_order_id
        salesman = self.env["res.users"].create(
            {"name": "Sal", "login": "sal", "group_ids": self.env.ref("sales_team.group_sale_salesman_all_leads").ids}
        )
        wizard = (
            self.env["extensiv.choose.product"]
            .with_user(salesman)
            .create({"line_id": sale.order_line.id, "product_id": self.products[0].id})
        )
        wizard.action_choose()
        self.assertEqual(sale.order_line.product_id, self.products[0])

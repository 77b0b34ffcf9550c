"""Tax that EIM's total is without: asked about once per cart, and the answer applied to all orders that wait."""

from odoo.fields import Command
from odoo.tests import Form, tagged

from ..flows import shipped_elsewhere, tax_question
from .common import ConnectorCase


class FiguresCase(ConnectorCase):
    """Orders of a cart of Shopify, and what became of them."""

    def setUp(self):
        super().setUp()
        self.connect()
        self.cart = self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")

    def line(self, **values):
        return {"item": "TEE-1", "quantity": "1", "price": "12.00", **values}

    def sale(self, cust_ref="M-1", **order):
        """Pull one order and return its sale order."""
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", **{"items": [self.line()], **order}})
        self.pull()
        record = self.inbox(cust_ref)
        self.assertEqual(record.state, "imported", record.message)
        return record.sale_order_id

    def beside(self, cust_ref="M-1", **order):
        """Pull an order of 12.00 of goods with 2.00 of tax and a total of 12.00."""
        return self.sale(cust_ref, **{"sales_tax": "2.00", "grand_total": "12.00", **order})

    def tax(self, amount, **values):
        return self.env["account.tax"].create(
            {"name": f"Tax {amount}", "amount": amount, "type_tax_use": "sale", "company_id": self.company.id, **values}
        )

    def errors(self, step, state="open"):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("step", "=", step), ("state", "=", state)]
        )

    def assertFigures(self, sale, state, total, *lines):
        """Check state, total and the untaxed amounts of the lines."""
        digits = sale.currency_id.decimal_places
        self.assertEqual(sale.state, state, sale.extensiv_message)
        self.assertEqual(f"{sale.amount_total:.{digits}f}", total)
        self.assertEqual([f"{amount:.{digits}f}" for amount in sale.order_line.mapped("price_subtotal")], [*lines])


@tagged("post_install", "-at_install")
class TestTaxQuestion(FiguresCase):
    def test_an_order_whose_tax_may_be_either_is_held_and_the_question_asked_once(self):
        sales = self.beside() | self.beside("M-2", items=[self.line(price="24.00")], grand_total="24.00")
        self.assertFigures(sales[0], "draft", "12.00", "12.00")
        self.assertFigures(sales[1], "draft", "24.00", "24.00")
        self.assertIn("either the prices include the tax", sales[0].extensiv_held_by)
        self.assertEqual(len(self.errors("confirm")), 2)
        question = self.errors("tax")
        self.assertEqual((question.res_model, question.res_id), ("extensiv.cart", self.cart.id))
        for part in ("2 of", "total 12.00", "tax 2.00"):
            self.assertIn(part, question.message)
        self.assertEqual(question.action_fix()["res_id"], self.cart.id)
        self.assertTrue(self.cart.tax_question)
        for order in sales.extensiv_order_id:
            self.assertEqual(order.fix, "open")
            self.assertEqual(order.action_fix()["res_id"], self.cart.id)

    def test_included_takes_the_tax_out_of_the_prices_of_all_that_wait_and_of_all_that_come(self):
        waiting = self.beside() | self.beside("M-2", items=[self.line(price="6.00", quantity="2")])
        with self.flows():
            self.cart.action_tax_included()
        later = self.beside("M-3")
        for sale in waiting | later:
            self.assertFigures(sale, "sale", "12.00", "10.00", "2.00")
            self.assertEqual(sale.order_line[1].product_id, self.account.tax_product_id)
            self.assertEqual(sale.extensiv_tax_policy, "included")
            self.assertIn("12.00 with tax", sale.order_line[0].name)
        self.assertFalse(self.errors("tax") | self.errors("confirm"))
        self.assertFalse(self.cart.tax_question)

    def test_kept_leaves_the_goods_as_revenue_and_no_tax_on_the_order(self):
        waiting = self.beside()
        with self.flows():
            self.cart.action_tax_kept()
        for sale in waiting | self.beside("M-2"):
            self.assertFigures(sale, "sale", "12.00", "12.00")
            self.assertEqual(sale.extensiv_tax_policy, "ignore")
            self.assertIn("remits the sales tax of 2.00", sale.extensiv_lasting_notes)
        self.assertFalse(self.errors("tax"))

    def test_an_answer_on_the_form_is_applied_by_the_next_pass(self):
        sale = self.beside()
        with Form(self.cart) as form:
            form.tax_beside_total = "included"
        self.assertFigures(sale, "draft", "12.00", "12.00")
        self.pull()
        self.assertFigures(sale, "sale", "12.00", "10.00", "2.00")

    def test_a_cart_whose_tax_is_the_marketplaces_by_its_policy_is_answered(self):
        sale = self.beside()
        self.cart.tax_policy = "ignore"
        self.pull()
        self.assertFigures(sale, "sale", "12.00", "12.00")
        self.assertFigures(self.beside("M-2", grand_total="14.00"), "sale", "12.00", "12.00")
        self.assertFalse(self.errors("tax"))

    def test_another_cart_is_asked_about_by_itself(self):
        self.cart.tax_beside_total = "kept"
        sale = self.beside("M-2", order_source="Amazon_US2")
        self.assertEqual(sale.state, "draft")
        self.assertEqual(self.errors("tax").key, "Amazon_US2")

    def test_figures_that_speak_are_not_asked_about(self):
        self.cart.tax_beside_total = "kept"
        self.assertFigures(self.beside(grand_total="14.00"), "sale", "14.00", "12.00", "2.00")

    def test_with_odoos_taxes_prices_that_include_them_come_to_the_same_total(self):
        self.cart.tax_policy = "odoo"
        self.products[0].taxes_id = self.tax(20)
        self.products[1].taxes_id = self.tax(20, price_include_override="tax_included", name="Tax 20 included")
        held = self.beside()
        self.assertFalse(held.order_line.tax_ids)
        with self.flows():
            self.cart.action_tax_included()
        self.assertFigures(held, "sale", "12.00", "10.00")
        self.assertFigures(self.beside("M-2", items=[self.line(item="MUG-1")]), "sale", "12.00", "10.00")

    def test_odoos_taxes_that_are_others_than_those_in_the_prices_hold_the_order(self):
        self.cart.write({"tax_policy": "odoo", "tax_beside_total": "included"})
        self.products.taxes_id = self.tax(10)
        sale = self.beside()
        self.assertFigures(sale, "draft", "12.00", "10.91")
        self.assertIn("2.00 of tax by EIM, and 1.09 by Odoo", sale.extensiv_held_by)

    def test_with_odoos_taxes_a_cart_may_say_nothing_of_the_tax_in_its_prices(self):
        self.cart.write({"tax_policy": "odoo", "tax_beside_total": "included"})
        self.products.taxes_id = self.tax(20)
        self.assertFigures(self.sale(items=[self.line(), self.line(price="0.90")]), "sale", "12.90", "10.00", "0.75")

    def test_what_was_corrected_by_hand_stays_when_the_question_is_answered(self):
        self.account.sku_policy = "placeholder"
        sale = self.beside(items=[self.line(item="NEW-9")])
        sale.order_line._extensiv_set_product(self.products[1])
        sale.order_line = [Command.create({"display_type": "line_note", "name": "Call first"})]
        with self.flows():
            self.cart.action_tax_included()
        self.assertEqual(sale.order_line[0].product_id, self.products[1])
        self.assertIn("Call first", sale.order_line.mapped("name"))
        self.assertEqual(f"{sale.amount_total:.2f}", "12.00")
        self.assertEqual(sale.state, "sale")

    def test_an_order_of_which_nothing_is_kept_is_left_to_a_person(self):
        sale = self.beside()
        sale.extensiv_order_id.payload = False
        with self.flows():
            self.cart.action_tax_included()
        self.assertEqual(sale.state, "draft")
        self.assertIn("by hand", sale.extensiv_held_by)
        self.assertFalse(tax_question.find_waiting(self.env, self.cart))

    def test_an_order_that_is_settled_by_hand_asks_no_more(self):
        self.beside().action_confirm()
        self.pull()
        self.assertFalse(self.errors("tax") | self.errors("confirm"))

    def test_later_changes_of_the_cart_do_not_change_what_an_order_means(self):
        self.account.sku_policy = "placeholder"
        self.products.taxes_id = self.tax(20)
        sale = self.sale(items=[self.line(item="NEW-9")], sales_tax="2.40", grand_total="14.40")
        self.assertEqual(sale.extensiv_tax_policy, "line")
        self.cart.tax_policy = "odoo"
        other = self.env["product.product"].create({"name": "Other placeholder", "type": "service"})
        self.account.placeholder_product_id = other
        self.assertTrue(sale.order_line[0].extensiv_needs_product)
        sale.order_line[0]._extensiv_set_product(self.products[0])
        self.assertFalse(sale.order_line[0].tax_ids)
        self.assertFigures(sale, "draft", "14.40", "12.00", "2.40")

    def test_a_buyer_exempt_from_tax_is_charged_none_of_odoos(self):
        self.cart.tax_policy = "odoo"
        self.products.taxes_id = self.tax(20)
        self.assertFigures(self.sale(tax_exempt_sw="Y"), "sale", "12.00", "12.00")
        self.assertFigures(self.sale("M-2", sales_tax="2.40", grand_total="14.40"), "sale", "14.40", "12.00")

    def test_lines_to_which_the_cart_gives_one_number_keep_each_its_price(self):
        lines = [self.line(line_no="1"), self.line(item="MUG-1", price="6.00", line_no="1")]
        sale = self.beside(items=lines, grand_total="18.00")
        with self.flows():
            self.cart.action_tax_included()
        self.assertFigures(sale, "sale", "18.00", "10.67", "5.33", "2.00")

    def test_the_question_is_closed_by_its_answer_though_the_cart_was_renamed_meanwhile(self):
        sale = self.beside()
        new = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": "Shopify 2", "name": "New", "renamed_from_id": self.cart.id}
        )
        new.action_is_renamed()
        self.assertEqual(self.cart.order_source, "Shopify 2")
        self.assertTrue(self.errors("tax"))
        with self.flows():
            self.cart.action_tax_included()
        self.assertFigures(sale, "sale", "12.00", "10.00", "2.00")
        self.assertFalse(self.errors("tax"))

    def test_the_answer_is_applied_to_the_orders_of_an_archived_cart_too(self):
        sale = self.beside()
        self.cart.active = False
        self.env.invalidate_all()
        with self.flows():
            self.cart.action_tax_kept()
        self.assertFigures(sale, "sale", "12.00", "12.00")
        self.assertFalse(self.errors("tax"))

    def test_what_another_system_shipped_while_the_question_was_open_is_not_confirmed_by_its_answer(self):
        sale = self.beside()
        record = sale.extensiv_order_id
        record.shipped_elsewhere = "shipped"
        told = {"message": "EIM has it as shipped.", "category": "data", "document": sale}
        self.env["extensiv.error"]._report(self.account, "orders", {record.cust_ref: told}, shipped_elsewhere.STEP)
        with self.flows():
            self.cart.action_tax_kept()
        self.assertFigures(sale, "draft", "12.00", "12.00")
        self.assertEqual(sale.extensiv_held_by, "EIM has it as shipped.")
        self.errors(shipped_elsewhere.STEP).action_dismiss()
        self.env.invalidate_all()
        self.assertFalse(sale.extensiv_held_by)

    def test_where_orders_are_left_as_quotations_the_answer_leaves_them_as_such_and_holds_none(self):
        self.account.order_policy = "draft"
        sale = self.beside()
        self.assertTrue(sale.extensiv_is_held)
        with self.flows():
            self.cart.action_tax_included()
        self.assertFigures(sale, "draft", "12.00", "10.00", "2.00")
        self.assertFalse(sale.extensiv_is_held)
        self.assertFalse(self.errors("tax") | self.errors("confirm"))

    def test_a_discount_that_is_taxed_is_so_whenever_the_question_is_answered(self):
        self.cart.tax_policy = "odoo"
        self.products.taxes_id = self.account.discount_product_id.taxes_id = self.tax(20)
        order = {"items": [self.line(price="24.00")], "order_discount": "12.00"}
        waiting = self.beside(**order)
        with self.flows():
            self.cart.action_tax_included()
        for sale in waiting | self.beside("M-2", **order):
            self.assertFigures(sale, "sale", "12.00", "20.00", "-10.00")

    def test_what_the_buyer_cancelled_while_the_question_was_open_is_not_confirmed_by_its_answer(self):
        self.account.cancel_orders = False
        sale = self.beside()
        self.change_order("M-1", order_status="canceled")
        self.pull()
        for text in (self.errors("confirm").message, sale.extensiv_held_by):
            self.assertIn("EIM has this order as cancelled", text)
        with self.flows():
            self.cart.action_tax_kept()
        self.assertFigures(sale, "draft", "12.00", "12.00")
        sale.action_confirm()
        self.assertFigures(sale, "sale", "12.00", "12.00")

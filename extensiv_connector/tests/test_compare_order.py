"""Comparing one order with EIM: what it says now beside the sale order, its invoices and payments."""

from lxml import html

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .books_common import InvoicingCase


@tagged("post_install", "-at_install")
class TestCompareOrder(InvoicingCase):
    def compare(self, sale):
        """Press the button; return what is to be done, the table, and the window."""
        with self.flows():
            action = sale.action_extensiv_compare()
        wizard = self.env["extensiv.compare.order"].browse(action["res_id"])
        page = html.fromstring(wizard.result)
        self.todos = "\n".join(item.text_content().strip() for item in page.xpath("//*[@role='alert']//li"))
        rows = {row.findtext("th").strip() or row.find("th").text_content().strip(): row for row in page.iter("tr")}
        self.rows = {label: [cell.text_content() for cell in row.findall("td")] for label, row in rows.items()}
        self.differing = {label for label, row in rows.items() if row.get("data-differs")}
        return wizard

    def pay(self, invoice):
        wizard = self.env["account.payment.register"].with_context(active_model="account.move", active_ids=invoice.ids)
        wizard.create({})._create_payments()

    def test_an_order_that_is_invoiced_and_paid_needs_nothing(self):
        sale = self.full_sale()
        self.deliver(sale)
        self.change_order("B-1", order_status="shipped")
        invoice = self.invoice(sale)
        self.pay(invoice)
        self.compare(sale)
        self.assertFalse(self.todos)
        self.assertFalse(self.differing)
        self.assertEqual(self.rows["Goods"][:3], ["$\xa048.00"] * 3)
        self.assertEqual(self.rows["Shipping"][:3], ["$\xa05.00"] * 3)
        self.assertEqual(self.rows["Tax"][:3], ["$\xa03.50"] * 3)
        self.assertEqual(self.rows["Total"], ["$\xa052.50"] * 4)
        self.assertEqual(self.rows["Status"][0], "Shipped")
        self.assertIn(invoice.name, self.rows["Status"][2])

    def test_the_parts_of_each_are_as_the_cart_says_they_are(self):
        tax = self.env["account.tax"].create(
            {"name": "Tax 10", "amount": 10, "type_tax_use": "sale", "company_id": self.company.id}
        )
        for number, (policy, answer) in enumerate((("line", "included"), ("ignore", ""), ("odoo", "included"))):
            with self.subTest(policy):
                self.account.tax_policy = policy
                self.account.cart_ids.tax_beside_total = answer
                self.products.taxes_id = tax if policy == "odoo" else False
                sale = self.sale(f"P-{number}", sales_tax="4.36", grand_total="48.00")
                self.compare(sale)
                self.assertFalse(self.differing, self.rows)
                self.assertFalse(self.todos)

    def test_what_the_buyer_cancelled_is_cancelled_here(self):
        sale = self.full_sale()
        self.change_order("B-1", order_status="canceled")
        self.compare(sale)
        self.assertIn("cancel the sale order, too", self.todos)
        self.assertIn("Status", self.differing)
        self.assertTrue(self.rows["Cancelled on"][0])

    def test_what_is_cancelled_and_invoiced_is_to_be_credited(self):
        sale = self.full_sale()
        self.deliver(sale)
        invoice = self.invoice(sale)
        self.change_order("B-1", order_status="canceled")
        self.compare(sale)
        self.assertIn("goods have moved already", self.todos)
        self.assertIn("$\xa052.50", self.todos)
        self.assertIn(f"credit note of {invoice.name}", self.todos)
        self.reverse(invoice)
        self.compare(sale)
        self.assertNotIn("credit note", self.todos)

    def test_what_is_cancelled_here_alone_is_said(self):
        sale = self.full_sale()
        sale._action_cancel()
        self.compare(sale)
        self.assertIn("EIM still believes", self.todos)

    def test_a_total_that_changed_is_said_with_what_to_do(self):
        sale = self.full_sale()
        self.change_order("B-1", order_discount="14.00", grand_total="42.50")
        self.compare(sale)
        self.assertIn("correct the lines", self.todos)
        self.assertEqual(self.differing, {"Discount", "Total"})
        self.deliver(sale)
        self.invoice(sale)
        self.compare(sale)
        self.assertIn("A credit note of $\xa010.00 is due", self.todos)

    def test_what_is_to_be_invoiced_posted_and_paid_is_said(self):
        sale = self.full_sale()
        self.deliver(sale)
        self.compare(sale)
        self.assertIn("$\xa052.50 is not yet", self.todos)
        invoice = sale._create_invoices()
        self.compare(sale)
        self.assertIn("Post the draft of", self.todos)
        invoice.action_post()
        self.compare(sale)
        self.assertIn(f"{invoice.name}: $\xa052.50 is open", self.todos)

    def test_what_eim_has_as_shipped_is_not_shipped_twice(self):
        sale = self.full_sale()
        self.change_order("B-1", order_status="shipped")
        self.compare(sale)
        self.assertIn("Do not ship it twice", self.todos)

    def test_what_holds_it_at_eim_is_said(self):
        sale = self.full_sale()
        self.change_order("B-1", order_status="error", error_reason="Bad address.", on_hold="Y")
        self.compare(sale)
        self.assertIn("Bad address.", self.todos)
        self.assertIn("on hold at EIM", self.todos)

    def test_an_order_that_eim_does_not_know_is_said_and_shown(self):
        sale = self.full_sale()
        del self.sandbox.store.orders["B-1"]
        self.compare(sale)
        self.assertIn("EIM does not give this order any more", self.todos)
        self.assertEqual(self.rows["Status"][0], "Not known")
        self.assertEqual(self.rows["Total"][:2], ["", "$\xa052.50"])

    def test_eims_words_are_said_where_it_refuses_the_order_alone(self):
        sale = self.full_sale()
        self.fault(route="get_order", kind="failure", message="Order is archived")
        self.compare(sale)
        self.assertIn("Order is archived", self.todos)

    def test_a_refused_key_is_said(self):
        sale = self.full_sale()
        self.revoke()
        with self.assertRaisesRegex(UserError, "EIM refused"):
            self.compare(sale)

    def test_an_unreachable_eim_is_said(self):
        sale = self.full_sale()
        self.fault(route="get_order", kind="500", count=20)
        with self.assertRaisesRegex(UserError, "could not be asked"):
            self.compare(sale)

    def test_an_account_that_is_not_connected_is_said(self):
        sale = self.full_sale()
        self.account.state = "draft"
        with self.assertRaisesRegex(UserError, "Press Connect first"):
            self.compare(sale)

    def test_an_order_of_the_inbox_without_sale_order_is_compared_too(self):
        self.add_orders({"cust_ref": "I-1", "items": [{"item": "NONE", "quantity": "1", "price": "1.00"}]})
        self.pull()
        record = self.inbox("I-1")
        self.assertEqual(record.state, "failed")
        with self.flows():
            action = record.action_compare()
        result = self.env["extensiv.compare.order"].browse(action["res_id"]).result
        self.assertIn("No sale order (Failed)", result)

    def test_nothing_is_changed(self):
        sale = self.full_sale()
        self.change_order("B-1", order_discount="14.00", grand_total="42.50")
        before = sale.read(["amount_total", "state", "write_date"]) + sale.extensiv_order_id.read(["payload"])
        self.compare(sale)
        after = sale.read(["amount_total", "state", "write_date"]) + sale.extensiv_order_id.read(["payload"])
        self.assertEqual(after, before)

    def test_a_user_without_accounting_sees_the_amounts(self):
        sale = self.full_sale()
        self.deliver(sale)
        self.invoice(sale)
        user = new_test_user(
            self.env, "sells", "extensiv_connector.group_user,sales_team.group_sale_salesman_all_leads"
        )
        with self.flows():
            action = sale.with_user(user).action_extensiv_compare()
        self.assertIn("52.50", self.env["extensiv.compare.order"].browse(action["res_id"]).result)

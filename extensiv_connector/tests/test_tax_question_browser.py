"""A person answers in the web client what the tax of a cart is, and accepts what its total has more."""

from odoo.tests import HttpCase, tagged

from .browser_common import BrowserMixin

ANSWER = """
    await see(".alert", "Do the prices include the tax");
    await click(".alert button", "The Prices Include It");
    await see("[name=tax_beside_total] input", "");
"""
ACCEPT = """
    await see(".alert", "EIM's total less this order's");
    await click(".alert button", "Accept the Difference");
    await click(".modal-footer button.btn-primary");
    await see(".alert-success", "Nothing stands in the way");
"""


@tagged("post_install", "-at_install")
class TestTaxQuestionBrowser(BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_the_tax_of_a_cart_is_answered_and_a_difference_accepted(self):
        self.connect()
        line = {"item": "TEE-1", "quantity": "1", "price": "12.00"}
        orders = {"A": {"sales_tax": "2.00", "grand_total": "12.00"}, "B": {"grand_total": "15.50"}}
        self.add_orders(*({"cust_ref": ref, "items": [line], **values} for ref, values in orders.items()))
        self.pull()
        asked, charged = (self.inbox(ref).sale_order_id for ref in orders)
        self.act(asked.extensiv_cart_id, ANSWER)
        self.assertEqual((asked.state, asked.amount_untaxed + 0, asked.amount_total), ("sale", 12, 12))
        self.assertEqual(asked.order_line.mapped("price_subtotal"), [10, 2])
        self.act(charged, ACCEPT)
        self.assertEqual(charged.order_line.mapped("price_subtotal"), [12, 3.5])

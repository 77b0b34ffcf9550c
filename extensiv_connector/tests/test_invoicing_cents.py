"""Invoices add up to the order, and the order is EIM's, to the cent, however it is delivered and rounded."""

from odoo.tests import tagged

from .books_common import InvoicingCase


@tagged("post_install", "-at_install")
class TestInvoicingCents(InvoicingCase):
    def assertInParts(self, sale, total, parts, tolerance=0.0):
        """Deliver an order in ``parts``, invoice each, and compare the sum with the order's total, and EIM's."""
        for quantities in parts:
            self.deliver(sale, **quantities)
            self.invoice(sale)
        self.assertEqual(sale.invoice_status, "invoiced")
        self.assertEqual(len(sale.invoice_ids), len(parts))
        self.assertAlmostEqual(sum(sale.invoice_ids.mapped("amount_total")), sale.amount_total, 2)
        self.assertLessEqual(abs(sale.amount_total - total), tolerance + 0.001)

    def both(self):
        """Yield both of the company's ways of rounding."""
        for number, method in enumerate(("round_per_line", "round_globally")):
            self.company.tax_calculation_rounding_method = method
            with self.subTest(method):
                yield f"C-{number}"

    def test_prices_that_do_not_divide(self):
        for ref in self.both():
            items = [{"item": "TEE-1", "quantity": "3", "price": "3.3333", "extended_amount": "10.00"}]
            sale = self.sale(ref, items=items, sales_tax="0.83", grand_total="10.83")
            self.assertInParts(sale, 10.83, [{"TEE_1": 1}, {"TEE_1": 1}, {}])

    def test_discounts_that_do_not_divide(self):
        for ref in self.both():
            items = [{"item": "TEE-1", "quantity": "3", "price": "9.99", "discount": "3.33"}]
            sale = self.sale(ref, items=items, shipping_handling="5.00", sales_tax="1.67")
            self.assertInParts(sale, 26.65, [{"TEE_1": 2}, {}])

    def tax(self, amount, **values):
        vals = {"name": f"Tax {amount}", "amount": amount, "type_tax_use": "sale", "company_id": self.company.id}
        return self.env["account.tax"].create({**vals, **values})

    def test_odoos_taxes_on_each_part(self):
        self.account.tax_policy = "odoo"
        self.products.taxes_id = self.tax(7.25)
        self.account.tax_tolerance = 0.03
        for ref in self.both():
            items = [
                {"item": "TEE-1", "quantity": "3", "price": "3.35"},
                {"item": "MUG-1", "quantity": "1", "price": "8.35"},
            ]
            sale = self.sale(ref, items=items, sales_tax="1.33")
            parts = [{"TEE_1": 1}, {"TEE_1": 1, "MUG_1": 1}, {}]
            self.assertInParts(sale, 19.73, parts, tolerance=0.03)

    def test_taxes_included_in_the_prices_on_each_part(self):
        self.account.tax_policy = "odoo"
        self.products.taxes_id = self.tax(19, price_include_override="tax_included")
        self.account.cart_ids.tax_beside_total = "included"
        for ref in self.both():
            items = [{"item": "TEE-1", "quantity": "3", "price": "9.99"}]
            sale = self.sale(ref, items=items, sales_tax="4.79", grand_total="29.97")
            self.assertEqual(sale.extensiv_tax_policy, "odoo_included")
            self.assertInParts(sale, 29.97, [{"TEE_1": 1}, {"TEE_1": 1}, {}])

    def test_a_whole_invoice_needs_no_line_for_it(self):
        for ref in self.both():
            sale = self.full_sale(cust_ref=ref)
            self.deliver(sale)
            self.assertEqual(len(self.invoice(sale).invoice_line_ids), 5)

    def test_what_a_person_changed_on_an_invoice_is_not_made_up_for(self):
        sale = self.full_sale()
        self.deliver(sale, MUG_1=1)
        first = sale._create_invoices()
        first.invoice_line_ids[0].price_unit = 6
        first.action_post()
        self.deliver(sale)
        self.assertEqual(self.kinds(self.invoice(sale)), ["TEE-1"])

    def test_orders_on_one_invoice_add_up(self):
        self.account.cart_ids.partner_id = self.env["res.partner"].create({"name": "The marketplace"})
        items = [{"item": "TEE-1", "quantity": "3", "price": "3.3333", "extended_amount": "10.00"}]
        sales = self.sale("M-1", items=items) | self.sale("M-2", items=items)
        sales.partner_invoice_id = sales[0].partner_id
        sales.partner_shipping_id = sales[0].partner_id
        for sale in sales:
            self.deliver(sale, TEE_1=1)
        one = self.invoice(sales)
        self.assertEqual(len(one), 1)
        for sale in sales:
            self.deliver(sale)
        self.assertEqual(one.amount_total + self.invoice(sales).amount_total, 20)

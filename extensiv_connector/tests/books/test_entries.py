"""What stands in the books of orders that were paid in their cart, read from the journal items."""

import re
from pathlib import Path

from odoo.fields import Command

from ...flows import tax_account
from .common import BooksCase

ROOT = Path(__file__).parents[3]


class TestEntries(BooksCase):
    """A company of the USA, with the tax that the cart charged on a line of its own."""

    def test_a_tax_added_to_the_prices_is_on_its_liability_account(self):
        sale = self.sell(
            items=[self.line(quantity="2", price="20.00")],
            sales_tax="3.30",
            shipping_handling="5.00",
            order_discount="4.00",
        )
        self.assertBooks(sale, 44.30, revenue=-41.0, tax=-3.30)
        self.assertEqual(sale.invoice_ids.mapped("state"), ["posted"])
        self.assertEqual(sale.extensiv_registered, 44.30)

    def test_the_entries_of_the_guide_are_those_of_odoo(self):
        sale = self.sell(
            items=[self.line(quantity="2", price="50.00")],
            sales_tax="8.00",
            shipping_handling="6.00",
            order_discount="10.00",
        )
        names = {
            "receivable": "Accounts receivable",
            "revenue": "Sales income",
            "tax": "Sales tax to remit",
            "outstanding": "Outstanding receipts",
        }
        booked = {}
        for move in self.moves(sale):
            kind = "Invoice" if move.move_type == "out_invoice" else "Payment"
            for item in move.line_ids:
                key = kind, names[self.part(item)]
                booked[key] = round(booked.get(key, 0) + item.balance, 2)
        guide = (ROOT / "doc/user-guide.md").read_text()
        chapter = guide.split("## For the accountant")[1].split("\n## ")[0]
        rows = re.findall(r"^\| (Invoice|Payment) \| ([^|]+?) \| ([\d.]*) ?\| ([\d.]*) ?\|$", chapter, re.M)
        told = {(kind, name): float(debit or 0) - float(credit or 0) for kind, name, debit, credit in rows}
        self.assertEqual(told, booked)

    def test_a_tax_included_in_the_prices_is_taken_out_of_them(self):
        self.cart.tax_policy = "line"
        self.cart.tax_beside_total = "included"
        sale = self.sell(items=[self.line(quantity="2", price="54.00")], sales_tax="8.00", grand_total="108.00")
        self.assertBooks(sale, 108.0, revenue=-100.0, tax=-8.0)

    def test_a_tax_that_the_marketplace_keeps_is_nowhere(self):
        self.cart.tax_beside_total = "kept"
        sale = self.sell(items=[self.line(price="54.00")], sales_tax="4.00", grand_total="54.00")
        self.assertBooks(sale, 54.0, revenue=-54.0)

    def test_with_partial_deliveries_the_invoices_come_to_the_orders_total(self):
        self.cart.invoicing = "delivered"
        sale = self.sell(
            items=[
                self.line(quantity="3", price="3.3333", extended_amount="10.00"),
                self.line("MUG-1", quantity="7", price="8.99"),
            ],
            sales_tax="1.11",
            shipping_handling="5.00",
            order_discount="4.00",
        )
        self.assertFalse(sale.invoice_ids)
        for quantities in ({"TEE_1": 1}, {"MUG_1": 3}, {"TEE_1": 1, "MUG_1": 1}):
            self.deliver(sale, **quantities)
            self.settle()
        self.assertEqual(len(sale.invoice_ids), 3)
        self.assertEqual(sum(sale.invoice_ids.mapped("amount_residual")), 0.0)
        self.deliver(sale)
        self.settle()
        self.assertEqual(len(sale.invoice_ids), 4)
        self.assertBooks(sale, 75.04, revenue=-73.93, tax=-1.11)
        self.assertEqual(len(sale.invoice_ids.matched_payment_ids), 4)

    def test_a_discount_is_on_each_invoice_only_as_far_as_its_goods_bear_it(self):
        self.cart.invoicing = "delivered"
        sale = self.sell(items=[self.line(quantity="3", price="20.00")], order_discount="30.00")
        for _part in range(3):
            self.deliver(sale, TEE_1=1)
            self.settle()
        self.assertTrue(all(total >= 0 for total in sale.invoice_ids.mapped("amount_total")))
        self.assertBooks(sale, 30.0, revenue=-30.0)

    def test_a_foreign_currency(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        euro.rate_ids.filtered(lambda rate: rate.company_id == self.company).unlink()
        self.env["res.currency.rate"].create(
            {"currency_id": euro.id, "company_id": self.company.id, "name": "2020-01-01", "rate": 0.9137}
        )
        sale = self.sell(
            items=[self.line(quantity="3", price="33.33"), self.line("MUG-1", price="7.77")],
            sales_tax="5.55",
            shipping_handling="4.44",
            currency_code="EUR",
        )
        self.assertEqual(sale.currency_id, euro)
        self.assertEqual(sale.invoice_ids.amount_total, 117.75)
        self.assertEqual(sale.invoice_ids.amount_residual, 0.0)
        books = self.balances(sale)
        self.assertEqual(books.keys(), {"receivable", "outstanding", "revenue", "tax"}, "no difference of exchange")
        self.assertEqual(books["receivable"], 0.0)
        outstanding = self.moves(sale).line_ids.filtered(lambda item: item.account_id == self.outstanding)
        self.assertEqual(outstanding.amount_currency, 117.75)

    def test_an_order_that_is_free_has_an_invoice_and_no_payment(self):
        self.cart.no_prices = "free"
        sale = self.sell(items=[self.line(price="0.00")])
        self.assertEqual(sale.invoice_ids.state, "posted")
        self.assertFalse(sale.invoice_ids.matched_payment_ids)
        self.assertFalse(self.errors())

    def test_services_are_invoiced_with_the_first_goods(self):
        self.cart.invoicing = "delivered"
        self.env["product.product"].create({"name": "Engraving", "default_code": "ENG-1", "type": "service"})
        sale = self.sell(items=[self.line(), self.line("ENG-1", price="4.00")])
        self.assertFalse(sale.invoice_ids)
        self.deliver(sale)
        self.settle()
        self.assertBooks(sale, 14.0, revenue=-14.0)


class TestTaxesOfOdoo(BooksCase):
    """A company of Germany beside others, with Odoo's taxes."""

    chart = "de_skr03"
    currency = "base.EUR"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.vat = cls.company.account_sale_tax_id
        cls.account.tax_policy = "odoo"
        goods = cls.products | cls.account.shipping_product_id | cls.account.discount_product_id
        goods.taxes_id = [Command.set(cls.vat.ids)]
        cls.account.shipping_tax_ids = cls.vat

    def both_methods(self):
        for number, method in enumerate(("round_per_line", "round_globally"), 1):
            with self.subTest(method):
                self.company.tax_calculation_rounding_method = method
                yield f"V-{number}"

    def test_tax_that_the_cart_collected_is_on_the_account_of_the_companys_vat(self):
        self.account.tax_policy = "line"
        self.account.tax_account_id = False
        tax_account.propose(self.account)
        likely = self.account.tax_account_id
        self.assertEqual((likely.code[:4], likely.account_type), ("1776", "liability_current"))
        self.assertEqual(tax_account.check(self.account)[0], "ok")
        sale = self.sell(items=[self.line(price="100.00")], sales_tax="19.00")
        self.assertBooks(sale, 119.0, revenue=-100.0, tax=-19.0)
        collected = sale.invoice_ids.invoice_line_ids.filtered(lambda line: line.sale_line_ids.extensiv_kind == "tax")
        self.assertEqual(collected.account_id, likely)
        self.assertFalse(collected.tax_ids)

    def test_taxes_on_top_of_the_prices_with_both_ways_of_rounding(self):
        for reference in self.both_methods():
            items = [self.line(quantity="3", price="3.33"), self.line("MUG-1", price="7.77")]
            tax = {"V-1": 3.38, "V-2": 3.37}[reference]
            sale = self.sell(cust_ref=reference, items=items, sales_tax=str(tax))
            self.assertBooks(sale, round(17.76 + tax, 2), revenue=-17.76, tax=-tax)

    def test_taxes_that_differ_within_the_tolerance_are_written_off(self):
        self.account.tax_tolerance = 0.02
        items = [self.line(quantity="3", price="3.33"), self.line("MUG-1", price="7.77")]
        for reference, tax in (("V-1", "3.36"), ("V-2", "3.39")):
            sale = self.sell(cust_ref=reference, items=items, sales_tax=tax)
            books = self.balances(sale)
            self.assertEqual(books["receivable"], 0.0)
            self.assertEqual(books["outstanding"], round(17.76 + float(tax), 2))
            self.assertEqual(books["tax"], -3.37)

    def test_taxes_included_in_the_prices_with_both_ways_of_rounding(self):
        self.cart.tax_beside_total = "included"
        for reference in self.both_methods():
            sale = self.sell(
                cust_ref=reference,
                items=[self.line(quantity="3", price="9.99"), self.line("MUG-1", quantity="7", price="4.49")],
                shipping_handling="4.90",
                order_discount="5.00",
                grand_total="61.30",
            )
            self.assertEqual(sale.amount_total, 61.30)
            books = self.balances(sale)
            self.assertBooks(sale, 61.30, revenue=books["revenue"], tax=books["tax"])
            self.assertAlmostEqual(books["tax"], -9.79, delta=0.02)

    def test_taxes_included_of_several_deliveries_with_both_ways_of_rounding(self):
        self.cart.tax_beside_total = "included"
        self.cart.invoicing = "delivered"
        for reference in self.both_methods():
            sale = self.sell(
                cust_ref=reference,
                items=[self.line(quantity="3", price="9.99"), self.line("MUG-1", quantity="7", price="4.49")],
                shipping_handling="4.90",
                order_discount="5.00",
                grand_total="61.30",
            )
            for quantities in ({"TEE_1": 1, "MUG_1": 2}, {"MUG_1": 3}, {}):
                self.deliver(sale, **quantities)
                self.settle()
            self.assertEqual(len(sale.invoice_ids), 3)
            books = self.balances(sale)
            self.assertBooks(sale, 61.30, revenue=books["revenue"], tax=books["tax"])
            self.assertAlmostEqual(books["tax"], -9.79, delta=0.04)

    def test_the_settings_of_the_cart_are_on_order_and_invoice(self):
        plan = self.env["account.analytic.plan"].create({"name": "Channels"})
        channel = self.env["account.analytic.account"].create({"name": "Shop", "plan_id": plan.id})
        journal = self.env["account.journal"].create({"name": "Shop invoices", "code": "SHOP", "type": "sale"})
        term = self.env["account.payment.term"].create({"name": "At once"})
        position = self.env["account.fiscal.position"].create({"name": "Shop"})
        pricelist = self.env["product.pricelist"].create(
            {"name": "Shop", "currency_id": self.company.currency_id.id, "company_id": self.company.id}
        )
        self.cart.write(
            {
                "invoice_journal_id": journal.id,
                "payment_term_id": term.id,
                "fiscal_position_id": position.id,
                "pricelist_id": pricelist.id,
                "analytic_distribution": {str(channel.id): 100},
                "tax_policy": "line",
            }
        )
        sale = self.sell(items=[self.line()], shipping_handling="5.00", sales_tax="1.00")
        self.assertEqual(sale.pricelist_id, pricelist)
        self.assertEqual(sale.payment_term_id, term)
        invoice = sale.invoice_ids
        self.assertEqual(invoice.journal_id, journal)
        self.assertEqual(invoice.invoice_payment_term_id, term)
        self.assertEqual(invoice.fiscal_position_id, position)
        self.assertEqual(
            {str(line.analytic_distribution) for line in invoice.invoice_line_ids}, {str({str(channel.id): 100.0})}
        )
        self.assertBooks(sale, 16.0, revenue=-15.0, tax=-1.0)

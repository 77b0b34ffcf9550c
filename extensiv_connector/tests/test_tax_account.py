"""Collected tax is booked on a liability of its company, and is not taxed itself."""

from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..flows import tax_account
from .books_common import InvoicingCase


@tagged("post_install", "-at_install")
class TestTaxAccount(InvoicingCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.likely = tax_account.find_likely(cls.account)

    def own(self, name="Collected", account_type="liability_current", company=None):
        """Make an account of a company."""
        company = company or self.company
        Account = self.env["account.account"].with_company(company)
        vals = {"name": name, "code": f"9{len(name)}01", "account_type": account_type}
        return Account.create({**vals, "company_ids": [Command.set(company.ids)]})

    def tax_item(self, sale):
        """Deliver and invoice an order, and return the journal item of its tax."""
        self.deliver(sale)
        return self.invoice(sale).line_ids.filtered(lambda line: line.sale_line_ids.extensiv_kind == "tax")

    def checks(self):
        with self.flows():
            self.account.write({"live_orders": True, "setup_step": "live"})
            self.account.action_check_live()
        return {check["title"]: check for check in self.account.live_checks}

    def test_the_likely_account_is_that_of_the_companys_tax_on_sales(self):
        self.assertEqual(self.likely.account_type, "liability_current")
        self.assertIn(self.likely, self.company.account_sale_tax_id.invoice_repartition_line_ids.account_id)
        self.company.account_sale_tax_id = False
        self.assertEqual(tax_account.find_likely(self.account).account_type, "liability_current")

    def test_it_is_proposed_in_the_settings_and_before_going_live(self):
        self.assertFalse(self.account.tax_account_id)
        with self.flows():
            self.account.with_context(setup_step="settings").action_setup_goto()
        self.assertEqual(self.account.tax_account_id, self.likely)
        self.account.tax_account_id = False
        self.assertEqual(self.checks()["Collected tax"]["mark"], "ok")
        self.assertEqual(self.account.tax_account_id, self.likely)

    def test_what_somebody_chose_is_not_proposed_anew(self):
        own = self.own()
        self.account.tax_account_id = own
        self.assertEqual(self.checks()["Collected tax"]["mark"], "ok")
        self.assertEqual(self.account.tax_account_id, own)

    def test_income_stands_in_the_way_of_going_live(self):
        income = self.env["account.account"].search(
            [("account_type", "=", "income"), ("company_ids", "in", self.company.ids)], limit=1
        )
        self.account.tax_product_id.property_account_income_id = income
        check = self.checks()["Collected tax"]
        self.assertEqual(check["mark"], "stop")
        self.assertIn(income.code, check["text"])

    def test_without_taxes_in_the_chart_a_person_chooses(self):
        self.env["account.tax"].search([("company_id", "=", self.company.id)]).active = False
        self.company.account_sale_tax_id = False
        self.assertEqual(self.checks()["Collected tax"]["mark"], "stop")

    def test_it_is_not_asked_for_where_no_order_has_collected_tax(self):
        self.account.tax_policy = "ignore"
        self.assertNotIn("Collected tax", self.checks())

    def test_the_diagnosis_says_where_it_is_booked(self):
        diagnosis = self.env["extensiv.diagnosis"].create({"account_id": self.account.id})
        self.account.tax_account_id = False
        with self.flows():
            diagnosis.action_diagnose()
        self.assertIn("would be booked on", diagnosis.text)
        self.account.tax_account_id = self.likely
        with self.flows():
            diagnosis.action_diagnose()
        self.assertIn(f"is booked on {self.likely.code} {self.likely.name}", diagnosis.text)

    def test_the_tax_is_on_its_account_and_the_revenue_is_the_goods(self):
        self.account.tax_account_id = self.likely
        item = self.tax_item(self.full_sale())
        self.assertEqual((item.account_id, item.credit), (self.likely, 3.50))
        income = item.move_id.line_ids.filtered(lambda line: line.account_id.internal_group == "income")
        self.assertEqual(sum(income.mapped("balance")), -49)
        self.assertFalse(item.tax_ids)

    def test_the_buyers_fiscal_position_maps_it(self):
        self.account.tax_account_id = self.likely
        other = self.own("Abroad")
        mapping = [Command.create({"account_src_id": self.likely.id, "account_dest_id": other.id})]
        position = self.env["account.fiscal.position"].create({"name": "Abroad", "account_ids": mapping})
        sale = self.full_sale()
        sale.fiscal_position_id = position
        self.assertEqual(self.tax_item(sale).account_id, other)

    def test_updating_the_taxes_of_an_order_does_not_tax_the_tax(self):
        self.account.order_policy = "draft"
        tax = self.company.account_sale_tax_id
        (self.account.tax_product_id | self.products).taxes_id = tax
        self.add_orders({"cust_ref": "T-1", "items": [{"item": "TEE-1", "price": "20.00"}], "sales_tax": "1.00"})
        self.pull()
        sale = self.inbox("T-1").sale_order_id
        self.assertFalse(sale.order_line.tax_ids)
        sale._recompute_taxes()
        goods, collected = sale.order_line
        self.assertEqual(goods.tax_ids, tax)
        self.assertFalse(collected.tax_ids)

    def test_updating_the_taxes_of_an_invoice_does_not_tax_the_tax(self):
        tax = self.company.account_sale_tax_id
        self.account.tax_account_id = self.likely
        sale = self.full_sale()
        self.deliver(sale)
        invoice = sale._create_invoices()
        (self.account.tax_product_id | self.products).taxes_id = tax
        self.likely.tax_ids = tax
        invoice.action_update_fpos_values()
        collected = invoice.invoice_line_ids.filtered(lambda line: line.sale_line_ids.extensiv_kind == "tax")
        self.assertFalse(collected.tax_ids)
        goods = invoice.invoice_line_ids.filtered(lambda line: line.product_id in self.products)
        self.assertEqual(goods.tax_ids, tax)

    def test_a_manager_without_rights_in_accounting_chooses_the_account_on_the_form(self):
        manager = new_test_user(
            self.env, "tax_manager", "base.group_user,extensiv_connector.group_manager", company_id=self.company.id
        )
        income = self.env["account.account"].search(
            [("account_type", "=", "income"), ("company_ids", "in", self.company.ids)], limit=1
        )
        account = self.account.with_user(manager)
        account.tax_account_id = income
        self.assertEqual(self.checks()["Collected tax"]["mark"], "stop")
        self.assertIn(income.code, account.tax_account_problem)
        with Form(account) as form:
            form.tax_account_id = self.likely.with_user(manager)
        self.assertIn(self.likely.id, [found[0] for found in form.tax_account_id.name_search(self.likely.name)])
        self.assertFalse(account.tax_account_problem)
        self.assertEqual(self.checks()["Collected tax"]["mark"], "ok")

    def test_each_company_has_its_own_though_they_share_the_product(self):
        other = self.env["res.company"].create({"name": "Other", "country_id": self.company.country_id.id})
        self.env.user.company_ids += other
        account = self.account.copy({"company_id": other.id, "name": "Other", "api_user": "other"})
        self.assertEqual(account.tax_product_id, self.account.tax_product_id)
        self.account.tax_account_id = self.likely
        self.assertFalse(account.tax_account_id)
        own = self.own("Of the other", company=other)
        account.tax_account_id = own
        self.assertEqual(self.account.tax_account_id, self.likely)
        self.assertEqual(account.tax_account_id, own)
        with self.assertRaises(Exception):  # noqa: B017
            account.tax_account_id = self.likely
            account.flush_recordset()

    def test_a_company_without_a_chart_is_told_so(self):
        other = self.env["res.company"].create({"name": "Without"})
        account = self.account.copy({"company_id": other.id, "name": "Without", "api_user": "without"})
        mark, text = tax_account.check(account)
        self.assertEqual(mark, "warn")
        self.assertIn("no chart of accounts", text)

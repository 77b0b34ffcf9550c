from odoo.fields import Command
from odoo.tests import Form, tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestOrderMoney(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def sale(self, cust_ref="M-1", **order):
        """Pull one order and return its sale order."""
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", **order})
        self.pull()
        record = self.inbox(cust_ref)
        self.assertEqual(record.state, "imported", record.message)
        return record.sale_order_id

    def line(self, **values):
        return {"item": "TEE-1", "quantity": "1", "price": "10.00", **values}

    def assertTotal(self, sale, total, state="sale"):
        self.assertEqual(f"{sale.amount_total:.{sale.currency_id.decimal_places}f}", total)
        self.assertEqual(sale.state, state)

    # -- discounts

    def test_a_percentage_that_is_exact_is_odoos_discount(self):
        sale = self.sale(items=[self.line(quantity="3", price="20.00", discount="5.00")])
        self.assertEqual(sale.order_line.price_unit, 20.0)
        self.assertEqual(sale.order_line.discount, 25.0)
        self.assertTotal(sale, "45.00")

    def test_another_discount_is_a_net_price_and_named_in_the_text(self):
        sale = self.sale(items=[self.line(quantity="3", price="999.99", discount="0.01")])
        self.assertEqual(sale.order_line.discount, 0)
        self.assertAlmostEqual(sale.order_line.price_unit, 999.98)
        self.assertIn("Discount 0.01", sale.order_line.name)
        self.assertTotal(sale, "2999.94")

    def test_free_of_charge(self):
        sale = self.sale(items=[self.line(price="8.0000", discount="8.0000")])
        self.assertEqual(sale.order_line.price_unit, 8.0)
        self.assertEqual(sale.order_line.discount, 100.0)
        self.assertTotal(sale, "0.00")

    def test_zero_price_and_zero_total(self):
        self.account.cart_ids.no_prices = "free"
        self.assertTotal(self.sale(items=[self.line(price="0.00")]), "0.00")

    def test_order_discount_contains_the_additional_discounts(self):
        sale = self.sale(items=[self.line(price="50.00", addl_discount="5.00")], order_discount="7.50")
        self.assertTotal(sale, "42.50")
        self.assertEqual(sale.order_line[1].product_id, self.account.discount_product_id)

    def test_a_negative_adjustment_is_a_surcharge(self):
        self.assertTotal(self.sale(items=[self.line(price="50.00")], order_discount="-2.00"), "52.00")

    def test_a_rest_of_rounding_goes_on_one_visible_line(self):
        sale = self.sale(items=[self.line(quantity="3", price="3.3333", extended_amount="10.00")])
        self.assertTotal(sale, "10.00")

    def test_shipping_surcharge_is_information_only(self):
        sale = self.sale(items=[self.line(price="10.00", shipping_surcharge="4.00")], shipping_handling="6.00")
        self.assertTotal(sale, "16.00")
        self.assertTrue(sale.order_line[1].is_delivery)

    def test_a_percentage_has_no_more_digits_than_odoo_keeps(self):
        self.env["decimal.precision"].search([("name", "=", "Discount")]).digits = 0
        sale = self.sale(items=[self.line(price="20.00", quantity="3", discount="2.50"), self.line(discount="1.00")])
        self.assertEqual(sale.order_line.mapped("discount"), [0.0, 10.0])
        self.assertTotal(sale, "61.50")

    # -- the price stays

    def test_a_later_change_of_quantity_or_text_keeps_price_and_discount(self):
        self.account.order_policy = "draft"
        pricelist = self.env["product.pricelist"].create(
            {"name": "Half price", "item_ids": [Command.create({"compute_price": "percentage", "percent_price": 50})]}
        )
        self.env.user.group_ids += self.env.ref("sale.group_discount_per_so_line") + self.env.ref(
            "product.group_product_pricelist"
        )
        sale = self.sale(items=[self.line(quantity="2", price="20.00", discount="5.00")])
        with Form(sale) as form:
            form.pricelist_id = pricelist
            with form.order_line.edit(0) as line:
                line.product_uom_qty = 7
                line.name = "Another text"
        self.assertEqual(sale.order_line.price_unit, 20.0)
        self.assertEqual(sale.order_line.discount, 25.0)

    # -- taxes

    def tax(self, amount, **values):
        return self.env["account.tax"].create(
            {"name": f"Tax {amount}", "amount": amount, "type_tax_use": "sale", "company_id": self.company.id, **values}
        )

    def test_tax_line_carries_what_the_buyer_paid_and_no_tax_of_odoo(self):
        self.products.taxes_id = self.tax(20)
        sale = self.sale(items=[self.line()], sales_tax="0.83")
        self.assertFalse(sale.order_line.tax_ids)
        self.assertEqual(sale.order_line[1].product_id, self.account.tax_product_id)
        self.assertTotal(sale, "10.83")

    def test_odoos_taxes(self):
        self.account.tax_policy = "odoo"
        self.products.taxes_id = self.tax(20)
        sale = self.sale(items=[self.line()], sales_tax="2.00")
        self.assertEqual(len(sale.order_line), 1)
        self.assertTotal(sale, "12.00")

    def test_odoos_taxes_included_in_the_price(self):
        self.account.tax_policy = "odoo"
        self.products.taxes_id = self.tax(20, price_include_override="tax_included")
        sale = self.sale(items=[self.line(price="19.99", quantity="3")], sales_tax="11.99")
        self.assertAlmostEqual(sale.order_line.price_unit, 23.988)
        self.assertTotal(sale, "71.96")
        self.assertEqual(f"{sale.amount_untaxed:.2f}", "59.97")

    def test_taxes_included_in_the_prices_leave_no_rest_of_rounding(self):
        self.account.tax_policy = "odoo"
        self.company.tax_calculation_rounding_method = "round_globally"
        for product, amount in zip(self.products, (7, 20), strict=True):
            product.taxes_id = self.tax(amount, price_include_override="tax_included")
        sale = self.sale(
            items=[
                self.line(price="7.0654", extended_amount="7.07"),
                self.line(price="5.4083", extended_amount="5.41", item="MUG-1"),
            ],
            sub_total="12.48",
            sales_tax="1.57",
            grand_total="14.05",
        )
        self.assertEqual(len(sale.order_line), 2)
        self.assertTotal(sale, "14.05")

    def test_a_difference_of_taxes_alone_within_the_tolerance_is_told(self):
        self.account.write({"tax_policy": "odoo", "tax_tolerance": 0.05})
        self.products.taxes_id = self.tax(20)
        sale = self.sale(items=[self.line()], sales_tax="2.04")
        self.assertTotal(sale, "12.00")
        self.assertIn("Only the taxes differ: 2.00 here, 2.04 at EIM.", sale.extensiv_message)

    def test_a_difference_of_taxes_above_the_tolerance_stays_a_quotation(self):
        self.account.write({"tax_policy": "odoo", "tax_tolerance": 0.05})
        self.products.taxes_id = self.tax(20)
        sale = self.sale(items=[self.line()], sales_tax="2.06")
        self.assertTotal(sale, "12.00", "draft")

    def test_a_difference_that_is_none_of_odoos_taxes_is_not_borne_as_one(self):
        self.products.taxes_id = False
        for policy in ("line", "odoo"):
            self.account.write({"tax_policy": policy, "tax_tolerance": 0.05})
            sale = self.sale(cust_ref=policy, items=[self.line()], order_discount="0.03", grand_total="10.00")
            self.assertTotal(sale, "9.97", "draft")
            self.assertNotIn("Only the taxes", sale.extensiv_message)

    def test_fiscal_position_maps_odoos_taxes(self):
        self.account.tax_policy = "odoo"
        self.products.taxes_id = self.tax(20)
        germany = self.env.ref("base.de")
        self.env["account.fiscal.position"].create(
            {
                "name": "Export",
                "auto_apply": True,
                "country_id": germany.id,
                "company_id": self.company.id,
                "sequence": -1,
            }
        )
        sale = self.sale(
            items=[self.line()],
            sales_tax="0.00",
            cust_country="DEU",
            cust_state=None,
            ship_country=None,
            cust_first_name="Jürgen",
            cust_last_name="Groß",
            cust_address_1="Weg 1",
            cust_city="Köln",
        )
        self.assertEqual(sale.fiscal_position_id.name, "Export")
        self.assertEqual(sale.partner_id.country_id, germany)

    def test_tax_remitted_by_the_marketplace_is_not_on_the_order_and_noted(self):
        self.account.tax_policy = "ignore"
        sale = self.sale(items=[self.line()], sales_tax="0.83")
        self.assertTotal(sale, "10.00")
        self.assertIn("0.83", sale.extensiv_message)

    def test_a_carts_tax_policy_comes_before_the_accounts(self):
        self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify").tax_policy = "ignore"
        self.assertTotal(self.sale(items=[self.line()], sales_tax="0.83"), "10.00")

    # -- totals and currencies

    def test_a_wrong_total_says_both_and_where_they_part(self):
        sale = self.sale(items=[self.line()], shipping_handling="5.00", grand_total="16.00")
        self.assertTotal(sale, "15.00", "draft")
        for part in ("15.00", "16.00", "shipping 5.00"):
            self.assertIn(part, sale.extensiv_message)

    def test_a_currency_that_is_not_the_companys_gets_its_pricelist(self):
        euro = self.env.ref("base.EUR")
        euro.active = True
        self.env["product.pricelist"].search([("currency_id", "=", euro.id)]).active = False
        sale = self.sale(items=[self.line()], currency_code="EUR")
        self.assertEqual(sale.currency_id, euro)
        self.assertTotal(sale, "10.00")
        again = self.sale("M-2", items=[self.line()], currency_code="EUR")
        self.assertEqual(again.pricelist_id, sale.pricelist_id)

    def test_a_currency_without_cents(self):
        self.env.ref("base.JPY").active = True
        self.assertTotal(
            self.sale(
                items=[self.line(price="1500", quantity="2")], currency_code="JPY", sub_total="3000", grand_total="3000"
            ),
            "3000",
        )

    def test_a_currency_rounded_to_five_cents(self):
        self.env.ref("base.CHF").write({"active": True, "rounding": 0.05})
        lines = [self.line(price="10.02"), self.line(price="5.02"), self.line(price="0.01")]
        self.assertTotal(self.sale(currency_code="CHF", items=lines), "15.05")
        self.add_orders({"cust_ref": "M-2", "items": [self.line(price="10.03")], "currency_code": "CHF"})
        self.pull()
        self.assertIn("EIM's total 10.03 cannot be held", self.inbox("M-2").message)

    def test_an_inactive_currency_is_named(self):
        self.env.ref("base.CHF").active = False
        self.add_orders({"cust_ref": "M-3", "items": [self.line()], "currency_code": "CHF"})
        self.pull()
        self.assertIn("CHF, which is not active", self.inbox("M-3").message)

    def test_an_unknown_currency_is_named(self):
        self.add_orders({"cust_ref": "M-4", "items": [self.line()], "currency_code": "QQQ"})
        self.pull()
        self.assertIn("QQQ is not a currency", self.inbox("M-4").message)

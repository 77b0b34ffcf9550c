"""Orders whose lines, prices, totals and currency are not as the contract says become what they mean."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_tax_question import FiguresCase


@tagged("post_install", "-at_install")
class TestOrderFigures(FiguresCase):
    # -- lines

    def test_a_line_of_zero_units_is_left_out_and_told(self):
        sale = self.sale(items=[self.line(), self.line(item="NO-SUCH", quantity="0", Description="Sold out")])
        self.assertFigures(sale, "sale", "12.00", "12.00")
        self.assertIn("Left out, of zero units: NO-SUCH", sale.extensiv_lasting_notes)
        nothing = self.line(item="MUG-1", quantity="0", lot_number="L-7", line_location="Nowhere")
        other = self.sale("M-2", items=[self.line(), nothing])
        self.assertFalse(other.extensiv_packing_notes)
        self.assertNotIn("Nowhere", other.extensiv_lasting_notes)

    def test_a_line_without_a_sku_takes_the_product_of_its_cart(self):
        tip = self.env["product.product"].create({"name": "Tip", "type": "service"})
        self.cart.no_sku_product_id = tip
        sale = self.sale(items=[self.line(), self.line(item=None, price="1.50", Description="For the driver")])
        self.assertFigures(sale, "sale", "13.50", "12.00", "1.50")
        self.assertEqual(sale.order_line[1].product_id, tip)
        self.assertIn("For the driver", sale.order_line[1].name)

    def test_a_line_without_a_sku_takes_the_placeholder_else(self):
        self.account.sku_policy = "placeholder"
        sale = self.sale(items=[self.line(), self.line(item="N/A", price="1.50", Description="Engraving")])
        self.assertFigures(sale, "draft", "13.50", "12.00", "1.50")
        line = sale.order_line[1]
        self.assertTrue(line.extensiv_needs_product)
        self.assertEqual(sale.extensiv_order_id.fix, "product")
        with self.assertRaises(UserError):
            sale.action_confirm()
        line._extensiv_set_product(self.products[1])
        self.assertIn("Engraving", line.name)
        sale.action_confirm()
        self.assertEqual(sale.state, "sale")

    def test_a_line_without_any_sku_is_given_its_product_on_the_line_itself(self):
        self.account.sku_policy = "placeholder"
        sale = self.sale(items=[self.line(), self.line(item=None, price="1.50", Description="Tip")])
        self.assertFalse(sale.extensiv_order_id.fix)
        sale.order_line[1]._extensiv_set_product(self.products[1])
        self.env.invalidate_all()
        self.assertEqual(sale.extensiv_order_id.fix, "confirm")

    def test_a_line_without_a_sku_says_what_to_choose_where_orders_wait(self):
        self.add_orders(
            {"cust_ref": "M-9", "order_source": "Shopify", "items": [self.line(item="", Description="Fee")]}
        )
        self.pull()
        self.assertEqual(self.inbox("M-9").state, "failed")
        for part in ("A line has no SKU: Fee", "Lines Without a SKU"):
            self.assertIn(part, self.inbox("M-9").message)

    def test_filtered_lines_that_explain_the_difference_are_left_out_of_the_total(self):
        sale = self.sale(
            items=[self.line(), self.line(item="WARRANTY", price="5.00", filtered_sku="Y")], grand_total="17.00"
        )
        self.assertFigures(sale, "sale", "12.00", "12.00")
        self.assertIn("EIM's total holds 5.00 of lines that it filters", sale.extensiv_lasting_notes)

    # -- prices

    def unpriced(self, cust_ref="M-1", price=None, **order):
        return self.sale(
            cust_ref,
            **{"items": [self.line(price=price, quantity="2", extended_amount=price)], "grand_total": price, **order},
        )

    def test_orders_without_prices_stay_quotations_at_the_pricelists_prices(self):
        for cust_ref, price in (("M-1", None), ("M-2", "0.00")):
            sale = self.unpriced(cust_ref, price)
            self.assertFigures(sale, "draft", "39.98", "39.98")
            self.assertIn("no prices", sale.extensiv_held_by)
            sale.order_line.price_unit = 15
            self.assertNotIn("EIM's is", sale.extensiv_held_by)
            sale.action_confirm()
            self.assertFigures(sale, "sale", "30.00", "30.00")
        self.assertFalse(self.errors("confirm"))

    def test_orders_without_prices_cost_what_the_customers_pricelist_says(self):
        self.env.ref("base.group_user").implied_ids += self.env.ref("product.group_product_pricelist")
        partner = self.env["res.partner"].create({"name": "Wholesale"})
        partner.property_product_pricelist = self.env["product.pricelist"].create(
            {
                "name": "Half price",
                "currency_id": self.company.currency_id.id,
                "item_ids": [(0, 0, {"compute_price": "percentage", "percent_price": 50})],
            }
        )
        self.cart.write({"no_prices": "pricelist", "partner_id": partner.id})
        sale = self.unpriced(items=[self.line(price=None, quantity="2", extended_amount=None)])
        self.assertFigures(sale, "sale", "19.99", "19.99")
        self.assertIn("pricelist", sale.extensiv_lasting_notes)

    def test_orders_without_prices_are_free_where_the_cart_says_so(self):
        self.cart.no_prices = "free"
        self.assertFigures(self.unpriced(), "sale", "0.00", "0.00")
        self.assertFigures(self.unpriced("M-2", "0.00"), "sale", "0.00", "0.00")

    def test_a_total_that_no_price_explains_is_compared_all_the_same(self):
        self.cart.no_prices = "pricelist"
        self.assertFigures(self.unpriced(grand_total="39.98"), "sale", "39.98", "39.98")
        self.assertFigures(self.unpriced("M-2", grand_total="30.00"), "draft", "39.98", "39.98")

    def test_totals_of_nothing_beside_priced_lines_are_absent(self):
        nothing = {"sub_total": "0.00", "grand_total": "0.00"}
        sale = self.sale(items=[self.line(extended_amount="0.00")], shipping_handling="3.00", **nothing)
        self.assertFigures(sale, "sale", "15.00", "12.00", "3.00")
        self.assertIn("taken as absent", sale.extensiv_lasting_notes)

    # -- how numbers are written

    def test_amounts_as_people_write_them(self):
        sale = self.sale(items=[self.line(price="1.234,50", extended_amount="1.234,50")], grand_total="€ 1.234,50")
        self.assertFigures(sale, "sale", "1234.50", "1234.50")

    def test_a_total_that_cannot_be_read_is_told_once_and_holds_the_order(self):
        sale = self.sale(grand_total="twelve", sub_total="12,00,0")
        self.assertFigures(sale, "draft", "12.00", "12.00")
        self.assertEqual(sale.extensiv_message.count("twelve"), 1)
        self.assertIn("cannot be read", sale.extensiv_held_by)
        self.assertIn("sub_total is not a number (12,00,0).", sale.extensiv_lasting_notes)

    # -- the currency

    def test_an_order_without_a_currency_has_its_carts(self):
        cad = self.env.ref("base.CAD")
        cad.active = True
        sale = self.sale(order_source="Amazon_CA", currency_code=None)
        cart = sale.extensiv_cart_id
        self.assertEqual((cart.currency_id, sale.currency_id), (cad, cad))
        self.assertFigures(sale, "sale", "12.00", "12.00")
        cart.currency_id = self.company.currency_id
        other = self.sale("M-2", order_source="Amazon_CA", currency_code="N/A")
        self.assertEqual(other.currency_id, self.company.currency_id)

    def test_a_currency_of_a_cart_that_is_not_active_is_named(self):
        self.env.ref("base.GBP").active = False
        self.add_orders({"cust_ref": "M-3", "order_source": "eBay_UK", "items": [self.line()], "currency_code": None})
        self.pull()
        self.assertIn("GBP, which is not active", self.inbox("M-3").message)

    def test_the_currency_of_a_cart_is_proposed_by_its_source(self):
        euro = ("EUR", "EUR")
        expected = {
            "Amazon_CA": "CAD",
            "Amazon_US2": "USD",
            "Ebay_CA": "CAD",
            "Best Buy Canada": "CAD",
            "Amazon UK": "GBP",
            "eBay United Kingdom": "GBP",
            "amazon.de": "EUR",
            "amazon.co.jp": "JPY",
            "Shopify-CHF": "CHF",
            "Amazon_EU": euro[0],
            "My Shop": None,
            "Shop.io": None,
            "Made In": None,
            "CA": None,
            "Shopify 2": None,
        }
        company = self.company.currency_id.name
        carts = self.env["extensiv.cart"].create(
            [{"account_id": self.account.id, "name": source, "order_source": source} for source in expected
             if source not in self.account.cart_ids.mapped("order_source")]
        )  # fmt: skip
        for cart in carts:
            self.assertEqual(cart.currency_id.name, expected[cart.order_source] or company, cart.order_source)

    # -- charges in no field

    def test_a_difference_is_accepted_as_a_line_with_one_click_for_many_orders(self):
        duties = self.sale(grand_total="15.50")
        less = self.sale("M-2", grand_total="11.00")
        self.assertEqual((duties.extensiv_difference, less.extensiv_difference), (3.5, -1.0))
        sales = duties | less
        salesman = self.env["res.users"].create(
            {"name": "Sal", "login": "sal", "group_ids": self.env.ref("sales_team.group_sale_salesman_all_leads").ids}
        )
        sales.with_user(salesman).action_extensiv_accept_difference()
        self.assertFigures(duties, "draft", "15.50", "12.00", "3.50")
        self.assertFigures(less, "draft", "11.00", "12.00", "-1.00")
        self.assertEqual(duties.order_line[-1].product_id, self.account.charge_product_id)
        self.assertFalse(sales.order_line.tax_ids)
        self.assertFalse(any(sales.mapped("extensiv_held_by")))
        with self.assertRaisesRegex(UserError, "no difference"):
            sales.action_extensiv_accept_difference()

    # -- taxes of what is no goods

    def test_shipping_has_the_tax_that_was_chosen_under_odoos_taxes(self):
        self.account.tax_policy = "odoo"
        self.products.taxes_id = self.tax(20)
        charged = {"shipping_handling": "5.00", "sales_tax": "3.40", "grand_total": "20.40"}
        self.assertEqual(self.sale(**charged).state, "draft")
        self.account.shipping_tax_ids = self.products.taxes_id
        self.assertFigures(self.sale("M-2", **charged), "sale", "20.40", "12.00", "5.00")

    def test_the_tax_on_shipping_is_checked_before_going_live(self):
        def marks():
            with self.flows():
                self.account.action_check_live()
            return [check["mark"] for check in self.account.live_checks if check["title"] == "Tax on shipping"]

        self.account.setup_step = "live"
        self.assertEqual(marks(), [])
        self.cart.tax_policy = "odoo"
        self.assertEqual(marks(), ["warn"])
        self.account.shipping_tax_ids = self.tax(20)
        self.assertEqual(marks(), ["ok"])

    def test_in_a_second_company_what_is_no_goods_has_no_tax_that_nobody_chose(self):
        other = self.env["res.company"].create({"name": "Other"})
        other.account_sale_tax_id = self.tax(19).copy({"company_id": other.id})
        Product = self.env["product.product"]
        kept = Product._extensiv_service_products()
        kept["shipping"].product_tmpl_id._force_default_sale_tax(other)
        self.products[0].product_tmpl_id._force_default_sale_tax(other)
        self.assertIn(other.account_sale_tax_id, self.products[0].taxes_id)
        kept["tax"].default_code = "OLD"
        made = Product._extensiv_service_products()
        self.assertNotEqual(made["tax"], kept["tax"])
        kept["tax"].product_tmpl_id._force_default_tax(other)
        for product in {*kept.values(), *made.values()}:
            self.assertFalse(product.taxes_id, product.name)

    def test_the_tax_on_shipping_of_one_company_is_none_of_another(self):
        tax = self.tax(20)
        theirs = tax.copy({"company_id": self.env["res.company"].create({"name": "Other"}).id})
        product = self.account.shipping_product_id
        product.taxes_id = theirs
        self.assertFalse(self.account.shipping_tax_ids)
        self.account.shipping_tax_ids = tax
        self.assertEqual(product.taxes_id, tax | theirs)

    # -- what meets what

    def test_prices_of_a_pricelist_are_without_the_tax_that_a_carts_prices_include(self):
        self.cart.write({"tax_policy": "odoo", "tax_beside_total": "included", "no_prices": "pricelist"})
        self.products.taxes_id = self.tax(20)
        self.assertFigures(self.unpriced(), "sale", "47.98", "39.98")

    def test_goods_for_which_no_pricelist_has_a_price_are_not_confirmed_at_nothing(self):
        self.cart.no_prices = "pricelist"
        self.account.sku_policy = "create"
        sale = self.sale(items=[self.line(price=None), self.line(item="NEW-1", price=None)])
        self.assertFigures(sale, "draft", "19.99", "19.99", "0.00")
        self.assertIn("your pricelist has none for [NEW-1]", sale.extensiv_held_by)
        self.products[0].list_price = 0
        self.assertFigures(self.sale("M-2", items=[self.line(price=None)]), "draft", "0.00", "0.00")

    def test_a_product_made_of_an_order_that_names_no_currency_is_priced_in_its_carts(self):
        self.account.sku_policy = "create"
        other = self.env.ref("base.CAD")
        other.active = True
        self.env["res.currency.rate"].create(
            {"currency_id": other.id, "rate": 2, "name": "2020-01-01", "company_id": self.company.id}
        )
        self.cart.currency_id = other
        sale = self.sale(items=[self.line(item="NEW-1")], currency_code=None)
        self.assertEqual(sale.currency_id, other)
        self.assertEqual(sale.order_line.product_id.list_price, 6)

    def test_the_button_beside_a_line_without_a_sku_opens_its_cart(self):
        for cust_ref, sku in (("M-1", None), ("M-2", "N/A")):
            self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": [self.line(item=sku)]})
            self.pull()
            record = self.inbox(cust_ref)
            self.assertFalse(record.missing_skus)
            self.assertEqual(record.fix, "open")
            action = record.action_fix()
            self.assertEqual((action["res_model"], action["res_id"]), ("extensiv.cart", self.cart.id))
            self.assertIn("press Retry", record.message)

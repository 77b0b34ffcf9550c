from psycopg2.errors import UniqueViolation

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..eim.wire import Cart
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestCarts(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.cart = self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")

    def pulled(self, cust_ref="C-1", **order):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "cust_po_no": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "1", "price": "10.00"}],
                **order,
            }
        )
        self.pull()
        return self.inbox(cust_ref).sale_order_id

    def take_over(self, *carts):
        """Meet carts, each an order source or ``(order source, the shop's name)``; return them, the only ones."""
        self.account.cart_ids.unlink()
        named = [(cart, cart) if isinstance(cart, str) else cart for cart in carts]
        return self.env["extensiv.cart"]._sync_from_eim(self.account, [Cart(*names) for names in named])

    def prefixes(self, *carts):
        return self.take_over(*carts).mapped("prefix")

    def test_prefix_is_two_letters_and_a_colon_three_where_taken_then_on(self):
        self.assertEqual(
            self.prefixes("BigCommerce", "Bigcartel", "BIG", "Biglietto"), ["BI:", "BIG:", "BIG2:", "BIGL:"]
        )

    def test_a_name_without_letters_still_gets_a_prefix(self):
        self.assertEqual(self.prefixes("!!", "7"), ["CA:", "7:"])

    def test_prefix_is_editable_unique_and_part_of_the_orders_name(self):
        self.cart.prefix = "WEB-"
        self.assertEqual(self.pulled().name, "WEB-C-1")

    def test_the_prefix_comes_from_the_integration_whatever_the_shop_calls_itself(self):
        self.assertEqual(self.prefixes(("BigCommerce", "Acme Kids Store")), ["BI:"])
        self.assertEqual(self.prefixes("BigCommerce"), ["BI:"], "as an order names it")
        self.assertEqual(self.prefixes(("Ebay_CA", "Zed"), ("Amazon_US2", "Acme"), "Amazon_DE"), ["EB:", "AM:", "AMA:"])
        self.assertEqual(self.prefixes(("Best of Maine", "Acme Kids Store")), ["BE:"], "of no known kind: its source")

    def test_a_proposed_prefix_is_free_whatever_the_capitals(self):
        bigcommerce = self.take_over("BigCommerce")
        bigcommerce.prefix = " bi:\u200b "
        self.assertEqual(bigcommerce.prefix, "bi:", "stored without what nobody sees")
        other = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": "BigCommerce_2", "name": "Second"}
        )
        self.assertEqual(other.prefix, "BIG:")

    @mute_logger("odoo.sql_db")
    def test_prefixes_that_differ_by_capitals_and_blanks_alone_are_one(self):
        _first, second = self.take_over("BigCommerce", "Shopify")
        for prefix in ("bi:", " BI: ", "Bi:"):
            with self.subTest(prefix), self.assertRaises(UniqueViolation), self.env.cr.savepoint():
                second.prefix = prefix
        second.prefix = "B I:"
        self.assertEqual(second.prefix, "B I:", "blanks inside are as typed")

    @mute_logger("odoo.sql_db")
    def test_a_cart_is_without_prefix_only_where_a_person_says_so_once_a_company(self):
        first, second = self.take_over("BigCommerce", "Shopify")
        for empty in (False, "", "   "):
            with self.subTest(empty), self.assertRaisesRegex(ValidationError, "No Prefix"), self.env.cr.savepoint():
                first.prefix = empty
        with Form(first) as form:
            form.no_prefix = True
        self.assertFalse(first.prefix)
        with self.assertRaises(UniqueViolation), self.env.cr.savepoint():
            second.no_prefix = True
        second.no_prefix = False
        self.assertEqual(second.prefix, "SH:")
        self.assertFalse(self.account.cart_ids.filtered(lambda cart: not cart.prefix) - first)
        with Form(first) as form:
            form.no_prefix = False
            form.prefix = "WEB-"
        self.assertEqual(first.prefix, "WEB-")
        self.assertEqual(first.no_prefix, False)

    def test_an_order_of_a_cart_without_prefix_has_its_number_as_name(self):
        self.cart.no_prefix = True
        self.assertEqual(self.pulled().name, "C-1")

    def test_an_order_that_asks_for_no_shipping_method_has_the_carts_own(self):
        product = self.env["product.product"].create({"name": "Delivery", "type": "service"})
        ground = self.env["delivery.carrier"].create({"name": "Ground", "product_id": product.id})
        self.cart.delivery_carrier_id = ground
        self.assertEqual(self.pulled().carrier_id, ground)
        self.assertFalse(self.pulled("C-2", ship_code="express_1").carrier_id, "it was perhaps paid for")

    def test_known_carts_keep_their_settings(self):
        self.cart.write({"prefix": "X:", "name": "My shop"})
        with self.flows():
            self.account.action_check_carts()
        self.assertEqual(self.cart.prefix, "X:")
        self.assertEqual(self.cart.name, "My shop")
        self.assertEqual(len(self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")), 1)

    def test_team_salesperson_tags_and_warehouse_of_the_cart(self):
        warehouse = self.env["stock.warehouse"].create({"name": "West", "code": "WST"})
        team = self.env["crm.team"].create({"name": "Web"})
        tag = self.env["crm.tag"].create({"name": "Web"})
        self.cart.write(
            {"warehouse_id": warehouse.id, "team_id": team.id, "user_id": self.env.user.id, "tag_ids": tag.ids}
        )
        sale = self.pulled()
        self.assertEqual(sale.warehouse_id, warehouse)
        self.assertEqual(sale.team_id, team)
        self.assertEqual(sale.user_id, self.env.user)
        self.assertEqual(sale.tag_ids, tag)

    def test_eims_location_of_the_order_is_its_warehouse(self):
        east = self.env["stock.warehouse"].create({"name": "East", "code": "EST"})
        west = self.env["stock.warehouse"].create({"name": "West", "code": "WST"})
        self.cart.warehouse_id = west
        location = self.account.location_ids[0]
        location.stock_location_id = east.lot_stock_id
        self.assertEqual(self.pulled(location=location.name).warehouse_id, east)
        self.assertEqual(self.pulled("C-2", inventory_warehouse_pk=location.remote_pk).warehouse_id, east)
        self.assertEqual(self.pulled("C-3").warehouse_id, west)

    def test_fixed_customer_with_the_delivery_address_as_its_child(self):
        customer = self.env["res.partner"].create({"name": "Amazon", "is_company": True})
        self.cart.partner_id = customer
        sale = self.pulled()
        self.assertEqual(sale.partner_id, customer)
        self.assertEqual(sale.partner_shipping_id.parent_id, customer)

    def test_what_a_cart_asks_for_is_proposed_and_mapped_to_the_delivery_method(self):
        self.pulled(ship_code="express_1")
        method = self.env["extensiv.ship.method"].search([("ship_code", "=", "express_1")])
        self.assertEqual(method.account_id, self.account)
        self.assertFalse(method.delivery_carrier_id)
        product = self.env["product.product"].create({"name": "Delivery", "type": "service"})
        general, special = self.env["delivery.carrier"].create(
            [{"name": name, "product_id": product.id} for name in ("Ground", "Air")]
        )
        method.delivery_carrier_id = general
        self.assertEqual(self.pulled("C-2", ship_code="express_1").carrier_id, general)
        self.env["extensiv.ship.method"].create(
            {
                "account_id": self.account.id,
                "cart_id": self.cart.id,
                "ship_code": "express_1",
                "delivery_carrier_id": special.id,
            }
        )
        sale = self.pulled("C-3", ship_code="express_1", shipping_handling="9.00")
        self.assertEqual(sale.carrier_id, special)
        self.assertEqual(f"{sale.amount_total:.2f}", "19.00")
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.picking_ids.carrier_id, special)
        self.assertEqual(self.env["extensiv.ship.method"].search_count([("ship_code", "=", "express_1")]), 2)

    def test_orders_of_two_companies_stay_apart(self):
        other = self.env["res.company"].create({"name": "Other company"})
        self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        account = (
            self.env["extensiv.account"]
            .with_company(other)
            .create(
                {
                    "name": "Theirs",
                    "company_id": other.id,
                    "base_url": self.sandbox.base_url,
                    "api_user": "other",
                    "api_key": "other-key",
                    "import_from": "2000-01-01",
                }
            )
        )
        self.sandbox.sandbox.users["other"] = "other-key"
        self.add_orders(
            {
                "cust_ref": "C-9",
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "1", "price": "10.00"}],
            }
        )
        with self.flows():
            account.with_company(self.company).action_connect()
            account.with_company(self.company).action_pull_orders()
        sale = self.env["extensiv.order"].search([("account_id", "=", account.id)]).sale_order_id
        self.assertEqual(sale.company_id, other)
        self.assertEqual(sale.warehouse_id.company_id, other)
        self.assertEqual(sale.partner_id.company_id, other)
        self.assertEqual(account.cart_ids.mapped("company_id"), other)

from odoo.tests import Form, tagged
from odoo.tools import convert_file

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestCatalogue(ConnectorCase):
    def _type(self, name):
        return self.env.ref(f"extensiv_connector.cart_type_{name}")

    def _cart(self, order_source):
        [prefix] = {f"{order_source}:"}
        return self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": order_source, "name": order_source, "prefix": prefix}
        )

    def test_every_cart_has_a_picture_and_what_is_documented_of_it(self):
        types = self.env["extensiv.cart.type"].search([])
        self.assertGreaterEqual(len(types), 48)
        for cart_type in types:
            self.assertTrue(cart_type.name and cart_type.code and cart_type.image_128, cart_type.name)
            self.assertEqual(cart_type.order_download, "basic", cart_type.name)
        documented = {
            "shopify": ("basic", "detailed", "both"),
            "bigcommerce": ("basic", "detailed", "unknown"),
            "channeladvisor": ("basic", "detailed", "unknown"),
            "ordermanager": ("basic", "basic", "download"),
            "ecwid": ("basic", "basic", "unknown"),
            "ebay": ("basic", "basic", "unknown"),
            "infusionsoft": ("basic", "none", "unknown"),
            "cratejoy": ("none", "basic", "download"),
            "paypal": ("none", "none", "unknown"),
            "salesforce": ("none", "none", "unknown"),
            "shipstation": ("none", "none", "unknown"),
        }
        for name, functions in documented.items():
            cart_type = self._type(name)
            self.assertEqual(
                (cart_type.inventory_sync, cart_type.shipment_confirmation, cart_type.cancellation), functions, name
            )
        others = types - self.env["extensiv.cart.type"].union(*map(self._type, documented))
        self.assertEqual(set(others.mapped("inventory_sync")), {"unknown"})
        self.assertEqual(set(others.mapped("shipment_confirmation")), {"unknown"})
        self.assertIn("administrator", self._type("channeladvisor").requirements)

    def test_of_carts_whose_only_function_is_pulling_orders_it_says_what_is_not_done(self):
        not_done = {"paypal": "No payments", "salesforce": "No customers", "shipstation": "No shipping labels"}
        for name, words in not_done.items():
            self.assertIn(words, self._type(name).limits)
            self.assertIn("only function is pulling orders", self._type(name).limits)
            self.assertIn(words, self._cart(name).limits)

    def test_an_order_source_finds_the_longest_name_that_begins_it_by_letters_alone(self):
        for order_source, name in {
            "Amazon_US2": "amazon",
            "AmazonVendor_DE": "amazonvendor",
            "amazon vendor central 1": "amazonvendor",
            "Ebay_CA": "ebay",
            "Best Buy Canada": "bestbuycanada",
            "APIAccess1": "apiaccess",
            "Shopify": "shopify",
            "WooCommerce": "woocommerce",
            "3DCart_9": "3dcart",
            "CSV Cart 2": "csvcart",
            "CS-Cart": "cscart",
            "Magento2_EU": "magento2",
            "Magento1": "magento1",
            "Magento": "magento2",
        }.items():
            found = self.env["extensiv.cart.type"]._find([order_source])[order_source]
            self.assertEqual(found, self._type(name), order_source)
        self.assertFalse(self.env["extensiv.cart.type"]._find(["Somewhere else"])["Somewhere else"])

    def test_carts_found_at_eim_have_their_kind_and_a_persons_choice_stays(self):
        self.connect()
        cart = self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")
        self.assertEqual(cart.type_id, self._type("shopify"))
        cart.type_id = self._type("ecwid")
        with self.flows():
            self.account.action_check_carts()
        self.assertEqual(cart.type_id, self._type("ecwid"))

    def test_a_cart_finds_its_kind_when_that_is_added_to_the_catalogue(self):
        cart = self._cart("Tindie_1")
        self.assertFalse(cart.type_id)
        added = self.env["extensiv.cart.type"].create({"code": "Tindie", "name": "Tindie"})
        self.assertEqual(cart.type_id, added)

    def test_a_function_that_is_switched_on_and_not_supported_is_pointed_out(self):
        self.account.write({"setup_step": "done"})
        cart, stockless = self._cart("Infusionsoft"), self._cart("Cratejoy")
        self.assertFalse(cart.unsupported or stockless.unsupported or self.account.unsupported)
        self.account.push_shipments = True
        self.assertFalse(cart.unsupported, "it starts off where the kind takes no confirmation")
        cart.push_shipments = True
        self.assertEqual(cart.unsupported, "Infusionsoft does not support pushing shipments.")
        cart.push_shipments = False
        self.assertFalse(cart.unsupported, "the cart is not told")
        cart.push_shipments = True
        self.assertFalse(stockless.unsupported)
        self.account.push_inventory = True
        self.assertEqual(stockless.unsupported, "Cratejoy does not support pushing stock.")
        self.assertIn(cart.unsupported, self.account.unsupported)
        stockless.active = False
        self.assertFalse(stockless.unsupported, "what takes no orders needs nothing")

    def test_what_is_not_documented_is_not_said_to_be_lacking(self):
        self.account.write({"setup_step": "done", "push_inventory": True, "push_shipments": True})
        self.assertFalse(self._cart("Etsy").unsupported)

    def test_a_cart_whose_kind_is_corrected_is_told_again(self):
        cart = self._cart("PayPal shop")
        wrong = cart.type_id
        index = list(self.account.cart_ids).index(cart)
        self.assertFalse(cart.push_shipments)
        with Form(self.account) as form, form.cart_ids.edit(index) as line:  # where the switch is not shown
            line.type_id = self._type("shopify")
        self.assertTrue(cart.push_shipments)
        cart.push_shipments = False
        cart.type_id = self._type("ecwid")
        self.assertFalse(cart.push_shipments, "a person's choice, of a kind that takes it, stays")
        cart.type_id = wrong
        cart.type_id = self._type("salesforce")
        self.assertFalse(cart.push_shipments, "nor does this one take any")

    def test_before_going_live_the_chosen_functions_count(self):
        cart = self._cart("Infusionsoft")
        self.assertFalse(cart.unsupported, "it is not told of shipments")
        cart.push_shipments = True
        self.assertIn("pushing shipments", cart.unsupported)
        self.account.live_shipments = False
        self.assertFalse(cart.unsupported)

    def test_what_managers_changed_is_kept_on_update(self):
        shopify = self._type("shopify")
        shopify.write({"name": "Our Shopify", "inventory_sync": "none"})
        convert_file(self.env, "extensiv_connector", "data/extensiv_cart_type_data.xml", {}, mode="update")
        self.assertEqual(shopify.name, "Our Shopify")
        self.assertEqual(shopify.inventory_sync, "none")

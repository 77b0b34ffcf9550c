from odoo.modules.module import load_script
from odoo.tests import tagged

from .common import ConnectorCase

ITEMS = [{"item": "TEE-1", "quantity": "1", "price": "5"}]


@tagged("post_install", "-at_install")
class TestMigrationBuyers(ConnectorCase):
    def migrate(self, stage, part):
        self.env.flush_all()
        path = f"extensiv_connector/migrations/19.0.1.5.0/{stage}-{part}.py"
        load_script(path, f"{stage}-{part}").migrate(self.env.cr, "19.0.1.5.0")
        self.env.invalidate_all()

    def test_addresses_of_before_are_marked_and_recipients_are_no_people_of_the_fixed_customer(self):
        self.connect()
        market = self.env["res.partner"].create({"name": "Marketplace", "is_company": True})
        cart = self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")
        cart.partner_id = market
        moved = {"ship_address_1": "7 Dock Rd", "ship_city": "Portland", "ship_zip": "97201", "ship_country": "USA"}
        self.add_orders(
            {"cust_ref": "R-1", "order_source": "Shopify", "items": ITEMS, **moved},
            {"cust_ref": "B-1", "order_source": "WooCommerce", "items": ITEMS, **moved},
        )
        self.pull()
        recipient, own = (self.inbox(ref).sale_order_id.partner_shipping_id for ref in ("R-1", "B-1"))
        by_hand = self.env["res.partner"].create({"name": "Office", "type": "delivery", "parent_id": market.id})
        self.env.flush_all()
        self.env.cr.execute(
            """UPDATE res_partner SET extensiv_address_of = NULL, commercial_company_name = 'Marketplace',
                                      complete_name = 'Marketplace, ' || name
                WHERE id = ANY(%s)""",
            [(recipient | own).ids],
        )
        self.migrate("post", "addresses")
        self.assertEqual((recipient.extensiv_address_of, own.extensiv_address_of), ("recipient", "buyer"))
        self.assertFalse(by_hand.extensiv_address_of)
        self.assertEqual(recipient.complete_name, recipient.name)
        self.assertFalse(recipient.commercial_company_name)
        self.assertIn("Marketplace", own.complete_name, "what is nobody's recipient stays as it is")

    def test_carts_of_marketplaces_that_forbid_mails_start_without_them(self):
        amazon = self.env.ref("extensiv_connector.cart_type_amazon")
        shopify = self.env.ref("extensiv_connector.cart_type_shopify")
        (amazon | shopify).forbids_mails = False
        self.migrate("pre", "mails")
        self.assertEqual((amazon.forbids_mails, shopify.forbids_mails), (True, False))

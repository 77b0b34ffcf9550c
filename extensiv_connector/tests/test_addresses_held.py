from odoo.tests import tagged

from .common import ConnectorCase

NOWHERE = {
    f"{prefix}_{part}": None
    for prefix in ("cust", "ship")
    for part in ("company", "first_name", "last_name", "address_1", "address_2", "city", "state", "zip", "country")
}


@tagged("post_install", "-at_install")
class TestWithoutAddress(ConnectorCase):
    """Orders of a fixed customer that do not say where they go to."""

    def setUp(self):
        super().setUp()
        self.connect()
        self.market = self.env["res.partner"].create(
            {"name": "Marketplace", "is_company": True, "street": "1 Market St"}
        )
        self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify").partner_id = self.market

    def imported(self, item="TEE-1", **values):
        items = [{"item": item, "quantity": "1", "price": "5"}]
        self.add_orders({"cust_ref": "M-1", "order_source": "Shopify", "items": items, **values})
        self.pull()
        return self.inbox("M-1").sale_order_id

    def test_it_is_held_and_not_shipped_to_the_marketplace(self):
        sale = self.imported(**NOWHERE)
        self.assertEqual(sale.state, "draft")
        self.assertFalse(sale.picking_ids)
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertIn("does not say where it is delivered to", error.message)
        self.assertEqual((error.res_model, error.res_id), ("sale.order", sale.id))
        sale.partner_shipping_id = self.env["res.partner"].create({"name": "Jane", "parent_id": self.market.id})
        sale.action_confirm()
        self.assertEqual((sale.state, error.state), ("sale", "resolved"))

    def test_with_an_address_it_is_confirmed(self):
        self.assertEqual(self.imported().state, "sale")

    def test_what_is_not_shipped_needs_none(self):
        self.env["product.product"].create({"name": "Warranty", "default_code": "CARE", "type": "service"})
        self.assertEqual(self.imported("CARE", **NOWHERE).state, "sale")

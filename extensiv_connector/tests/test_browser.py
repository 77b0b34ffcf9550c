from odoo.tests import HttpCase, tagged

from .common import ConnectorMixin


@tagged("post_install", "-at_install")
class TestBrowser(ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_connect_pull_and_open_the_order(self):
        self.account.unlink()
        self.add_orders(
            {
                "cust_ref": "BROWSER-1",
                "cust_po_no": "WEB-1001",
                "order_source": "Shopify",
                "order_date": "2099-01-01",
                "created_date_time": "2099-01-01T10:00:00+00:00",
                "items": [{"item": "TEE-1", "quantity": "2", "price": "19.99"}],
            }
        )
        self.env["ir.default"].set("extensiv.account", "base_url", self.sandbox.base_url)
        self.start_tour(
            "/odoo/action-extensiv_connector.extensiv_account_action", "extensiv_connect_and_pull", login="admin"
        )
        order = self.env["extensiv.order"].search([("cust_ref", "=", "BROWSER-1")])
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(order.account_id.state, "connected")

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..flows.deadline import Deadline
from ..sandbox.service import WAREHOUSE_KEY, WAREHOUSE_USER
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestMerchants(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.account.write({"api_user": WAREHOUSE_USER, "api_key": WAREHOUSE_KEY, "order_policy": "draft"})
        self.owner = self.env["res.partner"].create({"name": "Harbour Goods"})

    def _list(self):
        with self.flows():
            action = self.account.action_list_merchants()
        return self.env[action["res_model"]].browse(action["res_id"])

    def _create(self, wizard):
        with self.flows():
            action = wizard.action_create_accounts()
        return self.env["extensiv.account"].search(action["domain"], order="id")

    def test_one_account_per_chosen_merchant_in_one_step(self):
        wizard = self._list()
        self.assertEqual(wizard.line_ids.mapped("name"), ["Harbour Goods", "Pine & Co"])
        wizard.line_ids.chosen = True
        wizard.line_ids[0].owner_id = self.owner
        harbour, pine = self._create(wizard)
        self.assertEqual(harbour.merchant_pk, "7001")
        self.assertEqual(pine.merchant_pk, "7002")
        self.assertEqual(harbour.state, "connected")
        self.assertEqual(pine.state, "connected")
        self.assertEqual(harbour.owner_id, self.owner)
        self.assertEqual(pine.owner_id, self.env["res.partner"])
        self.assertEqual(harbour.order_policy, "draft", "settings are taken over")
        self.assertFalse(harbour.pull_orders, "each goes live by itself")
        for account in (harbour, pine):
            self.assertTrue(account.cart_ids and account.location_ids, "carts and locations of its own")

    def test_each_pulls_its_own_orders(self):
        wizard = self._list()
        wizard.line_ids[0].chosen = True
        self.account = self._create(wizard)
        self.account.import_from = False
        self.pull()
        orders = self.env["extensiv.order"].search([("account_id", "=", self.account.id)])
        self.assertEqual(set(orders.mapped("cust_ref")), set(self.sandbox.sandbox.store_of("7001").orders))

    def test_a_merchant_has_one_account_only(self):
        wizard = self._list()
        wizard.line_ids[0].chosen = True
        harbour = self._create(wizard)
        again = self._list()
        self.assertEqual(again.line_ids[0].known_account_id, harbour)
        again.line_ids[0].chosen = True
        with self.assertRaisesRegex(UserError, "at least one"):
            self._create(again)

    def test_a_merchant_that_eim_refuses_does_not_hold_up_the_others(self):
        wizard = self._list()
        wizard.line_ids.chosen = True
        self.fault(route="check_credentials", kind="invalid", count=1, message="Merchant is closed.")
        harbour, pine = self._create(wizard)
        self.assertEqual(harbour.state, "draft")
        self.assertEqual(pine.state, "connected")
        self.assertIn("Merchant is closed.", harbour.state_message)

    def test_merchants_that_a_request_has_no_time_to_connect_have_their_accounts_and_say_so(self):
        wizard = self._list()
        wizard.line_ids.chosen = True
        with patch.object(Deadline, "has_time", side_effect=(True, True, False)):
            harbour, pine = self._create(wizard)
        self.assertEqual(harbour.state, "connected")
        self.assertEqual(pine.state, "draft")
        self.assertIn("Press Connect", pine.state_message)

    # -- the owner's stock

    def _order(self, owner):
        self.account.write({"api_user": "demo", "api_key": "demo-key", "order_policy": "confirm", "owner_id": owner})
        self.connect()
        self.add_orders(
            {
                "cust_ref": "OWNED",
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "3", "price": "1"}],
            }
        )
        self.pull()
        return self.inbox("OWNED").sale_order_id

    def _stock(self, quantity, owner=None):
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        self.env["stock.quant"]._update_available_quantity(
            self.products[0], warehouse.lot_stock_id, quantity, owner_id=owner
        )
        return warehouse

    def test_moves_are_restricted_to_the_owner_and_take_nobody_elses_stock(self):
        self._stock(100)
        self._stock(2, self.owner)
        move = self._order(self.owner).picking_ids.move_ids
        self.assertEqual(move.restrict_partner_id, self.owner)
        self.assertEqual(move.move_line_ids.owner_id, self.owner)
        self.assertEqual(move.state, "partially_available")
        self.assertEqual(move.quantity, 2)
        self._stock(5, self.owner)
        move._action_assign()
        self.assertEqual(move.state, "assigned")
        self.assertEqual(move.quantity, 3)
        move.picked = True
        move._action_done()
        left = {
            quant.owner_id: quant.quantity
            for quant in self.env["stock.quant"].search(
                [("product_id", "=", self.products[0].id), ("location_id.usage", "=", "internal")]
            )
        }
        self.assertEqual(left, {self.owner: 4, self.env["res.partner"]: 100})

    def test_every_step_of_a_delivery_is_restricted(self):
        warehouse = self._stock(10, self.owner)
        warehouse.delivery_steps = "pick_ship"
        sale = self._order(self.owner)
        pick = sale.picking_ids.move_ids
        self.assertEqual(pick.restrict_partner_id, self.owner)
        self.assertEqual(pick.move_line_ids.owner_id, self.owner)
        pick.picked = True
        pick._action_done()
        ship = sale.picking_ids.move_ids - pick
        self.assertEqual(ship.restrict_partner_id, self.owner)
        self.assertEqual(ship.move_line_ids.owner_id, self.owner)

    def test_without_an_owner_any_stock_will_do(self):
        self._stock(10)
        move = self._order(False).picking_ids.move_ids
        self.assertFalse(move.restrict_partner_id)
        self.assertEqual(move.state, "assigned")

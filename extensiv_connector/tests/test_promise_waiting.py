from datetime import timedelta

from odoo import fields
from odoo.tests import Form, new_test_user, tagged

from ..flows.stock_explanation import explain_level
from .test_promise import PromiseCase


@tagged("post_install", "-at_install")
class TestWaitingOrders(PromiseCase):
    """Orders that were received and reserve nothing yet."""

    def wait(self, cust_ref, quantity, account=None, **values):
        """Let an order wait as a quotation, because its total is wrong."""
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "items": [{"item": "TEE-1", "quantity": quantity, "price": "5"}],
                "grand_total": "1.00",
                **values,
            }
        )
        self.pull()
        order = self.inbox(cust_ref)
        self.assertEqual(order.sale_order_id.state, "draft")
        return order

    def another_account(self, **values):
        return self.env["extensiv.account"].create(
            {
                "name": "Others",
                "base_url": self.sandbox.base_url,
                "api_user": "other",
                "api_key": "other-key",
                **values,
            }
        )

    def test_it_never_rises_on_confirming(self):
        self.receive(self.tee, 10)
        order = self.wait("W-1", 4).sale_order_id
        self.assertEqual(self.promised(), 6)
        self.by_hand()
        order.action_confirm()
        self.assertEqual(self.promised(), 6, "owed")
        order.picking_ids.action_assign()
        self.assertEqual(self.promised(), 6, "reserved")
        self.account.quantity_basis = "free"
        self.assertEqual(self.promised(), 6)
        order.picking_ids.do_unreserve()
        self.assertEqual(self.promised(), 10, "Odoo's own figure")

    def test_an_order_due_later_counts_neither_before_nor_after_it_is_confirmed(self):
        self.by_hand()
        self.receive(self.tee, 10)
        order = self.wait("W-1", 4).sale_order_id
        order.commitment_date = fields.Datetime.now() + timedelta(days=30)
        self.account.owed_days = 7
        self.assertEqual(self.promised(), 10)
        order.action_confirm()
        self.assertEqual(self.promised(), 10)

    def test_what_will_not_be_delivered_from_the_mapping_is_not_subtracted(self):
        shelf = self.env["stock.location"].create(
            {"name": "Elsewhere", "location_id": self.warehouse.view_location_id.id}
        )
        self.west.write({"push_enabled": True, "stock_location_id": shelf.id})
        self.receive(self.tee, 10)
        self.receive(self.tee, 10, shelf)
        self.wait("W-1", 4)
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "WEST")], [6, 10])

    def test_what_is_drop_shipped_takes_no_stock(self):
        suppliers = self.env.ref("stock.stock_location_suppliers")
        customers = self.env.ref("stock.stock_location_customers")
        self.tee.route_ids = self.env["stock.route"].create(
            {
                "name": "Drop ship",
                "product_selectable": True,
                "rule_ids": [
                    fields.Command.create(
                        {
                            "name": "Drop ship",
                            "action": "pull",
                            "picking_type_id": self.warehouse.in_type_id.id,
                            "location_src_id": suppliers.id,
                            "location_dest_id": customers.id,
                        }
                    )
                ],
            }
        )
        self.receive(self.tee, 10)
        order = self.wait("W-1", 4).sale_order_id
        self.assertEqual(self.promised(), 10)
        order.action_confirm()
        self.assertEqual(self.promised(), 10)

    def test_an_order_that_is_to_be_supplied_by_another_warehouse_waits_there(self):
        second = self.make_second(resupply_wh_ids=[fields.Command.link(self.warehouse.id)])
        self.map_another("NORTH", stock_location_id=second.lot_stock_id.id)
        mto = self.env.ref("stock.route_warehouse0_mto")
        mto.active = True
        self.tee.route_ids = mto + second.resupply_route_ids
        self.receive(self.tee, 10)
        self.receive(self.tee, 10, second.lot_stock_id)
        order = self.wait("W-1", 4).sale_order_id
        order.warehouse_id = second
        self.push()
        before = [self.at_eim(name)["TEE-1"] for name in ("EAST", "NORTH")]
        self.assertEqual(before, [6, 10])
        order.action_confirm()
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "NORTH")], before)

    def test_orders_of_other_accounts_are_subtracted_acknowledged_or_not(self):
        self.receive(self.tee, 10)
        order = self.wait("W-1", 4)
        order.acknowledged_at = False
        self.assertEqual(self.promised(), 10, "this account's is left to EIM")
        other = self.another_account()
        order.account_id = other
        order.sale_order_id.extensiv_account_id = other
        self.assertEqual(self.promised(), 6)
        self.account.quantity_basis = "free"
        self.assertEqual(self.promised(), 10, "as ever")
        self.account.quantity_basis = "promise"
        self.account.owner_id = self.env["res.partner"].create({"name": "Merchant"})
        self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, 10, owner_id=self.account.owner_id)
        self.assertEqual(self.promised(), 10, "that account delivers what is nobody's")
        other.owner_id = self.account.owner_id
        self.assertEqual(self.promised(), 6)

    def test_of_an_archived_account_quotations_are_subtracted_and_its_inbox_is_not(self):
        self.receive(self.tee, 10)
        other = self.another_account()
        order = self.wait("W-1", 4)
        order.account_id = other
        order.sale_order_id.extensiv_account_id = other
        other.active = False
        self.assertEqual(self.promised(), 6, "it may still be confirmed")
        order.sale_order_id.action_confirm()
        self.assertEqual(self.promised(), 6)
        self.add_orders(
            {"cust_ref": "W-2", "items": [{"item": "GHOST", "quantity": 1}, {"item": "TEE-1", "quantity": 1}]}
        )
        self.pull()
        self.inbox("W-2").account_id = other
        self.assertEqual(self.promised(), 6)

    def test_an_order_in_the_inbox_of_another_account_is_subtracted(self):
        self.receive(self.tee, 10)
        self.add_orders(
            {
                "cust_ref": "W-9",
                "items": [
                    {"item": "GHOST", "quantity": 1, "price": "1"},
                    {"item": "TEE-1", "quantity": 3, "price": "1"},
                ],
            }
        )
        self.pull()
        order = self.inbox("W-9")
        order.acknowledged_at = False
        order.account_id = self.another_account()
        self.assertEqual(order.state, "failed")
        self.assertEqual(self.promised(), 7)

    def test_the_explanation_names_what_holds_a_level(self):
        self.receive(self.tee, 10)
        waiting = self.wait("W-1", 1).sale_order_id
        reserved = self.sell(self.tee, 2)
        self.by_hand()
        owed = self.sell(self.tee, 3)
        self.env.flush_all()
        explained = explain_level(self.east, self.tee)
        self.assertEqual([quantity for _words, quantity in explained["parts"]], [10, -2, -3, -1])
        self.assertEqual(
            [(holder.name, holder.how, holder.quantity) for holder in explained["holders"]],
            [(waiting.name, "waits", 1), (owed.name, "owed", 3), (reserved.name, "reserved", 2)],
        )
        self.assertEqual(explained["quantity"], self.promised())
        manager = new_test_user(self.env, "explained", "extensiv_connector.group_manager")
        with Form(self.east.with_user(manager)) as form:
            form.example_product_id = self.tee
            for order in (waiting, reserved, owed):
                self.assertIn(order.name, form.example)

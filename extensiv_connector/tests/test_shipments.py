"""When is an order told: once everything has left, whatever the route."""

from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.tests import new_test_user

from ..flows import fulfilment
from ..flows.trigger import NOTED, plan
from .shipments_common import ShipmentCase


class TestShipmentsWhen(ShipmentCase):
    def assert_not_told(self, sale, state="waiting"):
        self.assertEqual(sale.extensiv_shipment_state, state)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, state)
        self.assertFalse(self.told(sale.extensiv_cust_ref))
        self.assertNotIn("ship", self.calls())

    def test_an_order_in_one_step_is_told_when_it_left(self):
        sale = self.order()
        self.assert_not_told(sale)
        self.ship(sale.picking_ids)
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        run = self.push()
        self.assertEqual(run.state, "done")
        self.assertEqual(run.done_count, 1)
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertTrue(sale.extensiv_shipped_at)
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2, "MUG-1": 1})])
        self.assertEqual(self.at_eim("S-1")["order_status"], "shipped")

    def test_what_the_carrier_cost_is_not_charged_to_a_buyer_who_paid_the_cart(self):
        self.carrier.write({"invoice_policy": "real", "fixed_price": 7.5})
        sale = self.order(shipping_handling="5.00")
        self.ship(sale.picking_ids, tracking=None)
        self.assertEqual(sale.picking_ids.carrier_price, 7.5)
        self.assertEqual(f"{sale.amount_total:.2f}", "20.00")

    def test_nobody_validating_a_transfer_waits_for_eim(self):
        sale = self.order()
        calls = len(self.calls())
        self.ship(sale.picking_ids)
        self.assertEqual(len(self.calls()), calls)

    def test_pick_pack_ship_is_told_with_the_last_step(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        sale = self.order()
        for _step in range(3):
            self.assert_not_told(sale)
            self.ship(sale.picking_ids.filtered(lambda picking: picking.state == "assigned"))
        self.assertEqual(len(sale.picking_ids), 3)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2, "MUG-1": 1})])

    def test_less_picked_without_backorder_is_told_as_it_left(self):
        self.warehouse.delivery_steps = "pick_ship"
        sale = self.order(lines={"TEE-1": 3})
        self.ship(sale.picking_ids, quantities={self.tee: 2}, backorder=False)
        self.assert_not_told(sale)
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state == "assigned"))
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2})])
        self.assertIn("Of 3 × TEE-1 only 2 were delivered.", sale.extensiv_shipment_message)

    def test_what_is_still_to_be_picked_is_waited_for(self):
        self.warehouse.delivery_steps = "pick_ship"
        sale = self.order(lines={"TEE-1": 3})
        self.ship(sale.picking_ids, quantities={self.tee: 2})
        rest = sale.picking_ids.filtered("backorder_id")
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state == "assigned") - rest, "T1")
        self.assert_not_told(sale)
        self.ship(rest)
        self.assert_not_told(sale)
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state == "assigned"), "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 2}), ("T2", {"TEE-1": 1})])

    def test_a_backorder_is_waited_for(self):
        sale = self.order()
        self.ship(sale.picking_ids, "T1", quantities={self.tee: 1, self.mug: 0})
        self.assert_not_told(sale)
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state != "done"), "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1}), ("T2", {"TEE-1": 1, "MUG-1": 1})])

    def test_without_backorder_what_left_is_all(self):
        sale = self.order()
        self.ship(sale.picking_ids, quantities={self.tee: 1, self.mug: 0}, backorder=False)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 1})])

    def test_several_warehouses_are_waited_for(self):
        other = self.env["stock.warehouse"].create({"name": "West", "code": "WST", "company_id": self.company.id})
        sale = self.order()
        mug = sale.order_line.filtered(lambda line: line.product_id == self.mug)
        sale.picking_ids.move_ids.filtered(lambda move: move.sale_line_id == mug)._action_cancel()
        self._stock(self.mug, 10, warehouse=other)
        self.env["stock.rule"].run(
            [
                self.env["stock.rule"].Procurement(
                    self.mug,
                    1,
                    self.mug.uom_id,
                    sale.partner_shipping_id.property_stock_customer,
                    mug.name,
                    sale.name,
                    self.company,
                    {"warehouse_id": other, "sale_line_id": mug.id, "reference_ids": sale.stock_reference_ids},
                )
            ]
        )
        [east], west = (
            sale.picking_ids.filtered(lambda picking: picking.picking_type_id.warehouse_id != other),
            (mug.move_ids.picking_id.filtered(lambda picking: picking.picking_type_id.warehouse_id == other)),
        )
        self.ship(east, "T1")
        self.assert_not_told(sale)
        west.action_assign()
        self.ship(west, "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 2}), ("T2", {"MUG-1": 1})])

    def test_a_cancelled_delivery_is_no_shipment(self):
        sale = self.order()
        sale.picking_ids.action_cancel()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertIn("nothing is left to ship", sale.extensiv_shipment_message)
        self.assertNotIn("ship", self.calls())

    def test_a_cancelled_order_is_skipped_and_says_so(self):
        sale = self.order()
        sale.action_cancel()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertIn("Everything was cancelled", sale.extensiv_shipment_message)

    def test_an_order_skipped_too_early_is_told_when_it_leaves_after_all(self):
        sale = self.order(lines={"TEE-1": 1})
        sale.action_cancel()
        self.push()
        sale.action_draft()
        sale.action_confirm()
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state == "assigned"))
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 1})])

    def test_a_return_and_a_replacement_tell_nothing(self):
        sale = self.order(lines={"TEE-1": 2})
        picking = sale.picking_ids
        self.ship(picking)
        self.push()
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=picking.id, active_ids=picking.ids, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves.quantity = 1
        returned = wizard._create_return()
        self.ship(returned, tracking=False)
        replaced = (
            self.env["stock.return.picking"]
            .with_context(active_id=returned.id, active_ids=returned.ids, active_model="stock.picking")
            .create({})
        )
        replaced.product_return_moves.quantity = 1
        self.ship(replaced._create_return(), "T2")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_a_quotation_is_not_told(self):
        self.account.order_policy = "draft"
        self.add_orders({"cust_ref": "S-1", "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}]})
        self.pull()
        sale = self.inbox("S-1").sale_order_id
        self.assertEqual(sale.state, "draft")
        self.assert_not_told(sale)

    def test_an_open_return_does_not_hold_up_the_order(self):
        sale = self.order()
        picking = sale.picking_ids
        self.ship(picking, "T1", quantities={self.tee: 1, self.mug: 0})
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=picking.id, active_ids=picking.ids, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves.quantity = 1
        wizard._create_return()
        self.ship(
            (sale.picking_ids - picking).filtered(
                lambda other: other.picking_type_code == "outgoing" and other.state == "assigned"
            ),
            "T2",
        )
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_putting_away_what_came_back_does_not_hold_up_the_order(self):
        self.warehouse.reception_steps = "three_steps"
        sale = self.order()
        first = sale.picking_ids
        self.ship(first, "T1", quantities={self.tee: 2, self.mug: 0})
        rest = sale.picking_ids - first
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=first.id, active_ids=first.ids, active_model="stock.picking")
            .create({})
        )
        wizard.product_return_moves[0].quantity = 1
        back = wizard._create_return()
        back.move_ids.picked = True
        back.button_validate()
        self.ship(rest, "T2")
        self.assertEqual(sale.extensiv_shipment_state, "ready")

    def test_the_schedule_repairs_what_no_hook_marked(self):
        sale = self.order()
        with patch.object(fulfilment, "mark_delivered", lambda pickings: None):
            self.ship(sale.picking_ids)
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    # -- per cart

    def test_a_cart_waits_for_the_tracking_number(self):
        sale = self.order()
        self.assertTrue(sale.extensiv_cart_id.wait_tracking)
        self.ship(sale.picking_ids, tracking=False)
        self.assert_not_told(sale)
        sale.picking_ids.carrier_tracking_ref = "LATE-1"
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.push()
        self.assertEqual(self.contents(), [("LATE-1", {"TEE-1": 2, "MUG-1": 1})])

    def test_a_number_taken_back_before_eim_was_told_is_waited_for_again(self):
        sale = self.order()
        self.ship(sale.picking_ids, "VOID")
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        sale.picking_ids.carrier_tracking_ref = False  # its label was cancelled
        self.push()
        self.assert_not_told(sale)
        sale.picking_ids.carrier_tracking_ref = "T1"
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 2, "MUG-1": 1})])

    def test_each_transfer_needs_its_tracking_number(self):
        sale = self.order()
        self.ship(sale.picking_ids, "T1", quantities={self.tee: 1, self.mug: 0})
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state != "done"), tracking=False)
        self.assert_not_told(sale)

    def test_a_cart_that_does_not_wait_is_told_without_a_number(self):
        sale = self.order()
        sale.extensiv_cart_id.wait_tracking = False
        self.ship(sale.picking_ids, tracking=False)
        self.push()
        self.assertEqual(self.contents(), [(None, {"TEE-1": 2, "MUG-1": 1})])

    def test_a_missing_tracking_number_is_told_once_after_the_set_time(self):
        sale = self.order()
        self.ship(sale.picking_ids, tracking=False)
        self.push()
        self.assertFalse(self.shipment_error())
        sale.picking_ids.date_done = fields.Datetime.now() - timedelta(days=2, minutes=1)
        self.push()
        error = self.shipment_error()
        self.assertIn("without a tracking number", error.message)
        for model in (sale, sale.picking_ids):
            [button] = etree.fromstring(model.get_view(view_type="form")["arch"]).xpath(
                "//header/button[@name='action_extensiv_send']"
            )
            self.assertIn(f"press {button.get('string')}", error.message)
        self.assertEqual(error.category, "data")
        self.assertEqual(error.action_open_document()["res_id"], sale.id)
        clerk = new_test_user(self.env, login="clerk", groups="base.group_user,extensiv_connector.group_user")
        document = error.with_user(clerk).action_open_document()
        self.assertEqual(document["res_model"], "extensiv.order")
        self.assertEqual(document["res_id"], sale.extensiv_order_id.id)
        error.action_dismiss()
        self.push()
        self.assertFalse(self.shipment_error())
        self.assertEqual(sale.extensiv_shipment_state, "waiting")

    def test_a_cart_that_takes_no_confirmation_is_never_told(self):
        sale = self.order()
        sale.extensiv_cart_id.push_shipments = False
        self.ship(sale.picking_ids)
        self.assert_not_told(sale, "skipped")
        self.assertIn("takes no confirmation", sale.extensiv_shipment_message)

    # -- the hook

    def test_a_cart_switched_off_after_its_orders_left_is_not_told_and_no_error_stays(self):
        late, ready = self.order("S-1"), self.order("S-2")
        late.extensiv_cart_id.wait_tracking_days = 0
        self.ship(late.picking_ids, tracking=False)
        self.push()
        self.assertTrue(self.shipment_error("S-1"))
        self.ship(ready.picking_ids)
        self.assertEqual(ready.extensiv_shipment_state, "ready")
        ready.extensiv_cart_id.push_shipments = False
        self.push()
        self.assertEqual((late | ready).mapped("extensiv_shipment_state"), ["skipped", "skipped"])
        self.assertFalse(self.shipment_error("S-1"))
        self.assertNotIn("ship", self.calls())

    def test_people_of_the_warehouse_need_no_right_on_orders(self):
        sale = self.order()
        keeper = new_test_user(self.env, login="keeper", groups="base.group_user,stock.group_stock_user")
        self.ship(sale.picking_ids.with_user(keeper))
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.assertEqual(sale.picking_ids.with_user(keeper).extensiv_shipment_state, "ready")

    def test_the_schedule_is_woken_at_most_once_a_minute(self):
        cron = self.env.ref("extensiv_connector.ir_cron_push_shipments")
        self.account.push_shipments = True
        self.assertTrue(cron.active)
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        triggers.unlink()
        for _time in range(3):
            plan(self.env, "shipments")
        calls = sorted(self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).mapped("call_at"))
        self.assertEqual(len(calls), 2, "one now, one in a minute")
        self.assertGreaterEqual(calls[1] - calls[0], timedelta(seconds=59))

    def test_a_transfer_wakes_the_schedule_when_it_is_committed(self):
        sale = self.order()
        self.env.cr.postcommit.clear()
        self.ship(sale.picking_ids)
        self.assertIn("shipments", self.env.cr.postcommit.data[NOTED])
        self.env.cr.postcommit.clear()

    def test_marking_costs_few_queries_however_many_deliveries(self):
        sales = self.env["sale.order"].concat(*(self.order(f"Q-{number}", {"TEE-1": 1}) for number in range(6)))
        pickings = sales.picking_ids
        pickings.write({"carrier_tracking_ref": "T", "carrier_id": self.carrier.id})
        pickings.move_ids.picked = True
        self.env.flush_all()
        self.env.cr.postcommit.clear()
        pickings._action_done()
        sales.extensiv_shipment_state = "waiting"
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(5):
            fulfilment.mark_delivered(pickings)
            self.env.flush_all()
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"ready"})

    def test_orders_that_wait_for_tracking_numbers_are_looked_at_together(self):
        orders = sum((self.order(f"S-{number}") for number in range(2)), self.env["sale.order"])
        self.ship(orders[0].picking_ids, tracking=False)

        def queries():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            fulfilment.mark_waiting(self.account)
            return self.env.cr.sql_log_count - before

        queries()
        one = queries()
        self.ship(orders[1].picking_ids, tracking=False)
        self.assertEqual(queries(), one)

    def test_the_schedule_pushes_for_accounts_that_want_it(self):
        sale = self.order()
        self.ship(sale.picking_ids)
        with self.flows():
            self.env["extensiv.account"]._cron_push_shipments()
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.account.push_shipments = True
        with self.flows():
            self.env["extensiv.account"]._cron_push_shipments()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

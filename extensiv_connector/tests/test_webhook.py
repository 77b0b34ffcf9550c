"""EIM's webhook: what a call starts, and what it is worth."""

import hashlib
import hmac
import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..flows import trigger, webhook
from ..flows.order_pull import OrderPull
from ..flows.trigger import due_accounts
from .common import ConnectorCase


def sign(body, key="demo-key"):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


class WebhookMixin:
    def _listen(self):
        self.connect()
        self.account.write({"pull_orders": True, "webhook_enabled": True})
        self.cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        self._forget_triggers()

    def _forget_triggers(self):
        self.cron.lastcall = False
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env["extensiv.due"].search([]).unlink()
        self.env.flush_all()

    def triggers(self):
        """The moments for which a pass of orders is triggered, soonest first."""
        return self.env["ir.cron.trigger"].search([("cron_id", "=", self.cron.id)]).sorted("call_at").mapped("call_at")

    def last_calls(self):
        return self.env["extensiv.call"].search([("account_id", "=", self.account.id), ("route", "=", "webhook")])


@tagged("post_install", "-at_install")
class TestWebhook(WebhookMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self._listen()
        self.account.push_shipments = True  # else another system tells EIM, and nobody need wonder

    def hook(self, *orders, event="order_new"):
        """Do what follows EIM's answered call about ``orders``, dicts."""
        with self.flows():
            body = json.dumps({"orders": list(orders)}).encode()
            webhook.receive(self.env.registry, self.account.id, event, body)
        self.env.invalidate_all()

    def update(self, cust_ref, status):
        self.hook({"cust_ref": cust_ref, "order_status": status}, event="order_update")

    def turn(self):
        """Let the schedule have the turn that was triggered; return the calls of EIM in it."""
        before = len(self.calls())
        due = self.account.id in due_accounts(self.env, "orders")
        if due:
            self.pull()
        return self.calls()[before:] if due else None

    def pulled(self, **values):
        self.add_orders({"cust_ref": "W1", "items": [{"item": "TEE-1", "quantity": "1", "price": "5.00"}], **values})
        self.pull()
        self._forget_triggers()
        return self.inbox("W1")

    # -- how often

    def test_many_calls_start_one_pass_at_once_and_one_more_seconds_later(self):
        for number in range(20):
            self.hook({"cust_ref": f"W{number}"})
        first, *later = self.triggers()
        self.assertLessEqual(first, fields.Datetime.now())
        self.assertEqual(len(later), 1)
        self.assertLessEqual(later[0] - first, timedelta(seconds=webhook.PAUSE + 1))

    def test_a_call_during_a_pass_is_not_lost(self):
        self.hook({"cust_ref": "W1"})
        exchange = OrderPull.exchange

        def called_meanwhile(run):
            exchange(run)
            webhook.receive(self.env.registry, self.account.id, "order_new", b"{}")

        with patch.object(OrderPull, "exchange", called_meanwhile):
            self.pull()
        due = self.env["extensiv.due"].search([("account_id", "=", self.account.id)])
        self.assertEqual(len(due), 1)
        self.assertLessEqual(due.due_at, fields.Datetime.now() + timedelta(seconds=webhook.PAUSE + 1))
        self.assertTrue(any(timedelta() <= at - due.due_at <= timedelta(seconds=1) for at in self.triggers()))

    def test_schedules_look_again_when_a_pass_is_due_soon_and_not_for_later_ones(self):
        with patch.object(trigger, "_look_again") as look_again:
            for seconds in (0, 4, 600):
                self.env.cr.postcommit.clear()
                trigger.plan(self.env, "orders", self.account.ids, seconds)
                with self.flows():
                    self.env.cr.postcommit.run()
                if seconds == 4:
                    self.assertEqual(look_again.call_count, 1)
                    database, wait = look_again.call_args.args
                    self.assertEqual(database, self.env.cr.dbname)
                    self.assertTrue(3.9 <= wait <= 5.1, wait)
            self.assertEqual(look_again.call_count, 1)

    def test_a_process_that_may_start_no_thread_fails_nothing_that_was_committed(self):
        self.env.cr.postcommit.clear()
        trigger.plan(self.env, "orders", self.account.ids, 4)
        with self.flows(), patch("threading.Timer.start", side_effect=RuntimeError("can't start new thread")) as start:
            self.env.cr.postcommit.run()
        start.assert_called_once()

    def test_an_account_that_does_not_pull_is_not_woken(self):
        self.account.pull_orders = False
        self.hook({"cust_ref": "W1"})
        self.assertFalse(self.triggers())
        self.assertTrue(self.last_calls())

    def test_a_repeated_call_costs_two_calls_of_eim_and_no_more(self):
        self.pulled()
        self.hook({"cust_ref": "W1"})
        self.assertEqual(self.turn(), ["list_orders", "list_orders"])

    # -- when it was called

    def test_the_last_call_is_noted_outside_the_account_once_in_a_pause(self):
        before = self.account.write_date
        for _time in range(3):
            self.hook({"cust_ref": "W1"})
        self.assertEqual(len(self.last_calls()), 1)
        self.assertEqual(self.last_calls().path, "order_new")
        self.assertAlmostEqual(self.account.webhook_called_at, fields.Datetime.now(), delta=timedelta(seconds=10))
        self.assertEqual(self.account.write_date, before)

    # -- what an update is worth

    def test_an_order_of_ours_that_eim_cancelled_is_cancelled_by_the_next_pass(self):
        order = self.pulled()
        self.change_order("W1", order_status="canceled")
        self.update("W1", "canceled")
        self.assertEqual(self.turn(), ["list_orders", "list_orders"])
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertFalse(self.env["extensiv.due"].search([("cust_ref", "=", "W1")]))

    def test_a_cancelled_order_that_the_list_does_not_show_is_asked_about(self):
        order = self.pulled()
        self.change_order("W1", order_status="canceled")
        self.sandbox.store.get("W1").moments["canceled"] -= timedelta(days=9)
        self.account.canceled_until = fields.Datetime.now()
        self.update("W1", "canceled")
        self.assertIn("get_order_status", self.turn())
        self.assertEqual(order.sale_order_id.state, "cancel")

    def test_what_a_call_says_is_not_taken_as_truth(self):
        order = self.pulled()
        self.update("W1", "canceled")
        self.assertEqual(self.turn().count("get_order_status"), 1)
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertFalse(order.cancelled_at)

    def test_a_status_is_asked_about_once_however_often_it_is_told(self):
        self.pulled()
        for _time in range(3):
            self.update("W1", "canceled")
        self.assertEqual(self.turn().count("get_order_status"), 1)
        self._forget_triggers()
        self.update("W1", "canceled")
        self.assertFalse(self.triggers())
        self.assertIsNone(self.turn())

    def test_echoes_of_our_own_doing_cost_nothing(self):
        order = self.pulled()
        self.update("W1", "at_wms")
        for state in ("sending", "sent", "skipped"):
            order.sale_order_id.extensiv_shipment_state = state
            self.env.flush_all()
            self.update("W1", "shipped")
            self.update("W1", "confirmed")
        order.cancelled_at = fields.Datetime.now()
        self.env.flush_all()
        self.update("W1", "canceled")
        self.assertFalse(self.triggers())
        self.assertIsNone(self.turn())
        self.assertFalse(self.env["extensiv.due"].search([]))

    def test_an_order_that_is_not_known_here_is_nothing(self):
        self.add_orders({"cust_ref": "W9"})
        self.update("W9", "canceled")
        self.assertFalse(self.triggers())

    def test_another_accounts_order_is_nothing(self):
        self.pulled()
        other = self.account.copy({"api_user": "second", "api_key": "second-key"})
        other.write({"state": "connected", "pull_orders": True, "webhook_enabled": True})
        self.env.flush_all()
        with self.flows():
            body = json.dumps({"orders": [{"cust_ref": "W1", "order_status": "canceled"}]}).encode()
            webhook.receive(self.env.registry, other.id, "order_update", body)
        self.assertFalse(self.triggers())

    def test_an_order_that_was_shipped_elsewhere_is_told(self):
        order = self.pulled()
        self.change_order("W1", order_status="shipped")
        self.update("W1", "shipped")
        self.assertIn("get_order_status", self.turn())
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertEqual((error.key, error.step, error.res_model), ("W1", "shipped elsewhere", "sale.order"))
        self.assertIn("second time", error.message)
        self.assertIn("second time", order.sale_order_id.message_ids[:1].body)
        self.change_order("W1", order_status="at_wms")
        with self.flows():
            error.action_retry()
        self.assertEqual(error.state, "resolved")

    def _shipped_elsewhere(self):
        self.turn()
        return self.env["extensiv.error"]._open(self.account, "orders", step="shipped elsewhere")

    def test_what_eim_was_told_from_here_was_not_shipped_elsewhere(self):
        sale = self.pulled().sale_order_id
        self.change_order("W1", order_status="shipped")
        # Told once, it is to be sent again, failed, or waits for more to leave.
        for state in ("ready", "failed", "waiting"):
            with self.subTest(state):
                sale.write({"extensiv_shipment_state": state, "extensiv_sending_at": fields.Datetime.now()})
                self.env.flush_all()
                self.update("W1", "shipped")
                self.assertFalse(self._shipped_elsewhere())

    def test_an_order_that_left_was_not_shipped_elsewhere_whoever_told_eim(self):
        order = self.pulled()
        for move in order.sale_order_id.picking_ids.move_ids:
            move.write({"quantity": move.product_uom_qty, "picked": True})
        order.sale_order_id.picking_ids.button_validate()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "waiting")  # for its delivery method
        self.change_order("W1", order_status="confirmed")
        self.update("W1", "confirmed")
        self.assertFalse(self._shipped_elsewhere())

    def test_an_order_that_could_not_be_imported_was_shipped_elsewhere_too(self):
        self.add_orders({"cust_ref": "W2", "items": [{"item": "NO-SUCH", "quantity": "1"}]})
        self.pull()
        self._forget_triggers()
        self.assertEqual(self.inbox("W2").state, "failed")
        self.change_order("W2", order_status="shipped")
        self.update("W2", "shipped")
        self.assertEqual(self._shipped_elsewhere().res_model, "extensiv.order")

    def test_a_dismissed_error_is_not_told_again_when_eim_confirms(self):
        self.pulled()
        self.change_order("W1", order_status="shipped")
        self.update("W1", "shipped")
        error = self._shipped_elsewhere()
        error.action_dismiss()
        self._forget_triggers()
        self.change_order("W1", order_status="confirmed")
        self.update("W1", "confirmed")
        self.assertFalse(self._shipped_elsewhere())
        with self.flows():
            error.action_retry()
        self.assertTrue(self._shipped_elsewhere())  # a person takes it up again

    def test_the_error_closes_once_odoo_will_not_ship_the_order(self):
        sale = self.pulled().sale_order_id
        self.change_order("W1", order_status="shipped")
        self.update("W1", "shipped")
        error = self._shipped_elsewhere()
        self.assertTrue(error)
        with self.flows():
            sale.action_extensiv_mark_sent()
        self.pull()
        self.assertEqual(error.state, "resolved")

    def test_an_order_that_eim_does_not_know_or_answers_oddly_of_stops_nothing(self):
        for kind in ("invalid", "gateway_403", "garbage"):
            with self.subTest(kind):
                cust_ref = f"ODD-{kind}"
                self.add_orders({"cust_ref": cust_ref, "items": [{"item": "TEE-1", "quantity": "1"}]})
                self.pull()
                self._forget_triggers()
                self.fault(route="get_order_status", kind=kind)
                self.update(cust_ref, "shipped")
                self.turn()
                self.assertEqual(self.last_run().state, "done")
                self.assertFalse(self.env["extensiv.due"].search([("cust_ref", "=", cust_ref)]))

    def test_trouble_of_eim_leaves_the_order_marked(self):
        self.pulled()
        self.fault(route="get_order_status", kind="rate_limit", count=50)
        self.update("W1", "shipped")
        with mute_logger("odoo.addons.extensiv_connector"):
            self.turn()
        self.assertEqual(self.env["extensiv.due"].search([("cust_ref", "=", "W1")]).status, "shipped")

    def test_an_order_that_eim_stumbles_over_fails_no_pass_and_is_asked_about_later(self):
        self.pulled()
        self.add_orders({"cust_ref": "W2", "items": [{"item": "TEE-1", "quantity": "1"}]})
        self.pull()
        self._forget_triggers()
        self.fault(route="get_order_status", match="W1", kind="500", count=50)
        self.update("W1", "shipped")
        self.update("W2", "shipped")
        self.turn()
        self.assertEqual(self.last_run().state, "partial")  # it goes on with W2
        self.turn()
        self.assertFalse(self.env["extensiv.error"]._open(self.account, "connection"))
        self.env.invalidate_all()
        mark = self.env["extensiv.due"].search([("cust_ref", "!=", False)])
        self.assertEqual(mark.cust_ref, "W1")
        self.assertGreater(mark.due_at, fields.Datetime.now() + timedelta(minutes=1))
        self.pull()
        self.assertNotIn("get_order_status", self.calls()[-2:])
        # That it is asked about later keeps nobody else waiting.
        mark.due_at = fields.Datetime.now() + timedelta(seconds=2)
        self.cron.lastcall = fields.Datetime.now()
        (self.env["extensiv.due"].search([]) - mark).unlink()
        self.env["ir.cron.trigger"].search([]).unlink()
        self.env.flush_all()
        self.hook({"cust_ref": "W3"})
        self.assertTrue(self.triggers())

    def test_a_pass_asks_about_a_few_orders_and_the_next_ones_about_the_others(self):
        names = [f"W{number}" for number in range(5)]
        self.add_orders(*({"cust_ref": name, "items": [{"item": "TEE-1", "quantity": "1"}]} for name in names))
        self.pull()
        self._forget_triggers()
        self.hook(*({"cust_ref": name, "order_status": "shipped"} for name in names), event="order_update")
        self.assertEqual(self.turn().count("get_order_status"), 3)
        self.assertEqual(self.turn().count("get_order_status"), 2)
        self.assertIsNone(self.turn())

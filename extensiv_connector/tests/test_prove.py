import json
from contextlib import suppress
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..flows.shipment_push import ShipmentPush
from .prove_common import ProveCase


@tagged("post_install", "-at_install")
class TestAcknowledge(ProveCase):
    def test_proven_by_the_status_that_eim_shows_before_and_after(self):
        order = self.receive()
        self.assertTrue(self.error("A-1"))
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "proven")
        self.assertEqual((wizard.before, wizard.after), ("new", "at_wms"))
        self.assertTrue(wizard.process_id)
        self.assertTrue(order.acknowledged_at)
        self.assertFalse(self.error("A-1"), "as a pass does")
        self.assertEqual(self.at_eim("A-1")["order_status"], "at_wms")
        proof = self.proof("acknowledge")
        self.assertEqual(proof["result"], "proven")
        self.assertEqual(proof["path"], "merchant/orders/update/{cust_ref}")
        self.assertEqual(proof["by"], self.manager.id)
        self.assertEqual(proof["process_id"], wizard.process_id)

    def test_what_is_sent_is_what_was_shown(self):
        order = self.receive("A/1 é")
        form = self.form("acknowledge", order_id=order)
        self.assertEqual(form.request_line, "POST /v1/merchant/orders/update/A%2F1%20%C3%A9")
        self.assertEqual(json.loads(form.request_body), {"order_status": "at_wms"})
        calls = len(self.sandbox.sandbox.calls)
        wizard = form.save()
        self.assertEqual(len(self.sandbox.sandbox.calls), calls, "EIM is not asked for showing it")
        self.send(wizard)
        [call] = [call for call in list(self.sandbox.sandbox.calls)[calls:] if call["method"] == "POST"]
        self.assertEqual(f"{call['method']} {call['path']}", form.request_line)
        self.assertEqual(self.sandbox.store.orders["A/1 é"].history[-1]["order_status"], "at_wms")
        self.assertEqual(self.proof("acknowledge")["path"], "merchant/orders/update/{cust_ref}")

    def test_refused_is_kept_as_refused_with_eims_words_and_the_order_waits_as_after_a_pass(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="failure", message="Order A-1 cannot be updated")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "refused")
        self.assertIn("Order A-1 cannot be updated", wizard.answer)
        self.assertFalse(order.acknowledged_at)
        self.assertIn("cannot be updated", self.error("A-1").message)
        self.assertEqual(self.proof("acknowledge")["result"], "refused")
        self.assertEqual(self.proof("acknowledge")["answer"], "Order *** cannot be updated")
        self.assertEqual(self.line("acknowledge").proof_state, "refused")

    def test_a_path_that_eim_does_not_know_is_refused(self):
        order = self.receive()
        self.sandbox.sandbox.api.off |= {"update_order_status", "batch_update_order_status"}
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "refused")

    def test_a_gateway_that_blocks_the_path_is_refused(self):
        order = self.receive()
        self.sandbox.sandbox.api.off.add("batch_update_order_status")
        self.fault(route="acknowledge", kind="gateway_403")
        self.assertEqual(self.prove("acknowledge", order_id=order).result, "refused")

    def test_a_lost_answer_is_unclear_and_a_pass_goes_on(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="lose_answer")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "unclear")
        self.assertEqual(wizard.after, "at_wms")
        self.assertFalse(order.acknowledged_at)
        self.assertEqual(self.proof("acknowledge")["result"], "unclear")
        with self.later(minutes=10):
            self.pull()
        self.assertTrue(order.acknowledged_at)

    def test_a_yes_that_changes_nothing_is_unclear(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="ignored")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "unclear")
        self.assertEqual((wizard.before, wizard.after), ("new", "new"))
        self.assertIn("does not show it done", wizard.answer)

    def test_an_order_that_eim_has_already_proves_nothing_and_is_not_sent(self):
        order = self.receive()
        self.change_order("A-1", order_status="at_wms")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "unsent")
        self.assertIn("at_wms already", wizard.answer)
        self.assertFalse(self.proof("acknowledge"))
        self.assertEqual(self.sandbox.store.orders["A-1"].acknowledged, 0)

    def test_what_worked_before_is_not_undone_by_one_refused_order(self):
        self.prove("acknowledge", order_id=self.receive("A-1"))
        order = self.receive("A-2")
        self.fault(route="acknowledge", kind="failure", message="No")
        self.prove("acknowledge", order_id=order)
        line = self.line("acknowledge")
        self.assertEqual(line.proof_state, "refused")
        self.assertIn("Worked on", line.proof)

    def test_orders_that_are_done_with_are_not_offered_and_not_sent(self):
        order = self.receive()
        wizard = self.form("acknowledge", order_id=order).save()
        self.send(wizard)
        for _again in range(2):
            with self.assertRaisesRegex(UserError, "sent already"):
                self.send(wizard)
        form = self.form("acknowledge", order_id=order)
        self.assertIn("acknowledged already", form.obstacle)
        with self.assertRaisesRegex(UserError, "acknowledged already"):
            self.send(form.save())
        self.assertEqual(self.sandbox.store.orders["A-1"].acknowledged, 1)

    def test_refused_credentials_are_no_refusal_of_the_route(self):
        order = self.receive()
        self.revoke(200)
        with self.assertRaisesRegex(UserError, "EIM refused"):
            self.prove("acknowledge", order_id=order)
        self.assertFalse(self.proof("acknowledge"))
        self.assertEqual(self.error("A-1").attempts, 1)

    def test_by_the_call_that_takes_many(self):
        self.account.route_overrides = (
            "batch_update_order_status = " + self.sandbox.sandbox.api.paths["batch_update_order_status"]
        )
        order = self.receive()
        form = self.form("batch_update_order_status", order_id=order)
        self.assertEqual(json.loads(form.request_body), [{"cust_ref": "A-1", "order_status": "at_wms"}])
        wizard = form.save()
        self.send(wizard)
        self.assertEqual((wizard.result, wizard.before, wizard.after), ("proven", "new", "at_wms"))
        self.assertTrue(order.acknowledged_at)
        self.assertFalse(self.error("A-1"))

    def test_a_batch_whose_one_entry_failed_is_refused_and_no_trouble_of_the_order(self):
        self.account.route_overrides = (
            "batch_update_order_status = " + self.sandbox.sandbox.api.paths["batch_update_order_status"]
        )
        order = self.receive()
        attempts = self.error("A-1").attempts
        self.fault(route="batch_update_order_status", kind="no_inside", message="Not supported")
        self.assertEqual(self.prove("batch_update_order_status", order_id=order).result, "refused")
        self.assertEqual(self.error("A-1").attempts, attempts)


@tagged("post_install", "-at_install")
class TestShip(ProveCase):
    def test_proven_and_sent_exactly_once(self):
        order = self.ready()
        form = self.form("ship", order_id=order)
        body = json.loads(form.request_body)
        self.assertEqual(body["order_status"], "shipped")
        self.assertEqual(body["shipments"][0]["tracking_no"], "1Z999")
        wizard = form.save()
        self.send(wizard)
        self.assertEqual((wizard.result, wizard.before, wizard.after), ("proven", "at_wms", "shipped"))
        self.assertEqual(self.told(), body["shipments"])
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent")
        self.push()
        self.assertTrue(self.told())

    def test_only_orders_in_ready_whatever_the_form_says(self):
        sale = self.order()
        order = sale.extensiv_order_id
        self.assertIn("not in Ready", self.form("ship", order_id=order).obstacle)
        wizard = (
            self.env["extensiv.prove"]
            .with_user(self.manager)
            .create(
                {
                    "account_id": self.account.id,
                    "route": "ship",
                    "order_id": order.id,
                    "request_line": "POST /v1/merchant/orders/update/S-1",
                    "request_body": "{}",
                }
            )
        )
        with self.assertRaisesRegex(UserError, "not in Ready"):
            self.send(wizard)
        self.assertFalse(self.told())
        self.assertFalse(self.proof("ship"))

    def test_a_lost_answer_is_asked_after_and_never_sent_twice(self):
        order = self.ready()
        self.fault(route="ship", kind="lose_answer")
        wizard = self.prove("ship", order_id=order)
        self.assertEqual((wizard.result, wizard.after), ("unclear", "shipped"))
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent", "EIM was asked, and has it")
        self.push()
        self.assertTrue(self.told())

    def test_a_lost_call_waits_as_an_intent_without_outcome(self):
        order = self.ready()
        self.fault(route="ship", kind="reset")
        wizard = self.prove("ship", order_id=order)
        self.assertEqual((wizard.result, wizard.after), ("unclear", "at_wms"))
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sending")
        with self.later(minutes=10):
            self.push()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent")
        self.assertTrue(self.told())

    def test_refused(self):
        order = self.ready()
        self.fault(route="ship", kind="failure", message="Unmapped ship method")
        wizard = self.prove("ship", order_id=order)
        self.assertEqual(wizard.result, "refused")
        self.assertIn("Unmapped ship method", wizard.answer)
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "failed", "as a pass does")

    def test_a_yes_that_changes_nothing_is_unclear(self):
        order = self.ready()
        self.fault(route="ship", kind="ignored")
        self.assertEqual(self.prove("ship", order_id=order).result, "unclear")

    def test_what_changed_since_it_was_shown_is_shown_again_and_not_sent(self):
        order = self.ready()
        wizard = self.form("ship", order_id=order).save()
        order.sale_order_id.picking_ids.with_context(extensiv_no_check=True).carrier_tracking_ref = "1Z000"
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "ready")
        self.send(wizard)
        self.assertTrue(wizard.is_changed)
        self.assertFalse(wizard.result)
        self.assertFalse(self.told())
        self.assertIn("1Z000", wizard.request_body)
        self.send(wizard)
        self.assertEqual(wizard.result, "proven")

    def test_a_process_that_dies_after_the_call_leaves_an_intent_that_a_pass_asks_after(self):
        order = self.ready()
        with patch.object(ShipmentPush, "record_result", side_effect=SystemExit), suppress(SystemExit):
            self.prove("ship", order_id=order)
        self.env.invalidate_all()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sending")
        self.assertFalse(self.proof("ship"))
        self.push()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent")
        self.assertTrue(self.told())

    def test_a_pass_at_work_is_not_disturbed(self):
        order = self.ready()
        wizard = self.form("ship", order_id=order).save()

        with self.at_work("shipments"), self.assertRaisesRegex(UserError, "at work just now"):
            self.send(wizard)
        self.assertFalse(self.told())
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "ready")

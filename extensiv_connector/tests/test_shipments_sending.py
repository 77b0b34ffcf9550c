"""How EIM is told: each order once, whatever is lost, refused or cancelled."""

from datetime import timedelta

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..flows import parcels
from ..flows.runner import run_flow
from .shipments_common import ShipmentCase


class TestShipmentsSending(ShipmentCase):
    def left(self, cust_ref="S-1"):
        """Return an order that has left, ready to be told."""
        sale = self.order(cust_ref)
        self.ship(sale.picking_ids)
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        return sale

    def pass_time(self, sale, **delta):
        """Let time pass, as the order and the errors see it."""
        delta = timedelta(**delta)
        for name in ("extensiv_sending_at", "extensiv_ask_after"):
            if sale[name]:
                sale[name] -= delta
        for error in self.env["extensiv.error"].search([("flow", "=", "shipments"), ("next_try", "!=", False)]):
            error.next_try -= delta

    def test_the_intent_is_committed_before_the_call_and_the_outcome_after_it(self):
        sale, seen = self.left(), []
        answer = self.sandbox.store.update_status

        def answering(reference, body):
            self.env.invalidate_all()
            seen.append(sale.extensiv_shipment_state)
            return answer(reference, body)

        self.patch(self.sandbox.store, "update_status", answering)
        self.push()
        self.assertEqual(seen, ["sending"])
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_a_lost_answer_is_asked_for_and_nothing_sent_twice(self):
        sale = self.left()
        self.fault(route="ship", kind="lose_answer")
        run = self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.assertEqual(run.state, "failed")
        self.pass_time(sale, minutes=1)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertIn("The answer was lost, but EIM has the shipment", sale.extensiv_shipment_message)
        self.assertEqual(self.calls("ship", "get_order_status"), ["ship", "get_order_status"])
        self.assertTrue(self.told())
        self.assertFalse(self.shipment_error())

    def test_what_eim_still_has_at_wms_is_sent_again_after_two_minutes(self):
        sale = self.left()
        self.fault(route="ship", kind="500")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.pass_time(sale, seconds=61)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.assertEqual(self.calls("ship", "get_order_status"), ["ship", "get_order_status"])
        self.push()
        self.assertEqual(self.calls("ship", "get_order_status"), ["ship", "get_order_status"], "not asked all the time")
        self.pass_time(sale, seconds=60)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.calls("ship"), ["ship", "ship"])
        self.assertTrue(self.told())

    def test_while_eim_does_not_say_what_a_lost_call_did_the_next_pass_comes_after_the_pause(self):
        sale = self.left()
        self.fault(route="ship", kind="500")
        self.push()
        self.pass_time(sale, seconds=61)
        self.push()
        self.pass_time(sale, minutes=2)
        self.fault(route="get_order_status", kind="500", count=3)
        self.push()
        with self.flows():
            result = run_flow(self.account, "shipments")
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.assertGreater(result.resume_in, 30)

    def test_an_intent_that_a_dead_process_left_asks_eim_first(self):
        sale = self.left()
        sale.write({"extensiv_shipment_state": "sending", "extensiv_sending_at": "2024-01-01"})
        self.change_order("S-1", order_status="confirmed")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertNotIn("ship", self.calls())

    def test_shipped_already_counts_as_sent_and_says_so(self):
        sale = self.left()
        self.change_order("S-1", order_status="shipped")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertIn(
            "EIM says that the order is shipped already: Order has already been shipped", sale.extensiv_shipment_message
        )
        self.assertFalse(self.shipment_error())

    def test_shipped_already_counts_as_sent_also_where_the_status_could_not_be_asked_at_once(self):
        sale = self.left()
        self.change_order("S-1", order_status="shipped")
        self.fault(route="get_order_status", kind="500", count=3)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending", "EIM is asked before anything is sent again")
        self.assertEqual(self.shipment_error().category, "transient")
        self.assertIn("Order has already been shipped", self.shipment_error().message)
        self.pass_time(sale, minutes=1)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.calls().count("ship"), 1)
        self.assertFalse(self.shipment_error())

    def test_cancelled_at_eim_is_not_sent_and_told(self):
        sale = self.left()
        self.change_order("S-1", order_status="canceled")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertIn("cancelled at EIM", self.shipment_error().message)
        self.assertFalse(self.told())

    def test_a_cancellation_known_here_is_not_even_asked(self):
        sale = self.left()
        sale.extensiv_order_id.cancelled_at = "2024-01-01"
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertNotIn("ship", self.calls())

    def test_a_refusal_waits_for_a_person_with_eims_words(self):
        sale = self.left()
        self.fault(route="ship", kind="failure", message="The moon is in the way.")
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        error = self.shipment_error()
        self.assertIn("The moon is in the way.", error.message)
        self.assertEqual(error.category, "data")
        self.assertEqual(error.next_try, False)
        self.assertEqual(error.action_open_document()["res_id"], sale.id)
        self.push()
        self.assertEqual(self.calls("ship"), ["ship"])
        with self.flows():
            error.action_retry()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(error.state, "resolved")

    def test_one_refusal_does_not_hold_up_the_others(self):
        sales = self.left("S-1") + self.left("S-2") + self.left("S-3")
        self.fault(route="ship", kind="failure", match="S-2")
        run = self.push()
        self.assertEqual(sales.mapped("extensiv_shipment_state"), ["sent", "failed", "sent"])
        self.assertEqual(run.state, "partial")
        self.assertEqual(run.done_count, 2)
        self.assertEqual(run.failed_count, 1)

    def test_an_order_that_cannot_be_written_does_not_hold_up_the_others(self):
        sales = self.left("S-1") + self.left("S-2")
        whole = parcels.read_shipments

        def read_shipments(sale):
            if sale == sales[0]:
                raise ZeroDivisionError
            return whole(sale)

        self.patch(parcels, "read_shipments", read_shipments)
        with self.assertLogs("odoo.addons.extensiv_connector", "ERROR"):
            self.push()
        self.assertEqual(sales.mapped("extensiv_shipment_state"), ["failed", "sent"])
        self.assertIn("ZeroDivisionError", self.shipment_error().message)

    def test_unreachable_eim_is_retried_with_growing_pauses(self):
        sale = self.left()
        address = self.account.base_url
        self.account._client()  # the form would put the account back to draft
        self.env.cr.execute(
            "UPDATE extensiv_account SET base_url = 'http://127.0.0.1:9' WHERE id = %s", [self.account.id]
        )
        self.env.invalidate_all()
        pauses = []
        for _try in range(3):
            self.push()
            self.assertEqual(sale.extensiv_shipment_state, "failed")
            error = self.shipment_error()
            pauses.append(round((error.next_try - error.last_seen).total_seconds() / 60))
            self.pass_time(sale, minutes=pauses[-1])
        self.assertEqual(pauses, [1, 2, 5])
        self.env.cr.execute("UPDATE extensiv_account SET base_url = %s WHERE id = %s", [address, self.account.id])
        self.env.invalidate_all()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(error.state, "resolved")

    def test_dismissing_stops_the_retries(self):
        sale = self.left()
        self.fault(route="ship", kind="500")
        self.push()
        self.shipment_error().action_dismiss()
        self.pass_time(sale, minutes=3)
        self.push()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_a_dismissed_lost_answer_is_not_told_again_until_a_person_retries_it(self):
        sale = self.left()
        self.fault(route="ship", kind="lose_answer")
        self.push()
        error = self.shipment_error()
        error.action_dismiss()
        self.fault(route="get_order_status", kind="500", count=3)
        self.push()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.assertEqual(len(self.calls("get_order_status")), 3)
        self.assertFalse(self.shipment_error())
        with self.flows():
            error.action_retry()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_retrying_a_dismissed_lost_answer_sends_what_eim_does_not_have(self):
        sale = self.left()
        self.fault(route="ship", kind="500")
        self.push()
        error = self.shipment_error()
        error.action_dismiss()
        self.pass_time(sale, minutes=3)
        with self.flows():
            error.action_retry()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.calls("ship"), ["ship", "ship"])

    def test_the_rate_limit_is_no_failure(self):
        sale = self.left()
        self.fault(route="ship", kind="rate_limit")
        run = self.push()
        self.assertEqual(run.state, "partial")
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.assertFalse(self.shipment_error())
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_refused_credentials_leave_the_order_as_it_was(self):
        sale = self.left()
        self.revoke(401)
        self.push()
        with self.later(minutes=1):
            self.push()
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.assertEqual(self.account.state, "error")

    # -- buttons

    def send(self, sale, action="action_extensiv_send"):
        with self.flows():
            said = getattr(sale, action)()
        self.env.invalidate_all()
        return said

    def test_send_now(self):
        sale = self.order()
        with self.assertRaisesRegex(UserError, "Not everything of .* has left yet"):
            self.send(sale)
        self.ship(sale.picking_ids, tracking=False)
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        said = self.send(sale)["params"]
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(said["type"], "success")
        self.assertEqual(said["message"], "EIM was told.")
        self.assertIn("sends the shipment to EIM", "".join(sale.message_ids.mapped("body")))
        with self.assertRaisesRegex(UserError, "told already"):
            self.send(sale)

    def test_send_now_is_in_the_log_of_calls(self):
        self.send(self.left())
        self.assertTrue(
            self.env["extensiv.call"].search([("account_id", "=", self.account.id), ("route", "=", "ship")])
        )

    def test_send_now_shows_eims_refusal(self):
        sale = self.left()
        self.fault(route="ship", kind="failure", message="The moon is in the way.")
        said = self.send(sale.picking_ids)["params"]
        self.assertEqual(said["type"], "warning")
        self.assertIn("The moon is in the way.", said["message"])

    def test_send_now_needs_a_connected_account(self):
        sale = self.left()
        sale.extensiv_shipment_state = "failed"
        self.account.state = "draft"
        with self.assertRaisesRegex(UserError, "not connected"):
            self.send(sale)
        self.assertEqual(sale.extensiv_shipment_state, "failed")

    def test_mark_as_sent_by_hand(self):
        sale = self.left()
        self.fault(route="ship", kind="failure")
        self.push()
        error = self.shipment_error()
        self.send(sale, "action_extensiv_mark_sent")
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(error.state, "resolved")
        self.assertTrue(sale.extensiv_shipped_at)
        self.assertIn("by hand", sale.message_ids[0].body)
        self.push()
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_send_again_is_for_managers_and_says_what_eim_says(self):
        sale = self.left()
        self.push()
        user = new_test_user(
            self.env, login="extensiv", groups="extensiv_connector.group_user,sales_team.group_sale_salesman_all_leads"
        )
        with self.assertRaisesRegex(UserError, "manager"):
            sale.with_user(user).action_extensiv_resend()
        self.send(sale, "action_extensiv_resend")
        self.assertEqual(self.calls("ship"), ["ship", "ship"])
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertIn("shipped already", sale.extensiv_shipment_message)
        self.assertIn("again", "".join(sale.message_ids.mapped("body")))

    def test_send_again_asks_eim_first_while_an_answer_is_missing(self):
        sale = self.left()
        self.fault(route="ship", kind="lose_answer")
        self.push()
        self.send(sale, "action_extensiv_resend")
        self.assertEqual(self.calls("ship", "get_order_status"), ["ship", "get_order_status"])
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_buttons_are_for_extensiv_users(self):
        sale = self.left()
        salesman = new_test_user(self.env, login="sells", groups="sales_team.group_sale_salesman_all_leads")
        keeper = new_test_user(self.env, login="keeps", groups="stock.group_stock_user,extensiv_connector.group_user")
        for action in ("action_extensiv_send", "action_extensiv_mark_sent", "action_extensiv_resend"):
            with self.assertRaises(UserError):
                getattr(sale.with_user(salesman), action)()
        self.send(sale.picking_ids.with_user(keeper), "action_extensiv_send")
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_sending_again_and_marking_by_hand_warn_first(self):
        for model in ("sale.order", "stock.picking"):
            arch = etree.fromstring(self.env[model].get_view(view_type="form")["arch"])
            buttons = {
                name: arch.xpath(f"//header/button[@name='{name}']")
                for name in ("action_extensiv_send", "action_extensiv_mark_sent", "action_extensiv_resend")
            }
            self.assertEqual([len(found) for found in buttons.values()], [1, 1, 1])
            self.assertIn("only once", buttons["action_extensiv_resend"][0].get("confirm"))
            self.assertTrue(buttons["action_extensiv_mark_sent"][0].get("confirm"))
            self.assertTrue(arch.xpath("//field[@name='extensiv_shipment_shown'][@widget='badge']"))

    # -- afterwards

    def test_a_tracking_number_changed_between_intent_and_outcome_is_told(self):
        sale = self.left()
        self.fault(route="ship", kind="lose_answer")
        self.push()
        sale.picking_ids.carrier_tracking_ref = "OTHER"
        self.assertEqual(sale.extensiv_shipment_state, "sending")
        self.pass_time(sale, minutes=1)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertIn("is now OTHER, but EIM was told 1Z999", self.shipment_error("S-1", "tracking").message)

    def test_a_tracking_number_changed_after_sending_is_told(self):
        sale = self.left()
        self.push()
        sale.picking_ids.carrier_tracking_ref = "1Z999"
        self.assertFalse(self.shipment_error("S-1", "tracking"))
        sale.picking_ids.carrier_tracking_ref = "OTHER"
        self.assertIn("Change it in the cart itself", self.shipment_error("S-1", "tracking").message)
        self.assertIn("is now OTHER", sale.message_ids[0].body)
        self.push()
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_a_changed_tracking_number_is_told_until_every_transfer_has_what_eim_was_told(self):
        sale = self.order()
        first = sale.picking_ids
        self.ship(first, "T1", quantities={self.tee: 2, self.mug: 0})
        second = sale.picking_ids - first
        self.ship(second, "T2")
        self.push()
        first.carrier_tracking_ref = "OTHER"
        second.carrier_tracking_ref = "T2"
        self.assertIn("is now OTHER", self.shipment_error("S-1", "tracking").message)
        first.carrier_tracking_ref = "T1"
        self.assertFalse(self.shipment_error("S-1", "tracking"))

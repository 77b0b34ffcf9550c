from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import Form, tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestCancel(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def pulled(self, cust_ref="X-1", item="TEE-1", **order):
        self.add_orders({"cust_ref": cust_ref, "items": [{"item": item, "quantity": "1", "price": "10.00"}], **order})
        self.pull()
        return self.inbox(cust_ref)

    def cancel_at_eim(self, cust_ref="X-1"):
        self.change_order(cust_ref, order_status="canceled")
        return self.pull()

    def errors(self, key="X-1", step=False):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("key", "=", key), ("step", "=", step)]
        )

    def ship(self, sale):
        self.env["stock.quant"]._update_available_quantity(
            sale.order_line.product_id[:1], sale.warehouse_id.lot_stock_id, 10
        )
        sale.picking_ids.action_assign()
        sale.picking_ids.move_ids.picked = True
        sale.picking_ids._action_done()

    def test_an_order_not_imported_becomes_cancelled(self):
        order = self.pulled(item="UNKNOWN")
        self.assertEqual(order.state, "failed")
        self.cancel_at_eim()
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(self.errors().state, "resolved")

    def test_a_cancelled_order_is_neither_ignored_nor_imported_after_all(self):
        order = self.pulled(item="UNKNOWN")
        self.cancel_at_eim()
        self.env["product.product"].create({"name": "New", "default_code": "UNKNOWN"})
        for action in (order.action_ignore, order.action_fetch_again):
            with self.assertRaisesRegex(UserError, "cancelled"), self.flows():
                action()
        with self.flows():
            order.action_import()
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(bool(order.sale_order_id), False)

    def test_a_sale_order_with_nothing_shipped_is_cancelled_with_a_note(self):
        order = self.pulled()
        run = self.cancel_at_eim()
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertIn("The buyer cancelled", order.sale_order_id.message_ids[0].body)
        self.assertEqual(order.sale_order_id.picking_ids.state, "cancel")
        self.assertIn("1 order was cancelled", run.message)

    def test_a_locked_order_is_unlocked_first(self):
        order = self.pulled()
        order.sale_order_id.action_lock()
        self.cancel_at_eim()
        self.assertEqual(order.sale_order_id.state, "cancel")

    def test_an_order_with_something_shipped_is_left_and_a_person_is_told(self):
        order = self.pulled()
        self.ship(order.sale_order_id)
        self.cancel_at_eim()
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertIn("has shipped", self.errors().message)
        self.assertIn("has shipped", order.sale_order_id.message_ids[0].body)

    def test_an_order_with_a_posted_invoice_is_left_and_a_person_is_told(self):
        order = self.pulled()
        self.products.invoice_policy = "order"
        order.sale_order_id._create_invoices().action_post()
        self.cancel_at_eim()
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertIn("posted invoice", self.errors().message)

    def test_an_order_that_another_app_cannot_cancel_does_not_hold_up_the_pass(self):
        order = self.pulled()
        self.change_order("X-1", order_status="canceled")
        logger = "odoo.addons.extensiv_connector.flows.order_cancellation"
        with (
            patch.object(self.env.registry["sale.order"], "action_cancel", side_effect=KeyError("x")),
            self.assertLogs(logger, "ERROR"),
        ):
            other = self.pulled("X-2")
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(other.sale_order_id.state, "sale")
        self.assertIn("refuses to cancel it: KeyError", self.errors().message)

    def test_the_account_may_leave_cancelling_to_a_person(self):
        self.account.cancel_orders = False
        order = self.pulled()
        self.cancel_at_eim()
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertIn("leave cancelling to a person", self.errors().message)

    def test_a_person_is_told_once_though_the_windows_overlap(self):
        order = self.pulled()
        self.ship(order.sale_order_id)
        self.cancel_at_eim()
        notes = len(order.sale_order_id.message_ids)
        self.errors().action_dismiss()
        self.pull()
        self.assertEqual(self.errors().state, "dismissed")
        self.assertEqual(len(order.sale_order_id.message_ids), notes)

    def test_what_was_cancelled_before_it_was_pulled_is_none_of_ours(self):
        self.add_orders({"cust_ref": "X-1", "items": [{"item": "TEE-1", "quantity": "1", "price": "1"}]})
        self.cancel_at_eim()
        self.assertFalse(self.inbox("X-1"))

    # -- from here to EIM

    def wizard(self, sale):
        action = sale.action_extensiv_cancel()
        return self.env["extensiv.cancel"].with_context(**action["context"]).create({})

    def test_cancelling_here_says_what_eim_still_believes(self):
        order = self.pulled()
        self.wizard(order.sale_order_id).action_cancel_order()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertIn("EIM still believes", order.sale_order_id.message_ids[0].body)
        self.pull()
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms", "off by default")

    def test_the_request_to_cancel_reaches_eim_when_a_person_asks_for_it(self):
        self.allow_cancelling()
        order = self.pulled()
        with Form(self.wizard(order.sale_order_id)) as form:
            form.request = True
        form.save().action_cancel_order()
        self.assertEqual(order.cancel_request, "due")
        self.pull()
        self.assertEqual(order.cancel_request, "done")
        self.assertEqual(self.at_eim("X-1")["order_status"], "canceled")

    def test_without_a_path_eim_is_not_asked_and_the_button_says_why(self):
        self.account.request_cancel = True
        order = self.pulled()
        wizard = self.wizard(order.sale_order_id)
        self.assertFalse(wizard.can_request)
        self.assertIn("cancel_order_in_cart = path", wizard.why_no_request)
        with self.assertRaisesRegex(UserError, "Ask EIM's support"):
            order._request_cancel()
        wizard.action_cancel_order()
        calls = len(self.calls())
        self.pull()
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")
        self.assertEqual(set(self.calls()[calls:]), {"list_orders"})
        self.allow_cancelling()
        self.account.request_cancel = False
        wizard = self.wizard(order.sale_order_id)
        self.assertFalse(wizard.can_request)
        self.assertIn("is not set to request", wizard.why_no_request)

    def test_a_request_of_before_is_told_to_a_person_where_no_path_is_set(self):
        order = self.pulled()
        order.cancel_request = "due"
        self.pull()
        self.assertEqual(order.cancel_request, "refused")
        self.assertIn("Cancel it in the cart itself", self.errors("X-1", "cancel").message)
        self.assertNotIn("check_credentials", self.calls("check_credentials", "update_order_status")[1:])

    def test_nothing_ever_sends_an_order_status_of_canceled(self):
        self.requested()
        self.pull()
        asked = [call["path"] for call in self.sandbox.sandbox.calls if "cancel" in call["path"]]
        self.assertEqual([path for path in asked if "/list/" not in path], ["/v1/merchant/orders/cancel_order_in_cart"])

    def requested(self, cust_ref="X-1"):
        """Return an order that was cancelled here and whose cancellation EIM is to be asked for."""
        self.allow_cancelling()
        order = self.pulled(cust_ref)
        wizard = self.wizard(order.sale_order_id)
        wizard.request = True
        wizard.action_cancel_order()
        return order

    def test_a_request_whose_answer_was_lost_is_not_repeated_where_eim_lists_the_order_as_cancelled(self):
        order = self.requested()
        self.fault(route="cancel_order_in_cart", kind="lose_answer")
        self.pull()
        self.assertEqual(order.cancel_request, "due")
        self.assertEqual(self.at_eim("X-1")["order_status"], "canceled")
        self.errors("X-1", "cancel").next_try = False
        self.fault(route="cancel_order_in_cart", kind="failure", message="Already cancelled.")
        self.pull()
        self.assertEqual(order.cancel_request, "done")
        self.assertEqual(self.errors("X-1", "cancel").state, "resolved")

    def test_a_pass_out_of_time_leaves_requests_to_the_next(self):
        order = self.requested()
        with patch("odoo.addons.extensiv_connector.flows.runner.PASS_SECONDS", 4):
            self.pull()
        self.assertEqual(order.cancel_request, "due")
        self.pull()
        self.assertEqual(order.cancel_request, "done")

    def test_a_refused_request_is_told_in_eims_words(self):
        self.allow_cancelling()
        order = self.pulled()
        wizard = self.wizard(order.sale_order_id)
        wizard.request = True
        wizard.action_cancel_order()
        self.fault(route="cancel_order_in_cart", kind="failure", message="This cart takes no cancellations.")
        self.pull()
        self.assertEqual(order.cancel_request, "refused")
        self.assertIn("This cart takes no cancellations.", self.errors("X-1", "cancel").message)

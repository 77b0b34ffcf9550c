from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..flows.order_pull import OrderPull
from ..models.extensiv_account import ACTIVITY
from .common import ConnectorCase

UNKNOWN = [{"item": "ABC-1", "price": "5", "quantity": "1"}]


@tagged("post_install", "-at_install")
class TestErrors(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.responsible_id = new_test_user(
            self.env,
            login="keeper",
            email="keeper@example.com",
            groups="base.group_user,extensiv_connector.group_manager",
        )

    def errors(self, **values):
        domain = [("account_id", "=", self.account.id), ("state", "=", "open")]
        return self.env["extensiv.error"].search(domain + [(name, "=", value) for name, value in values.items()])

    def failed(self, *refs, sku="ABC-1"):
        self.add_orders(*({"cust_ref": ref, "items": [{**UNKNOWN[0], "item": sku}]} for ref in refs))
        self.pull()
        return self.errors(flow="orders")

    def activities(self):
        return self.account.activity_search([ACTIVITY])

    # -- one open record

    def test_one_open_error_a_thing_which_counts_its_attempts(self):
        error = self.failed("A-1")
        for _attempt in range(2):
            with self.flows():
                error.action_retry()
        self.assertEqual(self.errors(), error)
        self.assertEqual(error.attempts, 3)
        self.assertEqual(error.category, "data")
        self.assertEqual(error.key, "A-1")
        self.assertTrue(error.create_date and error.last_seen)
        self.assertEqual(error.action_open_document()["res_model"], "extensiv.order")

    def test_an_order_is_found_and_shown_by_the_number_the_buyer_knows(self):
        self.add_orders(
            {"cust_ref": "5501", "cust_po_no": "1019", "items": [{**UNKNOWN[0], "item": "ABC-1"}]},
            {"cust_ref": "5502", "cust_po_no": "1020", "items": [{**UNKNOWN[0], "item": "ABC-2"}]},
        )
        self.pull()
        Error = self.env["extensiv.error"]
        error = Error.search([("concerns", "ilike", "1019")])
        self.assertEqual(error.key, "5501")
        self.assertEqual(error.concerns, "1019")
        self.assertEqual(error.display_name, "1019")
        self.assertEqual(Error.search([("concerns", "ilike", "5501")]), error)

    def test_temporary_trouble_has_its_next_try_and_eims_support_id(self):
        self.fault(route="list_orders", kind="500", count=3)
        self.pull()
        error = self.errors()
        self.assertEqual(error.flow, "connection")
        self.assertEqual(error.key, "orders")
        self.assertEqual(error.category, "transient")
        self.assertTrue(error.next_try and error.process_id)
        self.assertIn("tried again by itself", error.message)
        self.pull()
        self.assertEqual(error.state, "resolved")

    def test_a_pass_stopped_by_an_unexpected_error_is_one_error_until_a_pass_ends_well(self):
        with patch.object(OrderPull, "exchange", side_effect=ZeroDivisionError):
            for _pass in range(2):
                with mute_logger("odoo.addons.extensiv_connector.flows.runner"):
                    self.pull()
        error = self.errors()
        self.assertEqual(error.flow, "connection")
        self.assertEqual(error.key, "orders")
        self.assertEqual(error.attempts, 2)
        self.assertIn("ZeroDivisionError", error.message)
        self.pull()
        self.assertEqual(error.state, "resolved")

    def test_messages_say_what_to_do(self):
        self.assertIn("Give a product the internal reference ABC-1, or add an alias", self.failed("B-1").message)
        self.revoke()
        self.pull()
        self.assertIn("press Connect", self.errors(flow="connection").message)

    # -- retry and dismiss

    def test_retry_for_many_says_what_is_left(self):
        errors = self.failed("C-1", "C-2") | self.failed("C-3", sku="ABC-3")
        self.assertEqual(len(errors), 3)
        self.env["product.product"].create({"name": "New", "default_code": "ABC-1"})
        with self.flows():
            said = errors.action_retry()["params"]
        self.assertEqual(said["message"], "2 of 3 solved.")
        self.assertEqual(self.errors().key, "C-3")

    def test_dismiss_for_many_until_they_fail_anew(self):
        errors = self.failed("D-1", "D-2")
        errors.action_dismiss()
        self.pull()
        self.assertFalse(self.errors())
        self.assertEqual(errors.mapped("state"), ["dismissed"] * 2)
        with self.flows():
            said = errors[0].action_retry()["params"]
        self.assertEqual(said["type"], "warning")
        self.assertEqual(len(self.errors()), 1)

    def test_a_dismissed_acknowledgement_is_not_repeated_until_a_person_retries_it(self):
        self.add_orders({"cust_ref": "E-1", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]})
        self.fault(route="acknowledge", kind="500", count=1)
        self.pull()
        error = self.errors(flow="orders")
        error.action_dismiss()
        with freeze_time(datetime.now() + timedelta(hours=2)):
            self.pull()
        self.assertEqual(self.calls("acknowledge"), ["acknowledge"])
        self.assertEqual(self.errors(), self.errors().browse())
        with self.flows():
            error.action_retry()
        self.assertTrue(self.inbox("E-1").acknowledged_at)

    def test_a_dismissed_cancellation_is_not_repeated_until_a_person_retries_it(self):
        self.add_orders({"cust_ref": "E-1", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]})
        self.pull()
        self.allow_cancelling()
        order = self.inbox("E-1")
        order._request_cancel()
        self.fault(route="cancel_order_in_cart", kind="500", count=1)
        self.pull()
        error = self.errors(flow="orders")
        self.assertEqual(error.key, "E-1")
        self.assertEqual(error.step, "cancel")
        error.action_dismiss()
        self.pull()
        self.assertEqual(self.calls("cancel_order_in_cart"), ["cancel_order_in_cart"])
        self.assertEqual(self.errors(), self.errors().browse())
        with self.flows():
            error.action_retry()
        self.assertEqual(order.cancel_request, "done")
        self.assertEqual(self.errors(), self.errors().browse())

    def test_retry_asks_again_for_a_cancellation_that_eim_refused(self):
        self.add_orders({"cust_ref": "E-1", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]})
        self.pull()
        self.allow_cancelling()
        self.inbox("E-1")._request_cancel()
        self.fault(route="cancel_order_in_cart", kind="failure", count=1)
        self.pull()
        error = self.errors(flow="orders")
        with self.flows():
            error.action_retry()
        self.assertEqual(self.inbox("E-1").cancel_request, "done")
        self.assertEqual(error.state, "resolved")

    def test_retry_of_connections_runs_each_flow_that_failed(self):
        for flow in ("orders", "alerts"):
            self.fault(route=f"list_{flow}", kind="500", count=3)
        with self.flows():
            self.account.action_pull_orders()
            self.account.action_fetch_alerts()
        errors = self.errors(flow="connection")
        self.assertEqual(set(errors.mapped("key")), {"orders", "alerts"})
        with self.flows():
            errors.action_retry()
        self.assertEqual(set(errors.mapped("state")), {"resolved"})

    def test_retry_of_an_acknowledgement_does_not_wait_for_its_pause(self):
        self.add_orders({"cust_ref": "E-1", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]})
        self.fault(route="acknowledge", kind="500", count=1)
        self.pull()
        error = self.errors(flow="orders")
        self.assertEqual(error.key, "E-1")
        self.assertEqual(error.step, "acknowledge")
        with self.flows():
            error.action_retry()
        self.assertEqual(error.state, "resolved")
        self.assertTrue(self.inbox("E-1").acknowledged_at)

    # -- buttons that fix

    def test_an_alias_is_added_from_the_error_and_every_order_waiting_for_it_imported(self):
        errors = self.failed("F-1", "F-2")
        self.assertEqual(set(errors.mapped("fix")), {"alias"})
        action = errors[0].action_fix()
        with Form(self.env[action["res_model"]].with_context(**action["context"])) as form:
            self.assertEqual(form.sku, "ABC-1")
            form.product_id = self.products[1]
        with self.flows():
            form.record.action_add()
        self.assertEqual(self.env["extensiv.sku.alias"].search([("sku", "=", "ABC-1")]).product_id, self.products[1])
        self.assertEqual(set(errors.mapped("state")), {"resolved"})
        self.assertEqual(self.inbox("F-2").sale_order_id.order_line.product_id, self.products[1])

    def test_an_alias_for_each_of_several_missing_skus(self):
        self.add_orders(
            {
                "cust_ref": "G-1",
                "items": [
                    {"item": "ABC-1", "price": "5", "quantity": "1"},
                    {"item": "ABC-2", "price": "5", "quantity": "1"},
                ],
            }
        )
        self.pull()
        error = self.errors()
        for sku, left in (("ABC-1", 1), ("ABC-2", 0)):
            wizard = self.env["extensiv.add.alias"].create(
                {
                    **self.env["extensiv.add.alias"]
                    .with_context(default_error_id=error.id)
                    .default_get(["error_id", "sku", "left_count"]),
                    "product_id": self.products[0].id,
                }
            )
            self.assertEqual(wizard.sku, sku)
            self.assertEqual(wizard.left_count, left)
            with self.flows():
                wizard.action_add()
        self.assertEqual(error.state, "resolved")

    def test_a_refused_account_and_an_unmapped_shipping_method_open_where_they_are_mended(self):
        self.revoke()
        self.pull()
        error = self.errors(flow="connection")
        self.assertFalse(error.fix, "it is asked again by itself")
        with self.later(minutes=1):
            self.pull()
        self.env.invalidate_all()
        self.assertEqual(error.fix, "account")
        self.assertEqual(error.action_fix()["res_id"], self.account.id)
        error = self.env["extensiv.error"]._report(
            self.account,
            "shipments",
            {"1001": {"message": "EIM refused: Unmapped ship method", "category": "settings"}},
        )
        self.assertEqual(error.fix, "mapping")
        self.assertEqual(error.action_fix()["res_model"], "extensiv.ship.method")
        error = self.env["extensiv.error"]._report(
            self.account, "orders", {"1002": {"message": "Something else", "category": "data"}}
        )
        self.assertFalse(error.fix)
        with self.assertRaises(UserError):
            error.action_fix()

    # -- who is told

    def test_one_activity_an_account_while_anything_needs_a_person(self):
        self.failed("H-1", "H-2", "H-3")
        activity = self.activities()
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.account.responsible_id)
        self.assertIn("waiting for you: 3", activity.summary)
        self.failed("H-4")
        self.assertEqual(self.activities(), activity)
        self.assertIn("waiting for you: 4", activity.summary)
        self.errors().action_dismiss()
        self.assertFalse(self.activities())

    def test_the_activity_goes_when_the_cause_is_gone(self):
        self.failed("I-1")
        self.assertTrue(self.activities())
        self.env["product.product"].create({"name": "New", "default_code": "ABC-1"})
        self.pull()
        self.assertFalse(self.activities())

    def test_temporary_trouble_bothers_nobody(self):
        self.fault(route="list_orders", kind="500", count=3)
        self.pull()
        self.assertTrue(self.errors())
        self.assertFalse(self.activities())

    def test_the_activity_follows_the_responsible(self):
        self.failed("J-1")
        other = new_test_user(self.env, login="other", groups="base.group_user,extensiv_connector.group_user")
        self.account.responsible_id = other
        self.assertEqual(self.activities().user_id, other)
        self.account.responsible_id = new_test_user(self.env, login="stranger", groups="base.group_user")
        self.assertFalse(self.activities(), "who cannot see the account cannot be told")
        self.assertEqual(self.pull().state, "done")

    def test_daily_mail_only_where_asked_for_and_something_waits(self):
        Mail = self.env["mail.mail"]
        self.account.daily_mail = True
        self.env["extensiv.account"]._cron_daily_mail()
        mail = [("subject", "=like", f"{self.account.name}: %errors open")]
        self.assertFalse(Mail.search(mail))
        self.failed("K-1")
        self.account.daily_mail = False
        self.env["extensiv.account"]._cron_daily_mail()
        self.assertFalse(Mail.search(mail))
        self.account.daily_mail = True
        self.env["extensiv.account"]._cron_daily_mail()
        sent = Mail.search(mail)
        self.assertEqual(sent.recipient_ids, self.account.responsible_id.partner_id)
        self.assertIn("K-1", sent.body_html)
        self.assertIn("Open errors: 1", sent.body_html)

    def test_what_eim_sends_that_is_no_order_is_told_and_resolved_when_gone(self):
        self.add_orders(
            *(
                {
                    "cust_ref": f"X-{number}",
                    "items": [{"item": "MUG-1", "price": "1", "quantity": "1"}],
                }
                for number in range(100)
            )
        )
        self.sandbox.store.insert({"cust_ref": "X" * 300, "order_status": "new", "items": []})
        self.pull()
        error = self.errors(flow="orders")
        self.assertEqual(error.key, "list of new orders")
        self.assertEqual(error.message[:15], "Page 2: Entry 1")
        self.pull()
        self.assertEqual(self.errors(flow="orders"), error, "the list is one page now")
        self.sandbox.store.orders.clear()
        self.sandbox.store.by_status["new"].clear()
        self.pull()
        self.assertEqual(error.state, "resolved")

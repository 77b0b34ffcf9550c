from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .common import ConnectorCase

ORDER = {
    "cust_ref": "A-1",
    "order_source": "Shopify",
    "cust_first_name": "Mary",
    "cust_e_mail": "mary@example.com",
    "ship_address_1": "12 Elm Street",
    "credit_card_no": "4111111111111111",
    "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}],
}


@tagged("post_install", "-at_install")
class TestCalls(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def logged(self, route=None):
        domain = [("account_id", "=", self.account.id)] + ([("route", "=", route)] if route else [])
        return self.env["extensiv.call"].search(domain)

    def test_every_call_is_logged_without_bodies(self):
        self.add_orders(ORDER)
        before = self.logged()
        started = len(self.calls())
        self.pull()
        calls = self.logged() - before
        self.assertEqual(len(calls), len(self.calls()) - started)
        call = self.logged("acknowledge")
        self.assertEqual(call.method, "POST")
        self.assertEqual(call.path, "merchant/orders/update/A-1")
        self.assertEqual(call.status, 200)
        self.assertTrue(call.process_id)
        self.assertGreaterEqual(call.milliseconds, 0)
        self.assertFalse(any(calls.mapped("sent")) or any(calls.mapped("received")))

    def test_a_call_that_failed_says_how(self):
        self.add_orders(ORDER)
        self.fault(route="acknowledge", kind="invalid", count=1)
        self.pull()
        self.assertEqual(self.logged("acknowledge").error, "Refused")

    def test_bodies_only_while_recording_and_nobodys_data_in_them(self):
        self.account.action_record_calls()
        self.add_orders(ORDER)
        self.pull()
        listed = self.logged("list_orders").filtered(lambda call: "A-1" in (call.received or ""))
        self.assertIn('"cust_first_name": "***"', listed.received)
        self.assertIn('"item": "TEE-1"', listed.received)
        for secret in ("Mary", "mary@example.com", "Elm Street", "4111"):
            self.assertNotIn(secret, listed.received)
        self.assertIn("at_wms", self.logged("acknowledge").sent)
        self.account.action_record_calls()
        before = self.logged()
        self.pull()
        self.assertFalse(any((self.logged() - before).mapped("received")))

    def test_recording_ends_by_itself(self):
        self.account.action_record_calls()
        self.assertTrue(self.account._is_recording())
        self.account.record_until = fields.Datetime.now() - timedelta(seconds=1)
        self.assertFalse(self.account._is_recording())

    def test_recording_is_for_managers_and_so_are_the_bodies(self):
        user = new_test_user(self.env, login="calls_user", groups="base.group_user,extensiv_connector.group_user")
        with self.assertRaisesRegex(UserError, "manager"):
            self.account.with_user(user).action_record_calls()
        self.assertNotIn("received", self.env["extensiv.call"].with_user(user).fields_get())

    @mute_logger("odoo.addons.extensiv_connector.models.extensiv_call")
    def test_a_log_that_cannot_be_written_disturbs_no_flow(self):
        self.add_orders(ORDER)
        with patch.object(type(self.env["extensiv.call"]), "create", side_effect=psycopg2.OperationalError):
            run = self.pull()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.inbox("A-1").state, "imported")

    def test_calls_of_the_last_days_are_kept(self):
        call = self.logged()[0]
        old = call.copy({"date": fields.Datetime.now() - timedelta(days=8)})
        self.env["extensiv.call"]._gc_calls()
        self.assertFalse(old.exists())
        self.assertTrue(call.exists())

    def test_the_menu_is_for_developers(self):
        self.assertEqual(
            self.env.ref("extensiv_connector.menu_extensiv_call").group_ids, self.env.ref("base.group_no_one")
        )

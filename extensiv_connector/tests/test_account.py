import time
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from ..flows import runner
from ..flows.runner import Result
from ..flows.schedule import account_domain
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestConnection(ConnectorCase):
    def test_connect_shows_the_badge_and_fetches_carts_and_locations(self):
        self.connect()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(set(self.account.cart_ids.mapped("order_source")), set(self.sandbox.store.carts))
        self.assertGreaterEqual(len(self.account.cart_ids), 5)
        self.assertTrue(self.account.location_ids)

    def test_first_connect_sets_the_moment_from_which_orders_are_imported_and_the_next_keeps_it(self):
        self.account.import_from = False
        self.connect()
        moment = self.account.import_from
        self.assertTrue(moment)
        self.account.import_from = "2001-02-03"
        self.connect()
        self.assertEqual(str(self.account.import_from), "2001-02-03 00:00:00")

    def test_refusal_shows_eims_own_words_and_leaves_the_account_as_it_was(self):
        self.fault(route="check_credentials", kind="invalid", count=1, message="No such key, sorry.")
        with self.assertRaisesRegex(UserError, "No such key, sorry."):
            self.connect()
        self.assertEqual(self.account.state, "draft")

    def test_unreachable_eim_is_said_and_leaves_the_account_as_it_was(self):
        self.account.base_url = "http://127.0.0.1:9"
        with self.assertRaisesRegex(UserError, "127.0.0.1 could not be asked"):
            self.connect()
        self.assertEqual(self.account.state, "draft")

    def test_changed_credentials_put_it_back_to_draft(self):
        self.connect()
        self.account.api_key = "demo-key"
        self.assertEqual(self.account.state, "connected", "the same key changes nothing")
        self.account.api_key = "another"
        self.assertEqual(self.account.state, "draft")

    def test_pasted_blanks_capitals_and_v1_are_trimmed(self):
        self.account.write({"api_user": " demo ", "base_url": "https://API.CartRover.com/v1/"})
        self.assertEqual(self.account.api_user, "demo")
        self.assertEqual(self.account.base_url, "https://api.cartrover.com")

    def test_only_https_or_this_machine(self):
        for address in ("http://api.cartrover.com", "ftp://127.0.0.1", "https://u:k@api.cartrover.com", "nonsense"):
            with self.assertRaises(ValidationError):
                self.account.base_url = address

    def test_a_merchant_id_that_cannot_be_sent_is_refused_with_a_sentence(self):
        with self.assertRaisesRegex(ValidationError, "cannot be sent"):
            self.account.merchant_pk = "7001\N{EN DASH}A"

    @mute_logger("odoo.sql_db")
    def test_two_connected_accounts_never_share_a_credential(self):
        self.connect()
        other = self.account.copy({"api_user": "demo", "api_key": "demo-key"})
        with self.assertRaisesRegex(Exception, "credential_unique"), self.env.cr.savepoint():
            other.state = "connected"
            other.flush_recordset()

    def test_routes_can_be_overridden_and_nonsense_is_refused(self):
        self.account.route_overrides = "list_alerts = merchant/other/alerts\n"
        self.assertEqual(self.account._routes(), {"list_alerts": "merchant/other/alerts"})
        for nonsense in ("list_alerts", "no_such_route = x", "list_alerts = https://elsewhere/x"):
            with self.assertRaises(ValidationError):
                self.account.route_overrides = nonsense

    def test_switches_are_off_until_a_person_turns_them_on_and_turn_the_schedule(self):
        cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        self.assertFalse(self.account.pull_orders)
        self.assertFalse(cron.active)
        self.connect()
        self.account.pull_orders = True
        self.assertTrue(cron.active)
        self.account.action_disconnect()
        self.assertFalse(cron.active)

    def test_a_new_account_form_can_be_saved_with_little(self):
        with Form(self.env["extensiv.account"]) as form:
            form.api_user, form.api_key = "u", "k"
        account = form.save()
        self.assertEqual(account.base_url, "https://api.cartrover.com")
        self.assertTrue(account.shipping_product_id and account.discount_product_id and account.tax_product_id)

    def test_account_with_orders_is_archived_not_deleted(self):
        self.connect()
        self.add_orders({"cust_ref": "KEEP-1", "items": [{"item": "TEE-1", "price": "1", "quantity": "1"}]})
        self.pull()
        with self.assertRaisesRegex(UserError, "Archive it"):
            self.account.unlink()

    def test_account_with_orders_stays_in_its_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.account.company_id = other
        self.account.company_id = self.company
        order = self.env["extensiv.order"].create(
            {"account_id": self.account.id, "cust_ref": "A", "order_number": "A", "payload": "{}"}
        )
        self.assertEqual(order.company_id, self.company)
        with self.assertRaisesRegex(ValidationError, "Archive it and connect a new account"):
            self.account.company_id = other

    def test_copy_of_a_live_database_talks_to_nobody_until_a_manager_connects(self):
        self.connect()
        calls = len(self.calls())
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        run = self.pull()
        self.assertEqual(run.state, "failed")
        self.assertEqual(self.account.state, "draft")
        self.assertIn("copy", self.account.state_message)
        self.assertEqual(len(self.calls()), calls)
        self.connect()
        self.assertEqual(self.pull().state, "done")

    def test_refused_credentials_stop_the_schedule_until_connect(self):
        self.connect()
        self.account.pull_orders = True
        self.revoke()
        self.pull()
        with self.later(minutes=1):
            self.pull()
        self.assertEqual(self.account.state, "error")
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertEqual(error.flow, "connection")
        self.assertEqual(error.category, "settings")
        self.assertNotIn(self.account, self.env["extensiv.account"].search(account_domain("orders")))
        self.revoke(None)
        self.connect()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(error.state, "resolved")

    def test_credential_never_reaches_log_chatter_or_run(self):
        key = self.account.api_key = "S3CRET-" + "x" * 20
        with self.assertLogs(level="DEBUG") as logs, self.assertRaises(UserError):
            self.connect()
        self.assertNotIn(key, "\n".join(logs.output))
        self.assertNotIn(key, "".join(self.account.message_ids.mapped("body")))
        self.assertNotIn(key, repr(self.account._client()))

    def test_accounts_take_turns_the_one_longest_waiting_first(self):
        self.connect()
        self.account.pull_orders = True
        other = self.account.copy({"api_user": "second", "api_key": "second-key"})
        other.write({"state": "connected", "pull_orders": True})
        asked = []
        original = runner.run_flow

        def run_flow(account, flow, deadline=None):
            asked.append(account.id)
            return original(account, flow, deadline)

        with patch.object(runner, "run_flow", run_flow), self.flows():
            self.env["extensiv.account"]._cron_pull_orders()
            self.env["extensiv.run"].create(
                {
                    "account_id": asked[0],
                    "flow": "orders",
                    "state": "done",
                    "started_at": datetime.now() + timedelta(minutes=1),
                }
            )
            self.env["extensiv.account"]._cron_pull_orders()
        mine = [account for account in asked if account in (self.account.id, other.id)]
        self.assertEqual(mine[2:4], [mine[1], mine[0]])

    def test_an_account_switched_off_while_others_have_their_turn_runs_no_more(self):
        self.connect()
        self.account.pull_orders = True
        names = ("off", "disconnected", "archived", "deleted", "due")
        off, disconnected, archived, deleted, due = accounts = [
            self.account.copy({"api_user": name, "api_key": "demo-key"}) for name in names
        ]
        for account in accounts:
            account.write({"state": "connected", "pull_orders": True})
            self.env["extensiv.run"].create(
                {"account_id": account.id, "flow": "orders", "state": "done", "started_at": "2020-01-01"}
            )
        asked = []

        def run_flow(account, flow, deadline=None):
            asked.append(account.id)
            if account == self.account:
                off.pull_orders = False
                disconnected.action_disconnect()
                archived.active = False
                deleted.unlink()
            return Result("done", "")

        with patch.object(runner, "run_flow", run_flow):
            self.env["extensiv.account"]._cron_pull_orders()
        self.assertEqual(asked, [self.account.id, due.id])

    def test_no_button_but_connect_asks_eim_from_a_copy_of_a_live_database(self):
        self.connect()
        alert = self.env["extensiv.alert"].create(
            {"account_id": self.account.id, "remote_id": "1", "subject": "Cart access"}
        )
        self.env["ir.config_parameter"].set_param("database.uuid", "another")
        calls = len(self.calls())
        with self.flows():
            for button in (
                alert.action_dismiss_at_eim,
                self.account.action_check_carts,
                self.account.action_fetch_locations,
            ):
                with self.assertRaisesRegex(UserError, "a copy"):
                    button()
            self.account.action_check_live()
        self.assertIn("stop", [check["mark"] for check in self.account.live_checks])
        self.assertEqual(len(self.calls()), calls)
        self.connect()
        with self.flows():
            self.account.action_check_carts()

    def test_a_button_ends_within_a_request_s_time(self):
        with self.flows(), self.account._asking_eim() as client:
            self.assertLess(client._transport.deadline - time.monotonic(), 60)

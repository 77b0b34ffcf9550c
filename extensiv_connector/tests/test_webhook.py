"""EIM's webhook: who is listened to, at what cost, and what a call starts."""

import hashlib
import hmac
import http.client
import json
import threading
from contextlib import contextmanager
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests import HttpCase, tagged
from odoo.tests.common import release_test_lock
from odoo.tools import mute_logger

from ..flows import trigger, webhook
from ..flows.order_pull import OrderPull
from ..flows.trigger import due_accounts
from .common import ConnectorCase, ConnectorMixin

RECEIVE = "odoo.addons.extensiv_connector.flows.webhook.receive"


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
class TestWebhookRoute(WebhookMixin, ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    @contextmanager
    def flows(self):
        yield  # an HttpCase is in the registry's test mode

    def setUp(self):
        super().setUp()
        self._listen()
        self.path = f"/extensiv/webhook/{self.account.webhook_token}"
        self.body = json.dumps({"orders": [{"cust_ref": "W1"}]}).encode()

    def call(self, body=None, signature=None, path=None, event="order_new", **headers):
        """POST as EIM does, let what follows the answer be done, and return the answer."""
        body = self.body if body is None else body
        headers = {"Content-Type": "application/json", "X-Webhook-Event": event} | headers
        headers["X-Webhook-Signature"] = sign(body) if signature is None else signature
        done = threading.Event()

        def receive(*args):
            try:
                webhook_receive(*args)
            finally:
                done.set()

        webhook_receive = webhook.receive
        with patch(RECEIVE, receive):
            answer = self.opener.post(self.base_url() + (path or self.path), body, headers=headers, timeout=30)
            if answer.status_code == 200:
                with release_test_lock():
                    self.assertTrue(done.wait(30))
        self.env.invalidate_all()
        return answer

    # -- who is listened to

    def test_a_signed_call_triggers_a_pass_of_the_account_at_once(self):
        answer = self.call()
        self.assertEqual((answer.status_code, answer.content), (200, b""))
        self.assertIn(self.account.id, due_accounts(self.env, "orders"))
        self.assertLessEqual(self.triggers(), [fields.Datetime.now()])
        self.assertTrue(self.triggers())

    def test_the_signature_is_of_the_raw_bytes(self):
        body = b' {"orders" :\n[ {"cust_ref": "\xc3\x9c1"} ] }\r\n'
        self.assertEqual(self.call(body).status_code, 200)
        self.assertEqual(self.call(body, sign(json.dumps(json.loads(body)).encode())).status_code, 401)

    def test_a_body_that_calls_itself_a_form_or_has_no_type_is_read_as_it_came(self):
        for content_type in ("application/x-www-form-urlencoded", "text/plain", ""):
            body = b'{"orders": [{"cust_ref": "A&B=C+D%20"}]}'
            with self.subTest(content_type), self.assertNoLogs("odoo.http", "WARNING"):
                self.assertEqual(self.call(body, **{"Content-Type": content_type}).status_code, 200)

    def test_a_wrong_or_missing_signature_is_refused(self):
        good = sign(self.body)
        for signature in (
            "",
            "x",
            good[:-1],
            good + "0",
            good.upper(),
            "ü" * 64,
            sign(self.body, "another"),
            f"sha256={good}",
        ):
            with self.subTest(signature):
                answer = self.call(signature=signature.encode("latin-1"))
                self.assertEqual((answer.status_code, answer.content), (401, b""))
        self.assertEqual(self.opener.post(self.base_url() + self.path, self.body).status_code, 401)
        self.assertFalse(self.triggers())
        self.assertFalse(self.last_calls())

    def test_a_key_of_its_own_takes_the_place_of_the_api_key(self):
        self.account.webhook_key = " cart-key\n"
        self.env.flush_all()
        self.assertEqual(self.call().status_code, 401)
        self.assertEqual(self.call(signature=sign(self.body, "cart-key")).status_code, 200)
        self.account.action_forget_webhook_key()
        self.env.flush_all()
        self.assertEqual(self.call().status_code, 200)

    def test_who_does_not_listen_cannot_be_told_from_who_is_not_there(self):
        answers = {}
        changes = {
            "off": {"webhook_enabled": False},
            "not connected": {"state": "draft"},
            "refused": {"state": "error"},
            "archived": {"active": False},
        }
        for name, vals in changes.items():
            before = self.account.read(list(vals))[0]
            self.account.write(vals)
            self.env.flush_all()
            answers[name] = self.call()
            self.account.write({key: before[key] for key in vals})
        for name, token in (
            ("unknown", "x" * 43),
            ("short", "x"),
            ("no text", "%00" * 43),
            ("not ASCII", "%C3%BC" * 43),
        ):
            answers[name] = self.call(path=f"/extensiv/webhook/{token}")
        self.account.write({"api_key": False, "state": "connected"})
        self.env.flush_all()
        answers["without a key"] = self.call(signature=sign(self.body, "x"))
        dates = {"Date"}
        expected = {key: value for key, value in answers["unknown"].headers.items() if key not in dates}
        for name, answer in answers.items():
            with self.subTest(name):
                self.assertEqual((answer.status_code, answer.content), (404, b""))
                self.assertEqual({k: v for k, v in answer.headers.items() if k not in dates}, expected)
        self.assertFalse(self.triggers())

    def test_no_signature_is_looked_at_where_nobody_listens(self):
        self.account.webhook_enabled = False
        self.env.flush_all()
        with patch("odoo.addons.extensiv_connector.flows.webhook.is_signed", side_effect=AssertionError):
            self.assertEqual(self.call().status_code, 404)

    def test_switching_off_holds_at_once_and_on_again_keeps_the_address(self):
        token = self.account.webhook_token
        self.account.webhook_enabled = False
        self.env.flush_all()
        self.assertEqual(self.call().status_code, 404)
        self.account.webhook_enabled = True
        self.env.flush_all()
        self.assertEqual(self.account.webhook_token, token)
        self.assertEqual(self.call().status_code, 200)

    def test_a_new_address_closes_the_present_one(self):
        self.account.action_renew_webhook()
        self.env.flush_all()
        self.assertEqual(self.call().status_code, 404)
        self.assertEqual(self.call(path=f"/extensiv/webhook/{self.account.webhook_token}").status_code, 200)

    # -- what a call costs

    def test_a_body_of_more_than_5_mb_is_not_read(self):
        host, port = self.base_url().removeprefix("http://").split(":")
        for content_type in ("application/json", "application/x-www-form-urlencoded"):
            with self.subTest(content_type), self.allow_requests():
                connection = http.client.HTTPConnection(host, int(port), timeout=30)
                connection.putrequest("POST", self.path)
                connection.putheader("Cookie", f"test_request_key={self.http_request_key}")
                connection.putheader("Content-Type", content_type)
                connection.putheader("Content-Length", str(5 * 2**20 + 1))
                connection.endheaders()
                self.assertEqual(connection.getresponse().status, 413)
                connection.close()

    def test_a_body_of_5_mb_is_read(self):
        body = b" " * (5 * 2**20 - 2) + b"{}"
        self.assertEqual(self.call(body).status_code, 200)

    def test_a_bad_call_costs_one_read_and_leaves_no_session_and_no_write(self):
        self.call(signature="bad")  # what Odoo keeps in memory is there then
        for signature, path in (("bad", None), ("bad", "/extensiv/webhook/" + "x" * 43)):
            with self.assertQueries() as queries:
                answer = self.call(signature=signature, path=path)
            self.assertEqual(len([query for query in queries if "extensiv_account" in query]), 1)
            rest = [query for query in queries if "extensiv_account" not in query and "signal" not in query.lower()]
            self.assertEqual([query for query in rest if "SAVEPOINT" not in query], [])
            self.assertNotIn("Set-Cookie", answer.headers)
        self.assertNotIn("Set-Cookie", self.call().headers)

    @contextmanager
    def assertQueries(self):
        """Collect the SQL of other threads' cursors."""
        queries = []
        execute = Cursor.execute
        me = threading.get_ident()

        def record(cursor, query, *args, **kwargs):
            if threading.get_ident() != me:
                queries.append(str(getattr(query, "code", query)))
            return execute(cursor, query, *args, **kwargs)

        with patch.object(Cursor, "execute", record):
            yield queries

    def test_the_answer_comes_before_the_work(self):
        started = threading.Event()
        go_on = threading.Event()

        def receive(*_args):
            started.set()
            go_on.wait(30)

        with patch(RECEIVE, receive):
            headers = {"X-Webhook-Signature": sign(self.body), "X-Webhook-Event": "order_new"}
            answer = self.opener.post(self.base_url() + self.path, self.body, headers=headers, timeout=20)
            self.assertTrue(started.wait(20))
            self.assertEqual((answer.status_code, go_on.is_set()), (200, False))
            go_on.set()

    def test_only_post_is_answered(self):
        self.assertEqual(self.opener.get(self.base_url() + self.path).status_code, 405)

    # -- what is harmless

    def test_unknown_events_and_unreadable_bodies_are_harmless(self):
        bodies = (
            b"", b"{", b"null", b"[]", b'{"orders": 7}', b'{"orders": [null, 7, [], {"cust_ref": {}}]}', b"\xff\xfe",
            b"[" * 100_000, b'{"orders": [{"cust_ref": "\\ud800\\u0000", "order_status": "canceled"}]}',
        )  # fmt: skip
        for event in ("order_update", "", "inventory_update", "ü" * 300):
            for body in bodies:
                answer = self.call(body, event=event.encode("latin-1"))
                self.assertEqual(answer.status_code, 200, (event, body[:20]))
        self.assertFalse(self.triggers())

    def test_ever_so_many_orders_in_a_call_are_harmless(self):
        orders = [{"cust_ref": f"N{number}", "order_status": "canceled"} for number in range(60_000)]
        self.assertEqual(self.call(json.dumps({"orders": orders}).encode(), event="order_update").status_code, 200)
        self.assertFalse(self.triggers())

    def test_what_fails_after_the_answer_is_said_in_the_log_alone(self):
        with (
            patch("odoo.addons.extensiv_connector.flows.webhook.plan", side_effect=RuntimeError),
            self.assertLogs("odoo.addons.extensiv_connector.flows.webhook", "ERROR"),
        ):
            self.assertEqual(self.call().status_code, 200)

    def test_nothing_of_a_call_is_logged(self):
        body = json.dumps({"orders": [{"cust_ref": "W1", "ship_first_name": "Evangeline"}]}).encode()
        with self.assertNoLogs("odoo", "INFO"):
            self.call(body)
            self.call(body, **{"Content-Type": "application/x-www-form-urlencoded"})
            self.call(body, signature="bad")


@tagged("post_install", "-at_install")
class TestWebhook(WebhookMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self._listen()

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
        self.add_orders({"cust_ref": "W1", "items": [{"item": "TEE-1", "quantity": "1"}], **values})
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
        self.assertIn(due.due_at.replace(microsecond=0) + timedelta(seconds=1), self.triggers())

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
                    self.assertTrue(4 <= wait <= 5.1, wait)
            self.assertEqual(look_again.call_count, 1)

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

    def test_a_pass_asks_about_a_few_orders_and_the_next_ones_about_the_others(self):
        names = [f"W{number}" for number in range(8)]
        self.add_orders(*({"cust_ref": name, "items": [{"item": "TEE-1", "quantity": "1"}]} for name in names))
        self.pull()
        self._forget_triggers()
        self.hook(*({"cust_ref": name, "order_status": "shipped"} for name in names), event="order_update")
        self.assertEqual(self.turn().count("get_order_status"), 5)
        self.assertEqual(self.turn().count("get_order_status"), 3)
        self.assertIsNone(self.turn())

"""EIM's webhook over HTTP: who is listened to, and what a call costs."""

import http.client
import json
import threading
from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.sql_db import Cursor
from odoo.tests import HttpCase, tagged
from odoo.tests.common import release_test_lock

from ..flows import webhook
from ..flows.trigger import due_accounts
from .common import ConnectorMixin
from .test_webhook import WebhookMixin, sign

RECEIVE = "odoo.addons.extensiv_connector.flows.webhook.receive"


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

    def test_a_body_that_comes_in_pieces_is_read_up_to_5_mb(self):
        for size, status in ((100_000, 200), (5 * 2**20 + 1, 413)):
            body = b" " * size
            pieces = (body[start : start + 65_536] for start in range(0, size, 65_536))
            with self.subTest(size):
                answer = self.call(pieces, signature=sign(body))
                self.assertEqual((answer.status_code, answer.content), (status, b""))

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
            patch("odoo.addons.extensiv_connector.flows.trigger.plan", side_effect=RuntimeError),
            self.assertLogs("odoo.addons.extensiv_connector.flows.webhook", "ERROR"),
        ):
            self.assertEqual(self.call().status_code, 200)

    def test_nothing_of_a_call_is_logged(self):
        body = json.dumps({"orders": [{"cust_ref": "W1", "ship_first_name": "Evangeline"}]}).encode()
        with self.assertNoLogs("odoo", "INFO"):
            self.call(body)
            self.call(body, **{"Content-Type": "application/x-www-form-urlencoded"})
            self.call(body, signature="bad")

"""What a monitoring system reads over HTTP: who may, what it says, and what it costs."""

import json
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, new_test_user, tagged

from ..flows import monitoring
from .common import ConnectorMixin

PATH = "/extensiv/health"


@tagged("post_install", "-at_install")
class TestHealthRoute(ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def setUp(self):
        super().setUp()
        self.account.write({"state": "connected", "pull_orders": True})
        self.settings = self.env["res.config.settings"].create({})
        self.addCleanup(monitoring.forget, self.env.cr.dbname)
        monitoring.forget(self.env.cr.dbname)

    def make_token(self):
        self.settings.action_extensiv_new_health_token()
        return self.env["ir.config_parameter"].get_param(monitoring.TOKEN)

    def ask(self, token=None, path=PATH, **headers):
        """GET as monitoring does, without a session."""
        self.env.flush_all()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.opener.cookies.clear()
        return self.opener.get(self.base_url() + path, headers=headers, timeout=30)

    def of_account(self, answer):
        [found] = [account for account in answer.json()["accounts"] if account["id"] == self.account.id]
        return found

    def add_run(self, flow="orders", **ago):
        return self.env["extensiv.run"].create(
            {
                "account_id": self.account.id,
                "company_id": self.company.id,
                "flow": flow,
                "started_at": fields.Datetime.now() - timedelta(**ago),
                "state": "done",
            }
        )

    # -- who may

    def test_there_is_nothing_until_a_token_is_made(self):
        self.assertEqual(self.ask().status_code, 404)
        self.assertEqual(self.ask("any").status_code, 404)

    def test_who_has_no_token_or_another_one_is_refused(self):
        token = self.make_token()
        self.assertEqual(self.ask(token).status_code, 200)
        for given in (None, "x", f"{token}x", token[:-1], "\xe9"):
            answer = self.ask(given)
            self.assertEqual((answer.status_code, answer.content), (401, b""), given)
        self.assertEqual(self.ask(Authorization=f"Basic {token}").status_code, 401)
        self.assertEqual(self.ask(path=f"{PATH}?token={token}").status_code, 401)

    def test_another_token_ends_the_first_and_switching_off_ends_both(self):
        first = self.make_token()
        second = self.make_token()
        self.assertEqual((self.ask(first).status_code, self.ask(second).status_code), (401, 200))
        self.settings.action_extensiv_forget_health_token()
        self.assertEqual(self.ask(second).status_code, 404)

    def test_only_administrators_make_read_and_forget_the_token(self):
        self.make_token()
        manager = new_test_user(self.env, login="eim_manager", groups="extensiv_connector.group_manager")
        for act in (
            lambda: self.settings.with_user(manager).action_extensiv_new_health_token(),
            lambda: self.settings.with_user(manager).action_extensiv_forget_health_token(),
            lambda: self.settings.with_user(manager).read(["extensiv_health_token"]),
            lambda: self.env["ir.config_parameter"].with_user(manager).search_read([]),
        ):
            with self.assertRaises(AccessError):
                act()

    def test_it_leaves_no_session_and_is_not_stored(self):
        answer = self.ask(self.make_token())
        self.assertNotIn("session_id", answer.cookies)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_where_there_are_several_databases_a_header_names_this_one(self):
        token = self.make_token()
        self.assertEqual(self.ask(token, **{"X-Odoo-Database": self.env.cr.dbname}).status_code, 200)

    # -- what it says

    def test_it_says_of_each_flow_when_it_had_a_good_pass_and_which_errors_are_open(self):
        self.add_run(minutes=7)
        self.add_run("inventory", hours=2).write({"state": "failed", "failed_count": 1})
        self.env["extensiv.error"]._report(
            self.account, "orders", {key: {"message": "Secret Name", "category": "data"} for key in ("A-1", "A-2")}
        )
        answer = self.ask(self.make_token(), f"{PATH}?format=json")
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        found = self.of_account(answer)
        flows = {flow["flow"]: flow for flow in found["flows"]}
        self.assertEqual(found["errors"], {"orders": 2})
        self.assertTrue(found["connected"] and flows["orders"]["on"])
        self.assertFalse(flows["inventory"]["on"])
        self.assertAlmostEqual(flows["orders"]["age"], 7 * 60, delta=10)
        self.assertTrue(flows["orders"]["last_good_pass"].endswith("Z"))
        self.assertIsNone(flows["inventory"]["last_good_pass"], "a failed one is none")
        self.assertNotIn(self.account.name, answer.text)
        self.assertNotIn("Secret Name", answer.text)

    def test_passes_that_find_nothing_new_count_as_good_ones(self):
        run = self.add_run(hours=3)
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_run SET last_at = now() AT TIME ZONE 'UTC' WHERE id = %s", [run.id])
        found = self.of_account(self.ask(self.make_token(), f"{PATH}?format=json"))
        self.assertLess(next(flow["age"] for flow in found["flows"] if flow["flow"] == "orders"), 60)

    def test_the_form_is_prometheus_text_or_json_as_the_caller_takes(self):
        self.add_run(minutes=1)
        token = self.make_token()
        for accepted, kind in (
            ("application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", "text/plain"),
            ("*/*", "text/plain"),
            ("application/json", "application/json"),
        ):
            self.assertIn(kind, self.ask(token, Accept=accepted).headers["Content-Type"])
        self.assertIn(
            "text/plain", self.ask(token, f"{PATH}?format=text", Accept="application/json").headers["Content-Type"]
        )
        text = self.ask(token).text
        labels = f'{{account="{self.account.id}",flow="orders"}}'
        for line in (f"extensiv_flow_on{labels} 1", f"extensiv_open_errors{labels} 0"):
            self.assertIn(line, text.splitlines())
        self.assertRegex(text, rf"(?m)^extensiv_last_good_pass_age_seconds\{labels} \d+$")
        for line in text.splitlines():
            self.assertRegex(line, r'^(# (HELP|TYPE) extensiv_\w+ .+|extensiv_\w+\{[\w=",]+\} \d+)$')
        self.assertTrue(text.endswith("\n"))

    # -- what it costs

    def test_it_is_collected_once_in_fifteen_seconds(self):
        token = self.make_token()
        with patch.object(monitoring, "collect", side_effect=lambda env: {"accounts": []}) as collect:
            first = self.ask(token)
            self.assertEqual(self.ask(token).text, first.text)
            self.assertEqual(json.loads(self.ask(token, f"{PATH}?format=json").text), {"accounts": []})
            self.assertEqual(collect.call_count, 1)
            until, health = monitoring._collected[self.env.cr.dbname]
            monitoring._collected[self.env.cr.dbname] = (until - monitoring.CACHE_SECONDS, health)
            self.ask(token)
            self.assertEqual(collect.call_count, 2)
            self.ask("wrong")
            self.assertEqual(collect.call_count, 2)

    def test_it_costs_as_many_queries_for_many_accounts_as_for_one(self):
        def count():
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            monitoring.collect(self.env)
            return self.env.cr.sql_log_count - before

        self.add_run(minutes=1)
        count()
        few = count()
        others = [self.account.copy({"api_user": f"user{number}", "api_key": "key"}) for number in range(12)]
        self.account.union(*others).state = "connected"
        self.assertEqual(count(), few)
        self.assertLessEqual(few, 5)

import json
from datetime import timedelta
from unittest.mock import patch

from lxml import etree

from odoo import fields
from odoo.fields import Domain
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval
from odoo.tools.translate import code_translations

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestHealth(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.pull_orders = True
        self.account.responsible_id = new_test_user(
            self.env, login="keeper", groups="base.group_user,extensiv_connector.group_manager"
        )

    def shown(self):
        self.env.invalidate_all()
        return json.loads(self.account.dashboard)

    def opened(self, button, user):
        """Return what the list shows that a button of the dashboard opens: its filters, any of them."""
        action = getattr(self.account.with_user(user), button)()
        model = self.env[action["res_model"]].with_user(user)
        search = etree.fromstring(model.get_view(view_type="search")["arch"])
        domains = [
            Domain(safe_eval(search.find(f".//filter[@name='{name}']").get("domain")))
            for name in (key.removeprefix("search_default_") for key in action["context"])
            if name != "account_id"
        ]
        return model.search(Domain.OR(domains)).sudo()

    def errors(self):
        return self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])

    def run_of(self, flow="orders", hours=0, **values):
        return self.env["extensiv.run"].create(
            {
                "account_id": self.account.id,
                "company_id": self.account.company_id.id,
                "flow": flow,
                "state": "done",
                "started_at": fields.Datetime.now() - timedelta(hours=hours),
                **values,
            }
        )

    # -- runs

    def test_the_account_shows_last_good_last_bad_next_due_and_schedule_of_each_flow(self):
        good = self.run_of(hours=2, message="3 imported.")
        bad = self.run_of(hours=1, state="failed", message="EIM was not reached.")
        self.run_of(state="running")
        cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        cron.nextcall = "2040-01-02 03:04:05"
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)]).unlink()
        flow = next(flow for flow in self.account._get_flow_health()[self.account] if flow["flow"] == "orders")
        self.assertEqual(flow["good"], good)
        self.assertEqual(flow["bad"], bad)
        self.assertEqual(flow["on"], True)
        self.assertEqual(str(flow["next_due"]), "2040-01-02 03:04:05")
        table = str(self.account.flow_table)
        for shown in ("Orders", "3 imported.", "EIM was not reached.", "2 hours ago", "2040"):
            self.assertIn(shown, table)
        self.account.pull_orders = False
        self.env.invalidate_all()
        self.assertIn("Switched off", str(self.account.flow_table))

    def test_a_trigger_is_due_before_the_interval(self):
        cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        cron.nextcall = "2040-01-02 03:04:05"
        cron._trigger(fields.Datetime.to_datetime("2039-01-01 00:00:00"))
        self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id), ("call_at", "<", "2038-01-01")]).unlink()
        self.assertEqual(str(self.account._next_due(cron)), "2039-01-01 00:00:00")

    def test_a_run_that_died_does_not_run_for_ever_where_its_flow_was_switched_off(self):
        now = fields.Datetime.now()
        dead, alive = self.env["extensiv.run"].create(
            [
                {
                    "account_id": self.account.id,
                    "flow": flow,
                    "started_at": now - timedelta(minutes=minutes),
                    "state": "running",
                }
                for flow, minutes in (("shipments", 90), ("orders", 1))
            ]
        )
        self.env["extensiv.run"]._gc_interrupted()
        self.assertEqual(dead.state, "failed")
        self.assertEqual(alive.state, "running")
        self.assertIn("Interrupted", dead.message)

    def test_runs_older_than_30_days_are_vacuumed(self):
        old, recent = self.run_of(hours=31 * 24), self.run_of(hours=29 * 24)
        self.env["extensiv.run"]._gc_runs()
        self.assertFalse(old.exists())
        self.assertTrue(recent.exists())

    # -- dashboard

    def test_each_number_of_the_dashboard_opens_what_it_counts(self):
        self.add_orders({"cust_ref": "D-1"}, {"cust_ref": "D-2"})
        self.pull()
        told, old = self.inbox("D-1"), self.inbox("D-2")
        old.sale_order_id = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Mary"}).id,
                "extensiv_account_id": self.account.id,
                "extensiv_shipment_state": "failed",
            }
        )
        self.env.cr.execute("UPDATE extensiv_order SET create_date = now() - interval '3 days' WHERE id = %s", [old.id])
        self.env.invalidate_all()
        user = new_test_user(self.env, login="looker", groups="base.group_user,extensiv_connector.group_user")
        self.assertEqual(self.opened("action_open_orders_today", user), told)
        self.assertEqual(self.shown()["today"], 1)
        self.assertEqual(self.opened("action_open_waiting_shipments", user), old)
        self.assertEqual(self.shown()["shipments"], 1)
        location = self.env["extensiv.location"].create(
            {"account_id": self.account.id, "name": "NORTH", "push_enabled": True, "source": "all"}
        )
        level = self.env["extensiv.stock.level"].create(
            {"location_id": location.id, "sku": "TEE-1", "refused_at": fields.Datetime.now()}
        )
        self.assertEqual(self.opened("action_open_waiting_levels", user), level)
        self.assertEqual(self.shown()["levels"], 1)

    def test_all_is_well(self):
        self.pull()
        shown = self.shown()
        self.assertEqual(shown["well"], True)
        self.assertEqual(shown["said"], "All is well.")
        orders = next(flow for flow in shown["flows"] if flow["flow"] == "orders")
        self.assertTrue(orders["on"] and orders["ago"])
        self.assertFalse(orders["failing"])

    def test_an_account_that_does_nothing_is_not_said_to_be_well(self):
        self.account.pull_orders = False
        self.assertEqual(self.shown()["mood"], "idle")
        self.assertEqual(self.shown()["said"], "Connected, and not live yet: nothing runs. Next in the guide: Carts.")
        self.account.setup_step = "done"
        self.assertEqual(self.shown()["said"], "Connected, and nothing runs: every function is off.")
        self.assertFalse(self.shown()["well"])
        self.env["extensiv.error"]._report(
            self.account, "orders", {"A": {"message": "Choose a product.", "category": "data"}}
        )
        self.assertEqual(self.shown()["mood"], "trouble", "what is wrong comes first")

    def test_an_account_that_is_not_connected_is_no_alarm(self):
        self.account.action_disconnect()
        self.assertEqual(self.shown()["mood"], "idle")
        self.assertIn("Disconnected by", self.shown()["said"])

    def test_what_the_merchants_were_chosen_on_is_not_needed_any_more(self):
        leftover = self.env["extensiv.account"].create(
            {"name": "The warehouse's key", "base_url": self.account.base_url, "api_user": "warehouse", "api_key": "k"}
        )
        self.assertIn("Enter API user and key", json.loads(leftover.dashboard)["said"])
        leftover.copy({"name": "A merchant", "merchant_pk": "7", "api_user": "warehouse", "api_key": "k"})
        self.env.invalidate_all()
        self.assertEqual(json.loads(leftover.dashboard)["mood"], "idle")
        self.assertIn("Archive it", json.loads(leftover.dashboard)["said"])

    def test_orders_of_today_and_waiting_errors_and_alerts_are_counted(self):
        self.add_orders(
            {"cust_ref": "A-1", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]},
            {"cust_ref": "A-2", "items": [{"item": "ABC-1", "price": "5", "quantity": "1"}]},
        )
        self.pull()
        self.env["extensiv.alert"].create({"account_id": self.account.id, "remote_id": "1", "subject": "Cart access"})
        shown = self.shown()
        self.assertEqual(
            {name: shown[name] for name in ("today", "waiting", "errors", "needs_person", "alerts")},
            {"today": 2, "waiting": 1, "errors": 1, "needs_person": 1, "alerts": 1},
        )
        self.assertEqual(shown["well"], False)
        self.assertEqual(shown["said"], "Errors waiting for a person: 1.")
        [graph] = json.loads(self.account.dashboard_graph)
        self.assertEqual(len(graph["values"]), 14)
        self.assertEqual(graph["values"][-1]["value"], 2)

    def test_levels_and_shipments_that_eim_does_not_have_yet_are_counted(self):
        location, off = self.account.location_ids[:2]
        location.write({"push_enabled": True, "source": "all"})
        self.env["extensiv.stock.level"].create(
            [
                {"location_id": of.id, "company_id": self.company.id, "sku": sku, **values}
                for of in (location, off)
                for sku, values in {
                    "ACCEPTED": {"quantity": 3},
                    "WAITING": {"unconfirmed": True},
                    "REFUSED": {"refused_at": fields.Datetime.now(), "refused_quantity": 2},
                }.items()
            ]
        )
        self.add_orders(
            *(
                {"cust_ref": f"H-{number}", "items": [{"item": "TEE-1", "quantity": "1", "price": "1"}]}
                for number in range(2)
            )
        )
        self.pull()
        self.inbox("H-0").sale_order_id.extensiv_shipment_state = "ready"
        shown = self.shown()
        self.assertEqual(shown["levels"], 2)
        self.assertEqual(shown["shipments"], 1)

    def test_carts_that_take_orders_are_shown(self):
        self.account.cart_ids[0].active = False
        names = [cart["name"] for cart in self.shown()["carts"]["shown"]]
        self.assertEqual(names, self.account.cart_ids.filtered("active").mapped("name")[:12])

    def test_a_failing_flow_a_schedule_off_and_no_connection_are_seen_at_a_glance(self):
        self.fault(route="list_orders", kind="500", count=3)
        self.pull()
        self.assertTrue(next(flow for flow in self.shown()["flows"] if flow["flow"] == "orders")["failing"])
        self.env.ref("extensiv_connector.ir_cron_pull_orders").active = False
        self.assertEqual(self.shown()["said"], "The schedule is off: Orders.")
        self.account.action_disconnect()
        self.assertIn("Not connected", self.shown()["said"])

    def test_accounts_are_read_together(self):
        others = self.env["extensiv.account"]
        for number in range(8):
            others += self.account.copy({"api_user": f"user {number}"})
        self.env.flush_all()

        def queries(accounts):
            self.env.invalidate_all()
            count = self.env.cr.sql_log_count
            accounts.mapped("dashboard")
            accounts.mapped("dashboard_graph")
            return self.env.cr.sql_log_count - count

        queries(others)
        self.assertLessEqual(queries(others), queries(others[:2]) + 3)

    # -- silence

    def silent(self, hours=7):
        self.account.watched_since = fields.Datetime.now() - timedelta(hours=hours)
        self.env.cr.execute(
            "UPDATE extensiv_account SET create_date = create_date - interval '1 year' WHERE id = %s", [self.account.id]
        )
        self.env.invalidate_all()
        self.run_of("alerts")
        self.run_of("audit")

    def watch(self):
        self.env["extensiv.account"]._cron_monitor()

    def test_silence_is_told_and_resolved_by_a_good_pass(self):
        self.silent()
        self.run_of(hours=7)
        self.run_of(hours=1, state="failed")
        self.watch()
        error = self.errors()
        self.assertEqual(error.flow, "connection")
        self.assertEqual(error.key, "orders")
        self.assertEqual(error.step, "silence")
        self.assertEqual(error.category, "settings")
        self.assertIn("no good run for 6 hours", error.message)
        self.assertTrue(self.account.activity_ids)
        self.watch()
        self.assertEqual(self.errors(), error)
        self.pull()
        self.assertEqual(error.state, "resolved")
        self.assertFalse(self.account.activity_ids)

    def test_the_responsible_person_is_told_in_their_language_whoever_noticed(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.account.responsible_id.write({"lang": "fr_FR", "email": "keeper@example.com"})
        french = {
            "Errors waiting for you: %(count)s (%(flows)s)": "Erreurs : %(count)s (%(flows)s)",
            "%(account)s: %(count)s errors open": "%(account)s : %(count)s erreurs",
        }
        self.env["extensiv.error"]._report(self.account, "orders", {"1": {"message": "No SKU.", "category": "data"}})
        with patch.dict(code_translations.python_translations, {("extensiv_connector", "fr_FR"): french}):
            self.account._remind_responsible()
            mail = self.account._send_daily_mail()
        self.assertEqual(self.account.activity_ids.summary, "Erreurs : 1 (Orders 1)")
        self.assertEqual(mail.subject, "Test shops : 1 erreurs")

    def test_what_was_just_switched_on_or_ran_lately_or_is_off_is_not_silent(self):
        self.run_of("alerts")
        self.watch()
        self.assertFalse(self.errors(), "connected a moment ago")
        self.silent()
        run = self.run_of(hours=5)
        self.watch()
        self.assertFalse(self.errors(), "ran 5 hours ago")
        run.started_at -= timedelta(hours=5)
        self.account.silence_hours = 0
        self.watch()
        self.assertFalse(self.errors(), "not wanted")
        self.account.silence_hours = 6
        self.account.pull_orders = False
        self.watch()
        self.assertFalse(self.errors(), "switched off")

    def test_dismissed_silence_is_not_told_again_until_it_falls_silent_anew(self):
        self.silent()
        self.watch()
        self.errors().action_dismiss()
        self.watch()
        self.assertFalse(self.errors())

    def test_a_schedule_that_is_off_is_told_and_switched_on_from_the_error(self):
        self.run_of("alerts")
        cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        cron.active = False
        self.watch()
        error = self.errors()
        self.assertEqual(error.key, "orders")
        self.assertEqual(error.step, "schedule")
        self.assertEqual(error.fix, "schedule")
        user = new_test_user(self.env, login="looker", groups="base.group_user,extensiv_connector.group_user")
        self.assertFalse(error.with_user(user).fix, "no button that would refuse")
        error.action_fix()
        self.assertTrue(cron.active)
        self.assertEqual(error.state, "resolved")
        cron.active = False
        self.watch()
        cron.active = True
        self.watch()
        self.assertFalse(self.errors(), "resolved by itself")

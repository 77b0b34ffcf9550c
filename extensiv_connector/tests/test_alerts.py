from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from .common import ConnectorCase

NO_ROUTE = {"kind": "404", "count": 1}


@tagged("post_install", "-at_install")
class TestAlerts(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def raise_alert(self, **values):
        return self.sandbox.store.add_alert(values)

    def fetch(self):
        with self.flows():
            self.account.action_fetch_alerts()
        return self.last_run("alerts")

    def alerts(self, *states):
        return self.env["extensiv.alert"].search(
            [("account_id", "=", self.account.id), ("state", "in", states or ("active",))]
        )

    def without_route(self):
        self.sandbox.sandbox.api.off.add("list_alerts")
        self.addCleanup(self.sandbox.sandbox.api.off.discard, "list_alerts")

    def test_eims_alerts_are_listed_as_eim_says_them(self):
        raised = self.raise_alert(
            subject="Inventory feed", message="eBay refused a quantity", order_source="Ebay_CA", cust_ref="A-1"
        )
        run = self.fetch()
        alert = self.alerts()
        self.assertEqual(alert.remote_id, str(raised["alert_id"]))
        self.assertEqual(alert.subject, "Inventory feed")
        self.assertEqual(alert.message, "eBay refused a quantity")
        self.assertEqual(alert.order_source, "Ebay_CA")
        self.assertEqual(alert.cust_ref, "A-1")
        self.assertTrue(alert.date)
        self.assertEqual(run.state, "done")
        self.assertEqual(run.done_count, 1)
        self.assertEqual(self.account.alert_count, 1)
        self.assertFalse(self.env["extensiv.error"].search([("account_id", "=", self.account.id)]))

    def test_every_known_spelling_of_an_alert_is_read(self):
        self.raise_alert(subject="Cart access", message="Renew it", order_source="Etsy")
        for shape in ("second", "third"):
            self.sandbox.sandbox.api.alerts_shape = shape
            self.fetch()
            self.assertEqual(self.alerts().mapped("subject"), ["Cart access"], shape)
            self.assertEqual(self.alerts().message, "Renew it")
        self.sandbox.sandbox.api.alerts_shape = "plain"

    def test_closed_when_eim_no_longer_lists_it_and_active_when_it_does_again(self):
        raised = self.raise_alert(subject="Cart access")
        self.fetch()
        self.sandbox.store.alerts.clear()
        run = self.fetch()
        self.assertFalse(self.alerts())
        self.assertIn("1 closed", run.message)
        self.sandbox.store.alerts.append(raised)
        self.fetch()
        self.assertEqual(len(self.alerts()), 1)
        self.assertFalse(self.alerts("closed"))

    def test_a_second_look_writes_nothing(self):
        self.raise_alert(subject="Cart access")
        self.fetch()
        self.env["extensiv.alert"].flush_model()
        before = self.alerts().write_date
        self.assertEqual(self.fetch().done_count, 0)
        self.assertEqual(self.alerts().write_date, before)

    def test_opens_eims_page_in_a_new_tab(self):
        self.raise_alert(subject="Cart access")
        self.fetch()
        self.account.alerts_url = "https://app.example.com/alerts"
        action = self.alerts().action_open_at_eim()
        self.assertEqual(action["type"], "ir.actions.act_url")
        self.assertEqual(action["url"], "https://app.example.com/alerts")
        self.assertEqual(action["target"], "new")
        self.assertIn('action="action_open_at_eim"', self.env["extensiv.alert"].get_view(view_type="list")["arch"])

    def test_orders_in_error_where_the_route_does_not_answer(self):
        self.add_orders(
            {
                "cust_ref": "BAD-1",
                "order_source": "Shopify",
                "order_status": "error",
                "error_code": "Address",
                "error_msg": "No such city",
                "items": [{"item": "TEE-1", "quantity": "1", "price": "1"}],
            }
        )
        self.without_route()
        run = self.fetch()
        alert = self.alerts()
        self.assertTrue(alert.is_order)
        self.assertEqual(alert.cust_ref, "BAD-1")
        self.assertEqual(alert.subject, "Address")
        self.assertIn("No such city", alert.message)
        self.assertIn("does not answer", run.message)
        self.assertEqual(self.account.alerts_source, "orders")
        with self.assertRaisesRegex(UserError, "mend the order"):
            alert.action_dismiss_at_eim()

    def test_alerts_known_from_before_stay_while_the_route_does_not_answer(self):
        self.raise_alert(subject="Cart access")
        self.fetch()
        self.without_route()
        self.fetch()
        self.assertEqual(self.alerts().subject, "Cart access")

    def test_a_manager_has_eim_dismiss_it(self):
        self.raise_alert(subject="Cart access")
        self.raise_alert(subject="Inventory feed")
        self.fetch()
        with self.flows():
            self.alerts().action_dismiss_at_eim()
        self.assertFalse(self.alerts())
        self.assertFalse(self.sandbox.store.alerts)

    def test_eims_refusal_to_dismiss_is_said_and_the_alert_stays(self):
        self.raise_alert(subject="Cart access")
        self.fetch()
        self.fault(route="dismiss_alerts", **NO_ROUTE)
        with self.assertRaises(UserError), self.flows():
            self.alerts().action_dismiss_at_eim()
        self.assertEqual(len(self.alerts()), 1)

    def test_dismissing_at_eim_is_for_managers(self):
        self.raise_alert(subject="Cart access")
        self.fetch()
        user = new_test_user(self.env, login="alerts_user", groups="base.group_user,extensiv_connector.group_user")
        with self.assertRaisesRegex(UserError, "manager"):
            self.alerts().with_user(user).action_dismiss_at_eim()

    def test_fetched_every_30_minutes_for_connected_accounts(self):
        cron = self.env.ref("extensiv_connector.ir_cron_fetch_alerts")
        self.assertEqual(cron.interval_number, 30)
        self.assertEqual(cron.interval_type, "minutes")
        self.assertEqual(cron.active, True)
        self.raise_alert(subject="Cart access")
        with self.flows():
            self.env["extensiv.account"]._cron_fetch_alerts()
        self.assertTrue(self.alerts())
        self.account.action_disconnect()
        self.assertFalse(cron.active)

    def test_trouble_is_an_error_of_ours_and_closes_no_alert(self):
        self.raise_alert(subject="Cart access")
        self.fetch()
        self.fault(route="list_alerts", kind="500", count=3)
        self.assertEqual(self.fetch().state, "failed")
        self.assertEqual(len(self.alerts()), 1)
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertEqual(error.flow, "connection")
        self.assertEqual(error.key, "alerts")
        self.assertEqual(error.category, "transient")
        self.fetch()
        self.assertEqual(error.state, "resolved")

"""Which of EIM's paths answer: found by the flows, kept on the account, forgotten when they answer no more."""

from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows.batch_acknowledging import KEY, STEP
from ..flows.order_pull import OrderPull
from .test_acknowledging import BATCH, BATCH_PATH, AcknowledgingCase


@tagged("post_install", "-at_install")
class TestAnsweredRoutes(AcknowledgingCase):
    """Acknowledging by one order's path, and where EIM has no such path."""

    def setUp(self):
        super().setUp()
        self.account.acknowledge_batches = False

    def told_by(self):
        """Return the paths by which orders were acknowledged in the last pass."""
        return [
            call["path"].removeprefix("/v1/")
            for call in list(self.sandbox.sandbox.calls)[self.seen :]
            if call["method"] == "POST"
        ]

    def test_the_path_that_works_is_remembered(self):
        self.receive(2)
        self.pull_only()
        self.assertEqual(self.account.answered_routes, {"acknowledge": "merchant/orders/update/{cust_ref}"})
        self.assertEqual(self.asked(), ["acknowledge"] * 2)

    def test_a_second_pass_that_learns_nothing_writes_nothing(self):
        self.receive(1)
        self.pull_only()
        self.receive(1, "B")
        with patch.object(type(self.account), "_remember_routes") as remember:
            self.pull_only()
        self.assertTold()
        self.assertFalse(remember.called)

    def test_where_it_is_not_found_the_batch_form_tells_each_order_and_is_remembered(self):
        for how in ("404", "gateway_403"):
            with self.subTest(how=how):
                self.sandbox.sandbox.reset(**self.sandbox_options)
                self.account.answered_routes = False
                self.settings(unknown_paths=how)
                self.without_path()
                self.receive(4, how)
                self.pull_only()
                self.assertTold()
                self.assertFalse(self.errors())
                self.assertEqual(self.account.answered_routes["acknowledge"], BATCH_PATH)
                self.receive(2, f"{how}-later")
                self.pull_only()
                self.assertEqual(self.told_by(), [BATCH_PATH] * 2)
                self.assertTold()

    def test_what_is_told_in_the_batch_form_goes_back_to_its_path_where_that_is_gone(self):
        self.without_path()
        self.receive(1)
        self.pull_only()
        self.sandbox.sandbox.api.off.clear()
        self.settings(order_batches="404")
        self.receive(2, "B")
        self.pull_only()
        self.assertTold()
        self.assertEqual(self.account.answered_routes["acknowledge"], "merchant/orders/update/{cust_ref}")

    def test_a_deleted_order_flips_nothing(self):
        self.receive(3)
        receive = OrderPull.receive

        def receive_then_delete(run):
            again = receive(run)
            self.sandbox.store._leave(self.sandbox.store.orders.pop("A-1"))
            return again

        self.fault(route="acknowledge", kind="404", match="A-1")
        with patch.object(OrderPull, "receive", receive_then_delete):
            self.pull_only()
        self.assertNotIn(BATCH_PATH, self.told_by())
        self.assertEqual(self.errors().mapped("key"), ["A-1"])
        self.assertEqual(self.account.answered_routes, {"acknowledge": "merchant/orders/update/{cust_ref}"})

    def test_an_html_403_for_one_order_flips_nothing(self):
        self.receive(3)
        self.fault(route="acknowledge", kind="gateway_403", match="A-0")
        self.pull_only()
        self.assertTold()
        self.receive(2, "B")
        self.fault(route="acknowledge", kind="gateway_403", match="B-0")
        self.pull_only()
        self.assertEqual(self.errors().mapped("key"), ["B-0"])
        self.assertEqual(self.account.answered_routes, {"acknowledge": "merchant/orders/update/{cust_ref}"})

    def test_what_another_pass_learned_meanwhile_stays(self):
        self.receive(1)
        receive = OrderPull.receive

        def receive_while_another_learns(run):
            again = receive(run)
            self.account._remember_routes({"list_alerts": "merchant/alerts"})
            self.account.flush_recordset()
            return again

        with patch.object(OrderPull, "receive", receive_while_another_learns):
            self.pull_only()
        self.assertEqual(
            self.account.answered_routes,
            {"acknowledge": "merchant/orders/update/{cust_ref}", "list_alerts": "merchant/alerts"},
        )

    def test_another_account_of_eims_shows_anew_what_answers_and_what_a_batch_does(self):
        self.account.acknowledge_batches = True
        for field, value in (
            ("api_user", "another"),
            ("base_url", "https://two.cartrover.com"),
            ("merchant_pk", "77"),
        ):
            with self.subTest(field=field):
                self.account.answered_routes = {BATCH: BATCH_PATH, "list_alerts": "merchant/alerts"}
                self.account.acknowledge_batches_since = fields.Datetime.now()
                failure = {"category": "settings", "message": "EIM does not take it"}
                self.env["extensiv.error"]._report(self.account, "orders", {KEY: failure}, STEP)
                self.account.api_key = f"for {field}"
                self.assertIn(BATCH, self.account.answered_routes, "another key is of the same account")
                self.account[field] = value
                self.assertFalse(self.account.answered_routes)
                self.assertFalse(self.account.acknowledge_batches_since)
                self.assertFalse(self.errors())

    def test_a_pass_of_another_account_of_eims_keeps_nothing_of_it(self):
        self.account.acknowledge_batches = True
        self.receive(2)
        receive = OrderPull.receive

        def receive_while_another_is_entered(run):
            again = receive(run)
            self.account.api_user = "another"
            self.account.state = "connected"
            self.account.flush_recordset()
            return again

        with patch.object(OrderPull, "receive", receive_while_another_is_entered):
            self.pull_only()
        self.assertTold()
        self.assertFalse(self.account.answered_routes)
        self.assertFalse(self.account.acknowledge_batches_since)

    def test_a_pass_that_fails_remembers_what_it_learned_too(self):
        self.receive(2)
        self.fault(route="acknowledge", kind="500", match="A-1", count=1)
        self.assertEqual(self.pull_only().state, "failed")
        self.assertIn("acknowledge", self.account.answered_routes)

    def test_a_path_that_answers_no_more_is_forgotten(self):
        self.sandbox.sandbox.api.paths["list_alerts"] = "merchant/alerts"
        with self.flows():
            self.account.action_fetch_alerts()
        self.assertEqual(self.account.answered_routes["list_alerts"], "merchant/alerts")
        self.sandbox.sandbox.api.paths["list_alerts"] = "merchant/alert/list"
        with self.flows():
            self.account.action_fetch_alerts()
        self.assertEqual(self.account.answered_routes["list_alerts"], "merchant/alert/list")
        self.without_path("list_alerts")
        with self.flows():
            self.account.action_fetch_alerts()
        self.assertFalse(self.account.answered_routes)
        self.assertEqual(self.account.alerts_source, "orders")

    def test_alerts_are_dismissed_by_the_noun_that_lists_them(self):
        api = self.sandbox.sandbox.api
        api.paths.update(list_alerts="merchant/alerts/list", dismiss_alerts="merchant/alerts/dismiss")
        self.sandbox.store.add_alert({"subject": "Cart access"})
        with self.flows():
            self.account.action_fetch_alerts()
        self.seen = len(self.calls())
        with self.flows():
            self.env["extensiv.alert"].search([("account_id", "=", self.account.id)]).action_dismiss_at_eim()
        self.assertEqual(self.calls()[self.seen :], ["dismiss_alerts"])
        self.assertFalse(self.sandbox.store.alerts)

    def test_locations_are_found_at_each_candidate(self):
        for path in ("merchant/warehouse", "wms/warehouse/list"):
            self.sandbox.sandbox.api.paths["list_locations"] = path
            self.sandbox.sandbox.api.unknown_paths = "gateway_403"
            self.account.action_disconnect()
            self.connect()
            self.assertEqual(self.account.answered_routes["list_locations"], path)
            self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.location_ids.mapped("name"), list(self.sandbox.store.levels.locations))
        self.assertTrue(all(self.account.location_ids.mapped("remote_pk")))
        self.assertLess(self.account.import_from, fields.Datetime.now())

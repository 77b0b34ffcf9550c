from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..flows import confirm_batch, retention, schedule
from ..flows.eim_pages import page_url
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "10.00"}


@tagged("post_install", "-at_install")
class TestSettings(ConnectorCase):
    def save(self, **values):
        self.env["res.config.settings"].create(values).execute()

    def get(self, name):
        return self.env["ir.config_parameter"].get_param(f"extensiv_connector.{name}")

    def test_links_lead_to_the_pages_that_are_entered(self):
        self.save(extensiv_eim_address="https://eim.example.com", extensiv_page_orders="/merchant/orders ")
        self.assertEqual(page_url(self.env, "orders"), "https://eim.example.com/merchant/orders")
        self.assertEqual(page_url(self.env, "carts"), "https://eim.example.com")
        self.save(extensiv_eim_address=False, extensiv_page_orders=False)
        self.assertEqual(page_url(self.env, "orders"), "https://app.cartrover.com")

    def test_what_is_no_address_no_path_and_no_host_is_refused_in_words(self):
        for words, values in (
            ("begins with https://", {"extensiv_eim_address": "http://eim.example.com"}),
            ("begins with https://", {"extensiv_eim_address": "https://user:word@eim.example.com"}),
            ("Page: Carts is the path", {"extensiv_page_carts": "https://elsewhere.example"}),
            ("Page: Carts is the path", {"extensiv_page_carts": "//elsewhere.example"}),
            ("https://a.example is no name of a host", {"extensiv_api_hosts": "b.example, https://a.example"}),
            ("a.example/x is no name of a host", {"extensiv_share_hosts": "a.example/x"}),
            ("Runs are kept for a number of days", {"extensiv_run_days": 0}),
            ("Calls are kept for a number of days", {"extensiv_call_days": -3}),
        ):
            with self.subTest(values), self.assertRaisesRegex(ValidationError, words):
                self.save(**values)

    def test_a_parameter_written_by_another_way_keeps_no_settings_from_being_saved(self):
        parameters = self.env["ir.config_parameter"]
        parameters.set_param("extensiv_connector.api_hosts", "https://a.example/")
        parameters.set_param("extensiv_connector.run_days", "ever")
        self.save(extensiv_call_days=9)
        self.assertEqual(retention.get_days(self.env, "calls"), 9)
        self.assertEqual(retention.get_days(self.env, "runs"), 30)

    def test_records_are_kept_as_long_as_the_settings_say(self):
        self.save(extensiv_run_days=5)
        old, young = self.env["extensiv.run"].create(
            [
                {
                    "account_id": self.account.id,
                    "flow": "orders",
                    "state": "done",
                    "started_at": fields.Datetime.now() - timedelta(days=days),
                }
                for days in (6, 4)
            ]
        )
        self.env["extensiv.run"]._gc_runs()
        self.assertEqual((old + young).exists(), young)

    def test_confirming_line_by_line_is_switched_on_and_off(self):
        self.assertTrue(confirm_batch.is_switched_on(self.env))
        self.save(extensiv_one_by_one=True)
        self.assertFalse(confirm_batch.is_switched_on(self.env))
        self.save()
        self.assertFalse(confirm_batch.is_switched_on(self.env), "other settings leave it as it is")
        self.save(extensiv_one_by_one=False)
        self.assertFalse(self.get("confirm_batch"))

    def test_the_page_opens_with_what_counts(self):
        with Form(self.env["res.config.settings"]) as form:
            self.assertEqual(form.extensiv_failed_days, 180)
            self.assertEqual(form.extensiv_account_count, self.env["extensiv.account"].search_count([]))


@tagged("post_install", "-at_install")
class TestDialogs(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.others = self.env["extensiv.account"].search([("id", "!=", self.account.id)])
        self.others.write({"active": False})

    def second(self):
        return self.account.copy({"name": "Second"})

    def test_the_only_account_is_chosen_and_of_several_a_person_chooses(self):
        for name in ("extensiv.fetch", "extensiv.diagnosis", "extensiv.compare"):
            with self.subTest(name):
                self.assertEqual(Form(self.env[name]).account_id, self.account)
        self.second().state = "connected"
        for name, action in (
            ("extensiv.fetch", "action_fetch"),
            ("extensiv.fetch", "action_preview"),
            ("extensiv.diagnosis", "action_diagnose"),
            ("extensiv.diagnosis", "action_open_routes"),
            ("extensiv.compare", "action_read"),
        ):
            with self.subTest(name, action=action):
                dialog = Form(self.env[name]).save()
                self.assertFalse(dialog.account_id or dialog.missing)
                with self.assertRaisesRegex(UserError, "Choose the account first"):
                    getattr(dialog, action)()

    def test_the_diagnosis_prefers_the_only_connected_account(self):
        self.second()
        self.assertEqual(Form(self.env["extensiv.diagnosis"]).account_id, self.account)

    def test_what_is_missing_is_said_before_anything_is_pressed(self):
        self.account.state = "draft"
        self.assertIn("press Connect", Form(self.env["extensiv.fetch"]).missing)
        self.assertEqual(Form(self.env["extensiv.diagnosis"]).account_id, self.account, "a draft is examined, too")
        self.account.active = False
        for name in ("extensiv.fetch", "extensiv.diagnosis", "extensiv.compare"):
            with self.subTest(name):
                self.assertIn("no account yet", Form(self.env[name]).missing)

    def test_missing_dates_are_asked_for_in_words(self):
        for values, words in (
            ({"date_from": False}, "both dates"),
            ({"date_from": "2024-02-02", "date_to": "2024-02-01"}, "after the one under From"),
        ):
            dialog = self.env["extensiv.fetch"].create({"mode": "dates", **values})
            with self.subTest(values), self.assertRaisesRegex(UserError, words):
                dialog.action_fetch()


@tagged("post_install", "-at_install")
class TestRunsAndTransfers(ConnectorCase):
    def test_what_is_imported_beside_the_pull_has_a_run_of_its_own(self):
        self.connect()
        self.account.pull_orders = True
        self.add_orders(*({"cust_ref": ref, "order_source": "Shopify", "items": [dict(LINE)]} for ref in "AB"))
        self.pull()
        orders = self.inbox("A") + self.inbox("B")
        before = self.env["extensiv.run"].search([("flow", "=", "orders")])
        orders.sale_order_id._action_cancel()
        orders.write({"sale_order_id": False, "state": "received"})
        with self.flows():
            schedule.import_beside(self.env)
            schedule.import_beside(self.env)
        self.env.invalidate_all()
        run = self.env["extensiv.run"].search([("flow", "=", "import")])
        self.assertEqual(len(run), 1, "a turn that imported nothing leaves none")
        self.assertEqual(run.done_count + run.failed_count, 2)
        self.assertEqual(self.env["extensiv.run"].search([("flow", "=", "orders")]), before, "it is no pass")

    def test_a_person_of_the_warehouse_finds_transfers_from_eim(self):
        self.connect()
        self.add_orders({"cust_ref": "A", "order_source": "Shopify", "items": [dict(LINE)]})
        self.pull()
        picking = self.inbox("A").sale_order_id.picking_ids
        person = new_test_user(self.env, "packer", "base.group_user,stock.group_stock_user")
        Picking = self.env["stock.picking"].with_user(person)
        search = self.env.ref("stock.view_picking_internal_search")
        views = Picking.get_views([(search.id, "search"), (False, "list")])
        self.assertNotIn('extensiv_cart_id" optional', views["views"]["list"]["arch"])
        self.assertIn('name="extensiv_shipment_shown"', views["views"]["list"]["arch"])
        self.assertIn(picking, Picking.search([("extensiv_cart_id", "!=", False)]))
        self.assertNotIn(picking, Picking.search([("extensiv_shipment_state", "=", "sent")]))
        groups = Picking._read_group([("id", "in", picking.ids)], ["extensiv_shipment_state"], ["__count"])
        self.assertEqual(len(groups), 1)

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged

from ..flows.runner import Result
from .browser_common import BrowserMixin
from .common import ConnectorCase


def orders(count):
    """Return so many orders of EIM's, each with its product."""
    return [
        {"cust_ref": f"W-{number}", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]}
        for number in range(count)
    ]


@tagged("post_install", "-at_install")
class TestWork(ConnectorCase):
    """Who pressed a button, or watches, is told how far it is, what is left and where to see it."""

    def setUp(self):
        super().setUp()
        self.connect()

    def progress(self):
        self.env.invalidate_all()
        return self.account.get_progress()

    def run_of(self, state, minutes=0, flow="orders"):
        return self.env["extensiv.run"].create(
            {
                "account_id": self.account.id,
                "flow": flow,
                "state": state,
                "started_at": fields.Datetime.now() - timedelta(minutes=minutes),
            }
        )

    def receive(self, count, state):
        self.env["extensiv.order"].create(
            [
                {"account_id": self.account.id, "cust_ref": f"{state}-{number}", "order_number": "1", "state": state}
                for number in range(count)
            ]
        )

    def test_nothing_is_going_on(self):
        self.assertEqual(self.progress(), [])
        self.run_of("done")
        self.receive(2, "received")
        self.assertEqual(self.progress(), [])

    def test_what_a_pass_did_and_has_left_is_counted_since_the_work_began(self):
        self.account.pull_orders = True
        self.run_of("done", minutes=9)
        self.run_of("partial", minutes=3)
        self.run_of("running", minutes=1)
        self.receive(3, "received")
        self.receive(1, "imported")
        self.env.cr.execute("UPDATE extensiv_order SET create_date = now() AT TIME ZONE 'UTC' - interval '2 minutes'")
        self.receive(1, "failed")
        self.env.cr.execute(
            "INSERT INTO extensiv_order (account_id, company_id, cust_ref, order_number, state, create_date) "
            "VALUES (%s, %s, 'OLD', '1', 'imported', now() AT TIME ZONE 'UTC' - interval '1 day')",
            [self.account.id, self.company.id],
        )
        [work] = self.progress()
        self.assertEqual((work["done"], work["left"]), (2, 3))
        self.assertEqual(work["said"], "2 of 5 orders dealt with.")

    def test_what_was_left_goes_on_only_where_it_runs_by_itself(self):
        self.run_of("partial")
        self.receive(1, "received")
        self.assertEqual(self.progress(), [])
        self.account.pull_orders = True
        [work] = self.progress()
        self.assertIn("goes on in a moment", work["said"])

    def test_a_pass_that_died_is_not_shown_for_ever(self):
        self.run_of("running", minutes=11)
        self.assertEqual(self.progress(), [])

    def test_levels_and_shipments_are_counted_too(self):
        self.account.write({"push_inventory": True, "push_shipments": True})
        for flow in ("inventory", "shipments"):
            self.run_of("running", flow=flow)
        self.assertEqual({work["flow"]: work["left"] for work in self.progress()}, {"inventory": 0, "shipments": 0})

    def test_the_forms_button_leaves_the_page_free_and_any_other_call_does_the_work(self):
        self.add_orders(*orders(1))
        with self.flows():
            begun = self.account.with_context(shows_progress=True).action_pull_orders()
            self.assertEqual(begun["tag"], "extensiv_work")
            self.assertFalse(self.inbox("W-0"))
            done = getattr(self.account, begun["params"]["method"])()
        self.assertIn("1 order was imported", done["params"]["message"])
        self.assertEqual(done["params"]["links"], [])

    def test_what_is_left_at_eim_is_said_with_the_reason_and_a_link(self):
        self.add_orders(
            {"cust_ref": "OLD", "created_date_time": "2001-01-01T10:00:00+00:00", "order_date": "2001-01-01"},
            {"cust_ref": "HELD", "on_hold": "Y"},
        )
        self.account.import_from = "2000-01-01"
        with self.flows():
            params = self.account.action_pull_orders()["params"]
        self.assertIn("1 order was left at EIM. Left there: 1 on hold there.", params["message"])
        self.assertEqual([link["label"] for link in params["links"]], ["Orders Left at EIM"])
        self.assertTrue(params["message"].endswith("\n%s"))
        self.env.invalidate_all()
        self.assertEqual(json.loads(self.account.dashboard)["left"], 1)

    def test_what_goes_on_in_the_background_says_where_to_watch_it(self):
        self.account.pull_orders = True
        self.patch(type(self.account), "_run_pass", lambda *_args: Result("partial", "126 acknowledged.", 0))
        params = self.account.action_pull_orders()["params"]
        self.assertIn("The rest goes on in the background", params["message"])
        self.assertEqual(
            params["links"],
            [
                {
                    "url": f"/odoo/{self.account.id}/action-extensiv_connector.extensiv_account_runs_action",
                    "label": "Watch it under Runs",
                }
            ],
        )

    def pressed(self, result, left=0):
        self.account.pull_orders = True
        self.receive(left, "received")
        self.patch(type(self.account), "_run_pass", lambda *_args: result)
        return self.account.action_pull_orders()["params"]

    def test_what_goes_on_by_itself_is_no_warning_and_says_how_much_is_left(self):
        params = self.pressed(Result("partial", "126 orders were acknowledged.", 0), left=3)
        self.assertEqual(params["type"], "info")
        self.assertIn("The rest goes on in the background, 3 left now", params["message"])

    def test_what_failed_meanwhile_is_a_warning(self):
        self.assertEqual(self.pressed(Result("partial", "1 failed.", 0, failed=1))["type"], "warning")

    def test_who_presses_second_is_told_where_to_watch_the_first(self):
        params = self.pressed(Result("partial", "Already at work elsewhere.", is_busy=True))
        self.assertEqual(params["type"], "info")
        self.assertEqual([link["label"] for link in params["links"]], ["Watch it under Runs"])

    def test_every_long_button_is_pressed_by_the_browser_where_the_view_says_so(self):
        self.receive(2, "failed")
        orders = self.account.env["extensiv.order"].search([("account_id", "=", self.account.id)])
        error = self.env["extensiv.error"].search([], limit=1) or self.env["extensiv.error"].create(
            {"account_id": self.account.id, "flow": "orders", "key": "A", "message": "A", "category": "data"}
        )
        unknown = self.env["extensiv.unknown.order"].create(
            {"account_id": self.account.id, "cust_ref": "A", "order_number": "A", "state": "old"}
        )
        pressed = [
            (self.account, "action_push_everything", "action_push_inventory"),
            (self.account, "action_audit", "action_audit"),
            (self.account, "action_create_missing_products", "action_create_missing_products"),
            (orders, "action_import", "action_import"),
            (error, "action_retry", "action_retry"),
            (unknown, "action_import", "action_import"),
        ]
        for records, button, then in pressed:
            with self.subTest(model=records._name, button=button):
                params = getattr(records.with_context(shows_progress=True), button)()["params"]
                self.assertEqual(params, {"model": records._name, "ids": records.ids, "method": then})
        self.assertEqual(unknown.state, "old", "the second press decides")
        self.assertEqual(set(orders.mapped("state")), {"failed"})


@tagged("post_install", "-at_install")
class TestWorkInBrowser(BrowserMixin, HttpCase):
    """Many orders chosen from the list are imported while the page stays free, and the list is read anew."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_orders_are_imported_from_the_list(self):
        self.connect()
        self.add_orders(*orders(2))
        self.account.import_from = "2000-01-01"
        self.products.default_code = False
        with self.flows():
            self.account.action_pull_orders()
        self.products[0].default_code = "TEE-1"
        self.play(
            "/odoo/action-extensiv_connector.extensiv_order_all_action",
            """
                await see(".o_data_row", "Failed");
                await click(".o_list_view thead .o_list_record_selector input");
                await click(".o_control_panel button[name=action_import]");
                await see(".o_notification", "2 of 2 orders are imported.");
                await until("the list is read anew", () =>
                    [...document.querySelectorAll(".o_data_row")].every((row) => row.innerText.includes("Imported")));
            """,
            ready="!!document.querySelector('.o_list_view')",
        )
        imported = self.env["extensiv.order"].search([("account_id", "=", self.account.id)])
        self.assertEqual(set(imported.mapped("state")), {"imported"})

import json
from unittest.mock import patch

from psycopg2.errors import SerializationFailure

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..eim import wire
from ..flows.order_import import ImportBatch, OrderImport
from ..flows.order_inbox import Inbox
from ..flows.order_pull import OrderPull
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "2", "price": "19.99"}


@tagged("post_install", "-at_install")
class TestPull(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def add(self, *orders):
        self.add_orders(*({"items": [dict(LINE)], **order} for order in orders))

    def test_an_order_becomes_a_confirmed_sale_order_right_to_the_cent(self):
        self.add(
            {
                "cust_ref": "A-1",
                "cust_po_no": "1001",
                "order_source": "Shopify",
                "items": [
                    {**LINE, "discount": "2.00"},
                    {"item": "MUG-1", "quantity": 1, "price": "8.0000"},
                ],
                "sales_tax": "3.10",
                "shipping_handling": "4.95",
                "order_discount": "1.00",
            }
        )
        run = self.pull()
        order = self.inbox("A-1")
        sale = order.sale_order_id
        self.assertEqual(order.state, "imported")
        self.assertEqual(run.state, "done")
        self.assertEqual(run.done_count, 1)
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.name, f"{order.cart_id.prefix}1001")
        self.assertEqual(f"{sale.amount_total:.2f}", "51.03")
        self.assertEqual(f"{order.amount_total:.2f}", "51.03")
        self.assertEqual(sale.order_line.mapped("extensiv_sku"), ["TEE-1", "MUG-1", False, False, False])
        self.assertEqual(sale.extensiv_order_id, order)
        self.assertTrue(sale.picking_ids)

    def test_every_received_order_is_acknowledged(self):
        self.add(*({"cust_ref": f"B-{number}"} for number in range(23)))
        self.pull()
        orders = self.env["extensiv.order"].search([("cust_ref", "like", "B-")])
        self.assertEqual(len(orders.filtered("acknowledged_at")), 23)
        self.assertEqual({self.at_eim(ref)["order_status"] for ref in orders.mapped("cust_ref")}, {"at_wms"})

    def test_every_page_is_read_before_any_is_acknowledged(self):
        self.add(*({"cust_ref": f"C-{number}"} for number in range(205)))
        self.pull()
        calls = self.calls("list_orders", "acknowledge")
        self.assertEqual(calls[:3], ["list_orders"] * 3)
        self.assertEqual(self.env["extensiv.order"].search_count([("cust_ref", "=like", "C-%")]), 205)

    def test_an_unknown_sku_fails_with_a_reason_and_the_others_are_imported(self):
        unknown = {"item": "ABC-1", "price": "5", "quantity": "1"}
        self.add({"cust_ref": "D-1"}, {"cust_ref": "D-2", "items": [unknown]}, {"cust_ref": "D-3"})
        run = self.pull()
        failed = self.inbox("D-2")
        self.assertEqual(failed.state, "failed")
        self.assertIn("SKU ABC-1 is not an internal reference of any product", failed.message)
        self.assertEqual(run.state, "partial")
        self.assertEqual(run.done_count, 2)
        self.assertEqual(run.failed_count, 1)
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("key", "=", "D-2")])
        self.assertEqual(error.flow, "orders")
        self.assertEqual(error.category, "data")
        self.assertEqual(error.state, "open")
        self.assertEqual(error.action_open_document()["res_id"], failed.id)
        self.assertTrue(failed.acknowledged_at, "EIM must not offer it again: it is in our inbox")

    def test_retry_imports_once_the_cause_is_gone(self):
        self.add({"cust_ref": "E-1", "items": [{"item": "ABC-1", "price": "5", "quantity": "1"}]})
        self.pull()
        error = self.env["extensiv.error"].search([("key", "=", "E-1")])
        with self.flows():
            error.action_retry()
        self.assertEqual(self.inbox("E-1").state, "failed")
        self.assertEqual(error.state, "open")
        self.assertEqual(error.attempts, 2)
        self.env["product.product"].create({"name": "New", "default_code": "ABC-1"})
        with self.flows():
            error.action_retry()
        self.assertEqual(self.inbox("E-1").state, "imported")
        self.assertEqual(error.state, "resolved")

    def test_the_next_pass_imports_an_order_whose_sku_now_exists(self):
        self.add({"cust_ref": "E-2", "items": [{"item": "ABC-2", "price": "5", "quantity": "1"}]})
        self.pull()
        self.env["product.product"].create({"name": "New", "default_code": "ABC-2"})
        self.pull()
        self.assertEqual(self.inbox("E-2").state, "imported")

    def test_a_dismissed_error_stays_so_until_the_order_fails_anew(self):
        self.add({"cust_ref": "E-3", "items": [{"item": "ABC-3", "price": "5", "quantity": "1"}]})
        self.pull()
        error = self.env["extensiv.error"].search([("key", "=", "E-3")])
        error.action_dismiss()
        self.pull()
        self.assertEqual(self.env["extensiv.error"].search([("key", "=", "E-3")]).mapped("state"), ["dismissed"])
        with self.flows():
            self.inbox("E-3").action_import()
        self.assertEqual(
            sorted(self.env["extensiv.error"].search([("key", "=", "E-3")]).mapped("state")), ["dismissed", "open"]
        )

    def test_a_second_sight_writes_nothing_and_is_acknowledged_again(self):
        self.add({"cust_ref": "F-1"})
        self.pull()
        order = self.inbox("F-1")
        before = (order.write_date, order.sale_order_id.write_date)
        self.change_order("F-1", order_status="new", grand_total="1.00")
        self.pull()
        self.assertEqual(len(self.inbox("F-1")), 1)
        self.assertEqual((order.write_date, order.sale_order_id.write_date), before)
        self.assertEqual(self.at_eim("F-1")["order_status"], "at_wms")

    def test_orders_that_eim_lists_again_come_after_the_new_ones(self):
        self.add({"cust_ref": "F-2"})
        self.pull()
        self.change_order("F-2", order_status="new")
        self.add({"cust_ref": "F-3"})
        self.fault(route="acknowledge", kind="500", match="F-2")
        self.pull()
        self.assertEqual(self.at_eim("F-2")["order_status"], "new")
        self.assertEqual(self.inbox("F-3").state, "imported")
        self.assertTrue(self.inbox("F-3").acknowledged_at)
        error = self.env["extensiv.error"].search(
            [("key", "=", "F-2"), ("step", "=", "acknowledge"), ("state", "=", "open")]
        )
        self.assertTrue(error, "not in silence")
        error.next_try = fields.Datetime.now()
        self.pull()
        self.assertEqual(error.state, "resolved")
        told = [call["path"].rsplit("/")[-1] for call in self.sandbox.sandbox.calls if call["route"] == "acknowledge"]
        self.assertEqual(told, ["F-2", "F-3", "F-2", "F-2"])

    def test_held_and_stopped_and_old_orders_are_left_alone(self):
        self.account.import_from = "2024-01-01"
        self.add(
            {"cust_ref": "G-1", "on_hold": "Y"},
            {"cust_ref": "G-2", "sending_canceled": "Y"},
            {"cust_ref": "G-3", "order_date": "2023-12-31", "created_date_time": "2023-12-31T10:00:00+00:00"},
        )
        self.pull()
        self.assertFalse(self.env["extensiv.order"].search([("cust_ref", "=like", "G-%")]))
        self.assertEqual({self.at_eim(ref)["order_status"] for ref in ("G-1", "G-2", "G-3")}, {"new"})
        self.change_order("G-1", on_hold="N")
        self.pull()
        self.assertEqual(self.inbox("G-1").state, "imported")

    def test_orders_of_an_archived_cart_stay_in_eim(self):
        self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify").active = False
        self.add({"cust_ref": "G-4", "order_source": "Shopify"})
        self.pull()
        self.assertFalse(self.inbox("G-4"))

    def test_a_source_met_for_the_first_time_becomes_a_cart(self):
        self.add({"cust_ref": "H-1", "order_source": "Shopify_Outlet"})
        self.pull()
        cart = self.inbox("H-1").cart_id
        self.assertEqual(cart.order_source, "Shopify_Outlet")
        self.assertEqual(cart.prefix, "SHO:", "the two letters are taken by Shopify")

    def test_importing_notifies_nobody(self):
        mails = self.env["mail.mail"].search_count([])
        notifications = self.env["mail.notification"].search_count([])
        self.add({"cust_ref": "I-1"})
        self.pull()
        self.assertEqual(self.env["mail.mail"].search_count([]), mails)
        self.assertEqual(self.env["mail.notification"].search_count([]), notifications)

    def test_the_order_date_is_the_buyers_also_after_confirming(self):
        self.add({"cust_ref": "I-2", "order_date": "2025-03-04T05:06:07+00:00"})
        self.pull()
        sale = self.inbox("I-2").sale_order_id
        self.assertEqual(sale.state, "sale")
        self.assertEqual(str(sale.date_order), "2025-03-04 05:06:07")

    def test_an_address_or_a_date_that_cannot_be_read_is_told_and_holds_no_order_up(self):
        self.add({"cust_ref": "I-4", "cust_phone": ["555"], "ship_city": {"a": 1}, "requested_ship_date": "ASAP"})
        self.pull()
        sale = self.inbox("I-4").sale_order_id
        self.assertEqual(sale.state, "sale")
        for told in ("cust_phone is not text", "ship_city is not text", "requested_ship_date is not a date (ASAP)"):
            self.assertIn(told, sale.extensiv_message)

    def test_policy_draft_leaves_quotations(self):
        self.account.order_policy = "draft"
        self.add({"cust_ref": "I-3"})
        self.pull()
        self.assertEqual(self.inbox("I-3").sale_order_id.state, "draft")

    def test_a_wrong_total_stays_a_quotation_and_says_both(self):
        self.add({"cust_ref": "J-1", "grand_total": "99.00"})
        self.pull()
        sale = self.inbox("J-1").sale_order_id
        self.assertEqual(sale.state, "draft")
        self.assertIn("39.98", sale.extensiv_message)
        self.assertIn("99.00", sale.extensiv_message)

    def test_payment_secrets_are_nowhere_in_the_inbox(self):
        self.add({"cust_ref": "K-1", "credit_card_no": "4111111111111111", "cvv": "737", "nested": {"cvv2": "999"}})
        self.pull()
        order = self.inbox("K-1")
        for secret in ("4111111111111111", "737", "999", "cvv"):
            self.assertNotIn(secret, order.payload)
            self.assertNotIn(secret, order.payload_readable)

    def test_what_eim_sent_is_shown_as_text_never_as_html(self):
        self.add({"cust_ref": "K-2", "cust_first_name": "<script>alert(1)</script>", "gift_message": "<b>hi</b>"})
        self.pull()
        self.assertNotIn("<script>", self.inbox("K-2").summary)
        self.assertIn("&lt;script&gt;", self.inbox("K-2").summary)

    def test_a_batch_that_fails_is_split_until_the_failing_order_stands_alone(self):
        self.add(*({"cust_ref": f"L-{number}", "cust_po_no": f"L{number}"} for number in range(8)))
        Sale = type(self.env["sale.order"])
        original, reason = Sale.action_confirm, "No route for this one."

        def confirm(sales):
            if any(sale.extensiv_cust_ref == "L-5" for sale in sales):
                raise UserError(reason)
            return original(sales)

        with patch.object(Sale, "action_confirm", confirm):
            run = self.pull()
        self.assertEqual(run.done_count, 7)
        self.assertEqual(run.failed_count, 1)
        self.assertIn(reason, self.inbox("L-5").message)
        self.assertFalse(self.env["sale.order"].search([("extensiv_cust_ref", "=", "L-5")]))

    def test_a_serialization_failure_repeats_the_whole_batch(self):
        self.add({"cust_ref": "M-1"}, {"cust_ref": "M-2"})
        original, tries = ImportBatch.create_sale_orders, []

        def create(batch, drafts):
            original(batch, drafts)
            tries.append(len(drafts))
            if len(tries) < 3:
                raise SerializationFailure("could not serialize access")

        with (
            patch.object(ImportBatch, "create_sale_orders", create),
            patch("odoo.addons.extensiv_connector.flows.runner.time.sleep"),
        ):
            self.pull()
        self.assertEqual(tries, [2, 2, 2])
        self.assertEqual(self.env["sale.order"].search_count([("extensiv_cust_ref", "in", ["M-1", "M-2"])]), 2)

    def test_a_person_who_retries_an_order_that_the_pass_takes_up_ends_no_pass(self):
        self.add({"cust_ref": "M-4", "items": [{"item": "LATER", "quantity": "1", "price": "1.00"}]})
        self.pull()
        self.env["product.product"].create({"name": "Later", "default_code": "LATER"})
        Order = type(self.env["extensiv.order"])
        original, tries = Order.write, []

        def write(orders, vals):
            if vals == {"state": "received"}:
                tries.append(orders)
                if len(tries) == 1:
                    raise SerializationFailure("could not serialize access due to concurrent update")
            return original(orders, vals)

        with (
            patch.object(Order, "write", write),
            patch("odoo.addons.extensiv_connector.flows.runner.time.sleep"),
        ):
            run = self.pull()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.inbox("M-4").state, "imported")

    @mute_logger("odoo.addons.extensiv_connector.flows.order_refusal")
    def test_an_error_of_ours_is_logged_without_its_text_and_said_without_a_traceback(self):
        self.add({"cust_ref": "M-3"})
        Order = type(self.env["extensiv.order"])
        with (
            patch.object(Order, "_prepare_lines_vals", side_effect=KeyError("Jane Doe, 1 Secret Street")),
            self.assertLogs("odoo.addons.extensiv_connector.flows.order_refusal", "ERROR") as logs,
        ):
            self.pull()
        self.assertEqual(self.inbox("M-3").state, "failed")
        self.assertIn("KeyError", self.inbox("M-3").message)
        self.assertNotIn("Secret Street", self.inbox("M-3").message + "".join(logs.output))

    def test_a_field_that_another_app_requires_is_named(self):
        self.env.cr.execute("ALTER TABLE sale_order ADD x_colour varchar")
        self.env.cr.execute("UPDATE sale_order SET x_colour = ''")
        self.env.cr.execute("ALTER TABLE sale_order ALTER x_colour SET NOT NULL")
        self.add({"cust_ref": "I-1"})
        with self.assertLogs("odoo.sql_db", "ERROR"):
            self.pull()
        self.assertIn("requires the field x_colour of sale_order", self.inbox("I-1").message)

    def test_transient_trouble_ends_the_pass_and_the_next_one_goes_on(self):
        self.add({"cust_ref": "N-1"})
        self.fault(route="list_orders", kind="500", count=3)
        run = self.pull()
        self.assertEqual(run.state, "failed")
        error = self.env["extensiv.error"].search([("flow", "=", "connection"), ("account_id", "=", self.account.id)])
        self.assertEqual(error.category, "transient")
        self.assertEqual(error.state, "open")
        self.assertTrue(error.next_try)
        self.pull()
        self.assertEqual(self.inbox("N-1").state, "imported")
        self.assertEqual(error.state, "resolved")

    def test_what_was_received_is_imported_though_eim_then_fails(self):
        for number, trouble in enumerate([{"route": "acknowledge"}, {"route": "list_orders", "match": "/canceled"}]):
            with self.subTest(**trouble):
                self.add({"cust_ref": f"N-2{number}"})
                self.fault(kind="500", count=3, **trouble)
                run = self.pull()
                self.assertEqual(run.state, "failed")
                self.assertEqual(run.done_count, 1)
                self.assertEqual(self.inbox(f"N-2{number}").state, "imported")
                self.sandbox.faults.clear()

    def test_a_lost_answer_to_an_acknowledgement_is_repeated_by_the_next_pass(self):
        self.add({"cust_ref": "O-1"}, {"cust_ref": "O-2"})
        self.fault(route="acknowledge", kind="lose_answer", count=1)
        self.pull()
        orders = self.inbox("O-1") + self.inbox("O-2")
        self.assertFalse(all(orders.mapped("acknowledged_at")))
        self.pull()
        self.assertTrue(all(orders.mapped("acknowledged_at")))
        self.assertEqual(orders.mapped("state"), ["imported"] * 2)
        self.assertFalse(
            self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        )

    def test_an_acknowledgement_that_fails_again_waits_for_its_time_and_holds_up_no_other(self):
        self.add({"cust_ref": "O-4"}, {"cust_ref": "O-5"})
        self.fault(route="acknowledge", kind="500", count=2)
        for _pass in range(2):
            self.assertEqual(self.pull().state, "failed")
        self.pull()
        self.assertFalse(self.inbox("O-4").acknowledged_at)
        self.assertTrue(self.inbox("O-5").acknowledged_at)
        self.env["extensiv.error"].search(
            [("key", "=", "O-4"), ("step", "=", "acknowledge")]
        ).next_try = fields.Datetime.now()
        self.pull()
        self.assertTrue(self.inbox("O-4").acknowledged_at)

    def test_an_order_eim_no_longer_calls_new_counts_as_acknowledged(self):
        self.add({"cust_ref": "O-3"})
        self.fault(route="acknowledge", kind="failure", message="Order is past that.")
        receive = OrderPull.receive

        def receive_then_ship(run):
            again = receive(run)
            self.change_order("O-3", order_status="shipped")
            return again

        with patch.object(OrderPull, "receive", receive_then_ship):
            self.pull()
        self.assertTrue(self.inbox("O-3").acknowledged_at)

    def test_rate_limit_is_a_pause_and_no_error(self):
        self.add({"cust_ref": "P-1"})
        self.fault(route="list_orders", kind="rate_limit", count=20)
        run = self.pull()
        self.assertEqual(run.state, "partial")
        self.assertFalse(self.env["extensiv.error"].search([("account_id", "=", self.account.id)]))
        self.sandbox.faults.clear()
        self.pull()
        self.assertEqual(self.inbox("P-1").state, "imported")

    def test_ignored_orders_are_not_imported_until_a_person_does(self):
        self.add({"cust_ref": "Q-1", "items": [{"item": "NOPE", "price": "1", "quantity": "1"}]})
        self.pull()
        order = self.inbox("Q-1")
        order.action_ignore()
        self.env["product.product"].create({"name": "New", "default_code": "NOPE"})
        self.pull()
        self.assertEqual(order.state, "ignored")
        with self.flows():
            order.action_import()
        self.assertEqual(order.state, "imported")

    def test_importing_again_an_order_that_has_its_sale_order_changes_nothing(self):
        self.add({"cust_ref": "Q-2"})
        self.pull()
        with self.flows():
            self.inbox("Q-2").action_import()
        self.assertEqual(self.env["sale.order"].search_count([("extensiv_cust_ref", "=", "Q-2")]), 1)

    def test_a_list_too_long_for_one_pass_goes_on_where_it_was(self):
        self.add(*({"cust_ref": f"R-{number:03}"} for number in range(250)))
        with patch("odoo.addons.extensiv_connector.flows.runner.PASS_SECONDS", 4):
            run = self.pull()
        self.assertEqual(run.state, "partial")
        self.assertEqual(self.account.list_places["new"]["page"], 2)
        self.assertEqual({order.status for order in self.sandbox.store.orders.values()}, {"new"})
        self.pull()
        self.assertEqual(self.env["extensiv.order"].search_count([("cust_ref", "=like", "R-%")]), 250)
        self.assertFalse(self.account.list_places)

    def test_the_schedule_pulls_what_is_switched_on_and_triggers_itself_while_more_waits(self):
        self.account.pull_orders = True
        self.add({"cust_ref": "S-1"})
        with self.flows():
            self.env["extensiv.account"]._cron_pull_orders()
        self.assertEqual(self.inbox("S-1").state, "imported")
        self.account.pull_orders = False
        self.add({"cust_ref": "S-2"})
        with self.flows():
            self.env["extensiv.account"]._cron_pull_orders()
        self.assertFalse(self.inbox("S-2"))

    def test_a_second_import_action_imports_what_is_in_the_inbox(self):
        self.account.pull_orders = True
        self.assertTrue(self.env.ref("extensiv_connector.ir_cron_import_orders").active)
        self.add({"cust_ref": "S-3"})
        with patch.object(OrderImport, "import_next", return_value=0):
            self.pull()
        self.assertEqual(self.inbox("S-3").state, "received")
        with self.flows():
            self.env["extensiv.account"]._cron_import_orders()
        self.assertEqual(self.inbox("S-3").state, "imported")

    def test_a_full_inbox_wakes_the_second_import_action(self):
        self.account.write({"import_batch_size": 2, "pull_orders": True})
        self.add(*({"cust_ref": f"S-4{number}"} for number in range(4)))
        cron = self.env.ref("extensiv_connector.ir_cron_import_orders")
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self.pull()
        self.assertGreater(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), before)

    def test_a_day_without_a_time_is_ours_from_the_day_of_the_first_connect(self):
        self.account.import_from = "2026-03-05 15:00:00"
        self.add(
            {"cust_ref": "S-5", "order_date": "2026-03-05", "created_date_time": None},
            {"cust_ref": "S-6", "order_date": "2026-03-04", "created_date_time": None},
        )
        ours = [
            Inbox(self.account).is_ours(None, wire.Order.parse(self.at_eim(cust_ref))) for cust_ref in ("S-5", "S-6")
        ]
        self.assertEqual(ours, [True, False])

    def test_the_button_says_what_it_did(self):
        self.add({"cust_ref": "T-1"}, {"cust_ref": "T-2", "items": [{"item": "NOPE-2", "price": "1", "quantity": "1"}]})
        with self.flows():
            said = self.account.action_pull_orders()["params"]
        self.assertIn("2 orders were received", said["message"])
        self.assertIn("1 order was imported", said["message"])
        self.assertIn("1 failed", said["message"])
        self.assertEqual(said["type"], "warning")

    def test_a_killed_pass_is_closed_by_the_next(self):
        dead = self.env["extensiv.run"].create(
            {"account_id": self.account.id, "flow": "orders", "state": "running", "started_at": "2025-01-01"}
        )
        self.pull()
        self.assertEqual(dead.state, "failed")
        self.assertIn("Interrupted", dead.message)

    def test_the_stored_payload_is_the_order_as_received(self):
        self.add({"cust_ref": "U-1", "unknown_field": {"kept": [1, 2]}})
        self.pull()
        self.assertEqual(json.loads(self.inbox("U-1").payload)["unknown_field"], {"kept": [1, 2]})

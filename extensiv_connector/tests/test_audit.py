from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..eim.routes import RESERVED_TOKENS
from ..flows import audit, shipped_elsewhere
from ..flows.order_import import OrderImport
from ..flows.stock_demand import find_unreserved_demand
from ..models.extensiv_bucket import BucketStore
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class AuditCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.pull_orders = True

    def add(self, cust_ref, **order):
        line = {"item": "TEE-1", "quantity": "1", "price": "10.00"}
        self.add_orders({"cust_ref": cust_ref, "items": [line], **order})

    def given_away(self, *cust_refs, status="at_wms", **order):
        """Let EIM have orders that it gave to somebody."""
        moment = self.sandbox.store.now().isoformat()
        for cust_ref in cust_refs:
            self.add(cust_ref, order_status=status, delivered_to_wms_date=moment, updated_date_time=moment, **order)

    def pulled(self, cust_ref="X-1", **order):
        self.add(cust_ref, **order)
        self.pull()
        return self.inbox(cust_ref)

    def audit(self):
        with self.flows():
            self.account.action_audit()
        return self.last_run("audit")

    def unknown(self, *cust_refs):
        domain = [("account_id", "=", self.account.id)]
        return self.env["extensiv.unknown.order"].search(
            [*domain, ("cust_ref", "in", cust_refs)] if cust_refs else domain, order="id"
        )

    def errors(self, key, step=False, flow="audit", state="open"):
        return self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account.id),
                ("flow", "=", flow),
                ("key", "=", key),
                ("step", "=", step),
                ("state", "=", state),
            ]
        )

    def import_them(self, unknown):
        with self.flows():
            unknown.action_import()


class TestUnknown(AuditCase):
    """Orders that EIM gave away and that are not here."""

    def test_they_are_one_error_that_opens_a_list_with_nothing_chosen(self):
        self.pulled()
        self.given_away("A-1", "A-2")
        self.given_away("A-3", status="shipped")
        self.given_away("A-4", status="partial")
        run = self.audit()
        self.assertEqual(run.state, "done")
        self.assertIn("4 orders are unknown here", run.message)
        error = self.errors(audit.UNKNOWN_KEY)
        self.assertIn(
            "EIM gave us 4 orders that are not in this database. Was a backup restored, or does another system use "
            "this key?",
            error.message,
        )
        self.assertEqual(error.fix, "unknown")
        action = error.action_fix()
        self.assertEqual(action["res_model"], "extensiv.unknown.order")
        self.assertTrue(action["context"]["search_default_found"])
        self.assertEqual(set(self.unknown().mapped("state")), {"found"})
        self.assertFalse(self.inbox("A-1"))
        self.assertTrue(self.account._is_audit_open())
        self.audit()
        self.assertEqual(len(self.unknown()), 4)
        self.assertEqual(error.attempts, 1)

    def test_chosen_ones_are_imported_as_if_they_were_fetched(self):
        self.given_away("A-1", "A-2")
        self.audit()
        self.import_them(self.unknown("A-1"))
        order = self.inbox("A-1")
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "waiting")
        self.assertTrue(order.acknowledged_at)
        self.assertEqual(self.unknown("A-1").state, "imported")
        self.assertEqual(self.unknown("A-1").order_id, order)
        self.assertFalse(self.inbox("A-2"))
        self.assertIn("gave us 1 orders", self.errors(audit.UNKNOWN_KEY).message)
        self.import_them(self.unknown())
        self.assertEqual(self.inbox("A-2").state, "imported")
        self.assertFalse(self.errors(audit.UNKNOWN_KEY))
        self.assertFalse(self.account._is_audit_open())

    def test_shipped_ones_become_quotations_that_are_never_shipped_nor_told(self):
        self.given_away("A-1", status="shipped")
        self.audit()
        self.import_them(self.unknown("A-1"))
        sale = self.inbox("A-1").sale_order_id
        self.assertEqual(sale.state, "draft")
        self.assertTrue(sale.extensiv_is_shipped_already)
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertIn("EIM had the shipment", sale.extensiv_shipment_message)
        sale.action_confirm()
        self.assertEqual(sale.state, "sale")
        self.assertFalse(sale.picking_ids)
        sale.order_line.product_uom_qty = 2
        self.assertFalse(sale.picking_ids)
        with self.flows():
            self.account.action_push_shipments()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        for action in ("action_extensiv_send", "action_extensiv_mark_sent", "action_extensiv_resend"):
            with self.assertRaisesRegex(UserError, "EIM had the shipment|not told"):
                getattr(sale, action)()
        self.assertEqual(self.calls("ship"), [])

    def test_what_has_left_is_not_subtracted_from_the_stock_that_eim_is_told(self):
        self.given_away("A-1", status="shipped")
        self.given_away("A-2")
        self.account.order_policy = "draft"
        self.audit()
        self.import_them(self.unknown())
        self.assertEqual(self.env["sale.order"].search_count([("extensiv_account_id", "=", self.account.id)]), 2)
        taken = [one for one in find_unreserved_demand(self.account) if one.product_id == self.products[0].id]
        self.assertEqual([one.quantity for one in taken], [1.0])

    def test_those_of_another_system_are_remembered_and_not_told_again(self):
        self.given_away("A-1", "A-2")
        self.audit()
        self.unknown().action_belongs_elsewhere()
        self.assertFalse(self.errors(audit.UNKNOWN_KEY))
        self.audit()
        self.assertFalse(self.errors(audit.UNKNOWN_KEY))
        self.assertEqual(set(self.unknown().mapped("state")), {"elsewhere"})
        self.given_away("A-3")
        self.audit()
        self.assertIn("gave us 1 orders", self.errors(audit.UNKNOWN_KEY).message)

    def test_a_dismissed_error_comes_back_only_with_further_orders(self):
        self.given_away("A-1")
        self.audit()
        self.errors(audit.UNKNOWN_KEY).action_dismiss()
        self.audit()
        self.assertFalse(self.errors(audit.UNKNOWN_KEY))
        self.given_away("A-2")
        self.audit()
        self.assertIn("gave us 2 orders", self.errors(audit.UNKNOWN_KEY).message)

    def test_what_is_not_ours_is_none_of_them(self):
        self.account.import_from = fields.Datetime.now() - timedelta(days=1)
        self.given_away("OLD", created_date_time="2020-01-01T00:00:00+00:00")
        self.pulled("C-1", order_source="Old shop")
        self.inbox("C-1").cart_id.active = False
        self.given_away("C-2", order_source="Old shop")
        self.audit()
        self.assertFalse(self.unknown())

    def test_an_archived_account_with_the_same_key_knows_its_orders(self):
        self.pulled()
        former = self.account
        former.write({"active": False, "state": "draft", "pull_orders": False})
        self.account = former.copy({"api_user": "demo", "api_key": "demo-key", "import_from": "2000-01-01"})
        self.connect()
        self.audit()
        self.assertFalse(self.unknown())

    def test_one_that_was_cancelled_or_received_meanwhile_needs_no_decision(self):
        self.given_away("A-1", "A-2", "A-3")
        self.audit()
        self.change_order("A-1", order_status="canceled")
        self.change_order("A-2", order_status="new")
        self.pull()
        self.import_them(self.unknown("A-1"))
        self.assertEqual(self.unknown("A-1", "A-2", "A-3").mapped("state"), ["cancelled", "imported", "found"])
        self.assertFalse(self.inbox("A-1"))

    def test_one_that_eim_does_not_give_out_says_why_and_holds_up_no_other(self):
        self.given_away("A-1", "A-2")
        self.audit()
        self.fault(route="get_order", kind="invalid", message="No such order", match="A-1")
        self.import_them(self.unknown())
        self.assertEqual(self.unknown("A-1").state, "found")
        self.assertIn("No such order", self.unknown("A-1").message)
        self.assertEqual(self.inbox("A-2").state, "imported")


class TestKnown(AuditCase):
    """Orders that are here, and of which EIM believes something else."""

    def test_one_that_is_open_here_and_shipped_there_is_told_on_order_and_transfer(self):
        self.account.push_shipments = True
        order = self.pulled()
        sale = order.sale_order_id
        self.change_order("X-1", order_status="shipped")
        self.audit()
        error = self.errors("X-1", shipped_elsewhere.STEP, "orders")
        self.assertIn("Do not ship it a second time", error.message)
        for document in (sale, sale.picking_ids):
            document.invalidate_recordset()
            self.assertEqual(document.extensiv_shipped_elsewhere, error.message)
            self.assertIn("Do not ship it a second time", document.message_ids[0].body)
        self.audit()
        self.assertEqual(error.attempts, 1)
        sale._action_cancel()
        self.audit()
        self.assertEqual(error.state, "resolved")

    def test_those_that_another_system_tells_eim_of_are_one_error_and_a_list(self):
        orders = self.pulled("X-1") | self.pulled("X-2") | self.pulled("X-3")
        for order in orders[:2]:
            self.change_order(order.cust_ref, order_status="shipped")
        self.audit()
        error = self.errors(shipped_elsewhere.ALL_KEY, shipped_elsewhere.STEP, "orders")
        self.assertEqual(error, self.env["extensiv.error"]._open(self.account, "orders", step=shipped_elsewhere.STEP))
        self.assertIn("EIM has 2 orders as shipped that are open here", error.message)
        action = error.action_fix()
        self.assertEqual(action["res_model"], "extensiv.order")
        listed = self.env["extensiv.order"].search([("shipped_elsewhere", "!=", False)])
        self.assertEqual(listed, orders[:2].sorted("id", reverse=True))
        sale = orders[0].sale_order_id
        for document in (sale, sale.picking_ids):
            document.invalidate_recordset()
            self.assertIn("Do not ship it a second time", document.extensiv_shipped_elsewhere)
            self.assertIn("Do not ship it a second time", document.message_ids[0].body)
        self.audit()
        self.assertEqual(error.attempts, 1)
        # One that was dismissed is told again only with news.
        error.action_dismiss()
        sale.invalidate_recordset()
        self.assertFalse(sale.extensiv_shipped_elsewhere)
        self.audit()
        self.assertFalse(self.errors(shipped_elsewhere.ALL_KEY, shipped_elsewhere.STEP, "orders"))
        self.change_order("X-3", order_status="confirmed")
        self.audit()
        again = self.errors(shipped_elsewhere.ALL_KEY, shipped_elsewhere.STEP, "orders")
        self.assertIn("EIM has 3 orders", again.message)
        orders[:2].sale_order_id._action_cancel()
        self.audit()
        self.assertIn("EIM has 1 orders", again.message)
        self.change_order("X-3", order_status="at_wms")
        with self.flows():
            again.action_retry()
        self.assertEqual(again.state, "resolved")
        self.assertFalse(orders.filtered("shipped_elsewhere"))

    def test_a_cart_that_another_system_tells_of_shares_the_accounts_error(self):
        self.account.push_shipments = True
        order = self.pulled()
        self.change_order("X-1", order_status="shipped")
        self.audit()
        own = self.errors("X-1", shipped_elsewhere.STEP, "orders")
        self.assertTrue(own)
        order.cart_id.push_shipments = False
        self.audit()
        self.assertEqual(own.state, "resolved", "from now on it is one of those of the one error")
        self.assertTrue(self.errors(shipped_elsewhere.ALL_KEY, shipped_elsewhere.STEP, "orders"))

    def test_one_that_waits_in_the_inbox_and_is_shipped_there_stays_a_quotation_until_somebody_decides(self):
        self.account.push_shipments = True
        for dismissed, state in ((False, "draft"), (True, "sale")):
            with self.subTest(dismissed=dismissed):
                cust_ref = f"X-{state}"
                self.add(cust_ref)
                with patch.object(OrderImport, "import_next", return_value=0):
                    self.pull()
                self.assertEqual(self.inbox(cust_ref).state, "received")
                self.change_order(cust_ref, order_status="shipped")
                self.audit()
                error = self.errors(cust_ref, shipped_elsewhere.STEP, "orders")
                if dismissed:
                    error.action_dismiss()
                self.pull()
                sale = self.inbox(cust_ref).sale_order_id
                self.assertEqual(sale.state, state)
                self.assertEqual(bool(sale.extensiv_shipped_elsewhere), not dismissed)
                self.assertEqual("Do not ship it a second time" in (self.inbox(cust_ref).message or ""), not dismissed)
                sale._action_cancel()
                self.audit()
                self.assertFalse(self.errors(cust_ref, shipped_elsewhere.STEP, "orders"))

    def test_one_that_was_told_from_here_is_nothing_new(self):
        order = self.pulled()
        order.sale_order_id.extensiv_shipment_state = "sent"
        self.change_order("X-1", order_status="shipped")
        self.audit()
        self.assertFalse(self.errors("X-1", shipped_elsewhere.STEP, "orders"))
        self.assertFalse(self.unknown())

    def test_a_cancellation_of_the_last_30_days_that_was_missed_is_heard(self):
        order = self.pulled()
        self.change_order("X-1", order_status="canceled")
        self.sandbox.store.orders["X-1"].moments["canceled"] -= timedelta(days=20)
        self.account.canceled_until = fields.Datetime.now()
        self.pull()
        self.assertEqual(order.sale_order_id.state, "sale")
        self.audit()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(order.state, "cancelled")


class TestReach(AuditCase):
    """How far the audit goes back, how often, and behind what."""

    def asked(self, since=0):
        return [
            call["path"]
            for call in list(self.sandbox.sandbox.calls)[since:]
            if call["route"] == "list_orders" and "list/new" not in call["path"]
        ]

    def run_schedule(self):
        before = len(self.sandbox.sandbox.calls)
        with self.flows():
            self.env["extensiv.account"]._cron_audit()
        return self.asked(before)

    def days_back(self, path):
        since = path.split("from_date=")[1][:10]
        return (fields.Date.today() - fields.Date.to_date(since)).days

    def test_it_runs_with_the_orders_30_days_back_after_connecting_then_3_once_a_day(self):
        self.assertTrue(self.env.ref("extensiv_connector.ir_cron_audit").active)
        lists = self.run_schedule()
        self.assertEqual(
            [path.split("list/")[1].split("?")[0] for path in lists],
            ["at_wms", "partial", "shipped_or_confirmed", "canceled"],
        )
        self.assertEqual([self.days_back(path) for path in lists], [30, 30, 30, 30])
        self.assertFalse(self.account.audit_days)
        self.assertEqual(self.run_schedule(), [])
        with self.later(hours=24):
            lists = self.run_schedule()
            self.assertEqual([self.days_back(path) for path in lists], [3, 3, 3, 30])
        self.account._request_audit()
        self.assertEqual(len(self.run_schedule()), 4)
        self.account.pull_orders = False
        self.account._request_audit()
        self.assertEqual(self.run_schedule(), [])

    def test_nothing_before_the_moment_from_which_orders_are_imported(self):
        self.account.import_from = fields.Datetime.now() - timedelta(days=5)
        self.assertEqual([self.days_back(path) for path in self.run_schedule()], [5, 5, 5, 5])

    def test_it_goes_on_at_its_page(self):
        self.given_away(*(f"A-{number:03}" for number in range(250)))
        with patch("odoo.addons.extensiv_connector.flows.runner.PASS_SECONDS", 4):
            run = self.audit()
        self.assertEqual(run.state, "partial")
        self.assertEqual(self.account.list_places["audit"]["page"], 2)
        self.assertEqual(len(self.unknown()), 100)
        paths = self.run_schedule()
        self.assertIn("page=2", paths[0])
        self.assertEqual(len(paths), 5)
        self.assertEqual(len(self.unknown()), 250)
        self.assertFalse(self.account.list_places)
        self.assertFalse(self.account.audit_days)

    def test_it_stays_behind_the_reserved_tokens(self):
        taken = []
        take = BucketStore.take

        def record(store, reserve=0):
            taken.append(reserve)
            return take(store, reserve)

        with patch.object(BucketStore, "take", record):
            self.audit()
        # a list of each status, and that of the new ones
        self.assertEqual(taken, [RESERVED_TOKENS] * 5)

    def test_a_list_that_never_ends_does_not_starve_those_after_it(self):
        order = self.pulled()
        self.change_order("X-1", order_status="canceled")
        self.account.canceled_until = fields.Datetime.now() + timedelta(hours=2)
        self.given_away("A-1")
        store = self.sandbox.store
        listing = store.list_orders

        def same_page(status, arguments):
            if status != "at_wms":
                return listing(status, arguments)
            found, total = listing(status, {**arguments, "page": 1})
            return found, total + 1000

        with patch.object(store, "list_orders", same_page):
            self.audit()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(len(self.unknown()), 1)
        self.assertTrue(self.account.audited_at)
        self.assertIn("does not end", self.errors("at_wms", "list").message)

    def test_trouble_is_told_and_the_next_pass_goes_on(self):
        self.given_away("A-1")
        self.fault(route="list_orders", kind="500", count=3, match="list/partial")
        self.assertEqual(self.audit().state, "failed")
        self.assertTrue(self.errors("audit", flow="connection"))
        self.assertEqual(len(self.unknown()), 1)
        self.assertFalse(self.account.audited_at)
        self.run_schedule()
        self.assertTrue(self.account.audited_at)
        self.assertFalse(self.errors("audit", flow="connection"))

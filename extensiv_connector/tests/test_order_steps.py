from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..flows import leftovers
from ..flows.order_cancellation import OrderCancellation
from ..flows.relisting import RECENT
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class StepsCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def add(self, cust_ref, **order):
        line = {"item": "TEE-1", "quantity": "1", "price": "10.00"}
        self.add_orders({"cust_ref": cust_ref, "items": [line], **order})

    def pulled(self, cust_ref="X-1", **order):
        self.add(cust_ref, **order)
        self.pull()
        return self.inbox(cust_ref)

    def status(self, cust_ref):
        return self.at_eim(cust_ref)["order_status"]

    def errors(self, key, step=False, state="open"):
        return self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account.id),
                ("key", "=", key),
                ("step", "=", step),
                ("state", "=", state),
            ]
        )


class TestSteps(StepsCase):
    """Each step of a pass of orders succeeds or fails by itself."""

    def test_a_failing_list_of_cancellations_holds_up_nothing(self):
        for number, kind in enumerate(("500", "invalid", "gateway_403", "garbage")):
            with self.subTest(kind):
                self.add(f"A-{number}")
                self.fault(route="list_orders", kind=kind, count=3, match="list/canceled")
                run = self.pull()
                self.sandbox.faults.clear()
                self.assertEqual(run.state, "failed")
                self.assertEqual(self.inbox(f"A-{number}").state, "imported")
                self.assertEqual(self.status(f"A-{number}"), "at_wms")
                self.assertTrue(self.errors("orders"))
                self.assertEqual(self.pull().state, "done")
                self.assertFalse(self.errors("orders"))

    def test_a_failing_list_of_new_orders_holds_up_neither_cancelling_nor_acknowledging(self):
        order = self.pulled()
        self.change_order("X-1", order_status="canceled")
        self.add("X-2")
        self.fault(route="acknowledge", kind="500", count=1)
        self.pull()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(self.status("X-2"), "new")
        self.fault(route="list_orders", kind="500", count=3, match="list/new")
        run = self.pull()
        self.assertEqual(run.state, "failed")
        self.assertEqual(self.status("X-2"), "at_wms")

    def test_an_error_of_ours_in_one_step_is_told_and_holds_up_nothing(self):
        self.add("X-1")
        logger = "odoo.addons.extensiv_connector.flows.runner"
        with patch.object(OrderCancellation, "pull", side_effect=KeyError("x")), mute_logger(logger):
            run = self.pull()
        self.assertEqual(run.state, "failed")
        self.assertIn("KeyError", run.message)
        self.assertEqual(self.inbox("X-1").state, "imported")
        self.assertEqual(self.status("X-1"), "at_wms")

    def test_eim_that_is_not_reached_is_not_asked_by_every_step(self):
        self.fault(route="*", kind="reset", count=100)
        before = len(self.calls())
        self.pull()
        self.assertEqual(len(self.calls()) - before, 6, "the two lists, three times each")

    def test_a_list_of_cancellations_that_is_too_long_goes_on_where_it_was(self):
        now = self.sandbox.store.now().isoformat()
        for number in range(250):
            self.add(f"C-{number:03}", order_status="canceled", cancel_date=now)
        order = self.pulled()
        self.assertEqual(order.state, "imported")
        self.account.canceled_until = False
        with patch("odoo.addons.extensiv_connector.flows.runner.PASS_SECONDS", 4):
            self.pull()
        place = self.account.list_places["canceled"]
        self.assertEqual(place["page"], 2)
        self.assertFalse(self.account.canceled_until)
        self.add("X-2")
        before = len(self.sandbox.sandbox.calls)
        self.pull()
        asked = [call["path"] for call in list(self.sandbox.sandbox.calls)[before:] if "list/canceled" in call["path"]]
        self.assertEqual(["page=2" in path for path in asked], [True, False])
        self.assertFalse(self.account.list_places)
        self.assertEqual(self.account.canceled_until, fields.Datetime.to_datetime(place["note"]))
        self.assertEqual(self.status("X-2"), "at_wms")

    def test_a_list_that_never_ends_is_told_and_holds_up_nothing(self):
        self.add("X-1")
        store = self.sandbox.store
        listing = store.list_orders

        def same_page(status, arguments):
            found, total = listing(status, {**arguments, "page": 1})
            return found, total + 10**6

        with patch.object(store, "list_orders", same_page):
            for _pass in range(2):
                run = self.pull()
                self.assertEqual(run.state, "done")
        self.assertEqual(self.inbox("X-1").state, "imported")
        self.assertEqual(self.status("X-1"), "at_wms")
        self.assertIn("Tell EIM's support", self.errors("new", "list").message)
        self.pull()
        self.assertFalse(self.errors("new", "list"))
        self.assertFalse(self.errors("canceled", "list"))


class TestClock(StepsCase):
    """Cancellations are read from a window by EIM's clock."""

    def eim_is_ahead(self, **time):
        now = self.sandbox.sandbox.now
        clock = patch.object(self.sandbox.store, "now", lambda: now() + timedelta(**time))
        date = patch(
            "odoo.addons.extensiv_connector.sandbox.server.Handler.date_time_string",
            lambda _handler, timestamp=None: (now() + timedelta(**time)).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        )
        self.startPatcher(clock)
        self.startPatcher(date)

    def test_the_window_is_by_eims_clock(self):
        for hours in (-5, 5):
            with self.subTest(hours):
                self.setUp()
                self.eim_is_ahead(hours=hours)
                order = self.pulled(f"X{hours}")
                ahead = (self.account.canceled_until - fields.Datetime.now()) / timedelta(hours=1)
                self.assertAlmostEqual(ahead, hours, delta=0.1)
                self.change_order(f"X{hours}", order_status="canceled")
                self.pull()
                self.assertEqual(order.sale_order_id.state, "cancel")

    def test_a_clock_that_was_put_back_hides_no_cancellation(self):
        order = self.pulled()
        self.account.canceled_until = fields.Datetime.now() + timedelta(hours=6)
        self.change_order("X-1", order_status="canceled")
        self.pull()
        self.assertEqual(order.sale_order_id.state, "cancel")


class TestTakenBack(StepsCase):
    """A cancelled order that EIM lists as new again is imported by itself only where it is surely no mistake."""

    def relisted(self, cust_ref="X-1"):
        order = self.pulled(cust_ref)
        self.change_order(cust_ref, order_status="canceled")
        self.pull()
        self.assertEqual(order.state, "cancelled")
        return order

    def list_again(self, *cust_refs):
        for cust_ref in cust_refs:
            self.change_order(cust_ref, order_status="new")
        self.pull()

    def assert_asked(self, order):
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(self.status(order.cust_ref), "new")
        self.assertEqual(self.errors(order.cust_ref, "listed").fix, "import")

    def test_one_that_eim_cancelled_a_short_while_ago_is_imported_by_itself(self):
        order = self.relisted()
        old = order.sale_order_id
        self.list_again("X-1")
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertNotEqual(order.sale_order_id, old)
        self.assertTrue(old.extensiv_is_replaced)
        self.assertIn("imported anew", old.message_ids[0].body)
        self.assertEqual(self.status("X-1"), "at_wms")
        self.assertFalse(self.errors("X-1", "listed"))

    def test_one_that_was_cancelled_longer_ago_waits_for_a_person(self):
        order = self.relisted()
        order.cancelled_at -= 2 * RECENT
        self.list_again("X-1")
        self.assert_asked(order)

    def test_one_that_only_a_person_cancelled_waits(self):
        order = self.pulled()
        order.sale_order_id.action_cancel()
        self.list_again("X-1")
        self.assertFalse(order.cancelled_at)
        self.assertEqual(self.status("X-1"), "new")
        self.assertTrue(self.errors("X-1", "listed"))

    def test_one_of_which_something_moved_or_was_invoiced_waits(self):
        order = self.relisted()
        with patch("odoo.addons.extensiv_connector.flows.relisting._has_moved", return_value=True):
            self.list_again("X-1")
        self.assert_asked(order)

    def test_an_invoice_counts_unless_it_was_cancelled(self):
        order = self.pulled()
        sale = order.sale_order_id
        line = sale.order_line[0]
        line.product_id.invoice_policy = "order"
        invoice = sale._create_invoices()
        self.account.cancel_orders = False
        self.change_order("X-1", order_status="canceled")
        self.pull()
        sale._action_cancel()
        sale.state = "cancel"
        order.state = "cancelled"
        if invoice.state == "cancel":
            invoice.button_draft()
        self.list_again("X-1")
        self.assertEqual(self.status("X-1"), "new")
        self.assertTrue(self.errors("X-1", "listed"))

    def test_several_at_once_wait_for_they_are_a_history_that_was_cleared(self):
        orders = [self.relisted(f"X-{number}") for number in range(2)]
        self.list_again("X-0", "X-1")
        for order in orders:
            self.assert_asked(order)

    def test_one_that_comes_with_a_shipped_order_waits(self):
        order = self.relisted()
        shipped = self.pulled("X-2")
        shipped.sale_order_id.extensiv_shipment_state = "sent"
        self.list_again("X-1", "X-2")
        self.assert_asked(order)

    def test_one_that_comes_with_an_open_order_does_not_wait(self):
        order = self.relisted()
        self.pulled("X-2")
        self.list_again("X-1", "X-2")
        self.assertEqual(order.sale_order_id.state, "sale")

    def test_one_that_a_person_left_at_eim_stays_there(self):
        order = self.relisted()
        order.cancelled_at -= 2 * RECENT
        self.list_again("X-1")
        self.errors("X-1", "listed").action_dismiss()
        order.cancelled_at += 2 * RECENT
        self.pull()
        self.assertEqual(self.status("X-1"), "new")


class TestCorrected(StepsCase):
    """An order that is sent again before it was imported is imported as it is now."""

    def test_it_replaces_what_was_received(self):
        self.add("X-1")
        self.change_order("X-1", items=[{"item": "NOPE", "quantity": "1", "price": "10.00"}])
        order = self.pulled("X-2")
        order = self.inbox("X-1")
        self.assertEqual(order.state, "failed")
        right = {"item": "MUG-1", "quantity": "3", "price": "8.00", "extended_amount": "24.00"}
        self.change_order("X-1", order_status="new", items=[right], sub_total="24.00", grand_total="24.00")
        self.pull()
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.amount_total, 24)
        self.assertEqual(order.sale_order_id.order_line.mapped("extensiv_sku"), ["MUG-1"])
        self.assertEqual(self.status("X-1"), "at_wms")

    def test_one_that_was_imported_stays_as_it_is(self):
        order = self.pulled()
        self.change_order("X-1", order_status="new", grand_total="99.00")
        before = order.payload
        self.pull()
        self.assertEqual(order.payload, before)

    def test_one_that_did_not_change_is_not_tried_for_that(self):
        self.add("X-1")
        self.change_order("X-1", items=[{"item": "NOPE", "quantity": "1", "price": "10.00"}])
        self.pull()
        error = self.errors("X-1")
        self.change_order("X-1", order_status="new")  # its updated_date_time is another
        self.pull()
        self.assertEqual(error.attempts, 1)


class TestLeftovers(StepsCase):
    """What stays at EIM for ever is told before it is much."""

    def test_orders_of_an_archived_cart_are_told_where_they_are_many(self):
        self.pulled("X-0", order_source="Old shop")
        self.inbox("X-0").cart_id.active = False
        with patch.object(leftovers, "MANY", 3):
            for number in range(1, 4):
                self.assertFalse(self.errors("Old shop", "left at EIM"))
                self.pulled(f"X-{number}", order_source="Old shop")
            error = self.errors("Old shop", "left at EIM")
            self.assertIn("3 new orders of Old shop", error.message)
            self.assertIn("Stop the cart at EIM", error.message)
            self.assertEqual(error.fix, "mapping")
            self.change_order("X-1", order_status="canceled")
            self.pull()
            self.assertFalse(self.errors("Old shop", "left at EIM"))

    def test_they_are_told_too_where_no_pass_reads_the_whole_list(self):
        self.pulled("X-0", order_source="Old shop")
        self.inbox("X-0").cart_id.active = False
        for number in range(1, 120):
            self.add(f"X-{number}", order_source="Old shop")
        with patch("odoo.addons.extensiv_connector.flows.runner.PASS_SECONDS", 4):
            self.pull()
        self.assertTrue(self.account.list_places)
        self.assertIn("100 new orders of Old shop", self.errors("Old shop", "left at EIM").message)

    def test_stopped_and_held_orders_are_told_where_they_are_many(self):
        with patch.object(leftovers, "MANY", 2):
            self.pulled("X-1", on_hold="Y")
            self.assertFalse(self.errors("stopped orders", "left at EIM"))
            self.pulled("X-2", sending_canceled="Y")
            error = self.errors("stopped orders", "left at EIM")
            self.assertIn("2 new orders", error.message)
            error.action_dismiss()
            self.pull()
            self.assertFalse(self.errors("stopped orders", "left at EIM"))


class TestSpoiledReferences(StepsCase):
    """Two references or SKUs that differ only in what cleaning removes are never one in silence."""

    def test_a_reference_that_cannot_be_kept_is_told_beside_the_one_it_would_become(self):
        self.add("AB")
        self.add("A\x00B")
        self.pull()
        self.assertEqual(self.inbox("AB").state, "imported")
        error = self.errors("list of new orders")
        self.assertIn("A\\x00B", error.message)
        self.assertIn("“AB”", error.message)
        self.assertEqual(self.status("A\x00B"), "new")

    def test_two_skus_stay_two(self):
        lines = [{"item": sku, "quantity": "1", "price": "10.00"} for sku in ("TEE-1", "TEE\x00-1")]
        self.add_orders({"cust_ref": "X-1", "items": lines})
        self.pull()
        order = self.inbox("X-1")
        self.assertEqual(order.state, "failed")
        self.assertEqual(order.missing_skus, ["TEE\\x00-1"])

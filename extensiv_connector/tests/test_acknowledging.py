"""Acknowledging many orders at a call, once EIM has shown on one order that it takes them so."""

from unittest.mock import patch

from odoo.tests import tagged

from ..eim.client import EimClient
from ..eim.wire import BatchResult, Failure
from ..flows.batch_acknowledging import KEY
from ..flows.order_import import OrderImport
from ..flows.order_pull import OrderPull
from ..models.extensiv_bucket import BucketStore
from .common import ConnectorCase

BATCH = "batch_update_order_status"
BATCH_PATH = "merchant/orders/update"
LINE = {"item": "TEE-1", "quantity": "1", "price": "5"}


class AcknowledgingCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.account.write({"acknowledge_batches": True, "answered_routes": False})
        self.seen = 0

    def receive(self, count=5, name="A"):
        self.add_orders(*({"cust_ref": f"{name}-{number}", "items": [dict(LINE)]} for number in range(count)))

    def pull_only(self):
        """Pull without importing, which is not what these tests are about; return the run."""
        self.seen = len(self.calls())
        with patch.object(OrderImport, "import_next", lambda self: 0):
            return self.pull()

    def asked(self, *routes):
        """Return the routes called in the last pass, those of acknowledging by default."""
        routes = routes or (BATCH, "acknowledge", "get_order_status")
        return [call for call in self.calls()[self.seen :] if call in routes]

    def settings(self, **values):
        for name, value in values.items():
            setattr(self.sandbox.sandbox.api, name, value)

    def without_path(self, name="update_order_status"):
        """Let EIM know a call only in its other form."""
        self.sandbox.sandbox.api.off.add(name)

    def prove(self):
        self.receive(1, "FIRST")
        self.pull_only()
        self.assertEqual(self.account.answered_routes.get(BATCH), BATCH_PATH)

    def errors(self, *states):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("state", "in", states or ("open",))]
        )

    def retry(self, error):
        self.seen = len(self.calls())
        with self.flows(), patch.object(OrderImport, "import_next", lambda self: 0):
            error.action_retry()

    def describe(self):
        wizard = self.env["extensiv.diagnosis"].create({"account_id": self.account.id})
        with self.flows():
            wizard.action_diagnose()
        return wizard.text

    def assertTold(self):
        """Every order is acknowledged at EIM, and known to be so here."""
        held = self.sandbox.store.orders
        self.assertEqual({order.status for order in held.values()}, {"at_wms"})
        orders = self.env["extensiv.order"].search([("cust_ref", "in", list(held))])
        self.assertEqual(len(orders.filtered("acknowledged_at")), len(held))

    def assertUntold(self, *cust_refs):
        for cust_ref in cust_refs:
            self.assertFalse(self.inbox(cust_ref).acknowledged_at, cust_ref)


@tagged("post_install", "-at_install")
class TestBatches(AcknowledgingCase):
    def test_the_first_new_order_shows_that_it_works_and_120_take_three_calls_more(self):
        self.receive(120)
        run = self.pull_only()
        self.assertEqual(self.asked(), ["get_order_status", BATCH, "get_order_status", BATCH, BATCH, BATCH])
        self.assertTold()
        self.assertIn("120 orders were acknowledged", run.message)
        self.assertEqual(self.account.answered_routes, {BATCH: BATCH_PATH})
        self.assertTrue(self.account.acknowledge_batches_since)
        self.receive(100, "B")
        self.pull_only()
        self.assertEqual(self.asked(), [BATCH, BATCH])
        self.assertTold()
        self.assertFalse(self.errors())

    def test_each_call_takes_one_token_and_leaves_the_last_ones(self):
        self.prove()
        taken = []
        take = BucketStore.take
        with patch.object(BucketStore, "take", lambda store, reserve: taken.append(reserve) or take(store, reserve)):
            self.receive(60, "B")
            self.pull_only()
        self.assertEqual(self.asked(), [BATCH, BATCH])
        self.assertEqual(taken.count(20), 2)

    def test_an_order_that_is_past_new_shows_nothing_and_the_next_one_is_tried(self):
        self.receive(3)
        receive = OrderPull.receive

        def receive_then_move(run):
            again = receive(run)
            self.change_order("A-0", order_status="at_wms")
            return again

        with patch.object(OrderPull, "receive", receive_then_move):
            self.pull_only()
        self.assertEqual(self.asked()[:3], ["get_order_status", "get_order_status", BATCH])
        self.assertTold()
        self.assertIn(BATCH, self.account.answered_routes)

    def test_off_until_it_worked_where_no_order_can_show_it(self):
        for kind, looks in (("500", 3), ("invalid", 3), ("gateway_403", 3)):
            with self.subTest(kind=kind):
                self.receive(25, kind)
                self.fault(route="get_order_status", kind=kind, count=3)
                self.pull_only()
                self.assertEqual(self.asked(), ["get_order_status"] * looks + ["acknowledge"] * 25)
                self.assertTold()
                self.assertFalse(self.errors())

    def test_every_way_of_refusing_it_leaves_it_with_one_error_and_every_order_told_one_by_one(self):
        for how in ("404", "invalid", "gateway_403", "garbage", "ignored"):
            with self.subTest(how=how):
                self.sandbox.sandbox.reset(**self.sandbox_options)
                self.errors("open", "dismissed").unlink()
                self.settings(order_batches=how)
                self.receive(5, how)
                self.pull_only()
                self.assertEqual(self.asked().count(BATCH), 1)
                self.assertEqual(self.asked().count("acknowledge"), 5)
                self.assertTold()
                self.assertRecordValues(
                    self.errors(), [{"key": KEY, "step": "batch", "flow": "orders", "category": "settings"}]
                )
                self.assertIn("one by one", self.errors().message)
                self.assertEqual(self.errors().action_fix()["res_model"], "extensiv.account")
                self.assertFalse((self.account.answered_routes or {}).get(BATCH))
                self.receive(2, f"{how}-later")
                self.pull_only()
                self.assertEqual(self.asked(), ["acknowledge"] * 2)
                self.assertEqual(self.errors().attempts, 1)

    def test_what_worked_is_left_when_eim_refuses_it_and_falls_back_in_the_same_pass(self):
        for how, calls in (("404", 3), ("invalid", 3), ("garbage", 1)):
            with self.subTest(how=how):
                self.sandbox.sandbox.reset(**self.sandbox_options)
                self.errors("open", "dismissed").unlink()
                self.prove()
                self.settings(order_batches=how)
                self.receive(60, how)
                self.pull_only()
                self.assertEqual((self.asked().count(BATCH), self.asked().count("acknowledge")), (calls, 60))
                self.assertTold()
                self.assertEqual(self.errors().mapped("key"), [KEY])
                self.assertNotIn(BATCH, self.account.answered_routes)
                self.assertFalse(self.account.acknowledge_batches_since)

    def test_a_gateways_page_for_what_worked_is_tried_again_by_itself(self):
        self.prove()
        self.fault(route=BATCH, kind="gateway_403")
        self.receive(3)
        self.pull_only()
        self.assertTold()
        self.assertRecordValues(self.errors(), [{"key": KEY, "category": "transient"}])
        self.assertIn(BATCH, self.account.answered_routes)
        self.receive(3, "B")
        self.pull_only()
        self.assertEqual(self.asked(), [BATCH])
        self.assertFalse(self.errors())

    def test_retry_tries_it_again_and_dismissing_leaves_it_off(self):
        self.settings(order_batches="404")
        self.receive(2)
        self.pull_only()
        error = self.errors()
        error.action_dismiss()
        self.receive(2, "B")
        self.pull_only()
        self.assertEqual(self.asked(), ["acknowledge"] * 2)
        self.receive(2, "C")
        self.retry(error)
        self.assertEqual(self.asked().count(BATCH), 1)
        self.assertEqual(len(self.errors()), 1, "refused again")
        self.settings(order_batches="taken")
        self.receive(2, "D")
        self.pull_only()
        self.assertEqual(self.asked(), ["acknowledge"] * 2)
        self.receive(2, "E")
        self.retry(self.errors())
        self.assertEqual(self.asked(), ["get_order_status", BATCH, "get_order_status", BATCH])
        self.assertFalse(self.errors("open", "dismissed"))
        self.assertTold()

    def test_a_person_can_switch_it_off_which_is_all_there_is_to_say(self):
        self.settings(order_batches="404")
        self.receive(2)
        self.pull_only()
        self.account.acknowledge_batches = False
        self.settings(order_batches="taken")
        self.receive(2, "B")
        self.pull_only()
        self.assertEqual(self.asked(), ["acknowledge"] * 2)
        self.assertFalse(self.errors("open", "dismissed"))
        self.account.acknowledge_batches = True
        self.prove()
        self.account.acknowledge_batches = False
        self.receive(2, "C")
        self.pull_only()
        self.assertEqual(self.asked(), ["acknowledge"] * 2)

    def test_what_it_says_failed_is_told_by_itself(self):
        self.prove()
        self.receive(5)
        receive = OrderPull.receive

        def receive_then_move(run):
            again = receive(run)
            self.change_order("A-3", order_status="error")
            return again

        with patch.object(OrderPull, "receive", receive_then_move):
            run = self.pull_only()
        self.assertEqual(self.asked(BATCH, "acknowledge"), [BATCH, "acknowledge"])
        self.assertUntold("A-3")
        self.assertRecordValues(self.errors(), [{"key": "A-3", "step": "acknowledge"}])
        self.assertIn("Order is already error", self.errors().message)
        self.assertEqual(run.failed_count, 1)
        self.assertEqual(len(self.env["extensiv.order"].search([("acknowledged_at", "!=", False)])), 5)

    def test_refusals_in_the_same_words_are_doubted_as_ever(self):
        self.prove()
        self.receive(4)
        self.fault(route="acknowledge", kind="invalid", count=4, message="Order is closed")
        result = BatchResult((Failure("", None, "Order is closed"),))
        with patch.object(EimClient, "acknowledge_batch", lambda self, cust_refs: result):
            self.pull_only()
        self.assertEqual(self.asked("check_credentials", "acknowledge").count("check_credentials"), 1)
        self.assertEqual(len(self.errors()), 4)
        self.assertUntold("A-0", "A-1", "A-2", "A-3")

    def test_credentials_that_are_refused_say_nothing_of_the_form(self):
        for form in (200, 401, "gateway_403"):
            for proven in (False, True):
                with self.subTest(form=form, proven=proven):
                    self.sandbox.sandbox.reset(**self.sandbox_options)
                    self.errors().unlink()
                    self.account.answered_routes = {BATCH: BATCH_PATH} if proven else False
                    self.account.check_refused_at = False
                    self.receive(3, f"{form}-{proven}")
                    # The lists of new and of canceled orders are read, and where nothing is proven one order's status.
                    self.revoke(form, after=2 if proven else 3)
                    self.pull_only()
                    self.assertEqual(self.errors().mapped("key"), ["credentials"])
                    self.assertEqual((self.account.answered_routes or {}).get(BATCH), BATCH_PATH if proven else None)
                    self.revoke(None)

    def test_a_lost_answer_marks_nothing_that_was_not_told(self):
        self.prove()
        for kind in ("lose_answer", "cut", "500", "reset"):
            with self.subTest(kind=kind):
                self.errors().unlink()
                self.receive(5, kind)
                self.fault(route=BATCH, kind=kind)
                self.fault(route="acknowledge", kind="500", count=1)
                self.pull_only()
                self.assertUntold(*(f"{kind}-{number}" for number in range(5)))
                self.assertIn(BATCH, self.account.answered_routes)
                self.sandbox.faults.clear()
                self.pull_only()
                self.assertEqual(self.asked(), [BATCH, "acknowledge"])
                self.assertTold()
                self.assertFalse(self.errors())

    def test_an_order_for_which_eim_refuses_a_whole_batch_does_not_have_it_left(self):
        self.prove()
        for kind in ("404", "invalid"):
            with self.subTest(kind=kind):
                self.receive(8, kind)
                odd = f"{kind}-6"
                for route in (BATCH, "acknowledge", "get_order_status"):
                    self.fault(route=route, kind=kind, count=9, match=odd, message="Order not found")
                self.pull_only()
                self.assertEqual(self.asked(BATCH, "acknowledge"), [BATCH] * 3 + ["acknowledge"] * 4)
                self.assertUntold(odd)
                self.assertIn(odd, self.errors().mapped("key"))
                self.assertNotIn(KEY, self.errors().mapped("key"))
                self.receive(3, f"{kind}-later")
                self.pull_only()
                self.assertEqual(self.asked(BATCH), [BATCH], "the odd order is told by itself")
                self.assertIn(BATCH, self.account.answered_routes)
                self.sandbox.faults.clear()
                self.errors()._mark_resolved()
                self.pull_only()
                self.assertTold()

    def test_an_order_that_eim_stumbles_over_holds_up_no_other(self):
        self.prove()
        self.receive(5)
        self.fault(route=BATCH, kind="500", count=99, match="A-2")
        self.fault(route="acknowledge", kind="invalid", count=99, match="A-2", message="Order is odd")
        self.pull_only()
        self.assertUntold("A-2")
        self.assertEqual(len(self.env["extensiv.order"].search([("acknowledged_at", "!=", False)])), 5)
        self.assertEqual(set(self.errors().mapped("key")), {KEY, "A-2"})
        self.receive(2, "B")
        self.pull_only()
        self.assertEqual(self.asked(BATCH, "acknowledge"), [BATCH, "acknowledge"], "the odd order by itself")
        self.assertEqual(self.errors().mapped("key"), ["A-2"])
        self.receive(2, "C")
        self.pull_only()
        self.assertEqual(self.asked(), [BATCH], "the odd order waits for its time")

    def test_a_batch_without_a_token_waits_and_is_no_error(self):
        self.prove()
        self.receive(3)
        self.fault(route=BATCH, kind="rate_limit", count=9)
        self.pull_only()
        self.assertUntold("A-0", "A-1", "A-2")
        self.assertFalse(self.errors())
        self.sandbox.faults.clear()
        self.pull_only()
        self.assertTold()

    def test_the_order_that_is_to_show_it_waits_for_a_token_too(self):
        self.receive(60)
        self.fault(route=BATCH, kind="rate_limit", count=1)
        self.pull_only()
        self.assertEqual(self.asked(), ["get_order_status", BATCH, BATCH, "get_order_status", BATCH, BATCH])
        self.assertTold()

    def test_orders_listed_again_are_told_many_at_a_call_too(self):
        self.receive(120)
        self.pull_only()
        for number in range(120):
            self.change_order(f"A-{number}", order_status="new")
        with patch.object(OrderImport, "find_importable", lambda self, limit: self.env["extensiv.order"]):
            self.pull_only()
        self.assertEqual(self.asked(), [BATCH] * 3)
        self.assertTold()

    def test_an_override_sets_its_path_where_it_is_proven_anew(self):
        self.prove()
        self.sandbox.sandbox.api.paths[BATCH] = "merchant/orders/batch"
        self.account.route_overrides = f"{BATCH} = merchant/orders/batch"
        self.receive(3)
        self.pull_only()
        self.assertEqual(self.asked(), ["get_order_status", BATCH, "get_order_status", BATCH])
        self.assertEqual(self.account.answered_routes, {BATCH: "merchant/orders/batch"})
        self.assertTold()

    def test_the_diagnosis_says_how_it_stands(self):
        self.assertIn("not tried yet", self.describe())
        self.prove()
        self.assertIn("many orders at a call, since", self.describe())
        self.settings(order_batches="404")
        self.receive(1)
        self.pull_only()
        self.assertIn("one by one: EIM does not take", self.describe())
        self.account.acknowledge_batches = False
        self.assertIn("switched off on the account", self.describe())

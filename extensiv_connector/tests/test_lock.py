"""The lock of a flow: who does not get it, who has lost it, and who holds it for too long."""

from contextlib import contextmanager
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import tagged

from ..flows import runner
from ..flows.lock import Lock, LockLost, _key, find_holder
from ..flows.order_pull import OrderPull
from ..flows.runner import run_flow
from ..flows.shipment_push import ShipmentPush, send_now
from .shipments_common import ShipmentCase


class Lost:
    """A lock that PostgreSQL took away after some checks."""

    def __init__(self, checks=0):
        self.checks = checks

    def check(self):
        if not self.checks:
            raise LockLost
        self.checks -= 1


@tagged("post_install", "-at_install")
class TestLock(ShipmentCase):
    @contextmanager
    def held_elsewhere(self, flow):
        """Let another connection hold the lock of ``flow``."""
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", _key(self.account, flow))
            self.assertTrue(cr.fetchone()[0])
            yield

    def open_error(self, step=False):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("state", "=", "open"), ("step", "=", step)]
        )

    def run_flow(self, flow="orders"):
        with self.flows():
            result = run_flow(self.account, flow)
        self.env.invalidate_all()
        return result

    @contextmanager
    def lost(self, checks=0):
        """Let passes lose their lock after some checks."""
        with patch.object(Lock, "check", Lost(checks).check):
            yield

    # -- held by another

    def test_who_does_not_get_it_leaves_and_says_so(self):
        calls = len(self.calls())
        with self.held_elsewhere("orders"):
            result = self.run_flow()
            self.assertEqual(self.run_flow("alerts").state, "done", "each flow has its own")
        self.assertEqual((result.state, len(self.calls("list_orders"))), ("partial", 0))
        self.assertIn("Already at work elsewhere", result.message)
        self.assertFalse(self.open_error("hanging"))
        self.assertGreater(len(self.calls()), calls)
        self.assertEqual(self.run_flow().state, "done")

    def test_its_holder_is_found(self):
        self.assertIsNone(find_holder(self.account, "orders"))
        with self.held_elsewhere("orders"):
            pid, seconds = find_holder(self.account, "orders")
            self.env.cr.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [pid])
            self.assertEqual(self.env.cr.fetchone(), ("idle in transaction",))
            self.assertLess(seconds, 60)
            self.assertIsNone(find_holder(self.account, "shipments"))

    def test_at_work_elsewhere_for_ten_minutes_is_told_until_a_pass_gets_the_lock(self):
        self.account.responsible_id = self.env.ref("base.user_admin")
        with self.held_elsewhere("orders"), patch.object(runner, "HANGING_SECONDS", 0):
            pid, _seconds = find_holder(self.account, "orders")
            for _again in range(2):
                result = self.run_flow()
        error = self.open_error("hanging")
        self.assertEqual((error.flow, error.key, error.category), ("connection", "orders", "settings"))
        self.assertIn(f"process {pid}", error.message)
        self.assertEqual(result.message, error.message)
        self.assertEqual(result.state, "partial")
        self.assertEqual(self.run_flow().state, "done")
        self.assertEqual(error.state, "resolved")

    # -- lost

    def test_a_pass_that_lost_it_ends_without_a_fault_and_the_next_goes_on(self):
        items = [{"item": "TEE-1", "quantity": "1", "price": "5"}]
        self.add_orders(*({"cust_ref": f"L-{number}", "items": items} for number in range(2)))
        for checks in range(6):
            with self.lost(checks), self.assertNoLogs("odoo.addons.extensiv_connector", "WARNING"):
                result = self.run_flow()
            self.assertEqual(result.state, "partial", checks)
            self.assertEqual(result.resume_in, runner.LOST_SECONDS)
            self.assertIn("the next run goes on", self.last_run().message)
            self.assertFalse(self.open_error())
        self.assertEqual(self.run_flow().state, "done")
        self.assertEqual(self.at_eim("L-1")["order_status"], "at_wms")

    def test_nothing_is_shipped_without_it(self):
        sale = self.order()
        self.ship(sale.picking_ids)
        calls = 0
        while sale.extensiv_shipment_state != "sending":
            self.assertLess(calls, 20)
            with self.lost(calls):
                self.run_flow("shipments")
            calls += 1
        self.assertFalse(self.calls("ship"), "the intent was committed, the call was not made")
        with self.later(minutes=3):
            for _pass in range(2):
                self.run_flow("shipments")
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(self.calls("ship"), ["ship"])

    def test_a_button_that_lost_it_says_that_another_is_at_work(self):
        sale = self.order()
        self.ship(sale.picking_ids)
        with self.lost(), self.flows():
            self.assertTrue(send_now(sale))
        self.assertFalse(self.calls("ship"))
        with self.flows():
            self.assertFalse(send_now(sale))

    def test_nothing_is_cancelled_at_eim_without_it(self):
        self.order()
        self.allow_cancelling()
        with self.flows(), OrderPull.open(self.account) as run, run.connect():
            run.lock = Lost()
            with self.assertRaises(LockLost):
                run.cancellations._send(self.inbox("S-1").id, "S-1")
        self.assertFalse(self.calls("cancel_order_in_cart"))

    def test_the_shipments_flow_checks_it_right_before_the_call(self):
        with self.flows(), ShipmentPush.open(self.account, lock=Lost(1)) as run:
            run.commit()
            with self.assertRaises(LockLost):
                run.check_lock()

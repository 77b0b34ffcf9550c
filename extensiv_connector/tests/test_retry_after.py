"""What EIM, or a proxy before it, says about waiting ends a pass early and has it come again then."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..flows.runner import LEAST_PAUSE, run_flow
from .common import ConnectorCase
from .shipments_common import ShipmentCase
from .test_inventory import InventoryCase


@tagged("post_install", "-at_install")
class TestPull(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def run_orders(self):
        with self.flows():
            return run_flow(self.account, "orders")

    def test_a_pass_comes_again_when_eim_says(self):
        for kind, state in (("503", "failed"), ("429", "partial")):
            self.fault(route="list_orders", kind=kind, retry_after="120")
            before = len(self.calls("list_orders"))
            result = self.run_orders()
            self.assertEqual(result.state, state)
            self.assertEqual(result.resume_in, 120)
            self.assertEqual(len(self.calls("list_orders")) - before, 1, "it was not asked again meanwhile")
        self.assertIsNone(self.run_orders().resume_in)

    def test_a_person_reads_for_how_long(self):
        self.fault(route="list_orders", kind="503", retry_after="120")
        self.assertIn("It asks to wait 120 s.", self.pull().message)

    def test_a_short_wait_is_part_of_the_pass(self):
        self.add_orders({"cust_ref": "A-1"})
        self.fault(route="list_orders", kind="503", retry_after="1")
        self.assertNotEqual(self.pull().state, "failed")
        self.assertTrue(self.inbox("A-1"))

    def test_a_failed_pass_does_not_come_again_at_once_whatever_is_said(self):
        self.fault(route="list_orders", kind="503", retry_after="1", count=3)
        self.assertEqual(self.run_orders().resume_in, LEAST_PAUSE)

    def test_the_schedule_plans_the_next_pass_for_then(self):
        self.account.pull_orders = True
        self.env["extensiv.due"].search([]).unlink()
        self.fault(route="list_orders", kind="503", retry_after="600")
        now = fields.Datetime.now()
        with self.flows():
            self.env["extensiv.account"]._cron_pull_orders()
        due = self.env["extensiv.due"].search([("account_id", "=", self.account.id), ("flow", "=", "orders")])
        self.assertEqual(len(due), 1)
        self.assertGreater(due.due_at, now + timedelta(seconds=590))
        self.assertLess(due.due_at, now + timedelta(seconds=660))


class TestShipments(ShipmentCase):
    def test_eim_is_not_told_of_the_other_orders_while_it_asks_to_wait(self):
        sales = [self.order(cust_ref) for cust_ref in ("S-1", "S-2")]
        for sale in sales:
            self.ship(sale.picking_ids)
        self.fault(route="ship", kind="503", retry_after="300")
        with self.flows():
            result = run_flow(self.account, "shipments")
        self.assertEqual(self.calls("ship"), ["ship"])
        self.assertEqual(result.resume_in, 300)
        self.assertEqual(sales[0].extensiv_shipment_state, "sending", "nobody knows whether it arrived")
        self.assertEqual(sales[1].extensiv_shipment_state, "ready")


@tagged("post_install", "-at_install")
class TestStock(InventoryCase):
    def test_levels_are_told_again_at_once_after_a_lost_answer_but_not_where_eim_asks_to_wait(self):
        self.receive(self.tee, 4)
        self.fault(route="push_inventory", kind="503", retry_after="200")
        with self.flows():
            result = run_flow(self.account, "inventory")
        self.assertEqual(self.calls("push_inventory"), ["push_inventory"])
        self.assertEqual(result.resume_in, 200)
        self.fault(route="push_inventory", kind="503")
        self.assertEqual(self.push().state, "done")
        self.assertEqual(len(self.calls("push_inventory")), 4, "the first level twice, then the rest")
        self.assertEqual(self.at_eim()["TEE-1"], 4)

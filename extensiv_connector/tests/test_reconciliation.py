from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields, sql_db
from odoo.tests import tagged
from odoo.tools import SQL

from ..flows import reconciliation, stock_scan
from ..flows.reconciliation import Reconciliation
from ..flows.stock_levels import ExpectedLevels
from .test_inventory import InventoryCase


class SeenCase(InventoryCase):
    """A test is one transaction, in which everything is new to every pass. Here each act stands for one of its own.

    What was written before a pass began has earlier numbers than what is written afterwards, in a savepoint.
    """

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(reconciliation, "snapshot_sql", self.snapshot_sql))
        self.passes = []
        find = Reconciliation.find_changes

        def find_changes(reconciling, *args):
            result = find(reconciling, *args)
            self.passes.append(reconciling)
            return result

        self.startPatcher(patch.object(Reconciliation, "find_changes", find_changes))

    def snapshot_sql(self):
        with sql_db.db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SELECT pg_current_xact_id()::text")
            return SQL("%s::text::xid8", cr.fetchone()[0])

    @contextmanager
    def act(self):
        """Do something in a transaction of its own."""
        with self.env.cr.savepoint():
            yield

    def settle(self):
        """Push until nothing is new, the last time by asking what changed."""
        for _pass in range(5):
            if self.push().message == "Nothing new." and not self.passes[-1].is_full:
                return
        self.fail("The push never comes to rest.")

    def push_narrow(self):
        """Push what changed alone; return the SKUs that were compared."""
        run = self.push()
        self.assertFalse(self.passes[-1].is_full, run.message)
        return set(self.passes[-1].scope.skus)

    def push_full(self):
        self.push()
        self.assertTrue(self.passes[-1].is_full)

    def assert_reconciled(self):
        """Assert that comparing everything finds nothing, by candidates and without."""
        self.env.flush_all()
        turns = self.account.location_ids.ids
        self.assertEqual(ExpectedLevels(self.account).find_changes(None, turns), ([], []))
        self.assertEqual(Reconciliation(self.account, turns, full=True).find_changes(), ([], []))

    def seen(self):
        return self.env["extensiv.stock.scan"].search([("account_id", "=", self.account.id)])


@tagged("post_install", "-at_install")
class TestNarrowPass(SeenCase):
    """What changed is found by asking what changed."""

    def setUp(self):
        super().setUp()
        self.others = self.env["product.product"].create(
            [{"name": f"Other {number}", "default_code": f"O-{number}", "is_storable": True} for number in range(9)]
        )
        self.receive(self.tee, 20)
        self.settle()

    def test_without_a_change_nothing_is_compared(self):
        self.assertEqual(self.push_narrow(), set())
        self.assertEqual(len(self.seen()), 1)

    def test_of_one_that_changed_it_alone_is_compared(self):
        with self.act():
            self.receive(self.mug, 5)
        self.assertEqual(self.push_narrow(), {"MUG-1"})
        self.assertEqual(self.at_eim()["MUG-1"], 5)
        self.assertEqual(self.push_narrow(), set(), "what the pass wrote itself is not looked at again")
        self.assert_reconciled()

    def test_what_is_sold_reserved_or_not(self):
        with self.act():
            self.warehouse.out_type_id.reservation_method = "manual"
            order = self.sell(self.tee, 3)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 17, "owed")
        self.settle()
        with self.act():
            order.picking_ids.action_assign()
        self.assertIn("TEE-1", self.push_narrow())
        self.assertEqual(self.at_eim()["TEE-1"], 17)
        with self.act():
            order.action_cancel()
        self.assertIn("TEE-1", self.push_narrow())
        self.assertEqual(self.at_eim()["TEE-1"], 20)
        self.assert_reconciled()

    def test_what_is_owed_for_an_order_that_is_cancelled_unreserved(self):
        with self.act():
            order = self.sell(self.mug, 4)
        self.push_narrow()
        with self.act():
            self.receive(self.mug, 10)
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 6)
        with self.act():
            order.action_cancel()
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 10)

    def test_what_a_whole_package_takes_along(self):
        with self.act():
            package = self.env["stock.package"].create({"name": "PACK-1"})
            self.env["stock.quant"]._update_available_quantity(self.mug, self.stock, 8, package_id=package)
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 8)
        with self.act():
            order = self.sell(self.mug, 8)
            self.deliver(order)
            self.env["stock.quant"]._unlink_zero_quants()
            self.assertFalse(self.mug.stock_quant_ids.filtered(lambda quant: quant.location_id == self.stock))
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 0)
        self.assert_reconciled()

    def test_quants_that_are_gone_when_the_pass_comes(self):
        """A quant that sold out is deleted in a transaction of which nothing else is left."""
        rack = self.env["stock.location"].create({"name": "Rack", "location_id": self.stock.id})
        with self.act():
            self.receive(self.mug, 5)
            self.receive(self.mug, 3, rack)
        self.settle()
        self.assertEqual(self.at_eim()["MUG-1"], 8)
        with self.act():
            self.env.cr.execute(
                "DELETE FROM stock_quant WHERE product_id = %s AND location_id = %s", [self.mug.id, rack.id]
            )
        self.assertIn("MUG-1", self.push_narrow())
        self.assertEqual(self.at_eim()["MUG-1"], 5)
        self.assert_reconciled()
        self.assertEqual(self.push_narrow(), set(), "once")

    def test_somebody_opens_the_stock_list_between_delivery_and_pass(self):
        Quant = self.env["stock.quant"].with_context(inventory_mode=True)
        with self.act():
            self.receive(self.mug, 2)
        self.push_narrow()
        with self.act():
            order = self.sell(self.mug, 2)
            self.deliver(order)
        with self.act():
            Quant.action_view_inventory()
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 0)
        self.assert_reconciled()

    def test_quants_that_are_merged(self):
        values = {"product_id": self.mug.id, "location_id": self.stock.id}
        with self.act():
            self.env["stock.quant"].create(
                [{**values, "quantity": 5, "reserved_quantity": -1}, {**values, "quantity": 4}]
            )
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 10)
        with self.act():
            # Odoo makes no reservation negative, and writes no date.
            self.env["stock.quant"]._merge_quants()
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 9)
        self.assert_reconciled()

    def test_products_and_their_other_skus(self):
        alias = self.env["extensiv.sku.alias"]
        with self.act():
            alias = alias.create({"account_id": self.account.id, "sku": "TEE-OLD", "product_id": self.tee.id})
        self.assertLessEqual({"TEE-OLD", "TEE-1"}, self.push_narrow())
        self.assertEqual(self.at_eim()["TEE-OLD"], 20)
        with self.act():
            alias.product_id = self.mug
        self.push_narrow()
        self.assertEqual(self.at_eim()["TEE-OLD"], 0)
        with self.act():
            alias.unlink()
            self.tee.default_code = "TEE-2"
        self.push_narrow()
        self.assertEqual((self.at_eim()["TEE-1"], self.at_eim()["TEE-2"]), (0, 20))
        with self.act():
            self.tee.extensiv_buffer_qty = 4
        self.push_narrow()
        self.assertEqual(self.at_eim()["TEE-2"], 16)
        with self.act():
            self.tee.product_tmpl_id.sale_ok = False
        self.push_narrow()
        self.assertEqual(self.at_eim()["TEE-2"], 0)
        self.assert_reconciled()

    def test_a_product_that_is_deleted(self):
        with self.act():
            self.others[0].unlink()
        self.push_narrow()
        self.assertFalse(self.level("O-0").product_id)
        self.assert_reconciled()

    def test_a_sku_that_two_products_have_is_told_in_every_pass(self):
        with self.act():
            self.others[1].default_code = "O-0"
        self.push_narrow()
        [error] = self.errors()
        self.assertIn("O-0", self.push_narrow())
        self.assertEqual(self.errors(), error)
        with self.act():
            self.others[1].default_code = "O-1"
        self.push_narrow()
        self.assertFalse(self.errors())

    def test_orders_that_begin_and_end_to_wait(self):
        with self.act():
            items = [{"item": sku, "quantity": "2", "price": "5"} for sku in ("TEE-1", "GHOST")]
            self.add_orders({"cust_ref": "W-1", "items": items})
            self.pull()
        self.assertEqual(self.inbox("W-1").state, "failed")
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 18)
        self.settle()
        self.assertEqual(self.seen().taken, [[self.east.id, self.tee.id, 2.0]])
        with self.act():
            self.inbox("W-1").state = "ignored"
        self.assertIn("TEE-1", self.push_narrow())
        self.assertEqual(self.at_eim()["TEE-1"], 20)
        self.assert_reconciled()

    def test_waiting_orders_are_read_anew_where_they_or_their_products_changed_alone(self):
        with patch.object(stock_scan, "find_taken", return_value=[]) as find_taken:
            self.push_narrow()
            find_taken.assert_not_called()
            with self.act():
                self.mug.barcode = "4006381333931"
            self.push_narrow()
            find_taken.assert_called_once()

    def test_levels_that_others_wrote_or_deleted(self):
        with self.act():
            self.level("TEE-1").quantity = 3
        self.assertIn("TEE-1", self.push_narrow())
        self.assertEqual(self.level("TEE-1").quantity, 20)
        with self.act():
            self.level("TEE-1")._mark_unconfirmed()
        self.assertIn("TEE-1", self.push_narrow())
        with self.act():
            self.level("TEE-1").unlink()
        self.push_full()
        self.assertEqual(self.level("TEE-1").quantity, 20)

    def test_what_eim_refuses_is_looked_at_in_every_pass(self):
        self.fault(route="push_inventory", kind="failure", message="Unknown SKU", count=50)
        with self.act():
            self.receive(self.mug, 5)
        self.push_narrow()
        self.sandbox.faults.clear()
        self.assertTrue(self.level("MUG-1").refused_at)
        self.assertIn("MUG-1", self.push_narrow())
        with self.act():
            self.receive(self.mug, 6)
        self.push_narrow()
        self.assertEqual(self.at_eim()["MUG-1"], 6)

    def test_zeros_that_wait_go_on_waiting(self):
        with self.act():
            for product in self.others:
                self.receive(product, 4)
        self.push_narrow()
        with self.act():
            self.others.product_tmpl_id.sale_ok = False
        self.push_narrow()
        held = self.env["extensiv.stock.level"].search([("held_at", "!=", False)])
        self.assertEqual(len(held), 9)
        self.assertEqual(self.push_narrow(), set(held.mapped("sku")))
        self.assertEqual(len(held.filtered("held_at")), 9)
        with self.act():
            self.others.product_tmpl_id.sale_ok = True
        self.push_narrow()
        self.assertFalse(held.filtered("held_at"))

    def test_of_every_basis(self):
        for basis in ("free", "on_hand", "forecast", "promise"):
            with self.subTest(basis), self.act():
                self.account.quantity_basis = basis
                self.push_full()
                self.settle()
                with self.act():
                    order = self.sell(self.tee, 2)
                self.push_narrow()
                self.assert_reconciled()
                with self.act():
                    self.deliver(order)
                self.push_narrow()
                self.assert_reconciled()

    def test_a_removal_date_that_is_reached(self):
        if "removal_date" not in self.env["stock.quant"]._fields:
            return
        lot = self.env["stock.lot"].create({"name": "L-1", "product_id": self.mug.id})
        with self.act():
            self.mug.tracking = "lot"
            self.env["stock.quant"]._update_available_quantity(self.mug, self.stock, 5, lot_id=lot)
            lot.removal_date = fields.Datetime.add(fields.Datetime.now(), minutes=10)
        self.settle()
        with self.later(minutes=20):
            self.assertIn("MUG-1", self.push_narrow())
        self.assertEqual(self.at_eim()["MUG-1"], 0)

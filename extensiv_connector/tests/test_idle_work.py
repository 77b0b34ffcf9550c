"""What a pass costs that finds nothing new where stock is pushed, and orders wait for their goods or for people."""

from unittest.mock import patch

from odoo import fields, sql_db
from odoo.tests import tagged
from odoo.tools import SQL

from ..flows import holds, reconciliation
from ..flows.idle import find_calm
from .test_idle_cost import FEW, MANY, IdleCase

UNKNOWN_SKU = "NOT-HERE-YET"


@tagged("post_install", "-at_install")
class TestIdleWork(IdleCase):
    def setUp(self):
        super().setUp()
        # As SeenCase does it: what a pass wrote before has earlier numbers than what is written in an act afterwards.
        self.startPatcher(patch.object(reconciliation, "snapshot_sql", self.snapshot_sql))
        self.warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        self.sandbox.store.levels.locations = {"EAST": 1}
        self.tee, self.mug = self.products
        (self.env["product.product"].search([("default_code", "!=", False)]) - self.products).extensiv_push = False
        self.partner = self.env["res.partner"].create({"name": "Buyer"})

    def snapshot_sql(self):
        with sql_db.db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("SELECT pg_current_xact_id()::text")
            return SQL("%s::text::xid8", cr.fetchone()[0])

    # -- the shops

    def push_stock(self, accounts):
        accounts.location_ids.write({"push_enabled": True, "stock_location_id": self.warehouse.lot_stock_id.id})
        for product in self.products:
            self.env["stock.quant"]._update_available_quantity(product, self.warehouse.lot_stock_id, 10)

    def wait_for_goods(self, accounts):
        """Have an order of each account that waits for its goods; return these."""
        sales = self.env["sale.order"].create([self.prepare_sale(account, "WAITS") for account in accounts])
        sales.write({"extensiv_shipment_state": "waiting"})
        sales.action_confirm()
        return sales

    def prepare_sale(self, account, cust_ref):
        return {
            "partner_id": self.partner.id,
            "warehouse_id": self.warehouse.id,
            "extensiv_account_id": account.id,
            "extensiv_cust_ref": cust_ref,
            "order_line": [
                fields.Command.create({"product_id": self.mug.id, "product_uom_qty": 1, "extensiv_sku": "MUG-1"})
            ],
        }

    def wait_for_people(self, accounts):
        """Have orders of each account that are held, that failed, and that EIM has on hold."""
        if "HOLD" not in self.sandbox.store.orders:
            self.add_orders({"cust_ref": "HOLD", "on_hold": "Y"})
        for account in accounts:
            held = self.env["sale.order"].create(
                {
                    **self.prepare_sale(account, "HELD"),
                    "extensiv_is_held": True,
                    "extensiv_holds": {"app": {"text": "x"}},
                }
            )
            holds.report(account, held)
            failed = self.env["extensiv.order"].create(
                {
                    "account_id": account.id,
                    "cust_ref": "FAILED",
                    "order_number": "FAILED",
                    "state": "failed",
                    "acknowledged_at": fields.Datetime.now(),
                    "missing_skus": [UNKNOWN_SKU],
                }
            )
            self.env["extensiv.error"]._report(
                account, "orders", {"FAILED": {"message": "x", "category": "data", "document": failed}}
            )

    def settle(self, flow):
        for _turn in range(4):
            self.turn(flow)

    def assert_cheap(self, flow, build):
        cost = {}
        for count in (FEW, MANY):
            build(self.connect_accounts(range(FEW) if count == FEW else range(FEW, MANY)))
            self.settle(flow)
            rows = self.count_rows()
            runs = self.runs(flow)
            self.assertEqual(set(runs.grouped("account_id")), set(self.env["extensiv.account"].search([])))
            times = sum(runs.mapped("times"))
            asked = len(self.calls())
            with self.statements() as seen:
                self.turn(flow)
            cost[count] = sum("pg_current_xact_id()" not in text for text in seen)  # but for the patch's
            self.assertEqual(self.count_rows(), rows)
            self.assertEqual(sum(self.runs(flow).mapped("times")), times + count)
            self.assertLessEqual(len(self.calls()) - asked, 2 * count)
        self.assert_few_queries(cost, flow)

    # -- what it costs

    def test_stock_that_did_not_change_costs_few_queries_and_leaves_no_row(self):
        self.assert_cheap("inventory", self.push_stock)

    def test_orders_that_wait_for_their_goods_cost_few_queries_and_leave_no_row(self):
        self.assert_cheap("shipments", self.wait_for_goods)

    def test_orders_that_wait_for_people_cost_few_queries_and_leave_no_row(self):
        self.assert_cheap("orders", self.wait_for_people)

    # -- what is not overlooked

    def test_stock_that_changes_is_pushed_at_once(self):
        account = self.connect_accounts(range(1))
        self.push_stock(account)
        self.settle("inventory")
        location = account.location_ids
        compared = location.compared_at
        self.turn("inventory")
        location.invalidate_recordset()
        self.assertGreater(location.compared_at, compared, "as a whole pass would have it")
        with self.env.cr.savepoint():
            self.env["stock.quant"]._update_available_quantity(self.mug, self.warehouse.lot_stock_id, 5)
        self.turn("inventory")
        told = {level["sku"]: level["qty_available"] for level in self.sandbox.store.levels.listing("EAST")}
        self.assertEqual(told["MUG-1"], 15)

    def test_a_mapping_or_a_setting_that_changes_has_everything_compared(self):
        account = self.connect_accounts(range(1))
        self.push_stock(account)
        self.settle("inventory")
        with self.env.cr.savepoint():
            account.location_ids.buffer_qty = 3
        self.turn("inventory")
        told = {level["sku"]: level["qty_available"] for level in self.sandbox.store.levels.listing("EAST")}
        self.assertEqual(told["MUG-1"], 7)

    def test_what_was_told_long_ago_is_told_again_when_its_turn_comes(self):
        account = self.connect_accounts(range(1))
        self.push_stock(account)
        self.settle("inventory")
        self.assertTrue(find_calm(account, "inventory"))
        self.env["extensiv.stock.level"].search(
            [("location_id", "in", account.location_ids.ids)]
        ).pushed_at = "2024-01-01"
        self.assertFalse(find_calm(account, "inventory"))

    def test_an_order_whose_goods_left_is_told_at_once(self):
        account = self.connect_accounts(range(1))
        sale = self.wait_for_goods(account)
        self.settle("shipments")
        self.assertTrue(find_calm(account, "shipments"))
        # Without any hook that marks it.
        self.env.cr.execute(
            "UPDATE stock_move SET state = 'done' WHERE sale_line_id IN %s", [tuple(sale.order_line.ids)]
        )
        self.env.invalidate_all()
        self.assertFalse(find_calm(account, "shipments"))

    def test_a_shipment_that_failed_for_good_waits_for_a_person(self):
        account = self.connect_accounts(range(1))
        sale = self.wait_for_goods(account)
        sale.extensiv_shipment_state = "failed"
        Error = self.env["extensiv.error"]
        error = Error._report(account, "shipments", {"WAITS": {"message": "x", "category": "data", "document": sale}})
        self.settle("shipments")
        self.assertTrue(find_calm(account, "shipments"))
        error.next_try = fields.Datetime.now()
        self.assertFalse(find_calm(account, "shipments"))

    def test_an_order_that_failed_is_imported_once_its_product_is_there(self):
        account = self.connect_accounts(range(1))
        self.wait_for_people(account)
        self.settle("orders")
        self.assertTrue(find_calm(account, "orders"))
        times = self.runs()[0].times
        self.mug.default_code = UNKNOWN_SKU
        self.turn("orders")
        failed = self.env["extensiv.order"].search([("account_id", "=", account.id), ("cust_ref", "=", "FAILED")])
        self.assertFalse(failed.missing_skus, "it was tried")
        self.assertFalse(self.runs().filtered(lambda run: run.times > times))

    def test_an_order_that_eim_releases_is_received_at_once(self):
        account = self.connect_accounts(range(1))
        self.wait_for_people(account)
        self.settle("orders")
        self.change_order("HOLD", on_hold="N")
        self.turn("orders")
        self.assertTrue(self.env["extensiv.order"].search([("account_id", "=", account.id), ("cust_ref", "=", "HOLD")]))

    def test_what_was_left_unreserved_has_a_whole_pass(self):
        account = self.connect_accounts(range(1))
        sale = self.wait_for_goods(account)
        self.settle("orders")
        self.assertTrue(find_calm(account, "orders"))
        sale.picking_ids.move_ids.extensiv_reserve_later = True
        self.assertFalse(find_calm(account, "orders"))

    def test_a_held_order_of_which_nobody_was_told_has_a_whole_pass(self):
        account = self.connect_accounts(range(1))
        self.wait_for_people(account)
        self.settle("orders")
        self.env["extensiv.error"].search([("account_id", "=", account.id), ("key", "=", "HELD")]).unlink()
        self.assertFalse(find_calm(account, "orders"))

    def test_passes_that_did_something_stand_for_themselves(self):
        account = self.connect_accounts(range(1))
        self.settle("orders")
        self.add_orders({"cust_ref": "NEW", "on_hold": "N"})
        self.turn("orders")
        self.turn("orders")
        newest, before, *_older = self.runs()
        self.assertEqual((newest.times, before.times), (1, 1))
        self.assertTrue(newest.is_idle)
        self.assertFalse(before.is_idle)
        self.assertEqual(newest.account_id, account)

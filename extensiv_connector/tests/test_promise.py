from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged
from odoo.tools import SQL

from ..flows.stock_push import StockPush
from ..flows.trigger import NOTED
from .test_inventory import InventoryCase
from .test_inventory_zeros import ZerosCase


class PromiseCase(InventoryCase):
    def by_hand(self):
        """Let nothing be reserved before somebody does it."""
        for operation in ("out_type_id", "pick_type_id", "pack_type_id"):
            self.warehouse[operation].reservation_method = "manual"

    def make_second(self, **values):
        return self.env["stock.warehouse"].create({"name": "Second", "code": "SEC2", **values})

    def map_another(self, name, **values):
        self.sandbox.store.levels.locations[name] = len(self.sandbox.store.levels.locations) + 1
        return self.env["extensiv.location"].create(
            {"account_id": self.account.id, "name": name, "push_enabled": True, **values}
        )

    def promised(self, location="EAST"):
        self.push()
        return self.at_eim(location)["TEE-1"]


@tagged("post_install", "-at_install")
class TestPromise(PromiseCase):
    """What can be promised: free goods, less what is owed."""

    def test_it_is_the_basis_of_new_accounts(self):
        self.assertEqual(self.account.quantity_basis, "promise")

    def test_freed_goods_belong_to_those_who_wait(self):
        self.receive(self.tee, 5)
        first, second = self.sell(self.tee, 5), self.sell(self.tee, 5)
        self.assertEqual(self.promised(), 0)
        first._action_cancel()
        self.assertEqual(self.tee.with_context(location=self.stock.id).free_qty, 5, "Odoo reserves once a day")
        self.assertEqual(self.promised(), 0)
        self.account.quantity_basis = "free"
        self.assertEqual(self.promised(), 5)
        self.account.quantity_basis = "promise"
        second._action_cancel()
        self.assertEqual(self.promised(), 5)

    def test_what_is_reserved_by_hand_or_later_is_owed_at_once(self):
        self.receive(self.tee, 10)
        for method in ("manual", "by_date"):
            with self.subTest(method), self.env.cr.savepoint() as savepoint:
                self.warehouse.out_type_id.reservation_method = method
                order = self.sell(self.tee, 3)
                order.picking_ids.do_unreserve()
                self.assertEqual(self.promised(), 7)
                self.assertFalse(self.east.warning or self.account.stock_warning)
                self.account.quantity_basis = "free"
                self.assertTrue(self.east.warning)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_a_part_that_is_reserved_is_owed_no_more(self):
        self.receive(self.tee, 4)
        order = self.sell(self.tee, 6)
        self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, 5)
        self.assertEqual(order.picking_ids.move_ids.quantity, 4)
        self.assertEqual(self.promised(), 3)

    def test_an_order_by_the_dozen_owes_units(self):
        self.by_hand()
        self.receive(self.tee, 30)
        order = self.sell(self.tee, 1, confirm=False)
        dozen = self.env.ref("uom.product_uom_dozen")
        order.order_line.write({"product_uom_id": dozen.id, "product_uom_qty": 2})
        order.action_confirm()
        self.assertEqual(self.promised(), 6)
        order.picking_ids.move_ids.quantity = 1
        self.assertEqual(self.promised(), 6)

    def test_of_a_chain_only_the_first_open_step_counts(self):
        for steps in ("pick_ship", "pick_pack_ship"):
            for method in ("at_confirm", "manual"):
                with self.subTest(steps=steps, method=method), self.env.cr.savepoint() as savepoint:
                    self.warehouse.delivery_steps = steps
                    if method == "manual":
                        self.by_hand()
                    self.map_another("EVERY", source="all")
                    self.receive(self.tee, 10)
                    order = self.sell(self.tee, 4)
                    for _step in range(steps.count("_") + 1):
                        self.push()
                        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "EVERY")], [6, 6])
                        [step] = order.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel"))
                        step.move_ids.quantity = 4
                        step.move_ids.picked = True
                        step._action_done()
                    self.push()
                    self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "EVERY")], [6, 6])
                    savepoint.rollback()
                    self.env.invalidate_all()

    def chain(self, quantity, shipped=None):
        """Return two moves as rules that pull make them, the second of which waits for the first."""
        output = self.warehouse.wh_output_stock_loc_id
        output.active = True
        customers = self.env.ref("stock.stock_location_customers")
        values = {"product_id": self.tee.id, "company_id": self.company.id}
        ship = self.env["stock.move"].create(
            {
                **values,
                "product_uom_qty": shipped or quantity,
                "location_id": output.id,
                "location_dest_id": customers.id,
                "procure_method": "make_to_order",
            }
        )
        pick = self.env["stock.move"].create(
            {
                **values,
                "product_uom_qty": quantity,
                "location_id": self.stock.id,
                "location_dest_id": output.id,
                "move_dest_ids": ship.ids,
            }
        )
        (pick + ship)._action_confirm(merge=False)
        return pick, ship

    def test_a_chain_that_is_pulled_is_owed_by_its_first_step_wherever_it_is_counted(self):
        self.map_another("EVERY", source="all")
        self.receive(self.tee, 10)
        pick, ship = self.chain(4)
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "EVERY")], [6, 6])
        pick.quantity = 3
        pick.picked = True
        pick._action_done()
        self.assertEqual(ship.move_orig_ids.filtered(lambda move: move.state != "done").product_qty, 1, "the rest")
        ship._do_unreserve()
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "EVERY")], [6, 6])

    def test_what_one_step_brings_is_shared_by_those_that_follow(self):
        self.map_another("EVERY", source="all")
        self.receive(self.tee, 10)
        pick, ship = self.chain(6, shipped=3)
        other = ship.copy({"move_orig_ids": pick.ids})
        other._action_confirm(merge=False)
        self.push()
        self.assertEqual(self.at_eim("EVERY")["TEE-1"], 4)
        pick.quantity = 4
        pick.picked = True
        pick._action_done()
        (ship + other)._do_unreserve()
        self.push()
        self.assertEqual(self.at_eim("EVERY")["TEE-1"], 4)

    def test_what_is_made_to_order_is_not_owed_before_it_was_brought(self):
        self.receive(self.tee, 10)
        customers = self.env.ref("stock.stock_location_customers")
        move = self.env["stock.move"].create(
            {
                "product_id": self.tee.id,
                "product_uom_qty": 4,
                "location_id": self.stock.id,
                "location_dest_id": customers.id,
                "procure_method": "make_to_order",
            }
        )
        move._action_confirm(create_proc=False)
        self.assertEqual(self.promised(), 10)
        receipt = self.env["stock.move"].create(
            {
                "product_id": self.tee.id,
                "product_uom_qty": 4,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
                "location_dest_id": self.stock.id,
                "move_dest_ids": move.ids,
            }
        )
        receipt._action_confirm()
        self.assertEqual(self.promised(), 10)
        receipt.quantity = 4
        receipt.picked = True
        receipt._action_done()
        self.assertEqual(move.state, "assigned")
        self.assertEqual(self.promised(), 10)
        move._do_unreserve()
        self.assertEqual(self.promised(), 10)

    def test_a_transfer_is_owed_by_the_sender_unless_both_are_counted(self):
        second = self.make_second(resupply_wh_ids=[fields.Command.link(self.warehouse.id)])
        self.by_hand()
        self.map_another("NORTH", stock_location_id=second.lot_stock_id.id)
        self.map_another("EVERY", source="all")
        self.receive(self.tee, 10)
        Rule = self.env["stock.rule"]
        values = {
            "warehouse_id": second,
            "date_planned": fields.Datetime.now(),
            "route_ids": second.resupply_route_ids,
        }
        Rule.run([Rule.Procurement(self.tee, 4, self.tee.uom_id, second.lot_stock_id, "R", "R", self.company, values)])
        self.env["stock.move"].search([("product_id", "=", self.tee.id)])._do_unreserve()
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "NORTH", "EVERY")], [6, 0, 10])

    def test_what_moves_within_the_mapping_is_not_owed(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.west.write({"push_enabled": True, "stock_location_id": shelf.id})
        self.receive(self.tee, 5, shelf)
        move = self.env["stock.move"].create(
            {
                "product_id": self.tee.id,
                "product_uom_qty": 8,
                "location_id": shelf.id,
                "location_dest_id": self.stock.id,
            }
        )
        move._action_confirm()
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "WEST")], [5, 0])

    def test_of_an_owners_stock_only_what_is_to_leave_of_it_is_owed(self):
        owner, other = self.env["res.partner"].create([{"name": "Merchant"}, {"name": "Other"}])
        self.account.owner_id = owner
        self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, 8, owner_id=owner)
        for partner, quantity in ((owner, 3), (other, 2)):
            self.env["stock.move"].create(
                {
                    "product_id": self.tee.id,
                    "product_uom_qty": quantity,
                    "location_id": self.stock.id,
                    "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                    "restrict_partner_id": partner.id,
                }
            )._action_confirm(merge=False)
        self.assertEqual(self.promised(), 5)

    def test_only_what_is_due_within_some_days(self):
        self.by_hand()
        self.receive(self.tee, 10)
        order = self.sell(self.tee, 4, confirm=False)
        order.commitment_date = fields.Datetime.now() + timedelta(days=30)
        order.action_confirm()
        self.assertEqual(self.promised(), 6, "by default all is owed")
        self.account.owed_days = 7
        self.assertEqual(self.promised(), 10)
        with self.later(days=24):
            self.assertEqual(self.promised(), 6)

    def test_the_preview_names_what_is_zero_only_because_of_later_orders(self):
        self.by_hand()
        self.receive(self.tee, 4)
        self.receive(self.mug, 4)
        for product, days in ((self.tee, 30), (self.mug, 0)):
            order = self.sell(product, 4, confirm=False)
            order.commitment_date = fields.Datetime.now() + timedelta(days=days)
            order.action_confirm()
        self.env.flush_all()
        with self.flows():
            preview = self.env["extensiv.stock.preview"]._make(self.account)
        self.assertIn("1 SKUs are 0 only because of orders and transfers due later than tomorrow: TEE-1.", preview.note)

    def test_a_change_of_what_is_owed_starts_a_push(self):
        self.receive(self.tee, 1)
        order = self.sell(self.tee, 4)
        move = order.picking_ids.move_ids
        noted = self.env.cr.postcommit.data
        for change in (
            lambda: move.write({"date": fields.Datetime.now() + timedelta(days=3)}),
            move._do_unreserve,
            move._action_cancel,
        ):
            noted.get(NOTED, {}).clear()
            change()
            self.assertIn("inventory", noted.get(NOTED, {}))
        noted.get(NOTED, {}).clear()
        move.write({"priority": "1"})
        self.assertNotIn("inventory", noted.get(NOTED, {}))

    def test_eim_is_told_what_is_on_hand_and_when_it_was_true(self):
        self.receive(self.tee, 10)
        self.account.buffer_qty = 1
        self.sell(self.tee, 3)
        moments = []
        find_changes = StockPush.find_changes

        def slow(push):
            moments.append(push.env.execute_query(SQL("SELECT clock_timestamp() AT TIME ZONE 'UTC'"))[0][0])
            return find_changes(push)

        with patch.object(StockPush, "find_changes", slow):
            self.push()
        [level] = [level for level in self.sandbox.store.levels.listing("EAST") if level["sku"] == "TEE-1"]
        self.assertEqual((level["qty_available"], level["qty_on_hand"]), (6, 10))
        told = datetime.fromisoformat(self.sandbox.store.levels.items["TEE-1"]["EAST"].wms_datetime)
        self.assertLessEqual(told.astimezone(UTC).replace(tzinfo=None), moments[0], "before the quantities were read")


@tagged("post_install", "-at_install")
class TestOwedZeros(ZerosCase):
    def test_what_is_owed_explains_a_zero(self):
        self.stock_up()
        self.push()
        self.warehouse.out_type_id.reservation_method = "manual"
        for product in self.goods:
            self.sell(product, 10)
        run = self.push()
        self.assertEqual(run.state, "done")
        self.assertEqual(self.zeros(), self.skus)
        self.assertFalse(self.error() or self.held())

    def test_what_falls_due_explains_a_zero(self):
        self.stock_up()
        self.warehouse.out_type_id.reservation_method = "manual"
        self.account.owed_days = 7
        for product in self.goods:
            order = self.sell(product, 10, confirm=False)
            order.commitment_date = fields.Datetime.now() + timedelta(days=30)
            order.action_confirm()
        self.push()
        self.assertFalse(self.zeros())
        with self.later(days=24):
            self.push()
            self.assertEqual(self.zeros(), self.skus)
            self.assertFalse(self.error() or self.held())

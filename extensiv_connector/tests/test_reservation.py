"""Where several workers import at once, goods are reserved after the orders are confirmed: nothing else comes of it."""

from contextlib import nullcontext
from datetime import datetime
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import tagged

from ..flows import batch_reservation
from ..flows.reservation import Reservation, Turn
from .common import ConnectorCase
from .test_inventory import InventoryCase

COMPARED = ["res.partner", "stock.picking", "stock.move", "stock.move.line", "stock.quant", "sale.order.line"]
# What differs between two imports of the same orders whatever reserves: keys, moments, numbers of a sequence.
OTHERWISE = {"id", "create_date", "write_date", "name", "reference", "in_date", "last_count_date"}


class ReservationMixin:
    """Orders of tees and mugs, and workers that import beside others."""

    def beside(self):
        """Let every worker import beside another."""
        whole = Turn._begin

        def begin(turn):
            whole(turn)
            return False

        return patch.object(Turn, "_begin", begin)

    def killed(self):
        """Let every worker be killed between confirming and reserving."""
        return patch.object(Reservation, "reserve", lambda *_arguments: False)

    def add(self, *refs, quantity=2):
        self.add_orders(
            *(
                {
                    "cust_ref": ref,
                    "items": [
                        {"item": "TEE-1", "quantity": str(quantity), "price": "5"},
                        {"item": "MUG-1", "quantity": "1", "price": "8"},
                    ],
                }
                for ref in refs
            )
        )

    def stock_up(self, **quantities):
        for product in self.products:
            quantity = quantities.get(product.default_code[:3].lower(), 10)
            self.env["stock.quant"]._update_available_quantity(product, self.warehouse.lot_stock_id, quantity)

    def sales(self, *refs):
        return self.env["sale.order"].search([("extensiv_cust_ref", "in", refs)], order="id")

    def marked(self):
        self.env.flush_all()
        return self.env["stock.move"].search([("extensiv_reserve_later", "=", True)], order="id")


@tagged("post_install", "-at_install")
class TestReservation(ReservationMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)

    def pull_refs(self, *refs):
        self.add(*refs)
        self.pull()
        self.env.invalidate_all()
        return self.sales(*refs)

    def rows_after(self, beside):
        """Import three orders and return what they made, with records as their places; then take it back."""
        with self.env.cr.savepoint() as savepoint:
            before = {name: max(self.env[name].search([]).ids, default=0) for name in COMPARED}
            with self.beside() if beside else nullcontext():
                self.pull_refs("R-1", "R-2", "R-3")
            self.assertFalse(self.marked())
            rows = self.read_rows(before)
            savepoint.rollback()
        self.env.invalidate_all()
        self.sandbox.sandbox.reset(**self.sandbox_options)
        return rows

    def read_rows(self, before):
        made = {name: self.env[name].search([("id", ">", last)], order="id") for name, last in before.items()}
        places = {
            name: {id_: f"new {place}" for place, id_ in enumerate(records.ids)} for name, records in made.items()
        }
        made["stock.quant"] = self.env["stock.quant"].search([], order="id")

        def place(field, value):
            if field.type != "many2one":
                return value
            return (
                value.name if field.comodel_name == "sale.order" else places.get(value._name, {}).get(value.id, value)
            )

        return {
            name: [
                {
                    field.name: place(field, record[field.name])
                    for field in records._fields.values()
                    if field.store and field.column_type and field.name not in OTHERWISE
                }
                for record in records
            ]
            for name, records in made.items()
        }

    def test_records_are_the_same_whether_reserved_at_once_or_after(self):
        self.stock_up(tee=5)  # the third order goes short
        for step in ("ship_only", "pick_ship"):
            self.warehouse.delivery_steps = step
            with freeze_time(datetime.now()):
                at_once, later = self.rows_after(beside=False), self.rows_after(beside=True)
            self.assertEqual(len(at_once["stock.move.line"]), 6)
            for name in COMPARED:
                with self.subTest(name, step=step):
                    self.assertEqual(later[name], at_once[name])

    def test_what_a_killed_process_left_is_reserved_by_the_next_pass(self):
        self.stock_up()
        with self.beside(), self.killed():
            sale = self.pull_refs("R-1")
        self.assertEqual(self.inbox("R-1").state, "imported")
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.picking_ids.state, "confirmed")
        self.assertEqual(self.marked(), sale.picking_ids.move_ids)
        self.pull()
        self.env.invalidate_all()
        self.assertEqual(sale.picking_ids.state, "assigned")
        self.assertFalse(self.marked())
        self.assertEqual(self.env["stock.quant"].search_count([("product_id", "=", self.products[0].id)]), 1)

    def test_a_worker_that_is_alone_reserves_as_it_confirms(self):
        self.stock_up()
        with self.killed():
            sale = self.pull_refs("R-1")
        self.assertEqual(sale.picking_ids.state, "assigned")
        self.assertFalse(self.marked())

    def test_what_people_do_meanwhile_stands(self):
        self.stock_up()
        with self.beside(), self.killed():
            sales = self.pull_refs("R-1", "R-2", "R-3")
        by_hand, cancelled, _left = sales
        by_hand.picking_ids.action_assign()
        cancelled._action_cancel()
        self.pull()
        self.env.invalidate_all()
        self.assertEqual(sales.picking_ids.mapped("state"), ["assigned", "cancel", "assigned"])
        self.assertFalse(self.marked())
        tees = self.env["stock.quant"].search([("product_id", "=", self.products[0].id)])
        self.assertEqual(tees.reserved_quantity, 4)

    def test_what_is_reserved_by_hand_is_left_to_people(self):
        self.stock_up()
        self.warehouse.out_type_id.reservation_method = "manual"
        with self.beside():
            sale = self.pull_refs("R-1")
        self.assertEqual(sale.picking_ids.state, "confirmed")
        self.assertFalse(self.marked())

    def test_what_waits_for_other_moves_is_left_to_them(self):
        self.stock_up()
        self.warehouse.delivery_steps = "pick_ship"
        with self.beside(), self.killed():
            sale = self.pull_refs("R-1")
        self.assertEqual(self.marked().picking_id.picking_type_id, self.warehouse.pick_type_id)
        self.pull()
        self.env.invalidate_all()
        self.assertFalse(self.marked())
        self.assertEqual(set(sale.order_line.move_ids.mapped("state")), {"assigned"})

    def test_what_fails_together_is_reserved_as_odoo_does_it(self):
        self.stock_up()
        broken = patch.object(batch_reservation.Reservation, "_foresee", side_effect=ZeroDivisionError)
        with self.beside(), broken as tried:
            sale = self.pull_refs("R-1")
        self.assertEqual(tried.call_count, 2, "once as they are confirmed, once as they are reserved")
        self.assertEqual(sale.picking_ids.state, "assigned")
        self.assertFalse(self.marked())

    def test_transfers_say_the_same_whenever_they_are_reserved(self):
        self.stock_up()
        for notifies in (False, True):
            self.account.notify_on_import = notifies
            at_once = self.pull_refs(f"R-{notifies}-1")
            with self.beside():
                later = self.pull_refs(f"R-{notifies}-2")
            with self.subTest(notifies=notifies):
                self.assertEqual((at_once + later).picking_ids.mapped("state"), ["assigned"] * 2)
                self.assertEqual(*(self.read_notes(sale.picking_ids) for sale in (at_once, later)))

    def read_notes(self, pickings):
        return [(note.subtype_id, len(note.sudo().tracking_value_ids)) for note in pickings.message_ids]

    def test_one_move_that_cannot_be_reserved_holds_up_no_other(self):
        self.stock_up()
        Move = type(self.env["stock.move"])
        whole = Move._action_assign
        mug = self.products[1]

        def assign(moves, force_qty=False):
            if mug in moves.product_id:
                raise KeyError("no mugs today")
            return whole(moves, force_qty=force_qty)

        with (
            self.beside(),
            patch.object(Move, "_action_assign", assign),
            self.assertLogs("odoo.addons.extensiv_connector.flows.reservation", "ERROR"),
        ):
            sale = self.pull_refs("R-1")
        tees, mugs = sale.picking_ids.move_ids.sorted("id")
        self.assertEqual((tees.state, mugs.state), ("assigned", "confirmed"))
        self.assertFalse(self.marked())
        self.assertIn("could not be reserved", sale.picking_ids.message_ids[0].body)

    def test_a_lot_asked_for_that_is_there_is_never_told_as_missing(self):
        self.products[0].tracking = "lot"
        lot = self.env["stock.lot"].create({"name": "L-1", "product_id": self.products[0].id})
        self.env["stock.quant"]._update_available_quantity(self.products[0], self.warehouse.lot_stock_id, 5, lot_id=lot)
        self.add_orders(
            *(
                {"cust_ref": ref, "items": [{"item": "TEE-1", "quantity": "1", "price": "5", "lot_number": number}]}
                for ref, number in (("R-1", "L-1"), ("R-2", "L-9"))
            )
        )
        with self.beside():
            self.pull()
        self.env.invalidate_all()
        self.assertEqual(self.sales("R-1").picking_ids.state, "assigned")
        told = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("step", "=", "lot")])
        self.assertEqual(told.mapped("key"), ["R-2"])


@tagged("post_install", "-at_install")
class TestLevelsMeanwhile(ReservationMixin, InventoryCase):
    def test_what_is_about_to_be_reserved_is_not_offered_again(self):
        self.stock_up()
        for basis, days in (("promise", 0), ("promise", 1), ("free", 0)):
            with self.subTest(basis, days=days), self.env.cr.savepoint() as savepoint:
                self.products.sale_delay = 30
                self.account.write({"quantity_basis": basis, "owed_days": days})
                self.push()
                self.assertEqual(self.at_eim()["TEE-1"], 10)
                self.add(f"{basis}-{days}")
                with self.beside(), self.killed():
                    self.pull()
                self.env.invalidate_all()
                self.assertTrue(self.marked())
                self.push()
                self.assertEqual(self.at_eim()["TEE-1"], 8)
                self.pull()
                self.assertFalse(self.marked())
                self.push()
                self.assertEqual(self.at_eim()["TEE-1"], 8)
                savepoint.rollback()
                self.env.invalidate_all()

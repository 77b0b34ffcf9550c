from odoo.exceptions import ValidationError
from odoo.tests import Form, new_test_user, tagged

from ..flows.stock_explanation import explain_level
from .test_promise import PromiseCase


@tagged("post_install", "-at_install")
class TestPlaces(PromiseCase):
    """Which locations of Odoo count in one of EIM's."""

    def setUp(self):
        super().setUp()
        self.shelf, self.damaged = self.env["stock.location"].create(
            [{"name": name, "location_id": self.stock.id} for name in ("Shelf", "Damaged")]
        )
        self.box = self.env["stock.location"].create({"name": "Box", "location_id": self.damaged.id})

    def test_locations_that_never_sell_are_left_out_with_what_lies_below(self):
        for place, quantity in ((self.stock, 1), (self.shelf, 2), (self.damaged, 4), (self.box, 8)):
            self.receive(self.tee, quantity, place)
        self.assertEqual(self.promised(), 15)
        self.east.excluded_location_ids = self.damaged
        self.assertEqual(self.promised(), 3)
        self.assertFalse(self.damaged.extensiv_location_ids | self.box.extensiv_location_ids)
        self.env.flush_all()
        self.env.cr.execute("UPDATE stock_location SET active = FALSE WHERE id = %s", self.damaged.ids)
        self.env.invalidate_all()
        self.assertEqual(self.promised(), 3, "archived, it sells no more than before")
        self.east.write({"source": "all", "stock_location_id": False})
        self.assertEqual(self.promised(), 3)

    def test_what_is_moved_to_where_it_never_sells_is_owed(self):
        self.east.excluded_location_ids = self.damaged
        self.receive(self.tee, 10)
        move = self.env["stock.move"].create(
            {
                "product_id": self.tee.id,
                "product_uom_qty": 4,
                "location_id": self.stock.id,
                "location_dest_id": self.damaged.id,
            }
        )
        move._action_confirm()
        self.assertEqual(self.promised(), 6)

    def test_a_chosen_set_counts_each_place_once(self):
        second = self.make_second()
        for place, quantity in ((self.stock, 1), (self.shelf, 2), (self.box, 4), (second.lot_stock_id, 8)):
            self.receive(self.tee, quantity, place)
        self.east.write({"source": "chosen", "stock_location_ids": (self.shelf + second.lot_stock_id).ids})
        self.assertEqual(self.promised(), 10)
        self.assertEqual(self.shelf.extensiv_location_ids, self.east)
        self.assertFalse(self.stock.extensiv_location_ids)
        self.east.stock_location_ids += self.stock
        self.assertEqual(self.promised(), 15)
        self.assertFalse(self.account.location_ids._warehouses(self.account), "of two warehouses, nobody knows")
        self.east.stock_location_ids = self.shelf + self.damaged
        self.assertEqual(self.promised(), 6)
        self.assertEqual(self.account.location_ids._warehouses(self.account)["EAST"], self.warehouse)

    def test_a_chosen_set_is_not_empty_while_stock_is_pushed(self):
        manager = new_test_user(self.env, "chooser", "extensiv_connector.group_manager")
        with self.assertRaises(ValidationError):
            self.east.write({"source": "chosen"})
        with Form(self.west.with_user(manager)) as form:
            form.source = "chosen"
            form.stock_location_ids.add(self.shelf)
            form.push_enabled = True
        self.assertTrue(self.west.push_enabled)
        self.assertIn("WEST", self.east.warning, "EAST counts it, too")
        self.east.excluded_location_ids = self.shelf
        self.env.invalidate_all()
        self.assertFalse(self.east.warning)

    def test_buffers_of_account_location_and_product_add_up(self):
        self.receive(self.tee, 10)
        self.account.buffer_qty = 1
        self.east.buffer_qty = 2
        self.tee.extensiv_buffer_qty = 3
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "WEST")], [4, 6])
        explained = explain_level(self.east, self.tee)
        self.assertEqual(explained["quantity"], 4)
        self.assertIn(("Buffer of the location", -2), explained["parts"])

    def test_a_zone_under_another_warehouse_counts_there_at_once(self):
        second = self.make_second()
        north = self.map_another("NORTH", stock_location_id=second.lot_stock_id.id)
        self.receive(self.tee, 5, self.box)
        self.west.write({"push_enabled": True, "stock_location_id": self.box.id})
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "WEST", "NORTH")], [5, 5, 0])
        self.damaged.location_id = second.lot_stock_id
        self.push()
        self.assertEqual([self.at_eim(name)["TEE-1"] for name in ("EAST", "WEST", "NORTH")], [0, 5, 5])
        warehouses = self.account.location_ids._warehouses(self.account)
        self.assertEqual((warehouses["EAST"], warehouses["WEST"]), (self.warehouse, second))
        self.assertEqual(self.box.extensiv_location_ids, self.west + north)

from unittest.mock import patch

from psycopg2 import IntegrityError

from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..flows.stock_explanation import explain_level
from .test_inventory import InventoryCase


@tagged("post_install", "-at_install")
class TestMapping(InventoryCase):
    def setUp(self):
        super().setUp()
        self.manager = new_test_user(self.env, "stock_mapper", "extensiv_connector.group_manager")

    def test_a_location_needs_its_source(self):
        with Form(self.west.with_user(self.manager)) as form:
            form.push_enabled = True
            form.source = "all"
        self.assertTrue(self.west.push_enabled)

    def test_a_location_can_be_entered_by_hand(self):
        with Form(self.env["extensiv.location"].with_user(self.manager)) as form:
            form.account_id = self.account
            form.name = "NORTH"
            form.source = "all"
            form.push_enabled = True
        self.sandbox.store.levels.locations["NORTH"] = 3
        self.receive(self.tee, 4)
        self.push()
        self.assertEqual(self.at_eim("NORTH"), {"TEE-1": 4, "MUG-1": 0})

    def test_locations_are_found_in_the_inventory_where_eim_lists_none(self):
        self.sandbox.sandbox.api.off.add("list_locations")
        self.account.location_ids.unlink()
        with self.flows():
            self.account.action_fetch_locations()
        self.assertTrue(self.account.location_ids)

    def test_a_manager_may_not_switch_on_what_is_not_mapped(self):
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.west.push_enabled = True
            self.env.flush_all()

    def test_no_buffer_adds_to_the_stock(self):
        for record, field in (
            (self.account, "buffer_qty"),
            (self.tee, "extensiv_buffer_qty"),
            (self.tee.product_tmpl_id, "extensiv_buffer_qty"),
        ):
            with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"), self.env.cr.savepoint():
                record[field] = -1
                self.env.flush_all()

    def test_counting_twice_is_warned_about_by_name(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        for values in (
            {"source": "single", "stock_location_id": self.stock.id},
            {"source": "single", "stock_location_id": shelf.id},
            {"source": "all", "stock_location_id": False},
        ):
            self.west.write({"push_enabled": True, **values})
            for text in (self.account.stock_warning, self.west.warning, self.east.warning):
                self.assertIn("EAST", text)
                self.assertIn("WEST", text)
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC2"})
        self.west.write({"source": "single", "stock_location_id": second.lot_stock_id.id})
        self.assertFalse(self.account.stock_warning or self.west.warning)

    def test_the_warning_appears_while_editing(self):
        with Form(self.west.with_user(self.manager)) as form:
            self.assertFalse(form.warning)
            form.push_enabled = True
            form.stock_location_id = self.stock
            self.assertIn("EAST", form.warning)

    def test_a_warehouse_that_does_not_reserve_is_warned_about(self):
        self.account.quantity_basis = "free"
        self.assertFalse(self.east.warning)
        self.warehouse.out_type_id.reservation_method = "manual"
        self.env.invalidate_all()
        self.assertIn(self.warehouse.name, self.east.warning)
        self.assertIn("does not reserve", self.account.stock_warning)

    def test_the_example_says_how_the_quantity_is_made_up(self):
        self.receive(self.tee, 10)
        self.sell(self.tee, 3)
        self.account.buffer_qty = 2
        self.env.flush_all()
        explained = explain_level(self.east, self.tee)
        self.assertEqual([quantity for _words, quantity in explained["parts"]], [10, -3, -2])
        self.assertEqual(explained["quantity"], 5)
        self.assertEqual(explained["skus"], ["TEE-1"])
        with Form(self.east.with_user(self.manager)) as form:
            form.example_product_id = self.tee
            self.assertIn("Reserved", form.example)
            self.assertIn("TEE-1", form.example)
            self.tee.extensiv_push = False
            form.example_product_id = self.env["product.product"]
            form.example_product_id = self.tee
            self.assertIn("switched off", form.example)

    def test_the_example_waits_for_the_account(self):
        with Form(self.env["extensiv.location"].with_user(self.manager)) as form:
            form.name = "NORTH"
            form.account_id = self.env["extensiv.account"]
            form.example_product_id = self.tee
            self.assertFalse(form.example)
            form.account_id = self.account
            self.assertIn("TEE-1", form.example)

    def test_the_example_of_a_shared_sku_and_of_an_alias(self):
        twin = self.env["product.product"].create({"name": "Twin", "default_code": "TEE-1", "is_storable": True})
        self.assertIn("TEE-1 belongs to several products", explain_level(self.east, twin)["reason"])
        twin.extensiv_push = False
        self.assertIn("switched off", explain_level(self.east, twin)["reason"])
        self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "TEE-X", "product_id": self.tee.id}
        )
        self.assertEqual(sorted(explain_level(self.east, self.tee)["skus"]), ["TEE-1", "TEE-X"])

    def test_the_example_is_what_is_pushed(self):
        self.receive(self.tee, 10)
        self.sell(self.tee, 3)
        for basis in ("free", "on_hand", "forecast"):
            self.account.quantity_basis = basis
            self.push()
            explained = explain_level(self.east, self.tee)
            self.assertEqual(explained["quantity"], self.at_eim()["TEE-1"], basis)

    def test_a_stock_location_says_what_it_feeds(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.push()
        for location in (self.stock, shelf):
            self.assertEqual(location.extensiv_location_ids, self.east)
            self.assertEqual(location.extensiv_pushed_at, self.east.pushed_at)
        self.assertTrue(self.east.pushed_at)
        self.assertFalse(self.warehouse.view_location_id.extensiv_location_ids)
        self.assertFalse(self.env.ref("stock.stock_location_customers").extensiv_location_ids)
        self.west.write({"push_enabled": True, "source": "all"})
        self.env.invalidate_all()
        self.assertEqual(shelf.extensiv_location_ids, self.east + self.west)


@tagged("post_install", "-at_install")
class TestCompare(InventoryCase):
    def compare(self):
        wizard = self.env["extensiv.compare"].create({"account_id": self.account.id})
        with self.flows():
            wizard.action_read()
        return wizard

    def test_equal(self):
        self.receive(self.tee, 4)
        self.push()
        wizard = self.compare()
        self.assertEqual(wizard.state, "read")
        self.assertEqual(wizard.difference_count, 0)
        self.assertGreater(wizard.read_count, 2)

    def test_differences_are_listed_and_pushed(self):
        self.receive(self.tee, 4)
        self.receive(self.mug, 5)
        self.push()
        self.sandbox.store.levels.items["TEE-1"]["EAST"].qty_available = 9
        del self.sandbox.store.levels.items["MUG-1"]
        wizard = self.compare()
        self.assertEqual(
            {(line.sku, line.quantity, line.remote_quantity) for line in wizard.line_ids},
            {("TEE-1", 4, 9), ("MUG-1", 5, 0)},
        )
        with self.flows():
            wizard.action_push()
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        self.assertEqual(self.at_eim()["MUG-1"], 5)
        self.assertEqual(self.compare().difference_count, 0)

    def test_eims_own_deduction_is_shown_apart(self):
        self.receive(self.tee, 4)
        self.push()
        self.add_orders({"cust_ref": "D-1", "items": [{"item": "TEE-1", "quantity": 3, "price": "1"}]})
        wizard = self.compare()
        self.assertEqual(wizard.difference_count, 0)
        self.assertEqual(wizard.deducted_count, 1)
        self.assertEqual(wizard.deducted_quantity, 3)

    def test_what_is_left_alone_is_no_difference(self):
        self.receive(self.tee, 4)
        self.receive(self.mug, 5)
        self.push()
        (self.tee + self.mug).extensiv_stock_rule = "leave"
        self.sandbox.store.levels.items["TEE-1"]["EAST"].qty_available = 9
        del self.sandbox.store.levels.items["MUG-1"]
        self.assertEqual(self.compare().difference_count, 0)

    def test_a_level_that_eim_refused_is_no_difference(self):
        self.receive(self.tee, 4)
        self.push()
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.receive(self.tee, 9)
        self.push()
        self.assertEqual(self.level("TEE-1").state, "refused")
        self.assertEqual(self.compare().difference_count, 0)

    def test_reading_goes_on_where_it_stopped(self):
        self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(150)]
        )
        self.push()
        with patch("odoo.addons.extensiv_connector.wizards.extensiv_compare.READ_SECONDS", 0):
            wizard = self.compare()
            self.assertEqual(wizard.state, "reading")
            self.assertEqual(wizard.read_count, 100)
            with self.flows():
                wizard.action_read()
        self.assertEqual(wizard.state, "read")
        self.assertEqual(wizard.difference_count, 0)
        self.assertEqual(self.calls("list_inventory")[-2:], ["list_inventory"] * 2)

    def test_a_user_may_compare_and_nobody_else_pushes(self):
        user = new_test_user(self.env, "compare_user", "extensiv_connector.group_user")
        self.push()
        wizard = self.env["extensiv.compare"].with_user(user).create({"account_id": self.account.id})
        with self.flows():
            wizard.action_read()
        self.assertEqual(wizard.state, "read")
        with self.assertRaises(UserError):
            wizard.action_push()


@tagged("post_install", "-at_install")
class TestRefusedLocations(InventoryCase):
    """A location that EIM knows no more, or by another name."""

    def push_both(self):
        """Have EAST and WEST pushed with 32 levels each."""
        self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(30)]
        )
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id})

    def test_a_location_that_eim_refuses_holds_up_no_other(self):
        """Both are pushed in one pass, and again in passes in which the refused one alone has something to tell."""
        self.push_both()
        self.fault(route="push_inventory", kind="failure", count=1000, message="Unknown warehouse", match='"EAST"')
        for _pass in range(2):
            run = self.push()
            self.assertEqual(run.state, "partial")
            self.assertEqual(run.failed_count, 1)
            self.assertEqual(len(self.at_eim("WEST")), 32)
            self.assertFalse(self.at_eim("EAST"))
            error = self.errors()
            self.assertEqual(error.key, "EAST")
            self.assertEqual(error.category, "settings")
            self.assertEqual(error.fix, "mapping")
            self.assertEqual(error.action_open_document()["res_id"], self.east.id)
            self.assertIn("Unknown warehouse", error.message)
            self.assertTrue(error.process_id)
        self.assertEqual(run.message, "1 failed. EIM was told 0 of 32 stock levels; push again for the others.")
        self.assertFalse(self.env["extensiv.error"].search([("key", "=", "inventory"), ("state", "=", "open")]))
        error.action_dismiss()
        self.push()
        self.assertFalse(self.errors(), "a person knows it")
        self.sandbox.faults.clear()
        self.push()
        self.assertEqual(len(self.at_eim("EAST")), 32)
        self.assertEqual(error.state, "resolved")

    def test_levels_refused_one_by_one_for_their_location_are_one_error(self):
        self.push_both()
        del self.sandbox.store.levels.locations["EAST"]
        self.push()
        self.assertEqual(len(self.at_eim("WEST")), 32)
        self.assertEqual(self.errors().key, "EAST")
        self.assertIn("Unknown warehouse: EAST", self.errors().message)

    def test_the_error_of_a_refused_location_ends_with_its_cause(self):
        self.push_both()
        self.fault(route="push_inventory", kind="failure", count=1000, message="Unknown warehouse", match='"EAST"')
        self.sandbox.store.levels.locations["EASTERN"] = 3
        for mend in ({"push_enabled": False}, {"name": "EASTERN"}):
            self.east.push_enabled = True
            self.push()
            self.assertEqual(self.errors().key, "EAST")
            self.east.write(mend)
            self.push()
            self.assertFalse(self.errors(), mend)

    def test_the_pass_fails_when_every_location_is_refused(self):
        self.push_both()
        self.fault(route="push_inventory", kind="failure", count=1000, message="Missing WMS Setup")
        self.assertEqual(self.push().state, "failed")
        self.assertFalse(self.errors())

    def test_a_location_renamed_is_another_at_eim(self):
        self.sandbox.store.levels.refused_skus = {"MUG-1"}
        self.receive(self.tee, 4)
        self.push()
        self.assertEqual(self.errors().key, "EAST/MUG-1")
        self.sandbox.store.levels.refused_skus = frozenset()
        self.sandbox.store.levels.locations = {"EASTERN": 1}
        self.east.name = "EASTERN"
        self.push()
        self.assertEqual(self.at_eim("EASTERN"), {"TEE-1": 4, "MUG-1": 0})
        self.assertFalse(self.errors())
        told = len(self.calls("push_inventory"))
        self.east.name = "EASTERN"
        self.push()
        self.assertEqual(len(self.calls("push_inventory")), told)

"""By which of its keys EIM is told of a location, each proven by reading it back."""

from odoo.tests import tagged

from .test_read_back import ReadBackCase


@tagged("post_install", "-at_install")
class TestLocationKeys(ReadBackCase):
    def test_every_key_works_where_eim_reads_it(self):
        self.west.write({"push_enabled": True, "stock_location_id": self.annex.id})
        self.levels.wms = {"WEST": ("W-2", "West wing")}
        with self.flows():
            self.account.action_fetch_locations()
        self.assertEqual((self.west.wms_warehouse_id, self.west.wms_warehouse_name), ("W-2", "West wing"))
        for key, wire in (
            ("inventory_warehouse", "inventory_warehouse"),
            ("wms_warehouse_id", "wms_warehouse_id"),
            ("wms_warehouse_name", "wms_warehouse_name"),
            ("pk", "inventory_warehouse_pk"),
            ("warehouse", "warehouse"),
        ):
            with self.subTest(key):
                self.levels.items.clear()
                self.levels.location_key = wire
                self.account.location_key = key
                run = self.push()
                self.assertEqual(run.state, "done", run.message)
                self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5, "MUG-1": 0})
                self.assertEqual(self.at_eim("EAST"), {"TEE-1": 7, "MUG-1": 0})

    def test_a_location_renamed_at_eim_is_found_by_its_id(self):
        self.account.location_key = "pk"
        self.levels.location_key = "inventory_warehouse_pk"
        self.levels.locations = {"EASTERN": 1, "WEST": 2}
        self.push()
        self.assertEqual(self.east.read_back_state, "proven")
        self.assertEqual(self.at_eim("EASTERN"), {"TEE-1": 7, "MUG-1": 0})

    def test_a_location_without_an_id_is_told_and_the_others_go_on(self):
        self.account.location_key = "pk"
        self.levels.location_key = "inventory_warehouse_pk"
        unlisted = self.enter_unknown("SOUTH")
        self.push()
        self.assertEqual(self.at_eim("EAST"), {"TEE-1": 7, "MUG-1": 0})
        error = self.errors()
        self.assertEqual(error.concerns, "SOUTH")
        self.assertIn("Press Fetch Locations", error.message)
        self.push()
        self.assertEqual((self.errors(), error.attempts), (error, 1))
        self.assertFalse(unlisted.compared_at)
        self.levels.locations["SOUTH"] = 3
        with self.flows():
            self.account.action_fetch_locations()
        self.assertEqual(unlisted.remote_pk, "3")
        self.push()
        self.assertEqual(error.state, "resolved")
        self.assertEqual(self.at_eim("SOUTH"), {"TEE-1": 5, "MUG-1": 0})

    def test_another_id_of_a_location_begins_anew(self):
        self.push()
        self.east.remote_pk = "77"
        self.assertEqual(self.east.read_back_state, "proven", "it is pushed by its name")
        self.account.location_key = "pk"
        self.east.read_back_state = "proven"
        self.east.remote_pk = "1"
        self.assertEqual(self.east.read_back_state, "to_check")

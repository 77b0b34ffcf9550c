from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows.read_back import ReadBack
from ..flows.stock_explanation import explain_level
from ..flows.stock_push import StockPush
from .test_inventory import InventoryCase


class ReadBackCase(InventoryCase):
    """EAST and WEST are pushed to; of the tee there are seven in the one and five in the other."""

    def setUp(self):
        super().setUp()
        self.levels = self.sandbox.store.levels
        self.annex = self.env["stock.location"].create({"name": "Annex", "location_id": self.stock.location_id.id})
        self.receive(self.tee, 7)
        self.receive(self.tee, 5, self.annex)

    def enter_unknown(self, name="WST", **values):
        """Push to a location that EIM does not know."""
        return self.env["extensiv.location"].create(
            {
                "account_id": self.account.id,
                "name": name,
                "push_enabled": True,
                "stock_location_id": self.annex.id,
                **values,
            }
        )

    def misplaced(self, state="open"):
        return self.errors(state).filtered(lambda error: error.key.endswith(" → ?"))

    def reads(self):
        return len(self.calls("get_inventory"))

    def pushes(self):
        return len(self.calls("push_inventory"))

    def user_pushes_nevertheless(self, location):
        with self.flows():
            location.action_push_nevertheless()
        self.env.invalidate_all()

    def retry(self):
        with self.flows():
            answer = self.misplaced().action_retry()
        self.env.invalidate_all()
        return answer["params"]["type"]


@tagged("post_install", "-at_install")
class TestFirstLevel(ReadBackCase):
    def test_one_level_is_pushed_and_read_back_before_the_rest(self):
        before = len(self.calls())
        self.push()
        self.assertEqual(self.calls()[before:], ["get_inventory", "push_inventory", "get_inventory", "push_inventory"])
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 0})
        self.assertEqual(self.told(), {"TEE-1": 1, "MUG-1": 1}, "above zero first, and none of them twice")
        self.assertEqual(self.east.read_back_state, "proven")
        self.assertFalse(self.east.warning)
        self.receive(self.tee, 8)
        self.push()
        self.assertEqual(self.reads(), 2, "once is enough")
        self.assertEqual(self.west.read_back_state, "to_check", "nothing was pushed there")

    def test_whoever_starts_a_push_one_level_goes_first(self):
        self.levels.hidden_locations = {"EAST"}
        self.account.push_inventory = True
        starts = (
            self.account.action_push_inventory,
            self.account.action_push_everything,
            self.env["extensiv.account"]._cron_push_inventory,
        )
        for start in starts:
            self.levels.pushed = 0
            self.levels.items.clear()
            self.east._read_back_anew()
            with self.flows():
                start()
            self.env.invalidate_all()
            self.assertEqual(self.levels.pushed, 1, start.__name__)
            self.assertEqual(self.east.read_back_state, "waiting")

    def test_thousands_of_levels_wait_for_the_proof(self):
        self.env["extensiv.sku.alias"].create(
            [{"account_id": self.account.id, "sku": f"A-{n}", "product_id": self.tee.id} for n in range(5000)]
        )
        self.account.push_batch_size = 1000
        self.east.push_enabled = False
        wrong = self.enter_unknown()
        self.levels.unknown_locations = "made_up"
        run = self.push()
        self.assertEqual(self.levels.pushed, 1)
        self.assertEqual(run.done_count, 0)
        self.assertNotIn("EIM was told", run.message)
        self.levels.unknown_locations = "as_given"
        self.retry()
        self.assertEqual(wrong.read_back_state, "proven")
        self.assertEqual(len(self.at_eim("WST")), 5002)

    def test_a_location_set_up_as_given_is_right(self):
        self.levels.unknown_locations = "as_given"
        wrong = self.enter_unknown()
        self.push()
        self.assertEqual(wrong.read_back_state, "proven")
        self.assertEqual(self.at_eim("WST"), {"TEE-1": 5, "MUG-1": 0})
        self.assertFalse(self.errors())

    def test_a_refused_sku_proves_nothing_and_another_is_pushed(self):
        self.levels.refused_skus = {"TEE-1"}
        self.levels.hidden_locations = {"EAST"}
        run = self.push()
        self.assertEqual(run.failed_count, 1)
        self.assertEqual(self.east.read_back["sku"], "MUG-1")
        self.assertEqual(self.east.read_back_state, "waiting")
        self.assertEqual(self.level("TEE-1").state, "refused")
        self.assertEqual(self.level("MUG-1").state, "waiting", "what is not proven is not taken for accepted")

    def test_what_was_refused_before_a_pause_is_not_tried_again(self):
        self.levels.refused_skus = {"TEE-1"}
        self.fault(route="get_inventory", kind="rate_limit", match="MUG-1", count=100)
        run = self.push()
        self.assertIn("rate limit", run.message)
        self.assertEqual(self.level("TEE-1").state, "refused")
        self.assertEqual(self.errors().mapped("key"), ["EAST/TEE-1"])
        pushes = self.pushes()
        self.sandbox.faults.clear()
        self.push()
        self.assertEqual(self.pushes(), pushes + 1)
        self.assertEqual(self.east.read_back_state, "proven")

    def test_a_sku_that_cannot_be_sent_proves_nothing(self):
        odd = self.env["product.product"].create({"name": "Odd", "default_code": "ODD\u0007", "is_storable": True})
        self.receive(odd, 3)
        self.tee.extensiv_push = False
        self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 0})
        self.assertEqual(self.errors().mapped("key"), ["EAST/ODD\u0007"])

    def test_a_location_of_which_every_sku_is_refused_stays_to_be_proven(self):
        self.levels.refused_skus = {"TEE-1", "MUG-1"}
        self.push()
        self.assertEqual(self.east.read_back_state, "to_check")
        self.assertEqual(len(self.errors()), 2)
        self.receive(self.tee, 9)
        self.levels.refused_skus = frozenset()
        self.push()
        self.assertEqual(self.east.read_back_state, "proven")

    def test_where_nothing_is_to_be_pushed_nothing_is_to_be_proven(self):
        self.products.extensiv_push = False
        run = self.push()
        self.assertEqual(run.message, "Nothing new.")
        self.assertEqual(self.reads(), 0)
        self.assertEqual(self.east.read_back_state, "to_check")

    def test_zeros_that_wait_for_a_person_prove_nothing(self):
        goods = self.env["product.product"].create(
            [{"name": f"G-{n}", "default_code": f"G-{n}", "is_storable": True} for n in range(12)]
        )
        self.levels.push(
            [{"sku": sku, "qty_available": 9, "warehouse": "EAST"} for sku in (*goods.mapped("default_code"), "MUG-1")]
        )
        self.products.extensiv_push = False
        self.push()
        self.assertTrue(self.errors().filtered("holds_zeros"))
        self.assertEqual(self.pushes(), 0)
        self.assertEqual(self.east.read_back_state, "to_check")


@tagged("post_install", "-at_install")
class TestElsewhere(ReadBackCase):
    """EIM keeps elsewhere what it is told."""

    def test_a_made_up_name_stops_that_location_and_no_other(self):
        self.levels.unknown_locations = "made_up"
        wrong = self.enter_unknown("Wst")
        run = self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 0})
        self.assertEqual(self.at_eim("EIM WST"), {"TEE-1": 5}, "one level, no more")
        self.assertEqual(wrong.read_back_state, "refused")
        self.assertEqual(run.state, "partial")
        self.assertIn("Wst waits for a person: what was pushed to it stands at EIM under EIM WST", run.message)
        error = self.misplaced()
        self.assertEqual(error.concerns, "Wst")
        self.assertEqual(error.category, "settings")
        self.assertEqual(error.fix, "mapping")
        self.assertIn("the location Wst stands at EIM under EIM WST (SKU TEE-1)", error.message)
        for words in ("Fetch Locations", "Location Key", "Retry", "Push Nevertheless"):
            self.assertIn(words, error.message)
        self.receive(self.tee, 6, self.annex)
        self.receive(self.tee, 8)
        self.push()
        self.assertEqual(self.at_eim("EIM WST"), {"TEE-1": 5})
        self.assertEqual(self.at_eim()["TEE-1"], 8)
        self.assertEqual((self.misplaced(), error.attempts), (error, 1), "told once")

    def test_what_is_booked_to_the_default_location_is_told_and_made_good_there(self):
        self.account.push_inventory = True
        self.levels.unknown_locations = "default"
        self.enter_unknown()
        self.push()
        self.assertIn("the location WST stands at EIM under EAST", self.misplaced().message)
        self.assertEqual(self.at_eim()["TEE-1"], 5, "EAST's level was overwritten")
        self.assertTrue(self.env["extensiv.due"].search([("account_id", "=", self.account.id)]))
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 7)

    def test_a_key_that_eim_does_not_read_is_noticed_though_the_location_has_the_sku_already(self):
        self.levels.push([{"sku": "TEE-1", "qty_available": 3, "warehouse": "WEST"}])
        self.levels.location_key = "inventory_warehouse"
        self.east.push_enabled = False
        self.west.write({"push_enabled": True, "stock_location_id": self.annex.id})
        self.push()
        self.assertIn("the location WEST stands at EIM under EAST", self.misplaced().message)
        self.assertEqual(self.pushes(), 1)

    def test_the_default_location_itself_is_right_whatever_the_key(self):
        self.levels.location_key = "inventory_warehouse"
        self.push()
        self.assertEqual(self.east.read_back_state, "proven")


@tagged("post_install", "-at_install")
class TestLater(ReadBackCase):
    """EIM does not show it at once."""

    def setUp(self):
        super().setUp()
        self.west.write({"push_enabled": True, "stock_location_id": self.annex.id})
        self.levels.hidden_locations = {"WEST"}
        self.account.push_inventory = True

    def test_what_is_not_there_is_looked_for_again_and_goes_on_then(self):
        before = fields.Datetime.now()
        run = self.push()
        self.assertEqual(self.west.read_back_state, "waiting")
        self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5})
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 0})
        self.assertFalse(self.errors())
        self.assertIn("WEST waits", run.message)
        self.assertIn("WEST waits", self.west.warning)
        self.assertIn("WEST waits", self.account.stock_warning)
        due = self.env["extensiv.due"].search([("account_id", "=", self.account.id), ("flow", "=", "inventory")])
        self.assertAlmostEqual((due[-1:].due_at - before).total_seconds(), 600, delta=30)
        reads = self.reads()
        with self.later(minutes=9):
            self.push()
        self.assertEqual(self.reads(), reads, "its time has not come")
        self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5})
        self.levels.hidden_locations = frozenset()
        with self.later(minutes=11):
            run = self.push()
        self.assertEqual(self.west.read_back_state, "proven")
        self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5, "MUG-1": 0})
        self.assertEqual(run.state, "done")
        self.assertFalse(self.west.warning)

    def test_what_is_still_not_there_waits_for_a_person(self):
        self.push()
        with self.later(minutes=11):
            run = self.push()
        self.assertEqual(self.west.read_back_state, "refused")
        self.assertIn("does not show the location WEST for the SKU TEE-1", self.misplaced().message)
        self.assertEqual(run.failed_count, 1)
        reads = self.reads()
        self.levels.hidden_locations = frozenset()
        with self.later(minutes=60):
            self.push()
        self.assertEqual(self.reads(), reads)
        self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5}, "only a person has it pushed")
        self.assertEqual(self.retry(), "success")
        self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5, "MUG-1": 0})
        self.assertFalse(self.misplaced())

    def test_a_name_that_came_up_later_is_told(self):
        self.push()
        self.levels.hidden_locations = {"WEST"}
        self.levels.push([{"sku": "TEE-1", "qty_available": 5, "warehouse": "EAST"}])
        self.levels.locations["W E S T"] = 9
        self.levels.push([{"sku": "TEE-1", "qty_available": 5, "warehouse": "W E S T"}])
        with self.later(minutes=11):
            self.push()
        self.assertIn("the location WEST stands at EIM under W E S T", self.misplaced().message)

    def test_an_unknown_sku_is_looked_for_again(self):
        self.levels.hidden_locations = frozenset()
        self.fault(route="get_inventory", kind="invalid", match="TEE-1", count=4)
        self.push()
        self.assertEqual(self.west.read_back_state, "waiting")
        self.fault(route="get_inventory", kind="invalid", match="TEE-1")
        with self.later(minutes=11):
            self.push()
        self.assertEqual(set((self.west + self.east).mapped("read_back_state")), {"proven", "refused"})
        self.assertIn("nor any other location", self.misplaced().message)

    def test_eim_out_of_reach_proves_nothing_and_is_asked_again(self):
        self.levels.hidden_locations = frozenset()
        self.fault(route="get_inventory", kind="500", count=100)
        self.push()
        self.assertEqual(self.levels.pushed, 2, "one for each location")
        self.assertEqual(set((self.west + self.east).mapped("read_back_state")), {"waiting"})
        self.assertFalse(self.errors())
        with self.later(minutes=11):
            self.push()
        errors = self.misplaced()
        self.assertEqual(len(errors), 2)
        self.assertEqual(set(errors.mapped("category")), {"transient"})
        self.assertIn("EIM could not be asked whether what was pushed to the location", errors[0].message)
        self.assertEqual(errors[0].next_try, self.east.read_back_at)
        self.assertEqual(self.levels.pushed, 2)
        self.sandbox.faults.clear()
        with self.later(minutes=22):
            self.push()
        self.assertEqual(set((self.west + self.east).mapped("read_back_state")), {"proven"})
        self.assertFalse(self.errors())
        self.assertEqual(self.levels.pushed, 4)

    def test_a_read_route_that_a_gateway_blocks_is_a_doubt(self):
        self.fault(route="get_inventory", kind="gateway_403", count=100)
        self.push()
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.calls("check_credentials").count("check_credentials"), 2, "Connect, and one in doubt")
        self.assertEqual(set((self.west + self.east).mapped("read_back_state")), {"waiting"})
        with self.later(minutes=11):
            self.push()
        self.assertIn("EIM could not be asked", self.misplaced()[0].message)
        self.misplaced().action_dismiss()
        with self.later(minutes=22):
            self.push()
        self.assertFalse(self.misplaced(), "who dismissed it is not told again")
        self.assertEqual(self.levels.pushed, 2)

    def test_a_pause_of_the_rate_limit_leaves_it_to_be_read_back(self):
        self.east.push_enabled = False
        self.levels.hidden_locations = frozenset()
        original = StockPush.push_batch

        def push_batch(push, changes):
            self.fault(route="get_inventory", kind="rate_limit", count=100)
            return original(push, changes)

        with patch.object(StockPush, "push_batch", push_batch):
            run = self.push()
        self.assertIn("rate limit", run.message)
        self.assertEqual(self.levels.pushed, 1)
        self.assertEqual(self.west.read_back_state, "to_check")
        self.sandbox.faults.clear()
        self.push()
        self.assertEqual(self.at_eim("WEST"), {"TEE-1": 5, "MUG-1": 0})

    def test_why_a_sku_is_not_pushed_is_explained(self):
        self.push()
        self.assertIn("WEST waits", explain_level(self.west, self.tee)["reason"])
        self.assertFalse(explain_level(self.east, self.tee)["reason"])
        self.assertIn(
            self.west, self.env["extensiv.location"].search([("read_back_state", "in", ("waiting", "refused"))])
        )
        wizard = self.env["extensiv.diagnosis"].create({"account_id": self.account.id, "sku": "TEE-1"})
        with self.flows():
            wizard.action_diagnose()
        self.assertIn("[PROBLEM] Nothing is pushed to WEST: WEST waits", wizard.text)


@tagged("post_install", "-at_install")
class TestCrash(ReadBackCase):
    def test_a_pass_killed_before_it_read_back_leaves_that_to_the_next(self):
        self.levels.unknown_locations = "made_up"
        self.east.push_enabled = False
        wrong = self.enter_unknown()
        logger = "odoo.addons.extensiv_connector.flows.runner"
        with patch.object(ReadBack, "_conclude", side_effect=ArithmeticError), self.assertLogs(logger, "ERROR"):
            self.push()
        self.assertEqual(wrong.read_back_state, "to_check")
        self.assertEqual(self.at_eim("EIM WST"), {"TEE-1": 5})
        self.push()
        self.assertEqual(wrong.read_back_state, "refused")
        self.assertIn("under EIM WST", self.misplaced().message, "though it stood there before this pass")
        self.assertEqual(self.at_eim("EIM WST"), {"TEE-1": 5})

    def test_one_renamed_while_it_is_read_back_is_not_taken_for_proven(self):
        original = ReadBack._read

        def read(read_back, sku):
            seen = original(read_back, sku)
            if read_back.env["extensiv.location"].browse(self.east.id).read_back:
                read_back.env["extensiv.location"].browse(self.east.id).name = "EASTERN"
                read_back.push.commit()
            return seen

        with patch.object(ReadBack, "_read", read):
            self.push()
        self.assertEqual(self.east.read_back_state, "to_check")
        self.assertEqual(self.at_eim(), {"TEE-1": 7})
        self.levels.unknown_locations = "as_given"
        self.push()
        self.assertEqual(self.at_eim("EASTERN"), {"TEE-1": 7, "MUG-1": 0})

    def test_what_eim_accepts_under_the_old_name_is_told_anew_under_the_new_one(self):
        self.account.push_batch_size = 1
        self.levels.locations["EASTERN"] = 3
        original = StockPush.push_batch

        def push_batch(push, changes):
            result = original(push, changes)
            if self.pushes() == 2:
                push.env["extensiv.location"].browse(self.east.id).name = "EASTERN"
                push.commit()
            return result

        with patch.object(StockPush, "push_batch", push_batch):
            self.push()
        self.assertEqual(self.at_eim("EAST"), {"TEE-1": 7, "MUG-1": 0})
        self.push()
        self.assertEqual(self.at_eim("EASTERN"), {"TEE-1": 7, "MUG-1": 0})

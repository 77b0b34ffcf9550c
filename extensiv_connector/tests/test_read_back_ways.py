"""How pushing goes on where a location could not be proven: what a person may do, and what does it by itself."""

from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..flows.read_back import ReadBack
from ..flows.stock_push import StockPush
from .test_read_back import ReadBackCase


@tagged("post_install", "-at_install")
class TestWaysOn(ReadBackCase):
    """What a person can do about it."""

    def setUp(self):
        super().setUp()
        self.levels.unknown_locations = "made_up"
        self.wrong = self.enter_unknown()
        self.push()
        self.assertEqual(self.wrong.read_back_state, "refused")

    def test_retry_tries_one_level_again(self):
        pushed = self.levels.pushed
        self.assertEqual(self.retry(), "warning")
        self.assertEqual(self.levels.pushed, pushed)
        self.assertEqual(self.misplaced().attempts, 2)
        self.levels.unknown_locations = "as_given"
        self.assertEqual(self.retry(), "success")
        self.assertEqual(self.at_eim("WST"), {"TEE-1": 5, "MUG-1": 0})
        self.assertFalse(self.misplaced())

    def test_a_new_name_is_tried_by_itself(self):
        self.wrong.name = "SOUTH"
        self.assertFalse(self.misplaced())
        self.levels.locations["SOUTH"] = 7
        self.push()
        self.assertEqual(self.wrong.read_back_state, "proven")
        self.assertEqual(self.at_eim("SOUTH"), {"TEE-1": 5, "MUG-1": 0})

    def test_a_new_name_of_a_proven_location_is_read_back_again(self):
        self.assertEqual(self.east.read_back_state, "proven")
        self.east.name = "Eastern"
        self.push()
        self.assertEqual(self.east.read_back_state, "refused")
        self.assertEqual(self.at_eim("EIM EASTERN"), {"TEE-1": 7})

    def test_another_key_is_tried_by_itself(self):
        self.levels.location_key = "inventory_warehouse"
        self.levels.locations["WST"] = 7
        before = self.reads()
        self.account.location_key = "inventory_warehouse"
        self.assertFalse(self.misplaced())
        self.push()
        self.assertEqual(set((self.wrong + self.east).mapped("read_back_state")), {"proven"})
        self.assertEqual(self.reads() - before, 4, "both locations are read back again")
        self.assertEqual(self.at_eim("WST"), {"TEE-1": 5, "MUG-1": 0})
        self.assertEqual(set(self.told().values()), {2}, "everything is pushed again")
        self.account.location_key = "inventory_warehouse"
        self.assertEqual(self.east.read_back_state, "proven", "the same key changes nothing")

    def test_whose_push_was_off_for_a_while_is_told_again(self):
        self.wrong.push_enabled = False
        self.push()
        self.assertFalse(self.misplaced())
        self.wrong.push_enabled = True
        self.push()
        self.assertIn("the location WST stands at EIM under EIM WST", self.misplaced().message)
        self.push()
        self.assertEqual(self.misplaced().attempts, 1)
        self.assertEqual(self.at_eim("EIM WST"), {"TEE-1": 5})

    def test_who_says_so_while_a_pass_looks_is_heeded(self):
        self.wrong.read_back_state = "waiting"
        original = ReadBack._read

        def read(read_back, sku):
            read_back.env["extensiv.location"].browse(self.wrong.id).read_back_state = "confirmed"
            read_back.push.commit()
            return original(read_back, sku)

        with patch.object(ReadBack, "_read", read):
            self.push()
        self.assertEqual(self.wrong.read_back_state, "confirmed")

    def test_proven_locations_go_first(self):
        self.wrong.read_back_state = "to_check"
        self.receive(self.tee, 9)
        order = []
        original = StockPush.push_batch

        def push_batch(push, changes):
            order.extend(change.location_id for change in changes)
            return original(push, changes)

        with patch.object(StockPush, "push_batch", push_batch):
            self.push()
        self.assertEqual(order, [self.east.id, self.wrong.id])

    def test_dismissing_leaves_it_waiting(self):
        self.misplaced().action_dismiss()
        self.push()
        self.assertFalse(self.misplaced())
        self.assertEqual(self.at_eim("EIM WST"), {"TEE-1": 5})
        self.assertIn("WST waits for a person", self.wrong.warning)

    def test_a_manager_may_say_that_it_is_right(self):
        self.levels.unknown_locations = "as_given"
        self.levels.hidden_locations = {"WST"}
        self.user_pushes_nevertheless(self.wrong)
        self.assertEqual(self.wrong.read_back_state, "confirmed")
        self.assertEqual(self.at_eim("WST"), {"TEE-1": 5, "MUG-1": 0})
        self.assertFalse(self.misplaced())
        self.assertIn("WST: stock is pushed, though", self.account.message_ids[0].body)
        self.receive(self.tee, 6, self.annex)
        self.push()
        self.assertEqual(self.at_eim("WST")["TEE-1"], 6)
        with self.assertRaisesRegex(UserError, "Nothing keeps"):
            self.user_pushes_nevertheless(self.east)

    def test_who_is_no_manager_may_not(self):
        user = new_test_user(self.env, login="stock_clerk", groups="base.group_user,extensiv_connector.group_user")
        with self.assertRaisesRegex(UserError, "manager"):
            self.user_pushes_nevertheless(self.wrong.with_user(user))
        self.assertEqual(self.wrong.read_back_state, "refused")

    def test_other_credentials_may_lead_to_other_locations(self):
        self.account.api_key = "another"
        self.assertEqual(self.east.read_back_state, "proven")
        self.east.remote_pk = "77"
        self.account.api_user = "another"
        self.assertEqual(self.east.read_back_state, "to_check")
        self.assertFalse(self.east.remote_pk, "it has another ID there, which Connect finds")

    def test_another_account_of_eims_is_told_everything(self):
        self.levels.items.clear()
        self.account.base_url = self.account.base_url.replace("127.0.0.1", "localhost")
        with self.flows():
            self.account.action_connect()
        self.push()
        self.assertEqual(self.east.read_back_state, "proven")
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 0})

from contextlib import suppress
from unittest.mock import patch

from odoo import sql_db
from odoo.tests import TransactionCase, tagged
from odoo.tools import SQL

from ..eim import errors as eim
from ..flows import stock_scan
from ..flows.stock_push import StockPush
from .test_reconciliation import SeenCase


class Killed(BaseException):
    """The process dies: nothing after this runs, and nothing uncommitted stays."""


@tagged("post_install", "-at_install")
class TestKeepingWhatWasSeen(SeenCase):
    """What a pass saw is kept when all is told that it found; until then the next finds it again."""

    def setUp(self):
        super().setUp()
        self.receive(self.tee, 20)
        self.settle()

    def test_a_killed_pass_is_repeated(self):
        with self.act():
            self.receive(self.mug, 5)
        before = self.seen().snapshot
        for method in ("take_most_urgent", "write_answers", "write_seen"):
            with self.subTest(method):
                with patch.object(StockPush, method, side_effect=Killed), self.flows(), suppress(Killed):
                    self.account.action_push_inventory()
                self.env.invalidate_all()
                self.assertEqual(self.seen().snapshot, before)
        self.assertIn("MUG-1", self.push_narrow())
        self.assertEqual(self.at_eim()["MUG-1"], 5)
        self.assertEqual(self.level("MUG-1").quantity, 5)
        self.assertNotEqual(self.seen().snapshot, before)
        self.assert_reconciled()

    def test_what_was_owed_in_a_killed_pass_and_is_no_more(self):
        with self.act():
            self.receive(self.mug, 10)
        self.settle()
        self.warehouse.out_type_id.reservation_method = "manual"
        with self.act():
            order = self.sell(self.mug, 4)
        with patch.object(StockPush, "write_seen", side_effect=Killed), self.flows(), suppress(Killed):
            self.account.action_push_inventory()
        self.env.invalidate_all()
        self.assertEqual(self.at_eim()["MUG-1"], 6)
        with self.act():
            order.action_cancel()
        self.assertIn("MUG-1", self.push_narrow(), "what is owed is what it was when a pass ended last")
        self.assertEqual(self.at_eim()["MUG-1"], 10)

    def test_what_there_was_no_time_for_is_found_again(self):
        with self.act():
            self.receive(self.mug, 5)
            self.receive(self.tee, 6)
        before = self.seen().snapshot
        with patch.object(StockPush, "push_rounds", return_value=False):
            self.push()
        self.assertEqual(self.seen().snapshot, before)
        self.assertLessEqual({"TEE-1", "MUG-1"}, self.push_narrow())
        self.assertEqual(self.at_eim(), {"TEE-1": 6, "MUG-1": 5})

    def test_what_was_left_over_is_found_again(self):
        with self.act():
            self.receive(self.mug, 5)
            self.receive(self.tee, 6)
        with patch.object(StockPush, "most", return_value=1):
            self.push()
            self.push_narrow()
        self.assertEqual(self.at_eim(), {"TEE-1": 6, "MUG-1": 5})
        self.assert_reconciled()

    def test_what_was_found_when_eim_was_down_is_found_again(self):
        with self.act():
            self.receive(self.mug, 5)
        self.fault(route="push_inventory", kind="500", count=99)
        self.push()
        self.sandbox.faults.clear()
        with self.later(minutes=2):
            self.assertIn("MUG-1", self.push_narrow())
        self.assertEqual(self.at_eim()["MUG-1"], 5)
        self.assert_reconciled()

    def test_a_location_that_eim_refuses_is_told_once_it_takes_it(self):
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.settle()
        with self.act():
            self.receive(self.mug, 5)
        refused = eim.Refused("No such location WEST", route="push_inventory", status=200)
        push_location = StockPush.push_location

        def refuse_west(push, changes):
            if changes[0].location_id == self.west.id:
                raise refused
            return push_location(push, changes)

        with patch.object(StockPush, "push_location", refuse_west):
            self.push_narrow()
        self.assertEqual((self.at_eim()["MUG-1"], self.at_eim("WEST")["MUG-1"]), (5, 0))
        self.assertIn("MUG-1", self.push_narrow())
        self.assertEqual(self.at_eim("WEST")["MUG-1"], 5)


@tagged("post_install", "-at_install")
class TestTransactions(TransactionCase):
    """What counts as written since, among real transactions."""

    def test_one_that_began_before_and_commits_after_is_seen_by_the_next(self):
        connect = sql_db.db_connect(self.env.cr.dbname).cursor
        with connect() as cr:
            cr.execute("CREATE TABLE extensiv_test_scan (id int PRIMARY KEY, place int)")
            cr.execute("INSERT INTO extensiv_test_scan VALUES (1, 0), (2, 0), (3, 0)")
            cr.commit()
        self.addCleanup(self.drop)
        early = connect()
        reader = connect()
        try:
            early.execute("UPDATE extensiv_test_scan SET place = 1 WHERE id = 2")
            reader.execute(SQL("SELECT %s::text", stock_scan.snapshot_sql()))
            [snapshot] = reader.fetchone()
            reader.commit()
            early.commit()
            reader.execute("UPDATE extensiv_test_scan SET place = 1 WHERE id = 3")
            reader.commit()
            reader.execute(
                "SELECT id FROM extensiv_test_scan WHERE age(xmin) <= age(%s::text::xid8::xid) ORDER BY id", [snapshot]
            )
            # Transactions of other databases may be older: then more is looked at, never less.
            self.assertLessEqual({(2,), (3,)}, set(reader.fetchall()))
        finally:
            early.close()
            reader.close()

    def drop(self):
        with sql_db.db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DROP TABLE extensiv_test_scan")

"""What EIM was told of a level: when, from which quantity to which, and why; kept for 30 days."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..flows.stock_explanation import explain_level
from .test_inventory import InventoryCase


@tagged("post_install", "-at_install")
class TestHistory(InventoryCase):
    def setUp(self):
        super().setUp()
        self.receive(self.tee, 4)
        self.push()

    def history(self, sku="TEE-1"):
        """Return ``[(from, to, why)]`` of a level, the oldest first; None before the first push."""
        self.env.flush_all()
        self.env.cr.execute(
            """SELECT quantity_before, history.quantity, history.cause
                 FROM extensiv_stock_history AS history JOIN extensiv_stock_level AS level ON level.id = level_id
                WHERE sku = %s ORDER BY history.id""",
            [sku],
        )
        return self.env.cr.fetchall()

    def test_stock_that_changed(self):
        self.assertEqual(self.history(), [(None, 4, "first")])
        self.receive(self.tee, 9)
        self.push()
        self.sell(self.tee, 2)
        self.push()
        self.assertEqual(self.history()[1:], [(4, 9, "stock"), (9, 7, "stock")])
        self.assertEqual(self.history("MUG-1"), [(None, 0, "first")], "what did not change was not told")
        record = self.level("TEE-1").history_ids[0]
        self.assertEqual((record.sku, record.location_id, record.product_id), ("TEE-1", self.east, self.tee))
        self.assertEqual(record.company_id, self.company)
        self.assertLess(fields.Datetime.now() - record.date, timedelta(minutes=1))

    def test_a_setting_that_changed(self):
        self.account.buffer_qty = 1
        self.push()
        self.tee.extensiv_buffer_qty = 1
        self.push()
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.east.stock_location_id = shelf
        self.push()
        self.assertEqual(self.history()[1:], [(4, 3, "setting"), (3, 2, "setting"), (2, 0, "setting")])

    def test_a_product_that_lost_its_sku(self):
        self.tee.default_code = "TEE-2"
        self.push()
        self.assertEqual(self.history()[1:], [(4, 0, "setting")])
        self.assertEqual(self.history("TEE-2"), [(None, 4, "first")])

    def test_what_is_stated_again(self):
        with self.flows():
            self.level("TEE-1").action_push_again()
            self.account.action_push_everything()
        self.assertEqual(self.history()[1:], [(4, 4, "restated"), (4, 4, "restated")])

    def test_what_another_part_has_told_again_says_why(self):
        self.level("TEE-1")._mark_unconfirmed("repaired")
        self.receive(self.tee, 5)
        self.push()
        self.receive(self.tee, 6)
        self.push()
        self.assertEqual(self.history()[1:], [(4, 5, "repaired"), (5, 6, "stock")])

    def test_what_changed_before_it_is_stated_again_is_no_repetition(self):
        self.level("TEE-1")._mark_unconfirmed("restated")
        self.receive(self.tee, 5)
        self.push()
        self.assertEqual(self.history()[1:], [(4, 5, "stock")])

    def test_an_answer_that_was_lost(self):
        self.receive(self.tee, 9)
        self.fault(route="push_inventory", kind="lose_answer", count=2)
        self.push()
        self.assertEqual(self.history()[1:], [], "nobody knows")
        self.level("TEE-1").next_try = False
        self.push()
        self.assertEqual(self.history()[1:], [(4, 9, "repeated")])

    def test_a_person_who_sets_to_zero(self):
        self.tee.extensiv_stock_rule = "leave"
        self.tee.action_extensiv_set_zero()
        self.push()
        self.assertEqual(self.history()[1:], [(4, 0, "zero")])

    def test_what_eim_refuses_is_no_history(self):
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.receive(self.tee, 9)
        self.push()
        self.assertEqual(len(self.history()), 1)
        self.sandbox.store.levels.refused_skus = frozenset()
        with self.flows():
            self.errors().action_retry()
        self.assertEqual(self.history()[1:], [(4, 9, "stock")])

    def test_it_is_kept_for_thirty_days(self):
        History = self.env["extensiv.stock.history"]
        level = self.level("TEE-1")
        History.search([]).unlink()
        now = fields.Datetime.now()
        History.create(
            [
                {
                    "level_id": level.id,
                    "company_id": self.company.id,
                    "date": now - timedelta(days=days),
                    "quantity": days,
                }
                for days in (40, 31, 29, 0)
            ]
        )
        self.assertEqual(History._gc_history(), (2, False))
        self.assertEqual(History.search([("level_id", "=", level.id)]).mapped("quantity"), [0, 29])
        level.location_id.unlink()
        self.assertFalse(History.search([]), "it goes with its level")

    def test_it_is_opened_from_the_product_and_stands_in_the_explanation(self):
        self.receive(self.tee, 9)
        self.push()
        for record in (self.tee, self.tee.product_tmpl_id):
            action = record.action_extensiv_history()
            told = self.env[action["res_model"]].search(action["domain"])
            self.assertEqual(told.mapped("quantity"), [9, 4])
        self.assertEqual(explain_level(self.east, self.tee)["quantity"], 9)
        self.east.example_product_id = self.tee
        self.assertIn("What EIM was told last", self.east.example)
        self.assertIn("Stock changed", self.east.example)

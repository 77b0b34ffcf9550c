from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..flows import left_orders
from .test_audit import AuditCase


@tagged("post_install", "-at_install")
class TestLeftOrders(AuditCase):
    """Older orders stay at EIM: those seen on hold come at their release, of the others a person chooses."""

    def setUp(self):
        super().setUp()
        self.account.import_from = fields.Datetime.now() - timedelta(days=1)
        self.before = (fields.Datetime.now() - timedelta(days=20)).isoformat() + "+00:00"

    def add_older(self, *cust_refs, **order):
        for cust_ref in cust_refs:
            self.add(cust_ref, created_date_time=self.before, order_date=self.before, **order)

    def test_an_older_order_seen_on_hold_is_pulled_at_its_release_and_no_other(self):
        self.add_older("O-1", on_hold="Y")
        self.add_older("O-2")
        self.audit()
        self.assertEqual(self.unknown("O-1").state, "on_hold")
        self.assertEqual(self.unknown("O-2").state, "old")
        self.pull()
        self.assertFalse(self.inbox("O-1") or self.inbox("O-2"))
        self.change_order("O-1", on_hold="N")
        self.change_order("O-2", gift_message="Changed today", updated_date_time=fields.Datetime.now().isoformat())
        self.pull()
        self.assertEqual(self.inbox("O-1").state, "imported")
        self.assertFalse(self.inbox("O-2"), "that it changed is no reason")
        self.assertEqual(self.unknown("O-1").state, "imported")
        self.assertEqual(self.unknown("O-1").order_id, self.inbox("O-1"))
        self.assertEqual(self.at_eim("O-1")["order_status"], "at_wms")
        self.assertEqual(self.at_eim("O-2")["order_status"], "new")

    def test_where_many_are_left_the_audit_finds_the_one_that_was_released(self):
        self.add_older("O-1", on_hold="Y")
        self.add_older("O-2")
        self.audit()
        self.change_order("O-1", on_hold="N")
        with patch.object(left_orders, "MANY", 0):
            self.pull()
            self.assertFalse(self.inbox("O-1"), "each pass would read past all of them")
            self.account.audited_at = False
            self.audit()
        self.assertEqual(self.inbox("O-1").state, "imported")
        self.assertFalse(self.inbox("O-2"))

    def test_one_that_was_never_seen_on_hold_stays_where_it_is(self):
        self.add_older("O-1")
        self.audit()
        self.pull()
        self.assertFalse(self.inbox("O-1"))

    def test_one_that_a_pass_saw_on_hold_is_pulled_though_orders_are_imported_from_later_on(self):
        self.account.import_from = fields.Datetime.now() - timedelta(days=30)
        self.add_older("O-1", on_hold="Y")
        self.pull()
        self.account.import_from = fields.Datetime.now()
        self.change_order("O-1", on_hold="N")
        self.pull()
        self.assertEqual(self.inbox("O-1").state, "imported")

    def test_the_others_are_counted_and_one_that_is_chosen_is_imported(self):
        self.add_older("O-1", "O-2")
        self.audit()
        self.assertEqual(self.account.left_order_count, 2)
        self.assertFalse(self.errors("unknown orders"), "left on purpose, so nobody is alarmed")
        self.import_them(self.unknown("O-1"))
        self.assertEqual(self.inbox("O-1").state, "imported")
        self.assertFalse(self.inbox("O-2"))
        self.account.invalidate_recordset()
        self.assertEqual(self.account.left_order_count, 1)

    def test_one_that_is_on_hold_is_not_imported_by_choice(self):
        self.add_older("O-1", on_hold="Y")
        self.add_older("O-2")
        self.audit()
        with self.assertRaisesRegex(UserError, "Release them at EIM"):
            self.import_them(self.unknown("O-1"))
        self.change_order("O-2", on_hold="Y")
        self.import_them(self.unknown("O-2"))
        self.assertFalse(self.inbox("O-2"))
        self.assertEqual(self.unknown("O-2").state, "on_hold", "it came on hold meanwhile")

    def test_what_eim_lists_no_more_is_forgotten(self):
        self.add_older("O-1", on_hold="Y")
        self.add_older("O-2")
        self.add("N-1", on_hold="Y")
        self.audit()
        self.pull()
        self.assertEqual(len(self.unknown()), 3)
        for cust_ref in ("O-1", "O-2", "N-1"):
            self.change_order(cust_ref, order_status="canceled")
        self.account.audited_at = False
        self.audit()
        self.pull()
        self.assertFalse(self.unknown())

    def test_a_long_list_is_read_only_so_far(self):
        self.add_older(*(f"O-{number}" for number in range(101)))
        with patch.object(left_orders, "PAGES", 1):
            self.audit()
        self.assertEqual(len(self.unknown()), 100)
        self.account.audited_at = False
        self.audit()
        self.assertEqual(len(self.unknown()), 101)

from odoo.tests import tagged

from ..eim import wire
from ..flows.order_inbox import Inbox
from ..models.extensiv_order import ExtensivOrder
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestInbox(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.taken = Inbox(self.account)

    def list_page(self, *cust_refs, **values):
        """Return a page of EIM's list that holds orders of these references."""
        self.add_orders(*({"cust_ref": cust_ref, "order_source": "Shopify", **values} for cust_ref in cust_refs))
        return wire.Page(tuple(wire.ListedOrder.parse(self.at_eim(cust_ref)) for cust_ref in cust_refs), 1, True)

    def store(self, page):
        """Store a page as a pass does, which forgets what it read after each."""
        stored = self.taken.store(page)
        self.env.flush_all()
        self.env.invalidate_all()
        return stored

    def test_a_further_page_takes_as_many_queries_as_it_has_kinds_of_things(self):
        self.store(self.list_page("A-1"))
        pages = [self.list_page("B-1"), self.list_page(*(f"C-{number}" for number in range(20)))]
        for page in pages:
            with self.assertQueryCount(4):  # the carts, the account, the orders known, and the new ones
                self.store(page)
        self.assertEqual(self.inbox("C-19").cart_id.order_source, "Shopify")

    def test_an_order_is_put_away_unread(self):
        page = self.list_page("D-1")
        self.patch(wire.Order, "parse", lambda raw: self.fail("read as a whole"))
        self.assertEqual(self.store(page).received, 1)

    def test_a_source_met_on_a_later_page_becomes_a_cart(self):
        self.store(self.list_page("E-1"))
        self.store(self.list_page("E-2", order_source="Etsy Second"))
        self.assertEqual(self.inbox("E-2").cart_id.order_source, "Etsy Second")
        self.assertEqual(self.inbox("E-2").cart_id.account_id, self.account)

    def test_a_cart_archived_between_two_pages_keeps_its_orders_at_eim(self):
        self.store(self.list_page("F-1"))
        self.inbox("F-1").cart_id.active = False
        self.assertEqual(self.store(self.list_page("F-2")).left.total(), 1)
        self.assertFalse(self.inbox("F-2"))

    def test_an_order_is_of_its_accounts_company_named_or_not(self):
        self.store(self.list_page("G-1"))
        mine = {"account_id": self.account.id, "order_number": "1"}
        unnamed = self.env["extensiv.order"].create({**mine, "cust_ref": "G-2"})
        self.assertEqual(self.inbox("G-1").company_id, self.account.company_id)
        self.assertEqual(unnamed.company_id, self.account.company_id)

    def test_the_company_of_a_named_one_is_not_worked_out(self):
        page = self.list_page("H-1")
        self.patch(ExtensivOrder, "_compute_company_id", lambda orders: self.fail("worked out"))
        self.assertEqual(self.store(page).received, 1)

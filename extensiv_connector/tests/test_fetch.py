from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "10.00"}


@tagged("post_install", "-at_install")
class TestFetch(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def add(self, cust_ref, **order):
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": [dict(LINE)], **order})

    def fetch(self, **values):
        wizard = self.env["extensiv.fetch"].create({"account_id": self.account.id, **values})
        with self.flows():
            wizard.action_fetch()

    def test_one_order_by_eims_reference(self):
        self.add("F-1", order_status="at_wms")
        self.fetch(reference="F-1")
        order = self.inbox("F-1")
        self.assertEqual(order.state, "imported")
        self.assertTrue(order.acknowledged_at, "EIM was told by whoever moved it beyond new")

    def test_one_order_by_the_number_the_buyer_knows(self):
        self.add("F-2", cust_po_no="#1077")
        self.fetch(reference="#1077")
        self.assertEqual(self.inbox("F-2").state, "imported")
        self.pull()
        self.assertTrue(self.inbox("F-2").acknowledged_at)

    def test_orders_between_two_dates(self):
        now = fields.Datetime.now()
        self.add("F-3")
        self.fetch(mode="dates", date_from=now - timedelta(days=400), date_to=now + timedelta(days=2))
        self.assertEqual(self.inbox("F-3").state, "imported")

    def test_fetching_a_known_order_makes_no_second_one(self):
        self.add("F-4")
        self.pull()
        self.fetch(reference="F-4")
        self.assertEqual(self.env["sale.order"].search_count([("extensiv_cust_ref", "=", "F-4")]), 1)

    def test_held_and_shipped_and_unknown_orders_are_refused_with_a_reason(self):
        self.add("F-5", on_hold="Y")
        self.add("F-6", order_status="shipped")
        for reference, reason in (("F-5", "on hold"), ("F-6", "has its shipment"), ("F-7", "no such order")):
            with self.assertRaisesRegex(UserError, reason):
                self.fetch(reference=reference)
            self.assertFalse(self.inbox(reference))

    def test_what_can_be_no_reference_is_not_found(self):
        for reference in (".", "x" * 251, "1\u2028077"):
            with self.assertRaisesRegex(UserError, "no such order"):
                self.fetch(reference=reference)

    def test_orders_of_an_archived_cart_stay_in_eim(self):
        self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify").active = False
        self.add("F-10")
        for values in ({"reference": "F-10"}, {"mode": "dates", "date_from": "2020-01-01"}):
            with self.assertRaisesRegex(UserError, "its cart Shopify is archived"):
                self.fetch(**values)
        self.assertFalse(self.inbox("F-10"))

    def test_more_orders_than_are_read_at_once_are_told(self):
        for number in range(101):
            self.add(f"F-11-{number}", order_status="shipped")
        for limit, least in (("wizards.extensiv_fetch.MAX_PAGES", 1), ("flows.deadline.REQUEST_SECONDS", 15)):
            with (
                patch(f"odoo.addons.extensiv_connector.{limit}", least),
                self.assertRaisesRegex(UserError, "Only the first 100 orders"),
            ):
                self.fetch(mode="dates", date_from="2020-01-01")

    def test_importing_again_an_order_whose_sale_order_was_deleted(self):
        self.account.order_policy = "draft"
        self.add("F-8")
        self.pull()
        order = self.inbox("F-8")
        order.sale_order_id.unlink()
        self.assertEqual(order.state, "imported")
        self.assertEqual(bool(order.sale_order_id), False)
        with self.flows():
            order.action_import()
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.sale_order_id.extensiv_cust_ref, "F-8")

    def test_an_account_of_another_company_is_not_asked(self):
        other = self.env["res.company"].create({"name": "Other"})
        user = self.env["res.users"].create(
            {
                "name": "Theirs",
                "login": "theirs",
                "company_id": other.id,
                "company_ids": other.ids,
                "group_ids": self.env.ref("extensiv_connector.group_user").ids,
            }
        )
        self.add("F-9")
        wizard = (
            self.env["extensiv.fetch"]
            .with_user(user)
            .create({"account_id": self.account.id, "reference": "F-9", "date_from": "2020-01-01"})
        )
        for action in (wizard.action_preview, wizard.action_fetch):
            with self.assertRaises(AccessError), self.flows():
                action()
        self.assertFalse(self.inbox("F-9"))

    # -- what is forgotten

    def emptied(self, cust_ref):
        """Return an imported order whose sale order is gone and whose payload was emptied by the vacuum."""
        self.account.order_policy = "draft"
        self.add(cust_ref)
        self.pull()
        order = self.inbox(cust_ref)
        order.sale_order_id.unlink()
        self.env.cr.execute(
            "UPDATE extensiv_order SET create_date = create_date - interval '91 days' WHERE id = %s", [order.id]
        )
        order.invalidate_recordset()
        self.env["extensiv.order"]._gc_payloads()
        self.assertFalse(order.payload)
        self.assertFalse(order.summary)
        return order

    def test_payloads_are_emptied_after_the_accounts_days_and_the_inbox_remembers(self):
        order = self.emptied("G-1")
        self.change_order("G-1", order_status="new")
        self.pull()
        self.assertEqual(self.inbox("G-1"), order)

    def test_payloads_of_failed_orders_stay(self):
        self.add_orders({"cust_ref": "G-2", "items": [{**LINE, "item": "UNKNOWN"}]})
        self.pull()
        self.env.cr.execute("UPDATE extensiv_order SET create_date = create_date - interval '91 days'")
        self.env["extensiv.order"]._gc_payloads()
        self.assertTrue(self.inbox("G-2").payload)

    def test_importing_an_emptied_order_again_fetches_it_from_eim(self):
        order = self.emptied("G-3")
        with self.flows():
            order.action_import()
        self.assertEqual(order.sale_order_id.extensiv_cust_ref, "G-3")
        self.assertTrue(order.payload)

    def test_an_emptied_order_that_was_cancelled_is_not_fetched_again(self):
        order = self.emptied("G-7")
        self.change_order("G-7", order_status="canceled")
        self.pull()
        self.assertEqual(order.state, "cancelled")
        with self.flows():
            order.action_import()
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(order.payload, False)

    def test_retrying_an_error_of_an_emptied_order_says_what_to_do_and_holds_up_no_other(self):
        order = self.emptied("G-5")
        error = self.env["extensiv.error"]._report(
            self.account,
            "orders",
            {"G-5": {"message": "The buyer cancelled it.", "category": "data", "document": order}},
        )
        with self.flows():
            error.action_retry()
        self.assertEqual(order.state, "failed")
        self.assertIn("press Fetch Again", order.message)
        self.add("G-6")
        self.pull()
        self.assertEqual(self.inbox("G-6").state, "imported")
        with self.flows():
            order.action_fetch_again()
        self.assertEqual(order.state, "imported")
        self.assertEqual(error.state, "resolved")

    def test_an_answer_without_the_buyers_data_is_refused(self):
        order = self.emptied("G-4")
        self.change_order("G-4", cust_first_name="**PII Removed**", cust_last_name="**PII Removed**")
        with self.assertRaisesRegex(UserError, "removed the buyer's personal data"), self.flows():
            order.action_import()

    # -- dry run

    def preview(self, reference):
        wizard = self.env["extensiv.fetch"].create({"account_id": self.account.id, "reference": reference})
        with self.flows():
            wizard.action_preview()
        return wizard.preview

    def test_a_dry_run_shows_what_an_order_would_become_and_keeps_nothing(self):
        self.add("H-1", cust_first_name="<i>Ann</i>", cust_last_name="Lee")
        partners = self.env["res.partner"].search_count([])
        html = self.preview("H-1")
        for part in ("SH:H-1", "10.00", "Black tee", "&lt;i&gt;Ann&lt;/i&gt;"):
            self.assertIn(part, html)
        self.assertFalse(self.inbox("H-1"))
        self.assertFalse(self.env["sale.order"].search([("extensiv_cust_ref", "=", "H-1")]))
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertEqual(self.at_eim("H-1")["order_status"], "new")

    def test_a_dry_run_says_what_is_in_the_way(self):
        self.add_orders({"cust_ref": "H-2", "items": [{**LINE, "item": "UNKNOWN"}]})
        self.assertIn("SKU UNKNOWN is not an internal reference", self.preview("H-2"))

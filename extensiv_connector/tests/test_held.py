from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import frozendict

from .common import ConnectorCase

ASKS = frozendict({"type": "ir.actions.act_window", "name": "Ask for Approval", "res_model": "res.partner"})


@tagged("post_install", "-at_install")
class TestHeld(ConnectorCase):
    """An app may keep an order from being confirmed without raising anything."""

    def setUp(self):
        super().setUp()
        self.connect()

    def hold(self, *held, whole=False, answer=ASKS):
        """Let an app hold the orders of these references: each alone, or the whole call with it."""
        Sale = self.env.registry["sale.order"]
        confirm = Sale.action_confirm
        self.confirmations = []

        def action_confirm(sales):
            self.confirmations.append(len(sales))
            theirs = sales.filtered(lambda sale: sale.extensiv_cust_ref in held)
            if whole and theirs:
                return answer
            confirm(sales - theirs)
            return answer if theirs else True

        holding = patch.object(Sale, "action_confirm", action_confirm)
        self.addCleanup(holding.stop)
        holding.start()
        return holding

    def pulled(self, *cust_refs):
        self.add_orders(
            *({"cust_ref": ref, "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}]} for ref in cust_refs)
        )
        run = self.pull()
        return run, [self.inbox(ref).sale_order_id for ref in cust_refs]

    def errors(self, *states):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("state", "in", states or ("open",))]
        )

    def test_an_app_that_answers_for_the_whole_batch_holds_only_the_order_that_it_means(self):
        self.hold("A-3", "A-6", whole=True)
        refs = [f"A-{number}" for number in range(8)]
        run, sales = self.pulled(*refs)
        self.assertEqual(
            {sale.extensiv_cust_ref for sale in sales if sale.state == "draft"},
            {"A-3", "A-6"},
            "all others are confirmed",
        )
        self.assertEqual(len([sale for sale in sales if sale.state == "sale"]), 6)
        errors = self.errors()
        self.assertRecordValues(
            errors.sorted("key"),
            [{"key": key, "step": "confirm", "category": "data"} for key in ("A-3", "A-6")],
        )
        self.assertEqual(errors[0].action_open_document()["res_model"], "sale.order")
        for said in (errors[0].message, sales[3].extensiv_held_by, self.inbox("A-3").message):
            self.assertIn("Another app holds this order as a quotation: Ask for Approval.", said)
        self.assertEqual(self.inbox("A-3").state, "imported")
        self.assertTrue(self.inbox("A-3").acknowledged_at)
        self.assertIn("6 orders were imported and 2 orders were held as quotations", run.message)
        self.assertEqual(self.env["sale.order"].search_count([("extensiv_cust_ref", "in", refs)]), 8)

    def test_an_app_that_leaves_some_of_a_batch_holds_these_alone(self):
        self.hold("B-1", "B-2")
        _run, sales = self.pulled(*(f"B-{number}" for number in range(4)))
        self.assertEqual([sale.state for sale in sales], ["sale", "draft", "draft", "sale"])
        self.assertEqual(self.confirmations, [4, 2, 2, 1, 1])

    def test_what_an_app_returns_beside_confirming_holds_nothing(self):
        Sale = self.env.registry["sale.order"]
        confirm = Sale.action_confirm
        with patch.object(Sale, "action_confirm", lambda sales: confirm(sales) and ASKS):
            _run, [sale] = self.pulled("C-1")
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.extensiv_held_by, False)
        self.assertEqual(self.errors(), self.errors().browse())

    def test_an_order_held_without_a_word_says_where_to_look(self):
        self.hold("D-1", answer=None)
        _run, [sale] = self.pulled("D-1")
        self.assertIn("does not say why", sale.extensiv_held_by)
        self.assertIn("press Confirm", self.errors().message)

    def test_what_the_app_left_on_the_order_is_told(self):
        Sale = self.env.registry["sale.order"]

        def ask(sales):
            for sale in sales:
                sale.activity_schedule("mail.mail_activity_data_todo", summary="Limit of the customer")
            return {"type": "ir.actions.client", "params": {"title": "Credit", "message": "Over the limit."}}

        with patch.object(Sale, "action_confirm", ask):
            _run, [sale] = self.pulled("E-1")
        self.assertIn("quotation: Limit of the customer; Credit; Over the limit. See to it", sale.extensiv_held_by)

    def test_the_error_goes_when_a_person_confirms_or_cancels_or_deletes_the_quotation(self):
        holding = self.hold("F-1", "F-2", "F-3")
        _run, [first, second, third] = self.pulled("F-1", "F-2", "F-3")
        self.assertEqual(len(self.errors()), 3)
        holding.stop()
        first.action_confirm()
        self.assertEqual(set(self.errors().mapped("key")), {"F-2", "F-3"})
        self.assertEqual(first.extensiv_held_by, False)
        self.assertEqual(self.inbox("F-1").message, False)
        second.action_cancel()
        third.unlink()
        self.assertFalse(self.errors())
        holding.start()

    def test_retry_confirms_what_is_no_longer_held_and_says_anew_what_is(self):
        holding = self.hold("G-1", "G-2")
        _run, [first, second] = self.pulled("G-1", "G-2")
        errors = self.errors()
        holding.stop()
        holding = self.hold("G-2", answer={"name": "Ask the director"})
        with self.flows():
            said = errors.action_retry()["params"]
        self.assertEqual(said["message"], "1 of 2 solved.")
        self.assertEqual(first.state, "sale")
        self.assertEqual(second.state, "draft")
        self.assertIn("Ask the director", self.errors().message)
        self.assertEqual(self.errors().attempts, 2)
        self.assertEqual(self.errors().key, "G-2")
        self.assertEqual(self.errors().step, "confirm")

        reason = "No more than ten a day."

        def refuse(_sales):
            raise UserError(reason)

        with patch.object(self.env.registry["sale.order"], "action_confirm", refuse), self.flows():
            self.errors().action_retry()
        for said in (self.errors().message, second.extensiv_held_by, self.inbox("G-2").message):
            self.assertEqual(said, f"Odoo refused the order: {reason}")

    def test_a_pass_leaves_a_held_quotation_and_a_dismissed_error_alone(self):
        self.hold("H-1")
        _run, [sale] = self.pulled("H-1")
        self.errors().action_dismiss()
        self.pull()
        self.assertEqual(sale.state, "draft")
        self.assertEqual(self.confirmations, [1])
        self.assertEqual(self.errors(), self.errors().browse())

    def test_a_held_order_that_the_buyer_cancels_is_cancelled(self):
        self.hold("I-1")
        _run, [sale] = self.pulled("I-1")
        self.change_order("I-1", order_status="canceled")
        self.pull()
        self.assertEqual(sale.state, "cancel")
        self.assertEqual(self.inbox("I-1").state, "cancelled")
        self.assertFalse(self.errors())

    def test_a_dry_run_says_what_would_hold_the_order(self):
        self.hold("J-1")
        self.add_orders({"cust_ref": "J-1", "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}]})
        wizard = self.env["extensiv.fetch"].create({"account_id": self.account.id, "reference": "J-1"})
        with self.flows():
            wizard.action_preview()
        self.assertIn("Would be imported as the quotation", wizard.preview)
        self.assertIn("Ask for Approval", wizard.preview)
        self.assertFalse(self.inbox("J-1") or self.errors())

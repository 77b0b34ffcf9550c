"""When invoices and payments are made, once and never twice, and what a person is told."""

from odoo import fields
from odoo.fields import Command
from odoo.tests import new_test_user

from ...flows import books, confirm_batch, payments, tax_account
from .common import BooksCase


class TestPaid(BooksCase):
    def register_by_hand(self, invoice, amount=None):
        wizard = (
            self.env["account.payment.register"]
            .with_context(active_model="account.move", active_ids=invoice.ids)
            .create({"journal_id": self.bank.id, **({"amount": amount} if amount else {})})
        )
        return wizard._create_payments()

    def credit(self, invoice):
        """Make and post a credit note of the whole invoice, not matched with it."""
        note = invoice._reverse_moves()
        note.action_post()
        return note

    # -- off by default, and only of later orders

    def test_nothing_is_made_unless_a_cart_asks_for_it(self):
        self.cart.write({"invoicing": "hand", "register_payments": False})
        sale = self.sell()
        self.assertFalse(sale.invoice_ids)
        self.assertFalse(sale.extensiv_books_at)
        self.cart.write({"invoicing": "confirmed", "register_payments": True})
        self.settle()
        self.assertFalse(sale.invoice_ids, "it was imported before")

    def test_the_schedule_runs_only_while_a_cart_asks_for_it(self):
        cron = self.env.ref(books.CRON)
        self.assertTrue(cron.active)
        self.cart.write({"invoicing": "hand", "register_payments": False})
        self.assertFalse(cron.active)
        self.cart.invoicing = "delivered"
        self.assertTrue(cron.active)

    def test_a_cart_that_is_switched_off_stops(self):
        sale = self.receive({"cust_ref": "B-1"})
        self.cart.write({"invoicing": "hand", "register_payments": False})
        self.settle()
        self.assertFalse(sale.invoice_ids)

    # -- once and never twice

    def test_further_passes_make_nothing_more(self):
        sale = self.sell()
        moves = self.moves(sale)
        for _pass in range(2):
            sale.extensiv_books_at = books.new_note()
            self.settle()
        self.assertEqual(self.moves(sale), moves)

    def test_many_orders_are_booked_together(self):
        orders = [{"cust_ref": f"B-{number}", "items": [self.line()]} for number in range(7)]
        sales = self.receive(*orders)
        self.assertTrue(confirm_batch.find_parts(self.env), "they are confirmed together")
        self.assertTrue(all(sales.mapped("extensiv_books_at")))
        self.settle()
        self.assertEqual(len(sales.invoice_ids), 7)
        self.assertBooks(sales, 70.0, revenue=-70.0)

    def test_an_invoice_made_by_hand_is_not_made_again_and_is_paid_once_posted(self):
        sale = self.receive({"cust_ref": "B-1", "items": [self.line()]})
        sale.order_line.qty_to_invoice = 1
        invoice = sale._create_invoices()
        self.settle()
        self.assertEqual(sale.invoice_ids, invoice)
        self.assertEqual(invoice.state, "draft")
        invoice.action_post()
        self.settle()
        self.assertBooks(sale, 10.0, revenue=-10.0)
        self.assertEqual(sale.invoice_ids, invoice)

    def test_what_a_person_registered_is_not_registered_again(self):
        self.cart.register_payments = False
        self.cart.invoicing = "confirmed"
        sale = self.sell(items=[self.line()])
        self.register_by_hand(sale.invoice_ids)
        self.cart.register_payments = True
        sale.extensiv_books_at = books.new_note()
        self.settle()
        self.assertEqual(len(sale.invoice_ids.matched_payment_ids), 1)
        self.assertEqual(sale.extensiv_registered, 0.0)

    def test_a_payment_that_a_person_took_back_is_not_registered_again(self):
        sale = self.sell(items=[self.line()])
        payment = sale.invoice_ids.matched_payment_ids
        payment.action_draft()
        payment.action_cancel()
        sale.extensiv_books_at = books.new_note()
        self.settle()
        self.assertEqual(sale.invoice_ids.amount_residual, 10.0)
        self.assertEqual(sale.invoice_ids.matched_payment_ids, payment)

    def test_an_invoice_that_was_credited_or_cancelled_is_not_made_again(self):
        sale, other = self.receive({"cust_ref": "B-1"}, {"cust_ref": "B-2"})
        self.settle()
        self.credit(sale.invoice_ids)
        other.invoice_ids.matched_payment_ids.action_draft()
        other.invoice_ids.button_draft()
        other.invoice_ids.button_cancel()
        self.settle()
        self.assertEqual(sale.invoice_ids.mapped("move_type"), ["out_refund", "out_invoice"])
        self.assertEqual(other.invoice_ids.mapped("state"), ["cancel"])

    def test_an_invoice_by_hand_of_several_orders_is_left_to_a_person(self):
        sales = self.receive(
            *(
                {
                    "cust_ref": reference,
                    "items": [self.line()],
                    "cust_e_mail": "same@example.com",
                    "cust_first_name": "Sam",
                    "cust_last_name": "Same",
                }
                for reference in ("B-1", "B-2")
            )
        )
        sales.order_line.qty_to_invoice = 1
        sales.partner_id = sales[0].partner_id
        sales.partner_invoice_id = sales.partner_shipping_id = sales[0].partner_id
        invoice = sales._create_invoices()
        invoice.action_post()
        self.settle()
        self.assertEqual(sales.invoice_ids, invoice)
        self.assertEqual(invoice.amount_residual, 20.0)
        self.assertIn("several orders", self.errors()[0].message)
        sales[1].with_context(disable_cancel_warning=True)._action_cancel()
        self.errors().last_seen = fields.Datetime.now() - 2 * books.PAUSE
        self.settle()
        told = self.errors(["credit"])
        self.assertEqual(told.key, "B-2")
        self.assertIn("a credit note of 10.00 USD is due", told.message)
        self.assertNotIn("get back", told.message, "nothing was paid yet")

    # -- what is not paid

    def test_pay_on_delivery_registers_nothing(self):
        sale = self.sell(items=[self.line()], pay_type="COD")
        self.assertTrue(sale.extensiv_pays_on_delivery)
        self.assertEqual(sale.invoice_ids.amount_residual, 10.0)

    def test_of_an_open_balance_only_what_is_paid_is_registered(self):
        sale = self.sell(items=[self.line()], balance="4.00")
        self.assertEqual(sale.invoice_ids.amount_residual, 4.0)
        self.assertEqual(self.balances(sale)["outstanding"], 6.0)

    def test_a_way_of_paying_has_a_journal_and_a_term_of_its_own_or_is_not_paid(self):
        paypal = self.env["account.journal"].create({"name": "PayPal", "code": "PPAL", "type": "bank"})
        paypal.inbound_payment_method_line_ids.payment_account_id = self.outstanding
        term = self.env["account.payment.term"].create(
            {
                "name": "In 60 days",
                "line_ids": [Command.create({"value": "percent", "value_amount": 100, "nb_days": 60})],
            }
        )
        self.cart.pay_type_ids = [
            Command.create({"pay_type": "PayPal", "payment_journal_id": paypal.id}),
            Command.create({"pay_type": "invoice", "is_paid": False, "payment_term_id": term.id}),
        ]
        sales = self.receive(
            *({"cust_ref": name, "items": [self.line()], "pay_type": name} for name in ("PAYPAL", "Invoice", "CC"))
        )
        self.settle()
        self.assertEqual(sales[0].invoice_ids.matched_payment_ids.journal_id, paypal)
        self.assertFalse(sales[1].invoice_ids.matched_payment_ids)
        self.assertEqual(sales[1].payment_term_id, term)
        self.assertEqual(sales[2].invoice_ids.matched_payment_ids.journal_id, self.bank)

    # -- what cannot be booked

    def test_one_order_that_cannot_be_booked_holds_up_none_of_the_others(self):
        account = self.env["account.account"].create({"name": "Mugs", "code": "499998", "account_type": "income"})
        self.products[1].property_account_income_id = account
        sales = self.receive(
            *(
                {"cust_ref": f"B-{number}", "items": [self.line("MUG-1" if number == 2 else "TEE-1")]}
                for number in range(5)
            )
        )
        account.active = False
        self.settle()
        self.assertEqual(sales.mapped(lambda sale: len(sale.invoice_ids)), [1, 1, 0, 1, 1])
        self.assertEqual(sales.mapped("state"), ["sale"] * 5)
        error = self.errors()
        self.assertEqual(error.key, "B-2")
        self.assertIn("press Retry", error.message)
        account.active = True
        with self.flows():
            error.action_retry()
        self.env.invalidate_all()
        self.assertEqual(error.state, "resolved")
        self.assertBooks(sales, 50.0, revenue=-50.0)

    def test_a_locked_period_is_told_and_the_order_stays(self):
        sale = self.receive({"cust_ref": "B-1"})
        self.company.hard_lock_date = fields.Date.add(fields.Date.today(), years=100)
        self.settle()
        self.assertEqual(sale.state, "sale")
        self.assertFalse(sale.invoice_ids)
        self.assertIn("lock", self.errors().message.lower())

    def test_a_payment_method_without_outstanding_account_is_told_once_and_stops_the_cart(self):
        self.method.payment_account_id = False
        self.assertIn("outstanding account", self.cart.books_problem)
        sales = self.receive({"cust_ref": "B-1"}, {"cust_ref": "B-2"})
        for _pass in range(2):
            self.settle()
        self.assertFalse(sales.invoice_ids)
        error = self.errors()
        self.assertEqual(error.key, "Shopify")
        self.assertEqual(error.attempts, 1)
        self.assertEqual(error.action_fix()["res_id"], self.cart.id)
        self.method.payment_account_id = self.outstanding
        self.settle()
        self.assertEqual(len(sales.invoice_ids), 2)
        self.assertFalse(self.errors())

    def test_tax_that_would_be_income_is_told_and_stops_the_cart(self):
        product = self.account.tax_product_id
        product.property_account_income_id = self.env["account.account"].search(
            [("account_type", "=", "income"), ("company_ids", "in", self.company.ids)], limit=1
        )
        self.assertIn("as income of yours", self.cart.books_problem)
        self.assertEqual(self.account.tax_account_problem, self.cart.books_problem)
        sale = self.receive({"cust_ref": "B-1", "items": [self.line()], "sales_tax": "1.00"})
        self.settle()
        self.assertFalse(sale.invoice_ids)
        self.assertIn("as income of yours", self.errors().message)
        self.assertEqual(self.live_check()["mark"], "stop")
        self.account.tax_account_id = self.tax_account
        self.assertFalse(self.cart.books_problem or self.account.tax_account_problem)
        self.settle()
        self.assertBooks(sale, 11.0, revenue=-10.0, tax=-1.0)

    def test_a_cart_whose_books_are_kept_from_now_on_has_the_account_of_its_tax_proposed(self):
        self.cart.write({"invoicing": "hand", "register_payments": False})
        self.account.tax_account_id = False
        self.cart.invoicing = "delivered"
        self.assertEqual(self.account.tax_account_id, tax_account.find_likely(self.account))
        self.assertEqual(bool(self.account.tax_account_id), not self.cart.books_problem)

    def test_before_going_live_the_outstanding_account_is_checked(self):
        self.account.live_orders = True
        check = self.live_check()
        self.assertEqual(check["mark"], "ok")
        self.method.payment_account_id = False
        check = self.live_check()
        self.assertEqual(check["mark"], "stop")
        self.assertIn("outstanding account", check["text"])
        self.cart.write({"invoicing": "hand", "register_payments": False})
        self.assertIsNone(self.live_check())

    def live_check(self):
        from ...flows.live_check import LiveCheck

        result = LiveCheck(self.account, [])._check_books()
        return result and {"mark": result[0], "text": result[2]}

    # -- what is due back

    def test_after_a_cancellation_a_person_is_told_which_credit_note_and_refund_are_due(self):
        sale = self.sell(items=[self.line(quantity="2")], sales_tax="1.50")
        moves = self.moves(sale)
        sale.with_context(disable_cancel_warning=True)._action_cancel()
        self.settle()
        error = self.errors()
        self.assertIn("a credit note of 21.50 USD is due", error.message)
        self.assertIn("to get back 21.50 USD", error.message)
        self.assertEqual(set(moves.mapped("state")), {"posted"}, "nothing posted is undone")
        note = self.credit(sale.invoice_ids)
        self.settle()
        self.assertNotIn("a credit note of", self.errors().message)
        self.assertIn("to get back 21.50 USD", self.errors().message)
        self.register_by_hand(note)
        self.settle()
        self.assertFalse(self.errors())

    def test_a_buyers_cancellation_of_an_invoiced_order_is_told_with_its_amounts(self):
        sale = self.sell(items=[self.line(quantity="2")])
        sale.extensiv_order_id.cancelled_at = fields.Datetime.now()
        self.settle()
        self.assertEqual(sale.state, "sale")
        self.assertIn("a credit note of 20.00 USD is due", self.errors().message)

    def test_what_was_never_paid_is_not_to_be_given_back(self):
        sale = self.sell(items=[self.line(quantity="2")], pay_type="COD")
        reversal = self.env["account.move.reversal"].with_context(
            active_model="account.move", active_ids=sale.invoice_ids.ids
        )
        note = self.env["account.move"].browse(
            reversal.create({"journal_id": sale.invoice_ids.journal_id.id}).refund_moves()["res_id"]
        )
        note.invoice_line_ids.quantity = 0.5
        note.action_post()
        self.assertEqual(sum(sale.invoice_ids.mapped("amount_residual")), 15.0, "Odoo matches both")
        sale.with_context(disable_cancel_warning=True)._action_cancel()
        self.settle()
        self.assertIn("a credit note of 15.00 USD is due", self.errors().message)
        self.assertNotIn("get back", self.errors().message)

    def test_of_goods_that_do_not_leave_only_what_was_paid_for_them_is_given_back(self):
        sale = self.sell(items=[self.line(quantity="2")], balance="14.00")
        self.deliver(sale, TEE_1=1)
        sale.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel")).action_cancel()
        self.settle()
        self.assertIn("a credit note of 10.00 USD is due", self.errors().message)
        self.assertNotIn("get back", self.errors().message, "4 of the 10 that are left are still open")

    def test_goods_that_come_back_or_do_not_leave_are_told(self):
        sale = self.sell(items=[self.line(quantity="3")])
        self.deliver(sale, TEE_1=2)
        self.settle()
        self.assertFalse(self.errors(), "the rest has yet to leave")
        sale.picking_ids.filtered(lambda picking: picking.state not in ("done", "cancel")).action_cancel()
        self.settle()
        self.assertIn("a credit note of 10.00 USD is due", self.errors().message)
        self.errors().action_dismiss()
        sale.extensiv_books_at = books.new_note()
        self.settle()
        self.assertFalse(self.errors(), "what was dismissed is not told again")

    # -- people

    def test_a_manager_without_rights_in_accounting_opens_and_changes_the_cart(self):
        manager = new_test_user(
            self.env,
            login="books_manager",
            groups="base.group_user,extensiv_connector.group_manager",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        cart = self.cart.with_user(manager)
        views = cart.get_views([(False, "form")])
        spec = {name: {} for name in views["models"]["extensiv.cart"]["fields"] if name in cart._fields}
        self.assertEqual(cart.web_read(spec)[0]["invoicing"], "confirmed")
        self.assertIn(self.bank.id, [found[0] for found in cart.payment_journal_id.name_search("")])
        cart.write({"invoicing": "delivered", "payment_journal_id": self.bank.id})
        self.assertEqual(cart.payment_method_line_id, self.method)

    def test_the_method_of_a_journal_is_the_first_with_an_outstanding_account(self):
        journal = self.env["account.journal"].create({"name": "Stripe", "code": "STRP", "type": "bank"})
        first = journal.inbound_payment_method_line_ids
        second = first.copy({"name": "Payouts", "payment_account_id": self.outstanding.id})
        self.assertEqual(payments.find_methods(journal)[:1], second)
        self.cart.payment_journal_id = journal
        self.assertEqual(self.cart.payment_method_line_id, second)

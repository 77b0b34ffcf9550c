from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from ..flows import relisting
from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestRelisted(ConnectorCase):
    """An order that was cancelled and that EIM lists as new again."""

    def setUp(self):
        super().setUp()
        self.connect()

    def pulled(self, cust_ref="X-1", **order):
        self.add_orders(
            {"cust_ref": cust_ref, "items": [{"item": "TEE-1", "quantity": "1", "price": "10.00"}], **order}
        )
        self.pull()
        return self.inbox(cust_ref)

    def move(self, status, cust_ref="X-1", **values):
        """Let EIM list the order elsewhere, and pull."""
        self.change_order(cust_ref, order_status=status, **values)
        run = self.pull()
        if status == "canceled":
            # So long ago that it is not taken up by itself, see TestTakenBack.
            for order in self.inbox(cust_ref).filtered("cancelled_at"):
                order.cancelled_at -= 2 * relisting.RECENT
        return run

    def relisted(self, cust_ref="X-1"):
        order = self.pulled(cust_ref)
        self.move("canceled", cust_ref)
        self.move("new", cust_ref)
        return order

    def errors(self, *states, key="X-1", step="listed"):
        return self.env["extensiv.error"].search(
            [
                ("account_id", "=", self.account.id),
                ("key", "=", key),
                ("step", "=", step),
                ("state", "in", states or ("open", "dismissed", "resolved")),
            ]
        )

    def sales(self, cust_ref="X-1"):
        return self.env["sale.order"].search([("extensiv_cust_ref", "=", cust_ref)], order="id")

    def import_after_all(self, order):
        with self.flows():
            return order.action_import_after_all()

    def test_it_is_not_acknowledged_and_a_person_is_asked_once(self):
        order = self.relisted()
        error = self.errors()
        self.assertEqual(error.state, "open")
        self.assertEqual(error.category, "data")
        self.assertEqual(error.fix, "import")
        self.assertIn("Import After All", error.message)
        self.assertEqual(error.action_open_document()["res_id"], order.id)
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(order.message, error.message)
        for _pass in range(2):
            self.pull()
        self.assertEqual(self.errors(), error)
        self.assertEqual(error.attempts, 1)
        self.assertEqual(self.at_eim("X-1")["order_status"], "new")
        self.assertEqual(self.calls("acknowledge"), ["acknowledge"])
        self.assertEqual(len(self.sales()), 1)

    def test_import_after_all_makes_a_new_sale_order_and_tells_eim(self):
        order = self.relisted()
        with self.flows():
            self.errors().action_fix()
        old, new = self.sales()
        self.assertEqual(old.state, "cancel")
        self.assertEqual(new.state, "sale")
        self.assertEqual(order.sale_order_id, new)
        self.assertEqual(new.name, old.name)
        self.assertEqual(new.amount_total, 10.0)
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.cancelled_at, False)
        self.assertEqual(order.message, False)
        self.assertEqual(self.errors().state, "resolved")
        self.assertEqual(self.at_eim("X-1")["order_status"], "new")
        self.pull()
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")
        self.assertTrue(order.acknowledged_at)
        self.assertIn("had it imported anew", old.message_ids[0].body)

    def test_an_order_whose_sale_order_was_deleted_is_not_acknowledged_into_nothing(self):
        order = self.pulled()
        order.sale_order_id._action_cancel()
        order.sale_order_id.unlink()
        self.move("new")
        self.assertEqual(self.errors().state, "open")
        self.assertEqual(self.at_eim("X-1")["order_status"], "new")
        self.import_after_all(order)
        self.pull()
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(self.errors().state, "resolved")
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")

    def test_what_eim_lists_now_is_imported(self):
        order = self.pulled()
        self.move("canceled")
        self.move(
            "new", items=[{"item": "MUG-1", "quantity": "3", "price": "8.00"}], grand_total="24.00", sub_total="24.00"
        )
        self.import_after_all(order)
        self.assertEqual(order.sale_order_id.order_line.mapped("extensiv_sku"), ["MUG-1"])
        self.assertEqual(order.sale_order_id.amount_total, 24.0)
        self.assertEqual(order.amount_total, 24.0)

    def test_it_is_imported_once_whoever_presses(self):
        order = self.relisted()
        self.import_after_all(order)
        with self.assertRaisesRegex(UserError, "imported already"):
            self.import_after_all(order)
        with self.flows():
            relisting.import_anew_now(order)
        self.move("new")
        self.assertEqual(len(self.sales()), 2)
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")
        old = self.sales()[0]
        old.action_draft()
        with self.assertRaisesRegex(UserError, "imported anew"):
            old.action_confirm()

    def test_an_order_that_was_cancelled_before_it_was_imported_can_be_imported_after_all(self):
        self.add_orders({"cust_ref": "X-1", "items": [{"item": "LATER", "quantity": "1", "price": "10.00"}]})
        self.pull()
        self.move("canceled")
        self.move("new")
        order = self.inbox("X-1")
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(self.errors().state, "open")
        said = self.import_after_all(order)
        self.assertEqual(said["params"]["title"], "Not imported")
        self.assertEqual(order.state, "failed")
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.assertEqual(error.key, "X-1")
        self.assertEqual(error.fix, "alias")
        self.env["product.product"].create({"name": "Later", "default_code": "LATER"})
        self.pull()
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")

    def test_dismissing_leaves_it_at_eim_until_it_is_listed_anew(self):
        order = self.relisted()
        self.errors().action_dismiss()
        self.pull()
        self.assertEqual(self.errors().state, "dismissed")
        self.assertEqual(self.at_eim("X-1")["order_status"], "new")
        self.assertTrue(order.listed_again_at, "the order of the inbox still offers it")
        self.move("canceled")
        self.move("new")
        self.assertEqual(sorted(self.errors().mapped("state")), ["dismissed", "open"])

    def test_the_error_goes_when_eim_lists_the_order_as_new_no_more(self):
        for status in ("canceled", "at_wms"):
            with self.subTest(status):
                order = self.relisted(status)
                self.move(status, status)
                self.assertEqual(self.errors(key=status).state, "resolved")
                self.assertEqual(order.listed_again_at, False)
                self.assertEqual(order.message, "Cancelled by the buyer.")
                with self.assertRaisesRegex(UserError, "does not list it as new again"):
                    self.import_after_all(order)

    def test_a_second_cancellation_after_importing_after_all_is_heard(self):
        order = self.relisted()
        self.import_after_all(order)
        self.pull()
        self.move("canceled")
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(order.sale_order_id.state, "cancel")

    def test_one_that_was_cancelled_here_alone_is_asked_about_too(self):
        order = self.pulled()
        order.sale_order_id.action_cancel()
        self.move("new")
        self.assertEqual(self.errors().state, "open")
        self.assertEqual(self.at_eim("X-1")["order_status"], "new")
        self.import_after_all(order)
        self.assertEqual(self.sales().mapped("state"), ["cancel", "sale"])

    def test_large_ones_are_not_imported_in_one_transaction(self):
        orders = self.relisted("X-1") | self.relisted("X-2") | self.relisted("X-3")
        for order in orders:
            self.move("new", order.cust_ref)
        orders[:2].line_count = 90
        with patch.object(relisting, "import_anew", side_effect=relisting.import_anew) as imported:
            self.import_after_all(orders)
        self.assertEqual([call.args[0] for call in imported.call_args_list], [orders[0], orders[1] | orders[2]])
        self.assertEqual(set(orders.mapped("state")), {"imported"})

    def test_one_whose_sale_order_lives_is_acknowledged_and_may_be_cancelled_again(self):
        order = self.pulled()
        self.account.cancel_orders = False
        self.move("canceled")
        self.move("new")
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")
        self.assertEqual(self.errors(), self.errors().browse())
        self.account.cancel_orders = True
        self.move("canceled")
        self.assertEqual(order.sale_order_id.state, "cancel")

    def test_one_that_a_person_takes_up_again_is_acknowledged_and_asked_about_no_more(self):
        order = self.relisted()
        order.sale_order_id.action_draft()
        order.sale_order_id.action_confirm()
        self.pull()
        self.assertEqual(order.state, "imported")
        self.assertEqual(order.message, False)
        self.assertEqual(order.cancelled_at, False)
        self.assertEqual(self.errors().state, "resolved")
        self.assertEqual(self.at_eim("X-1")["order_status"], "at_wms")
        self.assertEqual(self.sales().mapped("state"), ["sale"])

    def test_an_order_whose_payload_was_emptied_is_fetched(self):
        order = self.relisted()
        order.payload = False
        self.import_after_all(order)
        self.assertEqual(self.sales().mapped("state"), ["cancel", "sale"])

    def test_retry_of_a_dismissed_error_asks_again(self):
        self.relisted()
        self.errors().action_dismiss()
        with self.flows():
            self.errors().action_retry()
        self.assertEqual(len(self.errors("open")), 1)

    def test_the_diagnosis_says_what_it_waits_for(self):
        self.relisted()
        wizard = self.env["extensiv.diagnosis"].create({"account_id": self.account.id, "order_number": "X-1"})
        text = str(wizard._lines_here(self.inbox("X-1")))
        self.assertIn("waits for your decision", text)

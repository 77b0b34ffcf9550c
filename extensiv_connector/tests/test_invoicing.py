"""When an order from EIM is to be invoiced, and what of it."""

from odoo.exceptions import UserError
from odoo.modules.module import load_script
from odoo.tests import Form, tagged

from .books_common import InvoicingCase


@tagged("post_install", "-at_install")
class TestInvoicing(InvoicingCase):
    def assertWaits(self, sale):
        """Nothing of the order is to be invoiced, whoever tries."""
        self.assertEqual(sale.invoice_status, "no")
        self.assertFalse(sale._get_invoiceable_lines())
        self.assertFalse(sale._get_invoiceable_lines(final=True))
        with self.assertRaises(UserError):
            sale._create_invoices()

    def test_tax_discount_and_shipping_alone_make_no_order_to_invoice(self):
        sale = self.full_sale()
        self.assertEqual(
            sale.order_line.mapped("extensiv_kind"), [False, False, "shipping", "discount", "tax"], "its lines"
        )
        self.assertWaits(sale)

    def test_a_line_of_rounding_alone_makes_no_order_to_invoice(self):
        self.company.tax_calculation_rounding_method = "round_per_line"
        halves = [
            {"item": sku, "quantity": "1", "price": "10.005", "extended_amount": "10.005"} for sku in ("TEE-1", "MUG-1")
        ]
        sale = self.sale(items=halves, grand_total="20.01")
        self.assertIn("rounding", sale.order_line.mapped("extensiv_kind"))
        self.assertWaits(sale)

    def test_the_wizard_makes_no_invoice_of_many_orders_while_their_goods_remain(self):
        sales = self.full_sale() | self.full_sale(cust_ref="B-2")
        wizard = self.env["sale.advance.payment.inv"].with_context(active_model="sale.order", active_ids=sales.ids)
        with self.assertRaises(UserError):
            Form(wizard).save().create_invoices()
        self.deliver(sales[0])
        Form(wizard).save().create_invoices()
        self.assertEqual(sales[0].invoice_ids.amount_total, 52.50)
        self.assertFalse(sales[1].invoice_ids)

    def test_a_whole_delivery_is_invoiced_whole(self):
        sale = self.full_sale()
        self.deliver(sale)
        self.assertEqual(sale.invoice_status, "to invoice")
        invoice = self.invoice(sale)
        self.assertEqual(invoice.amount_total, 52.50)
        self.assertEqual(sale.invoice_status, "invoiced")

    def test_amounts_go_with_the_first_delivery_and_no_second_time(self):
        sale = self.full_sale()
        self.deliver(sale, MUG_1=1)
        first = self.invoice(sale)
        self.assertEqual(self.kinds(first), ["MUG-1", "shipping", "discount", "tax"])
        self.assertEqual(first.amount_total, 12.50)
        self.assertEqual(sale.invoice_status, "no")
        self.deliver(sale)
        last = self.invoice(sale)
        self.assertEqual(self.kinds(last), ["TEE-1"])
        self.assertEqual(first.amount_total + last.amount_total, sale.amount_total)

    def test_a_discount_waits_for_an_invoice_that_bears_it(self):
        sale = self.full_sale(order_discount="30.00", grand_total="26.50")
        self.deliver(sale, MUG_1=1)
        first = self.invoice(sale)
        self.assertEqual(self.kinds(first), ["MUG-1", "shipping", "tax"])
        self.assertWaits(sale)
        self.deliver(sale)
        last = self.invoice(sale)
        self.assertEqual(self.kinds(last), ["TEE-1", "discount"])
        self.assertEqual(first.amount_total + last.amount_total, 26.50)

    def test_what_is_left_is_invoiced_when_the_backorder_is_cancelled(self):
        sale = self.full_sale(order_discount="30.00", grand_total="26.50")
        self.deliver(sale, MUG_1=1)
        self.invoice(sale)
        self.open_transfer(sale).action_cancel()
        self.assertEqual(sale.invoice_status, "to invoice")
        self.assertEqual(sale._get_invoiceable_lines().extensiv_kind, "discount")
        note = self.invoice(sale, final=True)
        self.assertEqual((note.move_type, note.amount_total), ("out_refund", 30))

    def test_no_backorder_lets_the_rest_be_invoiced(self):
        sale = self.full_sale()
        self.deliver(sale, backorder=False, TEE_1=1, MUG_1=1)
        self.assertEqual(self.invoice(sale).amount_total, 32.50)
        self.assertEqual(sale.invoice_status, "invoiced")

    def test_amounts_are_left_when_all_goods_were_cancelled(self):
        sale = self.full_sale()
        self.open_transfer(sale).action_cancel()
        self.assertEqual(sale.invoice_status, "to invoice")
        self.assertEqual(sale._get_invoiceable_lines().mapped("extensiv_kind"), ["shipping", "discount", "tax"])

    def test_goods_set_to_zero_hold_nothing_up(self):
        sale = self.full_sale()
        self.deliver(sale, MUG_1=1)
        self.invoice(sale)
        sale.order_line[0].product_uom_qty = 0
        self.assertEqual(sale.invoice_status, "invoiced")

    def test_goods_returned_are_credited_and_amounts_are_not(self):
        sale = self.full_sale()
        transfer = self.deliver(sale)
        self.invoice(sale)
        self.take_back(transfer, 1)
        self.assertEqual(sale.invoice_status, "to invoice")
        note = self.invoice(sale, final=True)
        self.assertEqual((note.move_type, note.amount_total), ("out_refund", 20))
        self.assertEqual(len(note.invoice_line_ids), 1)

    def test_an_invoice_that_was_refunded_can_be_made_again(self):
        sale = self.full_sale()
        self.deliver(sale)
        self.reverse(self.invoice(sale))
        self.assertEqual(sale.invoice_status, "to invoice")
        self.assertEqual(self.invoice(sale).amount_total, 52.50)

    def test_an_invoice_ahead_of_the_delivery_is_not_taken_back(self):
        sale = self.full_sale()
        sale._force_lines_to_invoice_policy_order()
        self.assertEqual(self.invoice(sale).amount_total, 52.50)
        self.assertEqual(sale.invoice_status, "invoiced")
        self.assertFalse(sale._get_invoiceable_lines(final=True))
        self.deliver(sale, MUG_1=1)
        self.assertEqual(sale.invoice_status, "invoiced")
        self.deliver(sale)
        self.assertEqual(sale.invoice_status, "invoiced")

    def test_an_invoice_ahead_is_to_be_credited_once_its_goods_are_cancelled(self):
        sale = self.full_sale()
        sale._force_lines_to_invoice_policy_order()
        self.invoice(sale)
        self.deliver(sale, MUG_1=1)
        self.open_transfer(sale).action_cancel()
        self.assertEqual(sale.invoice_status, "to invoice")
        note = self.invoice(sale, final=True)
        self.assertEqual((note.move_type, note.amount_total), ("out_refund", 40))

    def test_goods_invoiced_as_ordered_take_the_amounts_along_at_once(self):
        self.products.invoice_policy = "order"
        sale = self.full_sale()
        self.assertEqual(sale.invoice_status, "to invoice")
        self.assertEqual(self.invoice(sale).amount_total, 52.50)

    def test_of_both_policies_amounts_go_with_what_is_invoiced_first(self):
        self.products[1].invoice_policy = "order"
        sale = self.full_sale()
        self.assertEqual(self.kinds(self.invoice(sale)), ["MUG-1", "shipping", "discount", "tax"])
        self.assertWaits(sale)
        self.deliver(sale)
        self.assertEqual(self.kinds(self.invoice(sale)), ["TEE-1"])

    def test_a_service_that_is_not_done_yet_is_waited_for(self):
        service = self.products.create(
            {"name": "Engraving", "default_code": "ENG", "type": "service", "invoice_policy": "delivery"}
        )
        service.taxes_id = False
        sale = self.sale(items=[{"item": "ENG", "quantity": "1", "price": "30.00"}], shipping_handling="5.00")
        self.assertWaits(sale)
        sale.order_line[0].qty_delivered = 1
        self.assertEqual(self.invoice(sale).amount_total, 35)

    def test_the_products_of_amounts_may_have_any_policy(self):
        for field in ("shipping_product_id", "discount_product_id", "tax_product_id"):
            self.account[field].invoice_policy = "delivery"
        sale = self.full_sale()
        self.assertWaits(sale)
        self.deliver(sale)
        self.assertEqual(self.invoice(sale).amount_total, 52.50)

    def test_a_down_payment_of_an_order_is_not_credited_while_goods_remain(self):
        sale = self.full_sale()
        wizard = self.env["sale.advance.payment.inv"].with_context(active_model="sale.order", active_ids=sale.ids)
        wizard.create({"advance_payment_method": "fixed", "fixed_amount": 10}).create_invoices()
        sale.invoice_ids.action_post()
        self.assertFalse(sale._get_invoiceable_lines(final=True))
        self.deliver(sale)
        self.invoice(sale, final=True)
        self.assertEqual(sum(sale.invoice_ids.mapped("amount_total")), 52.50)

    def test_orders_entered_by_hand_are_odoos(self):
        sale = self.full_sale()
        by_hand = sale.copy()
        by_hand.action_confirm()
        self.assertEqual(by_hand.order_line.mapped("extensiv_kind"), [False] * 5)
        self.assertEqual(by_hand.invoice_status, "to invoice")

    def test_what_had_left_before_it_came_is_invoiced_as_ordered(self):
        sale = self.full_sale()
        self.open_transfer(sale).action_cancel()
        sale.extensiv_is_shipped_already = True
        sale.order_line._compute_qty_to_invoice()
        self.assertEqual(self.invoice(sale).amount_total, 52.50)
        self.assertEqual(sale.invoice_status, "invoiced")

    def test_an_accepted_difference_is_a_charge_that_waits_for_goods(self):
        self.account.order_policy = "draft"
        self.add_orders(
            {
                "cust_ref": "B-9",
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "1", "price": "20.00"}],
                "grand_total": "23.00",
            }
        )
        self.pull()
        sale = self.inbox("B-9").sale_order_id
        sale.action_extensiv_accept_difference()
        self.assertEqual(sale.order_line[-1].extensiv_kind, "charge")
        sale.action_confirm()
        self.assertWaits(sale)
        self.deliver(sale)
        self.assertEqual(self.invoice(sale).amount_total, 23)

    def test_a_year_of_orders_is_looked_at_together(self):
        self.full_sale()
        lines = [sale.order_line.ids for sale in (self.full_sale(cust_ref=f"B-{n}") for n in range(2, 8))]
        sales = self.env["sale.order.line"].browse([line for ids in lines for line in ids]).order_id

        def count(orders):
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            orders._compute_invoice_status()
            return self.cr.sql_log_count - before

        count(sales)
        self.assertEqual(count(sales[:6]), count(sales[:2]))

    def test_lines_of_before_are_known_by_their_products(self):
        sale = self.full_sale()
        self.env.flush_all()
        self.cr.execute(
            "UPDATE sale_order_line SET extensiv_kind = NULL WHERE order_id = %s; "
            "UPDATE sale_order SET invoice_status = 'to invoice' WHERE id = %s",
            [sale.id, sale.id],
        )
        self.env.invalidate_all()
        path = "extensiv_connector/migrations/19.0.1.6.0/post-invoicing.py"
        load_script(path, "post-invoicing").migrate(self.cr, "19.0.1.5.0")
        self.env.invalidate_all()
        self.assertEqual(sale.order_line.mapped("extensiv_kind"), [False, False, "shipping", "discount", "tax"])
        self.assertEqual(sale.invoice_status, "no")

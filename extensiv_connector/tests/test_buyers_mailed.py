"""The mails that Odoo sends buyers by itself can be off per cart."""

from unittest.mock import patch

from odoo.tests import tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestMailed(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.company.stock_move_email_validation = True
        self.env["stock.quant"]._update_available_quantity(
            self.products[0],
            self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1).lot_stock_id,
            50,
        )

    def imported(self, source, policy="confirm", **values):
        self.account.order_policy = policy
        self.add_orders(
            {
                "cust_ref": f"{source}-1",
                "order_source": source,
                "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}],
                **values,
            }
        )
        self.pull()
        return self.inbox(f"{source}-1").sale_order_id

    def mails_of(self, record):
        return record.message_ids.filtered(lambda message: message.partner_ids or message.notified_partner_ids)

    def deliver(self, sale):
        picking = sale.picking_ids
        picking.action_assign()
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(picking.state, "done")
        return picking

    def test_it_starts_off_where_the_marketplace_is_known_to_forbid_them(self):
        for source, is_mailed in (("Amazon_NZ", False), ("Walmart NZ", False), ("Shopify NZ", True), ("Our Own", True)):
            cart = self.env["extensiv.cart"].create(
                {"account_id": self.account.id, "order_source": source, "name": source}
            )
            self.assertEqual(cart.mail_buyers, is_mailed, source)
        cart.mail_buyers = False
        cart.name = "Renamed"
        self.assertFalse(cart.mail_buyers, "a person's choice stays")

    def test_a_delivery_is_mailed_only_where_the_cart_says_so(self):
        mailed, quiet = (self.deliver(self.imported(source)) for source in ("Shopify", "Amazon_US"))
        self.assertTrue(self.mails_of(mailed))
        self.assertFalse(self.mails_of(quiet))
        self.assertEqual(quiet.sale_id.extensiv_cart_id.mail_buyers, False)

    def test_deliveries_of_both_kinds_completed_together(self):
        sales = [self.imported(source) for source in ("Shopify", "Amazon_US")]
        pickings = sales[0].picking_ids | sales[1].picking_ids
        pickings.action_assign()
        pickings.move_ids.picked = True
        pickings.button_validate()
        self.assertTrue(self.mails_of(sales[0].picking_ids))
        self.assertFalse(self.mails_of(sales[1].picking_ids))

    def test_a_text_message_about_a_delivery_is_left_out(self):
        picking = self.imported("Amazon_US").picking_ids
        other = self.imported("Shopify").picking_ids
        template = self.company.stock_sms_confirmation_template_id
        with patch("odoo.addons.sms.models.mail_thread.MailThread._message_sms_with_template") as sent:
            for each in (picking, other):
                each._message_sms_with_template(template=template, partner_ids=each.partner_id.ids)
        self.assertEqual(sent.call_count, 1)

    def test_confirming_by_hand_mails_only_where_the_cart_says_so(self):
        for source, is_mailed in (("Shopify", True), ("Amazon_US", False)):
            sale = self.imported(source, policy="draft", cust_e_mail="jane@example.com")
            sale.with_context(send_email=True).action_confirm()
            self.assertEqual(sale.state, "sale")
            self.assertEqual(bool(self.mails_of(sale)), is_mailed, source)

    def test_what_apps_mail_on_confirming_is_left_out_and_both_kinds_are_confirmed(self):
        sales = [self.imported(source, policy="draft") for source in ("Shopify", "Amazon_US")]
        sent = []
        template = self.env.ref("sale.mail_template_sale_confirmation")
        Sale = self.env.registry["sale.order"]
        confirm = Sale._action_confirm

        def _action_confirm(orders):
            for order in orders:
                if template.with_env(orders.env).send_mail(order.id):
                    sent.append(order)
            return confirm(orders)

        with patch.object(Sale, "_action_confirm", _action_confirm):
            (sales[0] | sales[1]).action_confirm()
        self.assertEqual([sale.state for sale in sales], ["sale", "sale"])
        self.assertEqual(sent, [sales[0]])

    def test_an_account_that_notifies_on_import_does_not_mail_these_buyers(self):
        self.account.notify_on_import = True
        contexts = []
        Sale = self.env.registry["sale.order"]
        confirm = Sale._action_confirm

        def _action_confirm(orders):
            contexts.extend(
                (order.extensiv_cart_id.order_source, bool(order.env.context.get("extensiv_quiet"))) for order in orders
            )
            return confirm(orders)

        with patch.object(Sale, "_action_confirm", _action_confirm):
            self.imported("Shopify")
            self.imported("Amazon_US")
        self.assertEqual(contexts, [("Shopify", False), ("Amazon_US", True)])

    def test_what_a_person_writes_is_sent(self):
        sale = self.imported("Amazon_US")
        sale.message_post(body="Hello", partner_ids=sale.partner_id.ids, message_type="comment")
        self.assertTrue(self.mails_of(sale))

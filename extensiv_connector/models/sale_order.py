from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import difference, holds, order_money, shipped_elsewhere
from ..flows.quiet import is_quiet, without_mails
from ..flows.recorded import check_written_by_connector, is_refused


class SaleOrder(models.Model):
    """An order from EIM: what it was imported from, and what holds it."""

    _inherit = "sale.order"

    extensiv_order_id = fields.Many2one(
        "extensiv.order",
        "EIM Order",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        check_company=True,
        help="The order as EIM sent it.",
    )
    extensiv_account_id = fields.Many2one(
        "extensiv.account",
        "EIM Account",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    extensiv_cart_id = fields.Many2one(
        "extensiv.cart",
        "EIM Cart",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        check_company=True,
    )
    extensiv_cust_ref = fields.Char("EIM Reference", readonly=True, copy=False)
    extensiv_message = fields.Text(
        "EIM Notes",
        compute="_compute_extensiv_held_by",
        compute_sudo=True,
        help="What a person should know about this order now: its notes, and what holds it.",
    )
    extensiv_lasting_notes = fields.Text(
        readonly=True, copy=False, help="What a person should know about how this order was imported; it holds nothing."
    )
    extensiv_is_held = fields.Boolean(
        "Held as Quotation",
        readonly=True,
        copy=False,
        help="Imported, and a quotation until a person confirms, cancels or deletes it.",
    )
    extensiv_holds = fields.Json(readonly=True, copy=False, help="The reasons, see flows/holds.")
    extensiv_held_by = fields.Text(
        "Held By",
        compute="_compute_extensiv_held_by",
        compute_sudo=True,
        help="What stands in the way of confirming this order from EIM now.",
    )
    extensiv_address_doubt = fields.Char(
        readonly=True,
        copy=False,
        help="Which parts of the delivery address lacked when the order was imported: street,city,country,state.",
    )
    extensiv_is_replaced = fields.Boolean(
        "Imported Anew",
        readonly=True,
        copy=False,
        help="EIM listed this cancelled order as new again, and another sale order was made of it.",
    )
    extensiv_is_shipped_already = fields.Boolean(
        "Shipped Already",
        readonly=True,
        copy=False,
        help="EIM had the shipment of this order before it was received here: nothing is delivered, nor told to EIM.",
    )
    extensiv_shipped_elsewhere = fields.Text(compute="_compute_extensiv_shipped_elsewhere")
    extensiv_instructions = fields.Text(
        "Buyer's Wishes",
        copy=False,
        help="Gift message, shipping instructions and whatever else the buyer asked for, as the cart sent it.",
    )
    extensiv_expected_total = fields.Monetary(
        "EIM Total", readonly=True, copy=False, help="What the order's total must be, by EIM's figures."
    )
    extensiv_difference = fields.Monetary(
        "Difference to EIM", compute="_compute_extensiv_difference", help="What EIM's total is more than the order's."
    )
    extensiv_has_no_total = fields.Boolean(readonly=True, copy=False, help="EIM sent neither prices nor a total.")
    # What the account and the cart say later does not change what this order means.
    extensiv_tax_policy = fields.Selection(
        order_money.TAX_POLICIES,
        "EIM Tax",
        readonly=True,
        copy=False,
        help="What EIM's tax was taken for when the order was imported.",
    )
    extensiv_placeholder_id = fields.Many2one(
        "product.product", readonly=True, copy=False, help="Stood for unknown SKUs when the order was imported."
    )

    _extensiv_held_idx = models.Index("(extensiv_account_id) WHERE extensiv_is_held")
    _extensiv_doubt_idx = models.Index("(extensiv_account_id) WHERE extensiv_address_doubt IS NOT NULL")

    _extensiv_asks_tax_idx = models.Index("(extensiv_cart_id) WHERE extensiv_tax_policy = 'ask'")

    @api.model
    def _has_field_access(self, field, operation):
        return not is_refused(self, field, operation) and super()._has_field_access(field, operation)

    @api.model
    def _check_field_access(self, field, operation):
        check_written_by_connector(self, field, operation)
        return super()._check_field_access(field, operation)

    @api.depends("amount_total", "extensiv_expected_total", "extensiv_has_no_total", "extensiv_cust_ref", "state")
    def _compute_extensiv_difference(self):
        for order in self:
            order.extensiv_difference = float(difference.find(order))

    def _compute_extensiv_shipped_elsewhere(self):
        """Say of orders that are open here that EIM has them as shipped, while nobody dismissed it."""
        told = shipped_elsewhere.find_told(self.sudo().extensiv_order_id)
        for order in self:
            received = order.state != "cancel" and order.sudo().extensiv_order_id
            order.extensiv_shipped_elsewhere = told.get(received, False)

    @api.depends(
        "state",
        "amount_total",
        "extensiv_expected_total",
        "extensiv_is_held",
        "extensiv_holds",
        "extensiv_lasting_notes",
        "order_line.extensiv_needs_product",
    )
    @api.depends_context("lang")
    def _compute_extensiv_held_by(self):
        for order in self:
            order.extensiv_held_by = holds.say(order) or False
            order.extensiv_message = (
                "\n".join(filter(None, (order.extensiv_lasting_notes, order.extensiv_held_by))) or False
            )

    def write(self, vals):
        """Release orders that are decided on, and say anew of corrected ones what holds them."""
        result = super().write(vals)
        if vals.get("state") in ("sale", "cancel"):
            holds.settle(self)
        elif "order_line" in vals:
            holds.reassess(self)
        return result

    @api.ondelete(at_uninstall=False)
    def _extensiv_release_deleted(self):
        holds.settle(self)

    def _extensiv_verify_total(self, expected_untaxed=None, tax_tolerance=0):
        """Compare the order's total with EIM's, see ``flows.order_money.verify_total``."""
        self.ensure_one()
        return order_money.verify_total(self, expected_untaxed, tax_tolerance)

    def _extensiv_reassess(self):
        """Say anew, after a person corrected the order, what still stands in the way of confirming it."""
        holds.reassess(self)

    def _confirmation_error_message(self):
        """Refuse to confirm while a line waits for its product, and an order that was imported a second time."""
        if self.extensiv_is_replaced:
            return self.env._(
                "%s was imported anew after it was cancelled. Confirm the newer sale order; this one would be shipped "
                "as well.",
                self.name,
            )
        if waiting := self.order_line.filtered("extensiv_needs_product"):
            without = self.env._("lines without a SKU")
            names = ", ".join(dict.fromkeys(line.extensiv_sku or without for line in waiting))
            return self.env._("Choose the products of %s first.", names)
        return super()._confirmation_error_message()

    def _prepare_confirmation_values(self):
        """Keep the buyer's order date: Odoo would replace it with the moment of confirming."""
        values = super()._prepare_confirmation_values()
        if self and all(order.extensiv_cust_ref for order in self):
            values.pop("date_order", None)
        return values

    # -- the delivery method

    @api.onchange("order_line", "partner_id", "partner_shipping_id")
    def onchange_order_line(self):
        """Ask for no new shipping cost: the buyer paid the cart's."""
        if self.extensiv_cust_ref:
            return None
        return super().onchange_order_line()

    def action_open_delivery_wizard(self):
        """Open Odoo's choice of the delivery method, which leaves the charge alone on an order from EIM."""
        action = super().action_open_delivery_wizard()
        if self.extensiv_cust_ref:
            action["name"] = self.env._("Choose Delivery Method")
            action["context"]["default_carrier_id"] = self.carrier_id.id or action["context"]["default_carrier_id"]
        return action

    def _remove_delivery_line(self):
        """Keep the line of what the buyer paid the cart for shipping."""
        return super(SaleOrder, self.filtered(lambda order: not order.extensiv_cust_ref))._remove_delivery_line()

    def _create_delivery_line(self, carrier, price_unit):
        """Charge nothing more than EIM's line does; the method itself is on the order and its transfers."""
        if self.extensiv_cust_ref:
            return self.env["sale.order.line"]
        return super()._create_delivery_line(carrier, price_unit)

    # -- mails and buttons

    def _send_order_notification_mail(self, mail_template, allow_deferred_sending=True):
        """Neither send it nor note it as sent, nor leave it to be sent later, where nobody is to be notified."""
        if is_quiet(self.env) or self._extensiv_filter_unmailed():
            return None
        return super()._send_order_notification_mail(mail_template, allow_deferred_sending=allow_deferred_sending)

    def _extensiv_filter_unmailed(self):
        """Return those of these orders whose buyers Odoo is not to mail by itself: their cart's setting."""
        return self.filtered(
            lambda order: order.sudo().extensiv_cart_id and not order.sudo().extensiv_cart_id.mail_buyers
        )

    def action_confirm(self):
        """Confirm without any app's mails those whose buyers are not to be mailed."""
        unmailed = self.browse() if is_quiet(self.env) else self._extensiv_filter_unmailed()
        if not unmailed:
            return super().action_confirm()
        answer = super(SaleOrder, without_mails(unmailed)).action_confirm()
        if rest := self - unmailed:
            other = super(SaleOrder, rest).action_confirm()
            answer = other if answer is True else answer
        return answer

    def action_extensiv_cancel(self):
        """Cancel the order after saying what EIM will still believe."""
        self.ensure_one()
        return self.env["extensiv.cancel"]._get_records_action(
            name=self.env._("Cancel an Order from EIM"),
            target="new",
            context={"default_sale_order_id": self.id},
        )

    def action_extensiv_accept_difference(self):
        """Accept that EIM's totals hold what is in none of its fields, such as duties: a line makes up for it.

        :raise UserError: there is no difference, or the order is no quotation any more
        """
        self.check_access("write")
        if not difference.accept(self):
            raise UserError(self.env._("There is no difference to accept: the totals are EIM's."))
        return True

    def action_open_extensiv_order(self):
        """Open the order as EIM sent it."""
        self.ensure_one()
        return self.extensiv_order_id._get_records_action()

    def action_extensiv_open_cart(self):
        """Open the cart, on which the question about its tax is answered."""
        self.ensure_one()
        return self.extensiv_cart_id._get_records_action()

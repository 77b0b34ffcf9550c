from odoo import api, fields, models

from ..flows.order_import import amount_of
from ..flows.quiet import is_quiet


class SaleOrder(models.Model):
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
        "EIM Notes", readonly=True, copy=False, help="What a person should know about how this order was imported."
    )
    extensiv_lasting_notes = fields.Text(
        readonly=True, copy=False, help="Those of the notes that stay true whatever a person mends."
    )

    extensiv_held_by = fields.Text(
        "Held By",
        readonly=True,
        copy=False,
        help="What another app asks for before this order from EIM is confirmed.",
    )
    extensiv_is_replaced = fields.Boolean(
        "Imported Anew",
        readonly=True,
        copy=False,
        help="EIM listed this cancelled order as new again, and another sale order was made of it.",
    )
    extensiv_instructions = fields.Text(
        "Buyer's Wishes",
        copy=False,
        help="Gift message, shipping instructions and whatever else the buyer asked for, as the cart sent it.",
    )
    extensiv_expected_total = fields.Monetary(
        "EIM Total", readonly=True, copy=False, help="What the order's total must be, by EIM's figures."
    )

    def write(self, vals):
        result = super().write(vals)
        if vals.get("state") in ("sale", "cancel"):
            self._extensiv_release()
        return result

    @api.ondelete(at_uninstall=False)
    def _extensiv_release_deleted(self):
        self._extensiv_release()

    def _extensiv_release(self):
        """Close the errors about those of these orders that another app held: somebody has decided."""
        held = self.sudo().filtered("extensiv_held_by")
        for order in held:
            received = order.extensiv_order_id
            received.message = (received.message or "").removesuffix(order.extensiv_held_by).strip() or False
        held.extensiv_held_by = False
        for account, orders in held.grouped("extensiv_account_id").items():
            self.env["extensiv.error"].sudo()._resolve(account, "orders", orders.mapped("extensiv_cust_ref"), "confirm")

    def _extensiv_verify_total(self, expected_untaxed=None, tax_tolerance=0):
        """Compare the order's total with EIM's, to the cent, and say where they part.

        :param expected_untaxed: ``Decimal``, EIM's total before tax, where known
        :param tax_tolerance: up to which amount a difference of taxes alone is told but borne
        :return: whether it may be confirmed, and sentences for a person
        """
        self.ensure_one()
        total, expected = (
            amount_of(self.currency_id, self.amount_total),
            amount_of(self.currency_id, self.extensiv_expected_total),
        )
        if total == expected:
            return True, []
        told = [
            self.env._(
                "The total here is %(total)s %(currency)s, EIM's is %(expected)s.",
                total=total,
                expected=expected,
                currency=self.currency_id.name,
            )
        ]
        untaxed = amount_of(self.currency_id, self.amount_untaxed)
        if expected_untaxed is not None and untaxed == expected_untaxed:
            tax = amount_of(self.currency_id, self.amount_tax)
            told.append(
                self.env._(
                    "Only the taxes differ: %(ours)s here, %(theirs)s at EIM.", ours=tax, theirs=expected - untaxed
                )
            )
            if abs(total - expected) <= amount_of(self.currency_id, tax_tolerance):
                return True, told
        return False, [*told, self.env._("The order stays a quotation until a person decides.")]

    def _extensiv_reassess(self):
        """Say anew, after a person mended the order, what still stands in the way of confirming it."""
        self.ensure_one()
        waiting = self.order_line.filtered("extensiv_needs_product")
        _right, told = self._extensiv_verify_total()
        if waiting:
            told = [self.env._("Choose the products of %s.", ", ".join(waiting.mapped("extensiv_sku"))), *told]
        self.extensiv_message = "\n".join(filter(None, [self.extensiv_lasting_notes, *told])) or False

    def _confirmation_error_message(self):
        """Refuse to confirm while a line waits for its product, and an order that was imported a second time."""
        if self.extensiv_is_replaced:
            return self.env._(
                "%s was imported anew after it was cancelled. Confirm the newer sale order; this one would be shipped "
                "as well.",
                self.name,
            )
        waiting = self.order_line.filtered("extensiv_needs_product")
        if waiting:
            return self.env._("Choose the products of %s first.", ", ".join(waiting.mapped("extensiv_sku")))
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

    # -- what is sent, and buttons

    def _send_order_notification_mail(self, mail_template, allow_deferred_sending=True):
        """Neither send it nor note it as sent, nor leave it to be sent later, where nobody is to be notified."""
        if is_quiet(self.env):
            return None
        return super()._send_order_notification_mail(mail_template, allow_deferred_sending=allow_deferred_sending)

    def action_extensiv_cancel(self):
        """Cancel the order after saying what EIM will still believe."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Cancel an Order from EIM"),
            "res_model": "extensiv.cancel",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_sale_order_id": self.id},
        }

    def action_open_extensiv_order(self):
        """Open the order as EIM sent it."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "extensiv.order",
            "res_id": self.extensiv_order_id.id,
            "views": [(False, "form")],
        }

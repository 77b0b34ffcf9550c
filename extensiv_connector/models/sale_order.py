from odoo import fields, models

from .extensiv_order_prepare import amount_of


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

    extensiv_instructions = fields.Text(
        "Buyer's Wishes",
        copy=False,
        help="Gift message, shipping instructions and whatever else the buyer asked for, as the cart sent it.",
    )
    extensiv_expected_total = fields.Monetary(
        "EIM Total", readonly=True, copy=False, help="What the order's total must be, by EIM's figures."
    )

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
        """Refuse to confirm while a line waits for its product."""
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

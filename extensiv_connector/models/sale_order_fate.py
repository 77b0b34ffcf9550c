from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import books, cancelled_goods, invoicing, lots_asked_for, margins, shipment_words, technical_fields, twins
from ..flows.deadline import one_deadline


class SaleOrder(models.Model):
    """What is special about an order from EIM, and what its cancellation leaves behind."""

    _inherit = "sale.order"  # pylint: disable=consider-merging-classes-inherited  # what becomes of special orders

    extensiv_packing_notes = fields.Text(
        "To Know Before Packing",
        copy=False,
        help="Payment on delivery, services of the carrier, gifts and lots that the cart asked for: on the order and "
        "on its transfers.",
    )
    extensiv_is_fulfilled_elsewhere = fields.Boolean(
        "Fulfilled Elsewhere",
        readonly=True,
        copy=False,
        help="The marketplace's own warehouse delivers this order: it is booked as delivered, nothing is shipped "
        "here or told to EIM.",
    )
    extensiv_shipment_shown = fields.Selection(
        lambda self: [
            *self.env["sale.order"]._fields["extensiv_shipment_state"]._description_selection(self.env),
            ("cancelled", self.env._("Cancelled")),
        ],
        "EIM Shipment Badge",
        compute="_compute_extensiv_shipment_shown",
        compute_sudo=True,
        help="What EIM knows of the shipment; of a cancelled order that it was cancelled, unless EIM was told.",
    )
    extensiv_delivery_address = fields.Text("Deliver To", compute="_compute_extensiv_delivery_address")
    extensiv_twins = fields.Text("Orders With the Same Number", compute="_compute_extensiv_twins")

    extensiv_missing_lots = fields.Text("Lots Not Reserved", compute="_compute_extensiv_missing_lots")

    # -- its books: what was known when it was imported, and what was done since

    extensiv_pay_type = fields.Char(
        "Paid By", readonly=True, copy=False, help="How the buyer paid, in the cart's words (EIM's pay_type)."
    )
    extensiv_pays_on_delivery = fields.Boolean(
        "Pays on Delivery", readonly=True, copy=False, help="Nothing was paid in the cart."
    )
    extensiv_balance = fields.Monetary(
        "Open in the Cart", readonly=True, copy=False, help="What the buyer has yet to pay, as EIM said it."
    )
    extensiv_invoicing = fields.Selection(
        lambda self: self.env["extensiv.cart"]._fields["invoicing"]._description_selection(self.env),
        "EIM Invoices",
        readonly=True,
        copy=False,
        help="What its cart said of invoices when the order was imported. Empty: its books are not kept by themselves.",
    )
    extensiv_registered = fields.Monetary(
        "Registered as Paid", readonly=True, copy=False, help="The payments that were registered by themselves."
    )
    extensiv_books_at = fields.Datetime(
        compute="_compute_extensiv_books_at",
        store=True,
        readonly=True,
        copy=False,
        help="Something changed at this moment, and its invoices and payments were not looked at since.",
    )

    _extensiv_books_idx = models.Index("(extensiv_account_id, extensiv_books_at) WHERE extensiv_books_at IS NOT NULL")

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return technical_fields.hide(self, super().fields_get(allfields, attributes))

    @api.depends(
        "state",
        "extensiv_invoicing",
        "extensiv_expected_total",
        "amount_total",
        "order_line.product_uom_qty",
        "order_line.qty_delivered",
        "order_line.qty_invoiced",
        "extensiv_order_id.cancelled_at",
    )
    def _compute_extensiv_books_at(self):
        """Note that the books of these orders are to be looked at, see ``flows/books``."""
        kept = self.filtered(lambda order: order.extensiv_invoicing and order.state in ("sale", "cancel"))
        kept.extensiv_books_at = books.new_note()
        (self - kept).extensiv_books_at = False
        if kept:
            books.wake(self.env)

    @api.depends("state", "extensiv_shipment_state", "extensiv_order_id.cancelled_at")
    def _compute_extensiv_shipment_shown(self):
        for order in self:
            state = order.extensiv_shipment_state
            is_cancelled = order.extensiv_cust_ref and (order.state == "cancel" or order.extensiv_order_id.cancelled_at)
            order.extensiv_shipment_shown = (
                "cancelled" if is_cancelled and state in shipment_words.SHOWN_AS_CANCELLED else state
            )

    @api.depends("partner_shipping_id")
    def _compute_extensiv_delivery_address(self):
        """Say where an order from EIM goes as it stands on a label, with the phone for the carrier."""
        for order in self:
            partner = order.partner_shipping_id
            company = partner.commercial_company_name
            lines = [
                partner.name,
                company != partner.name and company,
                *partner._display_address(without_company=True).splitlines(),
                partner.phone,
            ]
            order.extensiv_delivery_address = "\n".join(line.strip() for line in lines if line and line.strip())

    def _compute_extensiv_missing_lots(self):
        """Say which lots that the buyer asked for are not reserved, while the order is open."""
        missing = lots_asked_for.describe_missing(self.filtered(lambda order: order.state == "sale").sudo())
        for order in self:
            order.extensiv_missing_lots = "\n".join(missing.get(order, ())) or False

    def _compute_extensiv_twins(self):
        """Say which orders have the same number in the cart, as they are now."""
        texts = twins.describe(self.sudo().extensiv_order_id)
        for order in self:
            order.extensiv_twins = texts.get(order.sudo().extensiv_order_id, False)

    @one_deadline
    def action_extensiv_compare(self):
        """Show what EIM says of this order now beside what is here."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        if not self.sudo().extensiv_order_id:
            raise UserError(self.env._("%s did not come from EIM.", self.name))
        return self.sudo().extensiv_order_id.with_env(self.env).action_compare()

    def _action_cancel(self):
        """Say what EIM still believes of orders that are cancelled here, and what was picked of them already."""
        ours = self.filtered(lambda order: order.extensiv_cust_ref and order.state != "cancel")
        lying = cancelled_goods.find(ours)
        result = super()._action_cancel()
        cancelled_goods.log(ours, lying)
        lots_asked_for.close(ours)
        if not self.env.context.get(cancelled_goods.KNOWS):
            twins.tell_cancelled(ours.sudo().extensiv_order_id)
        return result

    # -- invoicing, see flows/invoicing

    def _compute_invoice_status(self):
        result = super()._compute_invoice_status()
        invoicing.correct_status(self)
        return result

    def _get_invoiceable_lines(self, final=False):
        return invoicing.choose_lines(self, super()._get_invoiceable_lines(final))

    def _create_invoices(self, grouped=False, final=False, date=None):
        invoices = super()._create_invoices(grouped=grouped, final=final, date=date)
        invoicing.settle_cents(invoices.sudo())
        return invoices

    def _compute_margin(self):
        """Say the margin of what was sold, without what is passed on; only Odoo's app for margins calls this."""
        result = super()._compute_margin()
        for order in self.filtered("extensiv_cust_ref"):
            income = order.amount_untaxed - margins.sum_passed_on(order)
            order.margin_percent = order.margin / income if income else 0.0
        return result

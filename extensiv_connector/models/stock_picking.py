from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import fulfilment, lots_asked_for
from ..flows.deadline import one_deadline
from ..flows.recorded import check_written_by_connector, is_refused
from ..flows.tracking import update_tracking


class StockPicking(models.Model):
    """A transfer shows what EIM was told of its order, and marks the order when it completes it."""

    _inherit = "stock.picking"

    extensiv_cart_id = fields.Many2one(related="sale_id.extensiv_cart_id", string="EIM Cart")
    extensiv_shipment_state = fields.Selection(related="sale_id.extensiv_shipment_state", string="EIM Shipment")
    extensiv_shipment_shown = fields.Selection(related="sale_id.extensiv_shipment_shown", string="EIM Shipment Badge")
    extensiv_shipped_at = fields.Datetime(related="sale_id.extensiv_shipped_at", string="Sent to EIM")
    extensiv_shipment_message = fields.Text(related="sale_id.extensiv_shipment_message", string="EIM Shipment Notes")
    extensiv_shipments_readable = fields.Text(related="sale_id.extensiv_shipments_readable", string="Told to EIM")

    extensiv_shipped_elsewhere = fields.Text(related="sale_id.extensiv_shipped_elsewhere")
    extensiv_packing_notes = fields.Text(related="sale_id.extensiv_packing_notes", string="To Know Before Packing")
    extensiv_is_fulfilled_elsewhere = fields.Boolean(related="sale_id.extensiv_is_fulfilled_elsewhere")
    extensiv_missing_lots = fields.Text(related="sale_id.extensiv_missing_lots")
    extensiv_needs_carrier = fields.Boolean(related="sale_id.extensiv_needs_carrier")
    extensiv_decision = fields.Selection(related="sale_id.extensiv_decision")

    @api.model
    def _has_field_access(self, field, operation):
        return not is_refused(self, field, operation) and super()._has_field_access(field, operation)

    @api.model
    def _check_field_access(self, field, operation):
        check_written_by_connector(self, field, operation)
        return super()._check_field_access(field, operation)

    def _action_done(self):
        """Mark the orders that these transfers complete; EIM is told later, by the schedule."""
        # A label bought while validating writes its number: once marked below, not once a transfer.
        result = super(StockPicking, self.with_context(extensiv_validating=True))._action_done()
        fulfilment.mark_delivered(self)
        lots_asked_for.settle(self.move_ids)
        return result

    def write(self, vals):
        result = super().write(vals)
        if {"carrier_tracking_ref", "carrier_id"} & vals.keys() and not self.env.context.get("extensiv_validating"):
            done = self.filtered(lambda picking: picking.state == "done")
            if "carrier_tracking_ref" in vals:
                update_tracking(done)
            elif vals["carrier_id"]:
                fulfilment.mark_delivered(done)
        return result

    # -- the mail and the text message that Odoo sends a buyer of what has left

    def message_post_with_source(self, source_ref, **kwargs):
        """Leave out the mail about a delivery to a buyer whose cart forbids it; labels are bought all the same."""
        pickings = self
        template = self.company_id.sudo().stock_mail_confirmation_template_id
        if isinstance(source_ref, models.BaseModel) and source_ref == template:
            pickings = self - self._extensiv_filter_unmailed()
        if not pickings and self:
            return self.env["mail.message"]
        return super(StockPicking, pickings).message_post_with_source(source_ref, **kwargs)

    def _message_sms_with_template(self, template=False, **kwargs):
        """Leave out the text message about a delivery, where an app sends one."""
        company = self.company_id.sudo()
        field = "stock_sms_confirmation_template_id"
        is_of_delivery = template and field in company._fields and template == company[field]
        if is_of_delivery and self._extensiv_filter_unmailed():
            return self.env["mail.message"]
        return super()._message_sms_with_template(template=template, **kwargs)

    def _extensiv_filter_unmailed(self):
        """Return the transfers of orders whose buyers Odoo is not to mail by itself."""
        return self.filtered(lambda picking: picking.sudo().sale_id._extensiv_filter_unmailed())

    def _add_delivery_cost_to_so(self):
        """Charge nothing more on an order from EIM: its buyer paid the cart for shipping."""
        if self.sale_id.extensiv_cust_ref:
            return None
        return super()._add_delivery_cost_to_so()

    @one_deadline
    def action_extensiv_send(self):
        """Tell EIM now of the shipments of the order, as the button of the order does."""
        return self._extensiv_order().action_extensiv_send()

    def action_extensiv_decide(self):
        """Ask a person whether EIM is told of the order as it is."""
        return self._extensiv_order().action_extensiv_decide()

    def action_extensiv_mark_sent(self):
        """Note that EIM knows of the order's shipment already."""
        return self._extensiv_order().action_extensiv_mark_sent()

    @one_deadline
    def action_extensiv_resend(self):
        """Send the shipment of the order again."""
        if not self.env.user.has_group("extensiv_connector.group_manager"):
            raise UserError(self.env._("Only an Extensiv manager can do this."))
        return self._extensiv_order().action_extensiv_resend()

    def _extensiv_order(self):
        """Return the order, which people of the warehouse need not be allowed to open."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        return self.sudo().sale_id

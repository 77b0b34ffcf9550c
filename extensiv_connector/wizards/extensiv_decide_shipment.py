from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import kit_fulfilment
from ..flows.deadline import one_deadline
from ..flows.languages import figure


class ExtensivDecideShipment(models.TransientModel):
    """Ask a person whether EIM is told of an order as it is: EIM takes the shipment of an order only once."""

    _name = "extensiv.decide.shipment"
    _description = "Decide What EIM Is Told"

    order_id = fields.Many2one("extensiv.order", required=True, readonly=True, ondelete="cascade")
    order_name = fields.Char("Sale Order", compute="_compute_question")
    decision = fields.Char(compute="_compute_question")
    missing = fields.Text("What Is Missing", compute="_compute_question")
    services = fields.Text(compute="_compute_question")
    delivery_carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        compute="_compute_delivery_carrier_id",
        store=True,
        readonly=False,
        help="EIM takes no shipment without a carrier: what the services are told as. Make a delivery method of their "
        "own where none fits, such as Download.",
    )

    @api.depends("order_id")
    def _compute_question(self):
        for wizard in self:
            sale = wizard.order_id.sudo().sale_order_id
            wizard.order_name = sale.name
            wizard.decision = sale.extensiv_decision
            wizard.missing = sale.extensiv_decision == "parts" and kit_fulfilment.describe_missing(sale)
            wizard.services = "\n".join(
                f"{figure(wizard.env, line.product_uom_qty)} × {line.extensiv_sku}"
                for line in sale.order_line.filtered("extensiv_sku")
            )

    @api.depends("order_id")
    def _compute_delivery_carrier_id(self):
        for wizard in self:
            wizard.delivery_carrier_id = wizard.order_id.sudo().sale_order_id.carrier_id

    @one_deadline
    def action_tell_complete(self):
        """Tell EIM that the kits and combos left, though parts of them are missing."""
        return self._tell("parts", {"extensiv_kits_told": "complete"})

    @one_deadline
    def action_tell_whole(self):
        """Tell EIM only of the kits and combos that left with every part."""
        return self._tell("parts", {"extensiv_kits_told": "whole"})

    @one_deadline
    def action_tell_services(self):
        """Tell EIM that the services were rendered."""
        self._sale("services")
        if not self.delivery_carrier_id:
            raise UserError(self.env._("Choose the delivery method that the services are told as."))
        return self._tell("services", {"carrier_id": self.delivery_carrier_id.id})

    @one_deadline
    def action_tell_cancelled(self):
        """Tell EIM of an order that it has as cancelled; it may refuse."""
        return self._tell("cancelled", {"extensiv_tells_cancelled": True})

    def action_close(self):
        """Close an order of services: EIM is not told."""
        sale = self._sale("services")
        message = self.env._("Closed by %s: EIM is not told.", self.env.user.name)
        sale._extensiv_skip(message)
        sale._message_log(body=message)
        return {"type": "ir.actions.act_window_close"}

    def _tell(self, decision, values):
        sale = self._sale(decision)
        sale.with_context(extensiv_choosing=True).write(values)
        return sale.action_extensiv_send()

    def _sale(self, decision):
        """Return the sale order of which a person decides.

        :raise UserError: there is nothing to decide any more
        """
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.order_id.check_access("read")
        sale = self.order_id.sudo().sale_order_id
        if sale.extensiv_decision != decision:
            raise UserError(self.env._("There is nothing to decide any more: look at the order again."))
        return sale

from odoo import api, fields, models
from odoo.tools import SQL


class ExtensivCart(models.Model):
    """How a cart is told of shipments."""

    _inherit = "extensiv.cart"

    push_shipments = fields.Boolean(
        "Tell of Shipments",
        compute="_compute_push_shipments",
        store=True,
        readonly=False,
        precompute=True,
        help="Off for carts that take no confirmation: their orders are never told as shipped, and end as Skipped. It "
        "starts off where the catalogue says that the kind of cart takes none. Orders that were skipped stay so when "
        "it is switched on; Send Shipment Now tells of one.",
    )
    wait_tracking = fields.Boolean(
        "Wait for Tracking",
        default=True,
        help="Tell of an order only once each of its transfers has a tracking number. Some carts refuse shipments "
        "without one.",
    )
    wait_tracking_days = fields.Integer(
        "Days to Wait",
        default=2,
        help="After this many days without a tracking number a person is told. The order goes on waiting.",
    )
    delivery_carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        check_company=True,
        help="What orders that ask for no shipping method are delivered with. Empty: chosen by a person, and until "
        "then EIM is not told that they were shipped.",
    )

    _wait_tracking_days_positive = models.Constraint(
        "CHECK(wait_tracking_days >= 0)", "The days to wait for a tracking number cannot be negative."
    )

    @api.depends("type_id")
    def _compute_push_shipments(self):
        """Start off where the kind takes no confirmation, but for a cart that EIM was told of before.

        A person's choice stays, unless the kind on which it rested was wrong.
        """
        silent = self.filtered(lambda cart: cart.type_id.shipment_confirmation == "none")
        told = silent._told()
        for cart in self:
            before = cart._origin
            if cart in silent:
                cart.push_shipments = before in told and before.push_shipments
            elif not before or before.type_id != cart.type_id and before.shipment_confirmation == "none":
                cart.push_shipments = True
            else:
                cart.push_shipments = before.push_shipments

    def _off_by_kind(self, vals):
        """Return the carts that are not told because of the kind that writing ``vals`` corrects."""
        if "type_id" not in vals or "push_shipments" in vals:
            return self.browse()
        return self.filtered(lambda cart: not cart.push_shipments and cart.shipment_confirmation == "none")

    def _correct_kind(self):
        """Have these carts told, which were off by their kind, where the one that a person chose takes it.

        The record alone does not know its kind of before; a form's onchange does, and may not show the switch.
        """
        self.filtered(lambda cart: cart.shipment_confirmation != "none").push_shipments = True

    def _told(self):
        """Return the carts of which EIM took a shipment, or may have: a mark by hand tells it nothing."""
        self.env["sale.order"].flush_model(["extensiv_cart_id", "extensiv_shipment_state", "extensiv_shipments"])
        rows = self.env.execute_query(
            SQL(
                """SELECT cart.id FROM extensiv_cart cart
                    WHERE cart.id = ANY(%s) AND EXISTS (
                          SELECT FROM sale_order o
                           WHERE o.extensiv_cart_id = cart.id AND o.extensiv_shipment_state IN ('sent', 'sending')
                             AND o.extensiv_shipments IS NOT NULL)""",
                self._origin.ids,
            )
        )
        return self.browse(row[0] for row in rows)

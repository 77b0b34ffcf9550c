from odoo import fields, models


class ExtensivCart(models.Model):
    """How a cart is told of shipments."""

    _inherit = "extensiv.cart"

    push_shipments = fields.Boolean(
        "Tell of Shipments",
        default=True,
        help="Off for carts that take no confirmation: their orders are never told as shipped.",
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

    _wait_tracking_days_positive = models.Constraint(
        "CHECK(wait_tracking_days >= 0)", "The days to wait for a tracking number cannot be negative."
    )

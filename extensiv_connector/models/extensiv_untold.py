from babel.dates import format_timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools.misc import babel_locale_parse

from ..flows import untold
from ..flows.deadline import one_deadline

REASONS = [
    ("open", "Not Everything Has Left"),
    ("tracking", "Tracking Number Missing"),
    ("carrier", "Delivery Method Missing"),
    ("parts", "Left with Parts Missing"),
    ("services", "Services Alone"),
    ("cancelled", "Cancelled at EIM"),
    ("failed", "Failed"),
    ("sending", "EIM's Answer Is Awaited"),
    ("off", "Not Pushed"),
    ("ready", "With the Next Run"),
]


class ExtensivUntold(models.Model):
    """An order that left, wholly or in part, and of which EIM was not told: read from the orders and their moves.

    It has the id of its sale order, which not everybody may read who sees that EIM is told.
    """

    _name = "extensiv.untold"
    _description = "Shipment EIM Was Not Told"
    _order = "left_at, id"
    _auto = False
    _depends = untold.READ_BY_UNTOLD

    name = fields.Char("Order", readonly=True)
    order_id = fields.Many2one("extensiv.order", "EIM Order", readonly=True)
    account_id = fields.Many2one("extensiv.account", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    cart_id = fields.Many2one("extensiv.cart", readonly=True)
    left_at = fields.Datetime("Left On", readonly=True, help="When the last of it left; of services, when it came in.")
    age = fields.Char(compute="_compute_age", help="How long ago that was.")
    reason = fields.Selection(
        REASONS,
        readonly=True,
        help="Not Everything Has Left: EIM takes the shipment of an order once, as a whole. Not Pushed: Push Shipments "
        "is off for the account, or it is not connected. Failed: see the message.",
    )
    message = fields.Text(readonly=True)

    @property
    def _table_query(self):
        return untold.get_query(self.env)

    @api.depends("left_at")
    @api.depends_context("lang")
    def _compute_age(self):
        locale = babel_locale_parse(self.env.lang or self.env.user.lang or "en_US")
        now = fields.Datetime.now()
        for shipment in self:
            shipment.age = shipment.left_at and format_timedelta(now - shipment.left_at, locale=locale)

    # -- actions

    @one_deadline
    def action_send(self):
        """Tell EIM now of these orders, as the button of the order does."""
        return self._sale_orders().action_extensiv_send()

    def action_mark_sent(self):
        """Note that EIM, or the cart itself, knows of these shipments already."""
        return self._sale_orders().action_extensiv_mark_sent()

    def action_decide(self):
        """Ask a person whether EIM is told of the order as it is."""
        return self._sale_orders().action_extensiv_decide()

    def action_open_order(self):
        """Open the sale order; for who does not sell, the order of the inbox behind it."""
        self.ensure_one()
        sale = self.env["sale.order"].browse(self.id)
        if self.env.user.has_group("sales_team.group_sale_salesman") and sale.has_access("read"):
            return sale._get_records_action()
        return self.order_id._get_records_action()

    def action_open_transfers(self):
        """Open the order's transfers, where numbers and delivery methods are entered.

        :raise UserError: it has none
        """
        self.ensure_one()
        pickings = self._sale_orders().picking_ids.filtered(lambda picking: picking.state != "cancel")
        if not pickings:
            raise UserError(self.env._("%s has no transfer.", self.name))
        return pickings.sudo(False)._get_records_action(name=self.env._("Transfers"))

    def _sale_orders(self):
        """Return the sale orders, which people who see that EIM is told need not be allowed to open."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        return self.env["sale.order"].sudo().browse(self.exists().ids)

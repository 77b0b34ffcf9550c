from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import watched
from ..flows.audit import report_unknown
from ..flows.dates import ordered_at, zone_of
from ..flows.deadline import one_deadline
from ..flows.status_words import filter_known, get_words
from ..flows.trigger import trigger

# How what EIM lists changes an order that nobody decided about: ``(state before, state now)``.
CHANGES = {("old", "on_hold"), ("old", "found"), ("on_hold", "found")}


class ExtensivUnknownOrder(models.Model):
    """An order of EIM's that is not here: given away with this key, on hold, or from before orders are imported.

    Not an order of the inbox: until somebody decides, nothing may count it as received, and one that belongs to another
    system never is. It holds what tells the order to a person, and nothing of its buyer.
    """

    _name = "extensiv.unknown.order"
    _description = "EIM Order Unknown Here"
    _order = "order_date desc, id desc"
    _rec_name = "order_number"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    cust_ref = fields.Char("EIM Reference", required=True, readonly=True, help="EIM's key of the order.")
    order_number = fields.Char(required=True, readonly=True, help="The number the buyer knows.")
    order_source = fields.Char("Cart", readonly=True)
    order_date = fields.Datetime(readonly=True)
    listed_at = fields.Datetime("Created at EIM", readonly=True, help="The moment by which EIM lists it.")
    amount_total = fields.Float("Total", readonly=True, digits=(16, 2), aggregator=None)
    currency_code = fields.Char("Currency", readonly=True)
    status = fields.Selection(
        lambda self: [*get_words(self.env).items()],
        "At EIM",
        readonly=True,
        help="New: EIM has given it to nobody. Received by us: EIM believes that we are shipping it; imported, it is "
        "shipped from here. Shipped: it has left; imported, it becomes a quotation that is never shipped or told to "
        "EIM.",
    )
    state = fields.Selection(
        [
            ("found", "To Decide"),
            ("on_hold", "On Hold at EIM"),
            ("old", "Left for Its Date"),
            ("chosen", "Being Imported"),
            ("imported", "Imported"),
            ("elsewhere", "Of Another System"),
            ("cancelled", "Cancelled at EIM"),
        ],
        default="found",
        required=True,
        readonly=True,
        index=True,
    )
    message = fields.Text(readonly=True, help="Why it could not be imported.")
    order_id = fields.Many2one(
        "extensiv.order", "EIM Order", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _cust_ref_unique = models.Constraint("UNIQUE(account_id, cust_ref)", "This order is listed already.")

    # -- what the audit writes

    @api.model
    def _sync_from_eim(self, account, orders, state="found"):
        """Write which orders EIM lists and nobody here knows; those that were decided about stay as they are.

        :param orders: ``wire.Order`` objects
        :param state: in which they are listed
        :return: how many were not listed before
        """
        known = {
            record.cust_ref: record
            for record in self.search(
                [("account_id", "=", account.id), ("cust_ref", "in", [order.cust_ref for order in orders])]
            )
        }
        for order in orders:
            record = known.get(order.cust_ref)
            status = filter_known(order.status)
            if record and record.state in ("found", "old", "on_hold") and record.status != status:
                record.status = status
            # What was on hold stays so here until it is received: that it was is why it is.
            if record and record.state != state and (record.state, state) in CHANGES:
                record.state = state
        new = {order.cust_ref: order for order in orders if order.cust_ref not in known}
        self.create([{**self._prepare_vals(account, order), "state": state} for order in new.values()])
        return len(new)

    @api.model
    def _prepare_vals(self, account, order):
        """Return the values for ``order``, a ``wire.Order``."""
        return {
            "account_id": account.id,
            "cust_ref": order.cust_ref,
            "order_number": order.order_number,
            "order_source": order.order_source,
            "order_date": ordered_at(order, zone_of(account.company_id)),
            "listed_at": order.created or order.order_date,
            "amount_total": float(order.grand_total or 0),
            "currency_code": order.currency,
            "status": filter_known(order.status),
        }

    @api.model
    def _forget_known(self, account):
        """Take those off the list that were received some other way, by hand for example."""
        undecided = self.search(
            [("account_id", "=", account.id), ("state", "in", ("found", "chosen", "on_hold", "old"))]
        )
        received = {
            order.cust_ref: order.id
            for order in self.env["extensiv.order"].search_fetch(
                [("account_id", "=", account.id), ("cust_ref", "in", undecided.mapped("cust_ref"))], ["cust_ref"]
            )
        }
        for record in undecided.filtered(lambda record: record.cust_ref in received):
            record.write({"state": "imported", "order_id": received[record.cust_ref]})

    # -- actions

    @one_deadline
    def action_import(self):
        """Import these orders: what a click has no time for follows by itself."""
        if begun := watched.begin(self, "action_import"):
            return begun
        self._decide("chosen")
        accounts = self.account_id
        trigger(self.env, "audit", accounts)  # should another pass be at work just now
        connected = accounts.filtered(lambda account: account.state == "connected")
        notification = connected._run_flow("audit") if connected else True
        accounts.sudo()._remind_responsible()
        return notification

    def action_belongs_elsewhere(self):
        """Remember that these orders are another system's: they are not told again."""
        self._decide("elsewhere")
        for account in self.account_id.sudo():
            report_unknown(account)
        self.account_id.sudo()._remind_responsible()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _decide(self, state):
        """Write a person's decision about those of these orders that can still be decided about."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        if state == "chosen" and self.filtered(lambda record: record.state == "on_hold"):
            raise UserError(
                self.env._("Orders on hold are imported by themselves once they are released. Release them at EIM.")
            )
        self.sudo().filtered(lambda record: record.state in ("found", "old", "on_hold", "elsewhere")).write(
            {"state": state, "message": False}
        )

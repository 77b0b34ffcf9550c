import json
from datetime import timedelta
from functools import partial

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim.wire import Order
from ..flows import dates, import_by_hand, order_confirmation, relisting, retention, watched
from ..flows.deadline import one_deadline
from ..flows.exceptions import no_rows_in_log
from ..flows.spreadsheet import quote_export
from ..flows.trigger import trigger


class ExtensivOrder(models.Model):
    """The inbox: an order as EIM sent it, and what became of it. Never deleted: it remembers what was pulled."""

    _name = "extensiv.order"
    _description = "EIM Order"
    _order = "id desc"
    _rec_name = "order_number"
    _rec_names_search = ["order_number", "cust_ref"]

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="restrict")
    # Not readonly: of a page of orders that name their company, Odoo would compute it all the same, one by one.
    company_id = fields.Many2one(
        "res.company",
        compute="_compute_company_id",
        store=True,
        readonly=False,
        precompute=True,
        required=True,
        index=True,
    )
    cust_ref = fields.Char("EIM Reference", required=True, readonly=True, help="EIM's key of the order.")
    cart_id = fields.Many2one("extensiv.cart", readonly=True, index=True, ondelete="restrict")
    original_ref = fields.Char(
        "Split From",
        readonly=True,
        index="btree_not_null",
        help="EIM's reference of the order that this one was split from, or replaces.",
    )
    order_number = fields.Char(required=True, readonly=True, index="trigram", help="The number the buyer knows.")
    order_date = fields.Datetime(readonly=True)
    buyer = fields.Char(
        readonly=True, index="trigram", help="As EIM sent it; emptied with what was received, and when it is erased."
    )
    # Of an order of very many lines it is long, and no flow reads it.
    skus = fields.Char(
        "SKUs", readonly=True, index="trigram", prefetch=False, help="Of the order as received, each once."
    )
    # Groups have no sum: it would mix currencies.
    amount_total = fields.Float("Total", readonly=True, digits=(16, 2), aggregator=None, help="As EIM sent it.")
    currency_code = fields.Char("Currency", readonly=True)
    payload = fields.Text(
        readonly=True,
        prefetch=False,
        help="The order as received, without anything that belongs to the payment.",
    )
    line_count = fields.Integer("Lines", readonly=True, help="Of the order as received: what importing it costs.")
    state = fields.Selection(
        [
            ("received", "Received"),
            ("imported", "Imported"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
            ("ignored", "Ignored"),
        ],
        default="received",
        required=True,
        readonly=True,
    )
    acknowledged_at = fields.Datetime(readonly=True, help="When EIM was told that the order is here.")
    sale_order_id = fields.Many2one("sale.order", readonly=True, index="btree_not_null", ondelete="set null")
    # Who may see the inbox but not the sales searches by these alone of a sale order.
    sale_order_name = fields.Char(related="sale_order_id.name", string="Sale Order's Name")
    needs_carrier = fields.Boolean(related="sale_order_id.extensiv_needs_carrier")
    shipment_state = fields.Selection(related="sale_order_id.extensiv_shipment_state")
    shipment_shown = fields.Selection(related="sale_order_id.extensiv_shipment_shown")
    shipment_message = fields.Text(related="sale_order_id.extensiv_shipment_message")
    asked_method = fields.Char(
        readonly=True,
        help="What the order asks to be shipped with, where nothing was mapped to that when it was imported.",
    )
    message = fields.Text(readonly=True, help="Why the order is in this state.")
    missing_skus = fields.Json(readonly=True)
    # Of the process that is importing it, or was killed while it did, see ``flows.import_queue``. Only moments and
    # numbers: what keeps others from importing it is the row's lock.
    import_began_at = fields.Datetime("Import Began", readonly=True)
    import_tries = fields.Integer("Begun Alone", readonly=True)
    cancelled_at = fields.Datetime("Cancelled at EIM", readonly=True)
    cancel_request = fields.Selection(
        [("due", "To be sent"), ("done", "Sent"), ("refused", "Refused")],
        "Cancellation Request",
        readonly=True,
        help="Whether EIM was asked to cancel the order, after it was cancelled here.",
    )
    listed_again_at = fields.Datetime(
        "Listed Again",
        readonly=True,
        help="Since when EIM lists the cancelled order as new again. It is not acknowledged until a person decides.",
    )
    statuses_asked = fields.Char(
        readonly=True, help="EIM's statuses of which its webhook told, and about which EIM was asked then."
    )
    is_shipped_already = fields.Boolean(
        "Shipped Already",
        readonly=True,
        help="EIM had its shipment before it was received here: it becomes a quotation that is never shipped or told.",
    )
    shipped_elsewhere = fields.Char(
        readonly=True, help="EIM has it as shipped (its status), it is open here, and another system tells EIM."
    )
    summary = fields.Html(compute="_compute_readable", sanitize=False)
    payload_readable = fields.Text("As Received", compute="_compute_readable")

    _cust_ref_unique = models.Constraint("UNIQUE(account_id, cust_ref)", "This order was received already.")
    _waiting_idx = models.Index("(account_id, (acknowledged_at IS NULL), id) WHERE state IN ('received', 'failed')")
    _ordered_idx = models.Index("(order_date DESC, id DESC)")
    _number_idx = models.Index("(account_id, order_number)")
    _received_idx = models.Index("(account_id, create_date)")
    _unacknowledged_idx = models.Index("(account_id, id) WHERE acknowledged_at IS NULL")
    _shipped_elsewhere_idx = models.Index("(account_id) WHERE shipped_elsewhere IS NOT NULL")
    _listed_again_idx = models.Index("(account_id) WHERE listed_again_at IS NOT NULL")

    # -- computed

    @api.depends("account_id")
    def _compute_company_id(self):
        """Not related: an order stays where it was received, and so does its account."""
        for order in self:
            order.company_id = order.account_id.company_id

    def export_data(self, fields_to_export):
        """Quote what others wrote that begins like a formula."""
        return quote_export(super().export_data(fields_to_export))

    def _compute_readable(self):
        for order in self:
            order.payload_readable = order.payload and json.dumps(
                json.loads(order.payload), indent=2, ensure_ascii=False
            )
            order.summary = order.payload and order._render_summary(Order.from_payload(order.payload))

    def _render_summary(self, wire):
        """Return the order as a person would read it, as HTML; everything EIM sent is escaped."""
        return (
            self.env["ir.qweb"]._render(
                "extensiv_connector.order_summary",
                {
                    "order": wire,
                    "delivery": wire.delivery or wire.billing,
                    "day": partial(dates.day_of, zone=dates.zone_of(self.account_id.company_id)),
                },
            )
            if wire
            else Markup()
        )

    # -- actions

    @one_deadline
    def action_import(self):
        """Import the orders now; those that cannot be imported say why."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        if begun := watched.begin(self, "action_import"):
            return begun
        problems = import_by_hand.fetch_payloads(self._importable_again().sudo())
        (self - self.browse().union(*problems)).sudo()._import_now()
        return self._notify_imported(problems)

    @one_deadline
    def action_import_after_all(self):
        """Make a new sale order of each of these cancelled orders, which EIM lists as new again.

        :raise UserError: where EIM does not, or the order lives
        """
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        for order in self.sudo():
            if not order.listed_again_at or not relisting.was_cancelled(order):
                raise UserError(
                    self.env._(
                        "Order %s is not imported anew: EIM does not list it as new again, or it was imported already.",
                        order.order_number,
                    )
                )
        problems = import_by_hand.fetch_payloads(self.sudo())
        relisting.import_anew_now((self - self.browse().union(*problems)).sudo())
        self.account_id.sudo()._remind_responsible()
        return self._notify_imported(problems)

    @one_deadline
    def action_fetch_again(self):
        """Read the order from EIM again and import it, where its sale order is gone or was never made.

        :raise UserError: where the buyer cancelled it, or EIM no longer has the buyer's data
        """
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        if self.sale_order_id:
            raise UserError(self.env._("This order has its sale order: %s.", self.sale_order_name))
        if self.state == "cancelled":
            raise UserError(self.env._("The buyer cancelled order %s; it is not imported.", self.order_number))
        self.sudo()._fetch_payload()
        return self.action_import()

    def action_ignore(self):
        """Decide not to import the orders. They stay in the inbox and can be imported later."""
        self.env["extensiv.error"]._check_user()
        if self.filtered(lambda order: order.sale_order_id or order.state == "cancelled"):
            raise UserError(self.env._("Orders that have a sale order or were cancelled cannot be ignored."))
        orders = self.sudo()
        orders.write({"state": "ignored", "message": self.env._("Ignored by %s.", self.env.user.name)})
        for account, account_orders in orders.grouped("account_id").items():
            self.env["extensiv.error"].sudo()._resolve(account, "orders", account_orders.mapped("cust_ref"))

    def action_open_sale_order(self):
        """Open the sale order."""
        self.ensure_one()
        return self.sale_order_id._get_records_action()

    def _notify_imported(self, problems=()):
        """Return the action that shows a person what became of the orders just imported.

        :param problems: ``{order: why}`` of those that could not be read from EIM again
        """
        self.invalidate_recordset()
        Account = self.env["extensiv.account"]
        if len(self) == 1 and self.state == "failed":
            return Account._notification(self.env._("Not imported"), self.message, "warning", sticky=True)
        if said := import_by_hand.say_rest(self, problems):
            return Account._notification(self.env._("Orders"), "\n".join(said), "warning", sticky=True)
        if len(self) > 1:
            done = len(self.filtered(lambda order: order.state == "imported"))
            said = self.env._("%(done)s of %(all)s orders are imported.", done=done, all=len(self))
            return Account._notification(self.env._("Orders"), said, "success" if done == len(self) else "warning")
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    # -- what buttons and flows do with records

    def _import_now(self):
        """Import these orders for a person; what a request has no time for is left to the schedule."""
        import_by_hand.import_now(self)

    def _importable_again(self):
        """Return the orders that a person may have imported: all but those that have a sale order or were cancelled."""
        return self.filtered(
            lambda order: (
                order.state in ("received", "failed", "ignored")
                or (order.state == "imported" and not order.sale_order_id)
            )
        )

    def _confirm_held_now(self, account):
        """Try for a person to confirm the quotations of these orders of ``account``, and return those left."""
        return order_confirmation.confirm_held_now(account, self)

    def _request_cancel(self):
        """Have EIM asked to cancel these orders, by the next pass of their account."""
        for order in self:
            if reason := order.account_id._why_no_cancel_request():
                raise UserError(reason)
        self.write({"cancel_request": "due"})
        trigger(self.env, "orders", self.account_id)

    def _fetch_payload(self):
        """Read the order from EIM again, in place of what was received.

        :raise UserError: where its personal data are gone
        """
        self.ensure_one()
        with self.account_id._asking_eim() as client:
            order = client.get_order(self.cust_ref)
        if order.is_redacted:
            raise UserError(
                self.env._(
                    "EIM has removed the buyer's personal data of order %s. It can only be entered by hand.",
                    self.order_number,
                )
            )
        with no_rows_in_log(self.env.cr):  # a pass may have written the order while EIM was asked
            self._take_payload(order)
            self.flush_recordset()

    def _take_payload(self, order):
        """Keep ``order``, a ``wire.Order`` or ``wire.ListedOrder``, as what was received."""
        vals = {
            name: value
            for name, value in self._prepare_received_vals(self.account_id, self.cart_id, order).items()
            if name in ("payload", "line_count", "order_number", "amount_total", "currency_code", "buyer", "skus")
        }
        self.write({**vals, "order_date": dates.ordered_at(order, dates.zone_of(self.account_id.company_id))})

    @api.autovacuum
    def _gc_payloads(self):
        """Empty what was received of orders that are done with, after as many days as the account says."""
        limit = 1000
        emptied = 0
        for account in self.env["extensiv.account"].with_context(active_test=False).search([("payload_days", ">", 0)]):
            old = fields.Datetime.now() - timedelta(days=account.payload_days)
            orders = self.search(
                [
                    ("account_id", "=", account.id),
                    ("state", "in", ("imported", "cancelled", "ignored")),
                    ("create_date", "<", old),
                    ("payload", "!=", False),
                ],
                limit=limit,
            )
            orders.sale_order_id._extensiv_keep_asked()
            orders._empty()
            emptied += len(orders)
        return emptied, emptied >= limit

    @api.autovacuum
    def _gc_failed_payloads(self):
        """Empty orders that failed long ago; *Import* asks EIM for them again."""
        limit = 1_000
        old = retention.get_oldest(self.env, "failed")
        orders = self.search(
            [("state", "=", "failed"), ("create_date", "<", old), ("payload", "!=", False)], limit=limit
        )
        orders._empty()
        return len(orders), len(orders) == limit

    def _empty(self, **vals):
        """Keep nothing of what was received of these orders that says who the buyer is; write ``vals`` with it."""
        self.write({"payload": False, "buyer": False, **vals})

    def _erase(self):
        """Empty what these orders say of their buyers, and so what errors and alerts say of these orders."""
        self.sale_order_id._extensiv_keep_asked()
        erased = self.env._("What was said here of a buyer was erased.")
        self._empty(message=erased)
        for account, orders in self.grouped("account_id").items():
            references = orders.mapped("cust_ref")
            self.env["extensiv.error"].search(
                [("account_id", "=", account.id), ("key", "in", references)]
            ).message = erased
            self.env["extensiv.alert"].search([("account_id", "=", account.id), ("cust_ref", "in", references)]).write(
                {"subject": erased, "message": False}
            )

    # -- a hook: what an order of the inbox is made of, see extensiv_order_sale for what becomes of it

    @api.model
    def _prepare_received_vals(self, account, cart, order):
        """Return the values of an inbox order for ``order``, a ``wire.Order`` or ``wire.ListedOrder``."""
        return {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "cust_ref": order.cust_ref,
            "cart_id": cart and cart.id,
            "original_ref": order.cust_ref_original != order.cust_ref and order.cust_ref_original,
            "order_number": order.order_number,
            "order_date": order.order_date or order.created,
            "amount_total": float(order.grand_total or 0),
            "currency_code": order.currency,
            "buyer": order.buyer or False,
            "skus": ", ".join(order.skus) or False,
            "payload": order.payload,
            "line_count": order.line_count,
        }

from collections import namedtuple
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, format_datetime

from ..flows.parcels import split_numbers
from ..flows.trigger import trigger

# How far the deliveries of an order are: when the last one left (None: nothing has), whether a move is still open,
# whether a line has none yet, whether every transfer has a tracking number; what its cart wants to be told; and
# whether everything that EIM ordered left with a delivery method.
Progress = namedtuple(
    "Progress", "order left_at is_open has_gap is_tracked state shipment_state is_off waits has_carrier"
)

SHIPMENT_STATES = [
    ("waiting", "Waiting"),
    ("ready", "Ready"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("skipped", "Skipped"),
]


class SaleOrder(models.Model):
    """Whether an order from EIM has left as a whole, and what EIM was told of it."""

    _inherit = "sale.order"

    extensiv_shipment_state = fields.Selection(
        SHIPMENT_STATES,
        "EIM Shipment",
        readonly=True,
        copy=False,
        help="Waiting: not everything has left, or a tracking number is missing. Ready: EIM is told with the next "
        "pass. Sending: EIM was called, its answer is not known yet. Sent: EIM knows. Failed: see the message. "
        "Skipped: there is nothing to tell, or the cart takes no confirmation.",
    )
    extensiv_shipped_at = fields.Datetime("Sent to EIM", readonly=True, copy=False)
    extensiv_sending_at = fields.Datetime(readonly=True, copy=False, help="When EIM was last called.")
    extensiv_ask_after = fields.Datetime(
        readonly=True, copy=False, help="When EIM is asked what became of a call without an answer."
    )
    extensiv_shipment_message = fields.Text("EIM Shipment Notes", readonly=True, copy=False)
    extensiv_shipments = fields.Json(readonly=True, copy=False, help="The shipments exactly as EIM was sent them.")
    extensiv_shipments_readable = fields.Text("Told to EIM", compute="_compute_extensiv_shipments_readable")
    extensiv_refused_carrier_id = fields.Many2one(
        "delivery.carrier",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The delivery method whose carrier EIM refused.",
    )

    _extensiv_shipment_idx = models.Index(
        "(extensiv_account_id, extensiv_shipment_state, id)"
        " WHERE extensiv_shipment_state IN ('waiting', 'ready', 'sending', 'failed')"
    )

    @api.depends("extensiv_shipments")
    def _compute_extensiv_shipments_readable(self):
        for order in self:
            order.extensiv_shipments_readable = (
                "\n".join(order._extensiv_describe(shipment) for shipment in order.extensiv_shipments or ()) or False
            )

    def _extensiv_describe(self, shipment):
        """Return one shipment, as it was sent, in a line for a person."""
        head = " ".join(filter(None, (shipment.get(key) for key in ("carrier", "method", "tracking_no"))))
        items = ", ".join(
            f"{item['quantity']} × {item['item']}"
            + "".join(f" ({item[key]})" for key in ("lot_code", "serial_no") if item.get(key))
            for item in shipment["items"]
        )
        rest = []
        if shipment.get("package_weight_lbs"):
            rest.append(self.env._("%s lb", shipment["package_weight_lbs"]))
        if shipment.get("date"):
            rest.append(shipment["date"])
        return f"{head}: {items}" + (f" ({', '.join(rest)})" if rest else "")

    # -- has it left as a whole?

    @api.model
    def _extensiv_progress(self, orders):
        """Return the ``Progress`` of the orders that the SQL condition ``orders`` on ``o`` selects.

        Counted are done moves to a customer, found by their order line whatever route they take; the state of the
        order's deliveries proves nothing, it also holds when they were cancelled. Open is a move that is bound, in the
        end, for outside: a step before the last knows where it leads to, or what it is pulled by is open itself. Goods
        that came back and are put away step by step hold up nothing.
        """
        for model, names in {
            "sale.order": ["state", "extensiv_shipment_state", "carrier_id"],
            "extensiv.cart": ["push_shipments", "wait_tracking"],
            "sale.order.line": ["product_uom_qty", "product_id", "order_id", "display_type", "extensiv_sku"],
            "stock.move": ["state", "quantity", "sale_line_id", "to_refund", "picking_id", "date", "location_final_id"],
            "stock.picking": ["carrier_tracking_ref", "carrier_id", "date_done"],
        }.items():
            self.env[model].flush_model(names)
        rows = self.env.execute_query(
            SQL(
                """
            SELECT o.id,
                   max(COALESCE(m.date_done, m.date)) FILTER (WHERE m.has_left),
                   COALESCE(bool_or(m.is_open), false),
                   COALESCE(bool_or(m.id IS NULL AND l.display_type IS NULL AND l.product_uom_qty > 0
                                    AND t.type = 'consu'), false),
                   COALESCE(bool_and(m.is_tracked) FILTER (WHERE m.has_left), false),
                   o.state, o.extensiv_shipment_state, cart.push_shipments IS FALSE, cart.wait_tracking IS TRUE,
                   o.carrier_id IS NOT NULL
                   OR COALESCE(bool_and(m.carrier_id IS NOT NULL) FILTER (WHERE m.has_left AND l.extensiv_sku != ''),
                               true)
              FROM sale_order o
              LEFT JOIN extensiv_cart cart ON cart.id = o.extensiv_cart_id
              LEFT JOIN sale_order_line l ON l.order_id = o.id
              LEFT JOIN product_product p ON p.id = l.product_id
              LEFT JOIN product_template t ON t.id = p.product_tmpl_id
              LEFT JOIN LATERAL (
                   SELECT move.id, move.date, picking.date_done, picking.carrier_id,
                          move.state = 'done' AND move.quantity > 0
                          AND (dest.usage = 'customer' OR dest.usage = 'transit' AND dest.company_id IS NULL)
                          AND (move.origin_returned_move_id IS NULL OR move.to_refund) AS has_left,
                          move.state NOT IN ('done', 'cancel') AND COALESCE(final.usage, dest.usage) != 'internal'
                          AND source.usage != 'customer' AND move.origin_returned_move_id IS NULL AS is_open,
                          COALESCE(picking.carrier_tracking_ref, '') != '' AS is_tracked
                     FROM stock_move move
                     JOIN stock_location source ON source.id = move.location_id
                     JOIN stock_location dest ON dest.id = move.location_dest_id
                     LEFT JOIN stock_location final ON final.id = move.location_final_id
                     LEFT JOIN stock_picking picking ON picking.id = move.picking_id
                    WHERE move.sale_line_id = l.id) AS m ON true
             WHERE %s
             GROUP BY o.id, cart.id ORDER BY o.id""",
                orders,
            )
        )
        orders = self.browse(row[0] for row in rows)  # read together, however many
        return [Progress(order, *row[1:]) for order, row in zip(orders, rows, strict=True)]

    @api.model
    def _extensiv_mark(self, progress):
        """Mark the orders that are ready to be told, and those that there is nothing to tell of.

        Those of a cart that waits for tracking numbers stay as they are until every transfer has one, and so do those
        that left with a carrier that nobody chose.

        :param progress: of orders whose state is ``waiting`` or ``skipped``
        :return: the orders marked ready, and those that lack nothing but a delivery method
        """
        complete, off, nothing = [], [], []
        for of in progress:
            is_settled = of.state == "cancel" or of.state == "sale" and not of.has_gap
            if of.is_open or not is_settled:
                continue
            if not of.left_at or of.is_off:
                if of.shipment_state != "skipped":
                    (off if of.left_at else nothing).append(of.order.id)
            elif of.is_tracked or not of.waits:
                complete.append(of)
        self.browse(off)._extensiv_skip_off()
        self.browse(nothing)._extensiv_skip(
            self.env._("Everything was cancelled, or is no goods: nothing is left to ship.")
        )
        lacking = self._extensiv_lacking_carrier(complete)
        lacking.filtered(lambda order: order.extensiv_shipment_state == "skipped")._extensiv_set_state("waiting")
        ready = self.browse(of.order.id for of in complete) - lacking
        ready._extensiv_set_state("ready")
        return ready, lacking

    def _extensiv_skip_off(self):
        for cart, orders in self.grouped("extensiv_cart_id").items():
            orders._extensiv_skip(
                self.env._(
                    "The cart takes no confirmation of shipments: Tell of Shipments is off for %s. If EIM is to be "
                    "told all the same, have a manager switch it on there, then press Send Shipment Now.",
                    cart.name,
                )
            )

    def _extensiv_skip(self, message):
        """Note that EIM is not told of these orders; nothing about them waits for a person any more."""
        self._extensiv_set_state("skipped", message)
        for account, orders in self.grouped("extensiv_account_id").items():
            self.env["extensiv.error"]._resolve(account, "shipments", orders.mapped("extensiv_cust_ref"))

    def _extensiv_set_state(self, state, message=False, **values):
        """Write the state of the shipment and why; what a form shows of it is not worth a tracking message."""
        if self:
            self.with_context(tracking_disable=True).write(
                {
                    "extensiv_shipment_state": state,
                    "extensiv_shipment_message": message,
                    "extensiv_needs_carrier": False,
                    **values,
                }
            )

    @api.model
    def _extensiv_mark_delivered(self, pickings):
        """Mark the orders that the transfers complete. A transfer never waits for EIM: it is only marked and woken."""
        self.env["stock.move"].flush_model(["sale_line_id", "picking_id"])
        self.flush_model(["extensiv_shipment_state"])
        # Asked by itself: together with the progress PostgreSQL would look at every order that waits.
        concerned = [
            order_id
            for (order_id,) in self.env.execute_query(
                SQL(
                    """SELECT DISTINCT o.id FROM stock_move move
                 JOIN sale_order_line line ON line.id = move.sale_line_id
                 JOIN sale_order o ON o.id = line.order_id
                WHERE move.picking_id = ANY(%s) AND o.extensiv_shipment_state IN ('waiting', 'skipped')""",
                    list(pickings.ids),
                )
            )
        ]
        self.browse(concerned)._extensiv_mark_now()

    def _extensiv_mark_now(self):
        """Mark these orders, which wait or were skipped, after something that they may have waited for."""
        if not self:
            return
        Order = self.sudo()
        ready, lacking = Order._extensiv_mark(Order._extensiv_progress(SQL("o.id = ANY(%s)", list(self.ids))))
        if ready or lacking:  # the pass tells a person what these lack
            trigger(self.env, "shipments")

    @api.model
    def _extensiv_mark_waiting(self, account):
        """Repair what no hook marked, and tell of orders that wait for a delivery method, or too long for a number."""
        progress = self._extensiv_progress(
            SQL("o.extensiv_shipment_state = 'waiting' AND o.extensiv_account_id = %s", account.id)
        )
        ready, lacking = self._extensiv_mark(progress)
        self._extensiv_report_lacking(account, lacking)
        marked = set(ready | lacking)
        now, late = fields.Datetime.now(), {}
        for of in progress:
            if of.is_open or of.has_gap or not of.left_at or of.is_tracked or of.is_off or of.order in marked:
                continue
            order, left_at = of.order, of.left_at
            if (
                order.extensiv_shipment_message
                or left_at + timedelta(days=order.extensiv_cart_id.wait_tracking_days) > now
            ):
                continue
            message = self.env._(
                "Order %(order)s left on %(moment)s without a tracking number. Enter it on the transfer, or press "
                "Send Shipment Now on the order to tell EIM without one.",
                order=order.name,
                moment=format_datetime(self.env, left_at),
            )
            # The message on the order remembers that it was told.
            order._extensiv_set_state("waiting", message)
            late[order.extensiv_cust_ref] = {"message": message, "category": "data", "document": order}
        self.env["extensiv.error"]._report(account, "shipments", late)

    @api.model
    def _extensiv_retracked(self, pickings):
        """Take up what a new tracking number sets free, have one that was taken back waited for again, and tell of one
        that EIM was not told of.
        """
        self._extensiv_mark_delivered(pickings)
        for picking in pickings.sudo():
            for order in picking.move_ids.sale_line_id.order_id:
                if order.extensiv_shipment_state == "sent":
                    order._extensiv_tell_changed_tracking(picking)
                elif (
                    order.extensiv_shipment_state == "ready"
                    and order.extensiv_cart_id.wait_tracking
                    and not picking.carrier_tracking_ref
                ):
                    order._extensiv_set_state("waiting")

    def _extensiv_tell_changed_tracking(self, picking):
        """Tell of a tracking number that changed after EIM was told; it takes shipments only once."""
        told = {
            number
            for shipment in self.extensiv_shipments or ()
            for number in split_numbers(shipment.get("tracking_no"))
        }
        numbers = set(split_numbers(picking.carrier_tracking_ref))
        key = self.extensiv_cust_ref
        transfers = self._extensiv_left_moves().picking_id
        if not self.extensiv_shipments or picking not in transfers:
            return
        if numbers <= told and bool(numbers) == bool(told):
            if all(told.issuperset(split_numbers(transfer.carrier_tracking_ref)) for transfer in transfers):
                self.env["extensiv.error"]._resolve(self.extensiv_account_id, "shipments", [key], "tracking")
            return
        message = self.env._(
            "The tracking number of %(transfer)s is now %(numbers)s, but EIM was told %(told)s and takes shipments "
            "only once. Change it in the cart itself, then dismiss this error.",
            transfer=picking.name,
            numbers=", ".join(sorted(numbers)) or self.env._("empty"),
            told=", ".join(sorted(told)) or self.env._("none"),
        )
        self._message_log(body=message)
        failure = {"message": message, "category": "data", "document": self}
        self.env["extensiv.error"]._report(self.extensiv_account_id, "shipments", {key: failure}, "tracking")

    # -- buttons

    def action_extensiv_send(self):
        """Tell EIM now of the shipments of these orders, which have left as a whole.

        :raise UserError: with what stands in the way, in EIM's words where it refused
        """
        self._extensiv_check_button()
        for progress in self.sudo()._extensiv_progress(SQL("o.id = ANY(%s)", list(self.ids))):
            if not progress.left_at or progress.is_open or progress.has_gap:
                raise UserError(
                    self.env._(
                        "Not everything of %s has left yet. EIM takes the shipment of an order only once, as a whole.",
                        progress.order.name,
                    )
                )
        if self.filtered(lambda order: order.extensiv_shipment_state == "sent"):
            raise UserError(self.env._("EIM was told already. A manager can send it again."))
        self._extensiv_check_connected()
        self.sudo()._extensiv_make_ready()
        return self._extensiv_send_for_person(self.env._("%s sends the shipment to EIM.", self.env.user.name))

    def action_extensiv_mark_sent(self):
        """Note that EIM, or the cart itself, knows of the shipment already: it is not told."""
        self._extensiv_check_button()
        now = fields.Datetime.now()
        for order in self.sudo():
            message = self.env._("Marked as sent by hand by %s.", self.env.user.name)
            order._extensiv_set_state("sent", message, extensiv_shipped_at=now)
            order._extensiv_leave_refused_carrier()
            order._message_log(body=message)
            self.env["extensiv.error"].sudo()._resolve(
                order.extensiv_account_id, "shipments", [order.extensiv_cust_ref]
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_extensiv_resend(self):
        """Send the shipment again, though EIM takes it once: for a manager who knows that EIM lost it."""
        self.env["extensiv.account"]._check_manager()
        self._extensiv_check_button()
        self._extensiv_check_connected()
        self.sudo()._extensiv_make_ready()
        return self._extensiv_send_for_person(self.env._("%s sends the shipment to EIM again.", self.env.user.name))

    def _extensiv_make_ready(self):
        """Have these orders sent; an intent without outcome stays one: EIM is asked first."""
        self.filtered(lambda order: order.extensiv_shipment_state != "sending")._extensiv_set_state("ready")

    def _extensiv_check_button(self):
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        for order in self:
            if not order.extensiv_cust_ref:
                raise UserError(self.env._("%s did not come from EIM.", order.name))

    def _extensiv_check_connected(self):
        for account in self.sudo().extensiv_account_id:
            if account.state != "connected" or account._is_copy():
                raise UserError(self.env._("%s is not connected. Press Connect first.", account.name))

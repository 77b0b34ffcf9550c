from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim.errors import EimError
from ..eim.wire import Order
from ..flows.deadline import one_deadline
from ..flows.fulfilment import mark_now, read_progress
from ..flows.shipment_outcome import release_refused_carrier
from ..flows.shipment_push import send_now
from ..flows.shipment_words import describe
from ..flows.trigger import trigger
from .delivery_carrier import BRANDS

SHOWN = 5  # texts about single orders in one message

SHIPMENT_STATES = [
    ("waiting", "Waiting"),
    ("ready", "Ready"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("failed", "Failed"),
    ("skipped", "Skipped"),
]


class SaleOrder(models.Model):
    """What EIM knows of the shipment of an order, see ``flows/fulfilment`` and ``flows/shipment_push``."""

    _inherit = "sale.order"  # pylint: disable=consider-merging-classes-inherited  # its shipment

    extensiv_shipment_state = fields.Selection(
        SHIPMENT_STATES,
        "EIM Shipment",
        readonly=True,
        copy=False,
        help="Waiting: not everything has left, or a tracking number is missing. Ready: EIM is told with the next "
        "run. Sending: EIM was called, its answer is not known yet. Sent: EIM knows. Failed: see the message. "
        "Skipped: there is nothing to tell, or the cart takes no confirmation.",
    )
    extensiv_shipped_at = fields.Datetime("Sent to EIM", readonly=True, copy=False)
    extensiv_sending_at = fields.Datetime(readonly=True, copy=False, help="When EIM was last called.")
    extensiv_ask_after = fields.Datetime(
        readonly=True, copy=False, help="When EIM is asked what became of a call without an answer."
    )
    extensiv_shipment_message = fields.Text("EIM Shipment Notes", readonly=True, copy=False)
    extensiv_shipments = fields.Json(readonly=True, copy=False, help="The shipments exactly as EIM was sent them.")
    extensiv_told_tracking = fields.Json(
        readonly=True, copy=False, help="The tracking numbers of each transfer as they were when EIM was told."
    )
    extensiv_shipments_readable = fields.Text("Told to EIM", compute="_compute_extensiv_shipments_readable")
    extensiv_refused_carrier_id = fields.Many2one(
        "delivery.carrier",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="The delivery method whose carrier EIM refused.",
    )
    extensiv_needs_carrier = fields.Boolean(
        "EIM Needs a Delivery Method",
        readonly=True,
        copy=False,
        help="The order has left and nobody chose its delivery method: EIM is told once somebody does.",
    )
    extensiv_decision = fields.Selection(
        [("parts", "Left with Parts Missing"), ("services", "Services Alone"), ("cancelled", "Cancelled at EIM")],
        "EIM Needs a Decision",
        readonly=True,
        copy=False,
        help="What a person has to decide before EIM is told.",
    )
    extensiv_kits_told = fields.Selection(
        [("complete", "As complete"), ("whole", "Only whole ones")],
        "Kits with Parts Missing",
        readonly=True,
        copy=False,
        help="What a person decided that EIM is told of kits and combos that left with parts missing.",
    )
    extensiv_tells_cancelled = fields.Boolean(
        readonly=True,
        copy=False,
        help="A person decided to tell EIM of the shipment though it has the order as cancelled.",
    )
    extensiv_asked = fields.Json(
        "Asked For",
        readonly=True,
        copy=False,
        help="What the buyer asked the order to be shipped with, where what EIM sent is no longer kept.",
    )

    _extensiv_shipment_idx = models.Index(
        "(extensiv_account_id, extensiv_shipment_state, id)"
        " WHERE extensiv_shipment_state IN ('waiting', 'ready', 'sending', 'failed')"
    )

    @api.depends("extensiv_shipments")
    @api.depends_context("lang", "tz")
    def _compute_extensiv_shipments_readable(self):
        for order in self:
            order.extensiv_shipments_readable = (
                "\n".join(describe(self.env, shipment) for shipment in order.extensiv_shipments or ()) or False
            )

    def write(self, vals):
        """Mark orders that lacked nothing but their delivery method."""
        result = super().write(vals)
        if vals.get("carrier_id") and not self.env.context.get("extensiv_choosing"):
            mark_now(self.filtered(lambda order: order.extensiv_shipment_state == "waiting"))
        return result

    def _extensiv_left_moves(self):
        """Return the done moves of the order to a customer, oldest first; returns sent back again are none."""
        return self.order_line.move_ids.filtered(
            lambda move: (
                move.state == "done"
                and move.quantity > 0
                and move.location_dest_id._is_outgoing()
                and (not move.origin_returned_move_id or move.to_refund)
            )
        ).sorted(lambda move: (move.picking_id.date_done or move.date, move.picking_id.id, move.id))

    def _extensiv_requested_shipping(self):
        """Return what the buyer asked the order to be shipped with, and the carrier where that names one.

        Only a carrier's own name counts, as EIM spells it: a text such as “Standard” chooses none.
        """
        try:
            wire = Order.from_payload(self.extensiv_order_id.payload or "")
        except (EimError, ValueError):
            return tuple(self.extensiv_asked or ("", ""))  # what EIM sent is no longer kept
        carrier = wire.carrier.strip().upper()
        return wire.requested_shipping, carrier if carrier in BRANDS.values() else ""

    def _extensiv_keep_asked(self):
        """Remember what the buyers asked for, before what EIM sent is emptied, of orders that have yet to be told."""
        orders = self.filtered(lambda order: order.extensiv_shipment_state != "sent" and not order.carrier_id)
        for asked, alike in orders.grouped(lambda order: order._extensiv_requested_shipping()).items():
            if any(asked):
                alike.with_context(tracking_disable=True).extensiv_asked = list(asked)

    def _extensiv_skip(self, message):
        """Note that EIM is not told of these orders; nothing about them waits for a person any more."""
        self._extensiv_set_shipment_state("skipped", message)
        for account, orders in self.grouped("extensiv_account_id").items():
            self.env["extensiv.error"]._resolve(account, "shipments", orders.mapped("extensiv_cust_ref"))

    def _extensiv_set_shipment_state(self, state, message=False, **values):
        """Write the state of the shipment and why; what a form shows of it is not worth a tracking message."""
        if self:
            self.with_context(tracking_disable=True).write(
                {
                    "extensiv_shipment_state": state,
                    "extensiv_shipment_message": message,
                    "extensiv_needs_carrier": False,
                    "extensiv_decision": False,
                    **values,
                }
            )

    @one_deadline
    def action_extensiv_send(self):
        """Tell EIM now of the shipments of these orders, which have left as a whole.

        :raise UserError: with what stands in the way, in EIM's words where it refused
        """
        self._extensiv_check_button()
        for progress in read_progress(self.sudo().env, SQL("o.id = ANY(%s)", list(self.ids))):
            if not progress.can_be_told:
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
        return self._extensiv_send_now(self.env._("%s sends the shipment to EIM.", self.env.user.name))

    def action_extensiv_decide(self):
        """Ask a person whether EIM is told of the order as it is."""
        self.ensure_one()
        self._extensiv_check_button()
        if not self.sudo().extensiv_decision:
            mark_now(self.filtered(lambda order: order.extensiv_shipment_state == "waiting"))  # no pass has looked yet
        wizard = self.env["extensiv.decide.shipment"].create({"order_id": self.sudo().extensiv_order_id.id})
        return wizard._get_records_action(name=self.env._("Decide What EIM Is Told"), target="new")

    def action_extensiv_mark_sent(self):
        """Note that EIM, or the cart itself, knows of the shipment already: it is not told."""
        self._extensiv_check_button()
        now = fields.Datetime.now()
        for order in self.sudo():
            message = self.env._("Marked as sent by hand by %s.", self.env.user.name)
            order._extensiv_set_shipment_state("sent", message, extensiv_shipped_at=now)
            release_refused_carrier(order)
            order._message_log(body=message)
            self.env["extensiv.error"].sudo()._resolve(
                order.extensiv_account_id, "shipments", [order.extensiv_cust_ref]
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @one_deadline
    def action_extensiv_resend(self):
        """Send the shipment again, though EIM takes it once: for a manager who knows that EIM lost it."""
        self.env["extensiv.account"]._check_manager()
        self._extensiv_check_button()
        self._extensiv_check_connected()
        self.sudo()._extensiv_make_ready()
        return self._extensiv_send_now(self.env._("%s sends the shipment to EIM again.", self.env.user.name))

    def _extensiv_make_ready(self):
        """Have these orders sent; an intent without outcome stays one: EIM is asked first."""
        self.filtered(lambda order: order.extensiv_shipment_state != "sending")._extensiv_set_shipment_state("ready")

    def _extensiv_retry_shipments(self):
        """Have these orders tried again, for a person or because the cause is gone."""
        self.filtered(lambda order: order.extensiv_shipment_state == "failed")._extensiv_set_shipment_state("ready")
        self.filtered(lambda order: order.extensiv_shipment_state == "sending").extensiv_ask_after = False
        trigger(self.env, "shipments")

    def _extensiv_send_now(self, note):
        """Send these orders and say what came of it; while a pass is at work, that one sends them.

        :param note: what the orders say of who sends them
        """
        orders = self.sudo()
        orders._message_log_batch(bodies=dict.fromkeys(orders.ids, note))
        rest = send_now(orders)
        waiting = orders.filtered(lambda order: order.extensiv_shipment_state != "sent")
        messages = list(dict.fromkeys(waiting.mapped(lambda order: order.extensiv_shipment_message or "")))[:SHOWN]
        messages += rest
        if len(orders) > 1 and waiting:
            told = self.env._("EIM was told of %(told)s of %(all)s.", told=len(orders - waiting), all=len(orders))
            messages.insert(0, told)
        if any(order.extensiv_shipment_state == "sending" for order in waiting):
            messages.append(
                self.env._("EIM has not shown yet what the last call did; it is asked again within minutes.")
            )
        message = "\n".join(filter(None, messages)) or (
            self.env._("EIM is told as soon as it allows.") if waiting else self.env._("EIM was told.")
        )
        return self.env["extensiv.account"]._notification(
            self.env._("Shipments"), message, "warning" if waiting else "success", sticky=bool(waiting)
        )

    def _extensiv_check_button(self):
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        for order in self:
            if not order.extensiv_cust_ref:
                raise UserError(self.env._("%s did not come from EIM.", order.name))
            if order.extensiv_is_fulfilled_elsewhere:
                raise UserError(
                    self.env._("The marketplace's own warehouse delivered %s. EIM is not told of it.", order.name)
                )
            if order.extensiv_is_shipped_already:
                raise UserError(
                    self.env._("EIM had the shipment of %s before it was received here. EIM is not told.", order.name)
                )

    def _extensiv_check_connected(self):
        for account in self.sudo().extensiv_account_id:
            account.with_env(self.env)._check_is_no_copy()
            if account.state != "connected":
                raise UserError(self.env._("%s is not connected. Press Connect first.", account.name))

from odoo import api, fields, models

from ..eim.errors import EimError
from ..eim.wire import Order
from .delivery_carrier import BRANDS
from .extensiv_error_mend import LACKING

SHOWN = 5  # orders named in one error


class SaleOrder(models.Model):
    """With what carrier an order left: one that somebody chose, for EIM is told only once."""

    _inherit = "sale.order"

    extensiv_needs_carrier = fields.Boolean(
        "EIM Needs a Delivery Method",
        readonly=True,
        copy=False,
        help="The order has left and nobody chose its delivery method: EIM is told once somebody does.",
    )

    extensiv_asked = fields.Json(
        "Asked For",
        readonly=True,
        copy=False,
        help="What the buyer asked the order to be shipped with, where what EIM sent is no longer kept.",
    )

    def write(self, vals):
        """Tell EIM of orders that lacked nothing but the delivery method."""
        result = super().write(vals)
        if vals.get("carrier_id") and not self.env.context.get("extensiv_choosing"):
            self.filtered(lambda order: order.extensiv_shipment_state == "waiting")._extensiv_mark_now()
        return result

    def _extensiv_asked(self):
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
        for asked, alike in orders.grouped(lambda order: order._extensiv_asked()).items():
            if any(asked):
                alike.with_context(tracking_disable=True).extensiv_asked = list(asked)

    @api.model
    def _extensiv_lacking_carrier(self, progress):
        """Return the orders of ``progress`` that left with a carrier that nobody chose.

        What was mapped since an order was imported is its delivery method from now on.
        """
        unchosen = self.browse(of.order.id for of in progress if not of.has_carrier)
        lacking, mapped = [], {}
        for account, orders in unchosen.grouped("extensiv_account_id").items():
            carriers = self.env["extensiv.ship.method"]._carriers(account)
            for order in orders:
                code, carrier = order._extensiv_asked()
                if delivery := self.env["extensiv.ship.method"]._chosen(carriers, order.extensiv_cart_id, code):
                    mapped.setdefault(delivery, []).append(order.id)
                elif not carrier:
                    lacking.append(order.id)
        for delivery, order_ids in mapped.items():
            self.browse(order_ids).with_context(extensiv_choosing=True).carrier_id = delivery
        return self.browse(lacking)

    def _extensiv_wait_for_carrier(self):
        """Have these orders wait for a delivery method, say so on each, and report it."""
        self._extensiv_note_lacking()
        for account, orders in self.grouped("extensiv_account_id").items():
            self.env["extensiv.error"]._report(account, "shipments", orders._extensiv_lacking_failures(account))

    def _extensiv_note_lacking(self):
        for code, orders in self.grouped(lambda order: order._extensiv_asked()[0]).items():
            message = self.env._(
                "Nobody chose a delivery method, and EIM takes a shipment with its carrier only once. Choose one on "
                "the order or its transfer: EIM is then told by itself."
            )
            if code:
                message += " " + self.env._(
                    "Or choose one for “%s” under Configuration, Shipping Methods, for every order that asks for it.",
                    code,
                )
            orders._extensiv_set_state("waiting", message, extensiv_needs_carrier=True)

    @api.model
    def _extensiv_report_lacking(self, account, lacking):
        """Tell once of orders that lack a delivery method, and close what was chosen since.

        :param lacking: every order of the account that lacks one
        """
        failures = lacking._extensiv_lacking_failures(account)
        self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "shipments"),
                ("state", "=", "open"),
                ("res_model", "!=", "delivery.carrier"),
                ("key", "=like", f"{LACKING}%"),
                ("key", "not in", list(failures)),
            ]
        )._mark_resolved()
        new = lacking.filtered(lambda order: not order.extensiv_needs_carrier)
        told_anew = new._extensiv_lacking_failures(account)
        new._extensiv_note_lacking()
        self.env["extensiv.error"]._report(account, "shipments", {key: failures[key] for key in told_anew})

    @api.model
    def _extensiv_tell_lacking_again(self, account):
        """Have the next pass tell anew of the orders that lack a delivery method, for a person who asks."""
        self.search(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_shipment_state", "=", "waiting"),
                ("extensiv_needs_carrier", "=", True),
            ]
        ).extensiv_needs_carrier = False

    def _extensiv_lacking_failures(self, account):
        """Return the failures to report of these orders: one for all that one choice would help."""
        if not self:
            return {}
        Method = self.env["extensiv.ship.method"]
        codes = {order: order._extensiv_asked()[0] for order in self}
        # A person may have deleted what was proposed, or keep the code for another cart alone.
        Method._take_over(account, codes.values(), any_cart=False)
        methods = {
            method.ship_code: method
            for method in Method.search(
                [("account_id", "=", account.id), ("cart_id", "=", False), ("ship_code", "in", list(codes.values()))]
            )
        }
        failures = {}
        for code, of_code in self.grouped(codes.get).items():
            if code:
                failures[f"{LACKING}{code}"] = of_code._extensiv_lacking_failure(methods[code], code)
                continue
            for cart, of_cart in of_code.grouped("extensiv_cart_id").items():
                failures[f"{LACKING}orders of {cart.order_source or '-'}"] = of_cart._extensiv_lacking_failure(cart, "")
        return failures

    def _extensiv_lacking_failure(self, document, code):
        """Return the failure to report of these orders, all of which one choice on ``document`` would help."""
        orders = ", ".join(self[:SHOWN].mapped("name")) + (" …" if len(self) > SHOWN else "")
        message = (
            self.env._(
                "Orders that ask for “%(code)s” left without a delivery method: %(orders)s. EIM is not told of them, "
                "for it takes a shipment with its carrier only once. Press Open the Mapping and choose the delivery "
                "method of “%(code)s”, or choose one on each order; they are then sent by themselves.",
                code=code,
                orders=orders,
            )
            if code
            else self.env._(
                "Orders of %(cart)s that ask for no shipping method left without a delivery method: %(orders)s. EIM is "
                "not told of them, for it takes a shipment with its carrier only once. Press Open the Mapping and "
                "choose the cart's delivery method, or choose one on each order; they are then sent by themselves.",
                cart=document.name or self.env._("no cart"),
                orders=orders,
            )
        )
        return {"message": message, "category": "settings", "document": document}

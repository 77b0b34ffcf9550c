from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..eim.wire import Order
from ..flows.fulfilment import read_progress
from ..flows.languages import all_translated
from ..flows.masking import get_personal_words
from .extensiv_diagnosis import Line, masked


class ExtensivDiagnosis(models.TransientModel):
    """Why is my order not here, and why does the cart show no tracking?"""

    # one kind of question a file; it only adds
    _inherit = "extensiv.diagnosis"  # pylint: disable=consider-merging-classes-inherited

    def _diagnose_order(self, client, number):
        """Return the lines on an order.

        :param number: the buyer's, the sale order's name or EIM's reference
        """
        record = self._orders_asked_for()[:1]
        order, error = self._ask(client, lambda asked: self._find_at_eim(asked, record, number))
        lines = []
        if error:
            lines.append(self._not_asked(error))
        elif order is None:
            lines += self._lines_unknown_order(client, record, number)
        else:
            lines += self._lines_at_eim(order)
            lines += self._lines_left_at_eim(order, record)
        lines += self._lines_here(record)
        lines += self._lines_shipping(record, order)
        received = record.payload and Order.from_payload(record.payload)
        return masked(lines, set().union(*(get_personal_words(known) for known in (order, received) if known)))

    # -- finding it

    def _orders_asked_for(self):
        """Return the inbox orders of this number, by whichever of its names."""
        numbers = self._numbers((self.order_number or "").strip())
        if not numbers:
            return self.env["extensiv.order"]
        return self.env["extensiv.order"].search(
            [
                ("account_id", "=", self.account_id.id),
                "|",
                "|",
                ("order_number", "in", numbers),
                ("cust_ref", "in", numbers),
                ("sale_order_id.name", "in", numbers),
            ],
            limit=5,
        )

    def _numbers(self, number):
        """Return the number as typed, and without the prefix of a cart."""
        prefixes = self.account_id.with_context(active_test=False).cart_ids.mapped("prefix")
        return list(
            dict.fromkeys(
                filter(
                    None,
                    [
                        number,
                        *(number.removeprefix(prefix) for prefix in prefixes if prefix and number.startswith(prefix)),
                    ],
                )
            )
        )

    def _find_at_eim(self, client, record, number):
        """Return the ``wire.Order`` as EIM holds it now, or None."""
        fetch = self.env["extensiv.fetch"].new({"account_id": self.account_id.id})
        for reference in [record.cust_ref] if record else self._numbers(number):
            if found := fetch._ask_reference(client, reference):
                return found[0]
        return None

    # -- EIM does not know it

    def _lines_unknown_order(self, client, record, number):
        """Return the lines on an order that EIM does not list: skipped, or never downloaded."""
        skipped, _error = self._ask(client, lambda asked: asked.list_skipped_orders())
        numbers = self._numbers(number)
        for order in skipped or ():
            if order.cust_ref in numbers or order.order_number in numbers:
                reason = order.error_reason or order.error_msg or self.env._("no reason given")
                return [
                    Line(
                        "bad",
                        self.env._("EIM skipped the order: %s", reason),
                        self.env._("Mend it in the cart or at EIM; Orders there can download it again."),
                        self._eim_page("orders"),
                    )
                ]
        if record:
            return [
                Line(
                    "note",
                    self.env._("EIM no longer lists the order. It was received here before, which is remembered."),
                )
            ]
        return [
            Line("bad", self.env._("EIM does not know an order %s. The issue is between the cart and EIM.", number)),
            *self._open_alerts(),
            *self._look_at_eim(
                (
                    "orders",
                    self.env._("Log in to EIM and open Orders. Is the order listed? If so, give its reference here."),
                ),
                *self._ask_of_run("Last Order Run"),
                (
                    "carts",
                    self.env._(
                        "If it succeeded, and later than the order was made, press Edit Setup: does the cart take "
                        "orders in the status that the order has, for example Awaiting Fulfillment?"
                    ),
                ),
                (
                    "carts",
                    self.env._("Correct that setting, or the order's status in the cart, and wait for the next run."),
                ),
            ),
        ]

    # -- EIM knows it

    def _lines_at_eim(self, order):
        """Return the lines on what EIM holds of ``order``, a ``wire.Order``."""
        moment = order.created or order.order_date
        lines = [
            Line(
                "good",
                self.env._(
                    "EIM knows the order: number %(number)s, reference %(ref)s, cart %(cart)s%(moment)s.",
                    number=order.order_number,
                    ref=order.cust_ref,
                    cart=order.order_source or "?",
                    moment=moment and self.env._(", created %s", self._moment(moment)) or "",
                ),
            )
        ]
        words = "\n".join(filter(None, (order.error_code, order.error_msg, order.error_reason)))
        sentences = {
            "new": ("note", self.env._("EIM's status is new: it waits to be pulled."), ""),
            "at_wms": ("good", self.env._("EIM's status is at_wms: it was pulled and acknowledged."), ""),
            "partial": ("note", self.env._("EIM's status is partial: part of it was told as shipped."), ""),
            "shipped": ("good", self.env._("EIM's status is shipped: it has the shipment, and tells the cart."), ""),
            "confirmed": ("good", self.env._("EIM's status is confirmed: it told the cart of the shipment."), ""),
            "canceled": ("note", self.env._("EIM's status is canceled: the buyer or the cart cancelled it."), ""),
            "error": (
                "bad",
                self.env._("EIM holds the order in error: %s", words or self.env._("no reason given")),
                self.env._("Mend it at EIM, under Orders; it is pulled once EIM lists it as new."),
            ),
        }
        mark, sentence, todo = sentences.get(order.status) or (
            "note",
            self.env._("EIM's status is “%s”, which is not known here.", order.status),
            "",
        )
        lines.append(Line(mark, sentence, todo, self._eim_page("orders") if todo else ""))
        if order.on_hold:
            lines.append(
                Line(
                    "bad",
                    self.env._("It is on hold at EIM, and left alone until released."),
                    self.env._("Release it at EIM, under Orders."),
                    self._eim_page("orders"),
                )
            )
        if order.sending_canceled:
            lines.append(
                Line(
                    "bad",
                    self.env._("A person stopped its sending at EIM, so it is left alone."),
                    self.env._("Resume it at EIM, under Orders."),
                    self._eim_page("orders"),
                )
            )
        lines += [
            Line("bad", problem, self.env._("EIM's support can fix what EIM sends."))
            for problem in all_translated(self.env, order.problems)
        ]
        return lines

    def _lines_left_at_eim(self, order, record):
        """Return the lines on why an order that EIM knows is not here."""
        if record:
            return []
        account = self.account_id
        lines = []
        cart = account.with_context(active_test=False).cart_ids.filtered(
            lambda cart: cart.order_source == order.order_source
        )
        if cart and not cart.active:
            lines.append(
                Line(
                    "bad",
                    self.env._("The cart %s takes no orders here.", cart.name),
                    self.env._("Switch Take Orders on, on the account's page of carts."),
                )
            )
        moment = order.created or order.order_date
        if account.import_from and moment and moment < account.import_from:
            lines.append(
                Line(
                    "bad",
                    self.env._(
                        "It is older than the moment from which orders are imported, %s.",
                        self._moment(account.import_from),
                    ),
                    self.env._("Use Fetch Orders for this one, or set Import Orders From to an earlier moment."),
                )
            )
        if order.status == "new" and not (lines or order.on_hold or order.sending_canceled):
            lines += self._lines_flow("orders")
            lines.append(
                Line(
                    "note",
                    self.env._("It was not received yet; the next run takes it."),
                    self.env._("Press Pull Orders Now on the account."),
                )
            )
        elif order.status not in ("new", "error", "canceled"):
            lines.append(
                Line(
                    "bad",
                    self.env._(
                        "It was acknowledged to EIM, but not by this database: another system took it, or "
                        "another database."
                    ),
                    self.env._("Use Fetch Orders to have it here; look for whatever else uses the same API user."),
                )
            )
        return lines

    # -- here

    def _is_dismissed(self, record):
        """Whether a person dismissed that EIM did not take the acknowledgement."""
        Error = self.env["extensiv.error"]
        domain = Error._domain(record.account_id, "orders", [record.cust_ref], "acknowledge")
        dismissed = Domain([("state", "=", "dismissed"), ("next_try", "=", False)])
        return bool(Error.search_count(domain & dismissed, limit=1))

    def _lines_here(self, record):
        """Return the lines on the inbox order: received, acknowledged, imported or failed why."""
        if not record:
            return [Line("note", self.env._("It is not in the inbox."))]
        lines = [Line("good", self.env._("It was received here on %s.", self._moment(record.create_date)))]
        if record.acknowledged_at:
            lines.append(Line("good", self.env._("EIM was told so on %s.", self._moment(record.acknowledged_at))))
        elif self._is_dismissed(record):
            lines.append(
                Line(
                    "bad",
                    self.env._("EIM was not told that it is here, and is not: the error was dismissed."),
                    self.env._("Open Errors, look for it among the dismissed ones and press Retry."),
                )
            )
        elif record.state != "cancelled":
            lines.append(Line("note", self.env._("EIM was not told yet that it is here; the next run does it.")))
        lines += self._lines_outcome(record)
        if record.listed_again_at:
            lines.append(
                Line(
                    "bad",
                    self.env._("It was cancelled, and EIM lists it as new again: it waits for your decision."),
                    self.env._("Press Import After All on the order in the inbox, or cancel it at EIM."),
                )
            )
        return lines + self._open_errors("orders", [("key", "=", record.cust_ref), ("step", "!=", False)])

    def _lines_outcome(self, record):
        """Return the lines on what importing the inbox order came to."""
        sale = record.sale_order_id
        lines = []
        if record.state == "imported" and not sale:
            lines.append(
                Line(
                    "bad",
                    self.env._("It was imported, and its sale order deleted."),
                    self.env._("Press Fetch Again on the order in the inbox."),
                )
            )
        elif record.state == "imported" and sale.state in ("draft", "sent"):
            lines.append(
                Line(
                    "bad",
                    self.env._(
                        "It was imported as the quotation %(name)s. %(why)s",
                        name=sale.name,
                        why=sale.extensiv_message or "",
                    ),
                    self.env._("Mend the quotation and confirm it."),
                )
            )
        elif record.state == "imported" and sale.state == "cancel":
            lines.append(Line("note", self.env._("It was imported as %s, which is cancelled.", sale.name)))
        elif record.state == "imported":
            lines.append(Line("good", self.env._("It was imported as %s, which is confirmed.", sale.name)))
        elif record.state == "failed":
            lines.append(
                Line(
                    "bad",
                    self.env._("It could not be imported: %s", record.message or ""),
                    self.env._("Mend it as it says; it is imported by the next run, or press Retry."),
                )
            )
        elif record.state == "cancelled":
            lines.append(Line("note", self.env._("The buyer cancelled it.")))
        elif record.state == "ignored":
            lines.append(
                Line(
                    "bad",
                    self.env._("A person decided not to import it."),
                    self.env._("Press Import After All on the order in the inbox."),
                )
            )
        else:
            lines.append(Line("note", self.env._("It waits to be imported by the next run.")))
            lines += self._lines_flow("orders")
        return lines

    # -- shipping

    def _lines_shipping(self, record, order):
        """Return the lines on fulfilment and on what EIM knows of it."""
        sale = record.sale_order_id
        if sale.state != "sale":
            return []
        [progress] = read_progress(self.env, SQL("o.id = %s", sale.id))
        lines, gone = self._lines_fulfilled(sale, progress)
        told = order is not None and order.status in ("shipped", "confirmed")
        if gone and not told:
            lines += self._lines_told(sale, progress)
        lines += self._open_errors(
            "shipments",
            [
                "|",
                ("key", "=", record.cust_ref),
                "&",
                ("res_model", "=", "delivery.carrier"),
                ("res_id", "in", sale.extensiv_refused_carrier_id.ids),
            ],
        )
        if told:
            count = len(order.shipments)
            lines.append(
                Line(
                    "good" if count else "bad",
                    self.env._("EIM has the shipping information; shipments: %s.", count)
                    if count
                    else self.env._("EIM has the order as shipped, but lists no shipment."),
                )
            )
            lines += [
                *self._open_alerts(order.order_source),
                *self._look_at_eim(
                    (
                        "orders",
                        self.env._(
                            "If the cart shows no tracking, the issue is between EIM and the cart: log in to EIM and "
                            "open the order under Orders; the shipments stand on the right."
                        ),
                    ),
                    *self._ask_of_run("Last Shipment Run"),
                ),
            ]
        return lines

    def _lines_fulfilled(self, sale, progress):
        """Return the lines on what of the sale order has left, and whether all has."""
        once = self.env._(
            "EIM takes shipping information once, when the whole order has left. Validate these transfers, or cancel "
            "what will never be sent."
        )
        if progress.is_open:
            transfers = sale.order_line.move_ids.filtered(
                lambda move: move.state not in ("done", "cancel") and not move.origin_returned_move_id
            ).picking_id
            names = ", ".join(sorted(transfers.mapped("name"))) or self.env._(
                "a move without transfer, or a purchase order that is not confirmed"
            )
            return [
                Line(
                    "bad",
                    self.env._("Not everything of %(sale)s has left: %(pickings)s.", sale=sale.name, pickings=names),
                    once,
                )
            ], False
        if progress.has_gap:
            return [
                Line(
                    "bad",
                    self.env._("Not everything of %s has left: a line of it has no transfer yet.", sale.name),
                    self.env._("Confirm the purchase order where its vendor delivers it, or set its quantity to zero."),
                )
            ], False
        if not progress.left_at:
            todo = sale.extensiv_decision and sale.extensiv_shipment_message
            return [Line("note", self.env._("Nothing of %s is to be delivered.", sale.name), todo or "")], False
        return [Line("good", self.env._("Everything of %s has left.", sale.name))], True

    def _lines_told(self, sale, progress):
        """Return the lines on whether EIM was told of the shipment, by what the sale order says."""
        if progress.is_off and sale.extensiv_shipment_state == "skipped":
            return [Line("note", self.env._("EIM is not told of the shipment."), sale.extensiv_shipment_message)]
        if not self.account_id.push_shipments:
            return [
                Line(
                    "bad",
                    self.env._("Pushing shipping information is switched off on the account."),
                    self.env._("Switch Push Shipments on."),
                )
            ]
        lines = self._lines_flow("shipments")
        if sale.extensiv_shipment_state:
            labels = dict(sale._fields["extensiv_shipment_state"]._description_selection(self.env))
            lines.append(
                Line("note", self.env._("The order's shipment state is: %s.", labels[sale.extensiv_shipment_state]))
            )
            if sale.extensiv_shipment_message:
                kind = "bad" if sale.extensiv_needs_carrier else "note"
                lines.append(Line(kind, sale.extensiv_shipment_message))
        if sale.extensiv_shipment_state == "waiting" and progress.lacks_tracking:
            untracked = sale._extensiv_left_moves().picking_id.filtered(
                lambda transfer: not transfer.carrier_tracking_ref
            )
            lines.append(
                Line(
                    "bad",
                    self.env._(
                        "The cart waits for a tracking number, which is missing on %s.",
                        ", ".join(untracked.mapped("name")),
                    ),
                    self.env._("Enter it on the transfer, or press Send Shipment Now on the sale order."),
                )
            )
        return lines

import logging
import re
from datetime import timedelta
from functools import partial

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..eim import errors as eim
from ..flows import shipment_refusals as refusals
from ..flows.exceptions import is_conflict, log_unexpected
from ..flows.runner import FlowRun, flow_lock, new_deadline, release_locks
from ..flows.trigger import trigger

_logger = logging.getLogger(__name__)

BATCH = 20
# Troubles one after the other that end a pass: then it is not the order, and each may cost 30 s.
TROUBLES = 3
# How long EIM may take to show what a lost call did: only then an order it still has "at_wms" is sent again.
LOST_PAUSE = timedelta(minutes=2)
# What became of a lost call is asked on after a person dismissed its error, but no longer told.
DISMISSED_PAUSE = timedelta(hours=1)
# *Inferred* from the known refusal "Unmapped ship method".
CARRIER_WORDS = re.compile(r"ship(ping)?\s*method|carrier", re.IGNORECASE)
KNOWN_AT_EIM = ("shipped", "confirmed")


class SaleOrder(models.Model):
    """Telling EIM of the shipments, each order once: intent committed, call, outcome committed."""

    _inherit = "sale.order"

    # -- the pass

    @api.model
    def _extensiv_push(self, pass_):
        """Tell EIM of every order of the account that has left as a whole. One pass, see ``extensiv.run``.

        Only the holder of the flow's lock comes here, so whoever left an intent without an outcome is dead.
        """
        account = pass_.account
        pass_.retry_on_conflict(lambda: self._extensiv_mark_waiting(account))
        pass_.retry_on_conflict(lambda: self._extensiv_revive(account))
        troubles = 0
        while pass_.has_time():
            orders = self._extensiv_due(account, BATCH)
            if not orders:
                break
            self.env["delivery.carrier"]._extensiv_propose(pass_, orders)
            with refusals.holding(pass_):
                for order_id in orders.ids:
                    if not pass_.has_time():
                        break
                    trouble = self.browse(order_id)._extensiv_tell(pass_)
                    troubles = troubles + 1 if trouble else 0
                    if trouble and (troubles == TROUBLES or trouble.status is None):
                        # Nobody answers there: the others of this account would fail alike.
                        pass_.resume_in = 60
                        raise trouble
        self._extensiv_plan_next(pass_)

    @api.model
    def _extensiv_due(self, account, limit):
        """Return orders to be told now: intents without outcome, whose status is asked, then those that are ready."""
        waiting = self._extensiv_stepping_back(account)
        now = fields.Datetime.now()
        sending = self.search(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_shipment_state", "=", "sending"),
                ("extensiv_cust_ref", "not in", waiting),
                "|",
                ("extensiv_ask_after", "=", False),
                ("extensiv_ask_after", "<=", now),
            ],
            limit=limit,
            order="id",
        )
        return sending or self.search(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_shipment_state", "=", "ready"),
            ],
            limit=limit,
            order="id",
        )

    @api.model
    def _extensiv_stepping_back(self, account):
        """Return the references whose temporary trouble is to be left alone for a while."""
        return self.env["extensiv.error"]._waiting_keys(account, "shipments")

    @api.model
    def _extensiv_revive(self, account):
        """Take orders up again whose temporary trouble is to be tried once more."""
        due = self.env["extensiv.error"]._due_keys(account, "shipments")
        self.search(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_shipment_state", "=", "failed"),
                ("extensiv_cust_ref", "in", due),
            ]
        )._extensiv_set_state("ready")

    @api.model
    def _extensiv_plan_next(self, pass_):
        """Have the next pass come when something is to be done again."""
        account, now = pass_.account, fields.Datetime.now()
        if self._extensiv_due(account, 1):
            pass_.resume_in = 0
            return
        moments = self.env["extensiv.error"].search(
            [
                ("account_id", "=", account.id),
                ("flow", "=", "shipments"),
                ("state", "=", "open"),
                ("next_try", ">", now),
            ],
            order="next_try",
            limit=1,
        ).mapped("next_try") + self.search(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_shipment_state", "=", "sending"),
                ("extensiv_ask_after", ">", now),
            ],
            order="extensiv_ask_after",
            limit=1,
        ).mapped("extensiv_ask_after")
        if moments:
            pass_.resume_in = max((min(moments) - now).total_seconds(), 1)

    def _extensiv_retry(self):
        """Have these orders tried again, for a person or because the cause was mended."""
        self.filtered(lambda order: order.extensiv_shipment_state == "failed")._extensiv_set_state("ready")
        self.filtered(lambda order: order.extensiv_shipment_state == "sending").extensiv_ask_after = False
        trigger(self.env, "shipments")

    def _extensiv_send_for_person(self, note):
        """Send these orders now and say what came of it; while a pass is at work, that one sends them."""
        orders = self.sudo()
        busy = False
        orders._message_log_batch(bodies=dict.fromkeys(orders.ids, note))
        release_locks(self.env)
        for account, of_account in orders.grouped("extensiv_account_id").items():
            with flow_lock(account, "shipments") as free:
                if not free:
                    busy = True
                    continue
                with FlowRun.open(account, new_deadline()) as pass_:
                    of_account.with_env(pass_.env)._extensiv_send_in(pass_)
        release_locks(self.env)  # what the passes did is not in this transaction's snapshot
        self.env.invalidate_all()
        waiting = orders.filtered(lambda order: order.extensiv_shipment_state != "sent")
        told = waiting.mapped(lambda order: order.extensiv_shipment_message or "")
        if busy:
            told.append(self.env._("A pass is already at work elsewhere; it sends what is to be told."))
        if any(order.extensiv_shipment_state == "sending" for order in waiting):
            told.append(self.env._("EIM has not shown yet what the last call did; it is asked again within minutes."))
        message = "\n".join(filter(None, told)) or (
            self.env._("EIM is told as soon as it allows.") if waiting else self.env._("EIM was told.")
        )
        return self.env["extensiv.account"]._notification(
            self.env._("Shipments"), message, "warning" if waiting else "success", sticky=bool(waiting)
        )

    def _extensiv_send_in(self, pass_):
        """Send these orders within ``pass_``, until EIM cannot be reached."""
        try:
            with pass_.connect():
                self.env["delivery.carrier"]._extensiv_propose(pass_, self)
                with refusals.holding(pass_):
                    for order_id in self.ids:
                        trouble = self.browse(order_id)._extensiv_tell(pass_)
                        if trouble or not pass_.has_time():
                            trigger(self.env, "shipments")
                            return
        except eim.EimError as error:
            if isinstance(error, eim.CredentialsRefused):
                pass_.trigger("shipments")  # a pass says what follows
                pass_.commit()
            raise UserError(self.env._("EIM could not be told: %s", error.message)) from None

    # -- one order

    def _extensiv_tell(self, pass_):
        """Tell EIM of this order: an intent that a dead process or a lost answer left is settled first.

        :return: the ``EimError`` when EIM had trouble, else None
        :raise RateLimited, CredentialsRefused: the order waits as it was
        """
        sending = self.extensiv_shipment_state == "sending"
        trouble = self._extensiv_settle(pass_) if sending else None
        if trouble or self.extensiv_shipment_state != "ready":
            return trouble
        shipments = pass_.retry_on_conflict(self._extensiv_intend_alone)
        if not shipments:
            pass_.failed += self.extensiv_shipment_state == "failed"
            return None
        cust_ref, error, status = self.extensiv_cust_ref, None, ""
        pass_.commit()  # reading began a transaction; EIM is called holding none
        try:
            pass_.client.ship(cust_ref, shipments)
        except eim.EimError as trouble:
            error = trouble
        if isinstance(error, eim.Refused):
            status = refusals.status_after_refusal(pass_.client, cust_ref)
        conclude = partial(self._extensiv_conclude, error, status)
        if isinstance(error, eim.Refused | eim.Blocked) and status not in (*KNOWN_AT_EIM, "canceled"):
            refusals.hold(pass_, self, error, conclude, was_told=True)
            return None
        pass_.retry_on_conflict(conclude)
        if isinstance(error, eim.RateLimited):
            raise error
        if error is None or status in KNOWN_AT_EIM:
            pass_.counts["sent"] += 1
            refusals.accept(pass_)
            return None
        pass_.failed += 1
        return None if isinstance(error, eim.Refused) else error

    def _extensiv_intend_alone(self):
        """Write down the intent; whatever is wrong with this order, the others are told."""
        try:
            with self.env.cr.savepoint():
                return self._extensiv_intend()
        except Exception as error:  # noqa: BLE001 - any trouble of ours with one order
            if is_conflict(error):
                raise
            log_unexpected(_logger, error, "The shipment of order %s could not be written", self.id)
            return self._extensiv_fail(
                self.env._(
                    "Writing the shipment failed unexpectedly (%s). The server's log says where.", type(error).__name__
                )
            )

    def _extensiv_intend(self):
        """Write down what EIM is about to be told.

        :return: the ``wire.Shipment`` objects, or nothing when the order is not to be sent after all
        """
        if self.extensiv_shipment_state != "ready":
            return None
        if self.extensiv_order_id.cancelled_at:
            return self._extensiv_fail(self._extensiv_cancelled_words())
        [progress] = self._extensiv_progress(SQL("o.id = %s", self.id))
        if progress.is_open or progress.has_gap and self.state != "cancel":
            return self._extensiv_set_state("waiting")
        if progress.is_off:
            return self._extensiv_skip_off()
        if lacking := self._extensiv_lacking_carrier([progress]):
            return lacking._extensiv_wait_for_carrier()
        shipments, notes = self._extensiv_shipments()
        if not shipments:
            return self._extensiv_fail(
                "\n".join(
                    [
                        self.env._(
                            "Nothing that EIM ordered has left, so there is nothing to tell it. Tell the "
                            "buyer in the cart "
                            "itself, then press Mark as Sent by Hand."
                        ),
                        *notes,
                    ]
                )
            )
        try:
            written = [shipment.to_wire() for shipment in shipments]
        except ValueError as error:
            return self._extensiv_fail(self.env._("The shipment cannot be written for EIM: %s", error))
        self._extensiv_set_state(
            "sending",
            "\n".join(notes),
            extensiv_shipments=written,
            extensiv_sending_at=fields.Datetime.now(),
            extensiv_ask_after=False,
        )
        return shipments

    def _extensiv_settle(self, pass_):
        """Ask EIM what became of an intent that has no outcome, and write it down.

        :return: the ``EimError`` when EIM could not be asked
        """
        cust_ref, status, error = self.extensiv_cust_ref, "", None
        pass_.commit()
        try:
            status = pass_.client.get_order_status(cust_ref).status
        except eim.RateLimited:
            raise
        except eim.EimError as trouble:
            error = trouble
        conclude = partial(self._extensiv_note_status, status, error)
        if isinstance(error, eim.Refused | eim.Blocked):
            refusals.hold(pass_, self, error, conclude, was_told=False)
            return None
        pass_.retry_on_conflict(conclude)
        if self.extensiv_shipment_state == "sent":
            pass_.counts["sent"] += 1
        return error

    def _extensiv_note_status(self, status, error):
        """Write what EIM says of an order that it was, or was not, told of by a lost call."""
        if isinstance(error, eim.Refused):
            self._extensiv_fail(
                self.env._(
                    "Whether EIM knows of the shipment is unknown: asked for the order, it says “%s”. Look there, then "
                    "press Send Shipment Now or Mark as Sent by Hand.",
                    error.message,
                ),
                error,
            )
        elif error is not None and self._extensiv_is_dismissed():
            self.extensiv_ask_after = fields.Datetime.now() + DISMISSED_PAUSE
        elif error is not None:
            self._extensiv_report(error.message, "transient", error)
        elif status in KNOWN_AT_EIM:
            self._extensiv_sent(self.env._("The answer was lost, but EIM has the shipment."))
        elif status == "canceled":
            self._extensiv_fail(self._extensiv_cancelled_words())
        elif self._extensiv_is_dismissed():
            self._extensiv_set_state("failed", self.env._("EIM does not have the shipment; its error was dismissed."))
        elif (again := self.extensiv_sending_at + LOST_PAUSE) > fields.Datetime.now():
            self.extensiv_ask_after = again
        else:
            self._extensiv_set_state("ready")

    def _extensiv_is_dismissed(self):
        return bool(
            self.env["extensiv.error"].search_count(
                [
                    ("account_id", "=", self.extensiv_account_id.id),
                    ("flow", "=", "shipments"),
                    ("key", "=", self.extensiv_cust_ref),
                    ("state", "=", "dismissed"),
                    ("next_try", "=", False),
                    ("last_seen", ">=", self.extensiv_sending_at),
                ],
                limit=1,
            )
        )

    # -- the outcome

    def _extensiv_conclude(self, error, status):
        """Write the outcome of a call.

        :param error: what the client raised, or None; :param status: EIM's, asked after a refusal
        """
        if self.extensiv_shipment_state != "sending":
            return  # a person marked it meanwhile
        if error is None:
            self._extensiv_sent()
        elif isinstance(error, eim.AnswerLost):
            self._extensiv_report(
                self.env._("EIM's answer was lost: %s EIM is asked before anything is sent again.", error.message),
                "transient",
                error,
            )
        elif isinstance(error, eim.RateLimited):
            self._extensiv_set_state("ready")
        elif isinstance(error, eim.Refused):
            self._extensiv_refused(error, status)
        else:
            self._extensiv_fail(self.env._("%s It is tried again by itself.", error.message), error, "transient")

    def _extensiv_refused(self, error, status):
        if status in KNOWN_AT_EIM:
            self._extensiv_sent(
                self.env._(
                    "EIM says that the order is %(status)s already: %(words)s", status=status, words=error.message
                )
            )
            return
        if status == "canceled":
            self._extensiv_fail(self._extensiv_cancelled_words(), error)
            return
        words = self.env._("EIM refused the shipment: %s", error.message)
        if status is None:
            self._extensiv_fail(self.env._("%s It is tried again by itself.", words), error, "transient")
            return
        carrier = (self._extensiv_left_moves().picking_id.carrier_id or self.carrier_id)[:1]
        if not CARRIER_WORDS.search(error.message):
            self._extensiv_fail(words, error)
            return
        if not carrier:
            self._extensiv_fail(
                self.env._(
                    "%s\nNo delivery method stands on its transfers. Choose one there or on the order, with "
                    "the carrier "
                    "and the method that EIM knows, then press Retry.",
                    words,
                ),
                error,
            )
            return
        # One mapping to mend, not one error for each order that uses it; nor one that has the order tried again.
        if self.extensiv_refused_carrier_id != carrier:
            self._extensiv_leave_refused_carrier()
        self._extensiv_set_state("failed", words, extensiv_refused_carrier_id=carrier.id)
        self.env["extensiv.error"]._resolve(self.extensiv_account_id, "shipments", [self.extensiv_cust_ref])
        self.env["extensiv.error"]._report(
            self.extensiv_account_id,
            "shipments",
            {
                f"delivery method {carrier.with_context(lang='en_US').name}": {
                    "message": self.env._(
                        "EIM refused the carrier “%(carrier)s”, method “%(method)s”, of delivery method %(name)s: "
                        "%(words)s Set both on the delivery method; the orders concerned are then sent.",
                        carrier=carrier.extensiv_carrier or "",
                        method=carrier.extensiv_method or "",
                        name=carrier.name,
                        words=error.message,
                    ),
                    "category": "settings",
                    "process_id": error.process_id,
                    "document": carrier,
                }
            },
        )

    def _extensiv_leave_refused_carrier(self):
        """Close the error of the delivery method that EIM refused, once no other order of the account waits for it."""
        account, carrier = self.extensiv_account_id, self.extensiv_refused_carrier_id
        self.extensiv_refused_carrier_id = False
        if carrier and not self.search_count(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_refused_carrier_id", "=", carrier.id),
            ],
            limit=1,
        ):
            carrier._extensiv_open_errors().filtered(lambda error: error.account_id == account).write(
                {"state": "resolved", "next_try": False}
            )

    def _extensiv_cancelled_words(self):
        return self.env._(
            "The order was cancelled at EIM before EIM was told that it shipped, so it is not told. Ask the buyer or "
            "the cart, and take the goods back."
        )

    def _extensiv_sent(self, note=None):
        """Note that EIM knows of the shipment."""
        message = "\n".join(filter(None, (note, self.extensiv_shipment_message)))
        self._extensiv_set_state("sent", message, extensiv_shipped_at=fields.Datetime.now())
        self._extensiv_leave_refused_carrier()
        head = self.env._("EIM was told of the shipment:")
        sent = (self.extensiv_shipments_readable or "").splitlines()
        self._message_log(body=Markup("<br/>").join([head, *sent, *message.splitlines()]))
        self.env["extensiv.error"]._resolve(self.extensiv_account_id, "shipments", [self.extensiv_cust_ref])
        for picking in self._extensiv_left_moves().picking_id:
            # A number that was entered between the intent and the outcome.
            if picking.carrier_tracking_ref:
                self._extensiv_tell_changed_tracking(picking)

    def _extensiv_fail(self, message, error=None, category="data"):
        """Note why EIM does not know of the shipment; ``transient`` is tried again, other trouble waits."""
        self._extensiv_set_state("failed", message)
        self._extensiv_leave_refused_carrier()
        self._extensiv_report(message, category, error)

    def _extensiv_report(self, message, category, error=None):
        self.env["extensiv.error"]._report(
            self.extensiv_account_id,
            "shipments",
            {
                self.extensiv_cust_ref: {
                    "message": self.env._("Order %(order)s: %(message)s", order=self.name, message=message),
                    "category": category,
                    "process_id": error and error.process_id,
                    "document": self,
                }
            },
        )

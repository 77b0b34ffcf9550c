import json
import logging

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..eim.wire import Cart, Order
from ..flows import relisting
from ..flows.runner import BATCH_SECONDS
from ..flows.trigger import trigger_import

_logger = logging.getLogger(__name__)

PAGE_SIZE = 100
# Acknowledgements written together: few enough that a killed pass repeats little.
ACKNOWLEDGE_CHUNK = 20


class ExtensivOrder(models.Model):
    """The inbox: an order as EIM sent it, and what became of it. Never deleted: it remembers what was pulled."""

    _name = "extensiv.order"
    _description = "EIM Order"
    _order = "id desc"
    _rec_name = "order_number"
    _rec_names_search = ["order_number", "cust_ref"]

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="restrict")
    company_id = fields.Many2one(
        "res.company", compute="_compute_company_id", store=True, precompute=True, required=True, index=True
    )
    cust_ref = fields.Char("EIM Reference", required=True, readonly=True, help="EIM's key of the order.")
    cart_id = fields.Many2one("extensiv.cart", readonly=True, index=True, ondelete="restrict")
    order_number = fields.Char(required=True, readonly=True, index="trigram", help="The number the buyer knows.")
    order_date = fields.Datetime(readonly=True)
    # Groups have no sum: it would mix currencies.
    amount_total = fields.Float("Total", readonly=True, digits=(16, 2), aggregator=None, help="As EIM sent it.")
    currency_code = fields.Char("Currency", readonly=True)
    payload = fields.Text(
        readonly=True,
        prefetch=False,
        help="The order as received, without anything that belongs to the payment.",
    )
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
    # Who may see the inbox but not the sales looks for an order by the sale order's name as well.
    sale_order_id = fields.Many2one(
        "sale.order", readonly=True, index="btree_not_null", ondelete="set null", bypass_search_access=True
    )
    shipment_state = fields.Selection(related="sale_order_id.extensiv_shipment_state")
    shipment_message = fields.Text(related="sale_order_id.extensiv_shipment_message")
    message = fields.Text(readonly=True, help="Why the order is in this state.")
    missing_skus = fields.Json(readonly=True)
    summary = fields.Html(compute="_compute_readable", sanitize=False)
    payload_readable = fields.Text("As Received", compute="_compute_readable")

    _cust_ref_unique = models.Constraint("UNIQUE(account_id, cust_ref)", "This order was received already.")
    _waiting_idx = models.Index("(account_id, id) WHERE state IN ('received', 'failed')")
    _received_idx = models.Index("(account_id, create_date)")
    _unacknowledged_idx = models.Index("(account_id, id) WHERE acknowledged_at IS NULL")

    # -- what people see

    @api.depends("account_id")
    def _compute_company_id(self):
        """Not related: an order stays where it was received, and so does its account."""
        for order in self:
            order.company_id = order.account_id.company_id

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
                },
            )
            if wire
            else Markup()
        )

    def action_import(self):
        """Import the orders now; those that cannot be imported say why."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        for order in self._importable_again().filtered(lambda order: not order.payload):
            order.sudo()._fetch_payload()
        self.sudo()._import_now()
        self.invalidate_recordset()
        if len(self) == 1 and self.state == "failed":
            return self.env["extensiv.account"]._notification(
                self.env._("Not imported"), self.message, "warning", sticky=True
            )
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_ignore(self):
        """Decide not to import the orders. They stay in the inbox and can be imported later."""
        self.env["extensiv.error"]._check_user()
        if self.filtered(lambda order: order.sale_order_id or order.state == "cancelled"):
            raise UserError(self.env._("Orders that have a sale order or were cancelled cannot be ignored."))
        orders = self.sudo()
        orders.write({"state": "ignored", "message": self.env._("Ignored by %s.", self.env.user.name)})
        for account, of_account in orders.grouped("account_id").items():
            self.env["extensiv.error"].sudo()._resolve(account, "orders", of_account.mapped("cust_ref"))

    def action_open_sale_order(self):
        """Open the sale order."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "sale.order",
            "res_id": self.sale_order_id.id,
            "views": [(False, "form")],
        }

    # -- the pass

    @api.model
    def _pull(self, pass_):
        """Receive every new order of EIM, acknowledge what was received, import it. One pass, see ``extensiv.run``."""
        try:
            self._exchange(pass_)
        except eim.EimError:
            # What is in the inbox already needs nothing more of EIM.
            pass_.env.cr.rollback()
            pass_.retry_on_conflict(lambda: self._revive(pass_.account))
            while pass_.has_time(BATCH_SECONDS) and self._import_next(pass_):
                continue
            if self._importable(pass_.account, limit=1):
                trigger_import(pass_.env)
                pass_.commit()
            raise

    @api.model
    def _exchange(self, pass_):
        """Do the pass as far as EIM answers."""
        listed_again = self._receive(pass_)
        if listed_again is None:
            return
        account, client, patience = pass_.account, pass_.client, pass_.client.max_wait
        refusal = None
        try:
            self._pull_canceled(pass_)
        except (eim.Refused, eim.Blocked) as error:
            # Of this list alone, unless it is the key: new orders are acknowledged all the same.
            refusal = error
            pass_.env.cr.rollback()
            pass_.check.ask()
        self._send_cancel_requests(pass_)
        # A person may press Retry on one of them at this moment.
        pass_.retry_on_conflict(lambda: self._revive(account))
        if len(self._importable(account, limit=account.import_batch_size + 1)) > account.import_batch_size:
            trigger_import(account.env)
            pass_.commit()
        try:
            while pass_.has_time(BATCH_SECONDS):
                # Tokens that are there are used at once; importing fills the time in which new ones drip.
                client.max_wait = 0
                limited = self._acknowledge(pass_)
                client.max_wait = patience
                if not self._import_next(pass_):
                    if limited:
                        self._acknowledge(pass_)
                    break
        finally:
            client.max_wait = patience
        # Last, for after EIM's history was cleared they are thousands, and new orders come first.
        done, failures, stop = self._tell_eim(pass_, listed_again)
        pass_.failed += len(failures)
        pass_.retry_on_conflict(lambda: self._note_answers(account, done, failures))
        if isinstance(stop, eim.CredentialsRefused):
            raise stop
        if self._unacknowledged(account, 1, pass_.stepped_back) or self._importable(account, limit=1):
            pass_.resume_in = 0
        if refusal:
            raise refusal

    # -- receive

    @api.model
    def _receive(self, pass_):
        """Read every page of EIM's ``new`` list into the inbox, each page committed by itself.

        :return: references that EIM lists as new though they were acknowledged, or None when the list's end was not
            reached: acknowledging shrinks the list, and records would be skipped.
        """
        account, listed_again, cancelled, unreadable = pass_.account, [], [], []
        first = number = account.receive_page or 1
        while True:
            try:
                page = pass_.client.list_orders(
                    "new", page=number, limit=PAGE_SIZE, from_date=account.import_from or None
                )
            except eim.RateLimited:
                self._remember_page(pass_, number)
                raise
            new, again, undecided, skipped = pass_.retry_on_conflict(lambda page=page: self._store(account, page))
            pass_.counts["received"] += new
            pass_.skipped += skipped
            listed_again += again
            cancelled += undecided
            unreadable += [
                self.env._("Page %(page)s: %(reason)s", page=number, reason=reason) for reason in page.unreadable
            ]
            if page.is_last:
                self._remember_page(pass_, 1)
                pass_.retry_on_conflict(lambda told=unreadable: self._note_unreadable(account, told))
                if first == 1:
                    pass_.retry_on_conflict(lambda listed=cancelled: relisting.forget(account, listed))
                return listed_again
            number += 1
            if not pass_.has_time():
                self._remember_page(pass_, number)
                pass_.resume_in = 0
                return None

    @api.model
    def _remember_page(self, pass_, number):
        """Note where a list too long for one pass goes on; 1 is the beginning."""
        if pass_.account.receive_page != number:
            pass_.account.receive_page = number
            pass_.commit()

    @api.model
    def _store(self, account, page):
        """Insert the orders of a page that are ours to take and not known yet.

        :return: how many are new, references of the acknowledged ones that EIM lists again and of those that were
            cancelled since, how many were left in EIM
        """
        carts = self._carts(account, page.items)
        wanted = {}
        for order in page.items:
            if self._is_ours(account, carts.get(order.order_source), order):
                wanted.setdefault(order.cust_ref, order)
        known = {
            order.cust_ref: order
            for order in self.search_fetch(
                [("account_id", "=", account.id), ("cust_ref", "in", list(wanted))],
                ["cust_ref", "acknowledged_at", "state", "sale_order_id"],
            )
        }
        undecided = relisting.keep_apart(self.union(*known.values()), wanted)
        self.create(
            [
                self._prepare_received_vals(account, carts.get(order.order_source), order)
                for cust_ref, order in wanted.items()
                if cust_ref not in known
            ]
        )
        acknowledged = [ref for ref, order in known.items() if order not in undecided and order.acknowledged_at]
        held = self.env["extensiv.error"]._held_keys(account, "orders", acknowledged, "acknowledge")
        again = [cust_ref for cust_ref in acknowledged if cust_ref not in held]
        return len(wanted) - len(known), again, undecided.mapped("cust_ref"), len(page.items) - len(wanted)

    @api.model
    def _note_unreadable(self, account, unreadable):
        """Tell what EIM's list held that is no order, or that there is no such thing any more."""
        Error, key = self.env["extensiv.error"], "list of new orders"
        if not unreadable:
            Error._resolve(account, "orders", [key])
            return
        Error._report(
            account,
            "orders",
            {
                key: {
                    "category": "data",
                    "message": "\n".join(
                        [
                            *unreadable,
                            self.env._(
                                "EIM sends something that is no order; the others are pulled. Tell EIM's support."
                            ),
                        ]
                    ),
                }
            },
        )

    @api.model
    def _is_ours(self, account, cart, order):
        """Held and stopped orders, orders of an archived cart and older ones are left in EIM, untouched."""
        since = account.import_from
        if not since:
            too_old = False
        elif order.created:
            too_old = order.created < since
        else:
            # A cart that sends only the day: that of the first Connect is ours.
            too_old = bool(order.order_date) and order.order_date.date() < since.date()
        return not (order.on_hold or order.sending_canceled or too_old or (cart and not cart.active))

    @api.model
    def _carts(self, account, orders):
        """Return ``{order_source: cart}``; a source met for the first time becomes a cart at once."""
        carts = self.env["extensiv.cart"].with_context(active_test=False)
        sources = sorted({order.order_source for order in orders if order.order_source})
        carts._sync_from_eim(account, [Cart(source, source) for source in sources])
        return {cart.order_source: cart for cart in carts.search([("account_id", "=", account.id)])}

    @api.model
    def _prepare_received_vals(self, account, cart, order):
        """Return the values of an inbox order for ``order``, a ``wire.Order``."""
        return {
            "account_id": account.id,
            "company_id": account.company_id.id,
            "cust_ref": order.cust_ref,
            "cart_id": cart and cart.id,
            "order_number": order.order_number,
            "order_date": order.order_date or order.created,
            "amount_total": float(order.grand_total or 0),
            "currency_code": order.currency,
            "payload": order.payload,
        }

    # -- acknowledge

    @api.model
    def _unacknowledged(self, account, limit, stepped_back=()):
        """Return the orders that EIM still has to be told of, oldest first.

        :param stepped_back: references that this pass tried in vain already
        """
        held = self.env["extensiv.error"]._held_keys(account, "orders", step="acknowledge")
        return self.search_fetch(
            [
                ("account_id", "=", account.id),
                ("acknowledged_at", "=", False),
                ("state", "!=", "cancelled"),
                ("cust_ref", "not in", [*held, *stepped_back]),
            ],
            ["cust_ref"],
            limit=limit,
            order="id",
        )

    @api.model
    def _acknowledge(self, pass_):
        """Tell EIM of the received orders, as far as tokens and time allow; the next pass does the rest.

        :return: whether it stopped for want of a token
        """
        while pass_.has_time():
            ids = {
                order.cust_ref: order.id
                for order in self._unacknowledged(pass_.account, ACKNOWLEDGE_CHUNK, pass_.stepped_back)
            }
            # Nothing is locked, and no snapshot held, while EIM is asked.
            pass_.commit()
            if not ids:
                return False
            done, failures, stop = self._tell_eim(pass_, list(ids))
            pass_.retry_on_conflict(
                lambda ids=ids, done=done, failures=failures: self._note_acknowledged(
                    pass_.account, [ids[ref] for ref in done], failures
                )
            )
            pass_.stepped_back.update(failures)
            pass_.counts["acknowledged"] += len(done)
            pass_.failed += len(failures)
            if isinstance(stop, eim.RateLimited):
                return True
            if stop:
                raise stop
        return False

    @api.model
    def _tell_eim(self, pass_, cust_refs):
        """Acknowledge the orders at EIM, one call each; repeating it is harmless.

        :return: the references done, ``{reference: error}`` of those that failed, and the error that ended it, if any
        """
        done, failures, refusals = [], {}, pass_.refusals
        try:
            for cust_ref in cust_refs:
                if not pass_.has_time():
                    break
                try:
                    refusal = self._acknowledge_one(pass_.client, cust_ref)
                except (eim.RateLimited, eim.CredentialsRefused):
                    raise
                except eim.EimError as error:
                    # It steps back for a while: the next pass must not stop at the same order again.
                    failures[cust_ref] = error
                    raise
                if refusal:
                    failures.update(refusals.refused(cust_ref, refusal, (cust_ref,)))
                else:
                    failures.update(refusals.accepted())
                    done.append(cust_ref)
            failures.update(refusals.finish())
        except eim.EimError as error:
            refusals.drop()  # they are told again
            return done, failures, error
        return done, failures, None

    @api.model
    def _acknowledge_one(self, client, cust_ref):
        """Acknowledge one order, and return EIM's refusal or None.

        :raise eim.EimError: EIM had trouble
        """
        try:
            client.acknowledge(cust_ref)
        except eim.Refused as error:
            return None if self._is_past_new(client, cust_ref) else error
        except eim.Blocked as error:
            return error
        return None

    @api.model
    def _is_past_new(self, client, cust_ref):
        """Whether EIM has the order beyond ``new`` already, so that a refused acknowledgement is none too many."""
        try:
            return client.get_order_status(cust_ref).status not in ("", "new", "error")
        except eim.EimError:
            return False

    @api.model
    def _note_acknowledged(self, account, ids, failures):
        """Write the outcome of acknowledging.

        :param ids: of the orders that EIM took
        :param failures: ``{reference: eim.EimError}``
        """
        done = self.browse(ids)
        done.acknowledged_at = fields.Datetime.now()
        self._note_answers(account, done.mapped("cust_ref"), failures)

    @api.model
    def _note_answers(self, account, done, failures):
        """Close the errors of acknowledgements that EIM took, and open one for each that it did not.

        :param done: references
        :param failures: ``{reference: eim.EimError}``
        """
        Error = self.env["extensiv.error"]
        if done:
            # Dismissed ones, too: what EIM listed again, and took after all, is told again the next time.
            Error._resolve(account, "orders", done, "acknowledge", states=("open", "dismissed"))
        failed = self.search([("account_id", "=", account.id), ("cust_ref", "in", list(failures))])
        Error._report(
            account,
            "orders",
            {
                order.cust_ref: {
                    "message": self.env._("EIM did not take the acknowledgement: %s", failures[order.cust_ref].message),
                    "category": "transient",
                    "process_id": failures[order.cust_ref].process_id,
                    "document": order,
                }
                for order in failed
            },
            "acknowledge",
        )

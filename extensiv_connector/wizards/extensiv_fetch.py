from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..eim import errors as eim
from ..eim.client import MAX_LIMIT
from ..flows.account_choice import check_chosen, explain_missing, find_only
from ..flows.deadline import deadline_of, one_deadline
from ..flows.order_inbox import Inbox
from ..flows.order_preview import preview
from ..flows.runner import BATCH_SECONDS, refresh_snapshot, seconds_until

# An order is looked for by its number among those of the last weeks: EIM only finds by its own reference.
SEARCH_DAYS = 60
MAX_PAGES = 20


class ExtensivFetch(models.TransientModel):
    """Fetch orders from EIM by reference or by dates, or see what one would become."""

    _name = "extensiv.fetch"
    _description = "Fetch EIM Orders"

    account_id = fields.Many2one(
        "extensiv.account",
        domain="[('state', '=', 'connected')]",
        default=lambda self: find_only(self.env),
    )
    missing = fields.Char(compute="_compute_missing", help="Why no account can be chosen.")
    mode = fields.Selection(
        [("reference", "One order"), ("dates", "Orders between two dates")], required=True, default="reference"
    )
    reference = fields.Char("Number or Reference", help="The number the buyer knows, or EIM's reference.")
    date_from = fields.Datetime("From", default=lambda self: fields.Datetime.now() - timedelta(days=1))
    date_to = fields.Datetime("Until", default=fields.Datetime.now)
    preview = fields.Html(readonly=True, sanitize=False)

    @api.depends("account_id")
    def _compute_missing(self):
        for fetch in self:
            fetch.missing = not fetch.account_id and explain_missing(self.env)

    @one_deadline
    def action_fetch(self):
        """Fetch into the inbox and import, like any pulled order."""
        self.ensure_one()
        if known := self._find_here():
            return self._open_here(known)
        orders, refusals = self._ask(self._ask_orders)
        # The schedule may have pulled some of them meanwhile.
        refresh_snapshot(self.env)
        stored = Inbox(self.account_id.sudo()).store_fetched(orders)
        stored.filtered(lambda order: order.state == "received")._import_now()
        stored.invalidate_recordset()
        if not stored:
            raise UserError("\n".join(refusals[:10]) or self._say_nothing_found())
        if refusals:
            self._notify("warning", self.env._("Left at EIM"), "\n".join(refusals[:10]))
        return self._open(stored)

    @one_deadline
    def action_preview(self):
        """Show what one order would become, without receiving or acknowledging it."""
        self.ensure_one()
        if self.mode != "reference":
            raise UserError(self.env._("Give the number of one order."))
        orders, refusals = self._ask(self._ask_orders)
        if not orders:
            raise UserError("\n".join(refusals[:10]) or self._say_nothing_found())
        self.preview = preview(self.account_id, orders[0])
        return self._get_records_action(name=self.env._("Fetch Orders"), target="new")

    def _find_here(self):
        """Return the orders of the inbox that a person asks for by their reference, else by the number of any cart."""
        self.account_id.check_access("read")
        reference = (self.reference or "").strip()
        if self.mode != "reference" or not reference:
            return self.env["extensiv.order"]
        ours = Domain("account_id", "=", self.account_id.id)
        Order = self.env["extensiv.order"]
        return Order.search(ours & Domain("cust_ref", "=", reference)) or Order.search(
            ours & Domain("order_number", "=", reference)
        )

    def _open_here(self, orders):
        """Open orders that are here already, whatever became of them; those that were not imported yet are, first."""
        if self.account_id.sudo().state == "connected":
            orders.filtered(lambda order: order.state == "received").sudo()._import_now()
            orders.invalidate_recordset()
        if len(orders) > 1:
            title = self.env._("%s orders have this number", len(orders))
        else:
            title = self.env._("%s is here already", orders.order_number)
        self._notify(
            "info",
            title,
            self.env._("Another one with this number, of another cart, is fetched by EIM's reference."),
        )
        return self._open(orders)

    def _open(self, orders):
        """Open one order, or the list of several, as cards on a phone."""
        views = [(False, kind) for kind in (("list", "kanban", "form") if len(orders) > 1 else ("form",))]
        return orders._get_records_action(name=self.env._("Fetched Orders"), views=views, mobile_view_mode="kanban")

    def _notify(self, kind, title, message):
        """Show a message beside what is opened."""
        self.env["bus.bus"]._sendone(
            self.env.user.partner_id, "simple_notification", {"type": kind, "title": title, "message": message}
        )

    def _ask(self, question):
        check_chosen(self.account_id)
        self.account_id.check_access("read")
        account = self.account_id.sudo()
        if account.state != "connected":
            raise UserError(self.env._("%s is not connected.", account.name))
        if self.mode == "reference" and not (self.reference or "").strip():
            raise UserError(self.env._("Enter a number or a reference."))
        if self.mode == "dates":
            self._check_dates()
        with account._asking_eim() as client:
            return question(client)

    def _check_dates(self):
        """:raise UserError: a date is missing, or they are the wrong way round"""
        if not (self.date_from and self.date_to):
            raise UserError(self.env._("Enter both dates: from when, and until when."))
        if self.date_from >= self.date_to:
            raise UserError(self.env._("Enter a moment under Until that is after the one under From."))

    def _say_nothing_found(self):
        if self.mode == "dates":
            return self.env._("EIM has no orders in these dates.")
        return self.env._(
            "EIM has no such order. By the number the buyer knows, only %(orders)s orders of the last %(days)s days "
            "are searched; EIM's reference finds any.",
            days=SEARCH_DAYS,
            orders=MAX_PAGES * MAX_LIMIT,
        )

    def _archived_sources(self):
        """Return the order sources whose orders stay in EIM, untouched."""
        return set(
            self.env["extensiv.cart"]
            .search([("account_id", "=", self.account_id.id), ("active", "=", False)])
            .mapped("order_source")
        )

    def _why_not(self, order, archived):
        """Return why an order is left at EIM although a person asks for it, or None.

        :param archived: the order sources of archived carts
        """
        reasons = {
            "canceled": self.env._("it is cancelled"),
            "shipped": self.env._("EIM has its shipment already"),
            "confirmed": self.env._("EIM has its shipment already"),
        }
        if order.on_hold:
            return self.env._("it is on hold at EIM; release it there")
        if order.sending_canceled:
            return self.env._("its sending was stopped at EIM; resume it there")
        if order.order_source in archived:
            return self.env._("its cart %s is archived; unarchive it first", order.order_source)
        return reasons.get(order.status)

    def _ask_orders(self, client):
        """Ask EIM.

        :return: the orders that may be fetched, and sentences on those that may not
        """
        orders = []
        refusals = []
        if self.mode == "dates":
            found = list(self._ask_pages(client, self.date_from, self.date_to, refusals))
        else:
            found = self._ask_reference(client, self.reference.strip(), refusals)
        archived = self._archived_sources()
        here = self._find_listed_here(found)
        for order in found:
            # What is here is shown, whatever EIM says of it: nothing has to be taken.
            reason = order.cust_ref not in here and self._why_not(order, archived)
            if reason:
                refusals.append(
                    self.env._("%(order)s is left at EIM: %(reason)s.", order=order.order_number, reason=reason)
                )
            else:
                orders.append(order)
        return orders, refusals

    def _find_listed_here(self, found):
        """Return the references of those of ``found``, orders between two dates, that are in the inbox."""
        if self.mode != "dates":
            return set()
        here = self.env["extensiv.order"].search_fetch(
            [("account_id", "=", self.account_id.id), ("cust_ref", "in", [order.cust_ref for order in found])],
            ["cust_ref"],
        )
        return set(here.mapped("cust_ref"))

    def _ask_reference(self, client, reference, told=None):
        """Return the order that ``reference`` names, in a list.

        :param told: list that gets a sentence where there was no time to look through all
        """
        known = self.env["extensiv.order"].search(
            [("account_id", "=", self.account_id.id), ("order_number", "=", reference)], limit=1
        )
        for cust_ref in dict.fromkeys([known.cust_ref or reference, reference]):
            try:
                return [client.get_order(cust_ref)]
            except (
                eim.Refused,
                eim.Blocked,
                eim.Unreadable,
                ValueError,
            ):  # ValueError: no reference of EIM's can read so
                continue
        until = fields.Datetime.now() + timedelta(days=1)
        rest = []
        for order in self._ask_pages(client, until - timedelta(days=SEARCH_DAYS), until, rest):
            if order.order_number == reference:
                return [order]
        if rest and told is not None:
            told.append(
                self.env._(
                    "Among as many orders of the last %(days)s days as there was time to look through, none has this "
                    "number. Enter EIM's reference, which finds any, or fetch orders between two dates.",
                    days=SEARCH_DAYS,
                )
            )
        return []

    def _ask_pages(self, client, date_from, date_to, told):
        """Yield the orders between two dates, as many as a request has time for.

        :param told: list that gets a sentence where that was not all
        """
        count = 0
        deadline = deadline_of(self.env).last_call_at
        for number in range(1, MAX_PAGES + 1):
            page = client.list_orders("any", page=number, from_date=date_from, to_date=date_to)
            yield from page.items
            count += len(page.items)
            if page.is_last:
                return
            if seconds_until(deadline) < BATCH_SECONDS:  # what was read is imported, too
                break
        told.append(
            self.env._("Only the first %s orders in these dates were read. Choose shorter ones for the rest.", count)
        )

from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.quiet import quiet
from ..flows.runner import FlowRun, new_deadline, release_locks


class ExtensivOrder(models.Model):
    """Orders that a person asks for: fetched by hand, fetched again, shown as they would become."""

    _inherit = "extensiv.order"

    @api.model
    def _store_fetched(self, account, orders):
        """Put orders that a person asked for into the inbox; known ones stay as they are.

        :param orders: ``wire.Order`` objects
        :return: the inbox orders, new and known
        """
        carts = self._carts(account, orders)
        wanted = {order.cust_ref: order for order in orders}
        known = self.search([("account_id", "=", account.id), ("cust_ref", "in", list(wanted))])
        now = fields.Datetime.now()
        created = self.create(
            [
                {
                    **self._prepare_received_vals(account, carts.get(order.order_source), order),
                    # Beyond ``new`` EIM was told already, by whomever.
                    "acknowledged_at": now if order.status not in ("", "new") else False,
                }
                for order in wanted.values()
                if order.cust_ref not in set(known.mapped("cust_ref"))
            ]
        )
        return known + created

    @api.model
    def _preview(self, account, order):
        """Return as HTML what ``order``, a ``wire.Order``, would become. Nothing of it is kept.

        It is received and imported by the very same code, in a transaction that is rolled back.
        """
        release_locks(self.env)
        with FlowRun.open(account, new_deadline()) as pass_:
            Inbox = pass_.env["extensiv.order"]
            known = Inbox.search([("account_id", "=", account.id), ("cust_ref", "=", order.cust_ref)])
            if known.sale_order_id:
                html = Markup("<p>%s</p>") % pass_.env._(
                    "This order was imported already, as %s.", known.sale_order_id.name
                )
            else:
                record = known or Inbox._store_fetched(pass_.account, [order])
                record.write({"payload": order.payload, "state": "received"})
                # Whatever the account says: nothing of it happens, so nobody is told of it.
                quiet(record)._import_batch()
                html = pass_.env["ir.qweb"]._render(
                    "extensiv_connector.order_preview", {"record": record, "sale": record.sale_order_id}
                )
            pass_.env.cr.rollback()
        return html

    def action_fetch_again(self):
        """Read the order from EIM again and import it, where its sale order is gone or was never made.

        :raise UserError: where the buyer cancelled it, or EIM no longer has the buyer's data
        """
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        if self.sale_order_id:
            raise UserError(self.env._("This order has its sale order: %s.", self.sale_order_id.name))
        if self.state == "cancelled":
            raise UserError(self.env._("The buyer cancelled order %s; it is not imported.", self.order_number))
        self.sudo()._fetch_payload()
        return self.action_import()

    def _fetch_payload(self):
        """Read the order from EIM again, in place of what was received."""
        self.ensure_one()
        with self.account_id._asking_eim() as client:
            order = client.get_order(self.cust_ref)
        self._replace_payload(order)

    def _replace_payload(self, order):
        """Take ``order``, a ``wire.Order`` just fetched, in place of what was received.

        :raise UserError: where its personal data are gone
        """
        if self._is_redacted(order):
            raise UserError(
                self.env._(
                    "EIM has removed the buyer's personal data of order %s. It can only be entered by hand.",
                    self.order_number,
                )
            )
        self._take_payload(order)

    @api.model
    def _is_redacted(self, order):
        """Whether EIM has removed the buyer's personal data of ``order``, a ``wire.Order``."""
        return order.billing.is_redacted or bool(order.delivery and order.delivery.is_redacted)

    def _take_payload(self, order):
        """Keep ``order``, a ``wire.Order``, as what was received."""
        self.write(
            {
                name: value
                for name, value in self._prepare_received_vals(self.account_id, self.cart_id, order).items()
                if name in ("payload", "amount_total", "currency_code", "order_date")
            }
        )

    @api.autovacuum
    def _gc_payloads(self):
        """Empty what was received of orders that are done with, after as many days as the account says."""
        limit, emptied = 1000, 0
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
            orders.payload = False
            emptied += len(orders)
        return emptied, emptied >= limit

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import retention
from ..flows.deadline import one_deadline
from ..flows.languages import translated
from ..flows.spreadsheet import quote_export


class ExtensivAlert(models.Model):
    """An alert of EIM's own: trouble between EIM and a cart. Read-only here; it is mended at EIM."""

    _name = "extensiv.alert"
    _description = "EIM Alert"
    _order = "date desc, id desc"
    _rec_name = "subject"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id", store=True, precompute=True)
    remote_id = fields.Char("EIM ID", required=True, readonly=True)
    date = fields.Datetime(readonly=True, help="When EIM raised it.")
    order_source = fields.Char("Cart", readonly=True)
    subject = fields.Char(readonly=True)
    message = fields.Text(readonly=True)
    cust_ref = fields.Char("EIM Reference", readonly=True, help="The order it is about, if any.")
    state = fields.Selection(
        [("active", "Active"), ("closed", "Closed")],
        default="active",
        required=True,
        readonly=True,
        index=True,
        help="Closed: EIM no longer lists it.",
    )
    is_order = fields.Boolean(
        "Order in Error",
        readonly=True,
        help="EIM's list of alerts does not answer; an order that EIM holds in its error state stands here instead.",
    )

    _remote_id_unique = models.Constraint("UNIQUE(account_id, remote_id)", "This alert is listed already.")

    def export_data(self, fields_to_export):
        """Quote what others wrote that begins like a formula."""
        return quote_export(super().export_data(fields_to_export))

    # -- what a pass writes

    @api.model
    def _sync_from_eim(self, account, alerts, orders_only=False):
        """Write what EIM lists.

        :param alerts: ``eim.wire.Alert`` objects, all that are active
        :param orders_only: they are the orders in error, of which nothing follows for alerts known from before
        :return: how many are new (or active again), how many were closed
        """
        known = {
            alert.remote_id: alert
            for alert in self.search(
                [
                    ("account_id", "=", account.id),
                    "|",
                    ("state", "=", "active"),
                    ("remote_id", "in", [alert.remote_id for alert in alerts]),
                ]
            )
        }
        listed = {alert.remote_id: self._prepare_vals(account, alert) for alert in alerts}
        new = [vals for remote_id, vals in listed.items() if remote_id not in known]
        revived = 0
        for remote_id, alert in known.items():
            if remote_id in listed:
                revived += alert.state == "closed"
                changed = {
                    name: value
                    for name, value in listed[remote_id].items()
                    if name != "account_id" and alert[name] != value
                }
                if changed:
                    alert.write(changed)
        gone = self.union(
            *(
                alert
                for remote_id, alert in known.items()
                if remote_id not in listed and alert.state == "active" and (alert.is_order or not orders_only)
            )
        )
        gone.write({"state": "closed"})
        self.create(new)
        return len(new) + revived, len(gone)

    @api.model
    def _prepare_vals(self, account, alert):
        """Return the values for ``alert``, a ``wire.Alert``."""
        return {
            "account_id": account.id,
            "remote_id": alert.remote_id,
            "date": alert.date or False,
            "order_source": alert.order_source or False,
            "subject": translated(self.env, alert.subject)
            or alert.message[:80]
            or self.env._("Alert %s", alert.remote_id),
            "message": alert.message or False,
            "cust_ref": alert.cust_ref or False,
            "is_order": alert.remote_id.startswith("order/"),
            "state": "active",
        }

    @api.autovacuum
    def _gc_messages(self):
        """Empty what alerts said that were closed long ago: EIM's words may name buyers."""
        limit = 10_000
        old = retention.get_oldest(self.env, "messages")
        alerts = self.search(
            [("state", "=", "closed"), ("write_date", "<", old), ("subject", "!=", False)], limit=limit
        )
        alerts.write({"subject": False, "message": False})
        return len(alerts), len(alerts) == limit

    # -- actions

    def action_open_at_eim(self):
        """Open EIM's page of alerts in a new tab; where its path is unknown, the front page."""
        self.ensure_one()
        self.check_access("read")
        return self.account_id._open_at_eim("alerts")

    def action_open_details(self):
        """Open the alert's own form."""
        return self._get_records_action()

    def action_open_order(self):
        """Open the order that the alert is about.

        :raise UserError: when it was never received here
        """
        self.ensure_one()
        order = self.env["extensiv.order"].search(
            [("account_id", "=", self.account_id.id), ("cust_ref", "=", self.cust_ref)], limit=1
        )
        if not order:
            raise UserError(self.env._("Order %s was not received here; it is held at EIM.", self.cust_ref))
        return order._get_records_action()

    @one_deadline
    def action_dismiss_at_eim(self):
        """Ask EIM to dismiss the alerts, and close them here.

        :raise UserError: in EIM's words when it refuses, or has no alert of its own to dismiss
        """
        self.env["extensiv.account"]._check_manager()
        self.check_access("read")
        alerts = self.sudo().filtered(lambda alert: alert.state == "active")
        if alerts.filtered("is_order"):
            raise UserError(
                self.env._(
                    "This is an order that EIM holds in its error state, not an alert: mend the order at EIM, and it "
                    "leaves this list by itself."
                )
            )
        by_account = alerts.grouped("account_id")
        answers, problems = alerts.account_id._ask_each(
            lambda client, account: client.dismiss_alerts(by_account[account].mapped("remote_id"))
        )
        for account in answers:
            by_account[account].write({"state": "closed"})
        if not problems:
            return True
        closed = alerts.filtered(lambda alert: alert.state == "closed")
        message = self.env._("%(done)s of %(all)s alerts dismissed.", done=len(closed), all=len(alerts))
        return self.env["extensiv.account"]._notify_asked(self.env._("Alerts"), message, problems)

from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools.misc import format_datetime

from ..flows import label_of
from .extensiv_account import ACTIVITY

RECORDING_MINUTES = 60


class ExtensivAccount(models.Model):
    """Who is told when something needs a person, and of what: silence included."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # who is told of what

    # -- the activity

    def _remind_responsible(self):
        """Keep one activity an account while anything needs a person, and none while nothing does."""
        for account in self:
            open_errors = dict(
                self.env["extensiv.error"]._read_group(
                    [("account_id", "=", account.id), ("state", "=", "open"), ("category", "!=", "transient")],
                    ["flow"],
                    ["__count"],
                )
            )
            activity = account.activity_search([ACTIVITY])
            person = account._get_notified_user()
            if not open_errors or not person:
                activity.unlink()
                continue
            to_person = account.with_context(lang=person.lang)
            summary = to_person.env._(
                "Errors waiting for you: %(count)s (%(flows)s)",
                count=sum(open_errors.values()),
                flows=", ".join(f"{label_of(to_person.env, flow)} {count}" for flow, count in open_errors.items()),
            )
            if not activity:
                account.activity_schedule(
                    ACTIVITY,
                    user_id=person.id,
                    summary=summary,
                    note=to_person.env._(
                        "Open the account's errors: each says what to do. This goes by itself when none is left."
                    ),
                )
            elif activity[0].summary != summary:
                activity[0].summary = summary

    def _get_notified_user(self):
        """Return the responsible user, if they can see the account."""
        person = self.responsible_id
        can_see = (
            person.active
            and person.has_group("extensiv_connector.group_user")
            and self.company_id in person.company_ids
        )
        return person if can_see else person.browse()

    @api.model
    def _commit_in_cron(self):
        """Keep what was done for one account, whatever happens with the next."""
        if self.env.context.get("ir_cron_progress_id"):
            self.env["ir.cron"]._commit_progress(1)

    # -- silence

    @api.model
    def _cron_monitor(self):
        """Tell of flows that are switched on and do nothing, every hour."""
        for account in self.sudo().search([("state", "=", "connected")]):
            account.with_company(account.company_id)._monitor()
            self._commit_in_cron()

    def _monitor(self):
        """Report the flows of this account that are silent, or whose schedule is off; resolve what is no longer so."""
        self.ensure_one()
        Error = self.env["extensiv.error"]
        now = fields.Datetime.now()
        for flow in self._get_flow_health()[self]:
            since = max(filter(None, (flow["good"].started_at, self.watched_since, self.create_date)))
            silent = self.silence_hours and now - since > timedelta(hours=self.silence_hours)
            messages = {
                "schedule": flow["wanted"] and not flow["on"] and self._message_off(flow),
                "silence": flow["wanted"] and flow["on"] and silent and self._message_silent(flow),
            }
            for step, message in messages.items():
                key = flow["flow"]
                if not message:
                    Error._resolve(self, "connection", [key], step)
                elif not Error.search_count(
                    Error._domain(self, "connection", [key], step)
                    & Domain([("state", "=", "dismissed"), ("create_date", ">=", since)]),
                    limit=1,
                ):
                    failure = {"message": message, "category": "settings", "document": self}
                    Error._report(self, "connection", {key: failure}, step)
        self._remind_responsible()

    def _message_off(self, flow):
        return self.env._(
            "%(flow)s is switched on, but its schedule does not run: %(reason)s. Press Switch the Schedule On, or open "
            "Settings, Technical, Scheduled Actions.",
            flow=flow["name"],
            reason=flow["off_reason"].lower(),
        )

    def _message_silent(self, flow):
        last = flow["good"]
        told = self.env._("%(flow)s had no good pass for %(hours)s hours.", flow=flow["name"], hours=self.silence_hours)
        if last:
            told += " " + self.env._("The last one was at %s.", format_datetime(self.env, last.started_at))
        return (
            told
            + " "
            + self.env._(
                "Run the Diagnosis of the account; if the server was down or its scheduled actions do not "
                "run, ask whoever "
                "runs it."
            )
        )

    # -- the daily mail

    @api.model
    def _cron_daily_mail(self):
        """Send the daily mails that are due."""
        for account in self.sudo().search([("daily_mail", "=", True), ("state", "!=", "draft")]):
            account.with_company(account.company_id)._send_daily_mail()
            self._commit_in_cron()

    def _send_daily_mail(self):
        """Send what waits for a person, in numbers and without anybody's data; nothing where nothing waits.

        :return: the mail, perhaps empty
        """
        self.ensure_one()
        person = self._get_notified_user()
        errors, needs_person = self._count_errors().get(self, (0, 0))
        waiting = self._count_orders_waiting().get(self, 0)
        if not person.email or not (errors or waiting or self.alert_count):
            return self.env["mail.mail"]
        to_person = self.with_context(lang=person.lang)
        body = to_person.env["ir.qweb"]._render(
            "extensiv_connector.daily_mail",
            {
                "account": to_person,
                "errors": errors,
                "needs_person": needs_person,
                "waiting": waiting,
                "url": f"{self.get_base_url()}/odoo/action-extensiv_connector.extensiv_error_action",
                "messages": self.env["extensiv.error"].search(
                    [("account_id", "=", self.id), ("state", "=", "open"), ("category", "!=", "transient")], limit=10
                ),
            },
        )
        return self.env["mail.mail"].create(
            {
                "subject": to_person.env._("%(account)s: %(count)s errors open", account=self.name, count=errors),
                "body_html": body,
                "recipient_ids": person.partner_id.ids,
                "auto_delete": True,
            }
        )

    # -- recording

    def _is_recording(self):
        return bool(self.record_until) and self.record_until > fields.Datetime.now()

    def action_record_calls(self):
        """Keep the bodies of calls in the log for an hour, or stop keeping them."""
        self._check_manager()
        for account in self:
            account.record_until = (
                False if account._is_recording() else (fields.Datetime.now() + timedelta(minutes=RECORDING_MINUTES))
            )

from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools.misc import format_datetime

from ..flows import label_of, todo
from ..flows.database_identity import explain_differences, find_differences, read_identity
from ..flows.deadline import one_deadline
from .extensiv_account import ACTIVITY, WHICH_DATABASE

RECORDING_MINUTES = 60


class ExtensivAccount(models.Model):
    """Who is told when something needs a person, and of what: silence, and another database than was connected."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # who is told of what

    other_database = fields.Text(compute="_compute_other_database")

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
            since = max(filter(None, (flow["good"].last_at, self.watched_since, self.create_date)))
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
        told = self.env._("%(flow)s had no good run for %(hours)s hours.", flow=flow["name"], hours=self.silence_hours)
        if last:
            told += " " + self.env._("The last one was at %s.", format_datetime(self.env, last.last_at))
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
        held = self._count_held().get(self, 0)
        if not person.email or not (errors or waiting or held or self.alert_count):
            return self.env["mail.mail"]
        to_person = self.with_context(lang=person.lang)
        body = to_person.env["ir.qweb"]._render(
            "extensiv_connector.daily_mail",
            {
                "account": to_person,
                "errors": errors,
                "needs_person": needs_person,
                "waiting": waiting,
                "held": held,
                "todo": todo.count(self)[self.id]["all"],
                "todo_url": f"{self.get_base_url()}/odoo/action-extensiv_connector.extensiv_order_todo_action",
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

    # -- copies of the database

    @api.depends("live_database", "is_known_copy", "state")
    @api.depends_context("lang")
    def _compute_other_database(self):
        """Ask what this database is, until a manager has said so."""
        this = self._this_database()
        for account in self:
            asked = account.sudo().live_database and not account.is_known_copy
            differs = asked and find_differences(account.sudo().live_database, this)
            account.other_database = account._message_other_database(this) if differs else False

    @api.model
    def _this_database(self):
        """Return the identity of this database, see ``flows.database_identity``."""
        return read_identity(self.env)

    def _is_copy(self):
        """Whether the account went live in another database than this one."""
        known = self.sudo().live_database
        return bool(known) and bool(find_differences(known, self._this_database()))

    def _check_is_no_copy(self):
        """Refuse to ask EIM from a database that is not the one that was connected.

        :raise UserError: this is one
        """
        if self._is_copy():
            raise UserError(self._message_copy())

    def _message_copy(self):
        if self.is_known_copy:
            return self.env._(
                "This database is a copy of the one that was connected, so EIM is not asked. Press Connect only if "
                "this one is to take over."
            )
        return self.env._(
            "This database looks like a copy of the one that was connected, or like a restored backup, so EIM is not "
            "asked. A manager says which on the account: This Is a Copy, or This One Goes On."
        )

    def _message_other_database(self, this):
        """Return what a person is told of a database that is not the one that was connected.

        :param this: the identity of this one
        """
        return self.env._(
            "This is not the database that was connected: %(differences)s. So nothing is pulled or pushed. Is it a "
            "copy, for tests for example? Press This Is a Copy: it then stays silent. Was a backup restored, or did "
            "Odoo move to another server? Press This One Goes On, and make sure that the other one does not.",
            differences=explain_differences(self.env, self.sudo().live_database, this),
        )

    def _recognise_database(self):
        """Return whether this is the database in which the account went live; in another one it stops, and says so.

        What was not known of the database yet is noted.
        """
        account = self.sudo()
        this = self._this_database()
        known = account.live_database or {}
        if find_differences(known, this):
            self._stop_in_other_database(this)
            return False
        if this.keys() - known.keys():
            account.live_database = {**this, **known}
        return True

    def _stop_in_other_database(self, this):
        """Stop until a manager says what this database is, and ask for it: once, by activity and by mail."""
        if self.state == "draft":
            return  # the pass of another flow was quicker
        message = self._message_other_database(this)
        self.write({"state": "draft", "state_message": message, "is_known_copy": False})
        template = self.env.ref("extensiv_connector.mail_template_other_database", raise_if_not_found=False)
        for person in self._get_people_to_ask():
            to_person = self.with_context(lang=person.lang)
            # Odoo's own mail about an activity would be a second one.
            self.with_context(mail_activity_quick_update=True).activity_schedule(
                WHICH_DATABASE,
                user_id=person.id,
                summary=to_person.env._("A copy, or a restored backup?"),
                note=to_person._message_other_database(this),
            )
            if template and person.email:
                template.with_context(lang=person.lang).send_mail(
                    self.id, email_values={"recipient_ids": person.partner_id.ids}
                )

    def _get_people_to_ask(self):
        """Return the responsible person, or where there is none, the managers of the account's company."""
        managers = self.env["res.users"].search(
            [
                ("all_group_ids", "in", self.env.ref("extensiv_connector.group_manager").ids),
                ("company_ids", "in", self.company_id.ids),
                ("share", "=", False),
            ]
        )
        return self._get_notified_user() or managers

    def action_is_copy(self):
        """Say that this database is a copy: it stays silent, and asks no more."""
        self._check_manager()
        self._check_other_database()
        self.write(
            {
                "state": "draft",
                "is_known_copy": True,
                "state_message": self.env._(
                    "%(user)s said that this database is a copy. Nothing is pulled or pushed.", user=self.env.user.name
                ),
            }
        )
        self.sudo().activity_unlink([WHICH_DATABASE])
        return True

    @one_deadline
    def action_goes_on(self):
        """Say that this database goes on in place of the one that was connected: a backup was restored, or it moved."""
        self._check_manager()
        self._check_other_database()
        return self.action_connect()

    def _check_other_database(self):
        """
        :raise UserError: an account went live in this very database
        """
        for account in self:
            account.check_access("write")
            if not account._is_copy():
                raise UserError(self.env._("%s was connected in this very database.", account.name))

    def _take_over(self):
        """Let this database be the one in which the account is live."""
        account = self.sudo()
        was_other = self._is_copy()
        account.write({"live_database": self._this_database(), "is_known_copy": False})
        account.activity_unlink([WHICH_DATABASE])
        if was_other:
            account._after_taking_over()
        if account.push_all_first:
            account._report_push_all_first()

    def _after_taking_over(self):
        """Begin to find out what the database that went on before this one did since.

        Its stock levels are newer than what is known here: none is pushed until a person presses Push All.
        """
        self.push_all_first = True
        self._message_log(body=self.env._("%s lets this database go on.", self.env.user.name))

    def _report_push_all_first(self):
        failure = {"message": self._message_push_all_first(), "category": "settings", "document": self}
        self.env["extensiv.error"]._report(self, "connection", {"inventory": failure}, "levels")

    def _message_push_all_first(self):
        return self.env._(
            "This database goes on in place of another, so its stock may be old, and no level is pushed. Look whether "
            "the quantities in Odoo are right, then press Push All."
        )

import json
from collections import Counter
from datetime import timedelta

from babel.dates import format_timedelta

from odoo import api, fields, models
from odoo.tools.misc import babel_locale_parse, format_date, format_datetime

from ..flows import SCHEDULED, SWITCHED, headline, label_of, progress, schedule, todo, untold
from ..flows.eim_pages import page_url

CHART_DAYS = 14
SHOWN_CARTS = 12


class ExtensivAccount(models.Model):
    """Whether all is well with an account: what its form and the dashboard show at a glance."""

    _inherit = "extensiv.account"  # pylint: disable=consider-merging-classes-inherited  # what people see

    order_count = fields.Integer(compute="_compute_counts")
    failed_order_count = fields.Integer("Failed Orders", compute="_compute_counts")
    error_count = fields.Integer("Open Errors", compute="_compute_counts")
    orders_run_id = fields.Many2one("extensiv.run", "Last Order Run", compute="_compute_last_runs")
    orders_run_state = fields.Selection(
        lambda self: self.env["extensiv.run"]._fields["state"]._description_selection(self.env),
        "Order Run",
        compute="_compute_last_runs",
    )
    orders_run_message = fields.Char("Order Run Result", compute="_compute_last_runs")
    inventory_run_state = fields.Selection(
        lambda self: self.env["extensiv.run"]._fields["state"]._description_selection(self.env),
        "Stock Run",
        compute="_compute_last_runs",
    )
    inventory_run_message = fields.Char("Stock Run Result", compute="_compute_last_runs")
    shipments_run_state = fields.Selection(
        lambda self: self.env["extensiv.run"]._fields["state"]._description_selection(self.env),
        "Shipment Run",
        compute="_compute_last_runs",
    )
    shipments_run_message = fields.Char("Shipment Run Result", compute="_compute_last_runs")
    left_order_count = fields.Integer(
        "Older Orders Left at EIM",
        compute="_compute_left_order_count",
        help="New at EIM, and on hold or from before orders are imported. Choose from the list which to import.",
    )
    untold_hours = fields.Integer(
        "Told Within",
        default=24,
        help="Orders that left longer ago, and of which EIM was not told, are counted on the dashboard. Those of which "
        "something is still to leave are not.",
    )
    alert_ids = fields.One2many("extensiv.alert", "account_id", "Alerts")
    alert_count = fields.Integer("Active Alerts", compute="_compute_alert_count")
    flow_table = fields.Html("Flows", compute="_compute_flow_table", sanitize=False)
    dashboard = fields.Text(compute="_compute_dashboard")
    dashboard_graph = fields.Text(compute="_compute_dashboard_graph")

    # -- flows

    def _compute_last_runs(self):
        last = self.env["extensiv.run"]._last_of_each_flow(self)
        for account in self:
            for flow in SWITCHED:
                run = last.get((account.id, flow), self.env["extensiv.run"])
                account[f"{flow}_run_state"] = run.state
                account[f"{flow}_run_message"] = run.message
            account.orders_run_id = last.get((account.id, "orders"), self.env["extensiv.run"])

    def _get_flow_health(self):
        """Return for each account what there is to know of its flows.

        :return: ``{account: [{"flow", "name", "wanted", "on", "off_reason", "good", "bad", "next_due"}]}``; ``good``
            and ``bad`` are the newest runs that ended well and badly, ``next_due`` a moment (UTC)
        """
        runs = self.env["extensiv.run"].sudo()._last_good_and_bad(self)
        none = self.env["extensiv.run"].sudo()
        schedules = {
            flow: (cron, self._next_due(cron))
            for flow in SCHEDULED
            if (cron := schedule.cron_of(self.env, flow).sudo())
        }
        health = {}
        for account in self:
            health[account] = flows = []
            for flow, (cron, next_due) in schedules.items():
                wanted = all(account[switch] for switch in SCHEDULED[flow].switches)
                reason = account._why_off(wanted, cron)
                good, bad = runs.get((account.id, flow), (none, none))
                flows.append(
                    {
                        "flow": flow,
                        "name": label_of(self.env, flow),
                        "wanted": wanted,
                        "on": not reason,
                        "off_reason": reason,
                        "good": good,
                        "bad": bad,
                        "next_due": next_due if not reason else None,
                    }
                )
        return health

    def _why_off(self, wanted, cron):
        """Return in words why a schedule does not run for this account, or an empty text."""
        if self.state != "connected":
            return self.env._("Not connected")
        if not wanted:
            return self.env._("Switched off")
        return "" if cron.active else self.env._("Its scheduled action is off")

    @api.model
    def _next_due(self, cron):
        """Return when the scheduled action runs next: by its interval, or earlier by a trigger."""
        trigger = self.env["ir.cron.trigger"].sudo().search([("cron_id", "=", cron.id)], order="call_at", limit=1)
        return min(filter(None, (cron.nextcall, trigger.call_at)))

    def _compute_flow_table(self):
        health = self._get_flow_health()
        for account in self:
            account.flow_table = self.env["ir.qweb"]._render(
                "extensiv_connector.flow_table",
                {
                    "flows": health.get(account, []),
                    "at": lambda moment: format_datetime(self.env, moment, dt_format="medium"),
                    "ago": self._ago,
                },
            )

    def _ago(self, moment):
        """Return how long ago (or in how long) in the person's language."""
        locale = babel_locale_parse(self.env.lang or self.env.user.lang or "en_US")
        return format_timedelta(moment - fields.Datetime.now(), add_direction=True, locale=locale)

    # -- counts

    def _compute_counts(self):
        states = {
            (account, state): count
            for account, state, count in self.env["extensiv.order"]._read_group(
                [("account_id", "in", self.ids)], ["account_id", "state"], ["__count"]
            )
        }
        errors = dict(
            self.env["extensiv.error"]._read_group(
                [("account_id", "in", self.ids), ("state", "=", "open")], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.order_count = sum(count for (of, _state), count in states.items() if of == account)
            account.failed_order_count = states.get((account, "failed"), 0)
            account.error_count = errors.get(account, 0)

    def _compute_left_order_count(self):
        counts = dict(
            self.env["extensiv.unknown.order"]._read_group(
                [("account_id", "in", self.ids), ("state", "in", ("old", "on_hold"))], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.left_order_count = counts.get(account, 0)

    def _compute_alert_count(self):
        counts = dict(
            self.env["extensiv.alert"]._read_group(
                [("account_id", "in", self.ids), ("state", "=", "active")], ["account_id"], ["__count"]
            )
        )
        for account in self:
            account.alert_count = counts.get(account, 0)

    def _count_orders_waiting(self):
        """Return ``{account: orders in the inbox that have no sale order yet}``."""
        return dict(
            self.env["extensiv.order"]._read_group(
                [("account_id", "in", self.ids), ("state", "in", ("received", "failed"))], ["account_id"], ["__count"]
            )
        )

    def _count_held(self):
        """Return ``{account: orders that were imported and stay quotations until somebody decides}``."""
        return dict(
            self.env["sale.order"]
            .sudo()
            ._read_group(
                [("extensiv_account_id", "in", self.ids), ("extensiv_is_held", "=", True)],
                ["extensiv_account_id"],
                ["__count"],
            )
        )

    def _count_orders_by_day(self):
        """Return ``{account: {date: orders received}}`` of the last days, in the person's time zone."""
        first = fields.Date.context_today(self) - timedelta(days=CHART_DAYS)
        days = {}
        for account, day, count in self.env["extensiv.order"]._read_group(
            [("account_id", "in", self.ids), ("create_date", ">=", first)],
            ["account_id", "create_date:day"],
            ["__count"],
        ):
            days.setdefault(account, {})[day.date()] = count
        return days

    def _count_levels_waiting(self):
        """Return ``{account: levels that EIM did not accept yet or refused, or that wait for a person}``, as the last
        push found them.
        """
        counts = Counter()
        for location, count in self.env["extensiv.stock.level"]._read_group(
            [
                ("location_id.account_id", "in", self.ids),
                ("location_id.push_enabled", "=", True),
                ("state", "in", ["held", "waiting", "refused"]),
            ],
            ["location_id"],
            ["__count"],
        ):
            counts[location.account_id] += count
        return counts

    def _count_shipments_waiting(self):
        """Return ``{account: shipped orders that EIM was not told of}``."""
        return dict(
            self.env["sale.order"]
            .sudo()
            ._read_group(
                [
                    ("extensiv_account_id", "in", self.ids),
                    ("extensiv_shipment_state", "in", ("ready", "sending", "failed")),
                ],
                ["extensiv_account_id"],
                ["__count"],
            )
        )

    def _count_late(self):
        """Return ``{account: orders that left so long ago that EIM should have been told of them}``."""
        Untold = self.env["extensiv.untold"]
        domain = fields.Domain.OR(untold.get_late_domain(account) for account in self)
        return dict(Untold._read_group(domain, ["account_id"], ["__count"]))

    def _count_errors(self):
        """Return ``{account: (open errors, those that wait for a person)}``."""
        counts = {}
        for account, category, count in self.env["extensiv.error"]._read_group(
            [("account_id", "in", self.ids), ("state", "=", "open")],
            ["account_id", "category"],
            ["__count"],
        ):
            every, person = counts.get(account, (0, 0))
            counts[account] = (every + count, person + (category != "transient") * count)
        return counts

    # -- dashboard

    def _compute_dashboard(self):
        health = self._get_flow_health()
        errors = self._count_errors()
        days = self._count_orders_by_day()
        waiting = self._count_orders_waiting()
        levels = self._count_levels_waiting()
        shipments = self._count_shipments_waiting()
        held = self._count_held()
        todo_counts = todo.count(self)
        late = self._count_late()
        leftovers = headline.find_leftovers(self)
        today = fields.Date.context_today(self)
        for account in self:
            flows = health.get(account, [])
            shown = {
                "today": days.get(account, {}).get(today, 0),
                "waiting": waiting.get(account, 0),
                "levels": levels.get(account, 0),
                "shipments": shipments.get(account, 0),
                "held": held.get(account, 0),
                "todo": todo_counts[account.id]["all"],
                "late": late.get(account, 0),
                "errors": errors.get(account, (0, 0))[0],
                "needs_person": errors.get(account, (0, 0))[1],
                "alerts": account.alert_count,
                "left": account.left_order_count,
                "carts": account._get_cart_cards(),
                "flows": [
                    account._get_flow_card(flow) for flow in flows if flow["wanted"] or flow["good"] or flow["bad"]
                ],
            }
            shown["mood"], shown["said"] = headline.say(account, shown, account in leftovers)
            shown["well"] = shown["mood"] == headline.WELL
            account.dashboard = json.dumps(shown)

    def _get_cart_cards(self):
        """Return name and picture of the carts that take orders."""
        carts = self.cart_ids.filtered("active")
        shown = []
        for cart in carts[:SHOWN_CARTS]:
            shown.append(
                {
                    "id": cart.id,
                    "name": cart.name,
                    "image": f"/web/image/{cart.type_id._name}/{cart.type_id.id}/image_128"
                    if cart.type_id.image_128
                    else "",
                }
            )
        return {"shown": shown, "more": max(len(carts) - SHOWN_CARTS, 0)}

    def _get_flow_card(self, flow):
        """Return one line of the card on a flow."""
        good = flow["good"]
        bad = flow["bad"]
        failing = bool(bad) and (not good or bad.id > good.id)
        last = bad if failing else good
        return {
            "flow": flow["flow"],
            "name": flow["name"],
            "on": flow["on"],
            "off_reason": flow["off_reason"],
            "wanted": flow["wanted"],
            "failing": failing,
            "ago": self._ago(last.last_at) if last else "",
            "message": last.message or "",
        }

    def _compute_dashboard_graph(self):
        days = self._count_orders_by_day()
        today = fields.Date.context_today(self)
        dates = [today - timedelta(days=ago) for ago in range(CHART_DAYS - 1, -1, -1)]
        labels = [format_date(self.env, date, date_format="d MMM") for date in dates]
        for account in self:
            counts = days.get(account, {})
            account.dashboard_graph = json.dumps(
                [
                    {
                        "key": self.env._("Orders"),
                        "title": "",
                        "is_sample_data": False,
                        "values": [
                            {
                                "label": label,
                                "value": counts.get(date, 0),
                                "type": "future" if date == today else "past",
                            }
                            for date, label in zip(dates, labels, strict=True)
                        ],
                    }
                ]
            )

    def get_progress(self):
        """Return what is going on with the account at this moment, and how far it is, see ``flows.progress``."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        return progress.find(self)

    # -- actions

    def _open_at_eim(self, page):
        """Open a page of EIM's, a key of ``eim.pages.PAGES``, in a new tab."""
        self.ensure_one()
        self.check_access("read")
        return {"type": "ir.actions.act_url", "url": page_url(self.env, page, self), "target": "new"}

    def action_open_eim(self):
        """Open EIM's front page in a new tab."""
        return self._open_at_eim("front")

    def _get_filtered_action(self, name, **filters):
        """Open a list of ours for this account, with search filters on."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id(f"extensiv_connector.{name}_action"),
            "context": {"search_default_account_id": self.id, **{f"search_default_{key}": 1 for key in filters}},
        }

    def action_open_account(self):
        """Open the account's form."""
        return self._get_records_action()

    def action_open_orders_today(self):
        """Open what the account's inbox received today."""
        return self._get_filtered_action("extensiv_order", today=True)

    def action_open_waiting_orders(self):
        """Open the orders of the inbox that have no sale order yet."""
        return self._get_filtered_action("extensiv_order", received=True, failed=True)

    def action_open_held_orders(self):
        """Open the orders that were imported and stay quotations until somebody decides."""
        return self._get_filtered_action("extensiv_order", held=True)

    def action_open_todo(self):
        """Open the orders that need a person."""
        return self._get_filtered_action("extensiv_order_todo")

    def action_open_waiting_levels(self):
        """Open the levels that EIM did not accept yet or refused, or that wait for a person."""
        return self._get_filtered_action("extensiv_stock_level", held=True, waiting=True, refused=True)

    def action_open_waiting_shipments(self):
        """Open the orders that left and of which EIM was not told; the inbox, which every Extensiv user may see."""
        return self._get_filtered_action("extensiv_order", shipment_waiting=True)

    def action_open_late(self):
        """Open the orders that left and of which EIM should have been told by now."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_untold_action"),
            "domain": list(untold.get_late_domain(self)),
        }

    def action_open_errors(self):
        """Open the account's open errors."""
        return self._get_filtered_action("extensiv_error", open=True)

    def action_open_left_orders(self):
        """Open the new orders that are left at EIM: on hold there, or older than what is imported."""
        action = self._get_filtered_action("extensiv_unknown_order", on_hold=True, old=True)
        return {**action, "display_name": self.env._("Orders Left at EIM")}

    def action_open_alerts(self):
        """Open EIM's active alerts."""
        return self._get_filtered_action("extensiv_alert", active=True)

    def action_open_runs(self):
        """Open the account's runs."""
        return self._get_filtered_action("extensiv_run")

    def action_open_diagnosis(self):
        """Ask what is wrong with an order, a SKU or the account itself."""
        self.ensure_one()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_diagnosis_action"),
            "context": {"default_account_id": self.id},
        }

    def action_open_routes(self):
        """Show every route of EIM: where its path is known from, what answered, and what was proven."""
        self.ensure_one()
        return self.env["extensiv.diagnosis"].create({"account_id": self.id}).action_open_routes()

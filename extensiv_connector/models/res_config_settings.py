import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ..eim.pages import APP
from ..flows import confirm_batch, eim_pages, lanes, monitoring, retention, schedule
from ..flows.hosts import find_strange, is_secure_address
from .extensiv_account import API_HOSTS
from .extensiv_cart_share import SHARE_HOSTS

# EIM's pages whose path an administrator may know better.
PAGES = ("signup", "wms", "carts", "orders", "locations", "alerts")
# Setting: what of flows/retention.py it is.
RETENTION = {
    "extensiv_run_days": "runs",
    "extensiv_call_days": "calls",
    "extensiv_history_days": "history",
    "extensiv_message_days": "messages",
    "extensiv_failed_days": "failed",
}
LONGEST_TEXT = 1000


def _days(label, kind, help_text):
    kept = retention.KINDS[kind]
    return fields.Integer(label, config_parameter=kept.parameter, default=kept.days, help=help_text)


def _page(label, name):
    return fields.Char(
        label,
        config_parameter=f"{eim_pages.PATH}{name}",
        help="The path of this page below EIM's address, as your browser shows it. Empty: the front page, from which "
        "it is reached by EIM's own menu.",
    )


class ResConfigSettings(models.TransientModel):
    """What concerns the whole database, not one account."""

    _inherit = "res.config.settings"

    extensiv_account_count = fields.Integer("Accounts at EIM", compute="_compute_extensiv_account_count")
    extensiv_parallel_passes = fields.Integer(
        "Parallel Runs",
        config_parameter=lanes.PARAMETER,
        default=1,
        help="How many accounts' orders are pulled at the same time, where Odoo has as many workers for scheduled "
        "actions (max_cron_threads). An account whose EIM does not answer then holds up one of them only. 1 is right "
        "for one account.",
    )
    extensiv_one_by_one = fields.Boolean(
        "Confirm Line by Line",
        help="Confirm each line of an imported order by itself, as Odoo does for an order entered by hand. Off: the "
        "orders of a batch are confirmed together, with the same result in a third of the time. Switch it on where "
        "another app's code has trouble with that.",
    )
    extensiv_one_by_one_parts = fields.Text("Done Line by Line Now", compute="_compute_extensiv_one_by_one_parts")
    extensiv_run_days = _days("Runs", "runs", "Days after which the record of a run is deleted.")
    extensiv_call_days = _days(
        "Calls", "calls", "Days after which the record of a call of EIM's API is deleted, with what was recorded of it."
    )
    extensiv_history_days = _days(
        "Stock History", "history", "Days after which what EIM was told of a stock level is forgotten."
    )
    extensiv_message_days = _days(
        "Words of Errors and Alerts",
        "messages",
        "Days after which what a resolved error or a closed alert said is emptied: it may name buyers.",
    )
    extensiv_failed_days = _days(
        "Failed Orders as Received",
        "failed",
        "Days after which what EIM sent of an order that could not be imported is emptied. Importing it then asks "
        "EIM for it again. Of all other orders each account says it for itself.",
    )
    extensiv_api_hosts = fields.Char(
        "API Hosts",
        config_parameter=API_HOSTS,
        help="Further hosts that an account's API Address may name, and that are then sent its API key. EIM's own and "
        "this machine need not be named. Separate several by commas.",
    )
    extensiv_share_hosts = fields.Char(
        "Set-up Link Hosts",
        config_parameter=SHARE_HOSTS,
        help="The hosts that set-up links for merchants may lead to, instead of EIM's own. Separate several by commas.",
    )
    extensiv_eim_address = fields.Char(
        "EIM's Address",
        config_parameter=eim_pages.ADDRESS,
        help="Where EIM's own pages are, if not where everybody's are. Links of the connector lead there.",
    )
    extensiv_page_signup = _page("Page: Sign Up", "signup")
    extensiv_page_wms = _page("Page: WMS Set-up", "wms")
    extensiv_page_carts = _page("Page: Carts", "carts")
    extensiv_page_orders = _page("Page: Orders", "orders")
    extensiv_page_locations = _page("Page: Locations", "locations")
    extensiv_page_alerts = _page("Page: Alerts", "alerts")
    extensiv_health_token = fields.Char(
        "Monitoring Token",
        compute="_compute_extensiv_health",
        help="Send it as Authorization: Bearer, followed by the token. Who has it reads when each flow had its last "
        "good run and how many errors are open: no names, no orders.",
    )
    extensiv_health_url = fields.Char("Monitoring Address", compute="_compute_extensiv_health")

    # -- what is shown

    def _compute_extensiv_account_count(self):
        self.extensiv_account_count = self.env["extensiv.account"].search_count([])

    def _compute_extensiv_one_by_one_parts(self):
        """Say which parts are confirmed line by line by themselves, for code that nobody knows."""
        self.extensiv_one_by_one_parts = "\n".join(f"{part}: {text}" for part, text in confirm_batch.describe(self.env))

    def _compute_extensiv_health(self):
        token = self.env["ir.config_parameter"].sudo().get_param(monitoring.TOKEN)
        for settings in self:
            settings.extensiv_health_token = token
            settings.extensiv_health_url = f"{settings.get_base_url()}{monitoring.ROUTE}"

    # -- what may be entered

    @api.constrains("extensiv_parallel_passes")
    def _check_extensiv_parallel_passes(self):
        for settings in self:
            if not 1 <= settings.extensiv_parallel_passes <= lanes.MOST:
                raise ValidationError(
                    self.env._(
                        "Parallel Runs is a number from 1 to %s. For more, spread the accounts with the add-on for "
                        "a job queue.",
                        lanes.MOST,
                    )
                )

    @api.constrains(*RETENTION)
    def _check_extensiv_days(self):
        for settings in self:
            for name in RETENTION:
                if not retention.LEAST <= settings[name] <= retention.MOST:
                    raise ValidationError(
                        self.env._(
                            "%(setting)s are kept for a number of days from %(least)s to %(most)s.",
                            setting=self._fields[name]._description_string(self.env),
                            least=retention.LEAST,
                            most=retention.MOST,
                        )
                    )

    @api.constrains("extensiv_api_hosts", "extensiv_share_hosts")
    def _check_extensiv_hosts(self):
        for settings in self:
            for name in ("extensiv_api_hosts", "extensiv_share_hosts"):
                if strange := find_strange(settings._extensiv_entered(name)):
                    raise ValidationError(
                        self.env._(
                            "%(setting)s: %(text)s is no name of a host. Enter names alone, as in eim.example.com, "
                            "without https:// and without a path; separate several by commas.",
                            setting=self._fields[name]._description_string(self.env),
                            text=strange[0],
                        )
                    )

    @api.constrains("extensiv_eim_address", *(f"extensiv_page_{name}" for name in PAGES))
    def _check_extensiv_pages(self):
        for settings in self:
            address = settings._extensiv_entered("extensiv_eim_address")
            if address and not is_secure_address(address):
                raise ValidationError(
                    self.env._(
                        "EIM's Address begins with https:// and names a host, as in %(example)s. %(text)s does not.",
                        example=APP,
                        text=address,
                    )
                )
            for name in PAGES:
                path = settings._extensiv_entered(f"extensiv_page_{name}")
                if "://" in path or path.startswith("//") or " " in path or len(path) > LONGEST_TEXT:
                    raise ValidationError(
                        self.env._(
                            "%(setting)s is the path below EIM's address alone, as in /merchant/orders, without "
                            "https:// and the host.",
                            setting=self._fields[f"extensiv_page_{name}"]._description_string(self.env),
                        )
                    )

    def _extensiv_entered(self, name):
        """Return what a person enters for a setting; nothing where it is what a parameter holds already.

        What was written into the parameter by another way must not keep all of Odoo's settings from being saved.
        """
        value = (self[name] or "").strip()
        known = self.env["ir.config_parameter"].sudo().get_param(self._fields[name].config_parameter) or ""
        return "" if value == known.strip() else value

    # -- reading and keeping

    @api.model
    def get_values(self):
        values = super().get_values()
        values["extensiv_one_by_one"] = not confirm_batch.is_switched_on(self.env)
        # A parameter that somebody entered as no number of days counts as none.
        values.update({name: retention.get_days(self.env, kind) for name, kind in RETENTION.items()})
        return values

    def set_values(self):
        result = super().set_values()
        if self.extensiv_one_by_one == confirm_batch.is_switched_on(self.env):
            self.env["ir.config_parameter"].sudo().set_param(
                confirm_batch.SWITCH, "off" if self.extensiv_one_by_one else False
            )
        schedule.toggle(self.env(su=True))
        return result

    # -- actions

    def _check_extensiv_administrator(self):
        if not self.env.su and not self.env.user.has_group("base.group_system"):
            raise AccessError(self.env._("Only an administrator can do this."))

    def action_extensiv_new_health_token(self):
        """Make a token with which monitoring may ask; one that there was is worth nothing any more."""
        self._check_extensiv_administrator()
        self.env["ir.config_parameter"].sudo().set_param(monitoring.TOKEN, secrets.token_urlsafe(32))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_extensiv_forget_health_token(self):
        """Have monitoring find nothing any more."""
        self._check_extensiv_administrator()
        self.env["ir.config_parameter"].sudo().set_param(monitoring.TOKEN, False)
        return {"type": "ir.actions.client", "tag": "soft_reload"}

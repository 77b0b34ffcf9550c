from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim import errors as eim
from ..flows import SCHEDULED, SWITCHED, missing_carrier, relisting
from .extensiv_account_connect import CREDENTIALS_KEY

# Errors about one of these are mended there, not on the thing that failed.
MAPPINGS = ("extensiv.location", "extensiv.ship.method", "extensiv.cart", "delivery.carrier")
# Steps of orders that no pass takes up.
LOCAL_STEPS = ("confirm", relisting.STEP)


class ExtensivError(models.Model):
    """What a person can do about an error: the words that say it, and the button that does it."""

    _inherit = "extensiv.error"

    mend = fields.Selection(
        [
            ("alias", "Add Alias"),
            ("mapping", "Open the Mapping"),
            ("account", "Open the Account"),
            ("schedule", "Switch the Schedule On"),
            ("import", "Import After All"),
        ],
        "Mended By",
        compute="_compute_mend",
    )

    @api.depends("state", "flow", "key", "category", "res_model", "res_id")
    @api.depends_context("uid")
    def _compute_mend(self):
        missing = self._missing_skus()
        for error in self:
            if error.state == "resolved":
                error.mend = False
            else:
                error.mend = "alias" if missing.get(error) else error._way_to_mend()

    def _way_to_mend(self):
        """Return the key of ``mend``, or False where only the thing itself can be mended."""
        if self.flow == "connection":
            if self.step == "schedule":
                return self.env.user.has_group("extensiv_connector.group_manager") and "schedule"
            return self.category == "settings" and "account"
        if self.flow == "orders" and self.step == relisting.STEP:
            return "import"
        # EIM's words for a shipping method that it does not know.
        if self.flow == "shipments" and "ship method" in self.message.lower():
            return "mapping"
        return self.res_model in MAPPINGS and "mapping"

    def _missing_skus(self):
        """Return ``{error: SKUs for which an alias would do}``, of orders that wait for their products."""
        errors = self.filtered(lambda error: error.res_model == "extensiv.order")
        skus = {
            order.id: order.missing_skus
            for order in self.env["extensiv.order"].search_fetch(
                [("id", "in", errors.mapped("res_id")), ("state", "=", "failed")], ["missing_skus"]
            )
        }
        return {error: skus[error.res_id] for error in errors if skus.get(error.res_id)}

    def action_mend(self):
        """Open where a person mends the cause, or mend it where that is a matter of one click."""
        self.ensure_one()
        self._check_user()
        if not self.mend:
            raise UserError(self.env._("There is no button that mends this. The message says what to do."))
        return getattr(self, f"_mend_{self.mend}")()

    def _mend_alias(self):
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Add an Alias"),
            "res_model": "extensiv.add.alias",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_error_id": self.id},
        }

    def _mend_mapping(self):
        if self.res_model in MAPPINGS and self.res_model != "extensiv.ship.method":
            return self.action_open_document()
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_ship_method_action"),
            "context": {"search_default_account_id": self.account_id.id},
        }

    def _mend_account(self):
        return self.account_id._get_records_action()

    def _mend_schedule(self):
        self.account_id._check_manager()
        self.env["extensiv.account"]._cron_of(self.key).sudo().active = True
        self.sudo()._mark_resolved()
        self.account_id.sudo()._remind_responsible()
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def _mend_import(self):
        return self.env["extensiv.order"].browse(self.res_id).action_import_after_all()

    # -- trying again

    def _retry_connection(self, account):
        """Run the flows anew whose connection failed; an account that EIM refuses needs Connect first."""
        if account.state != "connected":
            return
        flows = set(self.mapped("key"))
        if CREDENTIALS_KEY in flows:
            wanted = {name for name, flow in SWITCHED.items() if account[flow.switch]}
            flows |= wanted or {"alerts"}  # which only reads
        for flow in SCHEDULED:
            if flow in flows:
                account._run_flow(flow)

    def _retry_inventory(self, account):
        """Push the levels anew that these errors are about."""
        self.env["extensiv.stock.level"]._retry(account, self)

    def _retry_shipments(self, account):
        """Tell EIM anew of the orders that these errors are about, or whose delivery method they are about."""
        carriers = self.filtered(lambda error: error.res_model == "delivery.carrier").mapped("res_id")
        self.env["sale.order"].search(
            [
                ("extensiv_account_id", "=", account.id),
                ("extensiv_shipment_state", "in", ("failed", "sending")),
                "|",
                ("extensiv_cust_ref", "in", self.mapped("key")),
                ("extensiv_refused_carrier_id", "in", carriers),
            ]
        )._extensiv_retry_shipments()
        if any(error.key.startswith(missing_carrier.LACKING) for error in self):
            missing_carrier.report_again(account)
        account._run_flow("shipments")

    def _retry_orders(self, account):
        """Import the orders anew; what EIM still has to be told of an order is told by a pass."""
        orders = self._orders_of_step(account, False)
        orders._import_now()
        known = set(orders.mapped("cust_ref"))
        if held := self._orders_of_step(account, "confirm"):
            held._confirm_held_now(account)
        # A person decides these; one that was dismissed is asked about again.
        relisting.report(self._orders_of_step(account, relisting.STEP).filtered("listed_again_at"))
        others = self.filtered(lambda error: error.step not in LOCAL_STEPS and (error.step or error.key not in known))
        if others and account.state == "connected":
            self._orders_of_step(account, "cancel").filtered(
                lambda order: order.cancel_request != "done"
            ).cancel_request = "due"
            account._run_flow("orders")

    def _leave_orders(self, account):
        """Stop asking EIM by itself to cancel the orders that these errors are about."""
        self._orders_of_step(account, "cancel").filtered(
            lambda order: order.cancel_request == "due"
        ).cancel_request = False

    def _orders_of_step(self, account, step):
        """Return the orders with which ``step`` did not succeed: ``acknowledge``, ``cancel`` …; empty: importing."""
        keys = self.filtered(lambda error: (error.step or False) == step).mapped("key")
        return self.env["extensiv.order"].search([("account_id", "=", account.id), ("cust_ref", "in", keys)])

    # -- words

    @api.model
    def _explain_connection(self, error):
        """Return what to tell a person of an ``EimError`` that ended a pass: EIM's words, and what to do."""
        if isinstance(error, eim.CredentialsRefused):
            words = self.env["extensiv.account"]._say_refused(error)
            advice = (
                self.env._("EIM refuses the key. Correct it on the account and press Connect.")
                if error.cause
                else self.env._(
                    "EIM refuses the API user or key. Enter both again as EIM's WMS set-up page shows them, and press "
                    "Connect."
                )
            )
            return f"{words}\n{advice}"
        if isinstance(error, eim.CertificateInvalid):
            advice = self._advise_certificate(error)
        elif isinstance(error, eim.Refused):
            advice = self.env._(
                "EIM refused the call %s. Run the Diagnosis of the account: it tries every route and says which "
                "answer.",
                error.route or "",
            )
        elif isinstance(error, eim.AnswerLost | eim.Unreadable):
            advice = self.env._("EIM's answer did not arrive whole. It is asked again by itself.")
        else:
            advice = self.env._(
                "Nothing to do: it is tried again by itself. If it lasts, look at EIM's status page, "
                "status.extensiv.com."
            )
        return f"{error.message}\n{advice}"

    @api.model
    def _advise_certificate(self, error):
        """Return what to do about a certificate that is not valid, of other errors nothing."""
        if not isinstance(error, eim.CertificateInvalid):
            return ""
        return self.env._(
            "Have whoever runs this server look at its clock, at its list of trusted certificates, and at a proxy that "
            "opens encrypted connections; with an API Address of your own, at that server's certificate."
        )

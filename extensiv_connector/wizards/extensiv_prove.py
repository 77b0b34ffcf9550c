from odoo import api, fields, models
from odoo.exceptions import UserError

from ..eim.routes import ROUTES
from ..flows.deadline import one_deadline
from ..flows.route_proof import Shown
from ..flows.route_proofs import PROOFS

RESULTS = [
    ("proven", "Proven"),
    ("refused", "Refused"),
    ("unclear", "Unclear"),
    ("unsent", "Not Sent"),
]


class ExtensivProve(models.TransientModel):
    """Prove that one of EIM's writing routes works: choose one record, see what is sent, send it, see what it did."""

    _name = "extensiv.prove"
    _description = "Prove a Route of EIM"
    _rec_name = "route"

    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    route = fields.Selection([(name, name) for name in PROOFS], required=True, readonly=True)
    order_id = fields.Many2one(
        "extensiv.order", help="This order is really sent; EIM and its cart keep what it is told."
    )
    location_id = fields.Many2one(
        "extensiv.location",
        "EIM Location",
        domain="[('account_id', '=', account_id), ('push_enabled', '=', True)]",
        compute="_compute_location_id",
        store=True,
        readonly=False,
        precompute=True,
        help="A location whose stock is pushed.",
    )
    product_id = fields.Many2one(
        "product.product",
        domain="[('default_code', '!=', False)]",
        help="The level that Odoo wants of it now is pushed: the same that the schedule pushes.",
    )
    alert_id = fields.Many2one(
        "extensiv.alert",
        domain="[('account_id', '=', account_id), ('state', '=', 'active'), ('is_order', '=', False)]",
        help="It leaves EIM's list.",
    )
    consequence = fields.Text(compute="_compute_consequence")
    has_candidates = fields.Boolean(compute="_compute_consequence")
    # Not as superuser, as stored fields are computed: what is sent is only shown to who may see the record.
    request_line = fields.Char(
        "Call", compute="_compute_request", compute_sudo=False, store=True, readonly=False, precompute=True
    )
    request_body = fields.Text(
        "Body", compute="_compute_request", compute_sudo=False, store=True, readonly=False, precompute=True
    )
    obstacle = fields.Text(compute="_compute_request", compute_sudo=False, store=True, precompute=True)
    is_changed = fields.Boolean(readonly=True)

    result = fields.Selection(RESULTS, readonly=True)
    answer = fields.Text(readonly=True)
    before = fields.Char(readonly=True, help="What EIM said before the call.")
    after = fields.Char(readonly=True, help="What EIM said after it.")
    process_id = fields.Char("EIM Process ID", readonly=True, help="What EIM's support asks for.")

    # -- what is shown before

    @api.depends("account_id", "route")
    def _compute_location_id(self):
        for wizard in self:
            enabled = wizard.account_id.location_ids.filtered("push_enabled")
            if wizard.route == "push_inventory" and len(enabled) == 1:
                wizard.location_id = enabled

    @api.depends("route", "account_id.route_overrides")
    def _compute_consequence(self):
        told = {
            "acknowledge": self.env._(
                "EIM is told that this order is in Odoo, as of every order that is pulled. It leaves EIM's list of new "
                "orders."
            ),
            "batch_update_order_status": self.env._(
                "EIM is told that this order is in Odoo, by the call that takes many orders at once. It leaves EIM's "
                "list of new orders."
            ),
            "ship": self.env._(
                "EIM is told that this order has shipped, with carrier, tracking and contents, and tells its cart, "
                "which may write to the buyer. EIM takes this once."
            ),
            "push_inventory": self.env._(
                "EIM is told the quantity of this one SKU, as the schedule would. Its carts offer that quantity."
            ),
            "dismiss_alerts": self.env._("EIM takes this alert off its list, for everybody who works there."),
            "cancel_order_in_cart": self.env._(
                "EIM is asked to have this order cancelled in its cart, which may refund the buyer. Once EIM lists it "
                "as canceled, its sale order is cancelled here, too, as the account's settings say."
            ),
        }
        for wizard in self:
            wizard.consequence = told.get(wizard.route)
            candidates = ROUTES[wizard.route].paths if wizard.route else ()
            wizard.has_candidates = len(candidates) > 1 and wizard.route not in wizard.account_id._routes()

    @api.depends("route", "order_id", "location_id", "product_id", "alert_id")
    def _compute_request(self):
        for wizard in self:
            wizard.request_line = False
            wizard.request_body = False
            wizard.obstacle = False
            if not wizard._is_chosen():
                continue
            proof = wizard._get_proof()
            try:
                shown = proof.preview()
            except UserError as error:
                wizard.obstacle = str(error)
                continue
            wizard.request_line = shown.line
            wizard.request_body = shown.body

    def _is_chosen(self):
        """Whether everything is chosen that the route is tried with."""
        return all(self._get_records().values())

    def _get_records(self):
        """Return the records that the route is tried with, by the names that its proof gives them."""
        if self.route == "push_inventory":
            return {"location": self.location_id._origin, "product": self.product_id._origin}
        if self.route == "dismiss_alerts":
            return {"alert": self.alert_id._origin}
        return {"order": self.order_id._origin}

    def _get_proof(self):
        """Return the ``flows.route_proof.RouteProof`` of what is chosen.

        :raise AccessError: it is another company's
        """
        for record in (self.account_id, *self._get_records().values()):
            record._origin.check_access("read")
        return PROOFS[self.route](self.account_id._origin, **self._get_records())

    # -- actions

    @one_deadline
    def action_send(self):
        """Send what is shown, once, and show what came of it.

        :raise UserError: nothing is chosen, EIM could not be asked, or the record is none for it
        """
        self.ensure_one()
        self.env["extensiv.account"]._check_manager()
        self.check_access("write")
        self.account_id.check_access("write")
        if self.result in ("proven", "refused", "unclear"):
            raise UserError(self.env._("This was sent already. Press Prove It for another one."))
        if not self._is_chosen() or not self.request_line:
            raise UserError(self.obstacle or self.env._("Choose first what the route is tried with."))
        outcome = self._get_proof().prove(Shown(self.request_line, self.request_body))
        if outcome.result == "changed":
            self.is_changed = True
            self._compute_request()
        else:
            self.write(
                {
                    "is_changed": False,
                    "result": outcome.result,
                    "answer": outcome.answer,
                    "before": outcome.before,
                    "after": outcome.after,
                    "process_id": outcome.process_id,
                }
            )
        return self._open()

    def _open(self):
        self.ensure_one()
        return self._get_records_action(name=self.env._("Prove It: %s", self.route), target="new")

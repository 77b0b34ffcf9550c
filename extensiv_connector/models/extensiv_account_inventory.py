import logging
from datetime import datetime, timedelta
from functools import partial

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from .extensiv_run import log_unexpected

_logger = logging.getLogger(__name__)

WAKE = "extensiv_connector.wake_inventory"
# Changes come by the hundred while a warehouse is at work: one push a minute tells them all.
WAKE_SECONDS = 60
# {database: until when a push is known to wait}, of this process: most wakes then cost nothing.
_awake_until = {}


class ExtensivAccount(models.Model):
    """The stock of an account: its settings, its buttons, its schedule and what wakes it."""

    _inherit = "extensiv.account"

    owner_id = fields.Many2one(
        "res.partner",
        "Stock Owner",
        check_company=True,
        tracking=True,
        help="For a warehouse that keeps others' stock (3PL): only what this owner has is pushed, and orders are "
        "delivered from it alone. Empty: the stock of all owners, as Odoo itself counts.",
    )
    quantity_basis = fields.Selection(
        [
            ("free", "Free to use: on hand, less what is reserved"),
            ("on_hand", "On hand"),
            ("forecast", "Forecast: on hand, plus incoming, less outgoing"),
        ],
        required=True,
        default="free",
        tracking=True,
        help="Which of Odoo's quantities EIM is told.",
    )
    buffer_qty = fields.Float(
        "Buffer",
        digits="Product Unit",
        tracking=True,
        help="Kept back of every SKU in every location, in the product's unit. A product may have a further buffer "
        "of its own.",
    )
    subtract_waiting = fields.Boolean(
        "Subtract Waiting Orders",
        default=True,
        tracking=True,
        help="Orders that were acknowledged to EIM but reserve nothing yet, because they wait in the inbox or are "
        "still quotations, are taken off until they do. Without it the carts could sell their goods once more.",
    )
    push_batch_size = fields.Integer(
        default=50, help="How many levels are pushed in one call. A batch that EIM refuses is split."
    )
    push_again_at = fields.Datetime(readonly=True, copy=False)
    level_count = fields.Integer("Stock Levels", compute="_compute_level_count")
    inventory_run_state = fields.Selection(
        lambda self: self.env["extensiv.run"]._fields["state"].selection, "Stock Pass", compute="_compute_last_runs"
    )
    inventory_run_message = fields.Char("Stock Pass Result", compute="_compute_last_runs")
    stock_warning = fields.Text(compute="_compute_stock_warning")

    _push_batch_size_positive = models.Constraint(
        "CHECK(push_batch_size > 0)",
        "The batch size of the push must be at least 1.",
    )
    _buffer_qty_positive = models.Constraint("CHECK(buffer_qty >= 0)", "The buffer cannot be negative.")

    def _compute_level_count(self):
        counts = dict(
            self.env["extensiv.stock.level"]._read_group(
                [("location_id.account_id", "in", self.ids)], ["location_id"], ["__count"]
            )
        )
        for account in self:
            account.level_count = sum(count for location, count in counts.items() if location.account_id == account)

    def _compute_last_runs(self):
        result = super()._compute_last_runs()
        last = self.env["extensiv.run"]._last_of_each_flow(self)
        for account in self:
            run = last.get((account.id, "inventory"), self.env["extensiv.run"])
            account.inventory_run_state = run.state
            account.inventory_run_message = run.message
        return result

    @api.depends("location_ids.push_enabled", "location_ids.source", "location_ids.stock_location_id")
    def _compute_stock_warning(self):
        for account in self:
            account.stock_warning = "\n".join(account.location_ids._warnings()) or False

    def write(self, vals):
        result = super().write(vals)
        if {
            "quantity_basis",
            "buffer_qty",
            "owner_id",
            "subtract_waiting",
            "location_ids",
            "state",
            "push_inventory",
        } & vals.keys():
            self._wake_inventory()
        return result

    # -- buttons

    def action_push_inventory(self):
        """Push what EIM does not know yet, now, and say what was done; what a click has no time for follows."""
        self._wake_inventory()
        return self._run_now("inventory")

    def action_push_everything(self):
        """Push every level again, whatever EIM accepted before."""
        self._check_manager()
        self.ensure_one()
        self.push_again_at = fields.Datetime.now()
        return self.action_push_inventory()

    def action_compare(self):
        """Open the comparison of EIM's stock with what it accepted."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Compare with EIM"),
            "res_model": "extensiv.compare",
            "views": [(False, "form")],
            "target": "new",
            "context": {"default_account_id": self.id},
        }

    # -- passes

    @api.model
    def _cron_push_inventory(self):
        self._cron_run("inventory")

    def _work_inventory(self, pass_):
        """Do one pass of the stock's flow, see ``extensiv.run``."""
        self.env["extensiv.stock.level"]._push(pass_)

    def _work_orders(self, pass_):
        """Push stock right after orders were pulled: what they reserved is then already deducted."""
        try:
            return super()._work_orders(pass_)
        finally:
            self._wake_inventory()

    # -- waking

    @api.model
    def _wake_inventory(self):
        """Have stock pushed soon after this transaction is committed, whatever it changed and how often.

        Noted in the transaction: savepoints come and go in it, and a rolled back one wakes nobody.
        """
        postcommit = self.env.cr.postcommit
        if WAKE not in postcommit.data:
            postcommit.data[WAKE] = True
            postcommit.add(partial(self._trigger_inventory, self.env.registry))

    @staticmethod
    def _trigger_inventory(registry):
        """Plan a push without ever failing what was committed just now."""
        if datetime.now() < _awake_until.get(registry.db_name, datetime.min):
            return
        try:
            ExtensivAccount._plan_inventory(registry)
        except Exception as error:  # noqa: BLE001 - what was committed must not look failed; the schedule pushes too
            log_unexpected(_logger, error, "Waking the push of stock levels failed")

    @staticmethod
    def _plan_inventory(registry):
        """Plan one push, at least a minute after the one before; nothing where one is planned or none is wanted."""
        with registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            cron = env["extensiv.account"]._cron_of("inventory")
            if not cron:
                return
            # Two processes may wake at once; the one that comes second relies on the first.
            [[active, free, last, now]] = env.execute_query(
                SQL(
                    """SELECT cron.active, pg_try_advisory_xact_lock(hashtext(%s)), GREATEST(
                          (SELECT MAX(call_at) FROM ir_cron_trigger WHERE cron_id = cron.id), cron.lastcall),
                          (clock_timestamp() AT TIME ZONE 'UTC')
                     FROM ir_cron AS cron WHERE cron.id = %s""",
                    WAKE,
                    cron.id,
                )
            )
            if not active or not free:
                return
            wait = timedelta(seconds=WAKE_SECONDS)
            if last and last > now:
                at = last
            elif last and last + wait > now:
                at = last + wait
                cron._trigger(at)
            else:
                at = now
                cron._trigger()
            _awake_until[registry.db_name] = datetime.now() + min(at - now, wait)

from odoo import api, fields, models

from ..flows.trigger import trigger


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
            trigger(self.env, "inventory", self)
        return result

    # -- buttons

    def action_push_inventory(self):
        """Push what EIM does not know yet, now, and say what was done; what a click has no time for follows."""
        return self._run_flow("inventory")

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

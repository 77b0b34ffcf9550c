import time

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.account_choice import check_chosen, explain_missing, find_only
from ..flows.deadline import deadline_of, one_deadline
from ..flows.inventory_reading import read_inventory_on, read_open_orders_on
from ..flows.level_comparison import LevelComparison
from ..flows.runner import refresh_snapshot

# A person waits for the answer: what EIM's rate limit does not allow in this time is read with the next click.
READ_SECONDS = 40
KEPT_DAYS = 14


class ExtensivCompare(models.TransientModel):
    """Read EIM's stock back and list where it differs from what EIM accepted last: for a person, and every night."""

    _name = "extensiv.compare"
    _description = "Compare Stock with EIM"
    _order = "id desc"
    _rec_name = "account_id"
    _transient_max_hours = KEPT_DAYS * 24  # what the nights found is to be seen for a while
    _transient_max_count = 0

    account_id = fields.Many2one(
        "extensiv.account",
        domain="[('state', '=', 'connected')]",
        default=lambda self: find_only(self.env),
        ondelete="cascade",
        index=True,
    )
    missing = fields.Char(compute="_compute_missing", help="Why no account can be chosen.")
    company_id = fields.Many2one(related="account_id.company_id", store=True)
    is_nightly = fields.Boolean(readonly=True)
    state = fields.Selection(
        [("new", "Not read"), ("reading", "Partly read"), ("orders", "Asking for orders"), ("read", "Compared")],
        default="new",
        readonly=True,
    )
    place = fields.Json(readonly=True)
    since = fields.Datetime(readonly=True)
    seen_location_ids = fields.Json(readonly=True)
    endless = fields.Char(readonly=True)
    read_count = fields.Integer("SKUs Read", readonly=True)
    level_count = fields.Integer("Stock Levels Compared", readonly=True)
    foreign_count = fields.Integer("Not Pushed from Here", readonly=True)
    deducted_count = fields.Integer("SKUs with Deductions", readonly=True)
    deducted_quantity = fields.Float("Units Deducted", digits=(16, 0), readonly=True)
    unreadable = fields.Text(readonly=True)
    message = fields.Char("Result", readonly=True)
    line_ids = fields.One2many(
        "extensiv.compare.line", "compare_id", "Differences", domain=[("is_different", "=", True)], readonly=True
    )
    difference_count = fields.Integer("Stock Levels That Differ", compute="_compute_difference_count")
    pushable_count = fields.Integer(compute="_compute_difference_count")

    @api.depends("account_id")
    def _compute_missing(self):
        for compare in self:
            compare.missing = not compare.account_id and explain_missing(self.env)

    @api.depends("line_ids.outcome")
    def _compute_difference_count(self):
        for compare in self:
            compare.difference_count = len(compare.line_ids)
            compare.pushable_count = len(compare.line_ids.filtered(lambda line: line.outcome == "differs"))

    @one_deadline
    def action_read(self):
        """Read EIM's inventory page by page, from where the last click stopped, and compare."""
        self.ensure_one()
        check_chosen(self.account_id)
        self.account_id.check_access("read")
        compare = self.sudo()
        account = compare.account_id
        self._check_by_hand()
        if account.state != "connected":
            raise UserError(self.env._("%s is not connected.", account.name))
        if compare.state == "read":
            compare._empty()
        if compare.state == "new":
            LevelComparison(compare).begin()
        until = min(time.monotonic() + READ_SECONDS, deadline_of(self.env).last_call_at)
        if compare.state in ("new", "reading"):
            before = LevelComparison(compare).find_pushes()
            with account._asking_eim() as client:
                reading = read_inventory_on(client, until, compare.place)
            refresh_snapshot(self.env)
            LevelComparison(compare).take_levels(reading, before)
        if compare.state == "orders" and time.monotonic() < until:
            with account._asking_eim() as client:
                orders = read_open_orders_on(client, until, compare.place)
            refresh_snapshot(self.env)
            LevelComparison(compare).take_orders(orders)
        return self._reopen()

    @one_deadline
    def action_push(self):
        """Push the levels again in which EIM differs, and that no open order of EIM's explains."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.account_id.check_access("read")
        self._check_by_hand()
        if not LevelComparison(self.sudo()).repair():
            raise UserError(self.env._("There is nothing to push."))
        return self.account_id._run_flow("inventory")

    def _check_by_hand(self):
        """Refuse what the nights do by themselves."""
        if self.sudo().is_nightly:
            raise UserError(self.env._("This was compared by night. Press Compare with EIM to compare now."))

    def _reopen(self):
        return self._get_records_action(name=self.env._("Compare with EIM"), target="new")

    def _empty(self):
        """Begin anew."""
        self.env["extensiv.compare.line"].search([("compare_id", "=", self.id)]).unlink()
        self.write(
            {
                "state": "new",
                "place": False,
                "seen_location_ids": False,
                "endless": False,
                "read_count": 0,
                "level_count": 0,
                "foreign_count": 0,
                "deducted_count": 0,
                "deducted_quantity": 0,
                "unreadable": False,
            }
        )

    def _summarize(self):
        """Return in a sentence what differed, and what became of it."""
        counts = {outcome: 0 for outcome, _label in self.line_ids._fields["outcome"].selection}
        for line in self.line_ids:
            counts[line.outcome] += 1
        if not self.line_ids and not self.level_count:
            return self.env._("There was no accepted stock level to compare with EIM.")
        if not self.line_ids:
            return self.env._("EIM has all stock levels as it accepted them: %s.", self.level_count)
        message = self.env._(
            "%(count)s of %(all)s stock levels differed; %(repaired)s repaired, %(explained)s explained by open orders "
            "at EIM.",
            count=len(self.line_ids),
            all=self.level_count,
            repaired=counts["repaired"],
            explained=counts["explained"],
        )
        if counts["changes"]:
            message += " " + self.env._("%s are pushed anyway: the quantity changed since.", counts["changes"])
        return message


class ExtensivCompareLine(models.TransientModel):
    """A level that was compared; those that do not differ say that EIM has the SKU, until all are read."""

    _name = "extensiv.compare.line"
    _description = "Compared Stock Level"
    _order = "id"
    _transient_max_hours = KEPT_DAYS * 24
    _transient_max_count = 0

    compare_id = fields.Many2one("extensiv.compare", required=True, ondelete="cascade")
    level_id = fields.Many2one("extensiv.stock.level", required=True, index=True, ondelete="cascade")
    location_id = fields.Many2one(related="level_id.location_id")
    sku = fields.Char(related="level_id.sku")
    product_id = fields.Many2one(related="level_id.product_id")
    quantity = fields.Integer("Accepted", help="What EIM accepted last.")
    wanted_quantity = fields.Integer("In Odoo", help="What EIM is to have now.")
    remote_quantity = fields.Float("At EIM", digits=(16, 0), help="What EIM shows for the location now.")
    deducted = fields.Float(
        digits=(16, 0),
        help="What EIM itself takes off the SKU's sum over all locations, for recent orders. It is no difference.",
    )
    on_orders = fields.Float(digits=(16, 0), help="What EIM's open orders of the SKU will take.")
    outcome = fields.Selection(
        [
            ("differs", "Differs"),
            ("repaired", "Told Again"),
            ("explained", "Open Orders"),
            ("changes", "Pushed Anyway"),
        ],
        help="Told again: the next push states what EIM accepted before. Open orders: EIM takes them off, nothing is "
        "to be done. Pushed anyway: by now it is to be another number than EIM accepted, which is pushed as always.",
    )
    is_listed = fields.Boolean()
    is_compared = fields.Boolean()
    is_different = fields.Boolean()

    _level_unique = models.Constraint("UNIQUE(compare_id, level_id)", "This level is compared already.")

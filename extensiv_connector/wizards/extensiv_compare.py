import time

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..flows.inventory_reading import read_inventory
from ..flows.sku_learning import learn_list

# A person waits for the answer: what EIM's rate limit does not allow in this time is read with the next click.
READ_SECONDS = 40


class ExtensivCompare(models.TransientModel):
    """Read EIM's stock back and list where it differs from what EIM accepted last."""

    _name = "extensiv.compare"
    _description = "Compare Stock with EIM"

    account_id = fields.Many2one(
        "extensiv.account",
        required=True,
        domain="[('state', '=', 'connected')]",
        default=lambda self: self.env["extensiv.account"].search([("state", "=", "connected")], limit=1),
    )
    state = fields.Selection(
        [("new", "Not read"), ("reading", "Partly read"), ("read", "Read")], default="new", readonly=True
    )
    next_page = fields.Integer(default=1, readonly=True)
    read_count = fields.Integer("SKUs Read", readonly=True)
    foreign_count = fields.Integer("Not Pushed from Here", readonly=True)
    deducted_count = fields.Integer("SKUs with Deductions", readonly=True)
    deducted_quantity = fields.Float("Units Deducted", readonly=True)
    unreadable = fields.Text(readonly=True)
    line_ids = fields.One2many(
        "extensiv.compare.line", "compare_id", "Differences", domain=[("is_different", "=", True)], readonly=True
    )
    difference_count = fields.Integer("Levels That Differ", compute="_compute_difference_count")

    @api.depends("line_ids")
    def _compute_difference_count(self):
        for compare in self:
            compare.difference_count = len(compare.line_ids)

    def action_read(self):
        """Read EIM's inventory page by page, from where the last click stopped, and compare."""
        self.ensure_one()
        self.account_id.check_access("read")
        account = self.account_id.sudo()
        wizard = self.sudo()
        if account.state != "connected":
            raise UserError(self.env._("%s is not connected.", account.name))
        if self.state == "read":
            wizard.line_ids = False
            self.env["extensiv.compare.line"].sudo().search([("compare_id", "=", self.id)]).unlink()
            wizard.write(
                {
                    "next_page": 1,
                    "read_count": 0,
                    "foreign_count": 0,
                    "deducted_count": 0,
                    "deducted_quantity": 0,
                    "unreadable": False,
                }
            )
        with account._asking_eim() as client:
            reading = read_inventory(client, time.monotonic() + READ_SECONDS, self.next_page, max_wait=5.0)
        learn_list(account, reading.items.values())
        wizard._compare_items(list(reading.items.values()))
        if reading.unreadable:
            wizard.unreadable = "\n".join(filter(None, (wizard.unreadable, *reading.unreadable)))
        wizard.write({"next_page": reading.next_page, "state": "read" if reading.is_complete else "reading"})
        if reading.is_complete:
            wizard._add_missing()
        return self._reopen()

    def action_push(self):
        """Push the levels in which EIM differs again."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        levels = self.sudo().line_ids.level_id
        if not levels:
            raise UserError(self.env._("There is nothing to push."))
        levels._mark_unconfirmed()
        return self.account_id._run_flow("inventory")

    def _reopen(self):
        return self._get_records_action(name=self.env._("Compare with EIM"), target="new")

    # -- comparing

    def _compare_items(self, items):
        """Compare entries of EIM's inventory with the last accepted levels of the enabled locations."""
        locations = self._locations()
        names = {location.name: location for location in locations}
        levels = {
            (level.location_id.id, level.sku): level
            for level in self.env["extensiv.stock.level"].search(
                [("location_id", "in", locations.ids), ("sku", "in", [item.sku for item in items])]
            )
        }
        known = {sku for _location, sku in levels}
        vals_list = []
        for item in items:
            if item.sku not in known:
                self.foreign_count += 1
                continue
            there = {names[at.location].id: at.qty_available for at in item.levels if at.location in names}
            # Inferred: EIM shows by location what it was told, and takes recent orders off the sum above.
            total = sum(at.qty_available or 0 for at in item.levels)
            deducted = max(0, total - item.qty_available) if item.levels and item.qty_available is not None else 0
            if deducted:
                self.deducted_count += 1
                self.deducted_quantity += float(deducted)
            for location in locations:
                level = levels.get((location.id, item.sku))
                # What is left alone may differ: somebody else tells EIM of it.
                if not level or level.state != "accepted" or level.product_id.extensiv_stock_rule == "leave":
                    continue
                theirs = there.get(location.id)
                vals_list.append(
                    {
                        "compare_id": self.id,
                        "level_id": level.id,
                        "quantity": level.quantity,
                        "remote_quantity": float(theirs or 0),
                        "deducted": float(deducted),
                        "is_different": (theirs or 0) != level.quantity,
                    }
                )
        self.env["extensiv.compare.line"].create(vals_list)
        self.read_count += len(items)

    def _add_missing(self):
        """List the accepted levels of SKUs that EIM did not list at all."""
        self.env.flush_all()
        missing = self.env.execute_query(
            SQL(
                """SELECT level.id, level.quantity FROM extensiv_stock_level AS level
                WHERE level.location_id = ANY (%s) AND level.quantity <> 0
                  AND NOT level.unconfirmed AND level.refused_at IS NULL
                  AND NOT EXISTS (
                      SELECT FROM product_product
                       WHERE id = level.product_id AND extensiv_stock_rule = 'leave')
                  AND NOT EXISTS (
                      SELECT FROM extensiv_compare_line WHERE compare_id = %s AND level_id = level.id)""",
                self._locations().ids,
                self.id,
            )
        )
        self.env["extensiv.compare.line"].create(
            [
                {"compare_id": self.id, "level_id": level, "quantity": quantity, "is_different": True}
                for level, quantity in missing
            ]
        )

    def _locations(self):
        return self.account_id.location_ids.filtered("push_enabled")


class ExtensivCompareLine(models.TransientModel):
    """A level that was compared; those that do not differ say that EIM has the SKU."""

    _name = "extensiv.compare.line"
    _description = "Compared Stock Level"
    _order = "id"

    compare_id = fields.Many2one("extensiv.compare", required=True, index=True, ondelete="cascade")
    level_id = fields.Many2one("extensiv.stock.level", required=True, ondelete="cascade")
    location_id = fields.Many2one(related="level_id.location_id")
    sku = fields.Char(related="level_id.sku")
    product_id = fields.Many2one(related="level_id.product_id")
    quantity = fields.Integer("Accepted", help="What EIM accepted last.")
    remote_quantity = fields.Float("At EIM", digits=(16, 0), help="What EIM shows for the location now.")
    deducted = fields.Float(
        digits=(16, 0),
        help="What EIM itself takes off the SKU's sum over all locations, for recent orders. It is no difference.",
    )
    is_different = fields.Boolean()

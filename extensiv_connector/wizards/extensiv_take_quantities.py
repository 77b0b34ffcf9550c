from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows.deadline import deadline_of, one_deadline
from ..flows.inventory_reading import read_inventory
from ..flows.languages import all_translated
from ..flows.take_quantities import Held, QuantitiesToTake, held_at


class ExtensivTakeQuantities(models.TransientModel):
    """Take EIM's levels of a location as a proposed count in Odoo, which a person looks at and applies there."""

    _name = "extensiv.take.quantities"
    _description = "Take EIM's Quantities"

    location_id = fields.Many2one("extensiv.location", "EIM Location", required=True, readonly=True, ondelete="cascade")
    account_id = fields.Many2one(related="location_id.account_id")
    stock_location_id = fields.Many2one(related="location_id.stock_location_id", string="Location of Odoo")
    state = fields.Selection([("reading", "Partly read"), ("read", "Read")], default="reading", readonly=True)
    next_page = fields.Integer(default=1, readonly=True)
    # {SKU: [quantity, deducted, [other codes]]} as read so far
    levels = fields.Json(readonly=True)
    read_count = fields.Integer("SKUs at EIM", readonly=True)
    agreed_count = fields.Integer("SKUs That Agree", readonly=True)
    unreadable = fields.Text(readonly=True)
    line_ids = fields.One2many("extensiv.take.quantities.line", "wizard_id", "SKUs")
    chosen_count = fields.Integer("Chosen", compute="_compute_counts")
    left_count = fields.Integer("Not Proposed", compute="_compute_counts")
    deducted_count = fields.Integer("SKUs with Deductions", compute="_compute_counts")
    may_count = fields.Boolean(compute="_compute_may_count")

    @api.depends("line_ids.chosen", "line_ids.is_proposable", "line_ids.deducted")
    def _compute_counts(self):
        for wizard in self:
            lines = wizard.line_ids
            wizard.chosen_count = len(lines.filtered(lambda line: line.is_proposable and line.chosen))
            wizard.left_count = len(lines.filtered(lambda line: not line.is_proposable))
            wizard.deducted_count = len(lines.filtered("deducted"))

    @api.depends_context("uid")
    def _compute_may_count(self):
        """Odoo lets nobody enter a count who does not work with its inventory."""
        self.may_count = self.env.user.has_group("stock.group_stock_user")

    # -- reading

    @api.model
    def _make(self, location):
        """Read EIM's levels of ``location`` and return the action that shows what would be proposed."""
        return self.create({"location_id": location.id}).action_read()

    @one_deadline
    def action_read(self):
        """Read EIM's inventory from where the last click stopped, and compare once all of it is read."""
        self.ensure_one()
        location = self._checked_location()
        wizard = self.sudo()
        if self.state == "read":
            wizard.line_ids.unlink()
            wizard.write({"state": "reading", "next_page": 1, "levels": False, "read_count": 0, "unreadable": False})
        with location.account_id.sudo()._asking_eim() as client:
            reading = read_inventory(client, deadline_of(self.env).last_call_at, self.next_page, max_wait=5.0)
        levels = {
            **(self.levels or {}),
            **{
                sku: [held.quantity, held.deducted, list(held.codes)]
                for sku, held in held_at(location.name, reading.items.values()).items()
            },
        }
        wizard.write(
            {
                "levels": levels,
                "read_count": len(levels),
                "next_page": reading.next_page,
                "state": "read" if reading.is_complete else "reading",
                "unreadable": "\n".join(filter(None, (self.unreadable, *all_translated(self.env, reading.unreadable))))
                or False,
            }
        )
        if reading.is_complete:
            wizard._list_proposals()
        return self._reopen()

    def _checked_location(self):
        """Return the location, once it is sure that this person may ask about it and that it stands for one of Odoo.

        :raise UserError: which location to choose
        """
        self.env["extensiv.account"]._check_manager()
        location = self.location_id
        location.check_access("read")
        location._check_one_place()
        if location.account_id.state != "connected":
            raise UserError(self.env._("%s is not connected.", location.account_id.name))
        return location

    def _held(self):
        return {sku: Held(quantity, deducted, tuple(codes)) for sku, (quantity, deducted, codes) in self.levels.items()}

    def _list_proposals(self):
        """List what would be proposed, and what not and why."""
        proposals = QuantitiesToTake(self.location_id).compare(self._held())
        self.agreed_count = len(self.levels) - len(proposals)
        self.env["extensiv.take.quantities.line"].create(
            [
                {
                    "wizard_id": self.id,
                    "sku": proposal.sku,
                    "product_id": proposal.product and proposal.product.id,
                    "eim_quantity": proposal.at_eim,
                    "deducted": proposal.deducted,
                    "odoo_quantity": proposal.in_odoo or 0,
                    "proposed_quantity": proposal.counted or 0,
                    "is_proposable": proposal.counted is not None,
                    "chosen": proposal.counted is not None and not proposal.is_doubtful,
                    "reason": proposal.reason,
                }
                for proposal in sorted(
                    proposals, key=lambda proposal: (proposal.counted is None, proposal.is_doubtful, proposal.sku)
                )
            ]
        )

    def _reopen(self):
        return self._get_records_action(
            name=self.env._("Take EIM's Quantities"), context={"dialog_size": "extra-large"}, target="new"
        )

    # -- proposing

    def action_propose(self):
        """Propose the chosen counts and open Odoo's physical inventory with them; nothing of it is applied.

        What was counted or moved meanwhile is looked at again: only what still differs is proposed.
        """
        self.ensure_one()
        location = self._checked_location()
        if not self.may_count:
            raise UserError(
                self.env._(
                    "A count is entered and applied by who works with Odoo's stock: ask an administrator for the "
                    "right Inventory: User, or ask somebody who has it to press this."
                )
            )
        chosen = set(self.line_ids.filtered(lambda line: line.is_proposable and line.chosen).mapped("sku"))
        taking = QuantitiesToTake(location)
        proposals = [
            proposal
            for proposal in taking.compare(self._held())
            if proposal.sku in chosen and proposal.counted is not None
        ]
        if not proposals:
            raise UserError(
                self.env._("Nothing is left to propose. Choose a SKU, or press Read Again to see what differs now.")
            )
        quants = taking.propose(proposals)
        action = quants.action_view_inventory()
        return {
            **action,
            "name": self.env._("Physical Inventory: Quantities of %s", location.name),
            "domain": [("id", "in", quants.ids)],
        }


class ExtensivTakeQuantitiesLine(models.TransientModel):
    """A SKU whose quantity at EIM is not Odoo's."""

    _name = "extensiv.take.quantities.line"
    _description = "Quantity of EIM to Take"
    _order = "id"

    wizard_id = fields.Many2one("extensiv.take.quantities", required=True, index=True, ondelete="cascade")
    sku = fields.Char("SKU", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    eim_quantity = fields.Float("At EIM", digits=(16, 0), readonly=True, help="What EIM shows for the location.")
    deducted = fields.Float(
        "On Orders",
        digits=(16, 0),
        readonly=True,
        help="What EIM takes off the SKU's sum over all locations, for recent orders. Their goods may still lie on "
        "your shelves.",
    )
    odoo_quantity = fields.Float(
        "In Odoo",
        digits="Product Unit",
        readonly=True,
        help="On hand in the location of Odoo and everything beneath it.",
    )
    proposed_quantity = fields.Float(
        "Proposed",
        digits="Product Unit",
        readonly=True,
        help="What is entered as counted in the location itself: EIM's quantity, less what lies beneath it.",
    )
    is_proposable = fields.Boolean(readonly=True)
    chosen = fields.Boolean("Propose", help="Enter this count in Odoo's Physical Inventory, for a person to apply.")
    reason = fields.Text("Note", readonly=True)

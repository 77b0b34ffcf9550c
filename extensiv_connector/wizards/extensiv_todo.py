from odoo import api, fields, models
from odoo.exceptions import UserError

from ..flows import todo
from ..flows.deadline import one_deadline


class ExtensivTodo(models.TransientModel):
    """Choose products or delivery methods once, for all orders that wait for them."""

    _name = "extensiv.todo"
    _description = "Choose for Many EIM Orders"

    kind = fields.Selection([("product", "Products"), ("method", "Delivery Methods")], required=True, readonly=True)
    line_ids = fields.One2many("extensiv.todo.line", "todo_id")

    @api.model
    def _open_for(self, name, kind, lines):
        """Open the choice for ``lines``, values of its lines."""
        record = self.create({"kind": kind, "line_ids": [fields.Command.create(vals) for vals in lines]})
        return record._get_records_action(name=name, target="new")

    @one_deadline
    def action_apply(self):
        """Remember what was chosen, and put it on every order that waits for it."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        chosen = self.line_ids.filtered(lambda line: line.product_id or line.delivery_carrier_id)
        if not chosen:
            raise UserError(self.env._("Choose at least one."))
        chosen.account_id.check_access("read")
        said = self._apply_products(chosen) if self.kind == "product" else self._apply_methods(chosen)
        chosen.account_id.sudo()._remind_responsible()
        return {
            **self.env["extensiv.account"]._notification(self.env._("To Do"), said, "success"),
        }

    def _apply_products(self, lines):
        failed = self.env["extensiv.order"].sudo()
        for line in lines:
            account = line.account_id
            self.env["extensiv.sku.alias"]._set_product(account, line.name, line.product_id)
            failed |= todo.set_product(account.sudo(), line.name, line.product_id.sudo())
        failed._import_now()
        failed.invalidate_recordset()
        waiting = failed.filtered(lambda order: order.state == "received")
        said = self.env._("The orders that waited have their products. Press Confirm What Is Right for the quotations.")
        if waiting:
            said += " " + self.env._(
                "There was no time left for %s: they are imported in the background.", len(waiting)
            )
        return said

    def _apply_methods(self, lines):
        Method = self.env["extensiv.ship.method"].sudo()
        for line in lines:
            Method._map(line.account_id.sudo(), line.name, line.delivery_carrier_id.sudo())
        return self.env._("The methods are mapped, and the orders that waited for them have theirs.")


class ExtensivTodoLine(models.TransientModel):
    """A SKU, or what orders ask to be shipped with, and what is chosen for it."""

    _name = "extensiv.todo.line"
    _description = "One Choice for Many EIM Orders"

    todo_id = fields.Many2one("extensiv.todo", required=True, ondelete="cascade")
    account_id = fields.Many2one("extensiv.account", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="account_id.company_id")
    name = fields.Char("From EIM", required=True, readonly=True)
    description = fields.Text(readonly=True)
    order_count = fields.Integer("Orders", readonly=True)
    product_id = fields.Many2one(
        "product.product",
        check_company=True,
        domain="[('sale_ok', '=', True)]",
        help="What is sold under this SKU. Orders that wait for it get it, and later ones find it by themselves.",
    )
    delivery_carrier_id = fields.Many2one(
        "delivery.carrier",
        "Delivery Method",
        check_company=True,
        help="What orders that ask for this are delivered with: those that wait, and later ones.",
    )

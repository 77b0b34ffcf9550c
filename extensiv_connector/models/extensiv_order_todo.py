from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..flows import difference, holds, products_by_hand, relisting, renamed_carts, todo
from ..flows.deadline import one_deadline
from ..flows.runner import refresh_snapshot


class ExtensivOrder(models.Model):
    """To Do: what an order of the inbox needs a person for, and what is done for many at once."""

    _inherit = "extensiv.order"  # pylint: disable=consider-merging-classes-inherited  # what needs a person

    todo = fields.Selection(
        [
            ("failed", "Not Imported"),
            ("held", "Held as Quotation"),
            ("again", "Listed Again"),
            ("method", "No Delivery Method"),
            ("address", "Doubtful Address"),
            ("cart", "New Cart"),
        ],
        "Needs You For",
        compute="_compute_todo",
        search="_search_todo",
        help="What the order needs a person for.",
    )
    status = fields.Selection(
        [
            ("received", "Received"),
            ("failed", "Failed"),
            ("imported", "Imported"),
            ("cancelled", "Cancelled"),
            ("ignored", "Ignored"),
        ],
        compute="_compute_status",
        search="_search_status",
        help="How far the order is. Cancelled: at EIM, or its sale order here.",
    )
    attention = fields.Selection(
        [
            ("todo", "Needs You"),
            ("received", "Received"),
            ("imported", "Imported"),
            ("cancelled", "Cancelled"),
            ("ignored", "Ignored"),
        ],
        "Orders",
        compute="_compute_attention",
        search="_search_attention",
        help="Whether the order needs a person, and how far it is where it does not.",
    )
    sale_state = fields.Selection(related="sale_order_id.state", string="Sale Order's Status")
    todo_message = fields.Text("What to Do", compute="_compute_todo")
    error_id = fields.Many2one("extensiv.error", compute="_compute_error", help="What is open about the order.")
    fix = fields.Selection(
        lambda self: self.env["extensiv.error"]._fields["fix"]._description_selection(self.env),
        "How to Fix",
        compute="_compute_error",
    )
    is_held = fields.Boolean(related="sale_order_id.extensiv_is_held", string="Held as Quotation")

    def _compute_todo(self):
        kinds = todo.find_kinds(self)
        for order in self:
            found = kinds.get(order.id, [])
            order.todo = found[0] if found else False
            order.todo_message = "\n".join(todo.explain(order, kind) for kind in found) or False

    def _search_todo(self, operator, value):
        if operator != "in":
            return NotImplemented
        kinds = [kind for kind in value if kind]
        # Read with the rights of whoever searches: the rules of the inbox apply to what is found.
        found = todo.select(self.env, kinds)
        wanted = Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s IN (SELECT id FROM (%s) todo)", model._field_to_sql(alias, "id", query), found
            )
        )
        if False not in value:
            return wanted
        anything = todo.select(self.env)
        nothing = Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s NOT IN (SELECT id FROM (%s) todo)", model._field_to_sql(alias, "id", query), anything
            )
        )
        return wanted | nothing if kinds else nothing

    @api.depends("state", "cancelled_at", "sale_state")
    def _compute_status(self):
        for order in self:
            is_cancelled = order.cancelled_at or order.sale_state == "cancel"
            order.status = "cancelled" if is_cancelled else order.state

    def _search_status(self, operator, value):
        if operator != "in":
            return NotImplemented
        cancelled = (
            Domain("state", "=", "cancelled")
            | Domain("cancelled_at", "!=", False)
            | Domain("sale_state", "=", "cancel")
        )
        others = [status for status in value if status != "cancelled"]
        wanted = Domain("state", "in", others) & ~cancelled if others else Domain.FALSE
        return wanted | cancelled if "cancelled" in value else wanted

    @api.depends("status", "todo")
    def _compute_attention(self):
        for order in self:
            order.attention = "todo" if order.todo else order.status

    def _search_attention(self, operator, value):
        if operator != "in":
            return NotImplemented
        statuses = [status for status in value if status != "todo"]
        wanted = Domain("status", "in", statuses) & Domain("todo", "=", False) if statuses else Domain.FALSE
        return wanted | Domain("todo", "!=", False) if "todo" in value else wanted

    @api.model
    def _search_panel_domain_image(self, field_name, domain, set_count=False, limit=False):
        """Count the orders beside their list by what is no column: what needs a person first, then the rest."""
        if field_name != "attention":
            return super()._search_panel_domain_image(field_name, domain, set_count, limit)
        rest = Domain(domain) & Domain("todo", "=", False)
        counts = {"todo": self.search_count(Domain(domain) & Domain("todo", "!=", False))}
        counts.update(self._read_group(rest & ~Domain("status", "=", "cancelled"), ["state"], ["__count"]))
        counts["cancelled"] = self.search_count(rest & Domain("status", "=", "cancelled"))
        labels = self._fields["attention"]._description_selection(self.env)
        return {
            value: {"id": value, "display_name": label, **({"__count": counts[value]} if set_count else {})}
            for value, label in labels
            if counts.get(value)
        }

    def _compute_error(self):
        errors = {}
        asked_about = self.cart_id.filtered("renamed_from_id")
        for error in self.env["extensiv.error"].search(
            [
                ("account_id", "in", self.account_id.ids),
                ("flow", "=", "orders"),
                ("key", "in", [*self.mapped("cust_ref"), *map(renamed_carts.get_key, asked_about)]),
                ("step", "in", (False, holds.STEP, relisting.STEP, renamed_carts.STEP)),
                ("state", "=", "open"),
            ]
        ):
            errors.setdefault((error.account_id, error.key), error)
        for order in self:
            # One error tells of the cart for all its orders.
            is_asked = order.cart_id in asked_about and order.state == "failed"
            key = renamed_carts.get_key(order.cart_id) if is_asked else order.cust_ref
            error = errors.get((order.account_id, key))
            order.error_id = error
            order.fix = error and error.fix

    # -- actions

    @one_deadline
    def action_fix(self):
        """Do what the error about this order offers, or open where a person does it."""
        self.ensure_one()
        self.check_access("read")
        if not self.error_id:
            raise UserError(self.env._("Nothing is wrong with this order any more."))
        return self.error_id.action_fix()

    def action_choose_products(self):
        """Ask for the products of the SKUs that these orders lack one for."""
        orders = self._check_todo()
        skus = todo.find_skus(orders)
        if not skus:
            raise UserError(self.env._("None of these orders waits for a product."))
        return self.env["extensiv.todo"]._open_for(
            self.env._("Choose Products"),
            "product",
            [
                {"account_id": account.id, "name": sku, "description": text, "order_count": count}
                for account, found in skus.items()
                for sku, (text, count) in found.items()
            ],
        )

    @one_deadline
    def action_create_products(self):
        """Create a product of each SKU that these failed orders lack one for, and import them again.

        :raise UserError: a product is there of each, or resembles it
        """
        orders = self._check_todo()
        # Who may make no products makes none here either.
        self.env["product.product"].check_access("create")
        waiting = orders.filtered(lambda order: order.state == "failed" and order.missing_skus and order.payload)
        made = [products_by_hand.create_for(account, of) for account, of in waiting.grouped("account_id").items()]
        if not any(made):
            raise UserError(
                self.env._(
                    "No product was created: none of these orders waits for one, or products that resemble its SKUs "
                    "are here. Press Add Alias to choose which product is meant."
                )
            )
        return waiting.with_env(self.env).action_import()

    def action_map_methods(self):
        """Ask for the delivery methods of what these orders ask for."""
        orders = self._check_todo().filtered(
            lambda order: order.asked_method and not order.sale_order_id.carrier_id and order.state == "imported"
        )
        if not orders:
            raise UserError(
                self.env._(
                    "None of these orders asks for a shipping method that is not mapped. Choose the delivery method on "
                    "the sale order, or on the cart for all that ask for none."
                )
            )
        counts = orders._read_group([("id", "in", orders.ids)], ["account_id", "asked_method"], ["__count"])
        return self.env["extensiv.todo"]._open_for(
            self.env._("Map Methods"),
            "method",
            [{"account_id": account.id, "name": code, "order_count": count} for account, code, count in counts],
        )

    def action_accept_difference(self):
        """Make the totals of these held orders EIM's, by a line for the difference."""
        sales = self._check_todo().sale_order_id.filtered("extensiv_is_held")
        done = difference.accept(sales)
        if not done:
            raise UserError(self.env._("The total of none of these orders differs from EIM's."))
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_address_is_right(self):
        """Say that the delivery addresses of these orders are right as they are."""
        self._check_todo().sale_order_id.extensiv_address_doubt = False
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_open_cart(self):
        """Open the cart: what its orders wait for is answered there."""
        self.ensure_one()
        return self.cart_id._get_records_action()

    def action_cart_is_right(self):
        """Say that somebody looked at the settings of the carts of these orders."""
        self._check_todo().cart_id.is_new = False
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    @one_deadline
    def action_confirm_right(self):
        """Confirm those of these orders, or of all, that are held and that nothing stands in the way of any more."""
        chosen = self or self.search([("todo", "in", ["held"])])
        orders = chosen._check_todo().filtered(lambda order: order.is_held and not order.sale_order_id.extensiv_held_by)
        left = orders.browse()
        for account, account_orders in orders.grouped("account_id").items():
            left |= account_orders._confirm_held_now(account)
        refresh_snapshot(self.env)
        orders.account_id._remind_responsible()
        done = len(orders.filtered(lambda order: not order.is_held))
        said = [self.env._("%(done)s of %(all)s orders are confirmed.", done=done, all=len(chosen))]
        if left:
            said.append(self.env._("There was no time left for %s: press the button again.", len(left)))
        elif done < len(chosen):
            said.append(self.env._("Each of the others says what stands in its way."))
        return {
            **self.env["extensiv.account"]._notification(
                self.env._("To Do"), " ".join(said), "success" if done == len(chosen) else "warning"
            ),
        }

    @one_deadline
    def action_compare(self):
        """Show what EIM says of this order now beside its sale order, invoices and payments."""
        self.ensure_one()
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        return self.env["extensiv.compare.order"].create({"order_id": self.id}).action_read()

    def _check_todo(self):
        """Return these orders as superuser, for a person who may work with them."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        return self.sudo()

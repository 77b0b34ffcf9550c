from odoo import api, fields, models

from ..flows import lengths
from ..flows.deadline import one_deadline

# How much of a function a cart has, as far as EIM's public documentation says.
SUPPORT = [("none", "No"), ("basic", "Yes"), ("detailed", "Yes, detailed"), ("unknown", "Not documented")]
SHOWN_MANAGERS = 3


class ExtensivCartType(models.Model):
    """The catalogue: a kind of shop or marketplace that EIM can connect, and what is documented of it."""

    _name = "extensiv.cart.type"
    _description = "EIM Cart Type"
    _order = "name, id"

    code = fields.Char(
        required=True,
        help="What the name of an order source begins with, where that is not the cart's own name. Only its letters "
        "count.",
    )
    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    image_128 = fields.Image("Picture", max_width=128, max_height=128)
    cart_ids = fields.One2many("extensiv.cart", "type_id", "Carts")
    cart_count = fields.Integer("Connected", compute="_compute_cart_count", help="Carts of this kind that EIM has.")
    functions_table = fields.Html("What Odoo Can Do With It", compute="_compute_functions_table", sanitize=False)
    who_connects = fields.Char(compute="_compute_who_connects", help="Who may connect it: the Extensiv managers.")
    order_download = fields.Selection(
        SUPPORT, required=True, default="basic", help="Whether EIM downloads the cart's orders."
    )
    inventory_sync = fields.Selection(
        SUPPORT, "Stock", required=True, default="unknown", help="Whether EIM hands stock levels on to the cart."
    )
    shipment_confirmation = fields.Selection(
        SUPPORT,
        "Shipments",
        required=True,
        default="unknown",
        help="Whether EIM tells the cart what was shipped. Detailed: line by line.",
    )
    cancellation = fields.Selection(
        [("none", "No"), ("download", "From the cart"), ("both", "Both ways"), ("unknown", "Not documented")],
        "Cancellations",
        required=True,
        default="unknown",
        help="Whether EIM learns of orders cancelled in the cart, and can cancel them there.",
    )
    forbids_mails = fields.Boolean(
        help="The marketplace forbids its sellers to mail or text its buyers about orders and deliveries: it does so "
        "itself. New carts of this kind start with Mail the Buyer off.",
    )
    requirements = fields.Text(translate=True, help="What must be at hand to connect a cart of this kind.")
    limits = fields.Text(
        "What Is Not Done", translate=True, help="What one might expect of the cart and EIM does not do with it."
    )

    _code_unique = models.Constraint("UNIQUE(code)", "Another kind of cart has this code.")

    @api.constrains(lengths.find_fields)
    def _check_lengths(self):
        lengths.check(self)

    @api.model_create_multi
    def create(self, vals_list):
        types = super().create(vals_list)
        # Carts met before their kind was in the catalogue find it now.
        untyped = self.env["extensiv.cart"].sudo().with_context(active_test=False).search([("type_id", "=", False)])
        untyped._compute_type_id()
        return types

    @api.depends("cart_ids")
    def _compute_cart_count(self):
        counts = dict(self.env["extensiv.cart"]._read_group([("type_id", "in", self.ids)], ["type_id"], ["__count"]))
        for cart_type in self:
            cart_type.cart_count = counts.get(cart_type, 0)

    @api.depends("order_download", "inventory_sync", "shipment_confirmation", "cancellation")
    def _compute_functions_table(self):
        unsaid = self.env._("EIM's public documentation does not say whether it works with this cart.")
        labels = {
            name: dict(self._fields[name]._description_selection(self.env))
            for name in ("order_download", "inventory_sync", "shipment_confirmation", "cancellation")
        }
        for cart_type in self:
            functions = [
                {
                    "support": cart_type[name],
                    "title": title,
                    "label": labels[name][cart_type[name]],
                    "text": {"none": undone, "unknown": unsaid}.get(cart_type[name], done),
                }
                for name, title, done, undone in self._functions()
            ]
            cart_type.functions_table = self.env["ir.qweb"]._render(
                "extensiv_connector.cart_type_functions", {"functions": functions}
            )

    @api.model
    def _functions(self):
        """Return ``[(field, title, what is done, what is not)]`` of what Odoo can do with a cart through EIM."""
        return [
            (
                "order_download",
                self.env._("Pull orders"),
                self.env._("New orders become sale orders in Odoo."),
                self.env._("Its orders do not come to Odoo."),
            ),
            (
                "inventory_sync",
                self.env._("Push stock"),
                self.env._("The cart shows the stock that Odoo has."),
                self.env._("Keep the stock in the cart by hand."),
            ),
            (
                "shipment_confirmation",
                self.env._("Push shipments"),
                self.env._("The cart learns carrier and tracking number once the whole order has left."),
                self.env._("Enter what was shipped in the cart by hand."),
            ),
            (
                "cancellation",
                self.env._("Cancellations"),
                self.env._("Odoo learns of orders that the buyer cancelled in the cart."),
                self.env._("Cancel an order in Odoo by hand when the buyer cancelled it in the cart."),
            ),
        ]

    def _compute_who_connects(self):
        managers = self.env.ref("extensiv_connector.group_manager").sudo().all_user_ids
        here = managers.filtered(lambda user: not user.share and self.env.company in user.company_ids)
        for cart_type in self:
            cart_type.who_connects = ", ".join(here.sorted("name")[:SHOWN_MANAGERS].mapped("name"))

    # -- actions

    def action_open_window(self):
        """Open the window that says what Odoo can do with such a cart, and what it takes."""
        self.ensure_one()
        return self._get_records_action(
            name=self.name,
            views=[(self.env.ref("extensiv_connector.extensiv_cart_type_view_form_window").id, "form")],
            target="new",
        )

    @one_deadline
    def action_set_up(self):
        """Open the guided set-up where it goes on: a new account, *Connect*, *Carts*, or the accounts there are."""
        Account = self.env["extensiv.account"]
        Account._check_manager()
        accounts = Account.search([("company_id", "=", self.env.company.id)])
        if len(accounts) == 1:
            return accounts.action_setup_cart()
        if accounts:
            choice = self.env.ref("extensiv_connector.extensiv_account_view_kanban_choose")
            return {
                "type": "ir.actions.act_window",
                "name": self.env._("Which account is it for?"),
                "res_model": "extensiv.account",
                "domain": [("id", "in", accounts.ids)],
                "views": [(choice.id, "kanban")],
            }
        action = self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_account_action")
        return {**action, "views": [(False, "form")]}

    # -- finding a cart's kind

    def _find(self, order_sources):
        """Return ``{order source: type}``: the type with the longest name or code that begins the order source.

        Only letters count, whatever their case: EIM's ``Amazon_US2`` is an Amazon. Where that leaves several
        (Magento 1 and 2), digits decide, then the older entry of the catalogue.

        :param order_sources: order sources as EIM spells them
        """
        keys = []
        for cart_type in self.search(fields.Domain.TRUE, order="id"):
            for text in dict.fromkeys((cart_type.name, cart_type.code)):
                if letters := self._letters(text):
                    keys.append((letters, self._letters(text, str.isalnum), cart_type))
        found = {}
        for source in order_sources:
            letters = self._letters(source)
            characters = self._letters(source, str.isalnum)
            fitting = [
                (len(key), characters.startswith(spelt), cart_type)
                for key, spelt, cart_type in keys
                if letters.startswith(key)
            ]
            found[source] = max(fitting, key=lambda fit: fit[:2])[2] if fitting else self.browse()
        return found

    @api.model
    def _letters(self, text, kind=str.isalpha):
        return "".join(character for character in (text or "").casefold() if kind(character))

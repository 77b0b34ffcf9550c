from odoo import api, fields, models

# How much of a function a cart has, as far as EIM's public documentation says.
SUPPORT = [("none", "No"), ("basic", "Yes"), ("detailed", "Yes, detailed"), ("unknown", "Not documented")]


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
    order_download = fields.Selection(
        SUPPORT, required=True, default="basic", help="Whether EIM downloads the cart's orders."
    )
    inventory_sync = fields.Selection(
        SUPPORT, "Inventory", required=True, default="unknown", help="Whether EIM passes stock levels on to the cart."
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
    requirements = fields.Text(help="What must be at hand to connect a cart of this kind.")
    limits = fields.Text("What Is Not Done", help="What one might expect of the cart and EIM does not do with it.")

    _code_unique = models.Constraint("UNIQUE(code)", "Another kind of cart has this code.")

    @api.model_create_multi
    def create(self, vals_list):
        types = super().create(vals_list)
        # Carts met before their kind was in the catalogue find it now.
        untyped = self.env["extensiv.cart"].sudo().with_context(active_test=False).search([("type_id", "=", False)])
        untyped._compute_type_id()
        return types

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
            letters, characters = self._letters(source), self._letters(source, str.isalnum)
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

from collections import defaultdict
from dataclasses import dataclass
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL, LazyTranslate
from odoo.tools.sql import column_exists, create_column

from ..flows import technical_fields
from ..flows.made_to_order import made_to_order_sql
from ..flows.sku_spelling import differences, find_alike, is_clean, visible
from ..flows.spreadsheet import unquote

_lt = LazyTranslate(__name__)

SERVICE_PRODUCTS = {
    "shipping": "EIM-SHIPPING",
    "discount": "EIM-DISCOUNT",
    "tax": "EIM-TAX",
    "charge": "EIM-CHARGE",
    "placeholder": "EIM-UNKNOWN",
}
SERVICE_NAMES = {
    "shipping": _lt("Shipping"),
    "discount": _lt("Discount"),
    "tax": _lt("Sales Tax"),
    "charge": _lt("Other Charges"),
    "placeholder": _lt("Unknown Product"),
}
STOCK_RULES = [("push", "Push"), ("leave", "Leave Alone"), ("fixed", "Fixed Quantity")]
# Who writes one of these has decided about the product.
CHOICES = frozenset({"extensiv_stock_rule", "extensiv_push"})


@dataclass(frozen=True)
class Match:
    """What was found for a SKU: one product that can be sold, or ``problem``, the reason why there is none.

    ``found`` are the products that have the SKU all the same: several, an archived one, or one that is not for sale.
    ``alike`` are products, for none has it, whose SKU differs by its spelling alone: a person decides about these.

    ``code`` is what the product was found by, and ``kind`` whose code that is: ``alias``, ``reference``, ``barcode`` or
    ``packaging``. ``uom`` is the unit that one of the SKU is, None: the product's own.
    """

    product: object = None
    problem: str = ""
    found: tuple = ()
    alike: tuple = ()
    kind: str = ""
    code: str = ""
    uom: object = None

    @property
    def units(self):
        """How many of the product's own unit one of the SKU is."""
        return self.uom._compute_quantity(1.0, self.product.uom_id, round=False) if self.uom else 1.0

    def is_by_other_code(self, sku):
        """Whether the product was found by what is neither its alias for ``sku`` nor its internal reference."""
        return bool(self.product) and self.kind != "alias" and (self.kind, self.code) != ("reference", sku)


class Found(NamedTuple):
    """A product that has a code, see ``Match``."""

    product: object
    kind: str
    code: str
    uom: object = None


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "extensiv.stock.trigger.mixin"]
    _stock_trigger_fields = frozenset(
        {
            "default_code",
            "active",
            "extensiv_push",
            "extensiv_stock_rule",
            "extensiv_fixed_qty",
            "extensiv_rule_chosen",
            "extensiv_buffer_qty",
            "additional_product_tag_ids",
        }
    )

    extensiv_stock_rule = fields.Selection(
        STOCK_RULES,
        "Stock at EIM",
        default="push",
        required=True,
        copy=False,
        tracking=True,
        help="Push: EIM is told the product's stock. Leave Alone: what EIM holds of it is not touched, not even set to "
        "zero. Fixed Quantity: EIM is told the same number whatever the stock is, for what is never short.",
    )
    extensiv_fixed_qty = fields.Integer(
        "Quantity for EIM",
        copy=False,
        tracking=True,
        help="The number that each location of EIM to which stock is pushed is told, as it stands: without stock, "
        "buffers and waiting orders. A cart that adds up several locations shows their sum.",
    )
    extensiv_push = fields.Boolean(
        "Push Stock to EIM",
        compute="_compute_extensiv_push",
        inverse="_inverse_extensiv_push",
        store=True,
        precompute=True,
        copy=False,
        tracking=True,
        help="Follows the rule for the stock at EIM. Off: the product is left alone, EIM's level of it is not touched.",
    )
    extensiv_rule_chosen = fields.Boolean(
        "Rule Chosen",
        copy=False,
        readonly=True,
        help="A person chose the rule. Until then a product that needs no stock, because its vendor delivers it or it "
        "is made to order, is pushed only once it has some.",
    )
    extensiv_buffer_qty = fields.Float(
        "Buffer for EIM",
        digits="Product Unit",
        copy=False,
        tracking=True,
        help="Kept back in every location of EIM, besides the account's own buffer.",
    )

    extensiv_to_review = fields.Boolean(
        "To Review",
        copy=False,
        tracking=True,
        help="The connector made this product of an order's line whose SKU belonged to none.",
    )
    extensiv_created_sku = fields.Char("Made of SKU", readonly=True, copy=False)
    extensiv_created_company_id = fields.Many2one("res.company", readonly=True, copy=False, ondelete="set null")

    _extensiv_to_review_idx = models.Index("(id) WHERE extensiv_to_review")
    # What keeps two processes from making a product of one SKU each.
    _extensiv_created_once = models.UniqueIndex(
        "(extensiv_created_company_id, extensiv_created_sku) WHERE extensiv_created_sku IS NOT NULL",
        "A product was made of this SKU already.",
    )
    _extensiv_buffer_qty_positive = models.Constraint(
        "CHECK(extensiv_buffer_qty >= 0)", "The buffer cannot be negative."
    )
    _extensiv_fixed_qty_positive = models.Constraint(
        "CHECK(extensiv_fixed_qty >= 0)", "The quantity for EIM cannot be negative."
    )

    def _auto_init(self):
        """Fill the stored Boolean in one statement: computing it would read every product of the database."""
        if not column_exists(self.env.cr, self._table, "extensiv_push"):
            create_column(self.env.cr, self._table, "extensiv_push", "boolean")
            self.env.cr.execute(SQL("UPDATE product_product SET extensiv_push = TRUE"))
        return super()._auto_init()

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return technical_fields.hide(self, super().fields_get(allfields, attributes))

    @api.depends("extensiv_stock_rule")
    def _compute_extensiv_push(self):
        for product in self:
            product.extensiv_push = product.extensiv_stock_rule != "leave"

    def _inverse_extensiv_push(self):
        for push, products in self.grouped("extensiv_push").items():
            if push:
                products = products.filtered(lambda product: product.extensiv_stock_rule == "leave")
            products.extensiv_stock_rule = "push" if push else "leave"

    @api.model_create_multi
    def create(self, vals_list):
        # A form sends the defaults, too: pushing is chosen only by who writes it later.
        return super().create(
            [{"extensiv_rule_chosen": vals.get("extensiv_stock_rule", "push") != "push", **vals} for vals in vals_list]
        )

    def write(self, vals):
        if not CHOICES.isdisjoint(vals):
            vals = {"extensiv_rule_chosen": True, **vals}
        return super().write(vals)

    @api.model
    def load(self, fields, data):
        """Take off the quotes before names and references that begin like formulas: our template has them."""
        texts = {position for position, name in enumerate(fields) if name in ("name", "default_code")}
        rows = [[unquote(cell) if position in texts else cell for position, cell in enumerate(row)] for row in data]
        return super().load(fields, rows)

    def action_extensiv_set_zero(self):
        """Have EIM told zero of these products once, though they are left alone: of each SKU in each pushed location.

        :raise UserError: a product is pushed, so that the zero would not stay
        """
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        self._extensiv_check_left_alone()
        zeros = {}
        for account in self.env["extensiv.account"].search([("company_id", "in", self.env.companies.ids)]).sudo():
            products = self.sudo().filtered_domain(self._check_company_domain(account.company_id))
            skus = {product.default_code for product in products if (product.default_code or "").strip()}
            skus.update(
                self.env["extensiv.sku.alias"]
                .sudo()
                .search([("account_id", "=", account.id), ("product_id", "in", products.ids)])
                .mapped("sku")
            )
            zeros[account] = [
                (location.id, sku) for location in account.location_ids.filtered("push_enabled") for sku in skus
            ]
        return self.env["extensiv.stock.level"].sudo()._set_zero(zeros)

    def action_extensiv_reviewed(self):
        """Note that these products, which the connector made of unknown SKUs, are as they should be."""
        self.env["extensiv.error"]._check_user()
        self.check_access("read")
        self.sudo().extensiv_to_review = False
        return {"type": "ir.actions.client", "tag": "soft_reload"}

    def action_extensiv_history(self):
        """Open what EIM was told of the stock of these products."""
        return {
            **self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_stock_history_action"),
            "domain": [("level_id.product_id", "in", self.ids)],
        }

    def _extensiv_check_left_alone(self):
        """Refuse to set to zero what the next push tells the stock of again."""
        if pushed := self.filtered(lambda product: product.active and product.extensiv_stock_rule != "leave"):
            raise UserError(
                self.env._(
                    "%(products)s would be pushed again at once. Choose Leave Alone on the product first; then press "
                    "Set to Zero at EIM.",
                    products=", ".join(pushed[:5].mapped("display_name")),
                )
            )

    def _extensiv_made_to_order(self):
        """Return those that need no stock in the current company: by their routes, their categories' or the
        warehouses', the vendor delivers them to the customer, or they are bought or made for each order.
        """
        templates = made_to_order_sql(self.env, self.env.company)
        if templates is None or not self.ids:
            return self.browse()
        rows = self.env.execute_query(
            SQL("SELECT id FROM product_product WHERE id = ANY (%s) AND product_tmpl_id IN (%s)", self.ids, templates)
        )
        found = {product for [product] in rows}
        return self.filtered(lambda product: product.id in found)

    @api.model
    def _extensiv_service_products(self):
        """Return the products of the lines that are not goods, ``{a key of SERVICE_PRODUCTS: product}``.

        Known by their internal reference and made when missing, shared by all companies. They carry no taxes of
        their own: what they stand for is an amount that EIM sent.
        """
        products = self.sudo().with_context(active_test=False)
        known = {
            product.default_code: product
            for product in products.search(
                [("default_code", "in", list(SERVICE_PRODUCTS.values())), ("company_id", "=", False)], order="id desc"
            )
        }
        missing = {
            reference: SERVICE_NAMES[kind] for kind, reference in SERVICE_PRODUCTS.items() if reference not in known
        }
        # Odoo would give what is shared the default taxes of all other companies.
        english = products.with_context(extensiv_without_taxes=True, lang="en_US")
        for product in english.create(
            [
                {
                    "name": english.env._(name),
                    "default_code": reference,
                    "type": "service",
                    "invoice_policy": "order",
                    "list_price": 0,
                    "sale_ok": False,
                    "purchase_ok": False,
                    "taxes_id": [],
                    "supplier_taxes_id": [],
                }
                for reference, name in missing.items()
            ]
        ):
            known[product.default_code] = product
        for reference, name in missing.items():
            known[reference]._extensiv_translate_name(name)
        return {kind: known[reference].with_env(self.env) for kind, reference in SERVICE_PRODUCTS.items()}

    def _extensiv_translate_name(self, name):
        """Give a new product its ``name``, marked for translation, in each language that is installed."""
        for code, _label in self.env["res.lang"].get_installed():
            if code != "en_US":
                translated = self.with_context(lang=code)
                translated.name = translated.env._(name)

    @api.model
    def _extensiv_match(self, account, skus):
        """Find the products of SKUs, matched exactly and case-sensitively, in the account's company or shared.

        The account's alias table decides first, then the internal reference, then the barcodes, those of packagings
        too, and the codes that EIM knows the SKU by. Where none is found, what differs by its spelling alone is told,
        never taken.

        :param skus: ``{sku: other codes of it}``, as EIM's orders carry them
        :return: ``{sku: Match}``, one for every SKU
        """
        if not skus:
            return {}
        aliases = {
            alias.sku: alias
            for alias in self.env["extensiv.sku.alias"].search(
                [("account_id", "=", account.id), ("sku", "in", list(skus))]
            )
        }
        codes = {code for sku, others in skus.items() for code in (sku, *others)}
        codes.update(alias.code for alias in aliases.values() if alias.code)
        by_reference, by_barcode = self._extensiv_find_codes(account, list(codes))
        matches = {}
        for sku, others in skus.items():
            said, learned_by = self._extensiv_said(aliases.get(sku), by_reference, by_barcode)
            by_codes = {}
            for found in (
                *by_barcode[sku],
                *(each for code in (*others, *learned_by) for each in (*by_reference[code], *by_barcode[code])),
            ):
                by_codes.setdefault(found.product, found)
            matches[sku] = self._extensiv_choose(sku, (said, by_reference[sku], list(by_codes.values())))
        unknown = [sku for sku, match in matches.items() if match.problem and not match.found]
        for sku, alike in find_alike(self.env, account, unknown).items():
            matches[sku] = self._extensiv_match_alike(sku, alike)
        return matches

    @api.model
    def _extensiv_said(self, alias, by_reference, by_barcode):
        """Return what an alias says, ``[Found]``, and where that is out of date the code by which it was learned.

        What was learned follows its code to another product, also to the one in use that has it beside an archived
        one, and to another pack; what a person said stays.
        """
        if not alias:
            return [], []
        if alias.origin != "person":
            holders = [*by_reference[alias.code], *by_barcode[alias.code]]
            holders = [found for found in holders if found.product.active] or holders
            said = (alias.product_id, alias.uom_id)
            if holders and said not in [(found.product, found.uom or alias.uom_id.browse()) for found in holders]:
                return [], [alias.code]
        return [Found(alias.product_id, "alias", alias.sku, alias.uom_id or None)], []

    @api.model
    def _extensiv_find_codes(self, account, codes):
        """Return who has ``codes``, as internal references and as barcodes, ``{code: [Found]}`` each."""
        packs = defaultdict(list)
        for pack in self.env["product.uom"].sudo().search([("barcode", "in", codes)]):
            packs[pack.product_id.id].append(pack)
        by_reference = defaultdict(list)
        by_barcode = defaultdict(list)
        # In lists, for a recordset made of one product forgets the others, and Odoo would read it alone.
        for product in self.with_context(active_test=False).search(
            Domain(self._check_company_domain(account.company_id))
            & (Domain("default_code", "in", codes) | Domain("barcode", "in", codes) | Domain("id", "in", list(packs))),
        ):
            by_reference[product.default_code].append(Found(product, "reference", product.default_code))
            by_barcode[product.barcode].append(Found(product, "barcode", product.barcode))
            for pack in packs.get(product.id, ()):
                uom = pack.uom_id.with_env(self.env) if pack.uom_id != product.uom_id else None
                by_barcode[pack.barcode].append(Found(product, "packaging", pack.barcode, uom))
        return by_reference, by_barcode

    @api.model
    def _extensiv_match_alike(self, sku, alike):
        """Return the ``Match`` of a SKU that no product has, though some have nearly the same.

        :param alike: ``flows.sku_spelling.Alike`` objects, the likeliest first
        """
        nearest = alike[0]
        products = self.browse(dict.fromkeys(other.product_id for other in alike))
        kinds = {
            "reference": self.env._("internal reference"),
            "barcode": self.env._("barcode"),
            "packaging": self.env._("barcode of a packaging"),
            "alias": self.env._("alias"),
        }
        names = {
            "capitals": self.env._("capitals"),
            "blanks": self.env._("blanks"),
            "invisible": self.env._("invisible characters"),
            "lookalike": self.env._("characters that only look the same"),
        }
        if not is_clean(nearest.code):
            advice = self.env._("Correct it on the product, or add an alias.")
        elif not is_clean(sku):
            advice = self.env._("Correct the SKU in the cart, or add an alias.")
        else:
            advice = self.env._("Make both the same, in the cart or on the product, or add an alias.")
        return Match(
            alike=tuple(products),
            problem=self.env._(
                "SKU %(sku)s belongs to no product, but %(product)s has the %(kind)s %(code)s: they differ only by "
                "%(differences)s. %(advice)s",
                sku=visible(sku),
                product=products[0].display_name,
                kind=kinds[nearest.kind],
                code=visible(nearest.code),
                differences=", ".join(names[kind] for kind in differences(sku, nearest.code)),
                advice=advice,
            ),
        )

    @api.model
    def _extensiv_choose(self, sku, ways):
        """Return the ``Match`` of ``sku`` among what was ``Found`` in several ways; the first way decides."""
        chosen = next((found for found in ways if found), [])
        found = [each.product for each in chosen]
        if not found:
            return Match(
                problem=self.env._(
                    "SKU %(sku)s is not an internal reference of any product. Give a product the internal reference "
                    "%(sku)s, or add an alias.",
                    sku=sku,
                )
            )
        # An archived twin does not stand in the way of the product in use.
        in_use = [product for product in found if product.active] or found
        if len(in_use) > 1:
            return Match(
                found=tuple(in_use),
                problem=self.env._(
                    "SKU %(sku)s belongs to several products: %(products)s. Only one may have it.",
                    sku=sku,
                    products=", ".join(f"{product.display_name} (ID {product.id})" for product in in_use),
                ),
            )
        [product] = in_use
        if not product.active:
            return Match(
                found=(product,),
                problem=self.env._(
                    "SKU %(sku)s is the archived product %(product)s. Unarchive it, or add an alias to another.",
                    sku=sku,
                    product=product.display_name,
                ),
            )
        if not product.sale_ok:
            return Match(
                found=(product,),
                problem=self.env._(
                    "SKU %(sku)s is %(product)s, which is not for sale. Tick Sales on the product, or add an alias to "
                    "another.",
                    sku=sku,
                    product=product.display_name,
                ),
            )
        [way] = [each for each in chosen if each.product == product]
        return Match(product=product, kind=way.kind, code=way.code, uom=way.uom)

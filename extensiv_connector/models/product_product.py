from collections import defaultdict
from dataclasses import dataclass
from itertools import chain

from odoo import api, fields, models
from odoo.fields import Domain

SERVICE_PRODUCTS = {
    "shipping": ("EIM-SHIPPING", "Shipping"),
    "discount": ("EIM-DISCOUNT", "Discount"),
    "tax": ("EIM-TAX", "Sales Tax"),
    "placeholder": ("EIM-UNKNOWN", "Unknown Product"),
}


@dataclass(frozen=True)
class Match:
    """What was found for a SKU: one product that can be sold, or ``problem``, the reason why there is none.

    ``found`` are the products that have the SKU all the same: several, an archived one, or one that is not for sale.
    """

    product: object = None
    problem: str = ""
    found: tuple = ()


class ProductProduct(models.Model):
    _name = "product.product"
    _inherit = ["product.product", "extensiv.stock.trigger.mixin"]
    _stock_trigger_fields = frozenset({"default_code", "active", "extensiv_push", "extensiv_buffer_qty"})

    extensiv_push = fields.Boolean(
        "Push Stock to EIM",
        default=True,
        copy=False,
        tracking=True,
        help="Off: EIM is told zero of this product once, and nothing more.",
    )
    extensiv_buffer_qty = fields.Float(
        "Buffer for EIM",
        digits="Product Unit",
        copy=False,
        tracking=True,
        help="Kept back in every location of EIM, besides the account's own buffer.",
    )

    _extensiv_buffer_qty_positive = models.Constraint(
        "CHECK(extensiv_buffer_qty >= 0)", "The buffer cannot be negative."
    )

    @api.model
    def _extensiv_service_products(self):
        """Return the products of the lines that are not goods, ``{a key of SERVICE_PRODUCTS: product}``.

        Known by their internal reference and made when missing, shared by all companies. They carry no taxes of
        their own: what they stand for is an amount that EIM sent.
        """
        products = self.sudo().with_context(active_test=False)
        references = [reference for reference, _name in SERVICE_PRODUCTS.values()]
        known = {
            product.default_code: product
            for product in products.search(
                [("default_code", "in", references), ("company_id", "=", False)], order="id desc"
            )
        }
        missing = [(reference, name) for reference, name in SERVICE_PRODUCTS.values() if reference not in known]
        for product in products.create(
            [
                {
                    "name": name,
                    "default_code": reference,
                    "type": "service",
                    "invoice_policy": "order",
                    "list_price": 0,
                    "sale_ok": False,
                    "purchase_ok": False,
                    "taxes_id": [],
                    "supplier_taxes_id": [],
                }
                for reference, name in missing
            ]
        ):
            known[product.default_code] = product
        return {kind: known[reference].with_env(self.env) for kind, (reference, _name) in SERVICE_PRODUCTS.items()}

    @api.model
    def _extensiv_match(self, account, skus):
        """Find the products of SKUs, matched exactly and case-sensitively, in the account's company or shared.

        The account's alias table decides first, then the internal reference, then the barcode and the codes that
        EIM knows the SKU by.

        :param skus: ``{sku: other codes of it}``, as EIM's orders carry them
        :return: ``{sku: Match}``, one for every SKU
        """
        if not skus:
            return {}
        aliases = {
            alias.sku: alias.product_id
            for alias in self.env["extensiv.sku.alias"].search(
                [("account_id", "=", account.id), ("sku", "in", list(skus))]
            )
        }
        codes = list({code for sku, others in skus.items() for code in (sku, *others)})
        by_reference, by_barcode = defaultdict(list), defaultdict(list)
        # In lists, for a recordset made of one product forgets the others, and Odoo would read it alone.
        for product in self.with_context(active_test=False).search(
            Domain(self._check_company_domain(account.company_id))
            & (Domain("default_code", "in", codes) | Domain("barcode", "in", codes)),
        ):
            by_reference[product.default_code].append(product)
            by_barcode[product.barcode].append(product)
        matches = {}
        for sku, others in skus.items():
            ways = (
                aliases.get(sku, ()),
                by_reference.get(sku, ()),
                list(
                    dict.fromkeys(
                        chain(
                            by_barcode.get(sku, ()),
                            *(found.get(code, ()) for code in others for found in (by_reference, by_barcode)),
                        )
                    )
                ),
            )
            matches[sku] = self._extensiv_choose(sku, ways)
        return matches

    @api.model
    def _extensiv_choose(self, sku, ways):
        """Return the ``Match`` of ``sku`` among the products found in several ways; the first way decides."""
        found = next((products for products in ways if products), None)
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
        return Match(product=product)

"""How the quantity of one product in one location of EIM is made up, for a person."""

from odoo.fields import Domain
from odoo.tools import SQL

from .kit_levels import find_scarcest
from .kits import find_components
from .languages import figure
from .sku_choice import find_known, is_by_sku, is_chosen
from .sku_feed import feed_sql, find_feeding
from .stock_demand import compute_corrections, find_taken, sum_taken
from .stock_holders import find_holders
from .stock_levels import unit_digits
from .stock_sources import OdooStock, find_sources, fresh_sql


def explain_level(location, product):
    """Return what would be pushed of ``product`` to ``location``, as it stands in a form.

    :return: ``{"skus": [...], "parts": [(words, quantity)], "quantity": whole units, "reason": why nothing is,
        "quantities": {SKU: whole units or packs}, "notes": sentences on these, "holders": [Holder]}``
    """
    return _Explanation(location, product).explain()


class _Explanation:
    """One product in one location of EIM.

    :param location: an ``extensiv.location``, also as it stands in a form
    :param product: a ``product.product``
    """

    def __init__(self, location, product):
        account = location.account_id
        company = account.company_id
        self.env = account.sudo().with_company(company).with_context(allowed_company_ids=company.ids).env
        self.location = location
        self.account = account.with_env(self.env)
        self.product = product.with_env(self.env)
        self.sources = find_sources(self.account, location)
        self.taken = find_taken(self.account, self.sources)
        self.corrections = compute_corrections(self.account, self.sources, taken=self.taken)
        self.kits = self.corrections.kits
        self.skus = []
        self.units = {}
        """``{SKU: how many of the product's unit one of it is}`` of those under which it is pushed"""
        self.notes = []

    def explain(self):
        """Return as ``explain_level``."""
        fed = self.env.execute_query(
            feed_sql(self.account, self.kits, self._names(), untracked_ids=self.corrections.untracked_ids)
        )
        self.skus = [sku for sku, of, shared, *_rest in fed if of == self.product.id or shared]
        if not self.skus:
            return {"skus": [], "reason": self._why_not_pushed(), "holders": []}
        if waiting := self.location._waiting_warnings():
            return self._nothing(waiting[0])
        self.units = {sku: units for sku, of, *_rest, units in fed if of == self.product.id}
        self.notes = [self._say_shared(sku, of) for sku, of, shared, *_rest in fed if shared]
        if not self.units:
            return self._nothing(" ".join(self.notes))
        self.skus = list(self.units)
        if self.location._is_mapped() and not any(source.location_ids for source in self.sources):
            return self._nothing(self.env._("No location of Odoo is counted: choose one that is in use."))
        if self.product.extensiv_stock_rule == "fixed":
            fixed = self.product.extensiv_fixed_qty
            parts = [(self.env._("Fixed quantity"), fixed)]
            return {**self._quantity(parts, fixed, dict.fromkeys(self.skus, fixed)), "holders": []}
        parts = self._parts()
        total = round(sum(quantity for _words, quantity in parts), unit_digits(self.env))
        quantity = max(0, int(total // 1))
        quantities = {sku: max(0, int(total / units + 1e-9)) for sku, units in self.units.items()}
        if not quantity and self._waits_for_stock():
            return self._nothing(
                self.env._(
                    "%s has no stock and needs none: its vendor delivers it, or it is made to order. It is pushed once "
                    "it has stock, or once somebody chooses Push on the product.",
                    self.product.display_name,
                )
            )
        return self._quantity(parts, quantity, quantities)

    def _quantity(self, parts, quantity, quantities):
        return {
            "skus": self.skus,
            "parts": parts,
            "quantity": quantity,
            "quantities": quantities,
            "notes": self.notes + self._say_parts() + self._say_skus(quantities),
            "reason": "",
            "holders": find_holders(self.account, self.sources, self._goods()),
        }

    def _nothing(self, reason):
        return {"skus": self.skus, "reason": reason, "holders": []}

    def _goods(self):
        """Return what lies in stock of the product: itself, or the components of a kit."""
        if self.product not in self.kits:
            return self.product
        return self.product.union(*find_components(self.account, self.product).values())

    # -- under which SKUs

    def _say_shared(self, sku, former):
        """Return that a SKU belongs to several products, and whose stock (the id of a product, or None) is pushed."""
        products = find_feeding(self.account, [sku])[sku]
        words = {
            "sku": sku,
            "products": ", ".join(f"{product.display_name} (ID {product.id})" for product in products),
        }
        if not former:
            return self.env._("%(sku)s belongs to several products: %(products)s.", **words)
        return self.env._(
            "%(sku)s belongs to several products: %(products)s. The stock of %(former)s (ID %(id)s) goes on being "
            "pushed.",
            former=self.product.browse(former).display_name,
            id=former,
            **words,
        )

    def _say_parts(self):
        """Return sentences on the part of a kit of which there is least."""
        found = self.corrections.found
        if self.product in found.circles:
            return [
                self.env._(
                    "%s is a part of itself by its bill of materials, so that none can be made: correct it.",
                    self.product.display_name,
                )
            ]
        is_fixed = self.product.extensiv_stock_rule == "fixed"
        if self.product not in self.kits or self.product in found.by_odoo or is_fixed:
            return []
        notes = []
        for source in self.sources:
            scarcest = find_scarcest(self.account, source, self.product, sum_taken(self.taken))
            if scarcest:
                notes.append(
                    self.env._(
                        "The scarcest part is %(part)s: there are %(quantity)s %(unit)s after waiting orders, and one "
                        "takes %(each)s.",
                        part=scarcest.product.display_name,
                        quantity=figure(self.env, max(0.0, scarcest.quantity)),
                        unit=scarcest.product.uom_id.name,
                        each=figure(self.env, round(scarcest.each, 4)),
                    )
                )
        return notes

    def _say_skus(self, quantities):
        """Return sentences on packs, and on goods that are offered more than once.

        :param quantities: ``{SKU: what is pushed}``
        """
        notes = [
            self.env._(
                "One %(sku)s is a pack of %(units)s %(unit)s.",
                sku=sku,
                units=figure(self.env, units),
                unit=self.product.uom_id.name,
            )
            for sku, units in self.units.items()
            if units != 1
        ]
        if len(quantities) > 1:
            notes.append(
                self.env._(
                    "The same goods are offered under several SKUs (%s), each as if it were the only one: carts that "
                    "sell under different ones can sell them twice. Archive the alias that no cart uses, or keep a "
                    "buffer on the product.",
                    ", ".join(f"{sku}: {quantity}" for sku, quantity in quantities.items()),
                )
            )
        return notes

    def _names(self):
        """Return the SKUs that the product has."""
        aliases = self.env["extensiv.sku.alias"].search(
            [("account_id", "=", self.account._origin.id), ("product_id", "=", self.product.id)]
        )
        reference = self.product.default_code
        return [*([reference] if (reference or "").strip() else []), *aliases.mapped("sku")]

    def _waits_for_stock(self):
        """Whether no zero is pushed of a product, which needs no stock to be sold and was never pushed."""
        if self.product.extensiv_rule_chosen or not self.product._extensiv_made_to_order():
            return False
        told = self.env["extensiv.stock.level"].search_count(
            Domain("location_id", "in", self.location._origin.ids)
            & Domain("sku", "in", self.skus)
            & (Domain("pushed_at", "!=", False) | Domain("unconfirmed", "=", True) | Domain("refused_at", "!=", False)),
            limit=1,
        )
        return not told

    def _why_not_pushed(self):
        """Return why the product is not pushed at all."""
        product = self.product
        if not product.active:
            return self.env._("%s is archived.", product.display_name)
        if not self._names():
            return self.env._(
                "%s has no internal reference, and no alias: EIM is not known to use another SKU for it.",
                product.display_name,
            )
        if not product.sale_ok:
            return self.env._("%s is not for sale.", product.display_name)
        if product.extensiv_stock_rule == "leave":
            return self.env._(
                "%s is left alone, Push Stock to EIM is switched off on the product: what EIM holds of it is not "
                "touched.",
                product.display_name,
            )
        if product.company_id and product.company_id != self.account.company_id:
            return self.env._("%s belongs to another company.", product.display_name)
        if self.account.push_choice in ("category", "tag") and not is_chosen(self.account, product):
            return self.env._(
                "%s is not among the products that the account pushes, see Which SKUs on its page Stock: what EIM "
                "holds of it is not touched.",
                product.display_name,
            )
        if is_by_sku(self.account) and set(self._names()).isdisjoint(find_known(self.account, self._names())):
            return self.env._(
                "EIM is not known to use %s: the account pushes only SKUs that EIM listed, that an order came with or "
                "of which it accepted a level. Compare SKUs on the account reads EIM's list.",
                ", ".join(self._names()),
            )
        if product.id in self.corrections.untracked_ids:
            return self.env._(
                "Odoo tracks the stock of no part of %s: there is no number of it. Track one part, or choose Fixed "
                "Quantity on the product.",
                product.display_name,
            )
        if product.type == "combo":
            return self.env._(
                "%s is a combo of which the buyer chooses the parts: there is no number of it. Leave one product in "
                "each of its choices, or choose Fixed Quantity on the product.",
                product.display_name,
            )
        return self.env._("Odoo does not track the stock of %s.", product.display_name)

    # -- how a quantity is made up

    def _parts(self):
        """Return the parts of the quantity, ``[(words, quantity)]``."""
        correction = sum(
            quantity
            for (_source, product), quantity in self.corrections.quantities.items()
            if product == self.product.id
        )
        if self.product in self.kits:
            parts = [(self.env._("Kits that can be made of the components, after waiting orders"), correction)]
        else:
            parts = self._parts_of_stock()
            if correction:
                parts.append((self.env._("Orders that reserve nothing yet"), correction))
        if self.account.buffer_qty:
            parts.append((self.env._("Buffer of the account"), -self.account.buffer_qty))
        if buffer := sum(source.buffer for source in self.sources):
            parts.append((self.env._("Buffer of the location"), -buffer))
        if self.product.extensiv_buffer_qty:
            parts.append((self.env._("Buffer of the product"), -self.product.extensiv_buffer_qty))
        return parts

    def _parts_of_stock(self):
        """Return the parts of the stock by the account's basis, ``[(words, quantity)]``."""
        owner = self.account.owner_id
        [[on_hand, reserved, expired, expired_free]] = self.env.execute_query(
            SQL(
                """SELECT COALESCE(SUM(quantity), 0), COALESCE(SUM(reserved_quantity) FILTER (WHERE %(fresh)s), 0),
                      COALESCE(SUM(quantity) FILTER (WHERE NOT %(fresh)s), 0),
                      COALESCE(SUM(quantity - reserved_quantity) FILTER (WHERE NOT %(fresh)s), 0)
                 FROM stock_quant AS quant
                WHERE product_id = %(product)s AND location_id = ANY (%(places)s::int[]) AND %(owner)s""",
                fresh=fresh_sql(self.env),
                product=self.product.id,
                places=[location for source in self.sources for location in source.location_ids],
                owner=SQL("owner_id = %s", owner.id) if owner else SQL("TRUE"),
            )
        )
        total = sum(OdooStock(self.account, self.sources).quantities(self.product).values())
        basis = self.account.quantity_basis
        parts = [(self.env._("On hand"), float(on_hand))]
        if basis in ("free", "promise"):
            parts.append((self.env._("Reserved"), -float(reserved)))
        left_out = float(expired_free if basis == "forecast" else expired)
        if left_out:
            parts.append((self.env._("Past the removal date"), -left_out))
        if basis == "promise":
            owed = round(float(on_hand) - float(reserved) - left_out - total, unit_digits(self.env))
            if owed:
                parts.append((self.env._("Owed: ordered or to be transferred, and not reserved yet"), -owed))
        if basis == "forecast":
            parts.append((self.env._("Incoming, less outgoing"), total - float(on_hand) + left_out))
        return parts

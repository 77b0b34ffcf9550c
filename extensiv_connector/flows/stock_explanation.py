"""How the quantity of one product in one location of EIM is made up, for a person."""

from odoo.fields import Domain
from odoo.tools import SQL

from .stock_demand import compute_corrections, find_components
from .stock_holders import find_holders
from .stock_levels import feed_sql, unit_digits
from .stock_sources import OdooStock, find_sources, fresh_sql


def explain_level(location, product):
    """Return what would be pushed of ``product`` to ``location``, as it stands in a form.

    :return: ``{"skus": [...], "parts": [(words, quantity)], "quantity": whole units, "reason": why nothing is,
        "holders": [Holder]}``
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
        self.kits, self.corrections, _on_hand = compute_corrections(self.account, self.sources)
        self.skus = []

    def explain(self):
        """Return as ``explain_level``."""
        fed = self.env.execute_query(feed_sql(self.account, self.kits, self._names()))
        self.skus = [sku for sku, of, shared, *_rest in fed if of == self.product.id or shared]
        if not self.skus:
            return {"skus": [], "reason": self._why_not_pushed(), "holders": []}
        if waiting := self.location._waiting_warnings():
            return self._nothing(waiting[0])
        if shared := [sku for sku, _product, shared, *_rest in fed if shared]:
            return self._nothing(self.env._("%s belongs to several products.", ", ".join(shared)))
        if self.location._is_mapped() and not any(source.location_ids for source in self.sources):
            return self._nothing(self.env._("No location of Odoo is counted: choose one that is in use."))
        if self.product.extensiv_stock_rule == "fixed":
            fixed = self.product.extensiv_fixed_qty
            return {**self._quantity([(self.env._("Fixed quantity"), fixed)], fixed), "holders": []}
        parts = self._parts()
        total = round(sum(quantity for _words, quantity in parts), unit_digits(self.env))
        quantity = max(0, int(total // 1))
        if not quantity and self._waits_for_stock():
            return self._nothing(
                self.env._(
                    "%s has no stock and needs none: its vendor delivers it, or it is made to order. It is pushed once "
                    "it has stock, or once somebody chooses Push on the product.",
                    self.product.display_name,
                )
            )
        return self._quantity(parts, quantity)

    def _quantity(self, parts, quantity):
        return {
            "skus": self.skus,
            "parts": parts,
            "quantity": quantity,
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

    def _names(self):
        """Return the SKUs that the product has."""
        aliases = self.env["extensiv.sku.alias"].search(
            [("account_id", "=", self.account._origin.id), ("product_id", "=", self.product.id)]
        )
        return [self.product.default_code or "", *aliases.mapped("sku")]

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
        if not (product.default_code or "").strip():
            return self.env._("%s has no internal reference.", product.display_name)
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
        return self.env._("Odoo does not track the stock of %s.", product.display_name)

    # -- how a quantity is made up

    def _parts(self):
        """Return the parts of the quantity, ``[(words, quantity)]``."""
        correction = sum(
            quantity for (_source, product), quantity in self.corrections.items() if product == self.product.id
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

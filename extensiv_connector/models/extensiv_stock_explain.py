from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL


class ExtensivStockLevel(models.Model):
    """How the quantity of one product in one location of EIM is made up, for a person."""

    _inherit = "extensiv.stock.level"

    @api.model
    def _explain(self, location, product):
        """Return what would be pushed of ``product`` to ``location``, as it stands in a form.

        :return: ``{"skus": [...], "parts": [(words, quantity)], "quantity": whole units, "reason": why nothing is}``
        """
        account = location.account_id
        env = self.sudo().with_company(account.company_id).with_context(allowed_company_ids=account.company_id.ids).env
        Level, account, product = env["extensiv.stock.level"], account.sudo().with_env(env), product.with_env(env)
        mappings = Level._mappings(account, location)
        kits, corrections = Level._corrections(account, mappings)
        names = [
            product.default_code or "",
            *env["extensiv.sku.alias"]
            .search([("account_id", "=", account.id), ("product_id", "=", product.id)])
            .mapped("sku"),
        ]
        fed = env.execute_query(Level._feed_sql(account, kits, names))
        skus = [sku for sku, of, shared, *_rest in fed if of == product.id or shared]
        if not skus:
            return {"skus": [], "reason": Level._why_not_pushed(account, product)}
        if shared := [sku for sku, _product, shared, *_rest in fed if shared]:
            return {"skus": skus, "reason": self.env._("%s belongs to several products.", ", ".join(shared))}
        is_mapped = location.source == "all" or location.stock_location_id
        if is_mapped and not any(mapping.places for mapping in mappings):
            return {"skus": skus, "reason": self.env._("No location of Odoo is counted: choose one that is in use.")}
        if product.extensiv_stock_rule == "fixed":
            fixed = product.extensiv_fixed_qty
            return {"skus": skus, "parts": [(self.env._("Fixed quantity"), fixed)], "quantity": fixed, "reason": ""}
        correction = sum(quantity for (_mapping, of), quantity in corrections.items() if of == product.id)
        if product in kits:
            parts = [(self.env._("Kits that can be made of the components, after waiting orders"), correction)]
        else:
            parts = Level._explain_stock(account, mappings, product)
            if correction:
                parts.append((self.env._("Orders that reserve nothing yet"), correction))
        if account.buffer_qty:
            parts.append((self.env._("Buffer of the account"), -account.buffer_qty))
        if product.extensiv_buffer_qty:
            parts.append((self.env._("Buffer of the product"), -product.extensiv_buffer_qty))
        total = round(sum(quantity for _words, quantity in parts), Level._digits())
        quantity = max(0, int(total // 1))
        if not quantity and Level._waits_for_stock(account, location, product, skus):
            return {
                "skus": skus,
                "reason": self.env._(
                    "%s has no stock and needs none: its vendor delivers it, or it is made to order. It is pushed once "
                    "it has stock, or once somebody chooses Push on the product.",
                    product.display_name,
                ),
            }
        return {"skus": skus, "parts": parts, "quantity": quantity, "reason": ""}

    @api.model
    def _waits_for_stock(self, account, location, product, skus):
        """Whether no zero is told of a product, which needs no stock to be sold and was never pushed."""
        if product.extensiv_rule_chosen or not product._extensiv_made_to_order():
            return False
        told = self.search_count(
            Domain("location_id", "in", location._origin.ids)
            & Domain("sku", "in", skus)
            & (Domain("pushed_at", "!=", False) | Domain("unconfirmed", "=", True) | Domain("refused_at", "!=", False)),
            limit=1,
        )
        return not told

    @api.model
    def _why_not_pushed(self, account, product):
        """Return why a product is not pushed at all."""
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
        if product.company_id and product.company_id != account.company_id:
            return self.env._("%s belongs to another company.", product.display_name)
        return self.env._("Odoo does not track the stock of %s.", product.display_name)

    @api.model
    def _explain_stock(self, account, mappings, product):
        """Return the parts of the stock by the account's basis, ``[(words, quantity)]``."""
        places = [place for mapping in mappings for place in mapping.places]
        owner = SQL("owner_id = %s", account.owner_id.id) if account.owner_id else SQL("TRUE")
        [[on_hand, reserved, expired, expired_free]] = self.env.execute_query(
            SQL(
                """SELECT COALESCE(SUM(quantity), 0), COALESCE(SUM(reserved_quantity) FILTER (WHERE %(fresh)s), 0),
                      COALESCE(SUM(quantity) FILTER (WHERE NOT %(fresh)s), 0),
                      COALESCE(SUM(quantity - reserved_quantity) FILTER (WHERE NOT %(fresh)s), 0)
                 FROM stock_quant AS quant
                WHERE product_id = %(product)s AND location_id = ANY (%(places)s::int[]) AND %(owner)s""",
                fresh=self._fresh_sql(),
                product=product.id,
                places=places,
                owner=owner,
            )
        )
        total = sum(self._quantities(account, mappings, product).values())
        basis = account.quantity_basis
        parts = [(self.env._("On hand"), float(on_hand))]
        if basis == "free":
            parts.append((self.env._("Reserved"), -float(reserved)))
        left_out = float(expired_free if basis == "forecast" else expired)
        if left_out:
            parts.append((self.env._("Past the removal date"), -left_out))
        if basis == "forecast":
            parts.append((self.env._("Incoming, less outgoing"), total - float(on_hand) + left_out))
        return parts

from odoo import api, models
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
            .search([("account_id", "=", account._origin.id), ("product_id", "=", product.id)])
            .mapped("sku"),
        ]
        fed = env.execute_query(Level._feed_sql(account, kits, names))
        skus = [sku for sku, of, shared, _buffer in fed if of == product.id or shared]
        if not skus:
            return {"skus": [], "reason": Level._why_not_pushed(account, product)}
        if shared := [sku for sku, _product, shared, _buffer in fed if shared]:
            return {"skus": skus, "reason": self.env._("%s belongs to several products.", ", ".join(shared))}
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
        return {"skus": skus, "parts": parts, "quantity": max(0, int(total // 1)), "reason": ""}

    @api.model
    def _why_not_pushed(self, account, product):
        """Return why a product is not pushed at all."""
        if not product.active:
            return self.env._("%s is archived.", product.display_name)
        if not (product.default_code or "").strip():
            return self.env._("%s has no internal reference.", product.display_name)
        if not product.sale_ok:
            return self.env._("%s is not for sale.", product.display_name)
        if not product.extensiv_push:
            return self.env._("%s is switched off: “Push Stock to EIM” on the product.", product.display_name)
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

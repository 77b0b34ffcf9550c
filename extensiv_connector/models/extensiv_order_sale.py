from odoo import api, fields, models
from odoo.fields import Command

from ..flows import books, combos, dates, fulfilled_elsewhere, languages, margins, order_money, packing_notes, twins


class ExtensivOrder(models.Model):
    """Hooks: what the sale order of an order of the inbox is made of, and its lines."""

    _inherit = "extensiv.order"  # pylint: disable=consider-merging-classes-inherited  # what its sale order is made of

    @api.model
    def _prepare_sale_vals(self, account, draft):
        """Return the values of the sale order of ``draft``, a ``flows.order_draft.Draft``, lines included."""
        record = draft.record
        wire = draft.wire
        cart = record.cart_id
        vals = {
            "name": twins.name_of(draft),
            "company_id": account.company_id.id,
            "partner_id": draft.contacts.partner.id,
            "partner_invoice_id": draft.contacts.invoice.id,
            "partner_shipping_id": draft.contacts.delivery.id,
            "pricelist_id": draft.pricelist and draft.pricelist.id,
            "date_order": dates.ordered_at(wire, dates.zone_of(account.company_id)) or fields.Datetime.now(),
            "commitment_date": dates.to_ship_at(account, wire, draft.warehouse),
            "client_order_ref": wire.po_number or record.order_number,
            "origin": cart.name,
            "user_id": cart.user_id.id,
            "tag_ids": [Command.set(cart.tag_ids.ids)],
            "extensiv_order_id": record.id,
            "extensiv_account_id": account.id,
            "extensiv_cart_id": cart.id,
            "extensiv_cust_ref": record.cust_ref,
            **self._prepare_shipment_vals(record),
            **books.prepare_sale_vals(draft),
            "extensiv_instructions": self._prepare_instructions(wire),
            "extensiv_packing_notes": "\n".join(packing_notes.describe(self.env, wire, draft.currency)) or False,
            "extensiv_expected_total": float(draft.priced.expected_total),
            "extensiv_has_no_total": order_money.is_by_pricelist(draft) and not draft.priced.has_total,
            "extensiv_tax_policy": draft.tax_policy,
            "extensiv_placeholder_id": account.placeholder_product_id.id,
            "order_line": [Command.create(vals) for vals in self._prepare_lines_vals(account, draft)],
        }
        # What is left out is chosen by Odoo as for an order entered by hand.
        if cart.team_id:
            vals["team_id"] = cart.team_id.id
        if draft.warehouse:
            vals["warehouse_id"] = draft.warehouse.id
        if draft.carrier:
            vals["carrier_id"] = draft.carrier.id
        if "sale_order_template_id" in self.env["sale.order"]._fields:
            # The company's template for quotations may mail each buyer, who has the cart's mail already.
            vals["sale_order_template_id"] = False
        return vals

    @api.model
    def _prepare_instructions(self, wire):
        """Return what the buyer asked for beyond goods and address, a line each, or False."""
        return packing_notes.describe_wishes(self.env, wire) or False

    @api.model
    def _prepare_shipment_vals(self, record):
        """Return what the sale order of ``record``, an order of the inbox, says of its shipment."""
        if fulfilled_elsewhere.is_elsewhere(record):
            return fulfilled_elsewhere.prepare_vals(record)
        if not record.is_shipped_already:
            return {"extensiv_shipment_state": "waiting"}
        return {
            "extensiv_is_shipped_already": True,
            "extensiv_shipment_state": "skipped",
            "extensiv_shipment_message": self.env._("EIM had the shipment before the order was received here."),
        }

    @api.model
    def _prepare_lines_vals(self, account, draft):
        """Return the values of the lines: goods, then shipping, discount, tax and rounding where not zero."""
        priced = draft.priced
        wire = draft.wire
        self = languages.in_language_of(draft.contacts.partner, self)  # as Odoo writes a line entered by hand
        lines = combos.expand(draft, self._prepare_goods_vals, self.env)
        if priced.shipping:
            lines.append(
                {
                    "is_delivery": True,
                    "extensiv_kind": "shipping",
                    **self._prepare_amount_vals(
                        draft,
                        account.shipping_product_id,
                        priced.shipping,
                        wire.ship_code_description or wire.requested_shipping or self.env._("Shipping"),
                    ),
                }
            )
        if priced.order_discount:
            text = self.env._("Discount %s", wire.promo_code).strip()
            vals = self._prepare_amount_vals(draft, account.discount_product_id, -priced.order_discount, text)
            lines.append({**vals, "extensiv_kind": "discount"})
        if priced.tax:
            lines.append(self._prepare_tax_vals(draft, account))
        if priced.rounding:
            lines.append(self._prepare_rounding_vals(draft, account, priced.rounding))
        for sequence, line in enumerate(lines, 10):
            line["sequence"] = sequence
        return lines

    @api.model
    def _prepare_tax_vals(self, draft, account):
        """Return the values of the line of the tax that the cart collected: neither income nor taxed itself."""
        text = self.env._("Sales tax as charged by the cart")
        vals = self._prepare_amount_vals(draft, account.tax_product_id, draft.priced.tax, text)
        return {
            **vals,
            **margins.prepare_cost(self.env, vals["price_unit"]),
            "extensiv_kind": "tax",
            "tax_ids": [Command.clear()],
        }

    @api.model
    def _prepare_rounding_vals(self, draft, account, rest):
        """Return the values of the line of what rounding leaves, a ``Decimal``."""
        vals = self._prepare_amount_vals(draft, account.discount_product_id, rest, self.env._("Rounding"))
        return {**vals, "extensiv_kind": "rounding"}

    @api.model
    def _prepare_goods_vals(self, draft, priced):
        """Return the values of one line of goods; ``priced`` is a ``PricedLine``."""
        line = priced.line
        product = draft.products[line.sku]
        unknown = ""
        if product == draft.record.account_id.placeholder_product_id:
            unknown = self.env._("Unknown SKU %s", line.sku) if line.sku else self.env._("Line without a SKU")
        text = languages.describe_goods(product.with_env(self.env), line, priced.note, unknown)
        pack = draft.packs.get(line.sku)
        return {
            **({"product_uom_id": pack.id} if pack else {}),
            **packing_notes.prepare_line_vals(draft, line),
            **self._prepare_amount_vals(draft, product, priced.price_unit, text),
            "product_uom_qty": float(priced.quantity),
            "discount": float(priced.discount),
            "extensiv_sku": line.sku,
            "extensiv_quantity": float(priced.quantity),
            "extensiv_line_no": line.line_no or str(draft.wire.lines.index(line) + 1),
        }

    @api.model
    def _prepare_amount_vals(self, draft, product, amount, name):
        """Return the values of a line of one ``product`` that costs ``amount``, a ``Decimal``."""
        price = float(amount)
        vals = {
            "product_id": product.id,
            "name": name,
            "product_uom_qty": 1.0,
            "price_unit": price,
            # Differs from the price, as after an edit by hand: Odoo then keeps the price when the quantity changes.
            "technical_price_unit": price + 1.0,
            "discount": 0.0,
        }
        if distribution := draft.record.cart_id.analytic_distribution:
            vals["analytic_distribution"] = distribution
        if draft.tax_policy not in order_money.ODOO_TAXES:
            vals["tax_ids"] = [Command.clear()]
        return vals

from dataclasses import dataclass, field
from decimal import Decimal

from odoo import api, fields, models
from odoo.fields import Command

from ..eim.errors import EimError
from ..eim.pricing import PricedOrder, price_order
from ..eim.wire import Order
from ..flows.order_confirmation import confirm


@dataclass
class Draft:
    """An inbox order on its way to a sale order: what was read, what was found for it, what a person should know."""

    record: object
    wire: Order
    tax_policy: str = "line"
    products: dict = field(default_factory=dict)  # {sku: product}
    currency: object = None
    priced: PricedOrder | None = None
    warehouse: object = None
    carrier: object = None
    contacts: object = None
    pricelist: object = None
    sale: object = None
    is_whole: bool = True  # no line waits for its product
    is_right: bool = False  # and the total is EIM's
    notes: list = field(default_factory=list)  # from preparing
    missing: list = field(default_factory=list)  # of lines that wait for their product
    told: list = field(default_factory=list)  # everything a person should know
    held: str = ""  # what another app holds the quotation by


class Refusal(Exception):
    """An order cannot be imported; the text tells a shopkeeper why and what to do."""

    def __init__(self, reason, missing_skus=None):
        super().__init__(reason)
        self.missing_skus = missing_skus


class ExtensivOrder(models.Model):
    """What a sale order is made of: read and found for a whole batch, then created, verified and confirmed."""

    _inherit = "extensiv.order"

    # -- prepare: read only

    def _prepare_drafts(self, account):
        """Read the orders and find what they need, for the whole batch at once.

        :return: the drafts, and ``{record: Refusal}`` of those that cannot be imported
        """
        failures, drafts = {}, []
        for record in self:
            try:
                drafts.append(Draft(record, Order.from_payload(record.payload or "")))
            except (EimError, ValueError):
                failures[record] = Refusal(
                    self.env._("What EIM sent of this order is no longer kept. Open the order and press Fetch Again.")
                )
        matches = self.env["product.product"]._extensiv_match(account, self._codes(drafts))
        currencies = {
            currency.name: currency
            for currency in self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", list({draft.wire.currency for draft in drafts}))])
        }
        warehouses = account.location_ids._warehouses(account)
        carriers = self.env["extensiv.ship.method"]._carriers(account)
        ready = []
        for draft in drafts:
            cart = draft.record.cart_id
            draft.tax_policy = cart.tax_policy or account.tax_policy
            draft.warehouse = (
                warehouses.get(draft.wire.location) or warehouses.get(draft.wire.warehouse_pk) or cart.warehouse_id
            )
            draft.carrier = self.env["extensiv.ship.method"]._chosen(carriers, cart, asked_shipping(draft.wire))
            try:
                self._check_lines(account, draft, matches)
                self._check_money(account, draft, currencies)
                ready.append(draft)
            except Refusal as refusal:
                failures[draft.record] = refusal
        return ready, failures

    @api.model
    def _codes(self, drafts):
        """Return ``{sku: every other code that EIM sent with it}`` of the drafts' lines."""
        codes = {}
        for draft in drafts:
            for line in draft.wire.lines:
                if not line.filtered and line.sku:
                    others = codes.setdefault(line.sku, set())
                    others.update(filter(None, (line.alt_sku, *(alias.code for alias in line.aliases))))
        return codes

    @api.model
    def _check_lines(self, account, draft, matches):
        """Find each line its product; with the policy ``placeholder`` a line without one gets the placeholder.

        :raise Refusal: for what a person must mend first
        """
        if draft.wire.problems:
            raise Refusal("\n".join(draft.wire.problems))
        draft.notes += draft.wire.oddities
        problems = {}
        for line in draft.wire.lines:
            if line.filtered:
                draft.notes.append(
                    self.env._("Left out, not ours to ship: %s", line.sku or line.description or line.line_no)
                )
            elif not line.sku:
                problems[""] = self.env._("A line has no SKU.")
            elif matches[line.sku].problem:
                problems[line.sku] = matches[line.sku].problem
            else:
                draft.products[line.sku] = matches[line.sku].product
        if not problems:
            return
        if account.sku_policy == "block":
            raise Refusal("\n".join(problems.values()), missing_skus=[sku for sku in problems if sku])
        draft.is_whole = False
        draft.products.update(dict.fromkeys(problems, account.placeholder_product_id))
        draft.missing = [
            *problems.values(),
            self.env._(
                "The order stays a quotation until each line has its product: press Choose Product on the line."
            ),
        ]

    @api.model
    def _check_money(self, account, draft, currencies):
        """Price the order by EIM's rules.

        :raise Refusal: for an unknown or inactive currency, or amounts that Odoo cannot hold
        """
        company, precision = account.company_id, self.env["decimal.precision"].precision_get
        draft.currency = currencies.get(draft.wire.currency) if draft.wire.currency else company.currency_id
        if not draft.currency:
            raise Refusal(self.env._("%s is not a currency that Odoo knows.", draft.wire.currency))
        if not draft.currency.active:
            raise Refusal(
                self.env._(
                    "The order is in %(currency)s, which is not active. Activate it under Accounting, Configuration, "
                    "Currencies (or Settings, Technical), then retry.",
                    currency=draft.currency.name,
                )
            )
        draft.priced = price_order(
            draft.wire,
            digits=draft.currency.decimal_places,
            unit=Decimal(repr(draft.currency.rounding)),
            tax_policy=draft.tax_policy,
            round_globally=company.tax_calculation_rounding_method == "round_globally",
            quantity_digits=precision("Product Unit"),
            discount_digits=precision("Discount"),
        )
        if draft.priced.problems:
            raise Refusal("\n".join(draft.priced.problems))
        if draft.tax_policy == "ignore" and draft.priced.sales_tax:
            draft.notes.append(
                self.env._(
                    "The marketplace remits the sales tax of %(tax)s; it is not on this order.",
                    tax=draft.priced.sales_tax,
                )
            )

    # -- create

    @api.model
    def _create_sale_orders(self, account, drafts):
        """Create, verify and confirm the sale orders of ``drafts``: one call each for the whole batch."""
        fixed = {
            index: draft.record.cart_id.partner_id
            for index, draft in enumerate(drafts)
            if draft.record.cart_id.partner_id
        }
        contacts = self.env["res.partner"]._extensiv_resolve(account, [draft.wire for draft in drafts], fixed=fixed)
        pricelists = self.env["product.pricelist"]._extensiv_of_currencies(
            account.company_id, self.env["res.currency"].union(*(draft.currency for draft in drafts))
        )
        for draft, found in zip(drafts, contacts, strict=True):
            draft.contacts = found
            draft.pricelist = pricelists.get(draft.currency)
        sales = self.env["sale.order"].create([self._prepare_sale_vals(account, draft) for draft in drafts])
        right = self.env["sale.order"]
        for draft, sale in zip(drafts, sales, strict=True):
            draft.sale = sale
            if draft.tax_policy == "odoo":
                sale.order_line._extensiv_include_taxes()
                total = amount_of(sale.currency_id, sale.amount_total)
                if draft.priced.rounding and total - draft.priced.rounding == draft.priced.expected_total:
                    # Odoo's taxes take up the rest, above all those included in the prices: the whole is rounded once.
                    sale.order_line[-1].unlink()
            # Only Odoo's own taxes may differ a little, and only from parts that make EIM's total.
            only_taxes = draft.tax_policy == "odoo" and draft.priced.matches
            draft.is_right, told = sale._extensiv_verify_total(
                draft.priced.untaxed_total if only_taxes else None, account.tax_tolerance
            )
            notes = [*draft.notes, *draft.contacts.notes]
            draft.told = [*notes, *draft.missing, *told]
            if not draft.is_right:
                draft.told += draft.priced.differences
            if draft.is_right and draft.is_whole:
                right += sale
            if draft.told:
                sale.write(
                    {"extensiv_message": "\n".join(draft.told), "extensiv_lasting_notes": "\n".join(notes) or False}
                )
        if account.order_policy == "confirm":
            held = confirm(right)
            for draft in drafts:
                draft.held = held.get(draft.sale, "")
                if draft.held:
                    draft.sale.extensiv_held_by = draft.held

    @api.model
    def _prepare_sale_vals(self, account, draft):
        """Return the values of the sale order, lines included."""
        record, wire, cart = draft.record, draft.wire, draft.record.cart_id
        vals = {
            "name": f"{cart.prefix or ''}{record.order_number}",
            "company_id": account.company_id.id,
            "partner_id": draft.contacts.partner.id,
            "partner_invoice_id": draft.contacts.invoice.id,
            "partner_shipping_id": draft.contacts.delivery.id,
            "pricelist_id": draft.pricelist and draft.pricelist.id,
            "date_order": wire.order_date or wire.created or fields.Datetime.now(),
            "commitment_date": wire.requested_ship_date or wire.latest_ship_date,
            "client_order_ref": wire.po_number or record.order_number,
            "origin": cart.name,
            "user_id": cart.user_id.id,
            "tag_ids": [Command.set(cart.tag_ids.ids)],
            "extensiv_order_id": record.id,
            "extensiv_account_id": account.id,
            "extensiv_cart_id": cart.id,
            "extensiv_cust_ref": record.cust_ref,
            "extensiv_shipment_state": "waiting",
            "extensiv_instructions": self._prepare_instructions(wire),
            "extensiv_expected_total": float(draft.priced.expected_total),
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
        texts = [
            (self.env._("Shipping"), wire.ship_code_description or asked_shipping(wire)),
            (self.env._("Shipping instructions"), wire.shipping_instructions),
            (self.env._("Gift message"), wire.gift_message),
            (self.env._("Gift wrap"), wire.gift_wrap),
            (self.env._("Promotion"), wire.promo_code),
            *((self.env._("Custom field %s", number), text) for number, text in enumerate(wire.custom_fields, 1)),
        ]
        return "\n".join(f"{label}: {text}" for label, text in texts if text) or False

    @api.model
    def _prepare_lines_vals(self, account, draft):
        """Return the values of the lines: goods, then shipping, discount, tax and rounding where not zero."""
        priced, wire = draft.priced, draft.wire
        lines = [self._prepare_goods_vals(draft, line) for line in priced.lines]
        if priced.shipping:
            lines.append(
                {
                    "is_delivery": True,
                    **self._prepare_amount_vals(
                        draft,
                        account.shipping_product_id,
                        priced.shipping,
                        wire.ship_code_description or asked_shipping(wire) or self.env._("Shipping"),
                    ),
                }
            )
        if priced.order_discount:
            lines.append(
                self._prepare_amount_vals(
                    draft,
                    account.discount_product_id,
                    -priced.order_discount,
                    self.env._("Discount %s", wire.promo_code).strip(),
                )
            )
        if priced.tax:
            lines.append(
                self._prepare_amount_vals(
                    draft, account.tax_product_id, priced.tax, self.env._("Sales tax as charged by the cart")
                )
            )
        if priced.rounding:
            lines.append(
                self._prepare_amount_vals(draft, account.discount_product_id, priced.rounding, self.env._("Rounding"))
            )
        for sequence, line in enumerate(lines, 10):
            line["sequence"] = sequence
        return lines

    @api.model
    def _prepare_goods_vals(self, draft, priced):
        """Return the values of one line of goods; ``priced`` is a ``PricedLine``."""
        line = priced.line
        product = draft.products[line.sku]
        # The cart's own words only where they say more than the product's name.
        description = line.description if line.description not in product.display_name else ""
        text = [product.display_name, description, line.comment, priced.note]
        if product == draft.record.account_id.placeholder_product_id:
            text[0] = self.env._("Unknown SKU %s", line.sku)
        return {
            **self._prepare_amount_vals(
                draft, product, priced.price_unit, "\n".join(dict.fromkeys(filter(None, text)))
            ),
            "product_uom_qty": float(priced.quantity),
            "discount": float(priced.discount),
            "extensiv_sku": line.sku,
            "extensiv_quantity": float(priced.quantity),
            "extensiv_line_no": line.line_no or str(draft.wire.lines.index(line) + 1),
        }

    @api.model
    def _prepare_amount_vals(self, draft, product, amount, name):
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
        if draft.tax_policy != "odoo":
            vals["tax_ids"] = [Command.clear()]
        return vals


def asked_shipping(wire):
    """Return the shipping method as the cart asked for it, the text that ``extensiv.ship.method`` maps."""
    return wire.requested_shipping


def amount_of(currency, value):
    """Return one of Odoo's amounts as an exact ``Decimal`` of the currency's digits."""
    return round(Decimal(repr(value)), currency.decimal_places)

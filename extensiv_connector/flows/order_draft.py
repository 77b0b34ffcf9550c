"""What received orders become sale orders of: read, and found for a whole batch.

Nothing is written, but the products of SKUs that have none, where the account asks for these.
"""

from dataclasses import dataclass, field

from ..eim.errors import EimError
from ..eim.parsing import is_nothing
from ..eim.pricing import PricedOrder
from ..eim.wire import Order, codes_of
from . import (
    combos,
    fulfilled_elsewhere,
    holds,
    order_money,
    packing_notes,
    product_creation,
    renamed_carts,
    shipped_elsewhere,
    twins,
)
from .languages import all_translated
from .order_refusal import Refusal, refuse_data


@dataclass
class Draft:
    """An inbox order on its way to a sale order: what was read, what was found for it, what a person should know."""

    record: object
    wire: Order
    tax_policy: str = "line"
    products: dict = field(default_factory=dict)  # {sku: product}
    packs: dict = field(default_factory=dict)  # {sku: unit} of SKUs that are not the product's own unit
    currency: object = None
    priced: PricedOrder | None = None
    warehouse: object = None
    carrier: object = None
    contacts: object = None
    pricelist: object = None
    sale: object = None
    is_right: bool = False  # the total is EIM's
    notes: list = field(default_factory=list)  # what a person should know, and holds nothing up
    holds: dict = field(default_factory=dict)  # {reason: {"text"[, details]}}, see ``hold``
    twins: object = ()  # other orders of the inbox with its number
    line_warehouses: dict = field(default_factory=dict)  # {EIM location of single lines: warehouse}

    @property
    def is_to_confirm(self):
        """Whether nothing of it stands in the way of confirming it."""
        return not self.holds

    @property
    def untaxed_total(self):
        """EIM's total before tax, where only Odoo's taxes may differ from it: a ``Decimal``, else None."""
        return self.priced.untaxed_total if self.tax_policy == "odoo" and self.priced.matches else None

    @property
    def asked_method(self):
        """What the order asks to be shipped with and nobody mapped; a carrier's own name is none to map."""
        is_brand = self.wire.carrier.strip().upper() in self.record.env["delivery.carrier"]._extensiv_brands()
        return False if self.carrier or is_brand else self.wire.requested_shipping or False

    def hold(self, reason, text, **details):
        """Let the order stay a quotation, for ``reason``, until a person decides: it is then an open error.

        :param reason: a short key. Where ``flows.holds.CHECKS`` has a function for it, that says whether it still
            stands; any other stands until ``flows.holds.release`` takes it off
        :param text: what holds it and what to do, for a person
        :param details: of plain JSON, for the check
        """
        self.holds[reason] = {"text": text, **details}


class DraftBuilder:
    """Builds the drafts of some received orders of one account.

    After ``build``, ``failures`` is ``{inbox order: Refusal}`` of those that cannot be imported.
    """

    def __init__(self, account, orders):
        self.account = account
        self.orders = orders
        self.env = orders.env
        self.failures = {}

    def build(self):
        """Return the ``Draft`` of each order that can be imported as far as reading shows."""
        drafts = self._read()
        self._find(drafts)
        ready = []
        for draft in drafts:
            try:
                self._complete(draft)
                ready.append(draft)
            except Refusal as refusal:
                self.failures[draft.record] = refusal
        return ready

    def _read(self):
        drafts = []
        for record in self.orders:
            try:
                drafts.append(Draft(record, Order.from_payload(record.payload or "")))
            except (EimError, ValueError):
                self.failures[record] = Refusal(
                    self.env._("What EIM sent of this order is no longer kept: press Fetch Again."), fix="fetch"
                )
        return drafts

    def _find(self, drafts):
        """Find what the orders name, each kind of thing by one search."""
        self.matches = self.env["product.product"]._extensiv_match(
            self.account, codes_of(draft.wire for draft in drafts)
        )
        fulfilled_elsewhere.take_over(self.orders)
        product_creation.create_missing(self.account, drafts, self.matches)
        self.twins = twins.find(self.orders)
        self.currencies = {
            currency.name: currency
            for currency in self.env["res.currency"]
            .with_context(active_test=False)
            .search([("name", "in", list({draft.wire.currency for draft in drafts}))])
        }
        self.warehouses = self.account.location_ids._warehouses(self.account)
        self.carriers = self.env["extensiv.ship.method"]._carriers(self.account)
        self.shipped_elsewhere = shipped_elsewhere.find_told(self.orders)

    def _complete(self, draft):
        """Give ``draft`` what was found for it.

        :raise Refusal: for what a person must see to first
        """
        wire = draft.wire
        cart = draft.record.cart_id
        renamed_carts.check(cart)
        draft.twins = self.twins[draft.record]
        draft.warehouse = (
            self.warehouses.get(wire.location) or self.warehouses.get(wire.warehouse_pk) or cart.warehouse_id
        )
        packing_notes.find_warehouses(draft, self.warehouses)
        if not fulfilled_elsewhere.is_elsewhere(draft.record):
            draft.carrier = self.env["extensiv.ship.method"]._chosen(self.carriers, cart, wire.requested_shipping)
        if told := self.shipped_elsewhere.get(draft.record):
            draft.hold(holds.ELSEWHERE, told)
        if draft.record.is_shipped_already:
            draft.hold(
                "shipped",
                self.env._(
                    "EIM had the shipment before the order was received here. Confirm the quotation for the books, "
                    "which delivers nothing, or cancel it."
                ),
            )
        self._find_products(draft)
        combos.check(draft)
        draft.currency = order_money.find_currency(draft, self.account, self.currencies)
        order_money.price(draft, self.account)

    def _find_products(self, draft):
        """Find each line its product; with the policy ``placeholder`` a line without one gets the placeholder.

        :raise Refusal: for what a person must see to first
        """
        if draft.wire.problems:
            raise refuse_data(self.env, all_translated(self.env, draft.wire.problems))
        draft.notes += all_translated(self.env, draft.wire.oddities)
        problems = {}
        for line in draft.wire.lines:
            if line.filtered:
                draft.notes.append(self.env._("Left out, not ours to ship: %s", line.label))
            elif line.is_left_out:
                draft.notes.append(self.env._("Left out, of zero units: %s", line.label))
            elif self._has_no_sku(line):
                self._find_without_sku(draft, line, problems)
            elif self.matches[line.sku].problem:
                problems[line.sku] = self.matches[line.sku].problem
            else:
                draft.products[line.sku] = self.matches[line.sku].product
                if pack := self.matches[line.sku].uom:
                    draft.packs[line.sku] = pack
        if not problems:
            return
        if self.account.sku_policy != "placeholder":
            missing = [sku for sku in problems if not is_nothing(sku)]
            raise Refusal(
                "\n".join(problems.values()),
                missing_skus=missing,
                records=self._find_hindering(problems) if missing else draft.record.cart_id,
            )
        draft.products.update(dict.fromkeys(problems, self.account.placeholder_product_id))
        draft.hold("product", "\n".join(problems.values()), problems=problems)

    def _find_hindering(self, skus):
        """Return the products that have ``skus`` all the same, archived ones or several, where that is so of each."""
        products = [self.matches[sku].found if sku else () for sku in skus]
        if not all(products):
            return None
        return self.env["product.product"].union(*(product for found in products for product in found))

    def _has_no_sku(self, line):
        """Whether a line names no product: a tip, an engraving, a fee."""
        return not line.sku or (is_nothing(line.sku) and self.matches[line.sku].problem)

    def _find_without_sku(self, draft, line, problems):
        """Find a line without a SKU the product that its cart has for such lines."""
        if product := draft.record.cart_id.no_sku_product_id:
            draft.products[line.sku] = product
            return
        label = line.label or self.env._("without any text")
        if self.account.sku_policy == "placeholder":
            problems[line.sku] = self.env._(
                "A line has no SKU: %s. For later orders choose the product of such lines on the cart, under Lines "
                "Without a SKU.",
                label,
            )
        else:
            problems[line.sku] = self.env._(
                "A line has no SKU: %s. Choose the product of such lines on the cart, under Lines Without a SKU, then "
                "press Retry; or have orders imported with a placeholder.",
                label,
            )

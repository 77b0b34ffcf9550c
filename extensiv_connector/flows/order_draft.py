"""What received orders become sale orders of: read, and found for a whole batch.

Nothing is written, but the products of SKUs that have none, where the account asks for these.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from ..eim.errors import EimError
from ..eim.pricing import PricedOrder, price_order
from ..eim.wire import Order, codes_of
from . import combos, fulfilled_elsewhere, packing_notes, product_creation, renamed_carts, shipped_elsewhere, twins
from .order_refusal import Refusal


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
    is_whole: bool = True  # no line waits for its product
    is_right: bool = False  # and the total is EIM's
    notes: list = field(default_factory=list)  # from preparing
    missing: list = field(default_factory=list)  # of lines that wait for their product
    messages: list = field(default_factory=list)  # everything a person should know
    held: str = ""  # what another app holds the quotation by
    is_shipped_elsewhere: bool = False  # as far as EIM says, and nobody dismissed it
    twins: object = ()  # other orders of the inbox with its number
    line_warehouses: dict = field(default_factory=dict)  # {EIM location of single lines: warehouse}

    @property
    def is_to_confirm(self):
        """Whether nothing of it stands in the way of confirming it."""
        is_shipped = self.record.is_shipped_already or self.is_shipped_elsewhere
        return self.is_right and self.is_whole and not is_shipped


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
                    self.env._("What EIM sent of this order is no longer kept. Open the order and press Fetch Again.")
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
        draft.tax_policy = cart.tax_policy or self.account.tax_policy
        draft.warehouse = (
            self.warehouses.get(wire.location) or self.warehouses.get(wire.warehouse_pk) or cart.warehouse_id
        )
        packing_notes.find_warehouses(draft, self.warehouses)
        if not fulfilled_elsewhere.is_elsewhere(draft.record):
            draft.carrier = self.env["extensiv.ship.method"]._chosen(self.carriers, cart, wire.requested_shipping)
        if told := self.shipped_elsewhere.get(draft.record):
            draft.is_shipped_elsewhere = True
            draft.notes.append(told)
        self._find_products(draft)
        combos.check(draft)
        self._find_currency(draft)
        self._price(draft)

    def _find_products(self, draft):
        """Find each line its product; with the policy ``placeholder`` a line without one gets the placeholder.

        :raise Refusal: for what a person must see to first
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
            elif self.matches[line.sku].problem:
                problems[line.sku] = self.matches[line.sku].problem
            else:
                draft.products[line.sku] = self.matches[line.sku].product
                if pack := self.matches[line.sku].uom:
                    draft.packs[line.sku] = pack
        if not problems:
            return
        if self.account.sku_policy != "placeholder":
            raise Refusal("\n".join(problems.values()), missing_skus=[sku for sku in problems if sku])
        draft.is_whole = False
        draft.products.update(dict.fromkeys(problems, self.account.placeholder_product_id))
        draft.missing = [
            *problems.values(),
            self.env._(
                "The order stays a quotation until each line has its product: press Choose Product on the line."
            ),
        ]

    def _find_currency(self, draft):
        """Find the order's currency.

        :raise Refusal: it is unknown or not active
        """
        code = draft.wire.currency
        draft.currency = self.currencies.get(code) if code else self.account.company_id.currency_id
        if not draft.currency:
            raise Refusal(self.env._("%s is not a currency that Odoo knows.", code))
        if not draft.currency.active:
            raise Refusal(
                self.env._(
                    "The order is in %(currency)s, which is not active. Activate it under Accounting, Configuration, "
                    "Currencies (or Settings, Technical), then retry.",
                    currency=draft.currency.name,
                )
            )

    def _price(self, draft):
        """Price the order by EIM's rules.

        :raise Refusal: for amounts that Odoo cannot hold
        """
        precision = self.env["decimal.precision"].precision_get
        draft.priced = price_order(
            draft.wire,
            digits=draft.currency.decimal_places,
            unit=Decimal(repr(draft.currency.rounding)),
            tax_policy=draft.tax_policy,
            round_globally=self.account.company_id.tax_calculation_rounding_method == "round_globally",
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

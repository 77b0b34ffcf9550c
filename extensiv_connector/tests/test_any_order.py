"""Whatever a cart sends, each order ends imported and right, held with its reason, or failed with what to do."""

import json
import logging
import re
from dataclasses import dataclass
from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from ..eim.wire import Cart, Order, Page
from ..flows.order_import import import_batch
from ..flows.order_inbox import Inbox
from ..sandbox.orders import build_order
from .common import ConnectorCase
from .drawn_buyers import BUYERS, DATES

_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_amount = st.decimals("-99999", "99999", places=4).map(str) | st.integers(-1000, 1000) | st.floats(-1e6, 1e6)
_text = st.text(max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "**PII Removed**",
        "x" * 9_999,
        "\x00",
        "\ud800",
        "'; DROP TABLE sale_order; --",
        "%s",
    ]
)

MONEY = ("sub_total", "order_discount", "sales_tax", "shipping_handling", "grand_total")
LINE_MONEY = ("quantity", "price", "discount", "addl_discount", "extended_amount", "tax", "shipping_surcharge")
TEXTS = (
    "cust_company",
    "cust_first_name",
    "cust_last_name",
    "cust_address_1",
    "cust_address_2",
    "cust_city",
    "cust_state",
    "cust_zip",
    "cust_country",
    "cust_phone",
    "cust_e_mail",
    "ship_company",
    "ship_first_name",
    "ship_last_name",
    "ship_address_1",
    "ship_city",
    "ship_state",
    "ship_zip",
    "ship_country",
    "ship_phone",
    "ship_e_mail",
    "cust_po_no",
    "po_number",
    "gift_message",
    "shipping_instructions",
    "promo_code",
    "ship_code",
    "ship_code_description",
    "order_source",
    "currency_code",
    "order_date",
    "created_date_time",
    "requested_ship_date",
    "location",
)
_line = st.fixed_dictionaries(
    {"item": st.sampled_from(["TEE-1", "MUG-1", "tee-1", "NOPE", "SET-1", "CHOICE-1"]) | _text},
    optional={
        **{name: _amount | _anything for name in LINE_MONEY},
        "Description": _text | _anything,
        "line_comment": _text,
        "aliases": _anything,
        "filtered_sku": _anything,
        "line_no": _text | _anything,
        "lot_number": st.just("L-1") | _text | _anything,
        "line_location": st.just("EAST") | _text | _anything,
    },
)
_SPECIAL = {
    "special_services": _anything
    | st.sampled_from(["SIG, SAT", {"SIGNATURE": "Y", "INSURANCE": "N"}, ["Adult signature"]]),
    "balance": _amount | _anything,
    "pay_type": st.sampled_from(["COD", "cash on delivery", "Net 30"]) | _text | _anything,
    "ship_address_type": st.sampled_from(["R", "C"]) | _anything,
    "ship_account_no": _text | _anything,
    "cust_ref_original": _text | _anything,
    "gift_wrap": st.sampled_from(["Y", "N"]) | _anything,
}
_order = st.fixed_dictionaries(
    {},
    optional={
        **_SPECIAL,
        **{name: _amount | _anything for name in MONEY},
        **{name: _text | _anything for name in TEXTS},
        **{name: drawn | _text | _anything for name, drawn in {**BUYERS, **DATES}.items()},
        "items": st.lists(_line, max_size=4) | _anything,
    },
)


@st.composite
def _as_carts_send_them(draw):
    """An order whose figures are right in one of the ways in which carts write them.

    :return: ``(values, settings of the cart)``
    """
    code, digits = draw(st.sampled_from([("USD", 2), ("JPY", 0), (None, 2), ("N/A", 2)]))
    written = draw(st.sampled_from(["{:.2f}", "{:,.2f}", "${:,.2f}"])) if digits else "{:,.0f}"
    unit = Decimal(1).scaleb(-digits)
    amount = st.integers(1, 500_000).map(lambda number: number * unit)
    items = []
    for _index in range(draw(st.integers(1, 4))):
        price, quantity = draw(amount), draw(st.integers(1, 20))
        sku = draw(st.sampled_from(["TEE-1", "MUG-1", "", "N/A"]))
        items.append({"item": sku, "quantity": str(quantity), "price": price, "extended_amount": price * quantity})
    shipping, tax, filtered = (draw(st.just(Decimal(0)) | amount) / 100 // unit * unit for _part in range(3))
    goods = sum(item["extended_amount"] for item in items)
    tax = min(tax, goods // 2 // unit * unit)
    in_total = draw(st.booleans())
    total = goods + shipping + (tax if in_total else 0) + (filtered if draw(st.booleans()) else 0)
    items += [
        {"item": "GONE", "quantity": "0", "price": draw(amount)},
        {"item": "WARRANTY", "quantity": "1", "price": filtered, "filtered_sku": "Y"},
    ]
    header = {"shipping_handling": shipping, "sales_tax": tax, "grand_total": total, "sub_total": None}
    cart = {
        "tax_policy": draw(st.sampled_from(["line", "odoo", "ignore"])),
        "tax_beside_total": draw(st.sampled_from([False, "included", "kept"])),
    }
    for values in (header, *items):
        values |= {name: written.format(value) for name, value in values.items() if isinstance(value, Decimal)}
    return {**header, "currency_code": code, "order_discount": None, "items": items}, cart


# A sentence that says what a person does next, where no button does it.
WHAT_TO_DO = re.compile(r"(?i)\b(press|correct|choose|activate|give it|add|enter|retry|ask|make)\b")


@dataclass
class Outcome:
    """What became of an order: of the inbox, of its sale order, and in the list of errors."""

    state: str
    message: str
    total: float
    expected: float
    sale_state: str
    held_by: str
    is_held: bool
    errors: list
    documents: list
    todo: str
    fix: str


@tagged("post_install", "-at_install")
class TestAnyOrder(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.account.sku_policy = "block"
        self.make_combos()
        self.numbers = iter(range(10**6))
        # What the database or Odoo would log of a refused order is no failure here, and long.
        logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)
        self.addCleanup(logging.getLogger("odoo.sql_db").setLevel, logging.NOTSET)

    def make_combos(self):
        """Have a combo whose every choice has one item, and one that leaves the buyer a choice."""
        tee, mug = self.products
        for sku, choices in (("SET-1", (tee, mug)), ("CHOICE-1", (tee + mug,))):
            combos = self.env["product.combo"].create(
                [
                    {
                        "name": f"{sku} {number}",
                        "combo_item_ids": [Command.create({"product_id": item.id}) for item in items],
                    }
                    for number, items in enumerate(choices)
                ]
            )
            self.env["product.product"].create(
                {"name": sku, "default_code": sku, "type": "combo", "combo_ids": [Command.set(combos.ids)]}
            )

    def outcome(self, *raws):
        """Receive and import orders in one batch, then forget them.

        :return: an ``Outcome`` of each
        """
        orders = tuple(Order.parse(json.loads(json.dumps(raw))) for raw in raws)
        with self.env.cr.savepoint() as savepoint:
            Inbox(self.account).store(Page(items=orders, number=1, is_last=True))
            records = self.env["extensiv.order"].search(
                [("cust_ref", "in", [order.cust_ref for order in orders])], order="id"
            )
            import_batch(records)
            outcomes = [self.read_outcome(record) for record in records]
            savepoint.rollback()
        self.env.invalidate_all()
        return outcomes

    def read_outcome(self, record):
        self.assertTrue(record.summary)
        sale = record.sale_order_id
        errors = self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("key", "=", record.cust_ref), ("state", "=", "open")]
        )
        return Outcome(
            state=record.state,
            message=record.message or "",
            total=sale.amount_total,
            expected=sale.extensiv_expected_total,
            sale_state=sale.state,
            held_by=sale.extensiv_held_by or "",
            is_held=sale.extensiv_is_held,
            errors=[(error.step, error.message) for error in errors],
            documents=errors.mapped("res_model"),
            todo=record.todo,
            fix=record.fix,
        )

    def check(self, outcome):
        """Check that an order ended in one of the three ways in which it may end."""
        self.assertNotIn("Traceback", outcome.message)
        self.assertNotIn("unexpected", outcome.message, "an error of ours, not a reason")
        if outcome.state == "failed":
            self.assertEqual([step for step, _message in outcome.errors], [False])
            self.assertEqual(outcome.errors[0][1], outcome.message)
            self.assertEqual(outcome.todo, "failed")
            self.assertTrue(outcome.fix or WHAT_TO_DO.search(outcome.message), outcome.message)
            return
        self.assertEqual(outcome.state, "imported")
        if outcome.sale_state == "sale":
            cents = [Decimal(repr(amount)).quantize(Decimal("0.01")) for amount in (outcome.total, outcome.expected)]
            self.assertEqual(*cents)
            self.assertFalse(outcome.errors or outcome.is_held or outcome.held_by)
            return
        self.assertEqual(outcome.sale_state, "draft")
        self.assertTrue(outcome.is_held)
        self.assertTrue(outcome.held_by.strip())
        self.assertEqual(outcome.errors, [("confirm", outcome.held_by)])
        self.assertEqual(outcome.documents, ["sale.order"])
        self.assertEqual(outcome.todo, "held")

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values=_order)
    @example(values={"cust_country": "\ud800", "cust_first_name": "\x00"})
    @example(values={"items": [{"item": "TEE-1", "quantity": "1e400", "price": "1"}]})
    @example(values={"items": [{"item": "TEE-1", "quantity": "1", "price": "NaN"}]})
    @example(values={"items": [{"item": "TEE-1", "quantity": "999999999", "price": "99999999"}]})
    @example(values={"grand_total": "Infinity"})
    @example(values={"order_discount": "0.0150"})
    @example(values={"items": [{"item": "SET-1", "quantity": "3", "price": "33.33", "lot_number": "L-1"}]})
    @example(values={"items": [{"item": "CHOICE-1", "quantity": "1", "price": "5"}]})
    @example(values={"pay_type": "COD", "balance": "NaN", "ship_account_no": "A1", "special_services": {"x": [1]}})
    @example(values={"order_date": "0000-00-00", "requested_ship_date": "9999-12-31T23:59:59-14:00"})
    @example(values={"currency_code": "x" * 5000, "order_source": "y" * 5000})
    def test_any_order_ends_well_and_stops_no_other(self, values):
        number = next(self.numbers)
        base = build_order(
            {"cust_ref": f"ANY-{number}", "items": [{"item": "TEE-1", "quantity": "2", "price": "5.00"}]}
        )
        good = build_order({"cust_ref": f"GOOD-{number}", "items": [{"item": "MUG-1", "quantity": "1", "price": "8"}]})
        outcomes = self.outcome({**base, **values}, good)
        for outcome in outcomes:
            self.check(outcome)
        self.assertEqual((outcomes[1].state, outcomes[1].sale_state), ("imported", "sale"))

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(values=_order)
    @example(values={"items": [{"item": "NOPE", "quantity": "1", "price": "5.00"}]})
    @example(values={"grand_total": "12.00"})
    def test_so_it_does_where_a_placeholder_stands_for_unknown_skus(self, values):
        self.account.sku_policy = "placeholder"
        base = build_order(
            {"cust_ref": f"PL-{next(self.numbers)}", "items": [{"item": "NOPE", "quantity": "2", "price": "5.00"}]}
        )
        [outcome] = self.outcome({**base, **values})
        self.check(outcome)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(drawn=_as_carts_send_them(), rounding=st.sampled_from(["round_globally", "round_per_line"]))
    def test_an_order_as_a_cart_sends_it_comes_to_its_total_or_says_what_it_waits_for(self, drawn, rounding):
        values, cart_settings = drawn
        self.account.tax_tolerance = 0
        self.env.company.tax_calculation_rounding_method = rounding
        self.env.ref("base.JPY").active = True
        [cart] = self.env["extensiv.cart"]._sync_from_eim(self.account, [Cart("Shopify", "Shopify")]) or (
            self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")
        )
        service = self.env["product.product"].create({"name": "Fee", "type": "service", "taxes_id": False})
        cart.write({**cart_settings, "no_sku_product_id": service.id})
        self.products.taxes_id = False
        base = build_order({"cust_ref": f"ANY-{next(self.numbers)}", "items": [{"item": "TEE-1"}]})
        [outcome] = self.outcome({**base, **values})
        self.check(outcome)
        self.assertEqual(outcome.state, "imported", outcome.message)
        if outcome.sale_state != "sale":
            is_asked = not cart_settings["tax_beside_total"] and cart_settings["tax_policy"] != "ignore"
            is_taxed = cart_settings["tax_policy"] == "odoo"
            self.assertTrue(is_asked or is_taxed, outcome.message)

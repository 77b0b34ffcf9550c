"""Whatever a cart sends, each order ends imported with its total verified, or failed with a reason."""

import json
import logging
from decimal import Decimal

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from odoo.fields import Command
from odoo.tests import tagged

from ..eim.wire import Order, Page
from ..flows.order_import import import_batch
from ..flows.order_inbox import Inbox
from ..sandbox.orders import build_order
from .common import ConnectorCase

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
        "items": st.lists(_line, max_size=4) | _anything,
    },
)


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

        :return: ``(state, message, total, expected total, state of the sale order)`` of each
        """
        orders = tuple(Order.parse(json.loads(json.dumps(raw))) for raw in raws)
        with self.env.cr.savepoint() as savepoint:
            Inbox(self.account).store(Page(items=orders, number=1, is_last=True))
            records = self.env["extensiv.order"].search(
                [("cust_ref", "in", [order.cust_ref for order in orders])], order="id"
            )
            import_batch(records)
            outcomes = [
                (
                    record.state,
                    record.message or "",
                    record.sale_order_id.amount_total,
                    record.sale_order_id.extensiv_expected_total,
                    record.sale_order_id.state,
                )
                for record in records
            ]
            for record in records:
                self.assertTrue(record.summary)
            savepoint.rollback()
        self.env.invalidate_all()
        return outcomes

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
        state, message, total, expected, sale_state = outcomes[0]
        self.assertIn(state, ("imported", "failed"))
        self.assertNotIn("Traceback", message)
        self.assertNotIn("unexpected", message, "an error of ours, not a reason")
        if state == "failed":
            self.assertTrue(message.strip())
        elif sale_state == "sale":
            cents = [Decimal(repr(amount)).quantize(Decimal("0.01")) for amount in (total, expected)]
            self.assertEqual(*cents)
        self.assertEqual(outcomes[1][0], "imported")
        self.assertEqual(outcomes[1][4], "sale")

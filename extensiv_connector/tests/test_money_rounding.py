"""What ``eim.pricing`` says of Odoo's arithmetic is what Odoo's sale orders show."""

import random
from decimal import Decimal

from odoo.fields import Command
from odoo.tests import TransactionCase, tagged

from ..eim.pricing import price_order
from ..eim.wire import Order

ORDERS = 120  # of each way to round, of one to six lines each


def awkward_orders(unit):
    """Orders whose lines lie on half cents, thirds and percentages; the same ones in each run.

    The tax is in their total, or beside it for a cart that says what it is; so may be a line that EIM filters.

    :return: an iterator of ``(order, what the cart says of tax beside the total)``
    """
    rng = random.Random(19)
    for _index in range(ORDERS):
        items, total = [], Decimal(0)
        for _line in range(rng.randint(1, 6)):
            price = Decimal(rng.randint(0, 30000)) / rng.choice([100, 1000])
            quantity = rng.choice([Decimal(rng.randint(1, 40)), Decimal(rng.randint(1, 999)) / 100])
            percentage = Decimal(rng.choice([0, 0, 5, 10, 15, Decimal("33.33"), 100]))
            discount = rng.choice([price * percentage / 100, Decimal(rng.randint(0, 999)) / 1000])
            amount = (price - discount) * quantity
            if rng.random() < 0.6:
                amount = round(amount, 2)
            total += amount
            items.append(
                {
                    "item": "MUG",
                    "quantity": str(quantity),
                    "price": str(price),
                    "discount": str(discount),
                    "extended_amount": str(amount),
                }
            )
        shipping, discount, tax = (Decimal(rng.randint(0, 999)) / 100 for _part in range(3))
        tax -= tax % unit
        # The total is one that the currency can hold, to the cent.
        shipping += -round(total + shipping - discount, 2) % unit
        answer = rng.choice(["", "included", "kept"])
        filtered = rng.choice([0, 0, 3])
        items.append({"item": "WARRANTY", "quantity": "1", "price": str(filtered), "filtered_sku": "Y"})
        items.append({"item": "MUG", "quantity": "0", "price": "9.99"})
        grand_total = total + shipping - discount + filtered + (0 if answer else tax)
        order = Order.parse(
            {
                "cust_ref": "1",
                "items": items,
                "sub_total": str(total),
                "shipping_handling": str(shipping),
                "order_discount": str(discount),
                "sales_tax": str(tax),
                "grand_total": str(grand_total),
            }
        )
        yield order, answer


@tagged("post_install", "-at_install")
class TestMoneyRounding(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner = cls.env["res.partner"].create({"name": "Buyer"})
        cls.product = cls.env["product.product"].create({"name": "Mug", "type": "consu", "taxes_id": False})

    def _lines(self, priced):
        """Return the lines' commands, in the order that ``PricedOrder`` asks for."""
        extras = [priced.shipping, -priced.order_discount, priced.tax, priced.rounding]
        lines = [(line.price_unit, line.quantity, line.discount) for line in priced.lines]
        lines += [(amount, 1, 0) for amount in extras if amount]
        return [
            Command.create(
                {
                    "product_id": self.product.id,
                    "product_uom_qty": float(quantity),
                    "tax_ids": False,
                    "price_unit": float(price),
                    "discount": float(discount),
                    "sequence": sequence,
                }
            )
            for sequence, (price, quantity, discount) in enumerate(lines)
        ]

    def _check(self, rounding_method, unit="0.01"):
        self.env.company.tax_calculation_rounding_method = rounding_method
        round_globally = rounding_method == "round_globally"
        currency = self.env["res.currency"].create({"name": "XTC", "symbol": "c", "rounding": float(unit)})
        pricelist = self.env["product.pricelist"].create({"name": "Cents", "currency_id": currency.id})
        unit = Decimal(unit)
        digits = max(-unit.as_tuple().exponent, 0)
        priced_orders = [
            price_order(order, digits=digits, unit=unit, tax_beside_total=answer, round_globally=round_globally)
            for order, answer in awkward_orders(unit)
        ]
        sales = self.env["sale.order"].create(
            [
                {"partner_id": self.partner.id, "pricelist_id": pricelist.id, "order_line": self._lines(priced)}
                for priced in priced_orders
            ]
        )
        for sale, priced in zip(sales, priced_orders, strict=True):
            goods = sale.order_line[: len(priced.lines)]
            shown = [*goods.mapped("price_subtotal"), sale.amount_total]
            expected = [*(line.subtotal for line in priced.lines), priced.expected_total]
            with self.subTest(lines=priced.lines):
                self.assertFalse(priced.problems)
                self.assertEqual(*([f"{amount:.2f}" for amount in amounts] for amounts in (shown, expected)))
        self.assertTrue(any(priced.rounding for priced in priced_orders), "no case needs the rounding line")
        self.assertTrue(any(line.discount for priced in priced_orders for line in priced.lines))
        self.assertEqual(
            {priced.tax_meaning for priced in priced_orders if priced.sales_tax}, {"added", "included", "kept"}
        )

    def test_round_globally(self):
        self._check("round_globally")

    def test_round_per_line(self):
        self._check("round_per_line")

    def test_round_globally_without_cents(self):
        self._check("round_globally", "1")

    def test_round_per_line_without_cents(self):
        self._check("round_per_line", "1")

    def test_round_globally_to_five_cents(self):
        self._check("round_globally", "0.05")

    def test_round_per_line_to_five_cents(self):
        self._check("round_per_line", "0.05")

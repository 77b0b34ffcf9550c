"""What shops may have, drawn at random, in a database with the apps that they use: `make identical`.

This is no part of `make test`; there are a few of it in `tests/processes/test_identical_apps.py`.
"""

import os

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from odoo.tests import tagged

from .circumstances import CIRCUMSTANCES, NEEDS, available, meet
from .identical_world import SKUS, Comparison, World
from .test_identical import MIXED, IdenticalCase

RESERVED_LATER = {
    "batched",
    "fulfilled_elsewhere",
    "made_to_order",
    "merchant",
    "notified",
    "order_points",
    "packages",
    "quants_twice",
    "shelves",
    "three_steps",
}
"""Circumstances whose rows have the same ids, too, where goods are reserved after the orders."""

_quantity = st.sampled_from(["1", "2", "3", "5", "12", "200", "0.5"])
_lines = st.lists(
    st.tuples(st.sampled_from(SKUS), _quantity)
    | st.fixed_dictionaries(
        {"item": st.sampled_from(["LOT", "SERIAL", "PLENTY-0"]), "quantity": _quantity},
        optional={"lot_number": st.sampled_from(["L-1", "L-2", "S-1", "L-9"]), "location": st.just("SECOND")},
    ),
    min_size=1,
    max_size=4,
)
_order = st.fixed_dictionaries(
    {"lines": _lines},
    optional={
        "buyer": st.integers(0, 3),
        "requested_ship_date": st.sampled_from(["2026-11-30", "2026-12-24T10:00:00+00:00"]),
        "shipping_handling": st.just("4.50"),
        "sales_tax": st.just("1.25"),
        "ship_code": st.sampled_from(["EXPRESS", "SLOW"]),
        "location": st.just("SECOND"),
        "currency_code": st.just("EUR"),
        "shipping_instructions": st.just("Leave it at the door"),
        "grand_total": st.just("1.00"),
    },
)


@tagged("post_install", "-at_install")
class TestApps(IdenticalCase):
    def test_each_circumstance_alone(self):
        for name in available(self.env):
            with self.subTest(name=name), self.env.cr.savepoint() as savepoint:
                self.assertIdentical(name)
                savepoint.rollback()
            self.env.registry.clear_all_caches()

    def test_each_app_in_two_steps_with_order_points(self):
        for name in sorted(NEEDS.keys() & set(available(self.env))):
            with self.subTest(name=name), self.env.cr.savepoint() as savepoint:
                self.assertIdentical(name, "two_steps", "order_points", "analytic_models", orders=MIXED + MIXED[:3])
                savepoint.rollback()
            self.env.registry.clear_all_caches()

    def test_a_batch_of_fifty(self):
        orders = [{**MIXED[number % len(MIXED)], "buyer": number % 40} for number in range(50)]
        self.assertIdentical("shelves", "two_steps", orders=orders)

    def test_what_is_reserved_after_the_orders(self):
        # What needs no reservation comes first then, and so do its rows.
        orders = [order for order in MIXED if "CONSU" not in dict(order["lines"])]
        for name in sorted(RESERVED_LATER & set(available(self.env))):
            with self.subTest(name=name), self.env.cr.savepoint() as savepoint:
                meet(self.world, name)
                comparison = Comparison(self.world, orders)
                found = comparison.compare(later=True)
                self.assertFalse(found, "\n".join(found[:40]))
                savepoint.rollback()
            self.env.registry.clear_all_caches()

    @seed(int(os.environ.get("SEED") or 0) or int.from_bytes(os.urandom(4), "big"))
    @settings(
        max_examples=int(os.environ.get("SEEDS", 20)),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(
        names=st.lists(st.sampled_from(list(CIRCUMSTANCES)), max_size=5, unique=True),
        orders=st.lists(_order, min_size=1, max_size=7),
        is_second=st.booleans(),
    )
    def test_any_of_them_together(self, names, orders, is_second):
        with self.env.cr.savepoint() as savepoint:
            self.check(set(names) & set(available(self.env)), orders, is_second)
            savepoint.rollback()
        self.env.invalidate_all()
        self.env.registry.clear_all_caches()

    def check(self, names, orders, is_second):
        world = self.world
        if is_second:
            currency = self.env.company.currency_id
            company = self.env["res.company"].create({"name": "Second company", "currency_id": currency.id})
            world = World(self.env, company)
        meet(world, *names)
        found = Comparison(world, orders).compare()
        self.assertFalse(found, "\n".join(found[:40]))

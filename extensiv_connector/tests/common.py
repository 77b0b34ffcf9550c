"""The world of the tests: an account, products, and the sandbox over real HTTP."""

from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo.tests import TransactionCase, tagged

from ..eim.throttle import Bucket
from ..models.extensiv_bucket import BucketStore
from ..sandbox.server import running_sandbox


class Roomy(Bucket):
    """A bucket that nothing empties: the sandbox without its rate limit always says that 100 calls are left."""

    def observe(self, state, now, remaining):
        return state


class ConnectorMixin:
    """Builders for cases that talk to the sandbox; ``sandbox`` is started once a class, in a thread."""

    sandbox_options = {"orders": 0, "rate_limit": False}

    @classmethod
    def _start_sandbox(cls):
        running = running_sandbox(**cls.sandbox_options)
        cls.sandbox = running.__enter__()
        cls.addClassCleanup(running.__exit__, None, None, None)

    @classmethod
    def _make_world(cls):
        cls.company = cls.env.company
        cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.products = cls.env["product.product"].create(
            [
                {"name": "Black tee", "default_code": "TEE-1", "is_storable": True, "list_price": 19.99},
                {"name": "Mug", "default_code": "MUG-1", "is_storable": True, "list_price": 8},
            ]
        )
        cls.account = cls.env["extensiv.account"].create(
            {
                "name": "Test shops",
                "base_url": cls.sandbox.base_url,
                "api_user": "demo",
                "api_key": "demo-key",
                "import_from": "2000-01-01",
                # Each order is acknowledged by a call of its own, which faults and counts of calls can be meant for;
                # many at a call: test_acknowledging.
                "acknowledge_batches": False,
            }
        )

    @contextmanager
    def flows(self):
        """Let flows open cursors of their own inside the test's transaction."""
        with self.enter_registry_test_mode():
            yield

    def connect(self):
        with self.flows():
            self.account.action_connect()

    def pull(self):
        """Pull as the button does; return the run."""
        with self.flows():
            self.account.action_pull_orders()
        return self.last_run()

    def last_run(self, flow="orders"):
        return self.env["extensiv.run"].search([("account_id", "=", self.account.id), ("flow", "=", flow)], limit=1)

    def inbox(self, cust_ref):
        return self.env["extensiv.order"].search([("account_id", "=", self.account.id), ("cust_ref", "=", cust_ref)])

    def setUp(self):
        super().setUp()
        if not self.sandbox_options.get("rate_limit"):
            # The row and its transactions stay; only the allowance is larger, or each test would wait for tokens.
            self.startPatcher(patch.object(BucketStore, "bucket", Roomy(capacity=10**6)))
        self.sandbox.sandbox.reset(**self.sandbox_options)

    @contextmanager
    def later(self, **time):
        """Let it be later, ``minutes=1`` for example."""
        with freeze_time(datetime.now() + timedelta(**time)):
            yield

    def allow_cancelling(self):
        """Let people ask EIM to cancel orders, at the path where the sandbox takes it."""
        self.account.write(
            {
                "request_cancel": True,
                "route_overrides": "cancel_order_in_cart = merchant/orders/cancel_order_in_cart",
            }
        )

    # -- what EIM does

    def add_orders(self, *orders):
        """Let EIM have orders: each a dict of what matters, the rest is made up consistently."""
        for order in orders:
            self.sandbox.store.add(order)

    def change_order(self, cust_ref, **values):
        self.sandbox.store.change(cust_ref, values)

    def fault(self, **values):
        """Let EIM misbehave on its next calls, see ``sandbox.faults.Fault``."""
        self.sandbox.faults.add(values)

    def at_eim(self, cust_ref):
        """What EIM holds of the order."""
        return self.sandbox.store.orders[cust_ref].raw

    def revoke(self, form=200, **options):
        """Let EIM refuse every key, see ``sandbox.Sandbox.revoke``; a ``form`` of None takes it back."""
        self.sandbox.sandbox.revoke(form, **options)

    def calls(self, *routes):
        """The routes called so far, in order; those named only, or all."""
        return [call["route"] for call in self.sandbox.sandbox.calls if not routes or call["route"] in routes]


@tagged("post_install", "-at_install")
class ConnectorCase(ConnectorMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

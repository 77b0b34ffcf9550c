"""One deadline a request: every button that may ask EIM ends in time, whatever EIM does and however many records it is
about, and says what goes on in the background."""

import json
import time
from contextlib import contextmanager
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..eim import time_limit, transport
from ..flows import deadline as deadlines
from ..flows import unanswered
from ..flows.stock_errors import ZEROS
from ..models import sale_order_shipment
from .common import ConnectorCase

# Every method that people call and that may ask EIM, or import: a new one has to be added here, see tests/test_buttons.
BUTTONS = {
    "extensiv.account": (
        "action_pull_orders action_push_inventory action_push_shipments action_fetch_alerts action_audit "
        "action_push_everything action_preview_stock action_connect action_check_carts action_fetch_locations "
        "action_setup_next action_setup_back action_setup_goto action_setup_resume action_setup_cart "
        "action_check_live action_go_live action_create_missing_products action_sku_report "
        "action_list_merchants action_goes_on"
    ),
    "extensiv.add.alias": "action_add",
    "extensiv.alert": "action_dismiss_at_eim",
    "extensiv.cart.share": "action_send",
    "extensiv.cart.type": "action_set_up",
    "extensiv.compare": "action_read action_push",
    "extensiv.compare.order": "action_read",
    "extensiv.decide.shipment": "action_tell_complete action_tell_whole action_tell_services action_tell_cancelled",
    "extensiv.diagnosis": "action_diagnose action_try_routes",
    "extensiv.eim.method": "action_fetch",
    "extensiv.error": "action_retry action_fix action_push_zeros",
    "extensiv.fetch": "action_fetch action_preview",
    "extensiv.location": "action_preview_stock action_take_quantities action_push_nevertheless",
    "extensiv.merchants": "action_create_accounts",
    "extensiv.order": (
        "action_import action_import_after_all action_fetch_again action_confirm_right action_fix action_compare "
        "action_create_products"
    ),
    "extensiv.prove": "action_send",
    "extensiv.sku.report.line": "action_create_product",
    "extensiv.stock.level": "action_push_again",
    "extensiv.stock.preview": "action_go_live",
    "extensiv.stock.preview.location": "action_take_quantities",
    "extensiv.take.quantities": "action_read",
    "extensiv.todo": "action_apply",
    "extensiv.unknown.order": "action_import",
    "extensiv.untold": "action_send",
    "sale.order": "action_extensiv_send action_extensiv_resend action_extensiv_compare",
    "stock.picking": "action_extensiv_send action_extensiv_resend",
}
# These ask nothing in the state in which they are tried here: they only open the next step.
ASK_NOTHING = {"action_setup_back", "action_setup_resume", "action_setup_cart", "action_set_up"}
IMPORTS_ONLY = {"action_add", "action_apply", "action_confirm_right", "action_create_products"}
# Questions left unanswered before a request gives up on an account: a pass has steps of which each may succeed.
QUESTIONS = 3
EACH = 4  # records of each account


@tagged("post_install", "-at_install")
class TestDeadline(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        live = {
            "state": "connected",
            "pull_orders": True,
            "push_inventory": True,
            "push_shipments": True,
            "live_inventory": True,
            "setup_step": "settings",
        }
        cls.account.write(live)
        others = cls.account.create(
            [
                {
                    "name": name,
                    "base_url": cls.sandbox.base_url,
                    "api_user": "demo",
                    "api_key": "demo-key",
                    "merchant_pk": name[:1],
                    **live,
                }
                for name in ("Second shops", "Third shops")
            ]
        )
        cls.accounts = cls.account | others
        stock = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1).lot_stock_id
        cls.carts = cls.env["extensiv.cart"].create(
            [
                {"account_id": account.id, "order_source": "S", "name": "S", "prefix": account.name}
                for account in cls.accounts
            ]
        )
        cls.locations = cls.env["extensiv.location"].create(
            [
                {
                    "account_id": account.id,
                    "name": "EAST",
                    "push_enabled": True,
                    "stock_location_id": stock.id,
                    "remote_pk": "1",
                }
                for account in cls.accounts
            ]
        )
        cls.refs = [f"D-{number}" for number in range(EACH)]
        cls._make_records()
        cls._make_errors()

    @classmethod
    def _make_records(cls):
        """Make, of each kind, some records of each account."""
        env = cls.env
        of_each = [(account, ref) for account in cls.accounts for ref in cls.refs]
        mine = [{"account_id": account.id, "cust_ref": ref, "order_number": ref} for account, ref in of_each]
        carts = dict(zip(cls.accounts, cls.carts, strict=True))
        cls.orders = env["extensiv.order"].create(
            [
                {**vals, "cart_id": carts[account].id, "state": "failed", "message": "x"}
                for vals, (account, _ref) in zip(mine, of_each, strict=True)
            ]
        )
        cls.levels = env["extensiv.stock.level"].create(
            [
                {"location_id": location.id, "sku": sku, "quantity": 5, "pushed_at": "2024-01-01"}
                for location in cls.locations
                for sku in (*cls.products.mapped("default_code"), "A", "B")
            ]
        )
        cls.alerts = env["extensiv.alert"].create(
            [{"account_id": account.id, "remote_id": ref.removeprefix("D-")} for account, ref in of_each]
        )
        cls.unknown = env["extensiv.unknown.order"].create([{**vals, "status": "at_wms"} for vals in mine])
        partner = env["res.partner"].create({"name": "Mary", "email": "mary@example.com"})
        cls.sales = env["sale.order"].create(
            [
                {
                    "partner_id": partner.id,
                    "extensiv_account_id": account.id,
                    "extensiv_cust_ref": ref,
                    "extensiv_shipment_state": "sending",
                    "extensiv_sending_at": fields.Datetime.now(),
                }
                for account, ref in of_each
            ]
        )
        cls.shares = env["extensiv.cart.share"].create(
            [
                {
                    "account_id": account.id,
                    "partner_id": partner.id,
                    "type_id": env.ref("extensiv_connector.cart_type_shopify").id,
                    "setup_url": "https://app.cartrover.com/setup",
                }
                for account, _ref in of_each
            ]
        )

    @classmethod
    def _make_errors(cls):
        """Make errors of every flow, about the records of each account."""
        Error = cls.env["extensiv.error"]
        cls.errors = Error.browse()
        documents = {
            "orders": lambda account: cls.orders.filtered(lambda order: order.account_id == account),
            "inventory": lambda account: cls.levels.filtered(lambda level: level.location_id.account_id == account),
            "shipments": lambda account: cls.sales.filtered(lambda sale: sale.extensiv_account_id == account),
        }
        for account in cls.accounts:
            for flow, find in documents.items():
                things = {ref: thing for ref, thing in zip(cls.refs, find(account), strict=False)}
                cls.errors |= Error._report(
                    account,
                    flow,
                    {ref: {"message": "x", "category": "data", "document": thing} for ref, thing in things.items()},
                )
            failure = {"message": "x", "category": "transient"}
            cls.errors |= Error._report(account, "connection", {"alerts": failure, "orders": failure})

    def _of_first(self, name, **values):
        return self.env[name].create({"account_id": self.account.id, **values})

    def _records(self, name, method):
        """Return the records that a button is tried with: of several accounts, where it takes several."""
        single = {
            "extensiv.add.alias": lambda: self._alias(),
            "extensiv.cart.type": lambda: self.env.ref("extensiv_connector.cart_type_shopify"),
            "extensiv.compare": lambda: self._of_first(
                name,
                line_ids=[
                    fields.Command.create({"level_id": self.levels[0].id, "is_different": True, "outcome": "differs"})
                ],
            ),
            "extensiv.compare.order": lambda: self.env[name].create({"order_id": self.orders[0].id}),
            "extensiv.decide.shipment": lambda: self._decide_wizard(method),
            "extensiv.eim.method": lambda: self.env[name],
            "extensiv.diagnosis": lambda: self._of_first(name, order_number="D-1", sku="MUG-1"),
            "extensiv.fetch": lambda: self._of_first(name, reference="NOT-HERE"),
            "extensiv.merchants": lambda: self._of_first(
                name,
                line_ids=[fields.Command.create({"merchant_pk": pk, "name": pk, "chosen": True}) for pk in ("7", "8")],
            ),
            "extensiv.prove": lambda: self._of_first(
                name,
                route="dismiss_alerts",
                alert_id=self.alerts.filtered(lambda a: a.account_id == self.account)[0].id,
            ),
            "extensiv.sku.report.line": lambda: self._report_lines(),
            "extensiv.stock.preview": lambda: self._of_first(name),
            "extensiv.stock.preview.location": lambda: self.env[name].create(
                {"preview_id": self._of_first("extensiv.stock.preview").id, "location_id": self.locations[0].id}
            ),
            "extensiv.take.quantities": lambda: self.env[name].create({"location_id": self.locations[0].id}),
            "extensiv.todo": lambda: self._choice(),
        }
        if name in single:
            return single[name]()
        several = {
            "extensiv.account": self.accounts,
            "extensiv.alert": self.alerts,
            "extensiv.cart.share": self.shares,
            "extensiv.error": self.errors,
            "extensiv.location": self.locations,
            "extensiv.order": self.orders,
            "extensiv.stock.level": self.levels,
            "extensiv.unknown.order": self.unknown,
            "extensiv.untold": self.env["extensiv.untold"].browse(self.sales.ids),
            "sale.order": self.sales,
            "stock.picking": self.env["stock.picking"],
        }[name]
        takes_one = method not in ("action_connect", "action_check_carts", "action_fetch_locations")
        if name == "extensiv.account" and takes_one and not method.startswith(("action_pull", "action_push_i")):
            return several[0]
        if name == "sale.order" and method == "action_extensiv_compare":
            self.sales[0].extensiv_order_id = self.orders[0]
            return several[0]
        if method in ("action_fix", "action_fetch_again", "action_preview_stock", "action_take_quantities"):
            return several[0]
        if method == "action_compare":
            return several[0]
        return several

    def _alias(self):
        self.orders.missing_skus = ["A"]
        return self.env["extensiv.add.alias"].create(
            {"error_id": self.errors[0].id, "sku": "A", "product_id": self.products[0].id}
        )

    def _choice(self):
        self.orders.missing_skus = ["A"]
        line = {"account_id": self.account.id, "name": "A", "product_id": self.products[0].id}
        return self.env["extensiv.todo"].create({"kind": "product", "line_ids": [fields.Command.create(line)]})

    def _decide_wizard(self, method):
        decisions = {"action_tell_services": "services", "action_tell_cancelled": "cancelled"}
        self.orders[0].sale_order_id = self.sales[0]
        self.sales[0].extensiv_decision = decisions.get(method, "parts")
        wizard = self.env["extensiv.decide.shipment"].create({"order_id": self.orders[0].id})
        wizard.delivery_carrier_id = self.env["delivery.carrier"].search([], limit=1)
        return wizard

    def _report_lines(self):
        report = self._of_first("extensiv.sku.report")
        return self.env["extensiv.sku.report.line"].create(
            [{"report_id": report.id, "state": "eim_only", "sku": f"N-{number}"} for number in range(EACH)]
        )

    def _prepare(self, name, method):
        """Bring the world into the state in which the button has something to ask, and return its records."""
        records = self._records(name, method)
        if method == "action_push_nevertheless":
            self.locations.read_back_state = "waiting"
        if method == "action_goes_on":
            self.account.live_database = {"name": "another"}
        if method == "action_confirm_right":
            for order, sale in zip(self.orders, self.sales, strict=True):
                order.write({"state": "imported", "sale_order_id": sale.id})
            self.sales.extensiv_is_held = True
        if method in ("action_import_after_all", "action_fix"):
            self.orders.write({"state": "cancelled", "listed_again_at": "2024-01-01", "acknowledged_at": "2024-01-01"})
        if method == "action_create_products":
            line = {"item": "NEW-1", "quantity": "1", "price": "1.00"}
            waiting = self.orders[:2]
            waiting.missing_skus = ["NEW-1"]
            for order in waiting:
                order.payload = json.dumps({"cust_ref": order.cust_ref, "items": [line]})
        if method == "action_fix":
            error = self.env["extensiv.error"]._report(
                self.account,
                "orders",
                {"D-1": {"message": "x", "category": "data", "document": self.orders[1]}},
                "listed",
            )
            return error if name == "extensiv.error" else self.orders[1]
        if method == "action_push_zeros":
            self.levels.held_at = "2024-01-01"
            return self.env["extensiv.error"].union(
                *(
                    self.env["extensiv.error"]._report(
                        location.account_id,
                        "inventory",
                        {f"{location.name}{ZEROS}": {"message": "x", "category": "data", "document": location}},
                    )
                    for location in self.locations
                )
            )
        return records

    def press(self, name, method):
        """Press a button as the web client does, and return what a person is told, and how long it took."""
        records = self._prepare(name, method)
        self.env.flush_all()
        started = time.monotonic()
        with (
            self.flows(),
            patch.object(sale_order_shipment, "read_progress", return_value=[]),
            patch.object(self.env.registry["stock.picking"], "_extensiv_order", lambda picking: self.sales),
        ):
            try:
                told = str(getattr(records.with_context(setup_step="live"), method)())
            except UserError as error:
                told = str(error)
        seconds = time.monotonic() - started
        shown = {"extensiv.diagnosis": "text", "extensiv.sku.report.line": "message"}
        if name in shown:
            told += str(records.mapped(shown[name]))
        if name == "extensiv.merchants":
            told += str(self.account._same_key().mapped("state_message"))
        return told, seconds

    @contextmanager
    def tried(self, name, method):
        """Take back what a button did."""
        with (
            self.subTest(f"{name}.{method}"),
            patch.object(
                transport.Transport, "_exchange", autospec=True, side_effect=transport.Transport._exchange
            ) as calls,
        ):
            savepoint = self.env.cr.savepoint()
            try:
                yield calls
            finally:
                savepoint.rollback()
                self.env.invalidate_all()

    @staticmethod
    def buttons():
        return [(name, method) for name, methods in BUTTONS.items() for method in methods.split()]

    def test_every_button_with_a_deadline_is_tried_here(self):
        marked = {
            (name, method)
            for name, model in self.env.registry.items()
            for cls in model.mro()
            for method, value in vars(cls).items()
            if getattr(value, "has_one_deadline", False)
        }
        self.assertEqual(marked, set(self.buttons()))

    def test_no_button_asks_once_its_time_is_over(self):
        with patch.object(deadlines, "REQUEST_SECONDS", 0):
            for name, method in self.buttons():
                with self.tried(name, method) as calls:
                    told, _seconds = self.press(name, method)
                    self.assertFalse(calls.called)
                    if method not in ASK_NOTHING:
                        self.assertRegex(told, "no time|not read|not asked|could not be asked|in the background")

    def test_no_button_waits_for_a_hanging_eim_more_than_once_an_account(self):
        limit = time_limit.TimeLimit
        self.fault(route="*", kind="timeout", count=10**6, seconds=5)
        with (
            patch.object(transport, "TimeLimit", lambda _seconds, connect: limit(0.03, connect)),
            patch.object(transport, "PAUSES", ()),
            patch.object(unanswered, "SLOW_SECONDS", 0.02),
        ):
            for name, method in self.buttons():
                with self.tried(name, method) as calls:
                    told, seconds = self.press(name, method)
                    self.assertLess(seconds, 5)
                    self.assertLessEqual(calls.call_count, QUESTIONS * len(self.accounts), told)
                    if method not in ASK_NOTHING | IMPORTS_ONLY:
                        self.assertTrue(calls.called, told)
                        self.assertNotIn("Solved", told)

    # -- one deadline

    def test_what_a_button_calls_has_the_buttons_deadline(self):
        seen = []
        with patch.object(deadlines.Deadline, "has_time", autospec=True, side_effect=lambda own, *_: seen.append(own)):
            told, _seconds = self.press("extensiv.error", "action_retry")
            self.press("extensiv.account", "action_go_live")
        self.assertGreater(len(seen), 3)
        self.assertEqual(len(set(map(id, seen[:-1]))), 1)
        self.assertIsNot(seen[-1], seen[0], "the next click has time again")

    def test_a_web_request_that_odoo_repeats_has_no_second_deadline(self):
        seen = []

        class Repeated:
            @deadlines.one_deadline
            def press(self):
                seen.append(deadlines.deadline_of(self.env))

        button = Repeated()
        button.env = self.env
        self.addCleanup(vars(self.env.cr).pop, deadlines._NAME, None)
        with patch.object(deadlines, "request", "a web request"):
            button.press()
            button.press()
        self.assertIs(*seen)

    # -- what is said

    def late(self, flow):
        return self.env["extensiv.due"].search([("flow", "=", flow)]).account_id

    def test_levels_that_a_click_has_no_time_for_are_counted_and_triggered(self):
        with patch.object(deadlines, "REQUEST_SECONDS", 0):
            self.accounts[2].push_inventory = False
            told, _seconds = self.press("extensiv.stock.level", "action_push_again")
        self.assertIn("EIM took 0 of 12 levels.", told)
        self.assertEqual(told.count("The rest goes on in the background, 4 left now: see Runs."), 2)
        self.assertIn("Stock does not run by itself for Third shops, so press the button again", told)
        self.assertEqual(self.late("inventory"), self.accounts[:2])
        self.assertTrue(all(self.levels.mapped("unconfirmed")))

    def test_orders_that_a_click_has_no_time_for_are_counted(self):
        self.orders.payload = "{}"
        self.accounts[2].pull_orders = False
        with patch.object(deadlines, "REQUEST_SECONDS", 0):
            told, _seconds = self.press("extensiv.order", "action_import")
        self.assertEqual(set(self.orders.mapped("state")), {"received"})
        self.assertIn("0 of 12 orders are imported.", told)
        self.assertIn("8 are imported in the background", told)
        self.assertIn("There was no time left for 4: press the button again.", told)

    def test_errors_that_a_click_has_no_time_for_are_counted(self):
        self.accounts[2].push_shipments = False
        with patch.object(deadlines, "REQUEST_SECONDS", 0):
            told, _seconds = self.press("extensiv.error", "action_retry")
        self.assertIn("0 of 42 solved.", told)
        self.assertIn("38 go on in the background", told)
        self.assertIn("There was no time left for 4: press Retry again.", told)
        self.assertEqual(self.late("shipments"), self.accounts[:2])

    def test_an_account_whose_eim_hung_last_has_its_turn_after_the_others(self):
        failure = {"message": "x", "category": "transient"}
        self.env["extensiv.error"]._report(self.account, "connection", {"inventory": failure})
        ordered = self.accounts._healthy_first("inventory")
        self.assertEqual(ordered, self.accounts[1] + self.accounts[2] + self.account)
        self.assertEqual(self.accounts._healthy_first("shipments"), self.accounts)

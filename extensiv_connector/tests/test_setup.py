from unittest.mock import patch

from lxml import etree

from odoo.exceptions import UserError
from odoo.tests import HttpCase, new_test_user, tagged

from ..flows import SWITCHED
from ..models.extensiv_bucket import BucketStore
from .common import ConnectorCase, ConnectorMixin, Roomy


@tagged("post_install", "-at_install")
class TestSetup(ConnectorCase):
    def _marks(self):
        return {check["title"]: check["mark"] for check in self.account.live_checks}

    def _text(self, title):
        return next(check["text"] for check in self.account.live_checks if check["title"] == title)

    def _act(self, action, **context):
        with self.flows():
            return getattr(self.account.with_context(**context), action)()

    def _to_live(self):
        self.connect()
        self._act("action_setup_next")
        self._act("action_setup_next")

    # -- the steps

    def test_four_steps_one_after_the_other(self):
        self.assertEqual(self.account.setup_step, "connect")
        self.connect()
        self.assertEqual(self.account.setup_step, "carts")
        self._act("action_setup_next")
        self.assertEqual(self.account.setup_step, "settings")
        self._act("action_setup_next")
        self.assertEqual(self.account.setup_step, "live")
        self.assertTrue(self.account.live_report)
        self._act("action_go_live")
        self.assertEqual(self.account.setup_step, "done")

    def test_steps_after_the_first_need_a_connection(self):
        for action, context in (("action_setup_next", {}), ("action_setup_goto", {"setup_step": "live"})):
            with self.assertRaisesRegex(UserError, "Connect first"):
                self._act(action, **context)

    def test_it_can_be_left_and_resumed_at_any_step(self):
        self.connect()
        for step in ("settings", "carts", "live", "connect"):
            self._act("action_setup_goto", setup_step=step)
            self.env.invalidate_all()
            self.assertEqual(self.account.setup_step, step)
        self._act("action_setup_close")
        self._act("action_setup_resume")
        self.assertEqual(self.account.setup_step, "settings")
        self._act("action_setup_back")
        self.assertEqual(self.account.setup_step, "carts")

    def test_nothing_runs_before_go_live_and_what_was_chosen_after_it(self):
        cron = self.env.ref("extensiv_connector.ir_cron_pull_orders")
        self._to_live()
        self.assertFalse(self.account.pull_orders or self.account.push_inventory or self.account.push_shipments)
        self.assertFalse(cron.active)
        self.account.live_inventory = False
        self._act("action_go_live")
        self.assertEqual(self.account.pull_orders, True)
        self.assertEqual(self.account.push_inventory, False)
        self.assertEqual(self.account.push_shipments, True)
        self.assertTrue(cron.active)
        self.assertTrue(self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]), "at once")

    def test_going_live_can_be_undone(self):
        self._to_live()
        self._act("action_go_live")
        carts = self.account.cart_ids
        self._act("action_undo_live")
        self.assertFalse(self.account.pull_orders or self.account.push_inventory or self.account.push_shipments)
        self.assertFalse(self.env.ref("extensiv_connector.ir_cron_pull_orders").active)
        self.assertEqual(self.account.setup_step, "live")
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.account.cart_ids, carts)
        self._act("action_go_live")
        self.assertTrue(self.account.pull_orders)

    def test_the_guide_takes_up_what_was_switched_by_hand_since(self):
        self._to_live()
        self._act("action_go_live")
        self.account.push_inventory = False
        for again in ("action_setup_resume", "action_undo_live"):
            self._act(again)
            self._act("action_go_live")
            self.assertEqual(
                (self.account.pull_orders, self.account.push_inventory, self.account.push_shipments),
                (True, False, True),
                again,
            )

    def test_it_is_for_managers(self):
        user = new_test_user(self.env, "extensiv_user", groups="base.group_user,extensiv_connector.group_user")
        account = self.account.with_user(user)
        for action in (
            "action_setup_next",
            "action_setup_back",
            "action_setup_close",
            "action_setup_resume",
            "action_check_live",
            "action_go_live",
            "action_undo_live",
            "action_sku_report",
            "action_list_merchants",
        ):
            with self.assertRaisesRegex(UserError, "manager"):
                getattr(account, action)()

    def test_a_manager_without_developer_mode_sets_it_up(self):
        manager = new_test_user(self.env, "extensiv_manager", groups="base.group_user,extensiv_connector.group_manager")
        account = self.account.with_user(manager)
        with self.flows():
            account.action_connect()
            account.with_context(setup_step="live").action_setup_goto()
            account.action_go_live()
        self.assertTrue(self.account.pull_orders)

    def _opens_after_installing(self, user=None):
        action = self.env.ref("extensiv_connector.action_after_install")
        return (action.with_user(user) if user else action).sudo(False).run()["url"]

    def test_installing_opens_a_first_account(self):
        self.env["extensiv.account"].search([]).unlink()
        self.assertEqual(self._opens_after_installing(), "/odoo/action-extensiv_connector.extensiv_account_action/new")

    def test_nothing_unusual_opens_where_accounts_are_or_for_who_may_not_make_one(self):
        self.assertEqual(self._opens_after_installing(), "/odoo")
        self.env["extensiv.account"].search([]).unlink()
        administrator = new_test_user(self.env, "administrator", groups="base.group_system")
        self.assertEqual(self._opens_after_installing(administrator), "/odoo")

    def test_the_steps_say_what_to_do_in_the_specifications_order(self):
        arch = etree.fromstring(self.account.get_view(view_type="form")["arch"])
        for step, words in {
            "connect": (
                "paid service",
                "Single Merchant",
                "WMS Setup",
                "API Access Only",
                "Test WMS Connection",
                "Paste",
                "turns to",
                "Save",
            ),
            "carts": (
                "New Setup",
                "Order Download",
                "every five minutes",
                "Shipment Upload",
                "Inventory Upload",
                "Check for Carts",
            ),
            "settings": (
                "create a location",
                "Fetch Locations",
                "Push Stock",
                "quantity",
                "prefixes",
                "orders are imported",
                "When you go live",
            ),
        }.items():
            text = " ".join(arch.xpath(f"string(//div[@name='setup_{step}'])").split())
            found = [text.find(word) for word in words]
            self.assertEqual(found, sorted(set(found) - {-1}), f"{step}: {text}")

    def test_the_list_switches_nothing_on_before_go_live(self):
        arch = etree.fromstring(self.account.get_view(view_type="list")["arch"])
        for switch in (flow.switch for flow in SWITCHED.values()):
            [field] = arch.xpath(f"//field[@name='{switch}']")
            self.assertEqual(field.get("readonly"), "setup_step != 'done'")

    # -- the check

    def test_all_is_well(self):
        self.add_orders(
            {"cust_ref": "A", "order_source": "Shopify", "items": [{"item": "TEE-1", "quantity": "1", "price": "1"}]}
        )
        self.connect()
        warehouse = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1)
        for location in self.account.location_ids:
            location.write(
                {
                    "push_enabled": True,
                    "stock_location_id": self.env["stock.location"]
                    .create({"name": location.name, "usage": "internal", "location_id": warehouse.lot_stock_id.id})
                    .id,
                }
            )
        self._act("action_check_live")
        marks = self._marks()
        marks.pop("Delivery methods")
        self.assertEqual(set(marks.values()), {"ok"}, self.account.live_checks)

    def test_skus_that_match_nothing_are_named(self):
        self.add_orders(
            {
                "cust_ref": "A",
                "items": [
                    {"item": "TEE-1", "quantity": "1", "price": "1"},
                    {"item": "NO-SUCH", "quantity": "1", "price": "1"},
                    {"item": "FEE", "quantity": "1", "price": "1", "filtered_sku": "Y"},
                ],
            }
        )
        self._to_live()
        self.assertEqual(self._marks()["SKUs of the next orders"], "warn")
        self.assertIn("NO-SUCH", self._text("SKUs of the next orders"))
        self.assertNotIn("TEE-1", self._text("SKUs of the next orders"))
        self.assertNotIn("FEE", self._text("SKUs of the next orders"))
        self.assertIn("NO-SUCH", self.account.live_report)

    def test_locations_not_mapped_and_counted_twice(self):
        self.connect()
        stock = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1).lot_stock_id
        shelf = self.env["stock.location"].create({"name": "Shelf", "usage": "internal", "location_id": stock.id})
        first, second = self.account.location_ids[:2]
        first.write({"stock_location_id": stock.id, "push_enabled": True})
        self._act("action_check_live")
        self.assertIn(f"stands for {second.name}", self._text("Locations"))
        self.assertEqual(self._marks()["Double counting"], "ok")
        second.stock_location_id = shelf
        self._act("action_check_live")
        self.assertIn(f"off for {second.name}", self._text("Locations"))
        second.push_enabled = True
        self._act("action_check_live")
        self.assertEqual(self._marks()["Locations"], "ok")
        self.assertEqual(self._marks()["Double counting"], "warn")
        self.assertIn(f"{first.name} and {second.name}", self._text("Double counting"))
        self.account.live_inventory = False
        self._act("action_check_live")
        self.assertNotIn("Double counting", self._marks(), "what does not run is not checked")

    def test_delivery_methods_without_a_carrier(self):
        self.connect()
        carrier = self.env["delivery.carrier"].create({"name": "Overnight", "product_id": self.products[0].id})
        self.env["extensiv.ship.method"].create(
            {"account_id": self.account.id, "ship_code": "OVERNIGHT", "delivery_carrier_id": carrier.id}
        )
        self._act("action_check_live")
        self.assertEqual(self._marks()["Carriers"], "warn")
        self.assertIn("Overnight", self._text("Carriers"))
        carrier.extensiv_carrier = "UPS"
        self._act("action_check_live")
        self.assertEqual(self._marks()["Carriers"], "ok")

    def test_prefixes_that_begin_one_another(self):
        self.connect()
        first, second = self.account.cart_ids[:2]
        first.prefix, second.prefix = "S", "SH"
        self._act("action_check_live")
        self.assertEqual(self._marks()["Carts and prefixes"], "warn")
        self.assertIn("S / SH", self._text("Carts and prefixes"))

    def test_delivery_methods_that_nothing_stands_for(self):
        self.add_orders(
            {"cust_ref": "A", "ship_code": "OVERNIGHT", "items": [{"item": "TEE-1", "quantity": "1", "price": "1"}]}
        )
        self._to_live()
        self.assertEqual(self._marks()["Delivery methods"], "warn")
        self.assertIn("OVERNIGHT", self._text("Delivery methods"))
        self.env["extensiv.ship.method"].create(
            {
                "account_id": self.account.id,
                "ship_code": "OVERNIGHT",
                "delivery_carrier_id": self.env["delivery.carrier"].search([], limit=1).id
                or self.env["delivery.carrier"].create({"name": "Overnight", "product_id": self.products[0].id}).id,
            }
        )
        self._act("action_check_live")
        self.assertEqual(self._marks()["Delivery methods"], "ok")

    def test_a_function_that_a_cart_lacks(self):
        self.sandbox.store.carts = {"Infusionsoft": "Infusionsoft"}
        self._to_live()
        self.assertEqual(self._marks()["Functions"], "ok", "it is not told of shipments")
        self.account.cart_ids.push_shipments = True
        self._act("action_check_live")
        self.assertEqual(self._marks()["Functions"], "warn")

    def test_going_live_with_nothing_chosen_or_unconnected_is_refused(self):
        self._to_live()
        self.account.write({"live_orders": False, "live_inventory": False, "live_shipments": False})
        with self.assertRaisesRegex(UserError, "Nothing would run"):
            self._act("action_go_live")
        self.account.live_orders = True
        self.account.action_disconnect()
        with self.assertRaisesRegex(UserError, "not connected"):
            self._act("action_go_live")
        self.assertFalse(self.account.pull_orders)

    def test_the_check_reads_only(self):
        self.add_orders({"cust_ref": "A", "items": [{"item": "TEE-1", "quantity": "1", "price": "1"}]})
        self._to_live()
        self.assertFalse(self.inbox("A"))
        self.assertEqual(self.at_eim("A")["order_status"], "new")
        self.assertFalse({"update_order_status", "push_inventory"} & set(self.calls()))

    def test_orders_older_than_the_first_connect_show_the_skus_too(self):
        self.add_orders({"cust_ref": "A", "items": [{"item": "NO-SUCH", "quantity": "1", "price": "1"}]})
        self.account.import_from = "2099-01-01"
        self._to_live()
        self.assertIn("NO-SUCH", self._text("SKUs of the next orders"))

    # -- tracked

    def test_settings_that_can_lose_money_or_data_are_tracked(self):
        tracked = self.account._track_get_fields()
        for name in (
            "import_from",
            "order_policy",
            "sku_policy",
            "tax_policy",
            "tax_tolerance",
            "cancel_orders",
            "payload_days",
            "placeholder_product_id",
            "shipping_product_id",
            "discount_product_id",
            "tax_product_id",
            "charge_product_id",
            "quantity_basis",
            "buffer_qty",
            "subtract_waiting",
            "owner_id",
            "base_url",
            "merchant_pk",
            "state",
            "setup_step",
            *(flow.switch for flow in SWITCHED.values()),
        ):
            self.assertIn(name, tracked)
        self.assertNotIn("api_key", tracked)
        self.assertLessEqual({"extensiv_push", "extensiv_buffer_qty"}, self.env["product.product"]._track_get_fields())

    def test_changed_mappings_are_told_in_the_accounts_chatter(self):
        self.connect()
        stock = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1).lot_stock_id
        location, cart = self.account.location_ids[0], self.account.cart_ids[0]
        alias = self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "OLD", "product_id": self.products[0].id}
        )
        self.assertIn(f"OLD = {self.products[0].display_name}", self.account.message_ids[0].body)
        before = self.account.message_ids
        location.stock_location_id = stock
        cart.prefix = "ZZ:"
        cart.name = "Not a mapping"
        alias.product_id = self.products[1]
        alias.product_id = self.products[1]
        alias.unlink()
        told = (self.account.message_ids - before).sorted("id")
        values = [
            (value.field_id.name, value.old_value_char or "", value.new_value_char) for value in told.tracking_value_ids
        ]
        self.assertEqual(
            values,
            [
                ("stock_location_id", "", stock.display_name),
                ("prefix", values[1][1], "ZZ:"),
                ("product_id", self.products[0].display_name, self.products[1].display_name),
            ],
        )
        self.assertIn("OLD was deleted", told[-1].body)


@tagged("post_install", "-at_install")
class TestGuidedSetup(ConnectorMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_from_the_apps_to_the_first_pulled_order(self):
        self.startPatcher(patch.object(BucketStore, "bucket", Roomy(capacity=10**6)))
        self.account.unlink()
        self.add_orders(
            {
                "cust_ref": "GUIDED-1",
                "cust_po_no": "WEB-1001",
                "order_source": "Shopify",
                "order_date": "2099-01-01",
                "created_date_time": "2099-01-01T10:00:00+00:00",
                "items": [{"item": "TEE-1", "quantity": "2", "price": "19.99"}],
            }
        )
        self.env["ir.default"].set("extensiv.account", "base_url", self.sandbox.base_url)
        self.start_tour("/odoo", "extensiv_guided_setup", login="admin", timeout=120)
        order = self.env["extensiv.order"].search([("cust_ref", "=", "GUIDED-1")])
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(order.account_id.setup_step, "carts")
        self.assertFalse(order.account_id.pull_orders, "undone")

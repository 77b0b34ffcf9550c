from odoo.exceptions import UserError
from odoo.tests import Form, new_test_user, tagged

from ..flows import SWITCHED
from .test_stock_preview import PreviewCase


@tagged("post_install", "-at_install")
class TestGoLive(PreviewCase):
    """Going live sets no SKU to zero that nobody saw."""

    def setUp(self):
        super().setUp()
        self.account.setup_step = "live"
        self.goods = self.make_goods(9)
        self.eim_has(**{f"G_{number}": 100 for number in range(9)}, OTHER=7)

    def go_live(self):
        """Press Go Live; return the window that opens, or an empty recordset where it went live."""
        with self.flows():
            action = self.account.action_go_live()
        Preview = self.env["extensiv.stock.preview"]
        return Preview.browse(action["res_id"]) if action.get("res_model") == Preview._name else Preview

    def confirm(self, preview):
        with self.flows():
            return preview.action_go_live()

    def is_live(self):
        return [self.account[flow.switch] for flow in SWITCHED.values()]

    def quantities(self, location="EAST"):
        return {
            sku: levels[location].qty_available
            for sku, levels in self.sandbox.store.levels.items.items()
            if location in levels
        }

    def test_where_nothing_is_alarming_it_goes_live_at_once(self):
        for product in self.goods[:7]:
            self.receive(product, 5)
        self.assertFalse(self.go_live(), "2 of 10")
        self.assertEqual(self.is_live(), [True] * 3)

    def test_a_third_becoming_zero_needs_a_confirmation_that_says_the_number(self):
        preview = self.go_live()
        self.assertTrue(preview.is_going_live and preview.is_alarming)
        self.assertEqual(preview.summary, "9 of 10 SKUs would become 0.")
        self.assertIn("9 SKUs become 0 in all carts", preview.confirmation)
        self.assertEqual(self.is_live(), [False] * 3)
        self.assertEqual(self.account.setup_step, "live")
        with self.assertRaisesRegex(UserError, "9 SKUs would become 0"):
            self.confirm(preview)
        self.assertEqual(self.is_live(), [False] * 3)
        preview.understood = True
        self.confirm(preview)
        self.assertEqual(self.is_live(), [True] * 3)
        self.assertEqual(self.account.setup_step, "done")
        self.push()
        self.assertEqual(
            self.quantities(), {**{f"G-{number}": 0 for number in range(9)}, "OTHER": 7, "TEE-1": 0, "MUG-1": 0}
        )

    def test_what_changes_after_the_preview_is_not_confirmed_by_it(self):
        for product in self.goods[:3]:
            self.receive(product, 5)
        preview = self.go_live()
        preview.understood = True
        pairs = preview._confirmed_pairs()
        self.assertEqual(pairs, {(self.east.id, f"G-{number}") for number in range(3, 9)})
        self.make_goods(1, default_code="LATE")
        self.assertEqual(preview._confirmed_pairs(), pairs)

    def test_without_stock_to_push_eim_is_not_asked_for_it(self):
        self.account.live_inventory = False
        self.assertFalse(self.go_live())
        self.assertFalse(self.calls("list_inventory"))
        self.assertTrue(self.account.pull_orders)

    def test_it_does_not_go_live_blindly(self):
        self.fault(kind="500", route="list_inventory", count=20)
        with self.assertRaisesRegex(UserError, "could not be asked"):
            self.go_live()
        self.assertEqual(self.is_live(), [False] * 3)

    def test_where_eim_lists_no_inventory_every_zero_is_asked_about(self):
        self.sandbox.sandbox.api.off.add("list_inventory")
        preview = self.go_live()
        self.assertEqual(preview.zero_count, 11)
        self.assertEqual(preview.is_alarming, True)
        self.assertIn("not known", preview.note)

    def test_what_stands_in_the_way_since_is_told_by_the_windows_button_too(self):
        preview = self.go_live()
        preview.understood = True
        self.account.action_disconnect()
        with self.assertRaisesRegex(UserError, "not connected"):
            self.confirm(preview)
        self.assertEqual(self.is_live(), [False] * 3)

    def test_it_can_be_undone_and_asks_again(self):
        preview = self.go_live()
        preview.understood = True
        self.confirm(preview)
        self.account.action_undo_live()
        self.assertTrue(self.go_live(), "nothing was pushed yet")

    def test_a_manager_of_odoo_without_other_rights_goes_live(self):
        manager = new_test_user(self.env, "live_manager", "extensiv_connector.group_manager")
        self.account = self.account.with_user(manager)
        preview = self.go_live()
        with Form(preview) as form:
            form.understood = True
        self.confirm(preview)
        self.assertEqual(self.is_live(), [True] * 3)


@tagged("post_install", "-at_install")
class TestProductsToDecideAbout(PreviewCase):
    """What comes from the vendor or is made to order and holds no stock is decided about by a person."""

    def setUp(self):
        super().setUp()
        self.account.setup_step = "live"
        self.receive(self.tee, 5)
        self.receive(self.mug, 5)
        self.route = self.env.ref("stock.route_warehouse0_mto")
        self.route.active = True
        self.route.rule_ids.active = True
        self.ordered = self.make_goods(3, route_ids=self.route.ids)
        self.eim_has(TEE_1=5, MUG_1=5, X_1=1, X_2=1, G_0=100, G_1=100)

    def go_live(self):
        with self.flows():
            action = self.account.action_go_live()
        return self.env["extensiv.stock.preview"].browse(action.get("res_id"))

    def rules(self):
        return self.ordered.mapped("extensiv_stock_rule")

    def test_they_are_listed_with_leave_alone_preselected(self):
        preview = self.go_live()
        self.assertEqual(preview.product_ids.product_id, self.ordered)
        self.assertEqual(preview.product_ids.mapped("at_eim"), [100, 100, 0])
        self.assertTrue(all(preview.product_ids.mapped("leave_alone")))
        self.assertFalse(preview.is_alarming)
        self.assertFalse(self.account.push_inventory, "asked first")

    def test_going_live_writes_what_was_decided(self):
        preview = self.go_live()
        with Form(preview) as form:
            with form.product_ids.edit(0) as line:
                line.leave_alone = False
            self.assertEqual(form.zero_count, 1)
            self.assertFalse(form.is_alarming)
        self.assertEqual(preview._confirmed_pairs(), {(self.east.id, "G-0")})
        with self.flows():
            preview.action_go_live()
        self.assertEqual(self.rules(), ["push", "leave", "leave"])
        self.assertTrue(all(self.ordered.mapped("extensiv_rule_chosen")))
        self.push()
        quantities = {sku: levels["EAST"].qty_available for sku, levels in self.sandbox.store.levels.items.items()}
        self.assertEqual((quantities["G-0"], quantities["G-1"]), (0, 100), "left alone is not touched")
        self.account.action_undo_live()
        self.assertFalse(self.go_live(), "decided about once")

    def test_too_many_pushed_ones_are_alarming(self):
        preview = self.go_live()
        with Form(preview) as form:
            for index in range(2):
                with form.product_ids.edit(index) as line:
                    line.leave_alone = False
            self.assertTrue(form.is_alarming, "2 of 6")
            form.understood = True
            with form.product_ids.edit(2) as line:
                line.leave_alone = False
            self.assertFalse(form.understood, "the number may be another now")
        with self.assertRaisesRegex(UserError, "2 SKUs would become 0"):
            preview.action_go_live()

    def test_one_with_stock_or_a_decision_is_not_listed(self):
        self.receive(self.ordered[0], 3)
        self.ordered[1].extensiv_stock_rule = "push"
        self.ordered[2].extensiv_stock_rule = "leave"
        self.ordered[1].copy({"default_code": False})
        self.assertFalse(self.go_live(), "what has no SKU is not pushed either")
        self.assertTrue(self.account.push_inventory)


@tagged("post_install", "-at_install")
class TestFirstHour(PreviewCase):
    """A new shop: EIM has stock, Odoo has none; then it is counted."""

    def test_no_sku_becomes_zero_that_nobody_confirmed(self):
        goods = self.make_goods(13)
        theirs = {f"G-{number}": 100 + number for number in range(13)}
        self.eim_has(**{sku.replace("-", "_"): quantity for sku, quantity in theirs.items()})
        self.products.extensiv_push = False
        self.account.location_ids.push_enabled = False
        self.add_orders(
            {"cust_ref": "A", "order_source": "Shopify", "items": [{"item": "G-0", "quantity": "2", "price": "9"}]}
        )
        with self.flows():
            self.account.action_setup_next()
            self.account.action_setup_next()
        self.east.push_enabled = True
        with self.flows():
            action = self.account.action_go_live()
        preview = self.env["extensiv.stock.preview"].browse(action["res_id"])
        self.assertEqual(preview.summary, "13 of 13 SKUs would become 0.")
        with self.assertRaisesRegex(UserError, "13 SKUs"), self.flows():
            preview.action_go_live()
        self.run_schedule()
        self.assertEqual(self.quantities(), theirs, "nobody confirmed")

        # Switched on by hand past the preview, the zeros wait for a person.
        self.account.push_inventory = True
        self.run_schedule()
        self.assertEqual(self.quantities(), theirs)
        self.assertTrue(self.errors())
        self.account.push_inventory = False

        self.count(goods, theirs)
        with self.flows():
            action = self.account.action_go_live()
        self.assertEqual(action["params"]["title"], "Live", "nothing is alarming any more")
        self.assertTrue(self.account.pull_orders and self.account.push_inventory)
        self.pull()
        self.assertEqual(self.inbox("A").sale_order_id.state, "sale")
        self.run_schedule()
        self.assertEqual(self.quantities(), {**theirs, "G-0": theirs["G-0"] - 2})
        self.assertFalse(self.errors())

    def run_schedule(self):
        self.env.flush_all()
        with self.flows():
            self.env["extensiv.account"]._cron_push_inventory()
        self.env.invalidate_all()

    def quantities(self):
        return {sku: levels["EAST"].qty_available for sku, levels in self.sandbox.store.levels.items.items()}

    def count(self, goods, quantities):
        """Count what is there, as a person applies an inventory adjustment."""
        quants = (
            self.env["stock.quant"]
            .with_context(inventory_mode=True)
            .create(
                [
                    {
                        "product_id": product.id,
                        "location_id": self.stock.id,
                        "inventory_quantity": quantities[product.default_code],
                    }
                    for product in goods
                ]
            )
        )
        quants.action_apply_inventory()

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, new_test_user, tagged

from ..flows.stock_preview import StockPreview
from ..sandbox.levels import Level
from .test_inventory import InventoryCase


class PreviewCase(InventoryCase):
    """EIM has quantities of its own before Odoo tells it any."""

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.items.clear()

    def eim_has(self, location="EAST", **quantities):
        """Let EIM have ``{SKU with _ for -: quantity}`` in a location, pushed by somebody else."""
        for sku, quantity in quantities.items():
            at = self.sandbox.store.levels.items.setdefault(sku.replace("_", "-"), {})
            at[location] = Level(quantity, quantity, "2019-03-01T08:00:00+00:00")

    def make_goods(self, count, **values):
        return self.env["product.product"].create(
            [
                {"name": f"Good {number}", "default_code": f"G-{number}", "is_storable": True, **values}
                for number in range(count)
            ]
        )

    def preview(self, **options):
        with self.flows():
            return self.env["extensiv.stock.preview"]._make(self.account, **options)

    def lines(self, preview):
        """Return ``{sku: (at EIM, would be pushed, what happens)}`` of one location's preview."""
        return {
            line.sku: (line.is_listed and line.at_eim, line.quantity, line.state)
            for line in self.env["extensiv.stock.preview.line"].search([("preview_id", "=", preview.id)])
        }


@tagged("post_install", "-at_install")
class TestPreview(PreviewCase):
    def test_eims_levels_stand_beside_what_would_be_pushed(self):
        goods = self.make_goods(3)
        self.eim_has(G_0=100, G_1=50, G_2=7, OTHER=3, TEE_1=0)
        self.receive(goods[1], 40)
        self.receive(goods[2], 7)
        self.receive(self.mug, 9)
        preview = self.preview()
        self.assertEqual(
            self.lines(preview),
            {
                "G-0": (100, 0, "zero"),
                "G-1": (50, 40, "changed"),
                "G-2": (7, 7, "same"),
                "MUG-1": (False, 9, "first"),
                "OTHER": (3, 0, "foreign"),
                "TEE-1": (0, 0, "same"),
            },
        )
        [east] = preview.location_ids
        self.assertEqual(east.above_count, 4)
        self.assertEqual(east.zero_count, 1)
        self.assertEqual(east.changed_count, 1)
        self.assertEqual(east.first_count, 1)
        self.assertEqual(east.foreign_count, 1)
        self.assertEqual(preview.summary, "1 of 4 SKUs would become 0.")
        self.assertFalse(preview.is_alarming)
        self.assertEqual(preview.line_ids[:3].mapped("sku"), ["G-0", "G-1", "MUG-1"], "the largest changes first")
        self.assertFalse({"push_inventory"} & set(self.calls()), "looking changes nothing")

    def test_a_third_becoming_zero_is_alarming(self):
        self.make_goods(10)
        self.eim_has(**{f"G_{number}": 5 for number in range(10)}, **{f"X_{number}": 1 for number in range(20)})
        preview = self.preview()
        self.assertEqual(preview.summary, "10 of 30 SKUs would become 0.")
        self.assertTrue(preview.is_alarming)
        self.eim_has(X_99=1)
        self.assertFalse(self.preview().is_alarming, "10 of 31")

    def test_what_was_not_read_counts_as_above_zero(self):
        self.make_goods(6)
        self.eim_has(**{f"G_{number}": 0 for number in range(6)})
        self.sandbox.sandbox.api.off.add("list_inventory")
        preview = self.preview()
        [east] = preview.location_ids
        self.assertEqual(east.zero_count, 8)
        self.assertEqual(east.unknown_zero_count, 8)
        self.assertEqual(preview.is_alarming, True)
        self.assertIn("not known", preview.note)

    def test_the_first_skus_were_read(self):
        self.make_goods(3)
        preview = StockPreview(self.account)
        preview.reading.items = {}
        counts = preview.counts()[self.east.id]
        self.assertEqual(counts.zero, 5)
        self.assertEqual(counts.unknown_zero, 5)
        self.assertEqual(counts.unknown, 5)
        self.receive(self.tee, 4)
        self.push()
        counts = StockPreview(self.account).counts()[self.east.id]
        self.assertEqual((counts.zero, counts.unknown, counts.same), (0, 0, 5), "what EIM accepted is known")

    def test_a_sku_that_nothing_feeds_any_more_and_one_of_several_products(self):
        self.receive(self.tee, 4)
        self.push()
        self.tee.default_code = "TEE-NEW"
        self.env["product.product"].create(
            [
                {"name": f"Twin of {sku}", "default_code": sku, "is_storable": True}
                for sku in ("MUG-1", "TWIN-1", "TWIN-1")
            ]
        )
        self.env.flush_all()
        lines = self.lines(self.preview())
        self.assertEqual(lines["TEE-1"], (4, 0, "zero"))
        self.assertEqual(lines["TEE-NEW"], (False, 4, "first"))
        self.assertEqual(lines["MUG-1"], (0, 0, "same"), "the product that fed it goes on")
        self.assertEqual(lines["TWIN-1"][2], "shared", "none fed it")

    def test_what_is_left_alone_is_told_apart_from_what_nothing_feeds(self):
        goods = self.make_goods(3)
        for product in goods:
            self.receive(product, 4)
        self.push()
        self.eim_has(TEE_1=9)
        (goods[0] | self.tee).extensiv_stock_rule = "leave"
        goods[1].write({"extensiv_stock_rule": "leave", "default_code": False})
        goods[2].active = False
        self.env.flush_all()
        lines = self.lines(self.preview())
        self.assertEqual(
            {sku: lines[sku][2] for sku in ("TEE-1", "G-0", "G-1", "G-2")},
            {"TEE-1": "left", "G-0": "left", "G-1": "left", "G-2": "zero"},
        )

    def test_it_shows_what_the_push_then_does(self):
        goods = self.make_goods(8)
        self.eim_has(**{f"G_{number}": 5 for number in range(8)})
        for number, product in enumerate(goods[:7]):
            self.receive(product, 3 + number)
        preview = self.preview()
        shown = {
            line.sku: line.quantity
            for line in self.env["extensiv.stock.preview.line"].search([("preview_id", "=", preview.id)])
        }
        self.env["extensiv.stock.level"]._confirm_zeros(self.account, preview._confirmed_pairs())
        self.push()
        at_eim = {sku: levels["EAST"].qty_available for sku, levels in self.sandbox.store.levels.items.items()}
        self.assertEqual(at_eim, shown)

    def test_each_location_is_told_apart(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.west.write({"push_enabled": True, "stock_location_id": shelf.id})
        self.receive(self.tee, 5)
        self.receive(self.mug, 5)
        self.eim_has(TEE_1=5, MUG_1=5)
        self.eim_has("WEST", TEE_1=2, MUG_1=2)
        preview = self.preview()
        zeros = {line.location_id: line.summary for line in preview.location_ids}
        self.assertEqual(
            zeros,
            {self.east: "0 of 2 SKUs would become 0", self.west: "2 of 2 SKUs would become 0"},
        )
        self.assertTrue(preview.is_alarming)
        self.assertIn("2 of 4 stock levels", preview.summary)

    def test_a_location_that_is_not_pushed_yet_can_be_looked_at(self):
        self.east.push_enabled = False
        self.eim_has(TEE_1=5)
        with self.flows():
            action = self.east.action_preview_stock()
        preview = self.env["extensiv.stock.preview"].browse(action["res_id"])
        self.assertEqual(self.lines(preview)["TEE-1"], (5, 0, "zero"))
        self.west.stock_location_id = False
        with self.assertRaisesRegex(UserError, "Map one"), self.flows():
            self.west.action_preview_stock()

    def test_the_lines_can_be_searched_and_belong_to_who_looked(self):
        user = new_test_user(self.env, "looker", "extensiv_connector.group_user")
        self.eim_has(TEE_1=5)
        with self.flows():
            action = self.account.with_user(user).action_preview_stock()
        preview = self.env["extensiv.stock.preview"].with_user(user).browse(action["res_id"])
        self.assertEqual(preview.line_ids.mapped("sku"), ["TEE-1", "MUG-1"])
        found = self.env["extensiv.stock.preview.line"].with_user(user).search(preview.action_show_lines()["domain"])
        self.assertEqual(len(found), 2)
        other = new_test_user(self.env, "other_looker", "extensiv_connector.group_user")
        self.assertFalse(self.env["extensiv.stock.preview.line"].with_user(other).search([("id", "in", found.ids)]))
        with self.assertRaisesRegex(UserError, "manager"):
            preview.action_go_live()


@tagged("post_install", "-at_install")
class TestSettingsWarning(PreviewCase):
    """Editing a form warns before many levels change, by what EIM accepted last."""

    def setUp(self):
        super().setUp()
        self.manager = new_test_user(self.env, "stock_setter", "extensiv_connector.group_manager")
        self.goods = self.make_goods(10)
        for product in self.goods:
            self.receive(product, 5)
        self.push()
        self.account.push_inventory = True
        self.env.flush_all()

    def warned(self, record, values, changed):
        """Return the warning that the form's onchange gives; the list stays in ``self.listed``."""
        fields_spec = {name: {} for name in {*values, *changed, "level_preview"}}
        result = record.with_user(self.manager).onchange(values, changed, fields_spec)
        self.listed = result["value"].get("level_preview") or ""
        return result.get("warning", {}).get("message", "")

    def test_a_setting_that_makes_many_zero(self):
        self.assertIn("10 of 10 SKUs would become 0", self.warned(self.account, {"buffer_qty": 5}, ["buffer_qty"]))
        self.assertIn("G-9", self.listed, "with the list")
        owner = self.env["res.partner"].create({"name": "Owner"})
        self.assertIn("10 of 10 SKUs", self.warned(self.account, {"owner_id": owner.id}, ["owner_id"]))

    def test_a_setting_that_changes_many(self):
        self.assertIn("10 of 12 stock levels change", self.warned(self.account, {"buffer_qty": 1}, ["buffer_qty"]))

    def test_few_changes_are_silent(self):
        self.assertFalse(self.warned(self.account, {"quantity_basis": "on_hand"}, ["quantity_basis"]))
        self.assertFalse(self.listed)
        self.receive(self.goods[0], 1)
        self.assertFalse(self.warned(self.account, {"quantity_basis": "on_hand"}, ["quantity_basis"]))

    def test_nothing_is_said_while_nothing_is_pushed(self):
        self.account.push_inventory = False
        self.assertFalse(self.warned(self.account, {"buffer_qty": 5}, ["buffer_qty"]))

    def test_a_mapping_that_makes_many_zero(self):
        empty = self.env["stock.location"].create({"name": "Empty", "location_id": self.stock.id})
        message = self.warned(self.east, {"stock_location_id": empty.id}, ["stock_location_id"])
        self.assertIn("10 of 10 SKUs would become 0", message)
        self.assertIn("EAST", self.listed)

    def test_a_location_that_eim_was_never_told_of(self):
        empty = self.env["stock.location"].create({"name": "Empty", "location_id": self.stock.id})
        values = {"push_enabled": True, "stock_location_id": empty.id}
        message = self.warned(self.west, values, ["push_enabled", "stock_location_id"])
        self.assertIn("never told 12 levels", message)
        self.assertIn("12 of them would be pushed as 0", message)

    def test_a_location_that_is_not_saved_yet_inside_the_account(self):
        empty = self.env["stock.location"].create({"name": "Empty", "location_id": self.stock.id})
        values = {
            "location_ids": [
                Command.create({"name": "NEW", "push_enabled": True, "stock_location_id": empty.id}),
                Command.create({"name": "NEWER", "push_enabled": True, "source": "all"}),
                Command.update(self.east.id, {"stock_location_id": empty.id}),
            ],
            "buffer_qty": 4,
        }
        message = self.warned(self.account, values, ["location_ids", "buffer_qty"])
        self.assertIn("10 of 10 stock levels would become 0", message)
        self.assertIn("never told", message)

    def test_the_form_takes_the_change_all_the_same(self):
        empty = self.env["stock.location"].create({"name": "Empty", "location_id": self.stock.id})
        with (
            self.assertLogs("odoo.tests.form.onchange", "WARNING") as logged,
            Form(self.account.with_user(self.manager)) as form,
        ):
            form.buffer_qty = 5
            with form.location_ids.edit(0) as location:
                location.stock_location_id = empty
        self.assertIn("would become 0", "".join(logged.output))
        self.assertEqual(self.account.buffer_qty, 5)

    def test_a_new_account_is_filled_in_without_a_word(self):
        form = Form(self.env["extensiv.account"].with_user(self.manager))
        form.name = "New"
        form.buffer_qty = 3
        form.save()

    def test_switching_stock_on_by_hand_says_what_it_would_push(self):
        self.account.push_inventory = False
        self.make_goods(1, default_code="LATE")
        self.env.flush_all()
        message = self.warned(self.account, {"push_inventory": True}, ["push_inventory"])
        self.assertIn("1 stock levels would be pushed, 1 of them as 0", message)
        self.assertIn("never told 1", message)

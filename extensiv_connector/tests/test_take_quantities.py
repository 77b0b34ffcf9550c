from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..sandbox.levels import Level
from .test_inventory import InventoryCase


@tagged("post_install", "-at_install")
class TestTakeQuantities(InventoryCase):
    """EIM has stock, Odoo has none yet, or another."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.keeper = new_test_user(cls.env, "keeper", "extensiv_connector.group_manager,stock.group_stock_user")

    def setUp(self):
        super().setUp()
        self.hold(**{"TEE-1": 100, "MUG-1": 40})

    def hold(self, location="EAST", **quantities):
        """Let EIM hold levels in a location, and of these SKUs nothing else."""
        now = "2024-01-01T00:00:00+00:00"
        if location == "EAST":
            self.sandbox.store.levels.items = {}
        for sku, quantity in quantities.items():
            levels = self.sandbox.store.levels.items.setdefault(sku, {})
            levels[location] = Level(quantity, quantity, now)

    def take(self, person=None):
        """Press the button; return the wizard."""
        location = self.east.with_user(person or self.keeper)
        with self.flows():
            action = location.action_take_quantities()
        return location.env[action["res_model"]].browse(action["res_id"])

    def line(self, wizard, sku):
        return wizard.line_ids.filtered(lambda line: line.sku == sku)

    def quants(self, product):
        return self.env["stock.quant"].search(
            [("product_id", "in", product.ids), ("location_id", "child_of", self.stock.id)]
        )

    def on_hand(self, product):
        self.env.invalidate_all()
        return product.with_context(location=self.stock.id).qty_available

    # -- what is proposed

    def test_eims_levels_become_a_count_that_a_person_applies(self):
        wizard = self.take()
        self.assertEqual(wizard.state, "read")
        self.assertEqual(
            [(line.sku, line.eim_quantity, line.odoo_quantity, line.proposed_quantity) for line in wizard.line_ids],
            [("MUG-1", 40, 0, 40), ("TEE-1", 100, 0, 100)],
        )
        self.assertFalse(self.quants(self.tee), "looking changes nothing")
        action = wizard.action_propose()
        self.assertEqual(action["res_model"], "stock.quant")
        shown = self.env["stock.quant"].search(action["domain"])
        self.assertEqual(shown.product_id, self.products)
        self.assertEqual(
            dict(zip(shown.product_id.mapped("default_code"), shown.mapped("inventory_quantity"), strict=True)),
            {"TEE-1": 100, "MUG-1": 40},
        )
        self.assertTrue(all(shown.mapped("inventory_quantity_set")))
        self.assertEqual(set(shown.user_id), {self.keeper})
        self.assertEqual(self.on_hand(self.tee), 0, "nothing is applied by itself")
        tee = shown.filtered(lambda quant: quant.product_id == self.tee)
        tee.with_user(self.keeper).with_context(inventory_mode=True).action_apply_inventory()
        self.assertEqual((self.on_hand(self.tee), self.on_hand(self.mug)), (100, 0), "SKU by SKU")

    def test_what_agrees_is_not_listed(self):
        self.receive(self.tee, 100)
        wizard = self.take()
        self.assertEqual(wizard.line_ids.mapped("sku"), ["MUG-1"])
        self.assertEqual(wizard.agreed_count, 1)

    def test_only_this_locations_levels_are_taken(self):
        self.hold("WEST", **{"TEE-1": 7, "ONLY-WEST": 3})
        wizard = self.take()
        self.assertEqual(self.line(wizard, "TEE-1").eim_quantity, 100)
        self.assertFalse(self.line(wizard, "ONLY-WEST"))

    def test_what_lies_beneath_and_in_packages_is_not_counted_twice(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.receive(self.tee, 30, location=shelf)
        self.receive(self.tee, 20, package_id=self.env["stock.package"].create({"name": "Box"}).id)
        self.receive(self.tee, 10)
        line = self.line(wizard := self.take(), "TEE-1")
        self.assertEqual(line.odoo_quantity, 60)
        self.assertEqual(line.proposed_quantity, 50)
        wizard.action_propose()
        counted = self.quants(self.tee).filtered("inventory_quantity_set")
        self.assertEqual(counted.location_id, self.stock)
        self.assertEqual(counted.quantity, 10)
        self.assertEqual(counted.inventory_quantity, 50)
        self.assertFalse(counted.package_id)
        counted.with_context(inventory_mode=True).action_apply_inventory()
        self.assertEqual(self.on_hand(self.tee), 100)

    def test_more_beneath_than_eim_has_is_counted_there(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.receive(self.tee, 130, location=shelf)
        line = self.line(self.take(), "TEE-1")
        self.assertFalse(line.is_proposable)
        self.assertIn("130 lie below", line.reason)

    def test_zero_at_eim_is_proposed_only_when_chosen(self):
        self.receive(self.tee, 5)
        self.hold(**{"TEE-1": 0})
        wizard = self.take()
        line = self.line(wizard, "TEE-1")
        self.assertEqual(line.is_proposable, True)
        self.assertEqual(line.chosen, False)
        self.assertIn("Choose it only if EIM is right", line.reason)
        with self.assertRaisesRegex(UserError, "Nothing is left to propose"):
            wizard.action_propose()
        line.chosen = True
        wizard.action_propose()
        self.assertEqual(self.quants(self.tee).inventory_diff_quantity, -5)

    def test_only_the_chosen_are_proposed(self):
        wizard = self.take()
        self.line(wizard, "MUG-1").chosen = False
        wizard.action_propose()
        self.assertTrue(self.quants(self.tee))
        self.assertFalse(self.quants(self.mug))

    def test_the_accounts_owner_has_the_goods(self):
        owner = self.env["res.partner"].create({"name": "Merchant"})
        self.receive(self.tee, 100)
        self.account.owner_id = owner
        wizard = self.take()
        self.assertEqual(self.line(wizard, "TEE-1").odoo_quantity, 0, "others' stock is not the owner's")
        wizard.action_propose()
        self.assertEqual(self.quants(self.tee).filtered("inventory_quantity_set").owner_id, owner)

    # -- what is not

    def test_what_cannot_be_counted_so_says_why(self):
        Product = self.env["product.product"]
        Product.create(
            [
                {"name": "Wine", "default_code": "LOT-1", "is_storable": True, "tracking": "lot"},
                {"name": "Screw", "default_code": "LOOSE-1", "type": "consu", "is_storable": False},
                {"name": "Twin", "default_code": "TWIN-1", "is_storable": True},
                {"name": "Other twin", "default_code": "TWIN-1", "is_storable": True},
            ]
        )
        self.env["extensiv.sku.alias"]._set_product(self.account, "MUG-OLD", self.mug)
        self.hold(**dict.fromkeys(("LOT-1", "LOOSE-1", "TWIN-1", "GHOST", "mug-1 ", "MUG-1", "MUG-OLD"), 5))
        wizard = self.take()
        self.assertFalse(any(wizard.line_ids.mapped("is_proposable")))
        for sku, said in {
            "LOT-1": "tracked by lots",
            "LOOSE-1": "tick Track Inventory",
            "TWIN-1": "several products",
            "GHOST": "not an internal reference of any product",
            "mug-1 ": "differ only by capitals, blanks",
            "MUG-1": "several SKUs: MUG-1, MUG-OLD",
            "MUG-OLD": "several SKUs: MUG-1, MUG-OLD",
        }.items():
            self.assertIn(said, self.line(wizard, sku).reason)

    def test_a_count_that_a_person_entered_is_left_alone(self):
        quant = self.receive(self.tee, 3).with_context(inventory_mode=True)
        quant.inventory_quantity = 77
        line = self.line(self.take(), "TEE-1")
        self.assertFalse(line.is_proposable)
        self.assertIn("A count of 77 waits already", line.reason)

    # -- again, and late

    def test_proposing_again_changes_nothing(self):
        wizard = self.take()
        wizard.action_propose()
        before = self.quants(self.products).read(["quantity", "inventory_quantity", "user_id"])
        with self.assertRaisesRegex(UserError, "Nothing is left to propose"):
            wizard.action_propose()
        again = self.take()
        self.assertFalse(any(again.line_ids.mapped("is_proposable")))
        self.assertIn("Proposed already", self.line(again, "TEE-1").reason)
        self.assertEqual(self.quants(self.products).read(["quantity", "inventory_quantity", "user_id"]), before)

    def test_what_was_received_meanwhile_is_not_proposed(self):
        wizard = self.take()
        self.receive(self.tee, 100)
        wizard.action_propose()
        self.assertFalse(self.quants(self.tee).filtered("inventory_quantity_set"))

    def test_reading_goes_on_with_the_next_click(self):
        self.hold(**{f"P-{number}": 1 for number in range(230)}, **{"TEE-1": 100})
        self.fault(route="list_inventory", kind="invalid", match="page=2", count=1)
        wizard = self.take()
        self.assertEqual(wizard.state, "reading")
        self.assertEqual(wizard.read_count, 100)
        self.assertFalse(wizard.line_ids, "nothing is proposed before all is read")
        with self.flows():
            wizard.action_read()
        self.assertEqual(wizard.state, "read")
        self.assertEqual(wizard.read_count, 231)
        self.assertEqual(self.line(wizard, "TEE-1").proposed_quantity, 100)

    def test_deductions_for_recent_orders_are_shown(self):
        self.add_orders({"cust_ref": "W-1", "items": [{"item": "TEE-1", "quantity": 4, "price": "5"}]})
        wizard = self.take()
        self.assertEqual(self.line(wizard, "TEE-1").deducted, 4)
        self.assertEqual(wizard.deducted_count, 1)

    # -- who, and where

    def test_a_location_that_stands_for_no_one_place_says_what_to_choose(self):
        self.east.source = "all"
        with self.assertRaisesRegex(UserError, "Set Stock From to One location"):
            self.take()
        self.east.write({"source": "single", "push_enabled": False, "stock_location_id": False})
        with self.assertRaisesRegex(UserError, "Choose the location of Odoo"):
            self.take()

    def test_who_has_no_right_to_count_may_look_and_is_told(self):
        looker = new_test_user(self.env, "looker", "extensiv_connector.group_manager")
        wizard = self.take(looker)
        self.assertFalse(wizard.may_count)
        self.assertTrue(wizard.line_ids)
        with self.assertRaisesRegex(UserError, "Inventory: User"):
            wizard.action_propose()

    def test_many_are_proposed_without_asking_for_each(self):
        products = self.env["product.product"].create(
            [{"name": f"P {number}", "default_code": f"Q-{number}", "is_storable": True} for number in range(40)]
        )

        def queries(count):
            self.hold(**{f"Q-{number}": 3 for number in range(count)})
            wizard = self.take()
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.cr.sql_log_count
            wizard.sudo()._list_proposals()
            self.env.flush_all()
            return self.cr.sql_log_count - before

        few, many = queries(2), queries(40)
        self.assertLessEqual(many, few + 3)
        wizard = self.take()
        self.env.flush_all()
        before = self.cr.sql_log_count
        wizard.action_propose()
        self.env.flush_all()
        self.assertLess(self.cr.sql_log_count - before, 40 * 4, "Odoo itself inserts one quant at a time")
        self.assertEqual(sum(self.quants(products).mapped("inventory_quantity")), 120)

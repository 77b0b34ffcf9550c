from odoo import fields
from odoo.tests import tagged

from .common import ConnectorCase


class InventoryCase(ConnectorCase):
    """A connected account whose location EAST stands for the warehouse's stock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.stock = cls.warehouse.lot_stock_id
        cls.tee, cls.mug = cls.products
        # The database may hold products of its own; only these two are pushed.
        (cls.env["product.product"].search([("default_code", "!=", False)]) - cls.products).extensiv_push = False

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1, "WEST": 2}
        self.connect()
        self.east, self.west = (
            self.account.location_ids.filtered(lambda location, name=name: location.name == name)
            for name in ("EAST", "WEST")
        )
        self.east.write({"push_enabled": True, "stock_location_id": self.stock.id})

    def receive(self, product, quantity, location=None, **values):
        return (
            self.env["stock.quant"]
            .with_context(inventory_mode=True)
            .create(
                {
                    "product_id": product.id,
                    "location_id": (location or self.stock).id,
                    "inventory_quantity_auto_apply": quantity,
                    **values,
                }
            )
        )

    def push(self):
        """Push as the button does; return the run."""
        self.env.flush_all()
        with self.flows():
            self.account.action_push_inventory()
        self.env.invalidate_all()
        return self.last_run("inventory")

    def at_eim(self, location="EAST"):
        """What EIM was told, ``{sku: quantity}``."""
        return {level["sku"]: level["qty_available"] for level in self.sandbox.store.levels.listing(location)}

    def told(self):
        """How often anything was pushed, ``{sku: times}``."""
        return {level["sku"]: level["pushes"] for level in self.sandbox.store.levels.listing("EAST")}

    def level(self, sku, location=None):
        return self.env["extensiv.stock.level"].search(
            [("sku", "=", sku), ("location_id", "=", (location or self.east).id)]
        )

    def errors(self, state="open"):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("flow", "=", "inventory"), ("state", "=", state)]
        )

    def sell(self, product, quantity, confirm=True):
        order = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Buyer"}).id,
                "warehouse_id": self.warehouse.id,
                "order_line": [fields.Command.create({"product_id": product.id, "product_uom_qty": quantity})],
            }
        )
        if confirm:
            order.action_confirm()
        return order

    def deliver(self, order):
        order.picking_ids.move_ids.picked = True
        order.picking_ids.button_validate()


@tagged("post_install", "-at_install")
class TestWanted(InventoryCase):
    """Which products, and how many of each."""

    def test_stock_is_pushed_and_remembered(self):
        self.receive(self.tee, 7)
        run = self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 7, "MUG-1": 0})
        self.assertEqual(run.state, "done")
        self.assertEqual(run.done_count, 2)
        self.assertEqual(run.message, "2 stock levels were pushed.")
        level = self.level("TEE-1")
        self.assertEqual(level.quantity, 7)
        self.assertEqual(level.product_id, self.tee)
        self.assertEqual(level.state, "accepted")
        self.assertTrue(level.pushed_at)

    def test_nothing_changed_tells_nothing(self):
        self.receive(self.tee, 7)
        self.push()
        self.assertEqual(len(self.calls("push_inventory")), 2, "the first level, which is read back, and the rest")
        run = self.push()
        self.assertEqual(len(self.calls("push_inventory")), 2)
        self.assertEqual(run.state, "done")
        self.assertEqual(run.message, "Nothing new.")

    def test_only_what_changed_is_told(self):
        self.receive(self.tee, 7)
        self.push()
        self.receive(self.tee, 9)
        self.push()
        self.assertEqual(self.told(), {"TEE-1": 2, "MUG-1": 1})

    def test_each_basis(self):
        self.receive(self.tee, 10)
        self.sell(self.tee, 3)
        incoming = self.env["stock.move"].create(
            {
                "product_id": self.tee.id,
                "product_uom_qty": 5,
                "location_dest_id": self.stock.id,
                "location_id": self.env.ref("stock.stock_location_suppliers").id,
            }
        )
        incoming._action_confirm()
        for basis, quantity in (("free", 7), ("on_hand", 10), ("forecast", 12)):
            self.account.quantity_basis = basis
            self.push()
            self.assertEqual(self.at_eim()["TEE-1"], quantity, basis)
            field = {"free": "free_qty", "on_hand": "qty_available", "forecast": "virtual_available"}[basis]
            self.assertEqual(self.tee.with_context(location=self.stock.id)[field], quantity, basis)

    def test_the_forecast_is_odoos_wherever_moves_come_from_and_go_to(self):
        self.account.quantity_basis = "forecast"
        second = self.env["stock.warehouse"].create(
            {
                "name": "Second",
                "code": "SEC2",
                "reception_steps": "two_steps",
                "resupply_wh_ids": [fields.Command.link(self.warehouse.id)],
            }
        )
        shelf, rack = self.env["stock.location"].create(
            [{"name": name, "location_id": self.stock.id} for name in ("Shelf", "Rack")]
        )
        self.west.write({"push_enabled": True, "stock_location_id": shelf.id})
        north = self.env["extensiv.location"].create(
            {
                "account_id": self.account.id,
                "name": "NORTH",
                "push_enabled": True,
                "stock_location_id": second.lot_stock_id.id,
            }
        )
        self.sandbox.store.levels.locations["NORTH"] = 3
        self.receive(self.tee, 40, rack)
        suppliers = self.env.ref("stock.stock_location_suppliers")
        moves = self.env["stock.move"].create(
            [
                {
                    "product_id": self.tee.id,
                    "product_uom_qty": quantity,
                    "location_id": source.id,
                    "location_dest_id": target.id,
                }
                for source, target, quantity in ((rack, shelf, 3), (shelf, rack, 1), (suppliers, shelf, 5))
            ]
        )
        moves._action_confirm()
        self.env["stock.rule"].run(
            [
                self.env["stock.rule"].Procurement(
                    self.tee,
                    7,
                    self.tee.uom_id,
                    second.lot_stock_id,
                    "R",
                    "R",
                    self.company,
                    {
                        "warehouse_id": second,
                        "date_planned": fields.Datetime.now(),
                        "route_ids": second.resupply_route_ids,
                    },
                )
            ]
        )
        self.sell(self.tee, 4)
        self.push()
        for location in (self.east, self.west, north):
            self.assertEqual(
                self.at_eim(location.name)["TEE-1"],
                max(0, self.tee.with_context(location=location.stock_location_id.id).virtual_available),
                location.name,
            )
        self.assertEqual(self.at_eim("NORTH")["TEE-1"], 7)
        self.assertEqual(self.at_eim()["TEE-1"], 40 + 5 - 7 - 4)

    def test_children_count_and_what_cannot_be_sold_does_not(self):
        Location = self.env["stock.location"]
        shelf = Location.create({"name": "Shelf", "location_id": self.stock.id})
        bin_ = Location.create({"name": "Bin", "location_id": shelf.id})
        transit = Location.create({"name": "Van", "location_id": self.stock.id, "usage": "transit"})
        loss = Location.create({"name": "Scrap", "location_id": self.stock.id, "usage": "inventory"})
        customer = Location.create({"name": "Customer", "location_id": self.stock.id, "usage": "customer"})
        for location, quantity in ((self.stock, 1), (shelf, 2), (bin_, 4)):
            self.receive(self.tee, quantity, location)
        for location in (transit, loss, customer):
            self.env["stock.quant"]._update_available_quantity(self.tee, location, 100)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 7)

    def test_all_counts_every_warehouse_of_the_company_once(self):
        second = self.env["stock.warehouse"].create({"name": "Second", "code": "SEC2"})
        other = self.env["res.company"].create({"name": "Other"})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", other.id)], limit=1)
        for warehouse, quantity in ((self.warehouse, 1), (second, 2)):
            self.receive(self.tee, quantity, warehouse.lot_stock_id)
        self.env["stock.quant"]._update_available_quantity(self.tee, theirs.lot_stock_id, 100)
        self.east.write({"source": "all", "stock_location_id": False})
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 3)

    def test_a_branch_pushes_its_own_stock_of_its_parents_products(self):
        branch = self.env["res.company"].create({"name": "Branch", "parent_id": self.company.id})
        theirs = self.env["stock.warehouse"].search([("company_id", "=", branch.id)], limit=1)
        self.products.company_id = self.company
        self.receive(self.tee, 100)
        self.env["stock.quant"]._update_available_quantity(self.tee, theirs.lot_stock_id, 5)
        self.east.write({"push_enabled": False, "source": "all", "stock_location_id": False})
        self.account.company_id = branch
        self.east.push_enabled = True
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 5, "MUG-1": 0})

    def test_never_below_zero_and_whole_units(self):
        self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, -4)
        self.receive(self.mug, 5.99)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 0, "MUG-1": 5})

    def test_binary_fractions_do_not_cost_a_unit(self):
        for _time in range(3):
            self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, 0.1)
        self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, 0.7)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 1)

    def test_buffers_of_account_and_product(self):
        self.receive(self.tee, 10)
        self.receive(self.mug, 3)
        self.account.buffer_qty = 2
        self.tee.extensiv_buffer_qty = 1.5
        self.mug.product_tmpl_id.extensiv_buffer_qty = 8
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 6, "MUG-1": 0})

    def test_owner(self):
        owner = self.env["res.partner"].create({"name": "Merchant"})
        self.receive(self.tee, 5)
        self.env["stock.quant"]._update_available_quantity(self.tee, self.stock, 8, owner_id=owner)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 13, "without an owner all count")
        self.account.owner_id = owner
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 8)

    def test_which_products(self):
        template = {"is_storable": True, "type": "consu"}
        self.env["product.product"].create(
            [
                {"name": "No reference", **template},
                {"name": "Blank", "default_code": "  ", **template},
                {"name": "Off", "default_code": "OFF", "extensiv_push": False, **template},
                {"name": "Not sold", "default_code": "NOSALE", "sale_ok": False, **template},
                {"name": "Not stored", "default_code": "LOOSE", "type": "consu"},
                {"name": "Service", "default_code": "WORK", "type": "service"},
                {"name": "Archived", "default_code": "OLD", "active": False, **template},
                {
                    "name": "Theirs",
                    "default_code": "THEIRS",
                    "company_id": self.env["res.company"].create({"name": "Other"}).id,
                    **template,
                },
            ]
        )
        self.push()
        self.assertEqual(set(self.at_eim()), {"TEE-1", "MUG-1"})

    def test_an_alias_is_pushed_beside_the_reference(self):
        self.receive(self.tee, 4)
        self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "tee-1-alt", "product_id": self.tee.id}
        )
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 4, "MUG-1": 0, "tee-1-alt": 4})

    def test_a_shared_sku_is_an_error_until_only_one_product_has_it(self):
        self.receive(self.tee, 4)
        twin = self.env["product.product"].create({"name": "Twin", "default_code": "TEE-1", "is_storable": True})
        self.push()
        self.assertEqual(set(self.at_eim()), {"MUG-1"})
        error = self.errors()
        self.assertEqual(error.key, "EAST/TEE-1")
        self.assertEqual(error.category, "data")
        self.assertIn("Twin", error.message)
        self.push()
        self.assertEqual((self.errors(), error.attempts), (error, 1), "told once")
        error.action_dismiss()
        self.push()
        self.assertFalse(self.errors())
        twin.default_code = "TWIN-1"
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 4)
        self.assertEqual(error.state, "resolved")

    def test_what_leaves_is_pushed_once_as_zero(self):
        for change in ({"active": False}, {"default_code": False}, {"sale_ok": False}):
            with self.subTest(change):
                product = self.env["product.product"].create(
                    {"name": "P", "default_code": f"P-{next(iter(change))}", "is_storable": True}
                )
                sku = product.default_code
                self.receive(product, 6)
                self.push()
                self.assertEqual(self.at_eim()[sku], 6)
                product.write(change)
                self.push()
                self.assertEqual(self.at_eim()[sku], 0)
                self.assertEqual(self.told()[sku], 2)
                self.assertFalse(self.level(sku).product_id)
                self.push()
                self.assertEqual(self.told()[sku], 2)

    def test_a_changed_reference_moves_the_stock(self):
        self.receive(self.tee, 6)
        self.push()
        self.tee.default_code = "TEE-2"
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 0, "TEE-2": 6, "MUG-1": 0})

    def test_waiting_orders_are_subtracted_until_they_reserve(self):
        self.receive(self.tee, 10)
        line = {"item": "TEE-1", "quantity": "2", "price": "5"}
        unknown = {"item": "GHOST", "quantity": "1", "price": "5"}
        self.add_orders(
            {"cust_ref": "W-1", "items": [line, unknown]},
            {"cust_ref": "W-2", "items": [dict(line, quantity=3)], "grand_total": "1.00"},
            {"cust_ref": "W-3", "items": [dict(line, quantity=1)]},
        )
        self.pull()
        self.assertEqual(self.inbox("W-1").state, "failed")
        self.assertEqual(self.inbox("W-2").sale_order_id.state, "draft")
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 10 - 2 - 3 - 1)
        self.inbox("W-2").sale_order_id.action_confirm()
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 10 - 2 - 3 - 1, "now it is reserved")
        self.account.subtract_waiting = False
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 6)

    def test_a_quotation_without_warehouse_is_subtracted_once(self):
        self.east.write({"source": "all", "stock_location_id": False})
        self.west.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.receive(self.tee, 10)
        self.add_orders(
            {"cust_ref": "W-5", "items": [{"item": "TEE-1", "quantity": 3, "price": "5"}], "grand_total": "1.00"}
        )
        self.pull()
        self.inbox("W-5").sale_order_id.warehouse_id = False
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 7)
        self.assertEqual(self.at_eim("WEST")["TEE-1"], 10)

    def test_an_order_that_eim_still_lists_as_new_is_left_to_eim(self):
        self.receive(self.tee, 10)
        self.add_orders(
            {
                "cust_ref": "W-4",
                "items": [
                    {"item": "GHOST", "quantity": 1, "price": "1"},
                    {"item": "TEE-1", "quantity": 4, "price": "1"},
                ],
            }
        )
        self.pull()
        self.inbox("W-4").acknowledged_at = False
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 10)

    def test_an_order_leaves_what_odoo_says_is_free(self):
        self.receive(self.tee, 10)
        order = self.sell(self.tee, 4)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 6)
        self.deliver(order)
        run = self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 6)
        self.assertEqual(run.message, "Nothing new.")

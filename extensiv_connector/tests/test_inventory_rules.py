import json

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.modules.module import load_script
from odoo.tests import Form, new_test_user, tagged

from ..flows.stock_explanation import explain_level
from .test_inventory import InventoryCase


@tagged("post_install", "-at_install")
class TestRules(InventoryCase):
    """What EIM is told of a product, by the product's own rule."""

    def test_the_boolean_follows_the_rule_and_the_rule_the_boolean(self):
        for record in (self.tee, self.tee.product_tmpl_id):
            for rule, push in (("leave", False), ("fixed", True), ("push", True)):
                record.extensiv_stock_rule = rule
                self.assertEqual(record.extensiv_push, push)
            record.extensiv_push = False
            self.assertEqual(record.extensiv_stock_rule, "leave")
            record.extensiv_push = True
            self.assertEqual(record.extensiv_stock_rule, "push")
            record.extensiv_stock_rule = "fixed"
            record.extensiv_push = True
            self.assertEqual(record.extensiv_stock_rule, "fixed", "a fixed number is pushed, too")
        off = self.env["product.product"].create({"name": "Off", "extensiv_push": False})
        self.assertEqual(off.extensiv_stock_rule, "leave")
        self.assertEqual(off.extensiv_rule_chosen, True)
        self.assertEqual(self.env["product.product"].search([("id", "=", off.id), ("extensiv_push", "=", False)]), off)

    def test_who_writes_the_rule_has_chosen(self):
        self.assertFalse(self.tee.extensiv_rule_chosen)
        self.tee.list_price = 3
        self.assertFalse(self.tee.extensiv_rule_chosen)
        self.tee.extensiv_stock_rule = "push"
        self.assertTrue(self.tee.extensiv_rule_chosen)
        self.mug.product_tmpl_id.extensiv_push = True
        self.assertTrue(self.mug.extensiv_rule_chosen)

    def test_a_form_saves_what_was_chosen_and_chooses_nothing_else(self):
        with Form(self.env["product.template"]) as form:
            form.name = "Plain"
        self.assertFalse(form.record.product_variant_ids.extensiv_rule_chosen)
        with Form(self.env["product.template"]) as form:
            form.name = "Fixed"
            form.extensiv_stock_rule = "fixed"
            form.extensiv_fixed_qty = 7
        variant = form.record.product_variant_ids
        self.assertEqual(variant.extensiv_stock_rule, "fixed")
        self.assertEqual(variant.extensiv_fixed_qty, 7)
        self.assertEqual(variant.extensiv_rule_chosen, True)

    def test_left_alone_is_not_touched_whatever_becomes_of_it(self):
        alias = self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "ALT", "product_id": self.tee.id}
        )
        self.receive(self.tee, 6)
        self.push()
        self.tee.extensiv_stock_rule = "leave"
        for change in (
            lambda: self.receive(self.tee, 9),
            alias.unlink,
            lambda: self.tee.write({"default_code": "TEE-2"}),
            lambda: self.tee.write({"active": False}),
            lambda: self.account.write({"push_again_at": fields.Datetime.now()}),
        ):
            change()
            self.push()
            self.assertEqual(self.at_eim()["TEE-1"], 6)
            self.assertEqual(self.told()["TEE-1"], 1)
            self.assertEqual(self.at_eim()["ALT"], 6)
        self.assertNotIn("TEE-2", self.at_eim())

    def test_what_was_never_told_and_is_left_alone_is_never_told(self):
        self.tee.extensiv_stock_rule = "leave"
        self.receive(self.tee, 6)
        self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 0})
        self.tee.extensiv_stock_rule = "push"
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 6)

    def test_a_sku_that_a_pushed_product_took_over_is_told(self):
        self.receive(self.tee, 6)
        self.push()
        self.tee.write({"extensiv_stock_rule": "leave", "default_code": False})
        self.mug.default_code = "TEE-1"
        self.receive(self.mug, 2)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 2)

    def test_the_error_of_a_level_ends_when_its_product_is_left_alone(self):
        self.sandbox.store.levels.refused_skus = {"TEE-1"}
        self.receive(self.tee, 4)
        self.push()
        error = self.errors()
        self.tee.extensiv_stock_rule = "leave"
        told = len(self.calls("push_inventory"))
        self.push()
        self.assertEqual(error.state, "resolved")
        self.assertEqual(len(self.calls("push_inventory")), told)

    def test_a_fixed_quantity_is_told_as_it_is(self):
        self.account.buffer_qty = 3
        ebook, work = self.env["product.product"].create(
            [
                {"name": "Print", "default_code": "PRINT", "type": "consu", "is_storable": False},
                {"name": "Engraving", "default_code": "WORK", "type": "service"},
            ]
        )
        for product in (self.tee, ebook, work):
            product.write({"extensiv_stock_rule": "fixed", "extensiv_fixed_qty": 999, "extensiv_buffer_qty": 5})
        self.receive(self.tee, 4)
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 999, "PRINT": 999, "WORK": 999, "MUG-1": 0})
        explained = explain_level(self.east, ebook)
        self.assertEqual(explained["quantity"], 999)
        self.assertEqual(explained["skus"], ["PRINT"])
        self.tee.extensiv_fixed_qty = 5
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 5)

    def test_a_fixed_quantity_is_not_negative(self):
        with self.assertRaisesRegex(Exception, "extensiv_fixed_qty_positive"), self.env.cr.savepoint():
            self.tee.extensiv_fixed_qty = -1
            self.env.flush_all()

    # -- what needs no stock

    def drop_ship(self, **values):
        """Make a route by which the vendor delivers to the customer."""
        return self.env["stock.route"].create(
            {
                "name": "Drop",
                "product_selectable": True,
                "product_categ_selectable": True,
                "warehouse_selectable": True,
                "sequence": 1,
                "rule_ids": [
                    fields.Command.create(
                        {
                            "name": "Vendor to customer",
                            "action": "pull",
                            "location_src_id": self.env.ref("stock.stock_location_suppliers").id,
                            "location_dest_id": self.env.ref("stock.stock_location_customers").id,
                            "picking_type_id": self.warehouse.out_type_id.id,
                        }
                    )
                ],
                **values,
            }
        )

    def test_which_products_need_no_stock(self):
        both = self.tee + self.mug
        self.assertFalse(both._extensiv_made_to_order())
        route = self.drop_ship(product_ids=[fields.Command.link(self.tee.product_tmpl_id.id)])
        self.assertEqual(both._extensiv_made_to_order(), self.tee)
        route.product_ids = False
        parent = self.env["product.category"].create({"name": "Parent", "route_ids": route.ids})
        self.mug.categ_id = self.env["product.category"].create({"name": "Child", "parent_id": parent.id})
        self.assertEqual(both._extensiv_made_to_order(), self.mug)
        parent.route_ids = False
        self.warehouse.route_ids += route
        others = self.env["stock.warehouse"].search(
            [("company_id", "=", self.company.id), ("id", "!=", self.warehouse.id)]
        )
        others.route_ids += route
        self.assertEqual(both._extensiv_made_to_order(), both)
        route.active = False
        self.assertFalse(both._extensiv_made_to_order())

    def test_odoos_own_route_to_order_and_one_of_several_steps(self):
        mto = self.warehouse.mto_pull_id.route_id
        mto.active = True
        self.tee.route_ids = mto
        customer, output = self.env.ref("stock.stock_location_customers"), self.warehouse.wh_output_stock_loc_id
        rule = {"action": "pull", "picking_type_id": self.warehouse.out_type_id.id}
        steps = self.env["stock.route"].create(
            {
                "name": "Two steps",
                "product_selectable": True,
                "rule_ids": [
                    fields.Command.create(
                        {
                            **rule,
                            "name": name,
                            "location_src_id": source.id,
                            "location_dest_id": target.id,
                            "procure_method": method,
                        }
                    )
                    for name, source, target, method in (
                        ("Ship", output, customer, "make_to_order"),
                        ("Pick", self.stock, output, "make_to_stock"),
                    )
                ],
            }
        )
        self.mug.route_ids = steps
        self.assertEqual((self.tee + self.mug)._extensiv_made_to_order(), self.tee)

    def test_what_needs_no_stock_is_pushed_once_it_has_some(self):
        self.drop_ship(product_ids=[fields.Command.link(self.tee.product_tmpl_id.id)])
        self.push()
        self.assertEqual(self.at_eim(), {"MUG-1": 0})
        explained = explain_level(self.east, self.tee)
        self.assertIn("needs none", explained["reason"])
        self.receive(self.tee, 3)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 3)
        self.receive(self.tee, 0)
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 0, "it was pushed before")

    def test_what_needs_no_stock_is_pushed_where_somebody_chose(self):
        self.drop_ship(product_ids=[fields.Command.link(self.tee.product_tmpl_id.id)])
        self.tee.extensiv_stock_rule = "push"
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 0)


@tagged("post_install", "-at_install")
class TestSetToZero(InventoryCase):
    def setUp(self):
        super().setUp()
        self.user = new_test_user(self.env, "zero_user", "extensiv_connector.group_user")
        self.manager = new_test_user(self.env, "zero_manager", "extensiv_connector.group_manager")
        self.alias = self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "ALT", "product_id": self.tee.id}
        )
        self.receive(self.tee, 6)
        self.receive(self.mug, 8)
        self.push()

    def test_a_product(self):
        with self.assertRaisesRegex(UserError, "Leave Alone"):
            self.tee.with_user(self.user).action_extensiv_set_zero()
        self.tee.extensiv_stock_rule = "leave"
        said = self.tee.product_tmpl_id.with_user(self.user).action_extensiv_set_zero()
        self.assertIn("0 of 2 levels", said["params"]["message"])
        self.assertIn("Push Stock Now", said["params"]["message"], "no schedule pushes")
        self.assertEqual((self.at_eim()["TEE-1"], self.level("TEE-1").state), (6, "waiting"), "with the next push")
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 0, "ALT": 0, "MUG-1": 8})
        self.receive(self.tee, 9)
        self.push()
        self.assertEqual((self.at_eim()["TEE-1"], self.told()["TEE-1"]), (0, 2), "left alone again")

    def test_a_product_that_was_never_pushed(self):
        product = self.env["product.product"].create(
            {"name": "New", "default_code": "NEW", "is_storable": True, "extensiv_stock_rule": "leave"}
        )
        product.action_extensiv_set_zero()
        self.push()
        self.assertEqual(self.at_eim()["NEW"], 0)

    def test_an_alias(self):
        with self.assertRaisesRegex(UserError, "Leave Alone"):
            self.alias.with_user(self.user).action_set_zero()
        self.tee.extensiv_stock_rule = "leave"
        self.assertTrue(self.alias.is_left_alone)
        self.alias.with_user(self.user).action_set_zero()
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 6, "ALT": 0, "MUG-1": 8})

    def test_a_location_stays_zero(self):
        with self.assertRaisesRegex(UserError, "Switch Push Stock off"):
            self.east.with_user(self.manager).action_set_zero()
        self.east.push_enabled = False
        with self.assertRaises(UserError):
            self.east.with_user(self.user).action_set_zero()
        self.east.with_user(self.manager).action_set_zero()
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 0, "ALT": 0, "MUG-1": 0})
        self.assertEqual(self.push().message, "Nothing new.")
        self.east.push_enabled = True
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 6, "ALT": 6, "MUG-1": 8})

    def test_what_eim_refuses_is_an_error_until_it_is_retried(self):
        self.sandbox.store.levels.refused_skus = {"MUG-1"}
        self.east.push_enabled = False
        self.east.action_set_zero()
        self.push()
        error = self.errors()
        self.push()
        self.assertEqual(error.key, "EAST/MUG-1")
        self.assertEqual(error.state, "open")
        self.assertEqual(error.attempts, 1)
        self.sandbox.store.levels.refused_skus = frozenset()
        with self.flows():
            error.action_retry()
        self.assertEqual(self.at_eim()["MUG-1"], 0)
        self.assertEqual(error.state, "resolved")

    def test_a_lost_answer_is_told_again(self):
        self.tee.extensiv_stock_rule = "leave"
        self.tee.action_extensiv_set_zero()
        self.fault(route="push_inventory", kind="500", count=2)
        self.push()
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 0)
        self.assertEqual(self.level("TEE-1").zero_asked, False)


@tagged("post_install", "-at_install")
class TestNothingCounted(InventoryCase):
    """A mapping that counts no place of Odoo, or another company's."""

    def assert_error_and_no_zeros(self, work, mend):
        self.receive(self.tee, 6)
        self.push()
        work()
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 6)
        error = self.errors()
        self.assertEqual(error.category, "settings")
        self.assertEqual(error.concerns, "EAST")
        self.assertEqual(error.res_id, self.east.id)
        self.assertEqual(error.fix, "mapping")
        self.assertIn("counts no place", error.message)
        self.assertIn("No location of Odoo is counted", explain_level(self.east, self.tee)["reason"])
        self.push()
        self.assertEqual(self.errors(), error)
        self.assertEqual(error.attempts, 1)
        mend()
        self.push()
        self.assertEqual(error.state, "resolved")
        self.assertFalse(self.errors())

    def test_a_location_of_another_usage(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.assert_error_and_no_zeros(
            lambda: (
                self.east.write({"stock_location_id": shelf.id}),
                self.env.cr.execute("UPDATE stock_location SET usage = 'view' WHERE id = %s", [shelf.id]),
                self.env.invalidate_all(),
            ),
            lambda: self.east.write({"stock_location_id": self.stock.id}),
        )

    def test_an_archived_location(self):
        shelf = self.env["stock.location"].create({"name": "Shelf", "location_id": self.stock.id})
        self.assert_error_and_no_zeros(
            lambda: (self.east.write({"stock_location_id": shelf.id}), shelf.write({"active": False})),
            lambda: self.east.write({"push_enabled": False}),
        )

    def test_no_warehouse(self):
        def archive():
            self.east.write({"source": "all", "stock_location_id": False})
            self.env.cr.execute("UPDATE stock_warehouse SET active = FALSE WHERE company_id = %s", [self.company.id])

        self.assert_error_and_no_zeros(
            archive, lambda: self.east.write({"source": "single", "stock_location_id": self.stock.id})
        )

    def test_the_company_of_an_account_with_mapped_locations_stays(self):
        other = self.env["res.company"].create({"name": "Other"})
        for values in ({}, {"source": "all", "stock_location_id": False}):
            self.east.write(values)
            with self.assertRaisesRegex(ValidationError, "EAST"):
                self.account.company_id = other
        self.account.company_id = self.company
        self.east.push_enabled = False
        self.account.company_id = other
        self.assertEqual(self.east.company_id, other)

    def test_a_negative_quantity_in_a_waiting_order_raises_no_level(self):
        self.receive(self.tee, 10)
        self.receive(self.mug, 10)
        self.add_orders(
            {
                "cust_ref": "R-1",
                "items": [
                    {"item": "TEE-1", "quantity": "2", "price": "5"},
                    {"item": "GHOST", "quantity": 1, "price": 1},
                ],
            },
            {"cust_ref": "R-2", "items": [{"item": "MUG-1", "quantity": "2", "price": "5"}], "grand_total": "1.00"},
        )
        self.pull()
        order = self.inbox("R-1")
        payload = json.loads(order.payload)
        payload["items"][0]["quantity"] = -4
        self.assertEqual(payload["items"][0]["item"], "TEE-1")
        order.payload = json.dumps(payload)
        quotation = self.inbox("R-2").sale_order_id
        self.assertEqual(order.state, "failed")
        self.assertEqual(quotation.state, "draft")
        quotation.order_line[0].product_uom_qty = -4
        self.push()
        self.assertEqual(self.at_eim(), {"TEE-1": 10, "MUG-1": 10})


@tagged("post_install", "-at_install")
class TestRuleMigration(InventoryCase):
    def migrate(self, stage):
        self.env.flush_all()
        path = f"extensiv_connector/migrations/19.0.1.2.0/{stage}-stock_rule.py"
        load_script(path, f"{stage}-stock_rule").migrate(self.env.cr, "19.0.1.1.0")
        self.env.invalidate_all()

    def test_what_is_off_is_left_alone_and_told_zero_where_it_was_not(self):
        off_and_zero, off = self.env["product.product"].create(
            [{"name": name, "default_code": name, "is_storable": True} for name in ("WAS-OFF", "OFF")]
        )
        self.receive(off, 5)
        self.push()
        self.env.cr.execute("UPDATE extensiv_stock_level SET product_id = NULL WHERE sku = 'WAS-OFF'")
        self.env.cr.execute(
            "ALTER TABLE product_product DROP COLUMN extensiv_stock_rule, DROP COLUMN extensiv_rule_chosen"
        )
        self.env.cr.execute(
            "UPDATE product_product SET extensiv_push = CASE WHEN id = ANY (%s) THEN FALSE WHEN id = %s THEN NULL"
            " ELSE TRUE END",
            [(off_and_zero + off).ids, self.mug.id],
        )
        self.migrate("pre")
        self.migrate("pre")  # an upgrade that was broken off
        self.migrate("post")
        self.assertEqual((off_and_zero + off).mapped("extensiv_stock_rule"), ["leave", "leave"])
        self.assertEqual(self.products.mapped("extensiv_stock_rule"), ["push", "push"])
        self.assertEqual((off + self.tee).mapped("extensiv_rule_chosen"), [True, False])
        self.assertTrue(self.mug.extensiv_push)
        self.push()
        self.assertEqual(self.at_eim()["OFF"], 0)
        self.assertEqual(self.at_eim()["WAS-OFF"], 0)
        self.assertEqual(self.told()["OFF"], 2)
        self.assertEqual(self.told()["WAS-OFF"], 1)
        self.receive(off, 9)
        self.push()
        self.assertEqual(self.told()["OFF"], 2)

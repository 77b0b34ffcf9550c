from unittest.mock import patch

from odoo import fields
from odoo.tests import tagged

from ..flows import reconciliation
from ..flows.reconciliation import Reconciliation
from ..flows.stock_levels import ExpectedLevels
from .test_reconciliation import SeenCase


@tagged("post_install", "-at_install")
class TestFullPass(SeenCase):
    """Where what changed is not known, everything is compared."""

    def setUp(self):
        super().setUp()
        self.receive(self.tee, 20)
        self.settle()

    def test_once_an_hour_and_where_the_clock_was_set_back(self):
        with self.later(minutes=59):
            self.push_narrow()
        self.push_full()
        self.push_narrow()
        with self.later(minutes=61):
            self.push_full()

    def test_after_a_change_of_what_decides_all_levels(self):
        rack = self.env["stock.location"].create({"name": "Rack", "location_id": self.stock.id})
        dozen = self.env["uom.uom"].create(
            {"name": "Ten", "relative_factor": 10, "relative_uom_id": self.tee.uom_id.id}
        )
        view = self.warehouse.view_location_id
        self.settle()
        changes = {
            "buffer": lambda: self.account.write({"buffer_qty": 1}),
            "location's buffer": lambda: self.east.write({"buffer_qty": 2}),
            "mapping": lambda: self.east.write({"excluded_location_ids": rack.ids}),
            "location": lambda: rack.write({"location_id": view.id}),
            "waiting orders": lambda: self.account.write({"subtract_waiting": False}),
            "push everything": lambda: self.account.write({"push_again_at": fields.Datetime.now()}),
            "unit": lambda: dozen.write({"relative_factor": 12}),
            "rule": lambda: self.warehouse.delivery_route_id.rule_ids[:1].write({"procure_method": "make_to_order"}),
            "further location": lambda: self.west.write({"push_enabled": True, "stock_location_id": rack.id}),
            "name": lambda: self.west.write({"name": "NORTH"}),
            "choice": lambda: self.account.write({"push_choice": "known"}),
            "update": lambda: self.env.ref("base.module_extensiv_connector").write({"latest_version": "19.0.9.9.9"}),
        }
        for name, change in changes.items():
            with self.subTest(name):
                with self.act():
                    change()
                self.push_full()

    def test_after_a_change_of_a_recipe(self):
        if "mrp.bom" not in self.env:
            return
        with self.act():
            kit = self.env["product.product"].create({"name": "Kit", "default_code": "KIT-1"})
            bom = self.env["mrp.bom"].create(
                {
                    "product_tmpl_id": kit.product_tmpl_id.id,
                    "type": "phantom",
                    "bom_line_ids": [fields.Command.create({"product_id": self.tee.id, "product_qty": 2})],
                }
            )
        self.push_full()
        self.assertEqual(self.at_eim()["KIT-1"], 10)
        self.settle()
        with self.act():
            self.receive(self.tee, 12)
        self.assertLessEqual({"TEE-1", "KIT-1"}, self.push_narrow())
        self.assertEqual(self.at_eim()["KIT-1"], 6)
        with self.act():
            bom.bom_line_ids.product_qty = 3
        self.push_full()
        self.assertEqual(self.at_eim()["KIT-1"], 4)
        self.assert_reconciled()

    def test_on_another_server_or_copy(self):
        for name, value in (("server", "1/2000-01-01"), ("snapshot", str(2**60))):
            with self.subTest(name):
                self.seen()[name] = value
                self.push_full()
                self.settle()

    def test_a_level_that_is_wrong_for_no_reason_is_found(self):
        self.receive(self.mug, 7)
        self.settle()
        self.env.cr.execute("UPDATE extensiv_stock_level SET quantity = 6 WHERE sku = 'MUG-1'")
        found, _shared = Reconciliation(self.account, self.east.ids, full=True).find_changes()
        self.assertEqual([(change.sku, change.quantity) for change in found], [("MUG-1", 7)])

    def test_it_comes_to_the_same_by_candidates_as_without(self):
        with self.act():
            products = self.env["product.product"].create(
                [{"name": f"Good {number}", "default_code": f"G-{number}", "is_storable": True} for number in range(60)]
            )
            for number, product in enumerate(products):
                self.env["stock.quant"]._update_available_quantity(product, self.stock, number * 1.25 + 1)
        self.settle()
        self.assert_reconciled()
        self.east.buffer_qty = 2
        self.settle()
        self.assert_reconciled()
        self.env.flush_all()
        self.env.cr.execute("DELETE FROM extensiv_stock_level WHERE sku = 'G-1'")
        self.env.cr.execute("UPDATE extensiv_stock_level SET quantity = 99 WHERE sku IN ('G-2', 'G-40')")
        products[3].default_code = "G-NEW"
        products[4].active = False
        products[5].extensiv_buffer_qty = 3
        products[6].write({"extensiv_stock_rule": "fixed", "extensiv_fixed_qty": 5})
        self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "G-7-OLD", "product_id": products[7].id}
        )
        self.sell(products[50], 3)
        self.env.flush_all()
        turns = self.east.ids
        whole = ExpectedLevels(self.account).find_changes(None, turns)
        reconciling = Reconciliation(self.account, turns, full=True)
        with patch.object(reconciliation, "find_candidates", wraps=reconciliation.find_candidates) as find_candidates:
            found = reconciling.find_changes()
            find_candidates.assert_called_once()
        self.assertLess(len(reconciling.scope.skus), 20)
        self.assertEqual(found, whole)
        self.assertEqual(len(whole[0]), 10)

    def test_a_former_sku_whose_product_has_another(self):
        """What the product is told under now hides nothing of what it was told under before."""
        with self.act():
            self.env["product.product"].create(
                [
                    {"name": f"Other {number}", "default_code": f"O-{number}", "is_storable": True}
                    for number in range(40)
                ]
            )
        alias = self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "TEE-OLD", "product_id": self.tee.id}
        )
        self.settle()
        self.assertEqual(self.at_eim()["TEE-OLD"], 20)
        with self.act():
            alias.unlink()
            self.level("TEE-OLD").quantity = 3
            self.env.ref("base.module_extensiv_connector").latest_version = "19.0.9.9.9"
        self.push_full()
        self.assertIsNotNone(self.passes[-1].scope)
        self.assertEqual(self.at_eim()["TEE-OLD"], 0)
        self.assertEqual(self.at_eim()["TEE-1"], 20)
        self.settle()
        self.assert_reconciled()

    def test_a_cart_that_another_fulfils_no_more(self):
        """Its orders that wait take goods again."""
        self.add_orders({"cust_ref": "W-1", "items": self.items("TEE-1", "GHOST")})
        self.pull()
        order = self.inbox("W-1")
        order.cart_id.fulfilled_elsewhere = True
        self.settle()
        self.assertEqual(self.at_eim()["TEE-1"], 20)
        with self.act():
            order.cart_id.fulfilled_elsewhere = False
        self.push()
        self.assertEqual(self.at_eim()["TEE-1"], 18)
        self.assert_reconciled()

    def items(self, *skus):
        return [{"item": sku, "quantity": "2", "price": "5"} for sku in skus]

    def test_an_alias_of_another_account_whose_orders_wait(self):
        """What its orders take, for they are matched by it, is offered to nobody else."""
        self.add_orders({"cust_ref": "W-1", "items": self.items("TEE-OLD", "GHOST")})
        self.pull()
        other = self.account.copy({"name": "Other", "api_user": "other"})
        order = self.inbox("W-1")
        order.write({"account_id": other.id, "cart_id": False})
        self.settle()
        self.assertEqual(self.at_eim()["TEE-1"], 20)
        with self.act():
            self.env["extensiv.sku.alias"].create({"account_id": other.id, "sku": "TEE-OLD", "product_id": self.tee.id})
        self.push()
        self.assertEqual(order.state, "failed")
        self.assertEqual(self.at_eim()["TEE-1"], 18)
        self.assert_reconciled()

    def test_a_second_product_of_a_waiting_orders_sku_is_deleted(self):
        with self.act():
            twin = self.env["product.product"].create({"name": "Twin", "default_code": "OTHER", "barcode": "TEE-X"})
            self.mug.default_code = "OTHER"
            self.receive(self.mug, 7)
            self.add_orders({"cust_ref": "W-1", "items": self.items("OTHER", "GHOST")})
            self.pull()
        self.push()
        self.push()
        with self.act():
            twin.unlink()
            self.assertEqual(self.inbox("W-1").state, "failed")
        self.push()
        self.assertEqual(self.at_eim()["OTHER"], 5)
        self.assert_reconciled()

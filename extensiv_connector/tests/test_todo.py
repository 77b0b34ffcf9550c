import json

from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged

from ..flows import todo
from .common import ConnectorCase

LINE = {"item": "TEE-1", "quantity": "1", "price": "10.00"}
PLACE = {
    "cust_first_name": "Ann",
    "cust_last_name": "Lee",
    "cust_address_1": "1 Main St",
    "cust_city": "Boston",
    "cust_state": "MA",
    "cust_zip": "02108",
    "cust_country": "USA",
}


@tagged("post_install", "-at_install")
class TestTodo(ConnectorCase):
    """One list of the orders that need a person, and what is done for many of them at once."""

    def setUp(self):
        super().setUp()
        self.connect()
        self.account.write({"pull_orders": True, "sku_policy": "placeholder"})
        self.env["extensiv.cart"]._sync_from_eim(self.account, [])

    def add(self, cust_ref, **order):
        self.add_orders({"cust_ref": cust_ref, "items": [LINE], "ship_code": "", "carrier": "", **PLACE, **order})

    def pulled(self, *cust_refs, **order):
        for cust_ref in cust_refs:
            self.add(cust_ref, **order)
        self.pull()
        self.env["extensiv.cart"].search([("account_id", "=", self.account.id)]).is_new = False
        return self.env["extensiv.order"].search([("cust_ref", "in", cust_refs)], order="cust_ref")

    def todo(self, *kinds):
        domain = [("account_id", "=", self.account.id)]
        return self.env["extensiv.order"].search([*domain, ("todo", "in", kinds) if kinds else ("todo", "!=", False)])

    def new_carrier(self):
        product = self.env["product.product"].create({"name": "Delivery", "type": "service"})
        return self.env["delivery.carrier"].create({"name": "Van", "product_id": product.id})

    # -- which orders

    def test_an_order_that_is_right_needs_nobody(self):
        orders = self.pulled("T-1")
        self.assertEqual(orders.sale_order_id.state, "sale")
        self.assertFalse(self.todo())
        self.assertFalse(orders.todo or orders.todo_message)

    def test_failed_and_held_orders_are_listed_with_what_to_do(self):
        held = self.pulled("T-1", grand_total="12.00")
        failed = self.pulled("T-2", items=[{**LINE, "quantity": "-1"}])
        self.assertEqual(self.todo("held"), held)
        self.assertEqual(self.todo("failed"), failed)
        self.assertEqual(self.todo(), held | failed)
        self.assertEqual((held | failed).mapped("todo"), ["held", "failed"])
        self.assertIn("12.00", held.todo_message)
        self.assertIn("quantity is negative", failed.todo_message)
        self.assertEqual(
            self.env["extensiv.order"].search([("account_id", "=", self.account.id), ("todo", "=", False)]),
            self.env["extensiv.order"],
        )

    def test_an_address_in_doubt_is_listed_until_it_is_mended_or_called_right(self):
        mended, right = self.pulled("T-1", "T-2", cust_state="Nowhere", cust_address_1="", ship_address_1="")
        self.assertEqual(self.todo("address"), mended | right)
        self.assertIn("the street", mended.todo_message)
        self.assertIn("a state that Odoo knows", mended.todo_message)
        address = mended.sale_order_id.partner_shipping_id.copy(
            {"street": "1 Main St", "state_id": self.env.ref("base.state_us_22").id}
        )
        mended.sale_order_id.partner_shipping_id = address
        self.assertEqual(self.todo("address"), right)
        right.action_address_is_right()
        self.assertFalse(self.todo())

    def test_an_order_without_a_delivery_method_is_listed_where_eim_is_told_of_shipments(self):
        order = self.pulled("T-1", ship_code="Express")
        self.assertEqual(order.asked_method, "Express")
        self.assertFalse(self.todo(), "nobody is told of the shipment")
        self.account.push_shipments = True
        self.assertEqual(self.todo("method"), order)
        self.assertIn("Express", order.todo_message)

    def test_a_new_cart_is_looked_at_once(self):
        self.add("T-1", order_source="Brand New")
        self.pull()
        order = self.inbox("T-1")
        self.assertEqual(self.todo("cart"), order)
        self.assertIn("Brand New", order.todo_message)
        order.action_cart_is_right()
        self.assertFalse(self.todo())
        self.add("T-2", order_source="Brand New")
        self.pull()
        self.assertFalse(self.todo())
        self.add("T-3", order_source="Another")
        self.pull()
        manager = new_test_user(self.env, "boss", groups="base.group_user,extensiv_connector.group_manager")
        self.inbox("T-3").cart_id.with_user(manager).name = "Ours"
        self.assertFalse(self.todo(), "who changes its settings has looked at them")

    def test_the_counts_are_those_of_the_list(self):
        self.pulled("T-1", grand_total="12.00", cust_address_1="", ship_address_1="")
        self.pulled("T-2", items=[{**LINE, "quantity": "-1"}])
        counts = todo.count(self.account)[self.account.id]
        self.assertEqual({**counts}, {"held": 1, "address": 1, "failed": 1, "all": 2})
        shown = json.loads(self.account.dashboard)
        self.assertEqual(shown["todo"], 2)
        action = self.account.action_open_todo()
        found = self.env["extensiv.order"].search(
            [*self.env["ir.actions.act_window"]._for_xml_id("extensiv_connector.extensiv_order_todo_action")["domain"]]
            if isinstance(action["domain"], list)
            else [("todo", "!=", False)]
        )
        self.assertEqual(len(found), 2)

    # -- many at once

    def test_a_product_is_chosen_for_all_lines_with_its_sku(self):
        orders = self.pulled("T-1", "T-2", "T-3", items=[LINE, {**LINE, "item": "NEW-9"}])
        self.account.sku_policy = "block"
        failed = self.pulled("T-4", items=[{**LINE, "item": "NEW-9"}])
        self.assertEqual(failed.state, "failed")
        user = new_test_user(self.env, "keeper", groups="base.group_user,extensiv_connector.group_user")
        action = orders[0].with_user(user).action_choose_products()
        wizard = self.env["extensiv.todo"].with_user(user).browse(action["res_id"])
        self.assertRecordValues(wizard.line_ids, [{"name": "NEW-9", "order_count": 1, "account_id": self.account.id}])
        wizard.line_ids.product_id = self.products[1]
        with self.flows():
            wizard.action_apply()
        self.assertFalse(orders.sale_order_id.order_line.filtered("extensiv_needs_product"))
        self.assertFalse(any(orders.sale_order_id.mapped("extensiv_held_by")))
        self.assertEqual(failed.state, "imported")
        self.assertEqual(failed.sale_order_id.order_line.product_id, self.products[1])
        with self.flows():
            said = self.env["extensiv.order"].with_user(user).action_confirm_right()
        self.assertEqual(set(orders.sale_order_id.mapped("state")), {"sale"})
        self.assertIn("3 of 3", said["params"]["message"])
        self.assertFalse(self.todo())

    def test_what_is_not_right_is_not_confirmed(self):
        right, wrong = self.pulled("T-1", "T-2", grand_total="12.00")
        right.action_accept_difference()
        with self.flows():
            said = (right | wrong).action_confirm_right()
        self.assertEqual([right.sale_order_id.state, wrong.sale_order_id.state], ["sale", "draft"])
        self.assertIn("1 of 2", said["params"]["message"])
        self.assertEqual(self.todo(), wrong)

    def test_a_mapped_method_fills_the_orders_that_wait_for_it(self):
        self.account.push_shipments = True
        first, second = self.pulled("T-1", "T-2", ship_code="Express")
        other = self.pulled("T-3", ship_code="Ground")
        carrier = self.new_carrier()
        action = first.action_map_methods()
        wizard = self.env["extensiv.todo"].browse(action["res_id"])
        self.assertEqual(wizard.line_ids.name, "Express")
        wizard.line_ids.delivery_carrier_id = carrier
        wizard.action_apply()
        self.assertEqual((first | second).sale_order_id.carrier_id, carrier)
        self.assertEqual((first | second).sale_order_id.picking_ids.carrier_id, carrier)
        self.assertFalse(other.sale_order_id.carrier_id)
        self.assertEqual(self.todo(), other)
        later = self.pulled("T-4", ship_code="Express")
        self.assertEqual(later.sale_order_id.carrier_id, carrier)
        self.assertFalse(later.asked_method)

    def test_a_button_that_helps_none_of_the_chosen_orders_says_so(self):
        order = self.pulled("T-1", grand_total="12.00")
        for action, said in (("action_choose_products", "waits for a product"), ("action_map_methods", "not mapped")):
            with self.assertRaisesRegex(UserError, said):
                getattr(order, action)()
        order.action_accept_difference()
        with self.assertRaisesRegex(UserError, "differs"):
            order.action_accept_difference()

    def test_the_list_takes_the_same_few_queries_for_many_orders(self):
        orders = self.pulled(*(f"T-{number}" for number in range(8)), grand_total="12.00")

        def read(some):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            some.web_read({"todo": {}, "todo_message": {}, "fix": {}, "sale_order_id": {"fields": {}}})
            return self.env.cr.sql_log_count - before

        read(orders)
        self.assertEqual(read(orders[:2]), read(orders))

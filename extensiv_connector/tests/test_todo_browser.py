"""A person works off To Do in the web client, until nothing is left on it."""

from odoo.tests import HttpCase, tagged

from .browser_common import BrowserMixin

CHOOSE_AND_CONFIRM = """
    await see(".o_data_row [name=todo]", "Held as Quotation");
    await click(".o_data_row button[name=action_fix]");
    await see(".modal .o_data_row", "NEW-9");
    await click(".modal .o_data_cell[name=product_id]");
    await type(".modal [name=product_id] input", "Black");
    await click(".o-autocomplete--dropdown-item a", "Black tee");
    await click(".modal button[name=action_apply]");
    await see(".o_data_row [name=todo_message]", "Nothing stands in the way");
    await click("button[name=action_confirm_right]");
    await see(".o_view_nocontent", "No order needs you");
"""


@tagged("post_install", "-at_install")
class TestTodoBrowser(BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_a_product_is_chosen_for_an_unknown_sku_and_the_order_leaves_the_list(self):
        self.connect()
        self.account.sku_policy = "placeholder"
        self.add_orders({"cust_ref": "A", "items": [{"item": "NEW-9", "quantity": "2", "price": "12.00"}]})
        self.pull()
        order = self.inbox("A")
        order.cart_id.is_new = False
        action = self.env.ref("extensiv_connector.extensiv_order_todo_action")
        listed = "!!document.querySelector('.o_list_view .o_data_row')"
        self.play(f"/odoo/action-{action.id}", CHOOSE_AND_CONFIRM, ready=listed)
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual(order.sale_order_id.order_line.product_id, self.products[0])
        self.assertFalse(order.todo)

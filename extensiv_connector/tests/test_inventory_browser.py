from odoo.tests import HttpCase, new_test_user, tagged

from .browser_common import BrowserMixin


@tagged("post_install", "-at_install")
class TestInBrowser(BrowserMixin, HttpCase):
    who = "mapper"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.stock = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1).lot_stock_id
        (cls.env["product.product"].search([("default_code", "!=", False)]) - cls.products).extensiv_push = False
        for product, quantity in zip(cls.products, (12, 5), strict=True):
            cls.env["stock.quant"]._update_available_quantity(product, cls.stock, quantity)
        new_test_user(cls.env, "mapper", "extensiv_connector.group_manager", password="mapper-mapper")

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1, "WEST": 2}
        self.connect()
        self.east, self.west = self.account.location_ids.sorted("name")[:2]

    def at_eim(self):
        return {level["sku"]: level["qty_available"] for level in self.sandbox.store.levels.listing("EAST")}

    def test_a_manager_maps_a_location_and_sees_what_would_be_pushed(self):
        self.west.write({"push_enabled": True, "source": "all"})
        self.play(
            f"/odoo/action-extensiv_connector.extensiv_location_action/{self.east.id}",
            f"""
            await click(".o_field_widget[name=push_enabled] input");
            await choose("stock_location_id", "{self.stock.display_name}");
            await see(".alert-warning", "EAST and WEST both count the stock");
            await choose("example_product_id", "Black tee");
            await see(".o_field_widget[name=example]", "On hand");
            await see(".o_field_widget[name=example] tfoot", "12");
            await click(".o_form_button_save");
            await saved();
        """,
        )
        self.assertTrue(self.east.push_enabled)
        self.assertEqual(self.east.stock_location_id, self.stock)

    def test_comparing_lists_what_differs_and_pushes_it(self):
        self.east.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.env.flush_all()
        account = f"/odoo/action-extensiv_connector.extensiv_account_action/{self.account.id}"
        self.play(
            account,
            """
            await click("button[name=action_push_inventory]");
            await see(".o_notification", "2 stock levels were pushed.");
        """,
        )
        self.assertEqual(self.at_eim(), {"TEE-1": 12, "MUG-1": 5})
        self.sandbox.store.levels.items["TEE-1"]["EAST"].qty_available = 99
        self.play(
            account,
            """
            await click(".nav-link", "Stock");
            await click("button[name=action_compare]");
            await click(".modal button[name=action_read]", "Read from EIM");
            await see(".modal .o_data_row", "TEE-1");
            await see(".modal .o_data_row", "99");
            if (document.querySelectorAll(".modal .o_data_row").length != 1) throw new Error("one row expected");
            await click(".modal button[name=action_push]", "Push These");
            await see(".o_notification", "1 stock level was pushed.");
        """,
        )
        self.assertEqual(self.at_eim(), {"TEE-1": 12, "MUG-1": 5})

    def test_zeros_that_wait_are_shown_and_pushed_from_the_error(self):
        goods = self.env["product.product"].create(
            [{"name": f"Good {n}", "default_code": f"G-{n}", "is_storable": True} for n in range(8)]
        )
        self.sandbox.store.levels.push(
            [{"sku": product.default_code, "qty_available": 100, "warehouse": "EAST"} for product in goods]
        )
        self.east.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.account.action_push_inventory()
        self.env.invalidate_all()
        error = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])
        self.play(
            f"/odoo/action-extensiv_connector.extensiv_error_action/{error.id}",
            """
            await see(".o_field_widget[name=message]", "8 of the 8 SKUs");
            await click("button[name=action_show_zeros]", "Show");
            await see(".o_data_row", "Never pushed before");
            await see(".o_data_row", "100");
            if (document.querySelectorAll(".o_data_row").length != 8) throw new Error("eight rows expected");
            await click(".breadcrumb-item a", "EAST");
            await click("button[name=action_push_zeros]", "Push Them");
            await click(".modal-footer .btn-primary", "Ok");
            await see(".o_notification", "8 stock levels were pushed.");
        """,
        )
        self.assertEqual(
            {sku for sku, quantity in self.at_eim().items() if not quantity}, set(goods.mapped("default_code"))
        )
        self.assertEqual(error.state, "resolved")

    def test_a_product_is_left_alone_and_set_to_zero(self):
        tee = self.products[0]
        person = self.env["res.users"].search([("login", "=", "mapper")])
        person.group_ids += self.env.ref("stock.group_stock_manager") + self.env.ref("sales_team.group_sale_manager")
        person.group_ids += self.env.ref("product.group_product_manager")
        self.east.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.play(
            f"/odoo/action-stock.product_template_action_product/{tee.product_tmpl_id.id}",
            """
            await click(".nav-link", "Inventory");
            await click(".o_field_widget[name=extensiv_stock_rule] label", "Leave Alone");
            await click(".o_form_button_save");
            await saved();
            await click("button[name=action_extensiv_set_zero]", "Set to Zero at EIM");
            await click(".modal-footer .btn-primary", "Ok");
            await see(".o_notification", "with the next push");
        """,
        )
        self.assertEqual(tee.extensiv_stock_rule, "leave")
        level = self.env["extensiv.stock.level"].search([("sku", "=", "TEE-1")])
        self.assertTrue(level.zero_asked)

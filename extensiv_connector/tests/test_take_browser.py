from odoo.tests import HttpCase, new_test_user, tagged

from ..sandbox.levels import Level
from .browser_common import BrowserMixin


@tagged("post_install", "-at_install")
class TestTakeInBrowser(BrowserMixin, HttpCase):
    who = "starter"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.stock = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1).lot_stock_id
        new_test_user(
            cls.env, "starter", "extensiv_connector.group_manager,stock.group_stock_manager", password="starter-starter"
        )

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1}
        self.connect()
        self.east = self.account.location_ids
        self.east.stock_location_id = self.stock
        now = "2024-01-01T00:00:00+00:00"
        self.sandbox.store.levels.items = {
            sku: {"EAST": Level(quantity, quantity, now)}
            for sku, quantity in (("TEE-1", 100), ("MUG-1", 40), ("GHOST", 3))
        }

    def quants(self):
        return self.env["stock.quant"].search(
            [("product_id", "in", self.products.ids), ("location_id", "=", self.stock.id)]
        )

    def test_a_new_shop_takes_eims_quantities_and_applies_one_of_them(self):
        self.play(
            f"/odoo/action-extensiv_connector.extensiv_location_action/{self.east.id}",
            """
            await click("button[name=action_take_quantities]");
            await see(".modal .o_data_row", "TEE-1");
            await see(".modal .o_data_row", "not an internal reference");
            await click(".modal button[name=action_propose]");
            await click(".modal footer button, .modal .modal-footer button", "Ok");
            await see(".o_list_view .o_breadcrumb", "Physical Inventory");
            await see(".o_data_row", "TEE-1");
            const row = await see(".o_data_row", "MUG-1");
            row.querySelector("button[name=action_apply_inventory]").click();
            await until("applied", () => ![...document.querySelectorAll(".o_data_row")].find((each) =>
                each.innerText.includes("MUG-1") && each.querySelector("button[name=action_apply_inventory]")));
        """,
        )
        quantities = {quant.product_id.default_code: quant.quantity for quant in self.quants()}
        self.assertEqual(quantities, {"TEE-1": 0, "MUG-1": 40})

    def test_the_example_is_shown_on_the_location_that_the_account_lists(self):
        self.env["stock.quant"]._update_available_quantity(self.products[0], self.stock, 12)
        self.play(
            f"/odoo/action-extensiv_connector.extensiv_account_action/{self.account.id}",
            """
            await click(".nav-link", "Locations");
            await click(".o_field_widget[name=location_ids] .o_data_row .o_list_record_open_form_view");
            await choose("example_product_id", "Black tee");
            await see(".o_field_widget[name=example] tfoot", "12");
            await click(".o_form_button_cancel");
            await saved();
        """,
        )

from odoo.tests import HttpCase, new_test_user, tagged

from ..sandbox.levels import Level
from .browser_common import BrowserMixin


@tagged("post_install", "-at_install")
class TestGoLiveInBrowser(BrowserMixin, HttpCase):
    """A new shop's manager presses Go Live before anything is counted."""

    who = "golive"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.stock = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1).lot_stock_id
        (cls.env["product.product"].search([("default_code", "!=", False)]) - cls.products).extensiv_push = False
        new_test_user(cls.env, "golive", "extensiv_connector.group_manager", password="golive-golive")

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1}
        self.sandbox.store.levels.items = {
            sku: {"EAST": Level(100, 100, "2019-03-01T08:00:00+00:00")} for sku in ("TEE-1", "MUG-1", "OTHER")
        }
        self.connect()
        self.account.location_ids.write({"push_enabled": True, "stock_location_id": self.stock.id})
        self.account.setup_step = "live"
        self.env.flush_all()

    def open_and(self, steps):
        """Open the account and do ``steps``."""
        self.play(f"/odoo/action-extensiv_connector.extensiv_account_action/{self.account.id}", steps)

    def test_go_live_says_the_number_and_waits_for_the_confirmation(self):
        self.open_and("""
            await click("div[name=setup_live] button[name=action_go_live]");
            await see(".modal .alert-danger", "2 of 3 SKUs would become 0");
            await see(".modal .o_data_row", "TEE-1");
            await click(".modal footer button[name=action_go_live]");
            await see(".modal-body", "2 SKUs would become 0 in all carts");
            await click(".modal footer button", "Close");
            await click(".modal [name=understood] input");
            await see(".modal-body", "I understand: 2 SKUs become 0");
            await click(".modal footer button[name=action_go_live]");
            await see(".o_notification", "The schedules have started");
            await see(".o_field_widget[name=push_inventory] input");
        """)
        self.assertEqual(self.account.push_inventory, True)
        self.assertEqual(self.account.setup_step, "done")

    def test_the_preview_lists_every_level_and_changes_nothing(self):
        self.open_and("""
            await click("div[name=setup_live] button[name=action_preview_stock]");
            await see(".modal .alert-danger", "2 of 3 SKUs would become 0");
            await see(".modal .o_kanban_record button", "Take EIM's Quantities");
            await click(".modal button[name=action_show_lines]");
            await see(".o_list_view .o_data_row", "Only at EIM");
        """)
        self.assertFalse(self.account.push_inventory)

    def test_a_setting_that_empties_the_carts_is_warned_about_before_it_is_saved(self):
        for product in self.products:
            self.env["stock.quant"]._update_available_quantity(product, self.stock, 5)
        self.account.write({"push_inventory": True, "setup_step": "done"})
        self.env.flush_all()
        with self.flows():
            self.account.action_push_inventory()
        self.env.invalidate_all()
        self.open_and("""
            await click(".nav-link", "Stock");
            await type(".o_field_widget[name=buffer_qty] input", "9");
            await see(".modal-body", "2 of 2 SKUs would become 0");
            await click(".modal footer button", "Close");
            await see(".o_field_widget[name=level_preview]", "TEE-1");
            await click(".o_form_button_cancel");
            await saved();
        """)
        self.assertFalse(self.account.buffer_qty)

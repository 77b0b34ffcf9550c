"""A person works with orders from the inbox, on a desk and on a phone: failed ones, known ones, cancelled ones."""

from odoo.tests import HttpCase, tagged

from .browser_common import BrowserMixin

HELPERS = """
    const open = (action) =>
        odoo.__WOWL_DEBUG__.root.env.services.action.doAction(action, { clearBreadcrumbs: true });
    const show = (model, ...views) => open({
        type: "ir.actions.act_window", name: model, res_model: model, mobile_view_mode: "kanban",
        domain: [["extensiv_cust_ref", "=", "GONE-1"]], views: views.map((view) => [false, view]),
    });
    const fits = () => {
        if (document.documentElement.scrollWidth > window.innerWidth) {
            throw new Error(`the page is wider than the screen: ${document.documentElement.scrollWidth}`);
        }
    };
"""
OPEN_WHAT_FAILED = """
    await see(".o_search_panel_category_value.active, .o_search_panel_category_value .active", "Needs You");
    const counts = [...document.querySelectorAll(".o_search_panel_category_value")].map((node) => node.innerText);
    for (const part of ["Needs You", "Imported", "Cancelled"]) {
        if (!counts.some((text) => text.includes(part) && /\\d/.test(text))) {
            throw new Error(`${part} has no count: ${counts}`);
        }
    }
    await see(".o_data_row [name=buyer]", "Mary Doe");
    if (document.querySelectorAll(".o_data_row").length !== 1) {
        throw new Error("what needs nobody is shown, too");
    }
    await click(".o_data_row [name=order_number]", "FAILED-1");
"""
OPEN_ITS_CARD = """
    for (const shown of ["Mary Doe", "NEW-9", "Failed"]) {
        await see(".o_kanban_record", shown);
    }
    await see(".o_kanban_record button[name=action_import]", "Retry");
    await see(".o_kanban_record button[name=action_fix]", "Add Alias");
    await click(".o_kanban_record", "FAILED-1");
"""
ASK_FOR_ITS_PRODUCT = """
    await see(".alert button[name=action_fix]", "Add Alias");
    await see(".alert button[name=action_create_products]");
    fits();
    await click(".alert button[name=action_choose_products]");
"""
CHOOSE_IN_THE_LIST = """
    await click(".modal .o_data_cell[name=product_id]");
    await type(".modal [name=product_id] input", "Black");
    await click(".o-autocomplete--dropdown-item a", "Black tee");
"""
CHOOSE_ON_A_CARD = """
    await click(".modal .o_kanban_record", "NEW-9");
    await click(".modal [name=product_id] input");
    await click(".modal .o_kanban_record", "Black tee");
    await see(".modal:not(.o_inactive_modal) [name=product_id] .o_external_button");
    await click(".modal:not(.o_inactive_modal) .o_form_button_save");
    await see(".modal:not(.o_inactive_modal) .o_kanban_record", "Black tee");
    await see(".modal:not(.o_inactive_modal) button[name=action_apply]");
"""
SEE_IT_IMPORTED = """
    await click(".modal button[name=action_apply]");
    await see(".o_notification", "have their products");
    await gone(".modal");
    await see(window.innerWidth < 768 ? ".o_statusbar_status button" : ".o_arrow_button_current", "Imported");
    await gone(".o_widget_web_ribbon", "FAILED");  // in capitals by its style
    fits();
"""
FETCH_WHAT_IS_HERE = """
    await open("extensiv_connector.extensiv_fetch_action");
    await type(".modal [name=reference] input", "GOOD-1");
    await click(".modal button[name=action_fetch]");
    await see(".o_form_view [name=order_number]", "GOOD-1");
    await see(".o_notification", "is here already");
"""
SEE_WHAT_WAS_CANCELLED = """
    await open("extensiv_connector.extensiv_order_all_action");
    await see(".o_data_row [name=badge], .o_kanban_record [name=badge]", "Cancelled");
    await click(".o_data_row [name=order_number], .o_kanban_record", "GONE-1");
    await see(".o_widget_web_ribbon", "CANCELLED");  // in capitals by its style
    await see("[name=shipment_shown]", "Cancelled");
    await show("sale.order", "list", "kanban", "form");
    await click(".o_data_row [name=name], .o_kanban_record", "GONE-1");
    await see("[name=extensiv_shipment_shown]", "Cancelled");
    await see("[name=extensiv_delivery_address]", "5 High Street");
    await see(".o-mail-Message", "Cancelled here only");
    fits();
"""
REST = FETCH_WHAT_IS_HERE + SEE_WHAT_WAS_CANCELLED


@tagged("post_install", "-at_install")
class TestInboxBrowser(BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def work(self, steps, ready):
        """Let the administrator do ``steps`` in an inbox of three orders: one failed, one was cancelled here."""
        self.connect()
        address = {"ship_address_1": "5 High Street", "ship_city": "Boston", "ship_country": "US"}
        buyer = {"cust_first_name": "Mary", "cust_last_name": "Doe", "order_source": "Shopify", **address}
        for cust_ref, sku in (("GOOD-1", "MUG-1"), ("GONE-1", "MUG-1"), ("FAILED-1", "NEW-9")):
            self.add_orders(
                {"cust_ref": cust_ref, "items": [{"item": sku, "quantity": "1", "price": "10.00"}], **buyer}
            )
        self.pull()
        self.account.cart_ids.is_new = False
        self.inbox("GONE-1").sale_order_id._action_cancel()
        self.env["extensiv.order"].search([("account_id", "!=", self.account.id)]).state = "ignored"
        action = self.env.ref("extensiv_connector.extensiv_order_action")
        self.play(f"/odoo/action-{action.id}", steps, helpers=HELPERS, ready=ready, timeout=90)
        order = self.inbox("FAILED-1")
        self.assertEqual((order.state, order.sale_order_id.order_line.product_id), ("imported", self.products[0]))

    def test_on_a_desk_orders_are_worked_with_from_the_inbox(self):
        self.work(
            OPEN_WHAT_FAILED + ASK_FOR_ITS_PRODUCT + CHOOSE_IN_THE_LIST + SEE_IT_IMPORTED + REST,
            "!!document.querySelector('.o_list_view .o_data_row')",
        )

    def test_on_a_phone_a_failed_order_is_put_right_from_its_card(self):
        self.browser_size = "390x844"
        self.touch_enabled = True
        self.work(
            OPEN_ITS_CARD + ASK_FOR_ITS_PRODUCT + CHOOSE_ON_A_CARD + SEE_IT_IMPORTED + REST,
            "!!document.querySelector('.o_kanban_view .o_kanban_record')",
        )

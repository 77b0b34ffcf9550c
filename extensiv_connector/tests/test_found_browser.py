"""A person opens the inbox, on a desk and on a phone, and puts right what needs it from there."""

from odoo.tests import HttpCase, tagged

from .test_carts_browser import BrowserMixin
from .test_shipments_browser import ACTIONS

BEGIN_WITH_WHAT_FAILED = """
    await find(".o_search_panel_category_value.active, .o_search_panel_category_value .active", "Needs You");
    const counts = [...document.querySelectorAll(".o_search_panel_category_value")].map((node) => node.innerText);
    for (const part of ["Needs You", "Imported"]) {
        if (!counts.some((text) => text.includes(part) && /\\d/.test(text))) {
            throw new Error(`${part} has no count: ${counts}`);
        }
    }
    await find(".o_data_row [name=buyer]", "Mary Doe");
    if (document.querySelectorAll(".o_data_row").length !== 1) {
        throw new Error("what needs nobody is shown, too");
    }
    await click(".o_data_row [name=order_number]", "FAILED-1");
    await find(".o_arrow_button_current", "Failed");
    await find(".alert button[name=action_fix]", "Add Alias");
    await find(".alert button[name=action_choose_products]");
    await click(".alert button[name=action_create_products]");
    await click(".modal footer .btn-primary");
    await find(".o_arrow_button_current", "Imported");
    await click("button[name=action_open_sale_order]");
    await find("[name=extensiv_delivery_address]", "5 High Street");
"""
WORK_FROM_A_CARD = """
    const card = await find(".o_kanban_record", "FAILED-1");
    for (const shown of ["Mary Doe", "NEW-9", "Failed"]) {
        await find(".o_kanban_record", shown);
    }
    if (document.documentElement.scrollWidth > window.innerWidth) {
        throw new Error("the page is wider than the phone");
    }
    await find(".o_kanban_record button[name=action_import]", "Retry");
    await click(".o_kanban_record button[name=action_fix]", "Add Alias");
    await find(".modal [name=sku]", "NEW-9");
"""


class InboxMixin(BrowserMixin):
    def open_inbox(self, steps, ready):
        """Let the administrator open an inbox of two orders, one of which failed, and do ``steps``."""
        self.connect()
        address = {"ship_address_1": "5 High Street", "ship_city": "Boston", "ship_country": "US"}
        buyer = {"cust_first_name": "Mary", "cust_last_name": "Doe", "order_source": "Shopify", **address}
        for cust_ref, sku in (("GOOD-1", "TEE-1"), ("FAILED-1", "NEW-9")):
            self.add_orders(
                {"cust_ref": cust_ref, "items": [{"item": sku, "quantity": "1", "price": "10.00"}], **buyer}
            )
        self.pull()
        self.account.cart_ids.is_new = False
        self.env["extensiv.order"].search([("account_id", "!=", self.account.id)]).state = "ignored"
        self.env.flush_all()
        action = self.env.ref("extensiv_connector.extensiv_order_action")
        self.browser_js(f"/odoo/action-{action.id}", ACTIONS % steps, ready=ready, login="admin", timeout=60)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestInboxBrowser(InboxMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_the_inbox_begins_with_what_failed_and_its_form_puts_it_right(self):
        self.open_inbox(BEGIN_WITH_WHAT_FAILED, "!!document.querySelector('.o_list_view .o_data_row')")
        self.assertEqual(self.inbox("FAILED-1").state, "imported")


@tagged("post_install", "-at_install")
class TestInboxPhone(InboxMixin, HttpCase):
    browser_size = "390x844"
    touch_enabled = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def test_on_a_phone_a_card_says_who_bought_what_and_carries_its_buttons(self):
        self.open_inbox(WORK_FROM_A_CARD, "!!document.querySelector('.o_kanban_view .o_kanban_record')")

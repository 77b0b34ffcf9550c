from odoo.tests import HttpCase, new_test_user, tagged

from .browser_common import BrowserMixin

READY = "odoo.isReady === true"


@tagged("post_install", "-at_install")
class TestObserveInBrowser(BrowserMixin, HttpCase):
    who = "watcher"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        new_test_user(
            cls.env,
            login="watcher",
            password="watcher-watcher",
            groups="base.group_user,extensiv_connector.group_manager,sales_team.group_sale_manager",
        )

    def setUp(self):
        super().setUp()
        self.sandbox.sandbox.reset(**self.sandbox_options)
        self.connect()

    def failed(self, *refs):
        self.add_orders(
            *({"cust_ref": ref, "items": [{"item": "ABC-1", "price": "5", "quantity": "1"}]} for ref in refs)
        )
        self.pull()

    def walk(self, path, steps):
        self.play(path, steps, ready=READY, timeout=90)

    def errors(self):
        return self.env["extensiv.error"].search([("account_id", "=", self.account.id)])

    def test_retry(self):
        self.failed("A-1", "A-2")
        self.env["product.product"].create({"name": "New", "default_code": "ABC-1"})
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_error_action",
            """
            await see(".o_data_row", "A-1");
            await click(".o_list_view thead .o_list_record_selector input");
            await click(".o_control_panel button[name=action_retry]");
            await see(".o_notification", "2 of 2 solved");
            await gone(".o_data_row", "A-1");
        """,
        )
        self.assertEqual(self.errors().mapped("state"), ["resolved"] * 2)

    def test_dismiss(self):
        self.failed("B-1", "B-2")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_error_action",
            """
            const row = await see(".o_data_row", "B-1");
            row.querySelector("button[name=action_dismiss]").click();
            await gone(".o_data_row", "B-1");
            await see(".o_data_row", "B-2");
        """,
        )
        self.assertEqual({error.key: error.state for error in self.errors()}, {"B-1": "dismissed", "B-2": "open"})

    def test_an_alias_from_the_error(self):
        self.failed("C-1")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_error_action",
            """
            (await see(".o_data_row", "C-1")).querySelector("button[name=action_fix]").click();
            await see(".modal [name=sku]", "ABC-1");
            await type(".modal [name=product_id] input", "Black tee");
            await click(".modal .o-autocomplete--dropdown-item", "Black tee");
            await click(".modal button[name=action_add]");
            await see(".o_notification", "Solved");
            await gone(".modal");
            await gone(".o_data_row", "C-1");
        """,
        )
        self.assertEqual(self.errors().state, "resolved")

    def test_dashboard(self):
        self.failed("D-1")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_dashboard_action",
            """
            const card = await see(".o_kanban_record", "Test shops");
            await see(".o_kanban_record", "Errors waiting for a person: 1.");
            await see(".o_kanban_record canvas");
            for (const cart of ["Shopify", "Orders", "Alerts"]) {
                await see(".o_kanban_record", cart);
            }
            card.querySelector("[name=action_open_errors]").click();
            await see(".o_data_row", "D-1");
        """,
        )

    def test_diagnosis(self):
        self.failed("E-1")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_dashboard_action",
            """
            await click(".o_kanban_record [name=action_open_diagnosis]");
            await type(".modal [name=order_number] input", "E-1");
            await click(".modal button[name=action_diagnose]");
            await see(".modal [data-mark=bad]", "could not be imported: SKU ABC-1");
            await see(".modal [data-mark=good]", "EIM knows the order");
            await see(".modal button.o_clipboard_button, .modal .o_clipboard_button", "Copy as Text");
        """,
        )

    def test_alerts_open_eims_page_in_a_new_tab(self):
        self.sandbox.store.add_alert({"subject": "Cart access", "order_source": "Etsy"})
        with self.flows():
            self.account.action_fetch_alerts()
        self.account.alerts_url = "https://app.example.com/alerts"
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_alert_action",
            """
            let opened;
            // Odoo keeps the browser's own function, so it is its object that is looked over
            const {browser} = odoo.loader.modules.get("@web/core/browser/browser");
            browser.open = (url, target) => { opened = `${url} ${target}`; return {closed: false}; };
            await click(".o_data_row td[name=subject]", "Cart access");
            await until("a page opened", () => opened);
            if (opened !== "https://app.example.com/alerts _blank") {
                throw new Error(`opened ${opened}`);
            }
        """,
        )

    def test_prove_a_route(self):
        self.add_orders({"cust_ref": "P-1", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]})
        self.fault(route="acknowledge", kind="invalid")
        self.pull()
        self.walk(
            f"/odoo/action-extensiv_connector.extensiv_account_action/{self.account.id}",
            """
            await click("button[name=action_open_diagnosis]");
            await click(".modal button[name=action_open_routes]");
            await click("button[name=action_try_routes]");
            await see(".o_data_row", "Answered, entries");
            const row = await see(".o_data_row", "Tell EIM that an order is in Odoo.");
            row.querySelector("button[name=action_prove]").click();
            await click(".modal div[name=order_id] input");
            await click(".o-autocomplete--dropdown-item", "P-1");
            await see(".modal div[name=request_body]", "at_wms");
            await click(".modal button[name=action_send]");
            await see(".modal .alert-success", "EIM accepted it, and shows it done.");
            await click(".modal footer button", "Close");
            await gone(".modal");
            await see(".o_data_row", "new → at_wms");
        """,
        )
        self.assertEqual(self.account.route_proofs["acknowledge"]["result"], "proven")
        self.assertTrue(self.inbox("P-1").acknowledged_at)

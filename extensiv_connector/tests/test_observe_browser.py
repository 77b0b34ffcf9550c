from odoo.tests import HttpCase, new_test_user, tagged

from .common import ConnectorMixin

# Steps in the page: wait for what `find` names (by a selector, and by its text), then do something with it.
TOOLS = """
    const pause = (ms) => new Promise((done) => setTimeout(done, ms));
    async function find(selector, text = "") {
        for (let tries = 0; tries < 150; tries++) {
            for (const found of document.querySelectorAll(selector)) {
                if (found.innerText.includes(text) && found.offsetParent !== null) {
                    return found;
                }
            }
            await pause(100);
        }
        throw new Error(`no ${selector} with "${text}" in: ${document.body.innerText}`);
    }
    async function gone(selector, text = "") {
        for (let tries = 0; tries < 150; tries++) {
            if (![...document.querySelectorAll(selector)].some((found) => found.innerText.includes(text))) {
                return;
            }
            await pause(100);
        }
        throw new Error(`${selector} with "${text}" is still there`);
    }
    async function type(selector, text) {
        const input = await find(selector);
        input.focus();
        input.value = text;
        input.dispatchEvent(new Event("input", {bubbles: true}));
        input.dispatchEvent(new Event("change", {bubbles: true}));
    }
"""
READY = "odoo.isReady === true"


@tagged("post_install", "-at_install")
class TestObserveInBrowser(ConnectorMixin, HttpCase):
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
        self.env.flush_all()
        self.browser_js(
            path,
            f"{TOOLS} (async () => {{ {steps} console.log('test successful'); }})()"
            ".catch((error) => console.error(error.message));",
            READY,
            login="watcher",
            timeout=90,
        )
        self.env.invalidate_all()

    def errors(self):
        return self.env["extensiv.error"].search([("account_id", "=", self.account.id)])

    def test_retry(self):
        self.failed("A-1", "A-2")
        self.env["product.product"].create({"name": "New", "default_code": "ABC-1"})
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_error_action",
            """
            await find(".o_data_row", "A-1");
            (await find(".o_list_view thead .o_list_record_selector input")).click();
            (await find(".o_control_panel button[name=action_retry]")).click();
            await find(".o_notification", "2 of 2 solved");
            await gone(".o_data_row", "A-1");
        """,
        )
        self.assertEqual(self.errors().mapped("state"), ["resolved"] * 2)

    def test_dismiss(self):
        self.failed("B-1", "B-2")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_error_action",
            """
            const row = await find(".o_data_row", "B-1");
            row.querySelector("button[name=action_dismiss]").click();
            await gone(".o_data_row", "B-1");
            await find(".o_data_row", "B-2");
        """,
        )
        self.assertEqual({error.key: error.state for error in self.errors()}, {"B-1": "dismissed", "B-2": "open"})

    def test_an_alias_from_the_error(self):
        self.failed("C-1")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_error_action",
            """
            (await find(".o_data_row", "C-1")).querySelector("button[name=action_fix]").click();
            await find(".modal [name=sku]", "ABC-1");
            await type(".modal [name=product_id] input", "Black tee");
            (await find(".modal .o-autocomplete--dropdown-item", "Black tee")).click();
            (await find(".modal button[name=action_add]")).click();
            await find(".o_notification", "Solved");
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
            const card = await find(".o_kanban_record", "Test shops");
            await find(".o_kanban_record", "Errors waiting for a person: 1.");
            await find(".o_kanban_record canvas");
            for (const cart of ["Shopify", "Orders", "Alerts"]) {
                await find(".o_kanban_record", cart);
            }
            card.querySelector("[name=action_open_errors]").click();
            await find(".o_data_row", "D-1");
        """,
        )

    def test_diagnosis(self):
        self.failed("E-1")
        self.walk(
            "/odoo/action-extensiv_connector.extensiv_dashboard_action",
            """
            (await find(".o_kanban_record [name=action_open_diagnosis]")).click();
            await type(".modal [name=order_number] input", "E-1");
            (await find(".modal button[name=action_diagnose]")).click();
            await find(".modal [data-mark=bad]", "could not be imported: SKU ABC-1");
            await find(".modal [data-mark=good]", "EIM knows the order");
            await find(".modal button.o_clipboard_button, .modal .o_clipboard_button", "Copy as Text");
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
            (await find(".o_data_row td[name=subject]", "Cart access")).click();
            for (let tries = 0; tries < 50 && !opened; tries++) {
                await pause(100);
            }
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
            (await find("button[name=action_open_diagnosis]")).click();
            (await find(".modal button[name=action_open_routes]")).click();
            (await find("button[name=action_try_routes]")).click();
            await find(".o_data_row", "Answered, entries");
            const row = await find(".o_data_row", "Tell EIM that an order is in Odoo.");
            row.querySelector("button[name=action_prove]").click();
            (await find(".modal div[name=order_id] input")).click();
            (await find(".o-autocomplete--dropdown-item", "P-1")).click();
            await find(".modal div[name=request_body]", "at_wms");
            (await find(".modal button[name=action_send]")).click();
            await find(".modal .alert-success", "EIM accepted it, and shows it done.");
            (await find(".modal footer button", "Close")).click();
            await gone(".modal");
            await find(".o_data_row", "new → at_wms");
        """,
        )
        self.assertEqual(self.account.route_proofs["acknowledge"]["result"], "proven")
        self.assertTrue(self.inbox("P-1").acknowledged_at)

"""What a person does on a desk and on a phone: the same flows, on a list here and on cards there."""

from odoo.tests import HttpCase, new_test_user, tagged

from .browser_common import BrowserMixin

# A row of a list, or a card of the same record; the button of it that has a name.
PARTS = """
const row = (text) => see(".o_data_row, .o_kanban_record", text);
const press = async (text, name) => {
    const found = await until(`${name} of ${text}`, () => {
        const rows = [...document.querySelectorAll(".o_data_row, .o_kanban_record")];
        return rows.find((each) => each.innerText.includes(text))?.querySelector(`[name=${name}]`);
    });
    found.click();
};
// A phone opens a list of what can be chosen.
const pick = async (field, text) => {
    const input = await until(field, () => document.querySelector(`.o_field_widget[name=${field}] input`));
    if (!input.readOnly) return choose(field, text);
    input.click();
    await click(".modal .o_kanban_record, .modal .o_data_row td", text);
};
const open = (action, options) =>
    odoo.__WOWL_DEBUG__.root.env.services.action.doAction(`extensiv_connector.${action}`, options);
const fits = () => {
    const page = document.scrollingElement;
    if (page.scrollWidth > innerWidth + 1) throw new Error(`${page.scrollWidth} wide on ${innerWidth}`);
    for (const part of document.querySelectorAll(".o_content, .modal-body, .o_list_renderer")) {
        if (part.scrollWidth > part.clientWidth + 1) {
            throw new Error(`${part.className}: ${part.scrollWidth} wide in ${part.clientWidth}`);
        }
    }
};
"""


class ScreensCase(BrowserMixin, HttpCase):
    """A manager of the shop; few browsers are started, each for several flows."""

    who = "keeper"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.env["extensiv.account"].search([("id", "!=", cls.account.id)]).active = False
        warehouse = cls.env["stock.warehouse"].search([("company_id", "=", cls.company.id)], limit=1)
        cls.stock = cls.env["stock.location"].create({"name": "Shelf 7", "location_id": warehouse.lot_stock_id.id})
        (cls.env["product.product"].search([("default_code", "!=", False)]) - cls.products).extensiv_push = False
        for product in cls.products:
            cls.env["stock.quant"]._update_available_quantity(product, cls.stock, 12)
        cls.person = new_test_user(
            cls.env,
            "keeper",
            "extensiv_connector.group_manager,sales_team.group_sale_manager,base.group_system",
            password="keeper-keeper",
        )

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1, "WEST": 2}
        self.connect()
        self.east = self.account.location_ids.filtered(lambda location: location.name == "EAST")

    def visit(self, action, steps):
        """Open a window of ours and do ``steps``."""
        path = f"/odoo/action-extensiv_connector.{action}"
        self.play(path, steps, helpers=PARTS, ready="odoo.isReady === true", timeout=90)

    def at_eim(self):
        return {level["sku"]: level["qty_available"] for level in self.sandbox.store.levels.listing("EAST")}


@tagged("post_install", "-at_install")
class TestOnADesk(ScreensCase):
    # In the row on a desk, in the form that a card opens on a phone.
    map_east = """
        await click(".o_data_row td[name=name]", "EAST");
        await pick("stock_location_id", "%s");
        (await until("switch", () => document.querySelector(".o_selected_row [name=push_enabled] input"))).click();
        await click(".o_list_button_save");
        await gone(".o_selected_row");
        await see(".o_data_row", "%s");
    """

    def test_what_a_shop_does_every_day(self):
        """Map a location, and retry, dismiss and fix an error where they are listed."""
        self.add_orders(
            *(
                {"cust_ref": ref, "items": [{"item": ref, "price": "5", "quantity": "1"}]}
                for ref in ("A-1", "B-1", "C-1")
            )
        )
        self.pull()
        self.env["product.product"].create({"name": "New", "default_code": "A-1"})
        self.visit(
            "extensiv_location_action",
            """
            await row("EAST");
            fits();
            """
            + self.map_east.replace("%s", self.stock.name)
            + """
            await open("extensiv_error_action", {clearBreadcrumbs: true});
            await row("SKU C-1");
            fits();
            await press("SKU A-1", "action_retry");
            await see(".o_notification", "Solved");
            await gone(".o_data_row, .o_kanban_record", "SKU A-1");
            await press("SKU B-1", "action_dismiss");
            await gone(".o_data_row, .o_kanban_record", "SKU B-1");
            await press("SKU C-1", "action_fix");
            await see(".modal [name=sku]", "C-1");
            fits();
            await pick("product_id", "Black tee");
            await click(".modal button[name=action_add]");
            await gone(".o_data_row, .o_kanban_record", "SKU C-1");
        """,
        )
        self.assertEqual((self.east.push_enabled, self.east.stock_location_id), (True, self.stock))
        errors = self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("flow", "=", "orders")])
        self.assertEqual(
            {error.key: error.state for error in errors}, {"A-1": "resolved", "B-1": "dismissed", "C-1": "resolved"}
        )
        alias = self.env["extensiv.sku.alias"].search([("account_id", "=", self.account.id), ("sku", "=", "C-1")])
        self.assertEqual(alias.product_id, self.products[0])
        with self.flows():
            self.account.action_push_inventory()
        self.assertEqual((self.at_eim()["TEE-1"], self.at_eim()["MUG-1"]), (11, 12), "one tee is sold by now")

    def test_what_an_administrator_looks_at(self):
        """Diagnose the only account, compare its stock, and save the settings."""
        self.east.write({"push_enabled": True, "stock_location_id": self.stock.id})
        with self.flows():
            self.account.action_push_inventory()
        self.sandbox.store.levels.items["TEE-1"]["EAST"].qty_available = 99
        self.visit(
            "extensiv_diagnosis_action",
            f"""
            const only = () => document.querySelector(".modal [name=account_id] input")?.value === "Test shops";
            await until("the only account", only);
            fits();
            await click(".modal button[name=action_diagnose]");
            await see(".modal [data-mark=good]");
            fits();
            await click(".modal .btn-close, .modal .btn-secondary", "");
            await gone(".modal");
            await open("extensiv_account_action", {{viewType: "form", props: {{resId: {self.account.id}}}}});
            await click(".o_form_view .nav-link", "Stock");
            await click("button[name=action_compare]");
            await until("the account of the page", only);
            await click(".modal button[name=action_read]", "Read from EIM");
            await see(".modal .o_data_row, .modal .o_kanban_record", "99");
            fits();
            await click(".modal button[name=action_push]", "Push These");
            await see(".o_notification", "1 stock level was pushed.");
            await open("extensiv_settings_action", {{clearBreadcrumbs: true}});
            await see(".o_form_view", "Parallel");
            fits();
            await type("[name=extensiv_run_days] input", "12");
            await click(".o_form_button_save");
            const settings = odoo.__WOWL_DEBUG__.root.env.services.orm;
            for (let tries = 0; tries < 50; tries++) {{
                const [{{value}} = {{}}] = await settings.searchRead(
                    "ir.config_parameter", [["key", "=", "extensiv_connector.run_days"]], ["value"]);
                if (value === "12") return;
                await new Promise((done) => setTimeout(done, 100));
            }}
            throw new Error("not saved");
        """,
        )
        self.assertEqual(self.at_eim()["TEE-1"], 12)

    def test_dialogs_without_an_account_say_what_is_missing(self):
        self.account.active = False
        self.visit(
            "extensiv_diagnosis_action",
            """
            const silent = async (name) => {
                await see(".modal .alert", "no account yet");
                fits();
                const button = document.querySelector(`.modal button[name=${name}]`);
                if (button?.offsetParent) throw new Error(`${name} can be pressed`);
                if (document.querySelector(".modal .o_field_invalid")) throw new Error("something turned red");
            };
            await silent("action_diagnose");
            await open("extensiv_fetch_action");
            await see(".modal .modal-title", "Fetch Orders");
            await silent("action_fetch");
        """,
        )


@tagged("post_install", "-at_install")
class TestOnAPhone(TestOnADesk):
    browser_size = "390x844"
    touch_enabled = True
    map_east = """
        (await row("EAST")).querySelector(".fw-bold").click();
        await click(".o_form_view .o_field_widget[name=push_enabled] input");
        await see(".o_form_view .o_field_widget[name=stock_location_id].o_required_modifier");
        await pick("stock_location_id", "%s");
        await gone(".modal");
        fits();
        await click(".o_form_button_save");
    """

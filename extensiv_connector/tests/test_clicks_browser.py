"""The most common jobs take a person in the web client as many clicks as the user guide says, from the apps on."""

import json

from lxml import html

from odoo.tests import HttpCase, tagged
from odoo.tools import file_open

from .browser_common import BrowserMixin
from .shipments_common import ShipmentMixin

CHAPTER = "the-ten-most-common-jobs"
# Measured from an Odoo without the addon, by `tests/processes/test_install.py`.
INSTALLING = "Install, connect and go live"

# What a person clicks; what is typed is no click, but a field that does not wait for it has to be clicked first.
CLICKING = """
let clicks = 0;
document.addEventListener("click", () => { clicks += 1; }, true);
const menu = async (...names) => {
    for (const name of names) {
        const item = `[data-menu-xmlid='extensiv_connector.menu_extensiv_${name}']`;
        const shown = (selector) => [...document.querySelectorAll(selector)].find((node) => node.offsetParent);
        const found = await until(name, () => shown(item) || shown(".o_menu_sections_more button"));
        found.click();
        if (found.closest(".o_menu_sections_more")) await click(item);
    }
};
const pause = () => new Promise((done) => setTimeout(done, 300));
const inRow = async (words, selector) => {
    const find = () => [...document.querySelectorAll(".o_data_row")].find((row) => row.innerText.includes(words))
        ?.querySelector(selector);
    await until(`${selector} of ${words}`, find);
    await pause();  // a list that opens is drawn more than once
    find().click();
};
const enter = async (selector, words) => {
    const input = await see(selector);
    await pause();
    if (document.activeElement !== input) input.click();
    await type(selector, words);
};
const measure = async (jobs, said) => {
    const wrong = [];
    for (const [job, steps] of Object.entries(jobs)) {
        await click(".o_navbar_apps_menu button");
        await see(".o_app[data-menu-xmlid='extensiv_connector.menu_extensiv_root']");
        clicks = 0;
        await click(".o_app[data-menu-xmlid='extensiv_connector.menu_extensiv_root']");
        await see(".o_extensiv_dashboard .o_kanban_record", "Test shops");
        try {
            await steps();
        } catch (error) {
            throw new Error(`${job}: ${error.message}`);
        }
        if (clicks !== said[job]) wrong.push(`“${job}” takes ${clicks} clicks, the guide says ${said[job]}`);
    }
    if (wrong.length) throw new Error(wrong.join("; "));
};
"""
JOBS = {
    "See which orders need you": """
        await menu("todo");
        await see(".o_data_row", "FAILED-1");
    """,
    "Say which product an unknown SKU is, and import its order": """
        await menu("todo");
        await inRow("FAILED-1", "button[name=action_fix]");
        await enter(".modal [name=product_id] input", "Black");
        await click(".o-autocomplete--dropdown-item a", "Black tee");
        await click(".modal button[name=action_add]");
        await until("FAILED-1 to leave", () => !document.querySelector(".modal") &&
            ![...document.querySelectorAll(".o_data_row")].some((row) => row.innerText.includes("NEW-9")));
    """,
    "Fetch one order by its number": """
        await menu("orders", "fetch");
        await enter(".modal [name=reference] input", "FETCH-1");
        await click(".modal button[name=action_fetch]");
        await see(".o_form_view h1", "FETCH-1");
    """,
    "Pull the new orders now": """
        await click(".o_extensiv_dashboard .o_kanban_record span", "Test shops");
        await click("button[name=action_pull_orders]");
        await see(".o_notification", "1 order was imported");
    """,
    "Map a location, and have its stock pushed": """
        await menu("configuration", "location");
        await inRow("EAST", "td[name=stock_location_id]");
        await enter(".o_selected_row td[name=stock_location_id] input", "Shop floor");
        await click(".o-autocomplete--dropdown-item a", "Shop floor");
        await click(".o_selected_row td[name=push_enabled] input");
        await click(".o_list_button_save");
        await until("saved", () => !document.querySelector(".o_selected_row"));
    """,
    "Push the stock now": """
        await click(".o_extensiv_dashboard .o_kanban_record span", "Test shops");
        await click("button[name=action_push_inventory]");
        await see(".o_notification", "level");
    """,
    "Tell EIM again of a shipment that it refused": """
        await menu("error");
        await inRow("Unmapped ship method", "button[name=action_retry]");
        await until("the error to end", () => ![...document.querySelectorAll(".o_data_row")].some(
            (row) => row.innerText.includes("Unmapped ship method")));
    """,
    "Dismiss an error": """
        await menu("error");
        await inRow("Look at this", "button[name=action_dismiss]");
        await until("the error to end", () => ![...document.querySelectorAll(".o_data_row")].some(
            (row) => row.innerText.includes("Look at this")));
    """,
    "See why an order is not here": """
        await click(".o_kanban_record [name=action_open_diagnosis]");
        await enter(".modal [name=order_number] input", "NOWHERE-1");
        await click(".modal button[name=action_diagnose]");
        await see(".modal .o_extensiv_diagnosis");
    """,
}


@tagged("post_install", "-at_install")
class TestClicks(ShipmentMixin, BrowserMixin, HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls._make_warehouse()
        (cls.env["product.product"].search([("default_code", "!=", False)]) - cls.products).extensiv_push = False
        cls.place = cls.env["stock.location"].create(
            {"name": "Shop floor", "usage": "internal", "location_id": cls.warehouse.lot_stock_id.id}
        )

    def read_table(self):
        """Return ``{job: clicks}`` as the guide says them."""
        with file_open("extensiv_connector/static/doc/guide.html") as page:
            [table] = html.parse(page).xpath(f"(//h2[@id='{CHAPTER}']/following::table)[1]")
        rows = [[cell.text_content() for cell in row.iter("td")] for row in table.iter("tr")]
        return {row[0]: int(row[-1]) for row in rows if row}

    def make_work(self):
        """Let everything wait for a person that the jobs are about."""
        self.sandbox.store.levels.locations = {"EAST": 1}
        self.connect()
        self.env["extensiv.error"].search([]).state = "resolved"
        carriers = self.sandbox.store.known_carriers
        self.sandbox.store.known_carriers = ("FEDEX",)
        self.shipped = self.order("SHIPPED-1")
        self.ship(self.shipped.picking_ids)
        self.push()
        self.sandbox.store.known_carriers = carriers  # somebody mapped it at EIM
        self.add_orders(self.describe("FAILED-1", "NEW-9"))
        self.pull()
        self.env["extensiv.error"]._report(
            self.account, "alerts", {"look": {"message": "Look at this", "category": "data"}}
        )
        self.add_orders(*(self.describe(cust_ref, "TEE-1") for cust_ref in ("FETCH-1", "PULL-1")))
        self.env.flush_all()

    def describe(self, cust_ref, sku):
        items = [{"item": sku, "quantity": "1", "price": "10.00"}]
        return {"cust_ref": cust_ref, "cust_po_no": cust_ref, "order_source": "Shopify", "items": items}

    def test_the_most_common_jobs_take_as_many_clicks_as_the_guide_says(self):
        said = self.read_table()
        self.assertEqual(list(said), [INSTALLING, *JOBS], "ten jobs, each of which is done here")
        self.make_work()
        jobs = ", ".join(f"{json.dumps(job)}: async () => {{ {steps} }}" for job, steps in JOBS.items())
        self.play(
            "/odoo",
            f"await measure({{ {jobs} }}, {json.dumps(said)});",
            helpers=CLICKING,
            ready="!!document.querySelector('.o_navbar_apps_menu button')",
            timeout=120,
        )
        self.assertEqual(
            [self.inbox(cust_ref).state for cust_ref in ("FAILED-1", "FETCH-1", "PULL-1")], ["imported"] * 3
        )
        self.assertEqual(self.shipped.extensiv_shipment_state, "sent")
        location = self.account.location_ids.filtered(lambda location: location.name == "EAST")
        self.assertEqual((location.stock_location_id, location.push_enabled), (self.place, True))
        self.assertTrue(self.sandbox.store.levels.listing("EAST"), "its stock is at EIM")
        self.assertFalse(
            self.env["extensiv.error"].search([("state", "=", "open"), ("account_id", "=", self.account.id)])
        )

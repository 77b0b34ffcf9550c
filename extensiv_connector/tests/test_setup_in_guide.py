from odoo.tests import HttpCase, tagged

from ..flows import location_proposal
from ..sandbox.levels import Level
from .browser_common import BrowserMixin
from .common import ConnectorCase

# What a shop clicks before: its picture among the apps, and Activate.
INSTALLING = 2
MOST_CLICKS = 10
COUNTING = f"""
let clicks = {INSTALLING};
const press = async (selector, text) => {{ clicks += 1; await click(selector, text); }};
const write = (field, text) => type(`div[name=setup_connect] [name=${{field}}] input`, text);
"""


@tagged("post_install", "-at_install")
class TestProposedLocations(ConnectorCase):
    """The guide proposes which location of Odoo is meant, once, where there is no doubt."""

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1, "WEST": 2}
        self.connect()
        self.stock = self.env["stock.warehouse"].search([("company_id", "=", self.company.id)], limit=1).lot_stock_id

    def mapped(self):
        return {each.name: each.stock_location_id for each in self.account.location_ids}

    def to_settings(self):
        self.account.with_context(setup_step="settings").action_setup_goto()

    def test_by_its_name_whatever_the_capitals(self):
        place = self.env["stock.location"].create({"name": "East", "usage": "internal", "location_id": self.stock.id})
        self.to_settings()
        self.assertEqual(self.mapped(), {"EAST": place, "WEST": self.env["stock.location"]})
        self.assertFalse(any(self.account.location_ids.mapped("push_enabled")), "a person switches it on")

    def test_two_of_one_name_are_a_doubt(self):
        for _number in range(2):
            parent = self.env["stock.location"].create({"name": "P", "usage": "view", "location_id": self.stock.id})
            self.env["stock.location"].create({"name": "East", "usage": "internal", "location_id": parent.id})
        self.to_settings()
        self.assertFalse(self.mapped()["EAST"])

    def test_what_a_person_emptied_stays_empty(self):
        self.env["stock.location"].create({"name": "East", "usage": "internal", "location_id": self.stock.id})
        self.to_settings()
        self.account.location_ids.stock_location_id = False
        self.assertFalse(location_proposal.propose(self.account))
        self.assertFalse(self.mapped()["EAST"])


# What both sizes of a screen do alike, from the empty form to the dashboard of an account that is live.
CONNECT = """
    await write("api_user", "demo");
    await write("api_key", "demo-key");
    await press("div[name=setup_connect] button[name=action_connect]");
    await see("div[name=setup_carts] .o_kanban_record", "Shopify");
    await press("div[name=setup_carts] button[name=action_setup_next]");
"""
GO_LIVE = """
    await press("div[name=setup_settings] button[name=action_setup_next]");
    await see("div[name=setup_live] [name=live_checked_at]", ":");
    await press("div[name=setup_live] button[name=action_go_live]");
    await press(".modal [name=understood] input");
    await press(".modal footer button[name=action_go_live]");
    await see(".o_notification", "The schedules have started");
"""
DASHBOARD = """
    odoo.__WOWL_DEBUG__.root.env.services.action.doAction("extensiv_connector.extensiv_dashboard_action");
    const card = (await see(".o_extensiv_dashboard .o_kanban_record [name=in_a_word]")).closest(".o_kanban_record");
    await see(".o_extensiv_dashboard [name=flows]", "Orders");
    const graph = (await see(".o_dashboard_graph canvas")).getBoundingClientRect();
    const box = card.getBoundingClientRect();
    if (graph.left < box.left || graph.right > box.right) throw new Error("the graph leaves its card");
    if (box.width < 0.9 * window.innerWidth || box.right > window.innerWidth) throw new Error(`width ${box.width}`);
"""


class GuideInBrowser(BrowserMixin, HttpCase):
    """A shop that has SKUs at EIM and no product of them yet, from its first click on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        (cls.env["product.product"].search([("default_code", "!=", False)]) - cls.products).extensiv_push = False

    def go(self, locations, steps):
        """Have a browser connect a new account and do ``steps``; return the account.

        :param locations: names that EIM has
        """
        self.account.unlink()
        self.sandbox.store.levels.locations = {name: number for number, name in enumerate(locations, 1)}
        self.sandbox.store.levels.items = {
            sku: {"EAST": Level(7, 7, "2019-03-01T08:00:00+00:00")} for sku in ("NEW-1", "NEW-2", "NEW-3")
        }
        self.env["ir.default"].set("extensiv.account", "base_url", self.sandbox.base_url)
        self.play(
            "/odoo/action-extensiv_connector.extensiv_account_action/new", CONNECT + steps, helpers=COUNTING, timeout=90
        )
        return self.env["extensiv.account"].search([("api_user", "=", "demo")])


@tagged("post_install", "-at_install")
class TestClicksToLive(GuideInBrowser):
    """On a desk, with one location."""

    browser_size = "1366x768"

    def test_it_is_live_in_few_clicks(self):
        account = self.go(
            ["EAST"],
            f"""
                await press("div[name=setup_settings] [name=location_ids] [name=push_enabled] input");
                await press("div[name=setup_settings] button[name=action_create_missing_products]");
                await see(".o_notification", "named as EIM names them: 3");
                {GO_LIVE}
                if (clicks > {MOST_CLICKS}) throw new Error(`${{clicks}} clicks`);
                {DASHBOARD}
            """,
        )
        self.assertTrue(account.push_inventory and account.pull_orders)
        self.assertTrue(account.location_ids.push_enabled)
        self.assertEqual(self.env["product.product"].search_count([("default_code", "like", "NEW-%")]), 3)


@tagged("post_install", "-at_install")
class TestGuideOnPhone(GuideInBrowser):
    """On a phone, where a location is chosen from its card."""

    browser_size = "390x844"
    touch_enabled = True

    def test_locations_are_mapped_from_their_cards_and_it_goes_live(self):
        account = self.go(
            ["EAST", "WEST"],
            f"""
                await press("div[name=setup_settings] [name=location_ids] .o_kanban_record [name=choose]");
                await press(".modal [name=stock_location_id] input");
                await press(".modal .o_kanban_view .o_kanban_record", "Stock");
                await until("chosen", () =>
                    document.querySelector(".modal [name=stock_location_id] input")?.value.includes("Stock"));
                await press(".modal [name=push_enabled] input");
                await press(".modal footer .o_form_button_save");
                await see("div[name=setup_settings] [name=location_ids] .o_kanban_record", "Stock");
                await press("div[name=setup_settings] button[name=action_create_missing_products]");
                await see(".o_notification", "named as EIM names them: 3");
                {GO_LIVE}
                {DASHBOARD}
            """,
        )
        self.assertTrue(account.push_inventory)
        mapped = account.location_ids.filtered("push_enabled")
        self.assertEqual(mapped.mapped("name"), ["EAST"])
        self.assertTrue(mapped.stock_location_id)

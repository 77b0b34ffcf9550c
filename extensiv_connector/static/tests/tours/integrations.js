import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";

const step = (content, trigger) => ({ content, trigger });
const click = (content, trigger) => ({ content, trigger, run: "click" });

// From the picture of a cart to the guided set-up and through it, then an alert that leads to EIM. The test makes the
// sandbox's address the form's default.
registry.category("web_tour.tours").add("extensiv_integrations", {
    steps: () => [
        step("the gallery", ".o_kanban_record:contains(ChannelAdvisor) img"),
        { content: "by name", trigger: ".o_searchview_input", run: "edit Channel" },
        click("the first suggestion", ".o_searchview_autocomplete .o-dropdown-item:first"),
        step("found", ".o_kanban_view:not(:has(.o_kanban_record:contains(Shopify)))"),
        click("its window", ".o_kanban_record:contains(ChannelAdvisor)"),
        step("what Odoo can do", ".modal li[data-support=detailed]:contains(Push shipments)"),
        step("what is at hand", ".modal [name=requirements]:contains(administrator)"),
        click("on", ".modal button[name=action_set_up]"),
        step("a new account", "div[name=setup_connect]:contains(Single Merchant or EDI Merchant)"),
        step("no badge yet", "div[name=setup_connect]:not(:has([name=connected]))"),
        step("the way to EIM", "div[name=setup_connect] a[href='/extensiv/eim/wms'][target=_blank]"),
        { trigger: "div[name=setup_connect] [name=api_user] input", run: "edit demo" },
        { trigger: "div[name=setup_connect] [name=api_key] input", run: "edit demo-key" },
        click("connect", "div[name=setup_connect] button[name=action_connect]"),
        step("the badge", "div[name=setup_carts] [name=connected]:contains(Connected) .fa-check"),
        step("a finished step", "button[name=action_setup_goto]:contains(1. Connect) .fa-check"),
        step("not this one", "button[name=action_setup_goto]:contains(2. Carts):not(:has(.fa-check))"),
        click("on", "div[name=setup_carts] button[name=action_setup_next]"),
        step("two finished", "button[name=action_setup_goto]:contains(2. Carts) .fa-check"),
        step("explained", "div[name=setup_settings]:contains(COMBINE ALL LOCATIONS)"),
        click("back to the first", "button[name=action_setup_goto]:contains(1. Connect)"),
        step("the badge there", "div[name=setup_connect] [name=connected]:contains(Connected) .fa-check"),
        step("still finished", "button[name=action_setup_goto]:contains(2. Carts) .fa-check"),
        click("the gallery again", "a[data-menu-xmlid='extensiv_connector.menu_extensiv_integrations']"),
        click("a connected one", ".o_kanban_record:contains(Shopify):has([name=connected])"),
        click("on", ".modal button[name=action_set_up]"),
        step("where carts are set up", "div[name=setup_carts] .o_kanban_record:contains(Shopify) img"),
        click("its health", ".o_notebook a[name=health]"),
        click("EIM's alerts", "button[name=action_fetch_alerts]"),
        step("fetched", ".o_notification:contains(1)"),
        click("the alerts", "a[data-menu-xmlid='extensiv_connector.menu_extensiv_alert']"),
        {
            content: "an alert",
            trigger: ".o_data_row td[name=subject]:contains(Cart access)",
            run: async (helpers) => {
                const opening = new Promise((resolve, reject) => {
                    browser.open = (url, target) => {
                        resolve(`${url} ${target}`);
                        return { closed: false };
                    };
                    setTimeout(() => reject(new Error("nothing was opened")), 5000);
                });
                await helpers.click();
                const opened = await opening;
                if (opened !== "https://app.cartrover.com _blank") {
                    throw new Error(`opened ${opened}`);
                }
            },
        },
    ],
});

// Who does not set up reads what it does and whom to ask, and nothing is refused.
registry.category("web_tour.tours").add("extensiv_integrations_user", {
    steps: () => [
        click("its window", ".o_kanban_record:contains(PayPal)"),
        step("what Odoo can do", ".modal li[data-support=basic]:contains(Pull orders)"),
        step("whom to ask", ".modal .alert:contains(Ask)"),
        step("not by oneself", ".modal:not(:has(button[name=action_set_up]))"),
        click("closed", ".modal footer button:contains(Close)"),
        click("help", "button[data-menu-xmlid='extensiv_connector.menu_extensiv_help']"),
        step("the guide", "a[data-menu-xmlid='extensiv_connector.menu_extensiv_guide']"),
        step("the answers", "a[data-menu-xmlid='extensiv_connector.menu_extensiv_questions']"),
        click("the alerts", "a[data-menu-xmlid='extensiv_connector.menu_extensiv_alert']"),
        step("EIM's", ".o_control_panel button:contains(Alerts at EIM)"),
    ],
});

import { registry } from "@web/core/registry";

// The guided set-up from the list of apps to the first pulled order, left, undone and taken up again. The test makes
// the sandbox's address the form's default.
const step = (content, trigger) => ({ content, trigger });
const click = (content, trigger) => ({ content, trigger, run: "click" });

registry.category("web_tour.tours").add("extensiv_guided_setup", {
    steps: () => [
        click("the apps", ".o_navbar_apps_menu button"),
        click("ours", ".o_app[data-menu-xmlid='extensiv_connector.menu_extensiv_root']"),
        click("its configuration", "button[data-menu-xmlid='extensiv_connector.menu_extensiv_configuration']"),
        click("the accounts", "a[data-menu-xmlid='extensiv_connector.menu_extensiv_account']"),
        click("a new one", ".o_list_button_add, .o-kanban-button-new"),
        step("what EIM is", "div[name=setup_connect]:contains(Single Merchant)"),
        step("where the key is", "div[name=setup_connect]:contains(API Access Only):contains(Test WMS Connection)"),
        { trigger: "div[name=setup_connect] [name=api_user] input", run: "edit demo" },
        { trigger: "div[name=setup_connect] [name=api_key] input", run: "edit demo-key" },
        click("connect", "div[name=setup_connect] button[name=action_connect]"),
        step("the badge", ".o_statusbar_status .o_arrow_button_current:contains(Connected)"),
        step("the reminder to save there", "div[name=setup_carts] .alert:contains(Save)"),
        step("what is recommended", "div[name=setup_carts]:contains(Order Download):contains(every five minutes)"),
        step("the carts' pictures", "div[name=setup_carts] .o_kanban_record:contains(Shopify) img"),
        click("on to the settings", "div[name=setup_carts] button[name=action_setup_next]"),
        step("locations first", "div[name=setup_settings]:contains(create a location)"),
        click("on to going live", "div[name=setup_settings] button[name=action_setup_next]"),
        step("the check", "div[name=setup_live] [name=live_report]:contains(SKUs of the next orders)"),
        click("live", "div[name=setup_live] button[name=action_go_live]"),
        step("it runs", ".o_field_widget[name=pull_orders] input:checked"),
        click("the first order", "button[name=action_pull_orders]"),
        step("what it did", ".o_notification:contains(1 order was imported)"),
        click("undo", "button[name=action_undo_live]"),
        click("really", ".modal footer .btn-primary"),
        step("back in the guide", "div[name=setup_live] button[name=action_go_live]"),
        click("any step", "button[name=action_setup_goto]:contains(Carts)"),
        step("there", "div[name=setup_carts] button[name=action_check_carts]"),
        click("left", ".breadcrumb-item a, .o_back_button"),
        click("and taken up again", ".o_list_view .o_data_row td[name=name]"),
        step("where it was", "div[name=setup_carts] button[name=action_setup_next]"),
    ],
});

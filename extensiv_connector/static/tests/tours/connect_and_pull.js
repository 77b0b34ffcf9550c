import { registry } from "@web/core/registry";

// From an empty form to a sale order, as a person clicks it. The test makes the sandbox's address the form's default.
registry.category("web_tour.tours").add("extensiv_connect_and_pull", {
    steps: () => [
        { trigger: ".o_list_button_add, .o-kanban-button-new", run: "click" },
        { trigger: ".o_field_widget[name=name] input", run: "edit Our shops" },
        { trigger: ".o_field_widget[name=api_user] input", run: "edit demo" },
        { trigger: ".o_field_widget[name=api_key] input", run: "edit demo-key" },
        { trigger: "button[name=action_connect]", run: "click" },
        { content: "the badge", trigger: ".o_statusbar_status .o_arrow_button_current:contains(Connected)" },
        { content: "the carts", trigger: ".o_field_widget[name=cart_ids] .o_data_row:contains(Shopify)" },
        { trigger: "button[name=action_pull_orders]", run: "click" },
        { content: "what it did", trigger: ".o_notification:contains(1 order was imported)" },
        { trigger: ".oe_stat_button:has([name=order_count])", run: "click" },
        { trigger: ".o_list_view .o_data_row:contains(WEB-1001) td.o_data_cell", run: "click" },
        { content: "readable", trigger: ".o_form_view .o_field_widget[name=summary]:contains(TEE-1)" },
        { trigger: "button[name=action_open_sale_order]", run: "click" },
        { content: "the order, named after its cart", trigger: ".o_form_view .oe_title:contains(SH:WEB-1001)" },
        { trigger: ".o_statusbar_status .o_arrow_button_current:contains(Sales Order)" },
        { trigger: "button[name=action_open_extensiv_order]", run: "click" },
        { content: "and back", trigger: ".o_form_view .o_field_widget[name=cust_ref]:contains(BROWSER-1)" },
    ],
});

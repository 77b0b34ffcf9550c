import { Interaction } from "@web/public/interaction";
import { registry } from "@web/core/registry";
import { rpc } from "@web/core/network/rpc";

const SOON = 3000;
const LATER = 15000;
const SOON_FOR = 10 * 60 * 1000;

/** Follow on the merchant's page how far the connection is, by asking this Odoo. */
export class SharePage extends Interaction {
    static selector = "#extensiv_share";
    dynamicContent = {
        form: { "t-on-submit": this.onGrant },
    };

    setup() {
        this.since = Date.now();
    }

    start() {
        this.show(this.el.dataset.state);
        this.follow();
    }

    onGrant() {
        this.since = Date.now();
        this.show("opened");
        this.follow();
    }

    follow() {
        clearTimeout(this.timer);
        if (["sent", "opened"].includes(this.state)) {
            const pause = Date.now() - this.since < SOON_FOR ? SOON : LATER;
            this.timer = this.waitForTimeout(() => this.ask(), pause);
        }
    }

    async ask() {
        try {
            const { state } = await this.waitFor(rpc(this.el.dataset.url, {}, { silent: true }));
            // Until the new tab's request arrived, the state told is still "sent".
            this.show(state === "sent" ? this.state : state);
        } catch {
            // The connection was lost for a moment: ask again.
        }
        this.follow();
    }

    show(state) {
        this.state = state;
        const waiting = state === "opened";
        const shown = { connected: ".o_extensiv_done", invalid: ".o_extensiv_over" }[state] || ".o_extensiv_ask";
        for (const part of [".o_extensiv_ask", ".o_extensiv_done", ".o_extensiv_over"]) {
            this.el.querySelector(part).classList.toggle("d-none", part !== shown);
        }
        this.el.querySelector(".o_extensiv_waiting").classList.toggle("d-none", !waiting);
    }
}

registry.category("public.interactions").add("extensiv_connector.share_page", SharePage);

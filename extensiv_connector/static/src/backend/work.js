import { browser } from "@web/core/browser/browser";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useBus, useService } from "@web/core/utils/hooks";
import { standardWidgetProps } from "@web/views/widgets/standard_widget_props";

import { Component, onMounted, onWillUnmount, onWillUpdateProps, useState } from "@odoo/owl";

const BEGUN = "EXTENSIV:WORK-BEGUN";
const ENDED = "EXTENSIV:WORK-ENDED";
// Milliseconds between two questions, and how many are asked before a page is quiet that shows nothing going on.
const PAUSE = 3000;
const QUIET_AFTER = 5;
// Milliseconds after which a person is told that it takes a while.
const TOLD_AFTER = 1500;

/**
 * Press a button that may take a while, and let the page be used meanwhile: only what it did is shown at the end, and
 * the page is read anew where the person still is on it. Where no page shows the progress, a message says that it goes
 * on.
 */
async function work(env, { model, ids, method }) {
    const page = env.services.action.currentController?.jsId;
    const accounts = model === "extensiv.account" ? ids : [];
    let close = () => {};
    const timer = accounts.length ? 0 : browser.setTimeout(() => (close = say(env)), TOLD_AFTER);
    env.bus.trigger(BEGUN, { accounts });
    let done;
    try {
        done = await env.services.orm.call(model, method, [ids]);
    } finally {
        browser.clearTimeout(timer);
        close();
        env.bus.trigger(ENDED, { accounts });
    }
    if (env.services.action.currentController?.jsId !== page) {
        if (done?.tag === "soft_reload") {
            return; // another page, which is none of ours to read anew
        }
        delete done?.params?.next;
    }
    await env.services.action.doAction(done);
}

function say(env) {
    const said = _t("You may go on working or leave this page: what was done is told at the end.");
    return env.services.notification.add(said, { type: "info", sticky: true });
}

registry.category("actions").add("extensiv_work", (env, action) => {
    work(env, action.params); // not waited for: the buttons of the page stay free
});

/** What is going on with the account at this moment, and how far it is; nothing where nothing is. */
export class Progress extends Component {
    static template = "extensiv_connector.Progress";
    static props = { ...standardWidgetProps, isBrief: { type: Boolean, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.state = useState({ going: [], isPressed: false });
        this.left = QUIET_AFTER;
        useBus(this.env.bus, BEGUN, ({ detail }) => this.onWork(detail.accounts, true));
        useBus(this.env.bus, ENDED, ({ detail }) => this.onWork(detail.accounts, false));
        onMounted(() => this.watch(this.props.isBrief ? 1 : QUIET_AFTER));
        onWillUpdateProps(() => this.watch(this.props.isBrief ? 1 : QUIET_AFTER));
        onWillUnmount(() => browser.clearTimeout(this.timer));
    }

    get account() {
        return this.props.record.resId;
    }

    onWork(accounts, isPressed) {
        if (accounts.includes(this.account)) {
            this.state.isPressed = isPressed;
            this.watch(QUIET_AFTER, isPressed ? 500 : 0);
        }
    }

    /** Ask now and again, at least so often, and as long as anything is going on. */
    watch(times, wait = 0) {
        this.left = times;
        browser.clearTimeout(this.timer);
        this.timer = browser.setTimeout(() => this.ask(), wait);
    }

    async ask() {
        if (!this.account || this.props.record.data.state !== "connected") {
            return;
        }
        const asked = this.timer;
        const wasGoing = this.state.going.length > 0;
        try {
            this.state.going = await this.orm.silent.call("extensiv.account", "get_progress", [[this.account]]);
        } catch {
            return; // who may not see it, or is offline, is not told so every few seconds
        }
        if (asked !== this.timer) {
            return; // begun anew meanwhile
        }
        const isGoing = this.state.going.length > 0;
        this.left = isGoing ? QUIET_AFTER : this.left - 1;
        if (wasGoing && !isGoing && !this.state.isPressed && !(await this.props.record.isDirty())) {
            await this.props.record.load(); // the counts of what was done
        }
        if (this.left > 0 || this.state.isPressed) {
            this.timer = browser.setTimeout(() => this.ask(), PAUSE);
        }
    }

    percent(work) {
        return Math.round((100 * work.done) / (work.done + work.left));
    }

    openRuns() {
        this.action.doActionButton({
            type: "object",
            name: "action_open_runs",
            resModel: "extensiv.account",
            resId: this.account,
            resIds: [this.account],
        });
    }
}

registry.category("view_widgets").add("extensiv_progress", {
    component: Progress,
    extractProps: ({ attrs }) => ({ isBrief: Boolean(attrs.brief) }),
});

"""A person in the web client, as tests drive it: finds by what is shown, clicks, types, waits for what appears."""

from .common import ConnectorMixin

# What is acted on is waited for, as a person would.
HANDS = """
const until = async (what, find) => {
    for (let tries = 0; tries < 300; tries++) {
        const found = find();
        if (found) return found;
        await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`never saw ${what}: ${document.body.innerText.slice(0, 2000)}`);
};
const see = (selector, text = "") => until(`${selector} ${text}`, () =>
    [...document.querySelectorAll(selector)].find((node) => node.offsetParent && node.innerText.includes(text)));
const gone = (selector, text = "") => until(`no ${selector} ${text}`, () =>
    ![...document.querySelectorAll(selector)].some((node) => node.innerText.includes(text)));
const click = async (selector, text) => (await see(selector, text)).click();
const type = async (selector, text) => {
    const input = await see(selector);
    input.focus();
    input.value = text;
    input.dispatchEvent(new Event("input", {bubbles: true}));
    input.dispatchEvent(new Event("change", {bubbles: true}));
};
const choose = async (field, text) => {
    const input = await until(field, () => document.querySelector(`.o_field_widget[name=${field}] input`));
    input.focus();
    input.value = text;
    input.dispatchEvent(new Event("input", {bubbles: true}));
    await click(".o-autocomplete--dropdown-item a", text);
};
const saved = () => until("saved", () => document.querySelector(".o_form_status_indicator_buttons.invisible"));
const play = (steps) => steps().then(() => console.log("test successful"), (error) => console.error(error.message));
"""


class BrowserMixin(ConnectorMixin):
    """Has a person do steps, JavaScript that uses ``HANDS``; ``who`` is their login."""

    who = "admin"

    def play(self, path, steps, *, helpers="", ready="!!document.querySelector('.o_form_view')", timeout=60):
        """Open ``path`` and do ``steps``, which may use ``helpers``, too."""
        self.env.flush_all()
        self.browser_js(
            path,
            f"{HANDS} {helpers} play(async () => {{ {steps} }})",
            ready=ready,
            login=self.who,
            timeout=timeout,
        )
        self.env.invalidate_all()

    def act(self, record, steps):
        """Open the form of ``record`` and do ``steps``."""
        sheet = "!!document.querySelector('.o_form_view .o_form_sheet')"
        self.play(f"/odoo/m-{record._name}/{record.id}", steps, ready=sheet)

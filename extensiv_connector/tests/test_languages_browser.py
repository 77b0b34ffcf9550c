"""The guide in each language, in a browser: no English is left on its pages, and a picture of each is kept."""

import base64
import json

from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tests.common import ChromeBrowser, save_test_file

from ..sandbox.levels import Level
from .common import ConnectorMixin
from .translated_common import FILES, English, TranslatedMixin

READY = "!!document.querySelector('.o_form_view div[name=setup_connect], .o_form_view div[name=setup_live]')"
# Press the four steps one after the other, and return the words that are seen in each: of each piece of text, of each
# paragraph, and what fields and pictures say of themselves.
WALK = """
(async () => {
    const until = async (what, find) => {
        for (let tries = 0; tries < 200; tries++) {
            const found = find();
            if (found) return found;
            await new Promise((done) => setTimeout(done, 50));
        }
        throw new Error(`never saw ${what}: ${document.body.innerText.slice(0, 1500)}`);
    };
    const seen = (node) => node.offsetParent !== null;
    const words = () => {
        const found = [];
        for (const node of document.querySelectorAll(".o_action_manager *")) {
            // What the log says was said in the language of who did it.
            if (!seen(node) || node.closest(".o-mail-ChatterContainer, .o-mail-Form-chatter")) continue;
            for (const name of ["placeholder", "title", "aria-label", "data-tooltip"]) {
                found.push(node.getAttribute(name));
            }
            for (const part of node.childNodes) if (part.nodeType === 3) found.push(part.nodeValue);
            if (node.innerText && node.innerText.length < 1000) found.push(node.innerText);
        }
        return [...new Set(found.filter(Boolean).map((text) => text.replace(/\\s+/g, " ").trim()).filter(Boolean))];
    };
    const pages = {};
    for (const [number, step] of ["connect", "carts", "settings", "live"].entries()) {
        const steps = () => [...document.querySelectorAll("button[name=action_setup_goto]")].filter(seen);
        const ready = () => steps().find((one, at) => at === number && !one.disabled);
        if (number) (await until(`the button of ${step}`, ready)).click();
        await until(step, () => [...document.querySelectorAll(`div[name=setup_${step}]`)].find(seen));
        pages[step] = words();
    }
    return JSON.stringify(pages);
})()
"""


@tagged("post_install", "-at_install")
class TestGuideInLanguages(TranslatedMixin, ConnectorMixin, HttpCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.person = new_test_user(cls.env, "polyglot", "extensiv_connector.group_manager", password="polyglot")
        cls.english = {lang: English(cls.translate(lang)) for lang in FILES}

    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.locations = {"EAST": 1}
        self.sandbox.store.levels.items = {
            sku: {"EAST": Level(9, 9, "2019-03-01T08:00:00+00:00")} for sku in ("TEE-1", "MUG-1")
        }
        self.connect()

    def test_the_guide_is_walked_in_each_language(self):
        browser = ChromeBrowser(self)
        self.addCleanup(browser.stop)
        with self.allow_requests(browser=browser):
            self.addCleanup(self._wait_remaining_requests)
            for lang in FILES:
                with self.subTest(lang):
                    self.assertEqual(self.walk(browser, lang), {})

    def walk(self, browser, lang):
        """Return the English that is left on each page of the guide, and keep a picture of the last."""
        self.person.lang = lang
        self.account.write({"setup_step": "connect", "live_checks": False})
        self.authenticate("polyglot", "polyglot", browser=browser)
        self.env.flush_all()
        self.cr.clear()
        url = f"{self.base_url()}/odoo/action-extensiv_connector.extensiv_account_action/{self.account.id}"
        browser.navigate_to(url, wait_stop=True)
        self.assertTrue(browser._wait_ready(READY))
        pages = self.words_of(browser)
        self.assertEqual(set(pages), {"connect", "carts", "settings", "live"})
        self.keep_picture(browser, lang)
        browser.navigate_to("about:blank", wait_stop=True)
        self._wait_remaining_requests()  # one that only reads would forbid the next writing
        left = {step: self.english[lang].left_in(words) for step, words in pages.items()}
        return {step: words for step, words in left.items() if words}

    def words_of(self, browser):
        """Walk through the steps; return ``{step: words seen}``."""
        done = browser._websocket_request(
            "Runtime.evaluate",
            params={"expression": WALK, "awaitPromise": True, "returnByValue": True},
            timeout=40,
        )
        self.assertNotIn("exceptionDetails", done, done)
        return json.loads(done["result"]["value"])

    def keep_picture(self, browser, lang):
        """Write what the browser shows beside Odoo's own screenshots of tests, as ``guide_de_DE_….png``."""
        picture = browser._websocket_request("Page.captureScreenshot", timeout=20)["data"]
        save_test_file(type(self).__name__, base64.b64decode(picture), f"guide_{lang}_")

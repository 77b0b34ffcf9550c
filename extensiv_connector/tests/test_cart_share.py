from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged

from ..flows import runner
from ..models.extensiv_bucket import BucketStore
from .common import ConnectorCase, ConnectorMixin, Roomy

# What the visitor does, and sees: nothing wider than the window, then the waiting, then the success.
VISIT = """
    const shown = (selector) => document.querySelector(selector).offsetParent !== null;
    const until = async (check) => {
        while (!check()) {
            await new Promise((resolve) => setTimeout(resolve, 100));
        }
    };
    const fits = () => {
        if (document.documentElement.scrollWidth > window.innerWidth) {
            throw new Error("The page is wider than the window.");
        }
    };
    (async () => {
        await until(() => odoo.loader?.modules.has("@web/public/interaction"));
        await new Promise((resolve) => setTimeout(resolve, 1000));
        fits();
        const form = document.querySelector("button[name=grant]").form;
        if (form.target !== "_blank") {
            throw new Error("EIM's page would take the place of this one.");
        }
        // A script may not open tabs as a person's click may: a frame stands in for the new one.
        document.body.insertAdjacentHTML("beforeend", "<iframe name='tab' class='d-none'></iframe>");
        form.target = "tab";
        document.querySelector("button[name=grant]").click();
        await until(() => shown(".o_extensiv_waiting"));
        fits();
        await until(() => shown(".o_extensiv_done") && !shown(".o_extensiv_ask"));
        fits();
        console.log("test successful");
    })().catch((error) => console.error(error.message));
"""
SETUP_URL = "https://app.cartrover.com/share/setup?key=abc"


class ShareMixin:
    """A connected account, and a share of a Shopify with a merchant; EIM has an Etsy so far."""

    def _make_share(self, **vals):
        self.sandbox.store.carts = {"Etsy": "Etsy"}
        self.merchant = self.env["res.partner"].create({"name": "Harbour Goods", "email": "harbour@example.com"})
        self.connect()
        self.account.company_id.name = "Pier 9 Warehouse"
        return self.env["extensiv.cart.share"].create(
            {
                "account_id": self.account.id,
                "partner_id": self.merchant.id,
                "type_id": self.env.ref("extensiv_connector.cart_type_shopify").id,
                "setup_url": SETUP_URL,
                **vals,
            }
        )

    def _send(self, share):
        with self.flows():
            share.action_send()

    def _watch(self):
        with self.flows():
            self.env["extensiv.cart.share"]._cron_find_carts()

    def _mails(self, share):
        return self.env["mail.mail"].sudo().search([("model", "=", share._name), ("res_id", "=", share.id)], order="id")


@tagged("post_install", "-at_install")
class TestCartShare(ShareMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self.share = self._make_share()

    # -- sending

    def test_send_mails_the_merchant_who_asks_for_what_and_where_to_go(self):
        self._send(self.share)
        self.assertEqual(self.share.state, "sent")
        mail = self._mails(self.share)
        self.assertEqual(mail.recipient_ids, self.merchant)
        self.assertEqual(mail.subject, "Pier 9 Warehouse asks to connect your Shopify")
        for words in (
            "Pier 9 Warehouse",
            "Shopify",
            "Grant API Access",
            "stay secret",
            "tracking numbers",
            f"/extensiv/share/{self.share.access_token}",
        ):
            self.assertIn(words, mail.body_html)
        self.assertNotIn(SETUP_URL, mail.body_html, "the page leads there, so that it is recorded")
        self.assertEqual(self.share.known_sources, ["Etsy"])

    def test_its_name_is_the_cart_and_the_merchant_once_both_are_chosen(self):
        self.assertEqual(self.share.display_name, "Shopify of Harbour Goods")
        self.assertFalse(self.share.new({"account_id": self.account.id}).display_name, "the form says New")

    def test_send_needs_a_connected_account_and_an_address(self):
        self.merchant.email = False
        with self.assertRaisesRegex(UserError, "no e-mail"):
            self._send(self.share)
        self.merchant.email = "harbour@example.com"
        self.account.action_disconnect()
        with self.assertRaisesRegex(UserError, "not connected"):
            self._send(self.share)
        self.assertEqual(self.share.state, "draft")
        self.assertFalse(self._mails(self.share))

    def test_links_that_are_not_https_or_lead_elsewhere_are_refused(self):
        for url in (
            "http://app.cartrover.com/x",
            "https://cartrover.com.evil.example/x",
            "https://evilcartrover.com/x",
            "https://app.cartrover.com@evil.example/x",
            "https://evil.example\\@app.cartrover.com/x",
            "https://app.cartrover.com:8443/x",
            "javascript:alert(1)",
            "//app.cartrover.com",
            "https://",
            "x",
            "https://app.cartrover.com/\nx",
            "https://[app.cartrover.com",
            "https://user@app.cartrover.com/",
        ):
            with self.subTest(url), self.assertRaisesRegex(ValidationError, "https://"):
                self.share.setup_url = url
        for url in ("https://cartrover.com/x", "https://APP.cartrover.com/x", "https://app.extensiv.com:443/x?y=z#a"):
            self.share.setup_url = url

    def test_the_allowed_hosts_are_a_setting(self):
        self.env["ir.config_parameter"].set_param("extensiv_connector.share_hosts", "setup.example")
        self.share.setup_url = "https://eu.setup.example/x"
        with self.assertRaisesRegex(ValidationError, "setup.example"):
            self.share.setup_url = SETUP_URL

    def test_sending_again_keeps_an_open_link_and_gives_it_time(self):
        self._send(self.share)
        token = self.share.access_token
        with freeze_time(fields.Datetime.now() + timedelta(days=10)):
            self._send(self.share)
            self.assertEqual(self.share.state, "sent")
            self.assertEqual(self.share.access_token, token)
            self.assertEqual(self.share.expires_on, fields.Date.today() + timedelta(days=14))
        self.assertEqual(len(self._mails(self.share)), 2)

    def test_a_withdrawn_link_leads_nowhere_and_sending_again_makes_another(self):
        self._send(self.share)
        token = self.share.access_token
        self.share.action_withdraw()
        self.assertEqual(self.share.state, "withdrawn")
        self.assertFalse(self.share._of_token(token))
        self._send(self.share)
        self.assertNotEqual(self.share.access_token, token)
        self.assertEqual(self.share._of_token(self.share.access_token), self.share)

    def test_the_vacuum_lets_links_expire(self):
        self._send(self.share)
        with freeze_time(fields.Datetime.now() + timedelta(days=15)):
            self.assertFalse(self.share._of_token(self.share.access_token), "at once, not only after the vacuum")
            self.env["extensiv.cart.share"]._gc_shares()
            self.assertEqual(self.share.state, "expired")
            self._send(self.share)
            self.assertEqual(self.share.state, "sent")

    def test_only_managers_send_and_see_the_token(self):
        user = new_test_user(self.env, "extensiv_user", groups="base.group_user,extensiv_connector.group_user")
        share = self.share.with_user(user)
        for action in ("action_send", "action_withdraw", "action_open_page"):
            with self.assertRaises(UserError):
                getattr(share, action)()
        self.assertNotIn("access_token", share.read()[0])

    # -- connected

    def test_check_for_carts_notices_the_new_cart_and_tells_both(self):
        self._send(self.share)
        self.sandbox.store.carts = {"Etsy": "Etsy", "Shopify_2": "Harbour"}
        with self.flows():
            self.account.action_check_carts()
        self.assertEqual(self.share.state, "connected")
        self.assertEqual(self.share.cart_id.order_source, "Shopify_2")
        invitation, to_merchant, to_warehouse = self._mails(self.share)
        self.assertEqual(invitation.recipient_ids, self.merchant)
        self.assertEqual(to_merchant.recipient_ids, self.merchant)
        self.assertIn("is now connected", to_merchant.body_html)
        self.assertEqual(to_warehouse.recipient_ids, self.account.responsible_id.partner_id)
        self.assertIn("Shopify_2", to_warehouse.body_html)

    def test_it_is_noticed_by_itself_while_a_share_is_open(self):
        cron = self.env.ref("extensiv_connector.ir_cron_watch_shares")
        self.assertFalse(cron.active)
        self._send(self.share)
        self.assertTrue(cron.active)
        self._watch()
        self.assertEqual(self.share.state, "sent")
        self.sandbox.store.carts = {"Etsy": "Etsy", "Shopify": "Harbour"}
        self._watch()
        self.assertEqual(self.share.state, "connected")
        self.assertFalse(cron.active)
        calls = len(self.calls())
        self._watch()
        self.assertEqual(len(self.calls()), calls, "nobody waits: EIM is left alone")

    def test_trouble_at_eim_is_borne_while_waiting(self):
        self._send(self.share)
        self.fault(route="list_carts", kind="401", count=1)
        self._watch()
        self.assertEqual(self.share.state, "sent")
        self.sandbox.store.carts["Shopify"] = "Harbour"
        self._watch()
        self.assertEqual(self.share.state, "connected")

    def test_pages_that_ask_while_eim_is_asked_do_not_stand_in_the_way(self):
        self._send(self.share)
        before, seen = len(self.calls()), []
        with patch.object(runner, "refresh_snapshot", lambda env: seen.append(len(self.calls()) - before)):
            self._watch()
        self.assertEqual(seen, [1], "what the pages wrote is seen after EIM's answer, before anything is written")

    def test_the_watch_of_many_accounts_ends_in_time_and_lets_each_have_its_turn(self):
        self._send(self.share)
        other = self.account.copy({"api_user": "second", "api_key": "demo-key"})
        other.state = "connected"
        self.share.copy({"account_id": other.id}).state = "sent"
        Account, asked = type(self.account), []
        client = Account._client
        with (
            patch.object(
                Account, "_client", lambda account, **kwargs: asked.append(account) or client(account, **kwargs)
            ),
            patch.object(runner, "seconds_until", side_effect=(40, 3) * 20),
        ):
            for _time in range(20):
                self._watch()
        self.assertEqual(len(asked), 20, "one each time")
        self.assertEqual(set(asked), {self.account, other})

    def test_a_cart_of_another_kind_or_one_known_before_does_not_count(self):
        self.share.type_id = self.env.ref("extensiv_connector.cart_type_etsy")
        self._send(self.share)
        self.sandbox.store.carts["Shopify"] = "Another"
        self._watch()
        self.assertEqual(self.share.state, "sent")

    def test_one_cart_answers_one_share_the_oldest_first(self):
        other = self.share.copy()
        self._send(self.share)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=5)):
            self._send(other)
        self.sandbox.store.carts["Shopify"] = "Harbour"
        self._watch()
        self.assertEqual(self.share.state, "connected")
        self.assertEqual(other.state, "sent")
        self.sandbox.store.carts["Shopify_2"] = "Second"
        self._watch()
        self.assertEqual(other.cart_id.order_source, "Shopify_2")

    def test_a_cart_that_appeared_before_the_reminder_needs_none(self):
        self._send(self.share)
        self.sandbox.store.carts["Shopify"] = "Harbour"
        self._send(self.share)
        self.assertEqual(self.share.state, "connected")
        self.assertEqual(len(self._mails(self.share)), 3, "the invitation and the two that say it is done")
        with self.assertRaisesRegex(UserError, "connected already"):
            self._send(self.share)


@tagged("post_install", "-at_install")
class TestSharePage(ShareMixin, ConnectorMixin, HttpCase):
    """The page as a visitor who is not logged in."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(BucketStore, "bucket", Roomy(capacity=10**6)))
        self.sandbox.sandbox.reset(**self.sandbox_options)
        self.share = self._make_share()
        self._send(self.share)
        self.path = f"/extensiv/share/{self.share.access_token}"

    def _state(self):
        return self.make_jsonrpc_request(f"{self.path}/state")["state"]

    def test_the_page_says_who_asks_for_what_and_records_nothing(self):
        response = self.url_open(self.path)
        self.assertEqual(response.status_code, 200)
        text = " ".join(response.text.split())
        for words in (
            "Pier 9 Warehouse",
            "Shopify",
            "Grant API Access",
            "pop-up",
            "Successful Authorization",
            "nor Extensiv Integration Manager gets to see your user name or password",
        ):
            self.assertIn(words, text)
        self.assertNotIn("cartrover.com", response.text, "EIM's link is given away by the button alone")
        for header, value in (
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("X-Robots-Tag", "noindex, nofollow"),
            ("Content-Security-Policy", "frame-ancestors 'none'"),
        ):
            self.assertIn(value, response.headers[header])
        self.assertEqual(self.share.state, "sent", "a mail scanner that follows the link opens nothing")

    def test_grant_leads_to_eim_and_is_recorded(self):
        response = self.url_open(f"{self.path}/open", data={}, allow_redirects=False, method="POST")
        self.assertEqual(response.status_code, 303)
        self.assertEqual(response.headers["Location"], SETUP_URL)
        self.share.invalidate_recordset()
        self.assertEqual(self.share.state, "opened")
        self.assertTrue(self.share.opened_at)

    def test_the_page_asks_this_odoo_never_eim(self):
        self.assertEqual(self._state(), "sent")
        self.share._open()
        calls = len(self.calls())
        triggers = self.env["ir.cron.trigger"].search_count([])
        self.assertEqual([self._state() for _ in range(3)], ["opened"] * 3)
        self.assertEqual(len(self.calls()), calls)
        self.assertEqual(
            self.env["ir.cron.trigger"].search_count([]),
            triggers + 1,
            "the schedule is woken, once in ten seconds however many pages wait",
        )
        self.sandbox.store.carts["Shopify"] = "Harbour"
        self._watch()
        self.assertEqual(self._state(), "connected")
        self.assertIn("Successful Authorization", self.url_open(self.path).text)

    def test_a_wrong_expired_or_withdrawn_link_says_so_and_how_to_get_another(self):
        def refused(path):
            response = self.url_open(path)
            return response.status_code == 404 and "not valid" in response.text and "access code" in response.text

        for wrong in ("nonsense", "nonsense%00", "%00", "%ff%fe", self.share.access_token[:-1]):
            self.assertTrue(refused(f"/extensiv/share/{wrong}"), wrong)
        self.assertEqual(self.make_jsonrpc_request("/extensiv/share/nonsense/state"), {"state": "invalid"})
        self.assertFalse(refused(self.path))
        self.share.expires_on = fields.Date.today() - timedelta(days=1)
        self.assertTrue(refused(self.path))
        self.share.expires_on = fields.Date.today()
        self.share.action_withdraw()
        self.assertTrue(refused(self.path))
        response = self.url_open(f"{self.path}/open", data={}, allow_redirects=False, method="POST")
        self.assertEqual(response.status_code, 404)
        self.assertEqual(self._state(), "invalid")

    def test_a_link_whose_host_is_no_longer_allowed_is_not_opened(self):
        self.env["ir.config_parameter"].set_param("extensiv_connector.share_hosts", "setup.example")
        response = self.url_open(f"{self.path}/open", data={}, allow_redirects=False, method="POST")
        self.assertEqual(response.status_code, 404)
        self.assertEqual(self.share.state, "sent")

    def test_no_credential_of_a_cart_is_asked_for(self):
        page = self.url_open(self.path).text
        self.assertNotIn("<input", page[page.index('id="extensiv_share"') : page.index("</main>")])

    def test_a_visitor_grants_access_and_sees_that_it_is_done(self):
        """In a browser; EIM has the cart by the second time that the page asks how far it is."""
        self.env["ir.config_parameter"].set_param("extensiv_connector.share_hosts", "setup.invalid")
        self.share.setup_url = "https://setup.invalid/x"
        asked = []

        def trigger_find_carts(share):
            asked.append(share.state)
            if len(asked) == 2:
                self.sandbox.store.carts["Shopify"] = "Harbour"
                share._cron_find_carts()

        with patch.object(type(self.share), "_trigger_find_carts", trigger_find_carts):
            self.browser_js(
                self.path, VISIT, ready="!!document.querySelector('button[name=grant]')", login=None, timeout=60
            )
        self.share.invalidate_recordset()
        self.assertEqual(self.share.state, "connected")
        self.assertEqual(asked[:2], ["opened"] * 2)


@tagged("post_install", "-at_install")
class TestSharePageOnAPhone(TestSharePage):
    browser_size = "375x667"
    touch_enabled = True

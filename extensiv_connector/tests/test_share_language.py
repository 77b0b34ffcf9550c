"""A merchant reads mails and the page in the merchant's language, and people at the warehouse in theirs."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged

from ..flows import languages
from ..models.extensiv_bucket import BucketStore
from .common import ConnectorCase, ConnectorMixin, Roomy
from .test_cart_share import ShareMixin
from .translated_common import TranslatedMixin, in_brackets

REQUIREMENTS = "User name and password of a ChannelAdvisor administrator."


@tagged("post_install", "-at_install")
class TestMailsInLanguages(TranslatedMixin, ShareMixin, ConnectorCase):
    """The merchant reads German, the responsible person French, and English who presses the button."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.german = cls.translate("de_DE", real=False)
        cls.translate("fr_FR")
        cls.french = cls.translate("fr_FR", real=False)

    def setUp(self):
        super().setUp()
        self.share = self._make_share()
        self.merchant.lang = "de_DE"
        self.keeper = new_test_user(
            self.env, "luc", "extensiv_connector.group_manager", lang="fr_FR", email="luc@example.com"
        )
        self.account.responsible_id = self.keeper
        self.share.type_id.with_context(lang="en_US").requirements = REQUIREMENTS
        self.share.type_id.with_context(lang="de_DE").requirements = "Benutzername und Passwort."

    def test_the_merchants_mails_are_in_the_merchants_language(self):
        self._send(self.share)
        invitation = self._mails(self.share)
        self.assertEqual(invitation.subject, "⟦Pier 9 Warehouse asks to connect your Shopify⟧")
        self.assertIn("⟦Hello", invitation.body_html)
        self.assertIn("Benutzername und Passwort.", invitation.body_html)
        self.assertNotIn(REQUIREMENTS, invitation.body_html)
        self.assertIn(self.env["ir.qweb.field.date"].with_context(lang="de_DE").value_to_html(
            self.share.expires_on, {}), invitation.body_html)  # fmt: skip

        self.sandbox.store.carts = {"Etsy": "Etsy", "Shopify_2": "Harbour"}
        self._watch()
        _invitation, to_merchant, to_warehouse = self._mails(self.share)
        self.assertEqual(to_merchant.subject, "⟦Your Shopify is connected with Pier 9 Warehouse⟧")
        self.assertEqual(to_warehouse.subject, "⟦Harbour Goods connected Shopify⟧")
        self.assertEqual(to_warehouse.recipient_ids, self.keeper.partner_id)

    def test_the_daily_mail_is_in_the_language_of_who_gets_it(self):
        self.account.daily_mail = True
        self.env["extensiv.error"]._report(
            self.account, "orders", {"A-1": {"message": "Ohne Belang", "category": "data"}}
        )
        mail = self.account.with_context(lang="en_US")._send_daily_mail()
        self.assertEqual(mail.subject, "⟦Test shops: 1 errors open⟧")
        self.assertIn("⟦", mail.body_html)

    def test_two_managers_are_asked_about_the_database_each_in_their_language(self):
        self.account.responsible_id = False
        self.account.live_database = {"uuid": "another"}
        self.env.ref("base.user_admin").email = "admin@example.com"
        asked = self.env.ref("base.user_admin") | self.keeper
        sent = []
        Template = type(self.env["mail.template"])
        send = Template.send_mail

        def watch(template, res_id, **kwargs):
            mail = send(template, res_id, **kwargs)
            sent.append((kwargs["email_values"]["recipient_ids"], template.env["mail.mail"].browse(mail).body_html))
            return mail

        with (
            patch.object(Template, "send_mail", watch),
            patch.object(type(self.account), "_get_people_to_ask", lambda _account: asked),
        ):
            self.account.with_context(lang="en_US")._recognise_database()
        bodies = {people[0]: body for people, body in sent}
        english = bodies[self.env.ref("base.user_admin").partner_id.id]
        french = bodies[self.keeper.partner_id.id]
        self.assertNotIn("⟦", english)
        self.assertIn("Both buttons are on the account", english)
        self.assertIn("⟦does nothing any more", french)
        self.assertIn("⟦This is not the database", french, "computed anew for each reader")


@tagged("post_install", "-at_install")
class TestVisitorsLanguage(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for lang in ("de_DE", "fr_FR", "pt_BR"):
            cls.env["res.lang"]._activate_lang(lang)

    def language(self, partner_lang, *accepted):
        partner = self.env["res.partner"].new({"lang": partner_lang})
        return languages.for_visitor(self.env, partner, accepted)

    def test_the_merchants_comes_before_the_browsers(self):
        self.assertEqual(self.language("de_DE", "fr-FR"), "de_DE")

    def test_a_browsers_is_the_first_that_is_installed_or_its_family(self):
        self.assertEqual(self.language(False, "da", "fr-FR", "de"), "fr_FR")
        self.assertEqual(self.language(False, "de-AT", "fr"), "de_DE")
        self.assertEqual(self.language(False, "pt"), "pt_BR")
        self.assertEqual(self.language("da_DK", "fr-ca"), "fr_FR", "not installed any more")

    def test_none_is_installed(self):
        self.assertIsNone(self.language(False, "da", "*"))
        self.assertIsNone(self.language(False))


@tagged("post_install", "-at_install")
class TestPageInLanguages(TranslatedMixin, ShareMixin, ConnectorMixin, HttpCase):
    """The page that the invitation leads to."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._start_sandbox()
        cls._make_world()
        cls.german = cls.translate("de_DE", real=False)

    def setUp(self):
        super().setUp()
        self.startPatcher(patch.object(BucketStore, "bucket", Roomy(capacity=10**6)))
        self.share = self._make_share()
        self._send(self.share)
        self.path = f"/extensiv/share/{self.share.access_token}"

    def words_of(self, path, accepted):
        response = self.url_open(path, headers={"Accept-Language": accepted})
        return " ".join(response.text.split())

    def test_the_merchants_language_counts_whatever_the_browser_says(self):
        self.merchant.lang = "de_DE"
        page = self.words_of(self.path, "fr-FR,en;q=0.5")
        self.assertIn('lang="de-DE"', page)
        self.assertIn("⟦What happens next⟧", page)
        self.assertIn(in_brackets("Connect your cart"), page)
        self.merchant.lang = "en_US"
        self.assertIn('<h2 class="h5">What happens next</h2>', self.words_of(self.path, "de-DE"))

    def test_who_is_not_known_reads_the_browsers_language(self):
        self.assertIn("⟦This link is not valid⟧", self.words_of("/extensiv/share/wrong", "de-AT,en;q=0.5"))
        self.assertIn(">This link is not valid<", self.words_of("/extensiv/share/wrong", "da"))
        self.share.expires_on = fields.Date.today() - timedelta(days=1)
        self.assertIn("⟦This link is not valid⟧", self.words_of(self.path, "da, de;q=0.8"))
        self.merchant.lang = False
        self.share.expires_on = fields.Date.today()
        self.assertIn("⟦What happens next⟧", self.words_of(self.path, "de"))

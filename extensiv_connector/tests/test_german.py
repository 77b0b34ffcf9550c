"""Somebody in Munich works with it in German: nothing that the addon shows is left in English."""

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ConnectorCase
from .translated_common import ADDON, English, TranslatedMixin

# Models of which people read names, and with which fields.
NAMED = {
    "ir.ui.menu": ("name",),
    "ir.actions.act_window": ("name", "help"),
    "ir.actions.server": ("name",),
    "ir.actions.act_url": ("name",),
    "ir.actions.client": ("name",),
    "ir.model": ("name",),
    "ir.model.constraint": ("message",),
    "res.groups": ("name", "comment"),
    "res.groups.privilege": ("name",),
    "mail.template": ("name", "description", "subject", "body_html"),
    "mail.activity.type": ("name",),
    "extensiv.cart.type": ("requirements", "limits"),
}


class ShownMixin(TranslatedMixin):
    """Collects what the addon shows in ``lang``."""

    lang = "de_DE"
    maxDiff = None

    def of_addon(self, model):
        data = self.env["ir.model.data"].search([("module", "=", ADDON), ("model", "=", model)])
        return self.env[model].with_context(lang=self.lang, active_test=False).browse(data.mapped("res_id")).exists()

    def shown_in_views(self):
        """Return the pieces of text of all views, pages and reports, as Odoo shows them."""
        arch = self.env["ir.ui.view"]._fields["arch_db"]
        return {term for view in self.of_addon("ir.ui.view") for term in arch.get_trans_terms(view.arch_db)}

    def shown_by_names(self):
        """Return the names of menus, actions, groups … and what mails say."""
        return {
            part
            for model, names in NAMED.items()
            for record in self.of_addon(model)
            for name in names
            for part in (self.env[model]._fields[name].get_trans_terms(record[name]) if record[name] else [])
        }

    def shown_by_fields(self):
        """Return labels, helps and choices of the fields that the addon adds, on whatever model."""
        shown = set()
        for field in self.of_addon("ir.model.fields"):
            known = self.env[field.model]._fields.get(field.name)
            if known is None or known._module != ADDON:  # of the chatter, for example
                continue
            described = self.env[field.model].with_context(lang=self.lang).fields_get([field.name])[field.name]
            shown |= {described["string"], described.get("help")}
            if not known.related:  # else the choices are of the field that it shows
                shown |= {label for _value, label in described.get("selection") or ()}
        return shown - {None, False, ""}

    def messages(self):
        """Return what the addon says on the way through the guide: refusals, notes, reports, by what was done."""
        account = self.account.with_context(lang=self.lang)
        said = {}

        def refuse(what, act):
            with self.assertRaises(UserError) as refused, self.flows():
                act()
            said[what] = refused.exception.args[0]

        refuse("next before connecting", account.action_setup_next)
        refuse("go live before connecting", account.action_go_live)
        self.connect()
        share = self.env["extensiv.cart.share"].with_context(lang=self.lang)
        partner = self.env["res.partner"].create({"name": "Hafen"})
        shopify = self.env.ref("extensiv_connector.cart_type_shopify").id
        vals = {"account_id": account.id, "partner_id": partner.id, "type_id": shopify}
        refuse("a wrong link", lambda: share.create({**vals, "setup_url": "http://example.com"}))
        made = share.create({**vals, "setup_url": "https://app.cartrover.com/x"})
        refuse("no address", made.action_send)
        refuse("a number twice", lambda: account.write({"route_overrides": "nonsense"}))
        with self.flows():
            account.with_context(setup_step="live").action_setup_goto()
        for check in account.live_checks:
            said[f"check {check['title']}"] = check["title"]
            said[f"check {check['title']}, text"] = check["text"]
        return {what: text for what, text in said.items() if text}


@tagged("post_install", "-at_install")
class TestGerman(ShownMixin, ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.english = English(cls.translate("de_DE"))

    def test_nothing_is_left_in_english(self):
        for what in (self.shown_in_views, self.shown_by_names, self.shown_by_fields):
            with self.subTest(what.__name__):
                shown = what()
                self.assertGreater(len(shown), 100)
                self.assertEqual(self.english.left_in(shown), [])

    @mute_logger("odoo.sql_db")
    def test_the_guide_speaks_german(self):
        said = self.messages()
        self.assertGreater(len(said), 10)
        self.assertEqual(self.english.left_in(said.values()), [])

    def test_english_is_recognised_with_the_words_put_in(self):
        english = English(
            {"%(count)s orders were pulled.": "%(count)s Aufträge abgerufen.", "<b>Open</b>": "<b>Auf</b>"}
        )
        self.assertEqual(english.left_in(["3 orders were pulled.", "Auf", "3 Aufträge abgerufen."]), [
            "3 orders were pulled."])  # fmt: skip
        self.assertEqual(english.left_in(["Open"]), ["Open"])


@tagged("post_install", "-at_install")
class TestEveryTextReachesTranslators(ShownMixin, ConnectorCase):
    """In a language in which each text stands in brackets, what stands outside of them never got to a translator."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.translate("de_DE", real=False)

    def outside(self, shown):
        return sorted(text for text in shown if "⟦" not in text and English.WORDS.search(English.plain(text)))

    def test_every_text_of_the_addon_is_in_the_pot(self):
        for what in (self.shown_in_views, self.shown_by_names, self.shown_by_fields):
            with self.subTest(what.__name__):
                self.assertEqual(self.outside(what()), [])

    @mute_logger("odoo.sql_db")
    def test_every_message_of_the_guide_is_in_the_pot(self):
        said = self.messages()
        self.assertEqual({what: text for what, text in said.items() if not text.startswith("⟦")}, {})

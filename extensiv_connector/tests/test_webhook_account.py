"""The webhook on the account: its address, its key that nobody reads, and what the form says of it."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import config, mute_logger


@tagged("post_install", "-at_install")
class TestWebhookAccount(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user, cls.manager = (
            new_test_user(cls.env, login=f"hook_{group}", groups=f"base.group_user,extensiv_connector.group_{group}")
            for group in ("user", "manager")
        )
        cls.account = (
            cls.env["extensiv.account"]
            .create({"name": "Shops", "api_user": "shop", "api_key": "shop-key", "responsible_id": False})
            .with_user(cls.manager)
        )
        cls.account.state = "connected"

    def switch_on(self):
        with Form(self.account) as form:
            form.webhook_enabled = True
        return self.account.webhook_token

    def listens(self, token):
        account, key = self.env["extensiv.account"]._of_webhook(token)
        return account and key

    def test_it_is_off_at_first_and_gets_its_address_when_it_is_switched_on(self):
        self.assertFalse(self.account.webhook_enabled or self.account.webhook_token or self.account.webhook_url)
        token = self.switch_on()
        self.assertEqual(len(token), 43)
        self.assertEqual(self.account.webhook_url, f"{self.account.get_base_url()}/extensiv/webhook/{token}")
        self.assertEqual(self.listens(token), "shop-key")

    def test_an_account_made_with_it_has_an_address_and_no_two_have_the_same(self):
        first, second = self.env["extensiv.account"].create([{"webhook_enabled": True}, {"webhook_enabled": True}])
        self.assertTrue(first.webhook_token)
        self.assertNotEqual(first.webhook_token, second.webhook_token)

    def test_the_form_shows_no_address_before_it_is_saved(self):
        with Form(self.account) as form:
            form.webhook_enabled = True
            self.assertFalse(form.webhook_url)

    def test_a_copy_has_neither(self):
        self.switch_on()
        self.account.webhook_key = "hook-key"
        copy = self.account.copy({"api_user": "second", "api_key": "second-key"})
        self.assertFalse(copy.webhook_enabled or copy.webhook_token or copy.sudo().webhook_key)

    def test_a_new_address_takes_the_place_of_the_present_one(self):
        token = self.switch_on()
        self.account.action_renew_webhook()
        self.assertNotEqual(self.account.webhook_token, token)
        self.assertFalse(self.listens(token))
        self.assertEqual(self.listens(self.account.webhook_token), "shop-key")
        self.assertNotIn(self.account.webhook_token, self.account.message_ids[:1].body)

    # -- the key

    def test_nobody_reads_the_key(self):
        self.switch_on()
        [saved] = self.account.web_save({"webhook_key": "hook-key"}, {"webhook_key": {}, "has_webhook_key": {}})
        self.assertEqual((saved["webhook_key"], saved["has_webhook_key"]), (False, True))
        self.assertEqual(self.listens(self.account.webhook_token), "hook-key")
        self.env.invalidate_all()
        shown = [
            self.account.read(),
            self.account.web_read({"webhook_key": {}, "has_webhook_key": {}}),
            self.account.search_read([("id", "=", self.account.id)]),
            self.account.message_ids.mapped("body"),
            self.account.message_ids.sudo().tracking_value_ids.read(),
        ]
        self.assertNotIn("hook-key", str(shown))

    def test_the_stored_key_is_for_nobody(self):
        self.account.webhook_key = "hook-key"
        for person in (self.user, self.manager):
            account = self.account.with_user(person)
            for attempt in (
                lambda account=account: account.read(["webhook_key"]),
                lambda account=account: account.webhook_key,
                lambda account=account: account._export_rows([["webhook_key"]]),
                lambda account=account: account.search([("webhook_key", "=", "hook-key")]),
                lambda account=account: account.search([], order="webhook_key"),
                lambda account=account: account._read_group([], ["webhook_key"]),
            ):
                with self.assertRaises(AccessError), mute_logger("odoo.models"):
                    attempt()
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            self.account.with_user(self.user).write({"webhook_key": "x"})

    def test_address_and_key_are_for_managers_alone(self):
        self.switch_on()
        theirs = self.account.with_user(self.user)
        for name in ("webhook_token", "webhook_url", "webhook_key", "webhook_warning", "has_webhook_key"):
            self.assertNotIn(name, theirs.fields_get())
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                theirs.read([name])

    def test_an_empty_key_leaves_it_and_a_button_forgets_it(self):
        token = self.switch_on()
        self.account.webhook_key = "hook-key"
        self.account.write({"webhook_key": " ", "name": "Other shops"})
        self.assertEqual(self.listens(token), "hook-key")
        self.account.action_forget_webhook_key()
        self.assertFalse(self.account.has_webhook_key)
        self.assertEqual(self.listens(token), "shop-key")

    def test_without_any_key_nobody_listens(self):
        token = self.switch_on()
        self.account.sudo().write({"api_key": False, "state": "connected"})
        self.assertFalse(self.listens(token))

    # -- what the form says

    def warning(self, databases, dbfilter):
        """What it warns of where a server has these databases and this filter."""
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", "https://shop.example.com:8443")
        self.account.invalidate_recordset(["webhook_warning"])
        with (
            patch("odoo.service.db.list_dbs", return_value=databases),
            patch.dict(config.options, {"dbfilter": dbfilter, "db_name": []}),
        ):
            return self.account.webhook_warning

    def test_it_warns_where_the_host_name_does_not_select_the_database(self):
        self.switch_on()
        self.account.pull_orders = True
        own = self.env.cr.dbname
        self.assertFalse(self.warning([own], ""))
        self.assertIn("shop.example.com", self.warning([own, "shop"], ""))
        self.assertIn("dbfilter", self.warning([own, "shop"], "^%d$"))
        self.assertFalse(self.warning([own, "shop"], f"^{own}$"))

    def test_it_warns_where_calls_would_come_to_nothing(self):
        self.switch_on()
        self.assertIn("Pull Orders", self.warning([self.env.cr.dbname], ""))
        self.account.webhook_enabled = False
        self.assertFalse(self.warning([self.env.cr.dbname, "shop"], ""))

    def test_it_says_when_the_last_call_came(self):
        other = self.account.copy({"api_user": "second"})
        now = fields.Datetime.now()
        self.env["extensiv.call"].create(
            [
                {"account_id": account.id, "date": date, "route": route}
                for account, date, route in (
                    (self.account, now - timedelta(hours=1), "webhook"),
                    (self.account, now - timedelta(hours=2), "webhook"),
                    (self.account, now, "list_orders"),
                    (other, now, "webhook"),
                )
            ]
        )
        self.assertEqual(self.account.webhook_called_at, now - timedelta(hours=1))
        self.assertEqual(self.account.with_user(self.user).webhook_called_at, now - timedelta(hours=1))

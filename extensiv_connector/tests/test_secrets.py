"""A secret of the connection is written by managers, and given to nobody: in no form, search, group or export."""

from odoo.exceptions import AccessError
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..models.extensiv_account import SECRETS
from .common import ConnectorCase

SECRET = "s3cret-of-the-shop"


@tagged("post_install", "-at_install")
class TestSecrets(ConnectorCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager, cls.admin = (
            new_test_user(cls.env, login=f"secrets_{groups[0]}", groups=",".join(groups))
            for groups in (
                ("base.group_user", "base.group_allow_export", "extensiv_connector.group_manager"),
                (
                    "base.group_system",
                    "base.group_allow_export",
                    "base.group_no_one",
                    "extensiv_connector.group_manager",
                ),
            )
        )
        cls.account.write(dict.fromkeys(SECRETS, SECRET))
        cls.cart = cls.env["extensiv.cart"].create(
            {"account_id": cls.account.id, "order_source": "S", "name": "S", "prefix": "S:"}
        )

    def records(self):
        """The account, as each of those sees it who may write its secrets."""
        self.env.flush_all()
        for person in (self.manager, self.admin):
            self.env.invalidate_all()
            self.account.sudo().fetch(SECRETS)  # in the cache, where a careless reader would find it
            yield self.account.with_user(person)

    def test_nobody_who_asks_for_it_gets_it(self):
        for theirs in self.records():
            for name in SECRETS:
                for attempt in (
                    lambda theirs=theirs, name=name: theirs.read([name]),
                    lambda theirs=theirs, name=name: theirs[name],
                    lambda theirs=theirs, name=name: theirs.mapped(name),
                    lambda theirs=theirs, name=name: theirs.filtered_domain([(name, "=like", "s%")]),
                    lambda theirs=theirs, name=name: theirs._export_rows([[name]]),
                    lambda theirs=theirs, name=name: theirs.export_data([name]),
                    lambda theirs=theirs, name=name: theirs.search([(name, "=", SECRET)]),
                    lambda theirs=theirs, name=name: theirs.search([(name, "!=", False)]),
                    lambda theirs=theirs, name=name: theirs.search([], order=name),
                    lambda theirs=theirs, name=name: theirs._read_group([], [name]),
                    lambda theirs=theirs, name=name: theirs._read_group([], [], [f"{name}:array_agg"]),
                    lambda theirs=theirs, name=name: theirs.formatted_read_group([], [name]),
                    lambda theirs=theirs, name=name: theirs.env["extensiv.cart"].search(
                        [(f"account_id.{name}", "=like", "s%")]
                    ),
                ):
                    with self.assertRaises(AccessError), mute_logger("odoo.models"):
                        attempt()

    def test_a_managers_browser_gets_nothing(self):
        for theirs in self.records():
            asked = {name: {} for name in ("name", *SECRETS)}
            [read] = theirs.web_read(asked)
            self.assertEqual({name: read[name] for name in SECRETS}, dict.fromkeys(SECRETS, False))
            self.assertEqual(set(asked), {"name", *SECRETS}, "what was asked is left as it was")
            self.assertNotIn(SECRET, str(theirs.read()))
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                theirs.web_search_read([], asked)
            cart = self.cart.with_user(theirs.env.user)
            self.assertNotIn(SECRET, str(cart.web_read({"account_id": {"fields": asked}})))
            for values, changed in (
                ({"name": "Other"}, ["name"]),
                ({"name": "Other", **dict.fromkeys(SECRETS, "typed")}, list(SECRETS)),
                ({}, []),
            ):
                result = theirs.onchange(values, changed, asked)
                self.assertNotIn(SECRET, str(result))
            self.assertEqual(result["value"]["api_key"], False)
            self.assertNotIn(SECRET, str(theirs.web_save({"name": "Shops"}, asked)))
            self.assertNotIn("typed", str(theirs.web_save(dict.fromkeys(SECRETS, "typed"), asked)))
            self.account.write(dict.fromkeys(SECRETS, SECRET))

    def test_managers_write_it_in_the_form_and_see_that_it_is_there(self):
        for theirs in self.records():
            self.assertTrue(theirs.has_api_key)
            with Form(theirs) as form:
                self.assertFalse(form.api_key)
                form.name = "Renamed"
            self.assertEqual(self.account.api_key, SECRET, "saving something else leaves it alone")
            with Form(theirs) as form:
                form.api_key = " another\n"
            self.assertEqual(self.account.api_key, "another")
            self.account.api_key = SECRET
            made = Form(theirs.env["extensiv.account"])
            made.api_user = "u"
            made.api_key = "k"
            made = made.save()
            self.assertEqual(made.sudo().api_key, "k")
            self.assertFalse(made.web_read({"api_key": {}})[0]["api_key"])
            theirs.api_key = False
            self.assertFalse(theirs.has_api_key)
            self.account.api_key = SECRET

    def test_it_is_offered_for_no_search_group_or_export(self):
        for theirs in self.records():
            for description in theirs.fields_get(SECRETS).values():
                for use in ("searchable", "sortable", "groupable", "exportable"):
                    self.assertFalse(description[use], use)

    def test_a_user_is_refused_as_before(self):
        user = new_test_user(self.env, login="secrets_user", groups="base.group_user,extensiv_connector.group_user")
        theirs = self.account.with_user(user)
        self.assertNotIn("api_key", theirs.fields_get())
        for attempt in (lambda: theirs.web_read({"api_key": {}}), lambda: theirs.write({"api_key": "x"})):
            with self.assertRaises(AccessError), mute_logger("odoo.models"):
                attempt()

    def test_the_diagnosis_and_a_warehouses_merchants_work_with_it_all_the_same(self):
        self.account.api_key = "demo-key"
        self.connect()
        theirs = self.account.with_user(self.manager)
        wizard = self.env["extensiv.diagnosis"].with_user(self.manager).create({"account_id": theirs.id})
        with self.flows():
            wizard.action_diagnose()
        self.assertNotIn("demo-key", str(wizard.read()))

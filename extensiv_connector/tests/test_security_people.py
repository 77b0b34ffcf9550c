"""What people of each group, and of each company, may do, see and change."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .test_security import SecurityCase


@tagged("post_install", "-at_install")
class TestPeople(SecurityCase):
    def test_credentials_are_for_managers_alone(self):
        account = self.records["extensiv.account"]
        theirs = account.with_user(self.user)
        for field, value in (("api_user", "shop-user"), ("api_key", "shop-key")):
            self.assertNotIn(field, theirs.fields_get())
            self.assertNotIn(field, theirs.read()[0])
            for attempt in (
                lambda field=field: theirs.read([field]),
                lambda field=field: theirs[field],
                lambda field=field: theirs.web_read({field: {}}),
                lambda field=field: theirs._export_rows([[field]]),
                lambda field=field, value=value: theirs.search([(field, "=", value)]),
                lambda field=field: theirs.search([], order=field),
                lambda field=field: theirs._read_group([], [field]),
            ):
                with self.assertRaises(AccessError), mute_logger("odoo.models"):
                    attempt()
        self.assertEqual(account.with_user(self.manager).api_user, "shop-user")

    def test_credentials_are_not_copied_and_not_tracked(self):
        account = self.records["extensiv.account"]
        copy = account.copy()
        self.assertFalse(copy.api_user or copy.api_key)
        self.assertFalse({"api_user", "api_key"} & account._track_get_fields())

    def test_connecting_is_for_managers(self):
        account = self.records["extensiv.account"].with_user(self.user)
        for action in ("action_connect", "action_disconnect", "action_check_carts", "action_fetch_locations"):
            with self.assertRaisesRegex(UserError, "manager"):
                getattr(account, action)()
        account.with_user(self.manager).action_disconnect()
        self.assertEqual(account.state, "draft")

    def test_users_dismiss_and_ignore_though_they_cannot_write(self):
        error = self.records["extensiv.error"].with_user(self.user)
        error.action_dismiss()
        self.assertEqual(error.state, "dismissed")
        order = self.records["extensiv.order"].with_user(self.user)
        order.action_ignore()
        self.assertEqual(order.state, "ignored")

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_actions_are_refused_to_others_and_in_other_companies(self):
        error, order = self.records["extensiv.error"], self.records["extensiv.order"]
        elsewhere = self.env(user=self.user, context={"allowed_company_ids": self.other_company.ids})
        salesman = self.env(user=self.salesman)
        for env in (elsewhere, salesman):
            for record, action in (
                (error, "action_dismiss"),
                (error, "action_retry"),
                (error, "action_open_document"),
                (order, "action_import"),
                (order, "action_ignore"),
                (order, "action_import_after_all"),
                (self.records["extensiv.account"], "action_pull_orders"),
            ):
                with self.assertRaises(AccessError):
                    getattr(record.with_env(env), action)()
        for model, action in (
            ("extensiv.fetch", "action_fetch"),
            ("extensiv.fetch", "action_preview"),
            ("extensiv.compare", "action_read"),
            ("extensiv.diagnosis", "action_diagnose"),
        ):
            wizard = elsewhere[model].create({"account_id": self.records["extensiv.account"].id})
            with self.assertRaises(AccessError):
                getattr(wizard, action)()

    def _make_person_elsewhere(self, group):
        """Return a user of the other company alone."""
        return new_test_user(
            self.env,
            login="elsewhere",
            groups=f"base.group_user,{group}",
            company_id=self.other_company.id,
            company_ids=self.other_company.ids,
        )

    def test_nobody_ties_an_order_to_the_account_of_another_company(self):
        seller = self._make_person_elsewhere("sales_team.group_sale_manager")
        order = (
            self.env["sale.order"]
            .with_user(seller)
            .create({"partner_id": self.env["res.partner"].create({"name": "Mary"}).id})
        )
        for field, name in (
            ("extensiv_account_id", "extensiv.account"),
            ("extensiv_cart_id", "extensiv.cart"),
            ("extensiv_order_id", "extensiv.order"),
        ):
            with self.assertRaisesRegex(UserError, "compan"):
                order[field] = self.records[name].id

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_managers_make_and_move_nothing_into_companies_that_are_not_theirs(self):
        manager = self._make_person_elsewhere("extensiv_connector.group_manager")
        theirs = self._make_records(self.other_company)
        account = self.records["extensiv.account"].id
        for name, vals in {
            "extensiv.cart": {"order_source": "Z", "prefix": "Z:"},
            "extensiv.cart.share": {},
            "extensiv.location": {"name": "Z"},
            "extensiv.ship.method": {"ship_code": "Z"},
            "extensiv.sku.alias": {"sku": "Z"},
        }.items():
            record = theirs[name].with_user(manager)
            with self.subTest(f"{name}: moved"), self.assertRaises(AccessError):
                record.write({"account_id": account, **vals})
            with self.subTest(f"{name}: made"), self.assertRaises(AccessError):
                record.copy({"account_id": account, **vals})
        with self.assertRaises(AccessError):
            theirs["extensiv.account"].with_user(manager).copy().company_id = self.company

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_nobody_deletes_an_order_that_was_pulled(self):
        with self.assertRaises(AccessError):
            self.records["extensiv.order"].with_user(self.manager).unlink()
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self.records["extensiv.account"].with_user(self.manager).unlink()

    def test_a_salesman_without_our_groups_works_with_an_imported_order(self):
        partner = self.env["res.partner"].create({"name": "Mary"})
        order = (
            self.env["sale.order"]
            .create(
                {
                    "company_id": self.company.id,
                    "partner_id": partner.id,
                    "extensiv_order_id": self.records["extensiv.order"].id,
                    "extensiv_account_id": self.records["extensiv.account"].id,
                    "extensiv_cart_id": self.records["extensiv.cart"].id,
                    "extensiv_cust_ref": "1",
                }
            )
            .with_user(self.salesman)
        )
        views = order.get_views([(False, "form"), (False, "list"), (False, "search")])
        arch = "".join(view["arch"] for view in views["views"].values())
        for field in ("extensiv_order_id", "extensiv_account_id", "extensiv_cart_id"):
            self.assertNotIn(field, arch)
        shown = {name: {} for name in views["models"]["sale.order"]["fields"] if name in order._fields}
        order.invalidate_recordset()
        self.assertEqual(order.web_read(shown)[0]["partner_id"], partner.id)
        self.assertTrue(order.copy())
        order.action_confirm()
        self.assertEqual(order.state, "sale")

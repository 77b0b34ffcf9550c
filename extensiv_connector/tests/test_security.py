from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import file_open, mute_logger

READ = "read"
ALL = "read write create unlink"
# What a User and a Manager may do with every own model that is stored: a new model has to be added here.
RIGHTS = {
    "extensiv.account": (READ, ALL),
    "extensiv.alert": (READ, READ),
    "extensiv.bucket": ("", ""),
    "extensiv.call": (READ, READ),
    "extensiv.cart": (READ, ALL),
    "extensiv.cart.share": (READ, ALL),
    "extensiv.cart.type": (READ, ALL),
    "extensiv.error": (READ, READ),
    "extensiv.location": (READ, ALL),
    "extensiv.order": (READ, READ),
    "extensiv.run": (READ, READ),
    "extensiv.ship.method": (READ, ALL),
    "extensiv.sku.alias": (READ, ALL),
    "extensiv.stock.level": (READ, READ),
}
# The call allowance belongs to a credential, which accounts of several companies may share; the catalogue is the same
# for all.
WITHOUT_COMPANY = {"extensiv.bucket", "extensiv.cart.type"}


@tagged("post_install", "-at_install")
class TestSecurity(TransactionCase):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company = cls.env["res.company"].create({"name": "Ours"})
        cls.other_company = cls.env["res.company"].create({"name": "Theirs"})
        both = {"company_id": cls.company.id, "company_ids": (cls.company + cls.other_company).ids}
        cls.user, cls.manager, cls.salesman = (
            new_test_user(cls.env, login=login, groups=f"base.group_user,{group}", **both)
            for login, group in (
                ("extensiv_user", "extensiv_connector.group_user"),
                ("extensiv_manager", "extensiv_connector.group_manager"),
                ("extensiv_salesman", "sales_team.group_sale_salesman_all_leads"),
            )
        )
        cls.records = cls._make_records(cls.company)

    @classmethod
    def _make_records(cls, company):
        """Make one record of every own model that has a company; return ``{model name: record}``."""
        env = cls.env
        account = env["extensiv.account"].create({
            "name": f"Shops of {company.name}", "company_id": company.id, "responsible_id": False,
            "api_user": "shop-user", "api_key": "shop-key",
        })
        mine = {"account_id": account.id}
        cart = env["extensiv.cart"].create({
            **mine, "order_source": "Shopify", "name": "Shopify", "prefix": "SH:"})
        product = env["product.product"].create({"name": "Mug", "default_code": "MUG-1"})
        records = [
            account,
            cart,
            env["extensiv.cart.share"].create({
                **mine, "partner_id": env["res.partner"].create({"name": "Merchant"}).id,
                "type_id": env.ref("extensiv_connector.cart_type_shopify").id,
                "setup_url": "https://app.cartrover.com/setup"}),
            location := env["extensiv.location"].create({**mine, "name": "EAST"}),
            env["extensiv.stock.level"].create({
                "location_id": location.id, "company_id": company.id, "sku": "MUG-1", "product_id": product.id}),
            env["extensiv.ship.method"].create({**mine, "ship_code": "Standard"}),
            env["extensiv.sku.alias"].create({**mine, "sku": "MUG-OLD", "product_id": product.id}),
            env["extensiv.order"].create({
                **mine, "company_id": company.id, "cart_id": cart.id, "cust_ref": "1", "order_number": "1"}),
            env["extensiv.error"].create({
                **mine, "flow": "orders", "key": "1", "category": "data", "message": "No such SKU."}),
            env["extensiv.alert"].create({**mine, "remote_id": "9001", "subject": "Cart access"}),
            env["extensiv.call"].create({
                **mine, "company_id": company.id, "date": "2024-01-01", "route": "list_alerts"}),
            env["extensiv.run"].create({
                **mine, "company_id": company.id, "flow": "orders", "started_at": "2024-01-01",
                "state": "done"}),
        ]
        return {record._name: record for record in records}

    def _own_models(self):
        """Return the names of the module's stored models, wizards left out."""
        return {
            name for name, model in self.env.registry.items()
            if model._original_module == "extensiv_connector" and model._auto and not model._transient
        }

    def test_every_own_model_has_its_rights_here(self):
        self.assertEqual(self._own_models(), set(RIGHTS))

    def test_every_own_model_and_wizard_has_an_access_line(self):
        for name, model in self.env.registry.items():
            if model._original_module == "extensiv_connector" and not model._abstract:
                with self.subTest(name):
                    lines = self.env["ir.model.access"].search([("model_id.model", "=", name)])
                    self.assertTrue(lines)

    def test_each_group_may_do_what_it_is_for_and_no_more(self):
        for name, rights in RIGHTS.items():
            for person, allowed in zip((self.user, self.manager, self.salesman), (*rights, ""), strict=True):
                model = self.env[name].with_user(person)
                done = {operation for operation in ALL.split() if model.has_access(operation)}
                self.assertEqual(done, set(allowed.split()), f"{name}: {person.login}")

    def test_every_own_model_has_a_company_and_its_rule(self):
        for name in self._own_models() - WITHOUT_COMPANY:
            with self.subTest(name):
                self.assertTrue(self.env[name]._fields["company_id"].store)
                rules = self.env["ir.rule"].search([("model_id.model", "=", name)])
                self.assertEqual(rules.mapped("domain_force"), ["[('company_id', 'in', company_ids)]"])
                self.assertFalse(rules.groups, "a rule of a group would widen it")

    def test_records_of_a_company_are_seen_in_that_company_only(self):
        self.assertEqual(set(self.records), self._own_models() - WITHOUT_COMPANY)
        for name, record in self.records.items():
            self.assertEqual(record.company_id, self.company, name)
            for person in (self.user, self.manager):
                found = {
                    company: self.env[name].with_user(person).with_context(
                        allowed_company_ids=company.ids).search([("id", "=", record.id)])
                    for company in (self.company, self.other_company)
                }
                self.assertEqual(found[self.company], record, name)
                self.assertFalse(found[self.other_company], name)

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
            self.assertEqual(account.with_user(self.manager)[field], value)

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
                (error, "action_dismiss"), (error, "action_retry"), (error, "action_open_document"),
                (order, "action_import"), (order, "action_ignore"),
                (self.records["extensiv.account"], "action_pull_orders"),
            ):
                with self.assertRaises(AccessError):
                    getattr(record.with_env(env), action)()
        for model, action in (
            ("extensiv.fetch", "action_fetch"), ("extensiv.fetch", "action_preview"),
            ("extensiv.compare", "action_read"), ("extensiv.diagnosis", "action_diagnose"),
        ):
            wizard = elsewhere[model].create({"account_id": self.records["extensiv.account"].id})
            with self.assertRaises(AccessError):
                getattr(wizard, action)()

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_nobody_deletes_an_order_that_was_pulled(self):
        with self.assertRaises(AccessError):
            self.records["extensiv.order"].with_user(self.manager).unlink()
        with self.assertRaisesRegex(UserError, "Archive it instead"):
            self.records["extensiv.account"].with_user(self.manager).unlink()

    def test_a_salesman_without_our_groups_works_with_an_imported_order(self):
        partner = self.env["res.partner"].create({"name": "Mary"})
        order = self.env["sale.order"].create({
            "company_id": self.company.id,
            "partner_id": partner.id,
            "extensiv_order_id": self.records["extensiv.order"].id,
            "extensiv_account_id": self.records["extensiv.account"].id,
            "extensiv_cart_id": self.records["extensiv.cart"].id,
            "extensiv_cust_ref": "1",
        }).with_user(self.salesman)
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


@tagged("post_install", "-at_install")
class TestNeutralize(TransactionCase):

    def test_a_neutralized_copy_talks_to_nobody(self):
        account = self.env["extensiv.account"].create({
            "name": "Live", "api_user": "user", "api_key": "key",
            "pull_orders": True, "push_inventory": True, "push_shipments": True,
        })
        account.state = "connected"
        crons = self.env["ir.cron"].with_context(active_test=False).search(
            [("id", "in", self.env["ir.model.data"].search(
                [("module", "=", "extensiv_connector"), ("model", "=", "ir.cron")]).mapped("res_id"))])
        self.assertTrue(crons)
        crons.active = True
        share = self.env["extensiv.cart.share"].create({
            "account_id": account.id, "partner_id": self.env["res.partner"].create({"name": "Merchant"}).id,
            "type_id": self.env.ref("extensiv_connector.cart_type_shopify").id,
            "setup_url": "https://app.cartrover.com/setup", "state": "sent"})
        self.env.flush_all()
        with file_open("extensiv_connector/data/neutralize.sql") as script:
            self.env.cr.execute(script.read())
        self.env.invalidate_all()
        self.assertEqual(account.state, "draft")
        self.assertFalse(account.api_user or account.api_key)
        self.assertFalse(account.pull_orders or account.push_inventory or account.push_shipments)
        self.assertFalse(any(crons.mapped("active")))
        self.assertEqual(share.state, "withdrawn", "its link leads nowhere from the copy")

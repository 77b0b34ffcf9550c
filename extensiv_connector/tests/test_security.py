from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.models import BaseModel
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

READ = "read"
ALL = "read write create unlink"
# What a User and a Manager may do with every own model that is stored: a new model has to be added here.
RIGHTS = {
    "extensiv.account": (READ, ALL),
    "extensiv.alert": (READ, READ),
    "extensiv.bucket": ("", ""),
    "extensiv.call": (READ, READ),
    "extensiv.due": (READ, READ),
    "extensiv.cart": (READ, ALL),
    "extensiv.cart.pay.type": (READ, ALL),
    "extensiv.cart.share": (READ, ALL),
    "extensiv.cart.type": (READ, ALL),
    "extensiv.carrier.method": (READ, ALL),
    "extensiv.eim.method": (READ, READ),
    "extensiv.error": (READ, READ),
    "extensiv.known.sku": (READ, READ),
    "extensiv.location": (READ, ALL),
    "extensiv.order": (READ, READ),
    "extensiv.run": (READ, READ),
    "extensiv.ship.method": (READ, ALL),
    "extensiv.sku.alias": (READ, ALL),
    "extensiv.stock.history": (READ, READ),
    "extensiv.stock.level": (READ, READ),
    "extensiv.stock.scan": (READ, READ),
    "extensiv.unknown.order": (READ, READ),
}
# The call allowance belongs to a credential, which accounts of several companies may share; the catalogue is the same
# for all.
WITHOUT_COMPANY = {"extensiv.bucket", "extensiv.cart.type"}
# Wizards of which what the nights made is the company's, see test_compare_nightly.
NIGHTLY = {"extensiv.compare", "extensiv.compare.line"}
# Every public method, which RPC calls with whatever ids it likes, and who may call it: a new one has to be added here.
METHODS = {
    "manager": {
        "extensiv.account": (
            "action_connect action_disconnect action_check_carts action_fetch_locations action_list_merchants "
            "action_record_calls action_push_everything action_sku_report action_check_live action_go_live "
            "action_is_copy action_goes_on "
            "action_undo_live action_setup_next action_setup_back action_setup_goto action_setup_close "
            "action_setup_resume action_setup_cart action_import_products action_renew_webhook "
            "action_create_missing_products "
            "action_forget_webhook_key"
        ),
        "extensiv.alert": "action_dismiss_at_eim",
        "extensiv.diagnosis.route": "action_prove",
        "extensiv.prove": "action_send",
        "extensiv.cart": "action_answer_share action_tax_included action_tax_kept action_is_renamed action_is_new",
        "extensiv.cart.type": "action_set_up",
        "extensiv.cart.share": "action_send action_withdraw action_open_page",
        "extensiv.location": "action_take_quantities action_set_zero action_push_nevertheless",
        "extensiv.eim.method": "action_fetch",
        "extensiv.merchants": "action_create_accounts",
        "extensiv.sku.report.line": "action_create_alias action_create_product",
        "extensiv.stock.preview": "action_go_live",
        "extensiv.take.quantities": "action_read action_propose",
        "res.config.settings": "action_extensiv_new_health_token action_extensiv_forget_health_token",
        "res.partner": "action_extensiv_erase_buyer",
        "sale.order": "action_extensiv_resend",
        "stock.picking": "action_extensiv_resend",
    },
    "user": {
        "extensiv.account": (
            "action_pull_orders action_push_inventory action_push_shipments action_fetch_alerts action_open_eim "
            "get_progress action_preview_stock action_open_routes action_audit"
        ),
        "extensiv.add.alias": "action_add",
        "extensiv.alert": "action_open_at_eim action_open_order",
        "extensiv.compare": "action_read action_push",
        "extensiv.compare.order": "action_read",
        "extensiv.decide.shipment": (
            "action_tell_complete action_tell_whole action_tell_services action_tell_cancelled action_close"
        ),
        "extensiv.diagnosis": "action_diagnose action_open_routes action_try_routes",
        "extensiv.error": (
            "action_retry action_dismiss action_fix action_open_document action_push_zeros action_show_zeros"
        ),
        "extensiv.fetch": "action_fetch action_preview",
        "extensiv.location": "action_preview_stock",
        "extensiv.order": (
            "action_import action_import_after_all action_fetch_again action_ignore action_open_sale_order "
            "action_choose_products action_map_methods action_accept_difference action_address_is_right "
            "action_cart_is_right action_confirm_right action_fix action_open_cart action_compare "
            "action_create_products"
        ),
        "extensiv.sku.alias": "action_set_zero",
        "extensiv.stock.level": "action_push_again",
        "extensiv.stock.preview": "action_show_lines",
        "extensiv.stock.preview.location": "action_take_quantities",
        "extensiv.todo": "action_apply",
        "extensiv.unknown.order": "action_import action_belongs_elsewhere",
        "extensiv.untold": "action_send action_mark_sent action_decide action_open_transfers",
        "product.product": "action_extensiv_set_zero action_extensiv_reviewed",
        "product.template": "action_extensiv_set_zero action_extensiv_reviewed",
        "sale.order": "action_extensiv_send action_extensiv_mark_sent action_extensiv_decide action_extensiv_compare",
        "stock.picking": "action_extensiv_send action_extensiv_mark_sent action_extensiv_decide",
    },
    "salesman": {
        "extensiv.cancel": "action_cancel_order",
        "extensiv.choose.product": "action_choose",
        "sale.order": "action_open_extensiv_order action_extensiv_accept_difference action_extensiv_open_cart",
        "sale.order.line": "action_extensiv_choose_product",
    },
    # These say what the web client opens next, and read nothing.
    "anybody": {
        "extensiv.account": (
            "action_compare action_open_account action_open_alerts action_open_diagnosis action_open_errors "
            "action_open_comparisons "
            "action_open_orders_today action_open_runs action_open_waiting_levels action_open_waiting_orders "
            "action_open_waiting_shipments action_open_held_orders action_open_todo action_open_left_orders "
            "action_open_late"
        ),
        "extensiv.alert": "action_open_details",
        "extensiv.diagnosis": "action_open_account",
        "extensiv.cart.type": "action_open_window",
        "extensiv.sku.report.line": "action_download_template",
        "extensiv.untold": "action_open_order",
        "product.product": "action_extensiv_history",
        "product.template": "action_extensiv_history",
        "sale.order": "action_extensiv_cancel",
    },
    # Odoo's own, in which we leave something out: Odoo checks who may.
    "odoo": {
        "extensiv.account": "web_read",
        "mail.template": "send_mail send_mail_batch",
        "res.config.settings": "get_values set_values",
        "sale.order": "action_confirm action_open_delivery_wizard onchange_order_line",
        "stock.picking": "action_confirm message_post_with_source",
    },
}


class SecurityCase(TransactionCase):
    """A User and a Manager of ours and a salesman, and one record of every own model that has a company."""

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
        account = env["extensiv.account"].create(
            {
                "name": f"Shops of {company.name}",
                "company_id": company.id,
                "responsible_id": False,
                "api_user": "shop-user",
                "api_key": "shop-key",
            }
        )
        mine = {"account_id": account.id}
        cart = env["extensiv.cart"].create({**mine, "order_source": "Shopify", "name": "Shopify", "prefix": "SH:"})
        product = env["product.product"].create({"name": "Mug", "default_code": "MUG-1"})
        records = [
            account,
            cart,
            env["extensiv.cart.pay.type"].create({"cart_id": cart.id, "pay_type": "PayPal"}),
            env["extensiv.cart.share"].create(
                {
                    **mine,
                    "partner_id": env["res.partner"].create({"name": "Merchant"}).id,
                    "type_id": env.ref("extensiv_connector.cart_type_shopify").id,
                    "setup_url": "https://app.cartrover.com/setup",
                }
            ),
            *cls._make_levels(mine, company, product),
            env["extensiv.ship.method"].create({**mine, "ship_code": "Standard"}),
            *cls._make_methods(mine, product),
            env["extensiv.sku.alias"].create({**mine, "sku": "MUG-OLD", "product_id": product.id}),
            env["extensiv.known.sku"].create({**mine, "sku": "MUG-1", "origin": "list"}),
            env["extensiv.order"].create(
                {**mine, "company_id": company.id, "cart_id": cart.id, "cust_ref": "1", "order_number": "1"}
            ),
            env["extensiv.error"].create(
                {**mine, "flow": "orders", "key": "1", "category": "data", "message": "No such SKU."}
            ),
            env["extensiv.alert"].create({**mine, "remote_id": "9001", "subject": "Cart access"}),
            env["extensiv.call"].create(
                {**mine, "company_id": company.id, "date": "2024-01-01", "route": "list_alerts"}
            ),
            env["extensiv.unknown.order"].create({**mine, "cust_ref": "2", "order_number": "2", "status": "at_wms"}),
            env["extensiv.due"].create({**mine, "company_id": company.id, "flow": "orders", "due_at": "2024-01-01"}),
            env["extensiv.run"].create(
                {**mine, "company_id": company.id, "flow": "orders", "started_at": "2024-01-01", "state": "done"}
            ),
        ]
        return {record._name: record for record in records}

    @classmethod
    def _make_levels(cls, mine, company, product):
        """Make what is known of the stock at EIM."""
        location = cls.env["extensiv.location"].create({**mine, "name": "EAST"})
        level = cls.env["extensiv.stock.level"].create(
            {"location_id": location.id, "company_id": company.id, "sku": "MUG-1", "product_id": product.id}
        )
        history = {"level_id": level.id, "company_id": company.id, "date": "2024-01-01", "quantity": 5}
        scan = {
            **mine,
            **dict.fromkeys(("snapshot", "levels_snapshot", "server", "settings"), "1"),
            **dict.fromkeys(("scanned_at", "full_at"), "2024-01-01"),
        }
        return (
            location,
            level,
            cls.env["extensiv.stock.history"].create(history),
            cls.env["extensiv.stock.scan"].create(scan),
        )

    @classmethod
    def _make_methods(cls, mine, product):
        """Make what EIM calls a delivery method."""
        carrier = cls.env["delivery.carrier"].create({"name": "FedEx", "product_id": product.id})
        method = cls.env["extensiv.eim.method"].create({**mine, "code": "50", "description": "FedEx Ground"})
        vals = {**mine, "method_id": method.id, "delivery_carrier_id": carrier.id}
        return method, cls.env["extensiv.carrier.method"].create(vals)


@tagged("post_install", "-at_install")
class TestSecurity(SecurityCase):
    def _own_models(self):
        """Return the names of the module's stored models, wizards left out."""
        return {
            name
            for name, model in self.env.registry.items()
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
                    company: self.env[name]
                    .with_user(person)
                    .with_context(allowed_company_ids=company.ids)
                    .search([("id", "=", record.id)])
                    for company in (self.company, self.other_company)
                }
                self.assertEqual(found[self.company], record, name)
                self.assertFalse(found[self.other_company], name)

    def _public_methods(self):
        """Return ``{(model name, method)}`` of what the module adds for RPC to call."""
        return {
            (name, method)
            for name, model in self.env.registry.items()
            for cls in model.mro()
            if cls.__module__.startswith("odoo.addons.extensiv_connector.")
            for method, value in vars(cls).items()
            if callable(value) and not method.startswith("_") and not hasattr(BaseModel, method)
        }

    def _make_wizard(self, person, name, method=None):
        """Make a wizard of ``person`` on records of our company, as anybody can who knows their ids."""
        account, product = self.records["extensiv.account"], self.env["product.product"].search([], limit=1)
        vals = {
            "extensiv.add.alias": {"error_id": self.records["extensiv.error"].id, "sku": "A", "product_id": product.id},
            "extensiv.cancel": {"sale_order_id": self.sale.id},
            "extensiv.choose.product": {"line_id": self.sale.order_line.id, "product_id": product.id},
            "extensiv.compare": {
                "account_id": account.id,
                "line_ids": [
                    Command.create({"level_id": self.records["extensiv.stock.level"].id, "is_different": True})
                ],
            },
            "extensiv.merchants": {
                "account_id": account.id,
                "line_ids": [Command.create({"merchant_pk": "7", "name": "Seven", "chosen": True})],
            },
            "extensiv.compare.order": {"order_id": self.records["extensiv.order"].id},
            "extensiv.decide.shipment": {"order_id": self.records["extensiv.order"].id},
            "extensiv.fetch": {"account_id": account.id, "reference": "1"},
            "extensiv.take.quantities": {"location_id": self.records["extensiv.location"].id},
            "extensiv.todo": {
                "kind": "product",
                "line_ids": [Command.create({"account_id": account.id, "name": "A", "product_id": product.id})],
            },
        }
        report = self.env["extensiv.sku.report"].create({"account_id": account.id})
        vals["extensiv.sku.report.line"] = {
            "report_id": report.id,
            "state": "eim_only",
            "sku": "A",
            "product_id": method == "action_create_alias" and product.id,
        }
        vals["extensiv.prove"] = {"account_id": account.id, "route": "acknowledge"}
        vals["extensiv.diagnosis.route"] = {
            "name": "acknowledge",
            "diagnosis_id": self.env["extensiv.diagnosis"].create({"account_id": account.id}).id,
        }
        preview = self.env["extensiv.stock.preview"].create({"account_id": account.id})
        vals["extensiv.stock.preview.location"] = {
            "preview_id": preview.id,
            "location_id": self.records["extensiv.location"].id,
        }
        return self.env[name].with_user(person).sudo().create(vals.get(name, {"account_id": account.id})).sudo(False)

    def _refused(self, person, name, method):
        """Whether ``person`` is refused ``method`` on our company's record for who they are."""
        record = {
            **self.records,
            "sale.order": self.sale,
            "sale.order.line": self.sale.order_line,
            "extensiv.untold": self.env["extensiv.untold"].browse(self.sale.id),
            "stock.picking": self.picking,
            "extensiv.cart.type": self.env.ref("extensiv_connector.cart_type_shopify"),
            "product.product": self.product,
            "product.template": self.product.product_tmpl_id,
            "res.config.settings": self.env["res.config.settings"].create({}),
            "res.partner": self.contact,
        }.get(name) or self._make_wizard(person, name, method)
        self.env.invalidate_all()
        try:
            with self.env.cr.savepoint():
                getattr(record.with_user(person).with_context(setup_step="carts"), method)()
        except AccessError:
            return True
        except UserError as error:
            return "Only an Extensiv" in str(error)
        return False

    def test_every_public_method_is_known_here(self):
        known = {
            (name, method)
            for methods in METHODS.values()
            for name, names in methods.items()
            for method in names.split()
        }
        self.assertEqual(self._public_methods(), known)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_public_methods_are_refused_to_other_groups_and_other_companies(self):
        self.sale = self.env["sale.order"].create(
            {
                "company_id": self.company.id,
                "partner_id": self.env["res.partner"].create({"name": "Mary"}).id,
                "extensiv_account_id": self.records["extensiv.account"].id,
                "extensiv_cust_ref": "1",
                "extensiv_shipment_state": "ready",
                "order_line": [Command.create({"product_id": self.env["product.product"].create({"name": "Cup"}).id})],
            }
        )
        kind = self.env["stock.picking.type"].search(
            [("company_id", "=", self.company.id), ("code", "=", "outgoing")], limit=1
        )
        self.picking = self.env["stock.picking"].create({"picking_type_id": kind.id})
        self.product = self.env["product.product"].create({"name": "Ours", "company_id": self.company.id})
        self.contact = self.env["res.partner"].create({"name": "Mary", "company_id": self.company.id})
        seller = "base.group_user,sales_team.group_sale_manager,stock.group_stock_manager"
        persons = {
            who: new_test_user(
                self.env, login=f"rpc_{who}", groups=groups, company_id=company.id, company_ids=company.ids
            )
            for who, groups, company in (
                ("portal", "base.group_portal", self.company),
                ("elsewhere", f"{seller},extensiv_connector.group_manager", self.other_company),
                ("salesman", seller, self.company),
                ("user", f"{seller},extensiv_connector.group_user", self.company),
            )
        }
        # Each may do less than the next, but for the one elsewhere.
        for allowed, rank in {"salesman": 2, "user": 3, "manager": 4}.items():
            for name, methods in METHODS[allowed].items():
                for method in methods.split():
                    # The catalogue is every company's.
                    for who in [
                        who for who in list(persons)[:rank] if (who, name) != ("elsewhere", "extensiv.cart.type")
                    ]:
                        with self.subTest(f"{name}.{method}: {who}"):
                            self.assertTrue(self._refused(persons[who], name, method))
        for field in ("sku", "description"):
            with self.assertRaises(AccessError):
                self._make_wizard(persons["elsewhere"], "extensiv.choose.product").read([field])

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_a_wizard_is_seen_by_nobody_but_who_opened_it(self):
        for name, model in self.env.registry.items():
            if model._original_module == "extensiv_connector" and model._transient:
                with self.subTest(name):
                    [rule] = self.env["ir.rule"].search([("model_id.model", "=", name)])
                    if name in NIGHTLY:
                        own = r"\['\|', \('create_uid', '=', user.id\), "
                        self.assertRegex(rule.domain_force, own + ".*is_nightly', '=', True.*'in', company_ids")
                    else:
                        self.assertEqual(rule.domain_force, "[('create_uid', '=', user.id)]")
        mine = (
            self.env["extensiv.fetch"]
            .with_user(self.user)
            .create({"account_id": self.records["extensiv.account"].id, "preview": "Mary's address"})
        )
        theirs = mine.with_user(self.manager)
        self.assertFalse(theirs.search([]))
        with self.assertRaises(AccessError):
            theirs.read(["preview"])

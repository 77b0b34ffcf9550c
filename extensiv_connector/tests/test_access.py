"""Who may write, see and find what: what is recorded is the connector's, settings are people's."""

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestAccess(ShipmentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller, cls.user, cls.everything = (
            new_test_user(cls.env, login=f"access_{login}", groups=f"base.group_user,{groups}")
            for login, groups in (
                ("seller", "sales_team.group_sale_salesman_all_leads"),
                ("user", "extensiv_connector.group_user"),
                (
                    "everything",
                    "sales_team.group_sale_manager,stock.group_stock_manager,extensiv_connector.group_manager,"
                    "base.group_system",
                ),
            )
        )

    # -- what is recorded

    def test_nobody_writes_what_the_connector_records(self):
        sale = self.order()
        recorded = {
            sale: {"extensiv_cust_ref": "X", "extensiv_shipment_state": "sent", "extensiv_expected_total": 1.0},
            sale.order_line[:1]: {"extensiv_sku": "X", "extensiv_quantity": 9.0, "extensiv_line_no": "9"},
            sale.picking_ids: {"extensiv_shipment_state": "sent", "extensiv_shipped_at": "2024-01-01"},
        }
        for record, vals in recorded.items():
            before = record.read(list(vals))
            for name, value in vals.items():
                with self.subTest(name), self.assertRaises(AccessError), mute_logger("odoo.models"):
                    record.with_user(self.everything).write({name: value})
                with self.subTest(name), self.assertRaises(AccessError), mute_logger("odoo.models"):
                    record.with_user(self.everything).create({name: value})
                self.assertTrue(record.with_user(self.everything).fields_get([name])[name]["readonly"])
            self.assertEqual(record.read(list(vals)), before)
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            self.env["sale.order"].with_user(self.everything).with_context(default_extensiv_cust_ref="X").create(
                {"partner_id": sale.partner_id.id}
            )
        with self.assertRaises(AccessError), mute_logger("odoo.models"):
            sale.with_user(self.everything).write({"order_line": [(1, sale.order_line[0].id, {"extensiv_sku": "X"})]})

    @mute_logger("odoo.models")
    def test_an_import_of_a_file_writes_it_no_more_than_a_call(self):
        sale = self.order()
        result = (
            self.env["sale.order"].with_user(self.everything).load([".id", "extensiv_cust_ref"], [[str(sale.id), "X"]])
        )
        self.assertFalse(result["ids"])
        self.assertEqual(sale.extensiv_cust_ref, "S-1")

    def test_every_field_that_is_read_only_is_recorded(self):
        for model in ("sale.order", "sale.order.line", "stock.picking"):
            env_model = self.env[model].with_user(self.everything)
            for name, field in env_model._fields.items():
                if name.startswith("extensiv_"):
                    self.assertEqual(env_model._has_field_access(field, "write"), not field.readonly, name)

    def test_people_work_with_imported_orders_as_with_any(self):
        sale = self.order().with_user(self.seller)
        sale.write({"extensiv_instructions": "Ring twice", "client_order_ref": "PO-7"})
        sale.order_line[0].product_uom_qty = 3
        copy = sale.copy()
        self.assertFalse(copy.extensiv_cust_ref or copy.order_line.filtered("extensiv_sku"))
        sale.action_cancel()
        self.assertEqual(sale.state, "cancel")

    def test_who_ships_and_chooses_a_method_has_it_recorded(self):
        sale = self.order()
        picking = sale.picking_ids.with_user(self.everything)
        self.ship(picking)
        self.assertEqual(sale.extensiv_shipment_state, "ready")

    def test_settings_are_peoples(self):
        person = self.everything
        self.tee.with_user(person).write({"extensiv_stock_rule": "fixed", "extensiv_buffer_qty": 2})
        self.carrier.with_user(person).write({"extensiv_carrier": "FEDEX", "extensiv_method": "Ground"})
        self.assertEqual(self.carrier.extensiv_carrier, "FEDEX")

    # -- aliases

    def test_an_alias_is_overwritten_by_nobody_who_may_not_write_it(self):
        Alias = self.env["extensiv.sku.alias"]
        alias = Alias.create({"account_id": self.account.id, "sku": "OLD", "product_id": self.tee.id})
        for person in (self.user, self.seller):
            with self.assertRaisesRegex(UserError, "only an Extensiv manager"):
                Alias.with_user(person)._set_product(self.account, "OLD", self.mug)
            Alias.with_user(person)._set_product(self.account, "OLD", self.tee)
            Alias.with_user(person)._set_product(self.account, f"NEW-{person.id}", self.mug)
        self.assertEqual(alias.product_id, self.tee)
        Alias.with_user(self.everything)._set_product(self.account, "OLD", self.mug)
        self.assertEqual(alias.product_id, self.mug)

    def test_a_seller_chooses_a_product_and_leaves_anothers_alias_alone(self):
        placeholder = self.env["product.product"].create({"name": "Unknown", "type": "consu"})
        self.account.write({"sku_policy": "placeholder", "placeholder_product_id": placeholder.id})
        self.add_orders(
            {"cust_ref": "P-1", "order_source": "Shopify", "items": [{"item": "ODD", "quantity": "1", "price": "5"}]}
        )
        self.pull()
        line = self.inbox("P-1").sale_order_id.order_line.filtered("extensiv_needs_product")
        self.env["extensiv.sku.alias"].create({"account_id": self.account.id, "sku": "ODD", "product_id": self.tee.id})
        wizard = self.env["extensiv.choose.product"].with_user(self.seller)
        with self.assertRaisesRegex(UserError, "without remembering the alias"):
            wizard.create({"line_id": line.id, "product_id": self.mug.id}).action_choose()
        wizard.create({"line_id": line.id, "product_id": self.mug.id, "remember": False}).action_choose()
        self.assertEqual(line.product_id, self.mug)
        self.assertNotIn("Choose the products", line.order_id.extensiv_message or "")

    # -- the inbox

    def test_the_inbox_is_no_way_to_search_the_sales(self):
        sale = self.order()
        self.env.flush_all()
        Inbox = self.env["extensiv.order"].with_user(self.user)
        found = self.inbox("S-1")
        for domain in (
            [("sale_order_id.partner_id.name", "ilike", sale.partner_id.name)],
            [("sale_order_id.amount_total", ">", 0)],
            [("sale_order_id.client_order_ref", "!=", False)],
            [("sale_order_id", "any", [("amount_total", ">", 0)])],
            [("sale_order_id.order_line.price_unit", ">", 0)],
        ):
            self.assertTrue(self.env["extensiv.order"].search(domain), domain)
            with self.subTest(domain), mute_logger("odoo.addons.base.models.ir_access", "odoo.models"):
                try:
                    self.assertFalse(Inbox.search(domain))
                except AccessError:
                    continue
        self.assertEqual(Inbox.search([("sale_order_name", "ilike", sale.name)]), found)
        self.assertEqual(Inbox.search([("shipment_state", "=", "waiting")]), found)
        self.assertFalse(Inbox.search([("needs_carrier", "=", True)]))

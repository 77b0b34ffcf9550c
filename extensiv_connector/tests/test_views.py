from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import convert_file
from odoo.tools.safe_eval import safe_eval

from ..eim.wire import Order
from ..sandbox.catalogue import BY_SKU
from .test_security import RIGHTS

# What only processes read and write, and what is a part of its cart's form.
INTERNAL = {"extensiv.bucket", "extensiv.due", "extensiv.stock.scan", "extensiv.cart.pay.type"}


def wire_order(**values):
    """Return a ``wire.Order`` of two lines, the second filtered, changed by ``values``."""
    return Order.parse(
        {
            "cust_ref": "REF-1",
            "cust_po_no": "1001",
            "order_source": "Shopify",
            "currency_code": "USD",
            "cust_first_name": "Mary",
            "cust_last_name": "<b>Doe</b>",
            "cust_city": "Boston",
            "cust_zip": "02101",
            "ship_first_name": "Ann",
            "ship_last_name": "Doe",
            "ship_address_1": "Rue de l'Église 5",
            "carrier": "UPS",
            "ship_code": "GND",
            "ship_code_description": "UPS Ground",
            "gift_message": "Love <3\n<script>alert(1)</script>",
            "requested_ship_date": "2024-02-03",
            "sub_total": "1249.9950",
            "shipping_handling": "5.95",
            "sales_tax": "0.00",
            "order_discount": "10.00",
            "grand_total": "1245.94",
            "items": [
                {
                    "line_no": "1",
                    "item": "MUG-1",
                    "quantity": "100.0000",
                    "price": "12.4999",
                    "discount": "0.0000",
                    "extended_amount": "1249.99",
                    "Description": "Mug & saucer",
                    "line_comment": "<i>blue</i>",
                },
                {
                    "line_no": "2",
                    "item": "FEE",
                    "quantity": "1",
                    "price": "0",
                    "Description": "Protection",
                    "filtered_sku": "Y",
                },
            ],
            **values,
        }
    )


@tagged("post_install", "-at_install")
class TestViews(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user, cls.manager, cls.salesman = (
            new_test_user(cls.env, login=login, groups=f"base.group_user,{group}")
            for login, group in (
                ("extensiv_user", "extensiv_connector.group_user"),
                ("extensiv_manager", "extensiv_connector.group_manager"),
                ("extensiv_salesman", "sales_team.group_sale_salesman"),
            )
        )
        cls.account = cls.env["extensiv.account"].create({"name": "Shops", "api_user": "user", "api_key": "key"})
        cls.cart = cls.env["extensiv.cart"].create(
            {"account_id": cls.account.id, "order_source": "Shopify", "name": "Shopify", "prefix": "SH:"}
        )

    def _receive(self, wire):
        return self.env["extensiv.order"].create(
            self.env["extensiv.order"]._prepare_received_vals(self.account, self.cart, wire)
        )

    # -- what every model has

    def test_every_model_has_an_action_a_menu_and_a_search_of_its_own(self):
        for name in set(RIGHTS) - INTERNAL:
            with self.subTest(name):
                xmlid = name.replace(".", "_")
                action = self.env.ref(f"extensiv_connector.{xmlid}_action")
                self.assertEqual(action.res_model, name)
                self.assertIn("o_view_nocontent", action.help)
                self.assertEqual(self.env.ref(f"extensiv_connector.menu_{xmlid}").action, action)
                for kind in {"search", "list", *action.view_mode.split(",")}:
                    self.assertEqual(self.env.ref(f"extensiv_connector.{xmlid}_view_{kind}").model, name)

    def test_every_view_opens_for_user_and_manager(self):
        for name in set(RIGHTS) - INTERNAL:
            action = self.env.ref(f"extensiv_connector.{name.replace('.', '_')}_action")
            for person in (self.user, self.manager):
                with self.subTest(name, person=person.login):
                    model = self.env[name].with_user(person)
                    views = model.get_views([(False, kind) for kind in action.view_mode.split(",")])
                    self.assertEqual(set(views["views"]), set(action.view_mode.split(",")))
                    fields = {field: {} for field in views["models"][name]["fields"]}
                    self.assertIsInstance(model.search([]).web_read(fields), list)

    def test_records_that_flows_write_cannot_be_edited_by_hand(self):
        for name in ("extensiv.order", "extensiv.error", "extensiv.alert", "extensiv.run", "extensiv.call"):
            for kind in ("form", "list"):
                arch = etree.fromstring(self.env[name].get_view(view_type=kind)["arch"])
                self.assertEqual({arch.get(right) for right in ("create", "edit", "delete")}, {"false"}, name)

    def test_every_way_to_fix_an_error_has_a_button_that_shows(self):
        arch = etree.fromstring(self.env["extensiv.error"].get_view(view_type="form")["arch"])
        for fix, _label in self.env["extensiv.error"]._fields["fix"].selection:
            shown = [
                button.get("string")
                for button in arch.xpath("//button[@name='action_fix']")
                if not safe_eval(button.get("invisible"), {"fix": fix})
            ]
            self.assertEqual(len(shown), 1, fix)

    def test_a_comparison_is_made_on_the_account_and_not_in_the_list_of_nights(self):
        for kind in ("list", "kanban", "form"):
            arch = etree.fromstring(self.env["extensiv.compare"].get_view(view_type=kind)["arch"])
            self.assertEqual((arch.get("create"), arch.get("delete")), ("false", "false"), kind)

    def test_settings_are_explained(self):
        fields = self.env["extensiv.account"].fields_get(attributes=["help", "readonly", "string"])
        arch = etree.fromstring(self.env["extensiv.account"].get_view(view_type="form")["arch"])
        for node in arch.xpath("//group[@name]//field"):
            field = fields[node.get("name")]
            if not field["readonly"] and node.get("name") != "company_id":
                self.assertTrue(field.get("help"), node.get("name"))

    def test_menus_are_for_our_users(self):
        root = self.env.ref("extensiv_connector.menu_extensiv_root")
        self.assertIn(root.id, self.env["ir.ui.menu"].with_user(self.user)._visible_menu_ids())
        self.assertNotIn(root.id, self.env["ir.ui.menu"].with_user(self.salesman)._visible_menu_ids())

    # -- account

    def test_a_manager_fills_in_the_account(self):
        with Form(self.env["extensiv.account"].with_user(self.manager)) as form:
            form.name = "New shops"
            form.api_user = " shop-user "
            form.api_key = "shop-key"
        account = form.record
        self.assertEqual(account.api_user, "shop-user")
        self.assertEqual(account.state, "draft")
        self.assertFalse(account.pull_orders)

    def test_a_user_sees_the_account_without_credentials_and_changes_nothing(self):
        arch = self.env["extensiv.account"].with_user(self.user).get_view(view_type="form")["arch"]
        for hidden in ("api_user", "api_key", "action_connect", "action_disconnect"):
            self.assertNotIn(hidden, arch)
        self.assertIn("action_pull_orders", arch)
        with self.assertRaises(AccessError):
            self.account.with_user(self.user).pull_orders = True

    def test_carts_that_take_no_orders_stay_visible_on_the_account(self):
        self.cart.active = False
        self.env.invalidate_all()
        self.assertEqual(self.account.with_user(self.manager).cart_ids, self.cart)

    # -- inbox

    def test_summary_shows_the_order_and_escapes_what_came(self):
        summary = str(self._receive(wire_order()).summary)
        for shown in (
            "Mary &lt;b&gt;Doe&lt;/b&gt;",
            "Boston 02101",
            "Ann Doe",
            "Mug &amp; saucer",
            "&lt;i&gt;blue&lt;/i&gt;",
            "Love &lt;3",
            "&lt;script&gt;",
            "02/03/2024",
            "UPS Ground",
            "(GND)",
        ):
            self.assertIn(shown, summary)
        self.assertNotIn("<script>", summary)
        self.assertNotIn("<b>Doe", summary)

    def test_summary_shows_numbers_plainly(self):
        page = etree.fromstring(f"<div>{self._receive(wire_order()).summary}</div>")
        rows = [[" ".join("".join(cell.itertext()).split()) for cell in row] for row in page.iter("tr")]
        self.assertEqual(rows[1][2:], ["100", "12.4999", "", "", "1,249.99"])
        self.assertEqual(
            [row[-2:] for row in rows[3:]],  # before it, what only a wide screen has room for
            [
                ["Subtotal", "1,249.995"],
                ["Order discount", "-\ufeff10.00"],
                ["Shipping and handling", "5.95"],
                ["Total USD", "1,245.94"],
            ],
        )

    def test_summary_strikes_through_what_is_not_ours_to_ship(self):
        page = etree.fromstring(f"<div>{self._receive(wire_order()).summary}</div>")
        struck = {"".join(node.itertext()).strip() for node in page.xpath("//*[contains(@class, 'line-through')]")}
        self.assertLessEqual({"FEE", "Protection"}, struck)
        self.assertNotIn("MUG-1", struck)
        self.assertEqual(len(page.xpath("//*[text()='not ours to ship']")), 1)

    def test_summary_of_an_order_with_hardly_anything_in_it(self):
        order = self._receive(Order.parse({"cust_ref": "X", "items": [{"quantity": "many"}, "nonsense"]}))
        self.assertIn("Total", str(order.summary))
        self.assertIn("Line 2", str(order.summary), "what could not be read is told")

    def test_an_emptied_order_still_opens(self):
        order = self._receive(wire_order())
        order.payload = False
        self.assertFalse(order.summary or order.payload_readable)
        Form(order.with_user(self.user))

    def test_a_user_who_does_not_sell_finds_an_order_by_the_name_of_its_sale_order(self):
        order = self._receive(wire_order())
        order.sale_order_id = self.env["sale.order"].create(
            {"name": "SH:1001", "partner_id": self.env["res.partner"].create({"name": "Mary"}).id}
        )
        Order = self.env["extensiv.order"].with_user(self.user)
        search = etree.fromstring(Order.get_view(view_type="search")["arch"])
        domain = safe_eval(search.find("field[@name='order_number']").get("filter_domain"), {"self": "sh:1001"})
        self.assertEqual(Order.search(domain), order)

    def test_groups_of_orders_mix_no_currencies(self):
        fields = self.env["extensiv.order"].fields_get(["amount_total"])
        self.assertFalse(fields["amount_total"].get("aggregator"))

    # -- sale order

    def test_an_extensiv_user_finds_the_eim_order_from_the_sale_order_and_back(self):
        self.user.group_ids += self.env.ref("sales_team.group_sale_salesman_all_leads")
        order = self._receive(wire_order())
        sale = (
            self.env["sale.order"]
            .create(
                {
                    "partner_id": self.env["res.partner"].create({"name": "Mary"}).id,
                    "extensiv_order_id": order.id,
                    "extensiv_account_id": self.account.id,
                    "extensiv_cart_id": self.cart.id,
                    "extensiv_cust_ref": "REF-1",
                }
            )
            .with_user(self.user)
        )
        order.sale_order_id = sale
        arch = sale.get_view(view_type="form")["arch"]
        for shown in (
            "action_open_extensiv_order",
            "extensiv_held_by",
            "extensiv_lasting_notes",
            "extensiv_cart_id",
            "extensiv_sku",
        ):
            self.assertIn(shown, arch)
        [cancel] = etree.fromstring(arch).xpath("//header/button[@name='action_cancel']")
        self.assertIn("or (extensiv_cust_ref)", cancel.get("invisible"), "our dialog takes its place")
        action = sale.action_open_extensiv_order()
        self.assertEqual(action["res_model"], "extensiv.order")
        self.assertEqual(action["res_id"], order.id)
        action = order.with_user(self.user).action_open_sale_order()
        self.assertEqual(action["res_model"], "sale.order")
        self.assertEqual(action["res_id"], sale.id)
        search = etree.fromstring(
            sale.get_view(self.env.ref("sale.sale_order_view_search_inherit_sale").id, "search")["arch"]
        )
        self.assertTrue(search.xpath("//field[@name='extensiv_cust_ref']"))
        self.assertTrue(search.xpath("//filter[@name='extensiv']"))
        self.assertTrue(search.xpath("//filter[@name='extensiv_cart']"))


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    def test_demonstration_data_fit_the_sandbox(self):
        for path in ("demo/product_demo.xml", "demo/extensiv_demo.xml"):
            convert_file(self.env, "extensiv_connector", path, {}, mode="init", noupdate=True)
        warehouse = self.env.ref("stock.warehouse0")
        products = self.env["product.product"].search([("default_code", "in", list(BY_SKU))])
        self.assertEqual(sorted(products.mapped("default_code")), sorted(BY_SKU))
        for product in products:
            sold = BY_SKU[product.default_code]
            self.assertEqual(product.name, sold.name)
            self.assertEqual(product.barcode, sold.upc)
            self.assertAlmostEqual(product.list_price, float(sold.price))
            self.assertGreater(product.with_context(warehouse_id=warehouse.id).qty_available, 30)
        self.assertFalse(self.env["product.product"].search_count([("default_code", "=", "SCARF-RED")]))
        account = self.env.ref("extensiv_connector.extensiv_account_sandbox")
        self.assertEqual(account.state, "draft")
        self.assertEqual(account.api_user, "demo")
        self.assertFalse(account.pull_orders)
        self.assertFalse(account.company_id.stock_text_confirmation)

"""What sale orders from EIM show to people, and where Odoo's own screens find them."""

from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.tests import new_test_user, tagged

from ..flows.shipment_words import describe
from ..flows.technical_fields import TECHNICAL
from .common import ConnectorCase

SHIPMENT = {
    "carrier": "UPS",
    "tracking_no": "1Z9",
    "date": "2024-02-03T22:30:00+00:00",
    "package_weight_lbs": "1200.50",
    "items": [{"item": "TEE-1", "quantity": "2.0000"}, {"item": "MUG-1", "quantity": "1234.5"}],
}


@tagged("post_install", "-at_install")
class TestOrderScreens(ConnectorCase):
    def order(self, cust_ref="A", **values):
        self.connect()
        line = {"item": "TEE-1", "quantity": "2", "price": "10.00"}
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": [line], **values})
        self.pull()
        return self.inbox(cust_ref)

    def test_the_delivery_address_stands_on_the_order(self):
        sale = self.order(
            cust_first_name="Mary",
            cust_last_name="Doe",
            ship_first_name="Ann",
            ship_last_name="Lee",
            ship_address_1="5 High Street",
            ship_city="Boston",
            ship_state="MA",
            ship_zip="02101",
            ship_country="US",
        ).sale_order_id
        lines = sale.extensiv_delivery_address.splitlines()
        self.assertEqual(lines[0], "Ann Lee")
        self.assertIn("5 High Street", lines)
        self.assertTrue(any("Boston" in line and "02101" in line for line in lines))
        arch = etree.fromstring(self.env["sale.order"].get_view(view_type="form")["arch"])
        [shown] = arch.xpath("//group[@name='partner_details']//field[@name='extensiv_delivery_address']")
        self.assertEqual(shown.get("invisible"), "not extensiv_cust_ref")

    def test_what_eim_was_told_reads_as_a_person_writes_it(self):
        self.env["res.lang"]._activate_lang("de_DE")
        english = describe(self.env(context={"lang": "en_US", "tz": "UTC"}), SHIPMENT)
        self.assertRegex(english, r"^UPS 1Z9: 2 × TEE-1, 1,234\.5 × MUG-1 \(1,200\.5 lb, 2/3/24, 10:30\WPM\)$")
        german = describe(self.env(context={"lang": "de_DE", "tz": "Europe/Berlin"}), SHIPMENT)
        self.assertIn("1.234,5 × MUG-1", german)
        self.assertIn("03.02.24, 23:30", german)
        odd = describe(self.env, {"items": [{"item": "A", "quantity": "some"}], "date": "soon"})
        self.assertEqual(odd, ": some × A (soon)")

    def test_no_technical_field_stands_among_filters_and_groupings(self):
        attributes = ["searchable", "groupable", "string"]
        for name, model in self.env.registry.items():
            if name.startswith("extensiv.") or model._abstract or model._transient:
                continue
            ours = [field for field in model._fields if field.startswith("extensiv_")]
            for field, said in self.env[name].fields_get(ours, attributes).items() if ours else ():
                with self.subTest(f"{name}.{field}"):
                    if field in TECHNICAL.get(name, ()):
                        self.assertFalse(said["searchable"] or said["groupable"])
                    elif said["searchable"]:
                        self.assertFalse(said["string"].startswith("Extensiv "), "it has no name for people")
        for name, hidden in TECHNICAL.items():
            self.assertLessEqual(hidden, set(self.env[name]._fields), name)
        self.env["sale.order"].search([("extensiv_ask_after", "!=", False)], limit=1)  # our own passes still find by it

    def test_sales_are_analysed_by_cart_and_account(self):
        order = self.order()
        self.env.flush_all()
        seller = new_test_user(
            self.env,
            login="analyst",
            groups="base.group_user,sales_team.group_sale_manager,extensiv_connector.group_user",
        )
        [(cart, account, quantity)] = (
            self.env["sale.report"]
            .with_user(seller)
            ._read_group(
                [("extensiv_account_id", "=", self.account.id), ("product_id", "=", self.products[0].id)],
                ["extensiv_cart_id", "extensiv_account_id"],
                ["product_uom_qty:sum"],
            )
        )
        self.assertEqual((cart, account, quantity), (order.cart_id, self.account, 2))
        other = new_test_user(self.env, login="no_eim", groups="base.group_user,sales_team.group_sale_manager")
        self.assertNotIn("extensiv_cart_id", self.env["sale.report"].with_user(other).fields_get())
        self.assertTrue(self.env["sale.report"].with_user(other).search_count([]))


@tagged("post_install", "-at_install")
class TestFetchKnown(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def add(self, cust_ref, **order):
        line = {"item": "TEE-1", "quantity": "1", "price": "10.00"}
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": [line], **order})

    def fetch(self, **values):
        wizard = self.env["extensiv.fetch"].create({"account_id": self.account.id, **values})
        with self.flows():
            return wizard.action_fetch()

    def test_an_order_that_is_here_opens_also_once_it_has_shipped(self):
        self.add("A", cust_po_no="#77")
        self.pull()
        for status in ("new", "shipped", "canceled"):
            self.change_order("A", order_status=status)
            for reference in ("A", "#77", " #77 "):
                action = self.fetch(reference=reference)
                self.assertEqual((action["res_model"], action["res_id"]), ("extensiv.order", self.inbox("A").id))
        self.assertEqual(self.env["sale.order"].search_count([("extensiv_cust_ref", "=", "A")]), 1)

    def test_an_order_that_is_here_opens_while_the_account_is_not_connected(self):
        self.add("A")
        self.pull()
        self.account.action_disconnect()
        self.assertEqual(self.fetch(reference="A")["res_id"], self.inbox("A").id)

    def test_a_number_of_two_carts_opens_both_orders(self):
        self.add("A", cust_po_no="#77")
        self.add("B", cust_po_no="#77", order_source="Amazon")
        self.pull()
        action = self.fetch(reference="#77")
        found = self.env["extensiv.order"].search(action["domain"])
        self.assertEqual(found, self.inbox("A") | self.inbox("B"))
        self.assertEqual(self.fetch(reference="B")["res_id"], self.inbox("B").id, "EIM's reference names one")

    def test_of_orders_between_two_dates_those_that_are_here_are_shown_also_shipped(self):
        self.add("A")
        self.pull()
        self.change_order("A", order_status="shipped")
        self.add("B", order_status="shipped")
        now = fields.Datetime.now()
        action = self.fetch(mode="dates", date_from=now - timedelta(days=400), date_to=now + timedelta(days=2))
        self.assertEqual(action["res_id"], self.inbox("A").id)
        self.assertFalse(self.inbox("B"))

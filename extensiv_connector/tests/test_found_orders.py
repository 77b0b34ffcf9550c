"""Orders are found by who bought what, the inbox begins with what needs a person, and counts the rest."""

from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.modules.module import load_script
from odoo.tests import new_test_user, tagged
from odoo.tools.safe_eval import safe_eval

from ..flows import inbox_parts
from .common import ConnectorCase

MARY = {
    "cust_first_name": "Mary",
    "cust_last_name": "Doe",
    "ship_first_name": "Mary",
    "ship_last_name": "Doe",
    "ship_address_1": "5 High Street",
    "ship_city": "Boston",
    "ship_state": "MA",
    "ship_zip": "02101",
    "ship_country": "US",
}


@tagged("post_install", "-at_install")
class TestFoundOrders(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()
        self.Order = self.env["extensiv.order"]

    def add(self, cust_ref, *skus, **values):
        items = [{"item": sku, "quantity": "1", "price": "10.00"} for sku in skus or ("TEE-1",)]
        self.add_orders({"cust_ref": cust_ref, "order_source": "Shopify", "items": items, **MARY, **values})

    def receive_all_kinds(self):
        """Receive an order of each kind; nothing is new about their cart."""
        self.add("OK")
        self.add("GONE")
        self.add("FAILED", "NEW-9")
        self.add("NO", "NEW-8")
        self.pull()
        self.account.cart_ids.is_new = False
        self.inbox("GONE").sale_order_id._action_cancel()
        self.inbox("NO").action_ignore()
        return self.Order.search([("account_id", "=", self.account.id)])

    # -- by whom and what

    def test_an_order_that_is_received_is_found_by_its_buyer_and_each_of_its_skus(self):
        self.add("A", "TEE-1", "MUG-1", "TEE-1")
        self.pull()
        order = self.inbox("A")
        self.assertEqual((order.buyer, order.skus), ("Mary Doe", "TEE-1, MUG-1"))
        search = etree.fromstring(self.Order.get_view(view_type="search")["arch"])
        for name, text in (("buyer", "mary"), ("skus", "mug-1")):
            self.assertTrue(search.xpath(f"//field[@name='{name}']"))
            self.assertIn(order, self.Order.search([(name, "ilike", text)]))
        by_buyer = dict(self.Order._read_group([("id", "in", order.ids)], ["buyer"], ["__count"]))
        self.assertEqual(by_buyer, {"Mary Doe": 1})

    def test_what_the_cart_corrects_is_corrected(self):
        self.add("A", "NEW-9")
        self.pull()
        self.assertEqual(self.inbox("A").state, "failed")
        line = {"item": "MUG-1", "quantity": "1", "price": "10.00"}
        self.change_order("A", cust_first_name="Ann", items=[line])
        with self.flows():
            self.inbox("A")._fetch_payload()
        self.assertEqual((self.inbox("A").buyer, self.inbox("A").skus), ("Ann Doe", "MUG-1"))

    def test_the_buyer_goes_with_what_was_received_and_the_skus_stay(self):
        self.add("A")
        self.pull()
        order = self.inbox("A")
        self.account.payload_days = 5
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_order SET create_date = '2020-01-01' WHERE id = %s", [order.id])
        self.env.invalidate_all()
        self.Order._gc_payloads()
        self.assertFalse(order.payload or order.buyer)
        self.assertEqual(order.skus, "TEE-1")

    def test_orders_of_before_are_found_after_an_update(self):
        self.add("A", "TEE-1", "MUG-1")
        self.add("B")
        self.pull()
        orders = self.inbox("A") | self.inbox("B")
        self.inbox("B").payload = "no order any more"
        self.env.flush_all()
        self.env.cr.execute("UPDATE extensiv_order SET buyer = NULL, skus = NULL WHERE id = ANY(%s)", [orders.ids])
        path = "extensiv_connector/migrations/19.0.1.7.0/post-found_by.py"
        for _again in range(2):
            load_script(path, "post-found_by").migrate(self.env.cr, "19.0.1.7.0")
        self.env.invalidate_all()
        self.assertEqual((self.inbox("A").buyer, self.inbox("A").skus), ("Mary Doe", "TEE-1, MUG-1"))
        self.assertFalse(self.inbox("B").buyer or self.inbox("B").skus)

    # -- the inbox

    def test_every_order_is_in_one_part_of_the_inbox_and_found_there(self):
        orders = self.receive_all_kinds()
        expected = {"OK": "imported", "GONE": "cancelled", "FAILED": "todo", "NO": "ignored"}
        self.assertEqual({order.cust_ref: order.attention for order in orders}, expected)
        ours = [("id", "in", orders.ids)]
        for cust_ref, part in expected.items():
            self.assertEqual(self.Order.search([*ours, ("attention", "=", part)]), self.inbox(cust_ref))
        self.assertEqual(self.Order.search([*ours, ("attention", "!=", "todo")]), orders - self.inbox("FAILED"))

    def test_the_inbox_opens_on_what_needs_a_person_with_counts_of_the_rest(self):
        orders = self.receive_all_kinds()
        action = self.env.ref("extensiv_connector.extensiv_order_action")
        default = safe_eval(action.context)["searchpanel_default_attention"]
        user = new_test_user(self.env, login="found_user", groups="base.group_user,extensiv_connector.group_user")

        def parts():
            found = self.Order.with_user(user).search_panel_select_range(
                "attention", enable_counters=True, search_domain=[("id", "in", orders.ids)]
            )
            return [(part["id"], part["__count"]) for part in found["values"]]

        self.assertEqual(parts(), [("todo", 1), ("imported", 1), ("cancelled", 1), ("ignored", 1)])
        self.assertEqual(parts()[0][0], default)
        self.inbox("FAILED").action_ignore()
        self.assertNotIn(default, dict(parts()), "all orders are shown where none needs a person")

    def test_the_counts_take_a_query_each_and_fit_what_is_found(self):
        orders = self.receive_all_kinds()
        cancelled_here = self.inbox("OK")
        cancelled_here.sale_order_id._action_cancel()
        self.inbox("FAILED").cancelled_at = fields.Datetime.now()  # and needs a person all the same
        self.env.flush_all()
        ours = [("id", "in", orders.ids)]
        with self.assertQueryCount(3):
            counts = inbox_parts.count(self.Order, ours)
        for part in ("todo", "received", "imported", "cancelled", "ignored"):
            self.assertEqual(counts[part], self.Order.search_count([*ours, ("attention", "=", part)]), part)
        self.assertEqual((counts["todo"], counts["cancelled"], counts["imported"]), (1, 2, 0))

    def test_lists_and_cards_say_what_an_order_needs_a_person_for(self):
        self.receive_all_kinds()
        failed = self.inbox("FAILED")
        self.assertEqual((failed.badge, failed.notice), ("failed", failed.message))
        good = self.inbox("OK")
        self.assertEqual((good.badge, good.notice), ("imported", False))
        good.cart_id.is_new = True
        good.invalidate_recordset()
        self.assertEqual(good.badge, "cart")
        self.assertIn("press Cart Is Right", good.notice)
        labels = dict(self.Order.fields_get(["badge"])["badge"]["selection"])
        self.assertEqual((labels["failed"], labels["cart"]), ("Failed", "New Cart"))

    def test_the_newest_order_of_the_buyers_comes_first(self):
        for view in ("extensiv_order_view_list", "extensiv_order_view_list_todo", "extensiv_order_view_kanban"):
            arch = etree.fromstring(self.env.ref(f"extensiv_connector.{view}").arch)
            self.assertEqual(arch.get("default_order"), "order_date desc, id desc")

    def test_the_bar_of_states_shows_only_the_way_of_the_order(self):
        arch = etree.fromstring(self.Order.get_view(view_type="form")["arch"])
        ways = {
            ("received", False): "received,imported",
            ("failed", False): "received,imported",
            ("imported", 1): "received,imported",
            ("cancelled", 1): "received,imported,cancelled",
            ("cancelled", False): "received,cancelled",
            ("ignored", False): "received,ignored",
        }
        for (status, sale), way in ways.items():
            shown = [
                bar.get("statusbar_visible")
                for bar in arch.xpath("//field[@name='status'][@widget='statusbar']")
                if not safe_eval(bar.get("invisible"), {"status": status, "sale_order_id": sale})
            ]
            self.assertEqual(shown, [way], status)
        order = list(dict(self.Order._fields["status"].selection))
        self.assertLess(order.index("failed"), order.index("imported"), "it fails on its way")

    # -- products of failed orders

    def test_a_failed_order_has_its_products_created_and_is_imported(self):
        self.add("A", "NEW-8", "NEW-9")
        self.add("B", "tee- 1")
        self.pull()
        order = self.inbox("A")
        self.assertEqual((order.state, order.fix), ("failed", "alias"))
        with self.flows():
            order.action_create_products()
        self.env.invalidate_all()
        self.assertEqual(order.state, "imported")
        products = order.sale_order_id.order_line.product_id
        self.assertLessEqual({"NEW-8", "NEW-9"}, set(products.mapped("default_code")))
        self.assertTrue(all(products.filtered("extensiv_created_sku").mapped("extensiv_to_review")))
        with self.flows(), self.assertRaisesRegex(UserError, "resemble"):
            self.inbox("B").action_create_products()

    # -- cancelled, on every screen

    def test_an_order_cancelled_here_says_so_on_its_badges_and_in_its_chatter(self):
        self.add("A")
        self.pull()
        order = self.inbox("A")
        sale = order.sale_order_id
        self.assertEqual((sale.extensiv_shipment_shown, order.status), ("waiting", "imported"))
        sale._action_cancel()
        self.assertEqual((sale.extensiv_shipment_shown, order.shipment_shown), ("cancelled", "cancelled"))
        self.assertEqual(set(sale.picking_ids.mapped("extensiv_shipment_shown")), {"cancelled"})
        self.assertEqual(order.status, "cancelled")
        self.assertIn("Cancelled here only", "".join(sale.message_ids.mapped("body")))
        self.assertIn(order, self.Order.search([("status", "=", "cancelled")]))
        sale.action_draft()
        self.assertEqual((sale.extensiv_shipment_shown, order.status), ("waiting", "imported"))

    def test_an_order_cancelled_at_eim_says_so_also_where_it_goes_on_here(self):
        self.add("A")
        self.pull()
        order = self.inbox("A")
        order.cancelled_at = fields.Datetime.now()
        self.assertEqual(order.sale_order_id.state, "sale")
        self.assertEqual((order.status, order.shipment_shown), ("cancelled", "cancelled"))
        order.sale_order_id.extensiv_shipment_state = "sent"
        self.assertEqual(order.shipment_shown, "sent", "what EIM was told stays told")

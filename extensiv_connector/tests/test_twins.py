"""Orders with one number, and order sources that look like a known cart under another name."""

from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import ConnectorCase


@tagged("post_install", "-at_install")
class TestTwins(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def pulled(self, cust_ref, number="1001", pull=True, **order):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "cust_po_no": number,
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "1", "price": "10.00"}],
                **order,
            }
        )
        if pull:
            self.pull()
        return self.inbox(cust_ref)

    def test_two_orders_with_one_number_are_named_apart_and_linked(self):
        first = self.pulled("A-1").sale_order_id
        second = self.pulled("A-2").sale_order_id
        self.assertEqual(second.name, f"{first.name}-2")
        self.assertIn(first.name, second.extensiv_twins)
        self.assertIn(second.name, first.extensiv_twins)
        self.assertIn(second.name, first.message_ids[0].body)
        self.assertFalse(self.pulled("B-1", "1002").sale_order_id.extensiv_twins)

    def test_those_that_come_together_are_named_apart_too(self):
        for ref in ("A-1", "A-2", "A-3"):
            self.pulled(ref, pull=False)
        self.pull()
        names = [self.inbox(ref).sale_order_id.name for ref in ("A-1", "A-2", "A-3")]
        self.assertEqual(names, [names[0], f"{names[0]}-2", f"{names[0]}-3"])

    def test_the_names_are_the_same_in_whatever_turn_they_are_imported(self):
        late = self.pulled("A-1", items=[{"item": "LATE", "quantity": "1", "price": "10.00"}])
        self.assertEqual(late.state, "failed")
        second = self.pulled("A-2").sale_order_id
        self.products[1].default_code = "LATE"
        with self.flows():
            late.action_import()
        self.assertEqual(second.name, f"{late.sale_order_id.name}-2")

    def test_an_order_split_under_another_number_is_linked_by_its_original(self):
        first = self.pulled("A-1", "1001").sale_order_id
        second = self.pulled("A-1-B", "1001-B", cust_ref_original="A-1").sale_order_id
        self.assertIn(first.name, second.extensiv_twins)
        self.assertIn(second.name, first.extensiv_twins)

    def test_a_cancelled_twin_is_told_on_the_other(self):
        first = self.pulled("A-1").sale_order_id
        second = self.pulled("A-2").sale_order_id
        self.change_order("A-1", order_status="canceled")
        self.pull()
        self.assertEqual((first.state, second.state), ("cancel", "sale"))
        self.assertIn(f"{first.name}, which has the same number in the cart, was cancelled", second.message_ids[0].body)
        second.invalidate_recordset()
        self.assertIn(f"{first.name} (Cancelled)", second.extensiv_twins)

    def test_a_twin_that_was_never_imported_and_one_cancelled_here_are_told_as_well(self):
        second = self.pulled("A-2").sale_order_id
        self.pulled("A-3", items=[{"item": "NOPE", "quantity": "1", "price": "1"}])
        self.change_order("A-3", order_status="canceled")
        self.pull()
        self.assertIn("was cancelled", second.message_ids[0].body)
        third = self.pulled("A-4").sale_order_id
        third.action_cancel()
        self.assertIn(f"{third.name}, which has", second.message_ids[0].body)


@tagged("post_install", "-at_install")
class TestRenamedCarts(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def pulled(self, cust_ref, source):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": source,
                "items": [{"item": "TEE-1", "quantity": "1", "price": "10.00"}],
            }
        )
        self.pull()
        return self.inbox(cust_ref)

    def question(self):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("step", "=", "renamed"), ("state", "=", "open")]
        )

    def renamed(self):
        old = self.pulled("A-1", "Myshop Store")
        old.cart_id.tax_policy = "ignore"
        return old, self.pulled("A-2", "Myshop Store US")

    def test_a_source_that_looks_like_a_known_cart_asks_before_its_orders_are_imported(self):
        old, new = self.renamed()
        self.assertEqual(old.state, "imported")
        self.assertEqual(new.state, "failed")
        self.assertIn("looks like Myshop Store renamed", new.message)
        self.assertEqual(new.cart_id.renamed_from_id, old.cart_id)
        [error] = self.question()
        self.assertEqual(error.fix, "mapping", "the button opens the cart")
        self.assertEqual((new.fix, new.action_fix()["res_id"]), ("mapping", new.cart_id.id))
        self.pulled("A-3", "Myshop Store US")
        self.assertEqual(len(self.question()), 1)
        self.assertFalse(
            self.env["extensiv.error"].search([("key", "=", "A-3"), ("state", "=", "open")]), "one error tells of all"
        )

    def test_a_cart_that_was_renamed_goes_on_with_its_settings_and_its_orders(self):
        old, new = self.renamed()
        cart = old.cart_id
        action = new.cart_id.action_is_renamed()
        self.assertEqual(action["res_id"], cart.id)
        self.assertEqual(cart.order_source, "Myshop Store US")
        self.assertFalse(self.question())
        self.pull()
        self.assertEqual(new.state, "imported", new.message)
        self.assertEqual(new.cart_id, cart)
        self.assertEqual(new.sale_order_id.extensiv_cart_id, cart)
        self.assertEqual(self.pulled("A-4", "Myshop Store US").cart_id, cart)

    def test_what_is_proposed_by_the_name_stays_as_the_known_cart_had_it(self):
        old, new = self.renamed()
        euro = self.env["res.currency"].with_context(active_test=False).search([("name", "=", "EUR")])
        kind = self.env["extensiv.cart.type"].search([("shipment_confirmation", "!=", "none")], limit=1)
        old.cart_id.write({"type_id": kind.id})
        old.cart_id.write({"currency_id": euro.id, "mail_buyers": False, "push_shipments": False})
        new.cart_id.type_id = kind
        new.cart_id.action_is_renamed()
        self.assertRecordValues(
            old.cart_id,
            [{"currency_id": euro.id, "mail_buyers": False, "push_shipments": False, "type_id": kind.id}],
        )

    def test_an_order_refused_while_somebody_answers_is_imported_all_the_same(self):
        _old, new = self.renamed()
        new.cart_id.action_is_new()
        new.write({"state": "failed"})  # by a process that read the cart before
        self.pull()
        self.assertEqual(new.state, "imported", new.message)

    def test_a_new_cart_goes_on_with_its_own_settings(self):
        old, new = self.renamed()
        new.cart_id.action_is_new()
        self.assertFalse(self.question())
        self.pull()
        self.assertEqual(new.state, "imported", new.message)
        self.assertNotEqual(new.cart_id, old.cart_id)
        with self.assertRaisesRegex(UserError, "known as a cart of its own"):
            new.cart_id.action_is_new()

    def test_nobody_is_asked_of_what_looks_like_no_known_cart_or_stands_beside_it(self):
        self.pulled("A-1", "Shopify")
        self.assertEqual(self.pulled("A-2", "Farmers Club").state, "imported")
        Cart = self.env["extensiv.cart"]
        listed = [type("Listed", (), {"order_source": name, "name": name}) for name in ("Shopify", "Shopify 2")]
        self.assertFalse(Cart._sync_from_eim(self.account, listed).renamed_from_id, "EIM lists both")
        self.assertEqual(self.pulled("A-3", "Shopify 2").state, "imported")

    def test_another_cart_of_the_same_kind_is_asked_about_once_the_first_has_orders(self):
        self.pulled("A-1", "Amazon_US2")
        self.assertEqual(self.pulled("A-2", "Amazon_CA").state, "failed")

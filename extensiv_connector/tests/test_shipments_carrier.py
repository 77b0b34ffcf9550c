from odoo import fields
from odoo.tests import Form, new_test_user, tagged

from ..flows.trigger import NOTED
from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestShipmentsCarrier(ShipmentCase):
    """EIM is told of a shipment with a carrier that somebody chose, or not yet."""

    def left(self, cust_ref="S-1", **values):
        """Have an order leave whose delivery method nobody chose; return it."""
        sale = self.order(cust_ref, **values)
        self.validate(sale.picking_ids)
        return sale

    def validate(self, picking):
        picking.carrier_tracking_ref = "T-1"
        picking.move_ids.picked = True
        picking.button_validate()
        self.assertEqual(picking.state, "done")
        self.assertFalse(picking.carrier_id)

    def errors(self):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("flow", "=", "shipments"), ("state", "=", "open")]
        )

    def method(self, code):
        return self.env["extensiv.ship.method"].search([("ship_code", "=", code)])

    def test_an_order_without_a_delivery_method_waits_and_is_on_the_list_of_errors(self):
        sale = self.left()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertEqual(sale.extensiv_needs_carrier, True)
        self.assertIn("Choose one on the order or its transfer", sale.extensiv_shipment_message)
        self.assertNotIn("ship", self.calls())
        error = self.errors()
        self.assertIn(sale.name, error.message)
        self.assertEqual(error.category, "settings")
        self.assertEqual(error.fix, "mapping")
        self.assertEqual(error.action_fix()["res_model"], "extensiv.cart")
        self.push()
        self.assertEqual(self.errors(), error)
        self.assertEqual(error.attempts, 1)

    def test_choosing_it_on_the_order_sends_it_by_itself(self):
        sale = self.left()
        self.push()
        with Form(sale) as form:
            form.carrier_id = self.carrier
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.push()
        self.assertEqual([shipment["carrier"] for shipment in self.told()], ["UPS"])
        self.assertFalse(self.errors() or sale.extensiv_needs_carrier)

    def test_choosing_it_on_the_transfer_sends_it_by_itself(self):
        sale = self.left()
        self.push()
        keeper = new_test_user(self.env, login="keeper", groups="base.group_user,stock.group_stock_user")
        sale.picking_ids.with_user(keeper).carrier_id = self.carrier
        self.push()
        self.assertEqual([shipment["carrier"] for shipment in self.told()], ["UPS"])
        self.assertFalse(self.errors())

    def test_one_choice_for_many_orders_is_one_error(self):
        sales = sum((self.left(f"S-{number}", ship_code="express_1") for number in range(7)), self.env["sale.order"])
        other = self.left("S-9", ship_code="overnight")
        self.push()
        errors = self.errors()
        self.assertEqual(
            set(errors.mapped("concerns")), {f"delivery method for {code}" for code in ("express_1", "overnight")}
        )
        error = errors.filtered(lambda error: error.res_id == self.method("express_1").id)
        self.assertEqual(error.action_fix()["res_model"], "extensiv.ship.method")
        self.assertIn("express_1", sales[0].extensiv_shipment_message)
        self.method("express_1").delivery_carrier_id = self.carrier
        self.push()
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"sent"})
        self.assertEqual(sales.carrier_id, self.carrier)
        self.assertEqual(error.state, "resolved")
        self.assertEqual(other.extensiv_shipment_state, "waiting")
        self.assertEqual(self.errors(), errors - error)

    def test_the_carts_own_delivery_method_serves_orders_that_ask_for_none(self):
        sales = self.left("S-1") | self.left("S-2")
        self.push()
        [error] = self.errors()
        sales.extensiv_cart_id.delivery_carrier_id = self.carrier
        self.push()
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"sent"})
        self.assertEqual(error.state, "resolved")

    def test_a_method_whose_proposal_was_deleted_is_proposed_again(self):
        self.left("S-1", ship_code="express_1")
        self.method("express_1").unlink()
        self.push()
        self.assertEqual(self.errors().res_id, self.method("express_1").id)

    def test_a_code_that_stands_for_another_cart_alone_is_proposed_for_all(self):
        other = self.env["extensiv.cart"].create(
            {"account_id": self.account.id, "order_source": "Other", "name": "Other"}
        )
        theirs = self.env["extensiv.ship.method"].create(
            {
                "account_id": self.account.id,
                "cart_id": other.id,
                "ship_code": "express_1",
                "delivery_carrier_id": self.carrier.id,
            }
        )
        sale = self.left("S-1", ship_code="express_1")
        self.push()
        error = self.errors()
        method = self.method("express_1") - theirs
        self.assertEqual(error.res_id, method.id)
        self.assertEqual(method.cart_id, other.browse())
        self.change_order("S-1", order_status="new")
        with self.flows():
            self.account.action_check_live()
        self.assertIn("express_1", str(self.account.live_checks), "it is missing, though not for the other cart")
        method.delivery_carrier_id = self.carrier
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertEqual(error.state, "resolved")

    def test_what_was_asked_for_outlives_what_eim_sent(self):
        asking, plain = self.order("S-1", ship_code="express_1"), self.order("S-2")
        (asking | plain).extensiv_cart_id.delivery_carrier_id = self.carrier
        with self.later(days=self.account.payload_days + 1):
            self.env["extensiv.order"]._gc_payloads()
        self.assertFalse(self.inbox("S-1").payload or self.inbox("S-2").payload)
        for sale in (asking, plain):
            self.validate(sale.picking_ids)
        self.push()
        self.assertEqual(
            (asking.extensiv_shipment_state, plain.extensiv_shipment_state),
            ("waiting", "sent"),
            "the cart's own method is for orders that ask for none",
        )
        self.assertEqual(self.errors().res_id, self.method("express_1").id)

    def test_mapping_a_method_wakes_the_schedule(self):
        self.left("S-1", ship_code="express_1")
        for record in (self.method("express_1"), self.account.cart_ids[0]):
            self.env.cr.postcommit.clear()
            record.delivery_carrier_id = self.carrier
            self.assertIn("shipments", self.env.cr.postcommit.data[NOTED])
        self.env.cr.postcommit.clear()

    def test_a_carriers_own_name_that_eim_gave_counts_as_chosen_and_no_other_text(self):
        self.left("S-1", carrier="FedEx")
        vague = self.left("S-2", carrier="Standard")
        self.push()
        self.assertEqual([shipment["carrier"] for shipment in self.told("S-1")], ["FEDEX"])
        self.assertEqual(self.told("S-2"), [])
        self.assertEqual(vague.extensiv_shipment_state, "waiting")
        self.assertEqual(self.errors().key, "delivery method for Standard")

    def test_send_shipment_now_does_not_tell_of_a_carrier_that_nobody_chose(self):
        sale = self.left()
        with self.flows():
            answer = sale.action_extensiv_send()
        self.env.invalidate_all()
        self.assertIn("Nobody chose a delivery method", answer["params"]["message"])
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertEqual(self.told(), [])
        self.assertTrue(self.errors())

    def test_every_transfer_with_goods_that_eim_ordered_needs_one(self):
        sale = self.order()
        self.ship(sale.picking_ids, "T-1", quantities={self.tee: 1, self.mug: 0})
        rest = sale.picking_ids.filtered(lambda picking: picking.state != "done")
        rest.carrier_id = False
        self.validate(rest)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        rest.carrier_id = self.carrier
        self.push()
        self.assertEqual({shipment["carrier"] for shipment in self.told()}, {"UPS"})

    def test_one_that_is_taken_back_before_eim_was_told_is_waited_for_again(self):
        sale = self.order()
        self.ship(sale.picking_ids)
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        sale.picking_ids.carrier_id = False
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertEqual(self.told(), [])

    def test_the_tracking_number_is_waited_for_first(self):
        sale = self.order()
        sale.picking_ids.move_ids.picked = True
        sale.picking_ids.button_validate()
        sale.extensiv_cart_id.wait_tracking_days = 0
        self.push()
        self.assertIn("without a tracking number", self.shipment_error().message)
        sale.picking_ids.carrier_tracking_ref = "T-1"
        self.push()
        self.assertIn("Nobody chose a delivery method", sale.extensiv_shipment_message)
        sale.carrier_id = self.carrier
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        self.assertFalse(self.errors())

    def test_a_dismissed_error_stays_away_until_another_order_lacks_one_or_a_person_retries(self):
        self.left()
        self.push()
        error = self.errors()
        error.action_dismiss()
        self.push()
        self.assertFalse(self.errors())
        with self.flows():
            error.action_retry()
        self.env.invalidate_all()
        [again] = self.errors()
        again.action_dismiss()
        self.left("S-2")
        self.push()
        self.assertTrue(self.errors())

    def test_what_eim_sent_may_be_gone(self):
        sale = self.left("S-1", ship_code="express_1")
        sale.extensiv_order_id.payload = False
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertEqual(self.errors().res_model, "extensiv.cart")

    def diagnosis(self, cust_ref):
        wizard = self.env["extensiv.diagnosis"].create({"account_id": self.account.id, "order_number": cust_ref})
        with self.flows():
            wizard.action_diagnose()
        return wizard.text

    def test_the_diagnosis_says_that_a_delivery_method_is_missing(self):
        self.account.push_shipments = True
        self.left()
        self.push()
        self.assertIn("[PROBLEM] Nobody chose a delivery method", self.diagnosis("S-1"))

    # -- before going live

    def live_check(self, title):
        with self.flows():
            self.account.action_check_live()
        return next((check for check in self.account.live_checks if check["title"] == title), None)

    def test_the_check_says_which_methods_are_missing(self):
        self.add_orders(
            {"cust_ref": "A", "order_source": "Shopify", "ship_code": "express_1", "items": [{"item": "TEE-1"}]},
            {"cust_ref": "B", "order_source": "Shopify", "items": [{"item": "TEE-1"}]},
        )
        cart = self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify")
        cart.name = "Shop of ours"
        check = self.live_check("Delivery methods")
        self.assertEqual(check["mark"], "warn")
        for words in ("express_1", "Orders of Shop of ours ask for no shipping method", "EIM is not told"):
            self.assertIn(words, check["text"])
        cart.delivery_carrier_id = self.carrier
        self.env["extensiv.ship.method"].create(
            {"account_id": self.account.id, "ship_code": "express_1", "delivery_carrier_id": self.carrier.id}
        )
        self.assertEqual(self.live_check("Delivery methods")["mark"], "ok")

    def test_the_check_names_carts_that_are_not_told(self):
        self.assertFalse(self.live_check("Carts that are not told"))
        self.account.cart_ids[0].write({"name": "Quiet", "push_shipments": False})
        self.assertIn("off for Quiet", self.live_check("Carts that are not told")["text"])

    # -- carts that take no confirmation

    def test_a_cart_whose_kind_takes_no_confirmation_is_told_nothing(self):
        for number, source in enumerate(("Infusionsoft", "PayPal", "Salesforce", "ShipStation")):
            sale = self.order(f"N-{number}", order_source=source)
            self.assertFalse(sale.extensiv_cart_id.push_shipments, source)
            sale.picking_ids.move_ids.picked = True
            sale.picking_ids.button_validate()  # neither a number nor a delivery method
            self.assertEqual(sale.extensiv_shipment_state, "skipped", source)
            self.assertIn("takes no confirmation", sale.extensiv_shipment_message)
            inbox = sale.extensiv_order_id
            self.assertEqual(inbox.shipment_state, "skipped")
            self.assertEqual(inbox.shipment_message, sale.extensiv_shipment_message)
            sale.picking_ids.date_done = fields.Datetime.subtract(fields.Datetime.now(), days=9)
            self.assertIn("takes no confirmation", self.diagnosis(f"N-{number}"))
        self.push()
        self.assertNotIn("ship", self.calls())
        self.assertFalse(self.errors())

    def test_a_manager_may_switch_it_on_and_send_what_was_skipped(self):
        sale = self.order("N-1", order_source="PayPal")
        self.ship(sale.picking_ids)
        with self.flows():
            answer = sale.action_extensiv_send()
        self.env.invalidate_all()
        self.assertIn("Tell of Shipments is off", answer["params"]["message"])
        sale.extensiv_cart_id.push_shipments = True
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped", "what was skipped stays so")
        with self.flows():
            sale.action_extensiv_send()
        self.env.invalidate_all()
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_the_switch_follows_the_kind_until_eim_was_told(self):
        cart = self.order("N-1", order_source="Somewhere").extensiv_cart_id
        paypal, shopify, etsy = (
            self.env.ref(f"extensiv_connector.cart_type_{name}") for name in ("paypal", "shopify", "etsy")
        )
        self.assertTrue(cart.push_shipments, "nothing is known of it")
        cart.type_id = paypal
        self.assertFalse(cart.push_shipments)
        with Form(cart) as form:
            form.type_id = shopify
            self.assertTrue(form.push_shipments, "the kind on which it rested was wrong")
        cart.push_shipments = False
        cart.type_id = etsy
        self.assertFalse(cart.push_shipments, "a person's choice stays")

    def test_a_cart_that_was_told_keeps_its_switch(self):
        sale = self.order("N-1", order_source="Somewhere")
        self.ship(sale.picking_ids)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        sale.extensiv_cart_id.type_id = self.env.ref("extensiv_connector.cart_type_paypal")
        self.assertTrue(sale.extensiv_cart_id.push_shipments)

    def test_a_cart_met_before_its_kind_is_switched_off_when_that_is_added(self):
        cart = self.order("N-1", order_source="Tindie_1").extensiv_cart_id
        self.assertTrue(cart.push_shipments)
        self.env["extensiv.cart.type"].create({"code": "Tindie", "name": "Tindie", "shipment_confirmation": "none"})
        self.assertFalse(cart.push_shipments)

"""Orders, levels and shipments that EIM refuses: held back while the key may be the reason, told of when it is not."""

from odoo.tests import tagged

from .common import ConnectorCase
from .shipments_common import ShipmentCase
from .test_inventory import InventoryCase

FORMS = (200, 401, "gateway_403")


class RefusedMixin:
    def open_errors(self):
        return self.env["extensiv.error"].search([("account_id", "=", self.account.id), ("state", "=", "open")])

    def assertOnlyTheKey(self):
        """The one thing that is told is that EIM refuses the credentials, and that it is asked again."""
        self.assertEqual(self.open_errors().mapped("key"), ["credentials"])
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1)

    def revoke_from_here(self, form, after=0):
        self.seen = len(self.calls())
        self.revoke(form, after=after)


@tagged("post_install", "-at_install")
class TestRefusedOrders(RefusedMixin, ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def received(self, count=5, name="R"):
        """Let EIM have new orders, and nothing else; they are named R-0 to R-4."""
        self.sandbox.sandbox.reset(**self.sandbox_options)
        self.add_orders(
            *(
                {"cust_ref": f"{name}-{number}", "items": [{"item": "TEE-1", "price": "5", "quantity": "1"}]}
                for number in range(count)
            )
        )

    def orders(self):
        """Return those of the inbox that EIM has now."""
        return self.env["extensiv.order"].search(
            [("account_id", "=", self.account.id), ("cust_ref", "in", list(self.sandbox.store.orders))]
        )

    def acknowledged(self):
        return {order.cust_ref for order in self.orders() if order.acknowledged_at}

    def at_wms(self):
        return {ref for ref, held in self.sandbox.store.orders.items() if held.status == "at_wms"}

    def test_a_key_revoked_while_acknowledging_leaves_every_order_as_it_was(self):
        for form in FORMS:
            with self.subTest(form=form):
                self.received(name=f"R-{form}")
                self.account.check_refused_at = False
                # The lists of new and of canceled orders are read, and two orders told.
                self.revoke_from_here(form, after=4)
                self.pull()
                self.assertOnlyTheKey()
                self.assertEqual(len(self.at_wms()), 2)
                self.assertEqual(self.acknowledged(), self.at_wms())
                orders = self.orders()
                self.assertEqual(set(orders.mapped("state")), {"imported"}, "importing needs nothing of EIM")
                self.assertFalse(
                    self.env["extensiv.error"].search([("step", "=", "acknowledge"), ("state", "=", "open")])
                )
                self.revoke(None)
                self.pull()
                self.assertEqual(len(self.acknowledged()), 5)
                self.assertFalse(self.open_errors())

    def test_orders_refused_in_the_same_words_are_told_of_once_the_check_was_passed(self):
        self.received()
        self.seen = len(self.calls())
        self.fault(route="acknowledge", kind="invalid", count=5, message="Order is closed")
        run = self.pull()
        self.assertEqual(run.failed_count, 5)
        self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1)
        self.assertEqual(len(self.open_errors()), 5)
        self.assertFalse(self.acknowledged())

    def test_one_order_that_a_gateway_blocks_is_told_again_and_holds_up_no_other(self):
        for kind in ("gateway_403", "403"):
            self.received(name=kind)
            self.seen = len(self.calls())
            self.fault(route="acknowledge", kind=kind, match=f"{kind}-1")
            self.pull()
            self.assertEqual(self.at_wms(), {f"{kind}-{number}" for number in (0, 2, 3, 4)})
            self.assertRecordValues(self.open_errors(), [{"key": f"{kind}-1", "step": "acknowledge"}])
            self.assertEqual(self.open_errors().category, "transient")
            self.assertEqual(self.account.state, "connected")
            self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1)
            self.pull()
            self.assertEqual(len(self.at_wms()), 5)
            self.assertEqual(len(self.open_errors()), 0)

    def test_a_list_of_cancellations_that_a_gateway_blocks_keeps_no_order_from_being_acknowledged(self):
        for kind in ("gateway_403", "403", "invalid"):
            self.received(name=kind)
            self.seen = len(self.calls())
            self.fault(route="list_orders", kind=kind, match="canceled", count=9)
            run = self.pull()
            self.assertEqual((len(self.at_wms()), run.state), (5, "failed"), kind)
            self.assertEqual(self.open_errors().flow, "connection", kind)
            self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1, kind)
            self.sandbox.faults.clear()
            self.pull()
            self.assertFalse(self.open_errors(), kind)

    def cancelled(self, count):
        self.received(count)
        self.pull()
        self.allow_cancelling()
        orders = self.orders()
        orders._request_cancel()
        return orders

    def test_a_key_revoked_while_cancelling_leaves_every_request_to_be_sent(self):
        orders = self.cancelled(3)
        self.revoke_from_here(200, after=2)
        self.pull()
        self.assertOnlyTheKey()
        self.assertEqual(set(orders.mapped("cancel_request")), {"due"})
        self.revoke(None)
        self.pull()
        self.assertEqual(set(orders.mapped("cancel_request")), {"done"})
        self.assertEqual(len(self.open_errors()), 0)

    def test_a_no_inside_a_yes_refuses_the_cancellation(self):
        orders = self.cancelled(1)
        self.change_order("R-0", order_status="shipped")
        self.pull()
        self.assertEqual(orders.cancel_request, "refused")
        self.assertIn("Order is already shipped", self.open_errors().message)

    def test_a_no_inside_a_yes_is_no_acknowledgement(self):
        self.received(1)
        self.fault(route="acknowledge", kind="no_inside", message="Not today")
        self.pull()
        self.assertFalse(self.acknowledged())
        self.assertIn("Not today", self.open_errors().message)


@tagged("post_install", "-at_install")
class TestRefusedLevels(RefusedMixin, InventoryCase):
    def setUp(self):
        super().setUp()
        products = self.env["product.product"].create(
            [{"name": f"N{number}", "default_code": f"N-{number}", "is_storable": True} for number in range(6)]
        )
        # Of zeros EIM would be asked first what it holds.
        for product in (*products, self.tee, self.mug):
            self.receive(product, 3)

    def levels(self):
        return self.env["extensiv.stock.level"].search([("account_id", "=", self.account.id)])

    def test_a_key_refused_while_levels_are_pushed_leaves_them_waiting(self):
        for product in self.env["product.product"].search(
            [("extensiv_push", "=", True), ("default_code", "!=", False)]
        ):
            self.receive(product, 5)  # or EIM would be asked what it holds first
        for form in FORMS:
            with self.subTest(form=form):
                self.account.check_refused_at = False
                self.revoke_from_here(form)
                run = self.push()
                self.assertEqual(run.state, "failed")
                self.assertOnlyTheKey()
                self.assertEqual(len(self.levels()), 8)
                self.assertEqual(set(self.levels().mapped("state")), {"waiting"})
                self.revoke(None)
        self.push()
        self.assertEqual(len(self.at_eim()), 8)
        self.assertEqual(set(self.levels().mapped("state")), {"accepted"})
        self.assertFalse(self.open_errors())

    def test_each_level_refused_by_itself_for_the_key_stays_waiting_too(self):
        answers = [{"sku": sku, "message": f"Unknown user for {sku}"} for sku in ("TEE-1", "MUG-1")]
        self.env["product.product"].search([("default_code", "like", "N-")]).extensiv_push = False
        self.seen = len(self.calls())
        self.fault(route="check_credentials", kind="invalid")
        levels = self.sandbox.store.levels
        push, levels.push = levels.push, lambda records: answers_of(records, answers)
        self.push()
        self.assertOnlyTheKey()
        self.assertEqual(set(self.levels().mapped("state")), {"waiting"})
        levels.push = push
        self.push()
        self.assertEqual(set(self.levels().mapped("state")), {"accepted"})

    def test_levels_refused_in_the_same_words_are_told_of_once_the_check_was_passed(self):
        self.seen = len(self.calls())
        self.sandbox.store.levels.refused_skus = {f"N-{number}" for number in range(6)} | {"TEE-1", "MUG-1"}
        self.push()
        self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1)
        self.assertEqual(len(self.open_errors()), 8)
        self.assertEqual(set(self.levels().mapped("state")), {"refused"})

    def test_one_level_that_a_gateway_blocks_is_told_again_and_holds_up_no_other(self):
        self.seen = len(self.calls())
        self.fault(route="push_inventory", kind="gateway_403", count=9, match='"N-3"')
        self.push()
        self.assertEqual(len(self.at_eim()), 7)
        error = self.open_errors()
        self.assertEqual(error.key, "EAST/N-3")
        self.assertEqual(error.category, "transient")
        self.assertEqual(self.account.state, "connected")
        self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1)
        self.sandbox.faults.clear()
        calls = len(self.calls("push_inventory"))
        self.push()
        self.assertEqual(len(self.calls("push_inventory")), calls, "its time has not come")
        with self.later(minutes=2):
            self.push()
        self.assertEqual(len(self.at_eim()), 8)
        self.assertEqual(len(self.open_errors()), 0)


def answers_of(records, answers):
    """Return the failures of a push whose records are each refused."""
    told = {answer["sku"]: answer for answer in answers}
    return [{**told[record["sku"]], "index_pos": index} for index, record in enumerate(records)]


@tagged("post_install", "-at_install")
class TestRefusedShipments(RefusedMixin, ShipmentCase):
    def left(self, count=5):
        sales = self.env["sale.order"].union(*(self.order(f"S-{number}") for number in range(count)))
        for sale in sales:
            self.ship(sale.picking_ids)
        return sales

    def states(self, sales):
        return sales.mapped("extensiv_shipment_state")

    def test_a_key_refused_while_shipments_are_told_leaves_every_order_ready(self):
        sales = self.left()
        for form in FORMS:
            with self.subTest(form=form):
                self.account.check_refused_at = False
                self.revoke_from_here(form)
                self.push()
                self.assertOnlyTheKey()
                self.assertEqual(self.states(sales), ["ready"] * 5)
                self.revoke(None)
        self.push()
        self.assertEqual(self.states(sales), ["sent"] * 5)
        self.assertEqual(len(self.open_errors()), 0)
        for sale in sales:
            self.assertTrue(self.told(sale.extensiv_cust_ref))

    def test_a_key_revoked_in_the_middle_leaves_the_others_ready(self):
        sales = self.left()
        self.revoke_from_here(200, after=2)
        self.push()
        self.assertOnlyTheKey()
        self.assertEqual(sorted(self.states(sales)), ["ready"] * 3 + ["sent"] * 2)
        self.revoke(None)
        self.push()
        self.assertEqual(self.states(sales), ["sent"] * 5)

    def test_a_single_order_is_not_failed_for_the_key_by_a_button_either(self):
        sales = self.left(1)
        self.revoke_from_here(200)
        with self.assertRaisesRegex(Exception, "EIM could not be told"), self.flows():
            sales.action_extensiv_send()
        self.env.invalidate_all()
        self.assertEqual(self.states(sales), ["ready"])
        self.assertEqual(len(self.open_errors()), 0)

    def test_an_intent_of_before_is_not_failed_for_the_key(self):
        sales = self.left(1)
        self.fault(route="ship", kind="lose_answer")
        self.push()
        self.open_errors().write({"state": "resolved"})
        self.assertEqual(self.states(sales), ["sending"])
        self.revoke_from_here(200)
        with self.later(minutes=3):
            self.push()
        self.assertOnlyTheKey()
        self.assertEqual(self.states(sales), ["sending"])
        self.revoke(None)
        with self.later(minutes=6):
            self.push()
        self.assertEqual(self.states(sales), ["sent"])
        self.assertEqual(len(self.told("S-0")), 1)

    def test_orders_refused_in_the_same_words_fail_once_the_check_was_passed(self):
        sales = self.left()
        self.seen = len(self.calls())
        self.fault(route="ship", kind="failure", count=5, message="Order is locked")
        run = self.push()
        self.assertEqual(self.states(sales), ["failed"] * 5)
        self.assertEqual(run.failed_count, 5)
        self.assertEqual(self.calls()[self.seen :].count("check_credentials"), 1)

    def test_one_order_that_a_gateway_blocks_is_told_again_and_holds_up_no_other(self):
        sales = self.left()
        self.fault(route="ship", kind="gateway_403", match="/S-2")
        self.push()
        self.assertEqual(self.states(sales), ["sent", "sent", "failed", "sent", "sent"])
        self.assertEqual(self.open_errors().key, "S-2")
        self.assertEqual(self.open_errors().category, "transient")
        with self.later(minutes=2):
            self.push()
        self.assertEqual(self.states(sales), ["sent"] * 5)
        self.assertEqual(len(self.open_errors()), 0)

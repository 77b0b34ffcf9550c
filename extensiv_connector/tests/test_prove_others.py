import json

from odoo.exceptions import UserError
from odoo.tests import tagged

from .prove_common import ProveCase


@tagged("post_install", "-at_install")
class TestLevel(ProveCase):
    def setUp(self):
        super().setUp()
        self.sandbox.store.levels.deduct_orders = False
        self.east = self.location()

    def level(self):
        return self.env["extensiv.stock.level"].search([("location_id", "=", self.east.id), ("sku", "=", "TEE-1")])

    def test_proven_marked_and_recorded_as_the_push_does(self):
        form = self.form("push_inventory", product_id=self.tee)
        self.assertEqual(form.location_id, self.east, "there is only one")
        [record] = json.loads(form.request_body)
        self.assertEqual((record["sku"], record["qty_available"]), ("TEE-1", 100))
        wizard = form.save()
        self.send(wizard)
        self.assertEqual((wizard.result, wizard.after), ("proven", "100"))
        self.assertTrue(wizard.process_id)
        self.assertEqual(self.level().quantity, 100)
        self.assertTrue(self.level().pushed_at)
        self.assertFalse(self.level().unconfirmed)
        self.assertEqual(self.proof("push_inventory")["path"], "merchant/inventory")
        self.assertEqual([level["sku"] for level in self.sandbox.store.levels.listing()], ["TEE-1"], "and no other")

    def test_the_same_quantity_again_is_proven_by_its_moment(self):
        self.prove("push_inventory", product_id=self.tee)
        self.account.route_proofs = False
        self.sandbox.store.levels.items["TEE-1"]["EAST"].wms_datetime = "2020-01-01T00:00:00+00:00"
        self.assertEqual(self.prove("push_inventory", product_id=self.tee).result, "proven")

    def test_recent_orders_that_eim_subtracts_make_nothing_unclear(self):
        self.add_orders({"cust_ref": "N-1", "items": [{"item": "TEE-1", "quantity": "3", "price": "1"}]})
        self.sandbox.store.levels.deduct_orders = True
        self.assertEqual(self.prove("push_inventory", product_id=self.tee).result, "proven")

    def test_refused(self):
        self.sandbox.store.levels.refused_skus = frozenset({"TEE-1"})
        wizard = self.prove("push_inventory", product_id=self.tee)
        self.assertEqual(wizard.result, "refused")
        self.assertIn("SKU not found", wizard.answer)
        self.assertEqual(self.level().refused_quantity, 100)
        self.assertNotIn("TEE-1", json.dumps(self.account.route_proofs))

    def test_a_yes_that_changes_nothing_is_unclear(self):
        self.fault(route="push_inventory", kind="ignored")
        wizard = self.prove("push_inventory", product_id=self.tee)
        self.assertEqual(wizard.result, "unclear")

    def test_lost_answers_are_unclear_and_the_level_is_pushed_until_eim_answers(self):
        self.fault(route="push_inventory", kind="lose_answer", count=2)
        wizard = self.prove("push_inventory", product_id=self.tee)
        self.assertEqual((wizard.result, wizard.after), ("unclear", "100"))
        self.assertTrue(self.level().unconfirmed)

    def test_what_is_not_pushed_is_not_sent(self):
        self.tee.extensiv_stock_rule = "leave"
        self.assertIn("Nothing is pushed of", self.form("push_inventory", product_id=self.tee).obstacle)
        self.tee.extensiv_stock_rule = "push"
        self.east.push_enabled = False
        self.assertIn("not pushed", self.form("push_inventory", product_id=self.tee, location_id=self.east).obstacle)

    def test_a_zero_that_waits_for_a_person_is_not_pushed_by_the_way(self):
        self.env["extensiv.stock.level"].create(
            {
                "location_id": self.east.id,
                "company_id": self.company.id,
                "sku": "TEE-1",
                "product_id": self.tee.id,
                "held_at": "2024-01-01",
            }
        )
        self.assertIn("waits for a person", self.form("push_inventory", product_id=self.tee).obstacle)


@tagged("post_install", "-at_install")
class TestAlertAndCancel(ProveCase):
    def alert(self):
        self.sandbox.store.add_alert({"subject": "Cart access"})
        with self.flows():
            self.account.action_fetch_alerts()
        return self.env["extensiv.alert"].search([("account_id", "=", self.account.id)], limit=1)

    def test_an_alert_is_dismissed(self):
        alert = self.alert()
        form = self.form("dismiss_alerts", alert_id=alert)
        self.assertEqual(json.loads(form.request_body), [int(alert.remote_id)])
        wizard = form.save()
        self.send(wizard)
        self.assertEqual((wizard.result, wizard.before, wizard.after), ("proven", "listed", "not listed"))
        self.assertEqual(alert.state, "closed")
        self.assertFalse([held for held in self.sandbox.store.alerts if str(held["alert_id"]) == alert.remote_id])

    def test_a_dismissal_that_does_nothing_is_unclear_and_one_refused_is_refused(self):
        alert = self.alert()
        self.fault(route="dismiss_alerts", kind="failure", message="No")
        self.assertEqual(self.prove("dismiss_alerts", alert_id=alert).result, "refused")
        self.assertEqual(alert.state, "active")
        self.fault(route="dismiss_alerts", kind="ignored")
        self.assertEqual(self.prove("dismiss_alerts", alert_id=alert).result, "unclear")

    def test_an_order_is_cancelled_only_where_the_account_asks_for_it(self):
        order = self.order("C-1").extensiv_order_id
        self.assertIn("cancel_order_in_cart", self.form("cancel_order_in_cart", order_id=order).obstacle)
        self.assertFalse(self.line("cancel_order_in_cart").can_prove)
        self.allow_cancelling()
        self.assertTrue(self.line("cancel_order_in_cart").can_prove)
        wizard = self.prove("cancel_order_in_cart", order_id=order)
        self.assertEqual((wizard.result, wizard.before, wizard.after), ("proven", "at_wms", "canceled"))
        self.assertEqual(order.cancel_request, "done")
        self.assertIn("was asked to cancel", self.form("cancel_order_in_cart", order_id=order).obstacle)
        self.pull()
        self.assertEqual(order.sale_order_id.state, "cancel")

    def test_an_order_that_has_left_is_not_cancelled(self):
        self.allow_cancelling()
        order = self.ready()
        self.assertIn("has left", self.form("cancel_order_in_cart", order_id=order).obstacle)

    def test_a_cancellation_that_had_to_wait_is_not_asked_for_later(self):
        order = self.order("C-1").extensiv_order_id
        self.allow_cancelling()
        self.fault(route="cancel_order_in_cart", kind="rate_limit")
        wizard = self.form("cancel_order_in_cart", order_id=order).save()
        try:
            self.send(wizard)
            self.fail("EIM could not be asked")
        except UserError as error:
            self.assertIn("could not be asked", str(error))
        self.env.invalidate_all()
        self.assertFalse(order.cancel_request)
        self.pull()
        self.assertEqual(self.at_eim("C-1")["order_status"], "at_wms")
        self.assertFalse(self.proof("cancel_order_in_cart"))

    def test_a_refused_cancellation(self):
        order = self.order("C-1").extensiv_order_id
        self.allow_cancelling()
        self.fault(route="cancel_order_in_cart", kind="no_inside", message="Too late")
        wizard = self.prove("cancel_order_in_cart", order_id=order)
        self.assertEqual((wizard.result, wizard.answer), ("refused", "Too late"))
        self.assertEqual(order.cancel_request, "refused")

import json
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.sql_db import db_connect
from odoo.tests import Form, new_test_user, tagged
from odoo.tools import mute_logger

from ..eim.routes import ROUTES
from ..flows.runner import flow_lock
from ..flows.shipment_push import ShipmentPush
from .shipments_common import ShipmentCase

BUYER = {
    "cust_first_name": "Wilhelmina",
    "cust_last_name": "Featherstone",
    "cust_e_mail": "mina@example.com",
    "cust_phone": "617 555 0199",
    "ship_first_name": "Wilhelmina",
    "ship_last_name": "Featherstone",
    "ship_address_1": "12 Elm Street",
    "ship_city": "Nantucket",
}
PRIVATE = ("Wilhelmina", "Featherstone", "mina@", "617 555", "Elm Street", "Nantucket", "demo-key")


class ProveCase(ShipmentCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(
            cls.env,
            login="prover",
            groups="base.group_user,extensiv_connector.group_manager",
        )

    def receive(self, cust_ref="A-1", **values):
        """Let an order be in the inbox that EIM still lists as new: it refused the acknowledgement."""
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "2", "price": "5"}],
                **values,
            }
        )
        self.fault(route="acknowledge", kind="invalid", message="Not now")
        self.pull()
        order = self.inbox(cust_ref)
        self.assertFalse(order.acknowledged_at)
        return order

    def ready(self, cust_ref="S-1", **values):
        """Return the inbox order of a sale order that has left and waits in Ready."""
        sale = self.order(cust_ref, **values)
        self.ship(sale.picking_ids)
        self.env["sale.order"].browse(sale.id)._extensiv_make_ready()
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        return sale.extensiv_order_id

    def location(self, quantity=7):
        self.account.location_ids.filtered(lambda location: location.name != "EAST").unlink()
        location = self.account.location_ids
        location.write({"push_enabled": True, "source": "single", "stock_location_id": self.warehouse.lot_stock_id.id})
        return location

    def form(self, route, **records):
        """Return the wizard as a manager fills it in."""
        form = Form(
            self.env["extensiv.prove"]
            .with_user(self.manager)
            .with_context(default_account_id=self.account.id, default_route=route)
        )
        for name, record in records.items():
            setattr(form, name, record)
        return form

    def prove(self, route, **records):
        """Choose, look and press; return the wizard."""
        wizard = self.form(route, **records).save()
        self.send(wizard)
        return wizard

    def send(self, wizard):
        with self.flows():
            wizard.action_send()
        self.env.invalidate_all()

    @contextmanager
    def at_work(self, flow):
        """Let another process be at work on the flow: a connection that is not the test's holds its lock."""
        database = db_connect(self.env.cr.dbname)
        elsewhere = SimpleNamespace(
            id=self.account.id, env=SimpleNamespace(registry=SimpleNamespace(cursor=database.cursor))
        )
        with flow_lock(elsewhere, flow) as free:
            self.assertTrue(free)
            yield

    def proof(self, route):
        return (self.account.route_proofs or {}).get(route)

    def routes(self, person=None):
        """Return the page of EIM's routes."""
        page = self.env["extensiv.diagnosis"].with_user(person or self.manager).create({"account_id": self.account.id})
        page.action_open_routes()
        return page

    def line(self, name, page=None):
        return (page or self.routes()).route_ids.filtered(lambda line: line.name == name)

    def error(self, key, step="acknowledge"):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("key", "=", key), ("step", "=", step), ("state", "=", "open")]
        )


@tagged("post_install", "-at_install")
class TestAcknowledge(ProveCase):
    def test_proven_by_the_status_that_eim_shows_before_and_after(self):
        order = self.receive()
        self.assertTrue(self.error("A-1"))
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "proven")
        self.assertEqual((wizard.before, wizard.after), ("new", "at_wms"))
        self.assertTrue(wizard.process_id)
        self.assertTrue(order.acknowledged_at)
        self.assertFalse(self.error("A-1"), "as a pass does")
        self.assertEqual(self.at_eim("A-1")["order_status"], "at_wms")
        proof = self.proof("acknowledge")
        self.assertEqual(proof["result"], "proven")
        self.assertEqual(proof["path"], "merchant/orders/update/{cust_ref}")
        self.assertEqual(proof["by"], self.manager.id)
        self.assertEqual(proof["process_id"], wizard.process_id)

    def test_what_is_sent_is_what_was_shown(self):
        order = self.receive("A/1 é")
        form = self.form("acknowledge", order_id=order)
        self.assertEqual(form.request_line, "POST /v1/merchant/orders/update/A%2F1%20%C3%A9")
        self.assertEqual(json.loads(form.request_body), {"order_status": "at_wms"})
        calls = len(self.sandbox.sandbox.calls)
        wizard = form.save()
        self.assertEqual(len(self.sandbox.sandbox.calls), calls, "EIM is not asked for showing it")
        self.send(wizard)
        [call] = [call for call in list(self.sandbox.sandbox.calls)[calls:] if call["method"] == "POST"]
        self.assertEqual(f"{call['method']} {call['path']}", form.request_line)
        self.assertEqual(self.sandbox.store.orders["A/1 é"].history[-1]["order_status"], "at_wms")
        self.assertEqual(self.proof("acknowledge")["path"], "merchant/orders/update/{cust_ref}")

    def test_refused_is_kept_as_refused_with_eims_words_and_the_order_waits_as_after_a_pass(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="failure", message="Order A-1 cannot be updated")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "refused")
        self.assertIn("Order A-1 cannot be updated", wizard.answer)
        self.assertFalse(order.acknowledged_at)
        self.assertIn("cannot be updated", self.error("A-1").message)
        self.assertEqual(self.proof("acknowledge")["result"], "refused")
        self.assertEqual(self.proof("acknowledge")["answer"], "Order *** cannot be updated")
        self.assertEqual(self.line("acknowledge").proof_state, "refused")

    def test_a_path_that_eim_does_not_know_is_refused(self):
        order = self.receive()
        self.sandbox.sandbox.api.off.add("update_order_status")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "refused")

    def test_a_gateway_that_blocks_the_path_is_refused(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="gateway_403")
        self.assertEqual(self.prove("acknowledge", order_id=order).result, "refused")

    def test_a_lost_answer_is_unclear_and_a_pass_goes_on(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="lose_answer")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "unclear")
        self.assertEqual(wizard.after, "at_wms")
        self.assertFalse(order.acknowledged_at)
        self.assertEqual(self.proof("acknowledge")["result"], "unclear")
        with self.later(minutes=10):
            self.pull()
        self.assertTrue(order.acknowledged_at)

    def test_a_yes_that_changes_nothing_is_unclear(self):
        order = self.receive()
        self.fault(route="acknowledge", kind="ignored")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "unclear")
        self.assertEqual((wizard.before, wizard.after), ("new", "new"))
        self.assertIn("does not show it done", wizard.answer)

    def test_an_order_that_eim_has_already_proves_nothing_and_is_not_sent(self):
        order = self.receive()
        self.change_order("A-1", order_status="at_wms")
        wizard = self.prove("acknowledge", order_id=order)
        self.assertEqual(wizard.result, "unsent")
        self.assertIn("at_wms already", wizard.answer)
        self.assertFalse(self.proof("acknowledge"))
        self.assertEqual(self.sandbox.store.orders["A-1"].acknowledged, 0)

    def test_what_worked_before_is_not_undone_by_one_refused_order(self):
        self.prove("acknowledge", order_id=self.receive("A-1"))
        order = self.receive("A-2")
        self.fault(route="acknowledge", kind="failure", message="No")
        self.prove("acknowledge", order_id=order)
        line = self.line("acknowledge")
        self.assertEqual(line.proof_state, "refused")
        self.assertIn("Worked on", line.proof)

    def test_orders_that_are_done_with_are_not_offered_and_not_sent(self):
        order = self.receive()
        wizard = self.form("acknowledge", order_id=order).save()
        self.send(wizard)
        for _again in range(2):
            with self.assertRaisesRegex(UserError, "sent already"):
                self.send(wizard)
        form = self.form("acknowledge", order_id=order)
        self.assertIn("acknowledged already", form.obstacle)
        with self.assertRaisesRegex(UserError, "acknowledged already"):
            self.send(form.save())
        self.assertEqual(self.sandbox.store.orders["A-1"].acknowledged, 1)

    def test_refused_credentials_are_no_refusal_of_the_route(self):
        order = self.receive()
        self.revoke(200)
        with self.assertRaisesRegex(UserError, "EIM refused"):
            self.prove("acknowledge", order_id=order)
        self.assertFalse(self.proof("acknowledge"))
        self.assertEqual(self.error("A-1").attempts, 1)

    def test_by_the_call_that_takes_many(self):
        self.account.route_overrides = (
            "batch_update_order_status = " + self.sandbox.sandbox.api.paths["batch_update_order_status"]
        )
        order = self.receive()
        form = self.form("batch_update_order_status", order_id=order)
        self.assertEqual(json.loads(form.request_body), [{"cust_ref": "A-1", "order_status": "at_wms"}])
        wizard = form.save()
        self.send(wizard)
        self.assertEqual((wizard.result, wizard.before, wizard.after), ("proven", "new", "at_wms"))
        self.assertTrue(order.acknowledged_at)
        self.assertFalse(self.error("A-1"))

    def test_a_batch_whose_one_entry_failed_is_refused_and_no_trouble_of_the_order(self):
        self.account.route_overrides = (
            "batch_update_order_status = " + self.sandbox.sandbox.api.paths["batch_update_order_status"]
        )
        order = self.receive()
        attempts = self.error("A-1").attempts
        self.fault(route="batch_update_order_status", kind="no_inside", message="Not supported")
        self.assertEqual(self.prove("batch_update_order_status", order_id=order).result, "refused")
        self.assertEqual(self.error("A-1").attempts, attempts)


@tagged("post_install", "-at_install")
class TestShip(ProveCase):
    def test_proven_and_sent_exactly_once(self):
        order = self.ready()
        form = self.form("ship", order_id=order)
        body = json.loads(form.request_body)
        self.assertEqual(body["order_status"], "shipped")
        self.assertEqual(body["shipments"][0]["tracking_no"], "1Z999")
        wizard = form.save()
        self.send(wizard)
        self.assertEqual((wizard.result, wizard.before, wizard.after), ("proven", "at_wms", "shipped"))
        self.assertEqual(self.told(), body["shipments"])
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent")
        self.push()
        self.assertTrue(self.told())

    def test_only_orders_in_ready_whatever_the_form_says(self):
        sale = self.order()
        order = sale.extensiv_order_id
        self.assertIn("not in Ready", self.form("ship", order_id=order).obstacle)
        wizard = (
            self.env["extensiv.prove"]
            .with_user(self.manager)
            .create(
                {
                    "account_id": self.account.id,
                    "route": "ship",
                    "order_id": order.id,
                    "request_line": "POST /v1/merchant/orders/update/S-1",
                    "request_body": "{}",
                }
            )
        )
        with self.assertRaisesRegex(UserError, "not in Ready"):
            self.send(wizard)
        self.assertFalse(self.told())
        self.assertFalse(self.proof("ship"))

    def test_a_lost_answer_is_asked_after_and_never_sent_twice(self):
        order = self.ready()
        self.fault(route="ship", kind="lose_answer")
        wizard = self.prove("ship", order_id=order)
        self.assertEqual((wizard.result, wizard.after), ("unclear", "shipped"))
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent", "EIM was asked, and has it")
        self.push()
        self.assertTrue(self.told())

    def test_a_lost_call_waits_as_an_intent_without_outcome(self):
        order = self.ready()
        self.fault(route="ship", kind="reset")
        wizard = self.prove("ship", order_id=order)
        self.assertEqual((wizard.result, wizard.after), ("unclear", "at_wms"))
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sending")
        with self.later(minutes=10):
            self.push()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent")
        self.assertTrue(self.told())

    def test_refused(self):
        order = self.ready()
        self.fault(route="ship", kind="failure", message="Unmapped ship method")
        wizard = self.prove("ship", order_id=order)
        self.assertEqual(wizard.result, "refused")
        self.assertIn("Unmapped ship method", wizard.answer)
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "failed", "as a pass does")

    def test_a_yes_that_changes_nothing_is_unclear(self):
        order = self.ready()
        self.fault(route="ship", kind="ignored")
        self.assertEqual(self.prove("ship", order_id=order).result, "unclear")

    def test_what_changed_since_it_was_shown_is_shown_again_and_not_sent(self):
        order = self.ready()
        wizard = self.form("ship", order_id=order).save()
        order.sale_order_id.picking_ids.with_context(extensiv_no_check=True).carrier_tracking_ref = "1Z000"
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "ready")
        self.send(wizard)
        self.assertTrue(wizard.is_changed)
        self.assertFalse(wizard.result)
        self.assertFalse(self.told())
        self.assertIn("1Z000", wizard.request_body)
        self.send(wizard)
        self.assertEqual(wizard.result, "proven")

    def test_a_process_that_dies_after_the_call_leaves_an_intent_that_a_pass_asks_after(self):
        order = self.ready()
        with patch.object(ShipmentPush, "record_result", side_effect=SystemExit), suppress(SystemExit):
            self.prove("ship", order_id=order)
        self.env.invalidate_all()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sending")
        self.assertFalse(self.proof("ship"))
        self.push()
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "sent")
        self.assertTrue(self.told())

    def test_a_pass_at_work_is_not_disturbed(self):
        order = self.ready()
        wizard = self.form("ship", order_id=order).save()

        with self.at_work("shipments"), self.assertRaisesRegex(UserError, "at work just now"):
            self.send(wizard)
        self.assertFalse(self.told())
        self.assertEqual(order.sale_order_id.extensiv_shipment_state, "ready")


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

    def test_a_refused_cancellation(self):
        order = self.order("C-1").extensiv_order_id
        self.allow_cancelling()
        self.fault(route="cancel_order_in_cart", kind="no_inside", message="Too late")
        wizard = self.prove("cancel_order_in_cart", order_id=order)
        self.assertEqual((wizard.result, wizard.answer), ("refused", "Too late"))
        self.assertEqual(order.cancel_request, "refused")


@tagged("post_install", "-at_install")
class TestPage(ProveCase):
    def test_every_route_stands_there_with_its_mark_and_a_sentence(self):
        page = self.routes()
        self.assertEqual(set(page.route_ids.mapped("name")), set(ROUTES))
        for line in page.route_ids:
            with self.subTest(line.name):
                self.assertEqual(line.mark, ROUTES[line.name].mark)
                self.assertNotEqual(line.purpose, line.name)
                self.assertRegex(line.path, "^(GET|POST)")

    def test_asking_says_what_answered_and_writes_nothing_at_eim(self):
        self.receive("A-1")
        self.sandbox.sandbox.api.off.add("list_alerts")
        page = self.routes()
        before = len(self.sandbox.sandbox.calls)
        with self.flows():
            page.action_try_routes()
        asked = list(self.sandbox.sandbox.calls)[before:]
        self.assertEqual({call["method"] for call in asked}, {"GET"})
        self.assertTrue(page.tried_at)
        self.assertEqual(self.line("list_carts", page).answer_state, "good")
        self.assertIn("entries", self.line("list_carts", page).answer)
        self.assertEqual(self.line("list_alerts", page).answer_state, "bad")
        self.assertIn("Does not answer", self.line("list_alerts", page).answer)
        self.assertIn("Last call failed: Refused", self.line("acknowledge", page).answer, "by the log of calls")

    def test_what_is_proven_says_when_and_is_outdated_by_another_path_and_gone_with_another_key(self):
        self.prove("acknowledge", order_id=self.receive())
        line = self.line("acknowledge")
        self.assertEqual((line.mark, line.proof_state), ("proven", "proven"))
        self.assertRegex(line.proof, r"Proven on .*: new → at_wms, by prover")
        self.account.route_overrides = "acknowledge = merchant/orders/ack/{cust_ref}"
        line = self.line("acknowledge")
        self.assertEqual(line.proof_state, "outdated")
        self.assertNotEqual(line.mark, "proven")
        self.account.route_overrides = False
        self.assertEqual(self.line("acknowledge").proof_state, "proven")
        self.account.api_key = "demo-key"
        self.assertTrue(self.account.route_proofs, "the same key typed again")
        self.assertFalse(self.account.copy().route_proofs)
        self.account.api_key = "another-key"
        self.assertFalse(self.account.route_proofs)

    def test_the_diagnosis_lists_the_proofs(self):
        self.prove("acknowledge", order_id=self.receive())
        page = self.env["extensiv.diagnosis"].with_user(self.manager).create({"account_id": self.account.id})
        with self.flows():
            page.action_diagnose()
        self.assertRegex(page.text, r"\[OK\] acknowledge: Proven on .*new → at_wms")
        self.assertRegex(page.text, r"\[NOTE\] Not proven yet: .*ship")
        self.assertTrue(page.route_ids)

    def test_an_account_that_was_never_connected_says_what_to_do_and_asks_nobody(self):
        account = self.env["extensiv.account"].create({"name": "New", "base_url": self.sandbox.base_url})
        page = self.env["extensiv.diagnosis"].with_user(self.manager).create({"account_id": account.id})
        action = page.action_open_routes()
        self.assertEqual(action["res_id"], page.id)
        self.assertFalse(page.was_connected)
        self.assertFalse(any(page.route_ids.mapped("can_prove")))
        with self.assertRaisesRegex(UserError, "Press Connect first"):
            page.action_try_routes()
        arch = page.get_view(self.env.ref("extensiv_connector.extensiv_diagnosis_view_routes").id)["arch"]
        self.assertIn("never connected", arch)

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_users_read_the_page_and_prove_nothing(self):
        user = new_test_user(self.env, login="reader", groups="base.group_user,extensiv_connector.group_user")
        page = self.routes(user)
        view = self.env.ref("extensiv_connector.extensiv_diagnosis_view_routes")
        self.assertNotIn("action_prove", page.get_view(view.id)["arch"])
        self.assertIn("action_prove", page.with_user(self.manager).get_view(view.id)["arch"])
        self.assertTrue(page.routes_text)
        with self.assertRaisesRegex(UserError, "Only an Extensiv manager"):
            self.line("acknowledge", page).action_prove()
        with self.assertRaises(AccessError):
            self.env["extensiv.prove"].with_user(user).create({"account_id": self.account.id, "route": "acknowledge"})
        wizard = self.form("acknowledge", order_id=self.receive()).save()
        with self.assertRaisesRegex(UserError, "Only an Extensiv manager"):
            wizard.with_user(user).action_send()

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.addons.base.models.ir_rule")
    def test_another_company_and_another_account_are_refused(self):
        order = self.receive()
        other = self.env["res.company"].create({"name": "Other"})
        theirs = new_test_user(
            self.env,
            login="stranger",
            groups="base.group_user,extensiv_connector.group_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        vals = {"account_id": self.account.id, "route": "acknowledge", "order_id": order.id}
        wizard = self.env["extensiv.prove"].with_user(theirs).sudo().create(vals).sudo(False)
        with self.assertRaises(AccessError):
            self.send(wizard)
        mine = self.account.copy({"name": "Second", "api_user": "second", "api_key": "key"})
        wizard = self.env["extensiv.prove"].with_user(self.manager).create({**vals, "account_id": mine.id})
        self.assertIn("not of this account", wizard.obstacle)
        with self.assertRaisesRegex(UserError, "not of this account"):
            self.send(wizard)
        self.assertEqual(self.sandbox.store.orders["A-1"].acknowledged, 0)

    def test_the_report_names_no_person_order_sku_or_key(self):
        location = self.location()
        order = self.receive("REF-77", cust_po_no="PO-4711", **BUYER)
        words = "Order REF-77 (PO-4711) of Wilhelmina Featherstone, mina@example.com, 12 Elm Street, cannot be taken"
        self.fault(route="acknowledge", kind="failure", message=words)
        self.prove("acknowledge", order_id=order)
        self.sandbox.store.levels.refused_skus = frozenset({"TEE-1"})
        self.prove("push_inventory", product_id=self.tee, location_id=location)
        page = self.routes()
        self.fault(route="get_order_status", kind="failure", message="Nothing known of REF-77")
        with self.flows():
            page.action_try_routes()
        text = page.routes_text
        for secret in (*PRIVATE, "REF-77", "PO-4711", "TEE-1", "prover"):
            self.assertNotIn(secret, text)
            self.assertNotIn(secret, json.dumps(self.account.route_proofs))
        for name, route in ROUTES.items():
            self.assertIn(f"{name}: {route.method}", text)
            self.assertIn(route.inferred, text)
        self.assertIn("Refused on", text)
        self.assertRegex(text, "process [0-9a-f]{32}")
        self.assertIn("cannot be taken", text)
        self.assertIn("Nothing known of ***", text)
        self.assertRegex(text, r"connector 19\.0\S+, Odoo 19")

    def test_what_is_sent_holds_nothing_of_the_buyer(self):
        order = self.ready("S-9", **BUYER)
        body = self.form("ship", order_id=order).request_body
        for secret in PRIVATE:
            self.assertNotIn(secret, body)

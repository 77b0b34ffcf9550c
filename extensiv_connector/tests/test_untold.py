"""The list of what left and is not told: why, since when, and what to do; and what EIM calls delivery methods."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestUntold(ShipmentCase):
    def setUp(self):
        super().setUp()
        self.account.push_shipments = True

    def listed(self):
        """What is listed of the test's account, as ``{EIM's reference: reason}``."""
        self.env.flush_all()
        self.env["extensiv.untold"].invalidate_model()
        shown = self.env["extensiv.untold"].search([("account_id", "=", self.account.id)])
        return {shipment.order_id.cust_ref: shipment.reason for shipment in shown}

    def untold(self, sale):
        self.env.flush_all()
        return self.env["extensiv.untold"].browse(sale.id)

    def test_each_order_that_left_is_listed_with_its_reason_until_eim_is_told(self):
        waiting = self.order("S-0")
        self.assertEqual(self.listed(), {})
        part = self.order("S-1")
        self.ship(part.picking_ids, "T1", quantities={self.tee: 1})
        numberless = self.order("S-2")
        self.ship(numberless.picking_ids, tracking=None)
        methodless = self.order("S-3")
        methodless.picking_ids.carrier_tracking_ref = "T3"
        methodless.picking_ids.move_ids.picked = True
        methodless.picking_ids.button_validate()
        self.push()  # which finds that nobody chose one
        self.env["product.product"].create({"name": "Engraving", "default_code": "ENGRAVE", "type": "service"})
        self.order("S-4", lines={"ENGRAVE": 1})
        ready = self.order("S-5")
        self.ship(ready.picking_ids, "T5")
        refused = self.order("S-6")
        refused.extensiv_order_id.cancelled_at = "2024-01-01"
        self.ship(refused.picking_ids, "T6")
        expected = {
            "S-1": "open",
            "S-2": "tracking",
            "S-3": "carrier",
            "S-4": "services",
            "S-5": "ready",
            "S-6": "ready",
        }
        self.assertEqual(self.listed(), expected)
        self.account.push_shipments = False
        self.assertEqual(self.listed(), {**expected, "S-5": "off", "S-6": "off"})
        self.account.push_shipments = True
        self.push()
        del expected["S-5"]
        self.assertEqual(self.listed(), {**expected, "S-6": "cancelled"})
        self.assertEqual(waiting.extensiv_shipment_state, "waiting")

    def test_the_age_is_since_it_left_and_the_message_says_what_to_do(self):
        sale = self.order()
        self.ship(sale.picking_ids, tracking=None)
        sale.picking_ids.date_done = fields.Datetime.now() - timedelta(days=3)
        self.push()
        shown = self.untold(sale)
        self.assertEqual(shown.age, "3 days")
        self.assertIn("without a tracking number", shown.message)
        self.assertEqual(shown.name, sale.name)

    def test_what_a_person_can_do_is_beside_it(self):
        sale = self.order()
        self.ship(sale.picking_ids, tracking=None)
        shown = self.untold(sale)
        self.assertEqual(shown.action_open_transfers()["res_id"], sale.picking_ids.id)
        self.assertEqual(shown.action_open_order()["res_id"], sale.id)
        with self.flows():
            shown.action_send()
        self.assertEqual(self.listed(), {})
        other = self.order("S-2")
        self.ship(other.picking_ids, tracking=None)
        self.untold(other).action_mark_sent()
        self.assertEqual(other.extensiv_shipment_state, "sent")
        self.assertEqual(self.listed(), {})

    def test_services_alone_are_decided_on_before_a_pass_has_looked(self):
        self.env["product.product"].create({"name": "Engraving", "default_code": "ENGRAVE", "type": "service"})
        sale = self.order(lines={"ENGRAVE": 1})
        self.assertEqual(self.listed(), {"S-1": "services"})
        action = self.untold(sale).action_decide()
        self.assertEqual(self.env[action["res_model"]].browse(action["res_id"]).decision, "services")

    def test_the_dashboard_counts_what_is_late_and_opens_it(self):
        late = self.order("S-1")
        self.ship(late.picking_ids, tracking=None)
        new = self.order("S-2")
        self.ship(new.picking_ids, tracking=None)
        part = self.order("S-3")
        self.ship(part.picking_ids, quantities={self.tee: 1})
        (late.picking_ids | part.picking_ids).date_done = fields.Datetime.now() - timedelta(hours=30)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertIn('"late": 1', self.account.dashboard)
        found = self.env["extensiv.untold"].search(self.account.action_open_late()["domain"])
        self.assertEqual(found.ids, late.ids)
        self.account.untold_hours = 48
        self.account.invalidate_recordset(["dashboard"])
        self.assertIn('"late": 0', self.account.dashboard)

    def test_what_belongs_to_nobody_at_eim_is_not_listed(self):
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.env["res.partner"].create({"name": "Shop round the corner"}).id,
                "order_line": [(0, 0, {"product_id": self.tee.id, "product_uom_qty": 1})],
            }
        )
        sale.action_confirm()
        self.ship(sale.picking_ids)
        self.assertEqual(self.listed(), {})

    # -- what EIM calls a delivery method

    def method(self, code, **values):
        return self.env["extensiv.eim.method"].create({"account_id": self.account.id, "code": code, **values})

    def told_as(self, sale):
        self.ship(sale.picking_ids)
        self.push()
        [shipment] = self.told(sale.extensiv_cust_ref)
        return shipment["carrier"], shipment.get("method")

    def test_eims_list_is_fetched_and_methods_of_the_same_name_are_mapped(self):
        written = self.carrier.copy({"name": "UPS Ground"})
        written.write({"extensiv_carrier": "UPS", "extensiv_method": "Saver"})
        self.carrier.write({"name": "UPS 2nd Day Air", "extensiv_carrier": False, "extensiv_method": False})
        gone = self.method("99", description="Pony")
        renamed = self.method("11", description="Old name", carrier="UPS")
        with self.flows():
            self.env["extensiv.eim.method"].action_fetch()
        listed = self.env["extensiv.eim.method"].search([("account_id", "=", self.account.id)])
        self.assertIn("UPS 2nd Day Air (14)", listed.mapped("display_name"))
        self.assertEqual(renamed.description, "UPS Ground")
        self.assertFalse(gone.active)
        mapping = self.carrier.extensiv_method_ids
        self.assertEqual((mapping.method_id.code, mapping.is_proposed), ("14", True))
        self.assertFalse(written.extensiv_method_ids)  # a person said what it is
        self.assertEqual(self.told_as(self.order()), ("UPS", "14"))

    def test_a_method_is_mapped_for_the_account_and_otherwise_for_one_cart(self):
        sale = self.order("S-1")
        other = self.order("S-2", order_source="Etsy")
        mapping = {"account_id": self.account.id, "delivery_carrier_id": self.carrier.id}
        self.env["extensiv.carrier.method"].create(
            [
                {**mapping, "method_id": self.method("11", carrier="ups").id},
                {**mapping, "method_id": self.method("PU").id, "cart_id": other.extensiv_cart_id.id},
            ]
        )
        self.assertEqual(self.told_as(sale), ("UPS", "11"))
        self.assertEqual(self.told_as(other), ("UPS", "PU"))

    def test_what_a_person_writes_on_the_delivery_method_replaces_the_proposal(self):
        mapping = self.env["extensiv.carrier.method"].create(
            {
                "account_id": self.account.id,
                "delivery_carrier_id": self.carrier.id,
                "method_id": self.method("11").id,
                "is_proposed": True,
            }
        )
        self.carrier.extensiv_method = "Ground Plus"
        self.assertFalse(mapping.exists())
        self.assertEqual(self.told_as(self.order()), ("UPS", "Ground Plus"))

    def test_a_method_of_another_account_is_refused(self):
        other = self.account.copy({"name": "Other", "api_user": "x", "api_key": "y"})
        foreign = self.env["extensiv.eim.method"].create({"account_id": other.id, "code": "11"})
        with self.assertRaises(ValidationError):
            self.env["extensiv.carrier.method"].create(
                {
                    "account_id": self.account.id,
                    "delivery_carrier_id": self.carrier.id,
                    "method_id": foreign.id,
                }
            )

    def test_a_correction_has_refused_orders_sent(self):
        self.sandbox.store.known_carriers = ("FEDEX",)
        sale = self.order()
        self.ship(sale.picking_ids)
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.env["extensiv.carrier.method"].create(
            {
                "account_id": self.account.id,
                "delivery_carrier_id": self.carrier.id,
                "method_id": self.method("42", carrier="FEDEX").id,
            }
        )
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.push()
        self.assertEqual(self.told()[0]["method"], "42")

    def test_a_look_up_of_the_list_that_fails_holds_up_nothing(self):
        self.carrier.write({"name": "FedEx Home Delivery", "extensiv_carrier": False, "extensiv_method": False})
        sales = self.order("S-1") + self.order("S-2")
        for sale in sales:
            self.ship(sale.picking_ids)
        self.fault(route="list_ship_methods", kind="500", count=100)
        run = self.push()
        self.assertEqual(run.state, "done")
        self.assertEqual(set(sales.mapped("extensiv_shipment_state")), {"sent"})
        self.assertFalse(self.carrier.extensiv_carrier)  # proposed another time

    def test_without_a_connected_account_there_is_nothing_to_fetch(self):
        self.env["extensiv.account"].search([]).action_disconnect()
        with self.assertRaisesRegex(UserError, "No account is connected"):
            self.env["extensiv.eim.method"].action_fetch()

    def test_the_cart_of_a_mapping_is_of_its_account(self):
        sale = self.order()
        with Form(self.env["extensiv.carrier.method"]) as form:
            form.account_id = self.account
            form.delivery_carrier_id = self.carrier
            form.method_id = self.method("11")
            form.cart_id = sale.extensiv_cart_id
        self.assertEqual(form.record.method_id.code, "11")

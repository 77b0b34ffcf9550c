from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import Form, tagged

from .common import ConnectorCase

BUYER = {
    "cust_first_name": "Wilhelmina",
    "cust_last_name": "Featherstone",
    "cust_e_mail": "mina@example.com",
    "cust_phone": "617 555 0199",
    "ship_address_1": "12 Elm Street",
    "ship_first_name": "Wilhelmina",
}


class DiagnosisCase(ConnectorCase):
    def setUp(self):
        super().setUp()
        self.connect()

    def add(self, cust_ref, **values):
        self.add_orders(
            {
                "cust_ref": cust_ref,
                "order_source": "Shopify",
                "items": [{"item": "TEE-1", "quantity": "2", "price": "5"}],
                **values,
            }
        )

    def diagnose(self, order=False, sku=False):
        """Return the diagnosis's text; each finding is a line of it."""
        wizard = self.env["extensiv.diagnosis"].create(
            {"account_id": self.account.id, "order_number": order, "sku": sku}
        )
        with self.flows():
            wizard.action_diagnose()
        self.wizard = wizard
        return wizard.text

    def assertFound(self, text, mark, *sentences):
        for sentence in sentences:
            self.assertTrue(
                any(line.startswith(f"[{mark}]") and sentence in line for line in text.splitlines()),
                f"no [{mark}] … {sentence} in\n{text}",
            )

    def assertLook(self, text, *places):
        """EIM's own screens are listed in this order."""
        lines = [line for line in text.splitlines() if line.startswith("[LOOK]")]
        self.assertEqual(len(lines), len(places), text)
        for number, (line, place) in enumerate(zip(lines, places, strict=True), 1):
            self.assertIn(f"{number}. ", line)
            self.assertIn(place, line)


@tagged("post_install", "-at_install")
class TestOrder(DiagnosisCase):
    """Why is my order not here?"""

    def test_unknown_to_eim_says_so_and_lists_where_to_look(self):
        self.env["extensiv.alert"].create(
            {"account_id": self.account.id, "remote_id": "1", "subject": "Shopify refused the key"}
        )
        text = self.diagnose("NOPE-1")
        self.assertFound(text, "PROBLEM", "between the cart and EIM", "Shopify refused the key")
        self.assertLook(text, "open Orders", "Last Order Run", "successful", "Awaiting Fulfillment", "Correct that")
        self.assertIn("(Pacific)", text)
        self.assertIn(f'href="{self.account.alerts_url}"', self.wizard.result)

    def test_pacific_time_is_what_eim_shows(self):
        wizard = self.env["extensiv.diagnosis"].new({"account_id": self.account.id})
        self.assertEqual(wizard._pacific(datetime(2026, 1, 2, 3, 4)), "2026-01-01 19:04 PST (Pacific)")
        self.assertEqual(wizard._pacific(datetime(2026, 7, 2, 3, 4)), "2026-07-01 20:04 PDT (Pacific)")

    def test_skipped_by_eim(self):
        self.sandbox.store.skipped.append(
            {"cust_ref": "S-1", "cust_po_no": "0991", "order_status": "skipped", "error_reason": "Fulfilled already"}
        )
        self.assertFound(self.diagnose("0991"), "PROBLEM", "EIM skipped the order: Fulfilled already")

    def test_on_hold_and_stopped(self):
        self.add("H-1", on_hold="Y")
        self.add("H-2", sending_canceled="Y")
        self.pull()
        self.assertFound(self.diagnose("H-1"), "PROBLEM", "on hold at EIM")
        self.assertFound(self.diagnose("H-2"), "PROBLEM", "stopped its sending")

    def test_older_than_the_import_date(self):
        self.account.import_from = fields.Datetime.now() + timedelta(days=1)
        self.add("O-1")
        self.pull()
        text = self.diagnose("O-1")
        self.assertFound(text, "PROBLEM", "older than the moment")
        self.assertIn("Use Fetch Orders", text)

    def test_cart_that_takes_no_orders(self):
        self.account.cart_ids.filtered(lambda cart: cart.order_source == "Shopify").active = False
        self.add("C-1")
        self.pull()
        self.assertFound(self.diagnose("C-1"), "PROBLEM", "takes no orders here")

    def test_in_error_at_eim(self):
        self.add("E-1", order_status="error", error_msg="No such city")
        self.assertFound(self.diagnose("E-1"), "PROBLEM", "EIM holds the order in error: No such city")

    def test_cancelled_by_the_buyer(self):
        self.add("E-2", order_status="canceled")
        self.assertFound(self.diagnose("E-2"), "NOTE", "status is canceled")

    def test_new_and_not_pulled_yet(self):
        self.add("N-1", cust_po_no="1001")
        text = self.diagnose("1001")
        self.assertFound(text, "OK", "number 1001, reference N-1, cart Shopify")
        self.assertFound(text, "PROBLEM", "Pulling orders does not run by itself: switched off")
        self.account.pull_orders = True
        text = self.diagnose("1001")
        self.assertFound(text, "OK", "Pulling orders runs by itself; last good run: never yet")
        self.assertFound(text, "NOTE", "not received yet")
        self.env.ref("extensiv_connector.ir_cron_pull_orders").active = False
        self.assertFound(self.diagnose("1001"), "PROBLEM", "its scheduled action is off")

    def test_last_pass_had_trouble(self):
        self.account.pull_orders = True
        self.add("N-2")
        self.fault(route="list_orders", kind="500", count=3)
        self.pull()
        self.assertFound(self.diagnose("N-2"), "PROBLEM", "Its last run had trouble: EIM")

    def test_taken_by_somebody_else(self):
        self.add("T-1", order_status="at_wms")
        text = self.diagnose("T-1")
        self.assertFound(text, "PROBLEM", "not by this database")
        self.assertFound(text, "NOTE", "not in the inbox")

    def test_received_acknowledged_and_imported(self):
        self.add("I-1", cust_po_no="1002")
        self.pull()
        name = self.inbox("I-1").sale_order_id.name
        for number in ("1002", "I-1", name):
            text = self.diagnose(number)
            self.assertFound(
                text, "OK", "status is at_wms", "received here on", "EIM was told so", f"imported as {name}"
            )

    def test_received_and_not_acknowledged(self):
        self.add("I-2")
        self.fault(route="acknowledge", kind="invalid", count=1, message="Not today")
        self.pull()
        text = self.diagnose("I-2")
        self.assertFound(text, "NOTE", "EIM was not told yet")
        self.assertFound(text, "PROBLEM", "Not today")

    def test_received_and_the_acknowledgement_dismissed(self):
        self.add("D-1")
        self.fault(route="acknowledge", kind="500")
        self.pull()
        self.env["extensiv.error"].search([("key", "=", "D-1"), ("step", "=", "acknowledge")]).action_dismiss()
        self.assertFound(self.diagnose("D-1"), "PROBLEM", "EIM was not told that it is here, and is not")

    def test_failed_why(self):
        self.add("F-1", items=[{"item": "ABC-1", "quantity": "1", "price": "5"}])
        self.pull()
        text = self.diagnose("F-1")
        self.assertFound(text, "PROBLEM", "could not be imported: SKU ABC-1 is not an internal reference")

    def test_quotation_because_the_totals_differ(self):
        self.add("Q-1", grand_total="99.00", sub_total="10.00")
        self.pull()
        record = self.inbox("Q-1")
        self.assertEqual(record.sale_order_id.state, "draft")
        self.assertFound(self.diagnose("Q-1"), "PROBLEM", "imported as the quotation")

    def test_what_people_decided(self):
        self.add("P-1")
        self.add("P-2")
        self.add("P-3")
        self.pull()
        self.inbox("P-1").sale_order_id._action_cancel()
        sale = self.inbox("P-2").sale_order_id
        sale._action_cancel()
        sale.unlink()
        self.inbox("P-3").write({"state": "ignored", "sale_order_id": False})
        self.assertFound(self.diagnose("P-1"), "NOTE", "which is cancelled")
        self.assertFound(self.diagnose("P-2"), "PROBLEM", "its sale order deleted")
        self.assertFound(self.diagnose("P-3"), "PROBLEM", "decided not to import")

    def test_forgotten_by_eim_but_received(self):
        self.add("G-1")
        self.pull()
        held = self.sandbox.store.orders.pop("G-1")
        self.sandbox.store.by_status[held.status].pop("G-1", None)
        text = self.diagnose("G-1")
        self.assertFound(text, "NOTE", "EIM no longer lists the order")
        self.assertFound(text, "OK", "which is confirmed")

    def test_eim_that_cannot_be_asked(self):
        self.fault(route="*", kind="500", count=20)
        self.assertFound(self.diagnose("X-1"), "PROBLEM", "EIM could not be asked")
        self.sandbox.faults.clear()
        self.fault(route="*", kind="401", count=20)
        self.assertFound(self.diagnose("X-1"), "PROBLEM", "EIM refuses the API user or key")
        self.sandbox.faults.clear()
        self.account.action_disconnect()
        calls = len(self.calls())
        self.assertFound(self.diagnose("X-1"), "PROBLEM", "not connected")
        self.assertEqual(len(self.calls()), calls)


@tagged("post_install", "-at_install")
class TestShipping(DiagnosisCase):
    """Why does the cart show no tracking?"""

    def setUp(self):
        super().setUp()
        self.add("S-1")
        self.pull()
        self.sale = self.inbox("S-1").sale_order_id

    def leave(self):
        self.sale.company_id.stock_text_confirmation = False
        for picking in self.sale.picking_ids:
            for move in picking.move_ids:
                move.quantity = move.product_uom_qty
            picking.move_ids.picked = True
            picking.with_context(skip_sms=True, skip_backorder=True)._action_done()

    def test_not_everything_has_left(self):
        text = self.diagnose("S-1")
        self.assertFound(text, "PROBLEM", f"Not everything of {self.sale.name} has left: {self.sale.picking_ids.name}")
        self.assertIn("once, when the whole order has left", text)

    def test_left_and_pushing_is_off(self):
        self.leave()
        text = self.diagnose("S-1")
        self.assertFound(text, "OK", f"Everything of {self.sale.name} has left")
        self.assertFound(text, "PROBLEM", "Pushing shipping information is switched off")

    def test_an_open_error_of_the_shipment_is_named(self):
        self.leave()
        self.account.push_shipments = True
        self.env["extensiv.error"]._report(
            self.account, "shipments", {"S-1": {"message": "EIM refused: Unmapped ship method", "category": "settings"}}
        )
        self.assertFound(self.diagnose("S-1"), "PROBLEM", "Unmapped ship method")

    def test_a_missing_tracking_number_is_named(self):
        self.leave()
        self.account.push_shipments = True
        text = self.diagnose("S-1")
        self.assertFound(text, "PROBLEM", f"tracking number, which is missing on {self.sale.picking_ids.name}")

    def test_what_was_cancelled_after_picking_has_not_left(self):
        move = self.sale.order_line.move_ids
        move.location_dest_id = move.location_id.create({"name": "Bench", "location_id": move.location_id.id})
        self.leave()
        self.assertFound(self.diagnose("S-1"), "NOTE", f"Nothing of {self.sale.name} is to be delivered")

    def test_an_open_return_does_not_mean_that_not_everything_has_left(self):
        self.leave()
        wizard = Form(
            self.env["stock.return.picking"].with_context(
                active_id=self.sale.picking_ids.id, active_model="stock.picking"
            )
        ).save()
        wizard.product_return_moves.quantity = 1
        wizard.action_create_returns()
        self.assertFound(self.diagnose("S-1"), "OK", f"Everything of {self.sale.name} has left")

    def test_a_line_without_transfer_is_named(self):
        self.sale.order_line.move_ids.sale_line_id = False  # as of a line whose purchase order is not confirmed
        self.assertFound(self.diagnose("S-1"), "PROBLEM", "a line of it has no transfer yet")

    def test_a_refused_delivery_method_and_a_changed_tracking_number_are_named(self):
        self.leave()
        self.account.push_shipments = True
        freight = self.env["product.product"].create({"name": "Freight", "type": "service"})
        carrier = self.env["delivery.carrier"].create({"name": "Bike", "product_id": freight.id})
        self.sale.extensiv_refused_carrier_id = carrier
        self.env["extensiv.error"]._report(
            self.account,
            "shipments",
            {
                "delivery method Bike": {
                    "message": "EIM refused the carrier",
                    "category": "settings",
                    "document": carrier,
                }
            },
        )
        self.assertFound(self.diagnose("S-1"), "PROBLEM", "EIM refused the carrier")
        self.change_order("S-1", order_status="confirmed")
        self.env["extensiv.error"]._report(
            self.account,
            "shipments",
            {"S-1": {"message": "EIM was told another number", "category": "data"}},
            "tracking",
        )
        self.assertFound(self.diagnose("S-1"), "PROBLEM", "EIM was told another number")

    def test_eim_has_it_so_the_issue_is_between_eim_and_the_cart(self):
        self.leave()
        for status in ("shipped", "confirmed"):
            self.change_order(
                "S-1",
                order_status=status,
                shipments=[
                    {
                        "carrier": "UPS",
                        "method": "03",
                        "tracking_no": "1Z9",
                        "date": "2024-05-02",
                        "items": [{"item": "TEE-1", "quantity": "2"}],
                    }
                ],
            )
            text = self.diagnose("S-1")
            self.assertFound(text, "OK", f"status is {status}", "EIM has the shipping information; shipments: 1")
            self.assertLook(text, "on the right", "Last Shipment Run", "successful")
            self.assertIn("(Pacific)", text)

"""Cancelled orders of which goods were picked, and what EIM believes of those cancelled here."""

from unittest.mock import patch

from odoo.tests import new_test_user, tagged

from ..flows import packages
from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestCancelledGoods(ShipmentCase):
    def cancel_at_eim(self, cust_ref="S-1"):
        self.change_order(cust_ref, order_status="canceled")
        self.pull()

    def error(self, step, key="S-1"):
        return self.env["extensiv.error"].search(
            [("account_id", "=", self.account.id), ("key", "=", key), ("step", "=", step), ("state", "=", "open")]
        )

    def test_goods_that_lie_at_the_gate_are_told_with_where_they_lie(self):
        self.warehouse.delivery_steps = "pick_ship"
        sale = self.order()
        self.ship(sale.picking_ids, tracking=None)
        self.cancel_at_eim()
        self.assertEqual(sale.state, "cancel")
        output = self.warehouse.wh_output_stock_loc_id.display_name
        for text in (self.error("picked goods").message, str(sale.message_ids.mapped("body"))):
            self.assertIn("2 × [TEE-1] Black tee", text)
            self.assertIn(output, text)
        self.assertEqual(self.error("picked goods").res_id, sale.id)

    def test_goods_packed_and_labelled_are_told_with_box_and_label(self):
        sale = self.order(lines={"TEE-1": 2})
        transfer = sale.picking_ids
        transfer.carrier_id = self.carrier
        transfer.carrier_tracking_ref = "1Z777"
        transfer.move_line_ids.result_package_id = self.env["stock.package"].create({"name": "BOX-7"})
        transfer.move_ids.picked = True
        self.cancel_at_eim()
        message = self.error("picked goods").message
        for part in ("2 × [TEE-1] Black tee", "BOX-7", transfer.name, "1Z777", "UPS Ground", "void"):
            self.assertIn(part, message)
        self.error("picked goods").action_dismiss()
        self.pull()
        self.assertFalse(self.error("picked goods"), "told once")

    def test_labels_whose_numbers_stand_on_the_packages_are_told(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        self.pack(sale.picking_ids, {self.tee: 2}, {self.mug: 1})
        with patch.object(packages, "_numbers_on", lambda package: [f"N-{package.name}"]):
            self.cancel_at_eim()
        for number in ("N-PACK0", "N-PACK1"):
            self.assertIn(number, self.error("picked goods").message)

    def test_an_order_that_nobody_touched_leaves_nothing_to_put_back(self):
        self.order()
        self.cancel_at_eim()
        self.assertFalse(self.error("picked goods"))

    def test_a_package_that_was_only_reserved_still_stands_where_it_stood(self):
        pallet = self.env["stock.package"].create({"name": "PAL-1"})
        chair = self.env["product.product"].create({"name": "Chair", "default_code": "CHAIR", "is_storable": True})
        self.env["stock.quant"]._update_available_quantity(chair, self.warehouse.lot_stock_id, 2, package_id=pallet)
        sale = self.order(lines={"CHAIR": 2})
        self.assertEqual(sale.picking_ids.move_line_ids.result_package_id, pallet)
        self.cancel_at_eim()
        self.assertEqual(sale.state, "cancel")
        self.assertFalse(self.error("picked goods"))

    def test_goods_that_were_put_back_lie_nowhere(self):
        self.warehouse.delivery_steps = "pick_ship"
        sale = self.order(lines={"TEE-1": 2})
        pick = sale.picking_ids
        self.ship(pick, tracking=None)
        wizard = (
            self.env["stock.return.picking"]
            .with_context(active_id=pick.id, active_model="stock.picking")
            .create({"picking_id": pick.id})
        )
        for line in wizard.product_return_moves:
            line.quantity = line.move_quantity
        back = self.env["stock.picking"].browse(wizard.action_create_returns()["res_id"])
        back.move_ids.picked = True
        back._action_done()
        self.cancel_at_eim()
        self.assertFalse(self.error("picked goods"))

    def test_of_an_order_of_which_something_has_left_the_rest_is_told(self):
        self.warehouse.delivery_steps = "pick_ship"
        sale = self.order(lines={"TEE-1": 2})
        self.ship(sale.picking_ids, tracking=None)
        ship = sale.picking_ids.filtered(lambda picking: picking.state != "done")
        self.ship(ship, quantities={self.tee: 1})
        self.cancel_at_eim()
        message = self.error(False).message
        self.assertIn("something of it has shipped", message)
        self.assertIn("1 × [TEE-1] Black tee", message)

    # -- cancelled here

    def test_cancelling_from_a_list_says_what_eim_still_believes_before_and_after(self):
        sale = self.order(lines={"TEE-1": 1})
        own = self.env["sale.order"].create({"partner_id": sale.partner_id.id})
        sale.picking_ids.move_ids.picked = True
        wizard = self.env["sale.mass.cancel.orders"].create({"sale_order_ids": [(6, 0, (sale + own).ids)]})
        self.assertIn("1 of these orders came from EIM, which still believes", wizard.extensiv_warning)
        self.assertIn("picked in", wizard.extensiv_warning)
        wizard.action_mass_cancel()
        self.assertEqual((sale.state, own.state), ("cancel", "cancel"))
        self.assertIn("EIM still believes that we ship this order", sale.message_ids[0].body)
        self.assertNotIn("EIM", str(own.message_ids.mapped("body")))
        self.assertFalse(self.env["sale.mass.cancel.orders"].create({"sale_order_ids": own.ids}).extensiv_warning)

    def test_a_buyer_who_cancels_in_the_portal_is_told_to_a_person(self):
        self.account.order_policy = "draft"
        self.add_orders({"cust_ref": "S-1", "items": [{"item": "TEE-1", "quantity": "1", "price": "5"}]})
        self.pull()
        sale = self.inbox("S-1").sale_order_id
        buyer = new_test_user(self.env, "buyer", groups="base.group_portal")
        sale.with_user(buyer).sudo()._action_cancel()
        self.assertEqual(sale.state, "cancel")
        self.assertIn("EIM still believes", sale.message_ids[0].body)
        self.assertIn("cancelled in the portal", self.error("cancelled here").message)
        self.cancel_at_eim()
        self.assertFalse(self.error("cancelled here"), "EIM knows now")
        self.assertIn("EIM has this order as cancelled, too", sale.message_ids[0].body)

    def test_the_dialog_shows_what_was_picked(self):
        sale = self.order(lines={"TEE-1": 1})
        sale.picking_ids.move_ids.picked = True
        wizard = self.env["extensiv.cancel"].create({"sale_order_id": sale.id})
        self.assertIn("picked in", wizard.picked_goods)
        wizard.action_cancel_order()
        bodies = str(sale.message_ids.mapped("body"))
        self.assertIn("picked in", bodies)
        self.assertEqual(bodies.count("EIM still believes"), 1)

    def test_what_we_asked_to_cancel_is_not_the_buyers_cancellation(self):
        self.allow_cancelling()
        sale = self.order(lines={"TEE-1": 1})
        wizard = self.env["extensiv.cancel"].create({"sale_order_id": sale.id, "request": True})
        wizard.action_cancel_order()
        self.pull()
        self.pull()
        record = self.inbox("S-1")
        self.assertEqual(record.state, "cancelled")
        self.assertEqual(record.message, "Cancelled at EIM, as it was asked to from here.")
        self.assertNotIn("buyer cancelled", str(sale.message_ids.mapped("body")))

    # -- the sales lock

    def test_the_lock_wins_where_the_account_says_so(self):
        self.account.cancel_locked = False
        sale = self.order(lines={"TEE-1": 1})
        sale.action_lock()
        self.cancel_at_eim()
        self.assertEqual(sale.state, "sale")
        self.assertTrue(sale.locked)
        self.assertIn("it is locked", self.error(False).message)

    def test_the_lock_loses_by_default(self):
        sale = self.order(lines={"TEE-1": 1})
        sale.action_lock()
        self.cancel_at_eim()
        self.assertEqual(sale.state, "cancel")

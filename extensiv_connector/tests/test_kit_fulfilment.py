"""What left of packs, combos and services, and what a person decides of it."""

from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import new_test_user, tagged

from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestBundles(ShipmentCase):
    def pack(self, size=6):
        """A packaging of the mug, offered under a SKU of its own."""
        pack = self.env["uom.uom"].create(
            {"name": f"Pack of {size}", "relative_factor": size, "relative_uom_id": self.mug.uom_id.id}
        )
        self.mug.uom_ids = [Command.link(pack.id)]
        self.env["extensiv.sku.alias"].create(
            {"account_id": self.account.id, "sku": "MUG-6", "product_id": self.mug.id, "uom_id": pack.id}
        )
        return pack

    def combo(self):
        """An imported order of two combos of a tee and a mug, and a tee by itself."""
        combos = self.env["product.combo"].create(
            [
                {"name": product.name, "combo_item_ids": [Command.create({"product_id": product.id})]}
                for product in (self.tee, self.mug)
            ]
        )
        items = combos.combo_item_ids
        product = self.env["product.product"].create(
            {"name": "Set", "type": "combo", "combo_ids": [Command.set(combos.ids)], "list_price": 10}
        )
        sale = self.order(lines={"TEE-1": 1})
        self.change_order("S-1", items=[{"item": "TEE-1", "quantity": "1"}, {"item": "SET-1", "quantity": "2"}])
        line = self.env["sale.order.line"].create({"order_id": sale.id, "product_id": product.id, "product_uom_qty": 2})
        line.write({"extensiv_sku": "SET-1", "extensiv_quantity": 2})
        self.env["sale.order.line"].create(
            [
                {
                    "order_id": sale.id,
                    "product_id": item.product_id.id,
                    "product_uom_qty": 2,
                    "linked_line_id": line.id,
                    "combo_item_id": item.id,
                }
                for item in items
            ]
        )
        return sale

    # -- packs

    def test_a_pack_of_six_is_told_as_one_under_its_sku(self):
        self.pack()
        sale = self.order(lines={"MUG-6": 2})
        self.assertEqual(sale.picking_ids.move_ids.product_qty, 12)
        self.ship(sale.picking_ids)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"MUG-6": 2})])

    def test_a_pack_in_two_parcels_is_told_once_where_its_last_piece_is(self):
        self.pack()
        sale = self.order(lines={"MUG-6": 1, "TEE-1": 1})
        picking = sale.picking_ids
        self.ship(picking, "T1", quantities={self.mug: 4})
        self.ship(sale.picking_ids - picking, "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1}), ("T2", {"MUG-6": 1})])

    def test_a_part_of_a_pack_is_none(self):
        self.pack()
        sale = self.order(lines={"MUG-6": 2, "TEE-1": 1})
        self.ship(sale.picking_ids, quantities={self.mug: 10}, backorder=False)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"MUG-6": 1, "TEE-1": 1})])
        self.assertIn("Of 2 × MUG-6 only 1 were delivered", sale.extensiv_shipment_message)

    # -- combos

    def test_a_combo_is_told_under_its_sku_once_all_its_items_left(self):
        sale = self.combo()
        picking = sale.picking_ids
        self.ship(picking, "T1", quantities={self.mug: 1})
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertNotIn("ship", self.calls())
        self.ship(sale.picking_ids - picking, "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1, "SET-1": 1}), ("T2", {"SET-1": 1})])
        self.assertFalse(sale.extensiv_shipment_message)

    def test_a_combo_that_left_without_an_item_waits_for_a_person(self):
        sale = self.combo()
        self.ship(sale.picking_ids, quantities={self.mug: 1}, backorder=False)
        self.assertEqual(sale.extensiv_decision, "parts")
        for _pass in range(2):
            self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertIn(f"1 × SET-1 left without 1 × {self.mug.display_name}", sale.extensiv_shipment_message)
        error = self.shipment_error()
        self.assertEqual(error.attempts, 1)
        self.assertEqual(error.category, "data")
        with self.flows():
            sale.action_extensiv_send()
        self.assertNotIn("ship", self.calls())
        self.decide(sale, "action_tell_complete")
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 1, "SET-1": 2})])
        self.assertEqual(error.state, "resolved")
        self.assertFalse(sale.extensiv_decision)
        with self.assertRaisesRegex(UserError, "nothing to decide"):
            self.decide(sale, "action_tell_complete")

    def test_only_whole_combos_are_told_where_a_person_wants_that(self):
        sale = self.combo()
        self.ship(sale.picking_ids, quantities={self.mug: 1}, backorder=False)
        wizard = self.wizard(sale)
        self.assertIn("1 × SET-1 left without", wizard.missing)
        self.decide(sale, "action_tell_whole")
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 1, "SET-1": 1})])

    def test_what_is_missing_and_sent_later_needs_no_decision(self):
        sale = self.combo()
        self.ship(sale.picking_ids, "T1", quantities={self.mug: 1}, backorder=False)
        self.push()
        self.assertEqual(sale.extensiv_decision, "parts")
        item = sale.order_line.filtered(lambda line: line.combo_item_id and line.product_id == self.mug)
        picking = sale.picking_ids.copy({"move_ids": []})
        picking.move_ids = [
            Command.create(
                {
                    "product_id": self.mug.id,
                    "product_uom_qty": 1,
                    "sale_line_id": item.id,
                    "location_id": picking.location_id.id,
                    "location_dest_id": picking.location_dest_id.id,
                }
            )
        ]
        picking.action_confirm()
        self.ship(picking, "T2")
        self.assertEqual(sale.extensiv_shipment_state, "ready")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1, "SET-1": 1}), ("T2", {"SET-1": 1})])

    # -- services

    def services(self):
        self.env["product.product"].create({"name": "Engraving", "default_code": "ENGRAVE", "type": "service"})

    def test_services_ride_with_the_last_parcel(self):
        self.services()
        sale = self.order(lines={"TEE-1": 2, "ENGRAVE": 1})
        picking = sale.picking_ids
        self.ship(picking, "T1", quantities={self.tee: 1})
        self.push()
        self.assertNotIn("ship", self.calls())
        self.ship(sale.picking_ids - picking, "T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1}), ("T2", {"TEE-1": 1, "ENGRAVE": 1})])

    def test_services_are_not_told_where_the_cart_says_so(self):
        self.services()
        sale = self.order(lines={"TEE-1": 2, "ENGRAVE": 1})
        sale.extensiv_cart_id.tell_services = False
        self.ship(sale.picking_ids)
        self.push()
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2})])

    def test_an_order_of_services_alone_is_open_until_a_person_tells_it(self):
        self.services()
        sale = self.order(lines={"ENGRAVE": 2})
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "waiting")
        self.assertEqual(sale.extensiv_decision, "services")
        self.assertEqual(self.wizard(sale).services, "2 × ENGRAVE")
        self.decide(sale, "action_tell_services")
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        [told] = self.told()
        self.assertEqual(told["items"], [{"item": "ENGRAVE", "quantity": 2}])
        self.assertTrue(told["date"])
        self.assertNotIn("tracking_no", told)

    def test_an_order_of_services_alone_is_closed_with_a_click(self):
        self.services()
        sale = self.order(lines={"ENGRAVE": 1})
        self.push()
        self.wizard(sale).action_close()
        for _pass in range(2):
            self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertIn("EIM is not told", sale.extensiv_shipment_message)
        self.assertNotIn("ship", self.calls())

    def test_a_combo_of_services_alone_is_open_until_a_person_tells_it(self):
        self.services()
        engraving = self.env["product.product"].search([("default_code", "=", "ENGRAVE")])
        combo = self.env["product.combo"].create(
            {"name": "Care", "combo_item_ids": [Command.create({"product_id": engraving.id})]}
        )
        self.env["product.product"].create(
            {"name": "Care set", "default_code": "SET-1", "type": "combo", "combo_ids": [Command.link(combo.id)]}
        )
        sale = self.order(lines={"SET-1": 2})
        self.push()
        self.assertEqual((sale.extensiv_shipment_state, sale.extensiv_decision), ("waiting", "services"))
        self.decide(sale, "action_tell_services")
        self.assertEqual(self.contents(), [(None, {"SET-1": 2})])

    def test_cancelled_services_are_nothing_to_decide(self):
        self.services()
        sale = self.order(lines={"ENGRAVE": 1})
        sale.action_cancel()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        self.assertFalse(sale.extensiv_decision)

    # -- cancelled at EIM

    def test_what_was_cancelled_at_eim_and_reopened_here_can_be_told(self):
        sale = self.order()
        self.inbox("S-1").write({"cancelled_at": "2024-01-01", "state": "cancelled"})
        sale.action_cancel()
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "skipped")
        sale.action_draft()
        sale.action_confirm()
        self.ship(sale.picking_ids.filtered(lambda picking: picking.state != "cancel"))
        self.push()
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertEqual(sale.extensiv_decision, "cancelled")
        self.assertNotIn("ship", self.calls())
        self.decide(sale, "action_tell_cancelled")
        self.assertEqual(self.contents(), [("1Z999", {"TEE-1": 2, "MUG-1": 1})])
        self.assertEqual(sale.extensiv_shipment_state, "sent")

    def test_eim_may_refuse_what_it_has_as_cancelled_and_a_person_is_told(self):
        sale = self.order()
        self.change_order("S-1", order_status="canceled")
        self.inbox("S-1").cancelled_at = "2024-01-01"
        self.ship(sale.picking_ids)
        self.push()
        self.decide(sale, "action_tell_cancelled")
        self.assertFalse(self.told())
        self.assertEqual(sale.extensiv_shipment_state, "failed")
        self.assertIn("cancelled at EIM, which refused", sale.extensiv_shipment_message)
        self.assertEqual(sale.extensiv_decision, "cancelled")

    # -- who decides

    def wizard(self, sale):
        action = sale.action_extensiv_decide()
        return self.env[action["res_model"]].browse(action["res_id"])

    def decide(self, sale, button):
        wizard = self.wizard(sale)
        wizard.delivery_carrier_id = self.carrier
        with self.flows():
            getattr(wizard, button)()
        self.env.invalidate_all()

    def test_who_ships_decides_without_reading_sales(self):
        self.services()
        sale = self.order(lines={"ENGRAVE": 1})
        self.push()
        user = new_test_user(
            self.env,
            login="shipper",
            groups="base.group_user,extensiv_connector.group_user",
            company_id=self.company.id,
            company_ids=self.company.ids,
        )
        shown = self.env["extensiv.untold"].with_user(user).search([("name", "=", sale.name)])
        action = shown.action_decide()
        wizard = self.env[action["res_model"]].with_user(user).browse(action["res_id"])
        self.assertEqual(wizard.web_read({"services": {}})[0]["services"], "1 × ENGRAVE")
        with self.assertRaisesRegex(UserError, "Choose the delivery method"):
            wizard.action_tell_services()
        wizard.delivery_carrier_id = self.carrier
        with self.flows():
            wizard.action_tell_services()
        self.env.invalidate_all()
        self.assertEqual(sale.extensiv_shipment_state, "sent")
        nobody = new_test_user(self.env, login="nobody", groups="base.group_user")
        with self.assertRaises(UserError):
            wizard.with_user(nobody).action_tell_services()

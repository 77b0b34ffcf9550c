"""Which number is on which parcel, whatever carrier's app wrote it and however it was packed."""

from decimal import Decimal
from unittest.mock import patch

from odoo.tests import tagged

from ..flows import couriers, packages
from .shipments_common import ShipmentCase


@tagged("post_install", "-at_install")
class TestShipmentsParcels(ShipmentCase):
    def numbers(self, cust_ref="S-1"):
        """Return ``{number: {sku: quantity}}`` of what EIM was told."""
        return dict(self.contents(cust_ref))

    # -- the carrier's order

    def test_each_number_has_the_contents_of_the_parcel_that_the_carrier_bought_it_for(self):
        sale = self.order(lines={"TEE-1": 7, "MUG-1": 1})
        picking = sale.picking_ids
        names = ("PACK2", "PACK10", "pack1", "Z")
        self.pack(picking, {self.tee: 1}, {self.tee: 2}, {self.tee: 4}, {self.mug: 1}, names=names)
        self.carrier.write({"integration_level": "rate_and_ship", "fixed_price": 0})
        picking.carrier_id = self.carrier
        picking.picking_type_id.print_label = True
        picking.move_ids.picked = True
        self.env.flush_all()
        self.env.invalidate_all()
        kind = self.env["stock.package.type"].create({"name": "Box"})

        def send_shipping(carrier, pickings):
            bought = carrier._get_packages_from_picking(pickings, kind)
            return [{"exact_price": 0, "tracking_number": "+".join(f"T-{package.name}" for package in bought)}]

        with patch.object(type(self.carrier), "fixed_send_shipping", send_shipping):
            picking.button_validate()
        self.assertEqual(picking.carrier_tracking_ref.count("+"), 3)
        self.push()
        self.assertEqual(
            self.numbers(),
            {"T-PACK2": {"TEE-1": 1}, "T-PACK10": {"TEE-1": 2}, "T-pack1": {"TEE-1": 4}, "T-Z": {"MUG-1": 1}},
        )

    def test_what_is_loose_takes_the_last_number(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        picking = sale.picking_ids
        self.pack(picking, {self.tee: 2}, {self.mug: 1})
        picking.move_line_ids.filtered(lambda line: line.product_id == self.mug).result_package_id = False
        self.validate(picking, "T1;T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 2}), ("T2", {"MUG-1": 1})])

    def test_fewer_numbers_than_packages_are_said(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        picking = sale.picking_ids
        self.pack(picking, {self.tee: 1}, {self.tee: 1}, {self.mug: 1})
        self.validate(picking, "T1,T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"MUG-1": 1}), ("T2", {"TEE-1": 2})])
        self.assertIn("fewer tracking numbers than packages", sale.extensiv_shipment_message)

    # -- how they are written

    def test_blanks_separate_where_the_parts_are_as_many_as_the_parcels(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        self.pack(sale.picking_ids, {self.tee: 2}, {self.mug: 1})
        self.validate(sale.picking_ids, "T1 T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"MUG-1": 1}), ("T2", {"TEE-1": 2})])
        self.assertFalse(sale.extensiv_shipment_message)

    def test_other_blanks_are_removed_and_a_link_is_reduced_and_both_are_said_where_in_doubt(self):
        sale, other = self.order("S-1", {"TEE-1": 1}), self.order("S-2", {"TEE-1": 1})
        self.validate(sale.picking_ids, "9400 1118 9956")
        self.validate(other.picking_ids, "https://www.ups.com/track?tracknum=1Z999AA10123456784")
        unread = self.order("S-3", {"TEE-1": 1})
        self.validate(unread.picking_ids, "https://example.com/track")
        self.push()
        self.assertEqual(list(self.numbers("S-1")), ["940011189956"])
        self.assertIn("without its blanks", sale.extensiv_shipment_message)
        self.assertEqual(list(self.numbers("S-2")), ["1Z999AA10123456784"])
        self.assertFalse(other.extensiv_shipment_message)
        self.assertIn("No tracking number can be read from the link", unread.extensiv_shipment_message)

    # -- a number on the package itself

    def test_a_number_on_the_package_itself_wins_and_needs_none_on_the_transfer(self):
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        picking = sale.picking_ids
        boxes = self.pack(picking, {self.tee: 2}, {self.mug: 1})
        on_package = {boxes[0]: ["P0"], boxes[1]: ["P1"]}
        with patch.object(packages, "_numbers_on", lambda package: on_package.get(package, [])):
            self.validate(picking, "MASTER")
            self.push()
        self.assertEqual(self.numbers(), {"P0": {"TEE-1": 2}, "P1": {"MUG-1": 1}})

    def test_fields_of_carriers_apps_are_known_by_their_names(self):
        for name in ("parcel_tracking", "tracking_no", "carrier_tracking_ref", "x_studio_tracking_number", "tracking"):
            self.assertTrue(packages.NUMBER_FIELD.fullmatch(name), name)
        for name in ("parcel_tracking_uri", "carrier_tracking_url", "tracking_state", "name"):
            self.assertFalse(packages.NUMBER_FIELD.fullmatch(name), name)

    # -- packages in packages

    def nest(self, *boxes):
        """Put packages into a pallet, as *Put in Pack* does the second time; return it."""
        pallet = self.env["stock.package"].create({"name": f"PALLET{boxes[0].id}"})
        for box in boxes:
            box.package_dest_id = pallet
        return pallet

    def test_nested_packages_take_a_number_each_where_there_are_enough(self):
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        picking = sale.picking_ids
        boxes = self.pack(picking, {self.tee: 1}, {self.tee: 2}, {self.mug: 1})
        self.nest(boxes[0], boxes[1])
        self.validate(picking, "T1,T2,T3")
        self.push()
        self.assertEqual(self.numbers(), {"T1": {"MUG-1": 1}, "T2": {"TEE-1": 2}, "T3": {"TEE-1": 1}})

    def test_else_the_pallets_do(self):
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        picking = sale.picking_ids
        boxes = self.pack(picking, {self.tee: 1}, {self.tee: 2}, {self.mug: 1})
        self.nest(boxes[0], boxes[1])
        self.validate(picking, "T1,T2")
        self.push()
        self.assertEqual(self.numbers(), {"T1": {"MUG-1": 1}, "T2": {"TEE-1": 3}})
        self.assertFalse(sale.extensiv_shipment_message)

    def test_what_was_packed_in_an_earlier_step_leaves_as_it_was_packed(self):
        self.warehouse.delivery_steps = "pick_pack_ship"
        sale = self.order(lines={"TEE-1": 2, "MUG-1": 1})
        self.ship(sale.picking_ids, tracking=False)
        packing = sale.picking_ids.filtered(lambda picking: picking.state == "assigned")
        boxes = self.pack(packing, {self.tee: 2}, {self.mug: 1})
        self.nest(*boxes)
        self.validate(packing, False)
        last = sale.picking_ids.filtered(lambda picking: picking.state == "assigned")
        self.assertEqual(last.move_line_ids.package_id, boxes)
        self.validate(last, "T1,T2")
        self.push()
        self.assertEqual(self.numbers(), {"T1": {"MUG-1": 1}, "T2": {"TEE-1": 2}})

    # -- one piece in several boxes

    def test_further_boxes_of_one_piece_are_told_as_far_as_the_contract_goes(self):
        sale = self.order(lines={"TEE-1": 1})
        self.validate(sale.picking_ids, "T1,T2,T3")
        self.push()
        [shipment] = self.told()
        self.assertEqual(shipment["tracking_no"], "T1")
        self.assertEqual(shipment["tracking_no_secondary"], "T2")
        self.assertIn("is not told T3", sale.extensiv_shipment_message)
        self.assertIn("T1 T2", sale.extensiv_shipments_readable)

    def test_further_boxes_are_told_as_shipments_of_the_same_item_where_the_cart_wants_it(self):
        sale = self.order(lines={"TEE-1": 1})
        sale.extensiv_cart_id.tell_further_boxes = True
        self.sandbox.store.counts_pieces = False
        self.validate(sale.picking_ids, "T1,T2,T3,T4")
        self.push()
        same = {"TEE-1": 1}
        self.assertEqual(self.contents(), [("T1", same), ("T3", same), ("T4", same)])
        self.assertIn("told as a shipment of the same item: T3, T4", sale.extensiv_shipment_message)

    def test_services_are_in_no_further_box(self):
        self.env["product.product"].create({"name": "Engraving", "default_code": "ENGRAVE", "type": "service"})
        sale = self.order(lines={"TEE-1": 1, "ENGRAVE": 1})
        self.validate(sale.picking_ids, "T1,T2")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1, "ENGRAVE": 1})])
        self.assertEqual(self.told()[0]["tracking_no_secondary"], "T2")

    def test_numbers_beyond_the_pieces_never_share_one_field(self):
        sale = self.order(lines={"TEE-1": 2})
        self.validate(sale.picking_ids, "T1,T2,T3")
        self.push()
        self.assertEqual(self.contents(), [("T1", {"TEE-1": 1}), ("T2", {"TEE-1": 1})])
        self.assertEqual([shipment.get("tracking_no_secondary") for shipment in self.told()], ["T3", None])
        self.assertIn("nobody wrote down which piece is in which", sale.extensiv_shipment_message)

    # -- two orders in one transfer

    def merge(self, *sales):
        """Put the transfers of orders of one buyer into the first one's, as apps that merge them do."""
        picking = sales[0].picking_ids
        for sale in sales[1:]:
            old = sale.picking_ids
            old.move_line_ids.picking_id = picking
            old.move_ids.picking_id = picking
        return picking

    def test_each_of_two_orders_in_one_transfer_is_told_its_own_packages_numbers_and_weight(self):
        (self.tee + self.mug).weight = 1
        first, second = self.order("S-1", {"TEE-1": 2}), self.order("S-2", {"TEE-1": 1, "MUG-1": 3})
        picking = self.merge(first, second)
        moves = {sale: picking.move_ids.filtered(lambda move, sale=sale: move.sale_line_id.order_id == sale)
                 for sale in (first, second)}  # fmt: skip
        tees = moves[second].filtered(lambda move: move.product_id == self.tee)
        boxes = self.pack(picking, {moves[first]: 2}, {tees: 1}, {moves[second] - tees: 3})
        boxes.mapped(lambda box: box.write({"shipping_weight": 2 + len(box.name)}))
        self.validate(picking, "T2,T1,T0")
        self.push()
        self.assertEqual(self.contents("S-1"), [("T0", {"TEE-1": 2})])
        self.assertEqual(self.contents("S-2"), [("T2", {"MUG-1": 3}), ("T1", {"TEE-1": 1})])
        self.assertEqual(self.told("S-1")[0]["package_weight_lbs"], "15.43")
        self.assertFalse(first.extensiv_shipment_message or second.extensiv_shipment_message)

    def test_further_numbers_of_a_merged_transfer_are_of_the_order_whose_boxes_have_none(self):
        first, second = self.order("S-1", {"TEE-1": 2}), self.order("S-2", {"MUG-1": 2})
        picking = self.merge(first, second)
        [box] = self.pack(picking, {self.tee: 2})
        self.env["stock.move.line"].create(
            {
                "picking_id": picking.id,
                "move_id": picking.move_ids.filtered(lambda move: move.product_id == self.mug).id,
                "product_id": self.mug.id,
                "quantity": 2,
            }
        )
        with patch.object(packages, "_numbers_on", lambda package: ["P1"] if package == box else []):
            self.validate(picking, "T1,T2")
            self.push()
        self.assertEqual(self.contents("S-1"), [("P1", {"TEE-1": 2})])
        self.assertEqual(self.contents("S-2"), [("T1", {"MUG-1": 1}), ("T2", {"MUG-1": 1})])

    def test_two_orders_in_one_box_share_its_number_and_divide_its_weight(self):
        (self.tee + self.mug).weight = 1
        first, second = self.order("S-1", {"TEE-1": 1}), self.order("S-2", {"MUG-1": 3})
        picking = self.merge(first, second)
        [box] = self.pack(picking, {self.tee: 1, self.mug: 3})
        box.shipping_weight = 8
        self.validate(picking, "T1")
        self.push()
        self.assertEqual(self.contents("S-1"), [("T1", {"TEE-1": 1})])
        self.assertEqual(self.contents("S-2"), [("T1", {"MUG-1": 3})])
        weights = [Decimal(self.told(reference)[0]["package_weight_lbs"]) for reference in ("S-1", "S-2")]
        self.assertEqual(weights, [Decimal("4.41"), Decimal("13.23")])

    # -- EDI merchants

    def test_cartons_labels_bills_and_measures_are_told(self):
        kind = self.env["stock.package.type"].create(
            {"name": "Carton", "packaging_length": 508, "width": 254, "height": 127, "base_weight": 1}
        )
        sale = self.order(lines={"TEE-1": 3, "MUG-1": 1})
        picking = sale.picking_ids
        codes = ("003404341610940221", "003404341610940222")
        codes = [code[:17] + self.check_digit(code[:17]) for code in codes]
        boxes = self.pack(picking, {self.tee: 3}, {self.mug: 1}, names=codes)
        boxes.package_type_id = kind
        with (
            patch.object(packages, "text_fields", lambda model, pattern: self.bill_field(model)),
        ):
            picking.origin = "BOL-77"
            self.validate(picking, "T1,T2")
            self.push()
        by_number = {shipment["tracking_no"]: shipment for shipment in self.told()}
        for number, code, carton in (("T1", max(codes), "1"), ("T2", min(codes), "2")):
            shipment = by_number[number]
            self.assertEqual(shipment["sscc_barcode"], code)
            self.assertEqual([item["carton_num"] for item in shipment["items"]], [carton])
            self.assertEqual(shipment["bill_of_lading"], "BOL-77")
            self.assertEqual(
                [shipment[f"box_{side}_in"] for side in ("length", "width", "height")], ["20.0", "10.0", "5.0"]
            )
            self.assertEqual(shipment["package_weight_lbs"], "2.2")
            self.assertNotIn("carton_code", shipment["items"][0])
        self.assertIn(max(codes), sale.extensiv_shipments_readable)

    def bill_field(self, model):
        return ["origin"] if model._name == "stock.picking" else []

    def check_digit(self, digits):
        total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
        return str(-total % 10)

    def test_several_cartons_under_one_number_are_told_apart_with_their_pallets_label(self):
        sale = self.order(lines={"TEE-1": 3})
        picking = sale.picking_ids
        code = "00340434161094022"
        boxes = self.pack(picking, {self.tee: 1}, {self.tee: 2})
        pallet = self.nest(*boxes)
        pallet.name = code + self.check_digit(code)
        boxes[0].name = "00340434161094023" + self.check_digit("00340434161094023")
        pallet.shipping_weight = 10
        self.validate(picking, "PRO-1")
        self.push()
        [shipment] = self.told()
        self.assertEqual(shipment["sscc_barcode"], pallet.name)
        self.assertEqual(shipment["package_weight_lbs"], "22.05")
        items = {item["carton_num"]: item for item in shipment["items"]}
        self.assertEqual({number: item["quantity"] for number, item in items.items()}, {"1": 2, "2": 1})
        self.assertEqual(items["2"]["carton_code"], boxes[0].name)
        self.assertEqual(sum(Decimal(item["package_weight_lbs"]) for item in items.values()), Decimal("22.04"))

    # -- the courier of an aggregator

    def test_a_courier_is_known_by_its_brand(self):
        for text, brand in (
            ("UPSDAP", "UPS"),
            ("fedex_ground", "FEDEX"),
            ("FedExDefault", "FEDEX"),
            ("DHL Express", "DHL"),
            ("stamps / USPS", "USPS"),
            ("Blue Dart", "BLUE DART"),
        ):
            self.assertEqual(couriers.to_brand(text), brand)
        for name in ("easypost_oca_carrier_name", "shipment_courier", "courier_name", "x_courier"):
            self.assertTrue(couriers.COURIER_FIELD.fullmatch(name), name)
        self.assertFalse(couriers.COURIER_FIELD.fullmatch("carrier_tracking_ref"))

    def test_the_courier_that_an_aggregators_app_knows_is_told(self):
        self.carrier.extensiv_carrier = "EASYPOST"
        sale = self.order(lines={"TEE-1": 1})
        picking = sale.picking_ids
        with patch.object(couriers, "COURIER_FIELD", packages.re.compile("origin")):
            picking.origin = "UPSDAP"
            self.validate(picking, "T1")
            self.push()
        self.assertEqual(self.told()[0]["carrier"], "UPS")
        self.assertEqual(self.told()[0]["method"], "Ground")

    def test_a_courier_that_the_method_buys_from_is_proposed(self):
        self.carrier.extensiv_carrier = False
        with patch.object(couriers, "OF_METHOD", ("product_id.default_code",)):
            self.carrier.product_id.default_code = "FedExDefault"
            self.assertEqual(self.carrier._extensiv_names()[0], "FEDEX")

"""Parcels as EIM is told them: which are one shipment, and what it says of cartons, pallets and further boxes."""

from decimal import Decimal

from odoo.tools import format_list

from ..eim.wire import Shipment, ShipmentItem
from . import couriers
from .languages import figure
from .packages import get_bill_of_lading, get_sides, get_sscc, to_pounds


class Told:
    """Everything under one tracking number, or in one transfer where there is none: a shipment, as EIM takes it.

    ``numbers``: its own, and those of further boxes that have nothing to themselves.
    """

    def __init__(self, parcel):
        self.parcels = []
        self.numbers = []
        self.add(parcel)

    def add(self, parcel):
        self.parcels.append(parcel)
        self.numbers = list(dict.fromkeys([*self.numbers, *parcel.numbers]))

    @property
    def full(self):
        """The parcels in which is something that EIM ordered."""
        return [parcel for parcel in self.parcels if parcel.items]

    @property
    def weight(self):
        weights = [parcel.weight for parcel in self.parcels]
        return None if None in weights else sum(weights)

    def shares_line(self, other):
        """Whether something of one order line is in both: a kit in several boxes."""
        lines = [
            {line.move_id.sale_line_id for parcel in told.parcels for line in parcel.move_lines}
            for told in (self, other)
        ]
        return bool(lines[0] & lines[1])


class ShipmentWriting:
    """The shipments of one ``sale.order``.

    :param notes: sentences that a person should know, to which others are added
    """

    def __init__(self, order, notes):
        self.order = order
        self.env = order.env
        self.notes = notes

    def write_shipments(self, parcels):
        """Return the ``wire.Shipment`` list of ``parcels``: one a tracking number, whatever transfers it came in."""
        merged = {}
        for parcel in parcels:
            # Without a number there is one shipment a transfer.
            key = parcel.numbers[0] if parcel.numbers else parcel.picking.id
            if key in merged:
                merged[key].add(parcel)
            else:
                merged[key] = Told(parcel)
        full = [told for told in merged.values() if told.full]
        if not full:
            return []
        self._keep_numbers(list(merged.values()), full)
        cartons = (parcel for told in full for parcel in told.full if parcel.package)
        for number, parcel in enumerate(cartons, 1):
            parcel.carton = number
        return [shipment for told in full for shipment in self._write(told)]

    def _keep_numbers(self, merged, full):
        """Have no number get lost of a box with nothing that EIM ordered by itself: the buyer waits for it too."""
        turn = {number: index for index, told in enumerate(merged) for number in told.numbers}
        strange = []
        for index, empty in enumerate(merged):
            if empty.full or not empty.numbers:
                continue
            kin = [told for told in merged[index:] + merged[:index] if told.full and told.shares_line(empty)]
            if kin:  # a kit in several boxes: told where its last part is, under the number of its first box
                kin[0].numbers = sorted({*kin[0].numbers, *empty.numbers}, key=turn.get)
                kin[0].parcels += empty.parcels  # for their weight
            else:
                strange.append(empty)
        for empty in strange:
            full[-1].numbers += empty.numbers
            self.notes.append(
                self.env._(
                    "Nothing that EIM ordered by itself is under tracking number %(numbers)s; it is told together "
                    "with %(first)s.",
                    numbers=", ".join(empty.numbers),
                    first=full[-1].numbers[0],
                )
            )

    def _write(self, told):
        """Return what is under one number as ``wire.Shipment`` objects: one, and one for each box beyond the second.

        EIM takes two numbers with one shipment. Whether it is told of a piece in yet more boxes once for each of them,
        which some carts count as so many pieces, is the cart's setting.
        """
        picking = told.parcels[0].picking
        carrier, method = self._get_carrier(picking)
        packed = [parcel for parcel in told.full if parcel.package]
        [first, second, *rest] = [*told.numbers, "", ""][: max(len(told.numbers), 2)]
        shipment = Shipment(
            carrier=carrier,
            method=method,
            tracking_no=first,
            secondary_no=second,
            date=picking.date_done,
            items=tuple(self._write_items(told, len(packed) > 1)),
            weight_lbs=to_pounds(self.env, told.weight),
            sscc=self._get_sscc(packed),
            bill_of_lading=get_bill_of_lading(picking),
            box=get_sides(packed[0].package) if len(packed) == len(told.full) == 1 else None,
        )
        if not second:
            return [shipment]
        is_told = bool(rest) and self.order.extensiv_cart_id.tell_further_boxes
        self._note_boxes(shipment, rest, is_told)
        sku = shipment.items[0].sku
        piece = (ShipmentItem(sku, min(shipment.items[0].quantity, Decimal(1))),)
        further = [Shipment(carrier, method, number, picking.date_done, piece) for number in rest if is_told]
        return [shipment, *further]

    def _note_boxes(self, shipment, rest, is_told):
        """Say how a piece in several boxes is told."""
        note = self.env._(
            "%(items)s left in several boxes: told under tracking number %(first)s, with %(second)s as its second.",
            items=format_list(
                self.env, [f"{figure(self.env, item.quantity.normalize())} × {item.sku}" for item in shipment.items]
            ),
            first=shipment.tracking_no,
            second=shipment.secondary_no,
        )
        if is_told:
            note += " " + self.env._("Each further box is told as a shipment of the same item: %s.", ", ".join(rest))
        elif rest:
            note += " " + self.env._(
                "EIM takes no more numbers with one shipment and is not told %s. Enter them in the cart, or have each "
                "told as a shipment of the same item: switch on Tell of Further Boxes for the cart, before it is sent.",
                ", ".join(rest),
            )
        self.notes.append(note)

    def _write_items(self, told, has_cartons):
        """Return the ``wire.ShipmentItem`` objects of one shipment, by package where it has several."""
        items = {}
        for parcel in told.full:
            for (sku, lot, serial), quantity in parcel.items.items():
                key = (sku, lot, serial, parcel.carton)
                items.setdefault(key, [parcel, Decimal()])[1] += quantity
        for (sku, lot, serial, carton), (parcel, quantity) in items.items():
            package = parcel.package
            of_carton = {}
            if carton and has_cartons:
                of_carton = {
                    "carton_code": get_sscc(package),
                    "box": get_sides(package),
                    "weight_lbs": to_pounds(self.env, parcel.weight),
                }
            yield ShipmentItem(sku, quantity, lot_code=lot, serial_no=serial, carton_num=str(carton or ""), **of_carton)

    def _get_sscc(self, packed):
        """Return the code on the label of all of ``packed``: the package's own, or their pallet's."""
        codes = [get_sscc(parcel.package) for parcel in packed]
        outer = {parcel.outer for parcel in packed}
        if len(codes) == 1 and codes[0]:
            return codes[0]
        return get_sscc(outer.pop()) if len(outer) == 1 else ""

    def _get_carrier(self, picking):
        """Return the carrier and the method that a transfer left with, as EIM is told them."""
        delivery = picking.carrier_id or self.order.carrier_id
        if delivery:
            carrier, method = delivery._extensiv_names(self.order)
        else:
            _shipping, carrier = self.order._extensiv_requested_shipping()
            method = ""
        return couriers.courier_of(picking) or carrier, method

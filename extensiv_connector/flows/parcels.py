"""What left the warehouse for an order, as EIM takes it: one shipment a tracking number."""

from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

from odoo.tools import format_list

from . import kit_fulfilment, services
from .languages import figure
from .numbering import deal_numbers
from .shipment_writing import ShipmentWriting


@dataclass(eq=False)
class Parcel:
    """What left for one order in one package of one transfer, or loose in it.

    :param items: ``{(sku, lot, serial): Decimal}`` in the units of the order's line
    :param weight: in the database's unit of weight, None where unknown
    :param outer: the outermost package that it left in
    :param carton: its number among the packages of the order
    """

    picking: object
    package: object
    move_lines: list = field(default_factory=list)
    numbers: list = field(default_factory=list)
    items: Counter = field(default_factory=Counter)
    weight: float | None = 0.0
    outer: object = None
    carton: int = 0

    def give_piece(self):
        """Return a parcel with a part of this one's contents, or None when it holds a single piece."""
        if len(self.items) > 1:
            key, quantity = list(self.items.items())[-1]
        else:
            [(key, quantity)] = self.items.items()
            if quantity < 2:
                return None
            quantity = Decimal(1)
        self.items[key] -= quantity
        self.items = +self.items
        # Nobody wrote down which piece is where, so neither part's weight is known.
        self.weight = None
        return Parcel(self.picking, self.package.browse(), items=Counter({key: quantity}), weight=None)


def read_shipments(order):
    """Return the shipments of all that left for ``order``, and sentences on what they leave out.

    Their contents are what EIM ordered, by the SKU it sent, as far as it was delivered.

    :return: ``(list of wire.Shipment, sentences)``; no shipment when nothing that EIM ordered has left
    """
    packing = Packing(order)
    return packing.shipments() or services.get_shipments(order), packing.notes


class Packing:
    """The parcels of one ``sale.order``, and in ``notes`` what a person should know of them."""

    def __init__(self, order):
        order.ensure_one()
        self.order = order
        self.env = order.env
        self.digits = self.env["decimal.precision"].precision_get("Product Unit")
        self.notes = []

    def shipments(self):
        """Return the ``wire.Shipment`` list of all that left."""
        dealt = self._deal()
        parcels = self._pack(dealt)
        self._fill(parcels)
        parcels = self._spread(parcels, dealt)
        self._add_services(parcels)
        return ShipmentWriting(self.order, self.notes).write_shipments(parcels)

    # -- what left, by package

    def _deal(self):
        """Return the ``numbering.Dealt`` of each transfer that left for the order."""
        dealt = deal_numbers(self.order._extensiv_left_moves().picking_id)
        for picking, found in dealt.items():
            self._note_doubts(picking, found)
        return dealt

    def _note_doubts(self, picking, found):
        """Say how the numbers of a transfer were understood where they can be understood otherwise."""
        for text in found.joined:
            self.notes.append(
                self.env._(
                    "The tracking number “%(text)s” of %(transfer)s was told without its blanks. Where these are "
                    "several numbers, write commas between them.",
                    text=text,
                    transfer=picking.name,
                )
            )
        for link in found.links:
            self.notes.append(
                self.env._(
                    "No tracking number can be read from the link %(link)s of %(transfer)s. Look at the order in its "
                    "cart.",
                    link=link,
                    transfer=picking.name,
                )
            )
        if found.shared:
            self.notes.append(
                self.env._(
                    "%(transfer)s has fewer tracking numbers than packages: all that remain are told under %(number)s.",
                    transfer=picking.name,
                    number=found.shared,
                )
            )

    def _pack(self, dealt):
        """Return a ``Parcel`` for each box that holds something of the order, in the carrier's order.

        A box that holds nothing of any order is a parcel too where its transfer is this order's alone.
        """
        turn = {move: number for number, move in enumerate(self.order._extensiv_left_moves())}
        parcels = []
        for picking, found in dealt.items():
            is_alone = picking.move_ids.sale_line_id.order_id <= self.order
            for box in found.boxes:
                own = sorted(
                    (line for line in box.move_lines if line.move_id in turn and line.picking_id == picking),
                    key=lambda line: (turn[line.move_id], line.id),
                )
                if own or is_alone:
                    weight = box.weigh(own) if own else 0.0
                    numbers = list(found.numbers.get(box, ()))
                    parcels.append(Parcel(picking, box.package, own, numbers, weight=weight, outer=box.outer))
        return parcels

    def _spread(self, parcels, dealt):
        """Return the ``parcels`` in the order of their transfers, with something under each number beyond the boxes.

        With more numbers than boxes nobody knows what is where: every number gets something of the contents.
        """
        result = []
        for picking, found in dealt.items():
            own = [parcel for parcel in parcels if parcel.picking == picking]
            unsure = {box.package for box in found.unsure}
            # In a merged transfer the boxes that further numbers are of may be another order's.
            donors = [parcel for parcel in own if parcel.package in unsure] if unsure else list(own)
            is_spread = False
            for number in found.spare if donors else ():
                donor = max(donors, key=lambda parcel: sum(parcel.items.values()))
                piece = donor.give_piece() if donor.items else None
                if piece:
                    piece.numbers = [number]
                    own.append(piece)
                    donors.append(piece)
                    is_spread = True
                else:
                    donor.numbers.append(number)
            if is_spread:
                self.notes.append(
                    self.env._(
                        "%s has more tracking numbers than packages, and nobody wrote down which piece is in which: "
                        "each number is told with a part of the contents.",
                        picking.name,
                    )
                )
            result += own
        return result

    # -- what is in it

    def _fill(self, parcels):
        """Put into each parcel what it holds of the lines that EIM ordered, and note what is not EIM's."""
        foreign = Counter()
        left = self.order._extensiv_left_moves()
        served = services.find_lines(self.order)
        for line in self.order.order_line:
            if line in served or line.combo_item_id and line.linked_line_id.extensiv_sku:
                continue  # of items EIM knows the combo alone
            parts = kit_fulfilment.items_of(line) if line.product_id.type == "combo" else line
            held = [
                (parcel, move_line)
                for parcel in parcels
                for move_line in parcel.move_lines
                if move_line.move_id.sale_line_id in parts
            ]
            if not line.extensiv_sku:
                for _parcel, move_line in held:
                    foreign[move_line.product_id] += _quantity_in(move_line, move_line.product_id.uom_id)
                continue
            self.put(line, self._shares(line, held, left))
        if foreign:
            self.notes.append(
                self.env._(
                    "Not told to EIM, which did not order it: %s",
                    format_list(
                        self.env,
                        [
                            f"{figure(self.env, quantity)} × {product.display_name}"
                            for product, quantity in foreign.items()
                        ],
                    ),
                )
            )

    def put(self, line, shares):
        """Put the ``shares`` of one line, ``(parcel, lot, quantity)``, into their parcels, never more than ordered.

        Rounding runs along, so that the parts add up to the rounded whole. What is missing or too many is noted.
        """
        ordered = _rounded(line.extensiv_quantity or line.product_uom_qty, self.digits)
        left = 0.0
        packed = Decimal()
        for parcel, lot, quantity in shares:
            left += quantity
            share = min(_rounded(left, self.digits), ordered) - packed
            if share > 0:
                is_serial = lot and lot.product_id.tracking == "serial"
                key = (line.extensiv_sku, "" if is_serial else lot.name or "", lot.name if is_serial else "")
                parcel.items[key] += share
                packed += share
        if _rounded(left, self.digits) > ordered:
            self.notes.append(
                self.env._(
                    "%(left)s × %(sku)s were delivered, but EIM ordered %(ordered)s and is told no more.",
                    left=figure(self.env, left),
                    sku=line.extensiv_sku,
                    ordered=figure(self.env, ordered.normalize()),
                )
            )
        elif packed < ordered and line.product_id.type in ("consu", "combo"):
            self.notes.append(
                self.env._(
                    "Of %(ordered)s × %(sku)s only %(told)s were delivered.",
                    ordered=figure(self.env, ordered.normalize()),
                    sku=line.extensiv_sku,
                    told=figure(self.env, packed.normalize()),
                )
            )

    def _shares(self, line, held, left):
        """Return ``(parcel, lot, quantity)`` of one line: what ``held``, its ``(parcel, move line)``, makes of it.

        :param left: the moves of the order that left
        """
        if bundle := kit_fulfilment.read(line, left):
            return self._whole_shares(line, held, bundle.count(self.order.extensiv_kits_told == "complete"))
        shares = [
            (parcel, move_line.lot_id, _quantity_in(move_line, line.product_uom_id)) for parcel, move_line in held
        ]
        if kit_fulfilment.is_pack(line):
            return self._whole_shares(line, held, sum(quantity for _parcel, _lot, quantity in shares))
        return shares

    def _whole_shares(self, line, held, count):
        """Return how many kits, combos or packs each parcel completes, ``count`` in all.

        One counts for the parcel that brings its last piece. Of components the lots are none of the kit's own.
        """
        whole = Decimal(str(count))
        if kit_fulfilment.is_pack(line):
            whole = Decimal(str(round(count, 6))).to_integral_value(ROUND_FLOOR)
        totals = Counter()
        for _parcel, move_line in held:
            totals[move_line.product_id] += _quantity_in(move_line, move_line.product_id.uom_id)
        so_far = Counter()
        shares = []
        complete = Decimal()
        for index, (parcel, move_line) in enumerate(held, 1):
            so_far[move_line.product_id] += _quantity_in(move_line, move_line.product_id.uom_id)
            part = min(so_far[product] / total for product, total in totals.items())
            now = whole if index == len(held) else (whole * Decimal(str(round(part, 6)))).to_integral_value(ROUND_FLOOR)
            is_own = move_line.product_id == line.product_id and move_line.product_id.tracking == "lot"
            lot = move_line.lot_id if is_own else move_line.lot_id.browse()
            shares.append((parcel, lot, float(now - complete)))
            complete = now
        return shares

    def _add_services(self, parcels):
        """Put the services into the last parcel, once it is known what else is in each: they are in no box."""
        last = services.find_parcel(self.order, parcels)
        if last:
            for line in services.find_lines(self.order):
                self.put(line, [(last, self.env["stock.lot"], line.product_uom_qty)])


def _quantity_in(move_line, unit):
    return move_line.product_uom_id._compute_quantity(move_line.quantity, unit, round=False)


def _rounded(quantity, digits):
    return Decimal(str(round(quantity, digits)))

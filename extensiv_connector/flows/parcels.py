"""What left the warehouse for an order, as EIM takes it: one shipment a tracking number."""

import re
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_FLOOR, Decimal

from odoo.tools import format_list

from ..eim.wire import Shipment, ShipmentItem
from . import kit_fulfilment, services


@dataclass
class Parcel:
    """What left in one package of one transfer, or loose in it; after merging, everything under one number.

    :param items: ``{(sku, lot, serial): Decimal}`` in the units of the order's line
    :param weight: in the database's unit of weight, None where unknown
    """

    picking: object
    package: object
    move_lines: list = field(default_factory=list)
    numbers: list = field(default_factory=list)
    items: Counter = field(default_factory=Counter)
    weight: float | None = 0.0

    def absorb(self, other):
        """Add what is in ``other``."""
        self.items.update(other.items)
        self.weight = None if None in (self.weight, other.weight) else self.weight + other.weight

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
        return Parcel(self.picking, self.package, items=Counter({key: quantity}), weight=None)


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
        parcels = self._pack()
        self._fill(parcels)
        merged = _merge(parcels)
        full = [parcel for parcel in merged if parcel.items]
        if not full:
            return []
        for empty in merged:
            if not empty.items and empty.numbers:
                # No number gets lost: the buyer waits for that box too.
                full[-1].numbers += empty.numbers
                self.notes.append(
                    self.env._(
                        "Nothing that EIM ordered by itself is under tracking number %(numbers)s; it is told together "
                        "with %(first)s.",
                        numbers=", ".join(empty.numbers),
                        first=full[-1].numbers[0],
                    )
                )
        return [self._shipment(parcel) for parcel in full]

    def _shipment(self, parcel):
        """Return ``parcel`` as ``wire.Shipment``."""
        delivery = parcel.picking.carrier_id or self.order.carrier_id
        if delivery:
            carrier, method = delivery._extensiv_names(self.order)
        else:
            _shipping, carrier = self.order._extensiv_requested_shipping()
            method = ""
        return Shipment(
            carrier=carrier,
            method=method,
            tracking_no=",".join(parcel.numbers),
            date=parcel.picking.date_done,
            items=tuple(
                ShipmentItem(sku, quantity, lot_code=lot, serial_no=serial)
                for (sku, lot, serial), quantity in parcel.items.items()
            ),
            weight_lbs=self._pounds(parcel.weight),
        )

    def _pounds(self, weight):
        """Return a weight of this database in pounds, or None."""
        unit = self.env["product.template"]._get_weight_uom_id_from_ir_config_parameter()
        pounds = unit._compute_quantity(weight or 0.0, self.env.ref("uom.product_uom_lb"), round=False)
        return Decimal(str(round(pounds, 2))) or None

    # -- what left, by package

    def _pack(self):
        """Return a ``Parcel`` for each outermost package of each transfer, and one for what is loose in it."""
        parcels = {}
        for move in self.order._extensiv_left_moves():
            for move_line in move.move_line_ids.filtered("quantity").sorted("id"):
                package = move_line.result_package_id
                while package.parent_package_id:
                    package = package.parent_package_id
                parcel = parcels.setdefault(
                    (move.picking_id.id, package.id), Parcel(move.picking_id, package, weight=package.shipping_weight)
                )
                parcel.move_lines.append(move_line)
        for parcel in parcels.values():
            parcel.weight = parcel.weight or sum(
                _quantity_in(line, line.product_id.uom_id) * line.product_id.weight for line in parcel.move_lines
            )
        for (picking, _package), parcel in parcels.items():
            if [key[0] for key in parcels].count(picking) == 1:
                parcel.weight = parcel.picking.shipping_weight or parcel.weight  # a person may have weighed it
        turn = {picking: number for number, picking in enumerate(dict.fromkeys(picking for picking, _ in parcels))}
        # Packages in the order of their names, as their numbers are listed; what is loose comes last.
        return sorted(
            parcels.values(),
            key=lambda parcel: (
                turn[parcel.picking.id],
                not parcel.package,
                parcel.package.name or "",
                parcel.package.id or 0,
            ),
        )

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
        self._add_services(parcels, served)
        if foreign:
            self.notes.append(
                self.env._(
                    "Not told to EIM, which did not order it: %s",
                    format_list(
                        self.env, [f"{quantity:g} × {product.display_name}" for product, quantity in foreign.items()]
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
                    left=f"{left:g}",
                    sku=line.extensiv_sku,
                    ordered=f"{ordered.normalize():f}",
                )
            )
        elif packed < ordered and line.product_id.type in ("consu", "combo"):
            self.notes.append(
                self.env._(
                    "Of %(ordered)s × %(sku)s only %(told)s were delivered.",
                    ordered=f"{ordered.normalize():f}",
                    sku=line.extensiv_sku,
                    told=f"{packed.normalize():f}",
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

    def _add_services(self, parcels, lines):
        """Put the ``lines`` of services into the last parcel."""
        last = services.find_parcel(self.order, parcels)
        if last:
            for line in lines:
                self.put(line, [(last, self.env["stock.lot"], line.product_uom_qty)])


# -- under which number


def split_numbers(text):
    """Return the tracking numbers that a transfer joins by commas, each once."""
    return list(dict.fromkeys(number.strip() for number in re.split(r"[,;\n]", text or "") if number.strip()))


def _merge(parcels):
    """Number the parcels, and return one for each tracking number, whatever transfers it came in."""
    merged = {}
    for picking in dict.fromkeys(parcel.picking for parcel in parcels):
        for parcel in _number([parcel for parcel in parcels if parcel.picking == picking]):
            # Without a number there is one shipment a transfer.
            key = tuple(parcel.numbers) or picking.id
            if key in merged:
                merged[key].absorb(parcel)
            else:
                merged[key] = parcel
    return list(merged.values())


def _number(parcels):
    """Give the parcels of one transfer its tracking numbers, several joined by commas, and return them.

    A package named as a number has it. The others take the free numbers in turn, the last for all that remain. With
    more numbers than packages nobody knows what is where: every number gets something of the contents.
    """
    numbers = split_numbers(parcels[0].picking.carrier_tracking_ref)
    if not numbers:
        return parcels
    free = [number for number in numbers if number not in {parcel.package.name for parcel in parcels}]
    unnamed = [parcel for parcel in parcels if parcel.package.name not in numbers]
    for parcel in parcels:
        if parcel.package.name in numbers:
            parcel.numbers = [parcel.package.name]
    for index, parcel in enumerate(unnamed):
        parcel.numbers = [free[min(index, len(free) - 1)] if free else numbers[-1]]
    for number in free[len(unnamed) :]:
        donor = max(unnamed or parcels, key=lambda parcel: sum(parcel.items.values()))
        piece = donor.give_piece() if donor.items else None
        if piece:
            piece.numbers = [number]
            parcels = [*parcels, piece]
            unnamed = [*unnamed, piece]
        else:
            donor.numbers.append(number)
    return parcels


def _quantity_in(move_line, unit):
    return move_line.product_uom_id._compute_quantity(move_line.quantity, unit, round=False)


def _rounded(quantity, digits):
    return Decimal(str(round(quantity, digits)))

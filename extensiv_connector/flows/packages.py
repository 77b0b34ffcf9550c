"""The boxes of transfers that left, in the order in which a carrier's app lists them, and what stands on each."""

import re
from dataclasses import dataclass, field
from decimal import Decimal

from odoo.tools import SQL
from odoo.tools.barcode import check_barcode_encoding

from ..eim.tracking_numbers import read_numbers

# Where apps of carriers keep the number of a package: `parcel_tracking` (OCA), `tracking_no`, `carrier_tracking_ref` …
NUMBER_FIELD = re.compile(
    r"(x_|x_studio_)?((parcel|carrier|courier|package|shipping|shipment)_)?tracking(_(ref|no|nr|number|code|reference))?"
)
BILL_FIELD = re.compile(r"(x_|x_studio_)?(bill_of_lading|bol)(_(ref|no|nr|number|reference))?")


@dataclass(eq=False)
class Box:
    """What left in one package of one transfer, or loose in it.

    :param outer: the outermost package it left in, a pallet; itself where it is in none
    :param move_lines: all that is in it, of whatever order
    :param numbers: that stand on it, or on what it is in
    :param weight: in the database's unit of weight, 0 where unknown
    """

    picking: object
    package: object
    outer: object
    move_lines: list = field(default_factory=list)
    numbers: list = field(default_factory=list)
    weight: float = 0.0

    @property
    def names(self):
        """What it may be called by a carrier who numbers it so."""
        return {self.package.name, self.outer.name} - {False}

    def weigh(self, move_lines):
        """Return the weight of some of what is in it, in the database's unit."""
        whole = _weigh(self.move_lines)
        if len(move_lines) == len(self.move_lines):
            return self.weight
        share = _weigh(move_lines) / whole if whole else len(move_lines) / len(self.move_lines)
        return self.weight * share


def list_boxes(pickings):
    """Return ``{transfer: its boxes}`` of ``pickings`` that left, packages in the order in which a carrier lists them.

    That is the order of ``picking.move_line_ids.result_package_id``; what is loose comes last.
    """
    boxes = {picking: {} for picking in pickings}
    # Read anew: what is cached of a transfer is in the order in which it was made.
    lines = pickings.env["stock.move.line"].search([("picking_id", "in", pickings.ids), ("quantity", "!=", 0)])
    for line in lines:
        package = line.result_package_id
        of_picking = boxes[line.picking_id]
        if package not in of_picking:
            of_picking[package] = Box(line.picking_id, package, _outermost(line))
        of_picking[package].move_lines.append(line)
    result = {}
    for picking, found in boxes.items():
        ordered = sorted(found.values(), key=lambda box: not box.package)
        for box in ordered:
            box.move_lines += _from_other_transfers(box)
            box.numbers = _numbers_on(box.package) or _numbers_on(box.outer)
        _set_weights(picking, ordered)
        result[picking] = ordered
    return result


def count_boxes(boxes):
    """Return how many numbers ``boxes`` of one transfer may have: one a package, one a pallet, one for what is loose.

    Boxes that bear numbers of their own are not counted.
    """
    unnumbered = [box for box in boxes if not box.numbers]
    packed = [box for box in unnumbered if box.package]
    counts = [len(unnumbered), len(packed)]
    counts += [len({box.outer for box in some}) for some in (unnumbered, packed)]
    return set(counts) - {0}


def read_transfer_numbers(picking, boxes):
    """Return the ``eim.tracking_numbers.Numbers`` that stand on a transfer, whose boxes are ``boxes``."""
    return read_numbers(picking.carrier_tracking_ref, count_boxes(boxes))


def read_labels(picking):
    """Return the texts in which the tracking numbers of an open transfer stand: its own, and those of its packages."""
    packages = picking.move_line_ids.result_package_id
    numbers = [number for package in packages | packages.package_dest_id for number in _numbers_on(package)]
    return list(dict.fromkeys(filter(None, [picking.carrier_tracking_ref, *numbers])))


def text_fields(model, pattern):
    """Return the names of the stored text fields of a model whose whole name ``pattern`` matches."""
    return sorted(
        name
        for name, known in model._fields.items()
        if known.store and known.type in ("char", "text") and not known.translate and pattern.fullmatch(name)
    )


def is_numbered(env, move):
    """Return SQL whether every package that the move with the SQL id ``move`` left in bears a number, or its pallet."""
    names = text_fields(env["stock.package"], NUMBER_FIELD)
    if not names:
        return SQL("false")
    number = SQL(" || ").join(SQL("COALESCE(package.%s, '')", SQL.identifier(name)) for name in names)
    return SQL(
        """COALESCE((SELECT bool_and(EXISTS (
                       SELECT FROM stock_package package
                        WHERE package.id IN (leaf.id, COALESCE(history.outermost_dest_id,
                                                               split_part(leaf.parent_path, '/', 1)::int))
                          AND %(number)s != ''))
                       FROM stock_move_line line
                       LEFT JOIN stock_package leaf ON leaf.id = line.result_package_id
                       LEFT JOIN stock_package_history history ON history.id = line.package_history_id
                      WHERE line.move_id = %(move)s AND line.quantity != 0), false)""",
        number=number,
        move=move,
    )


# -- what stands on them


def get_sscc(package):
    """Return the serial shipping container code that a package is named by, or an empty text."""
    code = re.sub(r"^(\(00\)|00(?=\d{18}$))", "", package.name or "")
    return code if check_barcode_encoding(code, "sscc") else ""


def get_sides(package):
    """Return length, width and height in inches by the package's type, None where one of them is not known."""
    kind = package.package_type_id
    sides = (kind.packaging_length, kind.width, kind.height)
    if not all(sides):
        return None
    unit = package.env["product.template"]._get_length_uom_id_from_ir_config_parameter()
    inch = package.env.ref("uom.product_uom_inch")
    return tuple(_decimal(unit._compute_quantity(side, inch, round=False)) for side in sides)


def get_bill_of_lading(picking):
    """Return the number of the transfer's bill of lading, where an app keeps one, on it or on its batch."""
    for record in (picking, picking["batch_id"] if "batch_id" in picking._fields else None):
        for name in text_fields(record, BILL_FIELD) if record else ():
            if record[name]:
                return record[name].strip()
    return ""


def to_pounds(env, weight):
    """Return a weight of the database in pounds, None where it is not known."""
    unit = env["product.template"]._get_weight_uom_id_from_ir_config_parameter()
    return _decimal(unit._compute_quantity(weight or 0.0, env.ref("uom.product_uom_lb"), round=False)) or None


def _decimal(number):
    return Decimal(str(round(number, 2)))


def _numbers_on(package):
    """Return the numbers that an app keeps on the package itself."""
    texts = [package[name] for name in text_fields(package, NUMBER_FIELD)] if package else []
    return list(dict.fromkeys(number for text in texts for number in read_numbers(text, {1}).numbers))


def _outermost(line):
    """Return the outermost package that a move line left in; it may be unpacked by now."""
    package = line.result_package_id
    if line.package_history_id.outermost_dest_id:
        return line.package_history_id.outermost_dest_id
    while package.parent_package_id:
        package = package.parent_package_id
    return package


def _from_other_transfers(box):
    """Return what left in the same package with other transfers of a batch."""
    together = {line for own in box.move_lines for line in own.package_history_id.move_line_ids}
    return [line for line in together - set(box.move_lines) if line.quantity and line.state == "done"]


def _set_weights(picking, boxes):
    """Weigh the boxes: as a person did, box or pallet or the transfer as a whole; else by what is in them."""
    for box in boxes:
        own = box.package.package_type_id.base_weight or 0.0
        box.weight = box.package.shipping_weight or (_weigh(box.move_lines) + own)
    if len(boxes) == 1 and boxes[0].package == boxes[0].outer:
        if picking.shipping_weight and all(line.picking_id == picking for line in boxes[0].move_lines):
            boxes[0].weight = picking.shipping_weight
        return
    for outer in {box.outer for box in boxes if box.outer != box.package}:
        inside = [box for box in boxes if box.outer == outer]
        if outer.shipping_weight and not all(box.package.shipping_weight for box in inside):
            total = sum(box.weight for box in inside)
            for box in inside:
                box.weight = outer.shipping_weight * (box.weight / total if total else 1 / len(inside))


def _weigh(move_lines):
    return sum(
        line.product_uom_id._compute_quantity(line.quantity, line.product_id.uom_id, round=False)
        * line.product_id.weight
        for line in move_lines
    )

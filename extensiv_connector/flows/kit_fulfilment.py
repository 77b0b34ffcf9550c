"""What left of a line of an order that is delivered in parts: of a kit its components, of a combo its items.

It is counted from the moves of the line. Odoo's ``qty_delivered`` of a kit with one dropshipped component is nothing
as long as a step before the last is done, is nothing of a recipe that got another component since, and follows a recipe
whose quantities were edited, though the kit left by the one it was confirmed with.
"""

import math
from collections import Counter
from dataclasses import dataclass

from odoo.tools import SQL, format_list

from .languages import figure

EPSILON = 1e-6
SHOWN = 5  # products named in one text


@dataclass
class Part:
    """One component or item of what was ordered.

    :param each: how many of ``product`` one of the whole needs, in the product's unit
    :param left: how many left, whatever product stood in for it
    """

    product: object
    each: float = 0.0
    left: float = 0.0


class Bundle:
    """One ``sale.order.line`` that is delivered in parts.

    :param parts: ``Part`` objects
    :param size: how many wholes one of the line's unit is: six of a kit that is sold in packs of six
    """

    def __init__(self, line, parts, size=1.0, extras=None):
        self.line = line
        self.parts = parts
        self.size = size
        ordered = max(line.product_uom_qty, line.extensiv_quantity)
        self._most = math.floor(ordered * size + EPSILON)
        self._use(extras or Counter())

    @property
    def whole(self):
        """How many left with every part."""
        return math.floor(min((part.left / part.each for part in self.parts), default=0.0) + EPSILON)

    @property
    def begun(self):
        """How many left at all, with parts missing or not; never more than were ordered."""
        most = max((part.left / part.each for part in self.parts), default=0.0)
        return max(min(math.ceil(most - EPSILON), self._most), self.whole)

    @property
    def is_incomplete(self):
        """Whether one left with a part missing."""
        return self.whole < self.begun

    def count(self, as_complete=False):
        """Return how many left, in the line's unit.

        :param as_complete: whether those count that lack a part
        """
        return (self.begun if as_complete else self.whole) / self.size

    def missing(self):
        """Return ``[(product, quantity)]`` of what those lack that left."""
        lacking = ((part.product, part.each * self.begun - part.left) for part in self.parts)
        return [(product, quantity) for product, quantity in lacking if quantity > EPSILON]

    def _use(self, extras):
        """Have what left for the line and is no part of it, ``{product: quantity}``, stand in for parts that did not.

        Only whole: so many of another product as are missing of a part.
        """
        for part in self.parts:
            lack = part.each * self.begun - part.left
            stand_in = next((product for product, quantity in extras.items() if quantity >= lack - EPSILON), None)
            if lack > EPSILON and stand_in:
                extras[stand_in] -= lack
                part.left += lack


def read(line, left):
    """Return the ``Bundle`` of ``line``, or None where it is delivered as it stands.

    :param left: the moves of its order that left to the customer
    """
    if line.product_id.type == "combo":
        return _read_combo(line, left)
    if all(move.product_id == line.product_id for move in line.move_ids):
        return None
    return _read_kit(line, left)


def items_of(line):
    """Return the lines of the goods that the combo on ``line`` consists of."""
    items = line.linked_line_ids.filtered("combo_item_id")
    return items.filtered(lambda item: item.product_id.type == "consu" and item.product_uom_qty > 0)


def is_pack(line):
    """Whether ``line`` is sold in a packaging of its product, so that a part of one is none."""
    return (
        line.product_uom_id != line.product_id.uom_id
        and line.product_uom_id in line.product_id.uom_ids
        and float(line.extensiv_quantity or line.product_uom_qty).is_integer()
    )


def _read_combo(line, left):
    parts = []
    for item in items_of(line):
        each = item.product_uom_qty / (line.product_uom_qty or line.extensiv_quantity or 1.0)
        kit = read(item, left)
        parts.append(Part(item.product_id, each, kit.count() if kit else _sum_up(left & item.move_ids, item)))
    return Bundle(line, parts)


def _sum_up(moves, line):
    return sum(move.product_uom._compute_quantity(move.quantity, line.product_uom_id, round=False) for move in moves)


# -- kits


def _read_kit(line, left):
    gone = left & line.move_ids
    recipe = Recipe(line)
    if not recipe.is_as_confirmed:
        return Bundle(line, _read_demand(line, gone, recipe))
    parts = {bom_line: Part(bom_line.product_id, each) for bom_line, each in recipe.needs.items()}
    extras = Counter()
    for move in gone:
        quantity = _quantity_of(move)
        if move.bom_line_id in parts:
            parts[move.bom_line_id].left += quantity
        else:
            extras[move.product_id] += quantity
    return Bundle(line, list(parts.values()), recipe.size, extras)


def _read_demand(line, gone, recipe):
    """Return the ``Part`` list of a kit by what was to leave for it: its recipe is another by now, or gone."""
    ordered = line.product_uom_qty or line.extensiv_quantity or 1.0
    parts = {}
    for move in _find_first(line.move_ids):
        part = parts.setdefault(_key_of(move), Part(move.product_id))
        part.each += move.product_uom._compute_quantity(move.product_uom_qty, move.product_id.uom_id, round=False)
    for part in parts.values():
        part.each /= ordered
    for move in gone:
        if part := parts.get(_key_of(move)):
            part.left += _quantity_of(move)
    # A vendor who was to deliver it was never asked, so it has no move.
    for bom_line, each in recipe.needs.items():
        if bom_line not in parts and bom_line.create_date <= recipe.confirmed_at:
            parts[bom_line] = Part(bom_line.product_id, each * recipe.size)
    return [part for part in parts.values() if part.each]


def _find_first(moves):
    """Return those of ``moves`` with which goods set out for the customer: the first step, returns left out."""
    bound = moves.filtered(
        lambda move: (
            not move.origin_returned_move_id
            and (
                move.location_dest_id._is_outgoing()
                or move.location_final_id._is_outgoing()
                and move.location_id.usage in ("internal", "transit")
            )
        )
    )
    return bound.filtered(lambda move: not move.move_orig_ids & bound)


def _key_of(move):
    return ("bom_line_id" in move._fields and move.bom_line_id) or move.product_id


def _quantity_of(move):
    return move.product_uom._compute_quantity(move.quantity, move.product_id.uom_id, round=False)


class Recipe:
    """The bill of materials by which a line is delivered as a kit, as it is now.

    ``needs`` is ``{bill's line: how many of its product one kit needs}``, empty without a bill; ``size`` how many kits
    one of the line's unit is.
    """

    def __init__(self, line):
        self.needs = {}
        self.size = 1.0
        self.confirmed_at = min(line.move_ids.mapped("create_date"))
        self.is_as_confirmed = False
        if "mrp.bom" not in line.env:
            return
        bills = line.env["mrp.bom"].sudo()
        bill = bills._bom_find(line.product_id, company_id=line.company_id.id, bom_type="phantom")[line.product_id]
        if not bill:
            return
        done, lines = bill.explode(line.product_id, 1.0)
        self.size = line.product_uom_id._compute_quantity(1.0, bill.product_uom_id, round=False)
        for bom_line, data in lines:
            if bom_line.product_id.type != "service" and data["qty"]:
                quantity = bom_line.product_uom_id._compute_quantity(
                    data["qty"], bom_line.product_id.uom_id, round=False
                )
                self.needs[bom_line] = self.needs.get(bom_line, 0.0) + quantity / bill.product_qty
        bills = bills.union(*(found for found, _data in done))
        changed = max(record.write_date for record in (*bills, *bills.bom_line_ids))
        known = bills.bom_line_ids
        self.is_as_confirmed = changed <= self.confirmed_at and line.move_ids.bom_line_id <= known


# -- what left with a part missing


def find_incomplete(orders):
    """Return ``{order: text}`` of those of ``orders`` whose kits or combos left with parts missing.

    Those about which a person decided are none.
    """
    undecided = orders.filtered(lambda order: not order.extensiv_kits_told)
    env = orders.env
    env["sale.order.line"].flush_model(["order_id", "product_id", "combo_item_id"])
    env["stock.move"].flush_model(["sale_line_id", "product_id"])
    rows = env.execute_query(
        SQL(
            """SELECT DISTINCT line.order_id
                 FROM sale_order_line line JOIN stock_move move ON move.sale_line_id = line.id
                WHERE line.order_id = ANY(%s)
                  AND (move.product_id != line.product_id OR line.combo_item_id IS NOT NULL)""",
            list(undecided.ids),
        )
    )
    bundled = orders.browse(order_id for (order_id,) in rows)
    return {order: text for order in bundled if (text := describe_missing(order))}


def describe_missing(order):
    """Return what the kits and combos of ``order`` lacked when they left, a line each, or an empty text."""
    left = order._extensiv_left_moves()
    texts = []
    for line in order.order_line.filtered("extensiv_sku"):
        bundle = read(line, left)
        if bundle and bundle.is_incomplete:
            texts.append(
                order.env._(
                    "%(count)s × %(sku)s left without %(missing)s.",
                    count=figure(order.env, bundle.begun - bundle.whole),
                    sku=line.extensiv_sku,
                    missing=_name(order.env, bundle.missing()),
                )
            )
    if texts and (others := _find_others(order, left)):
        texts.append(order.env._("What left, and was not ordered: %s.", _name(order.env, others)))
    return "\n".join(texts)


def _find_others(order, left):
    """Return ``[(product, quantity)]`` of what left and EIM did not order: it may stand in for what is missing."""
    ordered = order.order_line.filtered(lambda line: line.extensiv_sku or line.combo_item_id)
    others = Counter()
    for move in left - ordered.move_ids:
        others[move.product_id] += _quantity_of(move)
    return list(others.items())


def _name(env, quantities):
    names = [f"{figure(env, quantity)} × {product.display_name}" for product, quantity in quantities[:SHOWN]]
    return format_list(env, names) + (" …" if len(quantities) > SHOWN else "")


def wait(incomplete):
    """Have orders wait for a person, for EIM takes a shipment only once.

    :param incomplete: of ``find_incomplete``
    """
    for order, text in incomplete.items():
        message = order.env._(
            "%s\nSend what is missing with another transfer and EIM is told by itself; or press Decide and tell EIM "
            "as it is.",
            text,
        )
        if (order.extensiv_shipment_state, order.extensiv_shipment_message) != ("waiting", message):
            order._extensiv_set_shipment_state("waiting", message, extensiv_decision="parts")


def report(account, incomplete):
    """Report once the orders whose kits or combos left with parts missing."""
    Error = account.env["extensiv.error"]
    failures = {
        order.extensiv_cust_ref: {
            "message": f"{order.name}: {order.extensiv_shipment_message}",
            "category": "data",
            "document": order,
        }
        for order in incomplete
    }
    known = Error.search(
        [
            ("account_id", "=", account.id),
            ("flow", "=", "shipments"),
            ("step", "=", False),
            ("key", "in", list(failures)),
            "|",
            ("state", "=", "open"),
            "&",
            ("state", "=", "dismissed"),
            ("next_try", "=", False),
        ]
    )
    for error in known:
        if error.key in failures and failures[error.key]["message"] == error.message:
            del failures[error.key]
    Error._report(account, "shipments", failures)

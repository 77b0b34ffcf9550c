"""Reserving the moves of a batch: quants read and locked with one query each, move lines created together.

What is free is asked of the quants that were read, by the same conditions and in the same order as Odoo asks the
database. A reservation is put on its quant at once, so that the next move sees it; its move line is created with the
others. Nothing but what moves are likely to take is locked: who picks the rest is not in the way.
"""

from contextlib import contextmanager

from .confirm_batch import joins_batches, memo_of

# Removal strategies and whether they take the latest first; others are left to Odoo.
ORDERS = {"fifo": False, "lifo": True}
# What the values of a reserved move line say at least.
NEEDED = frozenset({"move_id", "product_id", "product_uom_id", "location_id", "quantity"})


class Reservation:
    """What one ``_action_assign`` reserves from.

    :param moves: the moves that are being reserved
    :param collects_lines: whether their move lines are created together
    """

    def __init__(self, moves, collects_lines):
        taking = moves.filtered(_takes_from_stock)
        self.roots = set(taking.sudo().location_id.mapped("parent_path"))
        self.quants = self._read(taking)
        self.quant_ids = {product.id: [] for product in taking.product_id}
        for quant in self.quants:
            self.quant_ids[quant.product_id.id].append(quant.id)
        self.locked = set(self._foresee(taking).try_lock_for_update(allow_referencing=True).ids)
        self.collects_lines = collects_lines
        self.is_reserving = False
        """Whether a move is being reserved, so that its lines are collected"""
        self.is_reserved = False
        """Whether the lines that are being created have their reservation already"""
        self.pending = []
        """Values of the lines that are to be created"""
        self.company = None
        """For which company they are"""

    def _read(self, moves):
        """Return the quants of all that ``moves`` may take, in the order of their ids."""
        Quant = moves.env["stock.quant"].sudo()
        if not moves:
            return Quant
        domain = [("product_id", "in", moves.product_id.ids), ("location_id", "child_of", moves.location_id.ids)]
        return Quant.search(domain, order="id")

    def _foresee(self, moves):
        """Return the quants that ``moves`` are likely to take from, so that they are locked together."""
        wanted = []
        free = {}
        for move in moves:
            need = move.product_qty
            found = self.find(self.quants, move.product_id, move.location_id) or ()
            for quant in found:
                left = free.setdefault(quant.id, quant.quantity - quant.reserved_quantity)
                if left > 0:
                    wanted.append(quant.id)
                    taken = min(left, need)
                    free[quant.id] -= taken
                    need -= taken
                if need <= 0:
                    break
        return self.quants.browse(dict.fromkeys(wanted))

    def find(self, Quant, product, location, lot=None, package=None, owner=None, strict=False):
        """Return the quants that ``_gather`` finds, in its order; None where Odoo is to look for them."""
        ids = self.quant_ids.get(product.id)
        latest_first = ORDERS.get(Quant._get_removal_strategy(product, location))
        path = location.sudo().parent_path or ""
        if latest_first is None:
            # Odoo asks the database what is left of these, in a query that does not say so.
            self.quants.flush_recordset(["quantity", "reserved_quantity"])
        if ids is None or latest_first is None or not any(path.startswith(root) for root in self.roots):
            return None
        fits = _is_exactly if strict else _is_below
        expiry = Quant.env.context.get("with_expiration")
        found = [
            quant
            for quant in Quant.browse(ids).with_prefetch(self.quants._prefetch_ids)
            if fits(quant, location, lot, package, owner) and not (expiry and _expires(quant, expiry))
        ]
        found.sort(key=lambda quant: (quant.in_date, quant.id), reverse=latest_first)
        found.sort(key=lambda quant: not quant.lot_id)
        return Quant.browse([quant.id for quant in found])

    def forget(self, products):
        """Leave the quants of ``products`` to Odoo: what was read is no longer all."""
        for product_id in products.ids:
            self.quant_ids.pop(product_id, None)

    def reserve(self, Line, vals_list):
        """Reserve what the values of new move lines say, and keep these for later.

        :return: whether this was done
        """
        if not all(vals.keys() >= NEEDED and "quant_id" not in vals for vals in vals_list):
            return False
        if self.pending and self.company != Line.env.company:
            self.create_lines(Line)
        self.company = Line.env.company
        for vals in vals_list:
            if quantity := _quantity_of_product(Line, vals):
                Line.env["stock.quant"]._update_reserved_quantity(
                    Line.env["product.product"].browse(vals["product_id"]),
                    Line.env["stock.location"].browse(vals["location_id"]),
                    quantity,
                    lot_id=Line.env["stock.lot"].browse(vals.get("lot_id") or ()),
                    package_id=Line.env["stock.package"].browse(vals.get("package_id") or ()),
                    owner_id=Line.env["res.partner"].browse(vals.get("owner_id") or ()),
                )
        self.pending += vals_list
        return True

    def create_lines(self, Line):
        """Create the move lines that were kept."""
        vals_list = self.pending
        if not vals_list:
            return
        self.pending = []
        self.is_reserved = True
        try:
            Line.with_company(self.company).create(vals_list)
        finally:
            self.is_reserved = False


def _takes_from_stock(move):
    """Whether ``_action_assign`` takes what is free for ``move``, not what another move brings."""
    return (
        move.state in ("confirmed", "waiting", "partially_available")
        and not move.picked
        and not move.move_orig_ids
        and move.procure_method != "make_to_order"
        and not move._should_bypass_reservation()
    )


def _is_below(quant, location, lot, package, owner):
    """Whether ``quant`` is one of ``location`` or below, as ``_get_gather_domain`` says where it is not strict."""
    return (
        quant.location_id.parent_path.startswith(location.parent_path)
        and (not lot or quant.lot_id.id in (lot.id, False))
        and (not package or quant.package_id.id == package.id)
        and (not owner or quant.owner_id.id == owner.id)
    )


def _is_exactly(quant, location, lot, package, owner):
    """Whether ``quant`` is one of just these, as ``_get_gather_domain`` says where it is strict."""
    return (
        quant.location_id.id == location.id
        and quant.lot_id.id in (False, lot.id if lot else False)
        and quant.package_id.id == (package.id if package else False)
        and quant.owner_id.id == (owner.id if owner else False)
    )


def _expires(quant, moment):
    return bool(quant.removal_date) and quant.removal_date < moment


def _quantity_of_product(Line, vals):
    """Return ``quantity_product_uom`` of the move line that is made of ``vals``."""
    unit = Line.env["uom.uom"].browse(vals["product_uom_id"])
    product = Line.env["product.product"].browse(vals["product_id"])
    quantity = Line._fields["quantity"].convert_to_cache(vals["quantity"], Line)
    quantity = unit._compute_quantity(quantity, product.uom_id, rounding_method="HALF-UP")
    return Line._fields["quantity_product_uom"].convert_to_cache(quantity, Line)


def _reservation_of(records):
    memo = memo_of(records, "quants")
    return memo and memo.reservation


# -- what the overrides ask


@contextmanager
def assigning(moves, force_qty):
    """Reserve ``moves`` within from quants that are read once, where no transfer joins a batch by itself."""
    memo = memo_of(moves, "quants")
    if not memo or force_qty or memo.reservation or joins_batches(moves.picking_type_id):
        yield
        return
    memo.reservation = Reservation(moves, "lines" in memo.parts)
    try:
        yield
    finally:
        memo.reservation = None


@contextmanager
def reserving(move):
    """Collect the move lines that ``_update_reserved_quantity`` creates within."""
    reservation = _reservation_of(move)
    if not reservation or not reservation.collects_lines or move.move_line_ids:
        yield
        return
    reservation.is_reserving = True
    try:
        yield
    finally:
        reservation.is_reserving = False


def keep_lines(Line, vals_list):
    """Return whether new move lines are kept for later; else create those that were kept so far."""
    reservation = _reservation_of(Line)
    if not reservation or reservation.is_reserved:
        return False
    if reservation.is_reserving and reservation.reserve(Line, vals_list):
        return True
    reservation.create_lines(Line)
    return False


def is_reserved(quants):
    """Whether the move lines that are being created have their reservation already."""
    reservation = _reservation_of(quants)
    return bool(reservation) and reservation.is_reserved


def find(quants, product, location, lot, package, owner, strict):
    """Return the quants that ``_gather`` finds; None where Odoo is to look for them."""
    reservation = _reservation_of(quants)
    if not reservation or not quants.env.su or "quants_cache" in quants.env.context:
        return None
    return reservation.find(quants, product, location, lot, package, owner, strict)


def is_locked(quants, allow_referencing, limit):
    """Whether the first of ``quants`` is all that is to be locked, and is."""
    reservation = _reservation_of(quants)
    return bool(reservation) and allow_referencing and limit == 1 and quants[:1].id in reservation.locked


def forget(quants):
    """Leave the quants of some products to Odoo: there are others than were read."""
    if reservation := _reservation_of(quants):
        reservation.forget(quants.sudo().product_id)

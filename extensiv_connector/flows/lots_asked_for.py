"""Lots that buyers asked for: no other is reserved in their place, and what is missing is told until it is there."""

from .languages import figure

STEP = "lot"


def find_lots(moves):
    """Return ``{move: lot}`` of the moves of which the buyer asked for a lot: an empty one where Odoo has none such.

    Products that are not tracked have no lots: of these any piece will do.
    """
    asked = {
        move: line.extensiv_lot
        for move in moves
        if (line := move.sudo().sale_line_id).extensiv_lot
        and move.product_id == line.product_id
        and move.product_id.tracking != "none"
    }
    if not asked:
        return {}
    Lot = moves.env["stock.lot"].sudo()
    products = moves.env["product.product"].union(*(move.product_id for move in asked))
    lots = Lot.search([("product_id", "in", products.ids), ("name", "in", list(set(asked.values())))])
    found = {(lot.product_id, lot.name, lot.company_id): lot for lot in lots}
    lots_of = {}
    for move, name in asked.items():
        # Each company may have a lot of that name; one of no company is everybody's.
        companies = [*reversed(move.sudo().company_id.parent_ids), moves.env["res.company"]]
        of_companies = (found.get((move.product_id, name, company)) for company in companies)
        lots_of[move] = next(filter(None, of_companies), Lot)
    return lots_of


def describe_missing(sales):
    """Return ``{sale order: sentences}`` on lots that buyers asked for and that were not reserved for them."""
    env = sales.env
    missing = {}
    for line in sales.order_line.filtered("extensiv_lot"):
        moves = line.move_ids.filtered(lambda move: move.state not in ("done", "cancel"))
        if not moves and line.product_id.type == "consu":
            continue
        held = sum(
            move_line.quantity_product_uom
            for move_line in moves.move_line_ids
            if move_line.lot_id.name == line.extensiv_lot
        )
        wanted = line.product_uom_id._compute_quantity(line.product_uom_qty, line.product_id.uom_id, round=False)
        if line.product_id.uom_id.compare(held, wanted) >= 0:
            continue
        if line.product_id.tracking == "none":
            text = env._(
                "Lot %(lot)s of %(product)s was asked for, but Odoo keeps no lots of it: see to it when packing.",
                lot=line.extensiv_lot,
                product=line.product_id.display_name,
            )
        else:
            text = env._(
                "Lot %(lot)s of %(product)s was asked for: %(held)s of %(wanted)s are reserved. No other lot is taken "
                "by itself; to take any, empty Lot Asked For on the order's line and check availability anew.",
                lot=line.extensiv_lot,
                product=line.product_id.display_name,
                held=figure(env, held),
                wanted=figure(env, wanted),
            )
        missing.setdefault(line.order_id, []).append(text)
    return missing


def report(sales):
    """Tell of confirmed ``sales`` which lots that buyers asked for are not reserved; close what was settled."""
    confirmed = sales.sudo().filtered(lambda sale: sale.state == "sale" and sale.extensiv_account_id)
    missing = describe_missing(confirmed)
    for account, orders in confirmed.grouped("extensiv_account_id").items():
        Error = account.env["extensiv.error"]
        known = set(Error._open(account, "orders", orders.mapped("extensiv_cust_ref"), STEP).mapped("key"))
        settled = orders.filtered(lambda sale: sale not in missing).mapped("extensiv_cust_ref")
        Error._resolve(account, "orders", settled, STEP)
        Error._report(
            account,
            "orders",
            {
                sale.extensiv_cust_ref: {"message": "\n".join(texts), "category": "data", "document": sale}
                for sale, texts in missing.items()
                if sale in orders and sale.extensiv_cust_ref not in known
            },
            STEP,
        )


def settle(moves):
    """Close what was told of lots that ``moves`` have by now, or need no more."""
    sales = moves.sudo().sale_line_id.filtered("extensiv_lot").order_id
    if sales:
        report(sales)


def close(sales):
    """Close what was told of the lots of cancelled ``sales``."""
    asked = sales.sudo().filtered(lambda sale: sale.order_line.filtered("extensiv_lot"))
    for account, orders in asked.grouped("extensiv_account_id").items():
        account.env["extensiv.error"]._resolve(account, "orders", orders.mapped("extensiv_cust_ref"), STEP)

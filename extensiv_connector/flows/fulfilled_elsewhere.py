"""Orders that a marketplace's own warehouse has delivered: they stand in Odoo for the books.

They are imported as delivered from a location of their cart, which is no internal one and so lies outside whatever EIM
is told of, all warehouses included. Nothing of them is picked, shipped or told.
"""

from odoo.fields import Command

from .quiet import quiet

CODE = "ELSE"  # what the numbers of these transfers begin with


def is_elsewhere(order):
    """Whether another warehouse delivers an ``order`` of the inbox."""
    return order.cart_id.fulfilled_elsewhere


def take_over(orders):
    """Have those of ``orders`` of the inbox that others deliver imported as such, though EIM has them as shipped."""
    orders.filtered(lambda order: order.is_shipped_already and is_elsewhere(order)).is_shipped_already = False


def prepare_vals(record):
    """Return what the sale order of ``record``, an order of the inbox, says of its shipment."""
    return {
        "extensiv_is_fulfilled_elsewhere": True,
        "extensiv_shipment_state": "skipped",
        "extensiv_shipment_message": record.env._(
            "%s delivers its orders from a warehouse of its own: nothing is shipped here, nor told to EIM.",
            record.cart_id.name,
        ),
    }


def make_location(account, name):
    """Return the location from which the orders of a cart of ``account`` are booked as delivered."""
    company = account.company_id.sudo()
    return account.env["stock.location"].create(
        {
            "name": account.env._("%s (fulfilled elsewhere)", name),
            "usage": "transit",
            "location_id": company.internal_transit_location_id.location_id.id,
            "company_id": company.id,
        }
    )


def deliver(lines):
    """Book the goods of sale order ``lines`` as delivered by the marketplace, one transfer an order.

    What was booked of a line before is not booked again.
    """
    env = lines.env
    vals_list = []
    for order, order_lines in lines.grouped("order_id").items():
        moves = [
            _prepare_move(line, left)
            for line in order_lines
            if line.state == "sale" and line.product_id.type == "consu" and (left := _find_left(line)) > 0
        ]
        if moves:
            vals_list.append(_prepare_transfer(order, moves))
    if not vals_list:
        return
    transfers = quiet(env["stock.picking"].sudo()).create(vals_list)
    moves = transfers.move_ids
    moves = moves._action_confirm(merge=False)
    for move in moves:
        move.quantity = move.product_uom_qty
    moves.picked = True
    transfers.with_context(extensiv_validating=True)._action_done()


def _find_left(line):
    left = line.product_uom_qty - line._get_qty_procurement(False)
    return left if line.product_uom_id.compare(left, 0) > 0 else 0.0


def _prepare_transfer(order, moves):
    operation = _find_operation(order.extensiv_cart_id.sudo())
    return {
        "picking_type_id": operation.id,
        "location_id": operation.default_location_src_id.id,
        "location_dest_id": operation.default_location_dest_id.id,
        "partner_id": order.partner_shipping_id.id,
        "origin": order.name,
        "company_id": order.company_id.id,
        "move_ids": [
            Command.create(
                {
                    **vals,
                    "location_id": operation.default_location_src_id.id,
                    "location_dest_id": operation.default_location_dest_id.id,
                    "picking_type_id": operation.id,
                }
            )
            for vals in moves
        ],
    }


def _prepare_move(line, quantity):
    return {
        "product_id": line.product_id.id,
        "product_uom_qty": quantity,
        "product_uom": line.product_uom_id.id,
        "sale_line_id": line.id,
        "company_id": line.company_id.id,
        "origin": line.order_id.name,
        "reference_ids": [Command.set(_reference(line.order_id).ids)],
    }


def _reference(order):
    """Return what links the transfers of an order with it, as Odoo makes it when the first is made."""
    if not order.stock_reference_ids:
        order.env["stock.reference"].sudo().create({"name": order.name, "sale_ids": [Command.link(order.id)]})
        order.invalidate_recordset(["stock_reference_ids"])
    return order.stock_reference_ids


def _find_operation(cart):
    """Return the operation type of the transfers of ``cart``; it asks for no lots, for nobody here knows them."""
    env = cart.env
    if not cart.fulfilled_location_id:  # it was switched off since, and the location taken off
        cart.fulfilled_location_id = make_location(cart.account_id, cart.name)
    location = cart.fulfilled_location_id
    Operation = env["stock.picking.type"].sudo().with_context(active_test=False)
    known = Operation.search([("default_location_src_id", "=", location.id), ("code", "=", "outgoing")], limit=1)
    if known:
        return known
    return Operation.create(
        {
            "name": location.name,
            "code": "outgoing",
            "sequence_code": CODE,
            "warehouse_id": False,
            "company_id": location.company_id.id,
            "default_location_src_id": location.id,
            "default_location_dest_id": env.ref("stock.stock_location_customers").id,
            "use_create_lots": False,
            "use_existing_lots": False,
            "reservation_method": "manual",
            "active": False,
        }
    )

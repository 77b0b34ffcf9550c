"""Goods that a vendor is to deliver and was not asked for yet: they have no move that would say that they are open."""

from odoo.tools import SQL

# A kit has moves of its other components; a line of goods that vendors deliver alone has none at all.
UNORDERED = """
SELECT DISTINCT line.order_id
  FROM purchase_order_line wanted
  JOIN purchase_order purchase ON purchase.id = wanted.order_id
  JOIN stock_picking_type kind ON kind.id = purchase.picking_type_id
  JOIN sale_order_line line ON line.id = wanted.sale_line_id
 WHERE %(orders)s AND purchase.state IN ('draft', 'sent', 'to approve') AND kind.code = 'dropship'
   AND wanted.product_qty > 0
   AND NOT EXISTS (SELECT FROM stock_move move
                    WHERE move.sale_line_id = line.id AND move.product_id = wanted.product_id
                      AND move.state != 'cancel')"""


def get_query(env, orders):
    """Return the query of the ids of the sale orders for which a purchase order waits to be confirmed.

    It is one by which the vendor delivers to the customer, of something that did not leave any other way.

    :param orders: an SQL condition on ``line``, of sale orders
    :return: None where vendors deliver to nobody
    """
    Line = env.get("purchase.order.line")
    if Line is None or "sale_line_id" not in Line._fields:
        return None
    Line.flush_model(["order_id", "sale_line_id", "product_id", "product_qty"])
    env["purchase.order"].flush_model(["state", "picking_type_id"])
    env["stock.move"].flush_model(["sale_line_id", "product_id", "state"])
    return SQL(UNORDERED, orders=orders)


def find_unordered(env, order_ids):
    """Return the ids of those of the sale orders ``order_ids`` that ``get_query`` finds."""
    query = order_ids and get_query(env, SQL("line.order_id = ANY(%s)", list(order_ids)))
    return {order_id for (order_id,) in env.execute_query(query)} if query else set()

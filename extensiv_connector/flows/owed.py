"""What is owed: goods that open moves will take and that they do not hold yet.

Odoo gives goods that become free to those who wait for them only once a day, and some operation types reserve by hand
or shortly before the scheduled date. Until then such goods look free, and are not.
"""

from datetime import timedelta

from odoo import fields
from odoo.tools import SQL

OPEN = SQL("('waiting', 'confirmed', 'partially_available', 'assigned')")

OWED = """
WITH RECURSIVE place AS MATERIALIZED (SELECT * FROM %(places)s),
    lacking AS MATERIALIZED (
         SELECT * FROM (
                SELECT move.id, move.product_id, move.location_id, move.procure_method, move.date,
                       move.extensiv_reserve_later,
                       COALESCE(move.location_final_id, move.location_dest_id) AS target_id,
                       move.restrict_partner_id,
                       -- Of one in another unit the lines say it.
                       move.product_qty - CASE WHEN move.product_qty = move.product_uom_qty
                            THEN COALESCE(move.quantity, 0)
                            ELSE (SELECT COALESCE(SUM(line.quantity_product_uom), 0)
                                    FROM stock_move_line AS line WHERE line.move_id = move.id)
                            END AS quantity
                  FROM stock_move AS move
                 WHERE move.state IN %(open)s AND %(of_products)s
                       -- Most hold all that they need.
                       AND (move.product_qty <> move.product_uom_qty
                            OR move.product_qty > COALESCE(move.quantity, 0))) AS move
          WHERE quantity > 0),
    -- What an open step brings is shared out among those that follow it, the oldest first.
    coming AS (
         SELECT id, SUM(quantity) AS quantity
           FROM (SELECT lacking.id,
                        LEAST(lacking.quantity, GREATEST(0, before.product_qty + lacking.quantity
                              - SUM(lacking.quantity) OVER (PARTITION BY before.id ORDER BY lacking.id)
                              )) AS quantity
                   FROM lacking
                   JOIN stock_move_move_rel AS link ON link.move_dest_id = lacking.id
                   JOIN stock_move AS before ON before.id = link.move_orig_id
                  WHERE before.state IN %(open)s AND before.product_id = lacking.product_id) AS shared
          GROUP BY id),
    need AS MATERIALIZED (
         SELECT lacking.id, lacking.product_id, lacking.location_id, lacking.target_id,
                lacking.quantity - COALESCE(coming.quantity, 0) AS quantity
           FROM lacking LEFT JOIN coming USING (id)
          WHERE lacking.quantity > COALESCE(coming.quantity, 0) AND %(due)s AND %(owner)s
            AND lacking.location_id IN (SELECT location_id FROM place)
            AND (lacking.procure_method <> 'make_to_order' OR EXISTS (
                 SELECT FROM stock_move_move_rel AS link JOIN stock_move AS before ON before.id = move_orig_id
                  WHERE link.move_dest_id = lacking.id AND before.state = 'done'))),
    following AS (
         SELECT id AS need_id, id AS move_id, target_id FROM need
          UNION
         SELECT following.need_id, move.id, COALESCE(move.location_final_id, move.location_dest_id)
           FROM following
           JOIN stock_move_move_rel AS link ON link.move_orig_id = following.move_id
           JOIN stock_move AS move ON move.id = link.move_dest_id AND move.state IN %(open)s),
    final AS (
         SELECT need_id, target_id FROM following
          WHERE NOT EXISTS (
                SELECT FROM stock_move_move_rel AS link JOIN stock_move AS move ON move.id = link.move_dest_id
                 WHERE link.move_orig_id = following.move_id AND move.state IN %(open)s))
    SELECT DISTINCT place.source_id, need.id AS move_id, need.product_id, need.quantity
      FROM need
      JOIN place ON place.location_id = need.location_id
      JOIN final ON final.need_id = need.id
      LEFT JOIN place AS inside ON inside.source_id = place.source_id AND inside.location_id = final.target_id
     WHERE inside.location_id IS NULL
"""


def due_until(account):
    """Return until when (naive UTC) what is due counts in ``account``, or None: whenever it is."""
    if account.quantity_basis != "promise" or account.owed_days <= 0:
        return None
    return fields.Datetime.now() + timedelta(days=account.owed_days)


def owed_sql(env, places, owner, until, products=None):
    """Return SQL for ``source_id, move_id, product_id, quantity`` of what is owed, in the product's unit.

    It is what open moves lack whose source lies in a mapping and whose final destination does not. The final
    destination is that of the last step, for goods that pass through a transit location may come back into the
    mapping. What open steps before will bring is theirs to owe, or nobody's where it comes from elsewhere; so is what
    is made to order and was not brought yet.

    :param places: SQL for ``place(source_id, location_id)``
    :param owner: of this owner's goods alone, if there is one
    :param until: without what is scheduled later (naive UTC), if given, but for what is just being reserved
    :param products: only of these, if given, see ``of_products_sql``
    """
    for name in ("stock.move", "stock.move.line"):
        env[name].flush_model()
    return SQL(
        OWED,
        places=places,
        open=OPEN,
        of_products=of_products_sql(SQL("move.product_id"), products),
        due=SQL("(lacking.date <= %s OR lacking.extensiv_reserve_later)", until) if until else SQL("TRUE"),
        owner=SQL("lacking.restrict_partner_id = %s", owner.id) if owner else SQL("TRUE"),
    )


def of_products_sql(column, products, is_indexed=False):
    """Return SQL for whether ``column`` is one of ``products``.

    :param products: records, or SQL that selects ids, or None: all
    :param is_indexed: whether the rows are to be looked for by ``column``, rather than left out of those that others
        conditions find
    """
    if products is None:
        return SQL("TRUE")
    if not isinstance(products, SQL):
        return SQL("%s = ANY (%s)", column, products.ids)
    if is_indexed:
        return SQL("%s = ANY (ARRAY(%s))", column, products)
    return SQL("(%s IN (%s)) IS TRUE", column, products)

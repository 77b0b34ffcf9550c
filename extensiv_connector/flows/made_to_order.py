"""Which products need no stock to be sold: the vendor delivers them to the customer, or they are made to order."""

from odoo.tools import SQL

# A rule's chain leads from the customer back to where goods come from. A route needs stock as soon as one step of its
# chain takes what lies there; it needs none where the goods are bought, or another rule brings them for the order.
ROUTES = """
WITH RECURSIVE chain AS (
     SELECT rule.route_id, rule.id AS first_id, rule.action, rule.procure_method, rule.location_src_id
       FROM stock_rule AS rule JOIN stock_location AS customer ON customer.id = rule.location_dest_id
      WHERE rule.active AND customer.usage = 'customer' AND rule.action <> 'push'
        AND (rule.company_id IS NULL OR rule.company_id = %(company)s)
      UNION
     SELECT chain.route_id, chain.first_id, rule.action, rule.procure_method, rule.location_src_id
       FROM chain
       JOIN stock_rule AS rule
            ON rule.route_id = chain.route_id AND rule.location_dest_id = chain.location_src_id
      WHERE chain.action IN ('pull', 'pull_push') AND chain.procure_method <> 'make_to_stock'
        AND rule.active AND rule.action <> 'push' AND (rule.company_id IS NULL OR rule.company_id = %(company)s)),
   first AS (
     SELECT chain.route_id,
            NOT BOOL_OR(chain.action IN ('pull', 'pull_push') AND chain.procure_method = 'make_to_stock'
                        AND source.usage <> 'supplier') AS to_order
       FROM chain LEFT JOIN stock_location AS source ON source.id = chain.location_src_id
      GROUP BY chain.route_id, chain.first_id)
SELECT route.id, route.sequence, BOOL_AND(first.to_order) AS to_order,
       ARRAY(SELECT warehouse.id FROM stock_route_warehouse AS link
               JOIN stock_warehouse AS warehouse ON warehouse.id = link.warehouse_id
              WHERE link.route_id = route.id AND warehouse.active AND warehouse.company_id = %(company)s) AS warehouses
  FROM first JOIN stock_route AS route ON route.id = first.route_id
 WHERE route.active
 GROUP BY route.id
 ORDER BY route.sequence, route.id
"""


def routes_sql(company):
    """Return SQL for the routes that lead to a customer, as JSON for ``made_to_order_sql``."""
    return SQL(
        "(SELECT json_agg(json_build_array(id, sequence, to_order, warehouses)) FROM (%s) AS route)",
        SQL(ROUTES, company=company.id),
    )


def made_to_order_sql(env, company, routes=None):
    """Return SQL for the ids of the product templates that need no stock in ``company``, or None where none does.

    The routes of a product decide, then those of its categories, then those of the warehouses: the first by sequence
    that leads to a customer.

    :param routes: what ``routes_sql`` says, where it was asked already
    """
    for name in ("stock.rule", "stock.route", "stock.location", "stock.warehouse"):
        env[name].flush_model()
    if routes is None:
        routes = env.execute_query(SQL(ROUTES, company=company.id))
    first_of_warehouse = {}
    for _route, _sequence, to_order, warehouses in routes:
        for warehouse in warehouses:
            first_of_warehouse.setdefault(warehouse, to_order)
    everything = bool(first_of_warehouse) and all(first_of_warehouse.values())
    if not any(to_order for _route, _sequence, to_order, _warehouses in routes):
        return None
    env["product.template"].flush_model(["categ_id", "route_ids"])
    env["product.category"].flush_model(["parent_path", "route_ids"])
    return SQL(
        """WITH way AS MATERIALIZED (
                SELECT * FROM unnest(%(routes)s::int[], %(sequences)s::int[], %(to_order)s::bool[])
                           AS way(route_id, sequence, to_order)),
           own AS MATERIALIZED (
                SELECT DISTINCT ON (template_id) template_id, to_order
                  FROM (SELECT link.product_id AS template_id, 0 AS rank, way.*
                          FROM stock_route_product AS link JOIN way USING (route_id)
                         UNION ALL
                        SELECT template.id, 1, way.*
                          FROM stock_route_categ AS link
                          JOIN way USING (route_id)
                          JOIN product_category AS above ON above.id = link.categ_id
                          JOIN product_category AS category ON category.parent_path LIKE above.parent_path || '%%'
                          JOIN product_template AS template ON template.categ_id = category.id) AS candidate
                 ORDER BY template_id, rank, sequence, route_id)
           SELECT template_id FROM own WHERE to_order
            UNION ALL
           SELECT id FROM product_template
            WHERE %(everything)s AND NOT EXISTS (SELECT FROM own WHERE template_id = product_template.id)""",
        routes=[route for route, *_rest in routes],
        sequences=[sequence for _route, sequence, *_rest in routes],
        to_order=[to_order for *_rest, to_order, _warehouses in routes],
        everything=everything,
    )

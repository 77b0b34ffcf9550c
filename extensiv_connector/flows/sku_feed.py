"""Which products feed which SKUs of EIM, and which SKUs are left alone."""

from odoo.fields import Domain
from odoo.tools import SQL

from .kit_levels import find_kits
from .kits import of_company_sql
from .sku_choice import chosen_sql, is_by_sku, known_sql

# SQL for whether EIM was ever told a ``level``; others note what a person decided, or is to decide, beforehand.
TOUCHED = SQL("(level.pushed_at IS NOT NULL OR level.unconfirmed OR level.refused_at IS NOT NULL)")


def feed_sql(account, kits, skus=None, to_order=None, untracked_ids=()):
    """Return SQL for every SKU under which a product is pushed: its internal reference, and its aliases.

    Its columns are ``sku, product_id, shared, buffer, fixed`` (the number told whatever the stock is, else NULL),
    ``to_order``: it needs no stock, and nobody chose that it be pushed all the same, and ``units``, how many of the
    product's unit one of the SKU is.

    A SKU that several products have, ``shared``, goes on with the one that EIM was told the stock of; where it was told
    none of theirs, ``product_id`` is NULL.

    :param kits: products that are pushed though they need not be storable
    :param skus: only these, if given
    :param to_order: SQL for the templates that need no stock, see ``made_to_order``; None: there are none
    :param untracked_ids: kits of which no part is tracked: they have no stock, storable or not
    """
    return SQL(
        """WITH product AS NOT MATERIALIZED (%(products)s),
                named AS NOT MATERIALIZED (
                SELECT default_code AS sku, id AS product_id, buffer, fixed, to_order, 1::float8 AS units
                  FROM product WHERE BTRIM(default_code) <> ''
                 UNION ALL
                SELECT alias.sku, product.id, product.buffer, product.fixed, product.to_order,
                       COALESCE(unit.factor / own_unit.factor, 1)::float8
                  FROM extensiv_sku_alias AS alias
                  JOIN product ON product.id = alias.product_id
                  LEFT JOIN uom_uom AS unit ON unit.id = alias.uom_id
                  LEFT JOIN uom_uom AS own_unit ON own_unit.id = product.uom_id
                 WHERE alias.account_id = %(account)s AND alias.active),
                feed AS (
                SELECT sku, MIN(product_id) AS product_id, MIN(product_id) <> MAX(product_id) AS shared,
                       COALESCE(MIN(buffer), 0)::float8 AS buffer, MIN(fixed) AS fixed,
                       BOOL_AND(to_order) AS to_order, MAX(units) AS units
                  FROM named WHERE %(only)s GROUP BY sku)
           SELECT sku, CASE WHEN shared THEN former[1]::int ELSE product_id END AS product_id, shared,
                  %(buffer)s + CASE WHEN shared THEN COALESCE(former[2], 0) ELSE buffer END AS buffer,
                  CASE WHEN shared THEN former[3]::int ELSE fixed END AS fixed,
                  CASE WHEN shared THEN former[4] = 1 ELSE to_order END AS to_order,
                  CASE WHEN shared THEN COALESCE(former[5], 1) ELSE units END AS units
             FROM (SELECT feed.*,
                          -- Looked for where it is needed, which is seldom.
                          CASE WHEN shared THEN (
                               SELECT ARRAY[named.product_id, named.buffer, named.fixed, named.to_order::int,
                                            named.units]::float8[]
                                 FROM extensiv_stock_level AS level
                                 JOIN named ON named.product_id = level.product_id AND named.sku = level.sku
                                WHERE level.sku = feed.sku AND level.location_id IN (
                                      SELECT id FROM extensiv_location WHERE account_id = %(account)s)
                                  AND %(touched)s
                                ORDER BY level.pushed_at DESC NULLS LAST, level.product_id, named.units DESC LIMIT 1
                               ) END AS former
                     FROM feed) AS fed""",
        products=pushed_products_sql(account, kits, to_order, untracked_ids),
        buffer=account.buffer_qty,
        account=account._origin.id or None,
        only=_only_sql(account, skus),
        touched=TOUCHED,
    )


def pushed_products_sql(account, kits, to_order, untracked_ids):
    """Return SQL for ``id, default_code, uom_id, buffer, fixed, to_order`` of the products whose stock is pushed."""
    env = account.env
    env["product.product"].flush_model()
    env["product.template"].flush_model(["active", "sale_ok", "is_storable", "company_id", "type", "uom_id"])
    env["extensiv.sku.alias"].flush_model()
    env["extensiv.stock.level"].flush_model(["sku", "location_id", "product_id", "pushed_at"])
    env["extensiv.location"].flush_model(["account_id"])
    env["uom.uom"].flush_model(["factor"])
    return SQL(
        """SELECT product.id, product.default_code, template.uom_id, product.extensiv_buffer_qty AS buffer,
                  CASE product.extensiv_stock_rule WHEN 'fixed' THEN COALESCE(product.extensiv_fixed_qty, 0)
                       END AS fixed, %(to_order)s AS to_order
             FROM product_product AS product
             JOIN product_template AS template ON template.id = product.product_tmpl_id
            WHERE product.active AND template.active AND template.sale_ok
              AND product.extensiv_stock_rule <> 'leave' AND %(company)s AND %(chosen)s
              AND (template.is_storable AND template.type = 'consu' AND %(is_tracked)s
                   OR product.id = ANY (%(kits)s::int[])
                   OR product.extensiv_stock_rule = 'fixed')""",
        company=of_company_sql(account),
        chosen=chosen_sql(account),
        kits=kits.ids,
        is_tracked=SQL("product.id <> ALL (%s)", list(untracked_ids)) if untracked_ids else SQL("TRUE"),
        to_order=SQL("FALSE")
        if to_order is None
        else SQL(
            """(product.extensiv_stock_rule = 'push' AND product.extensiv_rule_chosen IS NOT TRUE
                AND product.product_tmpl_id IN (%s))""",
            to_order,
        ),
    )


def _only_sql(account, skus):
    """Return SQL for whether a ``sku`` may be pushed, and is one of ``skus``, if given."""
    only = SQL("TRUE") if skus is None else SQL("sku = ANY (%s)", skus)
    return SQL("%s AND sku IN (%s)", only, known_sql(account)) if is_by_sku(account) else only


def find_fed(account, skus):
    """Return ``{SKU: product id}`` of those of ``skus`` under which the stock of a product is pushed."""
    account = account.sudo()
    kits = find_kits(account)
    rows = account.env.execute_query(feed_sql(account, kits.products, list(skus), untracked_ids=kits.untracked_ids))
    return {sku: product for sku, product, *_rest in rows if product}


def find_feeding(account, skus):
    """Return ``{sku: the products that feed it}``, by internal reference or alias, as far as they are in use."""
    products = account.env["product.product"]
    feeding = dict.fromkeys(skus, products)
    for product in products.search(
        Domain("default_code", "in", skus) & Domain(products._check_company_domain(account.company_id))
    ):
        feeding[product.default_code] |= product
    aliases = account.env["extensiv.sku.alias"]
    for alias in aliases.search([("account_id", "=", account.id), ("sku", "in", skus)]):
        feeding[alias.sku] |= alias.product_id
    return feeding


def left_alone_sql(account):
    """Return SQL for ``sku, product_id`` of what EIM's levels are not touched of: by the rule of the product, or
    because it is not among what the account pushes.

    The product is known by its SKUs, and where it lost them, or is archived, by the levels that it fed. A SKU that is
    not pushed whatever product has it has a ``product_id`` of NULL.
    """
    left = SQL(
        """SELECT named.sku, product.id AS product_id
             FROM product_product AS product
             JOIN product_template AS template ON template.id = product.product_tmpl_id
            CROSS JOIN LATERAL (
                  SELECT product.default_code AS sku
                   UNION ALL
                  SELECT sku FROM extensiv_sku_alias
                   WHERE product_id = product.id AND account_id = %(account)s AND active
                  ) AS named
            WHERE (product.extensiv_stock_rule = 'leave' OR NOT %(chosen)s) AND %(company)s""",
        account=account._origin.id or None,
        chosen=chosen_sql(account),
        company=of_company_sql(account),
    )
    if not is_by_sku(account):
        return left
    return SQL(
        """%(left)s
            UNION ALL
           SELECT sku, NULL FROM extensiv_stock_level
            WHERE location_id = ANY (%(locations)s::int[]) AND sku NOT IN (%(known)s)""",
        left=left,
        locations=account.location_ids._origin.ids,
        known=known_sql(account),
    )

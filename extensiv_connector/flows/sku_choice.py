"""Which products and SKUs of an account are pushed at all, and which SKUs EIM is known to use."""

from odoo.tools import SQL

# The account's fields that decide it.
CHOICE_FIELDS = frozenset({"push_choice", "push_categ_ids", "push_tag_ids"})


def chosen_sql(account):
    """Return SQL for whether a ``product`` with its ``template`` is among those whose stock the account pushes."""
    env = account.env
    if account.push_choice == "category":
        env["product.category"].flush_model(["parent_path"])
        env["product.template"].flush_model(["categ_id"])
        return SQL(
            """COALESCE(template.categ_id IN (
                   SELECT category.id
                     FROM product_category AS above
                     JOIN product_category AS category ON category.parent_path LIKE above.parent_path || '%%'
                    WHERE above.id = ANY (%s::int[])), FALSE)""",
            account.push_categ_ids.ids,
        )
    if account.push_choice == "tag":
        env["product.template"].flush_model(["product_tag_ids"])
        env["product.product"].flush_model(["additional_product_tag_ids"])
        return SQL(
            """(template.id IN (SELECT product_template_id FROM product_tag_product_template_rel
                                 WHERE product_tag_id = ANY (%(tags)s::int[]))
                OR product.id IN (SELECT product_product_id FROM product_tag_product_product_rel
                                   WHERE product_tag_id = ANY (%(tags)s::int[])))""",
            tags=account.push_tag_ids.ids,
        )
    return SQL("TRUE")


def is_by_sku(account):
    """Whether the account pushes only SKUs that EIM is known to use."""
    return account.push_choice == "known"


def known_sql(account):
    """Return SQL for ``sku``, perhaps more than once, of every SKU that EIM is known to use.

    EIM listed it, an order came with it, EIM accepted a level of it, or may have, for its answer was lost; or there is
    an alias for it, which says so.
    """
    env = account.env
    env["extensiv.sku.alias"].flush_model()
    env["extensiv.stock.level"].flush_model()
    env["extensiv.location"].flush_model(["account_id"])
    return SQL(
        """SELECT sku FROM extensiv_known_sku WHERE account_id = %(account)s
            UNION ALL
           SELECT sku FROM extensiv_sku_alias WHERE account_id = %(account)s AND active
            UNION ALL
           SELECT level.sku
             FROM extensiv_stock_level AS level JOIN extensiv_location AS location ON location.id = level.location_id
            WHERE location.account_id = %(account)s
              AND (level.pushed_at IS NOT NULL OR level.unconfirmed AND level.refused_at IS NULL)""",
        account=account._origin.id or None,
    )


def is_chosen(account, product):
    """Whether a product is among those whose stock the account pushes, its SKUs aside."""
    return bool(
        account.env.execute_query(
            SQL(
                """SELECT 1 FROM product_product AS product
                     JOIN product_template AS template ON template.id = product.product_tmpl_id
                    WHERE product.id = %s AND %s""",
                product.id,
                chosen_sql(account),
            )
        )
    )


def find_known(account, skus):
    """Return those of ``skus`` that EIM is known to use."""
    rows = account.env.execute_query(
        SQL("SELECT DISTINCT sku FROM (%s) AS known WHERE sku = ANY (%s)", known_sql(account), list(skus))
    )
    return {sku for [sku] in rows}


def count_known(account):
    """Return how many SKUs EIM is known to use."""
    [[count]] = account.env.execute_query(SQL("SELECT COUNT(DISTINCT sku) FROM (%s) AS known", known_sql(account)))
    return count

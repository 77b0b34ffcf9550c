"""What levels are made of beside stock, products and orders: settings, mappings, routes, units, recipes.

It changes seldom, and then any level may be another: it is read as one digest.
"""

import hashlib

from odoo.tools import SQL

from .kits import has_recipes
from .stock_levels import unit_digits

# The account's fields that decide levels, beside those that say which products are pushed.
SETTINGS = (
    "company_id",
    "owner_id",
    "quantity_basis",
    "buffer_qty",
    "owed_days",
    "subtract_waiting",
    "location_key",
    "push_again_at",
    "push_choice",
)
# Whole rows of what is hardly ever written; ``{table: columns}`` where others are written often.
TABLES = {
    "stock_rule": None,
    "stock_route": None,
    "stock_warehouse": None,
    "stock_route_warehouse": None,
    "stock_route_categ": None,
    "uom_uom": None,
    "stock_location": ("id", "usage", "active", "company_id", "parent_path"),
    "product_category": ("id", "parent_path"),
    "res_company": ("id", "parent_path", "security_lead"),
    "extensiv_account": ("id", "active", "company_id", "owner_id"),
    "extensiv_cart": ("id", "account_id", "warehouse_id", "fulfilled_elsewhere"),
    "extensiv_location": (
        "id",
        "account_id",
        "name",
        "remote_pk",
        "wms_warehouse_id",
        "wms_warehouse_name",
        "push_enabled",
        "source",
        "stock_location_id",
        "buffer_qty",
        "read_back_state",
    ),
    "extensiv_location_chosen_rel": None,
    "extensiv_location_excluded_rel": None,
}


def describe_structure(account, sources, turns, contents):
    """Return a digest of what decides all levels of ``account``: where it is the same, they are made in the same way.

    :param sources: the ``StockSource`` list
    :param turns: the ids of the locations that nothing keeps from being pushed to
    :param contents: what ``contents_sql`` says
    """
    settings = [(name, _value(account[name])) for name in SETTINGS]
    if account.push_choice == "category":
        settings.append(account.push_categ_ids.ids)
    elif account.push_choice == "tag":
        settings.append(account.push_tag_ids.ids)
    places = [(each.id, sorted(each.warehouse_ids or ()), each.buffer, sorted(each.location_ids)) for each in sources]
    described = repr((settings, places, sorted(turns), unit_digits(account.env), contents))
    return hashlib.sha256(described.encode()).hexdigest()


def _value(value):
    return value.ids if hasattr(value, "ids") else value


def contents_sql(account):
    """Return SQL for what is in the tables that decide all levels, as one text."""
    env = account.env
    contents = [
        _digest_sql(
            SQL.identifier(table),
            SQL("each::text")
            if columns is None
            else SQL("ROW(%s)::text", SQL(", ").join(map(SQL.identifier, columns))),
        )
        for table, columns in TABLES.items()
    ]
    # Of products' own routes those that lead to a customer may say that no stock is needed.
    contents.append(
        _digest_sql(
            SQL(
                """(SELECT link.* FROM stock_route_product AS link
                     WHERE route_id IN (
                           SELECT rule.route_id FROM stock_rule AS rule
                             JOIN stock_location AS target ON target.id = rule.location_dest_id
                            WHERE target.usage = 'customer'))"""
            )
        )
    )
    # An update of any app may compute in another way.
    contents.append(_digest_sql(SQL("ir_module_module"), SQL("ROW(name, state, latest_version)::text")))
    contents += _recipe_contents(env)
    if account.push_choice == "tag":
        contents += [
            _digest_sql(SQL.identifier(table))
            for table in ("product_tag_product_template_rel", "product_tag_product_product_rel")
        ]
    return SQL("concat_ws(' ', %s)", SQL(", ").join(contents))


def _recipe_contents(env):
    """Return as ``contents_sql`` a list of what kits and combos are made of."""
    tables = [SQL("product_combo"), SQL("product_combo_item")]
    tables.append(SQL.identifier(env["product.template"]._fields["combo_ids"].relation))
    if has_recipes(env):
        # What is manufactured is no kit, and there may be much of it.
        tables.append(SQL("(SELECT * FROM mrp_bom WHERE type = 'phantom')"))
        tables.append(
            SQL("(SELECT line.* FROM mrp_bom_line AS line JOIN mrp_bom AS bom ON bom.id = bom_id AND type = 'phantom')")
        )
        values = env["mrp.bom.line"]._fields["bom_product_template_attribute_value_ids"]
        tables.append(SQL.identifier(values.relation))
    return [_digest_sql(table) for table in tables]


def _digest_sql(table, content=None):
    """Return SQL for how many rows ``table`` has, and a sum of what is in them."""
    return SQL(
        "(SELECT COUNT(*) || '/' || COALESCE(SUM(hashtext(%s)), 0) FROM %s AS each)",
        content or SQL("each::text"),
        table,
    )

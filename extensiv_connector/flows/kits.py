"""What kits and combos are made of: the database takes all their recipes apart at once, as Odoo takes one apart.

A kit is a product with a phantom bill of materials, a combo one whose choices have one product each. The statement
follows Odoo's ``_bom_find``, ``explode`` and ``_skip_bom_line`` line by line, its roundings included. What it does not
understand is left to Odoo itself, kit by kit: recipes that Odoo finds or not depending on what else it is asked about,
and everything where another app changes how recipes are found or taken apart.
"""

from collections import defaultdict

from odoo.tools import SQL, float_round

# What decides about the parts of a kit, and whose code of it the statement does as well.
DECIDING = {
    "mrp.bom": ("_bom_find", "_bom_find_domain", "explode", "_skip_for_no_variant", "_round_last_line_done"),
    "mrp.bom.line": ("_skip_bom_line",),
    "product.product": ("_match_all_variant_values",),
}
UNDERSTOOD = ("odoo.addons.mrp.", "odoo.addons.purchase_mrp.")

COMBOS = """
    -- A combo is made of the one product of each of its choices; where there is a choice, nobody knows of what.
    combo AS MATERIALIZED (
         SELECT product.id AS kit_id, item.product_id AS item_id, COUNT(*) AS times
           FROM asked
           JOIN product_product AS product ON product.id = asked.id
           JOIN product_template AS template ON template.id = product.product_tmpl_id AND template.type = 'combo'
           JOIN %(link)s AS link ON link.%(link_template)s = template.id
           JOIN product_combo_item AS item ON item.combo_id = link.%(link_combo)s
          WHERE NOT EXISTS (
                SELECT FROM %(link)s AS other
                  LEFT JOIN product_combo_item AS choice ON choice.combo_id = other.%(link_combo)s
                 WHERE other.%(link_template)s = template.id
                 GROUP BY other.%(link_combo)s HAVING COUNT(choice.id) <> 1)
          GROUP BY product.id, item.product_id)"""

RECIPES = """
    top AS MATERIALIZED (
         SELECT id FROM asked WHERE id NOT IN (SELECT kit_id FROM combo) UNION SELECT item_id FROM combo),
    %(reached)s
    candidate AS MATERIALIZED (
         SELECT product.id AS product_id, bom.id AS bom_id, bom.product_qty::float8 AS batch, bom.product_uom_id,
                bom.picking_type_id, bom.sequence, bom.product_id IS NULL AS is_general,
                -- Odoo finds it where it is asked about this product alone, and not where about several.
                bom.product_id IS NULL AND product.active IS NOT TRUE AS is_doubtful
           FROM mrp_bom AS bom
           JOIN product_product AS product
                ON product.product_tmpl_id = bom.product_tmpl_id
                   AND (bom.product_id IS NULL OR bom.product_id = product.id)
           JOIN product_template AS template
                ON template.id = product.product_tmpl_id AND template.type NOT IN ('service', 'combo')
          WHERE %(is_kit)s AND %(is_reached)s),
    -- The parts of a kit are looked for among the recipes of its own operation type, and of none. 0 is for any.
    way AS MATERIALIZED (
         SELECT 0 AS id UNION SELECT picking_type_id FROM candidate WHERE picking_type_id IS NOT NULL),
    recipe AS MATERIALIZED (
         SELECT DISTINCT ON (way.id, candidate.product_id) way.id AS way_id, candidate.*, unit.factor::float8 AS factor
           FROM candidate
           JOIN way ON way.id = 0 OR candidate.picking_type_id IS NULL OR candidate.picking_type_id = way.id
           JOIN uom_uom AS unit ON unit.id = candidate.product_uom_id
          ORDER BY way.id, candidate.product_id, candidate.sequence, candidate.is_general, candidate.bom_id),
    -- Lines for some variants only. What is chosen in the order makes no variant, and no level.
    limited AS MATERIALIZED (
         SELECT link.%(value_line)s AS line_id, COUNT(DISTINCT value.attribute_id) AS attributes,
                BOOL_OR(attribute.create_variant = 'no_variant') AS is_never
           FROM %(values)s AS link
           JOIN product_template_attribute_value AS value ON value.id = link.%(value)s
           JOIN product_attribute AS attribute ON attribute.id = value.attribute_id
          GROUP BY link.%(value_line)s),
    line AS MATERIALIZED (
         SELECT line.id, line.bom_id, line.product_id, line.product_qty::float8 AS quantity, line.product_uom_id,
                unit.factor::float8 AS factor, limited.attributes
           FROM mrp_bom_line AS line
           JOIN uom_uom AS unit ON unit.id = line.product_uom_id
           LEFT JOIN limited ON limited.line_id = line.id
          WHERE line.bom_id IN (SELECT bom_id FROM recipe) AND limited.is_never IS NOT TRUE),
    exploded AS (
         SELECT top.id AS kit_id, COALESCE(recipe.picking_type_id, 0) AS way_id, line.product_id, line.quantity,
                line.product_uom_id, line.factor, part.bom_id, part.batch, part.product_uom_id AS part_uom_id,
                part.factor AS part_factor, COALESCE(part.is_doubtful, FALSE) AS is_doubtful,
                part.bom_id IS NOT NULL AND line.product_id = top.id AS is_circle, ARRAY[top.id] AS path
           FROM top
           JOIN recipe ON recipe.product_id = top.id AND recipe.way_id = 0
           JOIN line ON line.bom_id = recipe.bom_id
                AND (line.attributes IS NULL OR line.attributes = %(matching_top)s)
           LEFT JOIN recipe AS part
                ON part.product_id = line.product_id AND part.way_id = COALESCE(recipe.picking_type_id, 0)
          UNION ALL
         SELECT above.kit_id, above.way_id, line.product_id,
                CASE WHEN above.product_uom_id = above.part_uom_id THEN above.quantity / above.batch
                     ELSE above.quantity / above.batch * above.factor / above.part_factor END * line.quantity,
                line.product_uom_id, line.factor, part.bom_id, part.batch, part.product_uom_id,
                part.factor, COALESCE(part.is_doubtful, FALSE),
                part.bom_id IS NOT NULL AND line.product_id = ANY (above.path || above.product_id),
                above.path || above.product_id
           FROM exploded AS above
           JOIN line ON line.bom_id = above.bom_id
                AND (line.attributes IS NULL OR line.attributes = %(matching_part)s)
           LEFT JOIN recipe AS part ON part.product_id = line.product_id AND part.way_id = above.way_id
          WHERE NOT above.is_circle),
    -- Of each kit how many its recipe makes, in the recipe's unit, and how many of its own unit one of that is.
    kit AS MATERIALIZED (
         SELECT top.id, recipe.bom_id, recipe.batch,
                CASE WHEN recipe.product_uom_id = template.uom_id THEN 1
                     ELSE recipe.factor / own_unit.factor::float8 END AS unit,
                recipe.is_doubtful OR COALESCE(seen.is_doubtful, FALSE) AS is_doubtful,
                COALESCE(seen.is_circle, FALSE) AS is_circle
           FROM top
           JOIN recipe ON recipe.product_id = top.id AND recipe.way_id = 0
           JOIN product_product AS product ON product.id = top.id
           JOIN product_template AS template ON template.id = product.product_tmpl_id
           JOIN uom_uom AS own_unit ON own_unit.id = template.uom_id
           LEFT JOIN (SELECT kit_id, BOOL_OR(is_doubtful) AS is_doubtful, BOOL_OR(is_circle) AS is_circle
                        FROM exploded GROUP BY kit_id) AS seen ON seen.kit_id = top.id),
    -- The lines that are taken from stock, for one batch of the recipe, in the line's unit and not rounded.
    leaf AS MATERIALIZED (
         SELECT exploded.kit_id, exploded.product_id AS component_id, exploded.quantity,
                CASE WHEN exploded.product_uom_id = template.uom_id THEN 1 ELSE exploded.factor END AS factor,
                CASE WHEN exploded.product_uom_id = template.uom_id THEN 1 ELSE own_unit.factor::float8 END
                AS own_factor, template.is_storable AS is_tracked
           FROM exploded
           JOIN product_product AS product ON product.id = exploded.product_id
           JOIN product_template AS template ON template.id = product.product_tmpl_id
           JOIN uom_uom AS own_unit ON own_unit.id = template.uom_id
          WHERE exploded.bom_id IS NULL AND exploded.quantity <> 0)"""

# Of these products, and of what they are made of, recipes are looked for: not of all that there are.
REACHED = """
    reached AS (
         SELECT id FROM top
          UNION
         SELECT line.product_id
           FROM reached
           JOIN product_product AS product ON product.id = reached.id
           JOIN mrp_bom AS bom ON bom.product_tmpl_id = product.product_tmpl_id AND %(is_kit)s
           JOIN mrp_bom_line AS line ON line.bom_id = bom.id),"""

# Without Manufacturing there are no recipes, nor their tables.
NO_RECIPES = """
    kit AS (
         SELECT NULL::int AS id, NULL::int AS bom_id, NULL::float8 AS batch, NULL::float8 AS unit,
                FALSE AS is_doubtful, FALSE AS is_circle WHERE FALSE),
    leaf AS (
         SELECT NULL::int AS kit_id, NULL::int AS component_id, NULL::float8 AS quantity, NULL::float8 AS factor,
                NULL::float8 AS own_factor, FALSE AS is_tracked WHERE FALSE)"""

# What a kit takes of each tracked part, for one batch, and a combo for one.
NEEDS = """
    own_need AS MATERIALIZED (
         SELECT kit_id, component_id, SUM(%(rounded)s * factor / own_factor) AS quantity
           FROM leaf WHERE is_tracked GROUP BY kit_id, component_id),
    kit_need AS MATERIALIZED (
         SELECT own_need.*, kit.batch, kit.unit FROM own_need JOIN kit ON kit.id = own_need.kit_id
          UNION ALL
         SELECT kit_id, component_id, SUM(quantity), 1, 1
           FROM (SELECT combo.kit_id, own_need.component_id,
                        combo.times * own_need.quantity / (kit.batch * kit.unit) AS quantity
                   FROM combo
                   JOIN kit ON kit.id = combo.item_id
                   JOIN own_need ON own_need.kit_id = kit.id
                  UNION ALL
                 SELECT combo.kit_id, combo.item_id, combo.times
                   FROM combo
                   JOIN product_product AS product ON product.id = combo.item_id
                   JOIN product_template AS template ON template.id = product.product_tmpl_id AND template.is_storable
                  WHERE combo.item_id NOT IN (SELECT id FROM kit)) AS of_items
          GROUP BY kit_id, component_id)"""


def has_recipes(env):
    """Whether there are bills of materials: not without Manufacturing."""
    return "mrp.bom" in env


def find_changing_apps(env):
    """Return the modules, sorted, that change how Odoo finds recipes or takes them apart, in a way not known here."""
    if not has_recipes(env):
        return []
    return sorted(
        {
            layer.__module__
            for model, names in DECIDING.items()
            for layer in type(env[model]).mro()
            for name in names
            if name in vars(layer) and not layer.__module__.startswith(UNDERSTOOD)
        }
    )


# -- rounding, as Odoo does it


def rounded_sql(env, value, method="HALF-UP"):
    """Return SQL for a float ``value`` rounded to the decimals of quantities as ``odoo.tools.float_round`` does.

    What is off by the inexactness of binary fractions counts as if it were not.

    :param method: ``UP`` (away from zero), ``DOWN`` or ``HALF-UP``
    """
    text = {
        "HALF-UP": "SIGN(%(value)s) * TRUNC(ABS(%(value)s) + ABS(%(value)s) * 2 ^ -50 + 0.5) / %(factor)s",
        "UP": "SIGN(%(value)s) * TRUNC(ABS(%(value)s) + (1 - ABS(%(value)s) * 2 ^ -50)) / %(factor)s",
        "DOWN": "SIGN(%(value)s) * TRUNC(ABS(%(value)s) + ABS(%(value)s) * 2 ^ -50) / %(factor)s",
    }[method]
    factor = SQL("%s::float8", 10.0 ** env["decimal.precision"].precision_get("Product Unit"))
    return SQL(f"({text})", value=SQL("(%s * %s)", value, factor), factor=factor)


# -- the statement


def recipes_sql(env, company, asked, are_few=False):
    """Return SQL of WITH RECURSIVE queries on what kits and combos are made of, without the words WITH RECURSIVE.

    These are, for others to use:

    - ``combo``: ``kit_id, item_id, times``
    - ``kit``: ``id, bom_id, batch, unit, is_doubtful, is_circle``, of the products asked about and of combos' items
    - ``leaf``: ``kit_id, component_id, quantity, factor, own_factor, is_tracked``: a line each, not rounded
    - ``kit_need``: ``kit_id, component_id, quantity, batch, unit``: of tracked parts, for a batch, its lines rounded

    :param asked: SQL that selects the ``id`` of the products asked about, whether they are kits or not
    :param are_few: whether to look for the recipes of these alone, rather than of all
    """
    flush(env)
    combos = env["product.template"]._fields["combo_ids"]
    parts = [
        SQL("asked AS MATERIALIZED (%s)", asked),
        SQL(
            COMBOS,
            link=SQL.identifier(combos.relation),
            link_template=SQL.identifier(combos.column1),
            link_combo=SQL.identifier(combos.column2),
        ),
    ]
    parts.append(_own_recipes_sql(env, company, are_few) if has_recipes(env) else SQL(NO_RECIPES))
    parts.append(SQL(NEEDS, rounded=rounded_sql(env, SQL("quantity"), "UP")))
    return SQL(",").join(parts)


def _own_recipes_sql(env, company, are_few):
    values = env["mrp.bom.line"]._fields["bom_product_template_attribute_value_ids"]
    variants = env["product.product"]._fields["product_template_attribute_value_ids"]
    names = {
        "values": SQL.identifier(values.relation),
        "value_line": SQL.identifier(values.column1),
        "value": SQL.identifier(values.column2),
    }

    def matching(product):
        return SQL(
            """(SELECT COUNT(*) FROM %(variants)s AS own JOIN %(values)s AS link ON link.%(value)s = own.%(own_value)s
                 WHERE own.%(own_product)s = %(product)s AND link.%(value_line)s = line.id)""",
            variants=SQL.identifier(variants.relation),
            own_product=SQL.identifier(variants.column1),
            own_value=SQL.identifier(variants.column2),
            product=product,
            **names,
        )

    is_kit = is_kit_sql(company)
    return SQL(
        RECIPES,
        reached=SQL(REACHED, is_kit=is_kit) if are_few else SQL(),
        is_reached=SQL("product.id IN (SELECT id FROM reached)") if are_few else SQL("TRUE"),
        is_kit=is_kit,
        matching_top=matching(SQL("top.id")),
        matching_part=matching(SQL("above.product_id")),
        **names,
    )


def is_kit_sql(company):
    """Return SQL for whether a ``bom`` is that of a kit in ``company``."""
    return SQL("(bom.type = 'phantom' AND bom.active AND (bom.company_id IS NULL OR bom.company_id = %s))", company.id)


def of_company_sql(account):
    """Return SQL for whether a ``template`` belongs to the account's company, one above it, or none."""
    account.env["res.company"].flush_model(["parent_path"])
    return SQL(
        """(template.company_id IS NULL OR template.company_id = ANY ((
            SELECT string_to_array(RTRIM(parent_path, '/'), '/') FROM res_company WHERE id = %s)::int[]))""",
        account.company_id.id,
    )


def using_sql(env, company, products):
    """Return SQL for the ``id`` of ``products`` and of the kits and combos that may be made of them, however deep.

    :param products: ids
    """
    combos = env["product.template"]._fields["combo_ids"]
    made_of = SQL("SELECT UNNEST(%s::int[])", list(products))
    if has_recipes(env):
        made_of = SQL(
            """WITH RECURSIVE used AS (
                    SELECT UNNEST(%s::int[]) AS id
                     UNION
                    SELECT product.id
                      FROM used
                      JOIN mrp_bom_line AS line ON line.product_id = used.id
                      JOIN mrp_bom AS bom ON bom.id = line.bom_id AND %s
                      JOIN product_product AS product
                           ON product.product_tmpl_id = bom.product_tmpl_id
                              AND (bom.product_id IS NULL OR bom.product_id = product.id))
               SELECT id FROM used""",
            list(products),
            is_kit_sql(company),
        )
    return SQL(
        """WITH using_them(id) AS MATERIALIZED (%(made_of)s)
           SELECT id FROM using_them
            UNION
           SELECT product.id
             FROM using_them
             JOIN product_combo_item AS item ON item.product_id = using_them.id
             JOIN %(link)s AS link ON link.%(combo)s = item.combo_id
             JOIN product_product AS product ON product.product_tmpl_id = link.%(template)s""",
        made_of=made_of,
        link=SQL.identifier(combos.relation),
        template=SQL.identifier(combos.column1),
        combo=SQL.identifier(combos.column2),
    )


def flush(env):
    """Write what the database is to know before it is asked about recipes."""
    names = ["product.product", "product.template", "product.combo", "product.combo.item", "uom.uom"]
    if has_recipes(env):
        names += ["mrp.bom", "mrp.bom.line", "product.attribute", "product.template.attribute.value"]
    for name in names:
        env[name].flush_model()


# -- what a kit is made of


def components_sql(account, products=None):
    """Return SQL for ``kit_id, component_id, quantity``: what one of a kit or combo takes of each tracked part.

    Both are in the products' own units.

    :param products: ids of the kits, by default all; kits inside others are taken apart as well
    """
    env = account.env
    asked = SQL("SELECT id FROM product_product") if products is None else ids_sql(products)
    return SQL(
        """WITH RECURSIVE %s
           SELECT kit_id, component_id, quantity / (batch * unit) AS quantity FROM kit_need
            WHERE kit_id IN (SELECT id FROM asked)""",
        recipes_sql(env, account.company_id, asked, products is not None),
    )


def find_components(account, products):
    """Return ``{product: its components}`` of the kits and combos among ``products``; kits inside them are apart."""
    of_products = _Parts(account, products.ids)
    return {
        product: product.browse({component for component, _quantity in of_products.take_apart(product.id, 1.0)})
        for product in products
        if product.id in of_products.items
    }


def explode(account, wanted):
    """Return ``{(product id, quantity): [(component id, quantity)]}`` of what orders take, in products' own units.

    Of what is neither a kit nor a combo that is the product itself.

    :param wanted: ``(product id, quantity)`` pairs
    """
    wanted = set(wanted)
    of_products = _Parts(account, {product for product, _quantity in wanted})
    return {(product, quantity): of_products.take_apart(product, quantity) for product, quantity in wanted}


class _Parts:
    """What some products are made of: asked for all of them at once, and then taken apart for any quantity.

    :param product_ids: those that will be asked about
    """

    def __init__(self, account, product_ids):
        self.account = account
        self.env = account.env
        self.digits = self.env["decimal.precision"].precision_get("Product Unit")
        self.items = defaultdict(dict)
        """``{product id: {product id: times}}``: the items of a combo; a kit is its own"""
        self.lines = defaultdict(list)
        """``{kit id: [(component id, quantity, factor, own factor, batch, unit)]}``, see ``recipes_sql``"""
        self.recipes = {}
        """``{kit: its bill of materials}`` of those that Odoo is to take apart"""
        if product_ids:
            self._read(list(product_ids))

    def _read(self, product_ids):
        rows = self.env.execute_query(
            SQL(
                """WITH RECURSIVE %s
                   SELECT NULL AS asked_id, kit.id, NULL AS times, kit.is_doubtful, kit.is_circle, leaf.component_id,
                          leaf.quantity, leaf.factor, leaf.own_factor, kit.batch, kit.unit
                     FROM kit LEFT JOIN leaf ON leaf.kit_id = kit.id AND NOT kit.is_circle
                    UNION ALL
                   SELECT id, id, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
                     FROM kit WHERE id IN (SELECT id FROM asked)
                    UNION ALL
                   SELECT kit_id, item_id, times, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM combo""",
                recipes_sql(self.env, self.account.company_id, ids_sql(product_ids), are_few=True),
            )
        )
        is_changed = bool(find_changing_apps(self.env))
        by_odoo = set()
        for asked, item, times, is_doubtful, is_circle, *line in rows:
            if asked:
                self.items[asked][item] = times
                continue
            of_kit = self.lines[item]  # also of one that takes nothing
            if line[0]:
                of_kit.append(line)
            if (is_doubtful or is_changed) and not is_circle:
                by_odoo.add(item)
        self.recipes = find_recipes(self.account, self.env["product.product"].browse(by_odoo))

    def take_apart(self, product_id, quantity):
        """Return ``[(component id, quantity)]``, each component once, of so many of a product."""
        taken = defaultdict(float)
        for item, times in self.items.get(product_id, {product_id: 1}).items():
            kit = self.env["product.product"].browse(item)
            if kit in self.recipes:
                lines = self._take_apart_by_odoo(kit, quantity * times)
            elif item in self.lines:
                lines = self._take_apart(item, quantity * times)
            else:
                lines = [(item, quantity * times)]
            for component, of_line in lines:
                taken[component] += of_line
        return list(taken.items())

    def _take_apart(self, kit_id, quantity):
        for component, of_line, factor, own_factor, batch, unit in self.lines[kit_id]:
            in_line_unit = float_round(quantity / unit / batch * of_line, self.digits, rounding_method="UP")
            yield component, in_line_unit * factor / own_factor

    def _take_apart_by_odoo(self, kit, quantity):
        bom = self.recipes[kit]
        times = kit.uom_id._compute_quantity(quantity, bom.product_uom_id, round=False) / bom.product_qty
        for line, data in bom.explode(kit, times)[1]:
            yield (
                line.product_id.id,
                line.product_uom_id._compute_quantity(data["qty"], line.product_id.uom_id, round=False),
            )


def find_recipes(account, products):
    """Return ``{product: bill of materials}`` of those among ``products`` that are kits, as Odoo finds them."""
    if not has_recipes(account.env) or not products:
        return {}
    # As superuser, recipes are found of all companies but for the context.
    boms = account.env["mrp.bom"].with_company(account.company_id).with_context(company_id=account.company_id.id)
    return {product: bom for product, bom in boms._bom_find(products, bom_type="phantom").items() if bom}


def ids_sql(ids):
    """Return SQL that selects ``ids`` as ``id``."""
    return SQL("SELECT UNNEST(%s::int[]) AS id", list(ids))

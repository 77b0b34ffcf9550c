"""How many kits and combos can be made of what there is: all of them by one statement, with Odoo's own numbers."""

from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

from .kits import (
    find_changing_apps,
    find_recipes,
    has_recipes,
    is_kit_sql,
    of_company_sql,
    recipes_sql,
    rounded_sql,
    using_sql,
)
from .stock_sources import OdooStock

# So many names a person may read in one sentence; the others are counted.
NAMED = 5

NUMBERS = """
    stock AS MATERIALIZED (%(stock)s),
    taken AS MATERIALIZED (
         SELECT * FROM UNNEST(%(taken_sources)s::int[], %(taken_products)s::int[], %(taken)s::float8[])
                    AS taken(source_id, product_id, quantity)),
    available AS MATERIALIZED (
         SELECT source.id AS source_id, part.component_id, %(left)s AS quantity, %(there)s AS on_hand
           FROM (SELECT DISTINCT component_id FROM kit_need) AS part
          CROSS JOIN UNNEST(%(sources)s::int[]) AS source(id)
           LEFT JOIN stock ON stock.source_id = source.id AND stock.product_id = part.component_id
           LEFT JOIN taken ON taken.source_id = source.id AND taken.product_id = part.component_id),
    -- The scarcest part decides.
    scarcest AS (
         SELECT kit_need.kit_id, available.source_id, kit_need.batch, kit_need.unit,
                MIN(%(ratio)s) AS quantity, MIN(%(ratio_there)s) AS on_hand
           FROM kit_need JOIN available ON available.component_id = kit_need.component_id
          GROUP BY kit_need.kit_id, available.source_id, kit_need.batch, kit_need.unit),
    makeable AS MATERIALIZED (
         SELECT kit_id, source_id,
                FLOOR(CASE WHEN unit = 1 THEN quantity ELSE quantity * unit + 1e-9 END) AS quantity,
                FLOOR(CASE WHEN unit = 1 THEN on_hand ELSE on_hand * unit + 1e-9 END) AS on_hand
           FROM (SELECT kit_id, source_id, unit, %(batches)s AS quantity, %(batches_there)s AS on_hand
                   FROM scarcest) AS in_recipe_unit),
    -- Of a combo not more than of each of its items, whole ones; what several of these take of a part was added up.
    number AS (
         SELECT kit_id, source_id, MIN(quantity) AS quantity, MIN(on_hand) AS on_hand
           FROM (SELECT * FROM makeable
                  UNION ALL
                 SELECT combo.kit_id, makeable.source_id, FLOOR(makeable.quantity / combo.times),
                        FLOOR(makeable.on_hand / combo.times)
                   FROM combo JOIN makeable ON makeable.kit_id = combo.item_id
                   JOIN kit ON kit.id = combo.item_id) AS bound
          GROUP BY kit_id, source_id)"""


class Kits(NamedTuple):
    """Which products are kits and combos, and how many can be made of these.

    :param products: those that have a level; without Manufacturing combos alone
    :param untracked_ids: the kits without any part whose stock is tracked: there is no number of them
    :param quantities: ``{(source id, product id): whole units of the product}`` by the account's basis, less what
        waiting orders take
    :param on_hand: the same of all that is there
    :param by_odoo: kits that Odoo computed one by one, for their recipes are not understood here
    :param circles: kits that are made of themselves, and so cannot be made
    :param apps: the modules that change how recipes are read, for which Odoo computes all of them
    """

    products: object
    untracked_ids: frozenset
    quantities: dict
    on_hand: dict
    by_odoo: object
    circles: object
    apps: list

    def describe(self):
        """Return sentences for a person on the kits that need attention."""
        env = self.products.env
        notes = []
        if self.circles:
            notes.append(
                env._(
                    "%(count)s kits are made of themselves, so that none can be: %(kits)s. Correct their bills of "
                    "materials.",
                    count=len(self.circles),
                    kits=_names(self.circles),
                )
            )
        if not self.by_odoo:
            return notes
        words = {"count": len(self.by_odoo), "kits": _names(self.by_odoo), "apps": ", ".join(self.apps)}
        notes.append(
            env._(
                "%(count)s kits are computed one by one, which takes long where there are many, for another app "
                "changes how bills of materials are read (%(apps)s): %(kits)s.",
                **words,
            )
            if self.apps
            else env._(
                "%(count)s kits are computed one by one, which takes long where there are many: %(kits)s. An archived "
                "product is part of each, and a kit itself: take it out of the bill of materials, or unarchive it.",
                **words,
            )
        )
        return notes


def find_kits(account, sources=(), until=None, products=None, taken=None):
    """Return the ``Kits`` that are sold under a SKU in the account's company, and how many can be made in ``sources``.

    :param until: without what is due later (naive UTC); by default the account's own limit
    :param products: ids: only of these, and of the kits and combos that are made of any of these
    :param taken: ``{(source id, product id): quantity}`` that waiting orders take of parts
    """
    return _Kits(account, list(sources), until, products, taken or {}).find()


class _Kits:
    """See ``find_kits``."""

    def __init__(self, account, sources, until, products, taken):
        self.account = account
        self.env = account.env
        self.sources = sources
        self.until = until
        self.products = None if products is None else list(products)
        self.taken = taken
        self.apps = find_changing_apps(self.env)
        self.with_level = set()
        self.untracked = set()
        self.quantities = {}
        self.on_hand = {}
        self.items = {}
        """``{combo id: {item id: times}}`` of combos of which an item is computed by Odoo"""
        self.by_odoo = set()
        self.circles = set()

    def find(self):
        """Return the ``Kits``."""
        if self.products is None or self.products:
            self._read()
        if self.by_odoo:
            self._ask_odoo()
        browse = self.env["product.product"].browse
        return Kits(
            browse(sorted(self.with_level)),
            frozenset(self.untracked),
            self.quantities,
            self.on_hand,
            browse(sorted(self.by_odoo)),
            browse(sorted(self.circles)),
            self.apps,
        )

    def _read(self):
        for kit, items, times, is_doubtful, is_circle, is_tracked, source, quantity, on_hand in self._rows():
            if is_circle:
                self.circles.add(kit)
                self.with_level.add(kit)
                self._put_zero(kit)
            elif is_doubtful:
                self.by_odoo.add(kit)
                if items:
                    self.items[kit] = dict(zip(items, times, strict=True))
            elif not is_tracked:
                self.untracked.add(kit)
            else:
                self.with_level.add(kit)
                if source is not None:
                    self.quantities[source, kit] = quantity
                    self.on_hand[source, kit] = on_hand

    def _put_zero(self, kit):
        for source in self.sources:
            self.quantities[source.id, kit] = 0.0
            self.on_hand[source.id, kit] = 0.0

    def _rows(self):
        """Return what the statement says, a row for each kit and source, or one of a kit without a number."""
        parts = [
            recipes_sql(self.env, self.account.company_id, self._asked_sql(), are_few=self.products is not None),
        ]
        if self.sources:
            parts.append(self._numbers_sql())
        return self.env.execute_query(
            SQL(
                """WITH RECURSIVE %(queries)s,
                    -- Of a combo what any of its items is, is true of it.
                    item AS (
                        SELECT id AS kit_id, id AS item_id, NULL::bigint AS times FROM kit
                         WHERE id IN (SELECT id FROM asked)
                         UNION ALL
                        SELECT kit_id, item_id, times FROM combo),
                    found AS (
                        SELECT item.kit_id, ARRAY_AGG(item.item_id) FILTER (WHERE item.times IS NOT NULL) AS items,
                               ARRAY_AGG(item.times) FILTER (WHERE item.times IS NOT NULL) AS times,
                               COALESCE(BOOL_OR(kit.is_doubtful OR %(is_changed)s AND kit.id IS NOT NULL), FALSE)
                               AS is_doubtful,
                               COALESCE(BOOL_OR(kit.is_circle), FALSE) AS is_circle
                          FROM item LEFT JOIN kit ON kit.id = item.item_id
                         GROUP BY item.kit_id)
               SELECT found.*, found.kit_id IN (SELECT kit_id FROM kit_need) AS is_tracked, %(number)s
                 FROM found %(joined)s""",
                queries=SQL(",").join(parts),
                is_changed=bool(self.apps),
                number=SQL("number.source_id, number.quantity, number.on_hand")
                if self.sources
                else SQL("NULL, NULL, NULL"),
                joined=SQL("LEFT JOIN number ON number.kit_id = found.kit_id") if self.sources else SQL(),
            )
        )

    def _asked_sql(self):
        """Return SQL for the ``id`` of the products that are sold under a SKU, and that may be kits or combos."""
        env = self.env
        combos = env["product.template"]._fields["combo_ids"]
        env["extensiv.sku.alias"].flush_model()
        templates = SQL("SELECT %s FROM %s", SQL.identifier(combos.column1), SQL.identifier(combos.relation))
        if has_recipes(env):
            templates = SQL(
                "%s UNION SELECT bom.product_tmpl_id FROM mrp_bom AS bom WHERE %s",
                templates,
                is_kit_sql(self.account.company_id),
            )
        return SQL(
            """SELECT product.id
                 FROM product_product AS product
                 JOIN product_template AS template ON template.id = product.product_tmpl_id
                WHERE product.product_tmpl_id IN (%(templates)s) AND %(only)s
                  AND product.active AND template.active AND template.sale_ok
                  AND product.extensiv_stock_rule <> 'leave' AND %(company)s
                  AND (BTRIM(product.default_code) <> '' OR EXISTS (
                       SELECT FROM extensiv_sku_alias AS alias
                        WHERE alias.product_id = product.id AND alias.account_id = %(account)s AND alias.active))""",
            templates=templates,
            only=SQL("TRUE")
            if self.products is None
            else SQL("product.id IN (%s)", using_sql(env, self.account.company_id, self.products)),
            company=of_company_sql(self.account),
            account=self.account._origin.id or None,
        )

    def _numbers_sql(self):
        def rounded(text, method="HALF-UP"):
            return rounded_sql(self.env, SQL(text), method)

        return SQL(
            NUMBERS,
            stock=OdooStock(self.account, self.sources, self.until).sql(SQL("SELECT component_id FROM kit_need")),
            sources=[source.id for source in self.sources],
            taken_sources=[source for source, _product in self.taken],
            taken_products=[product for _source, product in self.taken],
            taken=list(self.taken.values()),
            left=rounded("(COALESCE(stock.quantity, 0)::float8 - COALESCE(taken.quantity, 0))"),
            there=rounded("COALESCE(stock.on_hand, 0)::float8"),
            ratio=rounded("(available.quantity / kit_need.quantity)", "DOWN"),
            ratio_there=rounded("(available.on_hand / kit_need.quantity)", "DOWN"),
            batches=rounded("(quantity * batch)"),
            batches_there=rounded("(on_hand * batch)"),
        )

    # -- what Odoo is to compute itself

    def _ask_odoo(self):
        """Have Odoo compute the kits that it is to compute itself, and the combos of which one is an item."""
        browse = self.env["product.product"].browse
        items = {kit: self.items.get(kit, {kit: 1}) for kit in self.by_odoo}
        goods = browse({item for of_kit in items.values() for item in of_kit})
        recipes = find_recipes(self.account, goods)
        tracked = {product.id for product in goods if product not in recipes and product.is_storable}
        components = browse(tracked)
        for kit, bom in recipes.items():
            lines = bom.explode(kit, 1)[1]
            components |= browse({line.product_id.id for line, _data in lines})
            if any(line.product_id.is_storable and data["qty"] for line, data in lines):
                tracked.add(kit.id)
        numbers = self._numbers_of_odoo(recipes, components)
        for kit, of_kit in items.items():
            counted = {item: times for item, times in of_kit.items() if item in tracked}
            if not counted:
                self.untracked.add(kit)
                continue
            self.with_level.add(kit)
            for source in self.sources:
                found = [[number // times for number in numbers[source.id, item]] for item, times in counted.items()]
                self.quantities[source.id, kit] = min(quantity for quantity, _on_hand in found)
                self.on_hand[source.id, kit] = min(on_hand for _quantity, on_hand in found)

    def _numbers_of_odoo(self, recipes, components):
        """Return ``{(source id, product id): (quantity, on hand)}`` of the kits that have ``recipes``, by Odoo's own
        method, and of their components.
        """
        env = self.env
        kits = env["product.product"].union(*recipes)
        kits = kits.with_company(self.account.company_id).with_context(company_id=self.account.company_id.id)
        stock = OdooStock(self.account, self.sources, self.until).both(components) if self.sources else {}
        numbers = defaultdict(lambda: (0.0, 0.0))
        for source in self.sources:
            available = {}
            for component in components:
                quantity, there = stock.get((source.id, component.id), (0, 0))
                left = component.uom_id.round(quantity - self.taken.get((source.id, component.id), 0))
                numbers[source.id, component.id] = (left, component.uom_id.round(there))
                available[component.id] = {
                    "qty_available": component.uom_id.round(there),
                    **dict.fromkeys(("free_qty", "virtual_available", "incoming_qty", "outgoing_qty"), left),
                }
            computed = kits.with_context(mrp_compute_quantities=available)._compute_quantities_dict(None, None, None)
            for kit, bom in recipes.items():
                # Odoo counts in the recipe's unit.
                numbers[source.id, kit.id] = tuple(
                    bom.product_uom_id._compute_quantity(computed[kit.id][name], kit.uom_id, round=False) // 1
                    for name in ("free_qty", "qty_available")
                )
        return numbers


def _names(products):
    """Return the names of products, as many as a person may read."""
    names = ", ".join(product.display_name for product in products[:NAMED])
    left = len(products) - NAMED
    return products.env._("%(names)s and %(count)s more", names=names, count=left) if left > 0 else names

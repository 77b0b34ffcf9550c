"""How many kits and combos can be made of what there is: all of them by one statement, with Odoo's own numbers."""

from collections import defaultdict
from typing import NamedTuple

from odoo.tools import SQL

from .kits import (
    find_changing_apps,
    find_recipes,
    flush,
    has_recipes,
    ids_sql,
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
         SELECT source_id, component_id, %(rounded_quantity)s AS quantity, %(rounded_on_hand)s AS on_hand
           FROM (SELECT source.id AS source_id, part.component_id,
                        COALESCE(stock.quantity, 0)::float8 - COALESCE(taken.quantity, 0) AS quantity,
                        COALESCE(stock.on_hand, 0)::float8 AS on_hand
                   FROM (SELECT DISTINCT component_id FROM kit_need) AS part
                  CROSS JOIN UNNEST(%(sources)s::int[]) AS source(id)
                   LEFT JOIN stock ON stock.source_id = source.id AND stock.product_id = part.component_id
                   LEFT JOIN taken ON taken.source_id = source.id AND taken.product_id = part.component_id
                 OFFSET 0) AS part),
    -- The scarcest part decides. How often each goes is rounded down, which changes nothing of which goes least often.
    scarcest AS (
         SELECT kit_need.kit_id, available.source_id, kit_need.batch, kit_need.unit,
                MIN(available.quantity / kit_need.quantity) AS quantity,
                MIN(available.on_hand / kit_need.quantity) AS on_hand
           FROM kit_need JOIN available ON available.component_id = kit_need.component_id
          GROUP BY kit_need.kit_id, available.source_id, kit_need.batch, kit_need.unit),
    makeable AS MATERIALIZED (
         SELECT kit_id, source_id,
                FLOOR(CASE WHEN unit = 1 THEN quantity ELSE quantity * unit + 1e-9 END) AS quantity,
                FLOOR(CASE WHEN unit = 1 THEN on_hand ELSE on_hand * unit + 1e-9 END) AS on_hand
           FROM (SELECT kit_id, source_id, unit, %(batches)s AS quantity, %(batches_on_hand)s AS on_hand
                   FROM (SELECT kit_id, source_id, unit, %(times)s * batch AS quantity,
                                %(times_on_hand)s * batch AS on_hand
                           FROM scarcest OFFSET 0) AS made OFFSET 0) AS in_recipe_unit),
    -- Of a combo not more than of each of its items, whole ones; what several of these take of a part was added up.
    number AS (
         SELECT kit_id, source_id, MIN(quantity) AS quantity, MIN(on_hand) AS on_hand
           FROM (SELECT * FROM makeable
                  UNION ALL
                 SELECT combo.kit_id, makeable.source_id, FLOOR(makeable.quantity / combo.times),
                        FLOOR(makeable.on_hand / combo.times)
                   FROM combo JOIN makeable ON makeable.kit_id = combo.item_id) AS bound
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
                    "Kits that are made of themselves, so that none can be: %(count)s (%(kits)s). Correct their bills "
                    "of materials.",
                    count=len(self.circles),
                    kits=_names(self.circles),
                )
            )
        if not self.by_odoo:
            return notes
        words = {"count": len(self.by_odoo), "kits": _names(self.by_odoo), "apps": ", ".join(self.apps)}
        notes.append(
            env._(
                "Kits computed one by one, which takes long where there are many: %(count)s (%(kits)s). Another app "
                "changes how bills of materials are read: %(apps)s.",
                **words,
            )
            if self.apps
            else env._(
                "Kits computed one by one, which takes long where there are many: %(count)s (%(kits)s). An archived "
                "kit is a part of each: unarchive it, or take it out of the bill of materials.",
                **words,
            )
        )
        return notes


class Scarcest(NamedTuple):
    """The part that decides how many of a kit can be made: how many of it there are, and how many one kit takes."""

    product: object
    quantity: float
    each: float


def find_kits(account, sources=(), until=None, products=None, taken=None):
    """Return the ``Kits`` that are sold under a SKU in the account's company, and how many can be made in ``sources``.

    :param until: without what is due later (naive UTC); by default the account's own limit
    :param products: ids: only of these, and of the kits and combos that are made of any of these
    :param taken: ``{(source id, product id): quantity}`` that waiting orders take of parts
    """
    return _Kits(account, list(sources), until, products, taken or {}).find()


def find_scarcest(account, source, kit, taken):
    """Return the ``Scarcest`` part of a kit or combo in a source, or None where no part is tracked.

    :param taken: ``{(source id, product id): quantity}`` that waiting orders take of parts
    """
    rows = _Kits(account, [source], None, [kit.id], taken).find_parts(kit)
    return Scarcest(kit.browse(rows[0][0]), *rows[0][1:]) if rows else None


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
        if self._has_any():
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

    def _has_any(self):
        """Return whether there is any kit or combo to be asked about, before much is asked.

        Of a restricted question these are ``products`` from now on: the database plans well for so many, and not for
        those that it has yet to find.
        """
        if self.products is not None and not self.products:
            return False
        flush(self.env)
        asked = self._asked_sql()
        if self.products is None:
            [[has_any]] = self.env.execute_query(SQL("SELECT EXISTS (%s)", asked))
            return has_any
        self.products = [id_ for [id_] in self.env.execute_query(asked)]
        return bool(self.products)

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
        are_few = self.products is not None
        asked = ids_sql(self.products) if are_few else self._asked_sql()
        parts = [recipes_sql(self.env, self.account.company_id, asked, are_few)]
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

    def find_parts(self, kit):
        """Return ``[(component id, how many there are, how many one takes)]`` of a kit's parts, the scarcest first."""
        return self.env.execute_query(
            SQL(
                """WITH RECURSIVE %s, %s
                   SELECT component_id, available.quantity, kit_need.quantity / (batch * unit)
                     FROM kit_need JOIN available USING (component_id)
                    WHERE kit_id = %s
                    ORDER BY available.quantity / kit_need.quantity, component_id""",
                recipes_sql(self.env, self.account.company_id, ids_sql(kit.ids), are_few=True),
                self._numbers_sql(),
                kit.id,
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
        def rounded(column, method="HALF-UP"):
            return rounded_sql(self.env, SQL(column), method)

        return SQL(
            NUMBERS,
            stock=OdooStock(self.account, self.sources, self.until).sql(SQL("SELECT component_id FROM kit_need")),
            sources=[source.id for source in self.sources],
            taken_sources=[source for source, _product in self.taken],
            taken_products=[product for _source, product in self.taken],
            taken=list(self.taken.values()),
            rounded_quantity=rounded("quantity"),
            rounded_on_hand=rounded("on_hand"),
            times=rounded("quantity", "DOWN"),
            times_on_hand=rounded("on_hand", "DOWN"),
            batches=rounded("quantity"),
            batches_on_hand=rounded("on_hand"),
        )

    # -- what Odoo is to compute itself

    def _ask_odoo(self):
        """Have Odoo compute the kits that it is to compute itself, and the combos of which one is an item."""
        browse = self.env["product.product"].browse
        items = {kit: self.items.get(kit, {kit: 1}) for kit in self.by_odoo}
        goods = browse({item for of_kit in items.values() for item in of_kit})
        recipes = find_recipes(self.account, goods)
        needs = {product.id: {product.id: 1.0} for product in goods if product not in recipes and product.is_storable}
        for kit, bom in recipes.items():
            if need := _find_need(kit, bom):
                needs[kit.id] = need
        numbers = self._numbers_of_odoo(recipes, browse({part for need in needs.values() for part in need}))
        for kit, of_kit in items.items():
            counted = {item: times for item, times in of_kit.items() if item in needs}
            if not counted:
                self.untracked.add(kit)
                continue
            self.with_level.add(kit)
            # What several items of a combo take of a part is added up, as in the statement.
            total = defaultdict(float)
            for item, times in counted.items():
                for part, quantity in needs[item].items():
                    total[part] += times * quantity
            bounds = {**counted, **total} if len(counted) > 1 else counted
            for source in self.sources:
                self.quantities[source.id, kit], self.on_hand[source.id, kit] = (
                    min((numbers[source.id, of][which] / quantity + 1e-9) // 1 for of, quantity in bounds.items())
                    for which in (0, 1)
                )

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


def _find_need(kit, bom):
    """Return ``{component id: quantity}`` that one of a kit takes of each tracked part, as Odoo takes it apart."""
    need = defaultdict(float)
    batch = bom.product_uom_id._compute_quantity(bom.product_qty, kit.uom_id, round=False)
    for line, data in bom.explode(kit, 1)[1]:
        part = line.product_id
        if part.is_storable and data["qty"]:
            need[part.id] += line.product_uom_id._compute_quantity(data["qty"], part.uom_id, round=False) / batch
    return need


def _names(products):
    """Return the names of products, as many as a person may read."""
    names = ", ".join(product.display_name for product in products[:NAMED])
    left = len(products) - NAMED
    return products.env._("%(names)s and %(count)s more", names=names, count=left) if left > 0 else names

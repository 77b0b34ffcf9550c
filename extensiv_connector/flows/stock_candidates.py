"""Which levels may be wrong, found by one aggregate over all stock and all known levels.

Known levels are further rows of the aggregate that sums up the stock: where a sum is not what EIM was told, the exact
query decides. So do it the levels of which more is to be said, all further SKUs of products, kits, and what is told
whatever the stock is.
"""

from odoo.tools import SQL

from .kit_levels import find_kits
from .made_to_order import made_to_order_sql
from .sku_choice import is_by_sku
from .sku_feed import pushed_products_sql
from .stock_levels import unit_digits
from .stock_scan import find_scope
from .stock_sources import OdooStock

# Of more of the products than one in so many the exact query is asked without looking for candidates: it is quicker.
FEW = 4


def find_candidates(account, expected, taken, skus):
    """Return the ``Scope`` of the levels that may be wrong, None: of all.

    :param expected: the ``ExpectedLevels``
    :param taken: ``{(source id, product id): quantity}`` of what waiting orders will take
    :param skus: further SKUs that are to be among them
    """
    if is_by_sku(account):
        return None
    candidates = _Candidates(account, expected, taken)
    count, aliased, rows = candidates.find()
    if len(aliased) * FEW > count:
        return None
    products = set()
    skus = {*skus, *aliased}
    is_missing = False
    for _source, product_ids, odd, named in rows:
        products.update(product_ids or ())
        skus.update(odd or ())
        is_missing = is_missing or named != count
    if is_missing or len(rows) < len(expected.source_ids):
        skus.update(candidates.find_missing())
    if (len(products) + len(skus)) * FEW > count:
        return None
    return find_scope(account, expected.source_ids, products, skus)


class _Candidates:
    def __init__(self, account, expected, taken):
        self.account = account
        self.env = account.env
        self.expected = expected
        self.taken = taken
        self.stock = OdooStock(account, expected.sources, expected.until)
        to_order = made_to_order_sql(self.env, account.company_id)
        kits = find_kits(account)
        self.kits = kits.products
        self.fed = SQL(
            "fed AS MATERIALIZED (SELECT * FROM (%s) AS pushed WHERE BTRIM(default_code) <> '')",
            pushed_products_sql(account, self.kits, to_order, kits.untracked_ids),
        )

    def find(self):
        """Return how many products are pushed by their internal reference, whatever their stock is; the further SKUs;
        and for each source its id, the products and the SKUs whose levels may be wrong, and how many of those products
        have a level.
        """
        rows = self.env.execute_query(
            SQL(
                """WITH %(fed)s,
                    level AS MATERIALIZED (%(levels)s),
                    counted AS (
                        SELECT source_id, product_id, SUM(quantity) AS quantity, MAX(told) AS told
                          FROM (%(quants)s
                                 UNION ALL
                                SELECT location_id, product_id, kept_back, told FROM level WHERE product_id IS NOT NULL
                                 %(others)s) AS part(source_id, product_id, quantity, told)
                         GROUP BY source_id, product_id)
               SELECT (SELECT COUNT(*) FROM fed WHERE NOT to_order),
                      ARRAY(SELECT sku FROM extensiv_sku_alias WHERE account_id = %(account)s),
                      source.id, stock.product_ids, levels.skus, COALESCE(levels.named, 0)
                 FROM unnest(%(sources)s::int[]) AS source(id)
                 LEFT JOIN (
                      SELECT source_id AS id, array_agg(product_id) AS product_ids FROM counted
                       WHERE LEAST(2147483647, GREATEST(0, FLOOR(ROUND(quantity, %(digits)s))))::int
                             IS DISTINCT FROM told
                         AND (told IS NOT NULL OR product_id IN (SELECT id FROM fed))
                       GROUP BY source_id) AS stock USING (id)
                 LEFT JOIN (
                      SELECT location_id AS id, array_agg(sku) FILTER (WHERE sku IS NOT NULL) AS skus,
                             COUNT(*) FILTER (WHERE is_counted) AS named
                        FROM level GROUP BY location_id) AS levels USING (id)""",
                fed=self.fed,
                levels=self._levels_sql(),
                quants=self._quants_sql(),
                others=self._others_sql(),
                account=self.account.id,
                sources=self.expected.source_ids,
                digits=unit_digits(self.env),
            )
        )
        return rows[0][0], rows[0][1], [row[2:] for row in rows]

    def find_missing(self):
        """Return the SKUs of products that are pushed and have no level in some source."""
        rows = self.env.execute_query(
            SQL(
                """WITH %(fed)s
               SELECT DISTINCT default_code
                 FROM fed CROSS JOIN unnest(%(sources)s::int[]) AS source(id)
                WHERE NOT EXISTS (
                      SELECT FROM extensiv_stock_level AS level
                       WHERE level.location_id = source.id AND level.product_id = fed.id
                         AND level.sku = fed.default_code)""",
                fed=self.fed,
                sources=self.expected.source_ids,
            )
        )
        return [sku for [sku] in rows]

    def _quants_sql(self):
        return SQL(
            "SELECT place.source_id, quant.product_id, %s, NULL::int FROM %s WHERE %s",
            self.stock.quantity_sql(),
            self.stock.quants_sql(),
            self.stock.owner_sql(),
        )

    def _levels_sql(self):
        """Return SQL for the levels: ``told`` is what they should be, -1 where the stock alone does not say it, and
        ``kept_back`` what buffers take off, once a product. ``sku`` is that of levels that are not compared here.
        """
        return SQL(
            """SELECT level.location_id, level.product_id,
                      CASE WHEN is_odd THEN -1 ELSE level.quantity END AS told,
                      CASE WHEN is_named THEN -buffer.quantity - COALESCE(fed.buffer, 0) ELSE 0 END AS kept_back,
                      CASE WHEN is_odd AND (level.product_id IS NOT NULL OR level.quantity <> 0 OR is_unsettled)
                           THEN level.sku END AS sku,
                      is_named AND NOT fed.to_order AS is_counted
                 FROM extensiv_stock_level AS level
                 JOIN unnest(%(sources)s::int[], %(buffers)s::numeric[]) AS buffer(id, quantity)
                      ON buffer.id = level.location_id
                 LEFT JOIN fed ON fed.id = level.product_id
                CROSS JOIN LATERAL (
                      SELECT COALESCE(fed.default_code = level.sku, FALSE) AS is_named,
                             COALESCE(level.unconfirmed OR level.zero_asked OR level.zero_allowed, FALSE)
                             OR level.refused_at IS NOT NULL OR level.held_at IS NOT NULL
                             OR level.pushed_at IS NULL OR %(again)s AS is_unsettled) AS each
                CROSS JOIN LATERAL (
                      SELECT NOT is_named OR is_unsettled OR fed.fixed IS NOT NULL OR fed.id = ANY (%(kits)s::int[])
                             AS is_odd) AS judged""",
            sources=self.expected.source_ids,
            buffers=[self.account.buffer_qty + source.buffer for source in self.expected.sources],
            again=SQL("DATE_TRUNC('second', level.pushed_at) <= %s", again)
            if (again := self.account.push_again_at)
            else SQL("FALSE"),
            kits=self.kits.ids,
        )

    def _others_sql(self):
        others = SQL("")
        if (owed := self.stock.others_sql()) is not None:
            others = SQL(" UNION ALL SELECT source_id, product_id, quantity::numeric, NULL FROM (%s) AS other", owed)
        if not self.taken:
            return others
        return SQL(
            """%s UNION ALL
               SELECT source_id, product_id, -quantity::numeric, NULL
                 FROM unnest(%s::int[], %s::int[], %s::float8[]) AS taken(source_id, product_id, quantity)""",
            others,
            [source for source, _product in self.taken],
            [product for _source, product in self.taken],
            list(self.taken.values()),
        )

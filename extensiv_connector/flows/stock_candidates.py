"""Which levels may be wrong, found by one aggregate over all stock and all known levels.

Known levels are further rows of the aggregate that sums up the stock: where a sum does not make what EIM was told,
under the product's own code, the exact query decides. So it does of levels of which more is to be said than that EIM
accepted them, of all other SKUs of products, and of kits.
"""

from odoo.tools import SQL

from .kit_levels import find_kits
from .made_to_order import made_to_order_sql
from .sku_choice import is_by_sku
from .sku_feed import pushed_products_sql
from .stock_levels import unit_digits
from .stock_scan import find_scope
from .stock_sources import OdooStock

# Where these are more than one in so many of the products, asking the exact query at once is quicker.
FEW = 4

# ``told`` is a level's quantity and a digest of its SKU in one number, for one aggregate costs less than two. Where a
# product has several levels in a source, also under SKUs that it lost, the bits of all of them make none of them.
CANDIDATES = """
WITH fed AS MATERIALIZED (
     SELECT id, %(told)s AS name, fixed, to_order, %(buffer)s + COALESCE(buffer, 0)::float8 AS buffer,
            id = ANY (%(kits)s::int[]) AS is_kit
       FROM (%(products)s) AS pushed
      WHERE BTRIM(default_code) <> ''),
   counted AS (
     SELECT source_id, product_id, SUM(quantity) AS quantity, BIT_OR(told) AS told
       FROM (%(stock)s
              UNION ALL
             SELECT location_id, product_id, NULL,
                    CASE WHEN %(unsettled)s THEN -1 ELSE quantity::bigint << 32 | %(told_level)s END
               FROM extensiv_stock_level AS level
              WHERE location_id = ANY (%(sources)s::int[]) AND product_id IS NOT NULL
            ) AS part(source_id, product_id, quantity, told)
      GROUP BY source_id, product_id),
   judged AS (
     SELECT source_id, product_id, fed.id IS NOT NULL AND told IS NOT NULL AND NOT fed.to_order AS has_level,
            CASE WHEN fed.id IS NULL THEN told IS NOT NULL
                 ELSE fed.is_kit OR told IS DISTINCT FROM (
                      COALESCE(fed.fixed, GREATEST(0, LEAST(2147483647, FLOOR(ROUND(
                          %(unit)s * (COALESCE(quantity, 0) - fed.buffer - %(kept_back)s)) / %(unit)s + 1e-9)
                      )))::bigint << 32 | name)
                 END AS is_candidate
       FROM counted LEFT JOIN fed ON fed.id = product_id)
SELECT (SELECT COUNT(*) FROM fed WHERE NOT to_order),
       ARRAY(SELECT sku FROM extensiv_sku_alias WHERE account_id = %(account)s),
       ARRAY(SELECT sku FROM extensiv_stock_level AS level
              WHERE location_id = ANY (%(sources)s::int[]) AND product_id IS NULL AND (quantity <> 0 OR %(unsettled)s)),
       source_id, array_agg(product_id) FILTER (WHERE is_candidate), COUNT(*) FILTER (WHERE has_level)
  FROM judged GROUP BY source_id
"""


def find_candidates(account, expected, scan, skus):
    """Return the ``Scope`` of the levels that may be wrong, None: of all.

    :param expected: the ``ExpectedLevels``
    :param scan: the ``StockScan`` that read what orders and moves will take
    :param skus: further SKUs that are to be among them
    """
    if is_by_sku(account):
        return None
    kits = find_kits(account)
    to_order = made_to_order_sql(account.env, account.company_id, expected.routes)
    fed = pushed_products_sql(account, kits.products, to_order, kits.untracked_ids)
    rows = account.env.execute_query(_candidates_sql(account, expected, scan, kits, fed))
    if not rows:
        return None
    count, aliased, unfed = rows[0][:3]
    skus = {*skus, *aliased, *unfed}
    products = set()
    for *_same, product_ids, _named in rows:
        products.update(product_ids or ())
    if len(rows) < len(expected.sources) or any(row[5] != count for row in rows):
        skus.update(_find_missing(account, expected, fed))
    if (len(products) + len(skus)) * FEW > count:
        return None
    return find_scope(account, expected.source_ids, products, skus)


def _candidates_sql(account, expected, scan, kits, fed):
    """Return SQL for what ``CANDIDATES`` says; the SQL ``fed`` selects the products that are pushed, ``kits`` too."""
    buffers = {source.id: source.buffer for source in expected.sources if source.buffer}
    again = account.push_again_at
    return SQL(
        CANDIDATES,
        products=fed,
        told=SQL("(hashtext(default_code)::bigint & 4294967295)"),
        told_level=SQL("(hashtext(sku)::bigint & 4294967295)"),
        buffer=account.buffer_qty,
        kits=kits.products.ids,
        stock=_stock_sql(account, expected, scan),
        unsettled=SQL(
            """(unconfirmed OR zero_asked OR zero_allowed OR refused_at IS NOT NULL OR held_at IS NOT NULL
                OR pushed_at IS NULL OR %s)""",
            SQL("DATE_TRUNC('second', pushed_at) <= %s", again) if again else SQL("FALSE"),
        ),
        sources=expected.source_ids,
        unit=10.0 ** unit_digits(account.env),
        kept_back=SQL(
            "CASE source_id %s ELSE 0 END",
            SQL(" ").join(SQL("WHEN %s THEN %s::float8", *each) for each in buffers.items()),
        )
        if buffers
        else SQL("0"),
        account=account.id,
    )


def _stock_sql(account, expected, scan):
    """Return SQL for the parts of what each source has of a product, and NULL."""
    stock = OdooStock(account, expected.sources, expected.until)
    others = [*scan.other_rows, *((*key, -quantity) for key, quantity in scan.taken_sums.items())]
    return SQL(
        """SELECT place.source_id, quant.product_id, (%s)::float8, NULL::bigint FROM %s WHERE %s
            UNION ALL
           SELECT source_id, product_id, quantity, NULL
             FROM unnest(%s::int[], %s::int[], %s::float8[]) AS other(source_id, product_id, quantity)""",
        stock.quantity_sql(),
        stock.quants_sql(),
        stock.owner_sql(),
        [source for source, _product, _quantity in others],
        [product for _source, product, _quantity in others],
        [quantity for _source, _product, quantity in others],
    )


def _find_missing(account, expected, fed):
    """Return the SKUs of the products that the SQL ``fed`` selects and that have no level in some source."""
    rows = account.env.execute_query(
        SQL(
            """SELECT DISTINCT default_code
                 FROM (%s) AS fed CROSS JOIN unnest(%s::int[]) AS source(id)
                WHERE BTRIM(default_code) <> '' AND NOT EXISTS (
                      SELECT FROM extensiv_stock_level AS level
                       WHERE level.location_id = source.id AND level.product_id = fed.id
                         AND level.sku = fed.default_code)""",
            fed,
            expected.source_ids,
        )
    )
    return [sku for [sku] in rows]

"""Which levels may be wrong, found by one aggregate over all stock and all known levels.

Known levels are further rows of the aggregate that sums up the stock: where their digest is not that of what the
product should be told under each of its SKUs, the exact query decides. So it does of levels of which more is to be said
than that EIM accepted them, and of SKUs that no product has any more.
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
# Each has columns of its own: a row for each product takes half the time that one for each of its sources does.
MOST_SOURCES = 8

# ``told`` is a digest of a level's SKU and quantity, or of those of all levels of a product in a source. A level that
# is to be looked at counts as 0, and so does one that is missing beside others.
CANDIDATES = """
SELECT COUNT(fed.id), array_agg(product_id) FILTER (WHERE %(is_candidate)s)
  FROM (SELECT product_id AS counted_id, %(sums)s
          FROM (%(stock)s
                 UNION ALL
                SELECT product_id, NULL, location_id,
                       CASE WHEN %(unsettled)s THEN 0
                            WHEN product_id IS NOT NULL OR quantity <> 0 THEN hashtextextended(sku, quantity) END
                  FROM extensiv_stock_level AS level
                 WHERE location_id = ANY (%(sources)s::int[])
               ) AS part(product_id, quantity, source_id, told)
         GROUP BY product_id) AS counted
  FULL JOIN (
       SELECT id, CASE WHEN BTRIM(default_code) <> '' THEN default_code END AS sku, aliases, factors, fixed, to_order,
              CASE WHEN aliases IS NOT NULL THEN (SELECT factor FROM uom_uom WHERE id = uom_id) END AS own_factor,
              %(buffer)s + COALESCE(buffer, 0)::float8 AS buffer %(made_columns)s
         FROM (%(products)s) AS pushed
         LEFT JOIN (SELECT product_id AS id, array_agg(alias.sku) AS aliases, array_agg(unit.factor) AS factors
                      FROM extensiv_sku_alias AS alias LEFT JOIN uom_uom AS unit ON unit.id = alias.uom_id
                     WHERE account_id = %(account)s AND alias.active GROUP BY 1) AS aliased USING (id)
         %(made)s
        WHERE BTRIM(default_code) <> '' OR aliases IS NOT NULL) AS fed ON fed.id = counted_id
 CROSS JOIN LATERAL (SELECT COALESCE(fed.id, counted_id)) AS either(product_id)
"""
# Whether there is one in a source. What needs no stock to be sold has no level before it has some.
IS_CANDIDATE = """
CASE WHEN fed.id IS NULL THEN %(told)s IS NOT NULL
     WHEN %(told)s IS NULL THEN NOT (to_order AND %(units)s <= 0)
     WHEN aliases IS NULL THEN %(told)s <> hashtextextended(sku, %(expected)s)
     ELSE %(told)s <> COALESCE(hashtextextended(sku, %(expected)s), 0) # (
          SELECT BIT_XOR(hashtextextended(alias.sku, %(expected_of_alias)s))
            FROM unnest(aliases, factors) AS alias(sku, factor))
     END"""


def find_candidates(account, expected, scan, skus):
    """Return the ``Scope`` of the levels that may be wrong, None: of all.

    :param expected: the ``ExpectedLevels``
    :param scan: the ``StockScan`` that read what orders and moves will take
    :param skus: further SKUs that are to be among them
    """
    if is_by_sku(account):
        return None
    kits = find_kits(account, expected.sources, expected.until, taken=scan.taken_sums)
    to_order = made_to_order_sql(account.env, account.company_id, expected.routes)
    fed = pushed_products_sql(account, kits.products, to_order, kits.untracked_ids)
    products = set()
    for first in range(0, len(expected.sources), MOST_SOURCES):
        sources = expected.sources[first : first + MOST_SOURCES]
        [[count, found]] = account.env.execute_query(_candidates_sql(account, sources, expected.until, scan, kits, fed))
        products.update(found or ())
    skus = set(skus)
    if None in products:
        products.remove(None)
        skus.update(_find_unfed(account, expected))
    if (len(products) + len(skus)) * FEW > count:
        return None
    return find_scope(account, expected.source_ids, products, skus)


def _candidates_sql(account, sources, until, scan, kits, fed):
    """Return SQL for what ``CANDIDATES`` says of ``sources``; the SQL ``fed`` selects the products that are pushed."""
    return SQL(
        CANDIDATES,
        is_candidate=SQL(" OR ").join(
            _is_candidate_sql(account.env, number, source, kits) for number, source in enumerate(sources)
        ),
        sums=SQL(", ").join(
            SQL(
                "SUM(quantity) FILTER (WHERE source_id = %(id)s) AS %(quantity)s,"
                " BIT_XOR(told) FILTER (WHERE source_id = %(id)s) AS %(told)s",
                id=source.id,
                quantity=_column("quantity", number),
                told=_column("told", number),
            )
            for number, source in enumerate(sources)
        ),
        stock=_stock_sql(account, sources, until, scan),
        unsettled=_unsettled_sql(account),
        sources=[source.id for source in sources],
        buffer=account.buffer_qty,
        products=fed,
        account=account.id,
        **_made_sql(sources, kits),
    )


def _is_candidate_sql(env, number, source, kits):
    """Return SQL for whether a product is to be looked at for what is told of it in the source of a ``number``."""
    unit = 10.0 ** unit_digits(env)
    quantity = _column("quantity", number)
    if kits.products:
        quantity = SQL("CASE WHEN is_kit THEN %s ELSE %s END", _column("made", number), quantity)
    units = SQL("ROUND(%s * (COALESCE(%s, 0) - fed.buffer - %s::float8))", unit, quantity, source.buffer)

    def expected(each):
        # As ``ExpectedLevels.sql`` says it.
        return SQL(
            "COALESCE(fixed, GREATEST(0, LEAST(2147483647, FLOOR(%s / (%s * %s) + 1e-9))))::bigint", units, unit, each
        )

    return SQL(
        IS_CANDIDATE,
        told=_column("told", number),
        units=units,
        expected=expected(SQL("1")),
        expected_of_alias=expected(SQL("COALESCE(alias.factor / own_factor, 1)::float8")),
    )


def _made_sql(sources, kits):
    """Return SQL for how many can be made of each kit in each source, and for joining it, where there are kits.

    A kit has no stock but that, whatever quants it may have.
    """
    if not kits.products:
        return {"made_columns": SQL(), "made": SQL()}
    columns = [_column("made", number) for number in range(len(sources))]
    ids = kits.products.ids
    return {
        "made_columns": SQL(", made.id IS NOT NULL AS is_kit, %s", SQL(", ").join(columns)),
        "made": SQL(
            "LEFT JOIN unnest(%s::int[], %s) AS made(id, %s) USING (id)",
            ids,
            SQL(", ").join(
                SQL("%s::float8[]", [kits.quantities.get((source.id, kit), 0.0) for kit in ids]) for source in sources
            ),
            SQL(", ").join(columns),
        ),
    }


def _column(name, number):
    """Return SQL for the column of the source of a ``number``."""
    return SQL.identifier(f"{name}_{number}")


def _unsettled_sql(account):
    """Return SQL for whether more is to be said of a level than that EIM accepted it, or that is to be told again."""
    again = account.push_again_at
    return SQL(
        """(unconfirmed OR zero_asked OR zero_allowed OR refused_at IS NOT NULL OR held_at IS NOT NULL
            OR pushed_at IS NULL OR %s)""",
        SQL("DATE_TRUNC('second', pushed_at) <= %s", again) if again else SQL("FALSE"),
    )


def _stock_sql(account, sources, until, scan):
    """Return SQL for the parts of what each source has of a product, and NULL.

    In this order of columns nothing is copied before it is added up.
    """
    stock = OdooStock(account, sources, until)
    ids = {source.id for source in sources}
    others = [
        (source, product, quantity)
        for source, product, quantity in (
            *scan.other_rows,
            *((*key, -quantity) for key, quantity in scan.taken_sums.items()),
        )
        if source in ids
    ]
    return SQL(
        """SELECT quant.product_id, (%s)::float8, place.source_id, NULL::bigint FROM %s WHERE %s
            UNION ALL
           SELECT product_id, quantity, source_id, NULL
             FROM unnest(%s::int[], %s::int[], %s::float8[]) AS other(source_id, product_id, quantity)""",
        stock.quantity_sql(),
        stock.quants_sql(),
        stock.owner_sql(),
        [source for source, _product, _quantity in others],
        [product for _source, product, _quantity in others],
        [quantity for _source, _product, quantity in others],
    )


def _find_unfed(account, expected):
    """Return the SKUs of levels that no product feeds, and that are not the zero that EIM accepted."""
    rows = account.env.execute_query(
        SQL(
            """SELECT sku FROM extensiv_stock_level AS level
                WHERE location_id = ANY (%s::int[]) AND product_id IS NULL AND (quantity <> 0 OR %s)""",
            expected.source_ids,
            _unsettled_sql(account),
        )
    )
    return [sku for [sku] in rows]

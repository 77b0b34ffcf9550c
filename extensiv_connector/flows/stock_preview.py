"""What the next push would make of EIM's levels, SKU by SKU, before anything is pushed."""

from dataclasses import dataclass
from datetime import timedelta

from odoo import fields
from odoo.fields import Domain
from odoo.tools import SQL

from .inventory_reading import InventoryReading
from .made_to_order import made_to_order_sql
from .owed import due_until
from .sku_feed import TOUCHED, left_alone_sql
from .stock_levels import ExpectedLevels
from .stock_sources import OdooStock
from .zero_stop import THIRD

# What the database's integers hold.
LARGEST = 2**31 - 1


def is_alarming(zeros, above):
    """Whether a third or more of ``above`` SKUs would become zero."""
    return zeros > 0 and zeros * THIRD >= above


@dataclass
class Counts:
    """What would become of one location's SKUs.

    :param above: above zero at EIM; one that is pushed and of which EIM's quantity is not known counts as above zero
    :param zero: those of them that would become 0
    :param unknown_zero: those of ``zero`` of which EIM's quantity is not known
    :param changed: would have another quantity, more than 0
    :param first: EIM has no such level yet, as far as is known
    :param unknown: would be pushed, and EIM's quantity is not known
    :param same: stay as they are
    :param foreign: only EIM knows them: not touched
    :param left: not touched because of the product: left alone or not chosen, or a SKU of several products
    """

    above: int = 0
    zero: int = 0
    unknown_zero: int = 0
    changed: int = 0
    first: int = 0
    unknown: int = 0
    same: int = 0
    foreign: int = 0
    left: int = 0

    @property
    def is_alarming(self):
        return is_alarming(self.zero, self.above)


class StockPreview:
    """EIM's levels beside what would be pushed, for the locations of one account.

    :param account: an ``extensiv.account``; one in a form counts with its settings as they stand there
    :param sources: the ``StockSource`` list to look at; without, that of every enabled location
    """

    def __init__(self, account, sources=None):
        company = account.company_id
        env = account.sudo().with_company(company).with_context(allowed_company_ids=company.ids).env
        self.env = env
        self.account = account.with_env(env)
        self.expected = ExpectedLevels(self.account, sources)
        self.placeless = self.expected.placeless_ids
        self.reading = InventoryReading()
        self.undecided = self.env["product.product"]
        self.undecided_skus = []

    def find_undecided(self):
        """Find the products without stock that come from the vendor or are made to order, and nobody decided about.

        Those that EIM was never told of are not pushed until somebody does, or until they hold stock.
        """
        products = self.undecided
        if not self.expected.sources or made_to_order_sql(products.env, self.account.company_id) is None:
            return
        found = products.search(
            Domain(products._check_company_domain(self.account.company_id))
            & Domain(
                [
                    ("sale_ok", "=", True),
                    ("is_storable", "=", True),
                    ("extensiv_stock_rule", "=", "push"),
                    ("extensiv_rule_chosen", "=", False),
                ]
            )
        )._extensiv_made_to_order()
        quantities = OdooStock(self.account, self.expected.sources).quantities(found)
        in_stock = {product for (_source, product), quantity in quantities.items() if quantity > 0}
        self.undecided = found.filtered(lambda product: product.id not in in_stock)
        aliases = products.env["extensiv.sku.alias"].search(
            [("account_id", "=", self.account.id), ("product_id", "in", self.undecided.ids)]
        )
        self.undecided_skus = [
            *((product.default_code, product.id) for product in self.undecided if (product.default_code or "").strip()),
            *((alias.sku, alias.product_id.id) for alias in aliases),
        ]
        # Of what has no SKU nothing is pushed, so there is nothing to decide.
        named = {product for _sku, product in self.undecided_skus}
        self.undecided = self.undecided.filtered(lambda product: product.id in named)

    def find_due_later(self):
        """Return the SKUs that would be pushed as 0 only because of what is due later than tomorrow, sorted."""
        soon = fields.Datetime.now() + timedelta(days=1)
        sources = self.expected.sources
        if not sources or self.account.quantity_basis != "promise":
            return []
        until = due_until(self.account)
        if until and until <= soon:
            return []
        rows = self.env.execute_query(
            SQL(
                """SELECT DISTINCT expected.sku
                     FROM (%s) AS expected JOIN (%s) AS soon USING (location_id, sku)
                    WHERE expected.quantity = 0 AND soon.quantity > 0
                      AND (NOT expected.shared OR expected.product_id IS NOT NULL)
                    ORDER BY expected.sku""",
                self.expected.sql(),
                ExpectedLevels(self.account, sources, until=soon).sql(),
            )
        )
        return [sku for [sku] in rows]

    # -- the comparison

    def counts(self):
        """Return ``{location id: Counts}`` of every location that has a SKU on either side."""
        if not self.expected.sources:
            return {}
        rows = self.env.execute_query(
            SQL(
                """SELECT location_id,
                      COUNT(*) FILTER (WHERE before > 0
                                          OR before IS NULL AND NOT is_read AND state IN ('zero', 'first')),
                      COUNT(*) FILTER (WHERE state = 'zero'),
                      COUNT(*) FILTER (WHERE state = 'zero' AND before IS NULL),
                      COUNT(*) FILTER (WHERE state = 'changed'),
                      COUNT(*) FILTER (WHERE state = 'first'),
                      COUNT(*) FILTER (WHERE state IN ('zero', 'first') AND before IS NULL AND NOT is_read),
                      COUNT(*) FILTER (WHERE state = 'same'),
                      COUNT(*) FILTER (WHERE state = 'foreign'),
                      COUNT(*) FILTER (WHERE state IN ('left', 'shared'))
                 FROM (%s) AS line GROUP BY location_id""",
                self._lines_sql(),
            )
        )
        return {location: Counts(*counts) for location, *counts in rows}

    def largest(self, limit):
        """Return ``[(location name, SKU, product id, accepted or None, quantity)]``, the largest changes first."""
        if not self.expected.sources:
            return []
        return self.env.execute_query(
            SQL(
                """SELECT location.name, line.sku, line.product_id, line.before, line.quantity
                 FROM (%s) AS line LEFT JOIN extensiv_location AS location ON location.id = line.location_id
                WHERE state IN ('zero', 'changed', 'first')
                ORDER BY ABS(change) DESC, state <> 'zero', sku, location_id LIMIT %s""",
                self._lines_sql(),
                limit,
            )
        )

    def store(self, preview):
        """Write every line as ``extensiv.stock.preview.line`` of ``preview``, the largest changes first, in one go."""
        if not self.expected.sources:
            return
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_stock_preview_line
                          (create_uid, create_date, preview_id, location_id, sku, product_id, is_listed, at_eim,
                           accepted, quantity, change, state, rank)
                   SELECT %(user)s, NOW() AT TIME ZONE 'UTC', %(preview)s, location_id, sku, product_id,
                          at_eim IS NOT NULL, at_eim, accepted, quantity, change, state,
                          ROW_NUMBER() OVER (ORDER BY ABS(change) DESC, state <> 'zero', sku, location_id)
                     FROM (%(lines)s) AS line""",
                user=preview.env.uid,
                preview=preview.id,
                lines=self._lines_sql(),
            )
        )

    def _lines_sql(self):
        """Return SQL for ``location_id, sku, product_id, is_read, at_eim, accepted, before, quantity, change, state``.

        ``before`` is what EIM has as far as is known, and ``quantity`` what it would have after the push; empty where
        nothing is known, or nothing fed.
        """
        return SQL(
            """SELECT location_id, sku, product_id, is_read, at_eim, accepted, before, quantity,
                      CASE WHEN is_told AND NOT is_left THEN COALESCE(quantity - COALESCE(before, 0), 0) ELSE 0
                           END AS change,
                      CASE WHEN is_left THEN 'left'
                           WHEN is_shared THEN 'shared'
                           WHEN quantity IS NULL THEN 'foreign'
                           WHEN NOT is_told OR before = quantity THEN 'same'
                           WHEN before IS NULL AND (is_read OR quantity > 0) THEN 'first'
                           WHEN quantity = 0 THEN 'zero'
                           ELSE 'changed' END AS state
                 FROM (%s) AS compared
                WHERE quantity IS NOT NULL OR is_shared OR at_eim IS NOT NULL""",
            self._compared_sql(),
        )

    def _compared_sql(self):
        """Return SQL that lays side by side what EIM has, what it accepted and what it should know."""
        at_eim = self._at_eim()
        return SQL(
            """WITH expected AS (%(expected)s),
                    left_alone AS (%(left_alone)s),
                    known AS (%(known)s),
                    remote AS (
                        SELECT * FROM unnest(%(locations)s::int[], %(skus)s::text[], %(quantities)s::int[])
                                   AS remote(location_id, sku, quantity)),
                    kept AS (
                        SELECT sku, MIN(product_id) AS product_id, BOOL_OR(is_chosen) AS is_chosen
                          FROM (SELECT sku, product_id, TRUE AS is_chosen FROM left_alone WHERE sku IS NOT NULL
                                 UNION ALL
                                SELECT undecided.*, FALSE
                                  FROM unnest(%(undecided_skus)s::text[], %(undecided)s::int[]) AS undecided) AS named
                         GROUP BY sku),
                    joined AS (
                        SELECT location_id, sku,
                               COALESCE(expected.product_id, kept.product_id, known.product_id) AS product_id,
                               remote.sku IS NOT NULL OR %(all)s AS is_read, remote.quantity AS at_eim, known.accepted,
                               expected.sku IS NOT NULL AS is_fed,
                               COALESCE(expected.shared AND expected.product_id IS NULL, FALSE) AS is_shared,
                               COALESCE(expected.quantity, 0) AS quantity,
                               known.accepted IS NULL OR known.is_unsure
                               OR known.accepted <> COALESCE(expected.quantity, 0) AS is_told,
                               COALESCE(known.zero_asked, FALSE) AS is_asked,
                               COALESCE(known.is_touched, FALSE) AS is_touched, kept.is_chosen,
                               kept.sku IS NOT NULL AS is_kept,
                               COALESCE(known.product_id IN (SELECT product_id FROM left_alone), FALSE) AS was_left
                          FROM expected
                          FULL JOIN known USING (location_id, sku)
                          FULL JOIN remote USING (location_id, sku)
                          LEFT JOIN kept USING (sku)),
                    judged AS (
                        SELECT *, NOT is_fed AND NOT is_asked AND CASE
                                  WHEN is_touched THEN COALESCE(is_chosen, FALSE) OR was_left
                                  ELSE is_kept OR was_left END AS is_left
                          FROM joined)
               SELECT location_id, sku, product_id, is_read, at_eim, accepted, is_shared, is_told, is_left,
                      CASE WHEN is_read THEN at_eim ELSE accepted END AS before,
                      CASE WHEN is_shared OR is_left THEN NULL WHEN is_fed THEN quantity
                           WHEN is_asked OR is_touched THEN 0 END AS quantity
                 FROM judged""",
            expected=self.expected.sql(),
            left_alone=left_alone_sql(self.account),
            known=self._known_sql(),
            locations=[location for location, _sku, _quantity in at_eim],
            skus=[sku for _location, sku, _quantity in at_eim],
            quantities=[quantity for _location, _sku, quantity in at_eim],
            all=self.reading.is_complete,
            undecided_skus=[sku for sku, _product in self.undecided_skus],
            undecided=[product for _sku, product in self.undecided_skus],
        )

    def _known_sql(self):
        """Return SQL for the levels of the locations, as far as EIM was told them or a person decided about them."""
        self.env["extensiv.stock.level"].flush_model()
        return SQL(
            """SELECT level.location_id, level.sku, level.product_id, level.zero_asked, %s AS is_touched,
                      level.unconfirmed OR level.refused_at IS NOT NULL AS is_unsure,
                      CASE WHEN level.pushed_at IS NOT NULL THEN level.quantity END AS accepted
                 FROM extensiv_stock_level AS level WHERE level.location_id = ANY (%s::int[])""",
            TOUCHED,
            self.expected.source_ids,
        )

    def _at_eim(self):
        """Return ``[(location id, SKU, quantity)]`` of what was read; None where EIM has the SKU, not this level."""
        locations = self.env["extensiv.location"].browse(self.expected.source_ids)
        names = {location.id: location.name for location in locations} if self.reading.items else {}
        quantities = {key: min(max(quantity, -LARGEST), LARGEST) for key, quantity in self.reading.quantities().items()}
        return [(id_, sku, quantities.get((name, sku))) for sku in self.reading.items for id_, name in names.items()]

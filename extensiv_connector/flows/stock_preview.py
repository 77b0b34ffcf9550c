"""What the next push would make of EIM's levels, SKU by SKU, before anything is pushed."""

from dataclasses import dataclass

from odoo.fields import Domain
from odoo.tools import SQL

from .inventory_reading import InventoryReading

# So large a part of what is above zero becoming zero is no sell-out: a person is asked.
ALARMING_PART = 3
# What the database's integers hold.
LARGEST = 2**31 - 1
# A setting may change so few levels without a word.
FEW = 5


def is_alarming(zeros, above):
    """Whether a third or more of ``above`` SKUs would become zero."""
    return zeros > 0 and zeros * ALARMING_PART >= above


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
    :param left: not touched because of the product: left alone, or a SKU of several products
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
    :param mappings: the ``Mapping`` list to look at; without, that of every enabled location
    """

    def __init__(self, account, mappings=None):
        company = account.company_id
        env = account.sudo().with_company(company).with_context(allowed_company_ids=company.ids).env
        self.Level = env["extensiv.stock.level"]
        self.account = account.with_env(env)
        if mappings is None:
            mappings = self.Level._mappings(self.account)
        # A mapping that counts no place is a mistake to be told, and pushes nothing.
        self.mappings = [mapping for mapping in mappings if mapping.places]
        self.placeless = [mapping.id for mapping in mappings if not mapping.places]
        self.reading = InventoryReading()
        self.undecided = self.Level.env["product.product"]

    def find_undecided(self):
        """Find the products without stock that come from the vendor or are made to order, and nobody decided about.

        Those that EIM was never told of are not pushed until somebody does, or until they hold stock.
        """
        if not self.mappings:
            return
        products = self.undecided
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
        quantities = self.Level._quantities(self.account, self.mappings, found)
        in_stock = {product for (_mapping, product), quantity in quantities.items() if quantity > 0}
        self.undecided = found.filtered(lambda product: product.id not in in_stock)

    # -- the comparison

    def counts(self):
        """Return ``{location id: Counts}`` of every location that has a SKU on either side."""
        if not self.mappings:
            return {}
        rows = self.Level.env.execute_query(
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
        if not self.mappings:
            return []
        return self.Level.env.execute_query(
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
        if not self.mappings:
            return
        self.Level.env.cr.execute(
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
        self.Level.flush_model()
        return SQL(
            """WITH wanted AS (%(wanted)s),
                    kept AS (%(kept)s),
                    known AS (
                        SELECT location_id, sku, product_id, unconfirmed OR refused_at IS NOT NULL AS is_unsure,
                               CASE WHEN pushed_at IS NOT NULL THEN quantity END AS accepted
                          FROM extensiv_stock_level WHERE location_id = ANY (%(mappings)s::int[])),
                    remote AS (
                        SELECT * FROM unnest(%(locations)s::int[], %(skus)s::text[], %(quantities)s::int[])
                                   AS remote(location_id, sku, quantity)),
                    joined AS (
                        SELECT location_id, sku,
                               COALESCE(wanted.product_id, kept.product_id, known.product_id) AS product_id,
                               remote.sku IS NOT NULL OR %(all)s AS is_read, remote.quantity AS at_eim,
                               known.sku IS NOT NULL AS is_known, known.accepted,
                               wanted.sku IS NOT NULL AS is_fed, COALESCE(wanted.shared, FALSE) AS is_shared,
                               COALESCE(wanted.quantity, 0) AS quantity,
                               known.accepted IS NULL OR known.is_unsure
                               OR known.accepted <> COALESCE(wanted.quantity, 0) AS is_told,
                               kept.sku IS NOT NULL AND COALESCE(wanted.product_id = kept.product_id, TRUE)
                               AND (kept.is_chosen OR known.sku IS NULL) AS is_left
                          FROM wanted FULL JOIN known USING (location_id, sku) FULL JOIN remote USING (location_id, sku)
                          LEFT JOIN kept USING (sku))
               SELECT location_id, sku, product_id, is_read, at_eim, accepted, is_shared, is_told, is_left,
                      CASE WHEN is_read THEN at_eim ELSE accepted END AS before,
                      CASE WHEN (is_fed OR is_known) AND NOT is_shared AND NOT is_left THEN quantity END AS quantity
                 FROM joined""",
            wanted=self.Level._wanted_sql(self.account, self.mappings),
            kept=self._kept_sql(),
            mappings=[mapping.id for mapping in self.mappings],
            locations=[location for location, _sku, _quantity in at_eim],
            skus=[sku for _location, sku, _quantity in at_eim],
            quantities=[quantity for _location, _sku, quantity in at_eim],
            all=self.reading.is_complete,
        )

    def _kept_sql(self):
        """Return SQL for ``sku, product_id, is_chosen`` of what is kept from EIM: by choice, or until there is one."""
        return SQL(
            """WITH product AS (
                    SELECT product.id, product.default_code, product.extensiv_push IS FALSE AS is_chosen
                      FROM product_product AS product
                      JOIN product_template AS template ON template.id = product.product_tmpl_id
                     WHERE product.active AND template.active
                       AND (product.extensiv_push IS FALSE OR product.id = ANY (%(undecided)s::int[]))
                       AND (template.company_id IS NULL OR template.company_id = ANY ((
                            SELECT string_to_array(RTRIM(parent_path, '/'), '/') FROM res_company
                             WHERE id = %(company)s)::int[])))
               SELECT sku, MIN(product_id) AS product_id, BOOL_OR(is_chosen) AS is_chosen
                 FROM (SELECT default_code AS sku, id AS product_id, is_chosen FROM product
                        WHERE BTRIM(default_code) <> ''
                        UNION ALL
                       SELECT alias.sku, product.id, product.is_chosen
                         FROM extensiv_sku_alias AS alias JOIN product ON product.id = alias.product_id
                        WHERE alias.account_id = %(account)s) AS named
                GROUP BY sku""",
            undecided=self.undecided.ids,
            company=self.account.company_id.id,
            account=self.account._origin.id or None,
        )

    def _at_eim(self):
        """Return ``[(location id, SKU, quantity)]`` of what was read; None where EIM has the SKU, not this level."""
        locations = self.Level.env["extensiv.location"].browse(mapping.id for mapping in self.mappings)
        names = {location.id: location.name for location in locations} if self.reading.items else {}
        quantities = {key: min(max(quantity, -LARGEST), LARGEST) for key, quantity in self.reading.quantities().items()}
        return [(id_, sku, quantities.get((name, sku))) for sku in self.reading.items for id_, name in names.items()]

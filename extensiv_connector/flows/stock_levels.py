"""What EIM should know: the expected quantity of every SKU in every mapped location, from Odoo's stock now.

The sources' stock (see ``stock_sources``), the kits, less what waiting orders will take (see ``stock_demand``) and the
buffers; rounded down to whole units, at least 0.
"""

from collections.abc import Iterable
from typing import NamedTuple

from odoo import fields
from odoo.tools import SQL

from .made_to_order import made_to_order_sql
from .sku_feed import TOUCHED, feed_sql, left_alone_sql
from .stock_demand import compute_corrections
from .stock_sources import OdooStock, StockSource, find_sources

# A hundred thousand SKUs are hashed in memory; the server's own setting is made for small questions. Of what the server
# allows for one large piece of work (maintenance_work_mem) no more is taken, for on a small machine there is no more.
# Passing rows from one worker to another costs less than its setting says, and a quarter of the time is won.
PLANNING = """
SELECT set_config('work_mem', GREATEST(pg_size_bytes(current_setting('work_mem')),
                                       LEAST(pg_size_bytes(current_setting('maintenance_work_mem')),
                                             pg_size_bytes('128MB'))) / 1024 || 'kB', TRUE),
       set_config('jit', 'off', TRUE), set_config('parallel_tuple_cost', '0.005', TRUE)"""
# Nobody waits for a pass, and others wait for the processors that it takes: of the database's it takes one. What it
# asks takes hardly longer so: where each product has a few rows, workers can add up next to nothing beforehand.
IN_BACKGROUND = ", set_config('max_parallel_workers_per_gather', '0', TRUE)"
# What is pushed first, see ``Change.urgency``.
ZERO, FELL, UNCONFIRMED, NEW, RISEN, REPEAT = range(6)


# SQL that says of a ``known`` level and the ``expected`` one how urgent the change is, whether it may take goods from
# sale that nobody confirmed (as ``zero_stop`` reads it), and why it is told.
DESCRIBED = SQL(
    """CASE
       WHEN COALESCE(expected.quantity, 0) = 0 AND (
            known.pushed_at IS NULL OR known.unconfirmed OR known.quantity > 0) THEN 0
       WHEN known.pushed_at IS NOT NULL AND known.quantity > expected.quantity THEN 1
       WHEN known.unconfirmed THEN 2
       WHEN known.pushed_at IS NULL THEN 3
       WHEN known.quantity < expected.quantity THEN 4
       ELSE 5
       END AS urgency,
       COALESCE(expected.quantity, 0) = 0 AND NOT COALESCE(known.zero_allowed OR known.zero_asked, FALSE) AND (
           known.pushed_at IS NULL OR known.quantity > 0 OR known.unconfirmed AND known.told_quantity > 0) AS is_loss,
       CASE
       WHEN known.zero_asked AND COALESCE(expected.quantity, 0) = 0 THEN 'zero'
       WHEN known.cause <> 'restated' OR known.cause IS NOT NULL AND known.quantity = COALESCE(expected.quantity, 0)
            THEN known.cause
       WHEN known.pushed_at IS NULL THEN 'first'
       WHEN known.unconfirmed AND known.refused_at IS NULL
            AND known.told_quantity = COALESCE(expected.quantity, 0) THEN 'repeated'
       WHEN known.quantity = COALESCE(expected.quantity, 0) THEN 'restated'
       END AS cause"""
)


class Change(NamedTuple):
    """A level that EIM does not know yet; ``product_id`` is empty where nothing feeds the SKU any more.

    ``urgency`` is ``ZERO``, ``FELL`` …, the smaller the earlier. ``cause`` is a key of the field ``cause`` of
    ``extensiv.stock.history``, empty where stock or a setting changed the quantity. ``unanswered`` is with how many
    levels at once EIM gave no usable answer to it (see ``unanswered``), 0: it did. ``unconfirmed``: EIM was told of it
    before, or may have been, and has not answered. ``on_hand`` is what lies
    there, reserved or not, in whole units.
    """

    location_id: int
    sku: str
    product_id: int | None
    quantity: int
    urgency: int = ZERO
    cause: str | None = None
    unanswered: int = 0
    unconfirmed: bool = False
    on_hand: int = 0

    @property
    def key(self):
        """The level: the location's ID and the SKU."""
        return self[:2]


class Scope(NamedTuple):
    """Of what levels are compared: of these SKUs, which no others than these products feed or can feed."""

    skus: list
    product_ids: list


class ExpectedLevels:
    """What EIM should know of the stock of an account.

    :param account: its settings decide, also where it is a form's record with changes that are not saved
    :param sources: where from; by default what the enabled locations are mapped to
    :param until: without what is due later (naive UTC); by default the account's own limit
    """

    def __init__(self, account, sources: Iterable[StockSource] | None = None, until=None):
        if sources is None:
            sources = find_sources(account)
        self.account = account
        self.env = account.env
        self.until = until
        # A source that counts no place is a mistake to be told: nothing is expected of it.
        self.sources = [source for source in sources if source.location_ids]
        self.placeless_ids = [source.id for source in sources if not source.location_ids]
        self.left_over = 0
        """How many changes ``find_changes`` left to a later pass."""
        self.notes = []
        """Sentences for a person on what was computed."""
        self.routes = None
        """What ``made_to_order.routes_sql`` says, where it was asked already."""
        self.others = None
        """What ``OdooStock.others_sql`` says, where it was asked already."""
        self.may_be_zero_elsewhere = True
        """Whether a person may have asked for zeros in locations whose stock is not pushed."""

    @property
    def source_ids(self):
        return [source.id for source in self.sources]

    # -- the difference

    def find_changes(self, limit=None, turns=(), scope=None, taken=None):
        """Compare what EIM should know with what it accepted.

        :param limit: how many changes are taken at most, the most urgent ones; by default all. Zeros of what EIM may
            hold above zero are all taken, for the safety stop counts them, and so is what a person decided about
            before EIM was told of it.
        :param turns: location ids in the order in which they have their turn among what is equally urgent; what
            cannot be pushed now, of other locations, comes last and is not ``left_over``
        :param scope: a ``Scope``: of these levels alone
        :param taken: what ``find_taken`` returned for the sources, where it was asked already
        :return: the ``Change`` list, the most urgent first, and ``[(location id, sku, id of the product that goes on
            feeding it, or None)]`` of SKUs that several products have
        """
        self.left_over = 0
        asked = self._find_zeros_asked_elsewhere(limit)
        if not self.sources or (scope and not scope.skus):
            return asked, []
        rows = self.env.execute_query(
            SQL(
                """WITH %(compared)s,
                    chosen AS (
                        (SELECT * FROM change WHERE shared OR is_loss OR is_noted)
                         UNION ALL
                        (SELECT * FROM change WHERE NOT (shared OR is_loss OR is_noted)
                          ORDER BY %(order)s LIMIT %(limit)s))
               SELECT location_id, sku, product_id, quantity, urgency, cause, unanswered, unconfirmed, on_hand, is_told,
                      shared, (SELECT COUNT(*) FROM change WHERE location_id = ANY (%(turns)s::int[]))
                 FROM chosen ORDER BY %(order)s""",
                compared=self._compared_sql(scope, taken),
                order=SQL(
                    """array_position(%(turns)s::int[], location_id) IS NULL, urgency, is_new,
                       array_position(%(turns)s::int[], location_id), product_id, sku COLLATE "C", location_id""",
                    turns=list(turns),
                ),
                turns=list(turns),
                limit=limit,
            )
        )
        if limit and rows:
            self.left_over += rows[0][11] - sum(row[0] in turns for row in rows)
        changes = [Change(*row[:9]) for row in rows if row[9]]
        return asked + changes, [row[:3] for row in rows if row[10]]

    def _compared_sql(self, scope, taken):
        """Return SQL for the WITH query ``change``: every level that EIM does not know, or not surely.

        What EIM gave no usable answer to is not told again before its time, unless there is something else to tell.
        """
        return SQL(
            """expected AS (%(expected)s),
                    known AS (
                        SELECT level.*, %(touched)s AS touched
                          FROM extensiv_stock_level AS level
                         WHERE location_id = ANY (%(sources)s::int[]) AND %(in_scope)s),
                    left_alone AS (%(left)s),
                    change AS (
               SELECT location_id, sku, expected.product_id, COALESCE(expected.quantity, 0) AS quantity,
                      COALESCE(expected.on_hand, 0) AS on_hand,
                      COALESCE(shared, FALSE) AS shared, COALESCE(known.unanswered, 0) AS unanswered,
                      COALESCE(known.unconfirmed, FALSE) AS unconfirmed,
                      known.pushed_at IS NULL AS is_new, NOT COALESCE(known.touched, TRUE) AS is_noted, %(described)s,
                      CASE WHEN expected.shared THEN expected.product_id IS NOT NULL AND %(differs)s ELSE TRUE END
                          AS is_told
                 FROM expected FULL JOIN known USING (location_id, sku)
                WHERE CASE WHEN expected.shared THEN TRUE ELSE %(differs)s END)""",
            expected=self.sql(*(scope or (None, None)), taken=taken),
            touched=TOUCHED,
            in_scope=SQL("sku = ANY (%s)", scope.skus) if scope else SQL("TRUE"),
            left=left_alone_sql(self.account),
            sources=self.source_ids,
            described=DESCRIBED,
            differs=self._differs_sql(),
        )

    def _differs_sql(self):
        """Return SQL for whether a level is to be told, by what is ``expected``, ``known`` and ``left_alone``."""
        return SQL(
            """CASE
                    WHEN known.id IS NULL THEN TRUE
                    WHEN expected.sku IS NULL AND known.zero_asked THEN
                         (known.refused_at IS NULL OR known.unconfirmed)
                         AND (known.next_try IS NULL OR known.next_try <= %(now)s)
                    WHEN expected.sku IS NULL AND (
                         NOT known.touched OR known.sku IN (SELECT sku FROM left_alone)
                         OR known.product_id IN (SELECT product_id FROM left_alone)) THEN FALSE
                    WHEN known.unconfirmed THEN
                         known.next_try IS NULL OR known.next_try <= %(now)s
                         OR known.told_quantity IS DISTINCT FROM COALESCE(expected.quantity, 0)
                    -- What a person decided of a zero that it is not any more is used up when EIM accepts another.
                    WHEN (known.zero_asked OR known.zero_allowed) AND known.refused_at IS NULL THEN TRUE
                    WHEN known.refused_at IS NULL THEN
                         known.quantity IS DISTINCT FROM COALESCE(expected.quantity, 0)
                         OR known.product_id IS DISTINCT FROM expected.product_id
                         OR DATE_TRUNC('second', known.pushed_at) <= %(again)s
                    ELSE known.refused_quantity IS DISTINCT FROM COALESCE(expected.quantity, 0)
                         OR known.product_id IS DISTINCT FROM expected.product_id
                         OR known.refused_at <= %(again)s
                         OR EXISTS (
                            SELECT FROM product_product AS product
                              JOIN product_template AS template ON template.id = product.product_tmpl_id
                             WHERE product.id = expected.product_id
                               AND GREATEST(product.write_date, template.write_date)
                                   > known.refused_at + INTERVAL '1 second')
                    END""",
            now=fields.Datetime.now(),
            again=self.account.push_again_at or fields.Datetime.to_datetime("1970-01-01"),
        )

    def _find_zeros_asked_elsewhere(self, limit):
        """Return the ``Change`` list of zeros that a person asked for in locations whose stock is not pushed."""
        rows = self.may_be_zero_elsewhere and self.env.execute_query(
            SQL(
                """SELECT level.location_id, level.sku, COALESCE(level.unanswered, 0),
                      COALESCE(level.unconfirmed, FALSE), COUNT(*) OVER ()
                 FROM extensiv_stock_level AS level JOIN extensiv_location AS location ON location.id = location_id
                WHERE level.zero_asked AND location.account_id = %s AND NOT COALESCE(location.push_enabled, FALSE)
                  AND NOT location.id = ANY (%s::int[]) AND (level.refused_at IS NULL OR level.unconfirmed)
                  AND (level.next_try IS NULL OR level.next_try <= %s)
                ORDER BY level.id LIMIT %s""",
                self.account.id,
                self.source_ids,
                fields.Datetime.now(),
                limit,
            )
        )
        if rows:
            self.left_over += rows[0][4] - len(rows)
        return [
            Change(location, sku, None, 0, ZERO, "zero", unanswered, unconfirmed)
            for location, sku, unanswered, unconfirmed, _count in rows or ()
        ]

    # -- what is expected

    def sql(self, skus=None, product_ids=None, taken=None):
        """Return SQL for ``location_id, sku, product_id, shared, quantity, on_hand``: what EIM should know, in whole
        units.

        Of a SKU that several products have, ``shared``, it is the stock of the one that fed it before; ``product_id``
        is NULL where none did: then nothing is expected. What needs no stock to be sold is not among it before it has
        some, unless somebody chose to push it. There must be a source.

        :param skus: of these alone, if given
        :param product_ids: none but these products feed the ``skus``, where that is known
        :param taken: what ``find_taken`` returned for the sources, where it was asked already
        """
        products = None
        if product_ids is None:
            plan_for_many(self.env)
        else:
            products = self.env["product.product"].browse(product_ids)
        corrections = compute_corrections(self.account, self.sources, self.until, product_ids, taken)
        self.notes = corrections.notes
        to_order = made_to_order_sql(self.env, self.account.company_id, self.routes)
        expected = SQL(
            """WITH stock AS (%(stock)s),
                    feed AS (%(feed)s)
               SELECT source.id AS location_id, feed.sku, feed.product_id, feed.shared,
                      -- What is a whole pack in binary fractions must not fall short of it.
                      COALESCE(feed.fixed, GREATEST(0, LEAST(2147483647, FLOOR(ROUND(
                          %(unit)s * (%(quantity)s - feed.buffer - source.buffer))
                          / (%(unit)s * feed.units) + 1e-9)))::int) AS quantity,
                      COALESCE(feed.fixed, GREATEST(0, LEAST(2147483647, FLOOR(ROUND(
                          %(unit)s * %(on_hand)s) / (%(unit)s * feed.units) + 1e-9)))::int) AS on_hand,
                      feed.to_order
                 FROM feed
                CROSS JOIN unnest(%(sources)s::int[], %(buffers)s::float8[]) AS source(id, buffer)
                 LEFT JOIN stock ON stock.source_id = source.id AND stock.product_id = feed.product_id
                 %(corrections)s""",
            stock=OdooStock(self.account, self.sources, self.until, self.others).sql(products),
            feed=feed_sql(
                self.account, corrections.kits, skus, to_order=to_order, untracked_ids=corrections.untracked_ids
            ),
            **_corrected_sql(corrections),
            sources=self.source_ids,
            buffers=[source.buffer for source in self.sources],
            unit=10.0 ** unit_digits(self.env),
        )
        if to_order is None:
            return expected
        return SQL(
            """SELECT location_id, sku, product_id, shared, quantity, on_hand FROM (%(expected)s) AS expected
                WHERE NOT (to_order AND quantity = 0 AND NOT EXISTS (
                      SELECT FROM extensiv_stock_level AS level
                       WHERE level.location_id = expected.location_id AND level.sku = expected.sku AND %(touched)s))""",
            expected=expected,
            touched=TOUCHED,
        )


def plan_for_many(env, in_background=False):
    """Have the database plan the transaction's queries for a hundred thousand SKUs, as far as the server allows it.

    :param in_background: nobody waits for them
    """
    env.cr.execute(plan_sql(in_background))


def plan_sql(in_background=False):
    """Return the statement of ``plan_for_many``, which may stand before another in one question."""
    # As in a savepoint, in one question: what is not allowed undoes nothing.
    planning = PLANNING + (IN_BACKGROUND if in_background else "")
    block = f"BEGIN EXECUTE $planning${planning}$planning$; EXCEPTION WHEN OTHERS THEN NULL; END"
    return SQL("DO %s", block)


def _corrected_sql(corrections):
    """Return SQL for the stock with ``Corrections``, and for joining them; both cost time, and are seldom needed.

    A kit has no stock but its correction, whatever quants it may have.
    """
    stock = SQL("COALESCE(stock.quantity, 0)::float8")
    on_hand = SQL("COALESCE(stock.on_hand, 0)::float8")
    if not corrections.quantities:
        return {"quantity": stock, "on_hand": on_hand, "corrections": SQL("")}
    if kits := corrections.kits:
        stock = SQL("CASE WHEN feed.product_id = ANY (%s) THEN 0 ELSE %s END", kits.ids, stock)
        on_hand = SQL(
            "CASE WHEN feed.product_id = ANY (%s) THEN COALESCE(correction.on_hand, 0) ELSE %s END", kits.ids, on_hand
        )
    return {
        "quantity": SQL("(%s + COALESCE(correction.quantity, 0))", stock),
        "on_hand": on_hand,
        "corrections": SQL(
            """LEFT JOIN unnest(%s::int[], %s::int[], %s::float8[], %s::float8[])
                         AS correction(source_id, product_id, quantity, on_hand)
                      ON correction.source_id = source.id AND correction.product_id = feed.product_id""",
            [source for source, _product in corrections.quantities],
            [product for _source, product in corrections.quantities],
            list(corrections.quantities.values()),
            [corrections.on_hand.get(key, 0.0) for key in corrections.quantities],
        ),
    }


def unit_digits(env):
    """Return the decimals of quantities."""
    return env["decimal.precision"].precision_get("Product Unit")


def find_locations_to_empty(account):
    """Return the locations with levels that a person set to zero."""
    rows = account.env.execute_query(
        SQL(
            "SELECT DISTINCT location_id FROM extensiv_stock_level WHERE zero_asked AND location_id = ANY (%s)",
            account.location_ids.ids,
        )
    )
    return account.location_ids.browse([location for [location] in rows])

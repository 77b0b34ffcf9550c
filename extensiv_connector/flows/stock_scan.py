"""Which products and SKUs may have another level than when a pass compared them last.

What was written since is known by the transaction that wrote a row (``xmin``): whatever the clock says, whichever
statement of Odoo's it was, and nobody's transaction does more for it. What is gone, and what is owed, is known by
digests kept from pass to pass, sums over groups of products: where one is another, all of its group are looked at.
"""

import zlib
from typing import NamedTuple

from odoo.tools import SQL

from .kits import using_sql
from .owed import due_until
from .sku_choice import is_by_sku
from .stock_demand import Taken, find_taken, sum_taken
from .stock_levels import Scope
from .stock_sources import OdooStock

# A product's group is what its ID leaves over: of a hundred thousand products, a dozen.
GROUPS = 8192
# Where more groups, or SKUs, are to be looked at, comparing everything is quicker.
MOST_GROUPS = GROUPS // 4
MOST_SKUS = 30_000
# All kinds of what is read come in rows of these columns.
COLUMNS = {
    "source": "int",
    "product": "int",
    "quantity": "float8",
    "digest": "bigint",
    "product_ids": "int[]",
    "quants": "int[]",
    "skus": "text[]",
}


def snapshot_sql():
    """Return SQL for the oldest transaction (``xid8``) whose writes this one may not see."""
    return SQL("pg_snapshot_xmin(pg_current_snapshot())")


class Quants(NamedTuple):
    """The quants there were: the latest, and for each group of products a digest of their numbers."""

    last_id: int
    digests: list


class StockScan:
    """What is seen of an account's stock in one pass, and what of it is new.

    :param expected: the ``ExpectedLevels``
    :param last: the ``LastScan`` with which this is compared, or None
    :param now: this moment (naive UTC)
    """

    def __init__(self, account, expected, last, now):
        self.account = account
        self.env = account.env
        self.expected = expected
        self.last = last
        self.now = now
        self.quants = last and last.quants
        """The ``Quants`` there are."""
        self.other_rows = []
        """``[(source id, product id, quantity)]`` of what is owed, or on its way."""
        self.others = {}
        """``{group of products: digest}`` of what is owed, or on its way, and of aliases."""
        self.waiting = None
        """A digest of the orders that reserve nothing yet, and of the aliases that their lines may name."""
        self.taken = []
        """What these orders will take, ``Taken`` tuples."""
        self.taken_sums = {}
        self.product_ids = set()
        self.groups = set()
        self.skus = set()

    def look(self, full):
        """Read what there is.

        :param full: without looking for what changed, for everything is compared
        """
        self.env.flush_all()
        rows = self.env.execute_query(SQL(" UNION ALL ").join(self._parts(full)))
        is_matched_anew = full
        has_lost_quants = not self.quants
        waiting = [0, 0]
        for kind, source, product, quantity, digest, product_ids, quants, skus in rows:
            self.product_ids.update(product_ids or ())
            self.skus.update(skus or ())
            if kind == "others":
                self.other_rows.append((source, product, quantity))
                self._add_other(product, zlib.crc32(f"{source}/{product}/{quantity}".encode()))
            elif kind == "aliases":
                self._add_other(product, digest)
                waiting[0] += digest
            elif kind == "waiting":
                waiting[1] = digest
            elif kind == "products":
                is_matched_anew = is_matched_anew or bool(product_ids)
            elif kind == "quants":
                has_lost_quants = not self._take_quants(digest or 0, quants or ())
        self.waiting = repr(waiting)
        if has_lost_quants:
            self._read_quants_by_group()
        if not full:
            others = self.last.others
            self.groups.update(
                int(group) for group in {*self.others, *others} if self.others.get(group) != others.get(group)
            )
        self.expected.others = self.other_rows
        self._read_taken(is_matched_anew)

    def _parts(self, full):
        """Return SQL for each kind of what is read, see ``COLUMNS``."""
        parts = [self._aliases_sql(), self._waiting_sql()]
        others = OdooStock(self.account, self.expected.sources, self.expected.until).others_sql()
        if others is not None:
            parts.append(
                _part(
                    "others",
                    SQL("FROM (%s) AS other", others),
                    source=SQL("source_id"),
                    product=SQL("product_id"),
                    quantity=SQL("quantity"),
                )
            )
        if not full:
            parts += [self._products_sql(), self._levels_sql(), self._quants_sql()]
            if is_by_sku(self.account):
                parts.append(self._known_sql())
        return parts

    def _add_other(self, product, digest):
        group = str(product % GROUPS)
        self.others[group] = self.others.get(group, 0) + digest

    def find_scope(self):
        """Return the ``Scope`` of what may have changed, None where that is too much to be looked at by itself."""
        self.skus.update(self.last.watched_skus)
        if len(self.groups) > MOST_GROUPS:
            return None
        product_ids = self.product_ids
        if self.groups:
            rows = self.env.execute_query(
                SQL("SELECT id FROM product_product WHERE id %% %s = ANY (%s)", GROUPS, list(self.groups))
            )
            product_ids = product_ids.union(product for [product] in rows)
        return find_scope(self.account, self.expected.source_ids, product_ids, self.skus)

    # -- the quants

    def _quants_sql(self):
        """Return SQL for which quants were written since, and for whether others are gone.

        There may be a million of them: of each no more is asked than that. Which products lost some takes twice the
        time, and is asked where some did.
        """
        return _part(
            "quants",
            SQL("FROM stock_quant AS quant"),
            digest=SQL("SUM(hashint4(id))"),
            quants=SQL(
                "array_agg(ARRAY[id, product_id, hashint4(id)]) FILTER (WHERE %s)", self._is_quant_changed_sql()
            ),
        )

    def _take_quants(self, digest, quants):
        """Take down the quants that there are, unless some are gone; return whether none is.

        Those that came meanwhile have later numbers, and are among those that were written.

        :param digest: of all that there are
        :param quants: ``[(id, product id, digest)]`` of those that were written since
        """
        last = self.quants
        self.product_ids.update(product for _id, product, _digest in quants)
        new = [quant for quant in quants if quant[0] > last.last_id]
        if digest - sum(of_one for _id, _product, of_one in new) != sum(last.digests):
            return False
        if new:
            digests = list(last.digests)
            for _id, product, of_one in new:
                digests[product % GROUPS] += of_one
            self.quants = Quants(max(new)[0], digests)
        return True

    def _read_quants_by_group(self):
        last = self.quants
        rows = self.env.execute_query(
            SQL(
                """SELECT product_id %% %(groups)s, SUM(hashint4(id)), SUM(hashint4(id)) FILTER (WHERE id <= %(last)s),
                          MAX(id)
                     FROM stock_quant GROUP BY 1""",
                groups=GROUPS,
                last=last.last_id if last else 0,
            )
        )
        digests = [0] * GROUPS
        left = [0] * GROUPS
        for group, digest, digest_left, _last_id in rows:
            digests[group] = int(digest)
            left[group] = int(digest_left or 0)
        if last:
            self.groups.update(group for group in range(GROUPS) if left[group] != last.digests[group])
        self.quants = Quants(max((row[3] for row in rows), default=0), digests)

    def _is_quant_changed_sql(self):
        """Return SQL for whether a ``quant`` was written since, wherever it is, or reached its removal date."""
        changed = SQL("age(quant.xmin) <= %s", self._age_sql(self.last.snapshot))
        if "removal_date" not in self.env["stock.quant"]._fields:
            return changed
        return SQL(
            "%s OR quant.removal_date > %s AND quant.removal_date <= %s", changed, self.last.scanned_at, self.now
        )

    # -- the waiting orders

    def _read_taken(self, is_matched_anew):
        """Read what waiting orders will take; anew only where they, or what they are matched with, changed.

        Where time limits what counts, that is anew in each pass.
        """
        if not self.account.subtract_waiting:
            pass
        elif is_matched_anew or due_until(self.account) or self.waiting != self.last.waiting:
            self.taken = find_taken(self.account, self.expected.sources, self.expected.until)
            self.taken_sums = sum_taken(self.taken)
        else:
            self.taken_sums = self.last.taken
            self.taken = [Taken(*key, quantity, None) for key, quantity in self.taken_sums.items()]
        if self.last:
            taken = self.taken_sums
            before = self.last.taken
            self.product_ids.update(key[1] for key in {*taken, *before} if taken.get(key) != before.get(key))

    # -- everything else

    def _age_sql(self, snapshot):
        return SQL("(SELECT age(%s::text::xid8::xid))", snapshot)

    def _aliases_sql(self):
        return _part(
            "aliases",
            SQL("FROM extensiv_sku_alias AS alias WHERE account_id = %s GROUP BY product_id", self.account.id),
            product=SQL("product_id"),
            digest=SQL("SUM(hashtext(alias::text))"),
        )

    def _products_sql(self):
        age = self._age_sql(self.last.snapshot)
        return _part(
            "products",
            SQL(
                """FROM (SELECT id FROM product_product WHERE age(xmin) <= %s
                          UNION
                         SELECT product.id FROM product_template AS template
                           JOIN product_product AS product ON product.product_tmpl_id = template.id
                          WHERE age(template.xmin) <= %s) AS changed""",
                age,
                age,
            ),
            product_ids=SQL("array_agg(id)"),
        )

    def _levels_sql(self):
        """Return SQL for the levels that were written since, but for those that EIM accepted in the last pass.

        What a pass wrote itself, of the stock of ``read_at``, it has compared; what is more to be said of a level is
        among the SKUs that are watched.
        """
        return _part(
            "levels",
            SQL(
                """FROM extensiv_stock_level
                  WHERE age(xmin) <= %s AND (age(xmin) <= %s OR pushed_at IS DISTINCT FROM %s)
                    AND location_id = ANY (%s::int[])""",
                self._age_sql(self.last.snapshot),
                self._age_sql(self.last.levels_snapshot),
                self.last.read_at,
                self.expected.source_ids,
            ),
            skus=SQL("array_agg(DISTINCT sku)"),
        )

    def _known_sql(self):
        """Return SQL for the SKUs that EIM was seen to use since."""
        return _part(
            "known",
            SQL(
                "FROM extensiv_known_sku WHERE account_id = %s AND age(xmin) <= %s",
                self.account.id,
                self._age_sql(self.last.snapshot),
            ),
            skus=SQL("array_agg(sku)"),
        )

    def _waiting_sql(self):
        """Return SQL for a digest of the orders that reserve nothing yet, and of the codes their lines may name, but
        for the account's own aliases.
        """
        if not self.account.subtract_waiting:
            return _part("waiting", SQL())
        routes = self.env["sale.order.line"]._fields["route_ids"]
        waiting = SQL(
            """FROM (
                      SELECT hashtext(concat_ws('/', id, account_id, state, cart_id, acknowledged_at, create_date,
                                                is_shipped_already, payload))
                        FROM extensiv_order WHERE state IN ('received', 'failed')
                       UNION ALL
                      SELECT hashtext(concat_ws('/', line::text, sale.state, sale.warehouse_id, sale.commitment_date,
                                                sale.extensiv_is_fulfilled_elsewhere, received.account_id,
                                                received.acknowledged_at, received.is_shipped_already,
                                                ARRAY(SELECT link.%(route)s FROM %(routes)s AS link
                                                       WHERE link.%(line)s = line.id ORDER BY 1)))
                        FROM sale_order AS sale
                        JOIN extensiv_order AS received ON received.id = sale.extensiv_order_id
                        JOIN sale_order_line AS line ON line.order_id = sale.id
                       WHERE sale.state IN ('draft', 'sent')
                       UNION ALL
                      SELECT hashtext(code::text) FROM product_uom AS code
                       UNION ALL
                      SELECT hashtext(alias::text) FROM extensiv_sku_alias AS alias WHERE account_id <> %(account)s
                       UNION ALL
                      -- Of two products with one code, one may be deleted.
                      SELECT COUNT(*)::int FROM product_product) AS each(digest)""",
            account=self.account.id,
            routes=SQL.identifier(routes.relation),
            line=SQL.identifier(routes.column1),
            route=SQL.identifier(routes.column2),
        )
        return _part("waiting", waiting, digest=SQL("COALESCE(SUM(digest), 0) + COUNT(*)"))


def _part(kind, rows, **columns):
    """Return SQL for a ``kind`` of what is read.

    :param rows: SQL for where from
    :param columns: ``{name: SQL}`` of those of ``COLUMNS`` that this kind has
    """
    return SQL(
        "SELECT %s, %s %s",
        kind,
        SQL(", ").join(
            SQL("(%s)::%s", columns.get(name, SQL("NULL")), SQL(column_type)) for name, column_type in COLUMNS.items()
        ),
        rows,
    )


def find_scope(account, source_ids, product_ids, skus):
    """Return the ``Scope`` of what products feed, or are part of, and of further SKUs; None: that is too much."""
    if not product_ids and not skus:
        return Scope([], [])
    [[skus, product_ids]] = account.env.execute_query(
        SQL(
            """WITH part AS MATERIALIZED (SELECT id FROM (%(products)s) AS using_them),
                asked AS MATERIALIZED (
                     SELECT unnest(%(skus)s::text[]) AS sku
                      UNION
                     SELECT default_code FROM product_product JOIN part USING (id) WHERE default_code IS NOT NULL
                      UNION
                     SELECT sku FROM extensiv_sku_alias AS alias JOIN part ON part.id = alias.product_id
                      WHERE alias.account_id = %(account)s
                      UNION
                     SELECT sku FROM extensiv_stock_level AS level JOIN part ON part.id = level.product_id
                      WHERE level.location_id = ANY (%(sources)s::int[]))
               SELECT ARRAY(SELECT sku FROM asked),
                      ARRAY(SELECT product.id FROM asked JOIN product_product AS product ON default_code = sku
                             UNION
                            SELECT product_id FROM asked JOIN extensiv_sku_alias AS alias USING (sku)
                             WHERE alias.account_id = %(account)s)""",
            products=using_sql(account.env, account.company_id, list(product_ids)),
            skus=list(skus),
            account=account.id,
            sources=list(source_ids),
        )
    )
    return Scope(skus, product_ids) if len(skus) <= MOST_SKUS else None


def find_watched(account, source_ids, scope):
    """Return the SKUs of levels of which more is to be said than that EIM accepted them: each pass looks at them.

    :param scope: the ``Scope`` in which all of these are, or None
    """
    [[skus]] = account.env.execute_query(
        SQL(
            """SELECT array_agg(DISTINCT sku) FROM extensiv_stock_level
                WHERE location_id = ANY (%s::int[]) AND %s AND (
                      unconfirmed OR zero_asked OR zero_allowed OR refused_at IS NOT NULL OR held_at IS NOT NULL
                      OR pushed_at IS NULL OR product_id IS NULL AND quantity <> 0)""",
            list(source_ids),
            SQL("sku = ANY (%s)", scope.skus) if scope else SQL("TRUE"),
        )
    )
    return set(skus or ())

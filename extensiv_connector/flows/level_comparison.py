"""What EIM holds beside what it accepted, level by level: where the two differ, and what explains it."""

from collections.abc import Iterable
from typing import NamedTuple

from odoo.tools import SQL

from .languages import all_translated, translated
from .restating import PUSHED_TO, SETTLED
from .sku_feed import left_alone_sql
from .sku_learning import learn_list
from .stock_levels import ExpectedLevels

# So many sentences on entries that could not be read are kept.
KEPT_SENTENCES = 20


class PushesBefore(NamedTuple):
    """What was known of the passes that push stock before EIM was asked: the newest, and since when it was at work."""

    last_run_id: int
    since: object


class LevelComparison:
    """One comparison, which an ``extensiv.compare`` remembers over as many passes, or clicks, as it takes.

    EIM is read by whoever calls this; each part of it is taken down by itself. Every level that was seen becomes a line
    until all are read, so that it is known which EIM does not list; then those that differ stay.

    :param compare: the record, as superuser
    """

    def __init__(self, compare):
        company = compare.account_id.company_id
        self.compare = compare.with_company(company).with_context(allowed_company_ids=company.ids)
        self.account = self.compare.account_id
        self.env = self.compare.env
        self.expected = ExpectedLevels(self.account)

    def find_locations(self):
        """Return the locations that are compared: those that are pushed to, and that EIM is known to have."""
        sources = set(self.expected.source_ids)
        return self.account.location_ids.filtered(
            lambda location: location.id in sources and location.read_back_state in PUSHED_TO
        )

    # -- what is pushed meanwhile

    def find_pushes(self):
        """Return the ``PushesBefore`` of this moment, to be asked for before EIM is."""
        rows = self.env.execute_query(
            SQL(
                """SELECT id, CASE WHEN state = 'running' THEN started_at END FROM extensiv_run
                WHERE account_id = %s AND flow = 'inventory' ORDER BY id DESC LIMIT 1""",
                self.account.id,
            )
        )
        return PushesBefore(*(rows[0] if rows else (0, None)))

    def _find_pushed_since(self, before):
        """Return the moment as of which levels may have been told while EIM answered, None: none were."""
        [[since]] = self.env.execute_query(
            SQL(
                """SELECT LEAST(%s::timestamp, MIN(started_at)) FROM extensiv_run
                WHERE account_id = %s AND flow = 'inventory' AND id > %s""",
                before.since,
                self.account.id,
                before.last_run_id,
            )
        )
        return since

    # -- taking down what was read

    def begin(self):
        """Note as of when levels are compared: later ones EIM may have been told after it was read."""
        before = self.find_pushes()
        self.compare.flush_recordset()
        self.env.cr.execute(
            SQL(
                "UPDATE extensiv_compare SET since = COALESCE(%s, clock_timestamp() AT TIME ZONE 'UTC') WHERE id = %s",
                before.since,
                self.compare.id,
            )
        )
        self.compare.invalidate_recordset(["since"])

    def take_levels(self, reading, before):
        """Take down an ``InventoryReading``; once it is over, what EIM does not list, too.

        :param before: the ``PushesBefore`` of when EIM was asked
        """
        compare = self.compare
        locations = self.find_locations()
        learn_list(compare.account_id, reading.items.values())
        if reading.items and locations:
            self._take_items(list(reading.items.values()), locations, self._find_pushed_since(before))
        compare.read_count += len(reading.items)
        self._say(all_translated(self.compare.env, reading.unreadable))
        compare.place = reading.place or compare.place
        compare.state = "reading"
        if reading.is_over:
            self._end_levels(reading, locations)

    def _take_items(self, items, locations, pushed_since):
        """Make a line of each level that EIM listed, of SKUs that were pushed from here."""
        compare = self.compare
        names = {location.name: location.id for location in locations}
        known = {
            sku
            for [sku] in self.env.execute_query(
                SQL(
                    "SELECT DISTINCT sku FROM extensiv_stock_level WHERE location_id = ANY (%s) AND sku = ANY (%s)",
                    locations.ids,
                    [item.sku for item in items],
                )
            )
        }
        compare.foreign_count += sum(item.sku not in known for item in items)
        seen = set(compare.seen_location_ids or [])
        rows = []
        for item in items:
            there = {names[at.location]: float(at.qty_available or 0) for at in item.levels if at.location in names}
            seen |= there.keys()
            if item.sku not in known:
                continue
            deducted = self._find_deducted(item)
            compare.deducted_count += bool(deducted)
            compare.deducted_quantity += deducted
            rows += [(location, item.sku, there.get(location, 0), deducted) for location in locations.ids]
        compare.seen_location_ids = sorted(seen)
        if rows:
            self._insert_lines(rows, pushed_since)

    @staticmethod
    def _find_deducted(item):
        """Return what EIM takes off the sum of a SKU.

        *Inferred*: it shows by location what it was told, and takes recent orders off the sum above.
        """
        if not item.levels or item.qty_available is None:
            return 0.0
        return float(max(0, sum(at.qty_available or 0 for at in item.levels) - item.qty_available))

    def _insert_lines(self, rows, pushed_since):
        """Insert lines.

        :param rows: ``(location id, SKU, quantity at EIM, units that EIM takes off the SKU's sum)``
        """
        locations, skus, remote, deducted = map(list, zip(*rows, strict=True))
        self._insert(
            SQL(
                """SELECT level.id, level.quantity, held.remote, held.deducted, TRUE AS is_listed,
                          %(comparable)s AND (%(since)s::timestamp IS NULL OR level.pushed_at < %(since)s::timestamp)
                          AS is_compared
                     FROM unnest(%(locations)s::int[], %(skus)s::text[], %(remote)s::float8[], %(deducted)s::float8[])
                          AS held(location_id, sku, remote, deducted)
                     JOIN extensiv_stock_level AS level USING (location_id, sku)""",
                comparable=self._comparable_sql(),
                since=pushed_since,
                locations=locations,
                skus=skus,
                remote=remote,
                deducted=deducted,
            )
        )

    def _insert_missing(self, locations):
        """Make a line of each level above zero that EIM did not list at all."""
        self._insert(
            SQL(
                """SELECT level.id, level.quantity, 0 AS remote, 0 AS deducted, FALSE AS is_listed, TRUE AS is_compared
                     FROM extensiv_stock_level AS level
                    WHERE level.location_id = ANY (%s) AND level.quantity <> 0 AND level.pushed_at < %s AND %s""",
                locations.ids,
                self.compare.since,
                self._comparable_sql(),
            )
        )

    def _comparable_sql(self):
        """Return SQL for whether EIM is to hold what it accepted of a ``level``; others tell what is left alone.

        A SKU that a product left alone has, and another that is pushed, too, is the other's.
        """
        return SQL(
            """(%(settled)s
                AND CASE WHEN level.product_id IS NULL
                    THEN level.sku NOT IN (SELECT sku FROM (%(left)s) AS left_alone WHERE sku IS NOT NULL)
                    ELSE level.product_id NOT IN (
                             SELECT product_id FROM (%(left)s) AS left_alone WHERE product_id IS NOT NULL)
                         AND level.sku NOT IN (
                             SELECT sku FROM (%(left)s) AS left_alone WHERE sku IS NOT NULL AND product_id IS NULL)
                    END)""",
            settled=SETTLED,
            left=left_alone_sql(self.account),
        )

    def _insert(self, found):
        """Insert lines of what SQL ``found``, but for levels that have one."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """INSERT INTO extensiv_compare_line (compare_id, level_id, quantity, remote_quantity, deducted,
                          is_listed, is_compared, is_different, create_uid, create_date, write_uid, write_date)
                   SELECT %(compare)s, id, quantity, remote, deducted, is_listed, is_compared,
                          is_compared AND remote <> quantity, %(user)s, %(now)s, %(user)s, %(now)s
                     FROM (%(found)s) AS found
                       ON CONFLICT (compare_id, level_id) DO NOTHING""",
                compare=self.compare.id,
                user=self.compare.create_uid.id,
                now=self.env.cr.now(),
                found=found,
            )
        )
        self.env["extensiv.compare.line"].invalidate_model()

    def _say(self, sentences: Iterable[str]):
        """Keep sentences on what could not be read."""
        said = [*(self.compare.unreadable or "").splitlines(), *sentences][:KEPT_SENTENCES]
        self.compare.unreadable = "\n".join(said) or False

    def _note_endless(self, reading):
        """Note that a list led nowhere."""
        if reading.endless:
            self.compare.endless = translated(self.compare.env, reading.endless)
            self._say([self.compare.endless])

    def _end_levels(self, reading, locations):
        """Keep what differs, and find out whether orders may explain it."""
        compare = self.compare
        if reading.is_complete and locations:
            self._insert_missing(locations)
        self._note_endless(reading)
        self._leave_unseen(locations)
        [[count]] = self.env.execute_query(
            SQL("SELECT COUNT(*) FROM extensiv_compare_line WHERE compare_id = %s AND is_compared", compare.id)
        )
        compare.level_count = count
        self.env.cr.execute(
            SQL("DELETE FROM extensiv_compare_line WHERE compare_id = %s AND NOT is_different", compare.id)
        )
        compare.invalidate_recordset(["line_ids"])
        compare.place = False
        if any(line.is_listed and line.remote_quantity < line.quantity for line in compare.line_ids):
            compare.state = "orders"
        else:
            self.conclude()

    def _leave_unseen(self, locations):
        """Take those locations out of which EIM showed no level at all: it says nothing of them, or knows them not."""
        unseen = locations.filtered(lambda location: location.id not in (self.compare.seen_location_ids or []))
        rows = self.env.execute_query(
            SQL(
                """WITH gone AS (
                        DELETE FROM extensiv_compare_line AS line USING extensiv_stock_level AS level
                         WHERE line.compare_id = %s AND level.id = line.level_id AND level.location_id = ANY (%s)
                        RETURNING level.location_id, line.is_different)
                   SELECT DISTINCT location_id FROM gone WHERE is_different""",
                self.compare.id,
                unseen.ids,
            )
        )
        for location in locations.browse(location for [location] in rows):
            self._say(
                [
                    self.env._(
                        "EIM shows no level in the location %s, so that its levels could not be compared.",
                        location.name,
                    )
                ]
            )

    def take_orders(self, reading):
        """Take down an ``OpenOrdersReading``; once it is over, say what explains the differences."""
        compare = self.compare
        ordered = dict(reading.ordered)
        if ordered:
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    """UPDATE extensiv_compare_line AS line SET on_orders = COALESCE(on_orders, 0) + ordered.quantity
                     FROM unnest(%s::text[], %s::float8[]) AS ordered(sku, quantity), extensiv_stock_level AS level
                    WHERE line.compare_id = %s AND line.is_listed AND line.remote_quantity < line.quantity
                      AND level.id = line.level_id AND level.sku = ordered.sku""",
                    list(ordered),
                    list(ordered.values()),
                    compare.id,
                )
            )
            self.env["extensiv.compare.line"].invalidate_model()
        compare.place = reading.place or compare.place
        self._note_endless(reading)
        if reading.is_over:
            self.conclude()

    # -- what it comes to

    def conclude(self):
        """Say of each difference what becomes of it, see ``outcome`` of its line.

        What EIM's open orders take of a SKU explains its smallest differences first.
        """
        compare = self.compare
        if compare.line_ids:
            self.env.flush_all()
            self.env.cr.execute(
                SQL(
                    """WITH expected AS (%(expected)s),
                    judged AS (
                        SELECT line.id,
                               -- Of a SKU of several products that none of them fed, nothing is wanted.
                               CASE WHEN NOT expected.shared OR expected.product_id IS NOT NULL
                                    THEN expected.quantity WHEN expected.sku IS NULL THEN 0 END AS wanted,
                               level.quantity = line.quantity AND %(settled)s
                               AND CASE WHEN expected.sku IS NULL THEN level.quantity = 0 AND level.sku NOT IN (
                                             SELECT sku FROM (%(left)s) AS left_alone WHERE sku IS NOT NULL)
                                        ELSE level.quantity = expected.quantity
                                             AND (NOT expected.shared OR expected.product_id IS NOT NULL)
                                        END AS is_wanted,
                               line.is_listed AND line.remote_quantity < line.quantity
                               AND SUM(line.quantity - line.remote_quantity)
                                       FILTER (WHERE line.is_listed AND line.remote_quantity < line.quantity)
                                       OVER (PARTITION BY level.sku ORDER BY line.quantity - line.remote_quantity,
                                             line.id) <= COALESCE(line.on_orders, 0) AS is_explained
                          FROM extensiv_compare_line AS line
                          JOIN extensiv_stock_level AS level ON level.id = line.level_id
                          LEFT JOIN expected USING (location_id, sku)
                         WHERE line.compare_id = %(compare)s)
                UPDATE extensiv_compare_line AS line
                   SET wanted_quantity = judged.wanted,
                       outcome = CASE WHEN NOT is_wanted THEN 'changes' WHEN is_explained THEN 'explained'
                                      ELSE 'differs' END
                  FROM judged WHERE judged.id = line.id""",
                    expected=self.expected.sql(compare.line_ids.mapped("sku")),
                    settled=SETTLED,
                    left=left_alone_sql(self.account),
                    compare=compare.id,
                )
            )
            self.env["extensiv.compare.line"].invalidate_model()
        compare.write({"state": "read", "place": False})

    def repair(self):
        """Have the levels told again in which EIM differs, by the next push, and nothing explains it."""
        lines = self.compare.line_ids.filtered(lambda line: line.outcome == "differs")
        lines.level_id._mark_unconfirmed("repaired")
        lines.outcome = "repaired"
        return lines

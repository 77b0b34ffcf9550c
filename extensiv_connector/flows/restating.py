"""Stating again, slice by slice, what EIM accepted long ago: what it lost or overwrote is right again within a week."""

from datetime import timedelta
from operator import attrgetter

from odoo import fields
from odoo.tools import SQL, groupby

from .runner import BATCH_SECONDS
from .sku_feed import left_alone_sql
from .stock_levels import REPEAT, Change, ExpectedLevels

# What was told within so many hours is not told again. All of a location comes in so many slices after that, one an
# hour: together a week, less half a day for hours in which no pass comes that far.
REST_HOURS = 12
SLICES = 144
# A call takes many levels: those of a small location are told together, and seldom.
LEAST = 10
# A little less than an hour, so that passes every five minutes do not make it more.
PAUSE = timedelta(minutes=55)
# The states of ``read_back_state`` in which a location is pushed to.
PUSHED_TO = ("assumed", "proven", "confirmed")
# SQL for whether EIM accepted a ``level``, and neither a person nor EIM's answer to anything later is waited for.
SETTLED = SQL(
    """(level.pushed_at IS NOT NULL AND level.unconfirmed IS NOT TRUE AND level.refused_at IS NULL
        AND level.held_at IS NULL AND level.zero_asked IS NOT TRUE AND level.zero_allowed IS NOT TRUE)"""
)


class Restating:
    """Tell EIM again the levels of which it was told longest ago, where nothing else is to be told.

    Only what is still to be what EIM accepted is told: no number becomes another by it.

    :param push: the ``StockPush`` that told everything else
    """

    def __init__(self, push):
        self.push = push
        self.account = push.account
        self.env = push.env

    def run(self, refused):
        """Tell the slices that are due, while there is time; one that is not told is due in the next pass.

        :param refused: as ``StockPush.push_rounds`` has it
        :raise eim.EimError: EIM could not be asked, or refuses every location
        """
        push = self.push
        if push.resume_in is not None or not push.has_time(BATCH_SECONDS):
            return
        due = self.find_due()
        if not due:
            return
        read_before = push.stock_read
        push.commit()  # what is read from now on is not older than its moment
        # The quantities are those of this moment, not of when the pass began.
        push.stock_read = push.read_stock_moment()
        slices = dict(groupby(self.find(due), attrgetter("location_id")))
        push.commit()  # no snapshot is held while EIM is asked
        told = push.counts["pushed"]
        total = push.total
        push.total += sum(map(len, slices.values()))
        try:
            for location in due:
                if not self.tell(location, slices.get(location, []), refused):
                    break
        finally:
            push.counts["restated"] += push.counts["pushed"] - told
            push.counts["pushed"] = told
            push.total = total
            push.stock_read = read_before

    def find_due(self):
        """Return the ids of the locations whose next slice is due and that have levels to tell again."""
        now = fields.Datetime.now()
        locations = self.account.location_ids.filtered(
            lambda location: (
                location.push_enabled
                and location.id in self.push.addresses
                and location.read_back_state in PUSHED_TO
                and (not location.restated_at or location.restated_at <= now - PAUSE)
            )
        )
        rows = self.env.execute_query(
            SQL(
                """SELECT location.id FROM unnest(%s::int[]) AS location(id)
                WHERE EXISTS (
                      SELECT FROM extensiv_stock_level AS level
                       WHERE level.location_id = location.id AND level.pushed_at <= %s AND %s)
                ORDER BY location.id""",
                locations.ids,
                self._rested(now),
                SETTLED,
            )
        )
        return [location for [location] in rows]

    def find(self, due):
        """Return the ``Change`` list of the slices of locations (ids), the oldest of each first.

        Not among them is what is to become another number, which is told as such or waits for a person, and what is
        left alone.
        """
        expected = ExpectedLevels(self.account)
        if not expected.sources:
            return []
        rows = self.env.execute_query(
            SQL(
                """WITH expected AS (%(expected)s),
                    left_alone AS (%(left)s),
                    sized AS (
                        SELECT location_id, GREATEST(%(least)s, CEIL(COUNT(*) / %(slices)s)) AS size
                          FROM extensiv_stock_level WHERE location_id = ANY (%(due)s::int[]) GROUP BY location_id),
                    ranked AS (
                        SELECT location_id, sku, level.product_id, level.quantity,
                               COALESCE(level.unanswered, 0) AS unanswered,
                               COALESCE(expected.on_hand, 0) AS on_hand,
                               ROW_NUMBER() OVER (PARTITION BY location_id ORDER BY pushed_at, level.id) AS rank
                          FROM extensiv_stock_level AS level LEFT JOIN expected USING (location_id, sku)
                         WHERE location_id = ANY (%(due)s::int[]) AND location_id = ANY (%(sources)s::int[])
                           AND level.pushed_at <= %(rested)s AND %(settled)s
                           AND (expected.shared IS NOT TRUE OR expected.product_id IS NOT NULL)
                           AND level.quantity = COALESCE(expected.quantity, 0)
                           AND level.product_id IS NOT DISTINCT FROM expected.product_id
                           AND (expected.sku IS NOT NULL
                                OR sku NOT IN (SELECT sku FROM left_alone WHERE sku IS NOT NULL)
                                AND NOT EXISTS (
                                    SELECT FROM left_alone WHERE left_alone.product_id = level.product_id)))
               SELECT location_id, sku, product_id, quantity, unanswered, on_hand
                 FROM ranked JOIN sized USING (location_id)
                WHERE rank <= size ORDER BY location_id, rank""",
                expected=expected.sql(),
                left=left_alone_sql(self.account),
                least=LEAST,
                slices=float(SLICES),
                due=due,
                sources=expected.source_ids,
                rested=self._rested(fields.Datetime.now()),
                settled=SETTLED,
            )
        )
        return [Change(*level, REPEAT, "restated", unanswered, on_hand=on_hand) for *level, unanswered, on_hand in rows]

    def tell(self, location, changes, refused):
        """Tell the slice of one location, and return whether there was time for all of it.

        :raise eim.EimError: EIM could not be asked, or refuses every location
        """
        with self.push.noting_refusal(location, refused):
            if not self.push.push_location(self.push.unanswered.split_off(changes)):
                return False
        now = fields.Datetime.now()
        self.push.retry_on_conflict(lambda: self.env["extensiv.location"].browse(location).write({"restated_at": now}))
        return True

    def _rested(self, now):
        return now - timedelta(hours=REST_HOURS)

"""Which received orders are imported next, and which of them together."""

from odoo.tools import SQL

from .import_pace import ORDER_WEIGHT

# A mark that is younger may be of a process that is just about to lock the order.
FRESH_SECONDS = 5
# What an order says of its import once that is over.
UNMARKED = {"import_began_at": False, "import_tries": 0}
# So many times alone in a process that was killed: an order is not tried by itself any more.
MOST_KILLS = 2


class ImportQueue:
    """The received orders of one account, in the order in which they are imported: acknowledged ones first.

    Before orders are imported they are marked with the moment, which their outcome empties again. It keeps nobody from
    importing them: the row's lock does that. But one that has an old mark, and is locked by nobody, was being imported
    by a process that was killed, perhaps for it. Such orders come last, each by itself, and ``import_tries`` counts how
    many times one was begun so.

    Whoever calls it commits. Statements of SQL: moments are the database's, and no row that another process holds is
    waited for. What locks a limited number of rows is materialized: as a subquery PostgreSQL may run it once a row.

    :param only: ids of the orders that are to be imported, by default all
    """

    def __init__(self, account, only=None):
        self.account = account
        self.only = only
        self.put_off = set()
        """Ids of the orders that are left to another pass."""

    @property
    def env(self):
        return self.account.env

    def find(self, limit):
        """Return orders that wait, whichever, ``limit`` at most."""
        self.flush()
        return self._fetch(SQL("SELECT id FROM extensiv_order WHERE %s LIMIT %s", self._waiting(), limit))

    def take(self, size, together, alone):
        """Mark the next orders that are imported together.

        :param size: how many at most
        :param together: what they may weigh; the first is taken in any case
        :param alone: what each may weigh, or None: heavier ones wait
        :return: ``{id: weight}``
        """
        self.flush()
        taken = self._take_batch(size, together, alone) or self._take_one(alone)
        return dict(sorted(taken))

    def _take_batch(self, size, together, alone):
        """Mark and return orders that were not begun yet."""
        query = SQL(
            """
            WITH free AS MATERIALIZED (
                SELECT id, %(weight)s AS weight, acknowledged_at IS NULL AS is_new
                  FROM extensiv_order
                 WHERE %(waiting)s AND import_began_at IS NULL
                 ORDER BY (acknowledged_at IS NULL), id
                 LIMIT %(size)s
                   FOR UPDATE SKIP LOCKED
            ), weighed AS (
                SELECT id, weight, row_number() OVER turn AS place, sum(weight) OVER turn AS total
                  FROM free
                WINDOW turn AS (ORDER BY is_new, id)
            ), batch AS (
                SELECT id, weight, count(*) OVER () AS size
                  FROM weighed
                 WHERE place = 1 OR total <= %(together)s
            )
            UPDATE extensiv_order
               SET import_began_at = clock_timestamp() AT TIME ZONE 'UTC', import_tries = (batch.size = 1)::int
              FROM batch
             WHERE extensiv_order.id = batch.id
         RETURNING extensiv_order.id, batch.weight
            """,
            weight=_WEIGHT,
            waiting=self._waiting(alone),
            size=size,
            together=together,
        )
        return self.env.execute_query(query)

    def _take_one(self, alone):
        """Mark and return an order that was being imported when its process was killed, in a list."""
        query = SQL(
            """
            WITH one AS MATERIALIZED (
                SELECT id, %(weight)s AS weight
                  FROM extensiv_order
                 WHERE %(waiting)s AND %(killed)s AND import_tries < %(most)s
                 ORDER BY import_tries, id
                 LIMIT 1
                   FOR UPDATE SKIP LOCKED
            )
            UPDATE extensiv_order
               SET import_began_at = clock_timestamp() AT TIME ZONE 'UTC', import_tries = import_tries + 1
              FROM one
             WHERE extensiv_order.id = one.id
         RETURNING extensiv_order.id, one.weight
            """,
            weight=_WEIGHT,
            waiting=self._waiting(alone),
            killed=_WAS_KILLED,
            most=MOST_KILLS,
        )
        return self.env.execute_query(query)

    def find_hopeless(self):
        """Return the orders, locked, that were alone in a process that was killed as many times as it is tried."""
        self.flush()
        query = SQL(
            """
            SELECT id
              FROM extensiv_order
             WHERE %(waiting)s AND %(killed)s AND import_tries >= %(most)s
             ORDER BY id
               FOR UPDATE SKIP LOCKED
            """,
            waiting=self._waiting(),
            killed=_WAS_KILLED,
            most=MOST_KILLS,
        )
        return self._fetch(query)

    def mark(self, ids):
        """Mark orders anew, those of a batch that failed, before a part of it is imported.

        One that was alone before is tried once more by the same process, which counts once.
        """
        tries = SQL("GREATEST(import_tries, %s)", int(len(ids) == 1))
        self._set(ids, SQL("clock_timestamp() AT TIME ZONE 'UTC'"), tries)

    def refresh(self, ids):
        """Have marked orders, which nobody locks for a moment, not look as if their process was killed."""
        self._set(ids, SQL("clock_timestamp() AT TIME ZONE 'UTC'"), SQL("import_tries"))

    def release(self, ids):
        """Take the mark off orders that were not imported after all."""
        self._set(ids, SQL("NULL"), SQL("0"))

    def _set(self, ids, began_at, tries):
        self.flush()
        query = SQL(
            """
            UPDATE extensiv_order
               SET import_began_at = %s, import_tries = %s
             WHERE id IN (
                SELECT id FROM extensiv_order WHERE id = ANY(%s) AND state = 'received' FOR UPDATE SKIP LOCKED
             )
            """,
            began_at,
            tries,
            list(ids),
        )
        self.env.cr.execute(query)
        self.env["extensiv.order"].browse(ids).invalidate_recordset(["import_began_at", "import_tries"], flush=False)

    def _fetch(self, query):
        return self.env["extensiv.order"].browse(order_id for (order_id,) in self.env.execute_query(query))

    def _waiting(self, alone=None):
        """Return the condition of the orders that wait; ``alone`` is what each may weigh."""
        conditions = [
            SQL("account_id = %s AND state = 'received' AND id != ALL(%s)", self.account.id, list(self.put_off))
        ]
        if self.only is not None:
            conditions.append(SQL("id = ANY(%s)", list(self.only)))
        if alone is not None:
            conditions.append(SQL("%s <= %s", _WEIGHT, alone))
        return SQL(" AND ").join(conditions)

    def flush(self):
        """Have the database know what the queue is read from."""
        self.env["extensiv.order"].flush_model()


_WEIGHT = SQL("(COALESCE(extensiv_order.line_count, 1) + %s)", ORDER_WEIGHT)
_WAS_KILLED = SQL("import_began_at < (clock_timestamp() AT TIME ZONE 'UTC') - %s * interval '1 second'", FRESH_SECONDS)

"""Reserving the goods of imported orders, so that workers that import at once do not meet at the same quants.

Odoo keeps a quant locked until its transaction ends. Another worker that needs it meanwhile makes a second quant of the
same goods, with what it reserves below zero; one whose transaction began before the first was committed has all of its
batch refused by PostgreSQL. So a worker that imports beside others confirms its orders without reserving, marks their
moves, and reserves these in a short transaction of its own, one worker at a time in a warehouse. A worker that is alone
reserves in the transaction that confirms, which costs less; whoever comes meanwhile reserves after it.

A marked move waits as one does for want of goods. Anybody may reserve it, and for stock levels it counts as reserved.
What a killed process left marked is reserved by the next pass of an account of the company.
"""

import logging
import zlib
from contextlib import contextmanager, nullcontext
from functools import partial

import psycopg2

from odoo.tools import SQL

from . import confirm_batch, lots_asked_for
from .exceptions import is_conflict, log_unexpected
from .lock import LockLost, own_transaction
from .quiet import quiet

_logger = logging.getLogger(__name__)

LATER = "extensiv_reserve_later"
"""The key of a ``Later`` in the context, and the field that marks a move."""
# So many marked moves are reserved in one transaction.
MOST = 500
# The numbers of locks: who imports in a company, who reserves there as it confirms, who reserves in a warehouse.
IMPORTING, AT_ONCE, WAREHOUSE = (
    zlib.crc32(f"extensiv_connector/reservation/{name}".encode()) - 2**31 for name in ("import", "at once", "warehouse")
)


class Later:
    """The moves of a batch whose reservation is put off, in the order in which Odoo would have reserved them.

    :param company: the ``res.company`` of the account; what moves elsewhere is reserved at once
    """

    def __init__(self, company):
        self.company = company
        self.move_ids = {}  # the ids alone; a dictionary keeps their order
        self.warehouse_ids = set()

    def put_off(self, move):
        """Put off to reserve ``move``, which Odoo is about to reserve; return whether it is."""
        if move.company_id != self.company:
            return False
        self.move_ids[move.id] = None
        return True

    def mark(self, env):
        """Mark the moves in the transaction that confirms them."""
        moves = env["stock.move"].browse(self.move_ids).exists()  # a confirmation that an app held was taken back
        moves = moves.filtered(lambda move: move.state in ("confirmed", "partially_available"))
        self.move_ids = dict.fromkeys(moves.ids)
        self.warehouse_ids = _find_warehouses(moves)
        moves[LATER] = True

    def find_sales(self, env):
        """Return the sale orders of the moves: which lots they lack is not known yet."""
        return env["stock.move"].browse(self.move_ids).sale_line_id.order_id


def is_put_off(move):
    """Whether ``move``, which Odoo is about to reserve as it confirms it, is reserved later; it is noted then."""
    later = move.env.context.get(LATER)
    return bool(later) and not move._should_bypass_reservation() and later.put_off(move)


def _find_warehouses(moves):
    """Return the ids of the warehouses whose goods ``moves`` may take; 0 for those of none."""
    places = moves.location_id
    without = places.filtered(lambda place: not place.warehouse_id)
    found = set(places.warehouse_id.ids)
    if without:
        inside = moves.env["stock.location"].sudo().search([("id", "child_of", without.ids)])
        found |= {0, *inside.warehouse_id.ids}
    return found


# -- one worker among others


class Turn:
    """A worker's part among those that import orders of one company at once.

    Its locks are in a transaction of their own: they are held before the one that reserves reads anything.
    """

    def __init__(self, cr, company_id):
        self._cr = cr
        self.company_id = company_id
        self.is_alone = self._begin()
        """Whether it reserves as it confirms."""

    def _begin(self):
        """Let others know that this worker imports; return whether none else does, and none is let reserve now."""
        self._cr.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", [IMPORTING, self.company_id])
        self._cr.execute(
            """SELECT EXISTS (
                   SELECT FROM pg_locks
                    WHERE locktype = 'advisory' AND objsubid = 2 AND classid::bigint = %s AND objid::bigint = %s
                      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                      AND pid <> pg_backend_pid())""",
            [IMPORTING % 2**32, self.company_id],  # PostgreSQL shows numbers without their sign
        )
        if self._cr.fetchone()[0]:
            return False
        self._cr.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [AT_ONCE, self.company_id])
        return self._cr.fetchone()[0]

    def wait(self, warehouse_ids, seconds):
        """Wait until nobody else reserves in these warehouses; nobody else does then until the turn ends.

        :raise psycopg2.Error: that took longer than ``seconds``, or the connection was lost
        """
        self._cr.execute("SET LOCAL lock_timeout = %s", [f"{int(seconds * 1000)}ms"])
        self._cr.execute(
            "SELECT pg_advisory_xact_lock_shared(%s, %s)", [AT_ONCE, self.company_id], log_exceptions=False
        )
        for warehouse_id in sorted(warehouse_ids):
            self._cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", [WAREHOUSE, warehouse_id], log_exceptions=False)


@contextmanager
def take_turn(run):
    """Import orders of the company of a ``FlowRun`` among others; give the ``Turn``, which ends with the block.

    No transaction of the run is to be open that read anything.
    """
    with own_transaction(run.env, "reserving") as cr:
        try:
            yield Turn(cr, run.env.company.id)
        except Exception:
            if not run.is_disconnected():
                run.rollback()  # others are let reserve when nothing is held any more
            raise


# -- reserving


class Reservation:
    """The reserving of one pass.

    :param run: the ``FlowRun``
    """

    def __init__(self, run):
        self.run = run

    def reserve(self, turn, later, wait):
        """Reserve the moves of ``later``, each that is still marked; return whether that was done.

        Where it was not, they stay marked for the next pass.

        :param wait: seconds to wait for others
        :raise LockLost: another process may be at work by now; what is left stays marked
        """
        if not later.move_ids:
            return True
        try:
            turn.wait(later.warehouse_ids, wait)
        except psycopg2.Error:
            self.run.put_off()
            return False
        parts = [(list(later.move_ids), not confirm_batch.find_parts(self.run.env))]
        while parts:
            ids, is_plain = parts.pop(0)
            instead = self._reserve_part(ids, is_plain, wait)
            if instead is None:
                return False
            parts[:0] = instead
        return True

    def _reserve_part(self, ids, is_plain, wait):
        """Reserve moves together.

        :param is_plain: whether Odoo reserves them by itself, without ``confirm_batch``
        :return: the parts to reserve instead, ``(ids, is_plain)`` each, where that failed for one of them: first all of
            them as Odoo does it, then halves; None: others were quicker each time
        """
        run = self.run
        try:
            run.retry_on_conflict(partial(_reserve, run.account, ids, is_plain), wait=wait)
        except LockLost:
            raise
        except Exception as error:  # whatever one move does, the others are reserved
            if run.is_disconnected():
                raise
            run.rollback()
            if is_conflict(error):
                run.put_off()
                return None
            if not is_plain:
                _logger.info("Moves that are reserved together fail, and are tried without: %s", type(error).__name__)
                return [(ids, True)]
            if len(ids) > 1:
                middle = len(ids) // 2
                return [(ids[:middle], True), (ids[middle:], True)]
            log_unexpected(_logger, error, "Stock move %s was not reserved for an order of EIM's", ids[0])
            run.retry_on_conflict(partial(_leave_to_people, run.account, ids))
        return []

    def take_up(self):
        """Reserve what is marked and was left: by a killed process, or to this pass."""
        run = self.run
        while later := run.retry_on_conflict(partial(_find_left, run.account)):
            with take_turn(run) as turn:
                if not self.reserve(turn, later, max(run.seconds_left() / 3, 1)) or not run.has_time():
                    return


def _find_left(account):
    """Return a ``Later`` of marked moves of the account's company, as Odoo takes them up; None where none is."""
    env = account.env
    env["stock.move"].flush_model([LATER])
    rows = env.execute_query(
        SQL(
            """SELECT id FROM stock_move WHERE extensiv_reserve_later AND company_id = %s
                ORDER BY priority DESC, date, id LIMIT %s""",
            env.company.id,
            MOST,
        )
    )
    if not rows:
        return None
    later = Later(env.company)
    later.move_ids = dict.fromkeys(id_ for [id_] in rows)
    later.warehouse_ids = _find_warehouses(env["stock.move"].browse(later.move_ids))
    return later


def _reserve(account, ids, is_plain=False):
    """Reserve those of the moves that are marked, as their confirmation would have.

    :param is_plain: whether Odoo does it by itself, without ``confirm_batch``
    """
    marked = account.env["stock.move"].browse(ids).exists().filtered(LATER)
    # Odoo does not note on a new transfer that it is ready, where it becomes so as it is made.
    marked = marked.with_context(tracking_disable=True) if account.notify_on_import else quiet(marked)
    with nullcontext(marked) if is_plain else confirm_batch.together(marked) as moves:
        moves[LATER] = False
        moves.filtered(
            lambda move: move.state in ("confirmed", "partially_available") and move._should_assign_at_confirm()
        )._action_assign()
    marked.env.flush_all()  # what is computed of it is computed in their context
    lots_asked_for.settle(marked)


def _leave_to_people(account, ids):
    """Take the mark off moves that cannot be reserved, and say so on their transfers."""
    moves = account.env["stock.move"].browse(ids).exists()
    moves[LATER] = False
    for picking in moves.picking_id:
        picking.message_post(
            body=account.env._(
                "The goods of this transfer could not be reserved by themselves. Press Check Availability to see why."
            )
        )


# -- what others see meanwhile


def put_off_sql(env, places, owner, of_products):
    """Return SQL for ``source_id, product_id, quantity``: what marked moves are about to take, in the product's unit.

    :param places: SQL for ``place(source_id, location_id)``
    :param owner: of this owner's goods alone, if there is one
    :param of_products: SQL for which products of a ``move``
    """
    env["stock.move"].flush_model()
    return SQL(
        """SELECT place.source_id, move.product_id,
                  SUM(move.product_qty * (1 - COALESCE(move.quantity, 0) / move.product_uom_qty)) AS quantity
             FROM stock_move AS move JOIN %(places)s ON place.location_id = move.location_id
            WHERE move.extensiv_reserve_later AND move.state IN ('confirmed', 'partially_available')
              AND move.product_uom_qty > 0 AND %(of_products)s AND %(owner)s
            GROUP BY place.source_id, move.product_id""",
        places=places,
        of_products=of_products,
        owner=SQL("move.restrict_partner_id = %s", owner.id) if owner else SQL("TRUE"),
    )

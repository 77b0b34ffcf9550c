"""What EIM does not know of an account's stock: in most passes by what changed since the last, and once an hour by all.

Both come to the same levels, for the same query compares them (``stock_levels``); what differs is of which SKUs it is
asked. A pass that ends with everything told keeps what it saw (``extensiv.stock.scan``); any other leaves that of the
one before, so that the next finds its changes again. Where it may not be trusted, everything is compared: on another
server, after an update of an app or a change of settings, mappings, routes or recipes, and where a clock was set back.
"""

from datetime import timedelta
from typing import NamedTuple

from psycopg2.extras import Json

from odoo import fields
from odoo.tools import SQL

from .made_to_order import routes_sql
from .owed import due_until
from .stock_candidates import find_candidates
from .stock_levels import ExpectedLevels, plan_sql
from .stock_scan import Quants, StockScan, find_watched, snapshot_sql
from .stock_structure import contents_sql, describe_structure

FULL_AFTER = timedelta(hours=1)
# Transactions are counted anew after four thousand million.
MOST_TRANSACTIONS = 2**30


class LastScan(NamedTuple):
    """What a pass kept of what it saw, see ``extensiv.stock.scan``."""

    snapshot: str
    levels_snapshot: str
    server: str
    settings: str
    scanned_at: object
    full_at: object
    read_at: object
    quants: Quants
    others: dict
    waiting: str
    taken: dict
    watched_skus: list


class Reconciliation:
    """One comparison of what EIM should know of an account's stock with what it accepted.

    :param turns: ids of locations, see ``ExpectedLevels.find_changes``
    :param full: compare everything, whatever changed
    :param sources: the ``StockSource`` list, where it is known already
    """

    def __init__(self, account, turns=(), full=False, sources=None):
        self.account = account
        self.env = account.env
        self.turns = turns
        self.is_full = full
        """Whether everything was compared."""
        self.expected = ExpectedLevels(account, sources, until=due_until(account))
        self.scan = None
        self.scope = None
        self.last = None
        self.shared = []

    @property
    def left_over(self):
        return self.expected.left_over

    def find_changes(self, limit=None):
        """Return as ``ExpectedLevels.find_changes``."""
        expected = self.expected
        if not expected.sources:
            return expected.find_changes(limit, self.turns)
        self.now = fields.Datetime.now()
        self._read_last()
        self.is_full = self.is_full or not self._is_trusted()
        self.scan = StockScan(self.account, expected, self.last, self.now)
        self.scan.look(self.is_full)
        self.scope = self._find_scope()
        self.is_full = self.is_full or self.scope is None
        changes, self.shared = expected.find_changes(limit, self.turns, self.scope, self.scan.taken)
        return changes, self.shared

    def is_as_before(self):
        """Return whether nothing that decides levels is another than when a pass ended with everything told."""
        expected = self.expected
        if not expected.sources or expected.placeless_ids:
            return not expected.placeless_ids
        self.now = fields.Datetime.now()
        self._read_last()
        if not self._is_trusted():
            return False
        self.scan = StockScan(self.account, expected, self.last, self.now)
        self.scan.look(False)
        if self.scan.product_ids or self.scan.groups or self.scan.skus:
            return False
        if not self.last.watched_skus:
            return True
        self.scope = self.scan.find_scope()
        return bool(self.scope) and expected.find_changes(1, self.turns, self.scope, self.scan.taken) == ([], [])

    def remember(self, pending=(), read_at=None):
        """Keep what was seen: all changes that were found are told, or known by the levels not to be.

        :param pending: SKUs of further changes, which the next pass is to find again
        :param read_at: as of when EIM accepted what it was told
        """
        if self.scan is None:
            return
        scan = self.scan
        kept = {
            "company_id": self.account.company_id.id,
            "snapshot": self.snapshot,
            "levels_snapshot": SQL("%s::text", snapshot_sql()),
            "server": self.server,
            "settings": self.settings,
            "scanned_at": self.now,
            "full_at": self.now if self.is_full else self.last.full_at,
            "read_at": read_at,
            "others": Json(scan.others),
            "waiting": scan.waiting,
            "taken": Json([[*key, quantity] for key, quantity in scan.taken_sums.items()]),
            "watched_skus": Json(
                sorted(
                    find_watched(self.account, self.expected.source_ids, self.scope)
                    | {*pending, *(sku for _location, sku, _product in self.shared)}
                )
            ),
        }
        if not self.last or scan.quants is not self.last.quants:
            kept["quants"] = Json(scan.quants)
        names = SQL(", ").join(map(SQL.identifier, kept))
        values = SQL(", ").join(value if isinstance(value, SQL) else SQL("%s", value) for value in kept.values())
        if self.last:
            # Where it was deleted meanwhile, something happened of which this knows nothing.
            statement = SQL(
                "UPDATE extensiv_stock_scan SET (%s) = ROW (%s) WHERE account_id = %s", names, values, self.account.id
            )
        else:
            statement = SQL(
                """INSERT INTO extensiv_stock_scan (account_id, %s) VALUES (%s, %s)
                       ON CONFLICT (account_id) DO UPDATE SET (%s) = ROW (%s)""",
                names,
                self.account.id,
                values,
                names,
                values,
            )
        self.env.cr.execute(statement)
        self.env["extensiv.stock.scan"].invalidate_model()

    # -- which levels are compared

    def _find_scope(self):
        if not self.is_full:
            return self.scan.find_scope()
        if not self.last:
            return None
        return find_candidates(self.account, self.expected, self.scan, self.last.watched_skus)

    def _read_last(self):
        """Read this moment's place among the server's transactions, what decides all levels, and what the last pass
        kept.
        """
        self.env.flush_all()
        expected = self.expected
        [[self.snapshot, self.server, expected.may_be_zero_elsewhere, routes, contents, *row]] = self.env.execute_query(
            SQL(
                """%(plan)s;
               SELECT %(snapshot)s::text,
                      (SELECT oid FROM pg_database WHERE datname = current_database())
                      || '/' || pg_postmaster_start_time(),
                      EXISTS (SELECT FROM extensiv_stock_level AS level
                                JOIN extensiv_location AS location ON location.id = location_id
                               WHERE level.zero_asked AND location.account_id = %(account)s),
                      %(routes)s, %(contents)s, %(columns)s
                 FROM (VALUES (1)) AS one LEFT JOIN extensiv_stock_scan ON account_id = %(account)s""",
                plan=plan_sql(in_background=True),
                snapshot=snapshot_sql(),
                routes=routes_sql(self.account.company_id),
                contents=contents_sql(self.account),
                columns=SQL(", ").join(map(SQL.identifier, LastScan._fields)),
                account=self.account.id,
            )
        )
        expected.routes = routes or []
        self.settings = describe_structure(self.account, expected.sources, self.turns, contents)
        last = LastScan(*row)
        if last.snapshot and last.quants:
            self.last = last._replace(
                quants=Quants(*last.quants),
                taken={(source, product): quantity for source, product, quantity in last.taken},
            )

    def _is_trusted(self):
        last = self.last
        return bool(
            last
            and last.server == self.server
            and last.settings == self.settings
            and self.now - FULL_AFTER < last.full_at <= last.scanned_at <= self.now
            and 0 <= int(self.snapshot) - int(last.snapshot) < MOST_TRANSACTIONS
        )

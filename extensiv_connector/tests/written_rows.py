"""What an action writes into the database: every new, changed and deleted row of every table, to the last column.

    ledger = Ledger(env)
    one, other = ledger.record(first), ledger.record(second)
    assert not differences(one, other)

Each action is taken back, and so are the numbers it drew from sequences, so that two actions begin alike. Ids count as
the position of the new row in its table, and what is drawn at random as drawn.
"""

import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from unittest.mock import patch

from odoo import fields

DRAWN = frozenset({"access_token", "message_id", "reward_identifier_code"})
"""Columns whose values are drawn at random."""
DRAWN_IN = frozenset({("loyalty_card", "code")})
RECORD_IN_TEXT = re.compile(r'data-oe-model="([\w.]+)" data-oe-id="(\d+)"|data-oe-id="(\d+)" data-oe-model="([\w.]+)"')
MESSAGE_IN_TEXT = re.compile(r"<[\d.]+-openerp-[^<>@]+@[^<>]+>")
MODEL_COLUMNS = {"res_id": ("model", "res_model")}
"""``{column: columns, one of which names the model that it is an id of}``"""
LATER = timedelta(hours=1)
"""By which the clock of an action is ahead: what it writes as now is told from what was there."""


@dataclass
class Written:
    """What one action wrote."""

    rows: dict = field(default_factory=dict)
    """``{table: {key: {column: value}}}``; the key of a new row is ``("new", position)``, else its id or its values"""
    gone: dict = field(default_factory=dict)
    """``{table: Counter of the keys of deleted rows}``"""
    updates: dict = field(default_factory=dict)
    """``{table: (rows inserted, updated, deleted)}``, each row version counted"""
    after_commit: list = field(default_factory=list)
    """The names of what is to be done once it is committed."""
    answer: object = None
    queries: int = 0


class Ledger:
    """Takes down what actions write in the transaction of ``env``, which nobody else may write beside."""

    def __init__(self, env):
        self.env = env
        self.cr = env.cr
        self.now = datetime.now().replace(microsecond=0) + LATER
        self.cr.execute("CREATE TEMP TABLE IF NOT EXISTS written_rows_mark (n integer) ON COMMIT DROP")
        self.columns = self._read_columns()
        self.references = self._read_references()

    def _read_columns(self):
        """Return ``{table: [its columns]}``."""
        self.cr.execute(
            """SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
                      AND a.attnum > 0 AND NOT a.attisdropped GROUP BY c.relname"""
        )
        return dict(self.cr.fetchall())

    def _read_references(self):
        """Return ``{(table, column): table that it points to}``."""
        self.cr.execute(
            """SELECT source.relname, a.attname, target.relname
                 FROM pg_constraint c
                 JOIN pg_class source ON source.oid = c.conrelid
                 JOIN pg_class target ON target.oid = c.confrelid
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 1"""
        )
        references = {(source, column): target for source, column, target in self.cr.fetchall()}
        return references | {(table, "id"): table for table, columns in self.columns.items() if "id" in columns}

    def record(self, action):
        """Return what ``action`` writes, a function without arguments; all is then as it was.

        :return: a ``Written``
        """
        cr = self.cr
        cr.flush()
        sequences = self._read_sequences()
        counted = self._count_changes()
        hooks = list(cr.postcommit._funcs)
        noted = dict(cr.postcommit.data)
        written = Written()
        own_time, odoos_time = self._clock()
        with closing(cr.savepoint()), own_time, odoos_time:
            cr.execute("INSERT INTO written_rows_mark VALUES (1) RETURNING xmin::text::bigint")
            [first] = cr.fetchone()
            queries = cr.sql_log_count
            written.answer = action()
            cr.flush()
            written.queries = cr.sql_log_count - queries
            written.updates = _subtract(self._count_changes(), counted)
            written.after_commit = [_name(hook) for hook in list(cr.postcommit._funcs)[len(hooks) :]]
            rows = {table: self._read_rows(table, first) for table in written.updates}
            left = {table: self._read_keys(table) for table, counts in written.updates.items() if counts[2]}
        cr.postcommit.clear()
        cr.postcommit._funcs.extend(hooks)
        cr.postcommit.data.update(noted)
        self.env.invalidate_all(flush=False)
        written.gone = {table: gone for table, keys in left.items() if (gone := self._read_keys(table) - keys)}
        self._name_rows(written, rows)
        self._restore_sequences(sequences)
        return written

    def read_untouched(self, table, key):
        """Return the row of ``key`` as it is without any action, None where there is none."""
        if not isinstance(key, int):
            return None
        self.cr.execute(f'SELECT * FROM "{table}" WHERE id = %s', [key])
        row = self.cr.fetchone()
        return row and dict(zip(self.columns[table], row, strict=True))

    def _clock(self):
        """Let it be ``now`` for an action, for Odoo and for the moments it writes."""
        return (
            patch.object(self.cr, "_now", self.now),
            patch.object(fields.Datetime, "now", lambda *args: self.now),
        )

    # -- reading

    def _read_sequences(self):
        self.cr.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        return dict(self.cr.fetchall())

    def _restore_sequences(self, before):
        now = self._read_sequences()
        for name, value in before.items():
            if now[name] != value:
                self.cr.execute("SELECT setval(%s::regclass, %s, %s)", [f'"{name}"', value or 1, value is not None])

    def _count_changes(self):
        self.cr.execute(
            """SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables
                WHERE schemaname = 'public'"""
        )
        return {table: counts for table, *counts in self.cr.fetchall()}

    def _read_rows(self, table, first):
        """Return the rows that were written by transactions from ``first`` on."""
        self.cr.execute(f'SELECT * FROM "{table}" WHERE xmin::text::bigint >= %s', [first])
        return [dict(zip(self.columns[table], row, strict=True)) for row in self.cr.fetchall()]

    def _read_keys(self, table):
        """Return a ``Counter`` of the ids of a table, or of its rows where it has none."""
        what = "id" if "id" in self.columns[table] else f'"{table}"::text'
        self.cr.execute(f'SELECT {what} FROM "{table}"')
        return Counter(key for (key,) in self.cr.fetchall())

    # -- telling them alike

    def _name_rows(self, written, rows):
        """Put the rows into ``written``, ids and drawn values as what they stand for."""
        positions = {table: self._number(table, found) for table, found in rows.items() if "id" in self.columns[table]}
        for table, found in rows.items():
            named = [self._name_row(table, row, positions) for row in found]
            if "id" in self.columns[table]:
                written.rows[table] = {row["id"]: row for row in named}
            else:
                written.rows[table] = {repr(sorted(row.items())): row for row in named}

    def _number(self, table, rows):
        """Return ``{id: position among the new rows of the table}``; ids that were there before are not in it."""
        ids = [row["id"] for row in rows]
        self.cr.execute(f'SELECT id FROM "{table}" WHERE id = ANY(%s)', [ids])
        old = {known for (known,) in self.cr.fetchall()}
        return {new: place for place, new in enumerate(sorted(set(ids) - old))}

    def _name_row(self, table, row, positions):
        return {column: self._name_value(table, column, value, row, positions) for column, value in row.items()}

    def _name_value(self, table, column, value, row, positions):
        if value is None:
            return None
        if column in DRAWN or (table, column) in DRAWN_IN:
            return "drawn"
        if isinstance(value, int) and not isinstance(value, bool):
            target = self.references.get((table, column)) or self._target_of(column, row)
            place = positions.get(target, {}).get(value)
            return value if place is None else ("new", place)
        if isinstance(value, str):
            value = MESSAGE_IN_TEXT.sub("<drawn>", value)
            return RECORD_IN_TEXT.sub(lambda found: self._name_link(found, positions), value)
        return value

    def _target_of(self, column, row):
        """Return the table that a number without a constraint points to, as its row says."""
        for model in MODEL_COLUMNS.get(column, ()):
            if row.get(model) in self.env:
                return self.env[row[model]]._table
        return None

    def _name_link(self, found, positions):
        model = found[1] or found[4]
        number = int(found[2] or found[3])
        place = positions.get(self.env[model]._table, {}).get(number) if model in self.env else None
        return f"{model} {number if place is None else f'new {place}'}"


def differences(ledger, one, other):
    """Return what two ``Written`` differ in, a sentence each; empty where they are the same."""
    found = []
    for table in sorted(one.rows.keys() | other.rows.keys()):
        found += _compare_table(ledger, table, one.rows.get(table, {}), other.rows.get(table, {}))
    for table in sorted(one.gone.keys() | other.gone.keys()):
        gone = [written.gone.get(table, Counter()) for written in (one, other)]
        if gone[0] != gone[1]:
            found.append(f"{table}: deleted {dict(gone[0] - gone[1])} against {dict(gone[1] - gone[0])}")
    if one.after_commit != other.after_commit:
        found.append(f"after the commit: {one.after_commit} against {other.after_commit}")
    if one.answer != other.answer:
        found.append(f"answer: {one.answer} against {other.answer}")
    return found


def _compare_table(ledger, table, one, other):
    found = []
    for key in sorted(one.keys() | other.keys(), key=repr):
        rows = [rows.get(key) or ledger.read_untouched(table, key) for rows in (one, other)]
        if None in rows:
            found.append(f"{table} {key}: only {'one' if rows[0] else 'the other'} has it: {rows[0] or rows[1]}")
            continue
        found += [
            f"{table} {key} {column}: {value!r} against {rows[1][column]!r}"
            for column, value in rows[0].items()
            if value != rows[1][column] and not _are_both_now(ledger, value, rows[1][column])
        ]
    return found


def _are_both_now(ledger, one, other):
    """Whether both are the moment at which they were written, by a clock that is not the action's."""
    if not (isinstance(one, datetime) and isinstance(other, datetime)):
        return False
    began = ledger.now - LATER
    return all(began - timedelta(seconds=1) <= moment < began + LATER / 2 for moment in (one, other))


def _subtract(now, before):
    """Return the counts that grew."""
    grown = {
        table: tuple(new - old for new, old in zip(counts, before.get(table, (0, 0, 0)), strict=True))
        for table, counts in now.items()
    }
    return {table: counts for table, counts in grown.items() if any(counts)}


def _name(hook):
    return getattr(hook, "__qualname__", repr(hook))

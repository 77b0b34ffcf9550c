import hashlib
import time

from psycopg2.errors import LockNotAvailable, SerializationFailure, UniqueViolation

from odoo import fields, models
from odoo.tools import SQL

from ..eim import texts
from ..eim.errors import Transient
from ..eim.throttle import Bucket, State


class ExtensivBucket(models.Model):
    """The tokens left of one credential, shared by every process.

    No foreign key: the row outlives accounts, and taking a token must never wait for a form.
    """

    _name = "extensiv.bucket"
    _description = "EIM Call Allowance"
    _rec_name = "key"
    _log_access = False

    key = fields.Char(required=True, readonly=True)
    tokens = fields.Float(required=True, readonly=True, digits=False)
    counted_at = fields.Float(required=True, readonly=True, digits=False, help="Seconds of the database's clock.")

    _key_unique = models.Constraint("UNIQUE(key)", "One allowance a credential.")


class BucketStore:
    """The token store that ``EimClient`` asks: a row of ``extensiv.bucket``, taken in a short transaction of its own.

    :param registry: of the database, for a cursor of its own
    :param base_url: and :param api_user: the credential; the row holds only their hash
    """

    bucket = Bucket()

    def __init__(self, registry, base_url, api_user):
        self._registry = registry
        self._key = hashlib.sha256(f"{base_url}\n{api_user}".encode()).hexdigest()

    def take(self, reserve):
        """Take a token if more than ``reserve`` are left.

        :return: seconds to wait before asking again; 0 when a token was taken
        """
        return self._update(lambda state, now: self.bucket.take(state, now, reserve))

    def observe(self, remaining):
        """Correct the count by what EIM says is left."""
        self._update(lambda state, now: (self.bucket.observe(state, now, remaining), 0))

    def _update(self, change):
        """Apply ``change(state, now) -> (state, result)`` to the row and return the result.

        Two processes meet here all the time; the loser of a serialization conflict simply asks again.
        """
        while True:
            with self._registry.cursor() as cr:
                try:
                    return self._update_row(cr, change)
                except (SerializationFailure, UniqueViolation):
                    cr.rollback()
                except LockNotAvailable:
                    raise Transient(
                        texts._("EIM's call allowance is held by another process; trying again later.")
                    ) from None
            time.sleep(0.002)

    def _update_row(self, cr, change):
        # Held for a millisecond by whoever is well; nobody waits long for a process that hangs. Nor for the disk: what
        # a server that loses its power forgets of the count, EIM's next answer corrects.
        cr.execute(
            SQL(
                "SET LOCAL lock_timeout = '10s'; SET LOCAL synchronous_commit = off;"
                " SELECT tokens, counted_at, EXTRACT(EPOCH FROM clock_timestamp())::float8"
                " FROM extensiv_bucket WHERE key = %s FOR NO KEY UPDATE",
                self._key,
            ),
            log_exceptions=False,
        )
        row = cr.fetchone()
        if row is None:
            cr.execute("SELECT EXTRACT(EPOCH FROM clock_timestamp())::float8")
            [now] = cr.fetchone()
            (tokens, at), result = change(self.bucket.full(now), now)
            cr.execute(
                SQL(
                    "INSERT INTO extensiv_bucket (key, tokens, counted_at) VALUES (%s, %s, %s)",
                    self._key,
                    tokens,
                    at,
                ),
                log_exceptions=False,
            )
        else:
            before = State(*row[:2])
            (tokens, at), result = change(before, row[2])
            if self.bucket.is_same(before, State(tokens, at)):
                cr.commit()
                return result
            cr.execute(
                SQL(
                    "UPDATE extensiv_bucket SET tokens = %s, counted_at = %s WHERE key = %s",
                    tokens,
                    at,
                    self._key,
                ),
                log_exceptions=False,
            )
        cr.commit()
        return result

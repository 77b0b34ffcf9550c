"""The nightly comparison of EIM's stock with what it accepted, which has told again what nothing explains."""

import time
from datetime import timedelta
from functools import partial

from odoo import SUPERUSER_ID, fields
from odoo.fields import Domain
from odoo.tools.misc import format_datetime

from .inventory_reading import read_inventory_on, read_open_orders_on
from .level_comparison import LevelComparison
from .runner import FlowRun

# EIM is read for so long before what it said is written down: a killed pass reads little again.
READ_SECONDS = 8
# Half of the bucket is left to those who push, pull and ship.
RESERVE = 50
NIGHT_ENDS = 6  # o'clock, where the account's people are; it begins at midnight
GAP = timedelta(hours=12)
# Where no server runs by night, it is done by day.
OVERDUE = timedelta(hours=36)
# A comparison that came to no end for so long is not gone on with: what it read is no longer so.
STALE = timedelta(hours=20)
# In so many nights running a level must have been wrong, and told again, before somebody else is suspected.
NIGHTS = 3
NAMED = 5
LIST_KEY = "inventory list"
WRITTEN_ELSEWHERE = "stock written elsewhere"


class StockComparison(FlowRun):
    """Read EIM's stock once a night, over as many passes as it takes, and have told again what drifted."""

    flow = "compare"

    def run(self):
        account = self.account
        if account.push_all_first:
            self.messages.append(account._message_push_all_first())
            return
        compare_id = self.retry_on_conflict(self.find_or_begin)
        if not compare_id:
            self.repeat_last()
            return
        self.compare_id = compare_id
        if self.compare.state in ("new", "reading") and not self.read_levels():
            return
        if self.compare.state == "orders" and not self.read_orders():
            return
        self.retry_on_conflict(self.finish)

    @property
    def compare(self):
        return self.env["extensiv.compare"].browse(self.compare_id)

    def find_nightly(self, domain=Domain.TRUE, limit=None):
        """Return the comparisons of the account's nights, the newest first."""
        return self.env["extensiv.compare"].search(
            Domain(
                [
                    ("account_id", "=", self.account.id),
                    ("is_nightly", "=", True),
                    ("create_uid", "=", SUPERUSER_ID),
                ]
            )
            & domain,
            order="id desc",
            limit=limit,
        )

    def find_or_begin(self):
        """Return the id of the comparison that goes on, or of one that begins now because it is time; else None."""
        now = fields.Datetime.now()
        last = self.find_nightly(limit=1)
        if last and not last.message:  # which is written with what comes of it
            if last.create_date > now - STALE:
                return last.id
            last.unlink()
            last = self.find_nightly(limit=1)
        if last and not self.is_due(last.create_date, now):
            return None
        compare = self.env["extensiv.compare"].create({"account_id": self.account.id, "is_nightly": True})
        LevelComparison(compare).begin()
        return compare.id

    def is_due(self, last, now):
        """Whether it is time for the next comparison after the one of ``last`` (both naive UTC)."""
        account = self.account
        zone = account.responsible_id.tz or account.company_id.partner_id.tz or "UTC"
        hour = fields.Datetime.context_timestamp(account.with_context(tz=zone), now).hour
        return now - last >= (GAP if hour < NIGHT_ENDS else OVERDUE)

    def repeat_last(self):
        """Say what the last comparison found: a pass that has nothing to do shows nothing else."""
        last = self.find_nightly(limit=1)
        self.messages.append(
            self.env._(
                "Compared at %(moment)s: %(message)s",
                moment=format_datetime(self.env, last.create_date, tz=self.account.responsible_id.tz),
                message=last.message,
            )
        )

    # -- reading

    def read_levels(self):
        """Read EIM's inventory while there is time, and return whether all of it is read."""
        return self._read(read_inventory_on, LevelComparison.take_levels, ("new", "reading"))

    def read_orders(self):
        """Read EIM's open orders while there is time, and return whether all of them are read."""
        return self._read(
            read_open_orders_on, lambda comparison, reading, _before: comparison.take_orders(reading), ("orders",)
        )

    def _read(self, read_on, take, states):
        """Read on and take down, while the comparison is in one of ``states``, and return whether it left them.

        :raise eim.EimError: EIM had trouble, or refuses; the next pass goes on there
        """
        while self.compare.state in states:
            if not self.has_time():
                self.resume_in = 0
                return False
            place = self.compare.place
            before = LevelComparison(self.compare).find_pushes()
            self.commit()  # no snapshot is held while EIM is asked, and what is known here is read afterwards
            until = time.monotonic() + min(READ_SECONDS, self.seconds_left())
            reading = read_on(self.client, until, place, RESERVE)
            self.commit()
            self.retry_on_conflict(partial(self._take, take, reading, before))
        return True

    def _take(self, take, reading, before):
        take(LevelComparison(self.compare), reading, before)

    # -- what comes of it

    def finish(self):
        """Have told again what nothing explains, and say how much it was."""
        compare = self.compare
        repaired = LevelComparison(compare).repair()
        compare.message = compare._summarize()
        self.counts["compared"] = compare.level_count
        self.messages.append(compare.message)
        if repaired:
            self.trigger("inventory")
        self.report_endless(compare.endless)
        self.report_written_elsewhere(repaired)

    def report_endless(self, reason):
        """Keep one error open while a list of EIM's leads nowhere."""
        Error = self.env["extensiv.error"]
        if not reason:
            Error._resolve(self.account, self.flow, [LIST_KEY])
            return
        message = self.env._(
            "A list of EIM's does not end as it should: %s What was read of it was compared; something may be missing. "
            "Tell EIM's support.",
            reason,
        )
        failure = {"message": message, "category": "data", "document": self.account}
        Error._report(self.account, self.flow, {LIST_KEY: failure})

    def report_written_elsewhere(self, repaired):
        """Keep one error open while levels are wrong night after night, though they are told again each time.

        One that a person dismissed stays so until no level comes back any more.

        :param repaired: the lines that are told again now
        """
        Error = self.env["extensiv.error"]
        nights = self.find_nightly(Domain("state", "=", "read"), limit=NIGHTS)
        again = repaired.level_id if len(nights) == NIGHTS else repaired.level_id.browse()
        for night in nights[1:]:
            again &= night.line_ids.filtered(lambda line: line.outcome == "repaired").level_id
        if not again:
            Error._resolve(self.account, self.flow, [WRITTEN_ELSEWHERE], states=("open", "dismissed"))
            return
        dismissed = Domain("state", "=", "dismissed") & Error._domain(self.account, self.flow, [WRITTEN_ELSEWHERE])
        if Error.search_count(dismissed, limit=1):
            return
        message = self.env._(
            "Something else writes stock at EIM: %(count)s levels were another number there %(nights)s nights running, "
            "though each time they were told again: %(levels)s. Look for who else pushes stock to this account of EIM, "
            "a WMS, a cart or a second Odoo for example, and let only one of the two do so. What the other one looks "
            "after, set to Leave Alone on the product. This goes by itself after a night without it.",
            count=len(again),
            nights=NIGHTS,
            levels=", ".join(f"{level.sku} ({level.location_id.name})" for level in again[:NAMED]),
        )
        failure = {"message": message, "category": "settings", "document": self.account}
        Error._report(self.account, self.flow, {WRITTEN_ELSEWHERE: failure})

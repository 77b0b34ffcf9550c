"""Levels to which EIM gives no usable answer: it answers HTTP 5xx or garbage, breaks off, or lets one wait.

One record may be behind that, or EIM is down. Stating a level twice is harmless, so what was not answered is told again
in halves, until the record stands alone; that takes few calls, and where EIM is down, it ends soon.
"""

import time
from operator import attrgetter

from odoo.tools import groupby

# After so many calls in a row without a usable answer EIM is asked whether it is there at all; so many are no one
# record's fault.
DOUBT = 3
DOWN = 12
# A call that took so many seconds is not repeated at once: its levels wait until everything else was told.
SLOW_SECONDS = 8.0
# So many of the levels that are known to stand alone have their next try in one pass.
ALONE_AGAIN = 10


class Unanswered:
    """What EIM gave no usable answer to in one pass.

    :param push: the ``StockPush`` whose calls these are
    """

    def __init__(self, push):
        self.push = push
        self.parts = []
        """``Change`` lists to be told when everything else was."""
        self.alone = {}
        """``{Change: eim.AnswerLost}`` of the levels that were told by themselves."""
        self.sizes = {}
        """``{Change: with how many levels at once EIM gave no usable answer to it}``"""
        self.in_a_row = 0
        self.error = None
        self.is_last = False
        """Whether everything else was told."""
        self.has_answered = False
        """Whether EIM answered anything that was pushed in this pass."""

    # -- what comes last

    def split_off(self, changes):
        """Return ``changes`` without those that EIM gave no usable answer to before: these are told last, in halves."""
        fresh = [change for change in changes if not change.unanswered]
        if len(fresh) == len(changes):
            return changes
        for size, again in groupby((each for each in changes if each.unanswered), attrgetter("unanswered")):
            if size == 1:
                known = sum(part[0].unanswered == 1 for part in self.parts)
                self.parts += [[change] for change in again[: max(0, ALONE_AGAIN - known)]]
            else:
                self.parts += [again[start : start + size // 2] for start in range(0, len(again), size // 2)]
        return fresh

    def next_part(self):
        """Return a part that is to be told now, None when there is no more: first what is suspected least."""
        self.is_last = True
        if not self.parts:
            return None
        part = max(self.parts, key=lambda part: self.sizes.get(part[0], part[0].unanswered))
        self.parts.remove(part)
        return part

    # -- what EIM answers

    def answered(self, changes):
        """Note that EIM answered, whatever it was."""
        self.has_answered = True
        self.in_a_row = 0
        for change in self.sizes and changes:
            self.sizes.pop(change, None)

    def is_repeated(self, started):
        """Whether levels are told again at once whose answer was lost: those told first, where that took no time.

        :param started: when they were told, by ``time.monotonic()``
        """
        return not self.is_last and time.monotonic() - started < SLOW_SECONDS

    def take(self, changes, error, started):
        """Note that EIM gave no usable answer to ``changes``.

        What took long to fail goes on at the end of the pass.

        :param started: when they were told, by ``time.monotonic()``
        :return: the parts that are to be told now
        :raise eim.EimError: EIM asks to wait, or is down
        """
        if error.retry_after is not None:
            raise error
        self.error = error
        self.sizes.update(dict.fromkeys(changes, len(changes)))
        if changes[0].unanswered != 1:  # what stood alone before says nothing of EIM
            self.in_a_row += 1
        is_slow = time.monotonic() - started >= SLOW_SECONDS
        # One that was waited for in vain is not waited for again before EIM is known to be there.
        if self.in_a_row == DOUBT or (is_slow and self.in_a_row == 1 and not self.has_answered):
            self._check_there()
        if self.in_a_row >= DOWN:
            raise error
        if len(changes) == 1:
            self.alone[changes[0]] = error
            return []
        middle = len(changes) // 2
        halves = [changes[:middle], changes[middle:]]
        if not is_slow:
            return halves
        self.parts += halves
        return []

    def _check_there(self):
        """Ask EIM for something else.

        :raise eim.EimError: it does not answer that either
        """
        self.push.check.passed = False
        self.push.check.ask()

    def judge(self):
        """Return ``{Change: eim.AnswerLost}`` of the records that EIM gave no usable answer to by themselves.

        :raise eim.EimError: it gave none to anything in this pass, so nothing is known of the records
        """
        if self.error and not self.has_answered:
            if self.parts or not self.alone:
                raise self.error
            self._check_there()
        alone = self.alone
        self.alone = {}
        return alone

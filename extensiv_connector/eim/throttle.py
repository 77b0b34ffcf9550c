"""The leaky bucket: EIM grants 100 calls and one more every 0.6 s for each credential.

Pure functions on a small state, so that a row in a database (shared by every process) and an object in memory
keep the same bucket. ``now`` is in seconds of one clock, that of whoever keeps the state.
"""

import threading
import time
from dataclasses import dataclass
from typing import NamedTuple

_EPSILON = 1e-6  # a wait slept to the end is enough, whatever floating point makes of it


class State(NamedTuple):
    """``tokens`` (fractions, below zero after a correction) as they were ``at`` a moment in seconds."""

    tokens: float
    at: float


@dataclass(frozen=True)
class Bucket:
    """The rules of a bucket.

    ``margin`` tokens are left unused. EIM counts a call when it arrives, we when it leaves. While EIM's
    bucket is full it gains nothing, ours already refills what has left and not arrived: each call in flight
    can put us one ahead, and EIM's remaining count is a whole number, rounded. Two is enough for two calls in
    flight at that moment, costs no pace afterwards (the refill is the same), and further processes are
    corrected by ``observe``.
    """

    capacity: float = 100
    seconds_per_token: float = 0.6
    margin: float = 2

    def full(self, now):
        """Return the state of a bucket nobody has taken from."""
        return State(self.capacity - self.margin, now)

    def take(self, state, now, reserve=0):
        """Take a token if more than ``reserve`` would be left alone.

        :return: ``(state, wait)``: 0 when a token was taken, else the seconds until one may be asked for
            again
        """
        state = self._refilled(state, now)
        missing = min(reserve, self.capacity - self.margin - 1) + 1 - state.tokens
        if missing <= _EPSILON:
            return State(state.tokens - 1, state.at), 0.0
        return state, missing * self.seconds_per_token

    def observe(self, state, now, remaining):
        """Correct by what EIM says is left, and return the state.

        Downwards at once: somebody else uses the credential, or we were wrong. Never upwards: an answer can
        be older than the calls sent since, or count otherwise; a bucket that is too low keeps the full pace
        and is right again after a minute's rest at most, one that is too high provokes refusals.
        """
        state = self._refilled(state, now)
        return State(min(state.tokens, max(remaining, 0) - self.margin), state.at)

    def is_same(self, before, after):
        """Whether only time passed from one state to the other, so that it need not be kept."""
        return after in (before, self._refilled(before, after.at))

    def _refilled(self, state, now):
        elapsed = max(now - state.at, 0.0)  # a clock set back gives nothing and takes nothing
        return State(min(state.tokens + elapsed / self.seconds_per_token, self.capacity - self.margin), now)


class MemoryTokens:
    """A bucket for the threads of one process.

    :param clock: seconds, never going back
    """

    def __init__(self, bucket=None, clock=time.monotonic):
        self.bucket = bucket or Bucket()
        self._clock = clock
        self._lock = threading.Lock()
        self._state = self.bucket.full(clock())

    def take(self, reserve=0):
        """Take a token; return 0, or the seconds to wait before asking again."""
        with self._lock:
            self._state, wait = self.bucket.take(self._state, self._clock(), reserve)
            return wait

    def observe(self, remaining):
        """Correct by what EIM says is left."""
        with self._lock:
            self._state = self.bucket.observe(self._state, self._clock(), remaining)

"""The leaky bucket of EIM's rate limit, kept strictly."""

import threading
import time

CAPACITY = 100
SECONDS_PER_TOKEN = 0.6


class Bucket:
    """100 calls, one back every 0.6 s; ``clock`` gives seconds, and a test brings its own."""

    def __init__(self, clock=time.monotonic):
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = float(CAPACITY)
        self._moment = clock()

    def take(self) -> tuple[bool, int]:
        """Take a token; tell whether there was one, and how many whole ones are left."""
        with self._lock:
            now = self._clock()
            self._tokens = min(CAPACITY, self._tokens + (now - self._moment) / SECONDS_PER_TOKEN)
            self._moment = now
            # A hair of tolerance: 0.6 s is no exact binary fraction, and who waited it is due a token.
            allowed = self._tokens >= 1 - 1e-6
            if allowed:
                self._tokens = max(0.0, self._tokens - 1)
            return allowed, int(self._tokens + 1e-6)

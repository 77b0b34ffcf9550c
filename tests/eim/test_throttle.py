"""The bucket keeps the whole pace and is never ahead of EIM's."""

import heapq
import random

import pytest

from eim.throttle import Bucket, MemoryTokens, State


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Service:
    """EIM's own bucket: counts a call when it arrives."""

    def __init__(self):
        self.tokens, self.at, self.refused, self.counted = 100.0, 0.0, 0, 0

    def count(self, now):
        self.tokens, self.at = min(100.0, self.tokens + (now - self.at) / 0.6), now
        if self.tokens < 1:
            self.refused += 1
        else:
            self.tokens -= 1
            self.counted += 1
        return int(self.tokens)


def simulate(takers, seconds, there=0.02, back=0.02, stranger=0):
    """Let ``takers`` (their reserves) call as fast as tokens allow; return EIM's bucket, calls by taker.

    Times to arrive and to come back vary between nothing and twice ``there`` and ``back``. A ``stranger``
    makes that many calls a minute with the same credential.
    """
    rng = random.Random(4)
    clock, service = Clock(), Service()
    tokens = MemoryTokens(clock=clock)
    calls = [0] * len(takers)
    events = [(0.0, number, "take", number, 0) for number in range(len(takers))]
    if stranger:
        events += [(minute, 1000 + minute, "stranger", 0, 0) for minute in range(0, int(seconds), 60 // stranger)]
    serial = 10_000
    while events and events[0][0] < seconds:
        clock.now, _serial, what, taker, remaining = heapq.heappop(events)
        serial += 1
        if what == "take":
            wait = tokens.take(takers[taker])
            if wait:
                heapq.heappush(events, (clock.now + wait, serial, "take", taker, 0))
            else:
                calls[taker] += 1
                heapq.heappush(events, (clock.now + rng.uniform(0, 2 * there), serial, "arrive", taker, 0))
        elif what == "arrive":
            remaining = service.count(clock.now)
            heapq.heappush(events, (clock.now + rng.uniform(0, 2 * back), serial, "answer", taker, remaining))
        elif what == "answer":
            tokens.observe(remaining)
            heapq.heappush(events, (clock.now, serial, "take", taker, 0))
        else:
            service.count(clock.now)
    return service, calls


@pytest.mark.parametrize(("there", "back"), [(0.001, 0.001), (0.05, 0.05), (0.2, 0.3)])
@pytest.mark.parametrize("takers", [(0,), (0, 0), (0, 0, 0, 0)])
def test_the_whole_pace_and_no_refusal(takers, there, back):
    seconds = 300
    service, _calls = simulate(takers, seconds, there, back)
    allowed = min(100 + seconds / 0.6, len(takers) * seconds / (there + back))
    assert service.refused == 0
    assert service.counted >= 0.95 * allowed


def test_what_can_wait_leaves_tokens_to_what_cannot():
    service, (urgent, _patient) = simulate((0, 20), 120)
    assert service.refused == 0
    assert urgent > 190  # all that comes back, when both want everything
    _service, (alone,) = simulate((20,), 120)
    assert alone >= 0.95 * (80 + 120 / 0.6)


def test_a_stranger_with_the_same_credential_is_noticed():
    service, (calls,) = simulate((0,), 300, stranger=30)
    assert service.refused <= 1
    assert calls >= 0.95 * (100 + 300 * (1 / 0.6 - 0.5))


def test_waits_are_exact():
    bucket, state = Bucket(), State(0.0, 10.0)
    state, wait = bucket.take(state, 10.0)
    assert wait == pytest.approx(0.6)
    state, wait = bucket.take(state, 10.0 + wait)
    assert wait == 0 and state.tokens == pytest.approx(0)
    assert bucket.take(state, state.at, reserve=20)[1] == pytest.approx(21 * 0.6)


def test_a_full_bucket_is_a_little_less_than_eims_and_no_more_after_an_hour():
    bucket = Bucket()
    state = bucket.full(0.0)
    for _call in range(98):
        state, wait = bucket.take(state, 0.0)
        assert wait == 0
    assert bucket.take(state, 0.0)[1] > 0
    assert bucket.take(state, 3600.0)[0].tokens == 97


def test_correction_goes_down_at_once_and_never_up():
    bucket = Bucket()
    state = State(50.0, 0.0)
    assert bucket.observe(state, 0.0, 10).tokens == 8
    assert bucket.observe(state, 0.0, 90).tokens == 50
    assert bucket.observe(state, 0.0, -5).tokens == -2


def test_a_clock_set_back_neither_gives_nor_blocks():
    bucket = Bucket()
    state, wait = bucket.take(State(1.0, 1000.0), 0.0)
    assert wait == 0
    state, wait = bucket.take(state, 0.0)
    assert wait == pytest.approx(0.6)
    assert bucket.take(state, 0.7)[1] == 0


def test_a_reserve_of_more_than_the_bucket_still_gets_a_token():
    bucket = Bucket(capacity=10)
    assert bucket.take(bucket.full(0.0), 0.0, reserve=50)[1] == 0

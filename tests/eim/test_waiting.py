"""What EIM, or a proxy before it, says about waiting is heeded: ``Retry-After`` of a 429, a 503 and their like."""

import json
import time

import pytest
from eim_service import ok, raw, refusal

from eim.errors import AnswerLost, EimError, RateLimited, Transient
from eim.transport import LONGEST_PAUSE, RATE_LIMIT_PAUSE, asked_pause
from eim.wire import Shipment, ShipmentItem

PARCEL = Shipment("UPS", "Ground", "1Z9", None, (ShipmentItem("A", 1),))
NOW = "Fri, 01 Mar 2024 12:00:00 GMT"
FOUND = ok({"cust_ref": "A"})
KINDS = {429: RateLimited, 503: Transient}


def at(date, **headers):
    """Answer with EIM's clock at ``date``, whatever this machine's says."""

    def answer(handler):
        handler.date_time_string = lambda timestamp=None: date
        raw(**headers)(handler)
        del handler.date_time_string

    return answer


def busy(status, after):
    return at(NOW, status=status, body="", Retry_After=after)


def caught(call):
    with pytest.raises(EimError) as error:
        call()
    return error.value


@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("after", ["3", " 3 ", "3.0", "Fri, 01 Mar 2024 12:00:03 GMT", "Fri Mar  1 12:00:03 2024"])
def test_a_get_waits_as_long_as_it_is_asked_to(service, connect, slept, status, after):
    service.script = [busy(status, after), FOUND]
    assert connect(max_wait=5.0, timeout=30.0).get_order("A").cust_ref == "A"
    assert slept == [3.0]
    assert len(service.requests) == 2


@pytest.mark.parametrize("status", KINDS)
@pytest.mark.parametrize("after", ["7", "Fri, 01 Mar 2024 12:00:07 GMT", "Friday, 01-Mar-24 12:00:07 GMT"])
def test_where_the_wait_is_beyond_its_means_the_call_says_for_how_long(service, connect, slept, status, after):
    service.script = [busy(status, after)]
    error = caught(lambda: connect(max_wait=5.0, timeout=30.0).get_order("A"))
    assert type(error) is KINDS[status]
    assert (error.retry_after, error.asked) == (7.0, True)
    assert len(service.requests) == 1 and not slept


def test_waits_add_up(service, connect, slept):
    service.script = [busy(503, "3")]
    error = caught(lambda: connect(max_wait=5.0, timeout=30.0).get_order("A"))
    assert error.retry_after == 3.0
    assert len(service.requests) == 2 and slept == [3.0]


@pytest.mark.parametrize("status", KINDS)
def test_what_ends_too_soon_does_not_wait(service, connect, slept, status):
    service.script = [busy(status, "4")]
    client = connect(max_wait=60.0, timeout=30.0)
    client.end_by(time.monotonic() + 3)
    assert caught(lambda: client.get_order("A")).retry_after == 4.0
    assert len(service.requests) == 1 and not slept


def test_a_wait_within_the_time_of_the_call_only(service, connect, slept):
    service.script = [busy(503, "50")]
    assert caught(lambda: connect(max_wait=600.0, timeout=30.0).get_order("A")).retry_after == 50.0
    assert len(service.requests) == 1 and not slept


@pytest.mark.parametrize(
    ("status", "kind"), [(429, RateLimited), (503, AnswerLost), (500, AnswerLost), (502, AnswerLost)]
)
def test_a_post_is_not_sent_again_and_says_for_how_long(service, connect, slept, status, kind):
    service.script = [busy(status, "2")]
    error = caught(lambda: connect(max_wait=60.0).ship("A", [PARCEL]))
    assert type(error) is kind
    assert error.retry_after == 2.0
    assert len(service.requests) == 1 and not slept


def test_eims_own_refusal_may_say_it_too(service, connect, slept):
    words = json.dumps({"success_code": False, "error_code": "RateLimit", "message": "Over API Limit."})
    service.script = [raw(200, words, Retry_After="2"), FOUND]
    assert connect().get_order("A").cust_ref == "A"
    assert slept == [2.0]


def test_a_person_reads_for_how_long(service, connect):
    service.script = [busy(503, "120")]
    assert (
        caught(lambda: connect().get_order("A")).message
        == "EIM has trouble of its own (HTTP 503). It asks to wait 120 s."
    )


@pytest.mark.parametrize(
    "after",
    ["0", "-5", "nan", "inf", "soon", "", "1e3", "Fri, 01 Mar 2024 11:00:00 GMT", NOW, "٣", "0x10", "Fri, 99 Foo 2024"],
)
def test_what_says_nothing_of_waiting_is_as_if_it_were_not_there(service, connect, slept, after):
    service.script = [busy(503, after.encode().decode("latin-1")), FOUND]
    client = connect()
    assert client.get_order("A").cust_ref == "A"
    assert max(slept) <= 0.75
    service.script = [busy(429, after.encode().decode("latin-1"))]
    error = caught(lambda: client.acknowledge("A"))
    assert (error.retry_after, error.asked) == (RATE_LIMIT_PAUSE, False)
    service.script = [busy(503, after.encode().decode("latin-1"))]
    assert caught(lambda: client.acknowledge("A")).retry_after is None


@pytest.mark.parametrize("after", ["3601", "86400", "9" * 5000, "Fri, 01 Mar 2124 12:00:00 GMT"])
def test_absurd_waits_are_an_hour(service, connect, slept, after):
    service.script = [busy(503, after)]
    error = caught(lambda: connect().get_order("A"))
    assert error.retry_after == LONGEST_PAUSE == 3600
    assert not slept


def test_without_eims_clock_ours_is_taken():
    later = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    assert 97 <= asked_pause({"Retry-After": later}) <= 100
    assert asked_pause({"Retry-After": later, "Date": "nonsense"}) <= 100
    assert asked_pause({}) is None


def test_a_rate_limit_that_says_nothing_of_waiting_is_tried_again_soon(service, connect, slept):
    service.script = [refusal("Over API Limit. Please slow down requests.", code="RateLimit"), FOUND]
    assert connect().get_order("A").cust_ref == "A"
    assert max(slept) <= 0.75

"""What bounds an exchange with EIM: its time, whatever of it is slow, and its size, however it is compressed."""

import gzip
import json
import socket
import threading
import time
import tracemalloc
import zlib
from functools import partial

import pytest
from eim_certificates import Listener, encrypt, tunnel
from eim_service import drips, ok, raw

from eim.errors import AnswerLost, CertificateInvalid, EimError, Transient, Unreadable
from eim.routes import ROUTES
from eim.transport import MAX_ANSWER
from eim.wire import Shipment, ShipmentItem

PARCEL = Shipment("UPS", "Ground", "1Z9", None, (ShipmentItem("A", 1),))
LIMIT = 0.2  # seconds that a try has in these tests
SLACK = 1.5  # for a busy machine; what is slow here is so for 4 s
OK = b"HTTP/1.1 200 OK\r\n"
LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
SLOW = {
    "status line": drips(b"HTTP/1.1 200 ", b"O"),
    "bytes of a header": drips(OK + b"X-Long: ", b"x"),
    "lines of headers": drips(OK, b"X-More: yes\r\n"),
    "continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": drips(LONG, b" "),
    "body without length": drips(OK + b"Connection: close\r\n\r\n", b" "),
    "chunks": drips(CHUNKED, b"1\r\n \r\n"),
    "trailers": drips(CHUNKED + b"2\r\n{}\r\n0\r\n", b"X-More: yes\r\n"),
    "compressed body": drips(OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"x")[:10], b"\0"),
    "nothing": drips(b"", b""),
    "whole, then silence": drips(OK + b'Connection: close\r\n\r\n{"success_code": true}', b""),
}


def measured(call, error):
    """Return the ``error`` of a call and how long it took, in seconds."""
    started = time.monotonic()
    with pytest.raises(EimError) as caught:
        call()
    seconds = time.monotonic() - started
    assert type(caught.value) is error, repr(caught.value)
    return caught.value, seconds


@pytest.fixture(params=["http", "https"])
def url(request, service, authority):
    """The address of the service, with and without TLS."""
    if request.param == "http":
        return service.url
    request.getfixturevalue("trusted")
    return encrypt(service, authority.certify("localhost"))


# Time


@pytest.mark.parametrize("slow", SLOW)
def test_a_post_whose_answer_is_slow_ends_in_time(service, connect, url, slow):
    service.script = [SLOW[slow]]
    client = connect(url, timeout=LIMIT)
    _error, seconds = measured(lambda: client.ship("A", [PARCEL]), AnswerLost)
    assert seconds < LIMIT + SLACK
    assert len(service.requests) == 1


@pytest.mark.parametrize("slow", ["bytes of a header", "lines of headers", "body"])
def test_a_get_whose_answer_is_slow_ends_in_time_and_the_next_one_works(service, connect, url, slow):
    service.script = [SLOW[slow]]
    client = connect(url, timeout=LIMIT)
    _error, seconds = measured(lambda: client.get_order("A"), Transient)
    assert seconds < 1.5 * LIMIT + SLACK
    client._transport._timeout = 5.0
    service.script = [ok({"cust_ref": "A"})]
    assert client.get_order("A").cust_ref == "A"


def test_a_connection_that_was_kept_is_bounded_too(service, connect, url):
    service.script = [ok({"cust_ref": "A"}), SLOW["lines of headers"]]
    client = connect(url, timeout=5.0)
    client.get_order("A")
    client._transport._timeout = LIMIT
    _error, seconds = measured(lambda: client.ship("A", [PARCEL]), AnswerLost)
    assert seconds < LIMIT + SLACK


def test_redirects_share_the_time_of_a_try(service, connect):
    def late(handler):
        time.sleep(LIMIT * 0.7)
        raw(302, "", Location="/v1/elsewhere")(handler)

    service.script = [late]
    client = connect(timeout=LIMIT)
    _error, seconds = measured(lambda: client.get_order("A"), Transient)
    assert seconds < 1.5 * LIMIT + SLACK


def test_headers_without_end_are_not_read_on(service, connect):
    service.script = [drips(OK + b"X-More: yes\r\n" * 100_000, b"")]
    client = connect(timeout=5.0)
    _error, seconds = measured(lambda: client.ship("A", [PARCEL]), AnswerLost)
    assert seconds < 2


def sip(connection):
    while connection.recv(1000):
        time.sleep(0.02)


def test_who_reads_the_request_slowly_is_not_waited_for(connect):
    listener = Listener(sip)
    transport = connect(listener.url, timeout=LIMIT)._transport
    try:
        call = partial(transport.call, ROUTES["push_inventory"], "x", body="x" * 20_000_000)
        _error, seconds = measured(call, AnswerLost)
    finally:
        listener.close()
    assert seconds < LIMIT + SLACK


def drip_handshake(connection):
    connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 kB
    for _drop in range(200):
        connection.sendall(b"\x02")
        time.sleep(0.02)


@pytest.mark.parametrize("serve", [lambda connection: time.sleep(4), drip_handshake], ids=["stalled", "dripping"])
def test_a_tls_handshake_ends_in_time_and_nothing_was_sent(connect, serve):
    listener = Listener(serve)
    client = connect(listener.url.replace("http:", "https:"), timeout=LIMIT)
    try:
        for call in (lambda: client.get_order("A"), lambda: client.ship("A", [PARCEL])):
            _error, seconds = measured(call, Transient)
            assert seconds < 1.5 * LIMIT + SLACK
    finally:
        listener.close()


def test_a_name_that_is_not_looked_up_in_time_is_not_waited_for(connect, monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: time.sleep(4))
    client = connect("https://eim.example", timeout=LIMIT)
    _error, seconds = measured(lambda: client.ship("A", [PARCEL]), Transient)
    assert seconds < LIMIT + SLACK


def test_a_host_that_is_unknown_was_not_reached(connect, monkeypatch):
    def unknown(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("socket.getaddrinfo", unknown)
    error, _seconds = measured(lambda: connect("https://eim.example").ship("A", [PARCEL]), Transient)
    assert error.message == "EIM was not reached."


def test_the_next_address_is_tried_where_one_refuses(service, connect, monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = unused.getsockname()
    alive = ("127.0.0.1", service.server.server_port)
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: found)
    service.script = [ok({"cust_ref": "A"})]
    assert connect().get_order("A").cust_ref == "A"


def test_no_descriptor_and_no_thread_is_left(service, connect, monkeypatch):
    duplicates = []
    fromfd = socket.fromfd
    monkeypatch.setattr("socket.fromfd", lambda *args: duplicates.append(fromfd(*args)) or duplicates[-1])
    service.script = [ok({"cust_ref": "A"})]
    client = connect()
    for _call in range(5):
        client.get_order("A")
    assert len(duplicates) == 5
    assert all(duplicate.fileno() == -1 for duplicate in duplicates)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(1)
            assert not thread.is_alive()


# Proxies


@pytest.fixture
def use_proxy(monkeypatch):
    """Return a function that has calls pass a proxy, which serves connections as told."""
    listeners = []
    for name in ("no_proxy", "NO_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)

    def use(serve):
        listeners.append(Listener(serve))
        monkeypatch.setenv("HTTPS_PROXY", listeners[0].url)

    yield use
    for listener in listeners:
        listener.close()


def test_a_call_passes_a_proxy(service, connect, authority, trusted, use_proxy):
    encrypt(service, authority.certify("eim.example"))
    asked = []
    use_proxy(tunnel(service.server.server_port, asked))
    service.script = [ok({"cust_ref": "A"}), ok({"cust_ref": "A"}), SLOW["lines of headers"]]
    client = connect("https://eim.example", timeout=2.0)
    assert [client.get_order("A").cust_ref for _call in range(2)] == ["A", "A"]
    assert asked == ["CONNECT eim.example:443 HTTP/1.1"] or asked == ["CONNECT eim.example:443 HTTP/1.0"]
    client = connect("https://eim.example", timeout=LIMIT)
    _error, seconds = measured(lambda: client.ship("A", [PARCEL]), AnswerLost)
    assert seconds < LIMIT + SLACK


def serve_bytes(start, drop, connection):
    connection.recv(1000)
    connection.sendall(start)
    for _drop in range(200):
        connection.sendall(drop)
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("start", "drop"),
    [(b"HTTP/1.1 200 ", b"O"), (OK, b"X-More: yes\r\n"), (OK + b"\r\n", b""), (b"", b"")],
    ids=["status line", "headers", "handshake", "nothing"],
)
def test_a_slow_proxy_is_not_waited_for_and_nothing_was_sent(connect, use_proxy, start, drop):
    use_proxy(partial(serve_bytes, start, drop))
    _error, seconds = measured(lambda: connect("https://eim.example", timeout=LIMIT).ship("A", [PARCEL]), Transient)
    assert seconds < LIMIT + SLACK


def test_a_proxy_that_does_not_let_through_was_all_that_was_asked(connect, use_proxy):
    use_proxy(partial(serve_bytes, b"HTTP/1.1 502 Bad gateway\r\nContent-Length: 0\r\n\r\n", b""))
    measured(lambda: connect("https://eim.example", timeout=2.0).ship("A", [PARCEL]), Transient)


def test_this_machine_is_not_asked_through_a_proxy(service, connect, use_proxy, monkeypatch):
    use_proxy(lambda connection: None)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    service.script = [ok({"cust_ref": "A"})]
    assert connect().get_order("A").cust_ref == "A"


# Certificates


def test_a_certificate_that_is_trusted_is_taken(service, connect, authority, trusted):
    url = encrypt(service, authority.certify("localhost"))
    service.script = [ok({"cust_ref": "A"})]
    assert connect(url).get_order("A").cust_ref == "A"


@pytest.mark.parametrize(
    "wrong",
    [{"host": "eim.example"}, {"days": (-2, -1)}, {"days": (1, 2)}, {"trusted": False}, {"host": "127.0.0.1"}],
    ids=["another host's", "expired", "not valid yet", "self-signed", "a number's"],
)
def test_a_wrong_certificate_is_said_and_nothing_was_sent(service, connect, slept, authority, trusted, wrong):
    url = encrypt(service, authority.certify(**{"host": "localhost"} | wrong))
    service.script = [ok({"cust_ref": "A"})]
    for call in (lambda: connect(url).get_order("A"), lambda: connect(url).ship("A", [PARCEL])):
        measured(call, CertificateInvalid)
    assert not service.requests
    assert not slept


def test_a_certificate_that_nobody_here_trusts_is_not_taken(service, connect, authority):
    url = encrypt(service, authority.certify("localhost"))
    measured(connect(url).check_credentials, CertificateInvalid)
    assert not service.requests


# Size


def compress(size, wbits):
    """Return ``size`` MB of zeros, compressed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    megabyte = bytes(1_000_000)
    return b"".join([*(packer.compress(megabyte) for _megabyte in range(size)), packer.flush()])


BOMB = compress(240, 31)
BOMBS = {
    "gzip": (BOMB, "gzip"),
    "deflate": (compress(60, 15), "deflate"),
    "raw deflate": (compress(60, -15), "deflate"),
    "gzip twice": (gzip.compress(BOMB), "gzip, gzip"),
    "members without content": (gzip.compress(gzip.compress(b"") * 500_000), "gzip, gzip"),
    "many members": (gzip.compress(bytes(100_000)) * 2_000, "gzip"),
    "blocks without content": (gzip.compress(b"\0\0\0\xff\xff" * 2_500_000), "deflate, gzip"),
}


@pytest.mark.parametrize(
    ("bomb", "status"), [*((bomb, 200) for bomb in BOMBS), *(("gzip", status) for status in (302, 404, 503))]
)
def test_a_bomb_costs_little(service, connect, bomb, status):
    body, coding = BOMBS[bomb]
    service.script = [raw(status, body, Content_Encoding=coding, Location="/v1/elsewhere")]
    client = connect(timeout=20.0)
    tracemalloc.start()
    try:
        _error, seconds = measured(lambda: client.ship("A", [PARCEL]), AnswerLost)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 30_000_000
    assert seconds < 2
    measured(lambda: client.get_order("A"), Unreadable)
    assert len(service.requests) == 2


def test_the_bomb_is_what_was_measured():
    assert 230_000 < len(BOMB) < 240_000
    assert MAX_ANSWER == 10 * 1024 * 1024


@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate"])
@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_may_be_as_long_as_the_limit_and_no_longer(service, connect, monkeypatch, coding, chunked):
    monkeypatch.setattr("eim.transport.MAX_ANSWER", 100_000)
    text = json.dumps({"success_code": True, "response": {"cust_ref": "A"}}).encode()
    pack = {"identity": bytes, "gzip": gzip.compress, "deflate": zlib.compress}[coding]
    for extra in (0, 1):
        body = pack(text.ljust(100_000 + extra))
        header = f"Content-Encoding: {coding}\r\n".encode()
        if chunked:
            start = OK + header + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        else:
            start = OK + header + b"Content-Length: %d\r\n\r\n" % len(body) + body
        service.script = [drips(start, b"", 0)]
        if extra:
            measured(lambda: connect().get_order("A"), Unreadable)
        else:
            assert connect().get_order("A").cust_ref == "A"


def test_a_length_beyond_the_limit_is_not_read_at_all(service, connect):
    service.script = [drips(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", b" ")]
    _error, seconds = measured(lambda: connect(timeout=5.0).get_order("A"), Unreadable)
    assert seconds < 2


WHOLE = json.dumps({"success_code": True, "response": {"cust_ref": "A", "cust_city": "x" * 60_000}}).encode()


def deflate_raw(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("body", "coding"),
    [
        (gzip.compress(WHOLE), "gzip"),
        (gzip.compress(WHOLE), "GZip"),
        (gzip.compress(WHOLE), "x-gzip"),
        (gzip.compress(WHOLE[:100]) + gzip.compress(WHOLE[100:]), "gzip"),
        (gzip.compress(WHOLE) + bytes(50_000), "gzip"),
        (zlib.compress(WHOLE), "deflate"),
        (deflate_raw(WHOLE), "deflate"),
        (zlib.compress(gzip.compress(WHOLE)), "gzip, deflate"),
        (gzip.compress(deflate_raw(WHOLE)), "deflate, gzip"),
        (WHOLE, "identity"),
        (WHOLE, ""),
    ],
)
def test_what_was_asked_for_is_read(service, connect, body, coding):
    service.script = [raw(200, body, Content_Encoding=coding)]
    assert connect().get_order("A").cust_ref == "A"
    assert service.requests[0][2]["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, br", "gzip, gzip, gzip", "utf-8"])
def test_what_was_not_asked_for_is_not_decompressed(service, connect, coding):
    service.script = [raw(200, WHOLE, Content_Encoding=coding)]
    client = connect()
    measured(lambda: client.get_order("A"), Unreadable)
    measured(lambda: client.ship("A", [PARCEL]), AnswerLost)
    assert len(service.requests) == 2


CUT_SHORT = [
    raw(200, WHOLE[:5_000], declared=len(WHOLE)),
    raw(200, gzip.compress(WHOLE)[:-20], Content_Encoding="gzip"),
    raw(200, gzip.compress(WHOLE)[:-20], Content_Encoding="gzip", declared=len(gzip.compress(WHOLE))),
    raw(200, zlib.compress(WHOLE)[:20], Content_Encoding="deflate"),
    raw(200, WHOLE, Content_Encoding="gzip"),
    drips(CHUNKED + b"%x\r\n" % len(WHOLE) + WHOLE[:900], b"", 0),
]


@pytest.mark.parametrize("answer", CUT_SHORT)
def test_an_answer_that_is_cut_short_or_damaged_is_asked_for_again(service, connect, answer):
    service.script = [answer]
    error, _seconds = measured(lambda: connect().get_order("A"), Unreadable)
    assert error.cut_short
    assert len(service.requests) == 3
    measured(lambda: connect().ship("A", [PARCEL]), AnswerLost)


def test_an_empty_body_needs_no_coding(service, connect):
    service.script = [raw(503, "", Content_Encoding="gzip")]
    error, _seconds = measured(lambda: connect().ship("A", [PARCEL]), AnswerLost)
    assert error.status == 503

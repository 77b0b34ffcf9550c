"""The time that one exchange with EIM may take, whatever of it is slow.

A socket's timeout, and so that of requests, is for each wait: a peer that sends a byte now and then is waited for
without end. Here a timer shuts the exchange's sockets down when the time is up, which ends every wait on them: for a
TLS handshake, a proxy's answer, headers, a body, for room to send. What has no socket yet, looking up the host and
connecting to one of its addresses after the other, is given the time that is left. So nothing depends on how a version
of requests or urllib3 reads; they are told the same timeout, for there is no other for the SOCKS proxies of PySocks.
"""

import queue
import socket
import threading
import time
from contextvars import ContextVar
from functools import cache

import requests
import urllib3.connection
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

_limit = ContextVar("eim_time_limit", default=None)


class TimeLimit:
    """Bound what is done with a ``BoundedSession`` in its ``with`` block, in this thread, by ``seconds`` in all.

    ``expired`` says afterwards that the time was up: whatever came may be cut off. ``connected`` says that EIM, or a
    proxy that passes the request on, took the connection: without it nothing of the request was sent.

    :param connect_seconds: what each address of the host has to accept a connection
    """

    def __init__(self, seconds, connect_seconds):
        self._until = time.monotonic() + seconds
        self._connect_seconds = connect_seconds
        self._timer = threading.Timer(max(seconds, 0), self._expire)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._sockets = []
        self._ended = False
        self.expired = False
        self.connected = False

    def __enter__(self):
        self._timer.start()
        self._token = _limit.set(self)
        return self

    def __exit__(self, *_error):
        _limit.reset(self._token)
        self._timer.cancel()
        with self._lock:
            self._ended = True
            for sock in self._sockets:
                sock.close()

    @property
    def left(self):
        """Seconds that are left, of which there is always a little for a socket to time out."""
        return max(self._until - time.monotonic(), 0.001)

    def watch(self, sock):
        """Shut ``sock`` down when the time is up, also after TLS was wrapped around it or its connection forgot it.

        A duplicate of its own does that: it stays valid as long as the exchange, whoever closes or detaches ``sock``.
        """
        twin = socket.fromfd(sock.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        with self._lock:
            self._sockets.append(twin)
            if self.expired:
                _shut_down(twin)

    def connect(self, host, port, source_address=None, socket_options=None):
        """Return a socket that is connected to one of the addresses of ``host``.

        :raise OSError: none accepts, or the host is unknown; ``TimeoutError`` where it took too long
        """
        trouble = OSError("The host has no address.")
        for family, kind, protocol, _name, address in _look_up(host.strip("[]"), port, self.left):
            sock = None
            try:
                sock = socket.socket(family, kind, protocol)
                for option in socket_options or ():
                    sock.setsockopt(*option)
                if source_address:
                    sock.bind(source_address)
                sock.settimeout(min(self._connect_seconds, self.left))
                sock.connect(address)
                sock.settimeout(self.left)
                return sock
            except OSError as error:
                trouble = error
                if sock is not None:
                    sock.close()
            if self.expired:
                break
        raise trouble

    def _expire(self):
        with self._lock:
            if self._ended:
                return
            self.expired = True
            for sock in self._sockets:
                _shut_down(sock)


def _shut_down(sock):
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the peer was faster


def _look_up(host, port, seconds):
    """Return what ``socket.getaddrinfo`` says, which itself cannot be hurried: late, its thread is left alone.

    :raise OSError: the host is unknown; ``TimeoutError`` where nothing is known after ``seconds``
    """
    answers = queue.SimpleQueue()

    def ask():
        try:
            answers.put((socket.getaddrinfo(host, port, type=socket.SOCK_STREAM), None))
        except (OSError, UnicodeError) as error:
            answers.put(((), error))

    threading.Thread(target=ask, daemon=True).start()
    try:
        addresses, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError("The host's name was not looked up in time.") from None
    if error:
        raise OSError("The host's name is unknown.") from error
    return addresses


class BoundedSession(requests.Session):
    """A session whose exchanges keep to the ``TimeLimit`` around them, and which follows no redirect."""

    def __init__(self):
        super().__init__()
        for scheme in ("https://", "http://"):
            self.mount(scheme, _BoundedAdapter())

    def get_redirect_target(self, _response):
        """Return None: to look where a redirect leads, requests would read its whole body, unbounded."""
        return None


class _BoundedAdapter(requests.adapters.HTTPAdapter):
    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, **kwargs)
        _bound(self.poolmanager)

    def proxy_manager_for(self, *args, **kwargs):
        manager = super().proxy_manager_for(*args, **kwargs)
        _bound(manager)
        return manager


def _bound(manager):
    """Have a manager of pools make connections that keep to the limit."""
    pools = manager.pool_classes_by_scheme  # shared by all managers in some versions
    manager.pool_classes_by_scheme = {scheme: _bounded_pool(pool) for scheme, pool in pools.items()}


@cache
def _bounded_pool(pool):
    if issubclass(pool.ConnectionCls, _Bounded):
        return pool
    connection = type(f"Bounded{pool.ConnectionCls.__name__}", (_Bounded, pool.ConnectionCls), {})
    return type(f"Bounded{pool.__name__}", (pool,), {"ConnectionCls": connection})


class _Bounded:
    """What makes a connection of urllib3's keep to the limit around it."""

    def _new_conn(self):
        limit = _limit.get()
        connect = super()._new_conn
        if connect.__func__ is not urllib3.connection.HTTPConnection._new_conn:  # by a SOCKS proxy
            sock = connect()
        else:
            try:
                sock = limit.connect(self._dns_host, self.port, self.source_address, self.socket_options)
            except TimeoutError:
                raise ConnectTimeoutError(self, "No connection was accepted in time.") from None
            except OSError as error:
                raise NewConnectionError(self, str(error)) from None
        limit.watch(sock)
        return sock

    def connect(self):
        super().connect()
        _limit.get().connected = True

    def putrequest(self, *args, **kwargs):
        if self.sock is not None:  # kept from the exchange before
            _limit.get().watch(self.sock)
            _limit.get().connected = True
        return super().putrequest(*args, **kwargs)

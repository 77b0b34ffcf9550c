"""The HTTP server: what the sandbox answers, over real connections, by default on the loopback interface."""

import io
import os
import socket
import struct
import threading
from contextlib import contextmanager

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request

from .control import control
from .page import page
from .service import Answer, Service
from .shapes import utc_now

HOST = "127.0.0.1"
LARGEST_BODY = 200 * 2**20


class Handler(WSGIRequestHandler):
    """Answer requests one after the other on a connection kept alive, and break it when told to.

    Werkzeug's own handler closes every connection; with whole bodies read before and whole answers written
    after, keeping it open is safe.
    """

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024  # head and body of a small answer leave in one piece

    def setup(self):
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self):
        self.server.connections.discard(self.connection)
        super().finish()

    def run_wsgi(self):
        """Answer one request."""
        environ = self.make_environ()
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._write(Answer(b"", 413))
            return
        if environ.get("HTTP_EXPECT", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
        if environ.get("wsgi.input_terminated"):
            body = io.BufferedReader(environ["wsgi.input"]).read()
        else:
            body = self.rfile.read(int(length))
        environ["wsgi.input"] = io.BytesIO(body)
        answer = self.server.app(Request(environ), environ["REQUEST_URI"], body)
        if answer.hold:
            self.server.stopping.wait(answer.hold)
        if answer.dropped:
            self._drop()
        else:
            self._write(answer)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)
        self.wfile.flush()
        if answer.cut:
            self.close_connection = True

    def _drop(self) -> None:
        """Reset the connection, so that the caller sees it break rather than end."""
        self.close_connection = True
        self.server.connections.discard(self.connection)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(self.connection.detach())

    def date_time_string(self, timestamp=None):
        """Return what the header ``Date`` says: the moment by EIM's clock."""
        return super().date_time_string(self.server.now().timestamp() if timestamp is None else timestamp)

    def log_request(self, code="-", size="-"):
        """Write nothing: the page and ``/sandbox/calls`` show the calls."""


class Server(ThreadedWSGIServer):
    """A thread a connection; ``app`` takes a request, its raw target and its body, and returns an Answer.

    :param now: the moment that answers are dated with
    """

    def __init__(self, port: int, app, now=utc_now, host: str = HOST):
        self.now = now
        self.connections: set[socket.socket] = set()
        self.stopping = threading.Event()
        super().__init__(host, port, app, Handler)

    def stop(self) -> None:
        """Stop at once: wake held answers and close the connections that callers keep alive."""
        self.stopping.set()
        self.shutdown()
        for connection in tuple(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # it is gone already


def application(sandbox: Service):
    """Return what answers a request of any kind: EIM's calls, the sandbox's own, the page."""

    def answer(request: Request, target: str, body: bytes) -> Answer:
        if request.path.startswith("/v1/"):
            return sandbox.handle(request.method, target, request.headers, body)
        if request.path.startswith("/sandbox/"):
            return control(sandbox, request.method, target, body)
        return page(sandbox, request.method, target)

    return answer


class Running:
    """A sandbox being served: ``base_url`` for an account, and what it holds for a test to look at."""

    def __init__(self, sandbox: Service, server: Server):
        self.sandbox = sandbox
        self.server = server
        self.base_url = f"http://{HOST}:{server.port}"

    @property
    def store(self):
        return self.sandbox.store

    @property
    def faults(self):
        return self.sandbox.faults


def serve(port: int = 0, host: str = HOST, **arguments) -> Running:
    """Bind to a port, 0 for any that is free, of the loopback interface or of another.

    ``Running.server.serve_forever()`` serves until told to stop.

    :param arguments: for :class:`service.Service`
    """
    sandbox = Service(**arguments)
    return Running(sandbox, Server(port, application(sandbox), sandbox.now, host))


@contextmanager
def running_sandbox(**arguments):
    """Serve a sandbox from a thread while the block runs: ``with running_sandbox(rate_limit=False) as eim``.

    :param arguments: for :class:`service.Service`
    """
    running = serve(**arguments)
    thread = threading.Thread(target=running.server.serve_forever, args=(0.02,), daemon=True, name="extensiv-sandbox")
    thread.start()
    try:
        yield running
    finally:
        running.server.stop()
        thread.join()

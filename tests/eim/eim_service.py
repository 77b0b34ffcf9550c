"""A loopback HTTP server that answers as a test tells it to, down to the bytes on the wire."""

import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Service:
    """Answers in the order of ``script``, the last one over and over, and remembers the ``requests``.

    An answer is what ``ok``, ``refusal`` or ``raw`` return: a function of the request handler.
    """

    def __init__(self):
        self.script = []
        self.requests = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                service.requests.append((self.command, self.path, dict(self.headers), json.loads(body or "null")))
                script = service.script
                (script.pop(0) if len(script) > 1 else script[0])(self)

            do_GET = do_POST = answer

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    @property
    def paths(self):
        return [path for _method, path, _headers, _body in self.requests]


def raw(status, body, content_type="application/json", declared=None, **headers):
    """Answer with these bytes; ``declared`` is a Content-Length that is not true."""
    body = body if isinstance(body, bytes) else body.encode()

    def answer(handler):
        handler.send_response(status)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(body) if declared is None else declared))
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)
        if declared is not None:
            handler.close_connection = True

    return answer


def ok(response=None, **headers):
    return raw(200, json.dumps({"success_code": True, "response": response}), **headers)


def refusal(message, code="Invalid", status=200, **more):
    return raw(status, json.dumps({"success_code": False, "error_code": code, "message": message} | more))


def silence(seconds):
    def answer(handler):
        time.sleep(seconds)
        handler.close_connection = True

    return answer


def reset(handler):
    """Break the connection off with a RST."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def drips(start, drop, seconds=4.0):
    """Send ``start`` (bytes after the request, nothing of HTTP before them) and then ``drop`` over and over."""

    def answer(handler):
        end = time.monotonic() + seconds
        try:
            handler.wfile.write(start)
            while time.monotonic() < end:
                handler.wfile.write(drop)
                time.sleep(0.02)
        except OSError:
            pass
        handler.close_connection = True

    return answer


def drops(seconds):
    """Begin an answer and send it byte by byte."""
    return drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" ", seconds)


class Unlimited:
    """Tokens for a service without a limit."""

    def take(self, reserve=0):
        """Return 0: a token is always there."""
        return 0.0

    def observe(self, remaining):
        """Take no notice."""

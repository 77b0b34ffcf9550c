"""A running Odoo server, and a session of it as its web client has one."""

from __future__ import annotations

import contextlib
import http.cookiejar
import json
import time
import urllib.error
import urllib.request
from pathlib import Path

from . import CommandError, tail
from .databases import odoo_command, process

LOGIN = "admin"
PASSWORD = "admin"
START_SECONDS = 120


class Odoo:
    """A session of a running Odoo, as its web client has one."""

    def __init__(self, url: str, database: str, log: Path):
        self.url = url
        self.database = database
        self.log = log
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def is_up(self) -> bool:
        try:
            return self.opener.open(f"{self.url}/web/health", timeout=5).status == 200
        except (urllib.error.URLError, OSError):
            return False

    def log_in(self) -> None:
        self._post("/web/session/authenticate", {"db": self.database, "login": LOGIN, "password": PASSWORD})

    def call(self, model: str, method: str, *args, **kwargs):
        """Call a model's method as a click does; the first argument of a record's method is its ids.

        :raise CommandError: Odoo refuses
        """
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def _post(self, path: str, params: dict):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        with self.opener.open(request, timeout=START_SECONDS) as answer:
            content = json.load(answer)
        if "error" in content:
            reason = content["error"].get("data", {}).get("message") or content["error"]["message"]
            raise CommandError(f"Odoo refuses: {reason}\n{tail(self.log)}")
        return content.get("result")  # a method that returns nothing answers without one


@contextlib.contextmanager
def running(database: str, port: int, log: Path, *more: str, prompt: bool = True, **environ: str):
    """Have an Odoo server with its scheduled actions; give a session of it and its process.

    :param more: further options of Odoo's command line
    :param prompt: whether a changed schedule wakes Odoo's cron threads at once, which otherwise look once a minute
    :param environ: what its environment has in addition

    :raise CommandError: it does not start
    """
    options = ["-d", database, f"--db-filter=^{database}$", f"--http-port={port}", "--max-cron-threads=2"]
    options += ["--log-handler=werkzeug:WARNING", *more]  # not every request
    if prompt:
        environ["ODOO_NOTIFY_CRON_CHANGES"] = "1"
    with process(odoo_command(*options), log, **environ) as server:
        odoo = Odoo(f"http://127.0.0.1:{port}", database, log)
        deadline = time.monotonic() + START_SECONDS
        while not odoo.is_up():
            if server.poll() is not None or time.monotonic() > deadline:
                raise CommandError(f"Odoo does not start.\n{tail(log)}")
            time.sleep(0.2)
        odoo.log_in()
        yield odoo, server

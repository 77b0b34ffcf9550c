"""The sandbox (`extensiv_connector/sandbox`, a stand-in for EIM) as a process of its own."""

from __future__ import annotations

import contextlib
import json
import re
import time
import urllib.request
from pathlib import Path

from . import ADDON, ROOT, VENV_PYTHON, CommandError, tail
from .databases import process

USER = "demo"
KEY = "demo-key"
START_SECONDS = 60


class Sandbox:
    """A running sandbox: its address, and its own controls under `/sandbox`."""

    def __init__(self, base_url: str):
        self.base_url = base_url

    def get(self, path: str):
        """GET a path and return the JSON of the answer: `sandbox.get("/sandbox/state")`."""
        return self._call(path, None)

    def post(self, path: str, content=None):
        """POST JSON to a path and return the JSON of the answer."""
        return self._call(path, json.dumps(content or {}).encode())

    def delete(self, path: str):
        """DELETE a path and return the JSON of the answer."""
        return self._call(path, None, "DELETE")

    def _call(self, path: str, body: bytes | None, method: str | None = None):
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.base_url + path, body, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


@contextlib.contextmanager
def running(log: Path, *options: str):
    """Have a sandbox process with the given options (`--port`, `--orders`, `--no-rate-limit` …).

    :raise CommandError: it does not start
    """
    with process([VENV_PYTHON, ROOT / ADDON / "sandbox", *options], log) as sandbox:
        deadline = time.monotonic() + START_SECONDS
        while not (address := re.search(r"listening on (http://\S+)", log.read_text(errors="replace"))):
            if sandbox.poll() is not None or time.monotonic() > deadline:
                raise CommandError(f"The sandbox does not start.\n{tail(log)}")
            time.sleep(0.1)
        yield Sandbox(address[1].rstrip("/"))

"""`make demo`: the connector at work in a real Odoo against the sandbox; `make demo-check`: without a person.

The demonstration keeps its database, so a second start takes seconds; the check makes a new one and drops it.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.cookiejar
import json
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime

from . import HOME, LOGS, Trouble, postgres, run_command, sandbox, say, step, tail
from .databases import drop, free_port, odoo_command, process, with_addon

LOGIN, PASSWORD = "admin", "admin"
START_SECONDS = 120
CHECK_SECONDS = 180
ODOO_LOG, SANDBOX_LOG = LOGS / "demo-odoo.log", LOGS / "demo-sandbox.log"


def main() -> int:
    check = "--check" in sys.argv
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_one("demo-check" if check else "demo"))
        say("Setting up")
        with step("PostgreSQL"):
            stack.enter_context(postgres.running())
        if check:
            database = "extensiv_demo_check"
            stack.callback(drop, database)
        else:
            database = "extensiv_demo"
        with_addon(database, demo=True, fresh=check)
        eim = stack.enter_context(start_sandbox())
        odoo, server = stack.enter_context(start_odoo(database))
        connect(odoo, eim)
        if check:
            return verify(odoo, eim)
        explain(odoo, eim)
        with contextlib.suppress(KeyboardInterrupt):
            watch(odoo, server)
            return 1
        say("\nStopping.")
    return 0


@contextlib.contextmanager
def only_one(command: str):
    """:raise Trouble: the same command runs already in this checkout"""
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{command}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(f"`make {command}` runs in this checkout already; stop it there with Ctrl-C.") from None
        yield


def choose_port(preferred: int) -> int:
    port = free_port(preferred, *range(preferred + 1000, preferred + 1010))
    if port != preferred:
        say(f"  (port {preferred} is in use, taking {port})")
    return port


@contextlib.contextmanager
def start_sandbox():
    port = choose_port(8070)
    with contextlib.ExitStack() as stack:
        with step("Sandbox in place of Extensiv Integration Manager"):
            eim = stack.enter_context(sandbox.running(SANDBOX_LOG, "--port", str(port)))
        yield eim


# Odoo


class Odoo:
    """A session of a running Odoo, as its web client has one."""

    def __init__(self, url: str, database: str):
        self.url, self.database = url, database
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
        """Call a model's method as a click does; the first argument of a record's method is its ids."""
        params = {"model": model, "method": method, "args": args, "kwargs": kwargs}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", params)

    def _post(self, path: str, params: dict):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}).encode()
        request = urllib.request.Request(self.url + path, body, {"Content-Type": "application/json"})
        with self.opener.open(request, timeout=START_SECONDS) as answer:
            content = json.load(answer)
        if "error" in content:
            reason = content["error"].get("data", {}).get("message") or content["error"]["message"]
            raise Trouble(f"Odoo refuses: {reason}\n{tail(ODOO_LOG)}")
        return content["result"]


@contextlib.contextmanager
def start_odoo(database: str):
    """Have an Odoo server with its scheduled actions, give a session of it and its process."""
    port = choose_port(8069)
    options = ["-d", database, f"--db-filter=^{database}$", f"--http-port={port}", "--max-cron-threads=2"]
    options += ["--log-handler=werkzeug:WARNING"]  # not every request
    with contextlib.ExitStack() as stack:
        with step("Odoo"):
            # a changed schedule wakes Odoo's cron threads at once, not within a minute
            environ = {"ODOO_NOTIFY_CRON_CHANGES": "1"}
            server = stack.enter_context(process(odoo_command(*options), ODOO_LOG, **environ))
            odoo = Odoo(f"http://127.0.0.1:{port}", database)
            deadline = time.monotonic() + START_SECONDS
            while not odoo.is_up():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise Trouble(f"Odoo does not start.\n{tail(ODOO_LOG)}")
                time.sleep(0.2)
            odoo.log_in()
        yield odoo, server


def connect(odoo: Odoo, eim: sandbox.Sandbox) -> None:
    """Connect the demonstration's account to the sandbox and turn its orders on, which wakes the schedule."""
    with step("The account connected"):
        ids = odoo.call("extensiv.account", "search", [], limit=1, order="id")
        if not ids:
            raise Trouble("The demonstration's account is gone: type `make clean`, then `make demo`.")
        odoo.call(
            "extensiv.account",
            "write",
            ids,
            {
                "base_url": eim.base_url,
                "api_user": sandbox.USER,
                "api_key": sandbox.KEY,
                "import_from": "2000-01-01 00:00:00",
            },
        )
        odoo.call("extensiv.account", "action_connect", ids)
        odoo.call("extensiv.account", "write", ids, {"pull_orders": True})


# What it shows


def count_orders(odoo: Odoo) -> dict[str, int]:
    """Return how many orders Odoo has pulled, imported, failed to import and acknowledged."""
    domains = {
        "pulled": [],
        "imported": [["state", "=", "imported"]],
        "failed": [["state", "=", "failed"]],
        "acknowledged": [["acknowledged_at", "!=", False]],
    }
    return {name: odoo.call("extensiv.order", "search_count", domain) for name, domain in domains.items()}


def in_words(counts: dict[str, int]) -> str:
    return f"{counts['pulled']} orders pulled, " + ", ".join(
        f"{counts[name]} {name}" for name in ("imported", "failed", "acknowledged")
    )


def explain(odoo: Odoo, eim: sandbox.Sandbox) -> None:
    say(
        f"""
Odoo    {odoo.url}/odoo   login {LOGIN}, password {PASSWORD}
EIM     {eim.base_url}        the sandbox in its place, with what it now holds
Logs    {LOGS}

Orders arrive by themselves, then every five minutes. In Odoo open Extensiv › Orders: the failed ones say why.
Give a product the internal reference that one of them misses and press Retry.
Ctrl-C stops everything; the next `make demo` goes on where this one was.
"""
    )


def watch(odoo: Odoo, server) -> None:
    """Tell how the orders come along, until the server ends."""
    shown = None
    while server.poll() is None:
        with contextlib.suppress(OSError):
            counts = count_orders(odoo)
            if counts != shown:
                say(f"  {datetime.now():%H:%M:%S}  {in_words(counts)}")
                shown = counts
        time.sleep(2)
    say(f"Odoo stopped.\n{tail(ODOO_LOG)}")


def verify(odoo: Odoo, eim: sandbox.Sandbox) -> int:
    """Wait until Odoo and EIM hold what the sandbox's orders call for; return the exit code."""
    deadline = time.monotonic() + CHECK_SECONDS
    while True:
        state, counts = eim.get("/sandbox/state"), count_orders(odoo)
        good = counts == state["expected"] and state["acknowledged"] == counts["acknowledged"]
        if good or time.monotonic() > deadline:
            break
        time.sleep(1)
    say(f"demo: {in_words(counts)}")
    if good:
        return 0
    say(f"expected within {CHECK_SECONDS} s: {in_words(state['expected'])}; EIM heard of {state['acknowledged']}")
    say(tail(ODOO_LOG))
    return 1


if __name__ == "__main__":
    run_command(main)

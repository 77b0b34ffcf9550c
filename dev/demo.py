"""`make demo`: the connector at work in a real Odoo against the sandbox; `make demo-check`: without a person.

The demonstration keeps its database, so a second start takes seconds; the check makes a new one and drops it. With
`QUEUE=1` the second addon is installed, too, and passes are jobs: the job runner and the jobs are in the same server.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
import time
from datetime import datetime

from . import HOME, LOGS, CommandError, oca, postgres, run_command, sandbox, say, server, step, tail
from .databases import drop, free_port, with_addon, with_queue
from .server import LOGIN, PASSWORD, Odoo

CHECK_SECONDS = 180
ODOO_LOG = LOGS / "demo-odoo.log"
SANDBOX_LOG = LOGS / "demo-sandbox.log"
CHANNELS = "root:4,root.extensiv:3"


def main() -> int:
    check = "--check" in sys.argv
    queue = bool(os.environ.get("QUEUE"))
    with contextlib.ExitStack() as stack:
        stack.enter_context(only_one("demo-check" if check else "demo"))
        say("Setting up")
        with step("PostgreSQL"):
            stack.enter_context(postgres.running())
        database = f"extensiv_demo{'_queue' if queue else ''}{'_check' if check else ''}"
        if check:
            stack.callback(drop, database)
        (with_queue if queue else with_addon)(database, demo=True, fresh=check)
        eim = stack.enter_context(start_sandbox())
        odoo, process = stack.enter_context(start_odoo(database, queue))
        connect(odoo, eim)
        if check:
            return verify(odoo, eim, queue)
        explain(odoo, eim)
        if queue:
            explain_jobs(odoo)
        with contextlib.suppress(KeyboardInterrupt):
            watch(odoo, process, queue)
            return 1
        say("\nStopping.")
    return 0


@contextlib.contextmanager
def only_one(command: str):
    """:raise CommandError: the same command runs already in this checkout"""
    HOME.mkdir(exist_ok=True)
    with (HOME / f"{command}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"`make {command}` runs in this checkout already; stop it there with Ctrl-C.") from None
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


@contextlib.contextmanager
def start_odoo(database: str, queue: bool = False):
    port = choose_port(8069)
    options, environ = with_jobrunner() if queue else ((), {})
    with contextlib.ExitStack() as stack:
        with step("Odoo"):
            running = stack.enter_context(server.running(database, port, ODOO_LOG, *options, **environ))
        yield running


def with_jobrunner(channels: str = CHANNELS) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the options and the environment of an Odoo in which OCA's job runner is at work."""
    return ("--load=base,rpc,web,queue_job",), {**oca.environ(), "ODOO_QUEUE_JOB_CHANNELS": channels}


def connect(odoo: Odoo, eim: sandbox.Sandbox) -> None:
    """Connect the demonstration's account to the sandbox and turn its orders on, which wakes the schedule.

    The sandbox calls Odoo's webhook from then on.
    """
    with step("The account connected"):
        ids = odoo.call("extensiv.account", "search", [], limit=1, order="id")
        if not ids:
            raise CommandError("The demonstration's account is gone: type `make clean`, then `make demo`.")
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
        odoo.call("extensiv.account", "write", ids, {"pull_orders": True, "webhook_enabled": True})
        [account] = odoo.call("extensiv.account", "read", ids, ["webhook_token"])
        webhook = {"url": f"{odoo.url}/extensiv/webhook/{account['webhook_token']}", "key": sandbox.KEY}
        eim.post("/sandbox/settings", {"webhook": webhook})


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

Orders arrive by themselves; a new one of EIM's is in Odoo within seconds, as EIM calls Odoo. Make one up with
  curl -X POST -d '{{}}' {eim.base_url}/sandbox/orders
In Odoo open Extensiv › Orders: the failed ones say why.
Give a product the internal reference that one of them misses and press Retry.
Ctrl-C stops everything; the next `make demo` goes on where this one was.
"""
    )


def count_jobs(odoo: Odoo) -> dict[str, int]:
    """Return how many jobs of each state there are."""
    groups = odoo.call("queue.job", "formatted_read_group", [], ["state"], ["__count"])
    return {group["state"]: group["__count"] for group in groups}


def explain_jobs(odoo: Odoo) -> None:
    say(
        f"""Each pass is a job: {odoo.url}/odoo/action-queue_job.action_queue_job
What suits this server: {odoo.url}/odoo/settings, Extensiv
"""
    )


def watch(odoo: Odoo, process, queue: bool = False) -> None:
    """Tell how the orders come along, and by how many jobs, until the server ends."""
    shown = None
    while process.poll() is None:
        with contextlib.suppress(OSError):
            told = in_words(count_orders(odoo))
            if queue:
                jobs = ", ".join(f"{count} {state}" for state, count in sorted(count_jobs(odoo).items()))
                told = f"{told}; jobs: {jobs or 'none'}"
            if told != shown:
                say(f"  {datetime.now():%H:%M:%S}  {told}")
                shown = told
        time.sleep(2)
    say(f"Odoo stopped.\n{tail(ODOO_LOG)}")


def verify(odoo: Odoo, eim: sandbox.Sandbox, queue: bool = False) -> int:
    """Wait until Odoo and EIM hold what the sandbox's orders call for; return the exit code."""
    deadline = time.monotonic() + CHECK_SECONDS
    while True:
        state = eim.get("/sandbox/state")
        counts = count_orders(odoo)
        good = counts == state["expected"] and state["acknowledged"] == counts["acknowledged"]
        if good or time.monotonic() > deadline:
            break
        time.sleep(1)
    say(f"demo: {in_words(counts)}")
    if queue:
        done = count_jobs(odoo).get("done", 0)
        say(f"demo: {done} jobs done")
        good = good and done > 0
    if good:
        return 0
    say(f"expected within {CHECK_SECONDS} s: {in_words(state['expected'])}; EIM heard of {state['acknowledged']}")
    say(tail(ODOO_LOG))
    return 1


if __name__ == "__main__":
    run_command(main)

"""Everything by which the project sets itself up, runs and tests itself: `python -m dev.<part>`.

    setup      gets Odoo 19, its Python packages and Chromium      (standard library only)
    postgres   starts and stops PostgreSQL
    launcher   Odoo's command line as a file, which Odoo can start again
    oca        the addons of the OCA that the second addon needs
    tools      the tools that check and pack the addons
    compose    checks `docker-compose.yml`
    databases  runs Odoo's command line; keeps template databases and copies them
    jobrunner  OCA's job runner within a script in Odoo
    forked     scripts in Odoo as forks of one process, `preloaded` with it
    demo       `make demo` and `make demo-check`
    test       `make test` and `make lint`
    identical  `make identical`
    nemesis    `make nemesis`
    bench      `make bench`
    crowd      `make crowd`
    sandbox    the stand-in for EIM as a process
    demonstration  what the demonstration's account does, without a person
    uninstall  what an uninstalled addon leaves behind
    shell      `make shell`
    pictures   draws the catalogue's pictures
    screens    `make pictures`: takes the pictures of screens
    known_methods  lists the methods of Odoo that confirming in batches relies on
    guide      `make guide`: the user guide as a page of the addon
    translations  `make pot`, `make po` and what translators need, with `catalogues`, `wordings` and `odoo_words`
    readme     `make readme`: each addon's README.md
    clean      `make clean`

Whatever is fetched or made lies under `.odoo/` of the checkout; only Chromium is installed into the system.
This file holds what all parts share. It and `setup` run on older Pythons too, to say that they are too old.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".odoo"
LOGS = HOME / "logs" / os.environ.get("LOGS_OF", "")  # of runs beside each other each has a folder of its own
ADDON = "extensiv_connector"
QUEUE_ADDON = "extensiv_connector_queue"
VENV_PYTHON = HOME / "venv" / "bin" / "python"


class CommandError(Exception):
    """What stops a command: one sentence for the person who typed it, with what to type instead, and no traceback."""


def say(text: str = "") -> None:
    """Print a line at once, also into a pipe."""
    print(text, flush=True)


@contextlib.contextmanager
def step(name: str):
    """Show one line for a step of work: its name when it starts, its seconds when it is done."""
    print(f"  {name} … ", end="", flush=True)
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say("stopped")
        raise
    say(f"{time.monotonic() - start:.1f} s")


def tail(log: Path, lines: int = 25) -> str:
    """Return the last lines of a log, indented, with the log's name in front."""
    try:
        text = log.read_text(errors="replace").splitlines()[-lines:]
    except FileNotFoundError:
        text = ["(empty)"]
    return "\n".join([f"The end of {log}:", *(f"    {line}" for line in text)])


def run_command(main) -> None:
    """Run a part's `main()` and leave with its exit code, as every part does.

    SIGTERM and SIGHUP end it as Ctrl-C does, so that `with` blocks stop what they started.
    """

    def interrupt(_signum, _frame):
        raise KeyboardInterrupt

    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, interrupt)
    try:
        code = main()
    except CommandError as error:
        say(f"\n{error}")
        code = 1
    except KeyboardInterrupt:
        say("\ninterrupted")
        code = 130
    sys.exit(code)


@contextlib.contextmanager
def ignore_signals():
    """Keep an impatient second Ctrl-C from interrupting what stops the processes."""
    caught = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {signum: signal.signal(signum, signal.SIG_IGN) for signum in caught}
    try:
        yield
    finally:
        for signum, handler in before.items():
            signal.signal(signum, handler)

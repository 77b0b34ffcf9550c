"""Scripts in Odoo as processes of their own that begin at once.

Importing Odoo takes ten times as long as what most scripts do, so one process imports it and every script is a fork of
that one: `multiprocessing`'s fork server. A script shares nothing with others; it can be killed like any process.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
from multiprocessing.connection import Connection
from pathlib import Path

from .databases import end_with_parent

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["dev.preloaded"])


class Script:
    """A script that runs in Odoo, with what tests use of a `subprocess.Popen`; `stdout` is what it prints.

    Nothing is committed unless the script does. The caller ends it.
    """

    def __init__(self, database: str, script: str, args=None, *, log: Path):
        read_end, write_end = os.pipe()
        printed = Connection(write_end, readable=False)
        self.stdout = os.fdopen(read_end)
        source = f"args = {args!r}\n{script}"
        self.process = FORKS.Process(target=run, args=(database, source, printed, str(log)))
        self.process.start()
        printed.close()
        self.pid = self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    def poll(self) -> int | None:
        return self.process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return its exit code once it ended.

        :raise subprocess.TimeoutExpired: it did not within `timeout` seconds
        """
        self.process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired("the script", timeout)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Return what it printed once it ended; as `wait`."""
        self.wait(timeout)  # what scripts print fits into a pipe
        with self.stdout:
            return self.stdout.read(), None

    def send_signal(self, signum: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signum)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(database: str, source: str, printed: Connection, log: str) -> None:
    """Run a script as `odoo shell` does; in the fork."""
    os.setsid()
    end_with_parent()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(printed.fileno(), 1)
    os.dup2(output, 2)
    from odoo.cli.shell import Shell, raise_keyboard_interrupt
    from odoo.tools import config

    signal.signal(signal.SIGINT, raise_keyboard_interrupt)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    config["db_name"] = [database]
    with tempfile.TemporaryFile("w+") as stdin:
        stdin.write(source)
        stdin.seek(0)
        sys.stdin = stdin
        Shell().shell(database)
    sys.stdout.flush()

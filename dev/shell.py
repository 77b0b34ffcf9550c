"""`make shell`: a Python shell with `env` in the demonstration's database, or `make shell < script.py`."""

from __future__ import annotations

import signal
import subprocess

from . import ROOT, postgres, run_command
from .databases import odoo_command, with_addon


def main() -> int:
    with postgres.running():
        database = with_addon("extensiv_demo", demo=True)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the shell's
        return subprocess.run(odoo_command("shell", "-d", database, "--no-http"), cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    run_command(main)

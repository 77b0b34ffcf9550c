"""`make nemesis`: disasters drawn at random under a real Odoo, seed after seed; and Odoo's limits with EIM hanging.

`SEEDS=20` draws from the seeds 1 to 20, `SEED=17` from that one alone and leaves Odoo's limits out, `K` selects as in
`make test`. What was drawn and every log of a seed stay in `.odoo/logs/nemesis/` until the next run.
"""

from __future__ import annotations

import os

from . import LOGS, postgres, run_command, say
from .databases import with_addon
from .test import run_pytest

LIFE_SECONDS = "150"  # for which disasters are drawn; `make test` has less time


def main() -> int:
    seed = os.environ.get("SEED")
    os.environ.setdefault("SEEDS", "5")
    os.environ.setdefault("NEMESIS_SECONDS", LIFE_SECONDS)
    files = ["tests/processes/test_nemesis.py", *([] if seed else ["tests/processes/nemesis_limits.py"])]
    with postgres.running(fast=True):
        with_addon()
        passed = run_pytest("nemesis", ["-v", *files], os.environ.get("K"))
    say(f"\nAll is well: {passed} passed. What was drawn is in {LOGS / 'nemesis'}.")
    return 0


if __name__ == "__main__":
    run_command(main)

"""`make bench`: run the benchmarks under `bench/`, each in an Odoo of its own; see `bench/harness.py`."""

from __future__ import annotations

import os
import sys

from . import LOGS, ROOT, CommandError, postgres, run_command, say, tail
from .databases import copy, drop, end, script_process, with_addon

SCRIPT = """
from bench.harness import main
main(env, args)
"""


def main() -> int:
    names = sorted(file.stem.removeprefix("bench_") for file in (ROOT / "bench").glob("bench_*.py"))
    if name := os.environ.get("NAME"):
        if name not in names:
            raise CommandError(f"There is no benchmark {name}; there are {', '.join(names)}.")
        names = [name]
    with postgres.running():
        installed = with_addon()
        for name in names:
            say()
            run_benchmark(name, copy(installed, f"extensiv_bench_{name}"))
    return 0


def run_benchmark(name: str, database: str) -> None:
    log = LOGS / f"bench-{name}.log"
    process = script_process(database, SCRIPT, name, log=log)
    try:
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
        failed = process.wait()
    finally:
        end(process)
        drop(database)
    if failed:
        raise CommandError(f"The benchmark {name} failed.\n{tail(log)}")


if __name__ == "__main__":
    run_command(main)

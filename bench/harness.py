"""What every benchmark has at hand; `make bench NAME=orders` runs `bench/bench_orders.py`, `make bench` all.

A benchmark is a file with one function:

    def run(bench):
        '''What is measured, and against what.'''
        eim = bench.sandbox("--orders", "10000", "--no-rate-limit")
        with bench.measure("receive") as receive:
            bench.env["extensiv.account"]…
        bench.table(["work", "seconds", "queries"], [["receive", receive.seconds, receive.queries]])
        return {"received_per_s": round(10000 / receive.seconds), "peak_mb": bench.peak_mb()}

It runs in a process of its own within a real Odoo, on a throw-away copy of a database with the addon
installed; it may commit. PostgreSQL keeps its own settings, fsync included, and the first line says which.
What `run` returns is printed as the last line: one JSON object.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import resource
import time
from dataclasses import dataclass

from dev import LOGS, sandbox


@dataclass
class Measure:
    """Seconds on the clock, and SQL queries of the benchmark's own cursor."""

    seconds: float = 0.0
    queries: int = 0


class Bench:
    """One run of one benchmark."""

    def __init__(self, env, name: str, stack: contextlib.ExitStack):
        self.env = env
        self.name = name
        self.stack = stack

    def sandbox(self, *options: str) -> sandbox.Sandbox:
        """Start a sandbox for the time of the benchmark."""
        log = LOGS / f"bench-{self.name}-sandbox.log"
        return self.stack.enter_context(sandbox.running(log, "--port", "0", *options))

    @contextlib.contextmanager
    def measure(self, what: str):
        """Measure the work of a `with` block, and say how long it took."""
        measured = Measure()
        start = time.perf_counter()
        queries = self.env.cr.sql_log_count
        yield measured
        measured.seconds = time.perf_counter() - start
        measured.queries = self.env.cr.sql_log_count - queries
        self.say(f"  {what}: {measured.seconds:.2f} s")

    def peak_mb(self) -> float:
        """Return the most memory that this process held so far, in MB."""
        return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)

    def say(self, text: str) -> None:
        print(text, flush=True)

    def table(self, head: list[str], rows: list[list]) -> None:
        """Print a table: the first column to the left, figures to the right."""
        cells = [head, *([self._cell(value) for value in row] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for number, row in enumerate(cells):
            rest = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
            self.say("  ".join([row[0].ljust(widths[0]), *rest]))
            if number == 0:
                self.say("  ".join("-" * width for width in widths))

    @staticmethod
    def _cell(value) -> str:
        if isinstance(value, float):
            return f"{value:,.2f}"
        return f"{value:,}" if isinstance(value, int) else str(value)


def main(env, name: str) -> None:
    """Run one benchmark in an `odoo shell`."""
    module = importlib.import_module(f"bench.bench_{name}")
    env.cr.execute("SELECT current_setting('server_version'), current_setting('fsync')")
    version, fsync = env.cr.fetchone()
    print(f"{name}: PostgreSQL {version}, fsync {fsync}", flush=True)
    with contextlib.ExitStack() as stack:
        figures = module.run(Bench(env, name, stack))
    print(json.dumps(figures), flush=True)

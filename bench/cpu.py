"""What work costs in CPU seconds, of Python and PostgreSQL: other work on the machine counts less than on the clock."""

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from odoo import sql_db

TICKS = os.sysconf("SC_CLK_TCK")


def backends():
    """Return ``{process id: CPU seconds so far}`` of the backends of this process's connections to PostgreSQL."""
    pids = {connection.get_backend_pid() for connection in sql_db._Pool._connections if not connection.closed}
    return {pid: _seconds(pid) for pid in pids}


def _seconds(pid):
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS  # user and system time


class Meter:
    """Measures from its making on, but for what is done in ``paused``."""

    def __init__(self):
        self._clock = 0.0
        self._cpu = 0.0
        self._begin()

    def _begin(self):
        self._from = time.perf_counter(), time.process_time(), backends()

    def _end(self):
        clock, python, before = self._from
        self._clock += time.perf_counter() - clock
        self._cpu += time.process_time() - python
        self._cpu += sum(seconds - before.get(pid, 0.0) for pid, seconds in backends().items())

    @contextmanager
    def paused(self):
        self._end()
        yield
        self._begin()

    def read(self):
        """End measuring and return ``(seconds on the clock, CPU seconds)``."""
        self._end()
        return self._clock, self._cpu


@dataclass
class Turns:
    """What turns of one way took: CPU seconds, seconds on the clock and queries of each turn."""

    cpu: list
    clock: list
    queries: list

    @classmethod
    def none(cls):
        return cls([], [], [])

    def note(self, meter, queries):
        """Note a turn that ends now."""
        clock, cpu = meter.read()
        self.cpu.append(cpu)
        self.clock.append(clock)
        self.queries.append(queries)

    def row(self, name, orders):
        """Return the medians of a turn of so many ``orders``: CPU and clock in milliseconds an order, and queries."""
        return [name, *(median(each) * 1000 / orders for each in (self.cpu, self.clock)), median(self.queries) / orders]

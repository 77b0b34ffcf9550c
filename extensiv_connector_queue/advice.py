"""How many jobs of passes a server can run at once, and how many connections of PostgreSQL that takes."""

from dataclasses import dataclass

# Connections that one pass holds at once: of the request, which has its job's lock; of the job; of the flow's lock; of
# the pass; and for moments one that takes a token for a call.
CONNECTIONS_OF_A_PASS = 5
# A worker that serves people has one of its own, and one for a moment.
CONNECTIONS_OF_A_REQUEST = 2
# The job runner listens on one.
CONNECTIONS_OF_THE_RUNNER = 1
# What administrators and PostgreSQL itself are to find free.
SPARE_CONNECTIONS = 10
# Jobs of a server without workers share one processor's time: more than these only wait for each other.
MOST_THREADS = 4
# More at once than one server was seen to run.
MOST_JOBS = 32


@dataclass(frozen=True)
class Server:
    """What a server allows.

    :param workers: processes for requests; 0: one process with threads
    :param cron_threads: processes or threads for scheduled actions
    :param processors: of the machine
    :param pool: connections that one process may hold
    :param connections: that PostgreSQL gives to all
    """

    workers: int
    cron_threads: int
    processors: int
    pool: int
    connections: int


@dataclass(frozen=True)
class Advice:
    """What to configure: how many passes at once, and what follows from it."""

    server: Server
    jobs: int

    @classmethod
    def of(cls, server):
        """Return what suits ``server``: as many as leave half of the workers to people, and fit into PostgreSQL."""
        jobs = min(server.workers // 2, MOST_JOBS) if server.workers else MOST_THREADS
        if not server.workers:
            jobs = min(jobs, server.pool // (2 * CONNECTIONS_OF_A_PASS))
        jobs = max(jobs, 1)
        while jobs > 1 and cls(server, jobs).connections > server.connections - SPARE_CONNECTIONS:
            jobs -= 1
        return cls(server, jobs)

    @property
    def connections(self):
        """How many connections all of Odoo's processes hold at once when they are busy."""
        server = self.server
        serving = max(server.workers - self.jobs, 0) if server.workers else 1
        return (
            (self.jobs + server.cron_threads) * CONNECTIONS_OF_A_PASS
            + serving * CONNECTIONS_OF_A_REQUEST
            + CONNECTIONS_OF_THE_RUNNER
        )

    @property
    def fits(self):
        """Whether PostgreSQL allows as many."""
        return self.connections <= self.server.connections - SPARE_CONNECTIONS

    @property
    def channels(self):
        """The line for Odoo's configuration. One job more than ours is left to other addons."""
        importing = max(min(self.jobs - 1, self.server.processors), 1)
        parts = {
            "root": self.jobs + 1,
            "root.extensiv": self.jobs,
            "root.extensiv.import": importing,
            "root.extensiv.others": 1,
            "root.extensiv.failing": 1,
        }
        return ",".join(f"{name}:{count}" for name, count in parts.items())


def capacity_of(channels):
    """Return how many of our jobs run at once by a line of the configuration: what the narrowest of the levels allows.

    :param channels: as queue_job reads it: ``root:4,root.extensiv:2``
    """
    levels = {}
    for part in channels.replace("\n", ",").split(","):
        name, _colon, options = part.strip().partition(":")
        count = options.partition(":")[0].strip()
        if count.isdigit():
            levels[name.strip()] = int(count)
    found = [levels[name] for name in ("root", "root.extensiv") if name in levels]
    return min(found, default=1)

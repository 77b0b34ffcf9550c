"""The place of one run: a PostgreSQL that may be killed, the sandbox, Odoo servers with workers, logs."""

import contextlib
import http.client
import os
import random
import signal
import subprocess
import tempfile
import time
from datetime import datetime, timezone
from pathlib import Path

import psycopg2
from psycopg2 import sql

from dev import CommandError, databases, server
from dev import sandbox as sandbox_process
from dev.postgres import PROGRAMS, Cluster

DATABASE = "extensiv_nemesis"
BACKUP = "extensiv_nemesis_backup"
# It waits for no disk, for the machine survives: what was committed is there all the same after PostgreSQL crashed.
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
}
DATABASE_SECONDS = 90
FAULT_KINDS = ["500", "502", "reset", "lose_answer", "cut", "garbage", "rate_limit"]
CRONS = ("pull_orders", "push_shipments", "push_inventory", "import_orders")


def bring(database: str, cluster: Cluster) -> None:
    """Copy a database of the shared PostgreSQL into a cluster, under the same name."""
    environ = {**os.environ, **cluster.environ()}
    subprocess.run([PROGRAMS / "createdb", "--template=template0", database], env=environ, check=True)
    # Who copies the database meanwhile ends whatever is connected to it.
    source = databases.copy(database, "extensiv_nemesis_source")
    with tempfile.TemporaryFile() as dump:
        subprocess.run([PROGRAMS / "pg_dump", "--format=custom", "--compress=0", source], stdout=dump, check=True)
        dump.seek(0)
        restore = [PROGRAMS / "pg_restore", "--no-owner", "--no-acl", f"--dbname={database}"]
        subprocess.run(restore, stdin=dump, env=environ, check=True)
    databases.drop(source)


class Room:
    """One run: what is there, and what happened so far."""

    def __init__(self, seed, folder: Path, cluster: Cluster, sandbox, stack):
        self.seed = seed
        self.folder = folder
        self.cluster = cluster
        self.sandbox = sandbox
        self.stack = stack
        self.servers = {}
        self.faults = {}  # those that last, by the disaster that brought them
        self.rate = 0.0
        self.restored_at = []  # how many shipments EIM had been told of by then
        self.started = time.monotonic()
        self.cron_threads = 1 + random.Random(f"{seed}/threads").randrange(2)
        self.ports = {}
        self.starts = 0

    def say(self, what: str) -> None:
        """Write down what was drawn or done, with its moment."""
        line = f"{time.monotonic() - self.started:7.1f}  {datetime.now(timezone.utc):%H:%M:%S.%f}  {what}"
        print(line, flush=True)
        with (self.folder / "draws.log").open("a") as log:
            log.write(line + "\n")

    # -- Odoo

    def start_odoo(self, name="first", *options):
        """Start an Odoo server with workers on the database; it wakes its schedules as in production."""
        self.starts += 1
        port = self.ports.setdefault(name, databases.free_port())
        log = self.folder / f"odoo-{self.starts}-{name}.log"
        options = options or ("--workers=2", f"--max-cron-threads={self.cron_threads}")
        options += (f"--gevent-port={databases.free_port()}",)
        stack = contextlib.ExitStack()
        web, process = stack.enter_context(server.running(DATABASE, port, log, *options))
        self.stack.push(stack)
        self.servers[name] = (stack, web, process, options)

    def stop_odoo(self, name, at_once=False):
        """Stop a server, as a person does or as its host does that dies."""
        stack, _web, process, options = self.servers.pop(name)
        if at_once:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        stack.close()
        return options

    def workers(self, is_cron, name="first") -> list[int]:
        """Return the ids of a server's worker processes: those of its schedules, or those of its web clients."""
        process = self.servers[name][2]
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, ValueError):
                    parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                    # Odoo has its schedules' workers stand back, which tells them apart.
                    is_nice = os.getpriority(os.PRIO_PROCESS, int(entry.name)) >= 10
                    if parent == process.pid and is_nice == is_cron:
                        found.append(int(entry.name))
        return sorted(found)

    def press(self, model, method, *args, **kwargs):
        """Press a button as a person does, and return whether Odoo did it; what it answered is written down."""
        try:
            return True, self.call(model, method, *args, **kwargs)
        except CommandError as error:
            words = str(error).partition("\n")[0]
        except (OSError, http.client.HTTPException, ValueError) as error:
            words = f"{type(error).__name__}: {error}"
        self.say(f"    {model}.{method}: {words[:300]}")
        return False, None

    def call(self, model, method, *args, **kwargs):
        web = self.servers["first"][1]
        try:
            return web.call(model, method, *args, **kwargs)
        except CommandError as error:
            if "ession" not in str(error):
                raise
            web.log_in()
            return web.call(model, method, *args, **kwargs)

    # -- the database

    def crash_postgres(self):
        self.cluster.crash()
        self.cluster.log.rename(self.folder / f"postgres-{time.monotonic() - self.started:.0f}.log")
        self.cluster.start(**SETTINGS)

    def query(self, statement, parameters=None):
        """Run a statement and commit; a database that is away for a moment is waited for."""
        return self.patiently(lambda: self._query(DATABASE, statement, parameters))

    def _query(self, database, statement, parameters=None):
        with databases.cursor(database) as cr:
            cr.execute(statement, parameters)
            return cr.fetchall() if cr.description else []

    def patiently(self, work):
        deadline = time.monotonic() + DATABASE_SECONDS
        while True:
            try:
                return work()
            except psycopg2.Error:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def back_up(self):
        """Keep a copy of the database as it is now; whoever is connected loses the connection."""
        name = sql.Identifier(DATABASE)
        self.drop_backup()
        self._query("postgres", sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        try:
            self.patiently(self._copy)
        finally:
            self._query("postgres", sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))

    def _copy(self):
        self._query(
            "postgres",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename = current_user",
            [DATABASE],
        )
        copy = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY ALLOW_CONNECTIONS true")
        self._query("postgres", copy.format(sql.Identifier(BACKUP), sql.Identifier(DATABASE)))

    def drop_backup(self):
        self._query("postgres", sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(BACKUP)))

    def restore(self):
        """Stop Odoo, put the copy in the place of the database, and start Odoo again."""
        running = {name: self.stop_odoo(name, at_once=True) for name in tuple(self.servers)}
        drop = sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE))
        self.patiently(lambda: self._query("postgres", drop))
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        self._query("postgres", rename.format(sql.Identifier(BACKUP), sql.Identifier(DATABASE)))
        self.restored_at.append(len(self.sandbox.get("/sandbox/shipments")))
        for name, options in running.items():
            self.start_odoo(name, *options[:-1])

    def tick(self, *crons):
        """Let the moment of the schedules come, which is every 5 to 15 minutes in production."""
        names = [f"ir_cron_{name}" for name in crons or CRONS]
        self.query(
            """INSERT INTO ir_cron_trigger (cron_id, call_at, create_date, write_date)
               SELECT cron.id, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC'
                 FROM ir_cron AS cron JOIN ir_model_data AS data ON data.res_id = cron.id AND data.model = 'ir.cron'
                WHERE data.module = 'extensiv_connector' AND data.name = ANY (%s) AND cron.active
                  AND NOT EXISTS (SELECT FROM ir_cron_trigger AS known
                                   WHERE known.cron_id = cron.id AND known.call_at <= now() AT TIME ZONE 'UTC')""",
            [names],
        )
        self.patiently(lambda: self._query("postgres", "SELECT pg_notify('cron_trigger', %s)", [DATABASE]))

    def let_time_pass(self):
        """Let those minutes go by for which something waits: to be tried again, or asked of EIM."""
        for statement in (
            "UPDATE extensiv_error SET next_try = next_try - interval '1 day'"
            " WHERE state = 'open' AND next_try > now() AT TIME ZONE 'UTC'",
            "UPDATE sale_order SET extensiv_sending_at = extensiv_sending_at - interval '3 minutes',"
            " extensiv_ask_after = extensiv_ask_after - interval '3 minutes' WHERE extensiv_shipment_state = 'sending'",
            "UPDATE extensiv_account SET check_refused_at = check_refused_at - interval '2 minutes'"
            " WHERE check_refused_at IS NOT NULL",
            "UPDATE extensiv_location SET read_back_at = read_back_at - interval '10 minutes'"
            " WHERE read_back_at > now() AT TIME ZONE 'UTC'",
        ):
            self.query(statement)

    # -- EIM

    def apply_faults(self):
        """Let EIM have the faults that last, and those at random."""
        self.sandbox.delete("/sandbox/faults")
        if self.rate:
            random_faults = {"rate": self.rate, "seed": self.seed, "kinds": FAULT_KINDS}
            self.sandbox.post("/sandbox/settings", {"random_faults": random_faults})
        if self.faults:
            self.sandbox.post("/sandbox/faults", list(self.faults.values()))


@contextlib.contextmanager
def open_room(seed, folder: Path, cluster: Cluster, rate=0.05):
    """Give the room of one run, without an Odoo server yet."""
    folder.mkdir(parents=True)
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(
            sandbox_process.running(folder / "sandbox.log", "--port", "0", "--orders", "0", "--no-rate-limit")
        )
        room = Room(seed, folder, cluster, sandbox, stack)
        room.rate = rate
        databases.copy("extensiv_addon", DATABASE)
        yield room
    databases.drop(DATABASE)
    room.drop_backup()

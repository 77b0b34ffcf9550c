"""Get Odoo 19, its Python packages and Chromium; `python3 -m dev.setup [--browser] [--http] [--oca] [--tools]`.

Runs before anything is installed, so: standard library only. Every step leaves a stamp with what it was made
from; it is skipped while the stamp fits, redone from nothing when it was interrupted or its ingredients
changed, and needs the network only then.

`ODOO=` names an existing Odoo 19: its source folder, its `odoo-bin` or its `odoo`. Without it, one that the
chosen Python imports is used, or else Odoo is unpacked from Debian's package `odoo-19`, which needs no root.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from . import HOME, LOGS, ROOT, VENV_PYTHON, CommandError, run_command, say, step, tail

PYTHONS = ((3, 10), (3, 11), (3, 12), (3, 13))
"""What Odoo 19 and the pinned packages run on."""

ODOO_FOLDER = HOME / "odoo"
REQUIREMENTS = ROOT / "dev" / "requirements.txt"
HTTP_PAIRS = ("oldest", "middle")
"""Versions of requests and urllib3 that the client of EIM is tested with besides those of the environment."""
OCA_FOLDER = HOME / "oca"
OCA_REQUIREMENTS = ROOT / "dev" / "requirements-oca.txt"
TOOLS_FOLDER = HOME / "tools"
TOOLS_REQUIREMENTS = ROOT / "dev" / "requirements-tools.txt"
SETUP_LOG = LOGS / "setup.log"

DEBS = {
    "sid": ["odoo-19", "fonts-montserrat"],
    # Odoo's web files are relative links into these. Debian 12's Font Awesome has the file names of 4.7.
    "bookworm": [
        "libjs-jquery",
        "libjs-jquery-form",
        "libjs-underscore",
        "fonts-roboto-unhinted",
        "fonts-inconsolata",
        "fonts-font-awesome",
        "fonts-ocr-b",
    ],
}
DEBIAN_SUITES = {
    "sid",
    "unstable",
    "testing",
    "stable",
    "oldstable",
    "bullseye",
    "bookworm",
    "trixie",
    "forky",
    "duke",
}
LOCK_SECONDS = 600
"""How long a package manager that is at work is waited for: an unattended upgrade takes minutes."""
LOCK_PAUSE_SECONDS = 5
POLL_SECONDS = 0.3

CAUSES = {
    r"No space left on device|enough free space": "the disk is full; make room, and type the same again.",
    r"dpkg was interrupted": "an installation was interrupted before; type `dpkg --configure -a`, then the same again.",
    r"are you root|Permission denied": "it may not write where it has to; type the same as root.",
    r"Unable to locate package|has no installation candidate": "the system's package sources do not have it.",
    r"NO_PUBKEY|is not signed|signatures couldn't be verified": "the archive's signature is not known to this system.",
    r"THESE PACKAGES DO NOT MATCH THE HASHES|Hash Sum mismatch": "what was downloaded is damaged; type the same again.",
    r"No matching distribution found": "a pinned package cannot be had for this Python from where pip looks.",
    r"Temporary failure resolving|Could not resolve|Name or service not known|Failed to establish a new connection"
    r"|Could not connect|Connection (?:failed|refused|timed out)|Network is unreachable": "the network is not there.",
    r"Failed to fetch|Unable to fetch": "the archive does not have a file that its lists name; type the same again.",
}
"""What a failed command wrote, and what is told of it; the first that fits."""

# The web client's bundle names this file, which Debian's package leaves out for its licence.
MISSING_FILE = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


class Locked(CommandError):
    """Another process holds the package manager's lock."""


def main() -> int:
    LOGS.mkdir(parents=True, exist_ok=True)
    python = find_python()
    make_venv(python)
    link_odoo(find_odoo(python))
    if "--http" in sys.argv:
        for name in HTTP_PAIRS:
            ensure_http_pair(name)
    if "--oca" in sys.argv:
        ensure_oca()
    if "--tools" in sys.argv:
        ensure_tools()
    if "--browser" in sys.argv:
        ensure_chromium()
    return 0


def run(*command, watch=None, env=None, **kwargs) -> None:
    """Run a command into the set-up log; when it fails, name the cause and show the log's end.

    :param watch: is called with what the command has written, a few times a second while it runs
    :raise CommandError: it failed; :raise Locked: for a lock that another process holds
    """
    # in English, for the cause is read from it
    environ = {**(env or os.environ), "LC_ALL": "C"}
    with SETUP_LOG.open("a") as log:
        log.write(f"\n$ {' '.join(map(str, command))}\n")
        log.flush()
        start = log.tell()
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environ, **kwargs
        )
        try:
            while watch and process.poll() is None:
                watch(written_since(start))
                time.sleep(POLL_SECONDS)
            process.wait()
        finally:
            # interrupted: what it was given to do is not finished behind our back
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode:
        output = written_since(start)
        kind = Locked if find_holder(output) else CommandError
        name = Path(command[0]).name
        raise kind(f"`{name}` failed: {cause_of(output, process.returncode)}\n{tail(SETUP_LOG)}")


def written_since(start: int) -> str:
    with SETUP_LOG.open("rb") as log:
        log.seek(start)
        return log.read().decode(errors="replace")


def cause_of(output: str, code: int) -> str:
    """Return why a command failed, from what it wrote: what to do about it where that is known, else its own words."""
    if holder := find_holder(output):
        return f"{holder} holds the package manager's lock; wait until it is done, and type the same again."
    for pattern, cause in CAUSES.items():
        if re.search(pattern, output):
            return cause
    said = [line.strip() for line in output.splitlines() if re.match(r"\s*(E:|ERROR|error|fatal)", line)]
    return said[-1] if said else f"it ended with code {code}."


# The package manager


def run_apt(*arguments, **kwargs) -> None:
    """Run `apt-get`; while another process holds the package manager's lock, wait for it and show that.

    apt itself waits for the lock of the installation, not for the one of the package lists: that is tried again.

    :raise Locked: the lock was held for longer than `LOCK_SECONDS`
    """
    deadline = time.monotonic() + LOCK_SECONDS
    shown = set()

    def watch(output):
        holder = find_holder(output)
        if holder and holder not in shown:
            shown.add(holder)
            say(f"\n    waiting for the package manager: {holder} holds its lock")

    while True:
        left = max(1, round(deadline - time.monotonic()))
        try:
            run("apt-get", "-q", f"-oDPkg::Lock::Timeout={left}", *arguments, watch=watch, **kwargs)
            return
        except Locked as locked:
            watch(str(locked))
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOCK_PAUSE_SECONDS)


def find_holder(output: str) -> str:
    """Return who holds the package manager's lock by what apt wrote, such as `process 123 (apt-get)`, or nothing."""
    if not re.search(r"Could not get lock|is another process using it", output):
        return ""
    holder = re.search(r"held by (process \d+(?: \([^)]+\))?)", output)
    return holder[1] if holder else "another process"


# Stamps


def stamp_of(name: str) -> Path:
    return HOME / "stamps" / name


def is_done(name: str, content: str) -> bool:
    """Tell whether the step was finished with the same ingredients."""
    stamp = stamp_of(name)
    return stamp.exists() and stamp.read_text() == content


def set_done(name: str, content: str) -> None:
    stamp_of(name).parent.mkdir(exist_ok=True)
    stamp_of(name).write_text(content)


# Python


def find_python() -> str:
    """Return a Python that Odoo 19 runs on: the one that runs this, or the newest fitting one on PATH.

    :raise CommandError: there is none, or it cannot make virtual environments
    """
    names = [sys.executable] if sys.version_info[:2] in PYTHONS else []
    names += [f"python{major}.{minor}" for major, minor in reversed(PYTHONS)]
    found = [path for path in map(shutil.which, names) if path and starts(path)]
    if not found:
        raise CommandError(
            "Odoo 19 needs Python 3.10 to 3.13, and none is on PATH: "
            "install one, on Debian 12 or 13 with `apt-get install python3 python3-venv`."
        )
    for path in found:
        if starts(path, "import ensurepip, venv"):
            return path
    raise CommandError(f"{found[0]} cannot make virtual environments: type `apt-get install python3-venv`.")


def starts(python: str, code: str = "") -> bool:
    """Tell whether a Python runs the code; what is on PATH may point to a version that is not there."""
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def make_venv(python: str) -> None:
    """Make the virtual environment with the pinned packages."""
    version = subprocess.run([python, "-V"], capture_output=True, text=True, check=True).stdout.strip()
    content = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest() + f" {version} {VENV_PYTHON}"
    if is_done("venv", content) and VENV_PYTHON.exists():
        return
    with step(f"Python packages ({version})"):
        folder = VENV_PYTHON.parent.parent
        stamp_of("venv").unlink(missing_ok=True)
        stamp_of("link").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        run(python, "-m", "venv", folder)
        run(VENV_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", REQUIREMENTS)
        set_done("venv", content)


def http_pair(name: str) -> Path:
    """Return the folder of a pair of requests and urllib3, which goes first on the path of Python."""
    return HOME / "http" / name


def pinned(name: str) -> str:
    """Return what a pair consists of, as `requests==… urllib3==…`."""
    lines = requirements_of(name).read_text().splitlines()
    return " ".join(line for line in lines if line.startswith(("requests=", "urllib3=")))


def requirements_of(name: str) -> Path:
    return ROOT / "dev" / f"requirements-http-{name}.txt"


def ensure_http_pair(name: str) -> None:
    """Have a pair of requests and urllib3 in a folder of its own."""
    install_beside(f"http-{name}", f"The {name} requests and urllib3", requirements_of(name), http_pair(name))


def ensure_oca() -> None:
    """Have the OCA's addons, of which Odoo finds those that lie on the path of Python: see `dev.oca`."""
    install_beside("oca", "The OCA's addons", OCA_REQUIREMENTS, OCA_FOLDER)


def ensure_tools() -> None:
    """Have the tools that check and pack the addons: see `dev.tools`."""
    install_beside("tools", "The tools of the OCA", TOOLS_REQUIREMENTS, TOOLS_FOLDER)


def install_beside(name: str, title: str, requirements: Path, folder: Path) -> None:
    """Have packages in a folder of their own, without what they depend on; the virtual environment is left as it is."""
    content = hashlib.sha256(requirements.read_bytes()).hexdigest() + f" {folder}"
    if is_done(name, content) and folder.exists():
        return
    with step(title):
        stamp_of(name).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--target", folder)
        run(VENV_PYTHON, "-m", "pip", "install", *options, "-r", requirements)
        set_done(name, content)


# Odoo


def find_odoo(python: str) -> Path:
    """Return the folder that holds the `odoo` package, after getting it when there is none.

    :raise CommandError: `ODOO` does not name an Odoo 19
    """
    if given := os.environ.get("ODOO"):
        package = package_of(Path(given).expanduser().absolute())
        if package is None:
            raise CommandError(f"ODOO={given} is not an Odoo 19: give its source folder, or its `odoo-bin` or `odoo`.")
        return package.parent
    package = imported_by(python)
    return package.parent if package else unpack_odoo()


def package_of(given: Path) -> Path | None:
    """Return the `odoo` package of a source folder, an installation's folder or a program."""
    here = given.resolve()
    places = [here, here.parent, here.parent.parent]
    packages = [place / inner for place in places for inner in ("", "odoo", "lib/python3/dist-packages/odoo")]
    packages.append(here / "usr/lib/python3/dist-packages/odoo")
    package = next(filter(is_odoo_19, packages), None)
    if package or not given.is_file():
        return package
    # a program installed by pip: the Python of its first line can import Odoo
    shebang = re.match(rb"#! ?(/\S+)", given.read_bytes()[:300])
    return imported_by(shebang[1].decode()) if shebang else None


def is_odoo_19(package: Path) -> bool:
    release = package / "release.py"
    return release.is_file() and re.search(r"^version_info = \(19, 0,", release.read_text(), re.M) is not None


def imported_by(python: str) -> Path | None:
    """Return the `odoo` package that a Python can import, when it is version 19."""
    code = "import importlib.util as u; print(u.find_spec('odoo.release').origin)"
    # from /, so that nothing of the checkout is importable
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False, cwd="/")
    package = Path(done.stdout.strip()).parent
    return package if done.returncode == 0 and is_odoo_19(package) else None


def unpack_odoo() -> Path:
    """Unpack Debian's `odoo-19` and what its web files link to; nothing of it is installed."""
    folder = ODOO_FOLDER / "usr/lib/python3/dist-packages"
    content = repr(DEBS)
    if is_done("odoo", content) and is_odoo_19(folder / "odoo"):
        return folder
    source = debian_source()
    with step("Odoo 19"):
        stamp_of("odoo").unlink(missing_ok=True)
        work = HOME / "debs"
        shutil.rmtree(ODOO_FOLDER, ignore_errors=True)
        shutil.rmtree(work, ignore_errors=True)
        ODOO_FOLDER.mkdir(parents=True)
        for suite, packages in DEBS.items():
            download_debs(work / suite, source, suite, packages)
        for deb in work.glob("*/*.deb"):
            run("dpkg-deb", "-x", deb, ODOO_FOLDER)
        shutil.rmtree(work)
        missing = folder / MISSING_FILE
        missing.parent.mkdir(parents=True, exist_ok=True)
        missing.touch()
        set_done("odoo", content)
    return folder


def download_debs(work: Path, source: tuple[str, str], suite: str, packages: list[str]) -> None:
    """Download packages of another suite, with package lists of our own: the system's are left alone."""
    for folder in ("sources", "lists/partial", "cache/archives/partial"):
        (work / folder).mkdir(parents=True)
    extension, text = source
    (work / "sources" / f"debian.{extension}").write_text(text.replace("SUITE", suite))
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": work / "sources",
        "Dir::State::lists": work / "lists",
        "Dir::Cache": work / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    ours = [f"-o{key}={value}" for key, value in options.items()]
    run_apt(*ours, "update")
    run_apt(*ours, "download", *packages, cwd=work)


def debian_source() -> tuple[str, str]:
    """Return the machine's own Debian source, as (file extension, text with `SUITE` in place of its suite).

    :raise CommandError: this is not a Debian with apt
    """
    etc = Path("/etc/apt")
    if shutil.which("apt-get") and shutil.which("dpkg-deb"):
        for file in sorted(etc.glob("sources.list.d/*.sources")):
            for stanza in re.split(r"\n\s*\n", file.read_text()):
                suites = re.search(r"^Suites:(.*)$", stanza, re.M)
                if suites and DEBIAN_SUITES & set(suites[1].split()) and re.search(r"^Types:.*\bdeb\b", stanza, re.M):
                    kept = re.findall(r"^(?:URIs|Signed-By):.*(?:\n[ \t].*)*", stanza, re.M)
                    return "sources", "\n".join(["Types: deb", *kept, "Suites: SUITE", "Components: main", ""])
        for file in [etc / "sources.list", *sorted(etc.glob("sources.list.d/*.list"))]:
            for line in file.read_text().splitlines() if file.exists() else ():
                entry = re.match(r"(deb\s+(?:\[.*?\]\s+)?\S+)\s+(\S+)\s", line)
                if entry and entry[2] in DEBIAN_SUITES:
                    return "list", f"{entry[1]} SUITE main\n"
    raise CommandError(
        "Odoo 19 comes from Debian's archive, and this system has no Debian source for apt: "
        "type `make ODOO=/path/to/odoo …` with the folder of an Odoo 19."
    )


def link_odoo(folder: Path) -> None:
    """Let the virtual environment import `odoo` from the folder; its own pinned packages come first."""
    if not is_done("link", str(folder)):
        (site_packages,) = VENV_PYTHON.parent.parent.glob("lib/python*/site-packages")
        (site_packages / "odoo.pth").write_text(f"{folder}\n")
        set_done("link", str(folder))


# Chromium


def find_chromium() -> str | None:
    """Return the browser's program, under the names that Odoo's own browser tests know."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def ensure_chromium() -> None:
    """Have a browser for the browser tests, the only thing that is installed into the system.

    :raise CommandError: there is none and this is not root
    """
    if find_chromium():
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise CommandError("The browser tests need Chromium: type `sudo apt-get install chromium`.")
    with step("Chromium"):
        environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = ("-y", "install", "--no-install-recommends", "chromium")
        try:
            run_apt(*install, env=environ)
        except Locked:
            raise
        except CommandError:  # no package lists yet, or old ones
            run_apt("update", env=environ)
            run_apt(*install, env=environ)


if __name__ == "__main__":
    run_command(main)

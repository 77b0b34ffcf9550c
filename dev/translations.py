"""`make pot`: write the addon's texts for translators, `i18n/extensiv_connector.pot`."""

from __future__ import annotations

from pathlib import Path

from . import ADDON, HOME, LOGS, ROOT, VENV_PYTHON, CommandError, postgres, run_command, tail
from .databases import LAUNCHER, process, with_addon, write_config

POT = ROOT / ADDON / "i18n" / f"{ADDON}.pot"


def main() -> int:
    with postgres.running(fast=True):
        POT.write_bytes(export(with_addon()).read_bytes())
    return 0


def export(database: str) -> Path:
    """Have Odoo write the texts of the addon as installed in a database; return the file.

    :raise CommandError: it cannot
    """
    file = HOME / f"{ADDON}.pot"
    log = LOGS / "translations.log"
    command = [VENV_PYTHON, LAUNCHER, "i18n", "export", "-c", write_config(), "-d", database, "-o", file, ADDON]
    with process(command, log) as odoo:
        if odoo.wait():
            raise CommandError(f"Odoo did not export the translations.\n{tail(log)}")
    return file


def check(database: str) -> None:
    """:raise CommandError: the file for translators has not the texts of the addon"""
    if texts(POT) != texts(export(database)):
        raise CommandError(f"{POT.relative_to(ROOT)} is not up to date: type `make pot`.")


def texts(file: Path) -> set[str]:
    """Return the texts of our code and views, without the places where they stand.

    Not the labels of fields: the chatter's belong to Odoo, and differ from one Odoo to the next.
    """
    entries = file.read_text().split("\n\n")
    ours = [entry for entry in entries if "#: code:" in entry or "#: model_terms:" in entry]
    return {entry[entry.index("msgid ") :] for entry in ours}


if __name__ == "__main__":
    run_command(main)

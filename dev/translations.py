"""`make pot`: write the addons' texts for translators, `i18n/extensiv_connector.pot` and that of the second addon."""

from __future__ import annotations

from pathlib import Path

from . import ADDON, HOME, LOGS, QUEUE_ADDON, ROOT, VENV_PYTHON, CommandError, oca, postgres, run_command, tail
from .databases import LAUNCHER, process, with_addon, with_queue, write_config


def main() -> int:
    with postgres.running(fast=True):
        for addon, database in ((ADDON, with_addon()), (QUEUE_ADDON, with_queue())):
            pot_of(addon).write_bytes(export(database, addon).read_bytes())
    return 0


def pot_of(addon: str) -> Path:
    return ROOT / addon / "i18n" / f"{addon}.pot"


def export(database: str, addon: str = ADDON) -> Path:
    """Have Odoo write the texts of an addon as installed in a database; return the file.

    :raise CommandError: it cannot
    """
    file = HOME / f"{addon}.pot"
    log = LOGS / "translations.log"
    environ = oca.environ() if addon == QUEUE_ADDON else {}
    command = [VENV_PYTHON, LAUNCHER, "i18n", "export", "-c", write_config(), "-d", database, "-o", file, addon]
    with process(command, log, **environ) as odoo:
        if odoo.wait():
            raise CommandError(f"Odoo did not export the translations.\n{tail(log)}")
    return file


def check(database: str, addon: str = ADDON) -> None:
    """:raise CommandError: the file for translators has not the texts of the addon"""
    pot = pot_of(addon)
    if texts(pot) != texts(export(database, addon)):
        raise CommandError(f"{pot.relative_to(ROOT)} is not up to date: type `make pot`.")


def texts(file: Path) -> set[str]:
    """Return the texts of our code and views, without the places where they stand.

    Not the labels of fields: the chatter's belong to Odoo, and differ from one Odoo to the next.
    """
    entries = file.read_text().split("\n\n")
    ours = [entry for entry in entries if "#: code:" in entry or "#: model_terms:" in entry]
    return {entry[entry.index("msgid ") :] for entry in ours}


if __name__ == "__main__":
    run_command(main)

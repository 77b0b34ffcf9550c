"""`make pot`: write the addons' texts for translators, `i18n/extensiv_connector.pot` and that of the second addon.

And what translators need, `python -m dev.translations` with:

    po                        merge the texts into `i18n/<language>.po` of each language, which is `make po`
    seed [LANGUAGE…]          take over Odoo's own words for the same texts; prints which are equal there
    missing LANGUAGE FOLDER   write what is not translated as `FOLDER/missing-01.json` …
    fill LANGUAGE FILE…       write answers {"text or key": "translation"} into the .po; prints what is refused, and why
    check [LANGUAGE…]         check what is translated, and print how much is not yet

`catalogues` has the files, `wordings` the rules and `odoo_words` Odoo's words; `i18n/README.md` is the glossary.
"""

from __future__ import annotations

import sys
from pathlib import Path

from . import (
    ADDON,
    HOME,
    LOGS,
    QUEUE_ADDON,
    ROOT,
    VENV_PYTHON,
    CommandError,
    catalogues,
    oca,
    odoo_words,
    postgres,
    run_command,
    say,
    tail,
)
from .catalogues import pot_of
from .databases import LAUNCHER, process, with_addon, with_queue, write_config


def main() -> int:
    command, *arguments = sys.argv[1:] or ["pot"]
    if command not in COMMANDS:
        raise CommandError(f"{command} is none of {', '.join(COMMANDS)}.")
    return COMMANDS[command](*arguments) or 0


def write_pot() -> None:
    with postgres.running(fast=True):
        for addon, database in ((ADDON, with_addon()), (QUEUE_ADDON, with_queue())):
            pot_of(addon).write_bytes(export(database, addon).read_bytes())


def seed(*languages: str) -> None:
    for language in languages or catalogues.LANGUAGES:
        count, refused, equal = odoo_words.seed(language)
        say("\n".join([f"{language}: {count} texts have Odoo's words", *refused]))
        if equal:
            say("\n".join(["Equal in Odoo's translation; list them in the glossary where they are right:", *equal]))


def missing(language: str = "", folder: str = "") -> None:
    catalogues.check_language(language)
    if not folder:
        raise CommandError("Type `python -m dev.translations missing LANGUAGE FOLDER`.")
    files = catalogues.missing(language, Path(folder))
    say("\n".join(map(str, files)) or f"Everything is translated into {language}.")


def fill(language: str = "", *files: str) -> int:
    catalogues.check_language(language)
    count, refused = catalogues.fill(language, catalogues.answers_of([Path(file) for file in files]))
    say(f"{language}: {count} texts filled, {len(refused)} complaints")
    say("\n".join(refused))
    return 1 if refused else 0


def check_languages(*languages: str) -> int:
    found = []
    for language in languages or catalogues.LANGUAGES:
        wrong = catalogues.wrong(language)
        found += wrong
        say("\n".join([f"{language}: {len(catalogues.wanted_in(language))} texts to translate", *wrong]))
    return 1 if found else 0


COMMANDS = {
    "pot": write_pot,
    "po": catalogues.merge,
    "seed": seed,
    "missing": missing,
    "fill": fill,
    "check": check_languages,
}


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

"""Odoo's own translations: the same text has the same words in the addon as everywhere else."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polib

from . import HOME
from .catalogues import ADDONS, GLOSSARY, equal_texts, fill, pot_of, read

SOURCES = ("sale", "stock", "delivery", "account", "base", "web", "mail", "product", "sale_stock", "stock_delivery")
"""Modules of Odoo whose wording is taken over, those that people use beside ours first."""
OTHER_SENSE = {
    "Account",
    "Accounts",
    "After",
    "Alert",
    "Alerts",
    "Before",
    "Call",
    "Calls",
    "Cart",
    "Dismiss",
    "Goods",
    "Help",
    "Hold",
    "Import",
    "Journal",
    "Key",
    "Last Seen",
    "Level",
    "Live",
    "Method",
    "Not Sent",
    "Note",
    "On",
    "Open",
    "Order",
    "Paid",
    "Placeholder",
    "Preview",
    "Quants",
    "Read",
    "Ready",
    "Received",
    "Report",
    "Route",
    "Routes",
    "Run",
    "Runs",
    "Schedule",
    "Sending",
    "Services",
    "Started",
    "Step",
    "Stock",
    "To",
    "Transfer",
    "Transfers",
    "Your",
    "by %s",
    "from",
    "good",
    "none",
    "note",
    "ship",
}
"""Words that mean another thing in Odoo, or a verb there and a noun here: translators choose."""


def seed(language: str) -> tuple[int, list[str], list[str]]:
    """Fill what is not translated with Odoo's words for the same text.

    :return: how many texts got one; what was refused; the texts that are equal in Odoo's own translation
        and not in the glossary's list
    """
    wordings = wordings_of(language)
    listed = equal_texts(GLOSSARY.read_text())[language]
    answers = {}
    equal = []
    for addon in ADDONS:
        done = read(addon, language)
        for entry in polib.pofile(str(pot_of(addon))):
            said = wordings.get(entry.msgid)
            if not said or entry.msgid in done or entry.msgid in OTHER_SENSE:
                continue
            if said == entry.msgid and said not in listed:
                equal.append(said)
            else:
                answers[entry.msgid] = said
    count, refused = fill(language, answers)
    return count, refused, sorted(set(equal))


def wordings_of(language: str) -> dict[str, str]:
    """Return for each English text of Odoo the translation that most of its modules have; of several the first."""
    said: dict[str, Counter] = {}
    for file in files_of(language):
        for entry in polib.pofile(str(file)):
            if entry.msgstr and not entry.fuzzy and not entry.obsolete:
                said.setdefault(entry.msgid, Counter())[entry.msgstr] += 1
    return {text: counted.most_common(1)[0][0] for text, counted in said.items()}


def files_of(language: str) -> list[Path]:
    addons = HOME / "odoo" / "usr" / "lib" / "python3" / "dist-packages" / "odoo" / "addons"
    files = [addons / module / "i18n" / f"{language}.po" for module in SOURCES]
    return [file for file in files if file.exists()]

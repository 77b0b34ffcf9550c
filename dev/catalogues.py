"""The translations as files: `i18n/<language>.po` of both addons, merged from the .pot, read, filled and checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import polib

from . import ADDON, QUEUE_ADDON, ROOT, CommandError
from .wordings import plain, troubles

ADDONS = (ADDON, QUEUE_ADDON)
LANGUAGES = ("de", "es", "fr", "it", "nl", "pt_BR")
PLURALS = {"fr": "nplurals=2; plural=n > 1;", "pt_BR": "nplurals=2; plural=n > 1;"}
GLOSSARY = ROOT / ADDON / "i18n" / "README.md"
MOST_SHOWN = 20
CHUNK = 6000
"""Characters of English text in a chunk for a translator."""


def pot_of(addon: str) -> Path:
    return ROOT / addon / "i18n" / f"{addon}.pot"


def po_of(addon: str, language: str) -> Path:
    return ROOT / addon / "i18n" / f"{language}.po"


# Merging


def merge() -> None:
    """Write the .po of each language anew: the texts of the .pot, in its order, with the translations there are."""
    for addon in ADDONS:
        pot = polib.pofile(str(pot_of(addon)))
        for language in LANGUAGES:
            save(addon, language, merged(pot, read(addon, language)))


def merged(pot: polib.POFile, translated: dict[str, str]) -> list[polib.POEntry]:
    """Return the entries of the .pot with the translations of the same texts; of the same words where a view was
    only laid out anew, and the translation goes with the new layout too.
    """
    by_words = {" ".join(source.split()): said for source, said in translated.items()}
    entries = []
    for entry in pot:
        said = translated.get(entry.msgid)
        if said is None:
            said = by_words.get(" ".join(entry.msgid.split()), "")
            said = said if not troubles(entry.msgid, said, terms=is_terms(entry), equal=True) else ""
        entries.append(
            polib.POEntry(
                msgid=entry.msgid,
                msgstr=said,
                comment=entry.comment,
                tcomment=entry.tcomment,
                occurrences=entry.occurrences,
                flags=[flag for flag in entry.flags if flag != "fuzzy"],
            )
        )
    return entries


def read(addon: str, language: str) -> dict[str, str]:
    """Return the translations there are, without fuzzy and obsolete ones."""
    file = po_of(addon, language)
    if not file.exists():
        return {}
    entries = polib.pofile(str(file))
    return {entry.msgid: entry.msgstr for entry in entries if entry.msgstr and not entry.fuzzy and not entry.obsolete}


def save(addon: str, language: str, entries: list[polib.POEntry]) -> None:
    """Write a .po that depends on its texts alone: no dates, no names, the order of the .pot."""
    file = polib.POFile(wrapwidth=78)
    file.header = (
        f"Translation of Odoo Server.\nThis file contains the translation of the following modules:\n* {addon}\n"
    )
    file.metadata = {
        "Project-Id-Version": "Odoo Server 19.0",
        "Report-Msgid-Bugs-To": "",
        "Last-Translator": "",
        "Language-Team": "",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS.get(language, "nplurals=2; plural=n != 1;"),
    }
    file.extend(entries)
    file.save(str(po_of(addon, language)))


def is_terms(entry: polib.POEntry) -> bool:
    """Tell whether a text is a piece of a view, a page or a mail."""
    return any(where.startswith("model_terms:") for where, _line in entry.occurrences)


# For translators


def missing(language: str, folder: Path) -> list[Path]:
    """Write what is not translated yet as numbered chunks, texts of the same place beside each other.

    A chunk is a list of ``{"key", "where", "text"}``; an answer is ``{key or text: translation}``.
    """
    wanted = wanted_in(language)
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("missing-*.json"):
        old.unlink()
    files = []
    source = source_of_views()
    beside = sorted(wanted, key=lambda text: (wanted[text], source.find(" ".join(text.split())), text))
    for number, chunk in enumerate(chunks(beside), 1):
        file = folder / f"missing-{number:02}.json"
        texts = [{"key": key_of(text), "where": wanted[text], "text": text} for text in chunk]
        file.write_text(json.dumps(texts, ensure_ascii=False, indent=1) + "\n")
        files.append(file)
    return files


def wanted_in(language: str) -> dict[str, str]:
    """Return the texts that are not translated, each with the place where it stands."""
    wanted: dict[str, str] = {}
    for addon in ADDONS:
        done = read(addon, language)
        for entry in polib.pofile(str(pot_of(addon))):
            if entry.msgid not in done:
                wanted.setdefault(entry.msgid, place(entry))
    return wanted


def source_of_views() -> str:
    """Return the source of all views, for a sentence in pieces is translated in its order."""
    files = sorted(file for addon in ADDONS for file in (ROOT / addon).glob("*/*.xml"))
    return " ".join(" ".join(file.read_text().split()) for file in files)


def chunks(texts: list[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for text in texts:
        if chunk and sum(map(len, chunk)) + len(text) > CHUNK:
            yield chunk
            chunk = []
        chunk.append(text)
    if chunk:
        yield chunk


def key_of(text: str) -> str:
    """Return a short name of a text, which stays the same while it does."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()[:8]


def place(entry: polib.POEntry) -> str:
    """Return where a text stands: what it is, and whose."""
    where = entry.occurrences[0][0]
    if where.startswith("code:"):
        return "message in " + re.sub(r"^code:addons/\w+/", "", where)
    _kind, field, record = where.split(":", 2)
    record = record.partition(".")[2]
    what = {
        "ir.model.fields,field_description": "label of",
        "ir.model.fields,help": "help of",
        "ir.model.fields.selection,name": "choice of",
        "ir.ui.view,arch_db": "view",
        "ir.ui.menu,name": "menu",
    }.get(field, field)
    return f"{what} {record}"


def answers_of(files: list[Path]) -> dict[str, str]:
    """Return the translators' answers.

    :raise CommandError: a file has none
    """
    answers = {}
    for file in files:
        try:
            content = json.loads(file.read_text())
        except (OSError, ValueError) as error:
            raise CommandError(f"{file} cannot be read: {error}") from error
        if not isinstance(content, dict) or not all(isinstance(said, str) for said in content.values()):
            raise CommandError(f'{file} is not {{"text or key": "translation", …}}.')
        answers.update(content)
    return answers


def fill(language: str, answers: dict[str, str]) -> tuple[int, list[str]]:
    """Write answers into the .po of both addons, and return how many texts got one and what was refused, and why.

    :param answers: by the text or by its key
    """
    check_language(language)
    allowed = equal_texts(GLOSSARY.read_text()).get(language, set())
    refused = []
    taken = set()
    known = set()
    for addon in ADDONS:
        entries = merged(polib.pofile(str(pot_of(addon))), read(addon, language))
        for entry in entries:
            answer = next((name for name in (entry.msgid, key_of(entry.msgid)) if name in answers), None)
            if answer is None:
                continue
            known.add(answer)
            said = answers[answer]
            equal = may_be_equal(entry.msgid, allowed)
            if wrong := troubles(entry.msgid, said, terms=is_terms(entry), equal=equal):
                refused += [line(language, entry.msgid, why) for why in wrong]
                continue
            entry.msgstr = said
            taken.add(answer)
        save(addon, language, entries)
    refused += [line(language, name, "is no text of the addons") for name in answers if name not in known]
    return len(taken), list(dict.fromkeys(refused))


def check_language(language: str) -> None:
    """:raise CommandError: it is none of ours"""
    if language not in LANGUAGES:
        raise CommandError(f"{language} is none of {', '.join(LANGUAGES)}.")


# The check


def check() -> None:
    """:raise CommandError: a translation is wrong, or one is missing"""
    found = [each for language in LANGUAGES for each in short_list(wrong(language))]
    if found:
        raise CommandError("\n".join(["Translations:", *found]))


def wrong(language: str) -> list[str]:
    """Return what is wrong in a language, as ``language, text: why``."""
    allowed = equal_texts(GLOSSARY.read_text()).get(language, set())
    found = []
    for addon in ADDONS:
        file = po_of(addon, language)
        if not file.exists():
            found.append(f"{file.relative_to(ROOT)} is missing: type `make po`.")
            continue
        entries = polib.pofile(str(file))
        found += wrong_entries(language, entries, allowed)
        found += out_of_date(addon, file, entries)
    return found


def wrong_entries(language: str, entries: polib.POFile, allowed: set[str]) -> list[str]:
    found = []
    for entry in entries:
        if entry.fuzzy:
            found.append(line(language, entry.msgid, "is fuzzy"))
        elif entry.obsolete:
            found.append(line(language, entry.msgid, "is obsolete: type `make po`"))
        else:
            equal = may_be_equal(entry.msgid, allowed)
            whys = troubles(entry.msgid, entry.msgstr, terms=is_terms(entry), equal=equal)
            found += [line(language, entry.msgid, why) for why in whys]
    return found


def out_of_date(addon: str, file: Path, entries: polib.POFile) -> list[str]:
    texts = {entry.msgid for entry in polib.pofile(str(pot_of(addon)))}
    if texts == {entry.msgid for entry in entries if not entry.obsolete}:
        return []
    return [f"{file.relative_to(ROOT)} has not the texts of {addon}.pot: type `make po`."]


def line(language: str, text: str, why: str) -> str:
    return f"{language}: {json.dumps(text, ensure_ascii=False)} {why}"


def short_list(found: list[str]) -> list[str]:
    more = len(found) - MOST_SHOWN
    return [*found[:MOST_SHOWN], f"… and {more} more"] if more > 0 else found


# The glossary


def equal_texts(glossary: str) -> dict[str, set[str]]:
    """Return the texts that may be equal to the English, by language.

    They stand one a line in blocks fenced by ```equal and ```, with the language behind ``equal``, or ``all``.
    """
    listed: dict[str, set[str]] = {language: set() for language in LANGUAGES}
    for language, block in re.findall(r"^```equal (\w+)\n(.*?)^```", glossary, re.MULTILINE | re.DOTALL):
        texts = {" ".join(text.split()) for text in block.splitlines() if text.strip()}
        if language != "all":
            check_language(language)
        for each in LANGUAGES if language == "all" else (language,):
            listed[each] |= texts
    return listed


def may_be_equal(source: str, allowed: set[str]) -> bool:
    """Tell whether a text is listed: as it is, or without its tags, placeholders and punctuation."""
    words = plain(source)
    return " ".join(source.split()) in allowed or words in allowed or words.strip(" .,:;!?…()[]–—-/·") in allowed

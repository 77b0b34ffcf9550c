"""Translations say in another language what the English text says, and a translator is told where one does not."""

import json

import polib
import pytest

from dev import CommandError, catalogues
from dev.wordings import troubles

VIEW = '<b>Press</b> <t t-out="name"/> &amp; go.'


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A checkout with one addon of three texts, and a glossary."""
    pot = polib.POFile()
    for text, where in (("Pull %(count)s", "code:addons/a/models/a.py"), ("Status", "model:ir.model,name:a.model_a"),
                        ("Press\n    &amp; go", "model_terms:ir.ui.view,arch_db:a.view_a")):  # fmt: skip
        pot.append(polib.POEntry(msgid=text, comment="module: a", occurrences=[(where, "0")]))
    folder = tmp_path / "a" / "i18n"
    folder.mkdir(parents=True)
    pot.save(str(folder / "a.pot"))
    (folder / "README.md").write_text("Words\n\n```equal nl\nStatus\n```\n")
    monkeypatch.setattr(catalogues, "ROOT", tmp_path)
    monkeypatch.setattr(catalogues, "ADDONS", ("a",))
    monkeypatch.setattr(catalogues, "GLOSSARY", folder / "README.md")
    return folder


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("Pull %(count)s of %(all)s", "%(all)s, davon %(count)s abrufen"),
        ("%s (copy)", "%s (Kopie)"),
        ("%(flow)s: %(message)s", "%(flow)s: %(message)s"),  # nothing to translate
        ("100 % of it.", "100 % davon."),
        ("Why? ", "Pourquoi ? "),
        ("No.", "N°"),  # an abbreviation
        ("Stock…", "Bestand ..."),
        ('"Hold"', "„Zurückhalten“"),
    ],
)
def test_what_says_the_same_is_accepted(source, said):
    assert troubles(source, said) == []


@pytest.mark.parametrize(
    ("source", "said", "why"),
    [
        ("Orders", "", "not translated"),
        ("Orders", "Orders", "equals the English"),
        ("Pull %(count)s", "%(anzahl)s abrufen", "lacks the placeholders %(count)s"),
        ("%s of %s", "%s", "lacks the placeholders %s"),
        ("{{ object.name }} stopped", "{{ object.Name }} hält", "lacks the placeholders {{ object.name }}"),
        ("Half", "50 %", "has the placeholders %"),
        ("Take ${count}", "Nimm", "lacks the placeholders ${count}"),
        (" since %s", "seit %s", "begins with the spaces"),
        ("since ", "seit", "ends with the spaces"),
        ("One\ntwo", "Eins zwei", "line ends"),
        ("Then go on.", "Dann weiter mit der Einrichtung", "ends in"),
        ("Go on with the set-up", "Weiter mit der Einrichtung.", "ends in"),
        ("Which one?", "Welche.", "ends in"),
        ("Orders", "<b>Aufträge</b>", "tags"),
    ],
)
def test_what_differs_is_named(source, said, why):
    assert any(why in trouble for trouble in troubles(source, said))


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('<b>Los</b> <t t-out="name"/> &amp; weiter.', None),
        ('<t t-out="name"/> &amp; <b>los</b>.', None),
        ('<b>Los</b> <t t-out="nom"/> &amp; weiter.', "lacks the tags <t t-out='name'>"),
        ('<b>Los <t t-out="name"/> &amp; weiter.', "does not close <b>"),
        ('<b>Los</i> <t t-out="name"/> &amp; weiter.', "</i> in the wrong place"),
        ('<b>Los</b> <t t-out="name"/> & weiter.', "lone '&'"),
        ('<b>Los</b> <t t-out="name"/> und weiter.', "lacks the entities &amp;"),
        ('<b>Los</b> <t t-out="name"/> &amp; <weiter.', "lone '<'"),
    ],
)
def test_the_markup_of_a_text_stays(said, why):
    found = troubles(VIEW, said, terms=True)
    if why is None:
        assert found == []
    else:
        assert any(why in trouble for trouble in found)


def test_only_words_of_an_attribute_are_translated():
    source = '<i class="fa" title="Open"/> Orders'
    assert troubles(source, '<i class="fa" title="Öffnen"/> Aufträge') == []
    assert troubles(source, '<i class="fo" title="Öffnen"/> Aufträge')


def test_a_piece_of_a_view_has_no_bare_markup():
    assert troubles("Locations and products", "Standorte & Produkte") == []
    assert troubles("Locations and products", "Standorte & Produkte", terms=True)


def test_translations_are_merged_with_the_texts_there_are_now(files):
    catalogues.merge()
    catalogues.fill(
        "de", {"Status": "Lage", "Pull %(count)s": "%(count)s abrufen", "Press\n    &amp; go": "Los &amp; gut"}
    )
    pot = polib.pofile(str(files / "a.pot"))
    pot.remove(pot.find("Status"))
    pot.find("Press\n    &amp; go").msgid = "Press &amp; go"  # the view was laid out anew
    pot.append(polib.POEntry(msgid="Pull %(counts)s", comment="module: a", occurrences=[("code:addons/a/a.py", "0")]))
    pot.save(str(files / "a.pot"))

    catalogues.merge()
    first = (files / "de.po").read_text()
    catalogues.merge()

    assert (files / "de.po").read_text() == first
    entries = polib.pofile(str(files / "de.po"))
    assert {entry.msgid: entry.msgstr for entry in entries} == {
        "Pull %(count)s": "%(count)s abrufen",
        "Press &amp; go": "Los &amp; gut",
        "Pull %(counts)s": "",
    }
    assert not entries.obsolete_entries() and not entries.fuzzy_entries()


def test_a_translator_gets_what_is_missing_and_its_answers_are_checked(files, tmp_path):
    catalogues.merge()
    [chunk] = catalogues.missing("nl", tmp_path / "chunks")
    texts = json.loads(chunk.read_text())
    keys = {each["text"]: each["key"] for each in texts}
    assert set(keys) == {"Pull %(count)s", "Status", "Press\n    &amp; go"}

    answer = tmp_path / "answer.json"
    answer.write_text(
        json.dumps(
            {keys["Pull %(count)s"]: "%(count)s ophalen", "Status": "Status", "Press\n    &amp; go": "& ga", "X": "Y"}
        )
    )
    count, refused = catalogues.fill("nl", catalogues.answers_of([answer]))

    assert count == 2
    assert len(refused) == 2
    assert "lone '&'" in refused[0]
    assert 'nl: "X" is no text' in refused[1]
    assert catalogues.read("a", "nl") == {"Pull %(count)s": "%(count)s ophalen", "Status": "Status"}
    assert set(catalogues.wanted_in("nl")) == {"Press\n    &amp; go"}


def test_an_answer_that_is_none_stops_with_its_name(tmp_path):
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(CommandError, match="a.json is not"):
        catalogues.answers_of([tmp_path / "a.json"])


def test_the_check_finds_what_is_untranslated_fuzzy_or_equal(files):
    catalogues.merge()
    catalogues.fill("de", {"Pull %(count)s": "%(count)s abrufen"})
    file = polib.pofile(str(files / "de.po"))
    file.find("Status").msgstr = "Status"
    file.find("Pull %(count)s").flags.append("fuzzy")
    file.save()

    found = catalogues.wrong("de")

    assert len(found) == 3
    assert all(line.startswith("de: ") for line in found)
    assert "is fuzzy" in found[0] and "equals the English" in found[1] and "is not translated" in found[2]
    assert len(catalogues.wrong("fr")) == 3
    with pytest.raises(CommandError, match="is fuzzy"):
        catalogues.check()


def test_the_check_finds_a_translation_of_other_texts(files):
    catalogues.merge()
    pot = polib.pofile(str(files / "a.pot"))
    pot.append(polib.POEntry(msgid="New", comment="module: a", occurrences=[("code:addons/a/a.py", "0")]))
    pot.save(str(files / "a.pot"))
    assert any("type `make po`" in line for line in catalogues.wrong("de"))


def test_many_findings_are_shown_in_part():
    shown = catalogues.short_list([str(number) for number in range(30)])
    assert len(shown) == 21
    assert shown[-1] == "… and 10 more"

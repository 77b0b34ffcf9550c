"""One word for one thing in whatever a person reads, read from the source; doc/architecture.md lists the words."""

import ast
import re
from pathlib import Path

import pytest
from lxml import etree

ROOT = Path(__file__).parents[1]
ADDONS = [ROOT / "extensiv_connector", ROOT / "extensiv_connector_queue"]
# Names of EIM's screens and of Odoo's stand as they are written there.
QUOTED = re.compile(
    r"Inventory Upload|Sync Inventory with Location|General Inventory Options|Last Inventory Run|"
    r"Physical Inventory|Track Inventory|Inventory: User|Inventory,|page \*Inventory\*|cart's last inventory run|"
    r"^inventory$|inventory_warehouse(_pk)?|(push|list|get)_inventory|merchant/inventory\S*"
)
UNWANTED = {
    "run": re.compile(r"\b[Pp]ass(?:es)?\b(?! (?:on|them|it)\b)"),
    "stock": re.compile(r"\b[Ii]nventor(?:y|ies)\b"),
    "EIM": re.compile(r"\bExtensiv's (?:API|server|answer)|\bCartRover(?! Vendor)"),
}
SAID = ("help", "string", "title", "placeholder", "confirm", "aria-label", "name")
SMALL = set("a an the and or of to for at by from in on as it is with without".split())
# What leads somewhere is called by what is there, and the answers to a question that stands beside them are answers.
PLACES = {
    "Diagnosis",
    "EIM's Routes",
    "Set-up Guide",
    "Transfers",
    "Details",
    "All Stock Levels",
    "What EIM Was Told",
    "What the Nights Found",
    "Preview",
    "Back",
    "Next",
    "Dry Run",
}
ANSWERS = {
    "This Is a Copy",
    "This One Goes On",
    "This Cart",
    "It Was Renamed",
    "It Is a New Cart",
    "The Prices Include It",
    "The Marketplace Keeps It",
    "They Belong to Another System",
    "It Belongs to Another System",
    "Address Is Right",
    "Cart Is Right",
    "Not Yet",
}
VERBS = set(
    "Accept Add Apply Ask Assign Cancel Change Check Choose Close Compare Confirm Connect Copy Create Decide Diagnose "
    "Disconnect Discard Dismiss Download Erase Export Fetch Fix Go Ignore Import Keep Leave Make Map Mark Open Propose "
    "Prove Pull Push Put Read Record Release Remove Retry Save Send Set Show Skip Start Stop Switch Take Tell Try Undo "
    "Use View Withdraw".split()
)


def python_texts(path):
    """Yield what a file shows to people: translated texts, helps, labels and descriptions."""
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            owner = getattr(getattr(node.func, "value", None), "id", "")
            said = list(node.args) if owner == "fields" or name in ("_", "Flow", "Constraint", "UniqueIndex") else []
            said += [item.value for item in node.keywords if item.arg in ("help", "string")]
            yield from (
                (part.lineno, part.value)
                for item in said
                for part in ast.walk(item)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
                if " " in part.value or part.value[:1].isupper()
            )
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "_description":
            yield node.lineno, node.value.value


def xml_texts(path):
    """Yield the texts of a file of views or data, and the attributes that are shown."""
    for node in etree.parse(str(path)).iter(etree.Element):
        text = " ".join(" ".join(filter(None, [node.text, *[child.tail for child in node]])).split())
        if text and not (node.tag in ("field", "attribute") and node.get("name") in ("code", "context", "domain")):
            yield node.sourceline, text
        for name in SAID:
            said = node.get(name, "")
            if name != "name" or " " in said:
                yield node.sourceline, said


def texts():
    for addon in ADDONS:
        for path in sorted(addon.rglob("*.py")):
            if not {"tests", "sandbox", "migrations"} & set(path.relative_to(addon).parts):
                yield from ((path, *item) for item in python_texts(path))
        for path in sorted(addon.rglob("*.xml")):
            if "tests" not in path.relative_to(addon).parts:
                yield from ((path, *item) for item in xml_texts(path))
    guide = ROOT / "doc/user-guide.md"
    yield from ((guide, number, line) for number, line in enumerate(guide.read_text().splitlines(), 1))


def buttons():
    """Yield ``(place, what is written on it, icon, whether it is one of the boxes on top of a form)``."""
    for addon in ADDONS:
        for path in sorted(addon.rglob("*.xml")):
            for node in etree.parse(str(path)).iter("button"):
                text = node.get("string") or " ".join(" ".join(node.itertext()).split())
                name = text or node.get("title") or node.get("aria-label") or ""
                field = node.find(".//field")
                if not name and field is not None:
                    name = f"<{field.get('name')}>"
                if field is None and not node.get("t-att-title") and node.get("position") is None:
                    is_box = "oe_stat_button" in (node.get("class") or "")
                    yield f"{path.name}:{node.sourceline}", name, bool(node.get("icon")), is_box


@pytest.mark.parametrize("word", UNWANTED)
def test_one_word_for_one_thing(word):
    found = {}
    for path, line, text in texts():
        if UNWANTED[word].search(QUOTED.sub("", text)) and "formerly CartRover" not in text:
            found[f"{path.name}:{line}"] = text
    assert found == {}, f"say {word}"


def test_every_icon_button_has_a_name_for_who_does_not_see_it():
    assert [place for place, name, _icon, _box in buttons() if not name] == []


def test_icons_have_a_name_or_are_hidden_from_readers():
    nameless = [
        f"{path.name}:{node.sourceline}"
        for addon in ADDONS
        for path in sorted(addon.rglob("*.xml"))
        for node in etree.parse(str(path)).iter("i")
        if re.search(r"\b(fa|oi)-", node.get("class") or "")
        if not any(node.get(name) for name in ("title", "aria-label", "aria-hidden", "t-att-title", "t-att-aria-label"))
    ]
    assert nameless == []


def test_buttons_are_written_in_title_case():
    wrong = {}
    for place, name, _icon, _box in buttons():
        words = re.findall(r"[A-Za-z][\w'’-]*", name)
        if "share_templates" not in place and any(word[0].islower() and word not in SMALL for word in words):
            wrong[place] = name
    assert wrong == {}


def test_a_button_begins_with_what_it_does():
    wrong = {}
    for place, name, _icon, is_box in buttons():
        if is_box or not name or "share_templates" in place or name in PLACES | ANSWERS:
            continue
        plain = re.sub(r"^\d\. ", "", name)
        if plain.split()[0] not in VERBS and not name[0].isdigit() and not name.endswith("at EIM"):
            wrong[place] = name
    assert wrong == {}

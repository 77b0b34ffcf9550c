"""The user guide and the addon's page in Odoo's list of apps say what users must know, in the interface's own names."""

import ast
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from dev import guide
from eim.pages import APP, HELP, PAGES, page_address

ROOT = Path(__file__).parents[1]
ADDON = ROOT / "extensiv_connector"
GUIDE, INDEX = ROOT / "doc/user-guide.md", ADDON / "static/description/index.html"

# What the specification's questions and answers say that it does not do: the words of one row or item, in this order.
LIMITS = {
    "edits": r"order.*pulled once.*by hand",
    "refunds": r"refund.*in Odoo and in the cart",
    "SKU changes": r"changed SKU is.*passed on.*both sides",
    "payments": r"payment.*PayPal",
    "customers": r"Customers.*Salesforce.*contacts come from orders only",
    "labels": r"Labels.*ShipStation.*Odoo's delivery methods",
    "shipments": r"pushed once, when the whole order has left.*in the cart",
}
# The specification's three questions, and what each answer has one look at.
QUESTIONS = {
    "Why is my order not here?": (
        "at EIM",
        "last order run",
        "Pacific time",
        "alerts",
        "Edit Setup",
        "statuses",
        "Pull Orders Now",
        "Import Orders From",
    ),
    "Why does my cart show another stock?": (
        "SKU",
        "capitals",
        "mapping",
        "errors",
        "last inventory run",
        "alerts",
        "one location or to all of them combined",
    ),
    "Why does my cart not know of a shipment?": (
        "whole order must have left",
        "at EIM",
        "last shipment run",
        "alerts",
        "errors",
    ),
}
# The specification's other questions, and what each answer has to say.
FAQ = {
    r"change a SKU": ("No.", "not passed on", "both sides"),
    r"payments through PayPal": ("No.", "Orders made in Odoo are not sent", "pulling orders", "online payment"),
    r"customers kept equal .* Salesforce": ("No.", "neither pushed nor pulled", "pulling orders"),
    r"shipping labels": ("No.", "Orders made in Odoo are not sent", "pulling orders", "delivery methods"),
    r"edited or refunded": ("No.", "once", "by hand", "refunds", "cancellation", "discounts"),
    r"Alerts and errors": ("between EIM and a cart", "new tab", "dismiss it at EIM", "between Odoo and EIM", "Retry"),
}
# Names that are no part of the addon, and words that are only stressed.
ELSEWHERE = {
    "EIM": {"Single Merchant", "API Access Only", "Test WMS Connection", "Save", "New Setup", "Order Download",
            "Shipment Upload", "Inventory Upload", "Merchants", "API Keys", "Locations & Products", "Shipped",
            "EDI Merchant", "Automatic", "Edit Setup", "Sync Inventory with Location", "COMBINE ALL LOCATIONS"},
    "Odoo": {"New", "Apps", "Activate", "Inventory", "Physical Inventory", "Invoicing Policy", "To Invoice"},
    "stressed": {"The key is of another level", "It is a warehouse's key", "EIM's certificate is not valid",
                 "carts", "pulls orders", "pushes stock", "pushes shipments", "Pull orders", "Push stock",
                 "Push shipments", "To promise", "Free to use", "Forecast", "Held by", "Sales Tax"},
}  # fmt: skip
RELATIONAL = {"Many2one", "One2many", "Many2many"}


class Page(HTMLParser):
    """Tags with their attributes, and the text with headings, items and stresses as the guide marks them."""

    MARKS = {"h2": "\n## ", "h3": "\n### ", "p": "\n", "li": "\n- ", "i": "*", "b": "**"}

    def __init__(self, source):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.text += self.MARKS.get(tag, "")

    def handle_endtag(self, tag):
        self.text += self.MARKS[tag] if tag in ("i", "b") else "\n" if tag in ("h2", "h3") else ""

    def handle_data(self, data):
        self.text += " ".join(data.split()).join((" " * data[:1].isspace(), " " * data[-1:].isspace()))


PAGE = Page(INDEX.read_text())
TEXTS = {"guide": GUIDE.read_text(), "index": PAGE.text}


def section(text, title):
    """Return what stands under the heading ``title``, to the next one of its rank."""
    [(marks, start)] = [
        (found[1], found.end()) for found in re.finditer(rf"^(#+) {re.escape(title)}$", text, re.MULTILINE)
    ]
    end = re.search(rf"^#{{1,{len(marks)}}} ", text[start:], re.MULTILINE)
    return text[start : start + end.start() if end else None]


def stressed(text):
    """Return what stands in bold or italics, without the full stop of a list's first words."""
    return {" ".join(found[2].split()).rstrip(".") for found in re.finditer(r"(\*\*?)(?=\S)(.+?)\1", text, re.DOTALL)}


def menu_paths():
    """Return the names of every menu from the first to it, each a tuple; without a name it has its action's."""
    actions = {}
    trees = [ElementTree.parse(path) for part in ("views", "wizards") for path in (ADDON / part).glob("*.xml")]
    for record in (record for tree in trees for record in tree.iter("record")):
        actions[record.get("id")] = record.findtext("field[@name='name']")
    paths = set()

    def walk(element, above):
        for item in element.findall("menuitem"):
            path = (*above, item.get("name") or actions[item.get("action")])
            paths.add(path)
            walk(item, path)

    for tree in trees:
        walk(tree.getroot(), ())
    return paths


def view_names():
    """Return what the views and the merchant's page write on buttons, pages, fields and headings."""
    names = set()
    for part in ("views", "wizards"):
        for path in (ADDON / part).glob("*.xml"):
            for element in ElementTree.parse(path).iter():
                names.add(element.get("string"))
                if element.tag in ("button", "h1", "h2"):
                    names.add((element.text or "").strip())
    return names


def model_names():
    """Return the labels of fields and of what they offer to choose from, as Odoo derives them."""
    names = set()
    for path in (*(ADDON / "models").glob("*.py"), *(ADDON / "wizards").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id=name)],
                    value=ast.Call(
                        func=ast.Attribute(value=ast.Name(id="fields"), attr=kind),
                        args=args,
                        keywords=keywords,
                    ),
                ):
                    label = next((each.value for each in keywords if each.arg == "string"), None)
                    label = label or next(iter(args[kind in RELATIONAL or kind == "Selection" :]), None)
                    derived = re.sub("_ids?$", "", name).replace("_", " ").title()
                    names.add(label.value if isinstance(label, ast.Constant) else derived)
                case ast.Tuple(elts=[ast.Constant(), ast.Constant(value=str(chosen))]):
                    names.add(chosen)
    return names


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("words", LIMITS.values(), ids=LIMITS)
def test_every_limit_of_the_specification_is_said(text, words):
    lines = section(text, "What it does not do").splitlines()
    assert any(re.search(words, line, re.IGNORECASE) for line in lines)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_the_three_questions_are_answered(text, question):
    answer = " ".join(section(section(text, "Three questions"), question).replace("*", "").split()).lower()
    assert [words for words in QUESTIONS[question] if words.lower() not in answer] == []


@pytest.mark.parametrize("question", FAQ)
def test_the_specifications_questions_are_answered(question):
    chapter = section(TEXTS["guide"], "Questions and answers")
    [title] = [title for title in re.findall(r"^### (.+)$", chapter, re.MULTILINE) if re.search(question, title)]
    answer = " ".join(section(chapter, title).replace("*", "").split())
    assert [words for words in FAQ[question] if words not in answer] == []


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_every_name_is_the_interfaces_own(text):
    paths = menu_paths()
    steps = {name for path in paths for name in path}
    [title] = re.findall(r'"name": "(.*)"', (ADDON / "__manifest__.py").read_text())
    known = {*steps, *view_names(), *model_names(), title}.union(*ELSEWHERE.values())
    names = stressed(text)
    assert names
    assert {name for name in names if "▸" not in name} - known == set()
    for path in (tuple(name.split(" ▸ ")) for name in names if "▸" in name):
        assert any(path in (menu, menu[1:]) for menu in paths), f"{path} is no menu"


def test_the_guides_steps_are_the_forms():
    steps = re.findall(r"^\d\. \*\*(.+)\.\*\*", section(GUIDE.read_text(), "Set it up"), re.MULTILINE)
    labels = [name for name in sorted(view_names() - {None}) if re.match(r"\d\. ", name)]
    assert [f"{number}. {step}" for number, step in enumerate(steps, 1)] == labels


@pytest.mark.parametrize("path", [GUIDE, ROOT / "README.md"], ids=["guide", "readme"])
def test_every_link_leads_somewhere(path):
    targets = re.findall(r"\]\(([^)#]+)", path.read_text())
    assert targets
    assert [target for target in targets if "://" not in target and not (path.parent / target).is_file()] == []


def test_the_clicks_to_go_live_are_those_that_are_measured():
    """The other jobs of the table are measured in Odoo, by `test_clicks_browser`."""
    rows = re.findall(
        r"^\| (.+?) \| .+ \| (\d+) \|$", section(GUIDE.read_text(), "The ten most common jobs"), re.MULTILINE
    )
    measured = re.search(r"^CLICKS = (\d+)$", (ROOT / "tests/processes/test_install.py").read_text(), re.MULTILINE)
    assert rows[0] == ("Install, connect and go live", measured[1])
    assert len(rows) == 10


def test_the_addon_ships_the_guide_as_it_is_now():
    guide.check()


def test_what_the_screens_link_is_there():
    page = guide.render(GUIDE.read_text())
    anchors = re.findall(r' id="([^"]+)"', page)
    assert len(anchors) == len(set(anchors)), "an anchor leads to one place"
    sources = [*(ADDON / "views").glob("*.xml"), *(ADDON / "wizards").glob("*.xml")]
    linked = {link for path in sources for link in re.findall(r"/extensiv/guide(?:#([\w-]+))?", path.read_text())}
    assert {"", "connect", "carts", "settings", "go-live", "questions-and-answers", "alerts-and-errors"} <= linked
    assert linked - {""} <= set(anchors)
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)
    for picture in re.findall(r'<img [^>]*src="/([^"]+)"', page):
        assert (ROOT / picture).is_file()
    pages = {link for path in sources for link in re.findall(r"/extensiv/eim/([\w-]+)", path.read_text())}
    linked = {"wms", "carts", "orders", "locations", "alerts", "signup", "pricing", "help_locations"}
    assert linked <= pages <= set(PAGES)


def test_the_guide_is_rendered_as_it_is_marked():
    page = guide.render(
        "# A & B\n\nSome *soft* and **hard**\nwords, `a_b` and [there](#one).\n\n1. **One.** First\n   line.\n2. Two"
        "\n\n- dot\n\n| a | b |\n|---|---|\n| *c* | d |\n\n![p](../extensiv_connector/static/x.png)"
    )
    for part in (
        '<h1 id="a-b">A &amp; B</h1>',
        '<p>Some <em>soft</em> and <strong>hard</strong> words, <code>a_b</code> and <a href="#one">there</a>.</p>',
        '<ol> <li id="one"><strong>One.</strong> First line.</li> <li>Two</li> </ol>',
        "<ul> <li>dot</li> </ul>",
        "<table> <thead> <tr> <th>a</th> <th>b</th> </tr> </thead>",
        "<tbody> <tr> <td><em>c</em></td> <td>d</td> </tr> </tbody> </table>",
        '<img alt="p" src="/extensiv_connector/static/x.png" />',
    ):
        assert part in " ".join(page.split())


def test_eims_pages_are_built_from_one_address():
    for name, page in PAGES.items():
        base = page.base or "https://eim.example"
        assert page_address(name, "https://eim.example/").startswith(base)
    assert page_address("carts", "https://eim.example/", "/carts.php") == "https://eim.example/carts.php"
    assert page_address("alerts") == APP
    assert urlsplit(page_address("help_locations", "https://eim.example")).hostname == urlsplit(HELP).hostname


def test_the_page_in_the_list_of_apps_needs_nothing_from_elsewhere():
    assert {tag for tag, _attrs in PAGE.tags} <= {"section", "div", "h1", "h2", "h3", "p", "ul", "li", "b", "i", "img"}
    assert {name for _tag, attrs in PAGE.tags for name in attrs} <= {"class", "src", "alt"}
    images = [attrs for tag, attrs in PAGE.tags if tag == "img"]
    assert images and all(image.get("alt") for image in images)
    for image in images:
        assert (INDEX.parent / image["src"]).is_file() and "/" not in image["src"]

"""What Odoo's App Store and the OCA's tools read of the addons: manifests, descriptions, pictures, wheels."""

import ast
import hashlib
import re
import shutil
import subprocess
import zipfile
from html.parser import HTMLParser

import pytest
from PIL import Image

from dev import ADDON, QUEUE_ADDON, ROOT, readme, tools
from dev.test import program

ADDONS = (ADDON, QUEUE_ADDON)
LARGEST_PICTURE = 150_000  # bytes
SMALLEST_BANNER = (560, 280)
TAGS = set("section div h1 h2 h3 p ul ol li b i em strong img table tr td th thead tbody a br span".split())
PAGES = ["README.md", "doc/user-guide.md"]


def manifest(addon):
    return ast.literal_eval((ROOT / addon / "__manifest__.py").read_text())


def description(addon):
    return ROOT / addon / "static" / "description"


class Page(HTMLParser):
    """What a page is made of: its tags, and where it leads or takes pictures from."""

    def __init__(self, text):
        super().__init__()
        self.tags = set()
        self.links = []
        self.pictures = []
        self.attributes = set()
        self.alts = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.add(tag)
        self.attributes.update(values)
        if tag == "img":
            self.pictures.append(values["src"])
            self.alts.append(values.get("alt"))
        if tag == "a":
            self.links.append(values["href"])


@pytest.fixture(params=ADDONS)
def addon(request):
    return request.param


@pytest.fixture
def page(addon):
    return Page((description(addon) / "index.html").read_text())


def taken(addon):
    """Return the pictures of an addon that the browser test takes or makes."""
    files = [file for file in sorted(description(addon).glob("*.png")) if file.stem != "icon"]
    assert files
    return files


def test_the_manifest_has_what_the_store_reads(addon):
    values = manifest(addon)
    for key in ("name", "summary", "author", "website", "support", "images", "category", "license"):
        assert values.get(key), key
    assert isinstance(values["maintainers"], list)
    assert values["license"] == "LGPL-3"
    assert values["website"].startswith("https://")
    assert not values.keys() & {"price", "currency"}, "it is free"
    assert re.fullmatch(r"19\.0\.\d+\.\d+\.\d+", values["version"])


def test_no_address_is_made_up(addon):
    values = manifest(addon)
    for key in ("website", "support"):
        assert not re.search(r"example|localhost|\.invalid|\.test\b", values[key]), key


def test_the_pictures_are_there_and_small(addon):
    images = manifest(addon)["images"]
    assert images[0] == "static/description/banner.png"
    files = [ROOT / addon / image for image in images]
    assert sorted(files) == taken(addon), "each picture is shown at the store, and each shown is there"
    assert {file.name: file.stat().st_size for file in files if file.stat().st_size > LARGEST_PICTURE} == {}
    with Image.open(files[0]) as banner:
        assert banner.width >= SMALLEST_BANNER[0] and banner.height >= SMALLEST_BANNER[1]
        assert banner.width == 2 * banner.height


def test_a_picture_holds_what_it_shows(addon):
    for file in taken(addon):
        with Image.open(file) as picture:
            if file.stem == "banner":
                name, digest = picture.text["Of"].split()
                screen = (file.parent / f"{name}.png").read_bytes()
                assert digest == hashlib.sha256(screen).hexdigest(), "type `make pictures`"
            else:
                assert len(picture.text["Shows"].split("\n")) > 5, f"{file.name} was not taken by `make pictures`"


def test_each_picture_is_a_scene_of_the_browser_test(addon):
    test = (ROOT / addon / "tests" / "test_pictures_browser.py").read_text()
    scenes = set(re.findall(r'self\.show\(\s*"(\w+)"', test)) | {"banner"}
    assert {file.stem for file in taken(addon)} == scenes


def test_the_description_is_as_the_store_wants_it(page, addon):
    assert page.tags <= TAGS
    assert {name for name in page.attributes if name.startswith("on")} == set()
    assert [link for link in page.links if not link.startswith(("mailto:", "#"))] == []
    assert [name for name in page.pictures if not (description(addon) / name).is_file()] == []
    assert all(page.alts)
    shown = {file.name for file in taken(addon)} - {"banner.png"}
    assert shown <= set(page.pictures), "what the store lists, the description shows"


@pytest.mark.parametrize("name", PAGES)
def test_pictures_of_other_pages_are_there(name):
    file = ROOT / name
    shown = re.findall(r"!\[[^]]*\]\(([^)]+\.png)\)", file.read_text())
    assert shown
    assert [picture for picture in shown if not (file.parent / picture).is_file()] == []


def test_the_fragments_of_the_readme_are_the_ocas(addon):
    names = {file.name for file in (ROOT / addon / "readme").iterdir()}
    known = {f"{name}.md" for name in (*readme.FRAGMENTS, "HISTORY")}
    assert names <= known
    assert {"DESCRIPTION.md", "CONFIGURE.md", "USAGE.md", "CONTRIBUTORS.md"} <= names


def test_a_wheel_is_built(addon, tmp_path):
    """With whool, of the files alone: a checkout's history decides nothing here."""
    source = tmp_path / addon
    shutil.copytree(ROOT / addon, source, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    code = "import sys; from whool.buildapi import build_wheel; print(build_wheel(sys.argv[1]))"
    done = subprocess.run(
        [program("python"), "-c", code, tmp_path],
        cwd=source,
        env={**tools.environ(), "WHOOL_POST_VERSION_STRATEGY_OVERRIDE": "none", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stderr
    values = manifest(addon)
    with zipfile.ZipFile(tmp_path / done.stdout.splitlines()[-1]) as wheel:
        names = wheel.namelist()
        (metadata,) = [wheel.read(name).decode() for name in names if name.endswith(".dist-info/METADATA")]
    inside = f"odoo/addons/{addon}"
    for file in ("__manifest__.py", "static/description/index.html", *values["data"], *values["images"]):
        assert f"{inside}/{file}" in names
    assert re.search(rf"^Version: {re.escape(values['version'])}$", metadata, re.M)
    assert f"Home-page: {values['website']}" in metadata or f"{values['website']}" in metadata
    for package in values.get("external_dependencies", {}).get("python", []):
        assert f"Requires-Dist: {package}" in metadata

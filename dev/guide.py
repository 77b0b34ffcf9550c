"""`make guide`: write the user guide, `doc/user-guide.md`, as the page that the addon ships and shows.

The guide has one source, in Markdown with tables. A heading is an anchor by its words, and so is an item that begins
with bold words and a full stop (`1. **Connect.** …` is `#connect`), for the guided set-up links them.
"""

from __future__ import annotations

import os
import re

from markdown import Markdown
from markdown.extensions import Extension
from markdown.extensions.toc import TocExtension
from markdown.treeprocessors import Treeprocessor

from . import ADDON, ROOT, CommandError, run_command

SOURCE = ROOT / "doc" / "user-guide.md"
PAGE = ROOT / ADDON / "static" / "doc" / "guide.html"
HEAD = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Extensiv: user guide</title>
<link rel="stylesheet" href="/{addon}/static/doc/guide.css"/>
</head>
<body>
<nav aria-label="Chapters">
<a class="home" href="/odoo/action-{addon}.extensiv_dashboard_action">Extensiv in Odoo</a>
<ul>
{chapters}
</ul>
</nav>
<main>
"""
TAIL = "</main>\n</body>\n</html>\n"


class GuideExtension(Extension):
    """What the guide has beside Markdown: anchors of steps, and pictures where Odoo serves them."""

    def extendMarkdown(self, md):  # the library's name
        md.treeprocessors.register(GuideTree(md), "guide", 0)


class GuideTree(Treeprocessor):
    """Puts both into the parsed guide."""

    def run(self, root):
        for item in root.iter("li"):
            # where blank lines separate the items, each has a paragraph
            first = item[0] if len(item) and item[0].tag == "p" else item
            words = first[0] if len(first) and not (first.text or "").strip() else None
            if words is not None and words.tag == "strong" and (words.text or "").endswith("."):
                item.set("id", anchor(words.text))
        for image in root.iter("img"):
            image.set("src", picture(image.get("src")))


def main() -> int:
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(SOURCE.read_text()))
    return 0


def check() -> None:
    """:raise CommandError: the page in the addon is not what the guide says now"""
    if not PAGE.is_file() or PAGE.read_text() != render(SOURCE.read_text()):
        raise CommandError(f"{PAGE.relative_to(ROOT)} is not up to date: type `make guide`.")


def render(source: str) -> str:
    """Return the guide's page."""
    toc = TocExtension(slugify=lambda words, _separator: anchor(words))
    markdown = Markdown(extensions=["tables", "sane_lists", toc, GuideExtension()], output_format="xhtml")
    body = markdown.convert(source)
    chapters = re.findall(r'<h2 id="([^"]+)">(.+?)</h2>', body)
    listed = "\n".join(f'<li><a href="#{name}">{title}</a></li>' for name, title in chapters)
    return HEAD.format(addon=ADDON, chapters=listed) + f"{body}\n{TAIL}"


def anchor(words: str) -> str:
    """Return the anchor of a heading or a step: its words in small letters with hyphens between them."""
    return "-".join(re.findall(r"[a-z0-9]+", re.sub("[*'’`]", "", words).lower()))


def picture(target: str) -> str:
    """Return where Odoo serves a picture that the guide has beside it in the addon."""
    if "://" in target:
        return target
    return f"/{os.path.relpath(SOURCE.parent / target, ROOT)}"


if __name__ == "__main__":
    run_command(main)

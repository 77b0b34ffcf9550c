"""`make guide`: write the user guide, `doc/user-guide.md`, as the page that the addon ships and shows.

The guide has one source. It uses a part of Markdown: headings, paragraphs, lists that are not nested, tables, pictures
on a line of their own, links, bold, italics and code. A heading is an anchor by its words, and so is an item that
begins with bold words and a full stop (`1. **Connect.** …` is `#connect`), for the guided set-up links them.
"""

from __future__ import annotations

import html
import os
import re

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
INLINE = (
    (re.compile(r"!\[([^]]*)\]\(([^)\s]+)\)"), r'<img src="\2" alt="\1"/>'),
    (re.compile(r"\[([^]]+)\]\(([^)\s]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\*\*(?=\S)(.+?)\*\*"), r"<b>\1</b>"),
    (re.compile(r"\*(?=\S)(.+?)\*"), r"<i>\1</i>"),
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
)
ITEM = re.compile(r"(?:(?P<number>\d+)\.|[-*]) +(?P<text>.*)")
STEP = re.compile(r"<b>([^<]+)\.</b>")


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
    body, chapters = [], []
    for block in re.split(r"\n{2,}", source.strip()):
        lines = block.splitlines()
        if found := re.match(r"(#+) (.+)", lines[0]):
            level, title = len(found[1]), found[2].strip()
            body.append(f'<h{level} id="{anchor(title)}">{inline(title)}</h{level}>')
            if level == 2:
                chapters.append(f'<li><a href="#{anchor(title)}">{inline(title)}</a></li>')
        elif lines[0].startswith("|"):
            body.append(table(lines))
        elif ITEM.match(lines[0]):
            body.append(item_list(lines))
        else:
            body.append(f"<p>{inline(' '.join(lines))}</p>")
    return HEAD.format(addon=ADDON, chapters="\n".join(chapters)) + "\n".join(body) + f"\n{TAIL}"


def anchor(words: str) -> str:
    """Return the anchor of a heading or a step: its words in small letters with hyphens between them."""
    return "-".join(re.findall(r"[a-z0-9]+", re.sub("[*'’`]", "", words).lower()))


def inline(text: str) -> str:
    text = html.escape(text, quote=False)
    for pattern, replacement in INLINE:
        text = pattern.sub(replacement, text)
    return re.sub(r'(?<=src=")([^"]+)', lambda found: picture(found[1]), text)


def picture(target: str) -> str:
    """Return where Odoo serves a picture that the guide has beside it in the addon."""
    if "://" in target:
        return target
    path = os.path.relpath(SOURCE.parent / target, ROOT)
    return f"/{path}"


def table(lines: list[str]) -> str:
    rows = [[inline(cell.strip()) for cell in line.strip().strip("|").split("|")] for line in lines]
    head, *others = [row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]

    def cells(row, tag):
        return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in row) + "</tr>"

    parts = ["<table>", cells(head, "th"), *(cells(row, "td") for row in others), "</table>"]
    return "\n".join(parts)


def item_list(lines: list[str]) -> str:
    items, tag = [], "ol" if ITEM.match(lines[0])["number"] else "ul"
    for line in lines:
        if found := ITEM.match(line):
            items.append(found["text"])
        else:
            items[-1] += f" {line.strip()}"
    written = []
    for item in map(inline, items):
        step = STEP.match(item)
        identity = f' id="{anchor(step[1])}"' if step else ""
        written.append(f"<li{identity}>{item}</li>")
    return "\n".join([f"<{tag}>", *written, f"</{tag}>"])


if __name__ == "__main__":
    run_command(main)

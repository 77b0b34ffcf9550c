"""What a translation must have in common with its English text: a pure check, without Odoo and without files.

A text that breaks a rule here either breaks at run time (a placeholder, a tag) or looks broken (an ending, a space).
"""

from __future__ import annotations

import html
import re
from collections import Counter
from html.parser import HTMLParser

PLACEHOLDER = re.compile(
    r"\{\{.*?\}\}"  # a template's expression
    r"|\$\{[^}]*\}"  # JavaScript's
    r"|%(?:\(\w+\))?[-#0+]*\d*(?:\.\d+)?[sdifgxr]"  # Python's, by name and in order
    r"|%%"
    r"|\{\w*\}"
)
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
ENTITY = re.compile(r"&(?:#\d+|#x[0-9a-fA-F]+|\w+);")
STRAY = re.compile(r"<(?![a-zA-Z/!])|<(?=[^>]*(?:<|$))|&(?!(?:#\d+|#x[0-9a-fA-F]+|\w+);)")
WORD = re.compile(r"[^\W\d_]{2,}")
ENDINGS = ".!?:;,…"
CLOSING = " \n\t\u00a0\u202f)]\"'”“»«’›"
SHORT = 2
"""Of so few words a translation may end in an abbreviation's full stop, or the text in one that needs none."""
VOID = {"br", "hr", "img", "input", "meta", "link", "wbr"}
TRANSLATED = {"alt", "aria-label", "data-tooltip", "help", "label", "placeholder", "string", "title", "confirm"}
"""Attributes whose words are translated with the text."""


def troubles(source: str, said: str, *, terms: bool = False, equal: bool = False) -> list[str]:
    """Return what is wrong with ``said`` as the translation of ``source``, in a translator's words.

    :param terms: the text is a piece of a view, a page or a mail, where ``<`` and ``&`` are markup
    :param equal: it may be equal to its source
    """
    if not said.strip():
        return ["is not translated"]
    found = []
    if said == source and not equal and WORD.search(plain(source)):
        found.append("equals the English text, and i18n/README.md does not list it as equal in this language")
    found += spaces(source, said)
    found += differing("placeholders", placeholders(source), placeholders(said))
    if terms or TAG.search(source):
        found += markup(source, said)
    elif TAG.search(said):
        found.append("has tags, which the English text has not")
    elif source.count("\n") != said.count("\n"):
        found.append(f"has {said.count(chr(10))} line ends, the English text {source.count(chr(10))}")
    if ending(source) != ending(said) and not short(source, said):
        found.append(f"ends in {ending(said) or 'no punctuation'!r}, the English text in {ending(source)!r}")
    return found


def plain(text: str) -> str:
    """Return the words that people read: without tags, placeholders and the layout of the source."""
    return " ".join(html.unescape(PLACEHOLDER.sub(" ", TAG.sub(" ", text))).split())


def spaces(source: str, said: str) -> list[str]:
    found = []
    for where, of in (("begins", lambda text: text[: -len(text.lstrip()) or None] if text != text.lstrip() else ""),
                      ("ends", lambda text: text[len(text.rstrip()) :])):  # fmt: skip
        if of(source) != of(said):
            found.append(f"{where} with the spaces {of(said)!r}, the English text with {of(source)!r}")
    return found


def placeholders(text: str) -> Counter:
    """Return the placeholders with how often each stands there; a per cent sign that is none counts too."""
    without = ENTITY.sub(" ", TAG.sub(" ", text))
    found = Counter(PLACEHOLDER.findall(without))
    lone = PLACEHOLDER.sub("", without).count("%")
    return found + Counter({"%": lone})


def differing(what: str, wanted: Counter, got: Counter) -> list[str]:
    lacks = sorted((wanted - got).elements())
    more = sorted((got - wanted).elements())
    found = []
    if lacks:
        found.append(f"lacks the {what} {', '.join(lacks)}")
    if more:
        found.append(f"has the {what} {', '.join(more)}, which the English text has not")
    return found


def markup(source: str, said: str) -> list[str]:
    """Return what differs in tags and entities, or is not well-formed."""
    wanted = Tags(source)
    got = Tags(said)
    if wanted.trouble:
        return []  # the text only looks like markup
    if got.trouble:
        return [got.trouble]
    found = differing("tags", wanted.tags, got.tags)
    return found + differing("entities", Counter(ENTITY.findall(source)), Counter(ENTITY.findall(said)))


class Tags(HTMLParser):
    """The tags of a text, each with its attributes, and what is not well-formed."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=False)
        self.tags: Counter = Counter()
        self.open: list[str] = []
        self.trouble = ""
        if stray := STRAY.search(text):
            self.trouble = f"has a lone {stray[0]!r} in markup: write &lt; or &amp;"
        self.feed(text)
        self.close()
        if self.open and not self.trouble:
            self.trouble = f"does not close <{self.open[-1]}>"

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        shown = sorted(name if name in TRANSLATED else f"{name}={value!r}" for name, value in attrs)
        self.tags[f"<{' '.join([tag, *shown])}>"] += 1

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.trouble = self.trouble or f"has </{tag}> in the wrong place"


def ending(text: str) -> str:
    """Return the punctuation that a text ends in, or nothing."""
    words = html.unescape(PLACEHOLDER.sub("X", TAG.sub("", text))).rstrip(CLOSING)
    words = re.sub(r"\.\.\.$", "…", words)
    return words[-1:] if words[-1:] and words[-1] in ENDINGS else ""


def short(source: str, said: str) -> bool:
    """Tell whether the endings differ by no more than an abbreviation's full stop."""
    return {ending(source), ending(said)} == {"", "."} and len(plain(source).split()) <= SHORT

"""The addon in another language: with the translations there are, or with one that shows what is none."""

import html
import io
import re
from pathlib import Path

import polib

from odoo.tools.misc import file_path
from odoo.tools.translate import (
    JAVASCRIPT_TRANSLATION_COMMENT,
    PYTHON_TRANSLATION_COMMENT,
    TranslationImporter,
    code_translations,
)

ADDON = "extensiv_connector"
FILES = {"de_DE": "de", "es_ES": "es", "fr_FR": "fr", "it_IT": "it", "nl_NL": "nl", "pt_BR": "pt_BR"}
"""The languages that the addon speaks, each with its file in ``i18n``."""
SAID_BY_TAG = re.compile(r'\b(title|aria-label|placeholder|string|alt|help)="([^"]+)"')


def read_texts():
    """Return the addon's texts, as translators get them."""
    return polib.pofile(file_path(f"{ADDON}/i18n/{ADDON}.pot"))


def in_brackets(text):
    """Return a text as a translation that shows where each piece of it begins and ends."""
    pieces = re.split(r"(<[^>]+>)", text)
    return "".join(
        SAID_BY_TAG.sub(r'\1="⟦\2⟧"', piece)
        if piece.startswith("<")
        else re.sub(r"(?s)\S(?:.*\S)?", r"⟦\g<0>⟧", piece, count=1)
        for piece in pieces
    )


class TranslatedMixin:
    """``translate`` makes a language speak the addon's texts; what Odoo's own modules say stays as it is."""

    @classmethod
    def translate(cls, lang, real=True):
        """Install a language for the addon.

        :param real: with its file's translations, and in brackets what has none there (that is found by
            ``make lint``); else with all in brackets
        :return: ``{English text: translation}``
        """
        cls.env["res.lang"]._activate_lang(lang)
        file = Path(file_path(f"{ADDON}/i18n")) / f"{FILES[lang]}.po"
        said = {}
        if real and file.exists():
            said = {entry.msgid: entry.msgstr for entry in polib.pofile(str(file)) if entry.translated()}
        texts = read_texts()
        for entry in texts:
            entry.msgstr = said.get(entry.msgid) or in_brackets(entry.msgid)
        cls._load(lang, texts)
        return {entry.msgid: entry.msgstr for entry in texts}

    @classmethod
    def _load(cls, lang, texts):
        importer = TranslationImporter(cls.env.cr, verbose=False)
        content = io.BytesIO(str(texts).encode())
        content.name = "texts"
        importer.load(content, "po", lang)
        importer.save(force_overwrite=True)
        for cache, comment, shape in (
            (code_translations.python_translations, PYTHON_TRANSLATION_COMMENT, dict),
            (code_translations.web_translations, JAVASCRIPT_TRANSLATION_COMMENT, cls._web_messages),
        ):
            said = {entry.msgid: entry.msgstr for entry in texts if comment in entry.comment}
            cache[ADDON, lang] = shape(said)
            cls.addClassCleanup(cache.pop, (ADDON, lang), None)

    @staticmethod
    def _web_messages(said):
        """Return translations as Odoo keeps those of its web client."""
        return {"messages": tuple({"id": text, "string": other} for text, other in said.items())}


class English:
    """Recognises the addon's English texts among those shown, with the words that were put into them."""

    PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]|\{\{.*?\}\}")
    TAG = re.compile(r"<[^>]+>")
    WORDS = re.compile(r"[^\W\d_]{3,}")
    NAMED = re.compile(r"<(?:i|b|em|strong)>([^<]+)</")

    def __init__(self, said):
        """:param said: ``{English text: translation}``; what is equal in both is no English left over"""
        self.texts = set()
        self.patterns = []
        # What is said so in the language: German's Diagnose is English, too, and EIM's own pages are named in English.
        self.said = {self.plain(other) for other in said.values()}
        self.said.update(self.plain(name) for other in said.values() for name in self.NAMED.findall(other))
        for text, other in said.items():
            words = self.plain(text)
            if words == self.plain(other):
                continue
            pieces = self.PLACEHOLDER.split(words)
            if len(pieces) == 1:
                self.texts.add(words)
            elif len(self.WORDS.findall(" ".join(pieces))) > 1:
                self.patterns.append(re.compile(".+".join(map(re.escape, pieces)), re.DOTALL))

    @classmethod
    def plain(cls, text):
        return " ".join(html.unescape(cls.TAG.sub("", text)).split())

    def left_in(self, shown):
        """Return which of the texts shown are English although they are said otherwise, sorted."""
        words = {self.plain(text) for text in shown if text and "⟦" not in text} - self.said
        return sorted(
            text for text in words if text in self.texts or any(pattern.fullmatch(text) for pattern in self.patterns)
        )

"""The addon in another language: with the translations there are, or with one that shows what is none."""

import io
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


def read_texts():
    """Return the addon's texts, as translators get them."""
    return polib.pofile(file_path(f"{ADDON}/i18n/{ADDON}.pot"))


def in_brackets(text):
    """Return a text as a translation that says where each one begins and ends."""
    core = text.strip()
    return text.replace(core, f"⟦{core}⟧", 1)


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


def english_left(shown, said):
    """Return which of the texts shown stand there in English although they are said otherwise.

    :param shown: texts, whatever spaces are between their words
    :param said: ``{English text: translation}``
    """
    plain = {" ".join(text.split()): " ".join(other.split()) for text, other in said.items()}
    words = {" ".join(text.split()) for text in shown}
    return sorted(text for text in words if plain.get(text, text) != text)

"""Sentences of ours, in English, that can be said in another language: nothing here knows which, nor how.

Whoever reads one as a ``str`` (a log, a test) has the English. ``_`` is the name by which Odoo finds what is to be
translated, and ``flows/languages.py`` says a sentence in a person's language.
"""


class Text(str):
    """An English sentence; ``template`` and ``values`` are what it was made of, to be made again in another language.

    A value may be a ``Text`` itself, or a ``Figure``.
    """

    def __new__(cls, template, /, **values):
        text = super().__new__(cls, template % values if values else template)
        text.template = template
        text.values = values
        return text


class Figure(str):
    """A number as English writes it, with a point before its decimals and nothing between its thousands."""

    __slots__ = ()


def _(template, /, **values):
    """Return the sentence ``template``, a literal, with ``values`` by name in it."""
    return Text(template, **values)


def join(texts, separator=" "):
    """Return sentences as one text, each to be said in another language by itself."""
    named = {f"part{number}": text for number, text in enumerate(filter(None, texts))}
    return Text(separator.join(f"%({name})s" for name in named), **named)


def labelled(label, reason):
    """Return ``reason``, a sentence, with what it is about before it."""
    return _("%(about)s: %(reason)s", about=label, reason=reason)


def words_of(error):
    """Return what an error of this package says: a ``Text`` where the sentence is ours, else EIM's own words."""
    said = getattr(error, "message", None) or next(iter(error.args), "")
    return said if isinstance(said, Text) or hasattr(error, "message") else str(error)

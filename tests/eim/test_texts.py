"""Sentences that know what they were made of."""

import copy

from eim.errors import NotFound
from eim.texts import Figure, Text, _, join, labelled, words_of


def test_a_text_is_its_english_sentence_and_keeps_what_it_was_made_of():
    text = _("EIM has nothing of the %(name)s %(value)s.", name="sku", value="A%1")
    assert text == "EIM has nothing of the sku A%1."
    assert text.template == "EIM has nothing of the %(name)s %(value)s."
    assert text.values == {"name": "sku", "value": "A%1"}


def test_a_text_without_values_may_have_a_percent_sign():
    assert _("100 % of it") == "100 % of it"


def test_a_text_is_copied_whole():
    text = copy.deepcopy(_("Line %(number)s", number=2))
    assert (type(text), text, text.template, text.values) == (Text, "Line 2", "Line %(number)s", {"number": 2})


def test_texts_are_joined_and_stay_texts():
    line = labelled(_("Line %(number)s", number=2), _("the quantity is zero"))
    text = join([line, "", None, "EIM's own words."], "\n")
    assert text == "Line 2: the quantity is zero\nEIM's own words."
    assert list(text.values.values()) == [line, "EIM's own words."]


def test_words_of_an_error_are_its_text():
    text = _("the net price is too large")
    assert words_of(ValueError(text)) is text
    assert words_of(NotFound(text)) is text
    assert words_of(NotFound("No such order")) == "No such order"
    try:
        "€".encode("ascii")
    except UnicodeEncodeError as error:
        assert words_of(error) == str(error)


def test_a_figure_is_a_number_as_english_writes_it():
    assert Figure("12.50") == "12.50"

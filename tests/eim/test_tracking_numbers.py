"""Tracking numbers are read as carriers' apps and people write them, and none gets lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eim.tracking_numbers import read_link, read_numbers

numbers = st.from_regex(r"[A-Z0-9]{2}[0-9]{8,20}", fullmatch=True)


@pytest.mark.parametrize("separator", ["+", ",", ", ", ";", " ; ", " / ", "\n", "\r\n", ",\n", " + "])
def test_what_stands_apart_is_several_numbers(separator):
    read = read_numbers(separator.join(["1Z9", "1Z8", "1Z7"]))
    assert read.numbers == ("1Z9", "1Z8", "1Z7")
    assert not read.joined and not read.links


@given(
    st.lists(numbers, min_size=1, max_size=6, unique=True), st.sampled_from(["+", ",", ";", " / ", "\n", " , ", ",,"])
)
def test_every_number_is_read_once_and_in_its_order(written, separator):
    assert read_numbers(separator.join([*written, written[0]])).numbers == tuple(written)


@pytest.mark.parametrize("text", [None, "", "  ", ",", " / ", "\n;\n", "\u200b"])
def test_what_says_nothing_is_no_number(text):
    assert read_numbers(text).numbers == ()


def test_a_slash_within_a_number_belongs_to_it():
    assert read_numbers("AB/12").numbers == ("AB/12",)


# -- blanks


def test_blanks_separate_where_there_are_as_many_numbers_as_boxes():
    read = read_numbers("1Z9 1Z8\u00a01Z7", boxes={3})
    assert read.numbers == ("1Z9", "1Z8", "1Z7")
    assert not read.joined


def test_other_blanks_are_removed_and_that_is_said():
    read = read_numbers("9400 1118 9956, 1Z8", boxes={2})
    assert read.numbers == ("940011189956", "1Z8")
    assert read.joined == ("9400 1118 9956",)


def test_boxes_may_be_counted_in_several_ways():
    assert read_numbers("1Z9 1Z8", boxes={4, 2}).numbers == ("1Z9", "1Z8")
    assert read_numbers("1Z9 1Z8", boxes={1}).numbers == ("1Z91Z8",)


def test_characters_that_nobody_sees_are_no_part_of_a_number():
    assert read_numbers("\ufeff1Z9\u200b").numbers == ("1Z9",)


# -- links


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("https://www.ups.com/track?loc=en_US&tracknum=1Z999AA10123456784", ["1Z999AA10123456784"]),
        ("https://www.fedex.com/fedextrack/?trknbr=123456789012&locale=en_us", ["123456789012"]),
        ("https://tools.usps.com/go/TrackConfirmAction?tLabels=9400111899560001%2C9400111899560002", [
            "9400111899560001", "9400111899560002"]),
        ("https://www.dhl.com/en/express/tracking.html?AWB=1234567890&brand=DHL", ["1234567890"]),
        ("https://tracking.example.com/parcel/JD014600003828", ["JD014600003828"]),
        ("https://example.com/#/track/00340434161094022115/details", ["00340434161094022115"]),
        ("https://example.com/find?zip=90210&id=00340434161094022115", ["00340434161094022115"]),
        ("www.example.com/t?trackingNumber=1Z9", ["1Z9"]),
        ("https://bit.ly/3xYz12", []),
        ("https://example.com/track", []),
        ("https://example.com/?a=123456789&b=987654321", []),
        ("https://[broken", []),
    ],
)  # fmt: skip
def test_a_link_is_reduced_to_its_number(link, found):
    assert read_link(link) == found
    read = read_numbers(f"{link}\n")
    assert read.numbers == tuple(found or [link])
    assert read.links == (() if found else (link,))


def test_links_stand_beside_numbers_and_words():
    text = "UPS https://ups.com/track?tracknum=1Z999AA10123456784, 1Z8;https://example.com/t?track=1Z7"
    assert read_numbers(text).numbers == ("1Z999AA10123456784", "1Z8", "1Z7")
    assert read_numbers("1Z9 https://ups.com/track?tracknum=1Z9").numbers == ("1Z9",)


def test_a_link_without_a_number_is_left_out_beside_a_number():
    read = read_numbers("1Z9, https://example.com/track")
    assert read.numbers == ("1Z9",)
    assert read.links == ("https://example.com/track",)


@given(st.text(max_size=60))
def test_whatever_stands_there_is_read(text):
    assert all(number.strip() == number and number for number in read_numbers(text, {2, 3}).numbers)

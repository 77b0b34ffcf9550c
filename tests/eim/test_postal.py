"""What carts write of addresses is read as a person reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eim.postal import arrange_lines, has_format, is_of_state, read_entities


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Smith &amp; Sons", "Smith & Sons"),
        ("O&#39;Brien", "O'Brien"),
        ("O&#x27;Brien", "O'Brien"),
        ("Caf&eacute; &quot;Zo&euml;&quot;", 'Café "Zoë"'),
        ("M&uuml;ller&nbsp;GmbH", "Müller\xa0GmbH"),
        ("Smith &amp;amp; Sons", "Smith &amp; Sons"),
        ("AT&T", "AT&T"),
        ("R&copy D", "R&copy D"),
        ("A & B; C", "A & B; C"),
        ("&nonsense;", "&nonsense;"),
        ("&#0;&#55296;", "\ufffd\ufffd"),
    ],
)
def test_entities_are_read_once(text, read):
    assert read_entities(text) == read


@pytest.mark.parametrize(
    ("lines", "arranged"),
    [
        (["", "510 Milpas St", ""], ["510 Milpas St"]),
        (["", "", "510 Milpas St"], ["510 Milpas St"]),
        (["Apt 4B", "510 Milpas St", ""], ["510 Milpas St", "Apt 4B"]),
        (["#12", "510 Milpas St", ""], ["510 Milpas St", "#12"]),
        (["2nd Floor", "120 Broadway", ""], ["120 Broadway", "2nd Floor"]),
        (["Rose Cottage", "12 High Street", ""], ["12 High Street", "Rose Cottage"]),
        (["c/o Bob", "Gate 2", "7 Dock Rd"], ["7 Dock Rd", "c/o Bob", "Gate 2"]),
        (["Hinterhof", "Hauptstraße 5", ""], ["Hauptstraße 5", "Hinterhof"]),
        (["Edificio Sol", "Calle Mayor, 12 B", ""], ["Calle Mayor, 12 B", "Edificio Sol"]),
        (["Rose Cottage", "12 E 5th St", ""], ["12 E 5th St", "Rose Cottage"]),
        (["Dept 12", "PO Box 77", ""], ["PO Box 77", "Dept 12"]),
        (["Jane Roe", "510 Milpas St", "Apt 4"], ["510 Milpas St", "Apt 4"]),
        # as they are
        (["510 Milpas St", "Apt 4", ""], ["510 Milpas St", "Apt 4"]),
        (["7 Dock Rd", "12 Storey House", ""], ["7 Dock Rd", "12 Storey House"]),
        (["Hauptstraße", "12", ""], ["Hauptstraße", "12"]),
        (["Rua Augusta", "12 B", ""], ["Rua Augusta", "12 B"]),
        (["Rue Haute", "12 bis", ""], ["Rue Haute", "12 bis"]),
        (["Broadway", "Suite 5", ""], ["Broadway", "Suite 5"]),
        (["Jane Roe", "", ""], ["Jane Roe"]),
        (["Carrer de Mallorca 401 3r 2a", "12 Bis Casa", ""], ["Carrer de Mallorca 401 3r 2a", "12 Bis Casa"]),
        (["", "", ""], []),
    ],
)
def test_the_street_stands_first(lines, arranged):
    assert arrange_lines(lines, {"jane roe"}) == arranged


@given(st.lists(st.text(max_size=20) | st.sampled_from(["510 Milpas St", "Apt 4", "PO Box 7", "Jane Roe"]), max_size=3))
def test_no_line_is_lost_and_arranging_again_changes_nothing(lines):
    arranged = arrange_lines(lines)
    assert sorted(arranged) == sorted(filter(None, lines))
    assert arrange_lines(arranged) == arranged


@pytest.mark.parametrize(
    ("country", "state", "postcode", "answer"),
    [
        ("US", "CA", "93103", True), ("US", "CA", "93103-1234", True), ("US", "CA", "10001", False),
        ("US", "NY", "10001", True), ("US", "MA", "02101", True), ("US", "MA", "2101", False),
        ("CA", "ON", "K1A 0B1", True), ("CA", "QC", "h2x1y4", True), ("CA", "BC", "K1A 0B1", False),
        ("AU", "NSW", "2000", True), ("AU", "WA", "2000", False), ("AU", "ACT", "2600", True),
        ("IT", "CA", "09100", None), ("US", "XX", "93103", False),
    ],
)  # fmt: skip
def test_a_postcode_is_one_of_a_states(country, state, postcode, answer):
    assert is_of_state(country, state, postcode) is answer


def test_postcodes_look_as_those_of_their_country():
    assert has_format("DE", "80331") and has_format("GB", "EH1 1YZ") and has_format("NL", "1012 ab")
    assert not has_format("DE", "8033") and not has_format("GB", "80331") and not has_format("ZZ", "1")

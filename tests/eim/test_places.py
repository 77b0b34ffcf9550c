"""Countries and their parts are recognised by whatever carts call them."""

import pytest

from eim.places import country_codes, is_uk_nation, own_country, state_names


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("USA", "US"), ("U. S. A.", "US"), ("United States of America (the)", "US"), ("GBR", "GB"),
        ("United Kingdom of Great Britain and Northern Ireland (the)", "GB"), ("England", "GB"), ("SCOTLAND", "GB"),
        ("Wales", "GB"), ("Northern Ireland", "GB"), ("GB-ENG", "GB"), ("gb-nir", "GB"), ("Cymru", "GB"),
        ("England, United Kingdom", "GB"), ("Korea, Republic of", "KR"), ("Korea (the Republic of)", "KR"),
        ("Iran (Islamic Republic of)", "IR"), ("Bolivia (Plurinational State of)", "BO"),
        ("Moldova, Republic of", "MD"),
        ("Lao People's Democratic Republic", "LA"), ("Viet Nam", "VN"), ("Taiwan, Province of China", "TW"),
        ("Tanzania, United Republic of", "TZ"), ("Russian Federation", "RU"), ("Côte d'Ivoire", "CI"),
        ("Saint Barthélemy", "BL"), ("Venezuela (Bolivarian Republic of)", "VE"), ("Virgin Islands (U.S.)", "VI"),
        ("Netherlands (Kingdom of the)", "NL"), ("Sint Maarten (Dutch part)", "SX"), ("Türkiye", "TR"),
        ("Czechia", "CZ"), ("United States (US)", "US"), ("United Kingdom (UK)", "GB"), ("Korea, South", "KR"),
        ("Hong Kong SAR", "HK"), ("U.A.E.", "AE"),
    ],
)  # fmt: skip
def test_countries_by_the_names_of_iso_and_of_people(text, code):
    assert code in country_codes(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Deutschland", "DE"), ("DEUTSCHLAND", "DE"), ("Österreich", "AT"), ("Osterreich", "AT"), ("España", "ES"),
        ("Schweiz", "CH"), ("Suisse", "CH"), ("Svizzera", "CH"), ("België", "BE"), ("Belgique", "BE"), ("Suomi", "FI"),
        ("Sverige", "SE"), ("Polska", "PL"), ("Magyarország", "HU"), ("Россия", "RU"), ("中国", "CN"), ("日本", "JP"),
        ("대한민국", "KR"), ("Ελλάδα", "GR"), ("Shqipëri", "AL"), ("المملكة العربية السعودية", "SA"),
    ],
)  # fmt: skip
def test_countries_by_their_own_names(text, code):
    assert own_country(text) == code


@pytest.mark.parametrize("text", ["Atlantis", "?", "", "Alba", "12345"])
def test_what_is_no_country_is_none(text):
    assert own_country(text) == ""


def test_nations_are_known_as_parts_of_the_united_kingdom():
    assert is_uk_nation("England") and is_uk_nation("N. Ireland") and is_uk_nation("gb-sct")
    assert not is_uk_nation("Kent") and not is_uk_nation("")


def test_parts_of_countries_have_other_names():
    assert "Bavaria" in state_names("DE", "DE-BY")
    assert "Québec" in state_names("CA", "QC")
    assert "Oost-Vlaanderen" in state_names("BE", "VOV")
    assert state_names("FR", "75") in ([], [""])

"""Whom an e-mail address or a phone tells, what is a company and what is a person."""

import pytest

from eim.persons import company_key, is_anybodys, is_no_company, is_same_company, phone_extension, seems_person


@pytest.mark.parametrize(
    "email",
    [
        "noreply@shop.example.com", "no-reply@shop.com", "no.reply@shop.com", "no_reply@shop.com",
        "donotreply@shop.com",
        "do-not-reply@shop.com", "noreply123@shop.com", "no-email@shop.com", "noemail@noemail.com", "none@none.com",
        "na@na.com", "unknown@shop.com", "nobody@shop.com", "guest@shop.com", "x@example.invalid", "test@test.com",
        "customer@noreply.com", "keine-email@shop.de", "nepasrepondre@shop.fr", "walk-in@shop.com",
        "anonymous@shop.com", "noreply+4711@shop.com",
    ],
)  # fmt: skip
def test_an_address_that_anybody_is_given_tells_nobody(email):
    assert is_anybodys(email)


@pytest.mark.parametrize(
    "email",
    [
        "jane@example.com", "norah@example.com", "noel@example.com", "nora.reply@example.com", "notting@hill.com",
        "abc123xyz@marketplace.amazon.com", "tester.jones@example.com", "nate@example.com", "naomi@none-such.org",
        "contact@smith.com", "info@smith.com", "",
    ],
)  # fmt: skip
def test_a_persons_address_is_theirs(email):
    assert not is_anybodys(email)


@pytest.mark.parametrize(
    ("phone", "extension"),
    [
        ("+1 415-419-8616 ext. 12345", "12345"),
        ("4154198616x123", "123"),
        ("415 419 8616 EXT 7", "7"),
        ("415 419 8616 extension: 007", "7"),
        ("415 419 8616 #55", "55"),
        ("tel 4154198616;ext=9", "9"),
        ("415 419 8616,,44", "44"),
        ("415-419-8616", ""),
        ("+49 30 901820-12", ""),
        ("ext. 5", ""),
        ("", ""),
        ("call me", ""),
    ],
)
def test_the_extension_of_a_phone(phone, extension):
    assert phone_extension(phone) == extension


@pytest.mark.parametrize(
    "text",
    ["N/A", "n.a.", "-", "---", "none", "NULL", "Private", "privat", "Residential", "Home", "Individual", "Self", "",
     "not applicable", "Particulier", "Ninguna", "company name", "My Company"],
)  # fmt: skip
def test_what_stands_for_no_company_is_none(text):
    assert is_no_company(text)


@pytest.mark.parametrize(
    "text", ["Acme", "Home Depot", "Private Label LLC", "Self Storage Inc", "3M", "NA Imports", "株式会社"]
)
def test_a_company_is_one(text):
    assert not is_no_company(text)


@pytest.mark.parametrize(
    "text",
    ["Jane Roe", "jane roe", "JANE Q. ROE", "Jean-Luc O'Brien", "José María García López", "Roe, Jane", "Dr. Jane Roe"],
)
def test_a_persons_name_is_a_persons(text):
    assert seems_person(text)


@pytest.mark.parametrize(
    "text",
    ["Acme Inc.", "Acme", "Smith & Sons", "Smith and Sons", "Roe Plumbing", "Bäckerei Müller", "Müller GmbH",
     "Jane Roe LLC",
     "Best Buy", "Springfield School", "3M Company", "jane@example.com", "The Very Long Name Of Something", "J R",
     "Roe/Smith Partners", ""],
)  # fmt: skip
def test_what_says_to_be_a_companys_is_no_persons(text):
    assert not seems_person(text)


def test_one_company_written_in_several_ways():
    for one, other in [
        ("Acme Inc.", "ACME, Inc"),
        ("Acme", "Acme Inc."),
        ("The Acme Company", "Acme"),
        ("Smith & Sons Ltd", "Smith and Sons"),
        ("Café Zoë", "cafe zoe"),
        ("Müller GmbH & Co. KG", "Müller"),
    ]:
        assert is_same_company(one, other), (one, other)
        assert is_same_company(other, one)


def test_other_companies_are_others():
    for one, other in [("Acme Inc.", "Acme LLC"), ("Acme", "Acme East"), ("Acme", ""), ("", ""), ("Inc.", "LLC")]:
        assert not is_same_company(one, other), (one, other)
    assert company_key("The A.C.M.E., Inc") == "acme inc"

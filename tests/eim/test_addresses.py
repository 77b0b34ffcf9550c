"""Which addresses of EIM a client takes."""

import pytest

from eim.client import EimClient
from eim.credentials import check_base_url


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://api.cartrover.com", "https://api.cartrover.com"),
        (" https://API.cartrover.com/ ", "https://api.cartrover.com"),
        ("https://eim.example:8443", "https://eim.example:8443"),
        ("http://localhost:8070", "http://localhost:8070"),
        ("http://127.3.2.1", "http://127.3.2.1"),
        ("http://[::1]:8070", "http://[::1]:8070"),
    ],
)
def test_addresses(given, kept):
    assert check_base_url(given) == kept


@pytest.mark.parametrize(
    "address",
    [
        "",
        None,
        "api.cartrover.com",
        "http://api.cartrover.com",
        "ftp://localhost",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "https://user:hunter2@api.cartrover.com",
        "https://api.cartrover.com/v1",
        "https://api.cartrover.com?x=hunter2",
        "https://api.cartrover.com#",
        "https://api.cartrover.com:99999",
        "https://",
        "http://localhost\\@evil.example",
        "https://a b",
        "https://a\nb",
        "http://0.0.0.0",
        "https://a..b",
        "http://127.0.0.1@evil.example",
        "https://[zz]",
        "http://2130706433",
        "https://exämple.com",
    ],
)
def test_addresses_that_are_refused(address):
    with pytest.raises(ValueError) as caught:
        EimClient(address, "u", "k")
    assert "hunter2" not in str(caught.value)
    assert str(caught.value).startswith("The address of EIM")


def test_a_merchant_key_cannot_smuggle_headers():
    with pytest.raises(ValueError):
        EimClient("https://api.example.com", "u", "k", merchant_pk="1\r\nX: y")

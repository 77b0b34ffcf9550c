import os
from pathlib import Path

import pytest
import requests
import urllib3
from eim_certificates import Authority, encrypt
from eim_service import Service, Unlimited, ok

from eim.client import EimClient


def pytest_report_header():
    return f"requests {requests.__version__}, urllib3 {urllib3.__version__}"


def pytest_configure():
    """Test with the requests and urllib3 of the folder ``HTTP_PAIR``, where it names one, or not at all."""
    pair = os.environ.get("HTTP_PAIR")
    for library in (requests, urllib3):
        if pair and not Path(library.__file__).is_relative_to(pair):
            raise pytest.UsageError(f"{library.__name__} is not the one of {pair}.")


@pytest.fixture
def service():
    service = Service()
    yield service
    service.close()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    """Who vouches for the certificates of the tests."""
    return Authority(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusted(authority, monkeypatch):
    """The authority is trusted, as on a server with a list of authorities of its own."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.bundle))


@pytest.fixture
def self_signed(service, authority):
    """The address of a service whose certificate nobody vouches for."""
    service.script = [ok([])]
    return encrypt(service, authority.certify("localhost", trusted=False))


@pytest.fixture
def slept():
    return []


@pytest.fixture
def connect(service, slept):
    """Return a function that makes a client of the service; sleeping is only noted in ``slept``."""

    def connect(url=service.url, **options):
        options = {"tokens": Unlimited(), "sleep": slept.append, "timeout": 2.0} | options
        return EimClient(url, "shop-user", "S3cret-Key!", **options)

    return connect

import pytest
from eim_service import Service, Unlimited

from eim.client import EimClient


@pytest.fixture
def service():
    service = Service()
    yield service
    service.close()


@pytest.fixture
def slept():
    return []


@pytest.fixture
def connect(service, slept):
    """Return a function that makes a client of the service; sleeping is only noted in ``slept``."""

    def connect(**options):
        options = {"tokens": Unlimited(), "sleep": slept.append, "timeout": 2.0} | options
        return EimClient(service.url, "shop-user", "S3cret-Key!", **options)

    return connect

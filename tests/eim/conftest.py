import ssl
import subprocess

import pytest
from eim_service import Service, Unlimited, ok

from eim.client import EimClient


@pytest.fixture
def service():
    service = Service()
    yield service
    service.close()


@pytest.fixture
def self_signed(service, tmp_path):
    """The address of a service whose certificate nobody vouches for."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        + ["-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    service.server.socket = context.wrap_socket(service.server.socket, server_side=True)
    service.script = [ok([])]
    return service.url.replace("http:", "https:")


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

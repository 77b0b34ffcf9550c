"""Certificates made for a test, and services and proxies that show them."""

import datetime
import ipaddress
import select
import socket
import ssl
import threading
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass
class Authority:
    """Vouches for certificates, and is trusted by whoever trusts the file ``bundle``."""

    folder: Path

    def __post_init__(self):
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of the tests")])
        self.bundle = self.folder / "authority.pem"
        self._write(self.bundle, self._sign(self._name, self._key, (-DAY, DAY), authority=True))

    def certify(self, host, days=(-1, 1), trusted=True):
        """Return a server's ``SSLContext`` for ``host``, valid from and to so many days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        validity = [DAY * day for day in days]
        certificate = self._sign(name, key, validity, host=host, signer=None if trusted else (name, key))
        file = self.folder / "server.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self._write(file, certificate, secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(self, name, key, validity, *, host=None, authority=False, signer=None):
        issuer, issuer_key = signer or (self._name, self._key)
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + validity[0])
            .not_valid_after(now + validity[1])
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
        if authority:
            usage = dict.fromkeys(
                ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
                + ("key_agreement", "encipher_only", "decipher_only"),
                False,
            )
            builder = builder.add_extension(x509.KeyUsage(**usage, key_cert_sign=True, crl_sign=True), critical=True)
        if host:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(host)]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    @staticmethod
    def _write(file, certificate, secret=b""):
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + secret)


def _general_name(host):
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def encrypt(service, context):
    """Have a ``Service`` speak TLS; return its address by the name ``localhost``."""
    service.server.socket = context.wrap_socket(service.server.socket, server_side=True)
    return f"https://localhost:{service.server.server_port}"


class Listener:
    """Takes connections and hands each to ``serve(connection)`` in a thread of its own; ``url`` is its address."""

    def __init__(self, serve):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, args=(serve,), daemon=True).start()

    def _accept(self, serve):
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(serve, connection), daemon=True).start()

    @staticmethod
    def _serve(serve, connection):
        with connection:
            try:
                serve(connection)
            except OSError:
                pass

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def tunnel(port, asked):
    """Return what a ``Listener`` serves as a proxy all of whose tunnels lead to a local port; ``asked`` gets them."""

    def serve(connection):
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(1000)
        asked.append(request.split(b"\r\n")[0].decode())
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as target:
            ends = {connection: target, target: connection}
            while True:
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        return
                    ends[end].sendall(data)

    return serve

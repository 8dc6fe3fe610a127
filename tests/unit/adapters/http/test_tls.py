"""The same bounds over TLS, by a certificate that the test makes."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.loopback import ok

from counterseal.adapters.http.client import once
from counterseal.adapters.http.transport import bound

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Return a file with key and certificate of 127.0.0.1."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path / "tls.pem"
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextlib.contextmanager
def serving(certificate: Path, answer: bytes, *, drip: float = 0) -> Iterator[str]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    ended = threading.Event()

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = server.accept()
            with connection, context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                for number in range(len(answer)) if drip else ():
                    secure.sendall(answer[number : number + 1])
                    if ended.wait(drip):
                        return
                if not drip:
                    secure.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.getsockname()[1]}/"
        ended.set()
        thread.join(5)


@pytest.fixture
def session(certificate: Path) -> Iterator[requests.Session]:
    with requests.Session() as each:
        each.verify = str(certificate)
        yield each


def test_an_answer(session: requests.Session, certificate: Path) -> None:
    with serving(certificate, ok(b"text")) as url:
        bound(session, url, 5)
        assert once(session, "GET", url).body == b"text"


@pytest.mark.parametrize("more", [b"X-Long: %200s\r\n" % b"x", b""], ids=["head", "body"])
def test_one_that_drips_is_cut_off(session: requests.Session, certificate: Path, more: bytes) -> None:
    with serving(certificate, ok(b"x" * 200, more=more), drip=0.01) as url:
        bound(session, url, 1)
        began = time.monotonic()
        with pytest.raises(requests.ReadTimeout):
            once(session, "GET", url)
        assert time.monotonic() - began < 2.5


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    with serving(certificate, ok(b"text")) as url, requests.Session() as each:
        bound(each, url, 5)
        with pytest.raises(requests.exceptions.SSLError):
            once(each, "GET", url)

"""All keys and certificates of the sandbox, made in memory or kept in a folder. They prove nothing to anybody.

Every subject says so in words: whoever meets one of these certificates outside of a sandbox should see it at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes, PublicKeyTypes

ORGANIZATION: Final = "counterseal SANDBOX, no trust"
#: The origin of the log's checkpoints. Clients look for it under the host of the log's `baseUrl`.
ORIGIN: Final = "127.0.0.1"

_FILES: Final = ("oidc", "ca", "ct", "log", "tsa")


@dataclass(frozen=True, slots=True)
class Keys:
    """The private keys and chains of the five services; a chain runs from the certificate in use to its root."""

    oidc: rsa.RSAPrivateKey
    ca: ec.EllipticCurvePrivateKey
    ca_chain: tuple[x509.Certificate, ...]
    ct: ec.EllipticCurvePrivateKey
    log: ed25519.Ed25519PrivateKey
    tsa: ec.EllipticCurvePrivateKey
    tsa_chain: tuple[x509.Certificate, ...]
    made_at: datetime

    @classmethod
    def generate(cls, made_at: datetime | None = None) -> Keys:
        """Return fresh keys, made now or at a moment; they live as long as this process unless `save` is called."""
        now = made_at or datetime.now(UTC).replace(microsecond=0)
        ca_root, ca, tsa_root, tsa, ct = (ec.generate_private_key(ec.SECP256R1()) for _ in range(5))
        root = _certificate("fulcio root", ca_root, now, path_length=1)
        issuing = _certificate(
            "fulcio intermediate",
            ca,
            now,
            issuer=(root, ca_root),
            usage=ExtendedKeyUsageOID.CODE_SIGNING,
            path_length=0,
        )
        stamp_root = _certificate("tsa root", tsa_root, now, path_length=0)
        stamping = _certificate(
            "tsa leaf", tsa, now, issuer=(stamp_root, tsa_root), usage=ExtendedKeyUsageOID.TIME_STAMPING
        )
        return cls(
            oidc=rsa.generate_private_key(65537, 2048),
            ca=ca,
            ca_chain=(issuing, root),
            ct=ct,
            log=ed25519.Ed25519PrivateKey.generate(),
            tsa=tsa,
            tsa_chain=(stamping, stamp_root),
            made_at=now,
        )

    @classmethod
    def load(cls, folder: Path) -> Keys:
        """Return the keys that `save` has written to `folder`."""
        keys = [serialization.load_pem_private_key((folder / f"{name}-key.pem").read_bytes(), None) for name in _FILES]
        ca_chain, tsa_chain = (
            tuple(x509.load_pem_x509_certificates((folder / f"{name}-chain.pem").read_bytes()))
            for name in ("ca", "tsa")
        )
        oidc, ca, ct, log, tsa = keys
        if not isinstance(oidc, rsa.RSAPrivateKey) or not isinstance(log, ed25519.Ed25519PrivateKey):
            raise TypeError(f"{folder}: not the keys of a counterseal sandbox")
        curves = [key for key in (ca, ct, tsa) if isinstance(key, ec.EllipticCurvePrivateKey)]
        if len(curves) != 3:
            raise TypeError(f"{folder}: not the keys of a counterseal sandbox")
        made_at = ca_chain[0].not_valid_before_utc + _BACKDATED
        return cls(oidc, curves[0], ca_chain, curves[1], log, curves[2], tsa_chain, made_at)

    def save(self, folder: Path) -> None:
        """Write the keys to `folder`, readable by the owner alone."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        keys: tuple[PrivateKeyTypes, ...] = (self.oidc, self.ca, self.ct, self.log, self.tsa)
        for name, key in zip(_FILES, keys, strict=True):
            path = folder / f"{name}-key.pem"
            path.touch(mode=0o600)
            path.write_bytes(
                key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
        for name, chain in (("ca", self.ca_chain), ("tsa", self.tsa_chain)):
            (folder / f"{name}-chain.pem").write_bytes(b"".join(pem(certificate) for certificate in chain))

    @property
    def ct_id(self) -> bytes:
        """Return the id of the certificate transparency log (RFC 6962 section 3.2)."""
        return hashlib.sha256(spki(self.ct.public_key())).digest()

    @property
    def log_id(self) -> bytes:
        """Return the id of the transparency log: the C2SP signed-note key hash, not truncated."""
        raw = self.log.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return hashlib.sha256(ORIGIN.encode() + b"\n\x01" + raw).digest()


def spki(key: PublicKeyTypes) -> bytes:
    """Return a public key as DER SubjectPublicKeyInfo."""
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def der(certificate: x509.Certificate) -> bytes:
    """Return a certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: x509.Certificate) -> bytes:
    """Return a certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


_BACKDATED: Final = timedelta(days=1)
_LIFETIME: Final = timedelta(days=3650)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    *,
    issuer: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    usage: x509.ObjectIdentifier | None = None,
    path_length: int | None = None,
) -> x509.Certificate:
    """Return a certificate for `key`; one with a path length is a CA, one without an issuer signs itself."""
    is_ca = path_length is not None
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANIZATION),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{ORGANIZATION}: {name}"),
        ]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(is_ca, path_length), critical=True)
        .add_extension(
            key_usage(signature=not is_ca, certificates=is_ca),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if issuer:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer[1].public_key())
        builder = builder.add_extension(identifier, critical=False)
    if usage:
        # RFC 3161 section 2.3 wants the time stamping usage critical; Fulcio's intermediate has its usage uncritical.
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=not is_ca)
    return builder.sign(issuer[1] if issuer else key, hashes.SHA256())


def key_usage(*, signature: bool, certificates: bool) -> x509.KeyUsage:
    """Return a key usage for signatures, for certificates and their revocation lists, or both."""
    return x509.KeyUsage(
        digital_signature=signature,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )

"""Which certificates may sign, and what they say: the Fulcio profile, stricter than the library reads it.

Says who signed, never whether they may: that is judged in `evaluation/identity.py`.
Source: Fulcio docs/certificate-specification.md and docs/oid-info.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from counterseal.adapters.sigstore.failures import one_line
from counterseal.model import Certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARC: Final = "1.3.6.1.4.1.57264.1."
_FIELDS: Final = {
    9: "signer_uri",
    10: "signer_digest",
    11: "runner_environment",
    12: "source_uri",
    13: "source_revision",
    14: "source_ref",
    15: "source_id",
    16: "owner_uri",
    17: "owner_id",
    18: "config_uri",
    19: "config_digest",
    20: "trigger",
    21: "run_uri",
    22: "visibility",
    23: "environment",
}
_UTF8_STRING: Final = 0x0C


def read(certificate: x509.Certificate) -> Certificate:
    """Return the identity in a signing certificate.

    Raises:
        UnsupportedIdentityError: It is a person's.
        ValueError: The certificate is none that Fulcio would give to a workflow; the message says why.
        cryptography.x509.ExtensionNotFound: As above; an extension is missing.
    """
    _check_leaf(certificate)
    san = _san(certificate)
    extensions = dict(_fulcio(certificate))
    values = {number: _utf8(value, number) for number, value in extensions.items() if number in _FIELDS or number == 8}
    issuers = {values[8]} if 8 in values else set()
    if 1 in extensions:
        issuers.add(extensions[1].decode())
    if len(issuers) != 1:
        raise ValueError(f"the issuer extensions .1 and .8 name {len(issuers)} issuers, not one")
    issuer = issuers.pop()
    if not issuer:
        raise ValueError("the issuer is empty")
    fields = {_FIELDS[number]: value for number, value in values.items() if number in _FIELDS}
    return Certificate(san=san, issuer=issuer, **fields)


def _check_leaf(certificate: x509.Certificate) -> None:
    extensions = certificate.extensions
    usage = extensions.get_extension_for_class(x509.KeyUsage).value
    if not usage.digital_signature or usage.key_cert_sign or usage.crl_sign:
        raise ValueError("the key may not sign, or may sign certificates too")
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if list(purposes) != [ExtendedKeyUsageOID.CODE_SIGNING]:
        raise ValueError("the certificate is not for code signing alone")
    constraints = [extension.value for extension in extensions if isinstance(extension.value, x509.BasicConstraints)]
    if any(constraint.ca for constraint in constraints):
        raise ValueError("the certificate is that of an authority, not of a signer")


class UnsupportedIdentityError(ValueError):
    """A certificate as it should be, of somebody who is no job of a forge; the text says of whom."""


def _san(certificate: x509.Certificate) -> str:
    names = list(certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value)
    if len(names) == 1 and isinstance(names[0], x509.RFC822Name):
        raise UnsupportedIdentityError(f"the e-mail identity {one_line(names[0].value)}")
    if len(names) == 1 and isinstance(names[0], x509.OtherName):
        raise UnsupportedIdentityError("a user name of an identity provider")
    if len(names) != 1 or not isinstance(names[0], x509.UniformResourceIdentifier):
        raise ValueError("the certificate does not name exactly one identity, or it is not a URI")
    if not names[0].value:
        raise ValueError("the identity is empty")
    return names[0].value


def _fulcio(certificate: x509.Certificate) -> Iterator[tuple[int, bytes]]:
    for extension in certificate.extensions:
        oid = extension.oid.dotted_string
        if oid.startswith(_ARC) and isinstance(extension.value, x509.UnrecognizedExtension):
            number = oid.removeprefix(_ARC)
            if number.isdigit():
                yield int(number), extension.value.value


def _utf8(value: bytes, number: int) -> str:
    """Return the text of a DER UTF8String (X.690 section 8.23; definite, shortest length; nothing after it)."""
    length, start = (value[1], 2) if len(value) > 1 and value[1] < 0x80 else _long_length(value)
    if not value or value[0] != _UTF8_STRING or len(value) != start + length:
        raise ValueError(f"the extension .{number} is not a DER UTF8String")
    return value[start:].decode()


def _long_length(value: bytes) -> tuple[int, int]:
    count = value[1] & 0x7F if len(value) > 1 else 0
    length = int.from_bytes(value[2 : 2 + count], "big")
    shortest = count == (length.bit_length() + 7) // 8 and length >= 0x80
    return (length, 2 + count) if shortest else (-1, 0)

"""What a Sigstore bundle says of itself, before anybody verified it: to refuse early, and to tell people.

Nothing is decided by it. Source: the Sigstore protobuf specifications, bundle v0.3, in their JSON form.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from counterseal.errors import FormatError
from counterseal.formats import statement, wire

if TYPE_CHECKING:
    from counterseal.model import Statement


def statement_of(bundle: bytes, what: str) -> Statement:
    """Return the statement in a bundle.

    Args:
        bundle: One bundle as received.
        what: Its name, for messages.

    Raises:
        FormatError: It is no bundle around a statement.
    """
    return statement.parse(_bytes(bundle, what, "dsseEnvelope", "payload"), what)


def digest_of(bundle: bytes, what: str) -> str:
    """Return the digest, in hex, that a bundle says to be the signature of.

    Args:
        bundle: One bundle as received.
        what: Its name, for messages.

    Raises:
        FormatError: It is no bundle of `sign`.
    """
    return _bytes(bundle, what, "messageSignature", "messageDigest", "digest").hex()


def _bytes(bundle: bytes, what: str, *path: str) -> bytes:
    """Return the bytes in a text of a bundle."""
    value = wire.load_json(bundle, what)
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    try:
        return base64.b64decode(value or "", validate=True)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{what} is not a bundle of `counterseal sign`", why=f"`{path[-1]}` is not base64") from error

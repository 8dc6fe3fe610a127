"""The only table of digest algorithms: which ones count, which are refused, and why.

Digests travel as lower-case hex. A digest set (in-toto ResourceDescriptor `digest`,
in-toto Attestation Framework v1, spec/v1/digest_set.md) must contain sha256; other
known algorithms may stand beside it, unknown ones are ignored.
"""

from __future__ import annotations

import hashlib
import re
from typing import IO, TYPE_CHECKING, Final

from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHA256: Final = "sha256"

#: Algorithms that may never carry trust, with the reason shown to the user.
REFUSED: Final[Mapping[str, str]] = {
    "md5": "collisions are made in seconds",
    "sha1": "collisions have been made (SHAttered, 2017)",
}

_HEX256 = re.compile(r"[0-9a-f]{64}\Z")
_REVISION = re.compile(r"[0-9a-f]{40}\Z")
_CHUNK = 1 << 20


def sha256(data: bytes) -> str:
    """Return the sha256 of `data` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def sha256_of(stream: IO[bytes]) -> str:
    """Return the sha256 of everything that `stream` still holds, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def is_sha256(text: object) -> bool:
    """Return whether `text` is a sha256 as this project writes it."""
    return isinstance(text, str) and _HEX256.match(text) is not None


def is_revision(text: object) -> bool:
    """Return whether `text` is a full git revision (40 lower-case hex digits, SHA-1 repositories)."""
    return isinstance(text, str) and _REVISION.match(text) is not None


def required_sha256(digests: Mapping[str, object], what: str) -> str:
    """Return the sha256 of a digest set.

    Args:
        digests: Algorithm to hex digest.
        what: Name of the thing that has these digests, for the message.

    Raises:
        FormatError: There is no well-formed sha256 in the set.
    """
    value = digests.get(SHA256)
    if isinstance(value, str) and _HEX256.match(value):
        return value
    refused = [f"{name} ({why})" for name, why in REFUSED.items() if name in digests]
    why = f"it has only {', '.join(refused)}" if refused else f"found {sorted(digests)}"
    raise FormatError(f"{what}: no sha256 digest", why=why, fix="give a sha256 of 64 lower-case hex digits")

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
from counterseal.formats import names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SHA256: Final = "sha256"

#: Algorithms that may never carry trust, with the reason shown to the user.
REFUSED: Final[Mapping[str, str]] = {
    "md5": "collisions are made in seconds",
    "sha1": "collisions have been made (SHAttered, 2017)",
}

#: Digests of a file's bytes by how their names are spelled without marks and case (in-toto digest_set.md), each with
#: its hex digits. Those of git objects and folders are of something else and stand beside them.
_OF_CONTENT: Final[Mapping[str, tuple[str, int]]] = {
    **{name: (name, size) for name, size in (("md5", 32), ("sha1", 40), ("sha224", 56), ("sha256", 64))},
    **{name: (name, size) for name, size in (("sha384", 96), ("sha512", 128), ("sha512224", 56), ("sha512256", 64))},
    **{f"sha2{size}": (f"sha{size}", size // 4) for size in (224, 256, 384, 512)},
    **{f"sha3{size}": (f"sha3_{size}", size // 4) for size in (224, 256, 384, 512)},
    **{name: (name, size) for name, size in (("blake2b", 128), ("blake2s", 64), ("blake3", 64), ("sm3", 64))},
}
_MARKS = re.compile(r"[^a-z0-9]+")

HEX256: Final = names.Grammar("sha256", "[0-9a-f]{64}", "64 lower-case hex digits")
REVISION: Final = names.Grammar("revision", "[0-9a-f]{40}", "40 lower-case hex digits: a full git commit id")
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


def git_object(kind: str, data: bytes) -> str:
    """Return the id that git gives an object (`blob`, `tree`, `commit`) in a SHA-1 repository, as 40 hex digits."""
    header = b"%s %d\0" % (kind.encode(), len(data))
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()


def is_sha256(text: object) -> bool:
    """Return whether `text` is a sha256 as this project writes it."""
    return HEX256.fits(text)


def is_revision(text: object) -> bool:
    """Return whether `text` is a full git revision (40 lower-case hex digits, SHA-1 repositories)."""
    return REVISION.fits(text)


def required_sha256(digests: Mapping[str, object], what: str) -> str:
    """Return the sha256 of a digest set.

    Args:
        digests: Algorithm to hex digest.
        what: Name of the thing that has these digests, for the message.

    Raises:
        FormatError: There is no well-formed sha256 in the set.
    """
    value = digests.get(SHA256)
    if isinstance(value, str) and is_sha256(value):
        return value
    refused = [f"{name} ({why})" for name, why in REFUSED.items() if name in digests]
    why = f"it has only {', '.join(refused)}" if refused else f"found {sorted(digests)}"[:300]
    raise FormatError(f"{what}: no sha256 digest", why=why, fix="give a sha256 of 64 lower-case hex digits")


def of_content(digests: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (algorithm, digest) of the digests in a set that are of a file's bytes, however their names are spelled.

    What is no digest of its algorithm's length says nothing and is passed over.
    """
    for name, value in digests.items():
        algorithm, size = _OF_CONTENT.get(_MARKS.sub("", name.lower()), ("", 0))
        if algorithm and isinstance(value, str) and len(value) == size:
            yield algorithm, value.lower()

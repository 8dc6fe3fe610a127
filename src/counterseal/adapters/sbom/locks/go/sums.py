"""Reads `go.sum` and `go.work.sum`: the `h1` of module trees, which are digests of a list of files, not of a file.

Source: Go Modules Reference, "go.sum files"; golang.org/x/mod/sumdb/dirhash, Hash1.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final, TypeAlias

from counterseal.adapters.sbom.locks.go.manifests import is_module
from counterseal.adapters.sbom.locks.go.versions import is_version
from counterseal.adapters.sbom.reading import text_of
from counterseal.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MANIFEST: Final = "/go.mod"
_SHA256_BYTES: Final = 32

Trees: TypeAlias = dict[str, dict[str, str | None]]


def trees(files: Iterable[tuple[bytes, str]]) -> Trees:
    """Return the `h1` of module trees, in hex, by module and version; None: only that of its go.mod is known.

    Args:
        files: Content and path of each.

    Raises:
        FormatError: A line is malformed, or a module has two trees.
    """
    known: Trees = {}
    for data, file in files:
        for number, line in enumerate(text_of(data, file).split("\n"), start=1):
            words = line.split()
            if words:
                _add(known, words, f"{file}:{number}")
    return known


def _add(known: Trees, words: list[str], place: str) -> None:
    version = words[1].removesuffix(_MANIFEST) if len(words) == 3 else ""
    if not is_module(words[0]) or not is_version(version):
        raise FormatError(f"{place}: no module, version and digest", fix="make the file again with `go mod tidy`")
    if not words[2].startswith("h1:"):
        return  # of another algorithm, which the go command passes over too
    digest, versions = _hex(words[2].removeprefix("h1:"), place), known.setdefault(words[0], {})
    if words[1].endswith(_MANIFEST):
        versions.setdefault(version, None)
    elif versions.get(version) not in (None, digest):
        raise FormatError(
            f"{place}: {words[0]} {version} has two digests",
            why="one version of a module has one content",
            fix="find out which is right before you make the file again: one of them is forged or mistaken",
        )
    else:
        versions[version] = digest


def _hex(encoded: str, place: str) -> str:
    try:
        digest = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise FormatError(f"{place}: {encoded[:80]!r} is not base64", why=str(error)) from error
    if len(digest) != _SHA256_BYTES:
        raise FormatError(f"{place}: {encoded[:80]!r} is not a sha256", fix="make the file again with `go mod tidy`")
    return digest.hex()

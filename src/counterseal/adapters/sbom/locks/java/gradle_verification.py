"""Reads `gradle/verification-metadata.xml`: digests of the files of modules. A DTD, and with it entities, is refused.

Source: docs.gradle.org, "Verifying dependencies"; its schema dependency-verification-1.3.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Final
from xml.parsers import expat  # DTDs are refused below, and without them nothing grows

from counterseal.adapters.sbom.addresses import HASHES, distribution
from counterseal.errors import FormatError
from counterseal.formats import digests

if TYPE_CHECKING:
    from counterseal.adapters.sbom.checkout import Checkout
    from counterseal.adapters.sbom.records import Distribution

_FILE: Final = "gradle/verification-metadata.xml"
#: Files beside what is used: descriptions of a module, its sources.
_BESIDE: Final = (".pom", ".module", "-sources.jar", "-javadoc.jar")


def read(checkout: Checkout, top: str, files: dict[str, str]) -> dict[tuple[str, str, str], tuple[Distribution, ...]]:
    """Return the files of each group, artifact and version with their digests; note the digest of what was read.

    Raises:
        FormatError: It is no XML, has a DTD, or a digest is none.
    """
    path = posixpath.normpath(posixpath.join(top, _FILE))
    if not checkout.has(path):
        return {}
    data = checkout.read(path)
    files[path] = digests.sha256(data)
    handler = _Handler(path)
    parser = expat.ParserCreate()
    parser.StartElementHandler = handler.start
    parser.StartDoctypeDeclHandler = handler.refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - the parser's only spelling
    except expat.ExpatError as error:
        raise FormatError(f"{path}: no XML", why=str(error), fix="make the file again") from error
    return {
        coordinates: tuple(distribution(name, hashes, path) for name, hashes in sorted(artifacts.items()) if hashes)
        for coordinates, artifacts in handler.components.items()
    }


class _Handler:
    """Collects what elements say; which one lies in which, their order tells."""

    def __init__(self, path: str) -> None:
        self.components: dict[tuple[str, str, str], dict[str, dict[str, str]]] = {}
        self._path = path
        self._artifacts: dict[str, dict[str, str]] = {}
        self._hashes: dict[str, str] = {}

    def start(self, element: str, attributes: dict[str, str]) -> None:
        """Take an element."""
        if element == "component":
            group, name, version = (attributes.get(key, "") for key in ("group", "name", "version"))
            self._artifacts = self.components.setdefault((group, name, version), {})
        elif element == "artifact":
            name = attributes.get("name", "")
            self._hashes = {} if name.endswith(_BESIDE) else self._artifacts.setdefault(name, {})
        elif element in HASHES:
            self._hashes[element] = attributes.get("value", "").lower()

    def refuse(self, *_: object) -> None:
        """Refuse a document type declaration."""
        raise FormatError(f"{self._path}: has a DTD", why="Gradle writes none", fix="remove it")

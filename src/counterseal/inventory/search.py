"""A component by its name, `name@version` or package URL, in a document.

Names are compared without case, those of PyPI also with `-`, `_` and `.` as one; a group may be joined by `/` or `:`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from counterseal.errors import UsageError

if TYPE_CHECKING:
    from packageurl import PackageURL

    from counterseal.inventory.document import Document, Element

MAX_PURL: Final = 2048


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for.

    Attributes:
        text: As it was asked.
        name: Folded, with its group; of a package URL its namespace and name.
        version: Exactly this one; empty if any.
        kind: The type of the package URL; empty if it is none.
        qualifiers: Those of the package URL, which a component has to have as well.
    """

    text: str
    name: str
    version: str
    kind: str
    qualifiers: Mapping[str, str]


def wanted(text: str) -> Wanted:
    """Return what somebody asks for.

    Raises:
        UsageError: It is empty, or begins like a package URL and is none.
    """
    asked = text.strip()
    if asked.lower().startswith("pkg:"):
        purl = package_url(asked)
        if purl is None:
            raise UsageError(
                f"{text[:200]!r} is not a package URL",
                why="it has to be pkg:TYPE/NAMESPACE/NAME@VERSION (purl-spec), of which namespace and version may lack",
                fix="counterseal sbom find pkg:pypi/requests@2.32.0",
            )
        return Wanted(asked, _purl_name(purl), purl.version or "", purl.type, dict(purl.qualifiers or {}))
    name, at, version = asked.rpartition("@")
    if not at or not name:  # `@scope/name` has no version
        name, version = asked, ""
    if not name.strip("@") or (name != asked and not version):
        raise UsageError(
            f"{text[:200]!r} names no component", why="a name is needed", fix="counterseal sbom find requests@2.32.0"
        )
    return Wanted(asked, _folded(name), version, "", {})


def find(document: Document, what: Wanted) -> tuple[Element, ...]:
    """Return the elements of a document, its root included, that are what is looked for, in the document's order."""
    everything = [*([document.root] if document.root else []), *document.elements]
    return tuple(element for element in everything if _fits(element, what))


def _fits(element: Element, what: Wanted) -> bool:
    purl = package_url(element.purl)
    if what.version and what.version not in (element.version, purl.version if purl else None):
        return False
    if not what.kind:
        names = _names(element, purl)
        dashed = purl is not None and purl.type == "pypi" and _dashed(what.name) in map(_dashed, names)
        return what.name in names or dashed
    if purl is None or purl.type != what.kind or _purl_name(purl) != what.name:
        return False
    qualifiers = dict(purl.qualifiers or {})
    return all(qualifiers.get(key) == value for key, value in what.qualifiers.items())


def _names(element: Element, purl: PackageURL | None) -> set[str]:
    names = {element.name, element.full_name, *([f"{element.group}:{element.name}"] if element.group else [])}
    if purl is not None:
        names |= {purl.name, "/".join(filter(None, (purl.namespace, purl.name)))}
    return set(map(_folded, names))


def _purl_name(purl: PackageURL) -> str:
    name = _folded("/".join(filter(None, (purl.namespace, purl.name))))
    return _dashed(name) if purl.type == "pypi" else name


def _folded(name: str) -> str:
    return name.strip().casefold()


def _dashed(name: str) -> str:
    """Return a name of PyPI in its one spelling (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name)


@lru_cache(maxsize=65536)
def package_url(text: str) -> PackageURL | None:
    """Return a package URL (purl-spec); None if the text is none."""
    if not text or len(text) > MAX_PURL:
        return None
    from packageurl import PackageURL  # noqa: PLC0415 - only what compares components pays for it

    try:
        return PackageURL.from_string(text)
    except ValueError:
        return None

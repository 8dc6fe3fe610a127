"""The minimum elements of an SBOM (NTIA, "The Minimum Elements For a Software Bill of Materials", 2021, page 9).

Which of the seven a document has, for each component where they are of components, and as a score: the mean of the
seven shares. Who wrote a document may be a tool, as in SPDX's and CycloneDX's own mapping of these elements.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from counterseal.errors import FormatError
from counterseal.formats import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from counterseal.inventory.document import Document, Element

SUPPLIER: Final = "supplier"
NAME: Final = "name"
VERSION: Final = "version"
IDENTIFIER: Final = "identifier"
RELATIONSHIP: Final = "relationship"
AUTHOR: Final = "author"
TIMESTAMP: Final = "timestamp"
#: The seven, in the order of NTIA's table.
NAMES: Final = (SUPPLIER, NAME, VERSION, IDENTIFIER, RELATIONSHIP, AUTHOR, TIMESTAMP)


_ROOT: Final = "the root"


@dataclass(frozen=True, slots=True)
class Part:
    """One of the seven: how many have it of how many that need it, and which do not, in the document's order."""

    name: str
    present: int
    needed: int
    lacking: tuple[str, ...]

    @property
    def share(self) -> Fraction:
        """Return the share that has it; 0 if there is nothing that could."""
        return Fraction(self.present, self.needed) if self.needed else Fraction(0)


@dataclass(frozen=True, slots=True)
class Score:
    """All seven, in NTIA's order."""

    parts: tuple[Part, ...]

    @property
    def share(self) -> Fraction:
        """Return the mean of the seven shares: 1 only if nothing is missing."""
        return sum((part.share for part in self.parts), Fraction(0)) / len(self.parts)

    @property
    def missing(self) -> Mapping[str, int]:
        """Return how often each is missing, without those that are not."""
        return {part.name: part.needed - part.present for part in self.parts if part.present < part.needed}


def score(document: Document) -> Score:
    """Return what a document has of the minimum: its root and every element are components of it.

    A document without a root misses everything of it once: nobody knows what the elements belong to.
    """
    root = [] if document.root is None else [document.root]
    components = [*root, *document.elements]
    dependants = frozenset(other for others in document.edges.values() for other in others)
    tests: dict[str, Callable[[Element], bool]] = {
        SUPPLIER: lambda element: bool(element.supplier.strip()),
        NAME: lambda element: bool(element.name.strip()),
        VERSION: lambda element: bool(element.version.strip()),
        IDENTIFIER: _identified,
        RELATIONSHIP: lambda element: element is document.root or element.nested or element.ref in dependants,
    }
    parts = [_part(name, components, test, with_root=bool(root)) for name, test in tests.items()]
    return Score((*parts, *_of_document(document)))


def _part(name: str, components: list[Element], test: Callable[[Element], bool], *, with_root: bool) -> Part:
    lacking = tuple(element.label or element.ref for element in components if not test(element))
    if with_root:
        return Part(name, len(components) - len(lacking), len(components), lacking)
    return Part(name, len(components) - len(lacking), len(components) + 1, (_ROOT, *lacking))


def _of_document(document: Document) -> Iterator[Part]:
    for name, told in ((AUTHOR, bool(document.authors or document.tools)), (TIMESTAMP, _is_moment(document.timestamp))):
        yield Part(name, int(told), 1, () if told else ("the document",))


def _is_moment(text: str) -> bool:
    try:
        wire.parse_timestamp(text, TIMESTAMP)
    except FormatError:
        return False
    return True


def _identified(element: Element) -> bool:
    if any(identifier.strip() for identifier in element.others):
        return True
    from counterseal.inventory.search import package_url  # noqa: PLC0415 - purls cost something

    return package_url(element.purl) is not None

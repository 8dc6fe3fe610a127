"""What an SBOM lists, in short: enough for rules to judge it, and small enough to be kept for ever.

Licences are kept as they are written, the most frequent first, so that a rule asks what they mean. What does not fit is
left out, and then fewer components have licences here than there are components: those count as unknown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from counterseal.inventory import licences, minimum

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.inventory import Document

MAX_USES: Final = 512
#: Characters of all licences together, and of those of one component.
MAX_TEXT: Final = 64 << 10
MAX_LICENCES: Final = 2048
MAX_ORIGINS: Final = 16
MAX_ORIGIN: Final = 200
#: Stands for origins that are left out, and is the name of none.
MORE: Final = "…"


@dataclass(frozen=True, slots=True)
class LicenceUse:
    """How many components have exactly these licences, all of which apply to each."""

    licences: tuple[str, ...]
    components: int


@dataclass(frozen=True, slots=True)
class SbomContent:
    """How many components an SBOM has, how often each minimum element is missing, the licences, what it was made from.

    Components are those that are no artifacts. One without licences stands in no use.
    """

    elements: int
    missing: Mapping[str, int]
    licences: tuple[LicenceUse, ...]
    origins: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SbomFacts:
    """The SBOM asset: its sha256, how many components, and whether the attested SBOM is the same document.

    `content` is what it lists; None if that cannot be read, then `problem` quotes what its reader said.
    """

    digest: str
    components: int
    same_as_attested: bool
    content: SbomContent | None = None
    problem: str = ""


def content_of(document: Document) -> SbomContent:
    """Return what a document lists."""
    counts = Counter(element.licences for element in document.elements if element.licences)
    return SbomContent(
        elements=len(document.elements),
        missing=dict(minimum.score(document).missing),
        licences=tuple(_bounded(counts)),
        origins=_origins(document.origins),
    )


def unknown(content: SbomContent) -> int:
    """Return how many components have no licence, or one that is not on SPDX's list."""
    return content.elements - sum(use.components for use in content.licences if licences.is_known(use.licences))


def _bounded(counts: Mapping[tuple[str, ...], int]) -> Iterator[LicenceUse]:
    """Yield the uses that fit, the most frequent first."""
    total = uses = 0
    for names, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        size = sum(map(len, names))
        if size > MAX_LICENCES or total + size > MAX_TEXT or uses >= MAX_USES:
            continue
        total, uses = total + size, uses + 1
        yield LicenceUse(names, count)


def _origins(origins: tuple[str, ...]) -> tuple[str, ...]:
    short = [origin if len(origin) <= MAX_ORIGIN else origin[: MAX_ORIGIN - 1] + MORE for origin in origins]
    return tuple(short) if len(short) <= MAX_ORIGINS else (*short[: MAX_ORIGINS - 1], MORE)

"""`sbom score`: what a document has of the minimum, and how many of its components carry digests and known licences."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from counterseal.commands.inventories import reading
from counterseal.inventory import Score, licences, minimum


@dataclass(frozen=True, slots=True)
class ScoreResult:
    """The score of a file, and beside it what NTIA does not ask for.

    Attributes:
        path: The file.
        components: How many elements it lists.
        score: The seven minimum elements.
        with_digest: How many elements have one.
        with_licence: How many have licences on SPDX's list.
        origins: What the document says that it was made from.
    """

    path: Path
    components: int
    score: Score
    with_digest: int
    with_licence: int
    origins: tuple[str, ...]


def run(path: Path) -> ScoreResult:
    """Return the score of a document.

    Raises:
        UsageError: The file cannot be read.
        FormatError: It is no CycloneDX document.
    """
    document = reading.local(path)
    return ScoreResult(
        path=path,
        components=len(document.elements),
        score=minimum.score(document),
        with_digest=sum(bool(element.hashes) for element in document.elements),
        with_licence=sum(licences.is_known(element.licences) for element in document.elements),
        origins=document.origins,
    )

"""`sbom diff`: how two documents differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.commands.inventories import reading
from counterseal.inventory import Difference, difference

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.inventory import Document


@dataclass(frozen=True, slots=True)
class DiffResult:
    """What the two documents are of (the file's name if a document does not say), and how they differ."""

    old: str
    new: str
    difference: Difference


def run(old: Path, new: Path) -> DiffResult:
    """Return how two documents differ.

    Raises:
        UsageError: A file cannot be read.
        FormatError: A file is no CycloneDX document.
    """
    before, after = reading.local(old), reading.local(new)
    return DiffResult(_label(before, old), _label(after, new), difference.compare(before, after))


def _label(document: Document, path: Path) -> str:
    return document.root.label if document.root is not None and document.root.name else path.name

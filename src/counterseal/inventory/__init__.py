"""SBOM documents, whoever wrote them: what is in one, what it lacks, its licences, how two differ, where something is.

It reads bytes that it is handed, and neither makes nor fetches a document; what a stage demands is for rules to say.
"""

from __future__ import annotations

from counterseal.inventory.difference import Change, Difference, Package
from counterseal.inventory.document import MAX_BYTES, Document, Edges, Element, load, parse, view
from counterseal.inventory.minimum import Part, Score

__all__ = [
    "MAX_BYTES",
    "Change",
    "Difference",
    "Document",
    "Edges",
    "Element",
    "Package",
    "Part",
    "Score",
    "difference",
    "licences",
    "load",
    "minimum",
    "parse",
    "search",
    "view",
]

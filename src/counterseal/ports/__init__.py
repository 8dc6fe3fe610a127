"""What the core asks of the world: one Protocol each, implemented in `adapters/`, handed in by `wiring/`.

Every method either does all it says or raises a `CountersealError`; none returns half an answer (R01).
"""

from __future__ import annotations

from counterseal.ports.archives import ArchiveReader, Packer
from counterseal.ports.forge import AssetStore, Forge, GateRuns
from counterseal.ports.here import BuildFacts, Clock, Observer, SbomBuilder, SubjectFiles
from counterseal.ports.progress import Tell, silent
from counterseal.ports.project import BranchWriter, ChangeRequests, Clone, ProjectFixes, ProjectSurvey
from counterseal.ports.rebuilding import BuildSource, Cell, Cells
from counterseal.ports.signing import BundleVerifier, Crew, Crewed, Environment, Signer
from counterseal.ports.stores import LedgerSource, LedgerStore, LostTips, Memory, SourceRepository

__all__ = [
    "ArchiveReader",
    "AssetStore",
    "BranchWriter",
    "BuildFacts",
    "BuildSource",
    "BundleVerifier",
    "Cell",
    "Cells",
    "ChangeRequests",
    "Clock",
    "Clone",
    "Crew",
    "Crewed",
    "Environment",
    "Forge",
    "GateRuns",
    "LedgerSource",
    "LedgerStore",
    "LostTips",
    "Memory",
    "Observer",
    "Packer",
    "ProjectFixes",
    "ProjectSurvey",
    "SbomBuilder",
    "Signer",
    "SourceRepository",
    "SubjectFiles",
    "Tell",
    "silent",
]

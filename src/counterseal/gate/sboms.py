"""SBOMs at the forge: that of a release or candidate by its digest, and how it differs from what a stage has now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal import inventory
from counterseal.errors import CountersealError, ServiceError, VerificationError
from counterseal.formats import digests, subject
from counterseal.gate import ledger as ledgers
from counterseal.identifiers import SBOM_FILE
from counterseal.inventory import Difference, difference

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.gate.collect import Sources
    from counterseal.history import Past, RecordedDecision
    from counterseal.inventory import Document
    from counterseal.model import Release
    from counterseal.ports import AssetStore, LedgerSource


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the SBOM of a candidate differs from that of what its stage has now.

    Attributes:
        stage: The stage.
        components: How many elements the candidate has; None if its SBOM was not read.
        tag: What the stage has now; None if it has nothing, or nobody could tell.
        entry: The ledger's entry that let it in.
        difference: From that one to the candidate; None if there is nothing to compare.
        problem: Why it could not be compared; empty if it could.
    """

    stage: str
    components: int | None
    tag: str | None = None
    entry: int | None = None
    difference: Difference | None = None
    problem: str = ""


def released(assets: AssetStore, release: Release, digest: str, work: Path) -> Document:
    """Return the SBOM of a release or candidate.

    Args:
        assets: Where it lies.
        release: The release as the forge shows it.
        digest: The sha256 that it has to have.
        work: A folder of our own for the download.

    Raises:
        ServiceError: It cannot be downloaded.
        VerificationError: It has other bytes.
        FormatError: It is no CycloneDX document.
    """
    what = f"{SBOM_FILE} of {release.tag}"
    asset = next((asset for asset in release.assets if asset.name == SBOM_FILE and asset.complete), None)
    if asset is None:
        raise ServiceError(f"{what} is gone", why="the release has no such file any more")
    target, limit = work / f"sbom-{asset.id}", subject.largest(SBOM_FILE)
    assets.download(release, asset.id, target, max_bytes=limit)
    data = target.read_bytes()
    target.unlink()
    if (actual := digests.sha256(data)) != digest:
        raise VerificationError(f"{what} has other bytes", why=f"its sha256 was {digest}, and is {actual}")
    return inventory.parse(data, what, max_bytes=limit)


def past(sources: Sources, store: LedgerSource) -> Past:
    """Return what the ledger at the remote says, read as a gate reads it.

    Raises:
        CountersealError: It cannot be read, or is not what it was.
    """
    return ledgers.remote(sources, store)[1]


def compare(
    assets: AssetStore, stage: str, work: Path, *, candidate: Callable[[], Document], known: Callable[[], Past]
) -> Comparison:
    """Return how a candidate differs from what its stage has now; what cannot be read is said and no error.

    Args:
        assets: The forge's releases.
        stage: The stage that the candidate is to enter.
        work: A folder of our own for downloads.
        candidate: Reads the candidate's SBOM.
        known: Reads the ledger.
    """
    components: int | None = None
    try:
        new = candidate()
        components = len(new.elements)
        current = known().current(stage)
        if current is None:
            return Comparison(stage, components)
        tag, old = _recorded(assets, current, work)
        return Comparison(stage, components, tag, current.sequence, difference.compare(old, new))
    except CountersealError as error:
        why = f"{error.what}: {error.why}" if error.why else error.what
        return Comparison(stage, components, problem=why)


def _recorded(assets: AssetStore, recorded: RecordedDecision, work: Path) -> tuple[str, Document]:
    """Return the tag that an allow is about, and the SBOM that it rests on.

    Raises:
        CountersealError: It names none, or that cannot be read any more.
    """
    decision = recorded.decision
    digest = next((used.digest.sha256 for used in decision.evidence if used.uri == SBOM_FILE), None)
    if decision.source is None or digest is None:
        raise ServiceError(f"entry {recorded.sequence} names no SBOM")
    tag = decision.source.tag
    releases = assets.releases(tag)
    if not releases:
        raise ServiceError(f"the release {tag} is gone", why="the forge shows none of this tag")
    return tag, released(assets, releases[0], digest, work)

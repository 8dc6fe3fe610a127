"""The files that publication adds to a candidate, and which of the files already there stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from counterseal import forges
from counterseal.errors import ServiceError
from counterseal.evaluation import evidence as evidence_room
from counterseal.evaluation import identity
from counterseal.formats import digests
from counterseal.identifiers import BUNDLES_FILE, CHECKSUMS_FILE, EVIDENCE_FILE, VSA_SUFFIX
from counterseal.verification import vsa

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from counterseal.evaluation import Evidence
    from counterseal.history import RecordedDecision
    from counterseal.ports import Signer

#: Evidence names people; where the repository is not public it stays out of releases.
PUBLIC: Final = "public"


def kept(evidence: Evidence) -> dict[str, str]:
    """Return name and sha256 of what stays in a release: the pinned assets."""
    return {asset.name: asset.digest for asset in evidence.observed}


def write(
    recorded: RecordedDecision,
    evidence: Evidence,
    pinned: Mapping[str, str],
    *,
    signer: Signer,
    now: datetime,
    folder: Path,
) -> dict[str, Path]:
    """Write summaries, all bundles as lines, evidence and checksums into a folder, and return them by name.

    Args:
        recorded: The allow.
        evidence: What it rests on.
        pinned: What `kept` returned, for the checksums.
        signer: Signs the summaries.
        now: When they are made.
        folder: Made here.

    Raises:
        ServiceError: Signing did not work, or there is nothing to publish.
    """
    if evidence.manifest is None:
        raise ServiceError("an allow without a manifest cannot be published")
    line_digest = digests.sha256(recorded.entry.line)
    verifier = identity.verifier_id(evidence.policy.gate, evidence.home)
    files: dict[str, bytes] = {}
    lines = [*(build.bundle for build in evidence.builds), recorded.entry.line]
    for subject in evidence.manifest.subjects:
        data = vsa.payload(
            subject,
            recorded.decision,
            line_digest,
            verifier=verifier,
            at=now,
            levels=(_build_level(evidence),),
        )
        lines.append(signer.sign_statement(data))
        files[subject.name + VSA_SUFFIX] = lines[-1] + b"\n"
    files[BUNDLES_FILE] = b"".join(line.rstrip(b"\n") + b"\n" for line in lines)
    if evidence.run is not None and evidence.run.visibility == PUBLIC:
        files[EVIDENCE_FILE] = evidence_room.canonical(evidence)
    listed = {**pinned, **{name: digests.sha256(data) for name, data in files.items()}}
    files[CHECKSUMS_FILE] = "".join(f"{listed[name]}  {name}\n" for name in sorted(listed)).encode()
    folder.mkdir(exist_ok=True)
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return {name: folder / name for name in files}


def _build_level(evidence: Evidence) -> str:
    """Return the honest SLSA build level: L2 where a hosted platform's identity signed, else L1."""
    hosted = all(build.certificate.runner_environment in forges.HOSTED_RUNNERS for build in evidence.builds)
    return vsa.BUILD_L2 if hosted and evidence.builds else vsa.BUILD_L1
